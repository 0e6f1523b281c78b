"""A feed on frames of our own: what each message of a venue means, exactly, and what is refused."""

import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from bot4._engine import RECORDED, Feed
from bot4.errors import Bot4Error, DataError, EngineError, FrameError

KINDS = tuple(RECORDED)
WHEN = "2026-08-24T22:34:13.793075Z"
WHEN_NS = 1_787_610_853_793_075_000
SYMBOLS = {"binance": "AB", "kraken": "A/B", "coinbase": "A-B"}

Level = tuple[str, str]


def feed_of(venue: str, price_scale: int = 8, qty_scale: int = 8) -> Feed:
    feed = Feed(venue)
    feed.add(SYMBOLS[venue], price_scale, qty_scale)
    return feed


def rows(feed: Feed, symbol: str) -> list[tuple[int, str, float, float]]:
    told = feed.rows(symbol)
    names = [KINDS[code] for code in told["kind"]]
    columns = zip(told["ts"].tolist(), names, told["price"], told["qty"], strict=True)
    return [(ts, kind, float(price), float(qty)) for ts, kind, price, qty in columns]


def binance_diff(first: int, bids: Sequence[Level] = (), asks: Sequence[Level] = ()) -> str:
    frame = {"e": "depthUpdate", "E": 1_000, "s": "AB", "U": first, "u": first}
    return json.dumps({"stream": "ab@depth", "data": {**frame, "b": bids, "a": asks}})


def binance_book(last: int, bids: Sequence[Level] = (), asks: Sequence[Level] = ()) -> str:
    return json.dumps({"lastUpdateId": last, "bids": bids, "asks": asks})


def kraken_level(level: Level) -> str:
    return f'{{"price":{level[0]},"qty":{level[1]}}}'


def kraken_book(
    kind: str, bids: Sequence[Level], asks: Sequence[Level], whole: tuple[Any, Any] | None = None
) -> str:
    """Tell levels; the checksum is of the `whole` book behind them."""
    best_bids, best_asks = whole or (bids, asks)
    numbers = (number for level in (*best_asks, *best_bids) for number in level)
    digits = "".join(number.replace(".", "").lstrip("0") for number in numbers)
    sides = [",".join(map(kraken_level, side)) for side in (bids, asks)]
    book = f'"symbol":"A/B","bids":[{sides[0]}],"asks":[{sides[1]}],"timestamp":"{WHEN}"'
    sum_ = zlib.crc32(digits.encode())
    return f'{{"channel":"book","type":"{kind}","data":[{{{book},"checksum":{sum_}}}]}}'


def kraken(channel: str, *items: dict[str, object], kind: str = "update") -> str:
    told = [{"symbol": "A/B", "timestamp": WHEN, **item} for item in items]
    return json.dumps({"channel": channel, "type": kind, "data": told})


def coinbase(channel: str, sequence: int, **event: object) -> str:
    frame = {"channel": channel, "timestamp": WHEN, "sequence_num": sequence}
    return json.dumps({**frame, "events": [event]})


def coinbase_book(
    sequence: int, kind: str, bids: Sequence[Level] = (), asks: Sequence[Level] = ()
) -> str:
    updates = [
        {"side": side, "event_time": WHEN, "price_level": price, "new_quantity": qty}
        for side, levels in (("bid", bids), ("offer", asks))
        for price, qty in levels
    ]
    return coinbase("l2_data", sequence, type=kind, product_id="A-B", updates=updates)


BID, ASK = ("9.0", "1.00000000"), ("11.0", "2.00000000")
BOOKS: dict[str, str] = {
    "binance": binance_book(10, [BID], [ASK]),
    "kraken": kraken_book("snapshot", [BID], [ASK]),
    "coinbase": coinbase_book(0, "snapshot", [BID], [ASK]),
}


def live(venue: str, **scales: int) -> Feed:
    """A feed with one bid and one ask."""
    feed = feed_of(venue, **scales)
    if venue == "binance":
        assert feed.on_snapshot("AB", BOOKS[venue], 1) == "market"
    else:
        assert feed.on_frame(BOOKS[venue], 1) == "market"
    assert feed.integrity(SYMBOLS[venue]) == "live"
    return feed


