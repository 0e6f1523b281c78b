"""What an operator types. A command is one call; here its errors become one line and a code.

Exit codes: 0 done, 1 a fault of ours or a closed pipe, 2 something the user can mend, 130 Ctrl-C.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from bot4._engine import __version__
from bot4.cli import backtest, new, strategies
from bot4.errors import Bot4Error

__all__ = ["app", "main"]

_FAULT, _USER, _INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="bot4",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("backtest")(backtest.run)
app.command("strategies")(strategies.show)
app.command("new")(new.write)


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
    try:
        code = app(args=given, prog_name="bot4", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAULT
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except TyperException as error:
        return _refuse(getattr(error, "format_message", error.__str__)(), _USER)
    except Exception as error:
        if "--debug" in given:
            raise
        if isinstance(error, Bot4Error):
            return _refuse(str(error), _USER)
        name = type(error).__name__
        return _refuse(f"a fault in BOT4: {name}: {error} (--debug shows where)", _FAULT)
    if code == _INTERRUPTED:
        return _refuse("interrupted; nothing was written", _INTERRUPTED)
    return code if isinstance(code, int) else 0


def _refuse(message: str, code: int) -> int:
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    return code
