//! The paper venue: what fills, at what price, and what the account can pay for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "what the venue must not say panics")]

mod market;

use bot4_engine::event::{
    Bar, Event, Fill, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size, SleeveId, TimeInForce,
};
use bot4_engine::history::Row;
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::units::{Amount, Price, Qty, Rounding};
use bot4_engine::venue::{Paper, PaperRules};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::prop_assert;

use crate::market::{HOUR, START, always, amount, instrument, ns, rate, row};

const ID: OrderId = OrderId::new(0, 0);

fn paper(slippage: &str, borrowing: bool, shorting: bool) -> Paper {
    let rules = PaperRules { slippage: rate(slippage), borrowing, shorting };
    let other = Instrument { symbol: "test:ETH".to_owned(), ..instrument() };
    let mut paper = Paper::new(rules, vec![instrument(), other]);
    paper.clearing_mut().deposit(amount("1000")).unwrap();
    paper
}

fn order(side: Side, size: Size, limit: Option<i64>) -> NewOrder {
    NewOrder {
        sleeve: SleeveId(0),
        instrument: InstrumentId(0),
        side,
        size,
        limit: limit.map(Price::new),
        reserve: Amount::ZERO,
        terms: OrderTerms::default(),
        replaces: None,
    }
}

fn base(qty: i64) -> Size {
    Size::Base(Qty::new(qty))
}

fn bar(instrument: u32, row: Row) -> Bar {
    Bar {
        instrument: InstrumentId(instrument),
        open_ns: ns(row.open_ns),
        close_ns: ns(row.open_ns + HOUR),
        open: row.open,
        high: row.high,
        low: row.low,
        close: row.close,
        volume: row.volume,
    }
}

fn traded(paper: &mut Paper, bar: &Bar) -> Vec<Event> {
    let mut events = Vec::new();
    paper.on_bar(bar, &mut events).unwrap();
    events
}

/// What one bar does to one order, in words.
fn answer(paper: &mut Paper, order: NewOrder, prices: [f64; 4]) -> String {
    let id = OrderId::new(0, u32::try_from(paper.clearing().acts()).unwrap());
    paper.place(id, order, ns(START)).unwrap();
    let words = |event: &Event| match event {
        Event::Fill(Fill { ts, price, qty, last, .. }) => {
            let when = if ts.mantissa() == START { "open" } else { "close" };
            let part = if *last { "" } else { " of more" };
            format!("{}{part} at {} by the {when}", qty.mantissa(), price.mantissa())
        }
        Event::Order { update, .. } => format!("{update:?}"),
        event => panic!("{event:?}"),
    };
    let events = traded(paper, &bar(0, row(0, prices)));
    let words: Vec<_> = events.iter().map(words).collect();
    if words.is_empty() { "rests".to_owned() } else { words.join(", ") }
}

#[test]
fn a_market_order_fills_at_the_open_moved_against_it() {
    use Side::{Buy, Sell};
    let prices = [100.0, 110.0, 90.0, 105.0];
    for (side, slippage, wanted) in [
        (Buy, "0", "5 at 10000 by the open"),
        (Sell, "0", "5 at 10000 by the open"),
        (Buy, "0.01", "5 at 10100 by the open"),
        (Sell, "0.01", "5 at 9900 by the open"),
        // To the nearest step.
        (Buy, "0.00005", "5 at 10001 by the open"),
        (Sell, "0.00004", "5 at 10000 by the open"),
        (Sell, "1", "Canceled"),
    ] {
        let got = answer(&mut paper(slippage, true, true), order(side, base(5), None), prices);
        assert_eq!(got, wanted, "{side:?} {slippage}");
    }
}

