"""Puts strategies on their seats in an engine, and says where one raises."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from bot4 import decision
from bot4.decision import Programs
from bot4.history.times import utc_text
from bot4.research import money
from bot4.research.seats import Seat
from bot4.strategy import Scene, strategy_code


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
    classes = {one.name: one.strategy.template for one in taken if one.strategy.form == "class"}
    if not classes:
        return nullcontext()

    def scene() -> Scene:
        name = engine.running.partition(" on ")[0]
        template = classes.get(name) or next(iter(classes.values()))
        moment = utc_text(engine.now_ns) if engine.now_ns else "the start"
        return Scene(f"strategy {engine.running or template.name}", template.file, moment)

    return strategy_code(scene)
