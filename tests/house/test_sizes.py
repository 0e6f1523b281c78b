"""A file is short or says why, a function fits a screen, a line ends by column 100."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 800
# Past this a file says in its head why it is long: a line that contains EXPLANATION.
FILE_LINES_PLAIN_MAX = 500
EXPLANATION = "Long because"
HEAD_LINES = 20
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
FOLDERS = ("rust", "python", "scripts", "tests", "benches", "examples")
KINDS = (".rs", ".py", ".pyi", ".sh")


def sources(root: Path) -> Iterator[Path]:
    """Walk what people write, not what tools make."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in KINDS and "target" not in path.relative_to(root).parts:
                yield path


def oversized(root: Path) -> list[str]:
    """Find what is longer or wider than the house allows."""
    found = []
    for path in sources(root):
        where = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        if len(lines) > FILE_LINES_MAX:
            found.append(f"{where}: {len(lines)} lines, at most {FILE_LINES_MAX}")
        elif len(lines) > FILE_LINES_PLAIN_MAX and EXPLANATION not in "\n".join(lines[:HEAD_LINES]):
            found.append(f"{where}: {len(lines)} lines and no '{EXPLANATION} ...' in its head")
        found += [
            f"{where}:{number}: {len(line)} columns, at most {COLUMNS_MAX}"
            for number, line in enumerate(lines, start=1)
            if len(line) > COLUMNS_MAX
        ]
        if path.suffix == ".py":
            found += [f"{where}:{words}" for words in _long_functions(text)]
    return found


def _long_functions(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.lineno}: {node.name} has {lines} lines, at most {FUNCTION_LINES_MAX}"


def check(root: Path, name: str, text: str, words: list[str]) -> None:
    """Plant one file: each finding contains its words, and there are no others."""
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    found = oversized(root)
    assert len(found) == len(words), found
    for finding, word in zip(found, words, strict=True):
        assert word in finding


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("rust/engine/src/a.rs", "//\n" * 801, ["a.rs: 801 lines, at most 800"]),
        ("rust/engine/src/a.rs", "//\n" * 501, ["a.rs: 501 lines and no"]),
        ("rust/engine/src/a.rs", "//! Long because: one table.\n" + "//\n" * 501, []),
        ("python/bot4/a.py", "X = 1\n# " + "x" * 99 + "\n", ["a.py:2: 101 columns"]),
        ("python/bot4/a.py", "# " + "é" * 98 + "\n", []),
        ("tests/a.py", "def long():\n" + "    print()\n" * 70, ["a.py:1: long has 71 lines"]),
        ("tests/a.py", "def fits():\n" + "    print()\n" * 69, []),
    ],
)
def test_fires_on_a_planted_file(tmp_path: Path, name: str, text: str, words: list[str]) -> None:
    check(tmp_path, name, text, words)


def test_the_real_tree_keeps_its_sizes() -> None:
    assert len(list(sources(ROOT))) > 30
    assert oversized(ROOT) == []
