"""BOT4 beside other backtesters, on the same bars, in one call.

Each subject is a process of its own, so that its peak memory is its own; they run one after the
other, never side by side, each several times. Printed are medians, and ratios to BOT4's expression.
Times are of the run alone, bars already in the subject's own form. Limits are the project's own.

    python benches/compare.py [--json] [--bars 500000] [--repeat 3]
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
SUBJECTS = Path(__file__).parent / "subjects"
OURS = Path(sys.executable)
PEERS = ROOT / ".peers" / "bin" / "python"
SEED = 42
MINUTE_NS = 60_000_000_000
FIRST_NS = 1_672_531_200_000_000_000


@dataclass(frozen=True)
class Subject:
    """A backtester and how to run it: interpreter, script, words for it."""

    name: str
    python: Path
    arguments: tuple[str, ...]
    seconds_max: float | None = None


SUBJECTS_IN_ORDER = (
    Subject("BOT4, expression", OURS, ("ours.py", "expression"), 0.1),
    Subject("BOT4, Python class", OURS, ("ours.py", "class"), 2.0),
    Subject("backtesting.py 0.6.6", PEERS, ("backtesting_py.py",)),
    Subject("vectorbt 1.2.0 (vectorised)", PEERS, ("vectorbt_py.py",)),
)
PEAK_MIB_MAX = 300.0


def walk(bars: int) -> pl.DataFrame:
    """SIMULATED one-minute bars: a seeded geometric walk from 30,000, prices on 0.1."""
    rng = np.random.default_rng(SEED)
    close = np.round(30_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0005, bars))), 1)
    opens = np.concatenate([[30_000.0], close[:-1]])
    up, down = (np.abs(rng.normal(0.0, 0.0003, bars)) for _ in range(2))
    return pl.DataFrame(
        {
            "ts": pl.Series(FIRST_NS + np.arange(bars) * MINUTE_NS).cast(pl.Datetime("ns", "UTC")),
            "open": opens,
            "high": np.round(np.maximum(opens, close) * (1 + up), 1),
            "low": np.round(np.minimum(opens, close) * (1 - down), 1),
            "close": close,
            "volume": np.round(rng.lognormal(2.0, 0.7, bars), 3),
        }
    )


def measure(subject: Subject, path: Path, repeat: int) -> dict[str, object]:
    """Medians over `repeat` processes; trades of the last."""
    rows = []
    for turn in range(repeat):
        print(f"  {subject.name}: {turn + 1} of {repeat}", file=sys.stderr, flush=True)
        script = SUBJECTS / subject.arguments[0]
        command = [str(subject.python), str(script), str(path), *subject.arguments[1:]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{subject.name} failed:\n{done.stderr}")
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    seconds = [row["run_s"] for row in rows]
    return {
        "subject": subject.name,
        "run_s": statistics.median(seconds),
        "run_s_min": min(seconds),
        "run_s_max": max(seconds),
        "peak_mib": statistics.median(row["peak_mib"] for row in rows),
        "trades": rows[-1]["trades"],
        "run_s_limit": subject.seconds_max,
    }


def table(rows: list[dict[str, object]], bars: int) -> str:
    """The rows as text, ratios to the first."""
    first = float(str(rows[0]["run_s"]))
    head = f"{'':<28}{'run s':>9}{'min':>9}{'max':>9}{'ns/bar':>9}{'ratio':>8}{'peak MiB':>10}"
    lines = [f"{bars:,} SIMULATED one-minute bars, seed {SEED}; SMA 10/30, long or flat", head]
    for row in rows:
        seconds = float(str(row["run_s"]))
        lines.append(
            f"{row['subject']:<28}{seconds:>9.3f}{row['run_s_min']:>9.3f}{row['run_s_max']:>9.3f}"
            f"{seconds / bars * 1e9:>9.0f}{seconds / first:>8.1f}{row['peak_mib']:>10.0f}"
            f"   {row['trades']:,} trades"
        )
    for row in rows:
        limit = row["run_s_limit"]
        if limit is not None:
            seconds, peak = float(str(row["run_s"])), float(str(row["peak_mib"]))
            kept = seconds <= float(str(limit)) and peak <= PEAK_MIB_MAX
            lines.append(
                f"{'kept' if kept else 'BROKEN'}: {row['subject']} within {limit} s "
                f"and {PEAK_MIB_MAX:.0f} MiB"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure every subject and print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--bars", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    if not PEERS.is_file():
        raise SystemExit("the peers' environment is missing: run `make peers`")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "WALK-1m.parquet"
        walk(asked.bars).write_parquet(path)
        rows = [measure(subject, path, asked.repeat) for subject in SUBJECTS_IN_ORDER]
    if asked.json:
        machine = {"machine": platform.platform(), "python": platform.python_version()}
        print(json.dumps({**machine, "bars": asked.bars, "seed": SEED, "rows": rows}))
    else:
        print(table(rows, asked.bars))


if __name__ == "__main__":
    main()
