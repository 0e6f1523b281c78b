//! Risk: every check below, at and above its limit, and with what it needs missing or unusable.
//!
//! Long because each check is a table of cases.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;
mod scene;

use bot4_engine::event::{
    BreakerState, Component, OrderTerms, Side, Size, SleeveId, Stop, StopKind, TradingState, Want,
};
use bot4_engine::exposure::{Account, Exposure, Mark, Sight};
use bot4_engine::instrument::Instrument;
use bot4_engine::risk::breaker::Breakers;
use bot4_engine::risk::limits::Profile;
use bot4_engine::risk::{Approved, Armed, Assessment, Refusal};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate, Rounding};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{TestCaseError, TestCaseResult};
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{SECOND, always, amount, instrument, ns, rate};
use crate::scene::{Scene, at, buy, sell, target};

/// As many as may work in the profile `unleveraged`.
const WORKING_MAX: usize = 200;

fn check(table: &[(&str, Scene, Want, &str)]) {
    for (name, scene, want, answer) in table {
        assert_eq!(scene.answer(*want), *answer, "{name}");
    }
}

#[test]
fn means_what_was_asked_for() {
    let quiet = Scene::quiet;
    let short = || quiet().limits("research", &[]).holding(-400_000);
    let half = Scene { allocation: rate("0.5"), ..quiet() };
    check(&[
        ("a buy", quiet(), buy(0.3), "buy 0.3"),
        ("a limit buy", quiet(), at(99.5, buy(0.3)), "buy 0.3 at 99.5"),
        ("a sell of what is held", quiet().holding(10_000), sell(0.3), "sell 0.3"),
        ("all of the equity", quiet(), target(1.0), "buy 10000 quote"),
        ("a part", quiet(), target(0.25), "buy 2500 quote"),
        ("a part of a share", half, target(0.25), "buy 1250 quote"),
        ("it is so already", quiet().holding(250_000), target(0.25), "nothing"),
        ("nothing of nothing", quiet(), target(0.0), "nothing"),
        ("minus nothing", quiet(), target(-0.0), "nothing"),
        ("less than a rate holds", quiet(), target(1e-13), "nothing"),
        ("more", quiet().holding(250_000), target(0.5), "buy 2500 quote"),
        ("less", quiet().holding(500_000), target(0.25), "sell 25"),
        ("none", quiet().holding(500_000), target(0.0), "sell 50"),
        ("short", quiet().limits("research", &[]), target(-0.4), "sell 40"),
        ("more short", short(), target(-1.0), "sell 60"),
        ("less short is sized in base", short(), target(-0.1), "buy 30"),
        ("no longer short", short(), target(0.0), "buy 40"),
        ("from short to long", short(), target(0.5), "buy 9000 quote"),
        ("cancels need no approval", quiet(), Want::CancelAll, "nothing"),
    ]);
}

#[test]
fn refuses_what_is_missing_or_unusable() {
    let quiet = Scene::quiet;
    let mark = |price: i64, ts: i64| Some(Mark { price: Price::new(price), ts: ns(ts * SECOND) });
    let priced = |mark| Scene { mark, ..quiet() };
    let equity = |text| {
        let mut scene = quiet();
        scene.account.equity = amount(text);
        scene
    };
    let mut table = Vec::new();
    for (name, scene, why) in [
        ("no price", priced(None), "no: no_price"),
        ("a price of nothing", priced(mark(0, 100)), "no: no_price"),
        ("a price below nothing", priced(mark(-1, 100)), "no: no_price"),
        ("a price as old as allowed", priced(mark(10_000, 40)), ""),
        ("a price too old", priced(mark(10_000, 39)), "no: stale_price"),
        ("a price of the future", priced(mark(10_000, 101)), "no: stale_price"),
        ("no equity", equity("0"), "no: no_equity"),
        ("equity below nothing", equity("-5"), "no: no_equity"),
        ("equity of the least unit", equity("1e-18"), "no: position_limit"),
    ] {
        let answer = if why.is_empty() { "buy 1" } else { why };
        table.push((name, scene, buy(1.0), answer));
    }
    let far = Scene { now: Nanos::new(i64::MAX), mark: mark(1, -9_000_000_000), ..quiet() };
    table.push(("an age that does not fit", far, buy(1.0), "no: too_large"));
    check(&table);
    assert_eq!(equity("0").answer(target(1.0)), "no: no_equity", "not what is held already");
    assert_eq!(equity("0").answer(target(0.0)), "nothing", "but nothing is");
    let mut owing = Scene::quiet().holding(10_000);
    owing.account.unpriced = true;
    assert_eq!(owing.answer(buy(1.0)), "no: no_price", "nobody knows what it is worth");
    assert_eq!(owing.answer(sell(1.0)), "sell 1", "it may be closed");
}

