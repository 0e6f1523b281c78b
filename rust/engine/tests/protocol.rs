//! What the bot does about orders that are not answered, by itself and in time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;

use bot4_engine::bot::{Bot, BotError, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Bar, Event, Execution, Fill, Intent, NewOrder, OrderId, OrderTerms, OrderUpdate, Side,
    Size, SleeveId, TimeInForce, TradeId, Unexplained, Want,
};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::journal::Record;
use bot4_engine::order::{OrderError, OrderState};
use bot4_engine::risk::limits::Profile;
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

use crate::market::{SECOND, amount, instrument, ns, trade};

const HERE: InstrumentId = InstrumentId(0);

/// A bot without a strategy of its own, and what it said last.
struct Floor {
    bot: Bot,
    out: Output,
}

impl Floor {
    fn new() -> Self {
        let (strategy, decides) = ("outside".to_owned(), Decides::Outside);
        let sleeve = Sleeve { strategy, instrument: HERE, allocation: Rate::ONE, decides };
        let profile = Profile::named("research").unwrap();
        let bot = Bot::new(vec![instrument()], vec![sleeve], profile, 7);
        let mut floor = Self { bot, out: Output::default() };
        floor.tell(Event::Deposit { ts: ns(SECOND), amount: amount("1000") });
        floor.time(1);
        floor
    }

    fn try_tell(&mut self, event: Event) -> Result<Vec<Action>, BotError> {
        self.out.clear();
        let told = self.bot.on(&event, &mut self.out);
        told.map(|()| self.out.actions.clone())
    }

    fn tell(&mut self, event: Event) -> Vec<Action> {
        self.try_tell(event).unwrap()
    }

    /// A bar closes at a price of 1.00, and it is that time: what was asked for, in words.
    fn time(&mut self, second: i64) -> Vec<String> {
        self.at(second * SECOND)
    }

    fn at(&mut self, now: i64) -> Vec<String> {
        let (open_ns, close_ns) = (ns(now - 1), ns(now));
        let (open, high, low, close, volume) = (1.0, 1.0, 1.0, 1.0, 1.0);
        let instrument = HERE;
        self.tell(Event::Bar(Bar {
            instrument,
            open_ns,
            close_ns,
            open,
            high,
            low,
            close,
            volume,
        }));
        let actions = self.tell(Event::Time(ns(now)));
        for action in &actions {
            if let Action::Trip(transition) = action {
                self.tell(Event::Breaker(*transition));
            }
        }
        actions.iter().map(said).collect()
    }

    fn want(&mut self, fraction: f64) -> Vec<String> {
        let want = Want::Target { fraction, band: None, execution: Execution::Cross };
        let intent = Intent { sleeve: SleeveId(0), want };
        self.tell(Event::Intent(intent)).iter().map(said).collect()
    }

    /// Something is said of an order, a question about it having been asked at that second.
    fn say(&mut self, sequence: u32, update: OrderUpdate, second: i64) -> Vec<String> {
        let event = Event::Order { ts: ns(second * SECOND), order: id(sequence), update };
        self.tell(event).iter().map(said).collect()
    }

    fn state(&self, sequence: u32) -> OrderState {
        self.bot.state().orders().get(id(sequence)).unwrap().state()
    }

    fn reserved(&self) -> Amount {
        self.bot.account().reserved
    }
}

fn id(sequence: u32) -> OrderId {
    OrderId::new(7, sequence)
}

fn said(action: &Action) -> String {
    match action {
        Action::Place { id, order } => {
            let before =
                order.replaces.map_or(String::new(), |id| format!(" for {}", id.sequence()));
            format!("{} {}{before}", order.side.name(), id.sequence())
        }
        Action::Cancel { id } => format!("cancel {}", id.sequence()),
        Action::Amend { id, .. } => format!("amend {}", id.sequence()),
        Action::Ask { id, question } => format!("{} {}", question.name(), id.sequence()),
        Action::Trip(new) => format!("trip {}", new.part.component.name()),
    }
}

const NOTHING: [&str; 0] = [];

