"""Every recorded frame of the shared captures through the wire: nothing lost, every book right."""

import bisect
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot4._engine import Feed
from bot4.errors import FrameError
from wire.dictionary import Binance, Coinbase, DictBook, Kraken, lines, parsed

SESSION = ("btcusdt_20240808.gz", "btcusdt_20240809.gz")
BINANCE_2021 = ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR")
COINBASE_2021 = ("SKL-GBP", "NU-GBP", "SKL-BTC", "CRV-EUR", "BAND-BTC", "DASH-BTC")
COMPARED_EVERY = 200  # messages of a book
SILENT = ("unknown", "malformed", "unsupported", "gaps", "checksums_failed", "unlisted")

Levels = list[tuple[Decimal, Decimal]]


def feed_of(venue: str, symbols: Sequence[str], **decimals: int) -> Feed:
    feed = Feed(venue)
    for symbol in symbols:
        feed.add(symbol, 8, 8, **decimals)
    return feed


def take(feed: Feed, payload: bytes, received: int, symbol: str) -> str:
    """Hand a line on as it has to be: a bare REST answer does not say of which symbol it is."""
    if payload.startswith(b'{"lastUpdateId"'):
        return feed.on_snapshot(symbol, payload, received)
    return feed.on_frame(payload, received)


def levels(book: Mapping[str, Any], side: str) -> Levels:
    return [(Decimal(price), Decimal(qty)) for price, qty in book[side]]


def compare(feed: Feed, symbol: str, oracle: DictBook) -> None:
    """Our book has the levels of the dictionaries, best first."""
    book = feed.book(symbol)
    assert levels(book, "bids") == sorted(oracle.bids.items(), reverse=True)
    assert levels(book, "asks") == sorted(oracle.asks.items())


def replay(feed: Feed, paths: Sequence[Path], oracles: Mapping[str, DictBook]) -> Counter[str]:
    """What was said of each frame; the books agree at sampled points and at the end."""
    said: Counter[str] = Counter()
    books = 0
    first = next(iter(oracles))
    for path in paths:
        for received, payload in lines(path):
            said[take(feed, payload, received, first)] += 1
            frame = parsed(payload)
            of = [symbol for symbol, oracle in oracles.items() if oracle.take(frame)]
            for symbol in of:
                assert feed.integrity(symbol) in {"live", "syncing"}
                if books % COMPARED_EVERY == 0 and feed.integrity(symbol) == "live":
                    compare(feed, symbol, oracles[symbol])
                books += 1
    for symbol, oracle in oracles.items():
        assert feed.integrity(symbol) == "live"
        compare(feed, symbol, oracle)
    assert {name: feed.counts()[name] for name in SILENT} == dict.fromkeys(SILENT, 0)
    return said


def test_the_book_is_what_the_venue_says_of_its_touch(shared_captures: Path) -> None:
    feed, joined = feed_of("binance", ["BTCUSDT"]), 0
    last = 0
    tops: list[tuple[int, tuple[str, str]]] = []
    tickers: list[tuple[int, tuple[str, str]]] = []
    for name in SESSION:
        for received, payload in lines(shared_captures / "binance" / "dev" / name):
            said = take(feed, payload, received, "BTCUSDT")
            assert said == "market"
            frame = json.loads(payload)
            told = frame.get("data", frame)
            live = feed.integrity("BTCUSDT") == "live"
            if "lastUpdateId" in told:
                joined = told["lastUpdateId"]
                tops.append((last, top(feed)))  # what waited for it is in the book now
            elif told.get("e") == "depthUpdate":
                last = told["u"]
                if live:
                    tops.append((last, top(feed)))
            elif "e" not in told:
                tickers.append((told["u"], (told["b"], told["a"])))
                assert not live or touch(feed) == numbers(told)
    ids = [number for number, _ in tickers]
    differ = []
    for number, ours in tops:
        theirs = tickers[bisect.bisect_right(ids, number) - 1][1]
        if [Decimal(price) for price in ours] != [Decimal(price) for price in theirs]:
            differ.append(number)
    assert joined == 50093239218
    print(f"{len(tops) - len(differ)} of {len(tops)} tops agree")
    assert len(tops) == 6_493
    # The venue's ticker skipped a change that was taken back at once.
    assert [str(number)[-6:] for number in differ] == ["478174", "480542"]
    assert (len(tickers), feed.counts()["gaps"]) == (73_174, 0)


def top(feed: Feed) -> tuple[str, str]:
    book = feed.book("BTCUSDT", 1)
    return book["bids"][0][0], book["asks"][0][0]


def touch(feed: Feed) -> list[Decimal]:
    return [Decimal(number) for level in feed.book("BTCUSDT", 0)["touch"] for number in level]


def numbers(ticker: Mapping[str, str]) -> list[Decimal]:
    return [Decimal(ticker[key]) for key in ("b", "B", "a", "A")]


