"""How long the engine's parts take, in the build that is installed.

The engine's own gauges do the timing; only what Python itself takes to reach it is timed in
`bot4.calls`.
"""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot4 import _engine, calls
from bot4.errors import ParameterError, known_names
from bot4.history.frames import raw
from bot4.history.recordings import kind_of, load
from bot4.paths import readable, reason, written

FIGURES = ("mean", "p50", "p99", "p999", "max")
SEED = 42

_CPUS = Path("/proc/cpuinfo")  # Linux; elsewhere the platform's own word is taken


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found of one key, in its unit (``ns`` or ``per_s``), the timer's share taken off."""

    key: str
    what: str
    unit: str
    method: str
    source: str
    mean: float
    p50: float
    p99: float
    p999: float
    max: float
    n: int
    timer_ns: float
    clock_step_ns: float
    batches: tuple[float, ...]
    checksum: int | None
    notes: dict[str, float]
    limits: dict[str, float]

    @property
    def kept(self) -> bool | None:
        """Whether every limit is kept; None where there is none."""
        if not self.limits:
            return None
        return all(map(self.keeps, self.limits))

    def keeps(self, figure: str) -> bool:
        """Whether the limit of one figure is kept: the least of a rate, the most of a time."""
        value: float = getattr(self, figure)
        limit = self.limits[figure]
        return value >= limit if self.unit == "per_s" else value <= limit


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured. `load` is the system's own of the last minute, when it began."""

    cpu: str
    cores: int
    system: str
    python: str
    load: float | None


def machine() -> Machine:
    """This machine, as it is now."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    version = f"{platform.python_implementation()} {platform.python_version()}"
    return Machine(_cpu(), os.cpu_count() or 1, platform.platform(), version, load)


def measure(
    keys: Sequence[str],
    captures: Sequence[str],
    seed: int,
    *,
    quick: bool,
    folder: str | Path = ".",
    say: Callable[[str], None],
) -> Iterator[Reading]:
    """Measure one key after the other, in the engine's order; `say` is told each before it begins.

    No keys: all, those on captured markets only where there are captures. Journals are written in
    `folder`, and removed. Raises ParameterError for an unknown key, a negative seed or a folder
    that cannot be written to, DataError for captures that cannot be read.
    """
    if seed < 0 or seed >= 2**64:
        raise ParameterError(
            f"--seed {seed} is out of range; use a whole number from 0 to 2^64 - 1"
        )
    gauges = _chosen(keys, captured=bool(captures))
    recordings = list(load(captures)) if captures else []
    frames = raw([written(path) for path in captures]) if _are_frames(captures) else []
    scratch = _scratch(folder)
    take = partial(_taken, seed=seed, recordings=recordings, frames=frames, quick=quick, say=say)
    return _each(gauges, scratch, take)


def _scratch(folder: str | Path) -> TemporaryDirectory[str]:
    """Where journals are written: beside what the operator keeps, as /tmp may be no disk."""
    try:
        return TemporaryDirectory(prefix=".bot4-bench-", dir=written(folder))
    except OSError as error:
        raise ParameterError(
            f"no journal can be written in {readable(folder)} ({reason(error)}); "
            "name another folder with --folder"
        ) from error


def _each(
    gauges: Sequence[dict[str, Any]], scratch: TemporaryDirectory[str], take: partial[Reading]
) -> Iterator[Reading]:
    with scratch as folder:
        for gauge in gauges:
            yield take(gauge, folder=folder)


def _are_frames(captures: Sequence[str]) -> bool:
    return bool(captures) and kind_of(captures) == "frames"


def _chosen(keys: Sequence[str], *, captured: bool) -> list[dict[str, Any]]:
    gauges = {gauge["key"]: gauge for gauge in _engine.gauges()}
    for key in keys:
        if key not in gauges:
            raise ParameterError(f"nothing is measured as {key!r}; {known_names(key, gauges)}")
        if gauges[key]["captured"] and not captured:
            raise ParameterError(f"{key} is measured on captured frames; add --captures PATH")
    if keys:
        return [gauge for key, gauge in gauges.items() if key in keys]
    return [gauge for gauge in gauges.values() if captured or not gauge["captured"]]


def _taken(
    gauge: dict[str, Any],
    *,
    seed: int,
    recordings: list[_engine.Recording],
    frames: list[tuple[int, str | None, bytes]],
    folder: str,
    quick: bool,
    say: Callable[[str], None],
) -> Reading:
    say(f"{gauge['key']}: {gauge['what']}")
    if gauge["outside"]:
        row = calls.TIMED[gauge["key"]](seed, quick=quick)
    else:
        row = _engine.take_gauge(gauge["key"], seed, quick, recordings, frames, folder)
    words = {name: gauge[name] for name in ("key", "what", "unit", "method", "limits")}
    return Reading(**{**row, **words, "batches": tuple(row["batches"])})


def _cpu() -> str:
    try:
        lines = _CPUS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
