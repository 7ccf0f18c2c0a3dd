import numpy as np
import pytest

from partimento.errors import ConfigError
from partimento.models.conservative import FALL, LEAST, RECOVERY, Conservative

VOCABULARY, FRAME = 7, 4  # start, end, two places, silent, held, struck; three keys a frame
START, PLACE, SILENT, HELD, STRUCK = 0, 2, 4, 5, 6


class Fixed:
    """The same logits whatever comes; its state counts the ids."""

    vocabulary = VOCABULARY

    def start(self, batch):
        return (np.zeros(batch, np.int64),)

    def step(self, ids, state):
        logits = np.tile(np.log(np.array([0.1, 0.1, 0.1, 0.1, 0.3, 0.1, 0.2], np.float32)), (len(ids), 1))
        return logits, (state[0] + 1,)


def read(ids):
    """Chance to sound after each id, and the power."""
    model = Conservative(Fixed(), frame=FRAME)
    state, chances, powers = model.start(1), [], []
    for number in ids:
        logits, state = model.step(np.array([number]), state)
        weights = np.exp(logits[0, SILENT:].astype(float))
        chances.append(weights[1:].sum() / weights.sum())
        powers.append(float(state[0][0]))
    return chances, powers, state


SPARSE, FULL = [PLACE, SILENT, STRUCK, SILENT], [PLACE, HELD, STRUCK, SILENT]


def test_the_power_falls_with_sparse_frames_and_recovers_with_full_ones():
    _, powers, _ = read([START, *SPARSE * 5, *FULL * 2])
    assert powers[::4][:6] == pytest.approx([1, *(1 - FALL * np.arange(1, 6))])
    fallen = 1 - 5 * FALL
    once = fallen + RECOVERY * (1 - fallen)
    assert powers[::4][6:] == pytest.approx([once, once + RECOVERY * (1 - once)])
    assert powers[20:24] == pytest.approx([fallen] * 4)  # within a frame it stays


def test_the_power_has_a_floor():
    _, powers, _ = read([START, *SPARSE * 60])
    assert powers[-1] == pytest.approx(LEAST)


def test_the_chance_to_sound_is_raised_and_held_and_struck_keep_their_shares():
    chances, powers, state = read([START, *SPARSE * 10, PLACE])
    assert chances[1] == pytest.approx(0.5)
    assert chances[-1] == pytest.approx(0.5 ** powers[-1])
    logits, _ = Conservative(Fixed(), frame=FRAME).step(np.array([SILENT]), state)
    assert np.exp(logits[0, STRUCK] - logits[0, HELD]) == pytest.approx(2, rel=1e-5)


def test_logits_of_places_stay_as_they_are():
    model = Conservative(Fixed(), frame=FRAME)
    state = model.start(2)
    for ids in ([START] * 2, *[[number] * 2 for number in SPARSE * 3]):
        logits, state = model.step(np.array(ids), state)
        if ids[0] == START or state[2][0] == 3:  # before a place
            assert np.array_equal(logits, Fixed().step(np.array(ids), (np.zeros(2),))[0])
    assert state[-1].tolist() == [13, 13]
    assert model.vocabulary == VOCABULARY


def test_rows_go_their_own_ways():
    model = Conservative(Fixed(), frame=FRAME)
    state = model.start(2)
    for ids in np.array([[START, *SPARSE * 4], [START, *FULL * 4]]).T:
        _, state = model.step(ids, state)
    assert state[0].tolist() == pytest.approx([1 - 4 * FALL, 1])


@pytest.mark.parametrize("frame", [0, 1])
def test_a_model_without_frames_is_refused(frame):
    with pytest.raises(ConfigError, match=f"frames of {frame} ids and a vocabulary of 7, expected a place and keys"):
        Conservative(Fixed(), frame=frame)