#[test]
fn a_limit_fills_only_when_traded_through() {
    use Side::{Buy, Sell};
    let [open, high, low, close] = [100.0, 110.0, 90.0, 105.0];
    for (name, side, limit, wanted) in [
        ("a buy below the bar", Buy, 8_999, "rests"),
        ("a touch is not through", Buy, 9_000, "rests"),
        ("a buy traded through", Buy, 9_001, "5 at 9001 by the close"),
        ("a buy at the open", Buy, 10_000, "5 at 10000 by the close"),
        ("the open is better", Buy, 10_001, "5 at 10001 by the open"),
        ("by more than it slips", Buy, 10_200, "5 at 10100 by the open"),
        ("a sell above the bar", Sell, 11_001, "rests"),
        ("a touch is not through", Sell, 11_000, "rests"),
        ("a sell traded through", Sell, 10_999, "5 at 10999 by the close"),
        ("a sell at the open", Sell, 10_000, "5 at 10000 by the close"),
        ("the open is better", Sell, 9_999, "5 at 9999 by the open"),
        ("by more than it slips", Sell, 9_800, "5 at 9900 by the open"),
    ] {
        // What takes the open slips, though not beyond its limit.
        let mut paper = paper("0.01", true, true);
        let got = answer(&mut paper, order(side, base(5), Some(limit)), [open, high, low, close]);
        assert_eq!(got, wanted, "{name}: {limit}");
        assert_eq!(paper.resting_len() == 0, wanted != "rests", "{name}");
    }
}

#[test]
fn an_order_is_treated_on_its_terms() {
    use Side::{Buy, Sell};
    let usual = OrderTerms::default();
    let post_only = OrderTerms { post_only: true, ..usual };
    let ioc = OrderTerms { tif: TimeInForce::Ioc, ..usual };
    let fok = OrderTerms { tif: TimeInForce::Fok, ..usual };
    let reduce_only = OrderTerms { reduce_only: true, ..usual };
    let until = |ts| OrderTerms { tif: TimeInForce::Gtd(ns(ts)), ..usual };
    for (name, side, qty, limit, terms, wanted) in [
        ("it would take the open", Buy, 5, Some(10_001), post_only, "Canceled"),
        ("so would a sell", Sell, 5, Some(9_999), post_only, "Canceled"),
        ("it makes", Buy, 5, Some(10_000), post_only, "5 at 10000 by the close"),
        ("it lies", Buy, 5, Some(8_999), post_only, "rests"),
        ("at once", Buy, 5, Some(10_001), ioc, "5 at 10001 by the open"),
        ("a part at once", Buy, 200_000, None, ioc, "98910 of more at 10100 by the open, Canceled"),
        ("not at once", Buy, 5, Some(9_999), ioc, "Canceled"),
        ("all at once", Buy, 5, None, fok, "5 at 10100 by the open"),
        ("not all at once", Buy, 200_000, None, fok, "Canceled"),
        ("nothing to reduce", Sell, 5, None, reduce_only, "Canceled"),
        ("nor by buying", Buy, 5, None, reduce_only, "Canceled"),
        ("over before the bar", Buy, 5, None, until(START), "Expired"),
        ("over within it", Buy, 5, Some(9_500), until(START + 1), "Expired"),
        ("at the open it was not", Buy, 5, None, until(START + 1), "5 at 10100 by the open"),
        ("over at its close", Buy, 5, Some(9_500), until(START + HOUR), "Expired"),
        ("over after it", Buy, 5, Some(9_500), until(START + HOUR + 1), "5 at 9500 by the close"),
    ] {
        let mut paper = paper("0.01", false, true);
        let order = NewOrder { terms, ..order(side, base(qty), limit) };
        let got = answer(&mut paper, order, [100.0, 110.0, 90.0, 105.0]);
        assert_eq!(got, wanted, "{name}");
    }
}

#[test]
fn what_may_only_reduce_never_turns_a_position() {
    let mut paper = paper("0", true, true);
    let prices = [100.0; 4];
    assert_eq!(
        answer(&mut paper, order(Side::Buy, base(5), None), prices),
        "5 at 10000 by the open"
    );
    let reduce_only = OrderTerms { reduce_only: true, ..OrderTerms::default() };
    let sell = NewOrder { terms: reduce_only, ..order(Side::Sell, base(8), None) };
    assert_eq!(answer(&mut paper, sell, prices), "5 of more at 10000 by the open, Canceled");
    assert_eq!(paper.clearing().positions()[0], Qty::ZERO);
}

