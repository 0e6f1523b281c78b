"""From a file and what is said over it to one `Config`; or one line that says what is wrong."""

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot4 import paths, settings
from bot4.config.overrides import Override, Place, from_environment, from_typed
from bot4.config.tables import Config
from bot4.config.wording import first
from bot4.errors import ConfigError

FILE = "file"

_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration, and who said what: by place the file or an override; defaults are absent."""

    config: Config
    origins: Mapping[Place, str]
    path: Path | None
    tables: frozenset[str]

    def refuse(self, place: Place, words: str) -> ConfigError:
        """An error that names who said it: the variable, the command line, or the file."""
        source = self.origins.get(place, FILE)
        where = self.path if source == FILE else source
        return ConfigError(words if where is None else f"{where}: {words}")


def read(
    path: Path | None,
    typed: Mapping[str, object] = _NOTHING,
    environment: Mapping[str, str] | None = None,
) -> Reading:
    """Read a TOML file, the environment over it, what was typed over both. Raises ConfigError.

    Without a file, the defaults. Relative paths in a file start at its folder, others at the
    current one. `typed` has values by key: ``{"run.speed": "60"}``.
    """
    said = os.environ if environment is None else environment
    overrides = [*from_environment(said), *from_typed(typed)]
    content = {} if path is None else _content(path)
    origins: dict[Place, str] = dict.fromkeys(_leaves(content), FILE)
    for override in overrides:
        _put(content, override)
        origins[override.place] = override.title
    try:
        config = Config.model_validate(content)
    except ValidationError as error:
        raise ConfigError(_blamed(*first(error), overrides, path)) from error
    if path is not None:
        config = _beside(config, path, origins)
    return Reading(config, origins, path, frozenset(content))


def read_backtest(path: Path) -> Config:
    """The configuration of a backtest. Raises ConfigError."""
    return _with_strategies(read(path), "a backtest").config


def read_run(path: Path, typed: Mapping[str, object] = _NOTHING) -> Config:
    """The configuration of a run. Raises ConfigError, also for limits that only research has."""
    return checked_for_a_run(read(path, typed)).config


def run_folder(path: Path) -> Path:
    """Where the run of a configuration file keeps what it has. Raises ConfigError."""
    return read(path).config.run.folder


def checked_for_a_run(reading: Reading) -> Reading:
    """The reading, where a bot may run on it. Raises ConfigError."""
    profile = reading.config.risk.profile
    if profile in settings.PROFILES_OF_RESEARCH:
        raise reading.refuse(
            ("risk", "profile"),
            f"risk.profile is {profile!r}, which is for backtests; a run takes "
            f"{settings.CONFIGURED_RISK_PROFILE!r} or {settings.RISK_PROFILE!r}",
        )
    return _with_strategies(reading, "a run")


def _with_strategies(reading: Reading, what: str) -> Reading:
    if not reading.config.strategy:
        raise reading.refuse((), f"strategy is missing; {what} needs at least one [[strategy]]")
    return reading


def _content(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no configuration file {path}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {paths.reason(error)}") from error
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _leaves(value: object, place: Place = ()) -> Iterable[Place]:
    """The place of every value in a file; lists of values count as one."""
    inner: Iterable[tuple[int | str, object]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        inner = enumerate(value)
    else:
        yield place
    for part, below in inner:
        yield from _leaves(below, (*place, part))


def _put(content: dict[str, Any], override: Override) -> None:
    table = content
    for part in override.place[:-1]:
        below = table.setdefault(part, {})
        if not isinstance(below, dict):  # the file is wrong there, and will be told so
            return
        table = below
    table[override.place[-1]] = override.value


def _blamed(place: Place, words: str, overrides: Sequence[Override], path: Path | None) -> str:
    """The words with who said it: one override where it is about its value, else the file."""
    for override in overrides:
        if place[: len(override.place)] == override.place:
            return f"{override.title}: {words}"
    within = [one.title for one in overrides if one.place[: len(place)] == place]
    said = f"{words} (with {', '.join(within)})" if within else words
    return said if path is None else f"{path}: {said}"


def _beside(config: Config, path: Path, origins: Mapping[Place, str]) -> Config:
    """The configuration with the file's relative paths joined to its folder."""
    folder = path.parent

    def joined(place: Place, value: str | Path) -> Path:
        meant = paths.written(value)
        return folder / meant if origins.get(place) == FILE else meant

    backtest, run = config.backtest, config.run
    if backtest.data != settings.SIMULATED:
        data = str(joined(("backtest", "data"), backtest.data))
        backtest = backtest.model_copy(update={"data": data})
    files = tuple(str(joined(("run", "data"), one)) for one in run.data)
    kept = ("run", "folder")
    own = joined(kept, run.folder) if kept in origins else settings.RUNS / (path.stem or path.name)
    strategies = tuple(
        one
        if one.file is None
        else one.model_copy(update={"file": joined(("strategy", place, "file"), one.file)})
        for place, one in enumerate(config.strategy)
    )
    return config.model_copy(
        update={
            "backtest": backtest,
            "run": run.model_copy(update={"data": files, "folder": own}),
            "strategy": strategies,
        }
    )
