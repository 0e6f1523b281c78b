"""A result is tables, numbers, a summary and a plot, of any run, the empty one included."""

import json
from pathlib import Path

import polars as pl
import pytest

import bot4 as b4
from bot4 import _engine
from bot4.history.times import utc_text
from bot4.research.output import write_whole

ISSUE_KEYS = [
    *("bars", "trades", "fills", "final_equity", "total_return", "cagr", "sharpe", "sortino"),
    *("calmar", "max_drawdown", "win_rate", "profit_factor", "exposure", "turnover", "fees_paid"),
    *("refused", "clipped", "risk_profile", "elapsed_s", "bars_per_s", "ledger_hash"),
]


CASH_ONLY = {"borrowing": False, "shorting": False}


def never() -> b4.Target:
    return b4.target(0.0)


@pytest.fixture
def result(market: b4.SimulatedMarket) -> b4.BacktestResult:
    return b4.backtest(b4.sma_cross(fast=5, slow=20), market)


@pytest.fixture
def idle(market: b4.SimulatedMarket) -> b4.BacktestResult:
    return b4.backtest(b4.strategy(never), market)


def test_equity_starts_with_the_cash_and_ends_with_the_final_equity(
    result: b4.BacktestResult,
) -> None:
    assert result.equity.columns == ["ts", "equity", "cash", "drawdown"]
    assert result.equity["ts"].dtype == pl.Datetime("ns", "UTC")
    assert result.equity["ts"].is_sorted()
    assert result.equity["equity"][0] == 10_000
    assert result.equity["equity"][-1] == result.metrics.final_equity
    assert result.equity["drawdown"].min() == 0
    deepest = result.equity["drawdown"].max()
    assert deepest == pytest.approx(result.metrics.max_drawdown)


def test_trades_have_times_and_open_ones_have_nulls(market: b4.SimulatedMarket) -> None:
    def always() -> b4.Target:
        return b4.target(1.0)

    trades = b4.backtest(b4.strategy(always), market).trades
    assert trades.height == 1
    assert trades["entry_ts"].dtype == pl.Datetime("ns", "UTC")
    assert trades.select("exit_ts", "exit_price").row(0) == (None, None)


def test_the_tables_of_an_idle_run_have_the_same_columns(
    result: b4.BacktestResult, idle: b4.BacktestResult
) -> None:
    assert idle.trades.height == 0
    assert idle.trades.schema == result.trades.schema
    assert idle.fills.schema == result.fills.schema


def test_every_fill_names_its_order() -> None:
    fills = b4.backtest(b4.sma_cross(fast=3, slow=9), b4.simulated(bars=500)).fills
    assert fills["order"].null_count() == 0
    assert fills["order"].n_unique() == fills.height, "each order of this strategy fills at once"
    assert set(fills["order"].str.len_bytes()) == {13}


def test_json_has_the_keys_of_the_issue_and_no_nan(
    result: b4.BacktestResult, idle: b4.BacktestResult
) -> None:
    for one in (result, idle):
        assert "\n" not in one.json()
        numbers = json.loads(one.json(), parse_constant=pytest.fail)
        assert [key for key in ISSUE_KEYS if key not in numbers] == []
        assert list(numbers) == list(b4.Metrics.model_fields)
        assert (numbers["simulated"], numbers["seed"]) == (True, 11)
    assert json.loads(idle.json())["win_rate"] is None


def test_metrics_are_read_by_attribute_and_by_name(result: b4.BacktestResult) -> None:
    assert result.metrics["trades"] == result.metrics.trades
    with pytest.raises(KeyError) as refused:
        result.metrics["trade"]
    assert refused.value.args == ("trade",)


def test_the_summary_is_plain_narrow_and_honest(
    result: b4.BacktestResult, idle: b4.BacktestResult, bars_file: Path
) -> None:
    for one in (result, idle):
        text = one.summary()
        assert max(len(line) for line in text.splitlines()) <= 80
        assert text.startswith("SIMULATED market, seed 11")
        assert text.endswith("A backtest is in-sample history, not a promise.")
        assert "at bar closes" in text
        assert "1e-8 assumed (the lot of a coin under 0.01 is coarser)" in " ".join(text.split())
        for words in ("slippage 1 bp", "10 bp of notional", "1e-8 assumed", "unleveraged", "gaps"):
            assert words in text
    real = b4.backtest(b4.sma_cross, bars_file)
    assert "SIMULATED" not in real.summary()
    assert (real.metrics.simulated, real.metrics.seed) == (False, None)


def test_the_summary_tells_the_gaps_and_what_risk_clipped(frame: pl.DataFrame) -> None:
    holes = pl.concat([frame[:100], frame[103:]])
    result = b4.backtest(b4.sma_cross, holes, risk="default")
    text = result.summary()
    assert "1 in the bars, the longest 4h; treated as continuous" in text
    assert result.metrics.clipped > 0
    reason = next(iter(result.metrics.clips))
    assert f"{reason} {result.metrics.clips[reason]:,}" in text


