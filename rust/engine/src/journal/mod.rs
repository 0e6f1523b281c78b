//! What is written down before it acts, as bytes; and the state that is the fold of it.
//!
//! Orders, money, risk, control and intents are records; market data is not. No I/O here: an
//! encoded journal is bytes, [`State::fold`] reads them back, and the hashes tell whether two
//! runs did the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::event::{
    Exits, Intent, Measure, MeasureError, SleeveId, TradeId, TradingState, Unexplained, Want,
};
use crate::exposure::Exposure;
use crate::instrument::{Instrument, InstrumentId};
use crate::order::{OrderError, Orders};
use crate::portfolio::{Party, Portfolio};
use crate::risk::board::Board;
use crate::risk::breaker::Breakers;
use crate::risk::monitor::Monitor;
use crate::units::{Amount, Nanos, Overflow};

mod booked;
mod breaking;
mod bytes;
mod carrying;
mod conduct;
mod quoting;
mod record;
mod trading;

use breaking::Watch;
pub use bytes::{JournalError, decode, decode_records, encode, encode_record};
pub use carrying::Carrying;
use conduct::Conducts;
use quoting::Quoting;
use record::Chain;
pub use record::{EngineHash, Record};

/// A record that cannot follow from the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It is about an order in a way that cannot be.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// A number that does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// It names an instrument or sleeve that the run does not have.
    #[error("a record names an instrument or sleeve that is not in this run")]
    Unknown,
    /// It crosses nothing, or a sleeve with itself.
    #[error("a record crosses nothing, or a sleeve with itself")]
    Cross,
    /// It measures what is not yet, or what is known better.
    #[error(transparent)]
    Measure(#[from] MeasureError),
}

/// Everything that the records determine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    instruments: Vec<Instrument>,
    orders: Orders,
    portfolio: Portfolio,
    /// What of the account was booked without an order of ours: its kind, where, its name.
    booked: BTreeSet<(u8, u32, TradeId)>,
    /// What was told to be the worth of one of an asset, in the reporting currency.
    rates: BTreeMap<Asset, Amount>,
    exposures: Vec<Exposure>,
    targets: Vec<Option<f64>>,
    quotes: Vec<Quoting>,
    /// Of each sleeve, how its target is carried out.
    carrying: Vec<Option<Carrying>>,
    /// Of each sleeve, what closes whatever it holds, as it was asked for from outside.
    exits: Vec<Option<Exits>>,
    /// Of each sleeve, the target that waits until none of its orders works, or the quote that
    /// waits until none is being canceled.
    waiting: Vec<Option<Want>>,
    /// What need not wait any longer since the last record.
    released: Option<Intent>,
    paused: Vec<bool>,
    /// Of each instrument, what of it cannot be explained.
    frozen: Vec<Option<Unexplained>>,
    /// Of each instrument, whether its venue trades it.
    tradable: Vec<bool>,
    /// What the account may lose, as it was measured last.
    measure: Option<Measure>,
    monitor: Monitor,
    conducts: Conducts,
    board: Board,
    watch: Watch,
    /// Of each sleeve, whether a breaker refused what it wanted last.
    barred: Vec<bool>,
    trading_state: TradingState,
    /// Every position is to be closed: until trading is active again, or until the next start.
    flattening: bool,
    closing_to_stop: bool,
    late_fills: u64,
    /// Orders, fills and money, for the ledger's hash.
    chain: Chain,
}

