"""A configuration written down: as TOML with who said each value, as JSON, and its schema."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bot4.config.overrides import Place
from bot4.config.reading import FILE, Reading
from bot4.config.sizing import SizingTable
from bot4.config.tables import LISTS, Config
from bot4.config.wording import key as dotted
from bot4.paths import readable

DEFAULT = "default"

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_COMMENT_COLUMN = 40


def as_toml(reading: Reading) -> str:
    """The whole configuration as TOML; each line says who said its value.

    Paths are as they are seen from the current directory.
    """
    said = "no file: the defaults and the environment"
    lines = [f"# {said if reading.path is None else readable(reading.path)}"]
    for place, table in _tables(reading):
        name = str(place[0])
        lines += ["", f"[[{name}]]" if name in LISTS else f"[{name}]"]
        nested: list[tuple[Place, Mapping[str, object]]] = []
        for field in type(table).model_fields:
            value = getattr(table, field)
            if isinstance(value, Mapping):
                nested.append(((*place, field), value))
                continue
            if isinstance(value, SizingTable):
                nested.append(((*place, field), value.values))
                continue
            lines.append(_line(reading, (*place, field), value))
        for below, values in nested:
            lines += _nested(reading, below, values)
    return "\n".join(lines)


def as_json(reading: Reading) -> str:
    """``{"config": …, "origins": {"run.speed": "file", …}}``; numbers are exact, as text."""
    origins = {dotted(place): source for place, source in reading.origins.items()}
    config = reading.config.model_dump(mode="json")
    return json.dumps({"config": config, "origins": origins}, allow_nan=False)


def json_schema() -> str:
    """The JSON schema of a configuration, with what each key allows as its description."""
    return json.dumps(Config.model_json_schema(), indent=2)


def _tables(reading: Reading) -> Iterator[tuple[Place, BaseModel]]:
    for name in Config.model_fields:
        value = getattr(reading.config, name)
        if isinstance(value, BaseModel):
            yield (name,), value
        elif name != "instrument" or reading.config.run.feed == "simulated":
            yield from (((name, number), one) for number, one in enumerate(value))


def _line(reading: Reading, place: Place, value: object) -> str:
    origin = reading.origins.get(place, DEFAULT)
    name = str(place[-1])
    # What is written for bars would be refused with files that have an interval of their own.
    own = place == ("run", "bar") and reading.config.run.feed == "replay" and origin == DEFAULT
    if own:
        return f"# {name} = {_value(value)}, and with files of bars their own"
    if value is None or value == ():
        return f"# {name} is not set"
    return f"{f'{name} = {_value(value)}':<{_COMMENT_COLUMN}} # {origin}"


def _nested(reading: Reading, place: Place, values: Mapping[str, object]) -> Iterable[str]:
    if not values:
        return
    yield f"[{'.'.join(str(part) for part in place if isinstance(part, str))}]"
    for name, value in values.items():
        # A list of tables has an origin for each of what is in it, and none of its own.
        otherwise = DEFAULT if place[-1] == "sizing" else FILE
        origin = reading.origins.get((*place, name), otherwise)
        if value is None:
            yield f"# {_key(name)} is not set"
            continue
        # A limit with its reason is a table of its own.
        shown = _value(value.model_dump() if isinstance(value, BaseModel) else value)
        yield f"{f'{_key(name)} = {shown}':<{_COMMENT_COLUMN}} # {origin}"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    # JSON writes a text as TOML does, but for this one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:  # noqa: ANN401 - what a parameter may be is for its strategy to say
    match value:
        case str() | Path():
            return _text(readable(value))
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(_value(one) for one in value)}]"
        case dict():
            pairs = (f"{_key(str(name))} = {_value(below)}" for name, below in value.items())
            return f"{{{', '.join(pairs)}}}"
        case _:
            return str(value).lower()
