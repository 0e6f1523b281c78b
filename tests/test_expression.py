"""An expression remembers what was written, once for each part, however deep."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot4 as b4
from bot4.expression import Expr, flatten

DEPTH = 10_000


def test_flatten_puts_operands_before_what_uses_them() -> None:
    nodes, outputs = flatten([b4.sma(b4.close, 10) > b4.sma(b4.close, 30)])
    assert nodes == [
        ("close", [], []),
        ("sma", [0], [10.0]),
        ("sma", [0], [30.0]),
        ("gt", [1, 2], []),
    ]
    assert outputs == [3]


def test_a_shared_part_appears_once() -> None:
    fast = b4.ema(b4.close, 5)
    nodes, outputs = flatten([fast * fast, fast])
    assert [name for name, _, _ in nodes] == ["close", "ema", "mul"]
    assert outputs == [2, 1]


def test_ten_thousand_nested_nodes_do_not_hit_the_recursion_limit() -> None:
    deep = b4.close
    for _ in range(DEPTH):
        deep = deep + 1
    nodes, outputs = flatten([deep])
    assert len(nodes) == 2 * DEPTH + 1
    assert outputs == [len(nodes) - 1]
    assert len(repr(deep)) < 200


@settings(derandomize=True)
@given(st.recursive(st.just(b4.close), lambda x: st.builds(lambda a, b: a + b, x, x)))
def test_every_operand_of_a_node_is_an_earlier_node(expr: Expr) -> None:
    nodes, outputs = flatten([expr])
    assert all(operand < i for i, (_, operands, _) in enumerate(nodes) for operand in operands)
    assert outputs == [len(nodes) - 1]


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (b4.close + 1, "(close + 1)"),
        (1 - b4.close, "(1 - close)"),
        (2 * b4.close / 3, "((2 * close) / 3)"),
        (1 + b4.close - 2, "((1 + close) - 2)"),
        (1 / b4.close, "(1 / close)"),
        (-b4.close, "neg(close)"),
        (abs(b4.close), "abs(close)"),
        (b4.close >= 2, "(close >= 2)"),
        (2 < b4.close, "(close > 2)"),  # noqa: SIM300 - the other way round is the point
        (b4.close <= 2, "(close <= 2)"),
        (b4.close == 2, "(close == 2)"),
        (b4.close != b4.open, "(close != open)"),
        ((b4.close > 1) & (b4.close < 2), "((close > 1) & (close < 2))"),
        ((b4.close > 1) | ~(b4.close < 2), "((close > 1) | not((close < 2)))"),
        (np.float64(2.5) > b4.close, "(close < 2.5)"),
        (np.float64(2.5) * b4.close, "(2.5 * close)"),
        (b4.highest(b4.high, 20).shift(), "shift(rolling_max(high, 20), 1)"),
    ],
)
def test_operators_read_as_they_were_written(expr: Expr, text: str) -> None:
    assert repr(expr) == text


@pytest.mark.parametrize(
    "ask",
    [
        lambda: bool(b4.close > 1),
        lambda: b4.close > 1 and b4.close < 2,
        lambda: not b4.close,
        lambda: 1 < b4.close < 2,
    ],
)
def test_refuses_a_truth_value_and_says_what_to_use(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(b4.SignalError, match=r"use & \| ~ and b4.where") as refused:
        ask()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("other", ["10", None, True, [1], b4.target(1.0), np.bool_(True)])
def test_refuses_an_operand_that_is_no_signal_and_no_number(other: object) -> None:
    with pytest.raises(b4.SignalError, match="a signal or a number is needed here") as refused:
        b4.close + other  # type: ignore[operator]
    assert repr(other).splitlines()[0][:20] in str(refused.value)


@pytest.mark.parametrize("n", [10.5, "10", True, None])
def test_refuses_a_window_that_is_no_whole_number(n: object) -> None:
    with pytest.raises(b4.SignalError, match="n must be a whole number of bars") as refused:
        b4.sma(b4.close, n)  # type: ignore[arg-type]
    assert repr(n) in str(refused.value)


def test_takes_the_whole_numbers_of_numpy() -> None:
    assert b4.sma(b4.close, np.int64(10)).params == (10.0,)  # type: ignore[arg-type]


def test_is_equal_to_itself_only_and_can_be_a_key() -> None:
    a, b = b4.sma(b4.close, 10), b4.sma(b4.close, 10)
    assert len({a, b, a}) == 2


def test_cannot_be_changed() -> None:
    with pytest.raises(AttributeError) as refused:
        b4.close.operator = "open"  # type: ignore[misc]
    assert "operator" in str(refused.value)
