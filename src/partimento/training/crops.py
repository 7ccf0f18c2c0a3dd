"""Pieces into crops of some steps, with what is hidden of each: what the orderless loss learns from.

Half of what a model of this kind is asked for is hidden at random, as published; the rest is what it will be asked for
when it reads a piece from left to right, or puts voices below a given one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray

from partimento.errors import TrainingError
from partimento.models.coconet_cells import FIRST_KEY, OUTSIDE, UNKNOWN, Layout, Sheet, sheet_of
from partimento.models.coconet_inputs import MARGIN
from partimento.training.sequences import NOTHING, Ids

CHRONOLOGICAL = 0.35
"""Share of crops that end at a step of which some voices are known and nothing is known that comes later."""

VOICE_KEPT = 0.3
"""Share of the other crops in which one voice is known from beginning to end."""

LATER_IN_STEP = 0.25
"""What the voices of a step that come after the next one count for, in a chronological crop."""

VOICES_HIDDEN = 1 / 3
"""Share of crops in which the next place is to be said without the voices, as when a piece's plan is drawn first."""


@dataclass(frozen=True)
class Crop:
    """One stretch of music, or with a batch in front of each shape, a batch of them.

    Attributes:
        cells: What stands in each cell, shape (voices, steps).
        seen: What is shown of it, same shape.
        weights: What each cell counts for, same shape; those of a crop add up to 1.
        places: Places that are shown, 0 for none, of the steps and the `MARGIN` before; shape (MARGIN + steps,).
        all_places: The same with all of them, as the network of places hears them.
        metres: Metres that are shown, 0 for none; shape (steps,).
        all_metres: All of them.
        signature: Number of the key signature, shape ().
        follows: Outcome after each step, `NOTHING` outside the piece; shape (steps,).
        hidden: Whether the network of places hears no voices, shape ().
        opening: Number of the piece's first metre and first place, shape (2,).
    """

    cells: NDArray[np.int64]
    seen: NDArray[np.int64]
    weights: NDArray[np.float32]
    places: NDArray[np.int64]
    all_places: NDArray[np.int64]
    metres: NDArray[np.int64]
    all_metres: NDArray[np.int64]
    signature: NDArray[np.int64]
    follows: NDArray[np.int64]
    hidden: NDArray[np.bool_]
    opening: NDArray[np.int64]


def stacked(crops: Sequence[Crop]) -> Crop:
    """Return crops side by side."""
    return Crop(*(np.stack([getattr(crop, entry.name) for crop in crops]) for entry in fields(Crop)))


def outcomes(layout: Layout, sheet: Sheet) -> NDArray[np.int64]:
    """Return what comes after each step, shape (steps,): the end, a metre, or a place; `NOTHING` where a piece is cut off."""
    following = 1 + len(layout.bars) + sheet.places[1:]
    following = np.where(sheet.changes[1:], 1 + sheet.metres[1:], following)
    return np.append(following, 0 if sheet.ended else NOTHING)


def crop_of(layout: Layout, sheet: Sheet, steps: int, random: np.random.Generator) -> Crop:
    """Return `steps` steps of a piece from anywhere, and something of them hidden.

    Args:
        layout: Which id means what.
        sheet: The piece, at least one step long.
        steps: A shorter piece is filled up with nothing.
        random: Where chance comes from.
    """
    length = sheet.places.size
    first = int(random.integers(max(length - steps, 0) + 1))
    real = min(steps, length - first)
    cells = np.full((layout.voices, steps), OUTSIDE, np.int64)
    cells[:, :real] = sheet.cells[:, first : first + real]
    places, metres = np.zeros(MARGIN + steps, np.int64), np.zeros(steps, np.int64)
    before = min(first, MARGIN)
    places[MARGIN - before : MARGIN + real] = 1 + sheet.places[first - before : first + real]
    metres[:real] = 1 + sheet.metres[first : first + real]
    follows = np.full(steps, NOTHING, np.int64)
    follows[:real] = outcomes(layout, sheet)[first : first + real]
    hides = _chronological if random.random() < CHRONOLOGICAL else _orderless
    known, weights, shown = hides(layout.voices, steps, real, random)
    seen = np.where(known, cells, np.where(cells == OUTSIDE, OUTSIDE, UNKNOWN))
    seen[:, 1:] = np.where(known[:, :-1], seen[:, 1:], _plain(seen[:, 1:], layout.keys))
    seen[:, shown:] = OUTSIDE
    shown_places, shown_metres = places.copy(), metres.copy()
    shown_places[MARGIN + shown :] = 0
    shown_metres[shown:] = 0
    return Crop(
        cells,
        seen,
        weights / max(float(weights.sum()), 1e-9),
        shown_places,
        places,
        shown_metres,
        metres,
        np.array(sheet.signature),
        follows,
        np.array(random.random() < VOICES_HIDDEN),
        np.array([sheet.metres[0], sheet.places[0]]),
    )


