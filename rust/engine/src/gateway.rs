//! Venues' frames around the bot: bytes in, unsigned requests out. No socket, key or clock.
//!
//! A frame is decoded whole, its events go through the bot one by one, and each order that comes
//! of it is encoded for its venue. What the bot wrote down waits in [`Gateway::take_records`]: the
//! driver keeps it before it sends anything.

use std::collections::BTreeMap;

use crate::bot::{Bot, BotError, Output};
use crate::event::{Action, Bar, Event, NewOrder, OrderId};
use crate::instrument::{Instrument, InstrumentId};
use crate::journal::{Record, encode_record};
use crate::units::Nanos;
use crate::wire::request::{Market, Request, Unsendable};
use crate::wire::{Decoder, Heard, Listing, WireError, binance, coinbase, kraken};

/// How often the account is valued and bars are decided on, in the time of the frames.
pub const VALUED_EVERY: Nanos = Nanos::new(1_000_000_000);
/// Most records that may wait to be kept before nothing more is taken in.
pub const RECORDS_MAX: usize = 65_536;
/// Decimal places that venues take in an amount of quote.
const QUOTE_DECIMALS: u32 = 8;

/// What is to be sent, in the order it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// Whose it is.
    pub id: OrderId,
    /// Of what, as `venue:SYMBOL`.
    pub symbol: &'a str,
    /// To which venue.
    pub venue: &'a str,
    /// A new order, or the wish to cancel one.
    pub kind: OutgoingKind,
    /// Where it goes, or why the venue cannot be told so.
    pub request: Result<Request, Unsendable>,
    /// The body, without time, signature and token.
    pub body: &'a [u8],
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutgoingKind {
    /// A new order.
    Place,
    /// That an order ends.
    Cancel,
}

/// What came from a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// One WebSocket message.
    Frame(&'a [u8]),
    /// A REST answer with the book of `symbol`, as the venue calls it.
    Snapshot {
        /// Of what.
        symbol: &'a str,
        /// The answer.
        body: &'a [u8],
    },
    /// A new connection: its books are not believed until they are told anew.
    Connected,
}

