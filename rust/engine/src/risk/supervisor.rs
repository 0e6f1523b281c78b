//! When a breaker opens, and when what was open is whole again: from the outcomes of what was
//! asked of a part, over a window of calls and of time.
//!
//! No clock and no I/O. A supervisor counts and says what should change; the driver journals it as
//! a transition, and only that comes back ([`Supervisor::on_transition`]). The words are those of
//! resilience4j (failure rate, slow-call rate, sliding window); the figures are ours, by component.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::event::{BreakerState, Component, Part, Reason, Scope, Transition};
use crate::units::Nanos;

const SECOND: i64 = 1_000_000_000;
/// Calls that are looked back on, at most.
pub const CALLS_MAX: usize = 100;
/// Calls in a row that must go well before what is tried is closed.
pub const SUCCESSES: u32 = 3;
/// How often a part may heal by itself within an hour; once more, and it latches.
pub const HEALINGS_MAX: usize = 5;
/// The time in which healings are counted.
pub const HEALINGS_WITHIN: Nanos = Nanos::new(3_600 * SECOND);
/// The first wait, and the longest.
pub const WAIT_FIRST: Nanos = Nanos::new(SECOND);
/// See [`WAIT_FIRST`].
pub const WAIT_MAX: Nanos = Nanos::new(60 * SECOND);
/// A part that was closed for so long begins with the first wait again.
pub const STEADY: Nanos = WAIT_MAX;
const DOUBLINGS_MAX: u32 = 6;

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Well.
    Ok,
    /// It did not.
    Failed,
    /// It did, and took too long.
    Slow,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Failed, Self::Slow];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Slow => "slow",
        }
    }
}

/// When a part opens. It heals as all others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How far back calls count.
    pub window: Nanos,
    /// No rate is looked at before so many calls.
    pub calls_min: u32,
    /// So many must have failed at least.
    pub failures_min: u32,
    /// Of a hundred calls so many failed.
    pub failure_percent: u32,
    /// Of a hundred calls so many were slow; above 100: never.
    pub slow_percent: u32,
    /// Why it then says that it opened.
    pub reason: Reason,
}

const NEVER: u32 = 101;

impl Policy {
    const fn counted(failures: u32, window_s: i64, reason: Reason) -> Self {
        Self {
            window: Nanos::new(window_s * SECOND),
            calls_min: failures,
            failures_min: failures,
            failure_percent: 0,
            slow_percent: NEVER,
            reason,
        }
    }

    /// The default of a component; `None`: outcomes do not open it.
    #[must_use]
    pub const fn of(component: Component) -> Option<Self> {
        match component {
            Component::Venue | Component::Gateway => Some(Self {
                window: Nanos::new(10 * SECOND),
                calls_min: 20,
                failures_min: 10,
                failure_percent: 50,
                slow_percent: 80,
                reason: Reason::Failures,
            }),
            Component::Feed => Some(Self::counted(3, 60, Reason::Gaps)),
            Component::Strategy => Some(Self::counted(3, 60, Reason::NotUsable)),
            Component::Model => Some(Self::counted(1, 10, Reason::NotUsable)),
            Component::Clock => Some(Self::counted(1, 10, Reason::Skew)),
            Component::Memory | Component::Disk => Some(Self::counted(1, 10, Reason::Shortage)),
            Component::Copies => Some(Self::counted(1, 10, Reason::Failures)),
            Component::Llm => Some(Self::counted(3, 60, Reason::Failures)),
            Component::Database => Some(Self::counted(5, 60, Reason::Failures)),
            Component::Journal
            | Component::DailyLoss
            | Component::Drawdown
            | Component::Ledger
            | Component::Invariant
            | Component::KillSwitch
            | Component::Repeats => None,
        }
    }
}

/// What is remembered of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervisor {
    part: Part,
    state: BreakerState,
    calls: VecDeque<(Nanos, Outcome)>,
    /// How many of them did not go well.
    amiss: u32,
    /// Calls in a row that went well since it is tried; a bad one ends the trial.
    good: u32,
    bad: bool,
    /// How often it opened without having been closed for long.
    opened: u32,
    closed_at: Option<Nanos>,
    healings: VecDeque<Nanos>,
}

impl Supervisor {
    /// Of a part that stands so.
    #[must_use]
    pub fn new(part: Part, state: BreakerState) -> Self {
        Self {
            part,
            state,
            calls: VecDeque::with_capacity(CALLS_MAX),
            amiss: 0,
            good: 0,
            bad: false,
            opened: u32::from(state != BreakerState::Closed),
            closed_at: None,
            healings: VecDeque::new(),
        }
    }

    /// A call went so. What was begun before it opened says nothing any more.
    pub fn on_outcome(&mut self, now: Nanos, outcome: Outcome) {
        let Some(policy) = Policy::of(self.part.component) else {
            return;
        };
        match self.state {
            BreakerState::Closed => {
                if self.calls.len() == CALLS_MAX {
                    self.forget_first();
                }
                self.calls.push_back((now, outcome));
                self.amiss += u32::from(outcome != Outcome::Ok);
                self.forget_before(now, policy.window);
            }
            BreakerState::HalfOpen if outcome == Outcome::Ok => self.good += 1,
            BreakerState::HalfOpen => self.bad = true,
            BreakerState::Open | BreakerState::Latched => {}
        }
    }

