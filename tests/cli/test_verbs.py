import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from partimento.cli.main import VERBS, main
from partimento.files import read, write
from partimento.score import KeySignature, Score, Tempo, TimeSignature, Track

FAST = ["--formats", "mid,abc,musicxml"]


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    """The one JSON object that a command prints."""
    assert main([*map(str, arguments), "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return json.loads(out)


def refusal(capsys: pytest.CaptureFixture[str], status: int, *arguments: object) -> str:
    """The one line with which a command is refused."""
    assert main([*map(str, arguments)]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("partimento: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    """Four bars of a tune in G, as ABC."""
    path = tmp_path / "tune.abc"
    path.write_text("X:1\nT:Start\nM:4/4\nL:1/8\nK:G\nG2B2 d2B2|c2A2 F2A2|G2B2 d2g2|f2d2 c2A2|\n")
    return path


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert verb in capsys.readouterr().out


def test_an_unknown_verb_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'compose'" in refusal(capsys, 2, "compos")


def test_the_presets_are_listed_with_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    fields = told(capsys, "models", "presets")["presets"]
    assert {"markov", "char_rnn"} <= set(fields)
    assert all(entry["source"] and entry["mended"] and {"tiny", "small", "base"} <= set(entry["sizes"]) for entry in fields.values())


def test_an_unknown_option_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--bars" in refusal(capsys, 2, "compose", "--bar", "4")


def test_compose_names_its_pieces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fields = told(capsys, "compose", "--bars", 8, "--key", "G", "--tempo", 90, "--count", 2, "--seed", 7, "--out", tmp_path, *FAST)
    assert (fields["model"], fields["seed"], len(fields["pieces"])) == ("bach-chorales", 7, 2)
    assert fields["tokens_per_second"] > 0 and fields["real_time_factor"] > 0
    for piece in fields["pieces"]:
        assert piece["bars"] == 8
        assert piece["key"] == "G major"
        assert set(piece["originality"]) == {"longest_copy_notes", "copied_share", "source"}
        assert set(piece["files"]) == {"mid", "abc", "musicxml"}
        scores = [read(path) for path in piece["files"].values()]
        assert {score.note_count for score in scores} == {piece["notes"]}
        assert {round(score.tempos[0].bpm) for score in scores} == {90}
        assert all("partimento" in score.metadata["provenance"] and "seed 7" in score.metadata["provenance"] for score in scores)


def test_the_same_seed_gives_the_same_bytes_in_any_thread_count(tmp_path: Path) -> None:
    files = []
    for threads in ("1", "2"):
        folder = tmp_path / threads
        command = [sys.executable, "-m", "partimento.cli", "compose", "--bars", "4", "--seed", "7", "--out", str(folder)]
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": threads}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert {Path(name).suffix for name in files[0]} == {".mid", ".abc", ".musicxml", ".wav", ".png", ".html"}
    assert files[0] == files[1]


def test_all_but_training_needs_nothing_but_what_is_installed_with_the_package(tune: Path, tmp_path: Path) -> None:
    """With torch and onnx out of reach."""
    count = np.arange(8)
    scale = write(Score(480, (Track(240 * count, 0 * count + 240, 60 + count, 0 * count + 80),)), tmp_path / "scale.mid")
    commands = [
        ["compose", "--model", "folk-tunes", "--bars", "8", "--seed", "1", "--out", tmp_path / "out", "--formats", "abc"],
        *(["render", scale, tmp_path / f"{voice}.wav", "--voice", voice] for voice in ("soundfont", "modal", "wavenet")),
        ["transcribe", tmp_path / "modal.wav", tmp_path / "heard.mid"],
        ["reimagine", tmp_path / "modal.wav", tmp_path / "new.wav", "--seconds", "4"],
        ["convert", tune, tmp_path / "tune.csv"],
    ]
    script = (
        "import importlib, pkgutil, sys\nsys.modules['torch'] = sys.modules['onnx'] = None\n"
        "import partimento\nfrom partimento.cli.main import main\n"
        "for module in pkgutil.walk_packages(partimento.__path__, 'partimento.'):\n"
        "    if not module.name.startswith(('partimento.training', 'partimento.models')) and '__main__' not in module.name:\n"
        "        importlib.import_module(module.name)\n"
        f"sys.exit(max(main(command) for command in {[[str(word) for word in command] for command in commands]!r}))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
    assert list((tmp_path / "out").glob("*.abc")) and (tmp_path / "wavenet.wav").stat().st_size > 1000 and (tmp_path / "new.html").is_file()


def test_a_primer_is_kept_and_continued(tune: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    fields = told(capsys, "compose", "--model", "folk-tunes", "--primer", tune, "--bars", 16, "--seed", 3, "--out", out, "--formats", "abc")
    made, given = read(fields["pieces"][0]["files"]["abc"]), read(tune)
    count = given.note_count
    assert fields["pieces"][0]["bars"] == 16
    assert made.tracks[0].pitch[:count].tolist() == given.tracks[0].pitch.tolist()
    assert np.array_equal(made.tracks[0].start[:count] * given.ticks_per_quarter, given.tracks[0].start * made.ticks_per_quarter)


def test_a_primer_that_cannot_be_said_is_refused_with_its_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voices = tuple(Track([0], [480], [pitch], [80], name=str(pitch)) for pitch in (100, 64, 60, 48))
    path = write(Score(480, voices), tmp_path / "high.mid")
    assert "E7 (key 100)" in refusal(capsys, 1, "compose", "--primer", path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_max_copy_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fields = told(
        capsys,
        "compose",
        "--model",
        "folk-tunes",
        "--bars",
        16,
        "--count",
        2,
        "--max-copy",
        12,
        "--out",
        tmp_path,
        "--formats",
        "mid",
        "--seed",
        1,
    )
    assert all(piece["originality"]["longest_copy_notes"] <= 12 for piece in fields["pieces"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "bach-choral"], "did you mean 'bach-chorales'"),
        (["--bars", "0"], "--bars 0: expected 1"),
        (["--count", "0"], "--count 0: expected 1 or more"),
        (["--key", "H"], "key 'H': expected a letter A to G"),
        (["--tempo", "-3"], "--tempo -3"),
        (["--formats", "mp9"], "--formats mp9: is none"),
        (["--primer", "nothing.mid"], "nothing.mid: could not be opened"),
        (["--temperature", "99"], "temperature 99"),
        (["--max-copy", "3"], "--max-copy 3: expected 7 or more"),
        (["--seed", "-1"], "--seed -1: expected 0 or more"),
        (["--out", "/proc/nowhere"], "/proc/nowhere: could not be written"),
    ],
)
def test_what_compose_refuses(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert words in refusal(capsys, 1, "compose", *arguments)
    assert not list(tmp_path.iterdir())


def test_convert_goes_round(tune: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    last, notes = tune, read(tune).note_count
    for number, suffix in enumerate((".mid", ".csv", ".musicxml", ".mxl", ".mid", ".abc")):
        target = tmp_path / f"{number}{suffix}"
        assert told(capsys, "convert", last, target) == {"notes": notes, "warnings": []}
        last = target
    assert read(last).tracks[0].pitch.tolist() == read(tune).tracks[0].pitch.tolist()


def test_convert_quantises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    played = write(Score(480, (Track([3, 485], [470, 483], [60, 62], [80, 80]),)), tmp_path / "played.mid")
    told(capsys, "convert", played, tmp_path / "straight.mid", "--quantize", 16)
    assert read(tmp_path / "straight.mid").tracks[0].start.tolist() == [0, 480]


@pytest.mark.parametrize("name", ["out.mp4", "out.krn"])
def test_convert_refuses_what_it_cannot_write(name: str, tune: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no format that can be written" in refusal(capsys, 1, "convert", tune, tmp_path / name)


def test_render_sounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score = Score(480, (Track([0], [960], [69], [90]),), (Tempo.of_bpm(0, 120),), (TimeSignature(0),), (KeySignature(0),))
    path = write(score, tmp_path / "a.mid")
    fields = told(capsys, "render", path, tmp_path / "a.flac", "--rate", 22050)
    samples, rate = soundfile.read(tmp_path / "a.flac")
    assert rate == 22050
    assert fields["seconds"] == pytest.approx(len(samples) / rate, abs=0.01)
    assert 0.5 < fields["peak"] <= 1
    assert fields["real_time_factor"] > 0
    loud = np.abs(np.fft.rfft(samples[: rate // 2].mean(axis=1)))
    assert np.fft.rfftfreq(rate // 2, 1 / rate)[np.argmax(loud)] == pytest.approx(440, abs=3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.mid", "a.xyz"], "is no kind of sound"),
        (["b.mid", "a.wav"], "b.mid: could not be opened"),
        (["a.mid", "a.wav", "--program", "200"], "program 200"),
    ],
)
def test_what_render_refuses(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Score(480, (Track([0], [960], [69], [90]),)), "a.mid")
    assert words in refusal(capsys, 1, "render", *arguments)
    assert not list(tmp_path.glob("a.[wx]*"))


def test_models_say_what_one_may_do(capsys: pytest.CaptureFixture[str]) -> None:
    listed = {entry["name"]: entry for entry in told(capsys, "models", "list")["models"]}
    assert {"bach-chorales", "folk-tunes"} <= set(listed)
    assert all("may" in entry["permission"] and entry["permission"].endswith(".") for entry in listed.values())
    card = told(capsys, "models", "show", "folk-tunes")
    assert card["data"]["licence"] and card["training"]["command"].startswith("partimento train")
    assert main(["models", "show", "bach-chorales"]) == 0
    assert "347 ids" in capsys.readouterr().out


def test_corpora_say_where_they_come_from(capsys: pytest.CaptureFixture[str]) -> None:
    listed = {entry["name"]: entry for entry in told(capsys, "corpus", "list")["corpora"]}
    assert {"music21-chorales", "nottingham", "irish"} <= set(listed)
    assert all(entry["licence"] and entry["citation"] for entry in listed.values())
    assert len(told(capsys, "corpus", "show", "nottingham")["files"]) == 14
    assert "did you mean 'irish'" in refusal(capsys, 1, "corpus", "show", "irsh")


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", ".."])
def test_a_model_is_not_named_like_a_path(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = refusal(capsys, 1, "train", tmp_path, "--model", "markov", "--name", name, "--out", tmp_path / "made")
    assert f"--name '{name}': expected a plain file name" in words
    assert not (tmp_path / "made").exists()


def test_an_error_does_not_go_to_stdout_where_stderr_is_closed() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import os; os.close(2); os.execv(*__import__('json').loads(os.environ['RUN']))"],
        env={
            **os.environ,
            "RUN": json.dumps([sys.executable, [sys.executable, "-m", "partimento.cli", "convert", "nothing.mid", "o.mid"]]),
        },
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, b"")


def test_an_interruption_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(path: Path) -> Score:
        raise KeyboardInterrupt

    monkeypatch.setattr("partimento.files.read", interrupted)
    assert "interrupted; what was finished is kept" in refusal(capsys, 130, "convert", "a.mid", "b.mid")
