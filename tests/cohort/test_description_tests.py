"""Paired tests against R (McNemar grid, sleep, a set with ties and zeros), and what has no p."""

from __future__ import annotations

import csv
import math
from itertools import combinations, pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.cohort.group_tests import independence, kruskal_wallis
from predictor.cohort.paired_effects import _walsh, hodges_lehmann, mean_difference, risk_difference
from predictor.cohort.paired_tests import (
    differences,
    exact_mcnemar,
    midp_mcnemar,
    paired_t,
    signed_rank,
)


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module", params=["sleep", "ties31"])
def measured(request, shared):
    """Name, the two measurements, and R's figures by test."""
    rows = read(shared / "reference" / f"paired_{request.param}.csv")
    x, y = (np.array([float(row[name]) for row in rows]) for name in "xy")
    expected = {
        row["test"]: row
        for row in read(shared / "reference" / "paired_tests.csv")
        if row["dataset"] == request.param
    }
    return x, y, expected


def test_mcnemar_is_that_of_r_for_all_discordant_pairs_up_to_20(shared):
    grid = read(shared / "reference" / "mcnemar_grid.csv")
    assert len(grid) == 205
    for row in grid:
        b, c = int(row["b"]), int(row["c"])
        for gone, new in ((b, c), (c, b)):
            assert exact_mcnemar(gone, new).p_value == pytest.approx(
                float(row["p_exact"]), rel=1e-9
            )
            assert midp_mcnemar(gone, new).p_value == pytest.approx(float(row["p_midp"]), rel=1e-9)


def test_paired_t_is_that_of_r(measured):
    x, y, expected = measured
    row = expected["paired t"]
    assert paired_t(x, y).p_value == pytest.approx(float(row["p"]), rel=1e-9)
    found = mean_difference(differences(x, y))  # after less before; R has before less after
    assert found.value == pytest.approx(-float(row["estimate"]), rel=1e-9)
    assert found.low == pytest.approx(-float(row["upper"]), rel=1e-9)
    assert found.high == pytest.approx(-float(row["lower"]), rel=1e-9)


def test_signed_rank_is_the_normal_approximation_that_spss_prints(measured):
    x, y, expected = measured
    row = expected["Wilcoxon normal on round(d,8), correct=FALSE"]
    assert signed_rank(x, y).p_value == pytest.approx(float(row["p"]), rel=1e-9)
    assert signed_rank(x, y).test == "Wilcoxon signed-rank"


def test_exact_signed_rank_is_that_of_r_given_the_ties(measured):
    x, y, expected = measured
    row = expected["Wilcoxon exact conditional (zeros dropped, midranks)"]
    found = signed_rank(x, y, exact=True)
    assert found.p_value == pytest.approx(float(row["p"]), rel=1e-9)
    assert found.test == "exact Wilcoxon signed-rank"


def test_hodges_lehmann_is_the_median_of_the_walsh_averages(measured):
    x, y, expected = measured
    row = expected["hodges_lehmann_walsh_median"]
    assert hodges_lehmann(differences(x, y)).value == pytest.approx(
        -float(row["estimate"] or 0) or -float(row["statistic"])
    )


@given(st.lists(st.integers(-6, 6).filter(bool), min_size=2, max_size=9))
def test_exact_signed_rank_counts_all_signs(change):
    from scipy.stats import rankdata

    d = np.array(change, dtype=float)
    ranks = rankdata(np.abs(d))
    seen = ranks[d > 0].sum()
    sums = np.array([np.dot(signs, ranks) for signs in product((0, 1), repeat=len(d))])
    tail = min((sums <= seen).mean(), (sums >= seen).mean())
    assert signed_rank(np.zeros(len(d)), d, exact=True).p_value == pytest.approx(min(1, 2 * tail))


def test_beyond_50_changed_pairs_exact_gives_way_to_the_approximation():
    d = np.arange(1.0, 52.0)
    assert signed_rank(np.zeros(51), d, exact=True).test == "Wilcoxon signed-rank"


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=40))
def test_the_signed_rank_interval_holds_what_the_test_does_not_reject(change):
    d = np.array(change, dtype=float) + np.arange(len(change)) * 1e-4  # no ties
    found = hodges_lehmann(d)
    if found.low is None:
        assert len(d) < 6  # 2 of 2**5 signs are more than 5%
        return
    assert found.low <= found.value <= found.high
    spread = max(found.high - found.low, 1.0)
    for inside, shift in ((True, found.low + 1e-6), (False, found.low - 1e-6 * spread - 1e-6)):
        p = signed_rank(np.zeros(len(d)), d - shift, exact=True).p_value
        if len(d) <= 50:
            assert (p > 0.05) == inside or math.isclose(p, 0.05)


