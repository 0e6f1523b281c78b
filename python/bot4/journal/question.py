"""What a copy answers: the named questions of ``sql/query``, asked of the file and never written.

Readers do not block the bot that writes, and it does not block them.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bot4.errors import CopyError
from bot4.journal.statements import question
from bot4.paths import readable
from bot4.run_folder import COPY

Cell = str | int | bool | None

_WAIT_S = 5.0
_ALL = 2**63 - 1
_PARTS = 10_000  # hundredths of a percent
_SWITCHES = frozenset({"last", "ended", "post_only", "reduce_only", "held"})


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are wanted; None asks for no less than all. `until_ns` itself is left out.

    `working` adds to the last of the orders those of before that still work.
    """

    strategy: str | None = None
    instrument: str | None = None
    since_ns: int | None = None
    until_ns: int | None = None
    last: int | None = None
    working: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """How close an order came to each limit as it passed it, with the order counted.

    `reduces` orders only make a position smaller, which no cap and no breaker holds back. `uses`
    are fractions, by the name of each limit that was asked.
    """

    reduces: bool
    uses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows as they come, oldest first, and the names of their columns."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Cell, ...]]

    def records(self) -> Iterator[Mapping[str, Cell]]:
        """Each row by the names of its columns."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


class Ledger:
    """An open copy, for reading: orders and their lives, fills, equity."""

    def __init__(self, sqlite: sqlite3.Connection) -> None:
        self._sqlite = sqlite

    def ask(self, name: str, wanted: Filter | None = None) -> Answer:
        """What the question called `name` answers. Money in it is decimal text, ts nanoseconds."""
        marks = asdict(wanted or Filter())
        if marks["last"] is None:
            marks["last"] = _ALL
        return self._answer(name, marks)

    def order(self, id_: str) -> Mapping[str, Cell] | None:
        """What is known of one order; None where there is none of that id."""
        return next(self._answer("order", {"id": id_}).records(), None)

    def life(self, id_: str) -> Answer:
        """What happened to one order, step by step, from what was wanted before it."""
        return self._answer("life", {"id": id_})

    def judged(self, id_: str) -> Judged | None:
        """How close an order came to its limits; None where the journal does not tell."""
        told = next(self._answer("judged", {"id": id_}).records(), None)
        if told is None or told["uses"] is None:
            return None
        uses = json.loads(str(told["uses"]))
        parts = {limit: part / _PARTS for limit, part in uses.items()}
        return Judged(bool(told["reduces"]), parts)

    def _answer(self, name: str, marks: Mapping[str, Cell]) -> Answer:
        cursor = self._sqlite.execute(question(name), marks)
        columns = tuple(column[0] for column in cursor.description)
        switches = [at for at, column in enumerate(columns) if column in _SWITCHES]
        return Answer(columns, (_with_switches(row, switches) for row in cursor))

    def sleeves(self) -> list[tuple[str, str]]:
        """The strategies that wanted or ordered something, each with its instrument."""
        return [(str(row[0]), str(row[1])) for row in self.ask("sleeves").rows]


@contextmanager
def reading(folder: Path) -> Iterator[Ledger]:
    """The copy in a run's folder. Raises CopyError where there is none, or it cannot be read."""
    path = folder / COPY
    if not path.is_file():
        raise CopyError(
            f"{readable(folder)} has no {COPY} yet: the bot that runs there has just begun; "
            "ask again in a moment"
        )
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_S)) as sqlite:
            yield Ledger(sqlite)
    except sqlite3.Error as error:
        raise CopyError(
            f"{readable(path)} cannot be read: {error}; stop the bot and ask again: what is "
            "damaged is then made anew from the journal"
        ) from error


def _with_switches(row: tuple[Cell, ...], switches: list[int]) -> tuple[Cell, ...]:
    """The row with its truths as such: SQLite keeps them as 0 and 1."""
    return tuple(bool(cell) if at in switches else cell for at, cell in enumerate(row))
