"""Kelly against Thorp's figures, a Monte Carlo of wealth, and numerical maximisation."""

from math import log

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize, minimize_scalar
from sklearn.covariance import ledoit_wolf

import bot4 as b4

m = b4.measures
POINT = 0.01


def test_a_coin_of_six_in_ten() -> None:
    found = m.kelly_binary(0.6, 1)
    assert found.fraction == pytest.approx(0.2, abs=1e-12)
    assert found.growth == pytest.approx(0.0201355136, abs=1e-9)


@pytest.mark.parametrize(("p", "b"), [(0.6, 1.0), (0.3, 4.0), (0.9, 0.2), (0.51, 1.0)])
def test_no_other_stake_of_a_bet_grows_faster(p: float, b: float) -> None:
    best = minimize_scalar(
        lambda f: -(p * log(1 + b * f) + (1 - p) * log(1 - f)),
        bounds=(0, 0.999),
        method="bounded",
        options={"xatol": 1e-10},
    )
    found = m.kelly_binary(p, b)
    assert found.fraction == pytest.approx(best.x, abs=1e-6)
    assert found.growth == pytest.approx(-best.fun, abs=1e-12)


@pytest.mark.parametrize(("p", "b"), [(0.5, 1.0), (0.4, 1.0), (0.1, 2.0)])
def test_a_bet_without_an_edge_is_not_taken(p: float, b: float) -> None:
    assert m.kelly_binary(p, b) == m.Stake(0.0, 0.0)


def test_thorps_index_fund() -> None:
    # Thorp (2006), section 7: m = 0.11, s = 0.15, r = 0.06.
    found = m.kelly_continuous(0.11, 0.15, 0.06)
    assert found.fraction == pytest.approx(0.05 / 0.0225, abs=1e-12)
    assert found.fraction == pytest.approx(2.2222, abs=5e-5)
    assert found.growth == pytest.approx(0.1155556, abs=5e-8)
    half = m.kelly_continuous(0.11, 0.15, 0.06, fraction=0.5)
    assert half.fraction == pytest.approx(found.fraction / 2)
    # Half of Kelly keeps three quarters of the growth above the rate.
    assert half.growth - 0.06 == pytest.approx(0.75 * (found.growth - 0.06))


def test_two_instruments_that_move_together() -> None:
    covariance = [[0.04, 0.012], [0.012, 0.09]]
    found = m.kelly_portfolio([0.08, 0.09], covariance)
    assert found.frame["fraction"].to_list() == pytest.approx([1.7708333333333, 0.7638888888889])
    assert found.growth == pytest.approx(0.1052083333333, abs=1e-12)
    named = m.kelly_portfolio({"BTC": 0.08, "ETH": 0.09}, covariance, fraction=0.5)
    assert named.frame["instrument"].to_list() == ["BTC", "ETH"]
    assert named.frame["fraction"].to_list() == pytest.approx([1.7708333333333 / 2, 0.38194444444])

    def slow(held: np.ndarray) -> float:
        return float(-(held @ [0.08, 0.09]) + held @ np.array(covariance) @ held / 2)

    best = minimize(slow, [0.0, 0.0], tol=1e-12)
    assert found.growth == pytest.approx(-best.fun, abs=1e-10)


@pytest.mark.parametrize(
    ("fraction", "halved", "down_15", "doubled"),
    [
        (1.0, 0.5, 0.85, 0.6667),
        (0.5, 0.125, 0.614, 0.8889),
        (0.25, 0.0078125, 0.321, 0.9922),
        (0.1, 0.5**19, 0.0456, 1.0),
    ],
)
def test_what_fractions_of_kelly_lead_to(
    fraction: float, halved: float, down_15: float, doubled: float
) -> None:
    assert m.probability_ever_below(0.5, fraction) == pytest.approx(halved, abs=1e-12)
    assert m.probability_ever_below(0.85, fraction) == pytest.approx(down_15, abs=5e-4)
    assert m.probability_above_first(2, 0.5, fraction) == pytest.approx(doubled, abs=5e-5)


