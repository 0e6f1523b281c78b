"""The channel breakout: buy a new high, leave at a new low.

Source: R. Donchian's channel rule, in the form the Turtles traded long (C. Faith, 2007).
"""

from typing import Annotated

from pydantic import Field

from bot4.signals import Target, close, high, highest, latch, low, lowest, target, where
from bot4.strategy import strategy

Length = Annotated[int, Field(ge=1, le=100_000)]


@strategy
def donchian_breakout(entry: Length = 20, exit: Length = 10) -> Target:
    """Long from a close above the highest high of `entry` bars to one below the `exit` low.

    Both channels end one bar before the present one, which could otherwise never leave them.
    """
    breaks_out = close > highest(high, entry).shift(1)
    breaks_down = close < lowest(low, exit).shift(1)
    return target(where(latch(breaks_out, breaks_down), 1.0, 0.0))
