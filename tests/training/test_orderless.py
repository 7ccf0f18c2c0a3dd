"""Crops with something hidden, and a network that learns to fill them in."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from little_music import chorale
from partimento.corpus.corpus import Corpus, Piece
from partimento.encoding.chorale import Chorale
from partimento.errors import TrainingError
from partimento.models.coconet import Coconet, CoconetConfig
from partimento.models.coconet_cells import FIRST_KEY, OUTSIDE, UNKNOWN, Layout, sheet_of
from partimento.models.coconet_inputs import MARGIN
from partimento.training.crops import CropStream, crop_of, outcomes, same_crops, stacked
from partimento.training.fit import Plan, fit
from partimento.training.orderless import Orderless
from partimento.training.prepare import prepare
from partimento.training.sequences import NOTHING

CHORALE = Chorale()
LAYOUT = Layout.of(len(CHORALE.vocabulary), CHORALE.hints["voices"])
SIZE = {"layers": 2, "channels": 16, "dilations": (1,), "place_units": 16, "span": 8}
STEPS = 24


def sheet(number=0, bars=4):
    return sheet_of(LAYOUT, CHORALE.encode(chorale(number, bars=bars)))


def network():
    torch.manual_seed(0)
    return Coconet(CoconetConfig(len(CHORALE.vocabulary), CHORALE.hints["voices"], **SIZE))


def test_a_crop_counts_what_it_hides_and_only_that():
    random = np.random.default_rng(0)
    kinds = set()
    for number in range(60):
        whole = sheet(number % 4, bars=4 if number % 2 else 1)
        crop = crop_of(LAYOUT, whole, STEPS, random)
        real = crop.cells != OUTSIDE
        assert crop.weights.sum() == pytest.approx(1)
        assert not (crop.weights * (crop.seen != UNKNOWN)).any() and not (crop.weights * ~real).any()
        shown = (crop.seen != UNKNOWN) & (crop.seen != OUTSIDE)
        plain = np.where(crop.cells >= FIRST_KEY + LAYOUT.keys, crop.cells - LAYOUT.keys, crop.cells)
        assert np.all((crop.seen == crop.cells)[shown] | (crop.seen == plain)[shown])
        after_hidden = shown[:, 1:] & (crop.seen[:, :-1] == UNKNOWN)
        assert not np.any(crop.seen[:, 1:][after_hidden] >= FIRST_KEY + LAYOUT.keys)
        last = np.flatnonzero((crop.seen != OUTSIDE).any(axis=0))[-1]
        chronological = last < np.flatnonzero(real.any(axis=0))[-1]
        kinds.add(bool(chronological))
        if chronological:
            assert not crop.places[MARGIN + last + 1 :].any() and not crop.metres[last + 1 :].any()
            assert np.flatnonzero((crop.seen == UNKNOWN).any(axis=0)).tolist() == [last]
    assert kinds == {True, False}


def test_what_follows_is_what_stands_next():
    whole = sheet(0)
    found = outcomes(LAYOUT, whole)
    assert found[-1] == 0 and np.array_equal(found[:-1] - 1 - len(LAYOUT.bars), whole.places[1:])
    assert outcomes(LAYOUT, sheet_of(LAYOUT, CHORALE.encode(chorale(0))[:-1]))[-1] == NOTHING


def test_a_stream_goes_on_where_it_stood():
    pieces = [[CHORALE.encode(chorale(number, shift=shift)) for shift in (0, 2)] for number in range(3)]
    stream, other = (CropStream(LAYOUT, pieces, rows=2, steps=STEPS, seed=seed) for seed in (1, 2))
    stream.next()
    other.restore(stream.state())
    for _ in range(4):
        one, two = stream.next(), other.next()
        assert all(np.array_equal(getattr(one, entry.name), getattr(two, entry.name)) for entry in fields(one))
    assert stream.epoch == other.epoch > 0


def test_a_stream_of_nothing_is_refused():
    with pytest.raises(TrainingError, match="0 pieces to learn from, expected at least one, and a step in each"):
        CropStream(LAYOUT, [], rows=2, steps=STEPS, seed=0)


def test_one_batch_is_learnt():
    random = np.random.default_rng(0)
    batch = stacked([crop_of(LAYOUT, sheet(number), STEPS, random) for number in range(4)])
    trainable = Orderless(network())
    optimizer = torch.optim.Adam(trainable.module.parameters(), 2e-2)
    found = []
    for _ in range(25):
        losses = trainable.losses(batch)
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()
        found.append({name: float(value.detach()) for name, value in losses.items()})
    assert set(found[0]) == {"cells", "places", "opening"}
    assert all(found[-1][name] < 0.8 * found[0][name] for name in found[0])


def test_checking_is_always_the_same():
    trainable = Orderless(network())
    crops = same_crops(LAYOUT, [CHORALE.encode(chorale(number)) for number in range(2)], rows=4, steps=STEPS)
    assert [len(batch.cells) for batch in crops] == [4, 2]
    assert trainable.validate(crops) == trainable.validate(crops) > 0
    assert trainable.state() == {} and trainable.restore({}) is None


def test_a_resumed_run_equals_an_unbroken_one(tmp_path):
    pieces = [Piece(str(number), lambda number=number: chorale(number), "", "", "valid" if number == 0 else "train") for number in range(4)]
    prepared = prepare(Corpus("chorales", tuple(pieces), "", "", ""), CHORALE)
    plan = Plan(
        len(CHORALE.vocabulary), "coconet", SIZE, CHORALE.hints, 6, device="cpu", precision="fp32", threads=1, rows=2, time=5 * STEPS
    )
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = fit(prepared, plan, tmp_path / "whole")

    def stop(progress, graph):
        if progress.step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(prepared, plan, tmp_path / "parts", after_step=stop)
    parts = fit(prepared, plan, tmp_path / "parts", resume=True)
    assert parts.tokens_now < whole.tokens
    assert all(np.array_equal(parts.weights[name], value) for name, value in whole.weights.items())
