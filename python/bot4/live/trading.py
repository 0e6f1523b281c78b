"""Journal and engine: the one component that trading is. It drives the run slice by slice.

The run belongs to one thread. Whatever is asked of it, a slice of the market, a picture, a command,
records for the copy, waits its turn there, and none takes longer than a slice may.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from bot4 import _engine, logs
from bot4.errors import StrategyError
from bot4.live.pace import LAG_S_MAX, Pace, Slice
from bot4.live.picture import Picture
from bot4.live.plan import Plan
from bot4.research.seating import raised, strategies_called

T = TypeVar("T")

# How long the market goes on after a stop, for the venue to cancel and to close positions.
WIND_DOWN_S_MAX = 3.0
STOP_S_MAX = 10.0
# A start tells the market again since the last snapshot: a second or so for that many events.
SNAPSHOT_EVENTS_MAX = 1_000_000
# The equity that the screen draws: a value a second, so many of them.
_PAST_S, _PAST_MAX = 1.0, 240
_RATE_S = 5.0
_LAG_SAID_S = 5.0


@dataclass(frozen=True, slots=True)
class Told:
    """What one slice did."""

    events: int
    next_ns: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Final:
    """How a run stood when its journal was closed."""

    picture: Picture
    hashes: Mapping[str, str]
    left: bool
    """The venue was not done with what a stop asked of it."""


class Trading:
    """The component that trades."""

    name = "engine"
    stop_s_max = STOP_S_MAX

    def __init__(self, plan: Plan) -> None:
        self.opened: Mapping[str, Any] = {}
        self.final: Final | None = None
        self._plan = plan
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)
        self._run: _engine.Run | None = None
        self._pace = Pace(plan.setting.speed)
        self._slice = Slice()
        self._go = asyncio.Event()
        self._stopping: str | None = None
        self._started_s = self._told_s = time.monotonic()
        self._next_ns: int | None = None
        self._past: deque[float] = deque(maxlen=_PAST_MAX)
        self._past_s = 0.0
        self._rates: deque[tuple[float, int]] = deque()
        self._lag_said_s = 0.0
        self._left = False
        self._raised: StrategyError | None = None

    @property
    def ended(self) -> bool:
        """Whether the market has come to its end."""
        return self._next_ns is None

    async def start(self) -> None:
        """Build the engine and open its journal. Raises StrategyError, JournalError ..."""
        await self.ask(self._open)
        # Not before the journal is ours: a second bot would write into the log of the first.
        logs.start(self._plan.log, self._plan.folder, console=False)
        for remark in self.opened.get("remarks", ()):
            logs.logger(self.name).warning("remarked while opening", remark=remark)

    async def run(self) -> None:
        """Trade until the market ends or a stop is asked for, and wind down."""
        await self._go.wait()
        self._started_s = self._told_s = time.monotonic()
        self._next_ns = await self.ask(lambda run: run.next_ns)
        self._pace.start(self._next_ns or 0, time.monotonic_ns())
        try:
            await self._trade()
        except StrategyError:
            # The engine is whole: what works is called back, and closed where that is configured.
            self._stopping = "a strategy failed"
            await self._wind_down()
            raise
        if self._stopping is not None:
            await self._wind_down()

    async def _trade(self) -> None:
        # What a start had to tell again counts: killed often, a run would have more and more of it.
        told, kept = self.opened["events"], self.opened["snapshot"]
        snapshot_s, events = self._started_s, int(told) - int(kept or 0)
        while self._stopping is None and not self.ended:
            events += (await self._on()).events
            late = time.monotonic() - snapshot_s >= self._plan.snapshot_s
            if late or events >= SNAPSHOT_EVENTS_MAX:
                await self.ask(lambda run: run.snapshot())
                snapshot_s, events = time.monotonic(), 0

    async def stop(self) -> None:
        """Take the last picture, keep a snapshot and close the journal."""
        try:
            if self._run is not None:
                await self.ask(self._close)
        finally:
            self._run = None
            self._thread.shutdown(wait=False)

    def begin(self) -> None:
        """Everything is ready: trade."""
        self._go.set()

    def wind_down(self, why: str) -> None:
        """Stop gracefully: decide nothing more, cancel, and flatten where that is configured."""
        self._stopping = self._stopping or why
        self._go.set()

    async def ask(self, question: Callable[[_engine.Run], T]) -> T:
        """What the run says, in its turn."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: question(self._own())
        )

    def records(self, after: int, entries_max: int) -> Sequence[dict[str, Any]]:
        """As ``Run.records``, for other threads."""
        asked = self._thread.submit(lambda: self._own().records(after, entries_max))
        return asked.result()

    async def picture(self) -> Picture:
        """How it stands, without what others know: components, the copy."""
        return await self.ask(self._seen)

    def _own(self) -> _engine.Run:
        if self._run is None:
            self._run = self._plan.engine()
        return self._run

    def _open(self, run: _engine.Run) -> None:
        with strategies_called(run, self._plan.seats):
            self.opened = self._plan.open(run)
        self._next_ns = run.next_ns

    def _close(self, run: _engine.Run) -> None:
        if self.opened:
            self.final = Final(self._seen(run), run.hashes(), self._left)
            run.close()

    async def _on(self) -> Told:
        """Tell what is due, or wait for it; what was told."""
        due_ns = self._pace.due_ns(time.monotonic_ns())
        told = await self._tell(due_ns)
        now_ns = time.monotonic_ns()
        if told.next_ns is None:
            return told
        lag_s = self._pace.lag_s(told.next_ns, now_ns)
        if lag_s > LAG_S_MAX:
            self._give_in(told.next_ns, now_ns)
        elif told.events < self._slice.events_max and lag_s == 0.0:
            await asyncio.sleep(self._pace.wait_s(told.next_ns, now_ns))
        return told

    async def _tell(self, due_ns: int) -> Told:
        told = await self.ask(lambda run: self._advance(run, due_ns, self._slice.events_max))
        self._slice.took(told.events, told.seconds)
        self._next_ns = told.next_ns
        if told.events:
            self._told_s = time.monotonic()
        return told

    def _advance(self, run: _engine.Run, due_ns: int, events_max: int) -> Told:
        began_s = time.monotonic()
        events = run.advance(due_ns, events_max)
        for running, now_ns, error in run.raised():
            self._raised = raised(self._plan.seats, running, now_ns, error)
            said = "a strategy raised, and its breaker latched"
            logs.logger(self.name).error(said, raised=str(self._raised), exc_info=error)
        if self._raised is not None and run.nothing_is_left:
            raise self._raised
        return Told(events, run.next_ns, time.monotonic() - began_s)

    def _give_in(self, next_ns: int, now_ns: int) -> None:
        lag_s = self._pace.give_in(next_ns, now_ns)
        if time.monotonic() - self._lag_said_s >= _LAG_SAID_S:
            self._lag_said_s = time.monotonic()
            logs.logger(self.name).warning(
                "the machine cannot keep this speed: the market is held back",
                lag_s=round(lag_s, 3),
                held_back_s=round(self._pace.held_back_s, 1),
            )

    async def _wind_down(self) -> None:
        flatten = self._plan.flatten_on_stop
        await self.ask(lambda run: run.stop(flatten))
        until_s = time.monotonic() + WIND_DOWN_S_MAX
        while not self.ended and not await self.ask(lambda run: _rests(run, flatten)):
            if time.monotonic() >= until_s:
                logs.logger(self.name).warning(
                    "the venue was not done in time", limit_s=WIND_DOWN_S_MAX
                )
                self._left = True
                return
            await self._on()

    def _seen(self, run: _engine.Run) -> Picture:
        now_s, now_ns = time.monotonic(), time.monotonic_ns()
        engine = run.status()
        if now_s - self._past_s >= _PAST_S:
            self._past.append(engine["equity"])
            self._past_s = now_s
        self._rates.append((now_s, engine["events"]))
        while now_s - self._rates[0][0] > _RATE_S:
            self._rates.popleft()
        since_s, events = self._rates[0]
        span_s = now_s - since_s
        return Picture(
            setting=self._plan.setting,
            engine=engine,
            latencies=run.latencies(),
            taken_s=now_s,
            elapsed_s=now_s - self._started_s,
            events_per_s=(engine["events"] - events) / span_s if span_s else 0.0,
            lag_ms=self._pace.lag_s(self._next_ns, now_ns) * 1e3,
            held_back_s=self._pace.held_back_s,
            feed_age_ms=(now_s - self._told_s) * 1e3,
            stopping=self._stopping,
            equity_past=tuple(self._past),
        )


def _rests(run: _engine.Run, flat: bool) -> bool:
    return run.idle and (run.flat or not flat)
