"""Random calls over the border to the engine: whatever is handed in, an exception is the worst.

    python border.py SEED CALLS FOLDER

Arguments are the wrong type, not numbers, huge, negative, closed, or objects of the engine at any
moment of their lives. Beside every fifth call another thread makes one, and what is called back
calls in again: a seed says what is tried, not in what order. Each call is written to FOLDER/call
before it is made, so that the last one is known if the process ends. A panic ends it with code 3.
"""

import inspect
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bot4 import _engine

MINUTE_NS = 60 * 10**9
START_NS = 1_700_000_000 * 10**9
NAME = "simulated:BTCUSDT"
# They take as long as what they time: their arguments are tried by the tests of the bench.
SLOW = {"take_gauge", "book_updates", "depth_frames"}
KEPT_MAX = 4
CALLED_BACK_MAX = 3

INTS = [0, 1, 2, 5, 50, 1000, -1, 2**31, 2**32, 2**63 - 1, -(2**63), 2**64, 10**30]
TIMES = [START_NS + second * 10**9 for second in (-1, 0, 1, 2, 60, 10**5)]
NUMBERS = ["0", "1", "-1", "0.5", "0.01", "0.00001", "60000", "1e9", "9" * 18, "9" * 40, "NaN", ""]
FLOATS = [0.0, 0.5, 1.0, -1.0, 3.0, 1e-9, 1e18, 1e308, -1e308, float("nan"), float("inf")]
FRAMES = [
    b"", b"{", b"{}", b"null", b"[" * 5000, b'{"e":"trade","s":"BTCUSDT"}',
    b'{"channel":"heartbeat"}', b'{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}', "{}",
    b'{"lastUpdateId":1,"bids":[["1","1"]],"asks":[["2","1"]]}', b"\xff" * 100, bytes(10**6),
]  # fmt: skip
MEANT: list[tuple[tuple[str, ...], list[Any]]] = [
    (("ns", "ts"), [*TIMES, *INTS]),
    (("seed", "max", "scale", "decimals", "levels", "after", "epoch", "clock", "n"), INTS),
    (("instrument", "symbol"), [NAME, "binance:BTCUSDT", "BTCUSDT", "", "x", "a:b:c", "é" * 999]),
    (("frame", "body"), FRAMES),
    (("venue",), ["binance", "kraken", "coinbase", "simulated", "", "x"]),
    (("cash", "price", "tick", "lot", "fee", "slippage", "allocation", "trade", "qty"), NUMBERS),
    (("fraction", "band", "limit", "requote"), [*FLOATS, None]),
    (("var", "cvar"), FLOATS),
    (("level",), ["0.99", *NUMBERS]),
    (("horizon",), [86_400, *INTS]),
    (("update",), ["acked", "sent", "rejected", "canceled", "expired", "unanswered", "", "x"]),
    (("durability",), ["each", "block", ""]),
    (("profile",), ["default", "unleveraged", "research", "x"]),
    (("execution",), ["cross", "passive", "passive_then_cross:1", "slice:3:1", "slice:0:0", "x"]),
    (("last", "flatten", "reduce", "post"), [True, False]),
]


class Strategy:
    """A class strategy that hands in nonsense, or calls the engine again, or raises."""

    def __init__(self, border: "Border") -> None:
        self._border = border

    def on_start(self, ctx: Any) -> None:
        self._border.keep(ctx)

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self._border.keep(ctx)
        self._border.keep(bar)
        self._border.keep(ctx.history(3))
        chance = self._border.chance
        if chance.random() < 0.5:
            ctx.target(chance.choice([0.0, 0.5, 1.0]))
        elif chance.random() < 0.5:
            ctx.buy(chance.choice([0.001, 1e-9, 1e9, 0.1]), chance.choice([None, 1.0, 60_000.0]))
        self._border.call_again()