#[test]
fn refuses_numbers_that_are_none() {
    let quiet = Scene::quiet;
    let unusable = "no: not_usable";
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        check(&[
            ("a size", quiet(), buy(bad), unusable),
            ("a size to sell", quiet().holding(10_000), sell(bad), unusable),
            ("a target", quiet(), target(bad), unusable),
            ("a limit", quiet(), at(bad, buy(1.0)), unusable),
        ]);
    }
    let zero = at(0.0, sell(1.0));
    check(&[
        ("no size", quiet(), buy(0.0), unusable),
        ("a size below zero", quiet(), buy(-1.0), unusable),
        ("a size below the lot", quiet(), buy(0.000_09), unusable),
        ("a limit of nothing", quiet().holding(10_000), zero, unusable),
        ("a limit below nothing", quiet(), at(-5.0, buy(1.0)), unusable),
        ("a limit below the tick", quiet(), at(0.004, buy(1.0)), unusable),
        ("a size too large", quiet(), buy(1e18), "no: too_large"),
        ("a limit too large", quiet(), at(1e18, buy(1.0)), "no: too_large"),
        ("a target too large", quiet(), target(1e9), "no: too_large"),
        ("a target too low", quiet(), target(-1e9), "no: too_large"),
    ]);
}

#[test]
fn clips_to_each_limit_and_names_it() {
    let with = |changes: &[(&str, &str)]| Scene::quiet().limits("unleveraged", changes);
    let working = |text: &str| {
        let mut scene = with(&[("position_max", "0.02")]);
        scene.exposure.working_buy = amount(text);
        scene
    };
    let poor = |cash: &str, reserved: &str| {
        let mut scene = Scene::quiet();
        (scene.account.cash, scene.account.reserved) = (amount(cash), amount(reserved));
        scene
    };
    let position = [("position_max", "0.02")];
    let flip = Scene::quiet().limits("research", &[("order_max", "0.01")]).holding(100_000);
    check(&[
        ("closing is not held back", flip.clone(), target(0.0), "sell 10"),
        ("and opens no more than one order", flip, sell(12.0), "sell 11, order_limit"),
        ("below the cap", with(&position), buy(1.9), "buy 1.9"),
        ("at the cap", with(&position), buy(2.0), "buy 2"),
        ("above the cap", with(&position), buy(2.1), "buy 2, position_limit"),
        ("a target above it", with(&position), target(1.0), "buy 200 quote, position_limit"),
        ("a cap that is full", with(&position).holding(20_000), buy(1.0), "no: position_limit"),
        ("a cap of nothing", with(&[("position_max", "0")]), buy(1.0), "no: position_limit"),
        ("working counted", working("150"), buy(1.0), "buy 0.5, position_limit"),
        ("working is full", working("200"), buy(1.0), "no: position_limit"),
        ("gross", with(&[("gross_max", "0.05")]), buy(9.0), "buy 5, gross_limit"),
        ("gross is full", with(&[("gross_max", "0")]), buy(9.0), "no: gross_limit"),
        ("one order", with(&[("order_max", "0.01")]), buy(9.0), "buy 1, order_limit"),
        ("no order", with(&[("order_max", "0")]), buy(9.0), "no: order_limit"),
        ("cash, less the fee", poor("100.1", "0"), buy(2.0), "buy 1, free_cash"),
        ("cash at the last unit", poor("100.1", "0"), buy(1.0), "buy 1"),
        ("cash in quote", poor("100", "0"), target(1.0), "buy 100 quote, free_cash"),
        ("cash that is promised", poor("200.1", "100"), buy(2.0), "buy 1, free_cash"),
        ("no cash", poor("0", "0"), buy(2.0), "no: free_cash"),
        ("owing cash", poor("-10", "0"), target(1.0), "no: free_cash"),
        ("all promised", poor("100", "100"), target(1.0), "no: free_cash"),
        ("no shorting", Scene::quiet(), sell(1.0), "no: shorting"),
        ("more than is held", Scene::quiet().holding(5_000), sell(1.0), "sell 0.5, shorting"),
        ("the tightest names itself", poor("100.1", "0"), buy(200.0), "buy 1, free_cash"),
    ]);
}

#[test]
fn the_least_notional_holds_for_what_opens() {
    let least = |held: i64| {
        let mut scene = Scene::quiet().holding(held);
        scene.instrument.notional_min = amount("10");
        scene
    };
    let clipped = least(0).limits("unleveraged", &[("order_max", "0.0009")]);
    check(&[
        ("below", least(0), buy(0.0999), "no: below_minimum"),
        ("at", least(0), buy(0.1), "buy 0.1"),
        ("a target below", least(0), target(0.000_9), "no: below_minimum"),
        ("dust is flat", least(500), target(0.0), "nothing"),
        ("what is no dust is closed", least(1_000), target(0.0), "sell 0.1"),
        ("a part of it is let through", least(1_000), sell(0.05), "sell 0.05"),
        ("what the clip leaves is too little", clipped, buy(1.0), "no: order_limit"),
    ]);
}

