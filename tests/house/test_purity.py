"""The engine does no I/O and draws no chance; only risk approves, only order places."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rust_source import CLOSERS, OPENERS, closing, enclosing, line_of, product, rust_files

ROOT = Path(__file__).resolve().parents[2]
ENGINE = Path("rust", "engine", "src")
BINDING = Path("rust", "binding", "src")
DESK = Path("rust", "desk", "src")
JOURNAL = Path("rust", "journal", "src")

IMPURE = {
    r"\bstd\s*::\s*(?:fs|net|thread|env|process|io)\b": "the engine is sans-I/O",
    r"\bstd\s*::\s*time\b": "time comes with the event",
    r"\b(?:Instant|SystemTime)\b": "time comes with the event",
    r"\brand\s*::": "no chance inside the engine",
    r"\b(?:println|eprintln|print|eprint|dbg)\s*!": "the engine has no console",
    r"\bpyo3\b": "the engine does not know Python",
    r"\bunsafe\b": "nothing here needs it",
}
DEPENDENCIES = {
    "base64": "signatures as venues want them",
    "blake3": "the hash of ledgers and journals",
    "crc32fast": "Kraken's checksum of a book",
    "ed25519-dalek": "signatures of Binance and Coinbase keys, deterministic",
    "ethnum": "256-bit products: money is divided once, exactly",
    "hashbrown": "the far levels of a book",
    "hmac": "signatures of Binance and Kraken keys",
    "libm": "functions that are the same on every machine",
    "p256": "signatures of Coinbase keys, deterministic",
    "postcard": "snapshots as plain bytes",
    "rand_core": "the words that a generator is asked with",
    "rand_pcg": "seeded numbers of the simulated market, the same on every machine",
    "rustc-hash": "hashes that are the same in every process",
    "serde": "what a snapshot holds",
    "sha2": "what the signatures are made over",
    "thiserror": "typed errors",
    "zeroize": "secrets are overwritten when they go",
}
# What may be built in one place only: the text that builds it, and where.
BUILT_IN = {
    "Approved": (r"(?<!::)\bApproved\b|\brisk\s*::\s*Approved\b", "risk"),
    "Action::Place": (r"\bAction\s*::\s*Place\b", "order"),
}
BINDING_SHARE_MAX = 0.25


def impurities(root: Path) -> list[str]:
    """Find what the engine must not use, and crates it must not need."""
    found = []
    for path in rust_files(root / ENGINE):
        code = product(path.read_text(encoding="utf-8"))
        for pattern, reason in IMPURE.items():
            found += [
                f"{_at(root, path, code, match.start())}: {match[0]}: {reason}"
                for match in re.finditer(pattern, code)
            ]
    manifest = tomllib.loads((root / ENGINE.parent / "Cargo.toml").read_text(encoding="utf-8"))
    targets = manifest.get("target", {}).values()
    for table in [manifest, *targets]:
        crates = {**table.get("dependencies", {}), **table.get("build-dependencies", {})}
        found += [
            f"Cargo.toml: {name} is not on the list" for name in crates if name not in DEPENDENCIES
        ]
    return found


def forgeries(root: Path) -> list[str]:
    """Find where something is built that only one room may build."""
    found = []
    for path in rust_files(root / ENGINE):
        inside = path.relative_to(root / ENGINE).as_posix()
        code = product(path.read_text(encoding="utf-8"))
        for name, (pattern, room) in BUILT_IN.items():
            if inside == room or inside.startswith((f"{room}/", f"{room}.rs")):
                continue
            found += [
                f"{_at(root, path, code, offset)}: {name} is built in {room} only"
                for offset in constructions(code, pattern)
            ]
        for match in re.finditer(r"\buse\b[^;]*\bAction\s*::\s*(?:\*|\{|Place\b)", code):
            words = "name Action::Place in full, so that this rule sees where it is built"
            found.append(f"{_at(root, path, code, match.start())}: {words}")
    return found


def constructions(code: str, pattern: str) -> Iterator[int]:
    """Find where `pattern` names a value that is built, not a type, an item or a pattern."""
    for match in re.finditer(pattern, code):
        opener = match.end() + len(code[match.end() :]) - len(code[match.end() :].lstrip())
        if opener >= len(code) or code[opener] not in "({":
            continue
        before = code[: match.start()].rstrip()
        if re.search(r"(?:\b(?:struct|enum|impl|for|union|trait|fn)|->\s*&?)$", before):
            continue
        if re.search(r"\bfor\s[^;{}]*$", before) and "impl" in before.rsplit("}", 1)[-1]:
            continue
        if not _is_pattern(code, match.start(), opener):
            yield match.start()


def _is_pattern(code: str, start: int, opener: int) -> bool:
    end = closing(code, opener)
    if code[opener + 1 : end].rstrip().endswith(".."):
        return True
    while True:
        after = code[end + 1 :].lstrip()
        if re.match(r"=>|\|(?!\|)|=(?!=)|if\b|in\b|@", after):
            return True
        outer = enclosing(code, start)
        if outer < 0 or code[outer] == "{":
            return False
        if re.search(r"\b(?:assert_)?matches\s*!\s*$", code[:outer]):
            first_comma = _first_comma(code, outer)
            return 0 <= first_comma < start
        start, end = outer, closing(code, outer)


def _first_comma(code: str, opener: int) -> int:
    depth = 0
    for offset in range(opener, closing(code, opener)):
        depth += (code[offset] in OPENERS) - (code[offset] in CLOSERS)
        if code[offset] == "," and depth == 1:
            return offset
    return -1


def _at(root: Path, path: Path, code: str, offset: int) -> str:
    return f"{path.relative_to(root).as_posix()}:{line_of(code, offset)}"


def lines_of_code(folder: Path) -> int:
    """Count lines that are neither empty, comment nor test."""
    codes = (product(path.read_text(encoding="utf-8")) for path in rust_files(folder))
    return sum(1 for code in codes for line in code.splitlines() if line.strip())


def check(root: Path, name: str, text: str, words: list[str], manifest: str = "") -> None:
    """Plant one file of an engine: each finding contains its words, and there are no others."""
    path = root / ENGINE / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    (root / ENGINE.parent / "Cargo.toml").write_text(manifest, encoding="utf-8")
    found = [*impurities(root), *forgeries(root)]
    assert len(found) == len(words), found
    for finding, word in zip(found, words, strict=True):
        assert word in finding


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("use std::fs::File;\n", ["a.rs:1: std::fs"]),
        ("use std::net::TcpStream;\n", ["std::net"]),
        ("fn a() {\n    std::thread::spawn(b);\n}\n", ["a.rs:2: std::thread"]),
        ("fn a() { let t = std::time::Instant::now(); }\n", ["std::time", "Instant"]),
        ('fn a() { std::env::var("X"); }\n', ["std::env"]),
        ("fn a() { rand::random() }\n", ["rand::"]),
        ('fn a() { println!("x") }\n', ["println!: the engine has no console"]),
        ("fn a() { unsafe { b() } }\n", ["unsafe"]),
        ('// std::fs\nconst A: &str = "std::net";\n', []),
        ("#[cfg(test)]\nmod tests {\n    use std::fs;\n    fn a() { b(Approved { c }) }\n}\n", []),
    ],
)
def test_fires_on_impurity(tmp_path: Path, text: str, words: list[str]) -> None:
    check(tmp_path, "a.rs", text, words)


def test_fires_on_a_new_dependency(tmp_path: Path) -> None:
    manifest = '[dependencies]\nlibm = "0.2"\ntokio = "1"\n[dev-dependencies]\nproptest = "1"\n'
    check(tmp_path, "a.rs", "", ["tokio is not on the list"], manifest)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("bot.rs", "fn a() -> Approved {\n    Approved { order }\n}\n", ["bot.rs:2: Approved"]),
        ("bot.rs", "fn a() {\n    let b = Approved(order);\n}\n", ["bot.rs:2: Approved"]),
        (
            "bot.rs",
            "fn a() { Seen { approved: Approved(order), clipped } }\n",
            ["Approved is built"],
        ),
        ("bot.rs", "fn a() { b(&Approved(order)) }\n", ["Approved is built"]),
        ("bot.rs", "fn a() { risk::Approved { order } }\n", ["Approved is built in risk"]),
        ("bot.rs", "fn a() { out.push(Action::Place { order }); }\n", ["Action::Place is built"]),
        ("bot.rs", "fn a() { Some(Action::Place(order)) }\n", ["in order only"]),
        ("bot.rs", "fn a() { match b { C => Action::Place(d), E => f, } }\n", ["Action::Place"]),
        ("bot.rs", "use crate::event::Action::Place;\n", ["name Action::Place in full"]),
        ("bot.rs", "use crate::event::{Event, Action::{self, Place}};\n", ["in full"]),
        ("order/mod.rs", "fn a() { Approved { order } }\n", ["Approved is built in risk only"]),
        ("risk/limits.rs", "fn a() { Action::Place { order } }\n", ["Action::Place"]),
        # The rooms that may, and all that is not building.
        ("risk/mod.rs", "fn a() -> Approved { Approved { order } }\n", []),
        ("order/mod.rs", "fn a() { out.push(Action::Place { order }) }\n", []),
        ("bot.rs", "impl Approved { fn a(&self) {} }\nimpl fmt::Debug for Approved { }\n", []),
        ("bot.rs", "fn a(b: &Approved) -> Approved {\n    b.clone()\n}\n", []),
        ("bot.rs", "fn a() { match b { Action::Place { order } => c, _ => d } }\n", []),
        ("bot.rs", "fn a() { match b { Some((Action::Place(x), 1)) | None => c } }\n", []),
        ("bot.rs", "fn a() { if let Action::Place(order) = b { c } }\n", []),
        ("bot.rs", "fn a() { let Action::Place { id, .. } = b else { return }; }\n", []),
        ("bot.rs", "fn a() { matches!(b, Action::Place(order)) }\n", []),
        (
            "bot.rs",
            "fn a() { match b { Verdict::Approved(c) => d, Action::Place(e) if e => f } }\n",
            [],
        ),
        ("bot.rs", "fn a() { for Action::Place(order) in b { c } }\n", []),
    ],
)
def test_fires_on_a_forged_approval(tmp_path: Path, name: str, text: str, words: list[str]) -> None:
    check(tmp_path, name, text, words)


def test_the_engine_is_pure() -> None:
    assert impurities(ROOT) == []


def test_only_risk_approves_and_only_order_places() -> None:
    assert forgeries(ROOT) == []


def test_an_order_is_made_from_what_risk_approved() -> None:
    risk = "\n".join(product(p.read_text("utf-8")) for p in rust_files(ROOT / ENGINE / "risk"))
    declared = re.search(r"pub struct Approved\s*(\{[^}]*\}|\([^)]*\))", risk)
    assert declared is not None
    assert not re.search(r"\bpub\b", declared[1]), "a public field of Approved can be forged"


def test_the_binding_stays_thin() -> None:
    behind = sum(lines_of_code(ROOT / room) for room in (ENGINE, DESK, JOURNAL))
    assert 0 < lines_of_code(ROOT / BINDING) / behind < BINDING_SHARE_MAX
