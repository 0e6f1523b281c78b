"""Sizes of research, of a backtest and of a run are the same to the bit; no size passes a limit."""

from collections.abc import Callable
from math import inf, nan
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bot4 as b4
from bot4._engine import JournalFile
from bot4.expression import Operand
from bot4.history.bars import load
from bot4.strategy import ConfiguredStrategy
from parity.test_run import finish, run_of, seat

WAYS = {
    "fixed_fraction": {"fraction": 0.3},
    "vol_target": {"target": 0.2, "n": 30},
    "risk_size": {"risk": 0.005},
    "kelly": {"fraction": 1.0, "n": 50},
    "var_budget": {"budget": 0.005, "n": 100},
    "cvar_budget": {"budget": 0.005, "n": 100, "horizon": 2},
    "drawdown_scale": {"start": 0.01, "stop": 0.2},
}
SMALL = {"vol_target": {"target": 0.2, "n": 30, "deadband": 0.05}}
ASKED = [*WAYS.items(), *SMALL.items()]


def sized(name: str, values: dict[str, object]) -> ConfiguredStrategy:
    return b4.sma_cross(fast=5, slow=20).sized(name, **values)


def wanted(folder: Path) -> list[tuple[int, float]]:
    """The fractions that a journal says were wanted, with their times."""
    records = JournalFile(str(folder)).records(0, 10**9)
    said = [one for one in records if one["kind"] == "intent"]
    return [(one["ts"], float(one["want"].removeprefix("target "))) for one in said]


@pytest.mark.parametrize(("name", "values"), ASKED)
def test_research_a_backtest_and_a_run_have_one_size(
    tmp_path: Path, name: str, values: dict[str, object]
) -> None:
    market = b4.simulated(bars=1_500, seed=11)
    strategy = sized(name, values)
    backtest = b4.backtest(strategy, market)
    run = run_of("unleveraged")
    bars = load(market).instruments[0].bars
    run.add_bars(bars)
    seat(run, strategy, bars.instrument)
    ran = finish(run, tmp_path)
    assert ran["ledger_hash"] == backtest.metrics.ledger_hash
    assert JournalFile(str(tmp_path)).replay()["ledger_hash"] == ran["ledger_hash"]
    assert backtest.metrics.fills > 10
    # What the run wanted is what research computes, where the account is told as a column.
    equity = backtest.equity["equity"]
    frame = market.frame.with_columns(equity=equity)
    target = strategy.decision()
    assert isinstance(target, b4.Target)
    column = b4.compute(frame, {"size": target.fraction})["size"].to_numpy()
    closes = (frame["ts"].dt.timestamp("ns") + 3_600 * 10**9).to_list()
    changes: list[tuple[int, float]] = []
    for ts, size in zip(closes, column, strict=True):
        if not np.isnan(size) and (not changes or changes[-1][1] != size):
            changes.append((ts, float(size)))
    # The last bar decides nothing that could be filled, and is not asked.
    assert wanted(tmp_path) == [one for one in changes if one[0] < closes[-1]]


HOSTILE: dict[str, Callable[[], b4.Expr]] = {
    "huge": lambda: b4.close * 1e300,
    "huge and short": lambda: b4.close * -1e300,
    "infinite": lambda: b4.close * inf,
    "infinite and short": lambda: b4.close / -0.0,
    "unknown": lambda: b4.close * nan,
    "in turn": lambda: b4.where(
        b4.close > b4.close.shift(1), b4.where(b4.close > b4.sma(b4.close, 5), 1e300, -inf), nan
    ),
}
SIZES: dict[str, Callable[[Operand], b4.Expr]] = {
    "as it is": lambda x: b4.where(b4.close > 0.0, x, 0.0),
    "fixed": lambda x: b4.fixed_fraction(x, x, cap=900.0),
    "volatility": lambda x: b4.vol_target(x, 900.0, n=2, cap=900.0),
    "stop": lambda x: b4.risk_size(0.9, 1e-300, x, cap=900.0),
    "kelly": lambda x: b4.kelly(x, 1.0, n=2, shrink=False, cap=900.0),
    "var": lambda x: b4.var_budget(x, 0.9, level=0.5, n=2, cap=900.0),
    "cvar": lambda x: b4.cvar_budget(x, 0.9, level=0.5, n=2, cap=900.0),
    "drawdown": lambda x: b4.drawdown_scale(x, 0.5, 1.0, cap=900.0),
}