#[test]
fn a_limit_price_stays_inside_the_collar() {
    let quiet = || Scene::quiet().limits("unleveraged", &[("collar", "0.05")]);
    let held = || quiet().holding(10_000);
    check(&[
        ("a buy at it", quiet(), at(105.0, buy(1.0)), "buy 1 at 105"),
        ("a buy beyond", quiet(), at(105.01, buy(1.0)), "no: collar"),
        ("a buy far below waits", quiet(), at(1.0, buy(1.0)), "buy 1 at 1"),
        ("a sell at it", held(), at(95.0, sell(1.0)), "sell 1 at 95"),
        ("a sell beyond", held(), at(94.99, sell(1.0)), "no: collar"),
        ("a sell far above waits", held(), at(900.0, sell(1.0)), "sell 1 at 900"),
        ("on the tick", quiet(), at(99.996, buy(1.0)), "buy 1 at 100"),
    ]);
}

fn waiting(side: Side, kind: StopKind, trigger: i64, qty: f64) -> Want {
    let stop = Some(Stop { kind, trigger: Price::new(trigger), trail: Price::ZERO });
    let terms = OrderTerms { stop, ..OrderTerms::default() };
    Want::Trade { side, qty, limit: None, terms }
}

fn trailing(want: Want) -> Want {
    let Want::Trade { side, qty, limit, mut terms } = want else { return want };
    terms.stop = terms.stop.map(|stop| Stop { trail: Price::new(50), ..stop });
    Want::Trade { side, qty, limit, terms }
}

#[test]
fn what_waits_is_sized_at_its_trigger_which_lies_ahead() {
    use Side::{Buy, Sell};
    use StopKind::{Stop as Loss, TakeProfit};
    // The mark is 100.
    let held = || Scene::quiet().holding(10_000);
    let at_venue = |venue: &str| {
        let symbol = format!("{venue}:BTC");
        Scene { instrument: Instrument { symbol, ..instrument() }, ..held() }
    };
    let collared = || held().limits("unleveraged", &[("collar", "0.05")]);
    let wanted = "no: terms";
    check(&[
        ("a stop", held(), waiting(Sell, Loss, 9_500, 1.0), "sell 1"),
        ("at the mark", held(), waiting(Sell, Loss, 10_000, 1.0), wanted),
        ("above it", held(), waiting(Sell, Loss, 10_500, 1.0), wanted),
        ("profit", held(), waiting(Sell, TakeProfit, 10_500, 1.0), "sell 1"),
        ("a profit below", held(), waiting(Sell, TakeProfit, 9_500, 1.0), wanted),
        ("a buy above", held(), waiting(Buy, Loss, 10_500, 0.1), "buy 0.1"),
        ("a buy below", held(), waiting(Buy, Loss, 9_500, 0.1), wanted),
        ("a trigger of nothing", held(), waiting(Sell, Loss, 0, 1.0), wanted),
        ("one that trails", held(), trailing(waiting(Sell, Loss, 9_500, 1.0)), "sell 1"),
        ("a profit that trails", held(), trailing(waiting(Sell, TakeProfit, 10_500, 1.0)), wanted),
        ("with a limit", held(), trailing(limited(9_400, waiting(Sell, Loss, 9_500, 1.0))), wanted),
        (
            "where none trails",
            at_venue("binance"),
            trailing(waiting(Sell, Loss, 9_500, 1.0)),
            "sell 1, held",
        ),
        (
            "a limit is known to wait",
            at_venue("coinbase"),
            limited(9_400, waiting(Sell, Loss, 9_500, 1.0)),
            "sell 1 at 94",
        ),
        ("where stops wait", at_venue("binance"), waiting(Sell, Loss, 9_500, 1.0), "sell 1"),
        (
            "where they need a limit",
            at_venue("coinbase"),
            waiting(Sell, Loss, 9_500, 1.0),
            "sell 1",
        ),
        // The collar goes from the trigger on: 5 % beyond 90 and not beyond 100.
        ("a limit", collared(), limited(8_550, waiting(Sell, Loss, 9_000, 1.0)), "sell 1 at 85.5"),
        ("too far", collared(), limited(8_549, waiting(Sell, Loss, 9_000, 1.0)), "no: collar"),
    ]);
}

fn limited(limit: i64, want: Want) -> Want {
    let Want::Trade { side, qty, terms, .. } = want else { return want };
    #[allow(clippy::cast_precision_loss, reason = "small")]
    let limit = Some(limit as f64 / 100.0);
    Want::Trade { side, qty, limit, terms }
}

#[test]
fn a_short_is_capped_at_what_it_may_fetch() {
    // A sell at 95 with the market at 100 fetches 100.
    let scene = Scene::quiet().limits("research", &[("position_max", "0.02")]);
    assert_eq!(scene.answer(at(95.0, sell(9.0))), "sell 2 at 95, position_limit");
    assert_eq!(scene.answer(at(200.0, sell(9.0))), "sell 1 at 200, position_limit");
    assert_eq!(scene.answer(at(105.0, buy(2.0))), "buy 1.9047 at 105, position_limit");
}

