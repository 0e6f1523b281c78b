"""A copy answers by its named questions, while it is being written as well."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot4.errors import CopyError
from bot4.journal.catch_up import attach, step
from bot4.journal.question import Filter, reading
from bot4.run_folder import COPY
from journal.entries import START_NS, Written

SEED = 24
MIDDLE_NS = START_NS + 200 * 10**9


@pytest.fixture(scope="module")
def journal() -> Written:
    print(f"seed {SEED}")
    return Written(SEED, 400)


@pytest.fixture(scope="module")
def folder(journal: Written, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("rün #1?")
    with closing(attach(made, journal)) as copy:
        while step(copy, journal):
            continue
    return made


def asked(folder: Path, name: str, wanted: Filter | None = None) -> list[dict[str, Any]]:
    with reading(folder) as ledger:
        return [dict(record) for record in ledger.ask(name, wanted).records()]


@pytest.mark.parametrize(("name", "kind"), [("orders", "order"), ("fills", "fill")])
@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(strategy="sma_cross"),
        Filter(instrument="simulated:ETHUSDT"),
        Filter(strategy="sma_cross", instrument="simulated:ETHUSDT"),
        Filter(since_ns=MIDDLE_NS),
        Filter(until_ns=MIDDLE_NS),
        Filter(since_ns=START_NS + 100 * 10**9, until_ns=MIDDLE_NS, last=3),
        Filter(last=7),
        Filter(last=10**6),
    ],
    ids=str,
)
def test_gives_the_rows_that_are_wanted_oldest_first(
    folder: Path, journal: Written, name: str, kind: str, wanted: Filter
) -> None:
    expected = [
        (record["entry"], record["place"])
        for record in journal.all
        if record["kind"] == kind
        and wanted.strategy in {None, record["strategy"]}
        and wanted.instrument in {None, record["instrument"]}
        and (wanted.since_ns is None or record["ts"] >= wanted.since_ns)
        and (wanted.until_ns is None or record["ts"] < wanted.until_ns)
    ]
    rows = asked(folder, name, wanted)
    assert [(row["entry"], row["place"]) for row in rows] == expected[-(wanted.last or 0) :]


def test_equity_is_as_it_was_written_with_its_time_as_text(folder: Path, journal: Written) -> None:
    written = [record for record in journal.all if record["kind"] == "equity"]
    rows = asked(folder, "equity")
    assert [row["equity"] for row in rows] == [record["equity"] for record in written]
    assert list(rows[0]) == ["at", "ts", "equity", "cash", "entry", "place"]
    assert rows[0]["at"] == "2023-11-14T22:13:20.000000000Z"
    assert all(row["at"].endswith(f".{row['ts'] % 10**9:09d}Z") for row in rows)


def test_truths_are_such_and_absence_is_none(folder: Path) -> None:
    assert {type(row["last"]) for row in asked(folder, "fills")} == {bool}
    orders = asked(folder, "orders")
    assert {row["limit"] is None for row in orders} == {True, False}
    assert all((row["size_base"] is None) != (row["size_quote"] is None) for row in orders)


def test_knows_who_traded_what(folder: Path) -> None:
    with reading(folder) as ledger:
        assert ledger.sleeves() == [
            ("donchian_breakout", "simulated:ETHUSDT"),
            ("sma_cross", "simulated:BTCUSDT"),
        ]


def test_reads_what_was_there_while_more_is_written(tmp_path: Path, journal: Written) -> None:
    with closing(attach(tmp_path, journal)) as copy:
        step(copy, journal, 100)
        with reading(tmp_path) as ledger:
            first = ledger.ask("equity").rows
            begun = next(first)
            assert step(copy, journal, 300) > 0
            rest = list(first)
            assert begun[-2] == 1
            assert max(int(str(row[-2])) for row in rest) <= 100
            assert max(int(str(row[-2])) for row in ledger.ask("equity").rows) > 100


def test_without_a_copy_one_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(CopyError, match=rf"has no {COPY} yet"), reading(tmp_path):
        raise AssertionError("there is nothing to read")


def test_a_damaged_copy_is_one_line_that_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / COPY).write_text("no database\n" * 100)
    with (
        pytest.raises(CopyError, match="cannot be read: file is not a database; stop the bot"),
        reading(tmp_path) as ledger,
    ):
        ledger.sleeves()
