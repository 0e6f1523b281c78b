"""The code blocks of README.md run, in order, in an empty folder, as a reader would run them.

BOT4_README_PYTHON names the interpreter, so that CI can run them against the installed wheel; the
`bot4` beside it is the one that the shell blocks call.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(os.environ.get("BOT4_README_PYTHON", sys.executable))
BARS = "BTCUSDT-1h.parquet"
BLOCK_SECONDS_MAX = 120
_FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMANDS = ("bot4 ", ".venv/bin/bot4 ")


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that README tells a reader to run."""

    language: str
    line: int
    text: str


def blocks(text: str) -> Iterator[Block]:
    """Walk the Python blocks and the commands of `bot4` in shell blocks, in order."""
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 2
        if match[1] == "python":
            yield Block("python", line, match[2])
        elif match[1] in {"sh", "bash", "shell"}:
            for at, command in _logical_lines(match[2]):
                if command.startswith(_COMMANDS):
                    yield Block("sh", line + at, command.removeprefix(".venv/bin/"))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        start, line = number, lines[number].removeprefix("$ ")
        while line.endswith("\\") and number + 1 < len(lines):
            number += 1
            line = f"{line[:-1].rstrip()} {lines[number].strip()}"
        yield start, line.strip()
        number += 1


def run(block: Block, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one block in `folder` with the chosen interpreter, and nothing of the checkout."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environment["PATH"] = f"{PYTHON.parent}{os.pathsep}{environment['PATH']}"
    command = [str(PYTHON), "-c", block.text]
    if block.language == "sh":
        command = ["bash", "-euo", "pipefail", "-c", block.text]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BLOCK_SECONDS_MAX,
        check=False,
    )


MARKET = f"""
import bot4 as b4
b4.simulated(bars=2_000, interval="1h", seed=7).frame.write_parquet({BARS!r})
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the reader's folder: empty, but for one file of simulated bars."""
    made = tmp_path_factory.mktemp("reader")
    ran = run(Block("python", 0, MARKET), made)
    assert ran.returncode == 0, ran.stderr
    assert (made / BARS).exists()
    return made


def test_the_blocks_of_the_readme_run_in_order(folder: Path) -> None:
    found = list(blocks((ROOT / "README.md").read_text(encoding="utf-8")))
    assert {block.language for block in found} == {"python", "sh"}
    for block in found:
        ran = run(block, folder)
        where = f"README.md:{block.line}\n{block.text}\n{ran.stdout}\n{ran.stderr}"
        assert ran.returncode == 0, where


def test_reads_the_blocks_that_a_reader_runs() -> None:
    text = (
        "# A\n```python\nimport math\n```\n\n```sh\ngit clone x\nmake run\n$ bot4 new a\n"
        ".venv/bin/bot4 backtest \\\n    --json\n```\n```toml\nx = 1\n```\n"
    )
    assert list(blocks(text)) == [
        Block("python", 3, "import math\n"),
        Block("sh", 9, "bot4 new a"),
        Block("sh", 10, "bot4 backtest --json"),
    ]


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (Block("python", 1, "raise SystemExit(3)"), 3),
        (Block("sh", 1, "false | true"), 1),
        (Block("sh", 1, "true"), 0),
    ],
)
def test_a_block_that_fails_is_seen(tmp_path: Path, block: Block, code: int) -> None:
    assert run(block, tmp_path).returncode == code
