import base64
import re
import struct
import zlib

import numpy as np
import pytest
from pixels import pixels

from partimento.errors import ConfigError
from partimento.files.png import drawing_png
from partimento.files.similarity_picture import draw_self_similarity, ramp

RANDOM = np.random.default_rng(0).random((30, 30))


def oklab(colours):
    """Lightness, a and b of screen colours, shape (n, 3): the way there, as its author gives it."""
    shares = colours / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.cbrt(linear @ np.array(to_cones).T) @ np.array(to_lab).T


def embedded(svg):
    """Pixels of every matrix in a drawing, the last frame on top."""
    return [pixels(_unfolded(base64.b64decode(found))) for found in re.findall(r"data:image/png;base64,([^\"]+)", svg)]


def _unfolded(png):
    """The same PNG with three bytes a pixel in place of an index, which is all that `pixels` reads."""
    chunks, at = {}, 8
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        chunks[kind] = png[at + 8 : at + 8 + size]
        at += 12 + size
    width, height, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)[:, 1:]
    colours = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)[lines].reshape(height, -1)
    body = zlib.compress(np.concatenate([np.zeros((height, 1), np.uint8), colours], 1).tobytes())
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return png[:8] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    )


def test_shades_are_even_to_the_eye_and_of_one_hue():
    lab = oklab(ramp().astype(float))
    steps = -np.diff(lab[::8, 0])
    assert steps.min() > 0.8 * steps.mean() and steps.max() < 1.2 * steps.mean()
    coloured = lab[40:]
    assert np.degrees(np.arctan2(coloured[:, 2], coloured[:, 1])) % 360 == pytest.approx(np.full(len(coloured), 255), abs=4)
    assert lab[0, 0] > 0.98 and lab[-1, 0] < 0.27


def test_time_runs_up_and_to_the_right_and_more_alike_is_darker():
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[0, 3] = 1.0, 0.5  # the first moment by itself, and with the last
    svg, _ = draw_self_similarity({"a": matrix}, seconds_per_frame=0.5, span=(0, 1))
    (image,) = embedded(svg)
    shades = 255 - image.sum(-1) / 3
    assert shades[3, 0] > shades[3, 3] > shades[0, 0] == shades[1, 2]


def test_panels_share_time_and_shades():
    low = np.clip(RANDOM, 0, 0.5)
    svg, width = draw_self_similarity({"LSTM": low, "relative": RANDOM, "<short>": RANDOM[:15, :15]}, seconds_per_frame=2)
    sides = [float(side) for side in re.findall(r'<image [^>]* width="([\d.]+)"', svg)]
    assert sides[0] == sides[1] == 2 * sides[2]
    one, other, short = embedded(svg)
    assert (one[RANDOM[::-1] < 0.5] == other[RANDOM[::-1] < 0.5]).all()
    assert (short == other[15:, :15]).all()
    assert {">LSTM<", ">relative<", ">&lt;short&gt;<", ">seconds<"} <= set(re.findall(r">[^<>]+<", svg))
    assert svg.count(">50<") == 6  # sixty seconds, both ways, three panels
    assert f'width="{width}"' in svg


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_drawing_is_a_picture(count):
    panels = {f"panel {number}": RANDOM for number in range(count)}
    svg, width = draw_self_similarity(panels, seconds_per_frame=0.5, title="What comes back & when", words="in words")
    image = pixels(drawing_png(svg, width=240))
    assert image.shape[1] == 240 and width > 600
    blue = (image[..., 2] > image[..., 0].astype(int) + 20).mean()
    assert blue > 0.2
    assert "What comes back &amp; when" in svg and ">in words<" in svg


def test_one_value_throughout_is_drawn():
    svg, _ = draw_self_similarity({"": np.ones((3, 3))}, seconds_per_frame=1)
    (image,) = embedded(svg)
    assert (image == ramp()[-1]).all()


@pytest.mark.parametrize(
    ("panels", "settings", "message"),
    [
        ({}, {}, "0 matrices, expected 1 to 4"),
        ({str(number): RANDOM for number in range(5)}, {}, "5 matrices, expected 1 to 4"),
        ({"wide": np.zeros((2, 3))}, {}, r"'wide': a matrix of shape \(2, 3\), expected a square"),
        ({"flat": np.zeros(4)}, {}, "'flat': a matrix of shape"),
        ({"none": np.zeros((0, 0))}, {}, "'none': a matrix of shape"),
        ({"hole": np.where(np.eye(3), np.nan, 1)}, {}, "'hole', row 0, column 0: nan, expected a finite number"),
        ({"hole": np.where(np.eye(3), 1, np.inf)}, {}, "'hole', row 0, column 1: inf, expected a finite number"),
        ({"a": RANDOM}, {"seconds_per_frame": 0}, "a frame of 0 seconds, expected a length above 0"),
        ({"a": RANDOM}, {"seconds_per_frame": np.nan}, "a frame of nan seconds"),
        ({"a": RANDOM}, {"span": (1, 1)}, "a span of 1 to 1, expected two finite values"),
        ({"a": RANDOM}, {"span": (0, np.nan)}, "a span of 0 to nan"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(panels, settings, message):
    with pytest.raises(ConfigError, match=message) as refusal:
        draw_self_similarity(panels, **{"seconds_per_frame": 0.5, **settings})
    assert "\n" not in str(refusal.value)
