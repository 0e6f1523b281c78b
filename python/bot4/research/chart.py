"""The one picture of a run: equity over drawdown over price with entries and exits.

One Altair definition serves PNG and HTML, so that they cannot disagree.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import polars as pl

from bot4.history.bars import MarketHistory
from bot4.research.metrics import Metrics

Panel = alt.Chart | alt.LayerChart

POINTS_MAX = 2_000
MARKS_MAX = 1_500
PRICES_MAX = 6
_LOG_RATIO = 10
WIDTH = 940
_INK, SOFT, _GRID = "#1f2933", "#616e7c", "#e4e7eb"
LINE, LOSS, _ENTRY, _EXIT = "#1f5fa8", "#c0392b", "#1a8a5a", "#c0392b"
_CLOCKS = {"hours": "%H:%M", "minutes": "%H:%M", "seconds": "%H:%M:%S"}  # a day has 24 hours
_PRICES = ["#52606d", "#b7791f", "#6b46c1", "#0f766e", "#be185d", "#2b6cb0"]
_FONT = "Inter, Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"


@dataclass(frozen=True, slots=True)
class _Marks:
    """The entries and exits that are drawn, and how many trades are left out."""

    frame: pl.DataFrame
    trades_left_out: int


def chart(
    metrics: Metrics, equity: pl.DataFrame, trades: pl.DataFrame, market: MarketHistory
) -> alt.VConcatChart:
    """The chart of a run. Long series are thinned so that their extremes survive."""
    prices, units = _prices(market, metrics.instruments)
    marks = _marks(trades, units)
    panels: list[Panel] = [*account_panels(equity)]
    panels.append(_price_panel(prices, marks, several=len(units) > 1))
    return stacked(panels, title(*_titles(metrics, marks)))


def account_panels(equity: pl.DataFrame, *, lowest: bool = False) -> list[alt.Chart]:
    """Equity over drawdown, of a table with ts, equity, drawdown; `lowest` bears the times."""
    return [
        _equity_panel(thin(equity.select("ts", "equity"), "equity")),
        _drawdown_panel(thin(equity.select("ts", "drawdown"), "drawdown"), labels=lowest),
    ]


def stacked(panels: Sequence[Panel], over: alt.TitleParams) -> alt.VConcatChart:
    """Panels of one time, one over the other, in the looks of the house."""
    stack = alt.vconcat(*panels, spacing=14, title=over).resolve_scale(
        x="shared", color="independent", shape="independent"
    )
    styled: alt.VConcatChart = (
        stack.configure(font=_FONT, background="white", padding=18)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=_GRID,
            domainColor=_GRID,
            tickColor=_GRID,
            labelColor=SOFT,
            titleColor=SOFT,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        )
        .configure_legend(labelColor=SOFT, labelFontSize=12, symbolSize=90)
    )
    return styled


def png(drawn: alt.VConcatChart) -> bytes:
    """The chart as a PNG image, at twice the screen's resolution."""
    buffer = io.BytesIO()
    drawn.save(buffer, format="png", scale_factor=2)
    return buffer.getvalue()


def html(drawn: alt.VConcatChart) -> bytes:
    """The chart as one HTML page that needs no network."""
    page: str = drawn.to_html(inline=True)
    return page.encode()


