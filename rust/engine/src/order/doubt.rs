//! An order whose fate is unknown: until when it may still arrive, what the venue is asked
//! meanwhile, and what has been answered.
//!
//! A request that left may lie somewhere on the way. Only behind the fence it can no longer be
//! taken in, and only answers to questions asked behind it prove that it never was.

use serde::{Deserialize, Serialize};

use crate::event::{OrderUpdate, Question};
use crate::units::Nanos;

const SECOND: i64 = 1_000_000_000;

/// How long a request that left may still be taken in, from its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// How old a request may be when it reaches the venue (Binance's `recvWindow`).
    pub receive_window: Nanos,
    /// How far the venue's clock may be from ours.
    pub skew_max: Nanos,
    /// How long the venue may work on what it has taken in.
    pub venue_timeout: Nanos,
}

impl Default for Fence {
    fn default() -> Self {
        Self {
            receive_window: Nanos::new(2 * SECOND),
            skew_max: Nanos::new(SECOND),
            venue_timeout: Nanos::new(10 * SECOND),
        }
    }
}

impl Fence {
    /// All of it together.
    #[must_use]
    pub const fn span(self) -> Nanos {
        let window = self.receive_window.mantissa().saturating_add(self.skew_max.mantissa());
        Nanos::new(window.saturating_add(self.venue_timeout.mantissa()))
    }
}

/// How long a venue may leave something unanswered before that is a matter of doubt.
pub const ANSWER_WITHIN: Nanos = Nanos::new(5 * SECOND);
/// When the venue is asked, after the answer became unclear.
const ASKED_AFTER: [i64; 4] = [SECOND / 2, SECOND, 2 * SECOND, 4 * SECOND];
/// How often it is asked from then on.
const ASKED_EVERY: i64 = 4 * SECOND;
/// How many questions must find nothing, by its id among them.
pub const NOT_FOUND_MIN: u32 = 2;

/// What is known of an order's unknown fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    since: Nanos,
    fence: Nanos,
    /// When the venue was asked last; before that: when it began.
    asked: Nanos,
    /// A bit for each [`Question`] that found nothing.
    not_found: u8,
}

impl Doubt {
    /// It began at `since`; the request left at `sent` or before.
    pub(super) const fn new(since: Nanos, sent: Nanos, fence: Nanos) -> Self {
        let fence = Nanos::new(sent.mantissa().saturating_add(fence.mantissa()));
        Self { since, fence, asked: since, not_found: 0 }
    }

    /// When it began.
    #[must_use]
    pub const fn since(&self) -> Nanos {
        self.since
    }

    /// From when on the request cannot be taken in any more.
    #[must_use]
    pub const fn fence(&self) -> Nanos {
        self.fence
    }

    /// The request left only now: it may be on its way as long as any other.
    pub(super) fn on_sent(&mut self, sent: Nanos, fence: Nanos) {
        let fence = Nanos::new(sent.mantissa().saturating_add(fence.mantissa()));
        if fence > self.fence {
            (self.fence, self.not_found) = (fence, 0);
        }
    }

    /// A question asked at `asked` found nothing; before the fence that says nothing.
    pub(super) fn on_not_found(&mut self, question: Question, asked: Nanos) {
        if asked >= self.fence {
            self.not_found |= 1 << question as u8;
        }
    }

    /// Whether it is proven that the venue does not have it. It must have been asked for by its id:
    /// no list of open orders and no trade tells of one that was refused, or canceled untouched.
    #[must_use]
    pub const fn is_proven_absent(&self) -> bool {
        self.found_nothing(Question::ById) && self.not_found.count_ones() >= NOT_FOUND_MIN
    }

    /// Whether this question found nothing.
    #[must_use]
    pub const fn found_nothing(&self, question: Question) -> bool {
        self.not_found & (1 << question as u8) != 0
    }

    /// The venue was asked.
    pub(super) fn on_asked(&mut self, ts: Nanos) {
        self.asked = self.asked.max(ts);
    }

    /// Whether it is time to ask the venue.
    #[must_use]
    pub fn is_due(&self, now: Nanos) -> bool {
        rounds(self.since, now) > rounds(self.since, self.asked)
    }

    /// What there is to ask now. Before the fence finding nothing would say nothing, so only the
    /// order itself is asked for.
    #[must_use]
    pub fn questions(&self, now: Nanos) -> &'static [Question] {
        if now < self.fence { &[Question::ById] } else { &Question::ALL }
    }
}

/// How many times the venue is to have been asked by `now`.
fn rounds(since: Nanos, now: Nanos) -> usize {
    let passed = now.mantissa().saturating_sub(since.mantissa());
    let early = ASKED_AFTER.iter().filter(|after| **after <= passed).count();
    let last = ASKED_AFTER.last().copied().unwrap_or_default();
    let later = passed.saturating_sub(last).max(0) / ASKED_EVERY;
    early.saturating_add(usize::try_from(later).unwrap_or(0))
}

/// The question that found nothing.
pub(super) const fn not_found(update: OrderUpdate) -> Option<Question> {
    match update {
        OrderUpdate::NotFoundById => Some(Question::ById),
        OrderUpdate::NotFoundOpen => Some(Question::Open),
        OrderUpdate::NotFoundTrades => Some(Question::Trades),
        OrderUpdate::Released
        | OrderUpdate::Denied
        | OrderUpdate::Sent
        | OrderUpdate::Received
        | OrderUpdate::Acked
        | OrderUpdate::Rejected
        | OrderUpdate::CancelSent
        | OrderUpdate::Canceled
        | OrderUpdate::CancelRejected
        | OrderUpdate::Amended
        | OrderUpdate::AmendRejected
        | OrderUpdate::Expired
        | OrderUpdate::Unanswered
        | OrderUpdate::NeverArrived
        | OrderUpdate::Gone
        | OrderUpdate::AskedById
        | OrderUpdate::AskedOpen
        | OrderUpdate::AskedTrades => None,
    }
}
