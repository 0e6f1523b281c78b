"""Find what pretends to be done: `validate_no_fakes.py [ROOT]` prints `file:line: rule: words`.

Product code is rust/*/src, python/bot4 and scripts; tests are tests/ and Rust's own. What is right
although a rule finds it stands in no_fakes_allowed.toml with its exact line and its reason; an
entry that finds nothing any more is a finding itself.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fakes_in_python
import fakes_in_rust
from finding import Finding
from rust_source import rust_files

ALLOWANCES = Path("scripts", "no_fakes_allowed.toml")
_WORDS = re.compile(
    r"(?<![A-Za-z])(todo|fixme|hack|stub|stubbed|placeholder|placeholders|dummy|fake|faked|mocked"
    r"|not (?:yet )?implemented|would go here|in a real implementation)(?![A-Za-z])|\bXXX\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """One line that a rule finds and that is right."""

    path: str
    rule: str
    line: str
    reason: str


def product_files(root: Path) -> list[Path]:
    """Name the files that ship or judge what ships."""
    rust = [path for crate in sorted(root.glob("rust/*/src")) for path in rust_files(crate)]
    python = sorted(root.glob("python/bot4/**/*.py")) + sorted(root.glob("scripts/**/*.py"))
    return [*rust, *python, *sorted(root.glob("scripts/**/*.sh"))]


def findings(root: Path) -> list[Finding]:
    """Collect what breaks a rule and is not allowed, in the order of files and lines."""
    allowances = _allowances(root)
    used: set[Allowance] = set()
    kept: list[Finding] = []
    for finding in sorted(set(_all(root))):
        allowance = _allowed(finding, root, allowances)
        if allowance is None:
            kept.append(finding)
        else:
            used.add(allowance)
    stale = [allowance for allowance in allowances if allowance not in used]
    kept += [Finding(root / ALLOWANCES, 1, "stale-allowance", f"{a.path}: {a.line}") for a in stale]
    kept += [
        Finding(root / ALLOWANCES, 1, "allowance-without-reason", f"{a.path}: {a.line}")
        for a in allowances
        if not a.reason.strip()
    ]
    return kept


def _all(root: Path) -> Iterator[Finding]:
    for path in product_files(root):
        yield from _words(path)
        if path.suffix == ".py":
            yield from fakes_in_python.in_product(path)
        elif path.suffix == ".rs" and path.stem != "tests":
            yield from fakes_in_rust.in_product(path)
    yield from fakes_in_python.in_tests(sorted(root.glob("tests/**/*.py")))
    yield from fakes_in_rust.in_tests(rust_files(root / "rust") if (root / "rust").is_dir() else [])


def _words(path: Path) -> Iterator[Finding]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        for match in _WORDS.finditer(line):
            yield Finding(path, number, "unfinished-word", f"'{match[0]}'")


def _allowances(root: Path) -> list[Allowance]:
    if not (root / ALLOWANCES).exists():
        return []
    written = tomllib.loads((root / ALLOWANCES).read_text(encoding="utf-8"))
    return [Allowance(**entry) for entry in written.get("allowed", [])]


def _allowed(finding: Finding, root: Path, allowances: list[Allowance]) -> Allowance | None:
    path = finding.path.relative_to(root).as_posix()
    line = finding.path.read_text(encoding="utf-8").splitlines()[finding.line - 1].strip()
    for allowance in allowances:
        if (allowance.path, allowance.rule, allowance.line) == (path, finding.rule, line):
            return allowance
    return None


def main(arguments: list[str]) -> int:
    """Print what was found; 1 when anything was."""
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    found = findings(root)
    for finding in found:
        print(finding.show(root))
    if found:
        print(
            f"no fakes: {len(found)} found; mend them, or allow them with a reason in {ALLOWANCES}"
        )
        return 1
    print(f"no fakes: {len(product_files(root))} files of product code are clean")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
