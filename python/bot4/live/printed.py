"""What a strategy prints while the screen is up: it goes to the log, line by line."""

import io

from bot4 import logs

_LINE_MAX = 1_000


class Printed(io.TextIOBase):
    """A stream that writes lines to the log. What has no end is cut."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = ""

    def writable(self) -> bool:
        """It is for writing."""
        return not self.closed

    def write(self, text: str) -> int:
        """Log what is whole; keep the rest for its end."""
        *whole, self._begun = (self._begun + text).split("\n")
        for line in whole:
            if line:
                logs.logger("strategy").info("printed", text=line[:_LINE_MAX])
        self._begun = self._begun[:_LINE_MAX]
        return len(text)
