//! What a breaker stops, and what it does not; what trips by itself, and what comes back.
//!
//! Long because every component, scope and stage is met here once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::bot::{Bot, BotMemory, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Bar, BreakerState, Component, Event, Exits, Fill, Intent, Note, OrderId, OrderTerms,
    OrderUpdate, Part, Reason, Scope, Side, SleeveId, Stage, Transition, Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId, VenueId};
use bot4_engine::journal::Record;
use bot4_engine::risk::Refusal;
use bot4_engine::risk::breaker::{Breakers, holds_trading};
use bot4_engine::risk::remedy::{Remedy, table};
use bot4_engine::units::{Amount, Price, Qty, Rate};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{DAY, SECOND, START, always, amount, instrument, ns, profile, rate, trade};

/// The strategy and instrument of each sleeve; the second instrument is of another venue.
const SEATS: [(&str, u32); 3] = [("one", 0), ("two", 0), ("two", 1)];
const NAMES: [&str; 2] = ["test:BTC", "other:ETH"];

/// A bot whose strategies stand outside, and a driver that brings back what trips.
struct Desk {
    bot: Bot,
    out: Output,
    now: i64,
}

fn bot(limits: &[(&str, &str)]) -> Bot {
    let rules = NAMES.map(|symbol| Instrument { symbol: symbol.to_owned(), ..instrument() });
    let seat = |(strategy, place): (&str, u32)| Sleeve {
        strategy: strategy.to_owned(),
        instrument: InstrumentId(place),
        allocation: rate("0.3"),
        decides: Decides::Outside,
    };
    Bot::new(rules.to_vec(), SEATS.map(seat).to_vec(), profile("research", limits), 7)
}

impl Desk {
    /// 10,000 in cash, and both instruments at 100.
    fn new(limits: &[(&str, &str)]) -> Self {
        let mut desk = Self { bot: bot(limits), out: Output::default(), now: START };
        desk.tell(Event::Deposit { ts: ns(START), amount: amount("10000") });
        desk.at(START + SECOND, 100.0);
        desk
    }

    /// Every sleeve holds ten.
    fn holding(limits: &[(&str, &str)]) -> Self {
        let mut desk = Self::new(limits);
        for sleeve in 0..3 {
            let order = desk.trade(sleeve, Side::Buy, 10.0).unwrap();
            desk.fill(order, 100_000);
        }
        desk
    }

    fn again(memory: &BotMemory, now: i64) -> Self {
        let mut desk = Self { bot: bot(&[]), out: Output::default(), now };
        desk.bot.remember(memory.clone());
        desk
    }

    fn tell(&mut self, event: Event) -> Vec<Record> {
        self.out.clear();
        self.bot.on(&event, &mut self.out).unwrap();
        self.out.records.clone()
    }

    /// Both instruments close at a price, and it is that time: what tripped.
    fn at(&mut self, now: i64, price: f64) -> Vec<Transition> {
        self.now = now;
        let (open_ns, close_ns, volume) = (ns(now - 1), ns(now), 1.0);
        let (open, high, low, close) = (price, price, price, price);
        for instrument in [InstrumentId(0), InstrumentId(1)] {
            let bar = Bar { instrument, open_ns, close_ns, open, high, low, close, volume };
            self.tell(Event::Bar(bar));
        }
        self.tell(Event::Time(ns(now)));
        self.bring_back()
    }

    /// What tripped comes back before anything else; what that led to stands in `out`.
    fn bring_back(&mut self) -> Vec<Transition> {
        let trip = |action: &Action| if let Action::Trip(new) = action { Some(*new) } else { None };
        let trips: Vec<_> = self.out.actions.iter().filter_map(trip).collect();
        for new in &trips {
            self.tell(Event::Breaker(*new));
        }
        trips
    }

