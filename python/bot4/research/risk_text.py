"""The risk of a history in words and figures: plain text of 80 columns, or JSON."""

import json
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import polars as pl

from bot4.history.times import interval_text, utc_text
from bot4.measures import Coverage
from bot4.research.risk import MethodRisk, RiskSheet

WIDTH = 80
_SHOWN_MAX = 6  # instruments of a correlation that fit 80 columns
_LEGEND = (
    "VaR: what is lost with probability 1 - level in one bar; CVaR: the mean loss beyond it; both "
    "of the last window. Past: each bar against the window before it. p: by Monte Carlo, of Kupiec "
    "(how many), independence (no clusters) and both; under 0.05 a right model would rarely look "
    "so. None of it says what has not happened yet."
)


def sheet_text(sheet: RiskSheet) -> str:
    """The whole sheet, at most 80 columns wide."""
    lines: list[str] = []
    if sheet.seed is not None:
        lines += [f"SIMULATED market, seed {sheet.seed}: these bars never happened.", ""]
    groups: list[tuple[str, Iterable[str]]] = [
        ("Risk", _about(sheet)),
        (f"Value at risk at {sheet.level:.4g}, by method", _by_method(sheet)),
        ("Worst windows", _windows(sheet.windows)),
        ("Shocks", _shocks(sheet)),
        ("Drawdown", _drawdown(sheet)),
        ("Getting out", _liquidity(sheet)),
    ]
    if sheet.components is not None and sheet.moves is not None:
        groups.append(("Who brings the risk (historical)", _components(sheet.components.frame)))
        shrunk = f"Correlation, shrunk by {sheet.moves.shrinkage:.3f}"
        groups.append((shrunk, _correlation(sheet)))
    for title, rows in groups:
        lines += [title, *(f"  {row}".rstrip() for row in rows), ""]
    return "\n".join([*lines, *textwrap.wrap(_LEGEND, WIDTH)])


def sheet_json(sheet: RiskSheet) -> str:
    """The whole sheet as one JSON object on one line; what cannot be told is null."""
    described = {
        "instruments": list(sheet.instruments),
        "weights": list(sheet.weights),
        "simulated": sheet.seed is not None,
        "seed": sheet.seed,
        "interval_ns": sheet.interval_ns,
        "first_ns": int(sheet.open_ns[0]),
        "last_ns": int(sheet.open_ns[-1]) + sheet.interval_ns,
        "returns": len(sheet.returns),
        "level": sheet.level,
        "window": sheet.window,
        "methods": {one.method: _described(one) for one in sheet.methods},
        "drawdown": asdict(sheet.drawdown),
        "worst_windows": _rows(sheet.windows),
        "shocks": _rows(sheet.shocks),
        "liquidity": _rows(sheet.liquidity),
        "components": None if sheet.components is None else _rows(sheet.components.frame),
        "correlation": None
        if sheet.moves is None
        else {"shrinkage": sheet.moves.shrinkage, "rows": _rows(sheet.moves.frame())},
    }
    return json.dumps(described, allow_nan=False)


def _described(one: MethodRisk) -> dict[str, object]:
    past = one.past
    return {
        "now": None if one.now is None else asdict(one.now),
        "past": None
        if past is None
        else {"refit": past.refit, "fell_back": past.fell_back, **asdict(past.coverage)},
        "refused": one.refused,
    }


def _rows(frame: pl.DataFrame) -> list[dict[str, object]]:
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    return frame.with_columns(pl.col(times).dt.epoch("ns")).to_dicts()


def _about(sheet: RiskSheet) -> Iterator[str]:
    shown = ", ".join(sheet.instruments)
    equal = f", {1 / len(sheet.instruments):.3g} of each" if len(sheet.instruments) > 1 else ""
    yield from _label("held", shown + equal)
    first, last = utc_text(int(sheet.open_ns[0])), utc_text(int(sheet.open_ns[-1]))
    bars = f"{len(sheet.open_ns):,} of {interval_text(sheet.interval_ns)}, {first} to {last}"
    yield from _label("bars", bars)
    gaps = _gaps(sheet)
    yield from _label("gaps", f"{gaps:,}; treated as continuous" if gaps else "none in the bars")


def _gaps(sheet: RiskSheet) -> int:
    steps = sheet.open_ns[1:] - sheet.open_ns[:-1]
    return int((steps > sheet.interval_ns).sum())


