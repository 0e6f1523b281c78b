"""The Rust engine, as Python sees it. The binding converts and decides nothing.

Money never crosses this border as a float on the way in: amounts and rates are decimal text
(``"10000"``, ``"0.001"``). Times are nanoseconds since 1970-01-01 UTC in ``int64`` arrays.

The pages beside this one are for the reader: when it runs there is one module, and all is in it.
"""

from typing import Final

from bot4._engine.backtest import Backtest, replay_journal
from bot4._engine.bars import Bar, Bars, Context, History, WorkingOrder
from bot4._engine.bot import Bot, Reconciled, Request
from bot4._engine.errors import (
    Bot4Error,
    DataError,
    EngineError,
    FrameError,
    InvariantError,
    JournalError,
    JournalInUseError,
    RiskError,
    SignalError,
)
from bot4._engine.gauge import (
    book_updates,
    depth_frames,
    gauge_limits,
    gauge_program,
    gauges,
    nothing,
    read_samples,
    take_gauge,
)
from bot4._engine.ledger import Ledger
from bot4._engine.program import (
    Program,
    operations,
    risk_checks,
    risk_limits,
    risk_needs_reason,
    risk_profiles,
)
from bot4._engine.recording import RECORDED, Feed, Recording
from bot4._engine.run import JournalFile, Run, fault_names

__all__ = [
    "RECORDED",
    "Backtest",
    "Bar",
    "Bars",
    "Bot",
    "Bot4Error",
    "Context",
    "DataError",
    "EngineError",
    "Feed",
    "FrameError",
    "History",
    "InvariantError",
    "JournalError",
    "JournalFile",
    "JournalInUseError",
    "Ledger",
    "Program",
    "Reconciled",
    "Recording",
    "Request",
    "RiskError",
    "Run",
    "SignalError",
    "WorkingOrder",
    "__version__",
    "book_updates",
    "depth_frames",
    "fault_names",
    "gauge_limits",
    "gauge_program",
    "gauges",
    "nothing",
    "operations",
    "read_samples",
    "replay_journal",
    "risk_checks",
    "risk_limits",
    "risk_needs_reason",
    "risk_profiles",
    "take_gauge",
]

__version__: Final[str]
