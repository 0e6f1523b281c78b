//! All that a session needs to go on elsewhere, as one value.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Answer, Fault, Request, Session};
use crate::bot::BotMemory;
use crate::event::SleeveId;
use crate::tape::Tape;
use crate::units::Nanos;
use crate::venue::Venue;

/// A session's own part of what it remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionMemory {
    bot: BotMemory,
    venue: Venue,
    inbound: VecDeque<Request>,
    outbound: VecDeque<Answer>,
    faults_met: Option<[u64; Fault::ALL.len()]>,
    reconciled: Nanos,
    tape: Option<Tape>,
    clock: Nanos,
    event: u64,
    quiet_until: u64,
}

impl SessionMemory {
    /// Its venue keeps a record of its own from here on, whatever it did before.
    pub fn record_at_venue(&mut self) {
        self.venue.clearing_mut().record();
    }
}

impl Session {
    /// All that it remembers now. Nothing that was kept may be left to meet.
    #[must_use]
    pub fn memory(&self) -> SessionMemory {
        SessionMemory {
            bot: self.bot.memory(),
            venue: self.venue.clone(),
            inbound: self.inbound.clone(),
            outbound: self.outbound.clone(),
            faults_met: self.wires.map(|wires| wires.met),
            reconciled: self.reconciled,
            tape: self.tape.clone(),
            clock: self.clock,
            event: self.event,
            quiet_until: self.quiet_until,
        }
    }

    /// Go on from what a session of the same instruments, sleeves and venue remembered; the sleeves
    /// whose program begins anew.
    pub fn remember(&mut self, memory: SessionMemory) -> Vec<SleeveId> {
        self.venue = memory.venue;
        self.inbound = memory.inbound;
        self.outbound = memory.outbound;
        self.reconciled = memory.reconciled;
        if let (Some(wires), Some(met)) = (&mut self.wires, memory.faults_met) {
            wires.met = met;
        }
        self.tape = memory.tape;
        self.clock = memory.clock;
        self.event = memory.event;
        self.quiet_until = memory.quiet_until;
        self.bot.remember(memory.bot)
    }
}
