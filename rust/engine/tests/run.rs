//! A run that was cut anywhere goes on as if it had not been: the same records, the same acts of
//! the venue, the same hashes.
//!
//! Long because every kind of strategy is cut in every way, through one check.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod kept;
mod market;

use bot4_engine::bot::Sleeve;
use bot4_engine::event::{BreakerState, Component, OrderUpdate, Reason, Transition};
use bot4_engine::instrument::rate_from_text;
use bot4_engine::journal::Record;
use bot4_engine::risk::Refusal;
use bot4_engine::run::{Command, Run, RunSettings};
use bot4_engine::session::{Fault, Faults, SessionError};
use bot4_engine::venue::{Act, Deed};

use crate::kept::{
    Keeper, Kind, LATENCY_NS, Line, acts_of, commands, kept_of, new_run_with, normal_act, programs,
    quoters, records_of, run_settings, sharers, tick_readers, with_exits, with_outside,
};
use crate::market::{DAY, Dice, SECOND, SEED, START, breaker, measure, ns, profile};

/// A run and what was kept of it.
struct Played {
    run: Run,
    lines: Vec<Line>,
    /// Before which line, and the snapshot.
    snapshots: Vec<(usize, Vec<u8>)>,
}

/// One way to run a market.
#[derive(Clone, Copy)]
struct Way {
    kind: Kind,
    seed: u64,
    sleeves: fn() -> Vec<Sleeve>,
    /// Market events in all.
    events: u64,
    /// The way to the venue, and back.
    latency_ns: i64,
    /// Limits that are not those of `research`.
    limits: &'static [(&'static str, &'static str)],
    /// How often each fault of the venue happens.
    faults: Option<&'static str>,
    /// Strategies outside fail.
    fails: bool,
}

impl Way {
    fn run(&self) -> Run {
        let profile = profile("research", self.limits);
        let faults = self.faults.map(|rate| faults(self.seed, rate));
        let settings = run_settings(profile);
        let settings = RunSettings { latency: ns(self.latency_ns), faults, ..settings };
        new_run_with(settings, self.kind, self.seed, (self.sleeves)())
    }

    /// On from where the run is: the commands that are left, snapshots now and then.
    fn go_on(
        &self,
        run: &mut Run,
        keeper: &mut Keeper,
        mut listed: &[(u64, Command)],
        snapshot_every: u64,
    ) -> Result<Vec<(usize, Vec<u8>)>, SessionError> {
        let mut snapshots = Vec::new();
        loop {
            let event = run.session().event();
            while let Some((at, command)) = listed.first().filter(|(at, _)| *at <= event) {
                assert_eq!(*at, event, "a command that was not issued in time");
                keeper.lines.push(Line::Command);
                run.command(*command, keeper)?;
                keeper.lines.push(Line::Done);
                listed = &listed[1..];
            }
            if snapshot_every > 0 && event.is_multiple_of(snapshot_every) {
                snapshots.push((keeper.lines.len(), run.snapshot()?));
            }
            if event >= self.events || !run.step(keeper)? {
                return Ok(snapshots);
            }
        }
    }

    fn play(&self, listed: &[(u64, Command)], snapshot_every: u64) -> Played {
        let mut run = self.run();
        let mut keeper = Keeper::new(true);
        keeper.fails = self.fails;
        run.begin(1, None, [], &[], &mut keeper).unwrap();
        let snapshots = self.go_on(&mut run, &mut keeper, listed, snapshot_every).unwrap();
        Played { run, lines: keeper.lines, snapshots }
    }
}

/// A venue that misbehaves in every way, so often.
fn faults(seed: u64, rate: &str) -> Faults {
    let rate = rate_from_text(rate).unwrap();
    Faults::new(seed, Fault::ALL.map(|fault| (fault.name(), rate))).unwrap()
}

/// What a crash leaves: the entries that are durable, and the venue's record.
struct Crash {
    entries: Vec<Line>,
    acts: Vec<(u64, Act)>,
    /// Commands whose records are durable.
    commands: usize,
    /// Of the last command only a part is durable.
    torn: bool,
}

