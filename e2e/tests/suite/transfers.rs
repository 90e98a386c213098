//! Cross-border transfers on a real API server with real users: asked for, decided on, recorded, in effect and ended.

mod decisions;
mod example;
mod ground;
mod life;
mod people;
mod recording;
mod restore;
mod rights;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::{bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "transfers",
            "a transfer is asked for and completed and approved by two, and lets out its own workload and nothing else",
            life::whole,
        ),
        trial(
            bed,
            "transfers",
            "who asked and who has no right and who pretends decides nothing, and a dry run leaves no trace",
            decisions::who_may,
        ),
        trial(
            bed,
            "transfers",
            "people are told apart by name and uid, and machines decide only where a policy trusts them",
            people::distinct,
        ),
        trial(
            bed,
            "transfers",
            "nothing opens while the record fails, closing works, and each event is there once whoever leads",
            recording::exactly_once,
        ),
        trial(
            bed,
            "transfers",
            "what was revoked stays closed when etcd is put back, and what nobody watched opens to no old approval",
            restore::older_copy,
        ),
    ]
}
