"""What can be measured of the engine, and what it is measured on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot4._engine.program import Program
from bot4._engine.recording import Recording

def gauges() -> list[dict[str, Any]]:
    """All that can be measured of the engine, in the order in which data walks through it.

    Each is ``{"key": str, "what": str, "unit": str, "method": str, "captured": bool,
    "outside": bool, "limits": dict[str, float]}``: ``captured`` ones need captured markets,
    ``outside`` ones are timed from Python. ``unit`` is ``"ns"``, of which a limit is the most that
    a figure (``"mean"``, ``"p99"``) may be, or ``"per_s"``, of which it is the least.
    """

def take_gauge(
    key: str,
    seed: int,
    quick: bool,
    recordings: Sequence[Recording],
    frames: Sequence[tuple[int, str | None, bytes]],
    folder: str | None = None,
) -> dict[str, Any]:
    """Measure one key; takes a second or so, holding no lock of Python.

    ``frames`` are what the recordings were read from: when each came (ns), the symbol of a REST
    depth (empty where it names none; None: another frame), its bytes. ``folder`` is where journals
    are written, for those that are measured on a disk; its owner removes it.

    Keys: mean p50 p99 p999 max (floats, in its unit, the timer's share taken off) n (count)
    timer_ns (that share) clock_step_ns (how coarse the clock is) batches (the mean of each run,
    with all that interrupted it) source (what it ran on) checksum (int, or None where nothing can
    be compared by it) notes (dict[str, float], such as ``updates`` and ``share``). Raises
    EngineError: unknown, or timed from Python; DataError: it needs a captured market or a folder;
    InvariantError: the part gave a wrong answer; JournalError: it cannot be written.
    """

def read_samples(
    batches: Sequence[float], samples: NDArray[np.uint32], empty: NDArray[np.uint32]
) -> dict[str, Any]:
    """As ``take_gauge``, of times taken outside: means of batches, single calls, the timer."""

def nothing() -> None:
    """Do nothing: what a call into the engine and back costs by itself."""

def book_updates(seed: int, count: int) -> dict[str, Any]:
    """SIMULATED updates of a book, the same as ``book_update_ns`` is measured on.

    Keys: snapshot updates (each ``{"side", "tick", "lots"}``: arrays uint8, 0 bid and 1 ask, and
    int64; 0 lots take a level away), checksum (both best prices in ticks after every update, all
    added up). A level that is taken away stood there; the book is never crossed.
    """

def depth_frames(seed: int, count: int, leaning: bool) -> dict[str, Any]:
    """SIMULATED depth updates of Binance, 40 levels each, as ``parse_binance_depth40_ns`` reads.

    Keys: snapshot (bytes, the REST depth before them), frames (list of bytes, in sequence),
    checksum (first and last number, prices and sizes in hundred-millionths, of all frames, added
    up). ``leaning``: about one touch, whose bids and asks outweigh each other in turn.
    """

def gauge_limits() -> dict[str, str]:
    """The limits of ``default`` that gauges widen, as decimal text: on pace and after losses."""

def gauge_program() -> Program:
    """The program of twenty operations that signals and paths are measured with."""
