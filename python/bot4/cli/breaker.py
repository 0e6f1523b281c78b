"""``bot4 breakers kill rearm``: what holds a bot back, and how a person stops and frees it."""

import json as encoder
from typing import Annotated

import typer

from bot4.cli.operate import Debug, Folder, Json, meant, tell
from bot4.errors import ParameterError, known_names
from bot4.live.board import amiss, board, names, said
from bot4.live.guard import STAGES
from bot4.live.picture import Picture
from bot4.live.standing import Row, rows_text
from bot4.live.telegram import Request, ask


def breakers(
    folder: Folder = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show every breaker: its state, why, since when, and what brings it back."""
    del debug  # it is read where errors are turned into lines
    told = ask(meant(folder), Request("status"))["status"]
    if json:
        shown = {"breakers": told["breakers"], "components": told["components"]}
        typer.echo(encoder.dumps(shown, allow_nan=False))
        return
    typer.echo(rows_text(breaker_rows(Picture.of_json(told))))


def breaker_rows(picture: Picture) -> list[Row]:
    """Those that are not closed, a row each, and the names of the others."""
    closed = [row for row in board(picture) if row.state == "closed"]
    return [*((row.name, said(row)) for row in amiss(picture)), ("closed", names(closed))]


def kill(
    stage: Annotated[
        str, typer.Argument(metavar="STAGE", help="entries, cancel or flatten; each does more.")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why.")] = "",
    folder: Folder = None,
    debug: Debug = False,
) -> None:
    """Open nothing; cancel all too; or close all too, until bot4 rearm kill_switch."""
    del debug
    if stage not in STAGES:
        raise ParameterError(f"there is no stage {stage!r}; {known_names(stage, STAGES)}")
    tell(folder, Request("kill", name=stage, reason=reason))


def rearm(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As bot4 breakers shows it, e.g. drawdown.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORDS", help="Why; it is written down.")
    ] = "",
    folder: Folder = None,
    debug: Debug = False,
) -> None:
    """Close a breaker by a person's word, which is written down."""
    del debug
    if not reason.strip():
        raise ParameterError(
            f'say why {name} may be closed, as it is written down: bot4 rearm {name} --reason "..."'
        )
    tell(folder, Request("rearm", name=name, reason=reason))
