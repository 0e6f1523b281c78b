//! The ledger over several assets: fees in any of them, transfers, funding, trades of others; what
//! the account is worth; dust. The judge is a plain ledger in whole integers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use std::collections::BTreeMap;

use bot4_engine::asset::Asset;
use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Bar, Booking, Entry, Event, Execution, Intent, OrderTerms, Side, SleeveId, TradeId,
    Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId, VenueId};
use bot4_engine::journal::Record;
use bot4_engine::portfolio::{Party, Portfolio, Trade};
use bot4_engine::risk::Refusal;
use bot4_engine::risk::limits::Profile;
use bot4_engine::units::{Amount, Nanos, Price, Qty};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{always, amount, instrument, rate};

const ONE: i128 = 10_i128.pow(18);
/// Price steps of 10⁻², size steps of 10⁻⁴.
const NOTIONAL: i128 = 10_i128.pow(12);
const BASE: i128 = 10_i128.pow(14);

fn asset(name: &str) -> Asset {
    Asset::named(name).unwrap()
}

fn pair(symbol: &str, base: &str, quote: &str) -> Instrument {
    let named = Instrument { symbol: symbol.to_owned(), ..instrument() };
    named.trading(asset(base), asset(quote)).unwrap()
}

/// BTC and ETH for USDT at one venue, ETH for BTC there, BTC for USD at another.
fn market() -> Vec<Instrument> {
    vec![
        pair("near:BTCUSDT", "BTC", "USDT"),
        pair("near:ETHUSDT", "ETH", "USDT"),
        pair("near:ETHBTC", "ETH", "BTC"),
        pair("far:BTCUSD", "BTC", "USD"),
    ]
}

fn entry(name: u128, booking: Booking) -> Entry {
    Entry { ts: Nanos::new(1), venue: VenueId(0), name: TradeId::new(name), booking }
}

fn transfer(name: u128, of: &str, text: &str) -> Entry {
    entry(name, Booking::Transfer { asset: asset(of), amount: amount(text) })
}

#[test]
fn names_of_assets_come_back_as_they_were() {
    for name in ["BTC", "1MBABYDOGE", "₿", "1234567890123456", "USDT.F"] {
        let asset = Asset::named(name).unwrap();
        assert_eq!((asset.name(), Asset::from_bytes(asset.bytes())), (name, Some(asset)));
    }
    for name in ["", "12345678901234567", "a\0b"] {
        assert_eq!(Asset::named(name), None, "{name:?}");
    }
    let (one, other) = ("a history with a long name 1", "a history with a long name 2");
    assert_ne!(Asset::of_name(one), Asset::of_name(other));
    assert_eq!(Asset::from_bytes([0; 16]), None);
    assert_eq!(Asset::from_bytes([0xFF; 16]), None);
}

#[test]
fn agrees_with_plain_sums_whatever_fees_are_paid_in() {
    let fees = select(vec![None, Some("USDT"), Some("BTC"), Some("ETH"), Some("BNB")]);
    let one = (0_usize..4, any::<bool>(), 1_i64..10_000, 1_i64..1_000, -99_i64..99_999, fees);
    always(300, vec(one, 1..60), |trades| {
        let instruments = market();
        let mut ours = Portfolio::new(&instruments, 1);
        let mut plain: BTreeMap<(u32, &str), i128> = BTreeMap::new();
        let mut paid: BTreeMap<(u32, &str), i128> = BTreeMap::new();
        let (mut bought, mut shed) = ([0_i64; 4], [0_i64; 4]);
        for (place, buys, price, qty, fee, fee_in) in trades {
            let (rules, venue) = (&instruments[place], u32::from(place == 3));
            let side = if buys { Side::Buy } else { Side::Sell };
            let trade = Trade {
                instrument: InstrumentId(u32::try_from(place).unwrap()),
                side,
                price: Price::new(price),
                qty: Qty::new(qty),
                fee: Amount::new(fee.into()),
                fee_asset: fee_in.map(asset),
                sleeve: Some(SleeveId(0)),
            };
            ours.on_trade(rules, &trade).unwrap();
            let (sign, names) = (i128::from(side.sign()), ["BTC", "ETH", "ETH", "BTC"]);
            let quote = ["USDT", "USDT", "BTC", "USD"][place];
            *plain.entry((venue, names[place])).or_default() += sign * i128::from(qty) * BASE;
            *plain.entry((venue, quote)).or_default() -=
                sign * i128::from(price) * i128::from(qty) * NOTIONAL;
            let fee_in = fee_in.unwrap_or(quote);
            *plain.entry((venue, fee_in)).or_default() -= i128::from(fee);
            *paid.entry((venue, fee_in)).or_default() += i128::from(fee);
            bought[place] += side.sign() * qty;
            // The smallest size covers every fee here.
            shed[place] += i64::from(fee_in == names[place] && fee > 0);
        }
        for pocket in ours.pockets() {
            let (venue, asset) = (pocket.venue.0, pocket.asset);
            let of = |sums: &BTreeMap<(u32, &str), i128>| {
                sums.get(&(venue, asset.name())).copied().unwrap_or_default()
            };
            prop_assert_eq!(pocket.ours().mantissa(), of(&plain), "{}", asset);
            prop_assert_eq!(pocket.balances.of(Party::Fees).mantissa(), of(&paid), "{}", asset);
            prop_assert!(pocket.balances.sum().unwrap().is_zero());
            // What is owned is what positions hold and what is loose.
            let held = instruments.iter().zip(ours.positions()).zip([0, 0, 0, 1]);
            let held: i128 = held
                .filter(|((rules, _), of)| (rules.base, *of) == (asset, venue))
                .map(|((_, position), _)| i128::from(position.qty.mantissa()) * BASE)
                .sum();
            prop_assert_eq!(pocket.ours().mantissa(), held + pocket.loose.mantissa());
        }
        for place in 0..4 {
            prop_assert_eq!(ours.positions()[place].qty.mantissa(), bought[place] - shed[place]);
        }
        Ok(())
    });
}

