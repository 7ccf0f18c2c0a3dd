"""A microphone, by way of a package that is made up here."""

import sys
import types

import numpy as np
import pytest

from partimento.errors import AudioError, MissingExtra
from partimento.files.microphone import Microphone


class PortAudioError(Exception):
    pass


def package(fails=False):
    """A sounddevice whose microphone hears three blocks and is then gone."""

    class InputStream:
        def __init__(self, *, samplerate, channels, dtype, device, callback):
            if fails:
                raise PortAudioError("Invalid sample rate")
            self.callback, self.active, self.asked = callback, True, (samplerate, channels, dtype, device)
            made.append(self)

        def __enter__(self):
            for number in range(3):
                self.callback(np.full((160, 1), number / 4, np.float32), 160, None, number == 2)

        def __exit__(self, *about):
            pass

    made = []
    return types.SimpleNamespace(InputStream=InputStream, PortAudioError=PortAudioError, made=made)


def test_what_is_heard_is_given_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", fake := package())
    microphone = Microphone("2", sample_rate=16_000, device_hz=16_000)
    blocks = microphone.blocks()
    assert [float(next(blocks)[0]) for _ in range(3)] == [0, 0.25, 0.5]
    assert fake.made[0].asked == (16_000, 1, "float32", 2)
    assert microphone.warnings == ("microphone 2: 1 times the machine was too slow, and some sound was lost.",)
    fake.made[0].active = False
    with pytest.raises(AudioError, match="microphone 2: stopped. Is it still plugged in"):
        next(blocks)


def test_a_device_that_cannot_be_heard(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", package(fails=True))
    with pytest.raises(AudioError, match=r"microphone: cannot be heard \(Invalid sample rate\). See"):
        next(Microphone(sample_rate=16_000, device_hz=5_000).blocks())


def test_without_the_package_it_is_said_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtra, match="pip install sounddevice', or pipe: arecord -t raw"):
        Microphone(sample_rate=16_000, device_hz=16_000)


def test_without_portaudio_it_is_said_what_to_do(monkeypatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(MissingExtra, match="finds no PortAudio"):
        Microphone(sample_rate=16_000, device_hz=16_000)
