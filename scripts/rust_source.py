"""Read Rust as text, for the gates: what is code, what is a test, where a function ends.

No parser: comments and literals are blanked at equal length, so that offsets and lines stay true,
and brackets are counted in what remains. What it cannot know (macros, types) it does not claim.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OPENERS = {"(": ")", "[": "]", "{": "}"}
CLOSERS = {closer: opener for opener, closer in OPENERS.items()}

_LITERAL = re.compile(
    r"""
    (?P<line>//[^\n]*)
  | (?P<block>/\*)
  | (?P<raw>\bb?r(?P<hashes>\#*)".*?"(?P=hashes))
  | (?P<text>\bb?"(?:\\.|[^"\\])*"|"(?:\\.|[^"\\])*")
  | (?P<char>'(?:\\(?:u\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|.)|[^\\'\n])')
    """,
    re.VERBOSE | re.DOTALL,
)
_TEST_REGION = re.compile(r"#\[\s*cfg\s*\(\s*(?:test|all\s*\(\s*test\b[^\]]*)\s*\)\s*\]")
_FUNCTION = re.compile(r"\bfn\s+(?P<name>[A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Function:
    """One function with a body: offsets of its name and of the inside of its braces."""

    name: str
    start: int
    body_start: int
    body_end: int


def rust_files(folder: Path) -> list[Path]:
    """Every Rust file below `folder`, in a stable order."""
    return sorted(path for path in folder.rglob("*.rs") if "target" not in path.parts)


def line_of(text: str, offset: int) -> int:
    """Tell the line, from 1, that holds `offset`."""
    return text.count("\n", 0, offset) + 1


def blank(text: str, *, literals: bool = True) -> str:
    """Replace comments, and literals unless told not to, by spaces of the same length."""
    kept: list[str] = []
    position = 0
    while match := _LITERAL.search(text, position):
        end = _block_end(text, match.start()) if match["block"] else match.end()
        comment = match["line"] is not None or match["block"] is not None
        kept.append(text[position : match.start()])
        whole = text[match.start() : end]
        kept.append(re.sub(r"[^\n]", " ", whole) if comment or literals else whole)
        position = end
    kept.append(text[position:])
    return "".join(kept)


def _block_end(text: str, start: int) -> int:
    depth = 0
    for mark in re.finditer(r"/\*|\*/", text[start:]):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return start + mark.end()
    return len(text)


def closing(code: str, opener: int) -> int:
    """Find the bracket that closes the one at `opener`; the end of the text when none does."""
    depth = 0
    for offset in range(opener, len(code)):
        if code[offset] in OPENERS:
            depth += 1
        elif code[offset] in CLOSERS:
            depth -= 1
            if depth == 0:
                return offset
    return len(code)


def enclosing(code: str, offset: int) -> int:
    """Find the bracket that is open at `offset`, or -1."""
    depth = 0
    for position in range(offset - 1, -1, -1):
        if code[position] in CLOSERS:
            depth += 1
        elif code[position] in OPENERS:
            if depth == 0:
                return position
            depth -= 1
    return -1


def test_regions(code: str) -> list[tuple[int, int]]:
    """Find what `#[cfg(test)]` covers, in blanked code: the item that follows, to its end."""
    regions: list[tuple[int, int]] = []
    for mark in _TEST_REGION.finditer(code):
        end = re.search(r"[{;]", code[mark.end() :])
        if end is None:
            continue
        stop = mark.end() + end.start()
        regions.append((mark.start(), closing(code, stop) if code[stop] == "{" else stop))
    return regions


def product(text: str, *, literals: bool = True) -> str:
    """Blank comments, literals unless told not to, and everything under `#[cfg(test)]`."""
    code = blank(text)
    kept = code if literals else blank(text, literals=False)
    for start, end in test_regions(code):
        kept = kept[:start] + re.sub(r"[^\n]", " ", kept[start : end + 1]) + kept[end + 1 :]
    return kept


def functions(code: str) -> Iterator[Function]:
    """Walk the functions that have a body, in blanked code."""
    for match in _FUNCTION.finditer(code):
        parameters = code.find("(", match.end())
        if parameters < 0:
            continue
        after = closing(code, parameters)
        opener = _body_opener(code, after + 1)
        if opener is not None:
            yield Function(match["name"], match.start("name"), opener + 1, closing(code, opener))


def _body_opener(code: str, start: int) -> int | None:
    """Skip the return type and the where clause; a `;` first means there is no body."""
    offset = start
    while offset < len(code):
        if code[offset] == "{":
            return offset
        if code[offset] == ";":
            return None
        offset = closing(code, offset) + 1 if code[offset] in "([" else offset + 1
    return None
