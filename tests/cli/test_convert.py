import json
from pathlib import Path

import numpy as np
import pytest

from little_music import run, words
from partimento.files import read, write
from partimento.score import Score, Track

ON_STEPS = ((0, 480, 60), (480, 480, 60), (480, 48, 64), (528, 48, 64), (2400, 960, 21), (2400, 960, 108))


def piece(path: Path, *notes: tuple[int, int, int], velocity: int = 64) -> Path:
    """A file of (start, length, pitch) notes; 48 ticks are a step of 50 ms."""
    start, length, pitch = zip(*notes, strict=True)
    return write(Score(480, (Track(start, length, pitch, [velocity] * len(notes)),)), path)


def converted(*arguments: str | Path) -> dict:
    """What `convert --json` tells."""
    status, out, err = run("convert", *arguments, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_notes_on_the_grid_go_through_a_text_and_back(tmp_path: Path) -> None:
    source = piece(tmp_path / "a.mid", *ON_STEPS)
    last = source
    for name in ("a.txt", "b.csv", "c.txt", "d.mid"):
        assert converted(last, tmp_path / name) == {"notes": len(ON_STEPS), "warnings": []}
        last = tmp_path / name
    assert words(read(last)) == words(read(source))
    assert (tmp_path / "a.txt").read_bytes() == (tmp_path / "c.txt").read_bytes()


def test_notes_off_the_grid_are_moved_and_counted(tmp_path: Path) -> None:
    source = piece(tmp_path / "a.mid", (0, 480, 60), (490, 20, 62), (960, 480, 64))
    said = "1 of 3 notes was moved to the nearest step of 50 ms."
    assert converted(source, tmp_path / "a.txt") == {"notes": 3, "warnings": [said]}
    status, out, _ = run("convert", source, tmp_path / "a.txt")
    assert status == 0 and f"  note: {said}" in out
    converted(tmp_path / "a.txt", tmp_path / "b.mid")
    assert words(read(tmp_path / "b.mid")) == [[(0, 480, 60), (480, 48, 62), (960, 480, 64)]]


def test_plain_is_his_text(tmp_path: Path) -> None:
    source = piece(tmp_path / "a.mid", (0, 96, 60), (96, 48, 60), (0, 48, 64))
    fields = converted(source, tmp_path / "a.txt", "--plain")
    assert (tmp_path / "a.txt").read_bytes() == b"GK  G \n"
    assert fields["warnings"] == ["1 note lost its last step, so that the next strike of the key is seen."]
    converted(tmp_path / "a.txt", tmp_path / "b.mid")
    assert words(read(tmp_path / "b.mid")) == [[(0, 48, 60), (0, 48, 64), (96, 48, 60)]]
    status, out, err = run("convert", source, tmp_path / "c.mid", "--plain")
    assert (status, out) == (1, "") and "--plain: is for a .txt of piano keys, and c.mid is none" in err
    assert not (tmp_path / "c.mid").exists()


@pytest.mark.parametrize("name", ["a.mid", "a.txt"])
def test_a_picture_is_a_piano_roll(name: str, tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    assert converted(piece(tmp_path / name, *ON_STEPS), target) == {"notes": len(ON_STEPS), "warnings": []}
    data = target.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int(np.frombuffer(data[16:20], ">u4")[0]) == 1800


def test_a_text_of_words_is_no_music(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("Bach wrote this music.\nIt is free.\n")
    status, out, err = run("convert", tmp_path / "readme.txt", tmp_path / "a.mid")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "readme.txt: found 'Bach wrote this music." in err
    assert not (tmp_path / "a.mid").exists()
