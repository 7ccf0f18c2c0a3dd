import errno
import os

import pytest
import torch

from partimento.errors import TrainingError, WriteError
from partimento.files import whole
from partimento.training.checkpoint import (
    BEFORE,
    FILE,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    set_aside,
)

TENSORS = {
    "model.weight": torch.randn(3, 4),
    "model.half": torch.randn(5).to(torch.bfloat16),
    "best.weight": torch.zeros(2, 0),
    "random": torch.get_rng_state(),
    "optimizer.0.step": torch.tensor(7.0),
}
FACTS = {"step": 7, "stream": {"order": [3, 1], "epoch": 2}, "best": 1.25, "words": "café"}


def test_everything_comes_back(tmp_path):
    save_checkpoint(tmp_path, Checkpoint(TENSORS, FACTS))
    found = load_checkpoint(tmp_path)
    assert found.tensors.keys() == TENSORS.keys()
    assert all(torch.equal(found.tensors[name], tensor) and found.tensors[name].dtype == tensor.dtype for name, tensor in TENSORS.items())
    assert {key: value for key, value in found.facts.items() if key != "format"} == FACTS
    assert found.group("model").keys() == {"weight", "half"}
    assert os.listdir(tmp_path) == [FILE]


def test_no_checkpoint_is_none(tmp_path):
    assert load_checkpoint(tmp_path) is None


def test_any_flipped_bit_is_noticed(tmp_path):
    save_checkpoint(tmp_path, Checkpoint(TENSORS, FACTS))
    data = (tmp_path / FILE).read_bytes()
    step = max(1, len(data) // 400)
    for place in [*range(0, 1200, 3), *range(1200, len(data), step)]:
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        (tmp_path / FILE).write_bytes(damaged)
        with pytest.raises(TrainingError, match=f"{FILE}: (is damaged|format)"):
            load_checkpoint(tmp_path)


@pytest.mark.parametrize("data", [b"", b"\x80\x04K\x01.", b"{}", bytes(200), b"\xff" * 300])
def test_what_is_no_checkpoint_is_refused(tmp_path, data):
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(TrainingError, match="is damaged.*Remove it and train again without --resume"):
        load_checkpoint(tmp_path)


def test_a_checkpoint_cut_short_is_refused(tmp_path):
    save_checkpoint(tmp_path, Checkpoint(TENSORS, FACTS))
    data = (tmp_path / FILE).read_bytes()
    for length in range(0, len(data), 97):
        (tmp_path / FILE).write_bytes(data[:length])
        with pytest.raises(TrainingError, match="is damaged"):
            load_checkpoint(tmp_path)


def test_another_format_is_refused(tmp_path):
    save_checkpoint(tmp_path, Checkpoint(TENSORS, {**FACTS, "format": 99}))
    with pytest.raises(TrainingError, match="format 99, expected 1. Train again without --resume, or use the version that wrote it"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_checkpoint_before_it(tmp_path, monkeypatch, call):
    save_checkpoint(tmp_path, Checkpoint(TENSORS, FACTS))

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(whole.os, call, full)
    with pytest.raises(WriteError, match="The disk is full"):
        save_checkpoint(tmp_path, Checkpoint(TENSORS, {**FACTS, "step": 8}))
    monkeypatch.undo()
    assert load_checkpoint(tmp_path).facts["step"] == 7
    assert os.listdir(tmp_path) == [FILE]


def test_an_old_checkpoint_is_set_aside(tmp_path):
    set_aside(tmp_path)
    assert os.listdir(tmp_path) == []
    save_checkpoint(tmp_path, Checkpoint(TENSORS, FACTS))
    set_aside(tmp_path)
    assert os.listdir(tmp_path) == [BEFORE]
    assert load_checkpoint(tmp_path) is None


def test_a_folder_that_may_not_be_written_is_said(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, Checkpoint(TENSORS, FACTS))

    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(WriteError, match="The folder is read-only"):
        set_aside(tmp_path)
