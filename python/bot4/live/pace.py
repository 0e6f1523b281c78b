"""How market time follows the clock on the wall: lengths of time as typed, the pace, the slices.

Nothing here reads a clock: callers say what time it is.
"""

import re
from dataclasses import dataclass

from bot4.errors import ParameterError

# How long one slice of the engine may take, so that a command never waits longer than this.
SLICE_S_MAX = 0.02
# How far the market may fall behind the wall before the pace gives in; it says so where it does.
LAG_S_MAX = 1.0
# The longest wait for the next event before a stop or a snapshot is looked at again.
WAIT_S_MAX = 0.02
_WAIT_S_MIN = 0.001

_EVENTS_FIRST = 64
_EVENTS_MIN, _EVENTS_MAX = 1, 1 << 16

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LENGTH_S_MAX = 366 * 86_400
_LENGTH = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h)")
_NS = 10**9
_TIME_NS_MAX = 2**63 - 1


def length_s(text: str, setting: str) -> float:
    """A length of time such as ``500ms``, ``30s``, ``5m`` or ``1h``. Raises ParameterError."""
    match = _LENGTH.fullmatch(text.strip())
    length = float(match[1]) * _UNITS_S[match[2]] if match else 0.0
    if not 0 < length <= _LENGTH_S_MAX:
        raise ParameterError(
            f"{setting} is {text!r}; give a number above 0 and ms, s, m or h, such as 30s, "
            "and at most a year"
        )
    return length


@dataclass(slots=True)
class Pace:
    """Market time as the wall goes on; `speed` None is as fast as it goes."""

    speed: float | None
    held_back_s: float = 0.0
    _market_ns: int = 0
    _wall_ns: int = 0

    def start(self, market_ns: int, wall_ns: int) -> None:
        """From now on `market_ns` is the time of the market at `wall_ns` of the wall."""
        self._market_ns, self._wall_ns = market_ns, wall_ns

    def due_ns(self, wall_ns: int) -> int:
        """Up to which market time events are due."""
        if self.speed is None:
            return _TIME_NS_MAX
        elapsed = (wall_ns - self._wall_ns) * self.speed
        return min(self._market_ns + int(elapsed), _TIME_NS_MAX)

    def lag_s(self, next_ns: int | None, wall_ns: int) -> float:
        """For how long, by the wall, the next event has been due."""
        if self.speed is None or next_ns is None:
            return 0.0
        return max(0, self.due_ns(wall_ns) - next_ns) / self.speed / _NS

    def wait_s(self, next_ns: int, wall_ns: int) -> float:
        """How long to wait for the next event, within bounds."""
        if self.speed is None:
            return 0.0
        wait = (next_ns - self.due_ns(wall_ns)) / self.speed / _NS
        return min(max(wait, _WAIT_S_MIN), WAIT_S_MAX)

    def give_in(self, next_ns: int, wall_ns: int) -> float:
        """Let the market be late by what it is late, so that events do not grow old; how much."""
        lag = self.lag_s(next_ns, wall_ns)
        self.held_back_s += lag
        self.start(next_ns, wall_ns)
        return lag


@dataclass(slots=True)
class Slice:
    """How many events the engine is given at once, so that a slice takes about its time."""

    events_max: int = _EVENTS_FIRST

    def took(self, events: int, seconds: float) -> None:
        """Learn from the last one."""
        if seconds > SLICE_S_MAX:
            self.events_max = max(self.events_max // 2, _EVENTS_MIN)
        elif events >= self.events_max and seconds < SLICE_S_MAX / 2:
            self.events_max = min(self.events_max * 2, _EVENTS_MAX)
