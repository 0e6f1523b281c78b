"""The strategies that ship do what their first line says."""

import polars as pl
import pytest

import bot4 as b4


@pytest.fixture
def long_frame() -> pl.DataFrame:
    return b4.simulated(bars=3_000, seed=5).frame


def test_sma_cross_enters_where_the_fast_average_rises_above(long_frame: pl.DataFrame) -> None:
    result = b4.backtest(b4.sma_cross(fast=10, slow=30), long_frame)
    fast, slow = (long_frame["close"].rolling_mean(n) for n in (10, 30))
    above = (fast > slow).fill_null(False)
    rises = long_frame.filter(above & ~above.shift(1, fill_value=False))["ts"]
    entries = result.trades["entry_ts"].dt.offset_by("-1h")
    assert entries.to_list() == rises.to_list()[: len(entries)]


def test_donchian_breakout_enters_at_a_new_high(long_frame: pl.DataFrame) -> None:
    result = b4.backtest(b4.donchian_breakout(entry=20, exit=10), long_frame)
    top = long_frame["high"].rolling_max(20).shift(1)
    breaks = set(long_frame.filter((long_frame["close"] > top).fill_null(False))["ts"])
    assert result.trades.height > 10
    assert set(result.trades["entry_ts"].dt.offset_by("-1h")) <= breaks


def test_donchian_breakout_leaves_at_a_new_low(long_frame: pl.DataFrame) -> None:
    result = b4.backtest(b4.donchian_breakout(entry=20, exit=10), long_frame)
    floor = long_frame["low"].rolling_min(10).shift(1)
    falls = set(long_frame.filter((long_frame["close"] < floor).fill_null(False))["ts"])
    assert set(result.trades["exit_ts"].drop_nulls().dt.offset_by("-1h")) <= falls


def test_vol_target_trend_holds_what_moves_by_its_volatility(long_frame: pl.DataFrame) -> None:
    strategy = b4.vol_target_trend(fast=10, slow=40, volatility=0.3, n=50, width=0.0)
    target = strategy.decision()
    assert isinstance(target, b4.Target)
    held = b4.compute(long_frame, {"size": target.fraction})["size"].fill_nan(None)
    moves = long_frame["close"].pct_change().rolling_std(50) * (365 * 24) ** 0.5
    inside = held.is_not_null() & (held > 0.0) & (held < 1.0)
    assert inside.sum() > 500
    assert ((held * moves).filter(inside) - 0.3).abs().max() < 1e-9
    few = b4.backtest(b4.vol_target_trend(fast=10, slow=40, width=0.1), long_frame).metrics
    many = b4.backtest(b4.vol_target_trend(fast=10, slow=40, width=0.0), long_frame).metrics
    assert 0 < few.orders < many.orders / 3


@pytest.mark.parametrize("name", ["sma_cross", "donchian_breakout"])
def test_each_is_registered_with_bounded_parameters(name: str) -> None:
    template = b4.find(name)
    assert template.summary
    for parameter in template.parameters:
        assert parameter.allowed == "a whole number from 1 to 100000"
