//! Between those who append and the one thread that writes: what waits, and who waits for it.
//!
//! While a commit is under way everything appended meanwhile gathers; the next commit takes it all.
//! So groups grow with the load, and no one waits for more than two commits.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::JournalError;
use crate::front::Witness;
use crate::store::{Draft, ENTRY_BYTES_MAX, Group, Store};

/// How many order sequences are reserved at once under [`Durability::Block`].
pub const BLOCK_SEQUENCES: u64 = 1_024;
/// What may wait to be written; an append waits while this is reached.
pub const QUEUE_BYTES_MAX: usize = 8 << 20;

const _: () = assert!(ENTRY_BYTES_MAX < QUEUE_BYTES_MAX / 2, "an entry has to fit the queue");

/// How long anyone waits for the disk before it counts as stalled.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How many commits are remembered until somebody asks for them.
const COMMITS_KEPT: usize = 4_096;
/// What an entry takes in the queue beside its payload.
const ENTRY_OVERHEAD_BYTES: usize = size_of::<(u64, usize)>();

/// The queue, and what is known of the store behind it.
pub(crate) struct Queue {
    path: String,
    state: Mutex<State>,
    /// The writer has something to do.
    work: Condvar,
    /// The writer has done something.
    done: Condvar,
    appended: AtomicU64,
    durable: AtomicU64,
}

struct State {
    group: Group,
    appended: u64,
    durable: u64,
    /// Where durably reserved sequences end, and where they are to.
    reserved: u64,
    wanted: u64,
    /// Of the last commits, the last entry and when it became durable.
    commits: VecDeque<(u64, Instant)>,
    failed: Option<JournalError>,
    closing: bool,
    finished: bool,
    writer_waits: bool,
    others_wait: u32,
}

impl State {
    fn bytes(&self) -> usize {
        self.group.payloads.len() + self.group.entries.len() * ENTRY_OVERHEAD_BYTES
    }

    fn has_work(&self) -> bool {
        !self.group.entries.is_empty()
            || self.group.snapshot.is_some()
            || self.wanted > self.reserved
    }
}

impl Queue {
    pub(crate) fn new(path: String, tail: &Witness) -> Self {
        let state = State {
            group: Group::default(),
            appended: tail.entries,
            durable: tail.entries,
            reserved: tail.reserved,
            wanted: tail.reserved,
            commits: VecDeque::with_capacity(COMMITS_KEPT),
            failed: None,
            closing: false,
            finished: false,
            writer_waits: false,
            others_wait: 0,
        };
        Self {
            path,
            state: Mutex::new(state),
            work: Condvar::new(),
            done: Condvar::new(),
            appended: AtomicU64::new(tail.entries),
            durable: AtomicU64::new(tail.entries),
        }
    }

