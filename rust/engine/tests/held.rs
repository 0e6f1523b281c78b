//! Orders that the engine holds because their venue cannot: when they leave, at what worst price,
//! and that of a stop and a profit beside it never both are out.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Bar, Event, Execution, Exits, Fill, Intent, NewOrder, OrderId, OrderTerms, OrderUpdate,
    Quote, Side, Size, SleeveId, Stop, StopKind, Tick, TickKind, TimeInForce, TradingState,
    Unexplained, Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::{self, Record, State};
use bot4_engine::report::Report;
use bot4_engine::risk::limits::Profile;
use bot4_engine::units::{Amount, Price, Qty, Rate};

use crate::market::{SECOND, amount, instrument, ns, trade};
use OrderUpdate::{Acked, CancelRejected, Canceled, Expired};
use Side::{Buy, Sell};
use StopKind::Stop as Loss;

const HERE: InstrumentId = InstrumentId(0);
const NOTHING: [&str; 0] = [];

/// A bot that is asked from outside at one venue. Prices in cents, sizes in lots of 0.0001.
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
        Self::under(venue, market::profile("research", &[("collar", "0.05")]))
    }

    fn under(venue: &str, profile: Profile) -> Self {
        let mut floor =
            Self { bot: bot(venue, profile), out: Output::default(), records: vec![], now: SECOND };
        floor.tell(Event::Deposit { ts: ns(SECOND), amount: amount("1000000") });
        floor.touch(9_999, 10_001);
        floor
    }

    /// A lot of 1 held at 100.00, closed so.
    fn long(venue: &str, exits: Option<Exits>) -> (Self, Vec<String>) {
        let mut floor = Self::new(venue);
        floor.tell(exit_at(exits));
        floor.trade_for(Buy, 1.0, None, OrderTerms::default());
        let laid = floor.fill(0, 10_000, 10_000);
        floor.trade(10_000);
        (floor, laid)
    }

    fn tell(&mut self, event: Event) -> Vec<String> {
        self.out.clear();
        self.bot.on(&event, &mut self.out).unwrap();
        self.records.append(&mut self.out.records.clone());
        self.out.actions.iter().map(said).collect()
    }

    fn step(&mut self) -> bot4_engine::units::Nanos {
        self.now += SECOND / 100;
        ns(self.now)
    }

    fn touch(&mut self, bid: i64, ask: i64) -> Vec<String> {
        let (ts, qty) = (self.step(), Qty::new(1_000_000));
        let (bid, ask) = (Price::new(bid), Price::new(ask));
        self.tell(Event::Quote(Quote {
            instrument: HERE,
            ts,
            bid,
            bid_qty: qty,
            ask,
            ask_qty: qty,
        }))
    }

    /// The touch comes to a price, then somebody trades there.
    fn traded(&mut self, price: i64) -> Vec<String> {
        let mut said = self.touch(price - 1, price + 1);
        said.extend(self.trade(price));
        said
    }

    fn trade(&mut self, price: i64) -> Vec<String> {
        let (price, qty) = (Price::new(price), Qty::new(1));
        let kind = TickKind::Trade { aggressor: Sell, price, qty };
        let ts = self.step();
        self.tell(Event::Tick(Tick { instrument: HERE, ts, last: true, kind }))
    }

    fn time(&mut self) -> Vec<String> {
        let ts = self.step();
        self.tell(Event::Time(ts))
    }

    fn trade_for(
        &mut self,
        side: Side,
        qty: f64,
        limit: Option<f64>,
        terms: OrderTerms,
    ) -> Vec<String> {
        let want = Want::Trade { side, qty, limit, terms };
        self.tell(Event::Intent(Intent { sleeve: SleeveId(0), want }))
    }

    fn wait(&mut self, side: Side, kind: StopKind, trigger: i64, trail: i64) -> Vec<String> {
        let (trigger, trail) = (Price::new(trigger), Price::new(trail));
        let terms =
            OrderTerms { stop: Some(Stop { kind, trigger, trail }), ..OrderTerms::default() };
        self.trade_for(side, 1.0, None, terms)
    }

    fn say(&mut self, sequence: u32, update: OrderUpdate) -> Vec<String> {
        let ts = self.step();
        self.tell(Event::Order { ts, order: id(sequence), update })
    }

    /// So many lots of an order are filled at a price.
    fn fill(&mut self, sequence: u32, lots: i64, price: i64) -> Vec<String> {
        let (ts, qty, price) = (self.step(), Qty::new(lots), Price::new(price));
        let (order, trade, fee, last) = (id(sequence), trade(), Amount::ZERO, false);
        let fee_asset = None;
        self.tell(Event::Fill(Fill { order, trade, ts, price, qty, fee, fee_asset, last }))
    }

    fn order(&self, sequence: u32) -> NewOrder {
        *self.bot.state().orders().get(id(sequence)).unwrap().new_order()
    }

    fn state(&self, sequence: u32) -> &'static str {
        self.bot.state().orders().get(id(sequence)).unwrap().state().name()
    }

    fn held(&self) -> i64 {
        self.bot.state().portfolio().position(HERE).qty.mantissa()
    }

    fn may_sell(&self) -> i64 {
        self.bot.state().exposure(HERE).working_sell.mantissa()
    }

    /// What was written down says the same to whoever reads it.
    fn is_kept(&self) {
        let rules = self.bot.state().instruments().to_vec();
        let journal = journal::encode(&rules, 1, &self.records);
        let (instruments, sleeves, records) = journal::decode(&journal).unwrap();
        let state = State::new(instruments, usize::try_from(sleeves).unwrap(), 7);
        assert_eq!(state.fold(&records).unwrap(), *self.bot.state());
    }
}

