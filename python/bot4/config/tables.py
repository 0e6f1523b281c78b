"""The tables of a configuration: their keys, what holds where nobody speaks, and what is allowed.

The description of a field says what it allows: it is the end of the message that refuses a value,
and stands in the JSON schema. Nothing is read or opened here.
"""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StrictBool,
    StrictStr,
    WithJsonSchema,
    model_validator,
)

from bot4 import _engine, settings
from bot4.config.sizing import Sizing
from bot4.errors import ParameterError, RiskError, known_names


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


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _interval(value: str) -> str:
    if settings.INTERVAL.fullmatch(value) is None:
        raise ValueError("no interval")
    return value


def _simulated(value: str) -> str:
    """``BTCUSDT`` is ``simulated:BTCUSDT``: what never happened says so in its name."""
    venue, colon, symbol = value.rpartition(":")
    if not settings.SYMBOL.fullmatch(symbol) or (colon and venue != settings.SIMULATED):
        raise ValueError("no symbol of a simulated market")
    return f"{settings.SIMULATED}:{symbol}"


def _endpoint(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not settings.PORT.fullmatch(port) or int(port) > settings.PORT_MAX:
        raise ValueError("no address")
    return value


# As measures know them, which are slow to import.
Method = Literal[
    "historical", "normal", "student", "cornish_fisher", "ewma", "garch", "monte_carlo"
]

# Bounds stand before the validator, so that they are of the exact number, and in the JSON schema.
Exact = Annotated[Decimal, BeforeValidator(_exact)]
Bps = Annotated[Decimal, Field(ge=0, le=settings.BPS_MAX), BeforeValidator(_exact)]
Cash = Annotated[Decimal, Field(gt=0, le=settings.CASH_MAX), BeforeValidator(_exact)]
Probability = Annotated[Decimal, Field(ge=0, le=1), BeforeValidator(_exact)]
Allocation = Annotated[Decimal, Field(gt=0, le=1), BeforeValidator(_exact)]
Speed = Annotated[Decimal, Field(gt=0, le=settings.SPEED_MAX), BeforeValidator(_exact)]
Latency = Annotated[Decimal, Field(ge=0, le=settings.LATENCY_MS_MAX), BeforeValidator(_exact)]
SnapshotTime = Annotated[Decimal, Field(gt=0, le=settings.SNAPSHOT_S_MAX), BeforeValidator(_exact)]
MeasureTime = Annotated[Decimal, Field(gt=0, le=settings.MEASURE_S_MAX), BeforeValidator(_exact)]
LogSize = Annotated[Decimal, Field(gt=0, le=settings.LOG_MB_MAX), BeforeValidator(_exact)]
Least = Annotated[Decimal, Field(ge=0), BeforeValidator(_exact)]
Step = Annotated[Decimal, Field(gt=0), BeforeValidator(_exact)]
Seed = Annotated[int, Field(strict=True, ge=0)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Filled = Annotated[Path, BeforeValidator(_filled)]
Moment = Annotated[datetime, Strict()] | Annotated[date, Strict()] | StrictStr
Paths = Annotated[
    tuple[Text, ...],
    BeforeValidator(_listed),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string", "minLength": 1}},
            ]
        }
    ),
]

_MOMENT = "a date or a time such as 2024-01-31 or 2024-01-31T12:00:00"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BacktestTable(_Table):
    """``[backtest]``: the history to run on, the money to run with."""

    data: Text = Field(default=settings.SIMULATED, description='a path or "simulated", in quotes')
    seed: Seed | None = Field(default=None, description=settings.SEED_ALLOWED)
    bars: int | None = Field(
        default=None,
        strict=True,
        ge=settings.BARS_MIN,
        le=settings.BARS_MAX,
        description=settings.BARS_ALLOWED,
    )
    cash: Cash = Field(default=Decimal(settings.CASH), description=settings.CASH_ALLOWED)
    fee_bps: Bps = Field(default=Decimal(settings.FEE_BPS), description=settings.BPS_ALLOWED)
    slippage_bps: Bps = Field(
        default=Decimal(settings.SLIPPAGE_BPS), description=settings.BPS_ALLOWED
    )
    since: Moment | None = Field(default=None, description=_MOMENT)
    until: Moment | None = Field(default=None, description=_MOMENT)


