"""``bot4 risk``: every limit of a running bot, how much of it is in use, and what holds it back."""

import json as encoder
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from bot4.cli.breaker import breaker_rows
from bot4.cli.operate import Debug, Folder, Json, meant
from bot4.live.picture import Picture
from bot4.live.standing import counted, rows_text
from bot4.live.telegram import Request, ask
from bot4.live.uses import Row, nearest, said, uses


def risk(folder: Folder = None, json: Json = False, debug: Debug = False) -> None:
    """Show every limit and how much of it is in use, what it refused, and the breakers."""
    del debug  # it is read where errors are turned into lines
    told = ask(meant(folder), Request("status"))["status"]
    picture = Picture.of_json(told)
    rows = uses(picture)
    if json:
        shown = {
            **told["risk"],
            "limits": [row.as_json() for row in rows],
            **{key: told[key] for key in ("refused", "clipped", "breakers", "components")},
        }
        typer.echo(encoder.dumps(shown, allow_nan=False))
        return
    typer.echo("\n".join(_lines(picture, rows)))


def _lines(picture: Picture, rows: tuple[Row, ...]) -> Iterator[str]:
    told = picture.engine["risk"]
    scale = "" if told["scale"] == "1" else f", {told['scale']} of every cap today"
    yield f"limits of {told['profile']}{scale}"
    if told["measure"] is not None:
        yield _measured(told["measure"], picture.engine["now_ns"])
    most = nearest(rows)
    yield _COLUMNS.format("limit", "checks", "value", "in use").rstrip()
    for row in rows:
        mark = "  <- nearest" if row is most else ""
        yield _COLUMNS.format(row.limit, " ".join(row.codes), row.value, said(row)) + mark
    held_back = [(name, counted(picture.engine[name])) for name in ("refused", "clipped")]
    yield rows_text(held_back)
    yield "breakers"
    yield rows_text(breaker_rows(picture))


def _measured(measure: Mapping[str, Any], now_ns: int) -> str:
    """What the account may lose, and how long ago that was so."""
    age_s = max(0, now_ns - int(measure["as_of"])) // _NS
    var, cvar = (f"{float(measure[name]):.2%}" for name in ("var", "cvar"))
    within = f"{float(measure['level']):.0%}, {int(measure['horizon_s']) // 3600} h"
    return f"may lose {var}, beyond that {cvar} on average ({within}), {age_s} s ago"


_NS = 10**9
_COLUMNS = "  {:<24}  {:<7}  {:>8}  {}"
