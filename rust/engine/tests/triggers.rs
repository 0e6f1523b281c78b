//! Random markets and random answers of a venue without stops that trail, judged by plain models:
//! what is held leaves exactly when its market is there, and never more closes than is held.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use std::collections::{BTreeMap, VecDeque};

use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Event, Exits, Fill, Intent, OrderId, OrderTerms, OrderUpdate, Question, Quote, Side,
    Size, SleeveId, Stop, StopKind, Tick, TickKind, Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::{Record, State};
use bot4_engine::units::{Amount, Price, Qty, Rate};

use crate::market::{Dice, SECOND, SEED, amount, instrument, ns, trade};
use Side::{Buy, Sell};

const HERE: InstrumentId = InstrumentId(0);
const RUNS: u64 = 300;
/// As long as a price may be old.
const OLD: i64 = 60 * SECOND;

struct Floor {
    bot: Bot,
    out: Output,
    records: Vec<Record>,
    now: i64,
}

fn listed(venue: &str) -> Instrument {
    Instrument { symbol: format!("{venue}:BTC"), taker_fee: Rate::ZERO, ..instrument() }
}

impl Floor {
    fn new(venue: &str) -> Self {
        let (strategy, decides) = ("outside".to_owned(), Decides::Outside);
        let sleeve = Sleeve { strategy, instrument: HERE, allocation: Rate::ONE, decides };
        let profile = market::profile("research", &[]);
        let bot = Bot::new(vec![listed(venue)], vec![sleeve], profile, 0);
        let mut floor = Self { bot, out: Output::default(), records: vec![], now: SECOND };
        floor.tell(Event::Deposit { ts: ns(SECOND), amount: amount("10000000") });
        floor
    }

    fn tell(&mut self, event: Event) -> Vec<Action> {
        self.out.clear();
        // What cannot follow is counted, and changes nothing.
        let told = self.bot.on(&event, &mut self.out);
        assert!(told.is_ok() || matches!(event, Event::Order { .. }), "{told:?} for {event:?}");
        self.records.append(&mut self.out.records.clone());
        self.out.actions.clone()
    }

    fn touch(&mut self, bid: i64, ask: i64) -> Vec<Action> {
        let (bid, ask, qty) = (Price::new(bid), Price::new(ask), Qty::new(1_000_000));
        let ts = ns(self.now);
        self.tell(Event::Quote(Quote {
            instrument: HERE,
            ts,
            bid,
            bid_qty: qty,
            ask,
            ask_qty: qty,
        }))
    }

    fn tick(&mut self, kind: TickKind, last: bool) -> Vec<Action> {
        self.tell(Event::Tick(Tick { instrument: HERE, ts: ns(self.now), last, kind }))
    }

    fn traded(&mut self, price: i64) -> Vec<Action> {
        let (price, qty) = (Price::new(price), Qty::new(1));
        self.tick(TickKind::Trade { aggressor: Sell, price, qty }, true)
    }

    fn want(&mut self, want: Want) -> Vec<Action> {
        self.tell(Event::Intent(Intent { sleeve: SleeveId(0), want }))
    }

    fn fill(&mut self, order: OrderId, lots: i64, price: i64) -> Vec<Action> {
        let (qty, price, ts) = (Qty::new(lots), Price::new(price), ns(self.now));
        let (trade, fee, fee_asset, last) = (trade(), Amount::ZERO, None, false);
        self.tell(Event::Fill(Fill { order, trade, ts, price, qty, fee, fee_asset, last }))
    }

    fn buy(&mut self, lots: i64, price: i64) -> Vec<Action> {
        let id = self.next_id();
        let qty = lots as f64 / 10_000.0;
        let (side, limit, terms) = (Buy, None, OrderTerms::default());
        let placed = self.want(Want::Trade { side, qty, limit, terms });
        assert_eq!(placed.len(), 1);
        self.fill(id, lots, price)
    }

    fn next_id(&self) -> OrderId {
        OrderId::new(0, u32::try_from(self.bot.state().orders().all().len()).unwrap())
    }

    fn is_kept(&self, venue: &str) {
        let state = State::new(vec![listed(venue)], 1, 0);
        assert_eq!(state.fold(&self.records).unwrap(), *self.bot.state());
    }
}

/// What waits, by the plainest of models.
#[derive(Debug)]
struct Waiting {
    side: Side,
    trigger: i64,
    trail: i64,
    traded: Option<i64>,
}

/// A market, by the plainest of models.
#[derive(Debug, Default)]
struct Plain {
    gap: bool,
    told: Option<i64>,
    waiting: BTreeMap<u32, Waiting>,
}

