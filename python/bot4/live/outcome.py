"""How a run ended: one object for machines, a summary for people."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot4.live.picture import Picture
from bot4.live.plan import Plan
from bot4.live.standing import Row, rows_text, standing

_HASH_SHOWN = 16
# What the object takes over from the engine's status, under the same names.
_TOLD = (
    "events",
    "orders",
    "fills",
    "fills_by_strategy",
    "refused",
    "clipped",
    "crosses",
    "crossed",
    "equity",
    "cash",
    "trading_state",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. `picture` is the last one; None where the journal was never open."""

    plan: Plan
    opened: Mapping[str, Any]
    picture: Picture | None
    hashes: Mapping[str, str]
    why: str
    failure: BaseException | None
    at_once: bool
    unstopped: tuple[str, ...]
    left: str | None = None
    """What a stop asked for and the venue had not done in time."""

    def json(self) -> str:
        """The object that ``bot4 run --json`` ends with, in one line."""
        setting = self.plan.setting
        engine: Mapping[str, Any] = {} if self.picture is None else self.picture.engine
        told = {} if self.picture is None else self.picture.as_json()
        made = {
            "mode": setting.mode,
            "feed": setting.feed,
            "simulated": setting.simulated,
            "seed": setting.seed,
            "sizing": dict(setting.sizing),
            **{name: engine.get(name) for name in _TOLD},
            "elapsed_s": told.get("elapsed_s"),
            "events_per_s": self.events_per_s,
            "latency": told.get("latency"),
            "components": told.get("components"),
            "journal": setting.folder,
            "resumed": bool(self.opened.get("resumed")),
            "durability": setting.durability,
            "faults": engine["venue"]["faults"] if setting.faults and engine else {},
            "speed": setting.speed,
            "ended": self.why,
            "left": self.left,
            "engine_hash": self.hashes.get("engine_hash"),
            "ledger_hash": self.hashes.get("ledger_hash"),
        }
        return json.dumps(made, allow_nan=False, default=str)

    @property
    def events_per_s(self) -> float | None:
        """Market events of this run a second of its time; None before there was any."""
        if self.picture is None or not self.picture.elapsed_s:
            return None
        told = self.picture.engine["events"] - int(self.opened.get("events", 0))
        return round(float(told) / self.picture.elapsed_s, 1)

    def summary(self) -> str:
        """What happened, what it cost, what risk did, and how to look at it again."""
        lines = []
        if self.plan.setting.simulated:
            seed = self.plan.setting.seed
            lines.append(f"SIMULATED market, seed {seed}: these trades never happened.")
        if self.picture is None:
            return "\n".join([*lines, "Nothing was traded."])
        return "\n".join([*lines, rows_text(self._rows(self.picture))])

    def _rows(self, picture: Picture) -> Iterable[Row]:
        folder = self.plan.setting.folder
        rate = "" if self.events_per_s is None else f", {self.events_per_s:,.0f} events/s"
        yield "ended", f"{self.why}, after {picture.elapsed_s:.1f} s{rate}"
        if self.opened.get("resumed"):
            yield "resumed", f"from event {int(self.opened['events']):,} of an earlier run"
        for name in self.opened.get("cold", ()):
            yield "signals", f"those of {name} began anew"
        for remark in self.opened.get("remarks", ()):
            yield "remark", str(remark)
        yield from standing(picture)
        if self.left is not None:
            yield "left", self.left
        yield "journal", f"{folder}, {self.plan.setting.durability} durable"
        yield "ledger hash", f"{str(self.hashes['ledger_hash'])[:_HASH_SHOWN]}…"
        yield "look again", f"bot4 replay {folder}"
