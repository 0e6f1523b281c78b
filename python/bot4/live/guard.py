"""Watches over a run from outside the engine: the kill switch, memory, disk and clock.

Four times a second it looks for the file ``KILL`` in the run's folder, once a second at the
machine and at the readable copy. What it finds is reported to the engine, which counts, journals
and decides; nothing here knows what a breaker stops.
"""

import asyncio
import shutil
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from bot4 import _engine, logs
from bot4.run_folder import KILL

T = TypeVar("T")

STAGES = ("entries", "cancel", "flatten")
# What a file says that says nothing, or cannot be read.
STAGE_UNCLEAR = "cancel"
LOOK_S = 0.25
MACHINE_S = 1.0
# Above the first nothing is opened; above the second everything is canceled and nothing passes.
MEMORY_SHARE_MAX, MEMORY_SHARE_HALT = 0.85, 0.95
DISK_FREE_BYTES_MIN = 256 << 20
SKEW_S_MAX = 0.5
_STOP_S_MAX = 1.0
_MEMORY = Path("/proc/meminfo")
_WORD_BYTES_MAX = 256


class Asked(Protocol):
    """Whoever owns the run: what is asked of it waits its turn there."""

    async def ask(self, question: Callable[[_engine.Run], T]) -> T:
        """What the run says."""


class Guard:
    """The component that watches. Trading rests on it: a run whose kill switch fails is ended."""

    name = "guard"
    stop_s_max = _STOP_S_MAX

    def __init__(self, folder: Path, trading: Asked, copies_well: Callable[[], bool]) -> None:
        self._file = folder / KILL
        self._folder = folder
        self._trading = trading
        self._copies_well = copies_well
        self._wanted: deque[tuple[str, str]] = deque()
        self._woken = asyncio.Event()
        self._obeyed: str | None = None
        self._amiss = {"memory", "disk", "clock", "copies"}
        self._halted = False
        self._clocks = _clocks()

    def kill(self, stage: str, by: str) -> None:
        """Stop at this stage as soon as the engine is free; may be called from a signal handler."""
        self._wanted.append((stage, by))
        self._woken.set()

    @property
    def holds_file(self) -> bool:
        """Whether the file ``KILL`` is there."""
        return told_stage(self._file) is not None

    async def start(self) -> None:
        """Obey a file that is there already: such a bot starts killed."""
        await self._obey()

    async def run(self) -> None:
        """Watch until cancelled."""
        looked_s = 0.0
        while True:
            await self._obey()
            now_s = time.monotonic()
            if now_s - looked_s >= MACHINE_S:
                looked_s = now_s
                await self._look()
            try:
                await asyncio.wait_for(self._woken.wait(), LOOK_S)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """What was not obeyed yet is not obeyed any more: the run ends."""
        self._wanted.clear()

    async def _obey(self) -> None:
        self._woken.clear()
        stage = told_stage(self._file)
        if stage is not None and stage != self._obeyed:
            self._wanted.append((stage, "file"))
        self._obeyed = stage
        while self._wanted:
            stage, by = self._wanted.popleft()
            await self._trading.ask(partial(_kill, stage=stage, by=by))
            logs.logger(self.name).warning("killed", stage=stage, by=by)

    async def _look(self) -> None:
        clocks = _clocks()
        skew_s = (clocks[0] - self._clocks[0]) - (clocks[1] - self._clocks[1])
        self._clocks = clocks
        await self._report("copies", well=self._copies_well())
        await self._report("clock", well=abs(skew_s) <= SKEW_S_MAX)
        free = shutil.disk_usage(self._folder).free
        await self._report("disk", well=free >= DISK_FREE_BYTES_MIN)
        share = memory_share(_MEMORY)
        if share is None:
            return
        await self._report("memory", well=share <= MEMORY_SHARE_MAX)
        if share > MEMORY_SHARE_HALT and not self._halted:
            await self._trading.ask(lambda run: run.halt())
            logs.logger(self.name).error("halted: hardly any memory is left", share=share)
        self._halted = share > MEMORY_SHARE_HALT

    async def _report(self, part: str, *, well: bool) -> None:
        """Tell the engine of what is amiss, and of what was until it is closed again."""
        if well and part not in self._amiss:
            return
        outcome = "ok" if well else "failed"
        state = await self._trading.ask(lambda run: run.report(part, outcome))
        if state == "closed":
            self._amiss.discard(part)
        else:
            self._amiss.add(part)


def _kill(run: _engine.Run, stage: str, by: str) -> None:
    run.kill(stage, by=by)


def told_stage(file: Path) -> str | None:
    """The stage that the file says; None where there is none.

    One that is empty, says anything else or cannot be read means `STAGE_UNCLEAR`: whoever puts it
    there wants an end, and is not asked to spell.
    """
    try:
        with file.open("rb") as opened:
            words = opened.read(_WORD_BYTES_MAX).decode("utf-8", "replace").split()
    except FileNotFoundError:
        return None
    except OSError:
        return STAGE_UNCLEAR
    first = words[0].lower().rstrip(",.;:!") if words else ""
    return first if first in STAGES else STAGE_UNCLEAR


def memory_share(file: Path) -> float | None:
    """The part of the machine's memory that is in use, 0 to 1; None where it cannot be told.

    As Linux tells it (``MemAvailable``); other systems have no such file and are not watched.
    """
    try:
        lines = [one.split() for one in file.read_text("ascii").splitlines()]
        sizes = {one[0].rstrip(":"): int(one[1]) for one in lines if len(one) > 1}
        return 1.0 - sizes["MemAvailable"] / sizes["MemTotal"]
    except (OSError, ValueError, LookupError, ZeroDivisionError):
        return None


def _clocks() -> tuple[float, float]:
    """The clock on the wall and the one that never jumps, in seconds."""
    return time.time(), time.monotonic()
