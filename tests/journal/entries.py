"""Records as a run writes them, made from a seed: every kind, orders with all sorts of lives.

And what the tables must hold after them, found the slow way: by fractions, record by record.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_UP, Decimal
from fractions import Fraction
from random import Random
from typing import Any

Record = dict[str, Any]
START_NS = 1_700_000_000 * 10**9
SLEEVES = [("sma_cross", "simulated:BTCUSDT"), ("donchian_breakout", "simulated:ETHUSDT")]
ENDS = ("canceled", "expired", "rejected", "cancel_rejected", "never_arrived", "unanswered")


class Written:
    """A journal as one would read it: entries by number, each of one or more records."""

    def __init__(self, seed: int, entries: int, epoch: int = 1_700_000_000) -> None:
        self._chance = Random(seed)
        self._epoch = epoch
        self._working: dict[str, Record] = {}
        self._states: dict[str, str] = {}
        self._ts = START_NS
        self._orders = 0
        self.entries = [self._first(), [self._record("start", epoch=epoch)]]
        while len(self.entries) < entries:
            self.entries.append(self._next())
        for number, records in enumerate(self.entries, start=1):
            for place, record in enumerate(records):
                record.update(entry=number, place=place, event=number * 3, link=f"{number:032x}")

    def records(self, after: int, entries_max: int) -> list[Record]:
        """As ``Run.records`` and ``JournalFile.records``."""
        return [record for entry in self.entries[after : after + entries_max] for record in entry]

    @property
    def all(self) -> list[Record]:
        return self.records(0, len(self.entries))

    def _record(self, kind: str, **fields: Any) -> Record:
        return {"kind": kind, "ts": self._ts, **fields}

    def _breaker(self, component: str, state: str, reason: str, note: str = "") -> Record:
        told = {"component": component, "state": state, "reason": reason, "note": note}
        return self._record("breaker", **told, stage="entries", until_ns=None)

    def _first(self) -> list[Record]:
        return [
            self._record("deposit", amount="10000"),
            self._record("equity", cash="10000", equity="10000"),
        ]

    def _next(self) -> list[Record]:
        self._ts += self._chance.randrange(0, 3 * 10**9)
        kinds = [self._decided, self._answered, self._answered, self._answered, self._noted]
        return list(self._chance.choice(kinds)())

    def _decided(self) -> Iterator[Record]:
        strategy, instrument = self._chance.choice(SLEEVES)
        sleeve = {"strategy": strategy, "instrument": instrument}
        yield self._record("intent", **sleeve, want=f"target {self._chance.choice(['0', '0.5'])}")
        if self._chance.random() < 0.2:
            yield self._record("refused", **sleeve, reason="daily_loss")
            return
        if self._chance.random() < 0.2:
            yield self._record("clipped", **sleeve, reason="position_max")
        self._orders += 1
        in_quote = self._chance.random() < 0.4
        order = self._record(
            "order",
            id=f"{self._epoch:07x}{self._orders:06d}",
            **sleeve,
            side=self._chance.choice(["buy", "sell"]),
            size_base=None if in_quote else self._size(),
            size_quote=self._decimal(2) if in_quote else None,
            limit=self._decimal(2) if self._chance.random() < 0.3 else None,
            state="intended",
            ended=False,
            **self._terms(),
        )
        self._working[order["id"]] = order
        self._states[order["id"]] = "intended"
        yield order

    def _terms(self) -> Record:
        stop = self._chance.choice([None, "stop", "take_profit"])
        tif = self._chance.choice(["gtc", "ioc", "gtd"])
        return {
            "tif": tif,
            "expires_ns": self._ts if tif == "gtd" else None,
            "post_only": self._chance.random() < 0.2,
            "reduce_only": self._chance.random() < 0.2,
            "stop": stop,
            "stop_price": stop and self._decimal(2),
            "trail": stop and self._decimal(2),
            "held": self._chance.random() < 0.1,
            "reserve": self._decimal(8),
            "replaces": self._chance.choice([None, *self._states]),
            **self._judged(),
        }

    def _judged(self) -> Record:
        if self._chance.random() < 0.1:  # the journal had lost it
            return {"reduces": None, "uses": None}
        uses = {limit: self._chance.randrange(10_001) for limit in ("order_max", "gross_max")}
        return {"reduces": self._chance.random() < 0.5, "uses": uses}

    def _answered(self) -> Iterator[Record]:
        if not self._working:
            yield self._record("control", state="active")
            return
        order = self._working[self._chance.choice(sorted(self._working))]
        if self._chance.random() < 0.1:  # nothing is heard of it any more
            del self._working[order["id"]]
            yield self._breaker("gateway:simulated", "open", "unanswered")
            return
        said = self._chance.random()
        if said < 0.5:
            for _ in range(self._chance.randrange(1, 4)):
                last = self._chance.random() < 0.4
                yield self._fill(order, last=last)
                if last:
                    del self._working[order["id"]]
                    return
        elif said < 0.7:
            yield self._update(order, "acked")
        elif said < 0.8:
            yield self._update(order, "cancel_sent")
        else:
            yield self._update(order, self._chance.choice(ENDS))
            del self._working[order["id"]]
            if self._chance.random() < 0.1:
                yield self._fill(order, last=False)  # a late one

    def _noted(self) -> Iterator[Record]:
        yield self._record("equity", cash=self._decimal(18), equity=self._decimal(18))
        if self._chance.random() < 0.2:
            yield self._breaker("drawdown", "latched", "fall")
            yield self._breaker("drawdown", "closed", "rearmed", note="I looked")
        if self._chance.random() < 0.2:
            yield self._record("pause", strategy="sma_cross", paused=self._chance.random() < 0.5)
        if self._chance.random() < 0.1:
            yield self._record("control", state="reducing")
        name, asset = self._name(), self._chance.choice(["cash", "BNB"])
        if self._chance.random() < 0.2:
            yield self._record("transfer", name=name, asset=asset, amount=self._signed(), worth="0")
        if self._chance.random() < 0.2:
            _, instrument = self._chance.choice(SLEEVES)
            booked = {"name": name, "instrument": instrument, "asset": "cash"}
            yield self._record("funding", **booked, amount=self._signed())
        if self._chance.random() < 0.2:
            _, instrument = self._chance.choice(SLEEVES)
            side = self._chance.choice(["buy", "sell"])
            traded = {"name": name, "instrument": instrument, "side": side}
            yield self._record("foreign_fill", **traded, **self._trade())
        if self._chance.random() < 0.1:
            yield self._record("rate", asset="BNB", worth=self._decimal(2))
        if self._chance.random() < 0.1:
            _, instrument = self._chance.choice(SLEEVES)
            price, qty = Decimal(self._decimal(2)), Decimal(self._size())
            sized = {"price": str(price), "qty": str(qty), "notional": str(price * qty)}
            who = {"seller": self._chance.choice(["sma_cross", None]), "buyer": "sma_cross-2"}
            yield self._record("crossed", instrument=instrument, **who, **sized)

    def _name(self) -> str:
        return str(self._chance.randrange(10**12))

    def _signed(self) -> str:
        return self._chance.choice(["", "-"]) + self._decimal(8)

    def _trade(self) -> Record:
        """Price, size and fee, which may be paid in anything."""
        price, qty = Decimal(self._decimal(2)), Decimal(self._size())
        traded = {"price": str(price), "qty": str(qty), "notional": str(price * qty)}
        paid_in = self._chance.choice(["cash", "cash", "base", "BNB"])
        fee, shed = str(price * qty / 1000), None
        if paid_in == "base":  # five decimals are what a size has
            exact = qty / 1000
            fee, shed = str(exact), str(exact.quantize(Decimal("0.00001"), ROUND_UP))
        return {**traded, "fee": fee, "fee_asset": paid_in, "quote": "cash", "shed": shed}

    def _update(self, order: Record, update: str) -> Record:
        state = self._moved(order, update)
        return self._record(
            "update", id=order["id"], update=update, state=state, ended=state in ENDED
        )

    def _moved(self, order: Record, said: str) -> str:
        state = self._states[order["id"]]
        self._states[order["id"]] = LIFE.get((state, said), state)
        return self._states[order["id"]]

    def _fill(self, order: Record, *, last: bool) -> Record:
        return self._record(
            "fill",
            **{name: order[name] for name in ("id", "strategy", "instrument", "side")},
            **self._trade(),
            last=last,
            trade=self._name(),
            state=(state := self._moved(order, "last" if last else "fill")),
            ended=state in ENDED,
        )

    def _size(self) -> str:
        return str(Decimal(self._chance.randrange(1, 10**5)).scaleb(-5))

    def _decimal(self, places: int) -> str:
        return str(Decimal(self._chance.randrange(1, 10 ** (places + 4))).scaleb(-places))


ENDED = frozenset({"filled", "rejected", "canceled", "expired", "dead"})
WORKING = ("intended", "open", "partially_filled", "pending_cancel", "unknown")
# The life of an order as `order.rs` has it: what is not here leaves the state as it is.
LIFE = {
    ("intended", "acked"): "open",
    ("unknown", "acked"): "open",
    ("pending_cancel", "cancel_rejected"): "open",
    **{(state, "last"): "filled" for state in WORKING},
    **{(state, "fill"): "partially_filled" for state in WORKING if state != "pending_cancel"},
    **{(state, "cancel_sent"): "pending_cancel" for state in WORKING},
    **{(state, "unanswered"): "unknown" for state in WORKING},
    **{(state, "rejected"): "rejected" for state in WORKING},
    **{(state, "canceled"): "canceled" for state in WORKING},
    **{(state, "expired"): "expired" for state in WORKING},
    **{(state, "never_arrived"): "dead" for state in WORKING},
}


def orders(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """What became of each order, from all that was written about it."""
    return {
        record["id"]: _order(record, [one for one in records if one.get("id") == record["id"]])
        for record in records
        if record["kind"] == "order"
    }


def balances(records: Sequence[Record]) -> dict[str, Fraction]:
    """What all records come to, by asset and instrument."""
    held: dict[str, Fraction] = {}

    def move(asset: str, amount: str, sign: int = 1) -> None:
        held[asset] = held.get(asset, Fraction(0)) + sign * Fraction(amount)

    for record in records:
        match record["kind"]:
            case "deposit":
                move("cash", record["amount"])
            case "transfer" | "funding":
                move(record["asset"], record["amount"])
            case "fill" | "foreign_fill":
                sign = 1 if record["side"] == "buy" else -1
                move(record["instrument"], record["qty"], sign)
                move("cash", record["notional"], -sign)
                if record["fee_asset"] == "base":
                    move(record["instrument"], record["shed"], -1)
                else:
                    move(record["fee_asset"], record["fee"], -1)
    return held


def _order(placed: Record, about: Sequence[Record]) -> dict[str, Any]:
    fills = [record for record in about if record["kind"] == "fill"]
    states = [record["state"] for record in about if "state" in record]
    filled = sum((Fraction(fill["qty"]) for fill in fills), Fraction(0))
    notional = sum((Fraction(fill["notional"]) for fill in fills), Fraction(0))
    return {
        "state": states[-1],
        "fills": len(fills),
        "filled": filled,
        "notional": notional,
        "fee": sum(
            (Fraction(fill["fee"]) for fill in fills if fill["fee_asset"] == "cash"), Fraction(0)
        ),
        "average_price": notional / filled if fills else None,
        "ts": placed["ts"],
        "updated_ts": about[-1]["ts"],
    }
