"""A WaveNet that plays scores: long ones in stretches, many at a time, each begun a little early so that they join.

A stretch begins in silence, and hears the end of what lies before it in its lead-in, which is then faded over the end of the one
before. What it has not heard is how the strings were moving: a note that is held across a seam goes on with another phase.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from partimento.audio.waveform import Waveform
from partimento.bundle import STEP, Bundle
from partimento.errors import AudioError, BundleError
from partimento.models.wavenet_graph import CONTEXT
from partimento.models.wavenet_session import WaveNetSession
from partimento.models.wavenet_shape import SAMPLE_RATE, SAMPLES_PER_FRAME
from partimento.score import Score
from partimento.score.timed_notes import Performance
from partimento.synthesis.note_roll import FRAMES_PER_SECOND, note_roll

MODEL = "wavenet"

AT_ONCE = 64
"""Stretches that are played at once."""

SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 4.0
"""Of a stretch."""

LEAD_SECONDS, FADE_SECONDS, TAIL_SECONDS = 0.32, 0.04, 2.0
"""How much earlier a stretch begins, how long it takes over, and how long is played after the last note."""

MARGIN_FRAMES = 128
"""Frames to either side that the context stack is given."""

MOST_SECONDS = 7_200


class WaveNetVoice:
    """A voice's bundle at work (a `Synthesizer`).

    Args:
        bundle: Of a WaveNet.
        seed: Sets chance.
        temperature: How much of it, see `WaveNetSession.play`.
        watch: Is told which share of the piece is done, 0 to 1.

    Raises:
        BundleError: When it is no voice's, or damaged.
    """

    def __init__(
        self, bundle: Bundle, *, seed: int = 0, temperature: float = 1.0, watch: Callable[[float], None] = lambda share: None
    ) -> None:
        kind = bundle.card.model.get("name")
        if kind != MODEL or STEP not in bundle.files or CONTEXT not in bundle.files:
            remedy = "Train a voice: partimento train --model wavenet."
            raise BundleError(f"model '{bundle.card.name}': is a {kind} and plays no sound. {remedy}")
        try:
            self._session = WaveNetSession(bundle.files[CONTEXT], bundle.files[STEP])
        except ValueError as error:
            raise BundleError(f"{bundle.folder}: {str(error).rstrip('.')}. Fetch or train it again.") from error
        self._seed, self._temperature, self._watch = seed, temperature, watch

    def render(self, score: Score) -> Waveform:
        """Return the sound of a score's notes on the piano that the voice learnt, one channel at 16 kHz.

        Raises:
            AudioError: When the score has no notes, or lasts longer than two hours.
        """
        if not score.note_count:
            raise AudioError("the score has no notes. There is nothing to play.")
        performance = Performance.of(score)
        seconds = performance.seconds + TAIL_SECONDS
        if seconds > MOST_SECONDS:
            raise AudioError(f"the score lasts {seconds / 60:.0f} minutes, expected at most {MOST_SECONDS // 60}. Render parts of it.")
        frames = int(np.ceil(seconds * FRAMES_PER_SECOND))
        return Waveform.fitted(self._joined(note_roll(performance, frames))[None], SAMPLE_RATE)

    def _joined(self, roll: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sound of a roll, stretch after stretch."""
        lead, frames = round(LEAD_SECONDS * FRAMES_PER_SECOND), len(roll)
        size = int(np.clip(-(-frames // AT_ONCE), SHORTEST_SECONDS * FRAMES_PER_SECOND, LONGEST_SECONDS * FRAMES_PER_SECOND))
        begins = list(range(0, frames, size))
        sound = np.zeros(frames * SAMPLES_PER_FRAME, np.float32)
        random = np.random.default_rng(self._seed)
        for first in range(0, len(begins), AT_ONCE):
            group = begins[first : first + AT_ONCE]
            told = np.stack([self._told(roll, begin - lead, lead + size) for begin in group])
            done, whole = first / len(begins), len(group) / len(begins)
            watch = partial(self._tell, done, whole / (lead + size))
            made = self._session.play(told, random, temperature=self._temperature, watch=watch)
            for begin, part in zip(group, made, strict=True):
                _add(sound, part, (begin - lead) * SAMPLES_PER_FRAME, first=begin == 0)
        return sound

    def _tell(self, done: float, each: float, frame: int) -> None:
        """Tell how far it is."""
        self._watch(done + each * frame)

    def _told(self, roll: NDArray[np.float32], begin: int, frames: int) -> NDArray[np.float32]:
        """What the layers are told in a stretch; before and behind the piece the keys are still."""
        low, high = begin - MARGIN_FRAMES, begin + frames + MARGIN_FRAMES
        inner = roll[max(low, 0) : max(high, 0)]
        whole = np.pad(inner, ((max(-low, 0), 0), (0, 0)))
        whole = np.pad(whole, ((0, high - low - len(whole)), (0, 0)))
        return self._session.told(whole)[MARGIN_FRAMES : MARGIN_FRAMES + frames]


def _add(sound: NDArray[np.float32], part: NDArray[np.float32], at: int, *, first: bool) -> None:
    """Put a stretch, lead-in first, in its place, fading over what lies there at the end of its lead-in."""
    lead, fade = round(LEAD_SECONDS * SAMPLE_RATE), round(FADE_SECONDS * SAMPLE_RATE)
    begin = at + lead - (0 if first else fade)
    new = part[begin - at : begin - at + len(sound) - begin]
    if not first:
        rise = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
        kept = min(fade, len(new))
        sound[begin : begin + kept] *= np.cos(np.linspace(0, np.pi / 2, fade, dtype=np.float32))[:kept]
        sound[begin : begin + kept] += new[:kept] * rise[:kept]
        begin, new = begin + kept, new[kept:]
    sound[begin : begin + len(new)] = new
