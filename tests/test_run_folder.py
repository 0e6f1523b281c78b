"""The folder of a run is found by what a person types, or one line says which there are."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot4.errors import ConfigError
from bot4.run_folder import JOURNAL, find, found

RUN = '[run]\nfolder = "kept"\n[[strategy]]\nname = "sma_cross"\n'


def plant(*names: str) -> None:
    """Make folders of runs under the current one."""
    for name in names:
        Path(name).mkdir(parents=True)
        (Path(name) / JOURNAL).write_bytes(b"")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("planted", "given", "meant"),
    [
        ((".bot4/first",), None, ".bot4/first"),
        ((".bot4/first", ".bot4/first.1", ".bot4/first.12"), None, ".bot4/first"),
        ((".bot4/v.1",), None, ".bot4/v.1"),
        ((".bot4/first", ".bot4/second"), ".bot4/second", ".bot4/second"),
        (("elsewhere/run",), "elsewhere/run", "elsewhere/run"),
        (("run",), f"run/{JOURNAL}", "run"),
        (("run.toml",), "run.toml", "run.toml"),
        (("kept",), "my.toml", "kept"),
    ],
)
def test_finds_the_folder_that_is_meant(
    here: Path, planted: Sequence[str], given: str | None, meant: str
) -> None:
    plant(*planted)
    if given == "my.toml":
        (here / given).write_text(RUN)
    assert find(given).resolve() == here / meant


@pytest.mark.parametrize(
    ("planted", "given", "words"),
    [
        ((), None, "no run has left a journal in .bot4 here; name the folder of one"),
        ((".bot4/a", ".bot4/b"), None, "there are 2 runs here; name one of: .bot4/a, .bot4/b"),
        ([f".bot4/r{n:02}" for n in range(11)], None, ".bot4/r07 and 3 more"),
        ((), "gone", "there is no folder gone; bot4 run FILE.toml makes one"),
        ((), "empty", f"empty has no {JOURNAL}: no run has used it; name a run's folder"),
        ((), "gone.toml", "there is no configuration file gone.toml"),
        ((), "my.toml", "kept; bot4 run FILE.toml makes one"),
        ((), " ", "the name of the run's folder is empty"),
        ((), "nul\0", "nul"),
    ],
)
def test_says_in_one_line_why_there_is_none(
    here: Path, planted: Sequence[str], given: str | None, words: str
) -> None:
    plant(*planted)
    (here / "empty").mkdir()
    (here / "my.toml").write_text(RUN)
    with pytest.raises(ConfigError) as raised:
        find(given)
    assert words in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_what_is_no_run_is_not_counted(here: Path) -> None:
    plant(".bot4/first")
    (here / ".bot4" / "notes").mkdir()
    (here / ".bot4" / "bot4.log").write_text("")
    assert found() == [Path(".bot4/first")]


def test_a_file_in_the_place_of_the_runs_is_one_line(here: Path) -> None:
    (here / ".bot4").write_text("")
    with pytest.raises(ConfigError, match=r"\.bot4 cannot be read: Not a directory"):
        found()
