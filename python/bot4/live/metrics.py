"""What Prometheus may ask of a running bot: `METRICS` is the one table of what there is.

The README's table is tested against it. A scrape reads the latest picture and nothing else; the
server that it asks is scrape.py.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bot4.live.board import board
from bot4.live.picture import Latest, Picture
from bot4.live.uses import uses

_NS = 1e9
# The value of a breaker's gauge.
BREAKER_VALUES = {"closed": 0, "half_open": 1, "open": 2, "latched": 3}

Kind = Literal["counter", "gauge", "histogram"]
Value = tuple[tuple[str, ...], float]
Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


@dataclass(frozen=True, slots=True)
class Exported:
    """One metric: its name as it is scraped, kind, unit, labels, meaning, and where it is read."""

    name: str
    kind: Kind
    unit: str
    help: str
    read: Callable[[Picture], Iterable[Value]]
    labels: tuple[str, ...] = ()


def _plain(key: str) -> Callable[[Picture], Iterable[Value]]:
    return lambda picture: [((), float(picture.engine[key]))]


def _counted(key: str) -> Callable[[Picture], Iterable[Value]]:
    return lambda picture: [((name,), float(n)) for name, n in picture.engine[key].items()]


def _breakers(picture: Picture) -> Iterable[Value]:
    for row in board(picture):
        yield (row.name,), BREAKER_VALUES[row.state]


def _uses(picture: Picture) -> Iterable[Value]:
    return [((row.limit,), row.use) for row in uses(picture) if row.use is not None]


def _positions(picture: Picture) -> Iterable[Value]:
    held: dict[str, float] = {}
    for one in picture.engine["positions"]:
        held[one["instrument"]] = held.get(one["instrument"], 0.0) + one["qty"]
    return [((name,), qty) for name, qty in held.items()]


def _queued(picture: Picture) -> Iterable[Value]:
    journal = picture.engine["journal"]
    yield (), max(0, journal["appended"] - journal["durable"])


METRICS: tuple[Exported, ...] = (
    Exported(
        "bot4_events_total", "counter", "events", "Market events told to the bot", _plain("events")
    ),
    Exported("bot4_orders_total", "counter", "orders", "Orders placed", _plain("orders")),
    Exported(
        "bot4_refusals_total",
        "counter",
        "intents",
        "Intents that risk refused, by reason",
        _counted("refused"),
        ("reason",),
    ),
    Exported(
        "bot4_clips_total",
        "counter",
        "orders",
        "Orders that a limit made smaller, by limit",
        _counted("clipped"),
        ("limit",),
    ),
    Exported(
        "bot4_crosses_total",
        "counter",
        "crosses",
        "Trades of strategies with each other, in no order",
        _plain("crosses"),
    ),
    Exported(
        "bot4_fills_total",
        "counter",
        "fills",
        "Fills, by strategy",
        _counted("fills_by_strategy"),
        ("strategy",),
    ),
    Exported("bot4_equity", "gauge", "reporting currency", "Equity", _plain("equity")),
    Exported("bot4_cash", "gauge", "reporting currency", "Cash", _plain("cash")),
    Exported(
        "bot4_position",
        "gauge",
        "base units",
        "What is held of an instrument, negative when short",
        _positions,
        ("instrument",),
    ),
    Exported(
        "bot4_drawdown_ratio",
        "gauge",
        "fraction of the peak",
        "How far equity is below its peak",
        _plain("drawdown"),
    ),
    Exported(
        "bot4_limit_use",
        "gauge",
        "fraction of the limit",
        "How much of a limit is in use, where most is; absent: it is off, or not known",
        _uses,
        ("limit",),
    ),
    Exported(
        "bot4_breaker_state",
        "gauge",
        "0 closed, 1 half-open, 2 open, 3 latched",
        "Breakers of the engine, and of the components beside it",
        _breakers,
        ("component",),
    ),
    Exported(
        "bot4_event_seconds",
        "histogram",
        "seconds",
        "One market event through the bot",
        lambda picture: (),
    ),
    Exported(
        "bot4_decision_seconds",
        "histogram",
        "seconds",
        "One event on which strategies decided",
        lambda picture: (),
    ),
    Exported(
        "bot4_intent_to_sent_seconds",
        "histogram",
        "seconds",
        "From an order's record to its release, by then durable",
        lambda picture: (),
    ),
    Exported(
        "bot4_journal_queue_entries",
        "gauge",
        "entries",
        "Entries of the journal that are not durable yet",
        _queued,
    ),
    Exported(
        "bot4_feed_age_seconds",
        "gauge",
        "seconds",
        "Time since the last market event",
        lambda picture: [((), picture.feed_age_ms / 1e3)],
    ),
    Exported(
        "bot4_lag_seconds",
        "gauge",
        "seconds",
        "How late the next market event is",
        lambda picture: [((), picture.lag_ms / 1e3)],
    ),
    Exported(
        "bot4_held_back_seconds_total",
        "counter",
        "seconds",
        "By how much the market was slowed down because the machine could not keep its speed",
        lambda picture: [((), picture.held_back_s)],
    ),
    Exported(
        "bot4_copy_lag_entries",
        "gauge",
        "entries",
        "Entries of the journal that are not in its SQLite copy yet",
        lambda picture: [((), picture.copy_behind)],
    ),
    Exported(
        "bot4_component_restarts_total",
        "counter",
        "restarts",
        "Restarts of the components beside the engine",
        lambda picture: [((name,), one.restarts) for name, one in picture.components.items()],
        ("component",),
    ),
)
_HISTOGRAMS = {
    "bot4_event_seconds": "event",
    "bot4_decision_seconds": "decision",
    "bot4_intent_to_sent_seconds": "intent_to_sent",
}


class _Pictured(Collector):
    """Makes the families of one scrape from the latest picture; none before the first."""

    def __init__(self, latest: Latest[Picture]) -> None:
        self._latest = latest

    def collect(self) -> Iterable[Metric]:
        picture = self._latest.get()
        return [] if picture is None else [_family(one, picture) for one in METRICS]


def registry(latest: Latest[Picture]) -> CollectorRegistry:
    """A registry of its own that reads the latest picture."""
    made = CollectorRegistry(auto_describe=False)
    made.register(_Pictured(latest))
    return made


def table() -> str:
    """The metrics as the table of the README."""
    rows = [
        f"| `{one.name}` | {one.kind} | {one.unit} | "
        f"{', '.join(f'`{label}`' for label in one.labels)} | {one.help} |"
        for one in METRICS
    ]
    head = "| metric | kind | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n"
    return head + "\n".join(rows) + "\n"


def _family(one: Exported, picture: Picture) -> Metric:
    if one.kind == "histogram":
        return _histogram(one, picture.latencies[_HISTOGRAMS[one.name]])
    kind = CounterMetricFamily if one.kind == "counter" else GaugeMetricFamily
    family = kind(one.name, one.help, labels=list(one.labels))
    for labels, value in one.read(picture):
        family.add_metric(list(labels), value)
    return family


def _histogram(one: Exported, told: Mapping[str, Any]) -> Metric:
    buckets = [(f"{bound / _NS:.9g}", float(count)) for bound, count in told["buckets"]]
    buckets.append(("+Inf", float(told["count"])))
    family = HistogramMetricFamily(one.name, one.help)
    family.add_metric([], buckets, told["sum_ns"] / _NS)
    return family