impl Crash {
    /// After line `at`, the last `lost` entries not being durable.
    fn new(lines: &[Line], at: usize, lost: usize) -> Self {
        let entries = lines[..at].iter().filter(|line| matches!(line, Line::Entry { .. })).count();
        let mut left = entries - lost.min(entries);
        let (mut kept, mut commands, mut torn) = (Vec::new(), 0, false);
        // Of the command that is going on, entries kept and entries lost.
        let mut within: Option<(usize, usize)> = None;
        for (place, line) in lines.iter().enumerate() {
            match line {
                Line::Entry { .. } => {
                    let durable = place < at && left > 0;
                    if durable {
                        left -= 1;
                        kept.push(line.clone());
                    }
                    if let Some((here, gone)) = &mut within {
                        *(if durable { here } else { gone }) += 1;
                    }
                }
                Line::Command => within = Some((0, 0)),
                Line::Done => {
                    let (here, gone) = within.take().unwrap();
                    torn |= here > 0 && gone > 0;
                    commands += usize::from(gone == 0 && (here > 0 || place < at));
                }
                Line::Released | Line::Acts { .. } => {}
            }
        }
        Self { entries: kept, acts: acts_of(&lines[..at]), commands, torn }
    }
}

/// How many entries before line `at` need not be durable where each is before its order goes.
fn unsettled(lines: &[Line], at: usize) -> usize {
    let after = lines[..at].iter().rev().take_while(|line| !matches!(line, Line::Released));
    after.filter(|line| matches!(line, Line::Entry { .. })).count()
}

fn venue_of(run: &Run) -> String {
    let clearing = run.session().venue().clearing();
    format!("{:?} {:?} {}", clearing.cash(), clearing.positions(), clearing.acts())
}

/// The first place at which two lists differ, in words.
fn first_difference<T: PartialEq + std::fmt::Debug>(got: &[T], wanted: &[T]) -> Option<String> {
    let place = (0..got.len().max(wanted.len())).find(|&at| got.get(at) != wanted.get(at))?;
    Some(format!("at {place}: got {:?}, wanted {:?}", got.get(place), wanted.get(place)))
}

/// What is different in a run that goes on after a crash.
fn resumed_differs(
    way: &Way,
    played: &Played,
    listed: &[(u64, Command)],
    crash: &Crash,
    snapshot: Option<&(usize, Vec<u8>)>,
) -> Option<String> {
    let before = snapshot.map_or(0, |(line, _)| *line);
    let skipped = kept_of(&played.lines[..before]).len();
    let kept = kept_of(&crash.entries).into_iter().skip(skipped);
    let mut run = way.run();
    let mut keeper = Keeper::new(true);
    keeper.fails = way.fails;
    let bytes = snapshot.map(|(_, bytes)| bytes.as_slice());
    let resumed = match run.begin(2, bytes, kept, &crash.acts, &mut keeper) {
        Ok(resumed) => resumed,
        Err(error) => return Some(format!("begin: {error}")),
    };
    if resumed.adopted > 0 || !resumed.cold.is_empty() {
        return Some(format!("{resumed:?}"));
    }
    let left = &listed[crash.commands..];
    if let Err(error) = way.go_on(&mut run, &mut keeper, left, 0) {
        return Some(format!("goes on: {error}"));
    }
    let mut records = records_of(&crash.entries);
    records.extend(records_of(&keeper.lines));
    let mut acts = acts_of(&played.lines[..before]);
    acts.extend(acts_of(&keeper.lines));
    let normal = |acts: &[(u64, Act)]| -> Vec<_> {
        acts.iter().map(|(event, act)| normal_act(*event, act)).collect()
    };
    first_difference(&normal(&acts), &normal(&acts_of(&played.lines)))
        .map(|found| format!("acts {found}"))
        .or_else(|| {
            let found = first_difference(&records, &records_of(&played.lines));
            found.map(|found| format!("records {found}"))
        })
        .or_else(|| (run.engine_hash() != played.run.engine_hash()).then(|| "engine hash".into()))
        .or_else(|| {
            let ledger = |run: &Run| run.session().bot().state().ledger_hash();
            (ledger(&run) != ledger(&played.run)).then(|| "ledger hash".into())
        })
        .or_else(|| (venue_of(&run) != venue_of(&played.run)).then(|| "the venue".into()))
        .or_else(|| (run.tally() != played.run.tally()).then(|| "the tally".into()))
}

