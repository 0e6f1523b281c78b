"""Trades and books become the rows of a recording, or one line says why not."""

import gzip
from pathlib import Path

import polars as pl
import pytest

import bot4 as b4
from bot4.errors import DataError
from bot4.history.recordings import RecordedColumns, columns, kind_of
from bot4.history.rows import KINDS

TS = [1_700_000_000_000, 1_700_000_000_500, 1_700_000_000_500]

Row = tuple[int, str, float, float]


def rows(one: RecordedColumns) -> list[Row]:
    names = [KINDS[code] for code in one.rows.kind]
    columns = zip(one.rows.ts, names, one.rows.price, one.rows.qty, strict=True)
    return [(int(ts), kind, float(price), float(qty)) for ts, kind, price, qty in columns]


def captured(path: Path) -> Path:
    path.write_text('1 {"e":"trade","E":7,"s":"A","p":"9","q":"2","m":true}\n', encoding="utf-8")
    return path


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


BOOK = {"ts": TS, "kind": ["clear", "bid", "ask"], "price": [0, 9, 11], "qty": [0, 1, 1]}


@pytest.mark.parametrize("ends", [[False, False, True], [0, 0, 1], ["False", " false", "TRUE"]])
def test_a_file_may_say_which_rows_end_a_message(tmp_path: Path, ends: list[object]) -> None:
    path = tmp_path / "BTCUSDT.csv"
    pl.DataFrame({**BOOK, "Last": ends}).write_csv(path)
    (one,) = columns([path])
    assert one.rows.last.tolist() == [False, False, True]


def test_where_a_file_says_nothing_of_messages_each_row_is_one(tmp_path: Path) -> None:
    pl.DataFrame({**BOOK, "last": [False, False, True]}).write_csv(tmp_path / "A-2024-01-02.csv")
    earlier = {**BOOK, "ts": [ts - 86_400_000 for ts in TS]}
    pl.DataFrame(earlier).write_csv(tmp_path / "A-2024-01-01.csv")
    (one,) = columns([tmp_path])
    assert one.rows.last.tolist() == [True, True, True, False, False, True]


def test_what_is_neither_true_nor_false_ends_no_message(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    pl.DataFrame({**BOOK, "last": [9.5, 9.5, 9.0]}).write_csv(path)
    with pytest.raises(DataError, match=r"column 'last' holds '9.5' in row 0; known: true, false"):
        columns([path])


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
    capture = captured(tmp_path / "capture.txt")
    again = tmp_path / "again" / "x.csv"
    again.parent.mkdir()
    again.write_bytes(trades.read_bytes())
    check([trades, capture], "x.csv holds trades and", "replay one kind at a time")
    check([trades, again], "file:x is there twice", "again")
    check([], "there is nothing to replay", "")
    check([tmp_path / "none.gz"], "there is no file or folder", "none.gz")
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(gzip.compress(capture.read_bytes() * 99)[:-9])
    check([damaged], "it is damaged", "damaged.gz")


def check(paths: list[Path], words: str, more: str) -> None:
    """What is read is refused in one line that has these words."""
    with pytest.raises(b4.DataError) as refused:
        columns(paths)
    assert words in str(refused.value)
    assert more in str(refused.value)
    assert "\n" not in str(refused.value)
