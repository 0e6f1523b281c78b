//! Orders a second through the whole of it: intent, risk, record, disk, release, acknowledgement,
//! fill, ledger; in both durabilities, beside what the disk itself takes, in one call.
//!
//! So many orders are in flight: the next intent is told while the disk works. Intent to sent is
//! from the intent told to the release of its order.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bot4_benches::Unusable;
use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Bar, Event, Fill, Intent, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size,
    SleeveId, TradeId, Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_from_text};
use bot4_engine::journal::encode_record;
use bot4_engine::risk::limits::Profile;
use bot4_engine::units::{Amount, Nanos, Qty, Rate};
use bot4_journal::{Durability, FILE_NAME, Journal};

const SECONDS: u64 = 4;
const IN_FLIGHT: [usize; 3] = [1, 16, 64];
const RAW_SYNCS: usize = 2_000;
const ORDER_BYTES: usize = 110;

/// A bot that trades one lot back and forth, and the journal it writes to.
struct Desk {
    bot: Bot,
    out: Output,
    journal: Journal,
    encoded: Vec<u8>,
    event: u64,
}

impl Desk {
    fn open(folder: &Path, durability: Durability) -> Result<Self, Unusable> {
        let rules = Instrument::assumed("bench:X", 100.0, Rate::ZERO)?;
        let (strategy, decides) = ("bench".to_owned(), Decides::Outside);
        let instrument = InstrumentId(0);
        let sleeve = Sleeve { strategy, instrument, allocation: Rate::ONE, decides };
        let profile = Profile::named("research")?;
        let journal = Journal::open(folder, b"bench", durability, 1)?;
        let mut desk = Self {
            bot: Bot::new(vec![rules], vec![sleeve], profile, journal.epoch()),
            out: Output::default(),
            journal,
            encoded: Vec::new(),
            event: 0,
        };
        let amount = amount_from_text("1000000")?;
        desk.tell(&Event::Deposit { ts: Nanos::ZERO, amount })?;
        let bar = Bar {
            instrument: InstrumentId(0),
            open_ns: Nanos::ZERO,
            close_ns: Nanos::new(1),
            open: 100.0,
            high: 100.0,
            low: 100.0,
            close: 100.0,
            volume: 1.0,
        };
        desk.tell(&Event::Bar(bar))?;
        desk.tell(&Event::Time(Nanos::new(1)))?;
        Ok(desk)
    }

    /// One event; what it wrote down is appended. The order it placed, if any.
    fn tell(&mut self, event: &Event) -> Result<Option<(OrderId, NewOrder)>, Unusable> {
        self.bot.on(event, &mut self.out)?;
        self.encoded.clear();
        for record in &self.out.records {
            encode_record(&mut self.encoded, record);
        }
        if !self.encoded.is_empty() {
            self.event += 1;
            self.journal.append(self.event, &self.encoded)?;
        }
        let placed = self.out.actions.iter().find_map(|action| match *action {
            Action::Place { id, order } => Some((id, order)),
            Action::Cancel { .. }
            | Action::Amend { .. }
            | Action::Ask { .. }
            | Action::Trip { .. } => None,
        });
        self.out.clear();
        Ok(placed)
    }

    fn intent(&mut self, side: Side) -> Result<(OrderId, NewOrder), Unusable> {
        let want = Want::Trade { side, qty: 0.01, limit: None, terms: OrderTerms::default() };
        let placed = self.tell(&Event::Intent(Intent { sleeve: SleeveId(0), want }))?;
        placed.ok_or_else(|| Unusable::from("risk let no order through"))
    }

