//! A recording of frames is decided on where the frames themselves are: as often, and equally.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for a few records among all")]

mod kept;
mod market;

use std::collections::BTreeMap;

use bot4_engine::bot::{Bot, Decides, Sleeve};
use bot4_engine::event::{Event, OrderUpdate, Want};
use bot4_engine::feed::{Feed, Source};
use bot4_engine::gateway::{Arrival, Gateway};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::{Record, decode_records};
use bot4_engine::market::{Captured, Recorded, RecordedColumns};
use bot4_engine::run::{Run, RunSettings};
use bot4_engine::units::Nanos;

use crate::kept::{Keeper, kept_of, quoter, run_settings};
use crate::market::{Dice, amount, decided, ns, profile, program, sleeve};

const VENUE: &str = "binance";
const SYMBOL: &str = "BTCUSDT";
const FRAMES: i64 = 3_000;
/// Frames come at whole parts of a second, so that a second ends with one.
const BETWEEN_NS: i64 = 50_000_000;
const LATENCY_NS: i64 = 3_000_000;

/// What came, and when.
enum Came {
    Frame(String),
    Snapshot(String),
    Connected,
}

/// A session of Binance, drawn: diffs of several levels that cross each other while they are told,
/// levels that come and go within one, or that nobody knew; trades, and a connection that broke.
struct Drawn {
    dice: Dice,
    update: u64,
    mid: i64,
    shown: BTreeMap<(bool, i64), u64>,
}

impl Drawn {
    fn session(seed: u64) -> Vec<(Nanos, Came)> {
        let mut drawn = Self { dice: Dice(seed), update: 10, mid: 60_000, shown: BTreeMap::new() };
        let mut came = Vec::new();
        for n in 0..FRAMES {
            let at = ns(1_000_000_000_000 + n * BETWEEN_NS);
            match n {
                // Bars are made from the first trade on, and the account is valued with them.
                0 => came.push((at, drawn.trade())),
                1 => came.push((at, drawn.snapshot())),
                1_500 => came.push((at, Came::Connected)),
                1_503 => came.push((at, drawn.snapshot())),
                _ if drawn.dice.below(4) == 0 => came.push((at, drawn.trade())),
                _ => came.push((at, drawn.diff())),
            }
        }
        came
    }

