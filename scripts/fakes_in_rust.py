"""What pretends to be done, in Rust: bodies that do nothing, results that never vary, chance.

Text, not a parser: see rust_source.py for what that can know.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from finding import Finding
from rust_source import (
    Function,
    blank,
    functions,
    line_of,
    product,
    test_regions,
)

_NUMBER = r"-?\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?(?:_?(?:[iu](?:8|16|32|64|128|size)|f32|f64))?"
_ATOM = rf'(?:{_NUMBER}|true|false|None|"[^"]*"|\(\)|(?:Vec|String|BTreeMap|BTreeSet)::new\(\)'
_ATOM += r"|vec!\[\]|(?:Self::|Default::)default\(\)|f64::NAN)"
_CONSTANT = re.compile(rf"(?:return\s+)?(?:{_ATOM}|(?:Ok|Some|Err)\({_ATOM}\));?")
_UNFINISHED = re.compile(r"\b(todo|unimplemented)\s*!")
_CHANCE = re.compile(
    r"\b(?:rand::|thread_rng\b|fastrand::|getrandom\b|RandomState\b|from_entropy\b|OsRng\b)"
)
_TEST = re.compile(r"#\[\s*(?:\w+::)*test\s*\]|#\[\s*test_case\b")
_ASSERTS = re.compile(r"\b(?:debug_)?(?:prop_)?assert(?:_\w+)?\s*!|\bpanic\s*!|\bunreachable\s*!")
_VACUOUS = re.compile(
    r"\b(?:prop_)?assert\s*!\s*\(\s*true\b"
    r"|\bassert_eq\s*!\s*\(\s*(?P<side>[\w.]+)\s*,\s*(?P=side)\s*[,)]"
)
_IGNORED = re.compile(r"#\[\s*ignore\s*\]")
_SHOULD_PANIC = re.compile(r"#\[\s*should_panic\b")


def in_product(path: Path) -> Iterator[Finding]:
    """Check the product code of one file; what is under `#[cfg(test)]` is left out."""
    text = path.read_text(encoding="utf-8")
    code = product(text)
    readable = product(text, literals=False)
    for match in _UNFINISHED.finditer(code):
        yield Finding(path, line_of(code, match.start()), "not-implemented", f"{match[1]}!")
    for match in _CHANCE.finditer(code):
        yield Finding(path, line_of(code, match.start()), "chance-in-product", match[0])
    for function in functions(code):
        body = readable[function.body_start : function.body_end].strip()
        line = line_of(code, function.start)
        if not body:
            yield Finding(path, line, "empty-body", f"{function.name} does nothing")
        elif _CONSTANT.fullmatch(body):
            yield Finding(path, line, "constant-return", f"{function.name} always returns {body}")


def in_tests(paths: list[Path]) -> Iterator[Finding]:
    """Check the tests of all files together: a test may assert through a function of another."""
    codes = {path: blank(path.read_text(encoding="utf-8")) for path in paths}
    bodies = [
        (function.name, code[function.body_start : function.body_end])
        for path, code in codes.items()
        for function in functions(code)
        if _is_test_code(path, code, function)
    ]
    asserting = _asserting(bodies)
    for path, code in codes.items():
        for function in _tests(code):
            body = code[function.body_start : function.body_end]
            attributes = _attributes(code, function.start)
            line = line_of(code, function.start)
            if not _asserts(body, asserting) and not _SHOULD_PANIC.search(attributes):
                yield Finding(path, line, "test-without-assertion", function.name)
            if _IGNORED.search(attributes):
                yield Finding(path, line, "skip-without-reason", f"#[ignore] on {function.name}")
            for match in _VACUOUS.finditer(body):
                where = line_of(code, function.body_start + match.start())
                yield Finding(path, where, "vacuous-assertion", match[0])


def _is_test_code(path: Path, code: str, function: Function) -> bool:
    inside = any(start <= function.start < end for start, end in test_regions(code))
    return inside or "tests" in path.parts or path.stem == "tests"


def _asserting(bodies: list[tuple[str, str]]) -> set[str]:
    known: set[str] = set()
    while True:
        grown = {name for name, body in bodies if _asserts(body, known)}
        if grown == known:
            return known
        known = grown


def _asserts(body: str, asserting: set[str]) -> bool:
    if _ASSERTS.search(_VACUOUS.sub("", body)):
        return True
    return any(match[1] in asserting for match in re.finditer(r"\b([a-z_]\w*)\s*\(", body))


def _tests(code: str) -> Iterator[Function]:
    for function in functions(code):
        if _TEST.search(_attributes(code, function.start)):
            yield function


def _attributes(code: str, name: int) -> str:
    """Take the attributes of the function whose name stands at `name`: back to the item before."""
    before = max(code.rfind(mark, 0, name) for mark in ("}", ";", "{"))
    return code[before + 1 : name]
