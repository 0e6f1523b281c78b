//! A simulated venue that misbehaves on purpose: what becomes of requests and answers on their way.
//!
//! Every fate follows from the seed, the order, the moment and what it is of, and from nothing that
//! has to be remembered: a run that is told its market again meets the same ones.

use serde::{Deserialize, Serialize};

use crate::event::{Amendment, Event, OrderId, OrderUpdate};
use crate::order::ANSWER_WITHIN;
use crate::units::{Nanos, Rate};

/// The latest that anything comes. With the way itself it stays before the fence, behind which
/// nothing can be on its way.
pub const LATE_MAX: Nanos = Nanos::new(10_000_000_000);
/// The longest way to a venue that misbehaves.
pub const FAULTY_LATENCY_MAX: Nanos = Nanos::new(1_000_000_000);

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Fault {
    /// A request never arrives.
    LostRequest = 0,
    /// A request arrives late: an order is filled before its cancel is there.
    LateRequest = 1,
    /// What is said of an order is never heard.
    LostAck = 2,
    /// It is heard late.
    LateAck = 3,
    /// It is heard twice.
    DoubledAck = 4,
    /// A fill is never told.
    LostFill = 5,
    /// It is told late.
    LateFill = 6,
    /// It is told twice.
    DoubledFill = 7,
    /// What fills at once is told to be filled before it is told to work.
    FillBeforeAck = 8,
    /// An order is refused, and that is heard when its answer had long been due.
    LateReject = 9,
    /// A question is not answered.
    LostAnswer = 10,
}

impl Fault {
    /// Every fault, in the order of their codes.
    pub const ALL: [Self; 11] = [
        Self::LostRequest,
        Self::LateRequest,
        Self::LostAck,
        Self::LateAck,
        Self::DoubledAck,
        Self::LostFill,
        Self::LateFill,
        Self::DoubledFill,
        Self::FillBeforeAck,
        Self::LateReject,
        Self::LostAnswer,
    ];

    /// The word in settings and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LostRequest => "lost_request",
            Self::LateRequest => "late_request",
            Self::LostAck => "lost_ack",
            Self::LateAck => "late_ack",
            Self::DoubledAck => "doubled_ack",
            Self::LostFill => "lost_fill",
            Self::LateFill => "late_fill",
            Self::DoubledFill => "doubled_fill",
            Self::FillBeforeAck => "fill_before_ack",
            Self::LateReject => "late_reject",
            Self::LostAnswer => "lost_answer",
        }
    }
}

/// Faults that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultsError {
    /// There is none of that name.
    #[error("there is no fault '{0}'")]
    Unknown(String),
    /// It is no probability.
    #[error("{0} must be a probability from 0 to 1")]
    Probability(&'static str),
}

/// How often a venue misbehaves in each way, of all the times that it could.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    seed: u64,
    rates: [Rate; Fault::ALL.len()],
}

impl Faults {
    /// From the names of faults and their probabilities; what is not named does not happen.
    pub fn new<'a>(
        seed: u64,
        named: impl IntoIterator<Item = (&'a str, Rate)>,
    ) -> Result<Self, FaultsError> {
        let mut rates = [Rate::ZERO; Fault::ALL.len()];
        for (name, rate) in named {
            let found = Fault::ALL.into_iter().zip(&mut rates).find(|(one, _)| one.name() == name);
            let (fault, slot) = found.ok_or_else(|| FaultsError::Unknown(name.to_owned()))?;
            if rate.is_negative() || rate > Rate::ONE {
                return Err(FaultsError::Probability(fault.name()));
            }
            *slot = rate;
        }
        Ok(Self { seed, rates })
    }

    /// How often one happens.
    fn rate(&self, fault: Fault) -> Rate {
        self.rates.get(fault as usize).copied().unwrap_or_default()
    }

    /// Whether it happens to this, and how late that makes it where it does.
    fn draw(&self, fault: Fault, of: OrderId, ts: Nanos, nth: u128) -> Option<Nanos> {
        let rate = self.rate(fault);
        if rate.is_zero() {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&[fault as u8]);
        // Whatever epoch a restart began, it is the same order.
        hasher.update(&of.sequence().to_le_bytes());
        hasher.update(&ts.mantissa().to_le_bytes());
        hasher.update(&nth.to_le_bytes());
        let [chance, late] = two_words(hasher.finalize().as_bytes());
        let below = |word: u64, most: i64| {
            let most = u128::try_from(most).unwrap_or_default();
            i64::try_from((u128::from(word) * most) >> 64).unwrap_or_default()
        };
        let happens = below(chance, Rate::ONE.mantissa()) < rate.mantissa();
        happens.then(|| Nanos::new(1 + below(late, LATE_MAX.mantissa() - 1)))
    }
}

