"""A waltz of the game with two dice: one id a bar, its number in the printed table.

    start  once  96 22 141 41 105 122 11 30  70 121 26 9 112 49 109 14  end

*once* plays the sixteen bars through; *repeated* each half twice, as it is printed, with the first and the second
ending of bar 8 in the bass. See `minuet_bars` for the table and where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.minuet_bars import BARS, COLUMNS, HALF_CLOSE, HALF_CLOSES
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track
from partimento.score.meter import bar_count, signatures

FORMS = ("once", "repeated")
VOCABULARY = Vocabulary({"frame": ("start", "end"), "form": FORMS, "bar": tuple(str(number) for number in range(1, 177))})

PLACES = len(COLUMNS)
HALF = PLACES // 2
BAR_STEPS = 6
"""16ths of a bar of 3/8."""

_TICKS_PER_STEP = 120
_VELOCITY = 80
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}

Note = tuple[int, int, int]
"""Start and length in 16ths, MIDI key."""


class Minuet:
    """Encoding ``minuet``: see the module's docstring."""

    name = "minuet"
    losses = "Keeps the bars of the printed game, in C major, and nothing else; drops trills, turns and slurs."
    grid = 16
    tempo = 75.0
    transpositions = (0,)
    hints: Mapping[str, Any] = {}  # never changed

    @property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""
        return VOCABULARY

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return VOCABULARY.ids["start"]

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return a waltz of the game as ids, shape (19,); shorter where only its first bars are there.

        Args:
            score: Bars of the game in C major, all voices heard together.
            whole: Whether the piece ends with the score.

        Raises:
            EncodingError: When it holds a bar that is none of the game's in that place, or too few or too many bars.
        """
        if any((s.numerator, s.denominator) != (3, 8) for s in signatures(score)) or score.pickup or not score.note_count:
            raise EncodingError("encoding 'minuet': expected a waltz of the game, in 3/8 from its first bar. Use another --encoding.")
        total = bar_count(score)
        form = "repeated" if total == 2 * PLACES else "once"
        if (total > PLACES and form == "once") or (whole and total < PLACES):
            raise EncodingError(f"encoding 'minuet': {total} bars, expected {PLACES}, or {2 * PLACES} with repeats. Cut the piece.")
        bars = _bars_of(score, total)
        numbers: list[int] = []
        for played, (place, close) in enumerate(_played(form, min(total, PLACES))):
            fitting = [number for number in COLUMNS[place] if _sounds(number, close) == bars[played]]
            if not fitting:
                raise EncodingError(f"encoding 'minuet': bar {played + 1} is none of the game's for that place. Use another --encoding.")
            if len(numbers) == place:
                numbers.append(fitting[0])
        ids = [self.start_id, VOCABULARY.ids[form], *(VOCABULARY.ids[str(number)] for number in numbers)]
        return np.array([*ids, *([VOCABULARY.ids["end"]] if whole else [])], np.int32)

    def decode(self, ids: Ids) -> Score:
        """Return the waltz that `ids` say, treble and bass, 480 ticks per quarter, 75 quarters (150 eighths) a minute."""
        words = [VOCABULARY.symbols[int(number)] for number in ids]
        form = next((word for word in words if word in FORMS), "once")
        numbers = [int(word) for word in words if word.isdigit()][:PLACES]
        rows: tuple[list[Note], list[Note]] = ([], [])
        played = _played(form, len(numbers))
        for bar, (place, close) in enumerate(played):
            for row, notes in zip(rows, _hands(numbers[place], close), strict=True):
                row += [(start + bar * BAR_STEPS, length, pitch) for start, length, pitch in notes]
        marks = _repeats() if len(played) == 2 * PLACES else ()
        tracks = tuple(_track(row, name) for row, name in zip(rows, ("treble", "bass"), strict=True))
        return Score(480, tracks, (Tempo.of_bpm(0, self.tempo),), (TimeSignature(0, 3, 8),), (KeySignature(0),), marks)

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> MinuetGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`); it is in C major, which can be moved."""
        if key is not None and key.mode != "major":
            raise EncodingError(
                f"encoding 'minuet': a key of mode {key.mode}, expected major: the game knows no other. Ask for a major key."
            )
        return MinuetGrammar(bars=bars)

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of bars thrown for in `ids`."""
        return max(1, int((np.asarray(ids) >= VOCABULARY.first["bar"]).sum()))

    def options(self) -> Mapping[str, object]:
        """Return nothing: the table is fixed."""
        return {}


class MinuetGrammar:
    """Follows one waltz (see `encoding.Grammar`): a bar of each column in turn.

    Args:
        bars: 16, or 32 with repeats; either where None.

    Raises:
        EncodingError: When it is another number.
    """

    def __init__(self, *, bars: int | None = None) -> None:
        if bars not in (None, PLACES, 2 * PLACES):
            raise EncodingError(f"encoding 'minuet': {bars} bars, expected {PLACES}, or {2 * PLACES} with repeats: the game has no others.")
        self._forms = [form for form, count in zip(FORMS, (PLACES, 2 * PLACES), strict=True) if bars in (None, count)]
        self._ids: list[int] = []
        self._finished = False

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._finished

    @property
    def bars(self) -> int:
        """Bars begun so far as played: every bar of a repeated half counts twice, once it is over."""
        begun = max(len(self._ids) - 2, 0)
        if len(self._ids) < 3 or self._ids[1] != VOCABULARY.ids["repeated"]:
            return begun
        return 2 * begun - (not self._finished)

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        mask = np.zeros(len(VOCABULARY), np.bool_)
        if not self._finished:
            mask[[VOCABULARY.ids[word] for word in self._next()]] = True
        return mask

    def _next(self) -> list[str]:
        """What may come next."""
        place = len(self._ids) - 2
        if place < 0:
            return ["start"] if place == -2 else self._forms
        return [str(number) for number in COLUMNS[place]] if place < PLACES else ["end"]

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not."""
        if number == VOCABULARY.ids["end"]:
            self._finished = True
        else:
            self._ids.append(number)