fn bot(venue: &str, profile: Profile) -> Bot {
    let (strategy, decides) = ("outside".to_owned(), Decides::Outside);
    let sleeve = Sleeve { strategy, instrument: HERE, allocation: Rate::ONE, decides };
    Bot::new(vec![listed(venue)], vec![sleeve], profile, 7)
}

fn exits(loss: Option<f64>, profit: Option<f64>, trail: Option<f64>) -> Option<Exits> {
    Exits::new(loss, profit, trail).unwrap()
}

fn exit_at(exits: Option<Exits>) -> Event {
    Event::Intent(Intent { sleeve: SleeveId(0), want: Want::Exits(exits) })
}

fn target(fraction: f64) -> Event {
    let want = Want::Target { fraction, band: None, execution: Execution::Cross };
    Event::Intent(Intent { sleeve: SleeveId(0), want })
}

fn id(sequence: u32) -> OrderId {
    OrderId::new(7, sequence)
}

fn said(action: &Action) -> String {
    match action {
        Action::Place { id, order } => {
            assert!(!order.terms.held && (order.terms.stop.is_some() || !order.terms.twin));
            let stop = order.terms.stop.map(|stop| format!(" from {}", stop.trigger.mantissa()));
            let stop = stop.unwrap_or_default();
            let limit = order.limit.map_or("market".to_owned(), |l| l.mantissa().to_string());
            let size = match order.size {
                Size::Base(qty) => qty.mantissa().to_string(),
                Size::Quote(_) => "quote".to_owned(),
            };
            format!("{} {}: {size} at {limit}{stop}", order.side.name(), id.sequence())
        }
        Action::Cancel { id } => format!("cancel {}", id.sequence()),
        Action::Amend { id, .. } => format!("amend {}", id.sequence()),
        Action::Ask { id, question } => format!("{} {}", question.name(), id.sequence()),
        Action::Trip(new) => format!("trip {}", new.part.component.name()),
    }
}

