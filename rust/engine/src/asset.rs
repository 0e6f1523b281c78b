//! What is owned: currencies and coins, by name.

use core::fmt;

use serde::{Deserialize, Serialize};

/// An asset, by its venue's name for it: up to 16 bytes, as they are written. It carries its name
/// with it, so no table is needed to read what was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Asset([u8; Self::LEN_MAX]);

impl Asset {
    /// Bytes of the longest name.
    pub const LEN_MAX: usize = 16;

    /// What prices are in where no venue says it: a history, a simulation.
    pub const CASH: Self = Self(*b"cash\0\0\0\0\0\0\0\0\0\0\0\0");

    /// The asset of a name; `None` where the name is empty, too long, or has a byte of nothing.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let bytes = name.as_bytes();
        if bytes.is_empty() || bytes.contains(&0) {
            return None;
        }
        let mut padded = [0; Self::LEN_MAX];
        padded.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self(padded))
    }

    /// The asset of any name that is not empty. One that is too long is called by a hash of it, so
    /// that two long names stay two assets.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self::named(name).unwrap_or_else(|| {
            let hash = blake3::hash(name.as_bytes()).to_hex();
            Self::named(hash.get(..Self::LEN_MAX).unwrap_or_default()).unwrap_or(Self::CASH)
        })
    }

    /// The bytes that it is written down as.
    #[must_use]
    pub const fn bytes(self) -> [u8; Self::LEN_MAX] {
        self.0
    }

    /// The asset that was written down as these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LEN_MAX]) -> Option<Self> {
        let name = core::str::from_utf8(&bytes).ok()?;
        Self::named(name.trim_end_matches('\0'))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        let text = core::str::from_utf8(&self.0).unwrap_or_default();
        text.trim_end_matches('\0')
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
