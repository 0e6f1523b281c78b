"""Across the border to the engine nothing aborts, panics or hangs, whatever Python hands in."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

CALLS = int(os.environ.get("BOT4_BORDER_CALLS", "24000"))
SEED = int(os.environ.get("BOT4_SEED", "5"))
PROGRAM = Path(__file__).with_name("border.py")
MEMORY_BYTES = 4 * 2**30


def bounded() -> None:
    """What asks for more memory than there is must be told so, not the whole machine."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux alone")
def test_no_call_aborts_panics_or_hangs(tmp_path: Path) -> None:
    print(f"seed {SEED}, {CALLS} calls")
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), str(SEED), str(CALLS), str(tmp_path)],
        capture_output=True,
        check=False,
        text=True,
        timeout=60 + CALLS / 50,
        preexec_fn=bounded,
    )
    last = (tmp_path / "call").read_text(encoding="utf-8", errors="replace").strip()
    assert ran.returncode == 0, f"{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}\nlast: {last}"
    told = json.loads(ran.stdout)
    print(told)
    assert told["calls"] >= CALLS
    assert {"TypeError", "OverflowError", "EngineError", "JournalError"} <= set(told["raised"])
    deep = {"_run", "_bot", "_backtest", "take_records", "on_frame", "history", "status"}
    deep |= {"advance", "records", "run", "report"}
    assert deep <= set(told["returned"])
