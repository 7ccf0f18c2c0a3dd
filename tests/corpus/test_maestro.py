"""The set as an archive and as a folder, with three performances in place of 1,276."""

import hashlib
import zipfile
from dataclasses import replace

import pytest

from little_music import chorale
from partimento.corpus.open import open_corpus
from partimento.corpus.sources import DATA_SETS, maestro
from partimento.errors import CorpusError
from partimento.files.midi import midi_bytes

LEFT_OUT = sorted(maestro.ONLY_IN_2)[0]
FILES = {f"2008/{number}.midi": midi_bytes(chorale(number)) for number in range(3)} | {LEFT_OUT: midi_bytes(chorale(3))}
SPLITS = ("train", "validation", "test", "train")
TABLE = (
    "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n"
    + "".join(f'Frédéric Chopin,"Étude, Op. {number}",{part},2008,{name},x.wav,1.0\n'
              for number, (name, part) in enumerate(zip(FILES, SPLITS, strict=True)))
).encode()  # fmt: skip


@pytest.fixture
def pinned(monkeypatch):
    """The little set in place of the large one."""

    def pin(archive=b""):
        monkeypatch.setattr(maestro, "TABLES", dict.fromkeys(maestro.TABLES, hashlib.sha256(TABLE).hexdigest()))
        monkeypatch.setattr(maestro, "MAESTRO", replace(maestro.MAESTRO, files={maestro.ARCHIVE: hashlib.sha256(archive).hexdigest()}))

    pin()
    return pin


def unpacked(folder, table="maestro-v2.0.0.csv"):
    for name, data in {**FILES, table: TABLE}.items():
        (folder / "maestro" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "maestro" / name).write_bytes(data)
    return folder


def archive(path):
    with zipfile.ZipFile(path, "w") as made:
        for name, data in {**FILES, "maestro-v3.0.0.csv": TABLE}.items():
            made.writestr(f"maestro-v3.0.0/{name}", data)
    return path.read_bytes()


def check(corpus):
    assert [(piece.id, piece.split) for piece in corpus.pieces] == [
        (f"Frédéric Chopin: Étude, Op. {number} (2008/{number}.midi)", part) for number, part in enumerate(("train", "valid", "test"))
    ]
    for number, piece in enumerate(corpus.pieces):
        assert piece.read().note_count == chorale(number).note_count
        assert piece.checksum == hashlib.sha256(FILES[piece.source]).hexdigest()
    assert corpus.has_own_split and "CC BY-NC-SA" in corpus.licence


@pytest.mark.parametrize("table", ["maestro-v2.0.0.csv", "maestro-v3.0.0.csv"])
def test_a_folder_it_was_unpacked_to(tmp_path, pinned, table):
    check(open_corpus([f"maestro={unpacked(tmp_path, table)}"]))


def test_the_archive_as_it_was_downloaded(tmp_path, pinned):
    pinned(archive(tmp_path / maestro.ARCHIVE))
    check(open_corpus([f"maestro={tmp_path}"]))
    check(open_corpus([f"maestro={tmp_path / maestro.ARCHIVE}"]))


def test_a_changed_archive_is_refused(tmp_path, pinned):
    archive(tmp_path / maestro.ARCHIVE)
    with pytest.raises(CorpusError, match="maestro-v3.0.0-midi.zip of data set 'maestro' was changed"):
        open_corpus([f"maestro={tmp_path}"])


def test_a_changed_table_is_refused(tmp_path, pinned):
    (unpacked(tmp_path) / "maestro" / "maestro-v2.0.0.csv").write_bytes(TABLE + b"\n")
    with pytest.raises(CorpusError, match=r"maestro-v2.0.0.csv: was changed \(SHA-256 differs\)"):
        open_corpus([f"maestro={tmp_path}"])


def test_a_missing_performance_is_named(tmp_path, pinned):
    (unpacked(tmp_path) / "maestro" / "2008" / "1.midi").unlink()
    with pytest.raises(CorpusError, match="2008/1.midi is missing or cannot be read. Unpack the archive again"):
        open_corpus([f"maestro={tmp_path}"])


def test_nothing_there_is_said_with_the_remedy(tmp_path):
    with pytest.raises(CorpusError, match="holds neither maestro-v3.0.0-midi.zip nor what was in it. Run: partimento corpus"):
        open_corpus([f"maestro={tmp_path}"])


def test_its_split_stays_and_with_others_it_keeps_what_is_held_out(tmp_path, pinned):
    other = tmp_path / "own"
    other.mkdir()
    for number in range(10, 22):
        (other / f"{number}.mid").write_bytes(midi_bytes(chorale(number)))
    corpus = open_corpus([f"maestro={unpacked(tmp_path / 'set')}", str(other)])
    parts = {piece.source: piece.split for piece in corpus.pieces if piece.id.startswith("maestro/")}
    assert parts["2008/1.midi"] == "valid" and parts["2008/2.midi"] == "test"


def test_it_is_one_of_the_named_sets():
    assert DATA_SETS["maestro"].home.startswith("https://") and len(maestro.ONLY_IN_2) == 6