#[test]
fn an_order_that_rests_fills_at_its_limit_even_over_a_gap() {
    for (side, limit, then) in [(Side::Buy, 9_500, 80.0), (Side::Sell, 10_500, 130.0)] {
        let mut paper = paper("0.01", true, true);
        let rests = answer(&mut paper, order(side, base(5), Some(limit)), [100.0; 4]);
        assert_eq!(rests, "rests", "{side:?}");
        let events = traded(&mut paper, &bar(0, row(1, [then; 4])));
        let [Event::Fill(fill)] = events[..] else {
            panic!("{events:?}");
        };
        assert_eq!((fill.price, fill.ts), (Price::new(limit), ns(START + 2 * HOUR)));
    }
}

#[test]
fn what_rests_expires_when_no_more_bars_come() {
    let mut paper = paper("0", false, false);
    let elsewhere = NewOrder { instrument: InstrumentId(1), ..order(Side::Buy, base(1), None) };
    paper.place(ID, order(Side::Buy, base(1), None), ns(START)).unwrap();
    paper.place(OrderId::new(0, 1), elsewhere, ns(START)).unwrap();
    let mut events = Vec::new();
    paper.expire(InstrumentId(0), ns(9), &mut events);
    let update = OrderUpdate::Expired;
    assert_eq!(events, [Event::Order { ts: ns(9), order: ID, update }]);
    assert!(paper.resting_len() > 0, "the other instrument goes on");
}

#[test]
fn what_is_not_there_is_neither_spent_nor_sold() {
    use Side::{Buy, Sell};
    let quote = |text: &str| Size::Quote(amount(text));
    let flat = [100.0; 4];
    // 1,000 buys 9.9900 at 100 with a fee of 10 bp.
    for (name, lends, side, size, wanted) in [
        ("all the cash", false, Buy, quote("1000"), "99900 at 10000 by the open"),
        ("a part", false, Buy, quote("500"), "49950 at 10000 by the open"),
        (
            "more than the cash",
            false,
            Buy,
            quote("2000"),
            "99900 of more at 10000 by the open, Canceled",
        ),
        (
            "too much base",
            false,
            Buy,
            base(200_000),
            "99900 of more at 10000 by the open, Canceled",
        ),
        ("what fits to the lot", false, Buy, base(99_900), "99900 at 10000 by the open"),
        ("less than a lot", false, Buy, quote("0.01"), "Canceled"),
        ("borrowed", true, Buy, base(200_000), "200000 at 10000 by the open"),
        ("nothing to sell", false, Sell, base(1), "Canceled"),
        ("lent to sell", true, Sell, base(7), "7 at 10000 by the open"),
    ] {
        let mut paper = paper("0", lends, lends);
        assert_eq!(answer(&mut paper, order(side, size, None), flat), wanted, "{name}");
    }
    let mut paper = paper("0", false, false);
    assert_eq!(answer(&mut paper, order(Buy, base(10), None), flat), "10 at 10000 by the open");
    let more = answer(&mut paper, order(Sell, base(11), None), flat);
    assert_eq!(more, "10 of more at 10000 by the open, Canceled");
}

#[test]
fn fees_are_paid_on_top_and_rounded_up() {
    let mut paper = paper("0", false, false);
    paper.place(ID, order(Side::Buy, base(3), None), ns(START)).unwrap();
    let events = traded(&mut paper, &bar(0, row(0, [33.33; 4])));
    let Some(Event::Fill(fill)) = events.first() else {
        panic!("{events:?}");
    };
    let notional = instrument().notional(Price::new(3_333), Qty::new(3)).unwrap();
    let fee = notional.times(rate("0.001"), Rounding::Up).unwrap();
    assert_eq!((fill.fee, fill.ts), (fee, ns(START)));
    let left = amount("1000").minus(notional).and_then(|left| left.minus(fee)).unwrap();
    assert_eq!(paper.clearing().cash(), left);
    assert_eq!(paper.clearing().positions(), [Qty::new(3), Qty::ZERO]);
}

