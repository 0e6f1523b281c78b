//! History and the paper venue around the same [`Bot`] that runs live.
//!
//! For each moment at which bars close: the venue trades them against what rests, the bot is told
//! of the fills, then of the bars in the order of instruments, then it decides once. So the bar
//! that decided never fills, and nothing sees what has not happened.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::bot::{Bot, BotError, Decides, Output, Sleeve};
use crate::event::{Action, Bar, Event, Intent, SleeveId};
use crate::history::History;
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::journal::{self, Record};
use crate::portfolio::Party;
use crate::report::Report;
use crate::risk::limits::Profile;
use crate::units::{Amount, Nanos, Overflow, Rate};
use crate::venue::{Paper, PaperRules};

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
    Bot(#[from] BotError),
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
    /// Two sleeves on one instrument.
    #[error("two strategies on '{0}': one strategy for an instrument, for now")]
    Crowded(String),
    /// A sleeve on an instrument without history, or nothing to run.
    #[error("there is no history for '{0}'")]
    NoHistory(String),
    /// Shares that are not above zero, or above the whole together.
    #[error("the strategies' allocations must be above 0 and at most 1 together")]
    Allocation,
    /// Cash that is not above zero.
    #[error("cash must be above zero")]
    Cash,
    /// Ours and the venue's record of cash or positions differ.
    #[error("invariant: the ledger and the paper venue's own record differ")]
    Ledger,
}

#[derive(Debug)]
struct Feed {
    history: Arc<History>,
    row: usize,
}