/// Why a frame was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No instrument is of that venue.
    #[error("no instrument is of venue '{0}': add one first, as venue:SYMBOL")]
    Venue(String),
    /// A venue whose frames cannot be read.
    #[error("frames of '{0}' cannot be read: the venues are binance, kraken and coinbase")]
    Unreadable(String),
    /// The frame; nothing changed.
    #[error("{0}")]
    Wire(#[from] WireError),
    /// The bot could not go on.
    #[error(transparent)]
    Bot(#[from] BotError),
    /// What was decided waits to be kept.
    #[error("{RECORDS_MAX} records wait to be kept: take them before the next frame")]
    Records,
}

/// The bot between venues' frames and requests to them.
#[derive(Debug)]
pub struct Gateway {
    bot: Bot,
    lines: Vec<Line>,
    valued: Nanos,
    output: Output,
    records: Vec<Record>,
    body: Vec<u8>,
    /// What the venues call orders, where they must be named so.
    venue_ids: BTreeMap<OrderId, String>,
}

#[derive(Debug)]
struct Line {
    venue: String,
    decoder: Decoder,
}

impl Gateway {
    /// A gateway to the venues of a bot's instruments.
    pub fn new(bot: Bot) -> Result<Self, GatewayError> {
        let mut lines: Vec<Line> = Vec::new();
        for (id, rules) in (0..).map(InstrumentId).zip(bot.state().instruments()) {
            let venue = rules.venue();
            if !lines.iter().any(|line| line.venue == venue) {
                let decoder = Decoder::of(venue);
                let decoder = decoder.ok_or_else(|| GatewayError::Unreadable(venue.to_owned()))?;
                lines.push(Line { venue: venue.to_owned(), decoder });
            }
            if let Some(line) = lines.iter_mut().find(|line| line.venue == venue) {
                line.decoder.list(listing(id, rules))?;
            }
        }
        Ok(Self {
            bot,
            lines,
            valued: Nanos::ZERO,
            output: Output::default(),
            records: Vec::new(),
            body: Vec::with_capacity(512),
            venue_ids: BTreeMap::new(),
        })
    }

    /// Something of a venue, received at `received`; what is to be sent goes to `send`.
    #[inline]
    pub fn on_arrival(
        &mut self,
        venue: &str,
        arrival: Arrival<'_>,
        received: Nanos,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<Heard, GatewayError> {
        if self.records.len() >= RECORDS_MAX {
            return Err(GatewayError::Records);
        }
        if received.mantissa() >= self.valued.mantissa().saturating_add(VALUED_EVERY.mantissa()) {
            self.value(received, send)?;
        }
        let Self { bot, lines, output, .. } = self;
        let line = lines.iter_mut().find(|line| line.venue == venue);
        let decoder = &mut line.ok_or_else(|| GatewayError::Venue(venue.to_owned()))?.decoder;
        let mut failed = None;
        let mut tell = |event: &Event| {
            if failed.is_none() {
                failed = tell(bot, event, output).err();
            }
        };
        let heard = match arrival {
            Arrival::Frame(frame) => decoder.on_frame(frame, received, &mut tell)?,
            Arrival::Snapshot { symbol, body } => {
                decoder.on_snapshot(symbol, body, received, &mut tell)?
            }
            Arrival::Connected => {
                decoder.on_connect(received, &mut tell);
                Heard::Nothing
            }
        };
        if let Some(error) = failed {
            return Err(error.into());
        }
        if !self.output.is_empty() {
            self.carry(send)?;
        }
        Ok(heard)
    }

    /// Something else that happened: an answer of a venue, a fill, an operator's word.
    pub fn on_event(
        &mut self,
        event: &Event,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        self.bot.on(event, &mut self.output)?;
        self.carry(send)
    }

    /// The account is valued, the breakers look at it, and programs that read bars decide.
    fn value(
        &mut self,
        now: Nanos,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        let every = VALUED_EVERY.mantissa();
        let second = now.mantissa() - now.mantissa().rem_euclid(every);
        self.valued = Nanos::new(second);
        // A clock that was set back decides nothing until it has caught up.
        let at = Nanos::new(second).max(self.bot.now());
        self.on_event(&Event::Time(at), send)
    }

    /// What came of it: records wait to be kept, breakers trip at once, orders are encoded.
    fn carry(&mut self, send: &mut impl FnMut(&Outgoing<'_>)) -> Result<(), GatewayError> {
        let mut output = core::mem::take(&mut self.output);
        self.records.append(&mut output.records);
        for action in output.actions.drain(..) {
            match action {
                Action::Place { id, order } => self.place(id, &order, send),
                Action::Cancel { id } => self.cancel(id, send),
                Action::Trip { component, state } => {
                    let event = Event::Breaker { ts: self.bot.now(), component, state };
                    self.bot.on(&event, &mut self.output)?;
                    self.records.append(&mut self.output.records);
                }
            }
        }
        self.output = output;
        Ok(())
    }

    fn place(&mut self, id: OrderId, order: &NewOrder, send: &mut impl FnMut(&Outgoing<'_>)) {
        let Some(rules) = self.bot.state().instrument(order.instrument) else {
            return;
        };
        let market = market(rules);
        let (venue, body) = (rules.venue(), &mut self.body);
        let request = match venue {
            "binance" => binance::orders::place(&market, id, order, body),
            "kraken" => kraken::orders::place(&market, id, order, body),
            _ => coinbase::orders::place(&market, id, order, body),
        };
        let (symbol, kind) = (rules.symbol.as_str(), OutgoingKind::Place);
        send(&Outgoing { id, symbol, venue, kind, request, body });
    }

    fn cancel(&mut self, id: OrderId, send: &mut impl FnMut(&Outgoing<'_>)) {
        let state = self.bot.state();
        let Some(instrument) = state.orders().get(id).map(|order| order.new_order().instrument)
        else {
            return;
        };
        let Some(rules) = state.instrument(instrument) else {
            return;
        };
        let (venue, body) = (rules.venue(), &mut self.body);
        let request = match venue {
            "binance" => binance::orders::cancel(&market(rules), id, body),
            "kraken" => Ok(kraken::orders::cancel(id, body)),
            _ => {
                let venue_id = self.venue_ids.get(&id).map_or("", String::as_str);
                coinbase::orders::cancel(venue_id, body)
            }
        };
        let (symbol, kind) = (rules.symbol.as_str(), OutgoingKind::Cancel);
        send(&Outgoing { id, symbol, venue, kind, request, body });
    }

    /// What a venue calls an order: Coinbase wants to hear that name when it is canceled.
    pub fn name_order(&mut self, id: OrderId, venue_id: &str) {
        self.venue_ids.insert(id, venue_id.to_owned());
        // Orders that the bot let go of need no name any more.
        let orders = self.bot.state().orders();
        if self.venue_ids.len() > 2 * crate::order::ORDERS_KEPT {
            self.venue_ids.retain(|id, _| orders.get(*id).is_some());
        }
    }

    /// What was written down since it was last taken, as a journal keeps it.
    #[must_use]
    pub fn take_records(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in self.records.drain(..) {
            encode_record(&mut bytes, &record);
        }
        bytes
    }

    /// The bot.
    #[must_use]
    pub fn bot(&self) -> &Bot {
        &self.bot
    }

    /// Each venue and its decoder.
    pub fn decoders(&self) -> impl Iterator<Item = (&str, &Decoder)> {
        self.lines.iter().map(|line| (line.venue.as_str(), &line.decoder))
    }
}

/// One event to the bot. A bar is heard after its close, and happens when it is heard.
#[inline]
fn tell(bot: &mut Bot, event: &Event, output: &mut Output) -> Result<(), BotError> {
    if let Event::Bar(bar) = event {
        let close_ns = bar.close_ns.max(bot.now());
        bot.on(&Event::Bar(Bar { close_ns, ..*bar }), output)?;
        return bot.on(&Event::Time(close_ns), output);
    }
    bot.on(event, output)
}

fn market(rules: &Instrument) -> Market<'_> {
    Market { symbol: rules.name(), instrument: rules, quote_decimals: QUOTE_DECIMALS }
}

fn listing(id: InstrumentId, rules: &Instrument) -> Listing {
    Listing {
        symbol: rules.name().to_owned(),
        id,
        price_scale: rules.price_scale,
        qty_scale: rules.qty_scale,
        price_decimals: None,
        qty_decimals: None,
    }
}