    fn trade(&mut self, sleeve: u32, side: Side, qty: f64) -> Result<OrderId, Refusal> {
        let want = Want::Trade { side, qty, limit: None, terms: OrderTerms::default() };
        let intent = Intent { sleeve: SleeveId(sleeve), want };
        let records = self.tell(Event::Intent(intent));
        match records.last() {
            Some(Record::Placed { id, .. }) => Ok(*id),
            Some(Record::Refused { refusal, .. }) => Err(*refusal),
            other => panic!("{other:?}"),
        }
    }

    fn update(&mut self, order: OrderId, update: OrderUpdate) {
        self.tell(Event::Order { ts: ns(self.now), order, update });
    }

    fn fill(&mut self, order: OrderId, qty: i64) {
        self.tell(Event::Fill(Fill {
            order,
            trade: trade(),
            ts: ns(self.now),
            price: Price::new(10_000),
            qty: Qty::new(qty),
            fee: Amount::ZERO,
            fee_asset: None,
            last: true,
        }));
    }

    fn held(&self) -> Vec<i64> {
        let one = |sleeve| self.bot.holding(SleeveId(sleeve)).qty.mantissa();
        (0..3).map(one).collect()
    }

    fn breaker(&mut self, new: Transition) -> Vec<Record> {
        self.tell(Event::Breaker(new))
    }

    fn state(&self, component: Component) -> BreakerState {
        self.bot.state().board().state(Part::account(component))
    }

    fn rearm(&mut self, component: Component) {
        let (part, note) = (Part::account(component), Note::new("looked at it").unwrap());
        self.breaker(Transition::rearm(ns(self.now), part, note));
    }
}

fn scopes() -> Vec<Scope> {
    let sleeves = (0..3).map(|id| Scope::Sleeve(SleeveId(id)));
    let places =
        (0..2).flat_map(|id| [Scope::Venue(VenueId(id)), Scope::Instrument(InstrumentId(id))]);
    [Scope::Account].into_iter().chain(sleeves).chain(places).collect()
}

fn covers(scope: Scope, sleeve: u32) -> bool {
    let at = SEATS[sleeve as usize].1;
    match scope {
        Scope::Account => true,
        Scope::Venue(venue) => venue.0 == at,
        Scope::Instrument(id) => id.0 == at,
        Scope::Sleeve(id) => id.0 == sleeve,
    }
}

#[test]
fn one_open_breaker_stops_what_depends_on_it_and_nothing_else() {
    let mut whole = Desk::holding(&[]);
    let memory = whole.bot.memory();
    let now = whole.now;
    whole.at(now + SECOND, 100.0);
    let mut stopped = 0;
    for component in Component::ALL {
        for scope in scopes() {
            for state in [BreakerState::HalfOpen, BreakerState::Open, BreakerState::Latched] {
                let part = Part { component, scope };
                for sleeve in 0..3 {
                    let mut desk = Desk::again(&memory, now);
                    desk.breaker(Transition::new(ns(now), part, state, Reason::Operator));
                    let tried = component == Component::Gateway && state == BreakerState::HalfOpen;
                    let holds = holds_trading(component) && covers(scope, sleeve) && !tried;
                    let what = format!("{part:?} {state:?}, sleeve {sleeve}");
                    let opened = desk.trade(sleeve, Side::Buy, 1.0);
                    assert_eq!(opened.err(), holds.then_some(Refusal::BreakerOpen), "{what}");
                    stopped += u32::from(holds);
                    // What closes passes every breaker, and so does what calls back.
                    let closing = desk.trade(sleeve, Side::Sell, 1.0);
                    assert!(closing.is_ok(), "{what}: {closing:?}");
                    let want = Want::CancelAll;
                    let canceled =
                        desk.tell(Event::Intent(Intent { sleeve: SleeveId(sleeve), want }));
                    let cancel = |record: &Record| {
                        matches!(record, Record::Update { update: OrderUpdate::CancelSent, .. })
                    };
                    assert!(canceled.iter().any(cancel), "{what}");
                }
            }
        }
    }
    assert!(stopped > 400, "{stopped}");
}

