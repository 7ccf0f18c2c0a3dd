"""Whole pieces at once: lawful, with an end, the same for the same seed, and what is given is kept."""

from dataclasses import replace

import numpy as np
import pytest

from little_music import chorale, outside, words
from partimento.encoding.chorale import Chorale
from partimento.encoding.chorale_layout import VOCABULARY
from partimento.errors import EncodingError
from partimento.generation import gibbs
from partimento.generation.filters import Sampling
from partimento.generation.gibbs import Painter
from partimento.models.coconet_cells import Layout, sheet_of

CHORALE = Chorale()
LAYOUT = Layout.of(len(VOCABULARY), CHORALE.hints["voices"])


class Dull:
    """Fills in any key with the same chance, and knows no rule: all that is lawful comes from the grammar."""

    vocabulary, voices, silence = len(VOCABULARY), 4, VOCABULARY.ids["rest"]
    strikes = np.where(
        np.arange(len(VOCABULARY)) >= LAYOUT.first_held, np.arange(len(VOCABULARY)) - LAYOUT.keys, np.arange(len(VOCABULARY))
    )
    strikes[-1] = silence

    def __init__(self):
        self.asked = []

    def start(self, batch):
        return ()

    def step(self, ids, state):
        return np.zeros((len(ids), self.vocabulary), np.float32), ()

    def skip(self, ids, state):
        return ()

    def opens(self, number):
        return LAYOUT.first_place <= number < LAYOUT.first_struck

    def conditionals(self, ids):
        places = np.flatnonzero(np.asarray(ids) < 0)
        self.asked.append(len(places))
        logits = np.zeros((len(places), self.vocabulary), np.float32)
        logits[:, : LAYOUT.first_struck] = logits[:, -1:] = -1e9
        return places, logits

    def settled(self, ids):
        return np.array(ids, np.int32)


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    monkeypatch.setattr(gibbs, "ROUNDS", 6)
    monkeypatch.setattr(gibbs, "POLISH_ROUNDS", 2)


def painted(grammar, beginning=(0,), bars=None, seed=0, **options):
    return Painter(Dull(), (), np.random.default_rng(seed), most=5000, **options).paint(grammar, beginning, bars)


def assert_lawful(ids, grammar):
    for number in ids:
        assert grammar.allowed()[number]
        grammar.push(int(number))
    assert grammar.finished


@pytest.mark.parametrize("bars", [2, 5, None])
def test_a_piece_is_lawful_and_as_long_as_wished(bars):
    ids = painted(lambda bars: CHORALE.grammar(bars=bars), bars=bars, seed=3)
    length = CHORALE.grammar(bars=None)
    for number in ids:
        length.push(int(number))
    assert bars in (None, length.bars)
    assert_lawful(ids, CHORALE.grammar(bars=length.bars))


def test_the_same_seed_the_same_piece():
    pieces = [painted(lambda bars: CHORALE.grammar(bars=bars), bars=3, seed=seed).tolist() for seed in (1, 1, 2)]
    assert pieces[0] == pieces[1] != pieces[2]


def test_a_melody_a_passage_and_a_beginning_are_kept():
    piece = chorale(4, bars=4)
    below = CHORALE.decode(painted(lambda bars: CHORALE.below(replace(piece, tracks=piece.tracks[:1]))))
    assert words(below)[0] == words(piece)[0] and words(below)[1:] != words(piece)[1:]
    around = CHORALE.decode(painted(lambda bars: CHORALE.around(piece, (2, 2))))
    assert outside(around, 1920, 3840) == outside(piece, 1920, 3840)
    beginning = CHORALE.encode(piece, whole=False).tolist()
    longer = painted(lambda bars: CHORALE.grammar(bars=bars), beginning=beginning, bars=6)
    assert longer[: len(beginning)].tolist() == beginning and len(longer) > len(beginning)


def test_shares_fall_and_few_cells_are_hidden_at_last():
    shares = gibbs._shares(100)
    assert shares[0] == 0.9 and shares[-1] == 0.1 and shares == sorted(shares, reverse=True)
    assert shares.index(0.1) == 70
    model = Dull()
    Painter(model, (), np.random.default_rng(0), most=5000).paint(lambda bars: CHORALE.grammar(bars=bars), (0,), 4)
    assert model.asked[0] == 4 * sheet_of(LAYOUT, painted(lambda bars: CHORALE.grammar(bars=bars), bars=4)).places.size
    assert 0 < model.asked[6] < 0.3 * model.asked[0] < model.asked[1]


def test_filters_choose():
    greedy = Painter(Dull(), Sampling(temperature=0).filters(), np.random.default_rng(0), most=5000)
    logits = np.log(np.random.default_rng(1).random((50, 9)))
    assert np.array_equal(greedy._draw(np.arange(50), logits.copy(), {}), logits.argmax(axis=1))


def test_draws_are_as_likely_as_they_should_be():
    painter = Painter(Dull(), (), np.random.default_rng(0), most=5000)
    chances = np.array([0.5, 0.0, 0.3, 0.2])
    with np.errstate(divide="ignore"):
        drawn = painter._draw(np.arange(4000), np.tile(np.log(chances), (4000, 1)), {})
    assert np.abs(np.bincount(drawn, minlength=4) / 4000 - chances).max() < 0.03
    may = {place: np.array([False, True, True, False]) for place in range(4000)}
    assert set(painter._draw(np.arange(4000), np.zeros((4000, 4)), may).tolist()) == {1, 2}


def test_a_piece_that_is_never_accepted_or_never_ends_is_refused():
    with pytest.raises(EncodingError, match="8 pieces written, and none was accepted. Loosen --max-copy"):
        painted(lambda bars: CHORALE.grammar(bars=bars), bars=2, accept=lambda ids: False)
    with pytest.raises(EncodingError, match="5000 ids planned and no end in sight. Ask for fewer --bars"):
        painted(lambda bars: CHORALE.grammar(bars=bars), bars=900)