#[test]
fn working_shorts_elsewhere_fill_the_gross_cap() {
    let mut scene = Scene::quiet().limits("research", &[("gross_max", "1")]);
    scene.account.working_short = Some(amount("9900"));
    assert_eq!(scene.answer(sell(5.0)), "sell 1, gross_limit");
    assert_eq!(scene.answer(buy(5.0)), "buy 1, gross_limit");
    scene.account.working_short = None;
    assert_eq!(scene.answer(sell(5.0)), "no: no_price");
}

#[test]
fn breakers_and_states_let_through_what_they_say() {
    let latched = Breakers::default().with(Component::Drawdown, BreakerState::Latched);
    let half_open = Breakers::default().with(Component::Feed, BreakerState::HalfOpen);
    let (opens, grows, reduces, flips, covers, less_short) =
        (target(0.5), target(1.0), target(0.1), target(-0.5), target(0.0), target(-0.1));
    let all_pass = ["buy 5000 quote", "buy 5000 quote", "sell 40", "sell 100"];
    // What flips keeps the part that closes.
    let open = ["no: breaker_open", "no: breaker_open", "sell 40", "sell 50, breaker_open"];
    let reducing = ["no: reducing_only", "no: reducing_only", "sell 40", "sell 50, reducing_only"];
    let table = [
        (Breakers::default(), TradingState::Active, all_pass, "buy 40", "buy 30"),
        (latched, TradingState::Active, open, "buy 40", "buy 30"),
        (half_open, TradingState::Active, open, "buy 40", "buy 30"),
        (Breakers::default(), TradingState::Reducing, reducing, "buy 40", "buy 30"),
        (latched, TradingState::Reducing, reducing, "buy 40", "buy 30"),
        (Breakers::default(), TradingState::Halted, ["no: halted"; 4], "no: halted", "no: halted"),
        (latched, TradingState::Halted, ["no: halted"; 4], "no: halted", "no: halted"),
    ];
    for (breakers, trading_state, long, cover, less) in table {
        let scene = |held: i64| {
            let scene = Scene::quiet().limits("research", &[]).holding(held);
            Scene { breakers, trading_state, ..scene }
        };
        check(&[
            ("opens", scene(0), opens, long[0]),
            ("grows", scene(500_000), grows, long[1]),
            ("reduces", scene(500_000), reduces, long[2]),
            ("flips", scene(500_000), flips, long[3]),
            ("covers", scene(-400_000), covers, cover),
            ("covers a part", scene(-400_000), less_short, less),
        ]);
    }
}

#[test]
fn what_is_unexplained_stops_everything_and_what_is_unknown_only_what_opens() {
    let held = || Scene::quiet().limits("research", &[]).holding(500_000);
    let frozen = || Scene { frozen: true, ..held() };
    let doubtful = || Scene { doubtful: true, ..held() };
    check(&[
        ("frozen: grows", frozen(), target(1.0), "no: frozen"),
        ("frozen: reduces", frozen(), target(0.1), "no: frozen"),
        ("unknown: grows", doubtful(), target(1.0), "no: order_unknown"),
        ("unknown: reduces", doubtful(), target(0.1), "sell 40"),
        ("unknown: flips", doubtful(), target(-0.5), "sell 50, order_unknown"),
    ]);
}

#[test]
fn an_order_does_not_reduce_what_is_already_being_closed() {
    let reducing = |held: i64, working_buy: i128, working_sell: i64| {
        let mut scene = Scene::quiet().limits("research", &[]).holding(held);
        scene.trading_state = TradingState::Reducing;
        scene.exposure.working_buy = Amount::new(working_buy);
        scene.exposure.working_sell = Qty::new(working_sell);
        scene
    };
    check(&[
        ("what is left", reducing(10_000, 0, 6_000), sell(0.4), "sell 0.4"),
        ("a lot more", reducing(10_000, 0, 6_000), sell(0.4001), "sell 0.4, reducing_only"),
        ("all is closing", reducing(10_000, 0, 10_000), sell(0.1), "no: reducing_only"),
        ("more than all", reducing(10_000, 0, 20_000), sell(0.1), "no: reducing_only"),
        ("a short", reducing(-10_000, 0, 0), buy(1.0), "buy 1"),
        ("more than the short", reducing(-10_000, 0, 0), buy(1.0001), "buy 1, reducing_only"),
        ("a short being closed", reducing(-10_000, 1, 0), buy(0.1), "no: reducing_only"),
        ("from short to long", reducing(-10_000, 0, 0), target(1.0), "buy 1, reducing_only"),
        ("the wrong way", reducing(-10_000, 0, 0), sell(0.1), "no: reducing_only"),
        ("the other wrong way", reducing(10_000, 0, 0), buy(0.1), "no: reducing_only"),
        ("nothing to close", reducing(0, 0, 0), sell(0.1), "no: reducing_only"),
    ]);
}

