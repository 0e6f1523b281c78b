"""Times as nanoseconds since 1970-01-01 UTC, from whatever a file, a table or a person says."""

import re
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot4.errors import DataError, ParameterError

Moment = str | date | datetime

_UNIT_NS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
# The unit of an integer time is told by its size: 10^11 s is the year 5138, 10^11 ms is 1973.
_EPOCH_UNITS = ((10**11, 10**9, "s"), (10**14, 10**6, "ms"), (10**17, 10**3, "us"))
_SECONDS_MAX = 9_223_372_036  # the year 2262, where 64 bits of nanoseconds end


def moment_ns(moment: Moment, setting: str) -> int:
    """An ISO date or datetime, in UTC unless it says otherwise. Raises ParameterError."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment.strip())
        except ValueError as error:
            raise ParameterError(
                f"{setting} is {moment!r}; give an ISO date or time such as 2024-01-31 or "
                "2024-01-31T12:00"
            ) from error
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since_epoch = aware - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since_epoch.days * 86_400 + since_epoch.seconds
    if abs(seconds) > _SECONDS_MAX:
        raise ParameterError(f"{setting} is {moment}; a time must lie between 1678 and 2262")
    return seconds * 10**9 + since_epoch.microseconds * 1000


def interval_ns(text: str) -> int:
    """A length of time such as ``1m``, ``4h`` or ``1d``, in nanoseconds. Raises ParameterError."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None or int(match[1]) == 0:
        raise ParameterError(f"interval is {text!r}; give a number and s, m, h or d, such as 15m")
    return int(match[1]) * _UNIT_NS[match[2]]


def interval_text(nanoseconds: int) -> str:
    """``3600000000000`` as ``1h``: the longest unit that divides it, else seconds."""
    for unit in ("d", "h", "m", "s"):
        if nanoseconds % _UNIT_NS[unit] == 0:
            return f"{nanoseconds // _UNIT_NS[unit]}{unit}"
    return f"{nanoseconds / 10**9:g}s"


def utc_text(nanoseconds: int) -> str:
    """A time for people: ``2021-05-19T12:00Z``, with seconds only where there are some."""
    moment = datetime.fromtimestamp(nanoseconds // 10**9, tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%MZ" if moment.second == 0 else "%Y-%m-%dT%H:%M:%SZ")


def column_ns(times: pl.Series) -> NDArray[np.int64]:
    """A column of times in nanoseconds. Raises DataError for what is not a time, with the row.

    It may hold datetimes, dates, ISO text, or integers since 1970 in s, ms, us or ns (by size).
    """
    if times.null_count():
        row = int(times.is_null().arg_max() or 0)
        raise DataError(f"column {times.name!r} has no time in row {row}")
    if times.dtype == pl.String:
        times = _from_text(times)
    if isinstance(times.dtype, pl.Date | pl.Datetime):
        in_ns = times.cast(pl.Datetime("ns")) if times.dtype == pl.Date else times
        return in_ns.dt.cast_time_unit("ns").to_physical().to_numpy()
    if times.dtype.is_float() and bool((times == times.floor()).all()):
        times = times.cast(pl.Int64)
    if times.dtype.is_integer():
        return _from_epoch(times)
    raise DataError(f"column {times.name!r} holds {times.dtype}, not times")


def _from_text(times: pl.Series) -> pl.Series:
    numbers = times.cast(pl.Int64, strict=False)
    if numbers.null_count() == 0:
        return numbers
    try:
        parsed = times.str.to_datetime(time_unit="ns", time_zone="UTC", strict=False)
    except pl.exceptions.PolarsError:  # Polars found no format that fits the first rows
        parsed = pl.Series(times.name, [None] * len(times), dtype=pl.Datetime("ns", "UTC"))
    if parsed.null_count():
        row = int(parsed.is_null().arg_max() or 0)
        raise DataError(
            f"column {times.name!r} holds {times[row]!r} in row {row}, which is not a time; "
            "write ISO times (2024-01-31T12:00:00Z) or integers since 1970"
        )
    return parsed


def _from_epoch(times: pl.Series) -> NDArray[np.int64]:
    values = times.cast(pl.Int64).to_numpy()
    size = max(abs(int(values.max())), abs(int(values.min()))) if len(values) else 0
    for limit, factor, unit in _EPOCH_UNITS:
        if size < limit:
            if unit == "s" and size > _SECONDS_MAX:
                raise DataError(f"column {times.name!r} holds {size}, which is no time before 2262")
            return values * np.int64(factor)
    return values
