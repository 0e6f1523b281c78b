//! A market that is made: where its orders lie, when they move, and what calls them back. The bot
//! by itself; the tests are its venue. Long because each way that an order may end is told by hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::backtest::{Backtest, BacktestError};
use bot4_engine::book::Touch;
use bot4_engine::bot::{Bot, Decides, Output};
use bot4_engine::decision::Decision;
use bot4_engine::decision::quote::{LEVELS_MAX, Offer, Sides, Terms, TermsError, level, levels};
use bot4_engine::event::{
    Action, Bar, BreakerState, Component, Event, Fill, OrderId, OrderUpdate, Quote, QuoteSide,
    Side, Size, SleeveId, Tick, TickKind, TradingState,
};
use bot4_engine::feed::{Feed, Source};
use bot4_engine::history::Moments;
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::Record;
use bot4_engine::order::{Order, OrderState};
use bot4_engine::risk::limits::Profile;
use bot4_engine::run::{Run, RunSettings};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate, Rounding};

use crate::market::{
    Dice, SECOND, SEED, START, amount, breaker, history, instrument, ns, profile, settings, sleeve,
    trade, try_compile, walk,
};

const NAN: f64 = f64::NAN;

/// A bot that quotes, what it said last, and a clock that goes on by a second.
struct Desk {
    bot: Bot,
    out: Output,
    second: i64,
}

impl Desk {
    /// 10,000 in cash. The quote is what a bar says: offsets in open and high, size in low, around
    /// what in volume.
    fn of_bars(levels: u32, requote: f64, profile: Profile) -> Self {
        let nodes = ["open", "high", "low", "volume"].map(|name| (name, &[][..], &[][..]));
        Self::new(Terms::new(levels, requote).unwrap(), &nodes, &[0, 1, 2, 3], profile)
    }

    /// A thousandth around the mid, each order worth a hundredth of the equity.
    fn of_mid(levels: u32, requote: f64, profile: Profile) -> Self {
        let nodes = [
            ("bid", &[][..], &[][..]),
            ("ask", &[], &[]),
            ("add", &[0, 1], &[]),
            ("constant", &[], &[2.0]),
            ("div", &[2, 3], &[]),
            ("constant", &[], &[0.001]),
            ("constant", &[], &[0.01]),
        ];
        Self::new(Terms::new(levels, requote).unwrap(), &nodes, &[5, 5, 6, 4], profile)
    }

