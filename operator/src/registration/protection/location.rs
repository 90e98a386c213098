//! The cluster is said to be elsewhere, or more of it inside.

use super::{Variable, added, added_networks, each, egress, field, lost, text, together};

/// What an edit changes about where the cluster is (`elsewhere`).
pub(super) fn variables() -> Vec<Variable> {
    let node_key = |when| field(when, "nodeKey", &text(bund_crds::labels::REGION));
    let elsewhere = together(&[
        lost(
            "variables.now.jurisdiction != variables.was.jurisdiction",
            "puts the cluster in another jurisdiction",
        ),
        lost(
            "variables.was.span == 'Mixed' && variables.now.span == 'Uniform'",
            "takes every node for inside",
        ),
        lost(&format!("{} != {}", node_key("was"), node_key("now")), "believes another node label"),
        each(&added("providers"), "counts regions of ", "x", ""),
        each(&added("exemptNamespaces"), "exempts ", "x", ""),
        each(&added_networks("networks"), "takes ", "x", " for inside"),
        egress::asks_elsewhere(),
    ]);
    vec![("elsewhere", elsewhere)]
}
