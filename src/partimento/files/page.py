"""One page that holds a piece: heard, seen and taken away, with nothing fetched from anywhere.

The sound, the piano roll, the engraved score, the ABC text and the MIDI file stand inside the page. Its
content security policy forbids every request, and names the one script by its hash. Text from a score is
escaped wherever it stands.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

import numpy as np

from partimento.audio.waveform import Waveform
from partimento.errors import MissingExtra, ScoreError, WriteError
from partimento.files.abc import abc_bytes
from partimento.files.engraving import Engraving, engraved
from partimento.files.midi import midi_bytes
from partimento.files.page_parts import SCRIPT, document
from partimento.files.roll import draw_roll
from partimento.files.sound import MEDIA_TYPES, sound_bytes, sound_tags
from partimento.score import Score
from partimento.score.meter import bar_count
from partimento.score.notation import is_notated
from partimento.score.pitch import key_name
from partimento.score.tempo import duration_seconds, seconds_at
from partimento.words import counted

SMALL_SOUND_BYTES = 400_000
"""Below this a sound stays a WAV."""

SHORT_SECONDS = 60
"""Up to here a sound is a FLAC, made in a twentieth of the time of an MP3 and five times as large; both play in every browser."""

EmbeddedSound = tuple[str, bytes]
"""A sound file as it stands in a page: its suffix, its bytes."""


def page_bytes(score: Score, *, sound: EmbeddedSound | None = None, engrave: bool = True, written: Score | None = None) -> bytes:
    """Return one HTML page, complete in itself.

    A performance, whose notes follow no grid, is shown as a roll, and on staves as it is `written` where that is given.

    Args:
        score: At least one note.
        sound: The score's sound, see `embedded_sound`; a page without it is silent.
        engrave: Whether to show staves and notes, where Verovio is installed.
        written: The same music in bars, its tempos such that it sounds as it was played (see `transcription.notate`).

    Raises:
        ScoreError: When the score has no notes.
    """
    roll = draw_roll(score, timed=sound is not None, headed=False)
    shown = score if is_notated(score) else written
    engraving = _staves(shown) if engrave and shown is not None else None
    name = _file_name(score)
    midi = data_url("audio/midi", midi_bytes(score))
    links = [_link(midi, f"{name}.mid", "MIDI")]
    player = ""
    if sound is not None:
        suffix, data = sound
        url = data_url(MEDIA_TYPES[suffix], data)
        player = f'<audio controls preload="auto" src="{url}"></audio>'
        links.append(f'<a id="sound" download="{name}{suffix}">Sound ({suffix[1:].upper()})</a>')
    sections = []
    if engraving is not None:
        sections.append(_section("Score", "".join(engraving.pages) + _pages_left(engraving), "score"))
    sections.append(_section("Piano roll", roll.svg, "roll"))
    text = _abc(shown) if shown is not None else ""
    if text:
        links.append(_link(data_url("text/vnd.abc", text.encode()), f"{name}.abc", "ABC"))
        sections.append(f'<details class="card"><summary>ABC text</summary><pre>{escape(text)}</pre></details>')
    late = _first_seconds(score) - _first_seconds(shown) if shown is not None else 0.0
    times = _engraved_times(shown, engraving, late=late) if shown is not None and sound is not None else []
    facts = {"path": roll.path if sound is not None else (), "notes": times}
    return _document(score, player=player, links=links, sections=sections, facts=facts)


def embedded_sound(sound: Waveform, score: Score) -> EmbeddedSound:
    """Return a sound for the page of `score`: a WAV where it is small, a FLAC where it is short, else an MP3."""
    tags = sound_tags(score)
    if sound.samples.size * 2 <= SMALL_SOUND_BYTES:
        return ".wav", sound_bytes(sound, ".wav", metadata=tags)
    if sound.seconds <= SHORT_SECONDS:
        return ".flac", sound_bytes(sound, ".flac", metadata=tags)
    try:
        return ".mp3", sound_bytes(sound, ".mp3", metadata=tags)
    except WriteError:  # a rate that MP3 cannot say
        return ".flac", sound_bytes(sound, ".flac", metadata=tags)


def _document(score: Score, *, player: str, links: list[str], sections: list[str], facts: Mapping[str, object]) -> bytes:
    """The page around its parts."""
    title = score.metadata.get("title", "") or "Untitled"
    body = f"""<header>
<h1>{escape(title)}</h1>
<p class="facts">{escape(" · ".join(_facts(score)))}</p>
<p class="provenance">{escape(score.metadata.get("provenance", ""))}</p>
</header>
<nav>{player}<p class="links">{" ".join(links)}</p></nav>
<main>{"".join(sections)}</main>"""
    return document(title, body, script=SCRIPT if player else "", facts=facts)


def _facts(score: Score) -> list[str]:
    """What a listener may want to know, in a few words."""
    seconds = round(duration_seconds(score))
    facts = [score.metadata.get("composer", ""), key_name(score.key_signatures[0]) if score.key_signatures else ""]
    facts += [counted(bar_count(score), "bar"), counted(score.note_count, "note"), f"{seconds // 60}:{seconds % 60:02d}"]
    return [fact for fact in facts if fact]


def _staves(score: Score) -> Engraving | None:
    """The engraved score, where Verovio is installed and notes can say the piece."""
    try:
        return engraved(score)
    except (MissingExtra, ScoreError):
        return None


def _abc(score: Score) -> str:
    """The piece as ABC text; empty where ABC cannot say it."""
    try:
        return abc_bytes(score).decode("utf-8")
    except ScoreError:
        return ""


def _first_seconds(score: Score) -> float:
    """When its first note begins."""
    return float(seconds_at(score, np.array([min(int(track.start[0]) for track in score.tracks if len(track))]))[0])


def _engraved_times(score: Score, engraving: Engraving | None, *, late: float) -> list[tuple[str, float, float]]:
    """For each engraved note its name and the seconds at which it begins and ends, `late` seconds after those of the score."""
    if engraving is None:
        return []
    ticks = np.rint([at[0] * score.ticks_per_quarter for at in engraving.timeline]).astype(np.int64)
    begun: dict[str, float] = {}
    times = []
    for second, (_, on, off) in zip((seconds_at(score, ticks) + late).tolist(), engraving.timeline, strict=True):
        times += [(name, begun.pop(name), round(second, 3)) for name in off if name in begun]
        begun.update(dict.fromkeys(on, round(second, 3)))
    return times


def _pages_left(engraving: Engraving) -> str:
    """A word about pages that are not shown."""
    left = engraving.page_count - len(engraving.pages)
    return f"<p>{left} more pages are not shown.</p>" if left else ""


def _section(title: str, content: str, ident: str) -> str:
    """A card with a heading."""
    return f'<section class="card" id="{ident}"><h2>{title}</h2>{content}</section>'


def _link(url: str, name: str, text: str) -> str:
    """A link that saves a file."""
    return f'<a href="{url}" download="{name}">{text}</a>'


def data_url(media_type: str, data: bytes) -> str:
    """Return bytes as an address that needs no request."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def _file_name(score: Score) -> str:
    """The title as a file name."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in score.metadata.get("title", "").lower())
    return "-".join(part for part in kept.split("-") if part)[:60] or "piece"
