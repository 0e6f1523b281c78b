"""A refusal in one line: the key, what stands there, and what is allowed."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from pydantic import BaseModel, ValidationError

from bot4.config.overrides import Place
from bot4.config.sizing import SIZINGS
from bot4.config.tables import LISTS, TABLES, Config
from bot4.errors import known_names

_TABLES_OF_VALUES = {"limits": "a table: [risk.limits]", "set": "a table of parameters"}


def first(error: ValidationError) -> tuple[Place, str]:
    """The first problem: where it is, and the words for it."""
    problem = error.errors()[0]
    place = problem["loc"]
    if place[2:3] == ("sizing",):
        return _of_sizing(place, problem)
    if problem["type"] == "extra_forbidden":
        near = known_names(str(place[-1]), _table(place).model_fields)
        return place, f"unknown key {key(place)}; {near}"
    if problem["type"] == "value_error" and len(place) <= _depth(place):
        words = str(problem["ctx"]["error"])
        return place, f"{key(place)}: {words}" if place else words
    place, allowed = _known(place)
    if problem["type"] == "missing":
        return place, f"{key(place)} is missing; give {allowed}"
    return place, f"{key(place)} is {_shown(problem['input'])}; allowed: {allowed}"


def _of_sizing(place: Place, problem: Mapping[str, Any]) -> tuple[Place, str]:
    """The same of ``[strategy.sizing]``, whose keys depend on its method."""
    table, told = place[:3], problem["input"]
    inside = (*table, *place[4:5])  # what lies between is pydantic's: the method
    fields = SIZINGS[str(place[3])].model_fields if len(place) > 3 else {}
    name = str(inside[-1])
    match problem["type"]:
        case "union_tag_not_found":
            words = f"{key(table)}.method is missing; {known_names('', SIZINGS)}"
        case "union_tag_invalid":
            near = known_names(problem["ctx"]["tag"], SIZINGS)
            words = f"{key(table)}: there is no sizing {problem['ctx']['tag']!r}; {near}"
        case "value_error":
            words = f"{key(table)}: {problem['ctx']['error']}"
        case "extra_forbidden":
            words = f"unknown key {key(inside)}; {known_names(name, fields)}"
        case "missing":
            words = f"{key(inside)} is missing; give {fields[name].description}"
        case _:
            allowed = fields[name].description if name in fields else "a table: [strategy.sizing]"
            words = f"{key(inside)} is {_shown(told)}; allowed: {allowed}"
    return inside, words


def key(place: Place) -> str:
    """A place as people write it, tables counted from one: ``strategy.1.file``."""
    return ".".join(str(part + 1 if isinstance(part, int) else part) for part in place)


def _table(place: Place) -> type[BaseModel]:
    """The table that a key stands in."""
    return TABLES[str(place[0])] if len(place) > 1 else Config


def _depth(place: Place) -> int:
    """How many parts of a place name its table: two where there may be several."""
    return 2 if place and place[0] in LISTS else 1


def _known(place: Place) -> tuple[Place, str | None]:
    """The part of a place that people know, and what is allowed there.

    What follows it is pydantic's: the branch of a union, the place within a list.
    """
    depth = _depth(place)
    if len(place) <= depth:
        return place, Config.model_fields[str(place[0])].description
    name = str(place[depth])
    if name in _TABLES_OF_VALUES and len(place) == depth + 1:
        return place, _TABLES_OF_VALUES[name]
    allowed = TABLES[str(place[0])].model_fields[name].description
    return place[: depth + 1 + (name in _TABLES_OF_VALUES)], allowed


def _shown(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case date() | time():
            return value.isoformat()
        case str():
            return repr(value)
        case _:
            return f"{value}"
