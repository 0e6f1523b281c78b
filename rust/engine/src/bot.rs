//! The only file that joins the stages: one event in, records and actions out.
//!
//! The bot has no clock, no file and no socket; what it says is carried out by a driver, which
//! keeps the records before it sends the actions. It does not know whether it trades on history,
//! on paper or for real.

use crate::book::Book;
use crate::decision::target;
use crate::event::{
    Action, Bar, BreakerState, Event, Intent, OrderId, OrderUpdate, SleeveId, Want,
};
use crate::exposure::{Account, Mark};
use crate::instrument::{Instrument, InstrumentId, UnitError, amount_as_f64, rate_as_f64};
use crate::journal::{Record, State, StateError};
use crate::order::{Order, OrderState};
use crate::portfolio::Party;
use crate::risk::breaker::Breakers;
use crate::risk::limits::Profile;
use crate::risk::monitor::Monitor;
use crate::risk::{self, View};
use crate::signal::{Program, Stream};
use crate::units::{Amount, Nanos, Overflow, Qty, Rate};

/// One strategy on one instrument with its share of the equity.
#[derive(Debug, Clone)]
pub struct Sleeve {
    /// The strategy's name.
    pub strategy: String,
    /// What it trades.
    pub instrument: InstrumentId,
    /// Its share of the account's equity.
    pub allocation: Rate,
    /// How it decides.
    pub decides: Decides,
}

/// How a sleeve decides.
#[derive(Debug, Clone)]
pub enum Decides {
    /// Output 0 of a program is the fraction to hold.
    Program {
        /// The program.
        program: Box<Program>,
        /// The no-trade band, as a fraction of the sleeve's equity.
        band: Option<f64>,
    },
    /// Outside the engine, by [`Event::Intent`].
    Outside,
}

/// What stops a bot from handling an event. It changed nothing that is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BotError {
    /// A price or size that is no unit.
    #[error("{symbol}: {reason}")]
    Unit {
        /// Which instrument.
        symbol: String,
        /// Why.
        reason: UnitError,
    },
    /// Something that cannot follow from the state.
    #[error(transparent)]
    State(#[from] StateError),
    /// An amount that does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// Market data or time of before the last decision.
    #[error("time goes backwards: an event is of before the last decision")]
    Backwards,
    /// An event names an instrument or sleeve that the bot does not have.
    #[error("an event names an instrument or sleeve that the bot does not have")]
    Unknown,
}

/// What an event led to. The driver empties it and hands it in again.
#[derive(Debug, Default)]
pub struct Output {
    /// To be kept, in this order, before any action is carried out.
    pub records: Vec<Record>,
    /// To be carried out, in this order.
    pub actions: Vec<Action>,
}

impl Output {
    /// Whether there is nothing to keep and nothing to carry out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.actions.is_empty()
    }

    /// Nothing, the room kept.
    pub fn clear(&mut self) {
        self.records.clear();
        self.actions.clear();
    }
}

#[derive(Debug, Clone, Default)]
struct Market {
    book: Book,
    bar: Option<Bar>,
    /// A bar came since the last decision.
    fresh: bool,
}

/// The trading bot.
#[derive(Debug)]
pub struct Bot {
    state: State,
    sleeves: Vec<Sleeve>,
    markets: Vec<Market>,
    /// Of each sleeve, the target that waits until none of its orders works.
    waiting: Vec<Option<Want>>,
    account: Account,
    monitor: Monitor,
    profile: Profile,
    now: Nanos,
}

impl Bot {
    /// A bot before its first event. Order ids carry `epoch`.
    #[must_use]
    pub fn new(
        instruments: Vec<Instrument>,
        sleeves: Vec<Sleeve>,
        profile: Profile,
        epoch: u32,
    ) -> Self {
        Self {
            markets: vec![Market::default(); instruments.len()],
            state: State::new(instruments, sleeves.len(), epoch),
            waiting: vec![None; sleeves.len()],
            sleeves,
            account: Account::default(),
            monitor: Monitor::default(),
            profile,
            now: Nanos::ZERO,
        }
    }

