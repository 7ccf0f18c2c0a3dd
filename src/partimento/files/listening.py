"""What a listening test asks, and what people answered: the JSON that its page gives back.

    {"kind": "partimento listening", "test": "0f3a...", "question": "...", "listener": "4c1d...", "name": "...",
     "answers": [{"piece": "aria", "start_seconds": 12.5, "a": "piano", "b": "voice", "answer": 2, ...}, ...]}

`answer` is 1 to 5, from A clearly to B clearly, as in `SCALE`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from partimento.errors import ReadError

KIND = "partimento listening"

SCALE = ("A clearly", "A a little", "no difference", "B a little", "B clearly")
"""What 1 to 5 stand for."""

MOST_BYTES = 2**24
"""Of one person's answers: some kilobytes are usual."""

LARGEST = 1e9
"""No second and no answer is larger."""


@dataclass(frozen=True)
class Comparison:
    """Two sources at one place of one piece.

    Attributes:
        piece: Its name.
        start_seconds: Where the clips begin.
        a: The source that is heard as A.
        b: The source that is heard as B, another one.
    """

    piece: str
    start_seconds: float
    a: str
    b: str


@dataclass(frozen=True)
class Answer:
    """What one person said of one comparison.

    Attributes:
        listener: A word that stands for the person.
        test: A word that stands for the page.
        comparison: What was asked.
        answer: 1 to 5, see `SCALE`.
    """

    listener: str
    test: str
    comparison: Comparison
    answer: int

    @property
    def rating(self) -> int:
        """How much A was preferred to B, -2 to 2."""
        return 3 - self.answer


def read_answers(data: bytes, name: str = "answers") -> list[Answer]:
    """Return the answers in a file that a listening page gave back.

    Args:
        data: The file's bytes.
        name: The file's name, for messages.

    Raises:
        ReadError: When the bytes are no answers, or one of them is damaged.
    """
    if len(data) > MOST_BYTES:
        raise ReadError(f"{name}: {len(data):,} bytes, expected at most {MOST_BYTES:,}. It is no file of a listening page.")
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{name}: is no JSON ({error}). Give the file that the listening page saved.") from error
    if not isinstance(values, dict) or values.get("kind") != KIND or not isinstance(values.get("answers"), list):
        raise ReadError(f'{name}: is not what a listening page saves, which says "kind": "{KIND}" and has answers. Give that file.')
    return [_answer(values, entry, f"{name}, answer {number}") for number, entry in enumerate(values["answers"], 1)]


def _answer(values: dict[str, Any], entry: object, where: str) -> Answer:
    """One answer, looked at."""
    fields: dict[str, Any] = entry if isinstance(entry, dict) else {}
    piece, start, a, b, answer = (fields.get(key) for key in ("piece", "start_seconds", "a", "b", "answer"))
    words = [word for word in (piece, a, b) if isinstance(word, str)]
    numbers: list[Any] = [number for number in (start, answer) if _is_number(number)]
    if len(words) < 3 or a == b or len(numbers) < 2 or numbers[1] not in range(1, len(SCALE) + 1):
        wanted = f"expected a piece, its second, two sources a and b, and an answer from 1 to {len(SCALE)}"
        raise ReadError(f"{where}: {wanted}. Was it changed by hand?")
    asked = Comparison(words[0], float(numbers[0]), words[1], words[2])
    return Answer(str(values.get("listener", "")), str(values.get("test", "")), asked, int(numbers[1]))


def _is_number(value: object) -> bool:
    """Whether a value of JSON is a number, and a sensible one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST
