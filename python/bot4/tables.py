"""What counts as a table: Polars, pandas, Arrow; how each becomes Polars, names, steps of time.

Only the shape changes here; what the columns mean is said by who asks.
"""

import re
from collections.abc import Container, Iterable
from typing import Any, TypeGuard

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot4.errors import DataError

TABLE_KINDS = "a Polars, pandas or Arrow table"

_CALENDAR_RATIO_MIN = 0.85  # 28 of 31 days are 0.90
# Where a header names a column twice, Polars calls the second one `close_duplicated_0`.
_DOUBLED = re.compile(r"_duplicated_\d+$")


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
    anything that is not a table, or cannot be read as one.
    """
    if not is_table(source):
        raise DataError(f"{type(source).__name__} is not a table; give {TABLE_KINDS}")
    try:
        return _converted(source)
    except (Exception, pl.exceptions.PanicException) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"the {type(source).__name__} cannot be read: {reason}") from error


def named(columns: Iterable[str], wanted: Container[str], title: str) -> dict[str, str]:
    """The columns by their names in small letters; of those that are not `wanted`, the first.

    Raises DataError where two columns are the same `wanted` name: which is meant cannot be told.
    """
    found: dict[str, str] = {}
    for column in columns:
        name = _DOUBLED.sub("", column.strip().lower())
        first = found.setdefault(name, column)
        if first != column and name in wanted:
            raise DataError(
                f"{title} has two columns {name!r} ({first!r} and {column!r}); drop or rename one"
            )
    return found


def interval_of(steps: NDArray[np.int64]) -> int:
    """The most common step, so that one stray bar is refused by the engine as an overlap, by row.

    Months have 28 to 31 days, and a day 23 to 25 hours where clocks change: where the smallest
    step is nearly the most common one, no bar lasts longer than that.
    """
    forward, counts = np.unique(steps[steps > 0], return_counts=True)
    if len(forward) == 0:
        return 1
    smallest, common = int(forward[0]), int(forward[counts.argmax()])
    return smallest if smallest >= _CALENDAR_RATIO_MIN * common else common


def _converted(source: object) -> pl.DataFrame:
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if _is_pandas(source):
        timed = type(source.index).__name__ == "DatetimeIndex"
        dated = source.rename_axis("ts") if timed and source.index.name is None else source
        return pl.from_pandas(dated, include_index=timed)
    arrow: Any = source  # it has the stream that Polars asks for
    return pl.DataFrame(arrow)


# pandas is optional, so its frame is `Any` to the type checker: only these two lines know it.
def _is_pandas(source: object) -> TypeGuard[Any]:
    kind = type(source)
    return kind.__module__.partition(".")[0] == "pandas" and kind.__name__ == "DataFrame"
