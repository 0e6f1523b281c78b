//! From samples to the five figures that are printed.
//!
//! Samples are sorted, not put into a histogram: a million fit four megabytes, and nothing is
//! rounded. Clocks may tick coarsely (here every 10 ns), so quantiles are interpolated within a
//! tick, as for any grouped figures; a maximum is a sample.

/// What a figure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds an operation: less is better, a limit is the most.
    Nanoseconds,
    /// Operations a second: more is better, a limit is the least, and a quantile is what so many
    /// operations in 100 or 1,000 are faster than.
    PerSecond,
}

impl Unit {
    /// How keys of it end, or what stands in them: `book_update_ns`, `orders_per_s_engine`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::PerSecond => "per_s",
        }
    }

    /// What took `ns`, in which there were `each` operations.
    pub(crate) fn of(self, ns: f64, each: f64) -> f64 {
        match self {
            Self::Nanoseconds => ns / each,
            // Nothing takes no time: a clock that ticked too coarsely says at least this.
            Self::PerSecond => each * 1e9 / ns.max(1.0),
        }
    }
}

/// A figure that may have a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stat {
    /// The arithmetic mean.
    Mean,
    /// What half of the operations stay under.
    P50,
    /// What 99 in 100 stay under.
    P99,
    /// What 999 in 1,000 stay under.
    P999,
    /// The slowest.
    Max,
}

impl Stat {
    /// The key it has in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::P999 => "p999",
            Self::Max => "max",
        }
    }
}

/// What reading the clock costs, and how finely it ticks; nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timer {
    /// The mean of an empty region, its slowest hundredth left out: interruptions are no cost.
    pub mean_ns: f64,
    /// The distance between two values that the clock tells.
    pub step_ns: f64,
}

impl Timer {
    /// From the samples of an empty region.
    #[must_use]
    pub fn of(mut empty: Vec<u32>) -> Self {
        empty.sort_unstable();
        empty.truncate(empty.len().saturating_mul(99).div_ceil(100));
        Self { mean_ns: mean(&empty), step_ns: step(&empty) }
    }
}

/// Figures of operations: nanoseconds of each, or how many a second (see [`Unit`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The arithmetic mean, timed over many operations at once.
    pub mean: f64,
    /// What half of the operations stay under.
    pub p50: f64,
    /// What 99 in 100 stay under.
    pub p99: f64,
    /// What 999 in 1,000 stay under.
    pub p999: f64,
    /// The slowest, with whatever interrupted it.
    pub max: f64,
    /// How many operations were timed one by one.
    pub n: u64,
}

impl Timing {
    /// The `mean` as it is, the rest from `samples` less what the `timer` takes.
    #[must_use]
    pub fn new(mean: f64, mut samples: Vec<u32>, timer: Timer) -> Self {
        samples.sort_unstable();
        let less = |raw: f64| (raw - timer.mean_ns).max(0.0);
        let max = less(samples.last().copied().map_or(0.0, f64::from));
        let at = |per_mille| less(quantile(&samples, per_mille, timer.step_ns)).min(max);
        let (p50, p99, p999) = (at(500), at(990), at(999));
        // Interpolating in two neighbouring ticks may cross by a part of one.
        let (p99, p999) = (p99.max(p50), p999.max(p99).max(p50));
        let n = u64::try_from(samples.len()).unwrap_or(u64::MAX);
        Self { mean, p50, p99, p999, max, n }
    }

    /// The same in another unit, where each operation that was timed was so many.
    pub(crate) fn in_unit(self, unit: Unit, each: f64) -> Self {
        let told = |ns| unit.of(ns, each);
        Self {
            mean: told(self.mean),
            p50: told(self.p50),
            p99: told(self.p99),
            p999: told(self.p999),
            max: told(self.max),
            n: self.n,
        }
    }

