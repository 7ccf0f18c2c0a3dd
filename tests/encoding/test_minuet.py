"""The game of waltzes: the table, the bars, and what they say together."""

import math

import numpy as np
import pytest

from little_music import chorale, wander, words
from partimento.encoding.minuet import FORMS, PLACES, VOCABULARY, Minuet, _hands, _sounds
from partimento.encoding.minuet_bars import BARS, COLUMNS
from partimento.errors import EncodingError
from partimento.files import read, write
from partimento.score import KeySignature
from partimento.score.harmony import ends_on_tonic
from partimento.score.meter import bar_count
from partimento.score.transform import cut_bars, transpose

MINUET = Minuet()
HARMONIES = ["C", "C", "G", "C", "D", "G", "CDD", "G", "D", "G", "C", "GG", "C", "C", "FFG", "C"]
"""Root of each bar, or of each of its eighths."""

CHORDS = {"C": {0, 4, 7}, "G": {7, 11, 2}, "D": {2, 6, 9, 0}, "F": {5, 9, 2}}
"""What belongs to them: D with its seventh, F as the sixth chord with D."""


def piece(seed, bars=None):
    """A piece of the game at random."""
    return np.array(wander(MINUET.grammar(bars=bars), np.random.default_rng(seed)), np.int32)


def test_every_bar_stands_in_the_tables_once():
    assert sorted(number for column in COLUMNS for number in column) == list(range(1, 177))
    assert [len(column) for column in COLUMNS] == [11] * 16
    assert set(BARS) == set(range(1, 177)) - set(COLUMNS[7])


@pytest.mark.parametrize("place", range(PLACES))
def test_every_bar_is_full_and_in_its_harmony(place):
    roots = HARMONIES[place] * (3 if len(HARMONIES[place]) == 1 else 1)
    for number in COLUMNS[place]:
        for hand, reach in zip(_hands(number, 1), ((60, 88), (36, 62)), strict=True):
            assert all(reach[0] <= pitch <= reach[1] and start >= 0 and start + length <= 6 for start, length, pitch in hand)
            ends = sorted({start + length for start, length, _ in hand} | {0})
            assert {start for start, _, _ in hand} <= set(ends), f"bar {number} has a hole"
        notes = _sounds(number, 1)
        within = sum(length for start, length, pitch in notes if pitch % 12 in CHORDS[roots[min(start // 2, len(roots) - 1)]])
        assert within / sum(length for _, length, _ in notes) > (0.45 if place in (7, 11, 14) else 0.6), (
            f"bar {number}"
        )  # there with passing notes
        bass = min(_hands(number, 1)[1], key=lambda note: (note[0], note[2]))
        assert bass[2] % 12 in CHORDS[roots[0]] and bass[0] == 0, f"bar {number}"


def test_so_many_waltzes_are_different():
    different = [len({frozenset(_sounds(number, 1)) for number in column}) for column in COLUMNS]
    assert different == [11] * 7 + [1] + [11] * 7 + [2]
    assert math.prod(different) == 11**14 * 2 == 759_499_667_166_482


@pytest.mark.parametrize("seed", range(6))
def test_a_piece_goes_there_and_back(seed):
    ids = piece(seed)
    score = MINUET.decode(ids)
    again = MINUET.encode(score)
    assert words(MINUET.decode(again)) == words(score) and again.size == ids.size == 19
    assert bar_count(score) == {"once": 16, "repeated": 32}[VOCABULARY.symbols[ids[1]]]
    assert ends_on_tonic(score, KeySignature(0))


@pytest.mark.parametrize("kind", ["mid", "musicxml", "abc"])
@pytest.mark.parametrize("bars", [16, 32])
def test_a_piece_comes_back_from_files(tmp_path, kind, bars):
    score = MINUET.decode(piece(3, bars))
    write(score, tmp_path / f"waltz.{kind}")
    assert MINUET.encode(read(tmp_path / f"waltz.{kind}")).tolist() == MINUET.encode(score).tolist()


def test_the_first_and_the_second_ending_differ_in_the_bass():
    score = MINUET.decode(piece(1, 32))
    bass = [[(start % 720, pitch) for start, _, pitch in words(score)[1] if start // 720 == bar] for bar in (7, 15)]
    assert bass[0] != bass[1] and bass[0][0] == bass[1][0]
    assert [mark.text for mark in score.marks_of("repeat")] == ["start", "ending", "again", "ending", "end", "start", "again", "end"]


@pytest.mark.parametrize("bars", [None, 16, 32])
def test_the_grammar_takes_a_bar_of_each_column(bars):
    grammar = MINUET.grammar(bars=bars)
    ids = wander(grammar, np.random.default_rng(5))
    assert grammar.finished and not grammar.allowed().any()
    assert grammar.bars == (bars or bar_count(MINUET.decode(np.array(ids))))
    assert all(int(VOCABULARY.symbols[number]) in column for number, column in zip(ids[2:-1], COLUMNS, strict=True))
    assert MINUET.allowed(np.array(ids[:5])).sum() == 11 and MINUET.voice_tokens(np.array(ids)) == 16


def test_a_beginning_of_the_game_is_taken():
    score = MINUET.decode(piece(2, 16))
    for bars in (1, 5, 12):
        begun = MINUET.encode(cut_bars(score, 0, bars - 1), whole=False)
        assert begun.size == 2 + bars and words(MINUET.decode(begun)) == words(cut_bars(score, 0, bars - 1))


@pytest.mark.parametrize("bars", [1, 8, 17, 33])
def test_other_numbers_of_bars_are_refused(bars):
    with pytest.raises(EncodingError, match=f"{bars} bars, expected 16, or 32 with repeats"):
        MINUET.grammar(bars=bars)


def test_what_is_no_waltz_of_the_game_is_refused():
    score = MINUET.decode(piece(4, 16))
    with pytest.raises(EncodingError, match="expected a waltz of the game, in 3/8"):
        MINUET.encode(chorale())
    with pytest.raises(EncodingError, match="bar 1 is none of the game's for that place"):
        MINUET.encode(transpose(score, 2))
    with pytest.raises(EncodingError, match="7 bars, expected 16, or 32 with repeats. Cut the piece"):
        MINUET.encode(cut_bars(score, 0, 6))
    with pytest.raises(EncodingError, match="a key of mode minor, expected major"):
        MINUET.grammar(key=KeySignature(0, 0, "minor"))


def test_forms_and_bars_are_the_vocabulary():
    assert VOCABULARY.groups["form"] == FORMS and len(VOCABULARY.groups["bar"]) == 176
