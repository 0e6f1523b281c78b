"""The depth of hftbacktest, which nobody but its backtest can tell an update: so through its feed.

Two rows: each event waited for and the touch read, in compiled code; and the feed alone, in one
call with nothing read. Its backtest keeps the venue's book and the trader's, so all is done twice.
"""

from typing import Any

import numpy as np
from flow import LOT, TICK, Told, read, say, time_book
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit
from numpy.typing import NDArray

FIRST_NS = 1_672_531_200_000_000_000
EVENT_NS = 1_000
FOREVER_NS = 10**15
NEXT_FEED = 2
LOWEST, HIGHEST = 28_000.0, 32_000.0  # the ticks that updates are drawn in


def events(told: Told, kind: int, first_ns: int, step_ns: int) -> NDArray[Any]:
    """The updates as its own records."""
    made = np.zeros(len(told.tick), event_dtype)
    side = np.where(told.side == 0, np.uint64(BUY_EVENT), np.uint64(SELL_EVENT))
    made["ev"] = np.uint64(EXCH_EVENT | LOCAL_EVENT | kind) | side
    made["exch_ts"] = made["local_ts"] = first_ns + step_ns * np.arange(len(told.tick))
    made["px"] = np.round(told.tick * TICK, 1)
    made["qty"] = np.round(told.lots * LOT, 3)
    return made


@njit  # type: ignore[untyped-decorator] # numba ships no types
def each(market: Any, first_ns: int) -> Any:
    """Wait for each event and read the touch."""
    total = 0
    while market.wait_next_feed(False, FOREVER_NS) == NEXT_FEED:
        depth = market.depth(0)
        if market.current_timestamp >= first_ns:
            total += depth.best_bid_tick + depth.best_ask_tick
    depth = market.depth(0)  # the last event is applied, and ends the feed instead of being told
    return total + depth.best_bid_tick + depth.best_ask_tick


@njit  # type: ignore[untyped-decorator] # numba ships no types
def whole(market: Any) -> Any:
    """Let all of it pass."""
    return market.elapse(FOREVER_NS)


def main() -> None:
    """Both rows on the same events."""
    snapshot, updates = read()
    opening = events(snapshot, DEPTH_SNAPSHOT_EVENT, FIRST_NS - EVENT_NS, 0)
    told = np.concatenate([opening, events(updates, DEPTH_EVENT, FIRST_NS, EVENT_NS)])
    sums = set()

    def fresh() -> Any:
        asset = BacktestAsset().data(told).linear_asset(1.0).constant_order_latency(0, 0)
        asset = asset.risk_adverse_queue_model().no_partial_fill_exchange()
        asset = asset.trading_value_fee_model(0.0, 0.0).tick_size(TICK).lot_size(LOT)
        asset = asset.roi_lb(LOWEST).roi_ub(HIGHEST).last_trades_capacity(0)
        return ROIVectorMarketDepthBacktest([asset])

    count = len(updates.tick)
    rows = {
        "hftbacktest (in its feed)": time_book(
            fresh, lambda market: sums.add(each(market, FIRST_NS)), count
        ),
        "hftbacktest (its feed, touch not read)": time_book(fresh, whole, count),
    }
    (checksum,) = sums
    say("hftbacktest", rows, int(checksum))


if __name__ == "__main__":
    main()
