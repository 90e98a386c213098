//! Where a node, a host or an address is.
//!
//! Every label of a node about its place is a claim, and so is its `providerID`. A node is inside a
//! jurisdiction when there is a provider and a region, listed in the jurisdiction's table, with which every
//! claim agrees. What is not certain is unknown, and unknown counts as outside.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use bund_crds::{
    JurisdictionName, ProviderName, RegionId, Span,
    jurisdiction::{Provider, ProviderIdForm},
    labels,
};
use serde::Serialize;

use crate::snapshot::{LocationFacts, NodeFacts, Place, Substance, Table, World};

mod claim;
mod host;
mod named;
mod service;

use claim::{Claim, claims};
pub use claim::{REGION_KEYS, ZONE_KEYS};
pub(crate) use host::is_unheard_of;
pub use host::{locate_host, locate_network};
pub(crate) use named::Caller;
pub use service::locate_called;
pub(crate) use service::{locate_service, named_service};

/// Where something is, as far as one jurisdiction is concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Location {
    /// In the jurisdiction.
    Inside,
    /// Somewhere else, by its own claim.
    Outside(String),
    /// Not known, with why. Treated as outside.
    Unknown(String),
}

impl Location {
    /// Whether it is certain to be inside.
    pub fn is_inside(&self) -> bool {
        *self == Self::Inside
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inside => f.write_str("inside"),
            Self::Outside(place) => write!(f, "in {place}"),
            Self::Unknown(why) => write!(f, "at an unknown place ({why})"),
        }
    }
}

/// Where `node` is, as far as `jurisdiction` is concerned.
pub fn locate(node: &NodeFacts, jurisdiction: &JurisdictionName, world: &World) -> Location {
    let Some(table) = world.jurisdiction(jurisdiction) else {
        return Location::Unknown(format!("no Jurisdiction is named {jurisdiction}"));
    };
    let declared = declared_by_administrator(node, table);
    if let Trusted::Elsewhere(place) = declared {
        return Location::Outside(place);
    }
    let location = world.location();
    let assumed = match declared {
        Trusted::Inside => true,
        _ if node.substance == Substance::Virtual => {
            return Location::Unknown("it is a virtual node that no administrator declared".to_owned());
        }
        _ => location.span == Span::Uniform && location.jurisdiction.as_ref() == Some(jurisdiction),
    };
    if !assumed && node.labels.get(&location.node_key).is_none() {
        return Location::Unknown(format!("it has no label {}", location.node_key));
    }
    agree(node, table, location)
}

/// What a node says about its place, the strongest claim first: an administrator's label, region and zone labels,
/// the `providerID`.
pub fn claimed(node: &NodeFacts, jurisdiction: &JurisdictionName, world: &World) -> Vec<String> {
    let key = world.jurisdiction(jurisdiction).and_then(|table| table.trusted_label.as_ref());
    let trusted = key.and_then(|key| Some(format!("label {key}={}", node.labels.get(key.as_str())?)));
    let own = claims(node, &world.location().node_key);
    trusted.into_iter().chain(own.iter().map(ToString::to_string)).collect()
}

/// Where `node` is, as far as any of `jurisdictions` is concerned: inside if it is inside one of them.
pub fn locate_in_any<'j>(
    node: &NodeFacts,
    jurisdictions: impl IntoIterator<Item = &'j JurisdictionName>,
    world: &World,
) -> Location {
    first_inside(jurisdictions.into_iter().map(|jurisdiction| locate(node, jurisdiction, world)))
}

/// Inside where one of `locations` is; else the first of them.
pub(crate) fn first_inside(locations: impl Iterator<Item = Location>) -> Location {
    let mut first = None;
    for location in locations {
        if location.is_inside() {
            return location;
        }
        first = first.or(Some(location));
    }
    first.unwrap_or_else(|| Location::Unknown("no jurisdiction is asked for".to_owned()))
}

