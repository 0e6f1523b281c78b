//! Random lives of orders, judged after every event by a plain model that knows the truth.
//!
//! A venue of chance decides what becomes of each order. What it says of that is lost, doubled and
//! told in any order, with nonsense in between; at the end it is asked and says all of it again.
//! `BOT4_LIVES` says how many lives, `BOT4_SEED` which.

#![allow(clippy::print_stdout, reason = "the seed and the counts are told")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod dice;
mod market;

use std::collections::BTreeMap;

use bot4_engine::asset::Asset;
use bot4_engine::event::{
    Fill, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size, SleeveId, TradeId,
};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::journal::{Record, State};
use bot4_engine::order::{Order, OrderState};
use bot4_engine::portfolio::Party;
use bot4_engine::units::{Amount, Price, Qty};

use crate::dice::{Dice, setting};
use crate::market::{instrument, ns};

const HERE: InstrumentId = InstrumentId(0);
/// A lot at a tick, in the smallest amounts: prices have two decimals, sizes four.
const UNIT: i128 = 1_000_000_000_000;
/// So many lives share a state, which is then replayed whole.
const CHUNK: u64 = 200;

/// What really became of an order, at its venue.
struct Truth {
    /// In the order they were traded; the last of them says so where nothing is left.
    fills: Vec<Fill>,
    end: OrderState,
}

/// What we should know, by what was told: plain integers.
#[derive(Default)]
struct Model {
    /// Of the order that lives: what was told of it, by trade.
    told: BTreeMap<TradeId, i64>,
    position: i64,
    cash: i128,
    fees: i128,
}

/// One life being lived.
struct Life {
    id: OrderId,
    side: Side,
    /// In lots; of what is sized in quote: all that it may come to.
    size: i64,
    limit: i64,
    in_quote: bool,
    truth: Truth,
}

fn truth_of(dice: &mut Dice, id: OrderId, (size, limit, in_quote): (i64, i64, bool)) -> Truth {
    let end = match dice.below(8) {
        0 => OrderState::Rejected,
        1 | 2 => OrderState::Canceled,
        3 => OrderState::Expired,
        4 => OrderState::Dead,
        _ => OrderState::Filled,
    };
    let (mut fills, mut left) = (Vec::new(), size);
    let lives = !matches!(end, OrderState::Rejected | OrderState::Dead);
    while lives && left > 0 && fills.len() < 6 {
        let all = fills.len() == 5 || dice.one_in(3);
        let qty = if all { left } else { dice.between(1, left) };
        if end != OrderState::Filled && qty == left {
            break;
        }
        left -= qty;
        let (trade, price) = (TradeId::new(u128::from(dice.next())), Price::new(limit));
        let fee = Amount::new(i128::from(dice.below(3)));
        // What is sized in quote is all done when its venue says so, whatever it came to.
        let last = end == OrderState::Filled && (left == 0 || (in_quote && dice.one_in(4)));
        fills.push(Fill {
            order: id,
            trade,
            ts: ns(1),
            price,
            qty: Qty::new(qty),
            fee,
            fee_asset: None,
            last,
        });
        if last {
            break;
        }
    }
    Truth { fills, end }
}

fn begin(dice: &mut Dice, sequence: u32) -> (Life, NewOrder) {
    let id = OrderId::new(7, sequence);
    let side = if dice.one_in(2) { Side::Buy } else { Side::Sell };
    let (size, limit) = (dice.between(1, 500), dice.between(1, 1_000));
    let in_quote = side == Side::Buy && dice.one_in(4);
    let worst = Amount::new(i128::from(size * limit) * UNIT + 100);
    let order = NewOrder {
        sleeve: SleeveId(0),
        instrument: HERE,
        side,
        size: if in_quote { Size::Quote(worst) } else { Size::Base(Qty::new(size)) },
        limit: Some(Price::new(limit)),
        reserve: if side == Side::Buy { worst } else { Amount::ZERO },
        terms: OrderTerms::default(),
        replaces: None,
    };
    let truth = truth_of(dice, id, (size, limit, in_quote));
    (Life { id, side, size, limit, in_quote, truth }, order)
}

impl Life {
    fn update(&self, update: OrderUpdate) -> Record {
        Record::Update { ts: ns(1), order: self.id, update }
    }

