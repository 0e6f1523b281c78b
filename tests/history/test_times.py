"""Times are nanoseconds since 1970 in UTC, whatever they were."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot4 as b4
from bot4.history.times import column_ns, interval_ns, interval_text, moment_ns, utc_text

NOW = datetime(2024, 1, 1)
NOON = 1_704_110_400  # 2024-01-01T12:00Z, in seconds


@pytest.mark.parametrize(
    "moment",
    [
        "2024-01-01T12:00",
        "2024-01-01 12:00:00",
        "2024-01-01T12:00:00Z",
        "2024-01-01T14:00:00+02:00",
        datetime(2024, 1, 1, 12),
        datetime(2024, 1, 1, 14, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_reads_a_moment_in_utc_unless_it_says_otherwise(moment: str | datetime) -> None:
    assert moment_ns(moment, "since") == NOON * 10**9


def test_reads_a_date_as_its_midnight() -> None:
    assert moment_ns(date(2024, 1, 1), "since") == moment_ns("2024-01-01", "since")


@pytest.mark.parametrize(
    "moment",
    [
        *("yesterday", "2024-13-01", "9999-01-01", "", 5, None, True, [], 1.5),
        *(datetime.max, datetime.min, "0001-01-01T00:00+23:59"),
    ],
)
def test_refuses_what_is_no_moment(moment: object) -> None:
    with pytest.raises(b4.ParameterError, match="since is") as refused:
        moment_ns(moment, "since")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("15m", 900), ("4h", 14_400), ("1d", 86_400)]
)
def test_an_interval_reads_and_writes_the_same(text: str, seconds: int) -> None:
    assert interval_ns(text) == seconds * 10**9
    assert interval_text(interval_ns(text)) == text


@pytest.mark.parametrize("text", ["0m", "1", "m", "-1h", "1w", "1.5h"])
def test_refuses_what_is_no_interval(text: str) -> None:
    with pytest.raises(b4.ParameterError, match="such as 15m") as refused:
        interval_ns(text)
    assert text in str(refused.value)


def test_writes_times_for_people() -> None:
    assert utc_text(NOON * 10**9) == "2024-01-01T12:00Z"
    assert utc_text((NOON + 1) * 10**9) == "2024-01-01T12:00:01Z"
    assert interval_text(1_500_000_000) == "1.5s"


@settings(derandomize=True)
@given(st.integers(631_152_000, 4_102_444_800), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_the_unit_of_an_integer_time_is_told_by_its_size(seconds: int, per_second: int) -> None:
    column = pl.Series("ts", [seconds * per_second])
    assert column_ns(column).tolist() == [seconds * 10**9]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("ts", [datetime(2024, 1, 1, 12)]),
        pl.Series("ts", [datetime(2024, 1, 1, 12, tzinfo=UTC)]),
        pl.Series("ts", [datetime(2024, 1, 1, 12)]).cast(pl.Datetime("ms")),
        pl.Series("ts", [datetime(2024, 1, 1, 12)]).dt.replace_time_zone("UTC")
        .dt.convert_time_zone("Asia/Tokyo"),
        pl.Series("ts", [float(NOON)]),
        pl.Series("ts", [str(NOON)]),
        pl.Series("ts", ["2024-01-01T12:00:00Z"]),
        pl.Series("ts", ["2024-01-01 12:00:00"]),
        pl.Series("ts", ["2024-01-01T14:00:00+02:00"]),
        pl.Series("ts", [" 2024-01-01T12:00 "]),
        pl.Series("ts", [f" {NOON}"]),
        pl.Series("ts", [NOON], dtype=pl.UInt64),
        pl.Series("ts", [NOON], dtype=pl.Int128),
    ],
)  # fmt: skip
def test_reads_a_column_of_any_kind_of_time(column: pl.Series) -> None:
    assert column_ns(column).tolist() == [NOON * 10**9]


def test_reads_a_column_of_dates() -> None:
    column = pl.Series("ts", [date(2024, 1, 1)])
    assert column_ns(column).tolist() == [moment_ns("2024-01-01", "since")]


def test_reads_an_empty_column() -> None:
    assert len(column_ns(pl.Series("ts", [], dtype=pl.Int64))) == 0


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pl.Series("ts", ["2024-01-01T00:00:00Z", "soon"]), "holds 'soon' in row 1"),
        (pl.Series("ts", ["soon", "later"]), "holds 'soon' in row 0"),
        (pl.Series("ts", [1, None]), "no time in row 1"),
        (pl.Series("ts", [True]), "holds Boolean, not times"),
        (pl.Series("ts", [1.0, 1.5]), "holds 1.5 in row 1, which is not a time"),
        (pl.Series("ts", [1.0, float("nan")]), "holds nan in row 1, which is not a time"),
        (pl.Series("ts", [float("inf")]), "holds inf in row 0, which is not a time"),
        (pl.Series("ts", [1e300]), "in row 0, which is not a time"),
        (pl.Series("ts", [1, 2**63], dtype=pl.UInt64), "in row 1, which is not a time"),
        (pl.Series("ts", [0, 90_000_000_000]), "in row 1, which is no time before 2262"),
        (pl.Series("ts", [9_300_000_000_000]), "no time before 2262"),
        (pl.Series("ts", [20_240_101_000_000]), "a date written as digits"),
        (pl.Series("ts", [-(2**63), 1]), "no time before 2262"),
        (pl.Series("ts", [NOW, datetime(9000, 1, 1)]), "holds a time of the year 9000 in row 1"),
        (pl.Series("ts", [2**63 - 1]).cast(pl.Datetime("ms")), "in row 0, which is no time"),
        (pl.Series("ts", [-(2**63)]).cast(pl.Datetime("us")), "in row 0, which is no time"),
        (pl.Series("ts", [20_240_101], dtype=pl.Int32).cast(pl.Date), "a time of the year 57385"),
        (pl.Series("ts", [date(2024, 1, 1), date(1600, 1, 1)]), "in row 1, which is no time"),
        (pl.Series("ts", ["2024-01-01", "9000-01-01"]), "row 1, which is no time before 2262"),
        (pl.Series("ts", ["03/04/2024", "04/04/2024"]), "'03/04/2024' in row 0, which is not a"),
        (pl.Series("ts", ["1704067200", "soon"]), "holds 'soon' in row 1, which is not a time"),
        (pl.Series("ts", ["2024-01-01", "1704067200"]), "'1704067200' in row 1, which is not"),
        (pl.Series("ts", [20_240_101, 20_240_102]), "20240101 in row 0: a date written as digits"),
        (pl.Series("ts", ["20240101", "20240102"]), "Write ISO dates, such as 2024-01-31"),
        (pl.Series("ts", [2_024_010_123, 2_024_010_200]), "a date written as digits"),
        (pl.Series("ts", [202_401_012_359, 202_401_020_000]), "a date written as digits"),
    ],
)
def test_refuses_a_column_that_is_no_time_by_row(column: pl.Series, words: str) -> None:
    with pytest.raises(b4.DataError) as refused:
        column_ns(column)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("first", [0, 1_704_067_200, 2_024_010_123])
def test_seconds_that_are_no_dates_in_digits_are_seconds(first: int) -> None:
    hours = [first + 3600 * hour for hour in range(48)]
    assert column_ns(pl.Series("ts", hours)).tolist() == [second * 10**9 for second in hours]
