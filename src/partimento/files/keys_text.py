"""Music as a text of piano keys: one letter for every key that sounds in a step of 50 ms, low to high; a blank ends the step.

    #keys, 50 ms a step; struck ! to x, held ā to Ř
    <H ĜĨ ĜĨ ĜĨ >J ĞĪ ...

Ours begins with that line and tells a key that is struck (``!`` is A0, ``x`` is C8) from one that is held (the letter
224 places further on in Unicode), so that a repeated note stays two notes. A line holds two seconds.

*Plain* is the text of carykh's program: no first line, the same letter for struck and held, so that a note is a
letter that is repeated, 50 steps a line. The letter of MIDI key k is ``chr(k + 11)``.

Source: the program caryCompressionMIDICSV (2017), read for its behaviour. Differs: the letter of a key is the same in
both directions (his came back a semitone lower), silence before the first note is kept, and in a plain text a note
loses its last step only where its key is struck again right then.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ReadError, ScoreError
from partimento.score import Score
from partimento.score.pitch import pitch_name
from partimento.score.steps import HIGHEST_KEY, LOWEST_KEY, MOST_STEPS, STEPS_PER_SECOND, VELOCITY, Steps, losses_of, score_of, steps_of
from partimento.words import counted

STRUCK = "".join(chr(33 + key) for key in range(HIGHEST_KEY - LOWEST_KEY + 1))
"""Letters of struck keys, lowest first."""

HELD = "".join(chr(ord(letter) + 224) for letter in STRUCK)
"""Letters of held keys, lowest first: Latin letters with accents, each one code point in every normal form that editors write."""

MOST_BYTES = 8 * 2**20
"""Above this a text is refused unread; two hours of ten fingers have 3 MB."""

_HEADER = f"#keys, 50 ms a step; struck {STRUCK[0]} to {STRUCK[-1]}, held {HELD[0]} to {HELD[-1]}"
_MARK = "#keys"
_LINE, _PLAIN_LINE = 40, 50  # steps
_PLAIN_SHIFT = 11  # his letter of a key: chr(33 + key - 22), untransposed
_PLAIN_KEYS = 33 - _PLAIN_SHIFT, 126 - _PLAIN_SHIFT
_BLANK = 32
_BEGINNING = 2**16  # bytes
_RISING_SHARE = 0.9  # of neighbours in a step; a trained network slips now and then, and words of a language rise in every second place


def keys_text_bytes(score: Score, *, plain: bool = False) -> bytes:
    """Return a score as a text of piano keys, UTF-8; the same score gives the same bytes.

    Args:
        score: Any score; `keys_text_losses` says what of it the text does not tell.
        plain: Write what carykh's program reads, plain ASCII.

    Raises:
        ScoreError: When a note has no key on the keyboard, or the score is too long.
    """
    steps = steps_of(score)
    low, high = _PLAIN_KEYS if plain else (LOWEST_KEY, HIGHEST_KEY)
    wrong = np.flatnonzero((steps.key < low) | (steps.key > high))
    if wrong.size:
        key, second = int(steps.key[wrong[0]]), steps.step[wrong[0]] / STEPS_PER_SECOND
        raise ScoreError(
            f"score, second {second:.2f}: {pitch_name(key)} (key {key}), expected {pitch_name(low)} to {pitch_name(high)} "
            f"(keys {low} to {high}). Transpose the piece, or leave the note out."
        )
    if plain:
        kept = ~_before_strike(steps)
        return _lines(steps.step[kept], steps.key[kept] + _PLAIN_SHIFT, steps.count, _PLAIN_LINE).encode("ascii")
    letters = steps.key - LOWEST_KEY + np.where(steps.struck, ord(STRUCK[0]), ord(HELD[0]))
    return f"{_HEADER}\n{_lines(steps.step, letters, steps.count, _LINE)}".encode()


def keys_text_losses(score: Score, *, plain: bool = False) -> tuple[str, ...]:
    """Return what of a score its text does not tell, in sentences.

    Raises:
        ScoreError: When the score is too long.
    """
    said = losses_of(score)
    if not plain:
        return said
    steps = steps_of(score)
    strikes = int(steps.struck.sum())
    lost = strikes - sum(len(track) for track in score_of(_unstruck(steps, ~_before_strike(steps))).tracks)
    shorter = int(_before_strike(steps).sum())
    short = counted(shorter, "note lost its last step", "notes lost their last step")
    said += (f"{short}, so that the next strike of the key is seen.",) if shorter else ()
    return said + ((f"{counted(lost, 'note')} of one step melted into the next one of the same key.",) if lost else ())


def is_keys_text(data: bytes) -> bool:
    """Return whether `data` is a text of piano keys, ours or plain, and no other text; its beginning tells."""
    text = _decoded(data[:_BEGINNING])
    return text.startswith(_MARK) or _is_plain(_letters(text))


def read_keys_text(data: bytes, name: str) -> Score:
    """Read a text of piano keys, ours or plain.

    Args:
        data: The file's bytes.
        name: The file's name, for messages.

    Returns:
        One piano track at 120 quarter notes a minute; `warnings` says what was left out.

    Raises:
        ReadError: When the text is neither, or too large.
    """
    if len(data) > MOST_BYTES:
        raise ReadError(f"{name}: {len(data)} bytes, expected at most {MOST_BYTES}. Cut the text into pieces.")
    text = _decoded(data)
    is_ours = text.startswith(_MARK)
    letters = _letters(text.partition("\n")[2] if is_ours else text)
    if not is_ours and not _is_plain(letters):
        shown = "".join(c if c.isprintable() else "?" for c in text[:40]) or "nothing"
        is_table = "header" in text[:40].lower()
        remedy = "Let the name of a table of midicsv end in .csv." if is_table else "Make one: partimento convert piece.mid piece.txt"
        raise ReadError(
            f"{name}: found '{shown}', expected a text of piano keys: a first line that begins with '{_MARK}', or steps of rising "
            f"letters, each ended by a blank. {remedy}"
        )
    warnings = []
    ends = np.flatnonzero(letters == _BLANK)
    if ends.size > MOST_STEPS:
        letters = letters[: ends[MOST_STEPS - 1] + 1]
        warnings.append(f"{name}: {ends.size} steps; those after {MOST_STEPS} are left out.")
    count = int((letters == _BLANK).sum())
    step = np.cumsum(letters == _BLANK)
    known = _known(letters, is_ours)
    strange = int(letters.size - count - known.sum())
    if strange:
        place = int(step[np.flatnonzero(~known & (letters != _BLANK))[0]]) / STEPS_PER_SECOND
        warnings.append(f"{name}, second {place:.2f}: {strange} characters that are no keys, the first of them here; left out.")
    held = letters >= ord(HELD[0])
    key = letters - np.where(held, ord(HELD[0]), ord(STRUCK[0])) + LOWEST_KEY if is_ours else letters - _PLAIN_SHIFT
    struck = ~held if is_ours else np.zeros(letters.size, np.bool_)
    loudness = np.full(int(known.sum()), VELOCITY)
    steps = Steps.tidy(step[known], key[known], struck[known], loudness, count)
    return replace(score_of(steps), warnings=tuple(warnings))


def _decoded(data: bytes) -> str:
    """Bytes as text, its lines ended by newlines; what is no UTF-8 becomes a sign that is no key."""
    return data.decode("utf-8", errors="replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _letters(text: str) -> NDArray[np.int64]:
    """A text's code points without line ends, shape (letters,)."""
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.int64)
    return np.asarray(codes[codes != ord("\n")])


