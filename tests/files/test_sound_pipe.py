"""Sound through a pipe: WAV or bare samples, in whatever bites it comes."""

import io

import numpy as np
import pytest
import soundfile

from partimento.errors import AudioError, ReadError
from partimento.files.sound_pipe import SoundPipe

SOUND = np.random.default_rng(0).uniform(-0.5, 0.5, (4001, 2)).astype(np.float32)


class Bites(io.BytesIO):
    """Gives a few bytes at a time, as a pipe may."""

    def read1(self, size=-1, /):
        return super().read1(min(size, 997))


def wav(subtype="PCM_16", rate=16_000, sound=SOUND):
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format="WAV", subtype=subtype)
    return file.getvalue()


def heard(data, **options):
    pipe = SoundPipe(Bites(data), "standard input", sample_rate=16_000, **options)
    return np.concatenate(list(pipe.blocks())), pipe


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_wav_of_every_kind(subtype):
    sound, pipe = heard(wav(subtype))
    assert pipe.channels == 2 and sound == pytest.approx(SOUND.mean(axis=1), abs=0.01 if subtype == "PCM_U8" else 1e-4)
    assert not pipe.warnings


def test_a_stream_whose_length_is_not_known_and_one_with_something_behind():
    data = wav()
    at = data.index(b"data") + 4
    for size in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        assert len(heard(data[:at] + size + data[at + 4 :])[0]) == 4001
    assert len(heard(data + b"LIST\x04\0\0\0abcd")[0]) == 4001


def test_samples_without_a_header():
    numbers = np.rint(SOUND[:, 0] * 32767).astype("<i2")
    sound, pipe = heard(numbers.tobytes())
    assert sound == pytest.approx(SOUND[:, 0], abs=1e-4) and pipe.original_hz == 16_000
    assert len(heard(numbers.tobytes(), raw_hz=8_000)[0]) == 8002


def test_half_a_sample_is_left_out_and_no_number_is_silence():
    sound, pipe = heard(np.zeros(500, "<i2").tobytes() + b"\1")
    assert len(sound) == 500
    assert pipe.warnings[0] == "standard input: ends in the middle of a sample, which was left out."
    broken = SOUND.copy()
    broken[100] = np.nan
    sound, pipe = heard(wav("FLOAT", sound=broken))
    assert np.isfinite(sound).all() and "2 samples are no numbers" in pipe.warnings[0]


def changed(at, value):
    data = bytearray(wav())
    data[at : at + len(value)] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "holds no sound, expected a WAV stream"),
        (b"\1", "holds no sound, expected a WAV stream"),
        (wav()[:44], "holds no sound, expected a WAV stream"),
        (b"RIFF\0\0\0\0AVI ", "a RIFF file that is no WAV"),
        (wav()[:30], "ends within its WAV header"),
        (changed(12, b"junk"), "does not tell the form of its samples"),
        (changed(16, b"\xff\xff\xff\x7f"), "a header part of 2147483647 bytes"),
        (changed(20, b"\x11\0"), "samples of kind 17 with 16 bits"),
        (changed(22, b"\0\0"), "has 0 channels, expected 1 to"),
    ],
)
def test_what_cannot_be_heard_is_refused(data, words):
    with pytest.raises(ReadError, match=f"^standard input: .*{words}"):
        heard(data)


def test_a_rate_that_cannot_be_is_refused():
    with pytest.raises(AudioError, match="a sample rate of 3 Hz"):
        heard(b"1234", raw_hz=3)