class Border:
    """Everything that can be handed in, and what was handed out so far."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.chance = Random(seed)
        self._folder = folder
        self._depth = 0
        self._log = os.open(folder / "call", os.O_CREAT | os.O_WRONLY)
        self.raised: dict[str, int] = {}
        self.returned: dict[str, int] = {}
        self.done = 0
        self._kept: dict[type, list[Any]] = {}
        names = [name for name in dir(_engine) if not name.startswith("_") and name not in SLOW]
        self._public = [getattr(_engine, name) for name in names]

    def keep(self, found: Any) -> None:
        """An object of the engine is handed in later; of each kind the latest few."""
        if type(found) in self._public and not isinstance(found, BaseException):
            kept = self._kept.setdefault(type(found), [])
            kept.append(found)
            del kept[:-KEPT_MAX]

    def _one_kept(self, chance: Random) -> Any:
        return chance.choice(chance.choice(list(self._kept.values())))

    def call_again(self) -> None:
        if self._depth < CALLED_BACK_MAX:
            self._depth += 1
            try:
                self.call(self.chance)
            finally:
                self._depth -= 1
            if self.chance.random() < 0.1:
                raise self.chance.choice([ValueError("no"), KeyboardInterrupt(), SystemExit(7)])

    def call(self, chance: Random) -> None:
        """One call of anything, with anything."""
        if chance.random() < 0.08:
            called, arguments = chance.choice(list(self._valid(chance)))
        else:
            called = chance.choice(self._public)
            if self._kept and chance.random() < 0.93:
                called = self._part(chance, self._one_kept(chance))
            arguments = self._arguments(chance, called)
        by_name = dict(self._named(chance, called)) if chance.random() < 0.9 else {}
        what = f"{called!r:.200} {arguments!r:.2000} {by_name!r:.2000}\n"
        os.pwrite(self._log, what.encode("utf-8", "replace").ljust(4096)[:4096], 0)
        try:
            given = called(*arguments, **by_name)
            name = getattr(called, "__name__", "")
            self.returned[name] = self.returned.get(name, 0) + 1
            self._look(chance, given)
        except BaseException as error:  # noqa: BLE001 - what a panic raises is no Exception
            self._judge(error, what)
        self.done += 1

    def _look(self, chance: Random, given: Any) -> None:
        self.keep(given)
        if isinstance(given, list | tuple):
            for one in given[:3]:
                self.keep(one)
        if chance.random() < 0.2:
            repr(given)

    def _judge(self, error: BaseException, what: str) -> None:
        name = type(error).__name__
        self.raised[name] = self.raised.get(name, 0) + 1
        if name == "PanicException":
            print(f"panic: {error}\nby {what}", flush=True)
            os._exit(3)

    def _part(self, chance: Random, of: Any) -> Any:
        """A method of an object of the engine, bound, or a way to read one of its values."""
        names = [name for name in dir(type(of)) if name not in {"__init_subclass__", "__class__"}]
        public = [name for name in names if not name.startswith("_")]
        name = chance.choice(public if public and chance.random() < 0.85 else names)
        if callable(getattr(type(of), name, None)):
            return getattr(of, name)
        return lambda *_, **__: getattr(of, name)

    def _arguments(self, chance: Random, called: Any) -> list[Any]:
        if chance.random() < 0.1:
            return [self._anything(chance) for _ in range(chance.randrange(7))]
        wanted = [one for one in _parameters(called) if one.kind is one.POSITIONAL_OR_KEYWORD]
        return [self._meant(chance, one.name) for one in wanted]

    def _named(self, chance: Random, called: Any) -> Iterator[tuple[str, Any]]:
        for one in _parameters(called):
            if one.kind is one.KEYWORD_ONLY and chance.random() < 0.95:
                yield one.name, self._meant(chance, one.name)

    def _meant(self, chance: Random, name: str) -> Any:
        """Of the right kind, more often than not: a wrong type is found out at the door."""
        if name == "events_max":  # as long as it is asked to, a market goes on
            return chance.choice([0, 1, 50, 200, -1, 2**64, None, "x"])
        said = set(name.split("_"))
        fitting = next((of for words, of in MEANT if said & set(words)), None)
        if fitting is None or chance.random() < 0.07:
            return self._anything(chance)
        return chance.choice(fitting)

    def _anything(self, chance: Random) -> Any:
        pick = chance.random()
        if pick < 0.15 and self._kept:
            return self._one_kept(chance)
        if pick < 0.3:
            return [self._anything(chance) for _ in range(chance.randrange(4))]
        if pick < 0.35:
            return np.array([chance.random() for _ in range(chance.randrange(5))])
        return chance.choice(self._values)

    @property
    def _values(self) -> list[Any]:
        huge = [2**31, 2**32, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**200), 10**400]
        floats = [0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), 1e308, 5e-324]
        numbers = ["0", "1", "-1", "0.01", "1e9", "60000", "9" * 40, "0." + "0" * 60 + "1", "NaN"]
        texts = ["", "x", NAME, "BTCUSDT", "binance", "kraken", "coinbase", "default", "each", "\0"]
        words = ["\ud800", "é" * 5000, "ioc", "passive", "slice:3:1", "acked", "close", "block"]
        arrays = [np.zeros(3), np.zeros((2, 2)), np.arange(3), np.array(["a"]), np.zeros(0)]
        odd = [None, True, False, b"", b"\xff{", bytearray(9), memoryview(b"{}"), {}, {"a": 1}, ()]
        odder = [object(), Decimal(1), Decimal("sNaN"), int, len, range(3), 1j, NotImplemented]
        places = [str(self._folder / "run"), str(self._folder / "call"), str(self._folder)]
        ints = [0, 1, -1, 2, 3, 7, 100, START_NS, MINUTE_NS]
        back = [self.call_again, Strategy(self), lambda *_: self.call_again()]
        return [
            *huge, *floats, *numbers, *texts, *words, *arrays, *odd, *odder, *places, *ints, *back,
        ]  # fmt: skip

    def _valid(self, chance: Random) -> Iterator[tuple[Callable[..., Any], list[Any]]]:
        """Calls that make what the others are tried on."""
        rows = 50
        ns = START_NS + np.arange(rows, dtype=np.int64) * MINUTE_NS
        close = 100 + np.cumsum(np.random.default_rng(chance.randrange(99)).normal(size=rows))
        bars = [NAME, MINUTE_NS, ns, close, close + 1, close - 1, close, np.ones(rows)]
        nodes = [("close", [], []), ("sma", [0], [3.0]), ("gt", [0, 1], [])]
        yield _engine.Bars, bars
        yield _engine.Program, [nodes, [2]]
        yield _engine.Feed, [chance.choice(["binance", "kraken", "coinbase"])]
        kinds = np.full(rows, max(_engine.RECORDED.values()), np.uint8)
        yield _engine.Recording, [NAME, "0.01", "0.001", ns, kinds, close, np.ones(rows)]
        place = chance.choice(["class0", "program0", "nowhere"])
        yield _engine.JournalFile, [str(self._folder / place)]
        yield self._backtest, [bars]
        yield self._bot, [nodes]
        yield self._run, [chance, nodes]

    def _backtest(self, bars: list[Any]) -> Any:
        backtest = _engine.Backtest(
            [_engine.Bars(*bars)],
            cash="10000",
            fee_rate="0.001",
            slippage_rate="0",
            profile="unleveraged",
            journal=True,
        )
        backtest.add_class("mine", NAME, "1", Strategy(self))
        return backtest

    def _bot(self, nodes: list[Any]) -> Any:
        bot = _engine.Bot()
        bot.add_instrument("binance:BTCUSDT", price="60000", tick="0.01", lot="0.00001")
        bot.add_program("cross", "binance:BTCUSDT", "1", _engine.Program(nodes, [2]))
        bot.open("10000", START_NS)
        return bot

    def _run(self, chance: Random, nodes: list[Any]) -> Any:
        run = _engine.Run(
            cash="10000",
            taker_fee="0",
            maker_fee="0",
            slippage="0",
            latency_ns=10**6,
            bar_interval_ns=10**9,
            profile="unleveraged",
        )
        run.add_simulated(NAME, "60000", "0.01", "0.00001", 7, START_NS)
        kind = chance.choice(["class", "program"])
        if kind == "class":
            run.add_class("mine", NAME, "1", Strategy(self))
        else:
            run.add_program("cross", NAME, "1", _engine.Program(nodes, [2]))
        folder = self._folder / f"{kind}{chance.randrange(3)}"
        folder.mkdir(exist_ok=True)
        durability = chance.choice(["each", "block"])
        run.open(str(folder), durability=durability, clock_s=chance.getrandbits(31))
        run.advance(START_NS + 20 * 10**9, 200)
        if chance.random() < 0.3:
            run.close()
        return run


def _parameters(called: Any) -> list[inspect.Parameter]:
    """Those of a call, as far as it says them."""
    try:
        return list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        return []


def main() -> None:
    """Make the calls, and say what was raised."""
    seed, calls, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    os.chdir(folder)
    border = Border(seed, folder)
    while border.done < calls:
        border.call(border.chance)
        if border.chance.random() < 0.2:
            second = threading.Thread(target=border.call, args=(Random(border.done),))
            second.start()
            border.call(border.chance)
            second.join()
    told = {"calls": border.done, "raised": border.raised, "returned": border.returned}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
