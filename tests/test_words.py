"""What is said to people."""

import pytest

from partimento.words import counted


@pytest.mark.parametrize(("count", "said"), [(0, "0 notes are"), (1, "1 note is"), (2, "2 notes are")])
def test_one_is_one_and_the_others_are_many(count, said):
    assert counted(count, "note is", "notes are") == said
    assert counted(count, "bar") == {1: "1 bar"}.get(count, f"{count} bars")