def _played(form: str, count: int) -> list[tuple[int, int]]:
    """The places that are played, and which half close (`HALF_CLOSES`) is taken there, for a piece with `count` bars so far."""
    once = [(place, 1) for place in range(count)]
    if form == "once" or count < HALF:
        return once
    first = [(place, 0) for place in range(HALF)] + once[:HALF]
    return first + once[HALF:] * (2 if count == PLACES else 1)


def _hands(number: int, close: int) -> tuple[list[Note], list[Note]]:
    """A bar's notes, treble and bass."""
    treble, _, bass = BARS.get(number, f"{HALF_CLOSE} | {HALF_CLOSES[close]}").partition(" | ")
    return _notes(treble), _notes(bass)


def _notes(text: str) -> list[Note]:
    """Notes as `minuet_bars` writes them."""
    found: list[Note] = []
    at = 0
    for word in text.split():
        length = int(word[0])
        found += [(at, length, _key(name)) for name in word[1:].split("+") if name != "-"]
        at += length
    return found


def _key(name: str) -> int:
    """MIDI key of a name such as f#4."""
    return 12 * (int(name[-1]) + 1) + _STEPS[name[0]] + ("#" in name)


def _sounds(number: int, close: int) -> set[Note]:
    """All notes of a bar."""
    treble, bass = _hands(number, close)
    return {*treble, *bass}


def _bars_of(score: Score, total: int) -> list[set[Note]]:
    """The notes of each bar of a score; one off the grid is like no bar's."""
    step = score.ticks_per_quarter / 4
    bars: list[set[Note]] = [set() for _ in range(total)]
    for track in score.tracks:
        for start, length, pitch in zip((track.start / step).tolist(), (track.duration / step).tolist(), track.pitch.tolist(), strict=True):
            bar, place = divmod(start, BAR_STEPS)
            bars[int(bar)].add((place, length, pitch))
    return bars


def _track(notes: list[Note], name: str) -> Track:
    """Notes as a track of a piano."""
    start, length, pitch = np.array(sorted(notes), np.int64).reshape(-1, 3).T
    return Track(start * _TICKS_PER_STEP, length * _TICKS_PER_STEP, pitch.astype(np.int32), np.full(start.size, _VELOCITY), name=name)


def _repeats() -> tuple[Mark, ...]:
    """Where both halves are played again, so that they can be written once."""
    bar = BAR_STEPS * _TICKS_PER_STEP
    places = {0: "start", 7: "ending", 8: "again", 15: "ending", 16: "end", 24: "again", 32: "end"}
    marks = [Mark(at * bar, "repeat", text) for at, text in places.items()]
    return tuple(sorted([*marks, Mark(16 * bar, "repeat", "start")], key=lambda mark: (mark.tick, mark.text)))
