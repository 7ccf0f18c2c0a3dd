"""A piece as one line of notes and chords, each up to the next, as "Play Bach" hears it.

    start  4/4 $1/4  G2 $1/4  D3 $1/4  G2.B3 $1/2  R $1/2 ...  end

Every event takes two ids in turn: *what* (a note, a chord, a rest, a metre) and *how long* (quarter notes until the next
event). With ``velocities`` a third says how loud. The first event is the metre; its length is that of the pickup.
A length that is not in the table is said in parts: ``~`` holds what sounds on. A chord that has no id of its own is
spelled upwards, each note but the last of length ``$0``; so any chord can be said, also one that was never seen. With
``joined`` frequent pairs of what and how long have one id. `Chords.fitted_to` learns which chords and pairs.

Source: P. Boudalier, "Play Bach" (2019-2021): notes, chords and rests as words, `chords` by name or by pitch class,
duration and velocity beside the pitch or joined to it. Differs: durations lie on a grid of 1/48 of a quarter in place
of 0.1, which has no triplets; an event lasts to the next one, so that bars are full; metre, pickup and an end are said;
chords that were not in the corpus are spelled; velocity has 16 bins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from partimento.encoding.chords_grammar import ChordsGrammar
from partimento.encoding.chords_layout import (
    DURATIONS,
    LOWEST,
    METRES,
    MOST_CHORDS,
    MOST_PAIRS,
    OCTAVE,
    Layout,
    Learnt,
    bar_units,
    longest_within,
)
from partimento.encoding.chords_line import Line, line_of
from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score import KeySignature, Score, Tempo, TimeSignature, Track
from partimento.score.harmony import estimate_key
from partimento.score.tempo import duration_seconds

_TICKS_PER_UNIT = 10
_VELOCITY = 80

PIECES = 2
"""Pieces a chord or a pair must occur in to have an id of its own: what only one has will hardly come in another."""

Said = tuple[int, int, int]
"""What (an id), for how long (units of `DURATIONS`) and how loud (MIDI)."""


class Chords:
    """Encoding ``chords``: see the module's docstring.

    Args:
        chords: ``full``, by name with octave, or ``normal``: pitch classes, written back in octave 4.
        velocities: Whether every event says how loud it is.
        joined: Whether frequent pairs of what and how long have one id.
        learnt: What `options` returned of it; nothing where None.

    Raises:
        EncodingError: When `chords` is neither, or `learnt` is none.
    """

    name = "chords"
    grid = None
    transpositions = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6)

    def __init__(
        self,
        *,
        chords: Literal["full", "normal"] = "full",
        velocities: bool = False,
        joined: bool = False,
        learnt: Mapping[str, Any] | None = None,
    ) -> None:
        if chords not in ("full", "normal"):
            raise EncodingError(f"encoding 'chords': chords '{chords}', expected full or normal.")
        self._learnt = Learnt(**(learnt or {}))
        self._layout = Layout(normal=chords == "normal", velocities=velocities, joined=joined, learnt=self._learnt)

    @property
    def losses(self) -> str:
        """One sentence: what of a score this encoding does not keep."""
        chords = " (of chords only its class)" if self._layout.normal else ""
        loud, quiet = (", loudness in 16 bins", "") if self._layout.velocities else ("", "velocity, ")
        return (
            f"Keeps pitch{chords}, onsets to 1/48 of a quarter, metre and pickup{loud}; drops {quiet}how long notes sound beyond the next "
            "onset, voices, drums, silence before the first note, tempo changes and names."
        )

    @property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""
        return self._layout.vocabulary

    @property
    def hints(self) -> Mapping[str, Any]:
        """The groups that take turns, and how many; none where pairs are joined."""
        return {} if self._layout.joined else {"groups": self._layout.groups, "frame": self._layout.turn}

    @property
    def tempo(self) -> float:
        """Quarter notes per minute of what it decodes."""
        return self._learnt.tempo

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return self._layout.start

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return `score` as ids, shape (length,).

        Args:
            score: Any score; its pitched tracks become one line.
            whole: Whether the piece ends with the score, with a rest up to the bar line where its last note ends before.

        Raises:
            EncodingError: See `chords_line.line_of`.
        """
        ids = [self.start_id]
        for said in self._said(line_of(score), whole=whole):
            ids += self._event(said)
        return np.array([*ids, self._layout.end] if whole else ids, np.int32)

    def decode(self, ids: Ids) -> Score:
        """Return the score that `ids` say, one track, 480 ticks per quarter, in the key its notes suggest."""
        notes: list[list[int]] = []  # start, units, key, velocity
        metres: list[TimeSignature] = []
        pickup = now = struck = 0  # struck: notes of the last event
        chord: list[int] = []
        for what, units, velocity in self._read(ids):
            if what < self._layout.rest:
                pickup = units if not metres else pickup
                metres.append(TimeSignature(now * _TICKS_PER_UNIT, *map(int, METRES[what - self._layout.metre].split("/"))))
                continue
            if what == self._layout.hold:
                for note in notes[len(notes) - struck :]:
                    note[1] += units
            else:
                chord += self._layout.keys_of(what)
                if units == 0 and chord:
                    continue
                notes += [[now, units, key, velocity] for key in sorted(set(chord))]
                struck, chord = len(set(chord)), []
            now += units
        start, length, *heard = np.array(notes, np.int64).reshape(-1, 4).T
        pitch, loud = (row.astype(np.int32) for row in heard)
        track = Track(start * _TICKS_PER_UNIT, length * _TICKS_PER_UNIT, pitch, loud, program=self._learnt.program)
        score = Score(480, (track,), (Tempo.of_bpm(0, self.tempo),), tuple(metres), pickup=pickup * _TICKS_PER_UNIT)
        return replace(score, key_signatures=(estimate_key(score),)) if notes else score

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> ChordsGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`); no key can be said, so none is heeded."""
        return ChordsGrammar(self._layout, bars=bars)

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of notes, chords and rests in `ids`, a spelled chord counted by its notes."""
        numbers, layout = np.asarray(ids), self._layout
        return max(1, int(((numbers >= layout.rest) & (numbers < layout.duration) | (numbers >= layout.pair)).sum()))

    def options(self) -> Mapping[str, object]:
        """Return the settings that make this encoding again."""
        layout = self._layout
        options = {"chords": "normal" if layout.normal else "full", "velocities": layout.velocities, "joined": layout.joined}
        return {**options, "learnt": self._learnt.as_json()}

    def fitted_to(self, scores: Iterable[Score]) -> Chords:
        """Return this encoding with ids for the chords, and pairs, that occur in `PIECES` of `scores`, their instrument and tempo."""
        lines: list[Line] = []
        programs: Counter[int] = Counter()
        tempos: list[float] = []
        for score in scores:
            try:
                lines.append(line_of(score))
            except EncodingError:
                continue  # it will be left out, with its reason, when it is to be learnt from
            for track in score.tracks:
                programs[track.program] += 0 if track.is_drum else len(track)
            tempos.append(60 * score.end_tick / score.ticks_per_quarter / duration_seconds(score))
        if not lines:
            return self
        known = {"program": programs.most_common(1)[0][0], "tempo": min(max(float(round(np.median(tempos))), 10.0), 400.0)}
        struck = [{keys for event in line.events if len(keys := self._struck(event.keys)) > 1} for line in lines]
        chords = [self._layout.name_of(keys) for keys in _shared(struck, MOST_CHORDS)]
        options = {**self.options(), "learnt": {**known, "chords": chords}}
        fitted = Chords(**options)  # type: ignore[arg-type]  # JSON values of any kind
        if not self._layout.joined:
            return fitted
        symbols = fitted.vocabulary.symbols
        first = fitted._layout.duration
        pairs = [{(w, u) for w, u, _ in fitted._said(line) if w >= fitted._layout.rest and u} for line in lines]
        names = [f"{symbols[what]}{symbols[first + DURATIONS.index(units)]}" for what, units in _shared(pairs, MOST_PAIRS)]
        return Chords(**{**options, "learnt": {**known, "chords": chords, "pairs": names}})  # type: ignore[arg-type]  # as above

    def _struck(self, keys: Sequence[int]) -> tuple[int, ...]:
        """What is said of keys struck together: the keys, or a chord's pitch classes in one octave."""
        if self._layout.normal and len(keys) > 1:
            return tuple(sorted({OCTAVE + key % 12 for key in keys}))
        return tuple(keys)

    def _said(self, line: Line, *, whole: bool = True) -> Iterator[Said]:
        """The events as they are said: cut where a metre changes and where they are too long."""
        layout = self._layout
        lead, pickup = _pickup(line)
        yield layout.metre + METRES.index(line.metres[0][1]), pickup, 0
        yield from self._lasting((), lead, 0)
        changes = [*line.metres[1:], (line.events[-1].start + line.events[-1].units, "")]
        for event in line.events:
            at, end, keys = event.start, event.start + event.units, event.keys
            begun = False
            while at < end:
                if at == changes[0][0]:
                    yield layout.metre + METRES.index(changes.pop(0)[1]), 0, 0
                stop = min(end, changes[0][0])
                yield from self._lasting(keys, stop - at, event.velocity, begun=begun)
                at, begun = stop, True
        yield from self._lasting((), _missing(line, pickup) if whole else 0, 0)

    def _lasting(self, keys: Sequence[int], units: int, velocity: int, *, begun: bool = False) -> Iterator[Said]:
        """`keys` (none: silence) struck and held for so long; only held where they have `begun`."""
        layout = self._layout
        while units:
            part = longest_within(units)
            units -= part
            if not keys or begun:
                yield layout.hold if keys else layout.rest, part, velocity if keys else 0
                continue
            struck, begun = self._struck(keys), True
            if len(struck) > 1 and struck in layout.chord_ids:
                yield layout.chord_ids[struck], part, velocity
                continue
            for key in struck[:-1]:
                yield layout.note + key - LOWEST, 0, velocity
            yield layout.note + struck[-1] - LOWEST, part, velocity

    def _event(self, said: Said) -> list[int]:
        """One event as ids."""
        what, units, velocity = said
        layout = self._layout
        pair = layout.pair_ids.get((what, units))
        ids = [what, layout.duration + DURATIONS.index(units)] if pair is None else [pair]
        return [*ids, layout.velocity_id(velocity)] if layout.velocities else ids

    def _read(self, ids: Ids) -> Iterator[Said]:
        """The whole events in `ids`."""
        layout = self._layout
        pending: list[int] = []
        for number in map(int, ids):
            if number >= layout.pair:
                at = number - layout.pair
                pending = [int(layout.pair_whats[at]), layout.duration + int(layout.pair_places[at])]
            elif number in (layout.start, layout.end):
                pending = []
            else:
                pending.append(number)
            if len(pending) == layout.turn:
                what, length, *loud = pending
                yield what, DURATIONS[length - layout.duration], layout.loudness(loud[0]) if loud else _VELOCITY
                pending = []


def _shared(pieces: Sequence[set[Any]], most: int) -> list[Any]:
    """What occurs in at least `PIECES` of the pieces, at most so many: those of most pieces, in their own order."""
    counts = Counter(each for piece in pieces for each in piece)
    kept = sorted((each for each, count in counts.items() if count >= PIECES), key=lambda each: (-counts[each], each))
    return sorted(kept[:most])


def _pickup(line: Line) -> tuple[int, int]:
    """Units of rest to begin with, and the pickup that is said: the shortest in the table that the piece's own fits in."""
    bar = bar_units(line.metres[0][1])
    said = next((units for units in DURATIONS if line.pickup <= units < bar), 0)
    return (said - line.pickup if said or not line.pickup else bar - line.pickup), said


def _missing(line: Line, pickup: int) -> int:
    """Units from the end of the last note to where the piece may end: a bar line, or where last bar and pickup make one bar."""
    at, metre = line.metres[-1]
    bar = bar_units(metre)
    end = line.events[-1].start + line.events[-1].units - (at or line.pickup)
    return min(-end % bar, (-end - (0 if at else pickup)) % bar)
