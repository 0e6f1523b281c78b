//! Market data → what may be believed of a market: its levels, its touch, the mark made of it.
//!
//! Bars give the last price, quotes the touch, ticks every level. Integrity is a state: only a book
//! that is [`Integrity::Live`] has a mark, so that nothing is traded on any other.

use serde::{Deserialize, Serialize};

use crate::event::{Quote, Side, Tick, TickKind};
use crate::exposure::{Mark, Sight};
use crate::units::{Nanos, Price, Qty};

mod grid;
mod ladder;
mod levels;
mod ranks;
mod top;
mod turnover;
mod window;

pub use ladder::Ladder;
pub use turnover::Turnover;

/// Whether a book can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Integrity {
    /// It has not been told whole yet.
    #[default]
    Syncing,
    /// It is what the venue says.
    Live,
    /// Something of it was lost on the way.
    Gap,
    /// Its best bid is not below its best ask, or one of them is missing.
    Crossed,
    /// Nothing was told for too long.
    Stale,
}

impl Integrity {
    /// The word in reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syncing => "syncing",
            Self::Live => "live",
            Self::Gap => "gap",
            Self::Crossed => "crossed",
            Self::Stale => "stale",
        }
    }
}

/// Best bid and best ask, with what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Highest bid.
    pub bid: Price,
    /// How much base it holds.
    pub bid_qty: Qty,
    /// Lowest ask.
    pub ask: Price,
    /// How much base it holds.
    pub ask_qty: Qty,
}

/// One instrument's market data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Book {
    ladder: Ladder,
    touch: Option<Touch>,
    mark: Option<Mark>,
    integrity: Integrity,
    /// A quote or a tick was told: there is a book, and bars do not speak for it.
    told: Option<Nanos>,
    past: Past,
}

/// How long a mark stays the one of before: what is compared is one to two of these old.
const PAST: i64 = 60_000_000_000;

/// The mark as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Past {
    /// One to two minutes ago.
    before: Price,
    /// When the minute began.
    began: Price,
    since: Nanos,
}

impl Past {
    #[inline]
    fn on_mark(&mut self, mark: Mark) {
        let passed = mark.ts.mantissa().wrapping_sub(self.since.mantissa());
        if (passed >= PAST) | self.before.is_zero() {
            self.turn(mark, (passed >= 2 * PAST) | self.before.is_zero());
        }
    }

    /// Another minute; where nothing was told for longer, nothing is known of before.
    #[cold]
    fn turn(&mut self, mark: Mark, forgotten: bool) {
        let before = if forgotten { mark.price } else { self.began };
        *self = Self { before, began: mark.price, since: mark.ts };
    }
}

impl Book {
    /// A bar closed at `price`. Where a book was told, it alone speaks of the price: no bar heals
    /// it, and none makes an old one young.
    pub fn on_close(&mut self, price: Price, ts: Nanos) {
        if self.told.is_none() {
            let mark = Mark { price, ts };
            self.past.on_mark(mark);
            self.mark = Some(mark);
        }
    }

    /// The venue told the touch by itself.
    #[inline]
    pub fn on_quote(&mut self, quote: &Quote) {
        let Quote { bid, bid_qty, ask, ask_qty, .. } = *quote;
        // A touch says nothing of levels that were lost.
        if self.integrity != Integrity::Gap {
            self.settle(Touch { bid, bid_qty, ask, ask_qty }, quote.ts);
        }
    }

    /// A market changed; where the message ends with it, the touch and the mark are made anew.
    #[inline]
    pub fn on_tick(&mut self, tick: &Tick) {
        match tick.kind {
            TickKind::Level { side, price, qty } => self.ladder.set(side, price, qty),
            TickKind::Clear => {
                self.ladder.clear();
                self.integrity = Integrity::Syncing;
            }
            TickKind::Trade { .. } => return,
        }
        if tick.last && self.integrity != Integrity::Gap {
            let (bid, bid_qty) = self.ladder.best_level(Side::Buy).unwrap_or_default();
            let (ask, ask_qty) = self.ladder.best_level(Side::Sell).unwrap_or_default();
            self.settle(Touch { bid, bid_qty, ask, ask_qty }, tick.ts);
        }
    }

    /// Something was lost: nothing is believed until the book is cleared and told anew.
    pub fn on_gap(&mut self, ts: Nanos) {
        self.integrity = Integrity::Gap;
        (self.touch, self.mark, self.told) = (None, None, Some(ts));
    }

    /// The mark becomes the mid, rounded down; a crossed or empty touch takes it away.
    #[inline]
    fn settle(&mut self, touch: Touch, ts: Nanos) {
        let (bid, ask) = (touch.bid.mantissa(), touch.ask.mantissa());
        self.told = Some(ts);
        if bid > 0 && bid < ask {
            self.integrity = Integrity::Live;
            self.touch = Some(touch);
            let mark = Mark { price: Price::new(bid + (ask - bid) / 2), ts };
            self.past.on_mark(mark);
            self.mark = Some(mark);
        } else {
            self.integrity = Integrity::Crossed;
            (self.touch, self.mark) = (None, None);
        }
    }

    /// Whether it can be believed at `now`, where nothing told for `age_max` makes it stale.
    #[must_use]
    pub fn integrity(&self, now: Nanos, age_max: Nanos) -> Integrity {
        let age = self.told.map_or(0, |told| now.mantissa().saturating_sub(told.mantissa()));
        if self.integrity == Integrity::Live && age > age_max.mantissa() {
            Integrity::Stale
        } else {
            self.integrity
        }
    }

    /// Whether a quote or a tick was told: then bars do not speak for it.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// Highest bid and lowest ask, where they are known and not crossed.
    #[must_use]
    pub fn touch(&self) -> Option<Touch> {
        self.touch
    }

    /// The price to value and check at.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// The mark, and what it is judged by; `None` where there is none to be believed.
    #[inline]
    #[must_use]
    pub fn sight(&self) -> Option<Sight> {
        let mark = self.mark?;
        let all = Qty::new(i64::MAX);
        let only = Touch { bid: mark.price, bid_qty: all, ask: mark.price, ask_qty: all };
        let Touch { bid, bid_qty, ask, ask_qty } = self.touch.unwrap_or(only);
        Some(Sight { mark, before: self.past.before, bid, ask, bid_qty, ask_qty })
    }

    /// Every level.
    #[must_use]
    pub fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// Every level, to be added up. Nobody but the book sets one.
    #[must_use]
    pub fn ladder_mut(&mut self) -> &mut Ladder {
        &mut self.ladder
    }
}