    fn forget_before(&mut self, now: Nanos, window: Nanos) {
        let old = |ts: Nanos| now.mantissa().saturating_sub(ts.mantissa()) >= window.mantissa();
        while self.calls.front().is_some_and(|(ts, _)| old(*ts)) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, outcome)) = self.calls.pop_front() {
            self.amiss -= u32::from(outcome != Outcome::Ok);
        }
    }

    /// What should change now; it is so once the transition comes back.
    #[must_use]
    pub fn verdict(&self, now: Nanos) -> Option<Transition> {
        let policy = Policy::of(self.part.component)?;
        match self.state {
            BreakerState::Closed if self.amiss == 0 => None,
            BreakerState::Closed => self.opens(now, &policy).map(|reason| self.open(now, reason)),
            BreakerState::HalfOpen if self.bad => Some(self.open(now, policy.reason)),
            BreakerState::HalfOpen if self.good >= SUCCESSES => {
                let lately = self.healings.iter().filter(|at| is_within_hour(**at, now)).count();
                let latches = lately >= HEALINGS_MAX;
                Some(if latches {
                    Transition::latch(now, self.part, Reason::TooOften)
                } else {
                    Transition::new(now, self.part, BreakerState::Closed, Reason::Healed)
                })
            }
            BreakerState::HalfOpen | BreakerState::Open | BreakerState::Latched => None,
        }
    }

    /// Why the calls in the window open it, if they do.
    fn opens(&self, now: Nanos, policy: &Policy) -> Option<Reason> {
        let after = now.mantissa().saturating_sub(policy.window.mantissa());
        let (mut calls, mut failed, mut slow) = (0_u32, 0_u32, 0_u32);
        for (ts, outcome) in &self.calls {
            if ts.mantissa() > after {
                calls += 1;
                failed += u32::from(*outcome == Outcome::Failed);
                slow += u32::from(*outcome == Outcome::Slow);
            }
        }
        if calls < policy.calls_min {
            return None;
        }
        if failed >= policy.failures_min && failed * 100 >= calls * policy.failure_percent {
            return Some(policy.reason);
        }
        (slow * 100 >= calls * policy.slow_percent).then_some(Reason::Slow)
    }

    /// It opens, to be tried after a wait that doubles.
    #[must_use]
    pub fn open(&self, now: Nanos, reason: Reason) -> Transition {
        let until = Nanos::new(now.mantissa().saturating_add(self.wait(now)));
        Transition::new(now, self.part, BreakerState::Open, reason).until(until)
    }

    /// How long it waits if it opens now: 1 s, doubled with each time, 60 s at most, and of that
    /// between a half and all, so that parts which failed together are not tried together.
    fn wait(&self, now: Nanos) -> i64 {
        let before = if self.is_steady(now) { 0 } else { self.opened };
        let doubled = WAIT_FIRST.mantissa() << before.min(DOUBLINGS_MAX);
        let longest = doubled.min(WAIT_MAX.mantissa());
        let half = longest / 2;
        half + half / (1 << 16) * i64::from(jitter(self.part, self.opened) >> 16)
    }

    fn is_steady(&self, now: Nanos) -> bool {
        let closed = self.closed_at.filter(|_| self.state == BreakerState::Closed);
        closed.is_some_and(|at| now.mantissa().saturating_sub(at.mantissa()) >= STEADY.mantissa())
    }

    /// Its breaker changed.
    pub fn on_transition(&mut self, new: &Transition) {
        (self.good, self.bad, self.amiss) = (0, false, 0);
        self.calls.clear();
        match new.state {
            BreakerState::Closed => {
                self.closed_at = Some(new.ts);
                if new.reason == Reason::Healed {
                    if self.healings.len() > HEALINGS_MAX {
                        self.healings.pop_front();
                    }
                    self.healings.push_back(new.ts);
                } else {
                    // A person looked at it: it begins anew.
                    (self.opened, self.closed_at) = (0, None);
                    self.healings.clear();
                }
            }
            BreakerState::Open => {
                let before = if self.is_steady(new.ts) { 0 } else { self.opened };
                self.opened = before.saturating_add(1);
            }
            BreakerState::HalfOpen | BreakerState::Latched => {}
        }
        self.state = new.state;
    }

    /// The breaker stands so, whoever changed it.
    pub fn stand(&mut self, now: Nanos, state: BreakerState) {
        if self.state != state {
            self.on_transition(&Transition::new(now, self.part, state, Reason::Rearmed));
        }
    }

    /// Whose it is.
    #[must_use]
    pub const fn part(&self) -> Part {
        self.part
    }
}

fn is_within_hour(at: Nanos, now: Nanos) -> bool {
    now.mantissa().saturating_sub(at.mantissa()) < HEALINGS_WITHIN.mantissa()
}

/// A number that differs between parts and attempts, and needs no chance.
fn jitter(part: Part, number: u32) -> u32 {
    let (kind, id) = match part.scope {
        Scope::Account => (0_u8, 0),
        Scope::Venue(venue) => (1, venue.0),
        Scope::Instrument(id) => (2, id.0),
        Scope::Sleeve(id) => (3, id.0),
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[part.component as u8, kind]);
    hasher.update(&id.to_le_bytes());
    hasher.update(&number.to_le_bytes());
    let digest = hasher.finalize();
    let [a, b, c, d, ..] = *digest.as_bytes();
    u32::from_le_bytes([a, b, c, d])
}
