"""A slow, plain judge: SMA cross, long or flat, from the pinned words alone.

It knows nothing of the engine: floats, exact sums (``math.fsum``), one loop, one account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, fsum


@dataclass(frozen=True)
class Outcome:
    """Closed round trips and equity at the last close."""

    trades: int
    final_equity: float


def sma_cross(
    opens: Sequence[float],
    closes: Sequence[float],
    fast: int,
    slow: int,
    *,
    cash: float,
    fee: float,
    slippage: float,
) -> Outcome:
    """Decide at each close; fill at the next open, slippage against us, the fee on top."""
    base, trades, wanted, due = 0.0, 0, None, False
    for bar in range(len(closes)):
        if due and wanted == 1.0 and base == 0.0:
            price = opens[bar] * (1 + slippage)
            base = floor(cash / (price * (1 + fee)) * 1e8) / 1e8
            cash -= base * price * (1 + fee)
        elif due and wanted == 0.0 and base > 0.0:
            cash += base * opens[bar] * (1 - slippage) * (1 - fee)
            base, trades = 0.0, trades + 1
        due = False
        if bar + 1 >= max(fast, slow):
            quick = fsum(closes[bar + 1 - fast : bar + 1]) / fast
            calm = fsum(closes[bar + 1 - slow : bar + 1]) / slow
            target = 1.0 if quick > calm else 0.0
            due, wanted = target != wanted, target
    return Outcome(trades, cash + base * closes[-1])
