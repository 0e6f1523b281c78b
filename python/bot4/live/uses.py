"""How much of each limit is in use, row by row: what ``bot4 risk`` and the metrics show."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot4 import _engine
from bot4.live.picture import Picture
from bot4.live.words import printable

# Beyond this a use says nothing more than that it is far too much.
_SHOWN_MAX = 100.0


@dataclass(frozen=True, slots=True)
class Row:
    """One limit: the codes of the checks that it sets, its value, and how much of it is in use."""

    limit: str
    codes: tuple[str, ...]
    value: str
    state: str
    """``used``; ``off``: it cannot bind; ``unknown``: a price or a measure is missing;
    ``order``: see `said`."""
    use: float | None
    """The part of it that is in use; above 1 nothing more is let through. None: not ``used``."""
    of: str | None
    """Who uses most of it, where it is one of several."""

    def as_json(self) -> dict[str, Any]:
        """As one object."""
        return {**asdict(self), "codes": list(self.codes)}


def uses(picture: Picture) -> tuple[Row, ...]:
    """Every limit of the run, in the order of the limits."""
    codes = _codes()
    return tuple(_row(one, codes) for one in picture.engine["risk"]["limits"])


def nearest(rows: Iterable[Row]) -> Row | None:
    """The limit that most is used of; None where nothing is in use."""
    used = [row for row in rows if row.use]
    return max(used, key=lambda row: row.use or 0.0, default=None)


def said(row: Row) -> str:
    """How much of a limit is in use, in words."""
    if row.use is None:
        return _WORDS[row.state]
    of = f" ({row.of})" if row.of and row.use else ""
    many = f"over {_SHOWN_MAX * 100:,.0f}" if row.use > _SHOWN_MAX else f"{row.use * 100:.2f}"
    return printable(f"{many} %{of}")


def nearest_said(picture: Picture) -> str:
    """The limit that most is used of, in words; nothing where nothing is in use."""
    row = nearest(uses(picture))
    return "" if row is None else f"{row.limit} {said(row)}"


_WORDS: Mapping[str, str] = {
    "off": "off",
    "unknown": "unknown, as a price or a measure is missing",
    "order": "with each order",
}


def _row(one: Mapping[str, Any], codes: Mapping[str, tuple[str, ...]]) -> Row:
    value = one["value"]
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    limit = str(one["limit"])
    return Row(limit, codes.get(limit, ()), shown, one["state"], one["use"], one["of"])


def _codes() -> dict[str, tuple[str, ...]]:
    """By limit, the codes of the checks that it sets."""
    codes = defaultdict(list)
    for check in _engine.risk_checks():
        for limit in check["limits"]:
            codes[limit].append(str(check["code"]))
    return {limit: tuple(found) for limit, found in codes.items()}
