"""Which bars fit where: a corpus becomes the table of a dice game.

In the printed games every bar of a column fits each bar of the next, because somebody composed them so. Here two bars
stand in one column when they begin alike, so that either may follow what the other follows. Alike is, always: key,
metre, pickup, whether the piece begins or ends with the bar, and what the grammar knows there. Beyond that as much of the
following as leaves a column with enough different bars to throw for (`FACES`), looked for in the order of `LIKENESS`:
how far the end is, the highest note, the lowest note, the harmony. So the step over a bar line, from the last note of
one bar to the first of the next, is one that the corpus has, the form runs as it does there, and the harmony too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from partimento.encoding.encoding import Encoding
from partimento.models.dice_table import ANY, LONGEST_PLAN, OPENINGS, OVER, DiceTable
from partimento.score import KeySignature, Score
from partimento.score.harmony import key_of
from partimento.score.meter import signatures
from partimento.score.transform import transpose
from partimento.training.bars import Bar, Ear, Heard, Ids, Knife
from partimento.training.prepare import Prepared

FACES = 6
"""Different bars that make a column worth a die."""

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

_ROUND = 8


@dataclass(frozen=True)
class Sign:
    """What is known of a place where a bar begins.

    Attributes:
        home: Key, metre and pickup of the piece.
        fixed: What has to be alike: what the grammar knows, whether it is the first bar or the last, how many bars it
            counts for.
        left: Bars to the end as played, this one counted.
        heard: What one hears there.
    """

    home: Hashable
    fixed: Hashable
    left: int
    heard: Heard

    def alike(self, features: tuple[str, ...]) -> Hashable:
        """Return what must be equal for two bars to share a column."""
        known = {
            "left": self.left,
            "place": self.left % _ROUND,
            "top": self.heard.top,
            "bass": self.heard.bass,
            "degree": self.heard.degree,
        }
        return (self.home, self.fixed, features, *(known[feature] for feature in features))


@dataclass(frozen=True, eq=False)
class _Throw:
    """A bar as it stands in a piece: its ids, its length, the sign it begins with, and that of what follows."""

    ids: bytes
    length: int
    sign: Sign | None
    follows: Sign | None


def dice_table(prepared: Prepared, encoding: Encoding) -> DiceTable:
    """Return the game that a corpus makes.

    Args:
        prepared: Its pieces to learn from, in all their keys.
        encoding: What they are written in.
    """
    throws = _Throws(encoding)
    for variants, moves, (_, score) in zip(prepared.train, prepared.moves, prepared.scores["train"], strict=True):
        throws.read(variants, moves, score)
    return _table(throws.found, throws.joints(), len(encoding.vocabulary))


class _Throws:
    """Collects the bars of pieces."""

    def __init__(self, encoding: Encoding) -> None:
        self._knife, self._ear = Knife(encoding), Ear(encoding)
        self._vocabulary = len(encoding.vocabulary)
        self.found: list[_Throw] = []
        self._begins: dict[int, int] = {}  # pair of ids -> how often a bar begins between them
        self._stands: dict[int, int] = {}

    def read(self, variants: list[Ids], moves: list[int], score: Score) -> None:
        """Take in a piece: in the keys of `variants`, which stand `moves` semitones from the score."""
        key = key_of(score)
        metre = tuple(dict.fromkeys((s.numerator, s.denominator) for s in signatures(score)))
        bars = self._knife.cut(variants[0])
        heard = [self._ear.hear(bars[0], bar, key) for bar in bars[1:]]
        for ids, move in zip(variants, moves, strict=True):
            moved = _moved(key, move)
            cut = bars if not move else self._knife.cut_like(ids, bars, (key.fifths, key.mode, moved.fifths))
            if len(cut) != len(bars):
                continue
            home = (moved.fifths, moved.mode, metre, score.pickup / score.ticks_per_quarter)
            self._collect(cut, home, [entry.moved(move) for entry in heard])
            self._count_joints(ids, cut)

    def _collect(self, bars: list[Bar], home: Hashable, heard: list[Heard]) -> None:
        """Take in one piece in one key."""
        total = max((bar.begins for bar in bars), default=0)
        begins = [bar.begins for bar in bars[1:]]
        lengths = [after - before for before, after in zip(begins, [*begins[1:], total + 1], strict=True)]
        lengths[-1:] = [max(1, length) for length in lengths[-1:]]
        left = np.cumsum(lengths[::-1])[::-1].tolist()
        signs: list[Sign | None] = [
            Sign(home, (bar.joint, at == 0, at == len(heard) - 1, lengths[at]), left[at], heard[at]) for at, bar in enumerate(bars[1:])
        ]
        opening = _Throw(bars[0].ids.astype(">i4").tobytes(), 0, None, signs[0] if signs else None)
        if bars[0].lawful and signs:
            self.found.append(opening)
        for at, bar in enumerate(bars[1:]):
            if bar.lawful and 1 <= lengths[at] <= LONGEST_PLAN:
                follows = signs[at + 1] if at + 1 < len(signs) else None
                self.found.append(_Throw(bar.ids.astype(">i4").tobytes(), lengths[at], signs[at], follows))

    def _count_joints(self, ids: Ids, bars: list[Bar]) -> None:
        """Count between which ids bars begin."""
        pairs = ids[:-1].astype(np.int64) * self._vocabulary + ids[1:]
        for pair, count in zip(*(values.tolist() for values in np.unique(pairs, return_counts=True)), strict=True):
            self._stands[pair] = self._stands.get(pair, 0) + count
        for at in np.cumsum([len(bar.ids) for bar in bars])[:-1].tolist():
            pair = int(pairs[at - 1]) if at else 0
            self._begins[pair] = self._begins.get(pair, 0) + 1

    def joints(self) -> list[int]:
        """Return the pairs of ids between which a bar begins more often than not."""
        return sorted(pair for pair, count in self._begins.items() if 2 * count > self._stands.get(pair, 0))


def _moved(key: KeySignature, semitones: int) -> KeySignature:
    """A key after a transposition."""
    return transpose(Score(key_signatures=(replace(key, tick=0),)), semitones).key_signatures[0]


def _table(throws: list[_Throw], joints: list[int], vocabulary: int) -> DiceTable:
    """Columns out of throws."""
    columns = _Columns(throws)
    needed = {throw.follows for throw in throws if throw.follows is not None}
    chosen = {sign: columns.choose(sign) for sign in needed}
    alive = _alive(throws, columns.members, chosen)
    names: dict[Hashable, int] = {"openings": OPENINGS, "any": ANY}
    for throw in throws:
        if throw in alive and throw.sign is not None:
            names.setdefault(throw.sign.home, len(names))
    for throw in throws:
        if throw in alive and throw.follows is not None:
            names.setdefault(chosen[throw.follows], len(names))
    bars = sorted({_as_bar(throw, names, chosen) for throw in throws if throw in alive})
    number = {bar: at for at, bar in enumerate(bars)}
    faces: list[dict[int, int]] = [{} for _ in names]
    for throw in throws:
        if throw not in alive:
            continue
        bar = number[_as_bar(throw, names, chosen)]
        for column in _columns_of(throw, names):
            faces[column][bar] = faces[column].get(bar, 0) + 1
    homes = [ANY] * len(names)
    for name, column in names.items():
        if isinstance(name, tuple):
            homes[column] = names.get(name[0], ANY) if name not in columns.homes else column
    return _packed(bars, faces, homes, joints, vocabulary)


_AsBar = tuple[bytes, int, int]


def _as_bar(throw: _Throw, names: Mapping[Hashable, int], chosen: Mapping[Sign, Hashable]) -> _AsBar:
    """What makes two throws the same bar: ids, what follows, length."""
    return throw.ids, OVER if throw.follows is None else names[chosen[throw.follows]], throw.length


def _columns_of(throw: _Throw, names: Mapping[Hashable, int]) -> Iterator[int]:
    """The columns that a throw stands in."""
    if throw.sign is None:
        yield OPENINGS
        return
    yield ANY
    for name in (throw.sign.home, *map(throw.sign.alike, LIKENESS)):
        if name in names:
            yield names[name]


class _Columns:
    """All the columns there might be."""

    def __init__(self, throws: list[_Throw]) -> None:
        self.members: dict[Hashable, list[_Throw]] = {}
        self._different: dict[Hashable, set[bytes]] = {}
        self.homes = {throw.sign.home for throw in throws if throw.sign is not None}
        for throw in throws:
            if throw.sign is None:
                continue
            for name in (throw.sign.home, *map(throw.sign.alike, LIKENESS)):
                self.members.setdefault(name, []).append(throw)
                self._different.setdefault(name, set()).add(throw.ids)

    def choose(self, sign: Sign) -> Hashable:
        """Return the column to throw for where `sign` stands: the closest one with `FACES` different bars, or the fullest."""
        names = [*map(sign.alike, LIKENESS)]
        counts = [len(self._different.get(name, ())) for name in names]
        enough = [name for name, count in zip(names, counts, strict=True) if count >= FACES]
        if enough:
            return enough[0]
        return names[counts.index(max(counts))] if max(counts) else sign.home


def _alive(throws: list[_Throw], members: Mapping[Hashable, list[_Throw]], chosen: Mapping[Sign, Hashable]) -> set[_Throw]:
    """The throws from which a piece comes to its end."""
    leading: dict[Hashable, list[_Throw]] = {}  # column -> the throws after which it is thrown for
    for throw in throws:
        if throw.follows is not None:
            leading.setdefault(chosen[throw.follows], []).append(throw)
    standing: dict[_Throw, list[Hashable]] = {}
    for name in leading:
        for throw in members.get(name, ()):
            standing.setdefault(throw, []).append(name)
    alive = {throw for throw in throws if throw.follows is None}
    reached: set[Hashable] = set()
    front = list(alive)
    while front:
        for name in standing.get(front.pop(), ()):
            if name in reached:
                continue
            reached.add(name)
            new = [throw for throw in leading[name] if throw not in alive]
            alive.update(new)
            front += new
    return alive


def _packed(bars: list[_AsBar], faces: list[dict[int, int]], homes: list[int], joints: list[int], vocabulary: int) -> DiceTable:
    """Everything as arrays."""
    ids = [np.frombuffer(bar[0], ">i4").astype(np.int32) for bar in bars]
    rows = [sorted(column.items()) for column in faces]
    throws = np.array([entry for row in rows for entry in row], np.int64).reshape(-1, 2)
    return DiceTable(
        vocabulary=np.array([vocabulary]),
        ids=np.concatenate([*ids, np.zeros(0, np.int32)]),
        bounds=np.cumsum([0, *map(len, ids)]),
        following=np.array([bar[1] for bar in bars], np.int32),
        lengths=np.array([bar[2] for bar in bars], np.int32),
        members=throws[:, 0].astype(np.int32),
        faces=throws[:, 1].astype(np.int32),
        columns=np.cumsum([0, *map(len, rows)]),
        homes=np.array(homes, np.int32),
        joints=np.array(joints, np.int64),
    )