#[test]
fn what_its_venue_cannot_let_wait_is_held_and_leaves_once_the_market_is_there() {
    type Case = (&'static str, Side, StopKind, (i64, i64), &'static [i64], Option<(usize, i64)>);
    // Which trade sends it, and at what worst price: five percent from where the market is then.
    let table: &[Case] = &[
        ("not reached", Sell, Loss, (9_500, 500), &[9_501, 9_700], None),
        ("reached", Sell, Loss, (9_500, 500), &[9_600, 9_500], Some((1, 9_025))),
        ("a gap", Sell, Loss, (9_500, 500), &[8_000], Some((0, 7_600))),
        ("it follows", Sell, Loss, (9_500, 500), &[10_400, 9_901, 9_900], Some((2, 9_405))),
        ("and never goes back", Sell, Loss, (9_500, 500), &[10_400, 9_950, 9_910], None),
        ("a buy", Buy, Loss, (10_500, 500), &[10_499, 10_500], Some((1, 11_025))),
        ("a buy follows", Buy, Loss, (10_500, 500), &[9_000, 9_499, 9_500], Some((2, 9_975))),
    ];
    for (name, side, kind, (trigger, trail), trades, wanted) in table {
        for venue in ["coinbase", "binance"] {
            let mut floor = Floor::new(venue);
            assert_eq!(floor.wait(*side, *kind, *trigger, *trail), NOTHING, "{name}");
            assert_eq!(floor.state(0), "initialized", "{name}");
            floor.trade(10_000);
            let sent: Vec<_> = trades.iter().map(|price| floor.traded(*price)).collect();
            let word = side.name();
            let expected: Vec<Vec<String>> = (0..trades.len())
                .map(|place| match wanted {
                    Some((at, limit)) if *at == place => {
                        vec![format!("{word} 0: 10000 at {limit}")]
                    }
                    _ => vec![],
                })
                .collect();
            assert_eq!(sent, expected, "{name} at {venue}");
            floor.is_kept();
        }
    }
}

#[test]
fn where_nobody_trades_the_touch_speaks_and_then_bars_alone() {
    let mut floor = Floor::new("coinbase");
    floor.wait(Sell, Loss, 9_500, 100);
    assert_eq!(floor.touch(9_400, 9_402), NOTHING, "somebody may trade yet");
    floor.now += 61 * SECOND;
    // A sell would trade against the bid.
    assert_eq!(floor.touch(9_501, 9_503), NOTHING);
    assert_eq!(floor.touch(9_500, 9_502), ["sell 0: 10000 at 9026"]);
    // Trades that are told speak alone, until there was none for as long as a price may be old.
    let mut floor = Floor::new("coinbase");
    floor.wait(Sell, Loss, 9_500, 100);
    assert_eq!(floor.trade(9_900), NOTHING);
    assert_eq!(floor.touch(9_400, 9_402), NOTHING);
    floor.now += 61 * SECOND;
    assert_eq!(floor.touch(9_400, 9_402), ["sell 0: 10000 at 8931"]);
    let mut floor = Floor::under("coinbase", market::profile("research", &[]));
    floor.bot = bot("coinbase", market::profile("research", &[("collar", "0.05")]));
    floor.tell(Event::Deposit { ts: ns(SECOND), amount: amount("1000000") });
    let close = |floor: &mut Floor, close: f64| {
        let open_ns = ns(floor.now);
        floor.now += SECOND;
        let (close_ns, open, volume) = (ns(floor.now), 100.0, 1.0);
        let (high, low) = (100.0, 80.0);
        let bar = Bar { instrument: HERE, open_ns, close_ns, open, high, low, close, volume };
        let said = floor.tell(Event::Bar(bar));
        assert_eq!(said, NOTHING, "its time is not told yet");
        floor.tell(Event::Time(close_ns))
    };
    assert_eq!(close(&mut floor, 100.0), NOTHING);
    floor.wait(Sell, Loss, 9_500, 100);
    assert_eq!(close(&mut floor, 95.01), NOTHING, "not where it went between");
    assert_eq!(close(&mut floor, 95.0), ["sell 0: 10000 at 9025"]);
}

