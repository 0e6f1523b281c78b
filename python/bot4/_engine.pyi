"""The Rust engine, as Python sees it. The binding converts and decides nothing.

Money never crosses this border as a float on the way in: amounts and rates are decimal text
(``"10000"``, ``"0.001"``). Times are nanoseconds since 1970-01-01 UTC in ``int64`` arrays.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

__version__: Final[str]

class Bot4Error(Exception):
    """Root of every error BOT4 raises on purpose. The message says what to do next."""

class SignalError(Bot4Error):
    """An expression the engine cannot run: unknown operation, wrong kind, wrong parameter."""

class DataError(Bot4Error):
    """Market data that cannot be trusted: order of times, prices, lengths. Names the row."""

class RiskError(Bot4Error):
    """A risk profile that does not exist, or a limit outside its range."""

class EngineError(Bot4Error):
    """An account, fee or size that does not fit, or a broken invariant of the engine."""

class InvariantError(EngineError):
    """A fault of ours, found by a check of our own: please report it."""

def operations() -> list[dict[str, Any]]:
    """Every operation of a signal program, in the order of the table in the engine.

    Each is ``{"name": str, "operands": list[str], "parameters": list[dict], "gives": str,
    "summary": str}``; a parameter is ``{"name": str, "min": float, "max": float}``; ``gives`` is
    ``"number"`` or ``"condition"``.
    """

def risk_profiles() -> dict[str, dict[str, str | bool]]:
    """The named profiles: limit name to its value. Rates are decimal text, fractions of equity."""

def risk_limits() -> dict[str, str]:
    """What each limit of a profile means, by its name."""

@final
class Program:
    """A signal program: expressions checked, flattened, common parts shared.

    ``nodes`` are ``(name, operands, parameters)``; an operand is the index of an earlier node.
    Inputs have no operands and no parameters (``"close"``); a constant is
    ``("constant", [], [value])``. ``outputs`` are indices of nodes. Raises SignalError.
    """

    def __new__(
        cls,
        nodes: Sequence[tuple[str, Sequence[int], Sequence[float]]],
        outputs: Sequence[int],
    ) -> Program: ...
    @property
    def inputs(self) -> list[str]:
        """The inputs it reads, each once: ``open high low close volume position equity ...``."""

    @property
    def operations(self) -> int:
        """How many operations run for one event, after sharing."""

    @property
    def warm_up(self) -> list[int]:
        """For each output, how many bars it must see before its first value."""

    def columns(self, inputs: Mapping[str, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """Run over whole columns; one array per output, NaN until warm.

        Bit-identical to feeding the rows one by one. Raises SignalError when an input is missing
        or lengths differ.
        """

@final
class Bars:
    """One instrument's history, checked: times strictly increasing, prices finite and positive.

    ``instrument`` is ``venue:SYMBOL``. ``open_ns`` are bar opens; a bar closes ``interval_ns``
    later. Raises DataError with the row.
    """

    def __new__(
        cls,
        instrument: str,
        interval_ns: int,
        open_ns: NDArray[np.int64],
        open: NDArray[np.float64],
        high: NDArray[np.float64],
        low: NDArray[np.float64],
        close: NDArray[np.float64],
        volume: NDArray[np.float64],
    ) -> Bars: ...
    def __len__(self) -> int: ...
    @property
    def instrument(self) -> str: ...
    @property
    def interval_ns(self) -> int: ...
    @property
    def gaps(self) -> int:
        """How many times one or more bars are missing between two neighbours."""

    @property
    def gap_max_ns(self) -> int:
        """The longest time without a bar, in nanoseconds; 0 without gaps."""

@final
class Bar:
    """One finished bar, as a class strategy sees it."""

    @property
    def instrument(self) -> str: ...
    @property
    def open_ns(self) -> int: ...
    @property
    def close_ns(self) -> int: ...
    @property
    def open(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def close(self) -> float: ...
    @property
    def volume(self) -> float: ...

@final
class History:
    """The last bars, oldest first, the newest being the bar just closed. Arrays are copies."""

    def __len__(self) -> int: ...
    @property
    def open_ns(self) -> NDArray[np.int64]: ...
    @property
    def open(self) -> NDArray[np.float64]: ...
    @property
    def high(self) -> NDArray[np.float64]: ...
    @property
    def low(self) -> NDArray[np.float64]: ...
    @property
    def close(self) -> NDArray[np.float64]: ...
    @property
    def volume(self) -> NDArray[np.float64]: ...

@final
class Context:
    """What a class strategy may know and ask for, at one bar. Each request passes risk.

    It is a frozen snapshot: what it tells stays as it was, and asking through it after the call
    it was given to raises EngineError. So do a size that is not
    above zero, a band below zero, either not finite, and a negative ``n``.
    """

    @property
    def instrument(self) -> str: ...
    @property
    def now_ns(self) -> int: ...
    @property
    def position(self) -> float:
        """Base units held, negative when short."""

    @property
    def entry_price(self) -> float | None:
        """Average price of the open position; None when flat."""

    @property
    def cash(self) -> float: ...
    @property
    def equity(self) -> float:
        """Equity of the whole account at the last close, in the reporting currency."""

    @property
    def working(self) -> int:
        """How many orders of this strategy are working."""

    def history(self, n: int) -> History:
        """Up to ``n`` finished bars (fewer at the start)."""

    def target(self, fraction: float, band: float | None = None) -> None:
        """Hold ``fraction`` of the equity allocated to this strategy, signed.

        It trades when ``fraction`` changes, or when drift leaves ``band`` (a fraction of equity).
        NaN means no opinion. The last target of a call counts; orders of this strategy that still
        work are called back first.
        """

    def buy(self, qty: float, limit: float | None = None) -> None:
        """Buy ``qty`` base units, at market or at ``limit``."""

    def sell(self, qty: float, limit: float | None = None) -> None:
        """Sell ``qty`` base units, at market or at ``limit``."""

    def cancel(self) -> None:
        """Cancel every working order of this strategy."""

@final
class Backtest:
    """History and the paper venue around the same Bot that runs live.

    ``cash``, ``fee_rate`` and ``slippage_rate`` are decimal text; rates are fractions of notional
    (10 bp is ``"0.001"``). ``profile`` is a name of ``risk_profiles()``; ``limits`` replaces single
    limits of it. All instruments are quoted in one reporting currency.
    """

    def __new__(
        cls,
        bars: Sequence[Bars],
        *,
        cash: str,
        fee_rate: str,
        slippage_rate: str,
        profile: str,
        limits: Mapping[str, str | bool] | None = None,
        journal: bool = False,
    ) -> Backtest: ...
    def add_program(
        self,
        strategy: str,
        instrument: str,
        allocation: str,
        program: Program,
        band: float | None = None,
    ) -> None:
        """Run output 0 of ``program`` as the target of ``strategy`` on ``instrument``."""

    def add_class(self, strategy: str, instrument: str, allocation: str, instance: object) -> None:
        """Call ``instance.on_start(ctx)`` once, then ``instance.on_bar(ctx, bar)`` at each bar."""

    def run(self, bars_max: int) -> int:
        """Go on for about ``bars_max`` bars; the number of bars done so far.

        The GIL is released unless a class strategy runs. What a class raises comes through
        unchanged; ``now_ns`` then tells at which bar.
        """

    @property
    def bars(self) -> int:
        """How many bars there are in all."""

    @property
    def now_ns(self) -> int:
        """The time of the last event; 0 before the first."""

    @property
    def running(self) -> str:
        """``strategy on instrument`` of the class strategy called last; empty before."""

    def report(self) -> dict[str, Any]:
        """The numbers of the run so far. Absent ones (no trades, one day) are None.

        ``breakers`` has those that are not closed:
        ``{"drawdown": {"state": "latched", "ts": ns}}``.

        Keys: bars trades open_trades orders fills initial_equity final_equity open_profit
        total_return cagr sharpe sortino calmar max_drawdown win_rate profit_factor exposure
        turnover fees_paid refused clipped canceled_by_venue breakers risk_profile trading_state
        elapsed_s bars_per_s ledger_hash first_ns last_ns.
        """

    def refusals(self) -> dict[str, int]:
        """How often risk refused, by reason."""

    def clips(self) -> dict[str, int]:
        """How often a limit clipped an order, by limit."""

    def equity(self) -> dict[str, NDArray[Any]]:
        """Columns ``ts`` (close, ns), ``equity``, ``cash``: one row a moment of decision."""

    def trades(self) -> dict[str, list[Any]]:
        """Round trips, oldest first, the open ones last.

        Columns: strategy instrument side entry_ns exit_ns (None while open) entry_price exit_price
        quantity pnl return fees bars_held.
        """

    def fills(self) -> dict[str, list[Any]]:
        """Columns: ts order strategy instrument side price quantity notional fee."""

    def journal(self) -> bytes:
        """The journal of the run, encoded; empty unless asked for."""

def replay_journal(encoded: bytes) -> dict[str, str | int]:
    """Fold a journal back into a state: ``{"records", "orders", "fills", "ledger_hash"}``.

    Raises EngineError where a record is torn or altered, with its offset.
    """
