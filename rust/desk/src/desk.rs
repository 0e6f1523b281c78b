//! A run with its journal: opened or gone on with, told its market, kept, closed.

use std::path::{Path, PathBuf};
use std::time::Instant;

use bot4_engine::journal::Record;
use bot4_engine::run::{Command, Resumed, Run};
use bot4_engine::session::SessionError;
use bot4_engine::units::Nanos;
use bot4_journal::{Durability, Journal, JournalError, JournalFile};

use crate::clerk::{Attended, Clerk, Outside};
use crate::entries::{ENTRIES_AT_ONCE, Kept, decoded, note_of};
use crate::error::DeskError;
use crate::header::Header;
use crate::latency::Histogram;
use crate::venue_record::VenueRecord;

/// One market event in so many is timed, besides all that decide: a clock costs as much as one.
const TIMED_EVERY: u64 = 16;

/// What an opening found.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    /// Whether there was a run to go on with.
    pub resumed: bool,
    /// The epoch of the ids of orders from here on.
    pub epoch: u32,
    /// The market event of the snapshot it went on from.
    pub snapshot: Option<u64>,
    /// How many entries were met again after it.
    pub entries: u64,
    /// What the engine says of it.
    pub found: Resumed,
    /// What the journal passed over, a line each.
    pub remarks: Vec<String>,
    /// How long it took.
    pub elapsed_s: f64,
}

/// A run on this machine.
#[derive(Debug)]
pub struct Desk {
    run: Run,
    clerk: Clerk,
    folder: PathBuf,
    event_ns: Histogram,
    decision_ns: Histogram,
    /// Something failed in the middle of an event: what is in memory was not written down whole.
    failed: bool,
}

impl Desk {
    /// Begin a journal in `folder`, or go on from the one that is there.
    pub fn open(
        mut run: Run,
        header: &Header,
        folder: &Path,
        durability: Durability,
        clock_s: u64,
        outside: &mut dyn Outside,
    ) -> Result<(Self, Opened), DeskError> {
        let began = Instant::now();
        if header.faults.is_some() && durability == Durability::Block {
            // What the journal lost is taken from the venue's record, which knows nothing of what
            // never reached it.
            return Err(DeskError::Faults("durability must be \"each\" beside them"));
        }
        let path = folder.display().to_string();
        let bytes = header.bytes(&path)?;
        let journal = match Journal::open(folder, &bytes, durability, clock_s) {
            Err(JournalError::OtherConfiguration { .. }) => {
                let kept = Header::read(JournalFile::open(folder)?.header(), &path)?;
                let differs = header.differs(&kept, &path);
                let same = JournalError::OtherConfiguration { path };
                return Err(differs.unwrap_or(DeskError::Journal(same)));
            }
            opened => opened?,
        };
        let mut opened = Opened {
            resumed: journal.appended() > 0,
            epoch: journal.epoch(),
            remarks: journal.remarks().to_vec(),
            ..Opened::default()
        };
        let snapshot = journal.snapshots()?.into_iter().next();
        opened.snapshot = snapshot.as_ref().map(|snapshot| snapshot.event);
        let after = snapshot.as_ref().map_or(0, |snapshot| snapshot.entry);
        let kept = kept_after(&journal, after, &path)?;
        opened.entries = journal.appended() - after;
        let record = VenueRecord::open(folder)?;
        let mut clerk = Clerk::new(journal, durability, record);
        let ahead = clerk.ahead();
        let bytes = snapshot.as_ref().map(|snapshot| snapshot.bytes.as_slice());
        let mut driver = Attended { clerk: &mut clerk, outside };
        let found = run.begin(opened.epoch, bytes, kept, &ahead, &mut driver);
        opened.found = found.map_err(|error| {
            let strange = matches!(error, SessionError::Stranger(_));
            if strange { stranger(folder, &error) } else { told(&mut clerk, error) }
        })?;
        if opened.found.record_short {
            opened
                .remarks
                .push("the paper venue's record ends before the last snapshot".to_owned());
        }
        opened.elapsed_s = began.elapsed().as_secs_f64();
        let folder = folder.to_owned();
        let (event_ns, decision_ns) = (Histogram::default(), Histogram::default());
        Ok((Self { run, clerk, folder, event_ns, decision_ns, failed: false }, opened))
    }