#[test]
fn no_more_orders_work_than_may() {
    let working = |working: usize| Scene { working, ..Scene::quiet().holding(10_000) };
    check(&[
        ("one less", working(WORKING_MAX - 1), buy(0.1), "buy 0.1"),
        ("as many as may", working(WORKING_MAX), buy(0.1), "no: too_many_orders"),
        ("closing passes", working(WORKING_MAX), target(0.0), "sell 1"),
    ]);
}

#[test]
fn closing_stays_on_the_lot() {
    let odd = |held: i64| {
        let mut scene = Scene::quiet().holding(held);
        scene.instrument.lot = Qty::new(100);
        scene
    };
    check(&[
        ("the odd rest stays", odd(10_050), target(0.0), "sell 1"),
        ("a rest below the lot cannot be sold", odd(50), target(0.0), "nothing"),
        ("more than is held", odd(10_050), sell(2.0), "sell 1, shorting"),
    ]);
}

#[test]
fn reducing_needs_a_price_but_no_equity_and_no_room() {
    let mut scene = Scene::quiet().holding(10_000).limits("default", &[("order_max", "0")]);
    scene.account.equity = amount("-50");
    assert_eq!(scene.answer(target(0.0)), "sell 1");
    scene.mark = None;
    assert_eq!(scene.answer(target(0.0)), "no: no_price");
}

fn worth(price: Price, qty: Qty) -> i128 {
    i128::from(price.mantissa()) * i128::from(qty.mantissa()) * 10_i128.pow(12)
}

fn scenes() -> impl Strategy<Value = Scene> {
    let money = || 0_i128..50_000 * 10_i128.pow(18);
    let limit = || 0_i64..3 * 10_i64.pow(12);
    let market = (1_i64..50_000, -600_000_i64..600_000, money(), 0_i64..600_000);
    let account = (money(), money(), money(), money(), money());
    let limits = (limit(), limit(), limit(), any::<bool>(), any::<bool>());
    let rest = (1_i64..10_000, 0_i64..10_i64.pow(10), 1_i64..=10_i64.pow(12));
    (market, account, limits, rest).prop_map(|(market, account, limits, rest)| {
        let (price, position, working_buy, working_sell) = market;
        let (cash, equity, elsewhere, reserved, short) = account;
        let (position_max, gross_max, order_max, shorting, borrowing) = limits;
        let mut scene = Scene::quiet();
        let price = Price::new(price);
        scene.mark = Some(Mark { price, ..scene.mark.unwrap() });
        scene.exposure = Exposure {
            position: Qty::new(position),
            working_buy: Amount::new(working_buy),
            working_sell: Qty::new(working_sell),
        };
        let held = worth(price, Qty::new(position));
        let own_short = (worth(price, Qty::new(working_sell)) - held.max(0)).max(0);
        scene.account = Account {
            cash: Amount::new(cash),
            equity: Amount::new(equity),
            gross: Amount::new(elsewhere + held.abs()),
            reserved: Amount::new(reserved + working_buy),
            working_short: Some(Amount::new(short + own_short)),
            unpriced: false,
        };
        scene.instrument.lot = Qty::new(rest.0);
        scene.instrument.taker_fee = Rate::new(rest.1);
        scene.allocation = Rate::new(rest.2);
        scene.profile = Profile {
            position_max: Rate::new(position_max),
            gross_max: Rate::new(gross_max),
            order_max: Rate::new(order_max),
            shorting,
            borrowing,
            ..scene.profile
        };
        scene
    })
}

fn wants() -> impl Strategy<Value = Want> {
    let limit = prop_oneof![Just(None), (1.0_f64..600.0).prop_map(Some)];
    let trade = (any::<bool>(), 0.000_1_f64..100.0, limit).prop_map(|(buys, qty, limit)| {
        let side = if buys { Side::Buy } else { Side::Sell };
        Want::Trade { side, qty, limit, terms: OrderTerms::default() }
    });
    prop_oneof![(-3.0_f64..3.0).prop_map(target), trade]
}