#[test]
fn the_worse_of_two_words_is_the_worse_of_each_component() {
    let states = || vec(select(BreakerState::ALL.to_vec()), Component::ALL.len());
    always(500, (states(), states()), |(one, other)| {
        let word = |states: &[BreakerState]| {
            let all = Component::ALL.into_iter().zip(states);
            all.fold(Breakers::default(), |word, (component, state)| word.with(component, *state))
        };
        let worse = word(&one).worst(word(&other));
        for (place, component) in Component::ALL.into_iter().enumerate() {
            let wanted = (one[place] as u8).max(other[place] as u8);
            prop_assert_eq!(worse.state(component) as u8, wanted, "{:?}", component);
            let held = if holds_trading(component) { wanted } else { 0 };
            prop_assert_eq!(worse.holding().state(component) as u8, held, "{:?}", component);
            let without = worse.without(component);
            prop_assert_eq!(without.state(component), BreakerState::Closed);
            prop_assert_eq!(without.worst(Breakers::only(component)).state(component) as u8, 3);
        }
        Ok(())
    });
}

#[test]
fn a_part_that_is_not_there_is_no_part() {
    let mut desk = Desk::new(&[]);
    for scope in
        [Scope::Venue(VenueId(2)), Scope::Instrument(InstrumentId(2)), Scope::Sleeve(SleeveId(3))]
    {
        let part = Part { component: Component::Feed, scope };
        let new = Transition::new(ns(START), part, BreakerState::Open, Reason::Operator);
        assert!(desk.bot.on(&Event::Breaker(new), &mut desk.out).is_err(), "{scope:?}");
    }
    assert_eq!(desk.bot.state().board().open().count(), 0);
}

/// Whether an order makes what the account holds of its instrument larger.
fn increases(bot: &Bot, record: &Record) -> bool {
    let Record::Placed { order, .. } = record else {
        return false;
    };
    let held = bot.state().portfolio().position(order.instrument).qty;
    (order.side == Side::Buy) != held.is_negative()
}

#[test]
fn after_a_trip_no_event_leads_to_an_order_that_increases_risk() {
    let limits = [("drawdown_max", "0.05"), ("daily_loss_max", "0.02")];
    always(200, vec((80_u32..120, any::<bool>()), 1..60), |prices| {
        let mut desk = Desk::holding(&limits);
        let mut tripped = false;
        for ((price, buys), second) in prices.into_iter().zip(2..) {
            let before = tripped;
            tripped |= !desk.at(START + second * SECOND, f64::from(price)).is_empty();
            if tripped && !before {
                let of_trip = desk.out.records.clone();
                prop_assert!(!of_trip.iter().any(|record| increases(&desk.bot, record)));
            }
            for sleeve in 0..3 {
                let side = if buys { Side::Buy } else { Side::Sell };
                let want =
                    Want::Trade { side, qty: 1.0, limit: None, terms: OrderTerms::default() };
                let intent = Intent { sleeve: SleeveId(sleeve), want };
                let records = desk.tell(Event::Intent(intent));
                let increased = records.iter().any(|record| increases(&desk.bot, record));
                prop_assert!(!tripped || !increased, "{:?}", records);
            }
        }
        Ok(())
    });
}

