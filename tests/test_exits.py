"""Exits of a target: laid behind its position, sized by it, and gone with it."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import bot4 as b4

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
Bar = tuple[float, float, float, float]
QUIET: Bar = (100.0, 100.0, 100.0, 100.0)


def frame(*rows: Bar) -> pl.DataFrame:
    """Hourly bars of open, high, low and close."""
    ts = [FIRST + timedelta(hours=place) for place in range(len(rows))]
    columns = zip(*rows, strict=True)
    prices = dict(zip(("open", "high", "low", "close"), map(list, columns), strict=True))
    times = pl.Series(ts).cast(pl.Datetime("ns", "UTC"))
    return pl.DataFrame({"ts": times, **prices, "volume": [1.0] * len(rows)})


@b4.strategy
def held(
    x: float = 0.5,
    stop_loss: float = 0.0,
    take_profit: float = 0.0,
    trailing_stop: float = 0.0,
    turn: float = 1e9,
) -> b4.Target:
    """Hold `x` up to a price, and half of it beyond; an exit of 0 is none."""
    fraction = b4.where(b4.close > turn, x / 2, x)
    return b4.target(
        fraction,
        stop_loss=stop_loss or None,
        take_profit=take_profit or None,
        trailing_stop=trailing_stop or None,
    )


def fills(*rows: Bar, **parameters: float) -> list[tuple[str, float, float]]:
    """Side, size and price of all that was filled; 10,000 at no cost."""
    result = b4.backtest(
        held(**parameters), frame(*rows), cash=10_000, fee_bps=0, slippage_bps=0, risk="research"
    )
    columns = result.fills.select("side", "quantity", "price").rows()
    return [(side, round(qty, 6), price) for side, qty, price in columns]


BOUGHT = ("buy", 50.0, 100.0)


@pytest.mark.parametrize(
    ("exits", "rows", "sold"),
    [
        ({"stop_loss": 0.05}, [(100, 100, 96, 98), QUIET], None),
        ({"stop_loss": 0.05}, [(100, 101, 94, 96), QUIET, QUIET], 95.0),  # in the bar of its entry
        ({"stop_loss": 0.05}, [QUIET, (90, 90, 90, 90), QUIET], 90.0),  # a gap
        ({"take_profit": 0.05}, [(100, 106, 99, 100), QUIET], 105.0),
        ({"take_profit": 0.05}, [QUIET, (110, 110, 110, 110)], 110.0),
        ({"stop_loss": 0.05, "take_profit": 0.05}, [(100, 106, 94, 100), QUIET], 95.0),
        ({"stop_loss": 0.05, "take_profit": 0.05}, [QUIET, (100, 106, 99, 100), QUIET], 105.0),
        ({"trailing_stop": 0.1}, [(100, 120, 100, 120), (120, 120, 109, 112), QUIET], 110.0),
    ],
)
def test_a_long_is_closed_once_where_its_exit_lies(
    exits: dict[str, float], rows: list[Bar], sold: float | None
) -> None:
    got = fills(QUIET, *rows, **exits)
    assert got == ([BOUGHT] if sold is None else [BOUGHT, ("sell", 50.0, sold)])


@pytest.mark.parametrize(
    ("exits", "row", "bought"),
    [
        ({"stop_loss": 0.05}, (100, 106, 99, 100), 105.0),
        ({"take_profit": 0.05}, (100, 101, 94, 100), 95.0),
        ({"stop_loss": 0.05, "take_profit": 0.05}, (100, 106, 94, 100), 105.0),
        ({"trailing_stop": 0.1}, (100, 100, 80, 95), 90.0),
    ],
)
def test_a_short_is_closed_the_other_way(exits: dict[str, float], row: Bar, bought: float) -> None:
    got = fills(QUIET, row, QUIET, x=-0.5, **exits)
    assert got == [("sell", 50.0, 100.0), ("buy", 50.0, bought)]


def test_an_exit_that_another_made_needless_is_no_order_that_could_not_be_paid() -> None:
    wide = (100.0, 106.0, 94.0, 100.0)
    both = held(stop_loss=0.05, take_profit=0.05)
    result = b4.backtest(both, frame(QUIET, wide, QUIET), risk="research")
    assert (result.metrics.orders, result.metrics.canceled_by_venue) == (3, 0)


def test_a_new_target_takes_its_exits_along() -> None:
    # At 120 the target halves: a part is sold, and what is left is stopped at 95 of its entry.
    rows = [(120.0, 120.0, 120.0, 120.0), (120.0, 120.0, 120.0, 120.0), (120.0, 120.0, 90.0, 90.0)]
    got = fills(QUIET, QUIET, *rows, turn=110.0, stop_loss=0.05)
    assert [(side, price) for side, _, price in got] == [
        ("buy", 100.0),
        ("sell", 120.0),
        ("sell", 95.0),
    ]
    assert sum(qty if side == "buy" else -qty for side, qty, _ in got) == pytest.approx(0.0)


def test_a_stop_that_trails_goes_on_from_the_market_and_not_from_the_entry() -> None:
    high = (150.0, 150.0, 150.0, 150.0)
    # Half is sold at 150; what is left is stopped a tenth below that, and not below 100.
    rows = [QUIET, (100.0, 150.0, 100.0, 150.0), high, (150.0, 150.0, 120.0, 120.0)]
    got = fills(QUIET, *rows, turn=110.0, trailing_stop=0.1)
    assert [(side, price) for side, _, price in got] == [
        ("buy", 100.0),
        ("sell", 150.0),
        ("sell", 135.0),
    ]


def test_what_an_exit_closed_is_bought_when_the_target_changes() -> None:
    rows = [(100.0, 100.0, 94.0, 94.0), (94.0, 120.0, 94.0, 120.0), (120.0, 120.0, 120.0, 120.0)]
    got = fills(QUIET, *rows, turn=110.0, stop_loss=0.05)
    assert [(side, price) for side, _, price in got] == [
        ("buy", 100.0),
        ("sell", 95.0),
        ("buy", 120.0),
    ]


@pytest.mark.parametrize(
    ("exits", "error"),
    [
        ({"stop_loss": 0.1, "trailing_stop": 0.1}, "give stop_loss or trailing_stop, not both"),
        ({"stop_loss": 1.0}, "stop_loss must be a fraction of the entry price above 0 and below 1"),
        ({"stop_loss": -0.1}, "stop_loss must be a fraction"),
        (
            {"take_profit": -0.1},
            "take_profit must be a fraction of the entry price above 0, not -0.1",
        ),
        ({"trailing_stop": 2}, "trailing_stop must be a fraction"),
    ],
)
def test_exits_that_cannot_be_are_refused_in_a_line(exits: dict[str, float], error: str) -> None:
    with pytest.raises(b4.Bot4Error, match=error):
        fills(QUIET, QUIET, **exits)


@pytest.mark.parametrize("x", [0.5, -0.5])
def test_a_profit_out_of_reach_is_left_out_and_ends_nothing(x: float) -> None:
    dear = (1e6, 1e6, 1e6, 1e6)
    assert len(fills(dear, dear, dear, x=x, take_profit=9e6)) == 1


def test_exits_and_a_band_are_refused_together() -> None:
    with pytest.raises(b4.SignalError, match="a band would buy back what an exit sold"):
        b4.target(b4.close, 0.1, stop_loss=0.05)


@b4.strategy
class Bracket(b4.Strategy):
    """Buys 40 at a limit and changes where that is closed, each at its bar; 0 is never."""

    limit: float = 101.0
    stop_loss: float = 0.0
    take_profit: float = 0.0
    trailing_stop: float = 0.0
    tighter: int = 0
    none: int = 0

    def on_start(self, ctx: b4.Context) -> None:
        self.bars = 0

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        self.bars += 1
        if self.bars == 1:
            ctx.buy(40.0, limit=self.limit)
            ctx.exits(
                stop_loss=self.stop_loss or None,
                take_profit=self.take_profit or None,
                trailing_stop=self.trailing_stop or None,
            )
        if self.bars == self.tighter:
            ctx.exits(stop_loss=0.01)
        if self.bars == self.none:
            ctx.exits()


def bracketed(*rows: Bar, **parameters: float) -> list[tuple[str, float, float]]:
    """Side, size and price of all that a bracket filled."""
    settings = {"cash": 10_000, "fee_bps": 0, "slippage_bps": 0, "risk": "research"}
    result = b4.backtest(Bracket(**parameters), frame(*rows), **settings)  # type: ignore[arg-type]
    columns = result.fills.select("side", "quantity", "price").rows()
    return [(side, round(qty, 6), price) for side, qty, price in columns]


ENTERED = ("buy", 40.0, 100.0)


@pytest.mark.parametrize(
    ("parameters", "rows", "sold"),
    [
        ({"stop_loss": 0.05}, [(100, 100, 96, 98), QUIET], None),
        # In the bar of its entry, which fills at the open.
        ({"stop_loss": 0.05}, [(100, 101, 94, 96), QUIET], 95.0),
        ({"stop_loss": 0.05, "take_profit": 0.1}, [QUIET, (100, 111, 99, 100)], 110.0),
        ({"trailing_stop": 0.1}, [(100, 120, 100, 120), (120, 120, 100, 100)], 110.0),
        # The stop is moved to 99 while it lies at 95, and taken away.
        ({"stop_loss": 0.05, "tighter": 3}, [QUIET, QUIET, (100, 100, 98, 98)], 99.0),
        ({"stop_loss": 0.05, "none": 3}, [QUIET, QUIET, (100, 100, 90, 90), QUIET], None),
        ({"none": 1}, [QUIET, (100, 100, 50, 50)], None),
    ],
)
def test_an_entry_by_order_is_closed_where_its_exits_lie(
    parameters: dict[str, float], rows: list[Bar], sold: float | None
) -> None:
    got = bracketed(QUIET, *rows, **parameters)
    assert got == ([ENTERED] if sold is None else [ENTERED, ("sell", 40.0, sold)])


def test_exits_of_an_entry_that_never_filled_are_no_orders() -> None:
    assert bracketed(QUIET, QUIET, QUIET, limit=90.0, stop_loss=0.05) == []


@b4.strategy
class Wants(b4.Strategy):
    """Calls what it is given at each bar."""

    said: str = ""

    def on_start(self, ctx: b4.Context) -> None:
        self.bars = 0

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        for call in self.said.split(";")[self.bars : self.bars + 1]:
            exec(call, {"ctx": ctx})
        self.bars += 1


def wanted(said: str, *rows: Bar) -> list[tuple[str, float, float]]:
    """Side, size and price of what came of calls, one a bar."""
    settings = {"cash": 10_000, "fee_bps": 0, "slippage_bps": 0, "risk": "research"}
    result = b4.backtest(Wants(said=said), frame(*rows), **settings)  # type: ignore[arg-type]
    columns = result.fills.select("side", "quantity", "price").rows()
    return [(side, round(qty, 6), price) for side, qty, price in columns]


def test_a_class_gives_its_target_exits_that_hold_until_others_are_named() -> None:
    low: Bar = (100.0, 100.0, 90.0, 90.0)
    with_exits = "ctx.target(0.5, stop_loss=0.05)"
    assert wanted(with_exits, QUIET, QUIET, low) == [BOUGHT, ("sell", 50.0, 95.0)]
    # The same target without any leaves them, none at all takes them away.
    again = f"{with_exits};ctx.target(0.5)"
    assert wanted(again, QUIET, QUIET, low) == [BOUGHT, ("sell", 50.0, 95.0)]
    away = f"{with_exits};ctx.exits()"
    assert wanted(away, QUIET, QUIET, low) == [BOUGHT]
    others = f"{with_exits};ctx.exits(stop_loss=0.01)"
    assert wanted(others, QUIET, QUIET, low) == [BOUGHT, ("sell", 50.0, 99.0)]
    # What is bought back is closed so again; a cancel leaves what protects.
    flat = f"{with_exits};ctx.target(0.0);ctx.target(0.5);ctx.cancel()"
    assert wanted(flat, QUIET, QUIET, QUIET, QUIET, low)[2:] == [BOUGHT, ("sell", 50.0, 95.0)]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("ctx.exits(stop_loss=0.1, trailing_stop=0.1)", "give stop_loss or trailing_stop"),
        ("ctx.exits(stop_loss=1.5)", "stop_loss must be a fraction of the entry price above 0"),
        ("ctx.target(0.5, take_profit=-1.0)", "take_profit must be a fraction"),
        ("ctx.target(0.5, 0.1, stop_loss=0.1)", "a band would buy back what an exit sold"),
        ("ctx.exits(stop_loss=0.1);ctx.target(0.5, 0.1)", "a band would buy back"),
        ("ctx.target(0.5, 0.1)\nctx.exits(stop_loss=0.1)", "a band would buy back"),
    ],
)
def test_exits_that_a_class_cannot_have_are_refused_in_a_line(said: str, error: str) -> None:
    with pytest.raises(b4.StrategyError, match=error) as raised:
        wanted(said, QUIET, QUIET, QUIET)
    assert "\n" not in str(raised.value)
