"""A backtest runs a strategy in the engine; settings become exact and errors get a place."""

import json
import os
import signal
import threading
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import bot4 as b4
from bot4 import _engine
from bot4.history.bars import load
from bot4.research.backtest import account, run
from bot4.research.seats import Leg


@b4.strategy
class CrossByHand(b4.Strategy):
    """The same rule as sma_cross, bar by bar."""

    fast: int = 10
    slow: int = 30

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        del bar
        close = ctx.history(self.slow).close
        if len(close) == self.slow:
            above = close[-self.fast :].mean() > close.mean()
            ctx.target(1.0 if above else 0.0)


@b4.strategy
class Breaking(b4.Strategy):
    """Raises at its tenth bar, or at once, or by an error of BOT4's own."""

    how: str = "divide"
    seen: int = 0

    def on_start(self, ctx: b4.Context) -> None:
        del ctx
        if self.how == "start":
            raise KeyError("nothing there")

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        del ctx, bar
        self.seen += 1
        if self.seen == 10 and self.how == "divide":
            print(1 / 0)
        if self.seen == 10 and self.how == "ours":
            b4.find("nowhere")
        if self.seen == 10 and self.how == "exit":
            raise SystemExit(0)
        if self.seen == 10 and self.how == "generator":
            raise GeneratorExit


@b4.strategy
class Pressing(b4.Strategy):
    """Presses Ctrl-C at its tenth bar."""

    seen: int = 0

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        del ctx, bar
        self.seen += 1
        if self.seen == 10:
            os.kill(os.getpid(), signal.SIGINT)


def test_the_fifteen_lines_of_the_readme_run(bars_file: Path) -> None:
    result = b4.backtest(b4.sma_cross(fast=10, slow=30), bars_file, cash=10_000, fee_bps=10)
    assert result.metrics.bars == 400
    assert result.metrics.trades > 0
    assert result.metrics.risk_profile == "unleveraged"


def test_an_expression_and_a_class_that_say_the_same_have_the_same_ledger(
    market: b4.SimulatedMarket,
) -> None:
    written = b4.backtest(b4.sma_cross, market)
    called = b4.backtest(CrossByHand, market)
    assert written.fills.drop("strategy").equals(called.fills.drop("strategy"))
    assert written.metrics.ledger_hash == called.metrics.ledger_hash


def test_takes_a_strategy_by_name_template_or_configured(market: b4.SimulatedMarket) -> None:
    hashes = {
        b4.backtest(one, market).metrics.ledger_hash
        for one in ("sma_cross", b4.sma_cross, b4.sma_cross(fast=10))
    }
    assert len(hashes) == 1


def test_several_instruments_share_the_equity(frame: pl.DataFrame) -> None:
    names = ("A", "B", "C")
    panel = pl.concat([frame.with_columns(symbol=pl.lit(name)) for name in names])
    result = b4.backtest(b4.sma_cross, panel, fee_bps=0, slippage_bps=0)
    assert result.metrics.instruments == ["frame:A", "frame:B", "frame:C"]
    first = result.fills.group_by("instrument").first()
    assert first["notional"].max() <= 10_000 / 3  # type: ignore[operator]
    assert set(first["instrument"]) == set(result.metrics.instruments)


def test_numbers_cross_the_border_exactly() -> None:
    asked = account(0.1, "7.5", 1, "unleveraged", {"position_max": 0.3, "shorting": False})
    assert asked.cash == Decimal("0.1")
    assert asked.fee_rate == Decimal("0.00075")
    assert asked.slippage_rate == Decimal("0.0001")
    assert asked.limits == {"position_max": "0.3", "shorting": False}


def test_a_limit_replaces_that_of_the_profile(market: b4.SimulatedMarket) -> None:
    result = b4.backtest(b4.sma_cross, market, limits={"order_max": "0.5", "position_max": "0.5"})
    assert result.fills["notional"].max() < 5_500  # type: ignore[operator]
    assert result.metrics.clipped > 0