/// The first sixteen bytes of a hash.
fn two_words(hash: &[u8; 32]) -> [u64; 2] {
    let word = |at: usize| {
        let bytes = hash.get(at..).and_then(|rest| rest.first_chunk::<8>());
        u64::from_le_bytes(bytes.copied().unwrap_or_default())
    };
    [word(0), word(8)]
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It arrives.
    Arrives,
    /// It arrives so much later.
    Late(Nanos),
    /// It never arrives.
    Lost,
    /// It arrives, and its order is refused; that is heard so much later.
    Refused(Nanos),
}

/// Why something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It happened.
    Unasked,
    /// Somebody asked.
    Asked,
    /// It happened, and is heard so much later.
    After(Nanos),
    /// This was asked for.
    Amended(Amendment),
}

/// The ways to a venue and back, with what befell those who went them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wires {
    faults: Faults,
    pub(super) met: [u64; Fault::ALL.len()],
}

impl Wires {
    pub(super) const fn new(faults: Faults) -> Self {
        Self { faults, met: [0; Fault::ALL.len()] }
    }

    fn meets(&mut self, fault: Fault, of: OrderId, ts: Nanos, nth: u128) -> Option<Nanos> {
        let late = self.faults.draw(fault, of, ts, nth);
        if let (Some(_), Some(met)) = (late, self.met.get_mut(fault as usize)) {
            *met += 1;
        }
        late
    }

    /// What becomes of a request about an order that would arrive at `ts`; `kind` tells apart what
    /// arrives then, `places` is whether it is a new order.
    pub(super) fn request(&mut self, of: OrderId, ts: Nanos, kind: u8, places: bool) -> Fate {
        let nth = u128::from(kind);
        if self.meets(Fault::LostRequest, of, ts, nth).is_some() {
            return Fate::Lost;
        }
        if let Some(late) = self.meets(Fault::LateRequest, of, ts, nth) {
            return Fate::Late(late);
        }
        match places.then(|| self.meets(Fault::LateReject, of, ts, nth)).flatten() {
            Some(late) => Fate::Refused(ANSWER_WITHIN.plus(late).unwrap_or(LATE_MAX)),
            None => Fate::Arrives,
        }
    }

    /// When something that is said is heard, if it would be at `at`: never, once or twice.
    pub(super) fn answer(&mut self, event: &Event, at: Nanos, said: Said) -> [Option<Nanos>; 2] {
        let (of, nth, fill) = if let Event::Fill(fill) = event {
            (fill.order, fill.trade.number(), true)
        } else if let Event::Order { order, update, .. } = *event {
            (order, u128::from(update as u8), false)
        } else if let Event::CumQty { order, .. } = *event {
            (order, u128::from(u8::MAX), false)
        } else {
            return [Some(at), None];
        };
        let later = |late: Nanos| at.plus(late).unwrap_or(at);
        match said {
            Said::Asked => {
                let lost = self.meets(Fault::LostAnswer, of, at, nth).is_some();
                return [(!lost).then_some(at), None];
            }
            Said::After(late) => return [Some(later(late)), None],
            Said::Unasked | Said::Amended(_) => {}
        }
        let (lost, late, doubled) = if fill {
            (Fault::LostFill, Fault::LateFill, Fault::DoubledFill)
        } else {
            (Fault::LostAck, Fault::LateAck, Fault::DoubledAck)
        };
        if self.meets(lost, of, at, nth).is_some() {
            return [None, None];
        }
        if let Some(late) = self.meets(late, of, at, nth) {
            return [Some(later(late)), None];
        }
        if let Some(after) = self.meets(doubled, of, at, nth) {
            return [Some(at), Some(later(after))];
        }
        let acks = matches!(event, Event::Order { update: OrderUpdate::Acked, .. });
        if acks && self.meets(Fault::FillBeforeAck, of, at, nth).is_some() {
            return [Some(later(Nanos::new(1))), None];
        }
        [Some(at), None]
    }
}
