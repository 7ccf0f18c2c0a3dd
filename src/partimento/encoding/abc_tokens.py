"""A tune as ABC in whole signs: one id for a note with its accidental and octave, a length, a bar line, a chord symbol.

    M:6/8 K:G major  |: D | "G" G 2 G G 2 B | "C" e d B "D" A 2 B | ... "Bm" d 3 d 2 :|

The idea is folk-rnn's (Sturm, Santos, Ben-Tal, Korshunova 2016, "Music transcription modelling and composition using deep
learning"; 137 tokens in its version 2). Differs: the text is the canonical one of encoding `characters` without its
blanks, so that there is one way to say a tune; keys stay as they are, where folk-rnn's version 3 moved all to C;
chord symbols and first and second endings are said. An id's symbol is the text it stands for: ids side by side are ABC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from partimento.encoding.abc_signs import VOCABULARY, signs
from partimento.encoding.characters import canonical_text, open_text, song_of_text, tune_of_text
from partimento.encoding.encoding import Ids, Mask, allowed_after
from partimento.encoding.start_text import typed
from partimento.encoding.token_grammar import TokenGrammar
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score import KeySignature, Score


class AbcTokens:
    """Encoding ``abc_tokens``: see the module's docstring."""

    name = "abc_tokens"
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
        """Return a one-voice `score` as ids, shape (2 + signs,).

        Raises:
            EncodingError: As `characters.Characters.encode`.
        """
        text = canonical_text(score, name=self.name) if whole else open_text(score, name=self.name)
        foreign = next((character for character in text if character != "\n" and character not in VOCABULARY.ids), None)
        if foreign is not None:
            raise EncodingError(f"encoding 'abc_tokens': {foreign!r} is not in the vocabulary, expected ASCII. Rewrite the chord symbol.")
        ids = [VOCABULARY.ids[sign] for _, sign in signs(text)]
        return np.array([self.start_id, *ids, *([VOCABULARY.ids["end"]] if whole else [])], np.int32)

    def text_ids(self, text: str) -> list[tuple[int, int]]:
        """Return what a person typed as ids without the start, each with the place in `text` where its sign begins.

        Raises:
            EncodingError: When a character is not in the vocabulary, or the unit length is not 1/8.
        """
        characters = list(typed(text, VOCABULARY.ids.keys() | {"\n"}))
        found = signs("".join(character for _, character in characters))
        return [(VOCABULARY.ids[sign], characters[at][0]) for at, sign in found if sign != " "]

    def decode(self, ids: Ids) -> Score:
        """Return the tune that `ids` say, at 100 quarter notes a minute.

        Raises:
            EncodingError: When the signs are no ABC; ids from a sampler that heeds `allowed` always are.
        """
        return tune_of_text(self._text(ids), tempo=self.tempo, name=self.name)

    def raw(self, ids: Ids) -> tuple[str, Score]:
        """Return the text that `ids` say, and the song that can be made of it (see `encoding.Raw`)."""
        text = self._text(ids)
        return text, song_of_text(text, tempo=self.tempo)

    def _text(self, ids: Ids) -> str:
        """The signs of `ids`, side by side."""
        return "".join(VOCABULARY.symbols[int(number)] for number in ids if number >= VOCABULARY.first["metre"])

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""
        return allowed_after(self.grammar(), ids)

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> TokenGrammar:
        """Return a grammar at the very start of a piece (see `Encoding.grammar`)."""
        return TokenGrammar(bars=bars, key=key)

    def voice_tokens(self, ids: Ids) -> int:
        """Return the number of signs in `ids`, the end counted."""
        return max(1, len(ids) - 1)

    def options(self) -> Mapping[str, object]:
        """Return nothing: the table is fixed."""
        return {}
