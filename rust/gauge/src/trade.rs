//! Orders through the whole engine: intent, risk, its answers, ledger; and the same read back.

use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Bar, Event, Fill, Intent, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size,
    SleeveId, TradeId, Want,
};
use bot4_engine::instrument::{Instrument, amount_from_text};
use bot4_engine::journal::{Record, State, decode_records, encode_record};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

use crate::session::MARKET;
use crate::timing::Unit;
use crate::{GaugeError, Reading, Setup, risk, stopwatch};

pub(crate) const ENGINE: &str = "orders_per_s_engine";
pub(crate) const REPLAY: &str = "replay_events_per_s";

/// Orders of a run.
const ORDERS: usize = 100_000;
const EPOCH: u32 = 1;
/// What an answer takes, so that time goes on as it does for a busy account.
const ANSWER_NS: i64 = 500;
const PRICE: f64 = 100.0;
/// Of what is traded, an intent.
const TRADED: f64 = 1.0;
/// Of it, held from the beginning: what sells while buys are on their way may not go short.
const STOCK: f64 = 100.0;
/// What was traded of it before.
const TRADED_BEFORE: f64 = 1e9;

/// A bot under the default limits that a strategy outside tells to buy and sell in turn.
#[derive(Debug)]
pub struct Trader {
    bot: Bot,
    out: Output,
    now: Nanos,
    price: Price,
}

/// An order that was placed, and waits for its venue.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// Its name.
    pub id: OrderId,
    /// What it is.
    pub order: NewOrder,
}

impl Trader {
    /// One with a million in cash and a price, whose orders carry `epoch`.
    pub fn new(epoch: u32) -> Result<Self, GaugeError> {
        let rules = Instrument::assumed("simulated:TRADE", PRICE, Rate::ZERO)?;
        let price = rules.price(PRICE)?;
        let sleeve = Sleeve {
            strategy: "trade".to_owned(),
            instrument: MARKET,
            allocation: Rate::ONE,
            decides: Decides::Outside,
        };
        let bot = Bot::new(vec![rules], vec![sleeve], risk::tireless()?, epoch);
        let mut trader = Self { bot, out: Output::default(), now: Nanos::new(1), price };
        let (ts, amount) = (Nanos::ZERO, amount_from_text("1000000")?);
        trader.tell(&Event::Deposit { ts, amount })?;
        let bar = Bar {
            instrument: MARKET,
            open_ns: Nanos::ZERO,
            close_ns: trader.now,
            open: PRICE,
            high: PRICE,
            low: PRICE,
            close: PRICE,
            volume: TRADED_BEFORE,
        };
        trader.tell(&Event::Bar(bar))?;
        trader.tell(&Event::Time(trader.now))?;
        let stock = trader.intend_of(Side::Buy, STOCK)?;
        trader.send(stock.id)?;
        trader.answer(&stock)?;
        Ok(trader)
    }

    /// What is measured: one order's whole life, 1 where it was placed and filled.
    #[inline]
    pub fn trade(&mut self, side: Side) -> Result<i64, GaugeError> {
        self.out.clear();
        let waiting = self.intend(side)?;
        self.send(waiting.id)?;
        self.answer(&waiting)?;
        Ok(i64::from(self.bot.state().orders().working_len() == 0))
    }

    /// The strategy wants a trade; the order that risk let through.
    #[inline]
    pub fn intend(&mut self, side: Side) -> Result<Waiting, GaugeError> {
        self.intend_of(side, TRADED)
    }

    #[inline]
    fn intend_of(&mut self, side: Side, qty: f64) -> Result<Waiting, GaugeError> {
        let want = Want::Trade { side, qty, limit: None, terms: OrderTerms::default() };
        self.tell(&Event::Intent(Intent { sleeve: SleeveId(0), want }))?;
        let placed = self.out.actions.iter().find_map(|action| match *action {
            Action::Place { id, order } => Some(Waiting { id, order }),
            Action::Cancel { .. } | Action::Amend { .. } | Action::Ask { .. } | Action::Trip(_) => {
                None
            }
        });
        placed.ok_or(GaugeError::Nothing { key: ENGINE, what: "an order that risk lets through" })
    }

    /// The order left for its venue.
    #[inline]
    pub fn send(&mut self, order: OrderId) -> Result<(), GaugeError> {
        let ts = self.later();
        self.tell(&Event::Order { ts, order, update: OrderUpdate::Sent })
    }

    /// Its venue acknowledges and fills.
    #[inline]
    pub fn answer(&mut self, waiting: &Waiting) -> Result<(), GaugeError> {
        let (order, ts) = (waiting.id, self.later());
        self.tell(&Event::Order { ts, order, update: OrderUpdate::Acked })?;
        let (ts, price, fee) = (self.later(), self.price, Amount::ZERO);
        let qty = match waiting.order.size {
            Size::Base(qty) => qty,
            Size::Quote(_) => Qty::ZERO,
        };
        let trade = TradeId::new(u128::from(order.number()));
        self.tell(&Event::Fill(Fill {
            order,
            trade,
            ts,
            price,
            qty,
            fee,
            fee_asset: None,
            last: true,
        }))
    }

