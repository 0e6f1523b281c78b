"""What counts as a table: Polars, pandas, Arrow, and how each becomes Polars.

Only the shape changes here; what the columns mean is said by who asks.
"""

from typing import Any, TypeGuard

import polars as pl

from bot4.errors import DataError

TABLE_KINDS = "a Polars, pandas or Arrow table"


def is_table(source: object) -> bool:
    """Whether `source` is a table this package can read."""
    return (
        isinstance(source, pl.DataFrame | pl.LazyFrame)
        or hasattr(source, "__arrow_c_stream__")
        or _is_pandas(source)
    )


def as_polars(source: object) -> pl.DataFrame:
    """The table as a Polars frame, without copying the columns where that is possible.

    A pandas index of times becomes a column ``ts`` (or keeps its own name). Raises DataError for
    anything that is not a table.
    """
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if _is_pandas(source):
        timed = type(source.index).__name__ == "DatetimeIndex"
        named = source.rename_axis("ts") if timed and source.index.name is None else source
        return pl.from_pandas(named, include_index=timed)
    if hasattr(source, "__arrow_c_stream__"):
        return pl.DataFrame(source)
    raise DataError(f"{type(source).__name__} is not a table; give {TABLE_KINDS}")


# pandas is optional, so its frame is `Any` to the type checker: only these two lines know it.
def _is_pandas(source: object) -> TypeGuard[Any]:
    kind = type(source)
    return kind.__module__.partition(".")[0] == "pandas" and kind.__name__ == "DataFrame"
