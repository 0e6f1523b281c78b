"""`bot4 risk explain` tells of an order which checks it passed, and by how much."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot4 import _engine
from bot4.journal.question import reading

Bot4 = Callable[..., Any]
Records = list[dict[str, Any]]
CODES = [check["code"] for check in _engine.risk_checks() if check["where"] != "after"]


def explained(bot4: Bot4, order: str, folder: Path) -> dict[str, Any]:
    ran = bot4("risk", "explain", order, folder, "--json")
    assert (ran.code, ran.err) == (0, "")
    told: dict[str, Any] = json.loads(ran.out)
    return told


def of_kind(records: Records, *, reduces: bool) -> dict[str, Any]:
    orders = (one for one in records if one["kind"] == "order")
    return next(one for one in orders if one["reduces"] is reduces)


def test_what_opens_passed_every_check_and_used_no_more_than_all(
    bot4: Bot4, ended: tuple[Path, Records]
) -> None:
    folder, records = ended
    order = of_kind(records, reduces=False)
    told = explained(bot4, order["id"], folder)
    assert [check["code"] for check in told["checks"]] == CODES
    assert all(check["asked"] for check in told["checks"])
    uses = {limit: use for check in told["checks"] for limit, use in check["uses"].items()}
    assert uses == {limit: part / 10_000 for limit, part in order["uses"].items()}
    assert all(0 <= use <= 1 for use in uses.values())
    assert {"position_max", "gross_max", "order_max"} <= set(uses)
    assert told["order"]["id"] == order["id"]


def test_what_was_made_smaller_used_all_of_the_limit_that_did_it(
    bot4: Bot4, ended: tuple[Path, Records]
) -> None:
    folder, records = ended
    limits = {"position_limit": "position_max", "gross_limit": "gross_max"}
    found = 0
    for order in [one for one in records if one["kind"] == "order" and not one["reduces"]][:40]:
        told = explained(bot4, order["id"], folder)
        for reason in told["clipped"]:
            limit = limits.get(reason)
            if limit is not None:
                assert order["uses"][limit] >= 9_990
                found += 1
    assert found > 0


def test_what_closes_is_asked_of_no_cap(bot4: Bot4, ended: tuple[Path, Records]) -> None:
    folder, records = ended
    told = explained(bot4, of_kind(records, reduces=True)["id"], folder)
    asked = {check["code"] for check in told["checks"] if check["asked"]}
    assert {"R01", "R02", "R03", "R22", "R32"} <= asked
    assert not {"R08", "R10", "R11", "R12", "R14", "R23", "R33"} & asked
    assert told["clipped"] == []


def test_people_read_it_in_lines(bot4: Bot4, ended: tuple[Path, Records]) -> None:
    folder, records = ended
    order = of_kind(records, reduces=False)
    ran = bot4("risk", "explain", order["id"].lower(), folder)
    assert (ran.code, ran.err) == (0, "")
    head, what, *lines = ran.out.splitlines()
    assert head == f"order {order['id']} · SIMULATED market"
    assert what.startswith("buy ")
    rows = [line.split() for line in lines if line.startswith("  ")]
    assert [row[0] for row in rows] == CODES
    part = order["uses"]["position_max"] / 10_000
    assert rows[CODES.index("R10")][1:3] == ["position_max", f"{part:.2%}"]
    assert lines[-1].startswith("nearest: ")
    closes = of_kind(records, reduces=True)
    shown = bot4("risk", "explain", closes["id"], folder).out
    assert "it only closes" in shown
    assert "R10  not asked" in shown


@pytest.mark.parametrize("id_", ["NEVER", ""])
def test_an_order_that_never_was_is_one_line(
    bot4: Bot4, ended: tuple[Path, Records], id_: str
) -> None:
    ran = bot4("risk", "explain", id_, ended[0])
    assert (ran.code, ran.out) == (2, "")
    assert "was placed in" in ran.err
    assert ran.err.count("\n") == 1


def test_the_copy_has_it_as_the_journal_has_it(bot4: Bot4, ended: tuple[Path, Records]) -> None:
    folder, records = ended
    assert bot4("orders", folder).code == 0
    orders = [one for one in records if one["kind"] == "order"]
    with reading(folder) as copy:
        for order in orders:
            judged = copy.judged(order["id"])
            assert judged is not None
            assert judged.reduces is order["reduces"]
            assert judged.uses == {name: part / 10_000 for name, part in order["uses"].items()}


def test_the_help_names_both(bot4: Bot4) -> None:
    shown = bot4("risk", "--help").out
    assert "show" in shown
    assert "explain" in shown
