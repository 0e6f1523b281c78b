"""A plain Python book over sortedcontainers: a SortedDict a side, bids by negated tick."""

from flow import read, say, time_book
from sortedcontainers import SortedDict

Sides = tuple[SortedDict, SortedDict]


def main() -> None:
    """Tell it every update; the touch is the first item of each side."""
    snapshot, updates = read()
    told = [(side, tick if side else -tick, lots) for side, tick, lots in updates.rows()]

    def fresh() -> Sides:
        rows = snapshot.rows()
        bids = SortedDict((-tick, lots) for side, tick, lots in rows if not side)
        return bids, SortedDict((tick, lots) for side, tick, lots in rows if side)

    def run(book: Sides) -> None:
        bid, ask = book[0].peekitem, book[1].peekitem
        for side, key, lots in told:
            if lots:
                book[side][key] = lots
            else:
                del book[side][key]
            bid(0)
            ask(0)

    def checksum(book: Sides) -> int:
        total = 0
        for side, key, lots in told:
            if lots:
                book[side][key] = lots
            else:
                del book[side][key]
            total += book[1].peekitem(0)[0] - book[0].peekitem(0)[0]
        return total

    times = time_book(fresh, run, len(told))
    say("sortedcontainers", {"sortedcontainers (integers)": times}, checksum(fresh()))


if __name__ == "__main__":
    main()
