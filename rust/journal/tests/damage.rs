//! Bytes that change at rest, and entries that are changed by whoever can write a sound B-tree.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::panic, clippy::print_stdout, reason = "a test says its seed, and what it saw")]

mod disk;

use std::io;

use bot4_journal::{Durability, Entry, Epoch, Journal, JournalError, JournalFile, Note, Snapshot};
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};

use crate::disk::{Chance, Cut, Disk, open, payload};

const SEED: u64 = 23;
const ENTRIES: u64 = 400;

/// All that is read back from a journal.
#[derive(Debug, PartialEq)]
struct Read {
    entries: Vec<Entry>,
    snapshots: Vec<Snapshot>,
    notes: Vec<Note>,
    epochs: Vec<Epoch>,
}

fn read(journal: &Journal) -> Result<Read, JournalError> {
    Ok(Read {
        entries: journal.entries(0, usize::MAX)?,
        snapshots: journal.snapshots()?,
        notes: journal.notes()?,
        // That of this opening is new each time.
        epochs: journal.epochs()?.into_iter().rev().skip(1).rev().collect(),
    })
}

/// The journal most of these tests break, closed or as a kill leaves it.
fn journal(closed: bool) -> Disk {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Block).unwrap();
    for number in 1..=ENTRIES {
        journal.append(number, &payload(number, 0)).unwrap();
        if number % 7 == 0 {
            journal.settle(number).unwrap();
        }
        if number % 90 == 0 {
            journal.keep_snapshot(number, number, vec![5; 3_000], b"a note").unwrap();
        }
    }
    journal.settle(ENTRIES).unwrap();
    if closed {
        journal.close().unwrap();
    }
    disk.after(Cut::Kill, &mut Chance(SEED))
}

/// What one opening makes of a damaged disk.
fn outcome(bytes: &[u8], wanted: &Read) -> Result<(), JournalError> {
    let whole = |read: &Read| assert!(read == wanted, "something else was read back");
    let disk = Disk::of(bytes.to_vec());
    let file = JournalFile::open_on(disk.clone(), "d").and_then(|file| {
        let read = Read {
            entries: file.entries(0, usize::MAX)?,
            snapshots: file.snapshots()?,
            notes: file.notes()?,
            epochs: file.epochs()?,
        };
        whole(&read);
        Ok(())
    });
    assert!(disk.bytes() == bytes, "reading changed the file");
    let journal = open(&disk, Durability::Block).and_then(|journal| {
        whole(&read(&journal)?);
        assert!(journal.reserved().unwrap() >= 1_024);
        journal.settle(journal.append(0, b"more")?)
    });
    assert_eq!(file.is_ok(), journal.is_ok(), "{file:?} and {journal:?}");
    journal
}

fn check_flips(closed: bool, flips: u64) {
    let mut chance = Chance(SEED);
    let whole = journal(closed).bytes();
    let wanted = read(&open(&Disk::of(whole.clone()), Durability::Block).unwrap()).unwrap();
    assert_eq!(wanted.entries.len() as u64, ENTRIES);
    let (mut found, mut caught) = (0, 0);
    // The heads of both pages of headers byte by byte, then anywhere.
    let heads = (0..16).chain(512..572).chain(4_096..4_416);
    let anywhere = (0..flips).map(|_| chance.below(whole.len() as u64));
    for at in heads.chain(anywhere).collect::<Vec<_>>() {
        let mut bytes = whole.clone();
        let flip = 1 << chance.below(8);
        bytes[usize::try_from(at).unwrap()] ^= flip;
        println!("seed {SEED}, byte {at} xor {flip}");
        if let Err(error) = outcome(&bytes, &wanted) {
            let text = error.to_string();
            assert_eq!(text.lines().count(), 1, "{text}");
            let clear = matches!(
                error,
                JournalError::Damaged { .. }
                    | JournalError::NotOurs { .. }
                    | JournalError::Full { .. }
            );
            assert!(clear, "{text}");
            (found, caught) = (found + 1, caught + u64::from(text.contains("gave up")));
        }
    }
    println!("{found} found, {caught} of them by the net under the store");
    assert!(found > 50);
}

#[test]
fn a_byte_flipped_after_a_close_is_an_error_or_has_no_effect() {
    check_flips(true, 400);
}

#[test]
fn a_byte_flipped_after_a_kill_is_an_error_or_has_no_effect() {
    check_flips(false, 400);
}

#[test]
fn a_file_cut_short_or_zeroed_in_parts_is_an_error_or_has_no_effect() {
    let whole = journal(true).bytes();
    let wanted = read(&open(&Disk::of(whole.clone()), Durability::Block).unwrap()).unwrap();
    let mut chance = Chance(SEED);
    for size in [600, 4_096, 4_100, 4_416, 8_192, whole.len() / 2, whole.len() - 1] {
        outcome(&whole[..size], &wanted).unwrap_err();
    }
    for _ in 0..100 {
        let mut bytes = whole.clone();
        let page = usize::try_from(chance.below(whole.len() as u64 / 4_096)).unwrap();
        bytes[page * 4_096..(page + 1) * 4_096].fill(0);
        println!("seed {SEED}, page {page}");
        if page > 0 {
            let _either = outcome(&bytes, &wanted);
        }
    }
}

/// redb's own file behind our page, as a test can write it.
#[derive(Debug)]
struct Behind(Disk);

impl StorageBackend for Behind {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len()? - 4_096)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset + 4_096, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len + 4_096)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset + 4_096, data)
    }
}

