//! A session: what it refuses to go on from, what operators stop, and what quiet means.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one kind of record is looked for")]

mod kept;
mod market;

use bot4_engine::backtest::BacktestError;
use bot4_engine::bot::{Bot, BotError, Decides, Sleeve};
use bot4_engine::event::{
    Bar, BreakerState, Component, Event, Fill, Intent, OrderTerms, OrderUpdate, Side, SleeveId,
    Tick, TickKind, TradingState, Want,
};
use bot4_engine::feed::{Feed, Source};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::journal::Record;
use bot4_engine::report::Tally;
use bot4_engine::run::{Command, RECENT_KEPT, Run, RunSettings};
use bot4_engine::session::{Session, SessionError};
use bot4_engine::tape::Tape;
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};
use bot4_engine::venue::{Lending, Matching, Paper, PaperRules, Venue};

use crate::kept::{
    BAR_NS, Keeper, Kind, LATENCY_NS, Line, account_reader, acts_of, feed, instruments, kept_of,
    new_run, programs, recorded, run_settings, with_outside,
};
use crate::market::{
    Dice, HOUR, SECOND, SEED, START, amount, decided, instrument, ns, profile, program, sleeve,
    sma_cross,
};

/// A run that has begun.
fn begun(kind: Kind, sleeves: Vec<Sleeve>) -> (Run, Keeper) {
    let (mut run, mut keeper) = (new_run(kind, SEED, sleeves), Keeper::new(true));
    run.begin(1, None, [], &[], &mut keeper).unwrap();
    (run, keeper)
}

fn step(run: &mut Run, keeper: &mut Keeper, events: u64) {
    (0..events).for_each(|_| assert!(run.step(keeper).unwrap()));
}

/// On, one market event at a time, until `wanted`; at most 5,000 of them.
fn step_until(run: &mut Run, keeper: &mut Keeper, wanted: impl Fn(&Run) -> bool) {
    let reached = (0..5_000).any(|_| run.step(keeper).unwrap() && wanted(run));
    let held = positions(run);
    assert!(reached, "it never came to that: {held:?}, {} working", working(run));
}

fn positions(run: &Run) -> Vec<i64> {
    let portfolio = run.session().bot().state().portfolio();
    portfolio.positions().iter().map(|position| position.qty.mantissa()).collect()
}

fn working(run: &Run) -> usize {
    run.session().bot().state().orders().working_len()
}

#[test]
fn another_market_is_refused() {
    for kind in Kind::ALL {
        let (mut run, mut keeper) = begun(kind, programs());
        step(&mut run, &mut keeper, 200);
        let mut other = new_run(kind, SEED + 1, programs());
        let kept = kept_of(&keeper.lines);
        let error = other.begin(2, None, kept, &[], &mut Keeper::default()).unwrap_err();
        let said = error.to_string();
        let known = said.contains("differs from its market at event") || said.contains("equity");
        assert!(known, "{kind:?}: {said}");
    }
}

#[test]
fn a_market_that_is_too_short_is_refused() {
    let (mut run, mut keeper) = begun(Kind::Book, programs());
    step(&mut run, &mut keeper, 2_000);
    // Between two bars, so that what is missing is all that differs.
    let early = |tick: &Tick| tick.ts < ns(START + 5 * SECOND + 100_000_000);
    let sources = (0..2).map(|id| recorded(id, SEED, early));
    let feed = Feed::Ticks(sources.map(|ticks| Source::Recorded(ticks, 0)).collect());
    let settings = run_settings(profile("research", &[]));
    let mut short = Run::new(feed, instruments(), programs(), &settings).unwrap();
    let kept = kept_of(&keeper.lines);
    let error = short.begin(2, None, kept, &[], &mut Keeper::default()).unwrap_err().to_string();
    assert!(error.contains("where it has more to tell than the market"), "{error}");
}

