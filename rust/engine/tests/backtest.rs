//! Whole runs over history: the same twice, and never with a look at what has not happened.
//!
//! Long because what bars, fills and limits do to a run is shown on whole runs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use std::sync::Arc;

use bot4_engine::backtest::{Backtest, BacktestError, Settings};
use bot4_engine::bot::{Decides, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::event::{
    BreakerState, Component, Execution, Fill, Intent, OrderTerms, Part, Reason, Side, SleeveId,
    Stage, TradingState, Transition, Want,
};
use bot4_engine::history::{History, Row};
use bot4_engine::instrument::{InstrumentId, UnitError, amount_as_f64};
use bot4_engine::journal::{Record, decode};
use bot4_engine::risk::Refusal;
use bot4_engine::units::{Amount, Price, Qty, Rate};
use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{
    DAY, Dice, HOUR, START, always, amount, decided, flat, history, ns, profile, program, rate,
    row, run, settings, sleeve, sma_cross, spaced, volume_is_target, walk,
};

const X: &str = "file:X";

/// Flat bars of (price, target); the target is what the program wants at that bar's close.
fn told(steps: &[(f64, f64)]) -> Vec<Row> {
    let prices: Vec<f64> = steps.iter().map(|(price, _)| *price).collect();
    let mut rows = flat(&prices);
    for (row, (_, target)) in rows.iter_mut().zip(steps) {
        row.volume = *target;
    }
    rows
}

fn of_volume(rows: &[Row], settings: &Settings) -> Backtest {
    run(vec![history(X, rows)], vec![sleeve(0, "1", decided(volume_is_target()))], settings)
}

fn kept(backtest: &Backtest) -> Vec<Record> {
    decode(&backtest.journal()).unwrap().2
}

fn fills(backtest: &Backtest) -> Vec<Fill> {
    backtest.report().executions().iter().map(|execution| execution.fill).collect()
}

#[test]
fn spends_the_target_fee_included_at_the_next_open() {
    // Nothing is too far from the mark.
    let free = settings(profile("unleveraged", &[("collar", "1")]));
    let slipping = Settings { slippage: rate("0.01"), ..free };
    let mut rows = told(&[(100.0, 1.0), (180.0, 1.0), (400.0, 0.0), (50.0, 0.0)]);
    rows[1].close = 190.0;
    rows[1].high = 190.0;
    let backtest = of_volume(&rows, &slipping);
    let [bought, sold] = fills(&backtest)[..] else {
        panic!("{:?}", fills(&backtest));
    };
    // 10,000 / (181.8 × 1.001), floored to 10⁻⁸; the bar that decided is never the one that fills.
    assert_eq!((bought.ts, bought.qty), (ns(START + HOUR), Qty::new(5_495_055_000)));
    assert_eq!((sold.ts, sold.qty), (ns(START + 3 * HOUR), bought.qty));
    let rules = backtest.bot().state().instrument(InstrumentId(0)).unwrap();
    let price = |price: Price| rules.price_as_f64(price);
    assert_eq!((price(bought.price), price(sold.price)), (181.8, 49.5));
    let cash = backtest.bot().account().cash;
    let spent = rules.notional(bought.price, bought.qty).unwrap().plus(bought.fee).unwrap();
    let got = rules.notional(sold.price, sold.qty).unwrap().minus(sold.fee).unwrap();
    let wanted = amount("10000").minus(spent).and_then(|cash| cash.plus(got)).unwrap();
    assert_eq!(cash, wanted);
    assert!(spent <= amount("10000") && spent > amount("9999.99999"));
    assert_eq!(backtest.bot().account().equity, cash);
}

#[test]
fn a_trade_holds_the_bars_from_its_entry_to_its_exit() {
    let settings = settings(profile("unleveraged", &[]));
    let steps = [(100.0, 1.0), (100.0, 1.0), (100.0, 1.0), (100.0, 0.0), (100.0, 0.0)];
    let backtest = of_volume(&told(&steps), &settings);
    let [trade] = backtest.report().trades()[..] else {
        panic!("{:?}", backtest.report().trades());
    };
    // In at the open of bar 1, out at the open of bar 4: bars 1, 2 and 3.
    assert_eq!(trade.bars_held, 3);
    assert_eq!((trade.entry, trade.exit), (ns(START + HOUR), Some(ns(START + 4 * HOUR))));
}

#[test]
fn asking_twice_at_one_moment_is_asking_for_the_last() {
    let settings = settings(profile("unleveraged", &[]));
    let run = |asked: &[&[f64]]| {
        let rows = walk(3, 6, 100.0);
        let sleeves = vec![sleeve(0, "1", Decides::Outside)];
        let mut backtest = Backtest::new(vec![history(X, &rows)], sleeves, &settings).unwrap();
        for fractions in asked {
            backtest.advance().unwrap();
            assert_eq!(backtest.outside().collect::<Vec<_>>(), [SleeveId(0)]);
            for fraction in *fractions {
                let want =
                    Want::Target { fraction: *fraction, band: None, execution: Execution::Cross };
                backtest.ask(Intent { sleeve: SleeveId(0), want }).unwrap();
            }
        }
        while backtest.advance().unwrap().is_some() {}
        (fills(&backtest).iter().map(|fill| fill.qty).collect::<Vec<_>>(), backtest)
    };
    let (once, _) = run(&[&[0.5], &[0.25]]);
    let (twice, backtest) = run(&[&[1.0, 0.5], &[0.0, 0.9, 0.25]]);
    assert_eq!(once, twice);
    assert_eq!(backtest.report().orders(), 5);
    assert_eq!(backtest.report().canceled_by_venue(), 0);
    let (none, _) = run(&[&[1.0, 0.0]]);
    assert_eq!(none, []);
}

#[test]
fn what_rests_at_the_end_expires() {
    let settings = settings(profile("unleveraged", &[]));
    let ends = spaced("file:Y", HOUR, &flat(&[100.0]));
    let sleeves = [0, 1].map(|place| sleeve(place, "0.5", decided(program(&[ONE])))).to_vec();
    let histories = vec![history(X, &flat(&[100.0, 100.0])), ends];
    let backtest = run(histories, sleeves, &settings);
    // The order on what ended keeps no cash back, and does not fill.
    assert_eq!(backtest.report().executions().len(), 1);
    assert!(backtest.bot().account().reserved.is_zero());
    assert_eq!(backtest.bot().state().orders().working().count(), 0);
}

const ONE: (&str, &[usize], &[f64]) = ("constant", &[], &[1.0]);

#[test]
fn the_bar_that_decided_never_fills() {
    let settings = settings(profile("unleveraged", &[]));
    let backtest = of_volume(&told(&[(100.0, 0.0), (100.0, 1.0)]), &settings);
    assert_eq!((fills(&backtest).len(), backtest.report().orders()), (0, 1));
    always(60, any::<u64>(), |seed| {
        let sleeves = vec![sleeve(0, "1", decided(sma_cross(2.0, 5.0, 0.9)))];
        let backtest = run(vec![history(X, &walk(seed, 150, 50.0))], sleeves, &settings);
        let mut placed = Vec::new();
        for record in kept(&backtest) {
            if let Record::Placed { ts, id, .. } = record {
                placed.push((id, ts));
            }
            if let Record::Fill(fill) = record {
                let (_, ts) = placed.iter().find(|(id, _)| *id == fill.order).unwrap();
                // Decided at the close; filled at the open of the bar that begins then.
                prop_assert_eq!(fill.ts, *ts);
            }
        }
        prop_assert!(!placed.is_empty());
        Ok(())
    });
}

/// Two instruments, one with gaps, under a profile that clips and borrows.
fn eventful(seed: u64, poison_from: Option<usize>) -> Backtest {
    let mut dice = Dice(seed);
    let mut one = walk(seed, 160, 100.0);
    let mut two = walk(seed ^ 7, 160, 0.02);
    let poison = walk(!seed, 160, 3.0);
    if let Some(from) = poison_from {
        for (place, row) in poison.iter().enumerate().skip(from) {
            one[place] = Row { open_ns: one[place].open_ns, ..*row };
            two[place] = Row { volume: 1e9, ..*row };
        }
    }
    two.retain(|row| (row.open_ns / HOUR) % 7 != 3);
    let [fast, slow] = [dice.below(5), 3 + dice.below(20)].map(|n| 1 + u32::try_from(n).unwrap());
    let signed = [
        ("close", &[][..], &[][..]),
        ("rsi", &[0], &[f64::from(fast) + 1.0]),
        ("constant", &[], &[50.0]),
        ("gt", &[1, 2], &[]),
        ("constant", &[], &[0.8]),
        ("constant", &[], &[-0.7]),
        ("where", &[3, 4, 5], &[]),
    ];
    let band = Decides::Program {
        program: Box::new(program(&signed)),
        decision: Decision::Target { band: Some(0.05), execution: Execution::Cross, exits: None },
    };
    let cross = decided(sma_cross(f64::from(fast), f64::from(slow), 1.0));
    let sleeves = vec![sleeve(0, "0.6", cross), sleeve(1, "0.4", band)];
    let limits = [("gross_max", "0.9"), ("drawdown_max", "0.2"), ("borrowing", "false")];
    let settings = Settings { slippage: rate("0.0003"), ..settings(profile("research", &limits)) };
    let histories = vec![history(X, &one), history("file:Y", &two)];
    Backtest::new(histories, sleeves, &settings).unwrap()
}

fn finished(mut backtest: Backtest) -> Backtest {
    while backtest.advance().unwrap().is_some() {}
    backtest
}

#[test]
fn the_same_run_twice_is_the_same_run() {
    for seed in 0..8 {
        let (a, b) = (finished(eventful(seed, None)), finished(eventful(seed, None)));
        assert_eq!(a.bot().state().ledger_hash(), b.bot().state().ledger_hash());
        assert_eq!(a.journal(), b.journal());
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        let (a, b) = (a.report().curve(), b.report().curve());
        assert_eq!(
            (&a.ts, bits(&a.equity), bits(&a.cash)),
            (&b.ts, bits(&b.equity), bits(&b.cash))
        );
    }
    let hash = |seed| finished(eventful(seed, None)).bot().state().ledger_hash();
    assert_ne!(hash(0), hash(1));
}

#[test]
fn what_comes_after_changes_nothing_before() {
    always(40, (any::<u64>(), 1_usize..160), |(seed, from)| {
        let (mut known, mut poisoned) = (eventful(seed, None), eventful(seed, Some(from)));
        let until = START + i64::try_from(from).unwrap() * HOUR;
        loop {
            let (a, b) = (known.advance().unwrap(), poisoned.advance().unwrap());
            prop_assert_eq!(a, b);
            let (a_account, b_account) = (known.bot().account(), poisoned.bot().account());
            prop_assert_eq!(a_account, b_account);
            if a.is_none_or(|now| now.mantissa() >= until) {
                break;
            }
        }
        // All that was written down up to here, the orders for the poisoned bar included.
        prop_assert_eq!(kept(&known), kept(&poisoned));
        Ok(())
    });
}

#[test]
fn the_default_profile_clips_to_two_per_cent() {
    let settings = settings(profile("default", &[]));
    let backtest = of_volume(&told(&[(100.0, 300.0); 3]), &settings);
    let spent = amount("10000").minus(backtest.bot().account().cash).unwrap();
    assert!(spent <= amount("200") && spent > amount("199.9999"), "{spent:?}");
    let clips: Vec<_> = backtest.report().clips().collect();
    assert_eq!(clips, [(Refusal::PositionLimit, 1)]);
    assert_eq!(backtest.report().refusals().count(), 0);
}

#[test]
fn a_drawdown_closes_what_is_held_and_stops_new_risk_for_the_rest_of_the_run() {
    let settings = settings(profile("unleveraged", &[("drawdown_max", "0.1")]));
    let steps = [
        (100.0, 0.5),
        (100.0, 0.5),
        (70.0, 0.9),
        (70.0, 0.2),
        (70.0, 0.0),
        (70.0, 0.7),
        (900.0, 1.0),
        (900.0, 1.0),
    ];
    let backtest = of_volume(&told(&steps), &settings);
    let records = kept(&backtest);
    let breakers: Vec<_> =
        records.iter().filter(|record| matches!(record, Record::Breaker(_))).copied().collect();
    let part = Part::account(Component::Drawdown);
    let latched = Transition::latch(ns(START + 3 * HOUR), part, Reason::Fall);
    assert_eq!(latched.stage, Stage::Flatten);
    assert_eq!(breakers, [Record::Breaker(latched)]);
    let sides: Vec<_> = backtest.report().executions().iter().map(|e| e.side).collect();
    assert_eq!(sides, [Side::Buy, Side::Sell]);
    assert!(backtest.bot().state().portfolio().position(InstrumentId(0)).qty.is_zero());
    let refused: Vec<_> = backtest.report().refusals().collect();
    assert_eq!(refused, [(Refusal::BreakerOpen, 1)], "what was wanted in that very moment");
    assert_eq!(backtest.bot().state().board().state(part), BreakerState::Latched);
}

#[test]
fn the_daily_loss_stops_new_risk_too() {
    let settings = settings(profile("unleveraged", &[("daily_loss_max", "0.02")]));
    let steps = [(100.0, 0.5), (100.0, 0.5), (95.0, 0.6), (95.0, 0.6)];
    let backtest = of_volume(&told(&steps), &settings);
    let refused: Vec<_> = backtest.report().refusals().collect();
    assert_eq!(refused, [(Refusal::BreakerOpen, 1)]);
    let board = backtest.bot().state().board();
    let lost = board.standing(Part::account(Component::DailyLoss)).unwrap();
    assert_eq!((lost.state, lost.reason), (BreakerState::Open, Reason::Loss));
    assert_eq!(lost.until, Some(ns(START + DAY + 1)), "midnight belongs to the lost day");
}

#[test]
fn a_strategy_outside_is_the_same_as_the_program() {
    let settings = settings(profile("unleveraged", &[]));
    always(20, any::<u64>(), |seed| {
        let rows = walk(seed, 200, 100.0);
        let shape = sma_cross(3.0, 9.0, 0.95);
        let sleeves = vec![sleeve(0, "1", decided(shape.clone()))];
        let inside = run(vec![history(X, &rows)], sleeves, &settings);
        let closes: Vec<f64> = rows.iter().map(|row| row.close).collect();
        let fractions = shape.columns(&[&closes], closes.len()).unwrap().remove(0);
        let sleeves = vec![sleeve(0, "1", Decides::Outside)];
        let mut outside = Backtest::new(vec![history(X, &rows)], sleeves, &settings).unwrap();
        for fraction in fractions {
            outside.advance().unwrap();
            let want = Want::Target { fraction, band: None, execution: Execution::Cross };
            outside.ask(Intent { sleeve: SleeveId(0), want }).unwrap();
        }
        prop_assert_eq!(outside.advance().unwrap(), None);
        let hash = |backtest: &Backtest| backtest.bot().state().ledger_hash();
        prop_assert_eq!(hash(&inside), hash(&outside));
        prop_assert!(inside.report().orders() > 3);
        Ok(())
    });
}

#[test]
fn what_a_strategy_outside_orders_passes_the_same_risk() {
    let rows = flat(&[100.0, 100.0, 90.0, 100.0, 110.0]);
    let sleeves = vec![sleeve(0, "1", Decides::Outside)];
    let settings = settings(profile("unleveraged", &[]));
    let mut backtest = Backtest::new(vec![history(X, &rows)], sleeves, &settings).unwrap();
    let ask = |backtest: &mut Backtest, want| {
        backtest.ask(Intent { sleeve: SleeveId(0), want }).unwrap();
    };
    let trade = |side, qty, limit| Want::Trade { side, qty, limit, terms: OrderTerms::default() };
    ask(&mut backtest, trade(Side::Buy, 1.0, None));
    backtest.advance().unwrap();
    ask(&mut backtest, trade(Side::Buy, 2.0, Some(95.0)));
    ask(&mut backtest, trade(Side::Buy, 3.0, Some(80.0)));
    ask(&mut backtest, trade(Side::Sell, 1.0, None));
    backtest.advance().unwrap();
    backtest.advance().unwrap();
    ask(&mut backtest, Want::CancelAll);
    ask(&mut backtest, trade(Side::Sell, 9.0, Some(105.0)));
    backtest.advance().unwrap();
    backtest.advance().unwrap();
    assert_eq!(backtest.advance().unwrap(), None);
    let rules = backtest.bot().state().instrument(InstrumentId(0)).unwrap();
    let done: Vec<_> = backtest
        .report()
        .executions()
        .iter()
        .map(|e| (e.side, rules.price_as_f64(e.fill.price), rules.qty_as_f64(e.fill.qty)))
        .collect();
    assert_eq!(done, [(Side::Buy, 95.0, 2.0), (Side::Sell, 105.0, 2.0)]);
    let refused: Vec<_> = backtest.report().refusals().collect();
    assert_eq!(refused, [(Refusal::NoPrice, 1), (Refusal::Shorting, 1)]);
    let clips: Vec<_> = backtest.report().clips().collect();
    assert_eq!(clips, [(Refusal::Shorting, 1)]);
    let stranger = Intent { sleeve: SleeveId(4), want: Want::CancelAll };
    assert!(matches!(backtest.ask(stranger), Err(BacktestError::Bot(_))));
}

#[test]
fn never_spends_or_sells_what_is_not_there() {
    let settings = Settings { slippage: rate("0.005"), ..settings(profile("unleveraged", &[])) };
    always(40, any::<u64>(), |seed| {
        let mut rows = walk(seed, 120, 0.000_01);
        let mut dice = Dice(seed);
        for row in &mut rows {
            row.volume = if dice.below(3) == 0 { 0.0 } else { 1.2 * dice.part() };
        }
        let sleeves = vec![sleeve(0, "1", decided(volume_is_target()))];
        let mut backtest = Backtest::new(vec![history(X, &rows)], sleeves, &settings).unwrap();
        while backtest.advance().unwrap().is_some() {
            prop_assert!(!backtest.bot().account().cash.is_negative());
            let position = backtest.bot().state().portfolio().position(InstrumentId(0));
            prop_assert!(!position.qty.is_negative());
        }
        Ok(())
    });
}

#[test]
fn instruments_meet_at_their_closes() {
    let rows = |places: &[i64]| -> Vec<Row> {
        places.iter().map(|place| row(*place, [100.0; 4])).collect()
    };
    let day = spaced("file:D", DAY, &rows(&[0, 24]));
    let histories =
        vec![history(X, &rows(&[0, 1, 5, 23, 24])), history("file:Y", &rows(&[1, 2, 5])), day];
    let sleeves = vec![sleeve(0, "1", Decides::Outside)];
    let settings = settings(profile("unleveraged", &[]));
    let mut backtest = Backtest::new(histories, sleeves, &settings).unwrap();
    assert_eq!(backtest.bars(), 10);
    let mut seen = Vec::new();
    while let Some(now) = backtest.advance().unwrap() {
        let told = |id| backtest.told(InstrumentId(id)).unwrap().1;
        seen.push(((now.mantissa() - START) / HOUR, [told(0), told(1), told(2)]));
    }
    let wanted = [
        (1, [1, 0, 0]),
        (2, [2, 1, 0]),
        (3, [2, 2, 0]),
        (6, [3, 3, 0]),
        (24, [4, 3, 1]),
        (25, [5, 3, 1]),
        (48, [5, 3, 2]),
    ];
    assert_eq!(seen, wanted);
    assert_eq!(backtest.report().bars(), 10);
    assert_eq!(backtest.report().curve().ts.len(), 7);
    assert_eq!(backtest.report().first_ns(), Some(ns(START)));
    assert_eq!(backtest.advance().unwrap(), None, "and none again");
    assert!(backtest.told(InstrumentId(3)).is_none());
}

fn try_new(
    histories: Vec<Arc<History>>,
    sleeves: Vec<Sleeve>,
    change: impl Fn(&mut Settings),
) -> Result<(), BacktestError> {
    let mut settings = settings(profile("default", &[]));
    change(&mut settings);
    Backtest::new(histories, sleeves, &settings).map(|_| ())
}

#[test]
fn what_cannot_run_is_refused_at_the_start() {
    let bars = || history(X, &flat(&[100.0]));
    let other = || history("file:Y", &flat(&[100.0]));
    let on = |place, share| sleeve(place, share, Decides::Outside);
    let same = |_: &mut Settings| {};
    for cash in ["0", "-1"] {
        let change = |settings: &mut Settings| settings.cash = amount(cash);
        assert_eq!(try_new(vec![bars()], vec![on(0, "1")], change), Err(BacktestError::Cash));
    }
    for budget in ["var_max", "cvar_max"] {
        let change =
            |settings: &mut Settings| settings.profile = profile("default", &[(budget, "0.5")]);
        assert_eq!(try_new(vec![bars()], vec![on(0, "1")], change), Err(BacktestError::Budget));
    }
    let twice = Err(BacktestError::Twice(X.to_owned()));
    assert_eq!(try_new(vec![bars(), bars()], vec![], same), twice);
    let alike = Err(BacktestError::Namesake("test".to_owned(), X.to_owned()));
    assert_eq!(try_new(vec![bars()], vec![on(0, "0.5"), on(0, "0.5")], same), alike);
    let told_apart = Sleeve { strategy: "another".to_owned(), ..on(0, "0.5") };
    assert_eq!(try_new(vec![bars()], vec![on(0, "0.5"), told_apart], same), Ok(()));
    let nothing = try_new(vec![bars()], vec![on(1, "1")], same);
    assert!(matches!(nothing, Err(BacktestError::NoHistory(_))), "{nothing:?}");
    let nothing = try_new(vec![], vec![], same);
    assert!(matches!(nothing, Err(BacktestError::NoHistory(_))), "{nothing:?}");
    for shares in [["0", "0.5"], ["-0.1", "0.5"], ["0.5", "0.500000000001"], ["9000000", "9000000"]]
    {
        let sleeves = vec![on(0, shares[0]), on(1, shares[1])];
        let got = try_new(vec![bars(), other()], sleeves, same);
        assert!(got.is_err(), "{shares:?}");
    }
    let whole = vec![on(0, "0.5"), on(1, "0.5")];
    assert_eq!(try_new(vec![bars(), other()], whole, same), Ok(()));
    let unnamed = try_new(vec![history("X", &flat(&[1.0]))], vec![on(0, "1")], same);
    let reason = UnitError::NotAnInstrument("X".to_owned());
    assert_eq!(unnamed, Err(BacktestError::Unit { symbol: "X".to_owned(), reason }));
}

#[test]
fn a_price_that_does_not_fit_stops_the_run_by_name() {
    let rows = told(&[(1e-6, 1.0), (1e-6, 1.0), (1e3, 1.0)]);
    let sleeves = vec![sleeve(0, "1", decided(volume_is_target()))];
    let settings = settings(profile("unleveraged", &[]));
    let mut backtest = Backtest::new(vec![history(X, &rows)], sleeves, &settings).unwrap();
    backtest.advance().unwrap();
    backtest.advance().unwrap();
    let error = backtest.advance().unwrap_err();
    assert!(error.to_string().contains("file:X: the number is too large"), "{error}");
}

#[test]
fn the_journal_is_off_unless_asked_for() {
    let quiet = Settings { journal: false, ..settings(profile("unleveraged", &[])) };
    let rows = told(&[(100.0, 1.0), (100.0, 0.0)]);
    assert!(of_volume(&rows, &quiet).journal().is_empty());
    let loud = of_volume(&rows, &Settings { journal: true, ..quiet });
    assert_eq!(loud.bot().state().trading_state(), TradingState::Active);
    assert_eq!(kept(&loud)[0], Record::Deposit { ts: ns(START), amount: amount("10000") });
}

#[test]
fn a_size_that_does_not_fit_is_refused_and_the_run_goes_on() {
    let settings = settings(profile("unleveraged", &[]));
    let rich = Settings { cash: amount("100000000000"), ..settings };
    // 10¹¹ buys more than 64 bits hold at eight decimals, once one costs a hundredth.
    let steps = [(1.0, 0.0), (0.01, 1.0), (0.01, 1.0), (0.01, 0.001), (0.01, 0.0)];
    let backtest = of_volume(&told(&steps), &rich);
    let refused: Vec<_> = backtest.report().refusals().collect();
    assert_eq!(refused, [(Refusal::TooLarge, 1)]);
    assert_eq!(fills(&backtest).len(), 1);
}

#[test]
fn money_is_kept_at_any_price() {
    // Every unit of money that left came back or was paid: at ten scales of price.
    for exponent in -9..=8 {
        let start: f64 = format!("3.7e{exponent}").parse().unwrap();
        let mut rows = walk(11, 80, start);
        for (place, row) in rows.iter_mut().enumerate() {
            row.volume = if place % 5 < 2 { 0.0 } else { 0.9 };
        }
        let settings = settings(profile("unleveraged", &[]));
        let settings = Settings { slippage: rate("0.0001"), ..settings };
        let backtest = of_volume(&rows, &settings);
        let portfolio = backtest.bot().state().portfolio();
        assert!(portfolio.pockets().iter().all(|one| one.balances.sum().unwrap().is_zero()));
        assert!(fills(&backtest).len() > 20, "at {start}");
        let equity = amount_as_f64(backtest.bot().account().equity);
        assert!(equity > 5_000.0 && equity < 20_000.0, "{equity} at {start}");
        let fee = fills(&backtest).iter().try_fold(Amount::ZERO, |sum, fill| sum.plus(fill.fee));
        assert!(fee.unwrap().is_positive());
        assert_eq!(backtest.bot().sleeves()[0].allocation, Rate::ONE);
    }
}
