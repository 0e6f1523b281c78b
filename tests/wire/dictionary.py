"""Books kept by dictionaries of Decimal, as the venues document it: slow, and none of our code.

A book takes a parsed frame, and says whether the frame was of it. Sides are price to size.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

Side = dict[Decimal, Decimal]
Frame = dict[str, Any]

CHECKED = 10  # levels a side that Kraken sums


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each frame of a capture with its time."""
    with gzip.open(path, "rb") as file:
        for line in file:
            received, _, payload = line.strip().partition(b" ")
            yield int(received), payload


def parsed(payload: bytes) -> Frame:
    """A frame, its numbers as they are written."""
    frame: Frame = json.loads(payload, parse_float=Decimal)
    return frame


class DictBook(Protocol):
    """What the books of all venues have."""

    bids: Side
    asks: Side

    def take(self, frame: Frame) -> bool: ...


def _set(side: Side, price: object, qty: object) -> None:
    level, size = Decimal(f"{price}"), Decimal(f"{qty}")
    if size:
        side[level] = size
    else:
        side.pop(level, None)


class Binance:
    """Diffs wait for the snapshot; those it holds are dropped, the others applied."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bids: Side = {}
        self.asks: Side = {}
        self.last: int | None = None
        self._waiting: list[Frame] = []

    def take(self, frame: Frame) -> bool:
        frame = frame.get("data", frame)
        body = frame.get("body", frame)
        if "lastUpdateId" in body:
            if frame.get("symbol", self.symbol) != self.symbol:
                return False
            self.bids, self.asks = {}, {}
            self.last = body["lastUpdateId"]
            self._levels(body["bids"], body["asks"])
            waiting, self._waiting = self._waiting, []
            for diff in waiting:
                self.take(diff)
            return True
        if frame.get("e") != "depthUpdate" or frame["s"] != self.symbol:
            return False
        if self.last is None:
            self._waiting.append(frame)
        elif frame["u"] > self.last:
            assert frame["U"] <= self.last + 1, "a diff is missing"
            self.last = frame["u"]
            self._levels(frame["b"], frame["a"])
        return True

    def _levels(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        for price, qty in bids:
            _set(self.bids, price, qty)
        for price, qty in asks:
            _set(self.asks, price, qty)


class Kraken:
    """Levels beyond the subscribed depth fall off; each message carries a checksum."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bids: Side = {}
        self.asks: Side = {}
        self.right = self.wrong = 0
        self._depth = 0

    def take(self, frame: Frame) -> bool:
        if frame.get("method") == "subscribe":
            self._depth = frame["result"]["depth"]
        if frame.get("channel") != "book":
            return False
        (told,) = frame["data"]
        if frame["type"] == "snapshot":
            self.bids, self.asks = {}, {}
        for side, levels in ((self.bids, told["bids"]), (self.asks, told["asks"])):
            for level in levels:
                _set(side, level["price"], level["qty"])
        for side, best in ((self.bids, max), (self.asks, min)):
            worst = min if best is max else max
            while len(side) > self._depth:
                del side[worst(side)]
        if self._checksum() == told["checksum"]:
            self.right += 1
        else:
            self.wrong += 1
        return True

    def _checksum(self) -> int:
        asks = sorted(self.asks.items())[:CHECKED]
        bids = sorted(self.bids.items(), reverse=True)[:CHECKED]
        digits = (f"{number:f}" for level in (*asks, *bids) for number in level)
        text = "".join(digit.replace(".", "").lstrip("0") for digit in digits)
        return zlib.crc32(text.encode())


class Coinbase:
    """Sizes replace what was there; a snapshot replaces the whole."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bids: Side = {}
        self.asks: Side = {}

    def take(self, frame: Frame) -> bool:
        if frame.get("channel") != "l2_data":
            return False
        taken = False
        for event in frame["events"]:
            if event["product_id"] != self.symbol:
                continue
            taken = True
            if event["type"] == "snapshot":
                self.bids, self.asks = {}, {}
            for level in event["updates"]:
                side = self.bids if level["side"] == "bid" else self.asks
                _set(side, level["price_level"], level["new_quantity"])
        return taken