@pytest.mark.parametrize("venue", ["binance", "kraken", "coinbase"])
def test_a_snapshot_is_the_book(venue: str) -> None:
    feed = live(venue)
    book = feed.book(SYMBOLS[venue])
    assert book["bids"] == [("9", "1")]
    assert book["asks"] == [("11", "2")]
    assert book["touch"] == (("9", "1"), ("11", "2"))
    assert feed.book(SYMBOLS[venue], levels=0)["bids"] == []
    told = [(1, "clear", 0, 0), (1, "bid", 9.0, 1.0), (1, "ask", 11.0, 2.0)]
    assert rows(feed, SYMBOLS[venue]) == told


MOVED: dict[str, str] = {
    "binance": binance_diff(11, [("10", "3"), ("9", "0"), ("5", "0")]),
    "kraken": kraken_book(
        "update",
        [("10.0", "3.00000000"), ("9.0", "0.00000000"), ("5.0", "0.00000000")],
        [],
        ([("10.0", "3.00000000")], [ASK]),
    ),
    "coinbase": coinbase_book(1, "update", [("10", "3"), ("9", "0"), ("5", "0")]),
}


@pytest.mark.parametrize("venue", MOVED)
@pytest.mark.parametrize("as_told", [str, str.encode, lambda text: memoryview(text.encode())])
def test_an_update_changes_the_book_and_what_goes_is_a_row_before_what_comes(
    venue: str, as_told: Callable[[str], Any]
) -> None:
    feed = live(venue)
    assert feed.on_frame(as_told(MOVED[venue]), 2) == "market"
    assert feed.book(SYMBOLS[venue])["bids"] == [("10", "3")]
    assert rows(feed, SYMBOLS[venue])[3:] == [(2, "bid", 9.0, 0.0), (2, "bid", 10.0, 3.0)]


TRADED: dict[str, str] = {
    "binance": json.dumps(
        {"e": "trade", "E": 1, "s": "AB", "t": 1, "p": "9.5", "q": "3", "T": 1, "m": True}
    ),
    "kraken": kraken("trade", {"side": "sell", "price": 9.5, "qty": 3.0}),
    "coinbase": coinbase(
        "market_trades",
        1,
        type="update",
        trades=[{"product_id": "A-B", "side": "BUY", "price": "9.5", "size": "3", "time": WHEN}],
    ),
}


@pytest.mark.parametrize("venue", TRADED)
def test_a_trade_is_a_row_with_the_side_of_who_took(venue: str) -> None:
    feed = live(venue)
    assert feed.on_frame(TRADED[venue], 2) == "market"
    assert rows(feed, SYMBOLS[venue])[3:] == [(2, "sell", 9.5, 3.0)]


def touch(**more: object) -> str:
    return json.dumps({"u": 5, "s": "AB", "b": "8", "B": "3", "a": "12", "A": "4", **more})


TOUCHES = {
    "binance": touch(),
    "kraken": kraken("ticker", {"bid": 8.0, "bid_qty": 3.0, "ask": 12.0, "ask_qty": 4.0}),
    "coinbase": coinbase(
        "ticker",
        0,
        type="update",
        tickers=[
            {
                **{"product_id": "A-B", "best_bid": "8", "best_bid_quantity": "3"},
                **{"best_ask": "12", "best_ask_quantity": "4"},
            }
        ],
    ),
}


@pytest.mark.parametrize("venue", TOUCHES)
def test_a_ticker_is_the_touch_and_no_level(venue: str) -> None:
    feed = feed_of(venue)
    assert feed.on_frame(TOUCHES[venue], 1) == "market"
    book = feed.book(SYMBOLS[venue])
    assert book == {"bids": [], "asks": [], "touch": (("8", "3"), ("12", "4"))}
    assert feed.integrity(SYMBOLS[venue]) == "syncing", "a touch is no book"
    assert rows(feed, SYMBOLS[venue]) == []


