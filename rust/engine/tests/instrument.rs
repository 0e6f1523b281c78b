//! The door between text, floats and units: exact, or an error.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;

use bot4_engine::instrument::{
    Instrument, InstrumentId, UnitError, amount_as_f64, amount_from_text, rate_as_f64,
    rate_as_text, rate_down, rate_from_text,
};
use bot4_engine::units::{Amount, Overflow, Price, Qty, Rate, Rounding};
use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{always, amount, instrument, rate};

const ONE: i128 = 10_i128.pow(18);

fn scaled(price_scale: u32, qty_scale: u32) -> Instrument {
    Instrument { price_scale, qty_scale, ..instrument() }
}

#[test]
fn reads_decimal_text_exactly() {
    let table: &[(&str, i128)] = &[
        ("0", 0),
        ("-0", 0),
        ("0.1", ONE / 10),
        ("-12.5", -ONE * 25 / 2),
        ("1e-3", ONE / 1_000),
        ("1E+3", ONE * 1_000),
        ("12.50e1", ONE * 125),
        (".5", ONE / 2),
        ("5.", ONE * 5),
        ("007", ONE * 7),
        ("0.000000000000000001", 1),
        ("1e-18", 1),
        // More places than there are, all of them zero: nothing is lost.
        ("1.0000000000000000000", ONE),
        ("10e-19", 1),
        ("0e-99999", 0),
        ("0e99999", 0),
        ("170141183460469231731.687303715884105727", i128::MAX),
    ];
    for (text, wanted) in table {
        assert_eq!(amount_from_text(text), Ok(Amount::new(*wanted)), "{text}");
    }
}

