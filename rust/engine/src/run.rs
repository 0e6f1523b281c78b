//! A market told event by event around the same [`Bot`](crate::bot::Bot), with what is needed to
//! stop anywhere and go on: counts, hash, snapshots, and recovery from what a journal kept.
//!
//! No I/O: a [`Driver`] keeps the records, and whoever drives it says when to go on.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::backtest::{BacktestError, check_sleeves};
use crate::bot::{Bot, Sleeve};
use crate::event::{
    Bar, Event, Measure, OrderId, OrderUpdate, Part, SleeveId, TradingState, Transition,
};
use crate::feed::{Feed, FeedMemory};
use crate::instrument::Instrument;
use crate::journal::{EngineHash, Record, State};
use crate::report::Tally;
use crate::risk::limits::Profile;
use crate::risk::supervisor::{Outcome, Supervisor};
use crate::session::{Driver, Faults, KeepError, Session, SessionError, SessionMemory};
use crate::tape::Tape;
use crate::units::{Amount, Nanos, Rate};
use crate::venue::{Act, Lending, Matching, Paper, PaperRules, Venue};

/// How many of the last happenings are kept to be shown.
pub const RECENT_KEPT: usize = 50;
/// The first bytes of a snapshot; the digit is the version of what follows.
const SNAPSHOT_MAGIC: &[u8; 8] = b"BOT4SNP9";

/// What a run needs besides a market and strategies.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// Cash at the start, in the reporting currency.
    pub cash: Amount,
    /// How far beyond a trade or an open a market order fills where there is no book.
    pub slippage: Rate,
    /// The way to the venue, and the way back. Bars know none.
    pub latency: Nanos,
    /// How long the bars last that are made of trades.
    pub bar_interval: Nanos,
    /// Whether the ticks tell a book.
    pub has_book: bool,
    /// The limits.
    pub profile: Profile,
    /// How the venue misbehaves; `None`: it does not. Bars know no faults.
    pub faults: Option<Faults>,
}

/// What an operator may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Cancel what a sleeve has working and act on nothing it wants.
    Pause(SleeveId),
    /// End a sleeve's pause.
    Resume(SleeveId),
    /// End a halt or a flattening.
    ResumeTrading,
    /// Cancel everything, close every position, open nothing.
    Flatten,
    /// Cancel everything and let no order through.
    Halt,
    /// Decide nothing any more and cancel everything.
    Stop {
        /// Close every position too.
        flatten: bool,
    },
    /// A supervisor's or a person's word on a breaker, from now on.
    Breaker(Transition),
    /// Something beside the engine was asked of a part, and went so.
    Report(Part, Outcome),
    /// What the account may lose was measured beside the engine.
    Measured(Measure),
}

/// What a start found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resumed {
    /// Sleeves whose program begins anew, being another one than the snapshot's.
    pub cold: Vec<SleeveId>,
    /// Orders that the venue had and the journal had not.
    pub adopted: u64,
    /// The venue's own record ends before the snapshot: what it did is not proven by it.
    pub record_short: bool,
}

/// What a snapshot holds.
#[derive(Debug, Serialize, Deserialize)]
struct Snapshot {
    session: SessionMemory,
    feed: FeedMemory,
    tally: Tally,
    hash: EngineHash,
}

/// What is counted of the records, and who keeps them.
struct Counting<'a, D> {
    tally: &'a mut Tally,
    hash: &'a mut EngineHash,
    recent: &'a mut VecDeque<Record>,
    driver: &'a mut D,
}

impl<D: Driver> Counting<'_, D> {
    fn count(&mut self, record: &Record, state: &State) {
        self.tally.on_record(record, state);
        self.hash.on_record(record);
        if is_shown(record) {
            if self.recent.len() == RECENT_KEPT {
                self.recent.pop_front();
            }
            self.recent.push_back(*record);
        }
    }
}

impl<D: Driver> Driver for Counting<'_, D> {
    fn keep(&mut self, event: u64, records: &[Record], state: &State) -> Result<(), KeepError> {
        for record in records {
            self.count(record, state);
        }
        self.driver.keep(event, records, state)
    }

    fn recalled(&mut self, record: &Record, state: &State) {
        self.count(record, state);
        self.driver.recalled(record, state);
    }

    fn release(&mut self, id: OrderId) -> Result<(), KeepError> {
        self.driver.release(id)
    }

    fn settle(&mut self) -> Result<(), KeepError> {
        self.driver.settle()
    }

    fn ask(&mut self, bot: &Bot, bars: &[Bar], told: &mut Vec<Event>) -> Result<(), KeepError> {
        self.driver.ask(bot, bars, told)
    }

    fn acted(&mut self, event: u64, acts: &[Act]) -> Result<(), KeepError> {
        self.driver.acted(event, acts)
    }

    fn done(&mut self, event: u64) -> Result<(), KeepError> {
        self.driver.done(event)
    }
}

