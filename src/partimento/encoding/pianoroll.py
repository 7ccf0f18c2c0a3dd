"""A piano roll on a 16th grid, key by key: what every key of a keyboard does in every step.

    start  4/4:0 silent struck silent ... struck   4/4:1 silent held ... silent   ...   end

In each step stand its *place*, the metre and how many 16ths of the bar lie before it, and then one id for each
key from low to high: *silent*, *struck*, or *held* from the step before. So every step has the same number of ids.

An incomplete bar, a pickup or one that a change of metre cuts short, begins as late in its metre as it takes to end
on the bar line; the last bar is filled up with silence.

Source: D. Johnson's biaxial network (2015), whose state of a note is [play, articulate]; the grid is read in the middle
of a step, as there. Differs: play and articulate are one id of three; metre and place are said, and any usual metre can
be; a note too short to be met by the grid sounds for one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.pianoroll_grammar import PianoRollGrammar
from partimento.encoding.pianoroll_layout import HELD, METRES, SAID_AS, SILENT, STEPS_PER_QUARTER, STRUCK, Layout, bar_steps, layout_of
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score import KeySignature, Score, Tempo, TimeSignature, Track
from partimento.score.meter import signatures
from partimento.score.pitch import pitch_name

MOST_STEPS = 100_000
"""Steps of the longest piece: over three hours at 120 quarters a minute."""

_TICKS_PER_STEP = 120
_VELOCITY = 80

Roll = NDArray[np.int8]
"""`SILENT`, `HELD` or `STRUCK`, shape (steps, keys)."""


class PianoRoll:
    """Encoding ``pianoroll``: see the module's docstring.

    Args:
        lowest: Lowest MIDI key that can be said; 21 is the piano's.
        highest: Highest one; 108 is the piano's.
        written: Lowest and highest key of what is composed; None for all. `fitted_to` takes those of the pieces learnt from.

    Raises:
        EncodingError: When they are no ranges of keys.
    """

    name = "pianoroll"
    losses = (
        "Keeps pitch, metre, pickup and rhythm on a 16th grid, notes off it moved to the nearest step; all voices become one; "
        "drops velocity, pedal, tempo, key signature, words and drums."
    )
    grid = 16
    tempo = 100.0
    transpositions = (0, 1, -1, 2, -2, 3, -3)

    def __init__(self, lowest: int = 21, highest: int = 108, *, written: Sequence[int] | None = None) -> None:
        self._layout = layout_of(lowest, highest)
        low, high = (lowest, highest) if written is None else written
        if not lowest <= low <= high <= highest:
            raise EncodingError(f"encoding 'pianoroll': keys {low} to {high} are written, expected a range within {lowest} to {highest}.")
        self._written = (int(low), int(high))

    @property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""
        return self._layout.vocabulary

    @property
    def hints(self) -> Mapping[str, Any]:
        """See `Encoding.hints`; also ``lowest``, the MIDI key of a frame's first, and ``metres``, whose places are ids from 2 on."""
        frame = self._layout.frame
        lags = tuple(sorted({1, 2, 3, 4, 5, 7, 12, frame - 1, 2 * frame - 1}))
        return {"lags": lags, "frame": frame, "lowest": self._layout.lowest, "metres": METRES}

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return self._layout.start

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return `score` as ids, shape (1 + steps * (1 + keys) + 1,).

        Args:
            score: Any score; its tracks are heard together, drums left out.
            whole: Whether the piece ends with the score, its last bar filled up with silence; otherwise it is left open.

        Raises:
            EncodingError: When the score has no notes, one outside the range of keys, a metre that is no whole number of 16ths
                or an unusual one, or more than `MOST_STEPS` steps.
        """
        layout, quarter = self._layout, score.ticks_per_quarter
        tracks = [track for track in score.tracks if len(track) and not track.is_drum]
        if not tracks:
            raise EncodingError("encoding 'pianoroll': the score has no pitched notes, expected at least one. Give a piece with notes.")
        steps = max(int(_step(np.max(track.end), quarter)) for track in tracks)
        steps = max(steps, *(int(_step(np.max(track.start), quarter)) + 1 for track in tracks))
        if steps > MOST_STEPS:
            raise EncodingError(f"encoding 'pianoroll': {steps} steps of a 16th, expected at most {MOST_STEPS}. Cut the piece.")
        places = _places(score, steps, layout, whole=whole)
        roll = np.zeros((places.size, layout.keys), np.int8)
        for track in tracks:
            self._check_range(track)
        _draw(roll, tracks, quarter, layout.lowest)
        frames = np.empty((places.size, layout.frame), np.int32)
        frames[:, 0], frames[:, 1:] = places, roll
        frames[:, 1:] += layout.silent
        return np.concatenate([[layout.start], frames.ravel(), [layout.end] if whole else []]).astype(np.int32)

    def _check_range(self, track: Track) -> None:
        """Refuse a track that leaves the range of keys."""
        low, high = self._layout.lowest, self._layout.highest
        outside = track.pitch[(track.pitch < low) | (track.pitch > high)]
        if outside.size:
            pitch = int(outside[0])
            raise EncodingError(
                f"encoding 'pianoroll': track '{track.name}' has {pitch_name(pitch)} (key {pitch}), expected {pitch_name(low)} to "
                f"{pitch_name(high)}. Transpose the piece."
            )

    def decode(self, ids: Ids) -> Score:
        """Return the score that `ids` say: one track, 480 ticks per quarter, at 100 quarters a minute."""
        frames = self._frames(np.asarray(ids))
        pickup, written = _metres(frames[:, 0], self._layout)
        track = _track(frames[:, 1:] - self._layout.silent, self._layout.lowest)
        return Score(480, (track,), (Tempo.of_bpm(0, self.tempo),), written, (), (), pickup)

    def _frames(self, ids: Ids) -> NDArray[np.int64]:
        """The whole steps in `ids`, up to where they make no sense; shape (steps, 1 + keys)."""
        layout = self._layout
        body = ids[ids >= layout.end + 1]  # start and end have the lowest numbers
        frames = body[: body.size // layout.frame * layout.frame].reshape(-1, layout.frame).astype(np.int64)
        sound = (layout.left[frames[:, 0]] > 0) & np.all(frames[:, 1:] >= layout.silent, axis=1)
        return frames[: int(sound.argmin()) if not sound.all() else len(frames)]

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> PianoRollGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`); it cannot say a key, which is left to a transposition."""
        del key
        low, high = self._written
        return PianoRollGrammar(self._layout, bars=bars, written=range(low - self._layout.lowest, high - self._layout.lowest + 1))

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of steps in `ids`."""
        return max(1, int((self._layout.left[np.asarray(ids)] > 0).sum()))

    def options(self) -> Mapping[str, object]:
        """Return the ranges of keys."""
        lowest, highest = self._layout.lowest, self._layout.highest
        return {"lowest": lowest, "highest": highest, **({} if self._written == (lowest, highest) else {"written": list(self._written)})}

    def fitted_to(self, scores: Iterable[Score]) -> PianoRoll:
        """Return this encoding that composes within the keys of `scores`; of pieces that it cannot say none counts."""
        layout = self._layout
        found = []
        for score in scores:
            keys = [
                key
                for track in score.tracks
                if len(track) and not track.is_drum
                for key in (int(track.pitch.min()), int(track.pitch.max()))
            ]
            if keys and layout.lowest <= min(keys) and max(keys) <= layout.highest:
                found += keys
        return PianoRoll(layout.lowest, layout.highest, written=(min(found), max(found))) if found else self


def _step(ticks: Any, quarter: int) -> NDArray[np.int64]:
    """The first step whose middle is at `ticks` or later."""
    return np.asarray(-((quarter - 2 * STEPS_PER_QUARTER * np.asarray(ticks, np.int64)) // (2 * quarter)))


def _draw(roll: Roll, tracks: list[Track], quarter: int, lowest: int) -> None:
    """Write notes into a roll: all that sounds first, then where it is struck."""
    steps = roll.shape[0]
    change = np.zeros((steps + 1, roll.shape[1]), np.int32)
    start = _step(np.concatenate([track.start for track in tracks]), quarter)
    end = np.maximum(_step(np.concatenate([track.end for track in tracks]), quarter), start + 1)
    pitch = np.concatenate([track.pitch for track in tracks]) - lowest
    np.add.at(change, (start, pitch), 1)
    np.add.at(change, (end, pitch), -1)
    roll[change.cumsum(axis=0)[:steps] > 0] = HELD
    roll[start, pitch] = STRUCK


def _places(score: Score, steps: int, layout: Layout, *, whole: bool) -> Ids:
    """The place id of each step, at least `steps` of them, up to a bar line where the piece is whole."""
    quarter = score.ticks_per_quarter
    changes = [(int(_step(sign.tick, quarter)), _metre(sign)) for sign in signatures(score)]
    changes = [change for change in changes if change[0] < steps]
    places: list[int] = []
    for number, (begin, metre) in enumerate(changes):
        bar, first, last = bar_steps(metre), layout.first_place[metre], number + 1 == len(changes)
        pickup = int(_step(score.pickup, quarter)) % bar if number == 0 else 0
        length = max(steps - begin, pickup) if last else changes[number + 1][0] - begin
        pickup = min(pickup, length)
        full, rest = divmod(length - pickup, bar)
        cut = 0 if last else bar - rest  # the last bar is filled up, one that a new metre cuts short begins late
        within = [*range(bar - pickup, bar), *list(range(bar)) * full, *(range(cut, bar) if rest else ())]
        places += [first + step for step in within]
    return np.array(places if whole else places[:steps], np.int32)


def _metre(signature: TimeSignature) -> str:
    """The metre by which a time signature is said."""
    written = f"{signature.numerator}/{signature.denominator}"
    metre = SAID_AS.get(written, written)
    if metre not in METRES:
        raise EncodingError(
            f"encoding 'pianoroll': metre {written} at tick {signature.tick}, expected one of {', '.join(METRES)}. "
            "Write it as one of these, or use another encoding."
        )
    return metre


def _metres(places: NDArray[np.int64], layout: Layout) -> tuple[int, tuple[TimeSignature, ...]]:
    """Pickup in ticks, and the time signatures: where the metre changes, and where an incomplete bar begins and ends."""
    if not places.size:
        return 0, ()
    of_place = {first + step: metre for metre, first in layout.first_place.items() for step in range(bar_steps(metre))}
    metres = [of_place[int(number)] for number in places]
    left = layout.left[places]
    pickup = int(left[0]) % bar_steps(metres[0])
    signs = {0: metres[0]}
    for step in range(1, places.size):
        joins = left[step - 1] == left[step] + 1 and metres[step] == metres[step - 1]
        opens = left[step] == bar_steps(metres[step])
        follows = left[step - 1] == 1 and opens and metres[step] == metres[step - 1]
        if not joins and not follows:
            signs[step] = metres[step]
            if not opens and step + int(left[step]) < places.size:
                signs[step + int(left[step])] = metres[step + int(left[step])]
    return pickup * _TICKS_PER_STEP, tuple(
        TimeSignature(step * _TICKS_PER_STEP, *map(int, metre.split("/"))) for step, metre in sorted(signs.items())
    )


def _track(roll: NDArray[np.int64], lowest: int) -> Track:
    """A roll as notes; a key held that did not sound counts as struck."""
    steps, keys = roll.shape
    padded = np.full((keys, steps + 2), SILENT, np.int64)  # silence at both ends keeps the keys apart
    padded[:, 1:-1] = roll.T
    flat = padded.ravel()
    sounds = flat != SILENT
    begins = (flat == STRUCK) | (sounds & ~np.roll(sounds, 1))
    ends = sounds & (np.roll(begins, -1) | ~np.roll(sounds, -1))
    key, start = np.divmod(np.flatnonzero(begins), steps + 2)
    length = np.flatnonzero(ends) % (steps + 2) - start + 1
    velocity = np.full(start.size, _VELOCITY, np.int32)
    return Track((start - 1) * _TICKS_PER_STEP, length * _TICKS_PER_STEP, (key + lowest).astype(np.int32), velocity)
