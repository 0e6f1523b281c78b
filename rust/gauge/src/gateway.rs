//! The whole path with its ends: a venue's frame in, an encoded unsigned order out.

use bot4_engine::event::{Event, OrderId, OrderUpdate};
use bot4_engine::gateway::{Arrival, Gateway, GatewayError, Outgoing, OutgoingKind};
use bot4_engine::units::Nanos;

use crate::each::{self, Turn};
use crate::frames::binance::{Depth, STEPS, SYMBOL};
use crate::frames::{self, RECEIVED};
use crate::{GaugeError, Reading, Setup, path};

pub(crate) const REQUEST: &str = "frame_to_request_ns";

const VENUE: &str = "binance";
const FRAMES: usize = 5_000;
const MILLISECOND_NS: i64 = 1_000_000;

/// A gateway whose every order is acknowledged and canceled at once.
#[derive(Debug)]
pub struct Desk {
    gateway: Gateway,
    now: Nanos,
    sent: Option<OrderId>,
}

impl Desk {
    /// After the snapshot.
    pub fn new(depth: &Depth) -> Result<Self, GaugeError> {
        let (tick, lot) = STEPS;
        let rules = frames::bitcoin(&format!("{VENUE}:{SYMBOL}"), tick, lot)?;
        let gateway = Gateway::new(path::bot(&rules, RECEIVED)?)?;
        let mut desk = Self { gateway, now: RECEIVED, sent: None };
        let snapshot = Arrival::Snapshot { symbol: SYMBOL, body: &depth.snapshot };
        desk.gateway.on_arrival(VENUE, snapshot, desk.now, &mut |_| {})?;
        Ok(desk)
    }

    /// What is measured: the length of the request's body, or nothing where none was sent.
    #[inline]
    pub fn arrive(&mut self, frame: &[u8]) -> Result<usize, GatewayError> {
        let (mut length, sent) = (0, &mut self.sent);
        let mut send = |outgoing: &Outgoing<'_>| {
            if outgoing.kind == OutgoingKind::Place && outgoing.request.is_ok() {
                *sent = Some(outgoing.id);
                length = outgoing.body.len();
            }
        };
        self.gateway.on_arrival(VENUE, Arrival::Frame(frame), self.now, &mut send)?;
        Ok(length)
    }

    /// The venue answers; whether there was anything to answer.
    pub fn answer(&mut self) -> Result<bool, GatewayError> {
        self.now = Nanos::new(self.now.mantissa() + MILLISECOND_NS);
        let Some(order) = self.sent.take() else {
            return Ok(false);
        };
        for update in [OrderUpdate::Acked, OrderUpdate::Canceled] {
            let event = Event::Order { ts: self.now, order, update };
            self.gateway.on_event(&event, &mut |_| {})?;
        }
        let _ = self.gateway.take_records();
        Ok(true)
    }
}

impl Turn<&Vec<u8>> for Desk {
    type Answer = Result<usize, GatewayError>;

    #[inline]
    fn step(&mut self, frame: &&Vec<u8>) -> Self::Answer {
        self.arrive(frame)
    }

    fn settle(&mut self, answer: Self::Answer) -> Result<bool, GaugeError> {
        answer?;
        Ok(self.answer()?)
    }
}

pub(crate) fn request(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    let depth = Depth::leaning(setup.seed, setup.few(FRAMES));
    let frames: Vec<&Vec<u8>> = depth.frames.iter().collect();
    let runs = each::time(setup, &frames, 0, || Desk::new(&depth), |_, _| {})?;
    let nothing = GaugeError::Nothing { key: REQUEST, what: "frames that lead to orders" };
    let mut reading = runs.chosen().ok_or(nothing)?;
    let (all, sent) = runs.counts();
    reading.source = format!("SIMULATED depth updates of 40 levels that flip, seed {}", setup.seed);
    reading.notes = vec![("frames", all), ("share", sent / all)];
    Ok(reading)
}
