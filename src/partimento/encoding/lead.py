"""A melody over chords: what deepjazz learns from one piece, for any piece.

    root0  |4/4  >0 +7 x6 +4 x6 +0 x12   >0 hold x6 +2 x6 rest x12   |4/4  >5 ...

Each half bar (each bar, in metres of three and of one) begins with its chord, said as the motion of its root; then come the
melody's notes as semitones above that root, each with its length, so that a phrase is the same row of ids in every
key. Chords come from chord symbols, or are heard in the accompaniment.

The idea is J.-S. Kim's deepjazz (2016), whose grammar of chord tones, scale tones and approach tones is E. Keller and
D. Morrison's ("A grammatical approach to automatic improvisation", 2007). Differs: a note is itself and not its class, so
that the melody comes back as it was and every piece has a likelihood; and no part numbers are written into the program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from partimento.encoding import lead_layout as layout
from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.lead_grammar import LeadGrammar
from partimento.encoding.lead_layout import GRID, STEPS_PER_QUARTER, VOCABULARY
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError, ScoreError
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track
from partimento.score.chords import SUFFIXES, Harmony, Stretch, harmonies, stretches
from partimento.score.melody import split_melody

_TICKS = 480
_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_SHORTEST_REST = 3
"""Steps; the gaps of people who do not play quite legato are shorter."""


class Lead:
    """Encoding ``lead``: see the module's docstring."""

    name = "lead"
    losses = (
        "Keeps one melody on a grid of 16ths and triplets, metre, and a chord for each half bar; drops the accompaniment, other "
        "voices, velocity, tempo and words, turns a pickup into rests, and moves notes that lie very far off by octaves."
    )
    grid = None
    hints: Mapping[str, Any] = {}  # never changed
    transpositions = (0,)  # every key is said alike
    tempo = 130.0

    @property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""
        return VOCABULARY

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return layout.START

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return the melody and the chords of `score` as ids, shape (length,).

        Raises:
            EncodingError: When there is no melody, or a metre that has no id.
        """
        try:
            melody, rest = split_melody(score)
        except ScoreError as error:
            raise EncodingError(f"encoding 'lead': {error}") from error
        parts = stretches(replace(score, tracks=(melody,)))
        ids = [layout.START]
        skeleton = _skeleton(parts, harmonies(rest if rest.note_count else score, parts))
        notes = _on_grid(melody, [part for part in parts if part.opens_bar], score.ticks_per_quarter)
        at, root = 0, skeleton[0] - VOCABULARY.first["root"]
        before = layout.first_pitch(root)
        ids.append(skeleton[0])
        for number in skeleton[1:]:
            ids.append(number)
            if layout.GROUP[number] == "bar":
                numerator, denominator = map(int, VOCABULARY.symbols[number][1:].split("/"))
                steps = layout.METRES[f"{numerator}/{denominator}"] // layout.halves(numerator, denominator)
                continue
            root = layout.chord_of(number, root).root
            events, before = _events(notes, (at, at + steps), root, before)
            ids += events
            at += steps
        return np.array([*ids, layout.END] if whole else _open(ids), np.int32)

    def decode(self, ids: Ids) -> Score:
        """Return the melody that `ids` say, with its chords as chord symbols, at 130 quarter notes a minute."""
        lead = layout.said(ids)
        tick = _TICKS // STEPS_PER_QUARTER
        metres = [bar for at, bar in enumerate(lead.bars) if not at or bar[1:] != lead.bars[at - 1][1:]]
        chords = [pair for at, pair in enumerate(lead.chords) if not at or pair[1] != lead.chords[at - 1][1]]
        return Score(
            _TICKS,
            (_track(lead.notes, [step * tick for step, _, _ in lead.notes], tick),) if lead.notes else (),
            (Tempo.of_bpm(0, self.tempo),),
            tuple(TimeSignature(step * tick, numerator, denominator) for step, numerator, denominator in metres),
            marks=tuple(Mark(step * tick, "chord", _NAMES[chord.root] + SUFFIXES[chord.quality]) for step, chord in chords),
        )

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> LeadGrammar:
        """Return a grammar at the very start of a piece; what it leads to may be moved to any `key`, so all are alike."""
        return LeadGrammar(bars=bars)

    def grammar_over(self, piece: Score) -> LeadGrammar:
        """Return a grammar that keeps to the metre, the chords and the bars of `piece` (see `Accompanying`)."""
        try:
            _, rest = split_melody(piece)
        except ScoreError as error:
            raise EncodingError(f"--over: {error}") from error
        parts = stretches(piece)
        return LeadGrammar(skeleton=_skeleton(parts, harmonies(rest if rest.note_count else piece, parts)))

    def put_over(self, ids: Ids, piece: Score) -> Score:
        """Return `piece` with the melody that `ids` say in place of its own (see `Accompanying`)."""
        melody, rest = split_melody(piece)
        lead = layout.said(ids)
        bars = [part for part in stretches(piece) if part.opens_bar]
        tick = piece.ticks_per_quarter / STEPS_PER_QUARTER
        placed = []
        for note in lead.notes:
            place = max(at for at, bar in enumerate(lead.bars) if bar[0] <= note[0])
            placed.append(round(bars[min(place, len(bars) - 1)].start + (note[0] - lead.bars[place][0]) * tick))
        kept = [(note, start) for note, start in zip(lead.notes, placed, strict=True) if start >= 0]  # before a pickup nothing sounds
        new = replace(_track([note for note, _ in kept], [start for _, start in kept], tick), program=melody.program)
        return replace(rest, tracks=(new, *rest.tracks))

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of ids in `ids`, the end counted."""
        return max(1, len(ids) - 1)

    def options(self) -> Mapping[str, object]:
        """Return nothing: the table is fixed."""
        return {}


