"""What a MusicXML part says once and means from measure to measure."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from partimento.files.notation import WrittenPart

VELOCITY = 64
"""Velocity where no dynamic is written."""


@dataclass
class Player:
    """A part of the file while it is read.

    Attributes:
        part: Where its notes go.
        divisions: Parts of a quarter that durations count; None where the file has not said it yet.
        by_value: Whether the file was found to say it wrongly, so that note values are taken.
        ident: Its id in the file, for messages.
        drums: Instrument id -> General MIDI drum key.
        is_percussion: Whether the part list puts it on channel 10.
    """

    part: WrittenPart
    ident: str
    drums: dict[str, int] = field(default_factory=dict)
    is_percussion: bool = False
    divisions: Fraction | None = None
    by_value: bool = False
    semitones: int = 0
    velocity: int = VELOCITY
    says_keys: bool = False
    ending: frozenset[int] = frozenset()
    lengths: dict[str, int] = field(default_factory=dict)
    keys: dict[tuple[str, str, str], int] = field(default_factory=dict)
