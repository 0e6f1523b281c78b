"""``[strategy.sizing]``: the same functions as in expressions, said in a configuration."""

import inspect
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bot4 as b4
from bot4.config.sizing import SIZINGS
from bot4.expression import Operand

Bot4 = Callable[..., Any]

SMALL = '[[strategy]]\nname = "sma_cross"\n[strategy.sizing]\n'
LEAST: dict[str, dict[str, Any]] = {
    "fixed_fraction": {"fraction": 0.25},
    "vol_target": {"target": 0.2},
    "risk_size": {"risk": 0.005},
    "kelly": {},
    "var_budget": {"budget": 0.01},
    "cvar_budget": {"budget": 0.01},
    "drawdown_scale": {"start": 0.05, "stop": 0.15},
}
# All parameters moved off their defaults, and the expression that they stand for.
WRITTEN: dict[str, tuple[dict[str, Any], Callable[[Operand], b4.Expr]]] = {
    "fixed_fraction": (
        {"fraction": 0.7, "cap": 0.5},
        lambda x: b4.fixed_fraction(x, 0.7, cap=0.5),
    ),
    "vol_target": (
        {"target": 0.4, "n": 30, "estimator": "ewma", "periods_per_year": 8000, "cap": 0.9},
        lambda x: b4.vol_target(x, 0.4, n=30, estimator="ewma", periods_per_year=8000, cap=0.9),
    ),
    "risk_size": (
        {"risk": 0.01, "atr": 20, "multiple": 3, "deadband": 0.1},
        lambda x: b4.deadband(b4.risk_size(0.01, 3 * b4.atr(20), x), 0.1),
    ),
    "kelly": (
        {"fraction": 0.5, "n": 40, "rate": 0.04, "shrink": False, "periods_per_year": 8760},
        lambda x: b4.kelly(x, 0.5, n=40, rate=0.04, shrink=False, periods_per_year=8760),
    ),
    "var_budget": (
        {"budget": 0.02, "level": 0.9, "n": 50, "horizon": 3, "estimator": "std"},
        lambda x: b4.var_budget(x, 0.02, level=0.9, n=50, horizon=3, estimator="std"),
    ),
    "cvar_budget": (
        {"budget": 0.02, "level": 0.9, "n": 50, "horizon": 3},
        lambda x: b4.cvar_budget(x, 0.02, level=0.9, n=50, horizon=3),
    ),
    "drawdown_scale": (
        {"start": 0.02, "stop": 0.3, "n": 500},
        lambda x: b4.drawdown_scale(x, 0.02, 0.3, n=500),
    ),
}
CROSS = b4.where(b4.sma(b4.close, 10) > b4.sma(b4.close, 30), 1.0, 0.0)