def test_a_tenth_of_kelly_is_what_15_percent_in_20_lives_allows() -> None:
    most = m.largest_fraction(0.85, 0.05)
    assert most == pytest.approx(0.1029, abs=5e-5)
    assert m.probability_ever_below(0.85, most) == pytest.approx(0.05, abs=1e-12)


def test_at_twice_kelly_ruin_is_certain_and_the_race_is_even() -> None:
    assert m.probability_ever_below(0.5, 2) == 1.0
    assert m.probability_ever_below(0.5, 3) == 1.0
    assert m.probability_above_first(2, 0.5, 2) == pytest.approx(0.5, abs=1e-12)
    around = [m.probability_above_first(3, 0.5, 2 + tiny) for tiny in (-1e-7, 0, 1e-7)]
    assert around == pytest.approx([log(2) / log(6)] * 3, abs=1e-6)
    assert m.probability_above_first(2, 0.5, 1e6) < 0.5


def wealth(fraction: float, paths: int, steps: int, seed: int) -> np.ndarray:
    """Draw the lowest that each path of wealth came to, at a fraction of Kelly; shape (paths,)."""
    draw = np.random.default_rng(seed)
    edge = 0.11 / 0.15  # a Sharpe ratio
    drift, wild = (fraction - fraction**2 / 2) * edge**2, fraction * edge
    step = 0.5  # years
    at, lowest = np.zeros(paths), np.zeros(paths)
    for _ in range(steps):
        to = at + drift * step + wild * step**0.5 * draw.standard_normal(paths)
        # The minimum between two ends of a Brownian motion, drawn exactly.
        lots = -np.log(draw.random(paths)) * 2 * wild**2 * step
        lowest = np.minimum(lowest, (at + to - np.sqrt((at - to) ** 2 + lots)) / 2)
        at = to
    return np.exp(lowest)


@pytest.mark.parametrize("fraction", [1.0, 0.5, 0.25])
def test_a_monte_carlo_of_wealth_falls_as_often_as_the_formula_says(fraction: float) -> None:
    seed = 31
    print(f"seed {seed}")
    # 300 years, or 600 at a quarter of Kelly: after them hardly any falls below its start.
    lowest = wealth(fraction, paths=20_000, steps=int(600 / fraction**0.5), seed=seed)
    for part in (0.5, 0.7, 0.85):
        expected = m.probability_ever_below(part, fraction)
        assert (lowest <= part).mean() == pytest.approx(expected, abs=POINT), part


@pytest.mark.parametrize("fraction", [1.0, 0.5, 0.25, 2.0, 2.5])
def test_a_monte_carlo_of_bets_doubles_before_it_halves_as_often(fraction: float) -> None:
    """A coin whose stake is 2 % of wealth at that fraction: small enough to be a diffusion."""
    seed, paths, stake = 32, 20_000, 0.02
    print(f"seed {seed}")
    p = 0.5 + stake / fraction / 2
    assert fraction * m.kelly_binary(p, 1).fraction == pytest.approx(stake)
    draw = np.random.default_rng(seed)
    at, doubled = np.zeros(paths), 0
    while len(at):
        at = at + np.where(draw.random(len(at)) < p, log(1 + stake), log(1 - stake))
        doubled += int((at >= log(2)).sum())
        at = at[(at < log(2)) & (at > -log(2))]
    expected = m.probability_above_first(2, 0.5, fraction)
    assert doubled / paths == pytest.approx(expected, abs=POINT)


