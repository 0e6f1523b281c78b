"""Bars, and what a strategy class sees of them when it is called."""

from typing import final

import numpy as np
from numpy.typing import NDArray

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
class WorkingOrder:
    """One order that works, as it was when it was told: ``ctx.orders``."""

    @property
    def id(self) -> str:
        """The client order id: what the venue knows it by, and ``bot4 orders explain`` takes."""

    @property
    def side(self) -> str:
        """``buy`` or ``sell``."""

    @property
    def qty(self) -> float | None:
        """Its whole size in base units; None for a buy that is sized by what it may spend."""

    @property
    def filled(self) -> float:
        """Base units done."""

    @property
    def limit(self) -> float | None: ...
    @property
    def stop(self) -> float | None:
        """The price at which it begins to work, where it waits for one."""

    @property
    def state(self) -> str:
        """Where it is in its life: a state of ``docs/orders.md``."""

@final
class Context:
    """What a class strategy may know and ask for, at one bar. Each request passes risk.

    It is a frozen snapshot: what it tells stays as it was, and asking through it after the call
    it was given to raises EngineError. So do a size that is not
    above zero, a band below zero, either not finite, an unknown execution, exits that cannot be,
    and a negative ``n``.
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

    @property
    def orders(self) -> list[WorkingOrder]:
        """The orders of this strategy that work, oldest first, as they were at this bar."""

    def history(self, n: int) -> History:
        """Up to ``n`` finished bars (fewer at the start)."""

    def target(
        self,
        fraction: float,
        band: float | None = None,
        execution: str = "cross",
        *,
        stop_loss: float | None = None,
        take_profit: float | None = None,
        trailing_stop: float | None = None,
    ) -> None:
        """Hold ``fraction`` of the equity allocated to this strategy, signed.

        It trades when ``fraction`` changes, or when drift leaves ``band`` (a fraction of equity).
        ``execution`` is as in ``b4.target``. NaN is no opinion. The last target of a call counts;
        orders of this strategy that still work are called back first.

        Naming an exit is `exits` with the same words in the same call; naming none leaves those
        that are. An exit and a ``band`` raise EngineError: the band would buy back what it sold.
        """

    def exits(
        self,
        *,
        stop_loss: float | None = None,
        take_profit: float | None = None,
        trailing_stop: float | None = None,
    ) -> None:
        """Close so whatever this strategy holds, until this is said again; without any: not at all.

        Fractions of the average entry price: 0.05 is 5 %. One of ``stop_loss`` and
        ``trailing_stop``, which follows the best price. They follow fills, in part too, so an entry
        with a limit is protected from its first fill on; they outlive a restart, a pause and
        `cancel`. Changing them calls back what lies, then lays anew. The last call at a bar counts.
        Orders of this strategy that close anyway count first, as do its own ``reduce_only`` stops;
        what the exits lock `sell` cannot sell where nothing is sold short: say ``target(0.0)``.
        Raises EngineError for what is no such fraction.
        """

    def buy(
        self,
        qty: float,
        limit: float | None = None,
        *,
        tif: str = "gtc",
        expires_ns: int | None = None,
        post_only: bool = False,
        reduce_only: bool = False,
        stop: float | None = None,
        take_profit: float | None = None,
        trail: float | None = None,
    ) -> None:
        """Buy ``qty`` base units, within the collar of the risk profile or to ``limit``.

        ``tif`` is ``gtc``, ``ioc`` or ``fok``; ``expires_ns`` ends a ``gtc`` order with a limit.
        ``post_only`` wants a limit and never takes. ``reduce_only`` never makes the position
        larger: what would is cut off or refused. Raises EngineError.

        ``stop`` and ``take_profit`` are prices at which it begins to work, ahead of the market: a
        stop to buy above it and to sell below, a profit the other way. ``trail`` is the distance at
        which a stop then follows the best price; it has no ``limit``. Without a ``limit`` one that
        began trades within the collar around its trigger. Where the venue cannot let it wait, the
        engine watches the trigger while it runs, and then sends it.
        """

    def sell(
        self,
        qty: float,
        limit: float | None = None,
        *,
        tif: str = "gtc",
        expires_ns: int | None = None,
        post_only: bool = False,
        reduce_only: bool = False,
        stop: float | None = None,
        take_profit: float | None = None,
        trail: float | None = None,
    ) -> None:
        """Sell ``qty`` base units, on the same terms as `buy`."""

    def cancel(self, order: WorkingOrder | str | None = None) -> None:
        """Cancel one order, by what ``orders`` told or by its id; without one, all but exits.

        One that is over by then is left alone. Raises EngineError: an id that is none.
        """

    def amend(
        self,
        order: WorkingOrder | str,
        *,
        qty: float | None = None,
        limit: float | None = None,
    ) -> None:
        """Give an order that works another size, another limit, or both, under the same id.

        ``qty`` is all of it, what is filled included. What that adds passes risk as an order does,
        and is refused where it does not fit: ``not_amendable`` where the order is over or on its
        way out, has no limit, or its venue cannot (Binance). One that only shrinks keeps its place
        in the queue on paper. Raises EngineError: neither, a number that is not above zero, an id
        that is none.
        """
