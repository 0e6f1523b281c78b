//! A run on this machine: closed or killed and opened again it is where it would have been, and
//! what stands in its folder is believed only where it agrees.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod folder;

use std::fs;

use bot4_desk::{Desk, DeskError, Header, Opened, Outside, Reader};
use bot4_engine::bot::Bot;
use bot4_engine::event::{Bar, Event, Fill, OrderId, TradeId, TradingState};
use bot4_engine::journal::{Record, encode_record};
use bot4_engine::run::{Command, Run};
use bot4_engine::session::{Faults, KeepError, SessionError};
use bot4_engine::units::{Amount, Nanos, Price, Qty};
use bot4_journal::{Durability, Journal, JournalError, JournalFile};

use crate::folder::{
    CLOCK_S, END, Folder, Nobody, SEED, START, go_on_to, open, recorded, said, simulated, unbroken,
};

const BOTH: [Durability; 2] = [Durability::Each, Durability::Block];

#[test]
fn a_desk_that_was_closed_goes_on_as_if_it_had_not_been() {
    for durability in BOTH {
        let folder = Folder::new();
        let wanted = unbroken(durability, SEED, 2_000);
        let mut epochs = Vec::new();
        for (times, events) in [0, 1, 300, 1_100, 2_000].into_iter().enumerate() {
            let (mut desk, opened) = open(&folder, durability, SEED).unwrap();
            let Opened { resumed, epoch, snapshot, entries, found, remarks, elapsed_s } = opened;
            assert_eq!(resumed, times > 0);
            assert_eq!((snapshot.is_some(), entries), (resumed, 0), "a snapshot stands at its end");
            assert_eq!((found.adopted, found.cold.len(), remarks.len()), (0, 0, 0));
            assert!(elapsed_s > 0.0);
            epochs.push(epoch);
            go_on_to(&mut desk, events);
            let run = desk.close().unwrap();
            assert!(events < 2_000 || said(&run) == wanted, "{durability:?} seed {SEED}");
        }
        assert!(epochs.windows(2).all(|two| two[0] < two[1]), "{epochs:?}");
        let reader = Reader::open(folder.path()).unwrap();
        let replayed = reader.replay().unwrap();
        assert_eq!([replayed.engine_hash, replayed.ledger_hash], wanted[..2]);
        assert_eq!((replayed.epochs, replayed.checked), (epochs, 5));
        assert!(replayed.orders.min(replayed.fills) > 20, "{} {}", replayed.orders, replayed.fills);
        reader.close().unwrap();
    }
}

#[test]
fn a_desk_that_was_dropped_goes_on_as_if_it_had_not_been() {
    for durability in BOTH {
        for snapshots in [false, true] {
            let folder = Folder::new();
            for events in [0, 150, 151, 700, 701, 1_500] {
                let (mut desk, opened) = open(&folder, durability, SEED).unwrap();
                assert_eq!(opened.found.adopted, 0, "{events}");
                go_on_to(&mut desk, events);
                if snapshots && events == 700 {
                    assert!(desk.snapshot().unwrap() > 1_000);
                    go_on_to(&mut desk, 760);
                }
            }
            let (mut desk, opened) = open(&folder, durability, SEED).unwrap();
            assert_eq!(opened.snapshot, snapshots.then_some(700));
            assert!(opened.resumed && opened.entries > 0);
            go_on_to(&mut desk, 1_600);
            let wanted = unbroken(durability, SEED, 1_600);
            assert_eq!(said(&desk.close().unwrap()), wanted, "{durability:?} seed {SEED}");
        }
    }
}

/// Every order of the venue's record is with us, each came once, and both books agree.
fn check_venue(folder: &Folder, run: &Run) {
    let mut accepted = Vec::new();
    for (place, line) in folder.venue_lines().iter().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["act"]["number"], place + 1, "each once, in order");
        let id = OrderId::from_number(value["act"]["order"].as_u64().unwrap());
        assert_ne!(value["act"]["deed"], "Repeated");
        if value["act"]["deed"].get("Accepted").is_some() {
            accepted.push(id.sequence());
            assert!(run.session().bot().state().orders().get(id).is_some(), "{id:?}");
        }
    }
    assert!(accepted.windows(2).all(|two| two[0] < two[1]), "{accepted:?}");
    assert!(run.session().agrees().unwrap());
}

