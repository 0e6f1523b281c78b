"""The copy of a run that really traded, beside what the engine itself says of that run."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

import bot4 as b4
from bot4._engine import JournalFile, Run
from bot4.journal.catch_up import attach, catch_up, step
from bot4.journal.question import reading
from bot4.run_folder import COPY
from journal.trading import SEED, advance, trading

WORKING = {"pending", "open", "partially_filled", "pending_cancel", "unknown"}


@b4.strategy
class Ladder(b4.Strategy):
    """Rests orders at the touch and away from it, and now and then calls all of them back."""

    seed: int = SEED

    def on_start(self, ctx: b4.Context) -> None:
        self._chance = Random(self.seed)

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        said = self._chance.random()
        if said < 0.1:
            ctx.cancel()
        elif said < 0.5:
            ctx.buy(0.3 * 1000 / bar.close, limit=bar.close * self._chance.choice([0.9, 1.0]))
        elif ctx.position > 0:
            ctx.sell(ctx.position, limit=bar.close * self._chance.choice([1.0, 1.1]))


def test_orders_stand_in_the_copy_as_in_the_engine(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    seen = set()
    with trading(tmp_path, 1, strategies=(Ladder(), Ladder(seed=SEED + 1))) as run:
        for _ in range(60):
            advance(run, 2)
            working = settled(run, tmp_path)
            seen |= {str(order["state"]) for order in working.values()}
    assert {"open", "pending", "partially_filled"} & seen
    with reading(tmp_path) as ledger:
        states = {str(row["state"]) for row in ledger.ask("orders").records()}
    assert {"filled", "canceled"} <= states


def test_a_breaker_that_a_person_tripped_and_closed_says_why(tmp_path: Path) -> None:
    with trading(tmp_path, 2) as run:
        run.kill("entries", note="it looks wrong")
        run.rearm("kill_switch", "I looked")
    catch_up(tmp_path)
    with closing(sqlite3.connect(tmp_path / COPY)) as sqlite:
        found = sqlite.execute(
            "SELECT component, value, reason, note FROM events_utc WHERE kind = 'breaker'"
            " ORDER BY entry, place"
        ).fetchall()
    assert found == [
        ("kill_switch", "latched", "operator", "it looks wrong"),
        ("kill_switch", "closed", "rearmed", "I looked"),
    ]


def settled(run: Run, folder: Path) -> dict[str, dict[str, object]]:
    """The orders that work, once they stand in the copy as they do in the engine."""
    status = run.status()
    while run.status()["journal"]["durable"] < status["journal"]["appended"]:
        continue
    with closing(attach(folder, run)) as copy:
        while step(copy, run):
            continue
    working = {order["id"]: order for order in status["working"]}
    with reading(folder) as ledger:
        rows = {row["id"]: row for row in ledger.ask("orders").records()}
    assert {name for name, row in rows.items() if row["state"] in WORKING} == set(working)
    for name, order in working.items():
        assert rows[name]["state"] == order["state"], name
        assert Decimal(str(rows[name]["filled"])) == Decimal(order["filled"]), name
        assert rows[name]["limit"] == order["limit"], name
    assert (len(rows), sum(int(str(row["fills"])) for row in rows.values())) == (
        status["orders"],
        status["fills"],
    )
    return working


def test_it_grows_over_restarts_and_is_of_that_journal_alone(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    lasts = []
    for number in range(3):
        with trading(one, 60, clock_s=1_700_000_000 + number):
            print(f"seed {SEED}")
        catch_up(one)
        with closing(JournalFile(str(one))) as journal, closing(attach(one, journal)) as copy:
            assert copy.replaced is None
            lasts.append(copy.last_entry())
    assert lasts == sorted(set(lasts))
    with trading(other, 60, clock_s=1_700_000_100):
        print(f"seed {SEED}")
    (other / "copy.sqlite").write_bytes((one / "copy.sqlite").read_bytes())
    with closing(JournalFile(str(other))) as journal, closing(attach(other, journal)) as copy:
        assert copy.replaced == "it is of another journal"


@pytest.mark.parametrize("entries_max", [1, 7, 10_000])
def test_equity_and_fills_add_up_to_the_replayed_state(tmp_path: Path, entries_max: int) -> None:
    with trading(tmp_path, 120):
        print(f"seed {SEED}")
    with closing(JournalFile(str(tmp_path))) as journal:
        with closing(attach(tmp_path, journal)) as copy:
            while step(copy, journal, entries_max):
                continue
        replayed = journal.replay()
        assert copy.last_entry() == replayed["entries"]
    with reading(tmp_path) as ledger:
        equity = list(ledger.ask("equity").records())
        fills = list(ledger.ask("fills").records())
        orders = list(ledger.ask("orders").records())
    assert equity[-1]["equity"] == replayed["equity"]
    assert (len(fills), len(orders)) == (replayed["fills"], replayed["orders"])
