"""``bot4 config``: check a configuration, show what holds and who said it, print its schema."""

from typing import Annotated

import typer

from bot4 import _engine, config
from bot4.cli.job import Typed, configured_legs, job
from bot4.config import Config
from bot4.errors import Bot4Error
from bot4.history.recordings import kind_of
from bot4.paths import readable, written
from bot4.research import money
from bot4.research.backtest import Account, account
from bot4.research.seats import Leg, seats
from bot4.strategy import ConfiguredStrategy

app = typer.Typer(help="Check and show configurations, and print their schema.")

Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback.")]


@app.command("check")
def check(
    file: Annotated[str, typer.Argument(metavar="NAME.toml", help="The configuration.")],
    debug: Debug = False,
) -> None:
    """Say what a configuration means, or what is wrong with it in one line (exit code 2)."""
    del debug  # it is read where errors are turned into lines
    path = written(file)
    reading = config.read(path)
    of_run = "run" in reading.tables or "backtest" not in reading.tables
    if of_run:
        config.checked_for_a_run(reading)
    if "backtest" in reading.tables:
        job(Typed(target=file))
    try:
        lines = _run(reading.config) if of_run else []
    except Bot4Error as error:
        raise type(error)(f"{readable(path)}: {error}") from error
    if "backtest" in reading.tables:
        lines.append(f"backtest: on {reading.config.backtest.data}")
    risk = reading.config.risk
    limits = "".join(f", {name} = {value}" for name, value in risk.limits.items())
    typer.echo("\n".join([f"ok: {readable(path)}", *lines, f"risk: {risk.profile}{limits}"]))


@app.command("show")
def show(
    file: Annotated[
        str | None, typer.Argument(metavar="NAME.toml", help="The configuration; or the defaults.")
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Debug = False,
) -> None:
    """Print the whole configuration that holds, and who said each value."""
    del debug  # it is read where errors are turned into lines
    reading = config.read(None if file is None else written(file))
    typer.echo(config.as_json(reading) if json else config.as_toml(reading))


@app.command("schema")
def schema(debug: Debug = False) -> None:
    """Print the JSON schema of a configuration, for editors."""
    del debug  # it is read where errors are turned into lines
    typer.echo(config.json_schema())


def _run(asked: Config) -> list[str]:
    """What a run would do, once everything that can be judged before it has been."""
    run = asked.run
    assumed = account(
        run.cash, run.taker_fee_bps, run.slippage_bps, asked.risk.profile, asked.risk.limits
    )
    _judge_limits(assumed)
    legs = configured_legs(asked.strategy)
    if run.feed == "simulated":
        market = f"a SIMULATED market, seed {run.seed}, in bars of {run.bar}"
        taken = seats(legs, [one.symbol for one in asked.instrument])
        seated = [
            f"{_strategy(seat.strategy)} on {seat.instrument}, "
            f"{seat.allocation.normalize():f} of the equity"
            for seat in taken
        ]
    else:
        market = f"a replay of {kind_of(run.data)} from {', '.join(run.data)}"
        seated = [f"{_strategy(leg.strategy)} on {_instruments(leg)}" for leg in legs]
    return [
        f"run: on paper, {market}, at speed {run.speed}, with {run.cash:f}",
        f"folder: {readable(run.folder)}, durability {run.durability}",
        *(f"strategy: {words}" for words in seated),
    ]


def _strategy(strategy: ConfiguredStrategy) -> str:
    """The strategy with its parameters. Raises StrategyError where it cannot say its target."""
    if strategy.form == "expression":
        strategy.target()
    return (
        f"{strategy.name}({', '.join(f'{key}={value}' for key, value in strategy.params.items())})"
    )


def _instruments(leg: Leg) -> str:
    return "all that is recorded" if leg.instruments is None else ", ".join(leg.instruments)


def _judge_limits(assumed: Account) -> None:
    """Let the engine say what it thinks of profile and limits; nothing runs."""
    _engine.Backtest(
        [],
        cash=money.text(assumed.cash),
        fee_rate=money.text(assumed.fee_rate),
        slippage_rate=money.text(assumed.slippage_rate),
        profile=assumed.profile,
        limits=dict(assumed.limits),
    )