    fn new(terms: Terms, nodes: &[market::Raw<'_>], outputs: &[usize], profile: Profile) -> Self {
        let program = Box::new(try_compile(nodes, outputs).unwrap());
        let decision = Decision::Quote(terms);
        let sleeves = vec![sleeve(0, "1", Decides::Program { program, decision })];
        let bot = Bot::new(vec![instrument()], sleeves, profile, 7);
        let mut desk = Self { bot, out: Output::default(), second: 0 };
        desk.tell(Event::Deposit { ts: ns(START), amount: amount("10000") });
        desk
    }

    fn now(&self) -> Nanos {
        ns(START + self.second * SECOND)
    }

    fn tell(&mut self, event: Event) -> String {
        self.out.clear();
        self.bot.on(&event, &mut self.out).unwrap();
        self.said()
    }

    /// The venue tells its touch.
    fn touch(&mut self, bid: i64, ask: i64) -> String {
        self.second += 1;
        let (bid, ask, qty) = (Price::new(bid), Price::new(ask), Qty::new(10_000));
        let (instrument, ts) = (InstrumentId(0), self.now());
        self.tell(Event::Quote(Quote { instrument, ts, bid, bid_qty: qty, ask, ask_qty: qty }))
    }

    /// A bar at 100 that says this, and the decision on it.
    fn says(&mut self, [open, high, low, volume]: [f64; 4]) -> String {
        self.second += 1;
        let (open_ns, close_ns) = (ns(self.now().mantissa() - SECOND), self.now());
        let (instrument, close) = (InstrumentId(0), 100.0);
        let bar = Bar { instrument, open_ns, close_ns, open, high, low, close, volume };
        assert_eq!(self.tell(Event::Bar(bar)), "");
        self.tell(Event::Time(close_ns))
    }

    fn answer(&mut self, sequence: u32, update: OrderUpdate) -> String {
        let order = OrderId::new(7, sequence);
        self.tell(Event::Order { ts: self.now(), order, update })
    }

    fn canceled(&mut self, sequence: u32) -> String {
        self.answer(sequence, OrderUpdate::Canceled)
    }

    /// So much of an order fills at its price; all that is left of it where nothing is said.
    fn fill(&mut self, sequence: u32, qty: Option<i64>) -> String {
        let order = *self.bot.state().orders().get(OrderId::new(7, sequence)).unwrap();
        let left = left(&order);
        let qty = Qty::new(qty.unwrap_or(left.mantissa()));
        self.fill_said(sequence, qty, qty == left)
    }

    /// So much of an order fills at its price; `last` is what the venue says of it.
    fn fill_said(&mut self, sequence: u32, qty: Qty, last: bool) -> String {
        let id = OrderId::new(7, sequence);
        let price = self.bot.state().orders().get(id).unwrap().new_order().limit.unwrap();
        let (trade, ts, fee) = (trade(), self.now(), Amount::ZERO);
        self.tell(Event::Fill(Fill {
            order: id,
            trade,
            ts,
            price,
            qty,
            fee,
            fee_asset: None,
            last,
        }))
    }

    fn control(&mut self, state: TradingState) -> String {
        self.tell(Event::Control { ts: self.now(), state })
    }

    fn feed(&mut self, state: BreakerState) -> String {
        self.tell(Event::Breaker(breaker(self.now(), Component::Feed, state)))
    }

    fn pause(&mut self, paused: bool) -> String {
        self.tell(Event::Pause { ts: self.now(), sleeve: SleeveId(0), paused })
    }

    fn gap(&mut self) -> String {
        self.tell(Event::Gap { instrument: InstrumentId(0), ts: self.now() })
    }

    fn working(&self) -> Vec<Order> {
        self.bot.state().orders().working().copied().collect()
    }

    /// Refusals, clips and intents, then actions, in words.
    fn said(&self) -> String {
        let record = |record: &Record| match record {
            Record::Refused { refusal, .. } => Some(format!("no: {}", refusal.name())),
            Record::Clipped { limit, .. } => Some(format!("clipped: {}", limit.name())),
            Record::Intent { .. } => Some("intent".to_owned()),
            Record::Placed { .. }
            | Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Update { .. }
            | Record::Amend { .. }
            | Record::CumQty { .. }
            | Record::Fill(_)
            | Record::Crossed { .. }
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
        };
        let action = |action: &Action| match action {
            Action::Place { id, order } => {
                let limit = order.limit.map_or(0, Price::mantissa);
                format!("{} {} at {limit}", order.side.name(), id.sequence())
            }
            Action::Cancel { id } => format!("cancel {}", id.sequence()),
            Action::Amend { .. } | Action::Ask { .. } => format!("{action:?}"),
            Action::Trip(new) => format!("{:?} {:?}", new.part.component, new.state),
        };
        let records = self.out.records.iter().filter_map(record);
        let words: Vec<_> = records.chain(self.out.actions.iter().map(action)).collect();
        words.join("; ")
    }
}

fn left(order: &Order) -> Qty {
    match order.new_order().size {
        Size::Base(qty) => qty.minus(order.filled()).unwrap(),
        Size::Quote(_) => panic!("a quote's orders are sized in base"),
    }
}

fn research() -> Profile {
    profile("research", &[("price_age_max_s", "3600")])
}

#[test]
fn terms_out_of_range_are_refused() {
    for levels in [0, u32::from(LEVELS_MAX) + 1, 300, u32::MAX] {
        assert_eq!(Terms::new(levels, 0.0), Err(TermsError::Levels(levels)));
    }
    for requote in [-1e-9, 1.0, f64::INFINITY, -f64::INFINITY] {
        assert_eq!(Terms::new(1, requote), Err(TermsError::Requote(requote)));
    }
    assert!(matches!(Terms::new(1, NAN), Err(TermsError::Requote(_))));
    assert!(Terms::new(1, 0.0).is_ok() && Terms::new(10, 0.999).is_ok());
}

/// Tick in steps of 0.01, bid and ask offset, around, levels; bids and asks. The touch is far.
type Laid = (i64, [f64; 3], u8, &'static [i64], &'static [i64]);

#[test]
fn prices_lie_on_the_tick_away_from_the_touch() {
    let table: [Laid; 10] = [
        (1, [0.001, 0.001, 100.0], 1, &[9_990], &[10_010]),
        (1, [0.001, 0.002, 100.0], 3, &[9_990, 9_980, 9_970], &[10_020, 10_040, 10_060]),
        // 99.8 and 100.3 exactly would be 99.9049 and 100.0951 around 100.005.
        (1, [0.00100045, 0.00090045, 100.005], 1, &[9_990], &[10_010]),
        (5, [0.0011, 0.0011, 100.0], 2, &[9_985, 9_975], &[10_015, 10_025]),
        (50, [0.0001, 0.0001, 100.0], 3, &[9_950, 9_900, 9_850], &[10_050, 10_100, 10_150]),
        (1, [1e-9, 1e-9, 100.0], 3, &[9_999, 9_998, 9_997], &[10_001, 10_002, 10_003]),
        // Below nothing there is no bid.
        (1, [0.4, 0.4, 1.0], 3, &[60, 20], &[140, 180, 220]),
        (1, [1.0, 1.0, 1.0], 1, &[], &[200]),
        (1, [2.0, f64::INFINITY, 1.0], 1, &[], &[]),
        (1, [0.1, 0.1, 1e300], 1, &[], &[]),
    ];
    for (tick, [bid_offset, ask_offset, around], count, bids, asks) in table {
        let rules = Instrument { tick: Price::new(tick), ..instrument() };
        let touch = Touch {
            bid: Price::new(tick),
            bid_qty: Qty::new(1),
            ask: Price::new(1_000_000),
            ask_qty: Qty::new(1),
        };
        let offer = Offer { bid_offset, ask_offset, size: 0.1, around };
        let terms = Terms::new(u32::from(count), 0.0).unwrap();
        let all = Sides { bid: true, ask: true };
        let wanted = offer.wanted(&terms, Some(touch), all, &rules);
        let laid = |side, quoted: Option<QuoteSide>| -> Vec<i64> {
            let prices = quoted.into_iter().flat_map(|one| levels(side, one, count, rules.tick));
            prices.map(Price::mantissa).collect()
        };
        let got = (laid(Side::Buy, wanted.bid), laid(Side::Sell, wanted.ask));
        assert_eq!(got, (bids.to_vec(), asks.to_vec()), "{tick} {offer:?}");
        let none = offer.wanted(&terms, None, all, &rules);
        assert_eq!((none.bid, none.ask), (None, None), "without a touch");
    }
}

#[test]
fn levels_that_no_integer_holds_are_none() {
    let far = QuoteSide { price: Price::new(i64::MAX - 1), step: Price::new(i64::MAX / 2) };
    let tick = Price::new(1);
    assert!(level(Side::Sell, far, 0, tick).is_some());
    assert_eq!(level(Side::Sell, far, 1, tick), None);
    assert_eq!(level(Side::Sell, far, 9, tick), None);
    assert_eq!(level(Side::Buy, far, 3, tick), None);
    assert_eq!(level(Side::Sell, far, 0, Price::new(0)), None);
}

#[test]
fn both_sides_are_quoted_around_the_mid_and_rest() {
    let mut desk = Desk::of_mid(2, 0.0, research());
    let laid = "intent; buy 0 at 9990; buy 1 at 9980; sell 2 at 10010; sell 3 at 10020";
    assert_eq!(desk.touch(9_999, 10_001), laid);
    // A hundredth of 10,000 at 99.90, on the lot.
    assert_eq!(desk.working()[0].new_order().size, Size::Base(Qty::new(10_010)));
    assert_eq!(desk.touch(9_999, 10_001), "");
    assert_eq!(desk.touch(9_998, 10_002), "", "the same mid");
    for sequence in 0..4 {
        assert_eq!(desk.answer(sequence, OrderUpdate::Acked), "");
    }
}

#[test]
fn quotes_never_take_and_one_that_would_have_is_laid_again_with_the_next_change() {
    for end in [OrderUpdate::Rejected, OrderUpdate::Canceled] {
        let mut desk = Desk::of_mid(1, 0.0, research());
        assert_eq!(desk.touch(9_999, 10_001), "intent; buy 0 at 9990; sell 1 at 10010");
        let laid: Vec<_> = desk.bot.state().orders().all().to_vec();
        assert!(laid.iter().all(|order| order.new_order().terms.post_only), "{laid:?}");
        assert_eq!(desk.answer(0, end), "", "not before the market changed: it would take again");
        assert_eq!(desk.touch(9_999, 10_001), "intent; buy 2 at 9990");
        assert_eq!(desk.touch(9_999, 10_001), "");
    }
}

#[test]
fn a_quote_whose_book_falls_silent_is_called_back_and_laid_again_when_it_speaks() {
    let mut desk = Desk::of_mid(1, 0.0, profile("research", &[("price_age_max_s", "10")]));
    let silent = |desk: &mut Desk, seconds| {
        desk.second += seconds;
        desk.tell(Event::Time(desk.now()))
    };
    assert_eq!(desk.touch(9_999, 10_001), "intent; buy 0 at 9990; sell 1 at 10010");
    for sequence in 0..2 {
        desk.answer(sequence, OrderUpdate::Acked);
    }
    assert_eq!(silent(&mut desk, 10), "", "as old as it may be");
    assert_eq!(silent(&mut desk, 1), "intent; cancel 0; cancel 1");
    assert_eq!(silent(&mut desk, 1), "", "they are on their way out");
    assert!(desk.answer(1, OrderUpdate::CancelRejected).starts_with("Ask"), "it may be gone");
    assert_eq!(silent(&mut desk, 1), "", "not every second");
    let again = "cancel 0; cancel 1";
    assert_eq!(silent(&mut desk, 4), again, "of a venue that did not answer, or would not");
    assert_eq!(desk.canceled(0), "");
    assert_eq!(desk.canceled(1), "");
    assert_eq!(silent(&mut desk, 1), "");
    assert_eq!(desk.touch(9_999, 10_001), "intent; buy 2 at 9990; sell 3 at 10010");
    // Who was paused has called back everything already.
    desk.pause(true);
    assert_eq!(silent(&mut desk, 11), "", "not heard of, so nobody knows");
    let said = silent(&mut desk, 1);
    assert!(said.starts_with("Ask"), "{said}");
    assert!(said.contains("; cancel 2; ") && said.ends_with("; cancel 3"), "{said}");
}

#[test]
fn orders_move_only_beyond_the_requote_and_each_side_by_itself() {
    let mut desk = Desk::of_bars(1, 0.0005, research());
    desk.touch(9_950, 10_050);
    assert_eq!(desk.says([0.001, 0.001, 0.01, 100.0]), "intent; buy 0 at 9990; sell 1 at 10010");
    assert_eq!(desk.says([0.0013, 0.0007, 0.01, 100.0]), "", "by three ticks");
    assert_eq!(desk.says([0.0015, 0.0005, 0.01, 100.0]), "", "by five");
    assert_eq!(desk.says([0.0016, 0.0005, 0.01, 100.0]), "intent; cancel 0", "bids by six");
    assert_eq!(desk.canceled(0), "buy 2 at 9984");
    assert_eq!(desk.says([0.0016, 0.0003, 0.01, 100.0]), "intent; cancel 1");
    assert_eq!(desk.canceled(1), "sell 3 at 10003");
    // Measured from what was wanted before, and not from what was said since.
    assert_eq!(desk.says([0.0012, 0.0003, 0.01, 100.0]), "");
    assert_eq!(desk.says([0.0010, 0.0003, 0.01, 100.0]), "intent; cancel 2");
}

#[test]
fn a_side_that_stays_does_not_stand_in_the_way_of_the_other() {
    let mut desk = Desk::of_bars(1, 0.005, research());
    desk.touch(9_000, 11_000);
    desk.says([0.006, 0.001, 0.01, 100.0]);
    // The ask need not move by itself; but the bid comes up to it.
    assert_eq!(desk.says([0.0001, 0.001, 0.01, 100.4]), "intent; cancel 0; cancel 1");
    desk.canceled(0);
    assert_eq!(desk.canceled(1), "buy 2 at 10038; sell 3 at 10051");
}

#[test]
fn what_is_no_number_above_zero_is_not_quoted() {
    let good = [0.001, 0.001, 0.01, 100.0];
    for wrong in [NAN, 0.0, -0.001] {
        // Place in the bar, and what is called back.
        for (place, gone) in [(0, "cancel 0"), (1, "cancel 1"), (2, ""), (3, "")] {
            let mut desk = Desk::of_bars(1, 0.0, research());
            desk.touch(9_950, 10_050);
            assert_eq!(desk.says(good), "intent; buy 0 at 9990; sell 1 at 10010");
            let mut said = good;
            said[place] = wrong;
            let gone = if gone.is_empty() { "cancel 0; cancel 1" } else { gone };
            assert_eq!(desk.says(said), format!("intent; {gone}"), "{wrong} at {place}");
            assert_eq!(desk.says(said), "", "{wrong} at {place}");
            let mut fresh = Desk::of_bars(1, 0.0, research());
            fresh.touch(9_950, 10_050);
            let other = match place {
                0 => "intent; sell 0 at 10010",
                1 => "intent; buy 0 at 9990",
                _ => "",
            };
            assert_eq!(fresh.says(said), other, "{wrong} at {place}, from the start");
        }
    }
}

#[test]
fn no_order_crosses_the_touch() {
    let mut desk = Desk::of_bars(2, 0.0, research());
    desk.touch(10_100, 10_101);
    let laid = "intent; buy 0 at 9990; buy 1 at 9980; sell 2 at 10102; sell 3 at 10112";
    // The asks are wanted at 100.10 and 100.20: begun a tick above the best bid, and not below.
    let mut below = Desk::of_bars(2, 0.0, research());
    below.touch(10_099, 10_101);
    assert_eq!(
        below.says([0.001, 0.001, 0.01, 100.0]),
        "intent; buy 0 at 9990; buy 1 at 9980; sell 2 at 10100; sell 3 at 10110"
    );
    assert_eq!(
        desk.says([0.001, 0.001, 0.01, 100.0]),
        laid.replace("10102", "10101").replace("10112", "10111")
    );
    // The best bid goes down: what was held back by it follows, at once.
    assert_eq!(desk.touch(10_004, 10_006), "intent; cancel 2; cancel 3");
    assert_eq!(desk.canceled(2), "");
    // It comes up again before the last is gone: nothing is placed below it.
    assert_eq!(desk.touch(10_020, 10_022), "intent");
    assert_eq!(desk.canceled(3), "sell 4 at 10021; sell 5 at 10031");
}

#[test]
fn part_of_a_fill_keeps_the_order_and_the_last_wants_it_anew() {
    let mut desk = Desk::of_mid(1, 0.0, research());
    desk.touch(9_999, 10_001);
    assert_eq!(desk.fill(0, Some(4_000)), "");
    assert_eq!(desk.touch(9_999, 10_001), "", "what is left of it lies there");
    assert_eq!(desk.fill(0, None), "", "not before the market changed");
    assert_eq!(desk.touch(9_999, 10_001), "intent; buy 2 at 9990");
    assert_eq!(desk.touch(9_999, 10_001), "");
    assert_eq!(desk.bot.state().portfolio().position(InstrumentId(0)).qty, Qty::new(10_010));
}

#[test]
fn an_order_whose_last_fill_overtook_the_others_is_wanted_anew_when_it_is_done() {
    let mut desk = Desk::of_mid(1, 0.0, research());
    desk.touch(9_999, 10_001);
    assert_eq!(desk.fill_said(0, Qty::new(4_000), true), "");
    assert_eq!(desk.touch(9_999, 10_001), "", "what is left of it is on its way");
    assert_eq!(desk.fill_said(0, Qty::new(6_010), false), "");
    assert_eq!(desk.touch(9_999, 10_001), "intent; buy 2 at 9990");
    assert_eq!(desk.touch(9_999, 10_001), "");
}

#[test]
fn a_refusal_is_not_tried_again_until_something_else_is_wanted() {
    let mut desk = Desk::of_mid(2, 0.0, profile("unleveraged", &[]));
    let laid = "intent; no: shorting; buy 0 at 9990; buy 1 at 9980";
    assert_eq!(desk.touch(9_999, 10_001), laid, "one word for a side");
    assert_eq!(desk.touch(9_999, 10_001), "");
    assert_eq!(desk.touch(10_099, 10_101), "intent; cancel 0; cancel 1");
    assert_eq!(desk.canceled(0), "");
    assert_eq!(desk.canceled(1), "no: shorting; buy 2 at 10089; buy 3 at 10079");
    assert_eq!(desk.touch(10_099, 10_101), "");
    // Once something is held, it is offered: by two orders, of which the second is clipped.
    desk.fill(2, None);
    let said = desk.touch(10_099, 10_101);
    let asks = "sell 5 at 10111; sell 6 at 10121";
    assert_eq!(said, format!("intent; clipped: shorting; buy 4 at 10089; {asks}"));
}

#[test]
fn a_limit_clips_each_order_by_itself() {
    let mut desk = Desk::of_mid(2, 0.0, profile("research", &[("position_max", "0.015")]));
    let said = desk.touch(9_999, 10_001);
    let laid = "buy 0 at 9990; buy 1 at 9980; sell 2 at 10010; sell 3 at 10020";
    assert_eq!(said, format!("intent; clipped: position_limit; clipped: position_limit; {laid}"));
}

#[test]
fn nothing_is_placed_before_all_that_goes_is_gone() {
    let mut desk = Desk::of_mid(2, 0.0, research());
    desk.touch(9_999, 10_001);
    assert_eq!(desk.touch(10_009, 10_011), "intent; cancel 0; cancel 1; cancel 2; cancel 3");
    assert_eq!(desk.canceled(0), "");
    // Wanted elsewhere meanwhile: nothing new to call back.
    assert_eq!(desk.touch(10_019, 10_021), "intent");
    assert_eq!(desk.canceled(1), "");
    assert_eq!(desk.fill(2, None), "", "one filled on its way out");
    assert_eq!(desk.answer(2, OrderUpdate::CancelRejected), "");
    let laid = "buy 4 at 10009; buy 5 at 9999; sell 6 at 10031; sell 7 at 10041";
    assert_eq!(desk.canceled(3), laid);
    assert_eq!(desk.touch(10_019, 10_021), "");
}

#[test]
fn an_order_at_a_wanted_price_stays_where_another_goes() {
    // Two levels, ten ticks apart: ten ticks on, the first is where the second is wanted.
    let mut desk = Desk::of_bars(2, 0.0, research());
    desk.touch(9_950, 10_150);
    let laid = "intent; buy 0 at 9990; buy 1 at 9980";
    assert_eq!(desk.says([0.001, NAN, 0.01, 100.0]), laid);
    assert_eq!(desk.says([0.000_999, NAN, 0.01, 100.1]), "intent; cancel 1");
    assert_eq!(desk.canceled(1), "buy 2 at 10000");
}

#[test]
fn a_venue_that_does_not_cancel_is_asked_again_and_nothing_is_laid_beside_it() {
    let mut desk = Desk::of_mid(1, 0.0, research());
    desk.touch(9_999, 10_001);
    desk.answer(0, OrderUpdate::Acked);
    assert_eq!(desk.touch(10_099, 10_101), "intent; cancel 0; cancel 1");
    assert!(desk.answer(0, OrderUpdate::CancelRejected).starts_with("Ask"), "it may be gone");
    assert_eq!(desk.canceled(1), "", "not while another lies where it should not");
    assert_eq!(desk.touch(10_099, 10_101), "intent");
    assert_eq!(desk.touch(10_099, 10_101), "", "wanted, and waits");
    desk.second += 5;
    assert_eq!(desk.tell(Event::Time(desk.now())), "cancel 0");
    assert_eq!(desk.canceled(0), "buy 2 at 10089; sell 3 at 10111");
    // Where the answer is unclear the order may live: it is asked to go with each question.
    desk.touch(10_199, 10_201);
    assert_eq!(desk.canceled(3), "");
    assert_eq!(desk.answer(2, OrderUpdate::Unanswered), "");
    desk.second += 1;
    assert!(desk.tell(Event::Time(desk.now())).ends_with("; cancel 2"));
    let laid = "buy 4 at 10189; sell 5 at 10211";
    desk.second += 13;
    assert_eq!(desk.answer(2, OrderUpdate::NotFoundById), "");
    assert_eq!(desk.answer(2, OrderUpdate::NotFoundOpen), laid);
}

#[test]
fn another_size_is_another_order() {
    let mut desk = Desk::of_bars(1, 0.01, research());
    desk.touch(9_950, 10_050);
    desk.says([0.001, 0.001, 0.01, 100.0]);
    assert_eq!(desk.says([0.001, 0.001, 0.02, 100.1]), "intent; cancel 0; cancel 1");
    desk.canceled(0);
    assert_eq!(desk.canceled(1), "buy 2 at 9990; sell 3 at 10010");
    assert_eq!(desk.working()[0].new_order().size, Size::Base(Qty::new(20_020)));
}

#[test]
fn a_gap_calls_everything_back_whatever_the_quote_is_made_of() {
    let mut desk = Desk::of_mid(1, 0.5, research());
    desk.touch(9_999, 10_001);
    assert_eq!(desk.gap(), "intent; cancel 0; cancel 1");
    let mut desk = Desk::of_bars(1, 0.5, research());
    desk.touch(9_950, 10_050);
    desk.says([0.001, 0.001, 0.01, 100.0]);
    assert_eq!(desk.gap(), "intent; cancel 0; cancel 1");
    assert_eq!(desk.canceled(0), "");
    assert_eq!(desk.canceled(1), "", "no book, no quote");
    // A crossed one is none either.
    let mut desk = Desk::of_mid(1, 0.5, research());
    desk.touch(9_999, 10_001);
    assert_eq!(desk.touch(10_001, 10_001), "intent; cancel 0; cancel 1");
    desk.canceled(0);
    desk.canceled(1);
    assert_eq!(desk.touch(9_999, 10_001), "intent; buy 2 at 9990; sell 3 at 10010");
}

#[test]
fn operators_call_quotes_back_and_resuming_wants_them_anew() {
    type Does = fn(&mut Desk) -> String;
    let halt: Does = |desk| desk.control(TradingState::Halted);
    let pause: Does = |desk| desk.pause(true);
    let go: Does = |desk| desk.control(TradingState::Active);
    let unpause: Does = |desk| desk.pause(false);
    for (stops, goes) in [(halt, go), (pause, unpause)] {
        let mut desk = Desk::of_mid(1, 0.0, research());
        desk.touch(9_999, 10_001);
        assert_eq!(stops(&mut desk), "intent; cancel 0; cancel 1");
        assert_eq!(desk.touch(10_009, 10_011), "", "nothing is wanted");
        assert_eq!((desk.canceled(0), desk.canceled(1)), (String::new(), String::new()));
        assert_eq!(desk.touch(9_999, 10_001), "");
        assert_eq!(goes(&mut desk), "");
        assert_eq!(desk.touch(9_999, 10_001), "intent; buy 2 at 9990; sell 3 at 10010");
        // Once more, resumed before the venue has canceled.
        assert_eq!(stops(&mut desk), "intent; cancel 2; cancel 3");
        goes(&mut desk);
        assert_eq!(desk.touch(9_999, 10_001), "intent");
        assert_eq!(desk.canceled(2), "");
        assert_eq!(desk.canceled(3), "buy 4 at 9990; sell 5 at 10010");
    }
}

#[test]
fn a_stop_calls_quotes_back_and_the_next_start_wants_them_anew() {
    let mut desk = Desk::of_mid(1, 0.0, research());
    desk.touch(9_999, 10_001);
    let ts = desk.now();
    assert_eq!(desk.tell(Event::Stop { ts, flatten: false }), "intent; cancel 0; cancel 1");
    assert_eq!((desk.canceled(0), desk.canceled(1)), (String::new(), String::new()));
    desk.tell(Event::Start { ts, epoch: 7, quiet_until: 0 });
    assert_eq!(desk.touch(9_999, 10_001), "intent; buy 2 at 9990; sell 3 at 10010");
}

#[test]
fn a_flattening_closes_what_was_made_and_quotes_nothing() {
    let mut desk = Desk::of_mid(1, 0.0, research());
    desk.touch(9_999, 10_001);
    desk.fill(0, None);
    let ts = desk.now();
    assert_eq!(desk.tell(Event::Flatten { ts }), "intent; cancel 1");
    assert_eq!(desk.touch(10_009, 10_011), "");
    assert_eq!(desk.canceled(1), "sell 2 at 5005", "at the market, down to the collar");
    assert_eq!(desk.touch(9_999, 10_001), "");
}

#[test]
fn where_only_reducing_is_allowed_only_the_side_that_closes_is_quoted() {
    type Does = fn(&mut Desk) -> String;
    let reduce: Does = |desk| desk.control(TradingState::Reducing);
    let open: Does = |desk| desk.feed(BreakerState::Open);
    for (does, reason) in [(reduce, "reducing_only"), (open, "breaker_open")] {
        let mut desk = Desk::of_mid(2, 0.0, research());
        desk.touch(9_999, 10_001);
        desk.fill(0, None);
        does(&mut desk);
        assert_eq!(desk.touch(9_999, 10_001), "intent; cancel 1");
        assert_eq!(desk.touch(9_999, 10_001), "");
        desk.canceled(1);
        desk.fill(2, None);
        // The two asks were of more than was held: now the bids close, and no more than that.
        desk.fill(3, None);
        assert!(desk.bot.state().portfolio().position(InstrumentId(0)).qty.is_negative());
        let said = desk.touch(9_999, 10_001);
        assert_eq!(said, format!("intent; clipped: {reason}; no: {reason}; buy 4 at 9990"));
    }
}

#[test]
fn where_there_is_no_book_a_quote_is_refused_before_it_begins() {
    let sleeves = || {
        let program = Box::new(try_compile(&[("bid", &[], &[])], &[0, 0, 0, 0]).unwrap());
        let decision = Decision::Quote(Terms::new(1, 0.0).unwrap());
        vec![sleeve(0, "1", Decides::Program { program, decision })]
    };
    let bars = || history("file:X", &walk(SEED, 10, 100.0));
    let refused = |symbol: &str| Some(BacktestError::NoBook(symbol.to_owned()));
    let tested = Backtest::new(vec![bars()], sleeves(), &settings(research()));
    assert_eq!(tested.err(), refused("file:X"));
    let run = |feed, has_book| {
        let settings = RunSettings {
            faults: None,
            cash: amount("10000"),
            slippage: Rate::ZERO,
            latency: Nanos::ZERO,
            bar_interval: ns(SECOND),
            has_book,
            profile: research(),
        };
        Run::new(feed, vec![instrument()], sleeves(), &settings).err()
    };
    let ticks = || Feed::Ticks(vec![Source::Recorded([].into(), 0)]);
    assert_eq!(run(Feed::Bars(Moments::new(vec![bars()])), true), refused("test:BTC"));
    assert_eq!(run(ticks(), false), refused("test:BTC"));
    assert_eq!(run(ticks(), true), None);
}

/// One order as a simple ledger of the tests' own sees it.
#[derive(Debug, Clone, Copy)]
struct Known {
    side: Side,
    price: i64,
    left: i64,
}

/// What must hold after every event: no more orders a side than levels, none across the other side
/// or the touch it was placed under, and nothing that may still fill left out of the exposure.
fn holds(desk: &Desk, levels: usize, touch: Option<(i64, i64)>) -> Result<(), String> {
    let working: Vec<Known> = desk
        .working()
        .iter()
        .map(|order| {
            let new = order.new_order();
            let price = new.limit.unwrap().mantissa();
            Known { side: new.side, price, left: left(order).mantissa() }
        })
        .collect();
    let of = |side| working.iter().filter(move |known| known.side == side);
    for side in Side::ALL {
        let mut prices: Vec<_> = of(side).map(|known| known.price).collect();
        let count = prices.len();
        prices.sort_unstable();
        prices.dedup();
        if count > levels || prices.len() < count {
            return Err(format!("{count} {} orders at {prices:?}", side.name()));
        }
    }
    let best_bid = of(Side::Buy).map(|known| known.price).max().unwrap_or(0);
    if of(Side::Sell).any(|known| known.price <= best_bid) {
        return Err("a bid of ours at an ask of ours".to_owned());
    }
    for action in &desk.out.actions {
        let Action::Place { order, .. } = action else { continue };
        let price = order.limit.unwrap().mantissa();
        let clear = touch.is_some_and(|(bid, ask)| match order.side {
            Side::Buy => price < ask,
            Side::Sell => price > bid,
        });
        if !clear {
            return Err(format!("{} at {price} under {touch:?}", order.side.name()));
        }
    }
    let rules = instrument();
    let exposure = desk.bot.state().exposure(InstrumentId(0));
    let costs = of(Side::Buy).map(|known| {
        let notional = rules.notional(Price::new(known.price), Qty::new(known.left)).unwrap();
        notional.plus(notional.times(rules.taker_fee, Rounding::Up).unwrap()).unwrap()
    });
    let buys = costs.fold(Amount::ZERO, |sum, one| sum.plus(one).unwrap());
    let sells = of(Side::Sell).map(|known| known.left).sum::<i64>();
    if exposure.working_buy < buys || exposure.working_sell.mantissa() < sells {
        return Err(format!("{exposure:?} for {buys:?} and {sells}"));
    }
    Ok(())
}

/// A seeded market and a venue that answers in any order, late, or not clearly.
fn made_market_holds(seed: u64, steps: usize) -> Result<usize, String> {
    let mut dice = Dice(seed);
    let levels = 1 + dice.below(10);
    let requote = [0.0, 0.0001, 0.002][usize::try_from(dice.below(3)).unwrap()];
    let name = ["research", "unleveraged", "default"][usize::try_from(dice.below(3)).unwrap()];
    let limits = profile(name, &[("price_age_max_s", "3600")]);
    let mut desk = Desk::of_mid(u32::try_from(levels).unwrap(), requote, limits);
    let levels = usize::try_from(levels).unwrap();
    let (mut mid, mut touch, mut fills) = (10_000_i64, None, 0);
    for step in 0..steps {
        let working = desk.working();
        let roll = dice.below(20);
        let order = working.get(usize::try_from(dice.below(40)).unwrap() % working.len().max(1));
        let (event, order) = (order.map(|order| order.id().sequence()), order.copied());
        match (roll, event.zip(order)) {
            (0..=7, _) | (_, None) => {
                mid += i64::try_from(dice.below(41)).unwrap() - 20;
                let half = 1 + i64::try_from(dice.below(8)).unwrap();
                let crossed = dice.below(30) == 0;
                touch = (!crossed).then_some((mid - half, mid + half));
                desk.touch(mid - half, if crossed { mid - half } else { mid + half });
            }
            (8, _) => {
                touch = None;
                desk.gap();
                // Told anew: a touch alone does not heal it, so begin a book.
                let ladder = |side, price, last| {
                    let (price, qty) = (Price::new(price), Qty::new(5));
                    let kind = TickKind::Level { side, price, qty };
                    (kind, last)
                };
                let clear = (TickKind::Clear, false);
                let told =
                    [clear, ladder(Side::Buy, mid - 1, false), ladder(Side::Sell, mid + 1, true)];
                for (kind, last) in told {
                    let (instrument, ts) = (InstrumentId(0), desk.now());
                    touch = last.then_some((mid - 1, mid + 1));
                    desk.tell(Event::Tick(Tick { instrument, ts, last, kind }));
                }
            }
            (9, _) => {
                let states = TradingState::ALL;
                desk.control(states[usize::try_from(dice.below(3)).unwrap()]);
            }
            (10 | 11, _) => {
                desk.control(TradingState::Active);
            }
            (12..=14, Some((sequence, order))) => {
                let left = left(&order).mantissa();
                let part = 1 + i64::try_from(dice.below(left.unsigned_abs())).unwrap();
                desk.fill(sequence, Some(if dice.below(2) == 0 { left } else { part }));
                fills += 1;
            }
            (15..=18, Some((sequence, order))) if order.state() == OrderState::PendingCancel => {
                let update = match dice.below(8) {
                    0 => OrderUpdate::CancelRejected,
                    1 => OrderUpdate::Unanswered,
                    _ => OrderUpdate::Canceled,
                };
                desk.answer(sequence, update);
            }
            (_, Some((sequence, _))) => {
                desk.answer(sequence, OrderUpdate::Acked);
            }
        }
        holds(&desk, levels, touch).map_err(|why| format!("seed {seed}, step {step}: {why}"))?;
    }
    Ok(fills)
}

#[test]
fn whatever_the_market_and_the_venue_do_no_quote_crosses_or_piles_up() {
    let played: Result<Vec<usize>, String> =
        (SEED..SEED + 60).map(|seed| made_market_holds(seed, 1_500)).collect();
    let fills: usize = played.unwrap().iter().sum();
    assert!(fills > 2_000, "seed {SEED}: {fills} fills");
}

#[test]
fn a_venue_that_does_not_cancel_on_a_silent_book_is_asked_every_five_seconds() {
    let mut desk = Desk::of_mid(1, 0.0, profile("research", &[("price_age_max_s", "60")]));
    desk.touch(9_999, 10_001);
    for order in 0..2 {
        desk.answer(order, OrderUpdate::Acked);
    }
    desk.second += 61;
    let mut cancels = 0;
    for _ in 0..100 {
        desk.second += 1;
        cancels += desk.tell(Event::Time(desk.now())).matches("cancel").count();
        for order in 0..2 {
            let order = OrderId::new(7, order);
            let state = desk.bot.state().orders().get(order).unwrap().state();
            if state == OrderState::PendingCancel {
                desk.answer(order.sequence(), OrderUpdate::CancelRejected);
            }
        }
    }
    assert_eq!(cancels, 2 * 20);
}