#[test]
fn refuses_text_that_is_not_a_number_or_does_not_fit() {
    let not = |text: &str| UnitError::NotANumber(text.to_owned());
    let fine = |text: &str| UnitError::TooFine { text: text.to_owned(), decimals: 18 };
    let too_large = |_: &str| UnitError::TooLarge;
    type Why<'a> = &'a dyn Fn(&str) -> UnitError;
    let table: &[(&[&str], Why<'_>)] = &[
        (&["", "-", ".", "-.", "e5", "1e", "1e1.5", "+1", "--1", "1-", " 1", "1 ", "1_000"], &not),
        (&["1,5", "1.2.3", "0x10", "NaN", "inf", "١", "1e99999999999", "½", "1e-"], &not),
        (&["1e-19", "0.1234567890123456789", "1e-60", "1e-2147483648"], &fine),
        (&["170141183460469231731.687303715884105728", "1e21", "1e2147483647"], &too_large),
        (&["99999999999999999999999999999999999999999"], &too_large),
    ];
    for (texts, why) in table {
        for text in *texts {
            assert_eq!(amount_from_text(text), Err(why(text)), "{text}");
        }
    }
}

#[test]
fn a_rate_and_its_text_are_one() {
    always(1_000, any::<i64>(), |raw| {
        let rate = Rate::new(raw);
        prop_assert_eq!(rate_from_text(&rate_as_text(rate)), Ok(rate));
        Ok(())
    });
    for (text, raw) in [("0", 0), ("1", 10_i64.pow(12)), ("-0.001", -(10_i64.pow(9)))] {
        assert_eq!(rate_as_text(Rate::new(raw)), text);
    }
    assert_eq!(rate_as_text(Rate::new(i64::MIN)), "-9223372.036854775808");
    assert_eq!(rate_from_text("9223372.036854775808"), Err(UnitError::TooLarge));
}

#[test]
fn a_written_size_is_that_size() {
    // 0.3 means 0.3, and so does every decimal of 15 digits: as many as a float keeps.
    let sizes = (1_i64..1_000_000_000_000_000, 0_u32..9);
    always(3_000, sizes, |(raw, places)| {
        let rules = scaled(2, places);
        let text = format!("{raw}e-{places}");
        let value: f64 = text.parse().unwrap();
        prop_assert_eq!(rules.qty_down(value), Ok(Qty::new(raw)), "{}", text);
        prop_assert_eq!(rules.qty_down(-value), Ok(Qty::new(-raw)));
        prop_assert_eq!(Instrument { price_scale: places, ..rules }.price(value).unwrap(), {
            Price::new(raw)
        });
        Ok(())
    });
}

#[test]
fn sizes_fall_to_the_lot_and_prices_to_the_nearest_step() {
    let lots = Instrument { lot: Qty::new(25), ..scaled(2, 4) };
    for (value, wanted) in [
        (0.3, 3_000),
        (0.0049, 25),
        (0.0024, 0),
        (-0.0049, -25),
        (0.0, 0),
        (f64::MIN_POSITIVE, 0),
        (1.00249, 10_000),
    ] {
        assert_eq!(lots.qty_down(value), Ok(Qty::new(wanted)), "{value}");
    }
    for (value, wanted) in [(0.3, 30), (0.305, 31), (0.3049, 30), (-0.305, -31), (0.004, 0)] {
        assert_eq!(lots.price(value), Ok(Price::new(wanted)), "{value}");
    }
    assert_eq!(Instrument { lot: Qty::ZERO, ..lots.clone() }.qty_down(0.3), Ok(Qty::new(3_000)));
    assert_eq!(lots.lots_down(Qty::new(i64::MIN)), Qty::new(i64::MIN + 8));
}

#[test]
fn refuses_floats_that_are_no_number_or_do_not_fit() {
    let rules = scaled(8, 8);
    let check = |value: f64, why: UnitError| {
        assert_eq!(rules.price(value), Err(why.clone()), "{value}");
        assert_eq!(rules.qty_down(value), Err(why.clone()), "{value}");
        assert_eq!(rules.tick_down(value), Err(why.clone()), "{value}");
        assert_eq!(rules.tick_up(value), Err(why.clone()), "{value}");
        assert_eq!(rate_down(value), Err(why), "{value}");
    };
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        check(value, UnitError::NotFinite);
    }
    for value in [1e12, -1e12, f64::MAX, f64::MIN] {
        check(value, UnitError::TooLarge);
    }
    assert!(rules.price(92_233_720_368.0).is_ok());
    assert_eq!(rate_down(0.999_999_999_999_9), Ok(Rate::new(10_i64.pow(12) - 1)));
    assert_eq!(rate_down(-0.999_999_999_999_9), Ok(Rate::new(1 - 10_i64.pow(12))));
}

#[test]
fn limit_prices_land_on_the_tick_and_are_never_worse_than_asked() {
    let rules = Instrument { tick: Price::new(25), ..scaled(2, 4) };
    for (value, below, above) in [
        (1.0, 100, 100),
        (1.01, 100, 125),
        (1.24, 100, 125),
        (1.25, 125, 125),
        (0.1, 0, 25),
        (-0.1, -25, 0),
    ] {
        let (down, up) = (rules.tick_down(value).unwrap(), rules.tick_up(value).unwrap());
        assert_eq!((down, up), (Price::new(below), Price::new(above)), "{value}");
        assert_eq!((down.mantissa() % 25, up.mantissa() % 25), (0, 0));
    }
    let coarse = Instrument { tick: Price::new(i64::MAX - 1), ..rules };
    assert_eq!(coarse.tick_up(90_000_000_000_000_000.0), Ok(Price::new(i64::MAX - 1)));
    let none = Instrument { tick: Price::ZERO, ..coarse };
    assert_eq!(none.tick_down(1.0), Err(UnitError::TooLarge));
}

/// What `qty` costs with its fee, as it is booked.
fn cost(rules: &Instrument, price: Price, qty: Qty, fee: Rate) -> Result<Amount, Overflow> {
    let notional = rules.notional(price, qty)?;
    notional.plus(notional.times(fee, Rounding::Up)?)
}

