//! What can be traded: identity, scales, tick, lot, venue limits, fees.
//!
//! The only door between text or floats and units. Nothing else converts money. Long because it is
//! the only one.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::units::{
    AMOUNT_DECIMALS, Amount, Overflow, Price, Qty, RATE_DECIMALS, Rate, Rounding, mul_div,
};

/// Which instrument, by its place in the run's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// Its place in a list of instruments.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which venue, numbered in the order that the run's instruments name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VenueId(pub u32);

/// Highest scale of a price: 10⁻¹⁸ is the smallest amount there is.
pub const PRICE_SCALE_MAX: u32 = AMOUNT_DECIMALS;
/// Significant digits kept of the first price of an assumed instrument.
const ASSUMED_DIGITS: i32 = 12;
/// Tick and lot of an assumed instrument: eight decimals.
const ASSUMED_DECIMALS: u32 = 8;

/// What cannot be turned into units, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Text that is not a plain decimal number.
    #[error("'{0}' is not a decimal number")]
    NotANumber(String),
    /// A number with more decimal places than the unit keeps.
    #[error("'{text}' has more than {decimals} decimal places")]
    TooFine {
        /// What was written.
        text: String,
        /// How many places there are.
        decimals: u32,
    },
    /// NaN or infinite.
    #[error("the number is not finite")]
    NotFinite,
    /// Nothing, or below it, where something has to be.
    #[error("'{0}' is not above zero")]
    NotPositive(String),
    /// Below nothing, where that cannot be.
    #[error("the number is below zero")]
    BelowZero,
    /// Larger than the integer holds.
    #[error("the number is too large")]
    TooLarge,
    /// An instrument whose two assets are one.
    #[error("'{0}' cannot trade {1} for {1}")]
    OneAsset(String, Asset),
    /// An identity that is not `venue:SYMBOL`.
    #[error("'{0}' is not an instrument: write venue:SYMBOL")]
    NotAnInstrument(String),
}

impl From<Overflow> for UnitError {
    fn from(_: Overflow) -> Self {
        Self::TooLarge
    }
}

/// One thing that can be bought and sold, with its venue's rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// `venue:SYMBOL`.
    pub symbol: String,
    /// What is bought and sold.
    pub base: Asset,
    /// What it is paid in.
    pub quote: Asset,
    /// Decimal places of a [`Price`]'s integer. Fills and marks may be finer than the tick.
    pub price_scale: u32,
    /// Decimal places of a [`Qty`]'s integer.
    pub qty_scale: u32,
    /// The grid of limit prices.
    pub tick: Price,
    /// The grid of sizes.
    pub lot: Qty,
    /// The smallest order, in quote units.
    pub notional_min: Amount,
    /// The largest order, in quote units; [`Amount`]'s largest where its venue says nothing.
    pub notional_max: Amount,
    /// The largest order; [`Qty`]'s largest where its venue says nothing.
    pub qty_max: Qty,
    /// Fee of an order that takes liquidity, as a fraction of notional.
    pub taker_fee: Rate,
    /// Fee of an order that makes liquidity, as a fraction of notional.
    pub maker_fee: Rate,
}

