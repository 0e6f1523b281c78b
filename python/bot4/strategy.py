"""What a strategy is: a function that returns a decision, or a class that is called at each bar.

`@strategy` turns either into a `StrategyTemplate` and registers it by name; calling the template
with parameters gives a `ConfiguredStrategy`, which is what runs. Reading one from a file is in
strategy_file.py; running one is research.
"""

import inspect
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, dataclass_transform

from bot4._engine import Bar, Context
from bot4.config.sizing import SizingTable, sizing
from bot4.decision import Decision
from bot4.errors import Bot4Error, ParameterError, StrategyError, known_names, said
from bot4.parameters import Parameter, from_attributes, from_signature, own_init, parse
from bot4.signals import Target
from bot4.sizing import sized_by

Form = Literal["expression", "class"]


@dataclass_transform(kw_only_default=True)
class Strategy(ABC):
    """A strategy that needs arbitrary Python: derive, add parameters, write `on_bar`.

    Parameters are annotated class attributes (``fast: int = 10``) or those of ``__init__``. What it
    asks for through `ctx` passes the same risk checks as everything else. (To a type checker the
    decorated class stays a class, whose parameters it knows as those of a dataclass.)
    """

    def on_start(self, ctx: Context) -> None:  # noqa: B027 - most strategies need none
        """Prepare, once, before the first bar. Does nothing unless overridden."""

    @abstractmethod
    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Decide, at each finished bar. `ctx` is valid during the call only."""


@dataclass(frozen=True, slots=True)
class StrategyTemplate:
    """A strategy before its parameters are chosen. Call it with them: ``sma_cross(fast=10)``."""

    name: str
    form: Form
    source: Callable[..., object] = field(repr=False)
    parameters: tuple[Parameter, ...] = field(repr=False)
    file: str
    summary: str = field(repr=False)

    def __call__(self, *unnamed: object, **values: object) -> "ConfiguredStrategy":
        """The strategy with these parameters, checked. Raises ParameterError."""
        if unnamed:
            named = ", ".join(f"{parameter.name}=…" for parameter in self.parameters)
            raise ParameterError(f"name the parameters: {self.name}({named})")
        chosen = parse(self.parameters, self.name, values)
        return ConfiguredStrategy(self, MappingProxyType(chosen))


@dataclass(frozen=True, slots=True)
class ConfiguredStrategy:
    """A strategy with its parameters chosen and checked: what a backtest or a bot runs.

    `sizing` says how what it wants is sized; None leaves it as it is.
    """

    template: StrategyTemplate
    params: Mapping[str, object]
    sizing: SizingTable | None = None

    @property
    def name(self) -> str:
        """The name it is registered by."""
        return self.template.name

    @property
    def form(self) -> Form:
        """``expression`` for a function, ``class`` for a class with callbacks."""
        return self.template.form

    def sized(self, method: str, **parameters: object) -> "ConfiguredStrategy":
        """The same strategy, what it wants sized: ``sma_cross().sized("vol_target", target=0.2)``.

        As ``[strategy.sizing]`` of a configuration does: `method` is one of `bot4 strategies`, and
        the expression of its target is wrapped in the function of that name. Raises ParameterError
        for what is unknown or out of range, StrategyError where nothing can be wrapped.
        """
        return self.sized_by(sizing(method, parameters))

    def sized_by(self, table: SizingTable) -> "ConfiguredStrategy":
        """The same strategy, sized as a table says. Raises StrategyError for a class."""
        if self.form == "class":
            raise StrategyError(
                f"strategy {self.name} is a class, which asks for its sizes in on_bar: there is no "
                f"expression that {table.name} could size; leave the sizing out"
            )
        return replace(self, sizing=table)

    def decision(self) -> Decision:
        """What the function returns, sized. Raises StrategyError where it raises or returns else.

        So it does where a market that is made would have to be sized.
        """
        with strategy_code(self._scene):
            wanted = self.template.source(**self.params)
        if not isinstance(wanted, Decision):
            raise StrategyError(
                f"strategy {self.name} returned {type(wanted).__name__}; "
                "return b4.target(...) or b4.quote(...) around the expression"
            )
        if self.sizing is None:
            return wanted
        if not isinstance(wanted, Target):
            raise StrategyError(
                f"strategy {self.name} makes a market, and says the size of its quotes itself; "
                f"{self.sizing.name} sizes targets: leave the sizing out"
            )
        exits = (wanted.stop_loss, wanted.take_profit, wanted.trailing_stop)
        if not self.sizing.is_steady and any(exit is not None for exit in exits):
            raise StrategyError(
                f"strategy {self.name} has exits, and a size that moves with the market would buy "
                f"back at once what they sold; set deadband = {self.sizing.cap:g}, the cap: then "
                f"{self.sizing.name} keeps the size of the entry"
            )
        return replace(wanted, fraction=sized_by(self.sizing, wanted.fraction))

    def check(self) -> None:
        """Build what a function decides, sized, and let it go. Raises StrategyError, SignalError.

        A class decides at its bars: there is nothing to build before.
        """
        if self.form == "expression":
            self.decision()

    def _scene(self) -> "Scene":
        return Scene(f"strategy {self.name}", self.template.file)

    def instance(self) -> object:
        """A fresh object of the class, its parameters set. Raises StrategyError where it raises."""
        with strategy_code(self._scene):
            if _has_init(self.template.source):
                return self.template.source(**self.params)
            made = self.template.source()
            for name, value in self.params.items():
                setattr(made, name, value)
            return made


_registry: dict[str, StrategyTemplate] = {}


def strategy(form: Callable[..., Decision] | type[Strategy]) -> StrategyTemplate:
    """Register a function that returns what it decides, or a class derived from `Strategy`.

    A function returns ``b4.target(...)`` or ``b4.quote(...)``.
    The latest definition of a name wins, as everywhere in Python: a cell of a notebook may be run
    again, and a session may replace a strategy that ships. Raises StrategyError where the class
    cannot run or a parameter has a type that cannot be set.
    """
    made = _class_template(form) if isinstance(form, type) else _function_template(form)
    _registry[made.name] = made
    return made


def registered() -> dict[str, StrategyTemplate]:
    """Every registered strategy by name, in order of names."""
    return dict(sorted(_registry.items()))


def find(name: object) -> StrategyTemplate:
    """The strategy registered by that name. Raises StrategyError with the nearest known name."""
    if not isinstance(name, str) or name not in _registry:
        near = known_names(name, sorted(_registry))
        raise StrategyError(f"there is no strategy {name!r}; {near} (see: bot4 strategies)")
    return _registry[name]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where code of a strategy runs: what is said of it, its file, and at which bar."""

    subject: str
    file: str
    moment: str = ""


