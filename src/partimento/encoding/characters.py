"""A tune as ABC text, one id a character, as the char-RNNs of the articles read it.

    M:6/8
    K:G
    |:D|"G"G2G G2B|"C"edB "D"A2B| ... |"Bm"d3 d2:|

The text is the canonical one of `files.abc`: unit length 1/8, beams by blanks, repeats folded, no line breaks, no
words. So a model learns how tunes go, not how people type, and what it writes can be checked sign by sign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.start_text import typed
from partimento.encoding.tune_form import END_SIGN, LINES
from partimento.encoding.tune_grammar import TuneGrammar
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError, ReadError
from partimento.files.abc import abc_text, read_abc
from partimento.files.abc_songs import songs
from partimento.score import KeySignature, Score, Tempo, TimeSignature
from partimento.score.harmony import key_of
from partimento.score.meter import bar_of
from partimento.score.notation import legible

VOCABULARY = Vocabulary({"frame": ("start", "end", "\n"), "character": tuple(chr(code) for code in range(32, 127))})

_KEPT_MARKS = ("chord", "repeat")

_WORDS = re.compile(r'"[^"]*"')
_LINE = re.compile(r":*\|[|:\]]*[0-9,]*")
_FOLLOWED = frozenset(line.removesuffix(END_SIGN).strip() for line in LINES) - {":| |:"}
"""Bar lines that the grammar follows in a given beginning; other repeats are written out."""
_RESTS = re.compile(r"(?: ?z[0-9/]*)+$")
_REST_BARS = re.compile(r"(?:\|(?: ?z[0-9/]*)+)+$")


class Characters:
    """Encoding ``characters``: see the module's docstring."""

    name = "characters"
    losses = (
        "Keeps one voice's pitch and rhythm, chord symbols, repeats, metre and key; drops velocity, tempo, titles, lyrics and programs."
    )
    grid = None
    hints: Mapping[str, Any] = {}  # never changed
    tempo = 100.0
    transpositions = (0, 2, -2, 3, -3, 5, -5)  # to keys that tunes are written in

    @property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""
        return VOCABULARY

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""
        return VOCABULARY.ids["start"]

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return a one-voice `score` as ids, shape (2 + characters,).

        Raises:
            EncodingError: When the score has no notes or more than one voice, a unit length other than 1/8, or words
                in chord symbols that are not ASCII.
        """
        text = canonical_text(score) if whole else open_text(score)
        try:
            ids = [VOCABULARY.ids[character] for character in text]
        except KeyError as error:
            raise EncodingError(
                f"encoding 'characters': {error} is not in the vocabulary, expected ASCII. Rewrite the chord symbol."
            ) from None
        return np.array([self.start_id, *ids, *([VOCABULARY.ids["end"]] if whole else [])], np.int32)

    def decode(self, ids: Ids) -> Score:
        """Return the tune that `ids` say, at 100 quarter notes a minute (dotted quarters in compound metre: 67).

        Raises:
            EncodingError: When the characters are no ABC; ids from a sampler that heeds `allowed` always are.
        """
        return tune_of_text(self._text(ids), tempo=self.tempo, name=self.name)

    def raw(self, ids: Ids) -> tuple[str, Score]:
        """Return the text that `ids` say, and the song that can be made of it (see `encoding.Raw`)."""
        text = self._text(ids)
        return text, song_of_text(text, tempo=self.tempo)

    def _text(self, ids: Ids) -> str:
        """The characters of `ids`."""
        return "".join(VOCABULARY.symbols[int(number)] for number in ids if number >= VOCABULARY.ids["\n"])

    def text_ids(self, text: str) -> list[tuple[int, int]]:
        """Return what a person typed as ids without the start, each with the place in `text` of its character.

        Raises:
            EncodingError: When a character is not in the vocabulary, or the unit length is not 1/8.
        """
        grammar = self.grammar()
        grammar.push(self.start_id)
        found = []
        for place, character in typed(text, VOCABULARY.ids):
            number = VOCABULARY.ids[character]
            if character == " " and not grammar.allowed()[number]:
                continue  # people put blanks where the canonical text has none
            grammar.push(number)
            found.append((number, place))
        return found

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> TuneGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`)."""
        return TuneGrammar(VOCABULARY, bars=bars, key=key)

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of characters in `ids`, the end counted."""
        return max(1, len(ids) - 1)

    def options(self) -> Mapping[str, object]:
        """Return nothing: the alphabet is fixed."""
        return {}


def tune_of_text(text: str, *, tempo: float, name: str) -> Score:
    """Return the tune that a canonical text, or its beginning, says.

    Args:
        text: As `canonical_text` returns it.
        tempo: Quarter notes per minute.
        name: The encoding's name, for messages.

    Raises:
        EncodingError: When the text is no ABC.
    """
    fields, _, body = text.partition("\nK:")
    try:
        score = read_abc(f"X:1\n{fields}\nL:1/8\nK:{body}\n".encode(), "composed tune")
    except ReadError as error:
        raise EncodingError(f"encoding '{name}': {error}") from error
    return replace(score, tempos=(Tempo.of_bpm(0, tempo),), metadata={})


def song_of_text(text: str, *, tempo: float) -> Score:
    """Return the first song in a text that no grammar has watched over; its `warnings` say what had to be mended.

    Args:
        text: What a network wrote.
        tempo: Quarter notes per minute.

    Returns:
        The song; a score without notes, and a warning that says what was looked for, where there is none.
    """
    try:
        song = songs(text, "what the model wrote").tunes[0]
    except ReadError as error:
        song = Score(warnings=(str(error),))
    return replace(song, tempos=(Tempo.of_bpm(0, tempo),), metadata={})


def canonical_text(score: Score, *, name: str = "characters") -> str:
    """Return ``M:`` and ``K:`` and one line of music (see the module's docstring).

    Args:
        score: One voice; where it was played, not written, its notes stand on the nearest 32nds or sextuplets of a quarter.
        name: The encoding's name, for messages.

    Raises:
        EncodingError: As `Characters.encode`.
    """
    voices = [track for track in score.tracks if len(track)]
    if len(voices) != 1 or voices[0].is_drum:
        raise EncodingError(
            f"encoding '{name}': {len(voices)} voices with notes, expected one melody. Keep one track, or use another --encoding."
        )
    keyed = any(key.tick == 0 for key in score.key_signatures)
    plain = replace(
        score,
        tracks=(replace(voices[0], name="", program=0),),
        tempos=(),
        time_signatures=score.time_signatures or (TimeSignature(0),),
        key_signatures=score.key_signatures if keyed else (replace(key_of(score), tick=0), *score.key_signatures),
        marks=tuple(mark for mark in score.marks if mark.kind in _KEPT_MARKS),
        metadata={},
    )
    lines = abc_text(legible(plain), line_bars=None).split("\n")
    fields = {line[:2]: line for line in lines if line[:2] in ("M:", "L:", "K:")}
    if fields.get("L:") != "L:1/8":
        raise EncodingError(f"encoding '{name}': unit length {fields.get('L:')}, expected L:1/8. Metres over 16 cannot be said.")
    body = " ".join(line for line in lines[lines.index(fields["K:"]) + 1 :] if line)
    return f"{fields['M:']}\n{fields['K:']}\n{body}"


def open_text(score: Score, *, name: str = "characters") -> str:
    """Return the canonical text of a beginning: it goes on after its last note, in the same bar where that is not full.

    Args:
        score: One voice.
        name: The encoding's name, for messages.

    Raises:
        EncodingError: As `Characters.encode`.
    """
    text = canonical_text(score, name=name)
    if not {line.strip() for line in _LINE.findall(_WORDS.sub("", text))} <= _FOLLOWED:
        text = canonical_text(replace(score, marks=tuple(mark for mark in score.marks if mark.kind != "repeat")), name=name)
    text = _REST_BARS.sub("", text.removesuffix("|]").removesuffix(":|").removesuffix("|"))
    return _RESTS.sub("", text) + " " if int(bar_of(score, score.end_tick)[1]) else text + "|"
