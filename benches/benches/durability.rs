//! What it costs to write an order down before it leaves, beside what the disk itself takes.
//!
//! One call measures all of it on one disk: in the build folder, or in BOT4_BENCH_FOLDER. Orders/s
//! are counted until the last order is durable. *Closed* keeps so many orders in flight; *open*
//! gives out orders at a rate, whatever the disk does, and counts from when each was due.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bot4_benches::Unusable;
use bot4_journal::{Durability, FILE_NAME, Journal, JournalError};
use redb::StorageBackend;
use redb::backends::FileBackend;

/// About what a placed order takes.
const ORDER_BYTES: usize = 110;
const RAW_SYNCS: usize = 2_000;
const SECONDS: usize = 4;
const RECOVERED_ORDERS: usize = 450_000;

/// A file that counts its syncs: there is one for each group.
#[derive(Debug)]
struct Counted {
    file: FileBackend,
    syncs: Arc<AtomicU64>,
}

impl StorageBackend for Counted {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write(offset, bytes)
    }
}

#[derive(Clone, Copy)]
enum Load {
    /// So many orders in flight.
    Closed(usize),
    /// So many orders a second.
    Open(usize),
}

struct Figures {
    orders: usize,
    elapsed: Duration,
    groups: u64,
    released: Vec<Duration>,
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let index = sorted.len() * percent / 100;
    sorted.get(index).map_or(0.0, |duration| duration.as_secs_f64() * 1e3)
}

fn raw(folder: &Path, grows: bool) -> io::Result<Vec<Duration>> {
    let path = folder.join("raw");
    let mut file = File::create(&path)?;
    let bytes = [7; ORDER_BYTES];
    if !grows {
        file.write_all(&vec![0; RAW_SYNCS * ORDER_BYTES])?;
        file.sync_all()?;
        file = File::options().write(true).open(&path)?;
    }
    let mut taken = Vec::with_capacity(RAW_SYNCS);
    for _ in 0..RAW_SYNCS {
        let start = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        taken.push(start.elapsed());
    }
    taken.sort_unstable();
    fs::remove_file(path)?;
    Ok(taken)
}

fn closed(journal: &Journal, in_flight: usize) -> Result<Vec<Duration>, JournalError> {
    let order = [7; ORDER_BYTES];
    let (mut waiting, mut released) = (VecDeque::with_capacity(in_flight), Vec::new());
    let begin = Instant::now();
    for sequence in 0_u32.. {
        let start = Instant::now();
        if start - begin > Duration::from_secs(SECONDS as u64) {
            break;
        }
        waiting.push_back((journal.append(0, &order)?, sequence, start));
        if waiting.len() == in_flight
            && let Some((entry, sequence, start)) = waiting.pop_front()
        {
            journal.release(entry, sequence)?;
            released.push(start.elapsed());
        }
    }
    for (entry, sequence, start) in waiting {
        journal.release(entry, sequence)?;
        released.push(start.elapsed());
    }
    Ok(released)
}

fn open(journal: &Journal, a_second: usize) -> Result<Vec<Duration>, JournalError> {
    let order = [7; ORDER_BYTES];
    let (sender, receiver) = mpsc::channel::<(u64, u32, Instant)>();
    thread::scope(|scope| {
        let releasing = scope.spawn(move || {
            let mut released = Vec::new();
            for (entry, sequence, due) in receiver {
                journal.release(entry, sequence)?;
                released.push(due.elapsed());
            }
            Ok(released)
        });
        let begin = Instant::now();
        for sequence in 0_u32.. {
            let due = begin + Duration::from_secs(1) * sequence / a_second as u32;
            if due - begin > Duration::from_secs(SECONDS as u64) {
                break;
            }
            // A sleep is 0.05 ms late and would be counted: the last of it is spun away.
            let ahead = due.saturating_duration_since(Instant::now());
            if ahead > Duration::from_micros(200) {
                thread::sleep(ahead - Duration::from_micros(100));
            }
            while Instant::now() < due {
                thread::yield_now();
            }
            let entry = journal.append(0, &order)?;
            if sender.send((entry, sequence, due)).is_err() {
                break;
            }
        }
        drop(sender);
        let stopped = |_| JournalError::Io { path: String::new(), reason: "it stopped".to_owned() };
        releasing.join().map_err(stopped)?
    })
}