def test_the_ranked_walsh_average_of_many_is_found_without_all_pairs(monkeypatch):
    d = np.random.default_rng(5).normal(size=300).round(2)
    expected = [_walsh(d, rank) for rank in (1, 77, 22_000, 45_150)]
    monkeypatch.setattr("predictor.cohort.paired_effects._ALL_PAIRS_UP_TO", 0)
    assert [_walsh(d, rank) for rank in (1, 77, 22_000, 45_150)] == pytest.approx(expected)


def test_the_risk_difference_has_the_published_interval():
    # Fagerland, Lydersen and Laake 2017, chapter 8: -0.0621 (-0.1186 to -0.0046), before less after
    found = risk_difference(59, 6, 16, 80)
    assert [round(v, 4) for v in (found.value, found.low, found.high)] == [0.0621, 0.0046, 0.1186]


@given(*[st.integers(0, 30)] * 4)
def test_the_interval_of_the_risk_difference_turns_with_the_table(a, b, c, d):
    if a + b + c + d == 0:
        return
    one, other = risk_difference(a, b, c, d), risk_difference(a, c, b, d)
    assert one.value == pytest.approx(-other.value)
    assert one.low == pytest.approx(-other.high, abs=1e-12)
    assert -1 <= one.low <= one.value <= one.high <= 1


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (exact_mcnemar(0, 0), "no patient changed"),
        (midp_mcnemar(0, 0), "no patient changed"),
        (paired_t(np.array([1.0]), np.array([2.0])), "fewer than two patients"),
        (paired_t(np.array([]), np.array([])), "fewer than two patients"),
        (paired_t(np.array([1.0, 2.0]), np.array([1.0, 2.0])), "no patient changed"),
        (paired_t(np.array([0.1, 0.2]), np.array([0.3, 0.4])), "by the same amount"),
        (signed_rank(np.array([1.0, 2.0]), np.array([1.0, 2.0])), "no patient changed"),
        (signed_rank(np.array([1.0]), np.array([2.0]), exact=True), "fewer than two patients"),
        (kruskal_wallis([np.array([1.0, 2.0]), np.array([])]), "fewer than two groups"),
        (kruskal_wallis([np.array([1.0]), np.array([1.0])]), "all values are equal"),
        (independence([3], [5]), "fewer than two groups"),
        (independence([3, 4], [3, 4]), "all values are equal"),
        (independence([0, 0], [3, 0]), "fewer than two groups"),
    ],
)
def test_what_cannot_be_tested_has_no_p_and_says_why(found, reason):
    assert found.p_value is None
    assert reason in found.reason


def test_differences_that_are_equal_in_decimals_are_ties():
    before, after = np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.4, 0.3])
    change = differences(before, after)
    assert change[0] == change[1] == pytest.approx(0.2)
    assert change[2] == 0
    assert differences(np.array([1e6]), np.array([1e6 + 0.25])) == pytest.approx(0.25)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4)), min_size=2, max_size=3))
def test_the_exact_test_of_groups_counts_all_ways_to_deal_the_findings(pairs):
    counts = [min(count, size) for count, size in pairs]
    sizes = [size for _, size in pairs]
    total, n = sum(counts), sum(sizes)
    if total in (0, n):
        return
    edges = np.cumsum([0, *sizes])

    def table(members):
        return tuple(sum(low <= m < high for m in members) for low, high in pairwise(edges))

    dealt = [table(members) for members in combinations(range(n), total)]
    frequency = {t: dealt.count(t) for t in set(dealt)}
    expected = sum(f for f in frequency.values() if f <= frequency[tuple(counts)]) / len(dealt)
    assert independence(counts, sizes).p_value == pytest.approx(expected)


def test_of_two_groups_the_exact_test_is_fishers():
    from scipy.stats import fisher_exact

    expected = fisher_exact([[8, 2], [1, 5]]).pvalue
    assert independence([8, 1], [10, 6]).p_value == pytest.approx(expected, rel=1e-9)


def test_many_patients_are_tested_by_chi_square():
    found = independence([400, 500, 450], [1000, 1000, 1000])
    # by hand: share 0.45, sum of (obs - 450)^2 / 247.5 = 2 * 2500 / 247.5 = 20.20, 2 df
    assert found.test == "chi-square"
    assert found.p_value == pytest.approx(math.exp(-5000 / 247.5 / 2), rel=1e-9)
