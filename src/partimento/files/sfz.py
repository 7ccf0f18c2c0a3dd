"""SFZ: a text that says which recording sounds for which keys and velocities. A piano's share of it is read.

Format: sfzformat.com (SFZ 1, Cakewalk 2004): headers such as ``<region>``, and opcodes, ``name=value``. Groups, masters and the
global header hand down what they say. Read are ``sample``, ``default_path``, ``key``, ``lokey``, ``hikey``, ``pitch_keycenter``,
``lovel``, ``hivel``, ``transpose``, ``tune``, ``volume``, ``trigger`` and ``#define``; regions that another trigger than a strike sets
off (releases, pedal noises) are left out, and so is everything that shapes a sound further. An ``#include`` is refused, for what it would
add is not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from partimento.errors import ReadError

MOST_BYTES = 4_000_000
MOST_REGIONS = 20_000

_HEADERS = {"control": 0, "global": 1, "master": 2, "group": 3, "region": 4}
_TOKEN = re.compile(r"<(?P<header>\w+)>|(?P<name>[A-Za-z_]\w*)=(?P<value>(?:(?![A-Za-z_]\w*=|<\w+>)[^\n])*)")
_NOTE = re.compile(r"([a-gA-G])([#b]?)(-?\d+)")
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_STRUCK = ("attack", "first")


@dataclass(frozen=True)
class Region:
    """A recording, and when it sounds.

    Attributes:
        sample: Its file.
        low: Lowest MIDI key.
        high: Highest.
        centre: The key at which it is played as it was recorded.
        soft: Lowest velocity.
        loud: Highest.
        cents: By which it is tuned higher.
        decibels: By which it is louder.
    """

    sample: Path
    low: int
    high: int
    centre: int
    soft: int
    loud: int
    cents: float
    decibels: float


def read_sfz(path: Path) -> list[Region]:
    """Return the regions that a strike of a key makes sound.

    Args:
        path: An .sfz file; its samples lie beside or below it.

    Raises:
        ReadError: When it cannot be read, says what is no number or key, or has no such region.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReadError(f"{path.name}: could not be opened ({error.strerror}). Check the path '{path}'.") from error
    if len(data) > MOST_BYTES:
        raise ReadError(f"{path.name}: {len(data)} bytes, expected at most {MOST_BYTES}. It is no SFZ.")
    text = _defined(re.sub(r"/\*.*?\*/", " ", re.sub(r"//[^\n]*", "", data.decode(errors="replace")), flags=re.S), path.name)
    said: list[dict[str, str]] = [{} for _ in _HEADERS]
    regions: list[Region] = []
    now = -1
    for token in _TOKEN.finditer(text):
        if token["header"]:
            regions += _ended(said, now, path)
            now = _HEADERS.get(token["header"], -1)
            for level in range(max(now, 1), len(said)) if now > 0 else ():
                said[level] = {}
            if len(regions) > MOST_REGIONS:
                raise ReadError(f"{path.name}: more than {MOST_REGIONS} regions. It is no piano.")
        elif now >= 0:
            said[now][token["name"].lower()] = token["value"].strip()
    regions += _ended(said, now, path)
    if not regions:
        raise ReadError(f"{path.name}: has no region with a sample that a key sets off. It is no SFZ of an instrument.")
    return regions


def _defined(text: str, name: str) -> str:
    """The text with what ``#define`` defines put in its place."""
    if "#include" in text:
        raise ReadError(f"{name}: includes other files, which is not read. Put them in its place.")
    for word, value in sorted(re.findall(r"#define\s+(\$\w+)\s+([^\s$]+)", text), key=lambda pair: -len(pair[0])):
        if len(text) + text.count(word) * len(value) > 4 * MOST_BYTES:
            raise ReadError(f"{name}: {word} stands for too much, too often. It is no piano.")
        text = text.replace(word, value)
    return re.sub(r"#define[^\n]*", "", text)


def _ended(said: list[dict[str, str]], now: int, path: Path) -> list[Region]:
    """The region that ends where a header begins, if one does and a strike sets it off."""
    if now != _HEADERS["region"]:
        return []
    words = {name: value for level in said for name, value in level.items()}
    if "sample" not in words or words.get("trigger", "attack") not in _STRUCK:
        return []
    key = words.get("key")
    low, high, centre = (
        _key(words.get(name, key or usual), name, path) for name, usual in (("lokey", "0"), ("hikey", "127"), ("pitch_keycenter", "60"))
    )
    soft, loud = (round(_number(words.get(name, usual), name, path)) for name, usual in (("lovel", "1"), ("hivel", "127")))
    cents = 100 * _number(words.get("transpose", "0"), "transpose", path) + _number(
        words.get("tune", words.get("pitch", "0")), "tune", path
    )
    decibels = _number(words.get("volume", "0"), "volume", path)
    sample = _beside(path, words.get("default_path", "") + words["sample"])
    return [Region(sample, low, high, centre, soft, loud, cents, decibels)] if low <= high and soft <= loud else []


def _beside(path: Path, words: str) -> Path:
    """A sample's file, which lies beside or below the SFZ."""
    place = PurePosixPath(words.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or ":" in words:
        raise ReadError(f"{path.name}: sample '{words[:80]}' lies elsewhere, expected one beside or below the SFZ. Move it there.")
    return path.parent / place


def _key(value: str, name: str, path: Path) -> int:
    """A MIDI key, which may be written as a note; -1 is none."""
    if match := _NOTE.fullmatch(value):
        step, accidental, octave = match.groups()
        return 12 * (int(octave) + 1) + _STEPS[step.lower()] + {"#": 1, "b": -1, "": 0}[accidental]
    return round(_number(value, name, path))


def _number(value: str, name: str, path: Path) -> float:
    """A number."""
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e6:
        raise ReadError(f"{path.name}: {name}={value[:40]}, expected a number. It is no SFZ, or a damaged one.")
    return number