def test_the_span_is_what_runs(market: b4.SimulatedMarket) -> None:
    result = b4.backtest(b4.sma_cross, market.frame, since="2024-01-03", until="2024-01-10")
    assert result.metrics.bars == 7 * 24


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"cash": 0}, b4.ParameterError, "cash is 0; allowed: an amount above 0"),
        ({"cash": -5}, b4.ParameterError, "cash is -5"),
        ({"cash": float("nan")}, b4.ParameterError, "finite"),
        ({"cash": "lots"}, b4.ParameterError, "cash is 'lots', which is not a number"),
        ({"cash": True}, b4.ParameterError, "cash is True"),
        ({"cash": "1_000"}, b4.ParameterError, "cash is '1_000', which is not a number"),
        ({"cash": 1e30}, b4.ParameterError, "cash is 1e+30; allowed: an amount above 0"),
        ({"cash": "1e-19"}, b4.ParameterError, "cash is 1e-19; allowed: at most 18 decimal"),
        ({"fee_bps": "1e-9"}, b4.ParameterError, "fee_bps is 1e-9; allowed: at most 8 decimal"),
        ({"fee_bps": []}, b4.ParameterError, "fee_bps is [], which is not a number"),
        ({"limits": [1]}, b4.ParameterError, "limits is [1]; give values by name"),
        ({"limits": {5: 1}}, b4.RiskError, "there is no risk limit 5"),
        ({"limits": {"collar": None}}, b4.ParameterError, "limit collar is None"),
        ({"risk": 5}, b4.ParameterError, "risk is 5; give the name of a profile"),
        ({"risk": None}, b4.ParameterError, "risk is None"),
        ({"risk": ""}, b4.RiskError, "there is no risk profile ''"),
        ({"since": 5}, b4.ParameterError, "since is 5; give an ISO date"),
        ({"until": True}, b4.ParameterError, "until is True; give an ISO date"),
        ({"progress": "sometimes"}, b4.ParameterError, "progress is 'sometimes'; allowed: True"),
        ({"journal": 1}, b4.ParameterError, "journal is 1; allowed: True or False"),
        ({"fee_bps": -1}, b4.ParameterError, "fee_bps is -1; allowed: from 0 to 10000"),
        ({"slippage_bps": 10_001}, b4.ParameterError, "slippage_bps is 10001"),
        ({"risk": "unlevraged"}, b4.RiskError, "did you mean unleveraged?"),
        ({"limits": {"position_mx": 1}}, b4.RiskError, "did you mean position_max?"),
        ({"limits": {"position_max": "x"}}, b4.ParameterError, "limit position_max is 'x'"),
        ({"limits": {"var_max": 0.02}}, b4.RiskError, "nobody makes in a backtest: leave them"),
        ({"limits": {"cvar_max": 0}}, b4.RiskError, "nobody makes in a backtest: leave them"),
        ({"limits": {"position_max": -1}}, b4.RiskError, "position_max"),
        ({"since": "soon"}, b4.ParameterError, "since is 'soon'"),
    ],
)
def test_refuses_a_setting_and_says_what_is_allowed(
    market: b4.SimulatedMarket, settings: dict[str, object], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as refused:
        b4.backtest(b4.sma_cross, market, **settings)  # type: ignore[arg-type]
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("strategy", [7, lambda: None, b4.Strategy])
def test_refuses_what_is_no_strategy(market: b4.SimulatedMarket, strategy: object) -> None:
    with pytest.raises(b4.StrategyError, match="is not a strategy; put @b4") as refused:
        b4.backtest(strategy, market)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", [5, None, [], "sma_crss"])
def test_refuses_a_name_that_is_not_registered(name: object) -> None:
    with pytest.raises(b4.StrategyError, match="there is no strategy") as refused:
        b4.find(name)
    assert "bot4 strategies" in str(refused.value)


def test_a_window_out_of_range_is_refused_by_the_engine(market: b4.SimulatedMarket) -> None:
    def wide() -> b4.Target:
        return b4.target(b4.sma(b4.close, 10**9))

    with pytest.raises(b4.SignalError, match="sma") as refused:
        b4.backtest(b4.strategy(wide), market)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("divide", "raised ZeroDivisionError: division by zero at 2024-01-01T10:00Z"),
        ("start", "raised KeyError: 'nothing there' at "),
        ("ours", "raised StrategyError: there is no strategy 'nowhere'"),
        ("exit", "raised SystemExit: 0 at 2024-01-01T10:00Z"),
        ("generator", "raised GeneratorExit at 2024-01-01T10:00Z"),
    ],
)
def test_a_class_that_raises_is_named_with_its_bar_and_line(
    market: b4.SimulatedMarket, how: str, words: str
) -> None:
    with pytest.raises(b4.StrategyError) as refused:
        b4.backtest(Breaking(how=how), market)
    said = str(refused.value)
    assert said.startswith("strategy Breaking on simulated:BTCUSDT raised ")
    assert words in said
    assert "(test_backtest.py, line " in said
    assert "\n" not in said


