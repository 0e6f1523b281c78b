"""A backtest over bars or recordings, and the replay of what it wrote."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from numpy.typing import NDArray

from bot4._engine.bars import Bars
from bot4._engine.program import Program

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
        *,
        execution: str = "cross",
        stop_loss: float | None = None,
        take_profit: float | None = None,
        trailing_stop: float | None = None,
    ) -> None:
        """Run output 0 of ``program`` as the target of ``strategy`` on ``instrument``."""

    def add_quote(
        self,
        strategy: str,
        instrument: str,
        allocation: str,
        program: Program,
        *,
        levels: int = 1,
        requote: float = 0.0,
    ) -> None:
        """As :meth:`Run.add_quote`; a backtest over bars has no book, and is refused."""

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
        turnover fees_paid refused clipped canceled_by_venue crosses crossed breakers risk_profile
        trading_state elapsed_s bars_per_s ledger_hash first_ns last_ns. ``crosses`` is how often
        strategies on one instrument traded with each other, ``crossed`` their notional.
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
