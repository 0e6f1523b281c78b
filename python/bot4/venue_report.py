"""What a venue was asked about our account, and what it said: the words for `Bot.reconcile`.

Prices, sizes and amounts are exact decimal text, times nanoseconds since 1970 UTC, instruments
`venue:SYMBOL`. Plain values only: nothing is asked for or concluded here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Side = Literal["buy", "sell"]
State = Literal["pending", "open", "filled", "canceled", "expired", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """One order as its venue lists it.

    `name` is the client's name for it, which is the id we gave where it is ours; the venue's own
    name where no client gave one. `filled` is how much is filled in all; `limit` and `size` (in
    base, in all) are None where the venue does not say.
    """

    name: str
    instrument: str
    side: Side
    state: State
    filled: str
    limit: str | None = None
    size: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFill:
    """One trade as its venue lists it. `order` is its order's name.

    `fee` is in `fee_asset`, or else in quote.
    """

    order: str
    instrument: str
    side: Side
    trade: str
    price: str
    qty: str
    fee: str = "0"
    fee_asset: str | None = None
    ts_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueEntry:
    """A transfer of an `asset`, or funding of an `instrument`: in, or out below 0.

    `name` is the venue's, by which one that is listed again is known; funding is in quote.
    """

    name: str
    asset: str | None = None
    instrument: str | None = None
    amount: str
    ts_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueReport:
    """All that a venue was asked, and what it said. None: not asked, or the question failed.

    An empty list is an answer. Ask for positions and balances first, then orders, then trades, each
    after the one before was answered; `asked_ns` is when the first question left, `ts_ns` when the
    last answer was here. `orders` holds every open order and maybe some that are over; `by_id` what
    was asked for one by one, `absent` the ids of ours that were so and are not known to the venue.
    `fills` holds every trade since `fills_since_ns`, which is not before the bot was opened.
    Fills of others and `entries` (transfers, funding; from whenever) are booked once. `balances`
    and `positions` hold all that are not zero: balances by asset, or by instrument for its base.
    """

    venue: str
    asked_ns: int
    ts_ns: int
    orders: tuple[VenueOrder, ...] | None = None
    by_id: tuple[VenueOrder, ...] = ()
    absent: tuple[str, ...] = ()
    fills: tuple[VenueFill, ...] | None = None
    fills_since_ns: int = 0
    entries: tuple[VenueEntry, ...] = ()
    balances: Mapping[str, str] | None = None
    positions: Mapping[str, str] | None = None
