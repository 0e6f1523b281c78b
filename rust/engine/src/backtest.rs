//! History and the paper venue around the same [`Bot`] that runs live.
//!
//! For each moment at which bars close: the venue trades them against what rests, the bot is told
//! of the fills, then of the bars in the order of instruments, then it decides once. So the bar
//! that decided never fills, and nothing sees what has not happened.

use std::sync::Arc;

use crate::bot::{Bot, BotError, Decides, Sleeve};
use crate::decision::Decision;
use crate::event::{Bar, Event, Intent, OrderId, SleeveId};
use crate::history::{History, Moments};
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::journal::{self, Record, State};
use crate::report::Report;
use crate::risk::limits::Profile;
use crate::session::{Driver, KeepError, Session, SessionError};
use crate::units::{Amount, Nanos, Overflow, Rate};
use crate::venue::{Act, Paper, PaperRules, Venue};

/// What every run needs besides history and strategies.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Cash at the start, in the reporting currency.
    pub cash: Amount,
    /// Fee on notional.
    pub fee: Rate,
    /// How far beyond the open a market order fills.
    pub slippage: Rate,
    /// The limits.
    pub profile: Profile,
    /// Whether to keep the records.
    pub journal: bool,
}

/// What stops a backtest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BacktestError {
    /// The bot could not go on.
    #[error(transparent)]
    Bot(BotError),
    /// A price of a history that is no unit.
    #[error("{symbol}: {reason}")]
    Unit {
        /// Which instrument.
        symbol: String,
        /// Why.
        reason: UnitError,
    },
    /// An amount that does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// Two histories of one instrument.
    #[error("instrument '{0}' is there twice")]
    Twice(String),
    /// Two sleeves on one instrument that nobody could tell apart.
    #[error("two strategies on '{1}' are called '{0}': give each a name of its own")]
    Namesake(String, String),
    /// A sleeve on an instrument without history, or nothing to run.
    #[error("there is no history for '{0}'")]
    NoHistory(String),
    /// A quote where nothing tells a touch.
    #[error(
        "'{0}' has no book to quote in: bars and trades have none; use quote() in a run on a \
         simulated market or a recorded book"
    )]
    NoBook(String),
    /// Shares that are not above zero, or above the whole together.
    #[error("the strategies' allocations must be above 0 and at most 1 together")]
    Allocation,
    /// Cash that is not above zero.
    #[error("cash must be above zero")]
    Cash,
    /// A budget of what the account may lose, which nobody measures here.
    #[error(
        "var_max and cvar_max are budgets of a measure, which nobody makes in a backtest: leave \
         them at 1 here, or size by var_budget or cvar_budget; bot4 run measures"
    )]
    Budget,
    /// Ours and the venue's record of cash or positions differ.
    #[error("invariant: the ledger and the paper venue's own record differ")]
    Ledger,
}

impl From<SessionError> for BacktestError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Bot(error) => Self::Bot(error),
            SessionError::Unit { symbol, reason } => Self::Unit { symbol, reason },
            SessionError::Overflow(error) | SessionError::Keep(KeepError::Overflow(error)) => {
                Self::Overflow(error)
            }
            // Neither keeps nor meets a backtest what could do that.
            SessionError::Keep(KeepError::Journal(_) | KeepError::Strategy)
            | SessionError::Report(_)
            | SessionError::Stranger(_)
            | SessionError::Forked { .. } => Self::Ledger,
        }
    }
}

/// What is collected of a run.
#[derive(Debug)]
struct Collected {
    report: Report,
    records: Option<Vec<Record>>,
}

impl Driver for Collected {
    fn keep(&mut self, _: u64, records: &[Record], state: &State) -> Result<(), KeepError> {
        for record in records {
            self.report.on_record(record, state)?;
        }
        if let Some(kept) = &mut self.records {
            kept.extend_from_slice(records);
        }
        Ok(())
    }

    fn recalled(&mut self, _: &Record, _: &State) {}

