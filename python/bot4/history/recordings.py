"""What a replay runs on: from files of trades, of a book or of captured frames to recordings.

Files of bars are told from them, and are read as for a backtest (`bot4.history.bars`). Nothing is
repaired: what cannot be trusted is refused with its file and row. Tick and lot are assumed, as of
a bare file of bars: no file says them. A file may say in a column `last` which rows end a venue's
message; where none says it, each row is taken for a message, and is decided on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot4 import _engine
from bot4.errors import DataError, known_names
from bot4.history.columns import PRICES, SYMBOL, TIMES, check_symbols, numbers
from bot4.history.files import SUFFIXES, Listing, listings
from bot4.history.frames import captured
from bot4.history.rows import BUY, CLEAR, SELL, Rows
from bot4.history.scan import header, read
from bot4.history.times import column_ns
from bot4.paths import readable, written
from bot4.tables import named

Kind = Literal["bars", "trades", "book", "frames"]
Source = str | Path

SIZES = ("qty", "size", "amount", "quantity")
KIND, SIDE, PRICE, LAST = "kind", "side", "price", "last"

# Stems that tell what a file holds and nothing of the instrument: its folder does.
_NAMELESS = ("trades", "book", "l2")
_DECIMALS_ASSUMED = 8
_PRICE_OF_WHOLE_DECIMALS = Decimal("0.01")  # under it sizes are so large that lots are coarser
_SIDES = {"buy": BUY, "sell": SELL}
_TRUTHS = {"true": 1, "false": 0, "1": 1, "0": 0}


@dataclass(frozen=True, slots=True, eq=False)
class RecordedColumns:
    """One instrument's recording before the engine checks it; `gaps` in the books of its source."""

    title: str
    instrument: str
    tick: str
    lot: str
    rows: Rows
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which column of a table holds what."""

    ts: str
    price: str
    qty: str
    what: str | None
    symbol: str | None
    last: str | None

    @property
    def wanted(self) -> list[str]:
        names = (self.ts, self.price, self.qty, self.what, self.symbol, self.last)
        return [name for name in names if name]


def load(sources: Sequence[Source]) -> "tuple[_engine.Recording, ...]":
    """The recordings that files hold, one an instrument. Raises DataError, one line."""
    return tuple(_recording(one) for one in columns(sources))


def kind_of(sources: Sequence[Source]) -> Kind:
    """What files hold, told from their names and headers. Raises DataError: several kinds."""
    kinds = {source: _kind(source) for source in sources}
    if not kinds:
        raise DataError("there is nothing to replay; give the path of a recording or of bars")
    (first, kind), *others = kinds.items()
    for source, other in others:
        if other != kind:
            raise DataError(
                f"{readable(first)} holds {kind} and {readable(source)} {other}; "
                "replay one kind at a time"
            )
    return kind


def is_recording(sources: Sequence[Source]) -> bool:
    """Whether files hold a recording, and not bars. Raises DataError."""
    return kind_of(sources) != "bars"


def columns(sources: Sequence[Source]) -> tuple[RecordedColumns, ...]:
    """The rows of recordings, one set an instrument, in order of names or as files name them.

    Captured frames in several files are one session, in the order given. Raises DataError.
    """
    kind = kind_of(sources)
    if kind == "bars":
        raise DataError(f"{readable(sources[0])} holds bars; trades, a book or frames are needed")
    found = list(_from_frames(sources) if kind == "frames" else _from_tables(sources))
    titles: dict[str, str] = {}
    for one in found:
        other = titles.setdefault(one.instrument, one.title)
        if other != one.title:
            raise DataError(
                f"{one.instrument} is there twice, in {other} and in {one.title}; "
                "choose files that hold each instrument once"
            )
    return tuple(found)


def _recording(one: RecordedColumns) -> "_engine.Recording":
    rows = one.rows
    try:
        return _engine.Recording(
            one.instrument, one.tick, one.lot, rows.ts, rows.kind, rows.price, rows.qty, rows.last
        )
    except DataError as error:
        raise DataError(f"{one.title}: {error}") from error


def _kind(source: Source) -> Kind:
    path = written(source)
    if path.suffix.lower() not in SUFFIXES and path.is_file():
        return "frames"
    part = listings(source)[0].parts[0]
    names = {name.strip().lower() for name in header(part)}
    if names.issuperset(PRICES):
        return "bars"
    if PRICE in names:
        return "book" if KIND in names else "trades"
    raise DataError(
        f"{readable(part)} cannot be replayed; bars have open, high, low, close and volume, trades "
        f"ts, price, qty and side, a book ts, kind, price and qty (it has: {', '.join(names)})"
    )


def _from_frames(sources: Sequence[Source]) -> Iterator[RecordedColumns]:
    paths = [written(source) for source in sources]
    title = ", ".join(readable(path) for path in paths)
    for one in captured(paths):
        yield _columns(title, one.instrument, one.rows, one.gaps)


def _from_tables(sources: Sequence[Source]) -> Iterator[RecordedColumns]:
    for listing in (one for source in sources for one in listings(source)):
        parts: dict[str | None, list[Rows]] = {}
        for path in listing.parts:
            for symbol, rows in _read(path).items():
                parts.setdefault(symbol, []).append(rows)
        for symbol, pieces in parts.items():
            yield _columns(listing.title, f"file:{symbol or _name(listing)}", _joined(pieces))


def _columns(title: str, instrument: str, rows: Rows, gaps: int = 0) -> RecordedColumns:
    prices = rows.price[rows.kind != CLEAR]
    if len(prices) == 0:
        raise DataError(f"{title} holds no price of {instrument}")
    decimals = _DECIMALS_ASSUMED
    return RecordedColumns(
        title, instrument, _unit(decimals), _unit(decimals - _coarser(prices[0])), rows, gaps
    )


def _coarser(price: float) -> int:
    """A decimal less for each that the first price lies under 0.01, as with bars."""
    if not np.isfinite(price) or price <= 0:  # for the engine to refuse, with the row
        return 0
    below = _PRICE_OF_WHOLE_DECIMALS.adjusted() - Decimal(repr(float(price))).adjusted()
    return min(max(below, 0), _DECIMALS_ASSUMED)


def _unit(decimals: int) -> str:
    return format(Decimal(1).scaleb(-decimals), "f")


def _name(listing: Listing) -> str:
    if listing.series.partition("-")[0] in _NAMELESS:
        return readable(listing.parts[0].resolve().parent.name)
    return listing.name


def _joined(pieces: list[Rows]) -> Rows:
    filled = [piece for piece in pieces if len(piece.ts)] or pieces
    ordered = sorted(filled, key=lambda piece: int(piece.ts[0]) if len(piece.ts) else 0)
    return Rows(
        np.concatenate([piece.ts for piece in ordered]),
        np.concatenate([piece.kind for piece in ordered]),
        np.concatenate([piece.price for piece in ordered]),
        np.concatenate([piece.qty for piece in ordered]),
        np.concatenate([piece.last for piece in ordered]),
    )


def _read(path: Path) -> Mapping[str | None, Rows]:
    title = readable(path)
    found = _layout(header(path), title)
    table = read(path, found.wanted)
    if found.symbol is None:
        return {None: _rows(table, found, title)}
    check_symbols(table[found.symbol], title)
    parts = table.partition_by(found.symbol, maintain_order=True, as_dict=True)
    return {str(key[0]): _rows(part, found, title) for key, part in parts.items()}


def _layout(names: Iterable[str], title: str) -> _Layout:
    present = named(names, (*TIMES, PRICE, *SIZES, KIND, SIDE, SYMBOL, LAST), title)
    ts = next((present[name] for name in TIMES if name in present), None)
    qty = next((present[name] for name in SIZES if name in present), None)
    if ts is None or qty is None:
        lacking = "ts" if ts is None else "qty"
        raise DataError(f"{title} has no column {lacking} (it has: {', '.join(present)})")
    what = present.get(KIND) or present.get(SIDE)
    return _Layout(ts, present[PRICE], qty, what, present.get(SYMBOL), present.get(LAST))


def _rows(table: pl.DataFrame, found: _Layout, title: str) -> Rows:
    """One instrument's rows, typed. Without a side everybody who took bought: the price counts."""
    try:
        ts = column_ns(table[found.ts])
    except DataError as error:
        raise DataError(f"{title}: {error}") from error
    kind = np.full(len(ts), BUY, dtype=np.uint8)
    if found.what is not None:
        of_book = found.what.strip().lower() == KIND
        codes = _engine.RECORDED if of_book else _SIDES
        kind = _codes(table[found.what], codes, title)
    empty = kind == CLEAR
    price, qty = numbers(table[found.price], title), numbers(table[found.qty], title)
    last = np.ones(len(ts), dtype=np.bool_)
    if found.last is not None:
        last = _codes(table[found.last], _TRUTHS, title).astype(np.bool_)
    return Rows(ts, kind, np.where(empty, 0.0, price), np.where(empty, 0.0, qty), last)


def _codes(words: pl.Series, codes: Mapping[str, int], title: str) -> NDArray[np.uint8]:
    try:
        text = words.cast(pl.String).str.strip_chars().str.to_lowercase()
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{title}: column {words.name!r} holds {words.dtype}, not words") from error
    found = text.replace_strict(codes, default=None, return_dtype=pl.UInt8)
    if found.null_count():
        row = int(found.is_null().arg_max() or 0)
        near = known_names(text[row], codes)
        raise DataError(f"{title}: column {words.name!r} holds {words[row]!r} in row {row}; {near}")
    return found.to_numpy()
