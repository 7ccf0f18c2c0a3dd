"""Which tracks written parts become: choirs on two staves are four voices, a keyboard's two staves are two hands."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from partimento.score.hands import HANDS, is_keyboard

if TYPE_CHECKING:
    from partimento.files.notation import WrittenBar, WrittenNote, WrittenPart

VOICE_NAMES = ("Soprano", "Alto", "Tenor", "Bass")


def apart(parts: Sequence[WrittenPart], bars: Sequence[WrittenBar]) -> list[WrittenPart]:
    """Return a part for each track; `bars` are all there are."""
    voices = _voices_apart(parts, bars)
    if voices is not None:
        return voices
    return [hand for part in parts for hand in _hands_apart(part)]


def _hands_apart(part: WrittenPart) -> Sequence[WrittenPart]:
    """A keyboard's part as two, named as `HANDS`, where it has two staves; another one as it is."""
    if not part.hands or not is_keyboard(part.program):
        return (part,)
    staves = sorted({note.line[0] for note in itertools.chain(*part.bars)})
    if len(staves) != len(HANDS) or any(note.is_drum for note in itertools.chain(*part.bars)):
        return (part,)
    return [
        replace(part, name=name, bars=[[note for note in bar if note.line[0] == staff] for bar in part.bars])
        for name, staff in zip(HANDS, staves, strict=True)
    ]


def _voices_apart(parts: Sequence[WrittenPart], bars: Sequence[WrittenBar]) -> list[WrittenPart] | None:
    """Where all parts together are four voices that sing one note at a time, a part for each voice.

    This is how chorales and hymns stand on two staves. Voices belong to one of two parts or staves, two to each, and
    each sounds in most bars; anything else is an instrument's part and stays whole.
    """
    if not 1 <= len(parts) <= 2 or not all(part.splits for part in parts):
        return None
    found: dict[tuple[int, int, str], list[list[WrittenNote]]] = defaultdict(lambda: [[] for _ in bars])
    for number, part in enumerate(parts):
        for index, bar in enumerate(part.bars):
            for note in bar:
                if note.is_drum:
                    return None
                found[number, *note.line][index].append(note)
                if len(found) > len(VOICE_NAMES):
                    return None
    staves = [line[:2] for line in sorted(found)]
    if len(found) != len(VOICE_NAMES) or len(set(staves)) != 2 or staves.count(staves[0]) != 2:
        return None
    if any(sum(map(bool, voice)) < 0.8 * len(bars) or not all(map(_sings, voice)) for voice in found.values()):
        return None
    return [replace(parts[line[0]], name=name, bars=found[line]) for name, line in zip(VOICE_NAMES, sorted(found), strict=True)]


def _sings(bar: Sequence[WrittenNote]) -> bool:
    """Whether never two notes sound at once."""
    notes = sorted(bar, key=lambda note: note.at)
    return all(one.at + one.length <= two.at for one, two in itertools.pairwise(notes))
