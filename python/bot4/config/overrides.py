"""What is said over a file: by the environment, as ``BOT4__RISK__PROFILE=unleveraged``, or typed.

A name leads to one key, which must be there; whether its value is allowed is judged with the rest.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot4 import _engine
from bot4.config.tables import LISTS, TABLES
from bot4.errors import ConfigError, known_names

PREFIX = "BOT4__"
TYPED = "the command line"

Place = tuple[int | str, ...]

_SINGLE = tuple(name for name in TABLES if name not in LISTS)


@dataclass(frozen=True, slots=True)
class Override:
    """One value, the key it is for, and who says so: a variable, or the command line."""

    place: tuple[str, ...]
    value: object
    source: str

    @property
    def title(self) -> str:
        """Who says so, as messages begin: ``BOT4__RUN__SPEED in the environment``."""
        return self.source if self.source == TYPED else f"{self.source} in the environment"


def from_environment(environment: Mapping[str, str]) -> list[Override]:
    """The variables that begin with ``BOT4__``, in order of names. Raises ConfigError."""
    return [
        _override(name.removeprefix(PREFIX).lower().split("__"), environment[name], name)
        for name in sorted(environment)
        if name.startswith(PREFIX)
    ]


def from_typed(typed: Mapping[str, object]) -> list[Override]:
    """Values by their keys, as ``{"run.speed": "60"}``. Raises ConfigError."""
    return [_override(key.split("."), value, TYPED) for key, value in typed.items()]


def parsed(text: str) -> object:
    """The text as a TOML value (``60``, ``true``, ``["a", "b"]``), or as it stands."""
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if list(read) == ["value"] else text


def _override(parts: list[str], value: object, source: str) -> Override:
    made = Override(tuple(parts), parsed(value) if isinstance(value, str) else value, source)
    known: Iterable[str] = _SINGLE
    for depth, part in enumerate(parts):
        if depth == 0 and part in LISTS:
            raise ConfigError(f"{made.title}: [[{part}]] can be set in a file only")
        if part not in known:
            near = known_names(part, known) if known else f"{'.'.join(parts[:depth])} is one value"
            raise ConfigError(f"{made.title}: unknown key {'.'.join(parts) or repr('')}; {near}")
        known = _inside(parts[: depth + 1])
    if known:
        raise ConfigError(f"{made.title}: {'.'.join(parts)} is a table; {known_names('', known)}")
    return made


def _inside(parts: list[str]) -> list[str]:
    """The keys of a table; none where `parts` lead to a value."""
    match parts:
        case [table]:
            return list(TABLES[table].model_fields)
        case ["risk", "limits"]:
            return list(_engine.risk_limits())
        case _:
            return []