#[test]
fn orders_that_the_journal_lost_are_found_at_the_venue() {
    let mut adopted = 0;
    for (kept, lost) in [(100, 140), (400, 700), (600, 640), (601, 900), (1_000, 1_300)] {
        let folder = Folder::new();
        let (mut desk, _) = open(&folder, Durability::Block, SEED).unwrap();
        go_on_to(&mut desk, kept);
        drop(desk);
        let early = folder.copy();
        let (mut desk, _) = open(&folder, Durability::Block, SEED).unwrap();
        go_on_to(&mut desk, lost);
        drop(desk);
        // The journal of the first, the venue's record of the second.
        fs::copy(folder.venue_record(), early.venue_record()).unwrap();
        let before = early.venue_lines();
        for events in [kept, lost + 5, lost + 100, lost + 400] {
            let (mut desk, opened) = open(&early, Durability::Block, SEED).unwrap();
            adopted += opened.found.adopted;
            go_on_to(&mut desk, events);
            check_venue(&early, desk.run());
        }
        assert_eq!(early.venue_lines()[..before.len()], before, "{kept} {lost}");
    }
    assert!(adopted > 10, "{adopted}");
}

/// A folder with a run of 600 events, dropped; no snapshot in it.
fn dropped() -> Folder {
    let folder = Folder::new();
    let (mut desk, _) = open(&folder, Durability::Each, SEED).unwrap();
    go_on_to(&mut desk, 600);
    drop(desk);
    folder
}

/// What opening says that cannot be: one line.
fn refused(folder: &Folder) -> String {
    let error = open(folder, Durability::Each, SEED).map(|_| ()).unwrap_err().to_string();
    assert!(!error.contains('\n'), "{error}");
    error
}

#[test]
fn a_torn_last_line_of_the_venues_record_is_written_again() {
    for torn in [1, 20, 10_000] {
        let folder = dropped();
        let text = fs::read(folder.venue_record()).unwrap();
        let wanted = folder.venue_lines();
        let last = 1 + wanted[wanted.len() - 1].len();
        fs::write(folder.venue_record(), &text[..text.len() - torn.min(last - 1)]).unwrap();
        let (desk, opened) = open(&folder, Durability::Each, SEED).unwrap();
        assert_eq!(opened.found.adopted, 0);
        drop(desk);
        assert_eq!(folder.venue_lines(), wanted, "{torn}");
    }
}

#[test]
fn a_venues_record_that_was_altered_is_refused_by_name() {
    let altered = |change: fn(&mut Vec<String>)| {
        let folder = dropped();
        let mut lines = folder.venue_lines();
        change(&mut lines);
        fs::write(folder.venue_record(), lines.join("\n") + "\n").unwrap();
        refused(&folder)
    };
    for (name, change, wanted) in [
        (
            "another number in it",
            (|lines| lines[5] = lines[5].replace("\"event\":", "\"event\":1"))
                as fn(&mut Vec<String>),
            "has other words for act 6",
        ),
        ("a line gone", |lines| drop(lines.remove(5)), "acts are missing or doubled"),
        ("a line twice", |lines| lines.insert(5, lines[5].clone()), "missing or doubled"),
        ("no line of ours", |lines| lines[5] = "{}".to_owned(), "is damaged at byte"),
        ("an empty line", |lines| lines[5].clear(), "is damaged at byte"),
    ] {
        let said = altered(change);
        assert!(said.contains("venue.jsonl") && said.contains(wanted), "{name}: {said}");
    }
}

#[test]
fn a_venues_record_of_another_run_is_refused() {
    for closed in [false, true] {
        let folder = Folder::new();
        let (mut desk, _) = open(&folder, Durability::Each, SEED).unwrap();
        go_on_to(&mut desk, 600);
        if closed {
            desk.close().unwrap();
        } else {
            drop(desk);
        }
        let other = Folder::new();
        let (mut desk, _) = open(&other, Durability::Each, SEED + 1).unwrap();
        go_on_to(&mut desk, 1_200);
        drop(desk);
        fs::copy(other.venue_record(), folder.venue_record()).unwrap();
        let said = refused(&folder);
        assert!(said.contains("venue.jsonl"), "closed {closed}: {said}");
    }
}