    /// All that the venue has to say in the end, in the order in which it happened.
    fn whole(&self) -> Vec<Record> {
        let Truth { fills, end } = &self.truth;
        let mut said = Vec::new();
        if *end == OrderState::Rejected {
            said.push(self.update(OrderUpdate::Rejected));
        } else if *end == OrderState::Dead {
            let late = |update| Record::Update { ts: ns(i64::MAX / 2), order: self.id, update };
            let evidence =
                [OrderUpdate::NotFoundById, OrderUpdate::NotFoundOpen, OrderUpdate::NeverArrived];
            said.push(self.update(OrderUpdate::Unanswered));
            said.extend(evidence.map(late));
        } else {
            said.push(self.update(OrderUpdate::Acked));
            said.extend(fills.iter().map(|fill| Record::Fill(*fill)));
            let canceled = (*end == OrderState::Canceled).then_some(OrderUpdate::Canceled);
            let expired = (*end == OrderState::Expired).then_some(OrderUpdate::Expired);
            said.extend(canceled.or(expired).map(|update| self.update(update)));
        }
        said
    }

    /// What reaches us of it on the way: lost, doubled, in any order, with our own wishes and the
    /// venue's refusals of them in between.
    fn heard(&self, dice: &mut Dice) -> Vec<Record> {
        let mut heard = Vec::new();
        for record in self.whole() {
            // That it never arrived is proven last, and by nothing that is told by chance.
            if self.truth.end == OrderState::Dead {
                continue;
            }
            match dice.below(6) {
                0 => {}
                1 => heard.extend([record, record]),
                _ => heard.push(record),
            }
        }
        let filled: i64 = self.truth.fills.iter().map(|fill| fill.qty.mantissa()).sum();
        if filled > 0 && dice.one_in(3) {
            let qty = Qty::new(dice.between(0, filled));
            heard.push(Record::CumQty { ts: ns(1), order: self.id, qty });
        }
        let ours = [OrderUpdate::Sent, OrderUpdate::CancelSent, OrderUpdate::Unanswered];
        let ours = ours.into_iter().filter(|_| dice.one_in(3)).collect::<Vec<_>>();
        heard.extend(ours.into_iter().map(|update| self.update(update)));
        if dice.one_in(4) {
            heard.push(self.update(OrderUpdate::CancelRejected));
        }
        for place in (1..heard.len()).rev() {
            heard.swap(place, usize::try_from(dice.below(place as u64 + 1)).unwrap());
        }
        if dice.one_in(3) {
            let place = usize::try_from(dice.below(heard.len() as u64 + 1)).unwrap();
            heard.insert(place, self.nonsense(dice));
        }
        heard
    }

    /// What cannot be, whatever became of the order.
    fn nonsense(&self, dice: &mut Dice) -> Record {
        let (order, trade) = (self.id, TradeId::new(u128::MAX));
        let (price, fee, ts) = (Price::new(self.limit), Amount::ZERO, ns(1));
        let much = Qty::new(self.size * 3 + 1);
        let fill = |order, qty, price| {
            Record::Fill(Fill { order, trade, ts, price, qty, fee, fee_asset: None, last: false })
        };
        match dice.below(7) {
            0 => fill(order, much, price),
            1 => fill(order, Qty::new(-1), price),
            2 => fill(order, Qty::new(1), Price::ZERO),
            3 => fill(OrderId::new(9, 9), Qty::new(1), price),
            4 => self.update(OrderUpdate::Released),
            5 => Record::CumQty { ts, order, qty: Qty::new(-1) },
            _ => Record::Update { ts, order: OrderId::new(8, 1), update: OrderUpdate::Acked },
        }
    }

    /// The most that may still be traded, in lots, by what is true and was not told.
    fn untold(&self, model: &Model) -> i64 {
        let told: i64 = model.told.values().sum();
        let filled: i64 = self.truth.fills.iter().map(|fill| fill.qty.mantissa()).sum();
        filled - told
    }
}

impl Model {
    /// What a fill that is told for the first time does.
    fn on_fill(&mut self, side: Side, fill: &Fill) {
        if self.told.insert(fill.trade, fill.qty.mantissa()).is_some() {
            return;
        }
        let (qty, worth) =
            (fill.qty.mantissa(), i128::from(fill.qty.mantissa() * fill.price.mantissa()) * UNIT);
        self.position += side.sign() * qty;
        self.cash -= i128::from(side.sign()) * worth + fee(fill);
        self.fees += fee(fill);
    }
}

fn fee(fill: &Fill) -> i128 {
    fill.fee.mantissa()
}

