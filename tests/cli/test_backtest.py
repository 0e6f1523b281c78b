"""`bot4 backtest` runs a strategy by name, from a file, or by a configuration."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bot4 as b4

Bot4 = Callable[..., Any]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "backtest.toml"
SMA = ("backtest", "--strategy", "sma_cross")


def numbers(ran: Any) -> dict[str, Any]:
    assert (ran.code, ran.out.count("\n")) == (0, 1), ran.err
    read: dict[str, Any] = json.loads(ran.out)
    return read


def test_runs_a_strategy_by_name_on_a_file(bot4: Bot4, bars_file: Path) -> None:
    settings = ("--set", "fast=5", "--set", "slow=20", "--fee-bps", "7.5", "--cash", "5000")
    read = numbers(bot4(*SMA, "--data", bars_file, *settings, "--json"))
    assert read["params"] == {"fast": 5, "slow": 20}
    assert (read["fee_bps"], read["slippage_bps"], read["cash"]) == (7.5, 1.0, 5000.0)
    assert (read["simulated"], read["risk_profile"]) == (False, "unleveraged")
    same = b4.backtest(b4.sma_cross(fast=5, slow=20), bars_file, cash=5000, fee_bps=7.5)
    assert read["ledger_hash"] == same.metrics.ledger_hash


def test_without_data_it_runs_on_a_simulated_market_and_says_so(bot4: Bot4) -> None:
    ran = bot4(*SMA, "--seed", "3", "--bars", "500")
    assert ran.code == 0
    assert "SIMULATED market, seed 3" in ran.err
    assert ran.err == "no --data given: running on a SIMULATED market, seed 3\n"
    assert ran.out.startswith("SIMULATED market, seed 3")


def test_simulated_may_be_asked_for_by_name(bot4: Bot4) -> None:
    ran = bot4(*SMA, "--data", "simulated", "--json")
    assert ran.err == ""
    assert (numbers(ran)["bars"], numbers(ran)["seed"]) == (10_000, 7)


def test_runs_the_example_configuration(bot4: Bot4) -> None:
    read = numbers(bot4("backtest", EXAMPLE, "--json"))
    assert (read["strategy"], read["bars"], read["simulated"]) == (
        "donchian_breakout",
        20_000,
        True,
    )
    assert read["risk_profile"] == "unleveraged"


def test_what_is_typed_wins_over_the_configuration(bot4: Bot4, bars_file: Path) -> None:
    typed = ("--data", bars_file, "--set", "entry=5", "--cash", "77", "--risk", "default")
    read = numbers(bot4("backtest", EXAMPLE, *typed, "--until", "2024-01-05", "--json"))
    assert (read["bars"], read["simulated"]) == (96, False)
    assert read["params"] == {"entry": 5, "exit": 24}
    assert (read["cash"], read["risk_profile"]) == (77.0, "default")


def test_another_strategy_may_be_typed_over_the_configuration(bot4: Bot4) -> None:
    read = numbers(bot4("backtest", EXAMPLE, "--strategy", "sma_cross", "--json"))
    assert (read["strategy"], read["params"]) == ("sma_cross", {"fast": 10, "slow": 30})


def test_a_configuration_reads_strategies_and_bars_beside_it(
    bot4: Bot4, tmp_path: Path, bars_file: Path
) -> None:
    assert bot4("new", "mine").code == 0
    text = f'[backtest]\ndata = "{bars_file.name}"\n[[strategy]]\nfile = "mine.py"\n'
    text += "[strategy.set]\ntrend = 50\n[risk]\nprofile = 'unleveraged'\n"
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    read = numbers(bot4("backtest", tmp_path / "run.toml", "--json"))
    assert (read["strategy"], read["params"]["trend"]) == ("mine", 50)
    assert read["instruments"] == ["file:BTCUSDT-1h"]


def test_a_configuration_without_a_risk_table_has_the_strict_profile(
    bot4: Bot4, tmp_path: Path
) -> None:
    (tmp_path / "run.toml").write_text('[[strategy]]\nname = "sma_cross"\n', encoding="utf-8")
    assert numbers(bot4("backtest", "run.toml", "--json"))["risk_profile"] == "default"


def test_chooses_one_of_several_strategies_of_a_configuration(bot4: Bot4, tmp_path: Path) -> None:
    text = '[[strategy]]\nname = "sma_cross"\n[strategy.set]\nfast = 3\n'
    text += '[[strategy]]\nname = "donchian_breakout"\n'
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    typed = ("--strategy", "sma_cross", "--set", "slow=9", "--json")
    assert numbers(bot4("backtest", "run.toml", *typed))["params"] == {"fast": 3, "slow": 9}


def test_a_run_can_be_repeated_from_its_output(bot4: Bot4, bars_file: Path) -> None:
    typed = ("--cash", "5000", "--fee-bps", "7.5", "--risk", "default")
    read = numbers(bot4(*SMA, "--data", bars_file, *typed, "--json"))
    again = b4.backtest(
        b4.sma_cross(**read["params"]),
        bars_file,
        cash=read["cash"],
        fee_bps=read["fee_bps"],
        slippage_bps=read["slippage_bps"],
        risk="research",
        limits=read["limits"],
    )
    assert again.metrics.fills == read["fills"] > 0
    assert again.metrics.final_equity == read["final_equity"]


def test_the_defaults_in_the_help_are_those_that_hold(bot4: Bot4) -> None:
    shown = " ".join(bot4("backtest", "--help").out.split())
    read = numbers(bot4(*SMA, "--json"))
    for name in ("cash", "fee_bps", "slippage_bps", "seed", "bars"):
        assert f"({read[name]:g})" in shown, name
    assert f"({read['risk_profile']})" in shown


@pytest.mark.parametrize("name", ["run.png", "run.html"])
def test_draws_beside_printing(bot4: Bot4, tmp_path: Path, name: str) -> None:
    assert numbers(bot4(*SMA, "--bars", "300", "--plot", name, "--json"))["bars"] == 300
    assert (tmp_path / name).stat().st_size > 10_000


def test_a_folder_runs_on_each_file_with_a_part_of_the_equity(bot4: Bot4, tmp_path: Path) -> None:
    (tmp_path / "bars").mkdir()
    for name in ("A", "B"):
        b4.simulated(bars=200, seed=ord(name)).frame.write_csv(tmp_path / "bars" / f"{name}.csv")
    assert numbers(bot4(*SMA, "--data", "bars", "--json"))["instruments"] == ["file:A", "file:B"]
