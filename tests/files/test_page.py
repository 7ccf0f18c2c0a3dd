import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from partimento.audio import Waveform
from partimento.errors import ScoreError
from partimento.files import page
from partimento.files.abc import read_abc
from partimento.files.midi import read_midi
from partimento.files.page import embedded_sound, page_bytes
from partimento.score import KeySignature, Score, Tempo, TimeSignature, Track


def tune(**more):
    """Two bars of quarter notes in G."""
    notes = Track(range(0, 3840, 480), [480] * 8, [67, 69, 71, 72, 74, 72, 71, 67], [90] * 8)
    return Score(480, (notes,), (Tempo.of_bpm(0, 60),), (TimeSignature(0),), (KeySignature(0, 1),), **more)


def hum(seconds=8.0, rate=8000):
    return Waveform(0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate), rate)


class Reader(HTMLParser):
    """Everything a page holds, by tag."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def read(score, **options):
    return Reader(page_bytes(score, engrave=False, **options).decode("utf-8"))


def data_of(url):
    kind, _, packed = url.partition(";base64,")
    return kind.removeprefix("data:"), base64.b64decode(packed)


def test_the_page_says_what_it_holds():
    holds = read(tune(metadata={"title": "Reel & Jig", "composer": "folk-tunes", "provenance": "Composed by a machine."}))
    assert holds.texts["h1"] == ["Reel & Jig"]
    assert holds.texts["p"][:2] == ["folk-tunes · G major · 2 bars · 8 notes · 0:08", "Composed by a machine."]
    assert len(holds.all("svg")) == 1


def test_nothing_is_fetched():
    text = page_bytes(tune(metadata={"title": "x"}), sound=embedded_sound(hum(), tune()), engrave=False).decode()
    for attribute in ("src", "href", "action", "poster", "data"):
        for value in re.findall(rf'\s{attribute}="([^"]*)"', text):
            assert value.startswith("data:")
    assert not re.search(r"url\(|@import|<link|<iframe|<object|<img", text)
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_the_policy_forbids_requests_and_names_the_script():
    holds = read(tune(), sound=embedded_sound(hum(), tune()))
    policy = next(meta["content"] for meta in holds.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    scripts = holds.texts["script"]
    digest = base64.b64encode(hashlib.sha256(scripts[-1].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy


def test_the_midi_file_can_be_taken_away():
    link = next(link for link in read(tune(metadata={"title": "My Tune!"})).all("a") if link["download"].endswith(".mid"))
    kind, data = data_of(link["href"])
    assert (kind, link["download"]) == ("audio/midi", "my-tune.mid")
    assert read_midi(data, "x.mid").note_count == 8


def test_the_abc_text_is_there_to_read_and_to_take_away():
    holds = read(tune(metadata={"title": "<b>A"}))
    text = "".join(holds.texts["pre"])
    assert read_abc(text.encode(), "x.abc").note_count == 8
    link = next(link for link in holds.all("a") if link["download"].endswith(".abc"))
    assert data_of(link["href"])[1].decode() == text


def test_abc_that_cannot_be_written_is_left_out(monkeypatch):
    def refuse(score):
        raise ScoreError("abc: cannot say this")

    monkeypatch.setattr(page, "abc_bytes", refuse)
    assert "pre" not in read(tune()).texts


@pytest.mark.parametrize(
    ("sound", "kind"),
    [(hum(1.0), "audio/wav"), (hum(30.0, 44_100), "audio/flac"), (hum(61.0, 44_100), "audio/mpeg"), (hum(61.0, 96_000), "audio/flac")],
)
def test_the_sound_is_inside(sound, kind):
    score = tune(metadata={"title": "T", "provenance": "Composed by a machine."})
    holds = read(score, sound=embedded_sound(sound, score))
    found, data = data_of(holds.all("audio")[0]["src"])
    assert found == kind
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert file.frames == pytest.approx(sound.frames, abs=2400)
        assert file.copy_metadata()["comment"] == "Composed by a machine."


def test_a_page_without_sound_has_no_player_and_no_script():
    holds = read(tune())
    assert not holds.all("audio")
    assert [script for script in holds.all("script") if script.get("type") != "application/json"] == []
    assert "data-on" not in str(holds.tags)


def test_the_cursor_and_the_notes_have_their_seconds():
    holds = read(tune(), sound=embedded_sound(hum(), tune()))
    numbers = json.loads(holds.texts["script"][0])
    assert [point[0] for point in numbers["path"]] == [0.0, 8.0]
    timed = [tag for _, tag in holds.tags if "data-on" in tag]
    assert [(float(tag["data-on"]), float(tag["data-off"])) for tag in timed] == [(float(i), float(i + 1)) for i in range(8)]


def test_hostile_words_stay_words():
    nasty = '</script><script>alert(1)</script>"><img src=x onerror=alert(1)>\ud800'
    score = tune(metadata=dict.fromkeys(("title", "composer", "provenance", "source"), nasty))
    holds = read(score, sound=embedded_sound(hum(), score))
    assert len(holds.all("script")) == 2 and not holds.all("img")
    assert nasty.replace("\ud800", "?") in holds.texts["h1"]


def test_a_performance_is_a_roll_only():
    rng = np.random.default_rng(3)
    free = Score(500, (Track(np.sort(rng.integers(0, 60_000, 200)), [333] * 200, [60] * 200, [80] * 200),))
    holds = read(free)
    assert "pre" not in holds.texts and len(holds.all("svg")) == 1


def test_the_same_score_gives_the_same_bytes():
    assert page_bytes(tune(), sound=embedded_sound(hum(), tune())) == page_bytes(tune(), sound=embedded_sound(hum(), tune()))


def test_an_unnamed_piece_has_a_file_name():
    assert {link.get("download") for link in read(tune(metadata={"title": "二泉"})).all("a")} == {"piece.mid", "piece.abc"}


def test_no_notes_no_page():
    with pytest.raises(ScoreError, match="holds no notes"):
        page_bytes(Score())
