"""BOT4 beside other backtesters, on the same bars, in one call.

Each subject is a process of its own, so that its peak memory is its own; they run one after the
other, never side by side, each several times. Printed are medians, and ratios to BOT4's expression.
Times are of the run alone, bars already in the subject's own form. Limits are the project's own.

    python benches/compare.py [--json] [--bars 500000] [--repeat 3]

Exit code 1 where one of our limits is broken, or where the subjects did not do the same trades.
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
from typing import Any

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
# A trade that is open at the end counts or not, so one is always allowed.
TRADES_DIFFER_MAX = 0.001
WHAT_EACH_DOES = (
    "BOT4 and vectorbt trade all of the equity, backtesting.py one unit; 10 bp fee, next open"
)
WHAT_IS_TIMED = (
    "run: with what it always computes, BOT4's metrics among it; with results: BOT4 set up, run,\n"
    "its summary written, and the frames of equity and trades made; bars are read already"
)


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


def measure(subject: Subject, path: Path, repeat: int) -> dict[str, Any]:
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
    whole = [row["with_results_s"] for row in rows if "with_results_s" in row]
    return {
        "subject": subject.name,
        "run_s": statistics.median(seconds),
        "run_s_min": min(seconds),
        "run_s_max": max(seconds),
        "with_results_s": statistics.median(whole) if whole else None,
        "peak_mib": statistics.median(row["peak_mib"] for row in rows),
        "trades": rows[-1]["trades"],
        "run_s_limit": subject.seconds_max,
    }


def verdicts(rows: list[dict[str, Any]]) -> dict[str, bool]:
    """Each limit in words, and whether it was kept."""
    found = {
        f"{row['subject']} within {row['run_s_limit']} s and {PEAK_MIB_MAX:.0f} MiB": row["run_s"]
        <= row["run_s_limit"]
        and row["peak_mib"] <= PEAK_MIB_MAX
        for row in rows
        if row["run_s_limit"] is not None
    }
    counts = [row["trades"] for row in rows]
    same = max(counts) - min(counts) <= max(1.0, TRADES_DIFFER_MAX * max(counts))
    found[f"numbers of trades within {TRADES_DIFFER_MAX:.1%} of one another"] = same
    return found


def table(rows: list[dict[str, Any]], bars: int) -> str:
    """The rows as text, ratios to the first."""
    first = rows[0]["run_s"]
    head = (
        f"{'':<28}{'run s':>9}{'min':>9}{'max':>9}{'with results s':>16}{'ns/bar':>9}{'ratio':>8}"
        f"{'peak MiB':>10}"
    )
    market = f"{bars:,} SIMULATED one-minute bars, seed {SEED}"
    lines = [f"SMA 10/30, long or flat: {WHAT_EACH_DOES}", f"{market}; {WHAT_IS_TIMED}", head]
    for row in rows:
        seconds, whole = row["run_s"], row["with_results_s"]
        lines.append(
            f"{row['subject']:<28}{seconds:>9.3f}{row['run_s_min']:>9.3f}{row['run_s_max']:>9.3f}"
            f"{'-' if whole is None else f'{whole:.3f}':>16}"
            f"{seconds / bars * 1e9:>9.0f}{seconds / first:>8.1f}{row['peak_mib']:>10.0f}"
            f"   {row['trades']:,} trades"
        )
    lines += [f"{'kept' if kept else 'BROKEN'}: {limit}" for limit, kept in verdicts(rows).items()]
    return "\n".join(lines)


def main() -> int:
    """Measure every subject, print the table or one JSON object; 1 where a limit is broken."""
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
    kept = verdicts(rows)
    if asked.json:
        machine = {"machine": platform.platform(), "python": platform.python_version()}
        print(json.dumps({**machine, "bars": asked.bars, "seed": SEED, "rows": rows, "kept": kept}))
    else:
        print(table(rows, asked.bars))
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
