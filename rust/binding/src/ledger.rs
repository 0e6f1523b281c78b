//! The engine's ledger by itself, for trades that no bot made.

use std::collections::BTreeMap;

use bot4_engine::asset::Asset;
use bot4_engine::event::Side;
use bot4_engine::instrument::{Instrument, InstrumentId, PRICE_SCALE_MAX, VenueId, venues};
use bot4_engine::portfolio::{Party, Pocket, Portfolio, Trade};
use bot4_engine::units::{AMOUNT_DECIMALS, Amount, Price, Qty, Rate};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

use crate::bars::contiguous;
use crate::errors::{EngineError, Raise};
use crate::reconcile::asset;

/// Quantity, cost and realised profit, as whole numbers.
type Position = (i64, i128, i128);
/// What is ours, the market's, the venue's fees.
type Sides = (i128, i128, i128);

#[pyclass(name = "Ledger", module = "bot4._engine")]
pub(crate) struct PyLedger {
    instruments: Vec<Instrument>,
    fee_assets: Vec<Asset>,
    book: Portfolio,
}

/// Something of each asset, by the names of its venue and its own.
pub(crate) fn by_name<T>(
    book: &Portfolio,
    instruments: &[Instrument],
    value: impl Fn(&Pocket) -> T,
) -> BTreeMap<(String, String), T> {
    let numbers = venues(instruments);
    let name = |venue: VenueId| {
        let mut named = instruments.iter().zip(&numbers);
        let found = named.find(|(_, number)| **number == venue);
        found.map_or(String::new(), |(rules, _)| rules.venue().to_owned())
    };
    let key = |pocket: &Pocket| (name(pocket.venue), pocket.asset.name().to_owned());
    book.pockets().iter().map(|pocket| (key(pocket), value(pocket))).collect()
}

/// One column of a batch, as long as the others.
fn column<'a>(array: &'a PyReadonlyArray1<'_, i64>, name: &str, len: usize) -> PyResult<&'a [i64]> {
    let values = contiguous(array.as_slice().ok())?;
    if values.len() == len {
        return Ok(values);
    }
    let text = format!("{name} has {} rows, instrument {len}", values.len());
    Err(EngineError::new_err(text))
}

impl PyLedger {
    /// One row as a trade.
    fn trade(&self, row: [i64; 5], fee_unit: i128) -> Result<(&Instrument, Trade), &'static str> {
        let [place, price, signed, fee, paid_in] = row;
        let id = u32::try_from(place).map_err(|_| "no instrument of that number")?;
        let rules = self.instruments.get(id as usize).ok_or("no instrument of that number")?;
        let qty = signed.checked_abs().filter(|qty| *qty > 0).ok_or("qty must not be 0")?;
        if price <= 0 {
            return Err("price must be above 0");
        }
        let fee_asset = match paid_in {
            -1 => None,
            place => {
                let found = usize::try_from(place).ok().and_then(|at| self.fee_assets.get(at));
                Some(*found.ok_or("no fee asset of that number")?)
            }
        };
        let trade = Trade {
            instrument: InstrumentId(id),
            side: if signed > 0 { Side::Buy } else { Side::Sell },
            price: Price::new(price),
            qty: Qty::new(qty),
            fee: Amount::new(i128::from(fee) * fee_unit),
            fee_asset,
            sleeve: None,
        };
        Ok((rules, trade))
    }
}

#[pymethods]
impl PyLedger {
    #[new]
    #[pyo3(signature = (instruments, fee_assets=Vec::new()))]
    fn new(
        instruments: Vec<(String, String, String, u32, u32)>,
        fee_assets: Vec<String>,
    ) -> PyResult<Self> {
        let build = |(symbol, base, quote, price_scale, qty_scale): (String, String, _, _, _)| {
            let quote: String = quote;
            if u32::max(price_scale, qty_scale) > PRICE_SCALE_MAX {
                let text = format!("{symbol}: a scale is a number from 0 to {PRICE_SCALE_MAX}");
                return Err(EngineError::new_err(text));
            }
            let rules = Instrument::assumed(&symbol, 1.0, Rate::ZERO).raise()?;
            let rules = Instrument { price_scale, qty_scale, ..rules };
            rules.trading(asset(&base)?, asset(&quote)?).raise()
        };
        let instruments = instruments.into_iter().map(build).collect::<PyResult<Vec<_>>>()?;
        let fee_assets = fee_assets.iter().map(|name| asset(name)).collect::<PyResult<_>>()?;
        let book = Portfolio::new(&instruments, 0);
        Ok(Self { instruments, fee_assets, book })
    }

    #[pyo3(signature = (instrument, price, qty, fee, fee_asset, *, fee_decimals=8))]
    #[allow(clippy::too_many_arguments, reason = "one argument a column")]
    fn trades(
        &mut self,
        instrument: PyReadonlyArray1<'_, i64>,
        price: PyReadonlyArray1<'_, i64>,
        qty: PyReadonlyArray1<'_, i64>,
        fee: PyReadonlyArray1<'_, i64>,
        fee_asset: PyReadonlyArray1<'_, i64>,
        fee_decimals: u32,
    ) -> PyResult<()> {
        let places = contiguous(instrument.as_slice().ok())?;
        let len = places.len();
        let (price, qty) = (column(&price, "price", len)?, column(&qty, "qty", len)?);
        let (fee, paid_in) = (column(&fee, "fee", len)?, column(&fee_asset, "fee_asset", len)?);
        let left = AMOUNT_DECIMALS.checked_sub(fee_decimals).ok_or_else(|| {
            EngineError::new_err(format!("fee_decimals is a number from 0 to {AMOUNT_DECIMALS}"))
        })?;
        let fee_unit = 10_i128.pow(left);
        // A batch is booked whole or not at all.
        let mut book = self.book.clone();
        let rows = places.iter().zip(price).zip(qty).zip(fee).zip(paid_in);
        for (number, ((((place, price), qty), fee), paid_in)) in rows.enumerate() {
            let row = [*place, *price, *qty, *fee, *paid_in];
            let booked = self.trade(row, fee_unit).and_then(|(rules, trade)| {
                book.on_trade(rules, &trade).map_err(|_| "an amount does not fit")
            });
            booked.map_err(|why| EngineError::new_err(format!("row {number}: {why}")))?;
        }
        self.book = book;
        Ok(())
    }

    fn balances(&self) -> BTreeMap<(String, String), Sides> {
        by_name(&self.book, &self.instruments, |pocket| {
            let of = |party| pocket.balances.of(party).mantissa();
            (of(Party::Ours), of(Party::Market), of(Party::Fees))
        })
    }

    fn positions(&self) -> Vec<Position> {
        let all = self.book.positions().iter();
        all.map(|one| (one.qty.mantissa(), one.cost.mantissa(), one.realised.mantissa())).collect()
    }
}
