"""Signals by name, and `compute` over the tables of three libraries."""

import numpy as np
import polars as pl
import pytest

import bot4 as b4
from bot4 import _engine
from bot4.expression import Expr, flatten

EVERY = {
    "constant": b4.close * 1,
    "add": b4.close + b4.open,
    "sub": b4.close - b4.open,
    "mul": b4.close * b4.open,
    "div": b4.close / b4.open,
    "neg": -b4.close,
    "abs": abs(b4.close),
    "gt": b4.close > b4.open,
    "ge": b4.close >= b4.open,
    "lt": b4.close < b4.open,
    "le": b4.close <= b4.open,
    "eq": b4.close == b4.open,
    "ne": b4.close != b4.open,
    "and": (b4.close > 1) & (b4.open > 1),
    "or": (b4.close > 1) | (b4.open > 1),
    "not": ~(b4.close > 1),
    "where": b4.where(b4.close > b4.open, 1.0, 0.0),
    "shift": b4.shift(b4.close, 2),
    "sma": b4.sma(b4.close, 10),
    "ema": b4.ema(b4.close, 10),
    "rolling_min": b4.lowest(b4.low, 10),
    "rolling_max": b4.highest(b4.high, 10),
    "rolling_std": b4.rolling_std(b4.close, 10),
    "rsi": b4.rsi(),
    "atr": b4.atr(),
    "crossed": b4.crossed(b4.close, b4.open),
    "crossed_above": b4.crossed_above(b4.close, b4.open),
    "crossed_below": b4.crossed_below(b4.close, b4.open),
    "latch": b4.latch(b4.close > b4.open, b4.close < b4.open),
    "decayed_sum": b4.decayed_sum(b4.close, 0.5),
    "sqrt": b4.sqrt(b4.close),
    "sized": b4.fixed_fraction(b4.close, 0.5),
    "rolling_quantile": b4.rolling_quantile(b4.close, 10, 0.1),
    "rolling_tail_mean": b4.rolling_tail_mean(b4.close, 10, 0.1),
    "cum_max": b4.cum_max(b4.close),
    "deadband": b4.deadband(b4.close, 0.5),
    "minimum": b4.minimum(b4.close, b4.open),
    "maximum": b4.maximum(b4.close, b4.open),
}


@pytest.mark.parametrize("name", EVERY)
def test_each_function_builds_an_operation_that_the_engine_runs(
    name: str, frame: pl.DataFrame
) -> None:
    assert name in {node for node, _, _ in flatten([EVERY[name]])[0]}
    column = b4.compute(frame, {"signal": EVERY[name]})["signal"]
    assert column.dtype == pl.Float64
    assert np.isfinite(column[-1])


def test_every_operation_of_the_engine_has_a_name_in_python() -> None:
    inputs = {"open", "high", "low", "close", "volume", "position", "equity", "entry_price"}
    assert {one["name"] for one in _engine.operations()} - inputs == set(EVERY) - {"constant"}


def test_highest_and_lowest_are_the_rolling_operations() -> None:
    assert repr(b4.highest(b4.high, 3)) == repr(b4.rolling_max(b4.high, 3))
    assert repr(b4.lowest(b4.low, 3)) == repr(b4.rolling_min(b4.low, 3))


def test_compute_appends_columns_and_keeps_the_rest(frame: pl.DataFrame) -> None:
    computed = b4.compute(frame, {"fast": b4.sma(b4.close, 10), "up": b4.close > b4.open})
    assert computed.columns == [*frame.columns, "fast", "up"]
    assert computed.select(frame.columns).equals(frame)
    assert computed["fast"].is_nan().sum() == 9
    assert computed["fast"][9] == pytest.approx(frame["close"][:10].mean(), abs=0.005)


def test_compute_reads_lazy_and_arrow_tables(frame: pl.DataFrame) -> None:
    signals = {"fast": b4.sma(b4.close, 10)}
    expected = b4.compute(frame, signals)["fast"]
    for table in (frame.lazy(), frame.to_arrow()):
        assert b4.compute(table, signals)["fast"].equals(expected, null_equal=True)


