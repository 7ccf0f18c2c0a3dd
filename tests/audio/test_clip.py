"""Clips at one loudness, held to the test signals of EBU Tech 3341."""

import math

import numpy as np
import pytest

from partimento.audio import Waveform
from partimento.audio.clip import USUAL_LUFS, clip, equally_loud, loudness_lufs
from partimento.audio.waveform import PEAK_DB
from partimento.errors import AudioError

RATE = 16_000


def stereo(*parts, hz=1000.0):
    """A tone on both channels, level (dBFS) and seconds by turns."""
    pieces = [np.full(round(seconds * RATE), 10 ** (level / 20)) for level, seconds in parts]
    envelope = np.concatenate(pieces)
    tone = envelope * np.sin(2 * np.pi * hz * np.arange(len(envelope)) / RATE)
    return Waveform(np.repeat(tone[None], 2, axis=0).astype(np.float32), RATE)


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ([(-23, 4)], -23),  # cases 1 to 5 of the table, shortened
        ([(-33, 4)], -33),
        ([(-36, 2), (-23, 12), (-36, 2)], -23),
        ([(-72, 2), (-36, 2), (-23, 12), (-36, 2), (-72, 2)], -23),
        ([(-26, 4), (-20, 4.02), (-26, 4)], -23),
    ],
)
def test_loudness_is_that_of_the_standard(parts, wanted):
    assert loudness_lufs(stereo(*parts)) == pytest.approx(wanted, abs=0.1)


def test_a_full_tone_on_one_channel_is_three_below():
    """BS.1770-4: 997 Hz at full scale on one channel reads -3.01."""
    time = np.arange(2 * RATE) / RATE
    assert loudness_lufs(Waveform(np.sin(2 * np.pi * 997 * time).astype(np.float32), RATE)) == pytest.approx(-3.01, abs=0.03)


def test_the_ear_hears_low_tones_less_and_high_ones_more():
    low, middle, high = (loudness_lufs(stereo((-23, 2), hz=hz)) for hz in (40, 1000, 4000))
    assert low < middle - 3 and high == pytest.approx(middle + 3.3, abs=0.3)


def test_silence_has_no_loudness():
    for sound in (np.zeros((1, RATE), np.float32), np.zeros((1, 0), np.float32)):
        assert loudness_lufs(Waveform(sound, RATE)) == -math.inf


def test_a_clip_is_cut_where_it_is_asked_for_and_fades():
    sound = Waveform(np.linspace(0, 1, 4 * RATE, dtype=np.float32), RATE)
    found = clip(sound, 1, 2)
    assert found.seconds == 2
    assert found.samples[0, RATE] == sound.samples[0, 2 * RATE]
    assert found.samples[0, 0] == 0 == found.samples[0, -1] and abs(found.samples[0, 400] / sound.samples[0, RATE + 400] - 0.5) < 0.02
    behind = clip(sound, 3, 2)
    assert behind.seconds == 2 and not behind.samples[0, RATE:].any() and behind.samples[0, RATE - 1] > 0.9


def test_all_clips_are_equally_loud_and_none_clips():
    quiet = [stereo((-40, 2)), stereo((-12, 2))]
    assert [loudness_lufs(each) for each in equally_loud(quiet)] == pytest.approx([USUAL_LUFS] * 2, abs=0.05)
    knock = np.zeros((1, 2 * RATE), np.float32)
    knock[0, ::1600] = 0.5  # far more peak than loudness
    found = equally_loud([*quiet, Waveform(knock, RATE)])
    levels = [loudness_lufs(each) for each in found]
    assert levels == pytest.approx([levels[0]] * 3, abs=0.05) and levels[0] < USUAL_LUFS - 1
    assert max(each.peak for each in found) == pytest.approx(10 ** (PEAK_DB / 20), rel=1e-3)


def test_what_cannot_be_cut_or_made_loud_is_refused():
    with pytest.raises(AudioError, match="clip: 2 s from second -1, expected some length and a beginning at 0 or later"):
        clip(stereo((-23, 2)), -1, 2)
    with pytest.raises(AudioError, match="clip: 0 s from second 0, expected some length"):
        clip(stereo((-23, 2)), 0, 0)
    with pytest.raises(AudioError, match="clip 2 of 2 is silent, so it cannot be as loud as the others"):
        equally_loud([stereo((-23, 2)), Waveform(np.zeros(RATE, np.float32), RATE)])
