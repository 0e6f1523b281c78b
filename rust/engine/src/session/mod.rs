//! The bot and the paper venue, and what is on its way between them: the market in, records out.
//!
//! Everything here follows from the market's events and the operator's; how long writing down took
//! changes nothing. So a session that is told the same market again, with what a journal kept, is
//! where the first one was: [`Session::recall`].

use std::collections::VecDeque;

use crate::bot::{Bot, BotError, Output};
use crate::event::{
    Action, Bar, BreakerState, Component, Event, Intent, OrderId, Quote, Side, Tick, TickKind,
};
use crate::instrument::{InstrumentId, UnitError};
use crate::journal::{Record, State};
use crate::portfolio::Party;
use crate::tape::Tape;
use crate::units::{Amount, Nanos, Overflow, Price};
use crate::venue::{Act, Venue};

mod memory;
mod recall;

pub use memory::SessionMemory;

/// Who keeps what a session writes down, and asks the strategies outside.
pub trait Driver {
    /// Records of one happening in market event `event`; `state` is after the last of them.
    fn keep(&mut self, event: u64, records: &[Record], state: &State) -> Result<(), KeepError>;
    /// A record that was kept before was met again.
    fn recalled(&mut self, record: &Record, state: &State);
    /// What was decided of an order is about to go out: an error holds it back for ever.
    fn release(&mut self, id: OrderId) -> Result<(), KeepError>;
    /// Bars closed and the programs decided: what strategies outside want, into `wants`.
    fn ask(&mut self, bot: &Bot, bars: &[Bar], wants: &mut Vec<Intent>) -> Result<(), KeepError>;
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
    /// The journal has another record at this market event than the venue gives here.
    #[error("the journal differs from its market at event {event}: {kept} was kept there")]
    Forked {
        /// Which market event, counted from 1.
        event: u64,
        /// What the journal has.
        kept: String,
    },
}

/// The bot on a paper venue.
#[derive(Debug)]
pub struct Session {
    bot: Bot,
    venue: Venue,
    /// The way to the venue, and the way back; `None`: there is no way, it answers at once.
    latency: Option<Nanos>,
    inbound: VecDeque<(Nanos, Action)>,
    outbound: VecDeque<(Nanos, Event)>,
    tape: Option<Tape>,
    /// Best bid and ask as last told; nothing of a side is zero.
    touches: Vec<(Price, Price)>,
    clock: Nanos,
    /// How many market events were told.
    event: u64,
    /// What a journal kept and this session has not met yet.
    tail: VecDeque<(u64, Record)>,
    output: Output,
    events: Vec<Event>,
    bars: Vec<Bar>,
    actions: VecDeque<Action>,
    wants: Vec<Intent>,
    acts: Vec<Act>,
}

