//! From expressions to a flat list of steps.
//!
//! Every name, kind and bound is checked, only what an output needs is kept, a part that occurs
//! twice is computed once, and each step learns the clocks that run it.

use std::collections::BTreeMap;

use super::drive::Places;
use super::fault::SignalError;
use super::fuse::fuse;
use super::node::{Input, Node, NodeKind};
use super::state::States;
use super::step::Step;
use super::stream::{Clock, Clocks};
use super::table::{Gives, Operation, operation};

/// Most nodes of one program.
const NODES_MAX: usize = 100_000;
/// Most samples that the windows of one program hold together.
const WINDOWS_MAX: u64 = 16_000_000;

/// A register that never changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Constant {
    pub(super) place: u32,
    pub(super) value: f64,
}

/// A program in parts: registers are numbered inputs first, then in the order of the nodes.
#[derive(Debug, Default)]
pub(super) struct Flat {
    pub(super) inputs: Vec<Input>,
    pub(super) constants: Vec<Constant>,
    pub(super) steps: Vec<Step>,
    pub(super) states: States,
    /// The register of each output.
    pub(super) outputs: Vec<u32>,
    /// Of each output.
    pub(super) warm_up: Vec<u32>,
    /// Those that anything here ticks with; a program that reads no clock runs with bars.
    pub(super) clocks: Clocks,
    pub(super) registers: u32,
    /// How many operations there are, however they run.
    pub(super) operations: usize,
}

/// Check and flatten `nodes`; `outputs` are the places of the nodes that are wanted.
pub(super) fn flatten(nodes: &[Node], outputs: &[usize]) -> Result<Flat, SignalError> {
    if nodes.len() > NODES_MAX {
        return Err(SignalError::TooLarge(format!("{} nodes", nodes.len())));
    }
    let needed = needed(nodes, outputs)?;
    let mut flattening = Flattening::default();
    for (node, _) in nodes.iter().zip(&needed).filter(|(_, needed)| **needed) {
        if let NodeKind::Input(input) = &node.kind {
            flattening.declare(*input);
        }
    }
    for (node, needed) in nodes.iter().zip(&needed) {
        let place = if *needed { Some(flattening.place(node)?) } else { None };
        flattening.places.push(place);
    }
    let Flattening { mut flat, registers, places, .. } = flattening;
    for output in outputs {
        let place = places.get(*output).copied().flatten();
        let place = place.ok_or_else(|| SignalError::Order("output".to_owned()))?;
        flat.outputs.push(place);
        flat.warm_up.push(registers.get(place as usize).map_or(1, |register| register.warm_up));
    }
    if flat.clocks == Clocks::NONE {
        flat.clocks = Clocks::of(Clock::Bar);
    }
    for step in flat.steps.iter_mut().filter(|step| step.clocks == Clocks::NONE) {
        step.clocks = flat.clocks;
    }
    flat.registers = u32::try_from(registers.len())
        .map_err(|_| SignalError::TooLarge(format!("{} registers", registers.len())))?;
    flat.operations = flat.steps.len();
    flat.steps = fuse(flat.steps, registers.len(), &flat.outputs);
    Ok(flat)
}

/// Which nodes an output needs.
fn needed(nodes: &[Node], outputs: &[usize]) -> Result<Vec<bool>, SignalError> {
    let mut needed = vec![false; nodes.len()];
    for output in outputs {
        let slot =
            needed.get_mut(*output).ok_or_else(|| SignalError::Order("output".to_owned()))?;
        *slot = true;
    }
    for (place, node) in nodes.iter().enumerate().rev() {
        if needed.get(place) != Some(&true) {
            continue;
        }
        for operand in &node.operands {
            match needed.get_mut(*operand) {
                Some(slot) if *operand < place => *slot = true,
                Some(_) | None => return Err(SignalError::Order(format!("node {place}"))),
            }
        }
    }
    Ok(needed)
}

/// What makes two steps the same: name, operands, parameters to the bit.
type StepKey = (String, Vec<u32>, Vec<u64>);

/// What is known of a register.
#[derive(Debug, Clone, Copy)]
struct Register {
    warm_up: u32,
    gives: Gives,
    clocks: Clocks,
}

#[derive(Default)]
struct Flattening {
    flat: Flat,
    registers: Vec<Register>,
    /// Register of each node, `None` where nothing needs it.
    places: Vec<Option<u32>>,
    shared: BTreeMap<StepKey, u32>,
    windows: u64,
}

impl Flattening {
    fn declare(&mut self, input: Input) {
        if !self.flat.inputs.contains(&input) {
            let clocks = input.stream.clock().map_or(Clocks::NONE, Clocks::of);
            self.flat.inputs.push(input);
            self.flat.clocks = self.flat.clocks.or(clocks);
            self.registers.push(Register { warm_up: 1, gives: Gives::Number, clocks });
        }
    }

