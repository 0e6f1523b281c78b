//! The tables, and every step on them. Nothing else of the crate knows redb's transactions.

use std::ops::RangeFrom;
use std::sync::Arc;

use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, TableDefinition, WriteTransaction,
};

use crate::chain::{self, Link, START};
use crate::error::{JournalError, Trouble, guarded};
use crate::front::{Behind, Disk, Owner, Witness, claim};

/// The journal's file in its folder.
pub const FILE_NAME: &str = "journal.redb";
/// The largest payload of an entry.
pub const ENTRY_BYTES_MAX: usize = 1 << 20;
/// The largest snapshot: it is in memory twice while it is written.
pub const SNAPSHOT_BYTES_MAX: usize = 256 << 20;
/// The largest note: one is kept for every snapshot there ever was.
pub const NOTE_BYTES_MAX: usize = 4_096;

const CACHE_BYTES: usize = 1 << 20;
const SNAPSHOTS_KEPT: u64 = 2;

const ENTRIES: TableDefinition<u64, &[u8]> = TableDefinition::new("entries");
/// By entry and event: market events may pass without an entry.
const SNAPSHOTS: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("snapshots");
const NOTES: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("notes");
/// An epoch, and how many entries there were when it began.
const EPOCHS: TableDefinition<u32, u64> = TableDefinition::new("epochs");
const FACTS: TableDefinition<&str, &[u8]> = TableDefinition::new("facts");
const HEADER: &str = "header";
const RESERVED: &str = "reserved";

/// One entry as it was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1, without a gap.
    pub number: u64,
    /// The count of market events it was appended with.
    pub event: u64,
    /// Its check, which hangs on all entries before it.
    pub link: [u8; 16],
    /// The bytes.
    pub payload: Vec<u8>,
}

/// A state that was kept, so that a start need not fold every entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The count of market events it was taken at.
    pub event: u64,
    /// The last entry it contains.
    pub entry: u64,
    /// The state.
    pub bytes: Vec<u8>,
}

/// What is remembered of a snapshot for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The count of market events of its snapshot.
    pub event: u64,
    /// The last entry its snapshot contained.
    pub entry: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// One opening of the journal for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Its number, above that of every opening before.
    pub epoch: u32,
    /// How many entries there were: its first entry is the next one.
    pub entries_before: u64,
}

/// A snapshot that waits to be written.
pub(crate) struct Draft {
    pub(crate) event: u64,
    pub(crate) entry: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) note: Vec<u8>,
}

/// What goes into the store in one transaction.
#[derive(Default)]
pub(crate) struct Group {
    /// The event of each entry, and where its payload ends in `payloads`.
    pub(crate) entries: Vec<(u64, usize)>,
    pub(crate) payloads: Vec<u8>,
    pub(crate) snapshot: Option<Draft>,
    /// Where the reserved order sequences are to end.
    pub(crate) reserved: Option<u64>,
}

/// What was found in a store that is not new.
pub(crate) struct Found {
    pub(crate) header: Vec<u8>,
    /// As the witness of the last commit ought to be.
    pub(crate) tail: Witness,
    pub(crate) remarks: Vec<String>,
}

/// An open store.
pub(crate) struct Store {
    path: String,
    disk: Disk,
    /// There until it is closed.
    database: Option<Database>,
}

impl Drop for Store {
    fn drop(&mut self) {
        let database = self.database.take();
        // After a panic in it, redb's own drop may panic; the failure has been told already.
        let _told_before = guarded(&self.path, || {
            drop(database);
            Ok(())
        });
    }
}

impl Store {
    /// Open the store on `disk` and check every page of it.
    pub(crate) fn open(disk: Disk, path: String) -> Result<Self, JournalError> {
        let database = guarded(&path, || {
            if let Owner::Other(reason) = claim(&disk)? {
                return Err(Trouble::NotOurs(reason.to_owned()));
            }
            let mut builder = Database::builder();
            builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
            Ok(builder.create_with_backend(Behind::new(Arc::clone(&disk)))?)
        })?;
        Ok(Self { path, disk, database: Some(database) })
    }

