"""ABC notation in and out: the text format of folk tunes.

Source: ABC standard 2.1 (2011). What a tune says becomes a `Score` as it sounds: repeats, endings and parts are
played, ties joined, grace notes given their time; marks of kind ``repeat`` say where the source had folded its
bars, and the writer folds them again. Chord symbols stay symbols.

Read on in this order: `abc_book` (bytes to tunes), `abc_songs` (tunes in any text, mended), `abc_fields` (what the
fields say), `abc_parse` and `abc_music` (lines, then signs), `abc_shorthand` and `abc_voice` (signs to bars),
`abc_unfold` (repeats), `abc_grid` (where bars start), `abc_play` (bars to a Score); and back: `abc_layout` (a Score to
bars), `abc_staff` (a bar to text), `abc_write`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from partimento.errors import ReadError
from partimento.files.abc_book import TuneText, decode, split_tunes
from partimento.files.abc_parse import parse_tune
from partimento.files.abc_play import TunePlayer
from partimento.files.abc_songs import song_texts
from partimento.files.abc_write import TuneWriter
from partimento.score import Mark, Score
from partimento.score.hands import in_hands
from partimento.score.notation import is_played, legible
from partimento.score.transform import join

MOST_TUNES, MOST_BOOK_CHARACTERS = 2_000, 600_000
"""Tunes, and characters of them, that are read as one piece: a few seconds' work."""


@dataclass(frozen=True)
class TuneBook:
    """The tunes of one file.

    Attributes:
        tunes: Every tune that could be read, in order; `metadata["reference"]` is its ``X:`` number.
        broken: One line for each tune that could not, naming it and the reason, and for what was lost of the file as a whole.
    """

    tunes: tuple[Score, ...]
    broken: tuple[str, ...]


def _tunes(data: bytes, name: str) -> tuple[list[TuneText], tuple[str, ...]]:
    """Cut a file into tunes; where no header marks one, music between blank lines is."""
    text, warnings = decode(data, name)
    tunes = split_tunes(text) or song_texts(text)
    if not tunes:
        raise ReadError(f"{name}: holds no tune, expected lines such as 'X:1' and 'K:G'. Check that it is a file of ABC notation.")
    return tunes, warnings


def _read(tune: TuneText, name: str) -> Score:
    """Read one tune."""
    return TunePlayer(parse_tune(tune, name), f"{name}, {tune.label}").play()


def read_abc(data: bytes, name: str) -> Score:
    """Read an ABC file as one piece: the tunes of a book follow one another.

    Args:
        data: The whole file: UTF-8, UTF-16 with a mark, or Latin-1.
        name: The file's name, for messages.

    Returns:
        The music as it sounds; `warnings` names tunes that could not be read. In a book of several tunes a mark of
        kind ``text`` says where each begins.

    Raises:
        ReadError: When there is no tune, or none that can be read.
    """
    tunes, warnings = _tunes(data, name)
    read: list[Score] = []
    broken: list[str] = []
    room = MOST_BOOK_CHARACTERS
    for index, tune in enumerate(tunes):
        room -= sum(map(len, tune.lines))
        if index and (room < 0 or index >= MOST_TUNES):
            broken.append(f"{name}: {len(tunes)} tunes; those after the first {index} were left out. Cut the file into several.")
            break
        try:
            read.append(_read(tune, name))
        except ReadError as error:
            broken.append(str(error))
    if not read:
        raise ReadError(broken[0] + f" (and {len(broken) - 1} more broken tunes)" * (len(broken) > 1))
    more = [f"{name}: {len(broken) - 20} more tunes were left out."] * (len(broken) > 20)
    if len(read) > 1:
        warnings = (*warnings, f"{name}: {len(read)} tunes, read one after the other as one piece.")
        read = [_medley(read).with_metadata(title=name)]
    return read[0].with_warnings(*warnings, *broken[:20], *more)


def _medley(tunes: list[Score]) -> Score:
    """The tunes one after the other, each with its title where it begins."""
    tunes = [replace(tune, marks=(Mark(0, "text", tune.metadata.get("title", "")), *tune.marks)) for tune in tunes]
    while len(tunes) > 1:  # neighbours first, so that no note is moved more than log n times
        tunes = [join(*tunes[at : at + 2]) if at + 1 < len(tunes) else tunes[at] for at in range(0, len(tunes), 2)]
    return tunes[0]


def read_tune_book(data: bytes, name: str) -> TuneBook:
    """Read every tune of an ABC file; broken ones are named, the others kept.

    Args:
        data: The whole file: UTF-8, UTF-16 with a mark, or Latin-1.
        name: The file's name, for messages.

    Raises:
        ReadError: When there is no tune at all.
    """
    tunes, warnings = _tunes(data, name)
    read: list[Score] = []
    broken: list[str] = list(warnings)
    for tune in tunes:
        try:
            read.append(_read(tune, name))
        except ReadError as error:
            broken.append(str(error))
    return TuneBook(tuple(read), tuple(broken))


def abc_text(score: Score, *, line_bars: int | None = 4, header: bool = True) -> str:
    """Return a score as canonical ABC: the same music always gives the same text, which reads back to it.

    Args:
        score: Any score. Controllers and velocities are not said by ABC.
        line_bars: Bars to a line; None for all in one line.
        header: Whether number, title and the other words stand before the music; without them the text is
            ``M:``, ``L:``, ``K:`` and the body, and says notes, chord symbols and fermatas only.
    """
    writer = TuneWriter(score, line_bars, header)
    return writer.text() if header else "\n".join(writer.fields()) + "\n" + writer.body()


def tune_body(score: Score, *, line_bars: int | None = 4) -> str:
    """Return the music code alone, as `abc_text` writes it without a header."""
    return TuneWriter(score, line_bars, False).body()


def abc_bytes(score: Score) -> bytes:
    """Return a score as an ABC file in UTF-8, for people to read: what was played is `legible`, a keyboard's notes are in two `HANDS`."""
    return ("%abc-2.1\n" + abc_text(in_hands(legible(score)))).encode("utf-8")


def abc_losses(score: Score) -> tuple[str, ...]:
    """Return what `abc_bytes` moves, in sentences."""
    moved = "its notes lie beside the beat, as played notes do: they stand on the nearest 32nds and sextuplets of a quarter"
    other = "convert --beats follows a pianist who keeps no steady beat, --quantize 16 takes another grid"
    if is_played(score.tracks, score.ticks_per_quarter):
        return (f"{moved}; {other}.",)
    return () if legible(score) is score else ("a few times that no note values say were moved to the nearest 128th or triplet.",)