    /// Handle one event; what it leads to is added to `out`.
    pub fn on(&mut self, event: &Event, out: &mut Output) -> Result<(), BotError> {
        match *event {
            Event::Bar(ref bar) => self.on_bar(bar),
            Event::Quote(ref quote) => {
                let market = self.markets.get_mut(quote.instrument.index());
                market.ok_or(BotError::Unknown)?.book.on_quote(quote);
                Ok(())
            }
            Event::Time(ts) => self.on_time(ts, out),
            Event::Intent(ref intent) => self.on_intent(intent, self.state.breakers(), out),
            Event::Deposit { ts, amount } => {
                self.keep(Record::Deposit { ts, amount }, out)?;
                self.monitor.on_deposit(amount)?;
                self.value()?;
                self.reserve()
            }
            Event::Order { ts, order, update } => {
                self.keep(Record::Update { ts, order, update }, out)?;
                self.reserve()?;
                self.resume(order, out)
            }
            Event::Fill(fill) => {
                self.keep(Record::Fill(fill), out)?;
                self.value()?;
                self.reserve()?;
                self.resume(fill.order, out)
            }
            Event::Breaker { ts, component, state } => {
                self.keep(Record::Breaker { ts, component, state }, out)
            }
            Event::Control { ts, state } => self.keep(Record::Control { ts, state }, out),
        }
    }

    fn keep(&mut self, record: Record, out: &mut Output) -> Result<(), BotError> {
        self.state.apply(&record)?;
        out.records.push(record);
        Ok(())
    }

    #[inline]
    fn on_bar(&mut self, bar: &Bar) -> Result<(), BotError> {
        if bar.close_ns < self.now {
            return Err(BotError::Backwards);
        }
        let place = bar.instrument.index();
        let (Some(market), Some(rules)) =
            (self.markets.get_mut(place), self.state.instruments().get(place))
        else {
            return Err(BotError::Unknown);
        };
        let price = rules
            .price(bar.close)
            .map_err(|reason| BotError::Unit { symbol: rules.symbol.clone(), reason })?;
        market.book.on_close(price, bar.close_ns);
        market.bar = Some(*bar);
        market.fresh = true;
        Ok(())
    }

    /// Everything up to `ts` has been told: value the account, watch it, then decide.
    #[inline]
    fn on_time(&mut self, ts: Nanos, out: &mut Output) -> Result<(), BotError> {
        if ts < self.now {
            return Err(BotError::Backwards);
        }
        self.now = ts;
        self.value()?;
        if self.state.orders().working_len() > 0 {
            self.reserve()?;
        }
        let mut breakers = self.state.breakers();
        if let Some(component) = self.monitor.on_equity(ts, self.account.equity, &self.profile)?
            && breakers.state(component) != BreakerState::Latched
        {
            // It holds for this very event; the journaled event that comes back makes it last.
            let state = BreakerState::Latched;
            breakers = breakers.with(component, state);
            out.actions.push(Action::Trip { component, state });
        }
        for place in 0..self.sleeves.len() {
            if let Some(intent) = self.decide(place)? {
                self.on_intent(&intent, breakers, out)?;
            }
        }
        for market in &mut self.markets {
            market.fresh = false;
        }
        Ok(())
    }