def returns(n: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    mixed = draw.standard_normal((n, 3)) @ np.array([[1, 0.4, 0.2], [0, 0.9, 0.1], [0, 0, 1.2]])
    drawn: np.ndarray = np.array([0.002, 0.001, 0.0015]) + 0.02 * mixed
    return drawn


def test_what_returns_tell_is_shrunk() -> None:
    told = returns(400, 5)
    found = m.kelly_of_returns(told, fraction=1.0)
    means = told.mean(axis=0)
    deviations = told.std(axis=0)
    correlation, shrinkage = ledoit_wolf((told - means) / deviations)
    covariance = correlation * np.outer(deviations, deviations)
    sampled = float(means @ np.linalg.inv(np.cov(told, rowvar=False, ddof=0)) @ means)
    edge = ((400 - 3 - 2) * sampled - 3) / 400
    factor = edge / (edge + 3 / 400)
    held = factor * np.linalg.inv(covariance) @ means
    assert found.shrunk == pytest.approx(factor, abs=1e-12)
    assert found.shrinkage == pytest.approx(shrinkage, abs=1e-12)
    assert found.frame["fraction"].to_list() == pytest.approx(held.tolist(), rel=1e-9)
    half = m.kelly_of_returns(told)
    assert half.frame["fraction"].to_list() == pytest.approx((held / 2).tolist(), rel=1e-9)


def test_a_single_instrument_shrinks_by_its_sharpe_ratio() -> None:
    # About 1 / (1 + 1 / (n SR^2)), where n is large and the edge is plain.
    assert m.mean_shrinkage(10_000, 1, 0.04) == pytest.approx(1 / (1 + 1 / 400), abs=1e-4)
    assert m.mean_shrinkage(100, 1, 0.001) == 0.0


def test_shrinking_grows_faster_than_taking_the_sample_at_its_word() -> None:
    """Over many samples, judged by the growth under the numbers they were drawn with."""
    draw, true_mean, deviation, n = np.random.default_rng(6), 0.001, 0.02, 250
    grown = {"plain": 0.0, "shrunk": 0.0}
    for _ in range(400):
        told = draw.normal(true_mean, deviation, n)
        plain = m.kelly_continuous(float(told.mean()), float(told.std())).fraction
        shrunk = m.kelly_of_returns(told, fraction=1.0).frame["fraction"][0]
        for name, held in (("plain", plain), ("shrunk", shrunk)):
            grown[name] += held * true_mean - held**2 * deviation**2 / 2
    assert grown["shrunk"] > grown["plain"]


def test_returns_without_an_edge_are_not_held() -> None:
    draw = np.random.default_rng(7)
    told = draw.standard_normal((300, 2)) * 0.02
    told -= told.mean(axis=0)
    found = m.kelly_of_returns(pl.DataFrame(told, schema=["A", "B"]))
    assert found.frame["fraction"].to_list() == [0.0, 0.0]
    assert (found.growth, found.shrunk) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: m.kelly_binary(1, 1), "probability is 1"),
        (lambda: m.kelly_binary(0.6, 0), "payoff is 0"),
        (lambda: m.kelly_continuous(0.1, 0), "deviation is 0"),
        (lambda: m.kelly_continuous(0.1, 0.2, fraction=2.1), "fraction is 2.1"),
        (lambda: m.kelly_portfolio([0.1], [[0.1, 0], [0, 0.1]]), "1 numbers for 2"),
        (lambda: m.kelly_portfolio([0.1, 0.1], [[1, 1], [1, 1]]), "cannot be inverted"),
        (lambda: m.kelly_portfolio([0.1, 0.1], [[1, 0], [0, 0]]), "cannot be inverted"),
        (lambda: m.kelly_portfolio([0.1, 0.1], [[1, 2], [2, 1]]), "not positive definite"),
        (lambda: m.kelly_portfolio([0.1, 0.1], [[1, 0.5], [0.1, 1]]), "not symmetric"),
        (lambda: m.kelly_of_returns(np.full(59, 0.01)), "at least 60"),
        (lambda: m.kelly_of_returns(np.ones((60, 7))), "fewer than 70"),
        (lambda: m.kelly_of_returns(np.full(60, 0.01)), "never change"),
        (lambda: m.kelly_of_returns(np.repeat(returns(90, 1)[:, :1], 2, 1)), "made of others"),
        (lambda: m.probability_ever_below(1), "part is 1"),
        (lambda: m.probability_ever_below(0.5, 0), "fraction is 0"),
        (lambda: m.probability_above_first(1, 0.5), "above is 1"),
        (lambda: m.largest_fraction(0.85, 0), "probability is 0"),
        (lambda: m.mean_shrinkage(3, 1, 0.1), "say nothing"),
    ],
)
def test_refuses_where_kelly_cannot_be_told(call: object, words: str) -> None:
    with pytest.raises(b4.ParameterError) as refused:
        call()  # type: ignore[operator]
    assert words in str(refused.value)
