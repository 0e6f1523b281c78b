//! The numbers of a run, against the same numbers worked out plainly.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::event::{Bar, Fill, NewOrder, OrderId, OrderTerms, Side, Size, SleeveId};
use bot4_engine::exposure::Account;
use bot4_engine::instrument::{InstrumentId, amount_as_f64};
use bot4_engine::journal::{Record, State};
use bot4_engine::report::{Metrics, Report, Trade};
use bot4_engine::risk::Refusal;
use bot4_engine::units::{Amount, Nanos, Price, Qty};

use crate::market::{
    HOUR, START, amount, decided, history, instrument, ns, profile, run, settings, sleeve,
    sma_cross, trade, walk,
};

const HERE: InstrumentId = InstrumentId(0);

fn bar(open_ns: Nanos, close_ns: Nanos) -> Bar {
    let (open, high, low, close, volume) = (1.0, 1.0, 1.0, 1.0, 0.0);
    Bar { instrument: HERE, open_ns, close_ns, open, high, low, close, volume }
}

/// A report of 100 in cash, with equity at so many hours since the start.
fn report_of(curve: &[(i64, &str)]) -> Report {
    let (mut report, state) = (Report::new(1, curve.len()), State::new(vec![instrument()], 1, 0));
    let deposit = Record::Deposit { ts: ns(START), amount: amount("100") };
    report.on_record(&deposit, &state).unwrap();
    for (hour, equity) in curve {
        let ts = ns(START + hour * HOUR);
        // The first bar begins at the start, however late it ends.
        report.on_bar(&bar(ns(START), ts));
        let (cash, equity) = (amount("100"), amount(equity));
        // Something is held where equity is not cash.
        let gross = if equity == cash { Amount::ZERO } else { amount("1") };
        report.on_moment(ts, &Account { cash, equity, gross, ..Account::default() });
    }
    report
}

fn near(got: Option<f64>, wanted: f64, name: &str) {
    let got = got.unwrap_or(f64::NAN);
    assert!((got - wanted).abs() <= 1e-12 * wanted.abs().max(1.0), "{name}: {got}, not {wanted}");
}

#[test]
fn the_figures_are_what_a_page_of_arithmetic_gives() {
    // Two moments a day; midnight belongs to the day that ends; then a long gap.
    let curve = [
        (12, "110"),
        (24, "105"),
        (36, "90"),
        (48, "99"),
        (60, "120"),
        (72, "118.8"),
        (96, "100"),
        (24 * 40, "130"),
    ];
    let metrics = report_of(&curve).metrics().unwrap();
    // From one day's last equity to the next.
    let closes = [100.0, 105.0, 99.0, 118.8, 100.0, 130.0_f64];
    let returns: Vec<f64> = closes.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    let count = 5.0;
    let mean = returns.iter().sum::<f64>() / count;
    let variance = returns.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / (count - 1.0);
    let downside = returns.iter().map(|r| r.min(0.0) * r.min(0.0)).sum::<f64>() / count;
    // Five days with bars in forty: 45.6 in a year.
    let year = 46.0_f64;
    near(metrics.total_return, 0.3, "total return");
    near(metrics.sharpe, mean / variance.sqrt() * year.sqrt(), "sharpe");
    near(metrics.sortino, mean / downside.sqrt() * year.sqrt(), "sortino");
    let growth = power(1.3, 365.0 / 40.0) - 1.0;
    near(metrics.cagr, growth, "cagr");
    // From 110 to 90.
    let fall = 1.0 - 90.0 / 110.0;
    near(Some(metrics.max_drawdown), fall, "drawdown");
    near(metrics.calmar, growth / fall, "calmar");
    near(metrics.exposure, 7.0 / 8.0, "exposure");
    near(metrics.turnover, 0.0, "turnover");
    let ends = [metrics.initial_equity, metrics.final_equity].map(f64::to_bits);
    assert_eq!(ends, [100.0_f64, 130.0].map(f64::to_bits));
}

