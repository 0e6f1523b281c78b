//! Whatever order a venue's words come in, and however often: each story of an order, told in every
//! order there is, ends alike. What is told is true, so none of it may be refused.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod market;

use bot4_engine::asset::Asset;
use bot4_engine::event::{
    Amendment, Fill, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size, SleeveId, TradeId,
};
use bot4_engine::exposure::Exposure;
use bot4_engine::instrument::InstrumentId;
use bot4_engine::journal::{Record, State};
use bot4_engine::order::OrderState;
use bot4_engine::units::{Amount, Nanos, Price, Qty};

use crate::market::{SECOND, instrument, ns};

const HERE: InstrumentId = InstrumentId(0);
const ID: OrderId = OrderId::new(7, 0);
/// All orders are of so much, at a price of 1.00.
const SIZE: i64 = 10;
/// A lot at that price, in the smallest amounts.
const UNIT: i128 = 100_000_000_000_000;
/// What an order may be amended to.
const LARGER: i64 = 20;
const SMALLER: i64 = 5;

/// What one party says, or does.
#[derive(Debug, Clone, Copy)]
enum Word {
    Said(OrderUpdate),
    /// Told behind every fence.
    NotFound(OrderUpdate),
    Fill(i64),
    Last(i64),
    Cum(i64),
    AmendTo(i64),
}

use OrderUpdate::{
    Acked, AmendRejected, Amended, CancelRejected, CancelSent, Canceled, Expired, NotFoundById,
    NotFoundOpen, NotFoundTrades, Received, Rejected, Sent, Unanswered,
};
use Word::{AmendTo, Cum, Last, NotFound, Said};

struct Story<'a> {
    name: &'a str,
    in_quote: bool,
    /// What we did first, in this order.
    ours: &'a [Word],
    /// What the venue says, in any order.
    theirs: &'a [Word],
    end: OrderState,
    /// What is still at work in the end, in lots.
    left: i64,
}

const STORY: Story<'_> = Story {
    name: "",
    in_quote: false,
    ours: &[Said(Sent)],
    theirs: &[],
    end: OrderState::Filled,
    left: 0,
};

/// Asked to cancel before anything was heard.
const CALLED_BACK: &[Word] = &[Said(Sent), Said(CancelSent)];
const IN_DOUBT: &[Word] = &[Said(Sent), Said(Unanswered)];
const MADE_LARGER: &[Word] = &[Said(Sent), Said(Acked), AmendTo(LARGER)];
const MADE_SMALLER: &[Word] = &[Said(Sent), Said(Acked), AmendTo(SMALLER)];

fn stories() -> Vec<Story<'static>> {
    use Word::Fill as F;
    let (part, canceled) = (OrderState::PartiallyFilled, OrderState::Canceled);
    let (ours, told) = (CALLED_BACK, OrderState::Filled);
    let story = |name, ours, theirs, end, left| Story { name, ours, theirs, end, left, ..STORY };
    let plain = &[Said(Received), Said(Acked), F(2), F(3), Last(5), Cum(10)];
    let all = &[Said(Acked), F(4), Last(6), Cum(4), Cum(10), Said(Unanswered)];
    let cut = &[Said(Received), Said(Acked), F(2), F(3), Cum(5), Said(Canceled)];
    let tardy = &[Said(Acked), F(2), Cum(2), Said(Canceled), Said(Unanswered)];
    let race = &[Said(Acked), F(4), Last(6), Cum(10), Said(CancelRejected)];
    let kept = &[Said(Acked), F(4), Cum(4), Said(CancelRejected)];
    let ran_out = &[Said(Acked), F(2), Cum(2), Said(Expired), Said(Unanswered)];
    let refused = &[Said(Received), Said(Rejected), Said(Unanswered)];
    let found = &[Said(Acked), F(4), Cum(4)];
    let larger = &[Said(Amended), F(8), Last(12), Cum(8), Cum(20)];
    let larger_cut = &[Said(Amended), F(8), F(4), Cum(12), Said(Canceled)];
    let not_larger = &[Said(AmendRejected), F(4), Last(6), Cum(10)];
    let smaller = &[Said(Amended), F(2), Last(3), Cum(5)];
    let none = &[NotFound(NotFoundById), NotFound(NotFoundOpen), NotFound(NotFoundTrades)];
    vec![
        story("filled in three", STORY.ours, plain, told, 0),
        story("filled, and the answer timed out", STORY.ours, all, told, 0),
        Story { in_quote: true, ..story("filled by value", STORY.ours, all, told, 0) },
        story("canceled when part was filled", ours, cut, canceled, 0),
        story("canceled by its venue", STORY.ours, tardy, canceled, 0),
        story("filled before the cancel came", ours, race, told, 0),
        story("the cancel was refused", ours, kept, part, 6),
        story("its time ran out", STORY.ours, ran_out, OrderState::Expired, 0),
        story("refused", STORY.ours, refused, OrderState::Rejected, 0),
        story("found after all", IN_DOUBT, found, part, 6),
        story("found filled", IN_DOUBT, race, told, 0),
        story("made larger and filled", MADE_LARGER, larger, told, 0),
        story("made larger and canceled", MADE_LARGER, larger_cut, canceled, 0),
        story("not made larger, since filled", MADE_LARGER, not_larger, told, 0),
        story("made smaller and filled", MADE_SMALLER, smaller, told, 0),
        story("nowhere to be found", IN_DOUBT, none, OrderState::Unknown, SIZE),
    ]
}

fn worth(qty: i64) -> Amount {
    Amount::new(i128::from(qty) * UNIT)
}

