"""An expression over market history: a graph that remembers what was written.

What an operation means, which parameters it allows and how it is computed is decided by the
engine, in one place; nothing here computes a signal. The functions that build one by name are in
signals.py.
"""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

import numpy as np

from bot4 import _engine
from bot4.errors import SignalError

Node = tuple[str, list[int], list[float]]

_SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "gt": ">", "ge": ">=", "lt": "<", "le": "<=",
    "eq": "==", "ne": "!=", "and": "&", "or": "|",
}  # fmt: skip
_REPR_DEPTH_MAX = 6


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Expr:
    """A signal: one operation over other signals. Immutable; equal only to itself.

    Arithmetic (``+ - * /``, ``-x``, ``abs(x)``) gives numbers; comparisons give conditions, which
    ``& | ~`` combine. A number where a signal is expected is a constant. Until it has seen enough
    bars a signal has no value, and what is built on it has none either.
    """

    operator: str
    operands: "tuple[Expr, ...]" = ()
    params: tuple[float, ...] = ()

    __array_ufunc__: ClassVar[None] = None  # NumPy scalars leave `1.0 < expr` to us

    def __add__(self, other: "Operand") -> "Expr":
        return pair("add", self, other)

    def __radd__(self, other: "Operand") -> "Expr":
        return pair("add", other, self)

    def __sub__(self, other: "Operand") -> "Expr":
        return pair("sub", self, other)

    def __rsub__(self, other: "Operand") -> "Expr":
        return pair("sub", other, self)

    def __mul__(self, other: "Operand") -> "Expr":
        return pair("mul", self, other)

    def __rmul__(self, other: "Operand") -> "Expr":
        return pair("mul", other, self)

    def __truediv__(self, other: "Operand") -> "Expr":
        return pair("div", self, other)

    def __rtruediv__(self, other: "Operand") -> "Expr":
        return pair("div", other, self)

    def __neg__(self) -> "Expr":
        return Expr("neg", (self,))

    def __abs__(self) -> "Expr":
        return Expr("abs", (self,))

    def __gt__(self, other: "Operand") -> "Expr":
        return pair("gt", self, other)

    def __ge__(self, other: "Operand") -> "Expr":
        return pair("ge", self, other)

    def __lt__(self, other: "Operand") -> "Expr":
        return pair("lt", self, other)

    def __le__(self, other: "Operand") -> "Expr":
        return pair("le", self, other)

    def __eq__(self, other: object) -> "Expr":  # type: ignore[override]
        return pair("eq", self, other)

    def __ne__(self, other: object) -> "Expr":  # type: ignore[override]
        return pair("ne", self, other)

    def __and__(self, other: "Operand") -> "Expr":
        return pair("and", self, other)

    def __or__(self, other: "Operand") -> "Expr":
        return pair("or", self, other)

    def __invert__(self) -> "Expr":
        return Expr("not", (self,))

    def __bool__(self) -> bool:
        raise SignalError(
            f"{self!r} has no single truth value: it is a signal over all bars; "
            "use & | ~ and b4.where instead of and, or, not and if"
        )

    def __hash__(self) -> int:
        return id(self)

    def shift(self, n: int = 1) -> "Expr":
        """This signal as it was `n` bars ago; see `shift`."""
        return windowed("shift", n, self)

    def __repr__(self) -> str:
        return _text(self, _REPR_DEPTH_MAX)


Operand = Expr | float | int


def pair(name: str, a: object, b: object) -> Expr:
    """The operation `name` over two operands."""
    return Expr(name, (as_expr(a), as_expr(b)))


def windowed(name: str, n: int, *operands: object) -> Expr:
    """The operation `name` over `n` bars: a whole number, whose range the engine checks."""
    bars = whole(n, f"{name}: n must be a whole number of bars")
    return Expr(name, tuple(as_expr(operand) for operand in operands), (bars,))


def counted(name: str, what: str, n: int) -> Expr:
    """The input `name` of `n` whole `what`, whose range the engine checks."""
    return Expr(name, (), (whole(n, f"{name}: {what} must be a whole number"),))


def whole(n: int, need: str) -> float:
    """`n` as a parameter of an operation. Raises SignalError that opens with `need`."""
    if isinstance(n, bool):
        raise SignalError(f"{need}, not {n!r}")
    try:
        return float(operator.index(n))
    except (TypeError, OverflowError) as error:
        raise SignalError(f"{need}, not {n!r}") from error


def as_expr(value: object) -> Expr:
    """`value` as an expression; a number becomes a constant. Raises SignalError for the rest."""
    if isinstance(value, Expr):
        return value
    return Expr("constant", (), (as_number(value, "a signal or a number is needed here"),))


def as_number(value: object, need: str) -> float:
    """`value` as a float where it is a plain number. Raises SignalError that opens with `need`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise SignalError(f"{need}, not {value!r}")
    try:
        return float(value)
    except OverflowError as error:
        raise SignalError(f"{need} that a float can hold, not {value!r}") from error


def _text(expr: Expr, depth: int) -> str:
    if expr.operator == "constant":
        return f"{expr.params[0]:g}"
    if not expr.operands and not expr.params:
        return expr.operator
    if depth == 0:
        return "…"
    parts = [_text(operand, depth - 1) for operand in expr.operands]
    if expr.operator in _SYMBOLS:
        return f"({parts[0]} {_SYMBOLS[expr.operator]} {parts[1]})"
    return f"{expr.operator}({', '.join(parts + [f'{value:g}' for value in expr.params])})"


def flatten(exprs: Iterable[Expr]) -> tuple[list[Node], list[int]]:
    """The nodes of `exprs`, operands first, and where each expression ended up.

    A part that is used twice appears once. Iterative: depth is bounded by memory alone.
    """
    nodes: list[Node] = []
    places: dict[int, int] = {}  # by identity: `==` between expressions builds an expression
    outputs: list[int] = []
    for root in exprs:
        waiting = [root]
        while waiting:
            expr = waiting[-1]
            missing = [part for part in expr.operands if id(part) not in places]
            if missing:
                waiting.extend(reversed(missing))
                continue
            waiting.pop()
            if id(expr) not in places:
                places[id(expr)] = len(nodes)
                operands = [places[id(part)] for part in expr.operands]
                nodes.append((expr.operator, operands, list(expr.params)))
        outputs.append(places[id(root)])
    return nodes, outputs


def program(exprs: Iterable[Expr]) -> _engine.Program:
    """The expressions as a program of the engine, one output each. Raises SignalError."""
    nodes, outputs = flatten(exprs)
    return _engine.Program(nodes, outputs)
