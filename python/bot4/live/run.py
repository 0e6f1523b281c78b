"""One run from start to end: its components in order, in one task group, and what ends it.

Started in order, stopped in reverse. Nothing trades before everything is ready.
"""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bot4 import logs
from bot4.errors import ConfigError
from bot4.live.breaker import Breaker
from bot4.live.component import Component, Supervised
from bot4.live.control import Control
from bot4.live.copies import Copies
from bot4.live.display import Display, Painter
from bot4.live.guard import Guard
from bot4.live.measuring import Measuring
from bot4.live.outcome import Outcome
from bot4.live.picture import Latest, Picture
from bot4.live.plan import Plan
from bot4.live.scrape import Metrics
from bot4.live.telegram import Request
from bot4.live.trading import WIND_DOWN_S_MAX, Trading
from bot4.run_folder import KILL

PICTURE_S = 0.25
# What a slice may take beyond its time, where a strategy thinks for long, before it is given up.
ANSWER_S_MAX = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What these do stays with the bot, which goes on; flattening is left to words and the file.
_KILLS = {signal.SIGUSR1: "entries", signal.SIGUSR2: "cancel"}
_KILLED = {
    "entries": "nothing is opened",
    "cancel": "everything is canceled and nothing is opened",
    "flatten": "everything is canceled and being closed",
}
FOR, COMMAND, MARKET_END = "--for is over", "bot4 stop", "the market has ended"


def run(plan: Plan, shown: tuple[str, Painter] | None = None) -> Outcome:
    """Run to the end; how it ended. Raises a Bot4Error where it could not start."""
    return asyncio.run(_Running(plan, shown).go())


@dataclass(slots=True)
class _Ends:
    """What ends a run: the first reason, a failure, or a second signal."""

    why: str | None = None
    failure: BaseException | None = None
    at_once: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, why: str) -> None:
        self.why = self.why or why
        self.asked.set()

    def fail(self, error: BaseException) -> None:
        self.failure = self.failure or error
        self.ask("a failure")


class _AtOnceError(Exception):
    """Everything is to end now."""


