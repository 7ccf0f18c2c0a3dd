"""MusicXML, plain and compressed: `read_musicxml`, `read_mxl`, `musicxml_bytes`, `mxl_bytes`.

A document becomes music as it sounds: repeats, endings, da capo and dal segno are played (``unfold=False`` takes
every measure once), ties joined, transposing instruments at their sounding pitch, grace notes given a 32nd of the
note behind them. Each part is a track, and its drums another; chorales and hymns that stand as four voices on two
staves become four tracks. Nothing outside the file is opened and no entity is expanded (`musicxml_tree`).

Read in this order: `musicxml_tree` (bytes to measures), `musicxml_player`, `musicxml_measure` (a measure to written notes),
`notation` (written notes to a Score), `musicxml_write`.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

from partimento.errors import ReadError
from partimento.files.musicxml_measure import MeasureReader
from partimento.files.musicxml_numbers import whole
from partimento.files.musicxml_player import Player
from partimento.files.musicxml_tree import Document, Node, ident_of, text_of
from partimento.files.musicxml_write import musicxml_bytes, mxl_bytes
from partimento.files.notation import UNIT, Findings, WrittenBar, WrittenPart, score_of
from partimento.score import Score

__all__ = ["musicxml_bytes", "mxl_bytes", "read_musicxml", "read_mxl"]

LARGEST_DOCUMENT_BYTES = 64 * 2**20
MOST_ENTRIES = 2000
MOST_PARTS = 500
MOST_MEASURES = 50_000
MOST_CELLS = 1_000_000
"""Measures of all parts together."""

_ZIP = b"PK\x03\x04"
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, LookupError, ValueError, RuntimeError)
"""What `zipfile` trips over in a damaged archive; NotImplementedError is a RuntimeError."""


def read_musicxml(data: bytes, name: str, *, unfold: bool = True) -> Score:
    """Read a MusicXML document.

    Args:
        data: The file's bytes; a compressed file under a plain name is opened, with a warning.
        name: The file's name, for messages.
        unfold: Whether repeats, endings and jumps are played; otherwise each measure stands once, and marks of kind
            ``repeat`` say where repeats and endings are.

    Returns:
        The score; `warnings` names the place of everything that was repaired or left out.

    Raises:
        ReadError: When it is no MusicXML, hostile, or damaged before its first measure.
    """
    findings = Findings(name)
    if data.startswith(_ZIP):
        findings.add("line 1: a compressed file under a plain name; it was opened.")
        data = _score_in(data, findings)
    return _Reader(findings).read(data, unfold=unfold)


def read_mxl(data: bytes, name: str, *, unfold: bool = True) -> Score:
    """Read a compressed MusicXML file (see `read_musicxml`)."""
    findings = Findings(name)
    if data.startswith(_ZIP) or data.startswith(b"PK\x05\x06"):
        data = _score_in(data, findings)
    elif b"<score-" in data[:4000]:
        findings.add("line 1: a plain document under a compressed file's name; it was read.")
    else:
        raise ReadError(f"{name}: begins with {data[:4]!r}, expected a zip archive (.mxl). Export the score anew.")
    return _Reader(findings).read(data, unfold=unfold)


def _score_in(data: bytes, findings: Findings) -> bytes:
    """The score document in a zip archive."""
    name = findings.name
    if data.count(b"PK\x01\x02") > MOST_ENTRIES:
        raise ReadError(f"{name}: more than {MOST_ENTRIES} entries, expected a score. Export the score anew.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entry = _score_entry(archive, findings)
            return _entry_bytes(archive, entry, name)
    except ReadError:
        raise
    except _DAMAGED as error:
        raise ReadError(f"{name}: a damaged zip archive ({str(error)[:80]}). Export the score anew.") from error


def _score_entry(archive: zipfile.ZipFile, findings: Findings) -> zipfile.ZipInfo:
    """The entry that the container names, or the first that looks like a score."""
    entries = {entry.filename: entry for entry in archive.infolist() if not entry.filename.endswith("/")}
    scores = [
        e for n, e in entries.items() if n.lower().endswith((".xml", ".musicxml")) and not n.upper().startswith(("META-INF/", "__MACOSX/"))
    ]
    named: list[str] = []
    if "META-INF/container.xml" in entries:
        text = text_of(_entry_bytes(archive, entries["META-INF/container.xml"], findings.name), findings)
        container = Document(lambda node: named.extend(_paths(node)), lambda *_: None, findings, ("container",))
        container.read(text)
    for path in named:
        if path in entries:
            return entries[path]
    if not scores:
        raise ReadError(f"{findings.name}: an archive without a score, expected a .musicxml entry. Export the score anew.")
    found = f"names '{named[0][:60]}', which is missing" if named else "names no score"
    findings.add(f"META-INF/container.xml: {found}; '{scores[0].filename[:60]}' was read.")
    return scores[0]


def _paths(node: Node) -> list[str]:
    """Paths of the score documents a container's ``rootfiles`` name, in order."""
    files = [kid for kid in node.every("rootfile") if kid.attributes.get("full-path")]
    files.sort(key=lambda kid: "musicxml" not in kid.attributes.get("media-type", "musicxml"))
    return [kid.attributes["full-path"] for kid in files]


