"""One voice on a 16th grid, one id a step: a note begins, a note ends, or nothing new.

    start 4/4 pickup0 G major  67 - - - 71 - - - 74 - off - ... end

Source: the melody events of Magenta's Melody RNN (Waite et al. 2016): note-on, note-off, no event. Differs: metre,
pickup and key are said at the head, so that bars can be counted and a key can be asked for; pieces keep their key and
are learnt from in all twelve; the piece is written out to its last bar line and ends with an id.
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
from partimento.encoding.melody_grammar import FIRST_NOTE, HOLD, OFF, MelodyGrammar
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score import KeySignature, Score, Track
from partimento.score.pitch import pitch_name


class Melody:
    """Encoding ``melody``: see the module's docstring.

    Args:
        lowest: Lowest MIDI key that can be said; Magenta's is 48.
        highest: Highest; Magenta's is 83.

    Raises:
        EncodingError: When these are no range of at least an octave.
    """

    name = "melody"
    losses = (
        "Keeps the top voice on a 16th grid (of several tracks the highest, of notes at once the highest), metre, pickup and key; "
        "drops all other voices, velocity, tempo changes, lyrics and names."
    )
    grid = GRID
    tempo = 120.0
    transpositions = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6)
    hints: Mapping[str, Any] = {"lags": (12, 16, 24, 32)}  # one and two bars of the commonest metres

    def __init__(self, lowest: int = 36, highest: int = 96) -> None:
        if not 0 <= lowest <= highest - 11 <= 127 - 11:
            raise EncodingError(f"encoding 'melody': keys {lowest} to {highest}, expected at least an octave within 0 to 127.")
        self._lowest, self._highest = lowest, highest
        keys = tuple(f"note{pitch}" for pitch in range(lowest, highest + 1))
        self.vocabulary = Vocabulary({**HEAD_GROUPS, "event": ("-", "off"), "note": keys})

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return START

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return the top voice of `score` as ids, shape (4 + steps + 1,), one more for every change of metre.

        Args:
            score: Any score with notes; what is off the 16th grid is moved to it.
            whole: Whether the piece ends with the score; otherwise it is left open, to be continued.

        Raises:
            EncodingError: When it has no notes, a metre that cannot be said, or notes of the top voice out of range.
        """
        placed = on_grid(score, self.name)
        notes = skyline(max(placed.tracks, key=lambda track: (float(track.pitch.mean()), len(track))))
        for _, _, pitch in notes:
            if not self._lowest <= pitch <= self._highest:
                raise EncodingError(
                    f"encoding 'melody': {pitch_name(pitch)} (key {pitch}), expected {pitch_name(self._lowest)} to "
                    f"{pitch_name(self._highest)}. Transpose the piece."
                )
        last = max(start + length for start, length, _ in notes)
        head = head_of(placed, last, self.name)
        row = np.full(max(head.steps, last) if whole else last, HOLD, np.int32)
        for start, length, pitch in notes:
            row[start] = FIRST_NOTE + pitch - self._lowest
            if start + length < row.size:
                row[start + length] = OFF
        for start, _, pitch in notes:  # over the end of the note before
            row[start] = FIRST_NOTE + pitch - self._lowest
        changes = [metre for metre in head.metres[1:] if metre.step < row.size]
        body = np.insert(row, [metre.step for metre in changes], [HEAD.ids[metre.name] for metre in changes])
        return np.concatenate([head.ids(), body, [END] if whole else []]).astype(np.int32)

    def decode(self, ids: Ids) -> Score:
        """Return the score that `ids` say, one track, 480 ticks per quarter, at 120 quarters a minute."""
        head, body = read_head([int(number) for number in ids])
        notes: list[tuple[int, int, int]] = []
        metres, step, sounds = list(head.metres), 0, False
        for number in body:
            if number < len(HEAD):
                metres.append(Metre(HEAD.symbols[number], step))
                continue
            if number >= FIRST_NOTE:
                notes.append((step, 1, number - FIRST_NOTE + self._lowest))
            elif number == HOLD and sounds:
                notes[-1] = (notes[-1][0], notes[-1][1] + 1, notes[-1][2])
            sounds = number >= FIRST_NOTE or (sounds and number == HOLD)
            step += 1
        return grid_score(Head(tuple(metres), head.pickup, head.key, step), notes, tempo=self.tempo, name="melody")

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> MelodyGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`)."""
        return MelodyGrammar(self._lowest, self._highest, bars=bars, key=None if key is None else key_id(key))

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of notes in `ids`."""
        return max(1, int((np.asarray(ids) >= FIRST_NOTE).sum()))

    def options(self) -> Mapping[str, object]:
        """Return the range."""
        return {"lowest": self._lowest, "highest": self._highest}


def skyline(track: Track) -> list[tuple[int, int, int]]:
    """Return the top line of a track: start, length and key of its notes, none of them while a higher one sounds.

    A note is cut where a higher one, or the same key, begins.
    """
    top: list[tuple[int, int, int]] = []
    for place in np.lexsort((-track.pitch, track.start)):
        start, length, pitch = int(track.start[place]), int(track.duration[place]), int(track.pitch[place])
        if top and top[-1][0] + top[-1][1] > start:
            before, _, sounding = top[-1]
            if pitch < sounding or before == start:
                continue
            top[-1] = (before, start - before, sounding)
        top.append((start, length, pitch))
    return top
