"""Which bars fit where: a corpus becomes the table of a dice game.

In the printed games every bar of a column fits each bar of the next, because somebody composed them so. Here two bars
stand in one column when they begin alike, so that either may follow what the other follows. Alike is, always: key,
metre, pickup, notes held over the bar line, whether the piece begins or ends with the bar, and what the grammar lets
come there. Beyond that as much of the following as leaves a column with enough different bars to throw for, looked for
in the order of `LIKENESS`: how far the end is, the highest note, the lowest note, the harmony; and, unless the corpus is
too small for it (`WORTH`), where the bar stands in its section and repeat. So the step over a bar line, from the last
note of one bar to the first of the next, is one that the corpus has, the form runs as it does there, and the harmony too.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Encoding
from partimento.models.dice_table import ANY, LONGEST_PLAN, OPENINGS, OVER, DiceTable
from partimento.score import KeySignature, Score
from partimento.score.harmony import key_of
from partimento.score.meter import bar_starts, signatures
from partimento.score.transform import transpose
from partimento.training.bars import Bar, Ear, Heard, Ids, Knife
from partimento.training.prepare import Prepared

LIKENESS = (
    ("left", "top", "bass", "degree"),
    ("place", "top", "bass", "degree"),
    ("top", "bass", "degree"),
    ("left", "top", "degree"),
    ("place", "top", "degree"),
    ("top", "degree"),
    ("place", "top"),
    ("left", "degree"),
    ("place", "degree"),
    ("degree",),
    ("left",),
    ("place",),
    (),
)
"""What two bars of a column have in common, the closest first. ``left``: bars to the end; ``place``: the same within eight bars."""

FACES = 6
"""Different bars that make a column worth a die."""

WORTH = ((True, FACES), (True, FACES // 2), (False, FACES), (True, 1), (False, 1))
"""Whether bars of a column stand at the same place of the form, and how many different ones it has: the first that can be had."""

_ROUND = 8
_NONE = -2
_FEATURES = ("home", "fixed", "form", "left", "place", "top", "bass", "degree")

Numbers = NDArray[np.int64]


def dice_table(prepared: Prepared, encoding: Encoding) -> DiceTable:
    """Return the game that a corpus makes.

    Args:
        prepared: Its pieces to learn from, in all their keys.
        encoding: What they are written in.
    """
    bars = _Bars(encoding)
    for variants, moves, (_, score) in zip(prepared.train, prepared.moves, prepared.scores["train"], strict=True):
        bars.read(variants, moves, score)
    gathered = bars.gathered()
    if not _ends(gathered):  # a corpus that breaks the grammar's rules everywhere: its bars are thrown all the same
        gathered = replace(gathered, lawful=gathered.openings | ((gathered.lengths >= 1) & (gathered.lengths <= LONGEST_PLAN)))
    return _table(gathered, len(encoding.vocabulary))


@dataclass(frozen=True, eq=False)
class _Gathered:
    """Every bar of a corpus in every key, a row each, openings among them.

    Attributes:
        texts: Number of each bar's ids in `ids`, shape (bars,).
        ids: The different bars' ids, big endian, so that bytes sort as the ids do.
        features: What is known of each bar's beginning, shape (bars, features), -1 throughout for an opening.
        lengths: Bars each counts for as played, shape (bars,).
        following: The row that follows in the piece, `OVER` after the last, shape (bars,).
        lawful: Whether a grammar lets the bar stand, shape (bars,).
        joints: See `DiceTable.joints`.
    """

    texts: Numbers
    ids: list[bytes]
    features: Numbers
    lengths: Numbers
    following: Numbers
    lawful: NDArray[np.bool_]
    joints: list[int]

    @property
    def openings(self) -> NDArray[np.bool_]:
        """Which rows are openings."""
        return self.features[:, 0] < 0


@dataclass
class _Bars:
    """Gathers the bars of pieces."""

    encoding: Encoding
    _texts: dict[bytes, int] = field(default_factory=dict)
    _numbers: dict[tuple[str, Hashable], int] = field(default_factory=dict)  # what is no number -> a number
    _rows: list[tuple[int, ...]] = field(default_factory=list)
    _begins: dict[int, int] = field(default_factory=dict)  # sign of a joint -> how often a bar begins there
    _stands: dict[int, int] = field(default_factory=dict)  # ... and how often the sign is met

    def __post_init__(self) -> None:
        self._knife, self._ear = Knife(self.encoding), Ear(self.encoding)

    def read(self, variants: Sequence[Ids], moves: Sequence[int], score: Score) -> None:
        """Take in a piece: in the keys of `variants`, which stand `moves` semitones from the score."""
        key = key_of(score)
        metre = tuple(dict.fromkeys((s.numerator, s.denominator) for s in signatures(score)))
        bars = self._knife.cut(variants[0])
        heard = [self._ear.hear(bars[0], bar, key) for bar in bars[1:]]
        over = _held_over(score, [bar.begins for bar in bars[1:]])
        for ids, move in zip(variants, moves, strict=True):
            moved = _moved(key, move)
            cut = bars if not move else self._knife.cut_like(ids, bars, (key.fifths, key.mode, moved.fifths))
            if len(cut) == len(bars) > 1:
                home = (moved.fifths, moved.mode, metre, score.pickup / score.ticks_per_quarter)
                held = [tuple(pitch + move for pitch in pitches) for pitches in over]
                self._collect(cut, home, [entry.moved(move) for entry in heard], held)
                self._count_joints(ids, cut)

    def _number(self, kind: str, value: Hashable) -> int:
        """A number for what is none."""
        return self._numbers.setdefault((kind, value), len(self._numbers))

    def _collect(self, bars: Sequence[Bar], home: Hashable, heard: Sequence[Heard], held: Sequence[tuple[int, ...]]) -> None:
        """Take in one piece in one key."""
        begins = [bar.begins for bar in bars[1:]]
        lengths = [after - before for before, after in zip(begins, [*begins[1:], bars[-1].begins + 1], strict=True)]
        lengths[-1] = max(1, bars[-1].ends - begins[-1] + 1)
        left = np.cumsum(lengths[::-1])[::-1].tolist()
        first = len(self._rows)
        place = self._number("home", home)
        self._rows.append((self._text(bars[0].ids), bars[0].lawful, 0, first + 1, *[-1] * len(_FEATURES)))
        for at, (bar, length, sound) in enumerate(zip(bars[1:], lengths, heard, strict=True)):
            last = at == len(heard) - 1
            form, allowed = bar.joint
            fixed = self._number("fixed", (allowed, held[at], at == 0, last, length))
            features = (
                place,
                fixed,
                self._number("form", form),
                left[at],
                left[at] % _ROUND,
                sound.top,
                sound.bass,
                self._number("degree", sound.degree),
            )
            lawful = bar.lawful and 1 <= length <= LONGEST_PLAN
            self._rows.append((self._text(bar.ids), int(lawful), length, OVER if last else first + at + 2, *features))

    def _text(self, ids: Ids) -> int:
        """A number for the ids of a bar."""
        return self._texts.setdefault(ids.astype(">i4").tobytes(), len(self._texts))

    def _count_joints(self, ids: Ids, bars: Sequence[Bar]) -> None:
        """Count between which ids bars begin, and before and behind which: signs as in `DiceTable.joints`."""
        size = len(self.encoding.vocabulary)
        signs = np.stack([ids[:-1].astype(np.int64) * size + ids[1:], size**2 + ids[1:], size**2 + size + ids[:-1]], axis=1)
        joints = np.cumsum([len(bar.ids) for bar in bars])[:-1] - 1
        for rows, counts in ((signs, self._stands), (signs[joints[joints >= 0]], self._begins)):
            for sign, count in zip(*(values.tolist() for values in np.unique(rows, return_counts=True)), strict=True):
                counts[sign] = counts.get(sign, 0) + count

    def joints(self) -> list[int]:
        """Return the signs by which a bar is known to begin: ids that stand nowhere else, and pairs that mostly do."""
        pairs = len(self.encoding.vocabulary) ** 2
        return sorted(sign for sign, count in self._begins.items() if count > (0.5 if sign < pairs else 0.99) * self._stands[sign])

    def gathered(self) -> _Gathered:
        """Return all that was taken in."""
        rows = np.array(self._rows, np.int64).reshape(-1, 4 + len(_FEATURES))
        return _Gathered(rows[:, 0], list(self._texts), rows[:, 4:], rows[:, 2], rows[:, 3], rows[:, 1] > 0, self.joints())


def _held_over(score: Score, begins: Sequence[int]) -> list[tuple[int, ...]]:
    """MIDI keys that sound on where each bar begins; none where bars of ids are not the bars of the score, as in folded repeats."""
    starts = bar_starts(score)[bool(score.pickup) :]
    if list(begins) != list(range(1, starts.size + 1)):
        return [()] * len(begins)
    tracks = [track for track in score.tracks if len(track) and not track.is_drum]
    return [
        tuple(sorted(int(pitch) for track in tracks for pitch in track.pitch[(track.start < start) & (track.end > start)]))
        for start in starts.tolist()
    ]


def _moved(key: KeySignature, semitones: int) -> KeySignature:
    """A key after a transposition."""
    return transpose(Score(key_signatures=(replace(key, tick=0),)), semitones).key_signatures[0]


def _labels(bars: _Gathered) -> Numbers:
    """Number of the column each bar would stand in at each likeness, `OVER` for openings, shape (bars, 2 * likenesses + 1).

    First come the likenesses with the form, then those without, and last all bars of the home.
    """
    levels = [("home", "fixed", *form, *likeness) for form in (("form",), ()) for likeness in LIKENESS]
    result = np.full((bars.texts.size, len(levels) + 1), OVER, np.int64)
    rows = np.flatnonzero(~bars.openings)
    known = bars.features[rows]
    count = 0
    for level, names in enumerate((*levels, ("home",))):
        columns = known[:, [_FEATURES.index(name) for name in names]]
        _, label = np.unique(columns, axis=0, return_inverse=True)
        result[rows, level] = label.reshape(-1) + count
        count = int(result.max()) + 1
    return result


def _chosen(bars: _Gathered, labels: Numbers) -> Numbers:
    """The column thrown for where each bar stands (see `WORTH`), shape (bars,); `_NONE` where nothing a grammar lets stand fits."""
    usable = np.flatnonzero(bars.lawful & ~bars.openings)
    count = int(labels.max()) + 1
    pairs = np.unique((labels[usable] * len(bars.ids) + bars.texts[usable, None]).ravel())
    different = np.append(np.bincount(pairs // len(bars.ids), minlength=count), 0)  # an opening's label is the last
    found = different[labels[:, :-1]]
    chosen = np.full(bars.texts.size, _NONE)
    for formed, least in WORTH:
        part = slice(0, len(LIKENESS)) if formed else slice(len(LIKENESS), None)
        enough = found[:, part] >= least
        settled = enough.any(axis=1) & (chosen == _NONE)
        level = enough.argmax(axis=1) if least > 1 else found[:, part].argmax(axis=1)  # the closest; at last the fullest
        chosen = np.where(settled, labels[np.arange(level.size), level + part.start], chosen)
    return chosen


def _alive(bars: _Gathered, labels: Numbers, thrown_for: Numbers) -> NDArray[np.bool_]:
    """Which bars lead to an end, shape (bars,)."""
    alive = bars.lawful & (bars.following == OVER)
    count = 0
    while count != (count := int(alive.sum())):
        full = np.zeros(int(labels.max()) + 3, np.bool_)  # the last two places are those of OVER and _NONE
        full[labels[alive]] = True
        full[[OVER, _NONE]] = False
        alive = alive | (bars.lawful & (bars.following != OVER) & full[thrown_for])
    return np.asarray(alive, np.bool_)


def _ends(bars: _Gathered) -> bool:
    """Whether a piece may begin, go on and end within the bars that a grammar lets stand."""
    if not (bars.lawful & ~bars.openings).any():
        return False
    labels = _labels(bars)
    thrown_for = np.where(bars.following == OVER, OVER, _chosen(bars, labels)[bars.following])
    return bool((_alive(bars, labels, thrown_for) & bars.openings).any())


def _table(bars: _Gathered, vocabulary: int) -> DiceTable:
    """Columns out of bars."""
    labels = _labels(bars)
    thrown_for = np.where(bars.following == OVER, OVER, _chosen(bars, labels)[bars.following])
    alive = np.flatnonzero(_alive(bars, labels, thrown_for))
    played = alive[~bars.openings[alive]]
    used = np.unique(np.concatenate([thrown_for[alive], labels[played, -1]]))
    used = used[used != OVER]
    column_of = np.full(int(labels.max()) + 2, OVER, np.int64)
    column_of[used] = np.arange(used.size) + ANY + 1
    following = column_of[thrown_for]

    order = np.argsort(np.argsort(np.array(bars.ids, object)))  # bytes sort as the ids do
    every = np.column_stack([order[bars.texts], following, bars.lengths])[alive]
    different, number = np.unique(every, axis=0, return_inverse=True)
    number = number.reshape(-1)
    back = np.argsort(order)
    ids = [np.frombuffer(bars.ids[text], ">i4").astype(np.int32) for text in back[different[:, 0]].tolist()]

    columns = column_of[labels[alive]]
    columns[bars.openings[alive]] = OVER
    columns = np.column_stack([columns, np.where(bars.openings[alive], OPENINGS, ANY)])
    throws, faces = np.unique((columns * number.size + number[:, None])[columns != OVER], return_counts=True)
    column, member = throws // number.size, throws % number.size
    homes = np.full(used.size + ANY + 1, ANY)
    homes[np.unique(column)] = _homes(columns, column)
    return DiceTable(
        vocabulary=np.array([vocabulary]),
        ids=np.concatenate([*ids, np.zeros(0, np.int32)]),
        bounds=np.cumsum([0, *map(len, ids)]),
        following=different[:, 1].astype(np.int32),
        lengths=different[:, 2].astype(np.int32),
        members=member.astype(np.int32),
        faces=faces.astype(np.int32),
        columns=np.searchsorted(column, np.arange(homes.size + 1)),
        homes=homes.astype(np.int32),
        joints=np.array(bars.joints, np.int64),
    )


def _homes(columns: Numbers, present: Numbers) -> Numbers:
    """The home of each column that is there, in rising order: that of its first bar; ANY for the openings and for all bars."""
    home: dict[int, int] = {}
    for row in columns[:, :-1]:
        for column in row[row != OVER].tolist():
            home.setdefault(column, int(row[-1]))
    return np.array([home.get(column, ANY) for column in np.unique(present).tolist()])