impl Instrument {
    /// An instrument known only from a history: tick and lot of 1e-8 are assumed, the lot a decimal
    /// coarser for each decimal that the first price lies under 0.01, so that sizes fit.
    ///
    /// The price scale keeps about twelve significant digits of the first price, so that
    /// slippage on a coin worth a thousandth of a cent is not lost to rounding; it is never
    /// coarser than the tick. Only the first price is looked at: later ones are the future.
    ///
    /// What it is paid in is not said by a name: it is [`Asset::CASH`], the same for all such, and
    /// what is bought is called by the venue's symbol ([`Instrument::trading`] says otherwise).
    pub fn assumed(symbol: &str, first_price: f64, fee: Rate) -> Result<Self, UnitError> {
        let base = base_of(symbol)?;
        if !first_price.is_finite() || first_price <= 0.0 {
            return Err(UnitError::NotFinite);
        }
        // As it is written: dividing by ten again and again would miss exact powers of ten.
        let written = format!("{first_price:e}");
        let exponent = written.split_once('e').and_then(|(_, e)| e.parse::<i32>().ok());
        let digits_before = exponent.unwrap_or(0) + 1;
        let wanted = u32::try_from(ASSUMED_DIGITS - digits_before).unwrap_or(0);
        // 0.01 has -1 digits before its point.
        let coarser = (digits_before + 1).min(0);
        let price_scale = wanted.clamp(ASSUMED_DECIMALS, PRICE_SCALE_MAX);
        Ok(Self {
            symbol: symbol.to_owned(),
            base,
            quote: Asset::CASH,
            price_scale,
            qty_scale: u32::try_from(i32::try_from(ASSUMED_DECIMALS).unwrap_or(0) + coarser)
                .unwrap_or(0),
            tick: Price::new(10_i64.pow(price_scale - ASSUMED_DECIMALS)),
            lot: Qty::new(1),
            notional_min: Amount::ZERO,
            notional_max: Amount::new(i128::MAX),
            qty_max: Qty::new(i64::MAX),
            taker_fee: fee,
            maker_fee: fee,
        })
    }

    /// An instrument whose venue states tick and lot, as decimal text; it trades at about `price`.
    ///
    /// The price scale keeps about twelve significant digits, as an assumed one's, and the tick.
    pub fn listed(symbol: &str, price: f64, tick: &str, lot: &str) -> Result<Self, UnitError> {
        let mut listed = Self::assumed(symbol, price, Rate::ZERO)?;
        let (tick_amount, lot_amount) = (amount_from_text(tick)?, amount_from_text(lot)?);
        for (text, amount) in [(tick, tick_amount), (lot, lot_amount)] {
            if !amount.is_positive() {
                return Err(UnitError::NotPositive(text.to_owned()));
            }
        }
        // Where the tick is fine the digits beyond it would not fit, and are not needed.
        listed.price_scale = listed.price_scale.max(decimals(tick_amount));
        // Venues show sizes that are finer than the lot; an order is on the lot all the same.
        listed.qty_scale = listed.qty_scale.max(decimals(lot_amount));
        let at = |amount: Amount, scale: u32| {
            let raw = amount.mantissa() / 10_i128.pow(AMOUNT_DECIMALS - scale);
            i64::try_from(raw).map_err(|_| UnitError::TooLarge)
        };
        listed.tick = Price::new(at(tick_amount, listed.price_scale)?);
        listed.lot = Qty::new(at(lot_amount, listed.qty_scale)?);
        Ok(listed)
    }

    /// The same with these fees, as fractions of notional.
    #[must_use]
    pub fn with_fees(self, taker_fee: Rate, maker_fee: Rate) -> Self {
        Self { taker_fee, maker_fee, ..self }
    }

    /// The same where an order is worth so much at least, as decimal text; nothing: any is taken.
    pub fn at_least(self, notional_min: &str) -> Result<Self, UnitError> {
        let least = amount_from_text(notional_min)?;
        if least.is_negative() {
            return Err(UnitError::NotPositive(notional_min.to_owned()));
        }
        Ok(Self { notional_min: least, ..self })
    }

    /// The same where an order is worth so much at most, and has so much base at most, as decimal
    /// text; `None`: any that fits is taken.
    pub fn at_most(
        self,
        notional_max: Option<&str>,
        qty_max: Option<&str>,
    ) -> Result<Self, UnitError> {
        let most = notional_max.map(amount_from_text).transpose()?;
        let qty = qty_max.map(|text| self.qty_from_text(text)).transpose()?;
        let none = most.is_some_and(|most| !most.is_positive());
        if none || qty.is_some_and(|qty| !qty.is_positive()) {
            let text = if none { notional_max } else { qty_max };
            return Err(UnitError::NotPositive(text.unwrap_or_default().to_owned()));
        }
        let (notional_max, qty_max) =
            (most.unwrap_or(self.notional_max), qty.unwrap_or(self.qty_max));
        Ok(Self { notional_max, qty_max, ..self })
    }

