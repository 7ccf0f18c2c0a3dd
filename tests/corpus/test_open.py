import json
from dataclasses import replace

import pytest

from little_music import chorale, tune_folder, tune_text
from partimento.corpus import open as opening
from partimento.corpus.corpus import Corpus, Piece, check_split
from partimento.corpus.dataset import DataSet
from partimento.corpus.open import open_corpus
from partimento.encoding.characters import Characters
from partimento.errors import CorpusError
from partimento.files.abc import read_abc
from partimento.files.dispatch import write
from partimento.score.transform import transpose
from partimento.training.prepare import prepare


def tune(number):
    return read_abc(tune_text(number).encode(), "tune.abc")


def parts(corpus):
    return {piece.id: piece.split for piece in corpus.pieces}


# --- folders


def test_a_folder_is_split_fairly(tmp_path):
    corpus = open_corpus([str(tune_folder(tmp_path / "tunes", 20))])
    counts = {part: len(corpus.part(part)) for part in ("train", "valid", "test")}
    assert counts == {"train": 16, "valid": 2, "test": 2}
    assert corpus.name == "tunes"
    assert [piece.id for piece in corpus.pieces] == [f"tune{n:03d}.abc#1" for n in range(20)]
    again = open_corpus([str(tmp_path / "tunes")])
    assert parts(again) == parts(corpus) and again.checksum == corpus.checksum


def test_one_more_file_moves_few_others(tmp_path):
    before = parts(open_corpus([str(tune_folder(tmp_path / "tunes", 30))]))
    after = parts(open_corpus([str(tune_folder(tmp_path / "tunes", 31))]))
    assert sum(after[name] != part for name, part in before.items()) <= 2


def test_another_byte_is_another_hash(tmp_path):
    folder = tune_folder(tmp_path / "tunes", 6)
    before = open_corpus([str(folder)]).checksum
    path = folder / "tune003.abc"
    path.write_text(path.read_text().replace("T:Tune 4", "T:Tune x"))
    assert open_corpus([str(folder)]).checksum != before


def test_folders_below_and_every_kind_of_file_are_found(tmp_path):
    tune_folder(tmp_path / "a" / "b", 3)
    for number, name in enumerate(("one.mid", "two.musicxml", "three.mxl", "four.MID")):
        target = tmp_path / "a" / name
        write(tune(number + 5), target.with_suffix(target.suffix.lower()))
        target.with_suffix(target.suffix.lower()).rename(target)
    (tmp_path / "a" / "readme.txt").write_text("not music")
    corpus = open_corpus([str(tmp_path / "a")])
    assert {piece.id for piece in corpus.pieces} == {
        *(f"b/tune00{n}.abc#1" for n in range(3)),
        "one.mid",
        "two.musicxml",
        "three.mxl",
        "four.MID",
    }


def test_a_tune_book_holds_many_pieces(tmp_path):
    (tmp_path / "book.abc").write_text("\n".join(tune_text(number) for number in range(12)))
    corpus = open_corpus([str(tmp_path / "book.abc")])
    assert [piece.id for piece in corpus.pieces] == [f"book.abc#{n}" for n in range(1, 13)]
    assert len({piece.checksum for piece in corpus.pieces}) == 12


def test_an_empty_folder_is_said(tmp_path):
    with pytest.raises(CorpusError, match=r"holds 0 files, none of them music. Expected files ending in .abc, .csv"):
        open_corpus([str(tmp_path)])


