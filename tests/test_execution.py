"""How a target is carried out, as a strategy says it and as a backtest over bars shows it."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import bot4 as b4

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
HELD = b4.where(b4.close > 0, 0.8, 0.8)


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


@b4.strategy
def styled(style: str = "cross") -> b4.Target:
    """Hold most of it, in the style that is named."""
    return b4.target(HELD, execution=style)


class Asks(b4.Strategy):
    """The same as a class."""

    def __init__(self, style: str = "cross") -> None:
        self.style = style

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        """Ask for it at every bar."""
        ctx.target(0.8, execution=self.style)


def quantities(strategy: b4.ConfiguredStrategy, frame: pl.DataFrame) -> list[float]:
    """What each fill bought."""
    result = b4.backtest(strategy, frame, fee_bps=0, slippage_bps=0)
    return result.fills["quantity"].to_list()


@pytest.mark.parametrize("form", ["program", "class"])
@pytest.mark.parametrize(
    ("style", "bought"),
    [
        ("cross", [80.0]),
        ("slice:4:14400", [20.0, 20.0, 20.0, 20.0]),
        # The market never comes to it.
        ("passive", []),
        ("passive_then_cross:7200", [80.0]),
    ],
)
def test_a_style_buys_what_it_says(form: str, style: str, bought: list[float]) -> None:
    strategy = styled(style=style) if form == "program" else b4.strategy(Asks)(style=style)
    assert quantities(strategy, bars([100.0] * 8)) == pytest.approx(bought)


def test_a_passive_target_is_filled_where_the_market_comes_to_it() -> None:
    frame = bars([100.0, 100.0, 100.0, 100.0], lows={2: 99.0})
    assert quantities(styled(style="passive"), frame) == pytest.approx([80.0])


def test_a_target_whose_open_lay_beyond_the_collar_is_had_at_a_later_bar() -> None:
    fills = b4.backtest(styled(), bars([100.0, 110.0, 110.0, 110.0, 110.0]), fee_bps=0).fills
    assert fills.height == 1
    assert fills["price"][0] == pytest.approx(110.0, rel=0.001)


@pytest.mark.parametrize("wrong", ["", "Cross", "slice:1:60", "passive_then_cross:0"])
def test_words_that_are_no_style_are_refused_in_a_line(wrong: str) -> None:
    for strategy in (styled(style=wrong), b4.strategy(Asks)(style=wrong)):
        with pytest.raises(b4.Bot4Error, match="execution must be 'cross', 'passive'"):
            quantities(strategy, bars([100.0] * 3))


def test_what_is_no_word_is_refused_where_it_is_said() -> None:
    with pytest.raises(b4.SignalError, match="execution must be words"):
        b4.target(HELD, execution=3)  # type: ignore[arg-type] # what is refused


class Terms(b4.Strategy):
    """Buys once, then sells on the terms it is given."""

    def __init__(self, terms: dict[str, object] | None = None) -> None:
        self.terms = terms or {}
        self.bar = -1

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        """Buy ten, then sell twenty."""
        self.bar += 1
        if self.bar == 0:
            ctx.buy(10.0)
        elif self.bar == 2:
            ctx.sell(20.0, **self.terms)  # type: ignore[arg-type] # a table of terms


def test_an_order_that_may_only_reduce_sells_what_is_held() -> None:
    frame = bars([100.0] * 6)
    result = b4.backtest(b4.strategy(Terms)(terms={"reduce_only": True}), frame, risk="research")
    assert result.fills["quantity"].to_list() == [10.0, 10.0]
    free = b4.backtest(b4.strategy(Terms)(terms={}), frame, risk="research")
    assert free.fills["quantity"].to_list() == [10.0, 20.0]


@pytest.mark.parametrize(
    ("terms", "prices", "sold"),
    [
        # Bought at 100; what waits is laid at the end of the third bar.
        ({"stop": 95.0}, [100, 100, 100, 97, 94, 94], 94.0),  # the fifth opens beyond it
        ({"stop": 95.0, "limit": 94.5}, [100, 100, 100, 97, 94, 94.6, 94.6], 94.5),
        ({"take_profit": 105.0}, [100, 100, 100, 104, 106, 106], 106.0),
        ({"stop": 95.0, "trail": 5.0}, [100, 100, 100, 110, 106, 104, 104], 104.0),
        ({"stop": 95.0}, [100, 100, 100, 97, 96, 98], None),
        ({"stop": 101.0}, [100, 100, 100, 97, 96, 98], None),  # the market is beyond it: refused
    ],
)
def test_an_order_that_waits_begins_where_the_market_comes_to_its_trigger(
    terms: dict[str, object], prices: list[float], sold: float | None
) -> None:
    strategy = b4.strategy(Terms)(terms={"reduce_only": True, **terms})
    costs = {"risk": "research", "fee_bps": 0, "slippage_bps": 0}
    frame = bars([float(price) for price in prices])
    result = b4.backtest(strategy, frame, **costs)  # type: ignore[arg-type] # a table
    fills = result.fills
    assert fills["price"].to_list() == [100.0] if sold is None else [100.0, sold]
    assert result.metrics.refusals == ({"terms": 1} if terms == {"stop": 101.0} else {})


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"tif": "day"}, "tif must be gtc, ioc or fok, not 'day'"),
        ({"tif": "ioc", "expires_ns": 1}, "an order that is ioc has no expires_ns"),
        (
            {"stop": 90.0, "take_profit": 110.0},
            "waits for a stop or for a take_profit, not for both",
        ),
        ({"trail": 1.0}, "trail wants a stop"),
        ({"take_profit": 110.0, "trail": 1.0}, "trail wants a stop"),
        ({"stop": -1.0}, "stop must be a number above zero, not -1"),
        ({"stop": 90.0, "trail": float("nan")}, "trail must be a number above zero, not NaN"),
    ],
)
def test_terms_that_cannot_be_said_are_refused_in_a_line(
    terms: dict[str, object], said: str
) -> None:
    with pytest.raises(b4.Bot4Error, match=said):
        b4.backtest(b4.strategy(Terms)(terms=terms), bars([100.0] * 6))
