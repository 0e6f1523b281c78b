//! The bot and the paper venue, and what is on its way between them: the market in, records out.
//!
//! Everything here follows from the market's events and the operator's; how long writing down took
//! changes nothing. So a session that is told the same market again, with what a journal kept, is
//! where the first one was: [`Session::recall`].

use std::collections::VecDeque;

use crate::book::Book;
use crate::bot::{Bot, BotError, Output};
use crate::event::{Action, Bar, Event, OrderId, Side, Tick, TickKind};
use crate::instrument::{InstrumentId, UnitError};
use crate::journal::{Record, State, StateError};
use crate::reconcile::ReportError;
use crate::tape::Tape;
use crate::units::{Amount, Nanos, Overflow, Price};
use crate::venue::{Act, BarPart, Venue};

mod audit;
mod faults;
mod memory;
mod recall;
mod ways;

pub use faults::{FAULTY_LATENCY_MAX, Fault, Faults, FaultsError, LATE_MAX};
use faults::{Said, Wires};
pub use memory::SessionMemory;
use ways::{Answer, Course, Request};

/// Who keeps what a session writes down, and asks the strategies outside.
pub trait Driver {
    /// Records of one happening in market event `event`; `state` is after the last of them.
    fn keep(&mut self, event: u64, records: &[Record], state: &State) -> Result<(), KeepError>;
    /// A record that was kept before was met again.
    fn recalled(&mut self, record: &Record, state: &State);
    /// What was decided of an order is about to go out: an error holds it back for ever.
    fn release(&mut self, id: OrderId) -> Result<(), KeepError>;
    /// What was decided is about to go out, and no venue's record would bring it back: all of it is
    /// durable, or an error holds it back for ever.
    fn settle(&mut self) -> Result<(), KeepError>;
    /// Bars closed and the programs decided: what strategies outside want, and that one of them
    /// failed, into `told`.
    fn ask(&mut self, bot: &Bot, bars: &[Bar], told: &mut Vec<Event>) -> Result<(), KeepError>;
    /// The venue acted, by its own record, in market event `event`.
    fn acted(&mut self, event: u64, acts: &[Act]) -> Result<(), KeepError>;
    /// Market event `event` is done, or what an operator did after it.
    fn done(&mut self, event: u64) -> Result<(), KeepError>;
}

/// Why nothing can be written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// An amount that does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// The journal says why.
    #[error("{0}")]
    Journal(String),
    /// A strategy outside the engine failed; whoever asked it knows how.
    #[error("a strategy failed")]
    Strategy,
}

/// What stops a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The bot could not go on.
    #[error(transparent)]
    Bot(#[from] BotError),
    /// Nothing can be written down.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// A price of the market that is no unit.
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
    /// The simulated venue's report of the account cannot be one.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The venue's own record is not that of the venue here.
    #[error(
        "is of another run: its act {0} is not the one that the journal's snapshot has; bring back \
         the right file, or move it away"
    )]
    Stranger(u64),
    /// The journal has another record at this market event than the venue gives here.
    #[error(
        "the journal differs from its market at event {event}, where it has {kept}: the data or \
         the program is another one; bring it back, or begin anew with --fresh"
    )]
    Forked {
        /// Which market event, counted from 1.
        event: u64,
        /// What the journal has.
        kept: String,
    },
}

/// Whether a venue says it, of an order.
const fn is_of_venue(event: &Event) -> bool {
    matches!(event, Event::Order { .. } | Event::CumQty { .. } | Event::Fill(_))
}

/// The bot on a paper venue.
#[derive(Debug)]
pub struct Session {
    bot: Bot,
    venue: Venue,
    /// The way to the venue, and the way back; `None`: there is no way, it answers at once.
    latency: Option<Nanos>,
    inbound: VecDeque<Request>,
    outbound: VecDeque<Answer>,
    /// What befalls those on their way; `None`: nothing does.
    wires: Option<Wires>,
    /// When the venue's report was asked for last, where it has to be.
    reconciled: Nanos,
    tape: Option<Tape>,
    clock: Nanos,
    /// How many market events were told.
    event: u64,
    /// Nothing is wanted up to this market event.
    quiet_until: u64,
    /// Nothing is wanted any more: it is being stopped.
    stopping: bool,
    /// What a journal kept and this session has not met yet.
    tail: VecDeque<(u64, Record)>,
    output: Output,
    events: Vec<Event>,
    bars: Vec<Bar>,
    /// What is to be carried out, and when it was decided.
    actions: VecDeque<(Nanos, Action)>,
    told: Vec<Event>,
    acts: Vec<Act>,
}

