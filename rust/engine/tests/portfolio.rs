//! The ledger against a plain model in whole integers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::event::{Side, SleeveId};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::portfolio::{Party, Portfolio, Position, Trade};
use bot4_engine::units::{Amount, Overflow, Price, Qty};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{always, instrument};

const HERE: InstrumentId = InstrumentId(0);

/// Price steps of 10⁻², size steps of 10⁻⁴: a notional is exact at 10⁻⁶, an amount at 10⁻¹⁸.
const NOTIONAL: i128 = 10_i128.pow(12);
const BASE: i128 = 10_i128.pow(14);

/// The same ledger, written plainly; it keeps every fill and adds up anew.
#[derive(Default)]
struct Plain {
    deposits: i128,
    fills: Vec<(Side, i128, i128, i128)>,
}

impl Plain {
    fn cash(&self) -> i128 {
        let paid = |(side, price, qty, fee): &(Side, i128, i128, i128)| {
            -i128::from(side.sign()) * price * qty * NOTIONAL - fee
        };
        self.deposits + self.fills.iter().map(paid).sum::<i128>()
    }

    fn held(&self) -> i128 {
        self.fills.iter().map(|(side, _, qty, _)| i128::from(side.sign()) * qty).sum()
    }

    fn fees(&self) -> i128 {
        self.fills.iter().map(|(_, _, _, fee)| fee).sum()
    }

    /// Equity with the position at `price`.
    fn equity(&self, price: i128) -> i128 {
        self.cash() + self.held() * price * NOTIONAL
    }
}

fn fill(
    ours: &mut Portfolio,
    rules: &Instrument,
    (side, price, qty, fee): (Side, i64, i64, i64),
) -> Result<(), Overflow> {
    let (price, qty, fee) = (Price::new(price), Qty::new(qty), Amount::new(i128::from(fee)));
    let (fee_asset, sleeve) = (None, Some(SleeveId(0)));
    let trade = Trade { instrument: HERE, side, price, qty, fee, fee_asset, sleeve };
    ours.on_trade(rules, &trade)
}

fn agrees(ours: &Portfolio, plain: &Plain, price: i128) -> TestCaseResult {
    let position = ours.position(HERE);
    let [cash, goods] = ours.pockets() else {
        return Err(TestCaseError::fail("two assets"));
    };
    prop_assert_eq!(cash.ours().mantissa(), plain.cash());
    prop_assert_eq!(cash.balances.of(Party::Fees).mantissa(), plain.fees());
    prop_assert_eq!(cash.balances.of(Party::Outside).mantissa(), -plain.deposits);
    prop_assert_eq!((cash.loose, goods.loose), (cash.ours(), Amount::ZERO));
    prop_assert_eq!(ours.share(SleeveId(0)), position);
    prop_assert_eq!(i128::from(position.qty.mantissa()), plain.held());
    prop_assert_eq!(goods.ours().mantissa(), plain.held() * BASE);
    prop_assert!(cash.balances.sum().unwrap().is_zero());
    prop_assert!(goods.balances.sum().unwrap().is_zero());
    // Realised + unrealised − fees is all that equity changed by.
    let unrealised = plain.held() * price * NOTIONAL - position.cost.mantissa();
    let profit = position.realised.mantissa() + unrealised - plain.fees();
    prop_assert_eq!(profit, plain.equity(price) - plain.deposits);
    if position.qty.is_zero() {
        prop_assert!(position.cost.is_zero(), "nothing is held, and it cost {:?}", position.cost);
    } else {
        prop_assert_eq!(position.cost.is_positive(), position.qty.is_positive());
    }
    Ok(())
}

#[test]
fn agrees_with_a_plain_ledger_after_every_fill() {
    let one = (any::<bool>(), 1_i64..100_000_000, 1_i64..1_000, -1_000_i64..1_000_000_000);
    always(300, (vec(one, 1..60), 0_i64..1_000_000), |(fills, deposit)| {
        let (rules, mut ours, mut plain) =
            (instrument(), Portfolio::new(&[instrument()], 1), Plain::default());
        ours.on_deposit(Amount::new(i128::from(deposit))).unwrap();
        plain.deposits = i128::from(deposit);
        for (buys, price, qty, fee) in fills {
            let side = if buys { Side::Buy } else { Side::Sell };
            fill(&mut ours, &rules, (side, price, qty, fee)).unwrap();
            plain.fills.push((side, price.into(), qty.into(), fee.into()));
            agrees(&ours, &plain, i128::from(price))?;
        }
        Ok(())
    });
}

