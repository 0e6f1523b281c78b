//! Bytes of a venue → events, without a tree of values and without floats; no socket lives here.
//!
//! A message is parsed whole into scratch room before anything changes or is told: an error leaves
//! everything as it was, apart from its count. Each venue's synchronisation (what is buffered
//! before a snapshot, sequence numbers, checksums) lies beside its messages.

use crate::book::Integrity;
use crate::event::Event;
use crate::instrument::InstrumentId;
use crate::units::Nanos;

pub mod binance;
mod change;
pub mod coinbase;
pub mod cursor;
pub mod decimal;
pub mod digits;
mod fault;
mod fields;
pub mod kraken;
mod listing;
pub mod request;
pub mod sign;
mod sync;
mod time;

pub use fault::{DEPTH_MAX, FRAME_BYTES_MAX, LEVELS_MAX, WireError, WireErrorKind};
pub use listing::{LISTINGS_MAX, Listed, Listing, Roster, SYMBOL_BYTES_MAX};

/// Longest part of a venue's refusal that is kept.
pub const REFUSAL_BYTES_MAX: usize = 512;

/// What a message was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Something of a market.
    Market,
    /// A heartbeat, an acknowledgement, or something of a symbol that is not listed.
    Nothing,
    /// A message that we do not know.
    Unknown,
    /// The instrument's book cannot be kept: it has to be told anew, by unsubscribing and
    /// subscribing or by fetching the snapshot again.
    Resync(InstrumentId),
    /// The venue says how it is.
    Status(VenueStatus),
    /// The venue refuses what was asked.
    Refused(Refused),
}

/// How a venue says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VenueStatus {
    /// All is well.
    Online,
    /// Orders can only be canceled.
    CancelOnly,
    /// Orders can only make liquidity.
    PostOnly,
    /// It is closed for now.
    Maintenance,
    /// This connection is about to be closed: open another at once.
    ShuttingDown,
}

impl VenueStatus {
    /// The word in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::CancelOnly => "cancel_only",
            Self::PostOnly => "post_only",
            Self::Maintenance => "maintenance",
            Self::ShuttingDown => "shutting_down",
        }
    }
}

/// A venue's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The venue's code, where it has one.
    pub code: Option<i64>,
    /// The venue's words, cut after [`REFUSAL_BYTES_MAX`].
    pub message: String,
}

impl Refused {
    /// A refusal in these words, as they are written.
    #[must_use]
    pub fn new(code: Option<i64>, words: &[u8]) -> Self {
        let kept = words.get(..REFUSAL_BYTES_MAX).unwrap_or(words);
        Self { code, message: String::from_utf8_lossy(kept).into_owned() }
    }
}

/// What a decoder has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages, snapshots among them.
    pub frames: u64,
    /// Messages that we do not know.
    pub unknown: u64,
    /// Messages that were refused as malformed, or beyond a limit.
    pub malformed: u64,
    /// Messages that the venue sends and we do not take.
    pub unsupported: u64,
    /// Books that lost something, reconnections not counted.
    pub gaps: u64,
    /// Checksums that did not agree.
    pub checksums_failed: u64,
    /// Messages that were older than what is known already, or told twice.
    pub late: u64,
    /// Messages of symbols that are not listed.
    pub unlisted: u64,
}

impl Counts {
    /// Count an error.
    pub fn note(&mut self, error: &WireError) {
        match error.kind {
            WireErrorKind::Unsupported { .. } => self.unsupported += 1,
            WireErrorKind::Malformed { .. }
            | WireErrorKind::NumberTooFine
            | WireErrorKind::NumberTooLarge
            | WireErrorKind::TooLong { .. }
            | WireErrorKind::TooManyLevels { .. }
            | WireErrorKind::TooDeep { .. }
            | WireErrorKind::Unlistable { .. } => self.malformed += 1,
        }
    }
}

/// Refuse a message that is longer than [`FRAME_BYTES_MAX`].
#[inline]
pub(crate) fn check_length(frame: &[u8]) -> Result<(), WireError> {
    if frame.len() > FRAME_BYTES_MAX {
        let kind = WireErrorKind::TooLong { limit: FRAME_BYTES_MAX };
        return Err(WireError { kind, offset: FRAME_BYTES_MAX });
    }
    Ok(())
}

/// One venue's messages, made into events.
#[derive(Debug, Clone)]
pub enum Decoder {
    /// Binance spot.
    Binance(binance::Decoder),
    /// Kraken spot, WebSocket v2.
    Kraken(kraken::Decoder),
    /// Coinbase Advanced Trade.
    Coinbase(coinbase::Decoder),
}

/// The same call, whichever venue it is.
macro_rules! each {
    ($self:expr, $decoder:ident => $call:expr) => {
        match $self {
            Decoder::Binance($decoder) => $call,
            Decoder::Kraken($decoder) => $call,
            Decoder::Coinbase($decoder) => $call,
        }
    };
}

impl Decoder {
    /// The decoder of `binance`, `kraken` or `coinbase`.
    #[must_use]
    pub fn of(venue: &str) -> Option<Self> {
        match venue {
            "binance" => Some(Self::Binance(binance::Decoder::default())),
            "kraken" => Some(Self::Kraken(kraken::Decoder::default())),
            "coinbase" => Some(Self::Coinbase(coinbase::Decoder::default())),
            _ => None,
        }
    }

    /// Listen for an instrument: only what is listed is told.
    pub fn list(&mut self, listing: Listing) -> Result<(), WireError> {
        each!(self, decoder => decoder.list(listing))
    }

    /// A new connection: what was known is lost, and every book that was told has a gap.
    pub fn on_connect(&mut self, received: Nanos, tell: &mut impl FnMut(&Event)) {
        each!(self, decoder => decoder.on_connect(received, tell));
    }

    /// What was told last was not taken in: every book has a gap until it is told anew. Those that
    /// are not syncing must be asked for, as for [`Heard::Resync`].
    pub fn let_go(&mut self, received: Nanos, tell: &mut impl FnMut(&Event)) {
        each!(self, decoder => decoder.let_go(received, tell));
    }

    /// One message. Events carry `received`, or the venue's own time where that is zero.
    #[inline]
    pub fn on_frame(
        &mut self,
        frame: &[u8],
        received: Nanos,
        tell: &mut impl FnMut(&Event),
    ) -> Result<Heard, WireError> {
        each!(self, decoder => decoder.on_frame(frame, received, tell))
    }

    /// A REST answer with a book, which does not say of which symbol it is.
    pub fn on_snapshot(
        &mut self,
        symbol: &str,
        body: &[u8],
        received: Nanos,
        tell: &mut impl FnMut(&Event),
    ) -> Result<Heard, WireError> {
        each!(self, decoder => decoder.on_snapshot(symbol, body, received, tell))
    }

    /// What was seen.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        each!(self, decoder => decoder.counts())
    }

    /// Whether an instrument's book can be kept, by the venue's protocol: syncing, live or gap.
    #[must_use]
    pub fn integrity(&self, id: InstrumentId) -> Integrity {
        each!(self, decoder => decoder.integrity(id))
    }
}
