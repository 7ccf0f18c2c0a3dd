"""What a tune may abbreviate: ``U:`` gives a sign a meaning, ``m:`` a run of signs another text.

Source: ABC standard 2.1 (2011), sections 4.16 and 9. Differs: a macro is not looked for inside quotes, nor in what a
macro has put there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from partimento.files.abc_voice import Damage
from partimento.score.pitch import LETTERS

PLAIN_DECORATIONS = {".": "staccato", "~": "roll", "H": "fermata", "L": "accent", "M": "lowermordent", "O": "coda", "P": "uppermordent"}
PLAIN_DECORATIONS |= {"S": "segno", "T": "trill", "u": "upbow", "v": "downbow"}

MOST_MACROS, LONGEST_MACRO, MOST_WRITTEN = 100, 200, 500_000
"""Macros of a tune, characters of one, and characters of all lines when their macros have been written out."""

_NOTE = r"([A-Ga-g])([,']{0,9})"


class Shorthand:
    """The user symbols and macros of one tune.

    Attributes:
        symbols: Sign -> name of the decoration that it stands for.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self.symbols = dict(PLAIN_DECORATIONS)
        self._warn = warn
        self._macros: dict[str, str] = {}
        self._targets: list[str] = []  # longest first, as in the pattern
        self._pattern: re.Pattern[str] | None = None
        self._written = 0

    def take(self, name: str, value: str) -> None:
        """Take the value of a ``U:`` or ``m:`` field."""
        if name == "U":
            symbol = re.match(r"([H-Yh-w~])\s*=\s*[!+]?([^!+\s]+)", value)
            if symbol:
                self.symbols[symbol[1]] = symbol[2]
            return
        target, sign, text = (piece.strip() for piece in value.partition("="))
        if not sign or not target or len(value) > LONGEST_MACRO or len(self._macros) >= MOST_MACROS:
            self._warn(f"macro '{value[:40]}' was left out, expected up to {MOST_MACROS} such as '~G3 = G{{A}}G{{F}}G'")
            return
        is_new = target not in self._macros
        self._macros[target] = text
        if is_new:
            self._compile()

    def _compile(self) -> None:
        """Make the pattern that finds every macro, each as three groups: all of it, letter and octave of its note."""
        self._targets = sorted(self._macros, key=len, reverse=True)
        patterns = []
        for known in self._targets:
            pattern = re.escape(known).replace("n", _NOTE, 1) if "n" in known else re.escape(known) + "()()"
            patterns.append(pattern + (r"(?![\d/])" if known[-1].isdigit() else ""))
        self._pattern = re.compile("|".join(f"({pattern})" for pattern in patterns))

    def expand(self, line: str) -> str:
        """Return a line of music with its macros written out.

        Raises:
            Damage: When the lines together get longer than `MOST_WRITTEN`.
        """
        if self._pattern is None:
            return line

        def written(match: re.Match[str]) -> str:
            index = next(i for i in range(len(self._targets)) if match[3 * i + 1] is not None)
            letter, octave = match[3 * index + 2], match[3 * index + 3]
            text = self._macros[self._targets[index]]
            return _transposed(text, letter, octave) if letter else text

        parts = re.split(r"(\"[^\"]*\")", line)
        made = "".join(part if part.startswith('"') else self._pattern.sub(written, part) for part in parts)
        self._written += len(made)
        if self._written > MOST_WRITTEN:
            raise Damage(f"more than {MOST_WRITTEN} signs when macros are written out, expected one tune")
        return made


def _transposed(text: str, letter: str, octave: str) -> str:
    """A macro's text for one note: ``n`` is the note, ``o`` the step above it, ``m`` the one below, and so on."""
    place = LETTERS.index(letter.upper()) + 7 * (letter.islower() + octave.count("'") - octave.count(","))

    def note(match: re.Match[str]) -> str:
        octaves, step = divmod(place + ord(match[0]) - ord("n"), 7)
        return LETTERS[step].lower() + "'" * (octaves - 1) if octaves > 0 else LETTERS[step] + "," * -octaves

    return re.sub("[h-z]", note, text)
