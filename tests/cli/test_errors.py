"""Whatever a user does wrong is one line that says what to do, exit code 2, and no half file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import bot4 as b4

Bot4 = Callable[..., Any]

RAISES = """
import bot4 as b4

@b4.strategy
class Raising(b4.Strategy):
    def on_bar(self, ctx, bar):
        return 1 / 0
"""
FILES: dict[str, str] = {
    "raising.py": RAISES,
    "syntax.py": "def broken(:\n",
    "empty.py": "x = 1\n",
    "none.py": "import bot4 as b4\n@b4.strategy\ndef none():\n    return 1\n",
    "exists.py": "x = 1\n",
    "broken.toml": "[backtest\n",
    "unknown.toml": '[backtest]\ncsah = 1\n[[strategy]]\nname = "sma_cross"\n',
    "nothing.toml": "[backtest]\ncash = 1\n",
    "seeded.toml": '[backtest]\ndata = "BTC.csv"\nseed = 1\n[[strategy]]\nname = "sma_cross"\n',
    "two.toml": '[[strategy]]\nname = "sma_cross"\n[[strategy]]\nname = "donchian_breakout"\n',
    "strategy.toml": '[[strategy]]\nname = "sma_crss"\n',
    "notes.txt": "x",
    "leaving.py": RAISES.replace("return 1 / 0", "raise SystemExit(0)"),
    "starting.py": RAISES.replace("on_bar(self, ctx, bar)", "on_start(self, ctx)").replace(
        "return 1 / 0", "raise GeneratorExit\n    def on_bar(self, ctx, bar): pass"
    ),
    "exit.py": "import sys\nsys.exit()\n",
    "profile.toml": '[[strategy]]\nname = "sma_cross"\n[risk]\nprofile = "x"\n',
    "soon.toml": '[backtest]\nsince = "soon"\n[[strategy]]\nname = "sma_cross"\n',
    "true.toml": '[[strategy]]\nname = "sma_cross"\n[strategy.set]\nfast = true\n',
    "nan.toml": '[[strategy]]\nname = "sma_cross"\n[risk.limits]\nposition_max = nan\n',
}
SMA = ("backtest", "--strategy", "sma_cross")
LONG = "x" * 300


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    frame = b4.simulated(bars=100, seed=1).frame
    frames = {
        "BTC": frame,
        "lacking": frame.drop("volume"),
        "unsorted": frame.reverse(),
        "doubled": pl.concat([frame[:10], frame[9:]]),
        "gone": frame.with_columns(
            close=pl.when(pl.int_range(pl.len()) == 7).then(float("nan")).otherwise("close")
        ),
        "words": frame.with_columns(pl.lit("cheap").alias("low")),
        "cased": frame.with_columns(Close=pl.col("close")),
        "digits": frame.with_columns(ts=20_240_101 + pl.int_range(pl.len())),
        "american": frame.with_columns(pl.col("ts").dt.strftime("%m/%d/%Y")),
        "late": frame.with_columns(ts=pl.lit("9000-01-01")),
        "untimed": frame.with_columns(ts=pl.lit(float("nan"))),
    }
    for name, changed in frames.items():
        changed.write_csv(tmp_path / f"{name}.csv")
    unsigned = frame.with_columns(ts=pl.lit(2**63, pl.UInt64))
    unsigned.write_parquet(tmp_path / "unsigned.parquet")
    (tmp_path / "damaged.parquet").write_bytes((tmp_path / "unsigned.parquet").read_bytes()[:-9])
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow.toml").mkdir()
    return tmp_path


CASES: list[tuple[tuple[str, ...], str]] = [
    ((*SMA, "--data", "missing.csv"), "there is no file or folder missing.csv"),
    ((*SMA, "--data", "hollow"), "hollow has no file *.parquet or *.csv"),
    ((*SMA, "--data", "q*.parquet"), "no file *.parquet or *.csv matches"),
    ((*SMA, "--data", "notes.txt"), "is not a .parquet or .csv file"),
    ((*SMA, "--data", "lacking.csv"), "lacking.csv has no column volume"),
    ((*SMA, "--data", "unsorted.csv"), "unsorted.csv: "),
    ((*SMA, "--data", "doubled.csv"), "doubled.csv: "),
    ((*SMA, "--data", "gone.csv"), "gone.csv: "),
    ((*SMA, "--data", "words.csv"), "column 'low' holds 'cheap' in row 0"),
    ((*SMA, "--data", "BTC.csv", "--since", "2030-01-01"), "it holds 2024-01-01T00:00Z to"),
    ((*SMA, "--since", "soon"), "since is 'soon'; give an ISO date"),
    ((*SMA, "--since", "2024-02-01", "--until", "2024-01-01"), "must be before until"),
    (("backtest",), "say which strategy to run: --strategy NAME"),
    (("backtest", "--strategy", "sma_crss"), "did you mean sma_cross?"),
    (("backtest", "sma_cross"), "is not a strategy file; give --strategy sma_cross"),
    (("backtest", "notes.txt"), "give a file NAME.py or NAME.toml"),
    ((*SMA, "--set", "fsat=10"), "no parameter 'fsat'; did you mean fast?"),
    ((*SMA, "--set", "fast=0"), "parameter fast of sma_cross is '0'; allowed: a whole number"),
    ((*SMA, "--set", "fast=ten"), "is 'ten'; allowed: a whole number from 1 to 100000"),
    ((*SMA, "--set", "fast"), "is not NAME=VALUE, such as --set fast=10"),
    ((*SMA, "--cash", "0"), "cash is 0; allowed: an amount above 0"),
    ((*SMA, "--cash", "lots"), "cash is 'lots', which is not a number"),
    ((*SMA, "--fee-bps", "-1"), "fee_bps is -1; allowed: from 0 to 10000"),
    ((*SMA, "--slippage-bps", "nan"), "slippage_bps is 'nan'; give a finite number"),
    ((*SMA, "--risk", "unlevraged"), "did you mean unleveraged?"),
    ((*SMA, "--seed", "1", "--data", "BTC.csv"), "are for --data simulated"),
    ((*SMA, "--seed", "-1"), "seed is -1"),
    ((*SMA, "--bars", "1"), "bars is 1; allowed: a whole number from 2 to 10000000"),
    ((*SMA, "--data", ""), "--data is empty: give a value or leave it out"),
    ((*SMA, "--risk", ""), "--risk is empty"),
    (("backtest", "--strategy", " "), "--strategy is empty"),
    ((*SMA, "--cash", ""), "--cash is empty"),
    ((*SMA, "--fee-bps", ""), "--fee-bps is empty"),
    ((*SMA, "--slippage-bps", ""), "--slippage-bps is empty"),
    ((*SMA, "--since", ""), "--since is empty"),
    ((*SMA, "--until", ""), "--until is empty"),
    ((*SMA, "--plot", ""), "the path of the plot is empty"),
    (("backtest", ""), "the name of the file is empty"),
    ((*SMA, "--set", "fast=1", "--set", "fast=2"), "--set fast is given twice; give it once"),
    ((*SMA, "--set", "fast=true"), "parameter fast of sma_cross is 'true'; allowed: a whole"),
    ((*SMA, "--cash", "1_000"), "cash is '1_000', which is not a number"),
    ((*SMA, "--cash", "1e30"), "cash is 1e30; allowed: an amount above 0"),
    ((*SMA, "--cash", "1e-999999999"), "cash is 1e-999999999; allowed: at most 28 digits"),
    ((*SMA, "--cash", "1e-19"), "cash is 1e-19; allowed: at most 18 decimal places"),
    ((*SMA, "--fee-bps", "1e-9"), "fee_bps is 1e-9; allowed: at most 8 decimal places"),
    ((*SMA, "--data", "~nouser/x.csv"), "there is no file or folder ~nouser/x.csv"),
    ((*SMA, "--data", LONG + ".csv"), "cannot be read: File name too long"),
    ((*SMA, "--plot", LONG + ".png"), "cannot be written: File name too long"),
    ((*SMA, "--plot", "~nouser/x.png"), "~nouser/x.png cannot be written: No such file"),
    (("backtest", LONG + ".py"), "cannot be read as Python: File name too long"),
    (("backtest", LONG + ".toml"), "cannot be read: File name too long"),
    (("backtest", "~nouser/x.py"), "there is no strategy file ~nouser/x.py"),
    (("backtest", "hollow.toml"), "hollow.toml cannot be read: Is a directory"),
    (("new", LONG), "cannot be written: File name too long"),
    ((*SMA, "--data", "cased.csv"), "cased.csv has two columns 'close' ('close' and 'Close')"),
    ((*SMA, "--data", "digits.csv"), "20240101 in row 0: a date written as digits"),
    ((*SMA, "--data", "american.csv"), "'01/01/2024' in row 0, which is not a time"),
    ((*SMA, "--data", "late.csv"), "in row 0, which is no time before 2262"),
    ((*SMA, "--data", "untimed.csv"), "column 'ts' holds 'NaN' in row 0, which is not a time"),
    ((*SMA, "--data", "unsigned.parquet"), "holds 9223372036854775808 in row 0, which is not"),
    ((*SMA, "--data", "damaged.parquet"), "damaged.parquet cannot be read as parquet"),
    (("backtest", "leaving.py"), "raised SystemExit: 0 at 2024-01-01T01:00Z (leaving.py, line 7)"),
    (("backtest", "starting.py"), "raised GeneratorExit at the start (starting.py, line 7)"),
    (("backtest", "exit.py"), "exit.py raised SystemExit (exit.py, line 2)"),
    (("backtest", "profile.toml"), "profile.toml: there is no risk profile 'x'"),
    (("backtest", "soon.toml"), "soon.toml: since is 'soon'; give an ISO date"),
    (("backtest", "true.toml"), "true.toml: parameter fast of sma_cross is True; allowed: a w"),
    (("backtest", "nan.toml"), "nan.toml: risk.limits.position_max is nan; allowed: a number"),
    ((*SMA, "--bars", "many"), "--bars"),
    ((*SMA, "--plto", "x.png"), "--plot"),
    (("bakctest",), "bakctest"),
    ((*SMA, "--plot", "run.pdf"), "a plot is written as png or html"),
    ((*SMA, "--plot", "nowhere/run.png"), "cannot be written: No such file or directory"),
    ((*SMA, "--plot", "/proc/run.png"), "/proc/run.png cannot be written"),
    (("backtest", "gone.py"), "there is no strategy file gone.py; bot4 new NAME"),
    (("backtest", "syntax.py"), "syntax.py:1: invalid syntax"),
    (("backtest", "empty.py"), "defines no strategy; put @b4.strategy over one"),
    (("backtest", "none.py"), "returned int; return b4.target"),
    (("backtest", "raising.py"), "raised ZeroDivisionError: division by zero at 2024-01-01T01:00Z"),
    (("backtest", "gone.toml"), "there is no configuration file gone.toml"),
    (("backtest", "broken.toml"), "broken.toml is not valid TOML"),
    (("backtest", "unknown.toml"), "unknown key backtest.csah; did you mean cash?"),
    (("backtest", "nothing.toml"), "at least one [[strategy]]"),
    (("backtest", "seeded.toml"), 'are for data = "simulated"'),
    (("backtest", "strategy.toml"), "did you mean sma_cross?"),
    (("backtest", "two.toml", "--set", "fast=3"), "--set needs --strategy to choose one"),
    (("new", "exists"), "exists.py exists already; choose another name"),
    (("new", "not-a-name"), "'not-a-name' cannot be a name in Python"),
    (("new", "class"), "'class' cannot be a name"),
    (("new", "nowhere/mine"), "nowhere/mine.py cannot be written"),
]


def name(case: tuple[tuple[str, ...], str]) -> str:
    return " ".join(case[0]).replace(LONG, "LONG")


def check(ran: Any, words: str, folder: Path, before: list[Path]) -> None:
    lines = ran.err.splitlines()
    assert (ran.code, ran.out, len(lines)) == (2, "", 1), ran.err
    assert lines[0].startswith("error: ")
    assert words in lines[0]
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(("arguments", "words"), CASES, ids=[name(case) for case in CASES])
def test_is_one_clear_line_and_nothing_written(
    bot4: Bot4, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    check(bot4(*arguments), words, tmp_path, before)


DRAWING = [case for case in CASES if case[0][0] == "backtest" and "--plot" not in case[0]]


@pytest.mark.parametrize(("arguments", "words"), DRAWING, ids=[name(case) for case in DRAWING])
def test_is_the_same_line_where_json_and_a_plot_were_asked_for(
    bot4: Bot4, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    check(bot4(*arguments, "--json", "--plot", "out.png"), words, tmp_path, before)


def test_a_broken_invariant_is_a_fault_of_ours(bot4: Bot4, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise b4.InvariantError("invariant: the ledger and the venue differ")

    monkeypatch.setattr("bot4.cli.backtest.load", fail)
    ran = bot4(*SMA, "--data", "BTC.csv")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: a fault in BOT4: InvariantError: invariant: the ledger")


def test_debug_lets_the_traceback_out(bot4: Bot4) -> None:
    with pytest.raises(b4.StrategyError) as raised:
        bot4("backtest", "raising.py", "--debug")
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_a_fault_of_ours_is_one_line_too(bot4: Bot4, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("bot4.cli.backtest.load", fail)
    ran = bot4(*SMA, "--data", "BTC.csv")
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "error: a fault in BOT4: RuntimeError: two lines (--debug shows where)"
    ]
