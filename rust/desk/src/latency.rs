//! How long things took on the wall clock, counted in buckets whose width grows with the time.

/// Upper bounds in nanoseconds: 1, 2, 5 in each decade from 100 ns to 1 s.
const BOUNDS_NS: [u64; 22] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
];
/// Sub-buckets of a power of two: quantiles are off by at most 1/16.
const FINE: u64 = 16;
const FINE_BITS: u32 = FINE.trailing_zeros();
const FINE_BUCKETS: usize = 64 * FINE as usize;

/// A histogram.
#[derive(Debug, Clone)]
pub struct Histogram {
    count: u64,
    sum_ns: u64,
    max_ns: u64,
    coarse: [u64; BOUNDS_NS.len()],
    fine: Box<[u32]>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            count: 0,
            sum_ns: 0,
            max_ns: 0,
            coarse: [0; BOUNDS_NS.len()],
            fine: vec![0; FINE_BUCKETS].into_boxed_slice(),
        }
    }
}

impl Histogram {
    /// It took so long.
    pub fn add(&mut self, ns: u64) {
        self.count += 1;
        self.sum_ns = self.sum_ns.saturating_add(ns);
        self.max_ns = self.max_ns.max(ns);
        let place = BOUNDS_NS.partition_point(|bound| *bound < ns);
        if let Some(bucket) = self.coarse.get_mut(place) {
            *bucket += 1;
        }
        if let Some(bucket) = self.fine.get_mut(place_of(ns)) {
            *bucket = bucket.saturating_add(1);
        }
    }

    /// How many there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// All together.
    #[must_use]
    pub const fn sum_ns(&self) -> u64 {
        self.sum_ns
    }

    /// The longest.
    #[must_use]
    pub const fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// Each bound, and how many took no longer.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let counts = self.coarse.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        BOUNDS_NS.into_iter().zip(counts)
    }

    /// What `part` of them, in thousandths, took no longer than, to 1/16; `None` of none.
    #[must_use]
    pub fn quantile_ns(&self, part: u64) -> Option<u64> {
        let wanted = self.count.saturating_mul(part).div_ceil(1_000).max(1);
        let mut sum = 0;
        let found = self.fine.iter().position(|count| {
            sum += u64::from(*count);
            sum >= wanted
        });
        found.filter(|_| self.count > 0).map(|place| upper_of(place).min(self.max_ns))
    }
}

fn place_of(ns: u64) -> usize {
    let place = if ns < FINE {
        ns
    } else {
        let power = 63 - ns.leading_zeros();
        let shift = power - FINE_BITS;
        u64::from(shift + 1) * FINE + ((ns >> shift) - FINE)
    };
    usize::try_from(place).unwrap_or(usize::MAX)
}

fn upper_of(place: usize) -> u64 {
    let place = place as u64;
    if place < FINE {
        return place;
    }
    let shift = place / FINE - 1;
    ((FINE + place % FINE + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::{BOUNDS_NS, Histogram, place_of, upper_of};

    #[test]
    fn a_quantile_is_off_by_a_sixteenth_at_most() {
        for ns in (0..4_000).chain((0..50).map(|power| 3_u64 << power)) {
            let upper = upper_of(place_of(ns));
            assert!(upper >= ns && upper - ns <= ns / 16 + 1, "{ns} {upper}");
        }
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile_ns(500), None);
        (1..=1_000).for_each(|ns| histogram.add(ns * 1_000));
        let p50 = histogram.quantile_ns(500).unwrap_or_default();
        assert!((500_000..=531_250).contains(&p50), "{p50}");
        assert_eq!(histogram.quantile_ns(1_000), Some(1_000_000));
        assert_eq!(histogram.max_ns(), 1_000_000);
    }

    #[test]
    fn buckets_count_what_took_no_longer() {
        let mut histogram = Histogram::default();
        [50, 100, 101, 3_000_000_000].into_iter().for_each(|ns| histogram.add(ns));
        let buckets: Vec<_> = histogram.buckets().take(2).collect();
        assert_eq!(buckets, [(100, 2), (200, 3)]);
        assert_eq!(histogram.buckets().last(), Some((BOUNDS_NS[21], 3)));
        assert_eq!((histogram.count(), histogram.sum_ns()), (4, 3_000_000_251));
    }
}
