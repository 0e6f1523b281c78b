"""The rows of a recording: columns of equal length, with the engine's own codes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot4._engine import RECORDED

# What a row says, by its code.
KINDS = tuple(RECORDED)
CLEAR, BUY, SELL = (RECORDED[name] for name in ("clear", "buy", "sell"))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a recording: times in ns that do not fall, codes of `KINDS`; equal lengths.

    ``last``: the venue's message ends with the row, and strategies look at what it told.
    """

    ts: NDArray[np.int64]
    kind: NDArray[np.uint8]
    price: NDArray[np.float64]
    qty: NDArray[np.float64]
    last: NDArray[np.bool_]