    /// The venue acknowledges and fills.
    fn answer(&mut self, order: OrderId, new: &NewOrder) -> Result<(), Unusable> {
        let ts = Nanos::new(1);
        let update = OrderUpdate::Acked;
        self.tell(&Event::Order { ts, order, update })?;
        let price = self.bot.mark_of(InstrumentId(0)).map(|mark| mark.price).unwrap_or_default();
        let qty = match new.size {
            Size::Base(qty) => qty,
            Size::Quote(_) => Qty::ZERO,
        };
        let trade = TradeId::new(u128::from(order.number()));
        let fill =
            Fill { order, trade, ts, price, qty, fee: Amount::ZERO, fee_asset: None, last: true };
        self.tell(&Event::Fill(fill)).map(|_| ())
    }
}

fn run(folder: &Path, durability: Durability, in_flight: usize) -> Result<String, Unusable> {
    let mut desk = Desk::open(folder, durability)?;
    let mut flying: VecDeque<(OrderId, NewOrder, u64, Instant)> = VecDeque::new();
    let mut took = Vec::with_capacity(4_000_000);
    let (began, mut side) = (Instant::now(), Side::Buy);
    while began.elapsed() < Duration::from_secs(SECONDS) || !flying.is_empty() {
        if began.elapsed() < Duration::from_secs(SECONDS) {
            let told = Instant::now();
            let (id, order) = desk.intent(side)?;
            flying.push_back((id, order, desk.journal.appended(), told));
            side = if side == Side::Buy { Side::Sell } else { Side::Buy };
        }
        while flying.len() >= in_flight || began.elapsed() >= Duration::from_secs(SECONDS) {
            let Some((id, order, entry, told)) = flying.pop_front() else {
                break;
            };
            desk.journal.release(entry, id.sequence())?;
            took.push(told.elapsed());
            desk.answer(id, &order)?;
        }
    }
    desk.journal.settle(desk.journal.appended())?;
    let elapsed = began.elapsed().as_secs_f64();
    let count = u32::try_from(took.len()).map_or(f64::NAN, f64::from);
    took.sort_unstable();
    let at = |part: usize| took.get(took.len() * part / 1_000).map_or(0.0, |d| d.as_secs_f64());
    let mode = if durability == Durability::Each { "each" } else { "block" };
    Ok(format!(
        "{mode:<6} {in_flight:>9} {:>12.0} {:>14.3} {:>14.3}",
        count / elapsed,
        at(500) * 1e3,
        at(990) * 1e3
    ))
}

fn raw(folder: &Path) -> Result<String, Unusable> {
    let path = folder.join("raw");
    let mut file = File::create(&path)?;
    let mut took = Vec::with_capacity(RAW_SYNCS);
    for _ in 0..RAW_SYNCS {
        let began = Instant::now();
        file.write_all(&[7; ORDER_BYTES])?;
        file.sync_data()?;
        took.push(began.elapsed());
    }
    fs::remove_file(path)?;
    let all: Duration = took.iter().sum();
    took.sort_unstable();
    let at = |part: usize| took.get(took.len() * part / 1_000).map_or(0.0, |d| d.as_secs_f64());
    let count = u32::try_from(RAW_SYNCS).map_or(f64::NAN, f64::from);
    Ok(format!(
        "{:<6} {:>9} {:>12.0} {:>14.3} {:>14.3}",
        "raw",
        1,
        count / all.as_secs_f64(),
        at(500) * 1e3,
        at(990) * 1e3
    ))
}

fn main() -> Result<(), Unusable> {
    let folder = std::env::var_os("BOT4_BENCH_FOLDER")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from)
        .join("orders");
    fs::create_dir_all(&folder)?;
    let head = "mode   in flight     orders/s  to sent p50 ms  to sent p99 ms";
    let mut lines = vec![head.to_owned(), raw(&folder)?];
    for durability in [Durability::Each, Durability::Block] {
        for in_flight in IN_FLIGHT {
            let journal = folder.join(FILE_NAME);
            if journal.exists() {
                fs::remove_file(&journal)?;
            }
            lines.push(run(&folder, durability, in_flight)?);
        }
    }
    fs::remove_dir_all(&folder)?;
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
