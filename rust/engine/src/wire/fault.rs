//! What is wrong with a message, and at which byte; the limits that a message must keep.

/// Longest message that is looked at.
pub const FRAME_BYTES_MAX: usize = 16 << 20;
/// Most levels of one message.
pub const LEVELS_MAX: usize = 200_000;
/// Deepest nesting of one message.
pub const DEPTH_MAX: u32 = 32;

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireErrorKind {
    /// It is not JSON, or not the message that it says it is.
    #[error("malformed: expected {expected}")]
    Malformed {
        /// What should stand there.
        expected: &'static str,
    },
    /// A price or size has digits beyond the scale of its instrument.
    #[error("a number has more decimal places than its instrument keeps")]
    NumberTooFine,
    /// A price or size does not fit its integer.
    #[error("a number is too large for its integer")]
    NumberTooLarge,
    /// It has too many bytes.
    #[error("the message is longer than {limit} bytes")]
    TooLong {
        /// How many there may be.
        limit: usize,
    },
    /// It has too many levels.
    #[error("the message has more than {limit} levels")]
    TooManyLevels {
        /// How many there may be.
        limit: usize,
    },
    /// It is nested too deeply.
    #[error("the message is nested deeper than {limit}")]
    TooDeep {
        /// How deep it may be.
        limit: u32,
    },
    /// It is a message that a book cannot be kept by, though the venue sends it.
    #[error("not supported: {what}")]
    Unsupported {
        /// Which.
        what: &'static str,
    },
    /// The instrument cannot be listed.
    #[error("the instrument cannot be listed: {why}")]
    Unlistable {
        /// What is wrong with it.
        why: &'static str,
    },
}

/// What is wrong with a message, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind}, at byte {offset}")]
pub struct WireError {
    /// What.
    pub kind: WireErrorKind,
    /// At which byte of the message.
    pub offset: usize,
}

impl WireError {
    /// Something else should stand at `offset`.
    #[must_use]
    pub const fn malformed(expected: &'static str, offset: usize) -> Self {
        Self { kind: WireErrorKind::Malformed { expected }, offset }
    }

    /// The venue sends it, and we do not take it.
    #[must_use]
    pub const fn unsupported(what: &'static str, offset: usize) -> Self {
        Self { kind: WireErrorKind::Unsupported { what }, offset }
    }
}
