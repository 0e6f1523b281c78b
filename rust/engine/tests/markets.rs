//! The default limits on simulated markets: fat tails, clusters, everything falling together, and
//! gaps up to the assumed one when everything is loaded; strategies of chance that do trade; an
//! account of the judge's own beside the engine's.
//!
//! The bound: the drawdown trips at 10 %; an account that lost so much holds at most 20 % of what
//! is left; that gaps by at most 25 %, and is then closed. 10 % + 90 % × 20 % × 25 % is 14.5 %, and
//! what closing costs is some hundredths. What is held beyond 20 %, because it grew, is not in it.
//!
//! `BOT4_YEARS` says how many years, `BOT4_SEED` the first seed. Three fifths of them are accounts
//! of one year, one fifth accounts of ten, and in one fifth a market that sees the account does its
//! worst. Nobody re-arms a breaker. Bars are of four hours, 26,280 a year over twelve instruments:
//! 2,000 years take about two minutes in release, the 50 of every test run fifteen seconds in
//! debug.

#![allow(clippy::print_stdout, reason = "the seeds and what was measured are told")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::cast_precision_loss, reason = "counts are told as shares")]

mod dice;
mod market;
mod proving;

use crate::dice::setting;
use crate::market::{SEED, profile};
use crate::proving::crowd::{Crowd, Temper};
use crate::proving::life::{Life, Outcome};
use crate::proving::tally::{Tally, percent};
use crate::proving::weather::{BARS_A_YEAR, GAP, Mode, WINDOW};

/// What no account may lose of its highest equity, in millionths.
const BOUND: i128 = 150_000;
/// Years where nothing else is asked for.
const YEARS: u64 = 20;
/// Years of a long life.
const LONG: u64 = 10;

/// So many lives of so many years.
#[derive(Clone, Copy)]
struct Lives {
    mode: Mode,
    lives: u64,
    years: u64,
    profile: &'static str,
    changes: &'static [(&'static str, &'static str)],
    /// The venue lends, whatever the profile allows.
    lends: bool,
}

/// What became of them.
#[derive(Default)]
struct Seen {
    tally: Tally,
    lives: u64,
    years: u64,
    /// The sum of what each account came to, of what it began with.
    grown: f64,
    gaps: u64,
    /// Accounts that fell by more than the bound, by seed.
    beyond: Vec<(u64, i128)>,
}

impl Seen {
    fn add(&mut self, seed: u64, years: u64, one: &Outcome) {
        self.tally.add(&one.tally);
        self.lives += 1;
        self.years += years;
        self.grown += one.grown;
        self.gaps += one.gaps;
        if one.tally.drawdown >= BOUND {
            self.beyond.push((seed, one.tally.drawdown));
        }
    }
}

impl Lives {
    fn of(mode: Mode, lives: u64, years: u64) -> Self {
        let (profile, changes) = ("default", &[][..]);
        Self { mode, lives, years, profile, changes, lends: false }
    }

    fn live(self) -> Seen {
        let first = setting("BOT4_SEED", SEED);
        let Self { mode, years, lends, .. } = self;
        let mut seen = Seen::default();
        for seed in first..first + self.lives {
            let profile = profile(self.profile, self.changes);
            let life = Life { seed, years, mode, profile, lends };
            let crowd = match mode {
                Mode::Chance => Crowd::new(seed, 12, Crowd::mixed),
                Mode::Hunts => Crowd::new(seed, 12, |dice| {
                    if dice.one_in(4) { Temper::Fickle } else { Temper::Loads }
                }),
                Mode::Grows => Crowd::new(seed, 12, |_| Temper::Sits),
            };
            seen.add(seed, years, &life.live(crowd));
        }
        seen.tell(&format!("{} lives from seed {first}, {self}", self.lives));
        seen
    }
}

impl core::fmt::Display for Lives {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { mode, years, profile, changes, .. } = self;
        write!(f, "{years} years each, {mode:?}, {profile}{changes:?}")
    }
}

