"""Files that research writes: checked before anything is computed, there whole or not at all."""

import os
import tempfile
from pathlib import Path

from bot4.errors import OutputError

PLOT_SUFFIXES = (".png", ".html")


def check_plot_path(path: str | Path) -> Path:
    """The path, if a plot can be written there. Raises OutputError, and leaves nothing behind."""
    wanted = Path(path).expanduser()
    if wanted.suffix.lower() not in PLOT_SUFFIXES:
        raise OutputError(
            f"{wanted}: a plot is written as png or html; end the name in one of them"
        )
    if wanted.is_dir():
        raise OutputError(f"{wanted} is a folder; give the name of a file in it")
    try:
        with tempfile.TemporaryFile(dir=wanted.parent):
            return wanted
    except OSError as error:
        raise _refused(wanted, error) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old one or the new one. Raises OutputError."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        waiting = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            waiting.chmod(0o666 & ~_umask())
            waiting.replace(path)
        finally:
            waiting.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, error) from error


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _refused(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"{path} cannot be written: {reason}; choose a folder you may write to")
