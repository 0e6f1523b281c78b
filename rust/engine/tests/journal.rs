//! Records as bytes and back; the state as the fold of them. Long because every kind of record is
//! drawn here.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::asset::Asset;
use bot4_engine::backtest::Backtest;
use bot4_engine::event::{
    Amendment, Booking, BreakerState, Component, Cross, Entry, Execution, Fill, Intent,
    MEASURE_HORIZON, MEASURE_LEVEL, Measure, MeasureError, NewOrder, Note, OrderId, OrderTerms,
    OrderUpdate, Part, QuoteSide, Reason, Scope, Side, Size, SleeveId, Stage, Stop, StopKind,
    TimeInForce, TradeId, TradingState, Transition, TwoSided, Unexplained, Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId, VenueId};
use bot4_engine::journal::{JournalError, Record, State, StateError, decode, encode};
use bot4_engine::order::OrderError;
use bot4_engine::risk::Refusal;
use bot4_engine::units::{Amount, Overflow, Price, Qty, Rate};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{
    SECOND, always, amount, decided, history, instrument, measure, ns, profile, run, settings,
    sleeve, trade, volume_is_target, walk,
};

fn executions() -> impl Strategy<Value = Execution> {
    prop_oneof![
        Just(Execution::Cross),
        Just(Execution::Passive),
        any::<i64>().prop_map(|after| Execution::PassiveThenCross { after: ns(after) }),
        (any::<u16>(), any::<i64>())
            .prop_map(|(parts, over)| Execution::Slice { parts, over: ns(over) }),
    ]
}

fn wants() -> impl Strategy<Value = Want> {
    let float = || any::<u64>().prop_map(f64::from_bits);
    let perhaps = || (any::<bool>(), float()).prop_map(|(some, value)| some.then_some(value));
    prop_oneof![
        (float(), perhaps(), executions())
            .prop_map(|(fraction, band, execution)| { Want::Target { fraction, band, execution } }),
        (select(vec![Side::Buy, Side::Sell]), float(), perhaps(), terms())
            .prop_map(|(side, qty, limit, terms)| { Want::Trade { side, qty, limit, terms } }),
        Just(Want::CancelAll),
        any::<u64>().prop_map(|id| Want::Cancel { order: OrderId::from_number(id) }),
        (any::<u64>(), perhaps(), perhaps()).prop_map(|(id, qty, limit)| {
            Want::Amend { order: OrderId::from_number(id), qty, limit }
        }),
        quotes(),
    ]
}

fn quotes() -> impl Strategy<Value = Want> {
    let side = || {
        (any::<bool>(), any::<i64>(), any::<i64>()).prop_map(|(some, price, step)| {
            let (price, step) = (Price::new(price), Price::new(step));
            some.then_some(QuoteSide { price, step })
        })
    };
    (side(), side(), any::<i64>(), any::<u8>()).prop_map(|(bid, ask, size, levels)| {
        Want::Quote(TwoSided { bid, ask, size: Rate::new(size), levels })
    })
}

fn terms() -> impl Strategy<Value = OrderTerms> {
    let tif = prop_oneof![
        select(vec![TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok]),
        any::<i64>().prop_map(|until| TimeInForce::Gtd(ns(until))),
    ];
    let kind = select(StopKind::ALL.to_vec());
    let stop = (any::<bool>(), kind, any::<i64>(), any::<i64>());
    let stop = stop.prop_map(|(some, kind, trigger, trail)| {
        let (trigger, trail) = (Price::new(trigger), Price::new(trail));
        some.then_some(Stop { kind, trigger, trail })
    });
    (tif, any::<[bool; 4]>(), stop).prop_map(|(tif, flags, stop)| {
        let [post_only, reduce_only, held, twin] = flags;
        OrderTerms { tif, post_only, reduce_only, stop, held, twin }
    })
}

