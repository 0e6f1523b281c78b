//! Random days at a venue that tells little of what happens, and is asked now and then: by its
//! reports alone ours comes to agree with it, and on the way nothing is under-counted.
//!
//! Requests are lost or late, half of what the venue says by itself is lost and the rest late or
//! doubled, single questions are never answered. Reports are asked for bit by bit while orders
//! trade, parts of them fail, and they arrive late. `BOT4_DAYS` says how many, `BOT4_SEED` which.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::print_stdout, reason = "the seed and the counts are told")]

mod dice;
mod market;

use bot4_engine::asset::Asset;
use bot4_engine::bot::{Bot, BotError, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Bar, Event, Fill, Intent, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size,
    SleeveId, TradeId, Want,
};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::journal::StateError;
use bot4_engine::order::OrderState;
use bot4_engine::portfolio::Party;
use bot4_engine::reconcile::{
    ReportedBalance, ReportedFill, ReportedFills, ReportedOrder, ReportedPosition, ReportedState,
    VenueReport, reconcile,
};
use bot4_engine::risk::limits::Profile;
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

use crate::dice::{Dice, setting};
use crate::market::{SECOND, amount, instrument, ns};

const HERE: InstrumentId = InstrumentId(0);
const STEP: i64 = SECOND / 4;
/// A lot at a tick, in the smallest amounts: prices have two decimals, sizes four.
const UNIT: i128 = 1_000_000_000_000;
const CASH: &str = "1000000000";
/// How long nothing goes right, and how long reports are whole after that.
const CHAOS: i64 = 90 * SECOND;
const CALM: i64 = 60 * SECOND;

/// Where an order really is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// It gets there then.
    OnItsWay(i64),
    Lost,
    There(ReportedState),
}

/// One order, as it really is.
#[derive(Debug)]
struct Truth {
    id: OrderId,
    order: NewOrder,
    place: Place,
    fills: Vec<Fill>,
}

impl Truth {
    fn size(&self) -> i64 {
        match self.order.size {
            Size::Base(qty) => qty.mantissa(),
            Size::Quote(_) => panic!("all are sized in base"),
        }
    }

    fn cum(&self) -> i64 {
        self.fills.iter().map(|fill| fill.qty.mantissa()).sum()
    }

    fn spent(&self) -> i128 {
        let worth = |fill: &Fill| i128::from(fill.qty.mantissa() * fill.price.mantissa()) * UNIT;
        self.fills.iter().map(|fill| worth(fill) + fill.fee.mantissa()).sum()
    }

    /// What may still be filled.
    fn leaves(&self) -> i64 {
        match self.place {
            Place::OnItsWay(_) | Place::There(ReportedState::Open) => self.size() - self.cum(),
            Place::Lost | Place::There(_) => 0,
        }
    }

    fn listed(&self) -> Option<ReportedOrder> {
        let Place::There(state) = self.place else {
            return None;
        };
        Some(ReportedOrder {
            name: self.id.client_text(),
            state,
            cum: Qty::new(self.cum()),
            instrument: HERE,
            side: self.order.side,
            limit: self.order.limit,
            qty: Some(Qty::new(self.size())),
        })
    }
}

struct Day {
    bot: Bot,
    out: Output,
    now: i64,
    dice: Dice,
    orders: Vec<Truth>,
    /// What the venue said by itself and we have not heard yet, with the time we do.
    coming: Vec<(i64, Event)>,
    /// A report that is being asked for: its answers so far.
    asking: Option<(i64, VenueReport)>,
    lists_what_is_over: bool,
    trades: u128,
    reports: u64,
}

impl Day {
    fn new(seed: u64) -> Self {
        let (strategy, decides) = ("outside".to_owned(), Decides::Outside);
        let sleeve = Sleeve { strategy, instrument: HERE, allocation: Rate::ONE, decides };
        let profile = Profile::named("research").unwrap();
        let mut dice = Dice(seed);
        let mut day = Self {
            bot: Bot::new(vec![instrument()], vec![sleeve], profile, 7),
            out: Output::default(),
            now: 100 * SECOND,
            lists_what_is_over: dice.one_in(2),
            dice,
            orders: Vec::new(),
            coming: Vec::new(),
            asking: None,
            trades: 0,
            reports: 0,
        };
        day.tell(&Event::Deposit { ts: ns(SECOND), amount: amount(CASH) });
        day.tell_time();
        day
    }

    fn try_tell(&mut self, event: &Event) -> Result<(), BotError> {
        self.out.clear();
        let told = self.bot.on(event, &mut self.out);
        for action in core::mem::take(&mut self.out.actions) {
            match action {
                Action::Place { id, order } => self.send(id, order),
                Action::Cancel { id } => self.cancel(id),
                // Nobody answers.
                Action::Ask { .. } | Action::Amend { .. } | Action::Trip(_) => {}
            }
        }
        self.check();
        told
    }

