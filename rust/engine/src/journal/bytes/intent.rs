//! An intent's bytes.

use super::{Reader, Writer, coded, read_terms, write_terms};
use crate::event::{Execution, Exits, Intent, OrderId, QuoteSide, Side, SleeveId, TwoSided, Want};
use crate::units::{Price, Rate};

pub(super) fn write_intent(out: &mut Writer<'_>, intent: &Intent) {
    out.u32(intent.sleeve.0);
    match intent.want {
        Want::Target { fraction, band, execution } => {
            out.u8(0);
            out.u64(fraction.to_bits());
            out.optional(band.map(f64::to_bits));
            write_execution(out, execution);
        }
        Want::Trade { side, qty, limit, terms } => {
            out.u8(1);
            out.u8(side as u8);
            out.u64(qty.to_bits());
            out.optional(limit.map(f64::to_bits));
            write_terms(out, &terms);
        }
        Want::CancelAll => out.u8(2),
        Want::Quote(TwoSided { bid, ask, size, levels }) => {
            out.u8(3);
            for side in [bid, ask] {
                out.u8(u8::from(side.is_some()));
                out.i64(side.map_or(0, |side| side.price.mantissa()));
                out.i64(side.map_or(0, |side| side.step.mantissa()));
            }
            out.i64(size.mantissa());
            out.u8(levels);
        }
        Want::Exits(exits) => {
            out.u8(4);
            write_exits(out, exits);
        }
        Want::Cancel { order } => {
            out.u8(5);
            out.u64(order.number());
        }
        Want::Amend { order, qty, limit } => {
            out.u8(6);
            out.u64(order.number());
            out.optional(qty.map(f64::to_bits));
            out.optional(limit.map(f64::to_bits));
        }
    }
}

pub(super) fn read_intent(from: &mut Reader<'_>) -> Option<Intent> {
    let sleeve = SleeveId(from.u32()?);
    let want = match from.u8()? {
        0 => Want::Target {
            fraction: f64::from_bits(from.u64()?),
            band: from.optional()?.map(f64::from_bits),
            execution: read_execution(from)?,
        },
        1 => Want::Trade {
            side: coded(&Side::ALL, from.u8()?)?,
            qty: f64::from_bits(from.u64()?),
            limit: from.optional()?.map(f64::from_bits),
            terms: read_terms(from)?,
        },
        2 => Want::CancelAll,
        3 => Want::Quote(TwoSided {
            bid: read_side(from)?,
            ask: read_side(from)?,
            size: Rate::new(from.i64()?),
            levels: from.u8()?,
        }),
        4 => Want::Exits(read_exits(from)?),
        5 => Want::Cancel { order: OrderId::from_number(from.u64()?) },
        6 => Want::Amend {
            order: OrderId::from_number(from.u64()?),
            qty: from.optional()?.map(f64::from_bits),
            limit: from.optional()?.map(f64::from_bits),
        },
        _ => return None,
    };
    Some(Intent { sleeve, want })
}

/// Exits that close nowhere are none.
fn write_exits(out: &mut Writer<'_>, exits: Option<Exits>) {
    let distance = |rate: Option<Rate>| rate.map(|rate| rate.mantissa().cast_unsigned());
    out.optional(distance(exits.and_then(|exits| exits.stop_loss)));
    out.u8(u8::from(exits.is_some_and(|exits| exits.trails)));
    out.optional(distance(exits.and_then(|exits| exits.take_profit)));
}

fn read_exits(from: &mut Reader<'_>) -> Option<Option<Exits>> {
    let distance = |bits: Option<u64>| bits.map(|bits| Rate::new(bits.cast_signed()));
    let stop_loss = distance(from.optional()?);
    let trails = coded(&[false, true], from.u8()?)?;
    let take_profit = distance(from.optional()?);
    let exits = Exits { stop_loss, trails, take_profit };
    Some((stop_loss.is_some() || take_profit.is_some()).then_some(exits))
}

fn write_execution(out: &mut Writer<'_>, execution: Execution) {
    match execution {
        Execution::Cross => out.u8(0),
        Execution::Passive => out.u8(1),
        Execution::PassiveThenCross { after } => {
            out.u8(2);
            out.i64(after.mantissa());
        }
        Execution::Slice { parts, over } => {
            out.u8(3);
            out.u32(u32::from(parts));
            out.i64(over.mantissa());
        }
    }
}

fn read_execution(from: &mut Reader<'_>) -> Option<Execution> {
    Some(match from.u8()? {
        0 => Execution::Cross,
        1 => Execution::Passive,
        2 => Execution::PassiveThenCross { after: from.nanos()? },
        3 => Execution::Slice { parts: u16::try_from(from.u32()?).ok()?, over: from.nanos()? },
        _ => return None,
    })
}

fn read_side(from: &mut Reader<'_>) -> Option<Option<QuoteSide>> {
    let (is_some, price, step) = (from.u8()?, from.i64()?, from.i64()?);
    let side = QuoteSide { price: Price::new(price), step: Price::new(step) };
    Some((is_some == 1).then_some(side))
}