def _skeleton(parts: Sequence[Stretch], chords: Sequence[Harmony]) -> list[int]:
    """The ids that metre and chords are: the first root, then bar and chord ids as they stand between the notes."""
    root = chords[0].root if chords else 0
    ids = [layout.root_id(root)]
    for part, chord in zip(parts, chords, strict=True):
        if part.opens_bar:
            number = layout.bar_id(part.numerator, part.denominator)
            if number is None:
                raise EncodingError(
                    f"encoding 'lead': the metre {part.numerator}/{part.denominator} at tick {max(part.start, 0)}, "
                    f"expected one of {', '.join(layout.METRES)}. Leave the piece out."
                )
            ids.append(number)
        ids.append(layout.chord_id(root, chord))
        root = chord.root
    return ids


def _on_grid(melody: Track, bars: Sequence[Stretch], ticks_per_quarter: int) -> list[tuple[int, int, int]]:
    """First step, step behind and MIDI key of each note, on the grid of its bar."""
    starts = np.array([bar.start for bar in bars])
    firsts = np.cumsum([0, *(layout.METRES[f"{bar.numerator}/{bar.denominator}"] for bar in bars)])

    def step(tick: int) -> int:
        place = max(int(np.searchsorted(starts, tick, side="right")) - 1, 0)
        quarters, rest = divmod((tick - int(starts[place])) * STEPS_PER_QUARTER / ticks_per_quarter, STEPS_PER_QUARTER)
        return int(firsts[place]) + int(quarters) * STEPS_PER_QUARTER + min(GRID, key=lambda line: abs(line - rest))

    notes: dict[int, tuple[int, int]] = {}
    for start, end, pitch in zip(melody.start.tolist(), melody.end.tolist(), melody.pitch.tolist(), strict=True):
        notes[step(start)] = (max(step(end), step(start) + _SHORTEST_REST), layout.folded(pitch))
    onsets = [*sorted(notes), int(firsts[-1])]
    found = []
    for at, following in pairwise(onsets):
        end, pitch = notes[at]
        found.append((at, following if following - end < _SHORTEST_REST else end, pitch))
    return [note for note in found if note[1] > note[0]]


def _events(notes: Sequence[tuple[int, int, int]], stretch: tuple[int, int], root: int, before: int) -> tuple[list[int], int]:
    """The ids of one stretch: notes, rests, and what is held from the stretch before; and its last MIDI key."""
    ids: list[int] = []
    start, end = stretch
    at = start
    for begin, stop, pitch in notes:
        if stop <= at or begin >= end:
            continue
        if begin > at:
            ids += [layout.REST, layout.length_id(begin - at)]
            at = begin
        number = layout.HOLD
        if begin >= start:
            number, before = _nearest(pitch, root, before)
        ids += [number, layout.length_id(min(stop, end) - at)]
        at = min(stop, end)
    return ([*ids, layout.REST, layout.length_id(end - at)] if at < end else ids), before


def _nearest(pitch: int, root: int, before: int) -> tuple[int, int]:
    """The id of a MIDI key, by octaves nearer where it lies too far off, and the key that it says."""
    while (number := layout.note_id(pitch, root, before)) is None:
        pitch += 12 if pitch < before else -12
    return number, pitch


def _open(ids: list[int]) -> list[int]:
    """A beginning that stops behind its last note."""
    last = max((at for at, number in enumerate(ids) if layout.GROUP[number] == "note" or number == layout.HOLD), default=len(ids) - 2)
    return ids[: last + 2]


def _track(notes: Sequence[tuple[int, int, int]], starts: Sequence[int], tick: float) -> Track:
    """Notes as a track."""
    lengths = [max(round(steps * tick), 1) for _, steps, _ in notes]
    pitches = np.array([pitch for _, _, pitch in notes], np.int32)
    return Track(np.array(starts, np.int64), np.array(lengths, np.int64), pitches, np.full(len(notes), 90, np.int32), name="melody")
