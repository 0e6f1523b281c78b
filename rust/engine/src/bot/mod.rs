//! The only file that joins the stages: one event in, records and actions out.
//!
//! The bot has no clock, no file and no socket; what it says is carried out by a driver, which
//! keeps the records before it sends the actions. It does not know whether it trades on history,
//! on paper or for real.
//!
//! Long because every stage is joined here and nowhere else; `glance` is the part of it that has to
//! be quick.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::book::{Book, Turnover};
use crate::decision::quote;
use crate::decision::{Decision, target};
use crate::event::{
    Action, Bar, Event, Intent, OrderId, OrderUpdate, SleeveId, TradingState, Want,
};
use crate::exposure::{Account, Mark};
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::journal::{Record, State, StateError};
use crate::order::Order;
use crate::risk::View;
use crate::risk::breaker::Breakers;
use crate::risk::limits::Profile;
use crate::signal::{Clock, Memory, Program, Stream, seconds};
use crate::units::{Nanos, Overflow, Rate};

mod account;
mod caution;
mod changing;
mod execution;
mod exits;
mod glance;
mod holding;
mod netting;
mod parts;
mod protocol;
mod quoting;
mod supervising;
mod using;
mod watching;

use caution::Groups;
pub use glance::Glance;
use glance::{Aim, Listener};
use holding::{Own, Seats, told};
use netting::Netting;
pub use parts::{NoPart, part_name};
pub use protocol::Ignored;
pub use using::InUse;
use watching::Watched;

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
    /// By what a program says.
    Program {
        /// The program.
        program: Box<Program>,
        /// What it means.
        decision: Decision,
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
    /// A record says that the account was worth something else than it is worth here.
    #[error("the market is not the one that the journal was written on: equity differs")]
    Forked,
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

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Market {
    book: Book,
    bar: Option<Bar>,
    /// A bar came since the last decision.
    fresh: bool,
    turnover: Turnover,
    /// Trades are told: bars do not speak for them.
    trades: bool,
    /// Another venue says another price.
    deviates: bool,
}

/// The trading bot.
#[derive(Debug)]
pub struct Bot {
    state: State,
    sleeves: Vec<Sleeve>,
    markets: Vec<Market>,
    account: Account,
    /// The account in each currency that something is paid in beside the reporting currency.
    abroad: Vec<(Asset, Account)>,
    profile: Profile,
    /// Every limit has a value that it may have.
    sound: bool,
    groups: Groups,
    now: Nanos,
    /// Programs run and nothing is wanted.
    quiet: bool,
    seats: Seats,
    netting: Netting,
    /// Of each instrument, who quotes it or reads its book or its trades.
    listeners: Vec<Listener>,
    /// Of each sleeve.
    aims: Vec<Aim>,
    /// How often the account changed.
    turn: u64,
    ignored: Ignored,
    /// The order that never arrived, whose next attempt is being made.
    replacing: Option<OrderId>,
    /// The orders whose trigger is watched here, in the order of placing.
    held: Vec<Watched>,
}

/// All that a bot remembers, so that another of the same instruments can go on from there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BotMemory {
    state: State,
    markets: Vec<Market>,
    account: Account,
    abroad: Vec<(Asset, Account)>,
    now: Nanos,
    programs: Vec<Option<Memory>>,
    held: Vec<Watched>,
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
        let groups = Groups::new(&instruments);
        Self {
            markets: vec![Market::default(); instruments.len()],
            abroad: account::abroad(&instruments),
            listeners: Listener::of_each(instruments.len(), &sleeves),
            seats: Seats::new(instruments.len(), &sleeves),
            netting: Netting::new(sleeves.len()),
            aims: vec![Aim::default(); sleeves.len()],
            // Nothing is aimed yet.
            turn: 1,
            state: State::new(instruments, sleeves.len(), epoch),
            sleeves,
            account: Account::default(),
            sound: profile.is_sound(),
            groups,
            profile,
            now: Nanos::ZERO,
            quiet: false,
            ignored: Ignored::default(),
            replacing: None,
            held: Vec::new(),
        }
    }

    /// Handle one event; what it leads to is added to `out`.
    pub fn on(&mut self, event: &Event, out: &mut Output) -> Result<(), BotError> {
        if let Event::Bar(_) | Event::Quote(_) | Event::Tick(_) | Event::Gap { .. } = event {
            if let Some(glance) = self.glance(event)? {
                self.settle(glance, out)?;
            }
            // A bar is of the time that is told next.
            if self.held.is_empty() || matches!(event, Event::Bar(_)) {
                return Ok(());
            }
            let done = self.spring(out);
            self.arm();
            return done;
        }
        let done = self.on_other(event, out).and_then(|()| {
            self.release_called(event, out)?;
            self.cover(event, out)?;
            if matches!(event, Event::Time(_)) { self.spring(out) } else { Ok(()) }
        });
        self.arm();
        done
    }

    /// Whatever is no market data.
    fn on_other(&mut self, event: &Event, out: &mut Output) -> Result<(), BotError> {
        match *event {
            Event::Bar(_) | Event::Quote(_) | Event::Tick(_) | Event::Gap { .. } => Ok(()),
            Event::Time(ts) => self.on_time(ts, out),
            Event::Intent(ref intent) => self.on_intent(intent, self.state.breakers(), out),
            Event::Deposit { ts, amount } => {
                self.keep(Record::Deposit { ts, amount }, out)?;
                self.value()?;
                self.reserve()
            }
            Event::Booked(ref entry) => self.on_booked(entry, out),
            Event::Rate { ts, asset, worth } => {
                self.keep(Record::Rate { ts, asset, worth }, out)?;
                self.value()?;
                self.reserve()
            }
            Event::Order { ts, order, update } => self.on_order(ts, order, update, out),
            Event::CumQty { ts, order, qty } => {
                let kept = self.keep(Record::CumQty { ts, order, qty }, out);
                self.count(kept)?;
                self.reserve()
            }
            Event::Fill(ref fill) => self.on_fill(fill, out),
            Event::Breaker(ref transition) => self.on_breaker(transition, out),
            Event::Control { ts, state } => {
                self.keep(Record::Control { ts, state }, out)?;
                if state == TradingState::Halted { self.cancel_everything(out) } else { Ok(()) }
            }
            Event::Pause { ts, sleeve, paused } => {
                self.keep(Record::Pause { ts, sleeve, paused }, out)?;
                let want = Want::CancelAll;
                if paused { self.want(&Intent { sleeve, want }, out) } else { Ok(()) }
            }
            Event::Adopted { ts, id, order } => self.adopt(ts, id, order, out),
            Event::Start { ts, epoch, quiet_until } => {
                self.keep(Record::Start { ts, epoch, quiet_until }, out)
            }
            Event::Stop { ts, flatten } => {
                self.now = self.now.max(ts);
                self.keep(Record::Stop { ts, flatten }, out)?;
                if flatten { self.flatten(out) } else { self.cancel_everything(out) }
            }
            Event::Freeze { ts, instrument, why } => {
                self.now = self.now.max(ts);
                self.freeze(ts, instrument, why, out)
            }
            Event::Status { ts, instrument, tradable } => {
                self.now = self.now.max(ts);
                self.keep(Record::Status { ts, instrument, tradable }, out)
            }
            Event::Measured { ts, measure } => {
                self.now = self.now.max(ts);
                self.keep(Record::Measured { ts, measure }, out)
            }
            Event::Flatten { ts } => {
                self.now = self.now.max(ts);
                self.keep(Record::Flatten { ts }, out)?;
                self.flatten(out)
            }
        }
    }

    /// The time is at least `ts`: what is decided from here on is decided then.
    pub fn advance(&mut self, ts: Nanos) {
        self.now = self.now.max(ts);
    }

    /// From here on programs run and nothing is wanted, or again it is.
    pub fn set_quiet(&mut self, quiet: bool) {
        if self.quiet != quiet {
            self.quiet = quiet;
            self.turn = self.turn.wrapping_add(1);
        }
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// What another run of the same market wrote down here: the state follows it, and what it
    /// asked to be carried out comes back. Nothing is decided.
    pub fn recall(&mut self, record: &Record) -> Result<Option<Action>, BotError> {
        if let Record::Equity { ts, cash: _, equity } = *record {
            self.now = ts;
            self.value()?;
            if self.account.equity != equity {
                return Err(BotError::Forked);
            }
        }
        self.state.apply(record)?;
        self.note_held(record);
        self.turn = self.turn.wrapping_add(1);
        match *record {
            Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Fill(_) => self.value()?,
            Record::Equity { .. } => self.think()?,
            Record::Intent { .. }
            | Record::Refused { .. }
            | Record::Clipped { .. }
            | Record::Crossed { .. }
            | Record::Placed { .. }
            | Record::Update { .. }
            | Record::Amend { .. }
            | Record::CumQty { .. }
            | Record::Breaker(_)
            | Record::Control { .. }
            | Record::Pause { .. }
            | Record::Start { .. }
            | Record::Stop { .. }
            | Record::Flatten { .. }
            | Record::Freeze { .. }
            | Record::Status { .. }
            | Record::Measured { .. } => {}
        }
        self.reserve()?;
        Ok(self.asked_for(record))
    }

    /// What a record that was applied asked to be carried out.
    fn asked_for(&self, record: &Record) -> Option<Action> {
        match *record {
            Record::Placed { id, .. } => self.state.orders().send(id),
            Record::Update { order: id, update: OrderUpdate::CancelSent, .. } => {
                Some(Action::Cancel { id })
            }
            Record::Update {
                order: id,
                update:
                    update
                    @ (OrderUpdate::AskedById | OrderUpdate::AskedOpen | OrderUpdate::AskedTrades),
                ..
            } => update.question().map(|question| Action::Ask { id, question }),
            Record::Update { order: id, update: OrderUpdate::Released, .. } => {
                self.state.orders().send(id)
            }
            Record::Amend { order: id, to, .. } => {
                let asked = self.state.orders().get(id).is_some_and(|order| !order.is_held());
                asked.then_some(Action::Amend { id, to })
            }
            Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Intent { .. }
            | Record::Refused { .. }
            | Record::Clipped { .. }
            | Record::Crossed { .. }
            | Record::Update { .. }
            | Record::CumQty { .. }
            | Record::Fill(_)
            | Record::Breaker(_)
            | Record::Control { .. }
            | Record::Equity { .. }
            | Record::Pause { .. }
            | Record::Start { .. }
            | Record::Stop { .. }
            | Record::Flatten { .. }
            | Record::Freeze { .. }
            | Record::Status { .. }
            | Record::Measured { .. } => None,
        }
    }

    /// Every program runs on what is fresh, and nothing comes of it.
    fn think(&mut self) -> Result<(), BotError> {
        for place in 0..self.sleeves.len() {
            self.decide(place, self.state.breakers())?;
        }
        for market in &mut self.markets {
            market.fresh = false;
        }
        Ok(())
    }

    /// All that it remembers now.
    #[must_use]
    pub fn memory(&self) -> BotMemory {
        let programs = self.sleeves.iter().map(|sleeve| match &sleeve.decides {
            Decides::Program { program, .. } => Some(program.memory()),
            Decides::Outside => None,
        });
        BotMemory {
            state: self.state.clone(),
            markets: self.markets.clone(),
            account: self.account,
            abroad: self.abroad.clone(),
            now: self.now,
            programs: programs.collect(),
            held: self.held.clone(),
        }
    }

    /// Go on from what a bot of the same instruments and sleeves remembered; the sleeves whose
    /// program is another one now, which begins anew.
    pub fn remember(&mut self, memory: BotMemory) -> Vec<SleeveId> {
        self.turn = self.turn.wrapping_add(1);
        self.state = memory.state;
        self.markets = memory.markets;
        self.account = memory.account;
        self.abroad = memory.abroad;
        self.now = memory.now;
        self.held = memory.held;
        let mut cold = Vec::new();
        for ((id, sleeve), memory) in (0..).zip(&mut self.sleeves).zip(memory.programs) {
            if let Decides::Program { program, .. } = &mut sleeve.decides
                && !memory.is_some_and(|memory| program.recall(memory))
            {
                cold.push(SleeveId(id));
            }
        }
        cold
    }

    fn keep(&mut self, record: Record, out: &mut Output) -> Result<(), BotError> {
        self.state.apply(&record)?;
        self.note_held(&record);
        self.turn = self.turn.wrapping_add(1);
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
        if !market.trades {
            // A volume that is no number, or does not fit, is not seen.
            let traded = rules.qty_down(bar.volume).ok();
            let notional = traded.and_then(|qty| rules.notional(price, qty).ok());
            market.turnover.add(bar.close_ns, notional.unwrap_or_default());
        }
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
        self.compare_venues();
        let Account { cash, equity, .. } = self.account;
        self.keep(Record::Equity { ts, cash, equity }, out)?;
        if self.state.orders().working_len() > 0 {
            self.chase(out)?;
            self.reserve()?;
        }
        if self.state.is_flattening() {
            self.flatten_rest(out)?;
        }
        if self.quiet {
            return self.think();
        }
        let breakers = self.losing()?;
        for place in 0..self.sleeves.len() {
            let shared = self.sleeves.get(place).map(|sleeve| sleeve.instrument);
            let shared = shared.filter(|id| self.seats.several(*id).is_some());
            if let Some(id) = shared {
                // Those that share an instrument decide together, when it is the first one's turn.
                if self.seat(id, 0).is_some_and(|first| first.index() == place) {
                    self.decide_together(id, breakers, out)?;
                }
            } else if let Some(intent) = self.decide(place, breakers)? {
                self.on_intent(&intent, breakers, out)?;
            }
        }
        self.carry_on(breakers, out)?;
        if self.state.orders().working_len() > 0 {
            self.call_back_silent(breakers, out)?;
        }
        for market in &mut self.markets {
            market.fresh = false;
        }
        self.supervise(&mut out.actions)
    }

    /// What sleeve `place` wants, if its program says so now.
    #[inline]
    fn decide(&mut self, place: usize, breakers: Breakers) -> Result<Option<Intent>, BotError> {
        let Some(sleeve) = self.sleeves.get_mut(place) else {
            return Ok(None);
        };
        let Decides::Program { program, .. } = &mut sleeve.decides else {
            return Ok(None);
        };
        let Some(Market { bar: Some(bar), fresh: true, .. }) =
            self.markets.get(sleeve.instrument.index())
        else {
            return Ok(None);
        };
        let id = sleeve.instrument;
        let sleeve = SleeveId(u32::try_from(place).map_err(|_| Overflow)?);
        let seat = (id, self.seats.sharing(id, sleeve));
        program.tell(|input| match input.stream {
            // Another instrument's or interval's input is not told yet: no opinion.
            _ if input.interval.is_some() => f64::NAN,
            _ if input.instrument.is_some_and(|other| other != id) => f64::NAN,
            Stream::Open => bar.open,
            Stream::High => bar.high,
            Stream::Low => bar.low,
            Stream::Close => bar.close,
            Stream::Volume => bar.volume,
            Stream::IntervalS => seconds(bar.open_ns, bar.close_ns),
            Stream::Position | Stream::Equity | Stream::EntryPrice => {
                told(&self.state, &self.account, seat, input)
            }
            Stream::Book(_) | Stream::Trade(_) => f64::NAN,
        });
        program.run(Clock::Bar);
        self.wanted(sleeve, breakers)
    }

    /// What a strategy wants now, if that is anything new and it may want.
    #[inline]
    fn on_intent(
        &mut self,
        intent: &Intent,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        self.sleeves.get(intent.sleeve.index()).ok_or(BotError::Unknown)?;
        if self.is_due(intent)? { self.want_under(intent, breakers, out) } else { Ok(()) }
    }

    /// Whether a want is anything new, and may be wanted.
    #[inline]
    fn is_due(&self, intent: &Intent) -> Result<bool, BotError> {
        let sleeve = intent.sleeve;
        let due = match intent.want {
            Want::Target { fraction, band, .. } => {
                let last = self.state.target(sleeve);
                let held = if band.is_some() { self.held(sleeve)? } else { None };
                target::is_due(fraction, last, band, held) && !self.is_on_its_way(intent)
            }
            Want::Quote(quote) => {
                let (last, anew) = self.state.quote(sleeve);
                last != Some(quote) || anew
            }
            Want::Exits(exits) => exits != self.state.exits(intent.sleeve),
            Want::Trade { .. } | Want::CancelAll | Want::Cancel { .. } | Want::Amend { .. } => true,
        };
        // What protects is no trade: a pause lets it through.
        let held_back = match intent.want {
            Want::Exits(_) => self.quiet,
            Want::Target { .. }
            | Want::Trade { .. }
            | Want::Quote(_)
            | Want::CancelAll
            | Want::Cancel { .. }
            | Want::Amend { .. } => self.is_held_back(sleeve),
        };
        Ok(due && !held_back)
    }

    fn want(&mut self, intent: &Intent, out: &mut Output) -> Result<(), BotError> {
        self.want_under(intent, self.state.breakers(), out)
    }

    /// From an intent to an order, through risk.
    #[inline]
    fn want_under(
        &mut self,
        intent: &Intent,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let working = self.state.is_working(intent.sleeve);
        let (last, _) = self.state.quote(intent.sleeve);
        self.keep(Record::Intent { ts: self.now, intent: *intent }, out)?;
        match intent.want {
            // What protects a position stays.
            Want::CancelAll if self.exits_of(intent.sleeve).is_some() => {
                self.cancel_where(intent.sleeve, |order| !order.is_exit(), out)
            }
            Want::CancelAll => self.cancel_all(intent.sleeve, out),
            Want::Cancel { order } => self.cancel_one(intent.sleeve, order, out),
            Want::Amend { order, qty, limit } => {
                self.amend(intent.sleeve, order, (qty, limit), breakers, out)
            }
            // It waits in the state until none of the sleeve's orders works.
            Want::Target { .. } if working => {
                self.cancel_all(intent.sleeve, out)?;
                // What was held here is gone already.
                self.go_on(out)
            }
            // They are laid anew once the old ones are gone.
            Want::Exits(_) => self.cancel_where(intent.sleeve, Order::is_exit, out),
            Want::Target { .. } | Want::Trade { .. } => self.act(intent, breakers, out),
            Want::Quote(quote) => {
                let resized = last.is_some_and(|last| quote::is_resized(&last, &quote));
                self.lay(intent.sleeve, &quote, resized, breakers, out)
            }
        }
    }

    /// Act on what waited for the order which has just ended.
    fn go_on(&mut self, out: &mut Output) -> Result<(), BotError> {
        let Some(intent) = self.state.released() else {
            return Ok(());
        };
        let breakers = self.state.breakers();
        match intent.want {
            // It stays to be wanted anew.
            Want::Quote(_) if self.is_held_back(intent.sleeve) => Ok(()),
            Want::Quote(quote) => self.lay(intent.sleeve, &quote, false, breakers, out),
            Want::Target { .. }
            | Want::Trade { .. }
            | Want::CancelAll
            | Want::Cancel { .. }
            | Want::Amend { .. }
            | Want::Exits(_) => self.act(&intent, breakers, out),
        }
    }

    fn cancel_everything(&mut self, out: &mut Output) -> Result<(), BotError> {
        for sleeve in (0..).map(SleeveId).take(self.sleeves.len()) {
            if self.has_to_cancel(sleeve) {
                self.want(&Intent { sleeve, want: Want::CancelAll }, out)?;
            }
        }
        Ok(())
    }

    /// All that risk looks at for a sleeve.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: what is not read is not put together")]
    fn view(&self, sleeve: SleeveId, breakers: Breakers) -> Result<View<'_>, BotError> {
        let seat = self.sleeves.get(sleeve.index()).ok_or(BotError::Unknown)?;
        let id = seat.instrument;
        let exposure = self.state.exposures().get(id.index()).ok_or(BotError::Unknown)?;
        let market = self.markets.get(id.index()).ok_or(BotError::Unknown)?;
        let own = match self.seats.several(id) {
            Some(_) => self.own(id, sleeve)?,
            None => Own { qty: exposure.position, buying: None },
        };
        Ok(View {
            now: self.now,
            id,
            instrument: self.state.instrument(id).ok_or(BotError::Unknown)?,
            exposure,
            holding: own.qty,
            buying: own.buying,
            account: self.account_of(id),
            sight: market.book.sight(),
            ladder: market.book.is_told().then(|| market.book.ladder()),
            turnover: market.turnover.within_day(self.now)?,
            tradable: self.state.is_tradable(id),
            deviates: market.deviates,
            all: self.all_of(id),
            group: self.group_of(id),
            resting: self.resting(id),
            conduct: self.state.conduct(sleeve, id, self.now),
            hour_peak: self.hour_peak_of(id)?,
            scale: self.state.monitor().scale(),
            working: self.state.orders().working_len(),
            allocation: seat.allocation,
            breakers: self.depends_on(sleeve, id, breakers),
            trading_state: self.state.trading_state(),
            frozen: self.state.frozen(id).is_some(),
            doubtful: self.state.orders().is_doubtful(id),
            measure: self.state.measure(),
            profile: &self.profile,
            sound: self.sound,
        })
    }

    fn cancel_all(&mut self, sleeve: SleeveId, out: &mut Output) -> Result<(), BotError> {
        self.cancel_where(sleeve, |_| true, out)
    }

    /// Call back what works for a sleeve, is not called back yet, and is `unwanted`.
    fn cancel_where(
        &mut self,
        sleeve: SleeveId,
        unwanted: impl Fn(&Order) -> bool,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let mine = |order: &&Order| order.new_order().sleeve == sleeve && lies(order);
        let working = self.state.orders().working().filter(mine);
        let ids: Vec<_> = working.filter(|order| unwanted(order)).map(|o| o.id()).collect();
        ids.into_iter().try_for_each(|id| self.call_back(id, out))
    }

    /// An instrument's book.
    #[must_use]
    pub fn book(&self, id: InstrumentId) -> Option<&Book> {
        self.markets.get(id.index()).map(|market| &market.book)
    }

    /// The price an instrument is valued at, where it has one.
    #[must_use]
    pub fn mark_of(&self, id: InstrumentId) -> Option<Mark> {
        self.markets.get(id.index()).and_then(|market| market.book.mark())
    }

    /// Everything the records determine.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
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

/// Whether a working order is not being canceled, nor over with fills still to come.
fn lies(order: &Order) -> bool {
    !order.is_canceling() && !order.state().is_terminal()
}