    /// What sleeve `place` wants, if its program says so now.
    #[inline]
    fn decide(&mut self, place: usize) -> Result<Option<Intent>, BotError> {
        let Some(sleeve) = self.sleeves.get_mut(place) else {
            return Ok(None);
        };
        let Decides::Program { program, band } = &mut sleeve.decides else {
            return Ok(None);
        };
        let Some(Market { bar: Some(bar), fresh: true, .. }) =
            self.markets.get(sleeve.instrument.index())
        else {
            return Ok(None);
        };
        let position = self.state.portfolio().position(sleeve.instrument);
        let rules = self.state.instrument(sleeve.instrument).ok_or(BotError::Unknown)?;
        let entry_price = || {
            let flat = position.qty.is_zero();
            let cost = amount_as_f64(position.cost);
            if flat { f64::NAN } else { cost / rules.qty_as_f64(position.qty) }
        };
        let equity = self.account.equity;
        program.tell(|input| match input.stream {
            // Another instrument's or interval's input is not told yet: no opinion.
            _ if input.interval.is_some() => f64::NAN,
            _ if input.instrument.is_some_and(|id| id != sleeve.instrument) => f64::NAN,
            Stream::Open => bar.open,
            Stream::High => bar.high,
            Stream::Low => bar.low,
            Stream::Close => bar.close,
            Stream::Volume => bar.volume,
            Stream::Position => rules.qty_as_f64(position.qty),
            Stream::Equity => amount_as_f64(equity),
            Stream::EntryPrice => entry_price(),
        });
        program.run();
        let want = Want::Target { fraction: program.output(0), band: *band };
        let id = u32::try_from(place).map_err(|_| Overflow)?;
        Ok(Some(Intent { sleeve: SleeveId(id), want }))
    }

    /// From an intent to an order, through risk.
    #[inline]
    fn on_intent(
        &mut self,
        intent: &Intent,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let sleeve = self.sleeves.get(intent.sleeve.index()).ok_or(BotError::Unknown)?;
        if let Want::Target { fraction, band } = intent.want {
            let last = self.state.target(intent.sleeve);
            let held = if band.is_some() { self.held(sleeve)? } else { None };
            if !target::is_due(fraction, last, band, held) {
                return Ok(());
            }
        }
        self.keep(Record::Intent { ts: self.now, intent: *intent }, out)?;
        match intent.want {
            Want::CancelAll => {
                if let Some(waiting) = self.waiting.get_mut(intent.sleeve.index()) {
                    *waiting = None;
                }
                self.cancel_all(intent.sleeve, out)
            }
            // A target says what to hold in all: what still works is called back first.
            Want::Target { .. } if self.is_working(intent.sleeve) => {
                if let Some(waiting) = self.waiting.get_mut(intent.sleeve.index()) {
                    *waiting = Some(intent.want);
                }
                self.cancel_all(intent.sleeve, out)
            }
            Want::Target { .. } | Want::Trade { .. } => self.act(intent, breakers, out),
        }
    }

    /// An order of a sleeve moved: if none works any more, act on the target that waited for that.
    fn resume(&mut self, order: OrderId, out: &mut Output) -> Result<(), BotError> {
        let order = self.state.orders().get(order).ok_or(BotError::Unknown)?;
        let sleeve = order.new_order().sleeve;
        let waits = self.waiting.get(sleeve.index()).is_some_and(Option::is_some);
        if !waits || self.is_working(sleeve) {
            return Ok(());
        }
        let waiting = self.waiting.get_mut(sleeve.index()).and_then(Option::take);
        let Some(want) = waiting else {
            return Ok(());
        };
        self.act(&Intent { sleeve, want }, self.state.breakers(), out)
    }

    fn is_working(&self, sleeve: SleeveId) -> bool {
        self.state.orders().working().any(|order| order.new_order().sleeve == sleeve)
    }

    /// An intent that is written down, to an order, if risk says so.
    fn act(
        &mut self,
        intent: &Intent,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let sleeve = self.sleeves.get(intent.sleeve.index()).ok_or(BotError::Unknown)?;
        let (instrument, allocation) = (sleeve.instrument, sleeve.allocation);
        let ts = self.now;
        let view = View {
            now: ts,
            id: instrument,
            instrument: self.state.instrument(instrument).ok_or(BotError::Unknown)?,
            exposure: self.state.exposure(instrument),
            account: self.account,
            mark: self.mark(instrument),
            working: self.state.orders().working_len(),
            allocation,
            breakers,
            trading_state: self.state.trading_state(),
            profile: &self.profile,
        };
        match risk::assess(intent, &view) {
            Ok(None) => Ok(()),
            Err(refusal) => self.keep(Record::Refused { ts, sleeve: intent.sleeve, refusal }, out),
            Ok(Some(assessment)) => {
                if let Some(limit) = assessment.clipped {
                    self.keep(Record::Clipped { ts, sleeve: intent.sleeve, limit }, out)?;
                }
                let action = self.state.orders().place(assessment.approved)?;
                if let Action::Place { id, order } = action {
                    self.keep(Record::Placed { ts, id, order }, out)?;
                }
                out.actions.push(action);
                self.reserve()
            }
        }
    }

