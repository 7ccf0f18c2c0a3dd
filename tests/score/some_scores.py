"""Scores drawn at random, and what they say as plain values."""

from hypothesis import strategies as st

from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track

NOTE = st.tuples(st.integers(0, 400), st.integers(1, 120), st.integers(36, 90), st.integers(1, 127))
CONTROL = st.tuples(st.integers(0, 500), st.sampled_from([7, 64]), st.integers(0, 127))


def track(*notes, **fields):
    start, duration, pitch, velocity = zip(*notes, strict=True) if notes else ((), (), (), ())
    return Track(start, duration, pitch, velocity, **fields)


def rows(made):
    return sorted(zip(made.start.tolist(), made.duration.tolist(), made.pitch.tolist(), made.velocity.tolist(), strict=True))


def parts(score):
    """What a score says, as plain values."""
    tracks = [(rows(t), t.controls.tolist(), t.name, t.program, t.is_drum) for t in score.tracks]
    return (score.ticks_per_quarter, tracks, score.tempos, score.time_signatures, score.key_signatures, score.marks, score.pickup)


@st.composite
def scores(draw):
    tracks = [
        track(*draw(st.lists(NOTE, max_size=12)), controls=draw(st.lists(CONTROL, max_size=5)), name=name, is_drum=name == "kit")
        for name in draw(st.sampled_from([["voice"], ["right", "left"], ["voice", "kit"]]))
    ]
    ticks = st.integers(0, 500)
    metre = st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 8)])
    return Score(
        draw(st.sampled_from([1, 24, 25, 96])),
        tuple(tracks),
        tempos=draw(st.lists(st.builds(Tempo, ticks, st.integers(300_000, 900_000)), max_size=3)),
        time_signatures=[TimeSignature(t, *m) for t, m in draw(st.lists(st.tuples(ticks, metre), max_size=2))],
        key_signatures=draw(st.lists(st.builds(KeySignature, ticks, st.integers(-7, 7), st.sampled_from(["major", "minor"])), max_size=2)),
        marks=draw(st.lists(st.builds(Mark, ticks, st.just("chord"), st.sampled_from(["C", "F#m7", "Bb/D"])), max_size=3)),
        pickup=draw(st.sampled_from([0, 0, 24])),
    )


def sounding(score, end):
    """Every tick, track and key that sounds before `end`: what a listener hears, ties not told apart."""
    return {
        (index, tick, pitch)
        for index, t in enumerate(score.tracks)
        for start, duration, pitch, _ in rows(t)
        for tick in range(start, min(start + duration, end))
    }
