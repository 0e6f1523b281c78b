"""Captured frames of a venue, line by line, to the rows of recordings.

A line is ``<receive time in ns><space><JSON as it came>``, packed by gzip or not; Binance's REST
depth may stand among them, bare or as ``{"rest": …, "symbol": …, "body": …}``. What a frame says
is the engine's to read (`_engine.Feed`): here the venue and the symbols are found, and whatever is
refused gets its file and line.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from bot4._engine import Feed
from bot4.errors import DataError, FrameError
from bot4.history.rows import CLEAR, Rows
from bot4.history.venues import Capture, RefusedError, venue_of
from bot4.paths import readable, reason

Scales = Mapping[str, tuple[int, int]]

_GZIP = b"\x1f\x8b"
_LINE_BYTES_MAX = 64 * 2**20
_SHOWN_MAX = 60
# Decimal places of prices and sizes; where they do not fit: how far one may go, and in which steps.
_SCALES = (8, 8)
_PRICE_SCALE_MAX = 14
_STEP = 2
_REST = re.compile(rb'"(?:lastUpdateId|rest)"')
# Where a venue's frames name their symbols.
_NAMES = {
    venue: re.compile(rb'"%s"\s*:\s*"((?:[^"\\]|\\.){1,64})"' % key)
    for venue, key in (("binance", b"s"), ("kraken", b"symbol"), ("coinbase", b"product_id"))
}


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """What a capture tells of one instrument; `gaps` in the books of the whole capture."""

    instrument: str
    rows: Rows
    gaps: int


def raw(paths: Sequence[Path]) -> list[tuple[int, str | None, bytes]]:
    """Every frame as it came: when (ns), of which symbol where it is a REST depth, its bytes.

    The symbol of a REST depth that names none is empty; other frames have None. Raises DataError.
    """
    found = []
    for path in paths:
        with _opened(path) as lines:
            for number, line in enumerate(lines, start=1):
                received, _, payload = line.strip().partition(b" ")
                try:
                    if payload:
                        found.append(_frame(int(received), payload))
                except (ValueError, KeyError, TypeError) as error:
                    raise DataError(f"{readable(path)}, line {number}: {_shown(line)}") from error
    return found


def _frame(received_ns: int, payload: bytes) -> tuple[int, str | None, bytes]:
    if payload.startswith(b'{"rest"'):
        frame = json.loads(payload)
        return received_ns, str(frame["symbol"]).upper(), json.dumps(frame["body"]).encode()
    return received_ns, "" if payload.startswith(b'{"lastUpdateId"') else None, payload


def captured(paths: Sequence[Path]) -> tuple[Captured, ...]:
    """The instruments in captures that follow each other, as they are named. Raises DataError."""
    scales: dict[str, tuple[int, int]] = {}
    while True:  # each turn moves a scale towards its end
        session = _Session(scales)
        try:
            for path in paths:
                session.read(path)
        except _UnfitError as unfit:
            scales |= unfit.scales
            continue
        return session.finished(", ".join(readable(path) for path in paths))


class _UnfitError(Exception):
    """A number does not fit its scale: begin again with these."""

    def __init__(self, scales: Scales) -> None:
        super().__init__("other scales are needed")
        self.scales = scales


class _Session:
    """What the frames so far have told."""

    def __init__(self, scales: Scales) -> None:
        self._scales = scales
        self._venue: Capture | None = None
        self._feed = Feed("binance")
        # Symbols as they are written in frames, and as they are.
        self._names: dict[bytes, str] = {}
        self._symbols: dict[str, tuple[int, int]] = {}
        # Symbols whose books were told in part: there has to be a whole one somewhere.
        self._parts: set[str] = set()
        # A bare REST answer does not say of which symbol it is: then there must be one only.
        self._unnamed: list[tuple[int, bytes]] = []
        self._has_unnamed = False

    def read(self, path: Path) -> None:
        title = readable(path)
        with _opened(path) as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    self._tell(line)
                except (FrameError, RefusedError) as error:
                    raise DataError(f"{title}, line {number}: {error}") from error
                except (ValueError, KeyError, TypeError, RecursionError) as error:
                    raise DataError(f"{title}, line {number}: {_shown(line)}") from error

    def _tell(self, line: bytes) -> None:
        received, _, payload = line.partition(b" ")
        payload = payload.strip()
        if not payload:
            if line.strip():
                raise ValueError("no payload")
            return
        received_ns = int(received)
        if self._venue is None:
            self._venue = venue_of(payload)
            if self._venue is None:
                return  # an answer that any venue may give
            self._feed = Feed(self._venue)
        if _REST.search(payload) and self._rest(received_ns, json.loads(payload)):
            return
        symbols = [self._symbol(name) for name in _NAMES[self._venue].findall(payload)]
        if b'"depthUpdate"' in payload:
            self._parts.update(symbols)
        try:
            heard = self._feed.on_frame(payload, received_ns)
        except FrameError as error:
            self._check_venue(payload)
            self._check_scales(error, symbols)
            raise
        if heard == "unknown":
            self._check_venue(payload)
        elif heard.startswith("resync "):
            self._parts.add(heard.removeprefix("resync "))

    def _rest(self, received_ns: int, frame: dict[str, Any]) -> bool:
        """Take a REST answer, which is no message of a stream; False if it is one."""
        if "rest" in frame:
            symbol = str(frame["symbol"]).upper()
            self._list(symbol)
            self._snapshot(received_ns, symbol, json.dumps(frame["body"]).encode())
            return True
        if "lastUpdateId" not in frame:
            return False
        self._has_unnamed = True
        self._unnamed.append((received_ns, json.dumps(frame).encode()))
        if len(self._symbols) > 1:
            raise RefusedError(_AMBIGUOUS)
        for symbol in self._symbols:
            self._tell_unnamed(symbol)
        return True

    def _snapshot(self, received_ns: int, symbol: str, body: bytes) -> None:
        try:
            self._feed.on_snapshot(symbol, body, received_ns)
        except FrameError as error:
            self._check_scales(error, [symbol])
            raise

    def _symbol(self, name: bytes) -> str:
        """A symbol as the venue writes it, listened for from here on."""
        symbol = self._names.get(name)
        if symbol is None:
            symbol = self._names[name] = str(json.loads(b'"%s"' % name))
            self._list(symbol)
        return symbol

    def _list(self, symbol: str) -> None:
        if symbol in self._symbols:
            return
        if self._has_unnamed and self._symbols:
            raise RefusedError(_AMBIGUOUS)
        scales = self._scales.get(symbol, _SCALES)
        self._feed.add(symbol, *scales)
        self._symbols[symbol] = scales
        self._tell_unnamed(symbol)

    def _tell_unnamed(self, symbol: str) -> None:
        waiting, self._unnamed = self._unnamed, []
        for received_ns, body in waiting:
            self._snapshot(received_ns, symbol, body)

    def _check_venue(self, payload: bytes) -> None:
        """Say it where a frame is of another venue than those before it."""
        other = venue_of(payload)
        if other not in (None, self._venue):
            raise RefusedError(f"this frame is of {other}, and those before it of {self._venue}")

    def _check_scales(self, error: FrameError, symbols: Sequence[str]) -> None:
        """Begin again with other scales, where there are any left."""
        other = {}
        for symbol in symbols:
            price, qty = self._symbols[symbol]
            if error.kind == "number_too_large" and qty > 0:
                other[symbol] = (price, qty - _STEP)
            elif error.kind == "number_too_fine" and price < _PRICE_SCALE_MAX:
                other[symbol] = (price + _STEP, qty)
        if other:
            raise _UnfitError(other)

    def finished(self, title: str) -> tuple[Captured, ...]:
        found = []
        for symbol in self._symbols:
            rows = Rows(**self._feed.rows(symbol))
            if symbol in self._parts and not (rows.kind == CLEAR).any():
                raise DataError(
                    f"{title}: {symbol} has updates of the book but no snapshot that joins them; "
                    "capture it in the same session, and give its files in order"
                )
            if len(rows.ts):
                gaps = self._feed.counts()["gaps"]
                found.append(Captured(f"{self._venue}:{symbol}", rows, gaps))
        if not found:
            raise DataError(f"{title} holds no book and no trade of a symbol")
        return tuple(found)


_AMBIGUOUS = (
    "there are several symbols, and a REST depth up to this line names none; "
    'record it as {"rest": …, "symbol": …, "body": …}'
)


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
