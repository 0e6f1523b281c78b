"""The live screen: a picture as panels that fit the terminal. It shows figures, it makes none.

Two looks: side by side on a wide terminal, stacked on a narrow one.
"""

from typing import TextIO

from rich.console import Console, RenderableType
from rich.layout import Layout
from rich.live import Live

from bot4.live import panels
from bot4.live.picture import Picture

WIDE_COLUMNS = 120
# A screen of fewer lines says of breakers only what is amiss.
BRIEF_LINES = 30


class Screen:
    """A painter on the alternate screen of a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, force_terminal=True)
        self._live: Live | None = None

    def open(self) -> None:
        """Take the screen; what was on it comes back at the end."""
        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def paint(self, picture: Picture, now_s: float) -> None:
        """Draw it whole."""
        if self._live is not None:
            width, height = self._console.size
            age_s = now_s - picture.taken_s
            self._live.update(screen(picture, width, height, age_s), refresh=True)

    def close(self) -> None:
        """Leave the alternate screen."""
        if self._live is not None:
            self._live.stop()


def screen(picture: Picture, width: int, height: int, age_s: float = 0.0) -> RenderableType:
    """A whole screen of `width` columns and `height` lines."""
    held, resting = panels.positions(picture), panels.working(picture)
    rows = [
        panels.banner(picture, width, age_s),
        _beside(panels.equity(picture, width // 2), panels.health(picture)),
        *([_beside(held, resting)] if width >= WIDE_COLUMNS else [held, resting]),
        panels.breakers(picture, width, brief=height < BRIEF_LINES),
    ]
    footer = panels.footer(picture, width)
    left = height - sum(row.size or 0 for row in [*rows, footer])
    layout = Layout()
    layout.split_column(*rows, panels.decisions(picture, max(1, left - 2)), footer)
    return layout


def _beside(left: Layout, right: Layout) -> Layout:
    row = Layout(size=max(left.size or 0, right.size or 0))
    left.size = right.size = None
    row.split_row(left, right)
    return row
