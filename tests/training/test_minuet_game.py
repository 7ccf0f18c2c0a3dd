import numpy as np
import pytest

from partimento.encoding.minuet import VOCABULARY
from partimento.encoding.minuet_bars import COLUMNS
from partimento.models.dice import Dice
from partimento.training.minuet_game import TWO_DICE, minuet_dice


def chances(model, ids):
    """What comes next, as chances."""
    state = model.start(1)
    for number in ids:
        logits, state = model.step(np.array([number]), state)
    return np.exp(logits[0].astype(np.float64))


@pytest.mark.parametrize(("bars", "form"), [(16, "once"), (32, "repeated")])
def test_every_bar_is_as_likely_as_its_throw(bars, form):
    model = minuet_dice().planned(bars, lambda ids: True)
    ids = [VOCABULARY.ids["start"]]
    assert chances(model, ids)[VOCABULARY.ids[form]] == pytest.approx(1, abs=1e-4)
    ids.append(VOCABULARY.ids[form])
    for column in COLUMNS:
        found = chances(model, ids)[[VOCABULARY.ids[str(number)] for number in column]]
        assert found == pytest.approx(np.array(TWO_DICE) / 36, rel=1e-3)
        ids.append(VOCABULARY.ids[str(column[3])])
    assert chances(model, ids)[VOCABULARY.ids["end"]] == pytest.approx(1, abs=1e-4)


def test_with_and_without_repeats_are_as_likely():
    found = chances(minuet_dice().planned(None, lambda ids: True), [VOCABULARY.ids["start"]])
    assert found[[VOCABULARY.ids["once"], VOCABULARY.ids["repeated"]]] == pytest.approx([0.5, 0.5], rel=1e-3)


def test_the_table_comes_back_from_its_arrays():
    tensors = minuet_dice().tensors()
    again = Dice.of_tensors(tensors)
    assert again.table.bars == 2 + 2 * 176
    assert all(np.array_equal(value, again.tensors()[name]) for name, value in tensors.items())