#[test]
fn an_order_can_be_canceled_once() {
    let mut paper = paper("0", false, false);
    let update = |event| match event {
        Event::Order { update, order: ID, .. } => update,
        event => panic!("{event:?}"),
    };
    let acked = paper.place(ID, order(Side::Buy, base(1), Some(1)), ns(5)).unwrap();
    assert_eq!(update(acked), OrderUpdate::Acked);
    assert_eq!(update(paper.cancel(ID, ns(6))), OrderUpdate::Canceled);
    assert_eq!(update(paper.cancel(ID, ns(6))), OrderUpdate::CancelRejected);
    assert_eq!(paper.resting_len(), 0);
    assert!(traded(&mut paper, &bar(0, row(0, [0.01; 4]))).is_empty());
}

#[test]
fn a_bar_trades_its_own_instrument_in_the_order_of_arrival() {
    let mut paper = paper("0", false, false);
    let all = Size::Quote(amount("1000"));
    let half = order(Side::Buy, Size::Quote(amount("500")), None);
    let elsewhere = NewOrder { instrument: InstrumentId(1), ..half };
    for (sequence, new) in
        [elsewhere, order(Side::Buy, all, None), order(Side::Sell, base(99_900), None)]
            .into_iter()
            .enumerate()
    {
        let id = OrderId::new(0, u32::try_from(sequence).unwrap());
        paper.place(id, new, ns(START)).unwrap();
    }
    let fills = |events: &[Event]| -> Vec<u64> {
        let id = |event: &Event| match event {
            Event::Fill(fill) => Some(fill.order.number()),
            event => panic!("{event:?}"),
        };
        events.iter().filter_map(id).collect()
    };
    assert_eq!(fills(&traded(&mut paper, &bar(0, row(0, [100.0; 4])))), [1, 2]);
    assert_eq!(fills(&traded(&mut paper, &bar(1, row(0, [100.0; 4])))), [0]);
    assert_eq!(paper.resting_len(), 0);
    let nowhere = NewOrder { instrument: InstrumentId(9), ..order(Side::Buy, all, None) };
    paper.place(ID, nowhere, ns(START)).unwrap();
    assert!(traded(&mut paper, &bar(9, row(1, [1.0; 4]))).is_empty());
}

#[test]
fn an_account_that_lends_nothing_never_goes_below_nothing() {
    let one = (any::<bool>(), any::<bool>(), 1_i64..200_000, 1_u16..300, any::<bool>());
    always(200, vec(one, 1..40), |orders| {
        let mut paper = paper("0.003", false, false);
        for (place, (buys, quote, qty, price, limited)) in (0_i64..).zip(orders) {
            let side = if buys { Side::Buy } else { Side::Sell };
            let size = if buys && quote {
                Size::Quote(Amount::new(i128::from(qty) * 10_i128.pow(16)))
            } else {
                base(qty)
            };
            let limit = limited.then_some(i64::from(price) * 100);
            let id = OrderId::new(0, u32::try_from(place).unwrap());
            paper.place(id, order(side, size, limit), ns(START)).unwrap();
            let price = f64::from(price);
            traded(&mut paper, &bar(0, row(place, [price, price * 1.1, price * 0.9, price])));
            prop_assert!(!paper.clearing().cash().is_negative(), "{:?}", paper.clearing().cash());
            prop_assert!(paper.clearing().positions().iter().all(|qty| !qty.is_negative()));
        }
        Ok(())
    });
}

#[test]
fn a_price_that_is_no_price_stops_the_venue() {
    let mut paper = paper("0", false, false);
    paper.place(ID, order(Side::Buy, base(1), None), ns(START)).unwrap();
    let mut events = Vec::new();
    assert!(paper.on_bar(&bar(0, row(0, [f64::NAN; 4])), &mut events).is_err());
    assert!(paper.on_bar(&bar(0, row(0, [1e30; 4])), &mut events).is_err());
    assert!(paper.clearing_mut().deposit(Amount::new(i128::MAX)).is_err());
    assert_eq!((events.len(), paper.clearing().cash()), (0, amount("1000")));
}
