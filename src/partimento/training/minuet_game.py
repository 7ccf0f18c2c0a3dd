"""The printed game as dice: its sixteen columns, thrown with two dice. There is no corpus to learn from."""

from __future__ import annotations

import numpy as np

from partimento.encoding.minuet import FORMS, PLACES, VOCABULARY
from partimento.encoding.minuet_bars import COLUMNS
from partimento.models.dice import Dice
from partimento.models.dice_table import ANY, OPENINGS, OVER, DiceTable
from partimento.models.markov import Markov

TWO_DICE = (1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1)
"""Of 36 throws, how many come to 2, 3 and so on up to 12."""

_CHAIN_ORDER = 1


def minuet_dice() -> Dice:
    """Return the game: half of the pieces with repeats, every bar as likely as its throw."""
    ids = VOCABULARY.ids
    bars: dict[tuple[tuple[int, ...], int, int], list[tuple[int, int]]] = {}  # ids, what follows, length -> column, faces
    for form, word in enumerate(FORMS):
        first = ANY + 1 + form * PLACES
        home = ANY + 1 + len(FORMS) * PLACES + form
        bars[(ids["start"], ids[word]), first, 0] = [(OPENINGS, 1)]
        for place, column in enumerate(COLUMNS):
            last = place == PLACES - 1
            for number, faces in zip(column, TWO_DICE, strict=True):
                text = (ids[str(number)], *([ids["end"]] if last else []))
                key = text, OVER if last else first + place + 1, form + 1
                bars[key] = [(ANY, faces), (first + place, faces), (home, faces)]
    order = sorted(bars)
    throws = sorted((column, bar, faces) for bar, key in enumerate(order) for column, faces in bars[key])
    columns, members, shown = np.array(throws).T
    count = ANY + 1 + len(FORMS) * (PLACES + 1)
    homes = np.full(count, ANY)
    for form in range(len(FORMS)):
        homes[ANY + 1 + form * PLACES : ANY + 1 + (form + 1) * PLACES] = homes[count - len(FORMS) + form] = count - len(FORMS) + form
    size = len(VOCABULARY)
    table = DiceTable(
        vocabulary=np.array([size]),
        ids=np.array([number for text, _, _ in order for number in text], np.int32),
        bounds=np.cumsum([0, *(len(text) for text, _, _ in order)]),
        following=np.array([following for _, following, _ in order], np.int32),
        lengths=np.array([length for _, _, length in order], np.int32),
        members=members.astype(np.int32),
        faces=shown.astype(np.int32),
        columns=np.searchsorted(columns, np.arange(count + 1)),
        homes=homes.astype(np.int32),
        joints=size**2 + np.arange(VOCABULARY.first["bar"], size),
    )
    rows = [
        [ids["start"], ids[word], *(ids[str(c[throw])] for c in COLUMNS), ids["end"]] for word in FORMS for throw in range(len(TWO_DICE))
    ]
    return Dice(table, Markov.fit([np.array(row) for row in rows], order=_CHAIN_ORDER, vocabulary=size))
