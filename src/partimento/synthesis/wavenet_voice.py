"""A WaveNet that plays scores: long ones in stretches, many at a time, each begun a little early so that they join.

A stretch begins in silence, and hears the end of what lies before it in its lead-in, which is then faded over the end of the one
before. What it has not heard is how the strings were moving: a note that is held across a seam goes on with another phase. Each has
a chance of its own, and a network knows of what it has said only the last few hundredths of a second, so what is made can be kept, and
the rest is the same whenever it is made. Silence is not made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partimento.audio.waveform import Samples, Waveform
from partimento.bundle import STEP, WEIGHTS, Bundle
from partimento.errors import BundleError
from partimento.files.part_file import PartFile
from partimento.files.tensors import read_tensors
from partimento.models.wavenet_lead import LEADS, LOUDEST_REST, LOUDEST_SHARE, SKETCH_SHARE
from partimento.models.wavenet_session import WaveNetSession
from partimento.models.wavenet_shape import CONTEXT, SAMPLE_RATE, SAMPLES_PER_FRAME, STRINGS
from partimento.score import Score
from partimento.score.timed_notes import Performance, TimedNotes
from partimento.synthesis.note_bank import NoteBank
from partimento.synthesis.note_roll import FRAMES_PER_SECOND, note_roll
from partimento.synthesis.playable import left_out, playable
from partimento.synthesis.sketch import sketch_bank
from partimento.synthesis.stretches import Stretch, joined, needed, sounding, stretches

MODEL = "wavenet"

AT_ONCE = 64
"""Stretches that are played at once."""

SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 4.0
"""Of a stretch."""

LEAD_SECONDS = 0.32
"""How much earlier a stretch begins."""

RINGS_SECONDS = 2.0
"""How long a note of a sketch can be heard after its damper fell."""

MARGIN_FRAMES = 128
"""Frames to either side that the context stack is given."""

KEPT_FRAMES = 50
"""Frames of all stretches that are kept together, so much is lost at most where something is broken off."""

_TOLD_FRAMES = 250  # what the layers are told is worked out for so many frames at a time: of an hour it would take terabytes


class WaveNetVoice:
    """A voice's bundle at work (a `Streaming` synthesizer).

    Args:
        bundle: Of a WaveNet.
        seed: Sets chance.
        temperature: How much of it, see `WaveNetSession.play`.
        watch: Is told how many seconds of how many are made, the first time before anything is made.
        part: Where what is finished is kept; the same score, voice, seed and temperature then go on from there, and sound the same as if
            nothing had come between. Whoever gives it removes it.

    Raises:
        BundleError: When it is no voice's, or damaged.
    """

    sample_rate = SAMPLE_RATE
    peak_db = None

    def __init__(
        self,
        bundle: Bundle,
        *,
        seed: int = 0,
        temperature: float = 1.0,
        watch: Callable[[float, float], None] | None = None,
        part: Path | None = None,
    ) -> None:
        kind = bundle.card.model.get("name")
        if kind != MODEL or STEP not in bundle.files or CONTEXT not in bundle.files:
            remedy = "Train a voice: partimento train --model wavenet."
            raise BundleError(f"model '{bundle.card.name}': is a {kind} and no WaveNet. {remedy}")
        try:
            self._session = WaveNetSession(bundle.files[CONTEXT], bundle.files[STEP])
        except ValueError as error:
            raise BundleError(f"{bundle.folder}: {str(error).rstrip('.')}. Fetch or train it again.") from error
        self._sketch: NoteBank | None = None
        if self._session.sketched:
            strings = read_tensors(bundle.files.get(WEIGHTS, b""), WEIGHTS).get(STRINGS)
            if strings is None:
                raise BundleError(f"{bundle.folder}: does not say how its strings are tuned. Fetch or train it again.")
            self._sketch = sketch_bank(np.asarray(strings, np.float32), SAMPLE_RATE)
        self._graphs = hashlib.sha256(bundle.files[CONTEXT] + bundle.files[STEP]).hexdigest()
        self._seed, self._temperature, self._part = seed, temperature, part
        self._watch = watch or (lambda done, seconds: None)

    def render(self, score: Score) -> Waveform:
        """Return the sound of a score's notes on the piano that the voice learnt, one channel at 16 kHz.

        Raises:
            AudioError: See `blocks`.
            WriteError: See `blocks`.
        """
        return Waveform.fitted(np.concatenate(list(self.blocks(score)), axis=1), SAMPLE_RATE)

    def blocks(self, score: Score) -> Iterator[Samples]:
        """Yield the same, one stretch after the other; above full scale it is not brought down.

        Raises:
            AudioError: When the score has no notes that a piano could play, or lasts too long, see `playable`.
            WriteError: When what is finished cannot be kept.
        """
        performance = playable(score)
        notes = performance.notes
        spans = sounding(notes)
        frames = sum(end - begin for begin, end in spans)
        size = int(np.clip(-(-frames // AT_ONCE), SHORTEST_SECONDS * FRAMES_PER_SECOND, LONGEST_SECONDS * FRAMES_PER_SECOND))
        plan = stretches(spans, size)
        for block in joined(self._pieces(performance, plan)):
            yield block[None]

    def left_out(self, score: Score) -> list[str]:
        """Return what of a score a piano cannot play, in words; nothing where it can play all."""
        return left_out(score)

    def _pieces(self, performance: Performance, plan: list[Stretch]) -> Iterator[tuple[Stretch, NDArray[np.float32]]]:
        """Every stretch with what is needed of it."""
        part = None if self._part is None else PartFile(self._part, self._of(performance, plan))
        groups = _groups(plan)
        before, whole = 0.0, sum(group.seconds for group in groups)
        self._watch(sum(group.kept_seconds(part) for group in groups), whole)
        for group in groups:
            made = self._made(performance, group, part, (before, whole))
            yield from ((each, needed(each, sound, _lead())) for each, sound in zip(group.stretches, made, strict=True))
            before += group.seconds

    def _made(self, performance: Performance, group: _Group, part: PartFile | None, seconds: tuple[float, float]) -> NDArray[np.float32]:
        """The sound of a group's stretches with their lead-ins, shape (stretches, samples): what is kept, and from there on anew.

        `seconds` are those made before it, and all.
        """
        sounds = [] if part is None else group.kept(part)
        random = [np.random.default_rng([self._seed, group.first + place]) for place in range(len(group.stretches))]
        before = np.concatenate(sounds, axis=1) if sounds else None
        done, fresh = 0 if before is None else before.shape[1] // SAMPLES_PER_FRAME, []
        if done < group.frames:
            told = self._told(performance, group.stretches, group.frames)
            for frame in self._session.play(told, random, temperature=self._temperature, before=before):
                done += 1
                fresh.append(frame)
                if len(fresh) == KEPT_FRAMES or done == group.frames:
                    sounds.append(np.concatenate(fresh, axis=1))
                    fresh = []
                    if part is not None:
                        part.append(sounds[-1].tobytes())
                self._watch(seconds[0] + group.seconds * done / group.frames, seconds[1])
        return np.concatenate(sounds, axis=1)

    def _told(self, performance: Performance, group: Sequence[Stretch], frames: int) -> Iterator[NDArray[np.float32]]:
        """What the layers are told in the stretches of a group, from their lead-ins on; around the piece the keys are still."""
        for at in range(0, frames, _TOLD_FRAMES):
            count = min(_TOLD_FRAMES, frames - at)
            firsts = [each.begin - _lead() + at for each in group]
            rolls = (_part_of(performance, first - MARGIN_FRAMES, count + 2 * MARGIN_FRAMES) for first in firsts)
            told = np.stack([self._session.told(roll)[MARGIN_FRAMES : MARGIN_FRAMES + count] for roll in rolls])
            if self._sketch is not None:
                sketches = [_sketched(self._sketch, performance.notes, first, count) for first in firsts]
                told = np.concatenate([told, np.stack(sketches)], axis=2)
            yield told

    def _of(self, performance: Performance, plan: list[Stretch]) -> str:
        """The hash of all that the sound hangs on."""
        sizes = [AT_ONCE, KEPT_FRAMES, LEAD_SECONDS, MARGIN_FRAMES, _TOLD_FRAMES, self._seed, self._temperature, self._graphs]
        digest = hashlib.sha256(json.dumps([sizes, LOUDEST_SHARE, LOUDEST_REST, SKETCH_SHARE, LEADS, plan]).encode())
        for column in (*vars(performance.notes).values(), performance.pedal):
            digest.update(column.astype(np.float64).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class _Group:
    """Stretches that are played at once, and where their sound is kept.

    Attributes:
        stretches: Which.
        first: How many stretches come before them.
        frames: Of the longest, its lead-in counted.
        place: The first of their parts in a part file; each has `KEPT_FRAMES` of all of them, the last one what is left.
    """

    stretches: Sequence[Stretch]
    first: int
    frames: int
    place: int

    @property
    def parts(self) -> int:
        """How many there are of them."""
        return -(-self.frames // KEPT_FRAMES)

    @property
    def seconds(self) -> float:
        """Of music, without lead-ins."""
        return sum(each.end - each.begin for each in self.stretches) / FRAMES_PER_SECOND

    def kept_seconds(self, part: PartFile | None) -> float:
        """Its share of them that is kept."""
        there = 0 if part is None else min(max(len(part) - self.place, 0), self.parts)
        return self.seconds * min(there * KEPT_FRAMES / self.frames, 1)

    def kept(self, part: PartFile) -> list[NDArray[np.float32]]:
        """What is kept, each of shape (stretches, samples)."""
        places = range(self.place, min(len(part), self.place + self.parts))
        return [np.frombuffer(part[place], np.float32).reshape(len(self.stretches), -1) for place in places]


def _groups(plan: Sequence[Stretch]) -> list[_Group]:
    """All stretches, `AT_ONCE` of them a group."""
    groups, place = [], 0
    for first in range(0, len(plan), AT_ONCE):
        group = plan[first : first + AT_ONCE]
        groups.append(_Group(group, first, _lead() + max(each.end - each.begin for each in group), place))
        place += groups[-1].parts
    return groups


def _lead() -> int:
    """Frames of a lead-in."""
    return round(LEAD_SECONDS * FRAMES_PER_SECOND)


def _part_of(performance: Performance, first: int, frames: int) -> NDArray[np.float32]:
    """The roll of some frames."""
    notes = performance.notes
    heard = (notes.start * FRAMES_PER_SECOND < first + frames) & (notes.end * FRAMES_PER_SECOND >= first - 1)
    return note_roll(Performance(notes.where(heard), performance.pedal), frames, first=first)


def _sketched(piano: NoteBank, notes: TimedNotes, first: int, frames: int) -> NDArray[np.float32]:
    """The sketch of some frames, shape (frames, SAMPLES_PER_FRAME)."""
    begin, seconds = first / FRAMES_PER_SECOND, frames / FRAMES_PER_SECOND
    near = notes.where((notes.start < begin + seconds) & (notes.end > begin - RINGS_SECONDS))
    moved = replace(near, start=near.start - begin, end=near.end - begin)
    return piano.play(moved, seconds).reshape(frames, SAMPLES_PER_FRAME)
