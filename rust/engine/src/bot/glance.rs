//! From a change of a market to an approved order: the way that is gone millions of times a day.
//!
//! Book, signals, decision and risk, without an allocation, a lock, a log line or a clock. Nothing
//! is written down here; what came of it is settled afterwards, by [`Bot::on`].

use super::{Bot, BotError, Decides, Output, Sleeve, told};
use crate::decision::{Decision, target};
use crate::event::{Event, Execution, Intent, Quote, SleeveId, Tick, TickKind, TwoSided, Want};
use crate::instrument::InstrumentId;
use crate::journal::Record;
use crate::risk::{Approved, Armed, Passed, View};
use crate::signal::{Clock, Clocks, Program};
use crate::units::{Nanos, Overflow};

/// What a change of a market led to, before anything of it is written down.
#[derive(Debug)]
pub struct Glance {
    pub(super) sleeve: SleeveId,
    pub(super) wanted: Wanted,
}

/// What is wanted. A target is kept as it came, and not as a [`Want`]: those are as large as the
/// largest, and would be copied on the way.
#[derive(Debug)]
pub(super) enum Wanted {
    Target {
        fraction: f64,
        band: Option<f64>,
        approved: Option<Passed>,
    },
    Quote(TwoSided),
    /// A target that does not simply cross, or what the first of several wants: the others that
    /// share its instrument are asked when it is settled.
    Styled(Want),
}

/// Who quotes an instrument, or has a program that reads its book or its trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listener {
    Nobody,
    /// A sleeve that has the instrument to itself.
    One(usize),
    /// Some of the sleeves that share the instrument.
    Several,
}

/// Whose program ran on a change of a market.
#[derive(Debug, Clone, Copy)]
enum Ran {
    Nobody,
    One(usize),
    /// Of those that share an instrument.
    Several(InstrumentId),
}

impl Listener {
    pub(super) fn of_each(instruments: usize, sleeves: &[Sleeve]) -> Vec<Self> {
        let mut of = vec![Self::Nobody; instruments];
        let mut seats = vec![0_usize; instruments];
        for (place, sleeve) in sleeves.iter().enumerate() {
            let id = sleeve.instrument.index();
            let (Some(listener), Some(seats)) = (of.get_mut(id), seats.get_mut(id)) else {
                continue;
            };
            *seats += 1;
            if *listener != Self::Nobody || sleeve.listens() {
                *listener = if *seats == 1 { Self::One(place) } else { Self::Several };
            }
        }
        of
    }
}

impl Sleeve {
    /// Whether it quotes, or its program reads more than bars.
    fn listens(&self) -> bool {
        match &self.decides {
            Decides::Program { program, decision } => {
                matches!(decision, Decision::Quote(_)) || reads_ticks(program)
            }
            Decides::Outside => false,
        }
    }
}

/// Whether a program reads more than bars.
fn reads_ticks(program: &Program) -> bool {
    let clocks: Clocks = program.clocks();
    clocks.has(Clock::Book) || clocks.has(Clock::Trade)
}

/// What a sleeve may do, as things were at a turn.
#[derive(Debug, Clone, Default)]
pub(super) struct Aim {
    turn: u64,
    /// Later it is to be looked at again, though nothing was written down.
    until: Nanos,
    armed: Option<Armed>,
    /// It may want something.
    may_want: bool,
    /// Nothing of it works: the long way knows what to do with what does.
    clear: bool,
}

impl Aim {
    /// Whether something was written down since, or what stood then stands no longer.
    #[inline]
    fn is_over(&self, turn: u64, now: Nanos) -> bool {
        (self.turn != turn) | (now > self.until)
    }
}

impl Glance {
    /// What is wanted.
    #[inline]
    #[must_use]
    pub const fn intent(&self) -> Intent {
        let want = match self.wanted {
            Wanted::Target { fraction, band, .. } => {
                Want::Target { fraction, band, execution: Execution::Cross }
            }
            Wanted::Styled(want) => want,
            Wanted::Quote(quote) => Want::Quote(quote),
        };
        Intent { sleeve: self.sleeve, want }
    }

    /// Whether it passed every limit as it is; if not, the long way clips it or says why not.
    #[must_use]
    pub const fn is_approved(&self) -> bool {
        matches!(self.wanted, Wanted::Target { approved: Some(_), .. })
    }
}

