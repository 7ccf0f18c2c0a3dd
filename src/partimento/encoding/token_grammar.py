"""What may follow what in a tune of encoding `abc_tokens`: the grammar of `characters`, asked for whole signs.

A sign is allowed if its characters are, one after the other, and if it is whole there: ``3`` may not stand where only
``3/2`` fits, and no length follows a length, no bar line a bar line. So there is one grammar of tunes, and this is its reading.

It writes a chord symbol in one id, or, where that has a bass or a rare quality, character by character.
"""

from __future__ import annotations

import numpy as np

from partimento.encoding.abc_signs import VOCABULARY
from partimento.encoding.characters import VOCABULARY as CHARACTERS
from partimento.encoding.encoding import Mask
from partimento.encoding.tune_form import END_SIGN
from partimento.encoding.tune_grammar import OCTAVES, TuneGrammar
from partimento.score import KeySignature

_LETTERS, _QUOTE = "CDEFGABcdefgab", '"'
_GROUPS = tuple(group for group, symbols in VOCABULARY.groups.items() for _ in symbols)
_NUMBERS = {group: tuple(range(first, first + len(VOCABULARY.groups[group]))) for group, first in VOCABULARY.first.items()}
_HEADER = {"M": ("metre",), "K": ("tonic", "mode")}


def _notes() -> dict[str, dict[str, list[int]]]:
    """Accidental -> letter -> ids of the notes so written, in the octaves that are."""
    found: dict[str, dict[str, list[int]]] = {accidental: {letter: [] for letter in _LETTERS} for accidental in ("", "^", "_", "=")}
    for symbol in VOCABULARY.groups["note"]:
        bare = symbol.rstrip(",'")
        if symbol == bare or bare[-1] in OCTAVES[symbol[-1]]:
            found[bare[:-1]][bare[-1]].append(VOCABULARY.ids[symbol])
    return found


_NOTES = _notes()


class TokenGrammar:
    """Follows one tune sign by sign (see `encoding.Grammar`).

    Args:
        bars: As `tune_grammar.TuneGrammar`.
        key: As `tune_grammar.TuneGrammar`.
    """

    def __init__(self, *, bars: int | None = None, key: KeySignature | None = None) -> None:
        self._text = TuneGrammar(CHARACTERS, bars=bars, key=key)
        self._group = ""  # of the last sign
        self._quoted = ""  # a chord symbol that is being spelled, so far

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._text.finished

    @property
    def bars(self) -> int:
        """Bars begun so far, as played."""
        return self._text.bars

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""
        symbol = VOCABULARY.symbols[number]
        for character in [symbol] if symbol in ("start", "end") else symbol:
            self._text.push(CHARACTERS.ids[character])
        self._group = _GROUPS[number]
        if self._quoted:
            self._quoted = "" if symbol == _QUOTE else self._quoted + symbol
        elif symbol == _QUOTE:
            self._quoted = symbol

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        characters = self._text.next_symbols()
        if self._quoted:
            characters -= {_QUOTE} if self._quoted + _QUOTE in VOCABULARY.ids else set()  # that symbol has an id of its own
            found: list[int] = []
        elif self._text.field:
            found = self._field(self._text.field)
        else:
            found = self._music(characters)
        mask = np.zeros(len(VOCABULARY), np.bool_)
        # behind an odd given beginning there may be no whole sign: then character by character
        mask[found or [VOCABULARY.ids[character] for character in characters]] = True
        return mask

    def _field(self, name: str) -> list[int]:
        """What may come next in the header."""
        groups = _HEADER[name]
        group = groups[-1] if self._group == groups[0] else groups[0]
        return [number for number in _NUMBERS[group] if self._may_stand(VOCABULARY.symbols[number], group)]

    def _may_stand(self, symbol: str, group: str) -> bool:
        """Whether the characters of `symbol` may come one after the other, and are a whole sign then."""
        text = self._text.fork()
        for character in symbol:
            if character not in text.next_symbols():
                return False
            text.push(CHARACTERS.ids[character])
        return group != "tonic" or not text.next_symbols() <= {"#", "b"}

    def _music(self, characters: set[str]) -> list[int]:
        """What may come next in the music, where `characters` may."""
        ids = VOCABULARY.ids
        found = [number for letter in characters & _NOTES[""].keys() for number in _NOTES[""][letter]]
        accidentals = characters & _NOTES.keys()
        if accidentals:
            altered = self._text.fork()
            altered.push(CHARACTERS.ids[min(accidentals)])
            letters = altered.next_symbols()
            found += [number for accidental in accidentals for letter in letters for number in _NOTES[accidental][letter]]
        found += _NUMBERS["rest"] if "z" in characters else ()
        found += _NUMBERS["triplet"] if "(" in characters else ()
        found += (*_NUMBERS["chord"], ids[_QUOTE]) if _QUOTE in characters else ()
        found += [ids[symbol] for symbol in ("start", "end") if symbol in characters]
        if self._group in ("note", "rest"):
            found += [ids[length] for length in self._text.next_lengths() if length]
        if self._group != "line" and characters & {"|", ":"}:
            found += [ids[line.removesuffix(END_SIGN)] for line in self._text.next_lines()] or [ids["|"]]
        return found