def _known(letters: NDArray[np.int64], is_ours: bool) -> NDArray[np.bool_]:
    """Which letters are keys."""
    if is_ours:
        struck = (letters >= ord(STRUCK[0])) & (letters <= ord(STRUCK[-1]))
        return np.asarray(struck | ((letters >= ord(HELD[0])) & (letters <= ord(HELD[-1]))))
    return np.asarray((letters >= 33) & (letters <= 126))


def _is_plain(letters: NDArray[np.int64]) -> bool:
    """Whether letters are steps as carykh's program writes them: ASCII, ended by blanks, rising within each."""
    is_key = _known(letters, is_ours=False)
    if not is_key.any() or not (letters == _BLANK).any() or (is_key | (letters == _BLANK)).mean() < 0.99:
        return False
    together = is_key[1:] & is_key[:-1]
    return not together.any() or bool((letters[1:] > letters[:-1])[together].mean() >= _RISING_SHARE)


def _lines(step: NDArray[np.int64], letters: NDArray[np.int64], count: int, line: int) -> str:
    """Letters with a blank after each step and a line end after each line and the last step."""
    before = np.cumsum(np.bincount(step, minlength=count))  # letters up to the end of each step
    number = np.arange(count)
    codes = np.full(letters.size + count + count // line, ord("\n"), "<u4")
    codes[np.arange(letters.size) + step + step // line] = letters
    codes[before + number + number // line] = _BLANK
    text = codes.tobytes().decode("utf-32-le")
    return text + "\n" if count % line else text


def _before_strike(steps: Steps) -> NDArray[np.bool_]:
    """Which cells are held and come right before a strike of their key, shape (cells,)."""
    order = np.lexsort((steps.step, steps.key))
    step, key, struck = steps.step[order], steps.key[order], steps.struck[order]
    found = np.zeros(step.size, np.bool_)
    found[:-1] = (key[1:] == key[:-1]) & (step[1:] == step[:-1] + 1) & struck[1:] & ~struck[:-1]
    back = np.zeros(step.size, np.bool_)
    back[order] = found
    return back


def _unstruck(steps: Steps, kept: NDArray[np.bool_]) -> Steps:
    """Some of the cells, as a text that does not know strikes tells them."""
    return Steps(steps.step[kept], steps.key[kept], np.zeros(int(kept.sum()), np.bool_), steps.velocity[kept], steps.count)