    fn trade(&mut self) -> Came {
        let sold = self.dice.below(2) == 1;
        let price = text(self.mid + if sold { -1 } else { 1 });
        let qty = 1 + self.dice.below(9);
        Came::Frame(format!(
            r#"{{"e":"trade","E":7,"s":"{SYMBOL}","t":1,"T":7,{}}}"#,
            format_args!(r#""p":"{price}","q":"0.{qty}","m":{sold}"#)
        ))
    }

    fn level(&mut self, bid: bool, ticks: i64, tenths: u64) -> String {
        if tenths == 0 {
            self.shown.remove(&(bid, ticks));
        } else {
            self.shown.insert((bid, ticks), tenths);
        }
        format!(r#"["{}","{}.{}"]"#, text(ticks), tenths / 10, tenths % 10)
    }

    fn snapshot(&mut self) -> Came {
        let side = |bid| {
            let shown = self.shown.iter().filter(|((of, _), _)| *of == bid);
            let levels =
                shown.map(|((_, ticks), tenths)| format!(r#"["{}","0.{tenths}"]"#, text(*ticks)));
            levels.collect::<Vec<_>>().join(",")
        };
        let (bids, asks, update) = (side(true), side(false), self.update);
        Came::Snapshot(format!(r#"{{"lastUpdateId":{update},"bids":[{bids}],"asks":[{asks}]}}"#))
    }

    fn diff(&mut self) -> Came {
        self.update += 1;
        self.mid += i64::try_from(self.dice.below(3)).unwrap() - 1;
        let (mid, mut sides) = (self.mid, [Vec::new(), Vec::new()]);
        let drawn = self.dice.below(12);
        for (side, bid) in sides.iter_mut().zip([true, false]) {
            let away = |by: i64| if bid { mid - by } else { mid + by };
            if drawn == 0 {
                // Nobody knew of it: the message says nothing, and is one.
                side.push(self.level(bid, away(500), 0));
                continue;
            }
            for by in 1..=3 {
                let tenths = 1 + self.dice.below(9);
                side.push(self.level(bid, away(by), tenths));
            }
            side.push(self.level(bid, away(4), 5));
            side.push(self.level(bid, away(4), 0));
            // The other side moved over these: gone after the new ones are told.
            for by in -2..=0 {
                side.push(self.level(bid, away(by), 0));
            }
        }
        let [bids, asks] = sides.map(|side| side.join(","));
        let update = self.update;
        Came::Frame(format!(
            r#"{{"e":"depthUpdate","E":7,"s":"{SYMBOL}",{}}}"#,
            format_args!(r#""U":{update},"u":{update},"b":[{bids}],"a":[{asks}]"#)
        ))
    }
}

fn text(ticks: i64) -> String {
    format!("{}.{:02}", ticks / 100, ticks % 100)
}

/// What a venue's session is as a recording.
fn recorded(session: &[(Nanos, Came)], says_ends: bool) -> Recorded {
    let mut captured = Captured::of(VENUE).unwrap();
    captured.list(SYMBOL, (8, 8), (None, None)).unwrap();
    for (at, came) in session {
        match came {
            Came::Frame(frame) => drop(captured.on_frame(frame.as_bytes(), *at).unwrap()),
            Came::Snapshot(body) => {
                drop(captured.on_snapshot(SYMBOL, body.as_bytes(), *at).unwrap());
            }
            Came::Connected => captured.on_connect(*at),
        }
    }
    let told = captured.market(SYMBOL).unwrap().columns();
    let columns = RecordedColumns {
        ts: &told.ts,
        kind: &told.kind,
        price: &told.price,
        qty: &told.qty,
        last: says_ends.then_some(&told.last),
    };
    Recorded::new(&format!("{VENUE}:{SYMBOL}"), "0.00000001", "0.00000001", columns).unwrap()
}

/// Everything that the run over a recording wrote down.
fn replayed(recorded: &Recorded, decides: &Decides) -> Vec<Record> {
    let feed = Feed::Ticks(vec![Source::Recorded(recorded.ticks(InstrumentId(0)), 0)]);
    let settings = RunSettings {
        faults: None,
        latency: ns(LATENCY_NS),
        bar_interval: ns(1_000_000_000),
        ..run_settings(profile("research", &[]))
    };
    let sleeves = vec![sleeve(0, "1", decides.clone())];
    let mut run = Run::new(feed, vec![recorded.rules().clone()], sleeves, &settings).unwrap();
    let mut keeper = Keeper::new(false);
    run.begin(1, None, [], &[], &mut keeper).unwrap();
    while run.step(&mut keeper).unwrap() {}
    kept_of(&keeper.lines).into_iter().map(|(_, record)| record).collect()
}

fn gateway(rules: &Instrument, sleeve: Sleeve) -> Gateway {
    let bot = Bot::new(vec![rules.clone()], vec![sleeve], profile("research", &[]), 1);
    let mut gateway = Gateway::new(bot).unwrap();
    let deposit = Event::Deposit { ts: ns(1), amount: amount("10000") };
    gateway.on_event(&deposit, &mut |_| {}).unwrap();
    gateway
}

/// Everything that the gateway wrote down on the frames; the venue answers what it answered there.
fn live(
    session: &[(Nanos, Came)],
    rules: &Instrument,
    decides: &Decides,
    answers: &[Record],
) -> Vec<Record> {
    let mut gateway = gateway(rules, sleeve(0, "1", decides.clone()));
    let mut answers = answers.iter().filter_map(answer).peekable();
    for (now, came) in session {
        while let Some((_, event)) =
            answers.next_if(|(at, _)| at.mantissa() + LATENCY_NS <= now.mantissa())
        {
            gateway.on_event(&event, &mut |_| {}).unwrap();
        }
        let arrival = match came {
            Came::Frame(frame) => Arrival::Frame(frame.as_bytes()),
            Came::Snapshot(body) => Arrival::Snapshot { symbol: SYMBOL, body: body.as_bytes() },
            Came::Connected => Arrival::Connected,
        };
        gateway.on_arrival(VENUE, arrival, *now, &mut |_| {}).unwrap();
    }
    for (_, event) in answers {
        gateway.on_event(&event, &mut |_| {}).unwrap();
    }
    decode_records(&gateway.take_records()).unwrap()
}

/// What a venue said, and when it said it.
fn answer(record: &Record) -> Option<(Nanos, Event)> {
    match *record {
        Record::Update { update: OrderUpdate::CancelSent, .. } => None,
        Record::Update { ts, order, update } => Some((ts, Event::Order { ts, order, update })),
        Record::Fill(fill) => Some((fill.ts, Event::Fill(fill))),
        _ => None,
    }
}

/// All but the account's value and the beginning, in words. What an answer led to is written down
/// at the time of the last frame where only frames tell the time.
fn told(records: &[Record]) -> Vec<String> {
    let kept = records.iter().filter(|record| {
        !matches!(record, Record::Equity { .. } | Record::Deposit { .. } | Record::Start { .. })
    });
    let dated = kept.map(|record| {
        // The age of a price is another one where each message is told by itself.
        let words = format!("{:?}", record.normalised());
        match record {
            Record::Intent { .. } | Record::Fill(_) => words,
            _ => words.replacen(&format!("{:?}", record.ts()), "", 1),
        }
    });
    dated.collect()
}

fn intents(records: &[Record]) -> usize {
    let meant = |record: &&Record| match record {
        Record::Intent { intent, .. } => intent.want != Want::CancelAll,
        _ => false,
    };
    records.iter().filter(meant).count()
}

fn check(decides: &Decides, seeds: std::ops::Range<u64>, intents_min: usize) {
    for seed in seeds {
        let session = Drawn::session(seed);
        let whole = recorded(&session, true);
        let run = replayed(&whole, decides);
        let frames = live(&session, whole.rules(), decides, &run);
        let (got, wanted) = (told(&run), told(&frames));
        for (place, pair) in got.iter().zip(&wanted).enumerate() {
            assert_eq!(pair.0, pair.1, "seed {seed}, record {place}");
        }
        assert_eq!(got.len(), wanted.len(), "seed {seed}");
        let (decided, orders) =
            (intents(&run), got.iter().filter(|line| line.starts_with("Placed")).count());
        assert!(decided > intents_min && orders > 50, "seed {seed}: {decided}, {orders}");
    }
}

/// A target that is another one at each message: what it averages goes on, and so does the age.
fn restless() -> Decides {
    decided(program(&[
        ("bid_size", &[], &[]),
        ("ask_size", &[], &[]),
        ("sub", &[0, 1], &[]),
        ("ema", &[2], &[5.0]),
        ("quote_age", &[], &[]),
        ("ema", &[4], &[7.0]),
        ("add", &[3, 5], &[]),
        ("constant", &[], &[0.05]),
        ("mul", &[6, 7], &[]),
    ]))
}

#[test]
fn a_program_on_a_book_decides_on_a_recording_where_it_does_on_the_frames() {
    check(&restless(), 1..4, 2_000);
}

#[test]
fn a_program_on_trades_decides_on_a_recording_where_it_does_on_the_frames() {
    let nodes = [
        ("trade_sign", &[][..], &[][..]),
        ("ema", &[0], &[5.0]),
        ("constant", &[], &[0.5]),
        ("mul", &[1, 2], &[]),
    ];
    check(&decided(program(&nodes)), 1..4, 600);
}

#[test]
fn a_quote_lies_on_a_recording_where_it_does_on_the_frames() {
    check(&quoter(3, 0.0), 1..4, 100);
}

#[test]
fn where_nobody_says_what_ends_a_message_each_level_is_decided_on() {
    let session = Drawn::session(1);
    let decided = |says_ends| intents(&replayed(&recorded(&session, says_ends), &restless()));
    let (said, unsaid) = (decided(true), decided(false));
    assert!(unsaid > 2 * said, "{said} intents, {unsaid} where nobody says");
}
