"""Paths as people write them, and what a system says of one, for messages. Nothing is opened."""

import os
from pathlib import Path


def written(path: str | Path) -> Path:
    """The path that was meant: ``~`` is the home folder where there is one, as in a shell.

    A name that the system's encoding cannot hold is turned into the bytes it has on disk.
    """
    home = os.path.expanduser(path)  # noqa: PTH111 - Path.expanduser raises for an unknown user
    try:
        return Path(os.fsdecode(home.encode("utf-8", "surrogateescape")))
    except UnicodeEncodeError:
        return Path(home)


def readable(path: str | Path) -> str:
    """The path as text that can be printed: bytes that are no UTF-8 become replacement marks."""
    try:
        return os.fsencode(path).decode("utf-8", "replace")
    except UnicodeEncodeError:
        return str(path).encode("utf-8", "replace").decode("utf-8")


def reason(error: Exception) -> str:
    """Why the system refused, without the path: ``Permission denied``."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(said).splitlines()[0]
