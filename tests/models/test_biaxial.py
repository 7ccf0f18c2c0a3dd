from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from little_music import chorale
from partimento.encoding.pianoroll import PianoRoll
from partimento.errors import ConfigError
from partimento.models import biaxial_inputs as inputs
from partimento.models.biaxial import IMPOSSIBLE, Biaxial, BiaxialConfig
from partimento.score.transform import transpose
from partimento.training.networks import build_network

ROLL = PianoRoll(40, 80)
FRAME = ROLL.hints["frame"]
SETTINGS = {"time_units": (12, 10), "note_units": (9, 8), "dropout": 0.0}


def network(roll=ROLL, **settings):
    torch.manual_seed(0)
    hints = {name: roll.hints[name] for name in ("frame", "lowest", "metres")}
    module = Biaxial(BiaxialConfig(len(roll.vocabulary), **hints, **{**SETTINGS, **settings})).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return module


def whole_frames(*pieces):
    """Ids of pieces, cut to the whole frames of the shortest; the end is left out."""
    length = min(len(piece) for piece in pieces) // FRAME * FRAME
    return torch.tensor(np.array([piece[:length] for piece in pieces]), dtype=torch.long)


@pytest.fixture(scope="module")
def ids():
    return whole_frames(ROLL.encode(chorale(1, bars=2)), ROLL.encode(chorale(2, bars=2, pickup=True)))


def log_chances(module, ids):
    with torch.no_grad():
        return torch.log_softmax(module(ids, module.start(len(ids)))[0], dim=2)


@pytest.mark.parametrize("invariant", [False, True])
def test_reading_in_parts_is_reading_at_once(ids, invariant):
    module = network(invariant=invariant)
    with torch.no_grad():
        whole, last = module(ids, module.start(2))
        state, parts = module.start(2), []
        for piece in ids.split([FRAME, 5 * FRAME, ids.shape[1] - 6 * FRAME], dim=1):
            logits, state = module(piece, state)
            parts.append(logits)
    assert whole.shape == (*ids.shape, len(ROLL.vocabulary))
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)
    assert all(torch.allclose(a.float(), b.float(), atol=1e-5) for a, b in zip(state, last, strict=True))


def test_what_comes_later_changes_nothing_before(ids):
    module = network()
    before = log_chances(module, ids)
    for place in (3 * FRAME, 3 * FRAME + 1, 3 * FRAME + 20, 4 * FRAME - 1):
        other = ids.clone()
        other[:, place:] = ids.flip(0)[:, place:]
        other[:, place] = len(ROLL.vocabulary) - 1 if place % FRAME > 1 else other[:, place]
        after = log_chances(module, other)
        assert torch.equal(before[:, :place], after[:, :place]), place


