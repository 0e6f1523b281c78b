"""Shows pictures at a steady rate from a thread of its own, to a screen or as lines.

A terminal may be slow, or stop reading at all: then this thread waits, and nothing else does. What
it could not show is never caught up with: the latest picture is all there is.
"""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from bot4.live.picture import Latest, Picture

REFRESH_S = 0.25
STOP_S_MAX = 1.0


class Painter(Protocol):
    """Puts pictures where a person sees them. Used in one thread only."""

    def open(self) -> None:
        """Take the terminal."""

    def paint(self, picture: Picture, now_s: float) -> None:
        """Show the picture; `now_s` is of the clock by which it was taken."""

    def close(self) -> None:
        """Give the terminal back as it was."""


class Display:
    """The component that shows."""

    stop_s_max = STOP_S_MAX

    def __init__(self, name: str, painter: Painter, latest: Latest[Picture]) -> None:
        self.name = name
        self._painter = painter
        self._latest = latest
        self._over = threading.Event()
        self._thread: ThreadPoolExecutor | None = None
        self._shown: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Take the terminal and show from now on."""
        self._over = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)
        loop = asyncio.get_running_loop()
        self._shown = loop.run_in_executor(self._thread, self._show, self._over)

    async def run(self) -> None:
        """Until the painter fails, or it is over."""
        if self._shown is not None:
            await asyncio.shield(self._shown)

    async def stop(self) -> None:
        """Show the last picture and give the terminal back."""
        self._over.set()
        if self._shown is not None:
            await asyncio.wait([self._shown])
            if not self._shown.cancelled():
                self._shown.exception()  # the supervisor has been told of it
        if self._thread is not None:
            self._thread.shutdown(wait=False)

    def _show(self, over: threading.Event) -> None:
        self._painter.open()
        try:
            last = False
            while not last:
                last = over.wait(REFRESH_S)
                picture = self._latest.get()
                if picture is not None:
                    self._painter.paint(picture, time.monotonic())
        finally:
            self._painter.close()