impl Seen {
    fn tell(&self, named: &str) {
        let Self { tally, years, gaps, beyond, .. } = self;
        let share = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
        let bars = 12 * tally.moments;
        println!("{named}: {years} years, {bars} bars, {gaps} gaps");
        println!(
            "  a year: {:.0} orders, {:.0} fills, {:.1} times the first cash traded",
            tally.orders as f64 / *years as f64,
            tally.fills as f64 / *years as f64,
            tally.traded as f64 / 1e24 / *years as f64,
        );
        println!(
            "  held back {:.1} % of the time; {:.1} % of orders clipped; tripped {:?}",
            share(tally.held_back, tally.moments),
            share(tally.clipped, tally.orders),
            tally.tripped,
        );
        println!("  refused {:?}", tally.refused);
        println!(
            "  worst fall {:.3} %; of one instrument at acceptance {:.4} %, at its own worst price \
             {:.3} %; of all at acceptance {:.3} %, by what it grew to {:.1} %",
            percent(tally.drawdown),
            percent(tally.used),
            percent(tally.worst),
            percent(tally.loaded),
            percent(tally.load),
        );
        if !beyond.is_empty() {
            let few = &beyond[..beyond.len().min(5)];
            let (all, bound) = (beyond.len(), percent(BOUND));
            println!("  beyond {bound} %: {all}, as {few:?} (seed, millionths)");
        }
    }

    /// No account fell by as much as the bound.
    fn is_held(&self) {
        let (beyond, lives) = (self.beyond.len(), self.lives);
        assert_eq!(beyond, 0, "of {lives} accounts, as {:?}", self.beyond.first());
    }

    /// The same, and the accounts were worth judging.
    fn is_bounded(&self) {
        self.is_held();
        let Tally { fills, held_back, moments, judged, .. } = self.tally;
        assert!(fills > 20 * self.years, "{fills} fills in {} years", self.years);
        assert!(held_back < moments && judged > 10 * self.years);
        assert_eq!(moments, self.years * BARS_A_YEAR);
    }
}

/// As many years as are asked for: short lives, long ones, and hunted ones.
fn all() -> [Seen; 3] {
    let years = setting("BOT4_YEARS", YEARS);
    let gap = 100.0 * GAP;
    println!("{years} years; no price falls by more than {gap} % within {WINDOW} bars");
    [
        Lives::of(Mode::Chance, years * 3 / 5, 1).live(),
        Lives::of(Mode::Chance, (years / 5 / LONG).max(1), LONG).live(),
        Lives::of(Mode::Hunts, years / 5, 1).live(),
    ]
}

#[test]
fn no_cap_breaks_and_no_account_falls_by_fifteen_percent() {
    let [short, long, hunted] = all();
    short.is_bounded();
    long.is_held();
    hunted.is_bounded();
    // The worst that is assumed does happen, and is what the bound is made of.
    let worst = hunted.tally.drawdown;
    assert!((130_000..BOUND).contains(&worst), "{worst}");
    // Nobody was judged by caps that were never reached.
    for seen in [&short, &hunted] {
        assert!(seen.tally.used > 19_900 && seen.tally.loaded > 199_000);
    }
}

#[test]
fn what_grew_beyond_its_cap_does_not_pass_fifteen_percent() {
    let seen = Lives::of(Mode::Grows, 10, 1).live();
    seen.is_held();
}

#[test]
fn the_caps_hold_on_both_sides_where_the_profile_shorts() {
    let lives = Lives::of(Mode::Chance, setting("BOT4_YEARS", YEARS) / 20, 1);
    let seen = Lives { changes: &[("shorting", "true")], ..lives }.live();
    seen.is_bounded();
}

#[test]
fn no_account_is_short_where_the_profile_does_not_short_though_the_venue_lends() {
    let lives = Lives::of(Mode::Chance, setting("BOT4_YEARS", YEARS), 1);
    Lives { lends: true, ..lives }.live().is_bounded();
}

#[test]
fn what_the_limits_cost_is_told() {
    let lives = (setting("BOT4_YEARS", YEARS) / 20).max(2);
    let bounded = Lives::of(Mode::Chance, lives, 1);
    let bounded_seen = bounded.live();
    let wide = Lives { profile: "research", ..bounded }.live();
    let a_year = |seen: &Seen| 100.0 * (seen.grown / lives as f64 - 1.0);
    let (kept, there) = (a_year(&bounded_seen), a_year(&wide));
    println!(
        "the same strategies on the same markets: {kept:+.2} % a year by the default limits, \
         {there:+.2} % by the research ones: {:+.2} % forgone, for a worst fall of {:.1} % \
         instead of {:.1} %",
        there - kept,
        percent(bounded_seen.tally.drawdown),
        percent(wide.tally.drawdown),
    );
    assert!(wide.tally.drawdown > BOUND, "a market that is no danger proves nothing");
}
