//! Order → fill: the paper venue. It knows nothing of the bot and keeps a record of its own.

mod paper;

pub use paper::{Paper, PaperRules};
