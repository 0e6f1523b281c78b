"""A progress bar on stderr, for people who wait. It never touches stdout."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

# False: none. True: on a terminal, once a run takes longer than `PATIENCE_S`. "always": at once.
Progress = bool | Literal["always"]

PATIENCE_S = 0.5


@contextmanager
def progress_bar(total: int, progress: Progress) -> Iterator[Callable[[int], None]]:
    """Give a function to call with the number of bars done. The bar is gone at the end."""
    forced = progress == "always"
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    if not progress or not (forced or on_terminal):
        yield lambda _done: None
        return
    started = time.monotonic()
    shown: list[RichProgress] = []

    def show(done: int) -> None:
        if not shown and (forced or time.monotonic() - started > PATIENCE_S):
            shown.append(_start(total))
        for bar in shown:
            bar.update(bar.task_ids[0], completed=done)

    try:
        yield show
    finally:
        for bar in shown:
            bar.stop()


def _start(total: int) -> "RichProgress":
    from rich import progress as rich  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415 - `import bot4` stays quick

    bar = rich.Progress(
        rich.TextColumn("backtest"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("bars"),
        rich.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task("backtest", total=total)
    bar.start()
    return bar
