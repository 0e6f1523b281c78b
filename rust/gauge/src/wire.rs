//! The wire: a venue's frame parsed, told, and applied to a book.

use bot4_engine::book::Book;
use bot4_engine::event::Event;
use bot4_engine::instrument::Instrument;
use bot4_engine::wire::binance::Level;
use bot4_engine::wire::{Counts, Decoder, Heard, WireError, binance};

use crate::frames::binance::Depth;
use crate::frames::coinbase::Level2;
use crate::frames::kraken::Narrow;
use crate::frames::{self, RECEIVED, listing};
use crate::{GaugeError, Reading, Setup, stopwatch};

pub(crate) const PARSE_BINANCE: &str = "parse_binance_depth40_ns";
pub(crate) const APPLY_BINANCE: &str = "apply_binance_depth40_ns";
pub(crate) const PARSE_KRAKEN: &str = "parse_kraken_book_ns";
pub(crate) const PARSE_COINBASE: &str = "parse_coinbase_l2_ns";

/// Frames that are measured on, each of them another.
const FRAMES: usize = 10_000;
/// More of the short ones.
const FRAMES_SHORT: usize = 50_000;
/// Prices and sizes as the venue writes them: eight decimal places.
const DECIMALS: u32 = 8;

/// A decoder that listens for one instrument, and the book that it tells.
#[derive(Debug, Clone)]
pub struct Heard40 {
    decoder: binance::Decoder,
    book: Book,
    rules: Instrument,
}

impl Heard40 {
    /// After the snapshot.
    pub fn new(depth: &Depth) -> Result<Self, GaugeError> {
        let (tick, lot) = frames::binance::STEPS;
        let symbol = format!("binance:{}", frames::binance::SYMBOL);
        let rules = frames::bitcoin(&symbol, tick, lot)?;
        let (mut decoder, mut book) = (binance::Decoder::default(), Book::default());
        decoder.list(listing(&rules))?;
        let mut tell = |event: &Event| apply(&mut book, event);
        decoder.on_snapshot(rules.name(), &depth.snapshot, RECEIVED, &mut tell)?;
        Ok(Self { decoder, book, rules })
    }

    /// What is measured of the parser alone: the last number and the levels of a frame.
    #[inline]
    pub fn parse(&mut self, frame: &[u8]) -> i64 {
        self.decoder
            .parse_depth(frame)
            .map_or(0, |depth| depth.last.wrapping_add(long(depth.bids.len() + depth.asks.len())))
    }

    /// What is measured of both: the touch after the frame, in units of the scale.
    #[inline]
    pub fn apply(&mut self, frame: &[u8]) -> i64 {
        let Self { decoder, book, .. } = self;
        let mut tell = |event: &Event| apply(book, event);
        if decoder.on_frame(frame, RECEIVED, &mut tell) != Ok(Heard::Market) {
            return 0;
        }
        let touch = book.touch();
        touch.map_or(0, |touch| touch.bid.mantissa().wrapping_add(touch.ask.mantissa()))
    }

    /// First and last number, prices and sizes in hundred-millionths, added up.
    pub fn sum(&mut self, frame: &[u8]) -> Result<i64, WireError> {
        let (price_scale, qty_scale) = (self.rules.price_scale, self.rules.qty_scale);
        let depth = self.decoder.parse_depth(frame)?;
        let e8 = |mantissa: i64, scale: u32| mantissa * 10_i64.pow(DECIMALS.saturating_sub(scale));
        let level = |level: &Level| {
            e8(level.price.mantissa(), price_scale) + e8(level.qty.mantissa(), qty_scale)
        };
        let sum: i64 = depth.bids.iter().chain(depth.asks).map(level).sum();
        Ok(sum + depth.first + depth.last)
    }
}

/// A decoder of another venue, and how many events it told.
#[derive(Debug, Clone)]
pub struct Line(Decoder);

impl Line {
    /// Kraken's, after the snapshot.
    pub fn kraken(told: &Narrow) -> Result<Self, GaugeError> {
        let (tick, lot) = frames::kraken::STEPS;
        let rules = frames::bitcoin(&format!("kraken:{}", frames::kraken::SYMBOL), tick, lot)?;
        Self::opened(&rules, &told.opening, (Some(1), Some(8)))
    }

    /// Coinbase's, after the snapshot.
    pub fn coinbase(told: &Level2) -> Result<Self, GaugeError> {
        let (tick, lot) = frames::coinbase::STEPS;
        let rules = frames::bitcoin(&format!("coinbase:{}", frames::coinbase::SYMBOL), tick, lot)?;
        Self::opened(&rules, std::slice::from_ref(&told.snapshot), (None, None))
    }