#[test]
fn a_journal_with_other_records_is_refused() {
    let (mut run, mut keeper) = begun(Kind::Simulated, programs());
    step(&mut run, &mut keeper, 1_200);
    let kept = kept_of(&keeper.lines);
    let later = |record: &Record| -> Option<Record> {
        let ts = |ts: Nanos| ns(ts.mantissa() + 1);
        match *record {
            Record::Equity { ts: at, cash, equity } => {
                Some(Record::Equity { ts: ts(at), cash, equity })
            }
            Record::Fill(fill) => Some(Record::Fill(Fill { ts: ts(fill.ts), ..fill })),
            Record::Update { ts: at, order, update } if update != OrderUpdate::CancelSent => {
                Some(Record::Update { ts: ts(at), order, update })
            }
            Record::Update { .. }
            | Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Intent { .. }
            | Record::Refused { .. }
            | Record::Clipped { .. }
            | Record::Crossed { .. }
            | Record::Placed { .. }
            | Record::Amend { .. }
            | Record::CumQty { .. }
            | Record::Breaker(_)
            | Record::Control { .. }
            | Record::Pause { .. }
            | Record::Start { .. }
            | Record::Stop { .. }
            | Record::Flatten { .. }
            | Record::Freeze { .. }
            | Record::Status { .. }
            | Record::Measured { .. } => None,
        }
    };
    let mut checked = 0;
    for (place, (event, record)) in kept.iter().enumerate() {
        let Some(changed) = later(record) else {
            continue;
        };
        checked += 1;
        let (mut one, mut without) = (kept.clone(), kept.clone());
        one[place].1 = changed;
        without.remove(place);
        let mut moved = kept.clone();
        moved[place].0 = event + 1;
        // Nothing follows the last one that could show that it is not there.
        let last = place + 1 == kept.len();
        for (what, kept) in [("changed", one), ("gone", without), ("moved", moved)] {
            let mut other = new_run(Kind::Simulated, SEED, programs());
            let outcome = other.begin(2, None, kept, &[], &mut Keeper::default());
            assert!(outcome.is_err() || last, "record {place} {what}: {record:?}");
        }
    }
    assert!(checked > 60, "{checked}");
}

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    for kind in Kind::ALL {
        let (mut run, mut keeper) = begun(kind, with_outside());
        step(&mut run, &mut keeper, 180);
        let bytes = run.snapshot().unwrap();
        let refused = |bytes: &[u8], kind: Kind| {
            let mut other = new_run(kind, SEED, with_outside());
            let begun = other.begin(2, Some(bytes), [], &[], &mut Keeper::default());
            begun.unwrap_err().to_string()
        };
        let mut older = bytes.clone();
        older[7] = b'0';
        let said = refused(&older, kind);
        assert!(said.ends_with("cannot be used: it is of another version"), "{said}");
        for len in (0..bytes.len()).step_by(bytes.len() / 97 + 1) {
            let said = refused(&bytes[..len], kind);
            assert!(said.starts_with("the journal's snapshot cannot be used: "), "{said}");
        }
        let other = if kind == Kind::Bars { Kind::Simulated } else { Kind::Bars };
        let said = refused(&bytes, other);
        assert!(said.ends_with("it is of another market"), "{said}");
    }
}

#[test]
fn random_bytes_stop_nobody() {
    let (mut run, mut keeper) = begun(Kind::Book, programs());
    step(&mut run, &mut keeper, 400);
    let bytes = run.snapshot().unwrap();
    let mut dice = Dice(SEED);
    for _ in 0..300 {
        let mut changed = bytes.clone();
        let noise = dice.below(2) == 0;
        for _ in 0..=dice.below(4) {
            let place = 8 + usize::try_from(dice.below(bytes.len() as u64 - 8)).unwrap();
            changed[place] = u8::try_from(dice.below(256)).unwrap();
        }
        if noise {
            changed[8..].fill_with(|| u8::try_from(dice.below(256)).unwrap());
        }
        let mut other = new_run(Kind::Book, SEED, programs());
        let mut keeper = Keeper::default();
        // Whatever they are taken for, it is an error or a run, never a panic.
        let begun = other.begin(2, Some(&changed), [], &[], &mut keeper);
        let _error_or_event = begun.and_then(|_| other.step(&mut keeper));
    }
}

