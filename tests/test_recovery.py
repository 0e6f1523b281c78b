"""The bench of starts judges itself: ten seconds, and the same hashes."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[1] / "benches" / "recovery.py"


@pytest.fixture(scope="module")
def recovery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recovery", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["recovery"] = module  # its dataclasses look for their module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("starts", "p99"),
    [
        ((3.0,), 3.0),
        ((1.0, 9.0, 2.0), 9.0),
        (tuple(float(n) for n in range(1, 101)), 99.0),
        (tuple(float(n) for n in range(1, 51)), 50.0),
    ],
)
def test_a_p99_of_few_starts_is_the_slowest(
    recovery: ModuleType, starts: tuple[float, ...], p99: float
) -> None:
    assert recovery.Row("any", 1, starts).p99 == p99


@pytest.mark.parametrize(
    ("slowest_s", "same", "kept"),
    [(10.0, True, [True, True]), (10.1, True, [False, True]), (1.0, False, [True, False])],
)
def test_says_whether_each_limit_was_kept(
    recovery: ModuleType, slowest_s: float, same: bool, kept: list[bool]
) -> None:
    rows = [recovery.Row("any", 1_000_000, (0.5, slowest_s))]
    assert list(recovery.verdicts(rows, [same]).values()) == kept
    assert f"{slowest_s:.3f}" in recovery.table(rows)[1]


def test_its_configuration_is_one_that_a_run_takes(recovery: ModuleType, tmp_path: Path) -> None:
    config = recovery.configured(tmp_path, "short", 7)
    found = recovery.traded(config, 1, "none")
    assert found["events"] >= 1_000_000
    assert found["records"] > 0
    assert recovery.started(config, 0.0) > 0.0
    assert recovery.agrees(config)
