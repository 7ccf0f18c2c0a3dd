import numpy as np
import pytest

from partimento.errors import WriteError
from partimento.training import id_files
from partimento.training.id_files import IdFiles


@pytest.mark.parametrize(("vocabulary", "kind"), [(300, 2), (70_000, 4)])
def test_pieces_come_back_from_several_files(tmp_path, monkeypatch, vocabulary, kind):
    monkeypatch.setattr(id_files, "FILE_BYTES", 100 * kind)
    random = np.random.default_rng(0)
    pieces = [random.integers(0, vocabulary, length).astype(np.int32) for length in (60, 50, 1, 300, 20, 99)]
    kept = IdFiles(tmp_path / "ids", vocabulary)
    for piece in pieces:
        kept.append(piece)
    assert len(kept) == len(pieces)
    for number, piece in enumerate(pieces):
        assert kept[number].dtype == np.int32 and np.array_equal(kept[number], piece)
    assert [path.stat().st_size for path in sorted((tmp_path / "ids").iterdir())] == [110 * kind, 301 * kind, 119 * kind]


def test_what_is_added_after_reading_is_read_too(tmp_path):
    kept = IdFiles(tmp_path, 10)
    kept.append(np.arange(5, dtype=np.int32))
    assert kept[0].tolist() == [0, 1, 2, 3, 4]
    kept.append(np.arange(9, dtype=np.int32))
    assert kept[1].tolist() == list(range(9)) and kept[0].tolist() == [0, 1, 2, 3, 4]


def test_what_is_read_is_a_copy(tmp_path):
    kept = IdFiles(tmp_path, 10)
    kept.append(np.arange(5, dtype=np.int32))
    kept[0][:] = 7
    assert kept[0].tolist() == [0, 1, 2, 3, 4]


def test_files_of_an_earlier_run_are_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(id_files, "FILE_BYTES", 1)
    for count in (3, 1):
        kept = IdFiles(tmp_path, 10)
        for _ in range(count):
            kept.append(np.arange(5, dtype=np.int32))
    assert [path.name for path in tmp_path.iterdir()] == ["ids-0000.bin"]


def test_a_full_disk_is_said(tmp_path):
    kept = IdFiles(tmp_path, 10)
    (tmp_path / "ids-0000.bin").symlink_to("/dev/full")
    with pytest.raises(WriteError, match="ids-0000.bin: could not be written"):
        kept.append(np.arange(5, dtype=np.int32))
