"""Speech and noise are told from pianos by how sure an ear is."""

import numpy as np
import pytest

from partimento.models.ear_heads import HEADS
from partimento.transcription.certainty import piano_in
from partimento.transcription.ear import Heard
from partimento.transcription.transcriber import load_transcriber

RATE = 50.0


def heard(*parts):
    """Stretches of 3 s: how many keys sound, and the chance with which each does."""
    frame = np.zeros((150 * len(parts), 88))
    for number, (keys, chance) in enumerate(parts):
        frame[150 * number : 150 * (number + 1), :keys] = chance
    heads = np.stack([np.rint(frame * 255).astype(np.uint8)] * len(HEADS))
    return Heard(heads, heads[0].max(axis=1))


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
def test_what_hesitates_all_along_is_left_out(parts, left_out):
    found = piano_in(heard(*parts), RATE)
    gone = [left_out[number : number + 1] == "x" for number in range(len(parts))]
    before = heard(*parts)
    for number, part in enumerate(gone):
        stretch = slice(150 * number, 150 * (number + 1))
        assert found.heard.heads[:, stretch].any() == (before.heads[:, stretch].any() and not part)
        assert found.heard.pedal[stretch].any() == (before.pedal[stretch].any() and not part)
    assert found.left_out_seconds == 3 * sum(gone)
    assert bool(found.words) == any(gone)
    if any(gone):
        assert f"{3 * sum(gone)} s of it sound like speech, singing or noise" in found.words


def test_a_sound_that_hardly_is_a_piano_is_kept_with_a_warning():
    found = piano_in(heard((8, 0.5), (3, 0.95), (8, 0.5), (3, 0.95)), RATE)
    assert found.left_out_seconds == 0 and 0.2 < found.sure < 0.34
    assert "hardly sounds like a piano" in found.words
    assert piano_in(heard(*[SPEECH] * 2), RATE).sure == 1
    assert not piano_in(heard(), RATE).words


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