    /// The name of the file, for errors.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Check what is there against itself and the witness; None where nothing was ever begun.
    pub(crate) fn inspect(&self) -> Result<Option<Found>, JournalError> {
        guarded(&self.path, || {
            let witness = Witness::read(&self.disk)?;
            let read = self.database()?.begin_read()?;
            if read.list_tables()?.next().is_none() {
                return match witness {
                    Some(_) => Err(Trouble::damaged("everything in it is gone")),
                    None => Ok(None),
                };
            }
            let found = found(&read)?;
            if let Some(witness) = witness {
                heed(&read, &witness, &found.tail)?;
            }
            Ok(Some(found))
        })
    }

    /// Begin an epoch: durable, with its block of sequences where one is asked for.
    pub(crate) fn begin(
        &self,
        header: &[u8],
        before: Option<&Found>,
        epoch: u32,
        reserved: u64,
    ) -> Result<Witness, JournalError> {
        guarded(&self.path, || {
            if before.is_some_and(|found| found.header != header) {
                return Err(Trouble::OtherConfiguration);
            }
            let tail = before.map_or_else(Witness::default, |found| found.tail);
            let tail = Witness { epoch, reserved, ..tail };
            let write = self.database()?.begin_write()?;
            for table in [SNAPSHOTS, NOTES] {
                write.open_table(table)?;
            }
            write.open_table(ENTRIES)?;
            write.open_table(EPOCHS)?.insert(epoch, tail.entries)?;
            write.open_table(FACTS)?.insert(HEADER, header)?;
            reserve(&write, reserved)?;
            write.commit()?;
            tail.write(&self.disk)?;
            self.disk.sync_data()?;
            Ok(tail)
        })
    }

    /// Make a group durable, all of it or nothing; the tail moves on only if it is.
    pub(crate) fn commit(&self, tail: &mut Witness, group: &Group) -> Result<(), JournalError> {
        guarded(&self.path, || {
            let mut next = *tail;
            let write = self.database()?.begin_write()?;
            append(&write, &mut next, group)?;
            if let Some(draft) = &group.snapshot {
                next.notes = keep(&write, draft)?;
            }
            if let Some(reserved) = group.reserved {
                reserve(&write, reserved)?;
                next.reserved = reserved;
            }
            write.commit()?;
            next.write(&self.disk)?;
            *tail = next;
            Ok(())
        })
    }

    /// The entries after number `after`, at most `entries_max`, checked.
    pub(crate) fn entries(
        &self,
        after: u64,
        entries_max: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        guarded(&self.path, || {
            let table = self.database()?.begin_read()?.open_table(ENTRIES)?;
            let mut entries = Vec::new();
            walk(&table, after, entries_max, |number, event, link, payload| {
                entries.push(Entry { number, event, link, payload: payload.to_vec() });
            })?;
            Ok(entries)
        })
    }

    /// The snapshots that are sound, newest first.
    pub(crate) fn snapshots(&self) -> Result<Vec<Snapshot>, JournalError> {
        guarded(&self.path, || {
            let table = self.database()?.begin_read()?.open_table(SNAPSHOTS)?;
            let mut snapshots = Vec::new();
            for row in table.iter()?.rev() {
                let (key, value) = row?;
                let (entry, event) = key.value();
                if let Some((_, bytes)) = chain::snapshot_from(entry, event, value.value()) {
                    snapshots.push(Snapshot { event, entry, bytes: bytes.to_vec() });
                }
            }
            Ok(snapshots)
        })
    }

