"""What an operator types. A command is one call; here its errors become one line and a code.

Exit codes: 0 done, 1 a fault of ours or no way to print, 2 something the user can mend, 130 Ctrl-C.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from bot4._engine import __version__
from bot4.cli import (
    backtest,
    bench,
    breaker,
    config,
    ledger,
    measures,
    new,
    operate,
    order,
    replay,
    risk,
    run,
    strategies,
    terminal,
)
from bot4.errors import Bot4Error, InvariantError
from bot4.paths import reason

__all__ = ["app", "main"]


app = typer.Typer(
    name="bot4",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("backtest")(backtest.run)
app.command("measures")(measures.measures)
app.command("strategies")(strategies.show)
app.command("new")(new.write)
app.command("run")(run.run)
app.command("status")(operate.status)
app.command("pause")(operate.pause)
app.command("resume")(operate.resume)
app.command("flatten")(operate.flatten)
app.command("halt")(operate.halt)
app.add_typer(risk.app, name="risk")
app.command("kill")(breaker.kill)
app.command("breakers")(breaker.breakers)
app.command("rearm")(breaker.rearm)
app.command("stop")(operate.stop)
app.add_typer(order.app, name="orders")
app.command("fills")(ledger.fills)
app.command("equity")(ledger.equity)
app.command("replay")(replay.replay)
app.command("bench")(bench.bench)
app.add_typer(config.app, name="config")


@app.callback(invoke_without_command=True)
def bot4(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """BOT4: strategies in Python, one engine in Rust, for research, backtest and live."""
    if version:
        typer.echo(f"bot4 {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. An error is one line on stderr; ``--debug`` lets it out."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None:
        return _refuse("standard output is closed: there is nowhere to print to", terminal.FAULT)
    terminal.open_to_any_language()
    try:
        code = app(args=given, prog_name="bot4", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # typer exits where it meets a closed pipe
        terminal.drop_output()
        return terminal.FAULT
    except KeyboardInterrupt:
        code = terminal.INTERRUPTED
    except run.Ended as error:  # a run says itself how it ended, and its code
        return _refuse(str(error), error.code)
    except BaseException as error:
        if "--debug" in given and not isinstance(error, TyperException):
            raise
        return _refuse(*_told(error))
    if code == terminal.INTERRUPTED:
        return _refuse("interrupted; nothing was written", terminal.INTERRUPTED)
    return code if isinstance(code, int) else 0


def _told(error: BaseException) -> tuple[str, int]:
    """What to say of an error, and the exit code."""
    if isinstance(error, OSError) and error.filename is None:  # of files BOT4 says its own words
        terminal.drop_output()
        return f"the output cannot be written: {reason(error)}", terminal.FAULT
    if isinstance(error, TyperException):
        return getattr(error, "format_message", error.__str__)(), terminal.USER
    if isinstance(error, Bot4Error) and not isinstance(error, InvariantError):
        return str(error), terminal.USER
    return terminal.fault_words(error), terminal.FAULT


def _refuse(message: str, code: int) -> int:
    terminal.say_error(message)
    return code
