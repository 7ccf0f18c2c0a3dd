"""Notes into curves and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.errors import ConfigError
from partimento.score.timed_notes import TimedNotes
from partimento.transcription.note_decoding import Thresholds, notes_of, spans_of
from partimento.transcription.targets import targets_of

RATE = 50.0


def performance(seed, notes=120):
    """Notes of random keys, those of one key at least 0.12 s apart, in 10 s."""
    random = np.random.default_rng(seed)
    start, key = np.sort(random.uniform(0.1, 9, notes)), random.integers(21, 109, notes)
    end = start + random.uniform(0.08, 2, notes)
    kept = []
    for pitch in np.unique(key):
        last = -1.0
        for number in np.flatnonzero(key == pitch):
            if start[number] > last + 0.12:
                kept.append(number)
                last = start[number]
                following = [start[other] for other in np.flatnonzero(key == pitch) if start[other] > start[number] + 0.12]
                end[number] = min(end[number], min(following, default=9.9))
    kept = np.sort(kept)
    return TimedNotes(start[kept], end[kept], key[kept], random.integers(1, 128, notes)[kept])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_aimed_at_is_what_is_decoded(seed):
    notes = performance(seed)
    targets = targets_of(notes, frames=500, rate=RATE)
    heard = notes_of(targets.onset, targets.frame, targets.offset, targets.velocity, thresholds=Thresholds(), rate=RATE)
    order = np.lexsort((notes.key, notes.start))
    assert heard.key.tolist() == notes.key[order].tolist()
    assert heard.velocity.tolist() == notes.velocity[order].tolist()
    assert np.abs(heard.start - notes.start[order]).max() < 0.005  # a frame has 20 ms
    assert np.abs(heard.end - notes.end[order]).max() < 0.03


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_an_ear_that_is_told_the_nearest_moment_finds_the_notes_too(seed):
    notes = performance(seed)
    targets = targets_of(notes, frames=500, rate=RATE, spread=False)
    assert targets.onset.sum() == len(notes) and set(np.unique(targets.offset)) <= {0, 1}
    heard = notes_of(targets.onset, targets.frame, targets.offset, targets.velocity, thresholds=Thresholds(), rate=RATE)
    order, found = np.lexsort((notes.start, notes.key)), np.lexsort((heard.start, heard.key))
    assert heard.key[found].tolist() == notes.key[order].tolist()
    assert heard.velocity[found].tolist() == notes.velocity[order].tolist()
    assert np.abs(heard.start[found] - notes.start[order]).max() <= 0.5 / RATE + 1e-9


def test_a_note_ends_where_its_offset_is_heard_or_its_frame_falls_or_it_is_struck_again():
    onset, frame, offset, velocity = (np.zeros((100, 88), np.float32) for _ in range(4))
    velocity[:] = 0.5
    for at in (10, 60):
        onset[at - 1 : at + 2, 40] = 0.4, 0.9, 0.4
    frame[10:, 40] = 1

    def ends():
        return notes_of(onset, frame, offset, velocity, thresholds=Thresholds(), rate=RATE).end * RATE

    assert ends() == pytest.approx([60, 100])
    frame[30:40, 40] = 0.1
    assert ends() == pytest.approx([30, 100])
    offset[19:22, 40] = 0.5, 0.8, 0.3
    assert 19.5 < ends()[0] < 20
    offset[20, 40] = 0.1
    offset[19:22, 40] = 0.1
    assert ends() == pytest.approx([30, 100])


def test_what_is_not_believed_is_no_note():
    curves = [np.full((20, 88), 0.2, np.float32) for _ in range(4)]
    assert not len(notes_of(*curves, thresholds=Thresholds(), rate=RATE).start)
    assert not len(notes_of(*[curve[:0] for curve in curves], thresholds=Thresholds(), rate=RATE).start)


def test_a_pedal_is_down_in_spans():
    curve = np.zeros(200, np.uint8)
    curve[50:100] = 230
    curve[70:72] = 77  # a dent
    curve[150] = 255  # a bump
    assert spans_of(curve, threshold=0.5, rate=RATE) == pytest.approx(np.array([[1.0, 2.0]]))
    assert spans_of(curve[:0], threshold=0.5, rate=RATE).shape == (0, 2)


@pytest.mark.parametrize("value", [0, 1, -0.5, float("nan")])
def test_thresholds_are_chances(value):
    with pytest.raises(ConfigError, match="threshold of frame: .* expected between 0 and 1"):
        Thresholds(frame=value)
