"""Tests of violations: published figures, the edges, and that they keep their size."""

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy import stats

import bot4 as b4
from bot4.measures.coverage import _independence, _kupiec_statistic
from bot4.measures.simulated import chance_counts, chance_orders

m = b4.measures
SIZE, SLACK = 0.05, 0.01


@pytest.mark.parametrize(
    ("violations", "n", "level", "statistic", "within"),
    [
        (6, 252, 0.99, 3.4988, 5e-5),  # Jorion, Value at Risk, question 10 of chapter 6
        (20, 252, 0.95, 3.9126, 5e-5),  # Jorion, J.P. Morgan in 1998
        (40, 500, 0.95, 8.0790, 5e-5),
        (3, 250, 0.99, 0.0949, 5e-5),
        (0, 250, 0.99, 5.0252, 5e-5),
        (0, 255, 0.99, 5.13, 5e-3),
    ],
)
def test_kupiec_meets_the_published_figures(
    violations: int, n: int, level: float, statistic: float, within: float
) -> None:
    found = m.kupiec(violations, n, level)
    assert found.statistic == pytest.approx(statistic, abs=within)

    # The ratio as it is defined, from SciPy's binomial.
    def likelihood(p: float) -> float:
        return float(stats.binom.logpmf(violations, n, p))

    judged = 2 * (likelihood(violations / n) - likelihood(1 - level))
    assert found.statistic == pytest.approx(judged, abs=1e-9)
    assert found.p_chi_square == pytest.approx(stats.chi2.sf(judged, 1), abs=1e-9)


def test_the_p_value_of_three_in_250_is_that_of_the_hand() -> None:
    assert m.kupiec(3, 250, 0.99).p_chi_square == pytest.approx(0.758, abs=5e-4)


@pytest.mark.parametrize(("n", "level"), [(1, 0.99), (10, 0.9), (250, 0.99)])
def test_no_violation_and_nothing_else_have_their_own_likelihood(n: int, level: float) -> None:
    none, all_ = m.kupiec(0, n, level), m.kupiec(n, n, level)
    assert none.statistic == pytest.approx(-2 * n * np.log(level), rel=1e-12)
    assert all_.statistic == pytest.approx(-2 * n * np.log(1 - level), rel=1e-12)


