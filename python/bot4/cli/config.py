"""``bot4 config``: check a configuration, show what holds and who said it, print its schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot4 import config
from bot4.cli.job import Typed, configured_legs, job
from bot4.config import Config
from bot4.errors import Bot4Error
from bot4.history.recordings import kind_of
from bot4.live.plan import plan
from bot4.paths import readable, written
from bot4.research.seats import Seat

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
        legs = job(Typed(target=file)).legs
        with _blaming(path):
            for leg in legs:
                leg.strategy.check()
    lines = _run(reading.config, path) if of_run else []
    if "backtest" in reading.tables:
        lines.append(f"backtest: on {reading.config.backtest.data}")
    risk = reading.config.risk
    limits = "".join(f", {name} = {value}" for name, value in risk.values.items())
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


def _run(asked: Config, path: Path) -> list[str]:
    """What a run would do: it is planned whole, its market read, and nothing begins."""
    run = asked.run
    with _blaming(path):
        legs = configured_legs(asked.strategy)
    planned = plan(asked, legs, path)  # its errors name the file themselves
    with _blaming(path):
        planned.engine()
    if run.feed == "simulated":
        market = f"a SIMULATED market, seed {run.seed}, in bars of {run.bar}"
    else:
        market = f"a replay of {kind_of(run.data)} from {', '.join(run.data)}"
    seated = [
        f"{_words(seat)} on {seat.instrument}, {seat.allocation.normalize():f} of the equity"
        for seat in planned.seats
    ]
    return [
        f"run: on paper, {market}, at speed {run.speed}, with {run.cash:f}",
        f"folder: {readable(run.folder)}, durability {run.durability}",
        *(f"strategy: {words}" for words in seated),
    ]


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    try:
        yield
    except Bot4Error as error:
        raise type(error)(f"{readable(path)}: {error}") from error


def _words(seat: Seat) -> str:
    params = ", ".join(f"{key}={value}" for key, value in seat.strategy.params.items())
    sizing = seat.strategy.sizing
    return f"{seat.name}({params})" + ("" if sizing is None else f" sized by {sizing.text()}")