impl State {
    /// The state before the first record.
    #[must_use]
    pub fn new(instruments: Vec<Instrument>, sleeves: usize, epoch: u32) -> Self {
        Self {
            orders: Orders::new(epoch),
            portfolio: Portfolio::new(&instruments, sleeves),
            booked: BTreeSet::new(),
            rates: BTreeMap::new(),
            exposures: vec![Exposure::default(); instruments.len()],
            targets: vec![None; sleeves],
            quotes: vec![Quoting::default(); sleeves],
            carrying: vec![None; sleeves],
            exits: vec![None; sleeves],
            waiting: vec![None; sleeves],
            released: None,
            paused: vec![false; sleeves],
            frozen: vec![None; instruments.len()],
            tradable: vec![true; instruments.len()],
            measure: None,
            monitor: Monitor::default(),
            conducts: Conducts::new(&instruments, sleeves),
            watch: Watch::new(&instruments, sleeves),
            barred: vec![false; sleeves],
            board: Board::new(&instruments, sleeves),
            trading_state: TradingState::Active,
            flattening: false,
            closing_to_stop: false,
            late_fills: 0,
            chain: Chain::default(),
            instruments,
        }
    }

    /// The state after `records`.
    pub fn fold(mut self, records: &[Record]) -> Result<Self, StateError> {
        for record in records {
            self.apply(record)?;
        }
        Ok(self)
    }

    /// One record more. An error changes nothing.
    pub fn apply(&mut self, record: &Record) -> Result<(), StateError> {
        self.released = None;
        match *record {
            Record::Deposit { ts: _, amount } => {
                let mut monitor = self.monitor;
                monitor.on_deposit(amount)?;
                let heights = self.conducts.deposited(self.monitor.last(), monitor.last())?;
                self.portfolio.on_deposit(amount)?;
                (self.monitor, self.conducts.equity) = (monitor, heights);
                self.chain.link(record);
            }
            Record::Booked { entry, worth } => self.on_booked(record, &entry, worth)?,
            Record::Rate { ts: _, asset, worth } => {
                self.rates.insert(asset, worth);
            }
            Record::Intent { ts, intent } => self.on_intent(&intent, ts)?,
            Record::Refused { ts, sleeve, refusal } => {
                self.note_refused(sleeve);
                self.note_barred(sleeve, refusal, ts);
            }
            Record::Clipped { ts, sleeve, limit } => self.note_barred(sleeve, limit, ts),
            Record::Crossed { ts: _, cross } => self.on_cross(record, &cross)?,
            Record::Placed { ts, id, order, .. } => self.on_placed(record, (id, ts), &order)?,
            Record::Update { ts, order, update } => self.on_update(order, update, ts)?,
            Record::Amend { ts, order, to } => self.on_amend(order, to, ts)?,
            Record::CumQty { ts, order, qty } => self.on_told(order, qty, ts)?,
            Record::Fill(fill) => self.on_fill(record, &fill)?,
            Record::Breaker(transition) => self.on_breaker(&transition)?,
            Record::Control { ts: _, state } => self.on_control(state),
            Record::Equity { ts, cash: _, equity } => {
                self.monitor.on_equity(ts, equity);
                self.conducts.on_equity(ts, equity);
            }
            Record::Pause { ts: _, sleeve, paused } => {
                let place = sleeve.index();
                *self.paused.get_mut(place).ok_or(StateError::Unknown)? = paused;
                if !paused {
                    self.forget(sleeve);
                }
            }
            Record::Start { ts: _, epoch, quiet_until: _ } => {
                self.orders.on_start(epoch);
                self.closing_to_stop = false;
            }
            Record::Stop { ts: _, flatten } => {
                self.closing_to_stop |= flatten;
                // What is called back was not had: the next start wants it anew.
                for sleeve in (0..).map(SleeveId).take(self.targets.len()) {
                    if self.is_trading(sleeve) {
                        self.forget(sleeve);
                    }
                }
            }
            Record::Freeze { ts: _, instrument, why } => {
                let frozen = self.frozen.get_mut(instrument.index());
                *frozen.ok_or(StateError::Unknown)? = why;
            }
            Record::Status { ts: _, instrument, tradable } => {
                let known = self.tradable.get_mut(instrument.index());
                *known.ok_or(StateError::Unknown)? = tradable;
            }
            Record::Measured { ts, measure } => {
                measure.check(ts, self.measure.as_ref())?;
                self.measure = Some(measure);
            }
            Record::Flatten { ts: _ } => {
                self.trading_state = TradingState::Reducing;
                self.flattening = true;
            }
        }
        Ok(())
    }

