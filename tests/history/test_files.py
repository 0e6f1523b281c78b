"""A path means files, and each file an instrument."""

from pathlib import Path

import pytest

import bot4 as b4
from bot4.history.files import listings


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


@pytest.mark.parametrize(
    ("files", "asked", "expected"),
    [
        (["BTC.csv"], "BTC.csv", {"BTC": 1}),
        (["BTCUSDT/ohlcv-1h.parquet"], "BTCUSDT/ohlcv-1h.parquet", {"BTCUSDT": 1}),
        (["BTCUSDT/ohlcv-1h.parquet"], "BTCUSDT", {"BTCUSDT": 1}),
        (["b/ETH.csv", "b/BTC.parquet", "b/notes.txt", "b/.x.csv"], "b", {"BTC": 1, "ETH": 1}),
        (["b/BTC-1h-2024-02.csv", "b/BTC-1h-2024-01.csv"], "b", {"BTC-1h": 2}),
        (["b/BTC_2024-01-31.csv", "b/BTC_20240201.csv"], "b", {"BTC": 2}),
        (["BTC/ohlcv-1h.csv", "ETH/ohlcv-1h.csv"], "*/ohlcv-1h.csv", {"BTC": 1, "ETH": 1}),
        (["BTC/ohlcv-1h-2024.csv"], "BTC", {"BTC": 1}),
    ],
)
def test_finds_instruments(
    tmp_path: Path, files: list[str], asked: str, expected: dict[str, int]
) -> None:
    found = listings(touched(tmp_path, *files) / asked)
    assert {listing.name: len(listing.parts) for listing in found} == expected


@pytest.mark.parametrize(
    ("files", "asked", "words"),
    [
        ([], "none.csv", "there is no file or folder"),
        (["BTC.xlsx"], "BTC.xlsx", "is not a .parquet or .csv file"),
        (["b/notes.txt"], "b", "has no file *.parquet or *.csv"),
        (["b/BTC/ohlcv-1h.csv"], "b", 'look deeper with a pattern such as "'),
        ([], "*.csv", "no file *.parquet or *.csv matches"),
        (["BTC/ohlcv-1h.csv", "BTC/ohlcv-5m.csv"], "BTC", "several series of BTC"),
        (["b/BTC-1h.csv", "b/BTC-5m.csv"], "b", "several series of BTC (BTC-1h, BTC-5m); choose"),
    ],
)
def test_refuses_and_says_what_to_give(
    tmp_path: Path, files: list[str], asked: str, words: str
) -> None:
    with pytest.raises(b4.DataError) as refused:
        listings(touched(tmp_path, *files) / asked)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_title_tells_how_many_parts_follow(tmp_path: Path) -> None:
    (found,) = listings(touched(tmp_path, "BTC-2024-01.csv", "BTC-2024-02.csv"))
    assert found.title == f"{tmp_path / 'BTC-2024-01.csv'} (and 1 more)"