#[test]
fn a_budget_is_never_overspent_and_never_leaves_a_lot() {
    let scales = (0_u32..=18, 0_u32..=18, 0_i64..2_000_000_000_000, 1_i64..1_000);
    let money = (1_i64..i64::MAX, 0_u32..63, 0_i128..i128::MAX, 0_u32..126);
    always(4_000, (scales, money), |((price_scale, qty_scale, fee, lot), money)| {
        let (price, price_shift, budget, budget_shift) = money;
        let rules = Instrument { lot: Qty::new(lot), ..scaled(price_scale, qty_scale) };
        let price = Price::new((price >> price_shift).max(1));
        let (budget, fee) = (Amount::new(budget >> budget_shift), Rate::new(fee));
        let Ok(qty) = rules.qty_for(budget, price, fee) else {
            return Ok(());
        };
        prop_assert_eq!(rules.lots_down(qty), qty);
        prop_assert!(!qty.is_negative());
        let spent = cost(&rules, price, qty, fee).unwrap();
        prop_assert!(spent <= budget, "{:?} of {:?} for {:?}", spent, budget, qty);
        // One lot more costs too much; where notionals are rounded, to within the rounding.
        let slack = Amount::new(if price_scale + qty_scale > 18 { 6 } else { 0 });
        let more = qty.plus(rules.lot).and_then(|more| cost(&rules, price, more, fee));
        if let Ok(more) = more.and_then(|more| more.plus(slack)) {
            prop_assert!(more > budget, "{:?} leaves {:?}", qty, budget);
        }
        Ok(())
    });
}

#[test]
fn a_budget_is_not_overspent_by_the_last_unit() {
    // 1,050 steps are worth 10.5, booked as 11, and a fee of 0.5 is booked as 1: 12 of 11.
    let rules = scaled(12, 8);
    let (price, budget) = (Price::new(1), Amount::new(11));
    let qty = rules.qty_for(budget, price, rate("0.047619")).unwrap();
    let spent = cost(&rules, price, qty, rate("0.047619")).unwrap();
    assert!(spent <= budget, "{spent:?} of {budget:?}");
}

#[test]
fn what_does_not_fit_is_an_error() {
    let wide = scaled(0, 0);
    let most = (Price::new(i64::MAX), Qty::new(i64::MAX));
    assert_eq!(wide.notional(most.0, most.1), Err(Overflow));
    assert_eq!(wide.base_amount(most.1), Ok(Amount::new(i128::from(i64::MAX) * ONE)));
    assert_eq!(wide.moved(most.0, rate("0.1")), Err(Overflow));
    assert_eq!(wide.moved(most.0, Rate::new(i64::MAX)), Err(Overflow));
    assert_eq!(wide.qty_for(amount("1"), Price::ZERO, Rate::ZERO), Err(Overflow));
    assert_eq!(wide.qty_for(amount("1"), Price::new(1), Rate::new(i64::MAX)), Err(Overflow));
    let fine = scaled(18, 18);
    assert_eq!(fine.qty_for(Amount::new(i128::MAX), Price::new(1), Rate::ZERO), Err(Overflow));
}

#[test]
fn a_notional_is_price_times_size() {
    let table: &[(u32, u32, i64, i64, i128)] = &[
        (2, 4, 4_250_075, 3_000, 12_750_225 * ONE / 1_000),
        (2, 4, 4_250_075, -3_000, -12_750_225 * ONE / 1_000),
        (9, 9, 1, 1, 1),
        (12, 8, 1, 49, 0),
        (12, 8, 1, 50, 1),
        (12, 8, 1, -50, -1),
        (18, 18, 1, i64::MAX, 9),
        (0, 0, 3, 2, 6 * ONE),
    ];
    for (price_scale, qty_scale, price, qty, wanted) in table {
        let rules = scaled(*price_scale, *qty_scale);
        let got = rules.notional(Price::new(*price), Qty::new(*qty));
        assert_eq!(got, Ok(Amount::new(*wanted)), "{price} × {qty}");
    }
}

