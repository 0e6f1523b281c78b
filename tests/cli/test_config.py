"""`bot4 config`: what a configuration means, what holds, and what is wrong with it."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Bot4 = Callable[..., Any]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SMALL = '[[strategy]]\nname = "sma_cross"\n'


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "first.toml"
    path.write_text('[run]\nspeed = 30\nfolder = "kept"\n' + SMALL, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["first.toml", "backtest.toml", "sizing.toml"])
def test_the_examples_are_ok(bot4: Bot4, name: str) -> None:
    ran = bot4("config", "check", EXAMPLES / name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("ok: ")
    assert "risk: unleveraged" in ran.out


def test_check_says_what_was_understood(bot4: Bot4) -> None:
    out = bot4("config", "check", EXAMPLES / "first.toml").out
    for words in (
        "run: on paper, a SIMULATED market, seed 7, in bars of 5s, at speed 60, with 10000\n",
        "folder: .bot4/first, durability each\n",
        "strategy: sma_cross(fast=4, slow=12) on simulated:BTCUSDT, 0.5 of the equity\n",
        "strategy: donchian_breakout(entry=8, exit=4) on simulated:ETHUSDT, 0.5 of the equity\n",
    ):
        assert words in out


def test_several_strategies_on_one_instrument_are_told_apart(bot4: Bot4, tmp_path: Path) -> None:
    other = SMALL + "[strategy.set]\nfast = 5\n"
    (tmp_path / "x.toml").write_text(SMALL + other + SMALL, encoding="utf-8")
    ran = bot4("config", "check", "x.toml")
    assert (ran.code, ran.err) == (0, "")
    for words in (
        "sma_cross(fast=10, slow=30) on simulated:BTCUSDT",
        "sma_cross-2(fast=5, slow=30) on simulated:BTCUSDT",
        "sma_cross-3(fast=10, slow=30) on simulated:ETHUSDT",
    ):
        assert words in ran.out


def test_check_names_what_is_replayed(bot4: Bot4, tmp_path: Path) -> None:
    (tmp_path / "BTC.csv").write_text("ts,price,qty\n1,9,1\n", encoding="utf-8")
    text = '[run]\nfeed = "replay"\ndata = "BTC.csv"\n' + SMALL
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    out = bot4("config", "check", "x.toml").out
    assert "a replay of trades from BTC.csv, at speed 1" in out
    assert "strategy: sma_cross(fast=10, slow=30) on file:BTC, 1 of the equity" in out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '[[strategy]]\nname = "sma_crss"\n',
            "there is no strategy 'sma_crss'; did you mean sma_c",
        ),
        ('[[strategy]]\nfile = "none.py"\n', "there is no strategy file none.py"),
        ('[[strategy]]\nfile = "broken.py"\n', "broken.py:1:"),
        (
            SMALL + "[strategy.set]\nfast = 0\n",
            "parameter fast of sma_cross is 0; allowed: a whole",
        ),
        (SMALL + "[strategy.set]\nfst = 1\n", "has no parameter 'fst'; did you mean fast?"),
        (SMALL + 'instruments = ["BTCUSD"]\n', "no instrument 'BTCUSD'"),
        (SMALL + 'instruments = ["BTCUSDT", "BTCUSDT"]\n', "names simulated:BTCUSDT twice"),
        (SMALL + "[risk]\nprofile = 'defaut'\n", "no risk profile 'defaut'; did you mean default?"),
        (SMALL + "[risk]\nprofile = 'research'\n", "risk.profile is 'research', which is for back"),
        (SMALL + "[risk.limits]\nposition_max = -1\n", "position_max must be a fraction from 0"),
        (SMALL + "[risk.limits]\npositon_max = 1\n", "no limit 'positon_max'; did you mean posit"),
        (
            '[run]\nfeed = "replay"\ndata = "none.gz"\n' + SMALL,
            "there is no file or folder none.gz",
        ),
        ("[backtest]\ndata = 'x.csv'\nseed = 1\n" + SMALL, "leave them out"),
        ("[run]\nspeed = 'fast'\n" + SMALL, "run.speed is 'fast'; allowed: a number above 0"),
        ("[rum]\n" + SMALL, "unknown key rum; did you mean run?"),
        ("[run]\n", "strategy is missing; a run needs at least one [[strategy]]"),
    ],
)
def test_check_refuses_with_the_file_in_one_line(
    bot4: Bot4, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    (tmp_path / "broken.py").write_text("def broken(:\n", encoding="utf-8")
    ran = bot4("config", "check", "x.toml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: x.toml: ")
    assert words in ran.err
    assert ran.err.count("\n") == 1


def test_research_is_for_backtests(bot4: Bot4, tmp_path: Path) -> None:
    text = "[backtest]\n" + SMALL + "[risk]\nprofile = 'research'\n"
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    assert bot4("config", "check", "x.toml").out == (
        "ok: x.toml\nbacktest: on simulated\nrisk: research\n"
    )


def test_show_tells_who_said_each_value(
    bot4: Bot4, toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT4__RISK__PROFILE", "unleveraged")
    out = bot4("config", "show", toml.name).out
    lines = {line.partition(" = ")[0]: line.rpartition("# ")[2] for line in out.splitlines()}
    assert (lines["speed"], lines["seed"]) == ("file", "default")
    assert lines["profile"] == "BOT4__RISK__PROFILE in the environment"
    shown = tomllib.loads(out)
    assert (shown["run"]["speed"], shown["run"]["seed"]) == (30, 7)
    assert shown["risk"]["profile"] == "unleveraged"
    assert [one["symbol"] for one in shown["instrument"]] == [
        "simulated:BTCUSDT",
        "simulated:ETHUSDT",
    ]


def test_show_writes_what_can_be_read_again(bot4: Bot4, tmp_path: Path) -> None:
    odd = SMALL + 'set = { a = 0.5, "b c" = "\\u007f\\"x", d = [1, 2], e = { f = true } }\n'
    odd += 'instruments = ["x"]\n[risk.limits]\nposition_max = 0.00001\nshorting = false\n'
    (tmp_path / "x.toml").write_text(odd, encoding="utf-8")
    shown = bot4("config", "show", "x.toml").out
    (tmp_path / "y.toml").write_text(shown, encoding="utf-8")
    again = bot4("config", "show", "y.toml").out
    assert tomllib.loads(again) == tomllib.loads(shown)
    assert tomllib.loads(shown)["strategy"] == tomllib.loads(odd)["strategy"]
    assert tomllib.loads(shown)["risk"]["limits"] == {"position_max": 0.00001, "shorting": False}


def test_show_without_a_file_has_the_defaults(bot4: Bot4) -> None:
    shown = tomllib.loads(bot4("config", "show").out)
    assert shown["run"]["feed"] == "simulated"
    assert shown["risk"]["profile"] == "default"


def test_show_for_machines_is_one_object(bot4: Bot4, toml: Path) -> None:
    shown = json.loads(bot4("config", "show", toml, "--json").out)
    assert shown["config"]["run"]["speed"] == "30"
    assert shown["config"]["run"]["folder"] == str(toml.parent / "kept")
    assert shown["origins"] == {
        "run.speed": "file",
        "run.folder": "file",
        "strategy.1.name": "file",
    }


def test_what_is_shown_of_a_limit_with_a_reason_reads_as_it_was_written(
    bot4: Bot4, tmp_path: Path
) -> None:
    said = {"value": 0.2, "reason": 'a "thin" coin'}
    path = tmp_path / "reasoned.toml"
    path.write_text(
        SMALL + "[risk.limits]\ncollar = { value = 0.2, reason = 'a \"thin\" coin' }\n", "utf-8"
    )
    shown = bot4("config", "show", path).out
    assert tomllib.loads(shown)["risk"]["limits"] == {"collar": said}


def test_the_schema_describes_every_key(bot4: Bot4) -> None:
    schema = json.loads(bot4("config", "schema").out)
    assert schema["required"] == ["strategy"]
    assert set(schema["properties"]) >= {"backtest", "run", "instrument", "strategy", "risk"}
    for name, table in schema["$defs"].items():
        for key, field in table["properties"].items():
            assert field.get("description"), f"{name}.{key}"


def test_an_unknown_variable_stops_a_backtest_too(
    bot4: Bot4, toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT4__RISK__PROFIL", "unleveraged")
    ran = bot4("backtest", toml)
    assert ran.code == 2
    assert ran.err == (
        "error: BOT4__RISK__PROFIL in the environment: unknown key risk.profil; "
        "did you mean profile?\n"
    )
