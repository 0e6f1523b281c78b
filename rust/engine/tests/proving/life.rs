//! An account from its first day to its last: a market, a crowd, the engine's own session, and the
//! judge beside it.

use bot4_engine::bot::Bot;
use bot4_engine::event::{Bar, BreakerState, Component, Event, OrderId, TradingState};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::{Record, State};
use bot4_engine::risk::breaker::Breakers;
use bot4_engine::risk::limits::Profile;
use bot4_engine::session::{Driver, KeepError, Session};
use bot4_engine::units::Amount;
use bot4_engine::venue::{Act, Paper, PaperRules, Venue};

use super::crowd::Crowd;
use super::judge::Judge;
use super::tally::Tally;
use super::weather::{BARS_A_YEAR, Mode, Sight, Weather};
use crate::market::{START, amount, ns, rate};

/// What is traded: at venues of every ability, fine and coarse ticks, some with a least notional.
const LISTED: [(&str, f64, &str, &str, &str); 12] = [
    ("file:A", 60_000.0, "0.00000001", "0.00000001", "0"),
    ("binance:B", 3_000.0, "0.01", "0.0001", "5"),
    ("kraken:C", 150.0, "0.01", "0.001", "5"),
    ("coinbase:D", 40.0, "0.01", "0.01", "1"),
    ("binance:E", 0.5, "0.0001", "0.1", "5"),
    ("kraken:F", 0.08, "0.00001", "1", "1"),
    ("file:G", 1.0, "0.00000001", "0.00000001", "0"),
    ("binance:H", 600.0, "0.1", "0.001", "10"),
    ("kraken:I", 12.0, "0.001", "0.01", "0"),
    ("coinbase:J", 0.2, "0.0001", "1", "1"),
    ("binance:K", 25.0, "0.01", "0.01", "5"),
    ("file:L", 7.0, "0.001", "0.001", "0"),
];

/// What an account starts with, and what its venue takes.
const CASH: &str = "1000000";
const FEE: &str = "0.001";
const SLIPPAGE: &str = "0.0005";

pub(crate) fn instruments() -> Vec<Instrument> {
    let listed = |(symbol, price, tick, lot, least): (&str, f64, &str, &str, &str)| {
        let rules = Instrument::listed(symbol, price, tick, lot).unwrap();
        rules.at_least(least).unwrap().with_fees(rate(FEE), rate(FEE))
    };
    LISTED.into_iter().map(listed).collect()
}

/// How an account lives.
pub(crate) struct Life {
    pub(crate) seed: u64,
    pub(crate) years: u64,
    pub(crate) mode: Mode,
    pub(crate) profile: Profile,
    /// The venue lends cash and base, whatever the profile allows.
    pub(crate) lends: bool,
}

/// What became of it.
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    /// What the account came to, of what it started with.
    pub(crate) grown: f64,
    pub(crate) gaps: u64,
}

struct Living {
    judge: Judge,
    crowd: Crowd,
}

impl Driver for Living {
    fn keep(&mut self, event: u64, records: &[Record], state: &State) -> Result<(), KeepError> {
        self.judge.on_records(event, records, state);
        Ok(())
    }

    fn recalled(&mut self, _: &Record, _: &State) {}

    fn release(&mut self, _: OrderId) -> Result<(), KeepError> {
        Ok(())
    }

    fn settle(&mut self) -> Result<(), KeepError> {
        Ok(())
    }

    fn ask(&mut self, bot: &Bot, _: &[Bar], told: &mut Vec<Event>) -> Result<(), KeepError> {
        self.crowd.ask(bot, told);
        Ok(())
    }

    fn acted(&mut self, _: u64, _: &[Act]) -> Result<(), KeepError> {
        Ok(())
    }

    fn done(&mut self, _: u64) -> Result<(), KeepError> {
        Ok(())
    }
}

impl Life {
    /// Live it, with this crowd.
    pub(crate) fn live(&self, crowd: Crowd) -> Outcome {
        let rules = instruments();
        let Profile { borrowing, shorting, .. } = self.profile;
        let (borrowing, shorting) = (borrowing || self.lends, shorting || self.lends);
        let paper = PaperRules { slippage: rate(SLIPPAGE), borrowing, shorting };
        let venue = Venue::Bars(Paper::new(paper, rules.clone()));
        let bot = Bot::new(rules.clone(), crowd.sleeves(), self.profile.clone(), 0);
        let mut session = Session::new(bot, venue, None, None);
        let named = format!("seed {} ({:?}, {})", self.seed, self.mode, self.profile.name);
        let judge = Judge::new(named, &rules, &self.profile);
        let mut living = Living { judge, crowd };
        session.deposit(ns(START), amount(CASH), &mut living).unwrap();
        let prices = LISTED.map(|(_, price, ..)| price);
        let mut weather = Weather::new(self.mode, self.seed, &prices);
        let mut before = session.bot().state().breakers();
        for _ in 0..self.years * BARS_A_YEAR {
            let (bars, now) = weather.next(living.judge.sight(is_tripped(session.bot())));
            let told =
                |bar: &Bar| rules[bar.instrument.index()].price(bar.close).unwrap().mantissa();
            living.judge.next = bars.iter().map(told).collect();
            session.on_moment(&[], &bars, now, &mut living).unwrap();
            let bot = session.bot();
            let active = bot.state().trading_state() == TradingState::Active;
            let free = active && bot.state().breakers().all_closed();
            let tally = &mut living.judge.tally;
            tally.held_back += u64::from(!free);
            tally.moments += 1;
            let now = bot.state().breakers();
            for one in
                Component::ALL.into_iter().filter(|one| closed(before, *one) && !closed(now, *one))
            {
                *tally.tripped.entry(one.name()).or_default() += 1;
            }
            before = now;
        }
        // What rests expires, and the venue's own side of the account is ours to the last unit.
        for id in (0..).take(rules.len()).map(InstrumentId) {
            session.expire(id, &mut living).unwrap();
        }
        assert_eq!(session.agrees(), Ok(true), "{}", living.judge.named);
        let Judge { tally, .. } = &living.judge;
        let (equity, cash) = (living.judge.equity(), amount(CASH).mantissa());
        Outcome { tally: tally.clone(), grown: equity as f64 / cash as f64, gaps: weather.gaps }
    }
}

fn closed(breakers: Breakers, component: Component) -> bool {
    breakers.state(component) == BreakerState::Closed
}

fn is_tripped(bot: &Bot) -> bool {
    bot.state().breakers().state(Component::Drawdown) == BreakerState::Latched
}

impl Judge {
    /// What a market that hunts sees.
    fn sight(&self, tripped: bool) -> Sight {
        let all = |amount: i128| amount as f64 / Amount::ONE.mantissa() as f64;
        Sight {
            equity: all(self.equity()),
            peak: all(self.peak),
            day_start: all(self.day_start),
            gross: all(self.gross()),
            tripped,
        }
    }
}
