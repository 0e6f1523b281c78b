"""Measures on real bars: they hold together, and the market is wilder than a normal one."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bot4 as b4

m = b4.measures
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


@pytest.fixture(scope="module")
def hours(shared_history: Path) -> pl.DataFrame:
    """Hourly returns of three coins over 2022 and 2023, where all of them have bars."""
    joined: pl.DataFrame | None = None
    for symbol in SYMBOLS:
        path = shared_history / "binance-spot" / symbol / "ohlcv-1h.parquet"
        bars = pl.read_parquet(path, columns=["ts", "close"])
        bars = bars.filter(pl.col("ts").dt.year().is_in([2022, 2023])).rename({"close": symbol})
        joined = bars if joined is None else joined.join(bars, on="ts", how="inner")
    assert joined is not None
    changes = joined.sort("ts").with_columns(pl.col(SYMBOLS).pct_change())
    return changes.slice(1)


def test_normal_is_violated_too_often_and_filtered_history_is_not(hours: pl.DataFrame) -> None:
    returns = hours["BTCUSDT"]
    normal, filtered = (
        m.backtest_value_at_risk(returns, 0.99, method, window=1_000, refit=1_000).coverage
        for method in ("normal", "monte_carlo")
    )
    assert normal.violations > 1.5 * normal.expected
    assert normal.kupiec.p_monte_carlo <= 0.001
    assert filtered.violations == pytest.approx(filtered.expected, rel=0.3)


def test_every_method_measures_every_coin(hours: pl.DataFrame) -> None:
    for symbol in SYMBOLS:
        for method in m.METHODS:
            found = m.value_at_risk(hours[symbol][-2_000:], 0.99, method)
            assert 0.003 < found.value_at_risk < found.expected_shortfall < 0.2, (symbol, method)


def test_coins_move_together_and_their_parts_add_up(hours: pl.DataFrame) -> None:
    moves = m.comovement(hours)
    assert moves.names == SYMBOLS
    off = moves.correlation[~np.eye(3, dtype=bool)]
    assert (off > 0.5).all()
    weights = dict.fromkeys(SYMBOLS, 1 / 3)
    found = m.component_risk(hours, weights, 0.99)
    assert found.frame["component"].sum() == pytest.approx(found.value_at_risk, abs=1e-12)
    alone = [m.value_at_risk(hours[symbol]).expected_shortfall / 3 for symbol in SYMBOLS]
    assert found.expected_shortfall <= sum(alone)


def test_the_worst_day_is_in_what_everybody_remembers(hours: pl.DataFrame) -> None:
    worst = m.worst_windows(hours["SOLUSDT"], 24, 1)
    began = hours["ts"][worst["first"][0]]
    # The fall of FTX.
    assert f"{began:%Y-%m}" == "2022-11"
    assert worst["return"][0] < -0.3


def test_kelly_of_two_years_is_shrunk_to_little(hours: pl.DataFrame) -> None:
    found = m.kelly_of_returns(hours)
    assert found.shrunk is not None
    assert 0 <= found.shrunk < 0.9
