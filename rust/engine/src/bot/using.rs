//! How much of each limit is in use, of whatever uses most of it.

use super::Bot;
use crate::event::SleeveId;
use crate::risk::uses::{GAUGES, Gauge, Use};

/// One limit, and who uses most of it.
#[derive(Debug, Clone, Copy)]
pub struct InUse {
    /// The limit.
    pub gauge: Gauge,
    /// How much of it.
    pub used: Use,
    /// The sleeve that sees it so; [`Bot::reach_name`] says what that is called.
    pub sleeve: SleeveId,
}

impl Bot {
    /// Every limit that is in use between orders, as of the last event. Of what nothing trades
    /// nothing is told but what the account's limits count. Looking never fails: where a sleeve
    /// cannot be looked at, nothing is known, which refuses what it wants.
    #[must_use]
    pub fn uses(&self) -> Vec<InUse> {
        let nothing = |gauge| InUse { gauge, used: Use::Off, sleeve: SleeveId(0) };
        let mut uses: Vec<_> = GAUGES.into_iter().map(nothing).collect();
        for sleeve in (0..).map(SleeveId).take(self.sleeves.len()) {
            let view = self.view(sleeve, self.state.breakers());
            for most in &mut uses {
                let used = match &view {
                    Ok(view) => most.gauge.read(view, self.state.monitor()),
                    Err(_) => Use::Unknown,
                };
                if used > most.used {
                    (most.used, most.sleeve) = (used, sleeve);
                }
            }
        }
        uses
    }
}
