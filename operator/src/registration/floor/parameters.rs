//! What the floor must know of each policy that denies placement somewhere. (pure)

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::floor_parameters::{
    BROKEN_IN, EVERYWHERE, FloorParametersSpec, KeyKind, NODES, OTHER_CLASSES, OVERRIDDEN, REGIONS, Unplaced,
};
use bund_crds::{Aspect, JurisdictionName, Mode, NamespaceName, Span};
use bund_engine::locate::{REGION_KEYS, ZONE_KEYS, locate};
use bund_engine::snapshot::{Policy, Table, World};
use bund_engine::{Snapshot, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The parameters of every policy that denies placement somewhere, by its name.
pub fn parameters(snapshot: &Snapshot, now: Timestamp) -> BTreeMap<String, FloorParametersSpec> {
    let world = snapshot.world();
    let broken_glass = broken_glass(world, now);
    let mut inside = NodesInside { snapshot, known: BTreeMap::new() };
    let of_policy = |policy: &Policy| {
        let mut parameters = of_policy(policy, inside.of(&policy.spec.jurisdictions), world)?;
        parameters.broken_glass.clone_from(&broken_glass);
        Some((policy.name.to_string(), parameters))
    };
    world.policies().filter_map(of_policy).collect()
}

fn of_policy(policy: &Policy, nodes: &Nodes, world: &World) -> Option<FloorParametersSpec> {
    let spec = &policy.spec;
    let (denies, overridden) = denies(policy);
    if !denies && overridden.is_empty() {
        return None;
    }
    let others = world.classes().map(|class| &class.name).filter(|name| !spec.data_classes.contains(name));
    let others: Vec<_> = others.cloned().collect();
    let tables: Vec<_> = spec.jurisdictions.iter().filter_map(|name| world.jurisdiction(name)).collect();
    let regions: BTreeMap<String, JurisdictionName> = tables
        .iter()
        .flat_map(|table| table.node_values().iter().map(|value| (value.to_string(), table.name.clone())))
        .collect();
    let uniform = every_node_inside(&spec.jurisdictions, world);
    let asks = !uniform && regions.len() <= REGIONS;
    let not_inside: Vec<_> = if uniform { nodes.not_inside.iter().cloned().collect() } else { Vec::new() };
    Some(FloorParametersSpec {
        classes: spec.data_classes.clone(),
        other_classes: (others.len() <= OTHER_CLASSES).then_some(others),
        namespace_selector: spec.namespace_selector.clone(),
        denies,
        overridden: overridden.into_iter().take(OVERRIDDEN).collect(),
        jurisdictions: spec.jurisdictions.clone(),
        unplaced: if asks { Unplaced::Confined } else { Unplaced::Free },
        keys: if asks { keys(&tables, world) } else { BTreeMap::new() },
        remedy: remedy(spec.jurisdictions.as_slice(), &regions, nodes, world),
        regions: if asks { regions } else { BTreeMap::new() },
        nodes_inside: (!uniform && nodes.inside.len() <= NODES).then(|| nodes.inside.clone()),
        nodes_not_inside: if not_inside.len() <= NODES { not_inside } else { Vec::new() },
        broken_glass: BTreeMap::new(),
    })
}

/// Whether the policy denies placement where no override says otherwise, and the namespaces in which it is the other way
/// round.
fn denies(policy: &Policy) -> (bool, BTreeSet<NamespaceName>) {
    let own = policy.spec.enforcement.mode(Aspect::Placement);
    let denies = own.unwrap_or_else(|| Aspect::Placement.default_mode()) == Mode::Deny;
    let named = policy.spec.overrides.iter().flat_map(|entry| &entry.namespaces);
    let differs =
        |name: &&NamespaceName| (policy.mode(Aspect::Placement, name.as_str()) == Mode::Deny) != denies;
    (denies, named.filter(differs).cloned().collect())
}

/// Whether every node is inside, whatever its labels leave unsaid.
fn every_node_inside(jurisdictions: &[JurisdictionName], world: &World) -> bool {
    let location = world.location();
    let own = location.jurisdiction.as_ref().filter(|_| location.span == Span::Uniform);
    own.is_some_and(|own| jurisdictions.contains(own))
}

/// The node labels that can confine a pod. Where a key is two of them the last counts, as in the engine.
fn keys(tables: &[&Table], world: &World) -> BTreeMap<String, KeyKind> {
    let trusted = tables.iter().filter_map(|table| table.trusted_label.as_ref());
    let trusted = trusted.map(|key| (key.to_string(), KeyKind::Jurisdiction));
    let zones = ZONE_KEYS.map(|key| (key.to_owned(), KeyKind::Zone));
    let regions = REGION_KEYS.map(|key| (key.to_owned(), KeyKind::Region));
    let own = (world.location().node_key.to_string(), KeyKind::Region);
    trusted.chain(zones).chain(regions).chain([own]).collect()
}

/// What to write to confine a pod, with a region in which there is a node if there is one.
fn remedy(
    jurisdictions: &[JurisdictionName],
    regions: &BTreeMap<String, JurisdictionName>,
    nodes: &Nodes,
    world: &World,
) -> String {
    let in_use = nodes.regions.iter().find(|region| regions.contains_key(*region));
    match in_use.or_else(|| regions.keys().next()) {
        Some(region) => format!("write `{}: {region}` in spec.nodeSelector", world.location().node_key),
        None => {
            let names: Vec<&str> = jurisdictions.iter().map(AsRef::as_ref).collect();
            format!(
                "no region of {} is listed here; check the Jurisdiction and ClusterLocation",
                names.join(" or ")
            )
        }
    }
}

/// Until when glass is broken, by namespace.
fn broken_glass(world: &World, now: Timestamp) -> BTreeMap<String, Time> {
    let mut until: BTreeMap<String, Time> = BTreeMap::new();
    for glass in world.glasses().filter(|glass| glass.is_active(now)) {
        let Some(end) = glass.until else { continue };
        let named = glass.namespaces.iter().map(ToString::to_string);
        let everywhere = glass.namespaces.is_empty().then(|| EVERYWHERE.to_owned());
        for namespace in named.chain(everywhere) {
            let known = until.entry(namespace).or_insert(Time(end));
            known.0 = known.0.max(end);
        }
    }
    // `*` comes first.
    until.into_iter().take(BROKEN_IN + 1).collect()
}

/// Where the nodes are, as far as some jurisdictions are concerned.
#[derive(Default)]
struct Nodes {
    inside: BTreeMap<String, JurisdictionName>,
    not_inside: BTreeSet<String>,
    /// What the node key says of nodes.
    regions: BTreeSet<String>,
}

/// Locates the nodes once for all policies that name the same jurisdictions.
struct NodesInside<'s> {
    snapshot: &'s Snapshot,
    known: BTreeMap<Vec<JurisdictionName>, Nodes>,
}

impl NodesInside<'_> {
    fn of(&mut self, jurisdictions: &[JurisdictionName]) -> &Nodes {
        let (snapshot, world) = (self.snapshot, self.snapshot.world());
        self.known.entry(jurisdictions.to_vec()).or_insert_with(|| {
            let mut nodes = Nodes::default();
            for (name, node) in snapshot.nodes() {
                let inside = jurisdictions.iter().find(|place| locate(node, place, world).is_inside());
                match inside {
                    Some(place) => drop(nodes.inside.insert(name.to_string(), place.clone())),
                    None => drop(nodes.not_inside.insert(name.to_string())),
                }
                nodes.regions.extend(node.labels.get(&world.location().node_key).map(str::to_owned));
            }
            nodes
        })
    }
}
