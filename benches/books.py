"""BOT4's book beside those of others, on the same updates, in one call; and parsers of frames.

Each subject is a process of its own; they run one after the other, never side by side. All are told
the same SIMULATED updates (`bot4._engine.book_updates`), read the touch after each, and must come
to the same sum of touches. Ratios are of the quickest round of each, which what else the machine
did has disturbed least; medians and the slowest stand beside.

    python benches/books.py [--json] [--seed 42] [--quick]

Exit code 1 where ours is not at least five times ahead of the best, or sums differ. A rival that
is not there for this Python is a row that says so.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bot4 import _engine

ROOT = Path(__file__).resolve().parents[1]
SUBJECTS = Path(__file__).parent / "subjects"
RIVALS = ROOT / ".rivals" / "bin" / "python"
UPDATES, UPDATES_QUICK = 1_000_000, 100_000
AHEAD_MIN = 5.0
LAST_UPDATE_ID = 160
ABSENT = ("ModuleNotFoundError", "ImportError")


@dataclass(frozen=True)
class Contest:
    """One thing that all do: our key of `bot4 bench`, and the scripts of the others."""

    title: str
    ours: str | None
    scripts: tuple[str, ...]


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
)
PARSERS = Contest(
    "one depth update of 40 levels, from bytes to what the parser makes of it",
    None,
    ("parse_orjson.py", "parse_msgspec.py"),
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


def write_frame(path: Path, seed: int) -> None:
    """SIMULATED: one depth update as Binance words it, 20 bids and 20 asks."""
    sizes = np.random.default_rng(seed).integers(1, 5_000_000, size=(2, 20)) / 1_000
    sides = [
        [[f"{first + away * step:.2f}", f"{size:.8f}"] for away, size in enumerate(row)]
        for first, step, row in zip((30_000.0, 30_000.1), (-0.1, 0.1), sizes, strict=True)
    ]
    head = {"e": "depthUpdate", "E": 1672515782136, "s": "BTCUSDT", "U": 157, "u": LAST_UPDATE_ID}
    frame = {**head, "b": sides[0], "a": sides[1]}
    path.write_text(json.dumps(frame, separators=(",", ":")), encoding="utf-8")


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


def verdicts(rows: Sequence[Row], checksum: int) -> dict[str, bool]:
    """Each limit in words, and whether it was kept; the first row is ours."""
    first, *others = [row for row in rows if not row.absent]
    sums = {row.checksum for row in (first, *others)}
    found = {f"all come to the sum {checksum}": sums == {checksum}}
    if others:
        best = min(others, key=lambda row: row.least_ns)
        words = f"at least {AHEAD_MIN:g} times ahead of the best, {best.name}"
        found[words] = best.least_ns >= AHEAD_MIN * first.least_ns
    return found


def table(title: str, rows: Iterable[Row], first_ns: float | None) -> list[str]:
    """The rows as text, with ratios to ours where ours is among them."""
    lines = [title, f"{'':<40}{'version':>10}{'least':>11}{'median':>11}{'max':>11}{'ratio':>8}"]
    for row in rows:
        if row.absent:
            lines.append(f"{row.name:<40}  {row.absent}")
            continue
        ratio = "-" if first_ns is None else f"{row.least_ns / first_ns:.1f}"
        lines.append(
            f"{row.name:<40}{row.version:>10}{row.least_ns:>11,.1f}"
            f"{statistics.median(row.ns):>11,.1f}"
            f"{max(row.ns):>11,.1f}{ratio:>8}"
        )
    return lines


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _progress(name: str) -> None:
    print(f"  {name}", file=sys.stderr, flush=True)


def contest(what: Contest, given: Path, seed: int, *, quick: bool) -> list[Row]:
    """Ours first, where we take part, then the others."""
    first = [] if what.ours is None else [ours(what.ours, seed, quick=quick)]
    return [*first, *(row for script in what.scripts for row in rivals(script, given))]


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
    with tempfile.TemporaryDirectory() as folder:
        updates, frame = Path(folder) / "updates.npz", Path(folder) / "frame.json"
        checksum = write_updates(updates, asked.seed, count)
        write_frame(frame, asked.seed)
        books = contest(BOOKS, updates, asked.seed, quick=asked.quick)
        parsers = contest(PARSERS, frame, asked.seed, quick=asked.quick)
    kept = verdicts(books, checksum)
    if asked.json:
        machine = {"machine": platform.platform(), "python": platform.python_version()}
        told = {
            "books": [asdict(row) for row in books],
            "parsers": [asdict(row) for row in parsers],
        }
        print(json.dumps({**machine, "updates": count, "seed": asked.seed, **told, "kept": kept}))
    else:
        market = f"{count:,} SIMULATED updates, seed {asked.seed}; nanoseconds an operation"
        print("\n".join([market, *table(BOOKS.title, books, books[0].least_ns)]))
        print("\n".join(table(PARSERS.title, parsers, None)))
        print("\n".join(f"{'kept' if one else 'BROKEN'}: {words}" for words, one in kept.items()))
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