    fn release(&mut self, _: OrderId) -> Result<(), KeepError> {
        Ok(())
    }

    fn settle(&mut self) -> Result<(), KeepError> {
        Ok(())
    }

    /// Whoever drives a backtest asks between moments: [`Backtest::outside`].
    fn ask(&mut self, _: &Bot, _: &[Bar], _: &mut Vec<Event>) -> Result<(), KeepError> {
        Ok(())
    }

    fn acted(&mut self, _: u64, _: &[Act]) -> Result<(), KeepError> {
        Ok(())
    }

    fn done(&mut self, _: u64) -> Result<(), KeepError> {
        Ok(())
    }
}

/// A run over history.
#[derive(Debug)]
pub struct Backtest {
    session: Session,
    moments: Moments,
    collected: Collected,
    closing: Vec<Bar>,
    /// An instrument had its last bar at the last moment.
    ending: bool,
}

impl Backtest {
    /// Set up a run: the first histories' instruments, the sleeves on them, the deposit made.
    pub fn new(
        histories: Vec<Arc<History>>,
        sleeves: Vec<Sleeve>,
        settings: &Settings,
    ) -> Result<Self, BacktestError> {
        if !settings.cash.is_positive() {
            return Err(BacktestError::Cash);
        }
        if settings.profile.has_budget() {
            return Err(BacktestError::Budget);
        }
        if histories.is_empty() {
            return Err(BacktestError::NoHistory("anything".to_owned()));
        }
        let instruments = instruments(&histories, settings.fee)?;
        check_sleeves(&sleeves, &instruments, false)?;
        let rules = PaperRules {
            slippage: settings.slippage,
            borrowing: settings.profile.borrowing,
            shorting: settings.profile.shorting,
        };
        let moments = histories.iter().map(|history| history.len()).max().unwrap_or(0);
        let told = Moments::new(histories);
        let ts = told.opens_ns().unwrap_or_default();
        let venue = Venue::Bars(Paper::new(rules, instruments.clone()));
        let report = Report::new(instruments.len(), moments);
        let bot = Bot::new(instruments, sleeves, settings.profile.clone(), 0);
        let mut backtest = Self {
            session: Session::new(bot, venue, None, None),
            moments: told,
            collected: Collected { report, records: settings.journal.then(Vec::new) },
            closing: Vec::new(),
            ending: false,
        };
        backtest.session.deposit(ts, settings.cash, &mut backtest.collected)?;
        Ok(backtest)
    }

    /// Go on to the next moment at which bars close, and decide. `None` at the end.
    pub fn advance(&mut self) -> Result<Option<Nanos>, BacktestError> {
        self.retire()?;
        let Some(now) = self.moments.next_ns() else {
            return Ok(None);
        };
        self.closing.clear();
        self.ending = self.moments.next(&mut self.closing);
        self.session.on_moment(&[], &self.closing, now, &mut self.collected)?;
        for bar in &self.closing {
            self.collected.report.on_bar(bar);
        }
        self.collected.report.on_moment(now, self.session.bot().account());
        Ok(Some(now))
    }

    /// Where an instrument has no bar left, what rests in it expires; after the last bar of all the
    /// venue's record and our ledger must agree. Every [`Backtest::advance`] begins with this, and
    /// whoever stops at the last bar ends with it.
    pub fn retire(&mut self) -> Result<(), BacktestError> {
        if !self.ending {
            return Ok(());
        }
        self.ending = false;
        let mut left = false;
        for (id, (history, row)) in (0..).map(InstrumentId).zip(self.moments.told()) {
            let ended = history.close_ns(row).is_none();
            left |= !ended;
            if ended {
                self.session.expire(id, &mut self.collected)?;
            }
        }
        if left || self.session.agrees()? { Ok(()) } else { Err(BacktestError::Ledger) }
    }

