//! What happened to an account without an order of ours, to bytes and back.

use super::{Reader, Writer, coded};
use crate::event::{Booking, Entry, Side, TradeId};
use crate::instrument::{InstrumentId, VenueId};
use crate::units::{Nanos, Price, Qty};

/// All of it but its time.
pub(super) fn write_entry(out: &mut Writer<'_>, entry: &Entry) {
    out.u32(entry.venue.0);
    out.u128(entry.name.number());
    match entry.booking {
        Booking::Transfer { asset, amount } => {
            out.u8(0);
            out.asset(asset);
            out.amount(amount);
        }
        Booking::Funding { instrument, amount } => {
            out.u8(1);
            out.u32(instrument.0);
            out.amount(amount);
        }
        Booking::Trade { instrument, side, price, qty, fee, fee_asset } => {
            out.u8(2);
            out.u32(instrument.0);
            out.u8(side as u8);
            out.i64(price.mantissa());
            out.i64(qty.mantissa());
            out.amount(fee);
            out.optional_asset(fee_asset);
        }
    }
}

pub(super) fn read_entry(from: &mut Reader<'_>, ts: Nanos) -> Option<Entry> {
    let venue = VenueId(from.u32()?);
    let name = TradeId::new(from.array().map(u128::from_le_bytes)?);
    let booking = match from.u8()? {
        0 => Booking::Transfer { asset: from.asset()?, amount: from.amount()? },
        1 => Booking::Funding { instrument: InstrumentId(from.u32()?), amount: from.amount()? },
        2 => Booking::Trade {
            instrument: InstrumentId(from.u32()?),
            side: coded(&Side::ALL, from.u8()?)?,
            price: Price::new(from.i64()?),
            qty: Qty::new(from.i64()?),
            fee: from.amount()?,
            fee_asset: from.optional_asset()?,
        },
        _ => return None,
    };
    Some(Entry { ts, venue, name, booking })
}