    fn cancel_all(&mut self, sleeve: SleeveId, out: &mut Output) -> Result<(), BotError> {
        let mine = |order: &&Order| {
            order.new_order().sleeve == sleeve && order.state() != OrderState::PendingCancel
        };
        let ids: Vec<_> = self.state.orders().working().filter(mine).map(|o| o.id()).collect();
        for id in ids {
            let update = OrderUpdate::CancelSent;
            self.keep(Record::Update { ts: self.now, order: id, update }, out)?;
            out.actions.push(Action::Cancel { id });
        }
        Ok(())
    }

    /// What a sleeve's position is worth as a fraction of its equity.
    fn held(&self, sleeve: &Sleeve) -> Result<Option<f64>, BotError> {
        let rules = self.state.instrument(sleeve.instrument).ok_or(BotError::Unknown)?;
        let Some(mark) = self.mark(sleeve.instrument) else {
            return Ok(None);
        };
        let held = rules.notional(mark.price, self.state.exposure(sleeve.instrument).position)?;
        let equity = amount_as_f64(self.account.equity) * rate_as_f64(sleeve.allocation);
        Ok((equity > 0.0).then(|| amount_as_f64(held) / equity))
    }

    fn mark(&self, id: InstrumentId) -> Option<Mark> {
        self.markets.get(id.index()).and_then(|market| market.book.mark())
    }

    /// Cash, reservations and positions at their marks.
    #[inline]
    fn value(&mut self) -> Result<(), BotError> {
        let cash = self.state.portfolio().cash().of(Party::Ours);
        let (mut equity, mut gross) = (cash, Amount::ZERO);
        let held = self.state.portfolio().positions().iter().zip(self.state.instruments());
        for ((position, rules), market) in held.zip(&self.markets) {
            if position.qty.is_zero() {
                continue;
            }
            // A position without a mark is worth what it cost: it was filled, so it had a price.
            let worth = match market.book.mark() {
                Some(mark) => rules.notional(mark.price, position.qty)?,
                None => position.cost,
            };
            equity = equity.plus(worth)?;
            gross = gross.plus(worth.magnitude()?)?;
        }
        self.account = Account { cash, equity, gross, ..self.account };
        Ok(())
    }

    /// What working orders may still spend, and sell short.
    fn reserve(&mut self) -> Result<(), BotError> {
        let (mut reserved, mut short) = (Amount::ZERO, Some(Amount::ZERO));
        let working = self.state.exposures().iter().zip(self.state.instruments());
        for ((exposure, rules), market) in working.zip(&self.markets) {
            reserved = reserved.plus(exposure.working_buy)?;
            let beyond = exposure.working_sell.minus(exposure.position.max(Qty::ZERO))?;
            if !beyond.is_positive() {
                continue;
            }
            short = match (short, market.book.mark()) {
                (Some(sum), Some(mark)) => Some(sum.plus(rules.notional(mark.price, beyond)?)?),
                (Some(_) | None, None) | (None, Some(_)) => None,
            };
        }
        (self.account.reserved, self.account.working_short) = (reserved, short);
        Ok(())
    }

    /// Everything the records determine.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The account as last valued.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The sleeves.
    #[must_use]
    pub fn sleeves(&self) -> &[Sleeve] {
        &self.sleeves
    }

    /// The limits it obeys.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The time of the last decision.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.now
    }
}
