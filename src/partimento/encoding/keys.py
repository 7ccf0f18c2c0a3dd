"""A keyboard in steps of 50 ms, one id a sounding key: the text that carykh's computer composed Bach from, mended.

    start  HLO ĨĬį ĨĬį ĨĬO ...  end

The ids are the letters of `files.keys_text`: those of the keys that sound in a step, low to high, each struck or held, then
a blank that ends the step. There is no metre; bars of two seconds (4/4 at 120 quarter notes a minute) are counted all the
same, so that a piece has a length one can ask for and an end to come to.

Source: caryCompressionMIDICSV (carykh 2017), read for its behaviour: steps of 50 ms, a character a key, six copies from as
written to five semitones higher. Differs: a strike has a letter of its own, so that touching notes stay two and none has to
be cut short; time is counted in seconds through changes of tempo; letters and keys are the same in both directions; all
tracks but drums are played, not the piano programs alone; pedals are told by note lengths; line ends are no ids; a piece
has a start and an end. `velocity` adds an id of loudness before a strike where loudness changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.keys_grammar import KeysGrammar
from partimento.encoding.keys_layout import (
    BAR_STEPS,
    END,
    FIRST_HELD,
    FIRST_LOUDNESS,
    FIRST_STRUCK,
    LEVELS,
    LOUD_VOCABULARY,
    PLAIN_VOCABULARY,
    SPAN,
    START,
    STEP,
)
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError, ScoreError
from partimento.score import KeySignature, Score
from partimento.score.pitch import pitch_name
from partimento.score.steps import HIGHEST_KEY, LOWEST_KEY, STEPS_PER_SECOND, VELOCITY, Steps, score_of, steps_of

_LEVEL_WIDTH = 128 // LEVELS


class Keys:
    """Encoding ``keys``: see the module's docstring.

    Args:
        velocity: Whether loudness is told, in sixteen levels.

    Raises:
        EncodingError: When `velocity` is neither true nor false.
    """

    name = "keys"
    grid = None
    tempo = 120.0
    transpositions = (0, 1, 2, 3, 4, 5)
    hints: Mapping[str, Any] = {"keyboard": True, "seconds": True}  # never changed

    def __init__(self, *, velocity: bool = False) -> None:
        if not isinstance(velocity, bool):
            raise EncodingError(f"encoding 'keys': velocity is {velocity!r}, expected true or false.")
        self._is_loud = velocity

    @property
    def losses(self) -> str:
        """One sentence: what of a score this encoding does not keep."""
        loudness = "loudness in 16 levels" if self._is_loud else "no loudness"
        return (
            f"Keeps the piano keys that sound in steps of 50 ms, strikes told from holds, pedals as note lengths, {loudness}; plays all "
            "tracks but drums on one keyboard, where two equal keys at once are one; drops metre, key, tempo, voices and instruments."
        )

    @property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""
        return LOUD_VOCABULARY if self._is_loud else PLAIN_VOCABULARY

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return START

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return `score` as ids, shape (1 + cells + steps,), those of loudness and the end more.

        Args:
            score: At least one note, none of them outside keys 21 to 108.
            whole: Whether the piece ends with the score: it is then filled up with silence to the end of its bar.

        Raises:
            EncodingError: When there are no notes, a note has no key on a piano, or the score lasts for hours.
        """
        try:
            steps = steps_of(score)
        except ScoreError as error:
            raise EncodingError(f"encoding 'keys': {error}") from error
        if not steps.count:
            raise EncodingError("encoding 'keys': the score has no notes but drums, expected at least one. Give another piece.")
        wrong = np.flatnonzero((steps.key < LOWEST_KEY) | (steps.key > HIGHEST_KEY))
        if wrong.size:
            key, second = int(steps.key[wrong[0]]), steps.step[wrong[0]] / STEPS_PER_SECOND
            raise EncodingError(
                f"encoding 'keys': {pitch_name(key)} (key {key}) at second {second:.2f}, expected A0 to C8 (keys 21 to 108). "
                "Transpose the piece."
            )
        count = -(-steps.count // BAR_STEPS) * BAR_STEPS if whole else steps.count
        cells = steps.key - LOWEST_KEY + np.where(steps.struck, FIRST_STRUCK, FIRST_HELD)
        ids = np.full(1 + cells.size + count, STEP, np.int32)
        ids[0] = START
        places = 1 + np.arange(cells.size) + steps.step
        ids[places] = cells
        if self._is_loud:
            ids = _with_loudness(ids, steps, places)
        return np.append(ids, np.int32(END)) if whole else ids

    def decode(self, ids: Ids) -> Score:
        """Return the score that `ids` say, one track at 120 quarter notes a minute, 480 ticks a quarter, 48 a step."""
        numbers = np.asarray(ids, np.int64)
        step = np.cumsum(numbers == STEP)
        is_cell = (numbers >= FIRST_STRUCK) & (numbers < FIRST_HELD + SPAN)
        cells = numbers[is_cell]
        struck = cells < FIRST_HELD
        key = LOWEST_KEY + cells - np.where(struck, FIRST_STRUCK, FIRST_HELD)
        steps = Steps.tidy(step[is_cell], key, struck, _velocities(numbers)[is_cell], int(step[-1]) if step.size else 0)
        return score_of(steps)

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> KeysGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`).

        Args:
            bars: Bars of two seconds.
            key: Not used: keys without metre have no key; what is composed is transposed instead.
        """
        return KeysGrammar(len(self.vocabulary), bars=bars, loud=self._is_loud)

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of strikes in `ids`."""
        numbers = np.asarray(ids)
        return max(1, int(((numbers >= FIRST_STRUCK) & (numbers < FIRST_HELD)).sum()))

    def options(self) -> Mapping[str, object]:
        """Return whether loudness is told; nothing where it is not."""
        return {"velocity": True} if self._is_loud else {}


def _with_loudness(ids: Ids, steps: Steps, places: NDArray[np.int64]) -> Ids:
    """The ids with a loudness before each strike that has another than the strike before it."""
    level = steps.velocity[steps.struck] // _LEVEL_WIDTH
    changes = np.append(True, level[1:] != level[:-1])
    loudness = (FIRST_LOUDNESS + level[changes]).astype(np.int32)
    return np.asarray(np.insert(ids, places[steps.struck][changes], loudness))


def _velocities(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each id the velocity that the last loudness before it says, shape (ids,)."""
    said = numbers >= FIRST_LOUDNESS
    last = np.maximum.accumulate(np.where(said, np.arange(numbers.size), -1)) if numbers.size else np.zeros(0, np.int64)
    middle = (numbers - FIRST_LOUDNESS) * _LEVEL_WIDTH + _LEVEL_WIDTH // 2
    return np.asarray(np.where(last >= 0, middle[last], VELOCITY))
