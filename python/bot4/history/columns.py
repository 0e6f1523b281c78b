"""From a table or a file to the seven columns of OHLCV bars, typed. Their order is not judged here.

What is checked: that the columns are there and hold times and numbers. Whether they can be trusted
(order, duplicates, NaN, impossible prices) is for the engine to say, which is the same for all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot4.errors import DataError
from bot4.history.scan import header, read
from bot4.history.times import column_ns
from bot4.paths import readable
from bot4.tables import named

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume")
TIMES = ("ts", "timestamp", "time", "date", "datetime", "open_time", "open_ns")
SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a table holds what."""

    ts: str
    numbers: tuple[str, ...]
    symbol: str | None

    @property
    def wanted(self) -> list[str]:
        """The columns to read, and no others."""
        return [self.ts, *self.numbers, *([self.symbol] if self.symbol else [])]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """OHLCV of one instrument: bar opens in ns, prices, volume in base units; equal lengths."""

    open_ns: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]


def layout(names: Iterable[str], title: str) -> Layout:
    """Find the columns by name, in any case. Raises DataError: one is missing, or there twice."""
    present = named(names, (*TIMES, *NUMBERS, SYMBOL), title)
    ts = next((present[name] for name in TIMES if name in present), None)
    missing = [name for name in NUMBERS if name not in present]
    if ts is None:
        missing.insert(0, "ts")
    if missing or ts is None:
        raise DataError(
            f"{title} has no column {', '.join(missing)}; OHLCV bars need ts, {', '.join(NUMBERS)}"
            f" (it has: {', '.join(present) or 'none'})"
        )
    return Layout(ts, tuple(present[name] for name in NUMBERS), present.get(SYMBOL))


def file_layout(path: Path) -> Layout:
    """The layout of a file, from its header alone. Raises DataError."""
    return layout(header(path), readable(path))


def read_file(path: Path) -> dict[str | None, Columns]:
    """The instruments of one file, by the symbol it names, or None. Raises DataError."""
    found = file_layout(path)
    return split(read(path, found.wanted), found, readable(path))


def split(table: pl.DataFrame, found: Layout, title: str) -> dict[str | None, Columns]:
    """A table as typed columns, one set a symbol (None where it has no such column).

    The table is used up column by column, so that text and numbers are not held together.
    """
    if found.symbol is None:
        return {None: _typed(table, found, title)}
    check_symbols(table[found.symbol], title)
    parts = table.partition_by(found.symbol, maintain_order=True, as_dict=True)
    return {str(key[0]): _typed(part, found, title) for key, part in parts.items()}


def check_symbols(symbols: pl.Series, title: str) -> None:
    """Refuse a column of symbols that names none in some row. Raises DataError."""
    kind = symbols.dtype
    if not (kind == pl.String or kind.is_integer() or isinstance(kind, pl.Categorical | pl.Enum)):
        raise DataError(f"{title}: column {symbols.name!r} holds {kind}, not names")
    blank = symbols.is_null() | (symbols.cast(pl.String).str.strip_chars() == "").fill_null(True)
    if blank.any():
        row = int(blank.arg_max() or 0)
        raise DataError(
            f"{title}: column {symbols.name!r} is empty in row {row}; name an instrument in each "
            "row, or drop the column"
        )


def _typed(table: pl.DataFrame, found: Layout, title: str) -> Columns:
    try:
        times = column_ns(table.drop_in_place(found.ts))
    except DataError as error:
        raise DataError(f"{title}: {error}") from error
    return Columns(times, *(numbers(table.drop_in_place(name), title) for name in found.numbers))


def numbers(series: pl.Series, title: str) -> NDArray[np.float64]:
    """A column of numbers, or of text that reads as such; none is NaN. Raises DataError."""
    if series.dtype == pl.String:
        text = series.str.strip_chars()
        parsed = text.cast(pl.Float64, strict=False)
        bad = parsed.is_null() & series.is_not_null()
        if bad.any():
            row = int(bad.arg_max() or 0)
            raise DataError(
                f"{title}: column {series.name!r} holds {series[row]!r} in row {row}, "
                "which is not a number"
            )
        series = parsed
    if not (series.dtype.is_numeric() or series.dtype == pl.Null):
        raise DataError(f"{title}: column {series.name!r} holds {series.dtype}, not numbers")
    numbers = series.cast(pl.Float64)
    return (numbers.fill_null(float("nan")) if numbers.null_count() else numbers).to_numpy()
