//! Risk: the word of the breakers, and every check on an order that passes them all.

use bot4_engine::event::{BreakerState, Component, Size, SleeveId, TradingState};
use bot4_engine::exposure::{Account, Conduct, Exposure, Group, Mark, Resting, Sight};
use bot4_engine::instrument::{Instrument, amount_from_text};
use bot4_engine::risk::breaker::Breakers;
use bot4_engine::risk::limits::{LimitValue, Profile};
use bot4_engine::risk::{Approved, Armed, Passed, Refusal, Refusals, Ticket, View};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

use crate::flow::Draw;
use crate::session::MARKET;
use crate::{GaugeError, Reading, Setup, stopwatch};

pub(crate) const BREAKER: &str = "breaker_check_ns";
pub(crate) const CHECK: &str = "risk_check_ns";
pub(crate) const TARGET: &str = "risk_target_ns";

const SECOND_NS: i64 = 1_000_000_000;
/// What is held, in lots.
const HELD_LOTS: i64 = 500;
/// The targets that flip.
const MORE: f64 = 0.015;
const LESS: f64 = 0.0001;
/// What each side of the touch holds, in lots.
const SHOWN_LOTS: i64 = 1_000_000;
/// What a minute ago was, in ticks.
const BEFORE_TICKS: i64 = 6_050_000;
/// Cases that are gone through again and again: they fit the cache, and no predictor knows them.
const CASES: usize = 1_024;

/// A word, and a component that is asked for.
pub type Word = (Breakers, Component);

/// Words of which one in four is not all closed.
#[must_use]
pub fn words(seed: u64) -> Vec<Word> {
    let mut draw = Draw::new(seed);
    let mut one = || {
        let component = pick(&Component::ALL, &mut draw).unwrap_or(Component::Feed);
        let state = pick(&BreakerState::ALL, &mut draw).unwrap_or(BreakerState::Closed);
        let opened = pick(&Component::ALL, &mut draw).unwrap_or(Component::Feed);
        let open = draw.below(3) == 0;
        let word = Breakers::default();
        (if open { word.with(opened, state) } else { word }, component)
    };
    (0..CASES).map(|_| one()).collect()
}

/// Whether all is well, and whether one component is.
#[inline]
#[must_use]
pub fn ask((breakers, component): &Word) -> i64 {
    let closed = breakers.state(*component) == BreakerState::Closed;
    i64::from(breakers.all_closed()) + i64::from(closed)
}

fn pick<T: Copy>(all: &[T], draw: &mut Draw) -> Option<T> {
    let place = draw.below(u64::try_from(all.len()).unwrap_or(1));
    all.get(usize::try_from(place).unwrap_or(0)).copied()
}

/// A target, the price it is wanted at, and the order that leads there.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    fraction: f64,
    sight: Sight,
    ticket: Ticket,
}

/// What is wider than where nobody speaks: how often a strategy may do something in a minute, and
/// after a loss, as nothing here rests or stops losing. All of it is looked at all the same.
pub const TIRELESS: [(&str, &str); 6] = [
    ("messages_max", "1000000"),
    ("cancels_per_fill_max", "1000000"),
    ("repeats_max", "1000000"),
    ("loss_streak_max", "1000000"),
    ("loss_order_max", "1"),
    ("duplicate_window_s", "0"),
];

/// The limits that hold where nobody speaks, but for [`TIRELESS`].
pub fn tireless() -> Result<Profile, GaugeError> {
    let wide = |profile: Profile, (limit, value): (&str, &str)| {
        profile.with(limit, &LimitValue::Number(value.to_owned()))
    };
    Ok(TIRELESS.into_iter().try_fold(Profile::named("default")?, wide)?)
}

/// The market at a price: bid and ask a tick beside it, and a minute ago it was in the middle.
fn seen(rules: &Instrument, ticks: i64) -> Result<Sight, GaugeError> {
    let at = |ticks: i64| Price::new(ticks * rules.tick.mantissa());
    let shown = Qty::new(SHOWN_LOTS * rules.lot.mantissa());
    let mark = Mark { price: at(ticks), ts: Nanos::new(SECOND_NS) };
    Ok(Sight {
        mark,
        before: at(BEFORE_TICKS),
        bid: mark.price.minus(rules.tick)?,
        ask: mark.price.plus(rules.tick)?,
        bid_qty: shown,
        ask_qty: shown,
    })
}

/// An account that holds something.
#[derive(Debug, Clone)]
pub struct Scene {
    instrument: Instrument,
    armed: Armed,
}

