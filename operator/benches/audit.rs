//! What the audit takes: a policy change over many pods, a change of one pod, and memory.
//!
//! Ten pods in each guarded namespace, of two Deployments; one of the Deployments mounts a classified Secret. Nothing
//! but the audit runs: no API server, no watch.
#![expect(clippy::print_stdout, reason = "figures are for people")]

mod cluster;

use std::error::Error;

use bund_engine::Timestamp;
use bund_operator::audit::Audit;
use bund_operator::index::{Touched, View};
use cluster::{Namespace, observe, policy, resident, timed};

const PODS: [usize; 2] = [5, 5];

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "\nAudit: a policy change over many pods (goal: 100,000 pods judged again in 2 s, within 300 MiB)"
    );
    for namespaces in [1_000, 10_000] {
        run(namespaces)?;
    }
    Ok(())
}

fn run(namespaces: usize) -> Result<(), Box<dyn Error>> {
    let before = resident()?;
    let mut view = View::default();
    cluster::world(&mut view);
    for number in 0..namespaces {
        Namespace { number, pods: PODS, marked: false }.observe(&mut view);
    }
    let held = resident()?;
    let mut audit = Audit::default();
    let first = timed(|| audit.pass(&view, &Touched::Everything, Timestamp::UNIX_EPOCH));
    observe(&mut view, policy(0, "placement", "Audit"));
    let mut again: Vec<_> =
        (0..5).map(|_| timed(|| audit.pass(&view, &Touched::Everything, Timestamp::UNIX_EPOCH)).0).collect();
    again.sort_unstable();
    let (covered, violating) =
        audit.audited().policies.values().next().map_or((0, 0), |totals| (totals.covered, totals.violating));
    println!(
        "  {:>7} pods in {namespaces:>6} namespaces: first {:>6.0?}, after a policy change {:>6.0?} (median of 5), \
         {covered} covered, {violating} violating; {} MiB with what is known, {} MiB with what was found",
        namespaces * 10,
        first.0,
        again.get(2).copied().unwrap_or_default(),
        (held - before) >> 20,
        (resident()? - before) >> 20,
    );
    Ok(())
}