def written(values: dict[str, Any]) -> str:
    """As TOML: JSON writes plain values alike."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


@pytest.fixture
def toml(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "x.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("method", WRITTEN)
def test_a_configuration_runs_the_very_expression(
    bot4: Bot4, toml: Callable[[str], Path], method: str
) -> None:
    values, wrapped = WRITTEN[method]

    @b4.strategy
    def by_hand() -> b4.Target:
        return b4.target(wrapped(CROSS))

    market = b4.simulated(bars=2_000, seed=7)
    judge = b4.backtest(by_hand(), market)
    assert judge.metrics.fills > 10
    sized = b4.sma_cross().sized(method, **values)
    in_python = b4.backtest(sized, market)
    told = ["ts", "side", "price", "quantity", "fee"]
    assert in_python.fills.select(told).equals(judge.fills.select(told))
    text = f'[backtest]\nbars = 2000\n{SMALL}method = "{method}"\n{written(values)}'
    ran = bot4("backtest", toml(text + '[risk]\nprofile = "unleveraged"\n'), "--json")
    read = json.loads(ran.out)
    assert read["ledger_hash"] == in_python.metrics.ledger_hash
    assert sized.sizing is not None
    assert read["sizing"] == [sized.sizing.values]
    assert sized.sizing.values | {"method": method, **values} == sized.sizing.values


def test_defaults_are_those_of_the_functions() -> None:
    for name, table in SIZINGS.items():
        if name == "risk_size":  # its stop is said in true ranges, which the function takes as any
            continue
        given = inspect.signature(getattr(b4, name)).parameters
        for parameter, field in table.model_fields.items():
            if parameter in {"method", "deadband"}:
                continue
            required = given[parameter].default is inspect.Parameter.empty
            assert field.is_required() is required, f"{name} {parameter}"
            assert required or field.default == given[parameter].default, f"{name} {parameter}"


MISTAKES = {
    'method = "vol_taget"': "strategy.1.sizing: there is no sizing 'vol_taget'; did you mean vol_t",
    "target = 0.2": "strategy.1.sizing.method is missing; known: fixed_fraction, vol_target, risk",
    "method = 5": "strategy.1.sizing: there is no sizing '5'; known: fixed_fraction",
    'method = "vol_target"': "strategy.1.sizing.target is missing; give a volatility a year, 0.2",
    'method = "vol_target"\ntarget = -1': "strategy.1.sizing.target is -1; allowed: a volatility",
    'method = "vol_target"\ntarget = inf': "strategy.1.sizing.target is inf; allowed: a vol",
    'method = "vol_target"\ntarget = nan': "strategy.1.sizing.target is nan; allowed: a vol",
    'method = "vol_target"\ntarget = "0.2"': "strategy.1.sizing.target is '0.2'; allowed: a vol",
    'method = "vol_target"\ntarget = true': "strategy.1.sizing.target is true; allowed: a vol",
    'method = "vol_target"\ntarget = 0.2\ntargets = 3': (
        "unknown key strategy.1.sizing.targets; did you mean target?"
    ),
    'method = "vol_target"\ntarget = 0.2\ncap = 0': "strategy.1.sizing.cap is 0; allowed: the most",
    'method = "vol_target"\ntarget = 0.2\nn = 1': (
        "strategy.1.sizing.n is 1; allowed: a whole number of bars from 2 to 1000000"
    ),
    'method = "kelly"\nshrink = 1': "strategy.1.sizing.shrink is 1; allowed: true or false",
    'method = "kelly"\nfraction = 2': "strategy.1.sizing.fraction is 2; allowed: a part of Kelly's",
    'method = "drawdown_scale"\nstart = 0.2\nstop = 0.1': (
        "strategy.1.sizing: stop is 0.1; it must lie above start, 0.2"
    ),
    'method = "var_budget"\nbudget = 0.01\nn = 50': (
        "var_budget: 50 returns hold none beyond 0.99; n must be at least 100"
    ),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_line_with_what_is_allowed(
    bot4: Bot4, toml: Callable[[str], Path], text: str
) -> None:
    path = toml(f"{SMALL}{text}\n")
    ran = bot4("config", "check", path.name)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: x.toml: ")
    assert MISTAKES[text] in ran.err
    assert ran.err.count("\n") == 1


def test_a_table_is_wanted(bot4: Bot4, toml: Callable[[str], Path]) -> None:
    path = toml('[[strategy]]\nname = "sma_cross"\nsizing = 5\n')
    err = bot4("config", "check", path.name).err
    assert "strategy.1.sizing is 5; allowed: a table: [strategy.sizing]" in err


@pytest.mark.parametrize(
    ("method", "values", "words"),
    [
        ("vol_targt", {}, "there is no sizing 'vol_targt'; did you mean vol_target?"),
        ("vol_target", {}, "vol_target needs the parameter target: a volatility a year"),
        ("vol_target", {"target": "x"}, "vol_target: target is 'x'; allowed: a volatility a year"),
        ("kelly", {"fracton": 1}, "kelly has no parameter 'fracton'; did you mean fraction?"),
        ("drawdown_scale", {"start": 0.1, "stop": 0.1}, "drawdown_scale: stop is 0.1; it must"),
    ],
)
def test_python_is_refused_in_the_same_words(
    method: str, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(b4.ParameterError) as refused:
        b4.sma_cross().sized(method, **values)
    assert words in str(refused.value)


CLASS = """import bot4 as b4

@b4.strategy
class Holds(b4.Strategy):
    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        ctx.target(1.0)
"""
QUOTES = "import bot4 as b4\n\n@b4.strategy\ndef maker():\n    return b4.quote(0.001, 0.001, 0.1)\n"
STOPS = """import bot4 as b4

@b4.strategy
def stops():
    up = b4.where(b4.close > b4.sma(b4.close, 20), 1.0, 0.0)
    return b4.target(up, stop_loss=0.05)
