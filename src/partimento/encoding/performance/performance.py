"""Piano as it was played: keys struck and let go, loudness, and time in steps of 10 ms.

    start velocity17 on60 shift12 on64 shift100 shift38 off60 off64 ... end

Source: the events of Magenta's Performance RNN (Simon and Oore 2017; "This Time with Feeling", 2018), as Music
Transformer (Huang et al. 2018) has them too: 128 keys on, 128 off, 100 shifts of 10 ms, 32 velocities, 388 in all; the
sustain pedal is told by note lengths. Where equal keys overlap, the first to begin is the first to end.
Differs: one order of events within a step and one way to let time pass (see `codes`); 2 seconds are called a bar.
On wish it is told once a second how many notes follow and which pitch classes (see `controls`), or the melody a second
before it is played (see `melody`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.performance.adapted import adapted
from partimento.encoding.performance.codes import Column, Played, ids_of, played_of
from partimento.encoding.performance.controls import wished_codes, with_controls
from partimento.encoding.performance.grammar import LONGEST_NOTE, PerformanceGrammar
from partimento.encoding.performance.layout import BAR_STEPS, FIRST_ON, START, STEPS_PER_SECOND, Kind, Layout
from partimento.encoding.performance.melody import melody_of
from partimento.encoding.performance.moments import Moments, moments_of
from partimento.encoding.performance.resumed import resumed
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError, nearest
from partimento.models.steady import Pulse
from partimento.score import KeySignature, Score, Tempo, TimeSignature, Track
from partimento.score.note import SUSTAIN
from partimento.score.pedal import pedal_spans, sounding_end
from partimento.score.pitch import pitch_name
from partimento.score.tempo import seconds_at

Pedal = Literal["folded", "events"]
PEDALS = ("folded", "events")

_TICKS_PER_QUARTER, _TICKS_PER_STEP = 500, 10  # 120 quarters a minute: a tick is a millisecond
_DOWN = 127


class Performance:
    """Encoding ``performance``: see the module's docstring.

    Args:
        pedal: ``folded``: a key that the sustain pedal holds sounds on until the pedal goes up or the key is struck again; ``events``: the
            pedal has ids of its own, and notes last as long as the key is down.
        lowest: Lowest MIDI key that can be said; Music Transformer's is 21.
        highest: Highest; Music Transformer's is 108.
        density: Whether ids tell how many notes a second follow.
        histogram: Whether ids tell which pitch classes follow.
        melody: Whether ids tell the notes of the melody a second before they are struck (see `melody`).

    Raises:
        EncodingError: When there is no such way with the pedal, or the keys are too few (see `layout.Layout`).
    """

    name = "performance"
    grid = None
    tempo = 120.0
    transpositions = (0, 1, -1, 2, -2, 3, -3)
    stretches = (1.0, 0.95, 0.975, 1.025, 1.05)
    # The grammar insists on an order of what happens at once: of several drafts the one with the least of that is the emptiest.
    hints: Mapping[str, Any] = {"keyboard": True, "seconds": True, "drafts": False}

    def __init__(
        self,
        pedal: Pedal = "folded",
        lowest: int = 0,
        highest: int = 127,
        *,
        density: bool = False,
        histogram: bool = False,
        melody: bool = False,
    ) -> None:
        if pedal not in PEDALS:
            raise EncodingError(f"encoding 'performance': pedal '{pedal}'{nearest(pedal, PEDALS)}")
        self._pedal, self._layout = pedal, Layout(lowest, highest, pedal == "events", density, histogram, melody)

    @property
    def losses(self) -> str:
        """One sentence: what of a score this encoding does not keep."""
        pedal = "with the sustain pedal in the note lengths" if self._pedal == "folded" else "and the sustain pedal up or down"
        return (
            (
                f"Keeps keys, onsets and ends to 10 ms and loudness in 32 steps, {pedal}; drops tracks, drums, tempo, metre, key, other "
                "pedals, lyrics and names."
            )
            + (" What is told of the music once a second is said, and counted, as well." if self._layout.controls else "")
            + (" The melody is said, and counted, twice." if self._layout.melody else "")
        )

    @property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""
        return self._layout.vocabulary

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return START

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return `score` as ids, shape (length,): about three and a half a note.

        Args:
            score: Any score with notes; drums are left out, all other tracks play on one piano.
            whole: Whether the piece ends with the score; otherwise it is left open, to be continued.

        Raises:
            EncodingError: When it has no notes, or keys out of range.
        """
        tracks = [track for track in score.tracks if len(track) and not track.is_drum]
        if not tracks:
            raise EncodingError("encoding 'performance': no notes (drums not counted), expected at least one. Leave the piece out.")
        end_tick = score.end_tick
        folded = self._pedal == "folded"
        ends = [sounding_end(track, end_tick) if folded else track.end for track in tracks]
        start, end = np.split(_steps(score, np.concatenate([*(track.start for track in tracks), *ends])), 2)
        key = _column([track.pitch for track in tracks])
        low, high = int(key.min()), int(key.max())
        if low < self._layout.lowest or high > self._layout.highest:
            wrong = low if low < self._layout.lowest else high
            raise EncodingError(
                f"encoding 'performance': {pitch_name(wrong)} (key {wrong}), expected {pitch_name(self._layout.lowest)} to "
                f"{pitch_name(self._layout.highest)}. Transpose the piece, or leave it out."
            )
        velocity = (_column([track.velocity for track in tracks]) - 1) >> 2
        played = Played(start, np.maximum(end, start + 1), key, velocity, np.zeros((0, 2), np.int64))
        if not folded:
            played = played._replace(pedal=_pedal_moves(score, tracks))
        if self._layout.melody:
            played = played._replace(melody=melody_of(played))
        ids = ids_of(played, self._layout, whole=whole)
        return with_controls(ids, played, self._layout) if self._layout.controls else ids

    def decode(self, ids: Ids) -> Score:
        """Return the score that `ids` say, one track, a tick a millisecond, at 120 quarters a minute; what is told of it is no music."""
        played = played_of(ids, self._layout)
        controls = np.zeros((len(played.pedal), 3), np.int64)
        controls[:, 0] = played.pedal[:, 0] * _TICKS_PER_STEP
        controls[:, 1], controls[:, 2] = SUSTAIN, played.pedal[:, 1] * _DOWN
        track = Track(
            played.start * _TICKS_PER_STEP,
            (played.end - played.start) * _TICKS_PER_STEP,
            played.key.astype(np.int32),
            (played.velocity * 4 + 2).astype(np.int32),
            controls=controls,
        )
        return self._score(track)

    def _score(self, track: Track) -> Score:
        """A track, a tick a millisecond, as a score."""
        return Score(_TICKS_PER_QUARTER, (track,), (Tempo.of_bpm(0, self.tempo),), (TimeSignature(0),))

    def adapted(self, primer: Score) -> tuple[Score, tuple[str, ...]]:
        """Return what a piano plays of a beginning, and what is to be said of the rest (see `Resuming`)."""
        return adapted(primer, self._layout)

    def resumed(self, ids: Ids, primer: Score) -> Score:
        """Return what `ids` say, their beginning as it was given (see `Resuming`)."""
        return self._score(resumed(ids, primer, self._layout))

    def moved(self, ids: Ids, semitones: int) -> Ids | None:
        """Return the same performance, a whole one, `semitones` higher (see `Moving.moved`)."""
        layout = self._layout
        key = (ids >= FIRST_ON) & (ids < layout.first_shift)
        keys = (ids[key] - FIRST_ON) % layout.keys + semitones  # those of a melody are among them
        if keys.size and not 0 <= int(keys.min()) <= int(keys.max()) < layout.keys:
            return None
        if layout.histogram:  # what is told of the pitch classes changes with them
            played = played_of(ids, layout)
            played = played._replace(key=played.key + semitones)
            return with_controls(ids_of(played, layout, whole=True), played, layout)
        return np.asarray(ids + semitones * (key | (ids >= layout.first_melody)), np.int32)

    def moments(self, ids: Ids) -> Moments:
        """Return when each of `ids`, a performance from its beginning, happens and on which key."""
        return moments_of(ids, self._layout)

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> PerformanceGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`); a bar is 2 seconds, and no key is known."""
        del key
        return PerformanceGrammar(self._layout, bars=bars)

    def below(self, melody: Score) -> PerformanceGrammar:
        """Return a grammar of pieces that play `melody` and more: its keys, onsets and lengths are kept, its loudness is not.

        Raises:
            EncodingError: When no melody is told beforehand, or this one is none.
        """
        if not self._layout.melody:
            raise EncodingError(
                "--melody: this model was not told melodies while it learnt, so it cannot keep one. Take a modern-melody, or give --primer."
            )
        played = played_of(self.encode(adapted(melody, self._layout)[0]), self._layout)
        line = melody_of(played)
        ends = dict(zip(zip(played.start.tolist(), played.key.tolist(), strict=True), played.end.tolist(), strict=True))
        starts = [*line[1:, 0].tolist(), int(line[-1, 0]) + LONGEST_NOTE]
        notes = [
            (step, key - self._layout.lowest, min(ends[step, key], following, step + LONGEST_NOTE - 1))
            for (step, key), following in zip(line.tolist(), starts, strict=True)
        ]
        bars = -(-max(end for _, _, end in notes) // BAR_STEPS)
        return PerformanceGrammar(self._layout, bars=bars, melody=notes)

    @property
    def controls(self) -> frozenset[str]:
        """What of the music is told: ``notes_per_second``, ``pitch_classes``, both or nothing (see `Steerable`)."""
        told = {"notes_per_second": self._layout.density, "pitch_classes": self._layout.histogram}
        return frozenset(name for name, tells in told.items() if tells)

    def wished(self, *, notes_per_second: float | None = None, pitch_classes: Sequence[float] | None = None) -> list[tuple[range, int]]:
        """Return which ids say a wish (see `Steerable.wished`)."""
        return wished_codes(self._layout, notes_per_second=notes_per_second, pitch_classes=pitch_classes)

    @property
    def pulse(self) -> Pulse:
        """What each id strikes, lets go, lets pass, and says of loudness and of strikes to come."""
        layout = self._layout
        velocities = np.where(layout.kinds == Kind.VELOCITY, 4.0 * (np.arange(layout.size) - layout.first_velocity) + 2, 0.0)
        kinds = layout.kinds
        return Pulse(kinds == Kind.ON, kinds == Kind.OFF, layout.steps / STEPS_PER_SECOND, velocities, kinds == Kind.MELODY)

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of keys struck in `ids`."""
        numbers = np.asarray(ids)
        return max(1, int(((numbers > 1) & (numbers < self._layout.first_off)).sum()))

    @property
    def _tells(self) -> tuple[tuple[str, bool], ...]:
        """What is told beforehand."""
        return (("density", self._layout.density), ("histogram", self._layout.histogram), ("melody", self._layout.melody))

    def options(self) -> Mapping[str, object]:
        """Return the way with the pedal, the range, and what is told where something is."""
        told = {name: True for name, tells in self._tells if tells}
        return {"pedal": self._pedal, "lowest": self._layout.lowest, "highest": self._layout.highest, **told}


def _column(parts: list[Any]) -> Column:
    """One column of all tracks."""
    return np.asarray(parts[0] if len(parts) == 1 else np.concatenate(parts), np.int64)


def _steps(score: Score, ticks: Column) -> Column:
    """Ticks in steps of 10 ms, the nearest."""
    return np.rint(seconds_at(score, ticks) * STEPS_PER_SECOND).astype(np.int64)


def _pedal_moves(score: Score, tracks: list[Track]) -> Column:
    """When the pedal of any track goes down and up, one move a step at most, shape (changes, 2)."""
    merged = Track(controls=np.concatenate([track.controls for track in tracks]))
    spans = _steps(score, pedal_spans(merged, SUSTAIN, score.end_tick))
    spans = spans[spans[:, 0] < spans[:, 1]]
    if not spans.size:
        return np.zeros((0, 2), np.int64)
    first = np.flatnonzero(np.append(True, spans[1:, 0] > spans[:-1, 1]))  # up and down in one step is no move
    down, up = spans[first, 0], spans[np.append(first[1:], len(spans)) - 1, 1]
    return np.stack([np.stack([down, np.ones_like(down)], axis=1), np.stack([up, np.zeros_like(up)], axis=1)], axis=1).reshape(-1, 2)
