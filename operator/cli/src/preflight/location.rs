//! Where the cluster is: the `ClusterLocation` that is there, and the one that its nodes suggest.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{
    Check, ClusterDns, ClusterLocationSpec, GROUP, JurisdictionName, JurisdictionSpec, LabelKey,
    NamespaceName, ProviderName, Span, VERSION, cluster_location, jurisdiction::Provider,
    jurisdiction::ProviderIdForm, labels,
};
use bund_engine::{Snapshot, locate::locate as locate_node};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{counted, exempt::Exempt};
use crate::{
    builtin,
    discover::table::{TableError, read},
    inventory::{Inventory, Known, known::built_in, name_of, text},
};

/// Where the cluster is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Where the location comes from with which everything else was judged.
    pub judged_by: JudgedBy,
    /// The manifest that the nodes suggest, ready to apply; absent where they do not tell enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Value>,
    /// What tells it, and what to look at before it is applied.
    pub notes: Vec<String>,
}

/// Which location counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum JudgedBy {
    /// The `ClusterLocation` that is there.
    Given,
    /// The proposed one.
    Proposal,
    /// None: nodes are inside only where the well-known region label says so.
    Nothing,
}

#[derive(Deserialize)]
struct Clouds {
    clouds: Vec<Cloud>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Cloud {
    provider: ProviderName,
    label_prefixes: Vec<String>,
}

const REGION_KEYS: [&str; 2] = [labels::REGION, "failure-domain.beta.kubernetes.io/region"];

/// Proposes a location, and lets it count where there is none.
pub fn locate(
    inventory: &Inventory,
    known: &mut Known,
    jurisdiction: &JurisdictionName,
    exempt: &Exempt,
) -> Result<Location, TableError> {
    let mut notes = Vec::new();
    let proposal = match inventory.gap("", "Node") {
        Some(why) => {
            notes.push(format!("not known: {why}"));
            None
        }
        None => propose(inventory, &known.snapshot, jurisdiction, exempt, &mut notes)?,
    };
    let judged_by = if known.snapshot.world().has_location() {
        JudgedBy::Given
    } else if let Some(proposal) = &proposal {
        known.snapshot.observe(proposal);
        JudgedBy::Proposal
    } else {
        JudgedBy::Nothing
    };
    Ok(Location { judged_by, proposal, notes })
}

fn propose(
    inventory: &Inventory,
    snapshot: &Snapshot,
    jurisdiction: &JurisdictionName,
    exempt: &Exempt,
    told: &mut Vec<String>,
) -> Result<Option<Value>, TableError> {
    let nodes: Vec<&Value> = inventory.of_kind("", "Node").collect();
    let providers = providers(inventory, &nodes, jurisdiction, told)?;
    if providers.is_empty() {
        told.push(
            "no cloud was recognised, so nothing is proposed; for machines of your own name their operator in `providers` \
             and write `span: Uniform` if every one of them stands inside"
                .to_owned(),
        );
        return Ok(None);
    }
    let given = snapshot.world().location();
    let exempt_namespaces: BTreeSet<NamespaceName> =
        given.exempt.iter().cloned().chain(exempt.proposed.iter().map(|one| one.namespace.clone())).collect();
    let mut spec = ClusterLocationSpec {
        jurisdiction: jurisdiction.clone(),
        span: Span::Mixed,
        node_key: node_key(&nodes, told),
        providers,
        exempt_namespaces: exempt_namespaces.into_iter().take(64).collect(),
        networks: given.networks.clone(),
        dns: Some(given.dns.clone()).filter(|dns| *dns != ClusterDns::default()),
    };
    spec.span = span(&spec, snapshot, jurisdiction, told);
    if let Err(problem) = spec.check(cluster_location::NAME) {
        told.push(format!("the proposal would not be valid: {problem}"));
        return Ok(None);
    }
    Ok(Some(manifest(&spec)))
}

fn manifest(spec: &ClusterLocationSpec) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "ClusterLocation",
        "metadata": { "name": cluster_location::NAME },
        "spec": spec,
    })
}

/// `Uniform` only where every node says by itself that it is inside.
fn span(
    mixed: &ClusterLocationSpec,
    snapshot: &Snapshot,
    jurisdiction: &JurisdictionName,
    told: &mut Vec<String>,
) -> Span {
    let mut judged = snapshot.clone();
    judged.observe(&manifest(mixed));
    let outside = judged
        .nodes()
        .filter(|(_, node)| !locate_node(node, jurisdiction, judged.world()).is_inside())
        .count();
    if outside == 0 {
        told.push(
            "span Uniform: every node says that it is inside; write Mixed if nodes outside may join later"
                .to_owned(),
        );
        return Span::Uniform;
    }
    told.push(format!("span Mixed: not known to be inside: {}", counted(outside, "node")));
    Span::Mixed
}

