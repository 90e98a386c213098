//! `make soak`: what `make test` does a tenth of.

use std::time::Duration;

use anyhow::Result;
use bund_e2e::fleet::{Size, leave};
use bund_e2e::repository;
use bund_e2e::soak::{Length, PATIENCE, soak};
use bund_e2e::tools::Tools;

/// The share by which memory may grow over the steady ten minutes.
const GROWTH: f64 = 0.01;

#[tokio::main]
async fn main() -> Result<()> {
    let binary = repository::programs().await?.join("bund-operator");
    let fleet = Size { nodes: 1_000, pods_per_node: 10 };
    let outcome = leave(&Tools::find().await?, &binary, fleet, |step| println!("fleet: {step}")).await?;
    println!("{outcome:#?}");
    outcome.check()?;
    let length =
        Length { between: Duration::from_secs(15), rounds: 3, steady: Duration::from_mins(10), rate: 50 };
    let outcome = soak(&binary, length, |step| println!("{step}")).await?;
    println!("{:#?}", outcome.told);
    for growth in &outcome.growth {
        println!("{growth}");
    }
    outcome.check(PATIENCE, GROWTH)
}
