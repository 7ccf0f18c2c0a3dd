import random
import struct
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from tiny_soundfont import bank as make
from tiny_soundfont import wave

from partimento.errors import AudioError
from partimento.score import Score, Track
from partimento.synthesis import SoundfontSynthesizer, bank
from partimento.synthesis.bank import SoundBank, find_bank, recordings
from partimento.synthesis.modulation import struck, velocity_gain
from partimento.synthesis.recording import Sample


def test_a_bank_is_read():
    read = SoundBank(
        make([{43: 60 << 8}, {43: (127 << 8) | 61, 17: -500}], preset={52: 10, 17: 100, 54: 0}, presets=((0, 0), (0, 19), (128, 0)))
    )
    assert read.presets == {(0, 0): 0, (0, 19): 1, (128, 0): 2}
    low, high = read.zones(19)
    assert (low.keys, high.keys, high.velocities) == ((0, 60), (61, 127), (0, 127))
    assert (low[17], high[17], high[52], high[54]) == (100, -400, 10, 1)  # a preset adds, but not to what only an instrument may say
    assert high.plays(61, 1) and not high.plays(60, 1)
    sample = read.sample(0)
    assert np.array_equal(sample.values, wave() / np.float32(32768))
    assert (sample.rate, sample.key, sample.loop) == (44_100, 69, (100, wave().size - 100))


def test_a_global_zone_fills_in():
    data = make([{}, {}])
    plain = SoundBank(data).zones(0)
    assert len(plain) == 2
    # The first zone's sampleID turned into something else makes it the global zone.
    at = data.index(struct.pack("<HhHh", 54, 1, 53, 0))
    globalised = bytearray(data)
    globalised[at + 4 : at + 8] = struct.pack("<Hh", 52, 33)
    zones = SoundBank(bytes(globalised)).zones(0)
    assert [zone[52] for zone in zones] == [33]


def test_missing_programs_have_relatives():
    read = SoundBank(make(presets=((0, 0), (0, 40), (128, 0))))
    assert read.zones(40) is not read.zones(0)
    assert read.zones(43) is read.zones(40)
    assert read.zones(99) is read.zones(0)
    assert read.zones(25, is_drum=True) is read.zones(0, is_drum=True)
    only = SoundBank(make(presets=((8, 5),)))
    assert len(only.zones(0)) == 1


def test_compressed_samples():
    read = SoundBank(make(compressed=True))
    values = read.sample(0).values
    assert values.size == wave().size
    assert np.abs(values - wave() / 32768).max() < 0.05


def test_velocity_makes_loudness_as_the_specification_says():
    zone = SoundBank(make()).zones(0)[0]
    assert velocity_gain(zone, 60, 127) == pytest.approx(1)
    assert velocity_gain(zone, 60, 64) == pytest.approx((64 / 127) ** 2, rel=1e-6)
    assert velocity_gain(zone, 60, 1) == pytest.approx((1 / 127) ** 2, rel=1e-6)


@pytest.mark.parametrize(
    ("source", "key", "velocity", "expected"),
    [
        (0x0002, 60, 64, 0.5),  # velocity, linear, rising
        (0x0102, 60, 32, 0.75),  # falling
        (0x0202, 60, 32, -0.5),  # bipolar
        (0x0303, 96, 64, -0.5),  # key, bipolar, falling
        (0x0C02, 60, 64, 1.0),  # a switch
        (0x0C02, 60, 63, 0.0),
        (0x0E02, 60, 63, -1.0),
        (0x0502, 60, 127, 0.0),  # concave, falling: no attenuation at full velocity
        (0x0402, 60, 127, 1.0),  # concave, rising
        (0x0802, 60, 127, 1.0),  # convex, rising
        (0x0802, 60, 0, 0.0),
        (0x0000, 60, 1, 1.0),  # no source
        (0x0081, 60, 100, 0.0),  # a controller at rest
        (0x008B, 60, 100, 127 / 128),  # expression rests at full
    ],
)
def test_modulator_curves(source, key, velocity, expected):
    zone = SoundBank(make(modulators=[(source, 52, 1000, 0, 0)])).zones(0)[0]
    if source & 0x7F == 2 and not source & 0x80:
        layer = velocity // 16 * 16 + 8  # tone colour follows velocity in layers; loudness follows it exactly
        zone = SoundBank(make(modulators=[(source, 48, 1000, 0, 0), (0x0502, 48, 0, 0, 0)])).zones(0)[0]
        assert layer <= 127
        assert velocity_gain(zone, key, velocity) == pytest.approx(10 ** (-max(expected, 0) * 1000 / 200), rel=1e-3)
    else:
        assert struck(zone, key, velocity)[52] == pytest.approx(1000 * expected)


