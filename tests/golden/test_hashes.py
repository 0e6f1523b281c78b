"""What every machine, build and Python must agree on to the last bit.

Signals: the bytes of every operation on seeded bars. Ledgers: the hash of whole runs. A change here
changes what strategies do; it needs a line in the CHANGELOG.
"""

import hashlib

import numpy as np
import polars as pl
import pytest

import bot4 as b4
from bot4 import _engine
from bot4.strategies.donchian_breakout import donchian_breakout
from bot4.strategies.sma_cross import sma_cross
from parity.programs import FIELDS, one_operation

SIGNALS = "8616f7a8c336ee3de1c05db99d6de6e6d201878b46d68d8f3e8ea7340ed80141"
LEDGERS = {
    (
        "sma_cross",
        "unleveraged",
    ): "d17a6dd2cf67dbb89de048a5120a3bbeab5ea75d125904e1068c4d7630cc278b",
    ("sma_cross", "default"): "43d0d1845421fc098950d5031adc78cfc9b47e4ce4b2a75d24dfecf566cb3183",
    (
        "donchian_breakout",
        "unleveraged",
    ): "c4d8d7ca1f974ca04e072b279d8cd4ee183498fe5d8f837ca0da808c6b1ccc7a",
    (
        "donchian_breakout",
        "research",
    ): "d02b3c8ab628faaa20339c0037ee728c1e4f6cf8e482133090e5b80c98483429",
}
BUSY = "b5303415183b3cb7d978bd36479e794eebba246074acccb01f2f087c8e954a84"
STRATEGIES = {
    "sma_cross": sma_cross(fast=10, slow=30),
    "donchian_breakout": donchian_breakout(entry=20, exit=10),
}


@b4.strategy
class Busy(b4.Strategy):
    """Targets of both signs, resting limits, cancels: all that a class can ask for."""

    def on_start(self, ctx: b4.Context) -> None:
        self.seen = 0

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        self.seen += 1
        if self.seen % 7 == 0:
            ctx.buy(0.05, limit=bar.close * 0.99)
        if self.seen % 11 == 0:
            ctx.sell(0.02, limit=bar.close * 1.01)
        if self.seen % 13 == 0:
            ctx.cancel()
        if self.seen % 17 == 0:
            ctx.target(1.5 if bar.close > bar.open else -0.5, band=0.05)


def test_every_signal_has_its_golden_bytes() -> None:
    frame = b4.simulated(bars=3_000, seed=1).frame
    columns = {name: frame[name].cast(pl.Float64).to_numpy() for name in FIELDS}
    digest = hashlib.sha256()
    for operation in sorted(_engine.operations(), key=lambda made: str(made["name"])):
        name, operands = str(operation["name"]), operation["operands"]
        program = one_operation(name, operands, len(operation["parameters"]))
        values = program.columns(columns)[0]
        # Every NaN is the same NaN here: its sign and payload mean nothing.
        digest.update(name.encode())
        digest.update(np.where(np.isnan(values), np.nan, values).tobytes())
    assert digest.hexdigest() == SIGNALS


@pytest.mark.parametrize(("name", "risk"), LEDGERS)
def test_every_run_has_its_golden_ledger(name: str, risk: str) -> None:
    result = b4.backtest(STRATEGIES[name], b4.simulated(bars=3_000, seed=1), risk=risk)
    assert result.metrics.ledger_hash == LEDGERS[name, risk]


def test_a_busy_account_has_its_golden_ledger() -> None:
    markets = [b4.simulated(bars=1_500, seed=seed).frame for seed in (1, 2, 3)]
    named = zip(markets, "ABC", strict=True)
    frame = pl.concat([market.with_columns(symbol=pl.lit(name)) for market, name in named])
    limits = {"daily_loss_max": 0.03}
    result = b4.backtest(Busy(), frame, risk="research", limits=limits, cash=100_000)
    assert {"buy", "sell"} <= set(result.fills["side"])
    assert result.metrics.refusals["breaker_open"] > 0
    assert result.metrics.ledger_hash == BUSY
