"""The other commands, and how the program behaves in a shell."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bot4 as b4

Bot4 = Callable[..., Any]

PROGRAM = [sys.executable, "-c", "from bot4.cli import main; raise SystemExit(main())"]


def test_version_is_that_of_the_engine(bot4: Bot4) -> None:
    assert bot4("--version").out == f"bot4 {b4.__version__}\n"


def test_without_a_command_it_shows_help(bot4: Bot4) -> None:
    ran = bot4()
    assert ran.code == 0
    for command in ("backtest", "strategies", "new"):
        assert command in ran.out


def test_strategies_lists_names_parameters_and_ranges(bot4: Bot4) -> None:
    ran = bot4("strategies")
    assert ran.code == 0
    for words in ("sma_cross (expression)", "fast = 10", "from 1 to 100000", "donchian_breakout"):
        assert words in ran.out


def test_strategies_lists_the_ways_to_size_them(bot4: Bot4) -> None:
    out = bot4("strategies").out
    for words in (
        "vol_target (sizing)",
        "target           required   a volatility a year",
        "kelly",
    ):
        assert words in out
    listed = json.loads(bot4("strategies", "--json").out)["sizing"]
    assert [one["name"] for one in listed] == [
        "fixed_fraction",
        "vol_target",
        "risk_size",
        "kelly",
        "var_budget",
        "cvar_budget",
        "drawdown_scale",
    ]
    target, *_, cap, deadband = listed[1]["parameters"]
    assert (target["name"], target["required"], target["default"]) == ("target", True, None)
    assert (cap["name"], cap["default"]) == ("cap", 1.0)
    assert (deadband["name"], deadband["default"]) == ("deadband", 0.0)
    assert all(one["summary"] for one in listed)


def test_strategies_prints_one_json_object(bot4: Bot4) -> None:
    listed = json.loads(bot4("strategies", "--json").out)["strategies"]
    cross = next(one for one in listed if one["name"] == "sma_cross")
    assert cross["parameters"][0] == {
        "name": "fast",
        "required": False,
        "default": 10,
        "allowed": "a whole number from 1 to 100000",
    }


@pytest.mark.parametrize("name", ["my_first", "my_first.py"])
def test_new_writes_a_strategy_that_runs_and_trades(bot4: Bot4, tmp_path: Path, name: str) -> None:
    assert bot4("new", name).out == "wrote my_first.py; run it with: bot4 backtest my_first.py\n"
    ran = bot4("backtest", "my_first.py", "--json")
    assert json.loads(ran.out)["trades"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["my_first.py"]


def test_a_strategy_by_new_passes_its_own_linter(bot4: Bot4, tmp_path: Path) -> None:
    bot4("new", "my_first")
    compile((tmp_path / "my_first.py").read_text(encoding="utf-8"), "my_first.py", "exec")
    lines = (tmp_path / "my_first.py").read_text(encoding="utf-8").splitlines()
    assert max(len(line) for line in lines) <= 100


def test_ctrl_c_is_one_line_and_130(tmp_path: Path) -> None:
    pressing = tmp_path / "pressing.py"
    pressing.write_text(
        "import os, signal\nimport bot4 as b4\n\n@b4.strategy\nclass Pressing(b4.Strategy):\n"
        "    def on_bar(self, ctx, bar):\n        os.kill(os.getpid(), signal.SIGINT)\n",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [*PROGRAM, "backtest", str(pressing), "--data", "simulated"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 130
    assert ran.stdout == ""
    assert ran.stderr.splitlines() == ["error: interrupted; nothing was written"]


def test_a_closed_pipe_is_quiet() -> None:
    with subprocess.Popen(
        [*PROGRAM, "backtest", "--strategy", "sma_cross", "--data", "simulated"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 1
