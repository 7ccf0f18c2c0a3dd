"""Every example runs by itself in an empty folder, says something, and leaves the files it names."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
MADE = {
    "compare": ["compared/index.html"],
    "compose": ["new.mid", "new.musicxml", "continued.mid"],
    "convert": ["a-tone-higher.mid", "a-tone-higher.csv", "a-tone-higher.musicxml", "a-tone-higher.abc"],
    "corpus": ["three-tunes/broken.mid"],
    "models": [],
    "reimagine": ["played.wav", "reimagined.flac"],
    "render": ["sound.wav"],
    "transcribe": ["played.wav", "heard.mid"],
    "train": ["learned.abc", "little-model/card.json"],
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_example_runs(example, tmp_path):
    result = subprocess.run([sys.executable, "-W", "error", example], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
    for name in MADE[example.stem]:
        assert (tmp_path / name).stat().st_size > 0, name


def test_every_verb_has_an_example():
    from partimento.cli.main import VERBS  # noqa: PLC0415

    assert {example.stem for example in EXAMPLES} == set(VERBS) == set(MADE)
