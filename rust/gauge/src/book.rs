//! The book: how long one level takes, with both best prices read after it.

use bot4_engine::book::Ladder;
use bot4_engine::event::{Side, Tick, TickKind};
use bot4_engine::instrument::InstrumentId;

use crate::flow::{Flow, Update};
use crate::{GaugeError, Reading, Setup, stopwatch};

pub(crate) const SEEDED: &str = "book_update_ns";
pub(crate) const RECORDED: &str = "book_update_recorded_ns";

/// Set one level and read the touch: both best prices, added up.
#[inline]
#[must_use]
pub fn update(ladder: &mut Ladder, told: &Update) -> i64 {
    ladder.set(told.side, told.price, told.qty);
    touch(ladder)
}

/// A ladder that holds a flow's snapshot.
#[must_use]
pub fn opened(flow: &Flow) -> Ladder {
    let mut ladder = Ladder::default();
    for level in &flow.snapshot {
        ladder.set(level.side, level.price, level.qty);
    }
    ladder
}

#[inline]
fn touch(ladder: &Ladder) -> i64 {
    let (bid, ask) = (ladder.best(Side::Buy), ladder.best(Side::Sell));
    bid.unwrap_or_default().mantissa().wrapping_add(ask.unwrap_or_default().mantissa())
}

pub(crate) fn seeded(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let flow = Flow::new(setup.seed, setup.events())?;
    let (mut reading, got) = stopwatch::time(setup, &flow.updates, || opened(&flow), update);
    if got != flow.checksum {
        return Err(GaugeError::Wrong { key: SEEDED, got, wanted: flow.checksum });
    }
    reading.source =
        format!("SIMULATED updates of a book of 1,000 levels a side, seed {}", setup.seed);
    reading.checksum = Some(got);
    Ok(reading)
}

pub(crate) fn recorded(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let nothing = GaugeError::Nothing { key: RECORDED, what: "a capture with a book" };
    let chosen = setup.longest().ok_or(nothing.clone())?;
    let ticks: Vec<Tick> = chosen
        .ticks(InstrumentId(0))
        .iter()
        .copied()
        .filter(|tick| !matches!(tick.kind, TickKind::Trade { .. }))
        .collect();
    // All that is told in the moment of the first level is the snapshot.
    let opens = ticks.first().ok_or(nothing.clone())?.ts;
    let (snapshot, told) = ticks.split_at(ticks.partition_point(|tick| tick.ts <= opens));
    if told.is_empty() {
        return Err(nothing);
    }
    let mut opened = Ladder::default();
    for tick in snapshot {
        tell(&mut opened, tick);
    }
    let (mut reading, _) = stopwatch::time(setup, told, || opened.clone(), tell);
    reading.source = format!("captured updates of {}", chosen.rules().symbol);
    Ok(reading)
}

#[inline]
fn tell(ladder: &mut Ladder, tick: &Tick) -> i64 {
    match tick.kind {
        TickKind::Level { side, price, qty } => ladder.set(side, price, qty),
        TickKind::Clear => ladder.clear(),
        TickKind::Trade { .. } => {}
    }
    touch(ladder)
}