#[test]
fn a_venues_record_that_was_removed_is_begun_again() {
    let folder = dropped();
    let wanted = folder.venue_lines();
    fs::remove_file(folder.venue_record()).unwrap();
    let (mut desk, _) = open(&folder, Durability::Each, SEED).unwrap();
    assert_eq!(folder.venue_lines(), wanted);
    go_on_to(&mut desk, 700);
    assert_eq!(said(&desk.close().unwrap()), unbroken(Durability::Each, SEED, 700));
}

#[test]
fn a_venues_record_that_cannot_be_opened_is_one_line() {
    let folder = Folder::new();
    fs::create_dir_all(folder.venue_record()).unwrap();
    let said = refused(&folder);
    assert!(
        said.contains("the paper venue's record") && said.contains("cannot be opened"),
        "{said}"
    );
}

#[test]
fn another_configuration_is_refused_with_what_differs() {
    let folder = dropped();
    let other = |change: fn(&mut Header)| {
        let (run, mut header) = simulated(SEED);
        change(&mut header);
        let each = Durability::Each;
        let opened = Desk::open(run, &header, folder.path(), each, CLOCK_S, &mut Nobody);
        let error = opened.map(|_| ()).unwrap_err();
        let DeskError::OtherRun { what, kept, given, .. } = error else { panic!("{error}") };
        format!("{what}: {kept} {given}")
    };
    for (change, wanted) in [
        ((|header| header.format = 9) as fn(&mut Header), "format: 3 9"),
        (|header| header.market = "bars".to_owned(), "market: \"simulated\" \"bars\""),
        (|header| header.seeds[0].0 = 12, "seeds: [[11,"),
        (|header| header.instruments.truncate(1), "instruments: [{"),
        (|header| header.sleeves[1].0 = "other".to_owned(), "sleeves: [[\"cross\",0,"),
        (|header| header.cash = "7".to_owned(), "cash: \"10000\" \"7\""),
        (|header| header.slippage = 3, "slippage: 100000000 3"),
        (|header| header.latency_ns = 3, "latency ns: 20000000 3"),
        (|header| header.bar_interval_ns = 3, "bar interval ns: 250000000 3"),
        (|header| header.borrowing = true, "borrowing: false true"),
        (|header| header.shorting = true, "shorting: false true"),
        (|header| header.faults = Faults::new(1, []).ok(), "faults: null {"),
    ] {
        let said = other(change);
        assert!(said.starts_with(wanted), "{said}");
    }
    assert!(open(&folder, Durability::Block, SEED).is_ok(), "the other durability is no other run");
}

#[test]
fn a_venue_that_misbehaves_wants_each_record_durable() {
    let folder = Folder::new();
    let (run, header) = simulated(SEED);
    let header = Header { faults: Faults::new(1, []).ok(), ..header };
    let block = Durability::Block;
    let opened = Desk::open(run, &header, folder.path(), block, CLOCK_S, &mut Nobody);
    let said = opened.map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        said,
        "the venue's faults: durability must be \"each\" beside them; change that, or leave the \
         faults out"
    );
}

#[test]
fn two_desks_on_one_folder_are_refused_while_the_first_lives() {
    let folder = Folder::new();
    let (mut desk, _) = open(&folder, Durability::Each, SEED).unwrap();
    go_on_to(&mut desk, 300);
    let before = folder.venue_lines();
    assert!(refused(&folder).contains("is in use by another run"));
    let reading = Reader::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(matches!(reading, DeskError::Journal(JournalError::InUse { .. })), "{reading}");
    go_on_to(&mut desk, 400);
    assert_eq!(folder.venue_lines()[..before.len()], before);
    drop(desk);
    assert!(open(&folder, Durability::Each, SEED).is_ok());
}

#[test]
fn what_is_no_journal_is_one_line() {
    let folder = Folder::new();
    assert!(
        Reader::open(folder.path()).unwrap_err().to_string().contains("there is no journal at")
    );
    fs::create_dir_all(folder.path()).unwrap();
    let journal = {
        let other = dropped();
        let files = fs::read_dir(other.path()).unwrap().map(|file| file.unwrap().file_name());
        let mut names = files.filter(|name| *name != "venue.jsonl");
        folder.path().join(names.next().unwrap())
    };
    fs::write(&journal, "something else").unwrap();
    assert!(refused(&folder).contains("is not a journal of BOT4"));
    let plain = folder.path().join("file");
    fs::write(&plain, "").unwrap();
    let (run, header) = simulated(SEED);
    let opened = Desk::open(run, &header, &plain, Durability::Each, CLOCK_S, &mut Nobody);
    assert!(opened.is_err(), "a file where a folder has to be");
}

