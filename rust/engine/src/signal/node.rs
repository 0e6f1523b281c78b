//! Expressions as they come in: nodes, inputs, and what can be wrong with them.

use super::stream::Stream;
use crate::instrument::InstrumentId;
use crate::units::Nanos;

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// No such operation or input.
    #[error("there is no operation or input '{0}'")]
    Unknown(String),
    /// Wrong number of operands.
    #[error("{name} takes {wanted} operand(s), not {got}")]
    Operands {
        /// The operation.
        name: String,
        /// How many it takes.
        wanted: usize,
        /// How many it was given.
        got: usize,
    },
    /// Wrong number of parameters.
    #[error("{name} takes {wanted} parameter(s), not {got}")]
    Parameters {
        /// The operation.
        name: String,
        /// How many it takes.
        wanted: usize,
        /// How many it was given.
        got: usize,
    },
    /// An operand that is not an earlier node.
    #[error("{0}: an operand must be an earlier node")]
    Order(String),
    /// A number where a condition is wanted, or the other way round.
    #[error("{name}: '{operand}' must be a {wanted}")]
    Kind {
        /// The operation.
        name: String,
        /// The operand.
        operand: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// A parameter out of range.
    #[error("{name}: {parameter} must be a whole number from {min} to {max}, not {got}")]
    Parameter {
        /// The operation.
        name: String,
        /// The parameter.
        parameter: &'static str,
        /// The least it may be.
        min: u32,
        /// The most it may be.
        max: u32,
        /// What it was, as text.
        got: String,
    },
    /// A size that is none.
    #[error("{name}: size must be a number above zero, in base units, not {got}")]
    Size {
        /// The input.
        name: String,
        /// What it was, as text.
        got: String,
    },
    /// Too many nodes, or windows too long in sum.
    #[error("the program is too large: {0}")]
    TooLarge(String),
    /// A column that the program reads is missing or has another length.
    #[error("input '{0}' is missing or has another length than the others")]
    Column(String),
}

impl SignalError {
    /// `value` as the whole number that `parameter` of `name` must be.
    pub(crate) fn whole(
        name: &str,
        parameter: &'static str,
        min: u32,
        max: u32,
        value: f64,
    ) -> Result<u32, Self> {
        let in_range = value >= f64::from(min) && value <= f64::from(max);
        if !in_range || libm::trunc(value).to_bits() != value.to_bits() {
            let (name, got) = (name.to_owned(), value.to_string());
            return Err(Self::Parameter { name, parameter, min, max, got });
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        Ok(value as u32)
    }
}

/// The key of an input: whose, which stream, over which interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Input {
    /// Another instrument; `None` is the sleeve's own.
    pub instrument: Option<InstrumentId>,
    /// Which stream.
    pub stream: Stream,
    /// Another interval; `None` is that of the bars told.
    pub interval: Option<Nanos>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// Something read.
    Input(Input),
    /// A number.
    Constant(f64),
    /// An operation by name, with its parameters.
    Operation(String, Vec<f64>),
}

/// One node of an expression; operands are places of earlier nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Of what.
    pub operands: Vec<usize>,
}

impl Node {
    /// A node by name: an input of the sleeve's own instrument, `constant`, or an operation.
    pub fn parse(name: &str, operands: &[usize], parameters: &[f64]) -> Result<Self, SignalError> {
        let leaf = |kind| match operands.len() {
            0 => Ok(Self { kind, operands: Vec::new() }),
            got => Err(SignalError::Operands { name: name.to_owned(), wanted: 0, got }),
        };
        if name == "constant" {
            let [value] = parameters else {
                let (name, got) = (name.to_owned(), parameters.len());
                return Err(SignalError::Parameters { name, wanted: 1, got });
            };
            return leaf(NodeKind::Constant(*value));
        }
        if let Some(stream) = Stream::parse(name, parameters) {
            return leaf(NodeKind::Input(Input {
                instrument: None,
                stream: stream?,
                interval: None,
            }));
        }
        let kind = NodeKind::Operation(name.to_owned(), parameters.to_vec());
        Ok(Self { kind, operands: operands.to_vec() })
    }
}
