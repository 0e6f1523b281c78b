"""``[strategy.sizing]``: the ways in which what a strategy wants is sized, and their parameters.

What each computes is said in sizing.py of the package, by the same names; here is what a
configuration may say, and what holds where it says nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot4 import settings
from bot4.errors import ParameterError, known_names

Positive = Annotated[float, Field(strict=True, gt=0, le=settings.SIZE_MAX)]
Least = Annotated[float, Field(strict=True, ge=0, le=settings.SIZE_MAX)]
Part = Annotated[float, Field(strict=True, gt=0, lt=1)]
Whole = Annotated[float, Field(strict=True, gt=0, le=1)]
Horizon = Annotated[int, Field(strict=True, ge=1, le=settings.SIZING_BARS_MAX)]
Bars = Annotated[int, Field(strict=True, ge=2, le=settings.SIZING_BARS_MAX)]
RankedBars = Annotated[int, Field(strict=True, ge=2, le=settings.RANKED_BARS_MAX)]
Periods = Annotated[float, Field(strict=True, gt=0, le=settings.PERIODS_MAX)] | None

_POSITIVE = f"a number above 0, at most {settings.SIZE_MAX:g}"
_LEAST = f"a number from 0 to {settings.SIZE_MAX:g}"
_PART = "a fraction above 0 and below 1"
_BARS = f"a whole number of bars from 2 to {settings.SIZING_BARS_MAX}"
_RANKED_BARS = f"a whole number of bars from 2 to {settings.RANKED_BARS_MAX}"
_PERIODS = "how many bars a year has: a number above 0; without it, told by the bars (365 days)"
_CAP = f"the most that is held, as a fraction of the equity: {_POSITIVE}"
_DEADBAND = f"how far a size moves before it is traded, as a fraction of the equity: {_LEAST}"


class SizingTable(BaseModel):
    """What every way of sizing has."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cap: Positive = Field(default=settings.SIZE_CAP, description=_CAP)
    deadband: Least = Field(default=0.0, description=_DEADBAND)

    @property
    def values(self) -> dict[str, Any]:
        """``{"method": "vol_target", "target": 0.2, ...}``: own parameters first, None as well."""
        return {name: getattr(self, name) for name in _ordered(type(self))}

    @property
    def is_steady(self) -> bool:
        """Whether a size stays as it is from entry to exit, however the market moves."""
        return self.deadband >= self.cap or self.name == "fixed_fraction"

    @property
    def name(self) -> str:
        """The name of the method."""
        return str(self.values["method"])

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter with its value, the method's name left out."""
        return {name: value for name, value in self.values.items() if name != "method"}

    def text(self) -> str:
        """As people write it: ``vol_target(target=0.2, n=60, cap=1)``; what is not set left out."""
        said = ((name, value) for name, value in self.parameters.items() if value is not None)
        return f"{self.name}({', '.join(f'{name}={_shown(value)}' for name, value in said)})"


class FixedFraction(SizingTable):
    """``fixed_fraction``: always the same part of the equity."""

    method: Literal["fixed_fraction"] = Field(description='"fixed_fraction"')
    fraction: Positive = Field(description=f"a fraction of the equity: {_POSITIVE}")


class VolTarget(SizingTable):
    """``vol_target``: as much as has the volatility that is wanted."""

    method: Literal["vol_target"] = Field(description='"vol_target"')
    target: Positive = Field(description=f"a volatility a year, 0.2 for 20 %: {_POSITIVE}")
    n: Bars = Field(default=settings.VOLATILITY_BARS, description=_BARS)
    estimator: Literal["std", "ewma"] = Field(default="std", description='"std" or "ewma"')
    periods_per_year: Periods = Field(default=None, description=_PERIODS)


class RiskSize(SizingTable):
    """``risk_size``: as much as loses the risk at a stop that lies so many true ranges away."""

    method: Literal["risk_size"] = Field(description='"risk_size"')
    risk: Part = Field(description=f"what a stop may cost of the equity: {_PART}")
    atr: Bars = Field(default=settings.ATR_BARS, description=_BARS)
    multiple: Positive = Field(
        default=settings.ATR_MULTIPLE, description=f"how many true ranges away: {_POSITIVE}"
    )