#[test]
fn a_drawdown_closes_all_that_is_held_and_begins_anew_where_a_person_says_so() {
    let mut desk = Desk::holding(&[("drawdown_max", "0.1")]);
    assert_eq!(desk.at(START + 2 * SECOND, 67.0), [], "9.9 %");
    let trips = desk.at(START + 3 * SECOND, 60.0);
    let part = Part::account(Component::Drawdown);
    assert_eq!(trips, [Transition::latch(ns(desk.now), part, Reason::Fall)]);
    assert!(desk.bot.state().is_flattening());
    let orders: Vec<_> = desk.bot.state().orders().working().map(|order| order.id()).collect();
    assert_eq!(orders.len(), 2, "one of each instrument");
    for order in orders {
        let qty = desk.bot.state().orders().get(order).unwrap().at_risk().unwrap().sell;
        desk.fill(order, qty.mantissa());
    }
    assert_eq!(desk.held(), [0, 0, 0]);
    assert_eq!(desk.at(START + 10 * DAY, 60.0), [], "it is said once, and no day closes it");
    let want = Want::Trade { side: Side::Buy, qty: 1.0, limit: None, terms: OrderTerms::default() };
    assert_eq!(
        desk.tell(Event::Intent(Intent { sleeve: SleeveId(0), want })),
        [],
        "not even asked"
    );
    desk.rearm(Component::Drawdown);
    assert!(!desk.bot.state().is_flattening());
    let equity = desk.bot.account().equity;
    assert_eq!(desk.bot.state().monitor().peak_and_day_start().0, equity, "the peak is here");
    assert_eq!(desk.at(START + 10 * DAY + SECOND, 60.0), []);
    assert!(desk.trade(0, Side::Buy, 1.0).is_ok());
}

#[test]
fn a_lost_day_is_over_with_the_day_and_the_next_one_is_half_as_large() {
    let half = Rate::new(Rate::ONE.mantissa() / 2);
    let mut desk = Desk::holding(&[("daily_loss_max", "0.03")]);
    let scale = |desk: &Desk| desk.bot.state().monitor().scale();
    let trips = desk.at(START + 2 * SECOND, 85.0);
    assert_eq!((trips[0].state, trips[0].stage), (BreakerState::Open, Stage::Entries));
    assert_eq!(desk.held(), [100_000; 3], "what is held stays");
    assert_eq!(scale(&desk), Rate::ONE);
    assert_eq!(desk.at(START + DAY, 85.0), [], "midnight is of the day that ends");
    assert_eq!(desk.trade(0, Side::Buy, 1.0), Err(Refusal::BreakerOpen));
    let closed = desk.at(START + DAY + SECOND, 85.0);
    assert_eq!((closed[0].state, closed[0].reason), (BreakerState::Closed, Reason::NextDay));
    assert_eq!(scale(&desk), half);
    let order = desk.trade(0, Side::Buy, 1.0).unwrap();
    desk.fill(order, 10_000);
    // Lost again, and again half on the day after; a day that is not lost makes it whole.
    assert_eq!(desk.at(START + DAY + 2 * SECOND, 70.0).len(), 1);
    assert_eq!(desk.at(START + 2 * DAY + SECOND, 70.0).len(), 1);
    assert_eq!(scale(&desk), half);
    assert_eq!(desk.at(START + 3 * DAY + SECOND, 70.0), []);
    assert_eq!(scale(&desk), Rate::ONE);
    // Whoever closes it on the same day trades at half size, from the equity of that moment.
    assert_eq!(desk.at(START + 3 * DAY + 2 * SECOND, 55.0).len(), 1);
    desk.rearm(Component::DailyLoss);
    assert_eq!(desk.at(START + 3 * DAY + 3 * SECOND, 55.0), [], "not opened again at once");
    assert_eq!(scale(&desk), half);
}

