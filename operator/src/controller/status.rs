//! The status of each object of our own kinds. (pure)

use bund_crds::ResidencyPolicySpec;
use bund_crds::condition::{ACTIVE, COMPLIANT, ENFORCED, READY, RESOLVED_REFS};
use bund_crds::residency_policy::{OwnerFinding, Owners};
use bund_engine::locate::locate;
use bund_engine::snapshot::{Glass, OwnKind, World};
use bund_engine::{Location, Snapshot, Timestamp};
use serde_json::{Map, Value, json};

use super::condition::{Wanted, conditions};
use crate::audit::{Audited, PolicyTotals};
use crate::index::{OwnObject, View};
use geography::geography;

mod geography;

/// Nodes that are listed with why they are not inside.
const LISTED: usize = 20;
/// The longest reason of a listed node, in characters.
const WHY_LIMIT: usize = 1024;

/// The status that an object of our own kinds should have, where `stored` is what is stored of it.
pub fn status(
    kind: OwnKind,
    name: &str,
    stored: &OwnObject,
    view: &View,
    audited: &Audited,
    now: Timestamp,
) -> Value {
    let world = view.snapshot.world();
    let unreadable = world.unreadable().find(|fact| fact.kind == kind && fact.name.as_ref() == name);
    let mut members = Map::new();
    let wanted = match unreadable {
        Some(fact) => {
            let message = format!(
                "cannot be read: {}; it counts in its strict reading, and what it may concern is undecided",
                fact.why
            );
            vec![Wanted::fails(READY, "FactUnreadable", message)]
        }
        None => match kind {
            OwnKind::BreakGlass => glass(name, world, &mut members, now),
            OwnKind::ClusterLocation => {
                members.extend(nodes(&view.snapshot).map(|nodes| ("nodes".to_owned(), nodes)));
                [location(world)].into_iter().chain(geography(world)).collect()
            }
            OwnKind::ResidencyPolicy => policy(name, stored, view, audited, &mut members, now),
            OwnKind::DestinationMapping => vec![Wanted::holds(READY, "InForce", "the mapping is in force")],
            OwnKind::DataClass => vec![Wanted::holds(READY, "InForce", "the class is in force")],
            OwnKind::Jurisdiction => vec![Wanted::holds(READY, "InForce", "the tables are in force")],
        },
    };
    members.insert("conditions".to_owned(), conditions(&wanted, stored.generation, &stored.status, now));
    Value::Object(members)
}

fn location(world: &World) -> Wanted {
    match &world.location().jurisdiction {
        None => Wanted::fails(READY, "NotInForce", "only the object named `cluster` counts"),
        Some(name) if world.jurisdiction(name).is_none() => Wanted::fails(
            READY,
            "JurisdictionNotFound",
            format!(
                "there is no Jurisdiction {name}, so no node is inside; apply it, or correct spec.jurisdiction"
            ),
        ),
        Some(_) => Wanted::holds(READY, "InForce", "the location is in force"),
    }
}

/// Nodes by where they are, judged by the cluster's own jurisdiction.
fn nodes(snapshot: &Snapshot) -> Option<Value> {
    let world = snapshot.world();
    let jurisdiction = world.location().jurisdiction.as_ref()?;
    let (mut inside, mut outside, mut unknown) = (0_u32, 0_u32, 0_u32);
    let mut not_inside = Vec::new();
    for (name, node) in snapshot.nodes() {
        let location = locate(node, jurisdiction, world);
        match &location {
            Location::Inside => inside += 1,
            Location::Outside(_) => outside += 1,
            Location::Unknown(_) => unknown += 1,
        }
        if !location.is_inside() && not_inside.len() < LISTED {
            let why: String = location.to_string().chars().take(WHY_LIMIT).collect();
            not_inside.push(json!({ "name": name, "why": why }));
        }
    }
    let mut counts = Map::new();
    counts.insert("inside".to_owned(), inside.into());
    counts.insert("outside".to_owned(), outside.into());
    counts.insert("unknown".to_owned(), unknown.into());
    if !not_inside.is_empty() {
        counts.insert("notInside".to_owned(), not_inside.into());
    }
    Some(counts.into())
}

fn policy(
    name: &str,
    stored: &OwnObject,
    view: &View,
    audited: &Audited,
    members: &mut Map<String, Value>,
    now: Timestamp,
) -> Vec<Wanted> {
    let world = view.snapshot.world();
    let Some(policy) = world.policies().find(|policy| policy.name.as_str() == name) else {
        return vec![Wanted::fails(READY, "NotInForce", "the policy is not known yet")];
    };
    let mut wanted = in_force(&policy.spec, world);
    wanted.push(enforced(world, now));
    if let Some(totals) = audited.policies.get(&policy.name) {
        members.extend(counted(totals));
        wanted.push(compliant(totals));
    } else {
        // It was not judged yet: what was told before holds on.
        let told = |name: &str| Some((name.to_owned(), stored.status.get(name)?.clone()));
        members.extend(COUNTED.into_iter().filter_map(told));
    }
    wanted
}

