//! Expressions as they come in: nodes and inputs.

use super::fault::SignalError;
use super::stream::Stream;
use crate::instrument::InstrumentId;
use crate::units::Nanos;

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
