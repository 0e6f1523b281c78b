//! When a part opens and when it is whole again: the supervisor against a slow judge that keeps
//! everything and looks at all of it.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;

use bot4_engine::event::{BreakerState, Component, Part, Reason, SleeveId, Transition};
use bot4_engine::instrument::{InstrumentId, VenueId};
use bot4_engine::risk::supervisor::{HEALINGS_MAX, Outcome, Policy, SUCCESSES, Supervisor};
use bot4_engine::units::Nanos;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::prop_assert_eq;
use proptest::sample::select;

use crate::market::{HOUR, SECOND, always, ns};

/// What is told of a part, at so many nanoseconds after what was told before.
type Told = (i64, Outcome);

/// Everything that was ever told, and a state that follows from looking at all of it.
struct Judge {
    policy: Policy,
    state: BreakerState,
    /// Since when calls count: nothing from before the last change does.
    told: Vec<(i64, Outcome)>,
    until: i64,
    healed: Vec<i64>,
    /// The waits in a row, without their jitter.
    waits: Vec<i64>,
    closed_at: Option<i64>,
}

impl Judge {
    fn new(component: Component) -> Self {
        Self {
            policy: Policy::of(component).unwrap(),
            state: BreakerState::Closed,
            told: Vec::new(),
            until: 0,
            healed: Vec::new(),
            waits: Vec::new(),
            closed_at: None,
        }
    }

    /// The longest wait that may follow now, in seconds: it doubles, and no more than to a minute.
    fn open(&mut self, now: i64) {
        let steady = self.state == BreakerState::Closed
            && self.closed_at.is_some_and(|at| now - at >= 60 * SECOND);
        if steady {
            self.waits.clear();
        }
        let wait = self.waits.last().map_or(SECOND, |last| (2 * last).min(60 * SECOND));
        self.waits.push(wait);
        self.turn(BreakerState::Open);
    }

    fn turn(&mut self, state: BreakerState) {
        self.state = state;
        self.told.clear();
    }

    fn tell(&mut self, now: i64, outcome: Outcome) {
        self.told.push((now, outcome));
        match self.state {
            BreakerState::Closed => {
                let recent = self.told.iter().rev().take(100);
                let recent: Vec<_> = recent
                    .filter(|(ts, _)| now - ts < self.policy.window.mantissa())
                    .map(|(_, outcome)| *outcome)
                    .collect();
                let share = |of: Outcome| {
                    recent.iter().filter(|outcome| **outcome == of).count() as f64 * 100.0
                        / recent.len() as f64
                };
                let failed = recent.iter().filter(|one| **one == Outcome::Failed).count();
                let enough = recent.len() >= self.policy.calls_min as usize;
                let fails = failed >= self.policy.failures_min as usize
                    && share(Outcome::Failed) >= f64::from(self.policy.failure_percent);
                if enough && (fails || share(Outcome::Slow) >= f64::from(self.policy.slow_percent))
                {
                    self.open(now);
                }
            }
            BreakerState::HalfOpen => {
                if outcome != Outcome::Ok {
                    self.open(now);
                } else if self.told.len() >= SUCCESSES as usize {
                    let lately = self.healed.iter().filter(|at| now - **at < HOUR).count();
                    if lately >= HEALINGS_MAX {
                        self.turn(BreakerState::Latched);
                    } else {
                        self.healed.push(now);
                        self.closed_at = Some(now);
                        self.turn(BreakerState::Closed);
                    }
                }
            }
            BreakerState::Open | BreakerState::Latched => {}
        }
    }
}

fn told() -> impl Strategy<Value = Vec<Told>> {
    let outcome = select(vec![
        Outcome::Ok,
        Outcome::Ok,
        Outcome::Ok,
        Outcome::Failed,
        Outcome::Failed,
        Outcome::Slow,
    ]);
    let apart = select(vec![0, SECOND / 50, SECOND / 3, SECOND, 7 * SECOND, 90 * SECOND]);
    vec((apart, outcome), 0..400)
}

const SUPERVISED: [Component; 9] = [
    Component::Feed,
    Component::Venue,
    Component::Gateway,
    Component::Strategy,
    Component::Clock,
    Component::Memory,
    Component::Model,
    Component::Llm,
    Component::Database,
];

