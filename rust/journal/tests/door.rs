//! Real files: who may open a journal, and what is not one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says its seed, or why it did nothing"
)]

mod disk;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bot4_journal::{Durability, FILE_NAME, Journal, JournalError, JournalFile};

use crate::disk::{CLOCK_S, Chance, HEADER, folder};

fn open(folder: &Path) -> Result<Journal, JournalError> {
    Journal::open(folder, HEADER, Durability::Each, CLOCK_S)
}

#[test]
fn a_second_instance_is_refused_until_the_first_lets_go() {
    let folder = folder("second");
    let journal = open(&folder).unwrap();
    journal.settle(journal.append(0, b"x").unwrap()).unwrap();
    let path = folder.join(FILE_NAME).display().to_string();
    let in_use = JournalError::InUse { path };
    assert_eq!(open(&folder).unwrap_err(), in_use);
    assert_eq!(JournalFile::open(&folder).unwrap_err(), in_use);
    journal.settle(journal.append(0, b"y").unwrap()).unwrap();
    journal.close().unwrap();

    let reader = JournalFile::open(&folder).unwrap();
    assert_eq!(open(&folder).unwrap_err(), in_use);
    let second = JournalFile::open(&folder).unwrap();
    assert_eq!((reader.last(), second.last()), (2, 2));
    reader.close().unwrap();
    drop(second);
    assert_eq!(open(&folder).unwrap().appended(), 2);
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let mut chance = Chance(3);
    let noise: Vec<u8> = (0..100_000).map(|_| chance.next().to_le_bytes()[0]).collect();
    let other = folder("other").join("other.redb");
    let database = redb::Database::create(&other).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(redb::TableDefinition::<u64, u64>::new("t")).unwrap();
    write.commit().unwrap();
    drop(database);
    let cases: [(&str, Vec<u8>); 8] = [
        ("empty", Vec::new()),
        ("noise", noise),
        ("text", b"ts,open,high,low,close\n".repeat(300)),
        ("a short text", b"hello".to_vec()),
        ("one byte of ours", b"X".to_vec()),
        ("zeros", vec![0; 100_000]),
        ("another store", fs::read(other).unwrap()),
        ("another version", [b"BOT4 journal 002".as_slice(), &[0; 9_000]].concat()),
    ];
    for (name, bytes) in cases {
        let folder = folder("foreign");
        fs::write(folder.join(FILE_NAME), &bytes).unwrap();
        for error in [open(&folder).unwrap_err(), JournalFile::open(&folder).unwrap_err()] {
            assert!(matches!(error, JournalError::NotOurs { .. }), "{name}: {error}");
            assert!(error.to_string().contains(FILE_NAME), "{error}");
        }
        assert!(fs::read(folder.join(FILE_NAME)).unwrap() == bytes, "{name} was changed");
    }
}

#[test]
fn a_journal_that_is_not_there_is_absent_and_is_not_made_by_reading() {
    let folder = folder("absent");
    let error = JournalFile::open(&folder).unwrap_err();
    assert!(matches!(error, JournalError::Absent { .. }), "{error}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    drop(open(&folder).unwrap());
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(names, [FILE_NAME]);
}

#[test]
fn reading_changes_no_byte_even_of_a_journal_that_was_killed() {
    let folder = folder("killed");
    let journal = open(&folder).unwrap();
    for number in 0..300_u64 {
        journal.append(number, &number.to_le_bytes()).unwrap();
    }
    journal.settle(300).unwrap();
    // A copy of the file as it lies while it is open: what a kill leaves.
    let copy = folder.join("copy");
    fs::create_dir(&copy).unwrap();
    fs::copy(folder.join(FILE_NAME), copy.join(FILE_NAME)).unwrap();
    let before = fs::read(copy.join(FILE_NAME)).unwrap();
    fs::set_permissions(copy.join(FILE_NAME), fs::Permissions::from_mode(0o400)).unwrap();
    let file = JournalFile::open(&copy).unwrap();
    assert_eq!(file.entries(0, 1_000).unwrap().len(), 300);
    file.close().unwrap();
    assert!(fs::read(copy.join(FILE_NAME)).unwrap() == before);
}

#[test]
fn a_folder_or_file_that_may_not_be_written_is_a_clear_line() {
    let outer = folder("read-only");
    let (closed, held) = (outer.join("closed"), outer.join("held"));
    fs::create_dir(&closed).unwrap();
    drop(open(&held).unwrap());
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    fs::set_permissions(held.join(FILE_NAME), fs::Permissions::from_mode(0o400)).unwrap();
    if fs::write(closed.join("probe"), b"").is_ok() {
        println!("skipped: this user (root, mostly) may write where nobody may");
        return;
    }
    for folder in [&closed, &closed.join("below"), &held] {
        let error = open(folder).unwrap_err();
        assert!(matches!(error, JournalError::NotWritable { .. }), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[test]
fn a_file_in_the_place_of_a_folder_is_a_clear_line() {
    let folder = folder("file");
    fs::write(folder.join("x"), b"").unwrap();
    for path in [folder.join("x"), folder.join("x/y")] {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, JournalError::NotWritable { .. }), "{error}");
    }
}
