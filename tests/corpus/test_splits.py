import numpy as np
import pytest

from little_music import chorale, tune_text
from partimento.corpus.augment import ranges, transpositions
from partimento.corpus.dedupe import melody_grams, works
from partimento.corpus.splits import split_by_work
from partimento.errors import PartimentoError
from partimento.files.abc import read_abc
from partimento.score import Score, Track
from partimento.score.transform import transpose


def tune(number):
    return read_abc(tune_text(number).encode(), "tune.abc")


@pytest.mark.parametrize("count", [1, 2, 3, 10, 100, 1000])
def test_shares_are_kept(count):
    parts = split_by_work([f"work {n}" for n in range(count)])
    assert parts.count("valid") == (max(round(0.08 * count), 1) if count > 1 else 0)
    assert parts.count("test") == (max(round(0.08 * count), 1) if count > 2 else 0)
    assert parts.count("train") >= 1


def test_pieces_of_one_work_stay_together():
    names = [f"work {n % 20}" for n in range(200)]
    parts = split_by_work(names)
    assert all(len({part for part, other in zip(parts, names, strict=True) if other == name}) == 1 for name in names)


def test_no_test_part_where_none_is_wished():
    assert "test" not in split_by_work([str(n) for n in range(50)], test=0)


def test_the_draw_is_the_same_everywhere():
    assert split_by_work(list("abcdefghij"), valid=0.2, test=0.2) == split_by_work(list("abcdefghij"), valid=0.2, test=0.2)
    assert dict(zip("jihgfedcba", split_by_work(list("jihgfedcba")), strict=True)) == dict(
        zip("abcdefghij", split_by_work(list("abcdefghij")), strict=True)
    )


def test_a_melody_is_the_same_in_every_key_and_rhythm():
    one = tune(3)
    slow = Score(480, (Track(one.tracks[0].start * 2, one.tracks[0].duration * 2, one.tracks[0].pitch + 4, one.tracks[0].velocity),))
    assert melody_grams(one) == melody_grams(slow) != melody_grams(tune(4))


def test_a_score_without_melody_has_no_grams():
    assert melody_grams(Score()) == frozenset()
    assert melody_grams(Score(480, (Track([0, 480], [480, 480], [36, 38], [80, 80], is_drum=True),))) == frozenset()
    assert melody_grams(Score(480, (Track([0, 480], [480, 480], [60, 60], [80, 80]),))) == frozenset()


def test_the_highest_note_of_an_onset_is_the_melody():
    alone = Score(480, (Track([0, 480, 960], [480] * 3, [72, 74, 76], [80] * 3),))
    harmonised = Score(480, (Track([0, 0, 480, 960, 960], [480] * 5, [72, 60, 74, 50, 76], [80] * 5),))
    assert melody_grams(alone) == melody_grams(harmonised)


def test_works_are_found_through_a_chain():
    scores = [tune(0), tune(1), transpose(tune(0), 5), tune(2), transpose(tune(0), -3)]
    assert works(scores) == [0, 1, 0, 3, 0]


def test_settings_of_one_name_need_less_in_common():
    def setting(number: int, title: str, own: int):  # bars of tune `number`, then others
        one, other = tune(number).tracks[0], tune(own).tracks[0]
        half = len(one) // 3
        pitch = np.concatenate([one.pitch[:half], other.pitch])
        at = 240 * np.arange(pitch.size)
        return Score(480, (Track(at, np.full(pitch.size, 240), pitch, np.full(pitch.size, 80)),), metadata={"title": title})

    assert works([setting(0, "The Rights of Man", 5), setting(0, "Rights Of Man (2)", 6)]) == [0, 0]
    assert works([setting(0, "The Rights of Man", 5), setting(0, "Another", 6)]) == [0, 1]
    assert works([setting(0, "The Rights of Man", 5), setting(3, "Rights of Man", 6)]) == [0, 1]


def test_unlike_chorales_are_unlike_works():
    assert works([chorale(n, bars=8) for n in range(12)]) == list(range(12))


def test_ranges_are_those_of_each_voice():
    assert ranges([]) == ()
    one = Score(480, (Track([0], [1], [60], [80]), Track([0], [1], [40], [80])))
    other = Score(480, (Track([0], [1], [65], [80]), Track()))
    assert ranges([one, other]) == ((60, 65), (40, 40))
    assert ranges([other, one]) == ((60, 65), (40, 40))


def test_transpositions_stay_within_the_ranges():
    score = Score(480, (Track([0, 480], [480, 480], [60, 64], [80, 80]),))
    moved = list(transpositions(score, ((58, 67),), (0, 1, -1, 2, -2, 3, -3, 4)))
    assert moved[0] is score
    assert sorted(int(made.tracks[0].pitch[0]) for made in moved) == [58, 59, 60, 61, 62, 63]


def test_transpositions_out_of_midi_are_left_out():
    score = Score(480, (Track([0], [480], [126], [80]),))
    assert [int(made.tracks[0].pitch[0]) for made in transpositions(score, ((0, 200),), (0, 1, 2))] == [126, 127]


def test_a_piece_that_cannot_be_read_is_handed_on_as_its_error():
    from partimento.corpus.corpus import Corpus, Piece  # noqa: PLC0415

    def broken():
        raise PartimentoError("no")

    corpus = Corpus("c", (Piece("a", broken, "", "", "train"), Piece("b", lambda: tune(0), "", "", "train")), "", "", "")
    found = [score for _, score in corpus.scores("train")]
    assert isinstance(found[0], PartimentoError) and isinstance(found[1], Score)
