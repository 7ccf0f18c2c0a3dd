import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from partimento.score import Score, Track
from partimento.score.pedal import fold_pedal, pedal_spans


def piano(notes, controls=(), **more):
    """A score of one track; notes are (start, duration, pitch)."""
    start, duration, pitch = zip(*notes, strict=True) if notes else ((), (), ())
    track = Track(start, duration, pitch, [80] * len(notes), controls=np.array(controls, np.int64).reshape(-1, 3), **more)
    return Score(480, (track,))


def lengths(score):
    return fold_pedal(score).tracks[0].duration.tolist()


def test_a_note_let_go_under_the_pedal_sounds_until_the_pedal_goes_up():
    assert lengths(piano([(0, 100, 60)], [(50, 64, 127), (700, 64, 0)])) == [700]


def test_a_note_let_go_before_or_at_the_pedal_is_left_alone():
    assert lengths(piano([(0, 100, 60)], [(100, 64, 127), (700, 64, 0)])) == [100]
    assert lengths(piano([(0, 100, 60)], [(200, 64, 127), (700, 64, 0)])) == [100]


def test_a_note_let_go_as_the_pedal_goes_up_is_left_alone():
    assert lengths(piano([(0, 700, 60)], [(50, 64, 127), (700, 64, 0)])) == [700]


def test_the_next_strike_of_the_same_key_ends_it():
    assert lengths(piano([(0, 100, 60), (400, 50, 60), (0, 100, 62)], [(50, 64, 127), (700, 64, 0)])) == [400, 700, 300]


def test_half_pedal_counts_from_64():
    assert lengths(piano([(0, 100, 60)], [(50, 64, 63), (700, 64, 0)])) == [100]
    assert lengths(piano([(0, 100, 60)], [(50, 64, 64), (60, 64, 90), (700, 64, 63)])) == [700]


def test_a_pedal_that_never_goes_up_ends_with_the_last_note():
    assert lengths(piano([(0, 100, 60), (500, 400, 62)], [(50, 64, 127)])) == [900, 400]


def test_pedal_let_go_and_taken_again_between():
    pedal = [(50, 64, 127), (300, 64, 0), (310, 64, 127), (900, 64, 0)]
    assert lengths(piano([(0, 100, 60), (0, 305, 64), (0, 320, 67)], pedal)) == [300, 305, 900]


def test_sostenuto_holds_only_what_was_already_down():
    assert lengths(piano([(0, 100, 60), (60, 40, 64)], [(50, 66, 127), (700, 66, 0)])) == [700, 40]


def test_sustain_catches_what_sostenuto_lets_go():
    pedal = [(50, 66, 127), (300, 66, 0), (200, 64, 127), (800, 64, 0)]
    assert lengths(piano([(0, 100, 60)], pedal)) == [800]


def test_folded_pedals_are_taken_out_and_other_controls_stay():
    score = piano([(0, 100, 60)], [(0, 64, 127), (10, 67, 127), (20, 7, 90), (30, 66, 127)])
    assert fold_pedal(score).tracks[0].controls.tolist() == [[10, 67, 127], [20, 7, 90]]


def test_drums_have_no_pedal():
    assert lengths(piano([(0, 100, 36)], [(0, 64, 127), (700, 64, 0)], is_drum=True)) == [100]


def test_a_score_without_pedal_or_notes_is_unchanged():
    assert lengths(piano([(0, 100, 60)])) == [100]
    assert lengths(piano([], [(0, 64, 127)])) == []
    assert fold_pedal(Score()).tracks == ()


def test_overlapping_notes_of_one_key_are_never_cut():
    assert lengths(piano([(0, 500, 60), (100, 50, 60)], [(120, 64, 127), (900, 64, 0)])) == [500, 800]


def test_spans():
    track = piano([(0, 10, 60)], [(5, 64, 0), (10, 64, 100), (20, 64, 127), (30, 64, 0), (30, 64, 127)]).tracks[0]
    assert pedal_spans(track, 64, 99).tolist() == [[10, 30], [30, 99]]
    assert pedal_spans(track, 66, 99).shape == (0, 2)


def sounding_until(notes, changes, index, last_note):
    """The definition, tick by tick: a key's string sounds while the key or the pedal is down and it is not struck anew."""
    start, duration, pitch = notes[index]
    end = 200
    down = dict((tick, value >= 64) for tick, value in changes)
    levels, state = [], False
    for tick in range(end + 1):
        state = down.get(tick, state)
        levels.append(state)
    if state:  # never let go: until the last note ends, or not at all where it goes down later
        edge = max(t for t in range(end + 1) if not (t and levels[t - 1]))
        levels[max(last_note, edge) :] = [False] * (end + 1 - max(last_note, edge))
    tick = start + duration
    strikes = {s for k, (s, _, p) in enumerate(notes) if p == pitch and k != index and s >= tick}
    if levels[tick] and not levels[tick - 1]:
        return tick  # the pedal comes down as the key comes up: too late
    while levels[tick] and tick not in strikes:
        tick += 1
    return tick


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 30), st.integers(60, 62)), min_size=1, max_size=8, unique_by=lambda n: (n[0], n[2])
    ),
    st.lists(st.tuples(st.integers(0, 80), st.sampled_from([0, 40, 64, 127])), max_size=8, unique_by=lambda c: c[0]),
)
def test_against_the_definition_tick_by_tick(notes, changes):
    score = piano(notes, [(tick, 64, value) for tick, value in changes])
    track = score.tracks[0]
    ordered = list(zip(track.start.tolist(), track.duration.tolist(), track.pitch.tolist(), strict=True))
    expected = [sounding_until(ordered, sorted(changes), i, score.end_tick) - ordered[i][0] for i in range(len(ordered))]
    # The next strike that matters is the next one in time; an overlap leaves the written length.
    for i, (s, d, p) in enumerate(ordered):
        later = [s2 for s2, _, p2 in ordered if p2 == p and s2 > s]
        if later and min(later) < s + d:
            expected[i] = d
    assert lengths(score) == expected
