//! What a journal was begun with, as text: a run goes on only from one of its own.

use bot4_engine::bot::Sleeve;
use bot4_engine::instrument::Instrument;
use bot4_engine::session::Faults;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::DeskError;

/// What has to stay as it was. The limits and the parameters of strategies may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of what the entries hold.
    pub format: u32,
    /// What feeds it: `simulated`, `book`, `trades` or `bars`.
    pub market: String,
    /// Of each simulated market, its seed, first price and beginning.
    pub seeds: Vec<(u64, i64, i64)>,
    /// Of each recording or history, a digest of what it holds.
    pub data: Vec<String>,
    /// What is traded, with its venue's rules.
    pub instruments: Vec<Instrument>,
    /// Strategy, instrument and allocation of each sleeve.
    pub sleeves: Vec<(String, u32, i64)>,
    /// Cash at the start.
    pub cash: String,
    /// How far beyond a trade or an open a market order fills.
    pub slippage: i64,
    /// The way to the venue, and back.
    pub latency_ns: i64,
    /// How long the bars last that are made of trades.
    pub bar_interval_ns: i64,
    /// Whether the venue lends cash.
    pub borrowing: bool,
    /// Whether it lends base to sell.
    pub shorting: bool,
    /// How it misbehaves, where it does.
    pub faults: Option<Faults>,
}

/// The version of what the entries hold.
pub const FORMAT: u32 = 3;

impl Header {
    /// Sleeves as a header has them.
    #[must_use]
    pub fn sleeves_of(sleeves: &[Sleeve]) -> Vec<(String, u32, i64)> {
        let one = |sleeve: &Sleeve| {
            (sleeve.strategy.clone(), sleeve.instrument.0, sleeve.allocation.mantissa())
        };
        sleeves.iter().map(one).collect()
    }

    /// As it stands in the journal.
    pub(crate) fn bytes(&self, path: &str) -> Result<Vec<u8>, DeskError> {
        serde_json::to_vec(self).map_err(|error| unreadable(path, &error))
    }

    /// As it stood in the journal.
    pub(crate) fn read(bytes: &[u8], path: &str) -> Result<Self, DeskError> {
        serde_json::from_slice(bytes).map_err(|error| unreadable(path, &error))
    }

    /// Where this run is another than the one that `kept` began: the first setting that differs.
    pub(crate) fn differs(&self, kept: &Self, path: &str) -> Option<DeskError> {
        let (given, kept) = (fields(self), fields(kept));
        let differs = given.iter().find(|(name, value)| kept.get(*name) != Some(value));
        differs.map(|(name, value)| DeskError::OtherRun {
            path: path.to_owned(),
            what: name.replace('_', " "),
            kept: kept.get(name).map(Value::to_string).unwrap_or_default(),
            given: value.to_string(),
        })
    }
}

fn fields(header: &Header) -> Map<String, Value> {
    match serde_json::to_value(header) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn unreadable(path: &str, error: &serde_json::Error) -> DeskError {
    let reason = format!(
        "its header is not one of this version ({error}): run it with the version that began \
         it, or begin anew with --fresh"
    );
    DeskError::Records { path: path.to_owned(), reason }
}
