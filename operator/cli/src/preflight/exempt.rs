//! Namespaces that run the cluster rather than a shop: proposed as exempt, with why.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::NamespaceName;
use bund_engine::snapshot::Enrolment;
use serde::{Deserialize, Serialize};

use super::network_policy;
use crate::{
    discover::{
        image,
        table::{TableError, read},
    },
    inventory::{Inventory, Known, Owner, list, name_of, owners, text},
};

/// Namespaces to exempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exempt {
    /// Those that are exempt already.
    pub already: Vec<String>,
    /// Those to exempt, in order of name. Only proposed: exempt means that nothing is refused there.
    pub proposed: Vec<ProposedExemption>,
    /// Those that look alike but are guarded or hold a class.
    pub left_out: Vec<String>,
}

/// A namespace to exempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposedExemption {
    /// The namespace.
    pub namespace: NamespaceName,
    /// Why.
    pub why: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    infrastructure: Vec<Infrastructure>,
    priority_classes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Infrastructure {
    what: String,
    images: Vec<String>,
}

/// The webhook configurations of ours: what they point at is exempt by itself.
const OURS: &str = "bund";

/// Proposes namespaces to exempt.
pub fn exempt(inventory: &Inventory, known: &Known) -> Result<Exempt, TableError> {
    let table: Table =
        read("infrastructure.yaml", include_str!("../../../../policies/discover/infrastructure.yaml"))?;
    let mut signs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut sign = |namespace: &str, why: String| {
        signs.entry(namespace.to_owned()).or_default().insert(why);
    };
    for (namespace, agent) in network_policy::daemon_sets(inventory)? {
        sign(&namespace, format!("runs {agent}"));
    }
    let owners = owners(inventory, &known.snapshot);
    for owner in &owners {
        for why in of_owner(owner, &table) {
            sign(owner.namespace(), why);
        }
    }
    let mut own = BTreeSet::new();
    for (namespace, why, name) in served(inventory) {
        if name == OURS {
            own.insert(namespace);
        } else {
            sign(&namespace, why);
        }
    }
    let classified: BTreeSet<&str> =
        owners.iter().filter(|owner| is_labelled(owner)).map(Owner::namespace).collect();
    let mut found = Exempt { already: already(known), proposed: Vec::new(), left_out: Vec::new() };
    for (namespace, why) in signs {
        let Ok(name) = namespace.parse::<NamespaceName>() else { continue };
        match known.snapshot.enrolment(&namespace) {
            Enrolment::Exempt => {}
            _ if own.contains(&namespace) => {}
            Enrolment::Guarded => found.left_out.push(namespace),
            Enrolment::Unguarded | Enrolment::Assumed if classified.contains(namespace.as_str()) => {
                found.left_out.push(namespace);
            }
            Enrolment::Unguarded | Enrolment::Assumed => {
                found.proposed.push(ProposedExemption { namespace: name, why: why.into_iter().collect() });
            }
        }
    }
    Ok(found)
}

fn already(known: &Known) -> Vec<String> {
    let by_location = known.snapshot.world().location().exempt.iter().map(NamespaceName::as_str);
    let mut names: Vec<_> = ["kube-system", "kube-public", "kube-node-lease"]
        .into_iter()
        .chain(by_location)
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

fn is_labelled(owner: &Owner<'_>) -> bool {
    let labels = owner.subject.shapes.iter().map(|shape| &shape.labels).chain([&owner.subject.labels]);
    labels.into_iter().any(|labels| labels.classes().next().is_some())
}

/// What an owner shows about its namespace.
fn of_owner(owner: &Owner<'_>, table: &Table) -> Vec<String> {
    let mut signs = Vec::new();
    let id = &owner.subject.id;
    for (_, spec) in owner.pods() {
        let class = text(spec, "/priorityClassName");
        if table.priority_classes.iter().any(|known| known == class) {
            signs.push(format!("{} {} has priority class {class}", id.kind, id.name));
        }
        let images: Vec<&str> =
            list(spec, "/containers").map(|container| text(container, "/image")).collect();
        let runs = |known: &&Infrastructure| {
            known.images.iter().any(|entry| images.iter().any(|image| image::is_of(image, entry)))
        };
        let known = table.infrastructure.iter().filter(runs);
        signs.extend(known.map(|known| format!("{} {} is {}", id.kind, id.name, known.what)));
    }
    signs
}

/// Namespaces of Services that the API server calls: namespace, why, and the name of the object that says so.
fn served(inventory: &Inventory) -> Vec<(String, String, String)> {
    let mut served = Vec::new();
    for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
        for configuration in inventory.of_kind("admissionregistration.k8s.io", kind) {
            let name = name_of(configuration);
            for webhook in list(configuration, "/webhooks") {
                let namespace = text(webhook, "/clientConfig/service/namespace");
                let why = format!("answers webhook {} of {kind} {name}", text(webhook, "/name"));
                served.push((namespace.to_owned(), why, name.to_owned()));
            }
        }
    }
    for service in inventory.of_kind("apiregistration.k8s.io", "APIService") {
        let namespace = text(service, "/spec/service/namespace");
        served.push((
            namespace.to_owned(),
            format!("serves APIService {}", name_of(service)),
            name_of(service).to_owned(),
        ));
    }
    served.retain(|(namespace, _, _)| !namespace.is_empty());
    served
}