class _Running:
    """A run while it runs."""

    def __init__(self, plan: Plan, shown: tuple[str, Painter] | None) -> None:
        self._plan = plan
        self._ends = _Ends()
        self._latest: Latest[Picture] = Latest()
        self._trading = Trading(plan)
        self._copies = Copies(plan.folder, self._trading.records)
        self._engine = self._supervised(self._trading, halts=True)
        copies = self._supervised(self._copies)
        self._guard = Guard(
            plan.folder,
            self._trading,
            lambda: copies.breaker.state(time.monotonic()) == "closed",
        )
        beside: list[Component] = [Control(plan.folder, self._answer)]
        if plan.way is not None:
            beside.append(Measuring(plan.way, self._trading))
        if plan.metrics is not None:
            beside.append(Metrics(*plan.metrics, self._latest))
        if shown is not None:
            beside.append(Display(*shown, self._latest))
        watched = self._supervised(self._guard, halts=True)
        others = [self._supervised(one) for one in beside]
        self._parts = [self._engine, watched, copies, *others]
        self._unstopped: list[str] = []
        self._signaled = self._hurry = False

    async def go(self) -> Outcome:
        """Everything from start to end."""
        with self._signals():
            try:
                await self._together()
            except BaseExceptionGroup as several:
                raise several.exceptions[0] from several
            finally:
                await self._end()
                logs.stop()
        return self._outcome()

    async def _together(self) -> None:
        """The one task group. What a component may not raise ends all of it."""
        try:
            async with asyncio.TaskGroup() as group:
                hurried = group.create_task(self._hurried(), name="at once")
                await self._trade(group)
                hurried.cancel()
        except* _AtOnceError:
            logs.logger("run").warning("ended at once")

    async def _trade(self, group: asyncio.TaskGroup) -> None:
        for part in self._parts:
            await part.begin(group)
            if part is self._engine:
                await self._look()
        tasks = [
            group.create_task(self._watch(), name="pictures"),
            group.create_task(self._time(), name="time"),
        ]
        over = group.create_task(self._engine.done(), name="over")
        asked = group.create_task(self._ends.asked.wait(), name="asked")
        self._trading.begin()
        await asyncio.wait([over, asked], return_when=asyncio.FIRST_COMPLETED)
        if self._ends.why is None:
            self._ends.ask(MARKET_END)
        elif self._ends.failure is None:
            logs.logger("run").info("stopping", why=self._ends.why)
            self._trading.wind_down(self._ends.why)
            await asyncio.wait([over], timeout=WIND_DOWN_S_MAX + ANSWER_S_MAX)
            if not over.done():
                self._unstopped.append(self._trading.name)
        for task in (*tasks, over, asked):
            task.cancel()
        for part in self._parts:
            part.rest()

    async def _hurried(self) -> None:
        await self._ends.at_once.wait()
        raise _AtOnceError

    async def _end(self) -> None:
        """Stop the components in reverse; quickly once anything is stuck."""
        for part in reversed(self._parts):
            if self._unstopped:
                self._ends.at_once.set()
            if not await part.end(self._ends.at_once):
                self._unstopped.append(part.component.name)

    async def _time(self) -> None:
        if self._plan.for_s is not None:
            await asyncio.sleep(self._plan.for_s)
            self._ends.ask(FOR)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(PICTURE_S)
            await self._look()

    async def _look(self) -> Picture:
        picture = self._completed(await self._trading.picture())
        self._latest.put(picture)
        return picture

    def _completed(self, picture: Picture) -> Picture:
        now_s = time.monotonic()
        durable = int(picture.engine["journal"]["durable"])
        return replace(
            picture,
            components={part.component.name: part.state(now_s) for part in self._parts},
            copy_behind=max(0, durable - self._copies.last_entry),
        )

    async def _answer(self, request: Request) -> dict[str, Any]:
        strategy = request.strategy
        match request.command:
            case "status":
                return {"status": (await self._look()).as_json()}
            case "pause":
                await self._trading.ask(lambda run: run.pause(str(strategy)))
                said = f"{strategy} is paused; its position stays"
            case "resume":
                await self._trading.ask(lambda run: run.resume(strategy))
                said = f"{strategy or 'everything'} goes on{await self._held_back()}"
            case "flatten":
                await self._trading.ask(lambda run: run.flatten())
                said = "everything is canceled and being closed; bot4 resume trades again"
            case "halt":
                await self._trading.ask(lambda run: run.halt())
                said = "everything is canceled and no order passes; bot4 resume trades again"
            case "kill" | "rearm":
                said = await self._said_of_breaker(request)
            case _:
                self._ends.ask(COMMAND)
                said = "stopping"
        logs.logger("control").info(
            request.command, strategy=strategy, name=request.name, reason=request.reason
        )
        return {"said": said}

    async def _said_of_breaker(self, request: Request) -> str:
        """Kill or rearm, and say what came of it."""
        name, reason = str(request.name), request.reason or ""
        if request.command == "kill":
            await self._trading.ask(lambda run: run.kill(name, note=reason))
            return f"killed: {_KILLED[name]}; bot4 rearm kill_switch ends it"
        if name == "kill_switch" and self._guard.holds_file:
            raise ConfigError(f"the file {KILL} in the run's folder still says so: remove it first")
        closed = await self._trading.ask(lambda run: run.rearm(name, reason))
        return f"{', '.join(closed)} closed{await self._held_back()}"

    async def _held_back(self) -> str:
        """What still keeps anything from being opened, for the end of a sentence."""
        engine = (await self._look()).engine
        held = [
            f"{name} is {one['state']}"
            for name, one in engine["breakers"].items()
            if one["stage"] is not None
        ]
        if engine["trading_state"] != "active":
            held.append(f"trading is {engine['trading_state']}")
        return f", but nothing is opened: {', '.join(held)}" if held else ""

    def _supervised(self, component: Component, *, halts: bool = False) -> Supervised:
        breaker = Breaker(component.name, str(self._plan.folder), time.monotonic())
        return Supervised(component, breaker, self._ends.fail if halts else None)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def heard(name: str) -> None:
            if self._signaled:
                self._ends.at_once.set()
                self._hurry = True
            self._signaled = True
            self._ends.ask(name)

        for one in _SIGNALS:
            loop.add_signal_handler(one, heard, _name(one))
        for one, stage in _KILLS.items():
            loop.add_signal_handler(one, self._guard.kill, stage, "signal")
        try:
            yield
        finally:
            for one in (*_SIGNALS, *_KILLS):
                loop.remove_signal_handler(one)

    def _outcome(self) -> Outcome:
        final = self._trading.final
        return Outcome(
            plan=self._plan,
            opened=self._trading.opened,
            picture=None if final is None else self._completed(final.picture),
            hashes={} if final is None else final.hashes,
            why=self._ends.why or MARKET_END,
            failure=self._ends.failure,
            at_once=self._hurry,
            unstopped=tuple(dict.fromkeys(self._unstopped)),
            left=None if final is None or not final.left else _left(final.picture),
        )


def _left(picture: Picture) -> str:
    """What a stop asked for and the venue had not done in time."""
    held, working = len(picture.engine["positions"]), len(picture.engine["working"])
    return f"{held} held and {working} working when the time for stopping was over"


def _name(one: signal.Signals) -> str:
    return "Ctrl-C" if one is signal.SIGINT else one.name
