//! The journal while it is written: append, settle, release.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::error::{JournalError, from_io};
use crate::front::MAGIC;
use crate::queue::{BLOCK_SEQUENCES, Queue};
use crate::store::{
    Draft, ENTRY_BYTES_MAX, Entry, Epoch, FILE_NAME, Found, NOTE_BYTES_MAX, Note,
    SNAPSHOT_BYTES_MAX, Snapshot, Store,
};

/// When an action may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Once its own entry is durable.
    Each,
    /// Once its order sequence lies in a durably reserved block. After a crash every sequence below
    /// the reserved end may have been sent, and has to be asked for.
    Block,
}

/// A journal open for writing, by this process alone.
pub struct Journal {
    writer: Writer,
    store: Arc<Store>,
    durability: Durability,
    epoch: u32,
    before: Option<Found>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.store.path();
        f.debug_struct("Journal").field("path", &path).field("epoch", &self.epoch).finish()
    }
}

impl Journal {
    /// Open the journal in `folder`, which is made if need be, or begin one there.
    ///
    /// `header` is what it was begun with; another one is refused. The epoch is the larger of
    /// `clock_s` (Unix time) and the last epoch plus one, and durable before this returns; a clock
    /// beyond 32 bits is not believed.
    pub fn open(
        folder: &Path,
        header: &[u8],
        durability: Durability,
        clock_s: u64,
    ) -> Result<Self, JournalError> {
        let (file, path) = file_of(folder);
        let told = |error: io::Error| from_io(path.clone(), &error);
        make(folder, &file).map_err(told)?;
        let opened = File::options().read(true).write(true).open(&file).map_err(told)?;
        // Ours begin their life with a magic: an empty one has lost what it held.
        if opened.metadata().map_err(told)?.len() == 0 {
            return Err(JournalError::NotOurs { path, reason: "it is empty".to_owned() });
        }
        let backend = FileBackend::new(opened);
        let backend = backend.map_err(|error| told(io::Error::other(error)))?;
        Self::open_on(backend, &path, header, durability, clock_s)
    }

    /// Open the journal on a disk of the caller's; `name` is what errors call it.
    pub fn open_on(
        backend: impl StorageBackend,
        name: &str,
        header: &[u8],
        durability: Durability,
        clock_s: u64,
    ) -> Result<Self, JournalError> {
        let path = name.to_owned();
        let store = Arc::new(Store::open(Arc::new(backend), path.clone())?);
        let before = store.inspect()?;
        let tail = before.as_ref().map(|found| found.tail);
        let epoch = next_epoch(tail.map(|tail| tail.epoch), clock_s).ok_or_else(|| {
            let what = "its epochs are used up".to_owned();
            JournalError::Damaged { path: path.clone(), entry: None, what }
        })?;
        let reserved = tail.map_or(0, |tail| tail.reserved);
        let reserved = match durability {
            Durability::Each => reserved,
            Durability::Block => reserved + BLOCK_SEQUENCES,
        };
        let tail = store.begin(header, before.as_ref(), epoch, reserved)?;
        let queue = Arc::new(Queue::new(path.clone(), &tail));
        let (its_queue, its_store) = (Arc::clone(&queue), Arc::clone(&store));
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || its_queue.write(&its_store, tail))
            .map_err(|error| from_io(path, &error))?;
        Ok(Self {
            writer: Writer { queue, thread: Some(thread) },
            store,
            durability,
            epoch,
            before,
        })
    }

    /// The epoch of this opening.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether it was begun by this opening.
    pub const fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Where the reserved order sequences ended before this opening; None if none ever were.
    ///
    /// Whatever lies below may have been sent. Under [`Durability::Block`] this opening has
    /// reserved the block that begins here.
    pub fn reserved(&self) -> Option<u64> {
        self.before.as_ref().map(|found| found.tail.reserved).filter(|reserved| *reserved > 0)
    }

    /// What was passed over when it was opened, a line each; mostly empty.
    pub fn remarks(&self) -> &[String] {
        self.before.as_ref().map_or(&[], |found| &found.remarks)
    }

    /// Queue an entry and return its number, from 1. Waits only while the queue is full.
    ///
    /// `event` is the count of market events told before. What is queued becomes durable by itself.
    pub fn append(&self, event: u64, payload: &[u8]) -> Result<u64, JournalError> {
        self.fits("an entry", payload.len(), ENTRY_BYTES_MAX)?;
        self.writer.queue.append(event, payload)
    }

    /// Wait until an entry, and so everything before it, is durable.
    ///
    /// An error is what kept it from being so: it may or may not be there after the next open.
    pub fn settle(&self, entry: u64) -> Result<(), JournalError> {
        self.writer.queue.settle(entry)
    }

    /// Wait until the action that `entry` wrote down may leave, by this journal's durability.
    pub fn release(&self, entry: u64, order_sequence: u32) -> Result<(), JournalError> {
        match self.durability {
            Durability::Each => self.writer.queue.settle(entry),
            Durability::Block => self.writer.queue.reserve(entry, order_sequence),
        }
    }

    /// The number of the last entry that was appended; 0 before the first.
    pub fn appended(&self) -> u64 {
        self.writer.queue.appended()
    }

    /// The number of the last entry that is durable; 0 before the first.
    pub fn durable(&self) -> u64 {
        self.writer.queue.durable()
    }

    /// The commits since this was last asked, oldest first: the last entry of each, and when it was
    /// durable. Only the last few thousand are remembered.
    pub fn take_commits(&self, into: &mut Vec<(u64, Instant)>) {
        self.writer.queue.take_commits(into);
    }

    /// Queue the state after `entry`; it becomes durable with everything up to `entry`, or later.
    ///
    /// The last two are kept, and `note` (hashes, say) of every one. Waits only while another is
    /// queued.
    pub fn keep_snapshot(
        &self,
        event: u64,
        entry: u64,
        bytes: Vec<u8>,
        note: &[u8],
    ) -> Result<(), JournalError> {
        self.fits("a snapshot", bytes.len(), SNAPSHOT_BYTES_MAX)?;
        self.fits("a note", note.len(), NOTE_BYTES_MAX)?;
        self.writer.queue.keep(Draft { event, entry, bytes, note: note.to_vec() })
    }

    /// The durable entries after number `after`, at most `entries_max`, oldest first.
    ///
    /// May be called while entries are written, and does not hold them up.
    pub fn entries(&self, after: u64, entries_max: usize) -> Result<Vec<Entry>, JournalError> {
        self.store.entries(after, entries_max)
    }

    /// The durable snapshots that are sound, newest first.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, JournalError> {
        self.store.snapshots()
    }

    /// What was noted of every durable snapshot there ever was, oldest first.
    pub fn notes(&self) -> Result<Vec<Note>, JournalError> {
        self.store.notes()
    }

    /// Every opening of it for writing, this one included, oldest first.
    pub fn epochs(&self) -> Result<Vec<Epoch>, JournalError> {
        self.store.epochs()
    }

    /// Make everything durable and let go of the file. Dropping it does the same, and says nothing.
    pub fn close(self) -> Result<(), JournalError> {
        let Self { writer, store, .. } = self;
        let written = writer.queue.close();
        drop(writer);
        // After a failure the file is left to the next open, which checks all of it.
        written?;
        Arc::into_inner(store).map_or(Ok(()), Store::close)
    }

    fn fits(&self, what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), JournalError> {
        if bytes <= bytes_max {
            return Ok(());
        }
        let path = self.store.path().to_owned();
        Err(JournalError::TooLarge { path, what, bytes, bytes_max })
    }
}