OTHERS: list[tuple[str, str, str]] = [
    ("binance", '{"result":null,"id":1}', "nothing"),
    ("binance", '{"e":"24hrTicker","E":1,"s":"AB"}', "unknown"),
    ("binance", '{"stream":"x@trade","data":{"e":"trade","E":1,"s":"ZZ"}}', "nothing"),
    ("binance", touch(s="ZZ"), "nothing"),
    ("binance", '{"e":"serverShutdown","E":1}', "status shutting_down"),
    ("binance", '{"code":-1121,"msg":"Invalid symbol."}', "refused -1121 Invalid symbol."),
    ("binance", '{"error":{"code":2,"msg":"Invalid"},"id":1}', "refused 2 Invalid"),
    ("kraken", '{"channel":"heartbeat"}', "nothing"),
    ("kraken", '{"channel":"level3","type":"update","data":[]}', "unknown"),
    ("kraken", kraken("status", {"system": "online"}), "status online"),
    ("kraken", kraken("status", {"system": "cancel_only"}), "status cancel_only"),
    ("kraken", kraken("status", {"system": "post_only"}), "status post_only"),
    ("kraken", kraken("status", {"system": "maintenance"}), "status maintenance"),
    ("kraken", kraken("trade", {"symbol": "Z/Z"}), "nothing"),
    ("kraken", '{"method":"pong","req_id":1}', "nothing"),
    (
        "kraken",
        '{"method":"subscribe","success":false,"error":"Currency pair not supported"}',
        "refused Currency pair not supported",
    ),
    ("coinbase", coinbase("heartbeats", 0, current_time="now", heartbeat_counter=1), "nothing"),
    ("coinbase", coinbase("subscriptions", 0, subscriptions={"level2": ["A-B"]}), "nothing"),
    ("coinbase", coinbase("candles", 0, type="update", candles=[]), "unknown"),
    ("coinbase", '{"type":"error","message":"failure to subscribe"}', "refused failure to"),
]


@pytest.mark.parametrize(("venue", "frame", "said"), OTHERS)
def test_other_messages_say_what_they_are_and_tell_nothing(
    venue: str, frame: str, said: str
) -> None:
    feed = feed_of(venue)
    assert feed.on_frame(frame, 1).startswith(said)
    assert rows(feed, SYMBOLS[venue]) == []
    counts = feed.counts()
    assert (counts["frames"], counts["unknown"]) == (1, int(said == "unknown"))
    assert counts["unlisted"] == int("ZZ" in frame or "Z/Z" in frame)


@pytest.mark.parametrize("closed", [True, False])
def test_a_bar_is_of_the_market_and_no_row(closed: bool) -> None:
    bar = {"t": 0, "T": 59_999, "o": "1", "h": "1", "l": "1", "c": "1", "v": "1", "x": closed}
    feed = feed_of("binance")
    assert feed.on_frame(json.dumps({"e": "kline", "E": 1, "s": "AB", "k": bar}), 1) == "market"
    assert rows(feed, "AB") == []


LOST: dict[str, str] = {
    "binance": binance_diff(15),
    "kraken": kraken_book("update", [("8.0", "1.00000000")], []),
    "coinbase": coinbase_book(5, "update"),
}


@pytest.mark.parametrize("venue", LOST)
def test_a_loss_clears_the_rows_and_the_book_is_not_believed(venue: str) -> None:
    feed, symbol = live(venue), SYMBOLS[venue]
    assert feed.on_frame(LOST[venue], 2) == f"resync {symbol}"
    assert (feed.integrity(symbol), feed.counts()["gaps"]) == ("gap", 1)
    assert feed.counts()["checksums_failed"] == int(venue == "kraken")
    assert feed.book(symbol)["touch"] is None
    assert rows(feed, symbol)[3:] == [(2, "clear", 0, 0)]


@pytest.mark.parametrize("venue", BOOKS)
def test_a_new_connection_begins_anew(venue: str) -> None:
    feed, symbol = live(venue), SYMBOLS[venue]
    feed.on_connect(2)
    assert (feed.integrity(symbol), feed.counts()["gaps"]) == ("syncing", 0)
    again = feed.on_snapshot(symbol, BOOKS[venue], 3) if venue == "binance" else None
    assert (again or feed.on_frame(BOOKS[venue], 3)) == "market"
    assert feed.integrity(symbol) == "live"
    assert [kind for _, kind, _, _ in rows(feed, symbol)[3:]] == ["clear", "clear", "bid", "ask"]


def test_a_crossed_book_is_not_believed() -> None:
    feed = live("binance")
    assert feed.on_frame(binance_diff(11, [("11", "1")]), 2) == "market"
    assert (feed.integrity("AB"), feed.book("AB")["touch"]) == ("crossed", None)
    assert feed.on_frame(binance_diff(12, (), [("11", "0"), ("12", "1")]), 3) == "market"
    assert (feed.integrity("AB"), feed.book("AB")["touch"]) == ("live", (("11", "1"), ("12", "1")))


