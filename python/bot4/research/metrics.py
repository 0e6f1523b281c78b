"""The numbers of a run: what the engine reports, and what was asked of it. Nothing is computed."""

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from bot4.config.sizing import SIZINGS

STRATEGIES_JOINED_BY = " + "


class Metrics(BaseModel):
    """The numbers of one backtest, in the order that JSON prints them.

    Rates and returns are fractions (0.1 is 10 %); `exposure` is the part of the time in the market;
    `turnover` is notional traded a year over mean equity; an absent number is None. `params` are
    those of the strategy; of several strategies by name, or a list in order where names meet.
    `sizing` is the method and parameters of each strategy in order, or None where it sizes itself.
    `crosses` is how often strategies traded with each other inside, `crossed` the notional of that.
    `instruments` are those traded, of `instruments_total` in the history; `limits` are all that
    held. Fields are attributes, and ``metrics["sharpe"]`` works as well.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str
    params: dict[str, Any] | list[dict[str, Any]]
    sizing: list[dict[str, Any] | None]
    instruments: list[str]
    instruments_total: int
    simulated: bool
    seed: int | None
    cash: float
    fee_bps: float
    slippage_bps: float
    risk_profile: str
    limits: dict[str, str | bool]
    trading_state: str
    breakers: dict[str, dict[str, Any]]
    bars: int
    trades: int
    open_trades: int
    orders: int
    fills: int
    initial_equity: float
    final_equity: float
    open_profit: float
    total_return: float | None
    cagr: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    win_rate: float | None
    profit_factor: float | None
    exposure: float | None
    turnover: float | None
    fees_paid: float
    refused: int
    clipped: int
    canceled_by_venue: int
    crosses: int
    crossed: float
    refusals: dict[str, int]
    clips: dict[str, int]
    gaps: int
    gap_max_ns: int
    interval_ns: int
    first_ns: int | None
    last_ns: int | None
    elapsed_s: float | None
    bars_per_s: float | None
    ledger_hash: str

    @field_validator("*", mode="before")
    @classmethod
    def _absent_is_none(cls, value: object) -> object:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    def __getitem__(self, name: str) -> object:
        """The number called `name`. Raises KeyError."""
        if name not in type(self).model_fields:
            raise KeyError(name)
        return getattr(self, name)

    def parameters_text(self) -> str:
        """The parameters for people: ``fast=10, slow=30``; each strategy's after its name."""
        names = self.strategy.split(STRATEGIES_JOINED_BY)
        if isinstance(self.params, list):
            return "; ".join(
                f"{name} {_text(params)}" for name, params in zip(names, self.params, strict=True)
            )
        if len(names) > 1:
            return "; ".join(f"{name} {_text(params)}" for name, params in self.params.items())
        return _text(self.params)

    def sizing_text(self) -> str:
        """The sizing for people: ``vol_target(target=0.2, ...)``; of several after their names."""
        names = self.strategy.split(STRATEGIES_JOINED_BY)
        said = [
            (name, SIZINGS[one["method"]].model_validate(one).text())
            for name, one in zip(names, self.sizing, strict=True)
            if one is not None
        ]
        return "; ".join(words if len(names) == 1 else f"{name} by {words}" for name, words in said)

    def json_text(self) -> str:
        """One JSON object on one line: keys in the order above, absent numbers null, never NaN."""
        return json.dumps(self.model_dump(mode="json"), allow_nan=False, default=str)


def _text(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in params.items()) or "no parameters"


def metrics(asked: Mapping[str, object], reported: Mapping[str, object]) -> Metrics:
    """Join what was asked with what the engine reported."""
    return Metrics.model_validate({**asked, **reported})
