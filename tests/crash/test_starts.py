"""A start after kill -9 is quick, and stays so however often a run is killed."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bot4._engine import JournalFile
from live.bots import Bot, configured, outcome

# As shipped, but a snapshot is due after so many market events already.
EVENTS_MAX = 10_000
PROGRAM = (
    "from bot4.live import trading\n"
    "trading.SNAPSHOT_EVENTS_MAX = {events_max}\n"
    "from bot4.cli import main\n"
    "raise SystemExit(main())"
)
START_S_MAX = 10.0


def killed(config: Path, events: int, events_max: int = 10**9) -> float:
    """Let a run tell so many events from its start on, and kill it: seconds until it traded."""
    folder = config.parent / ".bot4" / config.stem
    (folder / "control.sock").unlink(missing_ok=True)
    command = [sys.executable, "-c", PROGRAM.format(events_max=events_max), "run", str(config)]
    began = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=config.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        bot = Bot(process, folder)
        first = int(bot.until(lambda status: True)["events"])
        bot.until(lambda status: status["events"] > first)
        took_s = time.monotonic() - began
        bot.until(lambda status: status["events"] >= first + events)
        process.kill()
    return took_s


def replayed(config: Path) -> dict[str, Any]:
    journal = JournalFile(str(config.parent / ".bot4" / config.stem))
    found = journal.replay()
    journal.close()
    return found


def test_a_run_killed_before_its_snapshot_is_due_keeps_one_at_its_next_start(
    tmp_path: Path,
) -> None:
    config = configured(tmp_path, speed=1_000)
    killed(config, EVENTS_MAX)
    assert replayed(config)["checked"] == 0
    # What it meets again is as long a way back as what is new.
    killed(config, 1, EVENTS_MAX)
    assert replayed(config)["checked"] == 1


def test_starts_after_a_kill_are_quick_and_lead_to_what_the_records_say(tmp_path: Path) -> None:
    config = configured(tmp_path, speed=2_000)
    starts = [killed(config, 2_000, EVENTS_MAX) for _ in range(5)]
    told = outcome(config, "--for", "300ms")
    found = replayed(config)
    assert max(starts) < START_S_MAX, starts
    assert found["checked"] >= 1
    assert (found["engine_hash"], found["ledger_hash"]) == (
        told["engine_hash"],
        told["ledger_hash"],
    )
