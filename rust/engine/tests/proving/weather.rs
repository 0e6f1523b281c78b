//! Simulated prices: returns of Student's t with three degrees of freedom, volatility that clusters
//! (GARCH(1,1) under a regime of chance), a factor that moves everything together, and gaps, all
//! instruments at the same moment. The stylised facts are those of R. Cont (2001), "Empirical
//! properties of asset returns", Quantitative Finance 1; GARCH is T. Bollerslev's (1986), Journal
//! of Econometrics 31.
//!
//! One thing is assumed, and kept: within [`WINDOW`] bars no price falls by more than the assumed
//! gap. The bound on a drawdown is made of it; nothing bounds a market that falls further before
//! anybody can trade.

use bot4_engine::event::Bar;
use bot4_engine::instrument::InstrumentId;
use bot4_engine::units::Nanos;

use crate::dice::Dice;
use crate::market::{HOUR, START};

/// The most that a price falls within [`WINDOW`] bars: the gap that the limits assume.
pub(crate) const GAP: f64 = 0.25;
/// Bars in which no price falls by more than [`GAP`].
pub(crate) const WINDOW: usize = 3;
/// How long a bar lasts.
pub(crate) const BAR_NS: i64 = 4 * HOUR;
/// Bars in a year.
pub(crate) const BARS_A_YEAR: u64 = 6 * 365;
/// The standard deviation of a bar's return at rest: 4 % a day.
const DEVIATION: f64 = 0.016;
/// Gaps a year.
const GAPS_A_YEAR: u64 = 8;
/// How much wilder or calmer than at rest a regime is.
const REGIMES: [f64; 3] = [0.5, 1.0, 2.5];

/// What makes the prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Chance alone.
    Chance,
    /// It sees the account: it grinds it down to just before the trip without tripping the loss of
    /// a day, waits until everything is loaded, gaps by all that is assumed, and falls on.
    Hunts,
    /// It makes what is held four times as much first, so that it is far beyond its caps.
    Grows,
}

/// What a market that hunts sees of the account.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sight {
    pub(crate) equity: f64,
    pub(crate) peak: f64,
    pub(crate) day_start: f64,
    pub(crate) gross: f64,
    pub(crate) tripped: bool,
}

/// The prices of some instruments.
pub(crate) struct Weather {
    mode: Mode,
    dice: Dice,
    prices: Vec<f64>,
    firsts: Vec<f64>,
    betas: Vec<f64>,
    /// The last closes of each.
    closes: Vec<[f64; WINDOW]>,
    variance: f64,
    regime: usize,
    drift: f64,
    bar: u64,
    /// How much of the peak a market that hunts leaves before it gaps: just above the trip, or
    /// below it, should nothing trip there.
    aim: f64,
    /// Bars that a market which hunts has waited, just before the trip.
    waited: usize,
    grown: bool,
    pub(crate) gaps: u64,
}

/// From 0 to below 1.
pub(crate) fn part(dice: &mut Dice) -> f64 {
    (dice.next() >> 11) as f64 / 9_007_199_254_740_992.0
}

/// Normal, by G. Box and M. Muller (1958), Annals of Mathematical Statistics 29.
fn normal(dice: &mut Dice) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - part(dice)));
    radius * libm::cos(2.0 * core::f64::consts::PI * part(dice))
}

/// Student's t with three degrees of freedom, of variance 1.
fn student(dice: &mut Dice) -> f64 {
    let one = normal(dice);
    let squares = (0..3).map(|_| normal(dice)).map(|z| z * z).sum::<f64>();
    one / libm::sqrt(squares)
}

impl Weather {
    pub(crate) fn new(mode: Mode, seed: u64, prices: &[f64]) -> Self {
        let mut dice = Dice(seed);
        let betas = prices.iter().map(|_| 0.6 + 0.8 * part(&mut dice)).collect();
        // From a bad year, which halves what is held, to a good one, which doubles it.
        let drift = 1.4 * (part(&mut dice) - 0.5) / BARS_A_YEAR as f64;
        Self {
            mode,
            prices: prices.to_vec(),
            firsts: prices.to_vec(),
            betas,
            closes: prices.iter().map(|price| [*price; WINDOW]).collect(),
            variance: DEVIATION * DEVIATION,
            regime: 1,
            drift,
            bar: 0,
            aim: if seed.is_multiple_of(2) { 0.9005 } else { 0.86 + 0.04 * part(&mut Dice(!seed)) },
            waited: 0,
            grown: false,
            gaps: 0,
            dice,
        }
    }

