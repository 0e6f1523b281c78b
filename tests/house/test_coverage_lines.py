"""The figures of `make coverage` count product code, once, and fail when it is too little."""

import json
from pathlib import Path

import pytest

import coverage_lines

SOURCE = """fn fee() -> u64 {
    rate() * 2
}

#[cfg(test)]
mod tests {
    fn never() {
        fee();
    }
}
"""


def plant(root: Path, room: str, hits: dict[int, int]) -> str:
    """Write one source file of a room, and what llvm-cov would say of it."""
    path = root / "rust" / room / "src" / "fee.rs"
    path.parent.mkdir(parents=True)
    path.write_text(SOURCE, encoding="utf-8")
    lines = [f"DA:{number},{times}" for number, times in hits.items()]
    return "\n".join([f"SF:{path}", *lines, "end_of_record\n"])


def python_totals(covered: int, counted: int) -> str:
    """Write what coverage.py would say."""
    return json.dumps({"totals": {"covered_lines": covered, "num_statements": counted}})


@pytest.mark.parametrize(
    ("engine", "binding", "python", "passes", "shown"),
    [
        (
            {1: 3, 2: 3},
            {1: 1},
            (98, 100),
            True,
            "100.0 % of lines (engine 100.0 %, journal 0.0 %, desk 0.0 %, binding 100.0 %)",
        ),
        (
            {1: 3, 2: 0},
            {1: 1},
            (98, 100),
            False,
            "66.7 % of lines (engine 50.0 %, journal 0.0 %, desk 0.0 %, binding 100.0 %)",
        ),
        ({1: 3, 2: 3}, {1: 1}, (94, 100), False, "python coverage: 94.0 % of lines"),
        # Lines of tests do not count, run or not.
        (
            {1: 1, 6: 0, 7: 0, 8: 0},
            {1: 1, 7: 5},
            (100, 100),
            True,
            "100.0 % of lines (engine 100.0",
        ),
        # Nothing measured is nothing covered.
        ({}, {}, (100, 100), False, "rust coverage: 0.0 % of lines"),
    ],
)
def test_counts_lines_of_product_code(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    engine: dict[int, int],
    binding: dict[int, int],
    python: tuple[int, int],
    passes: bool,
    shown: str,
) -> None:
    lcov = plant(tmp_path, "engine", engine) + plant(tmp_path, "binding", binding)
    lcov += "SF:/elsewhere/registry/crate/src/lib.rs\nDA:1,0\nend_of_record\n"
    judged = coverage_lines.report(lcov, python_totals(*python), tmp_path, 95.0)
    assert judged is passes
    assert shown in capsys.readouterr().out


def test_names_the_lines_that_never_ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lcov = plant(tmp_path, "engine", {1: 0, 2: 0, 3: 1, 4: 0})
    coverage_lines.report(lcov, python_totals(1, 1), tmp_path, 95.0)
    assert "rust/engine/src/fee.rs: 3 of 4: 1-2, 4" in capsys.readouterr().out


def test_finds_the_test_programs_that_cargo_built() -> None:
    built = {"reason": "compiler-artifact", "profile": {"test": True}, "executable": "/t/engine-1"}
    library = {"reason": "compiler-artifact", "profile": {"test": False}, "executable": None}
    messages = [built, library, {"reason": "build-finished", "success": True}]
    text = "\n".join(json.dumps(message) for message in messages)
    assert coverage_lines.test_binaries(text + "\nwarning: x\n") == ["/t/engine-1"]