/// Cut a run at random lines, and go on from each, from the beginning or from a snapshot before:
/// what is different, and how often.
fn cuts_differ(way: &Way, listed: &[(u64, Command)], cuts: u64) -> Option<String> {
    let played = way.play(listed, way.events.min(2_000) / 7);
    let fills = played.run.tally().fills().iter().sum::<u64>();
    assert!(fills > 5, "{:?}: {fills} fills", way.kind);
    assert!(way.faults.is_some() || played.run.session().agrees().unwrap());
    let mut dice = Dice(way.seed);
    let mut failures = Vec::new();
    for _ in 0..cuts {
        let roll = usize::try_from(dice.below(played.lines.len() as u64)).unwrap();
        let at = roll + 1;
        let lost = dice.below(unsettled(&played.lines, at) as u64 + 1);
        let lost = usize::try_from(lost).unwrap();
        let crash = Crash::new(&played.lines, at, lost);
        let known = kept_of(&crash.entries).len();
        if crash.torn || known == 0 {
            continue;
        }
        let earlier =
            |(line, _): &&(usize, Vec<u8>)| kept_of(&played.lines[..*line]).len() <= known;
        let snapshot = played.snapshots.iter().rfind(earlier).filter(|_| dice.below(2) == 0);
        if let Some(found) = resumed_differs(way, &played, listed, &crash, snapshot) {
            let from = snapshot.map(|(line, _)| line);
            failures.push(format!("line {at}, lost {lost}, snapshot {from:?}: {found}"));
        }
    }
    told(&failures, cuts)
}

/// The first failures, and how many there are.
fn told(failures: &[String], of: u64) -> Option<String> {
    let first = failures.first()?;
    Some(format!("{} of {of}, first: {first}", failures.len()))
}

