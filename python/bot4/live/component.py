"""The life of a component: it starts, says that it is ready, runs under supervision, and stops.

This is the one place that catches whatever a component may raise. One that trading rests on ends
the run; any other is let go, waits behind its breaker, and is started again.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from bot4 import logs
from bot4.errors import Bot4Error, ConfigError
from bot4.live.breaker import Breaker
from bot4.live.picture import ComponentState

# How long a component may take to stop where everything is to end at once.
AT_ONCE_S_MAX = 0.5
_REASON_MAX = 200


class Component(Protocol):
    """A part of a running bot."""

    name: str
    stop_s_max: float

    async def start(self) -> None:
        """Become ready. Raises where that is impossible."""

    async def run(self) -> None:
        """Work, until done or cancelled."""

    async def stop(self) -> None:
        """Let go of everything; also after a start or a run that failed."""


@dataclass(slots=True)
class Supervised:
    """A component with its breaker; `halt` is told what ends the run, where trading rests on it."""

    component: Component
    breaker: Breaker
    halt: Callable[[BaseException], None] | None = None
    _task: asyncio.Task[None] | None = None
    _failed: bool = False
    _wait_s: float = 0.0

    async def begin(self, group: asyncio.TaskGroup) -> None:
        """Start it and say that it is ready, then keep it.

        Raises what a component raises that trading rests on, and ConfigError of any: what was
        asked for is impossible, and nothing trades yet.
        """
        try:
            await self.component.start()
        except Exception as error:
            await self._let_go()
            if self.halt is not None or isinstance(error, ConfigError):
                raise
            self._trip(error)
        else:
            self._log.info("ready")
        self._task = group.create_task(self._keep(), name=self.component.name)

    def rest(self) -> None:
        """Let it work no longer; it still has to end."""
        if self._task is not None:
            self._task.cancel()

    async def end(self, at_once: asyncio.Event) -> bool:
        """Stop it within its limit, or the shorter one; whether it came to rest in time."""
        stopping = asyncio.create_task(self._let_go(), name=f"{self.component.name} stops")
        hurried = asyncio.create_task(at_once.wait(), name="at once")
        await asyncio.wait([stopping, hurried], return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            await asyncio.wait([stopping], timeout=AT_ONCE_S_MAX)
        hurried.cancel()
        stopping.cancel()
        await asyncio.wait([stopping, hurried])
        return not stopping.cancelled() and stopping.result()

    async def done(self) -> None:
        """Wait until it has nothing left to do."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def state(self, now_s: float) -> ComponentState:
        """What is to be seen of it."""
        breaker = self.breaker
        state = breaker.state(now_s)
        since_s = round(breaker.since_s(now_s), 1)
        return ComponentState(state, since_s, breaker.reason, breaker.restarts)

    async def _keep(self) -> None:
        while True:
            try:
                if self._failed:
                    await self._again()
                await self.component.run()
            except Exception as error:  # noqa: BLE001 - it ends the run, or is tried again
                if self.halt is not None:
                    self._log.error("failed", reason=_reason(error))
                    self.halt(error)
                    return
                await self._let_go()
                self._trip(error)
            else:
                return

    async def _again(self) -> None:
        await asyncio.sleep(self._wait_s)
        self.breaker.probe(time.monotonic())
        await self.component.start()
        self._failed = False
        self._log.info("ready again", restarts=self.breaker.restarts)

    def _trip(self, error: Exception) -> None:
        self._failed = True
        reason = _reason(error)
        self._wait_s = self.breaker.trip(reason, time.monotonic())
        self._log.warning("failed", reason=reason, again_in_s=round(self._wait_s, 2))

    async def _let_go(self) -> bool:
        limit = self.component.stop_s_max
        try:
            async with asyncio.timeout(limit):
                await self.component.stop()
        except TimeoutError:
            self._log.warning("did not stop in time", limit_s=limit)
            return False
        except Exception as error:  # noqa: BLE001 - the others are still to be stopped
            if self.halt is not None:
                self.halt(error)
            self._log.warning("could not stop cleanly", reason=_reason(error))
        return True

    @property
    def _log(self) -> FilteringBoundLogger:
        return logs.logger(self.component.name)


def _reason(error: BaseException) -> str:
    """One line: a Bot4Error says it itself, anything else with its kind."""
    said = " ".join(str(error).split())
    text = said if isinstance(error, Bot4Error) else f"{type(error).__name__}: {said}"
    return text[:_REASON_MAX]
