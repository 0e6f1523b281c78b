//! The words for breakers: which part of the system, how far it may be relied on, why, and what is
//! done about it.

use serde::{Deserialize, Serialize};

use super::SleeveId;
use crate::instrument::{InstrumentId, VenueId};
use crate::units::Nanos;

/// What of the system carries a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Component {
    /// Market data.
    Feed = 0,
    /// The venue itself: its status, its answers to questions.
    Venue = 1,
    /// The durable journal.
    Journal = 2,
    /// The clock.
    Clock = 3,
    /// A strategy.
    Strategy = 4,
    /// Loss since the start of the UTC day.
    DailyLoss = 5,
    /// Fall from the highest equity.
    Drawdown = 6,
    /// Ours and the venue's books disagree.
    Ledger = 7,
    /// Something that must not happen, did.
    Invariant = 8,
    /// A person said stop.
    KillSwitch = 9,
    /// Order entry: what the venue answers to orders.
    Gateway = 10,
    /// The readable copies of the journal.
    Copies = 11,
    /// The machine's memory.
    Memory = 12,
    /// The room on the disk of the journal.
    Disk = 13,
    /// A strategy that does the same again and again.
    Repeats = 14,
    /// A model that signals read.
    Model = 15,
    /// A language model that gives scores.
    Llm = 16,
    /// A database beside the journal.
    Database = 17,
}

impl Component {
    /// Every component, in the order of their codes.
    pub const ALL: [Self; 18] = [
        Self::Feed,
        Self::Venue,
        Self::Journal,
        Self::Clock,
        Self::Strategy,
        Self::DailyLoss,
        Self::Drawdown,
        Self::Ledger,
        Self::Invariant,
        Self::KillSwitch,
        Self::Gateway,
        Self::Copies,
        Self::Memory,
        Self::Disk,
        Self::Repeats,
        Self::Model,
        Self::Llm,
        Self::Database,
    ];

    /// What is done by itself once it is latched: a drawdown that stopped new orders alone would
    /// let what is held fall on.
    #[must_use]
    pub const fn stage_latched(self) -> Stage {
        match self {
            Self::Drawdown => Stage::Flatten,
            Self::Ledger | Self::Invariant | Self::Repeats => Stage::Cancel,
            Self::Feed
            | Self::Venue
            | Self::Journal
            | Self::Clock
            | Self::Strategy
            | Self::DailyLoss
            | Self::KillSwitch
            | Self::Gateway
            | Self::Copies
            | Self::Memory
            | Self::Disk
            | Self::Model
            | Self::Llm
            | Self::Database => Stage::Entries,
        }
    }

    /// The word in reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Venue => "venue",
            Self::Journal => "journal",
            Self::Clock => "clock",
            Self::Strategy => "strategy",
            Self::DailyLoss => "daily_loss",
            Self::Drawdown => "drawdown",
            Self::Ledger => "ledger",
            Self::Invariant => "invariant",
            Self::KillSwitch => "kill_switch",
            Self::Gateway => "gateway",
            Self::Copies => "copies",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Repeats => "repeats",
            Self::Model => "model",
            Self::Llm => "llm",
            Self::Database => "database",
        }
    }
}

/// How far a breaker reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Everything.
    Account,
    /// All that is traded at a venue.
    Venue(VenueId),
    /// One instrument.
    Instrument(InstrumentId),
    /// One sleeve.
    Sleeve(SleeveId),
}

/// What one breaker is of: a component, and how far it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Part {
    /// Of what kind.
    pub component: Component,
    /// How far.
    pub scope: Scope,
}

impl Part {
    /// A component of the whole account.
    #[must_use]
    pub const fn account(component: Component) -> Self {
        Self { component, scope: Scope::Account }
    }

    /// The order entry of a venue.
    #[must_use]
    pub const fn gateway(venue: VenueId) -> Self {
        Self { component: Component::Gateway, scope: Scope::Venue(venue) }
    }

    /// The market data of an instrument.
    #[must_use]
    pub const fn feed(instrument: InstrumentId) -> Self {
        Self { component: Component::Feed, scope: Scope::Instrument(instrument) }
    }

    /// A component of one sleeve.
    #[must_use]
    pub const fn sleeve(component: Component, sleeve: SleeveId) -> Self {
        Self { component, scope: Scope::Sleeve(sleeve) }
    }
}

/// Whether a component may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BreakerState {
    /// It works.
    Closed,
    /// It is being tried.
    HalfOpen,
    /// It does not work; it heals by itself.
    Open,
    /// It does not work; only a person closes it.
    Latched,
}

impl BreakerState {
    /// Every state, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Closed, Self::HalfOpen, Self::Open, Self::Latched];

    /// The word in reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
            Self::Latched => "latched",
        }
    }
}

/// What a breaker that is not closed does to all that depends on it; each does what those before it
/// do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Nothing is opened.
    Entries,
    /// What works is called back, but for what protects a position.
    Cancel,
    /// What is held is closed.
    Flatten,
}

impl Stage {
    /// Every stage, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Entries, Self::Cancel, Self::Flatten];

    /// The word in commands, reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Cancel => "cancel",
            Self::Flatten => "flatten",
        }
    }
}

