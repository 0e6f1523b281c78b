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

# The asset in which orders are paid, beside those of the instruments.
CASH = "cash"
# Records about an order that was placed before.
_OF_ORDERS = frozenset({"update", "amend", "cum_qty", "fill"})

# What `value` says, by kind; a kind that is not known here is kept without.
_VALUES: Mapping[str, Callable[[Record], object]] = {
    "deposit": lambda record: record["amount"],
    "transfer": lambda record: f"{record['amount']} {record['asset']}",
    "funding": lambda record: f"{record['amount']} {record['asset']}",
    "foreign_fill": lambda record: (
        f"{record['side']} {record['qty']} at {record['price']}, "
        f"fee {record['fee']} {record['fee_asset']}"
    ),
    "rate": lambda record: f"{record['asset']} {record['worth']}",
    "intent": lambda record: record["want"],
    "refused": lambda record: record["reason"],
    "clipped": lambda record: record["reason"],
    "crossed": lambda record: (
        f"{record['qty']} at {record['price']} "
        f"from {record['seller'] or 'nobody'} to {record['buyer'] or 'nobody'}"
    ),
    "breaker": lambda record: record["state"],
    "control": lambda record: record["state"],
    "pause": lambda record: "paused" if record["paused"] else "resumed",
    "start": lambda record: record["epoch"],
    "freeze": lambda record: record["why"],
    "measured": lambda record: f"var {record['var']}, cvar {record['cvar']}",
    "stop": lambda record: "flatten" if record["flatten"] else None,
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
    state: str
    fills: int = 0
    filled: str = "0"
    notional: str = "0"
    fee: str = "0"
    average_price: str | None = None
    ended: bool = False
    tif: str = "gtc"
    expires_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    stop: str | None = None
    stop_price: str | None = None
    trail: str | None = None
    held: bool = False
    reserve: str = "0"
    replaces: str | None = None
    reduces: bool | None = None
    uses: str | None = None

    def on_said(self, record: Record) -> None:
        """An update, an amend we ask for, how much its venue says is filled."""
        if record.get("update") in ("amended", "released"):
            self.limit, self.size_base = record["limit"], record["size_base"]
            self.reserve = record["reserve"]
        self._on_record(record)

    def on_fill(self, record: Record) -> None:
        """A part of it was done, or the rest."""
        self.fills += 1
        self.filled = _sum(self.filled, record["qty"])
        self.notional = _sum(self.notional, record["notional"])
        if record["fee_asset"] == record["quote"]:  # what else was paid is in its fills
            self.fee = _sum(self.fee, record["fee"])
        self.average_price = _average(self.notional, self.filled)
        self._on_record(record)

    def _on_record(self, record: Record) -> None:
        self.updated_ts = record["ts"]
        self.state, self.ended = record["state"], record["ended"]


@dataclass(slots=True)
class Rows:
    """The rows that a batch of records adds, and the orders as it leaves them."""

    orders: dict[str, Order] = field(default_factory=dict)
    fills: list[Row] = field(default_factory=list)
    equity: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    updates: list[Row] = field(default_factory=list)
    entries: dict[int, Row] = field(default_factory=dict)
    balances: dict[str, str] = field(default_factory=dict)

    def move(self, asset: str, amount: str) -> tuple[str, str]:
        """Book what came in, or went out below zero; the balance before and after."""
        before = self.balances.get(asset, "0")
        self.balances[asset] = _sum(before, amount)
        return before, self.balances[asset]


def rows(
    records: Sequence[Record],
    known: Callable[[set[str]], dict[str, Order]],
    balances: Mapping[str, str],
) -> Rows:
    """The rows of a batch; `known` gives the orders of earlier ones, by id.

    `balances` are those before it, by asset. Raises InvariantError where a record is about an order
    that was never placed.
    """
    placed = {record["id"] for record in records if record["kind"] == "order"}
    meant = {record["id"] for record in records if record["kind"] in _OF_ORDERS}
    made = Rows(orders=known(meant - placed), balances=dict(balances))
    for record in records:
        _add(made, record)
    return made


def _add(made: Rows, record: Record) -> None:
    if record["kind"] != "equity":  # nobody asks where a value of the account is written
        made.entries[record["entry"]] = (record["entry"], record["event"], record["link"])
    match record["kind"]:
        case "order":
            made.orders[record["id"]] = _placed(record)
            made.updates.append(_said(record, record["side"]))
        case "update" | "amend" | "cum_qty":
            _order(made, record).on_said(record)
            made.updates.append(_said(record, record.get("update", record.get("qty"))))
        case "fill":
            _order(made, record).on_fill(record)
            made.fills.append(_fill(made, record))
        case "deposit":
            made.move(CASH, record["amount"])
            made.events.append(_event("deposit", record))
        case "transfer" | "funding" as kind:
            made.move(record["asset"], record["amount"])
            made.events.append(_event(kind, record))
        case "foreign_fill":
            _moved(made, record)
            made.events.append(_event("foreign_fill", record))
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
        state=record["state"],
        ended=record["ended"],
        tif=record["tif"],
        expires_ns=record["expires_ns"],
        post_only=record["post_only"],
        reduce_only=record["reduce_only"],
        stop=record["stop"],
        stop_price=record["stop_price"],
        trail=record["trail"],
        held=record["held"],
        reserve=record["reserve"],
        replaces=record["replaces"],
        reduces=record["reduces"],
        uses=None if record["uses"] is None else json.dumps(record["uses"]),
    )


def _order(made: Rows, record: Record) -> Order:
    try:
        return made.orders[record["id"]]
    except KeyError:
        raise InvariantError(
            f"entry {record['entry']} of the journal is about order {record['id']}, which no "
            "earlier entry placed; please report it"
        ) from None


def _said(record: Record, value: str | None) -> Row:
    sized = (record.get(name) for name in ("limit", "size_base", "size_quote", "reserve"))
    return (*_where(record), record["id"], record["kind"], value, record["state"], *sized)


def _moved(made: Rows, record: Record) -> tuple[str, str, str, str]:
    """Book a trade; position and quote before and after it.

    A fee in the base is paid out of the position: by `shed`, which covers it.
    """
    taken, paid, quote = (record["qty"], record["notional"], record["quote"])
    buys = record["side"] == "buy"
    held, _ = made.move(record["instrument"], taken if buys else f"-{taken}")
    before, _ = made.move(quote, f"-{paid}" if buys else paid)
    if record["shed"] is None:
        made.move(record["fee_asset"], _negated(record["fee"]))
    else:
        made.move(record["instrument"], f"-{record['shed']}")
    return held, made.balances[record["instrument"]], before, made.balances[quote]


def _fill(made: Rows, record: Record) -> Row:
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
        record["trade"],
        record["state"],
        *_moved(made, record),
        record["fee_asset"],
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
        *_why(record),
    )


def _why(record: Record) -> Row:
    """The reason of a breaker, and what a person said with it."""
    if record["kind"] != "breaker":
        return None, None
    return record["reason"], record["note"] or None


def _where(record: Record) -> Row:
    return record["entry"], record["place"], record["ts"]


def _sum(one: str, other: str) -> str:
    return _plain(_EXACT.add(Decimal(one), Decimal(other)))


def _negated(amount: str) -> str:
    return _plain(_EXACT.minus(Decimal(amount)))


def _average(notional: str, filled: str) -> str | None:
    return _plain(_AVERAGE.divide(Decimal(notional), Decimal(filled))) if Decimal(filled) else None


def _plain(value: Decimal) -> str:
    return format(_EXACT.normalize(value), "f")