#[test]
fn each_stage_of_a_kill_does_more_than_the_one_before() {
    let kill = |desk: &mut Desk, stage| {
        let note = Note::new("because").unwrap();
        desk.breaker(Transition::kill(ns(desk.now), stage, Reason::Operator, note));
    };
    let canceling = |desk: &Desk| {
        desk.bot.state().orders().working().filter(|order| order.is_canceling()).count()
    };
    let mut desk = Desk::holding(&[]);
    let waits = desk.trade(2, Side::Sell, 1.0).unwrap();
    kill(&mut desk, Stage::Entries);
    assert_eq!((canceling(&desk), desk.trade(0, Side::Buy, 1.0)), (0, Err(Refusal::BreakerOpen)));
    kill(&mut desk, Stage::Cancel);
    assert_eq!(canceling(&desk), 1);
    let closes = desk.trade(0, Side::Sell, 1.0).unwrap();
    desk.fill(closes, 10_000);
    kill(&mut desk, Stage::Flatten);
    desk.update(waits, OrderUpdate::Canceled);
    let selling: i64 =
        (0..2).map(|id| desk.bot.state().exposure(InstrumentId(id)).working_sell.mantissa()).sum();
    assert_eq!(selling, 290_000, "all that is held");
    // A smaller one does not take back a larger one.
    kill(&mut desk, Stage::Entries);
    let standing =
        *desk.bot.state().board().standing(Part::account(Component::KillSwitch)).unwrap();
    assert_eq!((standing.stage, standing.note.as_str()), (Stage::Flatten, "because"));
    assert_eq!(Remedy::of(Component::KillSwitch, &standing), Remedy::Person);
    desk.rearm(Component::KillSwitch);
    assert!(!desk.bot.state().is_flattening());
    assert!(desk.trade(0, Side::Buy, 1.0).is_ok());
}

#[test]
fn what_latches_for_a_part_calls_back_what_works_there_and_no_more() {
    let part = |component, scope| Part { component, scope };
    let here = Scope::Instrument(InstrumentId(0));
    for (part, wanted) in [
        (part(Component::Ledger, Scope::Account), [true, true, true]),
        (part(Component::Invariant, Scope::Account), [true, true, true]),
        (part(Component::Ledger, here), [true, true, false]),
        (part(Component::Repeats, Scope::Sleeve(SleeveId(1))), [false, true, false]),
        (part(Component::Feed, here), [false, false, false]),
    ] {
        let mut desk = Desk::holding(&[]);
        let orders = [0, 1, 2].map(|sleeve| desk.trade(sleeve, Side::Buy, 1.0).unwrap());
        desk.breaker(Transition::latch(ns(desk.now), part, Reason::Fault));
        let canceling = orders.map(|id| desk.bot.state().orders().get(id).unwrap().is_canceling());
        assert_eq!(canceling, wanted, "{part:?}");
    }
}

#[test]
fn order_entry_is_doubted_by_what_it_never_answers_and_tried_with_one_order_at_a_time() {
    let mut desk = Desk::new(&[]);
    let orders: Vec<_> = (0..3).map(|_| desk.trade(2, Side::Buy, 1.0).unwrap()).collect();
    let (part, state) = (Part::gateway(VenueId(1)), |desk: &Desk| {
        desk.bot.state().board().state(Part::gateway(VenueId(1)))
    });
    for second in 2..=18 {
        assert_eq!(desk.at(START + second * SECOND, 100.0), [], "second {second}");
    }
    let trips = desk.at(START + 20 * SECOND, 100.0);
    assert_eq!((trips[0].part, trips[0].state), (part, BreakerState::Open), "three of them");
    assert_eq!(trips[0].reason, Reason::Unanswered);
    assert!(desk.trade(0, Side::Buy, 1.0).is_ok(), "the other venue goes on");
    // The evidence comes: two never arrived, one is there.
    desk.update(orders[0], OrderUpdate::Acked);
    for order in &orders[1..] {
        for update in [OrderUpdate::NotFoundById, OrderUpdate::NotFoundOpen] {
            desk.tell(Event::Order { ts: ns(START + 20 * SECOND), order: *order, update });
        }
    }
    let tried = desk.at(START + 22 * SECOND, 100.0);
    assert_eq!((tried[0].state, tried[0].reason), (BreakerState::HalfOpen, Reason::WaitOver));
    for place in 0..3 {
        let probe = desk.trade(2, Side::Buy, 1.0).unwrap();
        assert_eq!(desk.trade(2, Side::Buy, 1.0), Err(Refusal::BreakerOpen), "one at a time");
        assert_eq!(state(&desk), BreakerState::HalfOpen, "after {place}");
        desk.update(probe, OrderUpdate::Acked);
    }
    let healed = desk.at(START + 23 * SECOND, 100.0);
    assert_eq!((healed[0].state, healed[0].reason), (BreakerState::Closed, Reason::Healed));
    assert_eq!(state(&desk), BreakerState::Closed);
}

