"""What a piece is to be like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from partimento.errors import ConfigError
from partimento.generation.controls import Controls
from partimento.score import KeySignature, Score


@dataclass(frozen=True)
class Condition:
    """What must hold of the music at the end of every bar.

    Attributes:
        name: In the words of the command line, such as ``max-copy 12``.
        holds: Asked of the music so far, and of the tick from which on it is new: what was given does not count.
    """

    name: str
    holds: Callable[[Score, int], bool]


@dataclass(frozen=True)
class Wish:
    """What a piece is to be like; None leaves it to the model.

    Attributes:
        bars: Full bars, a primer's included.
        seconds: Length, turned into bars of the piece's metre and tempo.
        key: Key.
        tempo: Quarter notes per minute.
        primer: Beginning, kept as it is.
        primer_bars: Bars of the primer that are used.
        condition: Bars after which it does not hold are written anew.
        start: Text the piece begins with, for models of text.
        melody: Top voice, kept as it is; what is composed goes below it, in its metre, key and length.
        over: Piece whose melody is written anew, over its chords, for models of melodies.
        controls: What the notes are to be like, for models that were told it.
        rewrite: Piece of which `passage` is written anew, for models that fill in; the rest is kept.
        passage: First and last bar of that passage, from 1.
        remarks: What is to be said of how it was understood.
    """

    bars: int | None = None
    seconds: float | None = None
    key: KeySignature | None = None
    tempo: float | None = None
    primer: Score | None = None
    primer_bars: int | None = None
    condition: Condition | None = None
    start: str | None = None
    melody: Score | None = None
    over: Score | None = None
    controls: Controls = field(default_factory=Controls)
    rewrite: Score | None = None
    passage: tuple[int, int] | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checks = {
            "--bars": (self.bars, self.bars is None or 1 <= self.bars <= 1000, "1 to 1000"),
            "--seconds": (self.seconds, self.seconds is None or 0 < self.seconds <= 7200, "above 0, at most 7200"),
            "--tempo": (self.tempo, self.tempo is None or 10 <= self.tempo <= 400, "10 to 400 quarter notes a minute"),
            "--primer-bars": (self.primer_bars, self.primer_bars is None or self.primer_bars >= 1, "1 or more"),
        }
        for name, (value, fits, expected) in checks.items():
            if not fits:
                raise ConfigError(f"{name} {value}: expected {expected}.")
        if self.bars is not None and self.seconds is not None:
            raise ConfigError("--bars and --seconds: give one of them, the other follows.")
        if self.primer is not None and self.start is not None:
            raise ConfigError("--primer and --start: give one of them, a piece has one beginning.")
        own = {"--bars": self.bars, "--seconds": self.seconds, "--key": self.key, "--primer": self.primer, "--start": self.start}
        for given, name in ((self.over, "--over"), (self.melody, "--melody"), (self.rewrite, "--rewrite")):
            taken = next((option for option, wished in own.items() if wished is not None), None)
            if given is not None and taken is not None:
                raise ConfigError(f"{name}: the piece itself sets what {taken} asks for. Leave one of the two out.")
            own[name] = given
        for name, moved in (("--notes-per-second", ("--tempo", self.tempo)), ("--pitch-classes", ("--key", self.key))):
            if name in self.controls.options and moved[1] is not None:
                raise ConfigError(f"{name}: {moved[0]} changes the piece after it is composed, and that with it. Leave one of the two out.")
        if (self.rewrite is None) != (self.passage is None):
            raise ConfigError("--rewrite and --passage: give both of them, a piece and its bars that are to be written anew.")
        if self.primer is None and self.primer_bars is not None:
            raise ConfigError(f"--primer-bars {self.primer_bars}: there is no primer. Give one with --primer, or leave it out.")
