"""Trades, books and captured frames become the rows of a recording, or one line says why not."""

import bisect
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import bot4 as b4
from bot4.history.depth import KINDS
from bot4.history.recordings import RecordedColumns, columns, kind_of

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "captures" / "binance" / "dev"
SESSION = ("btcusdt_20240808.gz", "btcusdt_20240809.gz")
TS = [1_700_000_000_000, 1_700_000_000_500, 1_700_000_000_500]

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


def captured(path: Path, payloads: Sequence[str], *, times: Sequence[int] | None = None) -> Path:
    stamps = times or range(1, len(payloads) + 1)
    lines = [f"{ts} {payload}\n" for ts, payload in zip(stamps, payloads, strict=True)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def frames(folder: Path, payloads: Sequence[str], **more: Any) -> RecordedColumns:
    (one,) = columns([captured(folder / "capture.txt", payloads, **more)])
    return one


def test_trades_have_their_side_and_time(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-trades.parquet"
    table = {
        "ts": TS,
        "price": [9.0, 9.5, 10.0],
        "Size": [1.0, 2.0, 3.0],
        "side": [" Buy", "SELL", "buy"],
    }
    pl.DataFrame(table).write_parquet(path)
    (one,) = columns([path])
    assert kind_of([path]) == "trades"
    assert (one.instrument, one.tick, one.lot) == (
        "file:BTCUSDT-trades",
        "0.00000001",
        "0.00000001",
    )
    assert rows(one) == [
        (TS[0] * 10**6, "buy", 9.0, 1.0),
        (TS[1] * 10**6, "sell", 9.5, 2.0),
        (TS[2] * 10**6, "buy", 10.0, 3.0),
    ]


@pytest.mark.parametrize("size", ["qty", "size", "amount", "quantity"])
def test_sizes_have_several_names_and_a_side_may_be_missing(tmp_path: Path, size: str) -> None:
    path = tmp_path / "BTCUSDT.csv"
    pl.DataFrame({"ts": TS, "price": [9, 9, 9], size: [1, 1, 1]}).write_csv(path)
    (one,) = columns([path])
    assert {kind for _, kind, _, _ in rows(one)} == {"buy"}


def test_a_symbol_makes_an_instrument_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    table = {"ts": TS, "price": [9.0, 0.5, 9.5], "qty": [1, 2, 3], "symbol": ["B", "A", "B"]}
    pl.DataFrame(table).write_csv(path)
    found = columns([path])
    assert [one.instrument for one in found] == ["file:B", "file:A"]
    assert [price for _, _, price, _ in rows(found[0])] == [9.0, 9.5]


def test_a_book_has_levels_and_trades_and_may_be_emptied(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    path.write_text("ts,kind,price,qty\n1,clear,,\n1,Bid,9,1\n2,ask,11,0\n2,sell,9,1\n", "utf-8")
    (one,) = columns([path])
    assert kind_of([path]) == "book"
    assert rows(one) == [
        (1 * 10**9, "clear", 0.0, 0.0),
        (1 * 10**9, "bid", 9.0, 1.0),
        (2 * 10**9, "ask", 11.0, 0.0),
        (2 * 10**9, "sell", 9.0, 1.0),
    ]


def test_parts_of_one_instrument_follow_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "BTCUSDT"
    folder.mkdir()
    for day, ts in (("2024-01-02", 2), ("2024-01-01", 1)):
        (folder / f"trades-{day}.csv").write_text(f"ts,price,qty\n{ts},9,1\n", encoding="utf-8")
    (one,) = columns([folder])
    assert one.instrument == "file:BTCUSDT"
    assert [ts for ts, _, _, _ in rows(one)] == [10**9, 2 * 10**9]


@pytest.mark.parametrize(
    ("price", "lot"),
    [
        ("61837.63", "0.00000001"),
        ("0.01", "0.00000001"),
        ("0.00999", "0.0000001"),
        ("1e-8", "0.01"),
    ],
)
def test_the_lot_of_a_cheap_coin_is_coarser(tmp_path: Path, price: str, lot: str) -> None:
    path = tmp_path / "X.csv"
    path.write_text(f"ts,price,qty\n1,{price},1\n", encoding="utf-8")
    (one,) = columns([path])
    assert (one.tick, one.lot) == ("0.00000001", lot)


def test_updates_wait_for_the_snapshot_and_the_first_reaches_across_it(tmp_path: Path) -> None:
    early, across = diff(5, 8, [["8", "5"]]), diff(9, 12, [["9", "2"]], [["11", "0"], ["12", "3"]])
    one = frames(tmp_path, [early, across, BOOK, diff(13, 13, [["8.5", "1"]])])
    assert rows(one) == [
        *[(3, *row[1:]) for row in TOP],
        (3, "ask", 11.0, 0.0),
        (3, "bid", 9.0, 2.0),
        (3, "ask", 12.0, 3.0),
        (4, "bid", 8.5, 1.0),
    ]


def test_what_goes_is_told_before_what_comes(tmp_path: Path) -> None:
    moved = diff(11, 11, [["11", "4"]], [["11", "0"], ["12", "3"]])
    told = [row[1:] for row in rows(frames(tmp_path, [BOOK, moved]))[3:]]
    assert told == [("ask", 11.0, 0.0), ("bid", 11.0, 4.0), ("ask", 12.0, 3.0)]


def test_the_end_of_a_level_nobody_was_told_of_is_no_row(tmp_path: Path) -> None:
    assert rows(frames(tmp_path, [diff(10, 10), BOOK, diff(11, 11, [["5", "0"]])]))[3:] == []


def test_an_update_that_is_old_changes_nothing(tmp_path: Path) -> None:
    told = rows(frames(tmp_path, [BOOK, diff(8, 10, [["5", "1"]])]))
    assert [row[1:] for row in told] == [row[1:] for row in TOP]


def test_a_gap_clears_the_book_until_a_snapshot_fits(tmp_path: Path) -> None:
    again = snapshot(20, [["9.5", "1"]])
    one = frames(tmp_path, [BOOK, diff(12, 13, [["5", "1"]]), diff(14, 20), again, diff(21, 21)])
    assert one.gaps == 1
    assert rows(one)[3:] == [(2, "clear", 0.0, 0.0), (4, "clear", 0.0, 0.0), (4, "bid", 9.5, 1.0)]


def test_a_snapshot_that_comes_before_its_gap_is_kept_for_it(tmp_path: Path) -> None:
    again = snapshot(20, [["9.5", "1"]])
    one = frames(tmp_path, [BOOK, diff(11, 11), again, diff(21, 22, [["9", "3"]])])
    told = [row[1:] for row in rows(one)[3:]]
    assert told == [("clear", 0, 0), ("clear", 0, 0), ("bid", 9.5, 1), ("bid", 9.0, 3)]


def test_the_buyer_who_rested_was_sold_to(tmp_path: Path) -> None:
    told = rows(frames(tmp_path, [trade("9", sold=True), trade("10.5", sold=False)]))
    assert told == [(1, "sell", 9.0, 2.0), (2, "buy", 10.5, 2.0)]


def test_summed_trades_count_only_where_there_are_no_others(tmp_path: Path) -> None:
    summed = trade("9", sold=True, kind="aggTrade")
    assert [row[1] for row in rows(frames(tmp_path, [summed]))] == ["sell"]
    assert len(rows(frames(tmp_path, [summed, trade("9", sold=True)]))) == 1


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
        json.dumps({"e": "kline", "E": 1, "s": "A", "k": {}}),
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
    assert rows(one) == [*[(2, *row[1:]) for row in TOP], (3, "bid", 5.0, 1.0)]


@pytest.mark.parametrize(
    ("payloads", "words"),
    [
        (["{"], "line 1: '1 {' is not a captured frame"),
        (["[1]"], "line 1: this frame is not of Binance; only captures of Binance's spot"),
        (['{"channel": "book", "data": []}'], "line 1: this frame is not of Binance"),
        ([BOOK, diff(1, 2, pu=1)], "line 2: this frame is of Binance's futures"),
        ([diff(1, 2)], "BTCUSDT has updates of the book but no depth snapshot that joins them"),
        ([diff(15, 16), BOOK], "no depth snapshot that joins them"),
        ([BOOK], "holds no depthUpdate and no trade"),
        ([diff(11, 11), BOOK, trade("1", sold=True, symbol="A")], "line 3: there are several"),
        (
            ['{"stream": "a@depth20", "data": {"lastUpdateId": 1, "bids": [], "asks": []}}'],
            "line 1: a@depth20 tells a part of the book only",
        ),
        ([trade("cheap", sold=True)], "line 1: '1 {"),
        (['{"e": "trade", "E": 1, "s": "A"}'], "is not a captured frame"),
    ],
)
def test_refuses_frames_with_the_file_and_the_line(
    tmp_path: Path, payloads: list[str], words: str
) -> None:
    check([captured(tmp_path / "capture.txt", payloads)], words, "capture.txt")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ts,price\n1,9\n", "has no column qty"),
        ("price,qty\n9,1\n", "has no column ts"),
        ("ts,close\n1,9\n", "cannot be replayed; bars have open"),
        ("ts,price,qty\n", "holds no price of file:x"),
        ("ts,price,qty\n1,cheap,1\n", "column 'price' holds 'cheap' in row 0"),
        ("ts,price,qty\nsoon,9,1\n", "column 'ts' holds 'soon' in row 0"),
        ("ts,price,qty,side\n1,9,1,buy\n2,9,1,bid\n", "column 'side' holds 'bid' in row 1"),
        (
            "ts,kind,price,qty\n1,bids,9,1\n",
            "column 'kind' holds 'bids' in row 0; did you mean bid",
        ),
        ("ts,price,qty,symbol\n1,9,1,\n", "column 'symbol' is empty in row 0"),
        ("ts,open,high,low,close,volume\n1,1,1,1,1,1\n", "holds bars; trades, a book or frames"),
    ],
)
def test_refuses_tables_with_the_file_and_the_row(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    check([tmp_path / "x.csv"], words, "x.csv")


def test_refuses_files_that_do_not_go_together(tmp_path: Path) -> None:
    trades = tmp_path / "x.csv"
    trades.write_text("ts,price,qty\n1,9,1\n", encoding="utf-8")
    capture = captured(tmp_path / "capture.txt", [BOOK, diff(11, 11)])
    again = tmp_path / "again" / "x.csv"
    again.parent.mkdir()
    again.write_bytes(trades.read_bytes())
    check([trades, capture], "x.csv holds trades and", "replay one kind at a time")
    check([trades, again], "file:x is there twice", "again")
    check([], "there is nothing to replay", "")
    check([tmp_path / "none.gz"], "there is no file or folder", "none.gz")
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(gzip.compress(f"1 {BOOK}\n".encode() * 99)[:-9])
    check([damaged], "it is damaged", "damaged.gz")


def check(paths: list[Path], words: str, more: str) -> None:
    """What is read is refused in one line that has these words."""
    with pytest.raises(b4.DataError) as refused:
        columns(paths)
    assert words in str(refused.value)
    assert more in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def captures() -> Path:
    if not CAPTURES.is_dir():
        pytest.skip(f"the shared captures are not on this machine ({CAPTURES})")
    return CAPTURES


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


def test_the_book_agrees_with_the_venues_own_best_prices(captures: Path) -> None:
    paths = [captures / name for name in SESSION]
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
        ("cf2021_4sym.gz", ["NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR"]),
        ("btcusdt_202607_small.gz", ["BTCUSDT"]),
    ],
)
def test_other_captures_join_without_a_gap(captures: Path, name: str, symbols: list[str]) -> None:
    found = columns([captures / name])
    assert [one.instrument for one in found] == [f"binance:{symbol}" for symbol in symbols]
    for one in found:
        assert one.gaps == 0
        assert np.diff(one.rows.ts).min() >= 0
        ((bid, ask),) = tops(one, [int(one.rows.ts[-1])])
        assert 0 < bid < ask
