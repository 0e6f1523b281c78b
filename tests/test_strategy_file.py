"""A strategy file is run as Python would run it; what goes wrong is one line."""

from pathlib import Path

import pytest

import bot4 as b4
from bot4.strategy_file import load

ONE = """
import bot4 as b4
from bot4 import sma_cross
from {neighbour} import LENGTH

@b4.strategy
def mine(length: int = LENGTH):
    return b4.target(b4.where(b4.close > b4.sma(b4.close, length), 1.0, 0.0))
"""
TWO = """
from __future__ import annotations
import bot4 as b4

@b4.strategy
def first(length: int = 3):
    return b4.target(1.0)

@b4.strategy
class Second(b4.Strategy):
    length: int = 3
    def on_bar(self, ctx, bar):
        ctx.target(1.0)
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_finds_the_one_strategy_a_file_defines_and_not_those_it_imports(tmp_path: Path) -> None:
    (tmp_path / "beside_it.py").write_text("LENGTH = 4\n", encoding="utf-8")
    found = load(written(tmp_path, ONE.format(neighbour="beside_it")))
    assert found.name == "mine"
    assert dict(found().params) == {"length": 4}


def test_chooses_by_name_where_there_are_several(tmp_path: Path) -> None:
    path = written(tmp_path, TWO)
    assert load(path, "first")(length="5").params["length"] == 5
    assert load(path, "Second").form == "class"


def test_leaves_no_trace_beside_the_file(tmp_path: Path) -> None:
    load(written(tmp_path, TWO), "first")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (TWO, None, "defines 2 strategies; choose one with --strategy: first, Second"),
        (TWO, "frist", "has no strategy 'frist'; did you mean first?"),
        ("x = 1\n", None, "defines no strategy; put @b4.strategy over one"),
        ("x = 1\ndef broken(:\n", None, "mine.py:2: invalid syntax"),
        (
            "x = 1\ny = 1 / 0\n",
            None,
            "raised ZeroDivisionError: division by zero (mine.py, line 2)",
        ),
        ("import no_such_thing\n", None, "raised ModuleNotFoundError"),
        ("\0", None, "mine.py"),
        ("raise SystemExit(0)\n", None, "mine.py raised SystemExit: 0 (mine.py, line 1)"),
        ("import sys\nsys.exit()\n", None, "mine.py raised SystemExit (mine.py, line 2)"),
        ("raise GeneratorExit\n", None, "mine.py raised GeneratorExit"),
        pytest.param("(" * 300, None, "mine.py", id="brackets"),
        pytest.param("-" * 20_000 + "1\n", None, "mine.py is nested too deeply", id="deep"),
    ],
)
def test_refuses_with_one_line(tmp_path: Path, text: str, name: str | None, words: str) -> None:
    with pytest.raises(b4.StrategyError) as refused:
        load(written(tmp_path, text), name)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_refuses_a_file_that_is_not_there_and_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(b4.StrategyError, match="there is no strategy file") as refused:
        load(tmp_path / "mine.py")
    assert "bot4 new" in str(refused.value)


def test_a_file_may_empty_the_path_it_was_imported_by(tmp_path: Path) -> None:
    here = f"import sys\nsys.path.remove({str(tmp_path.resolve())!r})\n"
    assert (
        load(written(tmp_path, here + TWO.replace("from __future__", "# from")), "first").name
        == "first"
    )


def test_refuses_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(b4.StrategyError, match="File name too long") as refused:
        load(tmp_path / ("x" * 300 + ".py"))
    assert "\n" not in str(refused.value)


def test_refuses_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(b4.StrategyError, match="cannot be read as Python") as refused:
        load(path)
    assert str(path) in str(refused.value)
