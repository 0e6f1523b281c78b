"""Plain lines: what is new, once, not too many, and a count of what was left out."""

import io

import pytest

from bot4.live.lines import LINES_PER_S_MAX, STATUS_S, Lines, event_line, unseen
from bot4.live.picture import ComponentState
from live.pictures import picture, recent


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ("", "abc", "abc"),
        ("abc", "abc", ""),
        ("abc", "bcd", "d"),
        ("abc", "def", "def"),
        ("aaa", "aaaa", "a"),
        ("abc", "", ""),
    ],
)
def test_what_is_new_follows_what_was_there(before: str, now: str, new: str) -> None:
    assert "".join(unseen(before, now)) == new


def test_an_event_is_one_line_without_what_moves_the_cursor() -> None:
    (event,) = recent(1)
    stream = io.StringIO()
    lines = Lines(stream)
    lines.paint(picture(engine={"recent": [{**event, "text": "buy\x1b[2J\nnow"}]}), 0.0)
    assert "buy?[2J?now" in stream.getvalue()
    assert event_line(event).startswith("00:10:54  refused    sma_cross simulated:BTCUSDT  buy")


def painted(*counts: int, every_s: float = 0.25) -> list[str]:
    """The lines of as many pictures, each with so many new events."""
    stream = io.StringIO()
    lines = Lines(stream)
    lines.open()
    told = 0
    for number, count in enumerate(counts):
        told += count
        seen = recent(min(told, 50), first=max(0, told - 50))
        lines.paint(picture(engine={"recent": seen}), 100.0 + number * every_s)
    lines.close()
    return stream.getvalue().splitlines()


def test_each_event_is_told_once() -> None:
    lines = painted(2, 0, 3, 0)
    assert sum(" at 60,000." in line for line in lines) == 5


def test_a_flood_is_bounded_and_what_is_left_out_is_counted() -> None:
    lines = painted(30, 20, 0, 0, *[0] * int(STATUS_S * 4))
    assert sum(" at 60,000." in line for line in lines) == LINES_PER_S_MAX
    assert "20 lines left out" in next(line for line in lines if "  status  " in line)
    assert "20 lines left out" in lines[-1]


def test_what_passed_between_two_pictures_is_counted_too() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.paint(picture(engine={"recent": [], "fills": 100}), 0.0)
    lines.paint(picture(engine={"recent": recent(50), "fills": 1_100}), STATUS_S)
    assert "990 lines left out" in stream.getvalue()


def test_a_status_line_comes_every_few_seconds() -> None:
    lines = painted(*[0] * 81)
    statuses = [line for line in lines if "  status  " in line]
    assert len(statuses) == 1 + int(20 / STATUS_S)
    assert "equity 10,012.34, day +12.34, 12,345 events (988/s), 42 orders" in statuses[0]


def test_a_component_that_changes_is_a_line() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.paint(picture(engine={"recent": []}), 0.0)
    lines.paint(picture(engine={"recent": []}), 1.0)
    well = {"copies": ComponentState("closed", 1.0, None, 4)}
    lines.paint(picture(engine={"recent": []}, components=well), 2.0)
    told = [line for line in stream.getvalue().splitlines() if "component" in line]
    assert [line.partition("component  ")[2] for line in told] == [
        "copies open: no space is left on its disk",
        "copies closed",
    ]
