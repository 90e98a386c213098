//! Cross-border transfers on a real API server with real users: asked for, decided on, recorded, in effect and ended.

mod decisions;
pub(crate) mod example;
pub(crate) mod ground;
pub(crate) mod life;
mod map;
mod people;
mod recording;
mod restore;
pub(crate) mod rights;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::{bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "transfers",
            "one transfer lets out its own workload and nothing else until it is revoked",
            life::whole,
        ),
        trial(
            bed,
            "transfers",
            "only people who were given the right decide and never on what they asked for",
            decisions::who_may,
        ),
        trial(
            bed,
            "transfers",
            "people are told apart by name and uid and machines need the trust of a policy",
            people::distinct,
        ),
        trial(
            bed,
            "transfers",
            "nothing opens while the record fails and each event is there once whoever leads",
            recording::exactly_once,
        ),
        trial(
            bed,
            "transfers",
            "what was revoked stays closed when etcd is put back and so does what nobody watched",
            restore::older_copy,
        ),
        trial(
            bed,
            "transfers",
            "the map of a cluster tells what is held where and to whom it flows and what the record keeps of it",
            map::drawn,
        ),
    ]
}
