"""Parts of something long, kept while it is made."""

import errno
import os

import pytest

from partimento.errors import WriteError
from partimento.files import part_file
from partimento.files.part_file import PartFile


def test_parts_are_there_again(tmp_path):
    first = PartFile(tmp_path / "a.part", "abc")
    assert len(first) == 0
    first.append(b"one" * 100)
    first.append(b"")
    again = PartFile(tmp_path / "a.part", "abc")
    assert [again[number] for number in range(len(again))] == [b"one" * 100, b""]
    again.append(b"three")
    assert PartFile(tmp_path / "a.part", "abc")[2] == b"three"


@pytest.mark.parametrize("lost", [1, 4, 5, 30, 45])
def test_a_part_that_was_being_written_is_left_out(tmp_path, lost):
    parts = PartFile(tmp_path / "a.part", "abc")
    parts.append(b"first")
    parts.append(b"later")
    data = (tmp_path / "a.part").read_bytes()
    (tmp_path / "a.part").write_bytes(data[:-lost])
    again = PartFile(tmp_path / "a.part", "abc")
    assert len(again) == 1 and again[0] == b"first"
    again.append(b"later")
    assert (tmp_path / "a.part").read_bytes() == data


@pytest.mark.parametrize("at", [-1, -6, -40])
def test_a_damaged_part_is_left_out(tmp_path, at):
    PartFile(tmp_path / "a.part", "abc").append(b"first")
    data = bytearray((tmp_path / "a.part").read_bytes())
    data[at] ^= 0x55
    (tmp_path / "a.part").write_bytes(data)
    assert len(PartFile(tmp_path / "a.part", "abc")) == 0


def test_parts_of_something_else_are_given_up(tmp_path):
    PartFile(tmp_path / "a.part", "abc").append(b"first")
    other = PartFile(tmp_path / "a.part", "xyz")
    assert len(other) == 0
    other.append(b"mine")
    assert PartFile(tmp_path / "a.part", "xyz")[0] == b"mine" and len(PartFile(tmp_path / "a.part", "abc")) == 0


def test_a_file_that_keeps_no_parts_is_left_alone(tmp_path):
    (tmp_path / "a.part").write_bytes(b"half a download")
    with pytest.raises(WriteError, match="a.part: is in the way: what is being made is kept there, and this is something else"):
        PartFile(tmp_path / "a.part", "abc")
    (tmp_path / "b.part").mkdir()
    with pytest.raises(WriteError, match="That is a folder"):
        PartFile(tmp_path / "b.part", "abc")
    assert (tmp_path / "a.part").read_bytes() == b"half a download"


@pytest.mark.parametrize("before", [0, 1])
def test_a_full_disk_keeps_the_parts_before(tmp_path, monkeypatch, before):
    parts = PartFile(tmp_path / "a.part", "abc")
    for _ in range(before):
        parts.append(b"first")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(part_file.os, "fsync", full)
    with pytest.raises(WriteError, match="No space left on device.*The disk is full"):
        parts.append(b"x" * 1000)
    monkeypatch.undo()
    assert len(PartFile(tmp_path / "a.part", "abc")) == before and (tmp_path / "a.part").exists() == bool(before)
    parts.append(b"second")
    assert PartFile(tmp_path / "a.part", "abc")[before] == b"second"
