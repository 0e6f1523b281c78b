"""What BOT4 writes down while it runs: a line an event, to stderr, to a file that rotates, or both.

Lines go through a bounded queue to a thread of their own. So a slow terminal or a full disk never
delays who logs; what does not fit is left out and counted. ``text`` is for people, ``json`` for
machines; times are UTC.
"""

import json
import logging
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from logging.handlers import RotatingFileHandler
from math import isfinite
from pathlib import Path
from typing import Any, cast

import structlog
from structlog.dev import Column, ConsoleRenderer, KeyValueColumnFormatter
from structlog.typing import EventDict, FilteringBoundLogger

from bot4.config import LogTable
from bot4.errors import said
from bot4.paths import readable, reason, written

Fields = dict[str, Any]
Render = Callable[[Fields], str]

_QUEUE_LINES_MAX = 10_000
_STOP_S_MAX = 2.0
_FOLDER_MODE = 0o700
_BYTES_IN_MB = 10**6
_FIRST = ("ts", "level", "component", "event")
_LEVELS = logging.getLevelNamesMapping()
_DIM, _BOLD, _RESET = "\x1b[2m", "\x1b[1m", "\x1b[0m"
_LEVEL_WIDTH, _COMPONENT_WIDTH, _EVENT_WIDTH = 7, 8, 28


def start(table: LogTable, folder: Path, console: bool) -> None:
    """Write lines from now on: to stderr if `console`, and to the file that `table` names.

    A file that cannot be written is said once on stderr, and is done without: it stops nothing.
    """
    stop()
    _desk.open(table, folder, console=console)


def stop() -> None:
    """Write what is still waiting, for a second or two at most, and close the file."""
    _desk.close()