def _entry_bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    """An entry's bytes, bounded."""
    what = f"{name}, entry '{entry.filename[:60]}'"
    if entry.flag_bits & 1:
        raise ReadError(f"{what}: is encrypted, expected plain data. Export the score without a password.")
    if entry.external_attr >> 28 == 0xA:
        raise ReadError(f"{what}: is a link, expected a document. Export the score anew.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ReadError(f"{what}: is packed by method {entry.compress_type}, expected deflate. Export the score anew.")
    with archive.open(entry) as file:
        data = file.read(LARGEST_DOCUMENT_BYTES + 1)
    if len(data) > LARGEST_DOCUMENT_BYTES:
        raise ReadError(f"{what}: unpacks to more than {LARGEST_DOCUMENT_BYTES} bytes. Cut the piece.")
    return data


def _field_name(name: str) -> str:
    """A miscellaneous field's name as a metadata key; empty where it is none of ours."""
    return name if re.fullmatch(r"[a-z][a-z_]{0,30}", name) else ""


class _Reader:
    """Puts a document's measures together."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.players: dict[str, Player] = {}
        self.bars: list[WrittenBar] = []
        self.metadata: dict[str, str] = {}
        self.key_player = ""

    def read(self, data: bytes, *, unfold: bool) -> Score:
        """Return the score of a document."""
        name = self.findings.name
        if not data.strip(b" \t\r\n\0"):
            raise ReadError(f"{name}: holds no text, expected a MusicXML document. Export the score anew.")
        Document(self._header, self._measure, self.findings).read(text_of(data, self.findings))
        if not self.bars:
            raise ReadError(f"{name}: holds no measure, expected a part with measures. Export the score anew.")
        for ident, player in self.players.items():
            written = len(player.part.bars)
            if written != len(self.bars):
                self.findings.add(f"part {ident}: {written} measures where another part has {len(self.bars)}; the rest is silent.")
        self._check_lengths()
        parts = [player.part for player in self.players.values()]
        if self.metadata.get("software", "").startswith("partimento"):  # there every track was a part of its own
            for part in parts:
                part.splits = part.hands = False
        return score_of(self.bars, parts, self.findings, unfold=unfold, metadata=self.metadata)

    def _header(self, node: Node) -> None:
        if node.tag == "part-list":
            for kid in node.every("score-part"):
                self._score_part(kid)
        elif node.tag == "work":
            self._say("title", node.words("work-title"))
        elif node.tag == "movement-title":
            self._say("title", node.text, over=not self.metadata.get("title"))
        elif node.tag == "identification":
            for kid in node.every("creator"):
                kind = kid.attributes.get("type", "composer")
                self._say(kind if kind in ("composer", "lyricist", "arranger") else "", kid.text)
            self._say("rights", node.words("rights"))
            self._say("software", node.words("encoding", "software"))
            for kid in (kid for fields in node.every("miscellaneous") for kid in fields.every("miscellaneous-field")):
                self._say(_field_name(kid.attributes.get("name", "")), kid.text, over=False)

    def _say(self, key: str, text: str, *, over: bool = True) -> None:
        words = " ".join(text.split())[:2000]
        if key and words and (over or key not in self.metadata):
            self.metadata[key] = words

    def _score_part(self, node: Node) -> None:
        ident = ident_of(node.attributes)
        if ident in self.players or len(self.players) >= MOST_PARTS:
            self.findings.add(f"line {node.line}: part '{ident}' is listed twice or is one too many; its second entry was left out.")
            return
        part = WrittenPart(" ".join(node.words("part-name").split())[:200])
        player = Player(part, ident)
        for kid in node.every("midi-instrument"):
            program, channel = kid.words("midi-program"), kid.words("midi-channel")
            drum = whole(kid.words("midi-unpitched"), 1, 128)
            if (program and whole(program, 1, 128) is None) or (channel and whole(channel, 1, 16) is None):
                self.findings.add(
                    f"part {ident}, line {kid.line}: MIDI channel {channel[:8]}, program {program[:8]} are none; the piano was taken."
                )
            part.program = part.program or (whole(program, 1, 128) or 1) - 1
            player.is_percussion = player.is_percussion or channel == "10"
            if drum is not None:
                player.drums[kid.attributes.get("id", "")] = drum - 1
        self.players[ident] = player

    def _measure(self, ident: str, index: int, node: Node) -> None:
        if ident not in self.players:
            if len(self.players) >= MOST_PARTS:
                raise ReadError(f"{self.findings.name}, line {node.line}: more than {MOST_PARTS} parts. Cut the piece.")
            self.players[ident] = Player(WrittenPart(), ident)
            self.findings.add(f"line {node.line}: part '{ident}' is not in the part list; it was read without a name.")
        if index >= MOST_MEASURES:
            raise ReadError(f"{self.findings.name}, line {node.line}: more than {MOST_MEASURES} measures. Cut the piece.")
        if len(self.players) * (index + 1) > MOST_CELLS:
            raise ReadError(f"{self.findings.name}, line {node.line}: more than {MOST_CELLS} measures in all parts. Cut the piece.")
        player = self.players[ident]
        while len(self.bars) <= index:
            metre = self.bars[-1].metre if self.bars else (4, 4)
            number, implicit = node.attributes.get("number", str(index + 1))[:20], node.attributes.get("implicit") == "yes"
            self.bars.append(WrittenBar(number, metre=metre, implicit=implicit or number == "0"))
        bar = self.bars[index]
        if not self.key_player and any(key.words("fifths") for kid in node.every("attributes") for key in kid.every("key")):
            self.key_player = ident
        player.says_keys = self.key_player == ident
        player.part.bars.extend([] for _ in range(index - len(player.part.bars)))
        notes = MeasureReader(player, bar, self.findings, f"part {ident}, measure {bar.number}").read(node)
        player.part.bars.append(notes)

    def _check_lengths(self) -> None:
        """Warn of measures that hold more than their metre."""
        for bar in self.bars:
            if bar.metre and bar.length > bar.full:
                beats = bar.length * bar.metre[1] / (4 * UNIT)
                self.findings.add(
                    f"measure {bar.number}: holds {beats:g} beats in {bar.metre[0]}/{bar.metre[1]}; it was kept as long as it is."
                )
