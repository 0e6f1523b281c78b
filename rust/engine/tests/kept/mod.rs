//! What the tests of sessions and runs share: markets of every kind, and a driver that keeps what
//! it is given, line by line, so that a run can be cut at any line as a crash would. No test and
//! no check lives here.

#![allow(dead_code, reason = "each room uses the part it needs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

use std::sync::Arc;

use bot4_engine::bot::{Bot, Decides, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::decision::quote::Terms;
use bot4_engine::event::{
    Bar, BreakerState, Component, Event, Execution, Exits, Intent, NewOrder, Note, OrderId,
    OrderTerms, Part, Reason, Side, SleeveId, Stage, Tick, TickKind, Transition, Want,
};
use bot4_engine::feed::{Feed, Source};
use bot4_engine::history::Moments;
use bot4_engine::instrument::{Instrument, InstrumentId, base_of};
use bot4_engine::journal::{Record, State};
use bot4_engine::market::SimulatedMarket;
use bot4_engine::order::Order;
use bot4_engine::risk::limits::Profile;
use bot4_engine::run::{Command, Run, RunSettings};
use bot4_engine::session::{Driver, KeepError};
use bot4_engine::units::{Nanos, Price};
use bot4_engine::venue::{Act, Deed};

use crate::market::{
    Dice, Raw, START, amount, breaker, decided, history, instrument, ns, profile, program, rate,
    sleeve, sma_cross, try_compile, walk,
};

/// The way to the venue, and back.
pub(crate) const LATENCY_NS: i64 = 20_000_000;
/// How long the bars last that are made of trades.
pub(crate) const BAR_NS: i64 = 250_000_000;
/// Ticks of each instrument where a market was recorded.
const RECORDED_TICKS: usize = 3_000;

/// Where the events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Simulated,
    Book,
    Trades,
    Bars,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Simulated, Self::Book, Self::Trades, Self::Bars];
}

/// Two instruments: one at about 60,000, and one at about 3,000 whose venue lets no stop trail. At
/// neither a profit waits beside a stop.
pub(crate) fn instruments() -> Vec<Instrument> {
    let named = |symbol: &str| {
        let base = base_of(symbol).unwrap();
        Instrument { symbol: symbol.to_owned(), base, ..instrument() }
    };
    vec![named("kraken:BTC"), named("coinbase:ETH")]
}

fn simulated(id: u32, seed: u64) -> SimulatedMarket {
    let price = Price::new([6_000_000, 300_000][id as usize]);
    let rules = &instruments()[id as usize];
    SimulatedMarket::new(InstrumentId(id), rules, price, seed, ns(START))
}

/// The ticks of one simulated market that `wanted` wants.
pub(crate) fn recorded(id: u32, seed: u64, wanted: fn(&Tick) -> bool) -> Arc<[Tick]> {
    let mut market = simulated(id, seed);
    let ticks = (0..RECORDED_TICKS).map(|_| market.next());
    ticks.filter(wanted).collect()
}

pub(crate) fn feed(kind: Kind, seed: u64) -> Feed {
    let told = |wanted: fn(&Tick) -> bool| {
        let sources = (0..2).map(|id| Source::Recorded(recorded(id, seed, wanted), 0));
        Feed::Ticks(sources.collect())
    };
    match kind {
        Kind::Simulated => {
            let sources = (0..2).map(|id| Source::Simulated(Box::new(simulated(id, seed))));
            Feed::Ticks(sources.collect())
        }
        Kind::Book => told(|_| true),
        Kind::Trades => told(|tick| matches!(tick.kind, TickKind::Trade { .. })),
        Kind::Bars => {
            let rows = |seed, start| walk(seed, 400, start);
            let (one, other) = (rows(seed, 60_000.0), rows(seed + 1, 3_000.0));
            Feed::Bars(Moments::new(vec![
                history("kraken:BTC", &one),
                history("coinbase:ETH", &other),
            ]))
        }
    }
}

