//! Real packets: what arrives abroad from pods, counted there, while an agent enforces the NetworkPolicies of a real API
//! server and the operator writes them.
//!
//! Each trial has a sandbox of its own, in which this program runs again.

mod closed;
mod field;
mod open;
mod shop;
mod tampered;
mod tiers;
mod transfer;
mod widened;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bund_e2e::{
    node::{network, sandbox},
    repository,
    tools::Tools,
    wire::{EnforcerTools, Enforces, missing},
};
use libtest_mimic::{Completion, Failed, Trial};

use crate::bed::Bed;

/// The first argument of this program in a sandbox. The name of the trial follows.
const INSIDE: &str = "wire-inside";

/// Longer than any trial takes on a busy machine.
const LIMIT: Duration = Duration::from_mins(5);

/// Every trial.
const TRIALS: [&str; 7] = [
    "without policies every way carries bytes abroad and the counter sees them",
    "from a closed namespace not a byte arrives abroad by any way",
    "what is relabelled or deleted opens nothing that stays and without the operator nothing opens",
    "a transfer opens one address and port to its pods alone and closes again",
    "classification under Audit changes no packet of a shop that runs",
    "what a user widens is refused and where nobody was asked it is told",
    "where cluster policies are enforced what users open lets not a byte abroad",
];

async fn inside(trial: &str, bed: &Bed) -> Result<()> {
    match TRIALS.iter().position(|name| *name == trial) {
        Some(0) => open::every_way(bed).await,
        Some(1) => closed::no_byte(bed).await,
        Some(2) => tampered::tampered(bed).await,
        Some(3) => transfer::one_address(bed).await,
        Some(4) => shop::only_told(bed).await,
        Some(5) => widened::widened(bed).await,
        Some(6) => tiers::held(bed).await,
        _ => anyhow::bail!("there is no trial `{trial}`"),
    }
}

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    TRIALS.into_iter().map(|sentence| trial(bed, sentence)).collect()
}

fn trial(bed: &Arc<Bed>, sentence: &'static str) -> Trial {
    let bed = Arc::clone(bed);
    let name = format!("wire::{}", sentence.replace(' ', "_"));
    Trial::ignorable_test(name.clone(), move || {
        let run = |bed: &Bed| bed.outcome(async || in_sandbox(sentence).await);
        match run(&bed).map_err(|error| Failed::from(format!("{error:#}")))? {
            None => Ok(Completion::Completed),
            Some(reason) => {
                eprintln!("SKIPPED: {name}: {reason}");
                Ok(Completion::ignored_with(reason))
            }
        }
    })
}

/// Builds what is needed, which the sandbox could not, and runs the trial there. Or tells why there can be no sandbox.
async fn in_sandbox(sentence: &str) -> Result<Option<String>> {
    if let Some(reason) = sandbox::missing() {
        return Ok(Some(reason));
    }
    if let Some(reason) = missing(&EnforcerTools::find(Enforces::NetworkPolicies).await?) {
        return Ok(Some(reason));
    }
    Tools::find().await?;
    repository::programs().await?;
    let ended = tokio::time::timeout(LIMIT, sandbox::run(&[INSIDE, sentence])).await;
    let ended = ended.with_context(|| format!("it took more than {} minutes", LIMIT.as_secs() / 60))??;
    ensure!(ended.success(), "it ended with {ended}; see what it said above");
    Ok(None)
}

/// Inside a sandbox: runs the trial that the arguments name. Nothing where this is no sandbox.
pub(crate) fn run_inside(bed: &Bed) -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next()? != INSIDE {
        return None;
    }
    let (trial, _cgroup, directory) =
        (arguments.next()?, arguments.next()?, PathBuf::from(arguments.next()?));
    sandbox::end_with_parent();
    let ran = bed.outcome(async || {
        sandbox::furnish(&directory)?;
        network::up().await?;
        inside(&trial, bed).await
    });
    Some(match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    })
}