/// Every change of a breaker, with any words.
fn transition() -> impl Strategy<Value = Record> {
    let scope = prop_oneof![
        Just(Scope::Account),
        any::<u32>().prop_map(|id| Scope::Venue(VenueId(id))),
        any::<u32>().prop_map(|id| Scope::Instrument(InstrumentId(id))),
        any::<u32>().prop_map(|id| Scope::Sleeve(SleeveId(id))),
    ];
    let part = (select(Component::ALL.to_vec()), scope);
    let state = (select(BreakerState::ALL.to_vec()), select(Stage::ALL.to_vec()));
    let why = (select(Reason::ALL.to_vec()), "\\PC{0,20}");
    let until = (any::<bool>(), any::<i64>());
    (any::<i64>(), part, state, why, until).prop_map(|(ts, part, state, why, until)| {
        Record::Breaker(Transition {
            ts: ns(ts),
            part: Part { component: part.0, scope: part.1 },
            state: state.0,
            stage: state.1,
            reason: why.0,
            until: until.0.then_some(ns(until.1)),
            note: Note::new(&why.1).unwrap_or_default(),
        })
    })
}

fn orders() -> impl Strategy<Value = NewOrder> {
    let size = prop_oneof![
        any::<i64>().prop_map(|qty| Size::Base(Qty::new(qty))),
        any::<i128>().prop_map(|budget| Size::Quote(Amount::new(budget))),
    ];
    let limit = (any::<bool>(), any::<i64>());
    let ids = (any::<u32>(), any::<u32>(), any::<i128>());
    let side = select(vec![Side::Buy, Side::Sell]);
    let more = (terms(), any::<bool>(), any::<u64>());
    (size, limit, ids, side, more).prop_map(|(size, limit, ids, side, (terms, again, before))| {
        let (sleeve, instrument, reserve) = ids;
        NewOrder {
            sleeve: SleeveId(sleeve),
            instrument: InstrumentId(instrument),
            side,
            size,
            limit: limit.0.then_some(Price::new(limit.1)),
            reserve: Amount::new(reserve),
            terms,
            replaces: again.then_some(OrderId::from_number(before)),
        }
    })
}

/// Every kind of record of an order, with any content.
fn records_of_orders() -> impl Strategy<Value = Record> {
    let ts = || any::<i64>().prop_map(ns);
    let id = || any::<u64>().prop_map(OrderId::from_number);
    let fill = (
        (id(), any::<u128>().prop_map(TradeId::new), fee_assets()),
        ts(),
        any::<i64>(),
        any::<i64>(),
        any::<i128>(),
        any::<bool>(),
    )
        .prop_map(|((order, trade, fee_asset), ts, price, qty, fee, last)| {
            let (price, qty, fee) = (Price::new(price), Qty::new(qty), Amount::new(fee));
            Record::Fill(Fill { order, trade, ts, price, qty, fee, fee_asset, last })
        });
    prop_oneof![
        (ts(), id(), orders()).prop_map(|(ts, id, order)| Record::Placed {
            ts,
            id,
            order,
            judged: None
        }),
        (ts(), id(), select(OrderUpdate::ALL.to_vec()))
            .prop_map(|(ts, order, update)| Record::Update { ts, order, update }),
        (ts(), id(), any::<i64>(), any::<i64>(), any::<i128>()).prop_map(
            |(ts, order, limit, qty, reserve)| {
                let (limit, qty) = (Price::new(limit), Qty::new(qty));
                Record::Amend {
                    ts,
                    order,
                    to: Amendment { limit, qty, reserve: Amount::new(reserve) },
                }
            }
        ),
        (ts(), id(), any::<i64>()).prop_map(|(ts, order, qty)| Record::CumQty {
            ts,
            order,
            qty: Qty::new(qty)
        }),
        fill,
    ]
}

fn assets() -> impl Strategy<Value = Asset> {
    select(vec!["cash", "BTC", "BNB", "₿", "1234567890123456"]).prop_map(Asset::of_name)
}

fn fee_assets() -> impl Strategy<Value = Option<Asset>> {
    (any::<bool>(), assets()).prop_map(|(some, asset)| some.then_some(asset))
}

