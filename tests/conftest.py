"""What many tests need: small markets, and what is shared where it is on this machine."""

from pathlib import Path

import polars as pl
import pytest

import bot4 as b4

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
CAPTURES = SHARED.parent / "captures"


@pytest.fixture
def market() -> b4.SimulatedMarket:
    return b4.simulated(bars=400, seed=11)


@pytest.fixture
def frame(market: b4.SimulatedMarket) -> pl.DataFrame:
    return market.frame


@pytest.fixture
def bars_file(tmp_path: Path, frame: pl.DataFrame) -> Path:
    path = tmp_path / "BTCUSDT-1h.parquet"
    frame.write_parquet(path)
    return path


@pytest.fixture(scope="session")
def shared_history() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"the shared market history is not on this machine ({SHARED})")
    return SHARED


@pytest.fixture(scope="session")
def shared_captures() -> Path:
    if not CAPTURES.is_dir():
        pytest.skip(f"the shared captures are not on this machine ({CAPTURES})")
    return CAPTURES