impl Plain {
    /// Somebody traded, or the touch is another: who leaves.
    fn see(&mut self, now: i64, trade: Option<i64>, (bid, ask): (i64, i64)) -> Vec<u32> {
        if trade.is_none() && !self.gap {
            self.told = Some(now);
        }
        if self.gap || self.told.is_none_or(|told| now - told > OLD) {
            return vec![];
        }
        let mut leaves = vec![];
        for (id, one) in &mut self.waiting {
            let at = match (trade, one.traded) {
                (Some(price), _) => {
                    one.traded = Some(now);
                    price
                }
                (None, Some(traded)) if now - traded <= OLD => continue,
                (None, _) if one.side == Sell => bid,
                (None, _) => ask,
            };
            let gone = if one.side == Sell {
                one.trigger = one.trigger.max(at - one.trail);
                at <= one.trigger
            } else {
                one.trigger = one.trigger.min(at + one.trail);
                at >= one.trigger
            };
            if gone {
                leaves.push(*id);
            }
        }
        self.waiting.retain(|id, _| !leaves.contains(id));
        leaves
    }
}

fn placed(actions: &[Action]) -> Vec<u32> {
    let id = |action: &Action| {
        let Action::Place { id, order } = action else { panic!("{action:?}") };
        assert!(order.terms.stop.is_none() && !order.terms.held && order.limit.is_some());
        id.sequence()
    };
    actions.iter().map(id).collect()
}

#[test]
fn what_trails_leaves_exactly_when_the_model_says_and_once() {
    let mut left = 0;
    for run in 0..RUNS {
        let mut dice = Dice(SEED ^ run << 8);
        let mut floor = Floor::new(if run % 2 == 0 { "coinbase" } else { "binance" });
        let mut plain = Plain::default();
        let mut price = 10_000;
        plain.see(floor.now, None, (price - 1, price + 1));
        floor.touch(price - 1, price + 1);
        floor.buy(10_000, price);
        for step in 0..80 {
            floor.now += [0, SECOND / 10, SECOND, 20 * SECOND, 61 * SECOND]
                [usize::try_from(dice.below(40).min(4)).unwrap()];
            price = (price + i64::try_from(dice.below(41)).unwrap() - 20).max(5_000);
            let half = 1 + i64::try_from(dice.below(10)).unwrap();
            let touch = (price - half, price + half);
            let (got, wanted) = match dice.below(12) {
                0..=3 => (floor.traded(price), plain.see(floor.now, Some(price), touch)),
                4..=6 => (floor.touch(touch.0, touch.1), plain.see(floor.now, None, touch)),
                7 => {
                    plain.gap = true;
                    let ts = ns(floor.now);
                    (floor.tell(Event::Gap { instrument: HERE, ts }), vec![])
                }
                8 => {
                    plain.gap = false;
                    let level = |side, price| {
                        let (price, qty) = (Price::new(price), Qty::new(10));
                        TickKind::Level { side, price, qty }
                    };
                    let mut got = floor.tick(TickKind::Clear, false);
                    got.extend(floor.tick(level(Buy, touch.0), false));
                    got.extend(floor.tick(level(Sell, touch.1), true));
                    (got, plain.see(floor.now, None, touch))
                }
                _ if plain.waiting.len() < 6 => {
                    let side = if dice.below(2) == 0 { Sell } else { Buy };
                    let far = 15 + i64::try_from(dice.below(60)).unwrap();
                    let trigger = if side == Sell { price - far } else { price + far };
                    let id = floor.next_id();
                    let (at, trail) = (Price::new(trigger), Price::new(far));
                    let stop = Stop { kind: StopKind::Stop, trigger: at, trail };
                    let terms = OrderTerms { stop: Some(stop), ..OrderTerms::default() };
                    let got = floor.want(Want::Trade { side, qty: 0.01, limit: None, terms });
                    // Beyond what can be believed risk lays nothing.
                    if floor.next_id() != id {
                        let one = Waiting { side, trigger, trail: far, traded: None };
                        plain.waiting.insert(id.sequence(), one);
                    }
                    (got, vec![])
                }
                _ => continue,
            };
            let got = placed(&got);
            assert_eq!(got, wanted, "seed {SEED}, run {run}, step {step}: {plain:?}");
            left += got.len();
        }
        floor.is_kept(if run % 2 == 0 { "coinbase" } else { "binance" });
    }
    assert!(left > 500, "{left}");
}

/// A venue that sells when it likes, cancels when it likes, and tells it later.
#[derive(Default)]
struct Venue {
    /// What of each order is left there.
    live: BTreeMap<OrderId, i64>,
    asked: Vec<OrderId>,
    canceled: Vec<OrderId>,
    /// What was not told yet.
    untold: VecDeque<(OrderId, Option<OrderUpdate>, i64)>,
    held: i64,
    sold: u32,
}

