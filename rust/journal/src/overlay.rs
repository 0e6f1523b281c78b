//! A disk seen for reading: what would be written stays in memory.
//!
//! redb repairs a file that was not closed, and writes to do so. Whoever only reads must not: the
//! file may belong to someone else, be evidence, or lie on a disk that cannot be written. A repair
//! writes a few pages, whatever the size of the file, so memory stays small.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{BackendError, StorageBackend};

use crate::front::Disk;

const PAGE_BYTES: u64 = 4_096;

/// A disk that is never written. Its locks are shared ones: readers do not shut readers out.
#[derive(Debug)]
pub(crate) struct Overlay {
    under: Disk,
    over: Mutex<Over>,
}

#[derive(Debug)]
struct Over {
    size: u64,
    /// How much of the disk below can still be seen: what was cut off once does not come back.
    seen: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    pub(crate) fn new(under: Disk) -> io::Result<Self> {
        let size = under.len()?;
        Ok(Self { under, over: Mutex::new(Over { size, seen: size, pages: BTreeMap::new() }) })
    }

    fn over(&self) -> MutexGuard<'_, Over> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn page_below(&self, seen: u64, page: u64) -> io::Result<Vec<u8>> {
        let start = page.saturating_mul(PAGE_BYTES);
        let mut bytes = vec![0; PAGE_BYTES as usize];
        let there = seen.saturating_sub(start).min(PAGE_BYTES);
        match bytes.get_mut(..usize::try_from(there).unwrap_or(0)) {
            Some(head) if !head.is_empty() => self.under.read(start, head)?,
            Some(_) | None => {}
        }
        Ok(bytes)
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.over().size)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let over = self.over();
        let end = offset.checked_add(out.len() as u64).filter(|end| *end <= over.size);
        let Some(end) = end else {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        };
        let touched = offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES);
        if end <= over.seen && over.pages.range(touched).next().is_none() {
            return self.under.read(offset, out);
        }
        let (mut at, mut rest) = (offset, out);
        while !rest.is_empty() {
            let (page, from) = (at / PAGE_BYTES, (at % PAGE_BYTES) as usize);
            let below;
            let bytes = match over.pages.get(&page) {
                Some(bytes) => bytes,
                None => {
                    below = self.page_below(over.seen, page)?;
                    &below
                }
            };
            let source = bytes.get(from..).unwrap_or_default();
            let count = source.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(source.get(..count).unwrap_or_default());
            (at, rest) = (at + count as u64, later);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut over = self.over();
        if len < over.size {
            over.seen = over.seen.min(len);
            let _cut = over.pages.split_off(&len.div_ceil(PAGE_BYTES));
            let (last, kept) = (len / PAGE_BYTES, (len % PAGE_BYTES) as usize);
            if let Some(tail) = over.pages.get_mut(&last).and_then(|page| page.get_mut(kept..)) {
                tail.fill(0);
            }
        }
        over.size = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut over = self.over();
        let (mut at, mut rest) = (offset, data);
        while !rest.is_empty() {
            let (page, from) = (at / PAGE_BYTES, (at % PAGE_BYTES) as usize);
            if !over.pages.contains_key(&page) {
                let below = self.page_below(over.seen, page)?;
                over.pages.insert(page, below);
            }
            let count = rest.len().min(PAGE_BYTES as usize - from);
            let (now, later) = rest.split_at(count);
            let into = over.pages.get_mut(&page).and_then(|page| page.get_mut(from..from + count));
            if let Some(into) = into {
                into.copy_from_slice(now);
            }
            (at, rest) = (at + count as u64, later);
        }
        over.size = over.size.max(at);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.under.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.under.try_lock_shared_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.under.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.under.lock_shared_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.under.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.under.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.under.query_lock_range(start, end)
    }
}
