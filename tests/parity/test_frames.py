"""A capture replayed as a recording leads to the orders that its frames lead to, one by one."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import bot4 as b4
from bot4._engine import Bot, JournalFile, Program, Request, Run
from bot4.expression import program
from bot4.history import frames, recordings

CAPTURES = Path(__file__).resolve().parents[2].parent / "shared" / "captures"
FOREVER = 2**62
SECOND = 10**9
LINES_MAX = 60_000
# A frame as it came: when (ns), of which symbol where it is a REST depth, its bytes.
Frame = tuple[int, str | None, bytes]
# What is sent, as both sides know it: the order's id, and its side where it is a new one.
Order = tuple[str, str]


def leaning() -> Program:
    """Long where the best levels lean up, else short: it remembers what it saw, and when."""
    lean = b4.ema(b4.imbalance(5) + b4.ofi(3) * 0.01, 4)
    return program([b4.where(lean > b4.ema(lean, 9), 0.3, -0.3)])


def without_touches(path: Path) -> list[Frame]:
    """What a recording has: a touch that Binance tells by itself is not in one."""
    told = frames.raw([path])[:LINES_MAX]
    return [one for one in told if not (b'"B":' in one[2] and b'"depthUpdate"' not in one[2])]


def written(told: Sequence[Frame], path: Path) -> Path:
    lines = []
    for received, symbol, payload in told:
        rest = b'{"rest":"x","symbol":"%s","body":%s}'
        named = rest % (symbol.encode(), payload) if symbol else payload
        lines.append(b"%d %s\n" % (received, named))
    path.write_bytes(b"".join(lines))
    return path


def replayed(capture: Path, folder: Path) -> list[dict[str, Any]]:
    """What a run over the recording wrote down."""
    run = Run(
        cash="10000",
        taker_fee="0",
        maker_fee="0",
        slippage="0",
        latency_ns=0,
        bar_interval_ns=SECOND,
        profile="research",
    )
    (book,) = recordings.load([capture])
    run.add_recording(book)
    run.add_program("leaning", book.instrument, "1", leaning())
    run.open(str(folder), durability="block", clock_s=1)
    run.advance(FOREVER, 10**9)
    run.close()
    return JournalFile(str(folder)).records(0, 10**9)


def answers(records: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What the venue said, in the order in which it was heard."""
    for record in records:
        if record["kind"] == "fill" or record.get("update") not in (None, "cancel_sent"):
            yield record


def live(told: Sequence[Frame], capture: Path, said: Iterator[dict[str, Any]]) -> list[Order]:
    """What the frames themselves lead to; the venue answers what it answered there."""
    (one,) = recordings.columns([capture])
    bot, venue = Bot(profile="research", epoch=1), one.instrument.partition(":")[0]
    about = repr(float(one.rows.price[one.rows.price > 0][0]))
    bot.add_instrument(one.instrument, price=about, tick=one.tick, lot=one.lot)
    bot.add_program("leaning", one.instrument, "1", leaning())
    bot.open("10000", 1)
    found: list[Request] = []
    waits, now = next(said, None), 0
    for received, symbol, payload in told:
        now = max(now, received)
        while waits is not None and waits["ts"] < now:
            found += heard(bot, waits)
            waits = next(said, None)
        if symbol is None:
            found += bot.on_frame(venue, payload, now)
        else:
            name = symbol or one.instrument.partition(":")[2]
            found += bot.on_snapshot(venue, name, payload, now)
        bot.take_records()
    return [(request.id, side_of(request)) for request in found]


def side_of(request: Request) -> str:
    if request.kind == "cancel":
        return "cancel"
    return "buy" if b"buy" in request.body.lower() else "sell"


def heard(bot: Bot, said: dict[str, Any]) -> list[Request]:
    if said["kind"] == "fill":
        fill = {key: said[key] for key in ("trade", "price", "qty", "fee", "last")}
        return bot.on_fill(said["id"], **fill, ts_ns=said["ts"])
    return bot.on_order(said["id"], said["update"], said["ts"])


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("binance/dev/btcusdt_20240808.gz", 300),
        ("kraken/dev/kraken_btcusd_l2.gz", 25),
    ],
)
def test_a_capture_leads_to_the_same_orders_told_or_replayed(
    tmp_path: Path, name: str, least: int
) -> None:
    if not (CAPTURES / name).exists():
        pytest.skip("../shared/captures is not here")
    told = without_touches(CAPTURES / name)
    capture = written(told, tmp_path / "session.txt")
    records = replayed(capture, tmp_path / "run")
    kept = [
        (record["id"], record["side"] if record["kind"] == "order" else "cancel")
        for record in records
        if record["kind"] == "order" or record.get("update") == "cancel_sent"
    ]
    assert live(told, capture, answers(records)) == kept
    assert len(kept) >= least