/// A run over history.
#[derive(Debug)]
pub struct Backtest {
    bot: Bot,
    venue: Paper,
    report: Report,
    feeds: Vec<Feed>,
    output: Output,
    events: Vec<Event>,
    closing: Vec<Bar>,
    actions: VecDeque<Action>,
    /// An instrument had its last bar at the last moment.
    ending: bool,
    records: Option<Vec<Record>>,
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
        if histories.is_empty() {
            return Err(BacktestError::NoHistory("anything".to_owned()));
        }
        let instruments = instruments(&histories, settings.fee)?;
        check_sleeves(&sleeves, &instruments)?;
        let rules = PaperRules {
            slippage: settings.slippage,
            borrowing: settings.profile.borrowing,
            shorting: settings.profile.shorting,
        };
        let moments = histories.iter().map(|history| history.len()).max().unwrap_or(0);
        let first = histories.iter().filter_map(|history| history.rows().first());
        let ts = Nanos::new(first.map(|row| row.open_ns).min().unwrap_or_default());
        let mut backtest = Self {
            venue: Paper::new(rules, instruments.clone()),
            report: Report::new(instruments.len(), moments),
            bot: Bot::new(instruments, sleeves, settings.profile.clone(), 0),
            feeds: histories.into_iter().map(|history| Feed { history, row: 0 }).collect(),
            output: Output::default(),
            events: Vec::new(),
            closing: Vec::new(),
            actions: VecDeque::new(),
            ending: false,
            records: settings.journal.then(Vec::new),
        };
        backtest.venue.deposit(settings.cash)?;
        backtest.tell(&Event::Deposit { ts, amount: settings.cash })?;
        Ok(backtest)
    }

    /// Go on to the next moment at which bars close, and decide. `None` at the end.
    pub fn advance(&mut self) -> Result<Option<Nanos>, BacktestError> {
        self.retire()?;
        let closes = self.feeds.iter().filter_map(|feed| feed.history.close_ns(feed.row));
        let Some(now) = closes.min() else {
            return Ok(None);
        };
        let mut closing = core::mem::take(&mut self.closing);
        for (place, feed) in self.feeds.iter_mut().enumerate() {
            if feed.history.close_ns(feed.row) == Some(now) {
                let id = InstrumentId(u32::try_from(place).map_err(|_| Overflow)?);
                closing.extend(feed.history.bar(id, feed.row));
                feed.row += 1;
                self.ending |= feed.row == feed.history.len();
            }
        }
        for bar in &closing {
            self.trade(bar)?;
        }
        for bar in &closing {
            self.report.on_bar(bar.instrument, bar.open_ns);
            self.tell(&Event::Bar(*bar))?;
        }
        closing.clear();
        self.closing = closing;
        self.tell(&Event::Time(now))?;
        self.report.on_moment(now, self.bot.account());
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
        for place in 0..self.feeds.len() {
            let feed = self.feeds.get(place);
            let ended = feed.is_some_and(|feed| feed.history.close_ns(feed.row).is_none());
            left |= !ended;
            if ended && !self.venue.is_idle() {
                let id = InstrumentId(u32::try_from(place).map_err(|_| Overflow)?);
                let mut events = core::mem::take(&mut self.events);
                self.venue.expire(id, self.bot.now(), &mut events);
                for event in events.drain(..) {
                    self.tell(&event)?;
                }
                self.events = events;
            }
        }
        if left { Ok(()) } else { self.settle() }
    }

    /// The sleeves that decide outside the engine and had a bar at the last moment, in order: each
    /// is to be asked once, and what it wants told by [`Backtest::ask`], before going on.
    pub fn outside(&self) -> impl Iterator<Item = SleeveId> + '_ {
        let now = self.bot.now();
        let had_a_bar = move |id| {
            let row =
                self.told(id).and_then(|(history, told)| Some((history, told.checked_sub(1)?)));
            row.is_some_and(|(history, row)| history.close_ns(row) == Some(now))
        };
        (0..).map(SleeveId).zip(self.bot.sleeves()).filter_map(move |(id, sleeve)| {
            let outside = matches!(sleeve.decides, Decides::Outside);
            (outside && had_a_bar(sleeve.instrument)).then_some(id)
        })
    }

    /// What a strategy outside the engine wants, after [`Backtest::advance`].
    pub fn ask(&mut self, intent: Intent) -> Result<(), BacktestError> {
        self.tell(&Event::Intent(intent))
    }

    /// The venue trades a bar; the bot is told what came of it.
    fn trade(&mut self, bar: &Bar) -> Result<(), BacktestError> {
        if self.venue.is_idle() {
            return Ok(());
        }
        let mut events = core::mem::take(&mut self.events);
        if let Err(reason) = self.venue.on_bar(bar, &mut events) {
            let feed = self.feeds.get(bar.instrument.index());
            let symbol = feed.map_or("", |feed| feed.history.symbol()).to_owned();
            return Err(BacktestError::Unit { symbol, reason });
        }
        for event in events.drain(..) {
            self.tell(&event)?;
        }
        self.events = events;
        Ok(())
    }

    /// One event to the bot, its records kept, then its actions carried out in order. What the
    /// venue answers at once is told to the bot before the next action.
    fn tell(&mut self, event: &Event) -> Result<(), BacktestError> {
        self.hear(event)?;
        if self.actions.is_empty() {
            return Ok(());
        }
        while let Some(action) = self.actions.pop_front() {
            let now = self.bot.now();
            let answer = match action {
                Action::Place { id, order } => self.venue.place(id, order, now),
                Action::Cancel { id } => self.venue.cancel(id, now),
                Action::Trip { component, state } => Event::Breaker { ts: now, component, state },
            };
            self.hear(&answer)?;
        }
        Ok(())
    }

    fn hear(&mut self, event: &Event) -> Result<(), BacktestError> {
        self.bot.on(event, &mut self.output)?;
        if self.output.is_empty() {
            return Ok(());
        }
        self.keep()?;
        self.actions.extend(&self.output.actions);
        self.output.clear();
        Ok(())
    }

    fn keep(&mut self) -> Result<(), BacktestError> {
        for record in &self.output.records {
            self.report.on_record(record, self.bot.state())?;
        }
        if let Some(records) = &mut self.records {
            records.extend_from_slice(&self.output.records);
        }
        Ok(())
    }

    /// At the end the venue's own record must agree with our ledger, to the last unit.
    fn settle(&self) -> Result<(), BacktestError> {
        let portfolio = self.bot.state().portfolio();
        let ours = portfolio.positions().iter().map(|position| position.qty);
        let cash = portfolio.cash();
        let mut balanced = cash.sum()?.is_zero();
        for base in portfolio.base() {
            balanced &= base.sum()?.is_zero();
        }
        let agree = ours.eq(self.venue.positions().iter().copied())
            && cash.of(Party::Ours) == self.venue.cash();
        if agree && balanced { Ok(()) } else { Err(BacktestError::Ledger) }
    }

    /// The bot.
    #[must_use]
    pub fn bot(&self) -> &Bot {
        &self.bot
    }

    /// What was collected.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// An instrument's history and how many of its bars were told.
    #[must_use]
    pub fn told(&self, id: InstrumentId) -> Option<(&Arc<History>, usize)> {
        self.feeds.get(id.index()).map(|feed| (&feed.history, feed.row))
    }

    /// How many bars there are in all.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.feeds.iter().map(|feed| feed.history.len()).sum()
    }

    /// The journal as bytes; empty unless it was asked for.
    #[must_use]
    pub fn journal(&self) -> Vec<u8> {
        let sleeves = u32::try_from(self.bot.sleeves().len()).unwrap_or(u32::MAX);
        let instruments = self.bot.state().instruments();
        let encode = |records: &Vec<Record>| journal::encode(instruments, sleeves, records);
        self.records.as_ref().map(encode).unwrap_or_default()
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

fn check_sleeves(sleeves: &[Sleeve], instruments: &[Instrument]) -> Result<(), BacktestError> {
    let mut taken = vec![false; instruments.len()];
    let mut allocated = Rate::ZERO;
    for sleeve in sleeves {
        let place = sleeve.instrument.index();
        match (taken.get_mut(place), instruments.get(place)) {
            (Some(taken), Some(_)) if !*taken => *taken = true,
            (Some(_), Some(rules)) => return Err(BacktestError::Crowded(rules.symbol.clone())),
            (Some(_) | None, None) | (None, Some(_)) => {
                return Err(BacktestError::NoHistory(format!("instrument {place}")));
            }
        }
        if !sleeve.allocation.is_positive() {
            return Err(BacktestError::Allocation);
        }
        allocated = allocated.plus(sleeve.allocation)?;
    }
    if allocated > Rate::ONE { Err(BacktestError::Allocation) } else { Ok(()) }
}
