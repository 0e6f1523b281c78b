//! How a kernel is fed: one sample at a time, or a block of rows. Nothing here computes.

/// Rows that a column run does at a time, so that every register stays in the cache.
pub(super) const BLOCK: usize = 256;

/// Feeds a kernel its operands and takes its results.
pub(crate) trait Drive {
    fn unary(self, f: impl FnMut(f64) -> f64);
    fn binary(self, f: impl FnMut(f64, f64) -> f64);
    fn ternary(self, f: impl FnMut(f64, f64, f64) -> f64);
}

/// One sample: operands from the registers before.
pub(super) struct Once<'a> {
    pub(super) registers: &'a [f64],
    pub(super) operands: [usize; 3],
    pub(super) out: &'a mut f64,
}

impl Once<'_> {
    #[inline]
    fn at(&self, place: usize) -> f64 {
        self.registers.get(place).copied().unwrap_or(f64::NAN)
    }
}

impl Drive for Once<'_> {
    #[inline]
    fn unary(self, mut f: impl FnMut(f64) -> f64) {
        let [a, _, _] = self.operands;
        *self.out = f(self.at(a));
    }

    #[inline]
    fn binary(self, mut f: impl FnMut(f64, f64) -> f64) {
        let [a, b, _] = self.operands;
        *self.out = f(self.at(a), self.at(b));
    }

    #[inline]
    fn ternary(self, mut f: impl FnMut(f64, f64, f64) -> f64) {
        let [a, b, c] = self.operands;
        *self.out = f(self.at(a), self.at(b), self.at(c));
    }
}

/// A block of rows: operands from the blocks before.
pub(super) struct Columns<'a> {
    pub(super) blocks: &'a [[f64; BLOCK]],
    pub(super) operands: [usize; 3],
    pub(super) out: &'a mut [f64; BLOCK],
    pub(super) len: usize,
}

impl<'a> Columns<'a> {
    fn rows(&self, place: usize) -> impl Iterator<Item = f64> + use<'a> {
        let block: &'a [[f64; BLOCK]] = self.blocks;
        block.get(place).into_iter().flatten().copied()
    }
}

impl Drive for Columns<'_> {
    fn unary(self, mut f: impl FnMut(f64) -> f64) {
        let [a, _, _] = self.operands;
        // A constant of a program without inputs has no operand to read: it is fed NaN.
        let rows = self.rows(a).chain(core::iter::repeat(f64::NAN));
        for (out, a) in self.out.iter_mut().zip(rows).take(self.len) {
            *out = f(a);
        }
    }

    fn binary(self, mut f: impl FnMut(f64, f64) -> f64) {
        let [a, b, _] = self.operands;
        let rows = self.rows(a).zip(self.rows(b));
        for (out, (a, b)) in self.out.iter_mut().zip(rows).take(self.len) {
            *out = f(a, b);
        }
    }

    fn ternary(self, mut f: impl FnMut(f64, f64, f64) -> f64) {
        let [a, b, c] = self.operands;
        let rows = self.rows(a).zip(self.rows(b)).zip(self.rows(c));
        for (out, ((a, b), c)) in self.out.iter_mut().zip(rows).take(self.len) {
            *out = f(a, b, c);
        }
    }
}
