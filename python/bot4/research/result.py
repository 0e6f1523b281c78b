"""What came of a backtest: tables, numbers, a summary, a plot; and how a notebook shows it."""

import base64
import html
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from bot4._engine import Backtest
from bot4.history.bars import MarketHistory
from bot4.research import frames
from bot4.research.metrics import Metrics
from bot4.research.output import check_plot_path, write_whole
from bot4.research.summary import summary_text

if TYPE_CHECKING:
    import altair


@dataclass(frozen=True)
class BacktestResult:
    """The result of one run. It never changes; tables are made when they are first asked for."""

    _ran: Backtest = field(repr=False)
    _market: MarketHistory = field(repr=False)
    metrics: Metrics

    @cached_property
    def equity(self) -> pl.DataFrame:
        """One row a moment of decision: ts (UTC, bar close), equity, cash, drawdown.

        `equity` and `cash` are in quote currency; `drawdown` is a fraction, 0 or above.
        """
        return frames.equity(self._ran.equity())

    @cached_property
    def trades(self) -> pl.DataFrame:
        """Round trips, oldest first, open ones last with nulls where they have not ended.

        strategy, instrument, side, entry_ts, exit_ts, entry_price, exit_price, quantity (base
        units), pnl and fees (quote currency), return (fraction), bars_held.
        """
        return frames.trades(self._ran.trades())

    @cached_property
    def fills(self) -> pl.DataFrame:
        """Every fill: ts, order, strategy, instrument, side, price, quantity, notional, fee."""
        return frames.fills(self._ran.fills())

    @property
    def journal(self) -> bytes:
        """The journal of the run, encoded; empty unless it was asked for."""
        return self._ran.journal()

    def summary(self) -> str:
        """The run in plain text, at most 80 columns wide."""
        return summary_text(self.metrics)

    def json(self) -> str:
        """The numbers as one JSON object on one line, with the keys of `Metrics`."""
        return self.metrics.json_text()

    def plot(self, path: str | Path | None = None) -> "altair.VConcatChart":
        """The chart of the run; with `path`, also written there as PNG or HTML, by its suffix.

        The HTML works offline. Raises OutputError where the file cannot be written.
        """
        from bot4.research import chart  # noqa: PLC0415 - Altair is slow to import

        wanted = None if path is None else check_plot_path(path)
        drawn = chart.chart(self.metrics, self.equity, self.trades, self._market)
        if wanted is not None:
            drawing = chart.html if wanted.suffix.lower() == ".html" else chart.png
            write_whole(wanted, drawing(drawn))
        return drawn

    def __repr__(self) -> str:
        """One line; the whole text is `summary()`."""
        return (
            f"BacktestResult({self.metrics.strategy}, {self.metrics.trades} trades, "
            f"final equity {self.metrics.final_equity:,.2f}"
            f"{', SIMULATED' if self.metrics.simulated else ''})"
        )

    def _repr_html_(self) -> str:
        from bot4.research import chart  # noqa: PLC0415 - Altair is slow to import

        image = base64.b64encode(chart.png(self.plot())).decode("ascii")
        return (
            f'<img style="max-width:100%" alt="equity, drawdown and price" '
            f'src="data:image/png;base64,{image}"><pre>{html.escape(self.summary())}</pre>'
        )

    def _repr_mimebundle_(self, **_kwargs: object) -> dict[str, Any]:
        return {"text/plain": self.summary(), "text/html": self._repr_html_()}