    /// The same as what trades `base` for `quote`, which are two assets.
    pub fn trading(self, base: Asset, quote: Asset) -> Result<Self, UnitError> {
        if base == quote {
            return Err(UnitError::OneAsset(self.symbol, base));
        }
        Ok(Self { base, quote, ..self })
    }

    /// A price from decimal text, exactly.
    pub fn price_from_text(&self, text: &str) -> Result<Price, UnitError> {
        let raw = i64::try_from(decimal(text, self.price_scale)?);
        raw.map(Price::new).map_err(|_| UnitError::TooLarge)
    }

    /// A size from decimal text, exactly.
    pub fn qty_from_text(&self, text: &str) -> Result<Qty, UnitError> {
        let raw = i64::try_from(decimal(text, self.qty_scale)?);
        raw.map(Qty::new).map_err(|_| UnitError::TooLarge)
    }

    /// A price as decimal text, exactly.
    #[must_use]
    pub fn price_as_text(&self, price: Price) -> String {
        decimal_text(price.mantissa().into(), self.price_scale)
    }

    /// A size as decimal text, exactly.
    #[must_use]
    pub fn qty_as_text(&self, qty: Qty) -> String {
        decimal_text(qty.mantissa().into(), self.qty_scale)
    }

    /// The venue before the colon.
    #[must_use]
    pub fn venue(&self) -> &str {
        self.symbol.split_once(':').map_or("", |(venue, _)| venue)
    }

    /// The venue's own symbol, after the colon.
    #[must_use]
    pub fn name(&self) -> &str {
        self.symbol.split_once(':').map_or("", |(_, name)| name)
    }

    /// The price nearest to `value` at the instrument's scale.
    pub fn price(&self, value: f64) -> Result<Price, UnitError> {
        price_at(value, self.price_scale)
    }

    /// The highest price at the instrument's scale that is at most `value`.
    pub fn price_down(&self, value: f64) -> Result<Price, UnitError> {
        scaled(value, self.price_scale, |x| whole_or(x, f64::floor)).map(Price::new)
    }

    /// The lowest price at the instrument's scale that is at least `value`.
    pub fn price_up(&self, value: f64) -> Result<Price, UnitError> {
        scaled(value, self.price_scale, |x| whole_or(x, f64::ceil)).map(Price::new)
    }

    /// The size at most `value`, on the lot, towards zero.
    pub fn qty_down(&self, value: f64) -> Result<Qty, UnitError> {
        // One part in 10¹⁵ is forgiven, so that 0.3 means 0.3 and not one lot less; a size that is
        // whole already stays as it is.
        let forgiven = |x: f64| {
            let whole = nearest(x);
            if (whole - x).abs() <= x.abs() * 1e-15 { whole } else { cut(x) }
        };
        let raw = scaled(value, self.qty_scale, forgiven)?;
        Ok(self.lots_down(Qty::new(raw)))
    }

    /// The size nearest to `value` at the instrument's scale, whatever the lot: of others' trades.
    pub fn qty_nearest(&self, value: f64) -> Result<Qty, UnitError> {
        scaled(value, self.qty_scale, nearest).map(Qty::new)
    }

    /// The size at most `qty`, on the lot, towards zero.
    #[must_use]
    pub fn lots_down(&self, qty: Qty) -> Qty {
        if self.lot.mantissa() == 1 {
            return qty;
        }
        let rest = qty.mantissa().checked_rem(self.lot.mantissa()).unwrap_or(0);
        Qty::new(qty.mantissa() - rest)
    }

