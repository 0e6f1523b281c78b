//! What each operation computes, once, for one sample and for whole columns alike.
//!
//! A [`Drive`] decides where operands come from and results go; [`Kernel::drive`] is the only
//! place that says what an operation does, so streaming and columns cannot differ.
//! Operations that remember skip a sample that is not finite: they give NaN for it and stay as
//! they were.

use serde::{Deserialize, Serialize};

use super::average::{Sma, Smoothed};
use super::drive::Drive;
use super::logic::{Crossed, Crossing, Latch};
use super::momentum::Rsi;
use super::statistic::{RollingMax, Shift};
use super::volatility::{Atr, RollingStd};

/// An operation with its state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Kernel {
    Constant(f64),
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
    Shift(Shift),
    Sma(Sma),
    Ema(Smoothed),
    RollingMax(RollingMax),
    RollingMin(RollingMax),
    RollingStd(RollingStd),
    Rsi(Rsi),
    Atr(Atr),
    Crossed(Crossed, Crossing),
    Latch(Latch),
}

impl Kernel {
    #[inline]
    pub(crate) fn drive(&mut self, drive: impl Drive) {
        match self {
            Self::Constant(value) => drive.unary(|_| *value),
            Self::Add => drive.binary(|a, b| a + b),
            Self::Sub => drive.binary(|a, b| a - b),
            Self::Mul => drive.binary(|a, b| a * b),
            Self::Div => drive.binary(|a, b| a / b),
            Self::Neg => drive.unary(|a| -a),
            Self::Abs => drive.unary(f64::abs),
            Self::Minimum => drive.binary(|a, b| known(a, b, if a < b { a } else { b })),
            Self::Maximum => drive.binary(|a, b| known(a, b, if a > b { a } else { b })),
            Self::Gt => drive.binary(|a, b| truth(a, b, a > b)),
            Self::Ge => drive.binary(|a, b| truth(a, b, a >= b)),
            Self::Lt => drive.binary(|a, b| truth(a, b, a < b)),
            Self::Le => drive.binary(|a, b| truth(a, b, a <= b)),
            Self::Eq => drive.binary(|a, b| truth(a, b, a == b)),
            Self::Ne => drive.binary(|a, b| truth(a, b, a != b)),
            Self::And => drive.binary(|a, b| truth(a, b, a == 1.0 && b == 1.0)),
            Self::Or => drive.binary(|a, b| truth(a, b, a == 1.0 || b == 1.0)),
            Self::Not => drive.unary(|a| 1.0 - a),
            Self::Where => drive.ternary(|c, a, b| if c == 1.0 { a } else { known(c, c, b) }),
            Self::Shift(k) => drive.unary(|x| finite(x, |x| k.push(x))),
            Self::Sma(k) => drive.unary(|x| finite(x, |x| k.push(x))),
            Self::Ema(k) => drive.unary(|x| finite(x, |x| k.push(x))),
            Self::RollingMax(k) => drive.unary(|x| finite(x, |x| k.push(x))),
            Self::RollingMin(k) => drive.unary(|x| finite(x, |x| -k.push(-x))),
            Self::RollingStd(k) => drive.unary(|x| finite(x, |x| k.push(x))),
            Self::Rsi(k) => drive.unary(|x| finite(x, |x| k.push(x))),
            Self::Atr(k) => drive.ternary(|h, l, c| finite(h + l + c, |_| k.push(h, l, c))),
            Self::Crossed(k, which) => {
                drive.binary(|a, b| finite(a + b, |_| k.push(a, b, *which)));
            }
            Self::Latch(k) => drive.binary(|on, off| finite(on + off, |_| k.push(on, off))),
        }
    }
}

#[inline]
fn finite(x: f64, f: impl FnOnce(f64) -> f64) -> f64 {
    if x.is_finite() { f(x) } else { f64::NAN }
}

#[inline]
fn known(a: f64, b: f64, value: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { value }
}

#[inline]
fn truth(a: f64, b: f64, value: bool) -> f64 {
    known(a, b, if value { 1.0 } else { 0.0 })
}
