//! The closed table of an order's life: which trigger does what in which state. The document
//! `docs/orders.md` is printed from it ([`table`]).

use serde::{Deserialize, Serialize};

use crate::event::OrderUpdate;

/// Where an order is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderState {
    /// It waits here for its trigger; no venue knows it.
    Initialized,
    /// Written down, to be sent. After a restart: perhaps sent.
    Intended,
    /// It left for the venue, which has not answered.
    Sent,
    /// The venue has it, and it does not work there yet.
    Pending,
    /// It works at the venue.
    Open,
    /// It works at the venue, partly done.
    PartiallyFilled,
    /// We asked to cancel it.
    PendingCancel,
    /// We asked to amend it.
    PendingAmend,
    /// The answer is unclear. It keeps its exposure until the venue gives evidence.
    Unknown,
    /// Done.
    Filled,
    /// Canceled, perhaps partly filled.
    Canceled,
    /// Its time ran out, perhaps partly filled.
    Expired,
    /// The venue refused it.
    Rejected,
    /// We did not send it.
    Denied,
    /// It never arrived at the venue, proven.
    Dead,
}

/// What moves an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// What is said of it.
    Update(OrderUpdate),
    /// We ask the venue to amend it.
    AmendSent,
    /// A fill that leaves something.
    PartFill,
    /// The fill that leaves nothing.
    LastFill,
}

/// What a trigger does in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// On to this state.
    To(OrderState),
    /// Back to what it was before we asked: at the venue where the venue has shown it, else sent.
    Back,
    /// Nothing: it says what is already so, or only adds to the evidence.
    Stay,
    /// Booked although the order was over. It is over still, in this state.
    Late(OrderState),
    /// It cannot be: counted as an error, nothing changes.
    Illegal,
}

