"""What a portfolio would have lost in the worst of history, and would lose in a shock."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from bot4.errors import ParameterError
from bot4.measures.returns import check_losses, compounded, number, panel, series, vector
from bot4.settings import whole

WINDOWS = 5


def worst_windows(returns: object, length: int, count: int = WINDOWS) -> pl.DataFrame:
    """The windows of `length` periods with the worst compounded return, the worst first.

    Of returns, shape (n,). Windows that overlap a worse one are left out, so that each row is an
    event of its own; fewer than `count` come back where there are no more. Columns: first and last
    (rows, both included), return. Raises ParameterError.
    """
    values = series(returns, 1)
    width = whole(length, "length", f"periods, from 1 to {len(values)}", 1, len(values))
    wanted = whole(count, "count", "windows, from 1 to 10000", 1, 10_000)
    found = compounded(values, width)
    free = np.ones(len(found), dtype=np.bool_)
    rows: list[int] = []
    for row in np.argsort(found, kind="stable"):
        if len(rows) == wanted:
            break
        if free[row]:
            rows.append(int(row))
            free[max(0, row - width + 1) : row + width] = False
    first = np.asarray(rows, dtype=np.int64)
    return pl.DataFrame({"first": first, "last": first + width - 1, "return": found[first]})


def replay(
    returns: object, weights: object, windows: Mapping[str, tuple[int, int]]
) -> pl.DataFrame:
    """What a portfolio held now would have made in stretches of history, a row a window.

    `returns` has shape (n, k); `weights` are fractions of equity, (k,) or by name, signed;
    `windows` names first and last rows, both included. What is held is not traded within a window,
    so each instrument's return compounds by itself. Columns: window, first, last, return (of the
    whole), deepest (the least the whole was worth meanwhile), then one an instrument: its part
    of the return. Raises ParameterError.
    """
    told = panel(returns, 1)
    check_losses(told.values)
    held = vector(weights, told.names, "weights")
    if not windows:
        raise ParameterError("windows are empty; name at least one, such as {'crash': (100, 123)}")
    rows = []
    for name, (first, last) in windows.items():
        begin = whole(first, f"first row of {name}", f"0 to {len(told.values) - 1}", 0)
        allowed = f"{begin} to {len(told.values) - 1}"
        end = whole(last, f"last row of {name}", allowed, begin, len(told.values) - 1)
        paths = np.cumprod(1 + told.values[begin : end + 1], axis=0) - 1
        worth = paths @ held
        parts = dict(zip(told.names, (paths[-1] * held).tolist(), strict=True))
        rows.append(
            {
                "window": name,
                "first": begin,
                "last": end,
                "return": float(worth[-1]),
                "deepest": min(0.0, float(worth.min())),
                **parts,
            }
        )
    return pl.DataFrame(rows)


def shock(
    weights: object,
    shocks: Mapping[str, float],
    *,
    names: Sequence[str] | None = None,
    others: float | None = None,
) -> pl.DataFrame:
    """What a portfolio would make if prices jumped: instrument, weight, shock, return.

    `weights` by name, or (k,) in the order of `names`; `shocks` are returns by name, -0.3 being a
    fall of 30 %. `others` is the shock of whatever is not named; without it each must be, since a
    forgotten instrument is not a safe one. The whole's return is the sum. Raises ParameterError.
    """
    if names is None:
        if not isinstance(weights, Mapping):
            raise ParameterError("weights have no names; give a mapping by name, or names")
        names = [str(name) for name in weights]
    held = vector(weights, names, "weights")
    unknown = [name for name in shocks if name not in names]
    missing = [name for name in names if name not in shocks]
    if unknown:
        raise ParameterError(f"shocks name {unknown[0]}, which is not held")
    if missing and others is None:
        raise ParameterError(f"shocks lack {', '.join(missing)}; give one, or others")
    hit = [number(shocks.get(name, others), f"shock of {name}", "a return") for name in names]
    fallen = [name for name, size in zip(names, hit, strict=True) if size < -1]
    if fallen:
        raise ParameterError(f"shock of {fallen[0]} is below -1: no price falls below nothing")
    return pl.DataFrame({"instrument": list(names), "weight": held, "shock": hit}).with_columns(
        (pl.col("weight") * pl.col("shock")).alias("return")
    )