class RunTable(_Table):
    """``[run]``: the market that a bot trades on, on paper; its money, its pace, its folder."""

    feed: Literal["simulated", "replay"] = Field(
        default="simulated", description='"simulated" or "replay"'
    )
    seed: Seed = Field(default=settings.SEED, description=settings.SEED_ALLOWED)
    data: Paths = Field(
        default=(),
        description='the path of a recording or of bars, in quotes, or several: ["A.gz", "B.gz"]',
    )
    speed: Literal["max"] | Speed = Field(
        default=Decimal(1),
        description=f"a number above 0, at most {settings.SPEED_MAX} (60: a minute a second), "
        'or "max"',
    )
    bar: Annotated[Text, AfterValidator(_interval)] = Field(
        default="1s", description="a number and s, m, h or d, in quotes, such as 15m"
    )
    cash: Cash = Field(default=Decimal(settings.CASH), description=settings.CASH_ALLOWED)
    taker_fee_bps: Bps = Field(default=Decimal(settings.FEE_BPS), description=settings.BPS_ALLOWED)
    maker_fee_bps: Bps = Field(default=Decimal(settings.FEE_BPS), description=settings.BPS_ALLOWED)
    slippage_bps: Bps = Field(
        default=Decimal(settings.SLIPPAGE_BPS), description=settings.BPS_ALLOWED
    )
    latency_ms: Latency = Field(
        default=Decimal(5), description=f"from 0 to {settings.LATENCY_MS_MAX} (milliseconds)"
    )
    on_stop: Literal["keep", "flatten"] = Field(default="keep", description='"keep" or "flatten"')
    folder: Filled = Field(
        default=settings.RUNS / "run",
        description="a path, in quotes; without one .bot4/NAME, the name being the file's",
    )
    durability: Literal["each", "block"] = Field(default="each", description='"each" or "block"')
    snapshot_s: SnapshotTime = Field(
        default=Decimal(60),
        description=f"a number above 0, at most {settings.SNAPSHOT_S_MAX} (seconds)",
    )
    faults: dict[str, Probability] = Field(
        default_factory=dict, description="a probability from 0 to 1, of a fault by its name"
    )

    @model_validator(mode="after")
    def _knows_its_faults(self) -> "RunTable":
        known = _engine.fault_names()
        for name in self.faults:
            if name not in known:
                raise ValueError(f"there is no fault {name!r}; {known_names(name, known)}")
        if self.faults and self.durability == "block":
            raise ValueError(
                'faults need durability = "each": the record of a venue that misbehaves does not'
                " tell what the journal lost"
            )
        return self

    @model_validator(mode="after")
    def _has_data_to_replay(self) -> "RunTable":
        if self.feed == "replay" and not self.data:
            raise ValueError('feed = "replay" needs data: the path of a recording or of bars')
        if self.feed == "simulated" and self.data:
            raise ValueError('data is for feed = "replay"; set the feed or leave data out')
        return self

    @property
    def bar_given(self) -> bool:
        """Whether somebody wrote ``bar``: files of bars have an interval of their own."""
        return "bar" in self.model_fields_set

    @property
    def latency_ns(self) -> int:
        """The latency in whole nanoseconds, rounded down."""
        return int(self.latency_ms * 10**6)