fn new_order(side: Side, in_quote: bool) -> NewOrder {
    let reserve = if side == Side::Buy { worth(SIZE) } else { Amount::ZERO };
    NewOrder {
        sleeve: SleeveId(0),
        instrument: HERE,
        side,
        size: if in_quote { Size::Quote(worth(SIZE)) } else { Size::Base(Qty::new(SIZE)) },
        limit: Some(Price::new(100)),
        reserve,
        terms: OrderTerms::default(),
        replaces: None,
    }
}

/// The record of a word; a fill is known by its place in the story.
fn record(word: Word, place: usize, side: Side) -> Record {
    let (ts, order) = (ns(SECOND), ID);
    let fill = |qty, last| {
        let (trade, price, qty) = (TradeId::new(place as u128), Price::new(100), Qty::new(qty));
        Record::Fill(Fill {
            order,
            trade,
            ts,
            price,
            qty,
            fee: Amount::ZERO,
            fee_asset: None,
            last,
        })
    };
    match word {
        Said(update) => Record::Update { ts, order, update },
        NotFound(update) => Record::Update { ts: Nanos::new(1_000 * SECOND), order, update },
        Word::Fill(qty) => fill(qty, false),
        Last(qty) => fill(qty, true),
        Cum(qty) => Record::CumQty { ts, order, qty: Qty::new(qty) },
        AmendTo(qty) => {
            let reserve = if side == Side::Buy { worth(qty) } else { Amount::ZERO };
            let to = Amendment { limit: Price::new(100), qty: Qty::new(qty), reserve };
            Record::Amend { ts, order, to }
        }
    }
}

/// Every order of `n` places (Heap's way).
fn every_order(n: usize) -> Vec<Vec<usize>> {
    let (mut places, mut counts) = ((0..n).collect::<Vec<_>>(), vec![0; n]);
    let (mut orders, mut at) = (vec![places.clone()], 0);
    while at < n {
        if counts[at] < at {
            places.swap(if at.is_multiple_of(2) { 0 } else { counts[at] }, at);
            orders.push(places.clone());
            counts[at] += 1;
            at = 0;
        } else {
            counts[at] = 0;
            at += 1;
        }
    }
    orders
}

/// What is compared: the order and what it did to the ledger.
fn seen(state: &State) -> (OrderState, i64, Amount, Exposure, Amount) {
    let order = state.orders().get(ID).unwrap();
    let cash = state.portfolio().loose(Asset::CASH).unwrap();
    (order.state(), order.filled().mantissa(), order.spent(), state.exposure(HERE), cash)
}

/// What has not been told yet of what was traded, and never less than that at work while the order
/// is not over. Once it is over: what its venue has announced.
fn check_exposure(state: &State, side: Side, traded: i64, context: &str) {
    let order = state.orders().get(ID).unwrap();
    let owed = order.owed().unwrap().mantissa();
    let over = order.state().is_terminal();
    let untold = if over { owed } else { traded - order.filled().mantissa() };
    let exposure = state.exposure(HERE);
    match side {
        Side::Buy => assert!(exposure.working_buy >= worth(untold), "{context}"),
        Side::Sell => assert!(exposure.working_sell >= Qty::new(untold), "{context}"),
    }
}

fn traded(theirs: &[Word]) -> i64 {
    let qty = |word: &Word| match *word {
        Word::Fill(qty) | Last(qty) => qty,
        Said(_) | NotFound(_) | Cum(_) | AmendTo(_) => 0,
    };
    theirs.iter().map(qty).sum()
}

/// Tell one story in this order, each word as often as `times`.
fn tell(story: &Story<'_>, side: Side, places: &[usize], times: usize) -> State {
    let mut state = State::new(vec![instrument()], 1, 7);
    let order = new_order(side, story.in_quote);
    state.apply(&Record::Placed { ts: Nanos::ZERO, id: ID, order, judged: None }).unwrap();
    let traded = traded(story.theirs);
    for word in story.ours {
        state.apply(&record(*word, usize::MAX, side)).unwrap();
    }
    for place in places {
        let word = story.theirs[*place];
        let said = record(word, *place, side);
        let context = format!("{}: {side:?} {word:?} of {places:?}", story.name);
        assert_eq!(state.apply(&said), Ok(()), "{context}");
        for _ in 1..times {
            let once = seen(&state);
            // The same again may be refused; it does nothing.
            let _ = state.apply(&said);
            assert_eq!(seen(&state), once, "{context}");
        }
        check_exposure(&state, side, traded, &context);
    }
    state
}

#[test]
fn a_story_told_in_any_order_and_any_number_of_times_ends_alike() {
    for story in stories() {
        let sides: &[Side] = if story.in_quote { &[Side::Buy] } else { &[Side::Buy, Side::Sell] };
        for side in sides {
            let qty = traded(story.theirs);
            let wanted = |state: &State| {
                let (working_buy, working_sell) = match side {
                    Side::Buy => (worth(story.left), Qty::ZERO),
                    Side::Sell => (Amount::ZERO, Qty::new(story.left)),
                };
                let position = Qty::new(side.sign() * qty);
                let exposure = Exposure { position, working_buy, working_sell };
                let cash = Amount::new(-i128::from(side.sign()) * worth(qty).mantissa());
                assert_eq!(
                    seen(state),
                    (story.end, qty, worth(qty), exposure, cash),
                    "{}",
                    story.name
                );
            };
            for places in every_order(story.theirs.len()) {
                wanted(&tell(&story, *side, &places, 1));
                wanted(&tell(&story, *side, &places, 2));
            }
        }
    }
}

#[test]
fn every_order_of_places_is_there_once() {
    let mut orders = every_order(4);
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), 24);
}