    pub(crate) fn appended(&self) -> u64 {
        self.appended.load(Ordering::Acquire)
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(crate) fn take_commits(&self, into: &mut Vec<(u64, Instant)>) {
        into.extend(self.lock().commits.drain(..));
    }

    /// Queue one entry; waits while the queue is full.
    pub(crate) fn append(&self, event: u64, payload: &[u8]) -> Result<u64, JournalError> {
        let room = QUEUE_BYTES_MAX - payload.len() - ENTRY_OVERHEAD_BYTES;
        let mut state = self.wait(self.lock(), |state| match &state.failed {
            Some(cause) => Some(Err(self.failed(cause))),
            None => (state.bytes() <= room).then_some(Ok(())),
        })?;
        state.appended += 1;
        let number = state.appended;
        state.group.payloads.extend_from_slice(payload);
        let end = state.group.payloads.len();
        state.group.entries.push((event, end));
        self.appended.store(number, Ordering::Release);
        self.wake_writer(&state);
        Ok(number)
    }

    /// Queue one snapshot; waits while another is queued.
    pub(crate) fn keep(&self, draft: Draft) -> Result<(), JournalError> {
        let state = self.lock();
        self.known(&state, draft.entry)?;
        let mut state = self.wait(state, |state| match &state.failed {
            Some(cause) => Some(Err(self.failed(cause))),
            None => state.group.snapshot.is_none().then_some(Ok(())),
        })?;
        state.group.snapshot = Some(draft);
        self.wake_writer(&state);
        Ok(())
    }

    /// Wait until an entry is durable.
    pub(crate) fn settle(&self, entry: u64) -> Result<(), JournalError> {
        if entry <= self.durable() {
            return Ok(());
        }
        let state = self.lock();
        self.known(&state, entry)?;
        let settled = self.wait(state, |state| {
            if state.durable >= entry {
                return Some(Ok(()));
            }
            state.failed.clone().map(Err)
        });
        settled.map(drop)
    }

    /// Wait until an order sequence lies in a block that is durably reserved.
    pub(crate) fn reserve(&self, entry: u64, sequence: u32) -> Result<(), JournalError> {
        let sequence = u64::from(sequence);
        let mut state = self.lock();
        self.known(&state, entry)?;
        // The next block is asked for at half of the last, so that nobody waits for it.
        if sequence + BLOCK_SEQUENCES / 2 >= state.wanted {
            state.wanted = state.wanted.max(sequence) + BLOCK_SEQUENCES;
            self.wake_writer(&state);
        }
        let reserved = self.wait(state, |state| match &state.failed {
            Some(cause) => Some(Err(self.failed(cause))),
            None => (sequence < state.reserved).then_some(Ok(())),
        });
        reserved.map(drop)
    }

    /// Let the writer finish what is queued, and wait until it has.
    pub(crate) fn close(&self) -> Result<(), JournalError> {
        let mut state = self.lock();
        state.closing = true;
        self.wake_writer(&state);
        let state = self.wait(state, |state| state.finished.then_some(Ok(())))?;
        state.failed.clone().map_or(Ok(()), Err)
    }

    /// What the writing thread does, to its end.
    pub(crate) fn write(&self, store: &Store, mut tail: Witness) {
        let mut group = Group::default();
        while self.next(&mut group) {
            let written = store.commit(&mut tail, &group);
            group.entries.clear();
            group.payloads.clear();
            group.snapshot = None;
            let mut state = self.lock();
            if let Err(cause) = written {
                state.failed = Some(cause);
                break;
            }
            (state.durable, state.reserved) = (tail.entries, tail.reserved);
            if state.commits.len() == COMMITS_KEPT {
                state.commits.pop_front();
            }
            state.commits.push_back((tail.entries, Instant::now()));
            self.durable.store(tail.entries, Ordering::Release);
            self.wake_others(&state);
        }
        let mut state = self.lock();
        state.finished = true;
        self.wake_others(&state);
    }

    /// Take what has gathered; false at the end.
    fn next(&self, group: &mut Group) -> bool {
        let mut state = self.lock();
        while !state.has_work() && !state.closing {
            state.writer_waits = true;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writer_waits = false;
        if !state.has_work() {
            return false;
        }
        std::mem::swap(&mut state.group, group);
        group.reserved = (state.wanted > state.reserved).then_some(state.wanted);
        self.wake_others(&state);
        true
    }

    fn known(&self, state: &State, entry: u64) -> Result<(), JournalError> {
        if entry <= state.appended {
            return Ok(());
        }
        Err(JournalError::NoSuchEntry { path: self.path.clone(), entry, last: state.appended })
    }

    fn failed(&self, cause: &JournalError) -> JournalError {
        JournalError::Failed { path: self.path.clone(), cause: Box::new(cause.clone()) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wait for `ready` to say how it ended, at most `WAIT_MAX`.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        ready: impl Fn(&State) -> Option<Result<(), JournalError>>,
    ) -> Result<MutexGuard<'a, State>, JournalError> {
        let mut until = None;
        loop {
            if let Some(ended) = ready(&state) {
                return ended.map(|()| state);
            }
            let until = *until.get_or_insert_with(|| Instant::now() + WAIT_MAX);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let waited_s = WAIT_MAX.as_secs();
                return Err(JournalError::Stalled { path: self.path.clone(), waited_s });
            }
            state.others_wait += 1;
            let waited = self.done.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.others_wait -= 1;
        }
    }

    /// A wake-up is a call of the system: it is made only where someone sleeps.
    fn wake_writer(&self, state: &State) {
        if state.writer_waits {
            self.work.notify_one();
        }
    }

    fn wake_others(&self, state: &State) {
        if state.others_wait > 0 {
            self.done.notify_all();
        }
    }
}
