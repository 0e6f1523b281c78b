//! From expressions to a flat list of operations, and running it.
//!
//! Compiling checks every name, kind and bound, keeps only what an output needs, and computes a
//! part that occurs twice once. Running does not allocate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::drive::{BLOCK, Columns, Once};
use super::kernel::Kernel;
use super::node::{Input, Node, NodeKind, SignalError};
use super::table::{Gives, Operation, operation};

/// Most nodes of one program.
const NODES_MAX: usize = 100_000;
/// Most samples that the windows of one program hold together.
const WINDOWS_MAX: u64 = 16_000_000;

#[derive(Debug, Clone)]
struct Step {
    kernel: Kernel,
    operands: [usize; 3],
    /// What it is an operation of, with its parameter; `None` is a constant.
    origin: Option<(&'static Operation, u32)>,
}

impl Step {
    /// As it was before its first sample.
    fn anew(&self) -> Self {
        let begin = |(operation, n): (&Operation, u32)| (operation.begin)(n);
        let kernel = self.origin.map_or_else(|| self.kernel.clone(), begin);
        Self { kernel, operands: self.operands, origin: self.origin }
    }
}

/// A compiled program: inputs, then one register a step, in the order they run.
#[derive(Debug, Clone)]
pub struct Program {
    inputs: Vec<Input>,
    steps: Vec<Step>,
    registers: Vec<f64>,
    outputs: Vec<usize>,
    warm_up: Vec<u32>,
}

/// All that a program remembers: what each operation holds, and the registers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Memory {
    /// Of which program.
    shape: [u8; 32],
    kernels: Vec<Kernel>,
    registers: Vec<f64>,
}

impl Program {
    /// Check and flatten `nodes`; `outputs` are the places of the nodes that are wanted.
    pub fn compile(nodes: &[Node], outputs: &[usize]) -> Result<Self, SignalError> {
        if nodes.len() > NODES_MAX {
            return Err(SignalError::TooLarge(format!("{} nodes", nodes.len())));
        }
        let needed = needed(nodes, outputs)?;
        let mut flat = Flattening::default();
        for (node, _) in nodes.iter().zip(&needed).filter(|(_, needed)| **needed) {
            if let NodeKind::Input(input) = &node.kind {
                flat.declare(*input);
            }
        }
        for (node, needed) in nodes.iter().zip(&needed) {
            let place = if *needed { Some(flat.place(node)?) } else { None };
            flat.places.push(place);
        }
        let mut program = Self {
            registers: vec![f64::NAN; flat.inputs.len() + flat.steps.len()],
            inputs: flat.inputs,
            steps: flat.steps,
            outputs: Vec::with_capacity(outputs.len()),
            warm_up: Vec::with_capacity(outputs.len()),
        };
        for output in outputs {
            let register = flat.places.get(*output).copied().flatten();
            let register = register.ok_or_else(|| SignalError::Order("output".to_owned()))?;
            program.outputs.push(register);
            program.warm_up.push(flat.warm_up.get(register).copied().unwrap_or(1));
        }
        Ok(program)
    }

