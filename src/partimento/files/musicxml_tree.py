"""XML from strangers, measure by measure: nothing is fetched, no entity is expanded, every size is bounded.

expat calls back; what a reader of music needs becomes small `Node`s, and each measure is handed over and forgotten
before the next one is read, so that a document that breaks off keeps what stood before the break.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from xml.parsers import expat

from partimento.errors import ReadError
from partimento.files.notation import Findings

MOST_ELEMENTS, MOST_OF_MUSIC = 2_000_000, 1_000_000
"""Elements of a document, and those of them that say something of its music."""

MOST_KEPT = 400_000
"""Those of one measure."""

MOST_DEPTH = 100
MOST_ATTRIBUTES, MOST_IDENT = 100, 40
MOST_ENTITIES, MOST_EXPANDED = 100, 1_000_000
"""Entities that are declared at most, and the characters that all references to one of them may become."""

MOST_TEXT = 4000
MOST_MENDED = 1000
ROOTS = ("score-partwise", "score-timewise")

_KEPT = frozenset(
    """
    score-partwise score-timewise part measure part-list score-part part-name midi-instrument midi-program midi-channel
    midi-unpitched score-instrument instrument-name work work-title movement-title identification creator rights
    encoding software miscellaneous miscellaneous-field credit credit-words note pitch step alter octave duration chord rest unpitched
    display-step display-octave voice staff tie notations tied fermata grace cue type dot time-modification
    actual-notes normal-notes lyric text syllabic elision attributes divisions key fifths mode time beats beat-type senza-misura
    transpose chromatic octave-change staves measure-style multiple-rest backup forward direction direction-type
    metronome beat-unit beat-unit-dot per-minute words rehearsal dynamics ppp pp p mp mf f ff fff pppp ffff sf sfz fp
    offset sound segno coda harmony root root-step root-alter kind bass bass-step bass-alter degree degree-value
    degree-alter degree-type barline repeat ending instrument rootfile rootfiles container
    """.split()  # noqa: SIM905 - a list of eighty quoted words reads worse
)
_ENCODINGS = re.compile(
    r"utf-?8|utf-?16(-?[lb]e)?|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?\d|windows-?125\d|cp125\d|mac-?roman|macintosh|"
    r"shift[_-]jis|euc-(jp|kr)|gb(k|2312|18030)|big5|koi8-[ru]"
)
_DECLARATION = re.compile(r"""\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([^"'<>]{1,40})["']""")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")


_ENDLESS = re.compile(r"<[A-Za-z_][^<]{200000}")
"""A tag with more attributes, or more text behind it, than any music needs; expat would collect it all first."""


class Node:
    """An element: its tag, attributes, text, children and the line it starts on."""

    __slots__ = ("attributes", "kids", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.text = ""
        self.kids: list[Node] = []

    def first(self, *path: str) -> Node | None:
        """Return the first element under a path of tags, if any."""
        found = self
        for tag in path:
            for kid in found.kids:
                if kid.tag == tag:
                    found = kid
                    break
            else:
                return None
        return found

    def every(self, tag: str) -> list[Node]:
        """Return the children of one tag."""
        return [kid for kid in self.kids if kid.tag == tag]

    def words(self, *path: str) -> str:
        """Return the text under a path of tags, stripped; empty where there is none."""
        found = self.first(*path)
        return "" if found is None else found.text.strip()


def text_of(data: bytes, findings: Findings) -> str:
    """Return a document's characters, by its byte order mark or the encoding it declares."""
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, findings)
    if data[:4] in (b"<\0?\0", b"<\0s\0"):
        return _decoded(data, "utf-16-le", findings)
    if data[:4] in (b"\0<\0?", b"\0<\0s"):
        return _decoded(data, "utf-16-be", findings)
    declared = _DECLARATION.match(data[:400].decode("latin-1"))
    encoding = declared[1].lower() if declared else "utf-8"
    if not _ENCODINGS.fullmatch(encoding) or encoding.startswith(("utf-16", "utf16")):
        findings.add(f"line 1: encoding '{encoding}' is unknown or wrong; the file was read as UTF-8.")
        encoding = "utf-8"
    return _decoded(data, encoding, findings)


def _decoded(data: bytes, encoding: str, findings: Findings) -> str:
    """Bytes as characters; what the encoding does not know is read as Latin-1 or marked."""
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        findings.add(f"line 1: some bytes are no {encoding}; they were read as they could be.")
        return data.decode("latin-1" if encoding in ("utf-8", "ascii", "us-ascii") else encoding, errors="replace")


def ident_of(attributes: dict[str, str]) -> str:
    """Return an element's id, at a length that fits into a message."""
    return attributes.get("id", "")[:MOST_IDENT]


class Document:
    """A MusicXML document being read.

    Args:
        on_header: Called with each element that stands beside the parts (``part-list``, ``work`` ...).
        on_measure: Called with each measure of each part: part id, measure index, node.
        findings: Where repairs are noted.
        roots: Root elements that are accepted.
    """

    def __init__(
        self,
        on_header: Callable[[Node], None],
        on_measure: Callable[[str, int, Node], None],
        findings: Findings,
        roots: tuple[str, ...] = ROOTS,
    ) -> None:
        self.on_header = on_header
        self.on_measure = on_measure
        self.findings = findings
        self.roots = roots
        self.seen: dict[str, int] = {}
        self._reset()

    def _reset(self) -> None:
        self.path: list[str] = []
        self.open: list[Node] = []
        self.skipping = 0
        self.elements = self.of_music = self.kept = self.entities = 0
        self.measures: dict[str, int] = {}
        self.around: dict[str, str] = {}
        self.outer = ""  # the part id (partwise) or measure number (timewise) around
        self.measure_index = -1

    def read(self, text: str) -> None:
        """Read the document.

        Raises:
            ReadError: When it is no MusicXML, breaks a bound, declares entities, or is damaged before its first measure.
        """
        endless = _ENDLESS.search(text)
        if endless:
            line = text.count("\n", 0, endless.start()) + 1
            raise ReadError(
                f"{self.findings.name}, line {line}: an element of more than 200,000 characters, expected a score. Export the score anew."
            )
        try:
            self._parse(text)
        except expat.ExpatError as error:
            undefined = error.code in (4, 11, 24)  # invalid token, undefined entity, unclosed reference
            if undefined and _BARE_AMPERSAND.search(text) and "<!ENTITY" not in text:
                self._again(text, error)
            else:
                self._broken_off(error)

    def _again(self, text: str, error: expat.ExpatError) -> None:
        """Go on behind a bare ampersand: the document is read anew, measures that were handed over are not handed over twice."""
        self.findings.add(f"line {error.lineno}: an '&' that begins no entity; it was read as the character.")
        self.seen = dict(self.measures)
        self._reset()
        try:
            self._parse(_BARE_AMPERSAND.sub("&amp;", text, count=MOST_MENDED))
        except expat.ExpatError as second:
            self._broken_off(second)

    def _broken_off(self, error: expat.ExpatError) -> None:
        """Keep what stood before the damage, or refuse."""
        what = expat.ErrorString(error.code)
        where = f"line {error.lineno}, column {error.offset + 1}"
        if not self.measures:
            raise ReadError(
                f"{self.findings.name}, {where}: no well-formed XML ({what}), and no measure stands before it. Export the score anew."
            ) from error
        self.findings.add(f"{where}: no well-formed XML ({what}); what stands behind it is lost.")

    def _parse(self, text: str) -> None:
        self.source = text
        parser = expat.ParserCreate("utf-8", intern={})
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.EntityDeclHandler = self._entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        self.parser = parser
        parser.Parse(text.encode("utf-8", errors="replace"), True)

    def _refuse(self, what: str, remedy: str) -> ReadError:
        """An error at the current line."""
        return ReadError(f"{self.findings.name}, line {self.parser.CurrentLineNumber}: {what}. {remedy}")

    def _entity(self, name: str, is_parameter: bool, value: str | None, *_: object) -> None:
        """Refuse every entity but plain words that make the document little longer."""
        self.entities += 1
        odd = is_parameter or value is None or len(value) > 200 or not {"&", "<", "%"}.isdisjoint(value)
        if odd or self.entities > MOST_ENTITIES or len(value or "") * self.source.count(f"&{name};") > MOST_EXPANDED:
            raise self._refuse(
                f"declares the entity '{name[:40]}', which is not followed", "Export the score anew, without a DOCTYPE of its own."
            )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            raise self._refuse(f"more than {MOST_ELEMENTS} elements, expected a score", "Export the score anew.")
        if len(attributes) > MOST_ATTRIBUTES:
            raise self._refuse(f"an element of {len(attributes)} attributes, expected a score", "Export the score anew.")
        if self.skipping:
            self.skipping += 1
            if self.skipping > MOST_DEPTH:
                raise self._refuse(f"more than {MOST_DEPTH} nested elements, expected a score", "Export the score anew.")
            return
        if ":" in tag:
            tag = tag.rpartition(":")[2]
        if not self.open and self._is_around(tag, attributes):
            return
        if tag not in _KEPT or len(self.open) > MOST_DEPTH:
            self.skipping = 1
            return
        self.of_music += 1
        self.kept = self.kept + 1 if self.open else 0
        if self.of_music > MOST_OF_MUSIC:
            raise self._refuse(f"more than {MOST_OF_MUSIC} elements of music, expected a score", "Cut the piece.")
        if self.kept > MOST_KEPT:
            raise self._refuse(f"more than {MOST_KEPT} elements in one measure, expected a score", "Export the score anew.")
        node = Node(tag, attributes, self.parser.CurrentLineNumber)
        if self.open:
            self.open[-1].kids.append(node)
        self.open.append(node)

    def _is_around(self, tag: str, attributes: dict[str, str]) -> bool:
        """Whether an element only holds others: the root, and the parts (or measures) in it; what is no measure is skipped there."""
        if not self.path:
            if tag not in self.roots:
                raise self._refuse(f"the document is '{tag[:40]}', expected {' or '.join(self.roots)}", "Give a MusicXML score.")
            self.path.append(tag)
            return True
        inner, outer = ("part", "measure") if self.path[0] == "score-timewise" else ("measure", "part")
        if len(self.path) == 1 and tag == outer:
            self.path.append(tag)
            self._enter(attributes)
            return True
        if len(self.path) == 2 and tag != inner:
            self.skipping = 1
            return True
        return False

    def _enter(self, attributes: dict[str, str]) -> None:
        """A part (partwise) or a measure (timewise) begins."""
        self.measure_index += 1
        self.around = attributes
        self.outer = ident_of(attributes) if self.path[0] != "score-timewise" else attributes.get("number", "")

    def _end(self, tag: str) -> None:
        if self.skipping:
            self.skipping -= 1
            return
        if not self.open:
            self.path.pop()
            return
        node = self.open.pop()
        if self.open:
            return
        if len(self.path) == 1:
            self.on_header(node)
        elif len(self.path) == 2:
            self._hand_over(node)

    def _hand_over(self, node: Node) -> None:
        """A measure of one part is whole."""
        if self.path[0] == "score-timewise":
            part, index = ident_of(node.attributes), self.measure_index
            node.attributes = {**self.around, **node.attributes}
        else:
            part, index = self.outer, self.measures.get(self.outer, 0)
        if index >= self.seen.get(part, 0):
            self.on_measure(part, index, node)
        self.measures[part] = index + 1

    def _text(self, text: str) -> None:
        if self.open and not self.skipping and not text.isspace():
            node = self.open[-1]
            if len(node.text) < MOST_TEXT:
                node.text += text[:MOST_TEXT]
