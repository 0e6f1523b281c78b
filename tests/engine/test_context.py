"""What a class strategy is given: a bar, a frozen snapshot, the past; and what misuse gets."""

from threading import Event as Signal
from threading import Thread

import numpy as np
import polars as pl
import pytest

import bot4 as b4
from bot4 import _engine

Kept = list[tuple[b4.Context, b4.Bar]]


def kept(frame: pl.DataFrame) -> Kept:
    """Every context and bar of a run that holds half of its equity from the second bar on."""
    seen: Kept = []

    class Keeping(b4.Strategy):
        def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
            seen.append((ctx, bar))
            if len(seen) == 2:
                ctx.target(0.5)
            if len(seen) == 5:
                ctx.buy(0.001, limit=bar.close * 0.5)

    b4.backtest(b4.strategy(Keeping)(), frame, fee_bps=0, slippage_bps=0)
    return seen


def test_a_bar_is_the_row_it_was_made_of(frame: pl.DataFrame) -> None:
    for (ctx, bar), row in zip(kept(frame), frame.iter_rows(named=True), strict=True):
        for name in ("open", "high", "low", "close", "volume"):
            assert getattr(bar, name) == row[name]
        assert bar.open_ns == int(row["ts"].timestamp()) * 10**9
        assert bar.close_ns == ctx.now_ns == bar.open_ns + 3_600 * 10**9
        assert bar.instrument == ctx.instrument == "frame:BARS"


def test_history_ends_with_the_bar_just_closed(frame: pl.DataFrame) -> None:
    for place, (ctx, bar) in enumerate(kept(frame)):
        past = ctx.history(10)
        assert len(past) == min(10, place + 1)
        rows = frame[place + 1 - len(past) : place + 1]
        for name in ("open", "high", "low", "close", "volume"):
            assert np.array_equal(getattr(past, name), rows[name].to_numpy())
        assert past.open_ns[-1] == bar.open_ns
    assert len(ctx.history(0)) == 0


def test_a_context_stays_as_it_was(frame: pl.DataFrame) -> None:
    seen = [ctx for ctx, _ in kept(frame)]
    assert (seen[1].position, seen[1].entry_price, seen[1].cash) == (0.0, None, 10_000.0)
    assert seen[2].position > 0.0
    assert seen[2].entry_price == pytest.approx(frame["open"][2])
    assert seen[2].cash == pytest.approx(5_000.0)
    assert seen[2].equity == pytest.approx(5_000.0 + seen[2].position * frame["close"][2])
    assert [seen[place].working for place in (4, 5)] == [0, 1]


def test_asking_after_the_call_is_refused(frame: pl.DataFrame) -> None:
    ctx, _ = kept(frame)[3]
    with pytest.raises(b4.EngineError, match="earlier bar"):
        ctx.target(1.0)
    with pytest.raises(b4.EngineError, match="earlier bar"):
        ctx.cancel()
    for ask in (ctx.buy, ctx.sell):
        with pytest.raises(b4.EngineError, match="earlier bar"):
            ask(1.0)


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_sizes_that_are_none_are_refused_by_name(frame: pl.DataFrame, wrong: float) -> None:
    ctx, _ = kept(frame)[3]
    for ask in (ctx.buy, ctx.sell):
        with pytest.raises(b4.EngineError, match="qty must be a number above zero"):
            ask(wrong)
    with pytest.raises(b4.EngineError, match="n must be 0 or more"):
        ctx.history(-1)
    with pytest.raises(b4.EngineError, match="band must be a number of 0 or more"):
        ctx.target(0.5, band=-1.0)


def test_a_context_held_by_another_thread_is_an_error_not_an_abort(frame: pl.DataFrame) -> None:
    entered, leave = Signal(), Signal()

    class Slow:
        def __float__(self) -> float:
            entered.set()
            leave.wait(10)
            return 0.5

    class Threads(b4.Strategy):
        def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
            if not entered.is_set():
                Thread(target=ctx.target, args=(Slow(),), daemon=True).start()
                entered.wait(10)

    try:
        with pytest.raises(b4.EngineError, match="in use by another thread"):
            b4.backtest(b4.strategy(Threads)(), frame)
    finally:
        leave.set()


def columns(rows: int, **changed: object) -> list[object]:
    """Good columns of a few bars, some replaced."""
    flat = np.ones(rows)
    good = {"ts": np.arange(rows, dtype=np.int64) * 10, "open": flat, "high": flat}
    return list({**good, "low": flat, "close": flat, "volume": flat, **changed}.values())


def test_the_engine_takes_no_strategy_twice_and_runs_none_unadded() -> None:
    bars = _engine.Bars("test:X", 10, *columns(5))  # type: ignore[arg-type]
    program = _engine.Program([("constant", [], [1.0])], [0])
    assert (len(bars), bars.instrument, bars.interval_ns) == (5, "test:X", 10)
    assert (bars.gaps, bars.gap_max_ns, program.inputs, program.operations) == (0, 0, [], 0)
    assert program.warm_up == [1]
    assert len(program.columns({"close": np.ones(4)})[0]) == 4
    costs = {"cash": "1000", "fee_rate": "0", "slippage_rate": "0", "profile": "unleveraged"}
    run = _engine.Backtest([bars], **costs)  # type: ignore[arg-type] # a table of texts
    for call in (run.report, run.equity, run.trades, run.fills, run.refusals, run.journal):
        with pytest.raises(b4.EngineError, match="has not run yet"):
            call()
    with pytest.raises(b4.EngineError, match="no strategy was added"):
        run.run(1)
    with pytest.raises(b4.EngineError, match="no history for 'test:Y'"):
        run.add_program("s", "test:Y", "1", program)
    run.add_program("s", "test:X", "1", program)
    assert (run.run(10), run.bars, run.now_ns, run.running) == (5, 5, 50, "")
    with pytest.raises(b4.EngineError, match="the run has begun"):
        run.add_program("s", "test:X", "1", program)
    assert run.journal() == b""


def test_columns_that_do_not_fit_are_refused_by_name() -> None:
    program = _engine.Program([("close", [], []), ("neg", [0], [])], [1])
    with pytest.raises(b4.SignalError, match="'close' is missing"):
        program.columns({})
    with pytest.raises(b4.SignalError, match="'close' is not contiguous"):
        program.columns({"close": np.ones(8)[::2]})
    with pytest.raises(b4.DataError, match="not contiguous"):
        _engine.Bars("test:X", 10, *columns(4, close=np.ones(8)[::2]))  # type: ignore[arg-type]
    with pytest.raises(b4.DataError, match="column 'high' has 3 rows"):
        _engine.Bars("test:X", 10, *columns(4, high=np.ones(3)))  # type: ignore[arg-type]


def test_a_journal_folds_into_the_same_ledger(frame: pl.DataFrame) -> None:
    result = b4.backtest(b4.find("sma_cross")(fast=3, slow=9), frame, journal=True)
    encoded = result.journal
    told = _engine.replay_journal(encoded)
    assert told["ledger_hash"] == result.metrics.ledger_hash
    assert (told["orders"], told["fills"]) == (result.metrics.orders, result.metrics.fills)
    for wrong, words in [
        (encoded[:-3], "torn at byte"),
        (encoded[:-3] + b"abc", "altered at byte"),
        (b"something else", "not a journal"),
    ]:
        with pytest.raises(b4.EngineError, match=words):
            _engine.replay_journal(wrong)
