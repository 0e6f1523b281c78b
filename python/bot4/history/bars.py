"""From anything a person calls history to checked bars: a path, a table, a simulated market.

Nothing is repaired: unsorted, doubled or impossible rows are refused by name and row, because a
silent repair would decide about somebody's money.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot4 import _engine
from bot4.errors import DataError, ParameterError
from bot4.history.columns import Columns, file_layout, layout, read_file, split
from bot4.history.files import listings
from bot4.history.simulated import SimulatedMarket
from bot4.history.times import Moment, moment_ns, utc_text
from bot4.tables import as_polars, interval_of, is_table

FRAME_NAME = "BARS"


@dataclass(frozen=True, slots=True, eq=False)
class PriceHistory:
    """One instrument's bars for the engine; for charts and measures times, closes and volumes."""

    bars: _engine.Bars
    open_ns: NDArray[np.int64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    @property
    def instrument(self) -> str:
        """``venue:SYMBOL``."""
        return self.bars.instrument


@dataclass(frozen=True, slots=True)
class MarketHistory:
    """What a backtest runs on: instruments in order, and the seed where all of it is simulated."""

    instruments: tuple[PriceHistory, ...]
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Bars with ``since_ns <= bar open < until_ns``; None is no bound."""

    since_ns: int | None = None
    until_ns: int | None = None

    def __str__(self) -> str:
        """``2021-01-01T00:00Z to the end``, for messages."""
        first = "the start" if self.since_ns is None else utc_text(self.since_ns)
        last = "the end" if self.until_ns is None else utc_text(self.until_ns)
        return f"{first} to {last}"


def span(since: Moment | None = None, until: Moment | None = None) -> Span:
    """The range two ISO dates or datetimes mean, in UTC. Raises ParameterError."""
    first = None if since is None else moment_ns(since, "since")
    last = None if until is None else moment_ns(until, "until")
    if first is not None and last is not None and first >= last:
        raise ParameterError(f"since ({since}) must be before until ({until})")
    return Span(first, last)


def load(source: object, *, name: str = FRAME_NAME, within: Span | None = None) -> MarketHistory:
    """Read history from a path (file, folder, pattern), a table, or a `SimulatedMarket`.

    Instruments are ``file:NAME`` (the file's stem, its folder's for ``ohlcv-*``, or the symbol a
    column gives), ``frame:NAME`` and ``simulated:NAME``. Raises DataError where anything is
    missing or cannot be trusted, with the file and the row.
    """
    wanted = within or Span()
    if isinstance(source, SimulatedMarket):
        columns = _table_columns(source.frame, f"the simulated market {source.name}")
        title = f"the simulated market, seed {source.seed}"
        made = _price_history(f"simulated:{source.name}", columns[None], wanted, title)
        return MarketHistory((made,), source.seed)
    if isinstance(source, str) and not source.strip():
        raise DataError("the path of the history is empty; give a file, a folder or a pattern")
    if isinstance(source, str | Path):
        return MarketHistory(tuple(_from_files(source, wanted)))
    if is_table(source):
        title = f"the table {name}"
        return MarketHistory(
            tuple(
                _price_history(f"frame:{symbol or name}", columns, wanted, title)
                for symbol, columns in _table_columns(source, title).items()
            )
        )
    raise DataError(
        f"{type(source).__name__} is not history; give a path, a table of OHLCV bars, "
        "or b4.simulated()"
    )


def _table_columns(source: object, title: str) -> dict[str | None, Columns]:
    table = as_polars(source)
    found = layout(table.columns, title)
    return split(table.select(found.wanted), found, title)


def _from_files(source: str | Path, within: Span) -> Iterable[PriceHistory]:
    found = listings(source)
    for listing in found:
        file_layout(listing.parts[0])  # every kind of file is refused before any is read
    titles: dict[str, str] = {}
    for listing in found:
        parts: dict[str | None, list[Columns]] = {}
        for path in listing.parts:
            for symbol, columns in read_file(path).items():
                parts.setdefault(symbol, []).append(columns)
        for symbol, pieces in parts.items():
            identity = f"file:{symbol or listing.name}"
            other = titles.setdefault(identity, listing.title)
            if other != listing.title:
                raise DataError(
                    f"{identity} is there twice, in {other} and in {listing.title}; "
                    "choose files that hold each instrument once"
                )
            yield _price_history(identity, _joined(pieces), within, listing.title)


def _joined(pieces: list[Columns]) -> Columns:
    if len(pieces) == 1:
        return pieces[0]
    filled = sorted(
        (piece for piece in pieces if len(piece.open_ns)), key=lambda p: int(p.open_ns[0])
    )
    return Columns(
        np.concatenate([piece.open_ns for piece in filled or pieces]),
        *(
            np.concatenate([getattr(piece, name) for piece in filled or pieces])
            for name in ("open", "high", "low", "close", "volume")
        ),
    )


def _price_history(identity: str, columns: Columns, within: Span, title: str) -> PriceHistory:
    columns = _within(columns, within, identity, title)
    steps = np.diff(columns.open_ns)
    if len(steps) == 0:
        raise DataError(
            f"{title} has {len(columns.open_ns)} bar of {identity}; at least 2 are needed "
            "to know the interval"
        )
    try:
        bars = _engine.Bars(
            identity,
            interval_of(steps),
            columns.open_ns,
            columns.open,
            columns.high,
            columns.low,
            columns.close,
            columns.volume,
        )
    except DataError as error:
        counted = " (rows counted within since and until)" if within != Span() else ""
        raise DataError(f"{title}{counted}: {error}") from error
    return PriceHistory(bars, columns.open_ns, columns.close, columns.volume)


def _within(columns: Columns, within: Span, identity: str, title: str) -> Columns:
    times = columns.open_ns
    if len(times) == 0:
        raise DataError(f"{title} has no bars of {identity}")
    if within == Span():
        return columns
    keep = np.ones(len(times), dtype=np.bool_)
    if within.since_ns is not None:
        keep &= times >= within.since_ns
    if within.until_ns is not None:
        keep &= times < within.until_ns
    if not keep.any():
        raise DataError(
            f"{title} has no bars of {identity} from {within}; it holds "
            f"{utc_text(int(times.min()))} to {utc_text(int(times.max()))}"
        )
    return Columns(
        times[keep],
        columns.open[keep],
        columns.high[keep],
        columns.low[keep],
        columns.close[keep],
        columns.volume[keep],
    )