def _by_method(sheet: RiskSheet) -> Iterator[str]:
    yield f"{'':14}{'':>10}{'':>10}{'in the past':>18}{'p':>10}"
    heads = ("VaR", "CVaR", "worse", "expected", "Kupiec", "indep.", "both")
    widths = (10, 10, 8, 10, 8, 8, 8)
    yield f"{'method':14}" + "".join(
        f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)
    )
    notes = []
    for one in sheet.methods:
        if one.now is None or one.past is None:
            yield f"{one.method:14}{'-':>10}{'-':>10}"
            notes.append(f"{one.method}: {one.refused}")
            continue
        seen = one.past.coverage
        yield (
            f"{one.method:14}{_percent(one.now.value_at_risk):>10}"
            f"{_percent(one.now.expected_shortfall):>10}{seen.violations:>8,}"
            f"{seen.expected:>10,.1f}{_chances(seen)}"
        )
        anew = f"; in the past fitted anew every {one.past.refit:,} bars" if one.fitted else ""
        notes.append(f"{one.method}: {one.now.assumed}{anew}")
        if one.past.fell_back:
            notes.append(f"historical stood in for it in {one.past.fell_back:,} bars of the past")
    judged = next((one.past.coverage.n for one in sheet.methods if one.past is not None), 0)
    notes.append(f"a window is {sheet.window:,} bars; {judged:,} bars were judged")
    for note in notes:
        yield from textwrap.wrap(note, WIDTH - 2, subsequent_indent="  ")


def _chances(seen: Coverage) -> str:
    ratios = (seen.kupiec, seen.independence, seen.conditional)
    return "".join(f"{ratio.p_monte_carlo:>8.3f}" for ratio in ratios)


def _windows(frame: pl.DataFrame) -> Iterator[str]:
    yield f"{'bars':>6}  {'from':<18}{'to':<18}{'return':>10}"
    for row in frame.iter_rows(named=True):
        opened, ended = (f"{row[name]:%Y-%m-%dT%H:%MZ}" for name in ("opened", "ended"))
        yield f"{row['bars']:>6,}  {opened:<18}{ended:<18}{_percent(row['return']):>10}"


def _shocks(sheet: RiskSheet) -> Iterator[str]:
    summed = sheet.shocks.group_by("scenario", maintain_order=True).agg(pl.col("return").sum())
    for scenario, made in summed.iter_rows():
        yield f"{scenario:<18}{_percent(made):>10} of what is held"


def _drawdown(sheet: RiskSheet) -> Iterator[str]:
    fallen = sheet.drawdown
    ended = "not yet ended" if fallen.recovered_row is None else "ended"
    trough = utc_text(int(sheet.open_ns[fallen.trough_row]) + sheet.interval_ns)
    yield from _label("deepest", f"{_percent(fallen.deepest)} at {trough}, {ended}")
    yield from _label("longest", f"{fallen.longest:,} bars")
    yield from _label("CDaR", f"{_percent(fallen.conditional)} at {fallen.level:g}")
    yield from _label("ulcer index", _percent(fallen.ulcer))


def _liquidity(sheet: RiskSheet) -> Iterator[str]:
    yield f"{'instrument':<28}{'position':>14}{'volume a day':>18}{'minutes':>14}"
    for row in sheet.liquidity.iter_rows(named=True):
        minutes = "never" if row["minutes"] is None else f"{row['minutes']:,.2f}"
        yield (
            f"{row['instrument'][:27]:<28}{row['position']:>14,.2f}"
            f"{row['volume_a_day']:>18,.0f}{minutes:>14}"
        )
    share = sheet.liquidity["share"][0]
    yield f"at {share:.0%} of the median bar's volume"


def _components(frame: pl.DataFrame) -> Iterator[str]:
    yield f"{'instrument':<28}{'weight':>9}{'of VaR':>10}{'of CVaR':>10}{'without it':>12}"
    for row in frame.iter_rows(named=True):
        yield (
            f"{row['instrument'][:27]:<28}{_percent(row['weight']):>9}{_part(row['share']):>10}"
            f"{_part(row['share_shortfall']):>10}{_percent(-row['incremental']):>12}"
        )


def _correlation(sheet: RiskSheet) -> Iterator[str]:
    moves = sheet.moves
    if moves is None:
        return
    for at, name in enumerate(moves.names[:_SHOWN_MAX]):
        cells = "".join(f"{value:>7.2f}" for value in moves.correlation[at, :_SHOWN_MAX])
        yield f"{name[:30]:<32}{cells}"
    if len(moves.names) > _SHOWN_MAX:
        yield f"{len(moves.names) - _SHOWN_MAX} more in --json"


def _label(label: str, value: str) -> list[str]:
    return textwrap.wrap(
        value, WIDTH - 2, initial_indent=f"{label:<18}", subsequent_indent=" " * 18
    )


def _percent(value: float) -> str:
    return f"{value * 100:,.2f} %"


def _part(share: float | None) -> str:
    return "-" if share is None else _percent(share)
