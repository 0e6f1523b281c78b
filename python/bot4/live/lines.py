"""Plain lines for pipes and files: what happened, in market time, and a status every few seconds.

A fast market would flood them: at most so many a second, and the status line counts the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from bot4.live.picture import Picture
from bot4.live.words import clock_text, printable

LINES_PER_S_MAX = 10
STATUS_S = 5.0
_TOLD = ("order", "fill", "crossed", "refused", "clipped", "canceled", "control", "breaker")


class Lines:
    """A painter that writes lines to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._seen: Sequence[Any] = ()
        self._second: int = -1
        self._left: int = LINES_PER_S_MAX
        self._left_out = 0
        self._counted: int | None = None
        self._status_s: float | None = None
        self._components: dict[str, str] = {}

    def open(self) -> None:
        """Begin with a status line, also after a failure."""
        self._status_s = None

    def paint(self, picture: Picture, now_s: float) -> None:
        """Write what is new since the last picture."""
        if int(now_s) != self._second:
            self._second, self._left = int(now_s), LINES_PER_S_MAX
        recent = picture.engine["recent"]
        told = [event_line(one) for one in unseen(self._seen, recent) if one["kind"] in _TOLD]
        self._seen = recent
        shown = told[: self._left]
        self._left -= len(shown)
        self._left_out += max(len(told), self._happened(picture)) - len(shown)
        lines = [*self._changed(picture), *shown]
        if self._status_s is None or now_s - self._status_s >= STATUS_S:
            lines.append(status_line(picture, self._left_out))
            self._status_s, self._left_out = now_s, 0
        self._write(lines)

    def close(self) -> None:
        """Leave nothing behind in the stream's own memory."""
        self._stream.flush()

    def _happened(self, picture: Picture) -> int:
        """How much happened since the last picture; a fast market shows only the latest of it."""
        engine = picture.engine
        counted = engine["orders"] + engine["fills"] + engine["crosses"]
        counted += sum(engine["refused"].values()) + sum(engine["clipped"].values())
        before, self._counted = self._counted, counted
        return 0 if before is None else int(counted - before)

    def _changed(self, picture: Picture) -> Iterable[str]:
        for name, one in picture.components.items():
            if self._components.get(name, "closed") != one.state:
                why = f": {one.reason}" if one.reason else ""
                yield f"{clock_text(picture.engine['now_ns'])}  component  {name} {one.state}{why}"
            self._components[name] = one.state

    def _write(self, lines: Iterable[str]) -> None:
        text = "".join(f"{printable(line)}\n" for line in lines)
        if text:
            self._stream.write(text)
            self._stream.flush()


def unseen(before: Sequence[Any], now: Sequence[Any]) -> Sequence[Any]:
    """What `now` has after its longest beginning that is an end of `before`."""
    for kept in range(min(len(before), len(now)), 0, -1):
        if list(before[len(before) - kept :]) == list(now[:kept]):
            return now[kept:]
    return now


def event_line(event: Mapping[str, Any]) -> str:
    """One order, fill or refusal: when, what, whose, where, and the words of the engine."""
    who = " ".join(word for word in (event["strategy"], event["instrument"]) if word)
    return f"{clock_text(event['ts'])}  {event['kind']:<9}  {who}  {event['text']}".rstrip()


def status_line(picture: Picture, left_out: int) -> str:
    """How it stands, in one line."""
    engine = picture.engine
    day = engine["equity"] - engine["day_start"]
    parts = [
        f"{clock_text(engine['now_ns'])}  status     equity {engine['equity']:,.2f}",
        f"day {day:+,.2f}",
        f"{engine['events']:,} events ({picture.events_per_s:,.0f}/s)",
        f"{engine['orders']:,} orders",
        f"{engine['fills']:,} fills",
        f"{sum(engine['refused'].values()):,} refused",
        f"lag {picture.lag_ms:.0f} ms",
        str(engine["trading_state"]).lower(),
    ]
    if left_out:
        parts.append(f"{left_out:,} lines left out")
    return ", ".join(parts)
