//! A journal that is appended to, read while it is written, closed and opened again.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod disk;

use std::thread;
use std::time::Duration;

use bot4_journal::{
    BLOCK_SEQUENCES, Durability, ENTRY_BYTES_MAX, Entry, Journal, JournalError, JournalFile,
    NOTE_BYTES_MAX, QUEUE_BYTES_MAX,
};

use crate::disk::{CLOCK_S, Disk, HEADER, folder, open, payload};

fn fill(journal: &Journal, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        assert_eq!(journal.append(number * 2, &payload(number, 0)).unwrap(), number);
    }
}

fn wanted(numbers: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
    let mut link = [0; 16];
    let all = (1..=*numbers.end()).map(|number| {
        let (event, payload) = (number * 2, payload(number, 0));
        let said = [&link[..], &number.to_le_bytes(), &event.to_le_bytes(), &payload].concat();
        link.copy_from_slice(&blake3::hash(&said).as_bytes()[..16]);
        Entry { number, event, link, payload }
    });
    all.filter(|entry| numbers.contains(&entry.number)).collect()
}

#[test]
fn opening_again_gives_everything_back() {
    let folder = folder("again").join("made/on/the/way");
    let journal = Journal::open(&folder, HEADER, Durability::Each, CLOCK_S).unwrap();
    assert!(journal.is_new());
    assert_eq!((journal.epoch(), journal.appended(), journal.reserved()), (1_700_000_000, 0, None));
    fill(&journal, 1..=100);
    journal.keep_snapshot(200, 100, b"state".to_vec(), b"hash").unwrap();
    fill(&journal, 101..=150);
    journal.close().unwrap();

    let journal = Journal::open(&folder, HEADER, Durability::Each, 5).unwrap();
    assert!(!journal.is_new());
    assert_eq!((journal.epoch(), journal.appended(), journal.durable()), (1_700_000_001, 150, 150));
    assert_eq!(journal.entries(0, usize::MAX).unwrap(), wanted(1..=150));
    assert_eq!(journal.entries(148, 1).unwrap(), wanted(149..=149));
    assert_eq!(journal.entries(150, 1).unwrap(), []);
    assert_eq!(journal.entries(u64::MAX, 1).unwrap(), []);
    let snapshots = journal.snapshots().unwrap();
    assert_eq!((snapshots[0].event, snapshots[0].entry), (200, 100));
    assert_eq!(snapshots[0].bytes, b"state");
    assert_eq!(journal.notes().unwrap()[0].bytes, b"hash");
    assert_eq!(journal.remarks(), [""; 0]);
    fill(&journal, 151..=160);
    drop(journal);

    let file = JournalFile::open(&folder).unwrap();
    assert_eq!(file.header(), HEADER);
    assert_eq!(file.last(), 160);
    assert_eq!(file.entries(0, 1_000).unwrap(), wanted(1..=160));
    let epochs = file.epochs().unwrap();
    let epochs: Vec<_> = epochs.iter().map(|epoch| (epoch.epoch, epoch.entries_before)).collect();
    assert_eq!(epochs, [(1_700_000_000, 0), (1_700_000_001, 150)]);
}

#[test]
fn the_epoch_rises_whatever_the_clock_says() {
    let disk = Disk::default();
    let mut last = 0;
    for clock_s in [0, 0, 1_000, 10, u64::MAX, 1_001, 2_000] {
        let journal = Journal::open_on(disk.clone(), "d", HEADER, Durability::Each, clock_s);
        let epoch = journal.unwrap().epoch();
        let at_least = u32::try_from(clock_s).unwrap_or(0);
        assert!(epoch > last && epoch >= at_least, "{epoch} after {last} at {clock_s}");
        last = epoch;
    }
    assert_eq!(last, 2_000);
}

