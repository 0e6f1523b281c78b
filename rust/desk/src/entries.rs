//! What the journal's opaque entries and notes mean: records, and hashes.

use bot4_engine::journal::{Record, decode_records};
use bot4_journal::Entry;

use crate::error::DeskError;

/// How many entries are read at once.
pub(crate) const ENTRIES_AT_ONCE: usize = 4_096;

/// One entry as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// From 1, without a gap.
    pub entry: u64,
    /// Market events told before it.
    pub event: u64,
    /// Its check, which hangs on all entries before it.
    pub link: [u8; 16],
    /// What was written down, in order.
    pub records: Vec<Record>,
}

/// What a snapshot notes of the state it holds: both hashes.
pub(crate) fn note_of(engine_hash: &str, ledger_hash: &str) -> Vec<u8> {
    format!("{engine_hash} {ledger_hash}").into_bytes()
}

/// Entries with their records.
pub(crate) fn decoded(entries: Vec<Entry>, path: &str) -> Result<Vec<Kept>, DeskError> {
    let records = |entry: Entry| {
        let records = decode_records(&entry.payload).map_err(|error| DeskError::Records {
            path: path.to_owned(),
            reason: format!("entry {}: {error}", entry.number),
        })?;
        let Entry { number, event, link, .. } = entry;
        Ok(Kept { entry: number, event, link, records })
    };
    entries.into_iter().map(records).collect()
}
