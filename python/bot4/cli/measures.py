"""``bot4 measures``: what may be lost of what a history is of, and whether that was true."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot4.cli.terminal import panics_kept_off
from bot4.errors import ParameterError
from bot4.history.bars import load, span
from bot4.history.simulated import SimulatedMarket, simulated
from bot4.research.output import check_plot_path, write_whole
from bot4.settings import BARS, CASH, SEED, SIMULATED, decimal

if TYPE_CHECKING:
    from bot4.research.risk import RiskSheet

Text = str | None


def measures(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help=f"Parquet, CSV, folder, pattern, or {SIMULATED}.")
    ],
    *,
    level: Annotated[
        float, typer.Option(metavar="LEVEL", help="Confidence, above 0 and below 1.")
    ] = 0.99,
    method: Annotated[
        Text, typer.Option(metavar="METHOD", help="Only one, such as historical or garch.")
    ] = None,
    window: Annotated[
        int, typer.Option(metavar="N", help="Bars that a measure is taken of.")
    ] = 500,
    position: Annotated[
        str, typer.Option(metavar="AMOUNT", help="What is held, to say how long it takes to sell.")
    ] = str(CASH),
    share: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the volume that may be sold.")
    ] = 0.1,
    shock: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=RETURN", help="A shock of your own; NAME may be all."),
    ] = None,
    since: Annotated[
        Text, typer.Option(metavar="TIME", help="First bar: an ISO date or time, UTC.")
    ] = None,
    until: Annotated[
        Text, typer.Option(metavar="TIME", help="Where to stop; that bar is left out.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help=f"Seed of a simulated market ({SEED}).")
    ] = None,
    bars: Annotated[
        int | None, typer.Option(metavar="N", help=f"Length of a simulated one ({BARS}).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    chart: Annotated[Text, typer.Option(metavar="FILE", help="Draw it: .png or .html.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback.")] = False,
) -> None:
    """Measure the risk of holding what the bars are of: equal parts of several instruments."""
    del debug  # it is read where errors are turned into lines
    from bot4.research import risk, risk_text  # noqa: PLC0415 - SciPy is slow to import

    where = None if chart is None else check_plot_path(chart)
    wanted = risk.Wanted(
        level=level,
        method=risk.known_method(method),
        window=window,
        position=float(decimal(position, "position")),
        share=share,
        shocks=_shocks(shock),
    )
    within = span(since, until)
    with panics_kept_off():
        market = load(_source(data, seed, bars), within=within)
    sheet = risk.measure(market, wanted)
    if where is not None:
        write_whole(where, _drawn(sheet, html=where.suffix.lower() == ".html"))
    typer.echo(risk_text.sheet_json(sheet) if json else risk_text.sheet_text(sheet))


def _source(data: str, seed: int | None, bars: int | None) -> SimulatedMarket | str:
    if data == SIMULATED:
        return simulated(BARS if bars is None else bars, SEED if seed is None else seed)
    if seed is not None or bars is not None:
        raise ParameterError(f"--seed and --bars are for {SIMULATED}; leave them out")
    return data


def _shocks(typed: Sequence[str] | None) -> dict[str, float] | None:
    shocks: dict[str, float] = {}
    for one in typed or ():
        name, equals, size = one.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"--shock {one!r} is not NAME=RETURN, such as --shock all=-0.3")
        if name.strip() in shocks:
            raise ParameterError(f"--shock {name.strip()} is given twice; give it once")
        shocks[name.strip()] = float(decimal(size, f"shock of {name.strip()}"))
    return shocks or None


def _drawn(sheet: "RiskSheet", *, html: bool) -> bytes:
    from bot4.research import chart, risk_chart  # noqa: PLC0415 - Altair is slow to import

    drawn = risk_chart.chart(sheet)
    return chart.html(drawn) if html else chart.png(drawn)
