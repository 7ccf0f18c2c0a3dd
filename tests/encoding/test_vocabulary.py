import hashlib

import pytest

from partimento.encoding.catalog import ENCODINGS, build_encoding
from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError

SMALL = Vocabulary({"frame": ("start", "end"), "note": ("do", "re", "mi")})

GOLDEN = {
    "abc_tokens": (333, "1d333451498700a8"),
    "characters": (98, "ff8a59c4e9a96e36"),
    "chorale": (347, "188919891e034053"),
    "chords": (177, "1de4af4a5006eb07"),
    "chords-joined": (177, "1de4af4a5006eb07"),
    "chords-normal": (177, "1de4af4a5006eb07"),
    "chords-velocity": (194, "484be9b6e0fba350"),
    "keys": (179, "5fd673b2a3e13cae"),
    "lead": (220, "eb8855c0957095d6"),
    "melody": (205, "bbdacdb694f7c3d4"),
    "performance": (390, "e6d4c908a8337c90"),
    "minuet": (180, "fd6a2df7c13006f5"),
    "pianoroll": (300, "35256e3aee2b4132"),
    "polyphony": (319, "fe87e922223d46c3"),
}
"""Size of each vocabulary and SHA-256 of its symbols in id order. A change here makes every trained bundle worthless."""


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_ids_mean_what_they_meant_when_the_bundles_were_trained(name):
    symbols = build_encoding(name).vocabulary.symbols
    found = hashlib.sha256("\0".join(symbols).encode()).hexdigest()
    assert (len(symbols), found[:16]) == GOLDEN[name]


def test_ids_count_up_group_by_group():
    assert SMALL.symbols == ("start", "end", "do", "re", "mi")
    assert [SMALL.ids[symbol] for symbol in SMALL.symbols] == list(range(5))
    assert SMALL.first == {"frame": 0, "note": 2}
    assert len(SMALL) == 5
    assert SMALL.words([0, 3, 4, 1]) == "start re mi end"


def test_a_vocabulary_prints_its_layout():
    assert str(SMALL).split("\n") == [
        "5 ids",
        "    0 to     1  frame      start end",
        "    2 to     4  note       do re mi",
    ]
    many = str(Vocabulary({"number": tuple(map(str, range(20)))}))
    assert many.endswith("number     0 1 2 3 4 ... 17 18 19")


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_every_id_stands_in_the_print(name):
    vocabulary = build_encoding(name).vocabulary
    lines = str(vocabulary).split("\n")[1:]
    spans = [(int(line.split()[0]), int(line.split()[2])) for line in lines]
    covered = [number for low, high in spans for number in range(low, high + 1)]
    assert covered == list(range(len(vocabulary)))


def test_an_unknown_symbol_names_the_nearest():
    assert SMALL.id_of("mi") == 4
    with pytest.raises(EncodingError, match="no symbol 'ree'; did you mean 're'"):
        SMALL.id_of("ree")


def test_a_vocabulary_without_symbols_is_refused():
    with pytest.raises(EncodingError, match="no symbols"):
        Vocabulary({"frame": ()})


def test_a_symbol_that_stands_twice_is_refused():
    with pytest.raises(EncodingError, match="symbol 'b' stands twice"):
        Vocabulary({"one": ("a", "b"), "two": ("b",)})


def test_an_unknown_encoding_names_the_nearest():
    with pytest.raises(EncodingError, match="encoding 'choral'; did you mean 'chorale'"):
        build_encoding("choral")


def test_options_an_encoding_does_not_have_are_refused():
    with pytest.raises(EncodingError, match="do not fit.*another version"):
        build_encoding("chorale", {"grid": 32})


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_options_make_the_same_encoding_again(name):
    made = build_encoding(name)
    again = build_encoding(made.name, made.options())
    assert again.vocabulary.symbols == made.vocabulary.symbols
