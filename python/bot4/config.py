"""The only reader of configuration files. A file becomes a frozen model, or one line of error.

What the settings mean is for others to say; here they are typed, complete, and free of surprises.
The description of a field says what it allows: it is the end of the message that refuses a value.
The environment is not read at all yet: nothing needs a secret before there is a venue.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StrictBool,
    StrictStr,
    ValidationError,
    model_validator,
)

from bot4 import paths, settings
from bot4.errors import ConfigError, ParameterError, known_names


def _exact(value: object) -> Decimal:
    """TOML's numbers as they were written; Decimal(0.1) would not be."""
    try:
        return settings.decimal(value, "it")
    except ParameterError as error:
        raise ValueError(str(error)) from error


def _filled(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("empty")
    return value


Exact = Annotated[Decimal, BeforeValidator(_exact)]
Bps = Annotated[Exact, Field(ge=0, le=settings.BPS_MAX)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Moment = Annotated[datetime, Strict()] | Annotated[date, Strict()] | StrictStr

_MOMENT = "a date or a time such as 2024-01-31 or 2024-01-31T12:00:00"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BacktestTable(_Table):
    """``[backtest]``: the history to run on, the money to run with."""

    data: Text = Field(default=settings.SIMULATED, description='a path or "simulated", in quotes')
    seed: int | None = Field(default=None, strict=True, ge=0, description=settings.SEED_ALLOWED)
    bars: int | None = Field(
        default=None,
        strict=True,
        ge=settings.BARS_MIN,
        le=settings.BARS_MAX,
        description=settings.BARS_ALLOWED,
    )
    cash: Exact = Field(
        default=Decimal(settings.CASH),
        gt=0,
        le=settings.CASH_MAX,
        description=settings.CASH_ALLOWED,
    )
    fee_bps: Bps = Field(default=Decimal(settings.FEE_BPS), description=settings.BPS_ALLOWED)
    slippage_bps: Bps = Field(
        default=Decimal(settings.SLIPPAGE_BPS), description=settings.BPS_ALLOWED
    )
    since: Moment | None = Field(default=None, description=_MOMENT)
    until: Moment | None = Field(default=None, description=_MOMENT)


class StrategyTable(_Table):
    """``[[strategy]]``: one strategy, by name or file; its instruments, allocation and settings."""

    name: Text | None = Field(default=None, description="the name of a strategy, in quotes")
    file: Annotated[Path, BeforeValidator(_filled)] | None = Field(
        default=None, description="the path of a NAME.py, in quotes"
    )
    instruments: tuple[Text, ...] | None = Field(
        default=None, description='names of instruments, such as ["BTCUSDT"]'
    )
    allocation: Exact | None = Field(
        default=None, gt=0, le=1, description="a fraction of the equity above 0, at most 1"
    )
    set: dict[str, Any] = Field(
        default_factory=dict, description="a table of parameters: [strategy.set]"
    )

    @model_validator(mode="after")
    def _has_name_or_file(self) -> "StrategyTable":
        if self.name is None and self.file is None:
            raise ValueError("give a name or a file")
        return self


class RiskTable(_Table):
    """``[risk]``: the profile, and single limits of it replaced by name."""

    profile: Text = Field(
        default=settings.CONFIGURED_RISK_PROFILE, description="the name of a profile, in quotes"
    )
    limits: dict[str, StrictBool | Exact] = Field(
        default_factory=dict, description="a number, or true or false where the limit is a switch"
    )


class BacktestConfig(_Table):
    """A whole configuration of one backtest."""

    backtest: BacktestTable = Field(default=BacktestTable(), description="a table: [backtest]")
    strategy: tuple[StrategyTable, ...] = Field(
        min_length=1, description="one or more tables: [[strategy]]"
    )
    risk: RiskTable = Field(default=RiskTable(), description="a table: [risk]")


_TABLES: dict[str, type[BaseModel]] = {
    "backtest": BacktestTable,
    "strategy": StrategyTable,
    "risk": RiskTable,
}


def read_backtest(path: Path) -> BacktestConfig:
    """Read a TOML file; relative paths in it start at its folder. Raises ConfigError, one line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no configuration file {path}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {paths.reason(error)}") from error
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    try:
        config = BacktestConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first(error)}") from error
    return _beside(config, path.parent)


def _beside(config: BacktestConfig, folder: Path) -> BacktestConfig:
    """The configuration with its relative paths joined to the folder it was read from."""
    table = config.backtest
    if table.data != settings.SIMULATED:
        table = table.model_copy(update={"data": str(folder / paths.written(table.data))})
    strategies = tuple(
        one
        if one.file is None
        else one.model_copy(update={"file": folder / paths.written(one.file)})
        for one in config.strategy
    )
    return config.model_copy(update={"backtest": table, "strategy": strategies})


def _first(error: ValidationError) -> str:
    """The first problem in words: the key, what stands there, what is allowed."""
    problem = error.errors()[0]
    place = problem["loc"]
    if problem["type"] == "extra_forbidden":
        near = known_names(str(place[-1]), _table(place[:-1]).model_fields)
        return f"unknown key {_key(place)}; {near}"
    if problem["type"] == "missing":
        return f"{_key(place)} is missing; a backtest needs at least one [[strategy]]"
    fields = BacktestConfig.model_fields
    depth = 2 if place[0] == "strategy" else 1
    if len(place) > depth:
        fields, place = _table(place).model_fields, place[: depth + 1 + (place[depth] == "limits")]
    elif problem["type"] == "value_error":
        return f"{_key(place)}: {problem['ctx']['error']}"
    allowed = fields[str(place[depth] if len(place) > depth else place[0])].description
    if place == ("risk", "limits"):
        allowed = "a table: [risk.limits]"
    return f"{_key(place)} is {_shown(problem['input'])}; allowed: {allowed}"


def _key(place: tuple[int | str, ...]) -> str:
    return ".".join(str(part + 1 if isinstance(part, int) else part) for part in place)


def _table(place: tuple[int | str, ...]) -> type[BaseModel]:
    return _TABLES[str(place[0])] if place else BacktestConfig


def _shown(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case date() | time():
            return value.isoformat()
        case str():
            return repr(value)
        case _:
            return f"{value}"
