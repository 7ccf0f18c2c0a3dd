import io
import struct

import numpy as np
import pytest
import soundfile

from partimento.audio import Waveform
from partimento.errors import ConfigError, ReadError, WriteError
from partimento.files import sound, sound_coding
from partimento.files.sound import SUFFIXES, read_sound, sound_bytes, sound_tags
from partimento.score import Score

WORDS = {"title": "Chorale in G♯ minor", "artist": "bach-chorales", "software": "partimento", "comment": "Composed by a machine."}


def tone(seconds=1.0, rate=44_100, channels=2, hz=440.0):
    time = np.arange(round(seconds * rate)) / rate
    return Waveform(np.stack([0.5 * np.sin(2 * np.pi * hz * (1 + c) * time) for c in range(channels)]), rate)


def dominant_hz(channel, rate):
    spectrum = np.abs(np.fft.rfft(channel * np.hanning(channel.size)))
    return float(np.argmax(spectrum)) * rate / channel.size


def chunks(data):
    at, found = 12, {}
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        found[data[at : at + 4]] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip(suffix):
    wave = tone()
    again = read_sound(sound_bytes(wave, suffix, metadata=WORDS), "a" + suffix)
    assert (again.channels, again.sample_rate) == (2, 44_100)
    assert abs(again.frames - wave.frames) <= (0 if suffix != ".mp3" else 2304)
    assert dominant_hz(again.samples[0], 44_100) == pytest.approx(440, abs=1.1)
    assert dominant_hz(again.samples[1], 44_100) == pytest.approx(880, abs=1.1)
    assert again.peak == pytest.approx(0.5, abs=0.02)
    if suffix in (".wav", ".flac"):
        assert np.abs(again.samples - wave.samples).max() <= 1 / 32768


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_sound_gives_the_same_bytes(suffix):
    assert sound_bytes(tone(), suffix, metadata=WORDS) == sound_bytes(tone(), suffix.upper(), metadata=WORDS)


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_words_are_kept(suffix):
    with soundfile.SoundFile(io.BytesIO(sound_bytes(tone(), suffix, metadata=WORDS))) as file:
        found = file.copy_metadata()
    for name in ("title", "artist", "comment"):
        assert found[name] == WORDS[name]


def test_a_wav_says_who_made_it():
    data = sound_bytes(tone(0.001), ".wav", metadata=WORDS | {"comment": "a\nb"})
    found = chunks(data)
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    info = found[b"LIST"]
    assert info[:4] == b"INFO"
    texts = {ident: text.rstrip(b"\0").decode() for ident, text in chunks(b"RIFF____" + info).items()}
    assert texts == {b"INAM": "Chorale in G♯ minor", b"IART": "bach-chorales", b"ISFT": "partimento", b"ICMT": "a b"}
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert file.copy_metadata()["title"] == WORDS["title"]
        assert file.frames == 44


def test_a_wav_without_words_has_no_list():
    assert b"LIST" not in sound_bytes(tone(0.01, channels=1), ".wav")


def test_every_ogg_page_has_its_checksum():
    data = sound_bytes(tone(), ".ogg")
    damaged = bytearray(data)
    at = data.index(b"OggS", 4)
    damaged[at + 22] ^= 1  # the checksum of the second page
    assert read_sound(data).frames == 44_100
    with pytest.raises(ReadError, match="not a sound file"):
        read_sound(bytes(damaged), "x.ogg")


def test_tags_of_a_score():
    score = Score(metadata={"title": "A", "composer": "B", "provenance": "C"})
    assert sound_tags(score) == {"title": "A", "artist": "B", "software": "partimento", "comment": "C"}
    assert sound_tags(Score()) == {"software": "partimento"}


def test_writing_refuses():
    with pytest.raises(WriteError, match=r"'.aiff' is no sound format that can be written"):
        sound_bytes(tone(), ".aiff")
    with pytest.raises(ConfigError, match=r"'titel' is no field; did you mean 'title'"):
        sound_bytes(tone(), ".wav", metadata={"titel": "x"})
    with pytest.raises(WriteError, match="the waveform is empty"):
        sound_bytes(Waveform(np.zeros((1, 0))), ".wav")
    with pytest.raises(WriteError, match=r"sound .mp3: 2 channels at 96000 Hz cannot be written"):
        sound_bytes(tone(0.1, rate=96_000), ".mp3")


def test_a_wav_above_4_gib_is_refused(monkeypatch):
    monkeypatch.setattr(sound_coding, "LARGEST_WAV_BYTES", 100)
    with pytest.raises(WriteError, match="do not fit into 4 GiB"):
        sound_bytes(tone(0.1), ".wav")


def test_floating_point_above_full_scale_is_scaled_back():
    buffer = io.BytesIO()
    soundfile.write(buffer, np.array([0.0, 2.0, -1.0]), 8000, subtype="FLOAT", format="WAV")
    assert read_sound(buffer.getvalue()).samples.tolist() == [[0.0, 1.0, -0.5]]


@pytest.mark.parametrize("data", [b"", b"RIFF", b"not a sound at all", b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + b"\xff" * 40])
def test_what_is_no_sound(data):
    with pytest.raises(ReadError, match=r"x.wav: (is empty|not a sound file|holds no sound|\d+ channels)"):
        read_sound(data, "x.wav")


def test_no_frames_is_no_sound():
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((0, 1)), 8000, subtype="PCM_16", format="WAV")
    with pytest.raises(ReadError, match="holds no sound"):
        read_sound(buffer.getvalue())


def test_not_a_number_is_refused():
    buffer = io.BytesIO()
    soundfile.write(buffer, np.array([0.0, np.nan]), 8000, subtype="FLOAT", format="WAV")
    with pytest.raises(ReadError, match="not a finite number"):
        read_sound(buffer.getvalue())


def test_a_rate_of_a_few_hertz_is_refused():
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(10), 10, subtype="PCM_16", format="WAV")
    with pytest.raises(ReadError, match="1 channels at 10 Hz"):
        read_sound(buffer.getvalue())


def test_a_sound_damaged_in_the_middle_is_refused_with_the_place():
    data = bytearray(sound_bytes(tone(), ".flac"))
    at = 3 * len(data) // 4
    data[at : at + 40] = bytes(40)
    with pytest.raises(ReadError, match=r"x\.flac, second 0\.\d\d: damaged \(.*\)\. Copy it again"):
        read_sound(bytes(data), "x.flac")


def test_a_flac_that_does_not_tell_its_length_is_read():
    data = bytearray(sound_bytes(tone(), ".flac"))
    data[21] &= 0xF0  # 36 bits of its first block (RFC 9639, section 8.2)
    data[22:26] = bytes(4)
    assert read_sound(bytes(data)).frames == 44_100


def test_hours_of_silence_in_a_small_file_are_refused(monkeypatch):
    monkeypatch.setattr(sound, "MOST_SAMPLES", 50_000)
    with pytest.raises(ReadError, match="more than 0 minutes of sound"):
        read_sound(sound_bytes(Waveform(np.zeros((2, 30_000))), ".flac"))


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_cut_file_is_read_as_far_as_it_goes_or_refused(suffix):
    data = sound_bytes(tone(), suffix)
    try:
        wave = read_sound(data[: len(data) // 2], "cut" + suffix)
    except ReadError as error:
        assert "cut" + suffix in str(error)
    else:
        assert 0 < wave.frames < 44_100
