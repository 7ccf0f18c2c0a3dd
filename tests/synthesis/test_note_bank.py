"""A piano of rendered notes: loud as struck, in time, damped as pianos are."""

import io

import numpy as np
import pytest
import soundfile
from tiny_soundfont import bank as font

from partimento.errors import AudioError, ReadError
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.note_bank import FIRST_UNDAMPED, KEYS, MIDDLE_DB, Dampers, NoteBank

RATE = 8_000


def sines(amplitudes=((40, 0.1), (100, 0.4))):
    """Every key a sine of its own that does not die away, in some layers."""
    time = np.arange(2 * RATE) / RATE
    waves = [np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * time).astype(np.float32) for key in range(21, 109)]
    return NoteBank([[(velocity, wave * amplitude) for velocity, amplitude in amplitudes] for wave in waves], RATE)


def strikes(*notes):
    start, end, key, velocity = zip(*notes, strict=True)
    return TimedNotes(np.array(start, float), np.array(end, float), np.array(key), np.array(velocity))


USUAL = 10 ** (MIDDLE_DB / 20)
"""The level of key 60 at velocity 64, which lies 24 / 60 of the way from the softer layer of `sines` to the louder, in decibels."""


def level(sound):
    return float(np.sqrt(np.mean(np.square(sound, dtype=float))))


