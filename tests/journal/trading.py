"""A short real run: two strategies on two simulated markets, its journal left in a folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot4._engine import Run
from bot4.research.seating import seat
from bot4.research.seats import Seat
from bot4.strategies import donchian_breakout, sma_cross

SEED = 7
SECOND_NS = 10**9
START_NS = 1_700_000_000 * SECOND_NS
MARKETS = (
    ("simulated:BTCUSDT", "60000", "0.01", "0.00001"),
    ("simulated:ETHUSDT", "3000", "0.01", "0.0001"),
)

TREND = (sma_cross(fast=5, slow=20), donchian_breakout(entry=20, exit=10))


@contextmanager
def trading(
    folder: Path,
    seconds: int = 300,
    clock_s: int = 1_700_000_000,
    strategies: Sequence[Any] = TREND,
    seats: Sequence[Seat] = (),
) -> Iterator[Run]:
    """The run after so many seconds of its market; it is closed at the end."""
    run = Run(
        cash="10000",
        taker_fee="0.0001",
        maker_fee="0.0001",
        slippage="0.0001",
        latency_ns=5_000_000,
        bar_interval_ns=SECOND_NS,
        profile="unleveraged",
        limits=None,
    )
    for number, (instrument, price, tick, lot) in enumerate(MARKETS):
        run.add_simulated(instrument, price, tick, lot, SEED + number, START_NS)
    names = [instrument for instrument, *_ in MARKETS]
    each = zip(strategies, names, strict=True)
    seat(run, seats or [Seat(one, one.name, name, Decimal("0.5")) for one, name in each])
    run.open(str(folder), durability="block", clock_s=clock_s)
    try:
        advance(run, seconds)
        yield run
    finally:
        run.close()


def advance(run: Run, seconds: int) -> None:
    """Tell the market of so many seconds more."""
    until_ns = max(run.now_ns, START_NS) + seconds * SECOND_NS
    while run.advance(until_ns, 100_000):
        continue