#[test]
fn one_order_that_is_never_answered_leaves_order_entry_half_open() {
    let mut desk = Desk::new(&[]);
    desk.trade(2, Side::Buy, 1.0).unwrap();
    let trips: Vec<_> =
        (2..40).flat_map(|second| desk.at(START + second * SECOND, 100.0)).collect();
    assert_eq!(trips.len(), 1, "{trips:?}");
    assert_eq!(
        (trips[0].part, trips[0].state),
        (Part::gateway(VenueId(1)), BreakerState::HalfOpen)
    );
}

#[test]
fn a_strategy_that_wants_what_is_no_number_is_held_back_alone() {
    let mut desk = Desk::new(&[]);
    for _ in 0..3 {
        assert_eq!(desk.trade(0, Side::Buy, f64::INFINITY), Err(Refusal::NotUsable));
    }
    let trips = desk.at(START + 2 * SECOND, 100.0);
    let part = Part::sleeve(Component::Strategy, SleeveId(0));
    assert_eq!((trips[0].part, trips[0].reason), (part, Reason::NotUsable));
    assert_eq!(desk.trade(0, Side::Buy, 1.0), Err(Refusal::BreakerOpen));
    assert!(desk.trade(1, Side::Buy, 1.0).is_ok(), "on the same instrument");
}

/// What trips while the stop behind a position is answered so by its venue; and how many seconds
/// after the fill.
fn without_a_stop(answer: Option<OrderUpdate>, within_s: &str) -> Vec<(i64, Transition)> {
    let mut desk = Desk::new(&[("unprotected_max_s", within_s)]);
    let exits = Exits::new(Some(0.1), None, None).unwrap();
    desk.tell(Event::Intent(Intent { sleeve: SleeveId(0), want: Want::Exits(exits) }));
    let order = desk.trade(0, Side::Buy, 10.0).unwrap();
    desk.fill(order, 100_000);
    let (filled, mut tripped) = (desk.now, Vec::new());
    for second in 1..=20 {
        let placed =
            |record: &Record| if let Record::Placed { id, .. } = record { Some(*id) } else { None };
        let laid = desk.out.records.iter().rev().find_map(placed);
        if let (Some(stop), Some(answer)) = (laid, answer) {
            desk.update(stop, answer);
        }
        let trips = desk.at(filled + second * SECOND, 100.0);
        tripped.extend(trips.into_iter().map(|new| (second, new)));
    }
    tripped
}

#[test]
fn a_position_whose_stop_its_venue_does_not_show_latches_its_strategy() {
    let part = Part::sleeve(Component::Strategy, SleeveId(0));
    let latched = |tripped: Vec<(i64, Transition)>| -> Vec<(i64, Reason)> {
        let of_it = tripped
            .into_iter()
            .filter(|(_, new)| new.part == part && new.state == BreakerState::Latched);
        of_it.map(|(second, new)| (second, new.reason)).collect()
    };
    assert_eq!(latched(without_a_stop(Some(OrderUpdate::Acked), "10")), []);
    let refused = latched(without_a_stop(Some(OrderUpdate::Rejected), "10"));
    assert_eq!(refused, [(10, Reason::Unprotected)]);
    assert_eq!(latched(without_a_stop(None, "4")), [(4, Reason::Unprotected)], "no answer");
    assert_eq!(latched(without_a_stop(Some(OrderUpdate::Rejected), "2592000")), [], "off");
}

