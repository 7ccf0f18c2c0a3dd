"""A blind listening test: which pairs are asked for, and what the answers of any number of people say.

Every answer is a rating of both its sources: 2 for one that was clearly preferred to the other, 1 a little, and as much below nothing
for the other. Whether sources differ at all is asked of all their ratings together (Kruskal and Wallis), which two of them differ of the
answers to both together (Wilcoxon's signed ranks; times the number of such pairs, Bonferroni).

Source: the listening tests of the Music Transformer (Huang et al. 2018) and of MAESTRO (Hawthorne et al. 2019): pairs of clips, five
steps, these two tests. Like them it counts answers as if each were independent of the others, which those of one person are not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from partimento.errors import ConfigError
from partimento.evaluation.rank_tests import KruskalWallis, kruskal_wallis, wilcoxon
from partimento.files.listening import Answer, Comparison

Place = tuple[str, float]
"""A piece, and the second at which its clips begin."""


@dataclass(frozen=True)
class SourceResult:
    """What was said of one source.

    Attributes:
        answers: Pairs in which it was heard.
        wins: Of them, those in which it was preferred.
        rating: Mean of its ratings, -2 to 2.
    """

    answers: int
    wins: int
    rating: float


@dataclass(frozen=True)
class PairResult:
    """What was said of two sources against each other.

    Attributes:
        first: One.
        second: The other.
        wins: Answers that preferred the first.
        equal: Answers that heard no difference.
        losses: Answers that preferred the second.
        rating: Mean rating of the first, -2 to 2.
        p: Chance of ratings so far from nothing without a difference (Wilcoxon, two-sided).
        p_corrected: The same times the number of pairs, 1 at most.
    """

    first: str
    second: str
    wins: int
    equal: int
    losses: int
    rating: float
    p: float
    p_corrected: float


@dataclass(frozen=True)
class ListeningResult:
    """What a listening test found.

    Attributes:
        listeners: People who answered.
        answers: Their answers.
        repeated: Answers that were given twice, by the same person to the same pair of the same page; they count once.
        sources: What was said of each source, the best first.
        pairs: What was said of each two that were heard together.
        kruskal_wallis: Whether sources differ at all.
    """

    listeners: int
    answers: int
    repeated: int
    sources: dict[str, SourceResult]
    pairs: tuple[PairResult, ...]
    kruskal_wallis: KruskalWallis


def planned(sources: Sequence[str], places: Sequence[Place], *, count: int | None = None, seed: int = 0) -> list[Comparison]:
    """Return what to ask, in an order drawn from a seed: every two sources as often as any other two, each on either side alike.

    Args:
        sources: Their names, two or more.
        places: Where clips are cut from.
        count: How many pairs; every two sources at every place where not given.
        seed: Sets chance.

    Raises:
        ConfigError: When there is nothing to compare, or there are not so many pairs.
    """
    couples = list(itertools.combinations(sources, 2))
    most = len(couples) * len(places)
    if not most or len(set(sources)) < len(sources) or len(set(places)) < len(places):
        raise ConfigError(
            f"listening test: {len(sources)} sources at {len(places)} places, expected two sources or more, each once, and some places."
        )
    if count is not None and not 1 <= count <= most:
        raise ConfigError(f"listening test: {count} pairs of {most} that there are. Ask for fewer, or cut more clips.")
    random = np.random.default_rng(seed)
    rounds = [[places[at] for at in random.permutation(len(places))] for _ in couples]
    turned = random.integers(2, size=len(couples))
    asked = []
    for turn in range(len(places)):
        for number in random.permutation(len(couples)):
            piece, start = rounds[number][turn]
            first, second = couples[number] if (turn + turned[number]) % 2 else couples[number][::-1]
            asked.append(Comparison(piece, start, first, second))
    asked = asked[:count]
    return [asked[at] for at in random.permutation(len(asked))]


def listening_result(answers: Iterable[Answer]) -> ListeningResult:
    """Return what answers say, of any number of people and pages.

    Raises:
        ConfigError: When there are none.
    """
    given = list(answers)
    kept = list({(each.listener, each.test, each.comparison): each for each in given}.values())
    if not kept:
        raise ConfigError("listening test: no answers. Give the files that its page saved.")
    ratings: dict[str, list[int]] = {}
    couples: dict[tuple[str, str], list[int]] = {}
    for each in kept:
        a, b, rating = each.comparison.a, each.comparison.b, each.rating
        ratings.setdefault(a, []).append(rating)
        ratings.setdefault(b, []).append(-rating)
        first, second = sorted((a, b))
        couples.setdefault((first, second), []).append(rating if first == a else -rating)
    best = sorted(ratings, key=lambda name: (-float(np.mean(ratings[name])), name))
    sources = {name: SourceResult(len(ratings[name]), sum(rating > 0 for rating in ratings[name]), _mean(ratings[name])) for name in best}
    pairs = [
        _pair(first, second, couples, len(couples))
        for first, second in itertools.combinations(best, 2)
        if tuple(sorted((first, second))) in couples
    ]
    people = len({(each.listener, each.test) for each in kept})
    return ListeningResult(
        people, len(kept), len(given) - len(kept), sources, tuple(pairs), kruskal_wallis([ratings[name] for name in best])
    )


def _pair(first: str, second: str, couples: dict[tuple[str, str], list[int]], tests: int) -> PairResult:
    """What was said of two sources, the better first."""
    low, high = sorted((first, second))
    found = np.array(couples[low, high]) * (1 if low == first else -1)
    p = wilcoxon(found).p
    counts = [int(np.count_nonzero(np.sign(found) == sign)) for sign in (1, 0, -1)]
    return PairResult(first, second, counts[0], counts[1], counts[2], _mean(found.tolist()), p, min(1.0, p * tests))


def _mean(ratings: Sequence[int]) -> float:
    """Their mean."""
    return math.fsum(ratings) / len(ratings)
