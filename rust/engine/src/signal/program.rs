//! A compiled program: told what happens, it runs the steps that depend on it.
//!
//! Each clock has a list of instructions of its own, in the order of the program; registers keep
//! their values between runs. Running does not allocate.

use serde::{Deserialize, Serialize};

use super::compile::{Constant, Flat, flatten};
use super::drive::{BLOCK, Columns, NARROW, Once, Places, Registers};
use super::fault::SignalError;
use super::kernel::Kernel;
use super::microstructure::{Observed, Seen, Watch};
use super::node::{Input, Node};
use super::state::States;
use super::step::Step;
use super::stream::{Clock, Clocks};
use crate::book::Book;
use crate::event::Side;
use crate::instrument::Instrument;
use crate::units::{Nanos, Price, Qty};

/// A step as it runs: small, and copied into the list of each clock.
#[derive(Debug, Clone, Copy)]
struct Instruction {
    kernel: Kernel,
    places: Places,
}

/// A compiled program: inputs, then one register a constant or step, in the order they run.
#[derive(Debug, Clone)]
pub struct Program {
    inputs: Vec<Input>,
    constants: Vec<Constant>,
    steps: Vec<Step>,
    operations: usize,
    outputs: Vec<u32>,
    warm_up: Vec<u32>,
    clocks: Clocks,
    /// How many registers are used.
    used: usize,
    /// Places of inputs that are told by key: those of bars, then those of the account.
    told: Vec<u32>,
    /// How many of them are of bars.
    of_bars: usize,
    on_bar: Box<[Instruction]>,
    on_book: Box<[Instruction]>,
    on_trade: Box<[Instruction]>,
    observed: Observed,
    states: States,
    /// At least [`NARROW`].
    registers: Box<[f64]>,
}

/// All that a program remembers: what each operation holds, what it saw, and the registers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Memory {
    /// Of which program.
    shape: [u8; 32],
    states: States,
    seen: Seen,
    registers: Vec<f64>,
}

impl Program {
    /// Check and flatten `nodes`; `outputs` are the places of the nodes that are wanted.
    pub fn compile(nodes: &[Node], outputs: &[usize]) -> Result<Self, SignalError> {
        let flat = flatten(nodes, outputs)?;
        let used = flat.registers as usize;
        // The last of so few is left to what is not read.
        let count = if used < NARROW { NARROW } else { used.max(NARROW + 1) };
        let mut registers = vec![f64::NAN; count].into_boxed_slice();
        for constant in &flat.constants {
            if let Some(register) = registers.get_mut(constant.place as usize) {
                *register = constant.value;
            }
        }
        let list = |clock| {
            let steps = flat.steps.iter().filter(|step| step.clocks.has(clock));
            steps.map(|step| Instruction { kernel: step.kernel, places: step.places }).collect()
        };
        let (on_bar, on_book, on_trade) = (list(Clock::Bar), list(Clock::Book), list(Clock::Trade));
        let mut told = places(&flat.inputs, Some(Clock::Bar));
        let of_bars = told.len();
        told.extend(places(&flat.inputs, None));
        let observed = Observed::new(&flat.inputs);
        let Flat { inputs, constants, steps, operations, states, outputs, warm_up, clocks, .. } =
            flat;
        Ok(Self {
            inputs,
            constants,
            steps,
            operations,
            outputs,
            warm_up,
            clocks,
            used,
            told,
            of_bars,
            on_bar,
            on_book,
            on_trade,
            observed,
            states,
            registers,
        })
    }

    /// What it reads, in the order that [`Program::set`] counts.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The clocks that it listens to; one that reads none of them runs with bars.
    #[must_use]
    pub fn clocks(&self) -> Clocks {
        self.clocks
    }

