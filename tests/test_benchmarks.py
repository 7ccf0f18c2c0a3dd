"""The benchmarks can be started, whether or not their peers are installed."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
PEERS = ("miditok", "partitura", "transformers")


@pytest.mark.parametrize("name", sorted(file.stem for file in BENCHMARKS.glob("*.py")))
def test_it_finds_all_that_it_takes_from_the_package(name, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # some set them, and they are put back
        monkeypatch.setenv(threads, "1")
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        if error.name not in PEERS:
            raise
        pytest.skip(f"{error.name} is not installed")
