//! Several strategies on one instrument: what they cross with each other, what goes to the venue,
//! and what each of them holds.
//!
//! Long because each case is a moment with what came before it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::event::{
    Action, Bar, Booking, BreakerState, Component, Cross, Entry, Event, Execution, Exits, Fill,
    Intent, OrderUpdate, Quote, Side, Size, SleeveId, TradeId, TradingState, Unexplained, Want,
};
use bot4_engine::exposure::Exposure;
use bot4_engine::instrument::{Instrument, InstrumentId, VenueId, amount_as_f64, amount_as_text};
use bot4_engine::journal::{Record, State, StateError, decode, encode};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate, Rounding};

use crate::market::{
    Dice, HOUR, SEED, amount, breaker, decided, flat, history, instrument, ns, profile, program,
    rate, settings, sleeve,
};

/// What each held, what each wants then, and what comes of it.
type Moment = (&'static str, &'static [f64], &'static [f64], &'static [&'static str]);
/// What each held, what others traded, and what a flattening does.
type Gathering = (&'static str, &'static [f64], i64, &'static [&'static str]);

const HERE: InstrumentId = InstrumentId(0);
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// Where a bar says what each of them wants.
const WANTED_IN: [&str; 4] = ["open", "high", "low", "volume"];

fn named(place: usize, allocation: &str, decides: Decides) -> Sleeve {
    Sleeve { strategy: NAMES[place].to_owned(), ..sleeve(0, allocation, decides) }
}

/// Some strategies on one instrument. What they want stands in the bars.
struct Floor {
    bot: Bot,
    out: Output,
    records: Vec<Record>,
    now: i64,
    fee: Rate,
    /// What others traded.
    foreign: i64,
    rules: Instrument,
    count: usize,
}

impl Floor {
    /// `count` of them with a tenth of 1,000 each, which a target of 1 is.
    fn new(count: usize) -> Self {
        Self::of(count, instrument(), |place| decided(program(&[(WANTED_IN[place], &[], &[])])))
    }

    fn of(count: usize, rules: Instrument, decides: impl Fn(usize) -> Decides) -> Self {
        let sleeves = (0..count).map(|place| named(place, "0.1", decides(place))).collect();
        let limits = profile("research", &[("collar", "0.5")]);
        let bot = Bot::new(vec![rules.clone()], sleeves, limits, 7);
        let (out, records, fee) = (Output::default(), Vec::new(), Rate::ZERO);
        let mut floor = Self { bot, out, records, now: 0, fee, foreign: 0, rules, count };
        floor.tell(Event::Deposit { ts: ns(0), amount: amount("1000") });
        floor
    }

    /// What it led to, in words; and what has to be so after every event.
    fn tell(&mut self, event: Event) -> Vec<String> {
        self.out.clear();
        let before = (self.bot.state().portfolio().clone(), self.bot.state().exposure(HERE));
        self.bot.on(&event, &mut self.out).unwrap();
        self.records.extend_from_slice(&self.out.records);
        let (portfolio, exposure) =
            (self.bot.state().portfolio().clone(), self.bot.state().exposure(HERE));
        if self.out.records.iter().any(|record| matches!(record, Record::Crossed { .. })) {
            assert_eq!(portfolio.pockets(), before.0.pockets(), "a cross moves no money");
            assert_eq!(portfolio.positions(), before.0.positions(), "nor the position");
            assert_eq!(exposure.position, before.1.position);
        }
        let shares = (0..).map(SleeveId).take(self.count).map(|id| portfolio.share(id));
        let all: i64 = shares.clone().map(|share| share.qty.mantissa()).sum();
        let position = portfolio.position(HERE);
        assert_eq!(all + self.foreign, position.qty.mantissa(), "shares and what is foreign");
        if self.foreign == 0 {
            let flows = shares.map(|share| share.realised.minus(share.cost).unwrap().mantissa());
            let flow = position.realised.minus(position.cost).unwrap().mantissa();
            assert_eq!(flows.sum::<i128>(), flow, "what they paid and got is what the account did");
        }
        self.said()
    }

    fn said(&self) -> Vec<String> {
        let name = |sleeve: Option<SleeveId>| sleeve.map_or("nobody", |id| NAMES[id.index()]);
        let units = |qty: Qty| self.rules.qty_as_f64(qty);
        let record = |record: &Record| {
            if let Record::Crossed { cross, .. } = record {
                let (seller, buyer) = (name(cross.seller), name(cross.buyer));
                Some(format!("{seller} to {buyer} {}", units(cross.qty)))
            } else if let Record::Refused { sleeve, refusal, .. } = record {
                Some(format!("{} refused {}", name(Some(*sleeve)), refusal.name()))
            } else if let Record::Clipped { sleeve, limit, .. } = record {
                Some(format!("{} clipped {}", name(Some(*sleeve)), limit.name()))
            } else if let Record::Placed { order, .. } = record {
                let size = match order.size {
                    Size::Base(qty) => format!("{}", units(qty)),
                    Size::Quote(budget) => format!("for {}", amount_as_text(budget)),
                };
                let stop = if order.terms.stop.is_some() { " stop" } else { "" };
                Some(format!("{} {}s {size}{stop}", name(Some(order.sleeve)), order.side.name()))
            } else {
                let cancels = OrderUpdate::CancelSent;
                let canceled =
                    matches!(record, Record::Update { update, .. } if *update == cancels);
                canceled.then(|| "cancel".to_owned())
            }
        };
        self.out.records.iter().filter_map(record).collect()
    }

    /// A bar that closes an hour later at a price, with what each wants; then the decision.
    fn moment(&mut self, targets: &[f64], price: f64) -> Vec<String> {
        self.acknowledge();
        self.now += HOUR;
        let of = |place: usize| targets.get(place).copied().unwrap_or(0.0);
        let [open, high, low, volume] = [of(0), of(1), of(2), of(3)];
        let (open_ns, close_ns) = (ns(self.now - HOUR), ns(self.now));
        let bar =
            Bar { instrument: HERE, open_ns, close_ns, open, high, low, close: price, volume };
        self.tell(Event::Bar(bar));
        self.tell(Event::Time(close_ns))
    }

    /// Whatever works that waits for nothing is filled whole at a price.
    fn fill(&mut self, price: f64) {
        let price = self.rules.price(price).unwrap();
        let working: Vec<_> = self.bot.state().orders().working().copied().collect();
        self.acknowledge();
        let ts = ns(self.now);
        for order in working.iter().filter(|order| !order.is_exit()) {
            let new = order.new_order();
            let qty = match new.size {
                Size::Base(qty) => qty,
                Size::Quote(budget) => self.rules.qty_for(budget, price, self.fee).unwrap(),
            };
            let fee = self.rules.notional(price, qty).unwrap();
            let fee = fee.times(self.fee, Rounding::Up).unwrap();
            let (id, fee_asset) = (order.id(), None);
            let trade = TradeId::new(u128::from(id.number()));
            let fill = Fill { order: id, trade, ts, price, qty, fee, fee_asset, last: true };
            self.tell(Event::Fill(fill));
        }
    }

    /// The venue has all that works.
    fn acknowledge(&mut self) {
        let ts = ns(self.now);
        let working: Vec<_> = self.bot.state().orders().working().map(|o| o.id()).collect();
        for order in working {
            self.tell(Event::Order { ts, order, update: OrderUpdate::Acked });
        }
    }

    /// They hold this much.
    fn holding(count: usize, targets: &[f64]) -> Self {
        let mut floor = Self::new(count);
        floor.hold(targets);
        floor
    }

    fn hold(&mut self, targets: &[f64]) {
        self.moment(targets, 100.0);
        self.fill(100.0);
    }

    /// Others trade.
    fn trade(&mut self, qty: i64) {
        self.foreign += qty;
        let side = if qty > 0 { Side::Buy } else { Side::Sell };
        let (qty, price) = (Qty::new(qty.abs()), Price::new(10_000));
        let booking = Booking::Trade {
            instrument: HERE,
            side,
            price,
            qty,
            fee: Amount::ZERO,
            fee_asset: None,
        };
        let name = TradeId::new(u128::try_from(self.records.len()).unwrap());
        let entry = Entry { ts: ns(self.now), venue: VenueId(0), name, booking };
        self.tell(Event::Booked(entry));
    }

    fn shares(&self) -> Vec<f64> {
        let held = (0..).map(SleeveId).map(|id| self.bot.holding(id).qty);
        held.take(self.count).map(|qty| self.rules.qty_as_f64(qty)).collect()
    }

    fn position(&self) -> f64 {
        self.rules.qty_as_f64(self.bot.state().portfolio().position(HERE).qty)
    }

    fn cancel_all(&mut self) -> Vec<String> {
        let working: Vec<_> = self.bot.state().orders().working().map(|o| o.id()).collect();
        let ts = ns(self.now);
        let over = |order| Event::Order { ts, order, update: OrderUpdate::Canceled };
        working.into_iter().flat_map(|id| self.tell(over(id))).collect()
    }

    /// The records say the same as the bot, whichever way they went.
    fn check_records(&self) {
        let rules = vec![self.rules.clone()];
        let state = State::new(rules.clone(), self.count, 7);
        let folded = state.clone().fold(&self.records).unwrap();
        assert_eq!(folded, *self.bot.state());
        let sleeves = u32::try_from(self.count).unwrap();
        let (_, _, read) = decode(&encode(&rules, sleeves, &self.records)).unwrap();
        assert_eq!(state.fold(&read).unwrap().ledger_hash(), self.bot.state().ledger_hash());
    }
}

/// Before: what each holds of its tenth. Then what each wants, and what comes of it.
#[test]
fn what_is_wanted_at_one_moment_is_crossed_and_only_the_rest_is_ordered() {
    let cases: &[Moment] = &[
        ("what one sells the other buys", &[1.0, 0.0], &[0.0, 1.0], &["a to b 1"]),
        ("the other way round", &[0.0, 1.0], &[1.0, 0.0], &["b to a 1"]),
        ("one buys more", &[1.0, 0.0], &[0.0, 2.5], &["a to b 1", "b buys for 150"]),
        ("one sells more", &[2.0, 0.0], &[0.0, 0.5], &["a to b 0.5", "a sells 1.5"]),
        ("both buy", &[0.0, 0.0], &[1.0, 2.0], &["a buys for 100", "b buys for 200"]),
        ("both sell", &[2.0, 1.0], &[1.0, 0.0], &["a sells 1", "b sells 1"]),
        ("one stays", &[1.0, 0.0], &[1.0, -1.0], &["b sells 1"]),
        ("nobody wants anything new", &[1.0, -1.0], &[1.0, -1.0], &[]),
        ("from long to short", &[1.0, -1.0], &[-1.0, 1.0], &["a to b 2"]),
        ("a short is covered from inside", &[-1.0, 1.0], &[0.0, 0.0], &["b to a 1"]),
        ("both begin against each other", &[0.0, 0.0], &[-1.5, 1.5], &["a to b 1.5"]),
        (
            "the first that sells meets the first that buys",
            &[2.0, 0.0, 0.0, 1.0],
            &[0.0, 1.5, 2.0, 0.0],
            &["a to b 1.5", "a to c 0.5", "d to c 1", "c buys for 50"],
        ),
        (
            "of several that sell more the last have the rest",
            &[1.0, 1.0, 0.0, 1.0],
            &[0.0, 0.0, 1.5, 0.0],
            &["a to c 1", "b to c 0.5", "b sells 0.5", "d sells 1"],
        ),
    ];
    for (case, before, after, wanted) in cases {
        let mut floor = Floor::holding(before.len(), before);
        assert_eq!(floor.moment(after, 100.0), *wanted, "{case}");
        floor.fill(100.0);
        let exact: Vec<_> = after.iter().map(|target| target * 1.0).collect();
        assert_eq!(floor.shares(), exact, "{case}");
        let intents = |records: &[Record]| {
            records.iter().filter(|record| matches!(record, Record::Intent { .. })).count()
        };
        let first = floor.records.len();
        floor.moment(after, 100.0);
        assert_eq!(intents(&floor.records[first..]), 0, "{case}: wanted once");
        floor.check_records();
    }
}

#[test]
fn a_close_that_the_account_had_nothing_for_is_tried_again_once_it_has() {
    let mut floor = Floor::new(2);
    let seats = floor.bot.sleeves().to_vec();
    let limits = profile("unleveraged", &[]);
    let mut bot = Bot::new(vec![floor.rules.clone()], seats, limits, 7);
    bot.remember(floor.bot.memory());
    floor.bot = bot;
    floor.hold(&[1.0, 0.0]);
    floor.hold(&[1.0, -1.0]);
    assert_eq!((floor.shares(), floor.position()), (vec![1.0, -1.0], 0.0));
    assert_eq!(floor.moment(&[0.0, -1.0], 100.0), ["a refused shorting"]);
    assert_eq!(floor.moment(&[0.0, -1.0], 100.0), [""; 0], "not for ever");
    assert_eq!(floor.moment(&[0.0, 0.0], 100.0), ["b buys 1"]);
    floor.fill(100.0);
    assert_eq!((floor.shares(), floor.position()), (vec![1.0, 0.0], 1.0));
    assert_eq!(floor.moment(&[0.0, 0.0], 100.0), ["a sells 1"]);
    floor.fill(100.0);
    assert_eq!((floor.shares(), floor.position()), (vec![0.0, 0.0], 0.0));
    assert_eq!(floor.moment(&[0.0, 0.0], 100.0), [""; 0]);
    floor.check_records();
}

#[test]
fn intents_stand_before_what_they_cross_and_orders_behind_it() {
    let mut floor = Floor::holding(2, &[1.0, 0.0]);
    floor.moment(&[0.0, 3.0], 100.0);
    let kinds = floor.out.records.iter().map(|record| {
        if let Record::Intent { intent, .. } = record {
            NAMES[intent.sleeve.index()]
        } else if matches!(record, Record::Crossed { .. }) {
            "crossed"
        } else if matches!(record, Record::Placed { .. }) {
            "placed"
        } else {
            assert!(matches!(record, Record::Equity { .. }), "{record:?}");
            "equity"
        }
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["equity", "a", "b", "crossed", "placed"]);
}

#[test]
fn where_only_reducing_is_allowed_only_what_closes_both_shares_is_crossed() {
    type Case = (&'static str, &'static [f64], &'static [f64], Event, &'static [&'static str]);
    let ts = ns(HOUR);
    let open = Event::Breaker(breaker(ts, Component::Feed, BreakerState::Open));
    let reducing = Event::Control { ts, state: TradingState::Reducing };
    let halted = Event::Control { ts, state: TradingState::Halted };
    let frozen = Event::Freeze { ts, instrument: HERE, why: Some(Unexplained::Position) };
    let cases: [Case; 10] = [
        (
            "what would open takes nothing from what closes",
            &[1.0, 0.0],
            &[0.0, 1.0],
            open,
            &["a sells 1", "b refused breaker_open"],
        ),
        (
            "so when reducing",
            &[1.0, 0.0],
            &[0.0, 1.0],
            reducing,
            &["a sells 1", "b refused reducing_only"],
        ),
        ("both close", &[1.0, -1.0], &[0.0, 0.0], open, &["a to b 1"]),
        (
            "both close when reducing",
            &[2.0, -1.0],
            &[0.0, 0.0],
            reducing,
            &["a to b 1", "a sells 1"],
        ),
        (
            "no further than flat",
            &[2.0, -1.0],
            &[0.0, 1.0],
            reducing,
            &["a to b 1", "a sells 1", "b refused reducing_only"],
        ),
        (
            "a cross that would turn is cut",
            &[1.0, -2.0],
            &[-1.0, 0.0],
            open,
            &["a to b 1", "a refused breaker_open", "b buys 1"],
        ),
        ("two that cover", &[-1.0, -2.0], &[0.0, -0.5], open, &["a buys 1", "b buys 1.5"]),
        (
            "and no more than is short",
            &[-1.0, -2.0],
            &[0.0, 1.0],
            reducing,
            &["a buys 1", "b clipped reducing_only", "b buys 2"],
        ),
        ("halted", &[1.0, -1.0], &[0.0, 0.0], halted, &["a refused halted", "b refused halted"]),
        ("frozen", &[1.0, -1.0], &[0.0, 0.0], frozen, &["a refused frozen", "b refused frozen"]),
    ];
    for (case, before, after, event, wanted) in cases {
        let mut floor = Floor::holding(2, before);
        floor.tell(event);
        assert_eq!(floor.moment(after, 100.0), wanted, "{case}");
        floor.check_records();
    }
}

#[test]
fn a_limit_of_the_account_does_not_bind_what_is_crossed() {
    let mut floor = Floor::holding(2, &[1.0, 0.0]);
    let limits = profile("unleveraged", &[("position_max", "0.1")]);
    let sleeves = floor.bot.sleeves().to_vec();
    let mut other = Bot::new(vec![floor.rules.clone()], sleeves, limits, 7);
    other.remember(floor.bot.memory());
    floor.bot = other;
    // The account is at its limit, and stays there.
    assert_eq!(floor.moment(&[0.0, 1.0], 100.0), ["a to b 1"]);
    assert_eq!(floor.moment(&[0.5, 1.0], 100.0), ["a refused position_limit"]);
    // A share may be short where the account is not.
    assert_eq!(floor.moment(&[-0.5, 1.0], 100.0), ["a sells 0.5"]);
    floor.fill(100.0);
    assert_eq!(floor.moment(&[-2.0, 1.0], 100.0), ["a clipped shorting", "a sells 0.5"]);
}

#[test]
fn whole_lots_are_crossed_and_less_than_a_lot_is_no_order() {
    let rules = Instrument { lot: Qty::new(10_000), ..instrument() };
    let decides = |place: usize| decided(program(&[(WANTED_IN[place], &[], &[])]));
    let mut floor = Floor::of(2, rules, decides);
    floor.hold(&[5.0, 0.0]);
    assert_eq!(floor.moment(&[2.4, 2.5], 100.0), ["a to b 2"]);
    assert_eq!(floor.shares(), [3.0, 2.0]);
    // Less than a lot each: nothing to cross, and what is left of the buy is too small.
    assert_eq!(floor.moment(&[2.6, 2.3], 100.0), ["b refused below_minimum"]);
    floor.check_records();
}

#[test]
fn what_does_not_cross_at_once_or_has_working_orders_is_not_netted() {
    let passive = |place: usize| {
        let program = Box::new(program(&[(WANTED_IN[place], &[], &[])]));
        let execution = if place == 0 { Execution::Passive } else { Execution::Cross };
        Decides::Program {
            program,
            decision: Decision::Target { band: None, execution, exits: None },
        }
    };
    let mut floor = Floor::of(2, instrument(), passive);
    floor.hold(&[1.0, 0.0]);
    // What rests of ours is not met.
    assert_eq!(floor.moment(&[0.0, 1.0], 100.0), ["a sells 0.999", "b refused self_trade"]);
    let mut floor = Floor::holding(2, &[1.0, 0.0]);
    assert_eq!(floor.moment(&[2.0, 0.0], 100.0), ["a buys for 100"]);
    // It waits for its order, and the other one does not wait for it.
    assert_eq!(floor.moment(&[0.0, 1.0], 100.0), ["cancel", "b buys for 100"]);
    let (ts, order) = (ns(floor.now), floor.bot.state().orders().working().next().unwrap().id());
    let gone = Event::Order { ts, order, update: OrderUpdate::Canceled };
    assert_eq!(floor.tell(gone), ["a sells 1"]);
}

#[test]
fn what_was_missed_is_netted_when_it_is_tried_again() {
    let mut floor = Floor::holding(2, &[1.0, 0.0]);
    assert_eq!(floor.moment(&[0.0, 0.0], 100.0), ["a sells 1"]);
    // The venue had nobody to trade with.
    assert_eq!(floor.cancel_all(), [""; 0]);
    assert_eq!(floor.moment(&[0.0, 1.0], 100.0), ["a to b 1"]);
}

#[test]
fn a_sleeve_that_has_its_instrument_to_itself_holds_all_of_it() {
    let mut floor = Floor::holding(1, &[1.0]);
    floor.trade(5_000);
    assert_eq!(floor.bot.holding(SleeveId(0)).qty, Qty::new(15_000));
    assert_eq!(floor.moment(&[0.0], 100.0), ["a sells 1.5"]);
    let mut floor = Floor::holding(2, &[1.0, 0.0]);
    floor.trade(5_000);
    assert_eq!(floor.shares(), [1.0, 0.0]);
    assert_eq!(floor.bot.unclaimed(HERE).unwrap().qty, Qty::new(5_000));
    assert_eq!(floor.bot.unclaimed(HERE).unwrap().cost, amount("50"));
    assert_eq!(floor.moment(&[0.0, 0.0], 100.0), ["a sells 1"]);
}

#[test]
fn programs_read_their_own_share() {
    // One is long while it holds nothing, the other while it holds something.
    let reads = |place: usize| {
        let (empty, full) = if place == 0 { (1.0, 0.5) } else { (-1.0, -0.5) };
        decided(program(&[
            ("position", &[], &[]),
            ("constant", &[], &[0.0]),
            ("eq", &[0, 1], &[]),
            ("constant", &[], &[empty]),
            ("constant", &[], &[full]),
            ("where", &[2, 3, 4], &[]),
        ]))
    };
    let mut floor = Floor::of(2, instrument(), reads);
    assert_eq!(floor.moment(&[], 100.0), ["b to a 1"]);
    // The account holds nothing, and both know what they hold.
    assert_eq!((floor.position(), floor.shares()), (0.0, vec![1.0, -1.0]));
    assert_eq!(floor.moment(&[], 100.0), ["a to b 0.5"]);
    let entry = |_: usize| decided(program(&[("entry_price", &[], &[])]));
    let floor = Floor::of(2, instrument(), entry);
    assert_eq!(floor.bot.holding(SleeveId(1)).qty, Qty::ZERO);
}

#[test]
fn a_band_is_measured_from_the_own_share() {
    let banded = |place: usize| {
        let program = Box::new(program(&[(WANTED_IN[place], &[], &[])]));
        let band = Some(0.2);
        let execution = Execution::Cross;
        Decides::Program { program, decision: Decision::Target { band, execution, exits: None } }
    };
    let mut floor = Floor::of(2, instrument(), banded);
    floor.hold(&[1.0, 1.0]);
    // Each is a tenth of 1,000: at 130 they hold 1.3 / 1.06 of their part, beyond the band.
    let said = floor.moment(&[1.0, 1.0], 130.0);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("a sells 0.18") && said[1].starts_with("b sells 0.18"), "{said:?}");
}

/// Before a flattening: what each holds and what others traded; then what it does.
#[test]
fn a_flattening_gathers_all_in_one_hand_and_closes_it_with_one_order() {
    let cases: &[Gathering] = &[
        ("each holds", &[1.0, 2.0], 0, &["a to b 1", "b sells 3"]),
        ("against each other", &[3.0, -1.0], 0, &["a to b 1", "a sells 2"]),
        ("nothing in all", &[1.0, -1.0], 0, &["a to b 1"]),
        ("what belongs to nobody", &[1.0, 0.0], 5_000, &["nobody to a 0.5", "a sells 1.5"]),
        ("nothing else", &[0.0, 0.0], -5_000, &["a to nobody 0.5", "a buys 0.5"]),
        ("nothing", &[0.0, 0.0], 0, &[]),
        ("nobody's against ours", &[1.0, 0.0], -10_000, &["a to nobody 1"]),
    ];
    for (case, before, foreign, wanted) in cases {
        let mut floor = Floor::holding(2, before);
        if *foreign != 0 {
            floor.trade(*foreign);
        }
        let taken_over = core::mem::take(&mut floor.foreign);
        let ts = ns(floor.now);
        floor.out.clear();
        floor.bot.on(&Event::Flatten { ts }, &mut floor.out).unwrap();
        floor.records.extend_from_slice(&floor.out.records);
        assert_eq!(floor.said(), *wanted, "{case}: {taken_over}");
        floor.fill(100.0);
        assert_eq!((floor.position(), floor.shares()), (0.0, vec![0.0, 0.0]), "{case}");
        assert_eq!(floor.moment(&[1.0, 1.0], 100.0), [""; 0], "{case}: nothing is left to do");
        floor.check_records();
    }
}

#[test]
fn a_flattening_goes_on_with_what_worked_and_what_was_dust() {
    let mut floor = Floor::holding(2, &[2.0, 0.0]);
    assert_eq!(floor.moment(&[2.0, 1.0], 100.0), ["b buys for 100"]);
    let ts = ns(floor.now);
    // It waits for its order; the other one does not.
    assert_eq!(floor.tell(Event::Flatten { ts }), ["a sells 2", "cancel"]);
    let bought = floor.bot.state().orders().working().next().unwrap().id();
    let (price, trade) = (Price::new(10_000), TradeId::new(99));
    let (qty, fee, fee_asset) = (Qty::new(5_000), Amount::ZERO, None);
    let part = Fill { order: bought, trade, ts, price, qty, fee, fee_asset, last: false };
    floor.tell(Event::Fill(part));
    let over = Event::Order { ts, order: bought, update: OrderUpdate::Canceled };
    assert_eq!(floor.tell(over), ["b sells 0.5"]);
    floor.fill(100.0);
    assert_eq!(floor.shares(), [0.0, 0.0]);
    // Below the smallest order each, and not together.
    let rules = Instrument { notional_min: amount("10"), ..instrument() };
    let decides = |place: usize| decided(program(&[(WANTED_IN[place], &[], &[])]));
    let mut floor = Floor::of(2, rules, decides);
    floor.hold(&[0.2, 0.2]);
    floor.hold(&[0.05, 0.05]);
    assert_eq!(floor.shares(), [0.05, 0.05]);
    let ts = ns(floor.now);
    assert_eq!(floor.tell(Event::Flatten { ts }), ["b to a 0.05", "a sells 0.1"]);
}

#[test]
fn exits_close_no_more_than_the_account_holds() {
    let stopped = |place: usize| {
        let program = Box::new(program(&[(WANTED_IN[place], &[], &[])]));
        let exits = Exits::new(Some(0.1), None, None).unwrap().filter(|_| place < 2);
        let execution = Execution::Cross;
        Decides::Program { program, decision: Decision::Target { band: None, execution, exits } }
    };
    let exits = |floor: &Floor| -> Vec<(usize, f64)> {
        let working = floor.bot.state().orders().working().filter(|order| order.is_exit());
        let size = |size| match size {
            Size::Base(qty) => floor.rules.qty_as_f64(qty),
            Size::Quote(_) => f64::NAN,
        };
        working.map(|o| (o.new_order().sleeve.index(), size(o.new_order().size))).collect()
    };
    let mut floor = Floor::of(3, instrument(), stopped);
    floor.hold(&[2.0, 1.0, 0.0]);
    assert_eq!(exits(&floor), [(0, 2.0), (1, 1.0)]);
    // Against a third the account holds less than they do: it is shared out in order.
    let mut floor = Floor::of(3, instrument(), stopped);
    floor.hold(&[0.0, 0.0, -2.0]);
    floor.hold(&[2.0, 1.0, -2.0]);
    assert_eq!((floor.position(), exits(&floor)), (1.0, vec![(0, 1.0)]));
    // What was bought inside has its exit at once.
    let mut floor = Floor::of(3, instrument(), stopped);
    floor.hold(&[0.0, 0.0, 2.0]);
    let said = floor.moment(&[2.0, 0.0, 0.0], 100.0);
    assert_eq!(said, ["c to a 2", "a sells 2 stop"]);
    // Where the account holds nothing on that side, nothing waits.
    floor.hold(&[2.0, 0.0, -2.0]);
    assert_eq!(floor.position(), 0.0);
    floor.cancel_all();
    assert_eq!(exits(&floor), []);
}

#[test]
fn all_that_read_a_book_run_and_are_crossed_on_its_changes() {
    // One follows the bid up, the other down, a third reads bars alone.
    let reads = |place: usize| {
        let (above, below) = [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)][place];
        let reads = ["bid", "ask", "close"][place];
        decided(program(&[
            (reads, &[], &[]),
            ("constant", &[], &[100.0]),
            ("gt", &[0, 1], &[]),
            ("constant", &[], &[above]),
            ("constant", &[], &[below]),
            ("where", &[2, 3, 4], &[]),
        ]))
    };
    let mut floor = Floor::of(3, instrument(), reads);
    let quote = |floor: &mut Floor, bid: i64| {
        floor.now += 1_000_000;
        let (bid, ask) = (Price::new(bid), Price::new(bid + 2));
        let (ts, qty) = (ns(floor.now), Qty::new(100_000));
        floor.tell(Event::Quote(Quote {
            instrument: HERE,
            ts,
            bid,
            bid_qty: qty,
            ask,
            ask_qty: qty,
        }))
    };
    floor.tell(Event::Time(ns(1)));
    let said = quote(&mut floor, 10_100);
    assert_eq!(said, ["a buys for 100"]);
    floor.fill(101.0);
    let said = quote(&mut floor, 9_000);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("a to b") && said[1].starts_with("b buys for"), "{said:?}");
    floor.fill(90.0);
    assert_eq!(quote(&mut floor, 9_000), [""; 0], "nothing of it changed");
    let said = quote(&mut floor, 10_100);
    assert!(said[0].starts_with("b to a"), "{said:?}");
    floor.check_records();
}

#[test]
fn what_cannot_be_crossed_changes_nothing() {
    let mut state = State::new(vec![instrument()], 2, 0);
    let (ts, price, qty) = (ns(1), Price::new(1), Qty::new(1));
    let (seller, buyer) = (Some(SleeveId(0)), Some(SleeveId(1)));
    let possible = Cross { instrument: HERE, seller, buyer, price, qty };
    let cases = [
        (Cross { instrument: InstrumentId(1), ..possible }, StateError::Unknown),
        (Cross { seller: Some(SleeveId(2)), ..possible }, StateError::Unknown),
        (Cross { buyer: seller, ..possible }, StateError::Cross),
        (Cross { buyer: None, seller: None, ..possible }, StateError::Cross),
        (Cross { qty: Qty::ZERO, ..possible }, StateError::Cross),
        (Cross { price: Price::ZERO, ..possible }, StateError::Cross),
        (Cross { qty: Qty::new(-1), ..possible }, StateError::Cross),
    ];
    for (cross, error) in cases {
        let before = state.clone();
        assert_eq!(state.apply(&Record::Crossed { ts, cross }), Err(error), "{cross:?}");
        assert_eq!(state, before);
    }
    let hash = state.ledger_hash();
    state.apply(&Record::Crossed { ts, cross: possible }).unwrap();
    assert_ne!(state.ledger_hash(), hash, "whose it is belongs to the ledger");
    assert_eq!(state.exposure(HERE), Exposure::default());
    assert_eq!(state.portfolio().share(SleeveId(0)).qty, Qty::new(-1));
}

/// A run of two that change places, by hand: 10,000 in cash, half each, fees of 10 bp.
#[test]
fn a_run_of_two_is_as_it_comes_out_by_hand() {
    let mut rows = flat(&[100.0; 6]);
    for (row, target) in rows.iter_mut().zip([1.0, 0.0, 0.0, 1.0, 1.0, 0.0]) {
        row.volume = target;
    }
    let first = decided(program(&[("volume", &[], &[])]));
    let nodes: [market::Raw<'_>; 3] =
        [("constant", &[], &[1.0]), ("volume", &[], &[]), ("sub", &[0, 1], &[])];
    let second = decided(program(&nodes));
    let sleeves = vec![named(0, "0.5", first), named(1, "0.5", second)];
    let settings = settings(profile("unleveraged", &[]));
    let run = market::run(vec![history("file:X", &rows)], sleeves, &settings);
    let report = run.report();
    // The first buys 49.95004995 for 5,000, of which 4.995004995 are fee.
    let fills = report.executions();
    assert_eq!(fills[0].sleeve, SleeveId(0));
    assert_eq!(fills[0].fill.qty, Qty::new(4_995_004_995));
    // Then they change places three times inside. The equity is 9,995.004995005: the second wants
    // 49.97502497, gets 49.95004995 and buys the rest. From then on what is missing are dust and
    // the fees of the rest: 49.97500002 and 49.97501248 go to and fro.
    assert_eq!(report.crosses(), 3);
    assert_eq!(amount_as_text(report.crossed()), "14990.006245");
    let rest = fills[1];
    assert_eq!((rest.sleeve, rest.side), (SleeveId(1), Side::Buy));
    let metrics = report.metrics().unwrap();
    assert!((metrics.fees_paid - 5.0).abs() < 0.01, "{}", metrics.fees_paid);
    assert!((metrics.final_equity - 9_995.0).abs() < 0.01, "{}", metrics.final_equity);
    // A round trip is a sleeve's, whoever it trades with.
    let trades = report.trades();
    let whose: Vec<_> = trades.iter().map(|trade| (trade.sleeve.0, trade.exit.is_some())).collect();
    assert_eq!(whose, [(0, true), (1, true), (0, true), (1, false)]);
    assert_eq!(trades[0].profit().unwrap(), Some(amount("-4.995004995")));
    let held: Vec<_> = trades.iter().map(|trade| trade.bars_held).collect();
    assert_eq!(held, [1, 2, 2, 0]);
}

/// What each of some sleeves holds once all is filled at the mark for nothing: its target.
#[test]
fn random_targets_over_random_bars_end_where_each_wanted_to_be() {
    let mut all = 0;
    for seed in SEED..SEED + 60 {
        let mut dice = Dice(seed);
        let count = 2 + usize::try_from(dice.below(3)).unwrap();
        let mut floor = Floor::new(count);
        let (mut targets, mut price) = (vec![0.0; count], 100.0);
        let (mut crossed, mut two_sided) = (0, 0);
        for turn in 0..60 {
            let changed: Vec<_> = (0..count).map(|_| dice.below(2) == 0).collect();
            for (target, _) in targets.iter_mut().zip(&changed).filter(|(_, changed)| **changed) {
                *target = (dice.part() * 30.0 - 15.0).round() / 10.0;
            }
            price *= 0.97 + 0.06 * dice.part();
            if dice.below(10) == 0 {
                let qty = i64::try_from(dice.below(20_000)).unwrap() - 10_000;
                if qty != 0 {
                    floor.trade(qty);
                }
            }
            let (last, said) = (floor.shares(), floor.moment(&targets, price));
            let equity = amount_as_f64(floor.bot.account().equity);
            let wants = |record: &Record| {
                let Record::Intent { intent, .. } = record else {
                    return None;
                };
                Some(intent.sleeve.index())
            };
            let wanting: Vec<_> = floor.out.records.iter().filter_map(wants).collect();
            crossed += said.iter().filter(|said| said.contains(" to ")).count();
            let sides = ["sells", "buys"].map(|side| said.iter().any(|said| said.contains(side)));
            two_sided += usize::from(sides == [true, true]);
            let mark = floor.rules.price_as_f64(floor.bot.mark_of(HERE).unwrap().price);
            floor.fill(mark);
            for (place, share) in floor.shares().into_iter().enumerate() {
                let meant = targets[place] * 0.1 * equity / mark;
                if wanting.contains(&place) {
                    let apart = (share - meant).abs();
                    assert!(apart < 0.000_3, "seed {seed}, {turn}: {place} holds {share}: {meant}");
                } else {
                    assert!(share == last[place], "seed {seed}, {turn}: {place} wanted nothing");
                }
            }
        }
        assert_eq!(two_sided, 0, "seed {seed}: an order against an order of ours");
        all += crossed;
        floor.check_records();
    }
    assert!(all > 1_000, "{all} crossed");
}

/// The same wants one by one, which nobody nets: more is traded, and more is paid.
#[test]
fn netting_never_costs_more_than_every_sleeve_for_itself() {
    let mut saved = 0.0;
    for seed in SEED..SEED + 20 {
        let mut dice = Dice(seed);
        let mut netted = Floor::new(3);
        let mut alone = Floor::of(3, instrument(), |_| Decides::Outside);
        (netted.fee, alone.fee) = (rate("0.001"), rate("0.001"));
        for _ in 0..40 {
            let targets: Vec<_> = (0..3).map(|_| (dice.part() * 20.0).round() / 10.0).collect();
            netted.moment(&targets, 100.0);
            netted.fill(100.0);
            alone.moment(&[], 100.0);
            for (sleeve, fraction) in (0..).map(SleeveId).zip(targets) {
                let want = Want::Target { fraction, band: None, execution: Execution::Cross };
                alone.tell(Event::Intent(Intent { sleeve, want }));
                alone.fill(100.0);
            }
        }
        let worth = |floor: &Floor| amount_as_f64(floor.bot.account().equity);
        assert!(worth(&netted) > worth(&alone), "seed {seed}");
        saved += worth(&netted) - worth(&alone);
    }
    assert!(saved > 10.0, "{saved}");
}

#[test]
fn a_moment_that_crosses_allocates_nothing_once_it_is_warm() {
    let mut floor = Floor::holding(2, &[1.0, 0.0]);
    let turn = |floor: &mut Floor, count: u32| {
        let mut allocated = 0;
        for place in 0..count {
            let one = f64::from(place % 2);
            floor.now += HOUR;
            let (open_ns, close_ns) = (ns(floor.now - HOUR), ns(floor.now));
            let (open, high, low, close, volume) = (one, 1.0 - one, 0.0, 100.0, 0.0);
            let instrument = HERE;
            let bar = Bar { instrument, open_ns, close_ns, open, high, low, close, volume };
            let Floor { bot, out, .. } = floor;
            out.clear();
            let counted = allocation_counter::measure(|| {
                bot.on(&Event::Bar(bar), out).unwrap();
                bot.on(&Event::Time(Nanos::new(close_ns.mantissa())), out).unwrap();
            });
            let crosses = |record: &&Record| matches!(record, Record::Crossed { .. });
            assert_eq!(out.records.iter().filter(crosses).count(), 1, "{place}");
            assert!(!out.actions.iter().any(|action| matches!(action, Action::Place { .. })));
            allocated += counted.count_total;
        }
        allocated
    };
    turn(&mut floor, 10);
    assert_eq!(turn(&mut floor, 100), 0);
}
