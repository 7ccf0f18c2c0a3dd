"""A stretch of piano for an ear to learn from: what hands and foot do in it, by a pianist or by chance, and how it sounds on some piano."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from partimento.audio.spectrum import SAMPLE_RATE
from partimento.models.ear_heads import FIRST_KEY, KEYS
from partimento.score.pedal import DOWN
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.half_pedal import RATE, Foot, half_pedalled
from partimento.synthesis.note_bank import LONGEST_SECONDS, Dampers, NoteBank
from partimento.training.hands_and_foot import HandsAndFoot

MOST_SEMITONES, MOST_STRETCH, MOST_CENTS = 4, 0.15, 30.0
"""By how much a performance is transposed, its speed changed, and its piano out of tune."""

TOUCH = (0.7, 1.7)
"""Powers of a velocity's share of the highest one: above 1 it is played more softly, and what is soft most of all."""

SHALLOW, SHALLOW_DEPTH, DEEP, DEEP_DEPTH = 0.4, (0.35, 0.95), 0.1, 1.3
"""Shares of stretches in which the foot goes less deep, and deeper, and how deep: so the pedal is often half down."""

AGAIN = 0.5
"""Share of stretches by chance in which few keys are struck again and again."""

FOOT, FOOT_MOVES, FOOT_DEPTH, FOOT_REST = 0.5, (0.3, 2.0), (40.0, 127.0), 70.0
"""Share of stretches by chance with a pedal, moves a second, how deep it goes, and where it rests at most in half of those stretches."""

OTHER_KEYS, MOST_KEYS_OFF = 0.5, 3
"""Share of stretches that are played on other keys of the piano and retuned, and how far off: so few pianos sound like more."""

ALONG, ALONG_DB = 0.7, (-32.0, -12.0)
"""Share of stretches in which strings sound along while the pedal is down, and how loud."""

LEAK_DB, TAIL_SECONDS = (4.0, 35.0), (0.1, 2.0)
"""How far below a note that lies what its dampers hardly reach, and in which time that dies away.

Real pianos and rooms ring on: a note that is let go falls by some decibels and stays there.
"""

OFF_DEPTH, ON_DEPTH, BEND = (60.0, 92.0), (8.0, 45.0), (1.0, 3.0)
"""Depths of the pedal: where dampers are off the strings, and where they lie on them with all their weight; the power by which it grows."""

FOOT_SECONDS = (0.02, 0.16)
"""In which time dampers follow the pedal."""

KEPT = (0.05, 0.8)
"""Share of what rings that another strike of the key leaves."""

LATEST_DAMPER, DAMPER_SPREAD = 0.05, 0.015
"""Seconds by which dampers fall later than the keys say: of a piano at most, and the deviation of single notes."""

LATEST_STRIKE, STRIKE_SPREAD = 0.04, 0.005
"""Seconds by which the softest strikes sound later than the keys say, of a piano at most, and the deviation of single notes.

A hammer that is thrown softly flies longer. Source: Goebl and Bresin 2003 (Measurement and reproduction accuracy of
computer-controlled grand pianos), where soft notes come late and loud ones early.
"""


