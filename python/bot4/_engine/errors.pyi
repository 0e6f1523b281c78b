"""What the engine raises, a tree under `Bot4Error`."""

class Bot4Error(Exception):
    """Root of every error BOT4 raises on purpose. The message says what to do next."""

class SignalError(Bot4Error):
    """An expression the engine cannot run: unknown operation, wrong kind, wrong parameter."""

class DataError(Bot4Error):
    """Market data that cannot be trusted: order of times, prices, lengths. Names the row."""

class FrameError(DataError):
    """A venue's message, or a listing, that is refused. Nothing changed, but a count.

    ``kind`` is ``malformed``, ``number_too_fine``, ``number_too_large``, ``too_long``,
    ``too_many_levels``, ``too_deep``, ``unsupported`` or ``unlistable``; ``offset`` is the byte of
    the message at which it shows.
    """

    kind: str
    offset: int

class RiskError(Bot4Error):
    """A risk profile that does not exist, or a limit outside its range."""

class EngineError(Bot4Error):
    """An account, fee or size that does not fit, or a broken invariant of the engine."""

class InvariantError(EngineError):
    """A fault of ours, found by a check of our own: please report it."""

class JournalError(Bot4Error):
    """A journal that cannot be opened, read or written. Says which, and what to do."""

class JournalInUseError(JournalError):
    """A journal that another run has open."""
