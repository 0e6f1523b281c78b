//! What the journal's opaque entries and notes mean: records, and hashes.

use bot4_engine::journal::{Record, decode_records};
use bot4_journal::Entry;

use crate::error::DeskError;

/// How many entries are read at once.
pub(crate) const ENTRIES_AT_ONCE: usize = 4_096;

/// Entries as they are read: number, market event, records.
pub type Decoded = Vec<(u64, u64, Vec<Record>)>;

/// What a snapshot notes of the state it holds: both hashes.
pub(crate) fn note_of(engine_hash: &str, ledger_hash: &str) -> Vec<u8> {
    format!("{engine_hash} {ledger_hash}").into_bytes()
}

/// Entries with their records: number, market event, records.
pub(crate) fn decoded(entries: Vec<Entry>, path: &str) -> Result<Decoded, DeskError> {
    let records = |entry: Entry| {
        let records = decode_records(&entry.payload).map_err(|error| DeskError::Records {
            path: path.to_owned(),
            reason: format!("entry {}: {error}", entry.number),
        })?;
        Ok((entry.number, entry.event, records))
    };
    entries.into_iter().map(records).collect()
}
