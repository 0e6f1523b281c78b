"""The bot between frames and requests, as Python meets it."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest

from bot4 import _engine
from bot4._engine import Bot, Program
from bot4.errors import DataError, EngineError, RiskError

SECOND = 1_000_000_000


def leaning(size: float = 0.5) -> Program:
    """Long where more is bid than asked at the touch, else short."""
    return Program(
        [
            ("bid_size", [], []),
            ("ask_size", [], []),
            ("gt", [0, 1], []),
            ("constant", [], [size]),
            ("constant", [], [-size]),
            ("where", [2, 3, 4], []),
        ],
        [5],
    )


class Floor:
    """A bot on one made-up market of Binance; each message comes a tenth of a second later."""

    def __init__(self, **settings: object) -> None:
        self.bot = Bot(**{"profile": "research", **settings})  # type: ignore[arg-type]
        self.bot.add_instrument("binance:BTCUSDT", price="60000", tick="0.01", lot="0.00001")
        self.bot.add_program("leaning", "binance:BTCUSDT", "1", leaning())
        self.bot.open("10000", SECOND)
        self.now_ns = 2 * SECOND
        self.number = 10

    def frame(self, frame: object) -> list[_engine.Request]:
        self.now_ns += SECOND // 10
        return self.bot.on_frame("binance", frame, self.now_ns)  # type: ignore[arg-type]

    def sizes(self, bid: str, ask: str) -> list[_engine.Request]:
        """The touch holds so much now."""
        self.number += 1
        return self.frame(self.diff(self.number, bid, ask))

    def diff(self, number: int, bid: str, ask: str) -> bytes:
        update = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": number, "u": number}
        levels = {"b": [["60000.00", bid]], "a": [["60000.01", ask]]}
        return json.dumps({"stream": "btcusdt@depth", "data": {**update, **levels}}).encode()

    def begin(self) -> list[_engine.Request]:
        self.frame(self.diff(self.number, "1", "2"))
        levels = {"bids": [["60000.00", "1"]], "asks": [["60000.01", "2"]]}
        whole = json.dumps({"lastUpdateId": self.number, **levels}).encode()
        return self.bot.on_snapshot("binance", "BTCUSDT", whole, self.now_ns)


def test_a_frame_leads_to_an_unsigned_request() -> None:
    floor = Floor()
    (request,) = floor.begin()
    assert (request.kind, request.venue, request.instrument) == (
        "place",
        "binance",
        "binance:BTCUSDT",
    )
    assert (request.method, request.path) == ("POST", "/api/v3/order")
    assert request.refused is None
    assert request.body.decode().split("&")[:3] == ["symbol=BTCUSDT", "side=SELL", "type=LIMIT"]
    assert f"newClientOrderId={request.id}" in request.body.decode()
    assert b"signature" not in request.body
    assert b"timestamp" not in request.body


def test_answers_and_fills_reach_the_ledger() -> None:
    floor = Floor()
    (sell,) = floor.begin()
    assert floor.bot.on_order(sell.id, "acked", floor.now_ns, venue_id="17") == []
    qty = sell.body.decode().split("quantity=")[1].split("&")[0]
    fill: dict[str, Any] = {"trade": "1", "price": "60000.00", "qty": qty, "fee": "0.5"}
    fill |= {"ts_ns": floor.now_ns, "last": True}
    assert floor.bot.on_fill(sell.id, **fill) == []
    assert floor.bot.position("binance:BTCUSDT") == f"-{qty}"
    (buy,) = floor.sizes("5", "1")
    assert b"side=BUY" in buy.body
    assert b"type=LIMIT&timeInForce=IOC&quantity=" in buy.body
    # While it works, the opposite wish calls it back.
    (cancel,) = floor.sizes("1", "5")
    assert (cancel.kind, cancel.method, cancel.id) == ("cancel", "DELETE", buy.id)
    # Nothing was bought: what is held is what is wanted again.
    assert floor.bot.on_order(buy.id, "canceled", floor.now_ns) == []


def test_strategies_on_one_market_hold_a_share_each() -> None:
    bot = Bot(profile="research")
    bot.add_instrument("binance:BTCUSDT", price="60000", tick="0.01", lot="0.00001")
    bot.add_program("a", "binance:BTCUSDT", "0.5", leaning())
    bot.add_program("b", "binance:BTCUSDT", "0.5", leaning(-0.5))
    bot.open("10000", SECOND)
    floor = Floor()
    floor.bot = bot
    # What the one wants the other wants to give: nothing leaves.
    assert floor.begin() == []
    shares = [Decimal(bot.position("binance:BTCUSDT", name)) for name in ("a", "b")]
    assert shares[0] == -shares[1] != 0
    assert bot.position("binance:BTCUSDT") == "0"
    with pytest.raises(EngineError, match="has no strategy 'c'"):
        bot.position("binance:BTCUSDT", "c")


@pytest.mark.parametrize("as_type", [bytes, bytearray, memoryview, bytes.decode])
def test_a_frame_may_come_as_any_kind_of_bytes_or_text(as_type: object) -> None:
    floor = Floor()
    floor.begin()
    floor.frame(as_type(floor.diff(11, "1.5", "2")))  # type: ignore[operator]
    assert floor.bot.book("binance:BTCUSDT", floor.now_ns)["bids"] == [("60000", "1.5")]


def test_the_book_tells_its_levels_and_whether_it_can_be_believed() -> None:
    floor = Floor()
    told = floor.bot.book("binance:BTCUSDT", floor.now_ns)
    assert told == {"integrity": "syncing", "bids": [], "asks": []}
    floor.begin()
    told = floor.bot.book("binance:BTCUSDT", floor.now_ns)
    assert told == {"integrity": "live", "bids": [("60000", "1")], "asks": [("60000.01", "2")]}
    later = floor.now_ns + 3_600 * SECOND
    assert floor.bot.book("binance:BTCUSDT", later)["integrity"] == "stale"
    assert floor.bot.take_resync() == []
    floor.number += 5
    assert floor.sizes("9", "1") == []
    assert floor.bot.book("binance:BTCUSDT", floor.now_ns)["integrity"] == "gap"
    assert floor.bot.take_resync() == ["binance:BTCUSDT"]
    assert floor.bot.take_resync() == []
    assert floor.bot.counts("binance")["gaps"] == 1


def test_a_bad_frame_is_an_error_with_its_offset_and_changes_nothing() -> None:
    floor = Floor()
    floor.begin()
    before = floor.bot.book("binance:BTCUSDT", floor.now_ns)
    for frame in (b"{", b'{"e":"depthUpdate"', floor.diff(11, "1e", "1")):
        with pytest.raises(DataError, match="at byte"):
            floor.frame(frame)
    assert floor.bot.book("binance:BTCUSDT", floor.now_ns) == before
    assert floor.bot.counts("binance")["malformed"] == 3
    floor.sizes("1.25", "2")
    assert floor.bot.book("binance:BTCUSDT", floor.now_ns)["bids"] == [("60000", "1.25")]


def test_a_new_connection_is_not_believed_until_the_book_is_told_anew() -> None:
    floor = Floor()
    floor.begin()
    assert floor.bot.on_connect("binance", floor.now_ns) == []
    assert floor.bot.book("binance:BTCUSDT", floor.now_ns)["integrity"] == "gap"


def test_a_bar_that_no_unit_holds_ends_nothing() -> None:
    floor = Floor()
    floor.begin()
    bar = {"t": 0, "T": 59_999, "s": "BTCUSDT", "i": "1m", "v": "1", "x": True}
    prices = dict.fromkeys("ohlc", "1e14")
    frame = json.dumps({"e": "kline", "E": 1, "s": "BTCUSDT", "k": {**bar, **prices}})
    with pytest.raises(DataError, match="too large for its integer, at byte"):
        floor.frame(frame)
    assert len(floor.bot.take_records()) > 0
    floor.sizes("1.25", "2")
    assert floor.bot.book("binance:BTCUSDT", floor.now_ns)["bids"] == [("60000", "1.25")]


def test_what_was_to_be_sent_when_a_call_failed_comes_with_the_next() -> None:
    bot = Bot(profile="research")
    for symbol in ("BTCUSDT", "ETHUSDT"):
        bot.add_instrument(f"binance:{symbol}", price="60000", tick="0.01", lot="0.00001")
    bot.add_program("leaning", "binance:BTCUSDT", "0.5", leaning(), 0.9)
    quoting = Program([("constant", [], [0.001]), ("bid", [], [])], [0, 0, 0, 1])
    bot.add_quote("quoting", "binance:ETHUSDT", "0.5", quoting)
    bot.open("20000000000", SECOND)

    def snapshot(symbol: str) -> list[_engine.Request]:
        levels = {"bids": [["1.00", "9"]], "asks": [["1.01", "2"]]}
        body = json.dumps({"lastUpdateId": 10, **levels}).encode()
        return bot.on_snapshot("binance", symbol, body, 2 * SECOND)

    bid, ask = snapshot("ETHUSDT")
    (buy,) = snapshot("BTCUSDT")
    fill: dict[str, Any] = {"trade": "x-1", "price": "1.00", "qty": "4000000000", "fee": "0"}
    fill |= {"ts_ns": 2 * SECOND, "last": True}
    assert bot.on_fill(buy.id, **fill) == []
    # What is held is worth more than any number holds.
    update = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": 11, "u": 11}
    asks = [["1.01", "0"], ["80000000000.01", "1"]]
    absurd = json.dumps({**update, "b": [["80000000000.00", "1"]], "a": asks})
    with pytest.raises(EngineError, match="not believed until they are told anew"):
        bot.on_frame("binance", absurd, 2 * SECOND + 1)
    assert len(bot.take_records()) > 0
    assert bot.take_resync() == ["binance:BTCUSDT", "binance:ETHUSDT"]
    canceled = bot.on_time(2 * SECOND + 2)
    assert [(request.kind, request.id) for request in canceled] == [
        ("cancel", bid.id),
        ("cancel", ask.id),
    ]
    assert bot.on_time(2 * SECOND + 3) == []


def test_a_time_that_nobody_can_have_received_at_is_refused() -> None:
    floor = Floor()
    floor.begin()
    told = floor.bot.book("binance:BTCUSDT", floor.now_ns)
    far_ns = time.time_ns() + 3_600 * SECOND
    for now_ns, why in ((far_ns, "ahead of this machine's clock"), (0, "above 0"), (-1, "above 0")):
        with pytest.raises(EngineError, match=why):
            floor.bot.on_frame("binance", floor.diff(11, "9", "1"), now_ns)
        with pytest.raises(EngineError, match=why):
            floor.bot.on_time(now_ns)
    assert floor.bot.book("binance:BTCUSDT", floor.now_ns) == told
    # Now is believed, and so is a little later.
    assert floor.bot.on_time(time.time_ns() + SECOND) == []


def test_a_budget_lets_through_what_was_measured_and_nothing_without() -> None:
    floor = Floor(limits={"var_max": "0.02"})
    assert floor.begin() == [], "nothing was measured"
    floor.bot.on_measured(0.0200000000001, 0.03, floor.now_ns)
    assert floor.sizes("3", "1") == []
    floor.bot.on_measured(0.02, 0.03, floor.now_ns)
    (request,) = floor.sizes("1", "2")
    assert request.kind == "place"


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ({"var": float("nan")}, "var is NaN: the number is not finite"),
        ({"cvar": float("inf")}, "cvar is inf: the number is not finite"),
        ({"var": -1e-300}, "below zero"),
        ({"cvar": 1e300}, "cvar is 1.*: the number is too large"),
        ({"var": 0.04}, "cannot be below it"),
        ({"level": "0.95"}, "level 0.99"),
        ({"level": "most"}, "'most' is not a decimal number"),
        ({"horizon_s": 3_600}, "a horizon of 86400 s"),
        ({"as_of_ns": 3 * SECOND + 1}, "of the future"),
        ({"as_of_ns": 2 * SECOND - 1}, "a newer one is known"),
        ({"ts_ns": 2**63 - 1, "as_of_ns": 3 * SECOND}, "ahead of this machine's clock"),
    ],
)
def test_a_measure_that_cannot_be_is_refused_and_the_known_one_stays(
    measure: dict[str, Any], words: str
) -> None:
    floor = Floor(limits={"var_max": "0.02"})
    floor.begin()
    good: dict[str, Any] = {"var": 0.01, "cvar": 0.03, "ts_ns": 3 * SECOND}
    floor.bot.on_measured(**{**good, "as_of_ns": 2 * SECOND})
    floor.bot.take_records()
    with pytest.raises(EngineError, match=words):
        floor.bot.on_measured(**{**good, **measure})
    assert floor.bot.take_records() == b""
    floor.now_ns = 3 * SECOND
    assert [one.kind for one in floor.sizes("3", "1")] == ["place"]


def test_a_cancel_that_waited_for_coinbases_name_is_sent_with_the_answer() -> None:
    bot = Bot(profile="research")
    bot.add_instrument("coinbase:BTC-USD", price="60000", tick="0.01", lot="0.00001")
    bot.add_program("leaning", "coinbase:BTC-USD", "1", leaning())
    bot.open("10000", SECOND)
    ts = "2026-09-30T02:39:53.8Z"

    def frame(number: int, kind: str, bid: str) -> list[_engine.Request]:
        sides = (("bid", "60000.00", bid), ("offer", "60000.01", "2"))
        keys = ("side", "price_level", "new_quantity")
        levels = [{**dict(zip(keys, side, strict=True)), "event_time": ts} for side in sides]
        event = {"type": kind, "product_id": "BTC-USD", "updates": levels}
        told = {"channel": "l2_data", "timestamp": ts, "sequence_num": number, "events": [event]}
        return bot.on_frame("coinbase", json.dumps(told), 2 * SECOND + number)

    (sell,) = frame(0, "snapshot", "1")
    (waiting,) = frame(1, "update", "5")
    assert (waiting.kind, waiting.id, waiting.body) == ("cancel", sell.id, b"")
    assert waiting.refused is not None
    (cancel,) = bot.on_order(sell.id, "acked", 2 * SECOND, venue_id="x-1")
    assert (cancel.kind, cancel.refused) == ("cancel", None)
    assert cancel.body == b'{"order_ids":["x-1"]}'


@pytest.mark.parametrize(
    ("exits", "bid", "sold"),
    [
        # Coinbase lets no stop trail: nothing is sent before the market is there.
        ({"trailing_stop": 0.05}, "57000.00", "sell"),
        ({"trailing_stop": 0.05}, "57100.00", None),
        ({"trailing_stop": 0.05, "take_profit": 0.05}, "63100.00", "sell"),
        # A stop lies at the venue, and is called back before its profit may leave.
        ({"stop_loss": 0.05, "take_profit": 0.05}, "63100.00", "cancel"),
    ],
)
def test_what_coinbase_cannot_let_wait_is_held_here(
    exits: dict[str, float], bid: str, sold: str | None
) -> None:
    bot = Bot(profile="research")
    bot.add_instrument("coinbase:BTC-USD", price="60000", tick="0.01", lot="0.00001")
    bot.add_program("long", "coinbase:BTC-USD", "1", leaning(), **exits)  # type: ignore[arg-type]
    bot.open("10000", SECOND)
    ts = "2026-09-30T02:39:53.8Z"
    number = -1

    def frame(kind: str, levels: list[tuple[str, str, str]]) -> list[_engine.Request]:
        nonlocal number
        number += 1
        keys = ("side", "price_level", "new_quantity")
        told = [{**dict(zip(keys, level, strict=True)), "event_time": ts} for level in levels]
        event = {"type": kind, "product_id": "BTC-USD", "updates": told}
        whole = {"channel": "l2_data", "timestamp": ts, "sequence_num": number, "events": [event]}
        # Nobody trades here: after a minute the touch speaks.
        return bot.on_frame("coinbase", json.dumps(whole), 2 * SECOND + number * 61 * SECOND)

    (buy,) = frame("snapshot", [("bid", "60000.00", "5"), ("offer", "60000.02", "2")])
    qty = json.loads(buy.body)["order_configuration"]["sor_limit_ioc"]["base_size"]
    bot.on_order(buy.id, "acked", 2 * SECOND, venue_id="x-1")
    fill: dict[str, Any] = {"trade": "1", "price": "60000", "qty": qty, "fee": "0", "last": True}
    laid = bot.on_fill(buy.id, **fill, ts_ns=2 * SECOND)
    assert [request.kind for request in laid] == (["place"] if "stop_loss" in exits else [])
    for request in laid:
        bot.on_order(request.id, "acked", 2 * SECOND, venue_id="x-2")
    gone = [("bid", "60000.00", "0"), ("offer", "60000.02", "0")]
    there = [("bid", bid, "5"), ("offer", f"{float(bid) + 0.02:.2f}", "2")]
    came = frame("update", gone + there)
    if sold is None:
        assert came == []
        return
    if sold == "cancel":
        (cancel,) = came
        assert (cancel.kind, cancel.id) == ("cancel", laid[0].id)
        came = bot.on_order(cancel.id, "canceled", 2 * SECOND)
    (sell,) = came
    body = json.loads(sell.body)
    assert (sell.kind, body["side"]) == ("place", "SELL")
    (terms,) = body["order_configuration"].values()
    # No worse than the collar around where the market is now, and no trigger.
    assert terms["base_size"] == qty
    assert float(terms["limit_price"]) == pytest.approx(float(bid) / 2, rel=1e-4)
    assert "stop_price" not in terms


def test_what_was_decided_waits_to_be_kept() -> None:
    floor = Floor()
    floor.bot.take_records()
    floor.begin()
    records = floor.bot.take_records()
    assert len(records) > 0
    assert floor.bot.take_records() == b""


def test_mistakes_are_told_in_a_line() -> None:
    bot = Bot()
    with pytest.raises(EngineError, match=r"call open\(\) first"):
        bot.on_frame("binance", b"{}", 1)
    with pytest.raises(EngineError, match="add it first"):
        bot.add_program("x", "binance:BTCUSDT", "1", leaning())
    bot.add_instrument("binance:BTCUSDT", price="60000", tick="0.01", lot="0.00001")
    with pytest.raises(EngineError, match="was added before"):
        bot.add_instrument("binance:BTCUSDT", price="1", tick="1", lot="1")
    with pytest.raises(EngineError, match="is not a number"):
        bot.add_instrument("binance:X", price="much", tick="1", lot="1")
    bot.add_program("x", "binance:BTCUSDT", "1", leaning())
    with pytest.raises(EngineError, match="has a strategy 'x': give it another name"):
        bot.add_program("x", "binance:BTCUSDT", "1", leaning())
    with pytest.raises(EngineError, match="cash must be above 0"):
        bot.open("0", 1)
    bot.open("1", 1)
    with pytest.raises(EngineError, match="open already"):
        bot.open("1", 1)
    with pytest.raises(EngineError, match="no instrument is of venue 'kraken'"):
        bot.on_frame("kraken", b"{}", 1)
    with pytest.raises(EngineError, match="is no order id of ours"):
        bot.on_order("x", "acked", 1)
    with pytest.raises(EngineError, match="is no answer; one of released, denied, sent"):
        bot.on_order("AAAAAAAAAAAAA", "eaten", 1)
    with pytest.raises(EngineError, match="no order"):
        bot.on_fill("AAAAAAAAAAAAA", trade="1", price="1", qty="1", fee="0", ts_ns=1, last=True)
    with pytest.raises(EngineError, match="is no instrument here"):
        bot.position("binance:ETHUSDT")
    with pytest.raises(RiskError):
        Bot(profile="brave")
    stranger = Bot()
    stranger.add_instrument("okx:BTC-USDT", price="60000", tick="0.1", lot="0.001")
    with pytest.raises(EngineError, match="frames of 'okx' cannot be read"):
        stranger.open("1", 1)
