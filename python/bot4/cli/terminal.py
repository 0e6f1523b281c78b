"""The terminal: how a line gets there, and what is kept off it."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import polars as pl
import typer

STDERR = 2
# Exit codes: a fault of ours or no way to print, something the user can mend, Ctrl-C.
FAULT, USER, INTERRUPTED = 1, 2, 130


def open_to_any_language() -> None:
    """A character that the terminal's encoding lacks is escaped, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say_error(message: str) -> None:
    """One line on stderr, whatever the message holds; quiet where there is no stderr."""
    text = message.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    with suppress(OSError):
        typer.echo(f"error: {line}", err=True)


def fault_words(error: BaseException) -> str:
    """What is said of an error that is nobody's mistake but ours."""
    return f"a fault in BOT4: {type(error).__name__}: {error} (--debug shows where)"


def drop_output() -> None:
    """Let what is still to be written to stdout, also when Python ends, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def panics_kept_off() -> Iterator[None]:
    """Hold stderr back, and let it out at the end: but not what Polars printed when it panicked.

    A panic prints from Rust, below Python's own stderr, before anybody can catch it.
    """
    try:
        kept = os.dup(STDERR)
    except OSError:  # there is none
        yield
        return
    with tempfile.TemporaryFile() as waiting:
        os.dup2(waiting.fileno(), STDERR)
        panicked = False
        try:
            yield
        except Exception as error:
            panicked = isinstance(error.__cause__, pl.exceptions.PanicException)
            raise
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)
            waiting.seek(0)
            if held := b"" if panicked else waiting.read():
                os.write(STDERR, held)
