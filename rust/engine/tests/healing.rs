//! What opens a part, what closes it and what that leaves, each at its bound: the supervisor's
//! rates and hours, what stands on the board while it is tried, what a loss is measured against.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;

use bot4_engine::bot::{Bot, Output};
use bot4_engine::event::{
    Action, Bar, BreakerState, Component, Event, Note, Part, Reason, SleeveId, Stage, Transition,
};
use bot4_engine::instrument::{InstrumentId, VenueId};
use bot4_engine::risk::board::Standing;
use bot4_engine::risk::breaker::Breakers;
use bot4_engine::risk::monitor::Monitor;
use bot4_engine::risk::remedy::Remedy;
use bot4_engine::risk::supervisor::{HEALINGS_MAX, Outcome, SUCCESSES, Supervisor};
use bot4_engine::units::Nanos;

use crate::market::{HOUR, SECOND, START, amount, instrument, ns, profile};

fn told(part: Part, outcomes: &[(Outcome, usize)]) -> Supervisor {
    let mut supervisor = Supervisor::new(part, BreakerState::Closed);
    for (outcome, times) in outcomes {
        (0..*times).for_each(|_| supervisor.on_outcome(ns(HOUR), *outcome));
    }
    supervisor
}

#[test]
fn a_venue_opens_where_half_of_its_calls_fail_and_not_before() {
    let part = Part::gateway(VenueId(0));
    for (failed, well, opens) in
        [(10, 10, true), (10, 11, false), (11, 11, true), (40, 41, false), (40, 40, true)]
    {
        let supervisor = told(part, &[(Outcome::Failed, failed), (Outcome::Ok, well)]);
        assert_eq!(supervisor.verdict(ns(HOUR)).is_some(), opens, "{failed} of {}", failed + well);
    }
}

#[test]
fn what_failed_counts_until_its_window_is_over() {
    let part = Part::account(Component::Database);
    for (passed, opens) in [(59 * SECOND, true), (60 * SECOND - 1, true), (60 * SECOND, false)] {
        let supervisor = told(part, &[(Outcome::Failed, 5)]);
        assert_eq!(supervisor.verdict(ns(HOUR + passed)).is_some(), opens, "{passed}");
    }
}

#[test]
fn failures_that_more_calls_push_out_of_sight_do_not_open_it() {
    let part = Part::account(Component::Database);
    for (well, opens) in [(95, true), (96, false), (200, false)] {
        let mut supervisor = told(part, &[(Outcome::Failed, 5), (Outcome::Ok, well)]);
        assert_eq!(supervisor.verdict(ns(HOUR)).is_some(), opens, "{well}");
        // It counts on from there.
        (0..5).for_each(|_| supervisor.on_outcome(ns(HOUR), Outcome::Failed));
        assert!(supervisor.verdict(ns(HOUR)).is_some());
    }
}

#[test]
fn a_healing_of_an_hour_ago_is_of_another_hour() {
    let part = Part::account(Component::Memory);
    for (passed, wanted) in [(HOUR - 1, BreakerState::Latched), (HOUR, BreakerState::Closed)] {
        let mut supervisor = Supervisor::new(part, BreakerState::Closed);
        let turned = |ts: Nanos, state, reason| Transition::new(ts, part, state, reason);
        for _ in 0..HEALINGS_MAX {
            supervisor.on_transition(&turned(ns(HOUR), BreakerState::Closed, Reason::Healed));
        }
        let now = ns(HOUR + passed);
        supervisor.on_transition(&turned(now, BreakerState::HalfOpen, Reason::WaitOver));
        (0..SUCCESSES).for_each(|_| supervisor.on_outcome(now, Outcome::Ok));
        assert_eq!(supervisor.verdict(now).unwrap().state, wanted, "{passed}");
    }
}

#[test]
fn who_else_changes_a_breaker_is_followed_and_who_does_not_resets_nothing() {
    let part = Part::account(Component::Llm);
    for (state, opens) in [(BreakerState::Closed, true), (BreakerState::Latched, false)] {
        let mut supervisor = told(part, &[(Outcome::Failed, 2)]);
        supervisor.stand(ns(HOUR), state);
        supervisor.on_outcome(ns(HOUR), Outcome::Failed);
        assert_eq!(supervisor.verdict(ns(HOUR)).is_some(), opens, "{state:?}");
    }
}

#[test]
fn waits_are_spread_over_the_whole_half_that_they_may_differ_by() {
    let wait = |sleeve: u32| {
        let part = Part::sleeve(Component::Strategy, SleeveId(sleeve));
        let opened = Supervisor::new(part, BreakerState::Closed).open(ns(HOUR), Reason::Failures);
        opened.until.unwrap().mantissa() - HOUR
    };
    let waits: Vec<_> = (0..100).map(wait).collect();
    let (least, most) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
    assert!((SECOND / 2..SECOND * 11 / 20).contains(&least), "{least}");
    assert!((SECOND * 19 / 20..=SECOND).contains(&most), "{most}");
}

