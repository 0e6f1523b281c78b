"""``bot4 orders explain``: one order's whole life, step by step, with where the journal has it."""

import json
import sys
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from bot4.cli import ledger, sheet
from bot4.cli.group import answering
from bot4.cli.sheet import Record
from bot4.errors import ParameterError
from bot4.journal.question import Ledger, reading
from bot4.paths import readable

_DAY = slice(len("2024-01-31"))
_CLOCK = slice(11, 29)  # to the nanosecond
_STATE_WIDTH = 16
_CHECK_DIGITS = 8


Id = Annotated[str, typer.Argument(metavar="ID", help="As `bot4 orders` names it.")]

# A word that is no subcommand is a run.
app = typer.Typer(cls=answering("list"), help="Print the orders of a run; explain one of them.")
app.command("list")(ledger.orders)


@app.command("explain")
def explain(
    order: Id,
    run: ledger.Run = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: ledger.Debug = False,
) -> None:
    """Tell one order's life: what was wanted, what risk made of it, what was said and filled."""
    del debug  # it is read where errors are turned into lines
    folder = ledger.up_to_date(run)
    with reading(folder) as copy:
        known = placed(copy, order, folder)
        life = list(copy.life(str(known["id"])).records())
    if json:
        _print_json(known, life)
    else:
        _print(known, life)


def placed(copy: Ledger, order: str, folder: Path) -> Record:
    """What is known of an order, as its id was typed. Raises ParameterError."""
    known = copy.order(order.strip().upper())
    if known is None:
        raise ParameterError(
            f"no order {order!r} was placed in {readable(folder)}; bot4 orders names them all"
        )
    return known


def _print_json(known: Record, life: list[Record]) -> None:
    sys.stdout.write(json.dumps({"order": known, "life": life}, allow_nan=False) + "\n")


def _print(known: Record, life: list[Record]) -> None:
    console = Console(file=sys.stdout, highlight=False)
    for line in chain(_head(known), _steps(life)):
        console.print(line, soft_wrap=True)


def _head(known: Record) -> Iterator[Text]:
    venue, _, _ = str(known["instrument"]).partition(":")
    yield Text(f"order {known['id']}{sheet.market([venue])}", style="bold")
    yield Text(f"{what(known)} · {known['strategy']} · {_words(known['state'])}")
    yield Text(", ".join(_terms(known)))
    if known["fills"]:
        fills = "1 fill" if known["fills"] == 1 else f"{known['fills']} fills"
        average = f"{sheet.price(known['average_price'])} on average"
        paid = f"{sheet.amount(known['notional'])}, fees {sheet.amount(known['fee'])}"
        yield Text(f"filled {sheet.number(known['filled'])} in {fills} at {average}: {paid}")
    if known["replaces"] is not None:
        yield Text(f"the attempt after {known['replaces']}")
    if known["replaced_by"] is not None:
        yield Text(f"the attempt before {known['replaced_by']}")


def what(known: Record) -> str:
    """Which way, how much of what, and at what price."""
    limit = "" if known["limit"] is None else f" at {sheet.price(known['limit'])} or better"
    return f"{known['side']} {sheet.size(known)} {known['instrument']}{limit}"


def _terms(known: Record) -> Iterator[str]:
    yield _TIF[str(known["tif"])]
    if known["post_only"]:
        yield "never takes (post-only)"
    if known["reduce_only"]:
        yield "only reduces"
    if known["stop"] is not None:
        trails = sheet.number(known["trail"] or "0")
        follows = "" if trails == "0" else f", which follows the market by {trails}"
        yield f"{_words(known['stop'])} at {sheet.price(known['stop_price'])}{follows}"
    if known["held"]:
        yield "held: the engine watches its trigger while the bot runs, as its venue cannot"
    if sheet.number(known["reserve"] or "0") != "0":
        yield f"reserves {sheet.amount(known['reserve'])}"


_TIF: Mapping[str, str] = {
    "gtc": "until canceled (GTC)",
    "ioc": "at once or not at all (IOC)",
    "fok": "all at once or nothing (FOK)",
    "gtd": "until its time (GTD)",
}


def _steps(life: list[Record]) -> Iterator[Text]:
    day = ""
    for row in life:
        at = str(row["at"])
        if at[_DAY] != day:
            day = at[_DAY]
            yield Text(f"{day} UTC", style="dim")
        state = _words(row["state"]) if row["state"] is not None else ""
        told = Text(f"{at[_CLOCK]}  {state.ljust(_STATE_WIDTH)}  {_told(row)}")
        told.append(f"  entry {row['entry']} {str(row['link'])[:_CHECK_DIGITS]}", style="dim")
        yield told
        for leg in _legs(row):
            yield Text(f"{' ' * (_CLOCK.stop - _CLOCK.start + _STATE_WIDTH + 4)}{leg}")


def _told(row: Record) -> str:
    value = _words(row["value"])
    match row["kind"]:
        case "intent":
            told = f"wanted: {row['value']}"
        case "clipped":
            told = f"made smaller by risk: {value}"
        case "refused":
            told = f"refused by risk: {value}"
        case "crossed":
            told = f"crossed inside: {row['value']}"
        case "order":
            told = f"placed: {value} {sheet.size(row)}, reserving {sheet.amount(row['reserve'])}"
        case "amend":
            told = f"asked to be {sheet.size(row)} at {sheet.price(row['limit'])}"
        case "cum_qty":
            told = f"its venue says that {sheet.number(row['value'])} is filled in all"
        case "fill":
            filled = f"{sheet.number(row['qty'])} at {sheet.price(row['price'])}"
            told = f"filled {filled}, trade {row['trade']}"
        case _:
            told = value
    return told


def _legs(row: Record) -> Iterator[str]:
    """What a fill moved: base, quote and fee, and what was held before and after."""
    if row["kind"] != "fill":
        return
    position = f"{sheet.number(row['position_before'])} -> {sheet.number(row['position'])}"
    yield f"position {position}"
    paid = f"{sheet.amount(row['notional'])} and {sheet.amount(row['fee'])} fee"
    cash = f"{sheet.amount(row['cash_before'])} -> {sheet.amount(row['cash'])}"
    yield f"cash {cash} ({paid})"


def _words(cell: object) -> str:
    return str(cell).replace("_", " ")
