"""Run strategies over history in the engine. Here settings become exact, and errors get a place.

No arithmetic on money happens in Python: amounts and rates cross the border as decimal text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot4 import _engine
from bot4.config.sizing import SizingTable
from bot4.errors import InvariantError, ParameterError, RiskError, StrategyError, known_names
from bot4.history.bars import MarketHistory, load, span
from bot4.history.times import Moment
from bot4.research import money
from bot4.research.metrics import STRATEGIES_JOINED_BY, Metrics, metrics
from bot4.research.progress import Progress, progress_bar
from bot4.research.result import BacktestResult
from bot4.research.seating import calls_classes, seat, strategies_called
from bot4.research.seats import Leg, Seat, names, seats
from bot4.settings import CASH, FEE_BPS, RISK_PROFILE, SLIPPAGE_BPS, Number, decimal
from bot4.strategy import (
    ConfiguredStrategy,
    Strategy,
    StrategyTemplate,
    find,
)

# How far the engine goes between two looks at the clock and at Ctrl-C; both take under 0.1 s.
_CHUNK_BARS_EXPRESSION = 100_000
_CHUNK_BARS_CLASS = 5_000

# A decorated class is a template when it runs, and still a class to a type checker.
Runnable = ConfiguredStrategy | StrategyTemplate | str | Strategy | type[Strategy]
Limit = str | int | float | bool | Decimal


@dataclass(frozen=True, slots=True)
class Account:
    """What a backtest assumes of money and risk; every number exact."""

    cash: Decimal
    fee_rate: Decimal
    slippage_rate: Decimal
    profile: str
    limits: Mapping[str, str | bool]


def backtest(
    strategy: Runnable | Sequence[Runnable],
    data: object,
    *,
    cash: Number = CASH,
    fee_bps: Number = FEE_BPS,
    slippage_bps: Number = SLIPPAGE_BPS,
    risk: str = RISK_PROFILE,
    limits: Mapping[str, Limit] | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    progress: Progress = False,
    journal: bool = False,
) -> BacktestResult:
    """Run a strategy over history and return what came of it; of several, a list.

    Several share the equity in equal parts. Where they trade one instrument, each holds its own
    share, and what they want against each other is crossed at the bar's close for no fee.
    `data` is a path (file, folder, pattern), a table of OHLCV bars, or ``b4.simulated()``; on
    several instruments the strategy runs on each, with equal parts of the equity. `cash` is in
    quote currency; fee and slippage are in basis points of notional; `risk` names a profile and
    `limits` replaces single limits of it. Orders fill at the next bar's open. `progress` draws a
    bar on a terminal for runs above half a second. Raises a Bot4Error that says what to do.
    """
    _check_switches(progress, journal)
    legs = [Leg(one) for one in _each(strategy)]
    account_asked = account(cash, fee_bps, slippage_bps, risk, limits)
    market = load(data, within=span(since, until))
    return run(legs, market, account_asked, progress=progress, journal=journal)


def account(
    cash: Number,
    fee_bps: Number,
    slippage_bps: Number,
    profile: str,
    limits: Mapping[str, Limit] | None = None,
) -> Account:
    """Check what a backtest assumes of money and risk. Raises ParameterError or RiskError."""
    profiles = _engine.risk_profiles()
    if not isinstance(profile, str):
        raise ParameterError(f"risk is {profile!r}; give the name of a profile, in quotes")
    if not isinstance(limits, Mapping | None):
        raise ParameterError(f"limits is {limits!r}; give values by name: {{'position_max': 0.1}}")
    if profile not in profiles:
        near = known_names(profile, profiles)
        raise RiskError(f"there is no risk profile {profile!r}; {near}")
    return Account(
        money.cash(cash),
        money.rate(fee_bps, "fee_bps"),
        money.rate(slippage_bps, "slippage_bps"),
        profile,
        {name: _limit(name, value) for name, value in (limits or {}).items()},
    )


def run(
    legs: Sequence[Leg],
    market: MarketHistory,
    account: Account,
    *,
    progress: Progress = False,
    journal: bool = False,
) -> BacktestResult:
    """Run several strategies on one account. Those on one instrument hold a share of it each.

    Raises ConfigError where they do not fit together, StrategyError where one raises.
    """
    instruments = [history.instrument for history in market.instruments]
    taken, named = seats(legs, instruments), names(legs, instruments)
    engine = _engine.Backtest(
        [history.bars for history in market.instruments],
        cash=money.text(account.cash),
        fee_rate=money.text(account.fee_rate),
        slippage_rate=money.text(account.slippage_rate),
        profile=account.profile,
        limits=dict(account.limits),
        journal=journal,
    )
    seat(engine, taken)
    _go(engine, taken, progress)
    traded = [one.instrument for one in taken]
    return BacktestResult(engine, market, _metrics(engine, (legs, named), market, account, traded))


def _each(strategy: Runnable | Sequence[Runnable]) -> list[ConfiguredStrategy]:
    if isinstance(strategy, Sequence) and not isinstance(strategy, str):
        return [_configured(one) for one in strategy]
    return [_configured(strategy)]


def _configured(strategy: Runnable) -> ConfiguredStrategy:
    if isinstance(strategy, str):
        return find(strategy)()
    if isinstance(strategy, StrategyTemplate):
        return strategy()
    if isinstance(strategy, ConfiguredStrategy):
        return strategy
    raise StrategyError(
        f"{strategy!r} is not a strategy; put @b4.strategy over it and call it with its parameters"
    )


def _check_switches(progress: object, journal: object) -> None:
    if not (isinstance(progress, bool) or progress == "always"):
        raise ParameterError(f"progress is {progress!r}; allowed: True, False or 'always'")
    if not isinstance(journal, bool):
        raise ParameterError(f"journal is {journal!r}; allowed: True or False")


def _limit(name: str, value: Limit) -> str | bool:
    known = _engine.risk_limits()
    if name not in known:
        raise RiskError(f"there is no risk limit {name!r}; {known_names(name, known)}")
    return value if isinstance(value, bool) else money.text(decimal(value, f"limit {name}"))


def _go(engine: _engine.Backtest, taken: Sequence[Seat], progress: Progress) -> None:
    with progress_bar(engine.bars, progress) as show:
        done = 0
        while done < engine.bars:
            before, done = done, _step(engine, taken)
            show(done)
            if done <= before:
                raise InvariantError(f"the engine stopped at bar {done} of {engine.bars}")


def _step(engine: _engine.Backtest, taken: Sequence[Seat]) -> int:
    chunk = _CHUNK_BARS_CLASS if calls_classes(taken) else _CHUNK_BARS_EXPRESSION
    with strategies_called(engine, taken):
        return engine.run(chunk)


def _metrics(
    engine: _engine.Backtest,
    called: tuple[Sequence[Leg], Sequence[str]],
    market: MarketHistory,
    account: Account,
    traded: Sequence[str],
) -> Metrics:
    histories = [one.bars for one in market.instruments if one.instrument in traded]
    asked: dict[str, object] = {
        "strategy": STRATEGIES_JOINED_BY.join(called[1]),
        "params": _params(*called),
        "sizing": [None if one is None else one.values for one in _sizings(called[0])],
        "instruments": [bars.instrument for bars in histories],
        "instruments_total": len(market.instruments),
        "simulated": market.seed is not None,
        "seed": market.seed,
        "cash": float(account.cash),
        "fee_bps": float(account.fee_rate.scaleb(4)),
        "slippage_bps": float(account.slippage_rate.scaleb(4)),
        "limits": {**_engine.risk_profiles()[account.profile], **account.limits},
        "refusals": engine.refusals(),
        "clips": engine.clips(),
        "gaps": sum(bars.gaps for bars in histories),
        "gap_max_ns": max(bars.gap_max_ns for bars in histories),
        "interval_ns": min(bars.interval_ns for bars in histories),
    }
    return metrics(asked, engine.report())


def _sizings(legs: Sequence[Leg]) -> list[SizingTable | None]:
    return [leg.strategy.sizing for leg in legs]


def _params(
    legs: Sequence[Leg], named: Sequence[str]
) -> dict[str, object] | list[dict[str, object]]:
    """Of one strategy its parameters; of several by their names, or in order where names meet."""
    each = [dict(leg.strategy.params) for leg in legs]
    if len(each) == 1:
        return each[0]
    by_name: dict[str, object] = dict(zip(named, each, strict=True))
    return by_name if len(by_name) == len(each) else each