class InstrumentTable(_Table):
    """``[[instrument]]``: one simulated market, and the price it begins at."""

    symbol: Annotated[Text, AfterValidator(_simulated)] = Field(
        description='the name of a simulated market, in quotes, such as "BTCUSDT"'
    )
    price: Step = Field(description="what it begins at: a number above 0, such as 60000")
    tick: Step = Field(description="the grid of limit prices: a number above 0, such as 0.01")
    lot: Step = Field(description="the grid of sizes: a number above 0, such as 0.00001")
    notional_min: Least = Field(
        default=Decimal(0), description="the least an order may be worth: 0 or more, such as 5"
    )
    notional_max: Step | None = Field(
        default=None, description="the most an order may be worth: a number above 0"
    )
    qty_max: Step | None = Field(
        default=None, description="the most base of one order: a number above 0"
    )


class StrategyTable(_Table):
    """``[[strategy]]``: one strategy, by name or file; its instruments, allocation and settings."""

    name: Text | None = Field(default=None, description="the name of a strategy, in quotes")
    file: Filled | None = Field(default=None, description="the path of a NAME.py, in quotes")
    instruments: tuple[Text, ...] | None = Field(
        default=None, description='names of instruments, such as ["BTCUSDT"]'
    )
    allocation: Allocation | None = Field(
        default=None, description="a fraction of the equity above 0, at most 1"
    )
    set: dict[str, Any] = Field(
        default_factory=dict, description="a table of parameters: [strategy.set]"
    )
    sizing: Sizing | None = Field(default=None, description="a table: [strategy.sizing]")

    @model_validator(mode="after")
    def _has_name_or_file(self) -> "StrategyTable":
        if self.name is None and self.file is None:
            raise ValueError("give a name or a file")
        return self


class Reasoned(_Table):
    """A limit's value, and why it may be looser than is safe."""

    value: StrictBool | Exact = Field(description="a number, or true or false")
    reason: Text = Field(description="a sentence, in quotes")


class RiskTable(_Table):
    """``[risk]``: the profile, and single limits of it replaced by name."""

    profile: Text = Field(
        default=settings.CONFIGURED_RISK_PROFILE, description="the name of a profile, in quotes"
    )
    limits: dict[str, StrictBool | Exact | Reasoned] = Field(
        default_factory=dict,
        description="a number, true or false where the limit is a switch, or either with a reason: "
        '{ value = 0.5, reason = "…" }',
    )

    @model_validator(mode="after")
    def _knows_its_limits(self) -> "RiskTable":
        known = _engine.risk_limits()
        for name in self.limits:
            if name not in known:
                raise ValueError(f"there is no limit {name!r}; {known_names(name, known)}")
        return self

    @model_validator(mode="after")
    def _says_why_it_is_loose(self) -> "RiskTable":
        if self.profile not in _engine.risk_profiles():
            return self  # whoever takes the profile says which there are
        for name, given in self.limits.items():
            if isinstance(given, Reasoned):
                continue
            value = given if isinstance(given, bool) else format(given, "f")
            try:
                loose = _engine.risk_needs_reason(self.profile, name, value)
            except RiskError as error:
                raise ValueError(str(error)) from error
            if loose:
                safe = _engine.risk_limits()[name]["safe"]
                shown = str(value).lower()
                raise ValueError(
                    f"limits.{name} = {shown} is looser than is safe ({safe}); say why: "
                    f'{name} = {{ value = {shown}, reason = "…" }}'
                )
        return self

    @property
    def values(self) -> dict[str, bool | Decimal]:
        """The limits that are replaced, without the reasons."""
        return {
            name: given.value if isinstance(given, Reasoned) else given
            for name, given in self.limits.items()
        }


