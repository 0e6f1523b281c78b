//! Hot operations, one entry each, for `scripts/instructions.py` to count instructions of.
//!
//! An entry is a function that is never inlined, called `counted_KEY`: callgrind collects between
//! its beginning and its end, so that what is set up around it does not count. Those that would be
//! alike pass their key to `black_box`: the compiler would make them one function under one name.
//!
//! Run with a key, it prints how many operations the entry did; without one, the keys. Read by the
//! script: gungraun (iai-callgrind before) does as much, but only with a runner of exactly its
//! version installed beside cargo.

use std::hint::black_box;
use std::io::Write;

use bot4_benches::{SEED, Unusable};
use bot4_engine::book::Ladder;
use bot4_engine::bot::{BotError, Glance};
use bot4_engine::event::{Event, Side, Tick};
use bot4_engine::gateway::GatewayError;
use bot4_engine::journal::State;
use bot4_gauge::flow::{Flow, Update};
use bot4_gauge::frames::binance::Depth;
use bot4_gauge::frames::coinbase::Level2;
use bot4_gauge::frames::kraken::Narrow;
use bot4_gauge::risk::{Case, Scene, Word};
use bot4_gauge::session::Session;
use bot4_gauge::sign::Signer;
use bot4_gauge::signal::Watched;
use bot4_gauge::trade::{self, Told, Trader};
use bot4_gauge::wire::{Heard40, Line};
use bot4_gauge::{GaugeError, book, gateway, path, risk, sign, signal};

/// Enough that the first touch of a page does not show in the mean.
const UPDATES: usize = 100_000;
const FRAMES: usize = 1_000;
const SIGNATURES: usize = 20;
const ORDERS: usize = 10_000;

