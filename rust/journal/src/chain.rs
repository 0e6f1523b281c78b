//! The check of each entry, which hangs on all entries before it, and how values lie in the store.
//!
//! redb's own checksums find bytes that changed. The chain finds what they cannot: an entry
//! altered, taken out or put elsewhere by something that wrote a sound B-tree.

/// The check of an entry: 16 bytes of BLAKE3, enough that none is met by chance.
pub(crate) type Link = [u8; 16];

/// What the first entry hangs on.
pub(crate) const START: Link = [0; 16];

/// The check of an entry, given that of the entry before.
pub(crate) fn link(previous: &Link, number: u64, event: u64, payload: &[u8]) -> Link {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous);
    hasher.update(&number.to_le_bytes());
    hasher.update(&event.to_le_bytes());
    hasher.update(payload);
    shortened(&hasher)
}

/// The check of what stands alone: a note, a snapshot, the witness.
pub(crate) fn seal(parts: &[&[u8]]) -> Link {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    shortened(&hasher)
}

fn shortened(hasher: &blake3::Hasher) -> Link {
    let mut link = START;
    hasher.finalize_xof().fill(&mut link);
    link
}

/// An entry's value in the store: check, event, payload.
pub(crate) fn entry_into(value: &mut Vec<u8>, link: &Link, event: u64, payload: &[u8]) {
    value.clear();
    value.extend_from_slice(link);
    value.extend_from_slice(&event.to_le_bytes());
    value.extend_from_slice(payload);
}

/// Check, event and payload of an entry's value; None where it is too short.
pub(crate) fn entry_from(mut value: &[u8]) -> Option<(Link, u64, &[u8])> {
    let link = take(&mut value)?;
    let event = u64::from_le_bytes(take(&mut value)?);
    Some((link, event, value))
}

/// A note's value: check, note.
pub(crate) fn note_bytes(entry: u64, event: u64, note: &[u8]) -> Vec<u8> {
    let seal = seal(&[b"note", &entry.to_le_bytes(), &event.to_le_bytes(), note]);
    [&seal, note].concat()
}

/// The note in its value; None where the check does not agree.
pub(crate) fn note_from(entry: u64, event: u64, mut value: &[u8]) -> Option<&[u8]> {
    let found: Link = take(&mut value)?;
    let wanted = seal(&[b"note", &entry.to_le_bytes(), &event.to_le_bytes(), value]);
    (found == wanted).then_some(value)
}

/// A snapshot's value: check, the link of its entry, its bytes.
pub(crate) fn snapshot_bytes(entry: u64, event: u64, link: &Link, bytes: &[u8]) -> Vec<u8> {
    [&snapshot_seal(entry, event, link, bytes), link, bytes].concat()
}

/// Link and bytes of a snapshot's value; None where the check does not agree.
pub(crate) fn snapshot_from(entry: u64, event: u64, mut value: &[u8]) -> Option<(Link, &[u8])> {
    let found: Link = take(&mut value)?;
    let link = take(&mut value)?;
    (found == snapshot_seal(entry, event, &link, value)).then_some((link, value))
}

fn snapshot_seal(entry: u64, event: u64, link: &Link, bytes: &[u8]) -> Link {
    seal(&[b"snapshot", &entry.to_le_bytes(), &event.to_le_bytes(), link, bytes])
}

/// Take the first `N` bytes off `rest`.
pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*first)
}