#[test]
fn a_fee_in_the_base_leaves_what_can_be_sold_and_dust() {
    let (instruments, id) = (market(), InstrumentId(0));
    let mut ours = Portfolio::new(&instruments, 1);
    let trade = Trade {
        instrument: id,
        side: Side::Buy,
        price: Price::new(10_000),
        qty: Qty::new(10_000),
        // A tenth of a percent and a little: 0.00100001 of 1 BTC, the smallest size being 0.0001.
        fee: amount("0.00100001"),
        fee_asset: Some(asset("BTC")),
        sleeve: Some(SleeveId(0)),
    };
    ours.on_trade(&instruments[0], &trade).unwrap();
    let (position, pocket) = (ours.position(id), ours.pocket(VenueId(0), asset("BTC")).unwrap());
    assert_eq!((position.qty, position.cost), (Qty::new(9_989), amount("99.89")));
    assert_eq!((pocket.ours(), pocket.loose), (amount("0.99899999"), amount("0.00009999")));
    assert_eq!(position.realised, Amount::ZERO, "bought and paid with at one price");
    assert_eq!(position.unrealised(&instruments[0], Price::new(20_000)), Ok(amount("99.89")));
}

struct Desk {
    bot: Bot,
    out: Output,
    now: i64,
}

impl Desk {
    fn new(instruments: Vec<Instrument>) -> Self {
        let sleeve = |id: u32| Sleeve {
            strategy: "by hand".to_owned(),
            instrument: InstrumentId(id),
            allocation: rate("1"),
            decides: Decides::Outside,
        };
        let sleeves = (0..u32::try_from(instruments.len()).unwrap()).map(sleeve).collect();
        let profile = Profile::named("unleveraged").unwrap();
        let bot = Bot::new(instruments, sleeves, profile, 1);
        Self { bot, out: Output::default(), now: 0 }
    }

    fn tell(&mut self, event: &Event) {
        self.out.clear();
        self.bot.on(event, &mut self.out).unwrap();
    }

    fn book(&mut self, entry: Entry) {
        self.tell(&Event::Booked(entry));
    }

    fn price(&mut self, place: u32, price: f64) {
        self.now += 1;
        let (open_ns, close_ns) = (Nanos::new(self.now - 1), Nanos::new(self.now));
        let bar = Bar {
            instrument: InstrumentId(place),
            open_ns,
            close_ns,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 1.0,
        };
        self.tell(&Event::Bar(bar));
        self.tell(&Event::Time(close_ns));
    }

    fn equity(&self) -> Amount {
        self.bot.account().equity
    }

    /// What comes of wanting a fraction: the order's budget, or why not.
    fn target(&mut self, place: u32, fraction: f64) -> Result<Option<Action>, Refusal> {
        let want = Want::Target { fraction, band: None, execution: Execution::Cross };
        self.want(place, want)
    }

    fn want(&mut self, place: u32, want: Want) -> Result<Option<Action>, Refusal> {
        self.tell(&Event::Intent(Intent { sleeve: SleeveId(place), want }));
        match self.out.records.last() {
            Some(&Record::Refused { refusal, .. }) => Err(refusal),
            Some(_) | None => Ok(self.out.actions.first().copied()),
        }
    }
}

