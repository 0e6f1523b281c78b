"""Read what llvm-cov and coverage.py measured, and judge it.

`binaries ARTIFACTS` names the test programs that cargo built; `report LCOV JSON MIN` prints one
line a language and exits with 1 when one is under MIN. Rust's own test code (`#[cfg(test)]`) is
left out: it always runs, and would make the share look better than it is.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rust_source import blank, test_regions

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("engine", "journal", "desk", "binding")


@dataclass(frozen=True, slots=True)
class Lines:
    """How many lines can run, and how many did."""

    covered: int
    counted: int

    def __add__(self, other: "Lines") -> "Lines":
        """Put two counts together."""
        return Lines(self.covered + other.covered, self.counted + other.counted)

    @property
    def percent(self) -> float:
        """Share of the lines that ran; no lines at all is none covered."""
        return 100.0 * self.covered / self.counted if self.counted else 0.0


def test_binaries(artifacts: str) -> list[str]:
    """List the test programs in the messages of `cargo test --message-format=json`."""
    messages = (json.loads(line) for line in artifacts.splitlines() if line.startswith("{"))
    built = (message for message in messages if message.get("reason") == "compiler-artifact")
    return [b["executable"] for b in built if b["profile"]["test"] and b.get("executable")]


def rust_lines(lcov: str, root: Path) -> dict[Path, dict[int, int]]:
    """Read how often each line of product code ran, by file."""
    hits: dict[Path, dict[int, int]] = {}
    path = Path()
    for line in lcov.splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            path = Path(rest)
        elif kind == "DA" and path.is_relative_to(root / "rust"):
            number, _, count = rest.partition(",")
            hits.setdefault(path, {})[int(number)] = int(float(count.partition(",")[0]))
    for file, lines in hits.items():
        for test_line in _test_lines(file):
            lines.pop(test_line, None)
    return hits


def _test_lines(path: Path) -> Iterator[int]:
    code = blank(path.read_text(encoding="utf-8"))
    for start, end in test_regions(code):
        yield from range(code.count("\n", 0, start) + 1, code.count("\n", 0, end) + 2)


def count(hits: dict[Path, dict[int, int]], folder: Path) -> Lines:
    """Count the lines below `folder`."""
    files = [lines for path, lines in hits.items() if path.is_relative_to(folder)]
    return Lines(
        sum(1 for lines in files for times in lines.values() if times),
        sum(len(lines) for lines in files),
    )


def report(lcov: str, python: str, root: Path, percent_min: float) -> bool:
    """Print the files with uncovered lines and one line a language; tell whether all suffice."""
    hits = rust_lines(lcov, root)
    for path, lines in sorted(hits.items()):
        missed = [number for number, times in sorted(lines.items()) if not times]
        if missed:
            print(f"  {path.relative_to(root)}: {len(missed)} of {len(lines)}: {spans(missed)}")
    rooms = {room: count(hits, root / "rust" / room / "src") for room in ROOMS}
    rust = sum(rooms.values(), Lines(0, 0))
    totals = json.loads(python)["totals"]
    ours = Lines(totals["covered_lines"], totals["num_statements"])
    each = ", ".join(f"{room} {lines.percent:.1f} %" for room, lines in rooms.items())
    print(f"rust coverage: {rust.percent:.1f} % of lines ({each})")
    print(f"python coverage: {ours.percent:.1f} % of lines")
    return min(rust.percent, ours.percent) >= percent_min


def spans(numbers: list[int]) -> str:
    """Write neighbouring numbers as one span: 3-5, 9."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(str(end) for end in part) for part in parts)


def main(arguments: list[str]) -> int:
    """Do what the first word says."""
    match arguments:
        case ["binaries", artifacts]:
            print("\n".join(test_binaries(Path(artifacts).read_text(encoding="utf-8"))))
            return 0
        case ["report", lcov, python, percent_min]:
            texts = (Path(lcov).read_text(encoding="utf-8"), Path(python).read_text("utf-8"))
            if report(*texts, ROOT, float(percent_min)):
                return 0
            print(f"coverage: under {percent_min} %", file=sys.stderr)
            return 1
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
