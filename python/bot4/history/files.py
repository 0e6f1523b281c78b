"""Which files a path means, and which instrument each of them belongs to. Nothing is read here."""

import re
from dataclasses import dataclass
from pathlib import Path

from bot4.errors import DataError
from bot4.paths import readable, reason, written

SUFFIXES = (".parquet", ".csv")

_DATE = re.compile(r"^(?P<series>.+?)[-_](\d{4}-\d{2}(-\d{2})?|\d{8}|\d{6})$")
_INTERVAL = re.compile(r"^(?P<symbol>.+)[-_](?P<interval>\d+[smhdwM])$")


@dataclass(frozen=True, slots=True)
class Listing:
    """One instrument's files: its name, and the parts it is joined from."""

    name: str
    series: str
    parts: tuple[Path, ...]

    @property
    def title(self) -> str:
        """The file, or the first one and how many follow, for messages."""
        more = len(self.parts) - 1
        return readable(self.parts[0]) + (f" (and {more} more)" if more else "")


def listings(source: str | Path) -> tuple[Listing, ...]:
    """The instruments a file, a folder or a pattern (``*.parquet``) means, in order of names.

    A path that is there is never taken for a pattern. Files whose names end in a date are parts of
    one instrument. Raises DataError: nothing there, no permission, another kind of file, or several
    intervals of one symbol.
    """
    path = written(source)
    try:
        return _listings(path)
    except (OSError, ValueError) as error:  # a pattern such as `**x` is a ValueError
        raise DataError(f"{readable(path)} cannot be read: {reason(error)}") from error


def _listings(path: Path) -> tuple[Listing, ...]:
    if path.is_dir():
        return _group(_in_folder(path), path)
    if path.exists():
        if path.suffix.lower() not in SUFFIXES:
            raise DataError(f"{readable(path)} is not a {' or '.join(SUFFIXES)} file")
        return (Listing(_name(path, path.stem), path.stem, (path,)),)
    if any(mark in str(path) for mark in "*?["):
        return _group(_matching(path), path)
    raise DataError(
        f"there is no file or folder {readable(path)}; give a {' or '.join(SUFFIXES)} file of "
        "OHLCV bars, a folder of them, or a pattern in quotes"
    )


def _in_folder(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if _readable(path))
    if not found:
        deeper = next((path for path in sorted(folder.glob("*/*")) if _readable(path)), None)
        hint = f'; look deeper with a pattern such as "{folder}/*/{deeper.name}"' if deeper else ""
        raise DataError(f"folder {folder} has no file *.parquet or *.csv{hint}")
    return found


def _matching(pattern: Path) -> list[Path]:
    parts = pattern.parts
    first = next(i for i, part in enumerate(parts) if any(mark in part for mark in "*?["))
    found = sorted(
        path for path in Path(*parts[:first]).glob("/".join(parts[first:])) if _readable(path)
    )
    if not found:
        raise DataError(f"no file *.parquet or *.csv matches the pattern {pattern}")
    return found


def _readable(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _group(paths: list[Path], source: Path) -> tuple[Listing, ...]:
    parts: dict[tuple[str, str], list[Path]] = {}
    for path in paths:
        match = _DATE.match(path.stem)
        series = match["series"] if match else path.stem
        parts.setdefault((_name(path, series), series), []).append(path)
    found = tuple(Listing(name, series, tuple(files)) for (name, series), files in parts.items())
    _refuse_several_intervals(found, source)
    return found


def _refuse_several_intervals(found: tuple[Listing, ...], source: Path) -> None:
    series_of: dict[str, str] = {}
    for listing in found:
        match = _INTERVAL.match(listing.name)
        symbol = match["symbol"] if match else listing.name
        other = series_of.setdefault(symbol, listing.series)
        if other != listing.series:
            raise DataError(
                f"{source} holds several series of {symbol} ({other}, {listing.series}); "
                f"choose one file, such as {listing.parts[0]}"
            )


def _name(path: Path, series: str) -> str:
    """`ohlcv-1h` tells nothing of the instrument: there the folder does."""
    if series == "ohlcv" or series.startswith("ohlcv-"):
        return readable(path.resolve().parent.name)
    return readable(series)
