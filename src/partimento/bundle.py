"""A trained model on disk: a folder that needs nothing else, and that notices a single flipped bit.

    card.json           what it is, what it was trained on, how good it is, what one may do with it
    weights.safetensors the weights as trained; a large one with a graph may come without
    step.onnx           one step of the network, int8, for composing without torch
    fingerprints.safetensors  hashes of the training pieces' melodies, to tell copies
    hashes.json         SHA-256 of every other file

No file is opened before its hash fits, and none is a pickle. A new bundle in the place of an old one is first
written whole into the folder ``.next``; from then on it is the one that is loaded, and its files move to their places.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.catalog import build_encoding
from partimento.encoding.encoding import Encoding
from partimento.errors import BundleError, PartimentoError, WriteError, nearest
from partimento.files.dispatch import read_bytes
from partimento.files.tensors import read_tensors
from partimento.files.whole import UNFINISHED, make_folder, write_error, write_whole
from partimento.models.coconet_session import CoconetSession
from partimento.models.dice import Dice
from partimento.models.markov import Markov
from partimento.models.model import SequenceModel
from partimento.models.onnx_session import OnnxSession
from partimento.models.transformer_session import TransformerSession

FORMAT = 1
CARD, WEIGHTS, STEP, FINGERPRINTS, HASHES = "card.json", "weights.safetensors", "step.onnx", "fingerprints.safetensors", "hashes.json"
NEXT = ".next"

ZOO = Path(__file__).parent / "zoo"
"""The bundles that come with the package."""

LARGEST_BUNDLE_BYTES = 2**29
"""All files of a bundle together; the largest that is shipped has 40 MB."""

TABLES: Mapping[str, Callable[[Mapping[str, NDArray[np.generic]]], SequenceModel]] = {
    "dice": Dice.of_tensors,
    "markov": Markov.of_tensors,
}
"""Models without a graph -> what makes them of their weights."""

SESSIONS: Mapping[str, Callable[[bytes], SequenceModel]] = {
    "coconet": CoconetSession,
    **dict.fromkeys(("transformer", "music_transformer", "modern_transformer"), TransformerSession),
}
"""Models whose graph is more than one step -> what makes them of it."""

LONGEST_NAME = 200
"""Bytes of a model's name: the names of its pieces are a little longer, and file systems take 255."""


_KINDS: Mapping[str, tuple[type, str]] = {
    **dict.fromkeys(("name", "summary", "version", "permission"), (str, "words")),
    "limits": (list, "a list"),
    "format": (int, "a whole number"),
}
"""Field of a card -> what its JSON is, where it is no object."""


@dataclass(frozen=True)
class Card:
    """What has to be said of a trained model.

    Attributes:
        name: Its name.
        summary: One sentence: what it writes.
        version: Version of partimento that trained it.
        model: Architecture and its settings: ``name`` and what that one needs.
        encoding: Encoding and its settings: ``name`` and what that one needs.
        data: Corpus, licence, citation, checksum, pieces in each part.
        training: Command, steps, seconds, seed and settings.
        figures: Measured figures, each with its definition.
        limits: What is wrong with it, in sentences.
        sampling: Defaults of the sampler.
        permission: One sentence: what one may do with the weights and with what they compose.
    """

    name: str
    summary: str
    version: str
    model: Mapping[str, Any]
    encoding: Mapping[str, Any]
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    figures: Mapping[str, Any]
    limits: tuple[str, ...]
    sampling: Mapping[str, Any]
    permission: str
    format: int = field(default=FORMAT)

    def as_json(self) -> str:
        """Return the card as JSON, the same text for the same card."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A loaded bundle: `card`, and the bytes of its files, all of them checked."""

    folder: Path
    card: Card
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """First 12 digits of the SHA-256 of the weights, or of the graph that holds them in bytes: which model exactly it was."""
        return hashlib.sha256(self.files.get(WEIGHTS) or self.files.get(STEP, b"")).hexdigest()[:12]

    @property
    def fingerprints(self) -> bytes | None:
        """Its file of fingerprints; of a shipped bundle that has none, that of another shipped one that learnt from the same pieces."""
        own = self.files.get(FINGERPRINTS)
        if own is not None or self.folder.parent != ZOO:
            return own
        for name in shipped():
            folder = ZOO / name
            if FINGERPRINTS in _hashes(folder) and _same_pieces(self.card, card_of(read_bytes(folder / CARD), name)):
                return load_bundle(folder).files[FINGERPRINTS]
        return None

    def encoding(self) -> Encoding:
        """Return the encoding the model speaks.

        Raises:
            BundleError: When it is an ear, a voice or a judge, which speak none.
        """
        if not self.card.encoding:
            remedy = "Take a composer: partimento models list shows them."
            raise BundleError(f"model '{self.card.name}': is an ear, a voice or a judge and writes no music. {remedy}")
        options = dict(self.card.encoding)
        return build_encoding(str(options.pop("name", "")), options)

    def model(self) -> SequenceModel:
        """Return the model, ready to step, without torch.

        Raises:
            BundleError: When the files do not make the model the card names.
        """
        kind = str(self.card.model.get("name", ""))
        try:
            if kind in TABLES:
                model: SequenceModel = TABLES[kind](read_tensors(self.files[WEIGHTS], WEIGHTS))
            else:
                model = SESSIONS.get(kind, OnnxSession)(self.files[STEP])
        except KeyError as missing:
            raise BundleError(f"{self.folder}: has no {missing.args[0]}, which a '{kind}' needs. Fetch or train it again.") from missing
        except ValueError as error:
            raise BundleError(f"{self.folder}: {error}. Fetch or train it again.") from error
        self._try(model)
        if model.vocabulary != len(self.encoding().vocabulary):
            raise BundleError(
                f"{self.folder}: the model has {model.vocabulary} ids, its encoding {len(self.encoding().vocabulary)}. "
                "It is from another version of partimento; use that one, or train again."
            )
        return model

    def _try(self, model: SequenceModel) -> None:
        """Take one step: a graph may load and yet not run."""
        try:
            logits, _ = model.step(np.zeros(1, np.int64), model.start(1))
        except Exception as error:  # onnxruntime's errors share no public base class
            raise BundleError(f"{self.folder}: the model cannot step ({str(error)[:200]}). Fetch or train it again.") from error
        if logits.shape != (1, model.vocabulary) or not np.isfinite(logits).all():
            raise BundleError(f"{self.folder}: the model gives {logits.shape} logits that are no numbers. Fetch or train it again.")


