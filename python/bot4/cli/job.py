"""From what was typed, and a configuration file where there is one, to what research runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot4.config import SIMULATED, BacktestConfig, StrategyTable, read_backtest
from bot4.errors import ConfigError, ParameterError, StrategyError
from bot4.history.bars import Span, span
from bot4.history.simulated import SimulatedMarket, simulated
from bot4.research.backtest import (
    CASH,
    FEE_BPS,
    RISK_PROFILE,
    SLIPPAGE_BPS,
    Account,
    account,
)
from bot4.research.seats import Leg
from bot4.strategy import StrategyTemplate, find, registered
from bot4.strategy_file import load

Given = TypeVar("Given")
Other = TypeVar("Other")

SEED = 7
BARS = 10_000


@dataclass(frozen=True, slots=True)
class Typed:
    """The options of ``bot4 backtest`` as they were typed; None where one was left out."""

    target: str | None = None
    strategy: str | None = None
    settings: Sequence[str] = ()
    data: str | None = None
    seed: int | None = None
    bars: int | None = None
    cash: str | None = None
    fee_bps: str | None = None
    slippage_bps: str | None = None
    risk: str | None = None
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What a backtest needs, checked as far as that goes without reading history."""

    legs: tuple[Leg, ...]
    source: SimulatedMarket | str
    account: Account
    within: Span
    notice: str | None = None


def job(typed: Typed) -> Job:
    """Put a job together; what was typed wins over the file. Raises a Bot4Error."""
    suffix = Path(typed.target).suffix.lower() if typed.target else ""
    if suffix == ".toml":
        return _configured(typed, read_backtest(Path(str(typed.target))))
    if typed.target is not None and suffix != ".py":
        known = typed.target in registered()
        hint = f"--strategy {typed.target}" if known else "a file NAME.py or NAME.toml"
        raise StrategyError(f"{typed.target!r} is not a strategy file; give {hint}")
    source, notice = _source(typed, SIMULATED, SEED, BARS)
    return Job(
        legs=(Leg(_named(typed)(**_settings(typed.settings))),),
        source=source,
        account=account(
            _or(typed.cash, CASH),
            _or(typed.fee_bps, FEE_BPS),
            _or(typed.slippage_bps, SLIPPAGE_BPS),
            typed.risk or RISK_PROFILE,
        ),
        within=span(typed.since, typed.until),
        notice=None if typed.data else notice,
    )


def _configured(typed: Typed, config: BacktestConfig) -> Job:
    table = config.backtest
    if table.data != SIMULATED and (table.seed is not None or table.bars is not None):
        raise ConfigError(
            f'{typed.target}: backtest.seed and bars are for data = "{SIMULATED}"; leave them out'
        )
    source, _ = _source(typed, table.data, _or(table.seed, SEED), _or(table.bars, BARS))
    return Job(
        legs=_legs(typed, config.strategy),
        source=source,
        account=account(
            _or(typed.cash, table.cash),
            _or(typed.fee_bps, table.fee_bps),
            _or(typed.slippage_bps, table.slippage_bps),
            typed.risk or config.risk.profile,
            config.risk.limits,
        ),
        within=span(_or(typed.since, table.since), _or(typed.until, table.until)),
    )


def _legs(typed: Typed, tables: Sequence[StrategyTable]) -> tuple[Leg, ...]:
    written = [(table, _template(table)) for table in tables]
    if typed.strategy is not None:
        written = [pair for pair in written if pair[1].name == typed.strategy]
        if not written:
            return (Leg(find(typed.strategy)(**_settings(typed.settings))),)
    settings = _settings(typed.settings)
    if settings and len(written) > 1:
        raise ParameterError(
            f"{typed.target} has {len(written)} strategies; --set needs --strategy to choose one"
        )
    return tuple(
        Leg(template(**{**table.set, **settings}), table.instruments, table.allocation)
        for table, template in written
    )


def _template(table: StrategyTable) -> StrategyTemplate:
    return load(table.file, table.name) if table.file else find(str(table.name))


def _named(typed: Typed) -> StrategyTemplate:
    if typed.target is not None:
        return load(Path(typed.target), typed.strategy)
    if typed.strategy is None:
        known = ", ".join(registered())
        raise StrategyError(f"say which strategy to run: --strategy NAME ({known}) or NAME.py")
    return find(typed.strategy)


def _settings(settings: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"--set {setting!r} is not NAME=VALUE, such as --set fast=10")
        pairs[name.strip()] = value.strip()
    return pairs


def _source(
    typed: Typed, data: str, seed: int, bars: int
) -> tuple[SimulatedMarket | str, str | None]:
    chosen = typed.data or data
    if chosen != SIMULATED:
        if typed.seed is not None or typed.bars is not None:
            raise ParameterError(f"--seed and --bars are for --data {SIMULATED}; leave them out")
        return chosen, None
    market = simulated(_or(typed.bars, bars), _or(typed.seed, seed))
    return market, f"no --data given: running on a SIMULATED market, seed {market.seed}"


def _or(given: Given | None, otherwise: Other) -> Given | Other:
    return otherwise if given is None else given
