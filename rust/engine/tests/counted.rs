//! The caps with what nobody knows of: a venue that loses requests, answers and fills. At every
//! acceptance what the venue itself holds and has working, and what may still be on its way to it,
//! is within the caps of `default`; the venue's own record is the judge, and uses nothing of
//! `risk`. `BOT4_FAULTY_SEEDS` says how many seeds, `BOT4_SEED` the first.

#![allow(clippy::print_stdout, reason = "the seeds and the counts are told")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod dice;
mod kept;
mod market;

use bot4_engine::bot::{Bot, Decides};
use bot4_engine::event::{
    Bar, Event, Execution, Intent, NewOrder, OrderId, OrderTerms, QuoteSide, Side, Size, SleeveId,
    TwoSided, Want,
};
use bot4_engine::instrument::{InstrumentId, amount_as_f64};
use bot4_engine::journal::{Record, State};
use bot4_engine::order::Order;
use bot4_engine::run::{Run, RunSettings};
use bot4_engine::session::{Driver, Fault, Faults, KeepError};
use bot4_engine::units::Price;
use bot4_engine::venue::{Act, Standing};

use crate::dice::{Dice, setting};
use crate::kept::{Kind, instruments, new_run_with, run_settings};
use crate::market::{SECOND, SEED, profile, rate, sleeve};

/// What would end the fight for the caps before it began: pace, and how many may be in doubt.
const TIRELESS: [(&str, &str); 3] =
    [("unknown_max", "1000"), ("repeats_max", "1000000"), ("messages_max", "1000000")];
const INSTRUMENTS: usize = 2;
/// All that may be held of both, so that one in doubt leaves less for the other.
const GROSS: (&str, &str) = ("gross_max", "0.03");
/// What fills that nobody told of may change of the equity: their fees and slippage.
const UNTOLD: f64 = 0.000_2;

/// Asks at random, and remembers what was accepted in an event.
struct Asking {
    dice: Dice,
    accepted: Vec<(OrderId, NewOrder)>,
}

impl Driver for Asking {
    fn keep(&mut self, _: u64, records: &[Record], _: &State) -> Result<(), KeepError> {
        for record in records {
            if let Record::Placed { id, order, .. } = record {
                self.accepted.push((*id, *order));
            }
        }
        Ok(())
    }

    fn recalled(&mut self, _: &Record, _: &State) {}

    fn release(&mut self, _: OrderId) -> Result<(), KeepError> {
        Ok(())
    }

    fn settle(&mut self) -> Result<(), KeepError> {
        Ok(())
    }

    fn ask(&mut self, bot: &Bot, _: &[Bar], told: &mut Vec<Event>) -> Result<(), KeepError> {
        for place in 0..u32::try_from(INSTRUMENTS).unwrap() {
            let Some(mark) = bot.mark_of(InstrumentId(place)) else { continue };
            let rules = bot.state().instrument(InstrumentId(place)).unwrap();
            let (price, dice) = (rules.price_as_f64(mark.price), &mut self.dice);
            let parts = f64::from(u32::try_from(1 + dice.below(20)).unwrap());
            let qty = amount_as_f64(bot.account().equity) * 0.001 * parts / price;
            let far = f64::from(u32::try_from(dice.below(20)).unwrap()) * 0.000_1;
            let side = Side::ALL[usize::from(dice.one_in(4))];
            let limit = Some(price * (1.000_2 - far));
            let terms = OrderTerms::default();
            let cross = Execution::Cross;
            let want = match dice.below(24) {
                0..=3 => Want::Trade { side, qty, limit: None, terms },
                4..=7 => Want::Trade { side, qty, limit, terms },
                8 => Want::Target { fraction: 0.05, band: None, execution: cross },
                9 => Want::Target { fraction: 0.0, band: None, execution: cross },
                10 => Want::CancelAll,
                11 => around(mark.price, dice.below(5)),
                _ => continue,
            };
            told.push(Event::Intent(Intent { sleeve: SleeveId(place), want }));
        }
        Ok(())
    }

    fn acted(&mut self, _: u64, _: &[Act]) -> Result<(), KeepError> {
        Ok(())
    }

    fn done(&mut self, _: u64) -> Result<(), KeepError> {
        Ok(())
    }
}

/// A quote of two levels a side about the mark, that wants more than it may.
fn around(mark: Price, far: u64) -> Want {
    let step = mark.mantissa() / 20_000;
    let far = step * i64::try_from(far).unwrap();
    let side = |price: i64| Some(QuoteSide { price: Price::new(price), step: Price::new(step) });
    let (bid, ask) = (side(mark.mantissa() - far), side(mark.mantissa() + far));
    Want::Quote(TwoSided { bid, ask, size: rate("0.03"), levels: 2 })
}

/// Prices to value at.
type Marks = [Price; INSTRUMENTS];

fn marks(bot: &Bot, last: Marks) -> Marks {
    [0, 1].map(|place| {
        let mark = bot.mark_of(InstrumentId(u32::try_from(place).unwrap()));
        mark.map_or(last[place], |mark| mark.price)
    })
}