    fn opened(
        rules: &Instrument,
        opening: &[Vec<u8>],
        (price_decimals, qty_decimals): (Option<u32>, Option<u32>),
    ) -> Result<Self, GaugeError> {
        let unknown = GaugeError::Nothing { key: "a frame", what: "a venue that is known" };
        let mut decoder = Decoder::of(rules.venue()).ok_or(unknown)?;
        let mut listed = listing(rules);
        (listed.price_decimals, listed.qty_decimals) = (price_decimals, qty_decimals);
        decoder.list(listed)?;
        for frame in opening {
            decoder.on_frame(frame, RECEIVED, &mut |_| {})?;
        }
        Ok(Self(decoder))
    }

    /// What is measured: how many events a frame tells.
    #[inline]
    pub fn hear(&mut self, frame: &[u8]) -> i64 {
        let mut told = 0;
        let heard = self.0.on_frame(frame, RECEIVED, &mut |_| told += 1);
        if heard == Ok(Heard::Market) { told } else { 0 }
    }

    /// What was not taken of all that was heard.
    #[must_use]
    pub fn refused(&self) -> u64 {
        let Counts {
            unknown, malformed, unsupported, gaps, checksums_failed, late, unlisted, ..
        } = *self.0.counts();
        unknown + malformed + unsupported + gaps + checksums_failed + late + unlisted
    }
}

#[inline]
fn apply(book: &mut Book, event: &Event) {
    match event {
        Event::Tick(tick) => book.on_tick(tick),
        Event::Gap { ts, .. } => book.on_gap(*ts),
        Event::Quote(_)
        | Event::Bar(_)
        | Event::Deposit { .. }
        | Event::Booked(_)
        | Event::Rate { .. }
        | Event::Time(_)
        | Event::Intent(_)
        | Event::Order { .. }
        | Event::CumQty { .. }
        | Event::Fill(_)
        | Event::Breaker(_)
        | Event::Control { .. }
        | Event::Pause { .. }
        | Event::Start { .. }
        | Event::Stop { .. }
        | Event::Adopted { .. }
        | Event::Flatten { .. }
        | Event::Freeze { .. }
        | Event::Status { .. }
        | Event::Measured { .. } => {}
    }
}

pub(crate) fn parse_binance(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let depth = Depth::new(setup.seed, setup.few(FRAMES))?;
    let heard = Heard40::new(&depth)?;
    let sums: Result<Vec<i64>, WireError> =
        depth.frames.iter().map(|frame| heard.clone().sum(frame)).collect();
    same(PARSE_BINANCE, sums?.into_iter().sum(), depth.checksum)?;
    let step = |heard: &mut Heard40, frame: &Vec<u8>| heard.parse(frame);
    let (mut reading, _) = stopwatch::time(setup, &depth.frames, || heard.clone(), step);
    reading.source = source("depth updates of 40 levels", setup);
    reading.checksum = Some(depth.checksum);
    Ok(reading)
}

pub(crate) fn apply_binance(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let depth = Depth::new(setup.seed, setup.few(FRAMES))?;
    let heard = Heard40::new(&depth)?;
    let step = |heard: &mut Heard40, frame: &Vec<u8>| heard.apply(frame);
    let (mut reading, got) = stopwatch::time(setup, &depth.frames, || heard.clone(), step);
    same(APPLY_BINANCE, got, depth.touches * heard.rules.tick.mantissa())?;
    reading.source = source("depth updates of 40 levels", setup);
    Ok(reading)
}

pub(crate) fn parse_kraken(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let told = Narrow::new(setup.seed, setup.few(FRAMES_SHORT))?;
    let mut reading = heard(setup, PARSE_KRAKEN, &Line::kraken(&told)?, &told.frames)?;
    reading.source = source("book updates with their checksums, ten levels deep", setup);
    Ok(reading)
}

pub(crate) fn parse_coinbase(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let told = Level2::new(setup.seed, setup.few(FRAMES_SHORT))?;
    let mut reading = heard(setup, PARSE_COINBASE, &Line::coinbase(&told)?, &told.frames)?;
    reading.source = source("level2 updates of four levels", setup);
    Ok(reading)
}

fn heard(
    setup: &Setup<'_>,
    key: &'static str,
    line: &Line,
    frames: &[Vec<u8>],
) -> Result<Reading, GaugeError> {
    let mut checked = line.clone();
    let wanted: i64 = frames.iter().map(|frame| checked.hear(frame)).sum();
    same(key, i64::try_from(checked.refused()).unwrap_or(i64::MAX), 0)?;
    let step = |line: &mut Line, frame: &Vec<u8>| line.hear(frame);
    let (reading, got) = stopwatch::time(setup, frames, || line.clone(), step);
    same(key, got, wanted)?;
    Ok(reading)
}

fn same(key: &'static str, got: i64, wanted: i64) -> Result<(), GaugeError> {
    if got == wanted { Ok(()) } else { Err(GaugeError::Wrong { key, got, wanted }) }
}

fn source(what: &str, setup: &Setup<'_>) -> String {
    format!("SIMULATED {what}, seed {}", setup.seed)
}

fn long(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