impl Venue {
    fn hear(&mut self, actions: &[Action]) {
        for action in actions {
            match *action {
                Action::Place { id, order } => {
                    let Size::Base(qty) = order.size else { panic!("{order:?}") };
                    assert_eq!(order.side, Sell);
                    assert!(self.live.insert(id, qty.mantissa()).is_none(), "{id:?} twice");
                    self.untold.push_back((id, Some(OrderUpdate::Acked), 0));
                }
                Action::Cancel { id } => self.asked.push(id),
                Action::Ask { id, question: Question::ById } => {
                    let canceled = self.canceled.contains(&id);
                    let update = if canceled { OrderUpdate::Canceled } else { OrderUpdate::Acked };
                    if canceled || self.live.contains_key(&id) {
                        self.untold.push_back((id, Some(update), 0));
                    }
                }
                Action::Ask { .. } => {}
                Action::Amend { .. } | Action::Trip(_) => panic!("{action:?}"),
            }
        }
    }

    /// Something becomes of an order there.
    fn act(&mut self, dice: &mut Dice) {
        if let Some(id) = (dice.below(3) == 0).then(|| self.asked.pop()).flatten() {
            let lets_go = dice.below(4) > 0;
            if lets_go && self.live.remove(&id).is_some() {
                self.canceled.push(id);
                self.untold.push_back((id, Some(OrderUpdate::Canceled), 0));
            } else {
                self.untold.push_back((id, Some(OrderUpdate::CancelRejected), 0));
            }
        }
        let some = self.live.keys().copied().nth(usize::try_from(dice.below(6)).unwrap());
        if let (Some(id), 0) = (some, dice.below(4)) {
            let left = self.live.get_mut(&id).unwrap();
            let qty = (1 + i64::try_from(dice.below(60)).unwrap()).min(*left);
            *left -= qty;
            self.held -= qty;
            self.sold += 1;
            if *left == 0 {
                self.live.remove(&id);
            }
            self.untold.push_back((id, None, qty));
        }
    }
}

#[test]
fn whatever_the_venue_does_no_more_closes_than_is_held() {
    let (mut sold, mut both) = (0, 0);
    for run in 0..RUNS {
        let name = ["coinbase", "kraken", "binance"][usize::try_from(run % 3).unwrap()];
        let mut dice = Dice(SEED ^ run << 16);
        let (mut floor, mut venue) = (Floor::new(name), Venue::default());
        let mut price = 10_000;
        floor.touch(price - 1, price + 1);
        for step in 0..250 {
            floor.now += SECOND / 20;
            price = (price + i64::try_from(dice.below(41)).unwrap() - 20).max(5_000);
            let actions = match dice.below(20) {
                0 => {
                    let near = |sides| Some(0.001 * (1 + sides) as f64);
                    let exits = match dice.below(4) {
                        0 => Exits::new(None, near(dice.below(4)), near(dice.below(4))),
                        1 => Ok(None),
                        _ => Exits::new(near(dice.below(4)), near(dice.below(4)), None),
                    };
                    floor.want(Want::Exits(exits.unwrap()))
                }
                1 if venue.held == 0 && venue.untold.is_empty() => {
                    venue.held = 100;
                    floor.buy(100, price)
                }
                2..=5 => floor.tell(Event::Time(ns(floor.now))),
                6..=9 => floor.traded(price),
                10 | 11 => floor.touch(price - 1, price + 1),
                _ => match venue.untold.pop_front() {
                    Some((id, Some(update), _)) => {
                        floor.tell(Event::Order { ts: ns(floor.now), order: id, update })
                    }
                    Some((id, None, qty)) => floor.fill(id, qty, price),
                    None => vec![],
                },
            };
            venue.hear(&actions);
            venue.act(&mut dice);
            let out: i64 = venue.live.values().sum();
            let at = || format!("seed {SEED}, run {run} at {name}, step {step}");
            assert!(out <= venue.held, "{}: {out} out, {} held", at(), venue.held);
            let counted = floor.bot.state().exposure(HERE).working_sell.mantissa();
            assert!(out <= counted, "{}: {out} out, {counted} counted", at());
        }
        floor.is_kept(name);
        sold += venue.sold;
        both += floor
            .records
            .iter()
            .filter(|record| matches!(record, Record::Update { update: OrderUpdate::Released, .. }))
            .count();
    }
    assert!(sold > 1_000 && both > 200, "{sold} fills, {both} left");
}
