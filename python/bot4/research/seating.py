"""Puts strategies on their seats in an engine, and says where one raises."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from bot4 import decision
from bot4.decision import Programs
from bot4.errors import StrategyError
from bot4.history.times import utc_text
from bot4.research import money
from bot4.research.seats import Seat
from bot4.strategy import Scene, failure, strategy_code


class Engine(Programs, Protocol):
    """What has seats: ``Backtest`` and ``Run``."""

    @property
    def running(self) -> str:
        """``strategy on instrument`` of the class strategy called last; empty before."""

    @property
    def now_ns(self) -> int:
        """The time of the last event; 0 before the first."""

    def add_class(self, strategy: str, instrument: str, allocation: str, instance: object) -> None:
        """Call an instance at each bar."""


def seat(engine: Engine, taken: Sequence[Seat]) -> None:
    """Add each strategy where it sits. Raises StrategyError where one raises."""
    for one in taken:
        strategy, allocation = one.strategy, money.text(one.allocation)
        if strategy.form == "class":
            engine.add_class(one.name, one.instrument, allocation, strategy.instance())
            continue
        decision.seat(engine, one.name, one.instrument, strategy.decision(), allocation)


def calls_classes(taken: Sequence[Seat]) -> bool:
    """Whether any strategy is a class, which the engine calls."""
    return any(one.strategy.form == "class" for one in taken)


def strategies_called(engine: Engine, taken: Sequence[Seat]) -> AbstractContextManager[None]:
    """Go on with the engine in here: what a class raises becomes a StrategyError with its place."""
    if not calls_classes(taken):
        return nullcontext()
    return strategy_code(lambda: _scene(taken, engine.running, engine.now_ns))


def raised(taken: Sequence[Seat], running: str, now_ns: int, error: BaseException) -> StrategyError:
    """What a class raised, `running` as the engine names it, as a StrategyError with its place."""
    return failure(error, _scene(taken, running, now_ns))


def _scene(taken: Sequence[Seat], running: str, now_ns: int) -> Scene:
    classes = {one.name: one.strategy.template for one in taken if one.strategy.form == "class"}
    template = classes.get(running.partition(" on ")[0]) or next(iter(classes.values()))
    moment = utc_text(now_ns) if now_ns else "the start"
    return Scene(f"strategy {running or template.name}", template.file, moment)