fn entries() -> impl Strategy<Value = Entry> {
    let amount = || any::<i128>().prop_map(Amount::new);
    let place = || (0_u32..2).prop_map(InstrumentId);
    let trade = (place(), select(Side::ALL.to_vec()), any::<i64>(), -9_i64..99, amount());
    let booking = prop_oneof![
        (assets(), amount()).prop_map(|(asset, amount)| Booking::Transfer { asset, amount }),
        (place(), amount())
            .prop_map(|(instrument, amount)| Booking::Funding { instrument, amount }),
        (trade, fee_assets()).prop_map(|((instrument, side, price, qty, fee), fee_asset)| {
            let (price, qty) = (Price::new(price), Qty::new(qty));
            Booking::Trade { instrument, side, price, qty, fee, fee_asset }
        }),
    ];
    (any::<i64>(), 0_u32..3, any::<u128>(), booking).prop_map(|(ts, venue, name, booking)| Entry {
        ts: ns(ts),
        venue: VenueId(venue),
        name: TradeId::new(name),
        booking,
    })
}

/// Every kind of record with any content.
fn measured() -> impl Strategy<Value = Record> {
    let ts = || any::<i64>().prop_map(ns);
    (ts(), ts(), 0..i64::MAX, 0..i64::MAX).prop_map(|(ts, as_of, one, other)| {
        let losses = (Rate::new(one.min(other)), Rate::new(one.max(other)));
        let measure = Measure::new(as_of, (MEASURE_LEVEL, MEASURE_HORIZON), losses);
        Record::Measured { ts, measure: measure.unwrap() }
    })
}

fn records() -> impl Strategy<Value = Record> {
    let ts = || any::<i64>().prop_map(ns);
    let sleeve = || any::<u32>().prop_map(SleeveId);
    let refusal = || select(Refusal::ALL.to_vec());
    let states = vec![TradingState::Active, TradingState::Reducing, TradingState::Halted];
    prop_oneof![
        records_of_orders(),
        records_of_orders(),
        records_of_orders(),
        (ts(), any::<i128>())
            .prop_map(|(ts, raw)| Record::Deposit { ts, amount: Amount::new(raw) }),
        (entries(), any::<i128>())
            .prop_map(|(entry, raw)| Record::Booked { entry, worth: Amount::new(raw) }),
        (ts(), assets(), any::<i128>()).prop_map(|(ts, asset, raw)| Record::Rate {
            ts,
            asset,
            worth: Amount::new(raw)
        }),
        (ts(), sleeve(), wants())
            .prop_map(|(ts, sleeve, want)| Record::Intent { ts, intent: Intent { sleeve, want } }),
        (ts(), sleeve(), refusal()).prop_map(|(ts, sleeve, refusal)| Record::Refused {
            ts,
            sleeve,
            refusal
        }),
        (ts(), sleeve(), refusal()).prop_map(|(ts, sleeve, limit)| Record::Clipped {
            ts,
            sleeve,
            limit
        }),
        (ts(), any::<u32>(), sleeve(), any::<u32>(), any::<(bool, bool)>(), any::<(i64, i64)>())
            .prop_map(|(ts, instrument, seller, buyer, some, (price, qty))| Record::Crossed {
                ts,
                cross: Cross {
                    instrument: InstrumentId(instrument),
                    seller: some.0.then_some(seller),
                    buyer: some.1.then_some(SleeveId(buyer)),
                    price: Price::new(price),
                    qty: Qty::new(qty),
                },
            }),
        transition(),
        (ts(), select(states)).prop_map(|(ts, state)| Record::Control { ts, state }),
        (ts(), any::<i128>(), any::<i128>()).prop_map(|(ts, cash, equity)| Record::Equity {
            ts,
            cash: Amount::new(cash),
            equity: Amount::new(equity),
        }),
        (ts(), sleeve(), any::<bool>()).prop_map(|(ts, sleeve, paused)| Record::Pause {
            ts,
            sleeve,
            paused
        }),
        (ts(), any::<u32>(), any::<u64>()).prop_map(|(ts, epoch, quiet_until)| Record::Start {
            ts,
            epoch,
            quiet_until
        }),
        (ts(), any::<bool>()).prop_map(|(ts, flatten)| Record::Stop { ts, flatten }),
        ts().prop_map(|ts| Record::Flatten { ts }),
        (ts(), any::<u32>(), any::<bool>()).prop_map(|(ts, instrument, tradable)| {
            Record::Status { ts, instrument: InstrumentId(instrument), tradable }
        }),
        measured(),
        (ts(), any::<u32>(), any::<bool>(), select(Unexplained::ALL.to_vec())).prop_map(
            |(ts, instrument, frozen, why)| {
                let (instrument, why) = (InstrumentId(instrument), frozen.then_some(why));
                Record::Freeze { ts, instrument, why }
            }
        ),
    ]
}

