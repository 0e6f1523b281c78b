"""What every book is compared on, and how it is timed: reads the arrays that `books.py` wrote.

A rival's script makes a fresh book, tells it every update and reads the touch after each; that is
timed. Then it does so once more, adding the touch up, which must come to the checksum of all.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Book = TypeVar("Book")

ROUNDS = 7
TICK, LOT = 0.1, 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Levels in the order they are told: side 0 bid and 1 ask, ticks, lots; 0 lots: it is gone."""

    side: NDArray[np.uint8]
    tick: NDArray[np.int64]
    lots: NDArray[np.int64]

    def rows(self) -> list[tuple[int, int, int]]:
        """One (side, tick, lots) a level, as Python's own numbers."""
        return list(zip(self.side.tolist(), self.tick.tolist(), self.lots.tolist(), strict=True))


def read() -> tuple[Told, Told]:
    """The snapshot and the updates in the file named on the command line."""
    with np.load(sys.argv[1]) as arrays:
        snapshot, updates = (
            Told(arrays[f"{name}_side"], arrays[f"{name}_tick"], arrays[f"{name}_lots"])
            for name in ("snapshot", "updates")
        )
    return snapshot, updates


def frames() -> list[bytes]:
    """The frames in the file named on the command line."""
    return Path(sys.argv[1]).read_bytes().splitlines()


def scaled(text: str) -> int:
    """A number as Binance writes it, with eight decimal places, in hundred-millionths."""
    return int(text.replace(".", ""))


def time_book(
    fresh: Callable[[], Book], run: Callable[[Book], object], updates: int, rounds: int = ROUNDS
) -> list[float]:
    """Nanoseconds an update of each round, after one that warms up; books are made outside."""
    found = []
    for turn in range(rounds + 1):
        book = fresh()
        began = time.perf_counter()
        run(book)
        if turn:
            found.append((time.perf_counter() - began) / updates * 1e9)
    return found


def say(package: str, rows: dict[str, list[float]], checksum: int) -> None:
    """Print what was found: nanoseconds of each round by the name of the row."""
    print(json.dumps({"version": version(package), "rows": rows, "checksum": checksum}))