def test_modulators_replace_add_and_scale():
    same = (0x0502, 48, 480, 0, 0)  # in place of the default: half as many decibels
    zone = SoundBank(make(modulators=[same])).zones(0)[0]
    assert velocity_gain(zone, 60, 64) == pytest.approx(64 / 127, rel=1e-6)
    zone = SoundBank(make(modulators=[same], preset_modulators=[same])).zones(0)[0]
    assert velocity_gain(zone, 60, 64) == pytest.approx((64 / 127) ** 2, rel=1e-6)
    zone = SoundBank(make([{8: 5000}], modulators=[(0x0002, 8, 1280, 0x0003, 0)])).zones(0)[0]
    assert struck(zone, 64, 100)[8] == pytest.approx(5000 + 1280 * (104 / 128) * 0.5)
    zone = SoundBank(make(modulators=[(0x0002, 52, -128, 0, 2)])).zones(0)[0]
    assert struck(zone, 64, 0)[52] == pytest.approx(8)


def test_the_search_for_a_bank(tmp_path, monkeypatch):
    mine = tmp_path / "mine.sf2"
    mine.write_bytes(make())
    assert find_bank(mine) == mine
    with pytest.raises(AudioError, match=r"soundfont '.*none.sf2': there is no such file"):
        find_bank(tmp_path / "none.sf2")
    monkeypatch.setattr(bank, "INSTALLED", (str(tmp_path / "absent.sf2"), str(mine)))
    assert find_bank() == mine
    monkeypatch.setattr(bank, "INSTALLED", ())
    assert find_bank().name == "TimGM6mb.sf2"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(AudioError, match=r"no soundfont found\. Give one with --soundfont FILE"):
        find_bank()


def test_the_bank_in_the_wheel_is_found_without_importing_it(monkeypatch):
    monkeypatch.setattr(bank, "INSTALLED", ())
    monkeypatch.setitem(sys.modules, "pretty_midi", None)
    monkeypatch.delitem(sys.modules, "pretty_midi")
    find_bank()
    assert "pretty_midi" not in sys.modules


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "starts with b''"),
        (b"RIFF\0\0\0\0WAVE", "expected RIFF....sfbk"),
        (make()[:2000], "the file is cut off"),
        (make().replace(b"smpl", b"smpX"), "has no samples"),
        (make().replace(b"igen", b"igeX"), "table b'igen' has 0 bytes"),
        (make(presets=()), "holds no instruments"),
    ],
)
def test_what_is_no_bank(data, message):
    with pytest.raises(AudioError, match=message):
        SoundBank(data, "x.sf2")


def test_tables_that_contradict_each_other():
    with pytest.raises(AudioError, match="preset 0 points outside its tables"):
        SoundBank(make().replace(struct.pack("<Hh", 41, 0), struct.pack("<Hh", 41, 7))).zones(0)
    read = SoundBank(make())
    with pytest.raises(AudioError, match="sample 3 of 1 is asked for"):
        read.sample(3)
    data = make()
    head = data.index(b"sine" + b"\0" * 16 + struct.pack("<I", 0))
    far = data[: head + 24] + struct.pack("<I", 10**9) + data[head + 28 :]
    with pytest.raises(AudioError, match="sample 0 lies at 0 to 1000000000"):
        SoundBank(far).sample(0)
    broken = bytearray(make(compressed=True))
    at = broken.index(b"OggS")
    broken[at : at + 200] = bytes(200)
    with pytest.raises(AudioError, match="sample 0 cannot be decoded"):
        SoundBank(bytes(broken)).sample(0)


def test_a_recording_is_decoded_as_far_as_it_is_asked_for():
    asked = []
    values = np.linspace(-1, 1, 1000, dtype=np.float32)
    sample = Sample(lambda most: asked.append(most) or values[:most], 1000, rate=400, key=60, cents=0, loop=(0, 0))
    assert np.array_equal(sample.beginning(10)[:10], values[:10])
    assert np.array_equal(sample.beginning(400), values[:400])
    assert np.array_equal(sample.beginning(401)[:401], values[:401])
    assert np.array_equal(sample.values, values)
    assert asked == [400, 800, 1000]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_bank_is_freed_with_its_last_use(compressed):
    read = SoundBank(make(compressed=compressed))
    assert read.sample(0).values.size
    seen = weakref.ref(read)
    del read
    assert seen() is None  # at once, without a search for circles


