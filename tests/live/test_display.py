"""A terminal that nobody reads holds up the thread that draws, and nothing else."""

import asyncio
import io
import os
import pty
import time
from pathlib import Path

import pytest

from bot4 import logs
from bot4.config import LogTable
from bot4.live.display import REFRESH_S, STOP_S_MAX, Display, Painter
from bot4.live.lines import Lines
from bot4.live.picture import Latest, Picture
from bot4.live.printed import Printed
from bot4.live.screen import Screen
from live.pictures import picture, recent


async def shown(painter: Painter, seconds: float) -> tuple[int, float, bool]:
    """Show changing pictures for a while: how many turns others had, the longest, the stop."""
    latest: Latest[Picture] = Latest()
    display = Display("screen", painter, latest)
    latest.put(picture())
    await display.start()
    running = asyncio.create_task(display.run())
    turns, longest_s, began = 0, 0.0, time.monotonic()
    while time.monotonic() - began < seconds:
        before = time.monotonic()
        await asyncio.sleep(0.005)
        longest_s = max(longest_s, time.monotonic() - before)
        turns += 1
        latest.put(picture(engine={"fills": turns, "recent": recent(50, first=turns)}))
    running.cancel()
    await asyncio.wait([running])
    try:
        async with asyncio.timeout(STOP_S_MAX):
            await display.stop()
    except TimeoutError:
        return turns, longest_s, False
    return turns, longest_s, True


@pytest.mark.parametrize("look", [Screen, Lines])
def test_a_terminal_that_nobody_reads_delays_nobody(look: type[Screen] | type[Lines]) -> None:
    reader, writer = pty.openpty()
    stream = os.fdopen(writer, "w", encoding="utf-8")
    os.set_blocking(writer, True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot4.live.display.REFRESH_S", 0.001)
        turns, longest_s, stopped = asyncio.run(shown(look(stream), 1.5))
    assert turns > 100
    assert longest_s < 0.2
    if look is Screen:  # a screen is more than a pty holds; lines may well fit
        assert not stopped
    drain(reader)
    stream.close()
    os.close(reader)


def drain(reader: int) -> bytes:
    """Read what a terminal was shown, until it is quiet, so that its writer comes free."""
    os.set_blocking(reader, False)
    received, quiet_s = b"", 0.0
    while quiet_s < 0.3:
        try:
            received += os.read(reader, 1 << 16)
            quiet_s = 0.0
        except BlockingIOError:
            time.sleep(0.02)
            quiet_s += 0.02
    return received


def test_the_screen_takes_the_terminal_and_gives_it_back() -> None:
    stream = io.StringIO()
    _, _, stopped = asyncio.run(shown(Screen(stream), 2 * REFRESH_S))
    text = stream.getvalue()
    assert stopped
    assert text.startswith("\x1b[?1049h")
    assert text.endswith("\x1b[?25h\x1b[?1049l")
    assert "SIMULATED MARKET seed 7" in text


def test_a_painter_that_fails_is_told_to_the_supervisor() -> None:
    class Torn(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("no terminal")

    async def go() -> None:
        latest: Latest[Picture] = Latest()
        latest.put(picture())
        display = Display("lines", Lines(Torn()), latest)
        await display.start()
        try:
            await display.run()
        finally:
            await display.stop()

    with pytest.raises(OSError, match="no terminal"):
        asyncio.run(go())


def test_what_a_strategy_prints_goes_to_the_log(tmp_path: Path) -> None:
    logs.start(LogTable(format="json"), tmp_path, console=False)
    print("one", 2, file=(stream := Printed()))
    print("half a ", end="", file=stream)
    print("line\n\nand another", file=stream)
    logs.stop()
    text = (tmp_path / "bot4.log").read_text(encoding="utf-8")
    for line in ('"one 2"', '"half a line"', '"and another"'):
        assert line in text
    assert text.count("printed") == 3
