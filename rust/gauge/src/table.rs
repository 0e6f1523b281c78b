//! The table of all that is measured, in the order in which data walks through the engine.

use crate::{Gauge, Stat, Taken, book, each, gateway, path, risk, sign, signal, stopwatch, wire};

const LOOPS: &str = "mean: median of short loops in Python, an empty loop's time taken off \
    (batches); quantiles and max: time.perf_counter_ns before and after each call, the mean of the \
    same pair around nothing (timer_ns) taken off";
const CALLS: &str = "time.perf_counter_ns before and after each call, the mean of the same pair \
    around nothing (timer_ns) taken off; the answers of the venue between calls are not timed; \
    mean: median of the means of 50 calls each (batches)";

/// All that is measured.
pub const GAUGES: &[Gauge] = &[
    Gauge {
        key: book::SEEDED,
        what: "one level of a book set, then both best prices read",
        limits: &[(Stat::Mean, 8.0)],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(book::seeded),
    },
    Gauge {
        key: book::RECORDED,
        what: "the same on captured updates, from the first snapshot on",
        limits: &[(Stat::Mean, 15.0)],
        captured: true,
        method: stopwatch::METHOD,
        taken: Taken::Here(book::recorded),
    },
    Gauge {
        key: wire::PARSE_BINANCE,
        what: "a depth update of 40 levels from bytes to integers",
        limits: &[(Stat::Mean, 600.0)],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(wire::parse_binance),
    },
    Gauge {
        key: wire::APPLY_BINANCE,
        what: "the same told to a book, then its touch read",
        limits: &[(Stat::Mean, 1_000.0)],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(wire::apply_binance),
    },
    Gauge {
        key: wire::PARSE_KRAKEN,
        what: "a book update from bytes to events, its checksum compared",
        limits: &[],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(wire::parse_kraken),
    },
    Gauge {
        key: wire::PARSE_COINBASE,
        what: "a level2 update of four levels from bytes to events",
        limits: &[],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(wire::parse_coinbase),
    },
    Gauge {
        key: signal::TWENTY,
        what: "what a program reads of a changed book, and its 20 operations run",
        limits: &[(Stat::Mean, 20.0)],
        captured: false,
        method: each::METHOD,
        taken: Taken::Here(signal::twenty),
    },
    Gauge {
        key: risk::BREAKER,
        what: "the word of the breakers asked for all and for one",
        limits: &[(Stat::Mean, 2.0)],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(risk::breaker),
    },
    Gauge {
        key: risk::CHECK,
        what: "every check of risk on a target that is sized, and passes",
        limits: &[(Stat::Mean, 10.0)],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(risk::check),
    },
    Gauge {
        key: risk::TARGET,
        what: "the same on a target that flips, which is sized first",
        limits: &[],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(risk::target),
    },
    Gauge {
        key: path::INTENT,
        what: "a change of the market that led to an approved order: \
            book, 20 operations, decision, risk",
        limits: &[(Stat::Mean, 50.0), (Stat::P99, 100.0)],
        captured: false,
        method: each::METHOD,
        taken: Taken::Here(path::intent),
    },
    Gauge {
        key: path::SETTLE,
        what: "the records and the action of such an order written, after its glance: \
            intent, order, reserves, limits made anew",
        limits: &[],
        captured: false,
        method: each::METHOD,
        taken: Taken::Here(path::settle),
    },
    Gauge {
        key: path::ALL,
        what: "every change of the market on the same path",
        limits: &[],
        captured: false,
        method: each::METHOD,
        taken: Taken::Here(path::all),
    },
    Gauge {
        key: gateway::REQUEST,
        what: "a depth update of 40 levels in, an encoded unsigned order out",
        limits: &[],
        captured: false,
        method: each::METHOD,
        taken: Taken::Here(gateway::request),
    },
    Gauge {
        key: "frame_to_action_ns",
        what: "the same through Python, from its call to its list of requests",
        limits: &[(Stat::Mean, 3_000.0)],
        captured: false,
        method: CALLS,
        taken: Taken::Outside,
    },
    Gauge {
        key: "boundary_ns",
        what: "an empty call from Python into the engine and back",
        limits: &[],
        captured: false,
        method: LOOPS,
        taken: Taken::Outside,
    },
    Gauge {
        key: sign::BINANCE_HMAC,
        what: "an order signed for Binance with HMAC",
        limits: &[],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(sign::binance_hmac),
    },
    Gauge {
        key: sign::BINANCE_ED25519,
        what: "an order signed for Binance with Ed25519",
        limits: &[],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(sign::binance_ed25519),
    },
    Gauge {
        key: sign::KRAKEN,
        what: "an order signed for Kraken",
        limits: &[],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(sign::kraken),
    },
    Gauge {
        key: sign::COINBASE_ES256,
        what: "a token made for an order at Coinbase with ES256",
        limits: &[],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(sign::coinbase_es256),
    },
    Gauge {
        key: sign::COINBASE_EDDSA,
        what: "a token made for an order at Coinbase with EdDSA",
        limits: &[],
        captured: false,
        method: stopwatch::METHOD,
        taken: Taken::Here(sign::coinbase_eddsa),
    },
];
