"""The picture of what an account was worth: equity over drawdown, drawn as a backtest's are."""

from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl

from bot4.history.times import utc_text
from bot4.research import chart as house
from bot4.research import frames


def chart(rows: Sequence[Mapping[str, object]], name: str, *, simulated: bool) -> alt.VConcatChart:
    """The chart of rows with ts (nanoseconds), equity and cash (decimal text), oldest first."""
    columns = pl.DataFrame(
        [[row[column] for row in rows] for column in ("ts", "equity", "cash")],
        schema={"ts": pl.Int64, "equity": pl.String, "cash": pl.String},
        strict=False,
    ).with_columns(pl.col("equity", "cash").cast(pl.Float64))
    equity = frames.equity({column.name: column for column in columns})
    ts = columns["ts"]
    over = house.title(
        f"Equity of {name}{'  (SIMULATED)' if simulated else ''}",
        [f"{utc_text(ts[0])} to {utc_text(ts[-1])}   ·   {len(ts):,} values"],
    )
    return house.stacked(house.account_panels(equity, lowest=True), over)
