"""Tests of ranks, held to scipy and to published examples."""

import numpy as np
import pytest
from scipy import stats

from partimento.errors import ConfigError
from partimento.evaluation import rank_tests
from partimento.evaluation.rank_tests import chi_square_tail, kruskal_wallis, wilcoxon


@pytest.mark.parametrize("degrees", range(1, 9))
def test_the_tail_of_chi_square(degrees):
    for value in (0.0, 0.01, 0.7, 3.0, 22.05, 150.0):
        assert chi_square_tail(value, degrees) == pytest.approx(stats.chi2.sf(value, degrees), rel=1e-10)


def test_the_chance_that_was_published():
    """Hawthorne et al. 2019, submitted text: chi2(2) = 22.05, p < .001."""
    assert chi_square_tail(22.05, 2) == pytest.approx(1.6288e-5, rel=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_kruskal_and_wallis_is_that_of_scipy(seed):
    random = np.random.default_rng(seed)
    groups = [random.integers(-2, 3, size) + (number if seed % 2 else 0) for number, size in enumerate((7, 12, 30, 5)[: 2 + seed % 3])]
    found, wanted = kruskal_wallis(groups), stats.kruskal(*groups)
    assert (found.h, found.p) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-9)
    assert found.degrees == len(groups) - 1


def test_values_that_are_all_equal_tell_nothing():
    assert kruskal_wallis([[1, 1], [1]]) == (0, 1, 1)


@pytest.mark.parametrize("seed", range(4))
def test_signed_ranks_without_ties_are_counted_as_scipy_counts(seed):
    values = np.random.default_rng(seed).normal(0.4, 1, 8 + 10 * seed)
    wanted = stats.wilcoxon(values, method="exact")
    found = wilcoxon(values)
    assert (min(found.above, found.below), found.p) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_signed_ranks_with_ties_are_counted_too(seed):
    values = np.random.default_rng(seed).integers(-2, 3, 11).astype(float)
    values = values[values != 0]
    wanted = stats.wilcoxon(values, method=stats.PermutationMethod(n_resamples=np.inf))
    assert wilcoxon(values).p == pytest.approx(wanted.pvalue, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_many_signed_ranks_are_normal(seed, monkeypatch):
    values = np.random.default_rng(seed).integers(-2, 4, 90).astype(float)
    wanted = stats.wilcoxon(values, method="asymptotic", correction=False)
    found = wilcoxon(values)
    assert found.kept == np.count_nonzero(values) > rank_tests.MOST_COUNTED
    assert (min(found.above, found.below), found.p) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-9)
    monkeypatch.setattr(rank_tests, "MOST_COUNTED", 100)
    assert wilcoxon(values).p == pytest.approx(found.p, abs=0.01)


def test_no_difference_is_no_difference():
    assert wilcoxon([0, 0, 0]) == (0, 0, 0, 1)
    assert wilcoxon([1, -1]).p == 1
    assert wilcoxon([2] * 5).p == pytest.approx(2 / 2**5)


@pytest.mark.parametrize("groups", [[], [[1, 2]], [[1], []]])
def test_two_groups_are_needed(groups):
    with pytest.raises(ConfigError, match=r"kruskal_wallis: groups of \[.*\] values, expected two groups or more with some in each"):
        kruskal_wallis(groups)