/// Why a breaker changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Reason {
    /// Too many calls failed.
    Failures = 0,
    /// Too many calls took too long.
    Slow = 1,
    /// Orders that the venue never answered.
    Unanswered = 2,
    /// Nothing was heard for too long.
    Stale = 3,
    /// The feed lost something again and again.
    Gaps = 4,
    /// There is too little left of it.
    Shortage = 5,
    /// The clock jumped.
    Skew = 6,
    /// It wanted what is no number.
    NotUsable = 7,
    /// It raised an error.
    Raised = 8,
    /// The loss of the day.
    Loss = 9,
    /// The fall from the peak.
    Fall = 10,
    /// The books disagree.
    Mismatch = 11,
    /// A fault of ours.
    Fault = 12,
    /// The same again and again.
    Repeated = 13,
    /// A person said so.
    Operator = 14,
    /// A signal said so.
    Signal = 15,
    /// The file `KILL` said so.
    File = 16,
    /// Its wait is over: it is tried.
    WaitOver = 17,
    /// It was tried, and works.
    Healed = 18,
    /// It healed too often to be believed.
    TooOften = 19,
    /// A new UTC day began.
    NextDay = 20,
    /// A person closed it.
    Rearmed = 21,
    /// A position has not the stop that is wanted behind it.
    Unprotected = 22,
}

impl Reason {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 23] = [
        Self::Failures,
        Self::Slow,
        Self::Unanswered,
        Self::Stale,
        Self::Gaps,
        Self::Shortage,
        Self::Skew,
        Self::NotUsable,
        Self::Raised,
        Self::Loss,
        Self::Fall,
        Self::Mismatch,
        Self::Fault,
        Self::Repeated,
        Self::Operator,
        Self::Signal,
        Self::File,
        Self::WaitOver,
        Self::Healed,
        Self::TooOften,
        Self::NextDay,
        Self::Rearmed,
        Self::Unprotected,
    ];

    /// The word in journals, reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::Slow => "slow",
            Self::Unanswered => "unanswered",
            Self::Stale => "stale",
            Self::Gaps => "gaps",
            Self::Shortage => "shortage",
            Self::Skew => "skew",
            Self::NotUsable => "not_usable",
            Self::Raised => "raised",
            Self::Loss => "loss",
            Self::Fall => "fall",
            Self::Mismatch => "mismatch",
            Self::Fault => "fault",
            Self::Repeated => "repeated",
            Self::Operator => "operator",
            Self::Signal => "signal",
            Self::File => "file",
            Self::WaitOver => "wait_over",
            Self::Healed => "healed",
            Self::TooOften => "too_often",
            Self::NextDay => "next_day",
            Self::Rearmed => "rearmed",
            Self::Unprotected => "unprotected",
        }
    }
}

/// A few words of a person, kept in place so that a record stays a plain value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Note {
    len: u8,
    text: [[u8; 16]; 5],
}

/// Words that are longer than a note keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reason has {0} bytes, and {max} are kept: say it shorter", max = Note::BYTES_MAX)]
pub struct NoteError(usize);

impl Note {
    /// Most bytes of UTF-8 that are kept.
    pub const BYTES_MAX: usize = 80;

    /// These words; an error where they do not fit.
    pub fn new(words: &str) -> Result<Self, NoteError> {
        let mut note = Self::default();
        let (len, room) = (words.len(), note.text.as_flattened_mut());
        let room = room.get_mut(..len).ok_or(NoteError(len))?;
        room.copy_from_slice(words.as_bytes());
        note.len = u8::try_from(len).map_err(|_| NoteError(len))?;
        Ok(note)
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.text.as_flattened().get(..usize::from(self.len));
        bytes.and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// A breaker changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// When.
    pub ts: Nanos,
    /// Whose.
    pub part: Part,
    /// To what.
    pub state: BreakerState,
    /// What is done about it, where it is not closed.
    pub stage: Stage,
    /// Why.
    pub reason: Reason,
    /// When it is tried, or closes, by itself.
    pub until: Option<Nanos>,
    /// What a person said.
    pub note: Note,
}

impl Transition {
    /// A breaker changes, and nothing is opened where it is not closed.
    #[must_use]
    pub fn new(ts: Nanos, part: Part, state: BreakerState, reason: Reason) -> Self {
        let (stage, until, note) = (Stage::Entries, None, Note::default());
        Self { ts, part, state, stage, reason, until, note }
    }

    /// A breaker latches for a reason, with what its component does then.
    #[must_use]
    pub fn latch(ts: Nanos, part: Part, reason: Reason) -> Self {
        let stage = part.component.stage_latched();
        Self { stage, ..Self::new(ts, part, BreakerState::Latched, reason) }
    }

    /// A person stops the whole account.
    #[must_use]
    pub fn kill(ts: Nanos, stage: Stage, by: Reason, note: Note) -> Self {
        let part = Part::account(Component::KillSwitch);
        Self { stage, note, ..Self::new(ts, part, BreakerState::Latched, by) }
    }

    /// A person closes a breaker.
    #[must_use]
    pub fn rearm(ts: Nanos, part: Part, note: Note) -> Self {
        Self { note, ..Self::new(ts, part, BreakerState::Closed, Reason::Rearmed) }
    }

    /// The same, known to end at `until`.
    #[must_use]
    pub const fn until(self, until: Nanos) -> Self {
        Self { until: Some(until), ..self }
    }
}
