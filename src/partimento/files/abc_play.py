"""From bars as written to a Score: repeats played, ties joined, grace notes given their time, ticks counted.

Resolution: 480 ticks to a quarter where that makes every time whole, else the least multiple of 480 that does
(3,360 for septuplets), else the least number that does; above 32,767 times are rounded to 480, with a warning.
A grace note takes a 32nd from the note behind it, less where all of them would take more than its half; a mark
of kind ``grace`` stands where the first one starts and says how many they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from partimento.errors import ReadError, ScoreError
from partimento.files.abc_fields import Key
from partimento.files.abc_grid import Grid, lay
from partimento.files.abc_parse import MOST_WARNINGS, WrittenTune, WrittenVoice
from partimento.files.abc_unfold import Step, unfold
from partimento.files.abc_voice import WHOLE, Bar, Damage, Event, full_bar
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track
from partimento.score.note import LAST_TICK

VELOCITY = 80
"""Loudness of every note: ABC says none."""

USUAL_RESOLUTION, HIGHEST_RESOLUTION = 480, 32767
MOST_PLAYED = 100_000
"""Notes of a tune when repeats are played."""

MOST_BAR_WARNINGS = 6
_MARK_KINDS = ("repeat", "section", "grace", "text", "chord", "fermata", "lyric")
"""Order of marks at one tick."""


def longest_grace(ticks_per_quarter: int) -> int:
    """Return the ticks of a grace note where there is room: a 32nd."""
    return max(ticks_per_quarter // 8, 1)


def grace_ticks(count: int, length: int, ticks_per_quarter: int) -> int:
    """Return the length in ticks of each of `count` grace notes before a note of `length` ticks; 0 where there is no room."""
    return min(longest_grace(ticks_per_quarter), length // (2 * count)) if count else 0


def resolution(voices: list[list[Bar]]) -> tuple[int, bool]:
    """Return ticks per quarter for all times of the bars, and whether every time is whole in them."""
    quarter = WHOLE // 4
    times = {quarter}
    for bars in voices:
        for bar in bars:
            times.update(at for at, _ in bar.changes)
            for event in bar.events:
                times.add(event.at)
                times.add(event.length)
                times.update(note.length for note in event.notes)
    needed = quarter // math.gcd(*times)
    usual = math.lcm(needed, USUAL_RESOLUTION)
    if needed > HIGHEST_RESOLUTION:
        return USUAL_RESOLUTION, False
    return (usual if usual <= HIGHEST_RESOLUTION else needed), True


Ties = dict[int, list[tuple[int, int, int]]]
"""Notes tied on: tick at which they go on, to layer, index and staff place of each."""


@dataclass
class _Voice:
    """A voice while it is played: its bars, those in playing order, and the notes' columns."""

    written: WrittenVoice
    steps: list[Step] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    pitches: list[int] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)

    @property
    def bars(self) -> list[Bar]:
        """The bars as written."""
        return self.written.bars

    @property
    def has_signs(self) -> bool:
        """Whether the bars hold a repeat, an ending or a part."""
        return any(bar.opens or bar.closes or bar.endings or bar.part for bar in self.bars)

    def played(self) -> list[Bar]:
        """The bars in playing order."""
        return [self.bars[step.bar] for step in self.steps if step.bar < len(self.bars)]

    def length(self) -> int:
        """How long the voice is when played, in grains."""
        return sum(bar.length for bar in self.played())

    def track(self) -> Track:
        """The notes played."""
        written = self.written
        notes = np.array([self.starts, self.durations, self.pitches, [VELOCITY] * len(self.starts)], np.int64)
        start, duration, pitch, velocity = notes[:, np.lexsort((notes[1], notes[2], notes[0]))]
        return Track(start, duration, pitch, velocity, written.name, written.program, written.is_drum)