/// A power with nothing but square roots and products.
fn power(of: f64, exponent: f64) -> f64 {
    let (mut result, mut factor, mut left) = (1.0, of, exponent);
    while left >= 1.0 {
        (result, left) = (result * of, left - 1.0);
    }
    for _ in 0..60 {
        (factor, left) = (factor.sqrt(), left * 2.0);
        if left >= 1.0 {
            (result, left) = (result * factor, left - 1.0);
        }
    }
    result
}

#[test]
fn what_cannot_be_told_is_absent() {
    let none = report_of(&[]).metrics().unwrap();
    let empty = Metrics {
        initial_equity: 100.0,
        final_equity: 100.0,
        total_return: Some(0.0),
        ..Metrics::default()
    };
    assert_eq!(none, empty);
    // One day: no spread of returns, no loss, and too short for growth.
    let day = report_of(&[(5, "99"), (10, "101")]).metrics().unwrap();
    let ratios = (day.sharpe, day.sortino, day.calmar, day.win_rate, day.profit_factor, day.cagr);
    assert_eq!(ratios, (None, None, None, None, None, None));
    // Growth from thirty days on.
    let grown = |hours| report_of(&[(24, "99"), (hours, "101")]).metrics().unwrap();
    assert!(grown(30 * 24 - 1).cagr.is_none() && grown(30 * 24).cagr.is_some());
    // Nothing ever happens.
    let still = report_of(&[(5, "100"), (30, "100"), (24 * 60, "100")]).metrics().unwrap();
    assert_eq!((still.sharpe, still.sortino, still.calmar), (None, None, None));
    assert_eq!((still.cagr, still.exposure), (Some(0.0), Some(0.0)));
    // No day is lost: no downside to divide by.
    let rising = report_of(&[(24, "101"), (48, "103"), (24 * 60, "104")]).metrics().unwrap();
    assert_eq!((rising.sortino, rising.calmar), (None, None));
    assert!(rising.sharpe.is_some() && rising.cagr.is_some());
    // All is lost, and more: no growth and no ratios, whatever came after.
    let ruined = report_of(&[(24, "50"), (48, "-1"), (24 * 60, "70")]).metrics().unwrap();
    assert_eq!((ruined.cagr, ruined.sharpe, ruined.sortino), (None, None, None));
    near(Some(ruined.max_drawdown), 1.01, "more than everything");
    assert!(Report::default().metrics().unwrap().total_return.is_none());
}

#[test]
fn returns_are_annualised_by_the_days_there_were() {
    let check = |name: &str, hours: [i64; 3], a_year: f64| {
        let curve = [(hours[0], "110"), (hours[1], "99"), (hours[2], "120")];
        let returns = [0.1, 99.0 / 110.0 - 1.0, 120.0 / 99.0 - 1.0];
        let mean = returns.iter().sum::<f64>() / 3.0;
        let variance = returns.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / 2.0;
        let sharpe = mean / variance.sqrt() * a_year.sqrt();
        near(report_of(&curve).metrics().unwrap().sharpe, sharpe, name);
    };
    check("days", [24, 48, 72], 365.0);
    check("weeks", [24 * 7, 24 * 14, 24 * 21], 52.0);
    check("a first and a last day that are parts", [12, 36, 50], 365.0);
}

