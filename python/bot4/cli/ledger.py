"""``bot4 orders``, ``fills`` and ``equity``: what a run did, from the copy of its journal."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from bot4.cli import sheet
from bot4.cli.sheet import Column, Record
from bot4.errors import JournalInUseError, OutputError, ParameterError, known_names
from bot4.history.bars import span
from bot4.journal.catch_up import catch_up
from bot4.journal.question import Filter, reading
from bot4.paths import readable
from bot4.research.output import check_plot_path, write_whole
from bot4.run_folder import find
from bot4.settings import SIMULATED

Text = str | None
Run = Annotated[
    Text, typer.Argument(metavar="FOLDER|NAME.toml", help="A run; the only one in .bot4 if absent.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON array of objects.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV with a line of names.")]
Last = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Only the latest N; on a terminal 50 unless said."),
]
Strategy = Annotated[Text, typer.Option(metavar="NAME", help="Only of this strategy.")]
Instrument = Annotated[Text, typer.Option(metavar="NAME", help="Only of this instrument.")]
Since = Annotated[Text, typer.Option(metavar="TIME", help="From this ISO date or time on, UTC.")]
Until = Annotated[Text, typer.Option(metavar="TIME", help="To this time, which is left out.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback.")]

_SCREEN_ROWS = 50


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A question and what was typed with it."""

    question: str
    run: Text
    json: bool
    csv: bool
    last: int | None
    strategy: Text = None
    instrument: Text = None
    since: Text = None
    until: Text = None


def orders(
    run: Run = None,
    *,
    json: Json = False,
    csv: Csv = False,
    last: Last = None,
    strategy: Strategy = None,
    instrument: Instrument = None,
    since: Since = None,
    until: Until = None,
    debug: Debug = False,
) -> None:
    """Print the orders of a run, oldest first, and what became of each.

    `bot4 orders explain ID` tells the whole life of one.
    """
    del debug  # it is read where errors are turned into lines
    _print(_Wanted("orders", run, json, csv, last, strategy, instrument, since, until))


def fills(
    run: Run = None,
    *,
    json: Json = False,
    csv: Csv = False,
    last: Last = None,
    strategy: Strategy = None,
    instrument: Instrument = None,
    since: Since = None,
    until: Until = None,
    debug: Debug = False,
) -> None:
    """Print what was filled in a run, oldest first."""
    del debug  # it is read where errors are turned into lines
    _print(_Wanted("fills", run, json, csv, last, strategy, instrument, since, until))


def equity(
    run: Run = None,
    *,
    json: Json = False,
    csv: Csv = False,
    last: Last = None,
    since: Since = None,
    until: Until = None,
    plot: Annotated[Text, typer.Option(metavar="FILE", help="Draw it: .png or .html.")] = None,
    debug: Debug = False,
) -> None:
    """Print what the account of a run was worth, oldest first; or draw it."""
    del debug  # it is read where errors are turned into lines
    where = None if plot is None else check_plot_path(plot)
    wanted = _Wanted("equity", run, json, csv, last, since=since, until=until)
    if where is None:
        _print(wanted)
        return
    folder = _draw(wanted, where)
    if json or csv:
        _print(wanted)
    else:
        typer.echo(f"the equity of {folder} is drawn in {readable(where)}")


def _print(wanted: _Wanted) -> None:
    if wanted.json and wanted.csv:
        raise ParameterError("--json and --csv are two forms of one thing; give one of them")
    screen = sys.stdout.isatty() and not (wanted.json or wanted.csv)
    last = _SCREEN_ROWS if screen and wanted.last is None else wanted.last
    folder = up_to_date(wanted.run)
    with reading(folder) as ledger:
        sleeves = ledger.sleeves()
        answer = ledger.ask(wanted.question, _filter(wanted, sleeves, last, folder))
        if wanted.json:
            sheet.print_json(answer)
        elif wanted.csv:
            sheet.print_csv(answer)
        else:
            records = list(answer.records())
            _print_text(wanted.question, records, sleeves, folder, last if screen else None)


