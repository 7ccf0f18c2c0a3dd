"""What may follow what in a tune of encoding `characters`: full bars, closed repeats, an end on the tonic.

The grammar writes a part of canonical ABC: single notes and rests with lengths from 1/32 to a dotted whole note,
triplets of equal notes, chord symbols, repeats with and without first and second endings. Chords, ties, grace
notes and changes of key or metre, which it reads in a given beginning, it does not write.

Bars are counted as played. A piece that starts with a pickup of length p ends every repeated section, and itself,
on a bar shorter by p, so that all bars are full as played. It ends on the tonic, at least a quarter long.
"""

from __future__ import annotations

from copy import copy
from fractions import Fraction
from itertools import pairwise

import numpy as np

from partimento.encoding.encoding import Mask
from partimento.encoding.tune_form import END_SIGN, LINES, TuneForm
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score import KeySignature
from partimento.score.pitch import LINE_OF_FIFTHS, MODE_FIFTHS

METRES = ("2/4", "3/4", "4/4", "2/2", "6/8", "9/8", "12/8", "3/2", "6/4")
LENGTHS = {text: Fraction(text or 1) for text in ("", "2", "3", "4", "6", "8", "12", "3/2", "3/4")} | {
    "/2": Fraction(1, 2),
    "/4": Fraction(1, 4),
}
OCTAVES = {",": "GAB", "'": "cde"}
"""Octave mark -> letters that it is written after."""

TRIPLET_LENGTHS = ("", "/2", "2")
_LETTERS = "ABCDEFGabcdefg"
_MODES = {"": 0, "m": -3, "dor": -2, "mix": -1, "phr": -4, "lyd": 1, "loc": -5}
_BETWEEN = ("start", "M", "K", "bar", "end")
"""Modes in which no bar stands open."""

_LONG = Fraction(2)
"""A quarter: the shortest last note."""


def _keys() -> dict[str, int]:
    """Every ``K:`` value that is written, with its signature in fifths."""
    found = {}
    for suffix, extra in _MODES.items():
        for place in range(-8, 13):
            fifths = place + extra
            if -7 <= fifths <= 7:
                letter, alter = LINE_OF_FIFTHS[(place + 1) % 7], (place + 1) // 7
                found[letter + ("#" * alter if alter > 0 else "b" * -alter) + suffix] = fifths
    return found


KEYS = _keys()
"""``K:`` value -> fifths of its signature."""


def key_text(key: KeySignature) -> str:
    """Return the ``K:`` value of a key."""
    suffix = next(text for text, extra in _MODES.items() if extra == MODE_FIFTHS[key.mode])
    return next(text for text, fifths in KEYS.items() if fifths == key.fifths and text.lstrip("ABCDEFG#b") == suffix)


_ROOTS = tuple(letter + sign for letter in "CDEFGAB" for sign in ("", "#", "b"))
_QUALITIES = ("", "m", "7", "m7", "maj7", "6", "m6", "dim", "dim7", "+", "sus4", "9")
CHORDS = frozenset(f'"{root}{quality}{bass}"' for root in _ROOTS for quality in _QUALITIES for bass in ("", *(f"/{low}" for low in _ROOTS)))
"""Chord symbols that are written, in their quotes."""

_CHORD_STEPS: dict[str, set[str]] = {}
for _symbol in CHORDS:
    for _at in range(1, len(_symbol)):
        _CHORD_STEPS.setdefault(_symbol[:_at], set()).add(_symbol[_at])


