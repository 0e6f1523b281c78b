"""``bot4 status pause resume flatten halt stop``: the levers of a running bot."""

import json as encoder
import time
from pathlib import Path
from typing import Annotated

import typer

from bot4.errors import ConfigError
from bot4.live.picture import Picture
from bot4.live.standing import rows_text, standing
from bot4.live.telegram import Request, ask, holds_journal, runs
from bot4.paths import readable
from bot4.run_folder import find, found
from bot4.settings import RUNS

# Longer than all the limits on the way to a graceful end together.
STOPPED_S_MAX = 40.0
_LOOK_S = 0.1

Folder = Annotated[
    str | None,
    typer.Option(metavar="FOLDER|NAME.toml", help="Which bot; the only one in .bot4 if absent."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback.")]


def status(
    folder: Folder = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show how a running bot stands."""
    del debug  # it is read where errors are turned into lines
    told = ask(meant(folder), Request("status"))["status"]
    if json:
        typer.echo(encoder.dumps(told, allow_nan=False))
        return
    picture = Picture.of_json(told)
    lines = [picture.setting.banner, rows_text(standing(picture))]
    typer.echo("\n".join(lines))


def pause(
    strategy: Annotated[str, typer.Argument(metavar="STRATEGY", help="Its name.")],
    folder: Folder = None,
    debug: Debug = False,
) -> None:
    """Cancel what a strategy has working, and let it want nothing; its position stays."""
    del debug
    tell(folder, Request("pause", strategy))


def resume(
    strategy: Annotated[
        str | None, typer.Argument(metavar="STRATEGY", help="Its name; everything if absent.")
    ] = None,
    folder: Folder = None,
    debug: Debug = False,
) -> None:
    """End the pause of a strategy; without a name every pause, halt and flatten."""
    del debug
    tell(folder, Request("resume", strategy))


def flatten(folder: Folder = None, debug: Debug = False) -> None:
    """Cancel everything, close every position and open nothing, until bot4 resume."""
    del debug
    tell(folder, Request("flatten"))


def halt(folder: Folder = None, debug: Debug = False) -> None:
    """Cancel everything and let no order through, until bot4 resume; positions stay."""
    del debug
    tell(folder, Request("halt"))


def stop(folder: Folder = None, debug: Debug = False) -> None:
    """Stop a running bot as Ctrl-C does, and wait until it has let go of its journal."""
    del debug
    where = meant(folder)
    ask(where, Request("stop"))
    until_s = time.monotonic() + STOPPED_S_MAX
    while runs(where) or holds_journal(where):
        if time.monotonic() > until_s:
            raise ConfigError(
                f"the bot in {readable(where)} was told to stop and has not within "
                f"{STOPPED_S_MAX:g} s; bot4 status tells whether it still answers"
            )
        time.sleep(_LOOK_S)
    typer.echo(f"{readable(where)}: stopped")


def tell(folder: str | None, request: Request) -> None:
    """Ask the bot that is meant, and print what it says."""
    where = meant(folder)
    typer.echo(f"{readable(where)}: {ask(where, request)['said']}")


def meant(folder: str | None) -> Path:
    """The folder of the bot that is meant; without a word the only one that is alive here."""
    if folder is not None:
        return find(folder)
    alive = [path for path in found() if runs(path)]
    if not alive:
        raise ConfigError(
            f"no bot runs in {RUNS} here; bot4 run NAME.toml starts one, --folder names another"
        )
    if len(alive) > 1:
        named = ", ".join(readable(path) for path in alive)
        raise ConfigError(f"several bots run here; choose one with --folder: {named}")
    return alive[0]