def logger(component: str) -> FilteringBoundLogger:
    """Where a component says what happens: ``logger("feed").info("ready", seconds=0.1)``.

    Until `start` its lines go nowhere.
    """
    made = structlog.wrap_logger(
        _desk,
        processors=[
            _wanted,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            _one_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        component=component,
    )
    return cast("FilteringBoundLogger", made)


class _Desk:
    """Where every line arrives, from any thread; it holds nobody up."""

    def __init__(self) -> None:
        self.level = logging.CRITICAL + 1
        self._writer: _Writer | None = None
        self._libraries = _Libraries(logging.WARNING)

    def open(self, table: LogTable, folder: Path, *, console: bool) -> None:
        self._writer = _Writer(table, folder, console=console)
        self._writer.start()
        self.level = _LEVELS[table.level.upper()]
        logging.getLogger().addHandler(self._libraries)

    def close(self) -> None:
        logging.getLogger().removeHandler(self._libraries)
        self.level = logging.CRITICAL + 1
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.finish()

    def msg(self, **fields: object) -> None:
        """Take one line. structlog calls it by the name of the level."""
        writer = self._writer
        if writer is not None:
            writer.take(fields)

    debug = info = warning = error = critical = msg


class _Libraries(logging.Handler):
    """What libraries log through the standard library, such as asyncio, becomes lines as well."""

    def emit(self, record: logging.LogRecord) -> None:
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING
        logger(record.name).log(level, record.getMessage(), exc_info=record.exc_info)


class _Writer(threading.Thread):
    """The thread that renders and writes. What fails here is left out, never raised."""

    def __init__(self, table: LogTable, folder: Path, *, console: bool) -> None:
        super().__init__(name="bot4-log", daemon=True)
        self._waiting: queue.Queue[Fields | None] = queue.Queue(_QUEUE_LINES_MAX)
        self._lock = threading.Lock()
        self._left_out = 0
        self._console = console
        self._plain = _renderer(table.format, colours=False)
        self._coloured = _renderer(table.format, colours=_stderr_is_a_terminal())
        self._file = self._opened(table, folder)

    def take(self, fields: Fields) -> None:
        try:
            self._waiting.put_nowait(fields)
        except queue.Full:
            with self._lock:
                self._left_out += 1

    def finish(self) -> None:
        with suppress(queue.Full):
            self._waiting.put(None, timeout=_STOP_S_MAX)
        if self.is_alive():
            self.join(_STOP_S_MAX)

    def run(self) -> None:
        while (fields := self._waiting.get()) is not None:
            self._write(fields)
            with self._lock:
                left_out, self._left_out = self._left_out, 0
            if left_out:
                self._write(_own_line("lines left out: they came too fast", lines=left_out))
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _write(self, fields: Fields) -> None:
        if self._console:
            _to_stderr(self._coloured(fields))
        if self._file is None:
            return
        try:
            self._file.write(self._plain(fields))
        except (OSError, ValueError) as error:
            self._do_without_file(error)

    def _opened(self, table: LogTable, folder: Path) -> "_RotatingFile | None":
        if table.file is False:
            return None
        path = folder / written(table.file)
        try:
            path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            return _RotatingFile(
                path,
                maxBytes=int(table.max_mb * _BYTES_IN_MB),
                backupCount=table.keep,
                encoding="utf-8",
                errors="backslashreplace",
            )
        except (OSError, ValueError) as error:
            self._say_without(path, error)
            return None

    def _do_without_file(self, error: Exception) -> None:
        file, self._file = self._file, None
        if file is not None:
            self._say_without(Path(file.baseFilename), error)
            with suppress(OSError, ValueError):  # what it could not write it cannot write now
                file.close()

    def _say_without(self, path: Path, error: Exception) -> None:
        words = "the log file cannot be written; going on without it"
        _to_stderr(self._coloured(_own_line(words, file=readable(path), reason=reason(error))))


class _RotatingFile(RotatingFileHandler):
    """The standard library's rotation, but who writes is told what went wrong."""

    def write(self, line: str) -> None:
        self.handle(logging.LogRecord("bot4", logging.INFO, "", 0, line, None, None))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - it overrides
        del record
        raise  # noqa: PLE0704 - it is called where an error has been caught


def _wanted(_: object, method: str, event: EventDict) -> EventDict:
    if _LEVELS[method.upper()] < _desk.level:
        raise structlog.DropEvent
    return event


def _one_line(_: object, __: str, event: EventDict) -> EventDict:
    """Keys in order, values that fit a line; of an exception what it says and where it rose."""
    raised = _raised(event.pop("exc_info", None))
    if raised is not None:
        event["error"] = f"{type(raised).__name__}: {said(raised)}"
        frames = traceback.extract_tb(raised.__traceback__)
        if frames:
            event["at"] = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
    names = [*_FIRST, *sorted(set(event) - set(_FIRST))]
    return {name: _plain(event[name]) for name in names if name in event}


def _raised(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    if isinstance(exc_info, BaseException):
        return exc_info
    return sys.exc_info()[1] if exc_info else None


def _own_line(words: str, **fields: object) -> Fields:
    stamped = structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts")(None, "", {})
    told = {**stamped, "level": "warning", "component": "log", "event": words, **fields}
    return dict(_one_line(None, "warning", told))


def _plain(value: object) -> object:
    match value:
        case None | bool() | int():
            return value
        case float() if isfinite(value):
            return value
        case Mapping():
            return {str(name): _plain(below) for name, below in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(one) for one in value]
        case Decimal():
            return format(value, "f")
        case _:
            return _printable(readable(value) if isinstance(value, Path) else str(value))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    escaped = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return "".join(escaped)


def _renderer(form: str, *, colours: bool) -> Render:
    if form == "json":
        return lambda fields: json.dumps(fields, ensure_ascii=False, allow_nan=False)
    dim, bold, reset = (_DIM, _BOLD, _RESET) if colours else ("", "", "")

    def cell(style: str, width: int = 0) -> KeyValueColumnFormatter:
        return KeyValueColumnFormatter(None, style, reset, value_repr=str, width=width)

    pairs = KeyValueColumnFormatter(dim, "", reset, value_repr=_quoted)
    render = ConsoleRenderer(
        columns=[
            Column("ts", cell(dim)),
            Column("level", cell(bold, _LEVEL_WIDTH)),
            Column("component", cell("", _COMPONENT_WIDTH)),
            Column("event", cell(bold, _EVENT_WIDTH)),
            Column("", pairs),
        ]
    )
    return lambda fields: render(None, "", dict(fields)).rstrip()


def _quoted(value: object) -> str:
    if isinstance(value, str) and value and not any(mark in value for mark in ' ="'):
        return value
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _stderr_is_a_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _to_stderr(line: str) -> None:
    """Write past Python's buffer: a thread that waits inside it would keep Python from ending."""
    with suppress(OSError, ValueError, AttributeError):  # closed, or there is none
        try:
            number = sys.stderr.fileno()
        except OSError:  # it is no file
            sys.stderr.write(f"{line}\n")
            return
        left = f"{line}\n".encode("utf-8", "backslashreplace")
        while left:
            left = left[os.write(number, left) :]


_desk = _Desk()
