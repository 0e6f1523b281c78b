"""What a strategy decides: a target to hold, or a market to make.

What is wanted is said here; the engine puts it on the tick, and risk has the last word.
"""

import operator
from dataclasses import dataclass
from typing import Protocol

from bot4 import _engine
from bot4.errors import SignalError
from bot4.expression import Expr, Operand, as_expr, as_number, program
from bot4.microstructure import mid
from bot4.signals import Target


@dataclass(frozen=True, eq=False, slots=True)
class Quote:
    """A market that a strategy makes: `levels` bids below `around`, and as many asks above it."""

    bid_offset: Expr
    ask_offset: Expr
    size: Expr
    around: Expr
    levels: int
    requote: float

    @property
    def outputs(self) -> tuple[Expr, Expr, Expr, Expr]:
        """What the engine reads at every change, in its order."""
        return (self.bid_offset, self.ask_offset, self.size, self.around)


Decision = Target | Quote


def quote(
    bid_offset: Operand,
    ask_offset: Operand,
    size: Operand,
    *,
    around: Operand = mid,
    levels: int = 1,
    requote: float = 0.0,
) -> Quote:
    """Make a market: keep a bid below `around`, the mid unless said otherwise, and an ask above it.

    Offsets are fractions of `around`: 0.001 is ten basis points. `size` is what each order is
    worth, as a fraction of the equity allocated to the strategy; a new size replaces the orders. Of
    `levels` (1 to 10) the k-th lies k offsets away. Orders move once a wanted price has moved by
    more than `requote` of `around`. Prices go to the tick away from the touch, and never across it.

    Where an offset, `size` or `around` is NaN or not above zero, nothing is quoted on that side. It
    needs a book, so a backtest over bars refuses it. Raises SignalError.
    """
    if isinstance(levels, bool):
        raise SignalError(f"levels must be a whole number, not {levels!r}")
    try:
        whole = operator.index(levels)
    except TypeError as error:
        raise SignalError(f"levels must be a whole number, not {levels!r}") from error
    return Quote(
        as_expr(bid_offset),
        as_expr(ask_offset),
        as_expr(size),
        as_expr(around),
        whole,
        as_number(requote, "requote must be a number, a fraction of the price"),
    )


class Programs(Protocol):
    """What runs programs: ``Backtest``, ``Run`` and ``Bot``."""

    def add_program(
        self,
        strategy: str,
        instrument: str,
        allocation: str,
        program: _engine.Program,
        band: float | None = None,
        *,
        execution: str = "cross",
        stop_loss: float | None = None,
        take_profit: float | None = None,
        trailing_stop: float | None = None,
    ) -> None:
        """Run a program as the target of a strategy on an instrument."""

    def add_quote(
        self,
        strategy: str,
        instrument: str,
        allocation: str,
        program: _engine.Program,
        *,
        levels: int = 1,
        requote: float = 0.0,
    ) -> None:
        """Run a program as the market that a strategy makes in an instrument."""


def seat(
    engine: Programs, strategy: str, instrument: str, decision: Decision, allocation: str = "1"
) -> None:
    """Let `strategy` decide so on `instrument`, with its share of the equity as decimal text.

    Raises SignalError for an expression that cannot run, EngineError for what the engine refuses.
    """
    match decision:
        case Target() as wanted:
            engine.add_program(
                strategy,
                instrument,
                allocation,
                program([wanted.fraction]),
                wanted.band,
                execution=wanted.execution,
                stop_loss=wanted.stop_loss,
                take_profit=wanted.take_profit,
                trailing_stop=wanted.trailing_stop,
            )
        case Quote() as wanted:
            compiled = program(wanted.outputs)
            levels, requote = wanted.levels, wanted.requote
            engine.add_quote(
                strategy, instrument, allocation, compiled, levels=levels, requote=requote
            )
