import re

import numpy as np
import pytest
from pixels import pixels

from partimento.errors import ConfigError
from partimento.files.matrix import CELL, draw_matrix
from partimento.files.png import drawing_png

SHARES = np.array([[0.0, 1.0, 0.0], [0.5, 0.04, 0.46], [0.0, 0.0, 0.0]])


def test_cells_are_darker_the_likelier_and_carry_their_numbers():
    svg, width = draw_matrix(SHARES, ["a", "<b>", "c"], title="What follows & what", words="in words")
    shades = [tuple(map(int, shade)) for shade in re.findall(r'fill="rgb\((\d+),(\d+),(\d+)\)"', svg)]
    assert len(shades) == 4  # what never followed is white paper
    by_share = [shades[order] for order in np.argsort([1.0, 0.5, 0.04, 0.46])]
    assert [sum(shade) for shade in by_share] == sorted((sum(shade) for shade in shades), reverse=True)
    assert {">100<", ">50<", ">46<"} <= set(re.findall(r">\d+<", svg)) and ">4<" not in svg
    assert "&lt;b&gt;" in svg and "What follows &amp; what" in svg and width >= 520


def test_the_drawing_is_a_picture():
    labels = [f"id{number}" for number in range(30)]
    svg, width = draw_matrix(np.full((30, 30), 1 / 30), labels, title="t", words="w")
    image = pixels(drawing_png(svg, width=width))
    assert image.shape[1] == width and image.shape[0] > 30 * CELL
    blue = (image[..., 2] > image[..., 0].astype(int) + 10).mean()
    assert blue > 0.4  # the table fills most of it


@pytest.mark.parametrize(("shape", "labels"), [((2, 3), ["a", "b"]), ((0, 0), [])])
def test_a_table_without_its_labels_is_refused(shape, labels):
    with pytest.raises(ConfigError, match="expected as many rows and columns"):
        draw_matrix(np.zeros(shape), labels, title="", words="")
