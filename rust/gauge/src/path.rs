//! The whole path inside the engine: from a change of a market to an approved order.

use bot4_engine::bot::{Bot, BotError, Decides, Glance, Output, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::event::{
    Action, Event, Execution, Fill, OrderUpdate, Side, Size, Tick, TickKind, TradeId,
};
use bot4_engine::instrument::{Instrument, amount_from_text};
use bot4_engine::units::{Amount, Nanos, Price, Rate};

use crate::each::{self, Turn};
use crate::session::{MARKET, Session};
use crate::{GaugeError, Reading, Setup, risk, signal};

pub(crate) const INTENT: &str = "tick_to_intent_ns";
pub(crate) const ALL: &str = "tick_all_ns";
pub(crate) const SETTLE: &str = "settle_ns";

/// Intents that are measured at least, by telling the session again and again.
const INTENTS: usize = 100_000;
/// What was traded before, at a price of 1.
const TRADED: &str = "1000000000";
const CASH: &str = "10000";

/// A bot with the twenty operations and the default limits, and a venue that does at once what it
/// is told.
#[derive(Debug)]
pub struct Desk {
    bot: Bot,
    out: Output,
    rules: Instrument,
}

/// The sleeve that every path is measured with: its program flips between two fractions.
pub fn sleeve() -> Result<Sleeve, GaugeError> {
    let program = Box::new(signal::program()?);
    Ok(Sleeve {
        strategy: "lean".to_owned(),
        instrument: MARKET,
        allocation: Rate::ONE,
        decides: Decides::Program {
            program,
            decision: Decision::Target { band: None, execution: Execution::Cross, exits: None },
        },
    })
}

/// A bot of one sleeve with cash, before its market begins; what a day trades it saw already.
pub fn bot(rules: &Instrument, ts: Nanos) -> Result<Bot, GaugeError> {
    let mut bot = Bot::new(vec![rules.clone()], vec![sleeve()?], risk::tireless()?, 1);
    let amount = amount_from_text(CASH)?;
    bot.on(&Event::Deposit { ts, amount }, &mut Output::default())?;
    let (aggressor, qty) = (Side::Buy, rules.qty_from_text(TRADED)?);
    let kind = TickKind::Trade { aggressor, price: rules.price(1.0)?, qty };
    bot.watch(&Event::Tick(Tick { instrument: MARKET, ts, last: true, kind }))?;
    Ok(bot)
}

impl Desk {
    /// One for the market of this session.
    pub fn new(session: &Session) -> Result<Self, GaugeError> {
        let (bot, rules) = (bot(&session.rules, session.begins())?, session.rules.clone());
        Ok(Self { bot, out: Output::default(), rules })
    }

    /// What is measured.
    #[inline]
    pub fn glance(&mut self, event: &Event) -> Result<Option<Glance>, BotError> {
        self.bot.glance(event)
    }

    /// Write down what came of it; the venue acknowledges and fills at the mark. Whether it was an
    /// order that no limit touched.
    pub fn settle(&mut self, glance: Option<Glance>) -> Result<bool, GaugeError> {
        let Some(glance) = glance else {
            return Ok(false);
        };
        let approved = glance.is_approved();
        self.write_down(glance)?;
        self.answer()?;
        Ok(approved)
    }

    /// What is measured of an order that passed: its records, and the action.
    #[inline]
    fn write_down(&mut self, glance: Glance) -> Result<(), BotError> {
        self.bot.settle(glance, &mut self.out)
    }

    /// The venue's answers to what was written down.
    fn answer(&mut self) -> Result<(), GaugeError> {
        let mark = self.bot.mark_of(MARKET).map_or(Price::ZERO, |mark| mark.price);
        while let Some(action) = self.out.actions.pop() {
            let ts = self.bot.now();
            match action {
                Action::Place { id: order, order: placed } => {
                    let qty = match placed.size {
                        Size::Base(qty) => qty,
                        Size::Quote(budget) => self.rules.qty_for(budget, mark, Rate::ZERO)?,
                    };
                    let acked = Event::Order { ts, order, update: OrderUpdate::Acked };
                    self.bot.on(&acked, &mut self.out)?;
                    let (trade, fee) = (TradeId::new(u128::from(order.number())), Amount::ZERO);
                    let fill = Fill {
                        order,
                        trade,
                        ts,
                        price: mark,
                        qty,
                        fee,
                        fee_asset: None,
                        last: true,
                    };
                    self.bot.on(&Event::Fill(fill), &mut self.out)?;
                }
                Action::Cancel { .. }
                | Action::Amend { .. }
                | Action::Ask { .. }
                | Action::Trip(_) => {}
            }
        }
        self.out.clear();
        Ok(())
    }
}

/// The same desk, asked for what comes after a glance.
struct Settling {
    desk: Desk,
    /// What the last event led to, which no clock saw.
    glanced: Result<Option<Glance>, BotError>,
}

impl Settling {
    fn glance(&mut self, event: &Event) {
        self.glanced = self.desk.glance(event);
    }
}

impl Turn<Event> for Settling {
    /// Whether it was an order that no limit touched.
    type Answer = Result<bool, BotError>;

    #[inline]
    fn step(&mut self, _: &Event) -> Self::Answer {
        match core::mem::replace(&mut self.glanced, Ok(None))? {
            Some(glance) => {
                let approved = glance.is_approved();
                self.desk.write_down(glance).map(|()| approved)
            }
            None => Ok(false),
        }
    }

    fn settle(&mut self, answer: Self::Answer) -> Result<bool, GaugeError> {
        let approved = answer?;
        self.desk.answer()?;
        Ok(approved)
    }
}

impl Turn<Event> for Desk {
    type Answer = Result<Option<Glance>, BotError>;

    #[inline]
    fn step(&mut self, event: &Event) -> Self::Answer {
        self.glance(event)
    }

    fn settle(&mut self, answer: Self::Answer) -> Result<bool, GaugeError> {
        Self::settle(self, answer?)
    }
}

/// Updates that changed an input, ran all operations and led to an approved order.
pub(crate) fn intent(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let (session, runs) = told(setup, INTENT, INTENTS)?;
    let nothing = GaugeError::Nothing { key: INTENT, what: "a session that leads to intents" };
    let (mut reading, all) = runs.chosen().zip(runs.all()).ok_or(nothing)?;
    let (updates, intents) = runs.counts();
    reading.source = session.source;
    reading.notes = vec![
        ("all_mean", all.timing.mean),
        ("updates", updates),
        ("intents", intents),
        ("share", intents / updates),
    ];
    Ok(reading)
}

/// Every update of the same session.
pub(crate) fn all(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let (session, runs) = told(setup, ALL, 0)?;
    let nothing = GaugeError::Nothing { key: ALL, what: "a session" };
    let mut reading = runs.all().ok_or(nothing)?;
    reading.source = session.source;
    Ok(reading)
}

/// What the updates of [`intent`] still take until everything is written down.
pub(crate) fn settle(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let session = Session::of(setup, SETTLE)?;
    let fresh = || Ok(Settling { desk: Desk::new(&session)?, glanced: Ok(None) });
    let runs = each::time(setup, &session.events, INTENTS, fresh, Settling::glance)?;
    let nothing = GaugeError::Nothing { key: SETTLE, what: "a session that leads to intents" };
    let mut reading = runs.chosen().ok_or(nothing)?;
    let (updates, intents) = runs.counts();
    reading.source = session.source;
    reading.notes = vec![("updates", updates), ("intents", intents), ("share", intents / updates)];
    Ok(reading)
}

fn told(
    setup: &Setup<'_>,
    key: &'static str,
    wanted: usize,
) -> Result<(Session, each::Runs), GaugeError> {
    let session = Session::of(setup, key)?;
    let runs = each::time(setup, &session.events, wanted, || Desk::new(&session), |_, _| {})?;
    Ok((session, runs))
}
