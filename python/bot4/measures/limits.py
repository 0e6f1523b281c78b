"""How far every limit is away."""

from collections.abc import Mapping

import polars as pl

from bot4.errors import ParameterError, known_names
from bot4.measures.returns import number


def distances(figures: Mapping[str, float], limits: Mapping[str, object]) -> pl.DataFrame:
    """How much of each limit is used, the nearest first: limit, value, bound, left, used.

    `figures` are present values by the name of their limit, and every limit that is a number needs
    one: a figure that nobody gave would look like room. `limits` are those of a risk profile, as
    text or numbers; switches have no distance and are left out. `used` is value / bound, null where
    the bound is 0; `left` is below 0 where a limit is broken. Raises ParameterError.
    """
    bounds = {
        name: _bound(name, given) for name, given in limits.items() if type(given) is not bool
    }
    unknown = [name for name in figures if name not in bounds]
    missing = [name for name in bounds if name not in figures]
    if unknown:
        raise ParameterError(f"there is no limit {unknown[0]!r}; {known_names(unknown[0], bounds)}")
    if missing:
        raise ParameterError(f"figures lack {', '.join(missing)}; give one for each limit")
    values = [number(figures[name], name, "a finite number") for name in bounds]
    pairs = list(zip(values, bounds.values(), strict=True))
    frame = pl.DataFrame(
        {
            "limit": list(bounds),
            "value": values,
            "bound": list(bounds.values()),
            "left": [bound - value for value, bound in pairs],
            "used": [value / bound if bound else None for value, bound in pairs],
        },
        schema={
            "limit": pl.String,
            "value": pl.Float64,
            "bound": pl.Float64,
            "left": pl.Float64,
            "used": pl.Float64,
        },
    )
    # A bound of 0 leaves no room whatever the value: it is the nearest of all.
    return frame.sort("used", descending=True, nulls_last=False)


def _bound(name: str, given: object) -> float:
    if isinstance(given, str):
        try:
            given = float(given)
        except ValueError as error:
            raise ParameterError(f"limit {name} is {given!r}, which is not a number") from error
    return number(given, f"limit {name}", "a finite number")
