//! Submits that are not answered: the bot's whole way from an order to what became of it, against a
//! venue that knows. Requests leave late, are lost or on their way for long, as are answers;
//! questions fail or come too early, and what is asked for is not yet in the list of trades.
//!
//! `BOT4_DOUBTS` says how many submits, `BOT4_SEED` which.

#![allow(clippy::print_stdout, reason = "the seed and the counts are told")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod dice;
mod market;

use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Bar, Event, Fill, Intent, NewOrder, OrderId, OrderTerms, OrderUpdate, Question, Side,
    Size, SleeveId, TradeId, Want,
};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::order::OrderState;
use bot4_engine::risk::limits::Profile;
use bot4_engine::units::{Amount, Price, Qty, Rate};

use crate::dice::{Dice, setting};
use crate::market::{SECOND, amount, instrument, ns};

const HERE: InstrumentId = InstrumentId(0);
/// Behind the fence every question is answered from here on, so that each doubt has an end.
const ANSWERED_AFTER: i64 = 40 * SECOND;
/// A doubt may last so long: until questions are answered, and two rounds of them.
const DOUBT_MAX: i64 = ANSWERED_AFTER + 10 * SECOND;

/// What the venue does with a request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Live,
    Never,
    FilledAtOnce,
    FilledLate,
    Rejected,
}

/// One order at the venue.
#[derive(Debug)]
struct Truth {
    id: OrderId,
    order: NewOrder,
    fate: Fate,
    /// When it is taken in, when it trades, and when that is in the list of trades.
    arrives: i64,
    trades: i64,
    listed: i64,
    canceled: bool,
    told: bool,
}

impl Truth {
    fn qty(&self) -> Qty {
        match self.order.size {
            Size::Base(qty) => qty,
            Size::Quote(_) => panic!("all are sized in base"),
        }
    }

    fn is_there(&self, now: i64) -> bool {
        self.fate != Fate::Never && now >= self.arrives
    }

    fn is_filled(&self, now: i64) -> bool {
        let fills = matches!(self.fate, Fate::FilledAtOnce | Fate::FilledLate);
        fills && now >= self.trades && !self.canceled
    }

    fn fill(&self) -> Event {
        let (ts, price, qty) = (ns(self.trades), Price::new(100), self.qty());
        let trade = TradeId::new(u128::from(self.id.number()));
        Event::Fill(Fill {
            order: self.id,
            trade,
            ts,
            price,
            qty,
            fee: Amount::ZERO,
            fee_asset: None,
            last: true,
        })
    }

    fn update(&self, now: i64, update: OrderUpdate) -> Event {
        Event::Order { ts: ns(now), order: self.id, update }
    }

    /// The venue's answer, true as of now. An order that is over is in no list of open ones, and
    /// one that has not traded in no list of trades.
    fn answer(&self, question: Question, now: i64) -> Event {
        let said = |update| self.update(now, update);
        let (there, filled) = (self.is_there(now), self.is_filled(now));
        let open = there && !filled && !self.canceled && self.fate != Fate::Rejected;
        match question {
            Question::ById if !there => said(OrderUpdate::NotFoundById),
            Question::ById if filled => self.fill(),
            Question::ById if self.canceled => said(OrderUpdate::Canceled),
            Question::ById if self.fate == Fate::Rejected => said(OrderUpdate::Rejected),
            Question::Open if !open => said(OrderUpdate::NotFoundOpen),
            Question::ById | Question::Open => said(OrderUpdate::Acked),
            Question::Trades if filled && now >= self.listed => self.fill(),
            Question::Trades => said(OrderUpdate::NotFoundTrades),
        }
    }
}

struct Floor {
    bot: Bot,
    out: Output,
    now: i64,
    dice: Dice,
    /// What is on its way to us, and when it is here.
    coming: Vec<(i64, Event)>,
    position: i64,
    sent: u64,
    asked: u64,
}

impl Floor {
    fn new(seed: u64) -> Self {
        let (strategy, decides) = ("outside".to_owned(), Decides::Outside);
        let sleeve = Sleeve { strategy, instrument: HERE, allocation: Rate::ONE, decides };
        let profile = Profile::named("research").unwrap();
        let bot = Bot::new(vec![instrument()], vec![sleeve], profile, 7);
        let (out, now, dice) = (Output::default(), SECOND, Dice(seed));
        let (coming, position, sent, asked) = (Vec::new(), 0, 0, 0);
        let mut floor = Self { bot, out, now, dice, coming, position, sent, asked };
        floor.tell(&Event::Deposit { ts: ns(SECOND), amount: amount("1000000000") });
        floor
    }

