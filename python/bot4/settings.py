"""The settings of backtests and runs: what holds where nobody speaks, and how far each may go.

Numbers become exact here, or are refused; what they are used for is for others to say.
"""

import re
from decimal import Decimal
from numbers import Real
from pathlib import Path

import numpy as np

from bot4.errors import ParameterError

Number = int | float | str | Decimal

SIMULATED = "simulated"
SEED = 7
BARS = 10_000
BARS_MIN = 2
BARS_MAX = 10_000_000
BARS_ALLOWED = f"a whole number from {BARS_MIN} to {BARS_MAX}"
SEED_ALLOWED = "a whole number, at least 0"

# The decimal places that the engine keeps: 18 of an amount, 12 of a rate (a basis point is 1e-4).
CASH_PLACES_MAX = 18
BPS_PLACES_MAX = 8

CASH = 10_000
CASH_MAX = 10**15
CASH_ALLOWED = "an amount above 0, such as 10000, and at most 1e15"
FEE_BPS = 10
SLIPPAGE_BPS = 1
BPS_MAX = 10_000
BPS_ALLOWED = f"from 0 to {BPS_MAX} (basis points)"

RISK_PROFILE = "unleveraged"
CONFIGURED_RISK_PROFILE = "default"  # a file that names none has the strictest
PROFILES_OF_RESEARCH = frozenset({"research"})  # a bot that runs takes none of them

# Sizing. Crypto trades every day of the year; what a size may be is judged by risk anyway.
YEAR_S = 365 * 86_400
SIZE_CAP = 1.0  # all of the equity
SIZE_MAX = 1_000.0
SIZING_BARS_MAX = 1_000_000
RANKED_BARS_MAX = 10_000  # as many as the engine keeps in order
PERIODS_MAX = float(YEAR_S) * 10**3
VOLATILITY_BARS = 60
ATR_BARS = 14
ATR_MULTIPLE = 2.0
KELLY_FRACTION = 0.25
KELLY_BARS = 250
LOSS_BARS = 250
VAR_LEVEL = 0.99
CVAR_LEVEL = 0.975

RUNS = Path(".bot4")  # where runs keep what they have, unless told otherwise
SPEED_MAX = 1_000_000
LATENCY_MS_MAX = 60_000
SNAPSHOT_S_MAX = 86_400
MEASURE_S_MAX = 86_400
MEASURE_RETURNS_MAX = 10_000
LOG_MB_MAX = 10_000
LOG_FILES_MAX = 1_000
PORT_MAX = 65_535

INTERVAL = re.compile(r"(0*[1-9][0-9]{0,5})([smhd])")
SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
PORT = re.compile(r"[0-9]{1,5}")

# Beyond these a number is a slip of the finger, and its plain digits could fill the memory.
_DIGITS_MAX = 28  # what Python's own decimal arithmetic keeps exactly
_MAGNITUDE_MAX = 30
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def decimal(value: object, setting: str, places_max: int | None = None) -> Decimal:
    """The number exactly as it is written. Raises ParameterError where it is none, or infinite.

    So it does where there are more than `places_max` decimal places.
    """
    written = _written(value)
    if _NOT_FINITE.fullmatch(written):
        raise ParameterError(f"{setting} is {value!r}; give a finite number")
    if not _DECIMAL.fullmatch(written):
        raise ParameterError(
            f"{setting} is {shown(value)}, which is not a number; write digits, as in 1000 or 0.5"
        )
    exact = Decimal(written)
    if exact == 0:
        return Decimal(0)
    if len(exact.as_tuple().digits) > _DIGITS_MAX or abs(exact.adjusted()) > _MAGNITUDE_MAX:
        raise ParameterError(
            f"{setting} is {written}; allowed: at most {_DIGITS_MAX} digits, and a size from "
            f"1e-{_MAGNITUDE_MAX} to 1e{_MAGNITUDE_MAX}"
        )
    exponent = exact.normalize().as_tuple().exponent
    if places_max is not None and isinstance(exponent, int) and -exponent > places_max:
        raise ParameterError(
            f"{setting} is {written}; allowed: at most {places_max} decimal places"
        )
    return exact


def whole(value: object, setting: str, allowed: str, least: int, most: int | None = None) -> int:
    """A whole number within its bounds; true and false are none. Raises ParameterError."""
    if type(value) is int or isinstance(value, np.integer):
        exact = int(value)
        if least <= exact and (most is None or exact <= most):
            return exact
    raise ParameterError(f"{setting} is {shown(value)}; allowed: {allowed}")


def _written(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | Decimal | Real):
        return ""
    try:
        return str(value).strip()
    except ValueError:  # Python writes no integer of more than 4300 digits
        return ""


def shown(value: object) -> str:
    """A value for a message, as Python writes it."""
    try:
        return repr(value)
    except ValueError:
        return "an integer of thousands of digits"
