"""Files that research writes: checked before anything is computed, there whole or not at all."""

import os
import stat
import tempfile
from pathlib import Path

from bot4.errors import OutputError, ParameterError
from bot4.paths import reason, written

PLOT_SUFFIXES = (".png", ".html")


def check_plot_path(path: str | Path) -> Path:
    """The path, if a plot can be written there. Raises OutputError, and leaves nothing behind."""
    if not isinstance(path, str | Path):
        raise ParameterError(f"the path of a plot is {path!r}; give a text or a Path")
    if not str(path).strip():
        raise OutputError("the path of the plot is empty; name a file.png or file.html")
    wanted = written(path)
    if wanted.suffix.lower() not in PLOT_SUFFIXES:
        raise OutputError(
            f"{wanted}: a plot is written as png or html; end the name in one of them"
        )
    try:
        if _is_folder(wanted):
            raise OutputError(f"{wanted} is a folder; give the name of a file in it")
        with tempfile.TemporaryFile(dir=wanted.parent):
            return wanted
    except (OSError, ValueError) as error:
        raise _refused(wanted, error) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old one or the new one. Raises OutputError."""
    try:
        handle, name = tempfile.mkstemp(prefix=".bot4-", dir=path.parent)
        waiting = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            waiting.chmod(0o666 & ~_umask())
            waiting.replace(path)
        finally:
            waiting.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise _refused(path, error) from error


def _is_folder(path: Path) -> bool:
    """Whether it is one; raises for a name that cannot be."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _refused(path: Path, error: Exception) -> OutputError:
    return OutputError(
        f"{path} cannot be written: {reason(error)}; choose a folder you may write to"
    )
