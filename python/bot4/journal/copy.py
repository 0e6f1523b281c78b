"""The readable copy of a run's journal: one SQLite file in the run's folder.

It is only a copy. Each batch is one transaction together with the number of the last entry in it,
so whatever happens to the process, the copy is whole and goes on from that number. What is damaged,
of another version or of another journal is set aside and made anew.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path

from bot4.errors import CopyError
from bot4.journal.rows import Order, Record, Rows, fingerprint, rows
from bot4.journal.statements import schema
from bot4.paths import readable, reason
from bot4.run_folder import COPY

# Where what was set aside lies. Only the latest is kept, or a returning fault would fill the disk.
ASIDE = f"{COPY}.aside"

WAIT_S = 5.0  # for another program that writes at this moment
_CACHE_KIB = 4_096
_WAL_BYTES_MAX = 16 * 2**20
_PRIMARY_CODE = 0xFF  # an extended code of SQLite ends in the one it belongs to
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REASONS = {
    sqlite3.SQLITE_FULL: "no space is left on its disk; free some",
    sqlite3.SQLITE_READONLY: "it is read-only; let its owner write to it",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; look at the rights of its folder",
    sqlite3.SQLITE_IOERR: "the disk refuses; look at the disk",
    sqlite3.SQLITE_BUSY: "another program holds it; close that",
    sqlite3.SQLITE_CORRUPT: "it is damaged, and set aside",
    sqlite3.SQLITE_NOTADB: "it is damaged, and set aside",
}

_ORDER = (
    "INSERT OR REPLACE INTO orders VALUES "
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_FILL = "INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_EQUITY = "INSERT INTO equity VALUES (?, ?, ?, ?, ?)"
_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = "INSERT INTO updates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ENTRY = "INSERT INTO entries VALUES (?, ?, ?)"
_BALANCE = "INSERT OR REPLACE INTO balances VALUES (?, ?)"
_BALANCES = "SELECT asset, amount FROM balances"
_KNOWN = "SELECT * FROM orders WHERE id IN (SELECT value FROM json_each(?))"
_META = "SELECT schema_version, last_entry, start_print, last_print FROM meta"
_META_MADE = "INSERT INTO meta VALUES (1, ?, 0, '', '')"
_META_SET = "UPDATE meta SET last_entry = ?, start_print = ?, last_print = ?"


class _UnusableError(Exception):
    """What lies there is no copy to go on with; the text says why."""


class Copy:
    """The copy in `folder`, open for writing. Any thread may call it, one at a time.

    What lies there and cannot be used is set aside, and `replaced` says why. Raises CopyError
    where the copy cannot be made, read or written.
    """

    def __init__(self, folder: Path, *, wait_s: float = WAIT_S) -> None:
        self.path = folder / COPY
        self._wait_s = wait_s
        self.replaced: str | None = None
        self._last = 0
        self._prints = ("", "")
        with self._refusals():
            try:
                self._open()
            except _UnusableError as error:
                self._set_aside(str(error))
                self._open()

    def last_entry(self) -> int:
        """The number of the last entry of the journal that is in the copy; 0 before the first."""
        return self._last

    def is_of(self, begin: Sequence[Record], last: Sequence[Record]) -> bool:
        """Whether a journal begins as ours did, and has our last entry where ours has it.

        `begin` are its first records, with the first start; `last` those of entry `last_entry()`.
        """
        if self._last == 0:
            return True
        start, end = self._prints
        return end == fingerprint(last) and start in {"", _start(begin)}

    def add(self, records: Sequence[Record]) -> None:
        """Add the records of whole entries, oldest first; what is here already is left out.

        All of it is kept or none. Raises CopyError, after which the same records may come again.
        """
        new = [record for record in records if record["entry"] > self._last]
        if not new:
            return
        last = int(new[-1]["entry"])
        prints = (self._prints[0] or _start(new), fingerprint(_entry(new, last)))
        with self._refusals(), self._transaction():
            balances = dict(self._sqlite.execute(_BALANCES))
            self._write(rows(new, self._orders, balances))
            self._sqlite.execute(_META_SET, (last, *prints))
        self._last, self._prints = last, prints

    def replace(self, why: str) -> None:
        """Set the copy aside and begin an empty one. Raises CopyError."""
        with self._refusals():
            self._set_aside(why)
            self._open()

    def close(self) -> None:
        """Let go of the file. Raises CopyError."""
        with self._refusals():
            self._sqlite.close()

    def _open(self) -> None:
        """Go on with what is there, or make it. Raises _UnusableError, sqlite3.Error."""
        self._sqlite = sqlite3.connect(
            self.path, timeout=self._wait_s, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
            self._last, self._prints = self._found()
        except sqlite3.DatabaseError as error:
            self._sqlite.close()
            if _code(error) not in _DAMAGED:
                raise
            raise _UnusableError(str(error)) from error

    def _prepare(self) -> None:
        run = self._sqlite.execute
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run(f"PRAGMA cache_size = -{_CACHE_KIB}")
        run(f"PRAGMA journal_size_limit = {_WAL_BYTES_MAX}")
        if run("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            made = schema()
            self._sqlite.executescript(f"BEGIN IMMEDIATE;\n{made.script}")
            run(_META_MADE, (made.version,))
            run("COMMIT")

    def _found(self) -> tuple[int, tuple[str, str]]:
        """The last entry and the fingerprints, of a file that is whole and ours."""
        try:
            row = self._sqlite.execute(_META).fetchone()
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_ERROR:
                raise
            raise _UnusableError("it has other tables than a copy") from error
        if row is None or row[0] != schema().version:
            raise _UnusableError("it is of another version")
        (said,) = self._sqlite.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise _UnusableError(f"it is damaged: {said}")
        return row[1], (row[2], row[3])

    def _orders(self, ids: set[str]) -> dict[str, Order]:
        found = self._sqlite.execute(_KNOWN, (json.dumps(sorted(ids)),))
        return {row[0]: Order(*row) for row in found}

    def _write(self, made: Rows) -> None:
        run = self._sqlite.executemany
        run(_ORDER, [astuple(order) for order in made.orders.values()])
        run(_FILL, made.fills)
        run(_EQUITY, made.equity)
        run(_EVENT, made.events)
        run(_UPDATE, made.updates)
        run(_ENTRY, made.entries.values())
        run(_BALANCE, made.balances.items())

    def _set_aside(self, why: str) -> None:
        # The log goes first: left beside a new file it would be read back into that one.
        self._sqlite.close()
        aside = self.path.with_name(ASIDE)
        for suffix in ("-shm", "-wal", ""):
            _beside(aside, suffix).unlink(missing_ok=True)
        _beside(self.path, "-shm").unlink(missing_ok=True)
        for suffix in ("-wal", ""):
            with suppress(FileNotFoundError):
                _beside(self.path, suffix).replace(_beside(aside, suffix))
        self.replaced = why

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._sqlite.execute("COMMIT")
        except BaseException:
            if self._sqlite.in_transaction:  # where a disk is full SQLite has rolled back already
                self._sqlite.execute("ROLLBACK")
            raise

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn what SQLite and the system refuse into one line."""
        try:
            yield
        except sqlite3.Error as error:
            if _code(error) in _DAMAGED:
                self._set_aside(str(error))
            raise self._refusal(_REASONS.get(_code(error), str(error))) from error
        except (OSError, _UnusableError) as error:
            raise self._refusal(reason(error)) from error

    def _refusal(self, why: str) -> CopyError:
        return CopyError(
            f"{readable(self.path)} cannot be kept up: {why}; the journal has everything, and the "
            "copy catches up from it"
        )


def _entry(records: Sequence[Record], number: int) -> list[Record]:
    return [record for record in records if record["entry"] == number]


def _start(records: Sequence[Record]) -> str:
    """The fingerprint of the first start: its epoch is a clock's, and no two journals have it."""
    return next((fingerprint([record]) for record in records if record["kind"] == "start"), "")


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}{suffix}")
