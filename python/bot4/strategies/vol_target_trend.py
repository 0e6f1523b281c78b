"""A trend held at a steady risk: more of it while the market is calm, less while it is wild.

Source: T. Moskowitz, Y. H. Ooi and L. H. Pedersen, Time Series Momentum, Journal of Financial
Economics 104 (2012), who size each position to one volatility; here long or flat.
"""

from typing import Annotated

from pydantic import Field

from bot4.signals import Target, close, deadband, ema, target, where
from bot4.sizing import vol_target
from bot4.strategy import strategy

Length = Annotated[int, Field(ge=1, le=100_000)]
Window = Annotated[int, Field(ge=2, le=100_000)]
Volatility = Annotated[float, Field(gt=0, le=10)]
Width = Annotated[float, Field(ge=0, le=1)]


@strategy
def vol_target_trend(
    fast: Length = 24,
    slow: Length = 96,
    volatility: Volatility = 0.2,
    n: Window = 60,
    width: Width = 0.1,
) -> Target:
    """Long while the fast exponential average is above the slow one, sized to one volatility.

    The size follows the volatility a year of the last `n` bars, up to all of the equity, and is
    traded once it has moved by more than `width` of the equity.
    """
    trend = where(ema(close, fast) > ema(close, slow), 1.0, 0.0)
    return target(deadband(vol_target(trend, volatility, n=n), width))