#[test]
fn a_component_that_is_closed_leaves_the_word_and_no_other_does() {
    for (one, other) in [(Component::Feed, Component::Disk), (Component::Disk, Component::Feed)] {
        let both = Breakers::only(one).with(other, BreakerState::Open);
        for state in [BreakerState::Closed, BreakerState::HalfOpen, BreakerState::Open] {
            let word = both.with(one, state);
            assert_eq!((word.state(one), word.state(other)), (state, BreakerState::Open));
        }
        let without = both.without(one);
        assert_eq!(without, both.with(one, BreakerState::Closed));
        assert_eq!(without.state(other), BreakerState::Open);
    }
}

#[test]
fn what_is_tried_keeps_its_stage_and_why_it_had_opened() {
    let mut bot = Bot::new(vec![instrument()], vec![], profile("research", &[]), 7);
    let mut out = Output::default();
    let deposit = Event::Deposit { ts: ns(START), amount: amount("10000") };
    bot.on(&deposit, &mut out).unwrap();
    let part = Part::feed(InstrumentId(0));
    let until = ns(START + SECOND);
    let opened = Transition::new(ns(START), part, BreakerState::Open, Reason::Gaps).until(until);
    let opened = Transition { stage: Stage::Cancel, ..opened };
    bot.on(&Event::Breaker(opened), &mut out).unwrap();
    out.clear();
    let (instrument, open_ns, close_ns) = (InstrumentId(0), ns(START), until);
    let (open, high, low, close, volume) = (1.0, 1.0, 1.0, 1.0, 1.0);
    let bar = Bar { instrument, open_ns, close_ns, open, high, low, close, volume };
    bot.on(&Event::Bar(bar), &mut out).unwrap();
    bot.on(&Event::Time(until), &mut out).unwrap();
    let tried = Transition::new(until, part, BreakerState::HalfOpen, Reason::WaitOver);
    let tried = Transition { stage: Stage::Cancel, ..tried };
    assert_eq!(out.actions, [Action::Trip(tried)]);
    bot.on(&Event::Breaker(tried), &mut out).unwrap();
    let standing = *bot.state().board().standing(part).unwrap();
    let (state, reason, stage) = (standing.state, standing.reason, standing.stage);
    assert_eq!((state, reason, stage), (BreakerState::HalfOpen, Reason::Gaps, Stage::Cancel));
    // It fails again, for another reason.
    let again = Transition::new(until, part, BreakerState::Open, Reason::Failures).until(until);
    bot.on(&Event::Breaker(again), &mut out).unwrap();
    assert_eq!(bot.state().board().standing(part).unwrap().reason, Reason::Failures);
}

#[test]
fn only_the_loss_of_a_day_comes_back_with_a_day() {
    let until = ns(START);
    let stands = |state, until| Standing {
        state,
        stage: Stage::Entries,
        since: ns(0),
        reason: Reason::Loss,
        until,
        note: Note::default(),
    };
    let open = stands(BreakerState::Open, Some(until));
    for (component, standing, wanted) in [
        (Component::DailyLoss, open, Remedy::Day(until)),
        (Component::Feed, open, Remedy::Trial(until)),
        (Component::DailyLoss, stands(BreakerState::Open, None), Remedy::Person),
        (Component::Feed, stands(BreakerState::HalfOpen, None), Remedy::Successes(SUCCESSES)),
        (Component::Feed, stands(BreakerState::Latched, None), Remedy::Person),
    ] {
        assert_eq!(Remedy::of(component, &standing), wanted, "{component:?}");
    }
}

#[test]
fn what_is_held_may_gap_as_far_as_the_limits_are_meant_to_go() {
    // All of 10,000 may be held and gap by a tenth, beside a fall of a fifth: 7,000 is the floor.
    let limits = [("gap_assumed", "0.1"), ("drawdown_max", "0.2"), ("gross_max", "1")];
    let profile = profile("research", &limits);
    let mut monitor = Monitor::default();
    monitor.on_equity(ns(START), amount("10000"));
    for (gross, wanted) in [
        ("0", None),
        ("30000", None),
        ("30000.01", Some(Component::Drawdown)),
        ("90000", Some(Component::Drawdown)),
    ] {
        assert_eq!(monitor.tripped(&profile, amount(gross)), Ok(wanted), "{gross}");
    }
}

#[test]
fn only_a_drawdown_that_is_closed_forgets_the_peak() {
    for (component, peak) in
        [(Component::Drawdown, "8000"), (Component::DailyLoss, "10000"), (Component::Feed, "10000")]
    {
        let mut monitor = Monitor::default();
        monitor.on_equity(ns(START), amount("10000"));
        monitor.on_equity(ns(START + SECOND), amount("8000"));
        monitor.on_closed(ns(START + SECOND), component, false);
        assert_eq!(monitor.peak_and_day_start().0, amount(peak), "{component:?}");
    }
}
