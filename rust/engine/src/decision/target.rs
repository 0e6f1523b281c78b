//! Hold a fraction of the equity: trade when the fraction changes, or when drift leaves the band.

/// Whether to trade now.
///
/// `last` is the fraction wanted before (`None` at the start), `held` what the position is worth
/// as a fraction of the sleeve's equity, where it can be told. A NaN fraction is no opinion.
#[must_use]
pub fn is_due(fraction: f64, last: Option<f64>, band: Option<f64>, held: Option<f64>) -> bool {
    if fraction.is_nan() {
        return false;
    }
    if last != Some(fraction) {
        return true;
    }
    match (band, held) {
        (Some(band), Some(held)) => (held - fraction).abs() > band,
        (Some(_), None) | (None, Some(_) | None) => false,
    }
}
