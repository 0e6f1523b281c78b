//! Whether one book can be kept, for venues that tell a book by a snapshot and what changes in it.
//!
//! A book that lost something is asked for once: [`Heard::Resync`](super::Heard) is a venue's work,
//! and asking with every message that comes meanwhile would begin it again and again.

use crate::book::Integrity;
use crate::event::Event;
use crate::instrument::InstrumentId;
use crate::units::Nanos;

/// One book's state, by its venue's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sync {
    state: State,
    /// Levels were told since the last gap.
    told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// No snapshot was seen.
    #[default]
    Syncing,
    Live,
    /// Something was lost, and nobody was told to ask for it yet.
    Lost,
    /// A snapshot was asked for.
    Asked,
}

impl Sync {
    /// Whether what changes in the book can be applied.
    pub(super) const fn is_live(self) -> bool {
        matches!(self.state, State::Live)
    }

    /// As others see it.
    pub(super) const fn integrity(self) -> Integrity {
        match self.state {
            State::Syncing => Integrity::Syncing,
            State::Live => Integrity::Live,
            State::Lost | State::Asked => Integrity::Gap,
        }
    }

    /// A snapshot was told.
    pub(super) const fn on_snapshot(&mut self) {
        (self.state, self.told) = (State::Live, true);
    }

    /// Something of the book was lost, maybe the snapshot that was asked for: it has to be asked
    /// for again.
    pub(super) fn on_loss(
        &mut self,
        instrument: InstrumentId,
        ts: Nanos,
        tell: &mut impl FnMut(&Event),
    ) {
        self.forget(instrument, ts, tell);
        self.state = State::Lost;
    }

    /// Nothing more is told of the book until its next snapshot, as was asked for.
    pub(super) fn on_end(
        &mut self,
        instrument: InstrumentId,
        ts: Nanos,
        tell: &mut impl FnMut(&Event),
    ) {
        self.forget(instrument, ts, tell);
        self.state = State::Asked;
    }

    /// A new connection knows nothing.
    pub(super) fn on_connect(
        &mut self,
        instrument: InstrumentId,
        ts: Nanos,
        tell: &mut impl FnMut(&Event),
    ) {
        self.forget(instrument, ts, tell);
        self.state = State::Syncing;
    }

    /// Whether a snapshot has to be asked for, which nobody was told yet.
    pub(super) const fn is_lost(self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Somebody was told to ask for a snapshot.
    pub(super) const fn on_asked(&mut self) {
        self.state = State::Asked;
    }

    fn forget(&mut self, instrument: InstrumentId, ts: Nanos, tell: &mut impl FnMut(&Event)) {
        if self.told {
            self.told = false;
            tell(&Event::Gap { instrument, ts });
        }
    }
}