    fn place(&mut self, node: &Node) -> Result<u32, SignalError> {
        let (name, parameters) = match &node.kind {
            NodeKind::Input(input) => {
                let place = self.flat.inputs.iter().position(|known| known == input);
                return place
                    .and_then(|place| u32::try_from(place).ok())
                    .ok_or_else(|| SignalError::Unknown(input.stream.name().to_owned()));
            }
            NodeKind::Constant(value) => return self.constant(*value),
            NodeKind::Operation(name, parameters) => (name, parameters),
        };
        let operation = operation(name).ok_or_else(|| SignalError::Unknown(name.clone()))?;
        let operands = self.operands(node, operation)?;
        let gives = self.check_kinds(&operands, operation)?;
        let n = parameter(operation, parameters)?;
        let key = (name.clone(), operands.clone(), vec![u64::from(n)]);
        if let Some(place) = self.shared.get(&key) {
            return Ok(*place);
        }
        self.windows += u64::from(n);
        if self.windows > WINDOWS_MAX {
            return Err(SignalError::TooLarge(format!("{} samples in windows", self.windows)));
        }
        let (mut before, mut clocks) = (1, Clocks::NONE);
        for register in operands.iter().filter_map(|place| self.registers.get(*place as usize)) {
            before = register.warm_up.max(before);
            clocks = clocks.or(register.clocks);
        }
        let warm_up = before.saturating_add((operation.warm_up)(n).saturating_sub(1));
        let out = self.register(key, Register { warm_up, gives, clocks })?;
        let mut fixed = [0; 4];
        for (slot, operand) in fixed.iter_mut().zip(&operands) {
            *slot = *operand;
        }
        let kernel = (operation.begin)(n, &mut self.flat.states);
        let places = Places { operands: fixed, out };
        self.flat.steps.push(Step { kernel, places, origin: (operation, n), clocks });
        Ok(out)
    }

    fn constant(&mut self, value: f64) -> Result<u32, SignalError> {
        let key = ("constant".to_owned(), Vec::new(), vec![value.to_bits()]);
        if let Some(place) = self.shared.get(&key) {
            return Ok(*place);
        }
        let (gives, clocks) = (Gives::Number, Clocks::NONE);
        let place = self.register(key, Register { warm_up: 1, gives, clocks })?;
        self.flat.constants.push(Constant { place, value });
        Ok(place)
    }

    fn register(&mut self, key: StepKey, register: Register) -> Result<u32, SignalError> {
        let place = u32::try_from(self.registers.len())
            .map_err(|_| SignalError::TooLarge(format!("{} registers", self.registers.len())))?;
        self.registers.push(register);
        self.shared.insert(key, place);
        Ok(place)
    }

    fn operands(&self, node: &Node, operation: &Operation) -> Result<Vec<u32>, SignalError> {
        let (wanted, got) = (operation.operands.len(), node.operands.len());
        if wanted != got {
            return Err(SignalError::Operands { name: operation.name.to_owned(), wanted, got });
        }
        let place = |operand: &usize| self.places.get(*operand).copied().flatten();
        let places: Option<Vec<u32>> = node.operands.iter().map(place).collect();
        places.ok_or_else(|| SignalError::Order(operation.name.to_owned()))
    }

    fn check_kinds(&self, operands: &[u32], operation: &Operation) -> Result<Gives, SignalError> {
        let mut either = None;
        for (place, (operand, wanted)) in operands.iter().zip(operation.operands) {
            let register = self.registers.get(*place as usize);
            let got = register.map_or(Gives::Number, |register| register.gives);
            let wanted = match wanted {
                Gives::Either => *either.get_or_insert(got),
                Gives::Number | Gives::Condition => *wanted,
            };
            if got != wanted {
                let wanted = if wanted == Gives::Condition { "condition" } else { "number" };
                let name = operation.name.to_owned();
                return Err(SignalError::Kind { name, operand, wanted });
            }
        }
        Ok(either.unwrap_or(operation.gives))
    }
}

/// The parameter of an operation, 0 where it has none.
fn parameter(operation: &Operation, parameters: &[f64]) -> Result<u32, SignalError> {
    let (wanted, got) = (operation.parameters.len(), parameters.len());
    if wanted != got {
        return Err(SignalError::Parameters { name: operation.name.to_owned(), wanted, got });
    }
    let (Some(parameter), Some(value)) = (operation.parameters.first(), parameters.first()) else {
        return Ok(0);
    };
    SignalError::whole(operation.name, parameter.name, parameter.min, parameter.max, *value)
}
