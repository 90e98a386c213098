//! `make bench`: the figures of `docs/benchmarks.md`. Each is said with what it was measured on; where a peer can
//! be had, both run in turn in one run and the ratio is what counts.

use anyhow::Result;

mod apiserver;
mod check;
mod engine;
mod figures;
mod handler;
mod hosts;
mod scale;

#[tokio::main]
async fn main() -> Result<()> {
    println!("{} logical processors; release build", std::thread::available_parallelism()?);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    if asked("engine") {
        engine::run()?;
        hosts::run()?;
    }
    if asked("check") {
        check::run().await?;
    }
    if asked("handler") {
        handler::run().await?;
    }
    if asked("scale") {
        scale::run().await?;
    }
    if asked("apiserver") {
        apiserver::run().await?;
    }
    Ok(())
}
