"""Nothing sees what has not happened: the future is replaced, the past must not change."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import bot4 as b4
from bot4 import _engine
from bot4.strategies.donchian_breakout import donchian_breakout
from bot4.strategies.sma_cross import sma_cross
from bot4.strategies.vol_target_trend import vol_target_trend
from parity.programs import FIELDS, one_operation
from parity.test_forms import DonchianClass, SmaCrossClass

Array = NDArray[np.float64]

BARS = 300
POISONS: dict[str, Callable[[int, np.random.Generator], Array]] = {
    "NaN": lambda n, rng: np.full(n, np.nan),
    "infinity": lambda n, rng: np.full(n, np.inf),
    "garbage": lambda n, rng: rng.normal(0.0, 1e12, n),
    "nothing": lambda n, rng: np.zeros(n),
}


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("operation", _engine.operations(), ids=lambda made: made["name"])
def test_no_operation_sees_the_future(operation: dict[str, list[str]], poison: str) -> None:
    name = str(operation["name"])
    program = one_operation(name, operation["operands"], len(operation["parameters"]))
    rng = np.random.default_rng(5)
    frame = b4.simulated(bars=BARS, seed=5).frame
    columns = {field: frame[field].cast(pl.Float64).to_numpy().copy() for field in FIELDS}
    whole = program.columns(columns)[0]
    for cut in (0, 1, 17, 150, BARS - 1):
        poisoned = {field: values.copy() for field, values in columns.items()}
        for values in poisoned.values():
            values[cut + 1 :] = POISONS[poison](BARS - cut - 1, rng)
        part = program.columns(poisoned)[0]
        assert part[: cut + 1].tobytes() == whole[: cut + 1].tobytes(), f"{name} at {cut}"
    assert np.isfinite(whole).any(), name


def told_until(result: b4.BacktestResult, moment: datetime) -> tuple[object, object]:
    """Fills before a moment (one at it fills at the open of the bar after it), equity up to it."""
    fills = result.fills.filter(pl.col("ts") < moment).rows()
    equity = result.equity.filter(pl.col("ts") <= moment).rows()
    return fills, equity


STRATEGIES: dict[str, b4.ConfiguredStrategy | b4.Strategy] = {
    "sma_cross": sma_cross(fast=3, slow=9),
    "donchian_breakout": donchian_breakout(entry=8, exit=4),
    "vol_target_trend": vol_target_trend(fast=3, slow=9, n=10, width=0.02),
    "SmaCrossClass": SmaCrossClass(fast=3, slow=9),
    "DonchianClass": DonchianClass(entry=8, exit=4),
}


@pytest.mark.parametrize("name", STRATEGIES)
@seed(20_261_123)
@settings(max_examples=40, deadline=None, database=None)
@given(
    cut=st.integers(1, BARS - 2),
    level=st.floats(1e-3, 1e6),
    noise=st.integers(0, 2**32 - 1),
)
def test_no_strategy_sees_the_future(name: str, cut: int, level: float, noise: int) -> None:
    strategy = STRATEGIES[name]
    frame = b4.simulated(bars=BARS, seed=9).frame
    rng = np.random.default_rng(noise)
    future = level * np.exp(rng.normal(0.0, 0.5, BARS - cut - 1))
    # What was decided on has a worst price: beyond it nothing fills, whoever sees what.
    last = frame["close"][cut]
    future[0] = min(max(future[0], 0.6 * last), 1.6 * last)
    garbage = pl.DataFrame(
        {
            "ts": frame["ts"][cut + 1 :],
            "open": future,
            "high": future * 1.5,
            "low": future * 0.5,
            "close": future[::-1].clip(future * 0.5, future * 1.5),
            "volume": future,
        }
    )
    poisoned = pl.concat([frame[: cut + 1], garbage.cast(frame.schema)])
    whole, part = b4.backtest(strategy, frame), b4.backtest(strategy, poisoned)
    moment = whole.equity["ts"][cut]
    assert told_until(part, moment) == told_until(whole, moment), f"seed 9, noise {noise}"
    # What was decided at the close of bar `cut` fills at the next open: at another price, but
    # the same orders on the same side.
    decided = [result.fills.filter(pl.col("ts") == moment) for result in (whole, part)]
    assert decided[0].select("order", "side").equals(decided[1].select("order", "side"))