def test_a_stream_that_ends_before_its_time_ends_in_silence():
    sample = Sample(lambda most: np.ones(min(most, 300), np.float32), 1000, rate=400, key=60, cents=0, loop=(0, 0))
    assert sample.values.size == 1000
    assert (sample.values[:300].all(), sample.values[300:].any()) == (True, False)


def test_too_many_zones(monkeypatch):
    monkeypatch.setattr(bank, "MOST_ZONES", 3)
    with pytest.raises(AudioError, match="more than 3 zones"):
        SoundBank(make([{}] * 5)).zones(0)


@pytest.mark.parametrize(
    ("limit", "most", "words", "data"),
    [
        ("MOST_AT_ONCE", 3, "plays more than 3 recordings at once", make([{}] * 4)),
        ("MOST_READ", 8, "lead to more records than any instrument has", make([{}] * 4)),
        ("MOST_CHUNKS", 5, "has more than 5 chunks", make()),
        ("MOST_MODULATORS", 2, "a zone with more than 2 modulators", make(modulators=[(2, n, 10, 0, 0) for n in range(3)])),
    ],
)
def test_tables_that_would_be_read_for_hours(monkeypatch, limit, most, words, data):
    monkeypatch.setattr(bank, limit, most)
    with pytest.raises(AudioError, match=words):
        SoundBank(data).zones(0)


@pytest.mark.parametrize("compressed", [False, True])
def test_recordings_are_read_so_far_and_kept_so_long(monkeypatch, compressed):
    monkeypatch.setattr(bank, "LONGEST_RECORDING_FRAMES", 5000)
    read = SoundBank(make(compressed=compressed))
    whole = SoundBank(make(compressed=compressed)).sample(0).values
    assert 5000 <= read.sample(0).values.size <= 5000 + (1 << 16) and read.sample(0) is read.sample(0)
    assert np.array_equal(read.sample(0).values, whole[: read.sample(0).values.size])
    monkeypatch.setattr(bank, "MOST_KEPT_FRAMES", 10)
    read._decoded[7] = read.sample(0)
    read._decoded.pop(0)
    read.sample(0)
    assert list(read._decoded) == [0]


def test_a_compressed_recording_of_nothing_is_none():
    data = bytearray(make(compressed=True))
    struct.pack_into("<q", data, data.rindex(b"OggS") + 6, 2**60)  # the length that its last page claims
    with pytest.raises(AudioError, match="sample 0 cannot be decoded"):
        SoundBank(bytes(data)).sample(0)


def test_how_many_recordings_sound():
    counts = recordings(SoundBank(make([{43: 70 << 8 | 60}, {43: 127 << 8 | 65, 44: 127 << 8 | 64}])).zones(0))
    assert [counts[59, 90], counts[60, 90], counts[66, 63], counts[66, 64], counts[71, 63]] == [0, 1, 1, 2, 0]


def test_files_that_cannot_be_opened_or_are_too_large(tmp_path, monkeypatch):
    with pytest.raises(AudioError, match="could not be opened"):
        SoundBank.read(tmp_path)
    big = tmp_path / "big.sf2"
    big.write_bytes(make())
    monkeypatch.setattr(bank, "LARGEST_BANK_BYTES", 10)
    with pytest.raises(AudioError, match="larger than 10 bytes"):
        SoundBank.read(big)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_bank_is_an_error_or_sounds_but_nothing_else(tmp_path, compressed):
    score = Score(480, (Track([0], [240], [69], [100]),))
    good = make([{43: 127 << 8, 8: 9000, 11: 2000, 28: -2000, 7: 100, 6: 20}], compressed=compressed, samples=wave(0.05))
    rng = random.Random(5)
    path = Path(tmp_path) / "x.sf2"
    outcomes = set()
    for _ in range(150):
        data = bytearray(good)
        for _ in range(rng.choice([0, 1, 2, 4, 6])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        for _ in range(rng.randint(0, 4)):  # most of the tables stand at the end
            data[-rng.randrange(1, 500)] = rng.choice([0, 1, 127, 128, 255])
        path.write_bytes(bytes(data[: rng.randrange(len(data))] if rng.random() < 0.1 else data))
        try:
            with np.errstate(divide="raise", invalid="raise"):
                sound = SoundfontSynthesizer(path, sample_rate=8000, room=0).render(score)
            assert np.isfinite(sound.samples).all()
            outcomes.add("sound")
        except AudioError as error:
            assert "x.sf2" in str(error)
            outcomes.add("error")
    assert outcomes == {"sound", "error"}
