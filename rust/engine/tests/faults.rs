//! A venue that misbehaves: whatever is lost, late or told twice, nothing that it did is missed in
//! the end, nothing is done twice, and meanwhile no order of ours is believed to be over that is
//! not. The venue's own record is the judge. `BOT4_FAULTY_SEEDS` says how many seeds, `BOT4_SEED`
//! the first.

#![allow(clippy::print_stdout, reason = "the seeds and the counts are told")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod dice;
mod kept;
mod market;

use std::collections::BTreeMap;

use bot4_engine::bot::Sleeve;
use bot4_engine::event::OrderUpdate;
use bot4_engine::instrument::{InstrumentId, rate_from_text};
use bot4_engine::journal::Record;
use bot4_engine::order::{Fence, Order, OrderState};
use bot4_engine::run::{Command, Run, RunSettings};
use bot4_engine::session::{FAULTY_LATENCY_MAX, Fault, Faults, FaultsError, LATE_MAX};
use bot4_engine::units::{Amount, Qty, Rate};
use bot4_engine::venue::{Act, Deed, Standing};

use crate::dice::setting;
use crate::kept::{
    Keeper, Kind, acts_of, kept_of, new_run_with, programs, quoters, run_settings, sharers,
    tick_readers, with_exits, with_outside,
};
use crate::market::{SECOND, SEED, profile};

fn faults(seed: u64, named: &[(&str, &str)]) -> Faults {
    let rate = |text: &str| rate_from_text(text).unwrap();
    Faults::new(seed, named.iter().map(|(name, text)| (*name, rate(text)))).unwrap()
}

/// Every fault, so often.
fn all(seed: u64, rate: &str) -> Faults {
    let named = Fault::ALL.map(|fault| (fault.name(), rate));
    faults(seed, &named)
}

fn begun(seed: u64, sleeves: Vec<Sleeve>, faults: Faults) -> (Run, Keeper) {
    let settings = run_settings(profile("research", &[]));
    let settings = RunSettings { faults: Some(faults), ..settings };
    let (mut run, mut keeper) =
        (new_run_with(settings, Kind::Simulated, seed, sleeves), Keeper::new(true));
    run.begin(1, None, [], &[], &mut keeper).unwrap();
    (run, keeper)
}

/// What the venue has and may do, we know of at its worst.
fn is_counted(run: &Run) -> Result<(), String> {
    let (session, state) = (run.session(), run.session().bot().state());
    let clearing = session.venue().clearing();
    let alive = |id| state.orders().get(id).is_some_and(|order| !order.is_settled());
    for slip in clearing.blotter().slips() {
        if slip.standing == Standing::Works && !alive(slip.id) {
            return Err(format!("{:?} works at the venue and not with us", slip.id));
        }
    }
    let mut spendable = Amount::ZERO;
    for (id, theirs) in (0..).map(InstrumentId).zip(clearing.positions()) {
        let exposure = state.exposure(id);
        spendable = spendable.plus(exposure.working_buy).unwrap();
        if *theirs < exposure.position.minus(exposure.working_sell).unwrap() {
            return Err(format!("{id:?}: {theirs:?} is held, beyond {exposure:?}"));
        }
    }
    let portfolio = state.portfolio();
    let cash = portfolio.loose(portfolio.currency()).unwrap();
    if clearing.cash() < cash.minus(spendable).unwrap() {
        return Err(format!("{:?} is left of {cash:?}, less {spendable:?}", clearing.cash()));
    }
    Ok(())
}

