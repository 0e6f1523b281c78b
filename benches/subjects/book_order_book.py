"""The order-book package, written in C: a side is a mapping, `index(0)` its best level; integers.

Its 0.6.1 is the newest for Python 3.11, and sorts anew at each read after a level came or went: one
round is a quarter of a minute.
"""

from flow import read, say, time_book
from order_book import OrderBook

ROUNDS = 1


def main() -> None:
    """Tell it every update and read both best levels."""
    snapshot, updates = read()
    told = updates.rows()

    def fresh() -> OrderBook:
        book = OrderBook()
        for side, tick, lots in snapshot.rows():
            (book.asks if side else book.bids)[tick] = lots
        return book

    def run(book: OrderBook) -> None:
        sides = book.bids, book.asks
        bid, ask = book.bids.index, book.asks.index
        for side, tick, lots in told:
            if lots:
                sides[side][tick] = lots
            else:
                del sides[side][tick]
            bid(0)
            ask(0)

    def checksum(book: OrderBook) -> int:
        total = 0
        for side, tick, lots in told:
            levels = book.asks if side else book.bids
            if lots:
                levels[tick] = lots
            else:
                del levels[tick]
            total += book.bids.index(0)[0] + book.asks.index(0)[0]
        return total

    times = time_book(fresh, run, len(told), ROUNDS)
    say("order-book", {"order-book (integers)": times}, checksum(fresh()))


if __name__ == "__main__":
    main()