impl Scene {
    /// A million in cash, and the limits that hold where nobody speaks, all of them looked at.
    pub fn new() -> Result<Self, GaugeError> {
        let instrument = Instrument::listed("simulated:RISK", 60_000.0, "0.01", "0.00001")?;
        let cash = amount_from_text("1000000")?;
        let working_short = Some(Amount::ZERO);
        let account = Account { cash, equity: cash, working_short, ..Account::default() };
        let held = Group { selling: Some(Amount::ZERO), ..Group::default() };
        let position = Qty::new(HELD_LOTS * instrument.lot.mantissa());
        let view = View {
            now: Nanos::new(SECOND_NS),
            id: MARKET,
            instrument: &instrument,
            exposure: &Exposure { position, ..Exposure::default() },
            holding: position,
            buying: None,
            account: &account,
            sight: Some(seen(&instrument, BEFORE_TICKS)?),
            ladder: None,
            turnover: amount_from_text("100000000")?,
            tradable: true,
            deviates: false,
            all: held,
            group: held,
            resting: Resting::default(),
            conduct: Conduct::default(),
            hour_peak: cash,
            scale: Rate::ONE,
            working: 0,
            allocation: Rate::ONE,
            breakers: Breakers::default(),
            trading_state: TradingState::Active,
            frozen: false,
            doubtful: false,
            measure: None,
            profile: &Profile::named("default")?,
            sound: true,
        };
        let mut armed = Armed::of(SleeveId(0), &view).map_err(GaugeError::Refused)?;
        for fraction in [MORE, LESS] {
            armed.expect(fraction);
        }
        Ok(Self { instrument, armed })
    }

    /// Targets that flip between more and less than is held, at prices drawn, all of which pass.
    pub fn cases(&self, seed: u64) -> Result<Vec<Case>, GaugeError> {
        let (mut draw, mut armed) = (Draw::new(seed), self.armed);
        let mut one = |n: usize| {
            let fraction = if n.is_multiple_of(2) { MORE } else { LESS };
            let ticks = 6_000_000 + draw.below(100_000);
            let price = Price::new(ticks * self.instrument.tick.mantissa());
            let sight = seen(&self.instrument, ticks)?;
            let ticket = armed.ticket(fraction, price).map_err(refused)?;
            Ok(Case { fraction, sight, ticket })
        };
        (0..CASES).map(&mut one).collect()
    }

    /// What is measured as the checks: an order that is sized through all of them.
    #[inline]
    pub fn check(&mut self, case: &Case) -> i64 {
        answer(self.armed.check(&case.ticket, &case.sight, Nanos::new(SECOND_NS)))
    }

    /// What is measured as a target: from a fraction to an order through all checks.
    #[inline]
    pub fn pass(&mut self, case: &Case) -> i64 {
        answer(self.armed.pass(case.fraction, &case.sight, Nanos::new(SECOND_NS)))
    }
}

/// The side of the order and a part of its size, or nothing where it was refused.
#[inline]
fn answer(passed: Result<Passed, Refusals>) -> i64 {
    let Ok(passed) = passed else {
        return 0;
    };
    let order = Approved::from(passed).into_order();
    let size = match order.size {
        Size::Base(qty) => qty.mantissa() & 1,
        Size::Quote(budget) => i64::from(budget.is_positive()),
    };
    order.side.sign() * (2 + size)
}

/// The first of what stands against an order.
fn refused(refusals: Refusals) -> GaugeError {
    GaugeError::Refused(refusals.iter().next().unwrap_or(Refusal::NotUsable))
}

pub(crate) fn breaker(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let words = words(setup.seed);
    let places = places(words.len(), setup.events());
    let asked = |place: &u16| words.get(usize::from(*place)).map_or(0, ask);
    let closed: i64 = places.iter().map(asked).sum();
    // Kept from the optimiser, which would ask many words at once.
    let step = |(): &mut (), place: &u16| asked(std::hint::black_box(place));
    let (mut reading, got) = stopwatch::time(setup, &places, || (), step);
    if got != closed {
        return Err(GaugeError::Wrong { key: BREAKER, got, wanted: closed });
    }
    reading.source = format!("words of which some are not closed, seed {}", setup.seed);
    Ok(reading)
}

pub(crate) fn check(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    passed(setup, CHECK, "sized targets that pass", Scene::check)
}

pub(crate) fn target(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    passed(setup, TARGET, "targets whose orders pass", Scene::pass)
}

fn passed(
    setup: &Setup<'_>,
    key: &'static str,
    what: &str,
    step: impl Fn(&mut Scene, &Case) -> i64 + Copy,
) -> Result<Reading, GaugeError> {
    let scene = Scene::new()?;
    let cases = scene.cases(setup.seed)?;
    let refused = cases.iter().filter(|case| step(&mut scene.clone(), case) == 0).count();
    if refused > 0 {
        let got = i64::try_from(refused).unwrap_or(i64::MAX);
        return Err(GaugeError::Wrong { key, got, wanted: 0 });
    }
    let places = places(cases.len(), setup.events());
    let passing = |scene: &mut Scene, place: &u16| {
        cases.get(usize::from(*place)).map_or(0, |case| step(scene, case))
    };
    let (mut reading, _) = stopwatch::time(setup, &places, || scene.clone(), passing);
    reading.source = format!("{what}, seed {}", setup.seed);
    Ok(reading)
}

/// Which of so many comes next. Copies of what they are would be read from memory, and not from the
/// cache, where whoever makes an order has just left it.
fn places(of: usize, count: usize) -> Vec<u16> {
    (0..of).filter_map(|place| u16::try_from(place).ok()).cycle().take(count).collect()
}
