//! The bot by itself: one event in, records and actions out. No venue answers unless told.
//!
//! Long because every kind of event is told once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;

use bot4_engine::bot::{Bot, BotError, Decides, Output, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::event::{
    Action, Bar, BreakerState, Component, Event, Execution, Fill, Intent, OrderId, OrderTerms,
    OrderUpdate, Quote, Side, SleeveId, TradingState, Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId, UnitError};
use bot4_engine::journal::{Record, StateError};
use bot4_engine::risk::limits::Profile;
use bot4_engine::signal::{Input, Node, NodeKind, Program, Stream};
use bot4_engine::units::{Amount, Nanos, Price, Qty};

use crate::market::{
    HOUR, START, amount, breaker, decided, instrument, ns, profile, program, sleeve, trade,
    volume_is_target,
};

/// A bot, what it said last, and a clock that goes on by an hour.
struct Desk {
    bot: Bot,
    out: Output,
    hour: i64,
}

impl Desk {
    /// Two instruments, 10,000 in cash.
    fn new(sleeves: Vec<Sleeve>, profile: Profile) -> Self {
        let other = Instrument { symbol: "test:ETH".to_owned(), ..instrument() };
        let bot = Bot::new(vec![instrument(), other], sleeves, profile, 7);
        let mut desk = Self { bot, out: Output::default(), hour: 0 };
        desk.tell(Event::Deposit { ts: ns(START), amount: amount("10000") });
        desk
    }

    /// One program that wants what the volume says, with a band.
    fn of_volume(band: Option<f64>, changes: &[(&str, &str)]) -> Self {
        let program = Box::new(volume_is_target());
        let decides = Decides::Program {
            program,
            decision: Decision::Target { band, execution: Execution::Cross, exits: None },
        };
        Self::new(vec![sleeve(0, "1", decides)], profile("unleveraged", changes))
    }

    fn outside(changes: &[(&str, &str)]) -> Self {
        let sleeves = vec![sleeve(0, "0.5", Decides::Outside), sleeve(1, "0.5", Decides::Outside)];
        Self::new(sleeves, profile("research", changes))
    }

    fn now(&self) -> Nanos {
        ns(START + self.hour * HOUR)
    }

    fn tell(&mut self, event: Event) -> String {
        self.out.clear();
        self.bot.on(&event, &mut self.out).unwrap();
        self.said()
    }

    /// An error must leave everything that is recorded as it was.
    fn refuses(&mut self, event: Event) -> BotError {
        let (state, account) = (self.bot.state().clone(), *self.bot.account());
        self.out.clear();
        let error = self.bot.on(&event, &mut self.out).unwrap_err();
        assert_eq!((self.bot.state(), self.bot.account()), (&state, &account));
        assert!(self.out.records.is_empty() && self.out.actions.is_empty());
        error
    }

    fn bar(&mut self, instrument: u32, close: f64, volume: f64) {
        let bar = Bar {
            instrument: InstrumentId(instrument),
            open_ns: ns(START + (self.hour - 1) * HOUR),
            close_ns: self.now(),
            open: close,
            high: close,
            low: close,
            close,
            volume,
        };
        assert_eq!(self.tell(Event::Bar(bar)), "");
    }

    /// The next hour: a bar, then the decision.
    fn step(&mut self, close: f64, volume: f64) -> String {
        self.hour += 1;
        self.bar(0, close, volume);
        self.tell(Event::Time(self.now()))
    }

    fn ask(&mut self, place: u32, want: Want) -> String {
        self.tell(Event::Intent(Intent { sleeve: SleeveId(place), want }))
    }

    /// Order `sequence` fills whole, at `price` in steps.
    fn fill(&mut self, sequence: u32, price: i64, qty: i64) {
        self.tell(Event::Fill(Fill {
            order: OrderId::new(7, sequence),
            trade: trade(),
            ts: self.now(),
            price: Price::new(price),
            qty: Qty::new(qty),
            fee: Amount::ZERO,
            fee_asset: None,
            last: true,
        }));
    }

    /// Records without intents and placements, then actions, in words.
    fn said(&self) -> String {
        let record = |record: &Record| match record {
            Record::Refused { refusal, .. } => Some(format!("no: {}", refusal.name())),
            Record::Clipped { limit, .. } => Some(format!("clipped: {}", limit.name())),
            Record::Intent { .. } => Some("intent".to_owned()),
            Record::Crossed { cross, .. } => Some(format!("crossed {}", cross.qty.mantissa())),
            Record::Placed { .. }
            | Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Update { .. }
            | Record::Amend { .. }
            | Record::CumQty { .. }
            | Record::Fill(_)
            | Record::Breaker(_)
            | Record::Control { .. } => None,
            // How the account was valued stands before each decision.
            Record::Equity { .. } | Record::Pause { .. } | Record::Start { .. } => None,
            Record::Stop { .. }
            | Record::Flatten { .. }
            | Record::Freeze { .. }
            | Record::Status { .. }
            | Record::Measured { .. } => None,
        };
        let action = |action: &Action| match action {
            Action::Place { order, .. } => format!("{} {:?}", order.side.name(), order.size),
            Action::Cancel { id } => format!("cancel {}", id.number() & 0xFFFF),
            Action::Amend { .. } | Action::Ask { .. } => format!("{action:?}"),
            Action::Trip(new) => format!("{:?} {:?}", new.part.component, new.state),
        };
        let records = self.out.records.iter().filter_map(record);
        let words: Vec<_> = records.chain(self.out.actions.iter().map(action)).collect();
        words.join("; ").replace("Amount", "").replace("Qty", "")
    }
}

const NAN: f64 = f64::NAN;

fn target(fraction: f64) -> Want {
    Want::Target { fraction, band: None, execution: Execution::Cross }
}

fn quote(whole: i128) -> String {
    format!("Quote(({}))", whole * 10_i128.pow(18))
}

#[test]
fn trades_when_the_fraction_changes_and_only_then() {
    let mut desk = Desk::of_volume(None, &[]);
    assert_eq!(desk.step(100.0, NAN), "", "no opinion yet");
    assert_eq!(desk.step(100.0, 0.5), format!("intent; buy {}", quote(5_000)));
    desk.fill(0, 10_000, 500_000);
    assert_eq!(desk.step(200.0, 0.5), "", "drift is not a change");
    assert_eq!(desk.step(200.0, NAN), "", "no opinion");
    assert_eq!(desk.step(200.0, 0.5), "", "the opinion it had");
    // 15,000 of equity, 10,000 held: down to 3,750.
    assert_eq!(desk.step(200.0, 0.25), "intent; sell Base((312500))");
    desk.fill(1, 20_000, 312_500);
    assert_eq!(desk.step(200.0, 0.0), "intent; sell Base((187500))");
    desk.fill(2, 20_000, 187_500);
    assert_eq!(desk.step(200.0, -0.0), "", "nothing is nothing");
    assert_eq!(desk.step(200.0, 1e-14), "intent", "a change that comes to nothing");
}

#[test]
fn drift_beyond_the_band_is_traded_back() {
    let mut desk = Desk::of_volume(Some(0.1), &[]);
    desk.step(100.0, 0.5);
    desk.fill(0, 10_000, 500_000);
    assert_eq!(desk.step(149.0, 0.5), "", "held is 0.598");
    // Held is 0.6015 of 12,550: 7,550 down to 6,275.
    assert_eq!(desk.step(151.0, 0.5), "intent; sell Base((84437))");
    desk.fill(1, 15_100, 84_437);
    assert_eq!(desk.step(151.0, 0.5), "");
    assert_eq!(desk.step(151.0, NAN), "");
    let bought = desk.step(90.0, 0.5);
    assert!(bought.starts_with("intent; buy Quote"), "{bought}");
}

#[test]
fn a_refusal_is_not_tried_again_until_the_fraction_changes() {
    let mut desk = Desk::of_volume(None, &[("position_max", "0")]);
    assert_eq!(desk.step(100.0, 1.0), "intent; no: position_limit");
    assert_eq!(desk.step(100.0, 1.0), "");
    assert_eq!(desk.step(100.0, 0.5), "intent; no: position_limit");
    assert_eq!(desk.step(100.0, f64::INFINITY), "intent; no: not_usable");
    assert_eq!(desk.step(100.0, 1.0), "intent; no: position_limit");
}

#[test]
fn a_clip_is_recorded_before_its_order() {
    let mut desk = Desk::of_volume(None, &[("order_max", "0.01")]);
    let said = desk.step(100.0, 1.0);
    assert_eq!(said, format!("intent; clipped: order_limit; buy {}", quote(100)));
    let placed = desk.out.records.last().unwrap();
    assert!(matches!(placed, Record::Placed { .. }), "{placed:?}");
    assert_eq!(desk.out.records.len(), 4, "the account's value stands before them");
}

#[test]
fn decides_once_for_each_moment_with_a_new_bar() {
    let programs = [0, 1].map(|place| sleeve(place, "0.5", decided(volume_is_target())));
    let mut desk = Desk::new(programs.to_vec(), profile("unleveraged", &[]));
    desk.hour = 1;
    assert_eq!(desk.tell(Event::Time(desk.now())), "", "nothing was told");
    desk.bar(1, 50.0, 0.5);
    desk.bar(0, 100.0, 1.0);
    let both = format!("intent; intent; buy {}; buy {}", quote(5_000), quote(2_500));
    assert_eq!(desk.tell(Event::Time(desk.now())), both);
    assert_eq!(desk.tell(Event::Time(desk.now())), "", "the same moment again");
    desk.hour = 2;
    desk.bar(1, 50.0, 0.25);
    // A program runs for its own instrument's bars alone.
    assert_eq!(desk.tell(Event::Time(desk.now())), "intent; cancel 1");
}

#[test]
fn the_account_is_what_a_program_reads() {
    // Long while the price is below the entry or nothing is held; out once equity is above 10,100.
    let rich = [
        ("equity", &[][..], &[][..]),
        ("constant", &[], &[10_100.0]),
        ("gt", &[0, 1], &[]),
        ("constant", &[], &[0.0]),
        ("constant", &[], &[1.0]),
        ("where", &[2, 3, 4], &[]),
    ];
    let sleeves = vec![sleeve(0, "1", decided(program(&rich)))];
    let mut desk = Desk::new(sleeves, profile("unleveraged", &[]));
    assert_eq!(desk.step(100.0, 0.0), format!("intent; buy {}", quote(10_000)));
    desk.fill(0, 10_000, 1_000_000);
    assert_eq!(desk.step(101.0, 0.0), "");
    assert_eq!(desk.step(102.0, 0.0), "intent; sell Base((1000000))");
    for (stream, wanted) in [("entry_price", [NAN, 80.0]), ("position", [0.0, 20.0])] {
        let sleeves = vec![sleeve(0, "1", decided(program(&[(stream, &[], &[])])))];
        let mut desk = Desk::new(sleeves, profile("research", &[]));
        desk.step(100.0, 0.0);
        let fraction = desk.bot.state().target(SleeveId(0)).unwrap_or(NAN);
        assert_eq!(fraction.to_bits(), wanted[0].to_bits(), "{stream} while flat");
        desk.ask(
            0,
            Want::Trade { side: Side::Buy, qty: 20.0, limit: None, terms: OrderTerms::default() },
        );
        desk.fill(0, 8_000, 200_000);
        desk.step(100.0, 0.0);
        assert_eq!(desk.bot.state().target(SleeveId(0)), Some(wanted[1]), "{stream}");
    }
}

#[test]
fn an_input_that_is_not_told_is_no_opinion() {
    for (instrument, interval) in [(Some(InstrumentId(1)), None), (None, Some(ns(60)))] {
        let kind = NodeKind::Input(Input { instrument, stream: Stream::Volume, interval });
        let program = Program::compile(&[Node { kind, operands: vec![] }], &[0]).unwrap();
        let sleeves = vec![sleeve(0, "1", decided(program))];
        let mut desk = Desk::new(sleeves, profile("unleveraged", &[]));
        assert_eq!(desk.step(100.0, 1.0), "", "{instrument:?} {interval:?}");
    }
    let (instrument, interval) = (Some(InstrumentId(0)), None);
    let kind = NodeKind::Input(Input { instrument, stream: Stream::Volume, interval });
    let program = Program::compile(&[Node { kind, operands: vec![] }], &[0]).unwrap();
    let sleeves = vec![sleeve(0, "1", decided(program))];
    let mut desk = Desk::new(sleeves, profile("unleveraged", &[]));
    assert_eq!(desk.step(100.0, 1.0), format!("intent; buy {}", quote(10_000)));
}

#[test]
fn a_drawdown_latches_at_once_and_lets_only_reducing_pass() {
    let mut desk = Desk::of_volume(None, &[("drawdown_max", "0.1")]);
    desk.step(100.0, 0.5);
    desk.fill(0, 10_000, 500_000);
    assert_eq!(desk.step(80.0, 0.5), "", "10 % is not beyond 10 %");
    let tripped = desk.step(79.0, 1.0);
    assert_eq!(tripped, "intent; no: breaker_open; Drawdown Latched", "in the very same event");
    assert!(desk.bot.state().breakers().all_closed(), "only the event changes the word");
    assert_eq!(desk.step(79.0, 1.0), "Drawdown Latched", "asked again until it comes");
    let drawdown = |ts, state| Event::Breaker(breaker(ts, Component::Drawdown, state));
    desk.tell(drawdown(desk.now(), BreakerState::Latched));
    assert!(matches!(desk.out.records.as_slice(), [Record::Breaker(_)]));
    assert_eq!(desk.step(79.0, 0.9), "intent; no: breaker_open");
    assert_eq!(desk.step(79.0, 0.25), "intent; sell Base((216772))");
    desk.fill(1, 7_900, 216_772);
    assert_eq!(desk.step(120.0, 1.0), "intent; no: breaker_open", "it does not heal by itself");
    desk.tell(drawdown(desk.now(), BreakerState::Closed));
    assert!(desk.step(120.0, 0.9).starts_with("intent; buy"));
}

#[test]
fn the_trading_state_holds_for_everyone() {
    let mut desk = Desk::of_volume(None, &[]);
    let control = |ts, state| Event::Control { ts, state };
    desk.step(100.0, 0.5);
    desk.fill(0, 10_000, 500_000);
    desk.tell(control(desk.now(), TradingState::Halted));
    assert_eq!(desk.step(100.0, 0.0), "intent; no: halted");
    desk.tell(control(desk.now(), TradingState::Reducing));
    assert_eq!(desk.step(100.0, 0.75), "intent; no: reducing_only");
    assert_eq!(desk.step(100.0, 0.25), "intent; sell Base((250000))");
    desk.fill(1, 10_000, 250_000);
    desk.tell(control(desk.now(), TradingState::Active));
    assert!(desk.step(100.0, 0.9).starts_with("intent; buy"));
    assert_eq!(desk.bot.state().trading_state(), TradingState::Active);
}

#[test]
fn a_quote_that_is_crossed_is_not_traded_on() {
    let touch = |ts: Nanos, bid: i64, ask: i64| {
        let (bid, ask) = (Price::new(bid), Price::new(ask));
        Event::Quote(Quote {
            instrument: InstrumentId(0),
            ts,
            bid,
            bid_qty: Qty::new(1),
            ask,
            ask_qty: Qty::new(1),
        })
    };
    for (bid, ask, wanted) in [
        // The mid is 100.00, rounded down.
        (9_999, 10_002, format!("intent; buy {}", quote(2_500))),
        (10_000, 10_000, "intent; no: no_price".to_owned()),
        (10_001, 10_000, "intent; no: no_price".to_owned()),
        (0, 10_000, "intent; no: no_price".to_owned()),
        (-5, 10_000, "intent; no: no_price".to_owned()),
    ] {
        let mut desk = Desk::outside(&[]);
        desk.step(100.0, 0.0);
        desk.tell(touch(desk.now(), bid, ask));
        assert_eq!(desk.ask(0, target(0.5)), wanted, "{bid} {ask}");
    }
    // Healed by the next good one; worth its cost while there is no price.
    let mut desk = Desk::outside(&[]);
    desk.step(100.0, 0.0);
    desk.ask(
        0,
        Want::Trade { side: Side::Buy, qty: 10.0, limit: None, terms: OrderTerms::default() },
    );
    desk.fill(0, 10_000, 100_000);
    let mut equity = |bid, ask| {
        desk.tell(touch(desk.now(), bid, ask));
        desk.tell(Event::Time(desk.now()));
        desk.bot.account().equity
    };
    assert_eq!(equity(12_000, 12_002), amount("10200.1"));
    assert_eq!(equity(12_000, 11_000), amount("10000"));
    assert_eq!(equity(9_000, 9_002), amount("9900.1"));
}

#[test]
fn a_price_too_old_is_not_traded_on() {
    let mut desk = Desk::outside(&[]);
    desk.step(100.0, 0.0);
    desk.tell(Event::Time(ns(START + HOUR + 60 * market::SECOND)));
    let buy = Want::Trade { side: Side::Buy, qty: 1.0, limit: None, terms: OrderTerms::default() };
    assert_eq!(desk.ask(0, buy), "intent; buy Base((10000))");
    desk.tell(Event::Time(ns(START + HOUR + 60 * market::SECOND + 1)));
    assert_eq!(desk.ask(0, buy), "intent; no: stale_price");
    assert_eq!(desk.ask(1, target(0.2)), "intent; no: no_price", "it never had a bar");
}

#[test]
fn a_halt_cancels_everything_once() {
    let mut desk = Desk::outside(&[]);
    desk.step(100.0, 0.0);
    desk.bar(1, 100.0, 0.0);
    let limit = |limit| Want::Trade {
        side: Side::Buy,
        qty: 1.0,
        limit: Some(limit),
        terms: OrderTerms::default(),
    };
    for (place, price) in [(0, 99.0), (1, 99.0), (0, 98.0), (0, 97.0)] {
        desk.ask(place, limit(price));
    }
    desk.fill(2, 9_800, 10_000);
    desk.tell(Event::Control { ts: desk.now(), state: TradingState::Halted });
    assert_eq!(desk.said(), "intent; intent; cancel 0; cancel 3; cancel 1");
    let sent =
        |record: &&Record| matches!(record, Record::Update { update: OrderUpdate::CancelSent, .. });
    assert_eq!(desk.out.records.iter().filter(sent).count(), 3);
    assert_eq!(desk.ask(1, Want::CancelAll), "intent", "it is asked for already");
    assert_eq!(desk.ask(1, limit(99.0)), "intent; no: halted");
}

#[test]
fn a_target_takes_the_place_of_what_still_works() {
    let canceled = |desk: &mut Desk, sequence| {
        let (ts, order, update) = (desk.now(), OrderId::new(7, sequence), OrderUpdate::Canceled);
        desk.tell(Event::Order { ts, order, update })
    };
    let mut desk = Desk::outside(&[]);
    desk.step(100.0, 0.0);
    assert_eq!(desk.ask(0, target(0.5)), format!("intent; buy {}", quote(2_500)));
    assert_eq!(desk.ask(0, target(0.25)), "intent; cancel 0");
    assert_eq!(desk.ask(0, target(0.75)), "intent", "it is called back already");
    assert_eq!(canceled(&mut desk, 0), format!("buy {}", quote(3_750)), "the last word counts");
    assert_eq!(canceled(&mut desk, 0), "", "once");
    // A fill that was faster than the cancel counts.
    assert_eq!(desk.ask(0, target(0.5)), "intent; cancel 1");
    desk.fill(1, 10_000, 375_000);
    assert_eq!(desk.said(), "sell Base((125000))");
    // Flat while a sell works: nothing is left to do once it is canceled but the rest.
    assert_eq!(desk.ask(0, target(0.0)), "intent; cancel 2");
    assert_eq!(canceled(&mut desk, 2), "sell Base((375000))");
}

#[test]
fn a_cancel_takes_back_the_target_that_waits() {
    let mut desk = Desk::outside(&[]);
    desk.step(100.0, 0.0);
    desk.ask(0, target(0.5));
    assert_eq!(desk.ask(0, target(0.25)), "intent; cancel 0");
    assert_eq!(desk.ask(0, Want::CancelAll), "intent");
    let (ts, order, update) = (desk.now(), OrderId::new(7, 0), OrderUpdate::Canceled);
    assert_eq!(desk.tell(Event::Order { ts, order, update }), "");
}

#[test]
fn a_fill_counts_before_the_next_bar_does() {
    // 60 % of gross is filled; the other instrument may have 40 %, at once.
    let mut desk = Desk::outside(&[("gross_max", "1")]);
    desk.step(100.0, 0.0);
    desk.bar(1, 100.0, 0.0);
    desk.ask(
        0,
        Want::Trade { side: Side::Buy, qty: 60.0, limit: None, terms: OrderTerms::default() },
    );
    desk.fill(0, 10_000, 600_000);
    assert_eq!(desk.bot.account().gross, amount("6000"));
    let clipped = desk.ask(
        1,
        Want::Trade { side: Side::Buy, qty: 60.0, limit: None, terms: OrderTerms::default() },
    );
    assert_eq!(clipped, "intent; clipped: gross_limit; buy Base((400000))");
}

#[test]
fn shorts_that_work_count_before_they_fill() {
    let mut desk = Desk::outside(&[("gross_max", "1")]);
    desk.step(100.0, 0.0);
    desk.bar(1, 100.0, 0.0);
    let sell =
        Want::Trade { side: Side::Sell, qty: 60.0, limit: None, terms: OrderTerms::default() };
    assert_eq!(desk.ask(0, sell), "intent; sell Base((600000))");
    assert_eq!(desk.bot.account().working_short, Some(amount("6000")));
    assert_eq!(desk.ask(1, sell), "intent; clipped: gross_limit; sell Base((400000))");
    desk.fill(0, 10_000, 600_000);
    assert_eq!(desk.bot.account().working_short, Some(amount("4000")));
    assert_eq!(desk.bot.account().gross, amount("6000"));
}

#[test]
fn working_buys_keep_their_cash() {
    let mut desk = Desk::outside(&[("borrowing", "false"), ("collar", "0.1")]);
    desk.step(100.0, 0.0);
    desk.bar(1, 100.0, 0.0);
    let buy = |qty| Want::Trade { side: Side::Buy, qty, limit: None, terms: OrderTerms::default() };
    desk.ask(0, buy(80.0));
    assert_eq!(desk.bot.account().reserved, amount("8808.8"), "at worst");
    assert_eq!(desk.ask(1, buy(80.0)), "intent; clipped: free_cash; buy Base((119000))");
    let ts = desk.now();
    let unanswered = OrderUpdate::Unanswered;
    desk.tell(Event::Order { ts, order: OrderId::new(7, 0), update: unanswered });
    assert_eq!(desk.ask(1, buy(1.0)), "intent; no: free_cash", "what is unknown may be filled");
    let ts = ns(ts.mantissa() + 13 * market::SECOND);
    for update in [OrderUpdate::NotFoundById, OrderUpdate::NotFoundOpen] {
        desk.tell(Event::Order { ts, order: OrderId::new(7, 0), update });
    }
    assert_eq!(desk.ask(1, buy(1.0)), "intent; buy Base((10000))");
}

#[test]
fn an_event_that_cannot_be_changes_nothing() {
    let mut desk = Desk::outside(&[]);
    desk.step(100.0, 0.0);
    let now = desk.now();
    let bar = |instrument, close| {
        Event::Bar(Bar {
            instrument: InstrumentId(instrument),
            open_ns: now,
            close_ns: now,
            open: 1.0,
            high: 1.0,
            low: 1.0,
            close,
            volume: 0.0,
        })
    };
    let unit = |reason| BotError::Unit { symbol: "test:BTC".to_owned(), reason };
    assert_eq!(desk.refuses(bar(0, NAN)), unit(UnitError::NotFinite));
    assert_eq!(desk.refuses(bar(0, 1e30)), unit(UnitError::TooLarge));
    assert_eq!(desk.refuses(bar(2, 1.0)), BotError::Unknown);
    let (bid, ask) = (Price::new(1), Price::new(2));
    let stranger = Quote {
        instrument: InstrumentId(2),
        ts: now,
        bid,
        bid_qty: Qty::new(1),
        ask,
        ask_qty: Qty::new(1),
    };
    assert_eq!(desk.refuses(Event::Quote(stranger)), BotError::Unknown);
    let intent = Intent { sleeve: SleeveId(2), want: target(1.0) };
    assert_eq!(desk.refuses(Event::Intent(intent)), BotError::Unknown);
    let order = OrderId::new(7, 0);
    let answer = Event::Order { ts: now, order, update: OrderUpdate::Acked };
    assert!(matches!(desk.refuses(answer), BotError::State(StateError::Order(_))));
    let deposit = Event::Deposit { ts: now, amount: Amount::new(i128::MAX) };
    assert!(matches!(desk.refuses(deposit), BotError::State(StateError::Overflow(_))));
    assert_eq!(desk.ask(0, target(NAN)), "", "and no opinion is none");
    assert_eq!(desk.bot.sleeves().len(), 2);
    assert_eq!((desk.bot.now(), desk.bot.profile().shorting), (now, true));
}

#[test]
fn time_that_goes_backwards_is_refused() {
    let mut desk = Desk::of_volume(None, &[]);
    desk.tell(Event::Time(ns(START + HOUR)));
    let late = Bar {
        instrument: InstrumentId(0),
        open_ns: ns(START - HOUR),
        close_ns: ns(START),
        open: 1.0,
        high: 1.0,
        low: 1.0,
        close: 1.0,
        volume: 0.0,
    };
    let before = desk.bot.state().clone();
    for event in [Event::Time(ns(START)), Event::Bar(late)] {
        assert_eq!(desk.bot.on(&event, &mut desk.out), Err(BotError::Backwards), "{event:?}");
    }
    assert_eq!(*desk.bot.state(), before);
    assert_eq!(desk.bot.now(), ns(START + HOUR));
}
