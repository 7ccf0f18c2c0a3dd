"""Bach's four-part chorales as they come with music21: by dependency, nothing to download.

music21's scores have what the usual grid copies of the same chorales lack: fermatas, keys, metre, pickups and the
difference between a held and a repeated note.

The 77 chorales of the test part of the JSB data set (Boulanger-Lewandowski et al. 2012, in the 16th-note edition
of Huang et al. 2017) were found here by what is sung and are named below; they are this corpus's test part and
never enter training. Of the others a share drawn by `splits.split_by_work` is its validation part; settings of
one melody that share whole phrases in the soprano still differ in the other voices, files of one setting are
told by content and kept together.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np

from partimento.corpus.corpus import Corpus, Part, Piece
from partimento.corpus.splits import split_by_work
from partimento.errors import EncodingError, MissingExtra
from partimento.files.musicxml import read_mxl
from partimento.score import Score, Track

NAME = "music21-chorales"
SUMMARY = "Bach's four-part chorales from music21 (with fermatas, keys and held notes)"
LICENCE = (
    "The chorales are in the public domain; music21's encodings are free to use with music21, terms vary by item (see its corpus licence)."
)
CITATION = "M. S. Cuthbert and C. Ariza, music21 (ISMIR 2010), corpus/bach; encodings by several contributors."
WEIGHTS = "Weights trained on it may be used, changed and sold; what they compose is yours."

VALID_SHARE = 0.09

_TEST = frozenset(
    [
        "bwv102.7",
        "bwv110.7",
        "bwv112.5",
        "bwv114.7",
        "bwv12.7",
        "bwv126.6",
        "bwv13.6",
        "bwv136.6",
        "bwv137.5",
        "bwv145-a",
        "bwv148.6",
        "bwv153.9",
        "bwv159.5",
        "bwv171.6",
        "bwv172.6",
        "bwv174.5",
        "bwv184.5",
        "bwv185.6",
        "bwv197.5",
        "bwv244.3",
        "bwv245.14",
        "bwv245.37",
        "bwv245.5",
        "bwv248.17",
        "bwv248.46-5",
        "bwv248.53-5",
        "bwv256",
        "bwv270",
        "bwv276",
        "bwv289",
        "bwv290",
        "bwv291",
        "bwv292",
        "bwv294",
        "bwv298",
        "bwv306",
        "bwv311",
        "bwv316",
        "bwv317",
        "bwv32.6",
        "bwv326",
        "bwv327",
        "bwv331",
        "bwv338",
        "bwv339",
        "bwv340",
        "bwv350",
        "bwv36.8-2",
        "bwv361",
        "bwv366",
        "bwv37.6",
        "bwv371",
        "bwv393",
        "bwv40.8",
        "bwv404",
        "bwv405",
        "bwv410",
        "bwv419",
        "bwv429",
        "bwv43.11",
        "bwv430",
        "bwv431",
        "bwv45.7",
        "bwv56.5",
        "bwv57.8",
        "bwv60.5",
        "bwv64.4",
        "bwv65.7",
        "bwv67.7",
        "bwv7.7",
        "bwv78.7",
        "bwv85.6",
        "bwv87.7",
        "bwv9.7",
        "bwv90.5",
        "bwv93.7",
        "bwv99.6",
    ]
)
"""The test part: each of the 77 JSB test chorales, found by content."""

_TWINS = frozenset(["bwv112.5-sc", "bwv120.8-a", "bwv244.32", "bwv244.54", "bwv245.15", "bwv258", "bwv41.6", "bwv69.6-a"])
"""Other files that hold a test chorale, or much of one: in no part."""

_SETTINGS = (
    ("bwv10.7", "bwv324"),
    ("bwv117.4", "bwv177.4"),
    ("bwv158.4", "bwv279"),
    ("bwv166.6", "bwv197.10", "bwv84.5"),
    ("bwv175.7", "bwv59.3"),
    ("bwv176.6", "bwv280"),
    ("bwv18.5-lz", "bwv18.5-w"),
    ("bwv190.7", "bwv190.7-inst"),
    ("bwv197.7-a", "bwv398"),
    ("bwv20.11", "bwv20.7"),
    ("bwv227.1", "bwv227.11"),
    ("bwv244.15", "bwv244.17", "bwv244.44", "bwv271"),
    ("bwv245.11", "bwv395"),
    ("bwv248.23-2", "bwv248.23-s"),
    ("bwv248.35-3", "bwv248.35-3c"),
    ("bwv248.42-4", "bwv248.42-s"),
    ("bwv248.64-6", "bwv248.64-s"),
    ("bwv248.9-1", "bwv248.9-s"),
    ("bwv253", "bwv414"),
    ("bwv274", "bwv62.6"),
    ("bwv303", "bwv80.8"),
    ("bwv392", "bwv97.9"),
    ("bwv428", "bwv95.7"),
)
"""Files that hold one setting: always in the same part."""

_NO_CHORALES = frozenset(("bwv227.3", "bwv27.6", "bwv846"))
"""Files of the folder that hold no setting for four voices."""

_VOICES = ("soprano", "alto", "tenor", "bass")


def corpus() -> Corpus:
    """Return the chorales, 77 of them as test part.

    Raises:
        MissingExtra: When music21 is not installed.
    """
    spec = importlib.util.find_spec("music21")
    if spec is None or spec.origin is None:
        raise MissingExtra(f"corpus '{NAME}': needs music21, which is not installed. Run: pip install 'partimento[train]'")
    files = sorted((Path(spec.origin).parent / "corpus" / "bach").glob("bwv*.mxl"))
    files = [file for file in files if file.stem not in _TWINS | _NO_CHORALES]
    work = {name: names[0] for names in _SETTINGS for name in names}
    free = [file for file in files if file.stem not in _TEST]
    parts: dict[str, Part] = {file.stem: "test" for file in files if file.stem in _TEST}
    drawn = split_by_work([work.get(file.stem, file.stem) for file in free], valid=VALID_SHARE, test=0)
    parts |= {file.stem: part for file, part in zip(free, drawn, strict=True)}
    pieces = tuple(_piece(file, parts[file.stem]) for file in files)
    return Corpus(NAME, pieces, LICENCE, CITATION, WEIGHTS, has_own_split=True)


def _piece(file: Path, part: Part) -> Piece:
    """One chorale, its file not yet opened but for its hash."""
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    return Piece(
        file.stem,
        lambda: on_sixteenths(four_voices(read_mxl(file.read_bytes(), file.name, unfold=False))),
        LICENCE,
        f"music21 bach/{file.name}",
        part,
        checksum,
    )


def four_voices(score: Score) -> Score:
    """Return the soprano, alto, tenor and bass of a score that may hold instruments too.

    Raises:
        EncodingError: When they cannot be told apart.
    """
    found = [
        next((t for t in score.tracks if t.name.lower().startswith(voice) and not t.name.lower().startswith("bassoon")), None)
        for voice in _VOICES
    ]
    tracks = tuple(track for track in found if track is not None)
    if len(tracks) == len(_VOICES):
        return replace(score, tracks=tracks)
    if len(score.tracks) == len(_VOICES):
        return score
    names = ", ".join(track.name for track in score.tracks)
    raise EncodingError(f"{len(score.tracks)} parts ({names}), expected soprano, alto, tenor and bass. Name the voices so, or leave four.")


def on_sixteenths(score: Score) -> Score:
    """Return a score without the 32nd notes that stand in nine of the files: of the notes within one 16th the longest stays."""
    step = score.ticks_per_quarter // 4
    return replace(score, tracks=tuple(_without_32nds(track, step) for track in score.tracks))


def _without_32nds(track: Track, step: int) -> Track:
    """A track of which each 16th keeps one beginning, that of its longest note (the first of equals), moved to its own beginning.

    A note that begins where another of the track still sounds is dropped; notes that end off the grid end on its next line.
    """
    cell = track.start // step
    end = -(-track.end // step) * step
    kept: list[int] = []
    for note in np.lexsort((-track.duration, cell)):
        begins_a_cell = not kept or cell[note] > cell[kept[-1]]
        is_free = track.start[note] % step == 0 or track.duration[note] > step or not kept or end[kept[-1]] <= cell[note] * step
        if begins_a_cell and is_free:
            kept.append(int(note))
    start = cell[kept] * step
    end = np.minimum(end[kept], np.append(start[1:], end[kept[-1:]]))
    return replace(track, start=start, duration=end - start, pitch=track.pitch[kept], velocity=track.velocity[kept])
