"""What a person can type is documented; what is committed names no machine and no registry."""

import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

import lock

ROOT = Path(__file__).resolve().parents[2]
# Files that may show a path or a host because they look for it.
SEEKERS = {"tests/house/test_docs.py"}
MACHINE_PATHS = re.compile(r"(?<![\w.])(?:/work/|/root/|/home/\w+/|/Users/\w+/|/tmp/\w|[A-Z]:\\\\)")
REGISTRY_HOSTS = re.compile(
    r"pypi\.org|pythonhosted|npmjs|static\.crates\.io|(?<!rust-lang/)\bcrates\.io|proxy\.golang"
    r"|maven\.org|--?(?:extra-)?index-url|--find-links|trusted-host|replace-with",
    re.IGNORECASE,
)
# Cargo itself writes this name of its default registry into a lock file; it is no address of ours.
CARGO_SOURCE = 'source = "registry+https://github.com/rust-lang/crates.io-index"'
CONFIGURATION = {".toml", ".lock", ".cfg", ".ini", ".yml", ".yaml", ".json", ".sh", ".txt", ""}
_PIN = re.compile(r"^[A-Za-z0-9][\w.-]*==[\w.+!]+$")


def committed(root: Path) -> list[Path]:
    """List what git tracks or would track, and only text."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True).stdout
    paths = [root / name for name in names.split("\0") if name]
    return sorted(path for path in paths if path.is_file() and b"\0" not in path.read_bytes())


def foreign_words(root: Path, paths: Iterable[Path]) -> list[str]:
    """Find paths of one machine anywhere, and hosts of registries in configuration."""
    found = []
    for path in paths:
        where = path.relative_to(root).as_posix()
        if where in SEEKERS:
            continue
        settings = path.suffix in CONFIGURATION
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if match := MACHINE_PATHS.search(line):
                found.append(f"{where}:{number}: path of one machine: {match[0]}")
            if settings and line.strip() != CARGO_SOURCE and (host := REGISTRY_HOSTS.search(line)):
                found.append(f"{where}:{number}: registry in configuration: {host[0]}")
    return found


def loose_pins(root: Path) -> list[str]:
    """Find lines of requirements/*.lock that are neither a pin nor a comment."""
    return [
        f"{path.name}: {line}"
        for path in sorted((root / "requirements").glob("*.lock"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#") and not _PIN.match(line)
    ]


def documents(root: Path) -> str:
    """Read what a user reads."""
    paths = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def undocumented(names: Iterable[str], text: str) -> list[str]:
    """Find names that stand nowhere in the documents as a word of their own."""
    return [n for n in names if not re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", text)]


def typed_names() -> list[str]:
    """List every command as `bot4 NAME` and every option of every command."""
    typer_main = pytest.importorskip("typer.main", reason="the package is not installed")
    from bot4.cli import app

    command = typer_main.get_command(app)
    names = [option for parameter in command.params for option in parameter.opts]
    for name, child in command.commands.items():
        names.append(f"bot4 {name}")
        names += [option for parameter in child.params for option in parameter.opts]
    return sorted({name for name in names if name.startswith(("bot4 ", "--"))})


def test_every_command_and_option_is_documented() -> None:
    names = typed_names()
    assert {"bot4 backtest", "bot4 new", "bot4 strategies", "--strategy", "--json"} <= set(names)
    assert undocumented(names, documents(ROOT)) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("run `bot4 backtest --data FILE`", []),
        ("run `bot4 backtest` on a database", ["--data"]),
        ("`--data-folder`, `bot4 backtester`", ["bot4 backtest", "--data"]),
    ],
)
def test_fires_on_an_undocumented_name(text: str, missing: list[str]) -> None:
    assert undocumented(["bot4 backtest", "--data"], text) == missing


def test_make_help_lists_each_target_with_a_line() -> None:
    command = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    listed = dict(re.findall(r"^  make (\w+) +(\S.*)$", shown, re.MULTILINE))
    written = re.findall(r"^\.PHONY:(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(listed) == set(" ".join(written).split()) - {"need-cargo"}
    assert {"setup", "run", "test", "check", "bench", "coverage", "clean", "help"} <= set(listed)


def test_the_readme_names_what_a_reader_types_first() -> None:
    assert undocumented(["make run", "make test"], documents(ROOT)) == []


def test_the_changelog_knows_the_version() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    version = cargo["workspace"]["package"]["version"]
    headings = re.findall(r"^## .*$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert any(version in heading for heading in headings), headings


def test_names_no_machine_and_no_registry() -> None:
    paths = committed(ROOT)
    assert ROOT / "pyproject.toml" in paths
    assert foreign_words(ROOT, paths) == []
    assert loose_pins(ROOT) == []


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("a.py", 'open("/root/x")', "path of one machine: /root/"),
        ("README.md", "see /work/main/x", "path of one machine: /work/"),
        ("a.md", "`/home/ann/bars`", "path of one machine: /home/ann/"),
        ("requirements/dev.lock", "--index-url http://x", "registry in configuration"),
        ("a.toml", 'url = "https://pypi.org/simple"', "registry in configuration: pypi.org"),
        ("Cargo.lock", 'source = "registry+https://mirror/crates.io-x"', "registry in"),
        ("Cargo.lock", CARGO_SOURCE, ""),
        ("README.md", "published on pypi.org, see ./work/notes and a/home/b/", ""),
    ],
)
def test_fires_on_a_planted_word(tmp_path: Path, name: str, line: str, words: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"\n{line}\n", encoding="utf-8")
    found = foreign_words(tmp_path, [path])
    assert bool(found) is bool(words)
    assert all(f"{name}:2: {words}" in finding for finding in found)


@pytest.mark.parametrize("line", ["numpy", "numpy>=2", "numpy @ file:///x", "-e .", "git+x"])
def test_fires_on_a_loose_pin(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.lock").write_text(f"# x\nrich==15.0.0\n{line}\n", "utf-8")
    assert loose_pins(tmp_path) == [f"dev.lock: {line}"]


@pytest.mark.parametrize("name", ["dev", "peers", "rivals"])
def test_the_lock_holds_everything_that_is_asked_for(name: str) -> None:
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "requirements" / f"{name}.lock").read_text("utf-8").splitlines()
    }
    wanted = {re.split(r"[<>=!~ ]", line)[0].lower() for line in lock.requirements(ROOT, name)}
    assert wanted - pinned == set()
