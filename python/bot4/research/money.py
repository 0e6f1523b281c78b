"""Settings as exact decimal text, the only form in which money crosses into the engine."""

from decimal import ROUND_FLOOR, Decimal, InvalidOperation

from bot4.errors import ParameterError

Number = int | float | str | Decimal

BPS_MAX = 10_000
_ALLOCATION_STEP = Decimal("1e-12")


def decimal(value: Number, setting: str) -> Decimal:
    """The number exactly as it is written. Raises ParameterError where it is none, or infinite."""
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise ParameterError(f"{setting} is {value!r}, which is not a number") from error
    if isinstance(value, bool) or not exact.is_finite():
        raise ParameterError(f"{setting} is {value!r}; give a finite number")
    return exact


def text(value: Decimal) -> str:
    """Plain digits, without an exponent: ``0.00001``, not ``1E-5``."""
    return format(value, "f")


def cash(value: Number) -> Decimal:
    """What the account starts with, in quote currency. Raises ParameterError unless above 0."""
    exact = decimal(value, "cash")
    if exact <= 0:
        raise ParameterError(f"cash is {value}; allowed: an amount above 0, such as 10000")
    return exact


def rate(bps: Number, setting: str) -> Decimal:
    """Basis points as a fraction: 10 bp is 0.001. Raises ParameterError outside 0 to 10 000."""
    exact = decimal(bps, setting)
    if not 0 <= exact <= BPS_MAX:
        raise ParameterError(f"{setting} is {bps}; allowed: from 0 to {BPS_MAX} (basis points)")
    return exact.scaleb(-4)


def share(of: Decimal, parts: int) -> Decimal:
    """One of `parts` equal shares, rounded down so that they never add up to more than `of`."""
    return (of / parts).quantize(_ALLOCATION_STEP, rounding=ROUND_FLOOR)
