//! An account of its own, kept from the records in plain integers: cash, what is held, what works,
//! equity and its peak. It knows the market's prices from the market, and uses nothing of `risk`.
//!
//! What the caps promise, exactly. At the moment an order that opens is accepted, what is held of
//! its instrument and all that may still be bought of it, each at the mark or at its own better
//! limit, is worth no more than `position_max` of the equity of that moment; the same over all
//! instruments for `gross_max`. Prices move afterwards, and what is held with them.

use std::collections::BTreeMap;

use bot4_engine::event::{BreakerState, Component, NewOrder, OrderId, OrderUpdate, Side, Size};
use bot4_engine::instrument::Instrument;
use bot4_engine::journal::{Record, State};
use bot4_engine::risk::limits::Profile;
use bot4_engine::units::{Nanos, Price};

use super::tally::Tally;

/// An order that may still trade.
#[derive(Debug, Clone, Copy)]
struct Lies {
    order: NewOrder,
    /// Base done.
    filled: i64,
    /// Quote spent, fees included.
    spent: i128,
    /// As it was before it was asked to change: what it is again where its venue refuses.
    before: Option<NewOrder>,
}

/// The account.
pub(crate) struct Judge {
    pub(crate) named: String,
    rules: Vec<Instrument>,
    /// How many decimals a price times a size has.
    decimals: Vec<u32>,
    position_max: i128,
    gross_max: i128,
    collar: i128,
    shorting: bool,
    marks: Vec<i64>,
    /// The marks that hold from the next valuation on.
    pub(crate) next: Vec<i64>,
    pub(crate) cash: i128,
    pub(crate) held: Vec<i64>,
    works: BTreeMap<OrderId, Lies>,
    over: BTreeMap<OrderId, NewOrder>,
    pub(crate) peak: i128,
    pub(crate) day_start: i128,
    day: i64,
    last: i128,
    /// Something was told of an instrument's price.
    begun: bool,
    /// The market event, and the one since which a loss holds everything that opens back.
    event: u64,
    stopped: Option<u64>,
    pub(crate) tally: Tally,
}

/// Rates are at 10⁻¹²; an account of any size times one in two steps fits.
const STEP: i128 = 1_000_000;

/// A rate of an amount, rounded down.
fn of(amount: i128, rate: i128) -> i128 {
    (amount * (rate / STEP) + amount * (rate % STEP) / STEP) / STEP
}

/// `part` of a whole in millionths, rounded up.
fn millionths(part: i128, whole: i128) -> i128 {
    if whole > 0 { (part * 1_000_000 + whole - 1).div_euclid(whole) } else { 1_000_000 }
}

/// Whether nothing more can come of an order.
fn is_end(update: OrderUpdate) -> bool {
    matches!(
        update,
        OrderUpdate::Rejected
            | OrderUpdate::Denied
            | OrderUpdate::Canceled
            | OrderUpdate::Expired
            | OrderUpdate::NeverArrived
            | OrderUpdate::Gone
    )
}

impl Judge {
    pub(crate) fn new(named: String, rules: &[Instrument], profile: &Profile) -> Self {
        Self {
            named,
            decimals: rules.iter().map(|rules| rules.price_scale + rules.qty_scale).collect(),
            position_max: profile.position_max.mantissa().into(),
            gross_max: profile.gross_max.mantissa().into(),
            collar: profile.collar.mantissa().into(),
            shorting: profile.shorting,
            marks: vec![0; rules.len()],
            next: vec![0; rules.len()],
            cash: 0,
            held: vec![0; rules.len()],
            works: BTreeMap::new(),
            over: BTreeMap::new(),
            peak: 0,
            day_start: 0,
            day: i64::MIN,
            last: 0,
            begun: false,
            event: 0,
            stopped: None,
            tally: Tally::default(),
            rules: rules.to_vec(),
        }
    }

    /// In the smallest amounts, to the nearest.
    fn worth(&self, place: usize, price: i64, qty: i64) -> i128 {
        let product = i128::from(price) * i128::from(qty);
        match self.decimals[place] {
            few @ 0..=18 => product * 10_i128.pow(18 - few),
            many => {
                let each = 10_i128.pow(many - 18);
                (product.abs() + each / 2) / each * product.signum()
            }
        }
    }

    /// Cash and what is held, at the marks.
    pub(crate) fn equity(&self) -> i128 {
        let held = (0..self.held.len()).map(|at| self.worth(at, self.marks[at], self.held[at]));
        self.cash + held.sum::<i128>()
    }

