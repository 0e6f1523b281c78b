//! Times an operation twice: in long stretches for the mean, one by one for the quantiles.
//!
//! A counter of cycles read through a crate (quanta and its like give a bare RDTSC) was tried and
//! rejected: the processor runs the operation before, beside and after the two reads, and what took
//! 11 ns in a long row measured as nothing. `Instant` costs more and hides less: on Linux its read
//! waits until everything before it is done, and as the operation's place depends on the time read
//! first, it cannot begin before that. A chain of multiplications of 6, 11, 22 and 56 ns then
//! measured as 4, 10, 20 and 53. The one crate that reads in order (tick_counter 0.4.5) names its
//! registers wrongly and crashed.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::timing::{Timer, Timing, Unit, median};
use crate::{Reading, Setup};

/// How a figure of this file comes about.
pub(crate) const METHOD: &str = "mean: all operations run again and again, timed in stretches of \
    about 0.1 ms; of each stretch the median over the runs, so that it does not count when another \
    process had the processor (batches: the mean of each run, with all that interrupted it); \
    quantiles and max: one more run timed one by one, the clock read in order before and after, \
    less what the same reads take around nothing (timer_ns), interpolated within a step of the \
    clock (clock_step_ns)";

/// Long beside a read of the clock, short beside the time that a busy system gives a process.
const STRETCH_NS: usize = 100_000;
/// Runs of something so quick that the patience does not run out before.
pub(crate) const RUNS_MAX: usize = 100;
/// Nobody's patience goes further than this in one sample.
pub(crate) const SAMPLE_NS_MAX: u32 = u32::MAX;

/// Time `step` over `events`, each run from a `fresh` state; what the last run answered in all.
pub(crate) fn time<S, E>(
    setup: &Setup<'_>,
    events: &[E],
    fresh: impl Fn() -> S,
    mut step: impl FnMut(&mut S, &E) -> i64,
) -> (Reading, i64) {
    let (warm, mut answered) = run(events, events.len(), &mut fresh(), &mut step);
    let whole_ns = warm.iter().copied().sum::<f64>().max(1.0);
    let length = stretch(events.len(), whole_ns);
    let mut stretches = vec![Vec::new(); events.len().div_ceil(length)];
    let mut batches = Vec::with_capacity(setup.batches());
    let began = Instant::now();
    while batches.len() < RUNS_MAX
        && (batches.len() < setup.batches() || began.elapsed() < setup.patience())
    {
        let (took_ns, sum) = run(events, length, &mut fresh(), &mut step);
        answered = sum;
        batches.push(took_ns.iter().sum::<f64>() / count(events));
        for (stretch, ns) in stretches.iter_mut().zip(took_ns) {
            stretch.push(ns);
        }
    }
    let timer = timer(events);
    let samples = one_by_one(events, &mut fresh(), step);
    let mean = stretches.iter().map(|runs| median(runs)).sum::<f64>() / count(events);
    let timing = Timing::new(mean, samples, timer);
    (Reading::new(timing, timer, batches), answered)
}

/// What the clock takes around nothing.
pub(crate) fn timer<E>(events: &[E]) -> Timer {
    Timer::of(around_nothing(events))
}

/// The samples of it.
pub(crate) fn around_nothing<E>(events: &[E]) -> Vec<u32> {
    one_by_one(events, &mut (), |(), event| {
        black_box(event);
        0
    })
}

impl Reading {
    /// From samples that another clock took: `batches` are means of equal work, `empty` is the
    /// timer around nothing; all in nanoseconds.
    #[must_use]
    pub fn of_samples(batches: Vec<f64>, samples: Vec<u32>, empty: Vec<u32>) -> Self {
        let timer = Timer::of(empty);
        let timing = Timing::new(median(&batches), samples, timer);
        Self::new(timing, timer, batches)
    }

    /// The same in another unit, where each operation that was timed was so many.
    pub(crate) fn in_unit(mut self, unit: Unit, each: f64) -> Self {
        self.timing = self.timing.in_unit(unit, each);
        for mean in &mut self.batches {
            *mean = unit.of(*mean, each);
        }
        self
    }

    pub(crate) fn new(timing: Timing, timer: Timer, batches: Vec<f64>) -> Self {
        let (source, checksum, notes) = (String::new(), None, Vec::new());
        Self { timing, timer, batches, source, checksum, notes }
    }
}

#[allow(clippy::cast_precision_loss, reason = "events are counted in millions")]
pub(crate) fn count<E>(events: &[E]) -> f64 {
    events.len().max(1) as f64
}

/// How many of the one to one of the other.
#[allow(clippy::cast_precision_loss, reason = "they are counted in millions")]
pub(crate) fn ratio(of: usize, to: usize) -> f64 {
    of as f64 / to.max(1) as f64
}

/// How many of so many events take about [`STRETCH_NS`], at least one.
fn stretch(events: usize, whole_ns: f64) -> usize {
    let whole = Duration::from_secs_f64(whole_ns / 1e9).as_nanos();
    let whole = usize::try_from(whole).unwrap_or(usize::MAX).max(1);
    (events.saturating_mul(STRETCH_NS) / whole).clamp(1, events.max(1))
}

/// Nanoseconds of each stretch of `length` events; and the sum of what `step` answered.
#[inline(never)]
fn run<S, E>(
    events: &[E],
    length: usize,
    state: &mut S,
    step: &mut impl FnMut(&mut S, &E) -> i64,
) -> (Vec<f64>, i64) {
    let mut took_ns = Vec::with_capacity(events.len().div_ceil(length.max(1)));
    let mut sum = 0_i64;
    for stretch in events.chunks(length.max(1)) {
        let start = Instant::now();
        for event in stretch {
            sum = sum.wrapping_add(step(state, event));
        }
        sum = black_box(sum);
        took_ns.push(start.elapsed().as_secs_f64() * 1e9);
    }
    (took_ns, sum)
}

/// Nanoseconds of each event, with what the clock itself takes.
#[inline(never)]
fn one_by_one<S, E>(
    events: &[E],
    state: &mut S,
    mut step: impl FnMut(&mut S, &E) -> i64,
) -> Vec<u32> {
    let mut samples = Vec::with_capacity(events.len());
    let origin = Instant::now();
    for place in 0..events.len() {
        let start = Instant::now();
        // Always 0, which the processor knows only when the clock has been read.
        let after = (start.duration_since(origin).as_nanos() >> 64) as usize;
        let Some(event) = events.get(place.saturating_add(after)) else { break };
        black_box(step(state, event));
        let took = start.elapsed().as_nanos();
        samples.push(u32::try_from(took).unwrap_or(SAMPLE_NS_MAX));
    }
    samples
}
