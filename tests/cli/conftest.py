"""Run a command as the terminal would, in this process, and see what came out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot4.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Bot4 = Callable[..., Ran]


@pytest.fixture
def bot4(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Bot4:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run
