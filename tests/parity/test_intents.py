"""What a class asks for, however oddly, ends where it said: never doubled, stranded or held in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import bot4 as b4

Asks = Callable[[b4.Context, int], None]
FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def bars(prices: list[float], lows: dict[int, float] | None = None) -> pl.DataFrame:
    """Hourly bars that open and close at each price; `lows` deepens single ones."""
    low = [(lows or {}).get(place, price) for place, price in enumerate(prices)]
    ts = [FIRST + timedelta(hours=place) for place in range(len(prices))]
    return pl.DataFrame(
        {
            "ts": pl.Series(ts).cast(pl.Datetime("ns", "UTC")),
            "open": prices,
            "high": prices,
            "low": low,
            "close": prices,
            "volume": [1.0] * len(prices),
        }
    )


def ask(asks: Asks) -> b4.StrategyTemplate:
    """A class strategy that calls `asks` with the context and the number of the bar."""

    class Asking(b4.Strategy):
        def on_start(self, ctx: b4.Context) -> None:
            self.bar = -1

        def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
            self.bar += 1
            asks(ctx, self.bar)

    return b4.strategy(Asking)


def held(asks: Asks, frame: pl.DataFrame, **settings: object) -> float:
    """Base units held at the end."""
    fills = run(asks, frame, **settings).fills
    sign = pl.when(pl.col("side") == "buy").then(1.0).otherwise(-1.0)
    return float(fills.select((pl.col("quantity") * sign).sum()).item())


def run(asks: Asks, frame: pl.DataFrame, **settings: object) -> b4.BacktestResult:
    costs: dict[str, object] = {"cash": 10_000, "fee_bps": 0, "slippage_bps": 0, **settings}
    return b4.backtest(ask(asks)(), frame, **costs)  # type: ignore[arg-type] # a table of settings


def at(moment: int, *calls: Callable[[b4.Context], None]) -> Asks:
    """Make the calls at one bar."""

    def asks(ctx: b4.Context, bar: int) -> None:
        for call in calls if bar == moment else ():
            call(ctx)

    return asks


def both(*parts: Asks) -> Asks:
    """Every part, in order."""

    def asks(ctx: b4.Context, bar: int) -> None:
        for part in parts:
            part(ctx, bar)

    return asks


FLAT = bars([100.0] * 8)
DIPS = bars([100.0] * 8, lows={5: 97.0})


@pytest.mark.parametrize(
    ("asks", "frame", "base"),
    [
        (at(1, lambda c: c.target(0.5), lambda c: c.target(0.4)), FLAT, 40.0),
        (at(1, lambda c: c.target(1.0), lambda c: c.target(0.0)), FLAT, 0.0),
        (at(1, lambda c: c.buy(10), lambda c: c.target(0.2)), FLAT, 20.0),
        (at(1, lambda c: c.target(0.2), lambda c: c.buy(10)), FLAT, 30.0),
        (at(1, lambda c: c.buy(50, limit=98)), DIPS, 50.0),
        (both(at(1, lambda c: c.buy(50, limit=98)), at(3, lambda c: c.target(0.0))), DIPS, 0.0),
        (both(at(1, lambda c: c.buy(50, limit=98)), at(3, lambda c: c.target(0.3))), DIPS, 30.0),
        (both(at(1, lambda c: c.buy(50, limit=98)), at(3, lambda c: c.cancel())), DIPS, 0.0),
        (at(1, lambda c: c.buy(50, limit=97)), DIPS, 0.0),
    ],
)
def test_what_was_said_last_is_what_is_held(asks: Asks, frame: pl.DataFrame, base: float) -> None:
    assert held(asks, frame) == pytest.approx(base)


def test_a_band_does_not_trade_twice_while_an_order_works() -> None:
    def asks(ctx: b4.Context, bar: int) -> None:
        ctx.target(0.0 if bar >= 3 else 1.0, band=0.1)
        ctx.target(0.0 if bar >= 3 else 1.0, band=0.1)

    assert held(asks, FLAT, risk="research") == pytest.approx(0.0)


@pytest.mark.parametrize("risk", ["unleveraged", "research"])
def test_an_open_breaker_lets_a_flip_close(risk: str) -> None:
    frame = bars([100.0, 100.0, 100.0, 80.0, 80.0, 80.0])

    def asks(ctx: b4.Context, bar: int) -> None:
        ctx.target(1.0 if bar < 3 else -1.0)

    result = run(asks, frame, risk=risk, limits={"daily_loss_max": 0.1})
    assert held(asks, frame, risk=risk, limits={"daily_loss_max": 0.1}) == pytest.approx(0.0)
    assert result.metrics.clips == {"breaker_open": 1}
    assert result.metrics.final_equity == pytest.approx(8_000.0)


def test_shorts_of_one_moment_share_the_gross_cap() -> None:
    frame = pl.concat([FLAT.with_columns(symbol=pl.lit(name)) for name in "ABCD"])
    result = run(at(1, lambda c: c.target(-10.0)), frame, risk="research", limits={"gross_max": 1})
    assert float(result.fills["notional"].sum()) <= 10_000.0


@pytest.mark.parametrize(("limit", "paid"), [(105.0, 101.0), (100.5, 100.5)])
def test_a_marketable_limit_pays_the_slippage_up_to_its_limit(limit: float, paid: float) -> None:
    result = run(at(1, lambda c: c.buy(10, limit=limit)), FLAT, slippage_bps=100)
    assert result.fills["price"].to_list() == [pytest.approx(paid)]


@pytest.mark.parametrize("price", [1e-9, 1e-6, 1e-5, 0.01, 1e9])
def test_sizes_of_cheap_and_dear_coins_fit(price: float) -> None:
    result = run(at(1, lambda c: c.target(1.0)), bars([price] * 5), cash=1_000_000)
    assert float(result.fills["notional"].sum()) == pytest.approx(1e6, rel=1e-6)


def test_a_size_that_does_not_fit_is_refused_and_the_run_goes_on() -> None:
    asks = both(at(1, lambda c: c.buy(1e300)), at(3, lambda c: c.target(0.5)))
    result = run(asks, FLAT)
    assert result.metrics.refusals == {"too_large": 1}
    assert result.metrics.fills == 1


def test_an_order_expires_with_its_instrument() -> None:
    short = FLAT[:4].with_columns(symbol=pl.lit("SHORT"))
    frame = pl.concat([short, FLAT.with_columns(symbol=pl.lit("WHOLE"))])

    def asks(ctx: b4.Context, bar: int) -> None:
        if bar == 3 and ctx.instrument.endswith("SHORT"):
            ctx.buy(40)
        if bar == 5:
            ctx.buy(90)

    result = run(asks, frame)
    assert result.fills["instrument"].to_list() == ["frame:WHOLE"]
    assert result.metrics.clipped == 0


def test_ruin_closes_what_is_held_and_has_no_ratios() -> None:
    frame = bars([100.0, 100.0, 100.0, 130.0, 130.0, 130.0, 90.0, 90.0])

    def asks(ctx: b4.Context, bar: int) -> None:
        ctx.target(-5.0 if bar < 4 else -4.0 - bar)

    result = run(asks, frame, risk="research")
    metrics = result.metrics
    assert metrics.breakers["drawdown"]["state"] == "latched"
    assert result.fills["side"].to_list() == ["sell", "buy"]
    assert (metrics.sharpe, metrics.sortino, metrics.cagr) == (None, None, None)