/// Reads the account: half in while the price rises, out of it once the entry is beaten.
pub(crate) fn account_reader() -> Decides {
    let program = program(&[
        ("close", &[], &[]),
        ("position", &[], &[]),
        ("entry_price", &[], &[]),
        ("constant", &[], &[0.0]),
        ("gt", &[1, 3], &[]),
        ("gt", &[0, 2], &[]),
        ("sma", &[0], &[3.0]),
        ("gt", &[0, 6], &[]),
        ("constant", &[], &[0.5]),
        ("where", &[7, 8, 3], &[]),
        ("constant", &[], &[0.1]),
        ("where", &[5, 10, 8], &[]),
        ("where", &[4, 11, 9], &[]),
    ]);
    let decision = Decision::Target { band: Some(0.02), execution: Execution::Cross, exits: None };
    Decides::Program { program: Box::new(program), decision }
}

/// A cross of averages, and a program that reads the account.
pub(crate) fn programs() -> Vec<Sleeve> {
    let cross = decided(sma_cross(2.0, 5.0, 0.9));
    vec![sleeve(0, "0.4", cross), sleeve(1, "0.5", account_reader())]
}

/// Makes a market around the mid that leans against what it holds.
pub(crate) fn quoter(levels: u32, requote: f64) -> Decides {
    let nodes = [
        ("bid", &[][..], &[][..]),
        ("ask", &[], &[]),
        ("add", &[0, 1], &[]),
        ("constant", &[], &[2.0]),
        ("div", &[2, 3], &[]),
        ("constant", &[], &[0.0001]),
        ("position", &[], &[]),
        ("constant", &[], &[0.0]),
        ("gt", &[6, 7], &[]),
        ("constant", &[], &[0.0003]),
        ("where", &[8, 9, 5], &[]),
        ("where", &[8, 5, 9], &[]),
        ("constant", &[], &[0.02]),
    ];
    let program = Box::new(try_compile(&nodes, &[10, 11, 12, 4]).unwrap());
    let decision = Decision::Quote(Terms::new(levels, requote).unwrap());
    Decides::Program { program, decision }
}

/// Two markets that are made: one of three levels, one of a single level that follows every tick.
pub(crate) fn quoters() -> Vec<Sleeve> {
    vec![sleeve(0, "0.5", quoter(3, 0.0001)), sleeve(1, "0.5", quoter(1, 0.0))]
}

/// One leans with the book, one with the trades: they decide at ticks.
pub(crate) fn tick_readers() -> Vec<Sleeve> {
    let leaning = |nodes: [Raw<'_>; 2]| {
        let [one, other] = nodes;
        decided(program(&[
            one,
            other,
            ("sub", &[0, 1], &[]),
            ("ema", &[2], &[4.0]),
            ("constant", &[], &[0.0]),
            ("gt", &[3, 4], &[]),
            ("constant", &[], &[0.4]),
            ("where", &[5, 6, 4], &[]),
        ]))
    };
    let book = leaning([("bid_size", &[], &[]), ("ask_size", &[], &[])]);
    let trades = leaning([("trade_sign", &[], &[]), ("constant", &[], &[0.1])]);
    vec![sleeve(0, "0.5", book), sleeve(1, "0.5", trades)]
}

/// Three on one instrument, of which two always want to change places and one leans with the book;
/// two on the other.
pub(crate) fn sharers() -> Vec<Sleeve> {
    let against = |fast: f64, slow: f64, fraction: f64| {
        decided(program(&[
            ("close", &[], &[]),
            ("sma", &[0], &[fast]),
            ("sma", &[0], &[slow]),
            ("gt", &[1, 2], &[]),
            ("constant", &[], &[0.0]),
            ("constant", &[], &[fraction]),
            ("where", &[3, 4, 5], &[]),
        ]))
    };
    let named = |strategy: &str, sleeve: Sleeve| Sleeve { strategy: strategy.to_owned(), ..sleeve };
    let [leaning, _] = <[Sleeve; 2]>::try_from(tick_readers()).unwrap();
    vec![
        named("with", sleeve(0, "0.2", decided(sma_cross(2.0, 5.0, 0.9)))),
        named("with", sleeve(1, "0.2", account_reader())),
        named("against", sleeve(0, "0.2", against(2.0, 5.0, 0.8))),
        named("leaning", Sleeve { allocation: rate("0.1"), ..leaning }),
        named("against", sleeve(1, "0.2", against(1.0, 3.0, 0.5))),
    ]
}

