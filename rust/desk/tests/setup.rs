//! What a run is made of is checked before it is opened, each mistake in one line.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod folder;

use std::sync::Arc;

use bot4_desk::{DeskError, Market, Setup};
use bot4_engine::bot::Decides;
use bot4_engine::event::SleeveId;
use bot4_engine::history::{Columns, History};
use bot4_engine::instrument::{Instrument, InstrumentId, rate_from_text};
use bot4_engine::run::RunSettings;
use bot4_engine::session::Faults;
use bot4_engine::units::{Amount, Nanos, Price, Rate};

use crate::folder::{START, cross, recording, seat, settings, setup};

fn bars(symbol: &str) -> Market {
    let (open_ns, price) = ([0, 60], [5.0, 6.0]);
    let (open, high, low, close, volume) = (&price, &price, &price, &price, &price);
    let columns = Columns { open_ns: &open_ns, open, high, low, close, volume };
    Market::Bars(Arc::new(History::new(symbol, 60, columns).unwrap()))
}

fn half() -> Rate {
    rate_from_text("0.5").unwrap()
}

#[test]
fn the_header_says_what_feeds_the_run() {
    for (wanted, market) in [
        ("bars", bars as fn(&str) -> Market),
        ("book", |symbol| recording(symbol, 100.0, 600, true)),
        ("trades", |symbol| recording(symbol, 100.0, 600, false)),
    ] {
        let mut setup = setup();
        setup.add(market("sim:BTC")).unwrap();
        setup.add(market("sim:ETH")).unwrap();
        seat(&mut setup);
        let (run, header) = setup.build().unwrap();
        assert_eq!((header.market.as_str(), header.seeds.len()), (wanted, 0));
        assert_eq!(header.instruments.len(), 2);
        assert!(header.instruments.iter().all(|rules| rules.taker_fee > Rate::ZERO));
        let sleeve = |place| ("cross".to_owned(), place, half().mantissa());
        assert_eq!(header.sleeves, [sleeve(0), sleeve(1)]);
        assert!(run.next_ns().is_some());
        assert_eq!(setup.history(InstrumentId(1)).is_some(), wanted == "bars");
    }
}

#[test]
fn a_simulated_market_is_named_by_its_seed() {
    let mut setup = setup();
    let rules = |name| Instrument::listed(name, 100.0, "0.01", "1").unwrap();
    setup.add_simulated(rules("sim:BTC"), 100.0, 7, START).unwrap();
    setup.add_simulated(rules("sim:ETH"), 100.0, 8, START).unwrap();
    seat(&mut setup);
    let (_, header) = setup.build().unwrap();
    let start = START.mantissa();
    let seeds = vec![(7, 100_000_000_000, start), (8, 100_000_000_000, start)];
    assert_eq!((header.market.as_str(), header.seeds), ("simulated", seeds));
    assert!(setup.history(InstrumentId(0)).is_none() && setup.history(InstrumentId(9)).is_none());
    let twice = setup.add_simulated(rules("sim:BTC"), 100.0, 7, START).unwrap_err();
    assert!(matches!(twice, DeskError::Twice(_)), "{twice}");
    let broken = Instrument { tick: Price::ZERO, ..rules("sim:X") };
    let error = setup.add_simulated(broken, 100.0, 7, START).unwrap_err();
    assert!(matches!(error, DeskError::Unit(_)), "{error}");
}

#[test]
fn a_seat_has_the_number_of_its_strategy_and_of_its_market() {
    let mut setup = setup();
    setup.add(bars("sim:BTC")).unwrap();
    setup.add(bars("sim:ETH")).unwrap();
    let mut take = |symbol| setup.seat("one", symbol, half(), Decides::Outside).unwrap();
    assert_eq!(take("sim:ETH"), (SleeveId(0), InstrumentId(1)));
    assert_eq!(take("sim:BTC"), (SleeveId(1), InstrumentId(0)));
}

#[test]
fn what_does_not_go_together_is_refused_in_one_line() {
    let with = |change: fn(&mut Setup) -> Result<(), DeskError>| {
        let mut setup = setup();
        setup.add(bars("sim:BTC")).unwrap();
        let changed = change(&mut setup);
        changed.and_then(|()| setup.build().map(|_| ())).unwrap_err().to_string()
    };
    let poor = |_: &mut Setup| {
        let settings = RunSettings { cash: Amount::ZERO, ..settings() };
        let mut setup = Setup::new(settings, Rate::ZERO, Rate::ZERO);
        setup.add(bars("sim:BTC"))?;
        setup.seat("one", "sim:BTC", half(), cross(1.0, 2.0))?;
        setup.build().map(|_| ())
    };
    let faulty = |settings: RunSettings| {
        let faults = Faults::new(1, [("lost_ack", Rate::ONE)]).ok();
        let mut setup = Setup::new(RunSettings { faults, ..settings }, Rate::ZERO, Rate::ZERO);
        let slow = settings.latency > Nanos::new(1_000_000_000);
        setup.add(if slow { recording("sim:BTC", 100.0, 600, true) } else { bars("sim:BTC") })?;
        setup.seat("one", "sim:BTC", half(), cross(1.0, 2.0))?;
        setup.build().map(|_| ())
    };
    let slow = RunSettings { latency: Nanos::new(1_000_000_001), ..settings() };
    for (refused, wanted) in [(faulty(settings()), "nothing is on its way"), (faulty(slow), "1 s")]
    {
        let said = refused.unwrap_err().to_string();
        assert!(said.starts_with("the venue's faults") && said.contains(wanted), "{said}");
    }
    for (change, wanted) in [
        (
            (|setup| setup.add(bars("sim:BTC"))) as fn(&mut Setup) -> Result<(), DeskError>,
            "sim:BTC",
        ),
        (|setup| setup.add(recording("sim:X", 100.0, 600, true)), "sim:X"),
        (|setup| setup.seat("one", "sim:X", half(), cross(1.0, 2.0)).map(|_| ()), "sim:X"),
        (|_| Ok(()), "strateg"),
        (poor, "cash"),
    ] {
        let said = with(change);
        assert!(said.contains(wanted) && !said.contains('\n'), "{said}");
    }
    let nothing = setup().build().map(|_| ()).unwrap_err();
    assert!(matches!(nothing, DeskError::NoMarket(_)), "{nothing}");
}
