"""Long sound into a file, block by block."""

import errno
import os

import numpy as np
import pytest
import soundfile

from partimento.audio import Waveform
from partimento.errors import AudioError, ConfigError, WriteError
from partimento.files import sound_coding, sound_writer
from partimento.files.sound import SUFFIXES, sound_bytes
from partimento.files.sound_writer import write_sound

WORDS = {"title": "Long", "software": "partimento"}


def noise(frames=100_000, channels=2, level=0.2):
    return (level * np.random.default_rng(1).standard_normal((channels, frames))).clip(-1, 1).astype(np.float32)


def full(*given):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_blocks_give_the_bytes_of_the_whole(tmp_path, suffix):
    samples = noise()
    written = write_sound(tmp_path / f"a{suffix}", np.split(samples, [1, 50_000, 99_999], axis=1), 22_050, metadata=WORDS)
    assert (tmp_path / f"a{suffix}").read_bytes() == sound_bytes(Waveform(samples, 22_050), suffix, metadata=WORDS)
    assert written.seconds == 100_000 / 22_050 and written.peak == np.abs(samples).max()
    assert os.listdir(tmp_path) == [f"a{suffix}"]


def test_levels_are_made_or_kept(tmp_path):
    samples, file = noise(1000, 1, 0.01), tmp_path / "a.wav"
    assert write_sound(file, [samples, samples * 100], 8000, peak_db=-6).peak == pytest.approx(10 ** (-6 / 20))
    assert np.abs(soundfile.read(file)[0]).max() == pytest.approx(10 ** (-6 / 20), abs=1e-4)
    assert write_sound(file, [samples], 8000).peak == np.abs(samples).max()
    assert write_sound(file, [samples, samples * 100], 8000).peak == 1
    assert np.abs(soundfile.read(file)[0]).max() == pytest.approx(1, abs=1e-4)
    assert write_sound(file, [np.zeros((1, 50), np.float32)], 8000, peak_db=-1).peak == 0


def test_silence_between_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(sound_writer, "_BLOCK_FRAMES", 64)
    silence, sound = np.zeros((2, 1000), np.float32), noise(100)
    write_sound(tmp_path / "a.wav", [silence, sound, silence], 8000)
    read = soundfile.read(tmp_path / "a.wav", dtype="float32")[0].T
    assert read.shape == (2, 2100) and not read[:, :1000].any() and not read[:, 1100:].any()
    assert np.abs(read[:, 1000:1100] - sound).max() < 1e-4


@pytest.mark.parametrize("place", ["waiting", "target"])
def test_a_full_disk_is_said_and_leaves_what_stood_there(tmp_path, monkeypatch, place):
    file = tmp_path / "a.wav"
    file.write_bytes(b"old")
    if place == "waiting":
        monkeypatch.setattr(sound_writer._Waiting, "add", lambda waiting, block: full())
    else:
        monkeypatch.setattr("partimento.files.whole.os.fsync", full)
    with pytest.raises(WriteError, match=r"a.wav: could not be written \(No space left on device\). The disk is full"):
        write_sound(file, [noise(1000)], 8000)
    assert file.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.wav"]


def test_the_encoder_meets_a_full_disk(tmp_path):
    class Full:
        def __init__(self, file):
            self._file, self.left = file, 3000

        def write(self, data):
            self.left -= len(data)
            return full() if self.left < 0 else self._file.write(data)

        def __getattr__(self, name):
            return getattr(self._file, name)

    with open(tmp_path / "a", "w+b") as file, pytest.raises(OSError, match="No space left on device"):
        sound_coding.SoundCoding(".wav", 8000, 1, {}).write(Full(file), [noise(100_000, 1)])


def test_what_cannot_be_written(tmp_path, monkeypatch):
    def never():
        raise AssertionError("asked for sound")
        yield

    for name, rate, words in (("a.mid", 8000, "'.mid' is no sound format"), ("a.mp3", 12_345, "1 channels at 12345 Hz cannot be written")):
        with pytest.raises(WriteError, match=words):
            write_sound(tmp_path / name, never(), rate)
    with pytest.raises(WriteError, match="The folder does not exist"):
        write_sound(tmp_path / "none" / "a.wav", never(), 8000)
    with pytest.raises(ConfigError, match="'colour' is no field"):
        write_sound(tmp_path / "a.wav", never(), 8000, metadata={"colour": "red"})
    with pytest.raises(AudioError, match="a sample is not a finite number"):
        write_sound(tmp_path / "a.wav", [np.full((1, 9), np.nan, np.float32)], 8000)
    with pytest.raises(AudioError, match="there is no sound to write, expected at least one frame"):
        write_sound(tmp_path / "a.wav", [], 8000)
    monkeypatch.setattr(sound_coding, "LARGEST_WAV_BYTES", 100)
    with pytest.raises(WriteError, match="do not fit into 4 GiB"):
        write_sound(tmp_path / "a.wav", [noise(40, 1)] * 2, 8000)
    assert not os.listdir(tmp_path)
