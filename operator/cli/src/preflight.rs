//! `bund preflight`: what Bund would find and do in a cluster, before it is installed there. (pure)
//!
//! One file per question, each a pure function over an [`Inventory`]. What could not be read is told as not known, and
//! never guessed.

use bund_crds::{JurisdictionName, NamespaceName};
use bund_engine::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    discover::table::TableError,
    inventory::{Inventory, Known, NotKnown, Origin, known},
};

pub mod exempt;
pub mod features;
pub mod forecast;
pub mod ledger;
pub mod location;
pub mod network_policy;
pub mod nodes;
mod render;
pub mod rights;

pub use render::text as render_text;

/// The form of the JSON report.
pub const VERSION: &str = "bund.dev/preflight/v1";

/// The jurisdiction that ships.
const SHIPPED: &str = "cn-mainland";

/// What a preflight is asked for.
#[derive(Debug, Default)]
pub struct Options {
    /// Objects whose policies are forecast instead of those of the inventory.
    pub policies: Option<Vec<Value>>,
    /// Namespaces that are treated as guarded.
    pub as_guarded: Vec<NamespaceName>,
}

/// What a preflight found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    /// [`VERSION`].
    pub version: &'static str,
    /// Where it is from.
    pub origin: Origin,
    /// Where the nodes are.
    pub nodes: nodes::Nodes,
    /// Where the cluster is, as given or proposed.
    pub location: location::Location,
    /// Its version and what it serves.
    pub kubernetes: features::Kubernetes,
    /// Who enforces NetworkPolicies.
    pub network_policy: network_policy::NetworkPolicy,
    /// Whether what is recorded is anywhere but in etcd.
    pub ledger: ledger::Ledger,
    /// Namespaces to exempt.
    pub exempt: exempt::Exempt,
    /// Who may do what matters here.
    pub rights: rights::Rights,
    /// What `Deny` would refuse.
    pub forecast: forecast::Forecast,
    /// Kinds that could not be read, with why.
    pub not_known: Vec<NotKnown>,
}

/// Looks through an inventory.
pub fn preflight(inventory: &Inventory, options: &Options, now: Timestamp) -> Result<Preflight, TableError> {
    let mut known = known(inventory, options.policies.as_deref());
    let exempt = exempt::exempt(inventory, &known)?;
    let jurisdiction = jurisdiction(&known);
    let location = location::locate(inventory, &mut known, &jurisdiction, &exempt)?;
    let as_guarded: Vec<String> = options.as_guarded.iter().map(|name| name.as_str().to_owned()).collect();
    Ok(Preflight {
        version: VERSION,
        origin: inventory.origin.clone(),
        nodes: nodes::nodes(inventory, &known, &jurisdiction),
        location,
        kubernetes: features::kubernetes(inventory),
        network_policy: network_policy::network_policy(inventory)?,
        ledger: ledger::ledger(inventory),
        exempt,
        rights: rights::rights(inventory, &as_guarded),
        forecast: forecast::forecast(inventory, &known, &as_guarded, now),
        not_known: inventory.not_known(),
    })
}

/// The jurisdiction that is asked about: the cluster's own; else the first that a policy names; else the one that ships.
fn jurisdiction(known: &Known) -> JurisdictionName {
    let world = known.snapshot.world();
    let own = world.location().jurisdiction.clone();
    let of_policies = || world.policies().find_map(|policy| policy.spec.jurisdictions.first().cloned());
    let shipped =
        || world.jurisdictions().map(|table| table.name.clone()).find(|name| name.as_str() == SHIPPED);
    #[expect(clippy::expect_used, reason = "the constant is a jurisdiction name, as a test says")]
    own.or_else(of_policies).or_else(shipped).unwrap_or_else(|| SHIPPED.parse().expect("a jurisdiction name"))
}

/// A number with what it counts.
fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_jurisdiction_has_a_name() {
        assert_eq!(SHIPPED.parse::<JurisdictionName>().unwrap().as_str(), "cn-mainland");
    }
}