class TuneGrammar:
    """Follows one tune character by character (see `encoding.Grammar`).

    Args:
        vocabulary: Of encoding `characters`.
        bars: Bars the tune must have as played, a pickup and the shortened last bar together counting as one.
        key: Key it must be in.
    """

    def __init__(self, vocabulary: Vocabulary, *, bars: int | None = None, key: KeySignature | None = None) -> None:
        if bars is not None and not 2 <= bars <= 1000:
            raise EncodingError(f"a tune of {bars} bars, expected 2 to 1000.")
        self._vocabulary = vocabulary
        self._form = TuneForm(bars)
        self._keys = sorted(KEYS) if key is None else [key_text(key)]
        self._mode = "start"  # start, M, K, bar, sign, head, octave, length, open, chord, line, bracket, end
        self._word = ""  # what stands so far of a header field, a length, a chord symbol or a bar line
        self._tonic = "C"
        self._compound = False
        self._letter = ""
        self._marked = False  # whether an octave mark stands
        self._accidental = False
        self._altered: set[str] = set()  # letters with an accidental in this bar
        self._place = Fraction(0)  # units of 1/8 since the bar line
        self._triplet: list[str] | None = None  # lengths of the open tuplet's notes so far
        self._tuplet = (Fraction(2, 3), 3)  # by what its notes are shorter, and how many they are
        self._chord_stands = False
        self._blank_stands = False
        self._ending = Fraction(0)  # length of the last note where it is the tonic, else 0

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._mode == "end"

    @property
    def bars(self) -> int:
        """Bars begun so far, as played; a bar begins with its first sign."""
        begun = self._mode not in _BETWEEN and (self._mode != "line" or self._place > 0) and not self._form.in_pickup
        return self._form.played + begun

    @property
    def field(self) -> str:
        """The header field that stands open, ``M`` or ``K``; nothing elsewhere."""
        return self._mode if self._mode in ("M", "K") else ""

    @property
    def form(self) -> tuple[object, ...]:
        """Where in its section the tune stands (see `encoding.Formed`)."""
        return self._form.stands

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        mask = np.zeros(len(self._vocabulary), np.bool_)
        mask[[self._vocabulary.ids[symbol] for symbol in self.next_symbols()]] = True
        return mask

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""
        symbol = self._vocabulary.symbols[number]
        if symbol == "end":
            self._end_bar()
            self._mode = "end"
        elif self._mode == "start":
            self._mode = "M"
        elif self._mode in ("M", "K"):
            self._push_header(symbol)
        elif self._mode == "chord":
            self._word += symbol
            self._mode = "sign" if symbol == '"' and len(self._word) > 1 else "chord"
        elif self._mode == "bracket":
            self._push_bracket(symbol)
        elif self._mode in ("octave", "length") and symbol in ",'0123456789/":
            self._marked = symbol in ",'"
            self._mode = "octave" if self._marked else "length"
            self._word += symbol if symbol not in ",'" else ""
        elif self._mode == "open" and symbol in "0123456789:":
            self._word += symbol
        else:
            self._push_sign(symbol)

    def fork(self) -> TuneGrammar:
        """Return a copy that follows its own piece from here on."""
        twin = copy(self)
        twin._form = copy(self._form)
        twin._altered = set(self._altered)
        twin._triplet = None if self._triplet is None else list(self._triplet)
        return twin

    def __deepcopy__(self, memo: object) -> TuneGrammar:
        return self.fork()  # the vocabulary never changes and need not be copied

    # ---- what may come

    def next_symbols(self) -> set[str]:
        """Return the characters that may come next, ``end`` among them where the tune may end."""
        if self._mode == "end":
            return set()
        if self._mode == "start":
            return {"start"}
        if self._mode in ("M", "K"):
            values = [f"M:{metre}\n" for metre in METRES] if self._mode == "M" else [f"K:{key}\n" for key in self._keys]
            return {value[len(self._word)] for value in values if value.startswith(self._word)} or {"\n"}
        if self._mode == "chord":
            return set(_CHORD_STEPS.get(self._word, {'"'}))
        if self._mode == "line":
            return self._after_line()
        if self._mode == "open":
            return self._signs(self._place, []) if self._word else {"3"}
        if self._mode == "head":
            return set(_LETTERS) - ({self._tonic, self._tonic.lower()} if self._form.last_bar else set())
        if self._mode == "bracket":
            return {"]"}
        if self._mode in ("octave", "length"):
            return self._after_letter()
        return self._signs(self._place, self._triplet)

    def next_lengths(self) -> list[str]:
        """Return the lengths that may come next as a whole, ``""`` for none: after a note or rest that has none yet."""
        return self._lengths() if self._mode in ("octave", "length") and not self._word else []

    def next_lines(self) -> list[str]:
        """Return the bar lines (of `tune_form.LINES`) that may come next as a whole."""
        place = self._place + (self._time(self._word) if self._mode in ("octave", "length") else 0)
        return self._form.lines(min(place, self._form.bar_end), self._may_end(place))

    def _after_letter(self) -> set[str]:
        """What may follow a letter: its octave, its length, or the next sign."""
        lengths = self._lengths()
        found = {text[len(self._word)] for text in lengths if text.startswith(self._word) and len(text) > len(self._word)}
        if self._mode == "octave" and not self._marked:
            found |= {mark for mark, letters in OCTAVES.items() if self._letter in letters}
        if self._word in lengths or not found:
            triplet = None if self._triplet is None else [*self._triplet, self._word]
            place = self._place + self._time(self._word)
            found |= self._signs(place, None if triplet is not None and len(triplet) >= self._tuplet[1] else triplet)
        return found

    def _signs(self, place: Fraction, triplet: list[str] | None) -> set[str]:
        """What may begin at `place` of the bar."""
        notes = {"^", "_", "=", *_LETTERS}
        if triplet is not None:
            return notes
        end = self._form.bar_end
        if self._form.last_bar and end - place - Fraction(1, 4) < _LONG:
            notes = {self._tonic, self._tonic.lower()}
        found: set[str] = set()
        if place < end:
            found = notes | ({"("} if end - place >= 1 and not (self._form.last_bar and end - place < _LONG + 2) else set())
            if not self._chord_stands:
                found |= {'"'}
                found |= set() if self._form.last_bar else {"z"}
                found |= {" "} if place > 0 and place % self._beat == 0 and not self._blank_stands else set()
        if not self._chord_stands:
            found |= {token[0] for token in self._form.lines(min(place, end), self._may_end(place))}
        return found or {"|"}

    def _after_line(self) -> set[str]:
        """What may follow the beginning of a bar line."""
        tokens = self._form.lines(min(self._place, self._form.bar_end), self._may_end(self._place))
        longer = [token for token in tokens if token.startswith(self._word) and len(token) > len(self._word)]
        found = {"end" if token[len(self._word)] == END_SIGN else token[len(self._word)] for token in longer}
        if self._word in tokens or not found:
            standing = self._form
            self._form = copy(standing)
            self._form.pass_line(self._word, self._place)
            found |= self._signs(Fraction(0), None)
            self._form = standing
        return found

    @property
    def _beat(self) -> Fraction:
        """Units that are beamed together."""
        return Fraction(3) if self._compound else Fraction(2)

    def _lengths(self) -> list[str]:
        """The lengths that the note just named may have."""
        left = self._form.bar_end - self._place
        if self._triplet is not None:
            room = left - (_LONG if self._form.last_bar else 0)
            return self._triplet[:1] or [text for text in TRIPLET_LENGTHS if LENGTHS[text] * 2 <= room]
        fitting = [text for text, value in LENGTHS.items() if value <= left]
        if not self._form.last_bar or self._letter == "z":
            return fitting
        tonic = self._letter.upper() == self._tonic and not self._accidental and self._tonic not in self._altered
        good = [text for text in fitting if left - LENGTHS[text] >= _LONG or (tonic and LENGTHS[text] == left >= min(_LONG, left))]
        return good or fitting

    def _time(self, text: str) -> Fraction:
        """How long a note of a length lasts, in units."""
        length = LENGTHS.get(text)
        if length is None:
            above, slash, below = text.partition("/")
            length = Fraction(int(above or 1), int(below or 2) or 1) if slash else Fraction(int(above or 1))
        return length if self._triplet is None else length * self._tuplet[0]

    def _may_end(self, place: Fraction) -> bool:
        """Whether the tune may end at `place`: after a tonic, at least a quarter long."""
        if self._form.last_bar:
            return True
        length = self._ending
        if self._mode in ("octave", "length"):
            tonic = self._letter.upper() == self._tonic and not self._accidental and self._tonic not in self._altered
            length = place - self._place if tonic else Fraction(0)
        return length >= _LONG

    # ---- what came

    def _push_header(self, symbol: str) -> None:
        """Take a character of the header."""
        self._word += symbol
        if symbol != "\n":
            return
        value = self._word[2:-1]
        self._take_field(self._mode, value)
        self._word, self._mode = "", "K" if self._mode == "M" else "bar"

    def _take_field(self, name: str, value: str) -> None:
        """Take a metre or a key, in the header or between notes."""
        if name == "M":
            above, _, below = value.partition("/")
            if above.isdigit() and below.isdigit() and int(below):
                self._form.bar = Fraction(8 * int(above), int(below)) or self._form.bar
                self._compound = int(below) == 8 and int(above) % 3 == 0
        elif name == "K":
            self._tonic = value[:1] or "C"
            self._altered = set()

    def _push_bracket(self, symbol: str) -> None:
        """Take a character inside brackets: a chord of notes, or a field."""
        self._word += symbol
        if symbol != "]":
            return
        name, field, value = self._word[:-1].partition(":")
        if field:
            self._take_field(name, value)
        else:
            self._letter = next((c for c in self._word if c in _LETTERS), "z")
            self._altered |= {c.upper() for sign, c in pairwise(self._word) if sign in "^_=" and c in _LETTERS}
        self._word, self._mode = "", "sign" if field else "length"

    def _push_sign(self, symbol: str) -> None:
        """Take the first character of a sign; what stood before it is over."""
        if self._mode in ("octave", "length"):
            self._end_note()
        elif self._mode == "open":
            self._open_tuplet()
        if self._mode == "line" or (self._mode == "bar" and symbol == "|"):
            if symbol in "|:]12 " and (self._mode == "bar" or self._line_goes_on(symbol)):
                self._word = symbol if self._mode == "bar" else self._word + symbol
                self._mode = "line"
                return
            self._end_bar()
        elif symbol in "|:":
            self._word, self._mode = symbol, "line"
            return
        self._begin(symbol)

    def _open_tuplet(self) -> None:
        """The tuplet's sign is whole: ``(p:q:r`` is p notes in the time of q, r of them."""
        numbers = [int(number) for number in self._word.split(":") if number] + [3] * (not self._word)
        count, time = numbers[0], numbers[1] if len(numbers) > 1 else 2
        self._tuplet = (Fraction(time, max(count, 1)), numbers[2] if len(numbers) > 2 else count)
        self._word, self._mode = "", "sign"

    def _line_goes_on(self, symbol: str) -> bool:
        """Whether `symbol` continues the bar line that stands."""
        return any(token.startswith(self._word + symbol) for token in LINES)

    def _begin(self, symbol: str) -> None:
        """Begin a sign inside a bar."""
        self._blank_stands = symbol == " "
        if symbol == '"':
            self._word, self._mode, self._chord_stands = symbol, "chord", True
        elif symbol == "(":
            self._word, self._mode, self._triplet, self._chord_stands = "", "open", [], False
        elif symbol in "^_=":
            self._mode, self._accidental = "head", True
        elif symbol == "[":
            self._word, self._mode = "", "bracket"
        elif symbol in _LETTERS or symbol in "zZ":
            self._accidental = self._accidental and self._mode == "head"
            self._letter, self._word, self._mode, self._chord_stands = symbol, "", "octave", False
            self._marked = False
            if symbol in "zZ":
                self._mode = "length"
        else:
            self._mode = "sign"
            self._place = Fraction(0) if symbol == "&" else self._place  # another layer of the same bar

    def _end_note(self) -> None:
        """The note that stood last is over."""
        tonic = self._letter.upper() == self._tonic and not self._accidental and self._tonic not in self._altered
        length = self._time(self._word)
        self._ending = length if tonic and self._triplet is None else Fraction(0)
        self._place += length
        if self._accidental:
            self._altered.add(self._letter.upper())
        self._accidental = False
        if self._triplet is not None:
            self._triplet.append(self._word)
            if len(self._triplet) >= self._tuplet[1]:
                self._triplet = None
        self._word, self._mode = "", "sign"

    def _end_bar(self) -> None:
        """The bar line that stood last is over."""
        self._form.pass_line(self._word, self._place)
        self._place, self._word, self._mode = Fraction(0), "", "bar"
        self._altered = set()
        self._triplet = None
