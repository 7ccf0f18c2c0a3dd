"""Pieces cut into their bars as ids, whatever the encoding: a grammar that reads along counts the bars."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Encoding, Formed, Grammar
from partimento.errors import PartimentoError
from partimento.score import KeySignature, Score
from partimento.score.harmony import likeliest_triad
from partimento.score.pitch import tonic_pitch_class

Ids = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Bar:
    """A bar of a piece, or what stands before the first one: its opening.

    Attributes:
        ids: Its ids, shape (length,).
        begins: Bars begun as played when it begins, itself counted; 0 for an opening.
        ends: Bars begun when it is over.
        joint: What the grammar knows where it begins: where in its form the piece stands, and what may come, as a digest.
        lawful: Whether the grammar lets each of its ids come where it comes.
    """

    ids: Ids
    begins: int
    ends: int
    joint: tuple[Hashable, bytes]
    lawful: bool


class Heard(NamedTuple):
    """What one hears where a bar begins; -1 and None where nothing sounds.

    Attributes:
        top: Highest MIDI key.
        bass: Lowest MIDI key.
        degree: Semitones of the harmony's root above the tonic, and its quality.
    """

    top: int = -1
    bass: int = -1
    degree: tuple[int, str] | None = None

    def moved(self, semitones: int) -> Heard:
        """Return the same in another key."""
        return self._replace(top=self.top + semitones, bass=self.bass + semitones) if self.top >= 0 else self


class Knife:
    """Cuts pieces of one encoding into bars.

    Args:
        encoding: Its grammar counts the bars.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._neighbours: set[tuple[int, int]] = set()  # ids that may stand side by side, as far as that was asked
        self._digests: dict[Hashable, bytes] = {}

    def cut(self, ids: Ids) -> list[Bar]:
        """Return the opening and the bars of a piece, every id checked."""
        grammar = self._encoding.grammar()
        marks: list[_Mark] = []
        broken: list[int] = []
        begun = 0
        for at, number in enumerate(ids.tolist()):
            allowed = grammar.allowed()
            if not allowed[number]:
                broken.append(at)
            elif at:
                self._neighbours.add((int(ids[at - 1]), number))
            grammar.push(number)
            if grammar.bars != begun and not grammar.finished:
                begun = grammar.bars
                marks.append(_Mark(at, begun, (_form(grammar), _digest(allowed))))
        return _bars(ids, marks, broken, grammar.bars)

    def cut_like(self, ids: Ids, bars: Sequence[Bar], move: Hashable) -> list[Bar]:
        """Return `cut` of a piece that is another one, cut into `bars`, in another key.

        What the grammar allows in one key it allows in another, but for pairs of ids that were never met: those are
        asked for. So moved pieces cost a tenth of the time.

        Args:
            ids: The moved piece.
            bars: The piece it was moved from.
            move: What tells this move from others, such as both keys.
        """
        grammar = self._encoding.grammar()
        places: list[tuple[int, int, Hashable]] = []
        begun = 0
        for at, number in enumerate(ids.tolist()):
            grammar.push(number)
            if grammar.bars != begun and not grammar.finished:
                begun = grammar.bars
                places.append((at, begun, _form(grammar)))
        if len(places) != len(bars) - 1:
            return self.cut(ids)
        asked = {at for (at, _, _), bar in zip(places, bars[1:], strict=True) if (move, bar.joint) not in self._digests}
        asked |= {at for at in range(1, len(ids)) if (int(ids[at - 1]), int(ids[at])) not in self._neighbours}
        answers = self._ask(ids, asked) if asked else {}
        marks = []
        for (at, begins, form), bar in zip(places, bars[1:], strict=True):
            if (move, bar.joint) not in self._digests:
                self._digests[move, bar.joint] = _digest(answers[at])
            marks.append(_Mark(at, begins, (form, self._digests[move, bar.joint])))
        broken = [at for at, allowed in answers.items() if not allowed[ids[at]]]
        self._neighbours |= {(int(ids[at - 1]), int(ids[at])) for at in answers if at and at not in broken}
        cut = _bars(ids, marks, broken, grammar.bars)
        return [replace(new, lawful=new.lawful and old.lawful) for new, old in zip(cut, bars, strict=True)]

    def _ask(self, ids: Ids, places: set[int]) -> dict[int, NDArray[np.bool_]]:
        """What may come at each of `places`."""
        grammar = self._encoding.grammar()
        answers = {}
        for at, number in enumerate(ids.tolist()):
            if at in places:
                answers[at] = grammar.allowed()
            grammar.push(number)
        return answers