#[test]
fn a_book_that_cannot_be_believed_triggers_nothing() {
    let (mut floor, _) = Floor::long("coinbase", None);
    floor.wait(Sell, Loss, 9_500, 100);
    let ts = floor.step();
    floor.tell(Event::Gap { instrument: HERE, ts });
    for _ in 0..2 {
        assert_eq!(floor.trade(9_000), NOTHING);
        assert_eq!(floor.touch(9_000, 9_002), NOTHING);
        assert_eq!(floor.time(), NOTHING);
    }
    let level = |floor: &mut Floor, side, price, last| {
        let (price, qty, ts) = (Price::new(price), Qty::new(10), floor.step());
        let kind = TickKind::Level { side, price, qty };
        floor.tell(Event::Tick(Tick { instrument: HERE, ts, last, kind }))
    };
    assert_eq!(level(&mut floor, Buy, 9_000, false), NOTHING);
    assert_eq!(level(&mut floor, Sell, 9_002, true), NOTHING, "a clear alone heals what was lost");
    floor.now += 61 * SECOND;
    let ts = floor.step();
    floor.tell(Event::Tick(Tick { instrument: HERE, ts, last: false, kind: TickKind::Clear }));
    assert_eq!(level(&mut floor, Buy, 9_000, false), NOTHING, "the message has not ended");
    assert_eq!(level(&mut floor, Sell, 9_002, true), ["sell 1: 10000 at 8551"]);
}

#[test]
fn risk_looks_at_it_again_when_it_leaves() {
    let halt = |state| {
        move |floor: &mut Floor| {
            let ts = floor.step();
            floor.tell(Event::Control { ts, state });
        }
    };
    // What opens has missed its moment; what closes waits for as long as it may not go.
    let mut floor = Floor::new("coinbase");
    floor.wait(Buy, Loss, 10_500, 100);
    halt(TradingState::Reducing)(&mut floor);
    assert_eq!(floor.traded(10_600), NOTHING);
    assert_eq!(floor.state(0), "denied");
    assert!(matches!(floor.records[floor.records.len() - 2], Record::Refused { .. }));
    let (mut floor, laid) = Floor::long("coinbase", exits(None, None, Some(0.05)));
    assert_eq!(laid, NOTHING);
    for state in [TradingState::Halted, TradingState::Active] {
        halt(state)(&mut floor);
        let ts = floor.step();
        let why = (state == TradingState::Active).then_some(Unexplained::Position);
        floor.tell(Event::Freeze { ts, instrument: HERE, why });
        assert_eq!(floor.traded(9_000), NOTHING, "{state:?}");
        assert_eq!((floor.state(1), floor.may_sell()), ("initialized", 10_000));
    }
    let ts = floor.step();
    floor.tell(Event::Freeze { ts, instrument: HERE, why: None });
    assert_eq!(floor.time(), ["sell 1: 10000 at 8550"], "the market is still there");
    // A breaker holds no position in.
    let (mut floor, _) = Floor::long("coinbase", exits(None, None, Some(0.05)));
    halt(TradingState::Reducing)(&mut floor);
    assert_eq!(floor.traded(9_400), ["sell 1: 10000 at 8930"]);
    floor.is_kept();
}

#[test]
fn what_is_held_ends_at_once_and_in_time() {
    let mut floor = Floor::new("coinbase");
    floor.wait(Buy, Loss, 10_500, 100);
    let cancel = Event::Intent(Intent { sleeve: SleeveId(0), want: Want::CancelAll });
    assert_eq!(floor.tell(cancel), NOTHING, "no venue is asked");
    assert_eq!(floor.state(0), "canceled");
    assert_eq!(floor.traded(10_600), NOTHING);
    // A target does not wait for what was gone at once.
    floor.wait(Buy, Loss, 10_800, 100);
    assert_eq!(floor.tell(target(0.5)), ["buy 2: 47169811 at 11130"]);
    let mut report = Report::new(1, 1);
    for record in &floor.records {
        report.on_record(record, floor.bot.state()).unwrap();
    }
    assert_eq!(report.canceled_by_venue(), 0);
    let mut floor = Floor::new("coinbase");
    let stop = Stop { kind: Loss, trigger: Price::new(10_500), trail: Price::new(10) };
    let tif = TimeInForce::Gtd(ns(floor.now + SECOND));
    let terms = OrderTerms { stop: Some(stop), tif, ..OrderTerms::default() };
    floor.trade_for(Buy, 1.0, None, terms);
    assert_eq!(floor.bot.state().orders().all().len(), 0, "without a limit nothing is left to end");
    floor.is_kept();
}

