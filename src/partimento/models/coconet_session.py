"""The Coconet behind `start` and `step`, and behind `conditionals`, which fills in any place of a piece. No torch.

Read id by id it is asked for each voice in turn what stands there, given the last steps and nothing of what comes: so a piece
has a likelihood in the order of its ids, the chronological one of the paper. One forward pass an id makes that dear.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.models.coconet_cells import (
    FIRST_KEY,
    FIRST_METRE,
    IMPOSSIBLE,
    OUTSIDE,
    REST,
    START,
    UNKNOWN,
    Layout,
    cells_of,
    sheet_of,
)
from partimento.models.coconet_inputs import FACTS, MARGIN
from partimento.models.model import Logits, State
from partimento.models.onnx_session import opened

Ints = NDArray[np.int64]


class CoconetSession:
    """A graph of `coconet_graph` as a model that writes in order, and one that fills in (see `model.Filling`).

    Args:
        graph: The model's bytes.

    Raises:
        ValueError: When it is no such graph.
    """

    def __init__(self, graph: bytes) -> None:
        self._session = opened(graph)
        words = self._session.get_modelmeta().custom_metadata_map.get(FACTS)
        if words is None:
            raise ValueError("the graph does not say how its ids are laid out, expected one of a coconet")
        try:
            facts = json.loads(words)
            self.layout = Layout.of(int(facts["vocabulary"]), facts["voices"])
            self._span, self._reach = int(facts["span"]), int(facts["reach"])
            self._nothing = self._no_rows()
            first, signatures, places = self._ask(["opening.metre", "opening.signature", "opening.place"])
        except (ConfigError, KeyError, TypeError) as error:
            raise ValueError(f"the graph's words on its ids cannot be used ({error})") from error
        except Exception as error:  # onnxruntime's errors share no public base class
            raise ValueError(f"the graph is no coconet's: {str(error).splitlines()[0]}") from error
        self._opening = (first, signatures, places)
        self.vocabulary = self.layout.vocabulary
        self.voices, self.silence = self.layout.voices, self.layout.rest
        self.strikes = np.arange(self.vocabulary)
        self.strikes[self.layout.first_held : self.layout.rest] -= self.layout.keys

    # --- in order

    def start(self, batch: int) -> State:
        """Return the state before the first id: the last steps' cells, places and metres; signature, metre and voices said of the step."""
        layout = self.layout
        return (
            np.full((batch, layout.voices, self._span), OUTSIDE, np.int64),
            np.zeros((batch, MARGIN + 1), np.int64),
            np.zeros((batch, self._span), np.int64),
            np.tile(np.array([-1, 0, 0], np.int64), (batch, 1)),
        )

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece, -1 for a voice that is not known; return logits (batch, vocabulary) and the next state."""
        layout, number = self.layout, np.asarray(ids, np.int64)
        after = self.skip(number, state)
        logits = np.full((number.size, self.vocabulary), IMPOSSIBLE, np.float32)
        signature, metre, said = np.asarray(after[3], np.int64).T
        first, signatures, places = self._opening
        is_metre = (number >= FIRST_METRE) & (number < layout.first_signature)
        is_signature = (number >= layout.first_signature) & (number < layout.first_place)
        logits[number == START, FIRST_METRE : layout.first_signature] = first
        rows = np.flatnonzero(is_metre & (signature < 0))
        logits[rows, layout.first_signature : layout.first_place] = signatures[metre[rows]]
        rows = np.flatnonzero(is_signature)
        logits[rows, layout.first_place : layout.first_struck] = places[metre[rows]]
        in_step = (number >= layout.first_place) | (number < 0)
        self._say_outcome(logits, np.flatnonzero(in_step & (said == layout.voices)), after, changed=False)
        self._say_outcome(logits, np.flatnonzero(is_metre & (signature >= 0)), after, changed=True)
        self._say_voice(logits, np.flatnonzero(in_step & (said < layout.voices)), after)
        return logits, after

    def skip(self, ids: NDArray[np.integer], state: State) -> State:
        """Take one id a piece, -1 for a voice that is not known; return the next state."""
        layout, number = self.layout, np.asarray(ids, np.int64)
        cells, places, metres, facts = (np.array(part, np.int64) for part in state)
        is_metre = (number >= FIRST_METRE) & (number < layout.first_signature)
        is_signature = (number >= layout.first_signature) & (number < layout.first_place)
        facts[is_metre, 1] = number[is_metre] - FIRST_METRE
        facts[is_signature, 0] = number[is_signature] - layout.first_signature
        rows = np.flatnonzero((number >= layout.first_place) & (number < layout.first_struck))
        cells[rows, :, :-1], cells[rows, :, -1] = cells[rows, :, 1:], UNKNOWN
        places[rows, :-1], places[rows, -1] = places[rows, 1:], 1 + number[rows] - layout.first_place
        metres[rows, :-1], metres[rows, -1] = metres[rows, 1:], 1 + facts[rows, 1]
        facts[rows, 2] = 0
        rows = np.flatnonzero(((number >= layout.first_struck) | (number < 0)) & (facts[:, 2] < layout.voices))
        voice = facts[rows, 2]
        key = np.where((number[rows] < 0) | (number[rows] == layout.rest), -1, (number[rows] - layout.first_struck) % layout.keys)
        again = (layout.sounding(cells[rows, voice, -2]) == key) & (number[rows] < layout.first_held)
        sounds = np.where(key < 0, REST, FIRST_KEY + key + layout.keys * again)
        cells[rows, voice, -1] = np.where(number[rows] < 0, UNKNOWN, sounds)
        facts[rows, 2] += 1
        return cells, places, metres, facts

    def _say_voice(self, logits: Logits, rows: Ints, state: State) -> None:
        """Write the logits of the next voice into `rows`."""
        if not rows.size:
            return
        cells, places, metres, facts = (part[rows] for part in state)
        feed = {"cells": cells, "places": places[:, -self._span :], "metres": metres, "signatures": np.maximum(facts[:, 0], 0)}
        keys, again = self._ask(["keys", "again"], feed)
        each, voice = np.arange(rows.size), facts[:, 2]
        before = cells[each, voice, -2]
        logits[rows] = self._voice(keys[each, voice, -1], again[each, voice, -1], self.layout.sounding(before), before == UNKNOWN)

    def _say_outcome(self, logits: Logits, rows: Ints, state: State, *, changed: bool) -> None:
        """Write the logits of what follows a whole step, or a change of metre, into `rows`."""
        if not rows.size:
            return
        layout = self.layout
        cells, places, metres, facts = (np.asarray(part[rows], np.int64) for part in state)
        feed = {"cells": cells[:, :, -2:], "places": places, "metres": metres[:, -1], "signatures": np.maximum(facts[:, 0], 0)}
        (follows,) = self._ask(["follows"], {f"now.{name}": value for name, value in feed.items()})
        if changed:
            may = np.zeros_like(follows, np.bool_)
            may[:, layout.place_outcomes(0)] = True
        else:
            may = layout.may_follow[np.maximum(metres[:, -1] - 1, 0), np.maximum(places[:, -1] - 1, 0)]
        logits[rows[:, None], layout.outcome_ids] = np.where(may, follows, np.float32(IMPOSSIBLE))

    def _voice(self, keys: Logits, again: Logits, before: Ints, open_before: NDArray[np.bool_]) -> Logits:
        """Log chances of what a voice does, as wide as the vocabulary.

        Args:
            keys: Logits of each key and a rest, shape (rows, keys + 1).
            again: Logits that each key is struck again, shape (rows, keys).
            before: Key that sounded before, -1 for none, shape (rows,).
            open_before: Whether it is not known what did; then a hold means a key that goes on should it have sounded.
        """
        layout, wide = self.layout, keys.astype(np.float64)
        wide -= wide.max(axis=1, keepdims=True)
        wide -= np.log(np.exp(wide).sum(axis=1, keepdims=True))
        goes_on = open_before[:, None] | (before[:, None] == np.arange(layout.keys))
        strikes, holds = -np.logaddexp(0, -again.astype(np.float64)), -np.logaddexp(0, again.astype(np.float64))
        logits = np.full((len(keys), self.vocabulary), IMPOSSIBLE, np.float32)
        logits[:, layout.first_struck : layout.first_held] = wide[:, :-1] + np.where(goes_on, strikes, 0)
        logits[:, layout.first_held : layout.rest] = np.where(goes_on, wide[:, :-1] + holds, IMPOSSIBLE)
        logits[:, layout.rest] = wide[:, -1]
        return logits

    # --- in any order

    def opens(self, number: int) -> bool:
        """Return whether what every voice does comes after this id."""
        return self.layout.first_place <= number < self.layout.first_struck

    def conditionals(self, ids: NDArray[np.integer]) -> tuple[Ints, Logits]:
        """Return what stands in each place that is not known, given all that is; see `model.Filling`."""
        layout, sheet = self.layout, sheet_of(self.layout, ids)
        unknown = sheet.cells == UNKNOWN
        key = layout.sounding(sheet.cells)
        before = np.concatenate([np.full((layout.voices, 1), -1), key[:, :-1]], axis=1)
        open_before = np.concatenate([np.zeros((layout.voices, 1), np.bool_), unknown[:, :-1]], axis=1)
        asked = unknown | (open_before & (key >= 0))
        if not asked.any():
            return np.zeros(0, np.int64), np.zeros((0, self.vocabulary), np.float32)
        steps = np.flatnonzero(asked.any(axis=0))
        part = slice(max(int(steps[0]) - self._reach, 0), int(steps[-1]) + 1 + self._reach)
        feed = {"cells": sheet.cells[None, :, part], "places": 1 + sheet.places[None, part], "metres": 1 + sheet.metres[None, part]}
        keys, again = self._ask(["keys", "again"], {**feed, "signatures": np.array([sheet.signature])})
        voice, step = np.nonzero(asked)
        here = step - part.start
        sure = ~unknown[voice, step]
        rows = keys[0, voice, here]
        rows[sure] = IMPOSSIBLE
        rows[sure, key[voice, step][sure]] = 0
        return sheet.at[step] + 1 + voice, self._voice(rows, again[0, voice, here], before[voice, step], open_before[voice, step])

    def settled(self, ids: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return the same piece, holds of a key that does not sound turned into strikes."""
        layout, sheet = self.layout, sheet_of(self.layout, ids)
        result = np.array(ids, np.int32)
        at = sheet.at[None] + 1 + np.arange(layout.voices)[:, None]
        key = layout.sounding(cells_of(layout, result[at].astype(np.int64)))
        lost = (
            (result[at] >= layout.first_held) & (key >= 0) & (np.concatenate([np.full((layout.voices, 1), -1), key[:, :-1]], axis=1) != key)
        )
        result[at[lost]] -= layout.keys
        return result

    # --- the graph

    def _ask(self, outputs: list[str], feed: Mapping[str, NDArray[np.integer]] | None = None) -> list[Any]:
        """Run the graph; the half that is fed nothing has no rows."""
        whole = {name: np.ascontiguousarray(value, np.int64) for name, value in (feed or {}).items()}
        return list(self._session.run(outputs, {**self._nothing, **whole}))

    def _no_rows(self) -> dict[str, Ints]:
        """All inputs without any rows."""
        voices = self.layout.voices
        shapes = {"cells": (0, voices, 1), "places": (0, 1), "metres": (0, 1), "signatures": (0,)}
        now = {"cells": (0, voices, 2), "places": (0, MARGIN + 1), "metres": (0,), "signatures": (0,)}
        return {name: np.zeros(shape, np.int64) for name, shape in {**shapes, **{f"now.{n}": shape for n, shape in now.items()}}.items()}
