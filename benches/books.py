"""BOT4's book beside those of others, on the same updates, in one call; and parsers of frames.

Each subject is a process of its own; they run one after the other, never side by side. All are told
the same SIMULATED updates (`bot4._engine.book_updates`), read the touch after each, and must come
to the same sum of touches. Parsers are given the same SIMULATED depth updates of 40 levels
(`bot4._engine.depth_frames`), and must come to the same sum of all numbers in them. Ratios are of
the quickest round of each, which what else the machine did has disturbed least; medians and the
slowest stand beside.

    python benches/books.py [--json] [--seed 42] [--quick]

Exit code 1 where our book is not at least five times ahead of the best, our parser not ahead at all
or slower than 600 ns, or sums differ. A rival that is not there for this Python is a row that says
so.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bot4 import _engine

ROOT = Path(__file__).resolve().parents[1]
SUBJECTS = Path(__file__).parent / "subjects"
RIVALS = ROOT / ".rivals" / "bin" / "python"
UPDATES, UPDATES_QUICK = 1_000_000, 100_000
FRAMES, FRAMES_QUICK = 10_000, 1_000  # as many as `bot4 bench` draws for its key
ABSENT = ("ModuleNotFoundError", "ImportError")


@dataclass(frozen=True)
class Contest:
    """One thing that all do: our key of `bot4 bench`, the scripts of the others, our limits."""

    title: str
    ours: str
    scripts: tuple[str, ...]
    ahead_min: float
    ns_max: float | None = None


BOOKS = Contest(
    "one level of a book set, then the touch read",
    "book_update_ns",
    (
        "book_hftbacktest.py",
        "book_nautilus.py",
        "book_ccxt.py",
        "book_sortedcontainers.py",
        "book_order_book.py",
    ),
    ahead_min=5.0,
)
PARSERS = Contest(
    "one depth update of 40 levels, from bytes to what the parser makes of it (ours: integers)",
    "parse_binance_depth40_ns",
    ("parse_orjson.py", "parse_msgspec.py"),
    ahead_min=1.0,
    ns_max=600.0,
)


@dataclass(frozen=True)
class Row:
    """What one did: nanoseconds of each round, and the sum it came to; or why it is absent."""

    name: str
    version: str
    ns: tuple[float, ...]
    checksum: int | None
    absent: str = ""

    @property
    def least_ns(self) -> float:
        """The round that was disturbed least."""
        return min(self.ns)


def write_updates(path: Path, seed: int, count: int) -> int:
    """Draw the updates and write their arrays; the sum that all must come to."""
    drawn = _engine.book_updates(seed, count)
    arrays = {
        f"{part}_{name}": values
        for part in ("snapshot", "updates")
        for name, values in drawn[part].items()
    }
    np.savez(path, **arrays)
    return int(drawn["checksum"])


def write_frames(path: Path, seed: int, count: int) -> int:
    """Draw the frames and write them, one a line; the sum of the numbers in them."""
    drawn = _engine.depth_frames(seed, count, leaning=False)
    path.write_bytes(b"\n".join(drawn["frames"]))
    return int(drawn["checksum"])


def ours(key: str, seed: int, *, quick: bool) -> Row:
    """What `bot4 bench` says of our part, in a process of its own."""
    _progress("BOT4")
    options = ["--json", "--only", key, "--seed", str(seed), *(["--quick"] if quick else [])]
    program = "from bot4.cli import main; raise SystemExit(main())"
    done = _run([sys.executable, "-c", program, "bench", *options])
    if done.returncode != 0:
        raise SystemExit(f"bot4 bench failed:\n{done.stderr}")
    told = json.loads(done.stdout)
    reading = told[key]
    return Row("BOT4", told["bot4"], tuple(reading["batches"]), reading["checksum"])


def rivals(script: str, given: Path) -> list[Row]:
    """What one rival's script says; one row that says so where the rival is not installed."""
    _progress(script)
    done = _run([str(RIVALS), str(SUBJECTS / script), str(given)])
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        if reason[0].startswith(ABSENT):
            return [Row(script.removesuffix(".py"), "", (), None, f"not here: {reason[0]}")]
        raise SystemExit(f"{script} failed:\n{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    return [
        Row(name, told["version"], tuple(ns), told["checksum"]) for name, ns in told["rows"].items()
    ]


def verdicts(what: Contest, rows: Sequence[Row], checksum: int) -> dict[str, bool]:
    """Each limit in words, and whether it was kept; the first row is ours."""
    first, *others = [row for row in rows if not row.absent]
    sums = {row.checksum for row in (first, *others)}
    found = {f"all come to the sum {checksum}": sums == {checksum}}
    if what.ns_max is not None:
        found[f"at most {what.ns_max:g} ns"] = first.least_ns <= what.ns_max
    if others:
        best = min(others, key=lambda row: row.least_ns)
        words = f"at least {what.ahead_min:g} times ahead of the best, {best.name}"
        found[words] = best.least_ns >= what.ahead_min * first.least_ns
    return found


def table(title: str, rows: Sequence[Row]) -> list[str]:
    """The rows as text, with ratios to ours, which is the first."""
    first_ns = rows[0].least_ns
    lines = [title, f"{'':<40}{'version':>10}{'least':>11}{'median':>11}{'max':>11}{'ratio':>8}"]
    for row in rows:
        if row.absent:
            lines.append(f"{row.name:<40}  {row.absent}")
            continue
        ratio = f"{row.least_ns / first_ns:.1f}"
        times = row.least_ns, statistics.median(row.ns), max(row.ns)
        shown = "".join(f"{ns:>11,.1f}" for ns in times)
        lines.append(f"{row.name:<40}{row.version:>10}{shown}{ratio:>8}")
    return lines


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _progress(name: str) -> None:
    print(f"  {name}", file=sys.stderr, flush=True)


def contest(what: Contest, given: Path, seed: int, *, quick: bool) -> list[Row]:
    """Ours first, then the others."""
    first = ours(what.ours, seed, quick=quick)
    return [first, *(row for script in what.scripts for row in rivals(script, given))]


def main() -> int:
    """Run both contests; print tables or one JSON object; 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--quick", action="store_true", help="a tenth of the updates")
    asked = parser.parse_args()
    if not RIVALS.is_file():
        raise SystemExit("the rivals' environment is missing: run `make rivals`")
    count = UPDATES_QUICK if asked.quick else UPDATES
    frames = FRAMES_QUICK if asked.quick else FRAMES
    with tempfile.TemporaryDirectory() as folder:
        updates, texts = Path(folder) / "updates.npz", Path(folder) / "frames.txt"
        sums = write_updates(updates, asked.seed, count), write_frames(texts, asked.seed, frames)
        books = contest(BOOKS, updates, asked.seed, quick=asked.quick)
        parsers = contest(PARSERS, texts, asked.seed, quick=asked.quick)
    kept = {**verdicts(BOOKS, books, sums[0]), **verdicts(PARSERS, parsers, sums[1])}
    if asked.json:
        machine = {"machine": platform.platform(), "python": platform.python_version()}
        told = {
            "books": [asdict(row) for row in books],
            "parsers": [asdict(row) for row in parsers],
        }
        print(json.dumps({**machine, "updates": count, "seed": asked.seed, **told, "kept": kept}))
    else:
        market = f"{count:,} SIMULATED updates, seed {asked.seed}; nanoseconds an operation"
        print("\n".join([market, *table(BOOKS.title, books)]))
        print("\n".join(table(PARSERS.title, parsers)))
        print("\n".join(f"{'kept' if one else 'BROKEN'}: {words}" for words, one in kept.items()))
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
