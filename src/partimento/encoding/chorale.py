"""Four voices on a 16th grid: five ids a step, so that the same voice stands five ids apart.

    start metre key  place soprano alto tenor bass  place soprano alto tenor bass ... end

A change of metre is said by its id before the place it begins at.

*place* tells where in the bar the step lies (in 16ths) and how far the phrase's fermata is: more than three
quarters away, three, two, one, or now; for the last fermata of the piece the same with names of its own, so that
a cadence, and the end, are heard coming (a piece without a written last fermata ends on one all the same). A
*voice* id says that a key is struck, that the key struck before is still held, or that the voice rests.

Source: serialisation in the order soprano, alto, tenor, bass as in BachBot (Liang 2016) and Music Transformer
(Huang et al. 2018); metre position and fermata as in DeepBach (Hadjeres et al. 2017). Differs: position, fermata
and its approach are one id that the model writes and pays for like any other, nothing is given to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from partimento.encoding.chorale_grammar import ChoraleGrammar
from partimento.encoding.chorale_layout import (
    BAR_STEPS,
    FINAL,
    HIGHEST,
    LOWEST,
    METRES,
    NOW,
    SIGNATURES,
    SPAN,
    STEP_IDS,
    STEPS_PER_QUARTER,
    VOCABULARY,
    VOICES,
    Place,
    held_id,
    key_id,
    key_signature,
    place_id,
    struck_id,
)
from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track
from partimento.score.harmony import key_of
from partimento.score.meter import signatures
from partimento.score.pitch import pitch_name, tonic_pitch_class

_TICKS_PER_STEP = 120
_VELOCITY = 80


class Chorale:
    """Encoding ``chorale``: see the module's docstring."""

    name = "chorale"
    losses = "Keeps pitch, rhythm on a 16th grid, metre, key, pickup and fermatas; drops velocity, tempo changes, lyrics and names."

    @property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""
        return VOCABULARY

    grid = 16
    tempo = 72.0
    transpositions = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6)
    hints: Mapping[str, Any] = {  # never changed
        "lags": (1, 2, 3, 4, 5, 9),  # the last step whole, and its voices that come next
        "voices": {
            "voices": len(VOICES),
            "keys": SPAN,
            "bars": tuple(BAR_STEPS.values()),
            "tonics": tuple((tonic_pitch_class(key) - LOWEST) % 12 for key in SIGNATURES),
            "minor": tuple(key.mode == "minor" for key in SIGNATURES),
            "phases": len(VOCABULARY.groups["place"]) // max(BAR_STEPS.values()),
        },
    }

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return VOCABULARY.ids["start"]

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return a four-voice `score` as ids, shape (3 + 5 * steps + 1,), one more for every change of metre.

        Args:
            score: Four monophonic voices.
            whole: Whether the piece ends with the score; otherwise it is left open, to be continued.

        Raises:
            EncodingError: When the score has not four monophonic voices, another metre than `METRES`, notes off the
                16th grid or outside keys 36 to 81.
        """
        step_ticks = score.ticks_per_quarter / STEPS_PER_QUARTER
        key = key_of(score)
        voices = [_voice_row(track, score, step_ticks) for track in _four_voices(score)]
        grid = np.stack(voices)
        phases = _phases(score, grid[0], step_ticks, whole=whole)
        ids = [VOCABULARY.ids["start"]]
        at, place, bar = 0, 0, 0
        for metre, first_step in _metres(score, step_ticks):
            if first_step >= grid.shape[1]:
                break  # after the last note
            while at < first_step:
                ids += [place_id(Place(place, phases[at])), *grid[:, at]]
                at, place = at + 1, (place + 1) % bar
            ids.append(VOCABULARY.ids[metre])
            ids += [key_id(key)] if at == 0 else []
            bar = BAR_STEPS[metre]
            place = (bar - round(score.pickup / step_ticks)) % bar if at == 0 else 0
        for step in range(at, grid.shape[1]):
            ids += [place_id(Place(place, phases[step])), *grid[:, step]]
            place = (place + 1) % bar
        return np.array([*ids, VOCABULARY.ids["end"]] if whole else ids, np.int32)

    def decode(self, ids: Ids) -> Score:
        """Return the score that `ids` say, four tracks, 480 ticks per quarter, at 72 quarters a minute."""
        key = next((int(number) for number in ids if 0 <= number - VOCABULARY.first["key"] < len(VOCABULARY.groups["key"])), None)
        steps, metres = _steps(ids)
        places = [Place.of(int(number)) for number in steps[:, 0]]
        bar = BAR_STEPS[metres[0][1]] if metres else 16
        pickup = (bar - places[0].step) % bar * _TICKS_PER_STEP if places else 0
        tracks = tuple(_track(steps[:, 1 + voice], name) for voice, name in enumerate(VOICES))
        struck = VOCABULARY.first["struck"], VOCABULARY.first["held"]
        fermatas = tuple(
            Mark(step * _TICKS_PER_STEP, "fermata")
            for step, place in enumerate(places)
            if place.phase % FINAL == NOW
            and (struck[0] <= steps[step, 1] < struck[1] or step == 0 or places[step - 1].phase % FINAL != NOW)
        )
        written = tuple(TimeSignature(step * _TICKS_PER_STEP, *map(int, metre.split("/"))) for step, metre in metres)
        keys = () if key is None else (key_signature(key),)
        return Score(480, tracks, (Tempo.of_bpm(0, self.tempo),), written, keys, fermatas, pickup)

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> ChoraleGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`)."""
        return ChoraleGrammar(bars=bars, key=None if key is None else key_id(key))

    def below(self, melody: Score) -> ChoraleGrammar:
        """Return a grammar of chorales whose soprano is `melody` (see `encoding.Harmonising`).

        Raises:
            EncodingError: When it has not one voice, or cannot be said.
        """
        parts = [track for track in melody.tracks if len(track) and not track.is_drum]
        if len(parts) != 1:
            raise EncodingError(f"--melody: {len(parts)} parts with notes, expected one voice. Give the melody alone.")
        ids = self.encode(replace(melody, tracks=tuple(parts * len(VOICES))))
        return ChoraleGrammar(given=_opened(ids, np.ones(len(ids), np.bool_), slice(1, None)))

    def around(self, piece: Score, passage: tuple[int, int]) -> ChoraleGrammar:
        """Return a grammar of chorales that are as `piece` but for some bars (see `encoding.Inpainting`).

        Raises:
            EncodingError: When the piece cannot be said, or has no such bars.
        """
        ids = self.encode(piece)
        is_place = (ids >= VOCABULARY.first["place"]) & (ids < VOCABULARY.first["struck"])
        bar = np.cumsum(is_place & ((ids - VOCABULARY.first["place"]) % max(BAR_STEPS.values()) == 0))
        first, last = passage
        if not 0 <= first <= last <= bar[-1] or not np.any(is_place & (bar == first)):
            raise EncodingError(f"--passage {first}-{last}: the piece has bars {bar[is_place][0]} to {bar[-1]}. Give some of them.")
        return ChoraleGrammar(given=_opened(ids, (bar >= first) & (bar <= last), slice(0, None)))

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of voice ids in `ids`: four a step."""
        return max(1, int((np.asarray(ids) >= VOCABULARY.first["struck"]).sum()))

    def options(self) -> Mapping[str, object]:
        """Return nothing: the layout is fixed."""
        return {}


def _opened(ids: Ids, where: Mask, voices: slice) -> list[int]:
    """The ids of a piece with those of some voices left open, -1, in the steps `where` (shape (length,)) says so."""
    opened = np.array(ids)
    places = np.flatnonzero((ids >= VOCABULARY.first["place"]) & (ids < VOCABULARY.first["struck"]) & where)
    opened[places[:, None] + 1 + np.arange(len(VOICES))[voices]] = -1
    return [int(number) for number in opened]


def _steps(ids: Ids) -> tuple[Ids, list[tuple[int, str]]]:
    """The whole steps in `ids`, shape (steps, 5), and the metres with the step each begins at."""
    first_metre, first_place = VOCABULARY.first["metre"], VOCABULARY.first["place"]
    body: list[int] = []
    metres: list[tuple[int, str]] = []
    for number in ids:
        if number >= first_place:
            body.append(int(number))
        elif 0 <= number - first_metre < len(METRES):
            metres.append((len(body) // STEP_IDS, VOCABULARY.symbols[number]))
    whole = len(body) // STEP_IDS * STEP_IDS
    return np.array(body[:whole], np.int32).reshape(-1, STEP_IDS), metres


def _metres(score: Score, step_ticks: float) -> list[tuple[str, int]]:
    """The metres of a score and the step each begins at, the first at step 0; one restated where a bar ends is left out."""
    found: list[tuple[str, int]] = []
    bars_from = score.pickup / step_ticks
    for signature in signatures(score):
        written = f"{signature.numerator}/{signature.denominator}"
        metre = {"2/2": "4/4", "4/8": "2/4", "6/4": "3/2"}.get(written, written)
        if metre not in BAR_STEPS:
            raise EncodingError(f"encoding 'chorale': metre {metre}, expected one of {', '.join(METRES)}. Use encoding 'characters'.")
        if signature.tick % step_ticks:
            raise EncodingError(f"encoding 'chorale': metre {metre} begins off the 16th grid at tick {signature.tick}. Quantise first.")
        step = round(signature.tick / step_ticks)
        if not found or found[-1][0] != metre or (step - bars_from) % BAR_STEPS[metre]:
            found.append((metre, step))
            bars_from = max(step, score.pickup / step_ticks)
    return found


def _four_voices(score: Score) -> Sequence[Track]:
    """The four voices, soprano first."""
    voices = [track for track in score.tracks if len(track) and not track.is_drum]
    if len(voices) != len(VOICES):
        remedy = (
            "Leave four"
            if len(voices) > len(VOICES)
            else "Give all four, or take a model of encoding 'characters', which goes on from a tune"
        )
        raise EncodingError(
            f"encoding 'chorale': {len(voices)} {'voice' if len(voices) == 1 else 'voices'} with notes, expected 4 "
            f"(soprano, alto, tenor, bass). {remedy}."
        )
    for track in voices:
        if np.any(track.start[1:] < track.end[:-1]):
            at = int(track.start[1:][track.start[1:] < track.end[:-1]][0])
            raise EncodingError(
                f"encoding 'chorale': voice '{track.name}' has two notes at once at tick {at}, expected one. Split the voice."
            )
    return voices


def _voice_row(track: Track, score: Score, step_ticks: float) -> Ids:
    """One voice as ids, one a step."""
    starts, ends = track.start / step_ticks, track.end / step_ticks
    if np.any(starts % 1) or np.any(ends % 1):
        at = int(track.start[np.flatnonzero((starts % 1 != 0) | (ends % 1 != 0))[0]])
        raise EncodingError(
            f"encoding 'chorale': voice '{track.name}' leaves the 16th grid at tick {at}. Quantise first: partimento convert --quantize 16."
        )
    outside = (track.pitch < LOWEST) | (track.pitch > HIGHEST)
    if np.any(outside):
        pitch = int(track.pitch[outside][0])
        nearest = next(p for p in sorted(range(pitch % 12, 128, 12), key=lambda p: abs(p - pitch)) if LOWEST <= p <= HIGHEST)
        raise EncodingError(
            f"encoding 'chorale': voice '{track.name}' has {pitch_name(pitch)} (key {pitch}), expected {pitch_name(LOWEST)} to "
            f"{pitch_name(HIGHEST)}. The nearest it can say is {pitch_name(nearest)}; transpose the piece."
        )
    row = np.full(round(score.end_tick / step_ticks), VOCABULARY.ids["rest"], np.int32)
    for start, end, pitch in zip(starts.astype(int), ends.astype(int), track.pitch, strict=True):
        row[start] = struck_id(int(pitch))
        row[start + 1 : end] = held_id(int(pitch))
    return row


def _phases(score: Score, soprano: Ids, step_ticks: float, *, whole: bool) -> list[int]:
    """How far each step is from its phrase's fermata (see `NOW`); FINAL is added for the last of a whole piece."""
    steps = len(soprano)
    held = range(VOCABULARY.first["held"], VOCABULARY.first["held"] + SPAN)
    onsets = [step for step in range(steps) if step == 0 or int(soprano[step]) not in held]
    spans: dict[int, int] = {}
    for tick in [mark.tick for mark in score.marks_of("fermata")] + ([score.end_tick - 1] if whole else []):
        step = min(int(tick // step_ticks), steps - 1)
        onset = max(at for at in onsets if at <= step)
        spans[onset] = min((at for at in onsets if at > step), default=steps)
    last = max(spans, default=0) if whole else steps
    phases, before = [0] * steps, 0
    for onset, end in sorted(spans.items()):
        extra = FINAL if onset == last else 0
        for step in range(max(onset - 3 * STEPS_PER_QUARTER, before), onset):
            phases[step] = extra + 3 - (onset - 1 - step) // STEPS_PER_QUARTER
        phases[onset:end] = [extra + NOW] * (end - onset)
        before = end
    return phases


def _track(row: Ids, name: str) -> Track:
    """One voice's ids as notes; a hold of another key than the one that sounds counts as struck."""
    notes: list[list[int]] = []
    sounding = -1
    for step, number in enumerate(row):
        place = int(number) - VOCABULARY.first["struck"]
        if place < 0 or place >= 2 * SPAN:
            sounding = -1
        elif place >= SPAN and place - SPAN == sounding:
            notes[-1][1] += 1
        else:
            sounding = place % SPAN
            notes.append([step, 1, LOWEST + sounding])
    start, length = np.array(notes, np.int64).reshape(-1, 3)[:, :2].T
    pitch = np.array([note[2] for note in notes], np.int32)
    velocity = np.full(start.size, _VELOCITY, np.int32)
    return Track(start * _TICKS_PER_STEP, length * _TICKS_PER_STEP, pitch, velocity, name=name, program=52 if name else 0)
