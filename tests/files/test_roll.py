import re
from xml.etree import ElementTree

import numpy as np
import pytest

from partimento.errors import ScoreError
from partimento.files import roll
from partimento.files.roll import COLOURS, WIDTH, draw_roll
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track

SVG = "{http://www.w3.org/2000/svg}"


def melody(bars=4, tracks=1, **more):
    """Quarter notes up and down, four to a bar."""
    count = 4 * bars
    made = tuple(
        Track(np.arange(count) * 480, [480] * count, [48 + 12 * t + i % 8 for i in range(count)], [90] * count, name=f"voice {t}")
        for t in range(tracks)
    )
    return Score(480, made, **more)


def drawing(score, **options):
    return ElementTree.fromstring(draw_roll(score, **options).svg)


def notes(root, group=0):
    return [dict(rect.attrib) for rect in root.findall(f"{SVG}g[@class='track']")[group].findall(f"{SVG}rect")]


def words(root):
    return [text.text for text in root.iter(f"{SVG}text")]


def test_every_note_stands_at_its_time_and_pitch():
    rects = notes(drawing(melody()))
    assert len(rects) == 16
    x, y = (np.array([float(rect[axis]) for rect in rects]) for axis in "xy")
    assert np.allclose(np.diff(x), np.diff(x)[0], atol=0.11)
    assert y[0] > y[7] and y[0] == y[8]  # upwards is higher
    assert x[0] == pytest.approx(74, abs=0.1)
    assert max(x) + float(rects[-1]["width"]) <= WIDTH


def test_heading_says_what_the_piece_is():
    score = melody(
        tempos=(Tempo.of_bpm(0, 72),),
        time_signatures=(TimeSignature(0, 3, 4),),
        key_signatures=(KeySignature(0, 3, "minor"),),
        metadata={"title": "Invention", "composer": "nobody", "provenance": "Composed by a machine."},
    )
    text = words(drawing(score))
    assert "Invention" in text and "Composed by a machine." in text
    facts = next(line for line in text if "nobody" in line)
    for fact in ("F♯ minor", "3/4", "♩ = 72", "0:13", "16 notes"):
        assert fact in facts
    bare = words(drawing(score, headed=False))
    assert not any("Invention" in line or "machine" in line for line in bare)


def test_bars_are_numbered_and_a_pickup_is_not_counted():
    assert [line for line in words(drawing(melody())) if line.isdigit()] == ["1", "2", "3", "4"]
    pickup = Score(480, (Track([0, 480, 2400], [480, 1920, 1920], [60] * 3, [80] * 3),), pickup=480)
    assert [line for line in words(drawing(pickup)) if line.isdigit()] == ["1", "2"]


def test_tracks_have_their_colours_and_names():
    root = drawing(melody(tracks=3))
    fills = [notes(root, group)[0]["fill"] for group in range(3)]
    assert len(set(fills)) == 3
    assert {"voice 0", "voice 1", "voice 2"} <= set(words(root))
    assert "voice 0" not in words(drawing(melody()))


def test_louder_is_darker():
    score = Score(480, (Track([0, 480, 960], [480] * 3, [60] * 3, [1, 64, 127]),))
    light = [sum(int(rect["fill"][at : at + 2], 16) for at in (1, 3, 5)) for rect in notes(drawing(score))]
    assert light[0] > light[1] > light[2]
    assert notes(drawing(score))[2]["fill"] == COLOURS[3]


def test_a_long_piece_is_wrapped_and_a_note_across_the_break_is_drawn_twice():
    bars = 12
    held = Track([0], [1920 * bars], [72], [80])
    score = Score(480, (*melody(bars).tracks, held))
    root = drawing(score)
    parts = notes(root, 1)
    assert len({rect["y"] for rect in parts}) == len(parts) > 1
    assert sum(float(rect["width"]) for rect in parts) == pytest.approx(
        sum(float(rect["width"]) + 0.9 for rect in notes(root, 0)), abs=len(parts)
    )


def test_what_finds_no_place_is_counted(monkeypatch):
    monkeypatch.setattr(roll, "MOST_ROWS", 2)
    root = drawing(melody(60, metadata={"provenance": "Made."}))
    said = next(line for line in words(root) if "not drawn" in line)
    last = max(int(line) for line in words(root) if line.isdigit())
    assert said == f"The last {60 - last} bars are not drawn. Made."