/// The writing thread; dropping it lets the thread finish.
struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        let stalled = matches!(self.queue.close(), Err(JournalError::Stalled { .. }));
        // A disk that does not answer keeps its thread: waiting on it would keep the process too.
        if let Some(thread) = self.thread.take().filter(|_| !stalled) {
            let _told_by_the_queue = thread.join();
        }
    }
}

/// The journal's file in a folder, and its name in errors.
pub(crate) fn file_of(folder: &Path) -> (PathBuf, String) {
    let file = folder.join(FILE_NAME);
    let path = file.display().to_string();
    (file, path)
}

fn next_epoch(last: Option<u32>, clock_s: u64) -> Option<u32> {
    let next = last.map_or(Some(1), |last| last.checked_add(1))?;
    Some(u32::try_from(clock_s).map_or(next, |clock| next.max(clock)))
}

/// Make folder and file, durable in their folders, so that an empty file is never one of ours.
///
/// The file gets its name once its magic is durable. A link fails where the name is taken: of two
/// that begin here at once, both go on with the same file, and its lock decides.
fn make(folder: &Path, file: &Path) -> io::Result<()> {
    if file.try_exists()? {
        return Ok(());
    }
    let missing = folder.ancestors().take_while(|path| !path.exists()).count();
    fs::create_dir_all(folder)?;
    let unnamed = folder.join(format!("{FILE_NAME}.{}.new", std::process::id()));
    if let Err(error) = fs::remove_file(&unnamed)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut written = File::create_new(&unnamed)?;
    let made = written.write_all(&MAGIC).and_then(|()| written.sync_all());
    let named = made.and_then(|()| match fs::hard_link(&unnamed, file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without links.
        Err(_) => fs::rename(&unnamed, file),
        Ok(()) => Ok(()),
    });
    let removed = fs::remove_file(&unnamed);
    named?;
    if removed.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
        return removed;
    }
    for path in folder.ancestors().take(missing + 1) {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        // Where a folder cannot be opened as a file, the system has no way to ask for this.
        if let Ok(opened) = File::open(path) {
            opened.sync_all()?;
        }
    }
    Ok(())
}
