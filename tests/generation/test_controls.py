"""`compose --notes-per-second` and `--pitch-classes`: what is wished is told, once a second, and nothing else is."""

import json

import numpy as np
import pytest

from little_music import chorale, chorale_folder, run, trained
from partimento.encoding.performance.layout import Kind
from partimento.errors import ConfigError, EncodingError
from partimento.files.dispatch import read, write
from partimento.generation.composer import Composer
from partimento.generation.controls import Controls
from partimento.generation.load import load
from partimento.generation.wish import Wish
from partimento.score import KeySignature

C_MAJOR = (2.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0)
WEIGHTS = "2,0,1,0,1,1,0,1,0,1,0,1"


@pytest.fixture(scope="module")
def performer(tmp_path_factory):
    """A model that is told everything, and has learnt next to nothing."""
    folder = tmp_path_factory.mktemp("performer")
    settings = ["--model", "performance-rnn-multi", "--size", "tiny", "--steps", "2", "--rows", "2", "--threads", "1"]
    course = [*settings, "--precision", "fp32", "--device", "cpu", "--sample-every", "0"]
    status, _, error = run("train", chorale_folder(folder / "corpus", 6), *course, "--out", folder / "model", "--json")
    assert status == 0, error
    return folder / "model"


def told(composer: Composer) -> list[set[str]]:
    """What the piece written last was told: one set of symbols for the density and for each three pitch classes."""
    layout, symbols = composer.encoding._layout, composer.encoding.vocabulary.symbols
    return [{symbols[number] for number in composer.ids if number in group} for group in layout.controls]


def test_what_is_wished_is_told_in_every_second_and_nothing_else(performer):
    composer = load(performer)
    composer.write(Wish(bars=4, controls=Controls(8, C_MAJOR)), seed=1)
    assert told(composer) == [{"density8"}, {"F-C-G:121"}, {"D-A-E:111"}, {"B-F#-C#:100"}, {"G#-D#-Bb:000"}]
    kinds = composer.encoding._layout.kinds.take(composer.ids)
    assert np.count_nonzero(kinds == Kind.CONTROL) >= 5 * 5


def test_what_is_not_wished_the_model_says_itself(performer):
    composer = load(performer)
    composer.write(Wish(bars=6, controls=Controls(notes_per_second=8)), seed=1)
    density, *pitch_classes = map(len, told(composer))
    assert density == 1 and min(pitch_classes) > 1
    composer.write(Wish(bars=6), seed=1)
    assert min(map(len, told(composer))) > 1


def test_a_wish_is_no_insistence_of_the_grammar(performer, monkeypatch):
    from partimento.generation import sampler  # noqa: PLC0415

    written = []
    monkeypatch.setattr(
        sampler.Writer, "write", lambda self, opened, write=sampler.Writer.write: written.append(write(self, opened)) or written[-1]
    )
    composer = load(performer)
    composer.write(Wish(bars=2), seed=1)
    composer.write(Wish(bars=2, controls=Controls(60)), seed=1)
    assert written[1].forced_nats < written[0].forced_nats + 20, "telling a density of 60 a second was counted as insistence"


def test_no_draft_wins_by_having_fewer_notes(performer):
    composer = load(performer)
    composer.write(Wish(bars=6), seed=1)
    assert composer.ids_written == len(composer.ids) - 1, "bars were written anew, and the emptiest kept"


def test_a_beginning_keeps_what_it_was_told(performer):
    composer = load(performer)
    composer.write(Wish(bars=8, primer=chorale(0), controls=Controls(16)), seed=1)
    begun = composer.encoding.encode(chorale(0), whole=False)
    assert np.array_equal(composer.ids[: len(begun)], begun)
    group = composer.encoding._layout.controls[0]
    assert {int(number) for number in composer.ids[len(begun) :] if number in group} == {composer.encoding.vocabulary.ids["density16"]}


def test_the_command_line_tells_it_and_the_piece_says_so(performer, tmp_path):
    wishes = ["--notes-per-second", "2.5", "--pitch-classes", WEIGHTS, "--bars", "2", "--seed", "1", "--formats", "mid"]
    status, text, error = run("compose", "--model", performer, *wishes, "--out", tmp_path, "--json")
    assert status == 0, error
    piece = json.loads(text)["pieces"][0]
    assert f"notes-per-second 2.5, pitch-classes {WEIGHTS}" in read(piece["files"]["mid"]).metadata["provenance"]


def test_a_model_that_was_told_nothing_is_not_asked(performer, tmp_path):
    words = (
        "model 'tunes' did not learn to keep to it. Leave it out, or train one that does: partimento train FOLDER --model performance-rnn"
    )
    for option, value, preset in (("--notes-per-second", "8", "density"), ("--pitch-classes", WEIGHTS, "pitch")):
        status, _, error = run("compose", "--model", trained("tunes"), option, value, "--out", tmp_path)
        assert status == 1 and f"{option}: {words}-{preset} (or performance-rnn-multi)." in error
    write(chorale(0), tmp_path / "piece.mid")
    status, _, error = run(
        "compose", "--model", trained("tunes"), "--over", tmp_path / "piece.mid", "--notes-per-second", "8", "--out", tmp_path
    )
    assert status == 1 and f"--notes-per-second: {words}" in error


def test_a_model_that_is_told_one_thing_is_not_asked_for_the_other(performer):
    composer = load(performer)
    with pytest.raises(EncodingError, match="--pitch-classes: model 'x' did not learn"):
        Controls(pitch_classes=C_MAJOR).check(type(composer.encoding)(density=True), "x")
    Controls(8).check(type(composer.encoding)(density=True), "x")


@pytest.mark.parametrize("speed", [-1, 65, float("nan")])
def test_a_density_out_of_range_is_refused(speed):
    with pytest.raises(ConfigError, match=rf"--notes-per-second {speed:g}: expected 0 to 64\."):
        Controls(notes_per_second=speed)


@pytest.mark.parametrize(
    "weights", [(1.0,) * 11, (0.0,) * 12, (-1.0, *C_MAJOR[1:]), (float("nan"), *C_MAJOR[1:]), (float("inf"), *C_MAJOR[1:])]
)
def test_other_than_twelve_weights_are_refused(weights):
    with pytest.raises(ConfigError, match=r"--pitch-classes .*: expected twelve weights from C on, none below 0 and one above it, such as"):
        Controls(pitch_classes=weights)


def test_what_are_no_numbers_is_refused(performer, tmp_path):
    status, _, error = run("compose", "--model", performer, "--pitch-classes", "C major", "--out", tmp_path)
    assert status == 1 and "--pitch-classes C major: expected twelve numbers from C on" in error


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"tempo": 90.0, "controls": Controls(8)}, "--notes-per-second: --tempo changes the piece after it is composed"),
        (
            {"key": KeySignature(0), "controls": Controls(pitch_classes=C_MAJOR)},
            "--pitch-classes: --key changes the piece after it is composed",
        ),
    ],
)
def test_what_would_undo_a_wish_is_refused(wish, words):
    with pytest.raises(ConfigError, match=words):
        Wish(**wish)


def test_without_a_grammar_nothing_can_be_told(tmp_path):
    status, _, error = run("compose", "--model", trained("tunes"), "--no-grammar", "--notes-per-second", "8", "--out", tmp_path)
    assert status == 1 and "--no-grammar: --notes-per-second is kept by the grammar alone" in error