/// The journal of a folder, to write into it what no run would.
fn journal(folder: &Folder) -> Journal {
    let file = JournalFile::open(folder.path()).unwrap();
    let header = file.header().to_vec();
    file.close().unwrap();
    Journal::open(folder.path(), &header, Durability::Each, CLOCK_S).unwrap()
}

#[test]
fn a_replay_says_where_the_hashes_differ() {
    let folder = dropped();
    assert!(Reader::open(folder.path()).unwrap().replay().is_ok());
    let journal = journal(&folder);
    let last = journal.appended();
    journal.keep_snapshot(600, last, b"no snapshot".to_vec(), b"other hashes").unwrap();
    journal.close().unwrap();
    let error = Reader::open(folder.path()).unwrap().replay().unwrap_err();
    let said = error.to_string();
    assert!(said.contains(&format!("differs at entry {last}")), "{said}");
    assert!(said.contains("the hashes kept there were other hashes"), "{said}");
    assert!(refused(&folder).contains("the journal's snapshot cannot be used"));
}

#[test]
fn records_that_cannot_be_are_refused_with_their_entry() {
    let fill = Record::Fill(Fill {
        order: OrderId::new(9, 9_999),
        trade: TradeId::new(1),
        ts: START,
        price: Price::new(1),
        qty: Qty::new(1),
        fee: Amount::ZERO,
        fee_asset: None,
        last: true,
    });
    let mut payload = Vec::new();
    encode_record(&mut payload, &fill);
    for (payload, replayed, opened) in [
        (
            payload.as_slice(),
            "differs at entry",
            "the journal differs from its market at event 600",
        ),
        (&[255, 255, 255], "entry", "entry"),
    ] {
        let folder = dropped();
        let journal = journal(&folder);
        let entry = journal.append(600, payload).unwrap();
        journal.close().unwrap();
        let said = Reader::open(folder.path()).unwrap().replay().unwrap_err().to_string();
        assert!(said.contains(&format!("{replayed} {entry}")), "{said}");
        let said = refused(&folder);
        assert!(said.contains(opened), "{said}");
    }
    let folder = Folder::new();
    fs::create_dir_all(folder.path()).unwrap();
    let other = Journal::open(folder.path(), b"no header", Durability::Each, CLOCK_S).unwrap();
    other.close().unwrap();
    assert!(refused(&folder).contains("its header is not one of this version"));
    let reading = Reader::open(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(reading.contains("its header is not one of this version"), "{reading}");
}

#[test]
fn what_was_written_can_be_read_while_it_goes_on_and_after() {
    let folder = Folder::new();
    let (mut desk, _) = open(&folder, Durability::Each, SEED).unwrap();
    go_on_to(&mut desk, 600);
    assert_eq!(desk.folder(), folder.path());
    let (appended, durable) = desk.entries();
    assert!(durable <= appended && appended > 20);
    let read = desk.records(0, 7).unwrap();
    assert_eq!(
        read.iter().map(|entry| entry.entry).collect::<Vec<_>>(),
        (1..=7).collect::<Vec<_>>()
    );
    assert!(matches!(read[0].records[..], [Record::Deposit { .. }, ..]), "{:?}", read[0]);
    desk.close().unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    assert_eq!(reader.records(0, 7).unwrap(), read);
    assert_eq!(reader.header(), &simulated(SEED).1);
    let replayed = reader.replay().unwrap();
    let all = reader.records(0, 1_000_000).unwrap();
    let records: usize = all.iter().map(|entry| entry.records.len()).sum();
    assert_eq!((replayed.records, replayed.entries), (records as u64, appended));
    assert_eq!(replayed.span.unwrap().0, all[0].records[0].ts());
    assert!(replayed.equity.is_some() && replayed.events <= 600);
}

#[test]
fn it_goes_no_further_than_it_is_told_to() {
    let folder = Folder::new();
    let (mut desk, _) = open(&folder, Durability::Each, SEED).unwrap();
    let early = Nanos::new(START.mantissa() - 1);
    assert_eq!(desk.advance(early, 100, &mut Nobody).unwrap(), 0);
    let until = Nanos::new(START.mantissa() + 3_000_000_000);
    let told = desk.advance(until, u64::MAX, &mut Nobody).unwrap();
    assert!(told > 20 && desk.run().next_ns().unwrap() > until, "{told}");
    assert_eq!(desk.advance(END, 5, &mut Nobody).unwrap(), 5);
}

#[test]
fn a_market_that_ends_is_told_to_its_end_and_met_again() {
    for closes in [false, true] {
        let folder = Folder::new();
        let open = || {
            let (run, header) = recorded(400);
            Desk::open(run, &header, folder.path(), Durability::Each, CLOCK_S, &mut Nobody)
        };
        let (mut desk, _) = open().unwrap();
        assert_eq!(desk.advance(END, u64::MAX, &mut Nobody).unwrap(), 800);
        assert_eq!(desk.advance(END, u64::MAX, &mut Nobody).unwrap(), 0);
        let state = desk.run().session().bot().state();
        assert_eq!((desk.run().next_ns(), state.orders().working_len()), (None, 0));
        let wanted = said(desk.run());
        if closes {
            desk.close().unwrap();
        } else {
            drop(desk);
        }
        let (mut desk, opened) = open().unwrap();
        assert!(opened.resumed);
        // Where the last events wrote nothing down, they are told again.
        let again = desk.advance(END, u64::MAX, &mut Nobody).unwrap();
        assert!(again < if closes { 1 } else { 100 }, "{again}");
        assert_eq!(said(desk.run()), wanted);
    }
}

#[test]
fn what_operators_did_is_there_after_a_crash() {
    for durability in BOTH {
        let folder = Folder::new();
        let (mut desk, _) = open(&folder, durability, SEED).unwrap();
        go_on_to(&mut desk, 700);
        desk.command(Command::Flatten, &mut Nobody).unwrap();
        go_on_to(&mut desk, 900);
        desk.command(Command::ResumeTrading, &mut Nobody).unwrap();
        go_on_to(&mut desk, 1_200);
        desk.command(Command::Halt, &mut Nobody).unwrap();
        let wanted = said(desk.run());
        drop(desk);
        let (desk, _) = open(&folder, durability, SEED).unwrap();
        assert_eq!(desk.run().engine_hash(), wanted[0], "{durability:?} seed {SEED}");
        let state = desk.run().session().bot().state();
        assert_eq!(state.trading_state(), TradingState::Halted);
    }
}

#[test]
fn every_order_is_timed_from_its_decision_to_its_release() {
    for durability in BOTH {
        let folder = Folder::new();
        let (mut desk, _) = open(&folder, durability, SEED).unwrap();
        for event in (0..=1_500).step_by(50) {
            go_on_to(&mut desk, event);
        }
        let orders = desk.run().tally().orders();
        let [event, decision, sent] = desk.latencies();
        assert_eq!([event.0, decision.0, sent.0], ["event", "decision", "intent_to_sent"]);
        assert!(event.1.count() >= 1_500 / 50 && decision.1.count() > 10);
        assert!(orders.abs_diff(sent.1.count()) <= 2, "{orders} {}", sent.1.count());
        assert!(sent.1.sum_ns() >= sent.1.max_ns() && sent.1.quantile_ns(500).is_some());
    }
}

/// Fails whenever it is asked.
struct Failing;

impl Outside for Failing {
    fn ask(&mut self, _: &Bot, _: &[Bar], _: &mut Vec<Event>) -> Result<(), KeepError> {
        Err(KeepError::Strategy)
    }
}

#[test]
fn a_strategy_that_fails_stops_the_desk_and_loses_nothing() {
    let folder = Folder::new();
    let (mut desk, _) = open(&folder, Durability::Each, SEED).unwrap();
    go_on_to(&mut desk, 500);
    let error = desk.advance(END, 500, &mut Failing).unwrap_err();
    let strategy = SessionError::Keep(KeepError::Strategy);
    assert!(matches!(&error, DeskError::Session(error) if *error == strategy), "{error}");
    drop(desk);
    let (mut desk, _) = open(&folder, Durability::Each, SEED).unwrap();
    go_on_to(&mut desk, 900);
    assert_eq!(said(&desk.close().unwrap()), unbroken(Durability::Each, SEED, 900));
}