class _Mark(NamedTuple):
    """A place where a bar begins: an id of the piece, the bars begun there, and what the grammar knows."""

    at: int
    begins: int
    joint: tuple[Hashable, bytes]


def _bars(ids: Ids, marks: Sequence[_Mark], broken: Sequence[int], begun: int) -> list[Bar]:
    """The opening and the bars that begin at `marks`; `begun` bars have begun at the end."""
    edges = [_Mark(0, 0, (None, b"")), *marks, _Mark(len(ids), begun, (None, b""))]
    found = []
    for mark, following in pairwise(edges):
        lawful = not any(mark.at <= at < following.at for at in broken)
        found.append(Bar(ids[mark.at : following.at], mark.begins, following.begins, mark.joint, lawful))
    return found


def _form(grammar: Grammar) -> Hashable:
    """Where in its form a piece stands, for a grammar that knows."""
    return grammar.form if isinstance(grammar, Formed) else None


def _digest(allowed: NDArray[np.bool_]) -> bytes:
    """A few bytes that stand for a mask."""
    return hashlib.blake2b(np.packbits(allowed).tobytes(), digest_size=8).digest()


class Ear:
    """Hears what bars begin with.

    Args:
        encoding: Decodes them.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._heard: dict[bytes, Heard] = {}
        self._openings: dict[bytes, int] = {}  # ids of an opening -> the tick it ends at

    def hear(self, opening: Bar, bar: Bar, key: KeySignature) -> Heard:
        """Return what one hears where `bar` begins, decoded behind the `opening` of its piece.

        Args:
            opening: Metre, key and pickup of the piece.
            bar: One of its bars.
            key: The key the harmony is related to.
        """
        ids = np.concatenate([opening.ids, bar.ids])
        if ids.tobytes() not in self._heard:
            self._heard[ids.tobytes()] = self._listen(opening.ids, ids, tonic_pitch_class(key))
        return self._heard[ids.tobytes()]

    def _listen(self, opening: Ids, ids: Ids, tonic: int) -> Heard:
        """What sounds first in `ids` behind their `opening`."""
        try:
            if opening.tobytes() not in self._openings:
                self._openings[opening.tobytes()] = self._encoding.decode(opening).end_tick
            score, before = self._encoding.decode(ids), self._openings[opening.tobytes()]
        except (PartimentoError, LookupError, ValueError):
            return Heard()  # half of something: no encoding promises to read a bar out of its piece
        notes = _notes(score)
        notes = notes[notes[:, 0] >= before]
        if not notes.size:
            return Heard()
        first = notes[notes[:, 0] == notes[:, 0].min(), 2]
        weights = np.bincount(notes[:, 2] % 12, notes[:, 1], minlength=12)
        chord = likeliest_triad(weights if np.unique(first % 12).size < 3 else np.bincount(first % 12, minlength=12), int(first.min()))
        return Heard(int(first.max()), int(first.min()), ((chord.root - tonic) % 12, chord.quality))


def _notes(score: Score) -> NDArray[np.int64]:
    """All pitched notes: start, duration, MIDI key, shape (notes, 3)."""
    columns = [
        np.column_stack([track.start, track.duration, track.pitch]).astype(np.int64)
        for track in score.tracks
        if len(track) and not track.is_drum
    ]
    return np.concatenate(columns) if columns else np.zeros((0, 3), np.int64)
