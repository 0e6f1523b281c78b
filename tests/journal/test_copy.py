"""The copy says what the journal says, whatever happens to the process, the file or the disk."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot4.errors import CopyError, InvariantError
from bot4.journal.catch_up import attach, step
from bot4.journal.copy import ASIDE, Copy
from bot4.journal.statements import question, schema
from bot4.run_folder import COPY
from journal.entries import Written, balances, orders

SEED = 20
TABLES = ("orders", "fills", "equity", "events", "updates", "entries", "balances", "meta")


def copied(folder: Path, journal: Written, entries_max: int = 50) -> None:
    with closing(attach(folder, journal)) as copy:
        while step(copy, journal, entries_max):
            continue


def tables(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the copy; it must be whole."""
    with closing(sqlite3.connect(folder / COPY)) as sqlite:
        assert sqlite.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {
            name: sqlite.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
            for name in TABLES
        }


@pytest.fixture(scope="module")
def journal() -> Written:
    print(f"seed {SEED}")
    return Written(SEED, 400)


@pytest.fixture(scope="module")
def right(journal: Written, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    """The tables of a copy that nothing happened to."""
    folder = tmp_path_factory.mktemp("right")
    copied(folder, journal)
    return {name: list(found) for name, found in tables(folder).items()}


def test_an_order_is_what_all_its_records_make_of_it(tmp_path: Path, journal: Written) -> None:
    copied(tmp_path, journal)
    expected = orders(journal.all)
    states = set()
    with closing(sqlite3.connect(tmp_path / COPY)) as sqlite:
        sqlite.row_factory = sqlite3.Row
        found = sqlite.execute("SELECT * FROM orders").fetchall()
    assert {row["id"] for row in found} == set(expected)
    for row in found:
        order = expected[row["id"]]
        for name in ("state", "fills", "ts", "updated_ts"):
            assert row[name] == order[name], (row["id"], name)
        for name in ("filled", "notional", "fee"):
            assert Fraction(row[name]) == order[name], (row["id"], name)
        if order["average_price"] is None:
            assert row["average_price"] is None
        else:
            off = abs(Fraction(row["average_price"]) / order["average_price"] - 1)
            assert off < Fraction(1, 10**14), row["id"]
        states.add(row["state"])
    assert {"intended", "open", "partially_filled", "pending_cancel", "filled"} <= states
    assert {"canceled", "expired", "rejected"} <= states


def test_every_other_record_is_a_row(tmp_path: Path, journal: Written) -> None:
    copied(tmp_path, journal)
    found = tables(tmp_path)
    fills = [record for record in journal.all if record["kind"] == "fill"]
    names = "entry place ts id strategy instrument side price qty notional fee last trade state"
    shown = [row[:14] for row in found["fills"]]
    assert shown == [tuple(fill[name] for name in names.split()) for fill in fills]
    values = [record for record in journal.all if record["kind"] == "equity"]
    names = "entry place ts equity cash"
    assert found["equity"] == [tuple(one[name] for name in names.split()) for one in values]
    told = {"order", "update", "fill", "equity"}
    others = [record for record in journal.all if record["kind"] not in told]
    assert [row[:4] for row in found["events"]] == [
        tuple(record[name] for name in ("entry", "place", "ts", "kind")) for record in others
    ]
    value = {(row[3], row[7]) for row in found["events"]}
    assert {("start", "1700000000"), ("deposit", "10000"), ("pause", "resumed")} <= value
    assert {("refused", "daily_loss"), ("clipped", "position_max")} <= value
    crossed = next(record for record in others if record["kind"] == "crossed")
    seller = crossed["seller"] or "nobody"
    what = f"{crossed['qty']} at {crossed['price']} from {seller} to sma_cross-2"
    assert ("crossed", what) in value
    assert {("breaker", "latched"), ("control", "reducing"), ("intent", "target 0.5")} <= value


def test_a_breaker_says_why_and_what_a_person_said(tmp_path: Path, journal: Written) -> None:
    copied(tmp_path, journal)
    found = tables(tmp_path)["events"]
    assert {row[6:] for row in found if row[3] == "breaker"} == {
        ("gateway:simulated", "open", "unanswered", None),
        ("drawdown", "latched", "fall", None),
        ("drawdown", "closed", "rearmed", "I looked"),
    }
    assert {row[8:] for row in found if row[3] != "breaker"} == {(None, None)}


def test_balances_are_what_everything_booked_comes_to(tmp_path: Path, journal: Written) -> None:
    copied(tmp_path, journal)
    found = {asset: Fraction(amount) for asset, amount in tables(tmp_path)["balances"]}
    assert found == balances(journal.all)
    kinds = {record["kind"] for record in journal.all}
    assert {"transfer", "funding", "foreign_fill", "rate"} <= kinds
    assert {record["fee_asset"] for record in journal.all if record["kind"] == "fill"} == {
        "cash",
        "base",
        "BNB",
    }


def test_a_kind_of_a_later_engine_is_kept_as_an_event(tmp_path: Path) -> None:
    record = {
        "entry": 1,
        "place": 0,
        "event": 0,
        "ts": 5,
        "kind": "margin_call",
        "instrument": "a:B",
        "link": "",
    }
    with closing(Copy(tmp_path)) as copy:
        copy.add([record])
    assert tables(tmp_path)["events"] == [(1, 0, 5, "margin_call", None, "a:B", *[None] * 4)]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 120), st.booleans(), st.integers(0, 40)), max_size=12),
)
def test_any_split_with_overlaps_and_reopening_gives_the_same_tables(
    tmp_path_factory: pytest.TempPathFactory,
    journal: Written,
    right: dict[str, list[object]],
    steps: list[tuple[int, bool, int]],
) -> None:
    folder = tmp_path_factory.mktemp("split")
    copy = attach(folder, journal)
    for entries, reopened, again in steps:
        after = max(0, copy.last_entry() - again)
        copy.add(journal.records(after, again + entries))
        if reopened:
            copy.close()
            copy = attach(folder, journal)
            assert copy.replaced is None
    while step(copy, journal, 75):
        continue
    assert copy.last_entry() == len(journal.entries)
    copy.close()
    assert tables(folder) == right


