//! What was booked → balances, positions, profit: an exact double-entry ledger. Every posting has
//! two legs of one asset, so the legs of every event sum to zero, asset by asset.
//!
//! What we own of an asset at a venue is the sum of the positions in it and of what is *loose*:
//! cash, what came from outside, what is left of a fee.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::event::{Booking, Cross, Entry, Fill, Side, SleeveId};
use crate::instrument::{Instrument, InstrumentId, VenueId, venues};
use crate::units::{Amount, Overflow, Price, Qty, Rounding, mul_div};

/// Whose balance in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Party {
    /// What is ours.
    Ours = 0,
    /// What others gave or got in trades.
    Market = 1,
    /// What the venue kept as fees.
    Fees = 2,
    /// What came from and went outside.
    Outside = 3,
    /// What others gave or got as funding.
    Funding = 4,
}

/// Balances of one asset, at 10⁻¹⁸.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balances([Amount; 5]);

impl Party {
    /// Every party, in the order of the ledger's hash.
    pub const ALL: [Self; 5] = [Self::Ours, Self::Market, Self::Fees, Self::Outside, Self::Funding];
}

impl Balances {
    /// One party's balance.
    #[must_use]
    pub fn of(&self, party: Party) -> Amount {
        self.0.get(party as usize).copied().unwrap_or_default()
    }

    /// All parties together: zero, always.
    pub fn sum(&self) -> Result<Amount, Overflow> {
        self.0.iter().try_fold(Amount::ZERO, |sum, amount| sum.plus(*amount))
    }

    fn post(&mut self, from: Party, to: Party, amount: Amount) -> Result<(), Overflow> {
        let (giver, taker) = (self.of(from).minus(amount)?, self.of(to).plus(amount)?);
        for (party, balance) in [(from, giver), (to, taker)] {
            if let Some(slot) = self.0.get_mut(party as usize) {
                *slot = balance;
            }
        }
        Ok(())
    }
}

/// One asset at one venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pocket {
    /// Where.
    pub venue: VenueId,
    /// Of what.
    pub asset: Asset,
    /// Everybody's side of it.
    pub balances: Balances,
    /// What of ours no position holds.
    pub loose: Amount,
}

impl Pocket {
    /// What is ours.
    #[must_use]
    pub fn ours(&self) -> Amount {
        self.balances.of(Party::Ours)
    }

    /// Loose money moves between us and somebody: to us, or from us below zero.
    fn move_loose(&mut self, with: Party, amount: Amount) -> Result<(), Overflow> {
        self.balances.post(with, Party::Ours, amount)?;
        self.loose = self.loose.plus(amount)?;
        Ok(())
    }
}

/// What is held of one instrument, at average cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Base units, signed.
    pub qty: Qty,
    /// What they cost, signed like `qty`, fees left out.
    pub cost: Amount,
    /// Profit of what was closed, fees left out.
    pub realised: Amount,
}

impl Position {
    /// What it would bring beyond its cost at `price`, fees left out, in quote units.
    pub fn unrealised(&self, rules: &Instrument, price: Price) -> Result<Amount, Overflow> {
        rules.notional(price, self.qty)?.minus(self.cost)
    }

    /// So much of it, at the same average cost.
    pub fn part(&self, qty: Qty) -> Result<Self, Overflow> {
        if qty == self.qty {
            return Ok(*self);
        }
        let (of, all) = (i128::from(qty.mantissa()), i128::from(self.qty.mantissa()));
        let cost = mul_div(self.cost.mantissa(), of, all, Rounding::Nearest).map(Amount::new)?;
        Ok(Self { qty, cost, realised: self.realised })
    }

    /// A trade of `qty` for `notional`, both above zero.
    fn trade(&self, side: Side, qty: Qty, notional: Amount) -> Result<Self, Overflow> {
        let (qty, notional) = match side {
            Side::Buy => (qty, notional),
            Side::Sell => (qty.negated()?, notional.negated()?),
        };
        let opens = self.qty.is_zero() || self.qty.is_positive() == qty.is_positive();
        if opens {
            let (qty, cost) = (self.qty.plus(qty)?, self.cost.plus(notional)?);
            return Ok(Self { qty, cost, realised: self.realised });
        }
        let left = self.qty.plus(qty)?;
        let flips = !left.is_zero() && left.is_positive() != self.qty.is_positive();
        let part = |whole: Amount, of: Qty, all: Qty| {
            let (of, all) = (i128::from(of.mantissa()), i128::from(all.mantissa()));
            mul_div(whole.mantissa(), of, all, Rounding::Nearest).map(Amount::new)
        };
        if flips {
            // The part of the notional that closes realises; the rest opens the other way.
            let closing = part(notional, self.qty.negated()?, qty)?;
            let realised = self.realised.minus(self.cost.plus(closing)?)?;
            return Ok(Self { qty: left, cost: notional.minus(closing)?, realised });
        }
        let cost = part(self.cost, left, self.qty)?;
        let released = self.cost.minus(cost)?;
        let realised = self.realised.minus(released.plus(notional)?)?;
        Ok(Self { qty: left, cost, realised })
    }
}

