"""The order book of ccxt.pro: `store` a level of a side, then read the first level of both; floats.

Prices are floats there, so that is what it is told.
"""

from ccxt.async_support.base.ws.order_book import OrderBook
from flow import LOT, TICK, read, say, time_book


def main() -> None:
    """Tell it every update and read both best prices."""
    snapshot, updates = read()
    per_tick, per_lot = round(1 / TICK), round(1 / LOT)
    told = [(side, tick / per_tick, lots / per_lot) for side, tick, lots in updates.rows()]

    def fresh() -> OrderBook:
        levels: dict[str, list[list[float]]] = {"bids": [], "asks": []}
        for side, tick, lots in snapshot.rows():
            levels["asks" if side else "bids"].append([tick / per_tick, lots / per_lot])
        return OrderBook(levels)

    def run(book: OrderBook) -> None:
        bids, asks = book["bids"], book["asks"]
        for side, price, size in told:
            (asks if side else bids).store(price, size)
            bids[0][0]
            asks[0][0]

    def checksum(book: OrderBook) -> int:
        bids, asks = book["bids"], book["asks"]
        total = 0
        for side, price, size in told:
            (asks if side else bids).store(price, size)
            total += round(bids[0][0] * per_tick) + round(asks[0][0] * per_tick)
        return total

    times = time_book(fresh, run, len(told))
    say("ccxt", {"ccxt.pro (floats)": times}, checksum(fresh()))


if __name__ == "__main__":
    main()
