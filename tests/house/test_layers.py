"""Imports point one way: up the list in lib.rs, and down the layers in pyproject.toml."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rust_source import closing, line_of, product, rust_files

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Path("rust", "engine", "src", "lib.rs")
_MODULE = re.compile(
    r"^\s*pub(?:\([a-z ]+\))?\s+mod\s+(\w+)\s*[;{]|^mod\s+(\w+)\s*[;{]", re.MULTILINE
)
_CRATE = re.compile(r"\bcrate\s*::\s*(?:(\w+)(\s*!)?|\{)")
_SUPER = re.compile(r"(?<![\w:])((?:super\s*::\s*)+)(\w+)")


def module_order(root: Path) -> list[str]:
    """Read the table of contents: the modules of the engine in the order of lib.rs."""
    text = product((root / LIBRARY).read_text(encoding="utf-8"))
    return [match[1] or match[2] for match in _MODULE.finditer(text)]


def upward_imports(root: Path) -> list[str]:
    """Find each path to a module that comes later in lib.rs than the one it stands in."""
    order = module_order(root)
    source = (root / LIBRARY).parent
    found = []
    for path in rust_files(source):
        if path == root / LIBRARY:
            continue
        inside = path.relative_to(source).parts
        module = inside[0].removesuffix(".rs")
        where = path.relative_to(root).as_posix()
        if module not in order:
            found.append(f"{where}: module '{module}' is not in lib.rs")
            continue
        code = product(path.read_text(encoding="utf-8"))
        for offset, name in sorted(_roots(code, _depth(inside))):
            line = line_of(code, offset)
            if name not in order:
                found.append(
                    f"{where}:{line}: crate::{name} is no module of lib.rs: name its module"
                )
            elif order.index(name) > order.index(module):
                found.append(f"{where}:{line}: {module} must not know {name}, which comes later")
    return found


def _depth(inside: tuple[str, ...]) -> int:
    """Count how many `super::` lead from a file to the crate."""
    return len(inside) - 1 if inside[-1] == "mod.rs" else len(inside)


def _roots(code: str, depth: int) -> Iterator[tuple[int, str]]:
    """Walk the names that follow `crate::`, also in groups, and as many `super::` as lead there."""
    for match in _CRATE.finditer(code):
        if match[1]:
            if not match[2]:
                yield match.start(), match[1]
        else:
            opener = match.end() - 1
            yield from _group(code, opener)
    for match in _SUPER.finditer(code):
        if match[1].count("super") == depth:
            yield match.start(), match[2]


def _group(code: str, opener: int) -> Iterator[tuple[int, str]]:
    start = opener + 1
    end = closing(code, opener)
    while start < end:
        match = re.compile(r"\s*(\w+)").match(code, start)
        if match:
            yield match.start(1), match[1]
        offset = start
        while offset < end and code[offset] != ",":
            offset = closing(code, offset) + 1 if code[offset] == "{" else offset + 1
        start = offset + 1


def check(root: Path, files: dict[str, str], words: list[str]) -> None:
    """Plant an engine: each finding contains its words, and there are no others."""
    for name, text in {
        "lib.rs": "pub mod units;\npub mod risk;\npub mod order;\n",
        **files,
    }.items():
        path = root / LIBRARY.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = upward_imports(root)
    assert len(found) == len(words), found
    for finding, word in zip(found, words, strict=True):
        assert word in finding


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"risk.rs": "use crate::order::Order;\n"}, ["risk.rs:1: risk must not know order"]),
        ({"units.rs": "fn a() -> u8 {\n    crate::risk::b()\n}\n"}, ["units.rs:2: units"]),
        ({"units.rs": "use crate::{\n    risk::{A, B},\n    order::C,\n};\n"}, [":2: ", ":3: "]),
        ({"risk/limits.rs": "use crate::order::Order;\n"}, ["risk/limits.rs:1: risk must"]),
        ({"risk/mod.rs": "use super::order::Order;\n"}, ["risk/mod.rs:1: risk must not"]),
        ({"risk/limits.rs": "use super::super::order::Order;\n"}, ["risk/limits.rs:1: risk"]),
        ({"risk.rs": "use crate::Price;\n"}, ["crate::Price is no module of lib.rs"]),
        ({"live.rs": "pub fn a() {}\n"}, ["module 'live' is not in lib.rs"]),
    ],
)
def test_fires_on_a_planted_import(tmp_path: Path, files: dict[str, str], words: list[str]) -> None:
    check(tmp_path, files, words)


@pytest.mark.parametrize(
    "files",
    [
        {"order.rs": "use crate::risk::Approved;\nuse crate::{risk, units::{self, Price}};\n"},
        {"risk/limits.rs": "use super::Verdict;\nuse crate::risk::Profile;\n"},
        {"risk.rs": '// use crate::order::Order;\nconst A: &str = "crate::order::B";\n'},
        {"risk.rs": "fn a() {\n    crate::ensure!(true);\n}\n"},
        {"risk.rs": "#[cfg(test)]\nmod tests {\n    use crate::order::Order;\n}\n"},
    ],
)
def test_is_silent_where_imports_point_up(tmp_path: Path, files: dict[str, str]) -> None:
    check(tmp_path, files, [])


def test_the_engine_imports_only_what_stands_above() -> None:
    order = module_order(ROOT)
    assert order[0] == "units"
    assert order.index("risk") < order.index("order") < order.index("bot") < order.index("backtest")
    assert upward_imports(ROOT) == []


def root_imports(root: Path) -> list[str]:
    """Find modules of the package that take from `bot4` itself what is not a module of its own.

    Only the command line stands above the package's front door, and may use it as a stranger does.
    """
    package = root / "python" / "bot4"
    modules = {path.stem for path in package.iterdir()}
    found = []
    for path in sorted(package.rglob("*.py")):
        if path == package / "__init__.py" or package / "cli" in path.parents:
            continue
        where = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.ImportFrom(module="bot4", level=0, names=names):
                    taken = [alias.name for alias in names if alias.name not in modules]
                case ast.Import(names=names):
                    taken = [alias.name for alias in names if alias.name == "bot4"]
                case _:
                    continue
            found += [f"{where}: takes '{name}' from the package's front door" for name in taken]
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("from bot4 import backtest\n", ["takes 'backtest'"]),
        ("import bot4 as b4\n", ["takes 'bot4'"]),
        ("from bot4 import _engine, errors\nimport bot4.errors\n", []),
    ],
)
def test_fires_on_the_front_door(tmp_path: Path, text: str, words: list[str]) -> None:
    package = tmp_path / "python" / "bot4"
    package.mkdir(parents=True)
    (package / "_engine").mkdir()
    for name in ("_engine/__init__.pyi", "errors.py", "__init__.py"):
        (package / name).touch()
    (package / "planted.py").write_text(text, encoding="utf-8")
    found = root_imports(tmp_path)
    assert len(found) == len(words)
    assert all(word in finding for word, finding in zip(words, found, strict=True))


def test_no_module_goes_through_the_front_door() -> None:
    assert root_imports(ROOT) == []


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package `bot4` in `folder`, under our own contract."""
    written = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = tomllib.loads(written)["tool"]["importlinter"]
    for layer in re.findall(r"\w+", " ".join(settings["contracts"][0]["layers"])):
        (folder / "bot4" / f"{layer}.py").touch()
    contract = written[written.index("[tool.importlinter]") :]
    (folder / "pyproject.toml").write_text(contract, encoding="utf-8")
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("module", "text", "passes"),
    [
        ("cli", "import bot4.errors\n", True),
        ("expression", "from bot4 import _engine\n", True),
        ("errors", "import bot4.cli\n", False),
        ("signals", "from bot4 import history\n", False),
        ("utility_drawer", "import math\n", False),
    ],
)
def test_the_contract_of_the_package_fires(
    tmp_path: Path, module: str, text: str, passes: bool
) -> None:
    (tmp_path / "bot4").mkdir()
    (tmp_path / "bot4" / "__init__.py").write_text("import bot4.cli\n", encoding="utf-8")
    (tmp_path / "bot4" / f"{module}.py").write_text(text, encoding="utf-8")
    ran = lint_imports(tmp_path)
    assert (ran.returncode == 0) is passes, ran.stdout + ran.stderr
