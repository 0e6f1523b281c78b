"""Every breaker of a run on one board: those of the engine, and of the components beside it."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot4.history.times import utc_text
from bot4.live.picture import Picture
from bot4.live.words import printable


@dataclass(frozen=True, slots=True)
class Row:
    """One breaker: its state, why, since when, what it stops and what brings it back, in words."""

    name: str
    state: str
    why: str
    since: str
    stops: str
    remedy: str


_STOPS = {
    None: "nothing",
    "entries": "nothing is opened",
    "cancel": "nothing is opened, orders are called back",
    "flatten": "nothing is opened, everything is closed",
}


def board(picture: Picture) -> tuple[Row, ...]:
    """All of them, in the order of their parts; a component beside the engine stops nothing.

    What the engine journals of such a component is said by the component itself, which knows why.
    """
    told = picture.engine["breakers"].items()
    rows = [_of_engine(name, one) for name, one in told if name not in picture.components]
    for name, part in picture.components.items():
        closed = part.state == "closed"
        since = f"for {part.since_s:,.0f} s"
        remedy = "" if closed else "it is started again by itself"
        rows.append(Row(name, part.state, part.reason or "", since, _STOPS[None], remedy))
    return tuple(rows)


def amiss(picture: Picture) -> tuple[Row, ...]:
    """Those that are not closed."""
    return tuple(row for row in board(picture) if row.state != "closed")


def said(row: Row) -> str:
    """A row that is not closed, in one sentence."""
    why = f" ({row.why})" if row.why else ""
    return printable(f"{row.state}{why} {row.since}: {row.stops}; {row.remedy}")


def _of_engine(name: str, one: dict[str, object]) -> Row:
    state = str(one["state"])
    if state == "closed":
        return Row(name, state, "", "", "", "")
    why = str(one.get("reason") or "").replace("_", " ")
    note = str(one.get("note") or "")
    since = f"since {_at(one.get('since_ns'))}"
    stage = one.get("stage")
    stops = _STOPS[None if stage is None else str(stage)]
    why = f"{why}: {note}" if note else why
    return Row(name, state, why, since, stops, _remedy(name, one))


def _remedy(name: str, one: dict[str, object]) -> str:
    match one.get("remedy"):
        case "trial":
            return f"it is tried at {_at(one.get('until_ns'))}"
        case "successes":
            return "it is being tried, and closes when it goes well 3 times in a row"
        case "day":
            return f"it closes at {_at(one.get('until_ns'))}, at half size for that day"
        case _:
            return f'bot4 rearm {name} --reason "..." closes it'


def _at(ns: object) -> str:
    return utc_text(int(ns)) if isinstance(ns, int) else "its start"


def names(rows: Iterable[Row]) -> str:
    """Their names, for a line."""
    return ", ".join(row.name for row in rows)
