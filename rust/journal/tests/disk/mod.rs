//! A disk in memory that can be killed, filled and broken, and folders to try real files in.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use bot4_journal::{Durability, Journal, JournalError};
use redb::{BackendError, StorageBackend};

pub(crate) const HEADER: &[u8] = b"a configuration";
pub(crate) const CLOCK_S: u64 = 1_700_000_000;
const SECTOR_BYTES: usize = 512;

/// Seeded choices (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

#[derive(Debug, Clone)]
enum Step {
    Write(usize, Vec<u8>),
    Size(usize),
}

#[derive(Debug, Default)]
struct State {
    /// What survives a power cut for certain.
    durable: Vec<u8>,
    /// What a reader sees.
    now: Vec<u8>,
    /// What was done since the last sync.
    pending: Vec<Step>,
    steps: u64,
    syncs: u64,
    dies_at_step: Option<u64>,
    dead: bool,
    sync_fails_at: Option<u64>,
    sync_failed: bool,
    write_error: Option<io::ErrorKind>,
    panics_at_step: Option<u64>,
    bytes_max: Option<usize>,
    gate_shut: bool,
}

/// A handle to the disk: clones see the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<(Mutex<State>, Condvar)>);

/// What becomes of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cut {
    /// The process was killed: the system still has all of it.
    Kill,
    /// The power went: each step is lost, kept or torn at random.
    Power,
}

impl Disk {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.with(|state| (state.durable, state.now) = (bytes.clone(), bytes));
        disk
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.0.lock().unwrap())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with(|state| state.now.clone())
    }

    pub(crate) fn steps(&self) -> u64 {
        self.with(|state| state.steps)
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.with(|state| state.syncs)
    }

    pub(crate) fn dies_after(&self, steps: u64) {
        self.with(|state| state.dies_at_step = Some(state.steps + steps));
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.with(|state| state.dead)
    }

    pub(crate) fn sync_fails_after(&self, syncs: u64) {
        self.with(|state| state.sync_fails_at = Some(state.syncs + syncs));
    }

    pub(crate) fn writes_fail(&self, kind: io::ErrorKind) {
        self.with(|state| state.write_error = Some(kind));
    }

    pub(crate) fn panics_after(&self, steps: u64) {
        self.with(|state| state.panics_at_step = Some(state.steps + steps));
    }

    pub(crate) fn holds(&self, bytes_max: usize) {
        self.with(|state| state.bytes_max = Some(bytes_max));
    }

    /// While the gate is shut, a sync does not return.
    pub(crate) fn gate(&self, shut: bool) {
        self.with(|state| state.gate_shut = shut);
        self.0.1.notify_all();
    }

    /// What is there after a cut at this moment.
    pub(crate) fn after(&self, cut: Cut, chance: &mut Chance) -> Self {
        let (durable, pending, now) = self.with(|state| {
            state.dead = true;
            (state.durable.clone(), state.pending.clone(), state.now.clone())
        });
        if cut == Cut::Kill {
            return Self::of(now);
        }
        let mut bytes = durable;
        // Some cuts lose all or nothing: the corners that independent choices never reach.
        let fate = chance.below(8);
        for step in pending {
            let choice = match fate {
                0 => 0,
                1 => 1,
                _ => chance.below(3),
            };
            match (step, choice) {
                (_, 0) => {}
                (Step::Size(size), _) => bytes.resize(size, 0),
                (Step::Write(at, written), 1) => put(&mut bytes, at, &written),
                (Step::Write(at, written), _) => {
                    for (index, sector) in written.chunks(SECTOR_BYTES).enumerate() {
                        if chance.below(2) == 0 {
                            put(&mut bytes, at + index * SECTOR_BYTES, sector);
                        }
                    }
                }
            }
        }
        Self::of(bytes)
    }

    fn step(&self) -> io::Result<()> {
        let breaks = self.with(|state| state.panics_at_step.is_some_and(|at| state.steps >= at));
        assert!(!breaks, "the disk is broken");
        self.with(|state| {
            if state.dies_at_step.is_some_and(|at| state.steps >= at) {
                state.dead = true;
            }
            if state.dead {
                return Err(io::Error::other("the machine is off"));
            }
            state.steps += 1;
            match state.write_error {
                Some(kind) => Err(io::Error::from(kind)),
                None => Ok(()),
            }
        })
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, written: &[u8]) {
    let end = at + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(written);
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.with(|state| state.now.len() as u64))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(|state| {
            if state.dead {
                return Err(io::Error::other("the machine is off"));
            }
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let end = start.checked_add(out.len()).filter(|end| *end <= state.now.len());
            let end = end.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            out.copy_from_slice(&state.now[start..end]);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.step()?;
        self.with(|state| {
            // A damaged header must not make the test ask for more memory than there is.
            let size = usize::try_from(len).unwrap_or(usize::MAX);
            if size > 1 << 30 {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            state.now.resize(size, 0);
            state.pending.push(Step::Size(size));
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.0.lock().unwrap();
        while state.gate_shut {
            state = self.0.1.wait(state).unwrap();
        }
        drop(state);
        self.step()?;
        self.with(|state| {
            state.syncs += 1;
            if state.sync_fails_at.is_some_and(|at| state.syncs == at + 1) {
                state.sync_failed = true;
                return Err(io::Error::other("input/output error"));
            }
            // Once a sync has failed, the system may forget what was to be written: the next one
            // succeeds and proves nothing.
            if !state.sync_failed {
                state.durable = state.now.clone();
                state.pending.clear();
            }
            Ok(())
        })
    }

    fn write(&self, offset: u64, written: &[u8]) -> io::Result<()> {
        self.step()?;
        self.with(|state| {
            let at = usize::try_from(offset).unwrap();
            if state.bytes_max.is_some_and(|bytes_max| at + written.len() > bytes_max) {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            put(&mut state.now, at, written);
            state.pending.push(Step::Write(at, written.to_vec()));
            Ok(())
        })
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Err(BackendError::Unsupported)
    }
}

/// Open on a disk as most tests do.
pub(crate) fn open(disk: &Disk, durability: Durability) -> Result<Journal, JournalError> {
    Journal::open_on(disk.clone(), "the disk", HEADER, durability, CLOCK_S)
}

/// The payload of an entry: about the size of a placed order, and different in each life.
pub(crate) fn payload(number: u64, life: u64) -> Vec<u8> {
    let mut chance = Chance(number.wrapping_mul(1_000_003) ^ life);
    let bytes = 60 + chance.below(60);
    (0..bytes).map(|_| chance.next().to_le_bytes()[0]).collect()
}

/// An empty folder under the build folder.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("journal-{name}"));
    let _absent = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}
