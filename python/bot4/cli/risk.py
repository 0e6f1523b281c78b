"""``bot4 risk``: every limit of a running bot, how much of it is in use, and what holds it back.

``bot4 risk explain`` tells of one order which checks it passed, and by how much.
"""

import json as encoder
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from bot4 import _engine
from bot4.cli import ledger, sheet
from bot4.cli.breaker import breaker_rows
from bot4.cli.group import answering
from bot4.cli.operate import Debug, Folder, Json, meant
from bot4.cli.order import Id, placed, what
from bot4.cli.sheet import Record
from bot4.journal.question import Judged, reading
from bot4.live.picture import Picture
from bot4.live.standing import counted, rows_text
from bot4.live.telegram import Request, ask
from bot4.live.uses import Row, nearest, said, uses

app = typer.Typer(
    cls=answering("show"),
    help="Show a bot's limits and what is in use; explain how one order passed.",
)


@app.command("show")
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


@app.command("explain")
def explain(
    order: Id,
    run: ledger.Run = None,
    *,
    json: Json = False,
    debug: ledger.Debug = False,
) -> None:
    """Tell which checks an order passed, and how much of each limit was in use with it counted."""
    del debug  # it is read where errors are turned into lines
    folder = ledger.up_to_date(run)
    with reading(folder) as copy:
        known = placed(copy, order, folder)
        judged = copy.judged(str(known["id"]))
        life = list(copy.life(str(known["id"])).records())
    cut = [str(row["value"]) for row in life if row["kind"] == "clipped"]
    amended = any(row["kind"] == "amend" for row in life)
    if json:
        told = {
            "order": known,
            "reduces": None if judged is None else judged.reduces,
            "clipped": cut,
            "amended": amended,
            "checks": [] if judged is None else [_check(one, judged) for one in _made()],
        }
        typer.echo(encoder.dumps(told, allow_nan=False))
    else:
        typer.echo("\n".join(_explained(known, judged, cut, amended=amended)))


def _made() -> list[Mapping[str, Any]]:
    """The checks that stand before an order; the others are made of what became of it."""
    return [one for one in _engine.risk_checks() if one["where"] != "after"]


def _check(one: Mapping[str, Any], judged: Judged) -> dict[str, Any]:
    uses = {limit: judged.uses[limit] for limit in one["limits"] if limit in judged.uses}
    asked = one["always"] or not judged.reduces
    return {"code": one["code"], "what": one["what"], "asked": asked, "uses": uses}


def _explained(
    known: Record, judged: Judged | None, cut: list[str], *, amended: bool
) -> Iterator[str]:
    venue, _, _ = str(known["instrument"]).partition(":")
    yield f"order {known['id']}{sheet.market([venue])}"
    yield f"{what(known)} · {known['strategy']} · {str(known['at'])[:19].replace('T', ' ')} UTC"
    if judged is None:
        yield "how it passed is not known: the journal had lost it, or is of an older version"
        return
    if judged.reduces:
        yield "it only closes: it passed what is asked of all, and no cap holds it back"
    else:
        yield "it passed every check; beside each, how much of a limit was in use with it counted"
    yield from (f"made smaller by {limit.replace('_', ' ')}" for limit in cut)
    if amended:
        yield "it was amended since: this is of its placement"
    checks = [_check(one, judged) for one in _made()]
    words = [_passed(check) for check in checks]
    width = max(map(len, words))
    for check, passed in zip(checks, words, strict=True):
        yield f"  {check['code']:<3}  {passed:<{width}}  {check['what']}"
    if judged.uses:
        limit, use = max(judged.uses.items(), key=lambda item: item[1])
        yield f"nearest: {_OF.get(limit, limit)} {use:.2%}"


def _passed(check: Mapping[str, Any]) -> str:
    if not check["asked"]:
        return "not asked"
    told = (f"{_OF.get(limit, limit)} {use:.2%}" for limit, use in check["uses"].items())
    return ", ".join(told) or "passed"


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
# Of what an order takes a part where nothing may be borrowed.
_OF: Mapping[str, str] = {"borrowing": "free cash", "shorting": "what is held"}
_COLUMNS = "  {:<24}  {:<7}  {:>8}  {}"