/// A run. What is reported of parts beside the engine is counted here: their breakers are in the
/// journal, the counts behind them begin anew with each start.
#[derive(Debug)]
pub struct Run {
    supervisors: BTreeMap<Part, Supervisor>,
    session: Session,
    feed: Feed,
    cash: Amount,
    tally: Tally,
    hash: EngineHash,
    recent: VecDeque<Record>,
    closing: Vec<Bar>,
    ended: bool,
}

impl Run {
    /// A run before its first event. An instrument's id is the place of its source.
    pub fn new(
        feed: Feed,
        instruments: Vec<Instrument>,
        sleeves: Vec<Sleeve>,
        settings: &RunSettings,
    ) -> Result<Self, BacktestError> {
        if !settings.cash.is_positive() {
            return Err(BacktestError::Cash);
        }
        let Profile { borrowing, shorting, .. } = settings.profile;
        let rules = PaperRules { slippage: settings.slippage, borrowing, shorting };
        let bars = matches!(feed, Feed::Bars(_));
        check_sleeves(&sleeves, &instruments, settings.has_book && !bars)?;
        let mut venue = if settings.has_book && !bars {
            Venue::Book(Matching::new(Lending { borrowing, shorting }, instruments.clone()))
        } else {
            Venue::Bars(Paper::new(rules, instruments.clone()))
        };
        venue.clearing_mut().record();
        let tape = (!bars).then(|| Tape::new(instruments.len(), settings.bar_interval));
        // What is sent in a tick arrives after it, were it by a nanosecond: by that the journal
        // tells what a tick led to from what an answer in the same tick led to.
        let latency = (!bars).then_some(settings.latency.max(Nanos::new(1)));
        let bot = Bot::new(instruments, sleeves, settings.profile.clone(), 0);
        let mut session = Session::new(bot, venue, latency, tape);
        if let Some(faults) = settings.faults.filter(|_| !bars) {
            session.misbehave(faults);
        }
        Ok(Self {
            supervisors: BTreeMap::new(),
            session,
            feed,
            cash: settings.cash,
            tally: Tally::default(),
            hash: EngineHash::default(),
            recent: VecDeque::with_capacity(RECENT_KEPT),
            closing: Vec::new(),
            ended: false,
        })
    }

    fn with<D: Driver, T>(
        &mut self,
        driver: &mut D,
        act: impl FnOnce(&mut Session, &mut Counting<'_, D>) -> T,
    ) -> T {
        let Self { session, tally, hash, recent, .. } = self;
        act(session, &mut Counting { tally, hash, recent, driver })
    }

    /// Begin, or go on: from `snapshot`, with what was kept after it, and with what the venue's own
    /// record has beyond what the journal says (`acts`, each with its market event).
    pub fn begin<D: Driver>(
        &mut self,
        epoch: u32,
        snapshot: Option<&[u8]>,
        kept: impl IntoIterator<Item = (u64, Record)>,
        acts: &[(u64, Act)],
        driver: &mut D,
    ) -> Result<Resumed, SessionError> {
        let mut resumed = Resumed::default();
        let first = self.feed.opens_ns().unwrap_or_default();
        if let Some(bytes) = snapshot {
            resumed.cold = self.remember(bytes)?;
        }
        let known = self.session.venue().clearing().acts();
        let recorded = acts.last().map_or(0, |(_, act)| act.number);
        resumed.record_short = recorded < known;
        self.session.recall(kept);
        let cash = self.cash;
        match snapshot {
            Some(_) => self.with(driver, |session, driver| session.finish(driver))?,
            None => self.with(driver, |session, driver| session.deposit(first, cash, driver))?,
        }
        while self.session.is_recalling() {
            if !self.step(driver)? && self.session.is_recalling() {
                let (event, kept) =
                    (self.session.event(), "more to tell than the market".to_owned());
                return Err(SessionError::Forked { event, kept });
            }
        }
        let ts = self.session.clock().max(first);
        resumed.adopted =
            self.with(driver, |session, driver| session.start(epoch, ts, acts, driver))?;
        while self.session.event() < self.session.quiet_until() && self.step(driver)? {}
        Ok(resumed)
    }

    /// One market event more; whether there was one.
    #[inline]
    pub fn step<D: Driver>(&mut self, driver: &mut D) -> Result<bool, SessionError> {
        if let Some(tick) = self.feed.next_tick() {
            self.with(driver, |session, driver| session.on_tick(&tick, driver))?;
            return Ok(true);
        }
        let Some(now) = self.feed.next_ns() else {
            if !self.ended {
                self.ended = true;
                self.with(driver, |session, driver| session.close_market(driver))?;
            }
            return Ok(false);
        };
        let mut closing = core::mem::take(&mut self.closing);
        closing.clear();
        let ended = self.feed.ended();
        self.feed.next_moment(&mut closing);
        let moment = |session: &mut Session, driver: &mut Counting<'_, D>| {
            session.on_moment(&ended, &closing, now, driver)?;
            session.audit(now, driver)?;
            session.finish(driver)
        };
        self.with(driver, moment)?;
        self.closing = closing;
        Ok(true)
    }

