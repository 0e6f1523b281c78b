//! What a simulated market believes the instrument is worth: the latent value under its quotes.
//!
//! Each step of 0.1 s the value moves by a normal whose log-volatility is the sum of two
//! Ornstein-Uhlenbeck processes (three minutes and an hour and a half long), by the drift of the
//! trend that rules, and, a few times an hour, by a jump. A slow pull of the log price towards its
//! start (a quarter of a year) and two walls keep it from 0 and from infinity.

use super::chance::Chance;
use crate::event::Side;

/// How long a step is.
pub(super) const STEP_NS: i64 = 100_000_000;
/// Steps of a year of 365.25 days.
const STEPS_A_YEAR: f64 = 315_576_000.0;
/// What a step moves at the median volatility, as a fraction; about 70 % a year with all the rest.
const STEP_MOVE: f64 = 2.05e-5;

/// The part of the log-volatility that forgets within three minutes: what a step keeps of it, and
/// adds. It deviates by 0.35.
const FAST: (f64, f64) = (0.999_445, 0.011_66);
/// The part that forgets within an hour and a half, moved once in [`SLOW_STEPS`]. It deviates by
/// 0.55.
const SLOW: (f64, f64) = (0.998_815, 0.026_76);
/// How many steps the slow things wait.
const SLOW_STEPS: i64 = 64;
/// The furthest the log-volatility goes from its median, either way.
const HEAT_MAX: f64 = 2.0;

/// A trend lasts 45 s on average.
const TREND_STEPS: f64 = 450.0;
/// What a trend adds to each step, in units of the step's own deviation.
const TREND_DRIFT: f64 = 0.025;

/// A jump comes every twelve minutes on average.
const JUMP_STEPS: f64 = 7_200.0;
/// The smallest jump, as a fraction; jumps fall off with the third power.
const JUMP_MIN: f64 = 4e-4;
/// The largest jump.
const JUMP_MAX: f64 = 6e-3;
/// What a jump adds to the fast part of the log-volatility.
const JUMP_HEAT: f64 = 0.4;

/// The part of its distance from the start that the log price loses in a year.
const PULL_A_YEAR: f64 = 4.0;
/// The value stays between the start divided by this and times this.
const WALL: f64 = 5.0;
/// Nor does it go lower than this: a book needs room for its levels above zero.
pub(super) const GRID_STEPS_MIN: f64 = 40.0;

/// The latent value, in steps of the market's grid.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Value {
    now: f64,
    start: f64,
    low: f64,
    high: f64,
    fast: f64,
    slow: f64,
    heat: f64,
    pull: f64,
    trend: f64,
    trend_steps: i64,
    jump_steps: i64,
    slow_steps: i64,
}

impl Value {
    pub(super) fn new(start: f64, chance: &mut Chance) -> Self {
        let (fast, slow) = chance.normals();
        let mut value = Self {
            now: start,
            start,
            low: (start / WALL).max(GRID_STEPS_MIN),
            high: start * WALL,
            fast: 0.35 * fast,
            slow: 0.55 * slow,
            heat: 1.0,
            pull: 0.0,
            trend: 0.0,
            trend_steps: chance.steps_until(TREND_STEPS),
            jump_steps: chance.steps_until(JUMP_STEPS),
            slow_steps: SLOW_STEPS,
        };
        value.heat_up();
        value
    }

    /// The value, in steps of the grid.
    pub(super) fn now(&self) -> f64 {
        self.now
    }

    /// The root of the volatility in units of its median: about 1, rarely below 0.4 or above 2.7.
    pub(super) fn heat(&self) -> f64 {
        self.heat
    }

    /// One step of time. Where the value jumped: which way.
    pub(super) fn advance(&mut self, chance: &mut Chance) -> Option<Side> {
        let (move_noise, heat_noise) = chance.normals();
        self.fast = self.fast * FAST.0 + heat_noise * FAST.1;
        self.slow_steps -= 1;
        if self.slow_steps == 0 {
            self.advance_slowly(chance);
        }
        self.heat_up();
        self.trend_steps -= 1;
        if self.trend_steps == 0 {
            self.turn(chance);
        }
        let deviation = STEP_MOVE * self.heat * self.heat;
        let moved = deviation * (move_noise + self.trend * TREND_DRIFT) + self.pull;
        self.now *= 1.0 + moved;
        self.jump_steps -= 1;
        let jumped = if self.jump_steps == 0 { Some(self.jump(chance)) } else { None };
        self.now = self.now.clamp(self.low, self.high);
        jumped
    }

    fn advance_slowly(&mut self, chance: &mut Chance) {
        self.slow_steps = SLOW_STEPS;
        let (noise, _) = chance.normals();
        self.slow = self.slow * SLOW.0 + noise * SLOW.1;
        self.pull = -libm::log(self.now / self.start) * PULL_A_YEAR / STEPS_A_YEAR;
    }

    fn heat_up(&mut self) {
        self.heat = libm::exp(0.5 * (self.fast + self.slow).clamp(-HEAT_MAX, HEAT_MAX));
    }

    /// Up, flat and down take turns; none follows itself.
    fn turn(&mut self, chance: &mut Chance) {
        self.trend_steps = chance.steps_until(TREND_STEPS);
        let up = chance.happens(0.5);
        self.trend = match (self.trend == 0.0, up) {
            (true, true) => 1.0,
            (true, false) => -1.0,
            (false, true) => 0.0,
            (false, false) => -self.trend,
        };
    }

    fn jump(&mut self, chance: &mut Chance) -> Side {
        self.jump_steps = chance.steps_until(JUMP_STEPS);
        let size = (JUMP_MIN / libm::cbrt(chance.uniform())).min(JUMP_MAX);
        self.fast += JUMP_HEAT;
        if chance.happens(0.5) {
            self.now *= 1.0 + size;
            Side::Buy
        } else {
            self.now /= 1.0 + size;
            Side::Sell
        }
    }
}
