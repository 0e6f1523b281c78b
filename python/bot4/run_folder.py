"""Where a run keeps what it has (journal, copy, log, socket), and how that folder is found.

A folder is a run's when the engine's journal lies in it. Nothing here opens a file of a run.
"""

import re
from pathlib import Path

from bot4 import config
from bot4.errors import ConfigError
from bot4.paths import readable, reason, written
from bot4.settings import RUNS

JOURNAL = "journal.redb"
COPY = "copy.sqlite"
# Whoever puts it there stops the bot: its first word is the stage.
KILL = "KILL"

_SHOWN_MAX = 8
# `bot4 run --fresh` keeps what was there as NAME.1, NAME.2 ... beside NAME.
_KEPT_ASIDE = re.compile(r"(.+)\.[0-9]+")


def find(given: str | None) -> Path:
    """The folder of the run that is meant: a folder, its journal, or the run's NAME.toml.

    Without a word it is the only one under ``.bot4`` here. Raises ConfigError, one line.
    """
    return _only() if given is None else _meant(given)


def found() -> list[Path]:
    """The folders of runs under ``.bot4`` here, by name; those that --fresh kept are left out."""
    try:
        inside = sorted(path for path in RUNS.iterdir() if _is_run(path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{RUNS} cannot be read: {reason(error)}") from error
    return [path for path in inside if not _kept_aside(path, inside)]


def _only() -> Path:
    runs = found()
    if not runs:
        raise ConfigError(f"no run has left a journal in {RUNS} here; name the folder of one")
    if len(runs) > 1:
        more = "" if len(runs) <= _SHOWN_MAX else f" and {len(runs) - _SHOWN_MAX} more"
        named = ", ".join(readable(path) for path in runs[:_SHOWN_MAX])
        raise ConfigError(f"there are {len(runs)} runs here; name one of: {named}{more}")
    return runs[0]


def _meant(given: str) -> Path:
    if not given.strip():
        raise ConfigError("the name of the run's folder is empty: give one or leave it out")
    path = written(given)
    if path.suffix.lower() == ".toml" and not path.is_dir():
        path = config.run_folder(path)
    elif path.name == JOURNAL and path.is_file():
        path = path.parent
    shown = readable(path)
    try:
        if not path.is_dir():
            raise ConfigError(f"there is no folder {shown}; bot4 run FILE.toml makes one")
        if not _is_run(path):
            raise ConfigError(f"{shown} has no {JOURNAL}: no run has used it; name a run's folder")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{shown} cannot be read: {reason(error)}") from error
    return path


def _is_run(path: Path) -> bool:
    return (path / JOURNAL).is_file()


def _kept_aside(path: Path, beside: list[Path]) -> bool:
    match = _KEPT_ASIDE.fullmatch(path.name)
    return match is not None and path.with_name(match[1]) in beside
