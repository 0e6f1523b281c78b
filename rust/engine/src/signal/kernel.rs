//! What each operation computes, once, for one sample and for whole columns alike.
//!
//! A [`Drive`] decides where operands come from and results go; [`Kernel::drive`] is the only
//! place that says what an operation does, so streaming and columns cannot differ.
//! Operations that remember skip a sample that is not finite: they give NaN for it and stay as
//! they were. What does not remember is written without branches: conditions on markets are not
//! predictable, and a wrong guess costs more than ten operations.

use super::drive::Drive;
use super::logic::Crossing;
use super::state::{Each, Slot, States};

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    Abs,
    Minimum,
    Maximum,
    Gt,
    Ge,
    Lt,
    Le,
    Eq,
    Ne,
    And,
    Or,
    Not,
    Where,
    Sqrt,
    /// `a × b` within ±`c`, as a position is sized.
    Sized,
    /// What programs remember most, so in line.
    Ema(Slot),
    /// Another one that remembers.
    Keeps(Keeping),
    // Chains that `fuse` makes; the table does not name them.
    /// `(a + b) × c`
    AddMul,
    /// `(a - b) / (a + b)`
    Imbalance,
    /// `(a × b + c × d) / (b + d)`
    Weighted,
    /// `a > b - c`
    GtSub,
    /// `a > b` and `c`
    GtAnd,
    /// `c` where `a > b`, else `d`
    GtWhere,
}

/// An operation that remembers, and where its state lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    Shift(Slot),
    Sma(Slot),
    RollingMax(Slot),
    RollingMin(Slot),
    RollingStd(Slot),
    Rsi(Slot),
    Atr(Slot),
    Crossed(Slot, Crossing),
    Latch(Slot),
    DecayedSum(Slot),
    CumMax(Slot),
    Deadband(Slot),
    Quantile(Slot),
    TailMean(Slot),
}

impl Kernel {
    /// How many operands it reads.
    pub(crate) fn operands(self) -> usize {
        match self {
            Self::Neg | Self::Abs | Self::Not | Self::Sqrt => 1,
            Self::Ema(_) => 1,
            Self::Keeps(keeping) => keeping.operands(),
            Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Minimum | Self::Maximum => 2,
            Self::Gt | Self::Ge | Self::Lt | Self::Le | Self::Eq | Self::Ne => 2,
            Self::And | Self::Or | Self::Imbalance => 2,
            Self::Where | Self::AddMul | Self::GtSub | Self::GtAnd | Self::Sized => 3,
            Self::Weighted | Self::GtWhere => 4,
        }
    }

    #[inline]
    pub(crate) fn drive(self, states: &mut States, drive: impl Drive) {
        match self {
            Self::Add => drive.binary(|a, b| a + b),
            Self::Sub => drive.binary(|a, b| a - b),
            Self::Mul => drive.binary(|a, b| a * b),
            Self::Div => drive.binary(|a, b| a / b),
            Self::Neg => drive.unary(|a| -a),
            Self::Abs => drive.unary(f64::abs),
            Self::Minimum => drive.binary(|a, b| known(a, b, if a < b { a } else { b })),
            Self::Maximum => drive.binary(|a, b| known(a, b, if a > b { a } else { b })),
            Self::Gt => drive.binary(more),
            Self::Ge => drive.binary(|a, b| truth(a, b, a >= b)),
            Self::Lt => drive.binary(|a, b| more(b, a)),
            Self::Le => drive.binary(|a, b| truth(a, b, a <= b)),
            Self::Eq => drive.binary(|a, b| truth(a, b, a == b)),
            Self::Ne => drive.binary(|a, b| truth(a, b, a != b)),
            Self::And => drive.binary(both),
            Self::Or => drive.binary(|a, b| truth(a, b, (a == 1.0) | (b == 1.0))),
            Self::Not => drive.unary(|a| 1.0 - a),
            Self::Where => drive.ternary(choice),
            Self::Sqrt => drive.unary(libm::sqrt),
            Self::Sized => drive.ternary(sized),
            Self::Ema(slot) => one(&mut states.ema, slot, drive, |k, x| k.push(x)),
            Self::Keeps(keeping) => keeping.drive(states, drive),
            Self::AddMul => drive.ternary(|a, b, c| (a + b) * c),
            Self::Imbalance => drive.binary(|a, b| (a - b) / (a + b)),
            Self::Weighted => drive.quaternary(|a, b, c, d| (a * b + c * d) / (b + d)),
            Self::GtSub => drive.ternary(|a, b, c| more(a, b - c)),
            Self::GtAnd => drive.ternary(|a, b, c| both(more(a, b), c)),
            Self::GtWhere => drive.quaternary(|a, b, c, d| choice(more(a, b), c, d)),
        }
    }
}

