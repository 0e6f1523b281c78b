"""Open a Parquet or CSV file as a table. Whatever is wrong with the file is a DataError here.

A file is handed to Polars open, not by name: Polars would take `data[1].csv` for a pattern.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import polars as pl

from bot4.errors import Bot4Error, DataError
from bot4.paths import readable, reason


def header(path: Path) -> list[str]:
    """The names of the columns, in order. Raises DataError."""
    with _scanned(path) as frame:
        return frame.collect_schema().names()


def read(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """These columns and no others. Raises DataError.

    A CSV is read as text and converted later, so that a bad number is refused by name and row.
    """
    with _scanned(path) as frame:
        return frame.select(columns).collect()


def _opened(path: Path) -> BinaryIO:
    if not path.is_file():
        raise DataError(f"{readable(path)} is not a file")
    if path.stat().st_size == 0:
        raise DataError(f"{readable(path)} is empty")
    return path.open("rb")


@contextmanager
def _scanned(path: Path) -> Iterator[pl.LazyFrame]:
    # A damaged file may make Polars panic, which is no Exception.
    try:
        with _opened(path) as file:
            if path.suffix.lower() == ".parquet":
                yield pl.scan_parquet(file, glob=False)
            else:
                yield pl.scan_csv(file, infer_schema=False, glob=False)
    except Bot4Error:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        panicked = isinstance(error, pl.exceptions.PanicException)
        why = "it is damaged" if panicked else reason(error)
        raise DataError(f"{readable(path)} cannot be read as {path.suffix[1:]}: {why}") from error