#[test]
fn a_program_that_was_replaced_begins_cold_and_is_named() {
    let (mut run, mut keeper) = begun(Kind::Book, programs());
    step(&mut run, &mut keeper, 800);
    let bytes = run.snapshot().unwrap();
    let other = || {
        let longer = decided(sma_cross(3.0, 7.0, 0.9));
        vec![sleeve(0, "0.4", longer), sleeve(1, "0.5", account_reader())]
    };
    for (name, sleeves, wanted) in [
        ("the same", programs(), vec![]),
        ("another window", other(), vec![SleeveId(0)]),
        ("one for a strategy outside", with_outside(), vec![]),
    ] {
        let mut again = new_run(Kind::Book, SEED, sleeves);
        let found = again.begin(2, Some(&bytes), [], &[], &mut Keeper::default()).unwrap();
        assert_eq!((found.cold, found.adopted), (wanted, 0), "{name}");
    }
    let (mut outside, mut keeper) = begun(Kind::Book, with_outside());
    step(&mut outside, &mut keeper, 800);
    let bytes = outside.snapshot().unwrap();
    let mut again = new_run(Kind::Book, SEED, programs());
    let found = again.begin(2, Some(&bytes), [], &[], &mut Keeper::default()).unwrap();
    assert_eq!(found.cold, [SleeveId(1)], "a program where there was none");
    // It is cold: nothing is wanted before its window is full.
    let mut keeper = Keeper::new(true);
    let bars = |keeper: &Keeper| {
        let kept = kept_of(&keeper.lines);
        kept.iter().filter(|(_, record)| matches!(record, Record::Equity { .. })).count()
    };
    while bars(&keeper) < 2 {
        step(&mut again, &mut keeper, 1);
    }
    let wants = |(_, record): &(u64, Record)| match record {
        Record::Intent { intent, .. } => intent.sleeve == SleeveId(1),
        _ => false,
    };
    assert!(!kept_of(&keeper.lines).iter().any(wants), "two bars are less than three");
}

/// Nothing is placed any more, and nothing wanted.
fn stays_quiet(run: &mut Run, keeper: &mut Keeper) {
    let orders = run.tally().orders();
    let lines = keeper.lines.len();
    (0..600).for_each(|_| _ = run.step(keeper).unwrap());
    assert_eq!(run.tally().orders(), orders);
    let intents = |(_, record): &(u64, Record)| matches!(record, Record::Intent { .. });
    assert!(!kept_of(&keeper.lines[lines..]).iter().any(intents));
    assert!(run.session().agrees().unwrap());
}

#[test]
fn a_stop_cancels_and_keeps_or_closes_and_decides_nothing_after() {
    for kind in Kind::ALL {
        for flatten in [false, true] {
            let (mut run, mut keeper) = begun(kind, with_outside());
            let held = |run: &Run| positions(run).iter().any(|qty| *qty != 0);
            step_until(&mut run, &mut keeper, |run| held(run) && working(run) > 0);
            run.command(Command::Stop { flatten }, &mut keeper).unwrap();
            // What is on its way arrives, and is answered.
            step_until(&mut run, &mut keeper, |run| {
                working(run) == 0 && run.session().in_flight() == 0
            });
            let before = positions(&run);
            assert!(!flatten || before == [0, 0], "{kind:?}: {before:?}");
            stays_quiet(&mut run, &mut keeper);
            assert_eq!(positions(&run), before, "{kind:?}");
        }
    }
}

#[test]
fn flattening_closes_everything_and_lets_nothing_open() {
    for kind in Kind::ALL {
        let (mut run, mut keeper) = begun(kind, programs());
        let held = |run: &Run| positions(run).iter().any(|qty| *qty != 0);
        step_until(&mut run, &mut keeper, |run| held(run) && working(run) == 0);
        run.command(Command::Flatten, &mut keeper).unwrap();
        step_until(&mut run, &mut keeper, |run| positions(run) == [0, 0]);
        assert_eq!(run.session().bot().state().trading_state(), TradingState::Reducing);
        (0..150).for_each(|_| _ = run.step(&mut keeper).unwrap());
        assert_eq!(positions(&run), [0, 0], "{kind:?}");
        run.command(Command::ResumeTrading, &mut keeper).unwrap();
        step_until(&mut run, &mut keeper, held);
    }
}

/// A book that stands still at 99.99 and 100.01, and a trade every 10 ms.
fn still(ticks: i64) -> Feed {
    let at = |place: i64, kind| {
        let ts = ns(START + place * 10_000_000);
        Tick { instrument: InstrumentId(0), ts, last: true, kind }
    };
    let qty = Qty::new(10_000_000);
    let level = |side, price| TickKind::Level { side, price: Price::new(price), qty };
    let trade = |place: i64| TickKind::Trade {
        aggressor: if place % 2 == 0 { Side::Buy } else { Side::Sell },
        price: Price::new(if place % 2 == 0 { 10_001 } else { 9_999 }),
        qty: Qty::new(1),
    };
    let book = [at(0, level(Side::Buy, 9_999)), at(0, level(Side::Sell, 10_001))];
    let told = book.into_iter().chain((0..ticks).map(|place| at(place, trade(place))));
    Feed::Ticks(vec![Source::Recorded(told.collect(), 0)])
}

