"""``bot4 backtest``: run a strategy over history and print what came of it."""

from typing import Annotated

import typer

from bot4.cli.job import Typed, job
from bot4.cli.terminal import panics_kept_off
from bot4.history.bars import load
from bot4.research import backtest as research
from bot4.research.output import check_plot_path
from bot4.settings import BARS, CASH, FEE_BPS, RISK_PROFILE, SEED, SIMULATED, SLIPPAGE_BPS

Text = str | None


def run(
    target: Annotated[
        Text, typer.Argument(metavar="NAME.py|NAME.toml", help="A strategy or a configuration.")
    ] = None,
    *,
    strategy: Annotated[
        Text, typer.Option(metavar="NAME", help="A strategy; bot4 strategies lists them.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of it; may be repeated."),
    ] = None,
    data: Annotated[
        Text,
        typer.Option(metavar="PATH", help=f"Parquet, CSV, folder, pattern, or {SIMULATED}."),
    ] = None,
    cash: Annotated[
        Text, typer.Option(metavar="AMOUNT", help=f"What the account starts with ({CASH}).")
    ] = None,
    fee_bps: Annotated[
        Text, typer.Option(metavar="BPS", help=f"Fee in basis points of notional ({FEE_BPS}).")
    ] = None,
    slippage_bps: Annotated[
        Text, typer.Option(metavar="BPS", help=f"Slippage of a fill, in bp ({SLIPPAGE_BPS}).")
    ] = None,
    risk: Annotated[
        Text, typer.Option(metavar="PROFILE", help=f"Limits of risk ({RISK_PROFILE}).")
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
    plot: Annotated[Text, typer.Option(metavar="FILE", help="Draw it: .png or .html.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback.")] = False,
) -> None:
    """Run a strategy over history: --data PATH, or a simulated market that says so."""
    del debug  # it is read where errors are turned into lines
    where = None if plot is None else check_plot_path(plot)
    typed = Typed(
        target=target,
        strategy=strategy,
        settings=tuple(settings or ()),
        data=data,
        seed=seed,
        bars=bars,
        cash=cash,
        fee_bps=fee_bps,
        slippage_bps=slippage_bps,
        risk=risk,
        since=since,
        until=until,
    )
    asked = job(typed)
    with panics_kept_off():
        market = load(asked.source, within=asked.within)
    result = research.run(asked.legs, market, asked.account, progress=True)
    if where is not None:
        result.plot(where)
    if asked.notice:  # not before: where something fails there is one line and no other
        typer.echo(asked.notice, err=True)
    typer.echo(result.json() if json else result.summary())
