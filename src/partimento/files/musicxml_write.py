"""A Score as MusicXML 3.1: `musicxml_bytes` and `mxl_bytes`.

Every track is a part, on two staves where its range asks for them; every measure is full, a pickup is measure 0,
notes are cut into values with ties where bar lines, beats and tuplets ask for it. Times are kept exactly, except
where more than one in twenty is no usual division of a quarter note: that is a performance, and is written on a
grid of 32nds or sextuplets, with at most two voices a staff. The same score gives the same bytes.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from partimento.errors import ScoreError
from partimento.files.musicxml_harmony import harmony_parts
from partimento.files.musicxml_layout import Chord, Staff, is_played, on_grid, staves
from partimento.files.musicxml_rhythm import FINEST, Metre, Unwritable, Value, values
from partimento.files.musicxml_text import Page, attributes_of, header
from partimento.score import KeySignature, Mark, Score, Tempo, Track
from partimento.score.meter import bar_starts, bar_ticks, signatures
from partimento.score.pitch import LINE_OF_FIFTHS, alteration, spell

MOST_MEASURES = 20_000

_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_BEAT_UNITS = {4: "whole", 2: "half", 1: "quarter"}


def musicxml_bytes(score: Score) -> bytes:
    """Return a score as a MusicXML document, UTF-8.

    Raises:
        ScoreError: When it has more than 20,000 measures.
    """
    return "\n".join(_document(score)).encode("utf-8", errors="replace") + b"\n"


def mxl_bytes(score: Score) -> bytes:
    """Return a score as a compressed MusicXML file (see `musicxml_bytes`)."""
    container = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<container>\n <rootfiles>\n'
        '  <rootfile full-path="score.musicxml" media-type="application/vnd.recordare.musicxml+xml"/>\n </rootfiles>\n</container>\n'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        entries = (("META-INF/container.xml", container.encode()), ("score.musicxml", musicxml_bytes(score)))
        for name, data in entries:
            entry = zipfile.ZipInfo(name)  # dated 1980-01-01: the bytes depend on the score alone
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            archive.writestr(entry, data)
    return file.getvalue()


def _document(score: Score) -> list[str]:
    """The lines of a score's document."""
    tracks = score.tracks or (Track(name="Music"),)
    played = is_played(tracks, score.ticks_per_quarter)
    try:
        return _Writer(replace(score, tracks=tracks), played=played).lines()
    except Unwritable:  # a rhythm that no tuplet says: to the grid with it
        return _Writer(replace(score, tracks=tracks), played=True).lines()


@dataclass(frozen=True)
class _Measure:
    """A measure: start and end in parts, time signature in force, whether it is written here and seen, the key at its start."""

    index: int
    number: int
    start: int
    end: int
    metre: tuple[int, int]
    says_metre: bool
    hides_metre: bool
    key: KeySignature | None


class _Writer:
    """Writes one score. Times inside are parts, `scale` of them to a tick."""

    def __init__(self, score: Score, *, played: bool) -> None:
        per_quarter = math.lcm(score.ticks_per_quarter, 3 * FINEST)
        self.scale = per_quarter // score.ticks_per_quarter
        self.quarter = per_quarter
        self.score = score
        self.played = played
        tracks = [_scaled(track, self.scale) for track in score.tracks]
        self.tracks = [on_grid(track, per_quarter) for track in tracks] if played else tracks
        self.measures = self._measures()
        ends = max((int(track.end.max()) for track in self.tracks if len(track)), default=0)
        self.starts = {at for track in self.tracks for at in track.start.tolist()}
        assert self.measures[-1].end >= ends
        self.items = self._items()

    def _measures(self) -> list[_Measure]:
        """The measures up to the end of the music, at least one."""
        score = self.score
        last = max((int(track.end.max()) for track in self.tracks if len(track)), default=0)
        end = max(-(-last // self.scale), score.end_tick, 1)
        starts = bar_starts(replace(score, tracks=()), end).tolist() or [0]
        if score.pickup and starts[:2] == [0]:
            starts = [0, score.pickup] if end > score.pickup else [0]
        if len(starts) > MOST_MEASURES:
            raise ScoreError(f"score: {len(starts)} measures, expected at most {MOST_MEASURES} in MusicXML. Cut it, or write MIDI.")
        metres = signatures(score)
        written = {signature.tick for signature in score.time_signatures} | {0}
        measures: list[_Measure] = []
        for index, start in enumerate(starts):
            metre = [signature for signature in metres if signature.tick <= start][-1]
            full = bar_ticks(metre, score.ticks_per_quarter)
            is_pickup = bool(score.pickup) and index == 0
            stop = starts[index + 1] if index + 1 < len(starts) else score.pickup if is_pickup else start + full
            says = start in written
            hides = bool(says and measures and measures[-1].metre == (metre.numerator, metre.denominator))
            key = next((key for key in reversed(score.key_signatures) if key.tick <= start), None)
            number = index if score.pickup else index + 1
            measures.append(
                _Measure(index, number, start * self.scale, stop * self.scale, (metre.numerator, metre.denominator), says, hides, key)
            )
        return measures
