"""One page that holds a comparison: a table, and for each row a player and a piano roll, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from partimento.audio.waveform import Waveform
from partimento.files.midi import midi_bytes
from partimento.files.page import data_url
from partimento.files.page_parts import document
from partimento.files.roll import draw_roll
from partimento.files.sound import MEDIA_TYPES, sound_bytes, sound_tags
from partimento.score import Score

_STYLE = """
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.35rem .6rem;border-bottom:1px solid var(--line)}
th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}
th{font-size:.8rem;color:var(--pale);font-weight:600}
.wide{overflow-x:auto}
.card audio{width:100%;margin:.4rem 0}
"""


class Entry(NamedTuple):
    """One composer: its cells, a sentence about it, and a piece of its with the piece's sound, where it wrote one."""

    cells: Sequence[str]
    words: str
    score: Score | None
    sound: Waveform | None


def comparison_page(title: str, columns: Sequence[str], entries: Sequence[Entry], last: Sequence[str], definition: str) -> bytes:
    """Return one HTML page, complete in itself.

    Args:
        title: Its heading.
        columns: Heads of the table.
        entries: The composers, best first.
        last: Cells of a row below them, such as the corpus itself; empty for none.
        definition: What the figures mean.
    """
    rows = [*(entry.cells for entry in entries), *([last] if last else [])]
    head = "".join(f"<th>{escape(word)}</th>" for word in columns)
    body = "".join(_row(cells, len(columns)) for cells in rows)
    page = f"""<header><h1>{escape(title)}</h1><p class="facts">{escape(definition)}</p></header>
<main>
<section class="card wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></section>
{"".join(map(_card, entries))}
</main>"""
    return document(title, page, style=_STYLE)


def _row(cells: Sequence[str], columns: int) -> str:
    """A row of the table; one that is too short has words in its last cell."""
    span = columns - len(cells) + 1
    inner = "".join(f"<td>{escape(cell)}</td>" for cell in cells[:-1])
    return f'<tr>{inner}<td colspan="{span}">{escape(cells[-1])}</td></tr>'


def _card(entry: Entry) -> str:
    """A composer's piece: heard and seen."""
    name = escape(entry.cells[0])
    words = f"<p class='facts'>{escape(entry.words)}</p>" if entry.words else ""
    if entry.score is None or entry.sound is None:
        return f'<section class="card"><h2>{name}</h2>{words}</section>'
    sound = data_url(MEDIA_TYPES[".mp3"], sound_bytes(entry.sound, ".mp3", metadata=sound_tags(entry.score)))
    midi = data_url("audio/midi", midi_bytes(entry.score))
    roll = draw_roll(entry.score, headed=False).svg
    link = f'<a href="{midi}" download="{name}.mid">MIDI</a>'
    return f'<section class="card"><h2>{name}</h2>{words}<audio controls preload="none" src="{sound}"></audio><p>{link}</p>{roll}</section>'
