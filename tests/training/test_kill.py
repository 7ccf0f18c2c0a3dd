"""A training that is killed again and again, and goes on, against one that was not."""

import hashlib
import json
import subprocess
import sys

import pytest

from little_music import tune_folder
from partimento.training.checkpoint import load_checkpoint
from partimento.training.record import LOG

DRIVER = """
import contextlib, io, os, random, signal, sys, time
import torch
from partimento.cli.main import main

folder, whole, broken, precision, kills, seed = sys.argv[1:]
torch.set_num_threads(1)


def train(out):
    child = os.fork()
    if child:
        return child
    with contextlib.redirect_stdout(io.StringIO()):
        os._exit(main(["train", folder, "--size", "tiny", "--steps", "24", "--resume", "--threads", "1",
                       "--precision", precision, "--device", "cpu", "--seed", "3", "--out", out]))


began = time.monotonic()
assert os.waitpid(train(whole), 0)[1] == 0
lasted = time.monotonic() - began
chance = random.Random(int(seed))
for kill in range(int(kills)):
    child = train(broken)
    watch, due = kill % 2, time.monotonic() + chance.uniform(0.1, 0.7) * lasted
    while time.monotonic() < due + watch * lasted:
        if os.waitpid(child, os.WNOHANG)[0]:
            child = 0
            break
        if watch and time.monotonic() > due and any(name.endswith(".tmp") for _, _, names in os.walk(broken) for name in names):
            break
        time.sleep(0.0005)
    if child:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
assert os.waitpid(train(broken), 0)[1] == 0
"""


def killed(tmp_path, *, precision, kills, seed):
    folder = tune_folder(tmp_path / "tunes", 8)
    command = [sys.executable, "-c", DRIVER, folder, tmp_path / "whole", tmp_path / "broken", precision, str(kills), str(seed)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def left(folder):
    """All that tells two runs apart: weights, graph, every tensor and fact of the checkpoint, the log."""
    found = load_checkpoint(folder / "run")
    tensors = {name: hashlib.sha256(tensor.reshape(-1).numpy().tobytes()).hexdigest() for name, tensor in found.tensors.items()}
    files = {name: (folder / name).read_bytes() for name in ("weights.safetensors", "step.onnx", "fingerprints.safetensors", f"run/{LOG}")}
    card = json.loads((folder / "card.json").read_text())
    return tensors, json.dumps(found.facts), files, card["figures"]


def test_a_killed_training_gives_the_very_weights_of_an_unbroken_one(tmp_path):
    killed(tmp_path, precision="fp32", kills=2, seed=1)
    assert left(tmp_path / "whole") == left(tmp_path / "broken")


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_training_killed_many_times(tmp_path, precision):
    killed(tmp_path, precision=precision, kills=25, seed=2)
    assert left(tmp_path / "whole") == left(tmp_path / "broken")