    /// The highest price on the tick that is at most `value`: a buy's limit is never worsened.
    pub fn tick_down(&self, value: f64) -> Result<Price, UnitError> {
        let raw = self.price(value)?.mantissa();
        let rest = raw.checked_rem_euclid(self.tick.mantissa()).ok_or(Overflow)?;
        raw.checked_sub(rest).map(Price::new).ok_or(UnitError::TooLarge)
    }

    /// The lowest price on the tick that is at least `value`: a sell's limit is never worsened.
    pub fn tick_up(&self, value: f64) -> Result<Price, UnitError> {
        let (below, tick) = (self.tick_down(value)?, self.tick);
        if below == self.price(value)? { Ok(below) } else { Ok(below.plus(tick)?) }
    }

    /// The highest price on the tick that is at most `price`.
    pub fn tick_below(&self, price: Price) -> Result<Price, Overflow> {
        let over = price.mantissa().checked_rem_euclid(self.tick.mantissa()).ok_or(Overflow)?;
        price.minus(Price::new(over))
    }

    /// The lowest price on the tick that is at least `price`.
    pub fn tick_above(&self, price: Price) -> Result<Price, Overflow> {
        let below = self.tick_below(price)?;
        if below == price { Ok(below) } else { below.plus(self.tick) }
    }

    /// The price at which `qty` cost so much, to the nearest step of the price scale.
    pub fn price_of(&self, cost: Amount, qty: Qty) -> Result<Price, Overflow> {
        let (up, down) = self.to_amount();
        let each = i128::from(qty.mantissa()).checked_mul(up).ok_or(Overflow)?;
        let price = mul_div(cost.mantissa(), down, each, Rounding::Nearest)?;
        i64::try_from(price).map(Price::new).map_err(|_| Overflow)
    }

    /// What `qty` is worth at `price`, in quote units, signed like `qty`, to the nearest 10⁻¹⁸.
    #[inline]
    pub fn notional(&self, price: Price, qty: Qty) -> Result<Amount, Overflow> {
        let (up, down) = self.to_amount();
        let (price, qty) = (price.mantissa(), qty.mantissa());
        // What fits 64 bits twice cannot overflow 128, and needs no check.
        if let (Some(each), 1) = (i64::try_from(up).ok().and_then(|up| price.checked_mul(up)), down)
        {
            return Ok(Amount::new(i128::from(each) * i128::from(qty)));
        }
        let product = i128::from(price) * i128::from(qty);
        if down != 1 {
            return mul_div(product, 1, down, Rounding::Nearest).map(Amount::new);
        }
        product.checked_mul(up).map(Amount::new).ok_or(Overflow)
    }

    /// The most lots that `budget` pays for at `price` with `fee` on top, each as it is booked.
    pub fn qty_for(&self, budget: Amount, price: Price, fee: Rate) -> Result<Qty, Overflow> {
        let (up, down) = self.to_amount();
        // What the fee leaves first, in whole 10⁻¹⁸: a notional booked to the nearest and a fee
        // booked upwards then never come to more than the budget.
        let (one, with_fee) = (Rate::ONE.mantissa(), Rate::ONE.plus(fee)?.mantissa());
        let mut left = budget.mantissa();
        if !fee.is_zero() {
            left = mul_div(left, i128::from(one), i128::from(with_fee), Rounding::Down)?;
        }
        let each = i128::from(price.mantissa()).checked_mul(up).ok_or(Overflow)?;
        let qty = if down == 1 {
            left.checked_div(each).ok_or(Overflow)?
        } else {
            mul_div(left, down, each, Rounding::Down)?
        };
        let qty = i64::try_from(qty).map_err(|_| Overflow)?;
        Ok(self.lots_down(Qty::new(qty)))
    }

    /// The size worth `notional` at `price`, on the lot, towards zero.
    pub fn qty_worth(&self, notional: Amount, price: Price) -> Result<Qty, Overflow> {
        self.qty_for(notional, price, Rate::ZERO)
    }

