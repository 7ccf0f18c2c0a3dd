import json
import math

import numpy as np
import pytest
import torch

from partimento.errors import ConfigError, TrainingError
from partimento.models.char_rnn import CharRnn, CharRnnConfig
from partimento.training.checkpoint import BEFORE, FILE, load_checkpoint
from partimento.training.loop import MEMORISING, TURNED, Loop, Settings
from partimento.training.next_id import NextId
from partimento.training.record import LOG
from partimento.training.sequences import PieceStream, whole_pieces

VOCABULARY = 9


def pieces(count, seed=0):
    """Scales up and down: easy to learn."""
    random = np.random.default_rng(seed)
    starts, steps = random.integers(0, VOCABULARY, count), random.choice([1, -1], count)
    return [
        ((start + step * np.arange(14 + index % 5)) % VOCABULARY).astype(np.int32)
        for index, (start, step) in enumerate(zip(starts, steps, strict=True))
    ]


def run(folder, *, resume=False, stop=None, facts=None, train=None, lags=(2,), **settings):
    """One run; with `stop` it breaks off after that step, as if killed."""
    torch.manual_seed(0)
    module = CharRnn(CharRnnConfig(VOCABULARY, "lstm", 2, 16, dropout=0.3, lags=lags))
    train = pieces(12) if train is None else train
    made = {"steps": 24, "validate_every": 4, "learning_rate": 1e-2, **settings}

    def after_step(progress):
        if progress.step == stop:
            raise KeyboardInterrupt

    loop = Loop(
        NextId(module, rows=4),
        PieceStream([[piece, (piece + 1) % VOCABULARY] for piece in train], rows=4, time=6, seed=1),
        whole_pieces(pieces(4, 9), rows=4, time=6),
        settings=Settings(**made),
        folder=folder,
        facts={"data": "scales"} if facts is None else facts,
    )
    loop.after_step = after_step
    if stop is None:
        return loop, loop.run(resume=resume)
    with pytest.raises(KeyboardInterrupt):
        loop.run(resume=resume)
    return loop, loop.progress


def everything(folder):
    """All that a run leaves: every tensor, every fact, the log."""
    found = load_checkpoint(folder)
    return {name: tensor.tolist() for name, tensor in found.tensors.items()}, dict(found.facts), (folder / LOG).read_text()


# --- the order of a step


class Watched:
    """A trainable of one number that writes down what happens to it."""

    def __init__(self, log, losses=lambda step: {"one": 1.0}, valid=lambda look: 1.0):
        self.module = torch.nn.Linear(1, 1, bias=False)
        self.log, self._losses, self._valid = log, losses, valid
        self.steps = self.looks = 0

    def losses(self, batch):
        self.log.append("losses")
        self.steps += 1
        return {name: self.module.weight.sum() * 0 + self.module.weight.sum() * value for name, value in self._losses(self.steps).items()}

    def validate(self, batches):
        self.log.append("validate")
        self.looks += 1
        return self._valid(self.looks)

    def state(self):
        return {}

    def restore(self, state):
        assert state == {}


class Nothing:
    epoch = 1

    def next(self):
        return None

    def state(self):
        return {}

    def restore(self, state):
        assert state == {}


def watched(folder, log=None, *, resume=False, losses=lambda step: {"one": 1.0}, valid=lambda look: 1 / look, **settings):
    trainable = Watched([] if log is None else log, losses, valid)
    loop = Loop(trainable, Nothing(), None, settings=Settings(**{"steps": 10, "validate_every": 2, **settings}), folder=folder, facts={})
    return loop, trainable, lambda: loop.run(resume=resume)


def test_a_step_is_zero_losses_backward_clip_step(tmp_path, monkeypatch):
    log = []

    def spy(owner, name, word):
        real = getattr(owner, name)

        def call(*args, **kwargs):
            log.append(word)
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    spy(torch.optim.AdamW, "zero_grad", "zero")
    spy(torch.Tensor, "backward", "backward")
    spy(torch.nn.utils, "clip_grad_norm_", "clip")
    loop, _, go = watched(tmp_path, log, steps=2)
    loop._optimizer.register_step_post_hook(lambda *args: log.append("step"))
    go()
    step = ["zero", "losses", "backward", "clip", "step"]
    assert log == [*step, *step, "validate"]


