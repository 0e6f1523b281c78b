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
        ("[backtest]\ncash = 0\n" + SMALL, "backtest.cash is 0; allowed: greater than 0"),
        ("[backtest]\ncash = nan\n" + SMALL, "backtest.cash is"),
        ("[backtest]\nfee_bps = -1\n" + SMALL, "backtest.fee_bps is -1; allowed: greater"),
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


def test_refuses_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(b4.ConfigError, match="there is no configuration file") as refused:
        read_backtest(tmp_path / "none.toml")
    assert "none.toml" in str(refused.value)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(b4.ConfigError, match="cannot be read") as refused:
        read_backtest(tmp_path / "binary.toml")
    assert "binary.toml" in str(refused.value)
