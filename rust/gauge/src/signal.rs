//! Signals: a program of twenty operations on a book, run after each change that it reads.

use bot4_engine::book::Book;
use bot4_engine::event::{Event, Tick};
use bot4_engine::instrument::Instrument;
use bot4_engine::signal::{Clock, Node, Program};

use crate::each::{self, Turn};
use crate::session::Session;
use crate::{GaugeError, Reading, Setup};

pub(crate) const TWENTY: &str = "signal20_ns";

/// A node by name, the places of its operands, its parameters.
type Written = (&'static str, &'static [usize], &'static [f64]);

/// Hold more where the touch leans up, else less. What counts beside the imbalance at the touch is
/// how far the microprice is above the mid, and a tenth of the imbalance at five levels and of the
/// average order-flow imbalance of twenty changes.
const NODES: &[Written] = &[
    ("bid", &[], &[]),
    ("ask", &[], &[]),
    ("bid_size", &[], &[]),
    ("ask_size", &[], &[]),
    ("depth_bid", &[], &[5.0]),
    ("depth_ask", &[], &[5.0]),
    ("ofi", &[], &[1.0]),
    ("constant", &[], &[0.5]),
    ("constant", &[], &[0.1]),
    ("constant", &[], &[0.0]),
    ("constant", &[], &[0.015]),
    ("constant", &[], &[0.005]),
    // The mid.
    ("add", &[0, 1], &[]),
    ("mul", &[12, 7], &[]),
    // The microprice, and how far it is from the mid.
    ("add", &[2, 3], &[]),
    ("mul", &[0, 3], &[]),
    ("mul", &[1, 2], &[]),
    ("add", &[15, 16], &[]),
    ("div", &[17, 14], &[]),
    ("sub", &[18, 13], &[]),
    // The imbalance at the touch, and at five levels.
    ("sub", &[2, 3], &[]),
    ("div", &[20, 14], &[]),
    ("sub", &[4, 5], &[]),
    ("add", &[4, 5], &[]),
    ("div", &[22, 23], &[]),
    // The flow.
    ("ema", &[6], &[20.0]),
    // All of it, and the fraction to hold.
    ("add", &[24, 25], &[]),
    ("mul", &[26, 8], &[]),
    ("add", &[21, 27], &[]),
    ("add", &[28, 19], &[]),
    ("gt", &[29, 9], &[]),
    ("where", &[30, 10, 11], &[]),
];

/// The program: twenty operations, each of which runs when the book changes.
pub fn program() -> Result<Program, GaugeError> {
    let nodes: Result<Vec<_>, _> = NODES
        .iter()
        .map(|(name, operands, parameters)| Node::parse(name, operands, parameters))
        .collect();
    Ok(Program::compile(&nodes?, &[NODES.len() - 1])?)
}

/// A book and the program that reads it.
#[derive(Debug, Clone)]
pub struct Watched {
    book: Book,
    program: Program,
    rules: Instrument,
}

impl Watched {
    /// A book that holds nothing yet.
    pub fn new(rules: &Instrument) -> Result<Self, GaugeError> {
        Ok(Self { book: Book::default(), program: program()?, rules: rules.clone() })
    }

    /// A change of the book.
    #[inline]
    pub fn tell(&mut self, tick: &Tick) {
        self.book.on_tick(tick);
    }

    /// What is measured: look at the book and, where anything that is read of it changed, run all
    /// twenty; whether they ran.
    #[inline]
    pub fn run(&mut self, tick: &Tick) -> bool {
        let ran = tick.last && self.program.see_book(&mut self.book, &self.rules, tick.ts);
        if ran {
            self.program.run(Clock::Book);
        }
        ran
    }
}

impl Turn<Tick> for Watched {
    type Answer = bool;

    #[inline]
    fn step(&mut self, tick: &Tick) -> bool {
        self.run(tick)
    }

    fn settle(&mut self, ran: bool) -> Result<bool, GaugeError> {
        Ok(ran)
    }
}

/// The levels of a session, without its trades and quotes.
#[must_use]
pub fn ticks(session: &Session) -> Vec<Tick> {
    let tick = |event: &Event| if let Event::Tick(tick) = event { Some(*tick) } else { None };
    session.events.iter().filter_map(tick).collect()
}

pub(crate) fn twenty(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let session = Session::simulated(setup.seed, setup.events())?;
    let ticks = ticks(&session);
    let runs = each::time(setup, &ticks, 0, || Watched::new(&session.rules), Watched::tell)?;
    let nothing = GaugeError::Nothing { key: TWENTY, what: "updates that change an input" };
    let mut reading = runs.chosen().ok_or(nothing)?;
    let (updates, ran) = runs.counts();
    reading.source = session.source;
    reading.notes = vec![("updates", updates), ("share", ran / updates)];
    Ok(reading)
}
