"""Times are nanoseconds since 1970 in UTC, whatever they were."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot4 as b4
from bot4.history.times import column_ns, interval_ns, interval_text, moment_ns, utc_text

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


@pytest.mark.parametrize("moment", ["yesterday", "2024-13-01", "9999-01-01", ""])
def test_refuses_what_is_no_moment(moment: str) -> None:
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
        (pl.Series("ts", [1.5]), "not times"),
        (pl.Series("ts", [90_000_000_000]), "no time before 2262"),
    ],
)
def test_refuses_a_column_that_is_no_time_by_row(column: pl.Series, words: str) -> None:
    with pytest.raises(b4.DataError) as refused:
        column_ns(column)
    assert words in str(refused.value)
