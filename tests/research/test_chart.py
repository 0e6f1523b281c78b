"""The chart thins long series without losing an extreme, and says what it leaves out."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot4 as b4
from bot4.research.chart import MARKS_MAX, POINTS_MAX, thin


@settings(derandomize=True, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), st.integers(6, 60))
def test_thinning_keeps_the_extremes_the_ends_and_the_order(
    values: list[float], points_max: int
) -> None:
    series = pl.DataFrame({"ts": range(len(values)), "value": values})
    thinned = thin(series, "value", points_max)
    assert thinned.height <= max(points_max, 1) + 2
    assert thinned["value"].min() == min(values)
    assert thinned["value"].max() == max(values)
    assert (thinned["ts"][0], thinned["ts"][-1]) == (0, len(values) - 1)
    assert thinned["ts"].is_sorted()


@b4.strategy
def flipping() -> b4.Target:
    """Changes its mind at nearly every bar."""
    return b4.target(b4.where(b4.close > b4.shift(b4.close, 1), 1.0, 0.0))


def drawn(result: b4.BacktestResult) -> dict[str, object]:
    chart: dict[str, object] = result.plot().to_dict()
    return chart


def test_says_when_entries_and_exits_are_left_out() -> None:
    result = b4.backtest(flipping, b4.simulated(bars=5_000))
    chart = drawn(result)
    assert "are not drawn" in str(chart["title"])
    sizes = [len(rows) for rows in chart["datasets"].values()]  # type: ignore[attr-defined]
    assert max(sizes) <= POINTS_MAX + 2
    assert min(sizes) <= MARKS_MAX


def test_the_title_tells_what_ran_and_that_it_is_simulated() -> None:
    title = str(drawn(b4.backtest(b4.sma_cross, b4.simulated(bars=300, seed=5)))["title"])
    for words in ("sma_cross on BTCUSDT", "(SIMULATED)", "seed 5", "fast=10, slow=30"):
        assert words in title


def test_several_instruments_share_an_axis_that_starts_at_one() -> None:
    frame = b4.simulated(bars=300).frame
    panel = pl.concat(
        [
            frame.with_columns(pl.col("^(open|high|low|close)$") * scale, symbol=pl.lit(name))
            for name, scale in (("A", 1.0), ("B", 2.0))
        ]
    )
    text = str(drawn(b4.backtest(b4.sma_cross, panel)))
    assert "price, first close = 1" in text
    assert "on A, B" in text


@pytest.mark.parametrize(("factor", "kind"), [(1.0, "linear"), (40.0, "log")])
def test_the_price_axis_is_logarithmic_where_the_range_is_wide(factor: float, kind: str) -> None:
    frame = b4.simulated(bars=300).frame
    steps = pl.int_range(pl.len()) * (factor - 1.0) / 300 + 1.0
    grown = frame.with_columns(pl.col("^(open|high|low|close)$") * steps)
    panels = drawn(b4.backtest(b4.sma_cross, grown))["vconcat"]
    price = panels[2]["layer"][0]["encoding"]["y"]  # type: ignore[index]
    assert price["scale"]["type"] == kind
