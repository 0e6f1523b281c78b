"""A configuration file is complete and typed, or one line says what is wrong with it."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import bot4 as b4
from bot4.config import Config, read, read_backtest, read_run, run_folder

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
EXAMPLE = EXAMPLES / "backtest.toml"
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


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ("position_max = 0.11", "limits.position_max = 0.11 is looser than is safe (up to 0.1)"),
        ("shorting = true", "limits.shorting = true is looser than is safe (false); say why"),
        ("cooldown_s = 30", "limits.cooldown_s = 30 is looser than is safe (from 60); say why"),
        ("collar = { value = 0.2 }", "risk.limits.collar"),
        ("collar = { value = 0.2, reason = ' ' }", "risk.limits.collar"),
        ("collar = 7", "collar must be a fraction from 0 to 1, not '7'"),
    ],
)
def test_what_is_looser_than_is_safe_wants_a_reason(
    tmp_path: Path, limits: str, words: str
) -> None:
    path = written(tmp_path, SMALL + f"[risk.limits]\n{limits}\n")
    with pytest.raises(b4.ConfigError) as refused:
        read_backtest(path)
    assert words in str(refused.value)


def test_what_is_tighter_or_explained_does_not(tmp_path: Path) -> None:
    text = SMALL + "[risk.limits]\nposition_max = 0.1\nrepeats_max = 5\n"
    text += "collar = { value = 0.2, reason = 'an illiquid coin' }\n"
    risk = read_backtest(written(tmp_path, text)).risk
    assert risk.values["collar"] == Decimal("0.2")
    wide = SMALL + "[risk]\nprofile = 'unleveraged'\n[risk.limits]\nposition_max = 0.5\n"
    assert read_backtest(written(tmp_path, wide)).risk.values == {"position_max": Decimal("0.5")}


def test_numbers_are_kept_as_they_were_written(tmp_path: Path) -> None:
    text = '[backtest]\ncash = 0.1\nfee_bps = "7.5"\nsince = 2024-01-01\n' + SMALL
    text += "[risk.limits]\nposition_max = 0.1\n"
    text += 'shorting = { value = true, reason = "a test" }\n'
    config = read_backtest(written(tmp_path, text))
    assert (config.backtest.cash, config.backtest.fee_bps) == (Decimal("0.1"), Decimal("7.5"))
    assert config.backtest.since == date(2024, 1, 1)
    assert config.risk.values == {"position_max": Decimal("0.1"), "shorting": True}


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
            "risk.limits.position_max is nan; allowed: a number, true or false where",
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
    limits = read_backtest(written(tmp_path, SMALL + "[risk.limits]\nprice_age_max_s = 1\n")).risk
    assert limits.values == {"price_age_max_s": Decimal(1)}
    assert type(limits.values["price_age_max_s"]) is Decimal


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


def test_the_first_run_is_two_strategies_on_two_simulated_markets() -> None:
    config = read_run(EXAMPLES / "first.toml")
    assert (config.run.feed, config.run.speed, config.run.bar) == ("simulated", Decimal(60), "5s")
    assert config.run.folder == Path(".bot4/first")
    assert [(one.name, one.instruments) for one in config.strategy] == [
        ("sma_cross", ("BTCUSDT",)),
        ("donchian_breakout", ("ETHUSDT",)),
    ]
    assert [one.symbol for one in config.instrument] == ["simulated:BTCUSDT", "simulated:ETHUSDT"]


def test_the_examples_explain_every_key() -> None:
    text = "".join((EXAMPLES / name).read_text("utf-8") for name in ("backtest.toml", "first.toml"))
    for name, field in Config.model_fields.items():
        table = type(field.default) if name not in {"instrument", "strategy"} else None
        assert f"[{name}]" in text
        for key in table.model_fields if table else ():
            assert re.search(rf"^(# )?(\[{name}\.)?{key}( = |\])", text, re.MULTILINE), key


def test_a_run_has_its_defaults(tmp_path: Path) -> None:
    config = read_run(written(tmp_path, SMALL))
    run = config.run
    assert (run.feed, run.bar, run.bar_given, run.on_stop) == ("simulated", "1s", False, "keep")
    assert (run.speed, run.snapshot_s, run.latency_ns) == (Decimal(1), Decimal(60), 5_000_000)
    assert (run.folder, run.durability, run.data) == (Path(".bot4/run"), "each", ())
    assert [one.symbol for one in config.instrument] == ["simulated:BTCUSDT", "simulated:ETHUSDT"]
    assert (config.log.level, config.log.file, config.metrics.endpoint) == (
        "info",
        "bot4.log",
        None,
    )


def test_what_is_replayed_starts_at_the_folder_of_the_file(tmp_path: Path) -> None:
    text = '[run]\nfeed = "replay"\ndata = ["a.gz", "/b.gz"]\nfolder = "kept"\nbar = "1m"\n' + SMALL
    path = written(tmp_path, text)
    run = read_run(path).run
    assert run.data == (str(tmp_path / "a.gz"), "/b.gz")
    assert run.bar_given
    assert run_folder(path) == tmp_path / "kept"


def test_one_file_serves_a_backtest_and_a_run(tmp_path: Path) -> None:
    path = written(tmp_path, "[backtest]\nbars = 500\n[run]\nspeed = 'max'\n" + SMALL)
    assert read_backtest(path).backtest.bars == 500
    assert read_run(path).run.speed == "max"


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [("127.0.0.1:9400", ("127.0.0.1", 9400)), ("[::1]:0", ("::1", 0)), ("host:80", ("host", 80))],
)
def test_an_address_is_a_host_and_a_port(
    tmp_path: Path, address: str, endpoint: tuple[str, int]
) -> None:
    config = read_run(written(tmp_path, f'{SMALL}[metrics]\naddress = "{address}"\n'))
    assert config.metrics.endpoint == endpoint


INSTRUMENT = '[[instrument]]\nsymbol = "BTCUSDT"\nprice = 1\ntick = 1\nlot = 1\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[run]\nsnapshots_s = 1\n", "unknown key run.snapshots_s; did you mean snapshot_s?"),
        ("[run]\nfeed = 'reply'\n", 'run.feed is \'reply\'; allowed: "simulated" or "replay"'),
        ("[run]\nfeed = 'replay'\n", 'run: feed = "replay" needs data'),
        ("[run]\ndata = 'x.gz'\n", 'run: data is for feed = "replay"'),
        ("[run]\nfeed = 'replay'\ndata = ''\n", "run.data is ''; allowed: the path of"),
        ("[run]\nfeed = 'replay'\ndata = 5\n", "run.data is 5; allowed: the path of"),
        ("[run]\nfeed = 'replay'\ndata = 'x'\n" + INSTRUMENT, "[[instrument]] is of simulated"),
        ("[run]\nspeed = 0\n", "run.speed is 0; allowed: a number above 0"),
        ("[run]\nspeed = 'fast'\n", "run.speed is 'fast'; allowed: a number above 0"),
        ("[run]\nspeed = inf\n", "run.speed is inf; allowed: a number above 0"),
        ("[run]\nbar = '0s'\n", "run.bar is '0s'; allowed: a number and s, m, h or d"),
        ("[run]\nbar = 60\n", "run.bar is 60; allowed: a number and s, m, h or d"),
        ("[run]\nlatency_ms = -1\n", "run.latency_ms is -1; allowed: from 0 to 60000"),
        ("[run]\nsnapshot_s = 0\n", "run.snapshot_s is 0; allowed: a number above 0"),
        ("[run]\non_stop = 'sell'\n", 'run.on_stop is \'sell\'; allowed: "keep" or "flatten"'),
        ("[run]\ndurability = 'all'\n", 'run.durability is \'all\'; allowed: "each" or "block"'),
        ("[run]\nfolder = ''\n", "run.folder is ''; allowed: a path, in quotes"),
        ("[run]\nseed = -1\n", "run.seed is -1; allowed: a whole number, at least 0"),
        ("run = 5\n", "run is 5; allowed: a table: [run]"),
        ("instrument = []\n", "instrument is an empty list; allowed: one or more tables"),
        ("[instrument]\n", "instrument is a table; allowed: one or more tables: [[instrument]]"),
        ("[[instrument]]\nsymbol = 'B'\n", "instrument.1.price is missing; give what it begins"),
        (INSTRUMENT.replace("price = 1", "price = 0"), "instrument.1.price is 0; allowed: what it"),
        (INSTRUMENT.replace("BTC", "binance:BTC"), "instrument.1.symbol is 'binance:BTCUSDT'; al"),
        (INSTRUMENT.replace("BTCUSDT", "BTC USDT"), "instrument.1.symbol is 'BTC USDT'; allowed"),
        (INSTRUMENT + INSTRUMENT, "[[instrument]] has simulated:BTCUSDT twice"),
        ("[log]\nfile = true\n", "log.file is true; allowed: a name or a path, in quotes, or fa"),
        ("[log]\nlevel = 'all'\n", 'log.level is \'all\'; allowed: "debug", "info", "warning"'),
        ("[log]\nkeep = 0\n", "log.keep is 0; allowed: a whole number from 1 to 1000"),
        ("[metrics]\naddress = '9400'\n", "metrics.address is '9400'; allowed: a host and a port"),
        ("[metrics]\naddress = 'a:99999'\n", "metrics.address is 'a:99999'; allowed: a host"),
        ("[risk]\nprofile = 'research'\n", "risk.profile is 'research', which is for backtests"),
        ("[risk.limits]\nshort = true\n", "risk: there is no limit 'short'; "),
    ],
)
def test_a_run_refuses_with_the_file_the_key_and_what_is_allowed(
    tmp_path: Path, text: str, words: str
) -> None:
    path = written(tmp_path, text if text.startswith(("run", "inst")) else SMALL + text)
    if text.startswith(("run", "inst")):
        path.write_text(text + SMALL, encoding="utf-8")
    with pytest.raises(b4.ConfigError) as refused:
        read_run(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_environment_wins_over_the_file_and_what_is_typed_over_both(tmp_path: Path) -> None:
    path = written(tmp_path, "[run]\nspeed = 1\nseed = 1\ncash = 1\n" + SMALL)
    environment = {
        "BOT4__RUN__SPEED": "2",
        "BOT4__RUN__SEED": "2",
        "BOT4__RISK__PROFILE": "unleveraged",
        "BOT4__RISK__LIMITS__POSITION_MAX": "0.1",
        "BOT4__RISK__LIMITS__SHORTING": '{ value = true, reason = "hedged" }',
        "BOT4__RUN__DATA": '["a.gz", "~nouser/b.gz"]',
        "BOT4__RUN__FEED": "replay",
        "BOT4__LOG__FILE": "false",
        "PATH": "",
    }
    reading = read(path, {"run.speed": "max"}, environment)
    config = reading.config
    assert (config.run.speed, config.run.seed, config.run.cash) == ("max", 2, Decimal(1))
    assert config.risk.profile == "unleveraged"
    assert config.risk.values == {"position_max": Decimal("0.1"), "shorting": True}
    assert config.run.data == ("a.gz", "~nouser/b.gz")
    assert config.log.file is False
    assert reading.origins["run", "speed"] == "the command line"
    assert reading.origins["run", "seed"] == "BOT4__RUN__SEED in the environment"
    assert reading.origins["run", "cash"] == "file"
    assert ("run", "bar") not in reading.origins


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BOT4__RUN__SPED", "1", "unknown key run.sped; did you mean speed?"),
        ("BOT4__RSK__PROFILE", "x", "unknown key rsk.profile; did you mean risk?"),
        ("BOT4__RISK__LIMITS__POSITON_MAX", "1", "risk.limits.positon_max; did you mean position"),
        ("BOT4__RUN__SPEED__X", "1", "unknown key run.speed.x; run.speed is one value"),
        ("BOT4__RUN", "1", "run is a table; known: feed, seed"),
        ("BOT4__", "1", "unknown key ''; known: backtest, run"),
        ("BOT4__STRATEGY__1__NAME", "x", "[[strategy]] can be set in a file only"),
        ("BOT4__RUN__SPEED", "", "run.speed is ''; allowed: a number above 0"),
        ("BOT4__RUN__SPEED", "1\nseed = 2", "run.speed is '1\\nseed = 2'; allowed: a number"),
        ("BOT4__RISK__LIMITS__POSITION_MAX", "lots", "risk.limits.position_max is 'lots'; allowed"),
        ("BOT4__RISK__PROFILE", "research", "risk.profile is 'research', which is for backtests"),
    ],
)
def test_refuses_a_variable_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(b4.ConfigError) as refused:
        read_run(written(tmp_path, SMALL))
    assert str(refused.value).startswith(f"{name} in the environment: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_variable_that_quarrels_with_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(b4.ConfigError, match=r"\(with BOT4__RUN__FEED in the environment\)"):
        read(written(tmp_path, SMALL), {}, {"BOT4__RUN__FEED": "replay"})


def test_refuses_what_was_typed_in_the_name_of_the_command_line(tmp_path: Path) -> None:
    for typed, words in (("fast", "run.speed is 'fast'"), ("0", "run.speed is 0")):
        with pytest.raises(b4.ConfigError, match=f"the command line: {words}"):
            read_run(written(tmp_path, SMALL), {"run.speed": typed})
