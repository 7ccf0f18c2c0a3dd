import io
import os
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile

from partimento.errors import AudioError, ConfigError, PartimentoError, ReadError
from partimento.files import recording
from partimento.files.recording import open_recording

KINDS = {
    "wav": ("WAV", "PCM_16"),
    "24.wav": ("WAV", "PCM_24"),
    "double.wav": ("WAV", "DOUBLE"),
    "float.wav": ("WAV", "FLOAT"),
    "alaw.wav": ("WAV", "ALAW"),
    "rf64": ("RF64", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "24.flac": ("FLAC", "PCM_24"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "aiff": ("AIFF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
}
"""Suffix -> libsndfile's names of container and coding."""


def tone(rate=44_100, seconds=1.0, channels=1, hz=440.0):
    """A sine in channels of falling level, shape (frames, channels)."""
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return np.stack([wave / (1 + channel) for channel in range(channels)], axis=1)


def encoded(samples, kind="wav", rate=44_100, **more):
    container, coding = KINDS[kind]
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, samples.shape[1] if samples.ndim == 2 else 1, coding, format=container, **more) as file:
        file.write(samples)
    return buffer.getvalue()


def saved(tmp_path, data, name="a.wav"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def heard(path, frames=4096, **more):
    """The whole recording and its warnings."""
    with open_recording(path, **more) as sound:
        blocks = list(sound.blocks(frames))
        return np.concatenate(blocks), sound.warnings


def level(sound, hz, rate=16_000):
    """Amplitude of one sine in a sound, from its middle."""
    middle = sound[sound.size // 4 : 3 * sound.size // 4]
    turns = np.exp(-2j * np.pi * hz * np.arange(middle.size) / rate)
    return 2 * abs(np.mean(middle * turns))


def noise(rate=44_100, seconds=4.0, amplitude=0.01):
    """White noise, which no coding makes small, shape (frames, 1)."""
    return np.random.default_rng(1).normal(0, amplitude, (round(rate * seconds), 1))


def naked_mp3(samples, mode="VARIABLE"):
    """An MP3 without the first frame, which says how long it is."""
    data = encoded(samples, "mp3", 44_100, bitrate_mode=mode, compression_level=0.3)
    tag = max(data.find(b"Xing"), data.find(b"Info"))
    return data[data.index(b"\xff\xfb", tag) :]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_mean_of_its_channels(tmp_path, kind, channels):
    rate = 48_000 if kind == "opus" else 44_100
    sound, warnings = heard(saved(tmp_path, encoded(tone(rate, channels=channels), kind, rate), f"a.{kind}"))
    assert sound.dtype == np.float32
    assert abs(sound.size - 16_000) <= 1
    assert level(sound, 440) == pytest.approx(0.5 if channels == 1 else 0.375, rel=0.05)
    assert warnings == ()


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_every_rate_gives_sixteen_thousand_samples_a_second(tmp_path, rate, channels):
    sound, warnings = heard(saved(tmp_path, encoded(tone(rate, channels=channels), "float.wav", rate)))
    wanted = tone(16_000, channels=channels).mean(axis=1)
    assert sound.size == 16_000
    assert np.abs(sound - wanted)[500:-500].max() < 1e-4
    assert [("nothing above 4000 Hz" in warning) for warning in warnings] == ([True] if rate == 8_000 else [])


@pytest.mark.parametrize("rate", [1_000, 767_999])
def test_strange_rates(tmp_path, rate):
    sound, _ = heard(saved(tmp_path, encoded(tone(rate, 0.5, hz=100), "float.wav", rate)))
    assert sound.size == 8_000
    assert level(sound, 100) == pytest.approx(0.5, rel=0.01)


def test_sixty_four_channels(tmp_path):
    sound, _ = heard(saved(tmp_path, encoded(np.tile(tone(16_000, 0.2), 64), "wav", 16_000)))
    assert np.abs(sound - tone(16_000, 0.2)[:, 0]).max() < 1e-4


@pytest.mark.parametrize("frames", [1, 999, 16_000, 20_000])
def test_blocks_have_the_length_asked_for_and_do_not_change_the_sound(tmp_path, frames):
    path = saved(tmp_path, encoded(tone(16_000, 0.2), "float.wav", 16_000))
    with open_recording(path) as sound:
        assert (sound.name, sound.original_hz, sound.channels, sound.sample_rate) == ("a.wav", 16_000, 1, 16_000)
        assert sound.claimed_seconds == pytest.approx(0.2)
        blocks = list(sound.blocks(frames))
        assert sound.seconds == pytest.approx(0.2)
    assert all(block.shape == (frames,) for block in blocks[:-1])
    assert np.array_equal(np.concatenate(blocks), tone(16_000, 0.2)[:, 0].astype(np.float32))


def test_another_rate_may_be_asked_for(tmp_path):
    path = saved(tmp_path, encoded(tone(), "wav"))
    sound, _ = heard(path, sample_rate=22_050)
    assert sound.size == 22_050
    assert level(sound, 440, 22_050) == pytest.approx(0.5, rel=0.01)
    with pytest.raises(AudioError, match="a sample rate of 10 Hz"):
        open_recording(path, sample_rate=10)


def test_a_block_needs_a_frame_and_a_recording_is_read_once(tmp_path):
    with open_recording(saved(tmp_path, encoded(tone(), "wav"))) as sound:
        with pytest.raises(ConfigError, match="blocks of 0 frames, expected 1 or more"):
            next(sound.blocks(0))
        next(sound.blocks(100))
        with pytest.raises(ReadError, match=r"a\.wav: has been read, and a recording is read once"):
            next(sound.blocks(100))


def test_memory_does_not_depend_on_the_length(tmp_path):
    path = tmp_path / "long.flac"
    minute = np.zeros((60 * 44_100, 2), np.int16)
    with soundfile.SoundFile(path, "w", 44_100, 2, "PCM_16", format="FLAC") as file:
        for _ in range(10):
            file.write(minute)
    del minute
    heard(saved(tmp_path, encoded(tone(), "wav")))  # so that the libraries are loaded
    tracemalloc.start()
    try:
        with open_recording(path) as sound:
            frames = sum(block.size for block in sound.blocks(16_000))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert frames == 600 * 16_000  # 38 MB of float32 at the new rate, 212 MB at the old one
    assert most < 5_000_000


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_numbers_are_silence_and_are_said(tmp_path, strange):
    samples = tone(16_000, 1.0, channels=2)
    samples[8_000:8_003, 1] = strange
    sound, warnings = heard(saved(tmp_path, encoded(samples, "double.wav", 16_000)))
    samples[8_000:8_003, 1] = 0
    assert np.allclose(sound, samples.mean(axis=1), atol=1e-6)
    assert warnings == ("a.wav, second 0.50: 3 samples are no numbers, the first of them here; they were read as silence.",)


@pytest.mark.parametrize("strange", [np.nan, -np.inf])
def test_nothing_but_strange_samples_is_an_error(tmp_path, strange):
    path = saved(tmp_path, encoded(np.full(5000, strange), "float.wav", 22_050))
    with pytest.raises(ReadError, match=r"a\.wav: no sample is a number, all 5000 are broken\. Write the file again"):
        heard(path)


def test_levels_above_full_scale_are_kept_and_said(tmp_path):
    sound, warnings = heard(saved(tmp_path, encoded(10 * tone(16_000), "float.wav", 16_000)))
    assert np.abs(sound).max() == pytest.approx(5, rel=0.01)
    assert warnings == ("a.wav: its peak is 5 times full scale; levels were left as they are.",)


def test_clipping_is_said_with_its_place_and_a_loud_sine_is_not_clipped(tmp_path):
    clipped = np.clip(np.concatenate([tone(16_000), 4 * tone(16_000)]), -1, 1)
    assert heard(saved(tmp_path, encoded(clipped, "wav", 16_000)))[1][0].startswith("a.wav, second 1.00: clipped, from here on in ")
    assert heard(saved(tmp_path, encoded(2 * tone(16_000), "wav", 16_000)))[1] == ()


def test_silence_is_said(tmp_path):
    sound, warnings = heard(saved(tmp_path, encoded(np.zeros(8_000), "flac", 16_000)))
    assert not sound.any()
    assert warnings == ("a.wav: silent from beginning to end.",)


def test_channels_that_cancel_each_other_are_said(tmp_path):
    samples = tone(16_000) @ np.array([[1.0, -1.0]])
    assert heard(saved(tmp_path, encoded(samples, "float.wav", 16_000)))[1] == (
        "a.wav: its channels cancel each other out, so their mean is silent; give one of them alone.",
    )


@pytest.mark.parametrize("kind", ["wav", "24.wav", "rf64", "aiff", "au", "flac", "mp3"])
def test_a_cut_file_is_read_as_far_as_it_goes_and_said(tmp_path, kind):
    data = encoded(tone(seconds=4.0) + noise(), kind)
    sound, (warning,) = heard(saved(tmp_path, data[: len(data) // 2], f"a.{kind}"))
    assert 1.5 < sound.size / 16_000 < 2.5
    assert level(sound, 440) == pytest.approx(0.5, rel=0.05)
    assert f"{sound.size / 16_000:.2f} seconds of the 4.0" in warning
    assert "cut off" in warning or "damaged" in warning


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_an_ogg_without_its_end_is_said(tmp_path, kind):
    data = encoded(tone(48_000, 4.0) + noise(48_000), kind, 48_000)
    sound, (warning,) = heard(saved(tmp_path, data[: len(data) // 2], "a.ogg"))
    assert 0.5 < sound.size / 16_000 < 3.5
    assert warning.startswith("a.ogg: its end mark is missing, so it was probably cut off; ")


def test_a_length_that_was_never_filled_in_is_no_warning(tmp_path):
    data = bytearray(encoded(tone(), "wav"))
    struct.pack_into("<I", data, 4, 0xFFFFFFFF)
    struct.pack_into("<I", data, 40, 0xFFFFFFFF)
    sound, warnings = heard(saved(tmp_path, bytes(data)))
    assert (sound.size, warnings) == (16_000, ())


def test_a_header_that_lies_is_said(tmp_path):
    data = bytearray(encoded(tone(), "wav"))
    struct.pack_into("<I", data, 40, 44_100 * 2 * 60)
    sound, warnings = heard(saved(tmp_path, bytes(data)))
    assert sound.size == 16_000
    assert warnings == (
        "a.wav: cut off, or parts of it are damaged and left out; 1.00 seconds of the 60.00 that its header tells were read.",
    )


def test_a_flac_without_a_length_is_read_and_one_of_damaged_header_is_said(tmp_path):
    data = bytearray(encoded(tone(), "flac"))
    data[21] &= 0xF0  # 36 bits of its first block (RFC 9639, section 8.2)
    data[22:26] = bytes(4)
    with open_recording(saved(tmp_path, bytes(data), "a.flac")) as sound:
        assert sound.claimed_seconds is None
        assert sum(block.size for block in sound.blocks(1000)) == 16_000
        assert sound.warnings == ()
    data[8:12] = bytes(4)
    assert heard(saved(tmp_path, bytes(data), "a.flac"))[1] == (
        "a.flac: its header is damaged: it tells of blocks of 0 samples; 1.00 seconds were read.",
    )


def test_damage_in_the_middle_keeps_what_comes_before(tmp_path):
    data = bytearray(encoded(tone(seconds=4.0) + noise(), "flac"))
    at = len(data) // 2
    data[at : at + 60] = bytes(60)
    sound, (warning,) = heard(saved(tmp_path, bytes(data), "a.flac"))
    assert 1.8 < sound.size / 16_000 < 2.05
    assert np.abs(sound - tone(16_000, 4.0)[: sound.size, 0])[100:-100].max() < 0.1
    assert warning.startswith(f"a.flac, second {sound.size / 16_000:.2f}: damaged (")


def test_an_ogg_with_a_damaged_page_is_said(tmp_path):
    data = bytearray(encoded(tone(seconds=4.0) + noise(), "ogg"))
    pages = [at for at in range(len(data)) if data[at : at + 4] == b"OggS"]
    data[pages[len(pages) // 2] + 200] ^= 255  # its checksum is wrong now
    sound, (warning,) = heard(saved(tmp_path, bytes(data), "a.ogg"))
    assert 2 < sound.size / 16_000 < 4
    assert f"damaged and left out; {sound.size / 16_000:.2f} seconds of the 4.00" in warning


def test_an_mp3_that_does_not_tell_its_length_is_read_to_its_end(tmp_path):
    quiet, loud = noise(amplitude=1e-4), noise(amplitude=0.2)
    for order in ([quiet, loud], [loud, quiet]):
        data = naked_mp3(np.concatenate(order))
        for tail in (b"", b"TAG" + bytes(125)):
            path = saved(tmp_path, data + tail, "a.mp3")
            assert soundfile.info(path).duration < 6  # what libsndfile believes
            with open_recording(path) as sound:
                assert sound.claimed_seconds is None
                assert sum(block.size for block in sound.blocks(4096)) / 16_000 == pytest.approx(8, abs=0.1)
                assert sound.warnings == ()


def test_an_mp3_behind_a_tag_tells_its_length(tmp_path):
    tag = b"ID3\x03\0\0\0\0\x40\0" + bytes(8192)
    with open_recording(saved(tmp_path, tag + encoded(tone(), "mp3"), "a.mp3")) as sound:
        assert sound.claimed_seconds == pytest.approx(1, abs=0.06)
        assert sum(block.size for block in sound.blocks(4096)) == pytest.approx(16_000, abs=900)


def test_a_disk_that_fails_in_the_middle_keeps_what_came_before(tmp_path, monkeypatch):
    path = saved(tmp_path, encoded(tone(seconds=4.0), "wav"))

    class Failing(io.FileIO):
        def readinto(self, buffer):
            if self.tell() > 200_000:
                raise OSError(5, "Input/output error")
            return super().readinto(buffer)

    monkeypatch.setattr(recording, "opened", Failing)
    sound, (warning,) = heard(path)
    assert 0 < sound.size < 64_000
    assert "damaged (Input/output error)" in warning


HEADER = b"RIFF\x24\x10\0\0WAVEfmt \x10\0\0\0"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", r"is empty, expected a sound file\. Record or copy it again"),
        (b"x", r"not a sound file that can be read \(.+\)\. Give a whole wav, flac, ogg or mp3 file"),
        (b"not a sound at all, but a letter", "not a sound file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), "not a sound file"),
        (bytes(44), "not a sound file"),
        (b"OggS" + bytes(range(256)) * 10, "not a sound file"),
        (b"ID3\x03\0\0\0\0\x10\0" + bytes(2048), "not a sound file"),
        (HEADER + struct.pack("<HHIIHH", 1, 1, 0, 0, 2, 16) + b"data\0\x10\0\0" + bytes(4096), "not a sound file"),
        (
            HEADER + struct.pack("<HHIIHH", 1, 65, 8000, 8000 * 130, 130, 16) + b"data\0\x10\0\0" + bytes(4096),
            "65 channels at 8000 Hz, expected",
        ),
        (
            HEADER + struct.pack("<HHIIHH", 1, 1, 10, 20, 2, 16) + b"data\0\x10\0\0" + bytes(4096),
            "1 channels at 10 Hz, expected up to 64 at 1000 to",
        ),
        (HEADER + struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16) + b"data\0\0\0\0", r"holds no sound\. It was cut off, or its recorder"),
        (encoded(tone(), "flac")[:42], "holds no sound"),
        (b"\xff\xfb\x00\xc0" + bytes(400) + b"\xff\xfb\x00\xc0" + bytes(400), "MPEG frames that tell no bit rate"),
        (b"\xf0\x7e\x00\x01" + bytes(100), "a MIDI sample dump, expected a recording"),
    ],
)
def test_what_is_no_sound_is_one_clear_error(tmp_path, data, reason):
    with pytest.raises(ReadError, match=rf"x\.wav: {reason}"):
        heard(saved(tmp_path, data, "x.wav"))


def test_no_file_a_folder_and_a_pipe_are_said(tmp_path):
    with pytest.raises(ReadError, match=r"none\.wav: could not be opened \(No such file or directory\)\. Check the path"):
        open_recording(tmp_path / "none.wav")
    with pytest.raises(ReadError, match="is a folder, expected a file"):
        open_recording(tmp_path)
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(ReadError, match="is a pipe or a device"):
        open_recording(tmp_path / "pipe.wav")


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "opus", "mp3", "aiff", "au", "caf"])
def test_any_damage_is_read_or_one_clear_error(tmp_path, kind, capfd):
    dice = np.random.default_rng(sum(kind.encode()))
    seconds = 2.0 if kind in ("ogg", "opus") else 0.2  # several pages
    whole = encoded(tone(48_000, seconds) + noise(48_000, seconds), kind, 48_000)
    outcomes = set()
    for number in range(60):
        data = bytearray(whole)
        head = (64, 400, len(data))[number % 3]
        for at in dice.integers(0, min(head, len(data)), 1 + number % 4):
            data[at] = dice.choice([0, 1, 127, 128, 255])
        if number % 5 == 0:
            del data[int(dice.integers(len(data))) :]
        path = saved(tmp_path, bytes(data), f"a.{kind}")
        try:
            sound, _ = heard(path)
        except PartimentoError as error:
            assert f"a.{kind}" in str(error)
            outcomes.add("error")
        else:
            assert np.isfinite(sound).all()
            outcomes.add("read")
    assert outcomes == {"read", "error"}
    assert "Traceback" not in capfd.readouterr().err


def test_a_recording_closes_its_file(tmp_path):
    path = saved(tmp_path, encoded(tone(), "wav"))
    with open_recording(path) as sound:
        assert not sound._file.closed
    assert sound._file.closed
    with pytest.raises(ReadError, match=r"a\.wav: holds no sound \(I/O operation on closed file\)"):
        next(sound.blocks(100))