    /// `price` moved by `rate` of itself, to the nearest step of the price scale.
    pub fn moved(&self, price: Price, rate: Rate) -> Result<Price, Overflow> {
        let factor = Rate::ONE.plus(rate)?.mantissa();
        let moved = mul_div(
            i128::from(price.mantissa()),
            i128::from(factor),
            i128::from(Rate::ONE.mantissa()),
            Rounding::Nearest,
        )?;
        i64::try_from(moved).map(Price::new).map_err(|_| Overflow)
    }

    /// A size as an amount of its asset.
    pub fn base_amount(&self, qty: Qty) -> Result<Amount, Overflow> {
        let scale = 10_i128.pow(AMOUNT_DECIMALS - self.qty_scale.min(AMOUNT_DECIMALS));
        i128::from(qty.mantissa()).checked_mul(scale).map(Amount::new).ok_or(Overflow)
    }

    /// The smallest size that is at least this amount of its asset.
    pub fn qty_covering(&self, amount: Amount) -> Result<Qty, Overflow> {
        let scale = power(AMOUNT_DECIMALS - self.qty_scale.min(AMOUNT_DECIMALS));
        let qty = mul_div(amount.mantissa(), 1, scale, Rounding::Up)?;
        i64::try_from(qty).map(Qty::new).map_err(|_| Overflow)
    }

    /// A price as an amount of the quote.
    pub fn price_as_amount(&self, price: Price) -> Result<Amount, Overflow> {
        let scale = power(AMOUNT_DECIMALS - self.price_scale.min(AMOUNT_DECIMALS));
        i128::from(price.mantissa()).checked_mul(scale).map(Amount::new).ok_or(Overflow)
    }

    /// Whether so little is held that its venue takes no order for it: less than a lot, or worth
    /// less at `price` than the smallest order.
    pub fn is_dust(&self, qty: Qty, price: Price) -> Result<bool, Overflow> {
        let qty = self.lots_down(qty.magnitude()?);
        Ok(qty.is_zero() || self.notional(price, qty)? < self.notional_min)
    }

    /// For measures and plots.
    #[inline]
    #[must_use]
    pub fn price_as_f64(&self, price: Price) -> f64 {
        self.scales().price(price)
    }

    /// For measures, plots and signals.
    #[inline]
    #[must_use]
    pub fn qty_as_f64(&self, qty: Qty) -> f64 {
        self.scales().qty(qty)
    }

    /// What many prices and sizes become floats by.
    #[inline]
    #[must_use]
    pub fn scales(&self) -> Scales {
        Scales { price: power_of_ten(self.price_scale), qty: power_of_ten(self.qty_scale) }
    }

    /// What a price of 1 and a size of 1 are worth; `None` where that is a part of the smallest
    /// amount, or does not fit.
    #[must_use]
    pub fn unit_worth(&self) -> Option<i64> {
        let (up, down) = self.to_amount();
        i64::try_from(up).ok().filter(|_| down == 1)
    }

    /// Factor and divisor from price × size integers to an amount; one of them is 1.
    fn to_amount(&self) -> (i128, i128) {
        let places = self.price_scale + self.qty_scale;
        if places <= AMOUNT_DECIMALS {
            (power(AMOUNT_DECIMALS - places), 1)
        } else {
            (1, power(places - AMOUNT_DECIMALS))
        }
    }
}

/// The integers of 1 quote unit and of 1 base unit.
#[derive(Debug, Clone, Copy)]
pub struct Scales {
    price: f64,
    qty: f64,
}

impl Scales {
    /// A price in quote units.
    #[inline]
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "measures are floats")]
    pub fn price(self, price: Price) -> f64 {
        price.mantissa() as f64 / self.price
    }

    /// A size in base units.
    #[inline]
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "measures are floats")]
    pub fn qty(self, qty: Qty) -> f64 {
        qty.mantissa() as f64 / self.qty
    }
}

