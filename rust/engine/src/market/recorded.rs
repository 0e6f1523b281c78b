//! A recorded market, checked at the door: what is in here may be trusted.

use std::sync::Arc;

use crate::event::{Side, Tick, TickKind};
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::units::{Nanos, Price};

/// The codes of what is recorded, in the order of their numbers.
pub const CODES: [&str; 5] = ["clear", "bid", "ask", "buy", "sell"];

/// What is wrong with a recording, and in which row (counted from 0).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// Columns of different lengths.
    #[error("column '{column}' has {got} rows where 'ts' has {wanted}")]
    Length {
        /// Which column.
        column: &'static str,
        /// Its rows.
        got: usize,
        /// The rows of the times.
        wanted: usize,
    },
    /// No rows, or only such as empty the book.
    #[error("there are no prices in it")]
    Empty,
    /// A time before the one before it.
    #[error("row {0}: the time is earlier than the row before; sort the recording")]
    Order(usize),
    /// A code that stands for nothing.
    #[error("row {row}: kind {code} stands for nothing; 0 to 4 are clear, bid, ask, buy, sell")]
    Kind {
        /// Which row.
        row: usize,
        /// What stands there.
        code: u8,
    },
    /// A price or size that is none.
    #[error("row {row}: {column} is {value}: {reason}")]
    Value {
        /// Which row.
        row: usize,
        /// Which column.
        column: &'static str,
        /// What stands there.
        value: String,
        /// Why it cannot be.
        reason: String,
    },
    /// The instrument itself.
    #[error(transparent)]
    Unit(#[from] UnitError),
}

/// The columns of a recording, as they come in.
#[derive(Debug, Clone, Copy)]
pub struct RecordedColumns<'a> {
    /// When, ns UTC; does not fall.
    pub ts: &'a [i64],
    /// One of [`CODES`].
    pub kind: &'a [u8],
    /// Quote units; not read of a clear.
    pub price: &'a [f64],
    /// Base units; not read of a clear.
    pub qty: &'a [f64],
    /// Whether the venue's message ends with the row; `None`: nobody wrote it down, and each row
    /// is taken for a message.
    pub last: Option<&'a [bool]>,
}

/// One instrument's recorded market.
#[derive(Debug, Clone)]
pub struct Recorded {
    rules: Instrument,
    ticks: Arc<[Tick]>,
    has_book: bool,
}

impl Recorded {
    /// Check and keep. Nothing is sorted, filled or dropped.
    pub fn new(
        symbol: &str,
        tick: &str,
        lot: &str,
        columns: RecordedColumns<'_>,
    ) -> Result<Self, RecordingError> {
        let wanted = columns.ts.len();
        let lengths = [
            ("kind", columns.kind.len()),
            ("price", columns.price.len()),
            ("qty", columns.qty.len()),
            ("last", columns.last.map_or(wanted, <[bool]>::len)),
        ];
        for (column, got) in lengths {
            if got != wanted {
                return Err(RecordingError::Length { column, got, wanted });
            }
        }
        let priced = columns.kind.iter().zip(columns.price).find(|(kind, _)| **kind > 0);
        let (_, first) = priced.ok_or(RecordingError::Empty)?;
        let told = columns.kind.iter().zip(columns.price).filter(|(kind, _)| **kind > 0);
        let highest = told.map(|(_, price)| *price).filter(|price| price.is_finite());
        let rules = Instrument::listed(symbol, *first, tick, lot)?;
        let rules = coarse_enough(rules, highest.fold(0.0, f64::max));
        let mut ticks = Vec::with_capacity(wanted);
        let values = columns.kind.iter().zip(columns.price).zip(columns.qty);
        let mut before = i64::MIN;
        let mut ends = columns.last.unwrap_or_default().iter().copied();
        for (row, (ts, ((code, price), qty))) in columns.ts.iter().zip(values).enumerate() {
            if *ts < before {
                return Err(RecordingError::Order(row));
            }
            before = *ts;
            let kind = kind_of(row, *code, *price, *qty, &rules)?;
            let (ts, last) = (Nanos::new(*ts), ends.next().unwrap_or(true));
            // Its place is told when it is put into a feed.
            ticks.push(Tick { instrument: InstrumentId(0), ts, last, kind });
        }
        let has_book = ticks.iter().any(|tick| matches!(tick.kind, TickKind::Level { .. }));
        Ok(Self { rules, ticks: ticks.into(), has_book })
    }

    /// What is traded; without fees.
    #[must_use]
    pub fn rules(&self) -> &Instrument {
        &self.rules
    }

    /// Whether it tells levels.
    #[must_use]
    pub fn has_book(&self) -> bool {
        self.has_book
    }

    /// The ticks, as of instrument `id`.
    #[must_use]
    pub fn ticks(&self, id: InstrumentId) -> Arc<[Tick]> {
        if id == InstrumentId(0) {
            return Arc::clone(&self.ticks);
        }
        self.ticks.iter().map(|tick| Tick { instrument: id, ..*tick }).collect()
    }

    /// Equal for recordings of the same ticks in the same messages.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for tick in self.ticks.iter() {
            let (code, price, qty) = match tick.kind {
                TickKind::Clear => (0, 0, 0),
                TickKind::Level { side, price, qty } => {
                    (1 + side as u8, price.mantissa(), qty.mantissa())
                }
                TickKind::Trade { aggressor, price, qty } => {
                    (3 + aggressor as u8, price.mantissa(), qty.mantissa())
                }
            };
            // One bit more, so that a file which says nothing of messages keeps its digest.
            let within = if tick.last { 0 } else { 8 };
            hasher.update(&[code | within]);
            for number in [tick.ts.mantissa(), price, qty] {
                hasher.update(&number.to_le_bytes());
            }
        }
        hasher.finalize().to_hex().chars().take(16).collect()
    }

    /// How many ticks there are: at least one.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.ticks.len()
    }
}

/// Books have asks that are a million times the price: the digits beyond the tick give way, so that
/// they fit.
fn coarse_enough(mut rules: Instrument, highest: f64) -> Instrument {
    while rules.price(highest).is_err() && rules.price_scale > 0 {
        let tick = rules.tick.mantissa();
        if tick % 10 != 0 {
            break;
        }
        (rules.price_scale, rules.tick) = (rules.price_scale - 1, Price::new(tick / 10));
    }
    rules
}

fn kind_of(
    row: usize,
    code: u8,
    price: f64,
    qty: f64,
    rules: &Instrument,
) -> Result<TickKind, RecordingError> {
    let side = match code {
        0 => return Ok(TickKind::Clear),
        1 | 3 => Side::Buy,
        2 | 4 => Side::Sell,
        _ => return Err(RecordingError::Kind { row, code }),
    };
    let wrong = |column, value: f64, reason: String| RecordingError::Value {
        row,
        column,
        value: format!("{value}"),
        reason,
    };
    let units = rules.price(price).map_err(|error| wrong("price", price, error.to_string()))?;
    if !units.is_positive() {
        return Err(wrong("price", price, "a price is above zero".to_owned()));
    }
    // What was traded or shown elsewhere may be finer than our lot.
    let size = rules.qty_nearest(qty).map_err(|error| wrong("qty", qty, error.to_string()))?;
    if size.is_negative() {
        return Err(wrong("qty", qty, "a size is zero or more".to_owned()));
    }
    Ok(match code {
        1 | 2 => TickKind::Level { side, price: units, qty: size },
        _ => TickKind::Trade { aggressor: side, price: units, qty: size },
    })
}
