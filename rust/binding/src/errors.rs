//! The tree of exceptions, and which error of the engine becomes which.

use bot4_desk::DeskError;
use bot4_engine::backtest::BacktestError;
use bot4_engine::bot::{BotError, NoPart};
use bot4_engine::decision::quote::TermsError;
use bot4_engine::event::{MeasureError, NoteError};
use bot4_engine::gateway::GatewayError;
use bot4_engine::history::HistoryError;
use bot4_engine::instrument::UnitError;
use bot4_engine::journal::{JournalError as Encoded, StateError};
use bot4_engine::market::RecordingError;
use bot4_engine::reconcile::ReportError;
use bot4_engine::risk::limits::LimitError;
use bot4_engine::session::{KeepError, SessionError};
use bot4_engine::signal::SignalError as Signal;
use bot4_engine::units::Overflow;
use bot4_engine::wire::{WireError, WireErrorKind};
use bot4_gauge::GaugeError;
use bot4_journal::JournalError as OnDisk;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(bot4._engine, Bot4Error, PyException, "Root of every error BOT4 raises.");
create_exception!(bot4._engine, SignalError, Bot4Error, "An expression the engine cannot run.");
create_exception!(bot4._engine, DataError, Bot4Error, "Market data that cannot be trusted.");
create_exception!(bot4._engine, FrameError, DataError, "A venue's message that is refused.");
create_exception!(bot4._engine, RiskError, Bot4Error, "A risk profile or limit that is wrong.");
create_exception!(bot4._engine, EngineError, Bot4Error, "Something the engine refuses.");
create_exception!(bot4._engine, JournalError, Bot4Error, "A journal that cannot be used.");
create_exception!(bot4._engine, JournalInUseError, JournalError, "A journal another run has open.");
create_exception!(bot4._engine, InvariantError, EngineError, "A fault of ours, found by a check.");

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("Bot4Error", py.get_type::<Bot4Error>())?;
    module.add("SignalError", py.get_type::<SignalError>())?;
    module.add("DataError", py.get_type::<DataError>())?;
    let frame_error = py.get_type::<FrameError>();
    frame_error.setattr("kind", "")?;
    frame_error.setattr("offset", 0)?;
    module.add("FrameError", frame_error)?;
    module.add("RiskError", py.get_type::<RiskError>())?;
    module.add("EngineError", py.get_type::<EngineError>())?;
    module.add("JournalError", py.get_type::<JournalError>())?;
    module.add("JournalInUseError", py.get_type::<JournalInUseError>())?;
    module.add("InvariantError", py.get_type::<InvariantError>())
}

/// An engine's error as an exception.
pub(crate) trait Raise<T> {
    fn raise(self) -> PyResult<T>;
}

macro_rules! raises {
    ($($error:ty => $exception:ident),* $(,)?) => {$(
        impl<T> Raise<T> for Result<T, $error> {
            fn raise(self) -> PyResult<T> {
                self.map_err(|error| $exception::new_err(error.to_string()))
            }
        }
    )*};
}

raises! {
    Signal => SignalError,
    TermsError => EngineError,
    HistoryError => DataError,
    LimitError => RiskError,
    UnitError => EngineError,
    Encoded => EngineError,
    RecordingError => DataError,
    ReportError => DataError,
    StateError => EngineError,
    Overflow => EngineError,
    NoPart => EngineError,
    NoteError => EngineError,
    MeasureError => EngineError,
}

impl<T> Raise<T> for Result<T, GaugeError> {
    fn raise(self) -> PyResult<T> {
        self.map_err(|error| {
            let text = error.to_string();
            match error {
                GaugeError::Wrong { .. } | GaugeError::Refused(_) => InvariantError::new_err(text),
                GaugeError::Nothing { .. } | GaugeError::Wire(_) => DataError::new_err(text),
                GaugeError::Journal(_) => JournalError::new_err(text),
                GaugeError::Range(_)
                | GaugeError::Outside(_)
                | GaugeError::Bot(_)
                | GaugeError::Gateway(_)
                | GaugeError::Sign(_)
                | GaugeError::Signal(_)
                | GaugeError::Unit(_)
                | GaugeError::Overflow(_)
                | GaugeError::Limit(_) => EngineError::new_err(text),
            }
        })
    }
}

