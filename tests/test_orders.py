"""The comparison of orders judges itself: none went missing, and ten times ahead."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[1] / "benches" / "orders.py"
ORDERS = 100


@pytest.fixture(scope="module")
def orders() -> ModuleType:
    spec = importlib.util.spec_from_file_location("orders", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["orders"] = module  # its dataclasses look for their module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("ours_s", "rival_s", "canceled", "kept"),
    [
        (1.0, 10.0, ORDERS, [True, True]),
        (1.0, 9.9, ORDERS, [True, False]),
        (1.0, 11.0, ORDERS - 1, [False, True]),
    ],
)
def test_says_whether_each_limit_was_kept(
    orders: ModuleType, ours_s: float, rival_s: float, canceled: int, kept: list[bool]
) -> None:
    rows = [
        orders.Row("BOT4", "1", (ours_s, 900.0), ORDERS, ORDERS, ORDERS),
        orders.Row("other", "2", (rival_s, 901.0), ORDERS, ORDERS, canceled),
    ]
    assert list(orders.verdicts(rows, ORDERS).values()) == kept
    assert orders.table(rows, ORDERS)[2].endswith(f"{rival_s / ours_s:.1f}")


def test_a_rival_that_is_not_there_is_said_and_breaks_nothing(orders: ModuleType) -> None:
    rows = [
        orders.Row("BOT4", "1", (1.0,), ORDERS, ORDERS, ORDERS),
        orders.Row("other", "", (), absent="not here: ImportError"),
    ]
    assert list(orders.verdicts(rows, ORDERS).values()) == [True]
    assert orders.table(rows, ORDERS)[2].endswith("not here: ImportError")


def test_every_order_of_ours_is_accepted_and_cancelled(orders: ModuleType) -> None:
    row = orders.taken(orders.IN_ORDER[0], ORDERS)
    assert (row.sent, row.accepted, row.canceled) == (ORDERS, ORDERS, ORDERS)
    assert row.least_s > 0.0
