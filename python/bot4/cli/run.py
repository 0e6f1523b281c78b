"""``bot4 run``: trade on paper, on a simulated or a replayed market, until it is stopped."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from bot4 import config
from bot4.cli import terminal
from bot4.cli.job import configured_legs
from bot4.config import Config
from bot4.errors import (
    Bot4Error,
    ConfigError,
    InvariantError,
    StrategyError,
)
from bot4.live import telegram
from bot4.live.display import Painter
from bot4.live.lines import Lines
from bot4.live.outcome import Outcome
from bot4.live.pace import length_s
from bot4.live.plan import plan
from bot4.live.printed import Printed
from bot4.live.run import run as run_bot
from bot4.live.screen import Screen
from bot4.paths import readable, reason, written

Text = str | None

_KEPT_MAX = 10_000
_FOLDER_MODE = 0o700


class Ended(Exception):  # noqa: N818 - it is no error of anybody's when Ctrl-C is pressed twice
    """A run that did not end as it should: one line, and the exit code."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.code = code


def run(
    file: Annotated[Text, typer.Argument(metavar="NAME.toml", help="The configuration.")] = None,
    *,
    for_: Annotated[
        Text, typer.Option("--for", metavar="TIME", help="Stop after 500ms, 30s, 5m or 1h.")
    ] = None,
    speed: Annotated[
        Text, typer.Option(metavar="X", help='How fast market time goes: 1, 60, or "max".')
    ] = None,
    seed: Annotated[Text, typer.Option(metavar="N", help="Seed of the simulated market.")] = None,
    feed: Annotated[Text, typer.Option(metavar="FEED", help="simulated or replay.")] = None,
    data: Annotated[
        Text, typer.Option(metavar="PATH", help="What to replay: bars or a recording.")
    ] = None,
    folder: Annotated[
        Text, typer.Option(metavar="FOLDER", help="Where journal, copy, log and socket lie.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew; what is there is kept as FOLDER.1 ...")
    ] = False,
    durability: Annotated[Text, typer.Option(metavar="MODE", help="each or block.")] = None,
    metrics: Annotated[
        Text, typer.Option(metavar="ADDRESS", help="Serve metrics, as at 127.0.0.1:9400.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines, also on a terminal.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback.")] = False,
) -> None:
    """Trade on paper until Ctrl-C, bot4 stop, --for, or the end of what is replayed."""
    if file is None:
        raise ConfigError("say which configuration to run, such as bot4 run examples/first.toml")
    typed: dict[str, object] = {
        "run.speed": speed,
        "run.seed": seed,
        "run.feed": "replay" if feed is None and data is not None else feed,
        "run.data": None if data is None else [data],
        "run.folder": None if folder is None else written(folder),
        "run.durability": durability,
        "metrics.address": metrics,
    }
    for_s = None if for_ is None else length_s(for_, "--for")
    path = written(file)
    asked = config.read_run(path, {key: said for key, said in typed.items() if said is not None})
    planned = plan(asked, configured_legs(asked.strategy), path, for_s)
    _prepare(asked, fresh=fresh)
    if not json:
        typer.echo(planned.setting.banner)
        typer.echo(
            f"journal {planned.setting.folder}, {asked.run.durability} durable; Ctrl-C stops"
        )
        sys.stdout.flush()
    on_screen = sys.stdout.isatty() and not (json or plain)
    shown = None if json else _shown(on_screen=on_screen)
    with _prints_kept(always=json or on_screen):
        outcome = run_bot(planned, shown)
    _say(outcome, json=json, debug=debug)


def _prepare(asked: Config, *, fresh: bool) -> None:
    """A folder for the run; with `fresh` an empty one. Raises ConfigError."""
    folder = asked.run.folder
    try:
        if fresh and folder.exists():
            _keep_aside(folder)
        folder.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"the folder {readable(folder)} cannot be made: {reason(error)}; choose another with "
            "--folder"
        ) from error


def _keep_aside(folder: Path) -> None:
    if telegram.runs(folder) or telegram.holds_journal(folder):
        raise ConfigError(f"a bot runs in {readable(folder)}; bot4 stop ends it")
    for number in range(1, _KEPT_MAX):
        aside = folder.with_name(f"{folder.name}.{number}")
        if not aside.exists():
            folder.rename(aside)
            return
    raise ConfigError(f"{readable(folder)} is kept {_KEPT_MAX} times already; delete some")


def _shown(*, on_screen: bool) -> tuple[str, Painter]:
    return ("screen", Screen(sys.stdout)) if on_screen else ("lines", Lines(sys.stdout))


@contextmanager
def _prints_kept(*, always: bool) -> Iterator[None]:
    """Keep what a strategy prints off the screen, and out of the one JSON object: it is logged."""
    if not always:
        yield
        return
    with redirect_stdout(Printed()):
        yield


def _say(outcome: Outcome, *, json: bool, debug: bool) -> None:
    """Say how it ended. Raises Ended where that was not as it should be."""
    where = outcome.plan.setting.folder
    stuck = {"engine", "screen", "lines"} & set(outcome.unstopped)
    if outcome.failure is not None:
        if debug:
            raise outcome.failure
        said, code = _told(outcome.failure)
        raise Ended(said if outcome.left is None else f"{said}; {outcome.left}", code)
    if outcome.at_once or "engine" in stuck:
        code = terminal.INTERRUPTED if outcome.at_once else terminal.FAULT
        why = "stopped at once" if outcome.at_once else "a strategy did not come back in time"
        said = f"{why}; what was durable is in {where}, and bot4 run goes on from there"
        if not stuck:
            raise Ended(said, code)
        terminal.say_error(said)
        os._exit(code)  # a thread that does not come back would keep Python from ending
    if stuck:  # nobody reads the terminal: a summary would wait for ever
        os._exit(0)
    typer.echo(outcome.json() if json else outcome.summary())
    if outcome.left is not None:
        raise Ended(f"{outcome.left}; bot4 run goes on with it", terminal.FAULT)


def _told(error: BaseException) -> tuple[str, int]:
    if isinstance(error, StrategyError):
        return str(error), terminal.USER
    if isinstance(error, Bot4Error) and not isinstance(error, InvariantError):
        return f"trading was halted: {error}", terminal.FAULT
    return terminal.fault_words(error), terminal.FAULT
