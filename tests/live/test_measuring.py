"""What a run measures of itself for its budgets: from which closes, of what, and when not."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

import bot4 as b4
from bot4 import _engine
from bot4.errors import DataError, EngineError, ParameterError
from bot4.live import measuring
from bot4.live.breaker import Breaker
from bot4.live.budget import HORIZON_NS, LEVEL, Way
from bot4.live.component import Supervised
from bot4.live.measuring import Losses, Measuring, Seen, look, measured
from live.bots import configured, outcome, ran, running

T = TypeVar("T")

MINUTE_NS = 60 * 10**9
START_NS = 1_704_067_200 * 10**9
BTC, ETH = "simulated:BTCUSDT", "simulated:ETHUSDT"
WAY = Way("ewma", MINUTE_NS, 30, MINUTE_NS, (BTC,))
RISES = (np.sin(np.arange(31) * 1.7) + 1.5) / 1_000


def closes(returns: Any, *, last_ns: int = START_NS, step_ns: int = MINUTE_NS) -> list[Any]:
    """A close for each end of a step, the last one at `last_ns`; one more than returns."""
    prices = 100.0 * np.cumprod([1.0, *(1.0 + np.asarray(returns))])
    first_ns = last_ns - (len(prices) - 1) * step_ns
    return [(first_ns + place * step_ns, float(price)) for place, price in enumerate(prices)]


def seen(worth: dict[str, float], **changed: Any) -> Seen:
    told = {"now_ns": START_NS, "equity": 10_000.0, "closes": {BTC: closes(RISES[-30:])}}
    return Seen(**{**told, "worth": worth, **changed})


def test_a_day_of_what_is_held_is_measured_as_measures_do() -> None:
    losses = measured(seen({BTC: 5_000.0}), WAY)
    wanted = b4.measures.value_at_risk(RISES[-30:] / 2, LEVEL, "ewma", horizon=1_440)
    assert losses is not None
    assert losses.var == pytest.approx(wanted.value_at_risk, rel=1e-9)
    assert losses.cvar == pytest.approx(wanted.expected_shortfall, rel=1e-9)
    assert losses.cvar > losses.var > 0
    doubled = measured(seen({BTC: 10_000.0}), WAY)
    assert doubled is not None
    assert doubled.var == pytest.approx(2 * losses.var)


def test_what_moves_against_each_other_adds_up_to_nothing() -> None:
    both = {BTC: closes(RISES[-30:]), ETH: closes(RISES[-30:])}
    losses = measured(seen({BTC: 5_000.0, ETH: -5_000.0}, closes=both), WAY)
    assert losses is not None
    assert losses.cvar < 1e-12


def test_nothing_held_loses_nothing_and_a_gain_is_no_loss() -> None:
    assert measured(seen({}), WAY) == Losses(0.0, 0.0)
    steady = seen({BTC: 5_000.0}, closes={BTC: closes([0.01, 0.0101] * 15)})
    assert measured(steady, replace(WAY, method="normal")) == Losses(0.0, 0.0)


@pytest.mark.parametrize(
    "changed",
    [
        {"closes": {BTC: closes(RISES[-29:])}},
        {"closes": {BTC: []}},
        {"closes": {}},
        {"closes": {BTC: closes(RISES[-30:], last_ns=START_NS + MINUTE_NS)}},
        {"closes": {BTC: closes(RISES[-30:], last_ns=START_NS - 2 * MINUTE_NS - 1)}},
        {"worth": {ETH: 1.0}},
        {"closes": {BTC: closes(RISES), ETH: closes(RISES[-5:])}, "worth": {ETH: 1.0}},
    ],
)
def test_too_few_closes_or_old_ones_are_no_measure_even_where_nothing_is_held(
    changed: dict[str, Any],
) -> None:
    assert measured(seen(**{"worth": {}, **changed}), WAY) is None


def test_steps_that_one_of_them_does_not_have_are_left_out() -> None:
    every, third = closes(RISES.repeat(3)), closes(RISES.repeat(3))[::3]
    told = seen({BTC: 5_000.0}, closes={BTC: every, ETH: third})
    assert measured(told, replace(WAY, instruments=(BTC, ETH))) is not None
    few = replace(WAY, instruments=(BTC, ETH), returns=len(third))
    assert measured(told, few) is None


@pytest.mark.parametrize("equity", [0.0, -1.0, math.nan])
def test_without_equity_there_is_nothing_to_lose_a_part_of(equity: float) -> None:
    with pytest.raises(DataError, match="nothing to lose a part of"):
        measured(seen({BTC: 1.0}, equity=equity), WAY)


class Driven:
    """A run that is asked in the loop itself."""

    def __init__(self, folder: Path, way: Way) -> None:
        self.run = _engine.Run(
            cash="10000",
            taker_fee="0",
            maker_fee="0",
            slippage="0",
            latency_ns=0,
            bar_interval_ns=10**9,
            profile="unleveraged",
            limits={"var_max": "0.5"},
        )
        self.run.keep_closes(way.step_ns, way.kept_max)
        self.run.add_simulated(BTC, "60000", "0.01", "0.00001", 7, START_NS)
        program = _engine.Program([("constant", [], [0.5])], [0])
        self.run.add_program("holder", BTC, "1", program)
        self.run.open(str(folder), durability="block", clock_s=1_704_067_200)

    async def ask(self, question: Callable[[_engine.Run], T]) -> T:
        return question(self.run)

    def measure(self) -> dict[str, Any] | None:
        told: dict[str, Any] | None = self.run.status()["risk"]["measure"]
        return told

    def on(self, seconds: int) -> None:
        self.run.advance(self.run.now_ns + seconds * 10**9, 2**40)


async def lived(component: Measuring, seconds: float) -> Supervised:
    kept = Supervised(component, Breaker(component.name, "x", 0.0))
    async with asyncio.TaskGroup() as group:
        await kept.begin(group)
        await asyncio.sleep(seconds)
        kept.rest()
    return kept


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "LOOK_S", 0.01)


def test_a_run_is_told_what_it_may_lose_once_there_are_enough_closes(tmp_path: Path) -> None:
    way = Way("ewma", 10 * 10**9, 20, 60 * 10**9, (BTC,))
    driven = Driven(tmp_path, way)
    measures = Measuring(way, driven)
    driven.run.advance(START_NS, 1)
    driven.on(150)
    asyncio.run(lived(measures, 0.1))
    assert driven.measure() is None
    assert driven.run.status()["refused"] == {
        "unmeasured": driven.run.status()["refused"]["unmeasured"]
    }
    driven.on(90)
    asyncio.run(lived(measures, 1.0))
    first = driven.measure()
    assert first is not None
    assert (first["as_of"], first["level"], first["horizon_s"]) == (
        driven.run.now_ns,
        "0.99",
        86_400,
    )
    assert float(first["var"]) == 0.0, "nothing is held yet"
    driven.on(59)
    assert driven.run.status()["positions"], "and now something may be"
    asyncio.run(lived(measures, 0.1))
    assert driven.measure() == first, "it is not due"
    driven.on(2)
    asyncio.run(lived(measures, 0.3))
    second = driven.measure()
    assert second is not None
    assert 0 < float(second["var"]) < float(second["cvar"])
    driven.run.close()


def test_where_measuring_fails_the_old_measure_stays_and_grows_old(tmp_path: Path) -> None:
    way = Way("garch", 10 * 10**9, 20, 10**9, (BTC,))
    driven = Driven(tmp_path, way)
    driven.run.advance(START_NS, 1)
    driven.on(60)
    driven.run.measured(0.0, 0.0, driven.run.now_ns)
    driven.on(240)
    known = driven.measure()
    assert driven.run.status()["positions"]
    with pytest.raises(ParameterError, match="returns"):
        measured(look(driven.run), way)
    kept = asyncio.run(lived(Measuring(way, driven), 0.5))
    assert kept.breaker.reason is not None
    assert "returns" in kept.breaker.reason
    assert driven.measure() == known
    driven.on(700)
    limits = {row["limit"]: row for row in driven.run.status()["risk"]["limits"]}
    assert limits["var_max"]["state"] == "unknown"
    assert limits["measure_age_max_s"]["use"] > 1
    driven.run.close()


def test_a_run_refuses_what_cannot_be_a_measure_and_goes_on(tmp_path: Path) -> None:
    driven = Driven(tmp_path, WAY)
    driven.run.advance(START_NS, 1)
    driven.on(10)
    now_ns = driven.run.now_ns
    driven.run.measured(0.01, 0.02, now_ns)
    known = driven.measure()
    for var, cvar, as_of_ns in [
        (math.nan, 0.02, now_ns),
        (0.01, math.inf, now_ns),
        (-0.01, 0.02, now_ns),
        (0.03, 0.02, now_ns),
        (0.01, 0.02, now_ns + 1),
        (0.01, 0.02, now_ns - 1),
    ]:
        with pytest.raises(EngineError):
            driven.run.measured(var, cvar, as_of_ns)
        assert driven.measure() == known
    driven.on(10)
    assert driven.run.status()["events"] > 0
    (kept,) = [one for one in driven.run.records(0, 10**6) if one["kind"] == "measured"]
    assert (kept["var"], kept["cvar"], kept["as_of"]) == ("0.01", "0.02", now_ns)
    driven.run.close()


def test_the_last_close_of_each_step_is_kept_and_no_more_than_asked_for(tmp_path: Path) -> None:
    driven = Driven(tmp_path, replace(WAY, returns=2))
    assert driven.run.closes() == {BTC: []}
    driven.run.advance(START_NS, 1)
    driven.on(3_600)
    (kept,) = driven.run.closes().values()
    assert len(kept) == replace(WAY, returns=2).kept_max
    assert {end % MINUTE_NS for end, _ in kept} == {0}
    assert np.diff([end for end, _ in kept]).tolist() == [MINUTE_NS] * (len(kept) - 1)
    assert kept[-1][0] - driven.run.now_ns < MINUTE_NS
    with pytest.raises(EngineError, match="add to it before"):
        driven.run.keep_closes(1, 1)
    driven.run.close()


BUDGET = '\n[risk.limits]\nvar_max = {var}\n[measure]\nbar = "10s"\nreturns = 20\nevery_s = 10\n'


def budgeted(folder: Path, var: float, measure: str = "", **changed: Any) -> Path:
    path = configured(folder, **{"speed": 300, **changed})
    path.write_text(path.read_text("utf-8") + BUDGET.format(var=var) + measure, encoding="utf-8")
    return path


def test_a_bot_with_a_budget_trades_once_it_has_measured_and_says_so(tmp_path: Path) -> None:
    with running(budgeted(tmp_path, 0.9)) as bot:
        status = bot.until(lambda told: told["risk"]["measure"] and told["fills"])
        assert status["refused"]["unmeasured"] > 0
        assert status["components"]["measures"]["state"] == "closed"
        limits = {row["limit"]: row for row in status["risk"]["limits"]}
        assert limits["var_max"]["state"] == "used"
        bot.ask("stop")
        code, _, err = bot.end()
    assert (code, err) == (0, "")


def test_a_bot_beyond_its_budget_opens_nothing_more(tmp_path: Path) -> None:
    with running(budgeted(tmp_path, 0)) as bot:
        status = bot.until(lambda told: told["refused"].get("var_limit"))
        assert float(status["risk"]["measure"]["var"]) > 0


def test_a_run_without_a_budget_measures_nothing(tmp_path: Path) -> None:
    with running(configured(tmp_path)) as bot:
        status = bot.until(lambda told: told["fills"])
    assert status["risk"]["measure"] is None
    assert "measures" not in status["components"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"speed": '"max"'}, "var_max needs a market that keeps time"),
        ({"speed": 901}, "run.speed is 901: a measure would be too old"),
        ({"measure": "method = 'historical'\n"}, "historical needs 8739 of 10s for a day"),
        ({"measure": "method = 'garch'\n"}, "garch needs 250 of 10s"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    done = ran(budgeted(tmp_path, 0.5, **changes))
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / ".bot4").exists()


@pytest.mark.parametrize(
    ("bar", "words"),
    [
        ("1m", "measure.bar is '10s', and the market's bars are of 1m: set it to that or longer"),
        ("1h", "measure.bar is '10s', and the market's bars are of 1h: set it to that or longer"),
    ],
)
def test_bars_longer_than_a_step_are_one_line(tmp_path: Path, bar: str, words: str) -> None:
    done = ran(budgeted(tmp_path, 0.5), BOT4__RUN__BAR=bar)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert words in done.stderr


def test_a_measure_that_is_too_old_whenever_a_bar_closes_is_one_line(tmp_path: Path) -> None:
    asked = {"BOT4__RUN__BAR": "1h", "BOT4__MEASURE__BAR": "1h"}
    done = ran(budgeted(tmp_path, 0.5), **asked)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert (
        "a measure is that old when one closes: risk.limits.measure_age_max_s is 900" in done.stderr
    )
    told = ran(
        budgeted(tmp_path, 0.5),
        "--for",
        "1s",
        **asked,
        BOT4__RISK__LIMITS__MEASURE_AGE_MAX_S="3600",
    )
    assert told.returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('bar = "10s"', 'bar = "8s"', "a budget is of a day: from 9s to 1d"),
        ('bar = "10s"', 'bar = "2d"', "a budget is of a day: from 9s to 1d"),
        ("every_s = 10", "every_s = 900", "a measure would be too old before the next"),
        ("returns = 20", "returns = 19", "ewma needs 20 of 10s"),
        ('bar = "10s"', 'bar = "10x"', "measure.bar is '10x'; allowed"),
        ("every_s = 10", "every_s = 0", "measure.every_s is 0; allowed"),
        ("every_s = 10", "method = 'guess'", "measure.method is 'guess'; allowed: \"historical\""),
    ],
)
def test_a_way_that_cannot_be_is_one_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = budgeted(tmp_path, 0.5)
    path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")
    done = ran(path)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_methods_and_what_they_need_are_those_of_measures() -> None:
    from typing import get_args

    from bot4.config import Method
    from bot4.measures.var import returns_needed

    assert get_args(Method) == b4.measures.METHODS
    chance = np.random.default_rng(7)
    for method in b4.measures.METHODS:
        least = returns_needed(method, LEVEL, 12)
        enough = chance.standard_t(4, size=least) / 100
        assert b4.measures.value_at_risk(enough, LEVEL, method, horizon=12).n == least
        if method != "cornish_fisher":  # within its domain it needs fewer
            with pytest.raises(ParameterError):
                b4.measures.value_at_risk(enough[1:], LEVEL, method, horizon=12)
    assert HORIZON_NS == 86_400 * 10**9


def test_a_budgeted_run_goes_on_with_what_was_measured(tmp_path: Path) -> None:
    path = budgeted(tmp_path, 0.9)
    first = outcome(path, "--for", "3s")
    again = outcome(path, "--for", "500ms")
    assert again["orders"] >= first["orders"] > 0
