"""A venue's report of the account, as Python gives it and gets it back."""

import dataclasses

import pytest

import bot4 as b4

SECOND = 1_000_000_000
HERE = "binance:BTCUSDT"


def bot() -> b4.Bot:
    opened = b4.Bot(profile="research")
    opened.add_instrument(HERE, price="60000", tick="0.01", lot="0.00001")
    opened.open("10000", SECOND)
    return opened


def report(second: int, **parts: object) -> b4.VenueReport:
    """Every question was answered, and nothing is there but the cash."""
    answered = b4.VenueReport(
        venue="binance",
        asked_ns=second * SECOND,
        ts_ns=second * SECOND + SECOND // 2,
        orders=(),
        fills=(),
        balances={"cash": "10000"},
        positions={},
    )
    return dataclasses.replace(answered, **parts)  # type: ignore[arg-type]


def order(name: str, **parts: str) -> b4.VenueOrder:
    words = {"instrument": HERE, "side": "buy", "state": "open", "filled": "0", **parts}
    return b4.VenueOrder(name=name, **words)  # type: ignore[arg-type]


def test_an_account_that_agrees_leads_to_nothing() -> None:
    found = bot().reconcile(report(20))
    assert (found.events, found.requests, found.unexplained) == (0, [], [])


def test_a_position_that_is_not_ours_freezes_once_until_it_agrees() -> None:
    ours = bot()
    manual = report(20, positions={HERE: "0.5"})
    found = ours.reconcile(manual)
    assert found.unexplained == [(HERE, "position", "position 0.5, ours 0")]
    assert [found.events, ours.reconcile(manual).events] == [1, 0]
    assert [ours.reconcile(report(30)).events, ours.reconcile(report(40)).events] == [1, 0]


def test_a_question_that_failed_concludes_nothing() -> None:
    silent = report(20, orders=None, fills=None, balances=None, positions=None)
    assert bot().reconcile(silent).events == 0


def test_foreign_orders_and_fills_are_named() -> None:
    fill = b4.VenueFill(
        order="web_1", instrument=HERE, side="sell", trade="7", price="60000", qty="1", ts_ns=SECOND
    )
    ours = bot()
    agreeing = {"positions": {HERE: "-1"}, "balances": {HERE: "-1", "cash": "70000"}}
    told = report(20, orders=(order("web_1", side="sell"),), fills=(fill,), **agreeing)
    found = ours.reconcile(told)
    assert found.foreign_orders == ["web_1"]
    assert found.foreign_fills == [(HERE, "sell", "1", "60000")]
    assert (found.unexplained, ours.position(HERE)) == ([], "-1")
    again = ours.reconcile(told)
    assert (again.events, again.foreign_fills, ours.position(HERE)) == (0, [], "-1")


def test_transfers_funding_and_fees_in_any_asset_are_booked_once() -> None:
    fill = b4.VenueFill(
        order="web_1",
        instrument=HERE,
        side="buy",
        trade="7",
        price="60000",
        qty="0.1",
        fee="0.0001",
        fee_asset="BNB",
        ts_ns=SECOND,
    )
    entries = (
        b4.VenueEntry(name="in", asset="BNB", amount="2", ts_ns=SECOND),
        b4.VenueEntry(name="8 o'clock", instrument=HERE, amount="-1.5", ts_ns=SECOND),
    )
    agreeing = {"cash": "3998.5", "BNB": "1.9999", HERE: "0.1"}
    told = report(20, fills=(fill,), entries=entries, positions={HERE: "0.1"}, balances=agreeing)
    ours = bot()
    found = ours.reconcile(told)
    assert (found.unexplained, found.other_balances, found.events) == ([], [], 3)
    assert ours.reconcile(told).events == 0
    held = {
        ("binance", "cash"): "3998.5",
        ("binance", "BNB"): "1.9999",
        ("binance", "BTCUSDT"): "0.1",
    }
    assert ours.balances() == held
    ours.on_rate("BNB", "600", 21 * SECOND)
    wrong = dataclasses.replace(told, balances={**agreeing, "BNB": "1"})
    assert ours.reconcile(wrong).other_balances == ["balance of BNB 1, ours 1.9999"]


def test_an_entry_of_nothing_is_refused() -> None:
    nothing = b4.VenueEntry(name="x", amount="1", ts_ns=SECOND)
    with pytest.raises(b4.EngineError, match="must name an asset"):
        bot().reconcile(report(20, entries=(nothing,)))
    with pytest.raises(b4.EngineError, match="is no asset: write 1 to 16 bytes"):
        bot().on_rate("", "1", SECOND)
    with pytest.raises(b4.EngineError, match="worth must be above 0"):
        bot().on_rate("BNB", "0", SECOND)


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ({"positions": {"binance:ETHUSDT": "1"}}, b4.EngineError, "no instrument here"),
        ({"orders": (order("x", state="asleep"),)}, b4.EngineError, "no state of an order"),
        ({"orders": (order("x", side="up"),)}, b4.EngineError, "buy or sell"),
        ({"orders": (order("x", filled="-1"),)}, b4.DataError, "cannot be"),
        ({"orders": (order("x", size="one"),)}, b4.EngineError, "one"),
        ({"absent": ("web_1",)}, b4.EngineError, "no order id of ours"),
        ({"venue": "kraken", "positions": {HERE: "1"}}, b4.DataError, "not of that venue"),
        ({"ts_ns": 0}, b4.DataError, "before it was asked"),
        ({"ts_ns": 2**62}, b4.EngineError, "ahead of this machine's clock"),
    ],
)
def test_a_report_that_cannot_be_is_refused(
    parts: dict[str, object], error: type[Exception], message: str
) -> None:
    ours = bot()
    with pytest.raises(error, match=message):
        ours.reconcile(report(20, **parts))
    assert ours.reconcile(report(20)).events == 0