/// Records with NaN in them are not equal to themselves; what they print is.
fn printed(records: &[Record]) -> String {
    format!("{records:?}")
}

#[test]
fn every_record_goes_to_bytes_and_back() {
    always(400, (vec(records(), 0..20), any::<u16>()), |(records, sleeves)| {
        let instruments =
            [instrument(), Instrument { symbol: "käse:X".to_owned(), ..instrument() }];
        let bytes = encode(&instruments, sleeves.into(), &records);
        let (read_instruments, read_sleeves, read) = decode(&bytes).unwrap();
        prop_assert_eq!(&read_instruments, &instruments);
        prop_assert_eq!(read_sleeves, u32::from(sleeves));
        prop_assert_eq!(printed(&read), printed(&records));
        prop_assert_eq!(encode(&instruments, sleeves.into(), &read), bytes);
        Ok(())
    });
}

#[test]
fn an_instrument_goes_to_bytes_and_back() {
    let odd = Instrument {
        symbol: String::new(),
        base: Asset::of_name("an asset with a name that is too long"),
        quote: Asset::of_name("₿"),
        price_scale: 18,
        qty_scale: 0,
        tick: Price::new(i64::MAX),
        lot: Qty::new(7),
        notional_min: Amount::new(-3),
        notional_max: Amount::new(i128::MIN),
        qty_max: Qty::new(-5),
        taker_fee: Rate::new(i64::MIN),
        maker_fee: Rate::new(-1),
    };
    let bytes = encode(std::slice::from_ref(&odd), 0, &[]);
    assert_eq!(decode(&bytes), Ok((vec![odd.clone()], 0, vec![])));
    for broken in [
        Instrument { price_scale: 19, ..odd.clone() },
        Instrument { qty_scale: 19, ..odd.clone() },
        Instrument { tick: Price::ZERO, ..odd.clone() },
        Instrument { lot: Qty::new(-1), ..odd },
    ] {
        let bytes = encode(&[broken], 0, &[]);
        assert!(matches!(decode(&bytes), Err(JournalError::Unknown(_))));
    }
}

/// A run with every stage in it: fills, clips, refusals, a breaker.
fn busy() -> Backtest {
    let mut rows = walk(3, 120, 100.0);
    for (place, row) in rows.iter_mut().enumerate() {
        row.volume = [1.0, 1.0, 1.0, 0.0][place % 4];
        let fallen = if place > 61 { 0.7 } else { 1.0 };
        for price in [&mut row.open, &mut row.high, &mut row.low, &mut row.close] {
            *price *= fallen;
        }
    }
    let limits = [("daily_loss_max", "0.1"), ("position_max", "0.9")];
    let settings = settings(profile("unleveraged", &limits));
    let sleeves = vec![sleeve(0, "1", decided(volume_is_target()))];
    run(vec![history("file:X", &rows)], sleeves, &settings)
}

/// What `busy` wrote down.
fn kept() -> (Vec<Instrument>, u32, Vec<Record>) {
    decode(&busy().journal()).unwrap()
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let (instruments, sleeves, records) = kept();
    let bytes = encode(&instruments, sleeves, &records[..8]);
    for place in 0..bytes.len() {
        for bit in [0, 3, 7] {
            let mut altered = bytes.clone();
            altered[place] ^= 1 << bit;
            assert!(decode(&altered).is_err(), "byte {place}, bit {bit}");
        }
    }
}

#[test]
fn a_cut_is_found_or_leaves_fewer_whole_records() {
    let (instruments, sleeves, records) = kept();
    let records = &records[..8];
    let bytes = encode(&instruments, sleeves, records);
    let mut whole = 0;
    for len in 0..bytes.len() {
        match decode(&bytes[..len]) {
            // A cut between two frames cannot be told from a shorter journal.
            Ok((_, _, read)) => {
                assert_eq!(read, records[..read.len()], "cut at {len}");
                assert_eq!(encode(&instruments, sleeves, &read), bytes[..len]);
                whole += 1;
            }
            Err(JournalError::NotAJournal) => assert!(len < 8, "cut at {len}"),
            Err(JournalError::Torn(at)) => assert!(at <= len, "cut at {len}"),
            Err(error) => assert_eq!(error.to_string(), "", "cut at {len}"),
        }
    }
    assert_eq!(whole, records.len(), "one for each number of records below all");
}

