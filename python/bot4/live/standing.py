"""How a run stands, in rows of words: for ``bot4 status``, and for the summary at its end."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from bot4.history.times import utc_text
from bot4.live.board import amiss, said
from bot4.live.picture import Picture
from bot4.live.uses import nearest_said
from bot4.live.words import duration_text

WIDTH = 80
_LABEL = 19

Row = tuple[str, str]


def standing(picture: Picture) -> Iterable[Row]:
    """Market, account, orders, risk, and whatever is not as it should be."""
    engine = picture.engine
    at = utc_text(engine["now_ns"]) if engine["now_ns"] else "not begun"
    yield "market", f"{engine['events']:,} events, to {at}"
    day = engine["equity"] - engine["day_start"]
    yield "equity", f"{engine['equity']:,.2f}, {day:+,.2f} since the day began"
    yield "cash", f"{engine['cash']:,.2f}"
    yield "orders, fills", f"{engine['orders']:,}, {engine['fills']:,}"
    for name in picture.setting.strategies:
        paused = ", paused" if name in engine["paused"] else ""
        sizing = picture.setting.sizing.get(name)
        sized = "" if sizing is None else f", sized by {sizing}"
        yield f"  {name}", f"{engine['fills_by_strategy'].get(name, 0):,} fills{paused}{sized}"
    for one in engine["positions"]:
        dust = ", dust: too little for its venue" if one["dust"] else ""
        yield (
            "held",
            f"{one['qty']:,.8g} {one['instrument']} by {one['strategy'] or 'nobody'}{dust}",
        )
    if engine["working"]:
        yield "working", f"{len(engine['working']):,} orders"
    yield "refused", counted(engine["refused"])
    yield "clipped", counted(engine["clipped"])
    if most := nearest_said(picture):
        yield "nearest limit", most
    if engine["crosses"]:
        yield "crossed inside", f"{engine['crosses']:,} times, {engine['crossed']:,.2f} of notional"
    yield from _amiss(picture)
    yield "intent to sent", _latency(picture.latencies["intent_to_sent"])
    yield "one event", _latency(picture.latencies["event"])


def rows_text(rows: Iterable[Row]) -> str:
    """Rows as lines of at most 80 columns, values under each other."""
    return "\n".join(line for label, value in rows for line in _wrapped(label, value))


def _amiss(picture: Picture) -> Iterable[Row]:
    state = str(picture.engine["trading_state"]).lower()
    if state != "active":
        yield "trading state", state
    for row in amiss(picture):
        yield "breaker", f"{row.name} {said(row)}"
    for name, part in picture.components.items():
        if part.restarts:
            yield "component", f"{name} was restarted {part.restarts:,} times"
    if picture.setting.faults:
        yield "venue's faults", counted(picture.engine["venue"]["faults"])
    if picture.held_back_s:
        yield "held back", f"{picture.held_back_s:.1f} s: the machine cannot keep this speed"


def _wrapped(label: str, value: str) -> list[str]:
    return textwrap.wrap(
        value,
        WIDTH,
        initial_indent=f"  {label:<{_LABEL}} ",
        subsequent_indent=" " * (_LABEL + 3),
        break_on_hyphens=False,
    )


def counted(counts: Mapping[str, int]) -> str:
    """How many in all, and of what."""
    parts = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count)
    return f"{sum(counts.values()):,}" + (f": {parts}" if parts else "")


def _latency(histogram: Mapping[str, Any]) -> str:
    if not histogram["count"]:
        return "none yet"
    p50, p99 = duration_text(histogram["p50_ns"]), duration_text(histogram["p99_ns"])
    return f"{p50} at the median, {p99} or less for 99 in 100"
