//! Hot operations, one entry each, for `scripts/instructions.py` to count instructions of.
//!
//! An entry is a function that is never inlined, called `counted_KEY`: callgrind collects between
//! its beginning and its end, so that what is set up around it does not count. Run with a key, it
//! prints how many operations the entry did; without one, the keys. Read by the script:
//! gungraun (iai-callgrind before) does as much, but only with a runner of exactly its version
//! installed beside cargo.

use std::hint::black_box;
use std::io::Write;

use bot4_benches::{SEED, Unusable};
use bot4_engine::book::Ladder;
use bot4_gauge::book;
use bot4_gauge::flow::{Flow, Update};

/// Enough that the first touch of a page does not show in the mean.
const UPDATES: usize = 100_000;

/// An operation: its key, and what sets it up, runs its entry and counts what that did.
type Entry = (&'static str, fn() -> Result<usize, Unusable>);

const ENTRIES: &[Entry] = &[("book_update", book_update)];

fn book_update() -> Result<usize, Unusable> {
    let flow = Flow::new(SEED, UPDATES)?;
    let mut ladder = book::opened(&flow);
    let sum = counted_book_update(&mut ladder, &flow.updates);
    if sum != flow.checksum {
        return Err(Unusable::from("the book answers wrongly"));
    }
    Ok(flow.updates.len())
}

#[inline(never)]
fn counted_book_update(ladder: &mut Ladder, updates: &[Update]) -> i64 {
    updates.iter().fold(0, |sum, told| black_box(sum + book::update(ladder, told)))
}

fn main() -> Result<(), Unusable> {
    let mut out = std::io::stdout().lock();
    let Some(wanted) = std::env::args().nth(1) else {
        for (key, _) in ENTRIES {
            writeln!(out, "{key}")?;
        }
        return Ok(());
    };
    let entry = ENTRIES.iter().find(|(key, _)| *key == wanted);
    let (_, run) = entry.ok_or("no such operation")?;
    writeln!(out, "{}", run()?)?;
    Ok(())
}
