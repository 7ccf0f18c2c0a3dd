"""From names and folders to a corpus: what the `CORPUS...` of a command means.

    music21-chorales         a named set that comes with a dependency
    nottingham               a named set that was downloaded
    nottingham=some/folder   the same, kept somewhere else
    some/folder              every file below it that can be read

Pieces without a split of their own are told apart by melody, so that two versions of one tune never stand on both
sides of it, even when they come from two sets.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from partimento.corpus.corpus import Corpus, Part, Piece, check_split, known
from partimento.corpus.dataset import DataSet, data_home
from partimento.corpus.dedupe import works
from partimento.corpus.sources import DATA_SETS, music21_chorales
from partimento.corpus.splits import split_by_work
from partimento.errors import CorpusError, PartimentoError
from partimento.files.abc import read_tune_book
from partimento.files.dispatch import FORMATS, can_be_read, read_bytes
from partimento.files.dispatch import read as read_score
from partimento.score import Score

UNSTATED = "not stated: a folder of the user's own"

_FOLDER_WORDS = (UNSTATED, "the user's own files", "What may be done with weights trained on it depends on the files; you know them.")


def open_corpus(names: Sequence[str]) -> Corpus:
    """Return what `names` name, as one corpus with a fair split.

    Args:
        names: Data sets, ``set=folder``, folders or files.

    Raises:
        CorpusError: When a name is none, a folder holds no music, or there is too little to split.
    """
    if not names or not all(name.strip() for name in names):
        raise CorpusError("no corpus given. Name a folder of MIDI, ABC, MusicXML or kern files, or a set of `partimento corpus list`.")
    parts: list[Corpus] = []
    for name in dict.fromkeys(names):
        part = _open_one(name)
        same = sum(part.name == other.name for other in parts)  # two folders may end in one name
        parts.append(replace(part, name=f"{part.name} ({same + 1})") if same else part)
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    if all(part.has_own_split for part in parts):
        return check_split(whole)
    return check_split(_split_again(whole))


def _open_one(name: str) -> Corpus:
    """One name as a corpus; every piece but those of a fixed split is `train` for now."""
    if name == music21_chorales.NAME:
        return music21_chorales.corpus()
    word, _, place = name.partition("=")
    if word in DATA_SETS and (place or not Path(name).exists()):
        data_set = DATA_SETS[word]
        folder = Path(place) if place else data_home() / word
        if data_set.pieces is not None:
            return Corpus(word, data_set.pieces(folder), data_set.licence, data_set.citation, data_set.weights, has_own_split=True)
        return _of_files(word, data_set.find(folder), data_set)
    path = Path(name)
    if path.is_file():
        return _of_files(path.name, [path], None)
    if path.is_dir():
        files = sorted(Path(folder) / file for folder, _, names in os.walk(path) for file in names)
        usable = [file for file in files if can_be_read(file)]
        if not usable:
            kinds = ", ".join(sorted(suffix for suffix, kind in FORMATS.items() if kind.reader))
            raise CorpusError(f"{name}: holds {len(files)} files, none of them music. Expected files ending in {kinds}.")
        return _of_files(path.name or str(path), usable, None, root=path)
    known(word, {**DATA_SETS, music21_chorales.NAME: None})
    raise CorpusError(f"{name}: no such folder.")


def _of_files(name: str, files: Sequence[Path], data_set: DataSet | None, root: Path | None = None) -> Corpus:
    """Every piece in `files`, read now; a file that cannot be read is skipped with its reason."""
    licence, citation, weights = (data_set.licence, data_set.citation, data_set.weights) if data_set else _FOLDER_WORDS
    pieces: list[Piece] = []
    skipped: dict[str, str] = {}
    for file in files:
        source = str(file.relative_to(root)) if root else file.name
        try:
            for part, score, checksum in _scores(file, skipped, source):
                tidy = data_set.tidy(score) if data_set else score
                pieces.append(Piece(f"{source}{part}", _giver(tidy), licence, source, "train", checksum))
        except PartimentoError as error:
            skipped[source] = str(error)
    return Corpus(name, tuple(pieces), licence, citation, weights, skipped)


def _scores(file: Path, skipped: dict[str, str], source: str) -> Iterator[tuple[str, Score, str]]:
    """The pieces of one file: a tune book holds many."""
    data = read_bytes(file)
    if file.suffix.lower() == ".abc":
        book = read_tune_book(data, file.name)
        for number, line in enumerate(book.broken):
            skipped[f"{source}, broken tune {number + 1}"] = line
        for number, tune in enumerate(book.tunes):
            yield f"#{number + 1}", tune, hashlib.sha256(data + number.to_bytes(4, "little")).hexdigest()
    else:
        yield "", read_score(file), hashlib.sha256(data).hexdigest()


def _giver(score: Score) -> Callable[[], Score]:
    """A function that returns `score`."""
    return lambda: score


def _split_again(corpus: Corpus) -> Corpus:
    """The corpus split by melody; works that already are in a test or validation part keep it, copies of them too."""
    kept: list[tuple[Piece, Score]] = []
    skipped = dict(corpus.skipped)
    for piece in corpus.pieces:
        try:
            score = piece.read()
        except PartimentoError as error:
            skipped[piece.id] = str(error)
            continue
        if score.note_count:
            kept.append((piece, score))
        else:
            skipped[piece.id] = f"{piece.source}: has no notes."
    if len(kept) < 2:
        raise CorpusError(
            f"{corpus.name}: {len(kept)} pieces can be used ({len(skipped)} left out), expected at least 2: "
            "one to learn from, one to check on."
        )
    numbers = works([score for _, score in kept])
    names = [kept[number][0].id for number in numbers]
    if len(set(names)) < 2:
        raise CorpusError(f"{corpus.name}: all {len(kept)} pieces share one melody, so none is left to check on. Give other pieces too.")
    settled: tuple[Part, ...] = ("valid", "test")
    fixed = {name: part for part in settled for name, (piece, _) in zip(names, kept, strict=True) if piece.split == part}
    pieces = [
        replace(piece, read=_giver(score), split=fixed.get(name, part))
        for name, (piece, score), part in zip(names, kept, split_by_work(names), strict=True)
    ]
    return Corpus(corpus.name, tuple(pieces), corpus.licence, corpus.citation, corpus.weights, skipped)
