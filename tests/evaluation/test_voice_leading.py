import pytest

from partimento.errors import ScoreError
from partimento.evaluation.voice_leading import VoiceLeading, voice_leading
from partimento.score import Score, Track


def voices(*lines):
    """A score of one quarter note for each key of each line; None is a rest."""
    tracks = []
    for line in lines:
        kept = [(at * 480, key) for at, key in enumerate(line) if key is not None]
        start, pitch = zip(*kept, strict=True) if kept else ((), ())
        tracks.append(Track(start, [480] * len(kept), pitch, [80] * len(kept), name="v"))
    return Score(480, tuple(tracks))


@pytest.mark.parametrize(
    ("high", "low", "fifths", "octaves"),
    [
        ([67, 69], [60, 62], 1, 0),  # c-g to d-a
        ([79, 81], [60, 62], 1, 0),  # a twelfth counts as a fifth
        ([67, 69], [60, 50], 1, 0),  # in contrary motion too
        ([72, 74], [60, 62], 0, 1),
        ([60, 62], [60, 62], 0, 1),
        ([67, 67], [60, 60], 0, 0),  # nobody moves
        ([67, 69], [60, 60], 0, 0),  # one moves
        ([67, 69, 67], [60, 57, 60], 0, 0),  # fifth, octave, fifth
        ([67, 68], [60, 62], 0, 0),  # to a diminished fifth
        ([67, None, 69], [60, None, 62], 0, 0),  # a rest between
    ],
)
def test_parallels(high, low, fifths, octaves):
    found = voice_leading(voices(high, low))
    assert (found.parallel_fifths, found.parallel_octaves) == (fifths, octaves)


def test_every_pair_of_voices_is_looked_at():
    chord = [[72, 74], [67, 69], [64, 65], [48, 50]]
    assert voice_leading(voices(*chord)) == VoiceLeading(1, 1 + 0, 1, 0, 0)  # g-a over c-d; soprano and bass in octaves


def test_a_held_note_does_not_move_and_a_crossing_counts_when_it_begins():
    held = Score(480, (Track([0], [1440], [64], [80]), Track([0, 480, 960], [480, 480, 480], [60, 65, 67], [80, 80, 80])))
    assert voice_leading(held) == VoiceLeading(0, 0, 0, 1, 0)


def test_leaps_are_wider_than_an_octave():
    assert voice_leading(voices([60, 72, 59])).leaps == 1


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ScoreError, match="no voice with notes"):
        voice_leading(Score())
    chord = Score(480, (Track([0, 0], [480, 480], [60, 64], [80, 80], name="piano"),))
    with pytest.raises(ScoreError, match="voice 'piano' has two notes at once at tick 0"):
        voice_leading(chord)
    assert voice_leading(Score(480, (Track(), Track([0], [1], [60], [80])))).moves == 0
