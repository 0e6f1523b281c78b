"""Bring a copy up to date with its journal: by steps while a bot runs, at once when none does."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from bot4._engine import JournalFile
from bot4.journal.copy import Copy
from bot4.journal.rows import Record

# One transaction; a record of a batch takes about a kilobyte while it is on its way.
ENTRIES_MAX = 5_000
# Among these first entries is the first start.
_BEGIN = 8


class Journal(Protocol):
    """What tells its records by their entry: a run, or a journal that nobody runs on."""

    def records(self, after: int, entries_max: int) -> Sequence[Record]:
        """The durable records of at most so many entries after one, oldest first."""


def attach(folder: Path, journal: Journal) -> Copy:
    """The copy in `folder`, of this journal; that of another is set aside. Raises CopyError."""
    copy = Copy(folder)
    last = copy.last_entry()
    try:
        if last and not copy.is_of(journal.records(0, _BEGIN), journal.records(last - 1, 1)):
            copy.replace("it is of another journal")
    except BaseException:
        copy.close()
        raise
    return copy


def step(copy: Copy, journal: Journal, entries_max: int = ENTRIES_MAX) -> int:
    """Copy what comes next, at most so many entries; how many records that were.

    Raises CopyError, after which it may be called again.
    """
    records = journal.records(copy.last_entry(), entries_max)
    copy.add(records)
    return len(records)


def catch_up(folder: Path) -> None:
    """Bring the copy in `folder` up to date. Raises JournalError (a bot runs on it), CopyError."""
    with closing(JournalFile(str(folder))) as journal, closing(attach(folder, journal)) as copy:
        while step(copy, journal):
            continue