@dataclass(frozen=True)
class Mechanics:
    """How a piano's dampers work under some foot.

    Attributes:
        dampers: The dampers themselves.
        off: Depth of the pedal from which on they are off the strings.
        on: Depth up to which they lie on them with all their weight.
        bend: Power by which their weight grows between.
        seconds: In which they follow the pedal.
        kept: See `synthesis.half_pedal.half_pedalled`.
    """

    dampers: Dampers
    off: float
    on: float
    bend: float
    seconds: float
    kept: float

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Mechanics:
        """Return those of some piano, in some room, under some foot."""
        leak, tail = 10 ** (-random.uniform(*LEAK_DB) / 20), np.exp(random.uniform(*np.log(TAIL_SECONDS)))
        dampers = Dampers(2 ** random.uniform(-1.3, 1), leak=leak, tail=float(tail))
        off, on, bend = random.uniform(*OFF_DEPTH), random.uniform(*ON_DEPTH), random.uniform(*BEND)
        return cls(dampers, off, on, bend, random.uniform(*FOOT_SECONDS), random.uniform(*KEPT))

    def foot(self, played: HandsAndFoot, seconds: float) -> Foot:
        """Return how firmly dampers lie on the strings from the first strike of a stretch to its end."""
        begin = float(played.strikes.start.min(initial=0))
        time = begin + np.arange(round((seconds - begin) * RATE)) / RATE
        depth = np.append(0.0, played.depth)[np.searchsorted(played.moved, time, side="right")]
        width = 2 * round(self.seconds * RATE / 2) + 1
        sums = np.append(0, np.cumsum(np.pad(depth, width // 2, mode="edge")))
        depth = (sums[width:] - sums[:-width]) / width
        return Foot(begin, np.clip((self.off - depth) / (self.off - self.on), 0, 1) ** self.bend)


def played(performance: HandsAndFoot, random: np.random.Generator, seconds: float) -> HandsAndFoot:
    """Return a stretch of a performance: transposed, slower or faster, softer or louder, with more or less pedal."""
    factor = random.uniform(1 - MOST_STRETCH, 1 + MOST_STRETCH)
    begin = random.uniform(0, max(performance.seconds - seconds / factor, 0.1))
    part = performance.between(begin, begin + seconds / factor, before=LONGEST_SECONDS)
    chance, depth = random.random(), part.depth
    if chance < SHALLOW:
        depth = depth * random.uniform(*SHALLOW_DEPTH)
    elif chance < SHALLOW + DEEP:
        depth = np.minimum(depth * DEEP_DEPTH, 127)
    key = part.strikes.key + int(random.integers(-MOST_SEMITONES, MOST_SEMITONES + 1))
    touch = np.clip(127 * (part.strikes.velocity / 127) ** random.uniform(*TOUCH), 1, 127).astype(np.int64)
    strikes = TimedNotes(part.strikes.start * factor, part.strikes.end * factor, key, touch)
    return HandsAndFoot(strikes.where((key >= FIRST_KEY) & (key < FIRST_KEY + KEYS)), part.moved * factor, depth)


def middle(performance: HandsAndFoot, seconds: float) -> HandsAndFoot:
    """Return a stretch from the middle of a performance: the notes that begin in it, which end with it at the latest, and the pedal."""
    begin = max(0.0, (performance.seconds - seconds) / 2)
    part = performance.between(begin, begin + seconds - 0.1)
    strikes = replace(part.strikes, end=np.minimum(part.strikes.end, seconds))
    up = np.append(part.moved[part.moved < seconds], seconds)
    return HandsAndFoot(strikes, up, np.append(part.depth[: len(up) - 1], 0.0))


def by_chance(random: np.random.Generator, seconds: float) -> tuple[HandsAndFoot, bool]:
    """Return notes at random, perhaps of few keys that are struck again and again, and whether there is a pedal."""
    notes = struck_again(random, seconds) if random.random() < AGAIN else thrown(random, seconds)
    if random.random() >= FOOT:
        return HandsAndFoot(notes, np.zeros(0), np.zeros(0)), False
    moved = np.sort(random.uniform(-3, seconds, int(seconds * random.uniform(*FOOT_MOVES))))
    rest = random.uniform(0, FOOT_REST, len(moved)) * (random.random() < 1 / 2)
    return HandsAndFoot(notes, moved, np.where(np.arange(len(moved)) % 2 == 0, random.uniform(*FOOT_DEPTH, len(moved)), rest)), True


def thrown(random: np.random.Generator, seconds: float) -> TimedNotes:
    """Return notes at random, 1 to 14 a second, no two of one key at a time."""
    count = int(seconds * random.uniform(1, 14))
    start = random.uniform(-2, seconds, count)
    if random.random() < 1 / 2:  # in chords
        start = np.round(start * 2) / 2
    end = start + np.exp(random.uniform(np.log(0.05), np.log(4), count))
    key = np.clip(random.normal(62, 16, count), 21, 108).astype(np.int64)
    velocity = np.clip(random.normal(64, 22, count), 6, 127).astype(np.int64)
    return _one_at_a_time(TimedNotes(start, end, key, velocity), least=0.04)


def struck_again(random: np.random.Generator, seconds: float) -> TimedNotes:
    """Return 3 to 14 notes a second of 4 to 13 keys, short and rather soft, no two of one key at a time."""
    few = np.clip(random.normal(62, 16, int(random.integers(4, 14))), 21, 108).astype(np.int64)
    count = int(seconds * random.uniform(3, 14))
    start = random.uniform(-2, seconds, count)
    if random.random() < 1 / 2:  # in time
        start = np.round(start * 6) / 6 + random.normal(0, 0.01, count)
    end = start + np.exp(random.uniform(np.log(0.05), 0, count))
    velocity = np.clip(random.normal(random.uniform(40, 70), random.uniform(8, 25), count), 6, 127).astype(np.int64)
    return _one_at_a_time(TimedNotes(start, end, random.choice(few, count), velocity), least=0.06)


def _one_at_a_time(notes: TimedNotes, *, least: float) -> TimedNotes:
    """The notes by key and start, each over when the next of its key begins, without those that begin within `least` seconds of another."""
    order = np.lexsort((notes.start, notes.key))
    start, end, key, velocity = notes.start[order], notes.end[order], notes.key[order], notes.velocity[order]
    kept = np.append(True, (key[1:] != key[:-1]) | (start[1:] - start[:-1] > least))
    start, end, key, velocity = start[kept], end[kept], key[kept], velocity[kept]
    end[:-1] = np.where(key[1:] == key[:-1], np.minimum(end[:-1], start[1:]), end[:-1])
    return TimedNotes(start, end, key, velocity)


def down(stretch: HandsAndFoot, rate: float, frames: int) -> NDArray[np.float32]:
    """Return whether the pedal is down, as tables have it, 1 or 0, shape (frames,)."""
    depth = np.append(0.0, stretch.depth)[np.searchsorted(stretch.moved, np.arange(frames) / rate, side="right")]
    return (depth >= DOWN).astype(np.float32)


def sound_of(stretch: HandsAndFoot, piano: NoteBank, random: np.random.Generator, frames: int) -> NDArray[np.float32]:
    """Return how a stretch sounds on a piano that is out of tune, and late as pianos are; shape (frames,) at `SAMPLE_RATE`."""
    strikes, seconds = stretch.strikes, frames / SAMPLE_RATE
    off = int(random.integers(-MOST_KEYS_OFF, MOST_KEYS_OFF + 1)) if random.random() < OTHER_KEYS else 0
    if len(strikes) and not FIRST_KEY <= strikes.key.min() + off <= strikes.key.max() + off < FIRST_KEY + KEYS:
        off = 0
    ratio = 2 ** (random.uniform(-MOST_CENTS, MOST_CENTS) / 1200 - off / 12)  # retuned it is in time again
    late = random.uniform(0, LATEST_DAMPER)
    delay = late + np.abs(random.normal(0, DAMPER_SPREAD, len(strikes)))
    lag = random.uniform(0, LATEST_STRIKE) * np.clip((70 - strikes.velocity) / 50, -0.3, 1) + random.normal(0, STRIKE_SPREAD, len(strikes))
    start = (strikes.start + lag) * ratio
    spread = TimedNotes(start, np.maximum((strikes.end + delay) * ratio, start + 0.01), strikes.key + off, strikes.velocity)
    mechanics = Mechanics.drawn(random)
    foot = mechanics.foot(replace(stretch, moved=(stretch.moved + late) * ratio), seconds * ratio + 0.2)
    sound = half_pedalled(piano, spread, foot, seconds * ratio + 0.1, dampers=mechanics.dampers, kept=mechanics.kept)
    if random.random() < ALONG:
        at = (np.arange(len(sound)) / SAMPLE_RATE - foot.begin) * RATE
        up = (1 - np.interp(at, np.arange(len(foot.contact)), foot.contact)).astype(np.float32)
        sound += piano.along(sound, up) * np.float32(10 ** (random.uniform(*ALONG_DB) / 20))
    return np.asarray(np.interp(np.arange(frames) * ratio, np.arange(len(sound)), sound), np.float32)