/// What a symbol is taken to trade where nobody says it: never [`Asset::CASH`].
pub fn base_of(symbol: &str) -> Result<Asset, UnitError> {
    match symbol.split_once(':') {
        Some((venue, name)) if !venue.is_empty() && !name.is_empty() => {
            let base = Asset::of_name(name);
            Ok(if base == Asset::CASH { Asset::of_name(symbol) } else { base })
        }
        Some(_) | None => Err(UnitError::NotAnInstrument(symbol.to_owned())),
    }
}

/// The venue of each instrument, numbered in the order that they first stand there.
#[must_use]
pub fn venues(instruments: &[Instrument]) -> Vec<VenueId> {
    let mut names: Vec<&str> = Vec::new();
    let mut number = |name| {
        let known = names.iter().position(|known| *known == name);
        let place = known.unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        VenueId(u32::try_from(place).unwrap_or(u32::MAX))
    };
    instruments.iter().map(|rules| number(rules.venue())).collect()
}

/// The price nearest to `value` at a scale.
pub fn price_at(value: f64, scale: u32) -> Result<Price, UnitError> {
    scaled(value, scale, nearest).map(Price::new)
}

/// An amount from decimal text, exactly.
pub fn amount_from_text(text: &str) -> Result<Amount, UnitError> {
    decimal(text, AMOUNT_DECIMALS).map(Amount::new)
}

/// A rate from decimal text, exactly.
pub fn rate_from_text(text: &str) -> Result<Rate, UnitError> {
    let raw = decimal(text, RATE_DECIMALS)?;
    i64::try_from(raw).map(Rate::new).map_err(|_| UnitError::TooLarge)
}

/// A rate from a strategy's number, towards zero.
pub fn rate_down(value: f64) -> Result<Rate, UnitError> {
    // The conversion to an integer cuts off by itself; `trunc` would be a call of a function.
    scaled(value, RATE_DECIMALS, |x| x).map(Rate::new)
}

/// A rate from a measure's number, which is not below zero, away from it.
pub fn rate_up(value: f64) -> Result<Rate, UnitError> {
    if value < 0.0 {
        return Err(UnitError::BelowZero);
    }
    scaled(value, RATE_DECIMALS, f64::ceil).map(Rate::new)
}

/// For measures, plots and signals.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "measures are floats")]
pub fn amount_as_f64(amount: Amount) -> f64 {
    amount.mantissa() as f64 / power_of_ten(AMOUNT_DECIMALS)
}

/// For measures.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "measures are floats")]
pub fn rate_as_f64(rate: Rate) -> f64 {
    rate.mantissa() as f64 / power_of_ten(RATE_DECIMALS)
}

/// A rate as decimal text, without trailing zeros.
#[must_use]
pub fn rate_as_text(rate: Rate) -> String {
    decimal_text(rate.mantissa().into(), RATE_DECIMALS)
}

/// An amount as decimal text, exactly, without trailing zeros.
#[must_use]
pub fn amount_as_text(amount: Amount) -> String {
    decimal_text(amount.mantissa(), AMOUNT_DECIMALS)
}

