//! What the floor must know of the policies that deny placement somewhere. (pure)

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use bund_crds::floor_parameters::{
    BROKEN_IN, DECLARED_CLASSES, EVERYWHERE, FloorParametersSpec, FloorPolicy, FloorTransfer, KeyKind, NODES,
    OVERRIDDEN, POLICIES, REGIONS, TRANSFERRING, TRANSFERS, Unplaced,
};
use bund_crds::{Aspect, ClassName, JurisdictionName, Mode, NamespaceName};
use bund_engine::cover::in_effect;
use bund_engine::decide::every_node_inside;
use bund_engine::locate::{REGION_KEYS, ZONE_KEYS, locate};
use bund_engine::snapshot::{Policy, Table, TransferFacts, World};
use bund_engine::{Snapshot, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::digest::{SHORT, digest};

/// The parameters of every policy that denies placement somewhere, by the name of their object.
pub fn parameters(snapshot: &Snapshot, now: Timestamp) -> BTreeMap<String, FloorParametersSpec> {
    let world = snapshot.world();
    let mut by_place: BTreeMap<BTreeSet<JurisdictionName>, Vec<FloorPolicy>> = BTreeMap::new();
    for policy in world.policies() {
        if let Some(told) = of_policy(policy) {
            by_place.entry(policy.spec.jurisdictions.iter().cloned().collect()).or_default().push(told);
        }
    }
    let glass = broken_glass(world, now);
    let transfers = transfers(snapshot, |transfer| in_effect(transfer, snapshot, now));
    let mut all = BTreeMap::new();
    for (place, policies) in by_place {
        let of_place = of_place(&place, &glass, snapshot);
        let name = name_of(&place);
        for (number, policies) in pages(policies).into_iter().enumerate() {
            let name = if number == 0 { name.clone() } else { format!("{name}.{}", number + 1) };
            all.insert(
                name,
                FloorParametersSpec { policies, transfers: transfers.clone(), ..of_place.clone() },
            );
        }
    }
    all
}

/// The policies of each object, so that none is larger than the API server takes.
fn pages(policies: Vec<FloorPolicy>) -> Vec<Vec<FloorPolicy>> {
    let mut pages: Vec<Vec<FloorPolicy>> = Vec::new();
    let mut named = 0;
    for policy in policies {
        named += policy.overridden.len();
        match pages.last_mut() {
            Some(page) if page.len() < POLICIES && named <= OVERRIDDEN => page.push(policy),
            Some(_) | None => {
                named = policy.overridden.len();
                pages.push(vec![policy]);
            }
        }
    }
    pages
}

/// The longest name that jurisdictions are joined to; what is longer is cut and told apart by what it was.
const NAME_LIMIT: usize = 200;

fn name_of(jurisdictions: &BTreeSet<JurisdictionName>) -> String {
    let names: Vec<&str> = jurisdictions.iter().map(AsRef::as_ref).collect();
    let name = names.join(".");
    if name.len() <= NAME_LIMIT {
        return name;
    }
    format!("{}.{}", names.first().copied().unwrap_or_default(), digest(&name, SHORT))
}

/// What is asked of one policy; nothing where it denies placement nowhere.
fn of_policy(policy: &Policy) -> Option<FloorPolicy> {
    let (denies, overridden) = denies(policy);
    (denies || !overridden.is_empty()).then(|| FloorPolicy {
        name: policy.name.clone(),
        classes: policy.spec.data_classes.clone(),
        namespace_selector: policy.spec.namespace_selector.clone(),
        denies,
        overridden: overridden.into_iter().collect(),
    })
}

/// What all policies that name these jurisdictions share.
fn of_place(
    jurisdictions: &BTreeSet<JurisdictionName>,
    broken_glass: &BTreeMap<String, Time>,
    snapshot: &Snapshot,
) -> FloorParametersSpec {
    let world = snapshot.world();
    let nodes = Nodes::of(jurisdictions, snapshot);
    let declared: Vec<_> = world.classes().map(|class| class.name.clone()).collect();
    let tables: Vec<_> = jurisdictions.iter().filter_map(|name| world.jurisdiction(name)).collect();
    let regions: BTreeMap<String, JurisdictionName> = tables
        .iter()
        .flat_map(|table| table.node_values().iter().map(|value| (value.to_string(), table.name.clone())))
        .collect();
    let uniform = every_node_inside(jurisdictions, world);
    let asks = !uniform && regions.len() <= REGIONS;
    FloorParametersSpec {
        policies: Vec::new(),
        declared_classes: (declared.len() <= DECLARED_CLASSES).then_some(declared),
        jurisdictions: jurisdictions.iter().cloned().collect(),
        unplaced: if asks { Unplaced::Confined } else { Unplaced::Free },
        keys: if asks { keys(&tables, world) } else { BTreeMap::new() },
        remedy: remedy(jurisdictions, &regions, &nodes, world),
        regions: if asks { regions } else { BTreeMap::new() },
        nodes_inside: (!uniform && nodes.inside.len() <= NODES).then_some(nodes.inside),
        nodes_not_inside: if uniform && nodes.not_inside.len() <= NODES {
            nodes.not_inside
        } else {
            Vec::new()
        },
        broken_glass: broken_glass.clone(),
        transfers: BTreeMap::new(),
    }
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
    jurisdictions: &BTreeSet<JurisdictionName>,
    regions: &BTreeMap<String, JurisdictionName>,
    nodes: &Nodes,
    world: &World,
) -> String {
    let in_use = nodes.regions.iter().find(|region| regions.contains_key(*region));
    if let Some(region) = in_use.or_else(|| regions.keys().next()) {
        return format!("write `{}: {region}` in spec.nodeSelector", world.location().node_key);
    }
    let names: Vec<&str> = jurisdictions.iter().map(AsRef::as_ref).collect();
    format!("no region of {} is listed here; check the Jurisdiction and ClusterLocation", names.join(" or "))
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

/// The transfers in effect, by namespace: what each carries, once, and until when, which `until` tells.
pub(super) fn transfers(
    snapshot: &Snapshot,
    until: impl Fn(&TransferFacts) -> Option<Timestamp>,
) -> BTreeMap<String, Vec<FloorTransfer>> {
    let mut carried: BTreeMap<String, BTreeMap<BTreeSet<ClassName>, Timestamp>> = BTreeMap::new();
    for transfer in snapshot.transfers().transfers() {
        let Some(end) = until(transfer) else { continue };
        let classes = transfer.spec.data_classes.iter().cloned().collect();
        let known = carried.entry(transfer.namespace.to_string()).or_default().entry(classes).or_insert(end);
        *known = (*known).max(end);
    }
    let of_one = |carried: BTreeMap<BTreeSet<ClassName>, Timestamp>| {
        let mut transfers: Vec<_> = carried
            .into_iter()
            .map(|(classes, end)| FloorTransfer { classes: classes.into_iter().collect(), until: Time(end) })
            .collect();
        transfers.sort_by_key(|transfer| Reverse(transfer.until.0));
        transfers.truncate(TRANSFERS);
        transfers
    };
    let told = carried.into_iter().map(|(namespace, carried)| (namespace, of_one(carried)));
    told.take(TRANSFERRING).collect()
}

/// Where the nodes are, as far as some jurisdictions are concerned.
#[derive(Default)]
struct Nodes {
    inside: BTreeMap<String, JurisdictionName>,
    not_inside: Vec<String>,
    /// What the node key says of nodes.
    regions: BTreeSet<String>,
}

impl Nodes {
    fn of(jurisdictions: &BTreeSet<JurisdictionName>, snapshot: &Snapshot) -> Self {
        let world = snapshot.world();
        let mut nodes = Self::default();
        for (name, node) in snapshot.nodes() {
            match jurisdictions.iter().find(|place| locate(node, place, world).is_inside()) {
                Some(place) => drop(nodes.inside.insert(name.to_owned(), place.clone())),
                None => nodes.not_inside.push(name.to_owned()),
            }
            nodes.regions.extend(node.labels.get(&world.location().node_key).map(str::to_owned));
        }
        nodes
    }
}
