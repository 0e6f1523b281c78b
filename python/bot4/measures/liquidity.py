"""How long it takes to get out, if no more than a share of what others trade is sold."""

import numpy as np
import polars as pl

from bot4.errors import ParameterError
from bot4.measures.returns import panel, vector, within

SHARE = 0.1
_DAY_S, _MINUTE_S = 86_400.0, 60.0


def liquidation(
    positions: object, volumes: object, interval_s: float, *, share: float = SHARE
) -> pl.DataFrame:
    """How long positions take to close at `share` of the volume, a row an instrument.

    `positions` in quote currency, (k,) or by name, signed; `volumes` in quote currency a bar, shape
    (n, k) or a table by name; `interval_s` is a bar's length. The volume counted on is the median
    bar's, since the mean lives from the days on which everybody sells.

    Columns: instrument, position, volume_a_day, share, minutes, days; the last two are null where
    the median bar trades nothing, as no time is enough then. Raises ParameterError.
    """
    told = panel(volumes, 1, "volumes")
    held = vector(positions, told.names, "positions")
    if (told.values < 0).any():
        raise ParameterError("volumes are below 0 in some row; give quote volume a bar")
    step = within(interval_s, "interval_s", 0, np.inf)
    part = within(share, "share", 0, 1, high_in=True)
    daily = np.median(told.values, axis=0) * _DAY_S / step
    seconds = [_seconds(size, volume * part) for size, volume in zip(held, daily, strict=True)]
    return pl.DataFrame(
        {
            "instrument": told.names,
            "position": held,
            "volume_a_day": daily,
            "share": np.full(len(held), part),
            "minutes": [None if s is None else s / _MINUTE_S for s in seconds],
            "days": [None if s is None else s / _DAY_S for s in seconds],
        },
        schema_overrides={"minutes": pl.Float64, "days": pl.Float64},
    )


def _seconds(size: float, sold_a_day: float) -> float | None:
    """How long a position takes to close; None where it never does."""
    if size == 0:
        return 0.0
    return None if sold_a_day == 0 else abs(size) / sold_a_day * _DAY_S
