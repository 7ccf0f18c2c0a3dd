"""What may follow what in encoding `chorale`, and how a chorale is brought to its end on time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from partimento.encoding.chorale_layout import (
    BAR_STEPS,
    FINAL,
    LOWEST,
    NOW,
    SPAN,
    STEP_IDS,
    STEPS_PER_QUARTER,
    VOCABULARY,
    VOICES,
    Place,
    held_id,
    key_signature,
    place_id,
    struck_id,
)
from partimento.encoding.encoding import Mask
from partimento.errors import EncodingError
from partimento.score.pitch import tonic_pitch_class

MOST_BARS = 64
"""A piece without a wished length is brought to its end here; few chorales are as long."""

FEWEST_BARS = 4
"""Bars begun before a piece without a wished length may turn to its end."""

RANGES = {"soprano": (57, 81), "alto": (53, 74), "tenor": (48, 69), "bass": (36, 64)}
"""MIDI keys each voice may strike: the extremes of the 400 chorales of music21 in their own keys."""

_APPROACH = 3 * STEPS_PER_QUARTER


class ChoraleGrammar:
    """Follows one chorale id by id (see `encoding.Grammar`).

    It writes one metre from start to end, and ends on a bar line or where the last bar and the pickup make one bar;
    no voice rests; two voices move in parallel fifths or octaves only where no other way is left. Bach himself did
    otherwise now and then.

    Args:
        bars: Bars the piece must have, its pickup and incomplete last bar together counting as one.
        key: Id of the key it must be in; the model's choice where None.
        given: Ids of the piece that stand beforehand, -1 where it is open; what is given may break the rules.
    """

    def __init__(self, *, bars: int | None = None, key: int | None = None, given: Sequence[int] = ()) -> None:
        if bars is not None and not 2 <= bars <= 1000:
            raise EncodingError(f"encoding 'chorale': {bars} bars, expected 2 to 1000.")
        self._given, self._at = given, 0
        self._wished_bars = bars
        self._begun = 0  # bars begun, a pickup not counted
        self._pickup = 0  # steps the last bar lacks
        self._key = key
        self._slot = -3  # -3 start, -2 metre, -1 key, 0 place, 1 to 4 voices
        self._steps = 0
        self._tonic, self._minor = 0, False
        self._bar = 16
        self._first_step = 0
        self._headed = False  # whether metre and key stand
        self._place = Place(0, 0)
        self._run = 0  # steps so far in the present phase
        self._cut_short = False  # whether the present phase may last less than its quarter
        self._fermata_ends = False  # whether the soprano leaves a fermata at this step
        self._sounding = [-1] * len(VOICES)
        self._before = [-1] * len(VOICES)  # what sounded a step ago
        self._third: int | None = None  # pitch class of the last chord's third, where one sounds
        self._finished = False

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._finished

    @property
    def closing(self) -> bool:
        """Whether the last fermata, or its approach, has begun (see `encoding.Closing`)."""
        return self._place.phase >= FINAL

    @property
    def bars(self) -> int:
        """Bars begun so far, a pickup not counted."""
        return self._begun

    @property
    def given(self) -> int:
        """The id that comes next where it stands beforehand, -1 where it does not (see `encoding.Template`)."""
        return self._given[self._at] if self._at < len(self._given) else -1

    @property
    def _left(self) -> int | None:
        """Steps still to come, where the length is settled."""
        wished = self._wished_bars
        if wished is None:
            if self._begun < MOST_BARS:
                return None
            wished = MOST_BARS + 4
        return (wished - self._begun) * self._bar + self._bar - 1 - self._place.step - self._pickup

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        mask = np.zeros(len(VOCABULARY), np.bool_)
        if self._finished:
            return mask
        if self.given >= 0:
            mask[self.given] = True
        elif self._slot == -3:
            mask[VOCABULARY.ids["start"]] = True
        elif self._slot == -2:
            mask[[VOCABULARY.ids[metre] for metre in BAR_STEPS]] = True
        elif self._slot == -1:
            first = VOCABULARY.first["key"]
            mask[slice(first, first + 30) if self._key is None else self._key] = True
        elif self._slot == 0:
            self._allow_places(mask)
        else:
            self._allow_voice(mask, self._slot - 1)
        return mask

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""
        symbol = VOCABULARY.symbols[number]
        self._at += 1
        if symbol in BAR_STEPS:
            self._bar = BAR_STEPS[symbol]
            self._slot = 0 if self._headed else -1
            self._pickup = 0
        elif symbol == "end":
            self._finished = True
        elif self._slot <= 0:
            if self._slot == 0:
                self._enter(Place.of(number))
            elif self._slot == -1:
                key = key_signature(number)
                self._tonic, self._minor = tonic_pitch_class(key), key.mode == "minor"
                self._headed = True
            self._slot += 1
        else:
            pitch = (number - VOCABULARY.first["struck"]) % SPAN + LOWEST
            self._sounding[self._slot - 1] = -1 if symbol == "rest" else pitch
            if self._third is None and self._place.phase == FINAL + NOW and pitch % 12 in self._thirds and symbol != "rest":
                self._third = pitch % 12
            self._slot = (self._slot + 1) % STEP_IDS

    def _enter(self, place: Place) -> None:
        """Begin the step at `place`."""
        self._before = list(self._sounding)
        first = self._steps == 0
        same = not first and place.phase == self._place.phase
        after_fermata = not first and self._place.phase % FINAL == NOW
        if first:
            self._first_step = place.step
            self._pickup = -place.step % self._bar
        if not same:
            self._cut_short = first or after_fermata
        self._fermata_ends = after_fermata and place.phase % FINAL != NOW
        self._run = self._run + 1 if same else 1
        self._steps += 1
        self._begun += place.step == 0
        self._place = place

    def _allow_places(self, mask: Mask) -> None:
        """Allow the places, or the end, that may follow the last step."""
        if self._steps == 0:
            for step in range(0, self._bar, STEPS_PER_QUARTER // 2):
                for phase in (0, 1, 2, 3) if self._has_room_for_two_phrases else (0,):
                    mask[place_id(Place(step, phase))] = True
            return
        step = (self._place.step + 1) % self._bar
        for phase in self._next_phases():
            mask[place_id(Place(step, phase))] = True
        if self._may_end(step):
            mask[VOCABULARY.ids["end"]] = True
            if self._left == 0 or self._run >= 2 * self._bar:
                mask[: VOCABULARY.ids["end"]] = mask[VOCABULARY.ids["end"] + 1 :] = False
        elif not mask.any():
            mask[place_id(Place(step, FINAL + NOW))] = True

    @property
    def _has_room_for_two_phrases(self) -> bool:
        """Whether a phrase may end before the one that ends the piece."""
        return self._wished_bars is None or self._wished_bars * self._bar >= 2 * (_APPROACH + STEPS_PER_QUARTER)

    def _may_end(self, step: int) -> bool:
        """Whether the piece may end before bar position `step`."""
        if self._place.phase != FINAL + NOW:
            return False
        if self._left is not None:
            return self._left <= 0
        resolved = all(pitch < 0 or pitch % 12 in self._last_chord(voice) for voice, pitch in enumerate(self._sounding))
        return self._run >= STEPS_PER_QUARTER and step in (0, self._first_step) and resolved

    def _next_phases(self) -> list[int]:
        """The phases the next step may have."""
        phase, final = self._place.phase % FINAL, self._place.phase // FINAL * FINAL
        if final and phase == NOW:
            return [FINAL + NOW]
        if phase in (1, 2, 3):
            stay, go = [final + phase], [final + phase + 1]
            if self._run >= STEPS_PER_QUARTER:
                return go
            return stay + go if self._cut_short else stay
        if phase == NOW:
            return [p for p in (NOW, 0, 1, 2, 3, FINAL + 1, FINAL + 2, FINAL + 3, FINAL + NOW) if self._fits(p)]
        return [p for p in (0, 1, FINAL + 1) if self._fits(p)]

    def _fits(self, phase: int) -> bool:
        """Whether a step of `phase`, coming next, leaves time for what must follow."""
        left = self._left
        if left is None:
            return phase < FINAL or self._begun >= FEWEST_BARS
        beat = STEPS_PER_QUARTER if self._bar % 12 or self._bar == 12 else STEPS_PER_QUARTER * 3 // 2
        if phase == FINAL + NOW:
            return 0 < left <= 16 and left % beat == 0
        if phase >= FINAL:
            nearest = (NOW - 1 - phase % FINAL) * STEPS_PER_QUARTER
            ways = range(nearest + 1, nearest + STEPS_PER_QUARTER + 1) if self._place.phase == NOW else (_APPROACH,)
            return any(left - way > 0 and (left - way) % beat == 0 and left - way <= 16 for way in ways)
        room = _APPROACH + STEPS_PER_QUARTER
        if phase in (0, NOW):
            return left > room
        return left > room + (NOW - phase) * STEPS_PER_QUARTER + STEPS_PER_QUARTER

    def _allow_voice(self, mask: Mask, voice: int) -> None:
        """Allow what one voice may do: strike within its range, or hold what it sounds; no voice falls silent.

        Parallel fifths and octaves are left out where another way is left. A dominant comes before the last fermata. Under it
        the bass has the tonic and the others notes of its triad; only the alto and the tenor may bring a suspension into its
        first quarter. Soprano and bass are struck once and then held.
        """
        low, high = RANGES[VOICES[voice]]
        mask[struck_id(low) : struck_id(high) + 1] = True
        if self._sounding[voice] >= 0 and not (voice == 0 and self._fermata_ends):
            mask[held_id(self._sounding[voice])] = True
        if self._place.phase == FINAL + NOW:
            self._allow_last_chord(mask, voice)
        elif self._place.phase == FINAL + NOW - 1 and self._run > STEPS_PER_QUARTER // 2:
            self._allow_dominant(mask, voice)
        self._forbid_parallels(mask, voice)

    def _forbid_parallels(self, mask: Mask, voice: int) -> None:
        """Forbid what would lead `voice` in parallel fifths, octaves or unisons with a voice above, where another way is left."""
        free = mask.copy()
        for above in range(voice):
            interval = (self._before[above] - self._before[voice]) % 12
            moved = self._sounding[above] != self._before[above]
            if moved and interval in (0, 7) and min(self._before[above], self._before[voice], self._sounding[above]) >= 0:
                lowest = LOWEST + (self._sounding[above] - interval - LOWEST) % 12
                stays = struck_id(self._before[voice])
                was_free = free[stays]
                free[struck_id(lowest) : VOCABULARY.first["held"] : 12] = False
                free[stays] = was_free
        if free.any():
            mask[:] = free

    def _allow_last_chord(self, mask: Mask, voice: int) -> None:
        """Allow, of what stands in `mask`, what may sound under the last fermata."""
        first_held = VOCABULARY.first["held"]
        if VOICES[voice] in ("soprano", "bass") and self._run > 1 and mask[first_held:].any():
            mask[:first_held] = False
            return
        classes = self._last_chord(voice)
        time_to_resolve = self._left is None or self._left >= STEPS_PER_QUARTER
        suspended = VOICES[voice] in ("alto", "tenor") and self._run <= STEPS_PER_QUARTER and time_to_resolve
        for first in (VOCABULARY.first["struck"], VOCABULARY.first["held"]):
            for pitch in range(SPAN):
                fits = (pitch + LOWEST) % 12 in classes or (suspended and first == first_held)
                mask[first + pitch] &= fits and self._is_above_bass(pitch + LOWEST, voice)

    def _allow_dominant(self, mask: Mask, voice: int) -> None:
        """Allow, of what stands in `mask`, what may sound in the last eighth before the last fermata: a dominant with its leading note.

        The soprano may bring the tonic early. Earlier in that quarter all is free, a suspension too.
        """
        leading, fifth, second = ((self._tonic + above) % 12 for above in (11, 7, 2))
        has_leading = leading in {pitch % 12 for pitch in self._sounding[:voice]}
        classes = {fifth, second} | (set() if has_leading else {leading})
        if VOICES[voice] == "tenor" and not has_leading:
            classes = {leading}
        elif VOICES[voice] != "bass":
            classes |= {(self._tonic + 5) % 12} | ({self._tonic} if VOICES[voice] == "soprano" else set())
        fits = np.array([(pitch + LOWEST) % 12 in classes for pitch in range(SPAN)])
        for first in (VOCABULARY.first["struck"], VOCABULARY.first["held"]):
            mask[first : first + SPAN] &= fits

    def _is_above_bass(self, pitch: int, voice: int) -> bool:
        """Whether the bass stays the lowest voice of the last chord when `voice` has `pitch`."""
        if VOICES[voice] == "bass":
            return pitch <= min((other for other in self._sounding[:voice] if other >= 0), default=pitch)
        return self._run == 1 or pitch >= self._sounding[-1]

    @property
    def _thirds(self) -> set[int]:
        """Pitch classes that may be the last chord's third."""
        return {(self._tonic + 3) % 12, (self._tonic + 4) % 12} if self._minor else {(self._tonic + 4) % 12}

    def _last_chord(self, voice: int) -> set[int]:
        """Pitch classes a voice may have under the last fermata: one third, the same in all voices, and never none."""
        root = self._tonic
        if VOICES[voice] == "bass":
            return {root}
        thirds = self._thirds if self._third is None else {self._third}
        above = {pitch % 12 for pitch in self._sounding[:voice]}
        if VOICES[voice] == "tenor" and not thirds & above:
            return thirds
        return {root, (root + 7) % 12} | thirds
