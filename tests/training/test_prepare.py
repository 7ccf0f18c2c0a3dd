from dataclasses import replace

import numpy as np
import pytest

from little_music import chorale, tune_text
from partimento.corpus.corpus import Corpus, Piece
from partimento.encoding.characters import Characters
from partimento.encoding.chorale import Chorale
from partimento.encoding.chords import Chords
from partimento.encoding.keys import Keys
from partimento.encoding.performance.performance import Performance
from partimento.errors import CorpusError, ReadError
from partimento.files.abc import read_abc
from partimento.score.tempo import stretch
from partimento.score.transform import transpose
from partimento.training.prepare import prepare


def tune(number):
    return read_abc(tune_text(number).encode(), "tune.abc")


def broken():
    raise ReadError("broken.mid: is broken. Mend it.")


def corpus(**parts):
    pieces = [
        Piece(f"{part}{number}", (lambda made=made: made) if not callable(made) else made, "free", "here", part)
        for part, scores in parts.items()
        for number, made in enumerate(scores)
    ]
    return Corpus("little", tuple(pieces), "free", "", "", {"old.mid": "old.mid: could not be read."})


def test_pieces_become_ids_in_every_key_their_voices_reach():
    prepared = prepare(corpus(train=[chorale(0), chorale(1, shift=2)], valid=[chorale(2)], test=[chorale(3)]), Chorale())
    assert [len(prepared.train), len(prepared.valid), len(prepared.test)] == [2, 1, 1]
    for score, variants in zip((chorale(0), chorale(1, shift=2)), prepared.train, strict=True):
        assert np.array_equal(variants[0], Chorale().encode(score))
        assert len({variant.tobytes() for variant in variants}) == len(variants)
    low, high = min(t.pitch.min() for t in chorale(0).tracks), max(t.pitch.max() for t in chorale(0).tracks)
    highest = max(high, max(t.pitch.max() for t in chorale(1, shift=2).tracks))
    reached = {int(t.pitch.max()) for ids in prepared.train[0] for t in Chorale().decode(ids).tracks}
    assert max(reached) <= highest
    assert prepared.notes("train") == chorale(0).note_count + chorale(1).note_count
    assert low >= 36
    assert [name for name, _ in prepared.scores["train"]] == ["train0", "train1"]


def test_pieces_know_how_far_they_were_moved():
    prepared = prepare(corpus(train=[chorale(0), tune(1), chorale(1, shift=-2)], valid=[chorale(2)]), Chorale())
    assert len(prepared.moves) == 2
    for variants, moves in zip(prepared.train, prepared.moves, strict=True):
        assert moves[0] == 0 and len(set(moves)) == len(moves) == len(variants) > 2
        first, *others = (Chorale().decode(ids).tracks[0].pitch for ids in variants)
        assert [int(other[0] - first[0]) for other in others] == moves[1:]


def test_what_cannot_be_used_is_counted_with_its_reason():
    drums = replace(tune(3), tracks=(replace(tune(3).tracks[0], is_drum=True),))
    prepared = prepare(corpus(train=[tune(0), broken, drums], valid=[tune(1), chorale(0)]), Characters())
    assert prepared.skipped.keys() == {"old.mid", "train1", "train2", "valid1"}
    assert prepared.skipped["train1"] == "broken.mid: is broken. Mend it."
    assert "4 voices" in prepared.skipped["valid1"]
    assert len(prepared.train) == len(prepared.valid) == 1


def test_what_was_repaired_is_told():
    prepared = prepare(
        corpus(train=[tune(0), tune(2).with_warnings("bar 3: short")], valid=[tune(1).with_warnings("a", "b")]), Characters()
    )
    assert prepared.repaired == {"train1": ("bar 3: short",), "valid0": ("a", "b")}


def test_the_hash_is_that_of_the_music():
    one = prepare(corpus(train=[tune(0), tune(2)], valid=[tune(1)]), Characters())
    same = prepare(corpus(train=[tune(0), tune(2)], valid=[tune(1)], test=[tune(5)]), Characters())
    other = prepare(corpus(train=[tune(0), tune(4)], valid=[tune(1)]), Characters())
    assert one.checksum == same.checksum != other.checksum


def test_nothing_to_learn_from_is_said_with_the_first_reason():
    with pytest.raises(
        CorpusError, match=r"no piece to learn from can be used as 'characters' \(2 left out; the first: old.mid: could not be read.\)"
    ):
        prepare(corpus(train=[chorale(0)], valid=[tune(1)]), Characters())


def test_nothing_to_check_on_is_said():
    with pytest.raises(CorpusError, match="no piece to check on can be used as 'characters'"):
        prepare(corpus(train=[tune(0)], valid=[chorale(0)]), Characters())


def test_a_keyboard_has_all_its_keys_whatever_the_corpus_uses():
    top = transpose(chorale(1), 108 - 2 - max(int(track.pitch.max()) for track in chorale(1).tracks))
    prepared = prepare(corpus(train=[chorale(0), top], valid=[chorale(2)]), Keys())
    assert [len(variants) for variants in prepared.train] == [6, 3]
    assert [int(Keys().decode(ids).tracks[0].pitch.max()) for ids in prepared.train[1]] == [106, 107, 108]


def test_a_performance_is_learnt_from_in_other_keys_and_at_other_speeds(tmp_path):
    encoding, score = Performance(lowest=21, highest=108), chorale(0)
    prepared = prepare(corpus(train=[score, chorale(1)], valid=[chorale(2)], test=[chorale(3)]), encoding, folder=tmp_path / "ids")
    assert prepared.moves[0] == [0, 1, -1, 2, -2, 3, -3] * 5
    speeds = [1.0, 0.95, 0.975, 1.025, 1.05]
    for number, (ids, semitones) in enumerate(zip(prepared.train[0], prepared.moves[0], strict=True)):
        made = stretch(transpose(score, semitones), speeds[number // 7])
        assert np.array_equal(ids, encoding.encode(made))
    assert np.array_equal(prepared.test[0], encoding.encode(chorale(3)))
    assert len(list((tmp_path / "ids").iterdir())) == 1
    in_memory = prepare(corpus(train=[score, chorale(1)], valid=[chorale(2)]), encoding)
    assert in_memory.checksum == prepared.checksum
    assert [ids.tolist() for ids in in_memory.train[1]] == [ids.tolist() for ids in prepared.train[1]]


def test_a_view_is_a_sequence(tmp_path):
    prepared = prepare(corpus(train=[chorale(0), chorale(1), chorale(2)], valid=[chorale(3)]), Chorale())
    assert [variants[0].tolist() for variants in prepared.train[1:]] == [prepared.train[1][0].tolist(), prepared.train[2][0].tolist()]
    assert prepared.train[-1][0].tolist() == prepared.train[2][0].tolist()
    with pytest.raises(IndexError):
        prepared.train[3]


def test_an_encoding_learns_from_the_training_pieces_alone():
    first, second, third = chorale(0), chorale(0, bars=5), chorale(1)
    prepared = prepare(corpus(train=[first, second], valid=[third], test=[third]), Chords())
    assert prepared.encoding.options() == Chords().fitted_to([first, second]).options() != Chords().options()
    assert prepared.encoding.options() != Chords().fitted_to([first, second, third, third]).options()
    assert np.array_equal(prepared.valid[0], prepared.encoding.encode(third))
    plain = Chorale()
    assert prepare(corpus(train=[first], valid=[third]), plain).encoding is plain
