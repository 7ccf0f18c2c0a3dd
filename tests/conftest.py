"""What every test run needs: one thread each, for the tests themselves run side by side, and the longest of them first."""

import gc
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from hypothesis import HealthCheck, settings  # noqa: E402  # after the environment

settings.register_profile("suite", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

LONGEST = ("test_docs_run", "test_team", "test_kill", "test_zoo", "test_examples", "test_every_preset", "test_verbs", "test_compare")
"""Modules that come first: one of their tests at the very end, and the other processes would wait for it."""


def pytest_collection_modifyitems(items):
    """Bring the longest to the beginning, each module's tests together and in their order."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(LONGEST)))


def pytest_collection_finish():
    """Leave what was imported out of every search for garbage: there is much of it, and it stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
