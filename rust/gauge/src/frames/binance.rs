//! Binance's diff depth, forty levels a frame, and the snapshot before it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bot4_engine::event::Side;

use crate::GaugeError;
use crate::book;
use crate::flow::{Draw, Flow};

/// Levels of a frame, both sides together.
pub const LEVELS: usize = 40;
/// What the venue calls the instrument.
pub const SYMBOL: &str = "BTCUSDT";
/// Its tick and lot.
pub const STEPS: (&str, &str) = ("0.01", "0.00001");

/// The number of the snapshot.
const SNAPSHOT_ID: i64 = 50_093_239_218;
/// Ticks that are added to those of a flow, so that prices lie about 60,000.
const ABOVE: i64 = 5_700_000;
/// Hundred-millionths in a tick and in a lot, as the venue writes both.
const TICK_E8: i64 = 1_000_000;
const LOT_E8: i64 = 1_000;
/// A flow tells many levels twice before it has told forty.
const UPDATES_A_FRAME_MAX: usize = 400;
/// Levels of a side where the touch leans.
const LEANING_LEVELS: i64 = 20;
const MUCH: i64 = 80_000;
const LITTLE: i64 = 10_000;

/// A book's beginning and the diffs that follow it, without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// The REST answer.
    pub snapshot: Vec<u8>,
    /// The messages.
    pub frames: Vec<Vec<u8>>,
    /// First and last number, prices and sizes in hundred-millionths, of all messages, added up.
    pub checksum: i64,
    /// Best bid and best ask in ticks after each message, all added up.
    pub touches: i64,
}

/// Lots by whether it is an ask, and by tick.
type Levels = BTreeMap<(bool, i64), i64>;

impl Depth {
    /// Draw `count` messages of [`LEVELS`] levels each.
    pub fn new(seed: u64, count: usize) -> Result<Self, GaugeError> {
        let flow = Flow::new(seed, count.saturating_mul(UPDATES_A_FRAME_MAX))?;
        let mut ladder = book::opened(&flow);
        let key =
            |told: &crate::flow::Update| (told.side == Side::Sell, told.price.mantissa() + ABOVE);
        let first = flow.snapshot.iter().map(|told| (key(told), told.qty.mantissa()));
        let mut depth = Self::begun(&first.collect());
        let mut levels = Levels::new();
        for told in &flow.updates {
            let touch = book::update(&mut ladder, told);
            levels.insert(key(told), told.qty.mantissa());
            if levels.len() == LEVELS {
                depth.tell(&levels);
                depth.touches += touch + 2 * ABOVE;
                levels.clear();
                if depth.frames.len() == count {
                    return Ok(depth);
                }
            }
        }
        Err(GaugeError::Nothing { key: "a frame", what: "a flow that tells forty levels" })
    }

    /// `count` messages about one touch, whose bids and asks outweigh each other in turn.
    #[must_use]
    pub fn leaning(seed: u64, count: usize) -> Self {
        let mut draw = Draw::new(seed);
        let mut levels = |up: bool| -> Levels {
            let size = |place: i64, lots: i64, much: bool| match place {
                0 if much => MUCH,
                0 => LITTLE,
                _ => lots,
            };
            let bids: Levels = (0..LEANING_LEVELS)
                .map(|n| ((false, ABOVE + 300_000 - 1 - n), size(n, draw.lots(), up)))
                .collect();
            let asks = (0..LEANING_LEVELS)
                .map(|n| ((true, ABOVE + 300_000 + n), size(n, draw.lots(), !up)));
            bids.into_iter().chain(asks).collect()
        };
        let mut depth = Self::begun(&levels(false));
        for n in 0..count {
            depth.tell(&levels(n.is_multiple_of(2)));
        }
        depth
    }

    fn begun(levels: &Levels) -> Self {
        let (bids, asks) = sides(levels);
        let text = format!(r#"{{"lastUpdateId":{SNAPSHOT_ID},"bids":[{bids}],"asks":[{asks}]}}"#);
        Self { snapshot: text.into_bytes(), frames: Vec::new(), checksum: 0, touches: 0 }
    }

    fn tell(&mut self, levels: &Levels) {
        let told = i64::try_from(self.frames.len()).unwrap_or(0);
        let first = SNAPSHOT_ID + 1 + told * 100;
        let last = first + 99;
        let (bids, asks) = sides(levels);
        let head = format!(r#""e":"depthUpdate","E":{},"s":"{SYMBOL}""#, 1_723_161_255_208 + told);
        let text = format!(r#"{{{head},"U":{first},"u":{last},"b":[{bids}],"a":[{asks}]}}"#);
        self.frames.push(text.into_bytes());
        let all = levels.iter().map(|((_, tick), lots)| tick * TICK_E8 + lots * LOT_E8);
        self.checksum = self.checksum.wrapping_add(first + last + all.sum::<i64>());
    }
}

/// Levels as text, best first.
fn sides(levels: &Levels) -> (String, String) {
    let (mut bids, mut asks) = (String::new(), String::new());
    let of = |wanted: bool| levels.iter().filter(move |((asks, _), _)| *asks == wanted);
    of(false).rev().for_each(|((_, tick), lots)| push(&mut bids, *tick, *lots));
    of(true).for_each(|((_, tick), lots)| push(&mut asks, *tick, *lots));
    (bids, asks)
}

fn push(text: &mut String, tick: i64, lots: i64) {
    let comma = if text.is_empty() { "" } else { "," };
    let (whole, part) = (tick / 100, tick % 100);
    let (base, rest) = (lots / 100_000, lots % 100_000);
    // Writing to a string cannot fail.
    let _ = write!(text, r#"{comma}["{whole}.{part:02}000000","{base}.{rest:05}000"]"#);
}