    /// The sleeves that decide outside the engine and had a bar at the last moment, in order: each
    /// is to be asked once, and what it wants told by [`Backtest::ask`], before going on.
    pub fn outside(&self) -> impl Iterator<Item = SleeveId> + '_ {
        let now = self.bot().now();
        let had_a_bar = move |id| {
            let row =
                self.told(id).and_then(|(history, told)| Some((history, told.checked_sub(1)?)));
            row.is_some_and(|(history, row)| history.close_ns(row) == Some(now))
        };
        (0..).map(SleeveId).zip(self.bot().sleeves()).filter_map(move |(id, sleeve)| {
            let outside = matches!(sleeve.decides, Decides::Outside);
            (outside && had_a_bar(sleeve.instrument)).then_some(id)
        })
    }

    /// What a strategy outside the engine wants, after [`Backtest::advance`].
    pub fn ask(&mut self, intent: Intent) -> Result<(), BacktestError> {
        Ok(self.session.tell(&Event::Intent(intent), &mut self.collected)?)
    }

    /// The bot.
    #[must_use]
    pub fn bot(&self) -> &Bot {
        self.session.bot()
    }

    /// What was collected.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.collected.report
    }

    /// An instrument's history and how many of its bars were told.
    #[must_use]
    pub fn told(&self, id: InstrumentId) -> Option<(&Arc<History>, usize)> {
        self.moments.told_of(id)
    }

    /// How many bars there are in all.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.moments.bars()
    }

    /// The journal as bytes; empty unless it was asked for.
    #[must_use]
    pub fn journal(&self) -> Vec<u8> {
        let sleeves = u32::try_from(self.bot().sleeves().len()).unwrap_or(u32::MAX);
        let instruments = self.bot().state().instruments();
        let encode = |records: &Vec<Record>| journal::encode(instruments, sleeves, records);
        self.collected.records.as_ref().map(encode).unwrap_or_default()
    }
}

fn instruments(histories: &[Arc<History>], fee: Rate) -> Result<Vec<Instrument>, BacktestError> {
    let mut instruments: Vec<Instrument> = Vec::with_capacity(histories.len());
    for history in histories {
        let symbol = history.symbol();
        if instruments.iter().any(|known| known.symbol == symbol) {
            return Err(BacktestError::Twice(symbol.to_owned()));
        }
        let first = history.rows().first().map_or(f64::NAN, |row| row.open);
        let instrument = Instrument::assumed(symbol, first, fee);
        instruments.push(
            instrument
                .map_err(|reason| BacktestError::Unit { symbol: symbol.to_owned(), reason })?,
        );
    }
    Ok(instruments)
}

/// Whether every sleeve has an instrument, a name of its own there and what it needs of it, and all
/// together no more than the equity.
pub(crate) fn check_sleeves(
    sleeves: &[Sleeve],
    instruments: &[Instrument],
    has_book: bool,
) -> Result<(), BacktestError> {
    let mut allocated = Rate::ZERO;
    for (count, sleeve) in sleeves.iter().enumerate() {
        let place = sleeve.instrument.index();
        let Some(rules) = instruments.get(place) else {
            return Err(BacktestError::NoHistory(format!("instrument {place}")));
        };
        let same = |other: &Sleeve| {
            (other.instrument, &other.strategy) == (sleeve.instrument, &sleeve.strategy)
        };
        if sleeves.iter().take(count).any(same) {
            let (name, symbol) = (sleeve.strategy.clone(), rules.symbol.clone());
            return Err(BacktestError::Namesake(name, symbol));
        }
        if let (Decides::Program { decision: Decision::Quote(_), .. }, false) =
            (&sleeve.decides, has_book)
        {
            return Err(BacktestError::NoBook(rules.symbol.clone()));
        }
        if !sleeve.allocation.is_positive() {
            return Err(BacktestError::Allocation);
        }
        allocated = allocated.plus(sleeve.allocation)?;
    }
    if allocated > Rate::ONE { Err(BacktestError::Allocation) } else { Ok(()) }
}
