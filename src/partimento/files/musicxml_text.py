"""MusicXML as text: elements, escaping, the header with its words, and signs that are no notes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from partimento.files.musicxml_harmony import harmony_parts
from partimento.score import KeySignature, Mark, Tempo, Track
from partimento.version import __version__

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEAT_UNITS = {1: ("whole", False), 2: ("half", False), 4: ("quarter", False), 8: ("quarter", True), 16: ("eighth", True)}
BRACE = '<part-group type="start" number="1"><group-symbol>brace</group-symbol><group-barline>yes</group-barline></part-group>'
BRACE_END = '<part-group type="stop" number="1"/>'
"""Before and behind parts that are the two staves of one piano."""

_CREATORS = ("composer", "lyricist", "arranger")
_HEADER_WORDS = ("title", "software", "rights", *_CREATORS)


def escaped(text: str) -> str:
    """Return `text` as it may stand in an element or a quoted attribute; what XML cannot hold is left out."""
    text = _FORBIDDEN.sub("", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def element(tag: str, content: object, **attributes: object) -> str:
    """Return an element with text; underscores in attribute names are written as hyphens."""
    written = "".join(f' {name.replace("_", "-")}="{escaped(str(value))}"' for name, value in attributes.items())
    text = escaped(str(content))
    return f"<{tag}{written}>{text}</{tag}>" if text else f"<{tag}{written}/>"


def header(metadata: Mapping[str, str]) -> list[str]:
    """Return the lines before the part list: title, composer, what wrote the file, where the music comes from."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<score-partwise version="3.1">']
    if metadata.get("title"):
        lines.append(f"<work>{element('work-title', metadata['title'])}</work>")
    lines.append("<identification>")
    lines += [element("creator", metadata[kind], type=kind) for kind in _CREATORS if metadata.get(kind)]
    if metadata.get("rights"):
        lines.append(element("rights", metadata["rights"]))
    lines.append(f"<encoding>{element('software', f'partimento {__version__}')}</encoding>")
    others = [(name, text) for name, text in metadata.items() if name not in _HEADER_WORDS and text.strip()]
    if others:
        lines += ["<miscellaneous>", *(element("miscellaneous-field", text, name=name) for name, text in others), "</miscellaneous>"]
    return [*lines, "</identification>"]


def score_part(number: int, track: Track) -> list[str]:
    """Return the part list's entry of a track."""
    ident = f"P{number}"
    lines = [f'<score-part id="{ident}">', element("part-name", track.name)]
    channel = 10 if track.is_drum else (number - 1) % 15 + 1 + ((number - 1) % 15 >= 9)
    drums = sorted(set(track.pitch.tolist())) if track.is_drum else [None]
    idents = [f"{ident}-I{1 if drum is None else drum}" for drum in drums] or [f"{ident}-I1"]
    names = [track.name if drum is None else f"drum {drum}" for drum in drums] or [track.name]
    for one, name in zip(idents, names, strict=True):
        lines.append(f'<score-instrument id="{one}">{element("instrument-name", name)}</score-instrument>')
    for one, drum in zip(idents, drums or [None], strict=True):
        unpitched = "" if drum is None else element("midi-unpitched", drum + 1)
        inner = element("midi-channel", channel) + element("midi-program", track.program + 1) + unpitched
        lines.append(f'<midi-instrument id="{one}">{inner}</midi-instrument>')
    return [*lines, "</score-part>"]


def key_element(key: KeySignature) -> str:
    """Return a key signature."""
    return f"<key>{element('fifths', key.fifths)}{element('mode', key.mode)}</key>"


def time_element(metre: tuple[int, int], *, hidden: bool) -> str:
    """Return a time signature, hidden where it only restarts the bar."""
    opening = '<time print-object="no">' if hidden else "<time>"
    return f"{opening}{element('beats', metre[0])}{element('beat-type', metre[1])}</time>"


def clef_element(clef: tuple[str, int, int], number: int, staves: int) -> str:
    """Return a clef (sign, line, octave change)."""
    sign, line, octaves = clef
    inner = element("sign", sign) + (element("line", line) if line else "") + (element("clef-octave-change", octaves) if octaves else "")
    return f'<clef number="{number}">{inner}</clef>' if staves > 1 else f"<clef>{inner}</clef>"


def tempo_lines(tempo: Tempo, metre: tuple[int, int], *, is_seen: bool = True) -> list[str]:
    """Return a tempo as a metronome mark, where it is to be seen, and exactly as what is played."""
    unit, is_dotted = _BEAT_UNITS.get(metre[1], ("quarter", False)) if metre[0] % 3 == 0 and metre[1] >= 8 else ("quarter", False)
    quarters = {"quarter": 1.0, "eighth": 0.5}[unit] * (1.5 if is_dotted else 1)
    mark = element("beat-unit", unit) + ("<beat-unit-dot/>" if is_dotted else "") + element("per-minute", round(tempo.bpm / quarters) or 1)
    exact = f"{tempo.bpm:.10g}"
    if "e" in exact:
        exact = f"{tempo.bpm:.0f}"
    if not is_seen:
        return [f'<sound tempo="{exact}"/>']
    return [
        '<direction placement="above">',
        f"<direction-type><metronome>{mark}</metronome></direction-type>",
        f'<sound tempo="{exact}"/>',
        "</direction>",
    ]


def mark_lines(mark: Mark) -> list[str]:
    """Return a chord symbol, a name or words as a line of their own; nothing for other marks."""
    if mark.kind == "chord":
        return [_harmony(mark.text)]
    kind = {"section": "rehearsal", "text": "words"}.get(mark.kind)
    if kind is None or not mark.text.strip():
        return []
    return [f'<direction placement="above"><direction-type>{element(kind, mark.text)}</direction-type></direction>']


def _harmony(symbol: str) -> str:
    """A chord symbol."""
    parts = harmony_parts(symbol)
    if parts is None:
        return f"<harmony><root>{element('root-step', 'C', text='')}</root>{element('kind', 'none', text=symbol)}</harmony>"
    letter, alter, kind, suffix, bass, bass_alter = parts
    root = element("root-step", letter) + (element("root-alter", alter) if alter else "")
    below = element("bass-step", bass) + (element("bass-alter", bass_alter) if bass_alter else "")
    return f"<harmony><root>{root}</root>{element('kind', kind, text=suffix)}{f'<bass>{below}</bass>' if bass else ''}</harmony>"


def lyric_elements(words: Sequence[Mark], was_open: bool) -> tuple[list[str], bool]:
    """Return lyrics under a note, and whether the first one's word goes on; a hyphen at the end says so."""
    lines = []
    goes_on = was_open
    for number, mark in enumerate(words, 1):
        text = mark.text.removesuffix("-")
        has_hyphen = text != mark.text
        syllabic = ("middle" if has_hyphen else "end") if was_open else ("begin" if has_hyphen else "single")
        lines.append(f'<lyric number="{number}">{element("syllabic", syllabic)}{element("text", text)}</lyric>')
        if number == 1:
            goes_on = has_hyphen
    return lines, goes_on