    /// All that is held at the marks, without signs.
    pub(crate) fn gross(&self) -> i128 {
        let held = (0..self.held.len()).map(|at| self.worth(at, self.marks[at], self.held[at]));
        held.map(i128::abs).sum()
    }

    /// The account is worth so much: the fall from the peak, and the most that is held.
    fn look(&mut self) {
        let equity = self.equity();
        self.peak = self.peak.max(equity);
        let fall = millionths(self.peak - equity, self.peak);
        let load = millionths(self.gross(), equity);
        self.tally.drawdown = self.tally.drawdown.max(fall);
        self.tally.load = self.tally.load.max(load);
        self.last = equity;
    }

    /// What a side of an instrument may still trade: base, what it comes to where the market is,
    /// and at its own worst prices.
    fn open(&self, place: usize, side: Side) -> (i64, i128, i128) {
        let mut sum = (0, 0, 0);
        for Lies { order, filled, spent, .. } in self.works.values() {
            // What only reduces opens nothing, whatever else closes the same.
            let opens = !order.terms.reduce_only;
            if order.instrument.index() != place || order.side != side || !opens {
                continue;
            }
            let (qty, now, worst) = self.left(order, *filled, *spent);
            sum = (sum.0 + qty, sum.1 + now, sum.2 + worst);
        }
        sum
    }

    fn left(&self, order: &NewOrder, filled: i64, spent: i128) -> (i64, i128, i128) {
        let (place, mark) = (order.instrument.index(), self.marks[order.instrument.index()]);
        let limit = order.limit.map_or(mark, Price::mantissa);
        let trigger = order.terms.stop.map_or(mark, |stop| stop.trigger.mantissa());
        let fee = i128::from(self.rules[place].taker_fee.mantissa());
        match (order.size, order.side) {
            (Size::Base(qty), Side::Buy) => {
                let left = qty.mantissa() - filled;
                let most = order.limit.map_or(mark.max(trigger), Price::mantissa);
                let worst = self.worth(place, most, left);
                let now = self.worth(place, limit.min(trigger).min(mark), left);
                (left, now, worst + of(worst, fee) + 1)
            }
            (Size::Base(qty), Side::Sell) => {
                let left = qty.mantissa() - filled;
                let now = self.worth(place, trigger.min(mark), left);
                (left, now, self.worth(place, limit.max(mark), left))
            }
            (Size::Quote(budget), _) => {
                let left = budget.mantissa() - spent;
                let each = self.worth(place, limit.min(mark), 1).max(1);
                (i64::try_from(left / each).unwrap(), left, left)
            }
        }
    }

    /// An order was accepted, or changed: the caps hold for it where it opens.
    fn accept(&mut self, order: &NewOrder) {
        let (place, equity) = (order.instrument.index(), self.equity());
        let mark = self.marks[place];
        let (buys, now, worst) = self.open(place, Side::Buy);
        let (sells, fetched, dear) = self.open(place, Side::Sell);
        let held = self.held[place];
        let named = &self.named;
        let sold = order.side == Side::Sell && !order.terms.reduce_only;
        assert!(
            self.shorting || !sold || held >= sells,
            "{named}: {order:?} sells more than the {held} held, {sells} in all"
        );
        let opens = match order.side {
            Side::Buy => held + buys > 0,
            Side::Sell => held - sells < 0,
        };
        if !opens || order.terms.reduce_only {
            return;
        }
        // From a trip to the last order that opens there is at most the event that tripped.
        let late = self.stopped.is_some_and(|since| self.event > since);
        assert!(!late, "{named}: {order:?} in event {}, {:?}", self.event, self.stopped);
        let at = self.worth(place, mark, held);
        let (toward, worst) = match order.side {
            Side::Buy => (at + now, at + worst),
            Side::Sell => (fetched - at, dear - at),
        };
        let cap = of(equity, self.position_max);
        assert!(toward <= cap, "{named}: {order:?} makes {toward} of {cap}, equity {equity}");
        let gross: i128 = (0..self.held.len())
            .map(|at| {
                let (buys, sells) = (self.open(at, Side::Buy), self.open(at, Side::Sell));
                let held = self.worth(at, self.marks[at], self.held[at]);
                (held + buys.1).abs().max((held - sells.1).abs())
            })
            .sum();
        let most = of(equity, self.gross_max);
        // One that opens less than it closes takes away from the whole.
        let fits = gross <= most || toward <= at.abs();
        assert!(fits, "{named}: {order:?} makes {gross} of {most}, equity {equity}");
        let fee = i128::from(self.rules[place].taker_fee.mantissa());
        let beyond = cap + of(cap, self.collar + 2 * fee) + 2;
        let paid = self.shorting || worst <= beyond;
        assert!(paid, "{named}: {order:?} costs {worst} at worst, of {cap}");
        self.tally.used = self.tally.used.max(millionths(toward, equity));
        self.tally.worst = self.tally.worst.max(millionths(worst, equity));
        self.tally.loaded = self.tally.loaded.max(millionths(gross, equity));
        self.tally.judged += 1;
    }