impl Bot {
    /// Take in market data and decide on it. What comes of it must be handed to [`Bot::settle`]
    /// before any other event; [`Bot::on`] does both, and sends what is held and due.
    #[inline]
    pub fn glance(&mut self, event: &Event) -> Result<Option<Glance>, BotError> {
        let ran = self.take_in(event)?;
        self.follow_held(event)?;
        let place = match ran {
            Ran::One(place) => place,
            Ran::Nobody => return Ok(None),
            Ran::Several(id) => return self.glance_at_several(id),
        };
        let Some(sleeve) = self.sleeves.get(place) else {
            return Ok(None);
        };
        let Decides::Program { program, decision } = &sleeve.decides else {
            return Ok(None);
        };
        let id = SleeveId(id_of(place)?);
        let band = match decision {
            Decision::Target { band, execution: Execution::Cross, .. } => *band,
            Decision::Target { band, execution, .. } => {
                let (band, execution) = (*band, *execution);
                let want = Want::Target { fraction: program.output(0), band, execution };
                return self.glance_at_styled(id, want);
            }
            Decision::Quote(_) => return self.glance_at_quote(id),
        };
        let fraction = program.output(0);
        let last = self.state.target(id);
        let held = if band.is_some() { self.held(id)? } else { None };
        // Targets go to and fro: what would be wanted next is asked of risk before it is wanted,
        // and waits for no signal. ARCHITECTURE.md has what that costs and saves.
        let (expected, approved) = self.rehearse(place, last.unwrap_or(0.0));
        let may_want = self.aims.get(place).is_some_and(|aim| aim.may_want);
        if !(target::is_due(fraction, last, band, held) && may_want) {
            return Ok(None);
        }
        let as_expected = fraction.to_bits() == expected.to_bits();
        let approved = if as_expected { approved } else { self.approve(place, fraction) };
        let wanted = Wanted::Target { fraction, band, approved };
        Ok(Some(Glance { sleeve: id, wanted }))
    }

    /// What those that share an instrument want, if their programs ran and any wants something new.
    #[cold]
    fn glance_at_several(&self, id: InstrumentId) -> Result<Option<Glance>, BotError> {
        let mut turn = 0;
        while let Some(sleeve) = self.seat(id, turn) {
            turn += 1;
            if let Some(Intent { want, .. }) = self.due_on_book(sleeve, self.state.breakers())? {
                return Ok(Some(Glance { sleeve, wanted: Wanted::Styled(want) }));
            }
        }
        Ok(None)
    }

    /// What a sleeve that quotes wants. Its orders go the long way, one by one; kept out of line so
    /// that a target's way stays short.
    #[cold]
    fn glance_at_quote(&self, sleeve: SleeveId) -> Result<Option<Glance>, BotError> {
        if self.is_held_back(sleeve) {
            return Ok(None);
        }
        let quote = self.quote_due(sleeve, self.state.breakers())?;
        Ok(quote.map(|quote| Glance { sleeve, wanted: Wanted::Quote(quote) }))
    }

    /// No strategy overtakes an operator.
    #[inline]
    pub(super) fn is_held_back(&self, sleeve: SleeveId) -> bool {
        self.quiet || self.state.is_flattening() || self.state.is_paused(sleeve)
    }

    /// The target that is expected after `last`, and the short way through risk for it.
    #[inline]
    fn rehearse(&mut self, place: usize, last: f64) -> (f64, Option<Passed>) {
        if self.aims.get(place).is_some_and(|aim| aim.is_over(self.turn, self.now)) {
            self.arm_one(place);
        }
        let Self { aims, markets, now, .. } = self;
        let Some(Aim { armed: Some(armed), clear: true, .. }) = aims.get_mut(place) else {
            return (last, None);
        };
        let expected = armed.other(last);
        let sight = markets.get(armed.instrument().index()).and_then(|market| market.book.sight());
        match sight {
            Some(sight) if armed.is_stale(&sight) => self.arm_anew(place, expected),
            Some(sight) => (expected, armed.pass(expected, &sight, *now).ok()),
            None => (expected, None),
        }
    }

    /// The market went on to another minute, or began: its limits are made anew.
    #[cold]
    #[inline(never)]
    fn arm_anew(&mut self, place: usize, expected: f64) -> (f64, Option<Passed>) {
        self.turn = self.turn.wrapping_add(1);
        self.arm_one(place);
        (expected, self.approve(place, expected))
    }

    /// The short way through risk for what was not expected. `None` is no answer: the long way has
    /// it.
    #[cold]
    #[inline(never)]
    fn approve(&mut self, place: usize, fraction: f64) -> Option<Passed> {
        let aim = self.aims.get_mut(place).filter(|aim| aim.clear && aim.turn == self.turn)?;
        let armed = aim.armed.as_mut()?;
        let sight = self.markets.get(armed.instrument().index())?.book.sight()?;
        armed.pass(fraction, &sight, self.now).ok()
    }