class Kelly(SizingTable):
    """``kelly``: a part of what would have grown fastest, less what the estimate is unsure of."""

    method: Literal["kelly"] = Field(description='"kelly"')
    fraction: Whole = Field(
        default=settings.KELLY_FRACTION, description="a part of Kelly's size above 0, at most 1"
    )
    n: Bars = Field(default=settings.KELLY_BARS, description=_BARS)
    rate: Least = Field(default=0.0, description=f"a riskless return a year: {_LEAST}")
    shrink: Annotated[bool, Field(strict=True)] = Field(default=True, description="true or false")
    periods_per_year: Periods = Field(default=None, description=_PERIODS)


class _Budget(SizingTable):
    budget: Part = Field(description=f"a loss as a fraction of the equity: {_PART}")
    n: RankedBars = Field(default=settings.LOSS_BARS, description=_RANKED_BARS)
    horizon: Horizon = Field(default=1, description="a whole number of bars, at least 1")
    estimator: Literal["std", "ewma", "historical"] = Field(
        default="historical", description='"std", "ewma" or "historical"'
    )


class VarBudget(_Budget):
    """``var_budget``: as much as loses the budget at the level."""

    method: Literal["var_budget"] = Field(description='"var_budget"')
    level: Part = Field(default=settings.VAR_LEVEL, description=_PART)


class CvarBudget(_Budget):
    """``cvar_budget``: as much as loses the budget in the mean of what lies beyond the level."""

    method: Literal["cvar_budget"] = Field(description='"cvar_budget"')
    level: Part = Field(default=settings.CVAR_LEVEL, description=_PART)


class DrawdownScale(SizingTable):
    """``drawdown_scale``: less the further the equity lies below its peak."""

    method: Literal["drawdown_scale"] = Field(description='"drawdown_scale"')
    start: Annotated[float, Field(strict=True, ge=0, lt=1)] = Field(
        description="the drawdown from which on it holds less: a fraction from 0, below 1"
    )
    stop: Whole = Field(description="the drawdown at which it holds nothing: above start, up to 1")
    n: Bars | None = Field(
        default=None, description=f"{_BARS} that a peak is remembered for; without it, for ever"
    )

    @model_validator(mode="after")
    def _stops_after_it_starts(self) -> "DrawdownScale":
        if self.stop <= self.start:
            raise ValueError(f"stop is {self.stop:g}; it must lie above start, {self.start:g}")
        return self


Sizing = Annotated[
    FixedFraction | VolTarget | RiskSize | Kelly | VarBudget | CvarBudget | DrawdownScale,
    Field(discriminator="method"),
]

SIZINGS: dict[str, type[SizingTable]] = {
    "fixed_fraction": FixedFraction,
    "vol_target": VolTarget,
    "risk_size": RiskSize,
    "kelly": Kelly,
    "var_budget": VarBudget,
    "cvar_budget": CvarBudget,
    "drawdown_scale": DrawdownScale,
}


def sizing(method: str, parameters: Mapping[str, object]) -> SizingTable:
    """A way of sizing by its name, its parameters checked. Raises ParameterError."""
    if method not in SIZINGS:
        near = known_names(method, SIZINGS)
        raise ParameterError(f"there is no sizing {method!r}; {near}")
    fields = SIZINGS[method].model_fields
    try:
        return SIZINGS[method].model_validate({**parameters, "method": method})
    except ValidationError as error:
        problem = error.errors()[0]
    name = str(problem["loc"][0]) if problem["loc"] else ""
    match problem["type"]:
        case "value_error":
            words = f"{method}: {problem['ctx']['error']}"
        case "extra_forbidden":
            words = f"{method} has no parameter {name!r}; {known_names(name, fields)}"
        case "missing":
            words = f"{method} needs the parameter {name}: {fields[name].description}"
        case _:
            given = settings.shown(problem["input"])
            words = f"{method}: {name} is {given}; allowed: {fields[name].description}"
    raise ParameterError(words)


def described(table: type[SizingTable]) -> Iterable[tuple[str, bool, object, str]]:
    """Of each parameter its name, whether it must be given, its default, and what it may be."""
    for name in _ordered(table):
        if name != "method":
            one = table.model_fields[name]
            default = None if one.is_required() else one.default
            yield name, one.is_required(), default, str(one.description)


def _ordered(table: type[SizingTable]) -> list[str]:
    """The names of the parameters, what every method has at the end."""
    return sorted(table.model_fields, key=lambda name: name in SizingTable.model_fields)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value}"