def test_a_note_begins_when_it_is_struck_and_dies_when_it_is_let_go():
    sound = sines().play(strikes((0.5, 1.0, 60, 40)), 2.0)
    assert sound.shape == (2 * RATE,)
    assert not sound[: RATE // 2].any()
    assert level(sound[4100:7900]) == pytest.approx(USUAL / 4 ** (24 / 60), rel=0.01)
    assert level(sound[RATE + 2400 :]) < USUAL / 20


def test_dampers_can_be_faster_and_later_and_leave_some_and_the_highest_keys_have_none():
    bank = sines()

    def left(**how):
        return level(bank.play(strikes((0, 0.5, 40, 100)), 1.0, dampers=Dampers(**how))[RATE // 2 :])

    assert left(speed=2) < left(speed=0.5) / 1.5
    assert left() < left(delay=0.05) / 1.2
    assert left() < left(leak=0.3, tail=0.5) / 1.1
    assert level(bank.play(strikes((0, 0.5, FIRST_UNDAMPED, 100)), 1.0)[RATE // 2 :]) == pytest.approx(USUAL * 4 ** (36 / 60), rel=0.01)


def test_an_sfz_becomes_a_piano(tmp_path):
    time = np.arange(RATE * 2) / (RATE * 2)  # at another rate, and in stereo
    for name, amplitude in (("soft", 0.1), ("loud", 0.4)):
        wave = amplitude * np.sin(2 * np.pi * 440 * time)
        soundfile.write(tmp_path / f"{name}.wav", np.stack([wave, wave], axis=1), RATE * 2)
    text = "<region>sample=soft.wav pitch_keycenter=69 hivel=79 <region>sample=loud.wav pitch_keycenter=a4 lovel=80 tune=0"
    (tmp_path / "piano.sfz").write_text(text)
    bank = NoteBank.of_sfz(tmp_path / "piano.sfz", RATE)
    for key in (57, 69, 70):
        sound = bank.play(strikes((0, 0.4, key, 100)), 0.4)
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        assert spectrum.argmax() / 0.4 == pytest.approx(440 * 2 ** ((key - 69) / 12), abs=3)
    soft, loud = (level(bank.play(strikes((0, 0.4, 69, velocity)), 0.4)) for velocity in (40, 103.5))
    assert loud / soft == pytest.approx(4, rel=0.02)
    (tmp_path / "loud.wav").unlink()
    with pytest.raises(ReadError, match=r"piano\.sfz: its sample loud\.wav could not be opened .* Fetch the piano again"):
        NoteBank.of_sfz(tmp_path / "piano.sfz", RATE)
    (tmp_path / "piano.sfz").write_text("<region>sample=soft.wav key=69")
    with pytest.raises(AudioError, match="piano: notes for 1 of 88 keys"):
        NoteBank.of_sfz(tmp_path / "piano.sfz", RATE)


def test_loudness_lies_on_a_line_through_the_layers_and_is_usual_in_the_middle():
    bank = sines()
    levels = [20 * np.log10(level(bank.play(strikes((0, 2, 60, velocity)), 1.0))) - MIDDLE_DB for velocity in (20, 40, 64, 70, 100, 127)]
    assert levels[1:5] == pytest.approx([-12.04 * 24 / 60, 0, 12.04 * 6 / 60, 12.04 * 36 / 60], abs=0.05)
    assert levels[0] < levels[1] - 3
    assert levels[5] == pytest.approx(levels[4])  # no louder than it was recorded


def test_strings_sound_along_while_the_pedal_is_down():
    bank = sines()
    sound = bank.play(strikes((0, 0.2, 60, 100)), 2.0)
    down = np.ones(len(sound), np.float32)
    down[RATE:] = 0
    along = bank.along(sound, down)
    assert level(along) == pytest.approx(level(sound * down), rel=0.01)
    assert level(along[RATE // 2 : RATE]) > 10 * level(sound[RATE // 2 : RATE])
    assert not along[RATE:].any()


def test_what_was_struck_before_is_still_heard():
    bank = sines()
    whole = bank.play(strikes((0, 1.5, 60, 40), (0.25, 0.9, 72, 90)), 2.0)
    later = bank.play(strikes((-0.75, 0.75, 60, 40), (-0.5, 0.15, 72, 90)), 1.25)
    assert later == pytest.approx(whole[RATE * 3 // 4 :], abs=1e-6)


def test_notes_outside_the_stretch_are_left_out():
    assert not sines().play(strikes((3, 4, 60, 40), (-5, -4, 60, 40)), 2.0).any()


def recording(folder, name, *, rate=RATE, delay=0.1):
    sound = np.concatenate([np.zeros(round(delay * rate)), 0.5 * np.exp(-np.arange(rate) / rate)])
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate, format="WAV")
    (folder / name).write_bytes(buffer.getvalue())


def test_recordings_are_found_by_name_and_silence_before_a_note_is_cut(tmp_path):
    for name in ("A4v4.wav", "A4v12.wav", "Ds5v4.wav", "rel20.wav", "notes.txt"):
        recording(tmp_path, name)
    bank = NoteBank.of_recordings(tmp_path, RATE)
    sound = bank.play(strikes((0, 1, 69, 28)), 0.5)
    assert np.abs(sound[: RATE // 100]).max() == pytest.approx(np.abs(sound).max(), rel=0.01)
    high = bank.play(strikes((0, 4, 79, 28)), 2.0)  # four semitones above the nearest: it is over sooner
    assert np.flatnonzero(high)[-1] == pytest.approx(RATE / 2 ** (4 / 12), rel=0.01)


def test_a_soundfont_becomes_a_piano(tmp_path):
    (tmp_path / "tiny.sf2").write_bytes(font())
    bank = NoteBank.of_soundfont(tmp_path / "tiny.sf2", RATE, velocities=(30, 100))
    soft, loud = (level(bank.play(strikes((0, 1, 60, velocity)), 0.5)) for velocity in (30, 100))
    assert 0 < soft < loud


@pytest.mark.parametrize(
    ("files", "words"),
    [([], "no recordings of single notes, expected names such as Ds4v10.ogg"), (["A4v4.wav"], "A4v4.wav: 4000 Hz, expected 8000. Convert")],
)
def test_what_is_no_piano_is_refused(tmp_path, files, words):
    for name in files:
        recording(tmp_path, name, rate=4_000)
    with pytest.raises(AudioError, match=words):
        NoteBank.of_recordings(tmp_path, RATE)


def test_a_piano_has_all_keys():
    with pytest.raises(AudioError, match=f"notes for 87 of {KEYS} keys. Give a bank that has the whole keyboard"):
        NoteBank([[(64, np.ones(10, np.float32))]] * 87 + [[]], RATE)
