"""Stress, drawdown, liquidity and the way to each limit."""

import numpy as np
import polars as pl
import pytest

import bot4 as b4
from bot4 import _engine

m = b4.measures
RETURNS = np.random.default_rng(71).standard_t(3, 3_000) * 0.01


@pytest.mark.parametrize("length", [1, 24, 500])
def test_the_worst_windows_are_the_worst_and_do_not_overlap(length: int) -> None:
    found = m.worst_windows(RETURNS, length, 4)
    slow = [np.prod(1 + RETURNS[at : at + length]) - 1 for at in range(3_000 - length + 1)]
    assert found["return"][0] == pytest.approx(min(slow), abs=1e-12)
    assert found["return"].is_sorted()
    rows = found.sort("first")
    assert (rows["last"] - rows["first"] + 1).to_list() == [length] * found.height
    assert (rows["first"][1:] > rows["last"][:-1]).all()
    # Nothing that is left free would have been worse than the last.
    free = np.ones(len(slow), dtype=bool)
    for first in found["first"]:
        free[max(0, first - length + 1) : first + length] = False
    assert np.array(slow)[free].min() >= found["return"][-1] - 1e-12


def test_fewer_windows_come_where_there_are_no_more() -> None:
    assert m.worst_windows(RETURNS, 2_000).height == 1


def test_history_is_replayed_on_what_is_held_now() -> None:
    told = pl.DataFrame({"ts": [1, 2, 3], "A": [0.1, -0.5, 0.2], "B": [0.0, 0.1, -0.1]})
    found = m.replay(told, {"A": 0.5, "B": -0.2}, {"all": (0, 2), "crash": (1, 1)})
    a, b = 1.1 * 0.5 * 1.2 - 1, 1.1 * 0.9 - 1
    whole = found.row(0, named=True)
    assert whole["return"] == pytest.approx(0.5 * a - 0.2 * b)
    assert (whole["A"], whole["B"]) == pytest.approx((0.5 * a, -0.2 * b))
    assert whole["deepest"] == pytest.approx(0.5 * (1.1 * 0.5 - 1) - 0.2 * 0.1)
    assert found["return"][1] == pytest.approx(0.5 * -0.5 - 0.2 * 0.1)


def test_a_shock_is_the_sum_of_its_parts() -> None:
    found = m.shock({"BTC": 0.5, "ETH": -0.3}, {"BTC": -0.3}, others=-0.5)
    assert found["return"].to_list() == pytest.approx([-0.15, 0.15])
    assert found["shock"].to_list() == [-0.3, -0.5]


def test_the_drawdown_of_the_reference() -> None:
    found = m.drawdown([100, 120, 90, 110, 80, 130])
    assert found.deepest == pytest.approx(1 / 3, abs=1e-12)
    assert (found.peak_row, found.trough_row, found.recovered_row, found.longest) == (1, 4, 5, 4)


def test_drawdowns_are_those_of_a_plain_loop() -> None:
    worth = np.cumprod(1 + RETURNS[:777])
    peak, slow = 0.0, []
    for value in worth:
        peak = max(peak, value)
        slow.append(1 - value / peak)
    assert m.drawdowns(worth) == pytest.approx(slow, abs=1e-12)
    found = m.drawdown(worth, 0.95)
    worst = sorted(slow, reverse=True)
    mean = (sum(worst[:38]) + 0.85 * worst[38]) / 38.85
    assert found.conditional == pytest.approx(mean, abs=1e-12)
    assert found.ulcer == pytest.approx(np.sqrt(np.mean(np.square(slow))), abs=1e-12)
    assert found.deepest == pytest.approx(max(slow), abs=1e-12)


