//! What the benches share: a seeded market and the strategies they run. Only benches live here.

use std::sync::Arc;

use bot4_engine::backtest::{Backtest, BacktestError, Settings};
use bot4_engine::bot::{BotError, Decides, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::event::Execution;
use bot4_engine::gateway::GatewayError;
use bot4_engine::history::{Columns, History, HistoryError};
use bot4_engine::instrument::{InstrumentId, UnitError, amount_from_text, rate_from_text};
use bot4_engine::risk::limits::{LimitError, Profile};
use bot4_engine::signal::{Node, Program, SignalError};
use bot4_engine::units::Rate;
use bot4_gauge::GaugeError;
use bot4_journal::JournalError;

/// The seed of every bench's market, printed by the benches.
pub const SEED: u64 = 42;

const MINUTE_NS: i64 = 60_000_000_000;

/// What a bench cannot be set up from.
pub struct Unusable(String);

impl std::fmt::Debug for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! unusable {
    ($($error:ty),*) => {$(
        impl From<$error> for Unusable {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        }
    )*};
}

unusable!(SignalError, HistoryError, BacktestError, BotError, JournalError, LimitError, UnitError);
unusable!(GaugeError, GatewayError, std::io::Error);

impl From<&str> for Unusable {
    fn from(said: &str) -> Self {
        Self(said.to_owned())
    }
}

/// SIMULATED one-minute bars: a seeded walk (splitmix64) with steps of about 5 bp.
pub fn walk(bars: usize) -> Result<Arc<History>, Unusable> {
    let mut state = SEED;
    let mut uniform = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit a float")]
        let fraction = ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0;
        fraction
    };
    let (mut times, mut opens, mut highs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lows, mut closes, mut volumes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut close, mut open_ns) = (30_000.0_f64, 1_672_531_200_000_000_000_i64);
    for _ in 0..bars {
        let open = close;
        let step: f64 = (0..4).map(|_| uniform() - 0.5).sum();
        close = (open * (1.0 + 0.000_86 * step) * 10.0).round() / 10.0;
        times.push(open_ns);
        opens.push(open);
        highs.push(open.max(close) + 1.0);
        lows.push(open.min(close) - 1.0);
        closes.push(close);
        volumes.push(1.0 + uniform());
        open_ns += MINUTE_NS;
    }
    let columns = Columns {
        open_ns: &times,
        open: &opens,
        high: &highs,
        low: &lows,
        close: &closes,
        volume: &volumes,
    };
    Ok(Arc::new(History::new("simulated:WALK", MINUTE_NS, columns)?))
}

/// Long while the fast average is above the slow one, else flat.
pub fn sma_cross(fast: f64, slow: f64) -> Result<Program, Unusable> {
    let nodes = [
        Node::parse("close", &[], &[])?,
        Node::parse("sma", &[0], &[fast])?,
        Node::parse("sma", &[0], &[slow])?,
        Node::parse("gt", &[1, 2], &[])?,
        Node::parse("constant", &[], &[1.0])?,
        Node::parse("constant", &[], &[0.0])?,
        Node::parse("where", &[3, 4, 5], &[])?,
    ];
    Ok(Program::compile(&nodes, &[6])?)
}

/// A backtest of one program on one history, ready to run.
pub fn backtest(history: &Arc<History>, program: &Program) -> Result<Backtest, Unusable> {
    let text = |error: &dyn std::fmt::Display| Unusable(error.to_string());
    let settings = Settings {
        cash: amount_from_text("100000000").map_err(|e| text(&e))?,
        fee: rate_from_text("0.001").map_err(|e| text(&e))?,
        slippage: Rate::ZERO,
        profile: Profile::named("unleveraged").map_err(|e| text(&e))?,
        journal: false,
    };
    let sleeve = Sleeve {
        strategy: "sma_cross".to_owned(),
        instrument: InstrumentId(0),
        allocation: Rate::ONE,
        decides: Decides::Program {
            program: Box::new(program.clone()),
            decision: Decision::Target { band: None, execution: Execution::Cross, exits: None },
        },
    };
    Ok(Backtest::new(vec![Arc::clone(history)], vec![sleeve], &settings)?)
}
