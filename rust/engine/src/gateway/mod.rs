//! Venues' frames around the bot: bytes in, unsigned requests out. No socket, key or clock.
//!
//! A frame is decoded whole, its events go through the bot one by one, and each order that comes
//! of it is encoded for its venue. What the bot wrote down waits in [`Gateway::take_records`]: the
//! driver keeps it before it sends anything.
//!
//! Nothing that goes wrong ends it: a venue's books are let go and told anew, the others go on.

use std::collections::{BTreeMap, BTreeSet};

use crate::book::Integrity;
use crate::bot::{Bot, BotError, Output};
use crate::event::{Bar, BreakerState, Component, Event, OrderId, Part, Reason, Transition};
use crate::exposure::Mark;
use crate::instrument::{Instrument, InstrumentId};
use crate::journal::{Record, StateError, encode_record};
use crate::order::Order;
use crate::risk::supervisor::{Outcome, Supervisor};
use crate::units::Nanos;
use crate::wire::{Decoder, Heard, Listing, WireError};

mod sending;

pub use sending::{Outgoing, OutgoingKind};

/// How often the account is valued and bars are decided on, in the time of the frames.
pub const VALUED_EVERY: Nanos = Nanos::new(1_000_000_000);
/// Most records that may wait to be kept before nothing more is taken in.
pub const RECORDS_MAX: usize = 65_536;

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

/// Why something was not taken in, or not whole.
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
    /// No time at which anything is received.
    #[error("received at {0} ns: times are nanoseconds since 1970, above 0")]
    Time(i64),
    /// The bot does not take the event; nothing changed.
    #[error(transparent)]
    Bot(BotError),
    /// The bot could not go on within a frame. What it wrote down holds.
    #[error("{reason}: the books of '{venue}' are not believed until they are told anew")]
    Frame {
        /// Whose.
        venue: String,
        /// Why.
        reason: BotError,
    },
    /// The bot could not go on within an event. What it wrote down holds.
    #[error("{0}: only what closes is traded from here on, the breaker 'invariant' is latched")]
    Halfway(BotError),
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
    /// Cancels that are written down, and that a venue has maybe not heard.
    unsent: BTreeSet<OrderId>,
    /// Of each instrument's market data.
    feeds: Vec<Supervisor>,
    /// Books that have to be told anew.
    resync: Vec<InstrumentId>,
}

#[derive(Debug)]
struct Line {
    venue: String,
    decoder: Decoder,
}

