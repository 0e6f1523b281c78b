//! A journal that nobody has open, for reading. Not a byte of it is changed.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::error::{JournalError, from_io};
use crate::front::Disk;
use crate::journal::file_of;
use crate::overlay::Overlay;
use crate::store::{Entry, Epoch, Found, Note, Snapshot, Store};

/// The read side. Several may be open at once; none while a [`crate::Journal`] is.
pub struct JournalFile {
    store: Store,
    found: Found,
}

impl std::fmt::Debug for JournalFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JournalFile").field("path", &self.store.path()).finish_non_exhaustive()
    }
}

impl JournalFile {
    /// Open the journal in `folder`, as it was left, even by a kill.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let (file, path) = file_of(folder);
        let backend = match File::open(&file) {
            Ok(file) => FileBackend::new(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(JournalError::Absent { path });
            }
            Err(error) => return Err(from_io(path, &error)),
        };
        let backend =
            backend.map_err(|error| JournalError::Io { path, reason: error.to_string() })?;
        Self::open_on(backend, &file_of(folder).1)
    }

    /// Open the journal on a disk of the caller's; `name` is what errors call it.
    pub fn open_on(backend: impl StorageBackend, name: &str) -> Result<Self, JournalError> {
        let path = name.to_owned();
        let under: Disk = Arc::new(backend);
        if under.len().map_err(|error| from_io(path.clone(), &error))? == 0 {
            return Err(JournalError::NotOurs { path, reason: "it is empty".to_owned() });
        }
        let over = Overlay::new(under).map_err(|error| from_io(path.clone(), &error))?;
        let store = Store::open(Arc::new(over), path.clone())?;
        let found = store.inspect()?.ok_or(JournalError::Absent { path })?;
        Ok(Self { store, found })
    }

    /// The bytes it was begun with.
    pub fn header(&self) -> &[u8] {
        &self.found.header
    }

    /// The number of the last entry; 0 without any.
    pub const fn last(&self) -> u64 {
        self.found.tail.entries
    }

    /// What was passed over when it was opened, a line each; mostly empty.
    pub fn remarks(&self) -> &[String] {
        &self.found.remarks
    }

    /// The entries after number `after`, at most `entries_max`, oldest first.
    pub fn entries(&self, after: u64, entries_max: usize) -> Result<Vec<Entry>, JournalError> {
        self.store.entries(after, entries_max)
    }

    /// The snapshots that are sound, newest first.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, JournalError> {
        self.store.snapshots()
    }

    /// What was noted of every snapshot there ever was, oldest first.
    pub fn notes(&self) -> Result<Vec<Note>, JournalError> {
        self.store.notes()
    }

    /// Every opening of it for writing, oldest first.
    pub fn epochs(&self) -> Result<Vec<Epoch>, JournalError> {
        self.store.epochs()
    }

    /// Let go of the file. Dropping it does the same.
    pub fn close(self) -> Result<(), JournalError> {
        self.store.close()
    }
}
