"""A beginning keeps its milliseconds, its loudness and its pedals; what sounds where the model takes over is handed on."""

from dataclasses import replace

import numpy as np
import pytest

from little_music import wander
from partimento.encoding.performance.performance import Performance
from partimento.errors import EncodingError
from partimento.score import Score, Track
from partimento.score.note import SUSTAIN

FOLDED, PEDAL = Performance(lowest=21, highest=108), Performance("events", 21, 108)
WAYS = pytest.mark.parametrize("encoding", [FOLDED, PEDAL], ids=["folded", "events"])


def played(*notes, pedal=(), **fields):
    """(start, length, key, velocity) in milliseconds."""
    start, length, key, velocity = zip(*notes, strict=True)
    controls = np.array([(tick, SUSTAIN, value) for tick, value in pedal], np.int64).reshape(-1, 3)
    return Score(500, (Track(start, length, key, velocity, controls=controls, **fields),))


def rows(score):
    (track,) = score.tracks
    return list(zip(track.start.tolist(), track.end.tolist(), track.pitch.tolist(), track.velocity.tolist(), strict=True))


def gone_on(encoding, primer, words):
    """The primer and what a model says after it."""
    ids = [*encoding.encode(primer, whole=False), *(encoding.vocabulary.ids[word] for word in words.split())]
    return encoding.resumed(np.array(ids, np.int32), primer)


@WAYS
def test_what_was_given_is_kept_to_the_millisecond(encoding):
    primer = played((3, 101, 60, 71), (17, 1234, 64, 33), (1517, 96, 67, 127))
    found = gone_on(encoding, primer, "shift100 off67 velocity10 on72 shift10 off72 end")
    assert rows(found) == [(3, 104, 60, 71), (17, 1251, 64, 33), (1517, 2520, 67, 127), (2520, 2620, 72, 38)]
    assert found.ticks_per_quarter == 500 and found.tempos[0].bpm == 120


def test_a_note_that_sounds_in_the_pedal_is_handed_on_and_the_pedal_let_go():
    primer = played((0, 100, 60, 60), (1000, 100, 64, 60), (2000, 400, 67, 60), pedal=[(20, 127), (950, 0), (1010, 90)])
    found = gone_on(FOLDED, primer, "shift20 velocity3 on72 shift50 off64 off72 shift20 off67 end")
    assert rows(found) == [(0, 100, 60, 60), (1000, 2700, 64, 60), (2000, 2900, 67, 60), (2200, 2700, 72, 10)]
    assert found.tracks[0].controls.tolist() == [[20, SUSTAIN, 127], [950, SUSTAIN, 0], [1010, SUSTAIN, 90], [2200, SUSTAIN, 0]]


def test_a_pedal_with_ids_of_its_own_stays_down_until_the_model_lets_it_go():
    primer = played((0, 100, 60, 60), (1000, 100, 64, 60), (2000, 400, 67, 60), pedal=[(20, 127), (950, 0), (1010, 90)])
    found = gone_on(PEDAL, primer, "shift20 velocity3 on72 shift50 off72 up shift20 off67 end")
    assert rows(found) == [(0, 100, 60, 60), (1000, 1100, 64, 60), (2000, 2900, 67, 60), (2200, 2700, 72, 10)]
    assert found.tracks[0].controls.tolist() == [[20, SUSTAIN, 127], [950, SUSTAIN, 0], [1010, SUSTAIN, 90], [2700, SUSTAIN, 0]]


@WAYS
@pytest.mark.parametrize("seed", range(6))
def test_whatever_follows_no_note_that_was_given_is_lost(encoding, seed):
    random = np.random.default_rng(seed)
    start = np.sort(random.integers(0, 5000, 60))
    notes = zip(start, random.integers(1, 2000, 60), random.integers(50, 62, 60), random.integers(1, 128, 60), strict=True)
    moves = [(int(tick), int(value)) for tick, value in zip(np.sort(random.integers(0, 6000, 9)), random.integers(0, 128, 9), strict=True)]
    primer = played(*notes, pedal=moves)
    grammar = encoding.grammar(bars=8)
    ids = encoding.encode(primer, whole=False)
    for number in ids:
        grammar.push(int(number))
    found = encoding.resumed(np.array([*ids, *wander(grammar, random)], np.int32), primer)
    known = sorted((a, c, d) for a, _, c, d in rows(primer))
    kept = sorted((a, c, d) for a, _, c, d in rows(found))
    assert all(kept.count(note) >= known.count(note) for note in known)
    assert all(end > begin for begin, end, _, _ in rows(found))


def test_several_tracks_and_tempos_become_one_performance():
    right, left = (Track((at,), (240,), (key,), (80,)) for at, key in ((0, 60), (480, 48)))
    primer = Score(480, (right, left))
    found = gone_on(FOLDED, primer, "shift5 velocity3 on72 shift50 off48 off72 end")
    assert rows(found)[:2] == [(0, 250, 60, 80), (500, 1050, 48, 80)]


# --- what a piano can play of it


def test_what_is_left_out_is_said():
    piano = Track((0, 500), (400, 400), (60, 120), (70, 72))
    drums = Track((0,), (100,), (36,), (90,), is_drum=True)
    violin = Track((0,), (400,), (76,), (71,), program=40)
    adapted, remarks = FOLDED.adapted(Score(480, (piano, drums, violin)))
    assert [len(track) for track in adapted.tracks] == [1, 1]
    assert remarks == (
        "primer: 1 note of drums and 1 note that the piano has no key for were left out.",
        "primer: its 2 instruments are played on one piano.",
    )
    assert FOLDED.encode(adapted).size > 4


def test_nothing_for_a_piano_is_refused():
    drums = Track((0,), (100,), (36,), (90,), is_drum=True)
    with pytest.raises(EncodingError, match=r"--primer: has no notes for a piano \(1 note of drums\). Give another."):
        FOLDED.adapted(Score(480, (drums,)))


def test_a_stiff_beginning_is_said_and_a_played_one_is_not():
    stiff = played(*((250 * at, 200, 60 + at % 12, 64) for at in range(40)))
    assert FOLDED.adapted(stiff)[1] == (
        "primer: all its notes stand on a grid and are equally loud, as nobody plays; what follows may sound as stiff.",
    )
    (track,) = stiff.tracks
    for living in (replace(track, start=track.start + np.arange(40) % 3), replace(track, velocity=track.velocity + np.arange(40) % 2)):
        assert FOLDED.adapted(replace(stiff, tracks=(living,)))[1] == ()


def test_hours_are_said():
    long = played(*((30_000 * at, 900, 60 + at % 5, 60 + at % 7) for at in range(240)))
    assert FOLDED.adapted(long)[1] == ("primer: of its 120 minutes the model remembers the end alone. --primer-seconds makes it shorter.",)