/// A cross of averages, and a strategy outside.
pub(crate) fn with_outside() -> Vec<Sleeve> {
    let cross = decided(sma_cross(2.0, 5.0, 0.9));
    vec![sleeve(0, "0.4", cross), sleeve(1, "0.5", Decides::Outside)]
}

/// Two crosses of averages that close what they hold near its entry: beside a stop that waits at
/// the venue, and beside one that trails and is held.
pub(crate) fn with_exits() -> Vec<Sleeve> {
    let closes = |exits: Exits| {
        let decides = decided(sma_cross(2.0, 5.0, 0.9));
        let Decides::Program { program, .. } = decides else { return decides };
        let (band, execution, exits) = (None, Execution::Cross, Some(exits));
        Decides::Program { program, decision: Decision::Target { band, execution, exits } }
    };
    let near = |stop, trail| Exits::new(stop, Some(0.0001), trail).unwrap().unwrap();
    let (stop, trail) = (near(Some(0.0001), None), near(None, Some(0.0002)));
    vec![sleeve(0, "0.4", closes(stop)), sleeve(1, "0.5", closes(trail))]
}

pub(crate) fn run_settings(profile: Profile) -> RunSettings {
    RunSettings {
        faults: None,
        cash: amount("10000"),
        slippage: rate("0.0001"),
        latency: Nanos::new(LATENCY_NS),
        bar_interval: Nanos::new(BAR_NS),
        has_book: true,
        profile,
    }
}

/// A run over a market of that kind that has not begun.
pub(crate) fn new_run(kind: Kind, seed: u64, sleeves: Vec<Sleeve>) -> Run {
    new_run_under(profile("research", &[]), kind, seed, sleeves)
}

/// The same under other limits.
pub(crate) fn new_run_under(profile: Profile, kind: Kind, seed: u64, sleeves: Vec<Sleeve>) -> Run {
    new_run_with(run_settings(profile), kind, seed, sleeves)
}

/// The same with other settings.
pub(crate) fn new_run_with(
    settings: RunSettings,
    kind: Kind,
    seed: u64,
    sleeves: Vec<Sleeve>,
) -> Run {
    let has_book = matches!(kind, Kind::Simulated | Kind::Book);
    let settings = RunSettings { has_book, ..settings };
    Run::new(feed(kind, seed), instruments(), sleeves, &settings).unwrap()
}

/// One thing a driver was given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Line {
    /// Records that were appended as one entry.
    Entry { event: u64, records: Vec<Record> },
    /// An order was released: all before it is durable.
    Released,
    /// The venue's record.
    Acts { event: u64, acts: Vec<Act> },
    /// An operator is about to do the next thing on the list.
    Command,
    /// An operator's thing is done.
    Done,
}

/// Keeps everything.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    pub(crate) lines: Vec<Line>,
    pub(crate) recalled: Vec<Record>,
    /// What strategies outside want is made of the bar.
    pub(crate) wants: bool,
    /// They may fail at one.
    pub(crate) fails: bool,
    gathered: Vec<Record>,
    event: u64,
}

impl Keeper {
    pub(crate) fn new(wants: bool) -> Self {
        Self { wants, ..Self::default() }
    }

    fn append(&mut self) {
        if !self.gathered.is_empty() {
            let records = core::mem::take(&mut self.gathered);
            self.lines.push(Line::Entry { event: self.event, records });
        }
    }
}

impl Driver for Keeper {
    fn keep(&mut self, event: u64, records: &[Record], _: &State) -> Result<(), KeepError> {
        self.event = event;
        self.gathered.extend_from_slice(records);
        Ok(())
    }

    fn recalled(&mut self, record: &Record, _: &State) {
        self.recalled.push(*record);
    }