    /// How much of a book it reads, so that what is deeper need not be told.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.observed.watch()
    }

    /// How many operations it has.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.operations
    }

    /// For each output, the samples it must have seen before its first value.
    #[must_use]
    pub fn warm_up(&self) -> &[u32] {
        &self.warm_up
    }

    /// The last value of output `place`; NaN before it is warm.
    #[must_use]
    #[inline]
    pub fn output(&self, place: usize) -> f64 {
        let register = self.outputs.get(place).copied().unwrap_or(u32::MAX);
        self.registers.get(register as usize).copied().unwrap_or(f64::NAN)
    }

    /// Tell input `place`.
    #[inline]
    pub fn set(&mut self, place: usize, value: f64) {
        if place < self.inputs.len()
            && let Some(register) = self.registers.get_mut(place)
        {
            *register = value;
        }
    }

    /// Tell every input of bars and of the account, by its key.
    #[inline]
    pub fn tell(&mut self, value: impl Fn(&Input) -> f64) {
        self.tell_from(0, value);
    }

    /// Tell every input of the account, by its key.
    #[inline]
    pub fn tell_account(&mut self, value: impl Fn(&Input) -> f64) {
        if self.told.len() > self.of_bars {
            self.tell_from(self.of_bars, value);
        }
    }

    #[inline]
    fn tell_from(&mut self, first: usize, value: impl Fn(&Input) -> f64) {
        for place in self.told.iter().skip(first) {
            let place = *place as usize;
            if let (Some(register), Some(input)) =
                (self.registers.get_mut(place), self.inputs.get(place))
            {
                *register = value(input);
            }
        }
    }

    /// Tell what the sleeve's own book says after a change; whether anything that the program
    /// reads of it changed. If not, there is nothing to run.
    #[inline]
    pub fn see_book(&mut self, book: &mut Book, instrument: &Instrument, now: Nanos) -> bool {
        match <&mut [f64; NARROW]>::try_from(&mut *self.registers) {
            Ok(registers) => self.observed.on_book(book, instrument, now, registers),
            Err(_) => self.observed.on_book(book, instrument, now, &mut *self.registers),
        }
    }

    /// Tell a trade of the sleeve's own instrument; whether the program reads trades.
    #[inline]
    pub fn see_trade(
        &mut self,
        aggressor: Side,
        (price, qty): (Price, Qty),
        instrument: &Instrument,
        now: Nanos,
    ) -> bool {
        let registers = &mut *self.registers;
        self.observed.on_trade(aggressor, (price, qty), instrument, now, registers)
    }

    /// Run every operation that depends on `clock` once, on the inputs told.
    #[inline]
    pub fn run(&mut self, clock: Clock) {
        let list = match clock {
            Clock::Bar => &self.on_bar,
            Clock::Book => &self.on_book,
            Clock::Trade => &self.on_trade,
        };
        match <&mut [f64; NARROW]>::try_from(&mut *self.registers) {
            Ok(registers) => run(list, &mut self.states, registers),
            Err(_) => run(list, &mut self.states, &mut *self.registers),
        }
    }

    /// What it remembers now.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            shape: self.shape(),
            states: self.states.clone(),
            seen: self.observed.seen().clone(),
            registers: self.registers.iter().take(self.used).copied().collect(),
        }
    }

    /// Go on from what a program of the same shape remembered; whether it was of the same shape.
    pub fn recall(&mut self, memory: Memory) -> bool {
        let fits = memory.shape == self.shape() && memory.registers.len() == self.used;
        if fits {
            self.states = memory.states;
            self.observed.recall(memory.seen);
            for (register, value) in self.registers.iter_mut().zip(memory.registers) {
                *register = value;
            }
        }
        fits
    }

    /// Equal for programs that compute the same in the same order.
    fn shape(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for input in &self.inputs {
            hasher.update(format!("{input:?};").as_bytes());
        }
        for Constant { place, value } in &self.constants {
            hasher.update(format!("{place} {};", value.to_bits()).as_bytes());
        }
        for step in &self.steps {
            // What it is, not what it holds.
            let (operation, n) = step.origin;
            let what = format!("{} {n} {:?} {:?};", operation.name, step.kernel, step.places);
            hasher.update(what.as_bytes());
        }
        hasher.update(format!("{:?}", self.outputs).as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// Run over whole columns of `rows` samples, one for each input; one column for each output.
    /// Every row is an event of every clock.
    ///
    /// It begins anew: what was told to [`Program::run`] before does not matter.
    pub fn columns(&self, inputs: &[&[f64]], rows: usize) -> Result<Vec<Vec<f64>>, SignalError> {
        for (place, input) in self.inputs.iter().enumerate() {
            if inputs.get(place).map(|column| column.len()) != Some(rows) {
                return Err(SignalError::Column(input.stream.column()));
            }
        }
        let mut states = States::default();
        for step in &self.steps {
            let (operation, n) = step.origin;
            (operation.begin)(n, &mut states);
        }
        let mut blocks = vec![[f64::NAN; BLOCK]; self.used];
        for constant in &self.constants {
            if let Some(block) = blocks.get_mut(constant.place as usize) {
                *block = [constant.value; BLOCK];
            }
        }
        let mut results: Vec<Vec<f64>> = vec![Vec::with_capacity(rows); self.outputs.len()];
        let mut start = 0;
        while start < rows {
            let len = BLOCK.min(rows - start);
            for (block, column) in blocks.iter_mut().zip(inputs) {
                for (slot, value) in block.iter_mut().zip(column.iter().skip(start)) {
                    *slot = *value;
                }
            }
            for step in &self.steps {
                let Places { operands, out } = step.places;
                let (before, rest) = blocks.split_at_mut(out as usize);
                if let Some(out) = rest.first_mut() {
                    let columns = Columns { blocks: before, operands, out, len };
                    step.kernel.drive(&mut states, columns);
                }
            }
            for (result, register) in results.iter_mut().zip(&self.outputs) {
                let block = blocks.get(*register as usize);
                result.extend(block.iter().flat_map(|block| block.iter().take(len)));
            }
            start += len;
        }
        Ok(results)
    }
}

/// Run each of `list` once. Never inlined: what it needs fits the machine's registers when nothing
/// of its caller is among it.
#[inline(never)]
fn run<R: Registers + ?Sized>(list: &[Instruction], states: &mut States, registers: &mut R) {
    for Instruction { kernel, places } in list {
        kernel.drive(states, Once { registers, places });
    }
}

/// Where the inputs of a clock lie.
fn places(inputs: &[Input], clock: Option<Clock>) -> Vec<u32> {
    let of = |(place, input): (u32, &Input)| (input.stream.clock() == clock).then_some(place);
    (0..).zip(inputs).filter_map(of).collect()
}
