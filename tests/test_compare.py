"""The comparison with other backtesters judges itself: limits, and the same trades."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[1] / "benches" / "compare.py"


@pytest.fixture(scope="module")
def compare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compare", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["compare"] = module  # its dataclass looks for its module
    spec.loader.exec_module(module)
    return module


def row(**changes: Any) -> dict[str, Any]:
    made = {"subject": "BOT4", "run_s": 0.05, "run_s_min": 0.05, "run_s_max": 0.05}
    made |= {"with_results_s": 0.08, "peak_mib": 200.0, "trades": 9_764, "run_s_limit": 0.1}
    return {**made, **changes}


PEER = {"subject": "peer", "run_s": 3.0, "with_results_s": None, "run_s_limit": None}


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([row(), row(**PEER, trades=9_765)], [True, True]),
        ([row(run_s=0.11), row(**PEER)], [False, True]),
        ([row(peak_mib=301.0), row(**PEER)], [False, True]),
        ([row(), row(**PEER, trades=9_780)], [True, False]),
        ([row(trades=10), row(**PEER, trades=11)], [True, True]),
        ([row(trades=10), row(**PEER, trades=12)], [True, False]),
    ],
)
def test_says_whether_each_limit_was_kept(
    compare: ModuleType, rows: list[dict[str, Any]], kept: list[bool]
) -> None:
    assert list(compare.verdicts(rows).values()) == kept
    assert ("BROKEN" in compare.table(rows, 500_000)) is not all(kept)


def test_the_first_line_says_what_each_does(compare: ModuleType) -> None:
    first, _, head = compare.table([row(), row(**PEER)], 500_000).splitlines()[:3]
    for words in ("SMA 10/30", "all of the equity", "backtesting.py one unit"):
        assert words in first
    assert head or first


@pytest.mark.parametrize(("seconds", "code"), [(0.05, 0), (0.5, 1)])
def test_the_exit_code_is_1_where_a_limit_is_broken(
    compare: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seconds: float,
    code: int,
) -> None:
    monkeypatch.setattr(compare, "PEERS", FILE)
    monkeypatch.setattr(compare, "measure", lambda *_: row(run_s=seconds))
    monkeypatch.setattr("sys.argv", ["compare.py", "--bars", "100"])
    assert compare.main() == code
    assert ("BROKEN" in capsys.readouterr().out) is bool(code)
