//! Strategies of chance that do trade. What each wants at a bar follows from the seed, its seat
//! and the bar alone, so that the same ones can be run under other limits.

use bot4_engine::bot::{Bot, Decides, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::event::{
    Event, Execution, Exits, Intent, OrderTerms, Side, SleeveId, Stop, StopKind, TimeInForce, Want,
};
use bot4_engine::instrument::{InstrumentId, amount_as_f64};
use bot4_engine::order::Order;
use bot4_engine::units::{Nanos, Price};

use super::weather::{BAR_NS, part};
use crate::dice::Dice;
use crate::market::{decided, rate, sma_cross};

/// How a seat decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temper {
    /// Anything, now and then.
    Fickle,
    /// All that it may hold, at every bar: it buys whatever falls.
    Loads,
    /// From one side to the other.
    Flips,
    /// All that it may hold, once; then it sits on it.
    Sits,
    /// A cross of averages with exits, in the engine.
    Crosses,
}

/// Who trades an instrument.
#[derive(Debug, Clone, Copy)]
struct Seat {
    place: u32,
    temper: Temper,
}

/// All of them.
pub(crate) struct Crowd {
    seed: u64,
    seats: Vec<Seat>,
    bar: u64,
}

/// Seats at all, so that each one's share of the equity is more than the cap of an instrument.
const SHARE: &str = "0.05";

impl Crowd {
    /// Someone on each of so many instruments, and a second one on some.
    pub(crate) fn new(seed: u64, instruments: u32, temper: impl Fn(&mut Dice) -> Temper) -> Self {
        let mut dice = Dice(seed ^ 0xC0);
        let mut seat = |place| Seat { place, temper: temper(&mut dice) };
        let firsts = (0..instruments).map(&mut seat).collect::<Vec<_>>();
        let seconds = (0..20 - instruments).map(&mut seat);
        Self { seed, seats: firsts.into_iter().chain(seconds).collect(), bar: 0 }
    }

    /// Any temper.
    pub(crate) fn mixed(dice: &mut Dice) -> Temper {
        use Temper::{Crosses, Fickle, Flips, Loads, Sits};
        [Fickle, Fickle, Fickle, Loads, Loads, Flips, Sits, Crosses]
            [usize::try_from(dice.below(8)).unwrap()]
    }

    /// The sleeves for them.
    pub(crate) fn sleeves(&self) -> Vec<Sleeve> {
        let mut dice = Dice(self.seed ^ 0x51);
        let sleeve = |(at, seat): (usize, &Seat)| Sleeve {
            strategy: format!("seat {at}"),
            instrument: InstrumentId(seat.place),
            allocation: rate(SHARE),
            decides: match seat.temper {
                Temper::Crosses => crossing(&mut dice),
                Temper::Fickle | Temper::Loads | Temper::Flips | Temper::Sits => Decides::Outside,
            },
        };
        self.seats.iter().enumerate().map(sleeve).collect()
    }

    /// What they want after a bar.
    pub(crate) fn ask(&mut self, bot: &Bot, told: &mut Vec<Event>) {
        self.bar += 1;
        for (at, seat) in self.seats.iter().enumerate() {
            let sleeve = SleeveId(u32::try_from(at).unwrap());
            let mixed = self.seed ^ self.bar.wrapping_mul(0x9E37_79B9) ^ ((at as u64) << 40);
            let mut dice = Dice(mixed);
            dice.next();
            let id = InstrumentId(seat.place);
            let Some(mark) = bot.mark_of(id) else { continue };
            let said = match seat.temper {
                Temper::Crosses => None,
                Temper::Sits => (self.bar % 2_000 == 1).then(|| target(1.0)),
                Temper::Loads => Some(target(0.9 + 0.1 * part(&mut dice))),
                Temper::Flips => dice.one_in(5).then(|| {
                    target(if dice.one_in(2) { 1.0 } else { -1.0 } * (0.2 + part(&mut dice)))
                }),
                Temper::Fickle if dice.one_in(4) => {
                    let price = bot.state().instrument(id).unwrap().price_as_f64(mark.price);
                    let equity = amount_as_f64(bot.account().equity);
                    let lies = lying(bot, sleeve, &mut dice);
                    let want = whim(&mut dice, (price, mark.price, equity), lies, bot.now());
                    Some(if bot.profile().shorting { kept_at_mark(want) } else { want })
                }
                Temper::Fickle => None,
            };
            told.extend(said.map(|want| Event::Intent(Intent { sleeve, want })));
        }
    }
}