    fn release(&mut self, _: OrderId) -> Result<(), KeepError> {
        self.append();
        self.lines.push(Line::Released);
        Ok(())
    }

    fn settle(&mut self) -> Result<(), KeepError> {
        self.append();
        self.lines.push(Line::Released);
        Ok(())
    }

    fn ask(&mut self, bot: &Bot, bars: &[Bar], told: &mut Vec<Event>) -> Result<(), KeepError> {
        let outside = bars.iter().filter(|bar| {
            let sleeve = bot.sleeves().get(bar.instrument.index());
            self.wants && sleeve.is_some_and(|sleeve| matches!(sleeve.decides, Decides::Outside))
        });
        for bar in outside {
            let sleeve = SleeveId(bar.instrument.0);
            let (changed, asked) = if self.fails { failed(bot, bar, sleeve) } else { (None, true) };
            told.extend(changed.map(Event::Breaker));
            if !asked {
                continue;
            }
            let mine = |order: &&Order| {
                let new = order.new_order();
                new.sleeve == sleeve && new.limit.is_some() && !order.state().is_terminal()
            };
            let lies = bot.state().orders().working().find(mine).map(Order::id);
            let all = lies.and_then(|order| amended(bar, order)).into_iter().chain(wanted(bar));
            told.extend(all.map(|want| Event::Intent(Intent { sleeve, want })));
        }
        Ok(())
    }

    fn acted(&mut self, event: u64, acts: &[Act]) -> Result<(), KeepError> {
        self.lines.push(Line::Acts { event, acts: acts.to_vec() });
        Ok(())
    }

    fn done(&mut self, event: u64) -> Result<(), KeepError> {
        self.event = event;
        self.append();
        Ok(())
    }
}

/// A strategy outside may fail, and is asked no more then; whether it is asked.
fn failed(bot: &Bot, bar: &Bar, sleeve: SleeveId) -> (Option<Transition>, bool) {
    let part = Part::sleeve(Component::Strategy, sleeve);
    let mut dice = Dice(bar.close_ns.mantissa().unsigned_abs() ^ bar.high.to_bits());
    let standing = bot.state().board().standing(part);
    if standing.is_some_and(|one| one.reason == Reason::Raised) {
        return (None, false);
    }
    if dice.below(6) == 0 {
        let latch = Transition::latch(bot.now(), part, Reason::Raised);
        return (Some(Transition { stage: Stage::Cancel, ..latch }), false);
    }
    (None, true)
}

/// Another price, size or end for an order that lies, now and then.
fn amended(bar: &Bar, order: OrderId) -> Option<Want> {
    let mut dice = Dice(bar.close_ns.mantissa().unsigned_abs() ^ bar.low.to_bits());
    let near = bar.close * (0.9995 + 0.001 * dice.part());
    match dice.below(6) {
        0 => Some(Want::Amend { order, qty: None, limit: Some(near) }),
        1 => Some(Want::Amend { order, qty: Some(0.01 + 0.02 * dice.part()), limit: Some(near) }),
        2 => Some(Want::Amend { order, qty: Some(0.01), limit: None }),
        3 => Some(Want::Cancel { order }),
        _ => None,
    }
}

/// What a strategy outside wants after a bar: it remembers nothing but the bar.
fn wanted(bar: &Bar) -> impl Iterator<Item = Want> {
    let mut dice = Dice(bar.close_ns.mantissa().unsigned_abs() ^ bar.close.to_bits());
    let side = Side::ALL[usize::from(dice.below(2) == 1)];
    let near = bar.close * (0.9995 + 0.001 * dice.part());
    let one = |limit| Want::Trade { side, qty: 0.02, limit, terms: OrderTerms::default() };
    let wants = match dice.below(6) {
        0 => vec![one(None), one(Some(near))],
        1 => vec![one(Some(near)), one(Some(near * 0.999))],
        2 => vec![Want::CancelAll],
        3 => vec![Want::Target {
            fraction: dice.part() - 0.3,
            band: None,
            execution: Execution::Cross,
        }],
        _ => vec![],
    };
    wants.into_iter()
}

