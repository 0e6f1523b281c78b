//! What can be wrong with an expression.

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
