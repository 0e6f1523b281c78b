//! Times operations one by one, with work between them that is not timed.
//!
//! For what cannot run in a row: an order has to be answered before the next one can be decided
//! on. So the mean is of single operations too, the clock read around each; where a processor
//! would work ahead into the next operation, that is lost here.

use std::hint::black_box;
use std::time::Instant;

use crate::stopwatch::{self, RUNS_MAX, SAMPLE_NS_MAX};
use crate::timing::{Timer, Timing, median};
use crate::{GaugeError, Reading, Setup};

/// How a figure of this file comes about.
pub(crate) const METHOD: &str = "all runs are timed one by one, the clock read in order before \
    and after each operation, less what the same reads take around nothing (timer_ns); what goes \
    on between operations is not timed. mean: of rows of 250 operations, of each row the median \
    over the runs, so that it does not count when another process had the processor (batches: the \
    mean of each run, with all that interrupted it); quantiles and max: all operations of all \
    runs, interpolated within a step of the clock (clock_step_ns)";

/// Operations in a row: short beside the time that a busy system gives a process.
const ROW: usize = 250;

/// An operation, and what is done after it while no clock runs.
pub(crate) trait Turn<E> {
    /// What the operation gives.
    type Answer;
    /// What is timed.
    fn step(&mut self, event: &E) -> Self::Answer;
    /// After it; whether it is one of those that are measured.
    fn settle(&mut self, answer: Self::Answer) -> Result<bool, GaugeError>;
}

/// Nanoseconds of each operation in each run: all of them, and those that are measured.
pub(crate) struct Runs {
    all: Vec<Vec<u32>>,
    chosen: Vec<Vec<u32>>,
    timer: Timer,
}

/// Run over `events` until the patience is over and `wanted` operations were measured; `prepare`
/// goes before each.
pub(crate) fn time<E: Copy, T: Turn<E>>(
    setup: &Setup<'_>,
    events: &[E],
    wanted: usize,
    fresh: impl Fn() -> Result<T, GaugeError>,
    mut prepare: impl FnMut(&mut T, &E),
) -> Result<Runs, GaugeError> {
    let mut runs = Runs { all: Vec::new(), chosen: Vec::new(), timer: stopwatch::timer(events) };
    run(events, &mut fresh()?, &mut prepare)?;
    let began = Instant::now();
    let mut measured = 0;
    while runs.all.len() < RUNS_MAX
        && (runs.all.len() < setup.batches()
            || began.elapsed() < setup.patience()
            || (!setup.quick && measured < wanted))
    {
        let (all, chosen) = run(events, &mut fresh()?, &mut prepare)?;
        measured += chosen.len();
        runs.all.push(all);
        runs.chosen.push(chosen);
    }
    Ok(runs)
}

impl Runs {
    /// Of those that are measured; `None`: there was none.
    pub(crate) fn chosen(&self) -> Option<Reading> {
        reading(&self.chosen, self.timer)
    }

    /// Of every operation.
    pub(crate) fn all(&self) -> Option<Reading> {
        reading(&self.all, self.timer)
    }

    /// Operations of one run, and how many of them are measured.
    pub(crate) fn counts(&self) -> (f64, f64) {
        let first = |runs: &[Vec<u32>]| runs.first().map_or(0.0, |run| stopwatch::count(run));
        let none = self.chosen.first().is_none_or(Vec::is_empty);
        (first(&self.all), if none { 0.0 } else { first(&self.chosen) })
    }
}

fn reading(runs: &[Vec<u32>], timer: Timer) -> Option<Reading> {
    let first = runs.first().filter(|run| !run.is_empty())?;
    let rows = (0..first.len().div_ceil(ROW)).map(|row| {
        let sums: Vec<f64> =
            runs.iter().filter_map(|run| run.chunks(ROW).nth(row).map(sum)).collect();
        median(&sums)
    });
    let mean = rows.sum::<f64>() / stopwatch::count(first) - timer.mean_ns;
    let batches = runs.iter().map(|run| sum(run) / stopwatch::count(run) - timer.mean_ns);
    let timing = Timing::new(mean.max(0.0), runs.concat(), timer);
    Some(Reading::new(timing, timer, batches.map(|mean| mean.max(0.0)).collect()))
}

fn sum(samples: &[u32]) -> f64 {
    samples.iter().copied().map(f64::from).sum()
}

/// Nanoseconds of each operation, and of those that are measured.
#[inline(never)]
fn run<E: Copy, T: Turn<E>>(
    events: &[E],
    turn: &mut T,
    prepare: &mut impl FnMut(&mut T, &E),
) -> Result<(Vec<u32>, Vec<u32>), GaugeError> {
    let (mut all, mut chosen) = (Vec::with_capacity(events.len()), Vec::new());
    let origin = Instant::now();
    for (place, event) in events.iter().enumerate() {
        prepare(turn, event);
        // It lies in the cache, where whoever made it has left it.
        black_box(*event);
        let start = Instant::now();
        // Always 0, which the processor knows only when the clock has been read.
        let after = (start.duration_since(origin).as_nanos() >> 64) as usize;
        let Some(event) = events.get(place.saturating_add(after)) else { break };
        let answer = turn.step(event);
        black_box(&answer);
        let took = u32::try_from(start.elapsed().as_nanos()).unwrap_or(SAMPLE_NS_MAX);
        all.push(took);
        if turn.settle(answer)? {
            chosen.push(took);
        }
    }
    Ok((all, chosen))
}