def wavering(rows: int = 60) -> pl.DataFrame:
    """Bars that open where the one before closed, a cent around 100: nothing jumps past a cap."""
    closes = [100.0 + (0.01 if row % 3 else -0.01) for row in range(rows)]
    opens = [100.0, *closes[:-1]]
    pairs = list(zip(opens, closes, strict=True))
    ts = b4.simulated(bars=rows, interval="1h").frame["ts"]
    high, low = ([pick(pair) for pair in pairs] for pick in (max, min))
    columns = {"open": opens, "high": high, "low": low, "close": closes}
    return pl.DataFrame({"ts": ts, **columns, "volume": [10_000.0] * rows})


@pytest.mark.parametrize("risk", ["default", "unleveraged", "research"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_order_of_a_backtest_passes_a_limit_whatever_the_size(
    name: str, size: str, risk: str
) -> None:
    def asks() -> b4.Target:
        return b4.target(SIZES[size](HOSTILE[name]()))

    frame = wavering()
    result = b4.backtest(b4.strategy(asks)(), frame, risk=risk, fee_bps=0, slippage_bps=0)
    limits = result.metrics.limits
    most = float(limits["position_max"])
    worth = dict(result.equity.select("ts", "equity").iter_rows())
    held = 0.0
    for fill in result.fills.iter_rows(named=True):
        held += fill["quantity"] if fill["side"] == "buy" else -fill["quantity"]
        # It fills at the price and the moment of its decision, and so with that equity.
        assert abs(held) * fill["price"] <= worth[fill["ts"]] * most * (1 + 1e-9)
        assert held >= -1e-9 or limits["shorting"]
    equity = result.equity["equity"].to_numpy()
    assert np.isfinite(equity).all()
    assert (equity > 0).all()


def test_the_hostile_sizes_do_trade_where_they_can() -> None:
    """Else the test above would say nothing."""

    def asks() -> b4.Target:
        return b4.target(SIZES["fixed"](HOSTILE["huge"]()))

    metrics = b4.backtest(b4.strategy(asks)(), wavering(), risk="default").metrics
    assert (metrics.fills > 0, metrics.clipped > 0) == (True, True)


@pytest.mark.parametrize("wild", [1e300, -1e300, inf, -inf, nan, 900.0])
def test_no_request_of_a_bot_passes_a_limit_whatever_the_size(wild: float) -> None:
    bot = b4.Bot(profile="default")
    name = "binance:BTCUSDT"
    bot.add_instrument(name, price="60000", tick="0.01", lot="0.00001")
    size = b4.fixed_fraction(b4.where(b4.imbalance(1) > 0, wild, 0.5), 1.0, cap=900.0)
    b4.seat(bot, "wild", name, b4.target(size))
    bot.open("10000", ts_ns=1_700_000_000 * 10**9)
    now = 1_700_000_001 * 10**9
    book = b'{"lastUpdateId":10,"bids":[["60000.00","9"]],"asks":[["60000.01","2"]]}'
    update = b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":10,"u":11,"b":[["60000.00","9"]],"a":[]}'
    bot.on_frame("binance", update, now)
    traded = b'{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"60000","q":"99","T":1,"m":true}'
    bot.on_frame("binance", traded, now)
    requests = list(bot.on_snapshot("binance", "BTCUSDT", book, now))
    for number in range(12, 30):
        now += 10**9
        bids = "9" if number % 2 else "1"
        frame = f'"U":{number},"u":{number},"b":[["60000.00","{bids}"]],"a":[]}}'
        requests += bot.on_frame(
            "binance", b'{"e":"depthUpdate","E":1,"s":"BTCUSDT",' + frame.encode(), now
        )
    bot.take_records()
    placed = [one for one in requests if one.kind == "place"]
    assert placed
    for one in placed:
        said = dict(pair.split("=") for pair in one.body.decode().split("&"))
        assert said["side"] == "BUY"
        # At the ask; the price of the request is the worst that it may take, a collar away.
        assert float(said["quantity"]) * 60_000.01 <= 10_000 * 0.02
