"""Text is a time where it is ISO-8601, row by row, and nothing else is guessed at."""

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot4.history.iso import stamps

ZONES = [UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=9, minutes=30))]


@settings(derandomize=True)
@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
    st.sampled_from(ZONES),
    st.sampled_from(["T", " "]),
)
def test_agrees_with_python(moment: datetime, zone: timezone, between: str) -> None:
    aware = moment.replace(tzinfo=zone)
    read = stamps(pl.Series([aware.isoformat(between)]))
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    assert not read.bad.any()
    assert read.seconds[0] == since.days * 86_400 + since.seconds
    assert read.nanoseconds[0] == since.microseconds * 1_000


def test_every_row_may_be_written_in_its_own_way() -> None:
    rows = [
        "2024-01-01",
        "2024-01-01 00:00",
        "2024-01-01T00:00:00.000000001Z",
        "2024-01-01T01:00+0100",
    ]
    read = stamps(pl.Series(rows))
    assert not read.bad.any()
    assert set(read.seconds.tolist()) == {1_704_067_200}
    assert read.nanoseconds.tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize(
    "text",
    [
        *("03/04/2024", "3.4.2024 12:00", "2024/03/04", "20240304", "2024-3-4", "Mar 4, 2024"),
        *(
            "2024-02-30",
            "2024-13-01",
            "2024-01-01T24:00",
            "2024-01-01T12:60",
            "2024-01-01T12:00:60",
        ),
        *("2024-01-01T12", "2024-01-01T12:00:00.", "2024-01-01T12:00:00 UTC", "2024-01-01T12:00+2"),
        *("2024-01-01T12:00+24:00", "2024-01-01T12:00+02:60", "24-01-01", "", "x2024-01-01"),
        *("2024-01-01T12:00:00.1234567890", "٢٠٢٤-01-01", "2024-01-01\n"),
    ],
)
def test_refuses_what_is_not_iso(text: str) -> None:
    assert stamps(pl.Series(["2024-01-01", text])).bad.tolist() == [False, True]
