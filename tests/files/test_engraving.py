import re
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from pixels import pixels

from partimento.audio import Waveform
from partimento.errors import MissingExtra, ScoreError
from partimento.files import engraving
from partimento.files.engraving import engraved, score_svg
from partimento.files.page import embedded_sound, page_bytes
from partimento.files.png import png_bytes
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track

pytest.importorskip("verovio")


def tune(bars=2, **more):
    """Quarter notes up and down in D."""
    count = 4 * bars
    notes = Track(range(0, 480 * count, 480), [480] * count, [(62, 64, 66, 67)[i % 4] for i in range(count)], [90] * count)
    return Score(480, (notes,), (Tempo.of_bpm(0, 60),), (TimeSignature(0),), (KeySignature(0, 2),), **more)


def note_groups(svg):
    return [group for group in ElementTree.fromstring(svg).iter() if group.get("class") == "note"]


def test_every_note_is_engraved_and_timed():
    drawn = engraved(tune())
    assert drawn.page_count == len(drawn.pages) == 1
    groups = note_groups(drawn.pages[0])
    assert len(groups) == 8
    begun = {name: place for place, on, _ in drawn.timeline for name in on}
    ended = {name: place for place, _, off in drawn.timeline for name in off}
    assert [begun[group.get("id")] for group in groups] == [float(i) for i in range(8)]
    assert [ended[group.get("id")] for group in groups] == [float(i + 1) for i in range(8)]


def test_title_above_or_not():
    score = tune(metadata={"title": "Invention in Dee"})
    assert "Invention in Dee" in score_svg(score)
    assert "Invention in Dee" not in engraved(score).pages[0]
    ElementTree.fromstring(score_svg(score))
    assert len(score_svg(tune())) < len(score_svg(score))
    assert "&lt;b&gt;" in score_svg(tune(metadata={"title": "<b>", "composer": "<i>"}))


@pytest.mark.parametrize(("metre", "mark"), [((4, 4), "♩"), ((6, 8), "♩."), ((3, 4), "♩")])
def test_the_metronome_mark_needs_no_music_font(metre, mark):
    drawn = engraved(replace(tune(3), time_signatures=(TimeSignature(0, *metre),))).pages[0]
    assert "".join(re.findall("[♩♪][.]?", re.sub("<[^>]*>|\\s", "", drawn))) == mark
    assert not any(0xE000 <= ord(letter) <= 0xF8FF for letter in drawn)


@pytest.mark.parametrize(("symbol", "seen"), [("Bb7", "B♭7"), ("F#m", "F♯m"), ("Ebm/Bb", "E♭m/B♭"), ("C", "C")])
def test_chord_symbols_need_no_music_font(symbol, seen):
    drawn = engraved(replace(tune(3), marks=(Mark(0, "chord", symbol),))).pages[0]
    assert seen in re.sub("<[^>]*>|\\s", "", drawn)
    assert not any(0xE000 <= ord(letter) <= 0xF8FF for letter in drawn)


def test_after_a_pickup_chord_symbols_stand_above_the_tempo():
    drawn = engraved(replace(tune(3), pickup=480, marks=(Mark(480, "chord", "D"), Mark(2400, "chord", "A")))).pages[0]
    texts = [group for group in ElementTree.fromstring(drawn).iter() if group.get("class") in ("harm", "tempo")]
    heights = {group.get("class"): float(next(part for part in group.iter() if part.get("y")).get("y")) for group in texts}
    assert heights["harm"] < heights["tempo"] - 250


def test_a_long_piece_has_pages_or_is_one_strip(monkeypatch):
    drawn = engraved(tune(200))
    assert drawn.page_count == len(drawn.pages) > 1
    assert sum(len(note_groups(page)) for page in drawn.pages) == 800
    assert len(note_groups(score_svg(tune(120)))) == 480
    monkeypatch.setattr(engraving, "MOST_PAGES", 1)
    assert len(engraved(tune(200)).pages) == 1 < engraved(tune(200)).page_count
    assert "more pages are not shown" in page_bytes(tune(200)).decode()


def test_the_same_score_gives_the_same_drawing():
    assert engraved(tune()) == engraved(tune())
    assert png_bytes(tune(), kind="score", width=400) == png_bytes(tune(), kind="score", width=400)


def test_a_picture_of_staves():
    image = pixels(png_bytes(tune(8), kind="score", width=1000))
    dark = (image < 200).all(axis=2)
    assert image.shape[1] == 1000
    assert (dark.mean(axis=1) > 0.6).sum() >= 5  # five staff lines
    assert dark.mean() < 0.2


def test_a_page_shows_the_staves_with_their_times():
    text = page_bytes(tune(), sound=embedded_sound(Waveform([0.0, 0.5, 0.0]), tune())).decode()
    assert '<section class="card" id="score">' in text
    name = note_groups(engraved(tune()).pages[0])[3].get("id")
    assert f'["{name}",3.0,4.0]' in text


def test_what_cannot_be_engraved(monkeypatch):
    with pytest.raises(ScoreError, match="There is nothing to engrave"):
        engraved(Score())
    monkeypatch.setattr("verovio.toolkit.loadData", lambda self, data: False)
    with pytest.raises(ScoreError, match="Verovio cannot engrave it"):
        engraved(tune())
    assert 'id="score"' not in page_bytes(tune()).decode()
    monkeypatch.undo()
    monkeypatch.setattr("verovio.toolkit.renderToSVG", lambda self, page: "<html>")
    with pytest.raises(ScoreError, match="Verovio drew something else than a page"):
        score_svg(tune())
    monkeypatch.setitem(sys.modules, "verovio", None)
    with pytest.raises(MissingExtra, match="the package 'verovio' is not installed"):
        engraved(tune())
    assert 'id="score"' not in page_bytes(tune()).decode()