impl OrderState {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 15] = [
        Self::Initialized,
        Self::Intended,
        Self::Sent,
        Self::Pending,
        Self::Open,
        Self::PartiallyFilled,
        Self::PendingCancel,
        Self::PendingAmend,
        Self::Unknown,
        Self::Filled,
        Self::Canceled,
        Self::Expired,
        Self::Rejected,
        Self::Denied,
        Self::Dead,
    ];

    /// The word in journals, reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initialized => "initialized",
            Self::Intended => "intended",
            Self::Sent => "sent",
            Self::Pending => "pending",
            Self::Open => "open",
            Self::PartiallyFilled => "partially_filled",
            Self::PendingCancel => "pending_cancel",
            Self::PendingAmend => "pending_amend",
            Self::Unknown => "unknown",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Denied => "denied",
            Self::Dead => "dead",
        }
    }

    /// Whether its life is over.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Initialized
            | Self::Intended
            | Self::Sent
            | Self::Pending
            | Self::Open
            | Self::PartiallyFilled
            | Self::PendingCancel
            | Self::PendingAmend
            | Self::Unknown => false,
            Self::Filled
            | Self::Canceled
            | Self::Expired
            | Self::Rejected
            | Self::Denied
            | Self::Dead => true,
        }
    }

    /// The table: what `trigger` does here.
    #[must_use]
    pub const fn on(self, trigger: Trigger) -> Move {
        if self.is_terminal() {
            return self.after_the_end(trigger);
        }
        match (self, trigger) {
            (Self::Initialized, _) => Self::before_it_is_sent(trigger),
            (_, Trigger::LastFill) => Move::To(Self::Filled),
            (_, Trigger::PartFill) => self.on_part_fill(),
            (Self::Open | Self::PartiallyFilled | Self::Pending, Trigger::AmendSent) => {
                Move::To(Self::PendingAmend)
            }
            (_, Trigger::AmendSent) => Move::Illegal,
            (_, Trigger::Update(update)) => self.on_update(update),
        }
    }

    const fn before_it_is_sent(trigger: Trigger) -> Move {
        match trigger {
            Trigger::Update(OrderUpdate::Released) => Move::To(Self::Intended),
            Trigger::Update(OrderUpdate::Denied) => Move::To(Self::Denied),
            Trigger::Update(OrderUpdate::Canceled) => Move::To(Self::Canceled),
            Trigger::Update(OrderUpdate::Expired) => Move::To(Self::Expired),
            // Nobody has to be asked.
            Trigger::AmendSent => Move::Stay,
            Trigger::Update(_) | Trigger::PartFill | Trigger::LastFill => Move::Illegal,
        }
    }

    const fn on_part_fill(self) -> Move {
        match self {
            // What we asked for is still on its way.
            Self::PendingCancel | Self::PendingAmend => Move::Stay,
            Self::Initialized
            | Self::Intended
            | Self::Sent
            | Self::Pending
            | Self::Open
            | Self::PartiallyFilled
            | Self::Unknown
            | Self::Filled
            | Self::Canceled
            | Self::Expired
            | Self::Rejected
            | Self::Denied
            | Self::Dead => Move::To(Self::PartiallyFilled),
        }
    }

    const fn on_update(self, update: OrderUpdate) -> Move {
        use OrderUpdate as U;
        match (update, self) {
            (U::Released, _) => Move::Illegal,
            (U::Denied, Self::Intended) => Move::To(Self::Denied),
            (U::Denied, _) => Move::Illegal,
            (U::Sent, Self::Intended) => Move::To(Self::Sent),
            (U::Sent, _) => Move::Stay,
            (U::Received, Self::Intended | Self::Sent | Self::Unknown) => Move::To(Self::Pending),
            (U::Received, _) => Move::Stay,
            (U::Acked, Self::Intended | Self::Sent | Self::Pending | Self::Unknown) => {
                Move::To(Self::Open)
            }
            (U::Acked, _) => Move::Stay,
            (
                U::Rejected,
                Self::Intended | Self::Sent | Self::Pending | Self::PendingCancel | Self::Unknown,
            ) => Move::To(Self::Rejected),
            (U::Rejected, _) => Move::Illegal,
            // Unknown is left by evidence alone, not by a wish.
            (U::CancelSent, Self::Unknown) => Move::Stay,
            (U::CancelSent, _) => Move::To(Self::PendingCancel),
            (U::Canceled, _) => Move::To(Self::Canceled),
            (U::CancelRejected, Self::PendingCancel) => Move::Back,
            (U::CancelRejected, Self::Intended | Self::Sent) => Move::Illegal,
            (U::CancelRejected, _) => Move::Stay,
            // What was amended was there; what was refused may be gone.
            (U::Amended | U::AmendRejected, Self::PendingAmend) | (U::Amended, Self::Unknown) => {
                Move::Back
            }
            (U::Amended | U::AmendRejected, Self::Intended | Self::Sent) => Move::Illegal,
            (U::Amended | U::AmendRejected, _) => Move::Stay,
            (U::Expired, _) => Move::To(Self::Expired),
            (U::Unanswered, _) => Move::To(Self::Unknown),
            (
                U::NotFoundById
                | U::NotFoundOpen
                | U::NotFoundTrades
                | U::AskedById
                | U::AskedOpen
                | U::AskedTrades,
                _,
            ) => Move::Stay,
            (U::NeverArrived, Self::Unknown) => Move::To(Self::Dead),
            (U::Gone, Self::Unknown) => Move::To(Self::Canceled),
            (U::NeverArrived | U::Gone, _) => Move::Illegal,
        }
    }

    const fn after_the_end(self, trigger: Trigger) -> Move {
        use OrderUpdate as U;
        match (trigger, self) {
            (Trigger::LastFill, _) => Move::Late(Self::Filled),
            (Trigger::PartFill, _) => Move::Late(self),
            (Trigger::AmendSent | Trigger::Update(U::CancelSent | U::Released), _) => Move::Illegal,
            (Trigger::Update(U::Rejected), Self::Rejected) => Move::Stay,
            (Trigger::Update(U::Denied), Self::Denied) => Move::Stay,
            (Trigger::Update(U::Rejected | U::Denied), _) => Move::Illegal,
            // Answers that crossed on the way, or came twice.
            (
                Trigger::Update(
                    U::Sent
                    | U::Received
                    | U::Acked
                    | U::Canceled
                    | U::CancelRejected
                    | U::Amended
                    | U::AmendRejected
                    | U::Expired
                    | U::Unanswered
                    | U::NotFoundById
                    | U::NotFoundOpen
                    | U::NotFoundTrades
                    | U::NeverArrived
                    | U::Gone
                    | U::AskedById
                    | U::AskedOpen
                    | U::AskedTrades,
                ),
                _,
            ) => Move::Stay,
        }
    }
}

impl Trigger {
    /// Every trigger, in the order of the table.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let fills = [Self::PartFill, Self::LastFill, Self::AmendSent];
        fills.into_iter().chain(OrderUpdate::ALL.map(Self::Update)).collect()
    }

    /// The word in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Update(update) => update.name(),
            Self::AmendSent => "amend_sent",
            Self::PartFill => "part_fill",
            Self::LastFill => "last_fill",
        }
    }
}

/// The whole table as Markdown: a row a trigger, a column a state of those that are over or are
/// not. `·` changes nothing, `–` cannot be, `late` is booked and alarmed.
#[must_use]
pub fn table(over: bool) -> String {
    let states = || OrderState::ALL.into_iter().filter(|state| state.is_terminal() == over);
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = core::iter::once("on".to_owned()).chain(states().map(|s| s.name().to_owned()));
    let rule = core::iter::once("---".to_owned()).chain(states().map(|_| "---".to_owned()));
    let mut text = line(head.collect()) + &line(rule.collect());
    for trigger in Trigger::all() {
        let cell = |state: OrderState| match state.on(trigger) {
            Move::To(state) => state.name().to_owned(),
            Move::Back => "back".to_owned(),
            Move::Stay => "·".to_owned(),
            Move::Late(after) if after == state => "late".to_owned(),
            Move::Late(after) => format!("late, {}", after.name()),
            Move::Illegal => "–".to_owned(),
        };
        let cells = core::iter::once(trigger.name().to_owned()).chain(states().map(cell));
        text += &line(cells.collect());
    }
    text
}
