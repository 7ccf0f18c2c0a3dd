import numpy as np
import pytest
from tiny_soundfont import bank as make

from partimento.errors import AudioError
from partimento.score import Score, Tempo, Track
from partimento.score.pedal import fold_pedal
from partimento.synthesis import SoundfontSynthesizer, Synthesizer, bank, soundfont
from partimento.synthesis.synthesizer import Streaming


def one(pitch=69, velocity=100, start=0, duration=960, **more):
    """A score of one note, at 120 quarters a minute: 960 ticks are a second."""
    return Score(480, (Track([start], [duration], [pitch], [velocity], **more),))


@pytest.fixture
def player(tmp_path):
    def make_player(*zones, room=0.0, rate=44_100, program=None, **more):
        path = tmp_path / "sine.sf2"
        path.write_bytes(make(zones or ({},), **more))
        return SoundfontSynthesizer(path, room=room, sample_rate=rate, program=program)

    return make_player


@pytest.fixture
def small_bank(monkeypatch):
    monkeypatch.setattr(bank, "INSTALLED", ())


def peak_hz(samples, rate):
    size = 1 << 17
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size), size))
    return float(np.argmax(spectrum)) * rate / size


def level(samples):
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def test_the_a_above_middle_c_is_440_hz_on_the_default_piano(small_bank):
    wave = SoundfontSynthesizer().render(one(69))
    assert (wave.channels, wave.sample_rate) == (2, 44_100)
    assert peak_hz(wave.samples[0, 4410:44100], 44_100) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("key", [21, 45, 60, 69, 70, 84, 108])
@pytest.mark.parametrize("rate", [44_100, 22_050])
def test_every_key_has_its_pitch(player, key, rate):
    wave = player(rate=rate).render(one(key))
    expected = 440 * 2 ** ((key - 69) / 12)
    assert peak_hz(wave.samples[0, rate // 10 : rate], rate) == pytest.approx(expected, rel=0.0006, abs=0.3)


def test_tuning_generators(player):
    wave = player({51: 12, 52: -100, 58: 57}).render(one(69))  # an octave up, a semitone down, the recording an octave lower
    assert peak_hz(wave.samples[0, 4410:44100], 44_100) == pytest.approx(440 * 2 ** (23 / 12), rel=0.001)


def test_a_sine_stays_a_sine(player):
    """Interpolation and looping add less than a thousandth of other sound."""
    wave = player().render(one(76))
    middle = wave.samples[0, 8820 : 8820 + 16384].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.blackman(middle.size))) ** 2
    top = int(np.argmax(spectrum))
    assert spectrum[max(top - 6, 0) : top + 7].sum() / spectrum.sum() > 0.99999


def test_level_and_length(player):
    wave = player(room=0.3).render(one(duration=480 * 6))
    assert wave.peak == pytest.approx(10 ** (-1 / 20), abs=1e-4)
    assert wave.seconds == pytest.approx(3 + 2, abs=0.001)
    assert np.all(wave.samples[:, -1] == 0)
    assert level(wave.samples[:, :44_100]) > 0.1


def test_many_loud_notes_do_not_clip(small_bank):
    chord = Score(480, (Track([0] * 40, [960] * 40, range(40, 80), [127] * 40),))
    assert SoundfontSynthesizer().render(chord).peak <= 10 ** (-1 / 20) + 1e-4


def test_notes_begin_and_end_where_they_should(player):
    wave = player().render(one(start=960, duration=480))
    assert level(wave.samples[:, : 44_100 - 10]) == 0
    assert level(wave.samples[:, 44_100 + 500 : 66_150]) > 0.1
    assert level(wave.samples[:, 66_150 + 4_410 :]) < 1e-4


def test_tempo_is_heard(player):
    score = Score(480, (Track([480], [480], [69], [100]),), (Tempo.of_bpm(0, 60),))
    assert level(player().render(score).samples[:, :44_000]) == 0


def test_velocity_is_heard(player):
    score = Score(480, (Track([0, 1920], [960, 960], [69, 69], [127, 64]),))
    samples = player().render(score).samples[0]
    assert level(samples[92_000:130_000]) / level(samples[4_000:42_000]) == pytest.approx((64 / 127) ** 2, rel=0.02)


def test_the_release_is_heard(player):
    wave = player({38: 0}).render(one())  # a second to fall by 100 dB
    before, after = (level(wave.samples[:, at : at + 882]) for at in (43_000, 44_100 + 22_050))
    assert 20 * np.log10(after / before) == pytest.approx(-51, abs=2)


def test_attack_hold_and_decay(player):
    wave = player({34: 0, 36: 0, 37: 200}).render(one(duration=960 * 3))  # a second to rise, then 20 dB down within a fifth of one
    samples = wave.samples[0]
    rising, top, sustained = (level(samples[at : at + 2205]) for at in (22_050, 41_895, 100_000))
    assert rising / top == pytest.approx(0.525 / 0.975, abs=0.005)
    assert 20 * np.log10(sustained / top) == pytest.approx(-20 - 20 * np.log10(0.975), abs=0.1)


