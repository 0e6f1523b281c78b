//! What risk looks at beside the account itself: what is held in all and of what moves together,
//! what works already, what was traded, and whether venues agree.

use super::{Bot, BotError};
use crate::event::{OrderTerms, Side, TimeInForce};
use crate::exposure::{Exposure, Group, Resting};
use crate::instrument::{Instrument, InstrumentId};
use crate::order::{Order, OrderState};
use crate::units::{Amount, Overflow, Price, Qty, Rate, Rounding, mul_div};

/// Which instruments move together: those of one base asset.
#[derive(Debug)]
pub(super) struct Groups {
    /// Of each instrument.
    of: Vec<usize>,
    /// Of each group, in the reporting currency.
    held: Vec<Group>,
    all: Group,
    /// Some group has several instruments.
    several: bool,
}

impl Groups {
    pub(super) fn new(instruments: &[Instrument]) -> Self {
        let mut bases = Vec::new();
        let mut place = |rules: &Instrument| {
            let known = bases.iter().position(|base| *base == rules.base);
            known.unwrap_or_else(|| {
                bases.push(rules.base);
                bases.len() - 1
            })
        };
        let of = instruments.iter().map(&mut place).collect();
        let nothing = Group { selling: Some(Amount::ZERO), ..Group::default() };
        Self {
            held: vec![nothing; bases.len()],
            all: nothing,
            several: bases.len() < instruments.len(),
            of,
        }
    }
}

impl Bot {
    /// All that is held, in the currency of an instrument.
    #[inline]
    pub(super) fn all_of(&self, id: InstrumentId) -> Group {
        self.in_currency_of(id, self.groups.all)
    }

    /// All that is held of what moves with an instrument, in its currency.
    #[inline]
    pub(super) fn group_of(&self, id: InstrumentId) -> Group {
        let group = self.groups.of.get(id.index()).and_then(|group| self.groups.held.get(*group));
        // Without a group nobody knows what is sold, which refuses.
        self.in_currency_of(id, group.copied().unwrap_or_default())
    }

    /// The highest equity of the last hour, in the currency of an instrument.
    pub(super) fn hour_peak_of(&self, id: InstrumentId) -> Result<Amount, Overflow> {
        let here = self.state.equity_of_hour().unwrap_or(self.account.equity);
        if self.abroad.is_empty() || !self.account.equity.is_positive() {
            return Ok(here);
        }
        let (there, equity) =
            (self.account_of(id).equity.mantissa(), self.account.equity.mantissa());
        mul_div(here.mantissa(), there, equity, Rounding::Down).map(Amount::new)
    }

    #[inline]
    fn in_currency_of(&self, id: InstrumentId, group: Group) -> Group {
        if self.abroad.is_empty() { group } else { self.converted(id, group) }
    }

    #[cold]
    fn converted(&self, id: InstrumentId, group: Group) -> Group {
        let quote = self.state.instrument(id).map(|rules| rules.quote);
        let each = quote.and_then(|quote| self.worth_of(quote)).filter(|each| each.is_positive());
        let there = |amount: Amount| amount.in_units_of(each?).ok();
        let selling = group.selling.and_then(there);
        match (there(group.net), there(group.buying)) {
            (Some(net), Some(buying)) => Group { net, buying, selling },
            // Without a rate nobody knows, which refuses.
            _ => Group::default(),
        }
    }

    /// What is held and works, in all and by group, in the reporting currency.
    pub(super) fn weigh(&mut self) -> Result<(), BotError> {
        let nothing = Group { selling: Some(Amount::ZERO), ..Group::default() };
        let mut all = nothing;
        for held in &mut self.groups.held {
            *held = nothing;
        }
        for id in (0..).map(InstrumentId).take(self.markets.len()) {
            let exposure = self.state.exposure(id);
            if exposure == Exposure::default() {
                continue;
            }
            let own = self.weight_of(id, &exposure)?;
            let group = self.groups.of.get(id.index()).copied();
            let group = group.and_then(|group| self.groups.held.get_mut(group));
            for sum in [Some(&mut all), group].into_iter().flatten() {
                let selling = sum.selling.zip(own.selling).map(|(sum, more)| sum.plus(more));
                let (net, buying) = (sum.net.plus(own.net)?, sum.buying.plus(own.buying)?);
                *sum = Group { net, buying, selling: selling.transpose()? };
            }
        }
        self.groups.all = all;
        Ok(())
    }

