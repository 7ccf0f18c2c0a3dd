import re
from dataclasses import replace

import numpy as np
import pytest
from pixels import pixels

from partimento.errors import ConfigError
from partimento.files.attention_picture import BROAD, Events, Panel, draw_attention
from partimento.files.png import drawing_png
from partimento.files.roll import COLOURS
from partimento.score import Score, Track

SCORE = Score(500, (Track([1000, 2000, 3000, 4000, 4500], [800] * 5, [60, 64, 67, 72, 76], [30, 60, 90, 120, 60]),))
EVENTS = Events(
    np.array([1.0, 1.5, 1.8, 2.0, 3.0, 3.5, 4.0]), np.array([60, 0, 60, 64, 67, 0, 72]), np.array([0, 1, 0, 0, 0, 2, 0]), ("time", "loud")
)


def panel(**heads):
    """A panel of which each head gives its weights to the seven events."""
    return Panel(
        "relative", SCORE, EVENTS, {name: np.array(weights, float) for name, weights in (heads or {"a": [0.1] * 6 + [0.4]}).items()}
    )


def arcs(svg):
    """Each arc: where it starts, its middle points' height, where it ends, colour and thickness."""
    number = r"([-\d.]+)"
    way = rf'class="arc" d="M{number} {number}C\S+ {number} \S+ {number} {number} {number}" stroke="(#\w+)" stroke-width="{number}"'
    found = [(tuple(map(float, numbers)), colour, float(width)) for *numbers, colour, width in re.findall(way, svg)]
    assert all(first == second for (_, _, first, second, _, _), _, _ in found)
    return [((x, y), bend, (to_x, to_y), colour, width) for (x, y, bend, _, to_x, to_y), colour, width in found]


def box(svg):
    """Left, top, right and bottom of each roll."""
    found = re.findall(r'd="M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)H[\d.]+z" fill="none"', svg)
    return [tuple(map(float, numbers)) for numbers in found]


def test_arcs_run_from_the_query_to_what_is_attended_to_in_the_colour_of_their_head():
    svg = draw_attention([panel(a=[0.6, 0, 0, 0, 0.4, 0, 0], b=[0, 0, 0, 1, 0, 0, 0])], span=(0, 5))
    (left, _, right, _) = box(svg)[0]
    drawn = sorted(arcs(svg), key=lambda arc: arc[2])
    assert [end[0] for _, _, end, _, _ in drawn] == pytest.approx([left + (right - left) * second / 5 for second in (1, 2, 3)], abs=0.06)
    assert {start[0] for start, *_ in drawn} == {round(left + (right - left) * 4 / 5, 1)}
    assert [colour for *_, colour, _ in drawn] == [COLOURS[0], COLOURS[1], COLOURS[0]]
    assert [width for *_, width in drawn] == pytest.approx([0.6 * BROAD, BROAD, 0.4 * BROAD], abs=0.01)
    heights = np.array([end[1] for _, _, end, _, _ in drawn])
    assert -np.diff(heights) / (heights[0] - heights[2]) == pytest.approx([4 / 7, 3 / 7], abs=0.01), "keys 60, 64 and 67, upwards"
    assert all(bend < min(start[1], end[1]) for start, bend, end, _, _ in drawn), "over the roll"


def test_what_has_no_key_stands_in_a_lane_and_its_arc_runs_below():
    svg = draw_attention([panel(a=[0, 0.5, 0, 0, 0, 0.5, 0])], span=(0, 5))
    time, loud = ((bend, end[1]) for _, bend, end, _, _ in sorted(arcs(svg), key=lambda arc: arc[2]))
    assert box(svg)[0][3] < time[1] < loud[1] and time[0] > time[1] and loud[0] > loud[1]
    assert ">time<" in svg and ">loud<" in svg
    assert ">time<" not in draw_attention([panel()], span=(2, 5)), "nothing of that lane is in the picture"


def test_it_says_how_much_of_the_weight_its_arcs_stand_for():
    weights = [0.2, 0.1, 0.05, 0.3, 0.004, 0.1, 0.246]
    svg = draw_attention([panel(**{"head <1>": weights})], span=(1.7, 5), most=2)
    assert len(arcs(svg)) == 1 and svg.count('class="arc"') == 2, "the second is the loop at its own place"
    assert "head &lt;1&gt;: 55% drawn, 30% earlier, 15% weaker" in svg
    assert "the 2 strongest of each head" in svg
    everything = draw_attention([panel(a=weights)], span=(0, 5), most=20)
    assert everything.count('class="arc"') == 6 and "a: 100% drawn, 0% earlier, 0% weaker" in everything
    assert draw_attention([panel(a=weights)], span=(0, 5), most=20, least=0.0).count('class="arc"') == 7
    assert "from 0.2% of its weight" in draw_attention([panel(a=weights)], span=(0, 5), least=0.002)


