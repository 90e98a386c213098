//! Maps of random clusters, against a plain account of what is in them; and the figures of those maps.

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::{cover::in_effect, decide_standing, subject::Role};
use proptest::prelude::*;

use super::{
    DataFlow, Phase, data_flow,
    figure::{WIDTH, figure},
    fold::{Column, Graph, graph},
    html::html,
    word::Language,
};
use crate::{
    inventory::{Inventory, Known, Origin, text},
    why::facts,
};

mod cluster;

use cluster::{Thing, cluster, things};

fn inventory(things: &[Thing]) -> Inventory {
    let origin = Origin::Cluster { context: "random".to_owned() };
    Inventory { origin, objects: cluster(things), ..Inventory::default() }
}

fn now() -> bund_engine::Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn mapped(inventory: &Inventory) -> (Known, DataFlow) {
    let known = facts(inventory);
    let map = data_flow(inventory, &known, now());
    (known, map)
}

/// How many objects of each kind hold something, and which classes: of everything but workloads, which their pods stand for.
fn held(inventory: &Inventory, known: &Known) -> BTreeMap<(String, String), usize> {
    let mut held = BTreeMap::new();
    for object in &inventory.objects {
        let subject = known.snapshot.extract(object, None, None);
        let is_holder = matches!(subject.role, Role::Pod | Role::Carrier(_));
        if !is_holder || text(object, "/status/phase") == "Succeeded" {
            continue;
        }
        if !decide_standing(&subject, &known.snapshot, now()).classes.is_empty() {
            let namespace = text(object, "/metadata/namespace");
            // A volume is told of with its claim, which lies in the one namespace that has volumes.
            let namespace = if namespace.is_empty() { "shop" } else { namespace };
            *held.entry((namespace.to_owned(), text(object, "/kind").to_owned())).or_default() += 1;
        }
    }
    held
}

/// The same as the map tells it.
fn told(map: &DataFlow) -> BTreeMap<(String, String), usize> {
    let mut told = BTreeMap::new();
    for holder in map
        .holders
        .iter()
        .flatten()
        .filter(|holder| !["Deployment", "ReplicaSet"].contains(&holder.kind.as_str()))
    {
        let namespace = holder.namespace.clone().unwrap_or_default();
        *told.entry((namespace, holder.kind.clone())).or_default() += holder.objects;
        let placed: usize = holder.places.iter().map(|place| place.objects).sum();
        assert_eq!(placed, holder.objects, "{holder:?}");
    }
    told
}

/// Every class that an object or template holds, with its namespace.
fn classes(inventory: &Inventory, known: &Known) -> BTreeSet<(String, String)> {
    let live = inventory.objects.iter().filter(|object| text(object, "/status/phase") != "Succeeded");
    let subjects = live.map(|object| known.snapshot.extract(object, None, None));
    let mut held = BTreeSet::new();
    for subject in subjects.filter(|subject| subject.role != Role::Namespace) {
        let namespace = subject.id.namespace.as_deref().unwrap_or("shop");
        let classes = decide_standing(&subject, &known.snapshot, now()).classes;
        held.extend(classes.into_keys().map(|class| (namespace.to_owned(), class.to_string())));
    }
    held
}

/// The same as the map tells it.
fn told_classes(map: &DataFlow) -> BTreeSet<(String, String)> {
    let rows = map.holders.iter().flatten();
    let told = rows.flat_map(|row| {
        let namespace = row.namespace.clone().unwrap_or_default();
        row.classes.iter().map(move |class| (namespace.clone(), class.to_string()))
    });
    told.collect()
}

fn check_transfers(known: &Known, map: &DataFlow) -> Result<(), TestCaseError> {
    let declared: Vec<_> = known.snapshot.transfers().transfers().collect();
    let with_source = map.transfers.iter().filter(|transfer| transfer.sources.is_some()).count();
    prop_assert_eq!(with_source, declared.len());
    for transfer in declared {
        let is_it = |one: &&super::Transfer| one.uid == transfer.uid && one.id.name == *transfer.name;
        let told = map.transfers.iter().find(is_it);
        let told = told.ok_or_else(|| TestCaseError::fail("a transfer is not in the map"))?;
        let open = in_effect(transfer, &known.snapshot, now()).is_some();
        prop_assert_eq!(told.phase == Phase::InEffect, open);
    }
    Ok(())
}

/// That no box lies over another or beyond the edge, and every line leads from one to a box at its right.
fn check_figure(graph: &Graph) -> Result<(), TestCaseError> {
    let figure = figure(graph);
    prop_assert!(graph.nodes.len() <= 110, "{}", graph.nodes.len());
    for (index, shape) in figure.shapes.iter().enumerate() {
        prop_assert!(shape.x + shape.width <= WIDTH && shape.y + shape.height <= figure.height);
        for other in figure.shapes.iter().skip(index + 1) {
            let beside = shape.x + shape.width <= other.x || other.x + other.width <= shape.x;
            let apart = shape.y + shape.height <= other.y || other.y + other.height <= shape.y;
            prop_assert!(beside || apart, "{shape:?} lies over {other:?}");
        }
    }
    for link in &figure.links {
        let column = |index: usize| graph.nodes.get(index).map(|node| node.column);
        prop_assert!(column(link.from) < column(link.to) && column(link.from).is_some());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_that_holds_a_class_and_no_transfer_is_left_out(things in things(24)) {
        let inventory = inventory(&things);
        let (known, map) = mapped(&inventory);
        prop_assert_eq!(told(&map), held(&inventory, &known));
        prop_assert_eq!(told_classes(&map), classes(&inventory, &known));
        let named: BTreeSet<_> = map.classes.iter().map(|class| class.name.to_string()).collect();
        prop_assert!(told_classes(&map).iter().all(|(_, class)| named.contains(class)));
        check_transfers(&known, &map)?;
    }

    #[test]
    fn no_box_of_a_figure_lies_over_another(things in things(80)) {
        let (_, map) = mapped(&inventory(&things));
        for language in [Language::En, Language::Zh] {
            check_figure(&graph(&map, language))?;
        }
    }

    #[test]
    fn the_order_of_facts_changes_nothing(things in things(16)) {
        let mut inventory = inventory(&things);
        let (_, map) = mapped(&inventory);
        inventory.objects.reverse();
        prop_assert_eq!(html(&mapped(&inventory).1, Language::En), html(&map, Language::En));
    }
}

#[test]
fn ten_thousand_pods_of_two_hundred_workloads_stay_readable() {
    let things: Vec<_> = (0..200).map(|number| Thing::workload(number, 50)).collect();
    let inventory = inventory(&things);
    let (_, map) = mapped(&inventory);
    let holders = map.holders.as_ref().unwrap();
    assert_eq!((holders.len(), holders.iter().map(|holder| holder.objects).sum::<usize>()), (200, 10_000));
    let graph = graph(&map, Language::En);
    let holders = graph.nodes.iter().filter(|node| node.column == Column::Holder).count();
    // One box for each of the three namespaces.
    assert_eq!(holders, 3);
}

#[test]
fn a_transfer_in_effect_is_among_the_random_ones() {
    let thing = Thing::transfer(0, true);
    let (_, map) = mapped(&inventory(&[Thing::workload(0, 1), thing]));
    let phases: Vec<_> = map.transfers.iter().map(|transfer| transfer.phase).collect();
    assert_eq!(phases, [Phase::InEffect]);
}
