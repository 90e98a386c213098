//! Closed egress on a real API server: what is written, mended, opened and taken away. No packet is sent here.

mod above;
mod closing;
mod leaders;
mod opening;
mod tier;
mod vault;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::{bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "egress",
            "a namespace is closed from its first classified pod to its last and pods are marked by what they hold",
            closing::whole,
        ),
        trial(
            bed,
            "egress",
            "what others change or delete is as before within seconds and is told",
            closing::mended,
        ),
        trial(
            bed,
            "egress",
            "a transfer opens its network to its source alone until it is revoked or its time is over",
            opening::until_it_ends,
        ),
        trial(
            bed,
            "egress",
            "a leader that comes new writes nothing and one that is killed leaves nothing half open",
            leaders::change,
        ),
        trial(
            bed,
            "egress",
            "a cluster policy stands before those of a closed namespace wherever its kind is served",
            tier::kept,
        ),
        trial(
            bed,
            "egress",
            "a policy of the whole cluster that opens more is refused and named where a namespace comes to it",
            above::judged,
        ),
        trial(
            bed,
            "egress",
            "a policy of another network that was there before is named until it is gone",
            above::came_before,
        ),
    ]
}
