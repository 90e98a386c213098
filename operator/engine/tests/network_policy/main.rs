//! NetworkPolicies: what they allow, and which of them widen.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on says where")]

use proptest::prelude::ProptestConfig;

mod allows;
mod cluster;
mod cluster_packets;
#[path = "../support/facts.rs"]
mod facts;
#[path = "../support/network_policies.rs"]
mod generated;
mod widened;

/// How many cases to try: `PROPTEST_CASES`, or enough to be quick.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    // What fails becomes a test with a name, not a seed in a file.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