    /// What it reads, in the order that [`Program::set`] counts.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// How many operations run for one event.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.steps.len()
    }

    /// For each output, the samples it must have seen before its first value.
    #[must_use]
    pub fn warm_up(&self) -> &[u32] {
        &self.warm_up
    }

    /// The last value of output `place`; NaN before it is warm.
    #[must_use]
    pub fn output(&self, place: usize) -> f64 {
        let register = self.outputs.get(place).copied().unwrap_or(usize::MAX);
        self.registers.get(register).copied().unwrap_or(f64::NAN)
    }

    /// Tell input `place`.
    #[inline]
    pub fn set(&mut self, place: usize, value: f64) {
        if let Some(register) = self.registers.get_mut(place) {
            *register = value;
        }
    }

    /// Tell every input, by its key.
    #[inline]
    pub fn tell(&mut self, value: impl Fn(&Input) -> f64) {
        for (register, input) in self.registers.iter_mut().zip(&self.inputs) {
            *register = value(input);
        }
    }

    /// Run every operation once on the inputs told.
    #[inline]
    pub fn run(&mut self) {
        for (register, step) in (self.inputs.len()..).zip(&mut self.steps) {
            let (before, rest) = self.registers.split_at_mut(register);
            if let Some(out) = rest.first_mut() {
                step.kernel.drive(Once { registers: before, operands: step.operands, out });
            }
        }
    }

    /// What it remembers now.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            shape: self.shape(),
            kernels: self.steps.iter().map(|step| step.kernel.clone()).collect(),
            registers: self.registers.clone(),
        }
    }

    /// Go on from what a program of the same shape remembered; whether it was of the same shape.
    pub fn recall(&mut self, memory: Memory) -> bool {
        let fits = memory.shape == self.shape() && memory.registers.len() == self.registers.len();
        if fits {
            for (step, kernel) in self.steps.iter_mut().zip(memory.kernels) {
                step.kernel = kernel;
            }
            self.registers = memory.registers;
        }
        fits
    }

    /// Equal for programs that compute the same in the same order.
    fn shape(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for input in &self.inputs {
            hasher.update(format!("{input:?};").as_bytes());
        }
        for step in &self.steps {
            // What it is, not what it holds.
            let what = match step.origin {
                Some((operation, n)) => format!("{} {n}", operation.name),
                None => format!("{:?}", step.kernel),
            };
            hasher.update(format!("{what}{:?};", step.operands).as_bytes());
        }
        hasher.update(format!("{:?}", self.outputs).as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// Run over whole columns of `rows` samples, one for each input; one column for each output.
    ///
    /// It begins anew: what was told to [`Program::run`] before does not matter.
    pub fn columns(&self, inputs: &[&[f64]], rows: usize) -> Result<Vec<Vec<f64>>, SignalError> {
        for (place, input) in self.inputs.iter().enumerate() {
            if inputs.get(place).map(|column| column.len()) != Some(rows) {
                return Err(SignalError::Column(input.stream.name().to_owned()));
            }
        }
        let mut steps: Vec<Step> = self.steps.iter().map(Step::anew).collect();
        let mut blocks = vec![[f64::NAN; BLOCK]; self.registers.len()];
        let mut results: Vec<Vec<f64>> = vec![Vec::with_capacity(rows); self.outputs.len()];
        let mut start = 0;
        while start < rows {
            let len = BLOCK.min(rows - start);
            for (block, column) in blocks.iter_mut().zip(inputs) {
                for (slot, value) in block.iter_mut().zip(column.iter().skip(start)) {
                    *slot = *value;
                }
            }
            for (register, step) in (self.inputs.len()..).zip(&mut steps) {
                let (before, rest) = blocks.split_at_mut(register);
                if let Some(out) = rest.first_mut() {
                    let operands = step.operands;
                    step.kernel.drive(Columns { blocks: before, operands, out, len });
                }
            }
            for (result, register) in results.iter_mut().zip(&self.outputs) {
                result
                    .extend(blocks.get(*register).iter().flat_map(|block| block.iter().take(len)));
            }
            start += len;
        }
        Ok(results)
    }
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
type StepKey = (String, Vec<usize>, Vec<u64>);

#[derive(Default)]
struct Flattening {
    inputs: Vec<Input>,
    steps: Vec<Step>,
    /// Register of each node, `None` where nothing needs it.
    places: Vec<Option<usize>>,
    /// Of each register.
    warm_up: Vec<u32>,
    gives: Vec<Gives>,
    shared: BTreeMap<StepKey, usize>,
    windows: u64,
}

impl Flattening {
    fn declare(&mut self, input: Input) {
        if !self.inputs.contains(&input) {
            self.inputs.push(input);
            self.warm_up.push(1);
            self.gives.push(Gives::Number);
        }
    }

    fn place(&mut self, node: &Node) -> Result<usize, SignalError> {
        let (name, parameters) = match &node.kind {
            NodeKind::Input(input) => {
                let place = self.inputs.iter().position(|known| known == input);
                return place.ok_or_else(|| SignalError::Unknown(input.stream.name().to_owned()));
            }
            NodeKind::Constant(value) => {
                let key = ("constant".to_owned(), Vec::new(), vec![value.to_bits()]);
                let kernel = Kernel::Constant(*value);
                let step = Step { kernel, operands: [0; 3], origin: None };
                return Ok(self.share(key, step, Gives::Number, 1));
            }
            NodeKind::Operation(name, parameters) => (name, parameters),
        };
        let operation = operation(name).ok_or_else(|| SignalError::Unknown(name.clone()))?;
        let operands = self.operands(node, operation)?;
        let gives = self.check_kinds(&operands, operation)?;
        let n = parameter(operation, parameters)?;
        let seen = operands.iter().filter_map(|place| self.warm_up.get(*place)).max();
        let before = seen.copied().unwrap_or(1);
        let warm_up = before.saturating_add((operation.warm_up)(n).saturating_sub(1));
        let key = (name.clone(), operands.clone(), vec![u64::from(n)]);
        if let Some(place) = self.shared.get(&key) {
            return Ok(*place);
        }
        self.windows += u64::from(n);
        if self.windows > WINDOWS_MAX {
            return Err(SignalError::TooLarge(format!("{} samples in windows", self.windows)));
        }
        let mut fixed = [0; 3];
        for (slot, operand) in fixed.iter_mut().zip(&operands) {
            *slot = *operand;
        }
        let origin = Some((operation, n));
        let step = Step { kernel: (operation.begin)(n), operands: fixed, origin };
        Ok(self.share(key, step, gives, warm_up))
    }

    fn share(&mut self, key: StepKey, step: Step, gives: Gives, warm_up: u32) -> usize {
        let next = self.inputs.len() + self.steps.len();
        let place = *self.shared.entry(key).or_insert(next);
        if place == next {
            self.steps.push(step);
            self.gives.push(gives);
            self.warm_up.push(warm_up);
        }
        place
    }

    fn operands(&self, node: &Node, operation: &Operation) -> Result<Vec<usize>, SignalError> {
        let (wanted, got) = (operation.operands.len(), node.operands.len());
        if wanted != got {
            return Err(SignalError::Operands { name: operation.name.to_owned(), wanted, got });
        }
        let place = |operand: &usize| self.places.get(*operand).copied().flatten();
        let places: Option<Vec<usize>> = node.operands.iter().map(place).collect();
        places.ok_or_else(|| SignalError::Order(operation.name.to_owned()))
    }

    fn check_kinds(&self, operands: &[usize], operation: &Operation) -> Result<Gives, SignalError> {
        let mut either = None;
        for (place, (operand, wanted)) in operands.iter().zip(operation.operands) {
            let got = self.gives.get(*place).copied().unwrap_or(Gives::Number);
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
    let wrong = |got: String| SignalError::Parameter {
        name: operation.name.to_owned(),
        parameter: parameter.name,
        min: parameter.min,
        max: parameter.max,
        got,
    };
    let in_range = *value >= f64::from(parameter.min) && *value <= f64::from(parameter.max);
    if !in_range || libm::trunc(*value).to_bits() != value.to_bits() {
        return Err(wrong(format!("{value}")));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(*value as u32)
}