type Rows = Vec<(u64, Vec<u8>)>;

const TABLE: TableDefinition<u64, &[u8]> = TableDefinition::new("entries");
const KEPT: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("snapshots");
const NOTES: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("notes");

/// Rewrite the entries of a journal, leaving a B-tree in which every checksum agrees.
fn rewrite(disk: &Disk, change: impl FnOnce(&mut Rows)) {
    let database = Database::builder().create_with_backend(Behind(disk.clone())).unwrap();
    let table = database.begin_read().unwrap().open_table(TABLE).unwrap();
    let rows = table.iter().unwrap().map(|row| row.unwrap());
    let mut rows: Rows = rows.map(|(key, value)| (key.value(), value.value().to_vec())).collect();
    change(&mut rows);
    let write = database.begin_write().unwrap();
    write.delete_table(TABLE).unwrap();
    let mut table = write.open_table(TABLE).unwrap();
    for (number, value) in &rows {
        table.insert(number, value.as_slice()).unwrap();
    }
    drop(table);
    write.commit().unwrap();
}

fn check_rewritten(change: impl FnOnce(&mut Rows), entry: u64) {
    let disk = journal(true);
    rewrite(&disk, change);
    let file = JournalFile::open_on(disk.clone(), "d");
    let file = file.and_then(|file| file.entries(0, usize::MAX).map(drop)).unwrap_err();
    let journal = open(&disk, Durability::Block);
    let journal = journal.and_then(|open| open.entries(0, usize::MAX).map(drop)).unwrap_err();
    for error in [file, journal] {
        let JournalError::Damaged { entry: Some(at), .. } = error else { panic!("{error}") };
        assert_eq!(at, entry, "{error}");
    }
}

#[test]
fn an_entry_that_was_rewritten_is_found_by_its_number() {
    let index = |entry: u64| usize::try_from(entry).unwrap() - 1;
    // 360 is the newest snapshot: before it, on it, after it, and the last.
    for entry in [1, 10, 359, 360, 361, 390, 400] {
        let alter = |rows: &mut Rows| *rows[index(entry)].1.last_mut().unwrap() ^= 1;
        check_rewritten(alter, entry);
        let retime = |rows: &mut Rows| rows[index(entry)].1[16] ^= 1;
        check_rewritten(retime, entry);
        let remove = |rows: &mut Rows| drop(rows.remove(index(entry)));
        check_rewritten(remove, entry);
        let shorten = |rows: &mut Rows| rows[index(entry)].1.truncate(20);
        check_rewritten(shorten, entry);
    }
    for entry in [2, 200, 370] {
        let swap = |rows: &mut Rows| {
            let (one, other) = (rows[index(entry)].1.clone(), rows[index(entry) + 1].1.clone());
            (rows[index(entry)].1, rows[index(entry) + 1].1) = (other, one);
        };
        check_rewritten(swap, entry);
    }
    check_rewritten(|rows| rows.truncate(395), 396);
    check_rewritten(Vec::clear, 360);
}

#[test]
fn a_chain_that_was_made_anew_is_found_by_the_snapshot_and_the_witness() {
    // A journal of other entries, itself sound, put in the place of ours.
    let other = Disk::default();
    let journal_of_others = open(&other, Durability::Block).unwrap();
    for number in 1..=ENTRIES {
        journal_of_others.append(number, b"other").unwrap();
    }
    journal_of_others.close().unwrap();
    let mut rows = Rows::new();
    rewrite(&other, |theirs| rows.clone_from(theirs));
    check_rewritten(|ours| *ours = rows, 360);
}

#[test]
fn a_damaged_snapshot_is_passed_over_for_the_one_before_and_said() {
    let disk = journal(true);
    let database = Database::builder().create_with_backend(Behind(disk.clone())).unwrap();
    let write = database.begin_write().unwrap();
    let mut table = write.open_table(KEPT).unwrap();
    let mut value = table.get((360, 360)).unwrap().unwrap().value().to_vec();
    value[1_000] ^= 1;
    table.insert((360, 360), value.as_slice()).unwrap();
    drop(table);
    write.commit().unwrap();
    drop(database);
    let said = ["the snapshot at entry 360 is damaged and was passed over"];
    let file = JournalFile::open_on(disk.clone(), "d").unwrap();
    assert_eq!(file.remarks(), said);
    assert_eq!(file.snapshots().unwrap().len(), 1);
    let journal = open(&disk, Durability::Block).unwrap();
    assert_eq!(journal.remarks(), said);
    assert_eq!(journal.snapshots().unwrap()[0].entry, 270);
}

#[test]
fn a_note_that_was_altered_or_removed_is_found() {
    let change = |value: Option<&[u8]>| {
        let disk = journal(true);
        let database = Database::builder().create_with_backend(Behind(disk.clone())).unwrap();
        let write = database.begin_write().unwrap();
        let mut table = write.open_table(NOTES).unwrap();
        match value {
            Some(value) => drop(table.insert((90, 90), value).unwrap()),
            None => drop(table.remove((90, 90)).unwrap()),
        }
        drop(table);
        write.commit().unwrap();
        drop(database);
        disk
    };
    let altered = open(&change(Some(&[0; 30])), Durability::Block).unwrap();
    let error = altered.notes().unwrap_err().to_string();
    assert!(error.contains("the note of the snapshot at entry 90 was altered"), "{error}");
    let error = open(&change(None), Durability::Block).unwrap_err().to_string();
    assert!(error.contains("its last note of a snapshot is gone"), "{error}");
}
