"""The ledger against Python's integers, which have no size and no rounding of their own.

``BOT4_LEDGER_FILLS=100000000`` makes it long; ``BOT4_SEED`` says which trades.
"""

import os

import numpy as np
import pytest
from numpy.typing import NDArray

import bot4 as b4

FILLS = int(os.environ.get("BOT4_LEDGER_FILLS", "40000"))
SEED = int(os.environ.get("BOT4_SEED", "5"))
BATCH = 200_000

# Symbol, base, quote, price scale, size scale. One has more digits than an amount keeps.
INSTRUMENTS = [
    ("near:BTCUSDT", "BTC", "USDT", 2, 5),
    ("near:ETHUSDT", "ETH", "USDT", 2, 4),
    ("near:ETHBTC", "ETH", "BTC", 6, 4),
    ("near:PEPEUSDT", "PEPE", "USDT", 10, 0),
    ("near:ODD", "ODD", "USDT", 12, 8),
    ("far:BTCUSD", "BTC", "USD", 1, 8),
]
FEE_ASSETS = ["BNB", "BTC", "USDT", "KCS"]
FEE_UNIT = 10**10
ONE = 10**18


def nearest(numerator: int, divisor: int) -> int:
    """Their quotient, halves away from zero."""
    if divisor < 0:
        numerator, divisor = -numerator, -divisor
    whole = (2 * abs(numerator) + divisor) // (2 * divisor)
    return whole if numerator >= 0 else -whole


class Plain:
    """The same ledger in plain integers, from the definition of each number."""

    def __init__(self) -> None:
        self.sides: dict[tuple[str, str], list[int]] = {}
        self.held = [[0, 0, 0] for _ in INSTRUMENTS]
        for symbol, base, quote, _, _ in INSTRUMENTS:
            venue = symbol.partition(":")[0]
            self.sides.setdefault((venue, quote), [0, 0, 0])
            self.sides.setdefault((venue, base), [0, 0, 0])

    def trade(self, place: int, price: int, qty: int, fee: int, paid_in: int) -> None:
        symbol, base, quote, price_scale, qty_scale = INSTRUMENTS[place]
        venue = symbol.partition(":")[0]
        size_unit = 10 ** (18 - qty_scale)
        worth = nearest(price * abs(qty) * ONE, 10 ** (price_scale + qty_scale))
        worth = worth if qty > 0 else -worth
        paid = self.sides[venue, quote]
        paid[0] -= worth
        paid[1] += worth
        goods = self.sides[venue, base]
        goods[0] += qty * size_unit
        goods[1] -= qty * size_unit
        fee_asset = quote if paid_in < 0 else FEE_ASSETS[paid_in]
        payer = self.sides.setdefault((venue, fee_asset), [0, 0, 0])
        payer[0] -= fee * FEE_UNIT
        payer[2] += fee * FEE_UNIT
        self.move(place, qty, worth)
        if fee_asset == base and fee > 0:
            shed = -(-fee * FEE_UNIT // size_unit)
            self.move(place, -shed, -nearest(price * shed * ONE, 10 ** (price_scale + qty_scale)))

    def move(self, place: int, qty: int, worth: int) -> None:
        """A signed size for a signed notional, at average cost."""
        position = self.held[place]
        held, cost, _ = position
        left = held + qty
        position[0] = left
        if held == 0 or (held > 0) == (qty > 0):
            position[1] += worth
        elif left == 0 or (left > 0) == (held > 0):
            position[1] = nearest(cost * left, held)
            position[2] -= cost - position[1] + worth
        else:
            closing = nearest(worth * -held, qty)
            position[1] = worth - closing
            position[2] -= cost + closing


def drawn(chance: np.random.Generator, count: int) -> list[NDArray[np.int64]]:
    """Columns of trades: places, prices, signed sizes, fees or rebates, what those are in."""
    place = chance.integers(0, len(INSTRUMENTS), count)
    price = chance.integers(1, 10_000_000, count)
    qty = chance.integers(1, 1_000_000, count) * chance.choice([-1, 1], count)
    fee = chance.integers(-1_000, 100_000, count)
    paid_in = chance.integers(-1, len(FEE_ASSETS), count)
    return [column.astype(np.int64) for column in (place, price, qty, fee, paid_in)]


def test_not_one_unit_differs_from_plain_integers() -> None:
    print(f"seed {SEED}, {FILLS:,} fills")
    chance = np.random.default_rng(SEED)
    ours, plain = b4.Ledger(INSTRUMENTS, FEE_ASSETS), Plain()
    done = 0
    while done < FILLS:
        columns = drawn(chance, min(BATCH, FILLS - done))
        ours.trades(*columns)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            plain.trade(*row)
        done += len(columns[0])
        assert ours.balances() == {asset: tuple(sides) for asset, sides in plain.sides.items()}
        assert ours.positions() == [tuple(position) for position in plain.held]
    assert all(sum(sides) == 0 for sides in ours.balances().values())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([9, 1, 1, 0, -1], "row 1: no instrument of that number"),
        ([-1, 1, 1, 0, -1], "row 1: no instrument of that number"),
        ([0, 0, 1, 0, -1], "row 1: price must be above 0"),
        ([0, 1, 0, 0, -1], "row 1: qty must not be 0"),
        ([0, 1, -(2**63), 0, -1], "row 1: qty must not be 0"),
        ([0, 1, 1, 0, 4], "row 1: no fee asset of that number"),
        ([0, 2**63 - 1, 2**63 - 1, 0, -1], "row 1: an amount does not fit"),
    ],
)
def test_a_batch_with_a_row_that_cannot_be_changes_nothing(row: list[int], message: str) -> None:
    ours = b4.Ledger(INSTRUMENTS, FEE_ASSETS)
    before = (ours.balances(), ours.positions())
    columns = [np.array([good, bad]) for good, bad in zip([0, 100, 1, 0, -1], row, strict=True)]
    with pytest.raises(b4.EngineError, match=message):
        ours.trades(*columns)
    assert (ours.balances(), ours.positions()) == before


def test_instruments_that_cannot_be_are_refused() -> None:
    for wrong in (("near:X", "X", "X", 2, 2), ("near:X", "", "USD", 2, 2), ("X", "X", "USD", 2, 2)):
        with pytest.raises(b4.EngineError):
            b4.Ledger([wrong])
    with pytest.raises(b4.EngineError, match="from 0 to 18"):
        b4.Ledger([("near:X", "X", "USD", 19, 2)])