fn ways(sleeves: fn() -> Vec<Sleeve>) -> [(&'static str, Way); 4] {
    let latency_ns = LATENCY_NS;
    let way = |kind, events| Way {
        kind,
        seed: SEED,
        sleeves,
        events,
        latency_ns,
        limits: &[],
        faults: None,
        fails: false,
    };
    [
        ("simulated", way(Kind::Simulated, 2_000)),
        ("a recorded book", way(Kind::Book, 2_000)),
        ("recorded trades", way(Kind::Trades, 250)),
        ("bars", way(Kind::Bars, 300)),
    ]
}

/// `differs` finds nothing, whatever feeds the run.
fn check(sleeves: fn() -> Vec<Sleeve>, differs: impl Fn(&Way) -> Option<String>) {
    let found = |(name, way)| differs(&way).map(|found| format!("{name}: {found}"));
    let found: Vec<_> = ways(sleeves).into_iter().filter_map(found).collect();
    assert!(found.is_empty(), "seed {SEED}: {found:#?}");
}

#[test]
fn the_same_seed_twice_is_the_same_run() {
    for (name, way) in ways(with_outside) {
        let listed = commands(SEED, way.events, true);
        let (one, other) = (way.play(&listed, 0), way.play(&listed, 0));
        assert_eq!(one.lines, other.lines, "{name}");
        assert_eq!(one.run.engine_hash(), other.run.engine_hash(), "{name}");
        assert_eq!(venue_of(&one.run), venue_of(&other.run), "{name}");
        let elsewhere = Way { seed: SEED + 1, ..way }.play(&listed, 0);
        assert_ne!(one.run.engine_hash(), elsewhere.run.engine_hash(), "{name}");
    }
}

#[test]
fn programs_go_on_from_any_cut_as_if_there_had_been_none() {
    check(programs, |way| cuts_differ(way, &[], 60));
}

#[test]
fn strategies_that_share_an_instrument_go_on_from_any_cut_as_if_there_had_been_none() {
    check(sharers, |way| {
        let kept = kept_of(&way.play(&[], 0).lines);
        let crossed = kept.iter().filter(|(_, record)| matches!(record, Record::Crossed { .. }));
        let crossed = crossed.count();
        assert!(crossed > 5, "{:?}: {crossed} crossed", way.kind);
        cuts_differ(way, &[], 60)
    });
    check(sharers, |way| cuts_differ(way, &commands(SEED, way.events, false), 60));
}

/// The ways in which what is decided on ticks trades.
fn check_ticks(latency_ns: i64, differs: impl Fn(&Way) -> Option<String>) {
    check(tick_readers, |way| {
        let has_book = matches!(way.kind, Kind::Simulated | Kind::Book);
        if has_book { differs(&Way { latency_ns, ..*way }) } else { None }
    });
}

#[test]
fn programs_on_books_and_trades_go_on_from_any_cut_as_if_there_had_been_none() {
    check_ticks(LATENCY_NS, |way| cuts_differ(way, &[], 60));
    check_ticks(LATENCY_NS, |way| cuts_differ(way, &commands(SEED, way.events, false), 30));
}

#[test]
fn they_do_where_the_way_to_the_venue_takes_no_time() {
    check_ticks(0, |way| cuts_differ(way, &[], 60));
}

#[test]
fn they_do_where_a_strategy_outside_fails() {
    check(with_outside, |way| {
        let way = Way { fails: true, ..*way };
        let kept = kept_of(&way.play(&[], 0).lines);
        let raised = |record: &Record| {
            matches!(record, Record::Breaker(Transition { reason: Reason::Raised, .. }))
        };
        assert!(kept.iter().any(|(_, record)| raised(record)), "{:?}: nothing failed", way.kind);
        cuts_differ(&way, &[], 60)
            .or_else(|| cuts_differ(&way, &commands(SEED, way.events, false), 30))
    });
}

#[test]
fn they_do_where_the_venue_misbehaves() {
    for sleeves in [programs, quoters, with_outside, with_exits, sharers] {
        check(sleeves, |way| {
            if way.kind != Kind::Simulated {
                return None;
            }
            let way = Way { faults: Some("0.05"), events: 6_000, ..*way };
            cuts_differ(&way, &commands(SEED, way.events, false), 40)
                .or_else(|| cuts_differ(&way, &[], 40))
        });
    }
}

#[test]
fn operators_change_nothing_of_that() {
    check(programs, |way| cuts_differ(way, &commands(SEED, way.events, false), 60));
}

#[test]
fn what_is_held_is_met_again_wherever_it_is_cut() {
    check(with_exits, |way| {
        let kept = kept_of(&way.play(&[], 0).lines);
        let word = |record: &Record| {
            if let Record::Update { update, .. } = record { Some(*update) } else { None }
        };
        let told = |wanted| kept.iter().filter(|(_, record)| word(record) == Some(wanted)).count();
        let (left, gone) = (told(OrderUpdate::Released), told(OrderUpdate::Canceled));
        assert!(left > 0 && gone > 5, "{:?}: {left} left, {gone} did not", way.kind);
        cuts_differ(way, &[], 60)
    });
    check(with_exits, |way| cuts_differ(way, &commands(SEED, way.events, false), 60));
}

#[test]
fn what_was_held_when_the_journal_lost_it_does_no_harm() {
    for twice in [false, true] {
        check(with_exits, |way| match way.kind {
            Kind::Simulated | Kind::Book | Kind::Trades => lost_differ(way, 60, twice),
            // What is laid at a bar's open has the time of the bar before.
            Kind::Bars => None,
        });
    }
}

#[test]
fn a_breaker_that_tripped_is_met_again() {
    check(programs, |way| {
        let way = Way { limits: &[("daily_loss_max", "0.002"), ("drawdown_max", "0.002")], ..*way };
        // A person closes them, and they trip again.
        let closes = |component| Command::Breaker(breaker(ns(0), component, BreakerState::Closed));
        let listed: Vec<_> = (1..10)
            .flat_map(|place| [Component::DailyLoss, Component::Drawdown].map(|of| (place, of)))
            .map(|(place, component)| (place * way.events / 10, closes(component)))
            .collect();
        let played = way.play(&listed, 0);
        let opens = |new: &Transition| new.state != BreakerState::Closed;
        let tripped = |record: &Record| matches!(record, Record::Breaker(new) if opens(new));
        let trips =
            kept_of(&played.lines).into_iter().filter(|(_, record)| tripped(record)).count();
        assert!(trips > 1, "{:?}: {trips} trips", way.kind);
        cuts_differ(&way, &listed, 60)
    });
}

#[test]
fn what_was_measured_is_met_again() {
    check(programs, |way| {
        let limits: &[(&str, &str)] = &[("var_max", "0.02"), ("measure_age_max_s", "2592000")];
        let way = Way { limits, ..*way };
        // Beyond the budget and within it, by turns; the first ones find nothing measured.
        let told = |turn: u64| {
            let var = if turn.is_multiple_of(2) { "0.03" } else { "0.01" };
            let at = turn * way.events / 12;
            (at.max(1), Command::Measured(measure(START / SECOND - DAY / SECOND, var, "0.05")))
        };
        let listed: Vec<_> = (3..12).map(told).collect();
        let kept = kept_of(&way.play(&listed, 0).lines);
        let count = |wanted: fn(&Record) -> bool| kept.iter().filter(|(_, r)| wanted(r)).count();
        let unmeasured =
            count(|record| matches!(record, Record::Refused { refusal: Refusal::Unmeasured, .. }));
        let measured = count(|record| matches!(record, Record::Measured { .. }));
        let placed = count(|record| matches!(record, Record::Placed { .. }));
        assert!(unmeasured > 0 && placed > 0, "{:?}: {unmeasured}, {placed}", way.kind);
        assert_eq!(measured, listed.len());
        cuts_differ(&way, &listed, 60)
    });
}

#[test]
fn a_market_without_faults_trips_nothing() {
    let tripped = |way: &Way| {
        let kept = kept_of(&way.play(&[], 0).lines);
        let trip = kept.into_iter().find(|(_, record)| matches!(record, Record::Breaker(_)));
        trip.map(|trip| format!("{trip:?}"))
    };
    for sleeves in [programs, with_outside, with_exits, sharers] {
        check(sleeves, tripped);
    }
    check_quotes(tripped);
}

/// The ways in which there is a book to quote in.
fn check_quotes(differs: impl Fn(&Way) -> Option<String>) {
    check(quoters, |way| {
        let has_book = matches!(way.kind, Kind::Simulated | Kind::Book);
        if has_book { differs(way) } else { None }
    });
}

#[test]
fn quotes_go_on_from_any_cut_as_if_there_had_been_none() {
    check_quotes(|way| {
        let kept = kept_of(&way.play(&[], 0).lines);
        let moved = kept.iter().filter(|(_, record)| {
            matches!(record, Record::Update { update: OrderUpdate::CancelSent, .. })
        });
        let moved = moved.count();
        assert!(moved > 100, "{:?}: {moved} orders moved", way.kind);
        cuts_differ(way, &[], 60)
    });
}

#[test]
fn quotes_under_operators_do_too() {
    check_quotes(|way| cuts_differ(way, &commands(SEED, way.events, false), 60));
    check_quotes(|way| {
        let listed = commands(SEED + 1, way.events, true);
        met_differs(&Way { events: listed.last().map_or(0, |(event, _)| *event), ..*way }, &listed)
    });
}

#[test]
fn quotes_under_a_breaker_that_trips_do_too() {
    check_quotes(|way| {
        let way = Way { limits: &[("drawdown_max", "0.0001")], ..*way };
        let trips = |(_, record): &(u64, Record)| matches!(record, Record::Breaker(_));
        let tripped = kept_of(&way.play(&[], 0).lines).iter().any(trips);
        assert!(tripped, "{:?}: nothing tripped", way.kind);
        cuts_differ(&way, &[], 30)
    });
}

#[test]
fn quotes_that_the_journal_lost_are_adopted() {
    check_quotes(|way| lost_differ(way, 60, false));
    check_quotes(|way| lost_differ(way, 60, true));
}

#[test]
fn strategies_outside_are_asked_once() {
    check(with_outside, |way| cuts_differ(way, &[], 60));
}

/// A run of which all was kept is met again to its last record, nobody being asked.
fn met_differs(way: &Way, listed: &[(u64, Command)]) -> Option<String> {
    let played = way.play(listed, 0);
    let crash = Crash::new(&played.lines, played.lines.len(), 0);
    let mut run = way.run();
    let mut keeper = Keeper::new(false);
    match run.begin(2, None, kept_of(&crash.entries), &crash.acts, &mut keeper) {
        Err(error) => return Some(format!("begin: {error}")),
        Ok(resumed) if resumed.adopted > 0 => return Some(format!("{resumed:?}")),
        Ok(_) => {}
    }
    let acts = acts_of(&keeper.lines);
    let wanted = &crash.acts[..acts.len().min(crash.acts.len())];
    let differs = (run.engine_hash() != played.run.engine_hash()).then(|| "engine hash".into());
    first_difference(&acts, wanted)
        .or_else(|| first_difference(&records_of(&keeper.lines), &[]))
        .or(differs)
}

#[test]
fn a_market_that_ended_is_met_again() {
    check(with_outside, |way| {
        let events = if way.kind == Kind::Simulated { way.events } else { u64::MAX };
        let met = |seed| met_differs(&Way { events, seed, ..*way }, &[]);
        let failures: Vec<_> = (SEED..SEED + 6).filter_map(met).collect();
        told(&failures, 6)
    });
}

#[test]
fn what_a_stop_asked_for_is_met_again() {
    check(with_outside, |way| {
        let met = |seed| {
            let listed = commands(seed, way.events, true);
            // Cut with the stop: a run that is begun again after one trades again.
            let events = listed.last().map_or(0, |(event, _)| *event);
            met_differs(&Way { seed, events, ..*way }, &listed)
        };
        let failures: Vec<_> = (SEED..SEED + 12).filter_map(met).collect();
        told(&failures, 12)
    });
}

/// Whatever was lost of a journal, what the venue did is done again, and its orders are ours.
fn lost_differ(way: &Way, cuts: u64, twice: bool) -> Option<String> {
    let played = way.play(&[], 0);
    let mut dice = Dice(way.seed);
    let mut failures = Vec::new();
    let mut adopted = 0;
    for _ in 0..cuts {
        let at = 8 + usize::try_from(dice.below(played.lines.len() as u64 - 8)).unwrap();
        let lost = 1 + usize::try_from(dice.below(9)).unwrap();
        let crash = Crash::new(&played.lines, at, lost);
        if kept_of(&crash.entries).len() < 2 {
            continue;
        }
        match lost_differs(way, &crash, twice.then_some(&mut dice)) {
            Ok(orders) => adopted += orders,
            Err(found) => failures.push(format!("line {at}, lost {lost}: {found}")),
        }
    }
    assert!(adopted > 0 || !failures.is_empty(), "{:?}: nothing was adopted", way.kind);
    told(&failures, cuts)
}

/// How many orders were adopted, or what went wrong.
fn lost_differs(way: &Way, crash: &Crash, cut: Option<&mut Dice>) -> Result<u64, String> {
    let mut run = way.run();
    let mut keeper = Keeper::new(true);
    let kept = kept_of(&crash.entries);
    let resumed = run.begin(2, None, kept, &crash.acts, &mut keeper);
    let resumed = resumed.map_err(|error| format!("begin: {error}"))?;
    way.go_on(&mut run, &mut keeper, &[], 0).map_err(|error| format!("goes on: {error}"))?;
    let acts = acts_of(&keeper.lines);
    let again = acts.get(..crash.acts.len()).unwrap_or(&acts);
    if let Some(found) = first_difference(again, &crash.acts) {
        return Err(format!("acts {found}"));
    }
    let accepted = acts.iter().filter(|(_, act)| matches!(act.deed, Deed::Accepted(_)));
    let mut ids: Vec<_> = accepted.map(|(_, act)| act.order).collect();
    let orders = run.session().bot().state().orders();
    if let Some(id) = ids.iter().find(|id| orders.get(**id).is_none()) {
        return Err(format!("{id:?} is at the venue and not with us"));
    }
    let all = ids.len();
    ids.dedup_by_key(|id| id.sequence());
    if ids.len() < all || acts.iter().any(|(_, act)| act.deed == Deed::Repeated) {
        return Err("an order twice".to_owned());
    }
    if run.session().agrees() != Ok(true) {
        return Err("the ledgers differ".to_owned());
    }
    let Some(dice) = cut else {
        return Ok(resumed.adopted);
    };
    // And once more, with nothing lost.
    let mut lines = crash.entries.clone();
    lines.extend(keeper.lines);
    let kept = crash.entries.len();
    // What was adopted lies in the entry of the start; before it nothing was.
    let begun = lines.iter().skip(kept).position(|line| matches!(line, Line::Entry { .. }));
    let first = kept + begun.unwrap() + 1;
    let at = first + usize::try_from(dice.below((lines.len() - first) as u64 + 1)).unwrap();
    let entries: Vec<_> = lines[..at].to_vec();
    let again = Crash { entries, acts: acts_of(&lines[..at]), commands: 0, torn: false };
    // The venue's own record is not shorter for what was cut of ours.
    let longer = if again.acts.len() < crash.acts.len() { &crash.acts } else { &again.acts };
    let again = Crash { acts: longer.clone(), ..again };
    let played = Played { run, lines, snapshots: Vec::new() };
    match resumed_differs(way, &played, &[], &again, None) {
        Some(found) => Err(format!("the second time, at line {at} after {first}: {found}")),
        None => Ok(resumed.adopted),
    }
}

#[test]
fn orders_that_the_journal_lost_are_adopted() {
    check(programs, |way| lost_differ(way, 60, false));
}

#[test]
fn what_was_adopted_is_met_again() {
    check(programs, |way| lost_differ(way, 60, true));
}
