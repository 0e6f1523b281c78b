//! How a kernel is fed: one sample at a time, or a block of rows. Nothing here computes.

/// Rows that a column run does at a time, so that every register stays in the cache.
pub(super) const BLOCK: usize = 256;

/// Feeds a kernel its operands and takes its results.
pub(crate) trait Drive {
    fn unary(self, f: impl FnMut(f64) -> f64);
    fn binary(self, f: impl FnMut(f64, f64) -> f64);
    fn ternary(self, f: impl FnMut(f64, f64, f64) -> f64);
    fn quaternary(self, f: impl FnMut(f64, f64, f64, f64) -> f64);
}

/// Where a step reads and writes: registers, by their places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) operands: [u32; 4],
    pub(super) out: u32,
}

/// How many registers a byte names: no place in so many needs a check.
pub(super) const NARROW: usize = 256;

/// The place of what is not read: of so many registers the last, which no step has; in more of
/// them none.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Registers by their places.
pub(super) trait Registers {
    fn at(&self, place: u32) -> f64;
    fn put(&mut self, place: u32, value: f64);
}

impl Registers for [f64; NARROW] {
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "no program so narrow has a place beyond")]
    fn at(&self, place: u32) -> f64 {
        self.get(usize::from(place as u8)).copied().unwrap_or(f64::NAN)
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "no program so narrow has a place beyond")]
    fn put(&mut self, place: u32, value: f64) {
        if let Some(register) = self.get_mut(usize::from(place as u8)) {
            *register = value;
        }
    }
}

impl Registers for [f64] {
    #[inline(always)]
    fn at(&self, place: u32) -> f64 {
        self.get(place as usize).copied().unwrap_or(f64::NAN)
    }

    #[inline(always)]
    fn put(&mut self, place: u32, value: f64) {
        if let Some(register) = self.get_mut(place as usize) {
            *register = value;
        }
    }
}

/// One sample: operands from registers, the result into one.
pub(super) struct Once<'a, R: Registers + ?Sized> {
    pub(super) registers: &'a mut R,
    pub(super) places: &'a Places,
}

impl<R: Registers + ?Sized> Once<'_, R> {
    #[inline(always)]
    fn at(&self, place: u32) -> f64 {
        self.registers.at(place)
    }

    #[inline(always)]
    fn put(self, value: f64) {
        self.registers.put(self.places.out, value);
    }
}

impl<R: Registers + ?Sized> Drive for Once<'_, R> {
    #[inline(always)]
    fn unary(self, mut f: impl FnMut(f64) -> f64) {
        let [a, ..] = self.places.operands;
        let value = f(self.at(a));
        self.put(value);
    }

    #[inline(always)]
    fn binary(self, mut f: impl FnMut(f64, f64) -> f64) {
        let [a, b, ..] = self.places.operands;
        let value = f(self.at(a), self.at(b));
        self.put(value);
    }

    #[inline(always)]
    fn ternary(self, mut f: impl FnMut(f64, f64, f64) -> f64) {
        let [a, b, c, _] = self.places.operands;
        let value = f(self.at(a), self.at(b), self.at(c));
        self.put(value);
    }

    #[inline(always)]
    fn quaternary(self, mut f: impl FnMut(f64, f64, f64, f64) -> f64) {
        let [a, b, c, d] = self.places.operands;
        let value = f(self.at(a), self.at(b), self.at(c), self.at(d));
        self.put(value);
    }
}

/// A block of rows: operands from the blocks before.
pub(super) struct Columns<'a> {
    pub(super) blocks: &'a [[f64; BLOCK]],
    pub(super) operands: [u32; 4],
    pub(super) out: &'a mut [f64; BLOCK],
    pub(super) len: usize,
}

impl<'a> Columns<'a> {
    fn rows(&self, place: u32) -> impl Iterator<Item = f64> + use<'a> {
        let block: &'a [[f64; BLOCK]] = self.blocks;
        block.get(place as usize).into_iter().flatten().copied()
    }
}

impl Drive for Columns<'_> {
    fn unary(self, mut f: impl FnMut(f64) -> f64) {
        let [a, ..] = self.operands;
        let rows = self.rows(a);
        for (out, a) in self.out.iter_mut().zip(rows).take(self.len) {
            *out = f(a);
        }
    }

    fn binary(self, mut f: impl FnMut(f64, f64) -> f64) {
        let [a, b, ..] = self.operands;
        let rows = self.rows(a).zip(self.rows(b));
        for (out, (a, b)) in self.out.iter_mut().zip(rows).take(self.len) {
            *out = f(a, b);
        }
    }

    fn ternary(self, mut f: impl FnMut(f64, f64, f64) -> f64) {
        let [a, b, c, _] = self.operands;
        let rows = self.rows(a).zip(self.rows(b)).zip(self.rows(c));
        for (out, ((a, b), c)) in self.out.iter_mut().zip(rows).take(self.len) {
            *out = f(a, b, c);
        }
    }

    fn quaternary(self, mut f: impl FnMut(f64, f64, f64, f64) -> f64) {
        let [a, b, c, d] = self.operands;
        let rows = self.rows(a).zip(self.rows(b)).zip(self.rows(c).zip(self.rows(d)));
        for (out, ((a, b), (c, d))) in self.out.iter_mut().zip(rows).take(self.len) {
            *out = f(a, b, c, d);
        }
    }
}