#[test]
fn what_comes_from_outside_is_booked_once_and_is_no_profit() {
    let mut desk = Desk::new(market());
    desk.price(0, 100.0);
    desk.book(transfer(1, "USDT", "1000"));
    desk.book(transfer(2, "BTC", "0.5"));
    desk.book(transfer(2, "BTC", "0.5"));
    assert_eq!(desk.out.records, [], "the same transfer told twice");
    assert_eq!((desk.equity(), desk.bot.ignored().twice), (amount("1050"), 1));
    let (peak, _) = desk.bot.state().monitor().peak_and_day_start();
    assert_eq!(peak, amount("1050"), "neither is a gain");
    desk.price(0, 200.0);
    assert_eq!(desk.equity(), amount("1100"), "what lies loose is worth its price");
    desk.book(entry(1, Booking::Funding { instrument: InstrumentId(0), amount: amount("-3") }));
    let (peak, _) = desk.bot.state().monitor().peak_and_day_start();
    assert_eq!((desk.equity(), peak), (amount("1097"), amount("1100")), "funding is a loss");
    let side = Side::Buy;
    let (price, qty, fee) = (Price::new(20_000), Qty::new(10_000), amount("1"));
    let (instrument, fee_asset) = (InstrumentId(0), None);
    desk.book(entry(7, Booking::Trade { instrument, side, price, qty, fee, fee_asset }));
    let state = desk.bot.state();
    assert_eq!(state.exposure(instrument).position, qty, "a manual trade is of the position");
    assert_eq!(state.portfolio().share(SleeveId(0)).qty, Qty::ZERO, "and of no strategy");
    assert_eq!(desk.equity(), amount("1096"));
    assert!(state.portfolio().pockets().iter().all(|one| one.balances.sum().unwrap().is_zero()));
}

#[test]
fn a_debt_without_a_price_lets_nothing_new_through() {
    let mut desk = Desk::new(market());
    desk.price(0, 100.0);
    desk.book(transfer(1, "USDT", "1000"));
    desk.book(transfer(2, "BNB", "5"));
    assert_eq!(desk.equity(), amount("1000"), "what has no price is worth nothing");
    desk.book(transfer(3, "BNB", "-6"));
    assert_eq!(desk.target(0, 0.5), Err(Refusal::NoPrice));
    let (ts, worth) = (Nanos::new(9), amount("10"));
    desk.tell(&Event::Rate { ts, asset: asset("BNB"), worth });
    assert_eq!(desk.equity(), amount("990"));
    assert!(matches!(desk.target(0, 0.4), Ok(Some(Action::Place { .. }))));
}

#[test]
fn an_order_is_sized_and_paid_in_the_currency_of_its_instrument() {
    let mut desk = Desk::new(market());
    desk.book(transfer(1, "USDT", "1000"));
    desk.price(0, 100.0);
    desk.price(1, 50.0);
    desk.price(2, 0.5);
    desk.price(3, 100.0);
    assert_eq!(desk.target(2, 0.1), Err(Refusal::FreeCash), "no BTC to pay with");
    desk.book(transfer(2, "BTC", "10"));
    assert_eq!(desk.equity(), amount("2000"));
    assert_eq!(desk.bot.account_of(InstrumentId(2)).equity, amount("20"));
    let Ok(Some(Action::Place { order, .. })) = desk.target(2, 0.2) else {
        panic!("{:?}", desk.out);
    };
    // A tenth of a percent of fee lies on top of what is bought.
    assert_eq!(order.reserve, amount("4"), "in BTC");
    assert_eq!(desk.bot.account().reserved, Amount::ZERO, "and none of the USDT");
    assert_eq!(desk.bot.account().working_short, Some(amount("400")), "but in the gross cap");
    assert_eq!(desk.target(3, 0.1), Err(Refusal::NoEquity), "nobody said what a USD is worth");
    let worth = Amount::new(ONE);
    desk.tell(&Event::Rate { ts: Nanos::new(9), asset: asset("USD"), worth });
    assert_eq!(desk.target(3, 0.2), Err(Refusal::FreeCash), "and there is none");
}

#[test]
fn dust_is_flat_and_nothing_is_sent_for_it() {
    let rules = Instrument { notional_min: amount("5"), ..pair("near:BTCUSDT", "BTC", "USDT") };
    let mut desk = Desk::new(vec![rules]);
    desk.book(transfer(1, "USDT", "1000"));
    desk.price(0, 100.0);
    let trade = |name, side, qty| {
        let (price, qty, fee) = (Price::new(10_000), Qty::new(qty), Amount::ZERO);
        let (instrument, fee_asset) = (InstrumentId(0), None);
        entry(name, Booking::Trade { instrument, side, price, qty, fee, fee_asset })
    };
    desk.book(trade(1, Side::Buy, 499));
    assert!(desk.bot.is_flat(InstrumentId(0)), "4.99 of a least order of 5");
    assert_eq!(desk.target(0, 0.0), Ok(None));
    desk.book(trade(2, Side::Buy, 1));
    assert!(!desk.bot.is_flat(InstrumentId(0)));
    let (side, limit, terms) = (Side::Sell, None, OrderTerms::default());
    let sold = desk.want(0, Want::Trade { side, qty: 0.05, limit, terms });
    assert!(matches!(sold, Ok(Some(Action::Place { .. }))), "{sold:?}");
}
