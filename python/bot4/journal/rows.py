"""Records of the journal as rows of the copy. Nothing here knows a database.

Sums are exact: they add up decimals as they are written.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from hashlib import blake2b
from typing import Any

from bot4.errors import InvariantError

Record = Mapping[str, Any]
Row = tuple[object, ...]

# Amounts have 18 decimal places and come from 128 bits: no sum of them needs more digits.
_EXACT = Context(prec=60)
_AVERAGE = Context(prec=15)
_PRINT_BYTES = 16

# What `value` says, by kind; a kind that is not known here is kept without.
_VALUES: Mapping[str, Callable[[Record], object]] = {
    "deposit": lambda record: record["amount"],
    "intent": lambda record: record["want"],
    "refused": lambda record: record["reason"],
    "clipped": lambda record: record["reason"],
    "breaker": lambda record: record["state"],
    "control": lambda record: record["state"],
    "pause": lambda record: "paused" if record["paused"] else "resumed",
    "start": lambda record: record["epoch"],
}


@dataclass(slots=True)
class Order:
    """One order as its row says it, in the order of the table's columns."""

    id: str
    entry: int
    place: int
    ts: int
    updated_ts: int
    strategy: str
    instrument: str
    side: str
    size_base: str | None
    size_quote: str | None
    limit: str | None
    state: str = "pending"
    fills: int = 0
    filled: str = "0"
    notional: str = "0"
    fee: str = "0"
    average_price: str | None = None

    def on_update(self, record: Record) -> None:
        """What the venue answered, or that we asked it to cancel."""
        self.updated_ts = record["ts"]
        self.state = record["state"]

    def on_fill(self, record: Record) -> None:
        """A part of it was done, or the rest."""
        self.fills += 1
        self.filled = _sum(self.filled, record["qty"])
        self.notional = _sum(self.notional, record["notional"])
        self.fee = _sum(self.fee, record["fee"])
        self.average_price = _average(self.notional, self.filled)
        self.updated_ts = record["ts"]
        self.state = record["state"]


@dataclass(slots=True)
class Rows:
    """The rows that a batch of records adds, and the orders as it leaves them."""

    orders: dict[str, Order] = field(default_factory=dict)
    fills: list[Row] = field(default_factory=list)
    equity: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)


def rows(records: Sequence[Record], known: Callable[[set[str]], dict[str, Order]]) -> Rows:
    """The rows of a batch; `known` gives the orders of earlier ones, by id.

    Raises InvariantError where a record is about an order that was never placed.
    """
    placed = {record["id"] for record in records if record["kind"] == "order"}
    meant = {record["id"] for record in records if record["kind"] in {"update", "fill"}}
    made = Rows(orders=known(meant - placed))
    for record in records:
        _add(made, record)
    return made


def _add(made: Rows, record: Record) -> None:
    match record["kind"]:
        case "order":
            made.orders[record["id"]] = _placed(record)
        case "update":
            _order(made, record).on_update(record)
        case "fill":
            _order(made, record).on_fill(record)
            made.fills.append(_fill(record))
        case "equity":
            made.equity.append((*_where(record), record["equity"], record["cash"]))
        case kind:
            made.events.append(_event(kind, record))


def fingerprint(records: Sequence[Record]) -> str:
    """Text that is another for other records."""
    content = json.dumps([dict(record) for record in records], sort_keys=True, default=str)
    return blake2b(content.encode(), digest_size=_PRINT_BYTES).hexdigest()


def _placed(record: Record) -> Order:
    return Order(
        id=record["id"],
        entry=record["entry"],
        place=record["place"],
        ts=record["ts"],
        updated_ts=record["ts"],
        strategy=record["strategy"],
        instrument=record["instrument"],
        side=record["side"],
        size_base=record["size_base"],
        size_quote=record["size_quote"],
        limit=record["limit"],
    )


def _order(made: Rows, record: Record) -> Order:
    try:
        return made.orders[record["id"]]
    except KeyError:
        raise InvariantError(
            f"entry {record['entry']} of the journal is about order {record['id']}, which no "
            "earlier entry placed; please report it"
        ) from None


def _fill(record: Record) -> Row:
    return (
        *_where(record),
        record["id"],
        record["strategy"],
        record["instrument"],
        record["side"],
        record["price"],
        record["qty"],
        record["notional"],
        record["fee"],
        record["last"],
    )


def _event(kind: str, record: Record) -> Row:
    value = _VALUES[kind](record) if kind in _VALUES else None
    return (
        *_where(record),
        kind,
        record.get("strategy"),
        record.get("instrument"),
        record.get("component"),
        None if value is None else str(value),
    )


def _where(record: Record) -> Row:
    return record["entry"], record["place"], record["ts"]


def _sum(one: str, other: str) -> str:
    return _plain(_EXACT.add(Decimal(one), Decimal(other)))


def _average(notional: str, filled: str) -> str | None:
    return _plain(_AVERAGE.divide(Decimal(notional), Decimal(filled))) if Decimal(filled) else None


def _plain(value: Decimal) -> str:
    return format(_EXACT.normalize(value), "f")