/// An order was sent at second 1, and nobody answered: it is in doubt since second 6.
fn unanswered() -> Floor {
    let mut floor = Floor::new();
    assert_eq!(floor.want(0.5), ["buy 0"]);
    floor.say(0, OrderUpdate::Sent, 1);
    assert_eq!(floor.time(5), NOTHING);
    assert_eq!(floor.state(0), OrderState::Sent);
    assert_eq!(floor.time(6), NOTHING);
    assert_eq!(floor.state(0), OrderState::Unknown);
    floor
}

#[test]
fn an_order_that_is_not_answered_in_time_is_asked_for_with_growing_pauses() {
    let mut floor = unanswered();
    let reserved = floor.reserved();
    let by_id = ["ask_by_id 0"];
    let half = SECOND / 2;
    for (now, asked) in [
        (6 * SECOND + half - 1, &NOTHING[..]),
        (6 * SECOND + half, &by_id[..]),
        (7 * SECOND, &by_id[..]),
        (7 * SECOND + half, &NOTHING[..]),
        (8 * SECOND, &by_id[..]),
        (10 * SECOND, &by_id[..]),
        (13 * SECOND, &NOTHING[..]),
        // The fence is thirteen seconds behind the sending: all is asked, order entry is doubted.
        (14 * SECOND, &["ask_by_id 0", "ask_open 0", "ask_trades 0", "trip gateway"][..]),
        (15 * SECOND, &NOTHING[..]),
        (18 * SECOND, &["ask_by_id 0", "ask_open 0", "ask_trades 0"][..]),
    ] {
        assert_eq!(floor.at(now), asked, "at {now}");
        assert_eq!(floor.state(0), OrderState::Unknown);
        assert_eq!(floor.reserved(), reserved, "it keeps what it may still spend");
    }
}

#[test]
fn not_found_before_the_fence_proves_nothing_and_behind_it_two_answers_do() {
    use OrderUpdate::{NotFoundById, NotFoundOpen, NotFoundTrades};
    let mut floor = unanswered();
    for update in [NotFoundById, NotFoundOpen, NotFoundTrades] {
        assert_eq!(floor.say(0, update, 13), NOTHING, "asked a second before the fence");
    }
    floor.time(14);
    floor.say(0, NotFoundById, 14);
    floor.say(0, NotFoundById, 14);
    assert_eq!(floor.state(0), OrderState::Unknown, "one question twice is one answer");
    assert!(floor.reserved().is_positive());
    assert_eq!(floor.say(0, NotFoundOpen, 14), ["buy 1 for 0"], "a new attempt, a new id");
    assert_eq!(floor.state(0), OrderState::Dead);
    let late = floor.say(0, NotFoundTrades, 14);
    assert_eq!(late, NOTHING);
}

#[test]
fn an_order_in_doubt_that_the_venue_shows_is_believed() {
    let mut floor = unanswered();
    assert_eq!(floor.say(0, OrderUpdate::Acked, 8), NOTHING);
    assert_eq!(floor.state(0), OrderState::Open);
    assert_eq!(floor.time(60), NOTHING);
}

#[test]
fn while_an_order_is_in_doubt_only_what_reduces_passes() {
    let mut floor = unanswered();
    let want = Want::Trade { side: Side::Buy, qty: 1.0, limit: None, terms: OrderTerms::default() };
    floor.tell(Event::Intent(Intent { sleeve: SleeveId(0), want }));
    let refused = floor.out.records.iter().find_map(|record| {
        if let Record::Refused { refusal, .. } = record { Some(refusal.name()) } else { None }
    });
    assert_eq!(refused, Some("order_unknown"));
}

#[test]
fn an_order_that_was_shown_and_is_gone_is_canceled_and_not_dead() {
    let mut floor = unanswered();
    floor.say(0, OrderUpdate::Acked, 7);
    floor.say(0, OrderUpdate::Unanswered, 8);
    floor.time(30);
    floor.say(0, OrderUpdate::NotFoundById, 30);
    assert_eq!(floor.say(0, OrderUpdate::NotFoundTrades, 30), NOTHING);
    assert_eq!(floor.state(0), OrderState::Canceled);
}