def test_a_folder_without_music_is_said(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    with pytest.raises(CorpusError, match="holds 2 files, none of them music"):
        open_corpus([str(tmp_path)])


def test_one_piece_is_too_little(tmp_path):
    with pytest.raises(CorpusError, match=r"tunes: 1 pieces can be used \(0 left out\), expected at least 2: one to learn from"):
        open_corpus([str(tune_folder(tmp_path / "tunes", 1))])


def test_nothing_but_broken_files_is_too_little(tmp_path):
    for name in ("a.mid", "b.abc", "c.musicxml"):
        (tmp_path / name).write_bytes(b"\x00\x01nonsense")
    with pytest.raises(CorpusError, match=r"0 pieces can be used \(3 left out\), expected at least 2"):
        open_corpus([str(tmp_path)])


def test_copies_of_one_piece_are_too_little(tmp_path):
    for number in range(3):
        write(transpose(tune(4), number), tmp_path / f"{number}.mid")
    with pytest.raises(CorpusError, match="all 3 pieces share one melody, so none is left to check on"):
        open_corpus([str(tmp_path)])


def test_two_pieces_are_enough(tmp_path):
    corpus = open_corpus([str(tune_folder(tmp_path / "tunes", 2))])
    assert sorted(piece.split for piece in corpus.pieces) == ["train", "valid"]


def test_broken_files_among_good_ones_are_counted_each_with_its_reason(tmp_path):
    folder = tune_folder(tmp_path / "mixed", 8)
    (folder / "empty.abc").write_text("")
    (folder / "empty.mid").write_bytes(b"")
    (folder / "prose.abc").write_text("Dear Sir or Madam,\n\nyours\n")
    (folder / "cut.mid").write_bytes(write(tune(9), tmp_path / "whole.mid").read_bytes()[:20])
    (folder / "silent.mid").write_bytes(write(replace(tune(9), tracks=()), tmp_path / "silent.mid").read_bytes())
    (folder / "dir.mid").mkdir()
    (folder / "gone.mid").symlink_to(tmp_path / "nowhere.mid")
    (folder / "short.abc").write_text("X:1\nM:4/4\nL:1/8\nK:C\nC2D2E2F2|G4|A4B4|c8|]\n")
    (folder / "voices.mid").write_bytes(write(chorale(), tmp_path / "voices.mid").read_bytes())
    corpus = open_corpus([str(folder)])
    prepared = prepare(corpus, Characters())
    used = len(prepared.train) + len(prepared.valid) + len(prepared.test)
    files = [path for path in folder.iterdir() if path.name != "dir.mid"]
    assert used + len(prepared.skipped) == len(files) == 16
    assert {"empty.abc", "empty.mid", "prose.abc", "silent.mid", "gone.mid", "voices.mid"} <= prepared.skipped.keys()
    assert all(reason.strip() and "\n" not in reason for reason in prepared.skipped.values())
    assert set(prepared.repaired) <= {"short.abc#1", "cut.mid"}


def test_broken_tunes_of_a_book_are_counted(tmp_path):
    good = [tune_text(number) for number in range(6)]
    (tmp_path / "book.abc").write_text("\n".join([*good[:3], "X:99\nT:No key, no music\n", *good[3:]]))
    corpus = open_corpus([str(tmp_path / "book.abc")])
    assert len(corpus.pieces) + len(corpus.skipped) == 7
    assert len(corpus.pieces) == 6


def test_names_that_are_no_text_do_no_harm(tmp_path):
    folder = tune_folder(tmp_path / "odd", 4)
    (folder / "tune000.abc").rename(folder / b"caf\xe9\n.abc".decode("utf-8", "surrogateescape"))
    corpus = open_corpus([str(folder)])
    assert len(corpus.pieces) == 4 and len(corpus.checksum) == 64
    assert json.dumps(parts(corpus))


# --- one work, one side


def sides(folder):
    return {name.split("#")[0]: part for name, part in parts(open_corpus([str(folder)])).items()}


@pytest.mark.parametrize("shift", [0, 3, -5])
def test_a_tune_and_its_transposition_in_another_file_stand_on_one_side(tmp_path, shift):
    folder = tune_folder(tmp_path / "tunes", 16)
    for number in range(16):
        write(transpose(tune(number), shift), folder / f"z{number:03d}.mid")
    found = sides(folder)
    assert all(found[f"tune{number:03d}.abc"] == found[f"z{number:03d}.mid"] for number in range(16))
    assert set(found.values()) == {"train", "valid", "test"}


def test_short_tunes_are_told_apart_too(tmp_path):
    tune_folder(tmp_path, 12)
    melodies = ["CDEF", "GFED", "CEGc", "cBAG", "DFAd", "EGBe", "CCGG", "AFDC"]
    for number, melody in enumerate(melodies):
        for copy in ("a", "b"):
            (tmp_path / f"short{number}{copy}.abc").write_text(f"X:1\nM:4/4\nL:1/4\nK:C\n{melody}|{melody[0]}4|]\n")
    found = sides(tmp_path)
    assert all(found[f"short{number}a.abc"] == found[f"short{number}b.abc"] for number in range(8))


def test_a_copy_in_another_folder_stands_on_the_same_side(tmp_path):
    one, other = tune_folder(tmp_path / "one", 14), tune_folder(tmp_path / "other", 14)
    found = parts(open_corpus([str(one), str(other)]))
    assert len(found) == 28
    assert all(found[f"one/tune{n:03d}.abc#1"] == found[f"other/tune{n:03d}.abc#1"] for n in range(14))


def test_a_copy_of_a_fixed_test_piece_never_is_learnt_from(tmp_path, monkeypatch):
    fixed = tuple(Piece(f"work{n}", lambda n=n: tune(n), "free", "set", "test" if n < 3 else "train", str(n)) for n in range(6))
    monkeypatch.setattr(opening.music21_chorales, "corpus", lambda: Corpus("music21-chorales", fixed, "free", "", ""))
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(10):
        write(transpose(tune(number), 2), folder / f"mine{number}.mid")
    found = parts(open_corpus(["music21-chorales", str(folder)]))
    for number in range(3):
        assert found[f"music21-chorales/work{number}"] == found[f"mine/mine{number}.mid"] == "test"
    for number in range(3, 6):
        assert found[f"music21-chorales/work{number}"] == found[f"mine/mine{number}.mid"]


# --- several names


def test_two_folders_of_one_name_are_told_apart(tmp_path):
    tune_folder(tmp_path / "a" / "tunes", 5)
    for number in range(5, 10):
        target = tmp_path / "b" / "tunes" / f"tune{number - 5:03d}.abc"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(tune_text(number))
    corpus = open_corpus([str(tmp_path / "a" / "tunes"), str(tmp_path / "b" / "tunes")])
    assert len(parts(corpus)) == 10
    assert corpus.name == "tunes+tunes (2)"


def test_the_same_folder_twice_is_read_once(tmp_path):
    folder = str(tune_folder(tmp_path / "tunes", 6))
    assert parts(open_corpus([folder, folder])) == parts(open_corpus([folder]))


def test_corpora_add_up_with_what_is_to_be_said_of_them():
    piece = Piece("a", lambda: tune(0), "free", "x", "train")
    one = Corpus("one", (piece,), "MIT.", "Somebody.", "Ship it.", {"bad.mid": "broken"})
    other = Corpus("other", (replace(piece, split="valid"),), "CC0.", "Somebody.", "Keep it.")
    both = one + other
    assert parts(both) == {"one/a": "train", "other/a": "valid"}
    assert (both.name, both.licence, both.citation, both.weights) == ("one+other", "MIT. CC0.", "Somebody.", "Ship it. Keep it.")
    assert both.skipped == {"one/bad.mid": "broken"}
    assert check_split(both) is both


@pytest.mark.parametrize("missing", ["train", "valid"])
def test_a_corpus_without_a_part_is_refused(missing):
    other = "valid" if missing == "train" else "train"
    corpus = Corpus("odd", (Piece("a", lambda: tune(0), "", "", other),), "", "", "")
    with pytest.raises(CorpusError, match="odd: . pieces to learn from and . to check on, expected at least one of each"):
        check_split(corpus)


# --- names


def test_no_name_is_refused():
    with pytest.raises(CorpusError, match="no corpus given. Name a folder of MIDI, ABC, MusicXML or kern files"):
        open_corpus([])
    with pytest.raises(CorpusError, match="no corpus given"):
        open_corpus([""])


@pytest.mark.parametrize(
    ("name", "nearest"), [("notingham", "nottingham"), ("music21-chorale", "music21-chorales"), ("irsh=somewhere", "irish")]
)
def test_a_wrong_name_names_the_nearest(tmp_path, monkeypatch, name, nearest):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        CorpusError, match=f"corpus '{name.split('=')[0]}': neither a folder nor a named data set; did you mean '{nearest}'"
    ):
        open_corpus([name])