@contextmanager
def strategy_code(scene: Callable[[], Scene]) -> Iterator[None]:
    """Run code of a strategy: what it raises becomes a StrategyError that tells where.

    What BOT4 itself raises passes unchanged, unless a line of the strategy caused it at a bar. So
    does Ctrl-C; but a strategy that exits (`sys.exit()`) is stopped as one that raises.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        at = scene()
        if isinstance(error, Bot4Error) and not (_place(error, at.file) and at.moment):
            raise
        raise failure(error, at) from error


def failure(error: BaseException, at: Scene) -> StrategyError:
    """What a strategy raised, in one line: who, what, when and where."""
    words, place = said(error), _place(error, at.file)
    parts = [f"{at.subject} raised {type(error).__name__}" + (f": {words}" if words else "")]
    parts += [f"at {at.moment}"] if at.moment else []
    parts += [f"({place})"] if place else []
    return StrategyError(" ".join(parts))


def _place(error: BaseException, file: str) -> str | None:
    frames = traceback.extract_tb(error.__traceback__)
    within = [frame for frame in frames if frame.filename == file][-1:]
    return f"{Path(file).name}, line {within[0].lineno}" if within else None


def _function_template(form: Callable[..., Decision]) -> StrategyTemplate:
    if not inspect.isfunction(form):
        raise StrategyError(f"@strategy goes over a function or a class, not {form!r}")
    name = form.__name__
    parameters = from_signature(form, name)
    file = form.__code__.co_filename
    return StrategyTemplate(name, "expression", form, parameters, file, _summary(form))


def _class_template(form: type) -> StrategyTemplate:
    name = form.__name__
    if not issubclass(form, Strategy):
        raise StrategyError(f"class {name} must derive from b4.Strategy to be a strategy")
    if inspect.isabstract(form):
        raise StrategyError(f"class {name} has no on_bar(self, ctx, bar); write one")
    by_init = _has_init(form)
    parameters = from_signature(form, name) if by_init else from_attributes(form, name)
    file = inspect.unwrap(form.on_bar).__code__.co_filename
    return StrategyTemplate(name, "class", form, parameters, file, _summary(form))


def _has_init(form: object) -> bool:
    return isinstance(form, type) and own_init(form) is not None


def _summary(form: object) -> str:
    lines = (getattr(form, "__doc__", None) or "").strip().splitlines()
    return lines[0] if lines else ""
