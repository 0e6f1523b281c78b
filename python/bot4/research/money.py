"""Money and rates as exact decimals, and their plain text, the only form the engine takes."""

from decimal import ROUND_FLOOR, Decimal

from bot4.errors import ParameterError
from bot4.settings import (
    BPS_ALLOWED,
    BPS_MAX,
    BPS_PLACES_MAX,
    CASH_ALLOWED,
    CASH_MAX,
    CASH_PLACES_MAX,
    Number,
    decimal,
)

_ALLOCATION_STEP = Decimal("1e-12")


def text(value: Decimal) -> str:
    """Plain digits, without an exponent: ``0.00001``, not ``1E-5``."""
    return format(value, "f")


def cash(value: Number) -> Decimal:
    """What the account starts with, in quote currency. Raises ParameterError out of its range."""
    exact = decimal(value, "cash", CASH_PLACES_MAX)
    if not 0 < exact <= CASH_MAX:
        raise ParameterError(f"cash is {value}; allowed: {CASH_ALLOWED}")
    return exact


def rate(bps: Number, setting: str) -> Decimal:
    """Basis points as a fraction: 10 bp is 0.001. Raises ParameterError outside 0 to 10 000."""
    exact = decimal(bps, setting, BPS_PLACES_MAX)
    if not 0 <= exact <= BPS_MAX:
        raise ParameterError(f"{setting} is {bps}; allowed: {BPS_ALLOWED}")
    return exact.scaleb(-4)


def share(of: Decimal, parts: int) -> Decimal:
    """One of `parts` equal shares, rounded down so that they never add up to more than `of`."""
    return (of / parts).quantize(_ALLOCATION_STEP, rounding=ROUND_FLOOR)
