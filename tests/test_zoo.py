"""The bundles that come with the package."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import partimento
from partimento.audio import resampled
from partimento.bundle import ZOO, load_bundle, shipped
from partimento.evaluation.note_matching import agreement
from partimento.evaluation.structure import bars_full, ends_well
from partimento.files.tensors import tensor_bytes
from partimento.generation.load import load
from partimento.generation.wish import Wish
from partimento.score import KeySignature, Score, Tempo, TimeSignature, Track
from partimento.score.harmony import key_of
from partimento.score.meter import bar_count
from partimento.score.pedal import fold_pedal
from partimento.score.tempo import duration_seconds, seconds_at
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.modal_voice import ModalVoice
from partimento.synthesis.soundfont import SoundfontSynthesizer
from partimento.synthesis.wavenet_voice import WaveNetVoice
from partimento.training.minuet_game import minuet_dice
from partimento.transcription.piano_judge import JUDGE
from partimento.transcription.transcriber import load_transcriber

NAMES = ("bach-chorales", "chorales-biaxial", "coconet-chorales", "folk-tunes")
SLOW = ("chorales-biaxial", "coconet-chorales")
"""Those that take seconds a bar: by default they write seven."""

GAME = "minuet-dice"
PIANOS = ("piano-performer", "piano-performer-base")
ACCOMPANIST = "piano-accompanist"
EARS = ("piano-ears", "piano-ears-live")
JUDGES = (JUDGE,)
VOICES = {"piano-modal": (ModalVoice, 0.85), "piano-wavenet": (WaveNetVoice, 0.6)}
"""Who plays it, and the least share of notes that an ear finds in it."""

MOST_BYTES = dict(zip((*PIANOS, ACCOMPANIST), (20e6, 28e6, 28e6), strict=True))
"""Of a bundle; of the others it is 15 MB."""


def test_they_are_there() -> None:
    assert shipped() == tuple(sorted((*NAMES, GAME, *PIANOS, ACCOMPANIST, *EARS, *JUDGES, *VOICES)))


@pytest.mark.parametrize("name", [*NAMES, GAME, *PIANOS, ACCOMPANIST, *EARS, *JUDGES, *VOICES])
def test_a_bundle_is_small_and_its_card_complete(name: str) -> None:
    assert sum(file.stat().st_size for file in (ZOO / name).iterdir()) < MOST_BYTES.get(name, 15e6)
    card = load_bundle(ZOO / name).card
    assert card.data["licence"] and card.data["checksum"] and card.training["command"]
    assert card.limits and card.permission.startswith("You may")
    figures = card.figures["test" if "test" in card.figures else "valid"]
    if name in EARS:
        assert figures["clean"]["onset"] > 50
    elif name in JUDGES:
        assert figures["accuracy"] > 80
    elif name == "piano-modal":
        assert figures["distance"] < 0.5
    elif name == "piano-wavenet":
        assert figures["nats_per_sample"] < figures["with_other_notes"] - 0.5
    else:
        assert figures["nats_per_token"] > 0
    assert (Path(__file__).parent.parent / "runs" / f"{name}.sh").is_file()


@pytest.mark.parametrize(
    ("name", "bars"),
    [pytest.param(name, bars, marks=[pytest.mark.slow] if name in SLOW and bars != 3 else []) for name in NAMES for bars in (None, 3, 16)],
)
def test_pieces_are_whole(name: str, bars: int | None) -> None:
    score = load(name).write(Wish(bars=bars), seed=11)
    assert bars_full(score) == []
    assert ends_well(score)
    assert bars is None or bar_count(score) == bars


@pytest.mark.parametrize("name", PIANOS)
def test_a_pianist_goes_on_from_a_beginning(name: str) -> None:
    beginning = Track(np.arange(12) * 500, np.full(12, 450), np.array([48, 55, 64, 67, 72, 67] * 2), np.full(12, 70))
    primer = Score(1000, (beginning,), (Tempo.of_bpm(0, 120),), (TimeSignature(0),))
    score = load(name).write(Wish(primer=primer, seconds=10.0), seed=11)
    (track,) = score.tracks
    assert track.pitch[:12].tolist() == beginning.pitch.tolist()
    assert seconds_at(score, track.start[:12]) == pytest.approx(seconds_at(primer, beginning.start))
    assert 8 < duration_seconds(score) <= 10.01
    assert 20 < len(track) < 300
    assert np.unique(track.velocity[12:]).size > 3


def test_an_accompanist_keeps_the_melody_and_plays_about_as_many_notes_to_it_as_pianists() -> None:
    start = np.arange(16) * 500
    melody = Score(1000, (Track(start, np.full(16, 450), np.array([64, 64, 65, 67, 67, 65, 64, 62] * 2), np.full(16, 70)),))
    (track,) = load(ACCOMPANIST).write(Wish(melody=melody), seed=11).tracks
    struck = set(zip(track.start.tolist(), track.pitch.tolist(), strict=True))  # a tick a millisecond
    wanted = np.rint(seconds_at(melody, start) * 1000).astype(int)
    assert set(zip(wanted.tolist(), melody.tracks[0].pitch.tolist(), strict=True)) <= struck
    assert 1.5 * 16 < len(track) < 8 * 16
    assert track.pitch.min() < 60


@pytest.mark.parametrize("name", [*PIANOS, ACCOMPANIST])
def test_all_that_learnt_from_the_same_performances_know_them_again(name: str) -> None:
    assert load_bundle(ZOO / name).fingerprints == load_bundle(ZOO / PIANOS[0]).files["fingerprints.safetensors"]


@pytest.mark.parametrize("name", EARS)
def test_an_ear_hears_what_the_pianist_plays(name: str) -> None:
    """In a room, on whatever piano this machine has: most notes, at their times."""
    played = load("piano-performer").compose(seconds=16, seed=3)
    sound = resampled(partimento.render(played).to_mono(), 16_000)
    heard = load_transcriber(name).transcribe([sound.samples[0]])
    known, found = (TimedNotes(*_in_seconds(score)) for score in (fold_pedal(played), heard))
    assert agreement(known, found).onset.f1 > 0.5
    assert heard.warnings == ()  # it is a piano


@pytest.mark.parametrize("program", [40, 56, 71, 73])  # violin, trumpet, clarinet, flute
def test_what_is_no_piano_is_warned_of(program: int) -> None:
    tune = load("folk-tunes").compose(bars=8, seed=1)
    played = replace(tune, tracks=tuple(replace(track, program=program) for track in tune.tracks))
    sound = SoundfontSynthesizer(sample_rate=16_000).render(played).to_mono()
    warned = load_transcriber().transcribe([sound.samples[0]]).warnings
    assert len(warned) == 1 and "hardly sounds like a piano" in warned[0]


@pytest.mark.parametrize("name", VOICES)
def test_the_ear_hears_what_the_voice_plays(name: str) -> None:
    voice, least = VOICES[name]
    played = load("piano-performer").compose(seconds=6, seed=3)
    heard = load_transcriber(EARS[0]).transcribe([voice(load_bundle(ZOO / name)).render(played).samples[0]])
    known, found = (TimedNotes(*_in_seconds(score)) for score in (fold_pedal(played), heard))
    assert agreement(known, found).onset.f1 > least


def _in_seconds(score: Score) -> tuple[np.ndarray, ...]:
    """Start, end, key and velocity of all notes."""
    (track,) = score.tracks
    return seconds_at(score, track.start), seconds_at(score, track.end), track.pitch.astype(int), track.velocity.astype(int)


def test_the_default_is_a_chorale_with_its_fermatas() -> None:
    score = partimento.load().compose(bars=8, seed=7)
    assert [track.name for track in score.tracks] == ["soprano", "alto", "tenor", "bass"]
    assert score.marks_of("fermata")
    assert key_of(partimento.load().compose(bars=4, key="D minor", seed=7)) == KeySignature(0, -1, "minor")
    assert partimento.load().compose(bars=8, seed=7).tracks[0].pitch.tolist() == score.tracks[0].pitch.tolist()


def test_the_model_finds_its_own_kind_likelier_than_noise() -> None:
    from partimento.evaluation.likelihood import likelihood  # noqa: PLC0415

    composer = load("bach-chorales")
    own = composer.encoding.encode(composer.write(Wish(bars=8), seed=1))
    assert likelihood(composer.model, [own]).nats_per_id < 1 < math.log(composer.model.vocabulary)


def test_the_game_of_waltzes_throws_its_bars() -> None:
    composer = load(GAME)
    for bars in (16, 32):
        score = composer.write(Wish(bars=bars), seed=11)
        assert bar_count(score) == bars and ends_well(score)
        assert composer.encoding.encode(score).size == 19
    assert key_of(composer.write(Wish(key=KeySignature(0, 1)), seed=11)) == KeySignature(0, 1)
    assert Path(ZOO / GAME / "weights.safetensors").read_bytes() == tensor_bytes(minuet_dice().tensors())