#[test]
fn frames_cannot_be_left_out_swapped_or_repeated() {
    let (instruments, sleeves, records) = kept();
    let bytes = |records: &[Record]| encode(&instruments, sleeves, records);
    let starts: Vec<usize> = (0..=4).map(|count| bytes(&records[..count]).len()).collect();
    let all = bytes(&records[..4]);
    let frame = |place: usize| &all[starts[place]..starts[place + 1]];
    let head = &all[..starts[0]];
    for order in [vec![1, 2, 3], vec![0, 2, 1, 3], vec![0, 0, 1], vec![0, 1, 3]] {
        let mut altered = head.to_vec();
        order.iter().for_each(|place| altered.extend_from_slice(frame(*place)));
        assert!(matches!(decode(&altered), Err(JournalError::Altered(_))), "{order:?}");
    }
}

#[test]
fn what_is_no_journal_is_refused() {
    let sleeves_at = 8 + 4 + 8 + 4;
    let many = encode(&[], u32::MAX, &[]);
    assert_eq!(many.len(), sleeves_at + 4);
    for (name, bytes, wanted) in [
        ("nothing", vec![], JournalError::NotAJournal),
        ("another file", b"PAR1PAR1PAR1".to_vec(), JournalError::NotAJournal),
        ("another version", b"BOT4JRN1".to_vec(), JournalError::NotAJournal),
        ("only the first bytes", b"BOT4JRN5".to_vec(), JournalError::Torn(8)),
        ("a frame too long", [&b"BOT4JRN5"[..], &[0xFF; 16]].concat(), JournalError::Altered(8)),
        ("too many sleeves", many, JournalError::Unknown(8)),
    ] {
        assert_eq!(decode(&bytes).map(|_| ()), Err(wanted), "{name}");
    }
    always(300, vec(any::<u8>(), 0..200), |noise| {
        let journal = [&b"BOT4JRN5"[..], &noise].concat();
        prop_assert!(decode(&journal).is_err());
        Ok(())
    });
}

#[test]
fn the_fold_of_the_records_is_the_state_of_the_bot() {
    let backtest = busy();
    let (instruments, sleeves, records) = decode(&backtest.journal()).unwrap();
    let begun = State::new(instruments, sleeves as usize, 0);
    let state = begun.clone().fold(&records).unwrap();
    assert_eq!(&state, backtest.bot().state());
    assert_eq!(state.ledger_hash(), backtest.bot().state().ledger_hash());
    let kinds = |of: fn(&Record) -> bool| records.iter().filter(|record| of(record)).count();
    assert!(kinds(|record| matches!(record, Record::Fill(_))) > 5);
    assert!(kinds(|record| matches!(record, Record::Clipped { .. })) > 0);
    assert!(kinds(|record| matches!(record, Record::Refused { .. })) > 0);
    assert!(kinds(|record| matches!(record, Record::Breaker(_))) == 2, "lost, and the next day");
    for cut in 0..=records.len() {
        let (before, after) = records.split_at(cut);
        let parts = begun.clone().fold(before).unwrap().fold(after).unwrap();
        assert_eq!(parts, state, "cut at {cut}");
    }
}

fn order(reserve: Amount) -> NewOrder {
    NewOrder {
        sleeve: SleeveId(0),
        instrument: InstrumentId(0),
        side: Side::Buy,
        size: Size::Base(Qty::new(100)),
        limit: None,
        reserve,
        terms: OrderTerms::default(),
        replaces: None,
    }
}

fn placed(sequence: u32, order: NewOrder) -> Record {
    Record::Placed { ts: ns(1), id: OrderId::new(0, sequence), order, judged: None }
}

fn filled(price: i64, qty: i64, fee: i128) -> Record {
    let (price, qty, fee) = (Price::new(price), Qty::new(qty), Amount::new(fee));
    let (order, trade) = (OrderId::new(0, 0), trade());
    let (fee_asset, last) = (None, false);
    Record::Fill(Fill { order, trade, ts: ns(2), price, qty, fee, fee_asset, last })
}