fn target(fraction: f64) -> Want {
    Want::Target { fraction, band: None, execution: Execution::Cross }
}

/// One of the orders that lie for a sleeve.
fn lying(bot: &Bot, sleeve: SleeveId, dice: &mut Dice) -> Option<bot4_engine::event::OrderId> {
    let mine = |order: &&Order| order.new_order().sleeve == sleeve;
    let ids: Vec<_> = bot.state().orders().working().filter(mine).map(Order::id).collect();
    let any = dice.below(ids.len().max(1) as u64);
    ids.get(usize::try_from(any).unwrap()).copied()
}

/// A cross of averages that closes what it holds at a loss or with a profit.
fn crossing(dice: &mut Dice) -> Decides {
    let fast = 2.0 + libm::floor(10.0 * part(dice));
    let Decides::Program { program, .. } = decided(sma_cross(fast, 3.0 * fast, 1.0)) else {
        panic!("a program was decided on");
    };
    let exits = exits(dice);
    let decision = Decision::Target { band: None, execution: Execution::Cross, exits };
    Decides::Program { program, decision }
}

fn exits(dice: &mut Dice) -> Option<Exits> {
    let loss = Some(0.01 + 0.2 * part(dice));
    let profit = dice.one_in(2).then(|| 0.02 + 0.3 * part(dice));
    match dice.below(3) {
        0 => None,
        1 => Exits::new(loss, profit, None).unwrap(),
        _ => Exits::new(None, profit, loss).unwrap(),
    }
}

/// Anything that a class strategy may ask for.
fn whim(
    dice: &mut Dice,
    (price, mark, equity): (f64, Price, f64),
    lies: Option<bot4_engine::event::OrderId>,
    now: Nanos,
) -> Want {
    let qty = equity * 0.03 * part(dice) / price;
    let side = Side::ALL[usize::from(dice.one_in(3))];
    let limit = Some(price * (0.75 + 0.3 * part(dice)));
    let until = Nanos::new(now.mantissa() + 5 * BAR_NS);
    let terms = OrderTerms::default();
    let trade = |limit, terms| Want::Trade { side, qty, limit, terms };
    match (dice.below(16), lies) {
        (0..=3, _) => target(1.6 * part(dice) - 0.4),
        (4, _) => styled(dice),
        (5, _) => trade(None, terms),
        (6, _) => trade(limit, terms),
        (7, _) => trade(limit, OrderTerms { tif: TimeInForce::Gtd(until), ..terms }),
        (8, _) => trade(limit, OrderTerms { post_only: true, ..terms }),
        (9, _) => trade(limit, OrderTerms { tif: TimeInForce::Ioc, ..terms }),
        (10, _) => trade(None, OrderTerms { reduce_only: true, ..terms }),
        (11, _) => {
            // What waits beyond what is held is checked at its trigger: `attacks.rs` has that.
            let (kind, trails) = (StopKind::Stop, dice.one_in(3));
            let far = mark.mantissa() / 100 * dice.between(1, 15);
            let trigger = Price::new(mark.mantissa() + side.sign() * far);
            let trail = if trails { far } else { 0 };
            let stop = Some(Stop { kind, trigger, trail: Price::new(trail) });
            trade(None, OrderTerms { stop, reduce_only: side == Side::Sell, ..terms })
        }
        (12, _) => Want::Exits(exits(dice)),
        (13, Some(order)) => {
            let qty = dice.one_in(2).then_some(3.0 * qty);
            Want::Amend { order, qty, limit: Some(price * (0.8 + 0.25 * part(dice))) }
        }
        (14, Some(order)) => Want::Cancel { order },
        (15, _) if dice.one_in(3) => Want::CancelAll,
        _ => trade(limit.map(|price| price * 1.02), terms),
    }
}

/// Where the account may be short, an order that waits may only reduce: see [`whim`].
fn kept_at_mark(want: Want) -> Want {
    match want {
        Want::Trade { side, qty, limit, terms } if terms.stop.is_some() => {
            Want::Trade { side, qty, limit, terms: OrderTerms { reduce_only: true, ..terms } }
        }
        want => want,
    }
}

/// A target that does not simply take.
fn styled(dice: &mut Dice) -> Want {
    let over = Nanos::new(4 * BAR_NS);
    let execution = match dice.below(3) {
        0 => Execution::Passive,
        1 => Execution::PassiveThenCross { after: over },
        _ => Execution::Slice { parts: 3, over },
    };
    Want::Target { fraction: part(dice), band: None, execution }
}
