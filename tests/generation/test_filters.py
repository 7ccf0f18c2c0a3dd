import numpy as np
import pytest

from partimento.errors import ConfigError
from partimento.generation.filters import Sampling, min_p, probabilities, temperature, top_k, top_p

LOGITS = np.log(np.array([0.5, 0.25, 0.15, 0.1]))


def kept(logits: np.ndarray) -> list[int]:
    return np.flatnonzero(np.isfinite(logits)).tolist()


def test_probabilities_are_the_softmax() -> None:
    assert probabilities(LOGITS + 7) == pytest.approx([0.5, 0.25, 0.15, 0.1])


def test_temperature_sharpens_and_flattens() -> None:
    cold, hot = probabilities(temperature(LOGITS, 0.5)), probabilities(temperature(LOGITS, 2.0))
    assert cold == pytest.approx(np.array([25, 6.25, 2.25, 1]) / 34.5)  # squares of the chances, scaled to 1
    assert hot[0] < 0.5 < cold[0]


def test_temperature_nought_leaves_the_likeliest() -> None:
    assert kept(temperature(LOGITS, 0)) == [0]


@pytest.mark.parametrize(("count", "ids"), [(1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (9, [0, 1, 2, 3])])
def test_top_k_keeps_so_many(count: int, ids: list[int]) -> None:
    assert kept(top_k(LOGITS, count)) == ids


def test_top_k_takes_the_lower_of_equals() -> None:
    assert kept(top_k(np.zeros(5), 2)) == [0, 1]


@pytest.mark.parametrize(("share", "ids"), [(0.4, [0]), (0.6, [0, 1]), (0.8, [0, 1, 2]), (1.0, [0, 1, 2, 3])])
def test_top_p_keeps_what_reaches_the_share(share: float, ids: list[int]) -> None:
    assert kept(top_p(LOGITS, share)) == ids


@pytest.mark.parametrize(("share", "ids"), [(0.9, [0]), (0.4, [0, 1]), (0.25, [0, 1, 2]), (0.1, [0, 1, 2, 3])])
def test_min_p_keeps_what_is_near_the_likeliest(share: float, ids: list[int]) -> None:
    assert kept(min_p(LOGITS, share)) == ids


def test_no_filter_takes_the_last_candidate() -> None:
    alone = np.where(np.arange(4) == 2, 0.0, -np.inf)
    for rule in Sampling(0.0, 1, 0.01, 0.99).filters():
        alone = rule(alone)
    assert kept(alone) == [2]


def test_cut_offs_do_not_move_with_the_temperature() -> None:
    def chosen(value: float) -> list[int]:
        logits = LOGITS
        for rule in Sampling(value, min_p=0.4).filters():
            logits = rule(logits)
        return kept(logits)

    assert chosen(0.3) == chosen(3.0) == [0, 1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"temperature": -1}, "temperature -1: expected 0 to 10"),
        ({"temperature": float("nan")}, "temperature nan: expected 0 to 10"),
        ({"top_k": 0}, "top-k 0: expected 1 or more"),
        ({"top_p": 0.0}, "top-p 0.0: expected above 0"),
        ({"min_p": 1.0}, "min-p 1.0: expected above 0, below 1"),
        ({"conservative": "yes"}, "conservative yes: expected true or false"),
        ({"steady": 1}, "steady 1: expected true or false"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Sampling(**settings)
