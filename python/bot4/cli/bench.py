"""``bot4 bench``: how long the engine's parts take on this machine."""

import json as encoder
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Annotated

import typer

from bot4 import gauges
from bot4._engine import __version__
from bot4.gauges import FIGURES, Machine, Reading

_HEADINGS = {"mean": "mean", "p50": "p50", "p99": "p99", "p999": "p99.9", "max": "max"}
_WIDTH, _COLUMNS = 12, 100
# Said beneath the figures, so that nobody takes that column for what it is not.
_LEGEND = (
    "mean: not of every sample, but of short rows of operations, each row being the median of what "
    "it took in all runs; so what interrupted one run is left out, also where operations are timed "
    "one by one. The plain means are in --json, as batches; p50 to max are of every sample. Of "
    "per_s the limit is the least, p99 is what 99 in 100 are faster than, and max is the slowest"
)


def bench(
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Measure only this key; may be repeated."),
    ] = None,
    captures: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Captured frames to measure on; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of what is drawn.")] = gauges.SEED,
    folder: Annotated[
        str, typer.Option(metavar="PATH", help="Where journals are written, and removed.")
    ] = ".",
    quick: Annotated[bool, typer.Option("--quick", help="A first look: a tenth of it.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback.")] = False,
) -> None:
    """Measure how long the engine's parts take here, as installed."""
    del debug  # it is read where errors are turned into lines
    machine = gauges.machine()
    measured = gauges.measure(
        only or (), captures or (), seed, quick=quick, folder=folder, say=_progress
    )
    found = list(measured)
    if json:
        typer.echo(encoder.dumps(_described(found, machine, seed, quick=quick), allow_nan=False))
        return
    for line in _lines(found, machine, seed, quick=quick):
        typer.echo(line)


def _progress(words: str) -> None:
    typer.echo(f"measuring {words}", err=True)


def _described(
    found: Sequence[Reading], machine: Machine, seed: int, *, quick: bool
) -> dict[str, object]:
    rows: dict[str, object] = {}
    for reading in found:
        row = asdict(reading)
        del row["key"]
        rows[reading.key] = {**row, "kept": reading.kept}
    about = {"bot4": __version__, "seed": seed, "quick": quick, "machine": asdict(machine)}
    return {**rows, **about}


def _lines(found: Sequence[Reading], machine: Machine, seed: int, *, quick: bool) -> Iterator[str]:
    load = "" if machine.load is None else f", load {machine.load:.1f}"
    short = "; a first look (--quick)" if quick else ""
    yield f"BOT4 {__version__} on {machine.cpu}, {machine.cores} cores{load}, {machine.python}"
    yield f"{machine.system}; seed {seed}{short}; nanoseconds, or per_s: so many a second"
    width = max((len(reading.key) for reading in found), default=0)
    figures = "".join(f"{heading:>{_WIDTH}}" for heading in _HEADINGS.values())
    yield f"{'':<{width}}{figures}{'count':>{_WIDTH}}{'timer':>8}  limit"
    for reading in found:
        shown = "".join(f"{_figure(getattr(reading, figure)):>{_WIDTH}}" for figure in FIGURES)
        limits = ", ".join(_limit(reading, figure) for figure in reading.limits) or "none"
        count = f"{reading.n:>{_WIDTH},}{reading.timer_ns:>8.1f}"
        yield f"{reading.key:<{width}}{shown}{count}  {limits}"
    yield from wrap(_LEGEND, _COLUMNS)
    for reading in found:
        notes = "".join(f"; {name} {value:,.4g}" for name, value in reading.notes.items())
        yield from wrap(f"{reading.key}: {reading.what}; {reading.source}{notes}", _COLUMNS)
    for method in dict.fromkeys(reading.method for reading in found):
        keys = ", ".join(reading.key for reading in found if reading.method == method)
        yield from wrap(f"method of {keys}: {method}", _COLUMNS)


def _figure(value: float) -> str:
    """Tenths where they say something; whole ones of a long time."""
    return f"{value:,.1f}" if value < 10_000 else f"{value:,.0f}"


def _limit(reading: Reading, figure: str) -> str:
    limit = reading.limits[figure]
    if reading.unit == "per_s":
        return f"{_HEADINGS[figure]} {limit:,.0f} {'kept' if reading.keeps(figure) else 'under'}"
    return f"{_HEADINGS[figure]} {limit:g} {'kept' if reading.keeps(figure) else 'over'}"
