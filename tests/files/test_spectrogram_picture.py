"""A picture of the sound and of what was heard in it."""

import base64
import re
import struct

import numpy as np
import pytest

from partimento.audio.thirds import THIRDS
from partimento.files import spectrogram_picture as module
from partimento.files.png import drawing_png
from partimento.files.spectrogram_picture import Spectrogram
from partimento.score import Score, Track


def spectra(seconds):
    return np.random.default_rng(0).uniform(0, 3, (round(seconds * THIRDS.rate), 2, 300)).astype(np.float32)


def score(*notes, controls=None):
    columns = [np.array(column) for column in zip(*notes, strict=True)]
    return Score(500, (Track(*columns, controls=np.array([] if controls is None else controls, np.int64).reshape(-1, 3)),))


def widths(svg):
    """Moments in the sound's rows."""
    return [struct.unpack(">I", base64.b64decode(found)[16:20])[0] for found in re.findall(r"data:image/png;base64,([^\"]+)", svg)]


def test_rows_notes_and_pedal():
    picture = Spectrogram(THIRDS)
    for _ in range(5):
        picture.add(spectra(10))
    heard = score((1000, 500, 60, 40), (19_000, 3000, 60, 110), controls=[[500, 64, 127], [21_000, 64, 0]])
    svg = picture.svg(heard, title="<a> & b")
    assert widths(svg) == [1000, 1000, 500]
    assert svg.count('fill="none" stroke="#d11f2f"') == 1 + 3  # the sign's, and one note in two rows
    assert svg.count('fill="#d11f2f"') == 1 + 2  # every onset once
    assert svg.count('stroke="#0b8a83"') == 1 + 2
    assert "&lt;a&gt; &amp; b" in svg and "0:50" in svg and "2 notes heard" in svg and not picture.left_out
    assert drawing_png(svg, width=600).startswith(b"\x89PNG")


def test_of_a_long_recording_the_beginning_is_drawn(monkeypatch):
    monkeypatch.setattr(module, "MOST_SECONDS", 12)
    picture = Spectrogram(THIRDS)
    for _ in range(400):
        picture.add(spectra(10))
    assert picture.left_out == "shows the first 0:12 of 1:06:40."
    svg = picture.svg(score((15_000, 500, 60, 40)), title="long")
    assert widths(svg) == [600] and "Shows the first 0:12 of 1:06:40." in svg
    assert svg.count('fill="#d11f2f"') == 1  # the note lies behind what is drawn
    assert sum(columns.nbytes for columns in picture._columns) == 600 * 264


@pytest.mark.parametrize("sound", [spectra(0), np.zeros((100, 2, 300), np.float32)])
def test_silence_is_drawn_too(sound):
    picture = Spectrogram(THIRDS)
    picture.add(sound)
    svg = picture.svg(Score(500, (Track([], [], [], []),)), title="nothing")
    assert drawing_png(svg, width=600).startswith(b"\x89PNG")