@pytest.mark.parametrize(
    ("names", "symbols", "frames"),
    [
        (SESSION, ["BTCUSDT"], 99_574),
        (["cf2021_4sym.gz"], BINANCE_2021, 269),
        (["btcusdt_202607_small.gz"], ["BTCUSDT"], 19),
    ],
)
def test_binance_books_agree_with_dictionaries(
    shared_captures: Path, names: Sequence[str], symbols: Sequence[str], frames: int
) -> None:
    feed = feed_of("binance", symbols)
    paths = [shared_captures / "binance" / "dev" / name for name in names]
    said = replay(feed, paths, {symbol: Binance(symbol) for symbol in symbols})
    assert said.keys() <= {"market", "nothing"}
    # A diff that the snapshot holds already, which came behind it.
    assert said["nothing"] == feed.counts()["late"] <= 1
    assert feed.counts()["frames"] == said.total() == frames


@pytest.mark.parametrize(
    ("name", "books", "others"),
    [
        ("kraken_btcusd_sample.gz", 2_052, 51),
        ("kraken_btcusd_l2.gz", 301, 75),
        ("kraken_btcusd_20260824_tickvault.gz", 4, 3),
    ],
)
def test_kraken_books_agree_with_dictionaries_and_every_checksum(
    shared_captures: Path, name: str, books: int, others: int
) -> None:
    feed, oracle = feed_of("kraken", ["BTC/USD"]), Kraken("BTC/USD")
    said = replay(feed, [shared_captures / "kraken" / "dev" / name], {"BTC/USD": oracle})
    assert said == {"market": books, "nothing": others, "status online": 1}
    assert (oracle.right, oracle.wrong) == (books, 0)


def test_kraken_checksums_are_right_at_the_pairs_own_precision(shared_captures: Path) -> None:
    path = shared_captures / "kraken" / "dev" / "pks_btcusd_v2_2023.json"
    told = json.loads(path.read_bytes())
    feed = feed_of("kraken", ["BTC/USD"], price_decimals=1, qty_decimals=8)
    said = Counter(
        feed.on_frame(json.dumps(frame), 0) for frame in (told["init"], *told["updates"])
    )
    assert said == {"market": 510}
    assert feed.counts()["checksums_failed"] == 0


def test_a_digit_that_was_turned_is_caught_by_the_checksum(shared_captures: Path) -> None:
    path = shared_captures / "kraken" / "dev" / "kraken_btcusd_l2.gz"
    frames = [payload for _, payload in lines(path)]
    updates = [
        place
        for place, payload in enumerate(frames)
        if b'"book","type":"update"' in payload and b'"qty":' in payload
    ]
    for place in updates[::10]:
        feed = feed_of("kraken", ["BTC/USD"])
        for payload in frames[:place]:
            feed.on_frame(payload, 1)
        before, _, after = frames[place].partition(b'"qty":')
        end = next(at for at, byte in enumerate(after) if byte in b",}")
        turned = after[: end - 1] + (b"7" if after[end - 1 : end] != b"7" else b"3") + after[end:]
        assert feed.on_frame(before + b'"qty":' + turned, 1) == "resync BTC/USD", place
        assert (feed.counts()["checksums_failed"], feed.integrity("BTC/USD")) == (1, "gap")
        assert feed.on_frame(frames[place], 1) == "market", "it is not asked for twice"
        assert feed.integrity("BTC/USD") == "gap"


def test_the_official_checksums_are_ours(shared_captures: Path) -> None:
    vectors = json.loads((shared_captures / "signing-vectors.json").read_bytes())
    checked = 0
    for vector in vectors["kraken_book_checksum"]:
        sides = [
            ",".join(f'{{"price":{price},"qty":{qty}}}' for price, qty, *_ in vector[side])
            for side in ("bids", "asks")
        ]
        for turn, wanted in ((0, "market"), (1, "resync X/USD")):
            book = f'"bids":[{sides[0]}],"asks":[{sides[1]}],"checksum":{vector["expected"] ^ turn}'
            frame = f'{{"channel":"book","type":"snapshot","data":[{{"symbol":"X/USD",{book}}}]}}'
            assert feed_of("kraken", ["X/USD"]).on_frame(frame, 1) == wanted, vector["id"]
        checked += 1
    assert checked == 2


@pytest.mark.parametrize(
    ("name", "symbols", "frames", "others"),
    [
        ("adv_btcusd_20260824_tickvault.gz", ["BTC-USD"], 12, 1),
        ("cf2021_reframed_adv_dev6.gz", COINBASE_2021, 5_588, 45),
    ],
)
def test_coinbase_books_agree_with_dictionaries_and_no_frame_is_missing(
    shared_captures: Path, name: str, symbols: Sequence[str], frames: int, others: int
) -> None:
    feed = feed_of("coinbase", symbols)
    path = shared_captures / "coinbase" / "dev" / name
    said = replay(feed, [path], {symbol: Coinbase(symbol) for symbol in symbols})
    assert said == {"market": frames - others, "nothing": others}
    assert feed.counts()["late"] == 0