    /// Every note there is, oldest first.
    pub(crate) fn notes(&self) -> Result<Vec<Note>, JournalError> {
        guarded(&self.path, || {
            let table = self.database()?.begin_read()?.open_table(NOTES)?;
            let mut notes = Vec::new();
            for row in table.iter()? {
                let (key, value) = row?;
                let (entry, event) = key.value();
                let Some(bytes) = chain::note_from(entry, event, value.value()) else {
                    let what = format!("the note of the snapshot at entry {entry} was altered");
                    return Err(Trouble::Damaged { entry: Some(entry), what });
                };
                notes.push(Note { event, entry, bytes: bytes.to_vec() });
            }
            Ok(notes)
        })
    }

    /// Every epoch there was, oldest first.
    pub(crate) fn epochs(&self) -> Result<Vec<Epoch>, JournalError> {
        guarded(&self.path, || {
            let table = self.database()?.begin_read()?.open_table(EPOCHS)?;
            let mut epochs = Vec::new();
            for row in table.iter()? {
                let (epoch, entries_before) = row?;
                let (epoch, entries_before) = (epoch.value(), entries_before.value());
                epochs.push(Epoch { epoch, entries_before });
            }
            Ok(epochs)
        })
    }

    /// Make the witness of the last commit durable as well, and let go of the file.
    pub(crate) fn close(mut self) -> Result<(), JournalError> {
        let database = self.database.take();
        guarded(&self.path, || {
            self.disk.sync_data()?;
            Ok(database.map_or(Ok(()), Database::close)?)
        })
    }

    fn database(&self) -> Result<&Database, Trouble> {
        self.database.as_ref().ok_or_else(|| redb::Error::DatabaseClosed.into())
    }
}

fn append(write: &WriteTransaction, tail: &mut Witness, group: &Group) -> Result<(), Trouble> {
    if group.entries.is_empty() {
        return Ok(());
    }
    let mut table = write.open_table(ENTRIES)?;
    let (mut start, mut value) = (0, Vec::new());
    for (event, end) in &group.entries {
        let payload = group.payloads.get(start..*end).unwrap_or_default();
        tail.entries += 1;
        tail.link = chain::link(&tail.link, tail.entries, *event, payload);
        chain::entry_into(&mut value, &tail.link, *event, payload);
        table.insert(tail.entries, value.as_slice())?;
        start = *end;
    }
    Ok(())
}

/// Write a snapshot and its note, drop the oldest snapshots; how many notes there are then.
fn keep(write: &WriteTransaction, draft: &Draft) -> Result<u64, Trouble> {
    let Draft { event, entry, bytes, note } = draft;
    let link = link_of(&write.open_table(ENTRIES)?, *entry)?;
    let key = (*entry, *event);
    let mut snapshots = write.open_table(SNAPSHOTS)?;
    let value = chain::snapshot_bytes(*entry, *event, &link, bytes);
    snapshots.insert(key, value.as_slice())?;
    while snapshots.len()? > SNAPSHOTS_KEPT {
        snapshots.pop_first()?;
    }
    let mut notes = write.open_table(NOTES)?;
    notes.insert(key, chain::note_bytes(*entry, *event, note).as_slice())?;
    Ok(notes.len()?)
}

fn reserve(write: &WriteTransaction, reserved: u64) -> Result<(), Trouble> {
    let mut facts = write.open_table(FACTS)?;
    facts.insert(RESERVED, reserved.to_le_bytes().as_slice())?;
    Ok(())
}

fn found(read: &ReadTransaction) -> Result<Found, Trouble> {
    let facts = read.open_table(FACTS)?;
    let header = facts.get(HEADER)?.map(|value| value.value().to_vec());
    let header = header.ok_or_else(|| Trouble::damaged("it has no header"))?;
    let reserved = facts.get(RESERVED)?.and_then(|value| value.value().try_into().ok());
    let reserved = reserved.ok_or_else(|| Trouble::damaged("it has no reserved sequences"))?;
    let epoch = read.open_table(EPOCHS)?.last()?.map(|(epoch, _)| epoch.value());
    let entries = read.open_table(ENTRIES)?;
    let last = entries.last()?.map_or(0, |(number, _)| number.value());
    let (base, remarks) = newest(read, &entries, last)?;
    // A number missing before the snapshot is found by the count; walking from 1 tells which.
    let after = if entries.len()? == last { base } else { 0 };
    walk(&entries, after, usize::MAX, |_, _, _, _| {})?;
    let tail = Witness {
        entries: last,
        link: link_of(&entries, last)?,
        epoch: epoch.ok_or_else(|| Trouble::damaged("it has no epoch"))?,
        reserved: u64::from_le_bytes(reserved),
        notes: read.open_table(NOTES)?.len()?,
    };
    Ok(Found { header, tail, remarks })
}

