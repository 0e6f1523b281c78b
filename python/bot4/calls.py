"""Calls into the engine, timed from Python: what the way there and back costs.

Each function of `TIMED` gives the row of its key, as `_engine.take_gauge` gives that of the others.
"""

from array import array
from collections.abc import Callable, Mapping
from itertools import repeat
from time import perf_counter_ns
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot4 import _engine
from bot4.errors import InvariantError

_CALLS, _CALLS_QUICK = 1_000_000, 100_000
_LOOP_CALLS = 10_000  # short, so that most loops are not interrupted
_FRAMES, _FRAMES_QUICK = 50_000, 5_000
_BATCH_FRAMES = 50  # short as well: about a fifth of a millisecond
_SAMPLE_NS_MAX = 2**32 - 1
_FIRST_NS, _STEP_NS = 1_700_000_000_000_000_000, 1_000_000
_VENUE, _SYMBOL = "binance", "BTCUSDT"
# A day's trading, of which an order may be a part.
_TRADED = b'{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"60000.00","q":"50000","T":1,"m":true}'


class Timed(Protocol):
    """What measures one key."""

    def __call__(self, seed: int, *, quick: bool) -> dict[str, Any]:
        """Give the row of the key."""


def boundary(seed: int, *, quick: bool) -> dict[str, Any]:
    """An empty call and back, which nothing is drawn for."""
    del seed
    calls = _CALLS_QUICK if quick else _CALLS
    _loop_ns(calls)  # the first loop warms up
    means = [_loop_ns(_LOOP_CALLS) for _ in range(calls // _LOOP_CALLS)]
    row = _engine.read_samples(means, _each(_engine.nothing, calls), _each(None, calls))
    return {**row, "source": "calls of a function without arguments"}


def frame_to_action(seed: int, *, quick: bool) -> dict[str, Any]:
    """A frame in, an encoded unsigned order out; the venue acknowledges and cancels between."""
    frames = _FRAMES_QUICK if quick else _FRAMES
    drawn = _engine.depth_frames(seed, frames, leaning=True)
    bot = _bot(drawn["snapshot"])
    samples, clock, now_ns = array("I", bytes(4 * frames)), perf_counter_ns, _FIRST_NS
    sent = 0
    for frame in drawn["frames"]:
        now_ns += _STEP_NS
        began = clock()
        requests = bot.on_frame(_VENUE, frame, now_ns)
        took = clock() - began
        if len(requests) == 1 and requests[0].kind == "place" and requests[0].body:
            samples[sent] = min(took, _SAMPLE_NS_MAX)
            sent += 1
        for request in requests:
            bot.on_order(request.id, "acked", now_ns)
            bot.on_order(request.id, "canceled", now_ns)
        bot.take_records()
    if sent < frames * 0.9:
        raise InvariantError(f"only {sent} of {frames} frames led to an order; each should")
    taken = np.frombuffer(samples, dtype=np.uint32)[:sent]
    empty = _each(None, frames)
    timer_ns = float(np.sort(empty)[: frames * 99 // 100].mean())
    rows = np.array_split(taken, max(sent // _BATCH_FRAMES, 1))
    means = [max(float(row.mean()) - timer_ns, 0.0) for row in rows]
    source = f"SIMULATED depth updates of 40 levels that flip, seed {seed}"
    return {**_engine.read_samples(means, taken, empty), "source": source}


TIMED: Mapping[str, Timed] = {"boundary_ns": boundary, "frame_to_action_ns": frame_to_action}


def _bot(snapshot: bytes) -> _engine.Bot:
    """A bot with the program of twenty operations, after the snapshot of its book."""
    instrument = f"{_VENUE}:{_SYMBOL}"
    bot = _engine.Bot(limits=_engine.gauge_limits())
    bot.add_instrument(instrument, price="60000", tick="0.01", lot="0.00001")
    bot.add_program("lean", instrument, "1", _engine.gauge_program())
    bot.open("10000", _FIRST_NS)
    bot.on_snapshot(_VENUE, _SYMBOL, snapshot, _FIRST_NS)
    bot.on_frame(_VENUE, _TRADED, _FIRST_NS)
    bot.take_records()
    return bot


def _loop_ns(calls: int) -> float:
    """The mean of one batch of calls, less an empty loop of the same length."""
    nothing = _engine.nothing
    began = perf_counter_ns()
    for _ in repeat(None, calls):
        nothing()
    called = perf_counter_ns()
    for _ in repeat(None, calls):
        pass
    return (called - began - (perf_counter_ns() - called)) / calls


def _each(call: Callable[[], None] | None, calls: int) -> NDArray[np.uint32]:
    """Each call timed by itself, or what the timer tells where nothing is called."""
    samples = array("I", bytes(4 * calls))
    clock = perf_counter_ns
    for place in range(calls):
        if call is None:
            began = clock()
            took = clock() - began
        else:
            began = clock()
            call()
            took = clock() - began
        samples[place] = min(took, _SAMPLE_NS_MAX)
    return np.frombuffer(samples, dtype=np.uint32)
