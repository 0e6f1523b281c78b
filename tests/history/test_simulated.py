"""The simulated market is seeded, plausible, and well formed."""

import hashlib

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot4 as b4

# Of `b4.simulated(bars=1000, seed=7)` as CSV: a change of the market is a change of every example.
GOLDEN = "d84c6c81fe3ecbc3c0b3e16e552c5fd531319b6208be15fbb7230d9aca9b5f16"


def test_the_same_seed_gives_the_same_bars() -> None:
    written = b4.simulated(bars=1000, seed=7).frame.write_csv().encode()
    assert hashlib.sha256(written).hexdigest() == GOLDEN


def test_another_seed_gives_other_bars() -> None:
    assert not b4.simulated(bars=100, seed=1).frame.equals(b4.simulated(bars=100, seed=2).frame)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    st.integers(2, 3000), st.integers(0, 2**63), st.sampled_from(["1m", "1h", "1d"]),
    st.floats(1, 1e6),
)  # fmt: skip
def test_bars_are_well_formed(bars: int, seed: int, interval: str, price: float) -> None:
    frame = b4.simulated(bars, seed, interval=interval, price=price).frame
    assert frame.columns == ["ts", "open", "high", "low", "close", "volume"]
    assert frame.height == bars
    assert frame["ts"].dtype == pl.Datetime("ns", "UTC")
    assert frame["low"].min() >= 0.01  # type: ignore[operator]
    ordered = (pl.col("low") <= pl.min_horizontal("open", "close")) & (
        pl.col("high") >= pl.max_horizontal("open", "close")
    )
    assert frame.select(ordered.all()).item()
    assert frame["volume"].min() > 0  # type: ignore[operator]


def test_returns_have_fat_tails_and_clustered_volatility() -> None:
    close = b4.simulated(bars=50_000, seed=7).frame["close"].to_numpy()
    returns = np.diff(np.log(close))
    spread = (returns - returns.mean()) / returns.std()
    size = np.abs(spread)
    assert (spread**4).mean() > 5
    assert np.corrcoef(size[:-1], size[1:])[0, 1] > 0.1
    assert abs(np.corrcoef(spread[:-1], spread[1:])[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"bars": 1}, "bars is 1; allowed: a whole number from 2 to 10000000"),
        ({"bars": 10**8}, "allowed: a whole number from 2 to 10000000"),
        ({"bars": "many"}, "bars is 'many'"),
        ({"bars": True}, "bars is True"),
        ({"seed": None}, "seed is None"),
        ({"price": "dear"}, "price is 'dear', which is not a number"),
        ({"name": ""}, "name is ''; give the name"),
        ({"name": 5}, "name is 5; give the name"),
        ({"interval": 5}, "interval is 5"),
        ({"start": 5}, "start is 5; give an ISO date"),
        ({"seed": -1}, "seed is -1"),
        ({"price": 0.0}, "price is 0.0"),
        ({"interval": "1w"}, "interval is '1w'"),
        ({"start": "soon"}, "start is 'soon'"),
        ({"bars": 10**6, "interval": "1d"}, "after the year 2262"),
    ],
)
def test_refuses_what_it_cannot_make(asked: dict[str, object], words: str) -> None:
    with pytest.raises(b4.ParameterError) as refused:
        b4.simulated(**asked)  # type: ignore[arg-type]
    assert words in str(refused.value)
