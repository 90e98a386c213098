//! The end-to-end suite. One control plane without controllers for the cases, one with everything for what
//! happens after admission; both are started when the first test needs them and stopped at the end.

#![expect(clippy::expect_used, reason = "a test that cannot start says why and ends")]
#![expect(clippy::indexing_slicing, reason = "indexing raw JSON gives null where nothing is")]

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};

mod admission;
mod bed;
mod break_glass;
mod cases;
mod chart;
mod connect;
mod declassify;
mod definitions;
mod egress;
mod floor;
mod foreign;
mod geography;
mod ledger;
mod network_policies;
mod node;
mod outage;
mod preflight;
mod protection;
mod reports;
mod response;
mod running;
mod soak;
mod stamps;
mod storage;
mod transfers;
mod uniform;
mod why;
mod wire;

use bed::Bed;

fn main() -> ExitCode {
    let bed = Arc::new(Bed::new().expect("a runtime"));
    if let Some(code) = wire::run_inside(&bed) {
        return code;
    }
    let mut arguments = Arguments::from_args();
    // Tests share control planes, and some kill the operator of theirs.
    arguments.test_threads = Some(1);
    let mut trials = Vec::new();
    trials.extend(definitions::trials(&bed));
    trials.extend(cases::trials(&bed).expect("the cases can be read"));
    trials.extend(floor::trials(&bed));
    trials.extend(admission::trials(&bed));
    trials.extend(running::trials(&bed));
    trials.extend(break_glass::trials(&bed));
    trials.extend(connect::trials(&bed));
    trials.extend(protection::trials(&bed));
    trials.extend(declassify::trials(&bed));
    trials.extend(stamps::trials(&bed));
    trials.extend(reports::trials(&bed));
    trials.extend(response::trials(&bed));
    trials.extend(outage::trials(&bed));
    trials.extend(preflight::trials(&bed));
    trials.extend(why::trials(&bed));
    trials.extend(uniform::trials(&bed));
    trials.extend(geography::trials(&bed));
    trials.extend(soak::trials(&bed));
    trials.extend(foreign::trials(&bed));
    trials.extend(chart::trials(&bed));
    trials.extend(storage::trials(&bed));
    trials.extend(transfers::trials(&bed));
    trials.extend(egress::trials(&bed));
    trials.extend(ledger::trials(&bed));
    trials.extend(wire::trials(&bed));
    trials.extend(network_policies::trials(&bed));
    trials.extend(node::trials());
    let conclusion = libtest_mimic::run(&arguments, trials);
    bed.close();
    conclusion.exit_code()
}

/// A test whose name is a sentence.
fn trial<F>(bed: &Arc<Bed>, group: &str, sentence: &str, test: F) -> Trial
where
    F: AsyncFnOnce(&Bed) -> anyhow::Result<()> + Send + 'static,
{
    let bed = Arc::clone(bed);
    Trial::test(format!("{group}::{}", sentence.replace(' ', "_")), move || {
        bed.run(test).map_err(|error| Failed::from(format!("{error:#}")))
    })
}
