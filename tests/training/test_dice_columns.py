import numpy as np
import pytest

from little_music import chorale_folder, tune_folder
from partimento.corpus.open import open_corpus
from partimento.encoding.catalog import build_encoding
from partimento.evaluation.structure import bars_full, ends_well
from partimento.evaluation.subsequences import seen
from partimento.generation.composer import Composer
from partimento.generation.wish import Wish
from partimento.models.dice import Dice
from partimento.models.dice_table import ANY, OPENINGS, OVER
from partimento.score import KeySignature
from partimento.score.harmony import key_of
from partimento.score.meter import bar_count
from partimento.training.bars import Knife
from partimento.training.counted import COUNTED
from partimento.training.dice_columns import FACES
from partimento.training.prepare import Prepared, prepare

KINDS = ["characters", "chorale"]


@pytest.fixture(scope="module")
def games(tmp_path_factory):
    """Encoding's name -> its corpus as numbers, the encoding, and dice that have read it."""
    tunes, chorales = build_encoding("characters"), build_encoding("chorale")
    prepared = {
        tunes: prepare(open_corpus([str(tune_folder(tmp_path_factory.mktemp("tunes"), 48))]), tunes),
        chorales: hymns(chorales, 20),
    }
    return {encoding.name: (found, encoding, COUNTED["dice"](found, encoding, 5)) for encoding, found in prepared.items()}


def hymns(encoding, count):
    """Hymns in 4/4, C major and B flat, as numbers: a chord a quarter, the tonic at every bar line, as the grammar lets them stand."""
    pieces = []
    for number in range(count):
        random = np.random.default_rng([6, number])
        shift = -2 * (number % 2)
        words = ("start", "4/4", "Bb major" if shift else "C major", "0")
        grammar, ids = encoding.grammar(bars=4 + number % 3), [encoding.vocabulary.ids[word] for word in words]
        for begun in ids:
            grammar.push(begun)
        chord = [0, 4, 7]
        while not grammar.finished:
            allowed = [encoding.vocabulary.symbols[at] for at in np.flatnonzero(grammar.allowed())]
            if encoding.vocabulary.symbols[ids[-1]].split("-")[0].split("!")[0] in ("0", "4", "8", "12"):
                root = (0, 5, 7, 9, 2)[int(random.integers(5)) if (len(ids) - 3) // 5 % 16 else 0]
                chord = [root, root + (3 if root in (2, 9) else 4), root + 7]
            place = len(ids) - 3  # ids of the step so far, its place first
            struck = [word for word in allowed if word.startswith("strike") and (int(word[6:]) - shift - min(chord)) % 12 in (0, 3, 4, 7)]
            held = [word for word in allowed if word.startswith("hold")]
            near = sorted(struck, key=lambda word, voice=place % 5: abs(int(word[6:]) - shift - (0, 72, 67, 64, 48)[voice]))
            wanted = (near[: 2 if place // 5 % 16 else 1] if place // 5 % 4 == 0 else held) or allowed
            ids.append(encoding.vocabulary.ids[wanted[int(random.integers(len(wanted)))]])
            grammar.push(ids[-1])
        pieces.append(np.array(ids, np.int32))
    scores = [(str(number), encoding.decode(ids)) for number, ids in enumerate(pieces)]
    notes = [score.note_count for _, score in scores]
    return Prepared([[ids] for ids in pieces], [], [], {"train": scores}, {"train": notes}, {}, {}, encoding, [[0]] * count, "")


class _Played(Composer):
    """A composer of dice that stand in no bundle."""

    def __init__(self, encoding, model):
        class _Card:
            name = "dice"
            sampling = {"temperature": 1.0}  # noqa: RUF012  # a stand-in

        class _Bundle:
            card = _Card()
            folder = fingerprint = "none"

        _Bundle.encoding, _Bundle.model = (lambda self: encoding), (lambda self: model)
        super().__init__(_Bundle())


def corpus_bars(prepared, encoding):
    """Every bar of the pieces to learn from, in every key they were moved to, as bytes."""
    return {bar.ids.tobytes() for variants in prepared.train for ids in variants for bar in Knife(encoding).cut(ids)}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("bars", [None, 16])
def test_a_piece_is_nothing_but_bars_of_the_corpus(games, name, bars):
    prepared, encoding, model = games[name]
    composer, known = _Played(encoding, model), corpus_bars(prepared, encoding)
    written = strange = 0
    for number in range(3):
        score = composer.write(Wish(bars=bars), seed=3, number=number)
        assert bars is None or bar_count(score) == bars
        assert bars_full(score) == [] and ends_well(score)
        cut = Knife(encoding).cut(composer.ids)
        told = seen(composer.model, composer.ids)
        assert told.unit == "bars" and told.total == len(cut) - 1
        assert len(told.unseen) == sum(bar.ids.tobytes() not in known for bar in cut)
        written, strange = written + told.total, strange + len(told.unseen)
        assert not any(np.array_equal(composer.ids, ids) for variants in prepared.train for ids in variants)
    assert written > 12 and strange <= (
        1 if name == "chorale" else 0
    )  # the hymns' phrases may end off the beat: there the grammar may insist


def test_two_seeds_are_two_pieces(games):
    _, encoding, model = games["characters"]
    composer = _Played(encoding, model)
    assert len({composer.write(Wish(bars=8), seed=seed) and composer.ids.tobytes() for seed in range(5)}) == 5


def test_a_wished_key_is_kept(games):
    _, encoding, model = games["chorale"]
    composer = _Played(encoding, model)
    for key in (KeySignature(0), KeySignature(0, -2), KeySignature(0, -4)):  # the last is one it has not read
        assert key_of(composer.write(Wish(bars=8, key=key), seed=1)) == key


@pytest.mark.parametrize("name", KINDS)
def test_a_joint_is_one_that_the_corpus_has(games, name):
    _, _, model = games[name]
    table = model.table
    assert set(np.unique(table.homes)) - {ANY} and table.homes[OPENINGS] == ANY
    for bar in range(table.bars):
        if table.following[bar] != OVER:
            span = table.within(int(table.following[bar]), 0, table.bars)
            assert span.stop > span.start
    sizes = np.diff(table.columns)[table.following[table.following != OVER]]
    assert (sizes >= FACES).mean() > 0.2


def test_the_table_is_the_same_every_time(games):
    prepared, encoding, model = games["chorale"]
    again = COUNTED["dice"](prepared, encoding, 5)
    assert again.table.bars > 50
    assert all(np.array_equal(value, again.tensors()[name]) for name, value in model.tensors().items())
    assert isinstance(again, Dice)


def test_a_corpus_that_breaks_every_rule_is_thrown_all_the_same(tmp_path):
    encoding = build_encoding("chorale")
    prepared = prepare(open_corpus([str(chorale_folder(tmp_path, 6))]), encoding)
    model = COUNTED["dice"](prepared, encoding, 5)
    bars = {bar.ids.tobytes() for variants in prepared.train for ids in variants for bar in Knife(encoding).cut(ids)}
    assert {model.table.bar(number).tobytes() for number in range(model.table.bars)} == bars
    assert bar_count(_Played(encoding, model).write(Wish(bars=4), seed=1)) == 4