    fn tell(&mut self, event: &Event) {
        if let Err(error) = self.try_tell(event) {
            panic!("{error}: {event:?}");
        }
    }

    fn tell_time(&mut self) {
        let (open, high, low, close, volume) = (1.0, 1.0, 1.0, 1.0, 1.0);
        let (instrument, open_ns, close_ns) = (HERE, ns(self.now - 1), ns(self.now));
        let bar = Bar { instrument, open_ns, close_ns, open, high, low, close, volume };
        self.tell(&Event::Bar(bar));
        self.tell(&Event::Time(ns(self.now)));
    }

    fn send(&mut self, id: OrderId, order: NewOrder) {
        let place = match self.dice.below(6) {
            0 => Place::Lost,
            1 => Place::OnItsWay(self.now + self.dice.between(0, 12 * SECOND)),
            _ => Place::OnItsWay(self.now + self.dice.between(0, SECOND)),
        };
        self.orders.push(Truth { id, order, place, fills: Vec::new() });
    }

    fn cancel(&mut self, id: OrderId) {
        let calm = self.now > CHAOS + 100 * SECOND;
        if !calm && self.dice.one_in(2) {
            return;
        }
        let order = self.orders.iter_mut().find(|order| order.id == id).unwrap();
        if order.place == Place::There(ReportedState::Open) {
            order.place = Place::There(ReportedState::Canceled);
            self.say_update(id, OrderUpdate::Canceled);
        }
    }

    /// The venue says something by itself, and how much is filled in all.
    fn say(&mut self, id: OrderId, event: impl Fn(Nanos) -> Event) {
        let times = if self.dice.one_in(2) { 0 } else { 1 + self.dice.below(8) / 7 };
        for _ in 0..times {
            let late = if self.dice.one_in(4) { 20 * SECOND } else { SECOND };
            let at = self.now + self.dice.between(0, late);
            let truth = self.orders.iter().find(|order| order.id == id).unwrap();
            let qty = Qty::new(truth.cum());
            self.coming.push((at, Event::CumQty { ts: ns(at), order: id, qty }));
            self.coming.push((at, event(ns(at))));
        }
    }

    fn say_update(&mut self, id: OrderId, update: OrderUpdate) {
        self.say(id, |ts| Event::Order { ts, order: id, update });
    }

    /// What happens at the venue.
    fn trade(&mut self) {
        for place in 0..self.orders.len() {
            let (now, order) = (self.now, &self.orders[place]);
            let id = order.id;
            match order.place {
                Place::OnItsWay(at) if at <= now => {
                    let refused = self.dice.one_in(8);
                    let (state, update) = if refused {
                        (ReportedState::Rejected, OrderUpdate::Rejected)
                    } else {
                        (ReportedState::Open, OrderUpdate::Acked)
                    };
                    self.orders[place].place = Place::There(state);
                    self.say_update(id, update);
                }
                Place::There(ReportedState::Open) => match self.dice.below(100) {
                    0 => {
                        self.orders[place].place = Place::There(ReportedState::Expired);
                        self.say_update(id, OrderUpdate::Expired);
                    }
                    1..=4 => self.fill(place),
                    _ => {}
                },
                Place::OnItsWay(_) | Place::Lost | Place::There(_) => {}
            }
        }
    }

    fn fill(&mut self, place: usize) {
        let order = &self.orders[place];
        let left = order.leaves();
        let qty = if self.dice.one_in(3) { left } else { self.dice.between(1, left) };
        self.trades += 1;
        let (trade, last) = (TradeId::new(self.trades), qty == left);
        let (ts, price, qty) = (ns(self.now), Price::new(100), Qty::new(qty));
        let fee = Amount::new(i128::from(self.dice.below(3)));
        let fill = Fill { order: order.id, trade, ts, price, qty, fee, fee_asset: None, last };
        let order = &mut self.orders[place];
        order.fills.push(fill);
        if last {
            order.place = Place::There(ReportedState::Filled);
        }
        self.say(fill.order, |_| Event::Fill(fill));
    }

