//! Where addresses are, and what counts before what.

use alloc::{string::String, sync::Arc, vec::Vec};

use serde_json::json;

use super::*;
use crate::{
    Snapshot,
    address::network,
    snapshot::{Country, DatabaseState, Databases, Geography, Silence},
};

/// Answers as it is told, of any network.
#[derive(Debug)]
struct Fixed(Said);

impl Databases for Fixed {
    fn country_of(&self, _: IpNet) -> Said {
        self.0.clone()
    }

    fn states(&self) -> Vec<DatabaseState> {
        Vec::new()
    }
}

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::default();
    for object in [
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "Jurisdiction", "metadata": {"name": "cn-mainland"},
            "spec": {
                "displayName": "Mainland China", "countryCodes": ["CN"], "networks": ["114.114.0.0/16"],
                "providers": [{"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"}]
            }
        }),
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": {"name": "cluster"},
            "spec": {"jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"], "networks": ["10.20.0.0/16"]}
        }),
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"},
            "spec": {"cidrs": ["10.96.0.0/16"]}
        }),
        node("hangzhou", "cn-hangzhou", "10.1.0.0/24", "47.96.0.1"),
        node("frankfurt", "eu-central-1", "10.1.1.0/24", "47.91.0.1"),
    ] {
        snapshot.observe(&object);
    }
    let unreadable: Vec<_> = snapshot.world().unreadable().collect();
    assert_eq!(unreadable, Vec::<&crate::snapshot::Unreadable>::new());
    snapshot
}

fn node(name: &str, region: &str, pods: &str, public: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"topology.kubernetes.io/region": region}},
        "spec": {"podCIDRs": [pods]}, "status": {"addresses": [{"type": "ExternalIP", "address": public}]},
    })
}

fn located(snapshot: &Snapshot, text: &str) -> String {
    let mainland = "cn-mainland".parse().unwrap();
    locate_network(network(text).unwrap(), &mainland, snapshot.world()).to_string()
}

fn says(said: Said) -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.set_geography(Geography::of(Arc::new(Fixed(said))));
    snapshot
}

fn country(code: &str) -> Country {
    Country::of(code).unwrap()
}

#[test]
fn what_is_declared_counts_before_what_databases_say() {
    for snapshot in [snapshot(), says(Said::Country(country("US")))] {
        for inside in ["10.20.1.1", "114.114.114.114", "10.96.0.10", "10.1.0.7", "10.1.0.0/24"] {
            assert_eq!(located(&snapshot, inside), "inside", "{inside}");
        }
        assert_eq!(located(&snapshot, "10.1.1.7"), "in eu-central-1");
        assert_eq!(located(&snapshot, "47.91.0.1"), "in eu-central-1", "a node says so of itself");
    }
}

#[test]
fn private_and_special_addresses_are_not_looked_up() {
    let snapshot = says(Said::Country(country("CN")));
    for (address, why) in [
        ("10.2.0.1", "is a private address"),
        ("fd00::1", "is a private address"),
        ("10.0.0.0/8", "is a private address"),
        ("169.254.169.254", "is a neighbour of the reader"),
        ("2002:7272:7272::1", "is an address behind a relay"),
        ("0.0.0.0/0", "is the reader's own machine"),
    ] {
        let found = located(&snapshot, address);
        assert!(found.starts_with("at an unknown place") && found.contains(why), "{address}: {found}");
    }
}

#[test]
fn a_public_address_is_inside_only_where_every_database_says_so() {
    let name: Arc<str> = "a.mmdb".into();
    let silent = |silence| Said::Nothing { database: name.clone(), silence };
    let countries = [country("CN"), country("HK")];
    for (said, location) in [
        (Said::Country(country("CN")), "inside"),
        (Said::Country(country("HK")), "in HK"),
        (Said::Country(country("TW")), "in TW"),
        (Said::Country(country("MO")), "in MO"),
        (
            silent(Silence::NoRecord),
            "at an unknown place (47.96.0.1/32 has no record for all of it in a.mmdb)",
        ),
        (
            silent(Silence::NoCountry),
            "at an unknown place (47.96.0.1/32 has a record in a.mmdb that does not say where it is, at most where it is \
             registered)",
        ),
        (
            silent(Silence::Anycast),
            "at an unknown place (47.96.0.1/32 is answered by machines in many places (anycast), as a.mmdb says)",
        ),
        (
            Said::Several { database: name.clone(), countries },
            "at an unknown place (47.96.0.1/32 reaches into CN and HK, as a.mmdb says)",
        ),
        (
            Said::Disagree { databases: [name.clone(), "b.mmdb".into()], countries },
            "at an unknown place (47.96.0.1/32 is in CN by a.mmdb and in HK by b.mmdb)",
        ),
        (
            Said::Stale { database: name.clone(), built: "2026-01-02T03:04:05Z".parse().unwrap() },
            "at an unknown place (47.96.0.1/32 cannot be looked up: a.mmdb of 2026-01-02 is too old; put a newer one in its \
             place)",
        ),
        (
            Said::Missing { database: name.clone() },
            "at an unknown place (47.96.0.1/32 cannot be looked up: a.mmdb cannot be used; ClusterLocation says why)",
        ),
    ] {
        // A node on the mainland says that this address is its own. That does not make it inside.
        assert_eq!(located(&says(said), "47.96.0.1"), location);
    }
    let without = located(&snapshot(), "47.96.0.1");
    assert_eq!(
        without,
        "at an unknown place (no network that cn-mainland lists holds 47.96.0.1/32; if it is \
         inside, declare its network in ClusterLocation, or give Bund databases of addresses)"
    );
}
