"""A configuration file is complete and typed, or one line says what is wrong with it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import bot4 as b4
from bot4.config import read_backtest

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "first.toml"
SMALL = '[[strategy]]\nname = "sma_cross"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_is_simulated_and_names_its_profile() -> None:
    config = read_backtest(EXAMPLE)
    assert config.backtest.data == "simulated"
    assert config.risk.profile == "unleveraged"
    chosen = b4.find(str(config.strategy[0].name))(**config.strategy[0].set)
    assert chosen.params["entry"] == 48


def test_what_a_file_leaves_out_has_the_strict_default(tmp_path: Path) -> None:
    config = read_backtest(written(tmp_path, SMALL))
    assert config.risk.profile == "default"
    assert (config.backtest.data, config.backtest.cash) == ("simulated", Decimal(10_000))


def test_numbers_are_kept_as_they_were_written(tmp_path: Path) -> None:
    text = '[backtest]\ncash = 0.1\nfee_bps = "7.5"\nsince = 2024-01-01\n' + SMALL
    text += "[risk.limits]\nposition_max = 0.3\nshort = true\n"
    config = read_backtest(written(tmp_path, text))
    assert (config.backtest.cash, config.backtest.fee_bps) == (Decimal("0.1"), Decimal("7.5"))
    assert config.backtest.since == date(2024, 1, 1)
    assert config.risk.limits == {"position_max": Decimal("0.3"), "short": True}


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    text = '[backtest]\ndata = "bars/BTC.csv"\n[[strategy]]\nfile = "mine.py"\n'
    config = read_backtest(written(tmp_path, text))
    assert config.backtest.data == str(tmp_path / "bars/BTC.csv")
    assert config.strategy[0].file == tmp_path / "mine.py"


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    config = read_backtest(written(tmp_path, '[backtest]\ndata = "/bars/BTC.csv"\n' + SMALL))
    assert config.backtest.data == "/bars/BTC.csv"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[backtest\n", "is not valid TOML"),
        ("[backtest]\ncash = = 1\n", "line 2"),
        ("[backtest]\ncsah = 1\n" + SMALL, "unknown key backtest.csah; did you mean cash?"),
        ("[backtset]\ncash = 1\n" + SMALL, "unknown key backtset; did you mean backtest?"),
        ('[[strategy]]\nnmae = "x"\n', "did you mean name?"),
        ("[backtest]\ncash = 0\n" + SMALL, "backtest.cash is 0; allowed: an amount above 0"),
        ("[backtest]\ncash = nan\n" + SMALL, "backtest.cash is nan; allowed: an amount"),
        ("[backtest]\ncash = true\n" + SMALL, "backtest.cash is true; allowed: an amount"),
        ("[backtest]\ncash = 1e30\n" + SMALL, "backtest.cash is 1E+30; allowed: an amount"),
        ("[backtest]\ncash = '1_000'\n" + SMALL, "backtest.cash is '1_000'; allowed: an amount"),
        ("[backtest]\nseed = true\n" + SMALL, "backtest.seed is true; allowed: a whole number"),
        ("[backtest]\nbars = 1\n" + SMALL, "allowed: a whole number from 2 to 10000000"),
        ("[backtest]\ndata = ''\n" + SMALL, "backtest.data is ''; allowed: a path or"),
        ("[backtest]\nuntil = 10:00:00\n" + SMALL, "backtest.until is 10:00:00; allowed: a date"),
        ("[backtest]\nsince = 5\n" + SMALL, "backtest.since is 5; allowed: a date or a time"),
        ("backtest = 5\n" + SMALL, "backtest is 5; allowed: a table: [backtest]"),
        ("[strategy]\nname = 'x'\n", "strategy is a table; allowed: one or more tables: [[stra"),
        ("strategy = []\n", "strategy is an empty list; allowed: one or more tables"),
        ("strategy = ['x']\n", "strategy.1 is 'x'; allowed: one or more tables"),
        ("[[strategy]]\nfile = ''\n", "strategy.1.file is ''; allowed: the path of a NAME.py"),
        (SMALL + "instruments = ['A', 5]\n", "strategy.1.instruments is 5; allowed: names"),
        (SMALL + "set = 5\n", "strategy.1.set is 5; allowed: a table of parameters"),
        (SMALL + "[risk]\nlimits = 5\n", "risk.limits is 5; allowed: a table: [risk.limits]"),
        (
            SMALL + "[risk.limits]\nposition_max = nan\n",
            "risk.limits.position_max is nan; allowed: a number, or true or false",
        ),
        (
            SMALL + "[risk.limits]\nposition_max = [1]\n",
            "risk.limits.position_max is a list; allowed: a number",
        ),
        pytest.param("x = " + "[" * 3_000 + "\n", "is not valid TOML", id="deep"),
        pytest.param("x = " + "9" * 5_000 + "\n", "is not valid TOML", id="long"),
        ("[backtest]\nfee_bps = -1\n" + SMALL, "backtest.fee_bps is -1; allowed: from 0 to 10000"),
        ('[backtest]\nbars = "many"\n' + SMALL, "backtest.bars is 'many'"),
        ("[backtest]\ncash = 1\n", "strategy is missing"),
        ("[[strategy]]\ninstruments = []\n", "give a name or a file"),
        (SMALL + "allocation = 1.5\n", "strategy.1.allocation"),
    ],
)
def test_refuses_with_the_file_the_key_and_what_is_allowed(
    tmp_path: Path, text: str, words: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(b4.ConfigError) as refused:
        read_backtest(path)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    for leaked in ("valid boolean", "greater than", "datetime.", "valid dictionary", "instance of"):
        assert leaked not in str(refused.value)


def test_a_limit_of_one_is_a_number_and_not_true(tmp_path: Path) -> None:
    limits = read_backtest(written(tmp_path, SMALL + "[risk.limits]\nposition_max = 1\n")).risk
    assert limits.limits == {"position_max": Decimal(1)}
    assert type(limits.limits["position_max"]) is Decimal


def test_an_unknown_home_stays_as_it_was_written(tmp_path: Path) -> None:
    config = read_backtest(written(tmp_path, "[backtest]\ndata = '~nouser/x.csv'\n" + SMALL))
    assert config.backtest.data == str(tmp_path / "~nouser/x.csv")


def test_refuses_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(b4.ConfigError, match="there is no configuration file") as refused:
        read_backtest(tmp_path / "none.toml")
    assert "none.toml" in str(refused.value)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(b4.ConfigError, match="cannot be read") as refused:
        read_backtest(tmp_path / "binary.toml")
    assert "binary.toml" in str(refused.value)