CHILD = """
import sys
from pathlib import Path
from bot4.journal.catch_up import attach, step
from journal.entries import Written

journal = Written(int(sys.argv[2]), 400)
copy = attach(Path(sys.argv[1]), journal)
print("ready", flush=True)
while step(copy, journal, 1):
    continue
"""


def child(program: str, *arguments: object) -> subprocess.Popen[str]:
    paths = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_at_any_moment_it_goes_on_and_nothing_is_lost_or_twice(
    tmp_path: Path, journal: Written, right: dict[str, list[object]]
) -> None:
    chance = Random(SEED)
    print(f"seed {SEED}")
    reached = [0]
    for _ in range(6):
        with child(CHILD, tmp_path, SEED) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.05))
            running.send_signal(signal.SIGKILL)
        with closing(attach(tmp_path, journal)) as copy:
            assert copy.replaced is None
            reached.append(copy.last_entry())
    assert reached == sorted(reached)
    assert reached[-1] > 0
    copied(tmp_path, journal)
    assert tables(tmp_path) == right


def foreign_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as sqlite:
        sqlite.execute("CREATE TABLE notes (text TEXT)")
        sqlite.commit()


def other_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as sqlite:
        sqlite.execute("UPDATE meta SET schema_version = schema_version + 1")
        sqlite.commit()


def without_its_row(path: Path) -> None:
    with closing(sqlite3.connect(path)) as sqlite:
        sqlite.execute("DELETE FROM meta")
        sqlite.commit()


def torn(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def overwritten(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(4096 * 3, len(content), 4096):
        content[at : at + 64] = bytes(64)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_text("not a database at all\n" * 300), "not a database"),
        (torn, "malformed"),
        (overwritten, "malformed|damaged"),
        (foreign_tables, "other tables"),
        (other_version, "another version"),
        (without_its_row, "another version"),
    ],
    ids=["text", "torn", "overwritten", "foreign", "version", "empty meta"],
)
def test_what_is_no_copy_is_set_aside_and_made_anew(
    tmp_path: Path,
    journal: Written,
    right: dict[str, list[object]],
    spoil: Callable[[Path], object],
    words: str,
) -> None:
    copied(tmp_path, journal)
    spoil(tmp_path / COPY)
    spoiled = (tmp_path / COPY).read_bytes()
    with closing(attach(tmp_path, journal)) as copy:
        assert copy.last_entry() == 0
        assert copy.replaced is not None
        assert any(word in copy.replaced for word in words.split("|")), copy.replaced
    copied(tmp_path, journal)
    assert tables(tmp_path) == right
    assert len((tmp_path / ASIDE).read_bytes()) == len(spoiled)


def test_the_copy_of_another_journal_is_set_aside(
    tmp_path: Path, journal: Written, right: dict[str, list[object]]
) -> None:
    others = [Written(SEED + 1, 500), Written(SEED, 400, epoch=1_700_000_001), Written(SEED, 20)]
    for other in others:
        copied(tmp_path, other)
        with closing(attach(tmp_path, other)) as copy:
            assert (copy.last_entry(), copy.replaced) == (len(other.entries), None)
        with closing(attach(tmp_path, journal)) as copy:
            same = other.entries == journal.entries[: len(other.entries)]
            assert (copy.last_entry() > 0) is same
        copied(tmp_path, journal)
        assert tables(tmp_path) == right
    shorter = Written(SEED, 20)
    with closing(attach(tmp_path, shorter)) as copy:
        assert copy.replaced == "it is of another journal"


