"""The Coconet: cells, network, graph and session say the same of the same music."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import onnx
import pytest
import torch

from little_music import chorale
from partimento.encoding.chorale import Chorale
from partimento.encoding.chorale_layout import VOCABULARY, held_id, struck_id
from partimento.errors import ConfigError
from partimento.evaluation.likelihood import likelihood
from partimento.models.char_rnn import CharRnn, CharRnnConfig
from partimento.models.char_rnn_graph import step_graph
from partimento.models.coconet import Coconet, CoconetConfig, Seen
from partimento.models.coconet_cells import FIRST_KEY, IMPOSSIBLE, REST, UNKNOWN, Layout, cells_of, sheet_of
from partimento.models.coconet_graph import cells_graph
from partimento.models.coconet_inputs import FACTS, MARGIN
from partimento.models.coconet_session import CoconetSession
from partimento.models.model import Filling
from partimento.score import TimeSignature

CHORALE = Chorale()
SIZE = {"layers": 4, "channels": 16, "dilations": (1, 2), "place_units": 16, "span": 12}
HINT = CHORALE.hints["voices"]
LAYOUT = Layout.of(len(VOCABULARY), HINT)


def config(**settings):
    return CoconetConfig(len(VOCABULARY), HINT, **{**SIZE, **settings})


@pytest.fixture(scope="module")
def module():
    torch.manual_seed(2)
    made = Coconet(config())
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return made.eval()


def graph_of(module):
    weights = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    return cells_graph(weights, {"vocabulary": len(VOCABULARY), "voices": HINT, **SIZE})


@pytest.fixture(scope="module")
def session(module):
    return CoconetSession(graph_of(module))


@pytest.fixture(scope="module")
def piece():
    """Two bars of three quarters after four bars of four."""
    score = chorale(5, bars=6, pickup=True)
    return CHORALE.encode(replace(score, time_signatures=(*score.time_signatures, TimeSignature(480 + 4 * 1920, 3, 4))))


def test_ids_are_named_as_the_encoding_names_them():
    first = VOCABULARY.first
    assert (LAYOUT.first_signature, LAYOUT.first_place) == (first["key"], first["place"])
    assert (LAYOUT.first_struck, LAYOUT.first_held, LAYOUT.rest) == (first["struck"], first["held"], first["silence"])
    assert LAYOUT.outcome_ids.tolist() == [1, *range(2, 8), *range(first["place"], first["struck"])]


def test_a_layout_that_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="coconet: 9 ids and a hint of voices"):
        Layout.of(9, HINT)
    with pytest.raises(ConfigError, match="expected four voices on a grid, as encoding 'chorale' has them"):
        Layout.of(9, {"tracks": 3})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"layers": 3}, "3 layers of 16"),
        ({"dilations": (0,)}, "dilations are"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"span": 65}, "dropout is 0.0, span 65"),
    ],
)
def test_sizes_that_cannot_be_are_refused(settings, words):
    with pytest.raises(ConfigError, match=f"coconet: {words}"):
        config(**settings)


def test_a_piece_taken_apart(piece):
    sheet = sheet_of(LAYOUT, piece)
    assert sheet.cells.shape == (4, sheet.places.size) and sheet.ended
    assert sheet.changes.sum() == 1 and sheet.metres[np.flatnonzero(sheet.changes)[0]] == 1
    assert np.array_equal(piece[sheet.at] - LAYOUT.first_place, sheet.places)
    rows = piece[sheet.at[None] + 1 + np.arange(4)[:, None]]
    assert np.array_equal(LAYOUT.sounding(sheet.cells), np.where(rows == LAYOUT.rest, -1, (rows - LAYOUT.first_struck) % LAYOUT.keys))
    assert not sheet_of(LAYOUT, piece[:-3]).ended


def test_a_known_cell_tells_nothing_of_one_that_is_not():
    low, high = struck_id(48), held_id(48)
    rows = np.array([[low, high, low, high], [-1, high, low, VOCABULARY.ids["rest"]], [-1, low, -1, low], [low, -1, high, high]])
    key = FIRST_KEY + 48 - 36
    again = key + LAYOUT.keys
    assert cells_of(LAYOUT, rows.astype(np.int64)).tolist() == [
        [key, key, again, key],
        [UNKNOWN, key, again, REST],
        [UNKNOWN, key, UNKNOWN, key],
        [key, UNKNOWN, key, key],
    ]


def test_the_graph_says_what_the_network_says(module, session, piece):
    sheet = sheet_of(LAYOUT, piece)
    cells = np.where(np.random.default_rng(0).random(sheet.cells.shape) < 0.5, UNKNOWN, sheet.cells)
    places = np.concatenate([np.zeros(MARGIN, np.int64), 1 + sheet.places])
    arrays = (cells[None], places[None], 1 + sheet.metres[None], np.array([sheet.signature]))
    seen = Seen(*(torch.from_numpy(array) for array in arrays))
    with torch.no_grad():
        said, follows = module(seen), module.follows(seen).numpy()
        opening = [table.numpy() for table in module.opening()]
    feed = {"cells": cells[None], "places": 1 + sheet.places[None], "metres": 1 + sheet.metres[None], "signatures": arrays[3]}
    keys, again = session._ask(["keys", "again"], feed)
    assert said.keys.std() > 0.1 and np.allclose(keys, said.keys.numpy(), atol=1e-4) and np.allclose(again, said.again.numpy(), atol=1e-4)
    for step in (1, 17, cells.shape[1] - 1):
        feed = {"cells": cells[None, :, step - 1 : step + 1], "places": places[None, step : step + MARGIN + 1]}
        feed |= {"metres": 1 + sheet.metres[None, step], "signatures": arrays[3]}
        (found,) = session._ask(["follows"], {f"now.{name}": value for name, value in feed.items()})
        assert np.allclose(found, follows[:, step], atol=1e-4)
    for name, table in zip(("metre", "signature", "place"), opening, strict=True):
        assert np.array_equal(session._ask([f"opening.{name}"])[0], table)


def test_what_can_follow_adds_up_to_one_and_the_rest_is_impossible(session, piece):
    state = session.start(1)
    for number, following in pairwise(piece):
        logits, state = session.step(np.array([number]), state)
        assert np.isfinite(logits).all() and logits[0, following] > -50
        if number >= LAYOUT.first_place and following >= LAYOUT.first_struck:
            assert np.isclose(np.exp(logits[0].astype(np.float64)).sum(), 1, atol=1e-5)
            held = np.flatnonzero(logits[0, LAYOUT.first_held : LAYOUT.rest] > IMPOSSIBLE)
            assert held.size <= 1


def test_neighbours_change_no_bit(session, piece):
    pieces = [piece, CHORALE.encode(chorale(2)), CHORALE.encode(chorale(3, bars=5, shift=2))]
    together = likelihood(session, pieces)
    assert together.each.tolist() == [likelihood(session, [ids]).nats for ids in pieces]


def test_a_step_is_asked_as_the_network_is_trained(module, session, piece):
    """The fifth step's alto, given all before it and nothing after."""
    ids = piece[: 3 + 4 * 5 + 2]  # head, four steps, a place and its soprano
    state = session.start(1)
    for number in ids:
        logits, state = session.step(np.array([number]), state)
    sheet = sheet_of(LAYOUT, piece)
    cells = sheet.cells[:, :5].copy()
    cells[1:, 4] = UNKNOWN
    places = np.concatenate([np.zeros(MARGIN, np.int64), 1 + sheet.places[:5]])
    seen = (cells[None], places[None], 1 + sheet.metres[None, :5], np.array([sheet.signature]))
    padded = Seen(
        *(torch.from_numpy(np.pad(part, ((0, 0),) * (part.ndim - 1) + ((SIZE["span"] - 5, 0),) if part.ndim > 1 else 0)) for part in seen)
    )
    with torch.no_grad():
        said = torch.log_softmax(module(padded).keys[0, 1, -1], dim=0).numpy()
    key = int(LAYOUT.sounding(sheet.cells)[1, 3])
    both = np.logaddexp(logits[0, LAYOUT.first_struck + key], logits[0, LAYOUT.first_held + key])
    assert np.isclose(both, said[key], atol=1e-3)