#[test]
fn exits_follow_whatever_is_held_and_what_is_wanted_last() {
    let mut floor = Floor::new("test");
    floor.tell(exit_at(exits(Some(0.05), Some(0.1), None)));
    assert_eq!(floor.trade_for(Buy, 1.0, Some(100.0), OrderTerms::default()).len(), 1);
    // They follow fills, in part too.
    assert_eq!(
        floor.fill(0, 4_000, 10_000),
        ["sell 1: 4000 at 9025 from 9500", "sell 2: 4000 at 10450 from 11000"]
    );
    assert_eq!(floor.fill(0, 6_000, 10_000).len(), 2);
    assert_eq!(floor.may_sell(), 10_000, "a profit closes the same");
    // The same again is nothing new; others call back what lies.
    assert_eq!(floor.tell(exit_at(exits(Some(0.05), Some(0.1), None))), NOTHING);
    let called = floor.tell(exit_at(exits(Some(0.02), None, None)));
    assert_eq!(called, ["cancel 1", "cancel 2", "cancel 3", "cancel 4"]);
    for sequence in [2, 3, 4] {
        floor.say(sequence, Canceled);
    }
    assert_eq!(floor.say(1, Canceled), ["sell 6: 4000 at 9310 from 9800"]);
    let laid: i64 = [5, 6]
        .map(|sequence| match floor.order(sequence).size {
            Size::Base(qty) => qty.mantissa(),
            Size::Quote(_) => 0,
        })
        .iter()
        .sum();
    assert_eq!((laid, floor.may_sell()), (10_000, 10_000));
    // They stay when all is canceled, and go when none are wanted.
    let cancel = Event::Intent(Intent { sleeve: SleeveId(0), want: Want::CancelAll });
    assert_eq!(floor.tell(cancel), NOTHING);
    assert_eq!(floor.tell(exit_at(None)), ["cancel 5", "cancel 6"]);
    for sequence in [5, 6] {
        assert_eq!(floor.say(sequence, Canceled), NOTHING);
    }
    floor.is_kept();
}

#[test]
fn a_profit_leaves_only_when_the_stop_beside_it_is_confirmed_gone() {
    let both = || Floor::long("kraken", exits(Some(0.05), Some(0.1), None));
    let (mut floor, laid) = both();
    assert_eq!(laid, ["sell 1: 10000 at 9025 from 9500"]);
    floor.say(1, Acked);
    assert_eq!((floor.state(2), floor.may_sell()), ("initialized", 10_000));
    assert_eq!(floor.traded(11_000), ["cancel 1"]);
    assert_eq!(floor.traded(11_010), NOTHING, "once");
    assert_eq!(floor.say(1, Canceled), ["sell 2: 10000 at 10460"]);
    assert_eq!(floor.may_sell(), 10_000);
    assert_eq!(floor.fill(2, 10_000, 11_000), NOTHING);
    assert_eq!(floor.held(), 0);
    floor.is_kept();
    // A part of the stop was filled before its end: the profit is for what is left.
    let (mut floor, _) = both();
    floor.traded(11_000);
    assert_eq!(floor.fill(1, 4_000, 9_500), NOTHING);
    assert_eq!(floor.say(1, Canceled), ["sell 2: 6000 at 10450"]);
    // All of it was: nothing is left for the profit.
    let (mut floor, _) = both();
    floor.traded(11_000);
    assert_eq!(floor.fill(1, 10_000, 9_500), NOTHING);
    assert_eq!((floor.state(2), floor.held()), ("canceled", 0));
    assert_eq!(floor.say(1, Canceled), NOTHING);
    // The stop fills by itself.
    let (mut floor, _) = both();
    floor.fill(1, 10_000, 9_400);
    assert_eq!((floor.state(2), floor.traded(11_000)), ("canceled", vec![]));
    // More is announced than was told: that is not sold again.
    let (mut floor, _) = both();
    floor.traded(11_000);
    let ts = floor.step();
    floor.tell(Event::CumQty { ts, order: id(1), qty: Qty::new(3_000) });
    assert_eq!(floor.say(1, Canceled), ["sell 2: 7000 at 10450"]);
    assert_eq!(floor.may_sell(), 10_000);
}

