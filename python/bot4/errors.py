"""Every error BOT4 raises on purpose, in one tree. No logic lives here but "did you mean".

Bot4Error
├── SignalError      an expression the engine cannot run
├── DataError        market history that cannot be read or trusted
│   └── FrameError       a venue's message that is refused, with its kind and offset
├── RiskError        a risk profile or limit that does not exist or is out of range
├── EngineError      an amount that does not fit
│   └── InvariantError   a fault of ours, found by a check of our own
├── JournalError     a journal that cannot be opened, read or written
│   └── JournalInUseError     a journal that another run has open
├── StrategyError    a strategy that is unknown, broken, or raises
├── ParameterError   a parameter or setting that is unknown or out of range
├── ConfigError      a configuration file that cannot be read
├── CopyError        a readable copy of a journal that cannot be written or read
└── OutputError      a file that cannot be written
"""

from collections.abc import Iterable
from difflib import get_close_matches

from bot4._engine import (
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

__all__ = [
    "Bot4Error",
    "ConfigError",
    "CopyError",
    "DataError",
    "EngineError",
    "FrameError",
    "InvariantError",
    "JournalError",
    "JournalInUseError",
    "OutputError",
    "ParameterError",
    "RiskError",
    "SignalError",
    "StrategyError",
    "known_names",
    "said",
]


class StrategyError(Bot4Error):
    """A strategy that is unknown, cannot be loaded, raises, or returns the wrong thing."""


class ParameterError(Bot4Error):
    """A parameter or setting that is unknown, missing or out of range. Says what is allowed."""


class ConfigError(Bot4Error):
    """A configuration file that is missing, broken, or has a key it should not have."""


class CopyError(Bot4Error):
    """A readable copy of a journal that cannot be made, written or read. Trading goes on."""


class OutputError(Bot4Error):
    """A file that cannot be written: no such folder, no permission, unknown kind of file."""


def said(error: BaseException) -> str:
    """What an exception says, in one line; nothing where it cannot even say that."""
    try:
        return " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - its own __str__ may raise anything
        return ""


def known_names(wrong: object, known: Iterable[str]) -> str:
    """The end of an "unknown name" message: the nearest known name, else all of them."""
    names = list(known)
    near = get_close_matches(str(wrong), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known: {', '.join(names)}" if names else "there is none"
