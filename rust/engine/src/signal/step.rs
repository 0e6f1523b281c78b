//! One operation of a program, before it is run.

use super::drive::Places;
use super::kernel::Kernel;
use super::stream::Clocks;
use super::table::Operation;

/// One operation of a program.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) kernel: Kernel,
    pub(super) places: Places,
    /// What it is an operation of, with its parameter.
    pub(super) origin: (&'static Operation, u32),
    /// What it depends on; what depends on no clock runs whenever the program does.
    pub(super) clocks: Clocks,
}