def test_losses_are_added_up_and_gradients_clipped(tmp_path):
    loop, trainable, go = watched(tmp_path, losses=lambda step: {"one": 30.0, "two": 10.0}, steps=1, clip=0.5)
    norms = []
    loop._optimizer.register_step_pre_hook(lambda *args: norms.append(float(trainable.module.weight.grad.norm())))
    start = trainable.module.weight.sum().item()
    progress = go()
    assert norms == pytest.approx([0.5], rel=1e-4)
    assert progress.train == pytest.approx(40 * start)


def test_the_rate_is_that_of_the_schedule(tmp_path):
    loop, _, go = watched(tmp_path, steps=20)
    rates = []
    loop._optimizer.register_step_pre_hook(lambda optimizer, *args: rates.append(optimizer.param_groups[0]["lr"]))
    go()
    assert rates == [loop.schedule.rate(step) for step in range(20)]


# --- learning


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_one_batch_is_learnt_by_heart(tmp_path, precision):
    one = [np.array([0, 3, 1, 4, 1, 5, 2, 6, 5, 3, 5, 8], np.int32)]
    torch.manual_seed(0)
    module = CharRnn(CharRnnConfig(VOCABULARY, "lstm", 1, 32))
    loop = Loop(
        NextId(module, rows=1),
        PieceStream([one], rows=1, time=11, seed=0),
        whole_pieces(one, rows=1, time=11),
        settings=Settings(150, 2e-2, precision=precision, validate_every=50, weight_decay=0.0),
        folder=tmp_path,
        facts={},
    )
    progress = loop.run()
    assert progress.best < 0.1
    assert progress.ended == "all 150 steps made"


def test_the_best_weights_are_those_that_stay(tmp_path):
    kept = []
    loop, trainable, _ = watched(tmp_path, valid=lambda look: [5.0, 2.0, 3.0, 4.0, 6.0][look - 1], patience=9)
    loop.after_step = lambda progress: kept.append(trainable.module.weight.sum().item())
    progress = loop.run()
    assert (progress.best, progress.best_step, progress.valid) == (2.0, 4, 6.0)
    assert trainable.module.weight.sum().item() == kept[3] != kept[-1]


def test_when_validation_turns_the_run_slows_down_says_so_and_ends(tmp_path):
    loop, _, go = watched(tmp_path, valid=lambda look: abs(look - 5) + 1.0, steps=1000, patience=3, validate_every=10)
    progress = go()
    assert progress.ended == f"validation has not improved since step 50: {MEMORISING}"
    assert MEMORISING == "it is starting to memorise"
    assert loop.schedule.decay_from == 80 and progress.step < 150
    last = json.loads((tmp_path / LOG).read_text().split("\n")[-2])
    assert MEMORISING in last["ended"]


def test_a_run_that_slows_down_early_and_gets_better_says_why_it_is_shorter(tmp_path):
    values = [5.0, 4.0, 4.0, 4.0, 3.5, 3.4, 3.3, 3.2, 3.1, 3.0]
    _, _, go = watched(tmp_path, valid=lambda look: values[min(look, 10) - 1], steps=1000, patience=2, validate_every=10)
    progress = go()
    assert progress.step == 53  # the fall began at step 40 and lasted a third of it
    assert progress.ended == f"all 53 steps made: {TURNED}"


def test_looks_before_the_fall_do_not_end_a_run_within_it(tmp_path):
    values = [1.0] + 6 * [2.0] + 2 * [1.5] + [0.5]  # the fall begins after the seventh look, and helps at the tenth
    loop, _, go = watched(tmp_path, valid=lambda look: values[look - 1], steps=100, patience=7, validate_every=10)
    progress = go()
    assert loop.schedule.decay_from == 70 and progress.ended == "all 100 steps made" and progress.best == 0.5


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_run_and_the_best_is_kept(tmp_path, bad):
    _, _, go = watched(tmp_path, losses=lambda step: {"one": bad if step == 7 else 1.0}, learning_rate=0.5)
    with pytest.raises(
        TrainingError, match=r"step 7: the loss is no number any more; the best weights so far \(step 6\) are kept in .*Lower the"
    ):
        go()
    found = load_checkpoint(tmp_path)
    assert found.facts["progress"]["step"] == 6 and math.isfinite(float(found.tensors["best.weight"]))