def test_diffs_before_the_snapshot_wait_and_reach_across_it() -> None:
    feed = feed_of("binance")
    across = json.loads(binance_diff(9, [("9", "2")], [("11", "0"), ("12", "3")]))
    across["data"]["u"] = 12
    for frame in (binance_diff(8, [("7", "1")]), json.dumps(across)):
        assert feed.on_frame(frame, 1) == "market"
        assert feed.integrity("AB") == "syncing"
    rest = json.dumps(
        {"rest": "/api/v3/depth", "symbol": "AB", "body": json.loads(BOOKS["binance"])}
    )
    assert feed.on_frame(rest, 2) == "market"
    assert feed.book("AB")["bids"] == [("9", "2")]
    assert feed.book("AB")["asks"] == [("12", "3")]
    assert rows(feed, "AB") == [(2, "clear", 0, 0), (2, "bid", 9, 2), (2, "ask", 12, 3)]
    assert feed.on_frame(binance_diff(12, [("9", "7")]), 3) == "nothing"
    assert feed.counts()["late"] == 1


def test_levels_beyond_the_subscribed_depth_fall_off() -> None:
    feed = feed_of("kraken")
    result = {"channel": "book", "symbol": "A/B", "depth": 10}
    feed.on_frame(json.dumps({"method": "subscribe", "result": result, "success": True}), 1)
    bids = [(f"{90 - place}.0", "1.00000000") for place in range(10)]
    assert feed.on_frame(kraken_book("snapshot", bids, [("91.0", "1.00000000")]), 1) == "market"
    better = ("90.5", "1.00000000")
    whole = ([better, *bids[:9]], [("91.0", "1.00000000")])
    assert feed.on_frame(kraken_book("update", [better], [], whole), 2) == "market"
    assert [price for price, _ in feed.book("A/B")["bids"]] == [
        "90.5",
        *map(str, range(90, 81, -1)),
    ]
    assert rows(feed, "A/B")[-2:] == [(2, "bid", 81.0, 0.0), (2, "bid", 90.5, 1.0)]


@pytest.mark.parametrize("venue", BOOKS)
def test_without_a_receive_time_the_venues_counts_and_no_time_falls(venue: str) -> None:
    feed, symbol = live(venue), SYMBOLS[venue]
    for received in (0, 5, 2**62, 7):
        feed.on_frame(
            TRADED[venue] if venue != "coinbase" else coinbase_book(1, "update"), received
        )
    if venue != "coinbase":
        first = 1_000_000 if venue == "binance" else WHEN_NS
        assert [ts for ts, *_ in rows(feed, symbol)[3:]] == [first, first, 2**62, 2**62]


@pytest.mark.parametrize(
    ("scales", "bid", "ask"),
    [
        ((8, 2), ("0.00002345", "12345678901234.56"), ("0.00002346", "92233720368547758.07")),
        ((8, 0), ("0.00000001", "10000000000000"), ("0.00000002", "9223372036854775807")),
        ((2, 8), ("61837.63", "3.78826001"), ("61837.64", "92233720368.54775807")),
        ((8, 8), ("92233720368.54775806", "0.00000001"), ("92233720368.54775807", "0.00000002")),
        ((18, 0), ("0.000000000000000001", "1"), ("9.223372036854775807", "1")),
    ],
)
def test_numbers_are_kept_exactly(scales: tuple[int, int], bid: Level, ask: Level) -> None:
    binance = feed_of("binance", *scales)
    binance.on_snapshot("AB", binance_book(1, [bid], [ask]), 1)
    coinbase_feed = feed_of("coinbase", *scales)
    coinbase_feed.on_frame(coinbase_book(0, "snapshot", [bid], [ask]), 1)
    kraken_feed = feed_of("kraken", *scales)
    assert kraken_feed.on_frame(kraken_book("snapshot", [bid], [ask]), 1) == "market"
    for feed, symbol in ((binance, "AB"), (coinbase_feed, "A-B"), (kraken_feed, "A/B")):
        book = feed.book(symbol)
        assert (book["bids"], book["asks"]) == ([bid], [ask])
        told = feed.rows(symbol)
        assert np.isclose(told["price"][1:], [float(bid[0]), float(ask[0])], rtol=1e-15).all()
        assert np.isclose(told["qty"][1:], [float(bid[1]), float(ask[1])], rtol=1e-15).all()


UNFIT: list[tuple[tuple[int, int], Level, str, str]] = [
    ((8, 8), ("0.00002345", "10000000000000"), "number_too_large", "10000000000000"),
    ((8, 2), ("0.00002345", "1.001"), "number_too_fine", "1.001"),
    ((8, 0), ("0.00002345", "0.5"), "number_too_fine", "0.5"),
    ((8, 2), ("0.000023451", "1"), "number_too_fine", "0.000023451"),
    ((2, 8), ("61837.631", "1"), "number_too_fine", "61837.631"),
    ((2, 8), ("61837.63", "92233720368.54775808"), "number_too_large", "92233720368.54775808"),
    ((2, 8), ("61837.63", "0.000000001"), "number_too_fine", "0.000000001"),
    ((2, 8), ("-61837.63", "1"), "malformed", "-61837.63"),
]


