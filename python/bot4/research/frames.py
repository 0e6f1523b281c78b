"""The columns the engine reports, as Polars frames whose schema is the same for an empty run."""

from collections.abc import Mapping
from typing import Any

import polars as pl

TS = pl.Datetime("ns", "UTC")

_TRADES: dict[str, pl.DataType | type[pl.DataType]] = {
    "strategy": pl.String,
    "instrument": pl.String,
    "side": pl.String,
    "entry_ts": TS,
    "exit_ts": TS,
    "entry_price": pl.Float64,
    "exit_price": pl.Float64,
    "quantity": pl.Float64,
    "pnl": pl.Float64,
    "return": pl.Float64,
    "fees": pl.Float64,
    "bars_held": pl.Int64,
}
_FILLS: dict[str, pl.DataType | type[pl.DataType]] = {
    "ts": TS,
    "order": pl.String,
    "strategy": pl.String,
    "instrument": pl.String,
    "side": pl.String,
    "price": pl.Float64,
    "quantity": pl.Float64,
    "notional": pl.Float64,
    "fee": pl.Float64,
}
_REPORTED_AS = {"entry_ts": "entry_ns", "exit_ts": "exit_ns"}


def equity(columns: Mapping[str, Any]) -> pl.DataFrame:
    """ts, equity, cash, drawdown; drawdown is the fraction below the highest equity yet."""
    frame = pl.DataFrame({name: pl.Series(columns[name]) for name in ("ts", "equity", "cash")})
    return frame.with_columns(
        pl.col("ts").cast(pl.Int64).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC"),
        (1.0 - pl.col("equity") / pl.col("equity").cum_max()).alias("drawdown"),
    )


def trades(columns: Mapping[str, list[Any]]) -> pl.DataFrame:
    """Round trips; `exit_ts` is null while one is open."""
    return _frame(columns, _TRADES)


def fills(columns: Mapping[str, list[Any]]) -> pl.DataFrame:
    """Every fill, oldest first."""
    return _frame(columns, _FILLS)


def _frame(
    columns: Mapping[str, list[Any]], schema: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            name: _series(name, columns[_REPORTED_AS.get(name, name)], kind)
            for name, kind in schema.items()
        }
    )


def _series(name: str, values: list[Any], kind: pl.DataType | type[pl.DataType]) -> pl.Series:
    if kind == TS:
        times = pl.Series(name, values, dtype=pl.Int64)
        return times.cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    return pl.Series(name, values, dtype=kind, strict=False)
