//! Steps that run as one: what a market program asks for most is one instruction, not five.
//!
//! Choosing the next operation costs more than the arithmetic of one, so a chain that has a kernel
//! of its own takes the place of its parts. It computes the same in the same order, to the bit:
//! `kernel.rs` says so by composing the same parts.

use super::kernel::Kernel;
use super::step::Step;

/// What is known while steps are joined.
struct Joining {
    steps: Vec<Step>,
    /// The step that writes a register, where one does.
    writers: Vec<Option<usize>>,
    /// How often a register is read, as an operand or an output.
    reads: Vec<u32>,
}

/// What a step becomes.
struct Joined {
    kernel: Kernel,
    operands: [u32; 4],
}

/// Join what can be joined; `outputs` are registers that must be written.
pub(super) fn fuse(steps: Vec<Step>, registers: usize, outputs: &[u32]) -> Vec<Step> {
    let mut joining = Joining { writers: vec![None; registers], reads: vec![0; registers], steps };
    for (index, step) in joining.steps.iter().enumerate() {
        if let Some(writer) = joining.writers.get_mut(step.places.out as usize) {
            *writer = Some(index);
        }
    }
    for index in 0..joining.steps.len() {
        joining.count(index, u32::saturating_add);
    }
    for output in outputs {
        joining.read(*output, u32::saturating_add);
    }
    for index in 0..joining.steps.len() {
        if let Some(Joined { kernel, operands }) = joining.joined(index) {
            joining.count(index, u32::saturating_sub);
            if let Some(step) = joining.steps.get_mut(index) {
                step.kernel = kernel;
                step.places.operands = operands;
            }
            joining.count(index, u32::saturating_add);
        }
    }
    joining.left()
}

impl Joining {
    fn read(&mut self, register: u32, change: fn(u32, u32) -> u32) {
        if let Some(reads) = self.reads.get_mut(register as usize) {
            *reads = change(*reads, 1);
        }
    }

    /// What a step reads is read once more, or once less.
    fn count(&mut self, index: usize, change: fn(u32, u32) -> u32) {
        let Some(step) = self.steps.get(index) else {
            return;
        };
        let (operands, count) = (step.places.operands, step.kernel.operands());
        for operand in operands.into_iter().take(count) {
            self.read(operand, change);
        }
    }

    /// The operands of the step that writes `register`, where it does `kernel`, on the same clocks
    /// as `step`: what runs at other times must keep a register of its own.
    fn made(&self, register: u32, step: &Step, kernel: Kernel) -> Option<[u32; 4]> {
        let writer = self.steps.get((*self.writers.get(register as usize)?)?)?;
        let alike = writer.kernel == kernel && writer.clocks == step.clocks;
        alike.then_some(writer.places.operands)
    }

    /// The same, where nothing else reads it.
    fn part(&self, register: u32, step: &Step, kernel: Kernel) -> Option<[u32; 4]> {
        let once = self.reads.get(register as usize) == Some(&1);
        self.made(register, step, kernel).filter(|_| once)
    }

    /// What a step can become together with what it reads.
    fn joined(&self, index: usize) -> Option<Joined> {
        let step = self.steps.get(index)?;
        let [a, b, c, _] = step.places.operands;
        let joined = |kernel, operands| Some(Joined { kernel, operands });
        if step.kernel == Kernel::Div {
            return self.ratio(step, a, b);
        }
        if step.kernel == Kernel::Mul {
            let one = self.part(a, step, Kernel::Add).map(|sum| (b, sum));
            let (other, [x, y, ..]) =
                one.or_else(|| Some((a, self.part(b, step, Kernel::Add)?)))?;
            return joined(Kernel::AddMul, [x, y, other, 0]);
        }
        if step.kernel == Kernel::Gt {
            let [x, y, ..] = self.part(b, step, Kernel::Sub)?;
            return joined(Kernel::GtSub, [a, x, y, 0]);
        }
        if step.kernel == Kernel::Lt {
            let [x, y, ..] = self.part(a, step, Kernel::Sub)?;
            return joined(Kernel::GtSub, [b, x, y, 0]);
        }
        if step.kernel == Kernel::And {
            let one = self.more(a, step).map(|pair| (b, pair));
            let (other, (x, y)) = one.or_else(|| Some((a, self.more(b, step)?)))?;
            return joined(Kernel::GtAnd, [x, y, other, 0]);
        }
        if step.kernel == Kernel::Where {
            let (x, y) = self.more(a, step)?;
            return joined(Kernel::GtWhere, [x, y, b, c]);
        }
        None
    }

    /// `x` and `y` where `register` is `x > y` or `y < x`, and nothing else reads it.
    fn more(&self, register: u32, step: &Step) -> Option<(u32, u32)> {
        let gt = self.part(register, step, Kernel::Gt);
        let lt = || self.part(register, step, Kernel::Lt);
        gt.map(|[x, y, ..]| (x, y)).or_else(|| lt().map(|[y, x, ..]| (x, y)))
    }

    /// `(x - y) / (x + y)`, or `(p × w + q × v) / (v + w)`.
    fn ratio(&self, step: &Step, above: u32, below: u32) -> Option<Joined> {
        let [v, w, ..] = self.made(below, step, Kernel::Add)?;
        if let Some([x, y, ..]) = self.part(above, step, Kernel::Sub) {
            let same = [x, y] == [v, w] || [x, y] == [w, v];
            return same.then_some(Joined { kernel: Kernel::Imbalance, operands: [x, y, 0, 0] });
        }
        let [left, right, ..] = self.part(above, step, Kernel::Add)?;
        let product = |of| self.part(of, step, Kernel::Mul);
        let ([p, of_p, ..], [q, of_q, ..]) = (product(left)?, product(right)?);
        let same = [of_p, of_q] == [v, w] || [of_p, of_q] == [w, v];
        same.then_some(Joined { kernel: Kernel::Weighted, operands: [p, of_p, q, of_q] })
    }

    /// What is still read.
    fn left(mut self) -> Vec<Step> {
        let mut kept = vec![false; self.steps.len()];
        for index in (0..self.steps.len()).rev() {
            let out = self.steps.get(index).map_or(0, |step| step.places.out as usize);
            if self.reads.get(out).is_some_and(|reads| *reads > 0) {
                if let Some(kept) = kept.get_mut(index) {
                    *kept = true;
                }
            } else {
                self.count(index, u32::saturating_sub);
            }
        }
        let kept = self.steps.into_iter().zip(kept);
        kept.filter(|(_, kept)| *kept).map(|(step, _)| step).collect()
    }
}
