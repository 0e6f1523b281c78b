//! Risk: the word of the breakers, and every check on an order that passes them all.

use bot4_engine::event::{
    BreakerState, Component, Intent, Side, Size, SleeveId, TradingState, Want,
};
use bot4_engine::exposure::{Account, Exposure, Mark};
use bot4_engine::instrument::{Instrument, amount_from_text};
use bot4_engine::risk::breaker::Breakers;
use bot4_engine::risk::limits::Profile;
use bot4_engine::risk::{Armed, View, pass};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

use crate::flow::Draw;
use crate::session::MARKET;
use crate::{GaugeError, Reading, Setup, stopwatch};

pub(crate) const BREAKER: &str = "breaker_check_ns";
pub(crate) const CHECK: &str = "risk_check_ns";
pub(crate) const TARGET: &str = "risk_target_ns";

const SECOND_NS: i64 = 1_000_000_000;
/// Cases that are gone through again and again: they fit the cache, and no predictor knows them.
const CASES: usize = 4_096;

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

/// What is wanted, at which price, with what held.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    intent: Intent,
    exposure: Exposure,
    mark: Mark,
}

/// An account with limits that are far away.
#[derive(Debug, Clone)]
pub struct Scene {
    instrument: Instrument,
    profile: Profile,
    account: Account,
    armed: Armed,
}

impl Scene {
    /// A million in cash, shorts allowed.
    pub fn new() -> Result<Self, GaugeError> {
        let instrument = Instrument::listed("simulated:RISK", 60_000.0, "0.01", "0.00001")?;
        let cash = amount_from_text("1000000")?;
        let working_short = Some(Amount::ZERO);
        let account = Account { cash, equity: cash, working_short, ..Account::default() };
        let profile = Profile::named("research")?;
        let case = Case::new(Want::CancelAll, &instrument, (0, 0));
        let armed = Armed::of(&view(&instrument, &profile, &account, &case));
        let armed = armed.map_err(GaugeError::Refused)?;
        Ok(Self { instrument, profile, account, armed })
    }

    /// Orders of a size, all of which pass.
    #[must_use]
    pub fn trades(&self, seed: u64) -> Vec<Case> {
        let mut draw = Draw::new(seed);
        let mut one = || {
            let side = if draw.below(2) == 0 { Side::Buy } else { Side::Sell };
            let qty = self.instrument.qty_as_f64(self.lots(draw.lots()));
            let want = Want::Trade { side, qty, limit: None };
            Case::new(want, &self.instrument, (draw.below(100_000), draw.below(2_000) - 1_000))
        };
        (0..CASES).map(|_| one()).collect()
    }

    /// Targets that flip between a tenth long and a tenth short, all of which pass.
    #[must_use]
    pub fn targets(&self, seed: u64) -> Vec<Case> {
        let mut draw = Draw::new(seed);
        let mut one = |n: usize| {
            let fraction = if n.is_multiple_of(2) { 0.1 } else { -0.1 };
            let want = Want::Target { fraction, band: None };
            Case::new(want, &self.instrument, (draw.below(100_000), draw.below(2_000) - 1_000))
        };
        (0..CASES).map(&mut one).collect()
    }

    fn lots(&self, lots: i64) -> Qty {
        Qty::new(lots * self.instrument.lot.mantissa())
    }

    /// What is measured: the side of the order and a part of its size, or nothing where it was
    /// refused.
    #[inline]
    pub fn pass(&mut self, case: &Case) -> i64 {
        let view = view(&self.instrument, &self.profile, &self.account, case);
        let Ok(approved) = pass(&case.intent, &view, &mut self.armed) else {
            return 0;
        };
        let order = approved.into_order();
        let size = match order.size {
            Size::Base(qty) => qty.mantissa() & 1,
            Size::Quote(budget) => i64::from(budget.is_positive()),
        };
        order.side.sign() * (2 + size)
    }
}

impl Case {
    /// At a price so many ticks above 60,000, holding so many lots.
    fn new(want: Want, rules: &Instrument, (ticks, lots): (i64, i64)) -> Self {
        let price = Price::new((6_000_000 + ticks) * rules.tick.mantissa());
        let position = Qty::new(lots * rules.lot.mantissa());
        Self {
            intent: Intent { sleeve: SleeveId(0), want },
            exposure: Exposure { position, ..Exposure::default() },
            mark: Mark { price, ts: Nanos::new(SECOND_NS) },
        }
    }
}

#[inline]
fn view<'a>(
    instrument: &'a Instrument,
    profile: &'a Profile,
    account: &'a Account,
    case: &'a Case,
) -> View<'a> {
    View {
        now: Nanos::new(SECOND_NS),
        id: MARKET,
        instrument,
        exposure: &case.exposure,
        account,
        mark: Some(case.mark),
        working: 0,
        allocation: Rate::ONE,
        breakers: Breakers::default(),
        trading_state: TradingState::Active,
        profile,
    }
}

pub(crate) fn breaker(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let words = repeated(&words(setup.seed), setup.events());
    let closed: i64 = words.iter().map(ask).sum();
    // Kept from the optimiser, which would ask many words at once.
    let step = |(): &mut (), word: &Word| ask(std::hint::black_box(word));
    let (mut reading, got) = stopwatch::time(setup, &words, || (), step);
    if got != closed {
        return Err(GaugeError::Wrong { key: BREAKER, got, wanted: closed });
    }
    reading.source = format!("words of which some are not closed, seed {}", setup.seed);
    Ok(reading)
}

pub(crate) fn check(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    passed(setup, CHECK, Scene::trades)
}

pub(crate) fn target(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    passed(setup, TARGET, Scene::targets)
}

fn passed(
    setup: &Setup<'_>,
    key: &'static str,
    cases: fn(&Scene, u64) -> Vec<Case>,
) -> Result<Reading, GaugeError> {
    let scene = Scene::new()?;
    let cases = cases(&scene, setup.seed);
    let refused = cases.iter().filter(|case| scene.clone().pass(case) == 0).count();
    if refused > 0 {
        let got = i64::try_from(refused).unwrap_or(i64::MAX);
        return Err(GaugeError::Wrong { key, got, wanted: 0 });
    }
    let cases = repeated(&cases, setup.events());
    let (mut reading, _) = stopwatch::time(setup, &cases, || scene.clone(), Scene::pass);
    reading.source = format!("orders that pass, seed {}", setup.seed);
    Ok(reading)
}

fn repeated<T: Copy>(once: &[T], count: usize) -> Vec<T> {
    once.iter().copied().cycle().take(count).collect()
}
