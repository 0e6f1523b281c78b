"""From what was typed, and a configuration file where there is one, to what research runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TypeVar

from bot4.config import Config, StrategyTable, read_backtest
from bot4.errors import Bot4Error, ConfigError, ParameterError, StrategyError
from bot4.history.bars import Span, span
from bot4.history.simulated import SimulatedMarket, simulated
from bot4.paths import written
from bot4.research.backtest import Account, account
from bot4.research.seats import Leg
from bot4.settings import BARS, CASH, FEE_BPS, RISK_PROFILE, SEED, SIMULATED, SLIPPAGE_BPS
from bot4.strategy import ConfiguredStrategy, StrategyTemplate, find, registered
from bot4.strategy_file import load

Given = TypeVar("Given")
Other = TypeVar("Other")


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
    _refuse_empty(typed)
    target = None if typed.target is None else written(typed.target)
    suffix = "" if target is None else target.suffix.lower()
    if target is not None and suffix == ".toml":
        return _configured(typed, read_backtest(target))
    if target is not None and suffix != ".py":
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
            _or(typed.risk, RISK_PROFILE),
        ),
        within=span(typed.since, typed.until),
        notice=None if typed.data is not None else notice,
    )


def _refuse_empty(typed: Typed) -> None:
    """An empty text is a slip, such as an unset variable of a shell: never the default."""
    for field in fields(typed):
        value = getattr(typed, field.name)
        if isinstance(value, str) and not value.strip():
            option = f"--{field.name.replace('_', '-')}"
            name = "the name of the file" if field.name == "target" else option
            raise ParameterError(f"{name} is empty: give a value or leave it out")


def _configured(typed: Typed, config: Config) -> Job:
    table = config.backtest
    if table.data != SIMULATED and (table.seed is not None or table.bars is not None):
        raise ConfigError(
            f'{typed.target}: backtest.seed and bars are for data = "{SIMULATED}"; leave them out'
        )
    source, _ = _source(typed, table.data, _or(table.seed, SEED), _or(table.bars, BARS))
    money = (typed.cash, typed.fee_bps, typed.slippage_bps, typed.risk)
    with _blaming(typed.target, unless=(typed.strategy, *typed.settings)):
        legs = _legs(typed, config.strategy)
    with _blaming(typed.target, unless=money):
        assumed = account(
            _or(typed.cash, table.cash),
            _or(typed.fee_bps, table.fee_bps),
            _or(typed.slippage_bps, table.slippage_bps),
            _or(typed.risk, config.risk.profile),
            config.risk.values,
        )
    with _blaming(typed.target, unless=(typed.since, typed.until)):
        within = span(_or(typed.since, table.since), _or(typed.until, table.until))
    return Job(legs=legs, source=source, account=assumed, within=within)


@contextmanager
def _blaming(file: str | None, unless: Sequence[str | None]) -> Iterator[None]:
    """Name the file where it says what is wrong, and not where something was typed over it."""
    try:
        yield
    except Bot4Error as error:
        if any(typed is not None for typed in unless):
            raise
        raise type(error)(f"{file}: {error}") from error


def configured_legs(tables: Sequence[StrategyTable]) -> tuple[Leg, ...]:
    """The strategies of a configuration, their parameters checked. Raises a Bot4Error."""
    return _legs(Typed(), tables)


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
        Leg(
            _sized(table, template(**{**table.set, **settings})),
            table.instruments,
            table.allocation,
        )
        for table, template in written
    )


def _sized(table: StrategyTable, strategy: ConfiguredStrategy) -> ConfiguredStrategy:
    return strategy if table.sizing is None else strategy.sized_by(table.sizing)


def _template(table: StrategyTable) -> StrategyTemplate:
    return load(table.file, table.name) if table.file else find(str(table.name))


def _named(typed: Typed) -> StrategyTemplate:
    if typed.target is not None:
        return load(written(typed.target), typed.strategy)
    if typed.strategy is None:
        known = ", ".join(registered())
        raise StrategyError(f"say which strategy to run: --strategy NAME ({known}) or NAME.py")
    return find(typed.strategy)


def _settings(settings: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"--set {setting!r} is not NAME=VALUE, such as --set fast=10")
        if name.strip() in pairs:
            raise ParameterError(f"--set {name.strip()} is given twice; give it once")
        pairs[name.strip()] = value.strip()
    return pairs


def _source(
    typed: Typed, data: str, seed: int, bars: int
) -> tuple[SimulatedMarket | str, str | None]:
    chosen = _or(typed.data, data)
    if chosen != SIMULATED:
        if typed.seed is not None or typed.bars is not None:
            raise ParameterError(f"--seed and --bars are for --data {SIMULATED}; leave them out")
        return chosen, None
    market = simulated(_or(typed.bars, bars), _or(typed.seed, seed))
    return market, f"no --data given: running on a SIMULATED market, seed {market.seed}"


def _or(given: Given | None, otherwise: Other) -> Given | Other:
    return otherwise if given is None else given
