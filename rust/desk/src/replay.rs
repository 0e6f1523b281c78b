//! A journal on disk, read: its records, and the state that is the fold of them.

use std::path::{Path, PathBuf};

use bot4_engine::journal::{EngineHash, Record, State};
use bot4_engine::report::Tally;
use bot4_engine::units::{Amount, Nanos};
use bot4_journal::{JournalFile, Note};

use crate::entries::{ENTRIES_AT_ONCE, Kept, decoded, note_of};
use crate::error::DeskError;
use crate::header::Header;

/// What a replay found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// How many records there are.
    pub records: u64,
    /// In how many entries.
    pub entries: u64,
    /// How many orders were placed.
    pub orders: u64,
    /// How many fills there were.
    pub fills: u64,
    /// The epoch of each start.
    pub epochs: Vec<u32>,
    /// Market events told before the last entry.
    pub events: u64,
    /// The times of the first and the last record.
    pub span: Option<(Nanos, Nanos)>,
    /// Cash and equity as last valued.
    pub equity: Option<(Amount, Amount)>,
    /// The hash of orders, fills and the ledger.
    pub ledger_hash: String,
    /// The hash of every record.
    pub engine_hash: String,
    /// How many hashes that snapshots kept were compared.
    pub checked: u64,
}

/// A journal that nobody has open.
#[derive(Debug)]
pub struct Reader {
    file: JournalFile,
    header: Header,
    folder: PathBuf,
}

impl Reader {
    /// Open the journal in `folder`.
    pub fn open(folder: &Path) -> Result<Self, DeskError> {
        let file = JournalFile::open(folder)?;
        let header = Header::read(file.header(), &folder.display().to_string())?;
        Ok(Self { file, header, folder: folder.to_owned() })
    }

    /// What it was begun with.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The records after entry `after`, of at most `entries_max` entries, and where
    /// each lies.
    pub fn records(&self, after: u64, entries_max: usize) -> Result<Vec<Kept>, DeskError> {
        decoded(self.file.entries(after, entries_max)?, &self.folder.display().to_string())
    }

    /// Fold every record from the first, and compare with what each snapshot noted.
    pub fn replay(&self) -> Result<Replayed, DeskError> {
        let sleeves = self.header.sleeves.len();
        let mut state = State::new(self.header.instruments.clone(), sleeves, 0);
        let (mut hash, mut tally) = (EngineHash::default(), Tally::default());
        let mut out = Replayed::default();
        let notes = self.file.notes()?;
        let mut notes = notes.iter().peekable();
        loop {
            let read = self.records(out.entries, ENTRIES_AT_ONCE)?;
            if read.is_empty() {
                break;
            }
            for Kept { entry, event, records, .. } in read {
                for record in &records {
                    state.apply(record).map_err(|error| self.differs(entry, error.to_string()))?;
                    hash.on_record(record);
                    tally.on_record(record, &state);
                    out.on_record(record);
                }
                (out.entries, out.events) = (entry, event);
                while let Some(note) = notes.next_if(|note| note.entry == entry) {
                    self.check(note, &hash, &state)?;
                    out.checked += 1;
                }
            }
        }
        out.orders = tally.orders();
        out.fills = tally.fills().iter().sum();
        out.ledger_hash = state.ledger_hash();
        out.engine_hash = hash.text();
        Ok(out)
    }

    fn check(&self, note: &Note, hash: &EngineHash, state: &State) -> Result<(), DeskError> {
        if note.bytes == note_of(&hash.text(), &state.ledger_hash()) {
            return Ok(());
        }
        let kept = String::from_utf8_lossy(&note.bytes);
        let what = format!(
            "the hashes kept there were {kept}, and the records give {} {}",
            hash.text(),
            state.ledger_hash()
        );
        Err(self.differs(note.entry, what))
    }

    fn differs(&self, entry: u64, what: String) -> DeskError {
        DeskError::Differs { path: self.folder.display().to_string(), entry, what }
    }

    /// Let go of the file.
    pub fn close(self) -> Result<(), DeskError> {
        Ok(self.file.close()?)
    }
}

impl Replayed {
    fn on_record(&mut self, record: &Record) {
        self.records += 1;
        let ts = record.ts();
        self.span = Some((self.span.map_or(ts, |(first, _)| first), ts));
        match *record {
            Record::Start { epoch, .. } => self.epochs.push(epoch),
            Record::Equity { cash, equity, .. } => self.equity = Some((cash, equity)),
            Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Intent { .. }
            | Record::Refused { .. }
            | Record::Clipped { .. }
            | Record::Crossed { .. }
            | Record::Placed { .. }
            | Record::Update { .. }
            | Record::Amend { .. }
            | Record::CumQty { .. }
            | Record::Fill(_)
            | Record::Breaker(_)
            | Record::Control { .. }
            | Record::Pause { .. }
            | Record::Stop { .. }
            | Record::Flatten { .. }
            | Record::Freeze { .. }
            | Record::Status { .. }
            | Record::Measured { .. } => {}
        }
    }
}