/// No limit is passed by `scene` after the order it approved; written without the code's help.
fn within_limits(scene: &Scene, want: Want) -> TestCaseResult {
    let Ok(Some(Assessment { approved, .. })) = scene.assess(want) else {
        return Ok(());
    };
    let order = approved.into_order();
    let (exposure, account) = (scene.exposure, scene.account);
    let mark = scene.mark.unwrap().price;
    let cap = |limit: Rate| account.equity.times(limit, Rounding::Down).unwrap().mantissa();
    let held = worth(mark, exposure.position);
    let buying = exposure.working_buy.mantissa();
    let selling = worth(mark, exposure.working_sell);
    let price = match order.side {
        Side::Buy => order.limit.unwrap_or(mark),
        Side::Sell => order.limit.unwrap_or(mark).max(mark),
    };
    let value = match order.size {
        Size::Quote(budget) => budget.mantissa(),
        Size::Base(qty) => worth(price, qty),
    };
    prop_assert!(value > 0);
    if let Size::Base(qty) = order.size {
        prop_assert_eq!(scene.instrument.lots_down(qty), qty);
        let (position, sold) = (exposure.position.mantissa(), exposure.working_sell.mantissa());
        let reduces = match order.side {
            Side::Sell => qty.mantissa() + sold <= position,
            Side::Buy => buying == 0 && qty.mantissa() <= -position,
        };
        if reduces {
            return Ok(());
        }
        let uncovered = order.side == Side::Sell && qty.mantissa() + sold > position;
        prop_assert!(scene.profile.shorting || !uncovered, "sells what is not held");
    }
    let toward = match order.side {
        Side::Buy => held + buying,
        Side::Sell => selling - held,
    };
    // What closes is not held back by the cap of one order.
    prop_assert!(value - (-toward).max(0) <= cap(scene.profile.order_max), "order");
    let after = toward + value;
    prop_assert!(after <= cap(scene.profile.position_max), "position");
    let own_short = (selling - held.max(0)).max(0);
    let others = account.gross.mantissa() - held.abs() + account.working_short.unwrap().mantissa()
        - own_short
        + account.reserved.mantissa()
        - buying;
    // What is there already and could still come of it, without the order and with it.
    let (gross_before, gross_after) = match order.side {
        Side::Buy => ((held + buying).abs(), (held + buying + value).abs()),
        Side::Sell => ((held - selling).abs(), (held - selling - value).abs()),
    };
    let others = others + if order.side == Side::Buy { own_short } else { buying };
    let gross_max = cap(scene.profile.gross_max).max(others + gross_before);
    prop_assert!(others + gross_after <= gross_max, "gross");
    if order.side == Side::Buy {
        let free = account.cash.minus(account.reserved).unwrap();
        prop_assert!(scene.profile.borrowing || order.reserve <= free, "cash");
        let fee = Amount::new(value).times(scene.instrument.taker_fee, Rounding::Up).unwrap();
        let wanted = match order.size {
            Size::Quote(budget) => budget,
            Size::Base(_) => Amount::new(value).plus(fee).unwrap(),
        };
        prop_assert_eq!(order.reserve, wanted);
    } else {
        prop_assert!(order.reserve.is_zero());
    }
    Ok(())
}

#[test]
fn never_approves_past_any_limit() {
    always(6_000, (scenes(), wants()), |(scene, want)| within_limits(&scene, want));
}

/// What the short way passes the long way approves whole, to the last unit; whether it passed.
fn agrees(scene: &Scene, fraction: f64) -> Result<bool, TestCaseError> {
    let long = scene.assess(target(fraction));
    match scene.pass(fraction) {
        Ok(approved) => {
            prop_assert_eq!(long, Ok(Some(Assessment { approved, clipped: None })));
            Ok(true)
        }
        Err(refusals) => {
            prop_assert!(!refusals.is_empty());
            if let Err(refusal) = long {
                let found: Vec<_> = refusals.iter().collect();
                let by = [Refusal::TooLarge, Refusal::BelowMinimum];
                let told = found.contains(&refusal) || found.iter().any(|found| by.contains(found));
                prop_assert!(told, "{:?} but {:?}", refusal, found);
            }
            Ok(false)
        }
    }
}

#[test]
fn the_short_way_passes_nothing_that_the_long_way_would_not() {
    let passed = core::cell::Cell::new(0);
    let fractions = prop_oneof![-0.6_f64..0.6, Just(0.0), Just(-0.1), Just(1e-9)];
    always(6_000, (scenes(), fractions), |(scene, fraction)| {
        let wide = scene.clone().limits("research", &[]);
        for scene in [scene, wide] {
            passed.set(passed.get() + u32::from(agrees(&scene, fraction)?));
        }
        Ok(())
    });
    assert!(passed.get() > 500, "{passed:?} of 12,000 passed: the cases say too little");
}

/// What the short way passes in another market than the one its limits were made in, told before
/// which target to expect, the long way approves whole; whether it passed.
fn agrees_when_told(scene: &Scene, fraction: f64, later: &Scene) -> Result<bool, TestCaseError> {
    let Ok(mut armed) = Armed::of(SleeveId(0), &scene.view()) else {
        return Ok(false);
    };
    let sight = later.sight().unwrap();
    let untold = armed.pass(fraction, &sight, later.now);
    armed.expect(fraction);
    let told = armed.pass(fraction, &sight, later.now);
    prop_assert_eq!(untold, told);
    if let Ok(passed) = told {
        let approved = passed.into();
        let long = later.assess(target(fraction));
        prop_assert_eq!(long, Ok(Some(Assessment { approved, clipped: None })));
    }
    Ok(told.is_ok())
}