def test_conditionals_are_of_what_is_not_known_alone(session, piece):
    sheet = sheet_of(LAYOUT, piece)
    assert isinstance(session, Filling) and session.conditionals(piece)[0].size == 0
    hidden = sheet.at[9] + 1 + np.arange(4)
    blank = np.array(piece)
    blank[hidden] = -1
    places, logits = session.conditionals(blank)
    assert set(hidden) <= set(places.tolist()) <= set(hidden) | set((sheet.at[10] + 1 + np.arange(4)).tolist())
    assert np.allclose(np.exp(logits.astype(np.float64)).sum(axis=1), 1, atol=1e-5)
    for place, row in zip(places, logits, strict=True):
        if place not in hidden:  # its key is known, and only whether it is struck hangs on the one before
            assert set(np.flatnonzero(row > -1e8)) == {int(session.strikes[piece[place]]), int(session.strikes[piece[place]]) + LAYOUT.keys}


def test_what_is_far_away_changes_nothing(session):
    ids = CHORALE.encode(chorale(1, bars=8))
    sheet = sheet_of(LAYOUT, ids)
    blank, other = ids.copy(), ids.copy()
    other[sheet.at[100] + 1] = blank[sheet.at[5] + 1] = -1
    blank[sheet.at[100] + 1] = -1
    alone = np.array(ids)
    alone[sheet.at[5] + 1] = -1
    places, logits = session.conditionals(blank)
    only, said = session.conditionals(alone)
    assert np.allclose(logits[np.isin(places, only)], said, atol=1e-5)


def test_holds_of_what_does_not_sound_become_strikes(session, piece):
    at = sheet_of(LAYOUT, piece).at
    broken = piece.copy()
    broken[at[8] + 1] = held_id(80)
    broken[at[9] + 1] = held_id(80)
    mended = session.settled(broken)
    assert mended[at[8] + 1] == struck_id(80) and mended[at[9] + 1] == held_id(80)
    assert np.array_equal(session.settled(piece), piece)


def test_a_graph_of_another_kind_is_refused(module):
    lstm = CharRnn(CharRnnConfig(9, "lstm", 1, 8))
    other = step_graph({name: tensor.detach().numpy() for name, tensor in lstm.state_dict().items()}, cell="lstm")
    with pytest.raises(ValueError, match="does not say how its ids are laid out"):
        CoconetSession(other)
    named = onnx.load_from_string(other)
    onnx.helper.set_model_props(named, {FACTS: json.dumps({"vocabulary": len(VOCABULARY), "voices": dict(HINT), "span": 4, "reach": 3})})
    with pytest.raises(ValueError, match="the graph is no coconet's: "):
        CoconetSession(named.SerializeToString())
    onnx.helper.set_model_props(named, {FACTS: "{}"})
    with pytest.raises(ValueError, match="the graph's words on its ids cannot be used"):
        CoconetSession(named.SerializeToString())
