//! What can go wrong with a journal: one kind for each thing a person would do about it.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a journal cannot be opened, written or read. Each is one line: what, where, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another process, or another part of this one, has it open.
    #[error("journal {path} is in use by another run: stop that run, or choose another folder")]
    InUse {
        /// The file.
        path: String,
    },
    /// There is none to read.
    #[error("there is no journal at {path}: name the folder of a run")]
    Absent {
        /// The file.
        path: String,
    },
    /// The file is something else.
    #[error("{path} is not a journal of BOT4 ({reason}): choose another folder, or move it away")]
    NotOurs {
        /// The file.
        path: String,
        /// What gave it away.
        reason: String,
    },
    /// Bytes that were written are not what is read.
    #[error(
        "journal {path} is damaged: {what}; keep it aside and bring back a copy, or begin anew"
    )]
    Damaged {
        /// The file.
        path: String,
        /// The entry at which it shows, where it is one.
        entry: Option<u64>,
        /// What does not agree.
        what: String,
    },
    /// It was begun with another header.
    #[error(
        "journal {path} was begun with another configuration: run with that one, or choose \
         another folder"
    )]
    OtherConfiguration {
        /// The file.
        path: String,
    },
    /// No space, or no quota, is left.
    #[error("the disk of journal {path} is full: free some space, then start again")]
    Full {
        /// The file.
        path: String,
    },
    /// The file or its folder may not be written.
    #[error("journal {path} cannot be written ({reason}): allow it, or choose another folder")]
    NotWritable {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The disk, or the system, failed otherwise.
    #[error("journal {path} failed: {reason}; check the disk, then start again")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A write failed before: nothing is accepted any more, and nothing later is durable.
    #[error("journal {path} takes nothing more, a write failed before: {cause}")]
    Failed {
        /// The file.
        path: String,
        /// The first failure.
        cause: Box<JournalError>,
    },
    /// The disk did not answer in time; what waited is not known to be durable.
    #[error("journal {path}: the disk gave no answer for {waited_s} s; check it, then start again")]
    Stalled {
        /// The file.
        path: String,
        /// How long was waited.
        waited_s: u64,
    },
    /// A payload, note or snapshot is above its limit.
    #[error("journal {path}: {what} of {bytes} bytes is more than {bytes_max}: make it smaller")]
    TooLarge {
        /// The file.
        path: String,
        /// What was to be written.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// An entry was named that was never appended.
    #[error("journal {path} has no entry {entry}, the last is {last}: append it first")]
    NoSuchEntry {
        /// The file.
        path: String,
        /// The number asked for.
        entry: u64,
        /// The last number given out.
        last: u64,
    },
}

/// What a step on the store ran into, before it is known which file it was.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// redb's own word.
    Store(redb::Error),
    /// Found by our checks.
    Damaged { entry: Option<u64>, what: String },
    /// The header differs.
    OtherConfiguration,
    /// Not a journal of ours.
    NotOurs(String),
}

impl<E: Into<redb::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

impl Trouble {
    /// Damage that is not at one entry.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { entry: None, what: what.into() }
    }

    /// Damage that shows at `entry`.
    pub(crate) fn at(entry: u64, what: &str) -> Self {
        Self::Damaged { entry: Some(entry), what: format!("entry {entry} {what}") }
    }

    fn told(self, path: &str) -> JournalError {
        let path = path.to_owned();
        match self {
            Self::Store(error) => from_redb(path, &error),
            Self::Damaged { entry, what } => JournalError::Damaged { path, entry, what },
            Self::OtherConfiguration => JournalError::OtherConfiguration { path },
            Self::NotOurs(reason) => JournalError::NotOurs { path, reason },
        }
    }
}

fn from_redb(path: String, error: &redb::Error) -> JournalError {
    use redb::Error as E;
    if let E::Io(error) = error {
        return from_io(path, error);
    }
    if matches!(error, E::DatabaseAlreadyOpen | E::LockProtocolMismatch) {
        return JournalError::InUse { path };
    }
    if matches!(error, E::UpgradeRequired(_)) {
        return JournalError::NotOurs { path, reason: error.to_string() };
    }
    let lasting = matches!(
        error,
        E::Corrupted(_)
            | E::TableDoesNotExist(_)
            | E::TableTypeMismatch { .. }
            | E::TableIsMultimap(_)
            | E::TypeDefinitionChanged { .. }
    );
    if lasting {
        return JournalError::Damaged { path, entry: None, what: error.to_string() };
    }
    JournalError::Io { path, reason: error.to_string() }
}

/// The kind of an error of the system.
pub(crate) fn from_io(path: String, error: &io::Error) -> JournalError {
    use io::ErrorKind as K;
    let (kind, reason) = (error.kind(), error.to_string());
    if matches!(kind, K::StorageFull | K::QuotaExceeded | K::FileTooLarge) {
        return JournalError::Full { path };
    }
    if matches!(
        kind,
        K::PermissionDenied
            | K::ReadOnlyFilesystem
            | K::NotADirectory
            | K::IsADirectory
            | K::AlreadyExists
    ) {
        return JournalError::NotWritable { path, reason };
    }
    // redb's word for a file that is not one of its own, and for a read past the end of one.
    if matches!(kind, K::InvalidData | K::UnexpectedEof) {
        return JournalError::Damaged { path, entry: None, what: reason };
    }
    JournalError::Io { path, reason }
}

/// Do one step on the store; every error of it, and every panic, is told with its file.
///
/// The net is for redb: it checks the pages it reads at an open, and asserts afterwards. Bytes that
/// go bad under a running process may reach such an assertion, and trading has to learn of it as of
/// any other failure. Nothing is used again after a panic: the writer fails for good.
pub(crate) fn guarded<T>(
    path: &str,
    step: impl FnOnce() -> Result<T, Trouble>,
) -> Result<T, JournalError> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(done) => done.map_err(|trouble| trouble.told(path)),
        Err(panic) => Err(Trouble::damaged(words(panic.as_ref())).told(path)),
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
    format!("the store gave up: {}", text.lines().next().unwrap_or_default())
}