/// One trade as the ledger books it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// Of what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// At what price.
    pub price: Price,
    /// How much base, above zero.
    pub qty: Qty,
    /// What it cost on top; below zero it is a rebate.
    pub fee: Amount,
    /// In what the fee was paid; `None`: in quote.
    pub fee_asset: Option<Asset>,
    /// Whose order it was; `None`: none of ours.
    pub sleeve: Option<SleeveId>,
}

impl Trade {
    /// A fill of an order.
    #[must_use]
    pub const fn of_fill(
        fill: &Fill,
        instrument: InstrumentId,
        side: Side,
        sleeve: SleeveId,
    ) -> Self {
        let Fill { price, qty, fee, fee_asset, .. } = *fill;
        Self { instrument, side, price, qty, fee, fee_asset, sleeve: Some(sleeve) }
    }
}

/// Where an instrument's two assets lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seat {
    base: usize,
    quote: usize,
}

/// The ledger and the positions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portfolio {
    /// What everything is valued in.
    currency: Asset,
    pockets: Vec<Pocket>,
    /// Of each instrument.
    seats: Vec<Seat>,
    positions: Vec<Position>,
    /// Of each sleeve, what its own orders came to.
    shares: Vec<Position>,
}

impl Portfolio {
    /// Nothing held. The quote of the first instrument is the reporting currency.
    #[must_use]
    pub fn new(instruments: &[Instrument], sleeves: usize) -> Self {
        let currency = instruments.first().map_or(Asset::CASH, |first| first.quote);
        let mut book = Self {
            currency,
            pockets: Vec::new(),
            seats: Vec::new(),
            positions: vec![Position::default(); instruments.len()],
            shares: vec![Position::default(); sleeves],
        };
        for (rules, venue) in instruments.iter().zip(venues(instruments)) {
            let quote = book.place_of(venue, rules.quote);
            let base = book.place_of(venue, rules.base);
            book.seats.push(Seat { base, quote });
        }
        if book.pockets.is_empty() {
            book.place_of(VenueId(0), currency);
        }
        book
    }

    /// Where an asset at a venue lies; it has a pocket from here on.
    fn place_of(&mut self, venue: VenueId, asset: Asset) -> usize {
        let known = self.pockets.iter().position(|one| (one.venue, one.asset) == (venue, asset));
        known.unwrap_or_else(|| {
            let balances = Balances::default();
            self.pockets.push(Pocket { venue, asset, balances, loose: Amount::ZERO });
            self.pockets.len() - 1
        })
    }

    /// Money of the reporting currency came in at the first venue, or went out below zero.
    pub fn on_deposit(&mut self, amount: Amount) -> Result<(), Overflow> {
        self.move_loose(0, Party::Outside, amount)
    }

    /// A fill is booked whole or, where it does not fit, not at all.
    ///
    /// A fee in the instrument's base is paid out of the position, as if so much had been sold at
    /// the fill's price: what is left of it below the smallest size is loose.
    pub fn on_trade(&mut self, rules: &Instrument, trade: &Trade) -> Result<(), Overflow> {
        let known = self.pockets.len();
        let booked = self.book(rules, trade);
        if booked.is_err() {
            self.pockets.truncate(known);
        }
        booked
    }

    fn book(&mut self, rules: &Instrument, trade: &Trade) -> Result<(), Overflow> {
        let Trade { instrument, side, price, qty, fee, fee_asset, sleeve } = *trade;
        let seat = *self.seats.get(instrument.index()).ok_or(Overflow)?;
        let venue = self.pockets.get(seat.quote).ok_or(Overflow)?.venue;
        let paid_in = match fee_asset {
            Some(asset) if asset != rules.quote => self.place_of(venue, asset),
            Some(_) | None => seat.quote,
        };
        let (notional, amount) = (rules.notional(price, qty)?, rules.base_amount(qty)?);
        let (paid, goods) = match side {
            Side::Buy => (notional.negated()?, amount),
            Side::Sell => (notional, amount.negated()?),
        };
        let mut quote = *self.pockets.get(seat.quote).ok_or(Overflow)?;
        let mut base = *self.pockets.get(seat.base).ok_or(Overflow)?;
        let mut other = None;
        quote.move_loose(Party::Market, paid)?;
        base.balances.post(Party::Market, Party::Ours, goods)?;
        let (cost, mut shed) = (fee.negated()?, Qty::ZERO);
        if paid_in == seat.quote {
            quote.move_loose(Party::Fees, cost)?;
        } else if paid_in == seat.base {
            base.move_loose(Party::Fees, cost)?;
            shed = if fee.is_positive() { rules.qty_covering(fee)? } else { Qty::ZERO };
            base.loose = base.loose.plus(rules.base_amount(shed)?)?;
        } else {
            let mut payer = *self.pockets.get(paid_in).ok_or(Overflow)?;
            payer.move_loose(Party::Fees, cost)?;
            other = Some((paid_in, payer));
        }
        let booked = |position: Position| -> Result<Position, Overflow> {
            let after = position.trade(side, qty, notional)?;
            if shed.is_zero() {
                return Ok(after);
            }
            after.trade(Side::Sell, shed, rules.notional(price, shed)?)
        };
        let before = self.position(instrument);
        let position = booked(before)?;
        let mut share = sleeve.map(|id| (id, self.share(id)));
        if let Some((_, held)) = &mut share {
            // Most of the time one sleeve did all that was done.
            *held = if *held == before { position } else { booked(*held)? };
        }
        let pockets = [Some((seat.quote, quote)), Some((seat.base, base)), other];
        for (place, pocket) in pockets.into_iter().flatten() {
            if let Some(slot) = self.pockets.get_mut(place) {
                *slot = pocket;
            }
        }
        if let Some(slot) = self.positions.get_mut(instrument.index()) {
            *slot = position;
        }
        if let Some((id, share)) = share
            && let Some(slot) = self.shares.get_mut(id.index())
        {
            *slot = share;
        }
        Ok(())
    }