    fn tell<D: Driver>(&mut self, event: &Event, driver: &mut D) -> Result<(), SessionError> {
        self.with(driver, |session, driver| {
            session.tell(event, driver)?;
            session.finish(driver)
        })
    }

    /// Do what an operator or a supervisor asks for, now.
    pub fn command<D: Driver>(
        &mut self,
        command: Command,
        driver: &mut D,
    ) -> Result<(), SessionError> {
        let ts = self.session.clock();
        match command {
            Command::Pause(sleeve) => self.tell(&Event::Pause { ts, sleeve, paused: true }, driver),
            Command::Resume(sleeve) => {
                self.tell(&Event::Pause { ts, sleeve, paused: false }, driver)
            }
            Command::ResumeTrading => {
                self.tell(&Event::Control { ts, state: TradingState::Active }, driver)
            }
            Command::Flatten => self.tell(&Event::Flatten { ts }, driver),
            Command::Halt => self.tell(&Event::Control { ts, state: TradingState::Halted }, driver),
            Command::Stop { flatten } => {
                self.session.stop();
                self.tell(&Event::Stop { ts, flatten }, driver)
            }
            Command::Report(part, outcome) => self.report(part, outcome, driver),
            Command::Measured(measure) => self.tell(&Event::Measured { ts, measure }, driver),
            Command::Breaker(transition) => {
                self.tell(&Event::Breaker(Transition { ts, ..transition }), driver)
            }
        }
    }

    /// Count how a call went, and change the breaker where that is enough.
    fn report<D: Driver>(
        &mut self,
        part: Part,
        outcome: Outcome,
        driver: &mut D,
    ) -> Result<(), SessionError> {
        let ts = self.session.clock();
        let state = self.session.bot().state().board().state(part);
        let own = self.supervisors.entry(part);
        let own = own.or_insert_with(|| Supervisor::new(part, state));
        own.stand(ts, state);
        own.on_outcome(ts, outcome);
        let Some(transition) = own.verdict(ts) else {
            return Ok(());
        };
        own.on_transition(&transition);
        self.tell(&Event::Breaker(transition), driver)
    }

    /// All that is needed to go on from here, as bytes.
    pub fn snapshot(&self) -> Result<Vec<u8>, KeepError> {
        let snapshot = Snapshot {
            session: self.session.memory(),
            feed: self.feed.memory(),
            tally: self.tally.clone(),
            hash: self.hash.clone(),
        };
        postcard::to_extend(&snapshot, SNAPSHOT_MAGIC.to_vec())
            .map_err(|error| KeepError::Journal(format!("no snapshot can be made: {error}")))
    }

    fn remember(&mut self, bytes: &[u8]) -> Result<Vec<SleeveId>, SessionError> {
        let unusable =
            |why: &str| KeepError::Journal(format!("the journal's snapshot cannot be used: {why}"));
        let rest = bytes.strip_prefix(SNAPSHOT_MAGIC);
        let rest = rest.ok_or_else(|| unusable("it is of another version"))?;
        let (snapshot, rest): (Snapshot, _) =
            postcard::take_from_bytes(rest).map_err(|error| unusable(&error.to_string()))?;
        if !rest.is_empty() {
            return Err(unusable("it is longer than it says").into());
        }
        if !self.feed.remember(snapshot.feed) {
            return Err(unusable("it is of another market").into());
        }
        self.tally = snapshot.tally;
        self.hash = snapshot.hash;
        let mut session = snapshot.session;
        session.record_at_venue();
        Ok(self.session.remember(session))
    }

    /// The time of the next market event; `None` at the end.
    #[must_use]
    pub fn next_ns(&self) -> Option<Nanos> {
        self.feed.next_ns()
    }

    /// The bot and the venue.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The counts.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The last happenings, oldest first.
    #[must_use]
    pub fn recent(&self) -> &VecDeque<Record> {
        &self.recent
    }

    /// The hash of every record.
    #[must_use]
    pub fn engine_hash(&self) -> String {
        self.hash.text()
    }
}

/// What a person wants to see as it happens.
const fn is_shown(record: &Record) -> bool {
    match record {
        Record::Refused { .. }
        | Record::Clipped { .. }
        | Record::Crossed { .. }
        | Record::Placed { .. }
        | Record::Fill(_)
        | Record::Breaker(_)
        | Record::Control { .. }
        | Record::Pause { .. }
        | Record::Stop { .. }
        | Record::Flatten { .. }
        | Record::Freeze { .. }
        | Record::Status { .. }
        | Record::Update {
            update:
                OrderUpdate::Rejected
                | OrderUpdate::Denied
                | OrderUpdate::Canceled
                | OrderUpdate::Expired
                | OrderUpdate::Unanswered
                | OrderUpdate::NeverArrived
                | OrderUpdate::Gone,
            ..
        } => true,
        Record::Deposit { .. }
        | Record::Booked { .. }
        | Record::Rate { .. }
        | Record::Intent { .. }
        | Record::Update { .. }
        | Record::Amend { .. }
        | Record::CumQty { .. }
        | Record::Equity { .. }
        | Record::Start { .. }
        | Record::Measured { .. } => false,
    }
}