def _print_text(
    question: str,
    records: Sequence[Record],
    sleeves: Sequence[tuple[str, str]],
    folder: Path,
    last: int | None,
) -> None:
    """As a sheet of the `last` of them and what still works; where that is none, for a pipe."""
    if not records:
        typer.echo(f"{readable(folder)} has no such {question} yet")
        return
    venues = {name.partition(":")[0] for _, name in sleeves}
    columns = _columns(question, records, symbols=last is not None and len(venues) == 1)
    if last is None:
        sheet.print_plain(records, columns)
        return
    older = max(len(records) - last, 0)
    counted = question if question == "equity" else f"the last {len(records) - older} {question}"
    if older:
        counted += f" and {older} older that still work"
    title = f"{counted} of {readable(folder)}{sheet.market(venues)}"
    sheet.print_sheet(title, records, columns)


def _columns(question: str, records: Sequence[Record], *, symbols: bool) -> list[Column]:
    if question == "equity":
        return [
            Column("equity", lambda row: sheet.amount(row["equity"]), right=True),
            Column("cash", lambda row: sheet.amount(row["cash"]), right=True),
        ]
    whose = [
        Column("strategy", lambda row: str(row["strategy"]), gives_way=True),
        Column("symbol", lambda row: str(row["instrument"]).partition(":")[2])
        if symbols
        else Column("instrument", lambda row: str(row["instrument"])),
        Column("side", lambda row: str(row["side"])),
    ]
    if question == "fills":
        return [
            *whose,
            Column("price", lambda row: sheet.number(row["price"]), right=True),
            Column("qty", lambda row: sheet.number(row["qty"]), right=True),
            Column("fee", lambda row: sheet.amount(row["fee"]), right=True),
        ]
    limits = any(row["limit"] is not None for row in records)
    return [
        *whose,
        Column("size", sheet.size, right=True),
        *([Column("limit", lambda row: sheet.price(row["limit"]), right=True)] if limits else ()),
        Column("state", lambda row: str(row["state"]).replace("_", " "), gives_way=True),
        Column("filled", lambda row: sheet.number(row["filled"]), right=True),
        Column("average", lambda row: sheet.price(row["average_price"]), right=True, spare=True),
    ]


def _draw(wanted: _Wanted, where: Path) -> str:
    """Draw what is asked for; the name of the run's folder."""
    from bot4.research import account, chart  # noqa: PLC0415 - Altair is slow to import

    folder = up_to_date(wanted.run)
    with reading(folder) as ledger:
        sleeves = ledger.sleeves()
        wish = _filter(wanted, sleeves, wanted.last, folder)
        rows = list(ledger.ask("equity", wish).records())
    if not rows:
        raise OutputError(f"{readable(folder)} has no equity to draw; widen --since and --until")
    simulated = any(name.startswith(f"{SIMULATED}:") for _, name in sleeves)
    drawn = account.chart(rows, readable(folder), simulated=simulated)
    drawing = chart.html if where.suffix.lower() == ".html" else chart.png
    write_whole(where, drawing(drawn))
    return readable(folder)


def up_to_date(run: Text) -> Path:
    """The folder of the run, its copy as new as can be: a bot that runs keeps it up itself."""
    folder = find(run)
    with suppress(JournalInUseError):
        catch_up(folder)
    return folder


def _filter(
    wanted: _Wanted, sleeves: Sequence[tuple[str, str]], last: int | None, folder: Path
) -> Filter:
    within = span(wanted.since, wanted.until)
    strategies = {strategy for strategy, _ in sleeves}
    if wanted.strategy is not None and wanted.strategy not in strategies:
        near = known_names(wanted.strategy, sorted(strategies))
        raise ParameterError(
            f"no strategy {wanted.strategy!r} has done anything in {readable(folder)}; {near}"
        )
    instrument = None
    if wanted.instrument is not None:
        instrument = _instrument(wanted.instrument, sorted({name for _, name in sleeves}), folder)
    working = wanted.question == "orders" and wanted.last is None
    return Filter(wanted.strategy, instrument, within.since_ns, within.until_ns, last, working)


def _instrument(given: str, known: Sequence[str], folder: Path) -> str:
    """The whole name of an instrument, which may be typed without its venue."""
    meant = [name for name in known if given in {name, name.partition(":")[2]}]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise ParameterError(f"{given} is traded at more than one venue; say {' or '.join(meant)}")
    symbols = dict.fromkeys(chain(known, (name.partition(":")[2] for name in known)))
    raise ParameterError(
        f"nothing was done with {given!r} in {readable(folder)}; {known_names(given, symbols)}"
    )