#[test]
fn a_record_that_cannot_be_changes_nothing() {
    let start = State::new(vec![instrument()], 1, 0)
        .fold(&[
            Record::Deposit { ts: ns(0), amount: amount("100") },
            placed(0, order(amount("10"))),
            filled(100, 1, 0),
        ])
        .unwrap();
    let elsewhere = NewOrder { instrument: InstrumentId(1), ..order(Amount::ZERO) };
    let update =
        |sequence, update| Record::Update { ts: ns(3), order: OrderId::new(0, sequence), update };
    let intent = |sleeve| Record::Intent {
        ts: ns(3),
        intent: Intent { sleeve: SleeveId(sleeve), want: Want::CancelAll },
    };
    let overflow = StateError::Overflow(Overflow);
    let illegal = StateError::Order(OrderError::Illegal);
    let overfill = StateError::Order(OrderError::Overfill);
    let nobody = StateError::Order(OrderError::NoSuchOrder);
    let table = [
        ("money", Record::Deposit { ts: ns(3), amount: Amount::new(i128::MAX) }, overflow),
        ("another's intent", intent(1), StateError::Unknown),
        ("an instrument that is not there", placed(1, elsewhere), StateError::Unknown),
        ("an order out of turn", placed(5_000, order(Amount::ZERO)), illegal),
        ("an order twice", placed(0, order(Amount::ZERO)), illegal),
        (
            "a reserve that does not fit",
            placed(1, order(Amount::new(i128::MAX))),
            StateError::Order(OrderError::Overflow(Overflow)),
        ),
        ("an answer that cannot be", update(0, OrderUpdate::Rejected), illegal),
        ("an answer about nothing", update(9, OrderUpdate::Acked), nobody),
        ("a fill too large", filled(100, 100, 0), overfill),
        ("a fill of nothing", filled(100, 0, 0), overfill),
        ("a fill for nothing", filled(0, 1, 0), overfill),
        ("a fee that does not fit", filled(100, 1, i128::MAX), overflow),
    ];
    for (name, record, wanted) in table {
        let mut state = start.clone();
        let got = state.apply(&record).unwrap_err();
        assert_eq!(state, start, "{name}");
        let same = matches!((got, wanted), (StateError::Overflow(_), StateError::Order(_)));
        assert!(got == wanted || same, "{name}: {got:?}");
    }
}

#[test]
fn any_record_is_taken_whole_or_not_at_all() {
    let bounded = records().prop_map(|record| match record {
        // Small ids meet the orders that are there.
        Record::Placed { ts, id, order, .. } => {
            let id = OrderId::from_number(id.number() % 3);
            let instrument = InstrumentId(order.instrument.0 % 2);
            Record::Placed { ts, id, order: NewOrder { instrument, ..order }, judged: None }
        }
        Record::Update { ts, order, update } => {
            Record::Update { ts, order: OrderId::from_number(order.number() % 3), update }
        }
        Record::Amend { ts, order, to } => {
            Record::Amend { ts, order: OrderId::from_number(order.number() % 3), to }
        }
        Record::CumQty { ts, order, qty } => {
            let (order, qty) = (OrderId::from_number(order.number() % 3), qty.mantissa() >> 50);
            Record::CumQty { ts, order, qty: Qty::new(qty) }
        }
        Record::Fill(fill) => {
            let order = OrderId::from_number(fill.order.number() % 3);
            let qty = Qty::new(fill.qty.mantissa() >> 50);
            Record::Fill(Fill { order, qty, ..fill })
        }
        Record::Booked { entry, worth } => {
            // Few names, so that some come twice.
            let name = TradeId::new(entry.name.number() % 4);
            Record::Booked { entry: Entry { name, ..entry }, worth }
        }
        Record::Crossed { ts, cross } => {
            // Between two that are there, or one that is not.
            let near = |id: SleeveId| SleeveId(id.0 % 3);
            let (seller, buyer) = (cross.seller.map(near), cross.buyer.map(near));
            let instrument = InstrumentId(cross.instrument.0 % 2);
            Record::Crossed { ts, cross: Cross { instrument, seller, buyer, ..cross } }
        }
        Record::Rate { .. }
        | Record::Deposit { .. }
        | Record::Intent { .. }
        | Record::Refused { .. }
        | Record::Clipped { .. }
        | Record::Breaker(_)
        | Record::Control { .. }
        | Record::Equity { .. }
        | Record::Pause { .. }
        | Record::Start { .. }
        | Record::Stop { .. }
        | Record::Flatten { .. }
        | Record::Freeze { .. }
        | Record::Status { .. }
        | Record::Measured { .. } => record,
    });
    always(500, vec(bounded, 1..40), |records| {
        let mut state = State::new(vec![instrument()], 1, 0);
        for record in &records {
            let before = format!("{state:?}");
            if state.apply(record).is_err() {
                prop_assert_eq!(format!("{state:?}"), before, "{:?}", record);
            }
        }
        Ok(())
    });
}

