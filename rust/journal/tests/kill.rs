//! Real processes, really killed, on a real file.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::print_stdout, reason = "what is printed is what was promised")]

mod disk;

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bot4_journal::{Durability, Journal};

use crate::disk::{CLOCK_S, Chance, HEADER, folder, payload};

const SEED: u64 = 31;
const KILLS: u64 = 30;
const RESUME_MAX: Duration = Duration::from_secs(2);
const FOLDER: &str = "BOT4_TEST_JOURNAL";

fn open(folder: &Path) -> Journal {
    Journal::open(folder, HEADER, Durability::Each, CLOCK_S).unwrap()
}

#[test]
#[ignore = "this is the process that the other test starts and kills"]
fn the_process_that_is_killed() {
    let journal = open(&PathBuf::from(env::var_os(FOLDER).unwrap()));
    loop {
        for _ in 0..3 {
            let number = journal.appended() + 1;
            journal.append(number, &payload(number, 0)).unwrap();
            if number.is_multiple_of(50) {
                journal.keep_snapshot(number, number, vec![1; 2_000], b"").unwrap();
            }
        }
        journal.settle(journal.appended()).unwrap();
        assert_eq!(journal.durable(), journal.appended());
        println!("{}", journal.durable());
    }
}

#[test]
fn a_killed_process_leaves_all_it_promised_and_the_next_goes_on_at_once() {
    println!("seed {SEED}");
    let (mut chance, folder) = (Chance(SEED), folder("killed-process"));
    let (mut epoch, mut promised) = (0, 0);
    for _ in 0..KILLS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "the_process_that_is_killed", "--ignored", "--nocapture"])
            .env(FOLDER, &folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut numbers = lines.map_while(Result::ok).filter_map(|line| {
            line.split_whitespace().last().and_then(|word| word.parse::<u64>().ok())
        });
        // Not a word of some: they die while they open.
        let after = usize::try_from(chance.below(40)).unwrap();
        let said = numbers.by_ref().take(after).last();
        child.kill().unwrap();
        promised = numbers.last().or(said).unwrap_or(promised);
        child.wait().unwrap();

        let start = Instant::now();
        let journal = open(&folder);
        assert!(start.elapsed() < RESUME_MAX, "{:?}", start.elapsed());
        assert!(journal.epoch() > epoch && journal.durable() >= promised);
        let entries = journal.entries(0, usize::MAX).unwrap();
        assert!(entries.iter().all(|entry| entry.payload == payload(entry.number, 0)));
        assert_eq!(entries.len() as u64, journal.durable());
        epoch = journal.epoch();
        journal.close().unwrap();
    }
    assert!(promised > 500, "{promised}");
}
