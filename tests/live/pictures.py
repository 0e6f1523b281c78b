"""A picture of a run in the shapes that the engine's contract gives, to be shown and scraped."""

from dataclasses import replace
from typing import Any

from bot4.live.picture import ComponentState, Picture, Setting

SETTING = Setting(
    feed="simulated",
    simulated=True,
    seed=7,
    speed=30.0,
    market="",
    folder=".bot4/first",
    durability="each",
    name="first",
    strategies=("sma_cross", "donchian_breakout"),
)
NOW_NS = 1_704_067_200_000_000_000 + 754_000_000_000


def recent(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Fills and refusals, numbered, oldest first."""
    return [
        {
            "ts": NOW_NS - (100 - number) * 10**9,
            "kind": "refused" if number % 3 == 0 else "fill",
            "strategy": "sma_cross",
            "instrument": "simulated:BTCUSDT",
            "text": f"buy 0.0123 at 60,000.{number:02}",
        }
        for number in range(first, first + count)
    ]


def engine(**changed: Any) -> dict[str, Any]:
    """What ``Run.status`` tells."""
    told: dict[str, Any] = {
        "now_ns": NOW_NS,
        "events": 12_345,
        "orders": 42,
        "fills": 40,
        "refused": {"position_max": 3, "no_price": 1},
        "clipped": {"gross_max": 2},
        "crosses": 3,
        "crossed": 1_234.5,
        "fills_by_strategy": {"sma_cross": 25, "donchian_breakout": 15},
        "equity": 10_012.34,
        "cash": 4_321.5,
        "day_start": 10_000.0,
        "equity_text": "10012.34",
        "drawdown": 0.0125,
        "trading_state": "Active",
        "paused": [],
        "positions": [
            {
                "instrument": "simulated:BTCUSDT",
                "strategy": "sma_cross",
                "qty": 0.08123,
                "entry_price": 60_000.0,
                "mark": 60_150.5,
                "value": 4_886.0,
                "profit": 12.22,
                "dust": False,
            },
            {
                "instrument": "simulated:ETHUSDT",
                "strategy": "donchian_breakout",
                "qty": -0.5,
                "entry_price": None,
                "mark": None,
                "value": 0.0,
                "profit": -3.5,
                "dust": True,
            },
        ],
        "working": [
            {
                "id": "0000000000001",
                "strategy": "sma_cross",
                "instrument": "simulated:BTCUSDT",
                "side": "buy",
                "size": "0.01",
                "limit": "59000.00",
                "state": "working",
                "filled": "0",
            }
        ],
        "recent": recent(50),
        "breakers": {
            "feed": breaker("closed"),
            "drawdown": breaker(
                "latched", since_ns=NOW_NS, reason="fall", stage="flatten", remedy="rearm"
            ),
        },
        "risk": risk(),
        "touch": {"simulated:BTCUSDT": {"bid": 60_150.0, "ask": 60_151.0, "ts": NOW_NS}},
        "journal": {"appended": 130, "durable": 128},
        "venue": {"working": 1, "in_flight": 0, "faults": {}},
    }
    return {**told, **changed}


def risk() -> dict[str, Any]:
    """What ``Run.status`` tells of the limits."""
    limits = [
        limit("position_max", "0.02", use=0.9821, of="BTCUSDT"),
        limit("gross_max", "0.2", use=0.25),
        limit("net_max", "100", state="off"),
        limit("group_max", "0.04", state="unknown", of="ETH"),
        limit("order_max", "0.02", state="order"),
        limit("repeats_max", "20", use=0.0, of="sma_cross"),
        limit("shorting", False, state="order"),
    ]
    return {"profile": "default", "scale": "1", "measure": None, "limits": limits}


def limit(
    name: str, value: object, *, state: str = "used", use: float | None = None, of: str = ""
) -> dict[str, Any]:
    """What ``Run.status`` tells of one limit."""
    return {"limit": name, "value": value, "state": state, "use": use, "of": of or None}


def breaker(state: str, **changed: Any) -> dict[str, Any]:
    """What ``Run.status`` tells of one breaker."""
    keys = ("since_ns", "reason", "until_ns", "stage", "remedy")
    return {"state": state, **dict.fromkeys(keys), "note": "", **changed}


def histogram(count: int = 100) -> dict[str, Any]:
    """What ``Run.latencies`` tells of one thing."""
    return {
        "count": count,
        "sum_ns": 250_000,
        "p50_ns": 2_000,
        "p99_ns": 1_250_000,
        "max_ns": 2_000_000,
        "buckets": [(1_000, count // 4), (10_000, count // 2), (10_000_000, count)],
    }


def picture(**changed: Any) -> Picture:
    """A whole picture; `changed` replaces fields of it, and keys of the engine under ``engine``."""
    told = engine(**changed.pop("engine", {}))
    made = Picture(
        setting=SETTING,
        engine=told,
        latencies={name: histogram() for name in ("event", "decision", "intent_to_sent")},
        taken_s=100.0,
        elapsed_s=12.5,
        events_per_s=987.6,
        lag_ms=1.5,
        feed_age_ms=12.0,
        copy_behind=4,
        components={
            "engine": ComponentState("closed", 12.5, None, 0),
            "copies": ComponentState("open", 0.5, "no space is left on its disk", 3),
        },
        equity_past=(10_000.0, 10_001.0, 10_012.34),
    )
    return replace(made, **changed)
