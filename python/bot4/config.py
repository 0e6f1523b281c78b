"""The only reader of configuration files. A file becomes a frozen model, or one line of error.

What the settings mean is for others to say; here they are typed, complete, and free of surprises.
The environment is not read at all yet: nothing needs a secret before there is a venue.
"""

import tomllib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bot4.errors import ConfigError, known_names

SIMULATED = "simulated"
DEFAULT_PROFILE = "default"


def _exact(value: object) -> object:
    """TOML's numbers as they were written; Decimal(0.1) would not be."""
    return str(value) if isinstance(value, float) else value


Exact = Annotated[Decimal, BeforeValidator(_exact)]
Bps = Annotated[Exact, Field(ge=0, le=10_000)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class BacktestTable(_Table):
    """``[backtest]``: the history to run on, the money to run with."""

    data: str = SIMULATED
    seed: Annotated[int, Field(ge=0)] | None = None
    bars: Annotated[int, Field(ge=2, le=10_000_000)] | None = None
    cash: Annotated[Exact, Field(gt=0)] = Decimal(10_000)
    fee_bps: Bps = Decimal(10)
    slippage_bps: Bps = Decimal(1)
    since: datetime | date | str | None = None
    until: datetime | date | str | None = None


class StrategyTable(_Table):
    """``[[strategy]]``: one strategy, by name or file; its instruments, allocation and settings."""

    name: str | None = None
    file: Path | None = None
    instruments: tuple[str, ...] | None = None
    allocation: Annotated[Exact, Field(gt=0, le=1)] | None = None
    set: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_name_or_file(self) -> "StrategyTable":
        if self.name is None and self.file is None:
            raise ValueError("give a name or a file")
        return self


class RiskTable(_Table):
    """``[risk]``: the profile, and single limits of it replaced by name."""

    profile: str = DEFAULT_PROFILE
    limits: dict[str, bool | Exact] = Field(default_factory=dict)


class BacktestConfig(_Table):
    """A whole configuration of one backtest."""

    backtest: BacktestTable = BacktestTable()
    strategy: Annotated[tuple[StrategyTable, ...], Field(min_length=1)]
    risk: RiskTable = RiskTable()


def read_backtest(path: Path) -> BacktestConfig:
    """Read a TOML file; relative paths in it start at its folder. Raises ConfigError, one line."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no configuration file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    try:
        config = BacktestConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first(error)}") from error
    return _beside(config, path.parent)


def _beside(config: BacktestConfig, folder: Path) -> BacktestConfig:
    """The configuration with its relative paths joined to the folder it was read from."""
    table = config.backtest
    if table.data != SIMULATED:
        data = str(folder / Path(table.data).expanduser())
        table = table.model_copy(update={"data": data})
    strategies = tuple(
        one if one.file is None else one.model_copy(update={"file": folder / one.file.expanduser()})
        for one in config.strategy
    )
    return config.model_copy(update={"backtest": table, "strategy": strategies})


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    key = ".".join(str(part + 1 if isinstance(part, int) else part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        wrong = str(problem["loc"][-1])
        return f"unknown key {key}; {known_names(wrong, _keys(problem['loc'][:-1]))}"
    if problem["type"] == "missing":
        return f"{key} is missing; a backtest needs at least one [[strategy]]"
    said = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    shown = "" if isinstance(problem["input"], dict) else f" is {problem['input']!r}"
    return f"{key}{shown}; allowed: {said}" if shown else f"{key}: {said}"


def _keys(place: tuple[int | str, ...]) -> list[str]:
    tables: dict[str, type[BaseModel]] = {
        "backtest": BacktestTable,
        "strategy": StrategyTable,
        "risk": RiskTable,
    }
    table = tables[str(place[0])] if place else BacktestConfig
    return list(table.model_fields)
