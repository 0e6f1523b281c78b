"""kill -9 at random moments: a run goes on as if nothing had been, and sends nothing twice."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot4._engine import JournalFile

KILLABLE = Path(__file__).with_name("killable.py")
KILLS = 100
LIFE_S_MAX = 0.12
NEVER = 10**15


@dataclass(frozen=True)
class Asked:
    """Which run is to be killed."""

    durability: str
    seed: int
    market: str = "simulated"


def begin(folder: Path, asked: Asked, until: int) -> subprocess.Popen[str]:
    told = [folder, asked.durability, asked.seed, until, asked.market]
    command = [sys.executable, str(KILLABLE), *map(str, told)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def found(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "it ended before it said a word"
    said: dict[str, Any] = json.loads(line)
    return said


def finish(folder: Path, asked: Asked, until: int) -> dict[str, Any]:
    with begin(folder, asked, until) as process:
        found(process)
        return found(process)


def killed_often(folder: Path, asked: Asked, kills: int) -> list[dict[str, Any]]:
    """Kill a run again and again: what each start of it found."""
    dice = random.Random(asked.seed)
    seen = []
    for _ in range(kills):
        with begin(folder, asked, NEVER) as process:
            seen.append(found(process))
            time.sleep(dice.random() * LIFE_S_MAX)
            process.kill()
    slowest = max(start["elapsed_s"] for start in seen)
    adopted = sum(start["adopted"] for start in seen)
    print(f"{kills} kills, slowest recovery {slowest:.3f} s, {adopted} orders adopted")
    return seen


def acts(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "venue.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def seen_by_venue(folder: Path) -> list[dict[str, Any]]:
    """Its acts, orders named by their sequence: each start has ids of its own."""
    lines = acts(folder)
    for line in lines:
        line["act"]["order"] %= 2**32
        accepted = line["act"]["deed"]
        order = accepted.get("Accepted") if isinstance(accepted, dict) else None
        if order and order["replaces"] is not None:
            order["replaces"] %= 2**32
    return lines


def records(folder: Path) -> list[dict[str, Any]]:
    journal = JournalFile(str(folder))
    found = journal.records(0, 10**9)
    journal.close()
    return found


def check_against_the_venue(folder: Path) -> int:
    """What the venue did by its own record is what the journal has; how many orders there were."""
    deeds = [act["act"] for act in acts(folder)]
    assert [deed["number"] for deed in deeds] == list(range(1, len(deeds) + 1))
    placed = Counter(deed["order"] for deed in deeds if "Accepted" in deed["deed"])
    assert set(placed.values()) == {1}, "an order was sent twice"
    assert not any(deed["deed"] == "Repeated" for deed in deeds)
    kept = records(folder)
    assert len(placed) <= sum(record["kind"] == "order" for record in kept)
    done = sum("Filled" in deed["deed"] for deed in deeds)
    booked = sum(record["kind"] == "fill" for record in kept)
    assert 0 <= done - booked <= 2, "a fill may still be on its way, and no other is missing"
    return len(placed)


@pytest.mark.parametrize(
    ("asked", "kills"),
    [
        (Asked("each", 20_261_123), KILLS),
        (Asked("each", 11, "ticks"), 12),
        (Asked("each", 7, "bars"), 12),
    ],
    ids=["programs on order flow", "programs on books and trades", "classes on bars"],
)
def test_a_run_killed_often_is_one_that_never_was(tmp_path: Path, asked: Asked, kills: int) -> None:
    print(asked)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    seen = killed_often(killed, asked, kills)
    assert all(start["resumed"] for start in seen[1:])
    until = seen[-1]["events"] + 20_000
    ended = finish(killed, asked, until)
    unkilled = finish(whole, asked, until)
    assert ended == unkilled
    assert seen_by_venue(killed) == seen_by_venue(whole)
    orders = check_against_the_venue(killed)
    print(f"{ended['events']} events, {orders} orders")
    assert orders > 100
    assert ended["breakers"]["ledger"]["state"] == "closed"


def test_a_run_at_a_venue_that_misbehaves_is_killed_as_well(tmp_path: Path) -> None:
    asked = Asked("each", 31, "faulty")
    print(asked)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    until = killed_often(killed, asked, 12)[-1]["events"] + 20_000
    ended = finish(killed, asked, until)
    assert ended == finish(whole, asked, until)
    assert seen_by_venue(killed) == seen_by_venue(whole)
    deeds = [act["act"] for act in acts(killed)]
    assert not any(deed["deed"] == "Repeated" for deed in deeds), "an order was sent twice"
    met = ended["faults"]
    print(f"{ended['events']} events, {met}")
    assert all(met[name] > 0 for name in ("lost_request", "lost_ack", "late_fill")), met


@pytest.mark.parametrize("seed", [5, 6])
def test_in_blocks_every_order_of_the_venue_is_known_after_a_kill(
    tmp_path: Path, seed: int
) -> None:
    asked = Asked("block", seed)
    seen = killed_often(tmp_path, asked, 12)
    ended = finish(tmp_path, asked, seen[-1]["events"] + 5_000)
    assert check_against_the_venue(tmp_path) > 10
    assert ended["breakers"]["ledger"]["state"] == "closed"