#[test]
fn the_last_measure_is_known_and_an_older_or_a_future_one_changes_nothing() {
    let told = |second: i64, measure| Record::Measured { ts: ns(second * SECOND), measure };
    let state = State::new(vec![instrument()], 1, 0);
    assert_eq!(state.measure(), None);
    let (first, second) = (measure(10, "0.02", "0.03"), measure(20, "0.01", "0.02"));
    let mut state = state.fold(&[told(11, first), told(25, second)]).unwrap();
    assert_eq!(state.measure(), Some(second));
    let older = MeasureError::Older { as_of: 10 * SECOND, known: 20 * SECOND };
    let future = MeasureError::Future { as_of: 31 * SECOND, now: 30 * SECOND };
    for (late, error) in [(first, older), (measure(31, "0", "0"), future)] {
        assert_eq!(state.apply(&told(30, late)), Err(StateError::Measure(error)));
        assert_eq!(state.measure(), Some(second));
    }
    // The same again says that it still is so.
    state.apply(&told(30, second)).unwrap();
}

#[test]
fn a_measure_of_another_kind_is_none() {
    let (level, horizon) = (MEASURE_LEVEL, MEASURE_HORIZON);
    let (nothing, some, more) = (Rate::ZERO, Rate::new(1), Rate::new(2));
    let cases = [
        ((level, horizon), (Rate::new(-1), some), MeasureError::Negative),
        ((level, horizon), (nothing, Rate::new(-1)), MeasureError::Negative),
        ((level, horizon), (more, some), MeasureError::Crossed),
        ((Rate::new(level.mantissa() - 1), horizon), (some, more), MeasureError::Other),
        ((level, ns(horizon.mantissa() + 1)), (some, more), MeasureError::Other),
    ];
    for (of, losses, error) in cases {
        assert_eq!(Measure::new(ns(0), of, losses), Err(error));
    }
    assert!(Measure::new(ns(0), (level, horizon), (some, some)).is_ok());
}

#[test]
fn the_hash_is_of_the_ledger_and_not_of_names() {
    let state = |epoch: u32, ts: i64| {
        let id = OrderId::new(epoch, 0);
        State::new(vec![instrument()], 1, epoch)
            .fold(&[
                Record::Deposit { ts: ns(0), amount: amount("100") },
                Record::Placed { ts: ns(ts), id, order: order(amount("10")), judged: None },
                Record::Fill(Fill {
                    order: id,
                    trade: TradeId::new(1),
                    ts: ns(ts + 1),
                    price: Price::new(100),
                    qty: Qty::new(1),
                    fee: Amount::ZERO,
                    fee_asset: None,
                    last: false,
                }),
            ])
            .unwrap()
    };
    let hash = state(1, 5).ledger_hash();
    assert_eq!(hash.len(), 64);
    assert_eq!(hash, state(2, 5).ledger_hash(), "the epoch of ids does not matter");
    assert_ne!(hash, state(1, 6).ledger_hash(), "the time of an order does");
    let ended =
        Record::Update { ts: ns(9), order: OrderId::new(1, 0), update: OrderUpdate::Canceled };
    assert_ne!(hash, state(1, 5).fold(&[ended]).unwrap().ledger_hash(), "and what is working");
    let intent = Intent { sleeve: SleeveId(0), want: Want::CancelAll };
    let intent = Record::Intent { ts: ns(9), intent };
    assert_eq!(hash, state(1, 5).fold(&[intent]).unwrap().ledger_hash(), "wishes do not");
}