@pytest.mark.parametrize("place", [4 * FRAME, 4 * FRAME + 6, 5 * FRAME - 1])
def test_every_key_is_heard_by_the_keys_above_and_by_the_next_frame(ids, place):
    module, other = network(), ids.clone()
    silent = len(ROLL.vocabulary) - 3
    other[:, place] = torch.where(ids[:, place] == silent, silent + 2, silent)
    before, after = log_chances(module, ids), log_chances(module, other)
    changed = (before - after).abs().amax(dim=(0, 2)) > 0
    assert not changed[:place].any()
    keys = slice(place, -(-place // FRAME) * FRAME)  # the keys above in this frame; the next id is a place, which hears no single key
    assert changed[keys].all()
    assert changed[keys.stop + 1 : keys.stop + 10].any()  # the next frame's lowest keys


def test_chances_are_chances_and_what_a_piece_does_is_possible(ids):
    chances = log_chances(network(), ids)
    assert torch.allclose(chances.exp().sum(dim=2), torch.ones(ids.shape), atol=1e-5)
    following = chances[:, :-1].gather(2, ids[:, 1:, None])
    assert following.min() > -100


def test_a_hold_of_what_did_not_sound_and_a_place_out_of_turn_are_impossible(ids):
    chances, first = log_chances(network(), ids), len(ROLL.vocabulary) - 3
    keys = (ids[:, 1:] >= first).nonzero().tolist()[:: FRAME // 3]
    for row, at in keys:
        before = at - FRAME  # the same key in the last frame
        sounded = before >= 0 and int(ids[row, before + 1]) > first
        assert (float(chances[row, at, first + 1]) > -100) == sounded
    assert chances[:, 0, 2:first].min() > -100  # a piece may begin anywhere, but not end
    assert chances[:, 0, :2].max() < IMPOSSIBLE / 2
    assert float(chances[0, FRAME, ROLL.vocabulary.ids["4/4:1"]]) == 0  # within a bar the next place is certain
    bar = chances[0, 16 * FRAME]
    assert bar[1:first].min() > -100 and bar[0] < IMPOSSIBLE / 2 and bar[first:].max() < IMPOSSIBLE / 2


def test_the_cheap_loss_is_the_loss(ids):
    module = network()
    given, targets = ids[:, :-FRAME], ids[:, 1 : 1 - FRAME].clone()
    targets[1, -30:] = -1
    with torch.no_grad():
        logits, state = module(given, module.start(2))
        expected = cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="sum")
        found, after = module.nats(given, targets, module.start(2))
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(state, after, strict=True))


def test_the_end_costs_what_its_logit_says(ids):
    module = network()
    targets = torch.full_like(ids, -1)
    targets[0, 16 * FRAME] = ROLL.vocabulary.ids["end"]
    with torch.no_grad():
        found, _ = module.nats(ids, targets, module.start(2))
    assert float(found) == pytest.approx(-float(log_chances(module, ids)[0, 16 * FRAME, ROLL.vocabulary.ids["end"]]), rel=1e-5)


@pytest.mark.parametrize("invariant", [False, True])
def test_transposed_music_is_remembered_alike_by_the_invariant_one_alone(invariant):
    module = network(PianoRoll(24, 103), invariant=invariant)
    encoding = PianoRoll(24, 103)
    pieces = [encoding.encode(transpose(chorale(3, bars=2), shift)) for shift in (0, 3)]
    frame = encoding.hints["frame"]
    ids = torch.tensor(np.array(pieces))[:, : 30 * frame].long()
    middle = log_chances(module, ids).unflatten(1, (-1, frame))[:, :, 1:]  # (piece, frames, keys, vocabulary)
    with torch.no_grad():
        heard = module._heard(torch.zeros(1, 1, 80, dtype=torch.long), torch.zeros(1, 1, 4))
    assert torch.equal(heard[0, 0, 0], heard[0, 0, 40]) == invariant
    low, high = middle[0, :, 30:50, -3:], middle[1, :, 33:53, -3:]
    if not invariant:
        assert not torch.allclose(low, high, atol=1e-3)
        return
    with torch.no_grad():  # the axis of notes counts keys from the bottom, so what it hears is compared
        memory = module.along_time(
            torch.zeros(1, 2, 80, dtype=torch.long).index_fill(2, torch.tensor([40]), 2), torch.zeros(1, 2, 4), module.start(1)[:4]
        )[0]
        moved = module.along_time(
            torch.zeros(1, 2, 80, dtype=torch.long).index_fill(2, torch.tensor([43]), 2), torch.zeros(1, 2, 4), module.start(1)[:4]
        )[0]
    assert torch.allclose(memory[:, :, 30:50], moved[:, :, 33:53], atol=1e-6)


def test_dropout_acts_in_training_alone(ids):
    module = network(dropout=0.5)
    assert torch.equal(log_chances(module, ids), log_chances(module, ids))
    module.train()
    assert not torch.equal(log_chances(module, ids), log_chances(module, ids))


def test_two_values_a_key_are_enough_for_a_roll_without_articulation():
    places = sum(inputs.bar_steps(metre) for metre in ("4/4", "3/4"))
    module = Biaxial(BiaxialConfig(2 + places + 2, 13, 60, ("4/4", "3/4"), articulate=False, **SETTINGS)).eval()
    ids = torch.tensor([[0, 2, *[30, 31] * 6, 3, *[31, 30] * 6]])[:, :26]
    chances = log_chances(module, ids)
    assert torch.allclose(chances.exp().sum(dim=2), torch.ones(1, 26), atol=1e-5)
    assert chances[0, 1, 30:].min() > -10
    assert module.time[0].weight_ih_l0.shape[1] == 13 + 25 + 12 + 4


def test_what_keys_hear_reaches_the_output_from_the_first():
    torch.manual_seed(0)
    module = network(time_units=(48, 48), note_units=(24, 12)).train()
    ids = whole_frames(ROLL.encode(chorale(1, bars=2)))[:, : 9 * FRAME]
    total, _ = module.nats(ids[:, :-FRAME], ids[:, 1 : 1 - FRAME], module.start(1))
    total.backward()
    hearing, saying = (float(layer.norm()) for layer in (module.time[0].weight_ih_l0.grad, module.output.weight.grad))
    assert hearing > 0.5 * saying  # without normalisation a quarter, and a thousandth after some steps


def test_it_learns_a_piece_by_heart():
    torch.manual_seed(0)
    module = network(time_units=(32,), note_units=(32,)).train()
    ids = whole_frames(ROLL.encode(chorale(1, bars=2)))[:, : 6 * FRAME]
    optimizer = torch.optim.Adam(module.parameters(), 4e-2)
    losses = []
    for _ in range(30):
        total, _ = module.nats(ids[:, :-FRAME], ids[:, 1 : 1 - FRAME], module.start(1))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append(float(total.detach()))
    assert losses[-1] < 0.2 * losses[0]


# --- what it hears


def test_the_inputs_of_a_note_are_the_published_80():
    module = network()
    before = torch.zeros(1, 1, 41, dtype=torch.long)
    before[0, 0, [20, 24, 27]] = torch.tensor([1, 2, 2])  # C, E, G on keys 60, 64, 67
    heard = module._heard(before, torch.tensor([[[-1.0, 1, 1, -1]]]))[0, 0]
    assert heard.shape == (41, 79)  # 80 as published, the last of which is always 0
    c, e = heard[20], heard[24]
    assert c[0] == pytest.approx(60 / 127)
    assert c[1:13].tolist() == [1] + [0] * 11
    assert [int(at) - 12 for at in c[13:38].nonzero()] == [0, 4, 7]
    assert [int(at) - 12 for at in c[38:63].nonzero()] == [4, 7]
    assert [int(at) - 12 for at in e[13:38].nonzero()] == [-4, 0, 3]
    assert [int(at) for at in c[63:75].nonzero()] == [0, 4, 7]
    assert [int(at) for at in e[63:75].nonzero()] == [0, 3, 8]
    assert c[75:].tolist() == [-1, 1, 1, -1]


def test_beats_of_common_time_are_the_bits_of_the_sixteenth():
    expected = [[2 * (step >> bit & 1) - 1 for bit in range(4)] for step in range(16)]
    assert inputs.beats(("4/4",)).tolist() == [*expected, [0, 0, 0, 0]]


@pytest.mark.parametrize("metre", ["2/4", "3/4", "3/8", "6/8", "9/16", "2/2", "5/4"])
def test_beats_tell_the_places_of_a_bar_apart(metre):
    rows = inputs.beats((metre,))[:-1]
    assert np.abs(rows).max() == 1
    assert len(np.unique(rows, axis=0)) >= min(len(rows), 12)


def test_the_middle_of_three_is_nought():
    three, compound = inputs.beats(("3/4",)), inputs.beats(("6/8",))
    assert three[:12:4, 3].tolist() == [-1, 0, 1]
    assert compound[:6:2, 1].tolist() == [-1, 0, 1]
    assert compound[::6, 3].tolist() == [-1, 1, 0]  # the last row is no place


def test_places_follow_each_other():
    may = inputs.may_follow(("2/4", "3/8"))
    assert may.shape == (15, 15)
    assert np.flatnonzero(may[0]).tolist() == [2]
    assert may[7].all() and may[13].all()
    assert np.flatnonzero(~may[14]).tolist() == [0]


# --- what it refuses


def test_ids_that_are_no_whole_frames_are_refused(ids):
    module = network()
    with pytest.raises(ConfigError, match=f"7 ids, expected a whole number of frames of {FRAME}"):
        module(ids[:, :7], module.start(2))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"vocabulary": 99}, "99 ids, 42 a frame, metres 4/4.* expected frames of a place and keys, as encoding 'pianoroll'"),
        ({"metres": ()}, "metres none; expected frames"),
        ({"time_units": ()}, r"time_units are \(\), expected 1 to 4 widths"),
        ({"note_units": (8, 4)}, r"note_units are \(8, 4\), expected"),
        ({"dropout": 1.0}, "dropout is 1.0, expected 0 to below 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, words):
    config = network().config
    with pytest.raises(ConfigError, match=words):
        replace(config, **settings)


def test_another_encoding_is_refused_with_a_remedy():
    with pytest.raises(ConfigError, match="Use --encoding pianoroll, or a char_rnn for this encoding"):
        build_network("biaxial", 98, {}, {"lags": (1,)})
