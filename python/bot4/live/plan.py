"""What a run is to do, read and checked before anything starts. Here settings become exact."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot4 import _engine
from bot4.config import Config, LogTable
from bot4.errors import Bot4Error
from bot4.live.budget import Way, way
from bot4.live.market import Market, market
from bot4.live.picture import Setting
from bot4.paths import readable
from bot4.research import money
from bot4.research.backtest import Account, account
from bot4.research.seating import seat
from bot4.research.seats import Leg, Seat, seats


@dataclass(frozen=True, slots=True)
class Plan:
    """A run before it starts."""

    setting: Setting
    folder: Path
    market: Market
    seats: tuple[Seat, ...]
    account: Account
    maker_fee: str
    latency_ns: int
    faults: Mapping[str, str]
    faults_seed: int
    snapshot_s: float
    flatten_on_stop: bool
    log: LogTable
    metrics: tuple[str, int] | None
    way: Way | None = None
    """How what the account may lose is measured; None where it has no budget of that."""
    for_s: float | None = None

    def engine(self) -> _engine.Run:
        """The engine's run, its market and strategies in place; its journal is not open yet."""
        assumed = self.account
        run = _engine.Run(
            cash=money.text(assumed.cash),
            taker_fee=money.text(assumed.fee_rate),
            maker_fee=self.maker_fee,
            slippage=money.text(assumed.slippage_rate),
            latency_ns=self.latency_ns,
            bar_interval_ns=self.market.bar_ns,
            profile=assumed.profile,
            limits=dict(assumed.limits),
            faults=(self.faults_seed, dict(self.faults)),
        )
        if self.way is not None:
            run.keep_closes(self.way.step_ns, self.way.kept_max)
        self.market.tell(run)
        seat(run, self.seats)
        return run

    def open(self, run: _engine.Run) -> Mapping[str, object]:
        """Open the journal in the run's folder; what the engine says of it. Raises JournalError."""
        durability = self.setting.durability
        return run.open(str(self.folder), durability=durability, clock_s=int(time.time()))


def plan(config: Config, legs: Sequence[Leg], path: Path, for_s: float | None = None) -> Plan:
    """Read the market that a configuration names, and seat strategies. Raises a Bot4Error."""
    table = config.run
    try:
        assumed = account(
            table.cash,
            table.taker_fee_bps,
            table.slippage_bps,
            config.risk.profile,
            config.risk.values,
        )
        maker_fee = money.text(money.rate(table.maker_fee_bps, "maker_fee_bps"))
        traded = market(config)
        taken = seats(legs, traded.instruments)
        measured = way(config, assumed.limits, traded, [one.instrument for one in taken])
    except Bot4Error as error:
        raise type(error)(f"{path}: {error}") from error
    simulated = table.feed == "simulated"
    setting = Setting(
        feed=table.feed,
        simulated=simulated,
        seed=table.seed if simulated else None,
        speed=None if table.speed == "max" else float(table.speed),
        market=traded.name,
        folder=readable(table.folder),
        durability=table.durability,
        faults=any(table.faults.values()),
        name=readable(path.stem),
        strategies=tuple(dict.fromkeys(one.name for one in taken)),
        sizing={one.name: sizing.text() for one in taken if (sizing := one.strategy.sizing)},
    )
    return Plan(
        setting=setting,
        folder=table.folder,
        market=traded,
        seats=tuple(taken),
        account=assumed,
        maker_fee=maker_fee,
        latency_ns=table.latency_ns,
        faults={name: format(rate, "f") for name, rate in table.faults.items()},
        faults_seed=table.seed,
        snapshot_s=float(table.snapshot_s),
        flatten_on_stop=table.on_stop == "flatten",
        log=config.log,
        metrics=config.metrics.endpoint,
        way=measured,
        for_s=for_s,
    )