/// What operators and supervisors do, each after the market event that it is listed with.
pub(crate) fn commands(seed: u64, events: u64, stops: bool) -> Vec<(u64, Command)> {
    let mut dice = Dice(seed);
    let mut at: Vec<_> = (0..events / 60).map(|_| 1 + dice.below(events - 1)).collect();
    at.sort_unstable();
    let sleeve = |dice: &mut Dice| SleeveId(u32::try_from(dice.below(2)).unwrap());
    let mut listed: Vec<_> = at
        .into_iter()
        .map(|event| {
            let place = usize::try_from(dice.below(4)).unwrap();
            let state = BreakerState::ALL[place];
            let command = match dice.below(12) {
                0 => Command::Pause(sleeve(&mut dice)),
                1 => Command::Flatten,
                2 => Command::Halt,
                3 => Command::Breaker(breaker(Nanos::ZERO, Component::Feed, state)),
                4 => Command::Breaker(breaker(Nanos::ZERO, Component::Feed, BreakerState::Closed)),
                5 => {
                    let (stage, note) = (Stage::ALL[place % 3], Note::new("stop").unwrap());
                    Command::Breaker(Transition::kill(Nanos::ZERO, stage, Reason::File, note))
                }
                6..=8 => Command::Resume(sleeve(&mut dice)),
                _ => Command::ResumeTrading,
            };
            (event, command)
        })
        .collect();
    // Whoever killed it arms it again, or nothing would happen any more.
    let killed = |(_, command): &&(u64, Command)| {
        let kill = Part::account(Component::KillSwitch);
        matches!(command, Command::Breaker(new) if new.part == kill)
    };
    let rearmed = listed.iter().filter(killed).map(|(event, _)| {
        let part = Part::account(Component::KillSwitch);
        let rearm = Transition::rearm(Nanos::ZERO, part, Note::default());
        ((event + 40).min(events - 1), Command::Breaker(rearm))
    });
    let rearmed: Vec<_> = rearmed.collect();
    listed.extend(rearmed);
    listed.sort_by_key(|(event, _)| *event);
    if stops {
        let late = events - events / 6;
        listed.retain(|(event, _)| *event < late);
        listed.push((late, Command::Stop { flatten: seed.is_multiple_of(2) }));
    }
    listed
}

/// A record with its order named by sequence, as text: NaN equals NaN.
pub(crate) fn normal(record: &Record) -> String {
    format!("{:?}", record.normalised())
}

/// An act with its orders named by sequence.
pub(crate) fn normal_act(event: u64, act: &Act) -> (u64, Act) {
    let named = |id: OrderId| OrderId::new(0, id.sequence());
    let normal = |order: NewOrder| NewOrder { replaces: order.replaces.map(named), ..order };
    let deed = if let Deed::Accepted(order) = act.deed {
        Deed::Accepted(normal(order))
    } else if let Deed::Refused { order, filter } = act.deed {
        Deed::Refused { order: normal(order), filter }
    } else {
        act.deed
    };
    (event, Act { order: named(act.order), deed, ..*act })
}

/// All records of some lines but starts.
pub(crate) fn records_of(lines: &[Line]) -> Vec<String> {
    let mut out = Vec::new();
    for line in lines {
        if let Line::Entry { records, .. } = line {
            let kept = records.iter().filter(|record| !matches!(record, Record::Start { .. }));
            out.extend(kept.map(normal));
        }
    }
    out
}

/// What was kept in some lines, as a journal gives it back.
pub(crate) fn kept_of(lines: &[Line]) -> Vec<(u64, Record)> {
    let mut out = Vec::new();
    for line in lines {
        if let Line::Entry { event, records } = line {
            out.extend(records.iter().map(|record| (*event, *record)));
        }
    }
    out
}

/// All acts of some lines, each with its market event.
pub(crate) fn acts_of(lines: &[Line]) -> Vec<(u64, Act)> {
    let mut out = Vec::new();
    for line in lines {
        if let Line::Acts { event, acts } = line {
            out.extend(acts.iter().map(|act| (*event, *act)));
        }
    }
    out
}
