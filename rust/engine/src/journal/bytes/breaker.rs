//! What a breaker's change is as bytes.

use super::{Reader, Writer, coded};
use crate::event::{
    BreakerState, Component, Note, Part, Reason, Scope, SleeveId, Stage, Transition,
};
use crate::instrument::{InstrumentId, VenueId};
use crate::units::Nanos;

pub(super) fn write_transition(out: &mut Writer<'_>, new: &Transition) {
    out.head(7, new.ts);
    out.u8(new.part.component as u8);
    let (kind, id) = match new.part.scope {
        Scope::Account => (0, 0),
        Scope::Venue(venue) => (1, venue.0),
        Scope::Instrument(id) => (2, id.0),
        Scope::Sleeve(id) => (3, id.0),
    };
    out.u8(kind);
    out.u32(id);
    out.u8(new.state as u8);
    out.u8(new.stage as u8);
    out.u8(new.reason as u8);
    out.optional(new.until.map(|until| until.mantissa().cast_unsigned()));
    out.0.extend_from_slice(new.note.as_str().as_bytes());
}

/// A note is whatever is left of the record.
pub(super) fn read_transition(from: &mut Reader<'_>, ts: Nanos) -> Option<Transition> {
    let component = coded(&Component::ALL, from.u8()?)?;
    let scope = match (from.u8()?, from.u32()?) {
        (0, 0) => Scope::Account,
        (1, id) => Scope::Venue(VenueId(id)),
        (2, id) => Scope::Instrument(InstrumentId(id)),
        (3, id) => Scope::Sleeve(SleeveId(id)),
        _ => return None,
    };
    let state = coded(&BreakerState::ALL, from.u8()?)?;
    let stage = coded(&Stage::ALL, from.u8()?)?;
    let reason = coded(&Reason::ALL, from.u8()?)?;
    let until = from.optional()?.map(|bits| Nanos::new(bits.cast_signed()));
    let rest = core::mem::take(&mut from.0);
    let note = Note::new(core::str::from_utf8(rest).ok()?).ok()?;
    let part = Part { component, scope };
    Some(Transition { ts, part, state, stage, reason, until, note })
}
