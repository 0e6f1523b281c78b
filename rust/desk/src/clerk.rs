//! Who keeps what a session writes down: encodes it, appends it, and lets an action go once its
//! record may be relied on.

use std::collections::VecDeque;
use std::time::Instant;

use bot4_engine::bot::Bot;
use bot4_engine::event::{Bar, Event, OrderId};
use bot4_engine::journal::{Record, State, encode_record};
use bot4_engine::session::{Driver, KeepError};
use bot4_engine::venue::Act;
use bot4_journal::{Durability, Journal};

use crate::error::DeskError;
use crate::latency::Histogram;
use crate::venue_record::VenueRecord;

/// How many placed orders may wait to be timed; more are not timed.
const TIMED_MAX: usize = 65_536;

/// The strategies outside the engine.
pub trait Outside {
    /// Bars closed: what those among them want whose instrument is among `bars`, and that one of
    /// them failed, into `told`.
    fn ask(&mut self, bot: &Bot, bars: &[Bar], told: &mut Vec<Event>) -> Result<(), KeepError>;
}

/// The journal and the venue's record while a run goes on.
#[derive(Debug)]
pub(crate) struct Clerk {
    pub(crate) journal: Journal,
    pub(crate) durability: Durability,
    record: VenueRecord,
    /// Encoded records of the present market event that are not appended yet.
    gathered: Vec<u8>,
    event: u64,
    /// Of each order placed lately, its entry (0: not appended yet) and when it was decided.
    placed: VecDeque<(u64, Instant)>,
    commits: Vec<(u64, Instant)>,
    pub(crate) intent_to_sent: Histogram,
    /// Whether orders were decided in the present market event.
    pub(crate) decided: bool,
    /// What failed, where the engine's word for it is not enough.
    pub(crate) failure: Option<DeskError>,
}

impl Clerk {
    pub(crate) fn new(journal: Journal, durability: Durability, record: VenueRecord) -> Self {
        Self {
            journal,
            durability,
            record,
            gathered: Vec::new(),
            event: 0,
            placed: VecDeque::new(),
            commits: Vec::new(),
            intent_to_sent: Histogram::default(),
            decided: false,
            failure: None,
        }
    }

    /// What stands in the venue's record and was not met again.
    pub(crate) fn ahead(&self) -> Vec<(u64, Act)> {
        self.record.ahead()
    }

    fn append(&mut self) -> Result<(), KeepError> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let appended = self.journal.append(self.event, &self.gathered);
        self.gathered.clear();
        let entry = appended.map_err(|error| self.fail(error.into()))?;
        for (of, _) in self.placed.iter_mut().rev().take_while(|(of, _)| *of == 0) {
            *of = entry;
        }
        if self.durability == Durability::Block {
            // It may go as soon as it is appended, its id being reserved.
            self.time(|_| Some(Instant::now()));
        }
        Ok(())
    }

    /// Time the orders of which `sent` knows when they could go.
    fn time(&mut self, sent: impl Fn(u64) -> Option<Instant>) {
        while let Some((entry, decided)) = self.placed.front().copied()
            && entry > 0
            && let Some(sent) = sent(entry)
        {
            self.placed.pop_front();
            let took = sent.saturating_duration_since(decided).as_nanos();
            self.intent_to_sent.add(u64::try_from(took).unwrap_or(u64::MAX));
        }
    }

    /// Time what became durable since.
    pub(crate) fn time_commits(&mut self) {
        let mut commits = core::mem::take(&mut self.commits);
        self.journal.take_commits(&mut commits);
        if self.durability == Durability::Each {
            for (until, at) in commits.iter().copied() {
                self.time(|entry| (entry <= until).then_some(at));
            }
        }
        commits.clear();
        self.commits = commits;
    }

    fn fail(&mut self, error: DeskError) -> KeepError {
        let said = KeepError::Journal(error.to_string());
        self.failure = Some(error);
        said
    }
}

/// A clerk with the strategies outside the engine at hand.
pub(crate) struct Attended<'a> {
    pub(crate) clerk: &'a mut Clerk,
    pub(crate) outside: &'a mut dyn Outside,
}

impl Driver for Attended<'_> {
    fn keep(&mut self, event: u64, records: &[Record], _: &State) -> Result<(), KeepError> {
        let clerk = &mut *self.clerk;
        clerk.event = event;
        for record in records {
            encode_record(&mut clerk.gathered, record);
            if let Record::Placed { .. } = record {
                clerk.decided = true;
                if clerk.placed.len() < TIMED_MAX {
                    clerk.placed.push_back((0, Instant::now()));
                }
            }
        }
        Ok(())
    }

    fn recalled(&mut self, _: &Record, _: &State) {}

    fn release(&mut self, id: OrderId) -> Result<(), KeepError> {
        let clerk = &mut *self.clerk;
        clerk.append()?;
        let entry = clerk.journal.appended();
        let released = clerk.journal.release(entry, id.sequence());
        released.map_err(|error| clerk.fail(error.into()))
    }

    fn settle(&mut self) -> Result<(), KeepError> {
        let clerk = &mut *self.clerk;
        clerk.append()?;
        let settled = clerk.journal.settle(clerk.journal.appended());
        settled.map_err(|error| clerk.fail(error.into()))
    }

    fn ask(&mut self, bot: &Bot, bars: &[Bar], told: &mut Vec<Event>) -> Result<(), KeepError> {
        self.outside.ask(bot, bars, told)
    }

    fn acted(&mut self, event: u64, acts: &[Act]) -> Result<(), KeepError> {
        let acted = self.clerk.record.on_acts(event, acts);
        acted.map_err(|error| self.clerk.fail(error))
    }

    fn done(&mut self, event: u64) -> Result<(), KeepError> {
        self.clerk.event = event;
        self.clerk.append()
    }
}
