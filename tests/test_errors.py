"""The tree stands as its drawing says, and a message is always one printable line."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento import errors
from partimento.errors import PartimentoError, nearest, printable

TREE = {
    "ReadError": ValueError,
    "WriteError": OSError,
    "ScoreError": ValueError,
    "EncodingError": ValueError,
    "AudioError": ValueError,
    "ConfigError": ValueError,
    "CorpusError": ValueError,
    "BundleError": ValueError,
    "TrainingError": RuntimeError,
    "MissingExtra": ImportError,
}


def test_the_tree_holds_these_errors_and_no_other():
    found = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, PartimentoError)}
    assert found == {"PartimentoError", *TREE}
    for name in TREE:
        assert f"── {name} " in errors.__doc__


@pytest.mark.parametrize(("name", "builtin"), TREE.items())
def test_each_error_is_caught_as_ours_and_as_its_builtin(name, builtin):
    kind = getattr(errors, name)
    with pytest.raises(builtin, match=r"nocturne\.mid: no notes") as caught:
        raise kind("nocturne.mid: no notes")
    assert isinstance(caught.value, PartimentoError)


@pytest.mark.parametrize("name", TREE)
@pytest.mark.parametrize("message", ["a\nb\tc", "lone \ud800 half", "bell \a, no-break\xa0space", "ünïcödé ♭ 音"])
def test_a_message_is_one_printable_line_and_survives_pickling(name, message):
    error = getattr(errors, name)(message)
    assert str(error).isprintable()
    assert str(error).encode("utf-8")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_printable_is_printable_and_leaves_printable_text_alone(text):
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


def test_printable_shows_what_it_escapes():
    assert printable("a\nb\x00\ud834") == "a\\nb\\x00\\ud834"


def test_nearest_names_the_closest_or_all():
    assert nearest("majr", ["minor", "major"]) == "; did you mean 'major'?"
    assert nearest("zzz", ["minor", "major"]) == "; valid are major, minor"
    assert nearest("", ["b", "a"]) == "; valid are a, b"


def test_a_message_keeps_its_ends_however_much_it_quotes():
    message = str(PartimentoError("a.mid: " + "x" * 100_000 + " Export it anew."))
    assert message.startswith("a.mid: xxx") and message.endswith("xxx Export it anew.") and " ... " in message
    assert len(message) < 1600