SET = DataSet("little", "two tunes", "CC0", "Nobody", "Ship it.", "http://127.0.0.1:9", {"abc/one.abc": "", "abc/two.abc": ""})


@pytest.fixture
def little(monkeypatch, tmp_path):
    """A named set of two tune books, kept in a folder."""
    import hashlib  # noqa: PLC0415

    folder = tmp_path / "kept" / "deep"
    folder.mkdir(parents=True)
    files = {}
    for name, numbers in (("one", range(4)), ("two", range(4, 9))):
        data = "\n".join(tune_text(number) for number in numbers).encode()
        (folder / f"{name}.abc").write_bytes(data)
        files[f"abc/{name}.abc"] = hashlib.sha256(data).hexdigest()
    made = replace(SET, files=files, tidy=lambda score: score.with_metadata(tidy="yes"))
    monkeypatch.setitem(opening.DATA_SETS, "little", made)
    return tmp_path / "kept"


def test_a_set_kept_elsewhere_is_found_by_content(little):
    corpus = open_corpus([f"little={little}"])
    assert (corpus.name, corpus.licence, corpus.weights, len(corpus.pieces)) == ("little", "CC0", "Ship it.", 9)
    assert all(piece.read().metadata["tidy"] == "yes" for piece in corpus.pieces)


def test_a_set_is_looked_for_in_the_data_folder(little, monkeypatch, tmp_path):
    monkeypatch.setenv("PARTIMENTO_DATA", str(tmp_path / "data"))
    with pytest.raises(CorpusError, match=r"abc/one.abc of data set 'little' is missing. Run: partimento corpus download little"):
        open_corpus(["little"])
    (tmp_path / "data").mkdir()
    little.rename(tmp_path / "data" / "little")
    assert len(open_corpus(["little"]).pieces) == 9


def test_a_changed_file_of_a_set_is_refused(little):
    path = little / "deep" / "two.abc"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(CorpusError, match="abc/two.abc of data set 'little' was changed. Run: partimento corpus download little"):
        open_corpus([f"little={little}"])


def test_a_missing_folder_of_a_set_is_refused(little):
    with pytest.raises(CorpusError, match="abc/one.abc of data set 'little' is missing"):
        open_corpus([f"little={little}/nowhere"])
