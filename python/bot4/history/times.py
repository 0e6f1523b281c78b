"""Times as nanoseconds since 1970-01-01 UTC, from whatever a file, a table or a person says."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot4.errors import DataError, ParameterError
from bot4.history.iso import stamps
from bot4.settings import INTERVAL

Moment = str | date | datetime

_UNIT_NS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
# The unit of an integer time is told by its size: 10^11 s is the year 5138, 10^11 ms is 1973.
_EPOCH_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
_DATETIME_NS = {"ms": 10**6, "us": 10**3, "ns": 1}
_SECONDS_MAX = 9_223_372_036  # the year 2262, where 64 bits of nanoseconds end


def moment_ns(moment: object, setting: str) -> int:
    """An ISO date or datetime, in UTC unless it says otherwise. Raises ParameterError."""
    wrong = ParameterError(
        f"{setting} is {moment!r}; give an ISO date or time such as 2024-01-31 or 2024-01-31T12:00"
    )
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment.strip())
        except ValueError as error:
            raise wrong from error
    if not isinstance(moment, date) or moment != moment:  # noqa: PLR0124 - NaT is a datetime too
        raise wrong
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since_epoch = aware - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since_epoch.days * 86_400 + since_epoch.seconds
    if abs(seconds) > _SECONDS_MAX:
        raise ParameterError(f"{setting} is {moment}; a time must lie between 1678 and 2262")
    return seconds * 10**9 + since_epoch.microseconds * 1000


def interval_ns(text: object) -> int:
    """A length of time such as ``1m``, ``4h`` or ``1d``, in nanoseconds. Raises ParameterError."""
    match = INTERVAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
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
        raise DataError(f"column {times.name!r} has no time in row {_first(times.is_null())}")
    if times.dtype == pl.String:
        return _from_text(times.str.strip_chars())
    if times.dtype == pl.Date:
        return _in_ns(times, times.to_physical().cast(pl.Int64).to_numpy(), _UNIT_NS["d"])
    if isinstance(times.dtype, pl.Datetime):
        factor = _DATETIME_NS[times.dtype.time_unit]
        return _in_ns(times, times.to_physical().to_numpy(), factor)
    if times.dtype.is_float() or times.dtype.is_integer():
        return _from_epoch(_whole(times))
    raise DataError(f"column {times.name!r} holds {times.dtype}, not times")


def _from_text(times: pl.Series) -> NDArray[np.int64]:
    numbers = times.cast(pl.Int64, strict=False)
    if len(times) and numbers[0] is not None:
        if numbers.null_count():
            raise _no_time(times, _first(numbers.is_null()))
        return _from_epoch(numbers)
    read = stamps(times)
    if read.bad.any():
        raise _no_time(times, int(read.bad.argmax()))
    return _in_ns(times, read.seconds, 10**9) + read.nanoseconds


def _whole(times: pl.Series) -> pl.Series:
    """Numbers as 64-bit integers: NaN, fractions and what is too large are refused by row."""
    whole = times.cast(pl.Int64, strict=False)
    lost = whole.is_null()
    if times.dtype.is_float():
        lost |= whole.cast(pl.Float64) != times.cast(pl.Float64)
    if lost.any():
        raise _no_time(times, _first(lost))
    return whole


def _from_epoch(times: pl.Series) -> NDArray[np.int64]:
    values = times.to_numpy()
    size = max(abs(int(values.max())), abs(int(values.min()))) if len(values) else 0
    if _written_as_digits(values, size):
        raise DataError(
            f"column {times.name!r} holds {values[0]} in row 0: a date written as digits, or "
            "seconds in the 1970s? Write ISO dates, such as 2024-01-31"
        )
    factor = next((factor for limit, factor in _EPOCH_UNITS if size < limit), 1)
    return _in_ns(times, values, factor)


def _written_as_digits(values: NDArray[np.int64], size: int) -> bool:
    """Whether integers are YYYYMMDD, alone or with hh, hhmm or hhmmss, rather than an epoch.

    Eight digits are always refused: as seconds they would be 1970 to 1973, before there was a
    market. More digits are refused where each of them reads as a date.
    """
    digits = len(str(size))
    if digits not in {8, 10, 12, 14}:
        return False
    day = values // 10 ** (digits - 8)
    year, month, date_ = day // 10_000, day // 100 % 100, day % 100
    clock = values % 10 ** (digits - 8)
    fits = (year >= 1900) & (year <= 2100) & (month >= 1) & (month <= 12) & (date_ >= 1)
    fits &= (date_ <= 31) & (clock // 10 ** max(digits - 10, 0) <= 23)
    return digits == 8 or bool(fits.all())


def _in_ns(times: pl.Series, values: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    most = _SECONDS_MAX * 10**9 // factor
    outside = (values > most) | (values < -most)
    if outside.any():
        row = int(outside.argmax())
        # Polars panics when it is asked to show a date that is far out: only the year is told.
        year = 1970 + int(values[row]) * factor // (365_2425 * 86_400 * 10**5)
        shown = f"a time of the year {year}" if times.dtype.is_temporal() else times[row]
        raise DataError(
            f"column {times.name!r} holds {shown} in row {row}, which is no time before 2262 and "
            "after 1677"
        )
    return values * np.int64(factor)


def _no_time(times: pl.Series, row: int) -> DataError:
    return DataError(
        f"column {times.name!r} holds {times[row]!r} in row {row}, which is not a time; "
        "write ISO times (2024-01-31T12:00:00Z) or integers since 1970"
    )


def _first(rows: pl.Series) -> int:
    return int(rows.arg_max() or 0)
