"""A SoundFont file as values: which recording plays a key of an instrument, and how.

Source: SoundFont Technical Specification 2.04 (E-mu, 2006), sections 4 to 8; SF3's Vorbis samples as
MuseScore writes them. Only instruments, their zones and their recordings are kept.
"""

from __future__ import annotations

import importlib.util
import io
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.errors import AudioError
from partimento.synthesis.recording import Sample

Frames = NDArray[np.float32]

INSTALLED = (
    "/usr/share/sounds/sf3/MuseScore_General_Lite.sf3",  # Debian musescore-general-soundfont-small
    "/usr/share/sounds/sf3/MuseScore_General.sf3",
    "/usr/share/sounds/sf2/MuseScore_General.sf2",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",  # Debian fluid-soundfont-gm
    "/usr/share/soundfonts/FluidR3_GM.sf2",  # Fedora, Arch
    "/usr/share/sounds/sf3/default-GM.sf3",
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/soundfonts/default.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",  # Debian timgm6mb-soundfont
)
"""Where systems keep General MIDI banks, the best sounding first."""

BETTER = "A better piano and better instruments are one command away on Debian and Ubuntu: apt install musescore-general-soundfont-small"
"""What is to be said where only the small bank of pretty_midi's wheel was found."""

LARGEST_BANK_BYTES = 2**31
MOST_ZONES = 20_000
"""Zones of one instrument; a concert grand with 16 velocities has about 3,000."""

MOST_RECORDS = 2**16 + 1
"""Records of a table: an index has 16 bits, and one more record marks the end."""

MOST_READ = 2**20
"""Records that lead to one instrument: tables that point at each other can be read for hours."""

MOST_AT_ONCE = 256
"""Recordings that sound for one key at one velocity; a layered stereo piano has four."""

MOST_MODULATORS = 256
"""Of a zone; those by default are ten."""

MOST_CHUNKS = 4096
"""A bank has about thirty."""

LONGEST_RECORDING_FRAMES = 2**22
"""A recording is read no further, 95 s at 44.1 kHz: a note sounds for 60, and a few compressed bytes may claim hours."""

MOST_KEPT_FRAMES = 2**27
"""Frames of recordings that are kept once they are decoded, 512 MB."""

DRUM_BANK = 128
"""The bank number of percussion (General MIDI)."""

KEY_RANGE, VELOCITY_RANGE, INSTRUMENT, SAMPLE = 43, 44, 41, 53
DEFAULTS = {8: 13500, 56: 100, 58: -1, 46: -1, **dict.fromkeys((21, 23, 25, 26, 27, 28, 30, 33, 34, 35, 36, 38), -12000)}
"""Generators whose value is not 0 where none is written."""

ATTENUATION = 48
_INSTRUMENT_ONLY = {0, 1, 2, 3, 4, 12, 45, 46, 47, 50, 54, 57, 58}  # generators that a preset may not change
_RECORDS = {b"phdr": 38, b"pbag": 4, b"pmod": 10, b"pgen": 4, b"inst": 22, b"ibag": 4, b"imod": 10, b"igen": 4, b"shdr": 46}
_COMPRESSED = 0x10  # SF3: the sample is an Ogg Vorbis stream, and its addresses count bytes


class Modulator(NamedTuple):
    """What turns a source (a velocity, a key, a controller) into a change of a generator; see `modulation`."""

    source: int
    generator: int
    amount: int
    scale: int
    transform: int


DEFAULT_MODULATORS = (Modulator(0x0502, ATTENUATION, 960, 0, 0),)
"""Velocity to loudness, 40 dB a decade (section 8.4.1). Of the other default ones the player applies volume,
expression and pan; velocity to brightness (8.4.2) players have long left out, as banks are made without it."""


@dataclass(frozen=True)
class Zone:
    """One recording of an instrument: the keys and velocities that it plays, and its generators.

    Attributes:
        keys: Lowest and highest MIDI key.
        velocities: Lowest and highest velocity.
        sample: Index of the recording.
        settings: Generator number -> value, in the units of the specification.
        modulators: What key and velocity do to the settings.
    """

    keys: tuple[int, int]
    velocities: tuple[int, int]
    sample: int
    settings: Mapping[int, float]
    modulators: tuple[Modulator, ...] = ()

    def __getitem__(self, generator: int) -> float:
        return self.settings.get(generator, DEFAULTS.get(generator, 0))

    def plays(self, key: int, velocity: int) -> bool:
        """Return whether this zone sounds for a key struck at a velocity."""
        return self.keys[0] <= key <= self.keys[1] and self.velocities[0] <= velocity <= self.velocities[1]