def test_a_log_that_was_left_behind_alone_does_no_harm(
    tmp_path: Path, journal: Written, right: dict[str, list[object]]
) -> None:
    copy = attach(tmp_path, journal)
    step(copy, journal, 10)
    log = (tmp_path / f"{COPY}-wal").read_bytes()
    assert log
    copy.close()
    (tmp_path / COPY).unlink()
    (tmp_path / f"{COPY}-wal").write_bytes(log)
    copied(tmp_path, journal)
    assert tables(tmp_path) == right


def test_a_record_about_an_order_that_never_was_changes_nothing(
    tmp_path: Path, journal: Written
) -> None:
    with closing(attach(tmp_path, journal)) as copy:
        step(copy, journal, 100)
        fill = next(record for record in journal.all if record["kind"] == "fill")
        wrong = {**fill, "entry": 101, "id": "nobody"}
        with pytest.raises(InvariantError, match=r"entry 101 .* order nobody"):
            copy.add([*journal.records(100, 0), wrong])
        assert copy.last_entry() == 100
    before = tables(tmp_path)
    assert before["meta"][0][2] == 100
    assert max(row[0] for row in before["fills"]) <= 100


FULL = """
import resource, sys
from pathlib import Path
from bot4.errors import CopyError
from bot4.journal.catch_up import attach, step
from journal.entries import Written

journal = Written(int(sys.argv[2]), 400)
copy = attach(Path(sys.argv[1]), journal)
step(copy, journal, 20)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, most))
try:
    while step(copy, journal, 20):
        continue
except CopyError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
stopped = copy.last_entry()
while step(copy, journal, 20):
    continue
print(stopped, copy.last_entry())
copy.close()
"""


def test_where_no_more_fits_on_the_disk_one_line_says_so_and_it_catches_up_later(
    tmp_path: Path, right: dict[str, list[object]]
) -> None:
    with child(FULL, tmp_path, SEED) as running:
        out, err = running.communicate()
    assert (running.returncode, err) == (0, "")
    said, numbers = out.splitlines()
    assert said.startswith(f"{tmp_path / COPY} cannot be kept up: ")
    assert said.endswith("the journal has everything, and the copy catches up from it")
    stopped, last = map(int, numbers.split())
    assert 20 <= stopped < last == 400
    assert tables(tmp_path) == right


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda folder: (folder / COPY).mkdir(), "cannot be kept up: it cannot be opened"),
        (lambda folder: folder.rmdir(), "cannot be kept up: it cannot be opened"),
    ],
    ids=["a folder in its place", "no folder"],
)
def test_a_copy_that_cannot_be_made_is_one_line(
    tmp_path: Path, prepare: Callable[[Path], object], words: str
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    prepare(folder)
    with pytest.raises(CopyError, match=words) as raised:
        Copy(folder)
    assert str(raised.value).startswith(str(folder / COPY))


def test_a_read_only_folder_is_one_line(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write to every folder")
    tmp_path.chmod(0o500)
    with pytest.raises(CopyError, match="cannot be kept up"):
        Copy(tmp_path)


def test_another_writer_is_waited_for_and_then_one_line(tmp_path: Path, journal: Written) -> None:
    with closing(Copy(tmp_path, wait_s=0.05)) as copy:
        with closing(sqlite3.connect(tmp_path / COPY, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(CopyError, match="another program holds it"):
                step(copy, journal, 10)
            other.execute("ROLLBACK")
        assert step(copy, journal, 10)


def test_after_it_is_closed_it_says_so_in_one_line(tmp_path: Path, journal: Written) -> None:
    copy = attach(tmp_path, journal)
    copy.close()
    copy.close()
    with pytest.raises(CopyError, match="closed"):
        step(copy, journal)


def test_the_schema_is_numbered_and_its_version_is_the_last_number(tmp_path: Path) -> None:
    Copy(tmp_path).close()
    assert tables(tmp_path)["meta"] == [(1, schema().version, 0, "", "")]
    assert schema().version == 7


def test_every_question_can_be_asked_of_the_schema() -> None:
    shipped = sorted(Path(__file__).resolve().parents[2].glob("sql/query/*.sql"))
    assert len(shipped) >= 4
    marks = dict.fromkeys(("strategy", "instrument", "since_ns", "until_ns", "working", "id"))
    with closing(sqlite3.connect(":memory:")) as sqlite:
        sqlite.executescript(schema().script)
        for path in shipped:
            text = question(path.stem)
            assert text.startswith("-- "), path
            assert sqlite.execute(text, {**marks, "last": 1}).fetchall() == [], path