    /// What was written down since it was last taken.
    pub fn take_records(&mut self, into: &mut Vec<u8>) {
        for record in &self.out.records {
            encode_record(into, record);
        }
        self.out.clear();
    }

    fn tell(&mut self, event: &Event) -> Result<(), GaugeError> {
        Ok(self.bot.on(event, &mut self.out)?)
    }

    fn later(&mut self) -> Nanos {
        self.now = Nanos::new(self.now.mantissa().saturating_add(ANSWER_NS));
        self.now
    }
}

/// Buys and sells in turn.
#[must_use]
pub fn sides(count: usize) -> Vec<Side> {
    [Side::Buy, Side::Sell].into_iter().cycle().take(count).collect()
}

pub(crate) fn engine(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let sides = sides(setup.few(ORDERS));
    Trader::new(EPOCH)?;
    let trade = |trader: &mut Option<Trader>, side: &Side| match trader {
        Some(trader) => trader.trade(*side).unwrap_or(0),
        None => 0,
    };
    let (reading, done) = stopwatch::time(setup, &sides, || Trader::new(EPOCH).ok(), trade);
    let wanted = i64::try_from(sides.len()).unwrap_or(i64::MAX);
    if done != wanted {
        return Err(GaugeError::Wrong { key: ENGINE, got: done, wanted });
    }
    let mut reading = reading.in_unit(Unit::PerSecond, 1.0);
    reading.source = "market orders of a strategy outside, one instrument, the default limits, \
        each sent, acknowledged and filled before the next"
        .to_owned();
    Ok(reading)
}

/// What a trader wrote down: entries of records, as a journal keeps them.
#[derive(Debug, Clone)]
pub struct Told {
    /// One entry for each event that led to records.
    pub entries: Vec<Vec<u8>>,
    /// How many records they hold.
    pub records: usize,
    /// The hash of orders, fills and money behind the last.
    pub ledger_hash: String,
}

impl Told {
    /// By so many orders.
    pub fn of(orders: usize) -> Result<Self, GaugeError> {
        let mut trader = Trader::new(EPOCH)?;
        let mut told = Self { entries: Vec::new(), records: 0, ledger_hash: String::new() };
        told.take(&mut trader);
        for side in sides(orders) {
            let waiting = trader.intend(side)?;
            told.take(&mut trader);
            trader.send(waiting.id)?;
            told.take(&mut trader);
            trader.answer(&waiting)?;
            told.take(&mut trader);
        }
        told.ledger_hash = trader.bot.state().ledger_hash();
        Ok(told)
    }

    fn take(&mut self, trader: &mut Trader) {
        self.records += trader.out.records.len();
        let mut entry = Vec::new();
        trader.take_records(&mut entry);
        self.entries.push(entry);
    }

    /// The state before the first entry.
    pub fn state(&self) -> Result<State, GaugeError> {
        let rules = Instrument::assumed("simulated:TRADE", PRICE, Rate::ZERO)?;
        Ok(State::new(vec![rules], 1, EPOCH))
    }
}

/// What is measured: one entry decoded and applied; how many records it held.
#[inline]
pub fn replay(state: &mut State, entry: &[u8]) -> Option<i64> {
    let records = decode_records(entry).ok()?;
    let applied = records.iter().try_for_each(|record: &Record| state.apply(record));
    applied.ok().and_then(|()| i64::try_from(records.len()).ok())
}

pub(crate) fn replayed(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let told = Told::of(setup.few(ORDERS))?;
    let mut state = told.state()?;
    let folded = told.entries.iter().try_for_each(|entry| replay(&mut state, entry).map(|_| ()));
    if folded.is_none() || state.ledger_hash() != told.ledger_hash {
        return Err(GaugeError::Wrong { key: REPLAY, got: 0, wanted: 1 });
    }
    let begun = told.state()?;
    let step = |state: &mut State, entry: &Vec<u8>| replay(state, entry).unwrap_or(0);
    let (reading, records) = stopwatch::time(setup, &told.entries, || begun.clone(), step);
    let wanted = i64::try_from(told.records).unwrap_or(i64::MAX);
    if records != wanted {
        return Err(GaugeError::Wrong { key: REPLAY, got: records, wanted });
    }
    let each = stopwatch::ratio(told.records, told.entries.len());
    let mut reading = reading.in_unit(Unit::PerSecond, each);
    reading.notes = vec![("records_per_entry", each)];
    reading.source = format!("the {records} records of such orders, read entry by entry");
    Ok(reading)
}
