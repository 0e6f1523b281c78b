"""A path means files, and each file an instrument."""

import os
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


def test_a_file_is_never_taken_for_a_pattern(tmp_path: Path) -> None:
    touched(tmp_path, "BTC[1].csv", "BTC1.csv", "b[1]/ETH.csv", "b1/SOL.csv")
    assert [one.parts for one in listings(tmp_path / "BTC[1].csv")] == [(tmp_path / "BTC[1].csv",)]
    assert [one.name for one in listings(tmp_path / "b[1]")] == ["ETH"]
    assert [one.name for one in listings(tmp_path / "b[0-9]" / "*.csv")] == ["SOL"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("~nouser/x.csv", "there is no file or folder ~nouser/x.csv"),
        ("x" * 300 + ".csv", "cannot be read: File name too long"),
        ("x" * 300 + "*.csv", "File name too long"),
        ("a/**b.csv", "a/**b.csv"),
        ("a\0b.csv", "there is no file or folder"),
        ("\ud800.csv", "there is no file or folder ?.csv"),
    ],
)
def test_what_the_system_refuses_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(b4.DataError) as refused:
        listings(name)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_that_may_not_be_listed_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(b4.DataError, match="cannot be read: Permission denied") as refused:
        listings(tmp_path)
    assert str(tmp_path) in str(refused.value)


def test_a_name_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    (found,) = listings(touched(tmp_path, os.fsdecode(b"B\xff.csv")))
    assert (found.name, found.title) == ("B�", f"{tmp_path}/B�.csv")


def test_a_title_tells_how_many_parts_follow(tmp_path: Path) -> None:
    (found,) = listings(touched(tmp_path, "BTC-2024-01.csv", "BTC-2024-02.csv"))
    assert found.title == f"{tmp_path / 'BTC-2024-01.csv'} (and 1 more)"
