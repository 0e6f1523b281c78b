//! The names that people call breakers by: `drawdown`, `gateway:binance`, `feed:BTCUSDT`,
//! `strategy:sma_cross`; with `@BTCUSDT` behind it where a strategy trades several instruments.

use super::Bot;
use crate::event::{Component, Part, Scope, SleeveId};
use crate::instrument::{Instrument, InstrumentId, venues};
use crate::risk::board::Standing;
use crate::risk::uses::Reach;

/// No breaker is called so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no breaker '{name}' here{known}")]
pub struct NoPart {
    name: String,
    known: String,
}

/// What a part is called among these instruments and seats, each with its strategy's name.
#[must_use]
pub fn part_name(part: Part, instruments: &[Instrument], seats: &[(&str, InstrumentId)]) -> String {
    let kind = part.component.name();
    match part.scope {
        Scope::Account => kind.to_owned(),
        Scope::Venue(venue) => {
            let mut here = instruments.iter().zip(venues(instruments));
            let name = here.find(|(_, at)| *at == venue).map(|(rules, _)| rules.venue());
            format!("{kind}:{}", name.unwrap_or_default())
        }
        Scope::Instrument(id) => format!("{kind}:{}", short_name(id, instruments)),
        Scope::Sleeve(id) => match seat_name(id, instruments, seats) {
            Some(name) => format!("{kind}:{name}"),
            None => kind.to_owned(),
        },
    }
}

/// A strategy, with its instrument where it trades several.
fn seat_name(
    id: SleeveId,
    instruments: &[Instrument],
    seats: &[(&str, InstrumentId)],
) -> Option<String> {
    let (strategy, at) = seats.get(id.index())?;
    let several = seats.iter().filter(|(other, _)| other == strategy).count() > 1;
    let at = several.then(|| format!("@{}", short_name(*at, instruments)));
    Some(format!("{strategy}{}", at.unwrap_or_default()))
}

/// An instrument without its venue, where that leaves no doubt.
fn short_name(id: InstrumentId, instruments: &[Instrument]) -> &str {
    let Some(rules) = instruments.get(id.index()) else {
        return "";
    };
    let alike = instruments.iter().filter(|other| other.name() == rules.name());
    if alike.count() > 1 { &rules.symbol } else { rules.name() }
}

impl Bot {
    /// What a part is called.
    #[must_use]
    pub fn part_name(&self, part: Part) -> String {
        let seats = self.sleeves.iter().map(|seat| (seat.strategy.as_str(), seat.instrument));
        part_name(part, self.state.instruments(), &seats.collect::<Vec<_>>())
    }

    /// What people call that of a sleeve which a limit reaches; nothing of the account's.
    #[must_use]
    pub fn reach_name(&self, reach: Reach, sleeve: SleeveId) -> Option<String> {
        let id = self.sleeves.get(sleeve.index())?.instrument;
        let rules = self.state.instrument(id)?;
        match reach {
            Reach::Account => None,
            Reach::Venue => Some(rules.venue().to_owned()),
            Reach::Group => Some(rules.base.to_string()),
            Reach::Instrument => Some(short_name(id, self.state.instruments()).to_owned()),
            Reach::Sleeve => {
                let seats = self.sleeves.iter();
                let seats = seats.map(|seat| (seat.strategy.as_str(), seat.instrument));
                seat_name(sleeve, self.state.instruments(), &seats.collect::<Vec<_>>())
            }
        }
    }

    /// The board: every breaker that the run has, and how those stand that are not closed.
    #[must_use]
    pub fn board(&self) -> Vec<(Part, Option<Standing>)> {
        let board = self.state.board();
        let here = |part: &Part| board.standing(*part).is_some() || is_usual(*part);
        let found = self.parts().filter(here);
        let mut found: Vec<_> = found.map(|part| (part, board.standing(part).copied())).collect();
        found.sort_by_key(|(part, _)| *part);
        found
    }

    /// Every part that there can be, in order.
    fn parts(&self) -> impl Iterator<Item = Part> + '_ {
        let instruments = (0..).map(InstrumentId).take(self.state.instruments().len());
        let seats = (0..).map(SleeveId).take(self.sleeves.len());
        let scopes = [Scope::Account]
            .into_iter()
            .chain(self.state.board().venues().map(Scope::Venue))
            .chain(instruments.map(Scope::Instrument))
            .chain(seats.map(Scope::Sleeve));
        scopes.flat_map(|scope| Component::ALL.map(|component| Part { component, scope }))
    }

    fn is_called(&self, part: Part, name: &str) -> bool {
        if self.part_name(part) == name {
            return true;
        }
        let Some(rest) = name.strip_prefix(part.component.name()).and_then(|r| r.strip_prefix(':'))
        else {
            return false;
        };
        match part.scope {
            Scope::Account | Scope::Venue(_) => false,
            Scope::Instrument(id) => {
                self.state.instrument(id).is_some_and(|rules| rules.symbol == rest)
            }
            // Of all its instruments.
            Scope::Sleeve(id) => {
                self.sleeves.get(id.index()).is_some_and(|seat| seat.strategy == rest)
            }
        }
    }

    /// Every part that is called so.
    pub fn parts_named(&self, name: &str) -> Result<Vec<Part>, NoPart> {
        let found: Vec<_> = self.parts().filter(|part| self.is_called(*part, name)).collect();
        if found.is_empty() {
            return Err(self.no_part(name, ""));
        }
        Ok(found)
    }

    /// Every part that is called so and is not closed.
    pub fn open_named(&self, name: &str) -> Result<Vec<Part>, NoPart> {
        let open = self.state.board().open().map(|(part, _)| part);
        let found: Vec<_> = open.filter(|part| self.is_called(*part, name)).collect();
        if found.is_empty() {
            return Err(self.no_part(name, " that is not closed"));
        }
        Ok(found)
    }

    fn no_part(&self, name: &str, which: &str) -> NoPart {
        let open: Vec<_> =
            self.state.board().open().map(|(part, _)| self.part_name(part)).collect();
        let known = if open.is_empty() {
            format!("{which}; all are closed")
        } else {
            format!("{which}; not closed: {}", open.join(", "))
        };
        NoPart { name: name.to_owned(), known }
    }
}

/// Whether a run has such a part even where nothing is said of it. Models, language models and
/// databases come with whoever asks them; the copies are a component beside the engine.
const fn is_usual(part: Part) -> bool {
    match part.component {
        Component::Feed => matches!(part.scope, Scope::Instrument(_)),
        Component::Gateway | Component::Venue => matches!(part.scope, Scope::Venue(_)),
        Component::Strategy | Component::Repeats => matches!(part.scope, Scope::Sleeve(_)),
        Component::Journal
        | Component::Clock
        | Component::DailyLoss
        | Component::Drawdown
        | Component::Ledger
        | Component::Invariant
        | Component::KillSwitch
        | Component::Memory
        | Component::Disk => matches!(part.scope, Scope::Account),
        Component::Copies | Component::Model | Component::Llm | Component::Database => false,
    }
}
