"""Which piece belongs to which part: by work, never by window, and the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence

from partimento.corpus.corpus import Part


def split_by_work(works: Sequence[Hashable], *, valid: float = 0.08, test: float = 0.08) -> list[Part]:
    """Return the part of each piece, pieces of one work all in the same part.

    The order is drawn from a hash of the work's name, so that adding a piece moves few others.

    Args:
        works: Name of the work each piece belongs to, shape (pieces,).
        valid: Share of the works to choose by; at least one work where there are three or more.
        test: Share of the works to measure on; 0 for none, else at least one work where there are three or more.

    Returns:
        One part a piece, in the order of `works`. One work alone is all `train`; of two the second is `valid`.
    """
    order = sorted(set(works), key=lambda work: hashlib.sha256(str(work).encode("utf-8", "backslashreplace")).digest())
    count = len(order)
    valid_count = max(round(valid * count), 1) if count > 1 else 0
    test_count = max(round(test * count), 1) if count > 2 and test > 0 else 0
    part: dict[Hashable, Part] = dict.fromkeys(order, "train")
    part |= dict.fromkeys(order[:valid_count], "valid")
    part |= dict.fromkeys(order[valid_count : valid_count + test_count], "test")
    return [part[work] for work in works]
