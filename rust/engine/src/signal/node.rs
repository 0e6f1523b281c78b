//! Expressions as they come in: nodes, inputs, and what can be wrong with them.

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
    /// Too many nodes, or windows too long in sum.
    #[error("the program is too large: {0}")]
    TooLarge(String),
    /// A column that the program reads is missing or has another length.
    #[error("input '{0}' is missing or has another length than the others")]
    Column(String),
}

/// What an input is, whoever's it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// A bar's first price.
    Open,
    /// A bar's highest price.
    High,
    /// A bar's lowest price.
    Low,
    /// A bar's last price.
    Close,
    /// A bar's volume in base units.
    Volume,
    /// Account: base units held, signed.
    Position,
    /// Account: equity in the reporting currency.
    Equity,
    /// Account: average price of the open position; not known while flat.
    EntryPrice,
}

impl Stream {
    const ALL: [(&'static str, Self); 8] = [
        ("open", Self::Open),
        ("high", Self::High),
        ("low", Self::Low),
        ("close", Self::Close),
        ("volume", Self::Volume),
        ("position", Self::Position),
        ("equity", Self::Equity),
        ("entry_price", Self::EntryPrice),
    ];

    /// The name it has in expressions and columns.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, stream)| *stream == self).map_or("", |(name, _)| name)
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
        let leaf = |kind| {
            let (name, wanted) = (name.to_owned(), usize::from(name == "constant"));
            match (operands.len(), parameters.len()) {
                (0, got) if got == wanted => Ok(Self { kind, operands: Vec::new() }),
                (0, got) => Err(SignalError::Parameters { name, wanted, got }),
                (got, _) => Err(SignalError::Operands { name, wanted: 0, got }),
            }
        };
        if name == "constant" {
            return leaf(NodeKind::Constant(parameters.first().copied().unwrap_or(f64::NAN)));
        }
        if let Some((_, stream)) = Stream::ALL.iter().find(|(known, _)| *known == name) {
            let input = Input { instrument: None, stream: *stream, interval: None };
            return leaf(NodeKind::Input(input));
        }
        let kind = NodeKind::Operation(name.to_owned(), parameters.to_vec());
        Ok(Self { kind, operands: operands.to_vec() })
    }
}
