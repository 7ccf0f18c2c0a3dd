"""Any number of voices on a 16th grid: the keys that sound in each step, from high to low, struck or held on.

    start 4/4 pickup0 C major  new67 new64 new60 | held67 held64 held60 | ... end

Source: the events of Magenta's Polyphony RNN (2016; after Liang's BachBot): START, NEW_NOTE, CONTINUED_NOTE, STEP_END,
END, keys of one step by falling pitch, struck and held mixed. Differs: metre, pickup and key are said at the head, so that
bars can be counted; the last bar is written out; keys 21 to 108 in place of 0 to 127.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.grid_layout import (
    END,
    GRID,
    HEAD,
    HEAD_GROUPS,
    START,
    Head,
    Metre,
    grid_score,
    head_of,
    key_id,
    on_grid,
    read_head,
)
from partimento.encoding.polyphony_grammar import FIRST_NEW, STEP, PolyphonyGrammar
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score import KeySignature, Score
from partimento.score.pitch import pitch_name


class Polyphony:
    """Encoding ``polyphony``: see the module's docstring.

    Args:
        lowest: Lowest MIDI key that can be said.
        highest: Highest.

    Raises:
        EncodingError: When these are no range of at least an octave.
    """

    name = "polyphony"
    losses = (
        "Keeps which keys sound on a 16th grid, metre, pickup and key; drops which voice sounds them (a key that two voices "
        "sound is one), velocity, tempo changes, lyrics and names."
    )
    grid = GRID
    tempo = 90.0
    transpositions = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6)
    hints: Mapping[str, Any] = {"keyboard": True}

    def __init__(self, lowest: int = 21, highest: int = 108) -> None:
        if not 0 <= lowest <= highest - 11 <= 127 - 11:
            raise EncodingError(f"encoding 'polyphony': keys {lowest} to {highest}, expected at least an octave within 0 to 127.")
        self._lowest, self._highest = lowest, highest
        keys = range(lowest, highest + 1)
        said = {kind: tuple(f"{kind}{pitch}" for pitch in keys) for kind in ("new", "held")}
        self.vocabulary = Vocabulary({**HEAD_GROUPS, "step": ("|",), **said})

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return START

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return `score` as ids, shape (4 + steps + keys that sound in each + 1,), one more for every change of metre.

        Args:
            score: Any score with notes; what is off the 16th grid is moved to it.
            whole: Whether the piece ends with the score; otherwise it is left open, to be continued.

        Raises:
            EncodingError: When it has no notes, a metre that cannot be said, or keys out of range.
        """
        placed = on_grid(score, self.name)
        span = self._highest + 1 - self._lowest
        start, end, pitch = (np.concatenate([getattr(track, column) for track in placed.tracks]) for column in ("start", "end", "pitch"))
        outside = pitch[(pitch < self._lowest) | (pitch > self._highest)]
        if outside.size:
            raise EncodingError(
                f"encoding 'polyphony': {pitch_name(int(outside[0]))} (key {outside[0]}), expected {pitch_name(self._lowest)} to "
                f"{pitch_name(self._highest)}. Transpose the piece, or leave it out."
            )
        head = head_of(placed, placed.end_tick, self.name)
        steps = np.full((head.steps if whole else placed.end_tick, 1 + span), -1, np.int32)  # the step's end, then keys, low to high
        steps[:, 0] = STEP
        for first, after, key in zip(start.tolist(), end.tolist(), (pitch - self._lowest).tolist(), strict=True):
            steps[first:after, 1 + key] = FIRST_NEW + span + key
        steps[start, 1 + pitch - self._lowest] = FIRST_NEW + pitch - self._lowest
        rows = steps[:, ::-1]
        body, sounds = rows[rows >= 0], (rows >= 0).sum(axis=1)
        changes = [metre for metre in head.metres[1:] if metre.step < len(steps)]
        places = np.concatenate([[0], np.cumsum(sounds)]).astype(int)[[metre.step for metre in changes]]
        body = np.insert(body, places, [HEAD.ids[metre.name] for metre in changes])
        return np.concatenate([head.ids(), body, [END] if whole else []]).astype(np.int32)

    def decode(self, ids: Ids) -> Score:
        """Return the score that the whole steps in `ids` say, one track, 480 ticks per quarter, at 90 quarters a minute."""
        head, body = read_head([int(number) for number in ids])
        span = self._highest + 1 - self._lowest
        notes: list[tuple[int, int, int]] = []
        metres, step = list(head.metres), 0
        sounding: dict[int, int] = {}  # key -> step at which it was struck
        now: dict[int, int] = {}
        for number in body:
            if number < STEP:
                metres.append(Metre(HEAD.symbols[number], step))
            elif number == STEP:
                notes += [(begun, step - begun, key) for key, begun in sounding.items() if now.get(key) != begun]
                sounding, now, step = now, {}, step + 1
            else:
                held, key = divmod(number - FIRST_NEW, span)
                now[key + self._lowest] = sounding.get(key + self._lowest, step) if held else step
        notes += [(begun, step - begun, key) for key, begun in sounding.items()]
        return grid_score(Head(tuple(metres), head.pickup, head.key, step), notes, tempo=self.tempo, name="")

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> PolyphonyGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`)."""
        return PolyphonyGrammar(self._lowest, self._highest, bars=bars, key=None if key is None else key_id(key))

    def below(self, melody: Score) -> PolyphonyGrammar:
        """Return a grammar of pieces whose top voice is `melody`: its metre, key and length are theirs.

        Raises:
            EncodingError: When the melody cannot be said, changes its metre, or has two notes at once.
        """
        ids = self.encode(melody)
        notes = int(((ids >= FIRST_NEW) & (ids < FIRST_NEW + self._highest + 1 - self._lowest)).sum())
        steps = np.cumsum(ids == STEP)[ids >= FIRST_NEW]
        if steps.size != np.unique(steps).size:
            raise EncodingError(f"--melody: {notes} notes, some of them at once, expected one voice. Give the melody alone.")
        if np.any((ids[4:] < STEP) & (ids[4:] != END)):
            raise EncodingError("--melody: changes its metre, expected one metre. Give a part in which it stays.")
        return PolyphonyGrammar(self._lowest, self._highest, over=ids.tolist())

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of notes struck in `ids`."""
        span = self._highest + 1 - self._lowest
        return max(1, int(((np.asarray(ids) >= FIRST_NEW) & (np.asarray(ids) < FIRST_NEW + span)).sum()))

    def options(self) -> Mapping[str, object]:
        """Return the range."""
        return {"lowest": self._lowest, "highest": self._highest}
