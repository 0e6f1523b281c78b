//! Kraken's book of ten levels a side: what changes in it, each message with its checksum.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bot4_engine::event::Side;

use crate::GaugeError;
use crate::flow::{Flow, Update};

/// What the venue calls the instrument.
pub const SYMBOL: &str = "BTC/USD";
/// Its tick and lot.
pub const STEPS: (&str, &str) = ("0.1", "0.00000001");

/// How deep the book is subscribed.
const DEPTH: usize = 10;
/// Ticks that are added to those of a flow, so that prices lie about 63,000.
const ABOVE: i64 = 333_000;
/// Hundred-millionths in a lot of a flow.
const LOT_E8: i64 = 1_000;
/// Most changes of a flow lie outside the ten best levels, or change nothing.
const UPDATES_A_FRAME_MAX: usize = 20;

/// Ticks and lots, best first.
type Best = Vec<(i64, i64)>;
/// Lots by tick.
type Levels = BTreeMap<i64, i64>;

/// The acknowledgement, the snapshot, and what changes then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrow {
    /// What comes before the first change.
    pub opening: [Vec<u8>; 2],
    /// The messages.
    pub frames: Vec<Vec<u8>>,
}

impl Narrow {
    /// Draw `count` messages.
    pub fn new(seed: u64, count: usize) -> Result<Self, GaugeError> {
        let flow = Flow::new(seed, count.saturating_mul(UPDATES_A_FRAME_MAX))?;
        let (mut bids, mut asks) = (Levels::new(), Levels::new());
        for told in &flow.snapshot {
            put(told, &mut bids, &mut asks);
        }
        let mut known = (best(&bids, Side::Buy), best(&asks, Side::Sell));
        let book =
            format!(r#"{{"channel":"book","depth":{DEPTH},"snapshot":true,"symbol":"{SYMBOL}"}}"#);
        let times = r#""time_in":"2026-08-02T03:35:50.98Z","time_out":"2026-08-02T03:35:50.98Z""#;
        let subscribed =
            format!(r#"{{"method":"subscribe","result":{book},"success":true,{times}}}"#);
        let snapshot = message("snapshot", &known.0, &known.1, &known);
        let opening = [subscribed.into_bytes(), snapshot];
        let mut frames = Vec::with_capacity(count);
        for told in &flow.updates {
            put(told, &mut bids, &mut asks);
            let now = (best(&bids, Side::Buy), best(&asks, Side::Sell));
            let changed =
                (changes(&known.0, &now.0, Side::Buy), changes(&known.1, &now.1, Side::Sell));
            if !changed.0.is_empty() || !changed.1.is_empty() {
                frames.push(message("update", &changed.0, &changed.1, &now));
                known = now;
            }
            if frames.len() == count {
                return Ok(Self { opening, frames });
            }
        }
        Err(GaugeError::Nothing { key: "a frame", what: "a flow that changes the best levels" })
    }
}

fn put(told: &Update, bids: &mut Levels, asks: &mut Levels) {
    let levels = match told.side {
        Side::Buy => bids,
        Side::Sell => asks,
    };
    let (tick, lots) = (told.price.mantissa() + ABOVE, told.qty.mantissa());
    if lots == 0 {
        levels.remove(&tick);
    } else {
        levels.insert(tick, lots);
    }
}

/// The best levels, best first.
fn best(levels: &Levels, side: Side) -> Best {
    let level = |(tick, lots): (&i64, &i64)| (*tick, *lots);
    match side {
        Side::Buy => levels.iter().rev().map(level).take(DEPTH).collect(),
        Side::Sell => levels.iter().map(level).take(DEPTH).collect(),
    }
}

/// What has to be told so that the old levels become the new ones: what is pushed out of the depth
/// is not taken back.
fn changes(old: &[(i64, i64)], new: &[(i64, i64)], side: Side) -> Best {
    let worst = new.last().map_or(0, |(tick, _)| *tick);
    let inside = |tick: i64| match side {
        Side::Buy => tick > worst,
        Side::Sell => tick < worst,
    };
    let gone = old.iter().filter(|(tick, _)| inside(*tick) && new.iter().all(|(t, _)| t != tick));
    let came = new.iter().filter(|level| !old.contains(level));
    gone.map(|(tick, _)| (*tick, 0)).chain(came.copied()).collect()
}

fn message(kind: &str, bids: &[(i64, i64)], asks: &[(i64, i64)], book: &(Best, Best)) -> Vec<u8> {
    let levels = |levels: &[(i64, i64)]| {
        let mut text = String::new();
        for (tick, lots) in levels {
            let comma = if text.is_empty() { "" } else { "," };
            let (whole, tenths, qty) = (tick / 10, tick % 10, lots * LOT_E8);
            // Writing to a string cannot fail.
            let _ = write!(text, r#"{comma}{{"price":{whole}.{tenths},"qty":0.{qty:08}}}"#);
        }
        text
    };
    let (bids, asks, checksum) = (levels(bids), levels(asks), checksum(&book.0, &book.1));
    let head = format!(r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"{SYMBOL}""#);
    let tail = format!(r#""checksum":{checksum},"timestamp":"2026-08-02T03:35:51.660084Z"}}]}}"#);
    format!(r#"{head},"bids":[{bids}],"asks":[{asks}],{tail}"#).into_bytes()
}

/// The digits of price and size of the asks, then of the bids, best first, without leading zeros.
fn checksum(bids: &[(i64, i64)], asks: &[(i64, i64)]) -> u32 {
    let mut digits = String::new();
    for (tick, lots) in asks.iter().chain(bids) {
        let _ = write!(digits, "{tick}{}", lots * LOT_E8);
    }
    crc32fast::hash(digits.as_bytes())
}
