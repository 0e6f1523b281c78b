"""The bot between venues' frames and requests to them."""

from collections.abc import Mapping
from typing import Any, final

from bot4._engine.program import Program
from bot4.venue_report import VenueReport

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
class Reconciled:
    """What came of a venue's report."""

    @property
    def requests(self) -> list[Request]: ...
    @property
    def events(self) -> int:
        """How many things the bot was told."""
    @property
    def unexplained(self) -> list[tuple[str, str, str]]:
        """Instrument, kind (``order``, ``fill``, ``position``, ``balance``) and what, in words."""
    @property
    def foreign_orders(self) -> list[str]:
        """Names of orders that are not ours."""
    @property
    def foreign_fills(self) -> list[tuple[str, str, str, str]]:
        """Fills that are not ours, booked now: instrument, side, size and price."""
    @property
    def other_balances(self) -> list[str]:
        """Balances that differ of assets that no instrument trades, in words; nothing freezes."""

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
        notional_min: str = "0",
        notional_max: str | None = None,
        qty_max: str | None = None,
        taker_fee: str = "0",
        maker_fee: str = "0",
        base: str | None = None,
        quote: str | None = None,
    ) -> None:
        """Add ``venue:SYMBOL`` (``binance:BTCUSDT``, ``kraken:BTC/USD``, ``coinbase:BTC-USD``).

        ``price`` is about what it trades at (it sets the scale); ``tick``, ``lot``,
        ``notional_min`` and ``notional_max`` (what an order must and may be worth) and ``qty_max``
        (its most base) are the venue's, fees are fractions; all decimal text. ``base`` and
        ``quote`` are what is traded for what, as the venue calls them (1 to 16 bytes); where they
        are not said, all such are paid in "cash". The quote of the first instrument is the
        reporting currency.
        """

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
        self,
        id: str,
        *,
        trade: str,
        price: str,
        qty: str,
        fee: str,
        ts_ns: int,
        last: bool,
        fee_asset: str | None = None,
    ) -> list[Request]:
        """Part of an order was done, ``last`` of it; ``trade`` is its venue name. Decimal text.

        ``fee`` is in ``fee_asset``, or else in quote; below 0 it is a rebate. One in the base is
        paid out of the position.
        """

    def on_status(self, instrument: str, tradable: bool, ts_ns: int) -> list[Request]:
        """A venue halted or delisted an instrument, or trades it again.

        Until it does nothing of the instrument is ordered; cancels go on.
        """

    def on_rate(self, asset: str, worth: str, ts_ns: int) -> list[Request]:
        """What one of an asset that no instrument prices is worth, in the reporting currency.

        What has no price counts as nothing; a debt that has none refuses whatever does not reduce.
        """

    def on_measured(
        self,
        var: float,
        cvar: float,
        ts_ns: int,
        *,
        as_of_ns: int | None = None,
        level: str = "0.99",
        horizon_s: int = 86_400,
    ) -> list[Request]:
        """What the account may lose, as somebody measured it: fractions of equity, 0 or more.

        ``var`` is exceeded with probability 1 - ``level`` within ``horizon_s``, ``cvar`` is the
        mean loss then, and no smaller. ``as_of_ns`` is of when the account is so, which may be
        ``ts_ns`` at the latest: from there the measure ages. Where ``var_max`` or ``cvar_max`` is
        below 1, nothing is opened beyond it, nor without a measure of the last
        ``measure_age_max_s``. Raises EngineError, and what was known stays: a number that is not
        finite or below 0, another level or horizon than the budgets have, a moment that has not
        come, or one before that of the measure that is known.
        """

    def balances(self) -> dict[tuple[str, str], str]:
        """What our ledger holds of each asset, by (venue, asset), positions included."""

    def take_records(self) -> bytes:
        """What was written down since it was last taken. Keep it before you send anything."""

    def reconcile(self, report: VenueReport) -> Reconciled:
        """Make ours agree with what a venue says of the account, and name what cannot be explained.

        The same report twice changes nothing. What a venue shows is believed; what it does not show
        only by evidence, and never by a question that failed. Freezes the instruments whose orders,
        fills, position or balance nothing explains. DataError for a report that cannot be.
        """

    def take_resync(self) -> list[str]:
        """The instruments whose book must be told anew: said once, so repeat until it is live."""

    def take_messages(self) -> list[str]:
        """What venues said of themselves, or refused, in words; the last thousand at most."""

    @property
    def equity(self) -> str:
        """As last valued, exact decimal text."""

    def position(self, instrument: str, strategy: str | None = None) -> str:
        """Base units held, signed, exact decimal text: the account's, or one strategy's share."""

    def book(self, instrument: str, now_ns: int, levels: int = 10) -> dict[str, Any]:
        """``integrity``, and ``bids`` and ``asks`` as (price, size), exact text, best first."""

    def counts(self, venue: str) -> dict[str, int]:
        """Messages of a venue, by what became of them; keys as :meth:`Feed.counts`."""