    /// What happened to the account without an order of ours, booked whole or not at all.
    pub fn on_entry(&mut self, instruments: &[Instrument], entry: &Entry) -> Result<(), Overflow> {
        match entry.booking {
            Booking::Transfer { asset, amount } => {
                let known = self.pockets.len();
                let place = self.place_of(entry.venue, asset);
                let moved = self.move_loose(place, Party::Outside, amount);
                if moved.is_err() {
                    self.pockets.truncate(known);
                }
                moved
            }
            Booking::Funding { instrument, amount } => {
                let seat = self.seats.get(instrument.index()).ok_or(Overflow)?;
                self.move_loose(seat.quote, Party::Funding, amount)
            }
            Booking::Trade { instrument, side, price, qty, fee, fee_asset } => {
                let rules = instruments.get(instrument.index()).ok_or(Overflow)?;
                let sleeve = None;
                let trade = Trade { instrument, side, price, qty, fee, fee_asset, sleeve };
                self.on_trade(rules, &trade)
            }
        }
    }

    /// Sleeves traded with each other: their shares move, whole or not at all, and nothing else.
    pub fn on_cross(&mut self, rules: &Instrument, cross: &Cross) -> Result<(), Overflow> {
        let notional = rules.notional(cross.price, cross.qty)?;
        let traded = |side: Side, sleeve: Option<SleeveId>| -> Result<_, Overflow> {
            let after = sleeve.map(|id| self.share(id).trade(side, cross.qty, notional));
            Ok(sleeve.zip(after.transpose()?))
        };
        let shares = [traded(Side::Sell, cross.seller)?, traded(Side::Buy, cross.buyer)?];
        for (id, share) in shares.into_iter().flatten() {
            if let Some(slot) = self.shares.get_mut(id.index()) {
                *slot = share;
            }
        }
        Ok(())
    }

    fn move_loose(&mut self, place: usize, with: Party, amount: Amount) -> Result<(), Overflow> {
        let slot = self.pockets.get_mut(place).ok_or(Overflow)?;
        let mut pocket = *slot;
        pocket.move_loose(with, amount)?;
        *slot = pocket;
        Ok(())
    }

    /// What everything is valued in.
    #[must_use]
    pub fn currency(&self) -> Asset {
        self.currency
    }

    /// Every asset at every venue, in the order that they were first heard of.
    #[must_use]
    pub fn pockets(&self) -> &[Pocket] {
        &self.pockets
    }

    /// One asset at one venue, where anything was ever heard of it.
    #[must_use]
    pub fn pocket(&self, venue: VenueId, asset: Asset) -> Option<&Pocket> {
        self.pockets.iter().find(|one| (one.venue, one.asset) == (venue, asset))
    }

    /// What is loose of an asset, over all venues: of a currency, what can be spent.
    pub fn loose(&self, asset: Asset) -> Result<Amount, Overflow> {
        let mut here = self.pockets.iter().filter(|pocket| pocket.asset == asset);
        here.try_fold(Amount::ZERO, |sum, pocket| sum.plus(pocket.loose))
    }

    /// Everybody's side of an asset, over all venues.
    pub fn balances(&self, asset: Asset) -> Result<Balances, Overflow> {
        let mut sums = Balances::default();
        for pocket in self.pockets.iter().filter(|pocket| pocket.asset == asset) {
            for (sum, amount) in sums.0.iter_mut().zip(pocket.balances.0) {
                *sum = sum.plus(amount)?;
            }
        }
        Ok(sums)
    }

    /// Each instrument's position.
    #[must_use]
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// One instrument's position: all of the account's, whoever traded it.
    #[must_use]
    pub fn position(&self, id: InstrumentId) -> Position {
        self.positions.get(id.index()).copied().unwrap_or_default()
    }

    /// What one sleeve's own orders came to. The sleeves of an instrument may hold against each
    /// other (hedging); the account holds their sum and what others traded (netting). What they
    /// cross with each other counts as theirs.
    #[must_use]
    pub fn share(&self, sleeve: SleeveId) -> Position {
        self.shares.get(sleeve.index()).copied().unwrap_or_default()
    }
}