    /// Tell market events of up to `until`, at most `events_max`; how many were told.
    pub fn advance(
        &mut self,
        until: Nanos,
        events_max: u64,
        outside: &mut dyn Outside,
    ) -> Result<u64, DeskError> {
        self.refuse_failed()?;
        let mut told_events = 0;
        while told_events < events_max && self.run.next_ns().is_some_and(|next| next <= until) {
            let began = Instant::now();
            self.clerk.decided = false;
            let mut driver = Attended { clerk: &mut self.clerk, outside };
            let stepped = self.run.step(&mut driver);
            stepped.map_err(|error| self.fail(error))?;
            told_events += 1;
            if self.clerk.decided || told_events % TIMED_EVERY == 0 {
                let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.event_ns.add(took);
                if self.clerk.decided {
                    self.decision_ns.add(took);
                }
            }
        }
        if self.run.next_ns().is_none() {
            let mut driver = Attended { clerk: &mut self.clerk, outside };
            let ended = self.run.step(&mut driver);
            ended.map_err(|error| self.fail(error))?;
        }
        self.clerk.time_commits();
        Ok(told_events)
    }

    /// Do what an operator or a supervisor asks for: it is durable when this returns.
    pub fn command(
        &mut self,
        command: Command,
        outside: &mut dyn Outside,
    ) -> Result<(), DeskError> {
        self.refuse_failed()?;
        let mut driver = Attended { clerk: &mut self.clerk, outside };
        let done = self.run.command(command, &mut driver);
        done.map_err(|error| self.fail(error))?;
        Ok(self.clerk.journal.settle(self.clerk.journal.appended())?)
    }

    fn fail(&mut self, error: SessionError) -> DeskError {
        self.failed = true;
        told(&mut self.clerk, error)
    }

    fn refuse_failed(&self) -> Result<(), DeskError> {
        if self.failed { Err(DeskError::Failed) } else { Ok(()) }
    }

    /// Keep a snapshot; its size.
    pub fn snapshot(&mut self) -> Result<usize, DeskError> {
        self.refuse_failed()?;
        let bytes = self.run.snapshot().map_err(SessionError::from)?;
        let len = bytes.len();
        let state = self.run.session().bot().state();
        let note = note_of(&self.run.engine_hash(), &state.ledger_hash());
        let (event, entry) = (self.run.session().event(), self.clerk.journal.appended());
        self.clerk.journal.keep_snapshot(event, entry, bytes, &note)?;
        Ok(len)
    }

    /// Keep a last snapshot, make everything durable and let go of the journal. After a failure
    /// there is none: the next start goes on from what was written down.
    pub fn close(mut self) -> Result<Run, DeskError> {
        if !self.failed {
            self.snapshot()?;
        }
        self.clerk.journal.close()?;
        Ok(self.run)
    }

    /// The run.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many entries were appended, and how many are durable.
    #[must_use]
    pub fn entries(&self) -> (u64, u64) {
        (self.clerk.journal.appended(), self.clerk.journal.durable())
    }

    /// The durable records after entry `after`, of at most `entries_max` entries, with the entry
    /// and market event of each.
    pub fn records(&self, after: u64, entries_max: usize) -> Result<Vec<Kept>, DeskError> {
        let entries = self.clerk.journal.entries(after, entries_max)?;
        decoded(entries, &self.folder.display().to_string())
    }

    /// How long a market event took, one that decided, and an order from its record to its release.
    #[must_use]
    pub fn latencies(&self) -> [(&'static str, &Histogram); 3] {
        [
            ("event", &self.event_ns),
            ("decision", &self.decision_ns),
            ("intent_to_sent", &self.clerk.intent_to_sent),
        ]
    }
}

fn kept_after(
    journal: &Journal,
    mut after: u64,
    path: &str,
) -> Result<Vec<(u64, Record)>, DeskError> {
    let mut kept = Vec::new();
    loop {
        let entries = journal.entries(after, ENTRIES_AT_ONCE)?;
        let Some(last) = entries.last().map(|entry| entry.number) else {
            return Ok(kept);
        };
        for Kept { event, records, .. } in decoded(entries, path)? {
            kept.extend(records.into_iter().map(|record| (event, record)));
        }
        after = last;
    }
}

/// The venue's record beside a journal that knows another one.
fn stranger(folder: &Path, error: &SessionError) -> DeskError {
    let path = folder.join(crate::venue_record::FILE_NAME).display().to_string();
    DeskError::VenueRecord { path, reason: error.to_string() }
}

/// What failed, in the words of whoever knows best.
fn told(clerk: &mut Clerk, error: SessionError) -> DeskError {
    clerk.failure.take().unwrap_or(DeskError::Session(error))
}
