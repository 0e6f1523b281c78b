//! One market's session as events, from captured frames or SIMULATED from a seed.

use bot4_engine::event::{Event, Tick, TickKind};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::market::Recorded;
use bot4_engine::units::{Nanos, Price, Qty};
use bot4_engine::wire::{Decoder, Listing};

use crate::flow::{Flow, Update};
use crate::{Frame, GaugeError, Setup};

/// The instrument that a session is of.
pub const MARKET: InstrumentId = InstrumentId(0);
const MILLISECOND_NS: i64 = 1_000_000;

/// A market's rules and all that is told of it.
#[derive(Debug, Clone)]
pub struct Session {
    /// What is traded; without fees.
    pub rules: Instrument,
    /// What is told, in order.
    pub events: Vec<Event>,
    /// How many of the venue's messages that was.
    pub messages: usize,
    /// What it is, in words.
    pub source: String,
}

impl Session {
    /// The captured one where there is one, else one that is drawn.
    pub fn of(setup: &Setup<'_>, key: &'static str) -> Result<Self, GaugeError> {
        match setup.longest() {
            Some(recorded) if !setup.frames.is_empty() => {
                Self::captured(recorded, setup.frames, key)
            }
            Some(_) | None => Self::simulated(setup.seed, setup.events()),
        }
    }

    /// When it begins.
    #[must_use]
    pub fn begins(&self) -> Nanos {
        match self.events.first() {
            Some(Event::Tick(tick)) => tick.ts,
            Some(Event::Quote(quote)) => quote.ts,
            Some(_) | None => Nanos::new(1),
        }
    }

    /// SIMULATED: a book's beginning, then so many updates, each a message of its own.
    pub fn simulated(seed: u64, updates: usize) -> Result<Self, GaugeError> {
        let flow = Flow::new(seed, updates)?;
        let rules = Instrument::listed("simulated:FLOW", 3_000.0, "0.01", "0.001")?;
        let tick = |told: &Update, ts: i64, last: bool| {
            let price = Price::new(told.price.mantissa() * rules.tick.mantissa());
            let qty = Qty::new(told.qty.mantissa() * rules.lot.mantissa());
            let kind = TickKind::Level { side: told.side, price, qty };
            Event::Tick(Tick { instrument: MARKET, ts: Nanos::new(ts), last, kind })
        };
        let begins = flow.snapshot.len();
        let mut events = Vec::with_capacity(begins + updates);
        events.extend((1..).zip(&flow.snapshot).map(|(n, told)| tick(told, 1, n == begins)));
        events
            .extend((2..).zip(&flow.updates).map(|(n, told)| tick(told, n * MILLISECOND_NS, true)));
        let source = format!("SIMULATED session of {updates} updates, each a message, seed {seed}");
        Ok(Self { rules, events, messages: updates + 1, source })
    }

    /// Captured frames through the venue's decoder.
    fn captured(
        recorded: &Recorded,
        frames: &[Frame],
        key: &'static str,
    ) -> Result<Self, GaugeError> {
        let rules = listed(recorded)?;
        let mut decoder = Decoder::of(rules.venue())
            .ok_or(GaugeError::Nothing { key, what: "a venue's frames" })?;
        decoder.list(Listing {
            symbol: rules.name().to_owned(),
            id: MARKET,
            price_scale: rules.price_scale,
            qty_scale: rules.qty_scale,
            price_decimals: None,
            qty_decimals: None,
        })?;
        let (mut events, mut messages, mut now) = (Vec::new(), 0, Nanos::ZERO);
        for Frame { received, snapshot_of, text } in frames {
            // Clocks that go back are held, as a recording's are.
            now = now.max(*received);
            let before = events.len();
            let mut tell = |event: &Event| events.push(*event);
            match snapshot_of.as_deref() {
                None => decoder.on_frame(text, now, &mut tell)?,
                Some("") => decoder.on_snapshot(rules.name(), text, now, &mut tell)?,
                Some(symbol) => decoder.on_snapshot(symbol, text, now, &mut tell)?,
            };
            messages += usize::from(events.len() > before);
        }
        let source = format!("captured session of {}: {messages} messages", rules.symbol);
        Ok(Self { rules, events, messages, source })
    }
}

/// The instrument with the widest tick and lot that all recorded prices and sizes lie on: no
/// capture says them.
fn listed(recorded: &Recorded) -> Result<Instrument, GaugeError> {
    let rules = recorded.rules();
    let (mut price, mut qty, mut first) = (0, 0, None);
    for tick in recorded.ticks(MARKET).iter() {
        if let TickKind::Level { price: at, qty: of, .. }
        | TickKind::Trade { price: at, qty: of, .. } = tick.kind
        {
            price = divisor(at.mantissa(), price);
            qty = divisor(of.mantissa(), qty);
            first = first.or(Some(at));
        }
    }
    let about = rules.price_as_f64(first.unwrap_or(rules.tick));
    let tick = rules.price_as_text(Price::new(price.max(1)));
    let lot = rules.qty_as_text(Qty::new(qty.max(1)));
    Ok(Instrument::listed(&rules.symbol, about, &tick, &lot)?)
}

/// The greatest that divides both.
fn divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