/// What the venue has of an instrument and may come to, in quote: held, and all buys at their
/// limit, those on their way as well.
fn at_venue(run: &Run, place: usize, mark: Price) -> f64 {
    let (session, rules) = (run.session(), &instruments()[place]);
    let state = session.bot().state();
    let clearing = session.venue().clearing();
    let worth = |price: Price, qty| amount_as_f64(rules.notional(price, qty).unwrap());
    let held = clearing.positions()[place];
    let mut all = worth(mark, held);
    let buys = |order: &NewOrder| order.instrument.index() == place && order.side == Side::Buy;
    let left = |order: &NewOrder, done| match order.size {
        Size::Base(qty) => {
            let price = order.limit.map_or(mark, |limit| limit.min(mark));
            worth(price, qty.minus(done).unwrap())
        }
        Size::Quote(budget) => amount_as_f64(budget),
    };
    let works = clearing.blotter().slips().filter(|slip| slip.standing == Standing::Works);
    for slip in works.filter(|slip| buys(&slip.order)) {
        all += left(&slip.order, slip.cum);
    }
    let on_its_way = |order: &&Order| clearing.blotter().slip(order.id()).is_none();
    for order in state.orders().working().filter(on_its_way) {
        if buys(order.new_order()) {
            all += left(order.new_order(), order.filled());
        }
    }
    all
}

/// Whether something happened long since that we have not heard of: a fill, or an order's fate.
fn is_unheard(run: &Run) -> bool {
    let session = run.session();
    let state = session.bot().state();
    let ours = state.portfolio().positions().iter().map(|position| position.qty);
    let long_since = session.clock().mantissa() - SECOND;
    let silent = |order: &Order| !order.is_shown() && order.sent().mantissa() < long_since;
    !ours.eq(session.venue().clearing().positions().iter().copied())
        || state.orders().working().any(silent)
}

/// The venue's account, at these marks.
fn equity(run: &Run, marks: Marks) -> f64 {
    let clearing = run.session().venue().clearing();
    let rules = instruments();
    let worth = |place: usize| rules[place].notional(marks[place], clearing.positions()[place]);
    let held = (0..INSTRUMENTS).map(|place| amount_as_f64(worth(place).unwrap()));
    amount_as_f64(clearing.cash()) + held.sum::<f64>()
}

/// The caps at these marks: of one instrument, and of all; the fraction of equity.
fn used(run: &Run, place: usize, marks: Marks) -> (f64, f64) {
    let equity = equity(run, marks);
    let each = [0, 1].map(|place| at_venue(run, place, marks[place]));
    (each[place] / equity, each.iter().sum::<f64>() / equity)
}

#[derive(Default, Debug)]
struct Seen {
    accepted: u64,
    /// Accepted while the venue had something that we had not heard of.
    unheard: u64,
    refused: u64,
    one: f64,
    all: f64,
}

fn judged(seed: u64, events: u64, seen: &mut Seen) {
    let named = format!("seed {seed}");
    let often = Fault::ALL.map(|fault| (fault.name(), rate("0.1")));
    let settings = RunSettings {
        faults: Some(Faults::new(seed, often).unwrap()),
        ..run_settings(profile("default", &[GROSS, TIRELESS[0], TIRELESS[1], TIRELESS[2]]))
    };
    let sleeves = [0, 1].map(|place| sleeve(place, "0.5", Decides::Outside)).to_vec();
    let mut run = new_run_with(settings, Kind::Simulated, seed, sleeves);
    let mut driver = Asking { dice: Dice(seed), accepted: Vec::new() };
    run.begin(1, None, [], &[], &mut driver).unwrap();
    let mut before = [Price::ZERO; INSTRUMENTS];
    while run.session().event() < events {
        before = marks(run.session().bot(), before);
        driver.accepted.clear();
        assert!(run.step(&mut driver).unwrap());
        let after = marks(run.session().bot(), before);
        for (id, order) in driver.accepted.iter().filter(|(_, order)| order.side == Side::Buy) {
            // It was accepted before this change of the market or after it.
            let place = order.instrument.index();
            let (one, all) = used(&run, place, before);
            let (later_one, later_all) = used(&run, place, after);
            let (one, all) = (one.min(later_one), all.min(later_all));
            let fits = one <= 0.02 * (1.0 + UNTOLD) && all <= 0.03 * (1.0 + UNTOLD);
            assert!(fits, "{named}: {id:?} {order:?} makes {one} of one, {all} of all");
            seen.accepted += 1;
            seen.unheard += u64::from(is_unheard(&run));
            (seen.one, seen.all) = (seen.one.max(one), seen.all.max(all));
        }
    }
    let refused = run.tally().refusals();
    seen.refused +=
        refused.filter(|(why, _)| why.name() == "order_unknown").map(|(_, n)| n).sum::<u64>();
}

#[test]
fn the_caps_count_what_nobody_has_heard_of() {
    let (first, seeds) = (setting("BOT4_SEED", SEED), setting("BOT4_FAULTY_SEEDS", 3));
    let mut seen = Seen::default();
    for seed in first..first + seeds {
        judged(seed, 20_000, &mut seen);
    }
    println!("seeds {first} to {}: {seen:?}", first + seeds - 1);
    assert!(seen.accepted > 50 * seeds && seen.unheard > 5 * seeds, "{seen:?}");
    assert!(seen.refused > 0 && seen.one > 0.019 && seen.all > 0.029, "{seen:?}");
}