/// Whether all that a node says of its place says that it is in `region` of `provider`, and would be false at every other
/// cloud that this cluster runs on. What an administrator declares of it must not be anything else.
pub(crate) fn is_in_region(
    node: &NodeFacts,
    provider: &ProviderName,
    region: &RegionId,
    world: &World,
) -> bool {
    let key = &world.location().node_key;
    let declared = |table: &Table| table.trusted_label.as_ref().and_then(|key| node.labels.get(key.as_str()));
    if node.substance == Substance::Virtual
        || node.labels.get(key).is_none()
        || world.jurisdictions().any(|table| declared(table).is_some())
    {
        return false;
    }
    let claims = claims(node, key);
    let agrees = |provider: &Provider, table: &Table| {
        let place = Place { provider, region: region.as_str() };
        claims.iter().all(|claim| claim.agrees(place, table))
    };
    let mut own = 0;
    for table in world.jurisdictions() {
        for cloud in table.providers() {
            let is_own = cloud.name == *provider;
            if agrees(cloud, table) != is_own {
                return false;
            }
            own += usize::from(is_own);
        }
    }
    own > 0
}

/// Whether a node of `provider` that carries `text` as its region says that it is in `region`.
pub(crate) fn names_region(provider: &ProviderName, region: &RegionId, text: &str, world: &World) -> bool {
    known(provider, region, world, |place| place.region_agrees(text))
}

/// Whether a zone of `provider` that is called `text` can only be one of `region`.
pub(crate) fn names_zone(provider: &ProviderName, region: &RegionId, text: &str, world: &World) -> bool {
    known(provider, region, world, |place| place.zone_tells(text))
}

