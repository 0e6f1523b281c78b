//! Kills, power cuts and disks that fail: whatever was reported as durable is there afterwards.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says its seed, or why it did nothing"
)]

mod disk;

use std::io::ErrorKind;

use bot4_journal::{Durability, Journal, JournalError, JournalError as E, JournalFile};

use crate::disk::{Chance, Cut, Disk, open, payload};

const SEED: u64 = 11;

/// What the journal promised so far, and what it was told.
#[derive(Debug, Default)]
struct Promised {
    /// The payload appended last under each number.
    told: Vec<Vec<u8>>,
    durable: usize,
    epoch: u32,
    /// One above the highest order sequence that left.
    released: u64,
    lives: u64,
}

impl Promised {
    /// Compare with what is there; from here on, that is what was told.
    fn check(&mut self, journal: &Journal, durability: Durability) {
        assert!(journal.epoch() > self.epoch);
        let entries = journal.entries(0, usize::MAX).unwrap();
        assert!(entries.len() >= self.durable, "{} of {}", entries.len(), self.durable);
        assert_eq!(entries.len() as u64, journal.durable());
        for (index, entry) in entries.iter().enumerate() {
            assert_eq!(entry.number, index as u64 + 1);
            assert_eq!(entry.payload, self.told[index]);
        }
        if durability == Durability::Block {
            assert!(self.released <= journal.reserved().unwrap_or(0), "{}", self.released);
        }
        for snapshot in journal.snapshots().unwrap() {
            assert!(snapshot.entry <= entries.len() as u64);
            assert_eq!(snapshot.bytes, payload(snapshot.entry, u64::MAX));
        }
        self.told.truncate(entries.len());
        (self.durable, self.epoch) = (entries.len(), journal.epoch());
        self.lives += 1;
    }

    /// A reader sees no less, before anything was repaired.
    fn check_file(&self, disk: &Disk) {
        let before = disk.bytes();
        match JournalFile::open_on(disk.clone(), "d") {
            Ok(file) => assert!(file.last() >= self.durable as u64),
            Err(error) => {
                let absent = matches!(error, E::Absent { .. } | E::NotOurs { .. });
                assert!(absent && self.epoch == 0, "{error}");
            }
        }
        assert!(disk.bytes() == before, "reading changed the file");
    }
}

/// One life: open, check, work until the end or until the disk dies.
fn live(
    disk: &Disk,
    durability: Durability,
    promised: &mut Promised,
    chance: &mut Chance,
) -> Result<(), JournalError> {
    let journal = open(disk, durability)?;
    promised.check(&journal, durability);
    let mut sequence = u32::try_from(journal.reserved().unwrap_or(promised.released)).unwrap();
    for _ in 0..12 {
        for _ in 0..=chance.below(6) {
            let number = journal.appended() + 1;
            promised.told.push(payload(number, promised.lives));
            let entry = journal.append(number, promised.told.last().unwrap())?;
            assert_eq!(entry, number);
            if durability == Durability::Block {
                sequence += 1 + u32::try_from(chance.below(400)).unwrap();
                journal.release(entry, sequence)?;
                promised.released = u64::from(sequence) + 1;
            }
        }
        if chance.below(4) == 0 {
            let entry = journal.appended();
            journal.keep_snapshot(entry, entry, payload(entry, u64::MAX), b"note")?;
        }
        if chance.below(3) > 0 {
            let entry = journal.appended();
            journal.settle(entry)?;
            promised.durable = usize::try_from(entry).unwrap();
        }
    }
    if chance.below(2) == 0 {
        journal.close()?;
        promised.durable = promised.told.len();
    }
    Ok(())
}

/// How many steps on the disk a life takes, about.
fn steps_of_a_life(durability: Durability) -> u64 {
    let disk = Disk::default();
    live(&disk, durability, &mut Promised::default(), &mut Chance(SEED)).unwrap();
    disk.steps()
}

fn check_crashes(durability: Durability, cut: Cut, crashes: u64) {
    let steps = steps_of_a_life(durability);
    let mut during_recovery = 0;
    for crash in 0..crashes {
        let seed = SEED * 1_000_000 + crash;
        println!("seed {seed}, {durability:?}, {cut:?}");
        let mut chance = Chance(seed);
        let (mut disk, mut promised) = (Disk::default(), Promised::default());
        for life in 0..4 {
            // Every other death comes early: while the file is made, or repaired.
            let within = if life % 2 == crash % 2 { steps } else { 30 };
            disk.dies_after(chance.below(within));
            let ended = live(&disk, durability, &mut promised, &mut chance);
            assert!(ended.is_ok() || disk.is_dead(), "{ended:?}");
            during_recovery += u64::from(ended.is_err() && life > 0 && within == 30);
            disk = disk.after(cut, &mut chance);
            promised.check_file(&disk);
        }
        live(&disk, durability, &mut promised, &mut chance).unwrap();
    }
    assert!(during_recovery > crashes / 2, "{during_recovery} deaths during recovery");
}

#[test]
fn a_power_cut_loses_nothing_that_was_durable() {
    check_crashes(Durability::Each, Cut::Power, 250);
}

