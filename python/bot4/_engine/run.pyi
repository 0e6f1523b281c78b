"""A run that is kept: the desk over its journal, and a journal for reading."""

from collections.abc import Mapping
from typing import Any, final

from bot4._engine.bars import Bars
from bot4._engine.program import Program
from bot4._engine.recording import Recording

def fault_names() -> list[str]:
    """Every way in which the paper venue can misbehave, as ``Run`` takes them."""

@final
class Run:
    """The bot on the paper venue, its market told event by event, everything journaled.

    All instruments are of one kind: simulated order flow, recordings with a book, recordings of
    trades, or bars. Fees and slippage are rates as decimal text; slippage is for bars and trades,
    where there is no book to take from. ``latency_ns`` is the way to the venue, and the way back.
    ``bar_interval_ns`` is of the bars made from trades for the strategies.
    """

    def __new__(
        cls,
        *,
        cash: str,
        taker_fee: str,
        maker_fee: str,
        slippage: str,
        latency_ns: int,
        bar_interval_ns: int,
        profile: str,
        limits: Mapping[str, str | bool] | None = None,
        faults: tuple[int, Mapping[str, str]] | None = None,
    ) -> Run:
        """``faults``: a seed, and names of ``fault_names()`` with probabilities as decimal text.

        Raises EngineError: a number that is none, another name, a probability not from 0 to 1.
        """

    def add_simulated(
        self,
        instrument: str,
        price: str,
        tick: str,
        lot: str,
        seed: int,
        start_ns: int,
        notional_min: str = "0",
        *,
        notional_max: str | None = None,
        qty_max: str | None = None,
    ) -> None:
        """A market that never happened: seeded order flow that begins at ``price``.

        No order may be worth less than ``notional_min`` or more than ``notional_max``, nor have
        more base than ``qty_max``: risk refuses or clips it, and the venue refuses it.
        """

    def add_recording(self, recording: Recording) -> None: ...
    def add_bars(self, bars: Bars) -> None: ...
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
        """Run ``program`` as the market that ``strategy`` makes in ``instrument``.

        Its four outputs are the offsets of bid and ask, the size and the price to quote around.
        Raises EngineError: another number of outputs, ``levels`` not 1 to 10, ``requote`` not from
        0 to below 1. Where there is no book the run is refused when it begins.
        """

    def add_class(self, strategy: str, instrument: str, allocation: str, instance: object) -> None:
        """Call ``instance.on_start(ctx)`` once, then ``instance.on_bar(ctx, bar)`` at each bar."""

    def keep_closes(self, step_ns: int, kept_max: int) -> None:
        """Keep of each instrument the last close of every ``step_ns``, the latest ``kept_max``.

        Before ``open``. They are of bars that close while it runs: a start has none.
        """

    def closes(self) -> dict[str, list[tuple[int, float]]]:
        """What ``keep_closes`` asked for, by instrument: the step's end in ns, and the close."""

    def measured(
        self,
        var: float,
        cvar: float,
        as_of_ns: int,
        *,
        level: str = "0.99",
        horizon_s: int = 86_400,
    ) -> None:
        """What the account may lose, as :meth:`Bot.on_measured`; told at ``now_ns``.

        Raises EngineError for what cannot be, and the run goes on.
        """

    def open(self, folder: str, *, durability: str, clock_s: int) -> dict[str, Any]:
        """Make the journal in ``folder``, or go on from the one that is there.

        ``durability`` is ``"each"`` or ``"block"``; ``clock_s`` is the clock's Unix time, of which
        the epoch of order ids is made. Keys: ``resumed`` (bool) ``epoch`` ``events`` ``entries``
        ``orders`` ``fills`` ``snapshot`` (its event, or None) ``adopted`` (orders the venue had
        and the journal had not) ``elapsed_s`` ``cold`` (strategies whose signals begin anew)
        ``remarks`` (lines on what was passed over).
        Raises JournalError: in use, not ours, damaged, of another configuration, not writable.
        """

    def advance(self, until_ns: int, events_max: int) -> int:
        """Tell market events of up to ``until_ns``, at most so many; how many were told.

        The GIL is released unless a class strategy runs. Raises JournalError where nothing can be
        written any more: no order left since.
        """

    def raised(self) -> list[tuple[str, int, BaseException]]:
        """What class strategies raised since it was asked last.

        Each is `running` then, the time of the market, and the exception; the strategy's breaker is
        latched, and the strategy called no more until it is closed.
        """

    @property
    def nothing_is_left(self) -> bool:
        """Every strategy is a class that raised, nothing is held and nothing works."""

    @property
    def next_ns(self) -> int | None:
        """The time of the next market event; None at the end of the market."""

    @property
    def now_ns(self) -> int:
        """The time of the last market event; 0 before the first."""

    @property
    def running(self) -> str:
        """``strategy on instrument`` of the class strategy called last; empty before."""

    @property
    def idle(self) -> bool:
        """Nothing works at the venue and nothing is on its way."""

    @property
    def flat(self) -> bool:
        """Nothing is held."""

    def pause(self, strategy: str) -> None:
        """Cancel what the strategy has working and act on nothing it wants; its position stays.

        Raises EngineError where there is no such strategy.
        """

    def resume(self, strategy: str | None = None) -> None:
        """End the pause of one strategy, or of all with any halt or flatten."""

    def flatten(self) -> None:
        """Cancel everything, close every position, open nothing."""

    def halt(self) -> None:
        """Cancel everything and let no order through."""

    def stop(self, flatten: bool) -> None:
        """Decide nothing any more; cancel everything; close every position if asked to.

        The market has to go on until ``idle`` (and ``flat``), for the venue to do it. It is not
        remembered: the next start trades again.
        """

    def breaker(self, name: str, state: str) -> None:
        """A word on a breaker (``feed:BTCUSDT`` ``gateway:simulated`` ``clock`` ...).

        States: closed, half_open, open, latched. Raises EngineError where there is no such name or
        state.
        """

    def report(self, name: str, outcome: str) -> str:
        """How a call to a part went (ok, failed, slow); the state of its breaker after it.

        Counted in market time; docs/breakers.md has when which part opens.
        """

    def kill(self, stage: str, *, by: str = "operator", note: str = "") -> None:
        """Open nothing (entries), cancel too (cancel), close too (flatten), until ``rearm``.

        ``by`` is operator, signal or file. Raises EngineError: the note is longer than 80 bytes.
        """

    def rearm(self, name: str, reason: str) -> list[str]:
        """Close a breaker by a person's word, of at most 80 bytes; the names of those closed.

        Raises EngineError: no reason, or nothing of that name that is not closed.
        """

    def status(self) -> dict[str, Any]:
        """What a person wants to see now; cheap, and of the last event.

        Keys: now_ns events orders fills refused (reason: count) clipped fills_by_strategy
        crosses (count) crossed (notional) of strategies with each other
        equity cash day_start (floats) equity_text drawdown trading_state paused (names)
        positions ({instrument strategy qty entry_price mark value profit} as floats, one a
        strategy; strategy is empty where it is nobody's)
        working ({id strategy instrument side size limit state filled}, numbers as text, at most
        50) recent (the last 50: {ts kind strategy instrument text}; kind is order, fill, crossed,
        refused, clipped, canceled, control or breaker) breakers ({name: {state since_ns reason
        note until_ns stage remedy}}, all that there are; stage is what it stops (entries, cancel,
        flatten; None: nothing), remedy what brings it back (trial, successes, day, rearm))
        risk ({profile scale measure limits}: measure is the last one told, {as_of level horizon_s
        var cvar}, or None; every limit in order as {limit value state use of}; state is used, off,
        unknown (a price or a measure is missing) or order (it holds nothing between orders), use
        the part of it that is in use where it is used, of who uses most of it)
        touch ({instrument: {bid ask ts}}, floats or None) journal ({appended durable}
        entries) venue ({working in_flight faults}: counts, faults by name).
        """

    def latencies(self) -> dict[str, dict[str, Any]]:
        """Histograms of wall-clock nanoseconds.

        ``event`` is one market event through the bot (a sample of them), ``decision`` those that
        decided, ``intent_to_sent`` from an order's record to its release, durable.

        Each: ``count``, ``sum_ns``, ``p50_ns``, ``p99_ns``, ``max_ns``, and ``buckets``: a list of
        (upper bound in ns, cumulative count).
        """

    def hashes(self) -> dict[str, str]:
        """``engine_hash`` of every record, ``ledger_hash`` of orders, fills and the ledger."""

    def records(self, after: int, entries_max: int) -> list[dict[str, Any]]:
        """The durable records of the entries after number ``after``, oldest first.

        Each has ``entry`` ``place`` ``event`` (market events told before) ``link`` (the entry's
        check, hexadecimal) ``kind`` ``ts``; what is of an order has its ``state`` after it and
        whether that is an end (``ended``). By kind:
        ``deposit`` amount; ``intent`` strategy instrument want; ``refused`` ``clipped``
        strategy instrument reason; ``order`` id strategy instrument side size_base size_quote
        limit (None: market) tif expires_ns post_only reduce_only stop stop_price trail held
        reserve replaces; ``update`` id update; ``amend`` id size_base size_quote limit reserve;
        ``cum_qty`` id qty; ``fill`` id trade strategy instrument side price qty notional fee last;
        ``crossed`` instrument seller buyer (strategies; None: nobody) price qty notional;
        ``equity`` cash equity; ``breaker`` component (its name) state
        stage reason until_ns note; ``control`` state; ``pause`` strategy
        paused; ``start`` epoch; ``stop`` flatten; ``flatten``; ``freeze`` instrument why;
        ``status`` instrument tradable; ``measured`` as_of level horizon_s var cvar.
        Money is decimal text.
        """

    def snapshot(self) -> int:
        """Keep a snapshot, so that the next start is quick; its size in bytes."""

    def close(self) -> None:
        """Keep a last snapshot, make everything durable and let go of the journal."""

@final
class JournalFile:
    """A journal on disk, for reading. Raises JournalError: in use, not ours, damaged."""

    def __new__(cls, folder: str) -> JournalFile: ...
    def records(self, after: int, entries_max: int) -> list[dict[str, Any]]:
        """As ``Run.records``."""

    def replay(self) -> dict[str, Any]:
        """Fold every record from the first; compare with the hashes each snapshot kept.

        Keys: records entries orders fills epochs events first_ns last_ns equity ledger_hash
        engine_hash checked (how many kept hashes were compared). Raises JournalError where they
        differ, with the entry.
        """

    def close(self) -> None: ...