@pytest.mark.parametrize(
    ("level", "n", "least", "most"),
    [
        (0.99, 510, 2, 10), (0.99, 1_000, 5, 16), (0.95, 255, 7, 20), (0.95, 510, 17, 35),
        (0.95, 1_000, 38, 64),
    ],
)  # fmt: skip
def test_kupiecs_regions_are_those_of_his_table(
    level: float, n: int, least: int, most: int
) -> None:
    kept = [x for x in range(n // 4) if m.kupiec(x, n, level, draws=19).p_chi_square >= SIZE]
    assert (kept[0], kept[-1]) == (least, most)
    assert kept == list(range(least, most + 1))


@pytest.mark.parametrize(
    ("counts", "statistic"), [((244, 2, 2, 4), 25.8374), ((218, 14, 14, 6), 9.5296)]
)
def test_christoffersen_meets_the_published_figures(
    counts: tuple[int, int, int, int], statistic: float
) -> None:
    found = m.independence_statistic(*counts)
    assert found == pytest.approx(statistic, abs=5e-5)
    # It is the G statistic of a table of two by two, which SciPy knows.
    table = np.array(counts).reshape(2, 2)
    judged = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert found == pytest.approx(judged, abs=1e-9)


@pytest.mark.parametrize(
    ("counts", "statistic"),
    [
        ((100, 0, 0, 0), 0.0),  # never
        ((0, 0, 0, 100), 0.0),  # always
        ((0, 0, 0, 0), 0.0),
        # Never two: 2 (90 ln(90/95) + 5 ln(5/95) - 95 ln(95/100) - 5 ln(5/100)), to 30 digits.
        ((90, 5, 5, 0), 0.526559048860468),
        ((0, 10, 10, 0), 2 * 20 * np.log(2)),  # in turn
    ],
)  # fmt: skip
def test_empty_cells_of_independence_are_no_accident(
    counts: tuple[int, int, int, int], statistic: float
) -> None:
    assert m.independence_statistic(*counts) == pytest.approx(statistic, abs=1e-9)


def test_the_joint_ratio_is_the_sum_of_both() -> None:
    hits = np.zeros(252, dtype=bool)
    hits[[10, 11, 12, 13, 100, 200]] = True
    found = m.christoffersen(hits, 0.99)
    assert (found.n, found.violations) == (252, 6)
    assert found.expected == pytest.approx(2.52)
    both = found.kupiec.statistic + found.independence.statistic
    assert found.conditional.statistic == pytest.approx(both, abs=1e-12)
    assert found.conditional.p_chi_square == pytest.approx(stats.chi2.sf(both, 2), abs=1e-9)
    assert found.kupiec == m.kupiec(6, 252, 0.99)
    assert found.independence.p_monte_carlo == pytest.approx(0.001)
    assert found.conditional.p_monte_carlo == pytest.approx(0.001)


@pytest.mark.parametrize("hits", [np.zeros(300, dtype=bool), np.ones(300, dtype=bool)])
def test_where_nothing_can_cluster_independence_says_nothing(hits: np.ndarray) -> None:
    found = m.christoffersen(hits, 0.95)
    assert (found.independence.p_chi_square, found.independence.p_monte_carlo) == (1.0, 1.0)
    assert found.kupiec.p_monte_carlo == pytest.approx(0.001)


def test_the_same_seed_says_the_same() -> None:
    hits = np.random.default_rng(2).random(400) < 0.07
    assert m.christoffersen(hits, 0.95, seed=3) == m.christoffersen(hits, 0.95, seed=3)
    one, other = (m.christoffersen(hits, 0.95, seed=seed).conditional for seed in (3, 4))
    assert one.p_monte_carlo != other.p_monte_carlo
    assert one.p_monte_carlo == pytest.approx(other.p_monte_carlo, abs=0.06)


@pytest.mark.parametrize(("n", "count"), [(8, 3), (9, 1), (7, 6), (6, 6), (5, 0), (10, 5)])
def test_orders_drawn_by_chance_are_as_frequent_as_all_there_are(n: int, count: int) -> None:
    """Every order is laid out and counted, and compared with 200,000 draws."""
    every: Counter[tuple[int, ...]] = Counter()
    for places in combinations(range(n), count):
        row = [at in places for at in range(n)]
        pairs = Counter(pairwise(row))
        kinds = [(False, False), (False, True), (True, False), (True, True)]
        every[tuple(pairs[kind] for kind in kinds)] += 1
    draws = 200_000
    drawn = chance_orders(n, np.full(draws, count), 23)
    seen = Counter(zip(*(getattr(drawn, name).tolist() for name in drawn.__slots__), strict=True))
    assert set(seen) == set(every)
    for kind, orders in every.items():
        assert seen[kind] / draws == pytest.approx(orders / every.total(), abs=0.005)


@pytest.mark.parametrize(("n", "level"), [(250, 0.99), (250, 0.95), (1_000, 0.99)])
def test_monte_carlo_p_values_keep_their_size(n: int, level: float) -> None:
    """19 draws make a test of 5 % exact; 2,500 right models show it within half a one."""
    runs, seed = 2_500, 1_000
    draw = np.random.default_rng(n)
    print(f"seeds {n} and from {seed} on")
    hits = draw.random((runs, n)) < 1 - level
    rejected = np.zeros(3)
    for run in range(runs):
        found = m.christoffersen(hits[run], level, draws=19, seed=seed + run)
        ratios = (found.kupiec, found.independence, found.conditional)
        rejected += [ratio.p_monte_carlo <= SIZE for ratio in ratios]
    kupiec, independence, conditional = rejected / runs
    assert kupiec == pytest.approx(SIZE, abs=SLACK)
    assert conditional == pytest.approx(SIZE, abs=SLACK)
    # Without a violation no order is unusual: of 250 at 99 % that are 8 % of cases, never rejected.
    assert independence == pytest.approx(SIZE, abs=SLACK)


@pytest.mark.parametrize(
    ("n", "level", "size", "keeps"),
    [
        (500, 0.95, 0.0539, True),
        (1_000, 0.95, 0.0514, True),
        (2_000, 0.95, 0.0511, True),
        (1_000, 0.99, 0.0551, True),
        (250, 0.99, 0.0948, False),
    ],
)
def test_kupiecs_chi_square_keeps_its_size_with_many_violations(
    n: int, level: float, size: float, keeps: bool
) -> None:
    """Exact: every count with its probability."""
    counts = np.arange(n + 1)
    rejects = stats.chi2.sf(_kupiec_statistic(counts, n, 1 - level), 1) <= SIZE
    found = float(stats.binom.pmf(counts, n, 1 - level)[rejects].sum())
    assert found == pytest.approx(size, abs=5e-5)
    assert (abs(found - SIZE) <= SLACK) is keeps


@pytest.mark.parametrize(
    ("n", "level", "keeps"), [(2_000, 0.95, True), (2_000, 0.9, True), (250, 0.99, False)]
)
def test_christoffersens_chi_square_keeps_its_size_with_many_violations(
    n: int, level: float, keeps: bool
) -> None:
    runs = 10_000 if keeps else 4_000
    counts = np.random.default_rng(17).binomial(n, 1 - level, runs)
    alone = _independence(chance_orders(n, counts, 18))
    both = alone + _kupiec_statistic(counts, n, 1 - level)
    for statistic, freedom in ((alone, 1), (both, 2)):
        size = float((stats.chi2.sf(statistic, freedom) <= SIZE).mean())
        assert (abs(size - SIZE) <= SLACK) is keeps, size


def test_clusters_and_wrong_levels_are_found() -> None:
    draw = np.random.default_rng(11)
    rare, often = draw.random(1_000) < 0.01, draw.random(1_000) < 0.1
    assert m.christoffersen(rare, 0.95).kupiec.p_monte_carlo <= 0.001
    assert m.christoffersen(often, 0.95).kupiec.p_monte_carlo <= 0.001
    clustered = np.repeat(draw.random(250) < 0.05, 4)
    assert m.christoffersen(clustered, 0.95).independence.p_monte_carlo <= 0.001


@pytest.mark.parametrize(
    ("level", "cumulative"),
    [(0.99, {4: 89.22, 5: 95.88, 6: 98.63, 7: 99.60, 8: 99.89, 9: 99.97})],
)
def test_the_null_is_that_of_basels_traffic_light(
    level: float, cumulative: dict[int, float]
) -> None:
    drawn = chance_counts(250, 1 - level, 400_000, 5)
    for count, percent in cumulative.items():
        assert (drawn <= count).mean() * 100 == pytest.approx(percent, abs=0.15)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: m.kupiec(5, 4, 0.99), "violations is 5; allowed: from 0 to n (4)"),
        (lambda: m.kupiec(-1, 4, 0.99), "violations is -1"),
        (lambda: m.kupiec(1, 0, 0.99), "n is 0"),
        (lambda: m.kupiec(1, 10, 0.99, draws=5), "draws is 5"),
        (lambda: m.christoffersen([0, 1, 0], 0.99), "two or more booleans"),
        (lambda: m.christoffersen([True], 0.99), "two or more booleans"),
        (lambda: m.christoffersen([True, False], 1), "level is 1"),
        (lambda: m.independence_statistic(1, 2, -3, 0), "ended is -3"),
    ],
)
def test_refuses_counts_that_cannot_be(call: object, words: str) -> None:
    with pytest.raises(b4.ParameterError) as refused:
        call()  # type: ignore[operator]
    assert words in str(refused.value)