impl<T> Raise<T> for Result<T, WireError> {
    fn raise(self) -> PyResult<T> {
        self.map_err(|error| {
            let raised = FrameError::new_err(error.to_string());
            let told = Python::attach(|py| {
                let value = raised.value(py);
                value.setattr("kind", wire_kind(error.kind))?;
                value.setattr("offset", error.offset)
            });
            told.err().unwrap_or(raised)
        })
    }
}

/// What is wrong with a message, as a word.
fn wire_kind(kind: WireErrorKind) -> &'static str {
    match kind {
        WireErrorKind::Malformed { .. } => "malformed",
        WireErrorKind::NumberTooFine => "number_too_fine",
        WireErrorKind::NumberTooLarge => "number_too_large",
        WireErrorKind::TooLong { .. } => "too_long",
        WireErrorKind::TooManyLevels { .. } => "too_many_levels",
        WireErrorKind::TooDeep { .. } => "too_deep",
        WireErrorKind::Unsupported { .. } => "unsupported",
        WireErrorKind::Unlistable { .. } => "unlistable",
        _ => "refused",
    }
}

impl<T> Raise<T> for Result<T, BacktestError> {
    fn raise(self) -> PyResult<T> {
        self.map_err(|error| {
            let fault = match &error {
                BacktestError::Ledger
                | BacktestError::Bot(
                    BotError::State(_) | BotError::Unknown | BotError::Backwards | BotError::Forked,
                ) => true,
                BacktestError::Bot(BotError::Unit { .. } | BotError::Overflow(_))
                | BacktestError::Unit { .. }
                | BacktestError::Overflow(_)
                | BacktestError::Twice(_)
                | BacktestError::Namesake(..)
                | BacktestError::NoHistory(_)
                | BacktestError::NoBook(_)
                | BacktestError::Budget
                | BacktestError::Allocation
                | BacktestError::Cash => false,
            };
            let text = error.to_string();
            if error == BacktestError::Budget {
                return RiskError::new_err(text);
            }
            if fault { InvariantError::new_err(text) } else { EngineError::new_err(text) }
        })
    }
}

impl<T> Raise<T> for Result<T, GatewayError> {
    fn raise(self) -> PyResult<T> {
        self.or_else(|error| match error {
            GatewayError::Wire(error) => Err(error).raise(),
            GatewayError::Halfway(_) => Err(InvariantError::new_err(error.to_string())),
            GatewayError::Venue(_)
            | GatewayError::Unreadable(_)
            | GatewayError::Records
            | GatewayError::Time(_)
            | GatewayError::Frame { .. }
            | GatewayError::Bot(_) => Err(EngineError::new_err(error.to_string())),
        })
    }
}

impl<T> Raise<T> for Result<T, DeskError> {
    fn raise(self) -> PyResult<T> {
        self.map_err(|error| {
            let text = error.to_string();
            match error {
                DeskError::Setup(_)
                | DeskError::Unit(_)
                | DeskError::Twice(_)
                | DeskError::Mixed { .. }
                | DeskError::NoMarket(_)
                | DeskError::NoStrategy
                | DeskError::Faults(_)
                | DeskError::Failed
                | DeskError::Session(
                    SessionError::Unit { .. }
                    | SessionError::Overflow(_)
                    | SessionError::Bot(BotError::Unit { .. } | BotError::Overflow(_))
                    | SessionError::Keep(KeepError::Overflow(_) | KeepError::Strategy),
                ) => EngineError::new_err(text),
                DeskError::Session(SessionError::Bot(
                    BotError::State(_) | BotError::Backwards | BotError::Unknown,
                ))
                | DeskError::Session(SessionError::Report(_)) => InvariantError::new_err(text),
                DeskError::Journal(OnDisk::InUse { .. }) => JournalInUseError::new_err(text),
                DeskError::Journal(_)
                | DeskError::Records { .. }
                | DeskError::OtherRun { .. }
                | DeskError::VenueRecord { .. }
                | DeskError::Differs { .. }
                | DeskError::Session(
                    SessionError::Stranger(_)
                    | SessionError::Forked { .. }
                    | SessionError::Bot(BotError::Forked)
                    | SessionError::Keep(KeepError::Journal(_)),
                ) => JournalError::new_err(text),
            }
        })
    }
}
