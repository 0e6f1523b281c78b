//! One instrument's past, checked at the door: what is in here may be trusted.

use std::sync::Arc;

use crate::event::Bar;
use crate::instrument::InstrumentId;
use crate::units::Nanos;

/// What is wrong with a history, and in which row (counted from 0).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
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
    /// No rows.
    #[error("there are no bars")]
    Empty,
    /// A bar interval that is not above zero.
    #[error("the bar interval must be above zero")]
    Interval,
    /// Times that do not rise.
    #[error("row {row}: the time is {how} the row before; sort the file and remove duplicates")]
    Order {
        /// Which row.
        row: usize,
        /// Equal to, or earlier than.
        how: &'static str,
    },
    /// A bar that begins before the one before it has ended.
    #[error("row {0}: the bar begins before the one before it has ended")]
    Overlap(usize),
    /// A time too close to the end of what 64 bits hold.
    #[error("row {0}: the time is out of range")]
    Time(usize),
    /// A price that is not a finite number above zero.
    #[error("row {row}: {column} is {value}, not a price above zero; drop or mend the row")]
    Price {
        /// Which row.
        row: usize,
        /// Which column.
        column: &'static str,
        /// What stands there.
        value: String,
    },
    /// High and low that do not hold open and close between them.
    #[error("row {0}: high and low do not hold open and close between them")]
    Range(usize),
    /// A volume that is not a finite number of zero or more.
    #[error("row {row}: volume is {value}, not a number of zero or more")]
    Volume {
        /// Which row.
        row: usize,
        /// What stands there.
        value: String,
    },
}

/// The columns of a history, as they come in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns<'a> {
    /// When each bar began.
    pub open_ns: &'a [i64],
    /// First prices.
    pub open: &'a [f64],
    /// Highest prices.
    pub high: &'a [f64],
    /// Lowest prices.
    pub low: &'a [f64],
    /// Last prices.
    pub close: &'a [f64],
    /// Base units traded.
    pub volume: &'a [f64],
}

/// One bar of a history. Its prices lie together, since they are used together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// When it began.
    pub open_ns: i64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Base units traded.
    pub volume: f64,
}

impl Row {
    fn check(&self, row: usize) -> Result<(), HistoryError> {
        let prices =
            [("open", self.open), ("high", self.high), ("low", self.low), ("close", self.close)];
        for (column, price) in prices {
            if !price.is_finite() || price <= 0.0 {
                return Err(HistoryError::Price { row, column, value: format!("{price}") });
            }
        }
        if self.low > self.open.min(self.close) || self.high < self.open.max(self.close) {
            return Err(HistoryError::Range(row));
        }
        if !self.volume.is_finite() || self.volume < 0.0 {
            return Err(HistoryError::Volume { row, value: format!("{}", self.volume) });
        }
        Ok(())
    }
}

/// A checked series of bars of one instrument.
#[derive(Debug, Clone)]
pub struct History {
    symbol: String,
    interval_ns: i64,
    rows: Vec<Row>,
    gaps: u64,
    gap_max_ns: i64,
}

impl History {
    /// Check and keep. Nothing is sorted, filled or dropped.
    pub fn new(symbol: &str, interval_ns: i64, columns: Columns<'_>) -> Result<Self, HistoryError> {
        let wanted = columns.open_ns.len();
        for (column, got) in [
            ("open", columns.open.len()),
            ("high", columns.high.len()),
            ("low", columns.low.len()),
            ("close", columns.close.len()),
            ("volume", columns.volume.len()),
        ] {
            if got != wanted {
                return Err(HistoryError::Length { column, got, wanted });
            }
        }
        if wanted == 0 {
            return Err(HistoryError::Empty);
        }
        if interval_ns <= 0 {
            return Err(HistoryError::Interval);
        }
        let prices = columns.open.iter().zip(columns.high).zip(columns.low).zip(columns.close);
        let rows = columns.open_ns.iter().zip(prices).zip(columns.volume).map(
            |((open_ns, (((open, high), low), close)), volume)| Row {
                open_ns: *open_ns,
                open: *open,
                high: *high,
                low: *low,
                close: *close,
                volume: *volume,
            },
        );
        let rows: Vec<Row> = rows.collect();
        for (place, row) in rows.iter().enumerate() {
            row.check(place)?;
        }
        let symbol = symbol.to_owned();
        let mut history = Self { symbol, interval_ns, rows, gaps: 0, gap_max_ns: 0 };
        history.check_times()?;
        Ok(history)
    }