impl Session {
    /// A session before its first event. With a `tape`, bars are made of the trades.
    #[must_use]
    pub fn new(bot: Bot, venue: Venue, latency: Option<Nanos>, tape: Option<Tape>) -> Self {
        let touches = vec![(Price::ZERO, Price::ZERO); bot.state().instruments().len()];
        Self {
            bot,
            venue,
            latency,
            inbound: VecDeque::new(),
            outbound: VecDeque::new(),
            tape,
            touches,
            clock: Nanos::ZERO,
            event: 0,
            tail: VecDeque::new(),
            output: Output::default(),
            events: Vec::new(),
            bars: Vec::new(),
            actions: VecDeque::new(),
            wants: Vec::new(),
            acts: Vec::new(),
        }
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

    /// All bars that close at `now`: the venue trades them, the bot is told of the fills, then of
    /// the bars in the order of instruments, then it decides once. So the bar that decided never
    /// fills.
    #[inline]
    pub fn on_moment(
        &mut self,
        closing: &[Bar],
        now: Nanos,
        driver: &mut impl Driver,
    ) -> Result<(), SessionError> {
        self.event += 1;
        for bar in closing {
            if self.venue.resting_len() > 0 {
                self.events.clear();
                let traded = self.venue.on_bar(bar, &mut self.events);
                traded.map_err(|reason| self.unit(bar.instrument, reason))?;
                self.answer(bar.open_ns, driver)?;
            }
        }
        for bar in closing {
            self.tell(&Event::Bar(*bar), driver)?;
        }
        self.tell(&Event::Time(now), driver)?;
        self.clock = now;
        self.ask(closing, driver)?;
        self.finish(driver)
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
        self.answer(tick.ts, driver)?;
        self.quote(tick, driver)?;
        self.finish(driver)
    }

    /// The touch, where it changed.
    fn quote(&mut self, tick: &Tick, driver: &mut impl Driver) -> Result<(), SessionError> {
        let (Venue::Book(matching), TickKind::Clear | TickKind::Level { .. }) =
            (&self.venue, tick.kind)
        else {
            return Ok(());
        };
        let best = |side| matching.best(tick.instrument, side).unwrap_or_default();
        let touch = (best(Side::Buy), best(Side::Sell));
        let Some(last) = self.touches.get_mut(tick.instrument.index()) else {
            return Ok(());
        };
        if *last == touch {
            return Ok(());
        }
        *last = touch;
        let (bid, ask) = touch;
        let quote = Quote { instrument: tick.instrument, ts: tick.ts, bid, ask };
        self.tell(&Event::Quote(quote), driver)
    }

    /// What happens up to `ts`, in the order of time: answers reach the bot, orders the venue, bars
    /// close.
    fn go_on_to(&mut self, ts: Nanos, driver: &mut impl Driver) -> Result<(), SessionError> {
        loop {
            let answer = self.outbound.front().map(|(at, _)| *at);
            let arrival = self.inbound.front().map(|(at, _)| *at);
            let bars = self.tape.as_ref().and_then(|tape| tape.due(ts));
            let Some(next) = answer.into_iter().chain(arrival).chain(bars).min() else {
                return Ok(());
            };
            if next > ts {
                return Ok(());
            }
            self.clock = self.clock.max(next);
            self.bot.advance(next);
            if answer == Some(next) {
                if let Some((_, event)) = self.outbound.pop_front() {
                    self.tell(&event, driver)?;
                }
            } else if arrival == Some(next) {
                if let Some((_, action)) = self.inbound.pop_front() {
                    self.arrive(action, driver)?;
                }
            } else {
                self.close_bars(next, driver)?;
            }
        }
    }

    fn close_bars(&mut self, now: Nanos, driver: &mut impl Driver) -> Result<(), SessionError> {
        let mut bars = core::mem::take(&mut self.bars);
        if let Some(tape) = &mut self.tape {
            tape.close(&mut bars);
        }
        for bar in &bars {
            self.tell(&Event::Bar(*bar), driver)?;
        }
        self.tell(&Event::Time(now), driver)?;
        self.ask(&bars, driver)?;
        bars.clear();
        self.bars = bars;
        self.audit(now, driver)
    }

    /// What strategies outside want is told in the order they were asked. Nobody is asked again
    /// what was kept, or where nothing is wanted.
    fn ask(&mut self, bars: &[Bar], driver: &mut impl Driver) -> Result<(), SessionError> {
        if self.is_recalling() || self.bot.is_quiet() {
            return Ok(());
        }
        let mut wants = core::mem::take(&mut self.wants);
        driver.ask(&self.bot, bars, &mut wants)?;
        for intent in wants.drain(..) {
            self.tell(&Event::Intent(intent), driver)?;
        }
        self.wants = wants;
        Ok(())
    }

    /// Where the venue's side of the account is not ours, nothing may be opened any more.
    fn audit(&mut self, ts: Nanos, driver: &mut impl Driver) -> Result<(), SessionError> {
        let latched = self.bot.state().breakers().state(Component::Ledger);
        if latched == BreakerState::Latched || self.is_recalling() || self.agrees()? {
            return Ok(());
        }
        let (component, state) = (Component::Ledger, BreakerState::Latched);
        self.tell(&Event::Breaker { ts, component, state }, driver)
    }

    /// Whether ours and the venue's own record of cash and positions are equal to the last unit,
    /// as far as its answers are here.
    pub fn agrees(&self) -> Result<bool, Overflow> {
        let portfolio = self.bot.state().portfolio();
        let cash = portfolio.cash();
        let mut balanced = cash.sum()?.is_zero();
        for base in portfolio.base() {
            balanced &= base.sum()?.is_zero();
        }
        if self.outbound.iter().any(|(_, event)| matches!(event, Event::Fill(_))) {
            return Ok(balanced);
        }
        let ours = portfolio.positions().iter().map(|position| position.qty);
        let clearing = self.venue.clearing();
        let agree = ours.eq(clearing.positions().iter().copied())
            && cash.of(Party::Ours) == clearing.cash();
        Ok(agree && balanced)
    }

    /// What the venue said at `ts` sets out for the bot, or is there at once.
    fn answer(&mut self, ts: Nanos, driver: &mut impl Driver) -> Result<(), SessionError> {
        if self.events.is_empty() {
            return Ok(());
        }
        let mut events = core::mem::take(&mut self.events);
        for event in events.drain(..) {
            match self.latency {
                None => self.tell(&event, driver)?,
                Some(latency) => self.outbound.push_back((ts.plus(latency)?, event)),
            }
        }
        self.events = events;
        Ok(())
    }

    /// An action reaches the venue.
    fn arrive(&mut self, action: Action, driver: &mut impl Driver) -> Result<(), SessionError> {
        let now = self.clock.max(self.bot.now());
        self.events.clear();
        match action {
            Action::Place { id, order } => {
                driver.release(id)?;
                let placed = self.venue.place(id, order, now, &mut self.events);
                placed.map_err(|reason| self.unit(order.instrument, reason))?;
            }
            Action::Cancel { id } => {
                driver.release(id)?;
                self.venue.cancel(id, now, &mut self.events);
            }
            Action::Trip { component, state } => {
                return self.hear(&Event::Breaker { ts: now, component, state }, driver);
            }
        }
        match self.latency {
            // The answer is heard before the next action is carried out.
            None => {
                let mut events = core::mem::take(&mut self.events);
                for event in events.drain(..) {
                    self.hear(&event, driver)?;
                }
                self.events = events;
                Ok(())
            }
            Some(_) => self.answer(now, driver),
        }
    }

    /// One event to the bot, then its actions on their way, in order.
    #[inline]
    pub fn tell(&mut self, event: &Event, driver: &mut impl Driver) -> Result<(), SessionError> {
        self.hear(event, driver)?;
        self.carry(driver)
    }

    #[inline]
    fn carry(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        while let Some(action) = self.actions.pop_front() {
            match (self.latency, action) {
                (None, _) | (Some(_), Action::Trip { .. }) => self.arrive(action, driver)?,
                (Some(latency), Action::Place { .. } | Action::Cancel { .. }) => {
                    self.inbound.push_back((self.bot.now().plus(latency)?, action));
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn hear(&mut self, event: &Event, driver: &mut impl Driver) -> Result<(), SessionError> {
        if !self.tail.is_empty() && self.meet(event, driver)? {
            return Ok(());
        }
        self.bot.on(event, &mut self.output)?;
        if self.output.is_empty() {
            return Ok(());
        }
        driver.keep(self.event, &self.output.records, self.bot.state())?;
        self.actions.extend(&self.output.actions);
        self.output.clear();
        Ok(())
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
        self.answer(now, driver)
    }

    /// No market goes on: what is on its way arrives, what rests expires, and that is heard.
    pub fn close_market(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        let instruments = u32::try_from(self.touches.len()).map_err(|_| Overflow)?;
        self.settle_ways(driver)?;
        for id in (0..instruments).map(InstrumentId) {
            self.expire(id, driver)?;
        }
        self.settle_ways(driver)?;
        self.finish(driver)
    }

    fn settle_ways(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        loop {
            let answer = self.outbound.front().map(|(at, _)| *at);
            let arrival = self.inbound.front().map(|(at, _)| *at);
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

    /// From here on nothing is wanted, or again it is.
    pub fn set_quiet(&mut self, quiet: bool) {
        self.bot.set_quiet(quiet);
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
        let (bid, ask) = self.touches.get(id.index()).copied().unwrap_or_default();
        (Some(bid).filter(|bid| bid.is_positive()), Some(ask).filter(|ask| ask.is_positive()))
    }

    /// How many actions and answers are on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.inbound.len() + self.outbound.len()
    }
}