    /// What one instrument adds. A position without a mark is worth what it cost; what is to be
    /// sold without one, or paid in something that has no rate, is not known.
    fn weight_of(&self, id: InstrumentId, exposure: &Exposure) -> Result<Group, BotError> {
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        let mark = self.mark_of(id).map(|mark| mark.price);
        let net = match mark {
            Some(price) => rules.notional(price, exposure.position)?,
            None => self.state.portfolio().position(id).cost,
        };
        let sells = exposure.working_sell;
        let selling = match mark {
            Some(price) => Some(rules.notional(price, sells)?),
            None => sells.is_zero().then_some(Amount::ZERO),
        };
        let own = Group { net, buying: exposure.working_buy, selling };
        if rules.quote == self.state.portfolio().currency() {
            return Ok(own);
        }
        let Some(each) = self.worth_of(rules.quote) else {
            return Ok(Group::default());
        };
        let selling = selling.map(|sells| sells.valued(each)).transpose()?;
        Ok(Group { net: net.valued(each)?, buying: own.buying.valued(each)?, selling })
    }

    /// What works of an instrument, and how much of its venue is in doubt.
    pub(super) fn resting(&self, id: InstrumentId) -> Resting {
        let board = self.state.board();
        let venue = board.venue(id);
        let mut resting = Resting::default();
        for order in self.state.orders().working() {
            let new = order.new_order();
            if order.state() == OrderState::Unknown && board.venue(new.instrument) == venue {
                resting.unknown = resting.unknown.saturating_add(1);
            }
            if new.instrument != id {
                continue;
            }
            resting.orders = resting.orders.saturating_add(1);
            match (new.side, rests_at(order)) {
                (Side::Buy, Some(price)) => resting.buy = resting.buy.max(Some(price)),
                (Side::Sell, Some(price)) => {
                    resting.sell = Some(resting.sell.map_or(price, |lowest| lowest.min(price)));
                }
                (Side::Buy | Side::Sell, None) => {}
            }
        }
        resting
    }

    /// Somebody traded.
    #[inline]
    pub(super) fn on_traded(
        &mut self,
        id: InstrumentId,
        (price, qty): (Price, Qty),
    ) -> Result<(), BotError> {
        let market = self.markets.get_mut(id.index()).ok_or(BotError::Unknown)?;
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        market.trades = true;
        // What does not fit is not seen.
        let notional = rules.notional(price, qty).unwrap_or_default();
        if market.turnover.add(self.now, notional) {
            self.turn = self.turn.wrapping_add(1);
        }
        Ok(())
    }

    /// Whether the venues of one asset agree on its price. Those whose price is old say nothing.
    pub(super) fn compare_venues(&mut self) {
        let limit = self.profile.deviation_max;
        if !self.groups.several || limit >= Rate::ONE {
            return;
        }
        let prices: Vec<_> =
            (0..).map(InstrumentId).take(self.markets.len()).map(|id| self.seen(id)).collect();
        for id in (0..).map(InstrumentId).take(prices.len()) {
            let (group, board) = (self.groups.of.get(id.index()), self.state.board());
            // Of one venue two instruments of an asset are two markets, as spot and futures are.
            let others = (0..).map(InstrumentId).zip(self.groups.of.iter().zip(&prices));
            let same = others.filter(|(other, (of, _))| {
                Some(*of) == group && (*other == id || board.venue(*other) != board.venue(id))
            });
            let same = same.filter_map(|(_, (_, price))| *price);
            let (low, high) = (same.clone().min(), same.max());
            let apart = low.zip(high).is_some_and(|(low, high)| is_apart(low, high, limit));
            if let Some(market) = self.markets.get_mut(id.index())
                && market.deviates != apart
            {
                market.deviates = apart;
                self.turn = self.turn.wrapping_add(1);
            }
        }
    }

    /// What one of an instrument's base is worth in the reporting currency, where its price is new.
    fn seen(&self, id: InstrumentId) -> Option<Amount> {
        let (mark, rules) = self.mark_of(id).zip(self.state.instrument(id))?;
        let age = self.now.mantissa().saturating_sub(mark.ts.mantissa());
        let fresh = age <= self.profile.price_age_max.mantissa();
        let price = rules.price_as_amount(mark.price).ok().filter(|_| fresh)?;
        price.valued(self.worth_of(rules.quote)?).ok()
    }
}

/// Where an order rests at its venue: one that is over at once never does, and one that waits for a
/// trigger or is held does not yet.
fn rests_at(order: &Order) -> Option<Price> {
    let OrderTerms { tif, stop, held, .. } = order.new_order().terms;
    let lasts = matches!(tif, TimeInForce::Gtc | TimeInForce::Gtd(_));
    let rests = lasts && stop.is_none() && !held && !order.state().is_terminal();
    order.new_order().limit.filter(|_| rests)
}

fn is_apart(low: Amount, high: Amount, limit: Rate) -> bool {
    let apart = high.minus(low).and_then(|apart| Ok(apart > low.times(limit, Rounding::Down)?));
    // What does not fit is not known, and refuses.
    apart.unwrap_or(true)
}