def thin(series: pl.DataFrame, column: str, points_max: int = POINTS_MAX) -> pl.DataFrame:
    """At most `points_max` rows: the least and the greatest of `column` in each stretch of time.

    The first and the last row are always there.
    """
    if series.height <= points_max:
        return series
    stretch = -(-series.height // (points_max // 2 - 1))
    row = pl.int_range(pl.len())
    kept = (
        series.select(row.alias("row"), pl.col(column))
        .group_by(pl.col("row") // stretch)
        .agg(
            least=pl.col("row").gather(pl.col(column).arg_min()).first(),
            greatest=pl.col("row").gather(pl.col(column).arg_max()).first(),
        )
    )
    rows = pl.concat(
        [kept["least"], kept["greatest"], pl.Series([0, series.height - 1], dtype=pl.Int64)]
    )
    return series[rows.drop_nulls().unique().sort()]


def title(text: str, subtitle: Sequence[str]) -> alt.TitleParams:
    """What stands over a chart."""
    return alt.TitleParams(
        text=text,
        subtitle=list(subtitle),
        anchor="start",
        offset=16,
        fontSize=20,
        fontWeight=600,
        color=_INK,
        subtitleFontSize=13,
        subtitleColor=SOFT,
        subtitlePadding=6,
    )


def _titles(metrics: Metrics, marks: _Marks) -> tuple[str, list[str]]:
    names = [instrument.partition(":")[2] for instrument in metrics.instruments]
    shown = ", ".join(names[:PRICES_MAX]) + (" …" if len(names) > PRICES_MAX else "")
    subtitle = [
        f"{metrics.parameters_text()}   ·   {metrics.trades:,} trades   ·   "
        f"fee {metrics.fee_bps:g} bp, slippage {metrics.slippage_bps:g} bp   ·   "
        f"risk: {metrics.risk_profile}"
    ]
    if marks.trades_left_out:
        subtitle.append(f"entries and exits of {marks.trades_left_out:,} trades are not drawn")
    if metrics.simulated:
        subtitle.append(f"SIMULATED market, seed {metrics.seed}")
    simulated = "  (SIMULATED)" if metrics.simulated else ""
    return f"{metrics.strategy} on {shown}{simulated}", subtitle


def time_axis(labels: bool) -> alt.X:
    """The axis of times that panels share; the lowest of them bears the labels."""
    axis = alt.Axis(title=None, labels=labels, ticks=labels, grid=True, tickCount=8, format=_CLOCKS)
    return alt.X("ts:T", axis=axis, scale=alt.Scale(type="utc"))


def _equity_panel(series: pl.DataFrame) -> alt.Chart:
    low, high = _range(series["equity"])
    y = alt.Y("equity:Q", title="equity", scale=_scale(low, high), axis=alt.Axis(format="~s"))
    line = alt.Chart(series, width=WIDTH, height=220).mark_line(color=LINE, strokeWidth=1.6)
    drawn: alt.Chart = line.encode(time_axis(labels=False), y)
    return drawn


def _drawdown_panel(series: pl.DataFrame, *, labels: bool) -> alt.Chart:
    # The least loss is at the top: the deeper, the lower.
    y = alt.Y(
        "drawdown:Q",
        title="drawdown",
        axis=alt.Axis(format=".0%", tickCount=4),
        scale=alt.Scale(reverse=True),
    )
    area = alt.Chart(series, width=WIDTH, height=90).mark_area(
        color=LOSS, opacity=0.28, line={"color": LOSS, "strokeWidth": 1}
    )
    drawn: alt.Chart = area.encode(time_axis(labels=labels), y)
    return drawn


def _price_panel(prices: pl.DataFrame, marks: _Marks, *, several: bool) -> alt.LayerChart:
    low, high = _range(prices["price"])
    y = alt.Y(
        "price:Q",
        title="price, first close = 1" if several else "price",
        scale=_scale(low, high),
        axis=alt.Axis(format="~g" if high < 1 else "~s"),
    )
    color = alt.Color(
        "instrument:N",
        scale=alt.Scale(range=_PRICES),
        legend=alt.Legend(title=None, orient="top", offset=2) if several else None,
    )
    line = alt.Chart(prices, width=WIDTH, height=260).mark_line(strokeWidth=1.1)
    events = ["entry", "exit"]
    points = (
        alt.Chart(marks.frame)
        .mark_point(filled=True, size=_mark_size(marks), opacity=0.85)
        .encode(
            alt.X("ts:T"),
            alt.Y("price:Q"),
            alt.Shape(
                "event:N",
                scale=alt.Scale(domain=events, range=["triangle-up", "triangle-down"]),
                legend=alt.Legend(title=None, orient="top", offset=2),
            ),
            alt.Color("event:N", scale=alt.Scale(domain=events, range=[_ENTRY, _EXIT])),
            tooltip=["event:N", "instrument:N", "ts:T", "price:Q"],
        )
    )
    drawn: alt.LayerChart = alt.layer(
        line.encode(time_axis(labels=True), y, color), points
    ).resolve_scale(color="independent", shape="independent")
    return drawn


def _prices(market: MarketHistory, traded: Sequence[str]) -> tuple[pl.DataFrame, dict[str, float]]:
    """The closes drawn, and by instrument what its prices are divided by to share one axis."""
    shown = [one for one in market.instruments if one.instrument in traded][:PRICES_MAX]
    units = {
        history.instrument: float(history.close[0]) if len(shown) > 1 else 1.0 for history in shown
    }
    series = []
    for history in shown:
        times = pl.Series("ts", history.open_ns + history.bars.interval_ns)
        stamped = times.cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
        price = pl.Series("price", history.close / units[history.instrument])
        thinned = thin(pl.DataFrame([stamped, price]), "price", POINTS_MAX // len(shown))
        series.append(thinned.with_columns(pl.lit(history.instrument).alias("instrument")))
    return pl.concat(series), units


def _marks(trades: pl.DataFrame, units: dict[str, float]) -> _Marks:
    # A trade is drawn whole or not at all: every n-th mark could be all entries and no exits.
    drawn = trades.gather_every(max(1, -(-2 * trades.height // MARKS_MAX)))
    sides = [
        drawn.select(
            pl.col(f"{event}_ts").alias("ts"),
            pl.col(f"{event}_price") / pl.col("instrument").replace_strict(units, default=None),
            "instrument",
            pl.lit(event).alias("event"),
        ).rename({f"{event}_price": "price"})
        for event in ("entry", "exit")
    ]
    return _Marks(pl.concat(sides).drop_nulls().sort("ts"), trades.height - drawn.height)


def _mark_size(marks: _Marks) -> int:
    """Smaller where there are many, so that the price stays to be seen."""
    return max(10, min(46, 9_000 // max(1, marks.frame.height)))


def _range(values: pl.Series) -> tuple[float, float]:
    return float(values.min() or 0.0), float(values.max() or 0.0)  # type: ignore[arg-type]


def _scale(low: float, high: float) -> alt.Scale:
    logarithmic = low > 0 and high / low > _LOG_RATIO
    return alt.Scale(type="log" if logarithmic else "linear", zero=False, nice=False, padding=5)