def test_compute_reads_pandas_with_its_index_of_times(frame: pl.DataFrame) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    table = frame.to_pandas().set_index("ts")
    computed = b4.compute(table, {"fast": b4.sma(b4.close, 10)})
    assert computed["fast"].equals(b4.compute(frame, {"fast": b4.sma(b4.close, 10)})["fast"])
    assert computed["ts"].dtype.is_temporal()


def test_compute_finds_a_column_in_any_case_and_reads_nulls_as_no_value() -> None:
    table = pl.DataFrame({" Close ": [1.0, None, 3.0]})
    computed = b4.compute(table, {"twice": b4.close * 2})["twice"].to_numpy()
    assert np.array_equal(computed, [2.0, np.nan, 6.0], equal_nan=True)


@pytest.mark.parametrize("signals", [[b4.close], None, {5: b4.close}])
def test_compute_refuses_signals_without_names(frame: pl.DataFrame, signals: object) -> None:
    with pytest.raises(b4.ParameterError, match="by name") as refused:
        b4.compute(frame, signals)  # type: ignore[arg-type]
    assert "signals is" in str(refused.value)


def test_compute_refuses_two_columns_of_one_name(frame: pl.DataFrame) -> None:
    doubled = frame.with_columns(Close=pl.col("close") * 2)
    with pytest.raises(
        b4.DataError, match="two columns 'close' \\('close' and 'Close'\\)"
    ) as refused:
        b4.compute(doubled, {"fast": b4.sma(b4.close, 3)})
    assert "rename one" in str(refused.value)
    assert b4.compute(doubled, {"twice": b4.open * 2}).height == frame.height


@pytest.mark.parametrize("number", [10**400, -(10**400)], ids=["huge", "small"])
def test_refuses_a_number_that_no_float_holds(number: int) -> None:
    with pytest.raises(b4.SignalError, match="that a float can hold") as refused:
        b4.close * number
    assert str(number) in str(refused.value)
    with pytest.raises(b4.SignalError, match="a whole number of bars") as refused:
        b4.sma(b4.close, number)
    assert "\n" not in str(refused.value)


def test_compute_takes_account_inputs_given_as_columns() -> None:
    table = pl.DataFrame({"close": [1.0, 2.0], "position": [0.0, 3.0]})
    assert b4.compute(table, {"worth": b4.position * b4.close})["worth"].to_list() == [0.0, 6.0]


def test_compute_of_nothing_is_the_table_itself(frame: pl.DataFrame) -> None:
    assert b4.compute(frame, {}).equals(frame)


@pytest.mark.parametrize(
    ("table", "signal", "kind", "words"),
    [
        (pl.DataFrame({"clsoe": [1.0]}), b4.close, b4.DataError, "did you mean clsoe"),
        (pl.DataFrame({"close": ["a"]}), b4.close, b4.DataError, "not numbers"),
        (pl.DataFrame({"close": [1.0]}), b4.equity, b4.SignalError, "only while trading"),
        (pl.DataFrame({"close": [1.0], "x": [1]}), b4.close, b4.DataError, "already has a column"),
        ([1.0], b4.close, b4.DataError, "list is not a table"),
        (pl.DataFrame({"close": [1.0]}), "close", b4.SignalError, "a signal or a number"),
        (pl.DataFrame({"close": [1.0]}), b4.sma(b4.close, 0), b4.SignalError, "sma"),
        (pl.DataFrame({"close": [1.0]}), b4.close & b4.close, b4.SignalError, "and"),
    ],
)
def test_compute_refuses_with_one_line(
    table: object, signal: Expr, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as refused:
        b4.compute(table, {"x": signal})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("band", ["wide", True])
def test_refuses_a_band_that_is_no_number(band: object) -> None:
    with pytest.raises(b4.SignalError, match="band must be a number") as refused:
        b4.target(1.0, band=band)  # type: ignore[arg-type]
    assert repr(band) in str(refused.value)


def test_a_target_keeps_its_band() -> None:
    assert b4.target(0.5, band=0.1).band == 0.1
    assert b4.target(b4.close).band is None