def save_bundle(folder: str | os.PathLike[str], card: Card, files: Mapping[str, bytes]) -> Path:
    """Write a bundle; at any moment, killed or with the disk full, the folder holds the old one whole, or this one.

    Args:
        folder: Where; it may hold other files, which stay. Those of an older bundle go.
        card: What it is.
        files: File name -> bytes, the card and the hashes not among them.

    Raises:
        WriteError: When the disk is full or the folder may not be written.
    """
    target = make_folder(folder)
    whole = {CARD: card.as_json().encode("utf-8", "backslashreplace"), **files}  # a folder's name may hold any bytes
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(whole.items())}
    staging = None
    try:
        _move_in(target)
        staging = Path(tempfile.mkdtemp(prefix=".bundle.", suffix=UNFINISHED, dir=target))
        for name, data in {**whole, HASHES: _hash_text(hashes).encode()}.items():
            write_whole(staging / name, data)
        os.replace(staging, target / NEXT)
        _move_in(target)
    except WriteError:
        raise
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
    return target


def _move_in(target: Path) -> None:
    """Move the files of a bundle that stands whole in `NEXT` to their places, its hashes last."""
    ready = target / NEXT
    try:
        new = _hashes(ready)
    except BundleError:
        shutil.rmtree(ready, ignore_errors=True)  # nothing there, or all of it has been moved
        return
    try:
        old = set(_hashes(target))
    except BundleError:
        old = set()
    for name in new:
        if (ready / name).exists():
            os.replace(ready / name, target / name)
    for name in old - new.keys():
        (target / name).unlink(missing_ok=True)
    os.replace(ready / HASHES, target / HASHES)
    ready.rmdir()