class TunePlayer:
    """Makes the score of one written tune; `play` is its one entry."""

    def __init__(self, tune: WrittenTune, where: str) -> None:
        self.tune = tune
        self.where = where
        self.warnings = list(tune.warnings)
        self.voices = [_Voice(voice) for voice in tune.voices]
        self.ticks_per_quarter, exact = resolution([voice.bars for voice in self.voices])
        self.grains_per_tick = WHOLE // (4 * self.ticks_per_quarter)
        if not exact:
            self.warn(f"times need more than {HIGHEST_RESOLUTION} ticks per quarter and were rounded to {USUAL_RESOLUTION}")
        self.graces: list[Mark] = []
        self.slurs = 0
        self.lost_graces = 0

    def warn(self, message: str) -> None:
        """Note something for the score's warnings."""
        if len(self.warnings) < 2 * MOST_WARNINGS:
            self.warnings.append(f"{self.where}, {message}.")

    def play(self) -> Score:
        """Return the score.

        Raises:
            ReadError: When the tune is too long when played.
        """
        try:
            return self._score()
        except (Damage, ScoreError) as damage:
            raise ReadError(f"{self.where}: {damage}. Shorten the tune.") from damage

    def _ticks(self, time: int) -> int:
        """Return a time in grains in ticks, rounded."""
        return (2 * time + self.grains_per_tick) // (2 * self.grains_per_tick)

    def _score(self) -> Score:
        """Put the score together."""
        self._unfold()
        tempos, keys = self._signs(self.voices[0])
        marks: list[Mark] = []
        for index, voice in enumerate(self.voices):
            self._notes(voice)
            marks.extend(self._marks(voice, structure=not index))
        grid, metres = self._metres(self.voices[0])
        self._check_bars(self.voices[0], grid)
        self._check_voices()
        if self.slurs:
            self.warn(f"{self.slurs} ties lead to another note and were read as slurs")
        if self.lost_graces:
            self.warn(f"{self.lost_graces} grace notes stand before a note too short for them and were left out")
        if not any(voice.starts for voice in self.voices):
            self.warn("holds no notes")
        unique = dict.fromkeys([*marks, *self.graces])
        return Score(
            ticks_per_quarter=self.ticks_per_quarter,
            tracks=tuple(voice.track() for voice in self.voices),
            tempos=tempos,
            time_signatures=metres,
            key_signatures=keys,
            marks=tuple(sorted(unique, key=lambda mark: (mark.tick, _MARK_KINDS.index(mark.kind)))),
            pickup=grid.pickup,
            metadata=self.tune.metadata,
            warnings=tuple(self.warnings),
        )

    def _unfold(self) -> None:
        """Find the playing order of every voice; one without repeat signs takes that of the first that has some."""
        leader = next((voice for voice in self.voices if voice.has_signs), self.voices[0])
        leader.steps = unfold(leader.bars, self.tune.parts, self.warn)
        for voice in self.voices:
            if not voice.has_signs and len(voice.bars) == len(leader.bars):
                voice.steps = leader.steps
            elif voice is not leader:
                voice.steps = unfold(voice.bars, self.tune.parts, lambda message: None)  # the leader has told
        played = sum(sum(len(event.notes) for event in bar.events) for voice in self.voices for bar in voice.played())
        if played > MOST_PLAYED:
            raise Damage(f"{played} notes when repeats are played, expected at most {MOST_PLAYED}")
        length = max(voice.length() for voice in self.voices)
        if self._ticks(length) > LAST_TICK // 2:
            raise Damage(f"{length // WHOLE} whole notes long when repeats are played, expected a tune")

    def _signs(self, voice: _Voice) -> tuple[tuple[Tempo, ...], tuple[KeySignature, ...]]:
        """Return tempos and keys of the voice that leads; only changes count."""
        tempos: dict[int, Tempo] = {}
        keys: dict[int, KeySignature] = {}
        key: tuple[int | None, str] = (None, "")
        tempo: float | None = None
        now = 0
        for bar in voice.played():
            for at, value in ((0, bar.key), (0, bar.tempo), *bar.changes):
                tick = now + self._ticks(at)
                if isinstance(value, Key):
                    signature = value.signature(tick)
                    if signature is not None and (value.fifths, value.mode) != key:
                        keys[tick] = signature
                        key = (value.fifths, value.mode)
                elif value is not None and value != tempo:
                    tempos[tick] = Tempo.of_bpm(tick, value)
                    tempo = value
            now += self._ticks(bar.length)
        return tuple(tempos.values()), tuple(keys.values())

    def _marks(self, voice: _Voice, *, structure: bool) -> list[Mark]:
        """Return chord symbols, fermatas and words of a voice as played; with `structure` parts and repeats too."""
        marks: list[Mark] = []
        now = 0
        for step in voice.steps:
            if structure:
                marks.extend(Mark(now, "repeat", text) for text in step.before)
                if step.section:
                    marks.append(Mark(now, "section", step.section))
            if step.bar >= len(voice.bars):
                continue
            bar = voice.bars[step.bar]
            marks.extend(Mark(now + self._ticks(at), kind, text) for at, kind, text in bar.marks)
            if bar.lyrics:
                sung = step.verse if any(verse == step.verse for _, verse, _ in bar.lyrics) else 0
                marks.extend(Mark(now + self._ticks(at), "lyric", text) for at, verse, text in bar.lyrics if verse == sung)
            now += self._ticks(bar.length)
        return marks

    # ---- notes

    def _notes(self, voice: _Voice) -> None:
        """Fill the columns of a voice."""
        ties: Ties = {}
        now = 0
        for bar in voice.played():
            last = bar.events[-1].layer if bar.events else 0
            for event in bar.events:
                if event.notes:
                    self._sound(voice, event, (now + self._ticks(event.at), last), ties)
            now += self._ticks(bar.length)
            if len(ties) > 64:
                self.slurs += sum(len(open_) for end, open_ in ties.items() if end < now)
                ties = {end: open_ for end, open_ in ties.items() if end >= now}
        self.slurs += sum(len(open_) for open_ in ties.values())

    def _sound(self, voice: _Voice, event: Event, where: tuple[int, int], ties: Ties) -> None:
        """Sound one event; `where` is its tick and the last layer of its bar."""
        start, last = where
        taken = self._sound_grace(voice, event, start)
        for note in event.notes:
            length = max(self._ticks(note.length), 1)
            open_ = [tie for tie in ties.get(start, ()) if tie[0] == event.layer or tie[0] > last] if not taken else []
            same = [tie for tie in open_ if voice.pitches[tie[1]] == note.pitch]
            if note.implied and not same:  # the accidental of the bar before holds for the tied note
                same = [tie for tie in open_ if tie[2] == note.place]
            if same:
                ties[start].remove(same[0])
                index = same[0][1]
                voice.durations[index] += length
            else:
                index = len(voice.starts)
                voice.starts.append(start + taken)
                voice.durations.append(length - taken)
                voice.pitches.append(note.pitch)
            if note.tie:
                ties.setdefault(start + length, []).append((event.layer, index, note.place))

    def _sound_grace(self, voice: _Voice, event: Event, start: int) -> int:
        """Sound the grace notes of an event; returns the ticks that they take from it."""
        count = len(event.grace)
        if not count:
            return 0
        each = grace_ticks(count, min(self._ticks(note.length) for note in event.notes), self.ticks_per_quarter)
        if not each:
            self.lost_graces += count
            return 0
        self.graces.append(Mark(start, "grace", str(count)))
        for index, pitch in enumerate(event.grace):
            voice.starts.append(start + index * each)
            voice.durations.append(each)
            voice.pitches.append(pitch)
        return each * count

    # ---- bars

    def _metres(self, voice: _Voice) -> tuple[Grid, tuple[TimeSignature, ...]]:
        """Return the bar grid and the time signatures: changes, and restarts behind bars that are not full."""
        played = voice.played()
        laid = [(self._ticks(bar.length), self._ticks(full_bar(bar)), bar.renewed) for bar in played]
        grid = lay(laid)
        fresh = set(grid.fresh)
        signatures: list[TimeSignature] = []
        now = 0
        for index, (bar, (length, _, _)) in enumerate(zip(played, laid, strict=True)):
            if bar.metre.numerator and (now in fresh or not index or bar.metre != played[index - 1].metre):
                signatures.append(TimeSignature(now, bar.metre.numerator, bar.metre.denominator))
            now += length
        return grid, tuple(signatures)

    def _check_bars(self, voice: _Voice, grid: Grid) -> None:
        """Warn of bars that are not full, once each; pickups and the bars that they fill are meant so."""
        bars = voice.bars
        steps = [step for step in voice.steps if step.bar < len(bars)]
        edges = {at for at, bar in enumerate(bars) if at == 0 or bar.opens or bar.part or bar.endings or bars[at - 1].heavy}
        pickups = {bars[at].length for at in edges}
        found: list[int] = []
        for index in grid.odd:
            at = steps[index].bar
            bar = bars[at]
            ends = at + 1 == len(bars) or bar.heavy or at + 1 in edges
            meant = bar.length < full_bar(bar) and (at in edges or (ends and full_bar(bar) - bar.length in pickups))
            if not meant and at not in found[-MOST_BAR_WARNINGS:]:
                found.append(at)
        odd = list(dict.fromkeys(found))
        first = 0 if grid.pickup else 1
        for at in odd[:MOST_BAR_WARNINGS]:
            self.warn(f"line {bars[at].line}, bar {at + first}: found {Fraction(bars[at].length, WHOLE)}, expected {bars[at].metre}")
        if len(odd) > MOST_BAR_WARNINGS:
            self.warn(f"{len(odd) - MOST_BAR_WARNINGS} more bars are not full")

    def _check_voices(self) -> None:
        """Warn where voices differ in length."""
        length = Fraction(self.voices[0].length(), WHOLE)
        for voice in self.voices[1:]:
            mine = Fraction(voice.length(), WHOLE)
            if mine != length:
                self.warn(f"voice '{voice.written.name}' lasts {mine} whole notes, the first voice {length}")
                return
