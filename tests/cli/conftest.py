"""Run a command as the terminal would, in this process, and see what came out."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot4._engine import JournalFile
from bot4.cli import main
from journal.trading import SEED, trading


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


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The folder of a run that has ended, and its records."""
    folder = tmp_path_factory.mktemp("ended")
    with trading(folder):
        print(f"seed {SEED}")
    with closing(JournalFile(str(folder))) as journal:
        return folder, journal.records(0, 10**6)
