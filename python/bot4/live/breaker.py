"""The breaker of a component that runs beside trading: closed, open, half-open.

Those of the engine (drawdown, ledger ...) hold trading back and are the engine's own; these hold
back a component that failed, and trading never hears of them.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

State = Literal["closed", "open", "half_open"]

WAIT_S_FIRST = 0.5
WAIT_S_MAX = 30.0
# So long a restarted component must hold before its breaker closes and its failures are forgotten.
STEADY_S = 5.0
_DOUBLINGS_MAX = 10


@dataclass(slots=True)
class Breaker:
    """Whether a component may be relied on, since when, and why not."""

    component: str
    salt: str = ""
    born_s: float = 0.0
    restarts: int = 0
    reason: str | None = None
    _state: State = "closed"
    _since_s: float = 0.0
    _failures: int = 0

    def __post_init__(self) -> None:
        self._since_s = self.born_s

    def trip(self, reason: str, now_s: float) -> float:
        """It failed: open. How long to wait before it is tried again, in seconds."""
        if self.state(now_s) == "closed":
            self._failures = 0
        self._failures += 1
        self.reason = reason
        self._turn("open", now_s)
        doubled = WAIT_S_FIRST * 2.0 ** min(self._failures - 1, _DOUBLINGS_MAX)
        return min(doubled, WAIT_S_MAX) * (0.5 + self._jitter() / 2)

    def probe(self, now_s: float) -> None:
        """It is tried again: half-open, until it has held for `STEADY_S`."""
        self.restarts += 1
        self._turn("half_open", now_s)

    def state(self, now_s: float) -> State:
        """The state now; a probe that has held for long enough has closed it."""
        if self._state == "half_open" and now_s - self._since_s >= STEADY_S:
            self.reason = None
            self._turn("closed", self._since_s + STEADY_S)
        return self._state

    def since_s(self, now_s: float) -> float:
        """For how long it has been in this state."""
        self.state(now_s)
        return max(0.0, now_s - self._since_s)

    def _turn(self, state: State, now_s: float) -> None:
        self._state, self._since_s = state, now_s

    def _jitter(self) -> float:
        """A fraction that differs between bots and attempts, and needs no chance."""
        words = f"{self.salt} {self.component} {self.restarts} {self._failures}"
        digest = hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=4).digest()
        return int.from_bytes(digest) / 2**32
