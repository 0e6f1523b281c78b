"""What is to be seen of a running bot, at one moment: what screen, metrics and operators are told.

A picture is taken by the task that drives the engine and never changes; whoever is slow sees the
latest one, and nobody waits for anybody.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is, from its start to its end."""

    feed: str
    simulated: bool
    seed: int | None
    speed: float | None
    market: str
    folder: str
    durability: str
    name: str
    strategies: tuple[str, ...]
    mode: str = "paper"
    faults: bool = False
    """The paper venue misbehaves, as it was asked to."""
    sizing: Mapping[str, str] = field(default_factory=dict)
    """How strategies are sized that do not size themselves, by their names."""

    @property
    def banner(self) -> str:
        """``PAPER · SIMULATED MARKET seed 7 · x30``: the first thing anybody sees."""
        market = f"SIMULATED MARKET seed {self.seed}" if self.simulated else f"REPLAY {self.market}"
        speed = "as fast as it goes" if self.speed is None else f"x{self.speed:g}"
        faults = " · VENUE WITH FAULTS" if self.faults else ""
        return f"{self.mode.upper()} · {market}{faults} · {speed}"


@dataclass(frozen=True, slots=True)
class ComponentState:
    """One component beside the engine: its breaker, and how often it was restarted."""

    state: str
    since_s: float
    reason: str | None
    restarts: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything to be seen; `engine` and `latencies` are as ``Run`` tells them."""

    setting: Setting
    engine: Mapping[str, Any]
    latencies: Mapping[str, Mapping[str, Any]]
    taken_s: float = 0.0
    elapsed_s: float = 0.0
    events_per_s: float = 0.0
    lag_ms: float = 0.0
    held_back_s: float = 0.0
    feed_age_ms: float = 0.0
    copy_behind: int = 0
    stopping: str | None = None
    components: Mapping[str, ComponentState] = field(default_factory=dict)
    equity_past: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object of ``bot4 status --json``: the engine's keys, and those of the run."""
        setting = asdict(self.setting)
        quantiles = {name: _without_buckets(one) for name, one in self.latencies.items()}
        return {
            **setting,
            "strategies": list(self.setting.strategies),
            **self.engine,
            "elapsed_s": round(self.elapsed_s, 3),
            "events_per_s": round(self.events_per_s, 1),
            "lag_ms": round(self.lag_ms, 3),
            "held_back_s": round(self.held_back_s, 3),
            "feed_age_ms": round(self.feed_age_ms, 3),
            "copy_behind": self.copy_behind,
            "stopping": self.stopping,
            "components": {name: asdict(one) for name, one in self.components.items()},
            "latency": quantiles,
            "equity_past": list(self.equity_past),
        }

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Picture":
        """The picture that `as_json` told of, without the buckets of its latencies."""
        own = {name: told[name] for name in _PLAIN}
        setting = {name: told[name] for name in Setting.__slots__}
        setting["strategies"] = tuple(told["strategies"])
        return cls(
            setting=Setting(**setting),
            engine=told,
            latencies=told["latency"],
            components={n: ComponentState(**one) for n, one in told["components"].items()},
            equity_past=tuple(told["equity_past"]),
            **own,
        )


_PLAIN = (
    "elapsed_s",
    "events_per_s",
    "lag_ms",
    "held_back_s",
    "feed_age_ms",
    "copy_behind",
    "stopping",
)


def _without_buckets(histogram: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in histogram.items() if name != "buckets"}


class Latest(Generic[T]):
    """The newest of something, for readers in other threads: a reader never blocks the writer."""

    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value: T | None = None

    def put(self, value: T) -> None:
        """Replace what was there; nobody is waited for."""
        self._value = value

    def get(self) -> T | None:
        """What was put last; None before the first."""
        return self._value
