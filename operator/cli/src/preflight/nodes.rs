//! Where each node is, and what tells it.

use bund_crds::JurisdictionName;
use bund_engine::{
    Location,
    locate::{claimed, locate},
};
use serde::Serialize;

use crate::inventory::{Inventory, Known};

/// Where the nodes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Nodes {
    /// The jurisdiction that is asked about.
    pub jurisdiction: JurisdictionName,
    /// Nodes inside it.
    pub inside: usize,
    /// Nodes somewhere else.
    pub outside: usize,
    /// Nodes whose place is not known: they count as outside.
    pub unknown: usize,
    /// Each node, in order of name.
    pub items: Vec<PlacedNode>,
    /// Why nodes are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_known: Option<String>,
}

/// A node and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacedNode {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Why it is not inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it says about its place, the strongest claim first.
    pub claims: Vec<String>,
}

/// Where a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Place {
    /// In the jurisdiction.
    Inside,
    /// Somewhere else.
    Outside,
    /// Nobody knows.
    Unknown,
}

/// Locates every node.
pub fn nodes(inventory: &Inventory, known: &Known, jurisdiction: &JurisdictionName) -> Nodes {
    let world = known.snapshot.world();
    let items: Vec<_> = known
        .snapshot
        .nodes()
        .map(|(name, node)| {
            let (place, why) = match locate(node, jurisdiction, world) {
                Location::Inside => (Place::Inside, None),
                Location::Outside(region) => (Place::Outside, Some(format!("it is in {region}"))),
                Location::Unknown(why) => (Place::Unknown, Some(why)),
            };
            PlacedNode { name: name.to_owned(), place, why, claims: claimed(node, jurisdiction, world) }
        })
        .collect();
    let count = |place| items.iter().filter(|node| node.place == place).count();
    Nodes {
        jurisdiction: jurisdiction.clone(),
        inside: count(Place::Inside),
        outside: count(Place::Outside),
        unknown: count(Place::Unknown),
        not_known: inventory.gap("", "Node").map(str::to_owned),
        items,
    }
}
