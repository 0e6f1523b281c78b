//! Whether one book can be kept, for venues that tell a book by a snapshot and what changes in it.
//!
//! A book that lost something is asked for once: [`Heard::Resync`](super::Heard) is a venue's work,
//! and asking with every message that comes meanwhile would begin it again and again.

use crate::book::Integrity;
use crate::event::{Event, Tick, TickKind};
use crate::instrument::InstrumentId;
use crate::units::Nanos;

/// What was told of an instrument, which decides what has to be taken back when it is not true any
/// more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Told {
    #[default]
    Nothing,
    /// The touch by itself, and never a level.
    Touch,
    Levels,
    /// A gap, which only a snapshot heals.
    Gap,
}

impl Told {
    /// The venue told the touch by itself.
    #[inline]
    pub(super) const fn on_touch(&mut self) {
        if matches!(self, Self::Nothing) {
            *self = Self::Touch;
        }
    }

    /// A book was told whole.
    pub(super) const fn on_levels(&mut self) {
        *self = Self::Levels;
    }

    /// Something of the book was lost: whatever was told of the market, it is not believed.
    pub(super) fn on_loss(
        &mut self,
        instrument: InstrumentId,
        ts: Nanos,
        tell: &mut impl FnMut(&Event),
    ) {
        if *self != Self::Gap {
            *self = Self::Gap;
            tell(&Event::Gap { instrument, ts });
        }
    }

    /// The connection that told it is gone. Where the touch came by itself nothing would ever
    /// clear the book, so that is told as well: the next touch heals it.
    pub(super) fn on_connect(
        &mut self,
        instrument: InstrumentId,
        ts: Nanos,
        tell: &mut impl FnMut(&Event),
    ) {
        match self {
            Self::Nothing | Self::Gap => {}
            Self::Levels => self.on_loss(instrument, ts, tell),
            Self::Touch => {
                self.on_loss(instrument, ts, tell);
                *self = Self::Nothing;
                tell(&Event::Tick(Tick { instrument, ts, last: false, kind: TickKind::Clear }));
            }
        }
    }
}

/// One book's state, by its venue's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sync {
    state: State,
    told: Told,
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
        self.state = State::Live;
        self.told.on_levels();
    }

    /// The venue told the touch by itself.
    #[inline]
    pub(super) const fn on_touch(&mut self) {
        self.told.on_touch();
    }

    /// Something of the book was lost, maybe the snapshot that was asked for: it has to be asked
    /// for again.
    pub(super) fn on_loss(
        &mut self,
        instrument: InstrumentId,
        ts: Nanos,
        tell: &mut impl FnMut(&Event),
    ) {
        self.told.on_loss(instrument, ts, tell);
        self.state = State::Lost;
    }

    /// Nothing more is told of the book until its next snapshot, as was asked for.
    pub(super) fn on_end(
        &mut self,
        instrument: InstrumentId,
        ts: Nanos,
        tell: &mut impl FnMut(&Event),
    ) {
        if self.told == Told::Levels {
            self.told.on_loss(instrument, ts, tell);
        }
        self.state = State::Asked;
    }

    /// A new connection knows nothing.
    pub(super) fn on_connect(
        &mut self,
        instrument: InstrumentId,
        ts: Nanos,
        tell: &mut impl FnMut(&Event),
    ) {
        self.told.on_connect(instrument, ts, tell);
        self.state = State::Syncing;
    }

    /// What was told last was not taken in. Whoever let it go asks for the snapshot; where there
    /// was no book there is none to ask for.
    pub(super) fn let_go(
        &mut self,
        instrument: InstrumentId,
        ts: Nanos,
        tell: &mut impl FnMut(&Event),
    ) {
        if self.state == State::Syncing {
            self.told.on_connect(instrument, ts, tell);
        } else {
            self.told.on_loss(instrument, ts, tell);
            self.state = State::Asked;
        }
    }

    /// Whether a snapshot has to be asked for, which nobody was told yet.
    pub(super) const fn is_lost(self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Somebody was told to ask for a snapshot.
    pub(super) const fn on_asked(&mut self) {
        self.state = State::Asked;
    }
}