/// The region label that most nodes carry.
fn node_key(nodes: &[&Value], told: &mut Vec<String>) -> LabelKey {
    let carried = |key: &&str| nodes.iter().filter(|node| label(node, key).is_some()).count();
    // Of equals the first: `max_by_key` takes the last.
    let key = REGION_KEYS.into_iter().rev().max_by_key(carried).unwrap_or(labels::REGION);
    let without = nodes.len().saturating_sub(carried(&key));
    if without > 0 {
        told.push(format!("without label {key}: {}", counted(without, "node")));
    }
    #[expect(clippy::expect_used, reason = "the constants are label keys, as a test says")]
    key.parse().expect("a label key")
}

/// The clouds that the nodes show.
fn providers(
    inventory: &Inventory,
    nodes: &[&Value],
    jurisdiction: &JurisdictionName,
    told: &mut Vec<String>,
) -> Result<Vec<ProviderName>, TableError> {
    let Some(spec) = jurisdiction_spec(inventory, jurisdiction) else {
        told.push(format!("Jurisdiction {jurisdiction} is not there or cannot be read"));
        return Ok(Vec::new());
    };
    let table: Clouds = read("clouds.yaml", include_str!("../../../../policies/discover/clouds.yaml"))?;
    let mut sure: BTreeMap<ProviderName, (usize, String)> = BTreeMap::new();
    let mut open: BTreeMap<Vec<ProviderName>, (usize, String)> = BTreeMap::new();
    for node in nodes {
        let Some((candidates, by)) = candidates(node, &spec, &table) else { continue };
        match candidates.as_slice() {
            [one] => sure.entry(one.clone()).or_insert((0, by)).0 += 1,
            _ => open.entry(candidates).or_insert((0, by)).0 += 1,
        }
    }
    for (candidates, (count, by)) in &open {
        // Another node has told it already.
        if candidates.iter().any(|candidate| sure.contains_key(candidate)) {
            continue;
        }
        let names: Vec<_> = candidates.iter().map(AsRef::as_ref).collect();
        let count = counted(*count, "node");
        told.push(format!("{count} of {}, by {by}: name the one that it is", names.join(" or ")));
    }
    for (name, (count, by)) in &sure {
        told.push(format!("provider {name}: {}, such as by {by}", counted(*count, "node")));
    }
    Ok(sure.into_keys().take(16).collect())
}

fn jurisdiction_spec(inventory: &Inventory, name: &JurisdictionName) -> Option<JurisdictionSpec> {
    let shipped = built_in(builtin::VOCABULARY);
    let own = inventory.of_kind(GROUP, "Jurisdiction");
    let object = own.chain(&shipped).find(|object| {
        name_of(object) == name.as_str() && object.get("kind").is_some_and(|kind| kind == "Jurisdiction")
    })?;
    serde_json::from_value(object.get("spec")?.clone()).ok()
}

/// The providers of which a node may be, and what tells it: its providerID, labels of the cloud, or its region.
fn candidates(node: &Value, spec: &JurisdictionSpec, table: &Clouds) -> Option<(Vec<ProviderName>, String)> {
    let named = |wanted: &dyn Fn(&Provider) -> bool| -> Vec<ProviderName> {
        spec.providers
            .iter()
            .filter(|provider| wanted(provider))
            .map(|provider| provider.name.clone())
            .collect()
    };
    let id = text(node, "/spec/providerID");
    let by_id = match id.split_once("://") {
        Some((scheme, _)) => {
            named(&|provider| provider.provider_id_schemes.iter().any(|own| *own == *scheme))
        }
        None if id.contains('.') => {
            named(&|provider| provider.provider_id_form == ProviderIdForm::RegionDotMachine)
        }
        None => Vec::new(),
    };
    if !by_id.is_empty() {
        return Some((by_id, format!("providerID `{id}`")));
    }
    let keys = node.pointer("/metadata/labels").and_then(Value::as_object)?;
    let by_label = table.clouds.iter().find_map(|cloud| {
        let key =
            keys.keys().find(|key| cloud.label_prefixes.iter().any(|prefix| key.starts_with(prefix)))?;
        Some((vec![cloud.provider.clone()], format!("label {key}")))
    });
    by_label.or_else(|| {
        let (key, region) = REGION_KEYS.into_iter().find_map(|key| Some((key, label(node, key)?)))?;
        let lists = |provider: &Provider| {
            provider.regions.iter().any(|own| own.as_str() == region)
                || provider.node_label_codes.iter().any(|code| code.code.as_str() == region)
        };
        let by_region = named(&lists);
        (!by_region.is_empty()).then(|| (by_region, format!("label {key}={region}")))
    })
}

fn label<'v>(node: &'v Value, key: &str) -> Option<&'v str> {
    node.pointer("/metadata/labels")?.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_labels_are_label_keys() {
        for key in REGION_KEYS {
            assert_eq!(key.parse::<LabelKey>().unwrap().as_str(), key);
        }
    }

    #[test]
    fn the_clouds_are_providers_of_the_shipped_jurisdiction() {
        let table: Clouds =
            read("clouds.yaml", include_str!("../../../../policies/discover/clouds.yaml")).unwrap();
        let spec = jurisdiction_spec(&Inventory::default(), &"cn-mainland".parse().unwrap()).unwrap();
        for cloud in table.clouds {
            assert!(
                spec.providers.iter().any(|provider| provider.name == cloud.provider),
                "{}",
                cloud.provider
            );
        }
    }
}
