"""Orders by name: a class strategy sees its own, amends one, cancels one."""

from collections.abc import Callable, Sequence

import pytest

import bot4 as b4
from test_exits import QUIET, Bar, frame

LOW: Bar = (100.0, 100.0, 89.0, 100.0)
Act = Callable[[b4.Context], None]


def result(
    rows: Sequence[Bar], *acts: Act, limits: dict[str, object] | None = None
) -> b4.BacktestResult:
    """One act a bar; 10,000 at no cost."""

    class Acting(b4.Strategy):
        def on_start(self, ctx: b4.Context) -> None:
            self.left = list(acts)

        def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
            if self.left:
                self.left.pop(0)(ctx)

    return b4.backtest(
        b4.strategy(Acting)(), frame(*rows), cash=10_000, fee_bps=0, slippage_bps=0,
        risk="research",
    )  # fmt: skip


def fills(rows: Sequence[Bar], *acts: Act) -> list[tuple[float, float]]:
    columns = result(rows, *acts).fills.select("quantity", "price").rows()
    return [(round(qty, 6), price) for qty, price in columns]


def buy(ctx: b4.Context) -> None:
    ctx.buy(10, limit=90)


def test_an_order_is_told_as_it_is() -> None:
    seen: list[b4.WorkingOrder] = []

    def look(ctx: b4.Context) -> None:
        seen.extend(ctx.orders)
        assert ctx.working == len(ctx.orders)

    def wait(ctx: b4.Context) -> None:
        ctx.sell(1, limit=80, stop=85)

    assert fills([QUIET] * 4, buy, look, wait, look) == []
    first, again, waiting = seen
    assert (first.side, first.qty, first.filled, first.limit) == ("buy", 10.0, 0.0, 90.0)
    assert (first.stop, first.state, again.id) == (None, "open", first.id)
    assert (waiting.side, waiting.limit, waiting.stop) == ("sell", 80.0, 85.0)
    assert repr(first) == f"WorkingOrder({first.id} buy 10 at 90, 0 filled, open)"


@pytest.mark.parametrize(
    ("change", "filled"),
    [
        ({"qty": 4.0}, [(4.0, 90.0)]),
        ({"limit": 95.0}, [(10.0, 95.0)]),
        ({"limit": 95.0, "qty": 12.0}, [(12.0, 95.0)]),
        ({"limit": 80.0}, []),
        ({"limit": 110.0}, [(10.0, 100.0)]),  # the next open, as a taker
        ({"limit": 90.0}, [(10.0, 90.0)]),  # so already
        ({"qty": 1e9}, [(10.0, 90.0)]),  # refused
    ],
)
def test_an_amend_changes_what_rests(
    change: dict[str, float], filled: list[tuple[float, float]]
) -> None:
    def amend(ctx: b4.Context) -> None:
        ctx.amend(ctx.orders[0], **change)

    assert fills([QUIET, QUIET, LOW, QUIET], buy, amend) == filled


def test_a_change_that_does_not_fit_is_counted_by_its_reason() -> None:
    def amend(ctx: b4.Context) -> None:
        ctx.amend(ctx.orders[0].id, qty=1e6)

    def gone(ctx: b4.Context) -> None:
        ctx.amend("AAAAAAAAAAAAB", qty=1)

    refused = result([QUIET] * 4, buy, amend, gone).metrics.refusals
    assert set(refused) == {"position_limit", "not_amendable"}, refused


def test_one_order_is_canceled_and_the_other_stays() -> None:
    def two(ctx: b4.Context) -> None:
        ctx.buy(1, limit=90)
        ctx.buy(2, limit=90)

    def first(ctx: b4.Context) -> None:
        ctx.cancel(ctx.orders[0])

    def every(ctx: b4.Context) -> None:
        ctx.cancel()

    assert fills([QUIET, QUIET, LOW, QUIET], two, first) == [(2.0, 90.0)]
    assert fills([QUIET, QUIET, LOW, QUIET], two, every) == []
    assert fills([QUIET, LOW, QUIET, QUIET], two, lambda ctx: ctx.cancel("AAAAAAAAAAAAA")) == [
        (1.0, 90.0),
        (2.0, 90.0),
    ]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda ctx: ctx.amend(ctx.orders[0]), "give a qty, a limit, or both"),
        (lambda ctx: ctx.amend(ctx.orders[0], qty=0), "qty must be a number above zero, not 0"),
        (lambda ctx: ctx.amend(ctx.orders[0], limit=-1), "limit must be a number above zero"),
        (lambda ctx: ctx.amend(ctx.orders[0], limit=float("nan")), "above zero, not NaN"),
        (lambda ctx: ctx.amend("nonsense", qty=1), "nonsense"),
        (lambda ctx: ctx.cancel("nonsense"), "nonsense"),
    ],
)
def test_what_no_order_can_become_is_one_line(act: Act, error: str) -> None:
    with pytest.raises(b4.StrategyError, match=error) as raised:
        fills([QUIET] * 3, buy, act)
    assert "\n" not in str(raised.value)