    fn tell(&mut self, event: &Event) -> Vec<Action> {
        self.out.clear();
        self.bot.on(event, &mut self.out).unwrap();
        self.out.actions.clone()
    }

    /// Half a second later: what has come is told, then the time.
    fn step(&mut self, truth: &mut Truth) {
        self.now += SECOND / 2;
        let now = self.now;
        let (here, later) = self.coming.drain(..).partition(|(at, _)| *at <= now);
        self.coming = later;
        let here: Vec<(i64, Event)> = here;
        for (_, event) in here {
            let actions = self.tell(&event);
            truth.told |= matches!(event, Event::Fill(_));
            self.carry(&actions, truth);
            self.check(truth);
        }
        let actions = self.tell_time();
        self.carry(&actions, truth);
        self.check(truth);
    }

    /// What the bot wants done: questions, which fail or are answered now and heard later.
    fn carry(&mut self, actions: &[Action], truth: &mut Truth) {
        for action in actions {
            match *action {
                Action::Ask { id, question } => {
                    assert_eq!(id, truth.id);
                    self.asked += 1;
                    let fails =
                        self.now < truth.arrives.max(0) + ANSWERED_AFTER && self.dice.one_in(2);
                    if fails {
                        continue;
                    }
                    let after = self.dice.between(0, 3 * SECOND);
                    self.coming.push((self.now + after, truth.answer(question, self.now)));
                }
                Action::Place { .. } => panic!("one intent, one order"),
                Action::Cancel { .. } | Action::Amend { .. } | Action::Trip(_) => {}
            }
        }
    }

    /// Never less at risk than may still come; never more held than was traded.
    fn check(&self, truth: &Truth) {
        let order = self.bot.state().orders().get(truth.id).unwrap();
        let exposure = self.bot.state().exposure(HERE);
        let may_fill = truth.fate != Fate::Never && truth.fate != Fate::Rejected;
        let may_come = may_fill && !truth.told && !truth.canceled;
        if may_come && !order.state().is_terminal() {
            let (qty, worth) = (truth.qty(), i128::from(truth.qty().mantissa()) * 10_i128.pow(14));
            match truth.order.side {
                Side::Buy => assert!(exposure.working_buy.mantissa() >= worth, "{truth:?}"),
                Side::Sell => assert!(exposure.working_sell >= qty, "{truth:?}"),
            }
        }
        // An order that may still trade is never thought to be over.
        assert!(!(may_come && order.state().is_terminal()), "{truth:?} {order:?}");
        let signed = truth.order.side.sign() * truth.qty().mantissa();
        let held = self.position + if truth.told { signed } else { 0 };
        assert_eq!(exposure.position.mantissa(), held, "{truth:?}");
    }

    /// A price is known, and nothing happens.
    fn quiet(&mut self) {
        self.now += SECOND;
        self.tell_time();
    }

    fn tell_time(&mut self) -> Vec<Action> {
        let (open, high, low, close, volume) = (1.0, 1.0, 1.0, 1.0, 1.0);
        let (instrument, open_ns, close_ns) = (HERE, ns(self.now - 1), ns(self.now));
        let bar = Bar { instrument, open_ns, close_ns, open, high, low, close, volume };
        self.tell(&Event::Bar(bar));
        self.tell(&Event::Time(ns(self.now)))
    }

