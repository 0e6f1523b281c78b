"""The Rust engine, as Python sees it. The binding converts and decides nothing.

Money never crosses this border as a float on the way in: amounts and rates are decimal text
(``"10000"``, ``"0.001"``). Times are nanoseconds since 1970-01-01 UTC in ``int64`` arrays.

Long because it is the one page that documents the whole border.
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

class FrameError(DataError):
    """A venue's message, or a listing, that is refused. Nothing changed, but a count.

    ``kind`` is ``malformed``, ``number_too_fine``, ``number_too_large``, ``too_long``,
    ``too_many_levels``, ``too_deep``, ``unsupported`` or ``unlistable``; ``offset`` is the byte of
    the message at which it shows.
    """

    kind: str
    offset: int

class RiskError(Bot4Error):
    """A risk profile that does not exist, or a limit outside its range."""

class EngineError(Bot4Error):
    """An account, fee or size that does not fit, or a broken invariant of the engine."""

class InvariantError(EngineError):
    """A fault of ours, found by a check of our own: please report it."""

class JournalError(Bot4Error):
    """A journal that cannot be opened, read or written. Says which, and what to do."""

class JournalInUseError(JournalError):
    """A journal that another run has open."""

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

def gauges() -> list[dict[str, Any]]:
    """All that can be measured of the engine, in the order in which data walks through it.

    Each is ``{"key": str, "what": str, "method": str, "captured": bool, "outside": bool,
    "limits": dict[str, float]}``: ``captured`` ones need captured markets, ``outside`` ones are
    timed from Python, a limit is the most nanoseconds that a figure (``"mean"``, ``"p99"``) may be.
    """

def take_gauge(
    key: str,
    seed: int,
    quick: bool,
    recordings: Sequence[Recording],
    frames: Sequence[tuple[int, str | None, bytes]],
) -> dict[str, Any]:
    """Measure one key; takes a second or so, holding no lock of Python.

    ``frames`` are what the recordings were read from: when each came (ns), the symbol of a REST
    depth (empty where it names none; None: another frame), its bytes.

    Keys: mean p50 p99 p999 max (floats, ns an operation, the timer's share taken off) n (count)
    timer_ns (that share) clock_step_ns (how coarse the clock is) batches (the mean of each run,
    with all that interrupted it) source (what it ran on) checksum (int, or None where nothing can
    be compared by it) notes (dict[str, float], such as ``updates`` and ``share``). Raises
    EngineError: unknown, or timed from Python; DataError: it needs a captured market;
    InvariantError: the part gave a wrong answer.
    """

def read_samples(
    batches: Sequence[float], samples: NDArray[np.uint32], empty: NDArray[np.uint32]
) -> dict[str, Any]:
    """As ``take_gauge``, of times taken outside: means of batches, single calls, the timer."""

def nothing() -> None:
    """Do nothing: what a call into the engine and back costs by itself."""

def book_updates(seed: int, count: int) -> dict[str, Any]:
    """SIMULATED updates of a book, the same as ``book_update_ns`` is measured on.

    Keys: snapshot updates (each ``{"side", "tick", "lots"}``: arrays uint8, 0 bid and 1 ask, and
    int64; 0 lots take a level away), checksum (both best prices in ticks after every update, all
    added up). A level that is taken away stood there; the book is never crossed.
    """

def depth_frames(seed: int, count: int, leaning: bool) -> dict[str, Any]:
    """SIMULATED depth updates of Binance, 40 levels each, as ``parse_binance_depth40_ns`` reads.

    Keys: snapshot (bytes, the REST depth before them), frames (list of bytes, in sequence),
    checksum (first and last number, prices and sizes in hundred-millionths, of all frames, added
    up). ``leaning``: about one touch, whose bids and asks outweigh each other in turn.
    """

def gauge_program() -> Program:
    """The program of twenty operations that signals and paths are measured with."""

@final
class Program:
    """A signal program: expressions checked, flattened, common parts shared.

    ``nodes`` are ``(name, operands, parameters)``; an operand is the index of an earlier node.
    Inputs have no operands and most no parameters (``"close"``, but ``("ofi", [], [5])``); a
    constant is ``("constant", [], [value])``. ``outputs`` are indices of nodes. Raises SignalError.
    """

    def __new__(
        cls, nodes: Sequence[tuple[str, Sequence[int], Sequence[float]]], outputs: Sequence[int]
    ) -> Program: ...
    @property
    def inputs(self) -> list[str]:
        """The columns it reads, each once: ``open high ... equity ... bid ... depth_bid_5 ...``."""

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

@final
class Recording:
    """One instrument's recorded market, checked: a book with its trades, or trades alone.

    ``kind`` is a code of ``RECORDED``: book emptied; bid or ask level that holds ``qty`` (0: gone);
    an aggressor's buy or sell. ``last``: the message ends there, strategies look (None: each row).
    ``ts`` (ns) does not fall; ``tick``, ``lot`` are decimal text. Raises DataError with the row.
    """

    def __new__(
        cls,
        instrument: str,
        tick: str,
        lot: str,
        ts: NDArray[np.int64],
        kind: NDArray[np.uint8],
        price: NDArray[np.float64],
        qty: NDArray[np.float64],
        last: NDArray[np.bool_] | None = None,
    ) -> Recording: ...
    def __len__(self) -> int: ...
    @property
    def instrument(self) -> str: ...
    @property
    def has_book(self) -> bool:
        """Whether there are levels; without, orders fill against trades."""

RECORDED: Final[dict[str, int]]
"""The codes of a recording: ``clear bid ask buy sell``."""

@final
class Feed:
    """A venue's frames made into books, exactly, and into the rows of recordings.

    ``venue`` is ``binance`` (spot), ``kraken`` (WebSocket v2) or ``coinbase`` (Advanced Trade). One
    feed is one connection. Methods that take a frame raise FrameError where it is refused; those
    that take a symbol raise EngineError where it was not added.
    """

    def __new__(cls, venue: str) -> Feed: ...
    def add(
        self,
        symbol: str,
        price_scale: int,
        qty_scale: int,
        price_decimals: int | None = None,
        qty_decimals: int | None = None,
    ) -> None:
        """Listen for a symbol, written as the venue does: ``BTCUSDT``, ``BTC/USD``, ``BTC-USD``.

        Scales are the decimal places that prices and sizes are kept with, at most 18: a number that
        is finer, or too large for 64 bits, is refused. ``price_decimals`` and ``qty_decimals`` are
        those that Kraken writes, where its frames lost them: its checksums are over digits.
        """

    def on_frame(self, frame: bytes | str | memoryview, received_ns: int) -> str:
        """Take one message, received at ``received_ns`` (0: the venue's time counts).

        Says ``market``, ``nothing`` (a heartbeat, an acknowledgement, a symbol not added),
        ``unknown``, ``resync SYMBOL`` (its book has to be told anew), ``status …`` or
        ``refused …`` with the venue's words.
        """

    def on_snapshot(self, symbol: str, body: bytes | str | memoryview, received_ns: int) -> str:
        """Take a REST answer with the book of a symbol: Binance's; others are refused."""

    def on_connect(self, received_ns: int) -> None:
        """Begin a new connection: no book is believed until it is told anew."""

    def counts(self) -> dict[str, int]:
        """What was seen, by name.

        ``frames unknown malformed unsupported gaps checksums_failed late unlisted``:
        ``gaps`` are books that lost something, ``late`` messages that were known already.
        """

    def integrity(self, symbol: str) -> str:
        """``syncing``, ``live``, ``gap`` or ``crossed``. Only what is live can be believed."""

    def book(self, symbol: str, levels: int | None = None) -> dict[str, Any]:
        """``{"bids": […], "asks": […], "touch": …}``, at most ``levels`` a side, best first.

        A level is ``(price, qty)`` as exact decimal text. ``touch`` is ``(bid, ask)``, two levels,
        and newer than the book where the venue tells it by itself; None where it is not known, or
        crossed. After a gap the levels are those known before it.
        """

    def rows(self, symbol: str) -> dict[str, NDArray[Any]]:
        """What was told so far as the columns of a `Recording`.

        ``{"ts": int64, "kind": uint8, "price": float64, "qty": float64, "last": bool}``, of equal
        lengths. Times do not fall; in a message levels go before others come; a gap is a ``clear``;
        a touch told by itself is left out. Numbers are the nearest floats to what the book holds.
        """

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
    ) -> Run: ...
    def add_simulated(
        self, instrument: str, price: str, tick: str, lot: str, seed: int, start_ns: int
    ) -> None:
        """A market that never happened: seeded order flow that begins at ``price``."""

    def add_recording(self, recording: Recording) -> None: ...
    def add_bars(self, bars: Bars) -> None: ...
    def add_program(
        self,
        strategy: str,
        instrument: str,
        allocation: str,
        program: Program,
        band: float | None = None,
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

    def breaker(self, component: str, state: str) -> None:
        """A supervisor's word on ``feed`` ``clock`` ``journal`` ...: open, half_open, closed."""

    def status(self) -> dict[str, Any]:
        """What a person wants to see now; cheap, and of the last event.

        Keys: now_ns events orders fills refused (reason: count) clipped fills_by_strategy
        equity cash day_start (floats) equity_text drawdown trading_state paused (names)
        positions ({instrument strategy qty entry_price mark value profit} as floats)
        working ({id strategy instrument side size limit state filled}, numbers as text, at most
        50) recent (the last 50: {ts kind strategy instrument text}; kind is order, fill, refused,
        clipped, canceled, control or breaker) breakers ({component: {state since_ns}}, all of
        them) touch ({instrument: {bid ask ts}}, floats or None) journal ({appended durable}
        entries) venue ({working in_flight} counts).
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

        Each has ``entry`` ``place`` ``event`` (market events told before) ``kind`` ``ts``; by kind:
        ``deposit`` amount; ``intent`` strategy instrument want; ``refused`` ``clipped``
        strategy instrument reason; ``order`` id strategy instrument side size_base size_quote
        limit (None: market); ``update`` id update state (of the order after it); ``fill`` id
        strategy instrument side price qty notional fee last state; ``equity`` cash equity;
        ``breaker`` component state; ``control`` state; ``pause`` strategy paused; ``start`` epoch;
        ``stop`` flatten; ``flatten``.
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

@final
class Request:
    """What is to be sent to a venue; who holds the keys adds time, signature and token."""

    @property
    def venue(self) -> str: ...
    @property
    def id(self) -> str:
        """The order's client id, 13 characters."""
    @property
    def instrument(self) -> str:
        """``venue:SYMBOL``."""

    @property
    def kind(self) -> str:
        """``"place"`` or ``"cancel"``."""

    @property
    def method(self) -> str:
        """The HTTP method; ``"FRAME"`` for one message on the venue's private WebSocket."""

    @property
    def path(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def refused(self) -> str | None:
        """Why the venue cannot be told so: the order is rejected, a cancel waits for its name."""

@final
class Bot:
    """The bot between venues' frames and requests to them: one call for each message.

    It keeps a book for each instrument, runs programs on books, trades and bars, decides, and lets
    risk check every order. It signs and sends nothing. What it decided is in
    :meth:`take_records`, to be kept before a request is sent. Times are ns since 1970 UTC, at most
    5 s ahead of this machine's clock; the account is valued once a second of them.

    Add instruments and programs, then :meth:`open` it. Raises RiskError for the limits,
    EngineError for the rest.
    """

    def __new__(
        cls,
        *,
        profile: str = "default",
        limits: Mapping[str, str | bool] | None = None,
        epoch: int = 1,
    ) -> Bot: ...
    def add_instrument(
        self,
        instrument: str,
        *,
        price: str,
        tick: str,
        lot: str,
        taker_fee: str = "0",
        maker_fee: str = "0",
    ) -> None:
        """Add ``venue:SYMBOL`` (``binance:BTCUSDT``, ``kraken:BTC/USD``, ``coinbase:BTC-USD``).

        ``price`` is about what it trades at (it sets the scale), ``tick`` and ``lot`` are the
        venue's, fees are fractions; all decimal text.
        """

    def add_program(
        self,
        strategy: str,
        instrument: str,
        allocation: str,
        program: Program,
        band: float | None = None,
    ) -> None:
        """Let output 0 of `program` be the target of `strategy` on `instrument`."""

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
        """Let `strategy` make a market in `instrument`, as :meth:`Run.add_quote` does."""

    def open(self, cash: str, ts_ns: int) -> None:
        """Begin, with so much of the reporting currency."""

    def on_frame(
        self, venue: str, frame: bytes | bytearray | memoryview | str, received_ns: int
    ) -> list[Request]:
        """Take in one WebSocket message. What is to be sent, in order.

        Malformed: DataError with the offset, and nothing changed. No error ends the bot: what was
        to be sent comes with the next call, what must be told anew by :meth:`take_resync`.
        """

    def on_snapshot(self, venue: str, symbol: str, body: bytes, received_ns: int) -> list[Request]:
        """Take in a REST depth answer, for `symbol` as the venue calls it."""

    def on_connect(self, venue: str, received_ns: int) -> list[Request]:
        """A new connection: the venue's books are not believed until they are told anew."""

    def on_time(self, now_ns: int) -> list[Request]:
        """Say the time, once a second: a market may be silent while its quotes lie there."""

    def on_order(
        self, id: str, update: str, ts_ns: int, venue_id: str | None = None
    ) -> list[Request]:
        """Something was said of an order: ``sent``, ``acked`` and the others of docs/orders.md.

        ``venue_id`` is what the venue calls the order: a cancel that waited for it is sent.
        """

    def on_fill(
        self, id: str, *, trade: str, price: str, qty: str, fee: str, ts_ns: int, last: bool
    ) -> list[Request]:
        """Part of an order was done; ``trade`` is its venue's name for that. Decimal text."""

    def take_records(self) -> bytes:
        """What was written down since it was last taken. Keep it before you send anything."""

    def take_resync(self) -> list[str]:
        """The instruments whose book must be told anew: said once, so repeat until it is live."""

    def take_messages(self) -> list[str]:
        """What venues said of themselves, or refused, in words; the last thousand at most."""

    @property
    def equity(self) -> str:
        """As last valued, exact decimal text."""

    def position(self, instrument: str) -> str:
        """Base units held, signed, exact decimal text."""

    def book(self, instrument: str, now_ns: int, levels: int = 10) -> dict[str, Any]:
        """``integrity``, and ``bids`` and ``asks`` as (price, size), exact text, best first."""

    def counts(self, venue: str) -> dict[str, int]:
        """Messages of a venue, by what became of them; keys as :meth:`Feed.counts`."""