fn measure(folder: &Path, durability: Durability, load: Load) -> Result<Figures, Unusable> {
    let path = folder.join("journal");
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
    let syncs = Arc::new(AtomicU64::new(0));
    let unusable = |error| Unusable::from(io::Error::other(error));
    let file = FileBackend::new(file).map_err(|error| unusable(error.to_string()))?;
    let disk = Counted { file, syncs: Arc::clone(&syncs) };
    let journal = Journal::open_on(disk, "of the bench", b"bench", durability, 0)?;
    let before = syncs.load(Ordering::Relaxed);
    let start = Instant::now();
    let mut released = match load {
        Load::Closed(in_flight) => closed(&journal, in_flight)?,
        Load::Open(a_second) => open(&journal, a_second)?,
    };
    journal.settle(journal.appended())?;
    let elapsed = start.elapsed();
    let groups = syncs.load(Ordering::Relaxed) - before;
    journal.close()?;
    fs::remove_file(path)?;
    released.sort_unstable();
    Ok(Figures { orders: released.len(), elapsed, groups, released })
}

/// How long an open takes on a copy of the file as a kill leaves it; its size in bytes.
fn recovery(folder: &Path, snapshot: bool) -> Result<(Duration, u64), Unusable> {
    let (lives, killed) = (folder.join("lives"), folder.join("killed"));
    let journal = Journal::open(&lives, b"bench", Durability::Each, 0)?;
    for _ in 0..RECOVERED_ORDERS {
        journal.append(0, &[7; ORDER_BYTES])?;
    }
    if snapshot {
        journal.keep_snapshot(0, journal.appended(), vec![0; 100_000], b"")?;
    }
    journal.settle(journal.append(0, &[7; ORDER_BYTES])?)?;
    fs::create_dir(&killed)?;
    let bytes = fs::copy(lives.join(FILE_NAME), killed.join(FILE_NAME))?;
    journal.close()?;
    let start = Instant::now();
    let journal = Journal::open(&killed, b"bench", Durability::Each, 0)?;
    let elapsed = start.elapsed();
    journal.close()?;
    fs::remove_dir_all(lives)?;
    fs::remove_dir_all(killed)?;
    Ok((elapsed, bytes))
}

fn main() -> Result<(), Unusable> {
    let folder = std::env::var_os("BOT4_BENCH_FOLDER")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let folder = folder.join(format!("durability-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "durability, orders of {ORDER_BYTES} bytes      orders/s   group   p50 ms   p99 ms"
    )?;
    for (name, grows) in [("raw write and fdatasync, in place", false), ("..., appended", true)] {
        let taken = raw(&folder, grows)?;
        let a_second = RAW_SYNCS as f64 / taken.iter().sum::<Duration>().as_secs_f64();
        let (p50, p99) = (percentile(&taken, 50), percentile(&taken, 99));
        writeln!(out, "{name:<38} {a_second:>9.0} {:>7} {p50:>8.3} {p99:>8.3}", 1)?;
    }
    let loads = [
        Load::Closed(1),
        Load::Closed(64),
        Load::Closed(1_024),
        Load::Open(1_000),
        Load::Open(10_000),
        Load::Open(20_000),
    ];
    for durability in [Durability::Each, Durability::Block] {
        for load in loads {
            let figures = measure(&folder, durability, load)?;
            let name = match load {
                Load::Closed(in_flight) => format!("{durability:?}, closed, {in_flight} in flight"),
                Load::Open(a_second) => format!("{durability:?}, open, {a_second} a second"),
            };
            let a_second = figures.orders as f64 / figures.elapsed.as_secs_f64();
            let group = figures.orders as f64 / figures.groups as f64;
            let (p50, p99) = (percentile(&figures.released, 50), percentile(&figures.released, 99));
            writeln!(out, "{name:<38} {a_second:>9.0} {group:>7.1} {p50:>8.3} {p99:>8.3}")?;
        }
    }
    for (name, snapshot) in [("no snapshot", false), ("a snapshot", true)] {
        let (elapsed, bytes) = recovery(&folder, snapshot)?;
        let (ms, megabytes) = (elapsed.as_secs_f64() * 1e3, bytes / 1_000_000);
        writeln!(out, "open after a kill, {megabytes} MB, {name}: {ms:.0} ms")?;
    }
    fs::remove_dir(folder)?;
    Ok(())
}