    /// An intent becomes an order that leaves, and whose answer may be lost.
    fn submit(&mut self) -> Truth {
        let side = if self.position > 0 { Side::Sell } else { Side::Buy };
        let side = if self.dice.one_in(4) { Side::Buy } else { side };
        let qty = 1.0 + f64::from(u32::try_from(self.dice.below(50)).unwrap());
        let limit = Some(1.0);
        let want = Want::Trade { side, qty, limit, terms: OrderTerms::default() };
        let actions = self.tell(&Event::Intent(Intent { sleeve: SleeveId(0), want }));
        let [Action::Place { id, order }] = actions[..] else {
            panic!("{actions:?}");
        };
        let fate = match self.dice.below(8) {
            0 | 1 => Fate::Live,
            2 | 3 => Fate::Never,
            4 => Fate::Rejected,
            5 => Fate::FilledAtOnce,
            _ => Fate::FilledLate,
        };
        // It may wait here, behind a rate limit or a slow disk, and leaves when it is in doubt; who
        // sends it says so. Or it leaves at once, and nobody says so.
        let waits = if self.dice.one_in(3) { self.dice.between(0, 12 * SECOND) } else { 0 };
        let (written, sent) = (self.now, self.now + waits);
        // Nothing is taken in behind the fence: that is what it is for.
        let arrives = sent + self.dice.between(0, 13 * SECOND - 1);
        let after = if fate == Fate::FilledLate { self.dice.between(0, 60 * SECOND) } else { 0 };
        let trades = arrives + after;
        let listed = trades + self.dice.between(0, 30 * SECOND);
        self.sent += 1;
        let (canceled, told) = (false, false);
        let truth = Truth { id, order, fate, arrives, trades, listed, canceled, told };
        if waits > 0 {
            self.coming.push((sent, truth.update(sent, OrderUpdate::Sent)));
        } else if self.dice.one_in(2) {
            self.tell(&truth.update(sent, OrderUpdate::Sent));
        }
        let heard = self.dice.one_in(4);
        if heard && fate != Fate::Never {
            let update =
                if fate == Fate::Rejected { OrderUpdate::Rejected } else { OrderUpdate::Acked };
            let event = truth.update(arrives, update);
            self.coming.push((arrives + self.dice.between(0, 20 * SECOND), event));
        } else if self.dice.one_in(3) {
            self.tell(&truth.update(written, OrderUpdate::Unanswered));
        }
        // The stream of trades, which may lose some.
        if matches!(fate, Fate::FilledAtOnce | Fate::FilledLate) && self.dice.one_in(2) {
            let event = truth.fill();
            self.coming.push((trades + self.dice.between(0, 5 * SECOND), event));
        }
        truth
    }

    /// From the submit to its end, which is the venue's.
    fn one(&mut self) -> (Fate, bool) {
        let mut truth = self.submit();
        let (id, began) = (truth.id, self.now);
        let mut doubted = false;
        loop {
            self.step(&mut truth);
            let state = self.bot.state().orders().get(id).unwrap().state();
            doubted |= state == OrderState::Unknown;
            let in_time = self.now < truth.arrives + DOUBT_MAX;
            assert!(in_time || state != OrderState::Unknown, "still in doubt: {truth:?}");
            if state.is_terminal() {
                break;
            }
            // What works is canceled in the end: the venue says so, or that it was filled before.
            let works = matches!(state, OrderState::Open | OrderState::PartiallyFilled);
            if works && self.now > truth.trades && self.coming.is_empty() {
                if truth.is_filled(self.now) {
                    self.coming.push((self.now, truth.fill()));
                } else {
                    truth.canceled = true;
                    let event = truth.update(self.now, OrderUpdate::Canceled);
                    self.coming.push((self.now, event));
                }
            }
            let limit = truth.trades.max(began) + DOUBT_MAX + 30 * SECOND;
            assert!(self.now < limit, "no end: {truth:?} {state:?}");
        }
        let state = self.bot.state().orders().get(id).unwrap().state();
        let wanted = match truth.fate {
            Fate::Live => OrderState::Canceled,
            Fate::Never => OrderState::Dead,
            Fate::Rejected => OrderState::Rejected,
            Fate::FilledAtOnce | Fate::FilledLate if truth.canceled => OrderState::Canceled,
            Fate::FilledAtOnce | Fate::FilledLate => OrderState::Filled,
        };
        assert_eq!(state, wanted, "{truth:?}");
        if truth.told {
            self.position += truth.order.side.sign() * truth.qty().mantissa();
        }
        assert_eq!(self.bot.account().reserved, Amount::ZERO, "nothing of it is held back");
        self.coming.clear();
        (truth.fate, doubted)
    }
}

#[test]
fn no_submit_is_lost_or_doubled_and_none_is_under_counted_however_unclear_its_answer() {
    let (submits, seed) = (setting("BOT4_DOUBTS", 2_000), setting("BOT4_SEED", market::SEED));
    println!("{submits} submits, seed {seed}");
    let mut floor = Floor::new(seed);
    floor.quiet();
    let (mut doubted, mut dead) = (0, 0);
    for _ in 0..submits {
        let (fate, doubt) = floor.one();
        doubted += u64::from(doubt);
        dead += u64::from(fate == Fate::Never);
    }
    assert_eq!(floor.sent, submits);
    assert_eq!(floor.bot.ignored().illegal, 0);
    println!("{doubted} were in doubt, {dead} never arrived, {} questions were asked", floor.asked);
    assert!(doubted > submits / 4 && dead > submits / 8);
}