def test_every_limit_is_told_with_its_changes(market: b4.SimulatedMarket) -> None:
    changes: dict[str, str | bool] = {"position_max": "0.3", "shorting": True}
    metrics = b4.backtest(b4.sma_cross, market, risk="default", limits=dict(changes)).metrics
    assert metrics.limits == {**_engine.risk_profiles()["default"], **changes}
    assert json.loads(metrics.json_text())["limits"]["shorting"] is True


def test_a_breaker_that_latched_is_told_with_its_time(market: b4.SimulatedMarket) -> None:
    limits = {"drawdown_max": "0.01"}
    result = b4.backtest(b4.sma_cross(fast=2, slow=4), market, limits=limits)
    breaker = result.metrics.breakers["drawdown"]
    assert breaker["state"] == "latched"
    words = f"drawdown latched at {utc_text(breaker['ts'])}: no new risk since"
    assert f"  breakers          {words}" in result.summary().splitlines()
    assert json.loads(result.json())["breakers"] == result.metrics.breakers


def test_a_quiet_run_has_no_breakers(result: b4.BacktestResult) -> None:
    assert result.metrics.breakers == {}
    assert "breakers" not in result.summary()
    assert "canceled by venue" not in result.summary()


def test_the_profit_of_an_open_trade_is_told(market: b4.SimulatedMarket) -> None:
    def always() -> b4.Target:
        return b4.target(1.0)

    holding = b4.backtest(b4.strategy(always), market)
    gained = holding.metrics.final_equity - holding.metrics.initial_equity
    assert holding.metrics.open_profit == pytest.approx(gained)
    assert f"{holding.metrics.open_profit:,.2f} after their fees so far" in holding.summary()


def test_what_the_venue_cut_is_told(market: b4.SimulatedMarket) -> None:
    @b4.strategy
    class Greedy(b4.Strategy):
        """Buys for all of the cash, and forgets the fee."""

        def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
            if ctx.position == 0 and ctx.working == 0:
                ctx.buy(0.999 * ctx.cash / bar.close)

    result = b4.backtest(Greedy(), market, fee_bps=500, risk="research", limits=CASH_ONLY)
    assert result.metrics.canceled_by_venue > 0
    assert f"canceled by venue {result.metrics.canceled_by_venue:,}: more than" in result.summary()


def test_the_drawdown_is_drawn_downwards(result: b4.BacktestResult) -> None:
    panel = result.plot().to_dict()["vconcat"][1]
    assert panel["encoding"]["y"]["scale"] == {"reverse": True}


def test_a_notebook_shows_the_plot_and_the_summary(result: b4.BacktestResult) -> None:
    bundle = result._repr_mimebundle_()
    assert bundle["text/plain"] == result.summary()
    assert bundle["text/html"].startswith('<img style="max-width:100%"')
    assert "SIMULATED" in repr(result)


@pytest.mark.parametrize(("name", "start"), [("run.png", b"\x89PNG"), ("run.HTML", b"<!DOCTYPE")])
def test_plot_writes_what_the_suffix_says(
    result: b4.BacktestResult, tmp_path: Path, name: str, start: bytes
) -> None:
    result.plot(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_plot_takes_as_long_a_name_as_the_system(result: b4.BacktestResult, tmp_path: Path) -> None:
    name = "x" * 251 + ".png"
    result.plot(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_html_needs_no_network(result: b4.BacktestResult, tmp_path: Path) -> None:
    result.plot(tmp_path / "run.html")
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "<script src=" not in page.lower()
    assert len(page) > 500_000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("run.pdf", "png or html"),
        ("run", "png or html"),
        ("none/run.png", "cannot be written: No such file or directory"),
        ("file.txt/run.png", "cannot be written"),
        ("folder.png", "is a folder"),
        ("x" * 300 + ".png", "File name too long"),
        ("a\0b.png", "cannot be written"),
    ],
)
def test_plot_refuses_a_path_and_leaves_nothing_behind(
    result: b4.BacktestResult, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "file.txt").touch()
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(b4.OutputError) as refused:
        result.plot(tmp_path / name)
    assert words in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.txt", "folder.png"]


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("", b4.OutputError, "the path of the plot is empty"),
        ("~nouser/run.png", b4.OutputError, "~nouser/run.png cannot be written"),
        (5, b4.ParameterError, "the path of a plot is 5"),
    ],
)
def test_plot_refuses_what_is_no_path(
    result: b4.BacktestResult, path: object, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as refused:
        result.plot(path)  # type: ignore[arg-type]
    assert words in str(refused.value)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "run.png").mkdir()
    with pytest.raises(b4.OutputError, match="cannot be written") as refused:
        write_whole(tmp_path / "run.png", b"x")
    assert "run.png" in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["run.png"]
