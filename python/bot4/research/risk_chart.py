"""The picture of a value at risk: returns, the line that was said before each, and violations."""

import altair as alt
import polars as pl

from bot4.errors import ParameterError
from bot4.measures import RolledRisk
from bot4.research import chart as house
from bot4.research.risk import RiskSheet

_NAMES_MAX = 6


def chart(sheet: RiskSheet) -> alt.VConcatChart:
    """The chart of the first method that could be judged. Long series are thinned by extremes."""
    rolled = next((one.past for one in sheet.methods if one.past is not None), None)
    if rolled is None:
        raise ParameterError("no method could be judged: there is nothing to draw")
    series = _series(sheet, rolled)
    return house.stacked([_returns(series), _counts(series)], _title(sheet, rolled))


def _series(sheet: RiskSheet, rolled: RolledRisk) -> pl.DataFrame:
    """Columns ts (the bar's close, UTC), return, line, worse (violations so far) and expected."""
    closed = pl.Series("ts", sheet.open_ns[rolled.window + 1 :] + sheet.interval_ns)
    return rolled.frame.select(
        closed.cast(pl.Datetime("ns")).dt.replace_time_zone("UTC"),
        "return",
        (-pl.col("value_at_risk")).alias("line"),
        "violated",
        pl.col("violated").cum_sum().alias("worse"),
        (pl.int_range(1, pl.len() + 1) * (1 - rolled.level)).alias("expected"),
    )


def _returns(series: pl.DataFrame) -> alt.LayerChart:
    y = alt.Y("return:Q", title="return", axis=alt.Axis(format=".1%"))
    thinned = house.thin(series.select("ts", "return"), "return")
    moves = alt.Chart(thinned, width=house.WIDTH, height=320)
    said = alt.Chart(house.thin(series.select("ts", "line"), "line"))
    worse = house.thin(series.filter("violated").select("ts", "return"), "return")
    worse_points = (
        alt.Chart(worse)
        .mark_point(color=house.LOSS, filled=True, size=14)
        .encode(alt.X("ts:T"), y, tooltip=["ts:T", "return:Q"])
    )
    lines = [
        moves.mark_line(color=house.SOFT, strokeWidth=0.6, opacity=0.8).encode(
            house.time_axis(labels=False), y
        ),
        said.mark_line(color=house.LINE, strokeWidth=0.9).encode(alt.X("ts:T"), alt.Y("line:Q")),
    ]
    return alt.LayerChart(layer=[*lines, worse_points])


def _counts(series: pl.DataFrame) -> alt.LayerChart:
    """Violations so far against those that were to be expected: parallel where the method holds."""
    thinned = house.thin(series.select("ts", "worse", "expected"), "worse")
    counts = alt.Chart(thinned, width=house.WIDTH, height=120)
    y = alt.Y("worse:Q", title="violations")
    came = counts.mark_line(color=house.LOSS, strokeWidth=1.4, interpolate="step-after")
    due = counts.mark_line(color=house.SOFT, strokeDash=[4, 3])
    return alt.LayerChart(
        layer=[
            came.encode(house.time_axis(labels=True), y),
            due.encode(alt.X("ts:T"), alt.Y("expected:Q")),
        ]
    )


def _title(sheet: RiskSheet, rolled: RolledRisk) -> alt.TitleParams:
    names = [name.partition(":")[2] for name in sheet.instruments]
    shown = ", ".join(names[:_NAMES_MAX]) + (" …" if len(names) > _NAMES_MAX else "")
    simulated = "  (SIMULATED)" if sheet.seed is not None else ""
    seen = rolled.coverage
    return house.title(
        f"Value at risk of {shown}{simulated}",
        [
            f"{rolled.method} at {rolled.level:.4g}, of the {rolled.window:,} bars before   ·   "
            f"{seen.violations:,} of {seen.n:,} lost more, {seen.expected:,.1f} expected   ·   "
            f"p {seen.conditional.p_monte_carlo:.3f} (number and clusters)",
            "line: value at risk said before the bar; dots: bars that lost more; dashed: expected",
        ],
    )