class MeasureTable(_Table):
    """``[measure]``: how a run measures what it may lose, where `risk.limits` has a budget."""

    method: Method = Field(
        default="ewma", description=", ".join(f'"{one}"' for one in get_args(Method))
    )
    bar: Annotated[Text, AfterValidator(_interval)] = Field(
        default="1m", description="what a return is of: a number and s, m, h or d, such as 5m"
    )
    returns: Annotated[int, Field(strict=True, ge=2, le=settings.MEASURE_RETURNS_MAX)] = Field(
        default=240,
        description="how many returns a measure is of, and waits for: a whole number from 2 to "
        f"{settings.MEASURE_RETURNS_MAX}",
    )
    every_s: MeasureTime = Field(
        default=Decimal(60),
        description=f"a number above 0, at most {settings.MEASURE_S_MAX} (seconds of the market)",
    )


class LogTable(_Table):
    """``[log]``: what is written down while a bot runs, in which form and where."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description='"debug", "info", "warning" or "error"'
    )
    format: Literal["text", "json"] = Field(default="text", description='"text" or "json"')
    file: Literal[False] | Text = Field(
        default="bot4.log", description="a name or a path, in quotes, or false"
    )
    max_mb: LogSize = Field(
        default=Decimal(10), description=f"a number above 0, at most {settings.LOG_MB_MAX} (MB)"
    )
    keep: Annotated[int, Field(strict=True, ge=1, le=settings.LOG_FILES_MAX)] = Field(
        default=5, description=f"a whole number from 1 to {settings.LOG_FILES_MAX}"
    )


class MetricsTable(_Table):
    """``[metrics]``: where Prometheus may ask; nowhere unless an address is given."""

    address: Annotated[Text, AfterValidator(_endpoint)] | None = Field(
        default=None, description='a host and a port, in quotes, such as "127.0.0.1:9400"'
    )

    @property
    def endpoint(self) -> tuple[str, int] | None:
        """Host (an IPv6 one without its brackets) and port, or None where metrics are off."""
        if self.address is None:
            return None
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)


# What is simulated where a file names no instruments of its own.
INSTRUMENTS = (
    InstrumentTable(
        symbol="BTCUSDT", price=Decimal(60_000), tick=Decimal("0.01"), lot=Decimal("0.00001")
    ),
    InstrumentTable(
        symbol="ETHUSDT", price=Decimal(3_000), tick=Decimal("0.01"), lot=Decimal("0.0001")
    ),
)


class Config(_Table):
    """A whole configuration: of a backtest, of a run, or of both."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"required": ["strategy"]}
    )

    backtest: BacktestTable = Field(default=BacktestTable(), description="a table: [backtest]")
    run: RunTable = Field(default=RunTable(), description="a table: [run]")
    instrument: tuple[InstrumentTable, ...] = Field(
        default=INSTRUMENTS, min_length=1, description="one or more tables: [[instrument]]"
    )
    strategy: tuple[StrategyTable, ...] = Field(
        default=(), min_length=1, description="one or more tables: [[strategy]]"
    )
    risk: RiskTable = Field(default=RiskTable(), description="a table: [risk]")
    measure: MeasureTable = Field(default=MeasureTable(), description="a table: [measure]")
    log: LogTable = Field(default=LogTable(), description="a table: [log]")
    metrics: MetricsTable = Field(default=MetricsTable(), description="a table: [metrics]")

    @model_validator(mode="after")
    def _simulates_each_once(self) -> "Config":
        if self.run.feed == "replay" and "instrument" in self.model_fields_set:
            raise ValueError('[[instrument]] is of simulated markets; run.feed is "replay"')
        symbols = [one.symbol for one in self.instrument]
        doubled = next((symbol for symbol in symbols if symbols.count(symbol) > 1), None)
        if doubled is not None:
            raise ValueError(f"[[instrument]] has {doubled} twice; give each a name of its own")
        return self


TABLES: dict[str, type[BaseModel]] = {
    "backtest": BacktestTable,
    "run": RunTable,
    "instrument": InstrumentTable,
    "strategy": StrategyTable,
    "risk": RiskTable,
    "measure": MeasureTable,
    "log": LogTable,
    "metrics": MetricsTable,
}
LISTS = frozenset({"instrument", "strategy"})  # tables of which there may be several
