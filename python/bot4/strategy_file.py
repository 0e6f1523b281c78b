"""Read a strategy from a Python file. The file is run, as `python NAME.py` would run it."""

import sys
import types
from contextlib import suppress
from pathlib import Path

from bot4.errors import StrategyError, known_names
from bot4.paths import reason
from bot4.strategy import Scene, StrategyTemplate, strategy_code

_MODULE_PREFIX = "bot4_strategy_file_"


def load(path: Path, name: str | None = None) -> StrategyTemplate:
    """The strategy that the file defines, or the one called `name` where it defines several.

    Raises StrategyError: no such file, a syntax error, code that raises, no strategy in it.
    """
    found = _defined(path, _run(path))
    if name is not None:
        if name not in found:
            raise StrategyError(f"{path} has no strategy {name!r}; {known_names(name, found)}")
        return found[name]
    if not found:
        raise StrategyError(f"{path} defines no strategy; put @b4.strategy over one")
    if len(found) > 1:
        raise StrategyError(
            f"{path} defines {len(found)} strategies; choose one with --strategy: "
            f"{', '.join(found)}"
        )
    return next(iter(found.values()))


def _run(path: Path) -> types.ModuleType:
    try:
        code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    except (RecursionError, MemoryError) as error:
        raise StrategyError(f"{path} is nested too deeply to be read as Python") from error
    except SyntaxError as error:
        raise StrategyError(f"{path}:{error.lineno}: {error.msg}") from error
    except FileNotFoundError as error:
        raise StrategyError(
            f"there is no strategy file {path}; bot4 new NAME writes one"
        ) from error
    except (OSError, ValueError) as error:
        raise StrategyError(f"{path} cannot be read as Python: {reason(error)}") from error
    module = types.ModuleType(_MODULE_PREFIX + path.stem)
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # annotations are resolved through it
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        with strategy_code(lambda: Scene(str(path), str(path))):
            exec(code, module.__dict__)  # noqa: S102 - it is the user's own program
    finally:
        with suppress(ValueError):  # the file may have changed sys.path itself
            sys.path.remove(folder)
    return module


def _defined(path: Path, module: types.ModuleType) -> dict[str, StrategyTemplate]:
    return {
        value.name: value
        for value in vars(module).values()
        if isinstance(value, StrategyTemplate) and value.file == str(path)
    }