def test_a_recording_without_a_loop_ends(player):
    wave = player({54: 0}).render(one(duration=1920))
    assert level(wave.samples[:, 4_410:20_000]) > 0.1
    assert level(wave.samples[:, 22_100:]) < 1e-6


def test_the_filter_darkens(player):
    noise = (8000 * np.random.default_rng(1).standard_normal(44_100)).clip(-32768, 32767).astype("<i2")
    open_, closed, moving = (
        player(zone, samples=noise).render(one()).samples[0] for zone in ({}, {8: 6000}, {8: 6000, 11: 6000, 28: 0, 29: 1000})
    )

    def bright(samples):
        spectrum = np.abs(np.fft.rfft(samples)) ** 2
        return float(spectrum[spectrum.size // 4 :].sum() / spectrum.sum())

    assert bright(open_[2000:40_000]) > 0.5
    assert bright(closed[2000:40_000]) < 0.01
    assert bright(moving[1000:5000]) > 20 * bright(moving[36_000:40_000])


def test_a_moving_filter_that_hardly_moves_is_the_still_one(player):
    noise = (8000 * np.random.default_rng(1).standard_normal(44_100)).clip(-32768, 32767).astype("<i2")
    still, moving = (player(zone, samples=noise).render(one()).samples[0] for zone in ({8: 8000}, {8: 7998, 11: 4, 25: -800, 28: 5000}))
    assert level(still - moving) / level(still) < 0.01


def test_vibrato_and_pitch_envelope(player):
    still, vibrato = (player(zone).render(one()).samples[0] for zone in ({}, {6: 100}))
    crossings = [np.diff(np.flatnonzero(np.diff(np.signbit(samples[2000:42_000]))), append=0) for samples in (still, vibrato)]
    assert np.ptp(crossings[0][:-1]) <= 2 < np.ptp(crossings[1][:-1])
    bent = player({7: 1200, 29: 0, 28: 5000}).render(one()).samples[0]
    assert peak_hz(bent[4410:40_000], 44_100) == pytest.approx(880, rel=0.01)


def test_the_sustain_pedal_lengthens(player):
    pedalled = one(duration=240, controls=np.array([[100, 64, 127], [1920, 64, 0]]))
    folded = fold_pedal(pedalled)
    assert folded.tracks[0].duration.tolist() == [1920]
    assert np.array_equal(player().render(pedalled).samples, player().render(folded).samples)
    assert level(player().render(pedalled).samples[:, 60_000:80_000]) > 0.1


@pytest.mark.parametrize(
    ("controls", "gain"),
    [
        ([[0, 67, 127]], 0.7),
        ([[0, 7, 50]], 0.25),
        ([[0, 11, 64]], (64 / 127) ** 2),
        ([[961, 7, 10]], 1.0),
        ([[0, 7, 100], [0, 11, 127]], 1.0),
    ],
)
def test_soft_pedal_volume_and_expression(player, controls, gain):
    loud = Track([1920], [960], [69], [100])
    tested = Track([0], [960], [69], [100], controls=np.array(controls))
    samples = player().render(Score(480, (tested, loud))).samples[0]
    assert level(samples[4_000:40_000]) / level(samples[92_000:130_000]) == pytest.approx(gain, rel=0.02)


@pytest.mark.parametrize(("pan", "quiet"), [(0, 1), (127, 0)])
def test_pan(player, pan, quiet):
    wave = player().render(one(controls=np.array([[0, 10, pan]])))
    assert level(wave.samples[quiet]) < 1e-5
    assert level(wave.samples[1 - quiet]) > 0.1


def test_a_stereo_recording_keeps_its_sides(player):
    wave = player({17: -500}, {17: 500, 51: 12}).render(one())
    assert peak_hz(wave.samples[0, 4410:40_000], 44_100) == pytest.approx(440, rel=0.001)
    assert peak_hz(wave.samples[1, 4410:40_000], 44_100) == pytest.approx(880, rel=0.001)


def test_one_program_for_all_but_drums(player):
    presets = ((0, 0), (0, 19), (128, 0))
    asked = []
    synth = player(presets=presets, program=19)
    zones = synth._bank.zones
    synth._bank.zones = lambda program, is_drum=False: asked.append((program, is_drum)) or zones(program, is_drum)
    synth.render(Score(480, (Track([0], [480], [60], [90], program=3), Track([0], [480], [38], [90], is_drum=True))))
    assert set(asked) == {(19, False), (0, True)}


def test_the_room_is_heard_and_is_always_the_same(player):
    dry, wet, again = (player(room=room).render(one(duration=240)) for room in (0.0, 0.5, 0.5))
    tail = slice(16_000, 40_000)
    assert level(wet.samples[:, tail]) > 30 * level(dry.samples[:, tail])
    assert np.array_equal(wet.samples, again.samples)


def test_the_room_runs_on_over_its_blocks(player):
    """A long piece is reverberated block by block: a click late in it sounds like one at its start."""
    late = player(room=1.0, rate=8000).render(one(start=960 * 40, duration=48)).samples[:, 8000 * 40 :]
    early = player(room=1.0, rate=8000).render(one(duration=48)).samples
    assert np.allclose(late[:, : early.shape[1]], early, atol=1e-4)


def test_the_same_score_gives_the_same_samples(small_bank):
    score = Score(480, (Track([0, 480, 480], [480, 960, 960], [60, 64, 67], [90, 70, 80]), Track([0], [960], [38], [90], is_drum=True)))
    assert np.array_equal(SoundfontSynthesizer().render(score).samples, SoundfontSynthesizer().render(score).samples)


def test_what_was_played_before_does_not_change_what_is_played(small_bank):
    """Recordings are kept at their pitches: those of a longer piece serve a shorter one, and the other way round."""
    rng = np.random.default_rng(2)
    columns = np.sort(rng.integers(0, 2000, 12)), rng.integers(50, 900, 12), rng.integers(50, 60, 12), rng.integers(20, 127, 12)
    short = Score(480, (Track(*columns), Track([0], [960], [60], [90], program=48)))
    long = Score(480, (Track(columns[0], columns[1] * 3, *columns[2:]), Track([0], [2000], [60], [90], program=48)))
    player = SoundfontSynthesizer(room=0)
    played = [player.mixed(score) for score in (short, long, short)]
    fresh = [SoundfontSynthesizer(room=0).mixed(score) for score in (short, long)]
    assert np.array_equal(played[0], fresh[0])
    assert np.array_equal(played[1], fresh[1])
    assert np.array_equal(played[2], fresh[0])


def test_a_very_long_note_fades_out(player):
    wave = player(rate=8000).render(one(duration=960 * 70))
    assert level(wave.samples[:, 8000 * 58 : 8000 * 59]) > 0.1
    assert level(wave.samples[:, 8000 * 61 :]) == 0


def test_a_long_piece_is_played_in_windows_as_in_one(player, monkeypatch):
    """Notes, room and fade go on over the windows' seams."""
    times = np.arange(0, 960 * 9, 700)
    score = Score(480, (Track(times, np.full(times.size, 1500), 60 + times % 20, np.full(times.size, 90)),))
    whole = player(room=0.5, rate=8000).mixed(score)
    monkeypatch.setattr(soundfont, "WINDOW_SECONDS", 2)
    blocks = list(player(room=0.5, rate=8000).blocks(score))
    assert [block.shape[1] for block in blocks[:-1]] == [16_000] * (len(blocks) - 1) and len(blocks) > 4
    assert np.abs(np.concatenate(blocks, axis=1) - whole).max() < 1e-4 * np.abs(whole).max()
    assert np.abs(player(room=0.5, rate=8000).mixed(score) - whole).max() < 1e-4 * np.abs(whole).max()


def test_the_last_window_may_be_shorter_than_the_fade(player, monkeypatch):
    whole = player(rate=8000).mixed(one(duration=96))
    monkeypatch.setattr(soundfont, "WINDOW_SECONDS", 1)
    monkeypatch.setattr(soundfont, "TAIL_SECONDS", 1.95)
    blocks = list(player(rate=8000).blocks(one(duration=96)))
    assert [block.shape[1] for block in blocks] == [8000, 8000, 400] and not blocks[-1][:, -1].any()
    monkeypatch.setattr(soundfont, "WINDOW_SECONDS", 600)
    assert np.allclose(np.concatenate(blocks, axis=1), player(rate=8000).mixed(one(duration=96)), atol=1e-6)
    assert whole.shape[1] > 16_400


def test_it_streams_and_says_what_it_leaves_out(player):
    synth = player({43: 72 << 8 | 60})
    assert isinstance(synth, Streaming) and synth.left_out(one(60)) == []
    score = Score(480, (Track([0, 0, 9], [9] * 3, [60, 59, 73], [90] * 3),))
    assert synth.left_out(score) == ["2 of 3 notes have no recording in sine.sf2 and are left out"]
    with pytest.raises(AudioError, match="score: 1 of 1 notes has no recording in sine.sf2 and is left out. Choose another --program"):
        synth.render(one(20))


def test_it_is_a_synthesizer(player):
    synthesizer: Synthesizer = player()
    assert synthesizer.render(one()).peak > 0.5


def test_what_cannot_be_rendered(player):
    with pytest.raises(AudioError, match="holds no notes, expected at least one"):
        player().render(Score(480, (Track(),)))
    with pytest.raises(AudioError, match="lasts 12.2 hours, expected at most 12"):
        player().render(one(duration=960 * 44_000))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"program": 128}, "program 128: expected 0 to 127"),
        ({"sample_rate": 1000}, "sample rate 1000 Hz: expected 8000 to 192000"),
        ({"room": 2.0}, "room 2.0: expected 0 to 1"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(AudioError, match=message):
        SoundfontSynthesizer(**settings)


def test_a_missing_bank():
    with pytest.raises(AudioError, match=r"there is no such file. Give the path of an .sf2 or .sf3 file"):
        SoundfontSynthesizer("/nowhere/none.sf2")
