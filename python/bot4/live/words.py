"""Figures as words that fit a line: times, prices, sparklines; and text that is safe to show."""

from collections.abc import Sequence
from datetime import UTC, datetime

_EIGHTHS = "▁▂▃▄▅▆▇█"


def clock_text(time_ns: int) -> str:
    """The time of day in the market, UTC."""
    if not time_ns:
        return "--:--:--"
    return datetime.fromtimestamp(time_ns // 10**9, tz=UTC).strftime("%H:%M:%S")


def printable(line: str) -> str:
    """The line without what would move a cursor or end it early."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as eighths of a line; flat where they are all the same."""
    shown = list(values)[-max(width, 1) :]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    if high <= low:
        return _EIGHTHS[3] * len(shown)
    steps = (len(_EIGHTHS) - 1) / (high - low)
    return "".join(_EIGHTHS[round((value - low) * steps)] for value in shown)


def duration_text(nanoseconds: float | None) -> str:
    """A short time with three digits and its unit; a dash where there is none."""
    if nanoseconds is None:
        return "-"
    for unit, factor in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= factor:
            return f"{nanoseconds / factor:.3g} {unit}"
    return f"{nanoseconds:.0f} ns"


def price_text(price: float) -> str:
    """Two decimals; of a coin under one unit as many as it needs, ten at most."""
    if abs(price) >= 1:
        return f"{price:,.2f}"
    return f"{price:.10f}".rstrip("0").rstrip(".")