#[test]
fn an_assumed_scale_keeps_a_price_of_any_size() {
    for exponent in -9..=8 {
        for mantissa in [1.0, 1.234_567_89, 9.999_999_99] {
            let first: f64 = format!("{mantissa}e{exponent}").parse().unwrap();
            let rules = Instrument::assumed("file:X", first, rate("0.001")).unwrap();
            assert!((8..=18).contains(&rules.price_scale), "{first}: {}", rules.price_scale);
            let tick = rules.price_as_f64(rules.tick);
            assert!((tick / 1e-8 - 1.0).abs() < 1e-12, "{first}: a tick of {tick}");
            // Slippage of a basis point is still a basis point.
            let kept = rules.price_as_f64(rules.price(first).unwrap());
            assert!((kept / first - 1.0).abs() <= 1e-9, "{first}: {kept}");
            let slipped = rules.moved(rules.price(first).unwrap(), rate("0.0001")).unwrap();
            let slip = rules.price_as_f64(slipped) / first - 1.0;
            assert!((slip / 0.000_1 - 1.0).abs() < 2e-4, "{first}: a slip of {slip}");
            // There is room to rise: at least ninetyfold.
            assert!(rules.price(first * 90.0).is_ok(), "{first}");
            // A decimal coarser for each decimal that the price lies under 0.01.
            let places = u32::try_from(8 + (exponent + 2).min(0)).unwrap();
            assert_eq!((rules.lot, rules.qty_scale), (Qty::new(1), places), "{first}");
            // A hundred million of the quote currency can be held of it.
            let notional = amount("100000000");
            let price = rules.price(first).unwrap();
            assert!(rules.qty_worth(notional, price).is_ok(), "{first}");
        }
    }
    let bitcoin = Instrument::assumed("file:X", 42_283.58, Rate::ZERO).unwrap();
    assert_eq!(bitcoin.price(42_283.58), Ok(Price::new(4_228_358_000_000)));
}

#[test]
fn refuses_to_assume_from_nothing() {
    for symbol in ["", "BTCUSDT", ":BTC", "file:", ":"] {
        let got = Instrument::assumed(symbol, 1.0, Rate::ZERO);
        assert_eq!(got, Err(UnitError::NotAnInstrument(symbol.to_owned())));
    }
    for price in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let got = Instrument::assumed("file:X", price, Rate::ZERO);
        assert_eq!(got, Err(UnitError::NotFinite), "{price}");
    }
    let rules = Instrument::assumed("file:A:B", 1.0, Rate::ZERO).unwrap();
    assert_eq!((rules.venue(), rules.symbol.as_str()), ("file", "file:A:B"));
    assert_eq!(InstrumentId(3).index(), 3);
}

#[test]
fn measures_are_the_same_numbers_as_floats() {
    let rules = scaled(2, 4);
    assert_eq!(rules.price_as_f64(Price::new(12_345)).to_bits(), 123.45_f64.to_bits());
    assert_eq!(rules.qty_as_f64(Qty::new(-3_000)).to_bits(), (-0.3_f64).to_bits());
    assert_eq!(amount_as_f64(amount("-1.25")).to_bits(), (-1.25_f64).to_bits());
    assert_eq!(rate_as_f64(rate("0.001")).to_bits(), 0.001_f64.to_bits());
}

#[test]
fn prices_round_as_floats_do_halves_away_from_zero() {
    let rules = Instrument::listed("test:X", 100.0, "1", "1").unwrap();
    assert_eq!(rules.price_scale, 9);
    let scale = 1e9;
    let check = |value: f64| {
        #[allow(clippy::cast_possible_truncation, reason = "the cases are small")]
        let wanted = (value * scale).round() as i64;
        assert_eq!(rules.price(value).unwrap().mantissa(), wanted, "{value}");
    };
    for value in [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, 0.499_999_999_999_999_94, 4_503_599_627.5] {
        for value in [value, -value, value / scale, -value / scale] {
            check(value);
        }
    }
    always(5_000, -1e6_f64..1e6, |value| {
        check(value);
        check((value * 2.0).round() / 2.0 / scale);
        Ok(())
    });
}