/// A run under faults, stopped, and let come to rest; how often each fault was met.
fn played(seed: u64, sleeves: Vec<Sleeve>, events: u64) -> BTreeMap<Fault, u64> {
    let named = format!("seed {seed}");
    let (mut run, mut keeper) = begun(seed, sleeves, all(seed, "0.05"));
    let mut step = |run: &mut Run| {
        let more = run.step(&mut keeper).unwrap();
        is_counted(run).unwrap_or_else(|found| panic!("{named}: {found}"));
        more
    };
    while run.session().event() < events && step(&mut run) {}
    run.command(Command::Stop { flatten: false }, &mut Keeper::default()).unwrap();
    let stopped = run.session().clock().mantissa();
    while run.session().clock().mantissa() < stopped + 90 * SECOND && step(&mut run) {}
    let (session, state) = (run.session(), run.session().bot().state());
    let frozen: Vec<_> = (0..2).map(|id| state.frozen(InstrumentId(id))).collect();
    assert_eq!(frozen, [None, None], "{named}");
    assert_eq!(session.agrees(), Ok(true), "{named}: the ledgers differ");
    // What waits to close lies behind what is held, and nothing else is left.
    let lies = |order: &&Order| {
        order.is_exit() && matches!(order.state(), OrderState::Open | OrderState::Initialized)
    };
    let left = state.orders().working().filter(|order| !lies(order));
    let doubtful: Vec<_> = left.map(Order::state).collect();
    assert_eq!(doubtful, [], "{named}");
    let acts = acts_of(&keeper.lines);
    assert!(acts.iter().all(|(_, act)| act.deed != Deed::Repeated), "{named}: an order twice");
    // What the venue filled is what was booked, to the last trade.
    let filled = |act: &Act| {
        let Deed::Filled { price, qty, fee, .. } = act.deed else { return None };
        Some((act.order, act.ts, price, qty, fee))
    };
    let mut theirs: Vec<_> = acts.iter().filter_map(|(_, act)| filled(act)).collect();
    let kept = kept_of(&keeper.lines);
    let fill = |record: &Record| {
        let Record::Fill(fill) = *record else { return None };
        Some((fill.order, fill.ts, fill.price, fill.qty, fill.fee))
    };
    let mut ours: Vec<_> = kept.iter().filter_map(|(_, record)| fill(record)).collect();
    theirs.sort();
    ours.sort();
    assert_eq!(ours, theirs, "{named}");
    assert!(ours.len() > 5, "{named}: {} fills", ours.len());
    session.faults_met().collect()
}

#[test]
fn nothing_is_missed_doubled_or_under_counted_whatever_befalls_it() {
    let (first, runs) = (setting("BOT4_SEED", SEED), setting("BOT4_FAULTY_SEEDS", 3));
    let mut met: BTreeMap<Fault, u64> = BTreeMap::new();
    for seed in first..first + runs {
        for sleeves in [programs, quoters, tick_readers, with_outside, with_exits, sharers] {
            for (fault, times) in played(seed, sleeves(), 20_000) {
                *met.entry(fault).or_default() += times;
            }
        }
    }
    println!("seeds {first} to {}: {met:?}", first + runs - 1);
    for fault in Fault::ALL {
        assert!(met[&fault] >= 3, "{}: met {} times", fault.name(), met[&fault]);
    }
}

#[test]
fn an_order_that_never_arrived_is_dead_by_evidence_alone() {
    let lost = faults(SEED, &[("lost_request", "1")]);
    let (mut run, mut keeper) = begun(SEED, programs(), lost);
    // Questions are lost too, so nothing is ever proven.
    (0..20_000).for_each(|_| assert!(run.step(&mut keeper).unwrap()));
    let state = run.session().bot().state();
    assert!(state.orders().working_len() > 0);
    assert!(acts_of(&keeper.lines).is_empty());
    let dead = |record: &Record| {
        matches!(record, Record::Update { update: OrderUpdate::NeverArrived, .. })
    };
    assert!(!kept_of(&keeper.lines).iter().any(|(_, record)| dead(record)));
    let worst: Vec<_> = state.exposures().iter().map(|one| one.working_buy).collect();
    assert!(worst.iter().any(|buy| buy.is_positive()), "{worst:?}");
    assert!(state.portfolio().positions().iter().all(|one| one.qty == Qty::ZERO));
}

#[test]
fn whatever_is_late_is_there_before_the_fence() {
    let latest = LATE_MAX.plus(FAULTY_LATENCY_MAX).unwrap();
    assert!(latest < Fence::default().span(), "{latest:?}");
}

#[test]
fn faults_that_cannot_be_are_refused() {
    let one = |name, rate| Faults::new(1, [(name, rate)]).unwrap_err();
    assert_eq!(one("lost_mind", Rate::ONE), FaultsError::Unknown("lost_mind".to_owned()));
    let more = Rate::ONE.plus(rate_from_text("0.000000000001").unwrap()).unwrap();
    assert_eq!(one("lost_ack", more), FaultsError::Probability("lost_ack"));
    let less = Rate::ONE.negated().unwrap();
    assert_eq!(one("lost_ack", less), FaultsError::Probability("lost_ack"));
}
