"""BOT4: an open crypto trading system. Strategies in Python, one deterministic engine in Rust.

    import bot4 as b4

This file only says which names are public; importing it loads no plotting, no statistics and no
terminal code. `b4.measures` is imported when it is first asked for, as it brings SciPy.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from bot4._engine import (
    Bar,
    Bot,
    Context,
    Ledger,
    Reconciled,
    Request,
    WorkingOrder,
    __version__,
)
from bot4.decision import Quote, quote, seat
from bot4.errors import (
    Bot4Error,
    ConfigError,
    CopyError,
    DataError,
    EngineError,
    InvariantError,
    JournalError,
    JournalInUseError,
    OutputError,
    ParameterError,
    RiskError,
    SignalError,
    StrategyError,
)
from bot4.expression import Expr
from bot4.history.simulated import SimulatedMarket, simulated
from bot4.microstructure import (
    ask,
    ask_size,
    bid,
    bid_size,
    depth,
    imbalance,
    microprice,
    mid,
    ofi,
    quote_age,
    signed_flow,
    spread,
    sweep_cost,
    trade_age,
    trade_intensity,
    trade_price,
    trade_sign,
    trade_size,
)
from bot4.research.backtest import backtest
from bot4.research.metrics import Metrics
from bot4.research.result import BacktestResult
from bot4.signals import (
    Target,
    atr,
    close,
    compute,
    crossed,
    crossed_above,
    crossed_below,
    decayed_sum,
    ema,
    entry_price,
    equity,
    high,
    highest,
    latch,
    low,
    lowest,
    maximum,
    minimum,
    open,
    position,
    rolling_max,
    rolling_min,
    rolling_std,
    rsi,
    shift,
    sma,
    target,
    volume,
    where,
)
from bot4.strategies import donchian_breakout, sma_cross
from bot4.strategy import (
    ConfiguredStrategy,
    Strategy,
    StrategyTemplate,
    find,
    registered,
    strategy,
)
from bot4.venue_report import VenueEntry, VenueFill, VenueOrder, VenueReport

if TYPE_CHECKING:
    from bot4 import measures

__all__ = [
    "BacktestResult",
    "Bar",
    "Bot",
    "Bot4Error",
    "ConfigError",
    "ConfiguredStrategy",
    "Context",
    "CopyError",
    "DataError",
    "EngineError",
    "Expr",
    "InvariantError",
    "JournalError",
    "JournalInUseError",
    "Ledger",
    "Metrics",
    "OutputError",
    "ParameterError",
    "Quote",
    "Reconciled",
    "Request",
    "RiskError",
    "SignalError",
    "SimulatedMarket",
    "Strategy",
    "StrategyError",
    "StrategyTemplate",
    "Target",
    "VenueEntry",
    "VenueFill",
    "VenueOrder",
    "VenueReport",
    "WorkingOrder",
    "__version__",
    "ask",
    "ask_size",
    "atr",
    "backtest",
    "bid",
    "bid_size",
    "close",
    "compute",
    "crossed",
    "crossed_above",
    "crossed_below",
    "decayed_sum",
    "depth",
    "donchian_breakout",
    "ema",
    "entry_price",
    "equity",
    "find",
    "high",
    "highest",
    "imbalance",
    "latch",
    "low",
    "lowest",
    "maximum",
    "measures",
    "microprice",
    "mid",
    "minimum",
    "ofi",
    "open",
    "position",
    "quote",
    "quote_age",
    "registered",
    "rolling_max",
    "rolling_min",
    "rolling_std",
    "rsi",
    "seat",
    "shift",
    "signed_flow",
    "simulated",
    "sma",
    "sma_cross",
    "spread",
    "strategy",
    "sweep_cost",
    "target",
    "trade_age",
    "trade_intensity",
    "trade_price",
    "trade_sign",
    "trade_size",
    "volume",
    "where",
]


def __getattr__(name: str) -> ModuleType:
    if name == "measures":
        return import_module("bot4.measures")
    raise AttributeError(f"module 'bot4' has no attribute {name!r}")