fn run_on(feed: Feed, latency_ns: i64, decides: Decides) -> (Run, Keeper) {
    let settings =
        RunSettings { latency: ns(latency_ns), ..run_settings(profile("research", &[])) };
    let sleeves = vec![sleeve(0, "1", decides)];
    let mut run = Run::new(feed, vec![instrument()], sleeves, &settings).unwrap();
    let mut keeper = Keeper::default();
    run.begin(1, None, [], &[], &mut keeper).unwrap();
    (run, keeper)
}

#[test]
fn no_strategy_overtakes_a_flattening() {
    // Always wants half: an entry is on its way when the flattening is asked for, and bars close
    // before the venue has answered.
    let always_half = || decided(program(&[("constant", &[], &[0.5])]));
    for (wait, latency) in (0..90).flat_map(|wait| [(wait, 100_000_000), (wait, 300_000_000)]) {
        let (mut run, mut keeper) = run_on(still(900), latency, always_half());
        step_until(&mut run, &mut keeper, |run| working(run) > 0);
        step(&mut run, &mut keeper, wait);
        run.command(Command::Flatten, &mut keeper).unwrap();
        step(&mut run, &mut keeper, 200);
        assert_eq!(
            (positions(&run), working(&run)),
            (vec![0], 0),
            "{wait} after the entry, {latency}"
        );
    }
}

/// The same with bids of a thousand lots, told anew with every trade.
fn thin(ticks: i64) -> Feed {
    let Feed::Ticks(sources) = still(ticks) else { panic!("ticks") };
    let Some(Source::Recorded(told, _)) = sources.first() else { panic!("recorded") };
    let with_bid = |tick: &Tick| {
        let (price, qty) = (Price::new(9_999), Qty::new(1_000));
        [*tick, Tick { kind: TickKind::Level { side: Side::Buy, price, qty }, ..*tick }]
    };
    Feed::Ticks(vec![Source::Recorded(told.iter().flat_map(with_bid).collect(), 0)])
}

#[test]
fn a_flattening_goes_on_until_nothing_is_held() {
    for command in [Command::Flatten, Command::Stop { flatten: true }] {
        let half = decided(program(&[("constant", &[], &[0.5])]));
        let (mut run, mut keeper) = run_on(thin(40_000), 10_000_000, half);
        step_until(&mut run, &mut keeper, |run| positions(run) != [0] && working(run) == 0);
        run.command(command, &mut keeper).unwrap();
        (0..60_000).for_each(|_| _ = run.step(&mut keeper).unwrap());
        assert_eq!(positions(&run), [0], "{command:?}");
    }
}

#[test]
fn a_halt_and_a_pause_cancel_and_let_no_order_through() {
    for (command, again) in [
        (Command::Halt, Command::ResumeTrading),
        (Command::Pause(SleeveId(1)), Command::Resume(SleeveId(1))),
    ] {
        let (mut run, mut keeper) = begun(Kind::Book, with_outside());
        let resting = |run: &Run| run.session().venue().resting_len() > 0;
        step_until(&mut run, &mut keeper, resting);
        run.command(command, &mut keeper).unwrap();
        step(&mut run, &mut keeper, 100);
        assert!(!resting(&run), "{command:?}");
        let outside = |(_, record): &(u64, Record)| match record {
            Record::Placed { order, .. } => order.sleeve == SleeveId(1),
            _ => false,
        };
        let before = keeper.lines.len();
        step(&mut run, &mut keeper, 800);
        assert!(!kept_of(&keeper.lines[before..]).iter().any(outside), "{command:?}");
        run.command(again, &mut keeper).unwrap();
        step(&mut run, &mut keeper, 800);
        assert!(kept_of(&keeper.lines[before..]).iter().any(outside), "{command:?}");
    }
}

#[test]
fn a_venue_that_has_other_books_latches_the_ledgers_breaker() {
    let lending = Lending { borrowing: true, shorting: true };
    let mut matching = Matching::new(lending, instruments());
    // One unit that we know nothing of.
    matching.clearing_mut().deposit(Amount::new(1)).unwrap();
    let bot = Bot::new(instruments(), programs(), profile("research", &[]), 0);
    let tape = Tape::new(2, ns(BAR_NS));
    let venue = Venue::Book(matching);
    let mut session = Session::new(bot, venue, Some(ns(LATENCY_NS)), Some(tape));
    let mut keeper = Keeper::default();
    session.deposit(ns(START), amount("10000"), &mut keeper).unwrap();
    let mut market = feed(Kind::Book, SEED);
    for _ in 0..600 {
        session.on_tick(&market.next_tick().unwrap(), &mut keeper).unwrap();
    }
    assert!(!session.agrees().unwrap());
    let breakers = session.bot().state().breakers();
    assert_eq!(breakers.state(Component::Ledger), BreakerState::Latched);
    let latched = |(_, record): &&(u64, Record)| matches!(record, Record::Breaker(_));
    assert_eq!(kept_of(&keeper.lines).iter().filter(latched).count(), 1, "it is said once");
    assert!(acts_of(&keeper.lines).is_empty(), "nothing is opened, and no record was asked for");
}

