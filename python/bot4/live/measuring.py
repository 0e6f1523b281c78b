"""Measures what the account may lose, where it has a budget of that, and tells the engine.

From the closes that the bot saw of what it trades, and what it holds of each: nothing is measured
before there are enough of them. Which numbers, by which method, docs/measures.md says. It works
beside the loop that trades. Where it fails it says so, and the measure that is known grows old:
the engine then opens nothing.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot4 import _engine, logs
from bot4.errors import DataError
from bot4.history.times import interval_text
from bot4.live.budget import LEVEL, LOOK_S, Way

T = TypeVar("T")

# The newest close may be of so many steps ago: of a market that fell silent nothing is known.
_SILENT_STEPS_MAX = 2
_STOP_S_MAX = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The account and its markets at one moment."""

    now_ns: int
    equity: float
    worth: Mapping[str, float]
    """What is held of each instrument, in the currency of the equity, negative when short."""
    closes: Mapping[str, Sequence[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class Losses:
    """What the account may lose, as fractions of its equity."""

    var: float
    cvar: float


class Asked(Protocol):
    """Whoever owns the run: what is asked of it waits its turn there."""

    async def ask(self, question: Callable[[_engine.Run], T]) -> T:
        """What the run says."""


class Measuring:
    """The component that measures, in a thread of its own, every so often by the market's time."""

    name = "measures"
    stop_s_max = _STOP_S_MAX

    def __init__(self, way: Way, trading: Asked) -> None:
        self._way = way
        self._trading = trading
        self._thread: ThreadPoolExecutor | None = None
        self._told_ns: int | None = None
        self._waits = False

    async def start(self) -> None:
        """Import what measures before anything trades: it is slow, and holds up every thread."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)
        await asyncio.get_running_loop().run_in_executor(self._thread, _library)

    async def run(self) -> None:
        """Measure until cancelled. Raises where that cannot be done."""
        while True:
            await asyncio.sleep(LOOK_S)
            if await self._trading.ask(self._is_due):
                await self._measure()

    async def stop(self) -> None:
        """Let go of the thread; what it measures is told to nobody any more."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(wait=False, cancel_futures=True)

    def _is_due(self, run: _engine.Run) -> bool:
        return self._told_ns is None or run.now_ns - self._told_ns >= self._way.every_ns

    async def _measure(self) -> None:
        seen = await self._trading.ask(look)
        work = partial(measured, seen, self._way)
        losses = await asyncio.get_running_loop().run_in_executor(self._thread, work)
        if losses is None:
            self._wait()
            return
        var, cvar = losses.var, losses.cvar
        await self._trading.ask(lambda run: run.measured(var, cvar, seen.now_ns))
        self._told_ns, self._waits = seen.now_ns, False
        logs.logger(self.name).debug("measured", var=round(var, 6), cvar=round(cvar, 6))

    def _wait(self) -> None:
        if not self._waits:
            way = self._way
            logs.logger(self.name).info(
                "too few closes to measure yet: a budget opens nothing",
                returns=way.returns,
                bar=interval_text(way.step_ns),
            )
        self._waits = True


def look(run: _engine.Run) -> Seen:
    """What a run holds and what it saw. Raises DataError where something held has no price."""
    told = run.status()
    worth: dict[str, float] = {}
    for one in told["positions"]:
        if one["mark"] is None:
            raise DataError(f"{one['instrument']} is held and has no price")
        worth[one["instrument"]] = worth.get(one["instrument"], 0.0) + one["value"]
    return Seen(run.now_ns, told["equity"], worth, run.closes())


def measured(seen: Seen, way: Way) -> Losses | None:
    """The losses of what is held now; None where there are too few closes to tell.

    Raises DataError without equity, ParameterError where the method has no answer.
    """
    measures = _library()
    names = tuple(dict.fromkeys((*way.instruments, *seen.worth)))
    closes = _common(seen, names, way)
    if closes is None:
        return None
    if not seen.equity > 0:
        raise DataError(f"equity is {seen.equity:g}: there is nothing to lose a part of")
    weights = np.array([seen.worth.get(name, 0.0) for name in names]) / seen.equity
    if not weights.any():
        return Losses(0.0, 0.0)
    returns = measures.portfolio_returns(closes[1:] / closes[:-1] - 1.0, weights)
    found = measures.value_at_risk(returns, LEVEL, way.method, horizon=way.horizon)
    # What gains even then loses nothing.
    var = max(0.0, found.value_at_risk)
    return Losses(var, max(var, found.expected_shortfall))


def _library() -> ModuleType:
    from bot4 import measures  # noqa: PLC0415 - SciPy is slow to import, and few have a budget

    return measures


def _common(seen: Seen, names: Sequence[str], way: Way) -> NDArray[np.float64] | None:
    """The last closes of steps that are over and that all of them have, a row a step."""
    each = [dict(seen.closes.get(name, ())) for name in names]
    both = set(each[0]).intersection(*each[1:])
    ends = sorted(end for end in both if end <= seen.now_ns)[-(way.returns + 1) :]
    if len(ends) <= way.returns or seen.now_ns - ends[-1] > _SILENT_STEPS_MAX * way.step_ns:
        return None
    return np.array([[closes[end] for closes in each] for end in ends])