    fn check_times(&mut self) -> Result<(), HistoryError> {
        let times = || self.rows.iter().map(|row| row.open_ns);
        for (row, (before, now)) in times().zip(times().skip(1)).enumerate() {
            let row = row + 1;
            let step = now.checked_sub(before).ok_or(HistoryError::Time(row))?;
            if step <= 0 {
                let how = if step == 0 { "equal to" } else { "earlier than" };
                return Err(HistoryError::Order { row, how });
            }
            if step < self.interval_ns {
                return Err(HistoryError::Overlap(row));
            }
            // A month is a little longer than another; two intervals are a bar that is missing.
            if step / 2 >= self.interval_ns {
                self.gaps += 1;
                self.gap_max_ns = self.gap_max_ns.max(step);
            }
        }
        let last = self.rows.last().and_then(|row| row.open_ns.checked_add(self.interval_ns));
        last.map(|_| ()).ok_or(HistoryError::Time(self.rows.len().saturating_sub(1)))
    }

    /// `venue:SYMBOL`.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// How long a bar lasts.
    #[must_use]
    pub fn interval_ns(&self) -> i64 {
        self.interval_ns
    }

    /// How many bars there are: at least one.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Between how many neighbours bars are missing.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    /// The longest time from one bar's open to the next where bars are missing; 0 without gaps.
    #[must_use]
    pub fn gap_max_ns(&self) -> i64 {
        self.gap_max_ns
    }

    /// Equal for histories of the same bars.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.interval_ns.to_le_bytes());
        for row in &self.rows {
            hasher.update(&row.open_ns.to_le_bytes());
            for number in [row.open, row.high, row.low, row.close, row.volume] {
                hasher.update(&number.to_bits().to_le_bytes());
            }
        }
        hasher.finalize().to_hex().chars().take(16).collect()
    }

    /// The bars, oldest first.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// When bar `place` ends.
    #[inline]
    #[must_use]
    pub fn close_ns(&self, place: usize) -> Option<Nanos> {
        self.rows.get(place).map(|row| Nanos::new(row.open_ns + self.interval_ns))
    }

    /// Bar `place`, as of instrument `id`.
    #[inline]
    #[must_use]
    pub fn bar(&self, id: InstrumentId, place: usize) -> Option<Bar> {
        let row = self.rows.get(place)?;
        Some(Bar {
            instrument: id,
            open_ns: Nanos::new(row.open_ns),
            close_ns: Nanos::new(row.open_ns + self.interval_ns),
            open: row.open,
            high: row.high,
            low: row.low,
            close: row.close,
            volume: row.volume,
        })
    }
}

/// Several histories told together: one moment after the other at which bars close.
#[derive(Debug, Clone)]
pub struct Moments {
    histories: Vec<Arc<History>>,
    rows: Vec<usize>,
}

impl Moments {
    /// Before the first bar; an instrument's id is the place of its history.
    #[must_use]
    pub fn new(histories: Vec<Arc<History>>) -> Self {
        let rows = vec![0; histories.len()];
        Self { histories, rows }
    }

    /// When the next bars close; `None` at the end.
    #[must_use]
    pub fn next_ns(&self) -> Option<Nanos> {
        self.told().filter_map(|(history, row)| history.close_ns(row)).min()
    }

    /// When the first of the bars that were not told begins; `None` at the end.
    #[must_use]
    pub fn opens_ns(&self) -> Option<Nanos> {
        let open_ns =
            |(history, row): (&Arc<History>, usize)| history.rows().get(row).map(|r| r.open_ns);
        self.told().filter_map(open_ns).min().map(Nanos::new)
    }

    /// Go on to the next moment: its bars into `closing`, in the order of instruments. Whether an
    /// instrument had its last bar.
    pub fn next(&mut self, closing: &mut Vec<Bar>) -> bool {
        let Some(now) = self.next_ns() else {
            return false;
        };
        let mut ended = false;
        for ((id, history), row) in (0..).zip(&self.histories).zip(&mut self.rows) {
            if history.close_ns(*row) == Some(now) {
                closing.extend(history.bar(InstrumentId(id), *row));
                *row += 1;
                ended |= *row == history.len();
            }
        }
        ended
    }

    /// Each history, and how many of its bars were told.
    pub fn told(&self) -> impl Iterator<Item = (&Arc<History>, usize)> {
        self.histories.iter().zip(self.rows.iter().copied())
    }

    /// One of them.
    #[must_use]
    pub fn told_of(&self, id: InstrumentId) -> Option<(&Arc<History>, usize)> {
        self.histories.get(id.index()).zip(self.rows.get(id.index()).copied())
    }

    /// Go on from where each was; whether there are as many, and no shorter.
    pub fn skip_to(&mut self, rows: &[usize]) -> bool {
        let fits = rows.len() == self.rows.len()
            && self.histories.iter().zip(rows).all(|(history, row)| *row <= history.len());
        if fits {
            self.rows = rows.to_vec();
        }
        fits
    }

    /// How many bars there are in all.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.histories.iter().map(|history| history.len()).sum()
    }
}