    /// One of its figures.
    #[must_use]
    pub const fn stat(&self, stat: Stat) -> f64 {
        match stat {
            Stat::Mean => self.mean,
            Stat::P50 => self.p50,
            Stat::P99 => self.p99,
            Stat::P999 => self.p999,
            Stat::Max => self.max,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "samples are counted in millions")]
fn mean(samples: &[u32]) -> f64 {
    let sum: u64 = samples.iter().copied().map(u64::from).sum();
    sum as f64 / samples.len().max(1) as f64
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(0.0);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { at(half) } else { at(half.saturating_sub(1)).midpoint(at(half)) }
}

/// The raw quantile, spread evenly over the tick of the clock that it lies in.
#[allow(clippy::cast_precision_loss, reason = "samples are counted in millions")]
fn quantile(sorted: &[u32], per_mille: usize, step_ns: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let rank = (sorted.len().saturating_mul(per_mille) / 1_000).min(last);
    let Some(value) = sorted.get(rank).copied().map(f64::from) else { return 0.0 };
    let (low, high) = (value - step_ns / 2.0, value + step_ns / 2.0);
    let first = sorted.partition_point(|ns| f64::from(*ns) < low);
    let end = sorted.partition_point(|ns| f64::from(*ns) < high);
    let share = (rank.saturating_sub(first) as f64 + 0.5) / end.saturating_sub(first).max(1) as f64;
    low + step_ns * share
}

/// The least distance between the values that are seen often. Neighbours, one nanosecond apart, are
/// one value that was rounded both ways; where there are no others the clock tells nanoseconds.
fn step(sorted: &[u32]) -> f64 {
    let often = sorted.len() / 100;
    let mut seen: Vec<(u32, f64)> = Vec::new();
    let mut rest = sorted;
    while let Some(&value) = rest.first() {
        let (same, others) = rest.split_at(rest.partition_point(|ns| *ns == value));
        rest = others;
        if same.len() <= often {
            continue;
        }
        match seen.last_mut() {
            Some((last, centre)) if value - *last == 1 => {
                (*last, *centre) = (value, centre.midpoint(f64::from(value)));
            }
            Some(_) | None => seen.push((value, f64::from(value))),
        }
    }
    let gaps = seen.windows(2).filter_map(|pair| match pair {
        [(_, low), (_, high)] => Some(high - low),
        _ => None,
    });
    gaps.reduce(f64::min).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: &[u32], empty: &[u32], wanted: [f64; 4]) {
        let timer = Timer::of(empty.to_vec());
        let timing = Timing::new(median(&[3.0, 1.0, 2.0]), samples.to_vec(), timer);
        let got = [timing.p50, timing.p99, timing.p999, timing.max];
        for (got, wanted) in got.into_iter().zip(wanted) {
            assert!((got - wanted).abs() < 0.51, "{got} is not {wanted}");
        }
        assert!(timing.p50 <= timing.p99 && timing.p99 <= timing.p999);
        assert_eq!((timing.mean, timing.n), (2.0, samples.len() as u64));
    }

    #[test]
    fn takes_the_timer_off_and_finds_quantiles() {
        let rising: Vec<u32> = (1..=1_000).collect();
        check(&rising, &[0; 100], [501.0, 991.0, 1_000.0, 1_000.0]);
        check(&rising, &[20; 100], [481.0, 971.0, 980.0, 980.0]);
        check(&[5; 1_000], &[20; 100], [0.0; 4]);
        check(&[], &[], [0.0; 4]);
    }

    #[test]
    fn a_coarse_clock_is_interpolated() {
        let mut samples = vec![30_u32; 700];
        samples.extend([40; 300]);
        let mut empty = vec![20_u32; 40];
        empty.extend([30; 60]);
        let timer = Timer::of(empty);
        assert_eq!(timer.step_ns, 10.0);
        assert!((timer.mean_ns - 25.96).abs() < 0.01, "{}", timer.mean_ns);
        let timing = Timing::new(1.0, samples, timer);
        assert!((timing.p50 - (32.15 - 25.96)).abs() < 0.01, "{}", timing.p50);
        assert!((timing.max - (40.0 - 25.96)).abs() < 0.01);
    }

    #[test]
    fn neighbours_are_one_value_of_the_clock() {
        let twice = |a: u32, b: u32| [vec![a; 50], vec![b; 50]].concat();
        assert_eq!(step(&twice(20, 21)), 1.0);
        assert_eq!(step(&[twice(30, 31), twice(40, 41)].concat()), 10.0);
        assert_eq!(step(&[]), 1.0);
    }

    #[test]
    fn a_median_is_the_middle_or_between_both() {
        for (values, wanted) in [(vec![], 0.0), (vec![4.0, 1.0], 2.5), (vec![9.0, 1.0, 2.0], 2.0)] {
            assert_eq!(median(&values), wanted);
        }
    }

    #[test]
    fn an_interruption_is_no_cost_of_the_timer() {
        let mut empty = vec![20_u32; 99];
        empty.push(1_000_000);
        assert_eq!(Timer::of(empty), Timer { mean_ns: 20.0, step_ns: 1.0 });
    }
}
