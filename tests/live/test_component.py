"""Components start, fail, wait, come back and stop; what trading rests on ends the run instead."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

import bot4 as b4
from bot4.live import breaker
from bot4.live.breaker import Breaker
from bot4.live.component import AT_ONCE_S_MAX, Supervised


class Scripted:
    """A component that does what its script says, and writes down what was asked of it."""

    name = "scripted"

    def __init__(
        self, starts: Sequence[Any] = (), runs: Sequence[Any] = (), stop_s: float = 0.0
    ) -> None:
        self.stop_s_max = 0.3
        self.asked: list[str] = []
        self._starts, self._runs, self._stop_s = list(starts), list(runs), stop_s

    async def start(self) -> None:
        self.asked.append("start")
        self._next(self._starts)

    async def run(self) -> None:
        self.asked.append("run")
        self._next(self._runs)
        await asyncio.sleep(3600)

    async def stop(self) -> None:
        self.asked.append("stop")
        await asyncio.sleep(self._stop_s)

    @staticmethod
    def _next(script: list[Any]) -> None:
        if script and (error := script.pop(0)):
            raise error


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "WAIT_S_FIRST", 0.02)
    monkeypatch.setattr(breaker, "STEADY_S", 0.2)


def supervised(component: Scripted, halted: list[BaseException] | None = None) -> Supervised:
    made = Breaker(component.name)
    return Supervised(component, made, None if halted is None else halted.append)


async def lived(kept: Supervised, seconds: float = 0.4) -> list[str]:
    """Let a component live for a while; the states that were seen of it."""
    states: list[str] = []
    async with asyncio.TaskGroup() as group:
        await kept.begin(group)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            state = kept.state(time.monotonic()).state
            if states[-1:] != [state]:
                states.append(state)
            await asyncio.sleep(0.005)
        kept.rest()
    return states


def test_one_that_is_well_is_started_once() -> None:
    component = Scripted()
    assert asyncio.run(lived(supervised(component), 0.05)) == ["closed"]
    assert component.asked == ["start", "run"]


@pytest.mark.parametrize(
    ("starts", "runs", "asked"),
    [
        ([], [ValueError("x")], ["start", "run", "stop", "start", "run"]),
        ([OSError("x")], [], ["start", "stop", "start", "run"]),
        (
            [None, OSError("x")],
            [ValueError("y")],
            ["start", "run", "stop", "start", "stop", "start", "run"],
        ),
    ],
)
def test_one_that_fails_is_let_go_and_comes_back(
    starts: list[Any], runs: list[Any], asked: list[str]
) -> None:
    component = Scripted(starts, runs)
    kept = supervised(component)
    states = asyncio.run(lived(kept))
    assert component.asked == asked
    assert states[-2:] == ["half_open", "closed"]
    assert kept.state(time.monotonic()).restarts == asked.count("start") - 1


def test_the_reason_is_one_line_that_can_be_seen() -> None:
    kept = supervised(Scripted(runs=[ValueError("a\nb")] * 99))
    asyncio.run(lived(kept, 0.01))
    seen = kept.state(time.monotonic())
    assert seen.reason == "ValueError: a b"


def test_what_trading_rests_on_is_not_restarted_and_ends_the_run() -> None:
    halted: list[BaseException] = []
    component = Scripted(runs=[b4.EngineError("the disk is full")])
    asyncio.run(lived(supervised(component, halted), 0.05))
    assert [str(error) for error in halted] == ["the disk is full"]
    assert component.asked == ["start", "run"]


@pytest.mark.parametrize(
    ("error", "halts"), [(b4.ConfigError("port taken"), False), (OSError("no disk"), True)]
)
def test_what_cannot_start_ends_the_start(error: Exception, halts: bool) -> None:
    component = Scripted(starts=[error])
    kept = supervised(component, [] if halts else None)

    async def go() -> None:
        async with asyncio.TaskGroup() as group:
            await kept.begin(group)

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(go())
    assert raised.value.exceptions == (error,)
    assert component.asked == ["start", "stop"]


@pytest.mark.parametrize(
    ("stop_s", "at_once", "in_time", "least_s"),
    [
        (0.0, False, True, 0.0),
        (10.0, False, False, 0.3),
        (10.0, True, False, 0.0),
        (0.1, True, True, 0.0),
    ],
)
def test_a_stop_has_a_limit(stop_s: float, at_once: bool, in_time: bool, least_s: float) -> None:
    async def go() -> bool:
        hurry = asyncio.Event()
        if at_once:
            hurry.set()
        return await supervised(Scripted(stop_s=stop_s)).end(hurry)

    began = time.monotonic()
    assert asyncio.run(go()) is in_time
    assert least_s <= time.monotonic() - began < AT_ONCE_S_MAX + 0.5
