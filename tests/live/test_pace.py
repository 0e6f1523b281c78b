"""Lengths of time as they are typed, market time against the wall, and the size of a slice."""

import pytest

import bot4 as b4
from bot4.live.pace import LAG_S_MAX, SLICE_S_MAX, WAIT_S_MAX, Pace, Slice, length_s

S = 10**9


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30.0), ("5m", 300.0), ("1h", 3600.0), ("1.5s", 1.5), (" 2s ", 2.0)],
)
def test_a_length_of_time_is_read(text: str, seconds: float) -> None:
    assert length_s(text, "--for") == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "s", "-1s", "0s", "0.0h", "1d", "1 s", "9e9s", "999999h"]
)
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(b4.ParameterError, match=r"--for is .*such as 30s"):
        length_s(text, "--for")


@pytest.mark.parametrize(
    ("speed", "wall_s", "due_s"),
    [(1.0, 2, 102), (60.0, 2, 220), (0.5, 4, 102), (1e6, 3, 3_000_100)],
)
def test_market_time_follows_the_wall(speed: float, wall_s: int, due_s: int) -> None:
    pace = Pace(speed)
    pace.start(100 * S, 5 * S)
    assert pace.due_ns((5 + wall_s) * S) == due_s * S


def test_as_fast_as_it_goes_everything_is_due_and_nothing_late() -> None:
    pace = Pace(None)
    pace.start(100 * S, 0)
    assert pace.due_ns(0) > 10**18
    assert (pace.lag_s(100 * S, 10**15), pace.wait_s(101 * S, 0)) == (0.0, 0.0)


def test_lag_is_how_long_the_next_event_has_been_due() -> None:
    pace = Pace(60.0)
    pace.start(0, 0)
    assert pace.lag_s(60 * S, 3 * S) == pytest.approx(2.0)
    assert pace.lag_s(600 * S, 3 * S) == 0.0
    assert pace.lag_s(None, 3 * S) == 0.0


def test_waits_are_bounded() -> None:
    pace = Pace(1.0)
    pace.start(0, 0)
    assert pace.wait_s(3600 * S, 0) == WAIT_S_MAX
    assert 0 < pace.wait_s(1, 0) < WAIT_S_MAX


def test_giving_in_drops_the_lag_and_counts_it() -> None:
    pace = Pace(10.0)
    pace.start(0, 0)
    wall_ns = int((LAG_S_MAX + 4) * S)
    assert pace.give_in(10 * S, wall_ns) == pytest.approx(LAG_S_MAX + 3)
    assert pace.lag_s(10 * S, wall_ns) == 0.0
    assert pace.held_back_s == pytest.approx(LAG_S_MAX + 3)
    assert pace.due_ns(wall_ns + S) == 20 * S


def test_a_slice_grows_while_it_is_quick_and_shrinks_when_it_is_slow() -> None:
    size = Slice()
    first = size.events_max
    size.took(first, SLICE_S_MAX / 10)
    assert size.events_max == 2 * first
    size.took(1, SLICE_S_MAX / 10)  # few were due: nothing is learned
    assert size.events_max == 2 * first
    for _ in range(40):
        size.took(size.events_max, 2 * SLICE_S_MAX)
    assert size.events_max == 1
    for _ in range(40):
        size.took(size.events_max, 0.0)
    assert size.events_max <= 1 << 16
