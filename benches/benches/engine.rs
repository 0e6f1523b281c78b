//! How long the engine takes, by itself. `make bench` runs this, then the peers beside it.

use std::hint::black_box;

use bot4_benches::{SEED, Unusable, backtest, sma_cross, walk};
use bot4_engine::signal::Clock;
use criterion::{BatchSize, Criterion, Throughput};

fn engine(criterion: &mut Criterion) -> Result<(), Unusable> {
    const BARS: usize = 100_000;
    let history = walk(BARS)?;
    let closes: Vec<f64> = history.rows().iter().map(|row| row.close).collect();
    let program = sma_cross(10.0, 30.0)?;
    let mut group = criterion.benchmark_group(format!("engine, seed {SEED}"));
    group.throughput(Throughput::Elements(BARS as u64)).sample_size(20);
    group.bench_function("backtest of sma_cross, a bar", |bencher| {
        bencher.iter_batched(
            || backtest(&history, &program),
            |run| run.map(|mut run| while let Ok(Some(_)) = run.advance() {}).ok(),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("program of sma_cross, a bar, streaming", |bencher| {
        bencher.iter_batched(
            || program.clone(),
            |mut program| {
                for close in &closes {
                    program.set(0, *close);
                    program.run(Clock::Bar);
                    black_box(program.output(0));
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("program of sma_cross, a bar, in columns", |bencher| {
        bencher.iter(|| program.columns(&[&closes], BARS));
    });
    group.finish();
    Ok(())
}

fn main() -> Result<(), Unusable> {
    let mut criterion = Criterion::default().configure_from_args();
    engine(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