fn decimal_text(mantissa: i128, places: u32) -> String {
    let (one, raw) = (10_u128.pow(places), mantissa.unsigned_abs());
    let sign = if mantissa < 0 { "-" } else { "" };
    if places == 0 {
        return format!("{sign}{raw}");
    }
    let width = places as usize;
    let text = format!("{sign}{}.{:0width$}", raw / one, raw % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How many decimal places an amount has.
fn decimals(amount: Amount) -> u32 {
    let mut raw = amount.mantissa();
    let mut places = AMOUNT_DECIMALS;
    while places > 0 && raw % 10 == 0 {
        raw /= 10;
        places -= 1;
    }
    places
}

/// Powers of ten by looking them up: raising to a power costs more than the order it is for.
#[inline]
fn power(places: u32) -> i128 {
    const POWERS: [i128; 37] = {
        let (mut powers, mut place) = ([1_i128; 37], 1);
        while place < powers.len() {
            #[allow(clippy::indexing_slicing, reason = "computed while compiling")]
            {
                powers[place] = powers[place - 1] * 10;
            }
            place += 1;
        }
        powers
    };
    POWERS.get(places as usize).copied().unwrap_or(i128::MAX)
}

fn power_of_ten(places: u32) -> f64 {
    // Exact: every power of ten up to 10²² is a float.
    const POWERS: [f64; 19] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18,
    ];
    // No branch: there are never more.
    POWERS.get(places.min(18) as usize).copied().unwrap_or(1e18)
}

/// Rounded, but what arithmetic left within one part in 10¹⁴ of a whole number is that number: a
/// thousandth below 100 is 99.9, and not a tick less.
fn whole_or(x: f64, round: impl Fn(f64) -> f64) -> f64 {
    let whole = nearest(x);
    if (whole - x).abs() <= x.abs() * 1e-14 { whole } else { round(x) }
}

/// The whole number towards zero. `f64::trunc` does the same by calling a function, as processors
/// of every kind have no instruction for it; they have one to make an integer.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "what it would cut off is whole already")]
#[allow(clippy::cast_precision_loss, reason = "below 2⁵² every whole number is a float")]
fn cut(x: f64) -> f64 {
    // From 2⁵² on every float is whole.
    if x.abs() < 4_503_599_627_370_496.0 { (x as i64) as f64 } else { x }
}

/// The nearest whole number, halves away from zero, as `f64::round`.
#[inline]
fn nearest(x: f64) -> f64 {
    let whole = cut(x);
    let up = if (x - whole).abs() >= 0.5 { 1.0_f64.copysign(x) } else { 0.0 };
    whole + up
}

#[allow(clippy::cast_possible_truncation, reason = "the range is checked on the line before")]
fn scaled(value: f64, places: u32, round: impl Fn(f64) -> f64) -> Result<i64, UnitError> {
    if !value.is_finite() {
        return Err(UnitError::NotFinite);
    }
    let scaled = round(value * power_of_ten(places));
    // 2⁶³ is the first float above the largest i64.
    if scaled.abs() >= 9_223_372_036_854_775_808.0 {
        return Err(UnitError::TooLarge);
    }
    Ok(scaled as i64)
}

/// Decimal text such as `-12.5` or `1e-3` to an integer at `places`, exactly.
fn decimal(text: &str, places: u32) -> Result<i128, UnitError> {
    let not_a_number = || UnitError::NotANumber(text.to_owned());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().map_err(|_| not_a_number())?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = whole.bytes().chain(part.bytes());
    if whole.len() + part.len() == 0 || !all.clone().all(|b| b.is_ascii_digit()) {
        return Err(not_a_number());
    }
    let mut value: i128 = 0;
    for byte in all {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(i128::from(byte - b'0')))
            .ok_or(UnitError::TooLarge)?;
    }
    let part_len = i32::try_from(part.len()).map_err(|_| UnitError::TooLarge)?;
    let places_i32 = i32::try_from(places).map_err(|_| UnitError::TooLarge)?;
    let shift = places_i32.saturating_sub(part_len).saturating_add(exponent);
    let factor = 10_i128.checked_pow(shift.unsigned_abs());
    let scaled = if shift >= 0 || value == 0 {
        if value == 0 { Some(0) } else { factor.and_then(|f| value.checked_mul(f)) }
    } else {
        let too_fine = || UnitError::TooFine { text: text.to_owned(), decimals: places };
        let factor = factor.ok_or_else(too_fine)?;
        if value % factor != 0 {
            return Err(too_fine());
        }
        Some(value / factor)
    };
    let scaled = scaled.ok_or(UnitError::TooLarge)?;
    Ok(if negative { -scaled } else { scaled })
}
