"""History is read from paths and tables, and refused by name and row where it cannot be trusted."""

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bot4 as b4
from bot4.history.bars import load, span

HOUR_NS = 3600 * 10**9


def only(source: object, **settings: str) -> tuple[str, int, int]:
    (history,) = load(source, within=span(settings.get("since"), settings.get("until"))).instruments
    return history.instrument, len(history.bars), history.bars.interval_ns


def test_reads_a_parquet_file(bars_file: Path) -> None:
    assert only(bars_file) == ("file:BTCUSDT-1h", 400, HOUR_NS)


def test_reads_the_same_bars_from_csv(tmp_path: Path, frame: pl.DataFrame, bars_file: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    frame.write_csv(path)
    (written,), (read,) = load(bars_file).instruments, load(str(path)).instruments
    assert np.array_equal(written.close, read.close)
    assert np.array_equal(written.open_ns, read.open_ns)


def test_reads_a_compressed_looking_header(tmp_path: Path) -> None:
    path = tmp_path / "B.csv"
    rows = "Timestamp,Open,HIGH, low ,Close,Volume,extra\n"
    rows += "1704067200,1,2,0.5,1.5,10,x\n1704070800,1.5,2,1,1,10,y\n"
    path.write_text(rows, encoding="utf-8")
    assert only(path) == ("file:B", 2, HOUR_NS)


@pytest.mark.parametrize("name", ["timestamp", "time", "date", "datetime", "open_time", "OPEN_NS"])
def test_knows_the_other_names_of_the_time(frame: pl.DataFrame, name: str) -> None:
    assert only(frame.rename({"ts": name}))[1] == 400


@pytest.mark.parametrize(
    "shape",
    [
        lambda frame: frame,
        lambda frame: frame.lazy(),
        lambda frame: frame.to_arrow(),
        lambda frame: frame.with_columns(pl.col("ts").dt.epoch("ms")),
        lambda frame: frame.with_columns(pl.col("close").cast(pl.Float32)),
    ],
)
def test_reads_tables(frame: pl.DataFrame, shape: Callable[[pl.DataFrame], object]) -> None:
    assert only(shape(frame)) == ("frame:BARS", 400, HOUR_NS)


def test_reads_pandas_with_its_index_of_times(frame: pl.DataFrame) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    table = frame.to_pandas().set_index("ts")
    assert only(table) == ("frame:BARS", 400, HOUR_NS)
    assert only(table.rename_axis(None)) == ("frame:BARS", 400, HOUR_NS)
    assert only(table.reset_index()) == ("frame:BARS", 400, HOUR_NS)


def test_a_simulated_market_says_so() -> None:
    market = load(b4.simulated(bars=50, seed=3))
    assert market.seed == 3
    assert market.instruments[0].instrument == "simulated:BTCUSDT"


def test_each_symbol_of_a_table_is_an_instrument(frame: pl.DataFrame) -> None:
    both = pl.concat([frame.with_columns(symbol=pl.lit(name)) for name in ("ETH", "BTC")])
    found = load(both).instruments
    assert [history.instrument for history in found] == ["frame:ETH", "frame:BTC"]


def test_each_file_of_a_folder_is_an_instrument(tmp_path: Path, frame: pl.DataFrame) -> None:
    for name in ("ETH", "BTC"):
        frame.write_parquet(tmp_path / f"{name}.parquet")
    found = load(tmp_path).instruments
    assert [history.instrument for history in found] == ["file:BTC", "file:ETH"]


def test_parts_are_joined_in_order_of_time(tmp_path: Path, frame: pl.DataFrame) -> None:
    frame[:200].write_csv(tmp_path / "BTC-1h-2024-02.csv")
    frame[200:].write_csv(tmp_path / "BTC-1h-2024-01.csv")
    (history,) = load(tmp_path).instruments
    assert history.instrument == "file:BTC-1h"
    assert np.array_equal(history.close, frame["close"].to_numpy())


def test_since_is_in_and_until_is_out(frame: pl.DataFrame) -> None:
    assert only(frame, since="2024-01-02", until="2024-01-03")[1] == 24


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop("volume"), "has no column volume; OHLCV bars need ts, open"),
        (lambda f: f.drop("ts", "low"), "has no column ts, low"),
        (lambda f: f.reverse(), "row"),
        (lambda f: pl.concat([f[:5], f[4:]]), "row 5"),
        (lambda f: f.with_columns(close=pl.lit(None, pl.Float64)), "row 0"),
        (lambda f: f.with_columns(close=pl.lit(-1.0)), "row 0"),
        (lambda f: f.with_columns(close=pl.lit("a")), "column 'close' holds 'a' in row 0"),
        (lambda f: f.with_columns(close=pl.lit(True)), "column 'close' holds "),
        (lambda f: f.with_columns(ts=pl.lit("soon")), "holds 'soon' in row 0"),
        (lambda f: f[:1], "at least 2 are needed"),
        (lambda f: f[:0], "no bars"),
    ],
)
def test_refuses_what_cannot_be_trusted_by_file_and_row(
    tmp_path: Path, frame: pl.DataFrame, change: Callable[[pl.DataFrame], pl.DataFrame], words: str
) -> None:
    changed = change(frame)
    path = tmp_path / "BTC.csv"
    changed.write_csv(path)
    for source, title in ((changed, "the table BARS"), (path, str(path))):
        with pytest.raises(b4.DataError) as refused:
            load(source)
        assert words in str(refused.value)
        assert title in str(refused.value)
        assert "\n" not in str(refused.value)


