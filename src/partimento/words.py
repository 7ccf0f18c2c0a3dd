"""What is said to people, in English."""

from __future__ import annotations


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a number and what it counts: ``1 note is left out``, ``2 notes are left out``.

    Args:
        count: How many.
        one: What is said of one.
        many: What is said of none or more than one; `one` with an s where None.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"