/// An operation: its key, and what sets it up, runs its entry and counts what that did.
type Entry = (&'static str, fn() -> Result<usize, Unusable>);

const ENTRIES: &[Entry] = &[
    ("book_update", book_update),
    ("parse_binance_depth40", parse_binance_depth40),
    ("apply_binance_depth40", apply_binance_depth40),
    ("parse_kraken_book", parse_kraken_book),
    ("parse_coinbase_l2", parse_coinbase_l2),
    ("signal20", signal20),
    ("breaker_check", breaker_check),
    ("risk_check", risk_check),
    ("risk_target", risk_target),
    ("tick_to_intent", tick_to_intent),
    ("order_life", order_life),
    ("replay_record", replay_record),
    ("frame_to_request", frame_to_request),
    ("sign_binance_hmac", sign_binance_hmac),
    ("sign_binance_ed25519", sign_binance_ed25519),
    ("sign_kraken", sign_kraken),
    ("sign_coinbase_es256", sign_coinbase_es256),
    ("sign_coinbase_eddsa", sign_coinbase_eddsa),
];

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

fn parse_binance_depth40() -> Result<usize, Unusable> {
    let depth = Depth::new(SEED, FRAMES)?;
    counted_parse_binance_depth40(&mut Heard40::new(&depth)?, &depth.frames);
    Ok(FRAMES)
}

#[inline(never)]
fn counted_parse_binance_depth40(heard: &mut Heard40, frames: &[Vec<u8>]) {
    for frame in frames {
        black_box(heard.parse(frame));
    }
}

fn apply_binance_depth40() -> Result<usize, Unusable> {
    let depth = Depth::new(SEED, FRAMES)?;
    counted_apply_binance_depth40(&mut Heard40::new(&depth)?, &depth.frames);
    Ok(FRAMES)
}

#[inline(never)]
fn counted_apply_binance_depth40(heard: &mut Heard40, frames: &[Vec<u8>]) {
    for frame in frames {
        black_box(heard.apply(frame));
    }
}

fn parse_kraken_book() -> Result<usize, Unusable> {
    let told = Narrow::new(SEED, FRAMES)?;
    counted_parse_kraken_book(&mut Line::kraken(&told)?, &told.frames);
    Ok(FRAMES)
}

#[inline(never)]
fn counted_parse_kraken_book(line: &mut Line, frames: &[Vec<u8>]) {
    black_box("parse_kraken_book");
    for frame in frames {
        black_box(line.hear(frame));
    }
}

fn parse_coinbase_l2() -> Result<usize, Unusable> {
    let told = Level2::new(SEED, FRAMES)?;
    counted_parse_coinbase_l2(&mut Line::coinbase(&told)?, &told.frames);
    Ok(FRAMES)
}

#[inline(never)]
fn counted_parse_coinbase_l2(line: &mut Line, frames: &[Vec<u8>]) {
    black_box("parse_coinbase_l2");
    for frame in frames {
        black_box(line.hear(frame));
    }
}

/// Two are told the same: the first says which changes are read, the second is counted on those.
fn signal20() -> Result<usize, Unusable> {
    let session = Session::simulated(SEED, UPDATES)?;
    let (mut first, mut second) = (Watched::new(&session.rules)?, Watched::new(&session.rules)?);
    let mut ran = 0;
    for tick in signal::ticks(&session) {
        first.tell(&tick);
        second.tell(&tick);
        if first.run(&tick) {
            ran += usize::from(counted_signal20(&mut second, &tick));
        }
    }
    Ok(ran)
}

#[inline(never)]
fn counted_signal20(watched: &mut Watched, tick: &Tick) -> bool {
    watched.run(tick)
}

fn breaker_check() -> Result<usize, Unusable> {
    let words = risk::words(SEED);
    counted_breaker_check(&words);
    Ok(words.len())
}

#[inline(never)]
fn counted_breaker_check(words: &[Word]) {
    for word in words {
        black_box(risk::ask(black_box(word)));
    }
}

fn risk_check() -> Result<usize, Unusable> {
    let mut scene = Scene::new()?;
    let cases = scene.cases(SEED)?;
    counted_risk_check(&mut scene, &cases);
    Ok(cases.len())
}

#[inline(never)]
fn counted_risk_check(scene: &mut Scene, cases: &[Case]) {
    black_box("risk_check");
    for case in cases {
        black_box(scene.check(case));
    }
}

fn risk_target() -> Result<usize, Unusable> {
    let mut scene = Scene::new()?;
    let cases = scene.cases(SEED)?;
    counted_risk_target(&mut scene, &cases);
    Ok(cases.len())
}

#[inline(never)]
fn counted_risk_target(scene: &mut Scene, cases: &[Case]) {
    black_box("risk_target");
    for case in cases {
        black_box(scene.pass(case));
    }
}

/// Two desks are told the same: the first says which changes lead to an approved order, the second
/// is counted on those.
fn tick_to_intent() -> Result<usize, Unusable> {
    let session = Session::simulated(SEED, UPDATES)?;
    let (mut first, mut second) = (path::Desk::new(&session)?, path::Desk::new(&session)?);
    let mut intents = 0;
    for event in &session.events {
        let glance = first.glance(event)?;
        let approved = first.settle(glance)?;
        let glance = if approved {
            counted_tick_to_intent(&mut second, event)
        } else {
            second.glance(event)
        };
        intents += usize::from(second.settle(glance?)? && approved);
    }
    Ok(intents)
}

#[inline(never)]
fn counted_tick_to_intent(
    desk: &mut path::Desk,
    event: &Event,
) -> Result<Option<Glance>, BotError> {
    desk.glance(event)
}

fn order_life() -> Result<usize, Unusable> {
    let mut trader = Trader::new(1)?;
    counted_order_life(&mut trader, &trade::sides(ORDERS))?;
    Ok(ORDERS)
}

#[inline(never)]
fn counted_order_life(trader: &mut Trader, sides: &[Side]) -> Result<(), GaugeError> {
    for side in sides {
        black_box(trader.trade(*side)?);
    }
    Ok(())
}

fn replay_record() -> Result<usize, Unusable> {
    let told = Told::of(ORDERS)?;
    let mut state = told.state()?;
    let records = counted_replay_record(&mut state, &told.entries);
    if records != told.records || state.ledger_hash() != told.ledger_hash {
        return Err(Unusable::from("what is read back is another state"));
    }
    Ok(records)
}

#[inline(never)]
fn counted_replay_record(state: &mut State, entries: &[Vec<u8>]) -> usize {
    let one = |entry: &Vec<u8>| trade::replay(state, entry).and_then(|n| usize::try_from(n).ok());
    entries.iter().map_while(one).sum()
}

fn frame_to_request() -> Result<usize, Unusable> {
    let depth = Depth::leaning(SEED, FRAMES);
    let mut desk = gateway::Desk::new(&depth)?;
    for frame in &depth.frames {
        counted_frame_to_request(&mut desk, frame)?;
        desk.answer()?;
    }
    Ok(FRAMES)
}

#[inline(never)]
fn counted_frame_to_request(desk: &mut gateway::Desk, frame: &[u8]) -> Result<usize, GatewayError> {
    desk.arrive(frame)
}

fn sign_binance_hmac() -> Result<usize, Unusable> {
    counted_sign_binance_hmac(&mut Signer::binance_hmac()?, &sign::seconds(SIGNATURES));
    Ok(SIGNATURES)
}

#[inline(never)]
fn counted_sign_binance_hmac(signer: &mut Signer, seconds: &[i64]) {
    black_box("sign_binance_hmac");
    for second in seconds {
        black_box(signer.sign(*second));
    }
}

fn sign_binance_ed25519() -> Result<usize, Unusable> {
    counted_sign_binance_ed25519(&mut Signer::binance_ed25519()?, &sign::seconds(SIGNATURES));
    Ok(SIGNATURES)
}

#[inline(never)]
fn counted_sign_binance_ed25519(signer: &mut Signer, seconds: &[i64]) {
    black_box("sign_binance_ed25519");
    for second in seconds {
        black_box(signer.sign(*second));
    }
}

fn sign_kraken() -> Result<usize, Unusable> {
    counted_sign_kraken(&mut Signer::kraken()?, &sign::seconds(SIGNATURES));
    Ok(SIGNATURES)
}

#[inline(never)]
fn counted_sign_kraken(signer: &mut Signer, seconds: &[i64]) {
    black_box("sign_kraken");
    for second in seconds {
        black_box(signer.sign(*second));
    }
}

fn sign_coinbase_es256() -> Result<usize, Unusable> {
    counted_sign_coinbase_es256(&mut Signer::coinbase_es256()?, &sign::seconds(SIGNATURES));
    Ok(SIGNATURES)
}

#[inline(never)]
fn counted_sign_coinbase_es256(signer: &mut Signer, seconds: &[i64]) {
    black_box("sign_coinbase_es256");
    for second in seconds {
        black_box(signer.sign(*second));
    }
}

fn sign_coinbase_eddsa() -> Result<usize, Unusable> {
    counted_sign_coinbase_eddsa(&mut Signer::coinbase_eddsa()?, &sign::seconds(SIGNATURES));
    Ok(SIGNATURES)
}

#[inline(never)]
fn counted_sign_coinbase_eddsa(signer: &mut Signer, seconds: &[i64]) {
    black_box("sign_coinbase_eddsa");
    for second in seconds {
        black_box(signer.sign(*second));
    }
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