#[test]
fn what_is_expected_passes_where_each_check_passes_and_nowhere_else() {
    let passed = core::cell::Cell::new(0);
    let fractions = prop_oneof![-0.6_f64..0.6, Just(0.0), Just(0.02), Just(-0.1), Just(1e-9)];
    let rates = prop_oneof![Just(Rate::ONE), (1_i64..10_i64.pow(11)).prop_map(Rate::new)];
    let sighted = (rates.clone(), rates.clone(), rates.clone(), rates);
    let moves = prop_oneof![-30_i64..30, -9_000_i64..9_000, -100_i64..300_000];
    let market = (moves, -5_i64..3_000, 0_i64..40_000_000, -2_000_000_000_i64..90_000_000_000);
    let told = |(scene, fraction, market, wide, sighted): (Scene, f64, _, bool, _)| {
        let mut scene = if wide { scene.limits("research", &[]) } else { scene };
        let (spread_max, jump_max, depth_share_max, cost_max) = sighted;
        let limits = Profile { spread_max, jump_max, depth_share_max, cost_max, ..scene.profile };
        scene.profile = limits;
        let (moved, apart, touch, passed_ns) = market;
        let Some(sight) = scene.sight() else {
            return Ok(());
        };
        let Ok(price) = sight.mark.price.plus(Price::new(moved)) else {
            return Ok(());
        };
        let now = Nanos::new(scene.now.mantissa().max(0) + 9_000_000_000);
        let mark = Mark { price, ts: Nanos::new(now.mantissa() - passed_ns) };
        let (bid, ask) = (price.minus(Price::new(apart)), price.plus(Price::new(apart)));
        let (Ok(bid), Ok(ask)) = (bid, ask) else {
            return Ok(());
        };
        let qty = Qty::new(touch);
        let sight = Some(Sight { mark, bid, ask, bid_qty: qty, ask_qty: qty, ..sight });
        let later = Scene { mark: Some(mark), sight, now, ..scene.clone() };
        passed.set(passed.get() + u32::from(agrees_when_told(&scene, fraction, &later)?));
        Ok(())
    };
    always(40_000, (scenes(), fractions, market, any::<bool>(), sighted), told);
    assert!(passed.get() > 500, "{passed:?} of 40,000 passed: the cases say too little");
}

/// Both answers of the short way at a price and a size at the touch, told what to expect or not.
fn told_and_not(scene: &Scene, fraction: f64, price: i64, touch: i64) -> [bool; 2] {
    let (price, qty) = (Price::new(price), Qty::new(touch));
    let mark = Mark { price, ..scene.mark.unwrap() };
    let sight = scene.sight().unwrap();
    let sight = Sight { mark, bid: price, ask: price, bid_qty: qty, ask_qty: qty, ..sight };
    [true, false].map(|told| {
        let mut armed = Armed::of(SleeveId(0), &scene.view()).unwrap();
        if told {
            armed.expect(fraction);
        }
        armed.pass(fraction, &sight, scene.now).is_ok()
    })
}

#[test]
fn a_limit_price_may_lie_where_the_collar_ends_and_takes_where_it_reaches_the_touch() {
    let collared = || Scene::quiet().limits("research", &[("collar", "0.05")]).holding(10_000);
    check(&[
        ("a sell at the end", collared(), at(95.0, sell(0.3)), "sell 0.3 at 95"),
        ("a sell beyond it", collared(), at(94.99, sell(0.3)), "no: collar"),
        ("a buy at the end", collared(), at(105.0, buy(0.3)), "buy 0.3 at 105"),
        ("a buy beyond it", collared(), at(105.01, buy(0.3)), "no: collar"),
    ]);
    // One lies on each side, of which an order may take half; the touch is 99.99 and 100.01.
    let seen = || {
        let scene = Scene::quiet().limits("research", &[("depth_share_max", "0.5")]);
        let sight = scene.sight().unwrap();
        let (bid, ask, qty) = (Price::new(9_999), Price::new(10_001), Qty::new(10_000));
        let sight = Some(Sight { bid, ask, bid_qty: qty, ask_qty: qty, ..sight });
        Scene { sight, ..scene }.holding(30_000)
    };
    check(&[
        ("a sell that takes", seen(), at(99.99, sell(3.5)), "sell 0.5 at 99.99, depth"),
        ("a sell that rests", seen(), at(100.0, sell(3.5)), "sell 3.5 at 100"),
        ("a buy that takes", seen(), at(100.01, buy(1.0)), "buy 0.4999 at 100.01, depth"),
        ("a buy that rests", seen(), at(100.0, buy(1.0)), "buy 1 at 100"),
    ]);
}

#[test]
fn between_two_prices_that_pass_none_is_passed_over() {
    // What is cut to so coarse a lot goes up and down with the price, under a cap in between.
    let caps = ["0.37", "0.39", "0.3995", "0.42"];
    let (mut passed, mut refused) = (0, 0);
    for (cap, lot) in caps.into_iter().flat_map(|cap| [30_000, 70_000].map(|lot| (cap, lot))) {
        let mut scene = Scene::quiet().limits("research", &[("order_max", cap)]);
        scene.instrument.lot = Qty::new(lot);
        for price in 8_000..12_500 {
            let [told, untold] = told_and_not(&scene, -0.4, price, i64::MAX);
            assert_eq!(told, untold, "lot {lot}, cap {cap}, price {price}");
            if told { passed += 1 } else { refused += 1 }
        }
    }
    assert!(passed > 1_000 && refused > 1_000, "{passed} passed, {refused} were refused");
}