    /// Make the limits anew where the account changed, so that no tick has to wait for it.
    #[inline]
    pub(super) fn arm(&mut self) {
        for place in 0..self.listeners.len() {
            if let Some(Listener::One(place)) = self.listeners.get(place).copied() {
                self.arm_one(place);
            }
        }
    }

    /// The limits of one sleeve on the account as it is.
    #[cold]
    fn arm_one(&mut self, place: usize) {
        let Some(aim @ Aim { armed: before, .. }) = self.aims.get(place) else {
            return;
        };
        let over = aim.is_over(self.turn, self.now);
        let (Ok(sleeve), true) = (id_of(place).map(SleeveId), over) else {
            return;
        };
        let view = self.view(sleeve, self.state.breakers());
        let until = view.as_ref().map_or(Nanos::new(i64::MAX), View::stands_until);
        let armed = view.ok().and_then(|view| match before {
            Some(before) => before.again(&view).ok(),
            None => Armed::of(sleeve, &view).ok(),
        });
        let may_want = !self.is_held_back(sleeve);
        let clear = !self.state.is_working(sleeve);
        let expect = |mut armed: Armed| {
            if clear {
                armed.expect(armed.other(self.state.target(sleeve).unwrap_or(0.0)));
            }
            armed
        };
        let armed = armed.map(expect);
        if let Some(aim) = self.aims.get_mut(place) {
            *aim = Aim { turn: self.turn, until, armed, may_want, clear };
        }
    }

    /// Write down what a glance led to, and carry it on to an order.
    pub fn settle(&mut self, glance: Glance, out: &mut Output) -> Result<(), BotError> {
        let intent = glance.intent();
        let settled = match glance.wanted {
            Wanted::Target { approved: Some(approved), .. } => {
                let approved = Approved::from(approved);
                let view = self.view(glance.sleeve, self.state.breakers())?;
                let judged = self.judge(&approved, &view);
                self.keep(Record::Intent { ts: self.now, intent }, out)?;
                self.place(approved, judged, out)
            }
            Wanted::Styled(_) if self.is_sharing(glance.sleeve) => {
                self.settle_together(glance.sleeve, out)
            }
            Wanted::Target { approved: None, .. } | Wanted::Quote(_) | Wanted::Styled(_) => {
                self.want_under(&intent, self.state.breakers(), out)
            }
        };
        self.arm();
        settled
    }

    /// Take in market data and decide nothing.
    #[inline]
    pub fn watch(&mut self, event: &Event) -> Result<(), BotError> {
        self.take_in(event)?;
        self.follow_held(event)
    }

    /// What is held follows its market.
    #[inline]
    fn follow_held(&mut self, event: &Event) -> Result<(), BotError> {
        if self.held.is_empty() { Ok(()) } else { self.follow(event) }
    }

    /// Take in market data; whose program ran on it.
    #[inline]
    fn take_in(&mut self, event: &Event) -> Result<Ran, BotError> {
        match event {
            Event::Tick(tick) => self.on_tick(tick),
            Event::Quote(quote) => self.on_quote(quote),
            Event::Gap { instrument, ts } => {
                let market = self.markets.get_mut(instrument.index());
                market.ok_or(BotError::Unknown)?.book.on_gap(*ts);
                self.now = self.now.max(*ts);
                self.run_on_book(*instrument)
            }
            Event::Bar(bar) => self.on_bar(bar).map(|()| Ran::Nobody),
            Event::Deposit { .. }
            | Event::Booked(_)
            | Event::Rate { .. }
            | Event::Time(_)
            | Event::Intent(_)
            | Event::Order { .. }
            | Event::CumQty { .. }
            | Event::Fill(_)
            | Event::Breaker(_)
            | Event::Control { .. }
            | Event::Pause { .. }
            | Event::Start { .. }
            | Event::Stop { .. }
            | Event::Adopted { .. }
            | Event::Flatten { .. }
            | Event::Freeze { .. }
            | Event::Status { .. }
            | Event::Measured { .. } => Ok(Ran::Nobody),
        }
    }

    #[inline]
    fn on_tick(&mut self, tick: &Tick) -> Result<Ran, BotError> {
        let market = self.markets.get_mut(tick.instrument.index()).ok_or(BotError::Unknown)?;
        market.book.on_tick(tick);
        self.now = self.now.max(tick.ts);
        match tick.kind {
            TickKind::Trade { price, qty, .. } => {
                self.on_traded(tick.instrument, (price, qty))?;
                self.run_on_trade(tick)
            }
            TickKind::Level { .. } | TickKind::Clear if tick.last => {
                self.run_on_book(tick.instrument)
            }
            TickKind::Level { .. } | TickKind::Clear => Ok(Ran::Nobody),
        }
    }

