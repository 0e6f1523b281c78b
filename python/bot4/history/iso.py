"""Times as text: ISO-8601 and nothing else, so that no day is ever taken for a month.

``YYYY-MM-DD``, then perhaps ``T`` or a blank and ``hh:mm``, ``:ss``, ``.fff`` (to nine digits),
then perhaps ``Z`` or an offset ``+hh:mm``. Without an offset it is UTC.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

_ISO = (
    r"^(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?<hour>[0-9]{2}):(?<minute>[0-9]{2})"
    r"(?::(?<second>[0-9]{2})(?:\.(?<fraction>[0-9]{1,9}))?)?"
    r"(?:Z|(?<sign>[+-])(?<ahead_h>[0-9]{2}):?(?<ahead_m>[0-9]{2}))?)?$"
)


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """Seconds since 1970 UTC and nanoseconds within them, row by row; `bad` rows are no time."""

    seconds: NDArray[np.int64]
    nanoseconds: NDArray[np.int64]
    bad: NDArray[np.bool_]


def stamps(text: pl.Series) -> Stamps:
    """Read a column of text. Every row is judged by itself: nothing is guessed from the first."""
    parts = text.str.extract_groups(_ISO).struct.unnest()
    days = parts["date"].str.to_date("%Y-%m-%d", strict=False).cast(pl.Int64)
    hour, minute, second = (_number(parts[name]) for name in ("hour", "minute", "second"))
    ahead_h, ahead_m = _number(parts["ahead_h"]), _number(parts["ahead_m"])
    outside = (hour > 23) | (minute > 59) | (second > 59) | (ahead_h > 23) | (ahead_m > 59)
    ahead = (ahead_h * 3600 + ahead_m * 60) * np.where(parts["sign"] == "-", -1, 1)
    return Stamps(
        days.fill_null(0).to_numpy() * 86_400 + hour * 3600 + minute * 60 + second - ahead,
        _number(parts["fraction"].str.pad_end(9, "0")),
        days.is_null().to_numpy() | outside,
    )


def _number(part: pl.Series) -> NDArray[np.int64]:
    return part.cast(pl.Int64).fill_null(0).to_numpy()
