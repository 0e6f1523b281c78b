"""The screen fits what it is shown on, says what is wrong, and takes no word for markup."""

import pytest
from rich.console import Console

from bot4.live.picture import Picture
from bot4.live.screen import screen
from bot4.live.words import duration_text, price_text, sparkline
from live.pictures import engine, picture


def shown(one: Picture, width: int = 140, height: int = 40, age_s: float = 0.0) -> list[str]:
    console = Console(width=width, height=height, force_terminal=False, color_system=None)
    with console.capture() as captured:
        console.print(screen(one, width, height, age_s), height=height)
    return captured.get().rstrip("\n").split("\n")


WORDS = (
    "PAPER · SIMULATED MARKET seed 7 · x30",
    "10,012.34",
    "day +12.34 (+0.12%)",
    "drawdown 1.25%",
    "42 orders",
    "12 ms",
    "2 µs, 1.25 ms",
    "988/s",
    "sma_cross",
    "0.08123",
    "59000.00",
    "position",
    "refused",
    "drawdown latched",
    "copies open",
    "no space is left",
    "Ctrl-C stops",
    ".bot4/first",
    "▁▂█",
)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 40), (140, 40), (200, 60)])
def test_the_screen_fits_and_shows_everything(width: int, height: int) -> None:
    lines = shown(picture(), width, height)
    assert len(lines) == height
    assert max(len(line) for line in lines) <= width
    text = "\n".join(lines)
    assert [word for word in WORDS if word not in text] == []


@pytest.mark.parametrize(("width", "height"), [(20, 5), (1, 1), (60, 10), (300, 3)])
def test_a_terminal_that_is_too_small_breaks_nothing(width: int, height: int) -> None:
    lines = shown(picture(), width, height)
    assert len(lines) <= max(height, 1)


def test_where_there_is_room_the_nearest_limit_is_shown() -> None:
    assert "nearest limit position_max 98.21 % (BTCUSDT)" in "\n".join(shown(picture()))


def test_the_latest_decisions_come_first() -> None:
    lines = shown(picture())
    newest = next(number for number, line in enumerate(lines) if "60,000.49" in line)
    older = next(number for number, line in enumerate(lines) if "60,000.48" in line)
    assert newest < older


def test_words_of_others_are_text_and_not_markup() -> None:
    event = {**engine()["recent"][0], "text": "[bold]x[/bold] [/] \x1b[2J"}
    text = "\n".join(shown(picture(engine={"recent": [event]})))
    assert "[bold]x[/bold] [/]" in text
    assert "\x1b" not in text


def test_an_empty_account_is_said_to_be_empty() -> None:
    empty = {"positions": [], "working": [], "recent": [], "now_ns": 0, "refused": {}}
    text = "\n".join(shown(picture(engine=empty, equity_past=())))
    assert "flat" in text
    assert "none" in text


@pytest.mark.parametrize(
    ("changed", "age_s", "words"),
    [
        ({"stopping": "Ctrl-C"}, 0.0, "stopping: Ctrl-C"),
        ({}, 3.2, "no answer for 3 s"),
        ({"engine": {"trading_state": "Halted"}}, 0.0, " halted "),
        ({"held_back_s": 2.5}, 0.0, "held back 2.5 s"),
    ],
)
def test_what_is_amiss_is_said_at_once(
    changed: dict[str, object], age_s: float, words: str
) -> None:
    assert words in "\n".join(shown(picture(**changed), age_s=age_s))


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ([], 10, ""),
        ([1.0], 10, "▄"),
        ([2.0, 2.0], 10, "▄▄"),
        ([0.0, 1.0, 2.0], 10, "▁▄█"),
        ([9.0, 0.0, 1.0], 2, "▁█"),
    ],
)
def test_a_sparkline_goes_from_the_lowest_to_the_highest(
    values: list[float], width: int, drawn: str
) -> None:
    assert sparkline(values, width).replace("▅", "▄") == drawn


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(None, "-"), (0, "0 ns"), (999, "999 ns"), (1_500, "1.5 µs"), (2e6, "2 ms"), (3e9, "3 s")],
)
def test_a_short_time_has_its_unit(nanoseconds: float | None, text: str) -> None:
    assert duration_text(nanoseconds) == text


@pytest.mark.parametrize(
    ("price", "text"),
    [(60_133.0, "60,133.00"), (1.5, "1.50"), (0.00001234, "0.00001234"), (0.0, "0")],
)
def test_a_cheap_coin_has_a_price_too(price: float, text: str) -> None:
    assert price_text(price) == text