impl Gateway {
    /// A gateway to the venues of a bot's instruments. Of one that went on from a journal, the
    /// orders that are being canceled may never have been: see [`Gateway::send_again`].
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
        let canceling = |order: &&Order| order.is_canceling();
        let unsent = bot.state().orders().working().filter(canceling).map(Order::id).collect();
        let board = bot.state().board();
        let feeds = (0..).map(InstrumentId).take(bot.state().instruments().len()).map(Part::feed);
        let feeds = feeds.map(|part| Supervisor::new(part, board.state(part))).collect();
        Ok(Self {
            feeds,
            unsent,
            resync: Vec::new(),
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
        // What fails here takes nothing from the frame.
        let valued = self.value_in_time(received, send);
        if let Err(GatewayError::Time(_)) = valued {
            return valued.map(|()| Heard::Nothing);
        }
        let Self { bot, lines, output, feeds, .. } = self;
        let line = lines.iter_mut().find(|line| line.venue == venue);
        let decoder = &mut line.ok_or_else(|| GatewayError::Venue(venue.to_owned()))?.decoder;
        let mut failed = None;
        let mut tell = |event: &Event| {
            if let Event::Gap { instrument, .. } = event
                && let Some(feed) = feeds.get_mut(instrument.index())
            {
                feed.on_outcome(received, Outcome::Failed);
            }
            if failed.is_none() {
                failed = tell(bot, event, received, output).err();
            }
        };
        let heard = match arrival {
            Arrival::Frame(frame) => decoder.on_frame(frame, received, &mut tell),
            Arrival::Snapshot { symbol, body } => {
                decoder.on_snapshot(symbol, body, received, &mut tell)
            }
            Arrival::Connected => {
                decoder.on_connect(received, &mut tell);
                Ok(Heard::Nothing)
            }
        };
        // A fault of ours is said before one of the venue's.
        let heard = heard.map_err(|wrong| valued.clone().err().unwrap_or(wrong.into()))?;
        if let Heard::Resync(id) = heard {
            ask(&mut self.resync, id);
        }
        if let Some(reason) = failed {
            return Err(self.let_go(venue, received, reason, send));
        }
        if !self.output.is_empty() {
            self.carry(send)?;
        }
        valued.map(|()| heard)
    }

    /// Something else that happened: an answer of a venue, a fill, an operator's word.
    pub fn on_event(
        &mut self,
        event: &Event,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        if self.records.len() >= RECORDS_MAX {
            return Err(GatewayError::Records);
        }
        let before = (self.output.records.len(), self.output.actions.len());
        let told = self.bot.on(event, &mut self.output);
        let begun = before != (self.output.records.len(), self.output.actions.len());
        let carried = self.carry(send);
        match told {
            Ok(()) => carried,
            // The bot saw to what it cannot believe by itself.
            Err(reason @ BotError::State(StateError::Order(_))) => {
                carried.and(Err(GatewayError::Bot(reason)))
            }
            Err(reason) if begun => Err(self.stop_halfway(reason, send)),
            Err(reason) => Err(GatewayError::Bot(reason)),
        }
    }

    /// The program started anew at `now`: what was maybe sent is in doubt and is asked for, and the
    /// cancels that a venue has maybe not heard go out again.
    pub fn after_restart(
        &mut self,
        now: Nanos,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        let doubted = self.bot.doubt_unshown(now, &mut self.output);
        let carried = self.carry(send);
        doubted.map_err(|reason| self.stop_halfway(reason, send))?;
        carried?;
        self.send_again(send)
    }

    /// It is `now`, and maybe no venue says anything: what is due by time is done.
    pub fn on_time(
        &mut self,
        now: Nanos,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        if self.records.len() >= RECORDS_MAX {
            return Err(GatewayError::Records);
        }
        self.value_in_time(now, send)
    }

    /// Value the account where a second has begun.
    #[inline]
    fn value_in_time(
        &mut self,
        now: Nanos,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        if now.mantissa() <= 0 {
            return Err(GatewayError::Time(now.mantissa()));
        }
        if now.mantissa() < self.valued.mantissa().saturating_add(VALUED_EVERY.mantissa()) {
            return Ok(());
        }
        self.value(now, send)
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
        self.on_event(&Event::Time(at), send)?;
        self.watch_feeds(at, send)
    }

    /// Once a second each book is looked at: one that has told nothing for too long opens its
    /// breaker, one that is tried has to be live.
    fn watch_feeds(
        &mut self,
        now: Nanos,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        let age_max = self.bot.profile().price_age_max;
        let mut changes = Vec::new();
        for (id, feed) in (0..).map(InstrumentId).zip(&mut self.feeds) {
            let state = self.bot.state().board().state(feed.part());
            feed.stand(now, state);
            let book = self.bot.book(id);
            let live = book.is_some_and(|book| book.integrity(now, age_max) == Integrity::Live);
            if state == BreakerState::HalfOpen {
                feed.on_outcome(now, if live { Outcome::Ok } else { Outcome::Failed });
            }
            let silent = |mark: &Mark| now.mantissa() - mark.ts.mantissa() > age_max.mantissa();
            let stale = self.bot.mark_of(id).filter(silent).is_some();
            let opens = || {
                let closed = state == BreakerState::Closed;
                (stale && closed).then(|| feed.open(now, Reason::Stale))
            };
            if let Some(change) = feed.verdict(now).or_else(opens) {
                feed.on_transition(&change);
                changes.push(change);
            }
        }
        changes.iter().try_for_each(|change| self.on_event(&Event::Breaker(*change), send))
    }

    /// The bot failed within a frame, and the decoder went on: no book of that venue is right.
    #[cold]
    fn let_go(
        &mut self,
        venue: &str,
        received: Nanos,
        reason: BotError,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> GatewayError {
        let Self { bot, lines, output, resync, .. } = self;
        let mut failed = None;
        for Line { decoder, .. } in lines.iter_mut().filter(|line| line.venue == venue) {
            decoder.let_go(received, &mut |event| {
                let told = bot.on(event, output);
                failed = failed.take().or(told.err());
            });
            for (id, rules) in (0..).map(InstrumentId).zip(bot.state().instruments()) {
                if rules.venue() == venue && decoder.integrity(id) != Integrity::Syncing {
                    ask(resync, id);
                }
            }
        }
        // A number that fits nowhere came from the venue; all else is a fault of ours.
        let fault = match reason {
            BotError::Unit { .. } | BotError::Overflow(_) => failed,
            BotError::State(_) | BotError::Unknown | BotError::Backwards | BotError::Forked => {
                Some(reason.clone())
            }
        };
        if let Some(fault) = fault {
            return self.stop_halfway(fault, send);
        }
        let carried = self.carry(send);
        carried.err().unwrap_or_else(|| GatewayError::Frame { venue: venue.to_owned(), reason })
    }

    /// The bot failed within an event: what its records say holds, what should have come of them
    /// does not. It fails closed.
    #[cold]
    fn stop_halfway(
        &mut self,
        reason: BotError,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> GatewayError {
        let latched = self.latch();
        let carried = self.carry_once(send);
        GatewayError::Halfway(latched.and(carried).err().unwrap_or(reason))
    }

    fn latch(&mut self) -> Result<(), BotError> {
        let part = Part::account(Component::Invariant);
        let transition = Transition::latch(self.bot.now(), part, Reason::Fault);
        self.bot.on(&Event::Breaker(transition), &mut self.output)
    }

    /// The instruments whose book has to be told anew, each told once.
    #[must_use]
    pub fn take_resync(&mut self) -> Vec<InstrumentId> {
        core::mem::take(&mut self.resync)
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

/// One event to the bot. A bar happens when it is heard, whenever its venue says that it closed.
#[inline]
fn tell(
    bot: &mut Bot,
    event: &Event,
    received: Nanos,
    output: &mut Output,
) -> Result<(), BotError> {
    if let Event::Bar(bar) = event {
        let close_ns = received.max(bot.now());
        bot.on(&Event::Bar(Bar { close_ns, ..*bar }), output)?;
        return bot.on(&Event::Time(close_ns), output);
    }
    bot.on(event, output)
}

fn ask(resync: &mut Vec<InstrumentId>, id: InstrumentId) {
    if !resync.contains(&id) {
        resync.push(id);
    }
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
