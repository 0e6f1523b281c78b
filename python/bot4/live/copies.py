"""Keeps the readable copy beside the journal: it follows what is durable, and holds nobody up.

The journal is asked through the thread that drives the engine, a batch at a time; the copy is
written in a thread of its own.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from bot4.journal.catch_up import attach, step
from bot4.journal.copy import Copy

INTERVAL_S = 0.25
# A batch is made between two slices of the engine: small enough not to be felt there.
ENTRIES_MAX = 500
STOP_S_MAX = 5.0

T = TypeVar("T")

Records = Callable[[int, int], Sequence[dict[str, Any]]]


class Copies:
    """The component that copies. `records` is as ``Run.records``, asked in another thread."""

    name = "copies"
    stop_s_max = STOP_S_MAX

    def __init__(self, folder: Path, records: Records) -> None:
        self._folder = folder
        self._journal = _Journal(records)
        self._thread: ThreadPoolExecutor | None = None
        self._copy: Copy | None = None
        self._well = False

    @property
    def last_entry(self) -> int:
        """The number of the last entry that is in the copy; 0 while there is none."""
        return 0 if self._copy is None else self._copy.last_entry()

    async def start(self) -> None:
        """Open the copy, or make it anew where it cannot be used."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)
        self._copy = await self._do(lambda: attach(self._folder, self._journal))
        self._well = True

    async def run(self) -> None:
        """Follow the journal until cancelled."""
        while True:
            if not await self._do(self._step):
                await asyncio.sleep(INTERVAL_S)

    async def stop(self) -> None:
        """Copy what is left, as far as the time allows, and close."""
        if self._thread is None:
            return
        copy, thread = self._copy, self._thread
        try:
            while self._well and await self._do(self._step) > 0:
                continue
        finally:
            self._copy = self._thread = None
            closing = None if copy is None else thread.submit(copy.close)
            thread.shutdown(wait=False)
        if closing is not None:
            await asyncio.wrap_future(closing)

    def _step(self) -> int:
        self._well = False  # until it has done what it does
        copied = 0 if self._copy is None else step(self._copy, self._journal, ENTRIES_MAX)
        self._well = True
        return copied

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class _Journal:
    """A journal that is asked for its records through a function."""

    def __init__(self, records: Records) -> None:
        self.records = records