def test_drawdowns_are_riskfolios() -> None:
    # MDD_Rel, CDaR_Rel and UCI_Rel of Riskfolio-Lib 7.4.0.
    found = m.drawdown(np.cumprod(1 + 0.02 * np.sin(np.arange(1, 778) ** 2.0)), 0.95)
    assert found.deepest == pytest.approx(0.23234638383138012, abs=1e-9)
    assert found.conditional == pytest.approx(0.20429544944097924, abs=1e-9)
    assert found.ulcer == pytest.approx(0.11603275003995775, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "longest", "recovered"),
    [([1, 2, 3], 0, None), ([3, 2, 1], 2, None), ([3, 2, 3, 3], 2, 2), ([5], 0, None)],
)
def test_how_long_it_takes_to_come_back(
    values: list[float], longest: int, recovered: int | None
) -> None:
    found = m.drawdown(values)
    assert (found.longest, found.recovered_row) == (longest, recovered)


def test_liquidation_counts_on_the_median_bar() -> None:
    volumes = pl.DataFrame({"BTC": [100.0, 1e9, 200.0], "DEAD": [0.0, 0.0, 5.0], "X": [0.0] * 3})
    found = m.liquidation({"BTC": -480, "DEAD": 1, "X": 0}, volumes, 3_600, share=0.1)
    assert found["volume_a_day"].to_list() == pytest.approx([4_800, 0, 0])
    assert found["days"].to_list() == [pytest.approx(1.0), None, 0.0]
    assert found["minutes"].to_list() == [pytest.approx(1_440), None, 0.0]


def test_every_limit_of_a_profile_has_a_distance() -> None:
    limits = _engine.risk_profiles()["default"]
    numbers = [name for name, bound in limits.items() if not isinstance(bound, bool)]
    figures = {**dict.fromkeys(numbers, 0.0), "drawdown_max": 0.09, "position_max": 0.03}
    found = m.distances(figures, limits)
    assert set(found["limit"]) == set(numbers)
    assert found["limit"][:2].to_list() == ["position_max", "drawdown_max"]
    assert found["left"][:2].to_list() == pytest.approx([-0.01, 0.01])
    assert found["used"][:2].to_list() == pytest.approx([1.5, 0.9])


def test_a_bound_of_nothing_comes_first() -> None:
    found = m.distances({"a": 1, "b": 0}, {"a": 2, "b": 0, "open": True})
    assert found["limit"].to_list() == ["b", "a"]
    assert found["used"].to_list() == [None, 0.5]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: m.worst_windows([0.1], 2), "length is 2"),
        (lambda: m.worst_windows([0.1], 1, 0), "count is 0"),
        (lambda: m.replay([[0.1]], [1], {}), "windows are empty"),
        (lambda: m.replay([[0.1]], [1], {"x": (0, 1)}), "last row of x is 1"),
        (lambda: m.replay([[-1.5]], [1], {"x": (0, 0)}), "more than there is in row 0"),
        (lambda: m.shock([0.1], {}), "no names"),
        (lambda: m.shock({"A": 1}, {}), "shocks lack A"),
        (lambda: m.shock({"A": 1}, {"B": 0.1}), "B, which is not held"),
        (lambda: m.shock({"A": 1}, {"A": -1.1}), "below -1"),
        (lambda: m.shock({"A": 1}, {"A": float("nan")}), "shock of A is nan"),
        (lambda: m.drawdown([]), "0 rows"),
        (lambda: m.drawdown([1, 0, 2]), "row 1"),
        (lambda: m.drawdown([1, 2], 2), "level is 2"),
        (lambda: m.liquidation([1], [[-1.0]], 60), "below 0"),
        (lambda: m.liquidation([1], [[1.0]], 0), "interval_s is 0"),
        (lambda: m.liquidation([1], [[1.0]], 60, share=1.5), "share is 1.5"),
        (lambda: m.distances({}, {"a": 1}), "figures lack a"),
        (lambda: m.distances({"a": 1, "positon": 2}, {"a": 1, "position": 1}), "position?"),
        (lambda: m.distances({"a": 1}, {"a": "much"}), "not a number"),
    ],
)
def test_refuses_in_one_line(call: object, words: str) -> None:
    with pytest.raises(b4.ParameterError, match=r"^[^\n]*$") as refused:
        call()  # type: ignore[operator]
    assert words in str(refused.value)
