//! Records to bytes and back.
//!
//! A journal is a magic, the instruments and the number of sleeves, then records. Each frame is its
//! length (u32), eight bytes of a hash chained over all frames before it, and its payload, all
//! little-endian. A torn or altered frame is found, and told by its offset.
//!
//! Long because every record's bytes are here, but those of an intent, an entry and a breaker.

use super::Record;
use crate::asset::Asset;
use crate::event::{
    Amendment, Cross, Fill, Measure, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size,
    SleeveId, Stop, StopKind, TimeInForce, TradeId, TradingState, Unexplained,
};
use crate::instrument::{Instrument, InstrumentId};
use crate::risk::{Judged, Refusal};
use crate::units::{AMOUNT_DECIMALS, Amount, Nanos, Price, Qty, Rate};

const MAGIC: &[u8; 8] = b"BOT4JRN5";
/// No frame is larger: a longer length is damage, not a reason to allocate.
const FRAME_LEN_MAX: u32 = 1 << 16;
const CHECK_LEN: usize = 8;
/// More sleeves than this are damage too.
const SLEEVES_MAX: u32 = 1 << 20;

/// What is wrong with an encoded journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The first bytes are not ours.
    #[error("this is not a journal of BOT4, or of another version")]
    NotAJournal,
    /// It ends inside a frame.
    #[error("the journal is torn at byte {0}: the frame there is not complete")]
    Torn(usize),
    /// A frame's check does not match.
    #[error("the journal is altered at byte {0}: the frame there does not match its check")]
    Altered(usize),
    /// A frame holds something that is no record.
    #[error("the journal holds an unknown record at byte {0}")]
    Unknown(usize),
}

/// A whole journal as bytes.
#[must_use]
pub fn encode(instruments: &[Instrument], sleeves: u32, records: &[Record]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let mut chain = [0; 32];
    let mut payload = Vec::new();
    let mut header = Writer(&mut payload);
    header.u32(u32::try_from(instruments.len()).unwrap_or(u32::MAX));
    header.u32(sleeves);
    frame(&mut out, &mut chain, &payload);
    for instrument in instruments {
        payload.clear();
        write_instrument(&mut payload, instrument);
        frame(&mut out, &mut chain, &payload);
    }
    for record in records {
        payload.clear();
        write(&mut payload, record);
        frame(&mut out, &mut chain, &payload);
    }
    out
}

/// What [`encode`] was given.
pub fn decode(encoded: &[u8]) -> Result<(Vec<Instrument>, u32, Vec<Record>), JournalError> {
    let rest = encoded.strip_prefix(MAGIC).ok_or(JournalError::NotAJournal)?;
    let mut frames = Frames { rest, offset: MAGIC.len(), chain: [0; 32] };
    let (offset, header) = frames.next()?.ok_or(JournalError::Torn(MAGIC.len()))?;
    let mut reader = Reader(header);
    let unknown = JournalError::Unknown(offset);
    let (count, sleeves) = (reader.u32().ok_or(unknown.clone())?, reader.u32().ok_or(unknown)?);
    if sleeves > SLEEVES_MAX {
        return Err(JournalError::Unknown(offset));
    }
    let mut instruments = Vec::new();
    for _ in 0..count {
        let (offset, payload) = frames.next()?.ok_or(JournalError::Torn(frames.offset))?;
        instruments.push(read_instrument(payload).ok_or(JournalError::Unknown(offset))?);
    }
    let mut records = Vec::new();
    while let Some((offset, payload)) = frames.next()? {
        records.push(read_record(payload).ok_or(JournalError::Unknown(offset))?);
    }
    Ok((instruments, sleeves, records))
}

/// One record behind what `out` holds, its length (u16) first: how a store on disk keeps it, which
/// brings checks of its own.
pub fn encode_record(out: &mut Vec<u8>, record: &Record) {
    let start = out.len();
    out.extend_from_slice(&[0; 2]);
    write(out, record);
    let len = u16::try_from(out.len() - start - 2).unwrap_or(u16::MAX);
    if let Some(slot) = out.get_mut(start..start + 2) {
        slot.copy_from_slice(&len.to_le_bytes());
    }
}