/// The entry of the newest sound snapshot, 0 without one, and a remark on each that is not sound.
fn newest(
    read: &ReadTransaction,
    entries: &ReadOnlyTable<u64, &'static [u8]>,
    last: u64,
) -> Result<(u64, Vec<String>), Trouble> {
    let mut remarks = Vec::new();
    for row in read.open_table(SNAPSHOTS)?.iter()?.rev() {
        let (key, value) = row?;
        let (entry, event) = key.value();
        let Some((link, _)) = chain::snapshot_from(entry, event, value.value()) else {
            remarks.push(format!("the snapshot at entry {entry} is damaged and was passed over"));
            continue;
        };
        if entry > last {
            return Err(Trouble::at(entry, "is missing, and a snapshot contains it"));
        }
        if link_of(entries, entry)? != link {
            return Err(Trouble::at(entry, "is not the one its snapshot was taken at"));
        }
        return Ok((entry, remarks));
    }
    Ok((0, remarks))
}

/// A store that knows less than was durable has lost something.
fn heed(read: &ReadTransaction, witness: &Witness, tail: &Witness) -> Result<(), Trouble> {
    if tail.entries < witness.entries {
        return Err(Trouble::at(tail.entries + 1, "was durable and is gone"));
    }
    if link_of(&read.open_table(ENTRIES)?, witness.entries)? != witness.link {
        return Err(Trouble::at(witness.entries, "is not the one that was made durable"));
    }
    let lost = [
        (tail.epoch < witness.epoch, "its last epoch is gone"),
        (tail.reserved < witness.reserved, "its last block of order sequences is gone"),
        (tail.notes < witness.notes, "its last note of a snapshot is gone"),
    ];
    match lost.iter().find(|(gone, _)| *gone) {
        Some((_, what)) => Err(Trouble::damaged(*what)),
        None => Ok(()),
    }
}

/// The link of an entry, that of 0 being what the first hangs on.
fn link_of(table: &impl ReadableTable<u64, &'static [u8]>, entry: u64) -> Result<Link, Trouble> {
    if entry == 0 {
        return Ok(START);
    }
    let value = table.get(entry)?.ok_or_else(|| Trouble::at(entry, "is missing"))?;
    let (link, _, _) =
        chain::entry_from(value.value()).ok_or_else(|| Trouble::at(entry, "is too short"))?;
    Ok(link)
}

/// Visit the entries after `after`, at most `entries_max`, checking that each follows the last.
fn walk(
    table: &ReadOnlyTable<u64, &'static [u8]>,
    after: u64,
    entries_max: usize,
    mut visit: impl FnMut(u64, u64, Link, &[u8]),
) -> Result<(), Trouble> {
    let last = table.last()?.map_or(0, |(number, _)| number.value());
    if after >= last {
        return Ok(());
    }
    let mut before = link_of(table, after)?;
    let range: RangeFrom<u64> = after + 1..;
    for (expected, row) in range.clone().zip(table.range(range)?).take(entries_max) {
        let (number, value) = row?;
        if number.value() != expected {
            return Err(Trouble::at(expected, "is missing"));
        }
        let (link, event, payload) = chain::entry_from(value.value())
            .ok_or_else(|| Trouble::at(expected, "is too short"))?;
        if chain::link(&before, expected, event, payload) != link {
            return Err(Trouble::at(expected, "does not follow from the entries before it"));
        }
        visit(expected, event, link, payload);
        before = link;
    }
    Ok(())
}
