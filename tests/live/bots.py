"""A bot in a process of its own, as a shell starts it, and how a test talks to it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot4.errors import ConfigError
from bot4.live.telegram import Request, ask

PROGRAM = [sys.executable, "-c", "from bot4.cli import main; raise SystemExit(main())"]
PATIENCE_S = 30.0

FIRST = """
[run]
speed = {speed}
bar = "1s"
{run}
[[instrument]]
symbol = "BTCUSDT"
price = 60_000
tick = 0.01
lot = 0.00001
[[instrument]]
symbol = "ETHUSDT"
price = 3_000
tick = 0.01
lot = 0.0001
[[strategy]]
name = "sma_cross"
instruments = ["BTCUSDT"]
set = {{ fast = 3, slow = 8 }}
[[strategy]]
{second}
[risk]
profile = "unleveraged"
"""
DONCHIAN = 'name = "donchian_breakout"\ninstruments = ["ETHUSDT"]\nset = { entry = 6, exit = 3 }'


def configured(folder: Path, *, speed: object = 60, run: str = "", second: str = DONCHIAN) -> Path:
    """A configuration of two strategies on two simulated markets."""
    path = folder / "first.toml"
    path.write_text(FIRST.format(speed=speed, run=run, second=second), encoding="utf-8")
    return path


class Bot:
    """A running bot."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder

    def ask(self, command: str, strategy: str | None = None) -> dict[str, Any]:
        """What it answers over its socket."""
        return ask(self.folder, Request(command, strategy))

    def status(self) -> dict[str, Any]:
        """Its status object."""
        return dict(self.ask("status")["status"])

    def until(self, wanted: Any, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """Ask for its status until `wanted` says so of it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                status = self.status()
            except ConfigError:
                status = {}
            if status and wanted(status):
                return status
            if self.process.poll() is not None:
                out, err = self.process.communicate()
                raise AssertionError(f"it ended with {self.process.returncode}: {out}{err}")
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {status}")

    def press(self, *signals: signal.Signals, pause_s: float = 0.2) -> None:
        """Send signals, one after the other."""
        for number, one in enumerate(signals):
            if number:
                time.sleep(pause_s)
            self.process.send_signal(one)

    def end(self, seconds: float = PATIENCE_S) -> tuple[int, str, str]:
        """Wait for its end: code, stdout, stderr."""
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err


@contextmanager
def running(config: Path, *options: str, **environment: str) -> Iterator[Bot]:
    """Start ``bot4 run`` on a configuration, in its folder; it is killed at the end."""
    process = subprocess.Popen(
        [*PROGRAM, "run", str(config), *options],
        cwd=config.parent,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        with process:
            try:
                yield Bot(process, config.parent / ".bot4" / config.stem)
            finally:
                process.kill()
    finally:
        process.wait()


def ran(config: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``bot4 run`` on a configuration to its end."""
    return subprocess.run(
        [*PROGRAM, "run", str(config), *options],
        cwd=config.parent,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def outcome(config: Path, *options: str) -> dict[str, Any]:
    """The object that ``bot4 run --json`` ends with."""
    done = ran(config, "--json", *options)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return dict(json.loads(line))
