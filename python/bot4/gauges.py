"""How long the engine's parts take, in the build that is installed.

The engine's own gauges do the timing; only what Python itself takes to reach them is timed here.
"""

import os
import platform
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot4 import _engine
from bot4.errors import ParameterError, known_names
from bot4.history.recordings import load

FIGURES = ("mean", "p50", "p99", "p999", "max")
SEED = 42

_CALLS, _CALLS_QUICK = 1_000_000, 100_000
_LOOP_CALLS = 10_000  # short, so that most loops are not interrupted
_SAMPLE_NS_MAX = 2**32 - 1
_CPUS = Path("/proc/cpuinfo")  # Linux; elsewhere the platform's own word is taken


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found of one key: times in nanoseconds, the timer's own share taken off."""

    key: str
    what: str
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
    limits: dict[str, float]

    @property
    def kept(self) -> bool | None:
        """Whether every limit is kept; None where there is none."""
        if not self.limits:
            return None
        return all(getattr(self, figure) <= limit for figure, limit in self.limits.items())


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
    say: Callable[[str], None],
) -> Iterator[Reading]:
    """Measure one key after the other, in the engine's order; `say` is told each before it begins.

    No keys: all, those on captured markets only where there are captures. Raises ParameterError
    for an unknown key or a negative seed, DataError for captures that cannot be read.
    """
    if seed < 0 or seed >= 2**64:
        raise ParameterError(
            f"--seed {seed} is out of range; use a whole number from 0 to 2^64 - 1"
        )
    gauges = _chosen(keys, captured=bool(captures))
    needed = any(gauge["captured"] for gauge in gauges)
    recordings = list(load(captures)) if captures and needed else []
    return (_taken(gauge, seed, recordings, quick=quick, say=say) for gauge in gauges)


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
    seed: int,
    recordings: list[_engine.Recording],
    *,
    quick: bool,
    say: Callable[[str], None],
) -> Reading:
    say(f"{gauge['key']}: {gauge['what']}")
    if gauge["outside"]:
        row = {**_boundary(quick=quick), "source": "calls of a function without arguments"}
    else:
        row = _engine.take_gauge(gauge["key"], seed, quick, recordings)
    words = {name: gauge[name] for name in ("key", "what", "method", "limits")}
    return Reading(**{**row, **words, "batches": tuple(row["batches"])})


def _boundary(*, quick: bool) -> dict[str, Any]:
    calls = _CALLS_QUICK if quick else _CALLS
    _loop_ns(calls)  # the first loop warms up
    means = [_loop_ns(_LOOP_CALLS) for _ in range(calls // _LOOP_CALLS)]
    return _engine.read_samples(means, _each(_engine.nothing, calls), _each(None, calls))


def _loop_ns(calls: int) -> float:
    """The mean of one batch of calls, less an empty loop of the same length."""
    nothing = _engine.nothing
    began = perf_counter_ns()
    for _ in repeat(None, calls):
        nothing()
    called = perf_counter_ns()
    for _ in repeat(None, calls):
        pass
    return (called - began - (perf_counter_ns() - called)) / calls


def _each(call: Callable[[], None] | None, calls: int) -> NDArray[np.uint32]:
    """Each call timed by itself, or what the timer tells where nothing is called."""
    samples = array("I", bytes(4 * calls))
    clock = perf_counter_ns
    for place in range(calls):
        if call is None:
            began = clock()
            took = clock() - began
        else:
            began = clock()
            call()
            took = clock() - began
        samples[place] = min(took, _SAMPLE_NS_MAX)
    return np.frombuffer(samples, dtype=np.uint32)


def _cpu() -> str:
    try:
        lines = _CPUS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
