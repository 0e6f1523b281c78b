//! What opens a breaker by default, what it stops and what brings it back, in words: for the page
//! that documents them, and for whoever looks at the board.

use super::board::Standing;
use super::breaker::holds_trading;
use super::supervisor::{HEALINGS_MAX, Policy, SUCCESSES, WAIT_FIRST, WAIT_MAX};
use crate::event::{BreakerState, Component, Stage};
use crate::units::Nanos;

const SECOND: i64 = 1_000_000_000;

/// What brings a breaker back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// It is tried at this time.
    Trial(Nanos),
    /// It is tried now: so many calls in a row that go well close it.
    Successes(u32),
    /// A new UTC day closes it, at this time.
    Day(Nanos),
    /// A person closes it.
    Person,
}

impl Remedy {
    /// What brings back what stands so.
    #[must_use]
    pub const fn of(component: Component, standing: &Standing) -> Self {
        match (standing.state, standing.until) {
            (BreakerState::HalfOpen, _) => Self::Successes(SUCCESSES),
            (BreakerState::Open, Some(until)) if matches!(component, Component::DailyLoss) => {
                Self::Day(until)
            }
            (BreakerState::Open, Some(until)) => Self::Trial(until),
            (BreakerState::Open, None) | (BreakerState::Latched | BreakerState::Closed, _) => {
                Self::Person
            }
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trial(_) => "trial",
            Self::Successes(_) => "successes",
            Self::Day(_) => "day",
            Self::Person => "rearm",
        }
    }
}

/// What a component's breaker is of, and what opens it.
const fn opens(component: Component) -> (&'static str, &'static str) {
    match component {
        Component::Feed => ("an instrument", "no word of it for `price_age_max_s`, or gaps"),
        Component::Venue => ("a venue", "calls beside orders"),
        Component::Journal => {
            ("the account", "an operator's word; a write that fails ends the run")
        }
        Component::Clock => ("the account", "a look at the clock that is off by more than 500 ms"),
        Component::Strategy => (
            "a sleeve",
            "a callback that raises, or no stop where one is wanted for `unprotected_max_s` (both \
             latch); no numbers",
        ),
        Component::DailyLoss => {
            ("the account", "more lost since the UTC day began than `daily_loss_max`")
        }
        Component::Drawdown => {
            ("the account", "further below the peak than `drawdown_max`, or nothing left")
        }
        Component::Ledger => ("the account", "ours and the venue's books disagree"),
        Component::Invariant => ("the account", "a fault of ours in the middle of an event"),
        Component::KillSwitch => ("the account", "`bot4 kill`, a signal, the file `KILL`"),
        Component::Gateway => {
            ("a venue", "3 orders unknown past their fence (1: half-open), or orders that fail")
        }
        Component::Copies => ("the account", "the copy cannot be written"),
        Component::Memory => {
            ("the account", "a look that finds more than 85 % of the memory in use")
        }
        Component::Disk => {
            ("the account", "a look that finds less than 256 MiB free for the journal")
        }
        Component::Repeats => ("a sleeve", "the same done again and again"),
        Component::Model => ("a sleeve", "an output that is no number"),
        Component::Llm => ("the account", "calls that fail"),
        Component::Database => ("the account", "calls that fail"),
    }
}

fn counted(component: Component) -> String {
    let Some(policy) = Policy::of(component) else {
        return String::new();
    };
    let seconds = policy.window.mantissa() / SECOND;
    if policy.failure_percent == 0 {
        return match policy.failures_min {
            1 => ": at once".to_owned(),
            many => format!(": {many} in {seconds} s"),
        };
    }
    format!(
        ": {} % of {} calls or more in {seconds} s, or {} % of them slow",
        policy.failure_percent, policy.calls_min, policy.slow_percent
    )
}

/// What a component stops while its breaker is not closed.
const fn stops(component: Component) -> &'static str {
    if !holds_trading(component) {
        return "nothing";
    }
    match component.stage_latched() {
        Stage::Entries => "nothing is opened",
        Stage::Cancel => "nothing is opened, what works is called back",
        Stage::Flatten => "nothing is opened, what works is called back, what is held is closed",
    }
}

fn comes_back(component: Component) -> &'static str {
    match component {
        Component::DailyLoss => "the next UTC day, at half size for that day",
        Component::KillSwitch
        | Component::Drawdown
        | Component::Ledger
        | Component::Invariant
        | Component::Repeats
        | Component::Journal => "a person",
        Component::Feed
        | Component::Venue
        | Component::Clock
        | Component::Strategy
        | Component::Gateway
        | Component::Copies
        | Component::Memory
        | Component::Disk
        | Component::Model
        | Component::Llm
        | Component::Database => "by itself",
    }
}

/// Every component with its default, as `docs/breakers.md` has it.
#[must_use]
pub fn table() -> String {
    let head =
        "| breaker | of | opens on | stops | comes back |\n| --- | --- | --- | --- | --- |\n";
    let rows = Component::ALL.into_iter().map(|component| {
        let (of, why) = opens(component);
        let kills = component == Component::KillSwitch;
        let stops = if kills { "what its stage says" } else { stops(component) };
        let (name, limit) = (component.name(), counted(component));
        format!("| `{name}` | {of} | {why}{limit} | {stops} | {} |\n", comes_back(component))
    });
    let waits = format!(
        "\nWhat comes back by itself waits {} s, then twice as long each time up to {} s, less up \
         to a half; is tried; and is closed by {SUCCESSES} calls in a row that go well. After \
         {HEALINGS_MAX} times within an hour it latches instead.\n",
        WAIT_FIRST.mantissa() / SECOND,
        WAIT_MAX.mantissa() / SECOND,
    );
    rows.fold(head.to_owned(), |text, row| text + &row) + &waits
}
