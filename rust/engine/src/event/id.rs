//! The names that orders and trades go by: ours for an order, the venue's for a trade.

use serde::{Deserialize, Serialize};

/// Our name for an order, never used twice: the epoch of the start above, a sequence below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId(u64);

impl OrderId {
    /// Length of [`OrderId::client_text`]; it fits every venue's limit.
    pub const CLIENT_TEXT_LEN: usize = 13;

    /// The id of the `sequence`-th order since the start numbered `epoch`.
    #[must_use]
    pub const fn new(epoch: u32, sequence: u32) -> Self {
        Self(((epoch as u64) << 32) | sequence as u64)
    }

    /// The number behind it.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The epoch in it: which start it was.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "the upper half is what is wanted")]
    pub const fn epoch(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The sequence in it: how many orders came before, over all starts.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    pub const fn sequence(self) -> u32 {
        self.0 as u32
    }

    /// The id that has this number.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The id that a venue tells back; `None` where the text is none of ours.
    #[must_use]
    pub fn from_client_text(text: &str) -> Option<Self> {
        if text.len() != Self::CLIENT_TEXT_LEN {
            return None;
        }
        text.bytes()
            .try_fold(0_u64, |number, byte| {
                let digit = match byte {
                    b'A'..=b'Z' => byte - b'A',
                    b'2'..=b'7' => byte - b'2' + 26,
                    _ => return None,
                };
                number.checked_mul(32)?.checked_add(u64::from(digit))
            })
            .map(Self)
    }

    /// What the venue is told: base32 (RFC 4648 digits, without padding), most significant first.
    #[must_use]
    pub fn client_text(self) -> String {
        const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        (0..Self::CLIENT_TEXT_LEN)
            .rev()
            .map(|place| {
                let digit = (self.0 >> (5 * place)) & 31;
                let index = usize::try_from(digit).unwrap_or(0);
                char::from(DIGITS.get(index).copied().unwrap_or(b'A'))
            })
            .collect()
    }
}

/// A venue's name for one trade, by which a fill that is told twice is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TradeId(u128);

impl TradeId {
    /// A trade that its venue counts.
    #[must_use]
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// The number behind it.
    #[must_use]
    pub const fn number(self) -> u128 {
        self.0
    }

    /// A trade that its venue names: digits are the number they say, other words a hash of 127 bits
    /// behind a bit that no number has.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        const NAMED: u128 = 1 << 127;
        match text.parse::<u128>() {
            Ok(number) if number < NAMED => Self(number),
            Ok(_) | Err(_) => {
                let hash = blake3::hash(text.as_bytes());
                let first = hash.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
                Self(u128::from_le_bytes(first) | NAMED)
            }
        }
    }
}
