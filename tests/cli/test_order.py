"""`bot4 orders explain` tells what the journal has of an order, and the account around fills."""

import json
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import bot4 as b4
from bot4._engine import JournalFile
from bot4.journal.copy import Copy
from bot4.journal.question import Filter, reading
from bot4.research.seats import Seat
from journal.entries import Written
from journal.trading import MARKETS, SEED, trading

Bot4 = Callable[..., Any]
Records = list[dict[str, Any]]


def explained(bot4: Bot4, order: str, folder: Path) -> dict[str, Any]:
    ran = bot4("orders", "explain", order, folder, "--json")
    assert (ran.code, ran.err) == (0, "")
    told: dict[str, Any] = json.loads(ran.out)
    return told


def test_a_life_is_all_that_the_journal_has_of_the_order(
    bot4: Bot4, ended: tuple[Path, Records]
) -> None:
    folder, records = ended
    for order in [record for record in records if record["kind"] == "order"][:6]:
        told = explained(bot4, order["id"], folder)
        about = [record for record in records if record.get("id") == order["id"]]
        life = [step for step in told["life"] if step["kind"] != "clipped"]
        assert life[0]["kind"] == "intent"
        assert [(step["entry"], step["place"]) for step in life[1:]] == [
            (record["entry"], record["place"]) for record in about
        ]
        assert [step["state"] for step in life[1:]] == [record["state"] for record in about]
        assert [step["link"] for step in life[1:]] == [record["link"] for record in about]
        assert told["order"]["state"] == life[-1]["state"]
        assert told["order"]["ended"] is about[-1]["ended"]


def test_what_was_had_inside_is_told_before_the_rest(bot4: Bot4, tmp_path: Path) -> None:
    up = b4.close > b4.sma(b4.close, 3)

    def rising() -> b4.Target:
        return b4.target(b4.where(up, 0.5, 0.0))

    def falling() -> b4.Target:
        return b4.target(b4.where(up, 0.0, 1.0))

    market, part = MARKETS[0][0], Decimal("0.5")
    both = [b4.strategy(rising)(), b4.strategy(falling)()]
    with trading(tmp_path, seats=[Seat(one, one.name, market, part) for one in both]) as run:
        crosses = run.status()["crosses"]
    records = JournalFile(str(tmp_path)).records(0, 1_000_000)
    assert crosses == sum(one["kind"] == "crossed" for one in records) > 10
    told = [one for one in records if one["kind"] in ("crossed", "order")]
    crossed, order = next(
        (one, other)
        for one, other in pairwise(told)
        if (one["kind"], other["kind"]) == ("crossed", "order") and one["entry"] == other["entry"]
    )
    assert {crossed["seller"], crossed["buyer"]} == {"rising", "falling"}
    life = explained(bot4, order["id"], tmp_path)["life"]
    assert [step["kind"] for step in life[:3]] == ["intent", "crossed", "order"]
    what = f"{crossed['qty']} at {crossed['price']} from {crossed['seller']} to {crossed['buyer']}"
    assert life[1]["value"] == what
    shown = bot4("orders", "explain", order["id"], tmp_path).out
    assert f"crossed inside: {what}" in " ".join(shown.split())


def test_the_account_around_fills_is_the_one_the_engine_wrote_down(
    ended: tuple[Path, Records], bot4: Bot4
) -> None:
    folder, records = ended
    assert bot4("fills", folder).code == 0
    with reading(folder) as ledger:
        fills = {(fill["entry"], fill["place"]): fill for fill in ledger.ask("fills").records()}
    cash, held, compared = Decimal(10_000), {name: Decimal(0) for name, *_ in MARKETS}, 0
    for record in records:
        if record["kind"] == "fill":
            fill = fills[record["entry"], record["place"]]
            name = record["instrument"]
            assert (Decimal(str(fill["cash_before"])), Decimal(str(fill["position_before"]))) == (
                cash,
                held[name],
            )
            cash, held[name] = Decimal(str(fill["cash"])), Decimal(str(fill["position"]))
        elif record["kind"] == "equity":
            assert cash == Decimal(record["cash"])
            compared += 1
    assert compared > 100
    assert len(fills) > 10


def test_people_read_it_in_lines(bot4: Bot4, ended: tuple[Path, Records]) -> None:
    folder, records = ended
    fill = next(record for record in records if record["kind"] == "fill")
    ran = bot4("orders", "explain", fill["id"].lower(), folder)
    assert (ran.code, ran.err) == (0, "")
    head, *lines = ran.out.splitlines()
    assert head == f"order {fill['id']} · SIMULATED market"
    told = "\n".join(lines)
    for said in (
        "wanted: target",
        "placed: ",
        "sent",
        "acked",
        "trade ",
        "position 0 -> ",
        "cash ",
    ):
        assert said in told


def test_attempts_are_linked_both_ways(tmp_path: Path) -> None:
    journal = Written(SEED, 200)
    print(f"seed {SEED}")
    with closing(Copy(tmp_path)) as copy:
        copy.add(journal.all)
    linked = [record for record in journal.all if record.get("replaces") is not None]
    assert linked
    with reading(tmp_path) as ledger:
        for record in linked:
            order, before = ledger.order(record["id"]), ledger.order(record["replaces"])
            assert order is not None
            assert before is not None
            assert order["replaces"] == record["replaces"]
            assert before["replaced_by"] is not None


def test_what_still_works_is_listed_with_the_latest(tmp_path: Path) -> None:
    journal = Written(SEED, 200)
    with closing(Copy(tmp_path)) as copy:
        copy.add(journal.all)
    with reading(tmp_path) as ledger:
        everything = list(ledger.ask("orders").records())
        listed = list(ledger.ask("orders", Filter(last=3, working=True)).records())
    expected = [row for row in everything[:-3] if not row["ended"]] + everything[-3:]
    assert len(expected) > 3
    assert listed == expected


def test_an_order_that_was_never_placed_is_one_line(
    bot4: Bot4, ended: tuple[Path, Records]
) -> None:
    ran = bot4("orders", "explain", "NEVER", ended[0])
    assert (ran.code, ran.out) == (2, "")
    assert "no order 'NEVER' was placed in" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_the_list_is_what_it_was(bot4: Bot4, ended: tuple[Path, Records]) -> None:
    folder, records = ended
    rows = json.loads(bot4("orders", folder, "--json").out)
    assert len(rows) == len([record for record in records if record["kind"] == "order"])
    assert json.loads(bot4("orders", "list", folder, "--json").out) == rows
    assert "explain" in bot4("orders", "--help").out
