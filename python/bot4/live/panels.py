"""The panels of the screen, each a layout of as many lines as it needs.

Names and words of others are put in as text, never as markup.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot4.live.board import Row, board, said
from bot4.live.picture import Picture
from bot4.live.uses import nearest_said
from bot4.live.words import clock_text, duration_text, price_text, printable, sparkline

# A picture older than this is said to be: nothing came from the engine since.
STALE_S = 2.0
_GOOD, _BAD, _WARN, _SOFT = "green", "red", "yellow", "bright_black"
_STATES = {"closed": _GOOD, "half_open": _WARN, "open": _BAD, "latched": f"bold {_BAD}"}
_KINDS = {
    "fill": "cyan",
    "refused": _BAD,
    "crossed": "cyan",
    "clipped": _WARN,
    "breaker": _BAD,
    "control": _WARN,
}
_ROWS_MAX = 4
_TOP_LINES = 6


def banner(picture: Picture, width: int, age_s: float) -> Layout:
    """Which market this is, what is amiss, and its time."""
    engine = picture.engine
    state = str(engine["trading_state"]).lower()
    words = Text(no_wrap=True, overflow="ellipsis")
    words.append(f" {picture.setting.banner} ", style="bold #1c1c1c on #ffd75f")
    if picture.stopping:
        words.append(f" stopping: {picture.stopping} ", style="bold white on red")
    elif age_s > STALE_S:
        words.append(f" no answer for {age_s:.0f} s ", style="bold white on red")
    elif state != "active":
        words.append(f" {state} ", style="bold white on red")
    moment = ""
    if engine["now_ns"]:
        at = datetime.fromtimestamp(engine["now_ns"] // 10**9, tz=UTC)
        moment = at.strftime("%Y-%m-%d %H:%M:%S UTC ")
    space = width - words.cell_len - len(moment)
    if space > 0:
        words.append(" " * space + moment, style=_SOFT)
    return Layout(words, size=1)


def equity(picture: Picture, width: int) -> Layout:
    """What the account is worth, and how it came there."""
    engine = picture.engine
    day = engine["equity"] - engine["day_start"]
    share = day / engine["day_start"] if engine["day_start"] else 0.0
    first = Text(no_wrap=True)
    first.append(f"{engine['equity']:,.2f}", style="bold")
    first.append(f"   day {day:+,.2f} ({share:+.2%})", style=_signed(day))
    second = Text(f"cash {engine['cash']:,.2f}   drawdown {engine['drawdown']:.2%}", no_wrap=True)
    grid = Table.grid()
    grid.add_row(first)
    grid.add_row(second)
    grid.add_row(Text(f"{engine['orders']:,} orders, {engine['fills']:,} fills", no_wrap=True))
    grid.add_row(Text(sparkline(picture.equity_past, width - 4), style=_signed(day), no_wrap=True))
    return Layout(_panel("equity", grid), size=_TOP_LINES)


def health(picture: Picture) -> Layout:
    """How old and how fast everything is."""
    latencies, engine = picture.latencies, picture.engine
    grid = Table.grid(padding=(0, 1))
    lag = f"{picture.lag_ms:.0f} ms"
    if picture.held_back_s:
        lag += f", held back {picture.held_back_s:.1f} s"
    rows = (
        ("feed age, lag", f"{picture.feed_age_ms:.0f} ms, {lag}"),
        ("events", f"{engine['events']:,}, {picture.events_per_s:,.0f}/s"),
        ("event p50, p99", _quantiles(latencies["event"])),
        ("intent→sent", _quantiles(latencies["intent_to_sent"])),
    )
    for label, value in rows:
        grid.add_row(Text(label, style=_SOFT), Text(value, no_wrap=True))
    return Layout(_panel("health", grid), size=_TOP_LINES)


def positions(picture: Picture) -> Layout:
    """What is held, and what it is worth."""
    held = picture.engine["positions"]
    table = _table("instrument", "strategy", ">qty", ">entry", ">mark", ">profit")
    for one in held[:_ROWS_MAX]:
        entry = one["entry_price"]
        table.add_row(
            _words(_symbol(one["instrument"])),
            _words(one["strategy"]),
            f"{one['qty']:,.6g}{' dust' if one['dust'] else ''}",
            "-" if entry is None else price_text(entry),
            "-" if one["mark"] is None else price_text(one["mark"]),
            Text(f"{one['profit'] or 0.0:+,.2f}", style=_signed(one["profit"] or 0.0)),
        )
    return _rows("positions", table, held, "flat")


def working(picture: Picture) -> Layout:
    """What rests at the venue or is on its way there."""
    orders = picture.engine["working"]
    table = _table("instrument", "strategy", "side", ">size", ">limit", "state")
    for one in orders[:_ROWS_MAX]:
        table.add_row(
            _words(_symbol(one["instrument"])),
            _words(one["strategy"]),
            _words(one["side"]),
            _words(one["size"]),
            _words("market" if one["limit"] is None else one["limit"]),
            _words(one["state"]),
        )
    return _rows(f"working orders · {len(orders)}", table, orders, "none")


def breakers(picture: Picture, width: int, *, brief: bool) -> Layout:
    """All of them; on a short screen one line of those that are not closed, and why."""
    rows = board(picture)
    amiss = [row for row in rows if row.state != "closed"]
    if brief:
        words = Text(" breakers  ", style=_SOFT)
        words.append("" if amiss else f"all {len(rows)} closed", style=_GOOD)
        line = Text.assemble(words, *(_breaker(row, f" ({row.why})") for row in amiss))
        line.no_wrap, line.overflow = True, "ellipsis"
        return Layout(line, size=1)
    lines = [Text()]
    for one in map(_breaker, rows):
        if lines[-1].cell_len + one.cell_len > width - 4:
            lines.append(Text())
        lines[-1].append_text(one)
    reasons = [
        Text(f"{row.name}: {said(row)}", style=_WARN, no_wrap=True, overflow="ellipsis")
        for row in amiss
    ]
    # Of many that are closed the last are left out, of those that are not none.
    shown = [*lines[: max(1, _ROWS_MAX - len(reasons))], *reasons][:_ROWS_MAX]
    most = nearest_said(picture)
    title = f"breakers · nearest limit {most}" if most else "breakers"
    return Layout(_panel(title, Group(*shown)), size=len(shown) + 2)


def _breaker(row: Row, why: str = "") -> Text:
    style = _STATES.get(row.state, _WARN)
    said = row.name if row.state == "closed" else f"{row.name} {row.state}{why}"
    name = printable(said)
    return Text.assemble(("● ", style), (f"{name}  ", "" if row.state == "closed" else style))


def decisions(picture: Picture, rows: int) -> Layout:
    """The latest orders, fills and refusals, the newest first."""
    engine = picture.engine
    grid = Table.grid(padding=(0, 1), expand=True)
    for column in ("time", "kind", "strategy", "instrument"):
        grid.add_column(column, no_wrap=True)
    grid.add_column("text", ratio=1, no_wrap=True, overflow="ellipsis")
    for one in reversed(engine["recent"][-rows:]):
        grid.add_row(
            Text(clock_text(one["ts"]), style=_SOFT),
            Text(one["kind"], style=_KINDS.get(one["kind"], "")),
            _words(one["strategy"] or ""),
            _words(_symbol(one["instrument"] or "")),
            _words(one["text"]),
        )
    refused, clipped = sum(engine["refused"].values()), sum(engine["clipped"].values())
    return Layout(_panel(f"decisions · {refused:,} refused · {clipped:,} clipped", grid))


def footer(picture: Picture, width: int) -> Layout:
    """What may be pressed, and where everything is kept."""
    keys = " Ctrl-C stops, twice at once "
    where = f"journal {picture.setting.folder}, {picture.setting.durability} durable "
    words = Text(keys, style=_SOFT, no_wrap=True, overflow="ellipsis")
    words.append(" " * max(0, width - len(keys) - len(where)))
    words.append(where)
    return Layout(words, size=1)


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(
        content, title=Text(title), title_align="left", box=box.ROUNDED, border_style=_SOFT
    )


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, header_style=_SOFT)
    for column in columns:
        right = column.startswith(">")
        table.add_column(
            column.removeprefix(">"),
            justify="right" if right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    return table


def _rows(title: str, table: Table, rows: Sequence[Any], word: str) -> Layout:
    """A panel of a head and some rows, or of one word."""
    lines = 1 + min(len(rows), _ROWS_MAX) if rows else 1
    return Layout(_panel(title, table if rows else Text(word, style=_SOFT)), size=lines + 2)


def _quantiles(histogram: Mapping[str, Any]) -> str:
    if not histogram["count"]:
        return "-"
    return f"{duration_text(histogram['p50_ns'])}, {duration_text(histogram['p99_ns'])}"


def _words(words: object) -> Text:
    """Words of others: no markup, and nothing that moves the cursor."""
    return Text(printable(str(words)))


def _symbol(instrument: str) -> str:
    """The instrument without its venue: the banner says which market it is."""
    return instrument.rpartition(":")[2]


def _signed(value: float) -> str:
    return _GOOD if value > 0 else _BAD if value < 0 else ""
