//! The budgets of value at risk and of the mean loss beyond it, held against what was measured
//! outside. Without a measure, or with one that is too old, a budget lets nothing through.

use super::limits::Profile;
use super::{Refusal, View};
use crate::event::Measure;
use crate::units::{Nanos, Rate};

/// The budgets' checks on an order that opens.
pub(super) fn budgets(view: &View<'_>) -> [(Refusal, bool); 3] {
    let Profile { var_max, cvar_max, .. } = *view.profile;
    let known = current(view);
    let beyond = |of: fn(&Measure) -> Rate, budget: Rate| {
        budget < Rate::ONE && known.is_some_and(|measure| of(&measure) > budget)
    };
    [
        (Refusal::Unmeasured, view.profile.has_budget() && known.is_none()),
        (Refusal::VarLimit, beyond(Measure::var, var_max)),
        (Refusal::CvarLimit, beyond(Measure::cvar, cvar_max)),
    ]
}

/// The last measure, while it is not too old.
pub(super) fn current(view: &View<'_>) -> Option<Measure> {
    let fresh = |measure: &Measure| {
        measure.as_of() <= view.now && view.now <= ages_at(measure, view.profile)
    };
    view.measure.filter(fresh)
}

/// The last moment at which a measure is believed.
fn ages_at(measure: &Measure, profile: &Profile) -> Nanos {
    let until = measure.as_of().mantissa().saturating_add(profile.measure_age_max.mantissa());
    Nanos::new(until)
}

/// Up to when the checks answer as they do now: a missing or old measure stays so until another
/// one is written down.
pub(super) fn stands_until(view: &View<'_>) -> Nanos {
    let ages = current(view).filter(|_| view.profile.has_budget());
    ages.map_or(Nanos::new(i64::MAX), |measure| ages_at(&measure, view.profile))
}