#[test]
fn what_the_market_cannot_say_stops_the_session() {
    let rules = PaperRules { slippage: Rate::ZERO, borrowing: true, shorting: true };
    let venue = Venue::Bars(Paper::new(rules, instruments()));
    let bot = Bot::new(instruments(), with_outside(), profile("research", &[]), 0);
    let mut session = Session::new(bot, venue, None, None);
    let mut keeper = Keeper::default();
    session.deposit(ns(START), amount("10000"), &mut keeper).unwrap();
    let bar = |price, hour| Bar {
        instrument: InstrumentId(1),
        open_ns: ns(START + hour * HOUR),
        close_ns: ns(START + (hour + 1) * HOUR),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 1.0,
    };
    let one = bar(3_000.0, 0);
    session.on_moment(&[], &[one], one.close_ns, &mut keeper).unwrap();
    let want =
        Want::Trade { side: Side::Buy, qty: 0.01, limit: None, terms: OrderTerms::default() };
    let intent = Event::Intent(Intent { sleeve: SleeveId(1), want });
    session.tell(&intent, &mut keeper).unwrap();
    let broken = bar(1e30, 1);
    let error = session.on_moment(&[], &[broken], broken.close_ns, &mut keeper).unwrap_err();
    assert_eq!(error.to_string(), "coinbase:ETH: the number is too large");
    let tick = Tick {
        instrument: InstrumentId(9),
        ts: broken.close_ns,
        last: true,
        kind: TickKind::Clear,
    };
    let error = session.on_tick(&tick, &mut keeper).unwrap_err();
    assert_eq!(error, SessionError::Bot(BotError::Unknown));
}

/// The last happenings, and nothing but what a person wants to see.
#[test]
fn the_last_happenings_are_kept_to_be_shown() {
    let (mut run, mut keeper) = begun(Kind::Simulated, with_outside());
    step(&mut run, &mut keeper, 3_000);
    assert_eq!(run.recent().len(), RECENT_KEPT);
    let quiet = |record: &&Record| {
        matches!(record, Record::Intent { .. } | Record::Equity { .. } | Record::Start { .. })
    };
    assert_eq!(run.recent().iter().filter(quiet).count(), 0);
    assert_eq!(run.tally().fills().len(), 2);
    assert_ne!(*run.tally(), Tally::default());
    let (bid, ask) = run.session().touch(InstrumentId(0));
    assert!(bid.unwrap() < ask.unwrap());
    assert_eq!(run.session().touch(InstrumentId(7)), (None, None));
}

#[test]
fn what_cannot_be_run_is_refused() {
    let settings = run_settings(profile("research", &[]));
    let run = |sleeves, settings: &RunSettings| {
        Run::new(feed(Kind::Book, SEED), instruments(), sleeves, settings).unwrap_err()
    };
    let poor = RunSettings { cash: amount("0"), ..settings.clone() };
    assert_eq!(run(programs(), &poor), BacktestError::Cash);
    let two = || vec![sleeve(0, "0.4", Decides::Outside), sleeve(0, "0.4", Decides::Outside)];
    let alike = BacktestError::Namesake("test".to_owned(), "kraken:BTC".to_owned());
    assert_eq!(run(two(), &settings), alike);
    let much = vec![sleeve(0, "0.6", Decides::Outside), sleeve(1, "0.6", Decides::Outside)];
    assert_eq!(run(much, &settings), BacktestError::Allocation);
}

#[test]
fn what_is_wanted_while_nobody_may_want_is_not_asked_for() {
    let (mut run, mut keeper) = begun(Kind::Bars, with_outside());
    run.command(Command::Stop { flatten: false }, &mut keeper).unwrap();
    let before = keeper.lines.len();
    (0..100).for_each(|_| _ = run.step(&mut keeper).unwrap());
    let wants = |(_, record): &(u64, Record)| {
        matches!(record, Record::Intent { intent: Intent { want: Want::Trade { .. }, .. }, .. })
    };
    assert!(!kept_of(&keeper.lines[before..]).iter().any(wants));
    assert!(keeper.lines[before..].iter().all(|line| !matches!(line, Line::Released)));
}
