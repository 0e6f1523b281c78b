"""Rows of a ledger in the forms they are printed in: a sheet for people, JSON and CSV for machines.

JSON is one array of objects and CSV has a line of names; both have every column, money as decimal
text, absent values null or empty. Rows go out as they come, so that a long run fits the memory.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from rich.console import Console
from rich.text import Text

from bot4.journal.question import Answer, Cell
from bot4.settings import SIMULATED

Record = Mapping[str, Cell]

_DAY = len("2024-01-31")
_CLOCK = slice(_DAY + 1, _DAY + 9)
_PRICE = Context(prec=10)
_SMALL = Context(prec=3)
_GAP = "  "
_CUT_MIN = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: its heading, and the words for a row."""

    heading: str
    words: Callable[[Record], str]
    right: bool = False
    gives_way: bool = False  # it may be cut where the terminal is narrow
    spare: bool = False  # it may be left out there


def print_json(answer: Answer) -> None:
    """One array, an object a line."""
    before = "["
    for record in answer.records():
        sys.stdout.write(f"{before}{json.dumps(record, allow_nan=False)}")
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[" else "]\n")


def print_csv(answer: Answer) -> None:
    """A line of names, then a line a row."""
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(answer.columns)
    lines.writerows([_csv(cell) for cell in row] for row in answer.rows)


def print_plain(records: Iterable[Record], columns: Sequence[Column]) -> None:
    """Aligned text as wide as it needs to be, for a pipe or a file; the time first."""
    time = Column("time (UTC)", _stamp)
    rows = _rows(records, [time, *columns])
    for line in _lines(rows, [time, *columns], _widths(rows)):
        sys.stdout.write(f"{line}\n")


def print_sheet(title: str, records: Sequence[Record], columns: Sequence[Column]) -> None:
    """A table that fits the terminal; a day is written once, above its rows."""
    console = Console(file=sys.stdout, highlight=False)
    shown = [Column("UTC", lambda row: str(row["at"])[_CLOCK]), *columns]
    rows = _rows(records, shown)
    widths = _narrowed(_widths(rows), shown, console.width)
    if sum(widths) + len(_GAP) * (len(widths) - 1) > console.width:
        shown = [column for column in shown if not column.spare]
        rows = _rows(records, shown)
        widths = _narrowed(_widths(rows), shown, console.width)
    heading, *lines = _lines(rows, shown, widths)
    _say(console, title, "bold")
    _say(console, heading, "dim")
    day = ""
    for line, record in zip(lines, records, strict=True):
        at = str(record["at"])
        if at[:_DAY] != day:
            day = at[:_DAY]
            _say(console, day, "dim")
        _say(console, line)


def market(venues: Iterable[str]) -> str:
    """Where something was traded, behind whatever it is said of."""
    named = sorted(venues)
    return " · SIMULATED market" if SIMULATED in named else "".join(f" · {v}" for v in named)


def size(row: Record) -> str:
    """How much an order is of: base, or what it may spend."""
    if row["size_base"] is not None:
        return number(row["size_base"])
    return f"for {amount(row['size_quote'])}"


def amount(text: Cell) -> str:
    """Money for people: cents, or three digits where it is less than one."""
    value = Decimal(str(text))
    if value == 0 or abs(value) >= 1:
        return f"{value:,.2f}"
    return number(_SMALL.create_decimal(value))


def price(text: Cell) -> str:
    """A price in up to ten digits; nothing where there is none."""
    return "" if text is None else number(_PRICE.create_decimal(str(text)))


def number(text: Cell | Decimal) -> str:
    """A decimal exactly as it is, without zeros that say nothing."""
    plain = format(Decimal(str(text)), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _rows(records: Iterable[Record], columns: Sequence[Column]) -> list[list[str]]:
    headings = [column.heading for column in columns]
    return [headings, *([column.words(record) for column in columns] for record in records)]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, cells)) for cells in zip(*rows, strict=True)]


def _narrowed(widths: Sequence[int], columns: Sequence[Column], room: int) -> list[int]:
    """The widths, less what is too much for the room, taken from what may be cut, in order."""
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - room
    narrowed = []
    for width, column in zip(widths, columns, strict=True):
        cut = min(max(over, 0), max(width - _CUT_MIN, 0)) if column.gives_way else 0
        over -= cut
        narrowed.append(width - cut)
    return narrowed


def _lines(
    rows: Sequence[Sequence[str]], columns: Sequence[Column], widths: Sequence[int]
) -> Iterator[str]:
    for row in rows:
        cells = []
        for cell, column, width in zip(row, columns, widths, strict=True):
            cut = cell if len(cell) <= width else f"{cell[: width - 1]}…"
            cells.append(cut.rjust(width) if column.right else cut.ljust(width))
        yield _GAP.join(cells).rstrip()


def _say(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), no_wrap=True, overflow="ellipsis", crop=True)


def _stamp(record: Record) -> str:
    return f"{str(record['at'])[: _CLOCK.stop]}Z"


def _csv(cell: Cell) -> Cell:
    return str(cell).lower() if isinstance(cell, bool) else cell