#[test]
fn a_slow_judge_that_keeps_everything_says_the_same() {
    always(300, (select(SUPERVISED.to_vec()), told()), |(component, told)| {
        let part = Part::account(component);
        let (mut supervisor, mut judge) =
            (Supervisor::new(part, BreakerState::Closed), Judge::new(component));
        let (mut now, mut state) = (HOUR, BreakerState::Closed);
        for (apart, outcome) in told {
            now += apart;
            // The driver's part: what waited is tried.
            if state == BreakerState::Open && now >= judge.until {
                let tried = BreakerState::HalfOpen;
                supervisor.on_transition(&Transition::new(ns(now), part, tried, Reason::WaitOver));
                judge.turn(tried);
            }
            supervisor.on_outcome(ns(now), outcome);
            judge.tell(now, outcome);
            if let Some(change) = supervisor.verdict(ns(now)) {
                if let Some(until) = change.until {
                    let (wait, longest) =
                        (until.mantissa() - now, *judge.waits.last().unwrap_or(&0));
                    assert!(wait * 2 >= longest && wait <= longest, "{wait} of {longest}");
                    judge.until = until.mantissa();
                }
                supervisor.on_transition(&change);
                state = change.state;
            } else if judge.state == BreakerState::HalfOpen {
                state = judge.state;
            }
            prop_assert_eq!(state, judge.state, "{:?} at {}", component, now);
        }
        Ok(())
    });
}

/// A part that fails, and is tried and found whole after each wait.
fn fail_and_heal(supervisor: &mut Supervisor, now: Nanos) -> Transition {
    let part = supervisor.part();
    supervisor.on_outcome(now, Outcome::Failed);
    let opened = supervisor.verdict(now).unwrap();
    supervisor.on_transition(&opened);
    let until = opened.until.unwrap();
    let tried = Transition::new(until, part, BreakerState::HalfOpen, Reason::WaitOver);
    supervisor.on_transition(&tried);
    for _ in 0..SUCCESSES {
        assert_eq!(supervisor.verdict(until), None, "not before so many");
        supervisor.on_outcome(until, Outcome::Ok);
    }
    let healed = supervisor.verdict(until).unwrap();
    supervisor.on_transition(&healed);
    healed
}

#[test]
fn what_heals_five_times_in_an_hour_is_not_believed_a_sixth_time() {
    for (every, wanted) in [(600 * SECOND, BreakerState::Latched), (HOUR, BreakerState::Closed)] {
        let mut supervisor =
            Supervisor::new(Part::account(Component::Memory), BreakerState::Closed);
        let healed: Vec<_> = (1_i64..=6)
            .map(|time| fail_and_heal(&mut supervisor, ns(HOUR + time * every)))
            .collect();
        assert!(healed[..5].iter().all(|healed| healed.state == BreakerState::Closed));
        assert_eq!(healed[5].state, wanted, "every {every} ns");
        if wanted == BreakerState::Latched {
            assert_eq!(healed[5].reason, Reason::TooOften);
            let rearmed = Transition::rearm(ns(9 * HOUR), supervisor.part(), Default::default());
            supervisor.on_transition(&rearmed);
            let again = fail_and_heal(&mut supervisor, ns(9 * HOUR));
            assert_eq!(again.state, BreakerState::Closed, "a person looked at it");
        }
    }
}

#[test]
fn of_twenty_calls_sixteen_that_are_slow_open_it() {
    for (slow, wanted) in [(15, None), (16, Some(Reason::Slow))] {
        let mut supervisor = Supervisor::new(Part::gateway(VenueId(0)), BreakerState::Closed);
        for call in 0..20 {
            let outcome = if call < slow { Outcome::Slow } else { Outcome::Ok };
            supervisor.on_outcome(ns(HOUR + call), outcome);
        }
        let verdict = supervisor.verdict(ns(HOUR + 20));
        assert_eq!(verdict.map(|opened| opened.reason), wanted, "{slow} slow");
    }
}

#[test]
fn parts_that_failed_together_are_not_tried_together_but_always_the_same() {
    let parts = [
        Part::account(Component::Memory),
        Part::account(Component::Disk),
        Part::gateway(VenueId(0)),
        Part::gateway(VenueId(1)),
        Part::feed(InstrumentId(0)),
        Part::sleeve(Component::Strategy, SleeveId(0)),
    ];
    let until = |part| {
        let supervisor = Supervisor::new(part, BreakerState::Closed);
        supervisor.open(ns(HOUR), Reason::Failures).until
    };
    let mut waits: Vec<_> = parts.into_iter().map(until).collect();
    assert_eq!(waits, parts.into_iter().map(until).collect::<Vec<_>>());
    waits.sort_unstable();
    waits.dedup();
    assert_eq!(waits.len(), parts.len());
}

#[test]
fn what_only_a_person_or_a_day_closes_is_not_opened_by_outcomes() {
    always(50, (any::<bool>(), told()), |(_, told)| {
        for component in Component::ALL {
            let mut supervisor = Supervisor::new(Part::account(component), BreakerState::Closed);
            let mut opened = false;
            for (place, (_, outcome)) in (0..).zip(&told) {
                supervisor.on_outcome(ns(HOUR + place), *outcome);
                opened |= supervisor.verdict(ns(HOUR + place)).is_some();
            }
            prop_assert_eq!(opened && Policy::of(component).is_none(), false, "{:?}", component);
        }
        Ok(())
    });
}