@pytest.mark.parametrize("venue", BOOKS)
@pytest.mark.parametrize(("scales", "level", "kind", "number"), UNFIT)
def test_what_does_not_fit_is_refused_at_its_place_and_changes_nothing(
    venue: str, scales: tuple[int, int], level: Level, kind: str, number: str
) -> None:
    feed, symbol = feed_of(venue, *scales), SYMBOLS[venue]
    good, bid, ask = ("1", "1"), ("1", "3"), ("2", "3")
    if venue == "binance":
        feed.on_snapshot(symbol, binance_book(10, [bid], [ask]), 1)
        frame, right = binance_diff(11, [good, level]), binance_diff(11, [good])
    elif venue == "kraken":
        feed.on_frame(kraken_book("snapshot", [bid], [ask]), 1)
        whole = ([good], [ask])
        frame = kraken_book("update", [good, level], [], whole)
        right = kraken_book("update", [good], [], whole)
    else:
        feed.on_frame(coinbase_book(0, "snapshot", [bid], [ask]), 1)
        frame = coinbase_book(1, "update", [good, level])
        right = coinbase_book(1, "update", [good])
    before = (feed.book(symbol), rows(feed, symbol), feed.counts())
    with pytest.raises(FrameError, match=r", at byte \d+$") as refused:
        feed.on_frame(frame, 2)
    assert refused.value.kind == kind
    assert frame[refused.value.offset :].lstrip('"').startswith(number)
    assert f"at byte {refused.value.offset}" in str(refused.value)
    counts = {**before[2], "frames": 2, "malformed": 1}
    assert (feed.book(symbol), rows(feed, symbol), feed.counts()) == (*before[:2], counts)
    assert feed.on_frame(right, 3) == "market", "the book goes on as if it had never come"
    assert feed.book(symbol)["bids"] == [good]


@pytest.mark.parametrize(
    ("venue", "frame", "kind"),
    [
        ("binance", "", "malformed"),
        ("binance", "{", "malformed"),
        ("binance", '{"e":"depthUpdate","s":"AB"}', "malformed"),
        ("binance", '{"lastUpdateId":1,"bids":[],"asks":[]}', "unsupported"),
        ("kraken", '{"channel":"book"}', "malformed"),
        ("kraken", "[" * 99, "malformed"),
        ("coinbase", '{"channel":"l2_data","events":[]}', "malformed"),
        ("coinbase", '{"x":' + "[" * 99, "too_deep"),
        ("coinbase", " " * (16 * 2**20 + 1), "too_long"),
    ],
)
def test_what_is_no_message_is_refused_by_kind(venue: str, frame: str, kind: str) -> None:
    feed = feed_of(venue)
    with pytest.raises(FrameError) as refused:
        feed.on_frame(frame, 1)
    assert (refused.value.kind, issubclass(FrameError, DataError)) == (kind, True)
    counts = feed.counts()
    assert (counts["malformed"], counts["unsupported"]) == (
        int(kind != "unsupported"),
        int(kind == "unsupported"),
    )


@pytest.mark.parametrize(
    ("raises", "error", "words"),
    [
        (lambda: Feed("mtgox"), EngineError, "the venues are binance, kraken and coinbase"),
        (lambda: live("binance").add("AB", 8, 8), FrameError, "listed already"),
        (lambda: feed_of("binance", 19), FrameError, "a scale above 18"),
        (lambda: Feed("kraken").add("", 8, 8), FrameError, "a symbol that is empty"),
        (lambda: Feed("kraken").rows("X"), EngineError, "'X' is not listened for: add it first"),
        (lambda: Feed("kraken").book("X"), EngineError, "'X' is not listened for"),
        (lambda: Feed("kraken").integrity("X"), EngineError, "'X' is not listened for"),
    ],
)
def test_what_cannot_be_asked_says_so(
    raises: Callable[[], object], error: type[Bot4Error], words: str
) -> None:
    with pytest.raises(error, match=words):
        raises()


def test_a_snapshot_of_a_symbol_that_is_not_listened_for_is_nothing() -> None:
    feed = feed_of("binance")
    assert feed.on_snapshot("ZZ", BOOKS["binance"], 1) == "nothing"
    assert feed.counts()["unlisted"] == 1
