"""Counts of instructions may fall freely; where one grows, the changelog says so."""

import tomllib
from pathlib import Path

import pytest

import instructions
from instructions import Counted

ROOT = Path(__file__).resolve().parents[2]
RUSTC = "1.95.0 (abc 2026-04-14) x86_64-unknown-linux-gnu"
BEFORE = Counted(RUSTC, {"book_update": 40.0, "risk_check": 100.0})


def check(counts: dict[str, float], changelog: str, words: list[str]) -> None:
    """Judge counts against the baseline: each finding contains its words, and no others are."""
    found = instructions.judge(Counted(RUSTC, counts), BEFORE, changelog)
    assert len(found) == len(words), found
    for finding, word in zip(found, words, strict=True):
        assert word in finding


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"book_update": 40.0, "risk_check": 100.0}, []),
        ({"book_update": 20.0, "risk_check": 105.0}, []),
        ({"book_update": 40.0, "risk_check": 105.1}, ["risk_check grew from 100.0 to 105.1"]),
        ({"book_update": 44.0, "risk_check": 120.0}, ["(+10.0%)", "(+20.0%)"]),
        ({"book_update": 40.0}, ["risk_check is in the baseline and is counted no more"]),
        (
            {"book_update": 40.0, "risk_check": 100.0, "sign": 9.0},
            ["sign has no baseline: run `make instructions ARGS=--write`"],
        ),
    ],
)
def test_fires_on_a_count_that_grew_or_stands_alone(
    counts: dict[str, float], words: list[str]
) -> None:
    check(counts, "- Quicker books.\n", words)


@pytest.mark.parametrize(
    ("line", "announced"),
    [
        ("- `book_update` takes 44.4 instructions now, for gaps.", True),
        ("- `book_update` takes 44 instructions now, for gaps.", True),
        ("- book_update: 40.0 -> 44.4.", True),
        ("- `book_update` takes 45 instructions now.", False),
        ("- `book_update_ns` takes 44.4 ns now.", False),
        ("- `book_update` grew.\n- It takes 44.4 instructions.", False),
        ("- `book_update` since 1.44.4.", False),
        ("", False),
    ],
)
def test_a_line_must_name_the_key_and_the_count(line: str, announced: bool) -> None:
    counts = {"book_update": 44.4, "risk_check": 100.0}
    check(counts, f"# Changelog\n\n{line}\n", [] if announced else ["book_update grew"])


def test_a_baseline_is_written_as_it_is_read() -> None:
    assert instructions.read(instructions.written(BEFORE)) == BEFORE


@pytest.mark.parametrize("line", ["summary: 33880000", "totals: 33880000"])
def test_reads_what_callgrind_collected(line: str) -> None:
    assert instructions.collected(f"events: Ir\nfn=(1)\n5 7\n\n{line}\n") == 33_880_000


def test_stops_where_callgrind_wrote_nothing() -> None:
    with pytest.raises(SystemExit, match="callgrind wrote no total"):
        instructions.collected("events: Ir\n")


def test_says_that_it_skips_where_valgrind_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instructions, "valgrind", lambda: None)
    monkeypatch.setattr("sys.argv", ["instructions.py"])
    assert instructions.main() == 0
    assert "SKIPPED: valgrind is missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rustc", "count", "arguments", "code", "words"),
    [
        (RUSTC, 44.4, [], 1, "book_update grew"),
        (RUSTC, 44.4, ["--write"], 1, "book_update grew"),
        (RUSTC, 41.0, [], 0, "before 40.0"),
        (RUSTC, 41.0, ["--write"], 0, "wrote benches/instructions.toml"),
        ("1.99.0 (def 2027-01-01) x", 44.4, [], 0, "not compared: rustc 1.99.0"),
        ("1.99.0 (def 2027-01-01) x", 44.4, ["--write"], 0, "wrote benches/instructions.toml"),
    ],
)
def test_the_exit_code_is_1_where_a_count_grew_unannounced(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    rustc: str,
    count: float,
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    counts = {"book_update": count, "risk_check": 100.0}
    path = tmp_path / instructions.BASELINE
    path.parent.mkdir()
    path.write_text(instructions.written(BEFORE), encoding="utf-8")
    (tmp_path / "CHANGELOG.md").touch()
    monkeypatch.setattr(instructions, "ROOT", tmp_path)
    monkeypatch.setattr(instructions, "valgrind", lambda: "valgrind")
    monkeypatch.setattr(instructions, "compiler", lambda: rustc)
    monkeypatch.setattr(instructions, "count", lambda _tool: counts)
    monkeypatch.setattr("sys.argv", ["instructions.py", *arguments])
    assert instructions.main() == code
    told = capsys.readouterr()
    assert words in told.out + told.err
    kept = instructions.read(path.read_text(encoding="utf-8"))
    assert kept == (Counted(rustc, counts) if "wrote" in words else BEFORE)


def test_the_baseline_names_its_compiler_and_counts_every_entry() -> None:
    table = tomllib.loads((ROOT / instructions.BASELINE).read_text(encoding="utf-8"))
    assert table["rustc"]
    entries = (ROOT / "benches" / "src" / "bin" / "instructions.rs").read_text(encoding="utf-8")
    assert table["counts"]
    for key in table["counts"]:
        assert f'("{key}", {key})' in entries
        assert f"fn counted_{key}(" in entries
