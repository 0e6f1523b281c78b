"""Count the instructions of hot operations: `instructions.py [--write]`, as `make instructions`.

Times depend on the machine's mood, counts do not. benches/src/bin/instructions.rs has an entry an
operation; callgrind counts what is executed inside it. The counts of the last accepted build are in
benches/instructions.toml with the rustc that made them; another rustc makes other code, so its
counts are printed and not compared.

Fails where a count grew by more than 5 % and no line of CHANGELOG.md names its key and the new
count. `--write` takes the counts as the new baseline, under the same condition.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASELINE = Path("benches", "instructions.toml")
GROWTH_MAX = 0.05
APT_SECONDS_MAX = 300
# As shipped, but with its symbols.
BUILD = ("cargo", "build", "--locked", "--profile=bench", "-p=bot4-benches", "--bin=instructions")
HEAD = """\
# Instructions an operation, counted by `make instructions`; written by it with ARGS=--write.
# Only counts of the same rustc and target can be compared.
"""
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.(\d+))?(?![\w.]*\w)")


@dataclass(frozen=True, slots=True)
class Counted:
    """Instructions an operation by key, and the compiler that made the code."""

    rustc: str
    counts: Mapping[str, float]


def judge(now: Counted, before: Counted, changelog: str) -> list[str]:
    """Say what keeps these counts from being accepted; counts of one compiler are expected."""
    found = []
    for key, count in now.counts.items():
        was = before.counts.get(key)
        if was is None:
            found.append(f"{key} has no baseline: run `make instructions ARGS=--write`")
        elif count > was * (1 + GROWTH_MAX) and not announced(key, count, changelog):
            found.append(
                f"{key} grew from {was} to {count} instructions ({count / was - 1:+.1%}): make it "
                "cheaper, or say why in a line of CHANGELOG.md that names the key and the count"
            )
    found += [
        f"{key} is in the baseline and is counted no more: run `make instructions ARGS=--write`"
        for key in before.counts
        if key not in now.counts
    ]
    return found


def announced(key: str, count: float, changelog: str) -> bool:
    """Whether a line names the key and the count, to as many decimals as it is written with."""
    name = re.compile(rf"(?<![\w]){re.escape(key)}(?![\w])")
    return any(
        number[0] == f"{count:.{len(number[1] or '')}f}"
        for line in changelog.splitlines()
        if name.search(line)
        for number in _NUMBER.finditer(line)
    )


def read(text: str) -> Counted:
    """Parse the baseline's file."""
    table = tomllib.loads(text)
    return Counted(table["rustc"], table["counts"])


def written(counted: Counted) -> str:
    """Word a baseline as its file."""
    lines = [f"{key} = {count}" for key, count in counted.counts.items()]
    return "\n".join([f'{HEAD}rustc = "{counted.rustc}"', "", "[counts]", *lines]) + "\n"


def collected(text: str) -> int:
    """Read the total out of callgrind's file."""
    total = re.search(r"^(?:summary|totals):\s*(\d+)", text, re.MULTILINE)
    if total is None:
        raise SystemExit("instructions: callgrind wrote no total")
    return int(total[1])


def valgrind() -> str | None:
    """Find valgrind, or install it where that is ours to do."""
    found = shutil.which("valgrind")
    if found is None and os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "-y", "valgrind"]
        quiet = subprocess.DEVNULL
        try:
            subprocess.run(
                command, check=False, stdout=quiet, stderr=quiet, timeout=APT_SECONDS_MAX
            )
        except subprocess.TimeoutExpired:
            return None
        found = shutil.which("valgrind")
    return found


def compiler() -> str:
    """Name the rustc that builds, and for what."""
    told = _output(["rustc", "--version", "--verbose"])
    host = re.search(r"^host: (\S+)$", told, re.MULTILINE)
    return f"{told.splitlines()[0]} {host[1] if host else ''}".removeprefix("rustc ").strip()


def count(tool: str) -> dict[str, float]:
    """Build the entries as shipped, with symbols, and count each."""
    told = _output([*BUILD, "--message-format=json"])
    made = [json.loads(line).get("executable") for line in told.splitlines()]
    (program,) = [path for path in made if path]
    return {key: _count(tool, program, key) for key in _output([program]).split()}


def _count(tool: str, program: str, key: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "callgrind.out")
        inside = f"--toggle-collect=*counted_{key}*"
        command = [tool, "--tool=callgrind", inside, f"--callgrind-out-file={target}"]
        operations = int(_output([*command, program, key]))
        return round(collected(target.read_text(encoding="utf-8")) / operations, 1)


def _output(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"instructions: {' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def main() -> int:
    """Count, compare, print; 1 where a count grew unannounced."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="take the counts as the baseline")
    asked = parser.parse_args()
    tool = valgrind()
    if tool is None:
        print("instructions: SKIPPED: valgrind is missing: apt-get install valgrind")
        return 0
    now = Counted(compiler(), count(tool))
    path = ROOT / BASELINE
    before = read(path.read_text(encoding="utf-8")) if path.is_file() else Counted(now.rustc, {})
    for key, counted in now.counts.items():
        was = before.counts.get(key)
        print(f"{key:<24}{counted:>12,.1f}" + ("" if was is None else f"   before {was:,.1f}"))
    same = now.rustc == before.rustc
    if not same:
        print(f"instructions: not compared: rustc {now.rustc}, the baseline's {before.rustc}")
    findings = judge(now, before, (ROOT / "CHANGELOG.md").read_text("utf-8")) if same else []
    if asked.write:
        findings = [finding for finding in findings if " grew from " in finding]
    for finding in findings:
        print(f"instructions: {finding}", file=sys.stderr)
    if asked.write and not findings:
        path.write_text(written(now), encoding="utf-8")
        print(f"instructions: wrote {BASELINE}")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
