//! Coinbase's level2: a snapshot, then updates of four levels each, numbered without a gap.

use std::fmt::Write as _;

use bot4_engine::event::Side;

use crate::GaugeError;
use crate::flow::{Flow, Update};

/// What the venue calls the instrument.
pub const SYMBOL: &str = "BTC-USD";
/// Its tick and lot.
pub const STEPS: (&str, &str) = ("0.01", "0.00000001");
/// Levels of an update.
pub const LEVELS: usize = 4;

/// Ticks that are added to those of a flow, so that prices lie about 60,000.
const ABOVE: i64 = 5_700_000;
/// Hundred-millionths in a lot of a flow.
const LOT_E8: i64 = 1_000;

/// A snapshot and the updates after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level2 {
    /// The whole book.
    pub snapshot: Vec<u8>,
    /// The messages.
    pub frames: Vec<Vec<u8>>,
}

impl Level2 {
    /// Draw `count` messages.
    pub fn new(seed: u64, count: usize) -> Result<Self, GaugeError> {
        let flow = Flow::new(seed, count.saturating_mul(LEVELS))?;
        let snapshot = message(0, "snapshot", &flow.snapshot);
        let updates = (1..).zip(flow.updates.chunks(LEVELS));
        let frames = updates.map(|(sequence, told)| message(sequence, "update", told)).collect();
        Ok(Self { snapshot, frames })
    }
}

fn message(sequence: usize, kind: &str, told: &[Update]) -> Vec<u8> {
    let mut updates = String::new();
    for Update { side, price, qty } in told {
        let comma = if updates.is_empty() { "" } else { "," };
        let side = match side {
            Side::Buy => "bid",
            Side::Sell => "offer",
        };
        let tick = price.mantissa() + ABOVE;
        let price = trimmed(format!("{}.{:02}", tick / 100, tick % 100));
        let qty = trimmed(format!("0.{:08}", qty.mantissa() * LOT_E8));
        let of = format!(r#""side":"{side}","event_time":"2026-08-24T22:34:13.592233Z""#);
        let to = format!(r#""price_level":"{price}","new_quantity":"{qty}""#);
        // Writing to a string cannot fail.
        let _ = write!(updates, "{comma}{{{of},{to}}}");
    }
    let head = r#"{"channel":"l2_data","timestamp":"2026-08-24T22:34:13.813365299Z""#;
    let event = format!(r#"{{"type":"{kind}","product_id":"{SYMBOL}","updates":[{updates}]}}"#);
    format!(r#"{head},"sequence_num":{sequence},"events":[{event}]}}"#).into_bytes()
}

/// Without the zeros at its end, as the venue writes numbers.
fn trimmed(text: String) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
