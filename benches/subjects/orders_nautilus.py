"""Orders through nautilus_trader's backtest: ``orders_nautilus.py COUNT on|off``, risk on or off.

At each quote a Python strategy cancels the order of the one before and submits another, which rests
below the market. The quotes are made before, and the run alone is timed.
"""

import json
import sys
import time
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, BookType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TraderId, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("SIM")
MARKET = InstrumentId(Symbol("BTCUSDT"), VENUE)
MINUTE_NS = 60_000_000_000
# Its throttle, wide enough to hold nothing back, as ours has none.
RATE = "1000000/00:00:01"
ROUNDS = 3


class Submits(Strategy):  # type: ignore[misc]
    """Submit, and cancel at the next quote."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.last: Any = None
        self.sent = self.accepted = self.canceled = 0

    def on_start(self) -> None:
        self.qty, self.price = Quantity.from_str("0.010"), Price.from_str("29000.0")
        self.subscribe_quote_ticks(MARKET)

    def on_order_accepted(self, event: object) -> None:
        self.accepted += 1

    def on_order_canceled(self, event: object) -> None:
        self.canceled += 1

    def on_quote_tick(self, quote: object) -> None:
        if self.last is not None:
            self.cancel_order(self.last)
            self.last = None
        if self.sent < self.count:
            self.last = self.order_factory.limit(MARKET, OrderSide.BUY, self.qty, self.price)
            self.sent += 1
            self.submit_order(self.last)


def engine(*, risk: bool) -> BacktestEngine:
    """The engine with one cash account and one market, without fees being due."""
    limits = RiskEngineConfig(
        bypass=not risk, max_order_submit_rate=RATE, max_order_modify_rate=RATE
    )
    config = BacktestEngineConfig(
        trader_id=TraderId("BENCH-001"),
        logging=LoggingConfig(bypass_logging=True),
        risk_engine=limits,
        run_analysis=False,
    )
    made = BacktestEngine(config)
    made.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        starting_balances=[Money(100_000_000, USDT), Money(10_000, BTC)],
        book_type=BookType.L1_MBP,
    )
    market = CurrencyPair(
        instrument_id=MARKET,
        raw_symbol=Symbol("BTCUSDT"),
        base_currency=BTC,
        quote_currency=USDT,
        price_precision=1,
        size_precision=3,
        price_increment=Price.from_str("0.1"),
        size_increment=Quantity.from_str("0.001"),
        lot_size=None,
        max_quantity=Quantity.from_str("9000"),
        min_quantity=Quantity.from_str("0.001"),
        max_notional=None,
        min_notional=None,
        max_price=None,
        min_price=None,
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        ts_event=0,
        ts_init=0,
    )
    made.add_instrument(market)
    return made


def run(count: int, *, risk: bool) -> tuple[float, Submits]:
    """Seconds of one run, and what its strategy saw."""
    size = Quantity.from_str("1.000")
    quotes = [
        QuoteTick(MARKET, Price(30_000.0, 1), Price(30_000.1, 1), size, size, ts, ts)
        for ts in range(MINUTE_NS, (count + 3) * MINUTE_NS, MINUTE_NS)
    ]
    made, strategy = engine(risk=risk), Submits(count)
    made.add_strategy(strategy)
    made.add_data(quotes)
    began = time.perf_counter()
    made.run()
    took = time.perf_counter() - began
    made.dispose()
    return took, strategy


def main() -> None:
    """Every round, and what the last came to."""
    count, risk = int(sys.argv[1]), sys.argv[2] == "on"
    seconds = []
    for _ in range(ROUNDS):
        took, strategy = run(count, risk=risk)
        seconds.append(took)
    done = {"sent": strategy.sent, "accepted": strategy.accepted, "canceled": strategy.canceled}
    print(json.dumps({"version": version("nautilus_trader"), "seconds": seconds, **done}))


if __name__ == "__main__":
    main()