    fn on_control(&mut self, state: TradingState) {
        if state == TradingState::Active && self.trading_state != state {
            // What was wanted meanwhile was refused: it is wanted anew.
            self.targets.fill(None);
            self.quotes.fill(Quoting::default());
            self.carrying.fill(None);
        }
        self.flattening &= state != TradingState::Active;
        self.trading_state = state;
    }

    fn on_intent(&mut self, intent: &Intent, ts: Nanos) -> Result<(), StateError> {
        let place = intent.sleeve.index();
        if let Want::Exits(exits) = intent.want {
            // Beside whatever else is wanted.
            *self.exits.get_mut(place).ok_or(StateError::Unknown)? = exits;
            return Ok(());
        }
        let works = self.is_working(intent.sleeve);
        let waits = match intent.want {
            // A target says what to hold in all: what still works is called back first.
            Want::Target { .. } => works,
            Want::Quote(_) => self.is_canceling(intent.sleeve),
            Want::Trade { .. }
            | Want::CancelAll
            | Want::Cancel { .. }
            | Want::Amend { .. }
            | Want::Exits(_) => false,
        };
        let (Some(target), Some(quoting), Some(waiting), Some(carrying)) = (
            self.targets.get_mut(place),
            self.quotes.get_mut(place),
            self.waiting.get_mut(place),
            self.carrying.get_mut(place),
        ) else {
            return Err(StateError::Unknown);
        };
        if let Want::Cancel { .. } | Want::Amend { .. } = intent.want {
            // Of one order, and not of what the sleeve is on its way to.
            return Ok(());
        }
        if let Some(barred) = self.barred.get_mut(place) {
            *barred = false;
        }
        *carrying = Carrying::then(*carrying, &intent.want, works, ts);
        match intent.want {
            Want::Target { fraction, .. } => *target = Some(fraction),
            Want::Quote(_) | Want::CancelAll => {}
            Want::Trade { .. } | Want::Cancel { .. } | Want::Amend { .. } | Want::Exits(_) => {
                return Ok(());
            }
        }
        *quoting = Quoting::then(&intent.want);
        *waiting = waits.then_some(intent.want);
        Ok(())
    }

    /// What a sleeve wanted last was not had: it is wanted anew.
    fn forget(&mut self, sleeve: SleeveId) {
        if let Some(target) = self.targets.get_mut(sleeve.index()) {
            *target = None;
        }
        if let Some(quoting) = self.quotes.get_mut(sleeve.index()) {
            *quoting = Quoting::default();
        }
        if let Some(carrying) = self.carrying.get_mut(sleeve.index()) {
            *carrying = None;
        }
    }

    /// An order of a sleeve moved: what waited for that need not wait any longer.
    fn release(&mut self, sleeve: SleeveId) {
        let waits = match self.waiting.get(sleeve.index()).copied().flatten() {
            None => return,
            Some(Want::Quote(_)) => self.is_canceling(sleeve),
            Some(
                Want::Target { .. }
                | Want::Trade { .. }
                | Want::CancelAll
                | Want::Cancel { .. }
                | Want::Amend { .. }
                | Want::Exits(_),
            ) => self.is_working(sleeve),
        };
        if !waits {
            let want = self.waiting.get_mut(sleeve.index()).and_then(Option::take);
            self.released = want.map(|want| Intent { sleeve, want });
            self.note_released(sleeve);
        }
    }

    /// Whether any order of a sleeve works.
    #[must_use]
    pub fn is_working(&self, sleeve: SleeveId) -> bool {
        self.orders.working().any(|order| order.new_order().sleeve == sleeve)
    }