#[test]
fn a_cancel_that_is_not_answered_is_asked_for_again() {
    let mut floor = Floor::new();
    floor.want(0.5);
    floor.say(0, OrderUpdate::Acked, 1);
    assert_eq!(floor.want(0.0), ["cancel 0"]);
    assert_eq!(floor.time(5), NOTHING);
    assert_eq!(floor.time(6), ["cancel 0"]);
    assert_eq!(floor.time(7), NOTHING);
    assert_eq!(floor.time(11), ["cancel 0"]);
}

/// The venue has no such order any more, and the word of its end was lost.
#[test]
fn an_order_whose_time_is_over_is_not_canceled_at_every_tick() {
    let mut floor = Floor::new();
    let terms = OrderTerms { tif: TimeInForce::Gtd(ns(3 * SECOND)), ..OrderTerms::default() };
    let order = NewOrder {
        sleeve: SleeveId(0),
        instrument: HERE,
        side: Side::Buy,
        size: Size::Base(Qty::new(10)),
        limit: Some(Price::new(100)),
        reserve: amount("1"),
        terms,
        replaces: None,
    };
    floor.tell(Event::Adopted { ts: ns(2 * SECOND), id: id(0), order });
    floor.say(0, OrderUpdate::Acked, 2);
    assert_eq!(floor.time(7), NOTHING, "its venue ends it by itself");
    assert_eq!(floor.time(8), ["cancel 0"]);
    floor.say(0, OrderUpdate::CancelRejected, 8);
    assert_eq!(floor.time(9), NOTHING);
    assert_eq!(floor.time(12), NOTHING);
    assert_eq!(floor.time(13), ["cancel 0"]);
}

#[test]
fn an_order_that_its_venue_will_not_cancel_is_asked_for_and_unknown_there_in_doubt() {
    let works = || {
        let mut floor = Floor::new();
        floor.want(0.5);
        floor.say(0, OrderUpdate::Acked, 1);
        assert_eq!(floor.want(0.0), ["cancel 0"]);
        assert_eq!(floor.say(0, OrderUpdate::CancelRejected, 2), ["ask_by_id 0"]);
        floor
    };
    let mut floor = works();
    floor.say(0, OrderUpdate::Acked, 3);
    assert_eq!(floor.state(0), OrderState::Open, "it is there");

    let mut floor = works();
    let before = floor.reserved();
    floor.say(0, OrderUpdate::NotFoundById, 2);
    assert_eq!((floor.state(0), floor.reserved()), (OrderState::Unknown, before));
    let asked: Vec<_> = (3..40).flat_map(|second| floor.time(second)).collect();
    assert!(asked.iter().any(|said| said.starts_with("ask_by_id")), "{asked:?}");
    floor.say(0, OrderUpdate::NotFoundById, 39);
    floor.say(0, OrderUpdate::NotFoundOpen, 39);
    assert_eq!((floor.state(0), floor.reserved()), (OrderState::Canceled, Amount::ZERO));
}

#[test]
fn a_cancel_that_is_refused_of_an_order_that_is_over_asks_nothing() {
    let mut floor = Floor::new();
    floor.want(0.5);
    floor.say(0, OrderUpdate::Acked, 1);
    floor.want(0.0);
    floor.say(0, OrderUpdate::Canceled, 2);
    assert_eq!(floor.say(0, OrderUpdate::CancelRejected, 2), NOTHING);
}

#[test]
fn a_trade_that_is_told_twice_is_booked_once_and_written_down_once() {
    let mut floor = Floor::new();
    floor.want(0.5);
    let fill = fill(0, 100, TradeId::new(17));
    floor.tell(Event::Fill(fill));
    let state = floor.bot.state().clone();
    floor.tell(Event::Fill(fill));
    assert!(floor.out.records.is_empty());
    assert_eq!(floor.bot.state(), &state);
    assert_eq!(floor.bot.ignored().twice, 1);
}

fn fill(sequence: u32, qty: i64, trade: TradeId) -> Fill {
    let (order, ts, price) = (id(sequence), ns(SECOND), Price::new(100));
    Fill {
        order,
        trade,
        ts,
        price,
        qty: Qty::new(qty),
        fee: Amount::ZERO,
        fee_asset: None,
        last: false,
    }
}