/// Whether something holds of a place by everything that is known of its provider.
fn known(
    provider: &ProviderName,
    region: &RegionId,
    world: &World,
    holds: impl Fn(Place<'_>) -> bool,
) -> bool {
    let mut known = world.jurisdictions().filter_map(|table| table.provider(provider)).peekable();
    known.peek().is_some() && known.all(|provider| holds(Place { provider, region: region.as_str() }))
}

enum Trusted {
    Inside,
    Elsewhere(String),
    Unsaid,
}

/// What the label says that kubelets cannot write.
fn declared_by_administrator(node: &NodeFacts, table: &Table) -> Trusted {
    match table.trusted_label.as_ref().and_then(|key| node.labels.get(key.as_str())) {
        Some(value) if value == table.name.as_str() => Trusted::Inside,
        Some(value) => Trusted::Elsewhere(value.to_string()),
        None => Trusted::Unsaid,
    }
}

/// Looks for a listed place with which every claim agrees.
fn agree(node: &NodeFacts, table: &Table, location: &LocationFacts) -> Location {
    let mut places: Vec<_> = table.places().collect();
    let mut agreed: Vec<String> = Vec::new();
    let claims = claims(node, &location.node_key);
    if claims.is_empty() {
        return Location::Inside;
    }
    for claim in claims {
        places.retain(|place| claim.agrees(*place, table));
        if places.is_empty() {
            return match (&claim, agreed.as_slice()) {
                (Claim::Region { value, .. }, []) => Location::Outside((*value).to_owned()),
                (_, []) => Location::Unknown(format!("{claim} is not of a listed place")),
                (_, [first, ..]) => Location::Unknown(format!("{claim} contradicts {first}")),
            };
        }
        agreed.push(claim.to_string());
    }
    Location::Inside
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Snapshot;

    fn snapshot(span: &str, providers: &[&str]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let mut observe = |object| assert_eq!(snapshot.observe(&object), crate::snapshot::Observed::Fact);
        observe(json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "Jurisdiction", "metadata": {"name": "cn-mainland"},
            "spec": {
                "displayName": "Mainland China", "countryCodes": ["CN"],
                "trustedNodeLabel": "node-restriction.kubernetes.io/jurisdiction",
                "providers": [
                    {"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter",
                     "providerIdSchemes": ["alicloud"], "providerIdForm": "RegionDotMachine"},
                    {"name": "tencent", "regions": ["ap-guangzhou"], "zoneForm": "RegionDashNumber",
                     "nodeLabelCodes": [{"code": "gz", "region": "ap-guangzhou"}],
                     "providerIdSchemes": ["qcloud"], "providerIdForm": "Zone"},
                    {"name": "aws-china", "regions": ["cn-north-1"], "zoneForm": "RegionLetter",
                     "providerIdSchemes": ["aws"], "providerIdForm": "Zone"},
                    {"name": "volcengine", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"},
                    {"name": "gcp", "zoneForm": "Opaque", "providerIdSchemes": ["gce"], "providerIdForm": "Zone"}
                ]
            }
        }));
        observe(json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": {"name": "cluster"},
            "spec": {"jurisdiction": "cn-mainland", "span": span, "providers": providers}
        }));
        snapshot
    }

    fn located(snapshot: &Snapshot, labels: &serde_json::Value, provider_id: &str) -> Location {
        let mut snapshot = snapshot.clone();
        snapshot.observe(&json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": labels},
            "spec": {"providerID": provider_id}
        }));
        let mainland = "cn-mainland".parse().unwrap();
        locate(snapshot.node("n").unwrap(), &mainland, snapshot.world())
    }

    const ALL: [&str; 5] = ["alibaba", "tencent", "aws-china", "volcengine", "gcp"];

    #[test]
    fn a_node_is_inside_when_every_claim_agrees() {
        let mixed = snapshot("Mixed", &ALL);
        let region = "topology.kubernetes.io/region";
        let zone = "topology.kubernetes.io/zone";
        for (labels, id) in [
            (json!({region: "cn-hangzhou"}), ""),
            (json!({region: "cn-hangzhou", zone: "cn-hangzhou-h"}), "cn-hangzhou.i-1"),
            (json!({region: "cn-hangzhou", zone: "cn-hangzhou-h"}), "alicloud://cn-hangzhou.i-1"),
            (json!({region: "gz", zone: "100003"}), "qcloud:///100003/ins-1"),
            (json!({region: "gz", "topology.com.tencent.cloud.csi.cbs/zone": "ap-guangzhou-3"}), ""),
            (json!({region: "cn-north-1", zone: "cn-north-1a"}), "aws:///cn-north-1a/i-1"),
            (json!({"node-restriction.kubernetes.io/jurisdiction": "cn-mainland"}), ""),
        ] {
            assert_eq!(located(&mixed, &labels, id), Location::Inside, "{labels} {id}");
        }
    }

    #[test]
    fn a_claim_that_contradicts_makes_the_place_unknown() {
        let mixed = snapshot("Mixed", &ALL);
        let region = "topology.kubernetes.io/region";
        let zone = "topology.kubernetes.io/zone";
        for (labels, id) in [
            (json!({region: "cn-hangzhou"}), "cn-hongkong.i-1"),
            (json!({region: "cn-hangzhou"}), "alicloud://cn-hongkong.i-1"),
            (json!({region: "cn-hangzhou", zone: "cn-hongkong-b"}), ""),
            (json!({region: "cn-hangzhou", "failure-domain.beta.kubernetes.io/region": "cn-hongkong"}), ""),
            (json!({region: "cn-hangzhou", "failure-domain.beta.kubernetes.io/zone": "cn-hongkong-b"}), ""),
            (json!({region: "cn-north-1"}), "aws:///cn-northwest-1a/i-1"),
            (json!({region: "cn-north-1"}), "gce://project/asia-east2-a/vm"),
            (json!({region: "cn-hangzhou", "type": "virtual-kubelet"}), ""),
            (
                json!({"node-restriction.kubernetes.io/jurisdiction": "cn-mainland", region: "eu-central-1"}),
                "",
            ),
            (json!({}), "cn-hangzhou.i-1"),
        ] {
            let location = located(&mixed, &labels, id);
            assert!(!location.is_inside(), "{labels} {id}: {location}");
        }
    }

    #[test]
    fn ids_are_exact_and_belong_to_their_provider() {
        let alibaba = snapshot("Mixed", &["alibaba"]);
        let region = "topology.kubernetes.io/region";
        for value in
            ["CN-Hangzhou", "cn-hangzhou-h", "cn-hongkong", "ap-southeast-1", "gz", "cn-north-1", "cn", ""]
        {
            assert!(!located(&alibaba, &json!({region: value}), "").is_inside(), "{value}");
        }
        let why = located(&alibaba, &json!({region: "cn-hangzhou"}), "aws:///cn-hangzhoua/i-1");
        assert_eq!(
            why,
            Location::Unknown(
                "providerID `aws:///cn-hangzhoua/i-1` contradicts label topology.kubernetes.io/region=cn-hangzhou".into()
            )
        );
    }

    #[test]
    fn in_a_uniform_cluster_only_a_contradiction_is_outside() {
        let uniform = snapshot("Uniform", &["alibaba"]);
        let region = "topology.kubernetes.io/region";
        for (labels, inside) in [
            (json!({}), true),
            (json!({region: "cn-hangzhou"}), true),
            (json!({region: "cn-hongkong"}), false),
            (json!({"topology.kubernetes.io/zone": "cn-hongkong-b"}), false),
            (json!({"type": "virtual-kubelet"}), false),
        ] {
            assert_eq!(located(&uniform, &labels, "").is_inside(), inside, "{labels}");
        }
    }
}
