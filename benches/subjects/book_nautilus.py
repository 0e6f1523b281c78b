"""The L2 book of nautilus_trader: apply a delta made before, then read both best prices.

Both of its faces: the one over Cython, and the one over PyO3. Making the delta is not timed.
"""

from types import SimpleNamespace
from typing import Any

from flow import LOT, TICK, Told, read, say, time_book
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model import book, data, enums, identifiers, objects

CYTHON = SimpleNamespace(
    **{name: getattr(enums, name) for name in ("BookAction", "BookType", "OrderSide")},
    OrderBook=book.OrderBook,
    BookOrder=data.BookOrder,
    OrderBookDelta=data.OrderBookDelta,
    InstrumentId=identifiers.InstrumentId,
    Price=objects.Price,
    Quantity=objects.Quantity,
)
FACES = {"cython": CYTHON, "pyo3": nautilus_pyo3}


class Rival:
    """One face, with every delta ready."""

    def __init__(self, face: Any, snapshot: Told, updates: Told) -> None:
        self.face = face
        self.market = face.InstrumentId.from_str("BTCUSDT.SIM")
        self.snapshot = self._deltas(snapshot, face.BookAction.ADD)
        self.updates = self._deltas(updates, face.BookAction.UPDATE)

    def _deltas(self, told: Told, action: Any) -> list[Any]:
        face = self.face
        sides = face.OrderSide.BUY, face.OrderSide.SELL
        gone = face.BookAction.DELETE
        found = []
        for side, tick, lots in told.rows():
            price, size = face.Price(tick * TICK, 1), face.Quantity(lots * LOT, 3)
            order = face.BookOrder(sides[side], price, size, tick)
            what = action if lots else gone
            found.append(face.OrderBookDelta(self.market, what, order, 0, 0, 0, 0))
        return found

    def fresh(self) -> Any:
        made = self.face.OrderBook(self.market, self.face.BookType.L2_MBP)
        for delta in self.snapshot:
            made.apply_delta(delta)
        return made

    def run(self, made: Any) -> None:
        apply, bid, ask = made.apply_delta, made.best_bid_price, made.best_ask_price
        for delta in self.updates:
            apply(delta)
            bid()
            ask()

    def checksum(self) -> int:
        made, total = self.fresh(), 0
        for delta in self.updates:
            made.apply_delta(delta)
            touch = made.best_bid_price(), made.best_ask_price()
            total += sum(round(price.as_double() / TICK) for price in touch)
        return total


def main() -> None:
    """One face after the other; they must agree."""
    snapshot, updates = read()
    rows, sums = {}, set()
    for name, face in FACES.items():
        rival = Rival(face, snapshot, updates)
        rows[f"nautilus_trader ({name})"] = time_book(rival.fresh, rival.run, len(updates.tick))
        sums.add(rival.checksum())
    (checksum,) = sums
    say("nautilus_trader", rows, checksum)


if __name__ == "__main__":
    main()
