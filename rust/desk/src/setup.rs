//! What a run is made of, before it is opened: markets of one kind, strategies, money, limits.

use std::sync::Arc;

use bot4_engine::bot::{Decides, Sleeve};
use bot4_engine::event::SleeveId;
use bot4_engine::feed::{Feed, Source};
use bot4_engine::history::{History, Moments};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_as_text};
use bot4_engine::market::{Recorded, SimulatedMarket};
use bot4_engine::run::{Run, RunSettings};
use bot4_engine::session::FAULTY_LATENCY_MAX;
use bot4_engine::units::{Nanos, Rate};

use crate::error::DeskError;
use crate::header::{FORMAT, Header};

/// One instrument's market.
#[derive(Debug)]
pub enum Market {
    /// Seeded order flow that never happened.
    Simulated {
        /// What is traded.
        rules: Instrument,
        /// The order flow.
        market: Box<SimulatedMarket>,
        /// What it was made from: seed, first price, beginning.
        seed: (u64, i64, i64),
    },
    /// What was recorded.
    Recorded(Recorded),
    /// Bars.
    Bars(Arc<History>),
}

/// A run before it is opened.
#[derive(Debug)]
pub struct Setup {
    markets: Vec<Market>,
    sleeves: Vec<Sleeve>,
    settings: RunSettings,
    taker_fee: Rate,
    maker_fee: Rate,
}

impl Market {
    fn symbol(&self) -> &str {
        match self {
            Self::Simulated { rules, .. } => &rules.symbol,
            Self::Recorded(recorded) => &recorded.rules().symbol,
            Self::Bars(history) => history.symbol(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Simulated { .. } => "simulated",
            Self::Recorded(recorded) if recorded.has_book() => "book",
            Self::Recorded(_) => "trades",
            Self::Bars(_) => "bars",
        }
    }

    fn seed(&self) -> Option<(u64, i64, i64)> {
        match self {
            Self::Simulated { seed, .. } => Some(*seed),
            Self::Recorded(_) | Self::Bars(_) => None,
        }
    }

    fn digest(&self) -> Option<String> {
        match self {
            Self::Simulated { .. } => None,
            Self::Recorded(recorded) => Some(recorded.digest()),
            Self::Bars(history) => Some(history.digest()),
        }
    }

    fn rules(&self) -> Result<Instrument, DeskError> {
        match self {
            Self::Simulated { rules, .. } => Ok(rules.clone()),
            Self::Recorded(recorded) => Ok(recorded.rules().clone()),
            Self::Bars(history) => {
                let first = history.rows().first().map_or(f64::NAN, |row| row.open);
                Ok(Instrument::assumed(history.symbol(), first, Rate::ZERO)?)
            }
        }
    }
}

impl Setup {
    /// Nothing to trade yet; the fees are fractions of notional.
    #[must_use]
    pub const fn new(settings: RunSettings, taker_fee: Rate, maker_fee: Rate) -> Self {
        Self { markets: Vec::new(), sleeves: Vec::new(), settings, taker_fee, maker_fee }
    }

    /// A market that never happened: order flow made from `seed`, that begins at about `price`.
    pub fn add_simulated(
        &mut self,
        rules: Instrument,
        price: f64,
        seed: u64,
        start: Nanos,
    ) -> Result<(), DeskError> {
        let first = rules.tick_down(price)?;
        let id = InstrumentId(u32::try_from(self.markets.len()).unwrap_or(u32::MAX));
        let market = Box::new(SimulatedMarket::new(id, &rules, first, seed, start));
        let seed = (seed, first.mantissa(), start.mantissa());
        self.add(Market::Simulated { rules, market, seed })
    }

