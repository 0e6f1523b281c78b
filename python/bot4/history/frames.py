"""Captured frames of an exchange, line by line, to the columns of a recording.

A line is ``<receive time in ns><space><JSON as it came>``. Binance's spot streams are read, raw or
combined: ``depthUpdate``, ``trade``, and the REST depth that a book begins with. The rules of a
book are in `bot4.history.depth`; here a frame is told from another, and gets its time.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from bot4.errors import DataError
from bot4.history.depth import Market
from bot4.paths import readable, reason

Frame = dict[str, Any]

VENUE = "binance"

_GZIP = b"\x1f\x8b"
_MS_NS = 10**6
_LINE_BYTES_MAX = 64 * 2**20
_SHOWN_MAX = 60
_READS = "only captures of Binance's spot streams can be replayed"


def markets(paths: Sequence[Path]) -> dict[str, Market]:
    """The markets in captures that follow each other, by symbol in order. Raises DataError."""
    session = _Session()
    for path in paths:
        title = readable(path)
        with _opened(path) as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    session.tell(line)
                except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
                    told = str(error) if isinstance(error, _RefusedError) else _shown(line)
                    raise DataError(f"{title}, line {number}: {told}") from error
    return session.finished(", ".join(readable(path) for path in paths))


class _RefusedError(ValueError):
    """A frame that is understood, and cannot be replayed; its text says why."""


class _Session:
    """What the frames so far have told, market by market; time never falls."""

    def __init__(self) -> None:
        self._markets: dict[str, Market] = {}
        self._now_ns = 0
        # A bare REST answer does not say of which symbol it is: then there must be one only.
        self._unnamed: list[tuple[int, Frame]] = []
        self._has_unnamed = False

    def tell(self, line: bytes) -> None:
        received, _, payload = line.partition(b" ")
        if not payload.strip():
            if line.strip():
                raise ValueError("no payload")
            return
        received_ns = int(received)
        frame = json.loads(payload)
        if not isinstance(frame, dict):
            raise _RefusedError(f"this frame is not of Binance; {_READS}")
        if "rest" in frame:
            self._snapshot(received_ns, str(frame["symbol"]).upper(), frame["body"])
        elif "lastUpdateId" in frame:
            self._bare_snapshot(received_ns, frame)
        elif "stream" in frame:
            self._stream(received_ns, frame["data"], str(frame["stream"]))
        else:
            self._stream(received_ns, frame, "")

    def _stream(self, received_ns: int, frame: Frame, stream: str) -> None:
        if "lastUpdateId" in frame:
            raise _RefusedError(
                f"{stream} tells a part of the book only; record @depth and its REST"
            )
        kind = frame.get("e")
        if kind is None:
            if not ({"u", "s", "b", "a"} <= frame.keys() or "result" in frame):
                raise _RefusedError(f"this frame is not of Binance; {_READS}")
            return  # a bookTicker, or an answer to a subscription
        if "E" not in frame or "s" not in frame:
            return
        if kind == "depthUpdate":
            if "pu" in frame:
                raise _RefusedError(f"this frame is of Binance's futures; {_READS}")
            ts = self._time(received_ns, frame)
            self._market(frame["s"]).update(ts, frame["U"], frame["u"], frame["b"], frame["a"])
        elif kind in {"trade", "aggTrade"}:
            ts = self._time(received_ns, frame)
            self._market(frame["s"]).trade(
                ts, float(frame["p"]), float(frame["q"]), sold=frame["m"], summed=kind != "trade"
            )

    def _snapshot(self, received_ns: int, symbol: str, body: Frame) -> None:
        ts = self._time(received_ns, {})
        self._market(symbol).snapshot(ts, body["lastUpdateId"], body["bids"], body["asks"])

    def _bare_snapshot(self, received_ns: int, body: Frame) -> None:
        self._has_unnamed = True
        if self._markets:
            self._snapshot(received_ns, next(iter(self._markets)), body)
        else:
            self._unnamed.append((received_ns, body))

    def _market(self, symbol: str) -> Market:
        market = self._markets.get(symbol)
        if market is not None:
            return market
        if self._has_unnamed and self._markets:
            raise _RefusedError(
                "there are several symbols, and a REST depth before this line names none; "
                'record it as {"rest": …, "symbol": …, "body": …}'
            )
        market = self._markets[symbol] = Market()
        waiting, self._unnamed = self._unnamed, []
        for received_ns, body in waiting:
            self._snapshot(received_ns, symbol, body)
        return market

    def _time(self, received_ns: int, frame: Frame) -> int:
        """When it came, else when it happened; clocks that go back are held."""
        ts = received_ns or int(frame.get("E", 0)) * _MS_NS
        self._now_ns = max(self._now_ns, ts)
        return self._now_ns

    def finished(self, title: str) -> dict[str, Market]:
        if not self._markets:
            raise DataError(f"{title} holds no depthUpdate and no trade; {_READS}")
        for symbol, market in self._markets.items():
            market.finish(f"{title}: {symbol}")
        return self._markets


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes]]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            if packed:
                with gzip.open(file) as unpacked:
                    yield _lines(cast("BinaryIO", unpacked))
            else:
                yield _lines(file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{readable(path)} ends within its compression: it is damaged") from error
    except OSError as error:
        raise DataError(f"{readable(path)} cannot be read: {reason(error)}") from error


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_LINE_BYTES_MAX):
        yield line


def _shown(line: bytes) -> str:
    start = line[:_SHOWN_MAX].decode("utf-8", "replace").strip()
    return f"{start!r} is not a captured frame: <receive time in ns> <JSON>"