    fn end(&mut self, id: OrderId) {
        if let Some(lies) = self.works.remove(&id) {
            self.over.insert(id, lies.order);
        }
    }

    /// Records of one happening were written down; `state` is after the last of them.
    pub(crate) fn on_records(&mut self, event: u64, records: &[Record], state: &State) {
        self.event = event;
        records.iter().for_each(|record| self.on_record(record, state));
        let holds = |component| {
            let state = state.breakers().state(component);
            matches!(state, BreakerState::Open | BreakerState::Latched)
        };
        let stopped = holds(Component::DailyLoss) || holds(Component::Drawdown);
        self.stopped = if stopped { self.stopped.or(Some(event)) } else { None };
    }

    /// A record was written down; what the engine says of the account is what it is here.
    fn on_record(&mut self, record: &Record, state: &State) {
        self.tally.on_record(record);
        match *record {
            Record::Deposit { amount, .. } => {
                self.cash += amount.mantissa();
                (self.peak, self.day_start) = (self.peak + amount.mantissa(), self.cash);
            }
            Record::Equity { ts, cash, equity } => {
                self.value(ts, cash.mantissa(), equity.mantissa())
            }
            Record::Placed { id, order, .. } => {
                self.works.insert(id, Lies { order, filled: 0, spent: 0, before: None });
                self.accept(&order);
            }
            Record::Amend { order, to, .. } => {
                let lies = self.works.get_mut(&order).unwrap();
                let smaller = matches!(lies.order.size, Size::Base(qty) if to.qty <= qty);
                let milder = lies.order.side == Side::Sell
                    || lies.order.limit.is_some_and(|limit| to.limit <= limit);
                lies.before = Some(lies.order);
                lies.order = lies.order.amended(to);
                let order = lies.order;
                if !(smaller && milder) {
                    self.accept(&order);
                }
            }
            Record::Update { order, update, .. } if is_end(update) => self.end(order),
            Record::Update { order, update: OrderUpdate::AmendRejected, .. } => {
                if let Some(lies) = self.works.get_mut(&order) {
                    lies.order = lies.before.unwrap_or(lies.order);
                }
            }
            Record::Fill(fill) => {
                let order = match self.works.get(&fill.order) {
                    Some(lies) => lies.order,
                    None => self.over[&fill.order],
                };
                let place = order.instrument.index();
                let (qty, sign) = (fill.qty.mantissa(), order.side.sign());
                let paid = self.worth(place, fill.price.mantissa(), qty);
                self.held[place] += sign * qty;
                self.cash -= i128::from(sign) * paid + fill.fee.mantissa();
                self.tally.traded += paid;
                if let Some(lies) = self.works.get_mut(&fill.order) {
                    lies.filled += qty;
                    lies.spent += paid + fill.fee.mantissa();
                }
                if fill.last {
                    self.end(fill.order);
                }
                self.look();
                let ours = state.portfolio().position(order.instrument).qty.mantissa();
                assert_eq!(ours, self.held[place], "{}", self.named);
                let owes = self.held[place] < 0 && !self.shorting;
                assert!(!owes, "{}: {order:?} went short by {ours}", self.named);
            }
            _ => {}
        }
    }

    fn value(&mut self, ts: Nanos, cash: i128, equity: i128) {
        self.marks.clone_from(&self.next);
        if ts.closing_day() != self.day {
            self.day = ts.closing_day();
            if self.begun {
                self.day_start = self.last;
            }
        }
        self.begun = true;
        assert_eq!((cash, equity), (self.cash, self.equity()), "{}", self.named);
        self.look();
    }
}