impl Session {
    /// A session before its first event. With a `tape`, bars are made of the trades.
    #[must_use]
    pub fn new(bot: Bot, venue: Venue, latency: Option<Nanos>, tape: Option<Tape>) -> Self {
        Self {
            bot,
            venue,
            latency,
            inbound: VecDeque::new(),
            outbound: VecDeque::new(),
            wires: None,
            reconciled: Nanos::ZERO,
            tape,
            clock: Nanos::ZERO,
            event: 0,
            quiet_until: 0,
            stopping: false,
            tail: VecDeque::new(),
            output: Output::default(),
            events: Vec::new(),
            bars: Vec::new(),
            actions: VecDeque::new(),
            told: Vec::new(),
            acts: Vec::new(),
        }
    }

    /// From here on the venue misbehaves. Nothing befalls a session without latency, in which
    /// nothing is on its way.
    pub fn misbehave(&mut self, faults: Faults) {
        self.wires = Some(Wires::new(faults));
    }

    /// How often each fault was met.
    pub fn faults_met(&self) -> impl Iterator<Item = (Fault, u64)> + '_ {
        let met = self.wires.iter().flat_map(|wires| wires.met);
        Fault::ALL.into_iter().zip(met)
    }

    /// Money comes in, to the venue and to us.
    pub fn deposit(
        &mut self,
        ts: Nanos,
        amount: Amount,
        driver: &mut impl Driver,
    ) -> Result<(), SessionError> {
        self.venue.clearing_mut().deposit(amount)?;
        if !self.is_recalling() {
            self.tell(&Event::Deposit { ts, amount }, driver)?;
        }
        self.finish(driver)
    }

    /// What rests in markets that `ended` expires. Then all bars that close at `now`: the venue
    /// trades them, their opens first, the bot is told of the fills, then of the bars in the order
    /// of instruments, then it decides once. So the bar that decided never fills.
    #[inline]
    pub fn on_moment(
        &mut self,
        ended: &[InstrumentId],
        closing: &[Bar],
        now: Nanos,
        driver: &mut impl Driver,
    ) -> Result<(), SessionError> {
        self.event += 1;
        for id in ended {
            self.expire(*id, driver)?;
        }
        for bar in closing {
            for part in [BarPart::Open, BarPart::Rest] {
                if self.venue.resting_len() > 0 {
                    self.events.clear();
                    let traded = self.venue.on_part(bar, part, &mut self.events);
                    traded.map_err(|reason| self.unit(bar.instrument, reason))?;
                    self.answer(bar.open_ns, Said::Unasked, driver)?;
                }
            }
        }
        for bar in closing {
            self.tell(&Event::Bar(*bar), driver)?;
        }
        self.decide(now, closing, driver)?;
        self.clock = now;
        while self.inbound.front().is_some_and(|request| request.at <= now) {
            if let Some(request) = self.inbound.pop_front() {
                self.arrive(request.action, request.course, driver)?;
            }
        }
        self.finish(driver)
    }

    /// The programs decide, then whoever decides outside; then all of it is on its way.
    #[inline]
    fn decide(
        &mut self,
        now: Nanos,
        bars: &[Bar],
        driver: &mut impl Driver,
    ) -> Result<(), SessionError> {
        let live = self.look(now, driver)?;
        if live && !self.bot.is_quiet() {
            let mut told = core::mem::take(&mut self.told);
            driver.ask(&self.bot, bars, &mut told)?;
            for event in told.drain(..) {
                self.hear(&event, driver)?;
            }
            self.told = told;
        }
        self.carry(driver)
    }

    /// The time is told: the account is valued, and what its breakers say holds before anything
    /// else happens. Whether it was live.
    fn look(&mut self, now: Nanos, driver: &mut impl Driver) -> Result<bool, SessionError> {
        self.bot.set_quiet(self.stopping || self.event <= self.quiet_until);
        let live = self.hear(&Event::Time(now), driver)?;
        // A breaker that tripped holds for those outside too, and before anything else happens.
        if !live && !self.is_recalling() && !self.bot.is_quiet() {
            // What was about to change when the journal ended.
            self.bot.supervise(&mut self.output.actions)?;
            let again = self.output.actions.drain(..).map(|action| (now, action));
            self.actions.extend(again);
        }
        let is_trip = |(_, action): &(Nanos, Action)| matches!(action, Action::Trip(_));
        while let Some(place) = self.actions.iter().position(is_trip) {
            if let Some((_, trip)) = self.actions.remove(place) {
                self.arrive(trip, Course::Sure, driver)?;
            }
        }
        Ok(live)
    }

    /// One change of a market, and whatever was to happen before it.
    pub fn on_tick(&mut self, tick: &Tick, driver: &mut impl Driver) -> Result<(), SessionError> {
        self.event += 1;
        self.go_on_to(tick.ts, driver)?;
        let Some(rules) = self.bot.state().instrument(tick.instrument) else {
            return Err(SessionError::Bot(BotError::Unknown));
        };
        self.events.clear();
        let traded = self.venue.on_tick(tick, rules, &mut self.events);
        if let (TickKind::Trade { price, qty, .. }, Some(tape)) = (tick.kind, &mut self.tape) {
            let (price, qty) = (rules.price_as_f64(price), rules.qty_as_f64(qty));
            tape.on_trade(tick.instrument, tick.ts, price, qty);
        }
        traded.map_err(|reason| self.unit(tick.instrument, reason))?;
        self.answer(tick.ts, Said::Unasked, driver)?;
        self.bot.set_quiet(self.stopping || self.event <= self.quiet_until);
        self.tell(&Event::Tick(*tick), driver)?;
        self.finish(driver)
    }

    /// What happens up to `ts`, in the order of time: answers reach the bot, orders the venue, bars
    /// close.
    fn go_on_to(&mut self, ts: Nanos, driver: &mut impl Driver) -> Result<(), SessionError> {
        loop {
            let answer = self.outbound.front().map(|answer| answer.at);
            let arrival = self.inbound.front().map(|request| request.at);
            let bars = self.tape.as_mut().and_then(|tape| tape.due(ts));
            let pulse = self.tape.as_ref().and_then(|tape| tape.pulse(ts));
            let due = answer.into_iter().chain(arrival).chain(bars).chain(pulse);
            let Some(next) = due.min() else {
                return Ok(());
            };
            if next > ts {
                return Ok(());
            }
            self.clock = self.clock.max(next);
            self.bot.advance(next);
            if answer == Some(next) {
                self.hear_answer(driver)?;
            } else if arrival == Some(next) {
                if let Some(request) = self.inbound.pop_front() {
                    self.arrive(request.action, request.course, driver)?;
                }
            } else if bars == Some(next) {
                self.close_bars(next, driver)?;
            } else {
                self.pulse(next, driver)?;
            }
        }
    }

    /// The account is looked at within a bar; nobody outside is asked.
    fn pulse(&mut self, now: Nanos, driver: &mut impl Driver) -> Result<(), SessionError> {
        if let Some(tape) = &mut self.tape {
            tape.on_pulse(now);
        }
        self.look(now, driver)?;
        self.carry(driver)?;
        if self.is_recalling() { Ok(()) } else { Ok(driver.done(self.event)?) }
    }

    fn close_bars(&mut self, now: Nanos, driver: &mut impl Driver) -> Result<(), SessionError> {
        let mut bars = core::mem::take(&mut self.bars);
        if let Some(tape) = &mut self.tape {
            tape.close(&mut bars);
        }
        for bar in &bars {
            self.tell(&Event::Bar(*bar), driver)?;
        }
        self.decide(now, &bars, driver)?;
        bars.clear();
        self.bars = bars;
        self.audit(now, driver)?;
        // A tick after a quiet hour closes many bars: each moment is an entry of its own.
        if self.is_recalling() { Ok(()) } else { Ok(driver.done(self.event)?) }
    }

    /// One event to the bot, then its actions on their way, in order.
    #[inline]
    pub fn tell(&mut self, event: &Event, driver: &mut impl Driver) -> Result<(), SessionError> {
        self.hear(event, driver)?;
        self.carry(driver)
    }

    /// One event to the bot, its actions gathered; whether it was told, and not met again.
    #[inline]
    fn hear(&mut self, event: &Event, driver: &mut impl Driver) -> Result<bool, SessionError> {
        if !self.tail.is_empty() && self.meet(event, driver)? {
            return Ok(false);
        }
        match self.bot.on(event, &mut self.output) {
            // What a venue that misbehaves says may be impossible: it was counted, and changed
            // nothing.
            Err(BotError::State(StateError::Order(_)))
                if self.wires.is_some() && is_of_venue(event) => {}
            told => told?,
        }
        if self.output.is_empty() {
            return Ok(true);
        }
        driver.keep(self.event, &self.output.records, self.bot.state())?;
        let now = self.bot.now();
        self.actions.extend(self.output.actions.iter().map(|action| (now, *action)));
        self.output.clear();
        Ok(true)
    }

    /// A market ended: what rests in it expires.
    pub fn expire(
        &mut self,
        id: InstrumentId,
        driver: &mut impl Driver,
    ) -> Result<(), SessionError> {
        if self.venue.resting_len() == 0 {
            return Ok(());
        }
        let now = self.bot.now();
        self.events.clear();
        self.venue.expire(id, now, &mut self.events);
        self.answer(now, Said::Unasked, driver)
    }

    /// No market goes on, which is an event of its own: what is on its way arrives, what rests
    /// expires, and that is heard.
    pub fn close_market(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        let instruments =
            u32::try_from(self.bot.state().instruments().len()).map_err(|_| Overflow)?;
        self.event += 1;
        self.settle_ways(driver)?;
        for id in (0..instruments).map(InstrumentId) {
            self.expire(id, driver)?;
        }
        self.settle_ways(driver)?;
        if self.wires.is_some() {
            self.reconcile(self.clock(), driver)?;
            self.settle_ways(driver)?;
        }
        self.audit(self.clock(), driver)?;
        self.finish(driver)
    }

    fn settle_ways(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        loop {
            let answer = self.outbound.front().map(|answer| answer.at);
            let arrival = self.inbound.front().map(|request| request.at);
            let Some(next) = answer.into_iter().chain(arrival).min() else {
                return Ok(());
            };
            // No bar closes on the way: nothing is decided on a market that is over.
            let tape = self.tape.take();
            let went = self.go_on_to(next, driver);
            self.tape = tape;
            went?;
        }
    }

    fn unit(&self, id: InstrumentId, reason: UnitError) -> SessionError {
        let symbol = self.bot.state().instrument(id).map_or("", |rules| rules.symbol.as_str());
        SessionError::Unit { symbol: symbol.to_owned(), reason }
    }

    /// The bot.
    #[must_use]
    pub fn bot(&self) -> &Bot {
        &self.bot
    }

    /// From here on nothing is wanted: it is being stopped.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Up to this market event nothing is wanted, the venue having seen it already.
    #[must_use]
    pub fn quiet_until(&self) -> u64 {
        self.quiet_until
    }

    /// The venue.
    #[must_use]
    pub fn venue(&self) -> &Venue {
        &self.venue
    }

    /// How many market events were told.
    #[must_use]
    pub fn event(&self) -> u64 {
        self.event
    }

    /// The time of the last market event.
    #[must_use]
    pub fn clock(&self) -> Nanos {
        self.clock.max(self.bot.now())
    }

    /// Best bid and ask of an instrument, as far as there are.
    #[must_use]
    pub fn touch(&self, id: InstrumentId) -> (Option<Price>, Option<Price>) {
        let ladder = self.bot.book(id).map(Book::ladder);
        let best = |side| ladder.and_then(|ladder| ladder.best(side));
        (best(Side::Buy), best(Side::Sell))
    }

    /// How many actions and answers are on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.inbound.len() + self.outbound.len()
    }
}