#[test]
fn a_fill_of_more_than_was_ordered_freezes_its_instrument_and_calls_back_what_works() {
    let mut floor = Floor::new();
    floor.want(0.5);
    floor.say(0, OrderUpdate::Acked, 1);
    let position = floor.bot.state().portfolio().position(HERE);
    let refused = floor.try_tell(Event::Fill(fill(0, i64::MAX >> 20, trade())));
    let overfill = BotError::State(OrderError::Overfill.into());
    assert_eq!(refused.map(|_| ()), Err(overfill));
    assert_eq!(floor.out.actions.iter().map(said).collect::<Vec<_>>(), ["cancel 0"]);
    assert_eq!(floor.bot.state().frozen(HERE), Some(Unexplained::Fill));
    assert_eq!(floor.bot.state().portfolio().position(HERE), position);
    assert_eq!(floor.bot.ignored().overfills, 1);
    floor.say(0, OrderUpdate::Canceled, 2);
    assert_eq!(floor.want(0.1), NOTHING, "nothing of it is ordered");
    floor.tell(Event::Freeze { ts: ns(2 * SECOND), instrument: HERE, why: None });
    assert_eq!(floor.want(0.2), ["buy 1"]);
}

#[test]
fn a_fill_beyond_its_orders_limit_is_booked_and_freezes_its_instrument() {
    for (price, why) in [(101, None), (102, Some(Unexplained::Price))] {
        let mut floor = Floor::new();
        let want = Want::Trade {
            side: Side::Buy,
            qty: 1.0,
            limit: Some(1.01),
            terms: OrderTerms::default(),
        };
        floor.tell(Event::Intent(Intent { sleeve: SleeveId(0), want }));
        floor.say(0, OrderUpdate::Acked, 1);
        floor.tell(Event::Fill(Fill { price: Price::new(price), ..fill(0, 100, trade()) }));
        assert_eq!(floor.bot.state().portfolio().position(HERE).qty, Qty::new(100), "{price}");
        assert_eq!(floor.bot.state().frozen(HERE), why, "{price}");
        let said = floor.out.actions.iter().map(said).collect::<Vec<_>>();
        assert_eq!(said == ["cancel 0"], why.is_some(), "{price}: {said:?}");
    }
}

#[test]
fn fills_that_a_venue_announced_keep_their_exposure_until_they_are_told() {
    let mut floor = Floor::new();
    floor.want(0.5);
    floor.say(0, OrderUpdate::Acked, 1);
    floor.tell(Event::CumQty { ts: ns(SECOND), order: id(0), qty: Qty::new(300) });
    floor.say(0, OrderUpdate::Canceled, 2);
    assert!(floor.reserved().is_positive(), "some of it is spent already");
    assert_eq!(floor.time(8), ["ask_trades 0"]);
    floor.tell(Event::Fill(fill(0, 300, trade())));
    assert_eq!(floor.reserved(), Amount::ZERO);
    assert_eq!(floor.bot.state().late_fills(), 0, "it was announced");
    assert_eq!(floor.time(20), ["buy 1"], "what is missing is wanted anew");
}

#[test]
fn what_is_over_and_waits_for_its_fills_is_not_called_back() {
    let mut floor = Floor::new();
    floor.want(0.5);
    floor.say(0, OrderUpdate::Acked, 1);
    floor.tell(Event::CumQty { ts: ns(SECOND), order: id(0), qty: Qty::new(300) });
    floor.say(0, OrderUpdate::Canceled, 2);
    let intent = Intent { sleeve: SleeveId(0), want: Want::CancelAll };
    assert_eq!(floor.tell(Event::Intent(intent)), []);
    let why = Some(Unexplained::Fill);
    assert_eq!(floor.tell(Event::Freeze { ts: ns(3 * SECOND), instrument: HERE, why }), []);
    assert_eq!(floor.bot.state().frozen(HERE), why);
}

#[test]
fn after_a_restart_what_no_venue_has_shown_is_in_doubt() {
    let mut floor = Floor::new();
    floor.want(0.5);
    let mut out = Output::default();
    floor.bot.doubt_unshown(ns(3 * SECOND), &mut out).unwrap();
    assert_eq!(floor.state(0), OrderState::Unknown);
    let doubt = floor.bot.state().orders().get(id(0)).unwrap().doubt().unwrap();
    assert_eq!(doubt.fence(), Nanos::new(16 * SECOND), "it may have left just before the start");
}