/// What [`encode_record`] was given, one after the other; the offset of what is no record.
pub fn decode_records(encoded: &[u8]) -> Result<Vec<Record>, JournalError> {
    let mut records = Vec::new();
    let mut reader = Reader(encoded);
    while !reader.0.is_empty() {
        let unknown = JournalError::Unknown(encoded.len() - reader.0.len());
        let payload = reader.array().map(u16::from_le_bytes).map(usize::from);
        let payload = payload.and_then(|len| reader.take(len));
        records.push(payload.and_then(read_record).ok_or(unknown)?);
    }
    Ok(records)
}

fn frame(out: &mut Vec<u8>, chain: &mut [u8; 32], payload: &[u8]) {
    *chain = linked(chain, payload);
    out.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(chain.iter().take(CHECK_LEN));
    out.extend_from_slice(payload);
}

fn linked(chain: &[u8; 32], payload: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(chain);
    hasher.update(payload);
    *hasher.finalize().as_bytes()
}

struct Frames<'a> {
    rest: &'a [u8],
    offset: usize,
    chain: [u8; 32],
}

impl<'a> Frames<'a> {
    /// Offset and payload of the next frame, `None` at the end.
    fn next(&mut self) -> Result<Option<(usize, &'a [u8])>, JournalError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let offset = self.offset;
        let torn = JournalError::Torn(offset);
        let mut reader = Reader(self.rest);
        let len = reader.u32().ok_or(torn.clone())?;
        if len > FRAME_LEN_MAX {
            return Err(JournalError::Altered(offset));
        }
        let len = usize::try_from(len).map_err(|_| JournalError::Altered(offset))?;
        let check = reader.take(CHECK_LEN).ok_or(torn.clone())?;
        let payload = reader.take(len).ok_or(torn)?;
        let chain = linked(&self.chain, payload);
        if !chain.starts_with(check) {
            return Err(JournalError::Altered(offset));
        }
        self.chain = chain;
        self.rest = reader.0;
        self.offset += 4 + CHECK_LEN + len;
        Ok(Some((offset, payload)))
    }
}

mod breaker;
mod entry;
mod intent;

use breaker::{read_transition, write_transition};
use entry::{read_entry, write_entry};
use intent::{read_intent, write_intent};

struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    /// What each record begins with.
    fn head(&mut self, tag: u8, ts: Nanos) {
        self.u8(tag);
        self.i64(ts.mantissa());
    }
    fn u8(&mut self, value: u8) {
        self.0.push(value);
    }
    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn u128(&mut self, value: u128) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn amount(&mut self, value: Amount) {
        self.0.extend_from_slice(&value.mantissa().to_le_bytes());
    }
    fn asset(&mut self, asset: Asset) {
        self.0.extend_from_slice(&asset.bytes());
    }
    /// None is nothing but zeros, which no asset is called.
    fn optional_asset(&mut self, asset: Option<Asset>) {
        self.0.extend_from_slice(&asset.map_or([0; Asset::LEN_MAX], Asset::bytes));
    }
    fn optional(&mut self, value: Option<u64>) {
        self.u8(u8::from(value.is_some()));
        self.u64(value.unwrap_or_default());
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
    fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]: [u8; 1]| byte)
    }
    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }
    fn amount(&mut self) -> Option<Amount> {
        self.array().map(i128::from_le_bytes).map(Amount::new)
    }
    fn nanos(&mut self) -> Option<Nanos> {
        self.i64().map(Nanos::new)
    }
    fn order(&mut self) -> Option<OrderId> {
        self.u64().map(OrderId::from_number)
    }
    fn asset(&mut self) -> Option<Asset> {
        self.array().and_then(Asset::from_bytes)
    }
    fn optional_asset(&mut self) -> Option<Option<Asset>> {
        match self.array::<{ Asset::LEN_MAX }>()? {
            [0, ..] => Some(None),
            bytes => Asset::from_bytes(bytes).map(Some),
        }
    }
    fn optional(&mut self) -> Option<Option<u64>> {
        let (is_some, value) = (self.u8()?, self.u64()?);
        Some((is_some == 1).then_some(value))
    }
    fn optional_sleeve(&mut self) -> Option<Option<SleeveId>> {
        match self.optional()? {
            Some(id) => u32::try_from(id).ok().map(|id| Some(SleeveId(id))),
            None => Some(None),
        }
    }
    /// `value` if nothing is left over.
    fn end<T>(&self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

fn write_instrument(out: &mut Vec<u8>, instrument: &Instrument) {
    let mut out = Writer(out);
    out.u32(instrument.price_scale);
    out.u32(instrument.qty_scale);
    out.i64(instrument.tick.mantissa());
    out.i64(instrument.lot.mantissa());
    out.amount(instrument.notional_min);
    out.amount(instrument.notional_max);
    out.i64(instrument.qty_max.mantissa());
    out.i64(instrument.taker_fee.mantissa());
    out.i64(instrument.maker_fee.mantissa());
    out.asset(instrument.base);
    out.asset(instrument.quote);
    out.0.extend_from_slice(instrument.symbol.as_bytes());
}

fn read_instrument(payload: &[u8]) -> Option<Instrument> {
    let mut from = Reader(payload);
    let (price_scale, qty_scale) = (from.u32()?, from.u32()?);
    let (tick, lot) = (Price::new(from.i64()?), Qty::new(from.i64()?));
    let (notional_min, notional_max) = (from.amount()?, from.amount()?);
    let qty_max = Qty::new(from.i64()?);
    let (taker_fee, maker_fee) = (Rate::new(from.i64()?), Rate::new(from.i64()?));
    let (base, quote) = (from.asset()?, from.asset()?);
    let symbol = core::str::from_utf8(from.0).ok()?.to_owned();
    let scales_fit = price_scale.max(qty_scale) <= AMOUNT_DECIMALS && tick.is_positive();
    (scales_fit && lot.is_positive() && base != quote).then_some(Instrument {
        symbol,
        base,
        quote,
        price_scale,
        qty_scale,
        tick,
        lot,
        notional_min,
        notional_max,
        qty_max,
        taker_fee,
        maker_fee,
    })
}

/// One record's bytes, behind what `out` holds.
pub(super) fn write(out: &mut Vec<u8>, record: &Record) {
    let mut out = Writer(out);
    let mut head = |tag: u8, ts: Nanos| out.head(tag, ts);
    match *record {
        Record::Deposit { ts, amount } => {
            head(0, ts);
            out.amount(amount);
        }
        Record::Booked { entry, worth } => {
            head(17, entry.ts);
            out.amount(worth);
            write_entry(&mut out, &entry);
        }
        Record::Rate { ts, asset, worth } => {
            head(18, ts);
            out.asset(asset);
            out.amount(worth);
        }
        Record::Intent { ts, intent } => {
            head(1, ts);
            write_intent(&mut out, &intent);
        }
        Record::Refused { ts, sleeve, refusal: reason }
        | Record::Clipped { ts, sleeve, limit: reason } => {
            head(if matches!(record, Record::Refused { .. }) { 2 } else { 3 }, ts);
            out.u32(sleeve.0);
            out.u8(reason as u8);
        }
        Record::Breaker(transition) => write_transition(&mut out, &transition),
        Record::Control { ts, state } => {
            head(8, ts);
            out.u8(state as u8);
        }
        Record::Equity { ts, cash, equity } => {
            head(9, ts);
            out.amount(cash);
            out.amount(equity);
        }
        Record::Pause { ts, sleeve, paused } => {
            head(10, ts);
            out.u32(sleeve.0);
            out.u8(u8::from(paused));
        }
        Record::Start { ts, epoch, quiet_until } => {
            head(11, ts);
            out.u32(epoch);
            out.u64(quiet_until);
        }
        Record::Stop { ts, flatten } => {
            head(12, ts);
            out.u8(u8::from(flatten));
        }
        Record::Flatten { ts } => head(13, ts),
        Record::Freeze { ts, instrument, why } => write_freeze(&mut out, ts, (instrument, why)),
        Record::Status { ts, instrument, tradable } => {
            write_status(&mut out, ts, (instrument, tradable));
        }
        Record::Measured { ts, measure } => write_measure(&mut out, ts, &measure),
        Record::Crossed { ts, cross } => write_cross(&mut out, ts, &cross),
        Record::Placed { .. }
        | Record::Update { .. }
        | Record::Fill(_)
        | Record::Amend { .. }
        | Record::CumQty { .. } => write_of_order(&mut out, record),
    }
}

/// What is of an order, and nothing else.
fn write_of_order(out: &mut Writer<'_>, record: &Record) {
    let mut head = |tag: u8, ts: Nanos| out.head(tag, ts);
    match *record {
        Record::Placed { ts, id, order, judged } => {
            head(4, ts);
            out.u64(id.number());
            write_order(out, &order);
            write_judged(out, judged.as_ref());
        }
        Record::Update { ts, order, update } => {
            head(5, ts);
            out.u64(order.number());
            out.u8(update as u8);
        }
        Record::Fill(fill) => {
            head(6, fill.ts);
            out.u64(fill.order.number());
            out.u128(fill.trade.number());
            out.i64(fill.price.mantissa());
            out.i64(fill.qty.mantissa());
            out.amount(fill.fee);
            out.optional_asset(fill.fee_asset);
            out.u8(u8::from(fill.last));
        }
        Record::Amend { ts, order, to } => {
            head(14, ts);
            out.u64(order.number());
            out.i64(to.limit.mantissa());
            out.i64(to.qty.mantissa());
            out.amount(to.reserve);
        }
        Record::CumQty { ts, order, qty } => {
            head(15, ts);
            out.u64(order.number());
            out.i64(qty.mantissa());
        }
        Record::Deposit { .. }
        | Record::Booked { .. }
        | Record::Rate { .. }
        | Record::Intent { .. }
        | Record::Refused { .. }
        | Record::Clipped { .. }
        | Record::Crossed { .. }
        | Record::Breaker(_)
        | Record::Control { .. }
        | Record::Equity { .. }
        | Record::Pause { .. }
        | Record::Start { .. }
        | Record::Stop { .. }
        | Record::Flatten { .. }
        | Record::Freeze { .. }
        | Record::Status { .. }
        | Record::Measured { .. } => {}
    }
}

fn read_record(payload: &[u8]) -> Option<Record> {
    let mut from = Reader(payload);
    let (tag, ts) = (from.u8()?, from.nanos()?);
    let record = match tag {
        0 => Record::Deposit { ts, amount: from.amount()? },
        1 => Record::Intent { ts, intent: read_intent(&mut from)? },
        2 => Record::Refused { ts, sleeve: SleeveId(from.u32()?), refusal: refusal(&mut from)? },
        3 => Record::Clipped { ts, sleeve: SleeveId(from.u32()?), limit: refusal(&mut from)? },
        4 => read_placed(&mut from, ts)?,
        5 => Record::Update {
            ts,
            order: from.order()?,
            update: coded(&OrderUpdate::ALL, from.u8()?)?,
        },
        6 => Record::Fill(Fill {
            ts,
            order: from.order()?,
            trade: TradeId::new(from.array().map(u128::from_le_bytes)?),
            price: Price::new(from.i64()?),
            qty: Qty::new(from.i64()?),
            fee: from.amount()?,
            fee_asset: from.optional_asset()?,
            last: from.u8()? == 1,
        }),
        7 => Record::Breaker(read_transition(&mut from, ts)?),
        8 => Record::Control { ts, state: coded(&TradingState::ALL, from.u8()?)? },
        9 => Record::Equity { ts, cash: from.amount()?, equity: from.amount()? },
        10 => Record::Pause {
            ts,
            sleeve: SleeveId(from.u32()?),
            paused: coded(&[false, true], from.u8()?)?,
        },
        11 => Record::Start { ts, epoch: from.u32()?, quiet_until: from.u64()? },
        12 => Record::Stop { ts, flatten: coded(&[false, true], from.u8()?)? },
        13 => Record::Flatten { ts },
        14 => Record::Amend {
            ts,
            order: from.order()?,
            to: Amendment {
                limit: Price::new(from.i64()?),
                qty: Qty::new(from.i64()?),
                reserve: from.amount()?,
            },
        },
        16 => Record::Freeze {
            ts,
            instrument: InstrumentId(from.u32()?),
            why: match from.u8()? {
                0 => None,
                code => Some(coded(&Unexplained::ALL, code - 1)?),
            },
        },
        17 => {
            let (worth, entry) = (from.amount()?, read_entry(&mut from, ts)?);
            Record::Booked { entry, worth }
        }
        18 => Record::Rate { ts, asset: from.asset()?, worth: from.amount()? },
        19 => Record::Crossed { ts, cross: read_cross(&mut from)? },
        20 => Record::Status {
            ts,
            instrument: InstrumentId(from.u32()?),
            tradable: coded(&[false, true], from.u8()?)?,
        },
        21 => Record::Measured { ts, measure: read_measure(&mut from)? },
        15 => Record::CumQty { ts, order: from.order()?, qty: Qty::new(from.i64()?) },
        _ => return None,
    };
    from.end(record)
}

fn write_freeze(out: &mut Writer<'_>, ts: Nanos, of: (InstrumentId, Option<Unexplained>)) {
    let (instrument, why) = of;
    out.head(16, ts);
    out.u32(instrument.0);
    out.u8(why.map_or(0, |why| why as u8 + 1));
}

fn write_status(out: &mut Writer<'_>, ts: Nanos, (instrument, tradable): (InstrumentId, bool)) {
    out.head(20, ts);
    out.u32(instrument.0);
    out.u8(u8::from(tradable));
}

fn write_measure(out: &mut Writer<'_>, ts: Nanos, measure: &Measure) {
    out.head(21, ts);
    out.i64(measure.as_of().mantissa());
    out.i64(measure.level().mantissa());
    out.i64(measure.horizon().mantissa());
    out.i64(measure.var().mantissa());
    out.i64(measure.cvar().mantissa());
}

fn read_measure(from: &mut Reader<'_>) -> Option<Measure> {
    let as_of = from.nanos()?;
    let of = (Rate::new(from.i64()?), from.nanos()?);
    let losses = (Rate::new(from.i64()?), Rate::new(from.i64()?));
    Measure::new(as_of, of, losses).ok()
}

fn write_cross(out: &mut Writer<'_>, ts: Nanos, cross: &Cross) {
    out.head(19, ts);
    out.u32(cross.instrument.0);
    out.optional(cross.seller.map(|id| u64::from(id.0)));
    out.optional(cross.buyer.map(|id| u64::from(id.0)));
    out.i64(cross.price.mantissa());
    out.i64(cross.qty.mantissa());
}

fn read_cross(from: &mut Reader<'_>) -> Option<Cross> {
    let instrument = InstrumentId(from.u32()?);
    let (seller, buyer) = (from.optional_sleeve()?, from.optional_sleeve()?);
    let (price, qty) = (Price::new(from.i64()?), Qty::new(from.i64()?));
    Some(Cross { instrument, seller, buyer, price, qty })
}

fn write_order(out: &mut Writer<'_>, order: &NewOrder) {
    out.u32(order.sleeve.0);
    out.u32(order.instrument.0);
    out.u8(order.side as u8);
    match order.size {
        Size::Base(qty) => {
            out.u8(0);
            out.amount(Amount::new(i128::from(qty.mantissa())));
        }
        Size::Quote(amount) => {
            out.u8(1);
            out.amount(amount);
        }
    }
    out.optional(order.limit.map(|price| price.mantissa().cast_unsigned()));
    out.amount(order.reserve);
    write_terms(out, &order.terms);
    out.optional(order.replaces.map(OrderId::number));
}

fn write_terms(out: &mut Writer<'_>, terms: &OrderTerms) {
    let flags = [terms.post_only, terms.reduce_only, terms.held, terms.stop.is_some()];
    let bits = flags.iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(*flag));
    let (tif, until) = match terms.tif {
        TimeInForce::Gtc => (0, None),
        TimeInForce::Ioc => (1, None),
        TimeInForce::Fok => (2, None),
        TimeInForce::Gtd(until) => (3, Some(until)),
    };
    out.u8(bits | tif << 4 | u8::from(terms.twin) << 6);
    if let Some(until) = until {
        out.i64(until.mantissa());
    }
    if let Some(Stop { kind, trigger, trail }) = terms.stop {
        out.u8(kind as u8);
        out.i64(trigger.mantissa());
        out.i64(trail.mantissa());
    }
}