    #[inline]
    fn on_quote(&mut self, quote: &Quote) -> Result<Ran, BotError> {
        let market = self.markets.get_mut(quote.instrument.index()).ok_or(BotError::Unknown)?;
        market.book.on_quote(quote);
        self.now = self.now.max(quote.ts);
        self.run_on_book(quote.instrument)
    }

    /// The program that reads this book runs, if anything that it reads changed.
    #[inline]
    fn run_on_book(&mut self, id: InstrumentId) -> Result<Ran, BotError> {
        let place = match self.listeners.get(id.index()) {
            Some(Listener::One(place)) => *place,
            Some(Listener::Several) => return self.run_several_on_book(id),
            Some(Listener::Nobody) | None => return Ok(Ran::Nobody),
        };
        let Some(market) = self.markets.get_mut(id.index()) else {
            return Ok(Ran::Nobody);
        };
        let Some(Sleeve { decides: Decides::Program { program, decision }, .. }) =
            self.sleeves.get_mut(place)
        else {
            return Ok(Ran::Nobody);
        };
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        if !program.see_book(&mut market.book, rules, self.now) {
            // A quote minds the touch, whatever it is made of.
            let quotes = matches!(decision, Decision::Quote(_));
            return Ok(if quotes { Ran::One(place) } else { Ran::Nobody });
        }
        program.tell_account(|input| told(&self.state, &self.account, (id, None), input));
        program.run(Clock::Book);
        Ok(Ran::One(place))
    }

    /// The same for every program of those that share an instrument.
    #[cold]
    fn run_several_on_book(&mut self, id: InstrumentId) -> Result<Ran, BotError> {
        let market = self.markets.get_mut(id.index()).ok_or(BotError::Unknown)?;
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        for seat in self.seats.several(id).into_iter().flatten() {
            let sleeve = self.sleeves.get_mut(seat.index()).map(|sleeve| &mut sleeve.decides);
            let ran = self.netting.ran.get_mut(seat.index());
            let (Some(Decides::Program { program, decision }), Some(ran)) = (sleeve, ran) else {
                continue;
            };
            let saw = program.see_book(&mut market.book, rules, self.now);
            if saw {
                let seat = (id, Some(*seat));
                program.tell_account(|input| told(&self.state, &self.account, seat, input));
                program.run(Clock::Book);
            }
            *ran = saw || matches!(decision, Decision::Quote(_));
        }
        Ok(Ran::Several(id))
    }

    /// The program that reads these trades runs; it decides when the venue's message is whole.
    #[inline]
    fn run_on_trade(&mut self, tick: &Tick) -> Result<Ran, BotError> {
        let (id, TickKind::Trade { aggressor, price, qty }) = (tick.instrument, tick.kind) else {
            return Ok(Ran::Nobody);
        };
        let place = match self.listeners.get(id.index()) {
            Some(Listener::One(place)) => *place,
            Some(Listener::Several) => return self.run_several_on_trade(tick),
            Some(Listener::Nobody) | None => return Ok(Ran::Nobody),
        };
        let Some(Sleeve { decides: Decides::Program { program, .. }, .. }) =
            self.sleeves.get_mut(place)
        else {
            return Ok(Ran::Nobody);
        };
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        if !program.see_trade(aggressor, (price, qty), rules, self.now) {
            return Ok(Ran::Nobody);
        }
        program.tell_account(|input| told(&self.state, &self.account, (id, None), input));
        program.run(Clock::Trade);
        Ok(if tick.last { Ran::One(place) } else { Ran::Nobody })
    }

    /// The same for every program of those that share an instrument.
    #[cold]
    fn run_several_on_trade(&mut self, tick: &Tick) -> Result<Ran, BotError> {
        let (id, TickKind::Trade { aggressor, price, qty }) = (tick.instrument, tick.kind) else {
            return Ok(Ran::Nobody);
        };
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        for seat in self.seats.several(id).into_iter().flatten() {
            let sleeve = self.sleeves.get_mut(seat.index()).map(|sleeve| &mut sleeve.decides);
            let ran = self.netting.ran.get_mut(seat.index());
            let (Some(Decides::Program { program, .. }), Some(ran)) = (sleeve, ran) else {
                continue;
            };
            let saw = program.see_trade(aggressor, (price, qty), rules, self.now);
            if saw {
                let seat = (id, Some(*seat));
                program.tell_account(|input| told(&self.state, &self.account, seat, input));
                program.run(Clock::Trade);
            }
            *ran = saw;
        }
        Ok(if tick.last { Ran::Several(id) } else { Ran::Nobody })
    }
}

fn id_of(place: usize) -> Result<u32, Overflow> {
    u32::try_from(place).map_err(|_| Overflow)
}