/// What must hold after every event.
fn check(state: &State, life: &Life, model: &Model, before: &Order) {
    let order = state.orders().get(life.id).unwrap();
    let told: i64 = model.told.values().sum();
    // I1, I2: the sum of distinct trades, never more than was ordered, never less than before.
    assert_eq!(order.filled(), Qty::new(told));
    assert!(order.filled() >= before.filled());
    assert!(life.in_quote || told <= life.size);
    // I3, I4, I5: position, cash and fees to the last unit; what one gives another takes.
    let portfolio = state.portfolio();
    assert_eq!(portfolio.position(HERE).qty.mantissa(), model.position);
    let cash = portfolio.balances(Asset::CASH).unwrap();
    assert_eq!(cash.of(Party::Ours).mantissa(), model.cash);
    assert_eq!(cash.of(Party::Fees).mantissa(), model.fees);
    assert!(portfolio.pockets().iter().all(|one| one.balances.sum().unwrap().is_zero()));
    // I9: what may still come is never under-counted, as long as no venue said that it is over.
    let exposure = state.exposure(HERE);
    let over = order.state().is_terminal();
    if !over {
        let (untold, price) = (life.untold(model), i128::from(life.limit) * UNIT);
        match life.side {
            Side::Sell => assert!(exposure.working_sell.mantissa() >= untold),
            Side::Buy => {
                assert!(exposure.working_buy.mantissa() >= i128::from(untold) * price);
            }
        }
    }
    // I11: an end is an end, but for a late fill that makes it whole.
    if before.state().is_terminal() {
        let whole = order.state() == OrderState::Filled;
        assert!(order.state() == before.state() || (whole && told == life.size) || life.in_quote);
    }
    // Nothing else works here: what is at risk is what this order says.
    let at_risk = order.at_risk().unwrap();
    assert_eq!((exposure.working_buy, exposure.working_sell), (at_risk.buy, at_risk.sell));
    assert_eq!(state.orders().working_len(), usize::from(!order.is_settled()));
}

/// One record; whether it could be. What could not changed nothing.
fn tell(state: &mut State, record: &Record, (life, model): (&Life, &mut Model)) -> bool {
    let before = *state.orders().get(life.id).unwrap();
    let pockets = state.portfolio().pockets().to_vec();
    let told = state.apply(record).is_ok();
    if !told {
        assert_eq!(state.orders().get(life.id), Some(&before), "{record:?}");
        assert_eq!(state.portfolio().pockets(), pockets, "{record:?}");
    } else if let Record::Fill(fill) = record {
        model.on_fill(life.side, fill);
    }
    // I10: unknown is left by what a venue says of it, never by a wish of ours.
    if before.state() == OrderState::Unknown
        && let Record::Update { update: OrderUpdate::Sent | OrderUpdate::CancelSent, .. } = record
    {
        assert_eq!(state.orders().get(life.id).unwrap().state(), OrderState::Unknown);
    }
    check(state, life, model, &before);
    told
}

/// Live one life; how many events of it could not be.
fn live(dice: &mut Dice, state: &mut State, model: &mut Model, kept: &mut Vec<Record>) -> u64 {
    let sequence =
        u32::try_from(kept.iter().filter(|r| matches!(r, Record::Placed { .. })).count());
    let (life, order) = begin(dice, sequence.unwrap());
    model.told.clear();
    let placed = Record::Placed { ts: ns(1), id: life.id, order, judged: None };
    state.apply(&placed).unwrap();
    kept.push(placed);
    let mut illegal = 0;
    // What is heard on the way, then all of it, as a venue says that is asked.
    for record in life.heard(dice).into_iter().chain(life.whole()) {
        if tell(state, &record, (&life, model)) {
            kept.push(record);
        } else {
            illegal += 1;
        }
    }
    let order = state.orders().get(life.id).unwrap();
    assert_eq!(order.state(), life.truth.end, "{order:?}");
    assert_eq!(life.untold(model), 0);
    assert!(order.is_settled());
    illegal
}

#[test]
fn whatever_is_lost_doubled_or_late_every_life_ends_as_it_did_at_the_venue() {
    let (lives, seed) = (setting("BOT4_LIVES", 20_000), setting("BOT4_SEED", market::SEED));
    println!("{lives} lives, seed {seed}");
    let mut dice = Dice(seed);
    let (mut lived, mut illegal, mut events) = (0, 0, 0);
    while lived < lives {
        let mut state = State::new(vec![instrument()], 1, 7);
        let (mut model, mut kept) = (Model::default(), Vec::new());
        let half = dice.below(CHUNK);
        let mut snapshot = None;
        for number in 0..CHUNK.min(lives - lived) {
            if number == half {
                snapshot = Some((postcard::to_allocvec(&state).unwrap(), kept.len()));
            }
            illegal += live(&mut dice, &mut state, &mut model, &mut kept);
        }
        // I18: a replay of all of it, and a snapshot with the rest, are the same state.
        let replayed = State::new(vec![instrument()], 1, 7).fold(&kept).unwrap();
        assert_eq!(replayed, state);
        if let Some((bytes, from)) = snapshot {
            let state_then: State = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(state_then.fold(&kept[from..]).unwrap(), state);
        }
        lived += CHUNK.min(lives - lived);
        events += kept.len();
    }
    println!("{events} events were taken, {illegal} could not be and changed nothing");
    assert!(illegal > lives / 20, "nonsense was told");
}
