"""Names say what a thing is: no drawer called util, helper, manager or data."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rust_source import line_of, product, rust_files

ROOT = Path(__file__).resolve().parents[2]
EMPTY_WORDS = {
    "util", "utils", "utility", "utilities", "helper", "helpers", "misc", "common", "base", "core",
    "manager", "managers", "handler", "handlers", "service", "services", "processor", "processors",
    "wrapper", "wrappers", "data", "info",
}  # fmt: skip
ALLOWED = {
    "DataError": "fixed by the contract of _engine/: market data that cannot be trusted",
}
# The field says "base amount" for what is bought: in a function's name that is the right word.
FIELD_WORDS = {"base"}
_RUST_NAME = re.compile(
    r"\bpub(?:\([a-z :]+\))?\s+(?:const\s+|async\s+|unsafe\s+)*"
    r"(?:fn|struct|enum|trait|type|mod|static|const)\s+(\w+)"
    r"|(?m:^)\s*mod\s+(\w+)"
)
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def empty_names(root: Path) -> list[str]:
    """Find modules, and public classes and functions of product code, whose name says nothing."""
    found = []
    for path, line, name in _names(root):
        parts = {part.lower() for part in _PART.findall(name)}
        speaks_of_the_field = name.islower() and name not in _module_parts(path)
        empty = parts & (EMPTY_WORDS - FIELD_WORDS if speaks_of_the_field else EMPTY_WORDS)
        if empty and name not in ALLOWED:
            where = path.relative_to(root).as_posix()
            found.append(f"{where}:{line}: '{name}' says nothing by '{', '.join(sorted(empty))}'")
    return found


def _names(root: Path) -> Iterator[tuple[Path, int, str]]:
    for folder in ("python/bot4", "scripts", "tests", "examples", "benches"):
        for path in sorted((root / folder).rglob("*.py*")):
            if path.suffix in {".py", ".pyi"}:
                yield from _python_names(path, product_code=folder in {"python/bot4", "scripts"})
    for path in rust_files(root / "rust") if (root / "rust").is_dir() else []:
        yield from ((path, 1, part) for part in _module_parts(path))
        code = product(path.read_text(encoding="utf-8"))
        for match in _RUST_NAME.finditer(code):
            yield path, line_of(code, match.start()), match[1] or match[2]


def _module_parts(path: Path) -> list[str]:
    """Name the module a file is; a package speaks through its folder."""
    return [path.parent.name if path.stem in {"__init__", "mod", "lib"} else path.stem]


def _python_names(path: Path, *, product_code: bool) -> Iterator[tuple[Path, int, str]]:
    yield from ((path, 1, part) for part in _module_parts(path))
    if not product_code:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
            ):
                if not name.startswith("_"):
                    yield path, node.lineno, name
            case _:
                continue


def check(root: Path, name: str, text: str, words: list[str]) -> None:
    """Plant one file: each finding contains its words, and there are no others."""
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    found = empty_names(root)
    assert len(found) == len(words), found
    for finding, word in zip(found, words, strict=True):
        assert word in finding


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("python/bot4/utils.py", "", ["'utils' says nothing by 'utils'"]),
        ("python/bot4/common/__init__.py", "", ["'common' says nothing"]),
        ("tests/engine/helpers.py", "", ["'helpers' says nothing"]),
        ("python/bot4/a.py", "\nclass OrderManager:\n    x = 1\n", [":2: 'OrderManager'"]),
        ("python/bot4/a.py", "class A:\n    def process_data(self): return self\n", [":2: 'proc"]),
        ("rust/engine/src/core.rs", "", ["'core' says nothing"]),
        ("rust/engine/src/a.rs", "pub struct FillHandler;\n", [":1: 'FillHandler'"]),
        ("rust/engine/src/a.rs", "pub(crate) const fn core_info() {}\n", ["'core, info'"]),
        (
            "rust/engine/src/a.rs",
            "pub fn base_amount() {}\npub struct BaseOrder;\n",
            [":2: 'BaseO"],
        ),
        ("rust/engine/src/base_order.rs", "", ["'base_order' says"]),
        ("rust/engine/src/a.rs", "// pub struct Manager;\nfn data() {}\n", []),
        ("python/bot4/a.py", "class DataError(Exception):\n    x = 1\n", []),
        ("python/bot4/a.py", "def rebased(): ...\ndef database(): ...\ndef _data(): ...\n", []),
    ],
)
def test_fires_on_a_planted_name(tmp_path: Path, name: str, text: str, words: list[str]) -> None:
    check(tmp_path, name, text, words)


def test_the_real_tree_has_names_that_speak() -> None:
    assert len(list(_names(ROOT))) > 100
    assert empty_names(ROOT) == []


def test_every_exception_is_used_and_has_a_reason() -> None:
    names = {name for _, _, name in _names(ROOT)}
    assert set(ALLOWED) <= names
    assert all(ALLOWED.values())
