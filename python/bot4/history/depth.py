"""One market as Binance tells it, and the rows of a recording that it becomes.

Updates of the book carry the numbers ``U`` to ``u`` of the changes in them; a snapshot says the
last number it holds. Updates that come before the snapshot wait for it: those it holds are dropped,
and the first of the others must reach across its end. From then on each begins where the last one
ended. Where one is missing the book is cleared, and stays so until a snapshot fits again.
"""

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot4.errors import DataError

# What a row says, and its code in columns: the engine's own codes are put in where it is told.
KINDS = ("clear", "bid", "ask", "buy", "sell")
CLEAR, BID, ASK, BUY, SELL = range(len(KINDS))

Levels = Sequence[Sequence[str]]

_WAITING_MAX = 20_000  # updates without a snapshot: half an hour of one each 100 ms
_SUMMED = 0x80  # marks a trade of the stream that sums several up


@dataclass(frozen=True, slots=True)
class _Change:
    """An update, or a snapshot, for which `first` says nothing."""

    first: int
    last: int
    bids: Levels
    asks: Levels


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a recording: times in ns that do not fall, codes of `KINDS`; equal lengths."""

    ts: NDArray[np.int64]
    kind: NDArray[np.uint8]
    price: NDArray[np.float64]
    qty: NDArray[np.float64]


class Market:
    """What one symbol's frames have told so far."""

    def __init__(self) -> None:
        self._ts, self._kind = array("q"), array("B")
        self._price, self._qty = array("d"), array("d")
        self._joined = self._ever_joined = self._has_single_trades = False
        self._last = 0
        self._waiting: deque[_Change] = deque(maxlen=_WAITING_MAX)
        self._snapshot: _Change | None = None
        self._live: tuple[set[float], set[float]] = (set(), set())
        self.gaps = 0

    def update(self, ts: int, first: int, last: int, bids: Levels, asks: Levels) -> None:
        """A `depthUpdate`: levels that changed, by the numbers `first` to `last`."""
        change = _Change(first, last, bids, asks)
        if self._joined and last <= self._last:
            return
        if self._joined and first <= self._last + 1:
            self._apply(ts, change)
            return
        if self._joined:
            self.gaps += 1
            self._joined = False
            self._row(ts, CLEAR, 0.0, 0.0)
        self._waiting.append(change)
        self._join(ts)

    def snapshot(self, ts: int, last: int, bids: Levels, asks: Levels) -> None:
        """The whole book up to the change `last`. One is kept for the next gap."""
        self._snapshot = _Change(0, last, bids, asks)
        if not self._joined:
            self._join(ts)

    def trade(self, ts: int, price: float, qty: float, *, sold: bool, summed: bool) -> None:
        """Somebody took: `sold` where the buyer had been resting; `summed` of several trades."""
        self._has_single_trades |= not summed
        self._row(ts, (SELL if sold else BUY) | (_SUMMED if summed else 0), price, qty)

    def finish(self, title: str) -> None:
        """Nothing more will come. Raises DataError where there never was a book to update."""
        if self._waiting and not self._ever_joined:
            raise DataError(
                f"{title} has updates of the book but no depth snapshot that joins them; "
                "capture the REST depth in the same session, and give its files in order"
            )

    def rows(self) -> Rows:
        """What was told, as columns. Summed trades are left out where each is there as well."""
        ts = np.array(self._ts, dtype=np.int64)
        kind = np.array(self._kind, dtype=np.uint8)
        price, qty = np.array(self._price), np.array(self._qty)
        if self._has_single_trades:
            kept = kind & _SUMMED == 0
            ts, kind, price, qty = ts[kept], kind[kept], price[kept], qty[kept]
        return Rows(ts, kind & np.uint8(_SUMMED - 1), price, qty)

    def _join(self, ts: int) -> None:
        """Begin from the snapshot where it and what waits fit together."""
        whole = self._snapshot
        if whole is None:
            return
        later = [change for change in self._waiting if change.last > whole.last]
        if later and later[0].first > whole.last + 1:
            return
        self._snapshot = None
        self._waiting.clear()
        self._live = (set(), set())
        self._joined = self._ever_joined = True
        self._row(ts, CLEAR, 0.0, 0.0)
        self._apply(ts, whole)
        for change in later:
            self.update(ts, change.first, change.last, change.bids, change.asks)

    def _apply(self, ts: int, change: _Change) -> None:
        """Write down what changed: what went first, so that a book is not crossed on the way."""
        self._last = change.last
        put: list[tuple[int, float, float]] = []
        for side, levels, live in zip(
            (BID, ASK), (change.bids, change.asks), self._live, strict=True
        ):
            for level in levels:
                price, qty = float(level[0]), float(level[1])
                if qty != 0:
                    live.add(price)
                    put.append((side, price, qty))
                elif price in live:  # the venue also ends levels that nobody was told of
                    live.remove(price)
                    self._row(ts, side, price, 0.0)
        for side, price, qty in put:
            self._row(ts, side, price, qty)

    def _row(self, ts: int, kind: int, price: float, qty: float) -> None:
        self._ts.append(ts)
        self._kind.append(kind)
        self._price.append(price)
        self._qty.append(qty)
