"""Signals of books and trades: what they are made of, and what they compute over a table."""

import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

import bot4 as b4
from bot4.expression import Expr, flatten

ROWS = 50
CHANCE = np.random.default_rng(4)
BID = 100 + CHANCE.normal(size=ROWS).cumsum() / 10
BOOK = {
    "bid": BID,
    "ask": BID + 0.01 * CHANCE.integers(1, 5, ROWS),
    **{name: CHANCE.uniform(0.1, 9, ROWS) for name in ("bid_size", "ask_size")},
    **{f"depth_bid_{n}": CHANCE.uniform(10, 90, ROWS) for n in (5, 10)},
    **{f"depth_ask_{n}": CHANCE.uniform(10, 90, ROWS) for n in (5, 10)},
    "ofi_1": CHANCE.normal(size=ROWS),
    "ofi_5": CHANCE.normal(size=ROWS),
    "quote_age": CHANCE.uniform(0, 2, ROWS),
    "sweep_buy_0.5": BID + 0.05,
    "sweep_sell_2": BID - 0.05,
    "trade_price": BID,
    "trade_size": CHANCE.uniform(0.1, 3, ROWS),
    "trade_sign": CHANCE.choice([-1.0, 1.0], ROWS),
    "trade_age": np.r_[np.nan, CHANCE.uniform(0, 2, ROWS - 1)],
}
TABLE = pl.DataFrame(BOOK)
MID = (BOOK["bid"] + BOOK["ask"]) * 0.5


def intensity(seconds: float) -> np.ndarray:
    """Each trade since the first whose age is known, decayed since it happened."""
    happened = np.nancumsum(BOOK["trade_age"])
    values = [math.nan]
    for now in range(1, ROWS):
        ages = happened[now] - happened[1 : now + 1]
        values.append(float(np.exp(-ages / seconds).sum() / seconds))
    return np.array(values)


def ratio(bids: str, asks: str) -> np.ndarray:
    """The plain formula of an imbalance."""
    return np.asarray((BOOK[bids] - BOOK[asks]) / (BOOK[bids] + BOOK[asks]))


CASES = {
    "mid": (b4.mid, MID),
    "spread": (b4.spread, BOOK["ask"] - BOOK["bid"]),
    "microprice": (
        b4.microprice,
        (BOOK["bid"] * BOOK["ask_size"] + BOOK["ask"] * BOOK["bid_size"])
        / (BOOK["bid_size"] + BOOK["ask_size"]),
    ),
    "imbalance(1)": (b4.imbalance(), ratio("bid_size", "ask_size")),
    "imbalance(5)": (b4.imbalance(5), ratio("depth_bid_5", "depth_ask_5")),
    "imbalance(10)": (b4.imbalance(levels=10), ratio("depth_bid_10", "depth_ask_10")),
    "depth": (b4.depth("ask", 10), BOOK["depth_ask_10"]),
    "ofi": (b4.ofi(), BOOK["ofi_1"]),
    "ofi(5)": (b4.ofi(np.int64(5)), BOOK["ofi_5"]),  # type: ignore[arg-type]
    "quote_age": (b4.quote_age, BOOK["quote_age"]),
    "buy": (b4.sweep_cost("buy", 0.5), BOOK["sweep_buy_0.5"] / MID - 1),
    "sell": (b4.sweep_cost("sell", 2), 1 - BOOK["sweep_sell_2"] / MID),
    "trade_price": (b4.trade_price, BOOK["trade_price"]),
    "signed_flow": (b4.signed_flow, BOOK["trade_sign"] * BOOK["trade_size"]),
    "intensity": (b4.trade_intensity(0.75), intensity(0.75)),
}


@pytest.mark.parametrize("name", CASES)
def test_computes_what_its_formula_says(name: str) -> None:
    signal, wanted = CASES[name]
    column = b4.compute(TABLE, {"signal": signal})["signal"].to_numpy()
    np.testing.assert_allclose(column, wanted, rtol=1e-12)


def test_the_touch_is_not_read_twice_for_one_level() -> None:
    names = {name for name, _, _ in flatten([b4.imbalance(1)])[0]}
    assert names == {"bid_size", "ask_size", "sub", "add", "div"}


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        (b4.depth("bid", 3), r"no column 'depth_bid_3'.*that is depth_bid\(3\) of each row"),
        (b4.ofi(), r"no column 'ofi_1'.*that is ofi\(1\) of each row"),
        (b4.sweep_cost("buy", 0.25), r"'sweep_buy_0.25'.*that is sweep_buy\(0.25\) of each row"),
        (b4.trade_sign * 1, "no column 'trade_sign'"),
    ],
)
def test_a_missing_column_says_what_it_would_be(signal: Expr, words: str) -> None:
    table = pl.DataFrame({"bid": [1.0], "ask": [2.0]})
    with pytest.raises(b4.DataError, match=words) as refused:
        b4.compute(table, {"x": signal})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("build", "given", "words"),
    [
        (b4.depth, ("buy", 1), "side is 'bid' or 'ask', not 'buy'"),
        (b4.depth, ("bid", 1.5), "levels must be a whole number, not 1.5"),
        (b4.imbalance, (True,), "levels must be a whole number, not True"),
        (b4.imbalance, (1.0,), "levels must be a whole number, not 1.0"),
        (b4.ofi, ("1",), "ofi: levels must be a whole number, not '1'"),
        (b4.sweep_cost, ("bid", 1), "side is 'buy' or 'sell', not 'bid'"),
        (b4.sweep_cost, ("buy", "1"), "size must be a number of base units, not '1'"),
        (b4.trade_intensity, (0,), "seconds must be a number above zero, not 0"),
        (b4.trade_intensity, (math.inf,), "seconds must be a number above zero, not inf"),
        (b4.trade_intensity, (None,), "seconds must be a number above zero, not None"),
    ],
)
def test_refuses_in_one_line(
    build: Callable[..., Expr], given: tuple[object, ...], words: str
) -> None:
    with pytest.raises(b4.SignalError) as refused:
        build(*given)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        (b4.depth("bid", 0), "levels must be a whole number from 1 to 1000, not 0"),
        (b4.ofi(1001), "levels must be a whole number from 1 to 1000, not 1001"),
        (b4.sweep_cost("sell", -1), "size must be a number above zero, in base units, not -1"),
    ],
)
def test_the_engine_refuses_what_is_out_of_range(signal: Expr, words: str) -> None:
    with pytest.raises(b4.SignalError, match=words):
        b4.compute(TABLE, {"x": signal})
