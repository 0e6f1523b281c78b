"""Captured frames become the rows of recordings, or one line says why not."""

import bisect
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bot4 as b4
from bot4.history.recordings import RecordedColumns, columns, load
from bot4.history.rows import KINDS

Row = tuple[int, str, float, float]


def rows(one: RecordedColumns) -> list[Row]:
    names = [KINDS[code] for code in one.rows.kind]
    columns = zip(one.rows.ts, names, one.rows.price, one.rows.qty, strict=True)
    return [(int(ts), kind, float(price), float(qty)) for ts, kind, price, qty in columns]


def diff(first: int, last: int, bids: object = (), asks: object = (), **more: object) -> str:
    frame = {"e": "depthUpdate", "E": 7, "s": "BTCUSDT", "U": first, "u": last}
    return json.dumps({**frame, "b": bids, "a": asks, **more})


def snapshot(last: int, bids: object = (), asks: object = ()) -> str:
    return json.dumps({"lastUpdateId": last, "bids": bids, "asks": asks})


def trade(price: str, *, sold: bool, kind: str = "trade", symbol: str = "BTCUSDT") -> str:
    frame = {"e": kind, "E": 7, "s": symbol, "p": price, "q": "2", "m": sold}
    return json.dumps({"stream": "x@trade", "data": frame})


BOOK = snapshot(10, [["9", "1"]], [["11", "1"]])
TOP = [(1, "clear", 0.0, 0.0), (1, "bid", 9.0, 1.0), (1, "ask", 11.0, 1.0)]


BAR = {
    **{"t": 0, "T": 59_999, "o": "1", "h": "1", "l": "1", "c": "1"},
    **{"v": "0", "x": True, "s": "A", "i": "1m"},
}
WHEN = "2026-08-24T22:34:13.793075Z"


def kraken_book(price: str) -> str:
    """Tell one bid of one unit, with its checksum."""
    digits = price.replace(".", "").lstrip("0") + "1" + "0" * 8
    level = f'{{"symbol":"A/USD","bids":[{{"price":{price},"qty":1.00000000}}],"asks":[]'
    return (
        f'{{"channel":"book","type":"snapshot","data":[{level},'
        f'"checksum":{zlib.crc32(digits.encode())},"timestamp":"{WHEN}"}}]}}'
    )


def coinbase_book(sequence: int, kind: str, price: str) -> str:
    level = {"side": "bid", "event_time": WHEN, "price_level": price, "new_quantity": "1"}
    event = {"type": kind, "product_id": "A-USD", "updates": [level]}
    frame = {"channel": "l2_data", "timestamp": WHEN, "sequence_num": sequence}
    return json.dumps({**frame, "events": [event]})


