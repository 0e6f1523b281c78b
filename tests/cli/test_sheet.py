"""What is printed of a ledger: exact for machines, short and within the terminal for people."""

import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal

import pytest

from bot4.cli import sheet
from bot4.cli.sheet import Column
from bot4.journal.question import Answer, Cell

COLUMNS = ("at", "strategy", "price", "last")
ROWS: list[tuple[Cell, ...]] = [
    ("2024-01-31T23:59:59.000000001Z", "donchian_breakout", "60000.10", True),
    ("2024-02-01T00:00:00.500000000Z", "sma, cross", None, False),
]
SHOWN = [
    Column("strategy", lambda row: str(row["strategy"]), gives_way=True),
    Column("price", lambda row: sheet.price(row["price"]), right=True),
    Column("last", lambda row: "yes" if row["last"] else "no", spare=True),
]


def answer(rows: Sequence[tuple[Cell, ...]] = ROWS) -> Answer:
    return Answer(COLUMNS, iter(rows))


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", "28")
    return 28


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], []], ids=len)
def test_json_is_one_array_of_objects(
    capsys: pytest.CaptureFixture[str], rows: list[tuple[Cell, ...]]
) -> None:
    sheet.print_json(answer(rows))
    out = capsys.readouterr().out
    assert json.loads(out) == [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    assert out.count("\n") == max(1, len(rows))


def test_csv_has_names_and_empty_cells_for_what_is_absent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sheet.print_csv(answer())
    lines = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert lines == [
        list(COLUMNS),
        ["2024-01-31T23:59:59.000000001Z", "donchian_breakout", "60000.10", "true"],
        ["2024-02-01T00:00:00.500000000Z", "sma, cross", "", "false"],
    ]


def test_plain_text_is_aligned_and_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    sheet.print_plain(answer().records(), SHOWN)
    assert capsys.readouterr().out.splitlines() == [
        "time (UTC)            strategy             price  last",
        "2024-01-31T23:59:59Z  donchian_breakout  60000.1  yes",
        "2024-02-01T00:00:00Z  sma, cross                  no",
    ]


def test_a_sheet_fits_the_terminal(capsys: pytest.CaptureFixture[str], narrow: int) -> None:
    sheet.print_sheet("the last 2 fills of a run with a long name", list(answer().records()), SHOWN)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "the last 2 fills of a run w…",
        "UTC       strategy     price",
        "2024-01-31",
        "23:59:59  donchian…  60000.1",
        "2024-02-01",
        "00:00:00  sma, cro…",
    ]
    assert max(map(len, lines)) <= narrow


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (sheet.amount("10012.345"), "10,012.34"),
        (sheet.amount("-1234567.899"), "-1,234,567.90"),
        (sheet.amount("0.0601234"), "0.0601"),
        (sheet.amount("0.000000000000001"), "0.000000000000001"),
        (sheet.amount("0.000"), "0.00"),
        (sheet.price("60000.123456789"), "60000.12346"),
        (sheet.price("0.00001000"), "0.00001"),
        (sheet.price(None), ""),
        (sheet.number("1.500"), "1.5"),
        (sheet.number("1500"), "1500"),
        (sheet.number(Decimal("1E-8")), "0.00000001"),
    ],
)
def test_numbers_are_short_and_plain(words: str, text: str) -> None:
    assert words == text
