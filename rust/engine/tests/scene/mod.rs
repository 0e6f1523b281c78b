//! All that risk looks at, owned, so that a case may change any of it; and what is wanted. No check
//! lives here.

#![allow(dead_code, reason = "each room uses the part it needs")]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use bot4_engine::event::{
    Execution, Intent, Measure, OrderTerms, Side, Size, SleeveId, TradingState, Want,
};
use bot4_engine::exposure::{Account, Conduct, Exposure, Group, Mark, Resting, Sight};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_as_f64};
use bot4_engine::risk::breaker::Breakers;
use bot4_engine::risk::limits::Profile;
use bot4_engine::risk::{Approved, Armed, Assessment, Refusal, Refusals, View, assess};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

use crate::market::{SECOND, amount, instrument, ns, profile};

/// What a view looks at, owned, so that a case may change it.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) now: Nanos,
    pub(crate) instrument: Instrument,
    pub(crate) exposure: Exposure,
    /// What the sleeve holds, where that is not all.
    pub(crate) own: Option<Qty>,
    pub(crate) buying: Option<Qty>,
    pub(crate) account: Account,
    pub(crate) mark: Option<Mark>,
    /// What the mark is judged by, where that is not the mark itself.
    pub(crate) sight: Option<Sight>,
    pub(crate) turnover: Amount,
    pub(crate) tradable: bool,
    pub(crate) deviates: bool,
    pub(crate) all: Group,
    pub(crate) group: Group,
    pub(crate) resting: Resting,
    pub(crate) conduct: Conduct,
    pub(crate) hour_peak: Amount,
    pub(crate) scale: Rate,
    pub(crate) sound: bool,
    pub(crate) working: usize,
    pub(crate) allocation: Rate,
    pub(crate) breakers: Breakers,
    pub(crate) trading_state: TradingState,
    pub(crate) frozen: bool,
    pub(crate) doubtful: bool,
    pub(crate) measure: Option<Measure>,
    pub(crate) profile: Profile,
}

impl Scene {
    /// 10,000 in cash, nothing held, 100.00 seen just now, no limit that binds.
    pub(crate) fn quiet() -> Self {
        let cash = amount("10000");
        Self {
            now: ns(100 * SECOND),
            instrument: instrument(),
            exposure: Exposure::default(),
            own: None,
            buying: None,
            account: Account {
                cash,
                equity: cash,
                working_short: Some(Amount::ZERO),
                unpriced: false,
                ..Account::default()
            },
            mark: Some(Mark { price: Price::new(10_000), ts: ns(100 * SECOND) }),
            sight: None,
            turnover: Amount::ZERO,
            tradable: true,
            deviates: false,
            all: Group { selling: Some(Amount::ZERO), ..Group::default() },
            group: Group { selling: Some(Amount::ZERO), ..Group::default() },
            resting: Resting::default(),
            conduct: Conduct::default(),
            hour_peak: cash,
            scale: Rate::ONE,
            sound: true,
            working: 0,
            allocation: Rate::ONE,
            breakers: Breakers::default(),
            trading_state: TradingState::Active,
            frozen: false,
            doubtful: false,
            measure: None,
            profile: profile("unleveraged", &[]),
        }
    }

    pub(crate) fn holding(mut self, qty: i64) -> Self {
        self.exposure.position = Qty::new(qty);
        let worth = Amount::new(i128::from(qty) * 10_000 * 10_i128.pow(12));
        self.account.gross = worth.magnitude().unwrap();
        self.account.cash = self.account.cash.minus(worth).unwrap();
        self
    }

    pub(crate) fn limits(mut self, name: &str, changes: &[(&str, &str)]) -> Self {
        self.profile = profile(name, changes);
        self
    }

    pub(crate) fn view(&self) -> View<'_> {
        View {
            now: self.now,
            id: InstrumentId(0),
            instrument: &self.instrument,
            exposure: &self.exposure,
            holding: self.own.unwrap_or(self.exposure.position),
            buying: self.buying,
            account: &self.account,
            sight: self.sight(),
            ladder: None,
            turnover: self.turnover,
            tradable: self.tradable,
            deviates: self.deviates,
            all: self.all,
            group: self.group,
            resting: self.resting,
            conduct: self.conduct,
            hour_peak: self.hour_peak,
            scale: self.scale,
            sound: self.sound,
            working: self.working,
            allocation: self.allocation,
            breakers: self.breakers,
            trading_state: self.trading_state,
            frozen: self.frozen,
            doubtful: self.doubtful,
            measure: self.measure,
            profile: &self.profile,
        }
    }

    /// What is known of the market; where nothing else is said, what bars tell.
    pub(crate) fn sight(&self) -> Option<Sight> {
        let all = Qty::new(i64::MAX);
        let bars = |mark: Mark| {
            let price = mark.price;
            Sight { mark, before: price, bid: price, ask: price, bid_qty: all, ask_qty: all }
        };
        let mark = self.mark?;
        Some(Sight { mark, ..self.sight.unwrap_or(bars(mark)) })
    }

    pub(crate) fn assess(&self, want: Want) -> Result<Option<Assessment>, Refusal> {
        assess(&Intent { sleeve: SleeveId(0), want }, &self.view())
    }

    /// A target's short way.
    pub(crate) fn pass(&self, fraction: f64) -> Result<Approved, Refusals> {
        let sight = self.sight().ok_or(Refusal::NoPrice)?;
        let passed = Armed::of(SleeveId(0), &self.view())?.pass(fraction, &sight, self.now);
        passed.map(Approved::from)
    }

    /// The answer in words.
    pub(crate) fn answer(&self, want: Want) -> String {
        match self.assess(want) {
            Err(refusal) => format!("no: {}", refusal.name()),
            Ok(None) => "nothing".to_owned(),
            Ok(Some(Assessment { approved, clipped })) => {
                let order = approved.into_order();
                let size = match order.size {
                    Size::Base(qty) => format!("{}", self.instrument.qty_as_f64(qty)),
                    Size::Quote(budget) => format!("{} quote", amount_as_f64(budget)),
                };
                let price = |limit| format!(" at {}", self.instrument.price_as_f64(limit));
                let limit = order.limit.map(price).unwrap_or_default();
                let by = clipped.map(|by| format!(", {}", by.name())).unwrap_or_default();
                let held = if order.terms.held { ", held" } else { "" };
                format!("{} {size}{limit}{by}{held}", order.side.name())
            }
        }
    }
}

pub(crate) fn target(fraction: f64) -> Want {
    Want::Target { fraction, band: None, execution: Execution::Cross }
}

pub(crate) fn buy(qty: f64) -> Want {
    Want::Trade { side: Side::Buy, qty, limit: None, terms: OrderTerms::default() }
}

pub(crate) fn sell(qty: f64) -> Want {
    Want::Trade { side: Side::Sell, qty, limit: None, terms: OrderTerms::default() }
}

pub(crate) fn at(limit: f64, want: Want) -> Want {
    let Want::Trade { side, qty, .. } = want else { return want };
    Want::Trade { side, qty, limit: Some(limit), terms: OrderTerms::default() }
}
