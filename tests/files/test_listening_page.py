"""What a listening page holds, and what it does not show; and the answers it saves, read back."""

import base64
import hashlib
import io
import json
import re

import numpy as np
import pytest
import soundfile

from partimento.audio import Waveform
from partimento.errors import ReadError, WriteError
from partimento.files import listening
from partimento.files.listening import KIND, SCALE, Answer, Comparison, read_answers
from partimento.files.listening_page import QUESTION, listening_page

RATE = 8_000
ASKED = [Comparison("aria", 1.5, "secret piano", "hidden voice"), Comparison("canon", 0.0, "hidden voice", "secret piano")]


def hum(hz, seconds=0.5, rate=RATE):
    return Waveform((0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32), rate)


CLIPS = {
    ("aria", 1.5, "secret piano"): hum(200),
    ("aria", 1.5, "hidden voice"): hum(300),
    ("canon", 0.0, "secret piano"): hum(400),
    ("canon", 0.0, "hidden voice"): hum(500),
}


def page(**options):
    return listening_page(ASKED, CLIPS, title="A <test> & more", **options).decode("utf-8")


def data_of(text):
    return json.loads(re.search(r'<script type="application/json" id="facts">(.*?)</script>', text, re.S)[1])


def test_the_page_holds_every_clip_and_what_is_asked():
    test = data_of(page(seed=7))
    assert (test["kind"], test["seed"], test["scale"], test["question"]) == (KIND, 7, list(SCALE), QUESTION)
    asked = json.loads(base64.b64decode(test["asked"]))
    assert [(each["piece"], each["start_seconds"], each["a"], each["b"]) for each in asked] == [
        (each.piece, each.start_seconds, each.a, each.b) for each in ASKED
    ]
    for each in asked:
        for side in "ab":
            samples, rate = soundfile.read(io.BytesIO(base64.b64decode(test["clips"][each[f"clip_{side}"]])))
            wanted = CLIPS[each["piece"], each["start_seconds"], each[side]]
            assert rate == RATE and samples == pytest.approx(wanted.samples[0], abs=1e-4)


def test_which_source_is_which_cannot_be_read_in_it():
    text = page()
    for word in ("secret piano", "hidden voice", "aria", "canon"):
        assert word not in re.sub(r"aria-\w+", "", text)
    for clip in data_of(text)["clips"]:
        assert b"secret" not in base64.b64decode(clip)


def test_nothing_is_fetched_and_only_its_own_script_runs():
    text = page()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    script = re.search(r"<script>(.*?)</script>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy and f"'sha256-{digest}'" in policy and "media-src blob:" in policy
    assert not re.search(r"https?://", text)
    assert "<title>A &lt;test&gt; &amp; more</title>" in text and "A <test>" not in text


def test_the_page_has_what_a_listener_needs():
    text = page()
    for ident in ("a", "b", "scale", "next", "back", "stop", "save", "done", "again", "name", "words"):
        assert len(re.findall(f'id="{ident}"', text)) == 1, ident
    for used in re.findall(r'at\("(\w+)"\)', text):
        assert f'id="{used}"' in text, used
    assert 'name="viewport"' in text and "localStorage" in text


def test_the_same_test_is_the_same_page_and_another_one_has_another_name():
    assert page() == page()
    other = listening_page(ASKED[:1], CLIPS, title="A <test> & more").decode()
    assert data_of(other)["id"] != data_of(page())["id"] and len(data_of(other)["clips"]) == 2


def test_a_page_needs_comparisons_and_clips_of_one_form():
    with pytest.raises(WriteError, match="listening page: no comparisons, expected at least one"):
        listening_page([], {}, title="t")
    lacking = {place: sound for place, sound in CLIPS.items() if place[0] == "aria"}
    with pytest.raises(WriteError, match="no clip of 'hidden voice' at second 0 of 'canon'. Give one of every"):
        listening_page(ASKED, lacking, title="t")
    longer = CLIPS | {("aria", 1.5, "hidden voice"): hum(300, seconds=0.6)}
    with pytest.raises(WriteError, match=r"clips of 0.5 s at 8000 Hz, 1 channels and 0.6 s at 8000 Hz, 1 channels; that would tell"):
        listening_page(ASKED, longer, title="t")


SAVED = {
    "kind": KIND,
    "test": "t1",
    "listener": "l1",
    "answers": [
        {"piece": "aria", "start_seconds": 1.5, "a": "x", "b": "y", "answer": 1, "seconds": 20.5},
        {"piece": "canon", "start_seconds": 0, "a": "y", "b": "x", "answer": 4},
    ],
}


def test_answers_are_read_back():
    found = read_answers(json.dumps(SAVED).encode())
    assert found == [Answer("l1", "t1", Comparison("aria", 1.5, "x", "y"), 1), Answer("l1", "t1", Comparison("canon", 0.0, "y", "x"), 4)]
    assert [each.rating for each in found] == [2, -1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no", r"two.json: is no JSON \(.*\). Give the file that the listening page saved"),
        (b"\xff\xfe\x00", "two.json: is no JSON"),
        (b"[" * 100_000, "two.json: is no JSON"),
        (b"[]", 'is not what a listening page saves, which says "kind": "partimento listening"'),
        (b'{"kind": "other", "answers": []}', "is not what a listening page saves"),
    ],
)
def test_other_files_are_refused(data, words):
    with pytest.raises(ReadError, match=words):
        read_answers(data, "two.json")


@pytest.mark.parametrize(
    "change", [{"answer": 6}, {"answer": 2.5}, {"answer": True}, {"a": "x", "b": "x"}, {"piece": None}, {"start_seconds": 1e999}]
)
def test_damaged_answers_are_refused(change):
    entries = [SAVED["answers"][0], SAVED["answers"][1] | change]
    with pytest.raises(ReadError, match="two.json, answer 2: expected a piece, its second, two sources a and b, and an answer from 1 to 5"):
        read_answers(json.dumps(SAVED | {"answers": entries}).encode(), "two.json")
    with pytest.raises(ReadError, match="answer 1: expected a piece"):
        read_answers(json.dumps(SAVED | {"answers": [3]}).encode(), "two.json")


def test_a_huge_file_is_refused(monkeypatch):
    monkeypatch.setattr(listening, "MOST_BYTES", 10)
    with pytest.raises(ReadError, match="two.json: 11 bytes, expected at most 10. It is no file of a listening page"):
        read_answers(b" " * 11, "two.json")