def test_says_that_rows_are_counted_within_the_span(frame: pl.DataFrame) -> None:
    broken = frame.with_columns(close=pl.lit(float("nan")))
    with pytest.raises(b4.DataError, match="rows counted within since and until") as refused:
        load(broken, within=span(since="2024-01-02"))
    assert "row 0" in str(refused.value)


def test_an_empty_span_tells_what_there_is(frame: pl.DataFrame) -> None:
    with pytest.raises(b4.DataError) as refused:
        load(frame, within=span(since="2030-01-01"))
    assert "it holds 2024-01-01T00:00Z to 2024-01-17T15:00Z" in str(refused.value)


def test_a_span_must_go_forward() -> None:
    with pytest.raises(b4.ParameterError, match="must be before") as refused:
        span(datetime(2024, 1, 2, tzinfo=UTC), "2024-01-01")
    assert "since" in str(refused.value)


@pytest.mark.parametrize("source", [7, [1, 2], None])
def test_refuses_what_is_no_history(source: object) -> None:
    with pytest.raises(b4.DataError, match="is not history; give a path") as refused:
        load(source)
    assert type(source).__name__ in str(refused.value)


@pytest.mark.parametrize("name", ["torn.parquet", "torn.csv", "empty.csv"])
def test_refuses_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"" if name == "empty.csv" else b'ts,open\n1,"2\n3,4,5,6\n\xff\xfe')
    with pytest.raises(b4.DataError) as refused:
        load(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_refuses_an_instrument_that_is_there_twice(tmp_path: Path, frame: pl.DataFrame) -> None:
    frame.write_parquet(tmp_path / "BTC.parquet")
    frame.with_columns(symbol=pl.lit("BTC")).write_parquet(tmp_path / "panel.parquet")
    with pytest.raises(b4.DataError, match="file:BTC is there twice") as refused:
        load(tmp_path)
    assert "panel.parquet" in str(refused.value)


def test_a_file_with_brackets_is_read_and_not_its_neighbour(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    for suffix in (".csv", ".parquet"):
        for name, height in (("BTC[1]", 50), ("BTC1", 60)):
            part, path = frame[:height], tmp_path / f"{name}{suffix}"
            part.write_csv(path) if suffix == ".csv" else part.write_parquet(path)
        assert only(tmp_path / f"BTC[1]{suffix}") == ("file:BTC[1]", 50, HOUR_NS)


@pytest.mark.parametrize("source", ["", "  "])
def test_an_empty_path_is_not_this_folder(
    bars_file: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.chdir(bars_file.parent)
    with pytest.raises(b4.DataError, match="the path of the history is empty") as refused:
        load(source)
    assert "give a file" in str(refused.value)


@pytest.mark.parametrize("names", ["A.csv", "B.parquet"])
def test_a_folder_that_looks_like_a_file_is_a_folder(tmp_path: Path, names: str) -> None:
    (tmp_path / names).mkdir()
    with pytest.raises(b4.DataError, match="has no file") as refused:
        load(tmp_path / names)
    assert names in str(refused.value)


def test_refuses_what_is_no_plain_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "BTC.csv")
    with pytest.raises(b4.DataError, match=r"BTC\.csv is not a file") as refused:
        load(tmp_path / "BTC.csv")
    assert str(tmp_path) in str(refused.value)


def refusal(path: Path) -> str:
    """Read a file that may be damaged; the name of what was below its refusal."""
    try:
        load(path)
    except b4.DataError as refused:
        said = str(refused)
        assert said.startswith((str(path), f"{path}: "))
        assert "\n" not in said
        return type(refused.__cause__).__name__
    return ""


def test_damaged_parquet_is_a_data_error_whatever_polars_does(
    tmp_path: Path, bars_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole, path, chance = bars_file.read_bytes(), tmp_path / "torn.parquet", random.Random(5)
    causes = set()
    for _ in range(250):
        torn = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            torn[chance.randrange(len(torn))] = chance.randrange(256)
        path.write_bytes(torn)
        causes.add(refusal(path))
    capfd.readouterr()  # what Polars prints when it panics
    assert "ComputeError" in causes


def test_a_panic_of_polars_is_a_data_error(
    bars_file: Path, frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException("index out of bounds\nmore")

    monkeypatch.setattr(pl.LazyFrame, "collect", panic)
    for source in (bars_file, frame.lazy()):
        with pytest.raises(
            b4.DataError, match=r"cannot be read.*: (it is damaged|index out of bounds)$"
        ) as refused:
            load(source)
        assert isinstance(refused.value.__cause__, pl.exceptions.PanicException)


def test_refuses_tables_that_cannot_be_read(frame: pl.DataFrame) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    mixed = pandas.DataFrame({"ts": [1, "x"]})
    for source in (frame.lazy().select("nope"), mixed):
        with pytest.raises(b4.DataError, match="cannot be read: ") as refused:
            load(source)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        (pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise(pl.lit("A")), "empty in row 3"),
        (pl.lit(" "), "column 'symbol' is empty in row 0"),
        (pl.lit(1.5), "column 'symbol' holds Float64, not names"),
    ],
)
def test_refuses_rows_that_belong_to_no_instrument(
    frame: pl.DataFrame, tmp_path: Path, symbol: pl.Expr, words: str
) -> None:
    changed = frame.with_columns(symbol=symbol)
    changed.write_parquet(tmp_path / "BTC.parquet")
    for source in (changed, tmp_path / "BTC.parquet"):
        with pytest.raises(b4.DataError) as refused:
            load(source)
        assert words in str(refused.value)


def test_refuses_two_columns_of_one_name(tmp_path: Path, frame: pl.DataFrame) -> None:
    cased = frame.with_columns(Close=pl.col("close") + 1)
    (tmp_path / "twice.csv").write_text(
        "ts,open,high,low,close,close,volume\n2024-01-01,1,1,1,1,2,1\n2024-01-02,1,1,1,1,2,1\n"
    )
    for source in (cased, tmp_path / "twice.csv"):
        with pytest.raises(b4.DataError, match="has two columns 'close'") as refused:
            load(source)
        assert "drop or rename one" in str(refused.value)
    extra = frame.with_columns(Note=pl.lit("x"), note=pl.lit("y"))
    assert only(extra)[1] == 400


def test_a_month_may_be_shorter_than_the_others(frame: pl.DataFrame) -> None:
    months = pl.datetime_range(datetime(2020, 1, 1), datetime(2024, 1, 1), "1mo", eager=True)
    name, bars, interval = only(frame[: len(months)].with_columns(ts=months))
    assert (name, bars, interval) == ("frame:BARS", 49, 28 * 24 * HOUR_NS)


def test_a_day_may_be_shorter_where_clocks_change(frame: pl.DataFrame) -> None:
    local = pl.datetime_range(
        datetime(2024, 3, 1), datetime(2024, 11, 30), "1d", time_zone="Europe/Berlin", eager=True
    )
    assert only(frame[: len(local)].with_columns(ts=local))[2] == 23 * HOUR_NS


@pytest.mark.parametrize("minutes", [7, 30, 50])
def test_a_bar_that_comes_far_too_early_is_no_interval(frame: pl.DataFrame, minutes: int) -> None:
    early = pl.when(pl.int_range(pl.len()) == 9).then(pl.duration(minutes=60 - minutes))
    moved = frame.with_columns(ts=pl.col("ts") - early.otherwise(pl.duration()))
    with pytest.raises(b4.DataError, match="row 9: the bar begins before the one before"):
        load(moved)


def test_refuses_a_folder_of_mixed_kinds_by_the_first_file(shared_history: Path) -> None:
    pattern = shared_history / "binance-spot" / "BTCUSDT" / "*-20230405.parquet"
    with pytest.raises(b4.DataError, match=r"bbo-20230405\.parquet has no column") as refused:
        load(pattern)
    assert "OHLCV" in str(refused.value)


def test_refuses_several_intervals_of_one_symbol(shared_history: Path) -> None:
    with pytest.raises(b4.DataError, match="several series of SOLUSDT") as refused:
        load(shared_history / "binance-spot" / "SOLUSDT")
    assert "choose one file" in str(refused.value)


def test_reads_real_history_and_its_gaps(shared_history: Path) -> None:
    (history,) = load(shared_history / "binance-spot/BTCUSDT/ohlcv-1h.parquet").instruments
    assert (history.instrument, len(history.bars)) == ("file:BTCUSDT", 64_525)
    assert history.bars.gaps == 28
    assert history.bars.gap_max_ns == 34 * HOUR_NS


def test_reads_a_panel_of_symbols(shared_history: Path) -> None:
    found = load(shared_history / "binance-spot/_panel_2021/ohlcv-1h.parquet").instruments
    assert len(found) > 10
    assert "file:DOGEUSDT" in {history.instrument for history in found}


def test_a_stray_bar_between_two_others_is_refused_by_row(frame: pl.DataFrame) -> None:
    later = (pl.col("ts") + pl.duration(minutes=7)).cast(frame.schema["ts"])
    stray = frame[5:6].with_columns(later)
    with pytest.raises(b4.DataError, match=r"row 6: the bar begins before the one before"):
        load(pl.concat([frame[:6], stray, frame[6:]]))


def test_months_of_different_lengths_are_no_gaps(frame: pl.DataFrame) -> None:
    months = pl.datetime_range(
        datetime(2020, 1, 1), datetime(2022, 12, 1), "1mo", time_zone="UTC", eager=True
    )
    (history,) = load(frame[: len(months)].with_columns(ts=months)).instruments
    assert history.bars.gaps == 0
    without = pl.concat([frame[:10], frame[11:]])
    assert load(without).instruments[0].bars.gaps == 1
