"""What is asked in a listening test, and what its answers say."""

import itertools
from collections import Counter

import pytest
from scipy import stats

from partimento.errors import ConfigError
from partimento.evaluation.listening import listening_result, planned
from partimento.files.listening import Answer, Comparison

SOURCES = ["piano", "soundfont", "voice"]
PLACES = [("aria", 1.0), ("aria", 20.5), ("canon", 3.0), ("quodlibet", 0.0)]


def answers(*rows, listener="one", test="page"):
    """Answers to a against b, each at a place of its own."""
    return [Answer(listener, test, Comparison("aria", float(number), a, b), said) for number, (a, b, said) in enumerate(rows)]


def test_every_two_sources_are_asked_for_at_every_place_and_on_either_side():
    asked = planned(SOURCES, PLACES, seed=3)
    couples = {frozenset(couple) for couple in itertools.combinations(SOURCES, 2)}
    assert len(asked) == 12 == len({(each.piece, each.start_seconds, frozenset((each.a, each.b))) for each in asked})
    assert Counter(frozenset((each.a, each.b)) for each in asked) == dict.fromkeys(couples, 4)
    assert set(Counter((each.a, each.b) for each in asked).values()) == {2}


def test_of_fewer_pairs_all_sources_have_as_many():
    asked = planned(SOURCES, PLACES, count=6, seed=1)
    assert set(Counter(frozenset((each.a, each.b)) for each in asked).values()) == {2}
    assert set(Counter((each.a, each.b) for each in asked).values()) == {1}


def test_a_seed_is_an_order():
    assert planned(SOURCES, PLACES, seed=5) == planned(SOURCES, PLACES, seed=5) != planned(SOURCES, PLACES, seed=6)


@pytest.mark.parametrize(
    ("sources", "places", "words"),
    [
        (["piano"], PLACES, "1 sources at 4 places, expected two sources or more"),
        (SOURCES, [], "3 sources at 0 places"),
        (["a", "a"], PLACES, "each once"),
    ],
)
def test_what_cannot_be_compared_is_refused(sources, places, words):
    with pytest.raises(ConfigError, match=words):
        planned(sources, places)


@pytest.mark.parametrize("count", [0, 13])
def test_there_are_only_so_many_pairs(count):
    with pytest.raises(ConfigError, match=f"listening test: {count} pairs of 12 that there are"):
        planned(SOURCES, PLACES, count=count)


def test_wins_are_counted_whichever_side_they_were_on():
    found = listening_result(answers(("piano", "voice", 1), ("voice", "piano", 4), ("piano", "voice", 3), ("piano", "voice", 5)))
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.wins, pair.equal, pair.losses, pair.rating) == ("piano", "voice", 2, 1, 1, 0.25)
    assert {name: (each.answers, each.wins, each.rating) for name, each in found.sources.items()} == {
        "piano": (4, 2, 0.25),
        "voice": (4, 1, -0.25),
    }


def test_the_chances_are_those_of_the_two_tests():
    said = answers(
        *[("piano", "voice", answer) for answer in (1, 1, 2, 1, 3, 2, 1, 2, 4)],
        *[("soundfont", "piano", answer) for answer in (3, 2, 4, 5, 3, 4)],
        *[("voice", "soundfont", answer) for answer in (5, 5, 4, 5, 3)],
    )
    found = listening_result(said)
    ratings = {
        name: [
            each.rating if each.comparison.a == name else -each.rating for each in said if name in (each.comparison.a, each.comparison.b)
        ]
        for name in SOURCES
    }
    wanted = stats.kruskal(*ratings.values())
    assert (found.kruskal_wallis.h, found.kruskal_wallis.p) == pytest.approx((wanted.statistic, wanted.pvalue))
    assert list(found.sources) == ["piano", "soundfont", "voice"]
    for pair, differences in zip(found.pairs, [[0, -1, 1, 2, 0, 1], [2, 2, 1, 2, 0, 1, 2, 1, -1], [2, 2, 1, 2, 0]], strict=True):
        kept = [value for value in differences if value]
        p = stats.wilcoxon(kept, method=stats.PermutationMethod(n_resamples=float("inf"))).pvalue
        assert (pair.p, pair.p_corrected) == pytest.approx((p, min(1, 3 * p))), pair


def test_who_answers_twice_counts_once():
    once = answers(("piano", "voice", 1), ("piano", "voice", 2))
    other = answers(("piano", "voice", 1), ("piano", "voice", 2), listener="two")
    found = listening_result([*once, *other, *once])
    assert (found.listeners, found.answers, found.repeated) == (2, 4, 2)


def test_no_answers_say_nothing():
    with pytest.raises(ConfigError, match="listening test: no answers. Give the files"):
        listening_result([])
