"""The strategies that ship, one file each. Importing this package registers them by name."""

from bot4.strategies.donchian_breakout import donchian_breakout
from bot4.strategies.sma_cross import sma_cross
from bot4.strategies.vol_target_trend import vol_target_trend

__all__ = ["donchian_breakout", "sma_cross", "vol_target_trend"]