    /// The next bar of each, and when it closes.
    pub(crate) fn next(&mut self, sight: Sight) -> (Vec<Bar>, Nanos) {
        let (gap, common) = match self.mode {
            Mode::Chance => self.by_chance(),
            Mode::Hunts => self.hunting(sight),
            Mode::Grows => self.growing(sight),
        };
        self.gaps += u64::from(gap != 0.0);
        let open_ns = START + i64::try_from(self.bar).unwrap() * BAR_NS;
        let close_ns = open_ns + BAR_NS;
        let bars = (0..self.prices.len()).map(|place| self.bar_of(place, gap, common, open_ns));
        let bars = bars.collect();
        self.bar += 1;
        (bars, Nanos::new(close_ns))
    }

    fn bar_of(&mut self, place: usize, gap: f64, common: f64, open_ns: i64) -> Bar {
        let deviation = libm::sqrt(self.variance) * REGIMES[self.regime];
        let alone = match self.mode {
            Mode::Chance => 0.6 * deviation * student(&mut self.dice),
            Mode::Hunts | Mode::Grows => 0.0,
        };
        let beta = if self.mode == Mode::Chance { self.betas[place] } else { 1.0 };
        let last = self.prices[place];
        let least = (1.0 - GAP) * self.closes[place].iter().copied().fold(0.0, f64::max);
        let open = (last * (1.0 + gap)).max(least);
        let close = open * libm::exp(beta * common + alone);
        // Up as far as it was down before: nothing runs away for ever.
        let close = close.clamp(least, last * 1.5);
        let reach = 1.0 + deviation * part(&mut self.dice) / 2.0;
        let (high, low) = (open.max(close) * reach, (open.min(close) / reach).max(least));
        self.prices[place] = close;
        self.closes[place].rotate_left(1);
        self.closes[place][WINDOW - 1] = close;
        let id = InstrumentId(u32::try_from(place).unwrap());
        Bar {
            instrument: id,
            open_ns: Nanos::new(open_ns),
            close_ns: Nanos::new(open_ns + BAR_NS),
            open,
            high,
            low: low.min(open.min(close)),
            close,
            volume: 1_000_000.0,
        }
    }

    fn by_chance(&mut self) -> (f64, f64) {
        if self.dice.one_in(60) {
            self.regime = usize::try_from(self.dice.below(3)).unwrap();
        }
        let rest = DEVIATION * DEVIATION;
        let shock = student(&mut self.dice);
        let before = self.variance;
        self.variance = 0.02 * rest + 0.10 * before * shock * shock + 0.88 * before;
        self.variance = self.variance.min(30.0 * rest);
        let common = self.drift + libm::sqrt(before) * REGIMES[self.regime] * shock;
        let gaps = self.dice.one_in(BARS_A_YEAR / GAPS_A_YEAR);
        let gap = if gaps { GAP * part(&mut self.dice) } else { 0.0 };
        (if self.dice.below(10) < 7 { -gap } else { gap }, common)
    }

    /// A gap and a move for the account that it sees.
    fn hunting(&mut self, sight: Sight) -> (f64, f64) {
        let Sight { equity, peak, day_start, gross, tripped } = sight;
        let calm = 0.004 * (part(&mut self.dice) - 0.5);
        // It falls on, as fast as may be, to a tenth.
        if tripped || self.waited > WINDOW {
            let low = self.prices.iter().zip(&self.firsts).all(|(now, first)| *now < 0.1 * first);
            return (0.0, if low { calm } else { libm::log(1.0 - GAP) / WINDOW as f64 });
        }
        let loaded = gross >= if self.grown { 0.05 } else { 0.16 } * equity;
        let (left, today) = (equity - self.aim * peak, equity - 0.972 * day_start);
        if !loaded || gross <= 0.0 {
            return (0.0, calm);
        }
        if left < 0.002 * peak {
            self.waited += 1;
            return if self.waited > WINDOW { (-GAP, 0.0) } else { (0.0, 0.0) };
        }
        // What is on its way is held by then.
        let gross = gross.max(0.2 * equity);
        let fall = left.min(today).min(0.08 * gross).max(0.0) / gross;
        (0.0, libm::log(1.0 - fall))
    }

    fn growing(&mut self, sight: Sight) -> (f64, f64) {
        self.grown |= self.prices.iter().zip(&self.firsts).all(|(now, first)| *now > 4.0 * first);
        if self.grown {
            self.hunting(sight)
        } else {
            // What they want first is bought at a price that does not move.
            (0.0, if self.bar < 12 { 0.0 } else { 0.008 })
        }
    }
}
