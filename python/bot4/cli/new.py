"""``bot4 new NAME``: write a strategy file that runs as it is and shows how one is made."""

import keyword
from pathlib import Path
from typing import Annotated, TextIO

import typer

from bot4.errors import OutputError, ParameterError
from bot4.paths import reason

_FILE = '''"""{name}: buy a dip in a rising market, leave when it has recovered.

    bot4 backtest {name}.py                                 on a simulated market
    bot4 backtest {name}.py --data BTCUSDT-1h.parquet       on your own history
    bot4 backtest {name}.py --set trend=200 --plot run.html

A simulated market never happened, and a backtest is history: neither is a promise.
"""

from typing import Annotated

from pydantic import Field

import bot4 as b4

# A parameter is an argument with a type and a default; Field gives its range. `--set` sets it.
Length = Annotated[int, Field(ge=2, le=10_000)]
Level = Annotated[float, Field(ge=0, le=100)]


@b4.strategy
def {name}(trend: Length = 100, length: Length = 14, low: Level = 40, high: Level = 60):
    """Long from a dip within a rising trend until strength returns or the trend ends."""
    # These lines describe signals; they run in the engine, bar by bar, and never see ahead.
    rising = b4.close > b4.sma(b4.close, trend)
    strength = b4.rsi(b4.close, length)

    # Combine conditions with & | ~ . A latch remembers: on at the first, off at the second.
    dip = rising & (strength < low)
    recovered = (strength > high) | ~rising
    holding = b4.latch(dip, recovered)

    # Say what to hold: 1.0 is all of the equity, 0.0 none. Risk has the last word.
    return b4.target(b4.where(holding, 1.0, 0.0))
'''


def write(
    name: Annotated[str, typer.Argument(help="Its name: letters, digits and _.")],
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback.")] = False,
) -> None:
    """Write NAME.py here: a strategy that runs as it is, with comments that teach."""
    del debug  # it is read where errors are turned into lines
    path = Path(name if name.endswith(".py") else f"{name}.py")
    if not path.stem.isidentifier() or keyword.iskeyword(path.stem):
        raise ParameterError(f"{path.stem!r} cannot be a name in Python; use letters, digits and _")
    try:
        with path.open("x", encoding="utf-8") as file:
            _fill(file, path)
    except FileExistsError as error:
        raise OutputError(f"{path} exists already; choose another name") from error
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be written: {reason(error)}") from error
    typer.echo(f"wrote {path}; run it with: bot4 backtest {path}")


def _fill(file: TextIO, path: Path) -> None:
    """Write all of it, or leave no file."""
    try:
        file.write(_FILE.format(name=path.stem))
        file.flush()
    except (OSError, ValueError):
        path.unlink(missing_ok=True)
        raise