#[test]
fn keeps_the_average_cost() {
    use Side::{Buy, Sell};
    // Fills of (side, price, qty), then quantity, cost and realised profit in steps of 10⁻⁶.
    type Case<'a> = (&'a str, &'a [(Side, i64, i64)], i64, i128, i128);
    let table: &[Case<'_>] = &[
        ("nothing", &[], 0, 0, 0),
        ("a long", &[(Buy, 100, 3)], 3, 300, 0),
        ("a long at two prices", &[(Buy, 100, 3), (Buy, 200, 1)], 4, 500, 0),
        ("half closed", &[(Buy, 100, 3), (Buy, 200, 1), (Sell, 150, 2)], 2, 250, 50),
        ("closed at a loss", &[(Buy, 100, 3), (Sell, 90, 3)], 0, 0, -30),
        ("a short", &[(Sell, 100, 3)], -3, -300, 0),
        ("a short partly covered", &[(Sell, 100, 3), (Buy, 80, 1)], -2, -200, 20),
        ("a short closed at a loss", &[(Sell, 100, 3), (Buy, 110, 3)], 0, 0, -30),
        ("long flips to short", &[(Buy, 100, 3), (Sell, 120, 5)], -2, -240, 60),
        ("short flips to long", &[(Sell, 100, 3), (Buy, 90, 5)], 2, 180, 30),
        ("flat, then again", &[(Buy, 5, 1), (Sell, 7, 1), (Sell, 9, 2)], -2, -18, 2),
    ];
    for (name, fills, qty, cost, realised) in table {
        let (rules, mut ours) = (instrument(), Portfolio::new(&[instrument()], 1));
        for (side, price, qty) in *fills {
            fill(&mut ours, &rules, (*side, *price, *qty, 0)).unwrap();
        }
        let wanted = Position {
            qty: Qty::new(*qty),
            cost: Amount::new(cost * NOTIONAL),
            realised: Amount::new(realised * NOTIONAL),
        };
        assert_eq!(ours.position(HERE), wanted, "{name}");
    }
}

#[test]
fn a_cost_that_does_not_divide_loses_nothing() {
    let (mut ours, rules) =
        (Portfolio::new(&[instrument()], 1), Instrument { qty_scale: 8, ..instrument() });
    // Three steps for 10 units, sold one at a time for nothing: all of the cost is lost, exactly.
    let rules = Instrument { price_scale: 10, ..rules };
    fill(&mut ours, &rules, (Side::Buy, 10, 1, 0)).unwrap();
    fill(&mut ours, &rules, (Side::Buy, 1, 2, 0)).unwrap();
    assert_eq!(ours.position(HERE).cost, Amount::new(12));
    for left in [2, 1, 0] {
        fill(&mut ours, &rules, (Side::Sell, 1, 1, 0)).unwrap();
        assert_eq!(ours.position(HERE).qty, Qty::new(left));
        let Position { cost, realised, .. } = ours.position(HERE);
        let sold = Amount::new(i128::from(3 - left));
        assert_eq!(cost.minus(realised).unwrap(), Amount::new(12).minus(sold).unwrap());
    }
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let rules = Instrument { price_scale: 0, qty_scale: 0, ..instrument() };
    let max = i64::MAX;
    type Case<'a> = (&'a str, i128, (Side, i64, i64, i64));
    let table: &[Case<'_>] = &[
        ("a notional", 0, (Side::Buy, max, max, 0)),
        ("cash", i128::MIN + 1, (Side::Buy, 1, 1, 0)),
        ("the market's cash", i128::MAX, (Side::Sell, 1, 1, 0)),
        ("a fee", i128::MIN + 1 + 10_i128.pow(18), (Side::Buy, 1, 1, 2)),
    ];
    for (name, deposit, trade) in table {
        let mut ours = Portfolio::new(&[instrument()], 1);
        ours.on_deposit(Amount::new(*deposit)).unwrap();
        let before = ours.clone();
        assert_eq!(fill(&mut ours, &rules, *trade), Err(Overflow), "{name}");
        assert_eq!(ours, before, "{name}");
    }
    let mut ours = Portfolio::new(&[instrument()], 1);
    fill(&mut ours, &rules, (Side::Buy, 1, max, 0)).unwrap();
    let before = ours.clone();
    assert_eq!(fill(&mut ours, &rules, (Side::Buy, 1, 1, 0)), Err(Overflow), "a position");
    assert_eq!(ours.on_deposit(Amount::new(i128::MIN)), Err(Overflow), "a deposit");
    assert_eq!(ours, before);
}

#[test]
fn an_instrument_that_is_not_there_cannot_be_filled() {
    let mut ours = Portfolio::new(&[instrument()], 1);
    let before = ours.clone();
    let (price, qty) = (Price::new(1), Qty::new(1));
    let (instrument, side) = (InstrumentId(1), Side::Buy);
    let (fee, fee_asset, sleeve) = (Amount::ZERO, None, None);
    let trade = Trade { instrument, side, price, qty, fee, fee_asset, sleeve };
    let got = ours.on_trade(&market::instrument(), &trade);
    assert_eq!((got, &ours), (Err(Overflow), &before));
    assert_eq!(ours.position(InstrumentId(1)), Position::default());
    assert_eq!(ours.positions().len(), 1);
}
