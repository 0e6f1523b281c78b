"""Every breaker of a run on one board, in words that say what to do."""

import pytest

from bot4.live.board import amiss, board, said
from live.pictures import NOW_NS, breaker, picture


def test_the_board_has_the_engine_and_the_components() -> None:
    rows = {row.name: row.state for row in board(picture())}
    assert rows == {"feed": "closed", "drawdown": "latched", "engine": "closed", "copies": "open"}
    assert [row.name for row in amiss(picture())] == ["drawdown", "copies"]


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (
            breaker(
                "open",
                since_ns=NOW_NS,
                reason="gaps",
                until_ns=NOW_NS,
                stage="entries",
                remedy="trial",
            ),
            ("gaps", "nothing is opened", "it is tried at"),
        ),
        (
            breaker(
                "half_open", since_ns=NOW_NS, reason="failures", stage="entries", remedy="successes"
            ),
            ("failures", "3 times in a row"),
        ),
        (
            breaker(
                "open",
                since_ns=NOW_NS,
                reason="loss",
                until_ns=NOW_NS,
                stage="entries",
                remedy="day",
            ),
            ("loss", "half size"),
        ),
        (
            breaker(
                "latched",
                since_ns=NOW_NS,
                reason="operator",
                note="a [b]bad[/b] day",
                stage="cancel",
                remedy="rearm",
            ),
            ("a [b]bad[/b] day", "orders are called back", "bot4 rearm part"),
        ),
        (
            breaker("open", since_ns=NOW_NS, reason="failures", until_ns=NOW_NS, remedy="trial"),
            ("nothing;",),
        ),
    ],
)
def test_what_is_not_closed_says_why_and_what_brings_it_back(
    one: dict[str, object], words: tuple[str, ...]
) -> None:
    (row,) = amiss(picture(engine={"breakers": {"part": one}}, components={}))
    assert all(word in said(row) for word in words), said(row)