def test_ctrl_c_in_a_class_comes_through(market: b4.SimulatedMarket) -> None:
    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(KeyboardInterrupt) as stopped:
        b4.backtest(Pressing, market)
    assert stopped.type is KeyboardInterrupt


def two(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame.with_columns(symbol=pl.lit(name)) for name in ("A", "B")])


def test_several_strategies_have_instruments_and_allocations_of_their_own(
    frame: pl.DataFrame,
) -> None:
    legs = [
        Leg(b4.sma_cross(), ("A",), Decimal("0.25")),
        Leg(b4.donchian_breakout(), ("frame:B",)),
    ]
    result = run(legs, load(two(frame)), account(10_000, 0, 0, "unleveraged"))
    assert result.metrics.strategy == "sma_cross + donchian_breakout"
    assert result.metrics.params == {
        "sma_cross": {"fast": 10, "slow": 30},
        "donchian_breakout": {"entry": 20, "exit": 10},
    }
    assert result.metrics.parameters_text().startswith("sma_cross fast=10, slow=30; donchian_b")
    sizes = dict(result.fills.group_by("strategy").agg(pl.col("notional").first()).iter_rows())
    assert 2_000 < sizes["sma_cross"] < 3_000
    assert 4_000 < sizes["donchian_breakout"] < 6_000


def test_two_strategies_of_one_name_keep_their_parameters(frame: pl.DataFrame) -> None:
    legs = [Leg(b4.sma_cross(fast=3), ("A",)), Leg(b4.sma_cross(fast=9), ("B",))]
    metrics = run(legs, load(two(frame)), account(10_000, 0, 0, "unleveraged")).metrics
    assert metrics.params == [{"fast": 3, "slow": 30}, {"fast": 9, "slow": 30}]
    assert metrics.parameters_text() == "sma_cross fast=3, slow=30; sma_cross fast=9, slow=30"


def holding(fraction: str) -> b4.ConfiguredStrategy:
    """Long while the close is above the last one, or else, by so much of its part."""
    up = b4.close > b4.sma(b4.close, 2)

    def rising() -> b4.Target:
        return b4.target(b4.where(up, float(fraction), 0.0))

    def falling() -> b4.Target:
        return b4.target(b4.where(up, 0.0, float(fraction)))

    return b4.strategy(rising if fraction == "1" else falling)()


