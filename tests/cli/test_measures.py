"""`bot4 measures` on bars: a table, one JSON object, a picture, or one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import bot4 as b4

Bot4 = Callable[..., Any]

SHORT = ("--level", "0.95", "--window", "100", "--method", "historical")


def test_prints_every_method_with_its_own_backtest(bot4: Bot4) -> None:
    ran = bot4("measures", "simulated", "--seed", "3", "--bars", "700", "--window", "300")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("SIMULATED market, seed 3")
    for words in (*b4.measures.METHODS, "Kupiec", "Worst windows", "Shocks", "Getting out"):
        assert words in ran.out


def test_prints_one_json_object_that_the_library_agrees_with(bot4: Bot4, bars_file: Path) -> None:
    ran = bot4("measures", bars_file, *SHORT, "--json")
    assert (ran.code, ran.out.count("\n")) == (0, 1), ran.err
    read = json.loads(ran.out)
    close = pl.read_parquet(bars_file)["close"].to_numpy()
    returns = close[1:] / close[:-1] - 1
    now = read["methods"]["historical"]["now"]
    found = b4.measures.value_at_risk(returns[-100:], 0.95)
    assert now["value_at_risk"] == found.value_at_risk
    past = b4.measures.backtest_value_at_risk(returns, 0.95, window=100).coverage
    assert read["methods"]["historical"]["past"]["violations"] == past.violations
    assert (read["simulated"], read["correlation"], read["components"]) == (False, None, None)


def test_a_folder_is_a_portfolio(bot4: Bot4, tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    for seed, name in enumerate(("BTC", "ETH")):
        b4.simulated(bars=300, seed=seed).frame.write_csv(folder / f"{name}.csv")
    typed = ("--shock", "ETH=-0.5", "--shock", "all=-0.1", "--position", "5000", "--share", "0.05")
    read = json.loads(bot4("measures", folder, *SHORT, *typed, "--json").out)
    assert read["instruments"] == ["file:BTC", "file:ETH"]
    assert [row["return"] for row in read["shocks"]] == pytest.approx([-0.05, -0.25])
    assert [row["position"] for row in read["liquidity"]] == [2500.0, 2500.0]
    assert len(read["correlation"]["rows"]) == len(read["components"]) == 2


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.html", b"<!DOCTYPE html>")])
def test_draws(bot4: Bot4, tmp_path: Path, bars_file: Path, name: str, start: bytes) -> None:
    assert bot4("measures", bars_file, *SHORT, "--chart", name).code == 0
    assert (tmp_path / name).read_bytes().strip().startswith(start)


def test_part_of_the_history_may_be_asked_for(bot4: Bot4, bars_file: Path) -> None:
    span = ("--since", "2024-01-02", "--until", "2024-01-12")
    read = json.loads(bot4("measures", bars_file, *SHORT, *span, "--json").out)
    assert read["returns"] == 239


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["nowhere.parquet"], "no file or folder nowhere.parquet"),
        (["simulated", "--level", "1"], "level is 1.0; allowed: above 0 and below 1"),
        (["simulated", "--level", "nan"], "level is nan"),
        (["simulated", "--method", "garhc"], "did you mean garch?"),
        (["simulated", "--window", "1"], "window is 1"),
        (["simulated", "--bars", "200", "--window", "300"], "at least 302"),
        (["simulated", "--share", "0"], "share is 0"),
        (["simulated", "--position", "much"], "position is 'much'"),
        (["simulated", "--shock", "all"], "not NAME=RETURN"),
        (["simulated", "--shock", "all=-2"], "below -1"),
        (["simulated", "--shock", "DOGE=-0.2"], "DOGE, which is not held"),
        (["simulated", "--shock", "all=-0.1", "--shock", "all=-0.2"], "given twice"),
        (["simulated", "--chart", "a.gif"], "png or html"),
        (["simulated", "--bars", "1"], "bars is 1"),
        (["simulated", "--since", "tomorrow"], "since"),
        (["x.csv", "--seed", "1"], "--seed and --bars are for simulated"),
    ],
)
def test_a_mistake_is_one_line(bot4: Bot4, typed: list[str], words: str) -> None:
    ran = bot4("measures", *typed)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert words in ran.err