def _plain(cells: NDArray[np.int64], keys: int) -> NDArray[np.int64]:
    """Cells without the word that a key is struck again."""
    return np.where(cells >= FIRST_KEY + keys, cells - keys, cells)


def _orderless(voices: int, steps: int, real: int, random: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.float32], int]:
    """Any number of cells hidden, all numbers as likely: what is known, what counts, steps shown."""
    order = random.permutation(voices * real).reshape(voices, real)
    known = np.zeros((voices, steps), np.bool_)
    known[:, :real] = order >= random.integers(1, voices * real + 1)
    if random.random() < VOICE_KEPT:
        known[random.integers(voices), :real] = True
    if known[:, :real].all():
        known[random.integers(voices), random.integers(real)] = False
    weights = np.zeros((voices, steps), np.float32)
    weights[:, :real] = ~known[:, :real]
    return known, weights, steps


def _chronological(voices: int, steps: int, real: int, random: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.float32], int]:
    """All known up to some voice of some step, and nothing there after that step."""
    step, voice = int(random.integers(min(steps // 4, real - 1), real)), int(random.integers(voices))
    known = np.zeros((voices, steps), np.bool_)
    known[:, :step] = True
    known[:voice, step] = True
    weights = np.zeros((voices, steps), np.float32)
    weights[voice:, step] = LATER_IN_STEP
    weights[voice, step] = 1
    return known, weights, step + 1


class CropStream:
    """Endless batches of crops, each of a piece in one of its variants, in a new order every epoch.

    Args:
        layout: Which id means what.
        pieces: Piece -> its variants, each ids of shape (length,).
        rows: Crops in a batch.
        steps: Steps of a crop.
        seed: Sets order, variants, places and what is hidden.

    Raises:
        TrainingError: When there is nothing to read, or a piece has no step.
    """

    def __init__(self, layout: Layout, pieces: Sequence[Sequence[Ids]], *, rows: int, steps: int, seed: int) -> None:
        if not pieces or any(len(ids) < 3 + layout.step_ids for variants in pieces for ids in variants):
            raise TrainingError(f"{len(pieces)} pieces to learn from, expected at least one, and a step in each.")
        self._layout, self._pieces, self._rows, self._steps = layout, pieces, rows, steps
        self._random = np.random.default_rng(seed)
        self.epoch = 0
        self._order: list[int] = []
        self._sheet = cache(lambda piece, variant: sheet_of(layout, pieces[piece][variant]))

    def next(self) -> Crop:
        """Return the next batch."""
        return stacked([self._draw() for _ in range(self._rows)])

    def _draw(self) -> Crop:
        """A crop of the next piece; long pieces come more often."""
        if not self._order:
            crops = [max(1, round(len(variants[0]) / (self._layout.step_ids * self._steps))) for variants in self._pieces]
            self._order = [int(piece) for piece in self._random.permutation(np.repeat(np.arange(len(crops)), crops))]
            self.epoch += 1
        piece = self._order.pop()
        sheet = self._sheet(piece, int(self._random.integers(len(self._pieces[piece]))))
        return crop_of(self._layout, sheet, self._steps, self._random)

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""
        return {"random": self._random.bit_generator.state, "epoch": self.epoch, "order": list(self._order)}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""
        self._random.bit_generator.state = state["random"]  # type: ignore[assignment]  # JSON gives back what numpy gave
        self.epoch = int(state["epoch"])  # type: ignore[call-overload]
        self._order = list(state["order"])  # type: ignore[call-overload]


def same_crops(layout: Layout, pieces: Sequence[Ids], *, rows: int, steps: int) -> list[Crop]:
    """Return batches of crops to check on, always the same ones: three of each piece.

    Args:
        layout: Which id means what.
        pieces: Ids of each piece, shape (length,).
        rows: Crops in a batch.
        steps: Steps of a crop.
    """
    random = np.random.default_rng(0)
    crops = [crop_of(layout, sheet_of(layout, ids), steps, random) for ids in pieces for _ in range(3)]
    return [stacked(crops[first : first + rows]) for first in range(0, len(crops), rows)]
