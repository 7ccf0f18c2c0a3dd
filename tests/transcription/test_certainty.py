"""Speech and noise are told from pianos by how sure an ear is."""

import numpy as np
import pytest

from partimento.models.ear_heads import HEADS
from partimento.transcription.certainty import piano_in
from partimento.transcription.ear import Heard
from partimento.transcription.transcriber import load_transcriber

RATE = 50.0


def heard(*parts, heads=4):
    """Stretches of 3 s: how many keys sound and are struck, and the chance with which each is."""
    frame = np.zeros((150 * len(parts), 88))
    for number, (keys, chance) in enumerate(parts):
        frame[150 * number : 150 * (number + 1), :keys] = chance
    said = np.stack([np.rint(frame * 255).astype(np.uint8)] * heads)
    return Heard(said, said[0].max(axis=1))


PIANO, SPEECH, SILENCE = (5, 0.95), (5, 0.5), (0, 0.0)


@pytest.mark.parametrize(
    ("parts", "left_out"),
    [
        ([PIANO], ""),
        ([SPEECH], "x"),
        ([PIANO] * 4, ""),
        ([SPEECH] * 4, "xxxx"),
        ([SILENCE] * 3, ""),
        ([SPEECH] * 3 + [PIANO] * 2, "xx"),  # a stretch that has some piano is kept whole
        ([SILENCE, SPEECH, SPEECH, SILENCE], "xxxx"),
        ([PIANO, SILENCE, SILENCE, SPEECH, SPEECH], "  xxx"),
    ],
)
@pytest.mark.parametrize("heads", [4, 5])
def test_what_hesitates_all_along_is_left_out(parts, left_out, heads):
    found = piano_in(heard(*parts, heads=heads), RATE)
    gone = [left_out[number : number + 1] == "x" for number in range(len(parts))]
    before = heard(*parts, heads=heads)
    for number, part in enumerate(gone):
        stretch = slice(150 * number, 150 * (number + 1))
        assert found.heard.heads[:, stretch].any() == (before.heads[:, stretch].any() and not part)
        assert found.heard.pedal[stretch].any() == (before.pedal[stretch].any() and not part)
    assert found.left_out_seconds == 3 * sum(gone)
    assert bool(found.words) == any(gone)
    if any(gone):
        assert f"{3 * sum(gone)} s of it sound like speech, singing or noise" in found.words


@pytest.mark.parametrize(("heads", "sure"), [(4, 3), (5, 1)])
def test_a_sound_that_hardly_is_a_piano_is_kept_with_a_warning(heads, sure):
    found = piano_in(heard((8, 0.5), (sure, 0.95), (8, 0.5), (sure, 0.95), heads=heads), RATE)
    assert found.left_out_seconds == 0 and found.doubtful
    assert "hardly sounds like a piano" in found.words
    assert not piano_in(heard((8, 0.5), (8, 0.95), heads=heads), RATE).doubtful
    assert not piano_in(heard(*[SPEECH] * 2, heads=heads), RATE).doubtful  # nothing of it is left
    assert not piano_in(heard(heads=heads), RATE).words


def test_an_ear_that_tells_keys_from_the_pedal_is_judged_by_strikes():
    """Under a pedal it may be sure of no key that sounds."""
    said = heard(PIANO, PIANO, heads=5)
    said.heads[HEADS.index("frame")] = np.minimum(said.heads[HEADS.index("frame")], 128)
    assert not piano_in(said, RATE).words
    assert piano_in(Heard(said.heads[:4], said.pedal), RATE).left_out_seconds == 6


def test_a_voice_is_no_piano_to_the_shipped_ear():
    """Vowels: a train of pulses that glides, through three resonances that move."""
    random, rate = np.random.default_rng(0), 16_000
    time = np.arange(8 * rate) / rate
    pitch = 120 * 2 ** (0.35 * np.sin(2 * np.pi * 0.7 * time) + 0.1 * np.sin(2 * np.pi * 5 * time))
    phase = np.cumsum(pitch) / rate
    voice = np.zeros(len(time))
    for partial in range(1, 40):
        hz = partial * pitch
        level = sum(
            1 / (1 + ((hz - middle * (1 + 0.3 * np.sin(2 * np.pi * speed * time))) / 120) ** 2)
            for middle, speed in ((600, 1.3), (1400, 0.9), (2600, 1.1))
        )
        voice += level * np.sin(2 * np.pi * partial * phase)
    voice *= np.clip(np.sin(2 * np.pi * 2.2 * time) + 0.4, 0, 1)  # syllables
    sound = 0.05 * voice + random.normal(0, 0.001, len(time))
    score = load_transcriber().transcribe([sound.astype(np.float32)])
    assert score.note_count <= 2
    assert not score.note_count or score.warnings
