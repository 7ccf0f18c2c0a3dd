"""The Nottingham folk tunes as cleaned by Jukedeck: 1,034 tunes in ABC with chord symbols."""

from __future__ import annotations

import re
from dataclasses import replace

from partimento.corpus.dataset import DataSet
from partimento.score import Mark, Score

_SYMBOL = re.compile(r"\(?([A-G][#b]?)(m|d|a)?([0-9]*)(b9)?(?:/([a-g])([+#b]?))?\)?$")
_QUALITY = {"m": "m", "d": "dim", "a": "+", None: ""}


def with_usual_chords(score: Score) -> Score:
    """Return a tune whose chord symbols are written as everybody else writes them.

    The collection writes ``D/f+`` for a D major chord over F sharp, ``Gd`` for diminished and ``Ca`` for augmented;
    words in the place of a chord (``Verse``) are dropped.
    """
    marks = (_usual(mark) for mark in score.marks)
    return replace(score, marks=tuple(mark for mark in marks if mark is not None))


def _usual(mark: Mark) -> Mark | None:
    """One mark with its chord symbol in the usual spelling."""
    if mark.kind != "chord":
        return mark
    match = _SYMBOL.match(mark.text.replace(" ", ""))
    if match is None:
        return None
    root, quality, number, _, bass, sign = match.groups()
    low = "" if bass is None else f"/{bass.upper()}{'#' if sign == '+' else sign or ''}"
    return replace(mark, text=f"{root}{_QUALITY[quality]}{number}{low}")


NOTTINGHAM = DataSet(
    "nottingham",
    "1,034 British and American folk tunes in ABC with chord symbols (jigs, reels, hornpipes, waltzes, carols)",
    "GPLv3 (the repository); the tunes are traditional, entered by Eric Foxley",
    "E. Foxley, Nottingham Music Database; cleaned by Jukedeck (github.com/jukedeck/nottingham-dataset, 0992bb6).",
    "Weights trained on it may be shipped with the source named.",
    "https://raw.githubusercontent.com/jukedeck/nottingham-dataset/0992bb6cd864f6d4b90d6663e08c0ef53ffaa08f",
    {
        f"ABC_cleaned/{name}.abc": checksum
        for name, checksum in (
            ("ashover", "6586eea8dca53866b42721050d11fc1408bdb2cf31a902b41c5c13504139b164"),
            ("hpps", "6d035c6972ac0c204ba79d8128e2d71978ece2214a29ffceeb3e053e27f17db5"),
            ("jigs", "5bb6f621e443bde552540810e3ea53e53531fd22258736e338d795e7a5bdcaf5"),
            ("morris", "cbf60b212c87748dea226c76b72a15db5b4f606bb35a580763e9cd8f7294e7da"),
            ("playford", "070877bc37176e0dedbcd038268d6669399201cd7b58d88b4ab36127528f9c76"),
            ("reelsa-c", "f92ed0e66024e0a5bb7d21fe3172cd50c3fb4cb7f642b4ec7cd5aa8ad0396da8"),
            ("reelsd-g", "33f535569116ec8cfb530c112f4cdc3bfb7fc042c271e0317cf6458bad30dfae"),
            ("reelsh-l", "cb701d4ffe6839cb7a5655bc21785ecb71a72ab63d8560f7be3856f6aedaf7e5"),
            ("reelsm-q", "a99f2967cf47460bba70bae40cd355a220b537a87180131c6d9433750bc446a1"),
            ("reelsr-t", "f80a2c0f37a49b9b0c748e922924d59c40d82758abc5b0f7fc9245d7fd563be0"),
            ("reelsu-z", "d104d7d1bb83eb1ca18f6b944dc22cf9f7bfe5f955d07cd573615985f69c2c1f"),
            ("slip", "da686b3a0de20aab38e64f8c8ec57edace980bab6450a6c388d79a2866e5b16a"),
            ("waltzes", "ffa773d012756be17784ab4a84e0e4618f316be5c6f244f9d60c06b23cd812c6"),
            ("xmas", "05ebc4b856c8c5186bb828641e8f88f723c109d47ba7e3f1e5048b536e091249"),
        )
    },
    with_usual_chords,
)