    /// A quarter of a second in which all goes wrong.
    fn step(&mut self) {
        self.now += STEP;
        self.trade();
        let now = self.now;
        let (here, later) = self.coming.drain(..).partition(|(at, _)| *at <= now);
        self.coming = later;
        let here: Vec<(i64, Event)> = here;
        for (_, event) in here {
            match self.try_tell(&event) {
                Ok(()) | Err(BotError::State(StateError::Order(_))) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let wish = self.dice.below(24);
        if wish < 2 && self.orders.iter().filter(|order| order.leaves() > 0).count() < 5 {
            let side = if wish == 0 { Side::Buy } else { Side::Sell };
            let qty = f64::from(u32::try_from(1 + self.dice.below(50)).unwrap());
            let (limit, terms) = (Some(1.0), OrderTerms::default());
            let want = Want::Trade { side, qty, limit, terms };
            self.tell(&Event::Intent(Intent { sleeve: SleeveId(0), want }));
        } else if wish == 2 && self.dice.one_in(4) {
            let want = Want::CancelAll;
            self.tell(&Event::Intent(Intent { sleeve: SleeveId(0), want }));
        }
        self.ask(true);
        if now % SECOND == 0 {
            self.tell_time();
        }
    }

    /// One question a step: positions and balances, then orders, then trades; then it is heard.
    fn ask(&mut self, chaos: bool) {
        let fails = |dice: &mut Dice| chaos && dice.one_in(3);
        match self.asking.take() {
            None if self.dice.one_in(8) || !chaos => {
                let mut report = VenueReport::failed("test", ns(self.now), ns(self.now));
                if !fails(&mut self.dice) {
                    let qty = Qty::new(self.position());
                    report.positions = Some(vec![ReportedPosition { instrument: HERE, qty }]);
                }
                if !fails(&mut self.dice) {
                    report.balances = Some(self.balances());
                }
                self.asking = Some((0, report));
            }
            None => {}
            Some((0, mut report)) => {
                if !fails(&mut self.dice) {
                    report.orders = Some(self.listed());
                }
                self.ask_by_id(&mut report, chaos);
                self.asking = Some((1, report));
            }
            Some((1, mut report)) => {
                let all = self.orders.iter().flat_map(|order| &order.fills);
                let all: Vec<_> = all.map(|fill| self.reported(fill)).collect();
                if !fails(&mut self.dice) {
                    report.fills = Some(ReportedFills { since: ns(0), all });
                }
                self.asking = Some((2, report));
            }
            Some((_, mut report)) if !chaos || self.dice.one_in(4) => {
                report.ts = ns(self.now);
                self.hear(report);
            }
            Some(waits) => self.asking = Some(waits),
        }
    }

    /// Those in doubt are asked for one by one; while nothing goes right any, or none.
    fn ask_by_id(&mut self, report: &mut VenueReport, chaos: bool) {
        for order in &self.orders {
            let ours = self.bot.state().orders().get(order.id).unwrap();
            let asked = if chaos { self.dice.one_in(8) } else { ours.doubt().is_some() };
            if asked {
                match order.listed() {
                    Some(found) => report.by_id.push(found),
                    None => report.absent.push(order.id),
                }
            }
        }
    }

    fn listed(&self) -> Vec<ReportedOrder> {
        let all = self.orders.iter().filter_map(Truth::listed);
        let open = |order: &ReportedOrder| order.state == ReportedState::Open;
        all.filter(|order| self.lists_what_is_over || open(order)).collect()
    }

    fn reported(&self, fill: &Fill) -> ReportedFill {
        let Fill { order, trade, ts, price, qty, fee, .. } = *fill;
        let side = self.orders.iter().find(|truth| truth.id == order).unwrap().order.side;
        let (instrument, order) = (HERE, order.client_text());
        ReportedFill { ts, instrument, trade, order, side, price, qty, fee, fee_asset: None }
    }

    fn position(&self) -> i64 {
        let signed = |order: &Truth| order.order.side.sign() * order.cum();
        self.orders.iter().map(signed).sum()
    }

    fn cash(&self) -> i128 {
        let all = self.orders.iter().flat_map(|order| {
            let sign = i128::from(order.order.side.sign());
            order.fills.iter().map(move |fill| {
                let worth = i128::from(fill.qty.mantissa() * fill.price.mantissa()) * UNIT;
                -sign * worth - fill.fee.mantissa()
            })
        });
        amount(CASH).mantissa() + all.sum::<i128>()
    }

    fn balances(&self) -> Vec<ReportedBalance> {
        let base = i128::from(self.position()) * UNIT * 100;
        [(Asset::CASH, self.cash()), (instrument().base, base)]
            .map(|(asset, total)| ReportedBalance { asset, total: Amount::new(total) })
            .to_vec()
    }

    /// A report is here: the same in any order of its lists, and told twice it says nothing more.
    fn hear(&mut self, report: VenueReport) {
        let found = reconcile(self.bot.state(), &report).unwrap();
        let mut mixed = report.clone();
        mixed.by_id.reverse();
        mixed.orders.iter_mut().for_each(|orders| orders.reverse());
        mixed.fills.iter_mut().for_each(|fills| fills.all.reverse());
        assert_eq!(reconcile(self.bot.state(), &mixed).unwrap(), found);
        let VenueReport { orders, by_id, absent, fills, .. } = &report;
        if orders.is_none() && fills.is_none() && by_id.is_empty() && absent.is_empty() {
            assert_eq!(found.events, [], "nothing is concluded from what failed");
        }
        assert_eq!(
            (&found.findings.unexplained[..], &found.findings.booked[..]),
            (&[][..], &[][..])
        );
        for event in &found.events {
            self.tell(event);
        }
        assert_eq!(reconcile(self.bot.state(), &report).unwrap().events, []);
        self.reports += 1;
    }

    /// Of every order: no fill twice, and all that it may still do is counted.
    fn check(&self) {
        let state = self.bot.state();
        for truth in &self.orders {
            let order = state.orders().get(truth.id).unwrap();
            let risk = order.at_risk().unwrap();
            let (filled, leaves) = (order.filled().mantissa(), truth.leaves());
            assert!(filled <= truth.cum(), "{truth:?} {order:?}");
            match truth.order.side {
                Side::Sell => {
                    assert!(
                        filled + risk.sell.mantissa() >= truth.cum() + leaves,
                        "{truth:?} {order:?}"
                    );
                }
                Side::Buy => {
                    let held = order.spent().mantissa() + risk.buy.mantissa();
                    let worst = truth.spent() + i128::from(leaves * 100) * UNIT;
                    assert!(held >= worst, "{truth:?} {order:?}");
                }
            }
        }
        let booked: i64 = self
            .orders
            .iter()
            .map(|truth| {
                truth.order.side.sign() * state.orders().get(truth.id).unwrap().filled().mantissa()
            })
            .sum();
        assert_eq!(state.portfolio().position(HERE).qty.mantissa(), booked);
        assert_eq!(state.frozen(HERE), None);
    }

    /// Nothing happens any more, nothing that was said arrives, and whole reports are heard.
    fn calm(&mut self) {
        self.coming.clear();
        self.asking = None;
        let until = self.now + CALM;
        while self.now < until {
            self.now += STEP;
            for order in &mut self.orders {
                if matches!(order.place, Place::OnItsWay(at) if at <= self.now) {
                    order.place = Place::There(ReportedState::Open);
                }
            }
            self.ask(false);
            self.coming.clear();
            if self.now % SECOND == 0 {
                self.tell_time();
            }
        }
    }

    fn agrees(&self) {
        let state = self.bot.state();
        for truth in &self.orders {
            let order = state.orders().get(truth.id).unwrap();
            assert_eq!(order.filled().mantissa(), truth.cum(), "{truth:?} {order:?}");
            let wanted = match truth.place {
                Place::Lost => OrderState::Dead,
                Place::OnItsWay(_) | Place::There(ReportedState::Pending) => panic!("{truth:?}"),
                Place::There(ReportedState::Open) if truth.cum() > 0 => OrderState::PartiallyFilled,
                Place::There(ReportedState::Open) => OrderState::Open,
                Place::There(ReportedState::Filled) => OrderState::Filled,
                Place::There(ReportedState::Canceled) => OrderState::Canceled,
                Place::There(ReportedState::Expired) => OrderState::Expired,
                Place::There(ReportedState::Rejected) => OrderState::Rejected,
            };
            if self.lists_what_is_over {
                assert_eq!(order.state(), wanted, "{truth:?} {order:?}");
            } else {
                let over = (order.state().is_terminal(), order.is_settled());
                assert_eq!(
                    over,
                    (wanted.is_terminal(), wanted.is_terminal()),
                    "{truth:?} {order:?}"
                );
            }
        }
        assert_eq!(state.portfolio().position(HERE).qty.mantissa(), self.position());
        let ours = |asset| state.portfolio().balances(asset).unwrap().of(Party::Ours).mantissa();
        let base = i128::from(self.position()) * UNIT * 100;
        assert_eq!((ours(Asset::CASH), ours(instrument().base)), (self.cash(), base));
    }
}

#[test]
fn by_reports_alone_ours_comes_to_agree_with_the_venue() {
    let (days, seed) = (setting("BOT4_DAYS", 60), setting("BOT4_SEED", market::SEED));
    println!("{days} days, seed {seed}");
    let (mut orders, mut fills, mut reports) = (0, 0, 0);
    for place in 0..days {
        let mut day = Day::new(seed.wrapping_mul(1_000_003).wrapping_add(place));
        while day.now < 100 * SECOND + CHAOS {
            day.step();
        }
        day.calm();
        day.agrees();
        orders += day.orders.len();
        fills += day.trades;
        reports += day.reports;
    }
    println!("{orders} orders, {fills} fills, {reports} reports");
    assert!(orders as u64 > 5 * days && fills > 5 * u128::from(days));
}
