"""Trades and final equity agree to the cent with vectorbt under the same fill convention.

vectorbt lives in an environment of its own (``make peers``), never beside the product.
"""

import json
import subprocess
from pathlib import Path

import pytest

import bot4 as b4
from bot4.strategies.sma_cross import sma_cross
from parity.series import REAL, periods

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / ".peers" / "bin" / "python"
SCRIPT = Path(__file__).with_name("vectorbt_sma_cross.py")
CENT = 0.005
# vectorbt knows no lot: what flooring to 1e-8 leaves in cash shows where equity runs into millions.
MILLIARDTH = 1e-9
CASH = 10_000.0


@pytest.fixture(scope="module")
def peer() -> Path:
    if not PEER.is_file():
        pytest.skip("vectorbt's environment is not built: run `make peers`")
    return PEER


def check(peer: Path, path: Path) -> None:
    chosen = periods()
    asked = {
        "path": str(path),
        "periods": [[pair.fast, pair.slow] for pair in chosen],
        "cash": CASH,
        "fee": 0.001,
        "slippage": 0.0001,
    }
    done = subprocess.run(
        [peer, SCRIPT], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    assert len(answers) == len(chosen)
    for pair, (trades, equity) in zip(chosen, answers, strict=True):
        strategy = sma_cross(fast=pair.fast, slow=pair.slow)
        ours = b4.backtest(strategy, path, cash=CASH, fee_bps=10, slippage_bps=1).metrics
        assert ours.trades == trades, f"{path} {pair}"
        assert ours.final_equity == pytest.approx(equity, rel=MILLIARDTH, abs=CENT)


@pytest.mark.parametrize("name", REAL)
def test_agrees_with_vectorbt_on_real_history(peer: Path, shared_history: Path, name: str) -> None:
    check(peer, shared_history / name)


def test_agrees_with_vectorbt_on_simulated_bars(peer: Path, tmp_path: Path) -> None:
    path = tmp_path / "simulated.parquet"
    b4.simulated(bars=5_000, seed=3).frame.write_parquet(path)
    check(peer, path)