    /// A market more. All are of one kind, and of one instrument there is one.
    pub fn add(&mut self, market: Market) -> Result<(), DeskError> {
        let symbol = market.symbol().to_owned();
        if self.markets.iter().any(|known| known.symbol() == symbol) {
            return Err(DeskError::Twice(symbol));
        }
        if let Some(first) = self.markets.first().filter(|first| first.kind() != market.kind()) {
            return Err(DeskError::Mixed {
                symbol,
                kind: market.kind(),
                first: first.symbol().to_owned(),
                first_kind: first.kind(),
            });
        }
        self.markets.push(market);
        Ok(())
    }

    /// A strategy on an instrument, with a share of the equity.
    pub fn seat(
        &mut self,
        strategy: &str,
        symbol: &str,
        allocation: Rate,
        decides: Decides,
    ) -> Result<(SleeveId, InstrumentId), DeskError> {
        let place = self.markets.iter().position(|market| market.symbol() == symbol);
        let instrument = place
            .and_then(|place| u32::try_from(place).ok())
            .map(InstrumentId)
            .ok_or_else(|| DeskError::NoMarket(symbol.to_owned()))?;
        let sleeve = SleeveId(u32::try_from(self.sleeves.len()).unwrap_or(u32::MAX));
        let strategy = strategy.to_owned();
        self.sleeves.push(Sleeve { strategy, instrument, allocation, decides });
        Ok((sleeve, instrument))
    }

    /// The bars of an instrument, where its market is bars.
    #[must_use]
    pub fn history(&self, id: InstrumentId) -> Option<&Arc<History>> {
        match self.markets.get(id.index()) {
            Some(Market::Bars(history)) => Some(history),
            Some(Market::Simulated { .. } | Market::Recorded(_)) | None => None,
        }
    }

    /// The run, and what its journal begins with.
    pub fn build(&mut self) -> Result<(Run, Header), DeskError> {
        let kind = self.markets.first().map(Market::kind);
        let kind = kind.ok_or_else(|| DeskError::NoMarket("anything".to_owned()))?;
        if self.sleeves.is_empty() {
            return Err(DeskError::NoStrategy);
        }
        if self.settings.faults.is_some() {
            if kind == "bars" {
                return Err(DeskError::Faults("nothing is on its way to a venue over bars"));
            }
            if self.settings.latency > FAULTY_LATENCY_MAX {
                return Err(DeskError::Faults("latency must be 1 s at most beside them"));
            }
        }
        self.settings.has_book = kind == "book" || kind == "simulated";
        let mut instruments = Vec::with_capacity(self.markets.len());
        for market in &self.markets {
            instruments.push(market.rules()?.with_fees(self.taker_fee, self.maker_fee));
        }
        let header = Header {
            format: FORMAT,
            market: kind.to_owned(),
            seeds: self.markets.iter().filter_map(Market::seed).collect(),
            data: self.markets.iter().filter_map(Market::digest).collect(),
            instruments: instruments.clone(),
            sleeves: Header::sleeves_of(&self.sleeves),
            cash: amount_as_text(self.settings.cash),
            slippage: self.settings.slippage.mantissa(),
            latency_ns: self.settings.latency.mantissa(),
            bar_interval_ns: self.settings.bar_interval.mantissa(),
            borrowing: self.settings.profile.borrowing,
            shorting: self.settings.profile.shorting,
            faults: self.settings.faults,
        };
        let run = Run::new(self.feed(), instruments, self.sleeves.clone(), &self.settings)?;
        Ok((run, header))
    }

    fn feed(&self) -> Feed {
        let mut histories = Vec::new();
        let mut sources = Vec::new();
        for (id, market) in (0..).map(InstrumentId).zip(&self.markets) {
            match market {
                Market::Simulated { market, .. } => {
                    sources.push(Source::Simulated(market.clone()));
                }
                Market::Recorded(recorded) => {
                    sources.push(Source::Recorded(recorded.ticks(id), 0));
                }
                Market::Bars(history) => histories.push(Arc::clone(history)),
            }
        }
        if histories.is_empty() {
            Feed::Ticks(sources)
        } else {
            Feed::Bars(Moments::new(histories))
        }
    }
}
