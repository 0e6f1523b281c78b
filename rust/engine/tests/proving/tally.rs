//! What is counted of a life, and of many.

use std::collections::BTreeMap;

use bot4_engine::journal::Record;

/// The counts. Parts of a whole are in millionths.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) moments: u64,
    /// Moments at which not everything was allowed.
    pub(crate) held_back: u64,
    pub(crate) orders: u64,
    pub(crate) fills: u64,
    pub(crate) clipped: u64,
    pub(crate) refused: BTreeMap<&'static str, u64>,
    pub(crate) tripped: BTreeMap<&'static str, u64>,
    /// Orders that open, whose caps were judged.
    pub(crate) judged: u64,
    /// What was traded, in the smallest amounts.
    pub(crate) traded: i128,
    /// The deepest fall from the peak of equity.
    pub(crate) drawdown: i128,
    /// The most of one instrument at the acceptance of an order, of equity; at its own worst price.
    pub(crate) used: i128,
    pub(crate) worst: i128,
    /// The most of all at the acceptance of an order, and at any time.
    pub(crate) loaded: i128,
    pub(crate) load: i128,
}

impl Tally {
    pub(crate) fn on_record(&mut self, record: &Record) {
        match *record {
            Record::Placed { .. } => self.orders += 1,
            Record::Fill(_) => self.fills += 1,
            Record::Clipped { .. } => self.clipped += 1,
            Record::Refused { refusal, .. } => {
                *self.refused.entry(refusal.name()).or_default() += 1
            }
            _ => {}
        }
    }

    /// This and another one.
    pub(crate) fn add(&mut self, other: &Self) {
        self.moments += other.moments;
        self.held_back += other.held_back;
        self.orders += other.orders;
        self.fills += other.fills;
        self.clipped += other.clipped;
        self.judged += other.judged;
        self.traded += other.traded;
        for (into, from) in
            [(&mut self.refused, &other.refused), (&mut self.tripped, &other.tripped)]
        {
            for (name, count) in from {
                *into.entry(name).or_default() += count;
            }
        }
        self.drawdown = self.drawdown.max(other.drawdown);
        self.used = self.used.max(other.used);
        self.worst = self.worst.max(other.worst);
        self.loaded = self.loaded.max(other.loaded);
        self.load = self.load.max(other.load);
    }
}

/// Millionths as a percentage.
pub(crate) fn percent(millionths: i128) -> f64 {
    millionths as f64 / 10_000.0
}
