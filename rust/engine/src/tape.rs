//! Trades → bars: one for each instrument and interval, closed when time has passed its end.
//!
//! An interval without a trade is a flat bar at the last price, without volume; an instrument that
//! never traded has no bar yet. More than [`FLAT_BARS_MAX`] of them in a row are a gap, which is
//! jumped over. Within a long bar the time is told every [`PULSE`], so that losses are seen.

use serde::{Deserialize, Serialize};

use crate::event::Bar;
use crate::instrument::InstrumentId;
use crate::units::Nanos;

/// Longer than this many bars without any trade is not filled with flat ones.
pub const FLAT_BARS_MAX: i64 = 1_000;

/// How often the time is told within a bar that lasts longer, where the market goes on.
pub const PULSE: Nanos = Nanos::new(10_000_000_000);

/// What traded since the last bar closed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Traded {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

/// The bars that are being made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tape {
    interval: Nanos,
    /// When the present bars close; `None` before the first trade.
    closes: Option<Nanos>,
    traded: Vec<Option<Traded>>,
    last: Vec<Option<f64>>,
    /// When the time was told last.
    pulsed: Nanos,
}

impl Tape {
    /// No trade yet in `instruments` instruments; bars last `interval`, above zero.
    #[must_use]
    pub fn new(instruments: usize, interval: Nanos) -> Self {
        Self {
            interval,
            closes: None,
            traded: vec![None; instruments],
            last: vec![None; instruments],
            pulsed: Nanos::ZERO,
        }
    }

    /// How long a bar lasts.
    #[must_use]
    pub fn interval(&self) -> Nanos {
        self.interval
    }

    /// Somebody traded.
    pub fn on_trade(&mut self, id: InstrumentId, ts: Nanos, price: f64, qty: f64) {
        if self.closes.is_none() {
            let begun = ts.mantissa().checked_div_euclid(self.interval.mantissa()).unwrap_or(0);
            let end = begun.saturating_add(1).saturating_mul(self.interval.mantissa());
            self.closes = Some(Nanos::new(end));
            self.on_pulse(ts);
        }
        let Some(slot) = self.traded.get_mut(id.index()) else {
            return;
        };
        let one = Traded { open: price, high: price, low: price, close: price, volume: 0.0 };
        let bar = slot.get_or_insert(one);
        bar.high = bar.high.max(price);
        bar.low = bar.low.min(price);
        bar.close = price;
        bar.volume += qty;
    }

    /// When the present bars close, if that is not after `ts`; over a gap, when the last before
    /// `ts` do.
    pub fn due(&mut self, ts: Nanos) -> Option<Nanos> {
        let closes = self.closes.filter(|closes| *closes <= ts)?;
        let interval = self.interval.mantissa();
        let bars = ts.mantissa().saturating_sub(closes.mantissa()).checked_div(interval)?;
        if bars <= FLAT_BARS_MAX || self.traded.iter().any(Option::is_some) {
            return Some(closes);
        }
        let last = closes.mantissa().checked_add(bars.checked_mul(interval)?).map(Nanos::new)?;
        self.closes = Some(last);
        Some(last)
    }

    /// When the time is to be told within the present bar, if that is not after `ts`: silence is
    /// jumped over.
    #[must_use]
    pub fn pulse(&self, ts: Nanos) -> Option<Nanos> {
        if self.interval <= PULSE || self.closes.is_none() {
            return None;
        }
        let begun = ts.mantissa().checked_div_euclid(PULSE.mantissa())?;
        let at = Nanos::new(begun.checked_mul(PULSE.mantissa())?);
        (at > self.pulsed).then_some(at)
    }

    /// The time was told.
    pub fn on_pulse(&mut self, at: Nanos) {
        self.pulsed = self.pulsed.max(at);
    }

    /// Close the present bars into `bars`, in the order of instruments.
    pub fn close(&mut self, bars: &mut Vec<Bar>) {
        let Some(close_ns) = self.closes else {
            return;
        };
        let begun = close_ns.mantissa().saturating_sub(self.interval.mantissa());
        let end = close_ns.mantissa().saturating_add(self.interval.mantissa());
        self.closes = Some(Nanos::new(end));
        self.on_pulse(close_ns);
        for ((id, traded), last) in (0..).zip(&mut self.traded).zip(&mut self.last) {
            let flat =
                |price| Traded { open: price, high: price, low: price, close: price, volume: 0.0 };
            let Some(Traded { open, high, low, close, volume }) = traded.take().or(last.map(flat))
            else {
                continue;
            };
            *last = Some(close);
            let (instrument, open_ns) = (InstrumentId(id), Nanos::new(begun));
            bars.push(Bar { instrument, open_ns, close_ns, open, high, low, close, volume });
        }
    }
}