#[test]
fn an_epoch_that_cannot_rise_is_an_error() {
    let disk = Disk::default();
    let at = |clock_s| Journal::open_on(disk.clone(), "d", HEADER, Durability::Each, clock_s);
    drop(at(u64::from(u32::MAX)).unwrap());
    assert!(at(1).unwrap_err().to_string().contains("its epochs are used up"));
}

#[test]
fn another_configuration_is_refused_and_changes_nothing() {
    let disk = Disk::default();
    drop(open(&disk, Durability::Each).unwrap());
    let other = Journal::open_on(disk.clone(), "d", b"other", Durability::Each, 0).unwrap_err();
    assert_eq!(other, JournalError::OtherConfiguration { path: "d".to_owned() });
    assert_eq!(open(&disk, Durability::Each).unwrap().epoch(), 1_700_000_001);
}

#[test]
fn what_gathers_during_a_commit_is_one_group_in_the_order_it_came() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Each).unwrap();
    disk.gate(true);
    fill(&journal, 1..=1);
    thread::sleep(Duration::from_millis(50));
    let before = disk.syncs();
    fill(&journal, 2..=500);
    assert_eq!((journal.appended(), journal.durable()), (500, 0));
    disk.gate(false);
    journal.settle(500).unwrap();
    assert_eq!(journal.durable(), 500);
    assert!(disk.syncs() - before <= 3, "{} syncs", disk.syncs() - before);
    assert_eq!(journal.entries(0, 1_000).unwrap(), wanted(1..=500));
}

#[test]
fn many_threads_may_append_and_settle() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Each).unwrap();
    thread::scope(|scope| {
        for event in 0..8_u64 {
            let journal = &journal;
            scope.spawn(move || {
                for _ in 0..50 {
                    let entry = journal.append(event, &event.to_le_bytes()).unwrap();
                    journal.settle(entry).unwrap();
                    assert!(journal.durable() >= entry);
                }
            });
        }
    });
    let entries = journal.entries(0, usize::MAX).unwrap();
    assert!(entries.iter().map(|entry| entry.number).eq(1..=400));
    assert!(entries.iter().all(|entry| entry.payload == entry.event.to_le_bytes()));
    assert_eq!(thread::spawn(move || journal.close()).join().unwrap(), Ok(()));
}

#[test]
fn reading_sees_only_what_is_durable_and_does_not_wait() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Each).unwrap();
    fill(&journal, 1..=10);
    journal.settle(10).unwrap();
    disk.gate(true);
    fill(&journal, 11..=20);
    thread::sleep(Duration::from_millis(20));
    assert_eq!(journal.entries(0, 100).unwrap(), wanted(1..=10));
    disk.gate(false);
    journal.settle(20).unwrap();
    assert_eq!(journal.entries(10, 100).unwrap(), wanted(11..=20));
}

#[test]
fn a_full_queue_makes_appending_wait_and_loses_nothing() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Block).unwrap();
    disk.gate(true);
    let large = vec![7; ENTRY_BYTES_MAX];
    thread::scope(|scope| {
        let appending = scope.spawn(|| {
            for _ in 0..40 {
                journal.append(0, &large).unwrap();
            }
        });
        thread::sleep(Duration::from_millis(300));
        // One group is being written, one waits.
        let queued = journal.appended() as usize * ENTRY_BYTES_MAX;
        assert!(queued <= 2 * QUEUE_BYTES_MAX, "{queued} bytes were taken");
        assert!(!appending.is_finished());
        disk.gate(false);
    });
    journal.settle(40).unwrap();
    assert_eq!(journal.entries(0, 100).unwrap().len(), 40);
}