def load_bundle(folder: str | os.PathLike[str]) -> Bundle:
    """Return the bundle in `folder`, every file checked against its hash.

    Raises:
        BundleError: When the folder is no bundle, a file is missing or changed, or another version wrote it.
    """
    source = Path(folder)
    ready = source / NEXT if (source / NEXT / HASHES).is_file() else source
    if not (ready / HASHES).is_file():
        raise BundleError(
            f"{source}: is no bundle (no {HASHES} in it). Give the folder that `partimento train --out` made, "
            "or a name of `partimento models list`."
        )
    hashes = _hashes(ready)
    files: dict[str, bytes] = {}
    for name, expected in hashes.items():
        path = ready / name if (ready / name).exists() else source / name
        if path.is_symlink():
            raise BundleError(f"{path}: is a link, expected a file of the bundle itself. Copy the bundle with its files.")
        try:
            data = read_bytes(path, LARGEST_BUNDLE_BYTES - sum(map(len, files.values())))
        except PartimentoError as error:
            raise BundleError(
                f"{source / name}: missing or unreadable, though {HASHES} names it. Fetch or train the bundle again."
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != expected:
            raise BundleError(
                f"{source / name}: is damaged or was changed (SHA-256 {found[:12]}..., expected {expected[:12]}...). "
                "Fetch or train the bundle again."
            )
        files[name] = data
    return Bundle(source, card_of(files.pop(CARD), str(source / CARD)), files)


def _same_pieces(one: Card, other: Card) -> bool:
    """Whether two models learnt from the same pieces in encodings of the same name, whatever their options: then the notes are the same."""
    checksums = {card.data.get("checksum") for card in (one, other)}
    return len(checksums) == 1 and None not in checksums and one.encoding.get("name") == other.encoding.get("name")


def card_of(data: bytes, name: str) -> Card:
    """Return the card that JSON bytes say.

    Raises:
        BundleError: When they are no card, or one of another format.
    """
    try:
        values = json.loads(data.decode("utf-8"), parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{name}: is no JSON ({type(error).__name__}: {error}). Fetch or train the bundle again.") from error
    if not isinstance(values, dict):
        raise BundleError(f"{name}: holds a {type(values).__name__}, expected an object. Fetch or train the bundle again.")
    if values.get("format") != FORMAT:
        raise BundleError(
            f"{name}: format {values.get('format')}, expected {FORMAT}. It is from another version of partimento; "
            "use that one, or train again."
        )
    known = {entry.name for entry in fields(Card)}
    for key in values:
        if key not in known:
            raise BundleError(f"{name}: unknown field '{key}'{nearest(key, known)}")
    missing = sorted(known - values.keys())
    if missing:
        raise BundleError(f"{name}: lacks {', '.join(missing)}. Fetch or train the bundle again.")
    for key, value in values.items():
        kind, word = _KINDS.get(key, (dict, "an object"))
        if not isinstance(value, kind):
            raise BundleError(f"{name}: '{key}' is a {type(value).__name__}, expected {word}. Fetch or train the bundle again.")
    if not is_plain_name(values["name"]):
        raise BundleError(
            f"{name}: the model's name '{values['name']}' is no plain file name, which its pieces need. Do not use this bundle."
        )
    return Card(**{**values, "limits": tuple(values["limits"])})


def is_plain_name(name: str) -> bool:
    """Whether files can be named after a model called `name`, and stay in their folder."""
    try:
        fits = 1 <= len(os.fsencode(name)) <= LONGEST_NAME
    except UnicodeEncodeError:
        return False
    return fits and Path(name).name == name and name != ".." and "\0" not in name


def _number(word: str) -> float:
    """A number of a card; NaN and infinities, which JSON does not have, are none."""
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"{word[:20]} is no number{'' if math.isnan(value) else ' a card may hold'}")
    return value


def _hash_text(hashes: Mapping[str, str]) -> str:
    """The one way in which hashes are written."""
    return json.dumps(dict(sorted(hashes.items())), indent=2) + "\n"


def _hashes(source: Path) -> dict[str, str]:
    """File name -> SHA-256, names checked to stay in the folder."""
    try:
        text = read_bytes(source / HASHES, 2**20).decode("ascii")
        hashes = json.loads(text)
        sound = isinstance(hashes, dict) and _hash_text(hashes) == text
    except (ValueError, RecursionError, TypeError, AttributeError):
        sound = False
    if not sound or CARD not in hashes or not {HASHES}.isdisjoint(hashes):
        raise BundleError(f"{source / HASHES}: is damaged or was changed. Fetch or train the bundle again.")
    for name, value in hashes.items():
        if not is_plain_name(name):
            raise BundleError(f"{source / HASHES}: names '{name}', which is no plain file name. Do not use this bundle.")
        if not isinstance(value, str):
            raise BundleError(
                f"{source / HASHES}: the hash of '{name}' is a {type(value).__name__}, expected text. Fetch or train it again."
            )
    return dict(hashes)


def shipped() -> tuple[str, ...]:
    """Return the names of the bundles that come with the package."""
    return tuple(sorted(folder.name for folder in ZOO.iterdir() if (folder / HASHES).is_file())) if ZOO.is_dir() else ()


def bundle_folder(name: str | os.PathLike[str]) -> Path:
    """Return the folder of a shipped bundle's name, or of a folder.

    Raises:
        BundleError: When it is neither; names the nearest.
    """
    text = os.fspath(name)
    if text in shipped():
        return ZOO / text
    if Path(text).is_dir():
        return Path(text)
    raise BundleError(f"model '{text}': neither a folder nor a shipped model{nearest(text, shipped())}")
