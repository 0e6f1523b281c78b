"""How a run measures what it may lose, where it has a budget of that; checked before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot4 import _engine
from bot4.config import Config, Method
from bot4.errors import ConfigError
from bot4.history.times import interval_ns, interval_text
from bot4.live.market import Market

BUDGETS = ("var_max", "cvar_max")
AGE_MAX = "measure_age_max_s"
# What the engine's budgets are of.
LEVEL = 0.99
HORIZON_NS = 86_400 * 10**9
# How often by the clock on the wall it is looked whether a measure is due.
LOOK_S = 0.25
# No measure may grow old, on the wall, before a few of those.
AGE_WALL_S_MIN = 4 * LOOK_S
# Where an instrument does not trade in each step, steps that all have are found further back.
_KEPT_TIMES = 4
_NS = 10**9


@dataclass(frozen=True, slots=True)
class Way:
    """How it is measured: of so many returns over a step each, and how often."""

    method: Method
    step_ns: int
    returns: int
    every_ns: int
    instruments: tuple[str, ...]
    """What is traded: without closes of all of them nothing is measured."""

    @property
    def horizon(self) -> int:
        """The steps of a day, rounded up."""
        return -(-HORIZON_NS // self.step_ns)

    @property
    def kept_max(self) -> int:
        """How many closes of each instrument are to be kept."""
        return _KEPT_TIMES * (self.returns + 1) + 1


def way(
    config: Config, limits: Mapping[str, str | bool], market: Market, instruments: Sequence[str]
) -> Way | None:
    """How a run measures; None where it has no budget. Raises ConfigError where it cannot."""
    held = {**_engine.risk_profiles()[config.risk.profile], **limits}
    on = [name for name in BUDGETS if Decimal(str(held[name])) < 1]
    if not on:
        return None
    table = config.measure
    made = Way(
        method=table.method,
        step_ns=interval_ns(table.bar),
        returns=table.returns,
        every_ns=int(table.every_s * _NS),
        instruments=tuple(dict.fromkeys(instruments)),
    )
    _check_steps(made, market)
    _check_age(made, on[0], int(str(held[AGE_MAX])), config, market)
    return made


def _check_steps(made: Way, market: Market) -> None:
    """That the method has an answer of such returns."""
    # SciPy is slow to import, and few have a budget.
    from bot4.measures.returns import HORIZON_MAX  # noqa: PLC0415
    from bot4.measures.var import returns_needed  # noqa: PLC0415

    bar = interval_text(made.step_ns)
    if made.step_ns > HORIZON_NS or made.horizon > HORIZON_MAX:
        least = -(-HORIZON_NS // HORIZON_MAX) // _NS + 1
        raise ConfigError(f"measure.bar is {bar!r}; a budget is of a day: from {least}s to 1d")
    if made.step_ns < market.bar_ns:
        raise ConfigError(
            f"measure.bar is {bar!r}, and the market's bars are of {interval_text(market.bar_ns)}: "
            "set it to that or longer"
        )
    least = returns_needed(made.method, LEVEL, made.horizon)
    if made.returns < least:
        raise ConfigError(
            f"measure.returns is {made.returns}; {made.method} needs {least} of {bar} for a day: "
            "take more, or a longer measure.bar"
        )


def _check_age(made: Way, budget: str, age_s: int, config: Config, market: Market) -> None:
    """That a measure is not too old before another one can be made."""
    speed = config.run.speed
    if speed == "max":
        raise ConfigError(
            f"{budget} needs a market that keeps time, and run.speed is 'max': nobody can measure "
            "as fast as that goes; give a speed"
        )
    if age_s * _NS <= made.every_ns:
        raise ConfigError(
            f"measure.every_s is {config.measure.every_s}, and risk.limits.{AGE_MAX} {age_s}: "
            "a measure would be too old before the next"
        )
    if age_s * _NS < market.bar_ns:
        raise ConfigError(
            f"the market's bars are of {interval_text(market.bar_ns)}, and a measure is that old "
            f"when one closes: risk.limits.{AGE_MAX} is {age_s}; set it to "
            f"{market.bar_ns // _NS} or more"
        )
    if age_s < AGE_WALL_S_MIN * float(speed):
        raise ConfigError(
            f"run.speed is {speed}: a measure would be too old within {age_s / float(speed):.2g} s "
            f"on the wall; at most {age_s / AGE_WALL_S_MIN:g} with risk.limits.{AGE_MAX} = {age_s}"
        )
