//! The record outside of the cluster: what comes into it, where it is kept, and who can read it.

mod damage;
mod enforced;
mod exports;
mod kept;
mod liar;
mod logs;
mod loopback;
mod lossy;
mod operator;
mod peers;
mod readers;
mod s3;
mod shelf;
mod store;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::{bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    let mut trials = peers::trials(bed);
    trials.extend(exports::trials(bed));
    trials.extend(s3::trials(bed));
    trials.extend(in_the_cluster(bed));
    trials
}

/// What the operator makes of it.
fn in_the_cluster(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "ledger",
            "every decision is one entry however often operators are killed",
            operator::killed,
        ),
        trial(
            bed,
            "ledger",
            "while the store is away nothing opens and closing works and all is recorded afterwards",
            operator::store_away,
        ),
        trial(
            bed,
            "ledger",
            "what the ledger says ended stays so when etcd is put back and every process is new",
            operator::etcd_put_back,
        ),
        trial(
            bed,
            "ledger",
            "findings and broken glass are entries once whoever leads",
            enforced::findings_and_glass,
        ),
        trial(bed, "ledger", "it comes to be on one day alone and never anew", store::inception),
        trial(
            bed,
            "ledger",
            "a store that is away or was put back is told and never signed for",
            store::put_back,
        ),
        trial(bed, "ledger", "what the cluster remembers of it is written by us alone", store::protected),
    ]
}