def test_so_many_notes_are_drawn_and_no_more(monkeypatch):
    monkeypatch.setattr(roll, "MOST_NOTES", 20)
    root = drawing(melody(tracks=2))
    assert (len(notes(root, 0)), len(notes(root, 1))) == (16, 4)


def test_marks_and_changes_stand_above():
    score = melody(
        8,
        marks=(Mark(1920, "fermata"), Mark(1920, "fermata"), Mark(0, "chord", "Am7"), Mark(0, "section", "A"), Mark(0, "lyric", "la")),
        time_signatures=(TimeSignature(0), TimeSignature(3840, 2, 4)),
        key_signatures=(KeySignature(0), KeySignature(3840, -1)),
        tempos=(Tempo.of_bpm(0, 100), Tempo.of_bpm(1920, 50)),
    )
    root = drawing(score)
    assert len(root.findall(f"{SVG}circle")) == 1
    text = words(root)
    assert {"Am7", "A", "2/4, F major", "♩ = 50"} <= set(text)
    assert "la" not in text


def test_rubato_is_not_written_out():
    score = melody(8, tempos=tuple(Tempo.of_bpm(at * 480, 100 + at) for at in range(20)))
    assert sum("♩" in line for line in words(drawing(score))) == 1


def test_the_pedal_is_a_line():
    track = Track([0, 480], [480, 480], [60, 64], [80, 80], controls=np.array([[0, 64, 127], [700, 64, 0]]))
    plain = Track([0, 480], [480, 480], [60, 64], [80, 80])
    assert "stroke-opacity" in draw_roll(Score(480, (track,))).svg
    assert "stroke-opacity" not in draw_roll(Score(480, (plain,))).svg


def test_the_cursor_follows_the_tempo():
    score = melody(2, tempos=(Tempo.of_bpm(0, 60), Tempo.of_bpm(1920, 120)))
    path = draw_roll(score).path
    assert [point[0] for point in path] == [0.0, 4.0, 6.0]
    assert path[1][1] - path[0][1] == pytest.approx(path[2][1] - path[1][1], abs=0.2)
    longer = draw_roll(melody(12)).path
    assert [a[0] for a in longer] == sorted(a[0] for a in longer)
    assert len({point[2] for point in longer}) == len(longer) / 2  # two points a row


def test_times_stand_beside_notes_when_asked():
    rects = notes(drawing(melody(), timed=True))
    assert [(rect["data-on"], rect["data-off"]) for rect in rects[:2]] == [("0.000", "0.500"), ("0.500", "1.000")]
    assert "data-on" not in draw_roll(melody()).svg


def test_hostile_words_are_escaped():
    nasty = "</text><script>alert(1)</script>\x00\x1b\ud800 & \"'"
    tracks = (melody().tracks[0], Track([0], [9], [60], [9], name=nasty))
    score = Score(480, tracks, metadata={"title": nasty, "composer": nasty, "provenance": nasty}, marks=(Mark(0, "chord", nasty),))
    svg = draw_roll(score).svg
    assert not re.search("<script|\x00|\x1b|\ud800", svg)
    ElementTree.fromstring(svg)


def test_extremes():
    for score in (
        Score(1, (Track([0], [1], [0], [1]),)),
        Score(32767, (Track([0], [2**31 - 1], [127], [127]),)),
        Score(480, (Track(range(0, 3000), [1] * 3000, [60] * 3000, [64] * 3000),), time_signatures=(TimeSignature(0, 1, 256),)),
        Score(480, (Track([0], [480 * 255], [60], [80]),), time_signatures=(TimeSignature(0, 255, 1),)),
        Score(500, (Track([10**8], [10], [60], [80]),)),
    ):
        drawn = draw_roll(score)
        ElementTree.fromstring(drawn.svg)
        assert 100 < drawn.height < 60_000
        assert len(drawn.svg) < 3_000_000


def test_no_notes_no_roll():
    with pytest.raises(ScoreError, match=r"holds no notes, expected at least one\. There is nothing to draw"):
        draw_roll(Score(480, (Track(),)))