class _Bag(NamedTuple):
    """A zone as it stands in the file: settings, modulators by identity, and the instrument or sample it leads to."""

    settings: dict[int, int]
    modulators: dict[tuple[int, int, int, int], Modulator]
    target: int


def find_bank(path: str | os.PathLike[str] | None = None) -> Path:
    """Return the SoundFont to play with: `path`, else an installed one, else the one in pretty_midi's wheel.

    Raises:
        AudioError: When `path` is no file, or no bank is found anywhere.
    """
    if path is not None:
        chosen = Path(path)
        if not chosen.is_file():
            raise AudioError(f"soundfont '{chosen}': there is no such file. Give the path of an .sf2 or .sf3 file.")
        return chosen
    for place in INSTALLED:
        if Path(place).is_file():
            return Path(place)
    carrier = importlib.util.find_spec("pretty_midi")  # located, not imported: that costs half a second
    if carrier is not None and carrier.origin is not None:
        bank = Path(carrier.origin).with_name("TimGM6mb.sf2")
        if bank.is_file():
            return bank
    raise AudioError(
        "no soundfont found. Give one with --soundfont FILE, install Debian's musescore-general-soundfont-small, "
        "or 'pip install pretty_midi'."
    )


class SoundBank:
    """The instruments of one SoundFont (.sf2, .sf3) file.

    Args:
        data: The file's bytes.
        name: The file's name, for messages.

    Raises:
        AudioError: When the bytes are no whole SoundFont.
    """

    def __init__(self, data: bytes, name: str = "soundfont") -> None:
        self.name = name
        self._data = data
        chunks = self._chunks()
        self._tables = {ident: self._table(chunks, ident, size) for ident, size in _RECORDS.items()}
        if b"smpl" not in chunks:
            raise self._broken("has no samples ('smpl')")
        begin, length = chunks[b"smpl"]
        self._samples = memoryview(data)[begin : begin + length]
        self._zones: dict[int, tuple[Zone, ...]] = {}
        self._read = 0
        self._decoded: dict[int, Sample] = {}
        if not self.presets:
            raise self._broken("holds no instruments")

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SoundBank:
        """Read a SoundFont file.

        Raises:
            AudioError: When the file cannot be opened, is too large, or is no whole SoundFont.
        """
        source = Path(path)
        try:
            if source.stat().st_size > LARGEST_BANK_BYTES:
                raise AudioError(f"soundfont '{source.name}': larger than {LARGEST_BANK_BYTES} bytes. Use a smaller bank.")
            data = source.read_bytes()
        except OSError as error:
            raise AudioError(f"soundfont '{source}': could not be opened ({error.strerror or error}). Check the path.") from error
        return cls(data, source.name)

    @cached_property
    def presets(self) -> dict[tuple[int, int], int]:
        """(bank, program) -> index of the preset."""
        heads = self._tables[b"phdr"][:-1]  # the last record only marks the end
        return {struct.unpack_from("<HH", head, 20)[::-1]: index for index, head in reversed(list(enumerate(heads)))}

    def zones(self, program: int, is_drum: bool = False) -> tuple[Zone, ...]:
        """Return the zones of a General MIDI program (0 to 127) or drum kit.

        A program that the bank lacks is played by its relative of the same family of eight, else by the
        first instrument; a kit by the standard one.

        Raises:
            AudioError: When the bank's tables contradict each other.
        """
        wanted = [(DRUM_BANK, program), (DRUM_BANK, 0)] if is_drum else [(0, program), (0, program // 8 * 8), (0, 0)]
        index = next((self.presets[at] for at in wanted if at in self.presets), min(self.presets.values()))
        if index not in self._zones:
            try:
                self._zones[index] = tuple(self._preset_zones(index))
            except (IndexError, struct.error) as error:
                raise self._broken(f"preset {index} points outside its tables") from error
        return self._zones[index]

    def sample(self, index: int) -> Sample:
        """Return a recording; it is decoded as its values are asked for.

        Raises:
            AudioError: When it lies outside the file or cannot be decoded.
        """
        if index not in self._decoded:
            heads = self._tables[b"shdr"]
            if not 0 <= index < len(heads) - 1:
                raise self._broken(f"sample {index} of {len(heads) - 1} is asked for")
            if sum(sample.values.size for sample in self._decoded.values()) > MOST_KEPT_FRAMES:
                self._decoded.clear()
            self._decoded[index] = self._decode(index, heads[index])
        return self._decoded[index]

    def _decode(self, index: int, head: memoryview) -> Sample:
        """The recording that a sample header describes."""
        start, end, loop_start, loop_end, rate, key, correction, _, kind = struct.unpack_from("<5IBbHH", head, 20)
        compressed = bool(kind & _COMPRESSED)
        unit = 1 if compressed else 2
        if not start < end <= len(self._samples) // unit or not 400 <= rate <= 384_000:
            raise self._broken(f"sample {index} lies at {start} to {end} of {len(self._samples) // unit}, {rate} Hz")
        raw = self._samples[start * unit : end * unit]
        more = {"rate": rate, "key": 60 if key > 127 else key, "cents": correction}
        if compressed:
            decode = partial(_vorbis, raw, self._broken(f"sample {index} cannot be decoded"))  # without the bank, which then is freed
            frames = min(decode(0)[1], LONGEST_RECORDING_FRAMES)
            return Sample(lambda most: decode(most)[0], frames, loop=(loop_start, loop_end), **more)
        values = np.frombuffer(raw[: 2 * LONGEST_RECORDING_FRAMES], "<i2")
        loop = (loop_start - start, loop_end - start)
        return Sample(lambda most: values[:most].astype(np.float32) / np.float32(32768), values.size, loop=loop, **more)

    def _preset_zones(self, index: int) -> list[Zone]:
        """The zones of a preset: those of its instruments, with the preset's settings added."""
        zones = []
        self._read = 0
        for preset in self._bags(b"phdr", 24, b"p", index=index, last=INSTRUMENT):
            for bag in self._bags(b"inst", 20, b"i", index=preset.target, last=SAMPLE):
                settings = dict(bag.settings)
                for generator, value in preset.settings.items():
                    if generator not in _INSTRUMENT_ONLY and generator not in (KEY_RANGE, VELOCITY_RANGE):
                        settings[generator] = bag.settings.get(generator, DEFAULTS.get(generator, 0)) + value
                keys, velocities = (_overlap(preset.settings, bag.settings, which) for which in (KEY_RANGE, VELOCITY_RANGE))
                if keys[0] <= keys[1] and velocities[0] <= velocities[1]:
                    own = {**{_identity(m): m for m in DEFAULT_MODULATORS}, **bag.modulators}
                    zones.append(Zone(keys, velocities, bag.target, settings, (*own.values(), *preset.modulators.values())))
                    if len(zones[-1].modulators) > MOST_MODULATORS:
                        raise self._broken(f"preset {index} has a zone with more than {MOST_MODULATORS} modulators")
                if len(zones) > MOST_ZONES:
                    raise self._broken(f"preset {index} has more than {MOST_ZONES} zones")
        if len(zones) > MOST_AT_ONCE and recordings(zones).max() > MOST_AT_ONCE:
            raise self._broken(f"preset {index} plays more than {MOST_AT_ONCE} recordings at once")
        return zones

    def _bags(self, heads: bytes, offset: int, kind: bytes, *, index: int, last: int) -> list[_Bag]:
        """The zones of one preset or instrument, a global zone's settings and modulators filled in."""
        head = self._tables[heads]
        first, stop = (struct.unpack_from("<H", head[index + step], offset)[0] for step in (0, 1))
        common = _Bag({}, {}, 0)
        found = []
        for bag in range(first, stop):
            (begin, begin_mod), (end, end_mod) = (struct.unpack("<HH", self._tables[kind + b"bag"][bag + step]) for step in (0, 1))
            self._read += 1 + max(end - begin, 0) + max(end_mod - begin_mod, 0)
            if self._read > MOST_READ:
                raise self._broken("its tables lead to more records than any instrument has")
            settings: dict[int, int] = dict(struct.unpack("<Hh", record) for record in self._tables[kind + b"gen"][begin:end])
            records = (Modulator(*struct.unpack("<HHhHH", record)) for record in self._tables[kind + b"mod"][begin_mod:end_mod])
            modulators = {_identity(record): record for record in records}
            if last in settings:
                target = settings[last] & 0xFFFF
                found.append(_Bag({**common.settings, **settings}, {**common.modulators, **modulators}, target))
            elif bag == first:
                common = _Bag(settings, modulators, 0)
        return found

    def _chunks(self) -> dict[bytes, tuple[int, int]]:
        """Where each chunk's content begins and how long it is; lists are opened."""
        data = self._data
        if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
            raise self._broken(f"starts with {data[:12]!r}, expected RIFF....sfbk")
        chunks: dict[bytes, tuple[int, int]] = {}
        at, seen = 12, 0
        while at + 8 <= len(data):
            seen += 1
            if seen > MOST_CHUNKS:
                raise self._broken(f"has more than {MOST_CHUNKS} chunks")
            ident, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
            if ident == b"LIST":
                at += 12
                continue
            if at + 8 + size > len(data):
                raise self._broken(f"chunk {ident!r} claims {size} bytes where {len(data) - at - 8} are left: the file is cut off")
            chunks[ident] = (at + 8, size)
            at += 8 + size
            if size % 2 and data[at : at + 4] != b"LIST":  # some SF3 writers leave out the padding byte
                at += 1
        return chunks

    def _table(self, chunks: dict[bytes, tuple[int, int]], ident: bytes, size: int) -> list[memoryview]:
        """The records of one table; those that no index of 16 bits reaches are left out."""
        begin, length = chunks.get(ident, (0, 0))
        if not length or length % size:
            raise self._broken(f"table {ident!r} has {length} bytes, expected records of {size}")
        view = memoryview(self._data)
        return [view[at : at + size] for at in range(begin, begin + min(length, size * MOST_RECORDS), size)]

    def _broken(self, what: str) -> AudioError:
        """The error for a bank that cannot be used."""
        return AudioError(f"soundfont '{self.name}': {what}. Fetch the file again, or give another with --soundfont.")


def recordings(zones: Iterable[Zone]) -> NDArray[np.int64]:
    """Return how many recordings sound for each key and velocity, shape (128, 128)."""
    counts = np.zeros((128, 128), np.int64)
    for zone in zones:
        counts[zone.keys[0] : zone.keys[1] + 1, zone.velocities[0] : zone.velocities[1] + 1] += 1
    return counts


def _vorbis(raw: memoryview, broken: AudioError, most: int) -> tuple[Frames, int]:
    """The first values of a compressed recording, at most so many, and how many it says it has; block by block, for it may lie."""
    import soundfile  # noqa: PLC0415 - only SF3 banks need it

    blocks, frames = [np.zeros(0, np.float32)], 0
    try:
        with soundfile.SoundFile(io.BytesIO(raw)) as stream:
            claimed = stream.frames
            while frames < min(most, LONGEST_RECORDING_FRAMES):
                block = stream.read(min(1 << 16, most - frames), dtype="float32", always_2d=True)
                if not len(block):
                    break
                frames += len(block)
                blocks.append(np.nan_to_num(block[:, 0]))
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise broken from error
    if not claimed or (most and not frames):
        raise broken
    return np.concatenate(blocks), claimed


def _identity(modulator: Modulator) -> tuple[int, int, int, int]:
    """What two modulators share when the second replaces the first (section 9.5.1)."""
    return modulator.source, modulator.generator, modulator.scale, modulator.transform


def _overlap(preset: dict[int, int], instrument: dict[int, int], which: int) -> tuple[int, int]:
    """The range of keys or velocities that a preset's and an instrument's zone share."""
    ranges = [settings.get(which, 127 << 8) for settings in (preset, instrument)]
    return max(r & 0xFF for r in ranges), min(r >> 8 & 0xFF for r in ranges)