impl Keeping {
    fn operands(self) -> usize {
        match self {
            Self::Shift(_) | Self::Sma(_) | Self::Rsi(_) | Self::CumMax(_) => 1,
            Self::RollingMax(_) | Self::RollingMin(_) | Self::RollingStd(_) => 1,
            Self::Crossed(..) | Self::Latch(_) | Self::DecayedSum(_) => 2,
            Self::Deadband(_) | Self::Quantile(_) | Self::TailMean(_) => 2,
            Self::Atr(_) => 3,
        }
    }

    /// Out of line: where each of them keeps what it remembers would else be looked up before any
    /// step, also of those that keep nothing.
    #[inline(never)]
    fn drive(self, states: &mut States, drive: impl Drive) {
        match self {
            Self::Shift(slot) => one(&mut states.shift, slot, drive, |k, x| k.push(x)),
            Self::Sma(slot) => one(&mut states.sma, slot, drive, |k, x| k.push(x)),
            Self::RollingMax(slot) => one(&mut states.extreme, slot, drive, |k, x| k.push(x)),
            Self::RollingMin(slot) => one(&mut states.extreme, slot, drive, |k, x| -k.push(-x)),
            Self::RollingStd(slot) => one(&mut states.std, slot, drive, |k, x| k.push(x)),
            Self::Rsi(slot) => one(&mut states.rsi, slot, drive, |k, x| k.push(x)),
            Self::Crossed(slot, which) => {
                two(&mut states.crossed, slot, drive, |k, a, b| k.push(a, b, which));
            }
            Self::Latch(slot) => two(&mut states.latch, slot, drive, |k, on, off| k.push(on, off)),
            Self::DecayedSum(slot) => two(&mut states.decayed, slot, drive, |k, x, u| k.push(x, u)),
            Self::CumMax(slot) => one(&mut states.cum_max, slot, drive, |k, x| k.push(x)),
            Self::Deadband(slot) => {
                two(&mut states.deadband, slot, drive, |k, x, width| k.push(x, width));
            }
            Self::Quantile(slot) => {
                two(&mut states.ranked, slot, drive, |k, x, q| k.quantile(x, q));
            }
            Self::TailMean(slot) => {
                two(&mut states.ranked, slot, drive, |k, x, q| k.tail_mean(x, q));
            }
            Self::Atr(slot) => {
                if let Some(k) = states.atr.at(slot) {
                    drive.ternary(|h, l, c| finite(h + l + c, |_| k.push(h, l, c)));
                }
            }
        }
    }
}

#[inline]
fn more(a: f64, b: f64) -> f64 {
    truth(a, b, a > b)
}

#[inline]
fn both(a: f64, b: f64) -> f64 {
    truth(a, b, (a == 1.0) & (b == 1.0))
}

#[inline]
fn choice(condition: f64, a: f64, b: f64) -> f64 {
    if condition == 1.0 { a } else { known(condition, condition, b) }
}

/// What is held of `x` where each unit of it has the size `scale`. Flat stays flat, whatever the
/// scale; what is not known stays so; what nothing can be sized by (zero, below, infinite) is flat.
#[inline]
fn sized(x: f64, scale: f64, cap: f64) -> f64 {
    let usable = x.is_finite() & scale.is_finite() & (scale > 0.0) & (cap > 0.0);
    let whole = x * scale;
    let capped = if whole > cap { cap } else { whole };
    let within = if capped < -cap { -cap } else { capped };
    let some = known(scale, cap, if usable { within } else { 0.0 });
    if x == 0.0 { 0.0 } else { known(x, x, some) }
}

#[inline]
fn one<T>(each: &mut Each<T>, slot: Slot, drive: impl Drive, push: impl Fn(&mut T, f64) -> f64) {
    if let Some(k) = each.at(slot) {
        drive.unary(|x| finite(x, |x| push(k, x)));
    }
}

#[inline]
fn two<T>(
    each: &mut Each<T>,
    slot: Slot,
    drive: impl Drive,
    push: impl Fn(&mut T, f64, f64) -> f64,
) {
    if let Some(k) = each.at(slot) {
        drive.binary(|a, b| finite(a + b, |_| push(k, a, b)));
    }
}

#[inline]
fn finite(x: f64, f: impl FnOnce(f64) -> f64) -> f64 {
    if x.is_finite() { f(x) } else { f64::NAN }
}

#[inline]
fn known(a: f64, b: f64, value: f64) -> f64 {
    if a.is_nan() | b.is_nan() { f64::NAN } else { value }
}

#[inline]
fn truth(a: f64, b: f64, value: bool) -> f64 {
    known(a, b, if value { 1.0 } else { 0.0 })
}
