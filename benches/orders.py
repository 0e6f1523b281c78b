"""Orders submitted and cancelled in BOT4's backtest beside nautilus_trader's, in one call.

Each subject is a process of its own; they run one after the other, never side by side. A Python
strategy submits one resting limit order at each step of a SIMULATED market that stands still, and
cancels that of the step before; every order must have been accepted, and cancelled. Ours has all
limits of risk on; the other is run with its risk engine on and bypassed. Timed are the runs alone,
and ratios are of the quickest round of each.

    python benches/orders.py [--json] [--orders 100000] [--quick]

Exit code 1 where ours is not at least ten times ahead of the best, or orders went missing. A rival
that is not there for this Python is a row that says so.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUBJECTS = Path(__file__).parent / "subjects"
RIVALS = ROOT / ".rivals" / "bin" / "python"
ORDERS, ORDERS_QUICK = 100_000, 10_000
AHEAD_MIN = 10.0
ABSENT = ("ModuleNotFoundError", "ImportError")


@dataclass(frozen=True)
class Subject:
    """Whose engine, and how it is run."""

    name: str
    python: Path
    script: str
    more: tuple[str, ...] = ()


IN_ORDER = (
    Subject("BOT4, all limits", Path(sys.executable), "orders_ours.py"),
    Subject("nautilus_trader, risk on", RIVALS, "orders_nautilus.py", ("on",)),
    Subject("nautilus_trader, risk bypassed", RIVALS, "orders_nautilus.py", ("off",)),
)


@dataclass(frozen=True)
class Row:
    """What one did: seconds of each round, what became of its orders; or why it is absent."""

    name: str
    version: str
    seconds: tuple[float, ...]
    sent: int = 0
    accepted: int = 0
    canceled: int = 0
    absent: str = ""

    @property
    def least_s(self) -> float:
        """The round that was disturbed least."""
        return min(self.seconds)


def taken(subject: Subject, orders: int) -> Row:
    """What a subject says; a row that says so where it is not installed."""
    print(f"  {subject.name}", file=sys.stderr, flush=True)
    command = [str(subject.python), str(SUBJECTS / subject.script), str(orders), *subject.more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        if reason[0].startswith(ABSENT):
            return Row(subject.name, "", (), absent=f"not here: {reason[0]}")
        raise SystemExit(f"{subject.script} failed:\n{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Row(subject.name, **{**told, "seconds": tuple(told["seconds"])})


def verdicts(rows: Sequence[Row], orders: int) -> dict[str, bool]:
    """Each limit in words, and whether it was kept; the first row is ours."""
    first, *others = [row for row in rows if not row.absent]
    found = {(row.sent, row.accepted, row.canceled) for row in (first, *others)}
    kept = {f"all {orders:,} were accepted and cancelled": found == {(orders,) * 3}}
    if others:
        best = min(others, key=lambda row: row.least_s)
        words = f"at least {AHEAD_MIN:g} times ahead of the best, {best.name}"
        kept[words] = best.least_s >= AHEAD_MIN * first.least_s
    return kept


def table(rows: Sequence[Row], orders: int) -> list[str]:
    """The rows as text, with ratios to ours, which is the first."""
    lines = [
        f"{'':<32}{'version':>10}{'orders/s':>12}{'least µs':>10}{'median µs':>11}{'ratio':>8}"
    ]
    for row in rows:
        if row.absent:
            lines.append(f"{row.name:<32}  {row.absent}")
            continue
        each = [seconds / orders * 1e6 for seconds in (row.least_s, statistics.median(row.seconds))]
        rate, ratio = orders / row.least_s, row.least_s / rows[0].least_s
        shown = f"{rate:>12,.0f}{each[0]:>10,.2f}{each[1]:>11,.2f}{ratio:>8.1f}"
        lines.append(f"{row.name:<32}{row.version:>10}{shown}")
    return lines


def main() -> int:
    """Run all; print a table or one JSON object; 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--orders", type=int, default=None)
    parser.add_argument("--quick", action="store_true", help="a tenth of the orders")
    asked = parser.parse_args()
    if not RIVALS.is_file():
        raise SystemExit("the rivals' environment is missing: run `make rivals`")
    orders = asked.orders or (ORDERS_QUICK if asked.quick else ORDERS)
    rows = [taken(subject, orders) for subject in IN_ORDER]
    kept = verdicts(rows, orders)
    if asked.json:
        machine = {"machine": platform.platform(), "python": platform.python_version()}
        told = {"orders": orders, "rows": [asdict(row) for row in rows], "kept": kept}
        print(json.dumps({**machine, **told}))
    else:
        print(f"{orders:,} orders submitted and cancelled, SIMULATED market; one order")
        print("\n".join(table(rows, orders)))
        print("\n".join(f"{'kept' if one else 'BROKEN'}: {words}" for words, one in kept.items()))
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
