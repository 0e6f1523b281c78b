//! What tells a run its market, event by event: simulated order flow, recordings, or bars.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::{Bar, Tick};
use crate::history::Moments;
use crate::instrument::InstrumentId;
use crate::market::SimulatedMarket;
use crate::units::Nanos;

/// One instrument's ticks.
#[derive(Debug, Clone)]
pub enum Source {
    /// Seeded order flow, without end.
    Simulated(Box<SimulatedMarket>),
    /// What was recorded, and how many of its ticks were told.
    Recorded(Arc<[Tick]>, usize),
}

/// Several instruments' markets as one, in the order of time.
#[derive(Debug, Clone)]
pub enum Feed {
    /// Ticks; at one time, in the order of instruments.
    Ticks(Vec<Source>),
    /// Bars, moment by moment.
    Bars(Moments),
}

/// Where a feed was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FeedMemory {
    /// Of each source, the simulator or how many ticks were told.
    Ticks(Vec<SourceMemory>),
    /// Of each history, how many bars were told.
    Bars(Vec<usize>),
}

/// Where a source was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum SourceMemory {
    /// The simulator, whole.
    Simulated(Box<SimulatedMarket>),
    /// How many ticks were told.
    Recorded(usize),
}

impl Source {
    fn next_ns(&self) -> Option<Nanos> {
        match self {
            Self::Simulated(market) => Some(market.next_ns()),
            Self::Recorded(ticks, told) => ticks.get(*told).map(|tick| tick.ts),
        }
    }

    fn next(&mut self) -> Option<Tick> {
        match self {
            Self::Simulated(market) => Some(market.next()),
            Self::Recorded(ticks, told) => {
                let tick = ticks.get(*told).copied();
                *told += usize::from(tick.is_some());
                tick
            }
        }
    }
}

impl Feed {
    /// The time of the next event; `None` at the end.
    #[must_use]
    pub fn next_ns(&self) -> Option<Nanos> {
        match self {
            Self::Ticks(sources) => sources.iter().filter_map(Source::next_ns).min(),
            Self::Bars(moments) => moments.next_ns(),
        }
    }

    /// When what comes next begins: of bars, when the first of them opens.
    #[must_use]
    pub fn opens_ns(&self) -> Option<Nanos> {
        match self {
            Self::Ticks(_) => self.next_ns(),
            Self::Bars(moments) => moments.opens_ns(),
        }
    }

    /// The next tick; `None` at the end, and of a feed of bars.
    pub fn next_tick(&mut self) -> Option<Tick> {
        let Self::Ticks(sources) = self else {
            return None;
        };
        let mut first: Option<(Nanos, &mut Source)> = None;
        for source in sources {
            if let Some(ts) = source.next_ns()
                && first.as_ref().is_none_or(|(earliest, _)| ts < *earliest)
            {
                first = Some((ts, source));
            }
        }
        first.and_then(|(_, source)| source.next())
    }

    /// The instruments whose bars were all told; of a feed of ticks none.
    #[must_use]
    pub fn ended(&self) -> Vec<InstrumentId> {
        let Self::Bars(moments) = self else {
            return Vec::new();
        };
        let told = (0..).map(InstrumentId).zip(moments.told());
        told.filter(|(_, (history, row))| *row >= history.len()).map(|(id, _)| id).collect()
    }

    /// The bars of the next moment, into `closing`; none at the end, and of a feed of ticks.
    pub fn next_moment(&mut self, closing: &mut Vec<Bar>) {
        if let Self::Bars(moments) = self {
            moments.next(closing);
        }
    }

    /// Where it is.
    #[must_use]
    pub fn memory(&self) -> FeedMemory {
        match self {
            Self::Ticks(sources) => {
                let memory = |source: &Source| match source {
                    Source::Simulated(market) => SourceMemory::Simulated(market.clone()),
                    Source::Recorded(_, told) => SourceMemory::Recorded(*told),
                };
                FeedMemory::Ticks(sources.iter().map(memory).collect())
            }
            Self::Bars(moments) => FeedMemory::Bars(moments.told().map(|(_, row)| row).collect()),
        }
    }

    /// Go on from where a feed of the same market was; whether it can be of the same.
    pub fn remember(&mut self, memory: FeedMemory) -> bool {
        match (self, memory) {
            (Self::Ticks(sources), FeedMemory::Ticks(memory)) if sources.len() == memory.len() => {
                sources.iter_mut().zip(memory).all(|(source, memory)| match (source, memory) {
                    (Source::Simulated(market), SourceMemory::Simulated(kept)) => {
                        *market = kept;
                        true
                    }
                    (Source::Recorded(ticks, told), SourceMemory::Recorded(kept)) => {
                        *told = kept;
                        kept <= ticks.len()
                    }
                    (Source::Simulated(_), SourceMemory::Recorded(_))
                    | (Source::Recorded(..), SourceMemory::Simulated(_)) => false,
                })
            }
            (Self::Bars(moments), FeedMemory::Bars(rows)) => moments.skip_to(&rows),
            (Self::Ticks(_) | Self::Bars(_), FeedMemory::Ticks(_) | FeedMemory::Bars(_)) => false,
        }
    }
}
