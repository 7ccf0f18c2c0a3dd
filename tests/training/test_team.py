"""Two processes that train together, beside one that trains alone."""

import json
import os
import subprocess
import sys

import pytest
import torch

from partimento.errors import ConfigError
from partimento.training.team import ALONE, Team

RUN = """
import json, sys
from pathlib import Path
import numpy as np
import torch
from partimento.models.char_rnn import CharRnn, CharRnnConfig
from partimento.models.music_transformer import MusicTransformer, MusicTransformerConfig
from partimento.training.loop import Loop, Settings
from partimento.training.next_id import NextId
from partimento.training.sequences import PieceStream, whole_pieces
from partimento.training.team import Team
from partimento.training.windows import WindowStream, same_windows

torch.set_num_threads(1)
team, out = Team.joined("cpu"), Path(sys.argv[1])
pieces = [[(np.arange(start, start + 9 + start) % 8).astype(np.int32)] for start in range(9)]

def run(name, how, stop=None, resume=False):
    torch.manual_seed(0)
    if how == "lstm":
        module = CharRnn(CharRnnConfig(8, "lstm", 1, 16))
        stream, checks = PieceStream(pieces, rows=4, time=6, seed=1), whole_pieces([each[0] for each in pieces], rows=4, time=6)
    else:
        module = MusicTransformer(MusicTransformerConfig(8, 2, 16, 2, window=8, distances=4, dropout=0.0))
        stream, checks = WindowStream(pieces, rows=4, time=12, seed=1), same_windows([each[0] for each in pieces], rows=3, time=12, most=9)
    trainable = NextId(module, rows=4, team=team)
    trainable.module = team.spread(module, "ddp" if how == "lstm" else how)
    settings = Settings(6, 1e-2, validate_every=2, accumulate=2, optimizer="muon" if "muon" in name else "adamw")
    (out / name).mkdir(exist_ok=True)
    loop = Loop(trainable, stream, checks, settings=settings, folder=out / name, facts={})
    loop.team = team
    losses = []

    def after_step(progress):
        losses.extend(loop._losses[-1:])
        if progress.step == stop:
            raise KeyboardInterrupt

    loop.after_step = after_step
    try:
        progress = loop.run(resume=resume)
    except KeyboardInterrupt:
        return
    if team.leads:
        (out / f"{name}.json").write_text(json.dumps([progress.train, progress.valid, progress.best, losses]))

for name, how, *rest in json.loads(sys.argv[2]):
    run(name, how, *rest)
mean = team.mean(torch.tensor(float(team.rank)))
said = (team.told(f"rank {team.rank}"), mean, [int(found) for found in team.gathered(torch.tensor(team.rank))])
sys.stdout.write(" ".join(map(str, said)) + chr(10))  # at once, or the two would mix
team.leave()
"""


def started(folder, processes, runs):
    """Let some processes make `runs`; return what they printed."""
    script = folder / "run.py"
    script.write_text(RUN)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes > 1 else []
    found = subprocess.run(
        [sys.executable, *torchrun, str(script), str(folder), json.dumps(runs)],
        check=False, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=300,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What two processes made, and what they printed."""
    folder = tmp_path_factory.mktemp("two")
    runs = [["ddp", "ddp"], ["fsdp", "fsdp"], ["lstm", "lstm"], ["broken", "fsdp", 4], ["broken", "fsdp", None, True], ["moved", "ddp", 4]]
    runs += [["muon", "fsdp"], ["muon-moved", "fsdp", 4]]
    return folder, started(folder, 2, runs)


@pytest.fixture(scope="module")
def alone(tmp_path_factory, together):
    """What one process made of the same, going on with what the two had begun."""
    folder = tmp_path_factory.mktemp("one")
    for name in ("moved", "muon-moved"):
        (folder / name).mkdir()
        (folder / name / "checkpoint.safetensors").write_bytes((together[0] / name / "checkpoint.safetensors").read_bytes())
    started(
        folder,
        1,
        [["windows", "ddp"], ["lstm", "lstm"], ["moved", "ddp", None, True], ["muon", "ddp"], ["muon-moved", "ddp", None, True]],
    )
    return folder


def figures(folder, name):
    train, valid, best, losses = json.loads((folder / f"{name}.json").read_text())
    return [train, valid, best, *losses]


@pytest.mark.parametrize(("name", "other"), [("ddp", "windows"), ("fsdp", "windows"), ("lstm", "lstm"), ("muon", "muon")])
def test_two_learn_as_one_does(together, alone, name, other):
    rounding = 1e-3 if name == "muon" else 1e-4  # its own products are in bf16
    assert figures(together[0], name) == pytest.approx(figures(alone, other), rel=rounding)


def test_a_run_of_two_goes_on_from_its_checkpoint(together, alone):
    assert figures(together[0], "broken")[:3] == pytest.approx(figures(alone, "windows")[:3], rel=1e-4)


@pytest.mark.parametrize(("name", "other"), [("moved", "windows"), ("muon-moved", "muon")])
def test_one_goes_on_with_what_two_have_begun(alone, name, other):
    assert figures(alone, name)[:3] == pytest.approx(figures(alone, other)[:3], rel=1e-4)


def test_a_team_speaks_with_one_voice(together):
    lines = together[1].splitlines()
    assert sorted(lines) == ["rank 0 0.5 [0, 1]", "rank 0 0.5 []"]


def test_one_by_itself_changes_nothing():
    layer = torch.nn.Linear(2, 2)
    assert Team.joined("cpu") == ALONE and ALONE.leads
    assert ALONE.spread(layer, "ddp") is layer and ALONE.told(5) == 5 and ALONE.own(7) == slice(0, 7)
    assert ALONE.mean(torch.tensor(1.5)) == 1.5


def test_an_optimiser_comes_back():
    def built():
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        return layer, torch.optim.AdamW(layer.parameters(), 0.1)

    def steps(layer, optimizer, count):
        for step in range(count):
            optimizer.zero_grad()
            (layer(torch.full((1, 3), float(step + 1))) ** 2).sum().backward()
            optimizer.step()

    whole_layer, whole_optimizer = built()
    steps(whole_layer, whole_optimizer, 3)
    first, first_optimizer = built()
    steps(first, first_optimizer, 3)
    second, second_optimizer = built()
    ALONE.set_weights(second, ALONE.weights(first))
    ALONE.set_optimizer(second, second_optimizer, ALONE.optimizer(first, first_optimizer))
    for layer, optimizer in ((whole_layer, whole_optimizer), (second, second_optimizer)):
        steps(layer, optimizer, 3)
    assert torch.equal(whole_layer.weight, second.weight) and torch.equal(whole_layer.bias, second.bias)


def test_rows_that_cannot_be_shared_are_refused():
    with pytest.raises(ConfigError, match=r"5 rows for 2 processes: expected a multiple. Give --rows."):
        Team(0, 2).own(5)


def test_an_unknown_way_to_spread_is_refused():
    with pytest.raises(ConfigError, match="--spread zero: expected ddp or fsdp"):
        ALONE.spread(torch.nn.Linear(1, 1), "zero")
