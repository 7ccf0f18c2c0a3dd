import pytest

from little_music import chorale
from partimento.encoding.catalog import build_encoding
from partimento.errors import EncodingError
from partimento.generation.given import around, below, given_beforehand


def test_an_encoding_that_leaves_nothing_open_says_so():
    tunes = build_encoding("characters")
    with pytest.raises(EncodingError, match="--rewrite: encoding 'characters' leaves no passage open. Take a coconet"):
        around(tunes, chorale(0), (1, 2))
    with pytest.raises(EncodingError, match="--melody: a model of encoding 'characters' puts no voices below a melody"):
        below(tunes, chorale(0))


def test_nothing_given_is_no_grammar():
    assert given_beforehand(build_encoding("chorale"), None, None, None) is None
