"""One strategy, written as an expression and as a class, does the same to the last unit."""

from collections import deque
from math import fsum

import pytest

import bot4 as b4
from bot4.strategies.donchian_breakout import donchian_breakout
from bot4.strategies.sma_cross import sma_cross


@b4.strategy
class SmaCrossClass(b4.Strategy):
    """The averages are kept by the class."""

    fast: int = 10
    slow: int = 30

    def on_start(self, ctx: b4.Context) -> None:
        self.quick: deque[float] = deque(maxlen=self.fast)
        self.calm: deque[float] = deque(maxlen=self.slow)

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        self.quick.append(bar.close)
        self.calm.append(bar.close)
        if len(self.calm) == self.slow:
            up = fsum(self.quick) / self.fast > fsum(self.calm) / self.slow
            ctx.target(1.0 if up else 0.0)


@b4.strategy
class DonchianClass(b4.Strategy):
    """The channel is read from the history."""

    def __init__(self, entry: int = 20, exit: int = 10) -> None:
        self.entry, self.exit, self.held = entry, exit, False

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        past = ctx.history(max(self.entry, self.exit) + 1)
        if len(past) <= max(self.entry, self.exit):
            return
        if bar.close < past.low[-self.exit - 1 : -1].min():
            self.held = False
        elif bar.close > past.high[-self.entry - 1 : -1].max():
            self.held = True
        ctx.target(1.0 if self.held else 0.0)


@pytest.mark.parametrize("risk", ["unleveraged", "default", "research"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_forms_have_equal_ledgers(seed: int, risk: str) -> None:
    market = b4.simulated(bars=3_000, seed=seed)
    pairs = [
        (sma_cross(fast=10, slow=30), SmaCrossClass(fast=10, slow=30)),
        (donchian_breakout(entry=20, exit=10), DonchianClass(entry=20, exit=10)),
    ]
    for expression, by_class in pairs:
        ours = b4.backtest(expression, market, risk=risk).metrics
        theirs = b4.backtest(by_class, market, risk=risk).metrics
        assert ours.ledger_hash == theirs.ledger_hash, f"{expression.name} (seed {seed})"
        assert ours.fills > 10
