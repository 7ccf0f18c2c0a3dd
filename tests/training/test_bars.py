import numpy as np
import pytest

from little_music import chorale, tune_text
from partimento.encoding.catalog import build_encoding
from partimento.files.abc import read_abc
from partimento.score import KeySignature
from partimento.score.harmony import key_of
from partimento.score.meter import bar_count
from partimento.score.transform import transpose
from partimento.training.bars import Ear, Heard, Knife

TUNE = "X:1\nM:4/4\nL:1/8\nK:G\n|:D2|G2B2 d2B2|c2A2 F2A2|G2B2 d2g2|f2d2 c2:| |:A2|G2B2 d2B2|c2A2 F2A2|A2F2 D2F2|G4 G2:|\n"


def cut(name, score):
    """A score's bars in an encoding, the encoding, and its ids."""
    encoding = build_encoding(name)
    ids = encoding.encode(score)
    return Knife(encoding).cut(ids), encoding, ids


@pytest.mark.parametrize("number", range(6))
def test_a_tune_is_cut_at_its_bar_lines(number):
    bars, encoding, ids = cut("characters", read_abc(tune_text(number).encode(), "tune"))
    texts = ["".join(encoding.vocabulary.symbols[number] for number in bar.ids) for bar in bars]
    assert np.array_equal(np.concatenate([bar.ids for bar in bars]), ids)
    assert len(bars) == 1 + 8
    assert texts[0].startswith("startM:") and texts[0].endswith(("\n", "|:"))
    assert all(text.endswith("|") for text in texts[1:-1]) and texts[-1].endswith("end")
    assert [bar.begins for bar in bars[1:]] == [1 + at * (2 if number % 4 == 1 else 1) for at in range(8)]
    assert all(bar.lawful for bar in bars)


def test_the_first_pickup_stands_with_the_bar_it_leads_to_and_others_alone():
    bars, encoding, _ = cut("characters", read_abc(TUNE.encode(), "tune"))
    texts = ["".join(encoding.vocabulary.symbols[number] for number in bar.ids) for bar in bars]
    assert texts[1] == "D2|G2B2 d2B2|"
    assert texts[4:6] == ["f2d2 c2:| |:", "A2|"]
    assert texts[9] == "G4 G2:|end"
    assert len({bar.joint for bar in bars[1:5]}) == 4  # the form is another in every bar of a section
    assert [bars[at].joint == bars[at + 5].joint for at in (2, 3, 4)] == [True, True, True]  # and comes again in the next


@pytest.mark.parametrize("pickup", [False, True])
def test_a_chorale_is_cut_at_its_bar_lines(pickup):
    score = chorale(1, bars=5, pickup=pickup)
    bars, encoding, ids = cut("chorale", score)
    places = [encoding.vocabulary.symbols[bar.ids[0]] for bar in bars[1:]]
    assert np.array_equal(np.concatenate([bar.ids for bar in bars]), ids)
    assert len(places) == bar_count(score) and all(place in ("0", "0-1", "0-2", "0-3", "0!") or place[0] == "0" for place in places)
    assert [len(bar.ids) for bar in bars[1:-1]] == [80] * (len(bars) - 2)
    assert len(bars[0].ids) == (3 + 20 if pickup else 3)


def test_what_a_grammar_forbids_is_marked():
    bars, encoding, ids = cut("characters", read_abc(tune_text(0).encode(), "tune"))
    broken = ids.copy()
    broken[len(bars[0].ids) + len(bars[1].ids)] = encoding.vocabulary.ids["~"]
    assert [bar.lawful for bar in Knife(encoding).cut(broken)][:3] == [True, True, False]


@pytest.mark.parametrize("name", ["characters", "chorale"])
def test_a_moved_piece_is_cut_like_the_one_it_was_moved_from(name):
    encoding = build_encoding(name)
    knife = Knife(encoding)
    for number in range(4):
        score = chorale(number, bars=4) if name == "chorale" else read_abc(tune_text(number).encode(), "tune")
        bars = knife.cut(encoding.encode(score))
        for move in (2, -3, -5):
            ids = encoding.encode(transpose(score, move))
            like, alone = knife.cut_like(ids, bars, (key_of(score).fifths, move)), Knife(encoding).cut(ids)
            assert [bar.ids.tolist() for bar in like] == [bar.ids.tolist() for bar in alone]
            assert [(bar.begins, bar.ends, bar.lawful) for bar in like] == [(bar.begins, bar.ends, bar.lawful) for bar in alone]


def test_a_piece_with_other_bars_is_cut_by_itself():
    encoding = build_encoding("chorale")
    knife = Knife(encoding)
    long, short = (encoding.encode(chorale(2, bars=bars)) for bars in (6, 4))
    assert [len(bar.ids) for bar in knife.cut_like(short, knife.cut(long), "move")] == [len(bar.ids) for bar in Knife(encoding).cut(short)]


def test_the_ear_hears_the_first_notes_and_the_harmony():
    score = chorale(3, bars=4)
    bars, encoding, _ = cut("chorale", score)
    heard = [Ear(encoding).hear(bars[0], bar, KeySignature(0)) for bar in bars[1:]]
    for at, found in enumerate(heard):
        sounding = sorted(int(track.pitch[track.start == at * 1920][0]) for track in score.tracks)
        assert (found.bass, found.top) == (sounding[0], sounding[-1])
    assert heard[0].moved(3) == heard[0]._replace(top=heard[0].top + 3, bass=heard[0].bass + 3)
    assert Heard().moved(5) == Heard()


def test_the_ear_hears_a_tunes_bar_as_one_harmony():
    bars, encoding, _ = cut("characters", read_abc(TUNE.encode(), "tune"))
    ear = Ear(encoding)
    heard = [ear.hear(bars[0], bar, KeySignature(0, 1)) for bar in bars[1:]]
    assert heard[1].top == heard[1].bass == 72 and heard[2].degree == (0, "major")
    assert heard[7].degree == (7, "major")


def test_half_of_something_is_not_heard():
    encoding = build_encoding("characters")
    bars = Knife(encoding).cut(np.array([encoding.start_id, *(encoding.vocabulary.ids[c] for c in "M:4/4\nK:C\nC8|")], np.int32))
    nothing = bars[1].__class__(np.array([encoding.vocabulary.ids["|"]], np.int32), 1, 2, None, True)
    assert Ear(encoding).hear(bars[0], nothing, KeySignature(0)) == Heard()
