"""Which venue a frame is of, told from its keys; feeds that cannot be replayed are named.

Nothing else of a frame is looked at: its meaning is the engine's to read.
"""

import json
from typing import Literal

Capture = Literal["binance", "kraken", "coinbase"]

_READS = (
    "captures of Binance spot, Kraken's WebSocket v2 and Coinbase Advanced Trade can be replayed"
)
_LEGACY_COINBASE = {
    "done", "heartbeat", "l2update", "last_match", "match", "open", "received", "snapshot",
    "subscriptions", "ticker",
}  # fmt: skip
_LEGACY_KRAKEN = {"heartbeat", "pong", "subscriptionStatus", "systemStatus"}


class RefusedError(ValueError):
    """A frame that is understood, and cannot be replayed; its text says why."""


def venue_of(payload: bytes) -> Capture | None:
    """The venue of a frame; None: it may be of several.

    Raises RefusedError for a frame of no venue here, ValueError for what is not JSON.
    """
    frame = json.loads(payload)
    if isinstance(frame, list) and _names_channel(frame):
        raise RefusedError(f"this frame is of Kraken's WebSocket v1; {_READS}")
    if not isinstance(frame, dict):
        raise RefusedError(f"this frame is of no known venue; {_READS}")
    keys, kind = frame.keys(), frame.get("type")
    if frame.get("event") in _LEGACY_KRAKEN and "channel" not in keys:
        raise RefusedError(f"this frame is of Kraken's WebSocket v1; {_READS}")
    if kind in _LEGACY_COINBASE and "channel" not in keys:
        raise RefusedError(f"this frame is of Coinbase's legacy feed; {_READS}")
    if keys & {"stream", "rest", "lastUpdateId", "e"} or {"u", "s", "b", "a"} <= keys:
        return "binance"
    if "channel" in keys:
        return "coinbase" if keys & {"sequence_num", "events"} else "kraken"
    if "method" in keys and keys & {"success", "result", "error", "time_in"}:
        return "kraken"
    if keys & {"result", "code", "error"} or kind == "error":
        return None
    raise RefusedError(f"this frame is of no known venue; {_READS}")


def _names_channel(frame: list[object]) -> bool:
    """Whether a list ends with a channel and a pair, as Kraken's first version has it."""
    return [type(item) for item in frame[-2:]] == [str, str]
