"""The market that a run trades on: made from a seed, or replayed from bars or a recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot4 import _engine
from bot4.config import Config, InstrumentTable
from bot4.errors import ConfigError
from bot4.history import recordings
from bot4.history.bars import MarketHistory, load
from bot4.history.times import interval_ns, moment_ns
from bot4.research import money

# When a market that never happened begins: the same for everybody, so that a seed says it all.
_START = "2024-01-01"


class Market(Protocol):
    """Instruments, and how an engine comes by them."""

    @property
    def instruments(self) -> Sequence[str]:
        """Each ``venue:SYMBOL``, in order."""

    @property
    def bar_ns(self) -> int:
        """The interval of the bars that strategies decide on."""

    @property
    def name(self) -> str:
        """What is replayed, for the banner; empty where it is simulated."""

    def tell(self, run: _engine.Run) -> None:
        """Give them to the engine, in order."""


def market(config: Config) -> Market:
    """What a configuration asks for, read and checked. Raises DataError, ConfigError."""
    if config.run.feed == "simulated":
        return Simulated(config.instrument, config.run.seed, interval_ns(config.run.bar))
    paths = config.run.data
    name = ", ".join(path.rpartition("/")[2] for path in paths)
    if recordings.kind_of(paths) != "bars":
        return Recorded(recordings.load(paths), interval_ns(config.run.bar), name)
    if config.run.bar_given:
        raise ConfigError("run.bar is for simulated and recorded markets; bars have their own")
    read = [one for path in paths for one in load(path).instruments]
    return Bars(MarketHistory(tuple(read)), name)


@dataclass(frozen=True, slots=True)
class Simulated:
    """Order flow that never happened."""

    tables: Sequence[InstrumentTable]
    seed: int
    bar_ns: int
    name: str = ""

    @property
    def instruments(self) -> Sequence[str]:
        """In the order of the configuration."""
        return [table.symbol for table in self.tables]

    def tell(self, run: _engine.Run) -> None:
        """One seed for all: the engine adds the place of each."""
        start_ns = moment_ns(_START, "start")
        for table in self.tables:
            price, tick, lot = map(money.text, (table.price, table.tick, table.lot))
            least = money.text(table.notional_min)
            most, qty = (
                None if one is None else money.text(one)
                for one in (table.notional_max, table.qty_max)
            )
            run.add_simulated(
                table.symbol,
                price,
                tick,
                lot,
                self.seed,
                start_ns,
                least,
                notional_max=most,
                qty_max=qty,
            )


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded book with its trades, or trades alone."""

    recordings: Sequence[_engine.Recording]
    bar_ns: int
    name: str

    @property
    def instruments(self) -> Sequence[str]:
        """In the order of the files."""
        return [recording.instrument for recording in self.recordings]

    def tell(self, run: _engine.Run) -> None:
        """As they were recorded."""
        for recording in self.recordings:
            run.add_recording(recording)


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars, replayed as a backtest has them."""

    history: MarketHistory
    name: str

    @property
    def instruments(self) -> Sequence[str]:
        """In the order of the history."""
        return [one.instrument for one in self.history.instruments]

    @property
    def bar_ns(self) -> int:
        """The shortest interval among them."""
        return min(one.bars.interval_ns for one in self.history.instruments)

    def tell(self, run: _engine.Run) -> None:
        """As they were read."""
        for one in self.history.instruments:
            run.add_bars(one.bars)