#[test]
fn a_cancel_that_is_refused_or_in_doubt_releases_nothing() {
    let both = || Floor::long("kraken", exits(Some(0.05), Some(0.1), None)).0;
    let mut floor = both();
    floor.say(1, Acked);
    floor.traded(11_000);
    assert_eq!(floor.say(1, CancelRejected), ["ask_by_id 1"]);
    assert_eq!(floor.traded(11_100), NOTHING, "not at every tick");
    floor.say(1, Acked);
    floor.trade(10_900);
    floor.now += 5 * SECOND;
    assert_eq!(floor.time(), ["cancel 1"], "what was called back is wanted gone");
    assert_eq!(floor.traded(11_100), NOTHING);
    assert_eq!(floor.say(1, Canceled), ["sell 2: 10000 at 10545"]);
    // It goes when the market is no more where it was: both are laid anew.
    let mut floor = both();
    floor.say(1, Acked);
    floor.traded(11_000);
    floor.say(1, CancelRejected);
    floor.traded(10_900);
    floor.now += 5 * SECOND;
    assert_eq!(floor.time(), ["cancel 1"]);
    assert_eq!(floor.say(1, Canceled), ["sell 3: 10000 at 9025 from 9500"]);
    // Its fate is unknown, and at last it is found gone: both are laid anew.
    let mut floor = both();
    floor.say(1, Acked);
    floor.traded(11_000);
    floor.say(1, OrderUpdate::Unanswered);
    assert_eq!(floor.traded(11_100), NOTHING);
    assert_eq!(floor.say(1, Canceled), ["sell 3: 10000 at 9025 from 9500"]);
    assert_eq!((floor.state(2), floor.state(4)), ("canceled", "initialized"));
    // Whoever else calls the stop back does not sell.
    let mut floor = both();
    assert_eq!(floor.say(1, Expired), NOTHING);
    assert_eq!(floor.time(), ["sell 3: 10000 at 9025 from 9500"]);
    assert_eq!(floor.state(2), "canceled");
}

#[test]
fn a_stop_that_is_held_itself_is_gone_at_once() {
    let (mut floor, laid) = Floor::long("coinbase", exits(None, Some(0.1), Some(0.05)));
    assert_eq!(laid, NOTHING);
    assert_eq!(floor.traded(11_000), ["sell 2: 10000 at 10450"]);
    assert_eq!((floor.state(1), floor.state(2)), ("canceled", "intended"));
    let (mut floor, _) = Floor::long("coinbase", exits(None, Some(0.1), Some(0.05)));
    assert_eq!(floor.traded(9_500), ["sell 1: 10000 at 9025"]);
    assert_eq!(floor.state(2), "canceled");
    assert_eq!(floor.traded(11_000), NOTHING);
    floor.is_kept();
}

#[test]
fn an_order_that_waited_for_hours_is_in_doubt_only_from_its_release_on() {
    let (mut floor, _) = Floor::long("coinbase", exits(None, None, Some(0.05)));
    floor.now += 3_600 * SECOND;
    assert_eq!(floor.traded(9_400).len(), 1);
    floor.now += SECOND;
    assert_eq!(floor.time(), NOTHING);
    assert_eq!(floor.state(1), "intended");
}