#[test]
fn the_last_two_snapshots_and_every_note_are_kept() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Each).unwrap();
    journal.keep_snapshot(0, 0, b"begin".to_vec(), b"").unwrap();
    for number in 1..=5_u64 {
        fill(&journal, number..=number);
        let (state, note) = (vec![number as u8; 10_000], number.to_le_bytes());
        journal.keep_snapshot(number * 2, number, state, &note).unwrap();
    }
    // Events passed, and no entry.
    journal.keep_snapshot(99, 5, b"later".to_vec(), b"n").unwrap();
    journal.close().unwrap();
    let file = JournalFile::open_on(disk, "d").unwrap();
    let snapshots = file.snapshots().unwrap();
    let kept: Vec<_> = snapshots.iter().map(|s| (s.event, s.entry, s.bytes.len())).collect();
    assert_eq!(kept, [(99, 5, 5), (10, 5, 10_000)]);
    let notes = file.notes().unwrap();
    let noted: Vec<_> = notes.iter().map(|note| (note.event, note.entry)).collect();
    assert_eq!(noted, [(0, 0), (2, 1), (4, 2), (6, 3), (8, 4), (10, 5), (99, 5)]);
    assert_eq!(notes[3].bytes, 3_u64.to_le_bytes());
}

#[test]
fn a_snapshot_of_what_is_still_queued_is_durable_with_it() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Each).unwrap();
    disk.gate(true);
    fill(&journal, 1..=1);
    thread::sleep(Duration::from_millis(20));
    fill(&journal, 2..=9);
    journal.keep_snapshot(0, 7, b"at 7".to_vec(), b"").unwrap();
    disk.gate(false);
    journal.settle(9).unwrap();
    assert_eq!(journal.snapshots().unwrap()[0].entry, 7);
}

#[test]
fn a_block_is_reserved_ahead_so_that_a_release_waits_for_no_disk() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Block).unwrap();
    let half = u32::try_from(BLOCK_SEQUENCES / 2).unwrap();
    let entry = journal.append(0, b"order").unwrap();
    disk.gate(true);
    for sequence in 0..2 * half {
        journal.release(entry, sequence).unwrap();
    }
    // Beyond the block nothing leaves before the disk has spoken.
    thread::scope(|scope| {
        let beyond = scope.spawn(|| journal.release(entry, 2 * half));
        thread::sleep(Duration::from_millis(50));
        assert!(!beyond.is_finished());
        disk.gate(false);
        beyond.join().unwrap().unwrap();
    });
    // A sequence far ahead (another durability ran before) is reserved as well.
    journal.release(entry, 1_000_000).unwrap();
    journal.close().unwrap();
    let journal = open(&disk, Durability::Block).unwrap();
    assert_eq!(journal.reserved(), Some(1_000_000 + BLOCK_SEQUENCES));
    disk.gate(true);
    journal.release(1, 1_000_000 + 1_500).unwrap();
    disk.gate(false);
}

#[test]
fn under_each_an_action_waits_for_its_own_entry() {
    let disk = Disk::default();
    let journal = open(&disk, Durability::Each).unwrap();
    disk.gate(true);
    let entry = journal.append(0, b"order").unwrap();
    thread::scope(|scope| {
        let released = scope.spawn(|| journal.release(entry, 0));
        thread::sleep(Duration::from_millis(50));
        assert!(!released.is_finished());
        disk.gate(false);
        released.join().unwrap().unwrap();
    });
    assert_eq!(journal.durable(), entry);
}

#[test]
fn what_is_too_large_or_unknown_is_refused_and_the_journal_goes_on() {
    let journal = open(&Disk::default(), Durability::Block).unwrap();
    let large = vec![0; ENTRY_BYTES_MAX + 1];
    let refused = [
        journal.append(0, &large).unwrap_err(),
        journal.keep_snapshot(0, 0, vec![], &large[..=NOTE_BYTES_MAX]).unwrap_err(),
        journal.keep_snapshot(0, 1, vec![], b"").unwrap_err(),
        journal.settle(1).unwrap_err(),
        journal.release(1, 0).unwrap_err(),
    ];
    let words = ["an entry of 1048577", "a note of 4097", "no entry 1", "no entry 1", "no entry 1"];
    for (error, words) in refused.iter().zip(words) {
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(journal.append(0, b"").unwrap(), 1);
    journal.settle(1).unwrap();
}
