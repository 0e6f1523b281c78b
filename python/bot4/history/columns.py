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
from bot4.history.times import column_ns

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
    """Find the columns by name, in any case. Raises DataError that names each missing one."""
    present: dict[str, str] = {}
    for name in names:
        present.setdefault(name.strip().lower(), name)
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
    return layout(_scan(path).collect_schema().names(), str(path))


def read_file(path: Path) -> dict[str | None, Columns]:
    """The instruments of one file, by the symbol it names, or None. Raises DataError.

    A CSV is read as text and converted here, so that a bad number is refused by name and row.
    """
    found = file_layout(path)
    try:
        table = _scan(path).select(found.wanted).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from error
    return split(table, found, str(path))


def split(table: pl.DataFrame, found: Layout, title: str) -> dict[str | None, Columns]:
    """A table as typed columns, one set a symbol (None where it has no such column).

    The table is used up column by column, so that text and numbers are not held together.
    """
    if found.symbol is None:
        return {None: _typed(table, found, title)}
    parts = table.partition_by(found.symbol, maintain_order=True, as_dict=True)
    return {str(key[0]): _typed(part, found, title) for key, part in parts.items()}


def _scan(path: Path) -> pl.LazyFrame:
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty")
    try:
        if path.suffix.lower() == ".parquet":
            frame = pl.scan_parquet(path)
        else:
            frame = pl.scan_csv(path, infer_schema=False)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from error
    return frame


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [""])[0]
    return DataError(f"{path} cannot be read as {path.suffix[1:]}: {reason}")


def _typed(table: pl.DataFrame, found: Layout, title: str) -> Columns:
    try:
        times = column_ns(table.drop_in_place(found.ts))
    except DataError as error:
        raise DataError(f"{title}: {error}") from error
    return Columns(times, *(_numbers(table.drop_in_place(name), title) for name in found.numbers))


def _numbers(series: pl.Series, title: str) -> NDArray[np.float64]:
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