/// Fills of (side, price in steps, size in steps, fee in units), an hour and a bar each.
fn traded(fills: &[(Side, i64, i64, i64)]) -> Report {
    let (mut report, mut state) = (Report::new(1, 0), State::new(vec![instrument()], 1, 0));
    let mut keep = |report: &mut Report, record: Record| {
        state.apply(&record).unwrap();
        report.on_record(&record, &state).unwrap();
    };
    keep(&mut report, Record::Deposit { ts: ns(START), amount: amount("1000000") });
    for ((side, price, qty, fee), sequence) in fills.iter().zip(0..) {
        let ts = at(sequence);
        let id = OrderId::new(0, sequence);
        let order = NewOrder {
            sleeve: SleeveId(0),
            instrument: HERE,
            side: *side,
            size: Size::Base(Qty::new(*qty)),
            limit: None,
            reserve: Amount::ZERO,
            terms: OrderTerms::default(),
            replaces: None,
        };
        keep(&mut report, Record::Placed { ts, id, order, judged: None });
        let (price, qty) = (Price::new(*price), Qty::new(*qty));
        let fee = Amount::new(i128::from(*fee) * STEP);
        keep(
            &mut report,
            Record::Fill(Fill {
                order: id,
                trade: trade(),
                ts,
                price,
                qty,
                fee,
                fee_asset: None,
                last: true,
            }),
        );
        report.on_bar(&bar(ts, ts.plus(ns(HOUR)).unwrap()));
    }
    report
}

fn at(sequence: u32) -> Nanos {
    ns(START + i64::from(sequence) * HOUR)
}

/// One step of price times one step of size, in units.
const STEP: i128 = 10_i128.pow(12);

/// Side, entry and exit by fill, size in and out, notional in and out, fees, bars held.
type Row = (Side, u32, Option<u32>, [i64; 2], [i128; 2], i128, u64);

fn told(trade: &Trade) -> Row {
    let hour = |ts: Nanos| u32::try_from((ts.mantissa() - START) / HOUR).unwrap();
    (
        trade.side,
        hour(trade.entry),
        trade.exit.map(hour),
        [trade.qty_in.mantissa(), trade.qty_out.mantissa()],
        [trade.notional_in.mantissa() / STEP, trade.notional_out.mantissa() / STEP],
        trade.fees.mantissa() / STEP,
        trade.bars_held,
    )
}

#[test]
fn trades_go_from_flat_to_flat() {
    use Side::{Buy, Sell};
    type Case<'a> = (&'a str, &'a [(Side, i64, i64, i64)], &'a [Row]);
    let table: &[Case<'_>] = &[
        ("none", &[], &[]),
        ("open", &[(Buy, 10, 3, 1)], &[(Buy, 0, None, [3, 0], [30, 0], 1, 1)]),
        (
            "a round trip",
            &[(Buy, 10, 3, 1), (Sell, 12, 3, 2)],
            &[(Buy, 0, Some(1), [3, 3], [30, 36], 3, 1)],
        ),
        (
            "in two, out in two",
            &[(Buy, 10, 3, 1), (Buy, 20, 1, 1), (Sell, 12, 1, 1), (Sell, 13, 3, 1)],
            &[(Buy, 0, Some(3), [4, 4], [50, 51], 4, 3)],
        ),
        (
            "partly closed stays open",
            &[(Sell, 10, 4, 1), (Buy, 8, 1, 1)],
            &[(Sell, 0, None, [4, 1], [40, 8], 2, 2)],
        ),
        (
            "a flip closes one and opens the other, fee and all split",
            &[(Buy, 10, 2, 1), (Sell, 15, 6, 9), (Buy, 10, 4, 2)],
            &[
                (Buy, 0, Some(1), [2, 2], [20, 30], 4, 1),
                (Sell, 1, Some(2), [4, 4], [60, 40], 8, 1),
            ],
        ),
    ];
    for (name, fills, wanted) in table {
        let report = traded(fills);
        let rows: Vec<Row> = report.trades().iter().map(told).collect();
        assert_eq!(rows, *wanted, "{name}");
        let fees: i128 = fills.iter().map(|(.., fee)| i128::from(*fee) * STEP).sum();
        let booked = report.trades().iter().map(|trade| trade.fees.mantissa()).sum::<i128>();
        assert_eq!(booked, fees, "{name}");
        assert_eq!(report.orders(), fills.len() as u64);
    }
}