#[test]
fn a_power_cut_leaves_no_sequence_sent_that_was_not_reserved() {
    check_crashes(Durability::Block, Cut::Power, 150);
}

#[test]
fn a_kill_loses_nothing_that_was_durable() {
    check_crashes(Durability::Each, Cut::Kill, 80);
    check_crashes(Durability::Block, Cut::Kill, 80);
}

/// After a failure: the cause where it is waited for, `Failed` for all that comes later.
fn check_failed(journal: Journal, entry: u64, durable: u64, is_cause: fn(&JournalError) -> bool) {
    let cause = journal.settle(entry).unwrap_err();
    assert!(is_cause(&cause), "{cause}");
    assert_eq!(journal.durable(), durable);
    let failed = |error: JournalError| {
        let JournalError::Failed { cause: first, .. } = error else { panic!("{error}") };
        assert_eq!(*first, cause);
    };
    for _ in 0..3 {
        failed(journal.append(0, b"more").unwrap_err());
        failed(journal.keep_snapshot(0, 0, vec![], b"").unwrap_err());
        assert_eq!(journal.settle(entry).unwrap_err(), cause);
    }
    journal.settle(durable).unwrap();
    assert_eq!(journal.durable(), durable);
    assert_eq!(journal.close().unwrap_err(), cause);
}

#[test]
fn a_failed_sync_is_told_to_everyone_and_never_tried_again() {
    for after in 0..4 {
        let disk = Disk::default();
        let journal = open(&disk, Durability::Each).unwrap();
        disk.sync_fails_after(after);
        let failing = (1..).find(|number| {
            let entry = journal.append(0, &payload(*number, 0)).unwrap();
            journal.settle(entry).is_err()
        });
        let failing = failing.unwrap();
        assert_eq!(failing, after + 1);
        check_failed(journal, failing, after, |cause| matches!(cause, JournalError::Io { .. }));
        // What the system forgot is not there; what was durable is.
        let disk = disk.after(Cut::Power, &mut Chance(SEED + after));
        let journal = open(&disk, Durability::Each).unwrap();
        let entries = journal.entries(0, 100).unwrap();
        assert!(entries.len() as u64 >= after);
        let kept = entries.iter().all(|entry| entry.payload == payload(entry.number, 0));
        assert!(kept);
    }
}

#[test]
fn a_failed_sync_ends_every_release_under_block() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Block).unwrap();
    disk.sync_fails_after(0);
    let entry = journal.append(0, b"order").unwrap();
    journal.settle(entry).unwrap_err();
    let error = journal.release(entry, 1).unwrap_err();
    assert!(matches!(error, JournalError::Failed { .. }), "{error}");
}

#[test]
fn a_full_disk_is_a_clear_line_and_what_was_durable_stays() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Each).unwrap();
    disk.holds(disk.bytes().len() + 200_000);
    let failing = (1..).find(|number| {
        let entry = journal.append(0, &payload(*number, 0)).unwrap();
        journal.settle(entry).is_err()
    });
    let failing = failing.unwrap();
    check_failed(journal, failing, failing - 1, |cause| matches!(cause, JournalError::Full { .. }));

    let disk = disk.after(Cut::Kill, &mut Chance(SEED));
    let journal = open(&disk, Durability::Each).unwrap();
    assert!(journal.durable() >= failing - 1);
    drop(journal);
    disk.holds(5_000);
    let error = open(&disk, Durability::Each).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the disk of journal the disk is full: free some space, then start again"
    );
}

#[test]
fn what_cannot_be_written_is_a_kind_of_its_own() {
    let kinds = [
        (ErrorKind::PermissionDenied, "cannot be written (permission denied)"),
        (ErrorKind::ReadOnlyFilesystem, "cannot be written (read-only filesystem"),
        (ErrorKind::StorageFull, "is full: free some space"),
        (ErrorKind::QuotaExceeded, "is full: free some space"),
        (ErrorKind::TimedOut, "failed: timed out"),
    ];
    for (kind, words) in kinds {
        let disk = Disk::default();
        disk.writes_fail(kind);
        let error = open(&disk, Durability::Each).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[test]
fn a_panic_below_is_an_error_and_goes_no_further() {
    for after in [0, 1, 2, 5, 9] {
        let disk = Disk::default();
        let journal = open(&disk, Durability::Each).unwrap();
        journal.settle(journal.append(0, b"before").unwrap()).unwrap();
        disk.panics_after(after);
        let failing = (2..).find(|_| {
            let entry = journal.append(0, b"x").unwrap();
            journal.settle(entry).is_err()
        });
        let failing = failing.unwrap();
        let error = journal.settle(failing).unwrap_err().to_string();
        assert!(error.contains("the store gave up: the disk is broken"), "{error}");
        assert!(journal.append(0, b"x").is_err());
        let _either = journal.entries(0, 1);
        drop(journal);
    }
    let disk = Disk::default();
    disk.panics_after(0);
    let error = open(&disk, Durability::Each).unwrap_err().to_string();
    assert!(error.contains("the store gave up"), "{error}");
}
