"""How long a start takes over a journal of a million records, after kill -9 and once more.

`bot4 run` itself is started, on a SIMULATED market with a strategy that quotes closely, and is
killed some moments after it trades. Timed is from the process's birth until a market event was told
that it had not met before. `as shipped` goes on again and again from its snapshots and what came
after; `without a snapshot` is told every event from the first, each time on a copy of the same
journal. At last the journal is folded from its first record: the hashes of every snapshot, and what
the last run came to, must be those of the records.

    python benches/recovery.py [--json] [--records 1000000] [--starts 50] [--whole 10] [--seed 42]

Exit code 1 where the p99 of either is above 10 s, or hashes differ. The journals are written beside
`target`, as /tmp may be no disk.
"""

import argparse
import json
import math
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot4._engine import JournalFile
from bot4.errors import ConfigError
from bot4.live.telegram import Request, ask

ROOT = Path(__file__).resolve().parents[1]
SUBJECTS = Path(__file__).parent / "subjects"
BOT4 = [sys.executable, "-c", "from bot4.cli import main; raise SystemExit(main())"]
SHIPPED, WHOLE = "as shipped", "without a snapshot"
P99_S_MAX = 10.0
START_S_MAX = 120.0
POLL_S = 0.002
# Killed so long after it trades, at most: often within what a snapshot takes to be written.
LIFE_S_MAX = 0.5

CONFIG = """
[run]
speed = "max"
seed = {seed}
durability = "{durability}"
folder = "{folder}"
[[instrument]]
symbol = "BTCUSDT"
price = 60_000
tick = 0.01
lot = 0.00001
[[strategy]]
file = "{strategy}"
instruments = ["BTCUSDT"]
[risk]
profile = "unleveraged"
"""


@dataclass(frozen=True)
class Row:
    """The starts of one kind, in seconds, and the records of the journal before the first."""

    name: str
    records: int
    starts: tuple[float, ...]

    @property
    def p99(self) -> float:
        """What 99 of 100 starts stay under: of fewer than that many, the slowest."""
        rising = sorted(self.starts)
        return rising[math.ceil(0.99 * len(rising)) - 1]


def configured(folder: Path, name: str, seed: int, durability: str = "block") -> Path:
    """A configuration of its own folder."""
    path = folder / f"{name}.toml"
    strategy, run = SUBJECTS / "busy.py", folder / name
    told = CONFIG.format(seed=seed, durability=durability, folder=run, strategy=strategy)
    path.write_text(told, encoding="utf-8")
    return path


def traded(config: Path, records: int, snapshots: str) -> dict[str, Any]:
    """Let a run write so many records, with snapshots as they are shipped or none; it is gone."""
    command = [sys.executable, str(SUBJECTS / "desk.py"), str(config), str(records), snapshots]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"desk.py failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def started(config: Path, life_s: float) -> float:
    """Start the run, let it trade for so long, kill it; seconds until it traded."""
    folder = config.parent / config.stem
    (folder / "control.sock").unlink(missing_ok=True)
    began = time.perf_counter()
    command = [*BOT4, "run", str(config), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            first = None
            while True:
                events = _events(folder)
                if first is not None and events is not None and events > first:
                    took = time.perf_counter() - began
                    time.sleep(life_s)
                    return took
                first = events if first is None else first
                if process.poll() is not None or time.perf_counter() - began > START_S_MAX:
                    process.kill()
                    raise SystemExit(f"it does not trade:\n{process.communicate()[1].decode()}")
                time.sleep(POLL_S)
        finally:
            process.kill()


def _events(folder: Path) -> int | None:
    """How many market events it was told; None while nobody answers."""
    try:
        return int(ask(folder, Request("status"))["status"]["events"])
    except ConfigError:
        return None


def agrees(config: Path) -> bool:
    """Whether all records fold to what snapshots kept, and to what one more run comes to."""
    command = [*BOT4, "run", str(config), "--json", "--for", "200ms"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"bot4 run failed:\n{done.stderr}")
    told = json.loads(done.stdout)
    journal = JournalFile(str(config.parent / config.stem))
    found = journal.replay()
    journal.close()
    hashes = ("engine_hash", "ledger_hash")
    return found["checked"] > 0 and all(found[name] == told[name] for name in hashes)


def shipped(folder: Path, asked: argparse.Namespace) -> tuple[Row, bool]:
    """Go on from what is there, killed again and again."""
    config = configured(folder, "shipped", asked.seed)
    records = traded(config, asked.records, "keep")["records"]
    dice = random.Random(asked.seed)
    starts = [_said(started(config, dice.uniform(0, LIFE_S_MAX))) for _ in range(asked.starts)]
    return Row(SHIPPED, records, tuple(starts)), agrees(config)


def whole(folder: Path, asked: argparse.Namespace) -> tuple[Row, bool]:
    """Begin from the first record each time."""
    config = configured(folder, "whole", asked.seed)
    records = traded(config, asked.records, "none")["records"]
    run, kept = folder / "whole", folder / "kept"
    run.rename(kept)
    starts = []
    for _ in range(asked.whole):
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(kept, run)
        starts.append(_said(started(config, 0.0)))
    return Row(WHOLE, records, tuple(starts)), agrees(config)


def _said(took_s: float) -> float:
    print(f"  {took_s:.3f} s", file=sys.stderr, flush=True)
    return took_s


def verdicts(rows: Sequence[Row], folds: Sequence[bool]) -> dict[str, bool]:
    """Each limit in words, and whether it was kept."""
    found = {f"{row.name}: p99 at most {P99_S_MAX:g} s": row.p99 <= P99_S_MAX for row in rows}
    words = "{}: the state is the fold of the records, hashes equal"
    return found | {words.format(row.name): one for row, one in zip(rows, folds, strict=True)}


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as text, seconds."""
    lines = [f"{'':<22}{'records':>12}{'starts':>8}{'median':>10}{'p99':>10}{'max':>10}"]
    for row in rows:
        times = statistics.median(row.starts), row.p99, max(row.starts)
        shown = "".join(f"{seconds:>10.3f}" for seconds in times)
        lines.append(f"{row.name:<22}{row.records:>12,}{len(row.starts):>8}{shown}")
    return lines


def main() -> int:
    """Kill, start, measure; print a table or one JSON object; 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--whole", type=int, default=10, help="starts without a snapshot")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--folder", type=Path, default=ROOT / "target")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="recovery-") as folder:
        taken = [part(Path(folder), asked) for part in (shipped, whole)]
    rows, folds = [row for row, _ in taken], [fold for _, fold in taken]
    kept = verdicts(rows, folds)
    if asked.json:
        machine = {"machine": platform.platform(), "python": platform.python_version()}
        told = [{**asdict(row), "p99": row.p99} for row in rows]
        print(json.dumps({**machine, "seed": asked.seed, "rows": told, "kept": kept}))
    else:
        print(f"seconds from birth to trading, SIMULATED market, seed {asked.seed}")
        print("\n".join(table(rows)))
        print("\n".join(f"{'kept' if one else 'BROKEN'}: {words}" for words, one in kept.items()))
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
