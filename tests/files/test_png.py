import subprocess
import sys

import numpy as np
import pytest
from pixels import pixels

from partimento.errors import ConfigError, MissingExtra, ScoreError
from partimento.files import png
from partimento.files.png import font_files, png_bytes
from partimento.score import Score, Track


def chords(bars=4, **more):
    """Four voices, a chord to a quarter note."""
    count = 4 * bars
    return Score(480, tuple(Track(np.arange(count) * 480, [480] * count, [p] * count, [90] * count) for p in (48, 55, 64, 72)), **more)


def colours_of(image):
    return {tuple(colour) for colour in np.unique(image.reshape(-1, 3)[::7], axis=0).tolist()}


def test_the_roll_is_a_picture():
    image = pixels(png_bytes(chords(), width=600))
    assert image.shape[1] == 600 and 150 < image.shape[0] < 600
    assert (image[0, 0] == 255).all()
    saturated = np.ptp(image, axis=2) > 80
    assert 0.02 < saturated.mean() < 0.3  # the notes: there are four colours of them, and they leave most of the paper white
    assert len(colours_of(image)) > 8


def test_the_picture_is_as_wide_as_asked():
    assert pixels(png_bytes(chords(1), width=300)).shape[1] == 300


def test_the_same_score_gives_the_same_bytes():
    assert png_bytes(chords(), width=400) == png_bytes(chords(), width=400)


def test_letters_are_drawn():
    plain, titled = (pixels(png_bytes(chords(1, metadata={"title": title}), width=400)) for title in ("i", "A Very Long Title Indeed, ♯♭"))
    top = slice(0, 20)
    assert (titled[top] < 128).sum() > 4 * (plain[top] < 128).sum() > 0


def test_letters_of_another_script_do_not_fail():
    assert pixels(png_bytes(chords(1, metadata={"title": "二泉映月 \U0001d110"}), width=400)).shape[1] == 400


def test_a_very_long_piece_stays_a_picture(monkeypatch):
    monkeypatch.setattr(png, "_TALLEST_PIXELS", 500)
    image = pixels(png_bytes(chords(60), width=1200))
    assert image.shape[0] <= 501


def test_the_fonts_come_with_a_wheel():
    assert {path.name for path in font_files()} >= {"DejaVuSans.ttf", "STIXGeneral.ttf"}


def test_without_those_fonts_it_still_draws(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert font_files() == []
    assert pixels(png_bytes(chords(1), width=300)).shape[1] == 300


def test_drawing_does_not_import_matplotlib_and_says_nothing(tmp_path):
    code = (
        "import sys; from partimento.score import Score, Track; from partimento.files.png import png_bytes; "
        "png_bytes(Score(480, (Track([0], [480], [60], [80]),))); assert 'matplotlib' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"HOME": str(tmp_path)}, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_drawn(monkeypatch):
    with pytest.raises(ScoreError, match="holds no notes"):
        png_bytes(Score())
    with pytest.raises(ConfigError, match="'rol' is no kind of picture; did you mean 'roll'"):
        png_bytes(chords(), kind="rol")
    with pytest.raises(ConfigError, match="a width of 10 pixels, expected 200 to 8000"):
        png_bytes(chords(), width=10)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingExtra, match="the package 'resvg_py' is not installed"):
        png_bytes(chords())