#[test]
fn wins_and_losses_are_after_fees() {
    use Side::{Buy, Sell};
    // Made 10 less 2, lost 10 and 2, made 2 and paid 2, and one is open.
    let report = traded(&[
        (Buy, 10, 10, 1),
        (Sell, 11, 10, 1),
        (Buy, 10, 10, 1),
        (Sell, 9, 10, 1),
        (Sell, 10, 2, 1),
        (Buy, 9, 2, 1),
        (Buy, 50, 1, 5),
    ]);
    let profits: Vec<_> = report
        .trades()
        .iter()
        .map(|trade| trade.profit().unwrap().map(|profit| profit.mantissa() / STEP))
        .collect();
    assert_eq!(profits, [Some(8), Some(-12), Some(0), None]);
    let metrics = report.metrics().unwrap();
    assert_eq!((metrics.trades, metrics.open_trades, metrics.fills), (3, 1, 7));
    near(metrics.win_rate, 1.0 / 3.0, "win rate");
    near(metrics.profit_factor, 8.0 / 12.0, "profit factor");
    near(Some(metrics.fees_paid * 1e6), 11.0, "fees");
}

#[test]
fn counts_refusals_and_clips_by_reason() {
    let (mut report, state) = (Report::new(1, 0), State::new(vec![instrument()], 1, 0));
    let (ts, sleeve) = (ns(START), SleeveId(0));
    for (place, refusal) in Refusal::ALL.into_iter().enumerate() {
        for _ in 0..place {
            report.on_record(&Record::Refused { ts, sleeve, refusal }, &state).unwrap();
        }
    }
    let limit = Refusal::GrossLimit;
    report.on_record(&Record::Clipped { ts, sleeve, limit }, &state).unwrap();
    let refusals: Vec<_> = report.refusals().collect();
    let wanted: Vec<_> = Refusal::ALL.into_iter().zip(0..).skip(1).collect();
    assert_eq!(refusals, wanted);
    assert_eq!(report.clips().collect::<Vec<_>>(), [(limit, 1)]);
}

#[test]
fn a_whole_run_adds_up() {
    let rows = walk(5, 500, 100.0);
    let sleeves = vec![sleeve(0, "1", decided(sma_cross(3.0, 8.0, 1.0)))];
    let settings = settings(profile("unleveraged", &[]));
    let backtest = run(vec![history("file:X", &rows)], sleeves, &settings);
    let (report, account) = (backtest.report(), backtest.bot().account());
    let metrics = report.metrics().unwrap();
    let curve = report.curve();
    assert_eq!((curve.ts.len(), curve.equity.len(), curve.cash.len()), (500, 500, 500));
    assert_eq!(metrics.final_equity.to_bits(), amount_as_f64(account.equity).to_bits());
    assert_eq!(metrics.fills as usize, report.executions().len());
    let profit: f64 =
        report.trades().iter().filter_map(|trade| trade.profit().unwrap().map(amount_as_f64)).sum();
    let open = report.trades().iter().filter(|trade| trade.exit.is_none()).count();
    assert_eq!(metrics.open_trades as usize, open);
    if open == 0 {
        assert!((10_000.0 + profit - metrics.final_equity).abs() < 1e-6);
    }
    let traded: f64 = report.executions().iter().map(|e| amount_as_f64(e.notional)).sum();
    let mean = curve.equity.iter().sum::<f64>() / 500.0;
    let years = 500.0 * 3_600.0 / 86_400.0 / 365.0;
    near(metrics.turnover, traded / mean / years, "turnover");
    near(Some(metrics.fees_paid), traded * 0.001, "fees");
    let invested = curve.equity.iter().zip(&curve.cash).filter(|(e, c)| e != c).count();
    near(metrics.exposure, f64::from(u32::try_from(invested).unwrap()) / 500.0, "exposure");
    assert_eq!(curve.ts.last(), Some(&(START + 500 * HOUR)));
    assert!(metrics.trades > 10);
}