def test_several_strategies_on_one_instrument_cross_inside_and_order_the_rest(
    frame: pl.DataFrame,
) -> None:
    both = [holding("1"), holding("0.9")]
    result = b4.backtest(both, frame, journal=True)
    alone = [b4.backtest(one, frame) for one in both]
    metrics = result.metrics
    assert metrics.strategy == "rising + falling"
    assert metrics.crosses > 50
    assert metrics.crossed > 100_000
    assert "crossed inside" in result.summary()
    assert metrics.fees_paid < sum(one.metrics.fees_paid for one in alone) / 3
    assert set(result.trades["strategy"]) == {"rising", "falling"}
    assert _engine.replay_journal(result.journal)["ledger_hash"] == metrics.ledger_hash
    assert json.loads(result.json())["crosses"] == metrics.crosses
    assert "crossed inside" not in alone[0].summary()


def test_one_strategy_with_other_parameters_has_a_name_of_its_own(frame: pl.DataFrame) -> None:
    legs = [Leg(b4.sma_cross(fast=3)), Leg(b4.sma_cross(fast=9), ("B",)), Leg(b4.sma_cross())]
    result = run(legs, load(two(frame)), account(10_000, 0, 0, "unleveraged"))
    assert result.metrics.strategy == "sma_cross + sma_cross-2 + sma_cross-3"
    params = result.metrics.params
    assert isinstance(params, dict)
    assert params["sma_cross-2"] == {"fast": 9, "slow": 30}
    held = set(result.trades.select("strategy", "instrument").iter_rows())
    assert held == {
        ("sma_cross", "frame:A"),
        ("sma_cross", "frame:B"),
        ("sma_cross-2", "frame:B"),
        ("sma_cross-3", "frame:A"),
        ("sma_cross-3", "frame:B"),
    }


def test_a_class_on_a_shared_instrument_sees_its_own_share(frame: pl.DataFrame) -> None:
    seen: list[tuple[float, float | None]] = []

    class Watcher(b4.Strategy):
        def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
            seen.append((ctx.position, ctx.entry_price))

    watcher = b4.strategy(Watcher)()
    result = b4.backtest([holding("1"), watcher], frame)
    assert result.metrics.fills > 0
    assert set(seen) == {(0.0, None)}


def test_instruments_are_those_traded_of_all_there_are(frame: pl.DataFrame) -> None:
    shorter = pl.concat([two(frame), frame[:300].with_columns(symbol=pl.lit("C"))])
    legs = [Leg(b4.sma_cross(), ("B",))]
    result = run(legs, load(shorter), account(10_000, 0, 0, "unleveraged"))
    assert (result.metrics.instruments, result.metrics.instruments_total) == (["frame:B"], 3)
    assert "frame:B; 2 more in the history, not traded" in result.summary()
    assert set(result.trades["instrument"]) == {"frame:B"}
    drawn = str(result.plot().to_dict())
    assert "frame:B" in drawn
    assert "frame:A" not in drawn


@pytest.mark.parametrize(
    ("legs", "words"),
    [
        ([], "no strategy to run"),
        ([Leg(b4.sma_cross(), ("A", "frame:A"))], "names frame:A twice"),
        ([Leg(b4.sma_cross(), ("C",))], "has no instrument 'C'"),
        ([Leg(b4.sma_cross(), ())], "empty list of instruments"),
        (
            [
                Leg(b4.sma_cross(), ("A",), Decimal(1)),
                Leg(b4.donchian_breakout(), ("B",), Decimal("0.1")),
            ],
            "add up to more than 1",
        ),
    ],
)
def test_refuses_strategies_that_do_not_fit_together(
    frame: pl.DataFrame, legs: list[Leg], words: str
) -> None:
    with pytest.raises(b4.ConfigError) as refused:
        run(legs, load(two(frame)), account(10_000, 0, 0, "unleveraged"))
    assert words in str(refused.value)


def test_the_journal_is_there_when_it_was_asked_for(market: b4.SimulatedMarket) -> None:
    assert b4.backtest(b4.sma_cross, market).journal == b""
    result = b4.backtest(b4.sma_cross, market, journal=True)
    replayed = _engine.replay_journal(result.journal)
    assert replayed["fills"] == result.metrics.fills
    assert replayed["ledger_hash"] == result.metrics.ledger_hash
