import errno
import os
import stat
import threading

import pytest

from partimento.errors import WriteError
from partimento.files import whole
from partimento.files.whole import UNFINISHED, make_folder, sweep, write_error, write_whole


def test_bytes_arrive_and_the_path_comes_back(tmp_path):
    path = write_whole(tmp_path / "a.mid", b"\x00\xff" * 1000)
    assert path == tmp_path / "a.mid"
    assert path.read_bytes() == b"\x00\xff" * 1000
    assert os.listdir(tmp_path) == ["a.mid"]


def test_an_old_file_is_replaced_and_a_reader_of_it_keeps_the_old_bytes(tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_whole(path, b"new!")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new!"


def test_permissions_are_those_of_a_new_file_and_the_mask_stays(tmp_path):
    old = os.umask(0o027)
    try:
        path = write_whole(tmp_path / "a.mid", b"x")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(old)


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failure_at_any_step_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, code):
    path = tmp_path / "a.mid"
    path.write_bytes(b"old")

    def fail(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(whole.os, step, fail)
    with pytest.raises(WriteError, match=os.strerror(code)) as caught:
        write_whole(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.mid"]
    assert ("The disk is full" in str(caught.value)) == (code == errno.ENOSPC)
    assert "\n" not in str(caught.value)


def test_a_killed_writer_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.mid"
    path.write_bytes(b"old")

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(whole.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.mid"]


def test_what_killed_writers_left_is_swept_away_and_nothing_else(tmp_path):
    kept = {"a.mid", ".hidden", ".own.tmp", "x.partimento.tmp"}
    for name in (*kept, f".a.mid.x1{UNFINISHED}"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / f".bundle.x2{UNFINISHED}").mkdir()
    (tmp_path / f".bundle.x2{UNFINISHED}" / "card.json").write_bytes(b"x")
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_a_missing_folder_a_file_for_a_folder_and_a_folder_for_a_file_are_said(tmp_path):
    with pytest.raises(WriteError, match=r"could not be written \(No such file.*The folder does not exist"):
        write_whole(tmp_path / "none" / "a.mid", b"x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WriteError, match="A part of the path is a file, not a folder"):
        write_whole(tmp_path / "file" / "a.mid", b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WriteError, match=r"That is a folder\. Give a file name"):
        write_whole(tmp_path / "folder", b"x")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


@pytest.mark.parametrize("code", sorted(whole._REMEDY))
def test_each_refusal_of_the_system_has_its_remedy(tmp_path, code):
    error = write_error(tmp_path / "a.mid", OSError(code, os.strerror(code)))
    assert str(error) == f"{tmp_path / 'a.mid'}: could not be written ({os.strerror(code)}). {whole._REMEDY[code]}"


def test_an_unknown_refusal_still_says_what_to_check(tmp_path):
    assert "Check the path and the disk" in str(write_error(tmp_path / "a", OSError("odd")))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_folder_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(WriteError, match="The folder may not be written"):
        write_whole(tmp_path / "a.mid", b"x")


def test_long_and_strange_names_are_written(tmp_path):
    for name in ("n" * 240 + ".mid", "音" * 60 + ".mid", "a b\t'\".mid", ".hidden"):
        assert write_whole(tmp_path / name, name.encode()).read_bytes() == name.encode()


def test_writers_at_the_same_time_leave_one_whole_file(tmp_path):
    path = tmp_path / "a.mid"
    contents = [bytes([n]) * 50_000 for n in range(8)]
    threads = [threading.Thread(target=write_whole, args=(path, data)) for data in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert os.listdir(tmp_path) == ["a.mid"]


def test_a_folder_is_made_with_those_above_it_and_may_exist(tmp_path):
    folder = make_folder(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert make_folder(folder) == folder
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WriteError, match=r"could not be written \(File exists\)"):
        make_folder(tmp_path / "file")
    with pytest.raises(WriteError, match="A part of the path is a file"):
        make_folder(tmp_path / "file" / "b")


@pytest.mark.parametrize("make", [make_folder, lambda path: write_whole(path, b"")])
def test_a_path_that_nothing_can_have_is_an_error(make, tmp_path):
    with pytest.raises(WriteError, match="could not be written"):
        make(tmp_path / "a\0b")


def test_a_file_in_place_of_a_folder_is_said(tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(WriteError, match="A file of that name stands there"):
        make_folder(tmp_path / "out")