    /// Whether any order of a sleeve works but for those that wait to close.
    #[must_use]
    pub fn is_trading(&self, sleeve: SleeveId) -> bool {
        let mut working = self.orders.working();
        working.any(|order| order.new_order().sleeve == sleeve && !order.is_exit())
    }

    /// Equal for two runs whose orders, fills, ledger and exposure are equal, ids normalised.
    #[must_use]
    pub fn ledger_hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.chain.last());
        for pocket in self.portfolio.pockets() {
            hasher.update(&pocket.venue.0.to_le_bytes());
            hasher.update(&pocket.asset.bytes());
            for party in Party::ALL {
                hasher.update(&pocket.balances.of(party).mantissa().to_le_bytes());
            }
        }
        for exposure in &self.exposures {
            hasher.update(&exposure.position.mantissa().to_le_bytes());
            hasher.update(&exposure.working_buy.mantissa().to_le_bytes());
            hasher.update(&exposure.working_sell.mantissa().to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// What had to wait for working orders, where the last record ended the last of them.
    #[must_use]
    pub fn released(&self) -> Option<Intent> {
        self.released
    }

    /// Whether every position is to be closed, whatever the strategies want.
    #[must_use]
    pub fn is_flattening(&self) -> bool {
        self.flattening || self.closing_to_stop || self.board.is_flattening()
    }

    /// Whether a sleeve's target or quote waits for orders that work.
    #[must_use]
    pub fn is_waiting(&self, sleeve: SleeveId) -> bool {
        self.waiting.get(sleeve.index()).is_some_and(Option::is_some)
    }

    /// Whether an operator paused a sleeve.
    #[must_use]
    pub fn is_paused(&self, sleeve: SleeveId) -> bool {
        self.paused.get(sleeve.index()).copied().unwrap_or(false)
    }

    /// What of an instrument cannot be explained: nothing of it is ordered until it is.
    #[must_use]
    pub fn frozen(&self, id: InstrumentId) -> Option<Unexplained> {
        self.frozen.get(id.index()).copied().flatten()
    }

    /// Whether an instrument's venue trades it.
    #[must_use]
    pub fn is_tradable(&self, id: InstrumentId) -> bool {
        self.tradable.get(id.index()).copied().unwrap_or(false)
    }

    /// What the account may lose, as it was measured last.
    #[must_use]
    pub fn measure(&self) -> Option<Measure> {
        self.measure
    }

    /// What equity is measured against.
    #[must_use]
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// The instruments of the run.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// One instrument.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(id.index())
    }

    /// Every order.
    #[must_use]
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Ledger and positions.
    #[must_use]
    pub fn portfolio(&self) -> &Portfolio {
        &self.portfolio
    }

    /// One instrument's exposure.
    #[must_use]
    pub fn exposure(&self, id: InstrumentId) -> Exposure {
        self.exposures.get(id.index()).copied().unwrap_or_default()
    }

    /// Every instrument's exposure.
    #[must_use]
    pub fn exposures(&self) -> &[Exposure] {
        &self.exposures
    }

    /// The fraction a sleeve wanted last.
    #[must_use]
    pub fn target(&self, sleeve: SleeveId) -> Option<f64> {
        self.targets.get(sleeve.index()).copied().flatten()
    }

    /// What closes whatever a sleeve holds, as it was asked for from outside.
    #[must_use]
    pub fn exits(&self, sleeve: SleeveId) -> Option<Exits> {
        self.exits.get(sleeve.index()).copied().flatten()
    }

    /// The word of the account's breakers, those that hold nothing back included.
    #[must_use]
    pub fn breakers(&self) -> Breakers {
        self.board.account()
    }

    /// Every breaker that is not closed.
    #[must_use]
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// How much may be done.
    #[must_use]
    pub fn trading_state(&self) -> TradingState {
        self.trading_state
    }

    /// Fills that came after the end of their order.
    #[must_use]
    pub fn late_fills(&self) -> u64 {
        self.late_fills
    }
}
