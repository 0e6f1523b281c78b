"""``bot4 replay``: fold a run's journal into a state again, and see that it comes out the same."""

import json as encoder
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from bot4._engine import JournalFile
from bot4.cli.sheet import amount
from bot4.history.times import utc_text
from bot4.paths import readable
from bot4.run_folder import find


def replay(
    run: Annotated[
        str | None,
        typer.Argument(metavar="JOURNAL|FOLDER|NAME.toml", help="The only run in .bot4 if absent."),
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback.")] = False,
) -> None:
    """Rebuild the state from a journal, compare it with every hash kept, and print the hashes."""
    del debug  # it is read where errors are turned into lines
    folder = find(run)
    with closing(JournalFile(str(folder))) as journal:
        replayed = journal.replay()
    if json:
        typer.echo(encoder.dumps({**replayed, "agrees": True}, allow_nan=False, default=str))
    else:
        typer.echo(_summary(folder, replayed))


def _summary(folder: Path, replayed: Mapping[str, Any]) -> str:
    kept = replayed["checked"]
    compared = (
        f"it agrees with {kept:,} {'hash' if kept == 1 else 'hashes'} kept on the way"
        if kept
        else "no hash was kept to compare with"
    )
    rows = {
        "records": f"{replayed['records']:,}",
        "entries": f"{replayed['entries']:,}",
        "starts": f"{len(replayed['epochs']):,}",
        "events": f"{replayed['events']:,}",
        "span": _span(replayed["first_ns"], replayed["last_ns"]),
        "orders": f"{replayed['orders']:,}",
        "fills": f"{replayed['fills']:,}",
        "equity": "never valued" if replayed["equity"] is None else amount(replayed["equity"]),
        "ledger hash": replayed["ledger_hash"],
        "engine hash": replayed["engine_hash"],
    }
    lines = [f"replayed {readable(folder)}: {compared}"]
    return "\n".join([*lines, *(f"  {name:<12} {words}" for name, words in rows.items())])


def _span(first_ns: int | None, last_ns: int | None) -> str:
    if first_ns is None or last_ns is None:
        return "nothing happened"
    return f"{utc_text(first_ns)} to {utc_text(last_ns)}"
