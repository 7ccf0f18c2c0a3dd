"""From performances, pianos and other instruments to a judge that tells them apart: what it learns from, and all of its training.

The same notes are played on a piano and on another instrument, and both recorded as by anybody: so what is played tells nothing, nor does
the room, and all that is left to learn is the sound. Instruments are those of General MIDI that have a pitch, in the ranges in which they
are played; most are played one, two or four notes at a time, and so are the pianos.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from partimento.audio.level import REFERENCE_DB
from partimento.audio.spectrum import SAMPLE_RATE, Spectra
from partimento.audio.thirds import THIRDS
from partimento.errors import ConfigError
from partimento.models.batch_norm import EPSILON
from partimento.models.onnx_graph import with_facts
from partimento.models.piano_judge import PianoJudge, PianoJudgeConfig
from partimento.models.piano_judge_graph import piano_judge_graph
from partimento.models.piano_judge_shape import STRETCH_MOMENTS
from partimento.score import Score, Track
from partimento.score.timed_notes import TimedNotes, struck_again
from partimento.synthesis.note_bank import NoteBank
from partimento.synthesis.soundfont import SoundfontSynthesizer
from partimento.training.hands_and_foot import HandsAndFoot
from partimento.training.microphone import recorded
from partimento.training.played_stretch import played, sound_of
from partimento.training.schedule import Schedule
from partimento.transcription.piano_judge import LEAST, Judge

RANGES: Mapping[int, tuple[int, int]] = {
    **{11: (53, 89), 12: (48, 84), 13: (65, 108)},
    **{16: (36, 96), 19: (36, 96), 21: (41, 89), 22: (60, 96)},
    **{24: (40, 84), 25: (40, 84), 26: (40, 86), 27: (40, 86), 28: (40, 86), 29: (40, 86), 30: (40, 86)},
    **{32: (28, 60), 33: (28, 60), 35: (28, 60)},
    **{40: (55, 96), 41: (48, 84), 42: (36, 76), 43: (28, 60), 45: (40, 84), 46: (36, 96), 47: (36, 60)},
    **{48: (36, 96), 52: (43, 80), 53: (43, 80)},
    **{56: (55, 82), 57: (40, 72), 58: (30, 60), 60: (40, 77), 61: (40, 82)},
    **{64: (56, 88), 65: (50, 81), 66: (45, 76), 68: (58, 91), 69: (52, 80), 70: (34, 72), 71: (50, 91)},
    **{72: (74, 108), 73: (60, 96), 75: (60, 96), 78: (60, 96), 79: (60, 84)},
    **{80: (40, 90), 81: (40, 90)},
    **{104: (48, 84), 105: (48, 86), 106: (48, 80), 107: (48, 86), 108: (60, 84), 110: (55, 90)},
}
"""General MIDI program, from 0, one family a line -> its lowest and its highest key; an octave at least lies between them."""

FAMILIES: Mapping[int, str] = {
    **{1: "bells and mallets", 2: "organs", 3: "guitars", 4: "basses", 5: "strings", 6: "ensembles", 7: "brass", 8: "reeds", 9: "pipes"},
    **{10: "synthesizers", 13: "plucked elsewhere"},
}
"""Program over 8 -> what its family is called."""

LIKE_PIANOS, OFTEN = (24, 25, 26, 27, 28, 45, 46, 105, 11, 12), 0.35
"""Programs that are struck or plucked as a piano is, and the share of stretches that are kept for them."""

PIANO = -1
"""What stands for a program where a piano plays."""

TEXTURES = (1, 2, 4, None)
"""How many notes may begin together; None is as many as there are. Each is as common as the others."""

CELLS_A_SECOND = 20
"""Notes begin together where they begin in the same twentieth of a second."""

CLOSEST_SECONDS = 0.05
"""A key is struck again after so long at least, and held so long."""

LEGATO_SECONDS, SHORTEST_SECONDS = 0.02, 0.1
"""One note at a time is let go so long after the next one begins, and where it can is held so long."""

DRY = 0.5
"""Share of stretches that nobody plays with a pedal: other instruments have none, and a piano is to be known without it."""

LATEST_SECONDS = 0.5
"""A stretch has a note that begins so long before its end, or is left out."""

SILENT = 1e-6
"""A sound whose peak is lower is left out."""

CROP_MOMENTS = 140
"""So much of a stretch is heard at a time in training, from anywhere in it."""

MOST_BINS_OFF = 4
"""In training a stretch is moved so far along the bins: an instrument is none for the keys that it is played on."""

CORNERS, COLOUR, LOUDER = 6, 0.25, 0.15
"""In training a stretch gets another colour, a line through so many corners with up to this deviation, and another level, in 20 dB."""

CERTAIN = 0.96
"""Of a piano the chance that it is one is said to be 0.98, of others 0.02: what is between them, so that nothing is learnt by heart."""

WEIGHT_DECAY = 0.05

SECONDS = STRETCH_MOMENTS / THIRDS.rate
FRAMES = STRETCH_MOMENTS * THIRDS.hop

Progress = Callable[[int], None]
"""Is told how many stretches are rendered, or steps are made."""


@dataclass(frozen=True)
class Band:
    """Who plays what.

    Attributes:
        performances: What is played.
        pianos: Which are pianos, at `SAMPLE_RATE`, each as often as it is given.
        fonts: Which have the other instruments, at the same rate and without a room.
    """

    performances: Sequence[HandsAndFoot]
    pianos: Sequence[NoteBank]
    fonts: Sequence[SoundfontSynthesizer]

    def __post_init__(self) -> None:
        if not (self.performances and self.pianos and self.fonts):
            counts = f"{len(self.performances)} performances, {len(self.pianos)} pianos, {len(self.fonts)} SoundFonts"
            raise ConfigError(f"judge: {counts}; expected some of each to learn from.")


class Stretches(NamedTuple):
    """What is learnt from: spectra, shape (stretches, moments, windows, bins), and what plays, `PIANO` or a program, (stretches,)."""

    spectra: NDArray[np.float16]
    programs: NDArray[np.int64]


def rendered(band: Band, count: int, random: np.random.Generator, *, progress: Progress | None = None) -> Stretches:
    """Return stretches on pianos, and the same notes on other instruments, by turns; those in which nothing begins are left out.

    Args:
        band: Who plays.
        count: Stretches of pianos, and as many of others; a few less are returned.
        random: Where chance comes from.
        progress: Is told how many of `count` there are.

    Raises:
        ConfigError: When nothing begins in any of them.
    """
    spectra = np.empty((2 * count, STRETCH_MOMENTS, len(THIRDS.windows), THIRDS.bins), np.float16)
    programs: list[int] = []
    for number in range(count):
        program = int(random.choice(LIKE_PIANOS if random.random() < OFTEN else list(RANGES)))
        performance = band.performances[int(random.integers(len(band.performances)))]
        stretch = in_texture(played(performance, random, SECONDS), random, RANGES[program])
        if random.random() < DRY:
            stretch = HandsAndFoot(stretch.strikes, np.zeros(0), np.zeros(0))
        if (stretch.strikes.start < SECONDS - LATEST_SECONDS).any():
            font = band.fonts[int(random.integers(len(band.fonts)))]
            piano = band.pianos[int(random.integers(len(band.pianos)))]
            for plays, sound in ((PIANO, sound_of(stretch, piano, random, FRAMES)), (program, _sound_on(font, stretch, program))):
                if np.abs(sound).max() >= SILENT:
                    spectra[len(programs)] = _recorded_spectra(sound, random)
                    programs.append(plays)
        if progress is not None:
            progress(number + 1)
    if not programs:
        raise ConfigError(
            f"judge: in none of {count} stretches of {len(band.performances)} performances a note begins. Give others, or more."
        )
    return Stretches(spectra[: len(programs)], np.array(programs))


def in_texture(stretch: HandsAndFoot, random: np.random.Generator, keys: tuple[int, int]) -> HandsAndFoot:
    """Return a stretch as an instrument may play it: so many notes at a time, the highest of them, moved by octaves into its range.

    Args:
        stretch: What is played, its notes by their onsets.
        random: Draws how many notes.
        keys: The range, an octave at least.
    """
    most = TEXTURES[int(random.integers(len(TEXTURES)))]
    notes = stretch.strikes if most is None else _highest(stretch.strikes, most)
    key = notes.key + 12 * np.ceil(np.maximum(keys[0] - notes.key, 0) / 12).astype(np.int64)
    key -= 12 * np.ceil(np.maximum(key - keys[1], 0) / 12).astype(np.int64)
    end = notes.end
    if most == 1:
        begins = np.append(np.sort(notes.start), np.inf)
        following = begins[np.searchsorted(begins, notes.start, side="right")]
        end = np.minimum(np.maximum(end, notes.start + SHORTEST_SECONDS), following + LEGATO_SECONDS)
    notes = TimedNotes(notes.start, np.maximum(end, notes.start + CLOSEST_SECONDS), key, notes.velocity)
    notes = notes.where(struck_again(notes) - notes.start > CLOSEST_SECONDS)
    return HandsAndFoot(replace(notes, end=np.minimum(notes.end, struck_again(notes))), stretch.moved, stretch.depth)


def _highest(notes: TimedNotes, most: int) -> TimedNotes:
    """The highest notes of those that begin together, so many at most."""
    cell = np.rint(notes.start * CELLS_A_SECOND)
    order = np.lexsort((-notes.key, cell))
    first = np.searchsorted(cell[order], cell[order])
    kept = np.zeros(len(notes), np.bool_)
    kept[order] = np.arange(len(notes)) - first < most
    return notes.where(kept)


def _sound_on(font: SoundfontSynthesizer, stretch: HandsAndFoot, program: int) -> NDArray[np.float32]:
    """How a stretch sounds on an instrument of a SoundFont, which knows no pedal; shape (`FRAMES`,)."""
    strikes = stretch.strikes.where((stretch.strikes.end > 0) & (stretch.strikes.start < SECONDS))
    if not len(strikes):
        return np.zeros(FRAMES, np.float32)
    start = np.rint(np.maximum(strikes.start, 0) * 1000).astype(np.int64)
    duration = np.maximum(np.rint(strikes.end * 1000).astype(np.int64) - start, 1)
    track = Track(start, duration, strikes.key.astype(np.int32), strikes.velocity.astype(np.int32), program=program)
    sound = font.mixed(Score(500, (track,))).mean(axis=0)[:FRAMES]
    return np.pad(sound, (0, FRAMES - len(sound))).astype(np.float32)


def _recorded_spectra(sound: NDArray[np.float32], random: np.random.Generator) -> Spectra:
    """What is heard of a sound that somebody recorded."""
    heard = recorded(sound, random, SAMPLE_RATE)
    level = np.sqrt(np.mean(np.square(heard))) + np.float32(1e-9)
    return THIRDS.of(heard * np.float32(10 ** (REFERENCE_DB / 20) / level))


@dataclass(frozen=True)
class JudgePlan:
    """How long and how a judge learns.

    Attributes:
        steps: Of the optimiser, 1 or more.
        learning_rate: Its highest value; it falls along half a cosine.
        rows: Stretches of a batch.
        seed: Sets weights, batches and dropout.
        threads: Of torch.
        least: The mean logit below which a sound is hardly a piano.
        shape: Of the network.
    """

    steps: int = 1500
    learning_rate: float = 2e-3
    rows: int = 32
    seed: int = 0
    threads: int = 1
    least: float = 0.0
    shape: PianoJudgeConfig = field(default_factory=PianoJudgeConfig)


@dataclass(frozen=True)
class FittedJudge:
    """What came of it.

    Attributes:
        weights: Of the network, float32.
        graph: The network with them.
        config: Its settings, JSON values.
        settings: How it was trained, JSON values.
        figures: Percent of the held-out stretches that it heard aright.
    """

    weights: Mapping[str, NDArray[np.float32]]
    graph: bytes
    config: Mapping[str, Any]
    settings: Mapping[str, Any]
    figures: Mapping[str, Any]


def fit_judge(train: Stretches, held_out: Stretches, *, plan: JudgePlan, progress: Progress | None = None) -> FittedJudge:
    """Return a judge that learnt from stretches.

    Args:
        train: To learn from.
        held_out: To check on: other performances, another piano, another SoundFont.
        plan: How long and how.
        progress: Is told how many steps are made.

    Raises:
        ConfigError: When there are no pianos, or nothing else, in either of them.
    """
    for name, stretches in (("learn from", train), ("check on", held_out)):
        pianos = int(np.count_nonzero(stretches.programs == PIANO))
        if not 0 < pianos < len(stretches.programs):
            raise ConfigError(
                f"judge: {pianos} of {len(stretches.programs)} stretches to {name} are pianos; expected some, and some others."
            )
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    random = np.random.default_rng(plan.seed)
    module = PianoJudge(plan.shape).train()
    optimizer = torch.optim.AdamW(module.parameters(), weight_decay=WEIGHT_DECAY)
    schedule = Schedule.of_steps(plan.steps, plan.learning_rate, "cosine")
    for step in range(plan.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(step)
        chosen = random.integers(len(train.programs), size=plan.rows)
        spectra = np.stack([heard_anew(train.spectra[place].astype(np.float32), random) for place in chosen])
        piano = torch.from_numpy((train.programs[chosen] == PIANO).astype(np.float32))
        logits = module(torch.from_numpy(spectra))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, piano * CERTAIN + (1 - CERTAIN) / 2)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        if progress is not None:
            progress(step + 1)
    weights = {name: tensor.detach().numpy().copy() for name, tensor in module.state_dict().items()}
    graph = with_facts(piano_judge_graph(weights, asdict(plan.shape), epsilon=EPSILON), {LEAST: repr(plan.least)})
    settings = {name: value for name, value in asdict(plan).items() if name != "shape"} | {"weight_decay": WEIGHT_DECAY}
    return FittedJudge(weights, graph, asdict(plan.shape), settings, heard_aright(Judge(graph), held_out))


def heard_anew(spectra: Spectra, random: np.random.Generator) -> Spectra:
    """Return some of a stretch, a little higher or lower, in another colour and at another level; silence stays silent.

    Args:
        spectra: Shape (moments, windows, bins).
        random: Where chance comes from.

    Returns:
        Shape (`CROP_MOMENTS` or less, windows, bins).
    """
    first = int(random.integers(max(len(spectra) - CROP_MOMENTS, 0) + 1))
    heard = np.roll(spectra[first : first + CROP_MOMENTS], int(random.integers(-MOST_BINS_OFF, MOST_BINS_OFF + 1)), axis=2)
    corners = random.normal(0, random.uniform(0, COLOUR), CORNERS)
    colour = np.interp(np.linspace(0, 1, heard.shape[2]), np.linspace(0, 1, CORNERS), corners) + random.normal(0, LOUDER)
    return np.where(heard > 0, np.maximum(heard + colour.astype(np.float32), 0), 0).astype(np.float32)


def heard_aright(judge: Judge, stretches: Stretches) -> dict[str, Any]:
    """Return the percent of stretches that a judge hears aright: in the mean of pianos and others, of either, and of each family."""
    size = 50
    parts = [judge.logits(stretches.spectra[first : first + size].astype(np.float32)) for first in range(0, len(stretches.programs), size)]
    piano = stretches.programs == PIANO
    right = (np.concatenate(parts) >= judge.least) == piano

    def percent(chosen: NDArray[np.bool_]) -> float:
        return round(100 * float(right[chosen].mean()), 1)

    found = {"pianos": percent(piano), "others": percent(~piano)}
    families = {name: stretches.programs // 8 == number for number, name in FAMILIES.items()}
    return {
        "accuracy": round(math.fsum(found.values()) / 2, 1),
        **found,
        "families": {name: percent(chosen) for name, chosen in families.items() if chosen.any()},
    }