@pytest.mark.parametrize("own", [21, 60, 108])
def test_an_arc_stays_within_its_room(own):
    svg = draw_attention([replace(panel(), events=replace(EVENTS, key=np.array([21, 0, 108, 64, 67, 0, own])))], span=(0, 60), least=0)
    (_, top, _, bottom), along, drawn = box(svg)[0], np.linspace(0, 1, 200), arcs(svg)
    assert len(drawn) == 6
    for start, bend, end, *_ in drawn:
        way = (1 - along) ** 3 * start[1] + 3 * (1 - along) * along * bend + along**3 * end[1]
        assert way.min() > top - 70 and way.max() < bottom + 24 + 50


def test_notes_to_come_are_empty_and_the_one_that_looks_back_is_black():
    svg = draw_attention([panel()], span=(0, 5))
    fills = re.findall(r'<rect [^>]*rx="1.2" fill="(#\w+)"', svg)
    assert len(fills) == 5 and fills[3] == "#22252b" and fills[4] == "#fff"
    brightness = [int(fill[1:3], 16) for fill in fills[:3]]
    assert brightness == sorted(brightness, reverse=True) and len(set(brightness)) == 3, "louder is darker"


def test_panels_stand_below_one_another_on_one_scale_and_it_is_a_picture():
    panels = [panel(), replace(panel(), title="absolute & vanilla"), panel(**{f"h{number}": [0, 0, 0, 1, 0, 0, 0] for number in range(8)})]
    svg = draw_attention(panels, span=(0, 5), title="Where it looks", words="in words")
    one, two, three = (top for _, top, _, _ in box(svg))
    assert two - one == pytest.approx(three - two, abs=0.2)
    for text in (">relative<", ">absolute &amp; vanilla<", ">Where it looks<", ">in words<"):
        assert text in svg
    assert len(re.findall(r">4<", svg)) == 3
    image = pixels(drawing_png(svg, width=300))
    assert image.shape[1] == 300
    red = (image[..., 0] > image[..., 1] + 60).sum()
    assert red > 100


def test_a_head_that_only_looks_at_itself_has_a_loop():
    svg = draw_attention([panel(a=[0, 0, 0, 0, 0, 0, 1])], span=(0, 5))
    assert re.search(r'class="arc" d="M[\d.]+ [\d.]+a5.0 5.0', svg) and not arcs(svg)


@pytest.mark.parametrize(
    ("panels", "settings", "message"),
    [
        ([], {}, "0 panels, expected 1 to 6"),
        ([panel()] * 7, {}, "7 panels, expected 1 to 6"),
        ([panel()], {"span": (5, 5)}, "a stretch of 5 to 5 s, expected up to 600 s"),
        ([panel()], {"span": (-1, 5)}, "a stretch of -1 to 5 s"),
        ([panel()], {"span": (0, np.nan)}, "a stretch of 0 to nan s"),
        ([panel()], {"span": (0, 601)}, "a stretch of 0 to 601 s"),
        ([panel()], {"span": (0, 3)}, "'relative': it looks back from 4 s, expected within 0 to 3 s"),
        ([panel()], {"most": 0}, "0 arcs a head, expected 1 or more"),
        ([panel()], {"least": 1}, "below a weight of 1, expected 0 to below 1"),
        ([panel()], {"least": np.nan}, "below a weight of nan"),
        ([replace(panel(), heads={})], {}, "'relative': 0 heads, expected 1 to 8"),
        ([panel(**{f"h{number}": [1] + [0] * 6 for number in range(9)})], {}, "9 heads, expected 1 to 8. Choose"),
        ([panel(a=[1.0] + [0.0] * 7)], {}, r"a: weights of shape \(8,\), expected one for each event read, of 7"),
        ([panel(a=[0.5, 0.5], b=[1.0])], {}, r"b: weights of shape \(1,\)"),
        ([panel(a=[])], {}, r"a: weights of shape \(0,\)"),
        ([panel(a=[0.5] * 7)], {}, "a: weights from 0.5 that add up to 3.5, expected shares"),
        ([panel(a=[2, -1, 0, 0, 0, 0, 0])], {}, "a: weights from -1 that add up to 1"),
        ([panel(a=[np.nan] * 7)], {}, "a: weights from nan"),
        ([replace(panel(), events=replace(EVENTS, lane=np.zeros(6, int)))], {}, "6 and 7 seconds, keys and lanes, expected as many"),
        ([replace(panel(), events=replace(EVENTS, lanes=("time",)))], {}, "lanes 0 to 2, expected 0 to 1, one for each name"),
        ([replace(panel(), events=replace(EVENTS, lane=EVENTS.lane - 1))], {}, "lanes -1 to 1, expected 0 to 2"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(panels, settings, message):
    with pytest.raises(ConfigError, match=message) as refusal:
        draw_attention(panels, **{"span": (0, 5), **settings})
    assert "\n" not in str(refusal.value)