/// Whether a policy is in force as it is written.
fn in_force(spec: &ResidencyPolicySpec, world: &World) -> Vec<Wanted> {
    let missing = missing(spec, world);
    if missing.is_empty() {
        return vec![
            Wanted::holds(READY, "InForce", "the policy is in force"),
            Wanted::holds(RESOLVED_REFS, "Resolved", "every class and jurisdiction exists"),
        ];
    }
    let missing = missing.join(", ");
    let in_force = format!(
        "in force in its strict reading, but not found: {missing}; nothing is inside a Jurisdiction that is not there; \
         apply what is missing, or correct the name"
    );
    vec![
        Wanted::fails(READY, "RefsNotResolved", in_force),
        Wanted::fails(RESOLVED_REFS, "NotFound", format!("not found: {missing}")),
    ]
}

/// The members of a policy's status that the audit tells.
pub(super) const COUNTED: [&str; 3] = ["covered", "violating", "wouldDeny"];

fn counted(totals: &PolicyTotals) -> [(String, Value); 3] {
    let PolicyTotals { covered, violating, first_violating, would_deny, first_would_deny } = totals;
    let owners = |count: u32, first: &[OwnerFinding]| json!(Owners { count, first: first.to_vec() });
    let values = [json!(covered), owners(*violating, first_violating), owners(*would_deny, first_would_deny)];
    let [covered, violating, would_deny] = COUNTED.map(str::to_owned);
    let [of_covered, of_violating, of_would_deny] = values;
    [(covered, of_covered), (violating, of_violating), (would_deny, of_would_deny)]
}

/// Whether anything that exists breaks a rule of a policy.
fn compliant(totals: &PolicyTotals) -> Wanted {
    let PolicyTotals { covered, violating, .. } = totals;
    if *violating == 0 {
        return Wanted::holds(
            COMPLIANT,
            "NothingViolates",
            "nothing that exists breaks a rule of the policy",
        );
    }
    let message = format!(
        "{violating} of the {covered} that hold its classes break a rule of it; status.violating lists the first, \
         `kubectl bund why KIND/NAME` explains each"
    );
    Wanted::fails(COMPLIANT, "Violations", message)
}

/// Whether the modes of policies hold as they are written.
fn enforced(world: &World, now: Timestamp) -> Wanted {
    let active: Vec<_> = world.glasses().filter(|glass| glass.is_active(now)).map(told).collect();
    if active.is_empty() {
        return Wanted::holds(ENFORCED, "AsWritten", "the modes hold as they are written");
    }
    let message = format!("glass is broken, Deny acts as Warn: {}", active.join("; "));
    Wanted::fails(ENFORCED, "BreakGlass", message)
}

/// Who broke it, where, until when and why.
fn told(glass: &Glass) -> String {
    let Glass { name, reason, requested_by, namespaces, since: _, until } = glass;
    let names: Vec<_> = namespaces.iter().map(AsRef::as_ref).collect();
    let place = if names.is_empty() { "everywhere".to_owned() } else { format!("in {}", names.join(", ")) };
    let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
    format!("{name} of {requested_by}, {place}{until}: {reason}")
}

fn glass(name: &str, world: &World, members: &mut Map<String, Value>, now: Timestamp) -> Vec<Wanted> {
    let Some(glass) = world.glasses().find(|glass| glass.name.as_ref() == name) else {
        return vec![Wanted::fails(READY, "NotInForce", "it is not known yet")];
    };
    members.extend(glass.until.map(|until| ("until".to_owned(), until.to_string().into())));
    let active = if glass.is_active(now) {
        Wanted::holds(ACTIVE, "InEffect", format!("Deny acts as Warn: {}", told(glass)))
    } else {
        Wanted::fails(ACTIVE, "Expired", "it ended by itself; delete it when nobody needs it as a record")
    };
    vec![active, Wanted::holds(READY, "InForce", "it is understood")]
}

/// The classes and jurisdictions that a policy names and that do not exist.
fn missing(spec: &ResidencyPolicySpec, world: &World) -> Vec<String> {
    let classes = spec.data_classes.iter().filter(|name| world.class(name.as_str()).is_none());
    let jurisdictions = spec.jurisdictions.iter().filter(|name| world.jurisdiction(name).is_none());
    let classes = classes.map(|name| format!("DataClass {name}"));
    classes.chain(jurisdictions.map(|name| format!("Jurisdiction {name}"))).collect()
}

#[cfg(test)]
mod tests;
