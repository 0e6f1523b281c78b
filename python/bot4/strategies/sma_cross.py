"""The moving-average cross: the plainest way to follow a trend, and the yardstick for others."""

from typing import Annotated

from pydantic import Field

from bot4.signals import Target, close, sma, target, where
from bot4.strategy import strategy

Length = Annotated[int, Field(ge=1, le=100_000)]


@strategy
def sma_cross(fast: Length = 10, slow: Length = 30) -> Target:
    """Long while the fast moving average of the close is above the slow one, else flat."""
    above = sma(close, fast) > sma(close, slow)
    return target(where(above, 1.0, 0.0))
