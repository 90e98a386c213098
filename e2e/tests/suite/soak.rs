//! A tenth of `make soak`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bund_e2e::soak::{Length, soak};
use libtest_mimic::Trial;

use crate::{bed::Bed, trial};

/// The share by which memory may grow in a minute: allocators settle, so a minute tells of leaks that are gross.
const GROWTH: f64 = 0.05;
/// How long a request may go without an answer because of us. `make soak` holds the figure; here other work may have
/// the machine, and what counts is that all are answered.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![trial(
        bed,
        "soak",
        "a steady load outlives an upgrade and the loss of leader and certificates and API server and etcd",
        outlives,
    )]
}

async fn outlives(bed: &Bed) -> Result<()> {
    let length =
        Length { between: Duration::from_secs(2), rounds: 1, steady: Duration::from_mins(1), rate: 20 };
    let outcome = soak(&bed.operator().await?, length, |step| println!("soak: {step}")).await?;
    println!("soak: {:?}", outcome.told);
    for growth in &outcome.growth {
        println!("soak: {growth}");
    }
    outcome.check(PATIENCE, GROWTH)
}
