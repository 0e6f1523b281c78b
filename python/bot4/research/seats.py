"""Who sits where: which strategy trades which instrument, with which part of the equity."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, count

from bot4.errors import ConfigError, known_names
from bot4.research import money
from bot4.strategy import ConfiguredStrategy


@dataclass(frozen=True, slots=True)
class Leg:
    """One strategy, the instruments it trades (None: all) and the part of the equity it has."""

    strategy: ConfiguredStrategy
    instruments: tuple[str, ...] | None = None
    allocation: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """One strategy on one instrument, under a name that no other has there."""

    strategy: ConfiguredStrategy
    name: str
    instrument: str
    allocation: Decimal


def seats(legs: Sequence[Leg], instruments: Sequence[str]) -> list[Seat]:
    """Give each leg its instruments, and each of them an equal part of the leg's allocation.

    Raises ConfigError: no strategy, an instrument unknown or twice, more than all.
    """
    if not legs:
        raise ConfigError("there is no strategy to run; name one")
    found: list[Seat] = []
    for leg, name in zip(legs, names(legs, instruments), strict=True):
        chosen = _chosen(leg, instruments)
        whole = money.share(Decimal(1), len(legs)) if leg.allocation is None else leg.allocation
        part = money.share(whole, len(chosen))
        found.extend(Seat(leg.strategy, name, instrument, part) for instrument in chosen)
    if sum(seat.allocation for seat in found) > 1:
        raise ConfigError("the allocations of the strategies add up to more than 1; lower them")
    return found


def names(legs: Sequence[Leg], instruments: Sequence[str]) -> list[str]:
    """What each leg is called: its strategy's name, with a number where an instrument has that.

    The second is ``sma_cross-2``, in the order of the legs. Raises ConfigError as `seats`.
    """
    found: list[str] = []
    taken: set[tuple[str, str]] = set()
    for leg in legs:
        chosen, own = _chosen(leg, instruments), leg.strategy.name
        free = (
            name
            for name in chain([own], (f"{own}-{number}" for number in count(2)))
            if taken.isdisjoint((name, instrument) for instrument in chosen)
        )
        found.append(next(free))
        taken.update((found[-1], instrument) for instrument in chosen)
    return found


def _chosen(leg: Leg, instruments: Sequence[str]) -> list[str]:
    if leg.instruments is None:
        return list(instruments)
    by_name = {instrument.partition(":")[2]: instrument for instrument in instruments}
    chosen = []
    for name in leg.instruments:
        found = name if name in instruments else by_name.get(name)
        if found is None:
            near = known_names(name, instruments)
            raise ConfigError(f"{leg.strategy.name}: the data has no instrument {name!r}; {near}")
        if found in chosen:
            raise ConfigError(f"{leg.strategy.name} names {found} twice; once is enough")
        chosen.append(found)
    if not chosen:
        raise ConfigError(f"{leg.strategy.name} has an empty list of instruments; leave it out")
    return chosen
