//! The first page of the file, which is ours; redb's file begins behind it.
//!
//! It says whose file this is, and bears *witness*: how much was durable. redb commits with one
//! sync and, after a crash, takes a last commit that does not check for one that was torn, and goes
//! back to the one before. It cannot know that this commit had been reported as durable and was
//! damaged later. The witness can: it is written after each commit, without a sync of its own, so
//! it outlives a kill at once and a power cut but for the last commit before it. A store that knows
//! less than its witness is damaged.

use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{BackendError, StorageBackend};

use crate::chain::{Link, START, seal, take};

/// How far redb's file is moved back: a page, so that its pages still lie on the disk's.
pub(crate) const FRONT_BYTES: u64 = 4_096;

/// What a journal begins with; the last three digits are the version of the whole format.
pub(crate) const MAGIC: [u8; 16] = *b"BOT4 journal 001";

/// In a sector of its own: writing it never touches the magic.
const WITNESS_AT: u64 = 512;
const WITNESS_BYTES: usize = 60;
/// What redb's own file begins with.
const REDB_MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// The disk as it was handed in, shared by redb and the witness.
pub(crate) type Disk = Arc<dyn StorageBackend>;

/// Whose file this is.
pub(crate) enum Owner {
    /// A journal, or an empty file that has now become one.
    Ours,
    /// Something else; the reason, in words.
    Other(&'static str),
}

/// Look at the magic; an empty disk is given one, durable before anything else is written.
///
/// An instance that lost the race to the lock may come here too: it writes what is already there.
pub(crate) fn claim(disk: &Disk) -> io::Result<Owner> {
    let size = disk.len()?;
    let mut found = [0; MAGIC.len()];
    let Some(head) = usize::try_from(size).map_or(None, |size| found.get_mut(..size)) else {
        disk.read(0, &mut found)?;
        return Ok(judge(&found));
    };
    disk.read(0, head)?;
    // A disk that died while these bytes were written has some of them, and zeros.
    if found.iter().zip(&MAGIC).all(|(byte, wanted)| *byte == 0 || byte == wanted) {
        disk.write(0, &MAGIC)?;
        disk.sync_data()?;
        return Ok(Owner::Ours);
    }
    Ok(judge(&found))
}

fn judge(found: &[u8; MAGIC.len()]) -> Owner {
    if *found == MAGIC {
        return Owner::Ours;
    }
    let (name, _) = MAGIC.split_at(MAGIC.len() - 3);
    if found.starts_with(name) {
        return Owner::Other("it is of another version of the format");
    }
    Owner::Other("it does not begin like one")
}

/// What was durable when it was last written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Witness {
    /// The last entry, and its link.
    pub(crate) entries: u64,
    pub(crate) link: Link,
    /// The epoch of the last open.
    pub(crate) epoch: u32,
    /// Where the reserved order sequences end; 0 before the first block.
    pub(crate) reserved: u64,
    /// How many notes there are.
    pub(crate) notes: u64,
}

impl Witness {
    /// Read it; None where there is none yet, or where it was damaged itself.
    pub(crate) fn read(disk: &Disk) -> io::Result<Option<Self>> {
        if disk.len()? < FRONT_BYTES {
            return Ok(None);
        }
        let mut bytes = [0; WITNESS_BYTES];
        disk.read(WITNESS_AT, &mut bytes)?;
        Ok(Self::decode(&bytes))
    }

    /// Write it. The next sync makes it durable.
    pub(crate) fn write(&self, disk: &Disk) -> io::Result<()> {
        disk.write(WITNESS_AT, &self.encode())
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(WITNESS_BYTES);
        bytes.extend_from_slice(&self.entries.to_le_bytes());
        bytes.extend_from_slice(&self.link);
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.extend_from_slice(&self.reserved.to_le_bytes());
        bytes.extend_from_slice(&self.notes.to_le_bytes());
        let seal = seal(&[b"witness", &bytes]);
        bytes.extend_from_slice(&seal);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (told, check) = bytes.split_at_checked(WITNESS_BYTES - START.len())?;
        if seal(&[b"witness", told]) != check {
            return None;
        }
        let mut rest = told;
        Some(Self {
            entries: u64::from_le_bytes(take(&mut rest)?),
            link: take(&mut rest)?,
            epoch: u32::from_le_bytes(take(&mut rest)?),
            reserved: u64::from_le_bytes(take(&mut rest)?),
            notes: u64::from_le_bytes(take(&mut rest)?),
        })
    }
}

/// The disk behind the front page, as redb sees it. Locks are passed on as they are.
#[derive(Debug)]
pub(crate) struct Behind {
    disk: Disk,
    looked: AtomicBool,
}

impl Behind {
    pub(crate) const fn new(disk: Disk) -> Self {
        Self { disk, looked: AtomicBool::new(false) }
    }

    /// Whether a machine died while redb made its file, which redb takes for a foreign one.
    ///
    /// Its magic comes last. An open that returned has left a witness, so without either nothing
    /// was ever promised; one of the two alone is damage, and stays as it is.
    fn is_half_made(&self, size: u64) -> io::Result<bool> {
        let mut witness = [0; WITNESS_BYTES];
        let mut magic = [0; REDB_MAGIC.len()];
        if size >= WITNESS_AT + WITNESS_BYTES as u64 {
            self.disk.read(WITNESS_AT, &mut witness)?;
        }
        if size >= FRONT_BYTES + magic.len() as u64 {
            self.disk.read(FRONT_BYTES, &mut magic)?;
        }
        Ok(witness == [0; WITNESS_BYTES] && magic != REDB_MAGIC)
    }

    /// Look once, when redb has the lock and asks how much there is: nobody else makes this file.
    fn look(&self) -> io::Result<()> {
        let size = self.disk.len()?;
        if self.is_half_made(size)? {
            return self.disk.set_len(MAGIC.len() as u64);
        }
        if size <= FRONT_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is cut short"));
        }
        Ok(())
    }
}

impl StorageBackend for Behind {
    fn len(&self) -> io::Result<u64> {
        if !self.looked.swap(true, Ordering::AcqRel) {
            self.look()?;
        }
        Ok(self.disk.len()?.saturating_sub(FRONT_BYTES))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read(moved(offset)?, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.set_len(moved(len)?)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.write(moved(offset)?, data)
    }

    fn close(&self) -> io::Result<()> {
        self.disk.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.disk.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.disk.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.disk.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.disk.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.disk.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.disk.query_lock_range(start, end)
    }
}

/// Damaged bytes may name any offset: one that leaves 64 bits is an error, not an overflow.
fn moved(offset: u64) -> io::Result<u64> {
    offset.checked_add(FRONT_BYTES).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "a page lies beyond what a file can hold")
    })
}