def test_the_middle_of_a_coinbase_connection_follows_on_without_a_gap(
    shared_captures: Path,
) -> None:
    path = shared_captures / "coinbase" / "dev" / "adv_btc_eth_20260930_fastmm_seq13_25.gz"
    products = ["BTC-USD", "ETH-USD"]
    # Without their snapshots both books have to be told anew, once each.
    alone = feed_of("coinbase", products)
    said = Counter(alone.on_frame(payload, received) for received, payload in lines(path))
    assert said == {"market": 11, "resync BTC-USD": 1, "resync ETH-USD": 1}
    assert alone.counts()["gaps"] == 2
    assert {len(alone.rows(product)["ts"]) > 0 for product in products} == {True, False}
    feed = feed_of("coinbase", products)
    for place, product in enumerate(products):
        empty = {"type": "snapshot", "product_id": product, "updates": []}
        frame = {"channel": "l2_data", "timestamp": "2026-09-30T02:39:53Z", "events": [empty]}
        feed.on_frame(json.dumps({**frame, "sequence_num": 11 + place}), 1)
    said = Counter(feed.on_frame(payload, received) for received, payload in lines(path))
    assert said == {"market": 13}
    assert (feed.counts()["gaps"], feed.counts()["unknown"]) == (0, 0)


def test_single_real_frames_of_coinbase_are_known(shared_captures: Path) -> None:
    path = shared_captures / "coinbase" / "fixtures" / "adv_real_frames.jsonl"
    said = []
    for line in path.read_text(encoding="utf-8").splitlines():
        feed = feed_of("coinbase", ["SOL-USD", "BTC-USD"])
        frame = json.loads(line)
        said.append((frame.get("channel", frame.get("type")), feed.on_frame(line, 1)))
    assert said == [
        ("subscriptions", "nothing"),
        ("subscriptions", "nothing"),
        ("heartbeats", "nothing"),
        ("error", "refused authentication failure"),
        ("error", "refused failure to subscribe"),
        ("user", "unknown"),  # what an account does is not read here
        ("subscriptions", "nothing"),
        ("heartbeats", "nothing"),
        ("l2_data", "market"),
        ("market_trades", "nothing"),  # a snapshot of trades is history
    ]


# Messages of other streams: what an account does, or what no book is kept by.
UNKNOWN = {
    "binance": ("execution_report", "account_position", "balance_update", "list_status", "24hr"),
    "kraken": ("add_order_response_success", "batch_add_response", "l3"),
    "coinbase": ("candles", "user"),
}


@pytest.mark.parametrize(
    ("venue", "pattern"),
    [
        ("binance", "nautilus_ws_spot/*.json"),
        ("binance", "nautilus_spot_user/*.json"),
        ("kraken", "nautilus/ws_*.json"),
        ("coinbase", "nautilus/ws_*.json"),
    ],
)
def test_fixtures_of_single_messages_are_read_or_known_as_unknown(
    shared_captures: Path, venue: str, pattern: str
) -> None:
    read = 0
    for path in sorted((shared_captures / venue / "fixtures").glob(pattern)):
        if "request" in path.name:  # what a client sends
            continue
        feed = feed_of(venue, ["BTCUSDT", "ETHUSDT", "BNBBTC", "BTC/USD", "BTC-USD"])
        said = feed.on_frame(path.read_bytes(), 1)
        unknown = any(word in path.name for word in UNKNOWN[venue])
        assert (said == "unknown") == unknown, path.name
        assert feed.counts()["malformed"] == 0, path.name
        read += 1
    assert read >= 7


@pytest.mark.parametrize(
    "name",
    ["nautilus_spot_http/depth_response.json", "nautilus_http_spot/http_spot_market_depth.json"],
)
def test_rest_depths_are_books(shared_captures: Path, name: str) -> None:
    body = (shared_captures / "binance" / "fixtures" / name).read_bytes()
    feed, oracle = feed_of("binance", ["X"]), Binance("X")
    assert feed.on_snapshot("X", body, 1) == "market"
    assert oracle.take(parsed(body))
    compare(feed, "X", oracle)


@pytest.mark.parametrize(
    ("venue", "symbol", "name"),
    [
        ("kraken", "BTC/USD", "nautilus/http_order_book.json"),
        ("coinbase", "BTC-USD", "nautilus/http_product_book.json"),
    ],
)
def test_fetched_books_of_the_others_are_refused(
    shared_captures: Path, venue: str, symbol: str, name: str
) -> None:
    body = (shared_captures / venue / "fixtures" / name).read_bytes()
    feed = feed_of(venue, [symbol])
    with pytest.raises(FrameError, match="subscribe to it") as refused:
        feed.on_snapshot(symbol, body, 1)
    assert (refused.value.kind, feed.counts()["unsupported"]) == ("unsupported", 1)
