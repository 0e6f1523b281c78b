"""Trades and final equity agree to the cent with a plain judge that shares no code with us."""

from pathlib import Path

import polars as pl
import pytest

import bot4 as b4
from bot4.strategies.sma_cross import sma_cross
from parity import oracle
from parity.series import REAL, SEED, Periods, periods, prices

CENT = 0.005
CASH = 10_000.0


def check(data: Path | pl.DataFrame, frame: pl.DataFrame, chosen: Periods) -> None:
    fast, slow = chosen.fast, chosen.slow
    result = b4.backtest(
        sma_cross(fast=fast, slow=slow), data, cash=CASH, fee_bps=10, slippage_bps=1
    )
    opens, closes = frame["open"].to_list(), frame["close"].to_list()
    judged = oracle.sma_cross(opens, closes, fast, slow, cash=CASH, fee=0.001, slippage=0.0001)
    told = f"{data if isinstance(data, Path) else 'simulated'} {chosen} (seed {SEED})"
    assert result.metrics.trades == judged.trades, told
    assert result.metrics.final_equity == pytest.approx(judged.final_equity, abs=CENT), told


@pytest.mark.parametrize("name", REAL)
def test_agrees_to_the_cent_on_real_history(shared_history: Path, name: str) -> None:
    path = shared_history / name
    frame = prices(path)
    for chosen in periods():
        check(path, frame, chosen)


def test_agrees_to_the_cent_on_simulated_bars() -> None:
    for seed in range(3):
        frame = b4.simulated(bars=3_000, seed=seed).frame
        for chosen in periods():
            check(frame, frame, chosen)