def captured(path: Path, payloads: Sequence[str], *, times: Sequence[int] | None = None) -> Path:
    stamps = times or range(1, len(payloads) + 1)
    lines = [f"{ts} {payload}\n" for ts, payload in zip(stamps, payloads, strict=True)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def frames(folder: Path, payloads: Sequence[str], **more: Any) -> RecordedColumns:
    (one,) = columns([captured(folder / "capture.txt", payloads, **more)])
    return one


def check(paths: list[Path], words: str, more: str) -> None:
    """What is read is refused in one line that has these words."""
    with pytest.raises(b4.DataError) as refused:
        columns(paths)
    assert words in str(refused.value)
    assert more in str(refused.value)
    assert "\n" not in str(refused.value)


def test_updates_wait_for_the_snapshot_and_the_first_reaches_across_it(tmp_path: Path) -> None:
    early, across = diff(5, 8, [["8", "5"]]), diff(9, 12, [["9", "2"]], [["11", "0"], ["12", "3"]])
    one = frames(tmp_path, [early, across, BOOK, diff(13, 13, [["8.5", "1"]])])
    assert rows(one) == [
        (3, "clear", 0.0, 0.0),
        (3, "bid", 9.0, 2.0),
        (3, "ask", 12.0, 3.0),
        (4, "bid", 8.5, 1.0),
    ]


def test_what_goes_is_told_before_what_comes(tmp_path: Path) -> None:
    moved = diff(11, 11, [["11", "4"]], [["11", "0"], ["12", "3"]])
    told = [row[1:] for row in rows(frames(tmp_path, [BOOK, moved]))[3:]]
    assert told == [("ask", 11.0, 0.0), ("bid", 11.0, 4.0), ("ask", 12.0, 3.0)]


def test_the_end_of_a_level_nobody_was_told_of_is_no_row(tmp_path: Path) -> None:
    levels = [["5", "0"], ["8", "1"], ["4", "0"]]
    told = rows(frames(tmp_path, [diff(10, 10), BOOK, diff(11, 11, levels)]))
    assert told[3:] == [(3, "bid", 8.0, 1.0)]


def test_a_message_of_such_levels_alone_is_told_by_one_of_them(tmp_path: Path) -> None:
    told = frames(tmp_path, [diff(10, 10), BOOK, diff(11, 11, [["5", "0"], ["4", "0"]])])
    assert rows(told)[3:] == [(3, "bid", 5.0, 0.0)]
    assert told.rows.last.tolist() == [False, False, True, True]


def test_an_update_that_is_old_changes_nothing(tmp_path: Path) -> None:
    told = rows(frames(tmp_path, [BOOK, diff(8, 10, [["5", "1"]])]))
    assert [row[1:] for row in told] == [row[1:] for row in TOP]


def test_a_gap_clears_the_book_until_a_snapshot_fits(tmp_path: Path) -> None:
    again = snapshot(20, [["9.5", "1"]])
    one = frames(tmp_path, [BOOK, diff(12, 13, [["5", "1"]]), diff(14, 20), again, diff(21, 21)])
    assert one.gaps == 1
    assert rows(one)[3:] == [(2, "clear", 0.0, 0.0), (4, "clear", 0.0, 0.0), (4, "bid", 9.5, 1.0)]


def test_a_snapshot_ahead_of_the_book_is_the_book_from_there_on(tmp_path: Path) -> None:
    again = snapshot(20, [["9.5", "1"]])
    one = frames(tmp_path, [BOOK, diff(11, 11), again, diff(21, 22, [["9", "3"]])])
    told = [row[1:] for row in rows(one)[3:]]
    assert (one.gaps, told) == (0, [("clear", 0, 0), ("bid", 9.5, 1), ("bid", 9.0, 3)])


def test_the_buyer_who_rested_was_sold_to(tmp_path: Path) -> None:
    told = rows(frames(tmp_path, [trade("9", sold=True), trade("10.5", sold=False)]))
    assert told == [(1, "sell", 9.0, 2.0), (2, "buy", 10.5, 2.0)]


def test_summed_trades_count_only_where_there_are_no_others(tmp_path: Path) -> None:
    summed = trade("9", sold=True, kind="aggTrade")
    assert [row[1] for row in rows(frames(tmp_path, [summed]))] == ["sell"]
    assert len(rows(frames(tmp_path, [trade("9", sold=True), summed]))) == 1


def test_time_is_when_it_came_and_never_falls(tmp_path: Path) -> None:
    sold = trade("9", sold=True)
    told = rows(
        frames(tmp_path, [sold, sold, sold, sold], times=[0, 9_000_000, 8_000_000, 10_000_000])
    )
    assert [ts for ts, _, _, _ in told] == [7_000_000, 9_000_000, 9_000_000, 10_000_000]


def test_each_symbol_is_a_recording_and_other_streams_are_passed_over(tmp_path: Path) -> None:
    ticker = json.dumps({"u": 1, "s": "A", "b": "1", "B": "1", "a": "2", "A": "1"})
    payloads = [
        json.dumps({"result": None, "id": 1}),
        ticker,
        json.dumps({"e": "24hrTicker", "E": 1, "s": "A"}),
        json.dumps({"e": "kline", "E": 1, "s": "A", "k": BAR}),
        trade("9", sold=True, symbol="A"),
        json.dumps({"rest": "/api/v3/depth", "symbol": "B", "body": json.loads(BOOK)}),
        trade("8", sold=True, symbol="A"),
    ]
    path = captured(tmp_path / "x.txt", payloads)
    found = columns([path])
    assert [one.instrument for one in found] == ["binance:A", "binance:B"]
    assert [len(rows(one)) for one in found] == [2, 3]


def test_files_of_one_session_are_read_in_the_order_given(tmp_path: Path) -> None:
    packed = tmp_path / "1.gz"
    packed.write_bytes(gzip.compress(f"1 {BOOK}\n2 {diff(11, 11)}\n".encode()))
    second = captured(tmp_path / "2.txt", [diff(12, 12, [["5", "1"]])], times=[3])
    (one,) = columns([packed, second])
    assert rows(one) == [*TOP, (3, "bid", 5.0, 1.0)]


@pytest.mark.parametrize(
    ("payloads", "words"),
    [
        (["{"], "line 1: '1 {' is not a captured frame"),
        ([trade("9", sold=True), "{"], "line 2: '2 {' is not a captured frame"),
        (["[1]"], "line 1: this frame is of no known venue; captures of Binance spot, Kraken's"),
        (['{"channel": "book", "data": []}'], "line 1: malformed: expected a type, at byte 31"),
        ([BOOK, diff(1, 2, pu=1)], "line 2: not supported: futures diffs, which carry pu, at byte"),
        ([diff(1, 2)], "BTCUSDT has updates of the book but no snapshot that joins them"),
        ([diff(15, 16), BOOK], "no snapshot that joins them"),
        ([BOOK], "holds no book and no trade of a symbol"),
        ([diff(11, 11), BOOK, trade("1", sold=True, symbol="A")], "line 3: there are several"),
        ([trade("1", sold=True, symbol="A"), diff(1, 2), BOOK], "line 3: there are several"),
        (
            ['{"stream": "a@depth20", "data": {"lastUpdateId": 1, "bids": [], "asks": []}}'],
            "line 1: not supported: a partial depth stream, which has no first id, at byte",
        ),
        ([trade("cheap", sold=True)], "line 1: malformed: expected a digit, at byte 75"),
        ([trade("1e-17", sold=True)], "line 1: a number has more decimal places than"),
        ([trade("1e17", sold=True)], "line 1: a number is too large for its integer, at byte"),
        (
            ['{"e": "trade", "E": 1, "s": "A"}'],
            "malformed: expected a key p: the price, at byte 32",
        ),
        ([trade("9", sold=True), kraken_book("9")], "line 2: this frame is of kraken, and those"),
        (
            ['[0, {"as": []}, "book-10", "XBT/USD"]'],
            "line 1: this frame is of Kraken's WebSocket v1",
        ),
        (
            ['{"event": "systemStatus", "status": "online"}'],
            "is of Kraken's WebSocket v1; captures",
        ),
        (
            ['{"type": "l2update", "product_id": "A-B"}'],
            "line 1: this frame is of Coinbase's legacy",
        ),
        (['{"rest": "/x", "symbol": 1}'], "line 1: '1 {"),
        ([coinbase_book(5, "update", "9")], "A-USD has updates of the book but no snapshot that"),
    ],
)
def test_refuses_frames_with_the_file_and_the_line(
    tmp_path: Path, payloads: list[str], words: str
) -> None:
    check([captured(tmp_path / "capture.txt", payloads)], words, "capture.txt")


def test_a_capture_of_kraken_is_its_books_and_trades(tmp_path: Path) -> None:
    sold = {"symbol": "A/USD", "side": "sell", "price": 9.0, "qty": 2.0, "timestamp": WHEN}
    payloads = [
        '{"channel":"status","type":"update","data":[{"system":"online"}]}',
        kraken_book("9.0"),
        json.dumps({"channel": "trade", "type": "update", "data": [sold]}),
        '{"channel":"heartbeat"}',
    ]
    one = frames(tmp_path, payloads)
    assert one.instrument == "kraken:A/USD"
    assert rows(one) == [(2, "clear", 0, 0), (2, "bid", 9.0, 1.0), (3, "sell", 9.0, 2.0)]


def test_a_capture_of_coinbase_is_its_books_and_trades(tmp_path: Path) -> None:
    told = {"product_id": "A-USD", "side": "BUY", "price": "9", "size": "2", "time": WHEN}
    trades = {"channel": "market_trades", "timestamp": WHEN, "sequence_num": 2}
    payloads = [
        '{"type":"error","message":"try again"}',
        coinbase_book(0, "snapshot", "9"),
        coinbase_book(1, "update", "8"),
        json.dumps({**trades, "events": [{"type": "update", "trades": [told]}]}),
        coinbase_book(4, "update", "7"),
    ]
    one = frames(tmp_path, payloads)
    assert (one.instrument, one.gaps) == ("coinbase:A-USD", 1)
    book = [(2, "clear", 0, 0), (2, "bid", 9.0, 1.0), (3, "bid", 8.0, 1.0)]
    assert rows(one) == [*book, (4, "sell", 9.0, 2.0), (5, "clear", 0, 0)]


def test_a_book_that_nobody_traded_on_can_be_replayed(tmp_path: Path) -> None:
    (one,) = load([captured(tmp_path / "x.txt", [kraken_book("9.0")])])
    assert (one.instrument, one.has_book, len(one)) == ("kraken:A/USD", True, 2)


@pytest.mark.parametrize(("price", "qty"), [("0.00002345", "92000000000000"), ("1.5e-10", "3")])
def test_numbers_that_eight_decimals_do_not_fit_have_other_scales(
    tmp_path: Path, price: str, qty: str
) -> None:
    book = snapshot(10, [[price, qty]], [["9", "1"]])
    one = frames(tmp_path, [book, diff(11, 11, [[price, "1"]])])
    told = [row[1:] for row in rows(one)]
    assert told[1:] == [("bid", float(price), float(qty)), ("ask", 9, 1), ("bid", float(price), 1)]


def payloads(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            received, _, payload = line.partition(" ")
            frame = json.loads(payload)
            yield int(received), frame.get("data", frame)


def tops(one: RecordedColumns, at: Sequence[int]) -> list[tuple[float, float]]:
    """Best bid and ask once all rows up to each time were applied, by a dictionary."""
    sides: dict[str, dict[float, float]] = {"bid": {}, "ask": {}}
    found = []
    ends = np.searchsorted(one.rows.ts, np.array(at), side="right")
    told, done = rows(one), 0
    for end in ends:
        for _, kind, price, qty in told[done:end]:
            if kind == "clear":
                sides["bid"].clear()
                sides["ask"].clear()
            elif kind in sides:
                sides[kind][price] = qty
                if qty == 0:
                    del sides[kind][price]
        done = int(end)
        found.append((max(sides["bid"], default=0.0), min(sides["ask"], default=0.0)))
    return found


def test_the_book_agrees_with_the_venues_own_best_prices(shared_captures: Path) -> None:
    folder = shared_captures / "binance" / "dev"
    paths = [folder / "btcusdt_20240808.gz", folder / "btcusdt_20240809.gz"]
    (one,) = columns(paths)
    assert (one.instrument, one.gaps) == ("binance:BTCUSDT", 0)
    updates: list[tuple[int, int]] = []
    tickers: list[tuple[int, tuple[float, float]]] = []
    joined_ns, joined = 0, 0
    for path in paths:
        for received, frame in payloads(path):
            if "lastUpdateId" in frame:
                joined_ns, joined = received, frame["lastUpdateId"]
            elif frame.get("e") == "depthUpdate":
                updates.append((received, frame["u"]))
            elif "e" not in frame:
                tickers.append((frame["u"], (float(frame["b"]), float(frame["a"]))))
    numbers = [number for number, _ in tickers]
    judged = [
        (max(received, joined_ns), tickers[place - 1][1])
        for received, last in updates
        if last > joined and (place := bisect.bisect_right(numbers, last))
    ]
    seen = tops(one, [received for received, _ in judged])
    agreed = sum(ours == theirs for ours, (_, theirs) in zip(seen, judged, strict=True))
    print(f"{agreed} of {len(judged)} tops agree")
    assert (agreed, len(judged)) == (6491, 6493)
    assert all(bid < ask for bid, ask in seen)


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        ("binance/dev/cf2021_4sym.gz", ["NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR"]),
        ("binance/dev/btcusdt_202607_small.gz", ["BTCUSDT"]),
        ("kraken/dev/kraken_btcusd_sample.gz", ["BTC/USD"]),
        ("kraken/dev/kraken_btcusd_l2.gz", ["BTC/USD"]),
        ("kraken/dev/kraken_btcusd_20260824_tickvault.gz", ["BTC/USD"]),
        ("coinbase/dev/adv_btcusd_20260824_tickvault.gz", ["BTC-USD"]),
        (
            "coinbase/dev/cf2021_reframed_adv_dev6.gz",
            ["SKL-GBP", "NU-GBP", "SKL-BTC", "CRV-EUR", "BAND-BTC", "DASH-BTC"],
        ),
    ],
)
def test_other_captures_join_without_a_gap(
    shared_captures: Path, name: str, symbols: list[str]
) -> None:
    venue = name.partition("/")[0]
    found = columns([shared_captures / name])
    assert [one.instrument for one in found] == [f"{venue}:{symbol}" for symbol in symbols]
    for one in found:
        assert one.gaps == 0
        assert np.diff(one.rows.ts).min() >= 0
        ((bid, ask),) = tops(one, [int(one.rows.ts[-1])])
        assert 0 < bid < ask


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kraken/dev/cf2021_v1_book1000_10pairs.gz", "is of Kraken's WebSocket v1"),
        ("coinbase/dev/cf2021_exchange_feed_dev6.gz", "is of Coinbase's legacy feed"),
        ("coinbase/dev/adv_btc_eth_20260930_fastmm_seq13_25.gz", "no snapshot that joins them"),
    ],
)
def test_captures_that_cannot_be_replayed_say_why(
    shared_captures: Path, name: str, words: str
) -> None:
    check([shared_captures / name], words, Path(name).name)