"""
SIZED = '[[strategy]]\nfile = "mine.py"\n[strategy.sizing]\nmethod = "vol_target"\ntarget = 0.2\n'


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (CLASS, "strategy Holds is a class, which asks for its sizes in on_bar"),
        (QUOTES, "strategy maker makes a market, and says the size of its quotes itself"),
        (STOPS, "strategy stops has exits, and a size that moves with the market would buy back"),
    ],
)
def test_what_cannot_be_sized_is_refused(
    bot4: Bot4, toml: Callable[[str], Path], code: str, words: str
) -> None:
    for market in ("", "[backtest]\n"):
        path = toml(market + SIZED)
        (path.parent / "mine.py").write_text(code, encoding="utf-8")
        for command in (("config", "check"), ("run",), ("backtest",)):
            ran = bot4(*command, path.name)
            assert ran.code == 2
            assert words in ran.err
            assert ran.err.count("\n") == 1


def test_a_target_with_exits_keeps_the_size_of_its_entry(
    bot4: Bot4, toml: Callable[[str], Path]
) -> None:
    path = toml(f"[backtest]\nbars = 3000\n{SIZED}deadband = 1\n[risk]\nprofile = 'unleveraged'\n")
    (path.parent / "mine.py").write_text(STOPS, encoding="utf-8")
    read = json.loads(bot4("backtest", path.name, "--json").out)
    # One order goes in; what comes out is the stop or the signal, and nothing in between.
    assert read["trades"] > 20
    assert read["fills"] == 2 * read["trades"] + read["open_trades"]


def test_show_says_which_sizing_holds_and_can_be_read_again(
    bot4: Bot4, toml: Callable[[str], Path]
) -> None:
    for method, values in LEAST.items():
        path = toml(f'{SMALL}method = "{method}"\n{written(values)}')
        shown = bot4("config", "show", path.name).out
        read = tomllib.loads(shown)["strategy"][0]["sizing"]
        assert read["method"] == method
        assert read | values == read
        table = shown.partition("[strategy.sizing]\n")[2].partition("\n[")[0]
        lines = {line.partition(" = ")[0]: line.rpartition("# ")[2] for line in table.splitlines()}
        assert (lines["method"], lines["deadband"]) == ("file", "default")
        told = json.loads(bot4("config", "show", path.name, "--json").out)
        assert told["origins"]["strategy.1.sizing.method"] == "file"
        path.write_text(shown, encoding="utf-8")
        again = tomllib.loads(bot4("config", "show", path.name).out)
        assert again["strategy"][0]["sizing"] == read


def test_check_run_and_summary_say_which_sizing_holds(
    bot4: Bot4, toml: Callable[[str], Path]
) -> None:
    markets = "[backtest]\nbars = 500\n[run]\nspeed = 'max'\n"
    path = toml(f"{markets}{SMALL}method = 'vol_target'\ntarget = 0.2\n")
    words = "vol_target(target=0.2, n=60, estimator=std, cap=1, deadband=0)"
    assert f"slow=30) sized by {words} on simulated:BTCUSDT" in bot4("config", "check", path).out
    summary = " ".join(bot4("backtest", path).out.split())
    assert f"sized by {words}" in summary
    ran = bot4("run", path, "--for", "200ms", "--plain")
    assert f" fills, sized by {words}" in " ".join(ran.out.split())
    ended = bot4("run", path, "--for", "200ms", "--json", "--fresh")
    assert json.loads(ended.out)["sizing"] == {"sma_cross": words}
    # Who sizes itself is not said to be sized.
    assert "sized by" not in bot4("backtest", "--strategy", "sma_cross", "--bars", "500").out


def test_the_schema_knows_every_method_and_parameter(bot4: Bot4) -> None:
    schema = json.loads(bot4("config", "schema").out)
    tables = {
        table["properties"]["method"]["const"]: set(table["properties"]) - {"method"}
        for table in schema["$defs"].values()
        if "const" in table["properties"].get("method", {})
    }
    assert tables == {name: set(table.model_fields) - {"method"} for name, table in SIZINGS.items()}
    assert schema["$defs"]["VolTarget"]["additionalProperties"] is False
    assert schema["$defs"]["VolTarget"]["properties"]["cap"]["exclusiveMinimum"] == 0


def test_the_readme_documents_every_method_and_parameter() -> None:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## Sizing\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    rows = {line.split("`")[1].partition("(")[0]: line for line in lines}
    assert set(rows) == set(SIZINGS)
    alike = {"cvar_budget": rows["var_budget"]}  # "the same", it says
    for name, table in SIZINGS.items():
        for parameter in set(table.model_fields) - {"method", "cap", "deadband"}:
            assert f"`{parameter}`" in rows[name] + alike.get(name, ""), f"{name} {parameter}"
    assert "have `cap`" in section
    assert "or `deadband` in a" in section
