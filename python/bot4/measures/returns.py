"""From what a person calls returns to checked numbers. Nothing is repaired: NaN is refused, by row.

A return is simple, a fraction of what was held (0.01 is 1 %), one row a period, oldest first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot4.errors import DataError, ParameterError
from bot4.settings import shown, whole
from bot4.tables import TABLE_KINDS, as_polars, is_table

Floats = NDArray[np.float64]

# Columns that say when, and are no instrument's returns.
TIMES = ("ts", "timestamp", "time", "date", "datetime", "open_time", "open_ns")
LEVEL = 0.99
HORIZON_MAX = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Returns of several instruments: `values` has a row a period and a column a name."""

    names: tuple[str, ...]
    values: Floats


def series(returns: object, least: int, what: str = "returns") -> Floats:
    """One row of numbers, shape (n,), from an array, a list or a Polars series.

    Raises ParameterError: another shape, no numbers, NaN, or fewer than `least`.
    """
    values = _numbers(returns, what)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ParameterError(f"{what} have shape {values.shape}; give one row of numbers, (n,)")
    return _checked(values, least, what)


def panel(returns: object, least: int, what: str = "returns") -> Panel:
    """Columns of numbers, shape (n, k), by name where a table names them; times are left out.

    Raises ParameterError: another shape, no numbers, NaN, or fewer than `least` rows.
    """
    if is_table(returns):
        table = _table(returns, what)
        kept = [name for name in table.columns if name.lower() not in TIMES]
        values = _numbers(table.select(kept), what)
        names = tuple(kept)
    else:
        values = _numbers(returns, what)
        values = values[:, np.newaxis] if values.ndim == 1 else values
        names = tuple(str(column) for column in range(values.shape[-1]))
    if values.ndim != 2 or values.shape[1] == 0:
        raise ParameterError(f"{what} have shape {values.shape}; give a column an instrument")
    return Panel(names, _checked(values, least, what))


def vector(numbers: object, names: Sequence[str], what: str) -> Floats:
    """A number for each of `names`, from a mapping by name or in order. Raises ParameterError."""
    if isinstance(numbers, Mapping):
        missing = [name for name in names if name not in numbers]
        unknown = [str(name) for name in numbers if name not in names]
        if missing or unknown:
            words = f"lack {', '.join(missing)}" if missing else f"name {', '.join(unknown)}"
            raise ParameterError(f"{what} {words}; give one number for each of {', '.join(names)}")
        numbers = [numbers[name] for name in names]
    values = series(numbers, 1, what)
    if len(values) != len(names):
        raise ParameterError(f"{what} are {len(values)} numbers for {len(names)} instruments")
    return values


def compounded(values: Floats, horizon: int) -> Floats:
    """Returns over windows of `horizon` periods that overlap, shape (n - horizon + 1,).

    By products of windows that double, so that a long window costs no more than its digits.
    Raises ParameterError: fewer returns than that, or more lost than there was.
    """
    if horizon == 1:
        return values
    if len(values) < horizon:
        raise ParameterError(f"returns have {len(values)} rows, fewer than the horizon {horizon}")
    check_losses(values)
    grown, power = np.ones(len(values) - horizon + 1), 1 + values
    taken, width = 0, 1
    while True:
        if horizon & width:
            grown *= power[taken : taken + len(grown)]
            taken += width
        if taken == horizon:
            return grown - 1
        power, width = power[: len(power) - width] * power[width:], 2 * width


def check_losses(values: Floats) -> None:
    """Refuse returns below -1 where they are to be compounded. Raises ParameterError."""
    if (values < -1).any():
        row = int(np.argwhere(values < -1)[0][0])
        raise ParameterError(f"returns lose more than there is in row {row}; they do not compound")


def tail(level: object) -> Fraction:
    """What lies beyond a level, 1 - level, exactly as the level is written.

    0.95 is 95 hundredths here and not the nearest binary number, which would count one more of a
    hundred returns to the tail. Raises ParameterError outside (0, 1).
    """
    beyond = 1 - Fraction(repr(number(level, "level", "above 0 and below 1, such as 0.99")))
    if not 0 < beyond < 1:
        raise ParameterError(f"level is {level}; allowed: above 0 and below 1, such as 0.99")
    return beyond


def horizon_of(horizon: object) -> int:
    """A count of periods. Raises ParameterError."""
    return whole(horizon, "horizon", f"periods, from 1 to {HORIZON_MAX}", 1, HORIZON_MAX)


def number(value: object, setting: str, allowed: str) -> float:
    """A finite number; true and false are none. Raises ParameterError."""
    if not isinstance(value, bool) and isinstance(value, int | float | np.integer | np.floating):
        exact = float(value)
        if np.isfinite(exact):
            return exact
    raise ParameterError(f"{setting} is {shown(value)}; allowed: {allowed}")


def within(
    value: object,
    setting: str,
    low: float,
    high: float,
    *,
    low_in: bool = False,
    high_in: bool = False,
) -> float:
    """A number between two bounds, which are left out unless said. Raises ParameterError."""
    upper = "" if high == np.inf else f" to {high:g}" if high_in else f" and below {high:g}"
    allowed = f"from {low:g}{upper}" if low_in else f"above {low:g}{upper}"
    given = number(value, setting, allowed)
    if low < given < high or (low_in and given == low) or (high_in and given == high):
        return given
    raise ParameterError(f"{setting} is {given:g}; allowed: {allowed}")


def _table(given: object, what: str) -> pl.DataFrame:
    try:
        return as_polars(given)
    except DataError as error:
        raise ParameterError(f"{what}: {error}") from error


def _numbers(given: object, what: str) -> Floats:
    if isinstance(given, pl.Series):
        given = given.to_frame()
    if is_table(given):
        table = _table(given, what)
        wrong = [column.name for column in table if not column.dtype.is_numeric()]
        if wrong:
            raise ParameterError(f"{what}: column {wrong[0]!r} holds no numbers; leave it out")
        # A null is a return that is not known, as NaN is.
        return table.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    try:
        values = np.asarray(given)
    except ValueError as error:
        raise ParameterError(f"{what} have rows of different lengths") from error
    if values.dtype.kind not in "iuf":
        raise ParameterError(
            f"{what} hold {values.dtype}, not numbers; give a NumPy array or {TABLE_KINDS}"
        )
    return values.astype(np.float64)


def _checked(values: Floats, least: int, what: str) -> Floats:
    if len(values) < least:
        raise ParameterError(f"{what} have {len(values)} rows; at least {least} are needed")
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        raise ParameterError(f"{what} hold a value that is no number in row {row}; drop that row")
    return values
