import importlib.util
import os
import sys
import types

import pytest

from partimento.errors import ReadError, WriteError
from partimento.files import dispatch
from partimento.files.dispatch import FORMATS, Format, format_of, read, read_bytes, write
from partimento.score import Score


@pytest.fixture
def sketch(monkeypatch):
    """A made-up format `.sketch`: a number of ticks per quarter in letters; `.print` can only be written."""
    module = types.ModuleType("partimento.files.sketch")
    module.read_sketch = lambda data, name: Score(int(data), metadata={"source": name})
    module.sketch_bytes = lambda score: str(score.ticks_per_quarter).encode()
    monkeypatch.setitem(sys.modules, "partimento.files.sketch", module)
    monkeypatch.setitem(FORMATS, ".sketch", Format("sketch", "read_sketch", "sketch_bytes"))
    monkeypatch.setitem(FORMATS, ".print", Format("sketch", None, "sketch_bytes"))


def test_a_score_goes_to_a_file_and_back(tmp_path, sketch):
    path = write(Score(96), tmp_path / "a.sketch")
    assert path == tmp_path / "a.sketch"
    score = read(str(path))
    assert (score.ticks_per_quarter, score.metadata["source"]) == (96, "a.sketch")


def test_suffixes_are_known_in_capitals_too(tmp_path, sketch):
    assert read(write(Score(96), tmp_path / "A.SKETCH")).ticks_per_quarter == 96
    assert format_of("x.MID") == FORMATS[".mid"]
    assert format_of("x") is None
    assert format_of("archive.mid.zip") is None


def test_every_format_has_a_module_of_its_own_and_two_names_in_it():
    for suffix, kind in FORMATS.items():
        assert suffix == suffix.lower() and suffix.startswith(".")
        spec = importlib.util.find_spec(f"partimento.files.{kind.module}")
        assert spec is not None, f"{suffix} names files/{kind.module}.py, which is not there"
        module = importlib.import_module(spec.name)
        for name in (kind.reader, kind.writer):
            assert name is None or callable(getattr(module, name))


@pytest.mark.parametrize("suffix", sorted(suffix for suffix, kind in FORMATS.items() if kind.reader))
def test_an_empty_file_of_any_format_is_one_clear_line(tmp_path, suffix):
    path = tmp_path / f"empty{suffix}"
    path.write_bytes(b"")
    with pytest.raises(ReadError, match=rf"^empty\{suffix}"):
        read(path)


def test_an_unknown_suffix_names_the_nearest(tmp_path):
    with pytest.raises(ReadError, match=r"a\.midd: '\.midd' is no format that can be read; did you mean '\.midi?'"):
        read(tmp_path / "a.midd")
    with pytest.raises(ReadError, match=r"song: '' is no format that can be read; valid are .*\.abc"):
        read("song")


def test_a_format_that_is_only_written_or_only_read_says_so(tmp_path, sketch):
    with pytest.raises(ReadError, match=r"'\.print' is no format that can be read"):
        read(tmp_path / "a.print")
    with pytest.raises(WriteError, match=r"a\.krn: '\.krn' is no format that can be written"):
        write(Score(), tmp_path / "a.krn")
    with pytest.raises(WriteError, match=r"'\.xyz' is no format that can be written"):
        write(Score(), tmp_path / "a.xyz")
    assert os.listdir(tmp_path) == []


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    with pytest.raises(ReadError, match=r"none\.mid: could not be opened \(No such file or directory\)\. Check the path"):
        read(tmp_path / "none.mid")
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(ReadError, match=r"folder\.mid: is a folder, expected a file"):
        read(tmp_path / "folder.mid")


def test_a_pipe_or_a_device_is_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe.mid")
    os.symlink("/dev/zero", tmp_path / "zero.mid")
    for name in ("pipe.mid", "zero.mid"):
        with pytest.raises(ReadError, match="is a pipe or a device, expected a file"):
            read(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads anything")
def test_a_file_one_may_not_read_is_said(tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(ReadError, match="could not be opened"):
        read(path)


def test_a_file_too_large_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "a.mid"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(ReadError, match=r"a\.mid: 5 bytes, expected at most 4\. Cut the file"):
        read_bytes(path, 4)
    with path.open("wb") as file:
        file.truncate(dispatch.LARGEST_FILE_BYTES + 1)
    with pytest.raises(ReadError, match=f"expected at most {dispatch.LARGEST_FILE_BYTES}"):
        read(path)


def test_a_name_of_invalid_bytes_gives_a_printable_message(tmp_path):
    path = os.fsdecode(os.fsencode(str(tmp_path)) + b"/\xff\n.mid")
    with pytest.raises(ReadError, match="could not be opened") as caught:
        read(path)
    assert str(caught.value).isprintable()


def test_a_writer_that_fails_leaves_the_old_file(tmp_path, sketch, monkeypatch):
    path = write(Score(96), tmp_path / "a.sketch")

    def fail(score):
        raise RuntimeError("no ink")

    monkeypatch.setattr(sys.modules["partimento.files.sketch"], "sketch_bytes", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        write(Score(24), path)
    assert path.read_bytes() == b"96"


def test_a_path_that_no_file_can_have_is_an_error(tmp_path):
    with pytest.raises(ReadError, match="could not be opened"):
        read("a\0b.mid")


def test_a_file_that_grows_is_read_no_further(tmp_path, monkeypatch):
    path = tmp_path / "a.mid"
    path.write_bytes(bytes(100))
    monkeypatch.setattr(type(path), "stat", lambda self, **_: os.stat_result((0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0)))
    with pytest.raises(ReadError, match=r"a\.mid: grows while it is read"):
        read_bytes(path, 50)