fn read_terms(from: &mut Reader<'_>) -> Option<OrderTerms> {
    let bits = from.u8()?;
    let flag = |place: u8| bits >> place & 1 == 1;
    if bits >> 7 != 0 {
        return None;
    }
    let tif = match bits >> 4 & 3 {
        0 => TimeInForce::Gtc,
        1 => TimeInForce::Ioc,
        2 => TimeInForce::Fok,
        _ => TimeInForce::Gtd(from.nanos()?),
    };
    let stop = if flag(3) {
        Some(Stop {
            kind: coded(&StopKind::ALL, from.u8()?)?,
            trigger: Price::new(from.i64()?),
            trail: Price::new(from.i64()?),
        })
    } else {
        None
    };
    let (post_only, reduce_only, held, twin) = (flag(0), flag(1), flag(2), flag(6));
    Some(OrderTerms { tif, post_only, reduce_only, stop, held, twin })
}

fn read_order(from: &mut Reader<'_>) -> Option<NewOrder> {
    Some(NewOrder {
        sleeve: SleeveId(from.u32()?),
        instrument: InstrumentId(from.u32()?),
        side: coded(&Side::ALL, from.u8()?)?,
        size: match (from.u8()?, from.amount()?) {
            (0, qty) => Size::Base(Qty::new(i64::try_from(qty.mantissa()).ok()?)),
            (1, amount) => Size::Quote(amount),
            _ => return None,
        },
        limit: from.optional()?.map(|bits| Price::new(bits.cast_signed())),
        reserve: from.amount()?,
        terms: read_terms(from)?,
        replaces: from.optional()?.map(OrderId::from_number),
    })
}