#[test]
fn the_touch_must_hold_as_much_where_it_is_expected() {
    let scene = Scene::quiet().limits("research", &[("depth_share_max", "0.07")]);
    let passes = |touch: i64| told_and_not(&scene, 0.25, 10_000, touch);
    let (mut too_little, mut least) = (0, 100_000_000);
    while least - too_little > 1 {
        let touch = i64::midpoint(least, too_little);
        if passes(touch) == [true, true] { least = touch } else { too_little = touch }
    }
    assert_eq!([passes(least - 1), passes(least)], [[false, false], [true, true]]);
}

#[test]
fn a_target_asked_for_again_is_what_it_was_on_the_account_as_it_is() {
    let (before, after) = (Scene::quiet(), Scene::quiet().holding(20));
    let sight = before.sight().unwrap();
    let mut armed = Armed::of(SleeveId(0), &before.view()).unwrap();
    // Two are remembered; the third and the first are then worked out anew.
    for fraction in [0.5, 0.25, 0.5, 0.1, 0.5] {
        let fresh = before.pass(fraction);
        assert_eq!(armed.pass(fraction, &sight, before.now).map(Approved::from), fresh);
        let mut armed = armed.again(&after.view()).unwrap();
        let again = armed.pass(fraction, &sight, after.now).map(Approved::from);
        assert_eq!(again, after.pass(fraction));
        assert_ne!(after.pass(fraction), fresh);
    }
}

#[test]
fn the_short_way_knows_each_check_by_its_bit() {
    let scene = || Scene::quiet().limits("research", &[]);
    let stale = Some(Mark { price: Price::new(10_000), ts: ns(0) });
    let worthless = Some(Mark { price: Price::ZERO, ts: scene().now });
    let breakers = Breakers::default().with(Component::Feed, BreakerState::HalfOpen);
    let cases = [
        (Scene { mark: None, ..scene() }, Refusal::NoPrice),
        (Scene { mark: stale, ..scene() }, Refusal::StalePrice),
        (Scene { trading_state: TradingState::Halted, ..scene() }, Refusal::Halted),
        (Scene { trading_state: TradingState::Reducing, ..scene() }, Refusal::ReducingOnly),
        (Scene { frozen: true, ..scene() }, Refusal::Frozen),
        (Scene { doubtful: true, ..scene() }, Refusal::OrderUnknown),
        (Scene { breakers, ..scene() }, Refusal::BreakerOpen),
        (Scene { working: 10_000, ..scene() }, Refusal::TooManyOrders),
        (scene().limits("research", &[("position_max", "0.1")]), Refusal::PositionLimit),
        (scene().limits("research", &[("gross_max", "0.1")]), Refusal::GrossLimit),
        (scene().limits("research", &[("order_max", "0.1")]), Refusal::OrderLimit),
    ];
    assert!(scene().pass(0.5).is_ok());
    for (scene, refusal) in cases {
        let found: Vec<_> = scene.pass(0.5).unwrap_err().iter().collect();
        assert_eq!(found, [refusal]);
    }
    let strict = Scene::quiet();
    assert_eq!(strict.pass(-0.5).unwrap_err(), Refusal::Shorting.into());
    let worthless = Scene { mark: worthless, ..scene() };
    assert!(worthless.pass(0.5).unwrap_err().iter().any(|refusal| refusal == Refusal::NoPrice));
    let spent = Scene { account: Account { reserved: amount("9999"), ..strict.account }, ..strict };
    let found: Vec<_> = spent.pass(0.5).unwrap_err().iter().collect();
    assert_eq!(found, [Refusal::GrossLimit, Refusal::FreeCash]);
    assert_eq!(scene().pass(f64::NAN).unwrap_err(), Refusal::NotUsable.into());
}

#[test]
fn never_approves_while_halted_or_without_a_price() {
    always(500, (scenes(), wants()), |(mut scene, want)| {
        scene.trading_state = TradingState::Halted;
        prop_assert!(!matches!(scene.assess(want), Ok(Some(_))));
        scene.trading_state = TradingState::Active;
        scene.mark = None;
        prop_assert_eq!(scene.assess(want), Err(Refusal::NoPrice));
        Ok(())
    });
}

#[test]
fn neither_way_sells_more_than_fits_before_it_is_cut_to_the_lot() {
    let mut scene = Scene::quiet().limits("research", &[]);
    scene.exposure.position = Qty::new(i64::MIN);
    assert!(scene.assess(target(0.0)).is_err());
    assert!(scene.pass(0.0).is_err());
}
