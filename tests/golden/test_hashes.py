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

SIGNALS = "9986721b4b6cf60c659f7ba6932066985a53bed1a9adb6f57eac491463a9378a"
LEDGERS = {
    (
        "sma_cross",
        "unleveraged",
    ): "25cae791b9414d9be2f5d54fb2d310498f5020e56dc32f9f1f62b1c931ce8f0e",
    ("sma_cross", "default"): "8bd50223e724db55943748f0dc8443398238becd9f380c08484aac8e62f7157f",
    (
        "donchian_breakout",
        "unleveraged",
    ): "f4c1ddffbfec1408c16fc11ba3bd0256e75eb9546035c50529d740b51d679f15",
    (
        "donchian_breakout",
        "research",
    ): "f4c1ddffbfec1408c16fc11ba3bd0256e75eb9546035c50529d740b51d679f15",
}
STRATEGIES = {
    "sma_cross": sma_cross(fast=10, slow=30),
    "donchian_breakout": donchian_breakout(entry=20, exit=10),
}


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
