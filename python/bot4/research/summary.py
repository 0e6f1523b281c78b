"""The summary of a run, for reading: plain text, at most 80 columns, assumptions included."""

import textwrap
from collections.abc import Iterable

from bot4.history.times import interval_text, utc_text
from bot4.research.metrics import Metrics

WIDTH = 80
_LABEL = 18
_FILES_ASSUMED = ("file:", "frame:", "simulated:")
_CLOSING = "A backtest is in-sample history, not a promise."

Row = tuple[str, str]


def summary_text(metrics: Metrics) -> str:
    """What ran, what came of it, what it cost, what risk did, and what was assumed."""
    lines: list[str] = []
    if metrics.simulated:
        lines += [f"SIMULATED market, seed {metrics.seed}: these bars never happened.", ""]
    groups = (
        ("Backtest", _ran(metrics)),
        ("Return", _returned(metrics)),
        ("Risk", _risked(metrics)),
        ("Trades", _traded(metrics)),
        ("Costs", _cost(metrics)),
        ("Refused and clipped by risk", _refused(metrics)),
        ("Assumptions", _assumed(metrics)),
    )
    for title, rows in groups:
        lines.append(title)
        for label, value in rows:
            lines += _row(label, value)
        lines.append("")
    return "\n".join([*lines, _CLOSING])


def _ran(m: Metrics) -> Iterable[Row]:
    yield "strategy", m.strategy
    yield "parameters", m.parameters_text()
    if any(m.sizing):
        yield "sized by", m.sizing_text()
    untraded = m.instruments_total - len(m.instruments)
    rest = f"; {untraded:,} more in the history, not traded" if untraded else ""
    yield "instruments", ", ".join(m.instruments) + rest
    span = "" if m.first_ns is None or m.last_ns is None else _span(m.first_ns, m.last_ns)
    yield "bars", f"{m.bars:,} of {interval_text(m.interval_ns)}{span}"
    speed = "" if m.bars_per_s is None else f" ({m.bars_per_s:,.0f} bars/s)"
    yield "engine time", "-" if m.elapsed_s is None else f"{m.elapsed_s:.3f} s{speed}"


def _span(first_ns: int, last_ns: int) -> str:
    return f", {utc_text(first_ns)} to {utc_text(last_ns)}"


def _returned(m: Metrics) -> Iterable[Row]:
    yield "final equity", f"{m.final_equity:,.2f} from {m.initial_equity:,.2f}"
    yield "total return", _percent(m.total_return)
    yield "a year (CAGR)", _percent(m.cagr)


def _risked(m: Metrics) -> Iterable[Row]:
    deepest = _percent(m.max_drawdown)
    yield "max drawdown", deepest if m.max_drawdown is None else f"{deepest} at bar closes"
    yield "Sharpe", _ratio(m.sharpe)
    yield "Sortino", _ratio(m.sortino)
    yield "Calmar", _ratio(m.calmar)
    yield "time in market", _percent(m.exposure)
    for component, breaker in m.breakers.items():
        at = utc_text(breaker["ts"])
        yield "breakers", f"{component} {breaker['state']} at {at}: no new risk since"


def _traded(m: Metrics) -> Iterable[Row]:
    still = f" closed, {m.open_trades:,} still open" if m.open_trades else ""
    yield "trades", f"{m.trades:,}{still}"
    if m.open_trades:
        yield "open profit", f"{m.open_profit:,.2f} after their fees so far"
    yield "won", _percent(m.win_rate)
    yield "profit factor", _ratio(m.profit_factor)
    yield "orders, fills", f"{m.orders:,}, {m.fills:,}"
    if m.crosses:
        yield "crossed inside", f"{m.crosses:,} times, {m.crossed:,.2f} of notional without a fee"


def _cost(m: Metrics) -> Iterable[Row]:
    yield "fees paid", f"{m.fees_paid:,.2f} at {m.fee_bps:g} bp of notional"
    yield "turnover", "-" if m.turnover is None else f"{m.turnover:,.1f} times equity a year"


def _refused(m: Metrics) -> Iterable[Row]:
    yield "refused", _counted(m.refused, m.refusals)
    yield "clipped", _counted(m.clipped, m.clips)
    if m.canceled_by_venue:
        yield "canceled by venue", f"{m.canceled_by_venue:,}: more than the account could pay for"
    if m.trading_state.lower() != "active":
        yield "trading state", m.trading_state


def _assumed(m: Metrics) -> Iterable[Row]:
    yield "fill", f"market orders at the next bar's open, slippage {m.slippage_bps:g} bp"
    yield "fee", f"{m.fee_bps:g} bp of notional on every fill"
    if all(name.startswith(_FILES_ASSUMED) for name in m.instruments):
        yield (
            "tick and lot",
            "1e-8 assumed (the lot of a coin under 0.01 is coarser); the bars do not tell the "
            "venue's own",
        )
    yield "risk profile", m.risk_profile
    if m.gaps:
        longest = interval_text(m.gap_max_ns)
        yield "gaps", f"{m.gaps:,} in the bars, the longest {longest}; treated as continuous"
    else:
        yield "gaps", "none in the bars"
    if m.simulated:
        yield "market", f"SIMULATED, seed {m.seed}"


def _row(label: str, value: str) -> list[str]:
    return textwrap.wrap(
        value,
        WIDTH,
        initial_indent=f"  {label:<{_LABEL}}",
        subsequent_indent=" " * (_LABEL + 2),
        break_on_hyphens=False,
    ) or [f"  {label}"]


def _counted(total: int, reasons: dict[str, int]) -> str:
    parts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()) if count)
    return f"{total:,}" + (f": {parts}" if parts else "")


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:,.2f} %"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