def test_a_loss_that_is_no_number_from_the_start(tmp_path):
    _, _, go = watched(tmp_path, losses=lambda step: {"one": math.nan})
    with pytest.raises(TrainingError, match="step 1: the loss is no number any more; no weights were kept yet"):
        go()


def test_a_validation_that_is_no_number_stops_the_run(tmp_path):
    _, _, go = watched(tmp_path, valid=lambda look: math.nan if look == 2 else 1.0)
    with pytest.raises(TrainingError, match="step 4: the validation figure is no number any more; the best weights"):
        go()


# --- stopping and going on


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("stops", [[1], [4], [5, 9, 14], [23]])
def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(tmp_path, precision, stops):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    loop, progress = run(whole, precision=precision)
    for stop in stops:
        run(broken, resume=True, stop=stop, precision=precision)
        torch.rand(17)  # what the process did before does not matter
    again, resumed = run(broken, resume=True, precision=precision)
    assert everything(whole) == everything(broken)
    assert resumed == progress
    weights = loop.trainable.module.state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in again.trainable.module.state_dict().items())


def test_a_run_that_has_ended_stays_as_it_is(tmp_path):
    loop, progress = run(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    again, same = run(tmp_path, resume=True)
    assert same == progress and again.first_step == 24
    assert (tmp_path / FILE).read_bytes() == before
    assert all(
        torch.equal(tensor, again.trainable.module.state_dict()[name]) for name, tensor in loop.trainable.module.state_dict().items()
    )


def test_what_was_logged_after_the_checkpoint_is_dropped(tmp_path):
    run(tmp_path, stop=10)
    with (tmp_path / LOG).open("a") as log:
        log.write('{"step": 12, "valid_nats_per_token": 1}\n{"step": 16, "val')
    run(tmp_path, resume=True)
    steps = [json.loads(line)["step"] for line in (tmp_path / LOG).read_text().splitlines()]
    assert steps == [4, 8, 12, 16, 20, 24]


def test_a_new_run_sets_the_old_one_aside(tmp_path):
    run(tmp_path, stop=10)
    old = (tmp_path / FILE).read_bytes()
    run(tmp_path, stop=2)
    assert (tmp_path / BEFORE).read_bytes() == old
    loop, _ = run(tmp_path, resume=True)
    assert loop.first_step == 0, "the new run had no checkpoint yet, and the old one is not its own"


def test_a_run_can_be_made_longer(tmp_path):
    run(tmp_path, stop=8)
    _, progress = run(tmp_path, resume=True, steps=40, validate_every=8)  # a longer run is looked at less often
    assert (progress.step, progress.ended) == (40, "all 40 steps made")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"facts": {"data": "songs"}}, "was trained with data scales, now songs"),
        ({"facts": {"data": "scales", "network": {"units": 3}}}, r"was trained with network None, now \{'units': 3\}"),
        ({"learning_rate": 0.5}, "was trained with learning_rate 0.01, now 0.5"),
        ({"precision": "bf16"}, "was trained with precision fp32, now bf16"),
        ({"seed": 3}, "was trained with seed 0, now 3"),
    ],
)
def test_another_run_is_not_gone_on_with(tmp_path, change, words):
    run(tmp_path, stop=8)
    with pytest.raises(TrainingError, match=f"{words}. Give the same, or another --out"):
        run(tmp_path, resume=True, **change)


def test_a_damaged_checkpoint_is_said(tmp_path):
    run(tmp_path, stop=8)
    data = bytearray((tmp_path / FILE).read_bytes())
    data[-20] ^= 1
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(TrainingError, match="is damaged"):
        run(tmp_path, resume=True)


@pytest.mark.parametrize("settings", [{"validate_every": 0}, {"patience": 0}, {"clip": 0}, {"weight_decay": -1}, {"accumulate": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError, match="expected validate_every, patience, accumulate and clip above 0"):
        Settings(10, **settings)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ConfigError, match="precision 'fp8': expected fp32 or bf16"):
        Settings(10, precision="fp8")
