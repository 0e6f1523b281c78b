"""The sheet of a history holds what the measures say, of one instrument and of several."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import bot4 as b4
from bot4.history.bars import load
from bot4.research.risk import RiskSheet, Wanted, measure
from bot4.research.risk_chart import chart
from bot4.research.risk_text import sheet_text

m = b4.measures
FRAME = b4.simulated(bars=900, seed=11).frame


def panel(interval: str = "1h", skip: int = 0) -> pl.DataFrame:
    other = b4.simulated(bars=900, seed=12, interval=interval).frame.slice(skip)
    both = [FRAME.with_columns(symbol=pl.lit("BTC")), other.with_columns(symbol=pl.lit("ETH"))]
    return pl.concat(both)


@pytest.fixture(scope="module")
def one() -> RiskSheet:
    return measure(load(FRAME), Wanted(level=0.99, window=300, position=1_000.0))


@pytest.fixture(scope="module")
def two() -> RiskSheet:
    wanted = Wanted(level=0.95, method="normal", window=300, shocks={"ETH": -0.4})
    return measure(load(panel(skip=100)), wanted)


def test_the_sheet_says_what_the_measures_say(one: RiskSheet) -> None:
    close = FRAME["close"].to_numpy()
    returns = close[1:] / close[:-1] - 1
    assert one.returns == pytest.approx(returns, abs=1e-15)
    assert [method.method for method in one.methods] == list(m.METHODS)
    for method in one.methods:
        assert method.now == m.value_at_risk(returns[-300:], 0.99, method.method)
        assert method.past is not None
        assert method.past.coverage.n == 599
    assert one.drawdown.deepest == pytest.approx(m.drawdown(close).deepest, abs=1e-12)
    assert one.drawdown.trough_row == m.drawdown(close).trough_row
    assert one.shocks["return"].to_list() == pytest.approx([-0.1, -0.2, -0.3, -0.5])
    assert (one.components, one.moves) == (None, None)
    volume = (FRAME["volume"] * FRAME["close"]).median()
    minutes = 1_000 / (volume * 0.1) * 60  # type: ignore[operator]
    assert one.liquidity["minutes"][0] == pytest.approx(minutes)


def test_the_worst_windows_are_told_by_their_times(one: RiskSheet) -> None:
    bar = one.windows.filter(pl.col("bars") == 1).row(0, named=True)
    ends = FRAME.with_columns(
        back=pl.col("close") / pl.col("close").shift(1) - 1,
        closes=pl.col("ts") + pl.duration(hours=1),
    ).sort("back", nulls_last=True)
    assert (bar["return"], bar["opened"]) == (pytest.approx(ends["back"][0]), ends["ts"][0])
    assert bar["ended"] == ends["closes"][0]
    day = one.windows.filter(pl.col("bars") == 24).row(0, named=True)
    assert (day["ended"] - day["opened"]).total_seconds() == 86_400
    at = {row["ts"]: row["close"] for row in FRAME.iter_rows(named=True)}
    hour = timedelta(hours=1)
    grown = at[day["ended"] - hour] / at[day["opened"] - hour]
    assert day["return"] == pytest.approx(grown - 1)


def test_several_instruments_are_one_portfolio_of_equal_parts(two: RiskSheet) -> None:
    assert two.instruments == ("frame:BTC", "frame:ETH")
    assert two.weights == (0.5, 0.5)
    assert len(two.returns) == 799  # where both have bars
    assert two.components is not None
    assert two.moves is not None
    whole = m.value_at_risk(two.returns, 0.95)
    assert two.components.value_at_risk == pytest.approx(whole.value_at_risk, abs=1e-15)
    assert two.shocks["shock"].to_list() == [0.0, -0.4]
    text = sheet_text(two)
    for words in ("Who brings the risk", "Correlation, shrunk by", "0.5 of each", "typed"):
        assert words in text


def test_bars_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(b4.DataError, match="several intervals"):
        measure(load(panel("4h")), Wanted(0.99))
    late = FRAME.with_columns(pl.col("ts").dt.offset_by("1y"), symbol=pl.lit("ETH"))
    apart = pl.concat([FRAME.with_columns(symbol=pl.lit("BTC")), late])
    with pytest.raises(
        b4.DataError, match="0 bars at the same times, and 503 are needed; leave out"
    ):
        measure(load(apart), Wanted(0.99))


def test_a_method_that_refuses_says_why_and_the_others_go_on() -> None:
    sheet = measure(load(FRAME), Wanted(level=0.95, window=100))
    refused = {one.method: one.refused for one in sheet.methods if one.now is None}
    assert set(refused) == {"garch", "monte_carlo"}
    text = sheet_text(sheet)
    assert "garch: window is 100; garch needs 250 returns or more" in text
    with pytest.raises(b4.ParameterError, match="garch needs 250"):
        measure(load(FRAME), Wanted(level=0.95, window=100, method="garch"))
    with pytest.raises(b4.ParameterError, match="at least"):
        measure(load(FRAME), Wanted(level=0.95, window=899))


def test_the_text_fits_and_says_that_a_market_is_simulated(one: RiskSheet) -> None:
    sheet = measure(load(b4.simulated(bars=900, seed=11)), Wanted(0.99, "historical", 300))
    text = sheet_text(sheet)
    assert text.startswith("SIMULATED market, seed 11")
    assert max(len(line) for line in (text + sheet_text(one)).splitlines()) <= 80


def test_the_chart_shows_returns_the_line_and_what_lost_more(one: RiskSheet) -> None:
    drawn = chart(one).to_dict()
    assert "Value at risk of BARS" in str(drawn["title"])
    columns = {name for rows in drawn["datasets"].values() for name in (rows[0] if rows else ())}
    assert {"ts", "return", "line", "worse", "expected"} <= columns


def test_a_chart_without_a_violation_is_drawn_as_well() -> None:
    close = 100 * np.cumprod(np.full(400, 1.001))
    rising = pl.DataFrame(
        {
            "ts": FRAME["ts"][:400],
            **dict.fromkeys(("open", "high", "low", "close"), close),
            "volume": np.ones(400),
        }
    )
    sheet = measure(load(rising), Wanted(0.99, "normal", 300))
    assert sheet.methods[0].past is not None
    assert sheet.methods[0].past.coverage.violations < 99
    assert chart(sheet).to_dict()["vconcat"]
