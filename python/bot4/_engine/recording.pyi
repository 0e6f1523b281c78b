"""Recorded markets, and the venues' frames they are made of."""

from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

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