#[test]
fn a_quiet_day_trips_nothing() {
    let mut desk = Desk::holding(&[("daily_loss_max", "0.03"), ("drawdown_max", "0.1")]);
    for minute in 1..1_440 {
        let price = 100.0 + f64::from(u32::try_from(minute % 7).unwrap()) / 10.0;
        assert_eq!(desk.at(START + minute * 60 * SECOND, price), []);
        let order = desk.trade(0, Side::Buy, 0.01).unwrap();
        desk.update(order, OrderUpdate::Acked);
        desk.fill(order, 100);
    }
}

#[test]
fn parts_are_called_by_names_that_leave_no_doubt() {
    let desk = Desk::new(&[]);
    let named = |name: &str| desk.bot.parts_named(name);
    for part in desk.bot.board().into_iter().map(|(part, _)| part) {
        let name = desk.bot.part_name(part);
        assert_eq!(named(&name), Ok(vec![part]), "{name}");
    }
    let two = |sleeve| Part::sleeve(Component::Strategy, SleeveId(sleeve));
    assert_eq!(named("strategy:two"), Ok(vec![two(1), two(2)]));
    assert_eq!(named("strategy:two@ETH"), Ok(vec![two(2)]));
    assert_eq!(named("feed:test:BTC"), Ok(vec![Part::feed(InstrumentId(0))]));
    assert_eq!(named("gateway:other"), Ok(vec![Part::gateway(VenueId(1))]));
    for wrong in ["", "drawdowns", "feed:", "feed:DOGE", "strategy:", "gateway:nowhere"] {
        assert!(named(wrong).is_err(), "{wrong}");
    }
    assert!(desk.bot.open_named("drawdown").unwrap_err().to_string().ends_with("all are closed"));
}

#[test]
fn a_note_is_kept_whole_or_refused() {
    let words = "für 40 Zeichen ".repeat(5);
    assert_eq!(words.len(), Note::BYTES_MAX, "each ü has two bytes");
    assert_eq!(Note::new(&words).unwrap().as_str(), words);
    assert!(Note::new(&format!("{words}!")).unwrap_err().to_string().contains("81 bytes"));
}

#[test]
fn every_word_has_a_code_and_a_name() {
    fn check<T: Copy>(all: &[T], code: fn(T) -> usize, name: fn(T) -> &'static str) {
        let mut names: Vec<_> = all.iter().map(|one| name(*one)).collect();
        assert!(all.iter().enumerate().all(|(place, one)| code(*one) == place), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }
    check(&Component::ALL, |one| one as usize, Component::name);
    check(&Reason::ALL, |one| one as usize, Reason::name);
    check(&Stage::ALL, |one| one as usize, Stage::name);
    check(&BreakerState::ALL, |one| one as usize, BreakerState::name);
}

/// What stands there is what is printed here; a table that changed is to be put there.
#[test]
fn the_table_is_the_one_that_is_documented() {
    let document = include_str!("../../../docs/breakers.md");
    let (_, rest) = document.split_once("<!-- table: begin -->\n").unwrap();
    let (found, _) = rest.split_once("<!-- table: end -->").unwrap();
    let printed = format!("\n{}\n", table());
    assert!(found == printed, "docs/breakers.md wants this table between its marks:\n{printed}");
}

#[test]
fn a_drawdown_tells_what_a_replay_needs() {
    let mut desk = Desk::holding(&[("drawdown_max", "0.1")]);
    desk.at(START + 2 * SECOND, 60.0);
    desk.rearm(Component::Drawdown);
    let mut other = Desk::again(&desk.bot.memory(), desk.now);
    assert_eq!(other.state(Component::Drawdown), BreakerState::Closed);
    let (mine, theirs) = (desk.bot.state().monitor(), other.bot.state().monitor());
    assert_eq!(mine.peak_and_day_start(), theirs.peak_and_day_start());
    other.at(START + 3 * SECOND, 60.0);
    assert_eq!(other.state(Component::Drawdown), BreakerState::Closed);
}