fn read_placed(from: &mut Reader<'_>, ts: Nanos) -> Option<Record> {
    let (id, order) = (from.order()?, read_order(from)?);
    Some(Record::Placed { ts, id, order, judged: read_judged(from)? })
}

/// Behind everything else of an order, and nothing where it is not known: as before it was told. Of
/// another list of limits than ours it is not known either.
fn write_judged(out: &mut Writer<'_>, judged: Option<&Judged>) {
    let Some(judged) = judged else {
        return;
    };
    out.u8(u8::from(judged.reduces));
    out.u8(u8::try_from(judged.parts().len()).unwrap_or(u8::MAX));
    out.0.extend(judged.parts().iter().flat_map(|part| part.to_le_bytes()));
}

fn read_judged(from: &mut Reader<'_>) -> Option<Option<Judged>> {
    if from.0.is_empty() {
        return Some(None);
    }
    let reduces = coded(&[false, true], from.u8()?)?;
    let len = usize::from(from.u8()?);
    let parts = from.take(2 * len)?;
    let parts = parts.chunks_exact(2).map(|part| part.try_into().map_or(0, u16::from_le_bytes));
    Some(Judged::from_parts(reduces, parts))
}

fn refusal(from: &mut Reader<'_>) -> Option<Refusal> {
    coded(&Refusal::ALL, from.u8()?)
}

/// A value's code is its place in the list of all of them.
fn coded<T: Copy>(all: &[T], code: u8) -> Option<T> {
    all.get(usize::from(code)).copied()
}
