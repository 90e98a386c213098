//! `bund report data-flow`: which data classes there are, what holds them, where that is, to whom they flow, and on which
//! ground. (pure)
//!
//! The map only arranges. What an object holds, where it is, what it sends out and whether a transfer covers that says the
//! engine ([`bund_engine::decide_standing`], [`bund_engine::transfer`]). What nobody can tell is a `null` or a place of its
//! own, and never left out.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::data_class::{Category, Sensitivity};
use bund_engine::{HeldClass, Timestamp};
use serde::Serialize;

use crate::inventory::{Inventory, Known, NotKnown, Origin};

mod describe;
mod evidence;
mod figure;
mod fold;
mod holder;
mod how;
pub mod html;
pub mod ledger;
mod markup;
mod owner;
mod place;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod transfer;
pub mod word;

pub use evidence::{Evidence, EvidenceKind, MechanismKind};
pub use holder::{Holder, Owner, Uncovered};
pub use how::How;
pub use place::{Place, Side};
pub use svg::svg;
pub use text::text;
pub use transfer::{Approvals, Decided, Exporter, Ground, Phase, Recipient, Source, Transfer, TransferRef};

/// The form of the JSON document.
pub const VERSION: &str = "bund.dev/data-flow/v1";

/// Which data is held where, and flows to whom.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataFlow {
    /// [`VERSION`].
    pub version: &'static str,
    /// When it was made: transfers are told as they stand at this moment.
    pub made_at: Timestamp,
    /// Of what it was made.
    pub made_from: MadeFrom,
    /// Every class that something holds or a transfer carries, in order of name.
    pub classes: Vec<Class>,
    /// What holds a class, in order of namespace, owner and kind; absent where what the map is made of does not tell.
    pub holders: Option<Vec<Holder>>,
    /// Every transfer, declared or on record: in effect first, then pending, then ended; each in order of namespace and name.
    pub transfers: Vec<Transfer>,
    /// Kinds that could not be read, with why.
    pub not_known: Vec<NotKnown>,
    /// Objects of Bund that cannot be read, with why.
    pub unreadable: Vec<String>,
}

/// Of what a map was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind")]
pub enum MadeFrom {
    /// A cluster.
    Cluster {
        /// The context that was named; `in-cluster` for the pod's own.
        context: String,
    },
    /// Files.
    Files {
        /// The paths as they were given.
        paths: Vec<String>,
    },
    /// An export of the ledger.
    Ledger {
        /// The directory as it was given.
        directory: String,
        /// How many entries it has.
        entries: usize,
        /// When the last of them was made; absent where there is none.
        through: Option<Timestamp>,
    },
}

/// A class of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Its name.
    pub name: HeldClass,
    /// What its DataClass says that it is in law; absent where none is known.
    pub category: Option<Category>,
    /// Whether its DataClass says that it is sensitive; absent where none is known.
    pub sensitivity: Option<Sensitivity>,
    /// The policies that keep it where something holds it, each with the jurisdictions that it allows. Absent where the map
    /// does not tell who holds it.
    pub kept_by: Option<BTreeMap<String, Vec<String>>>,
}

/// The map of an inventory at `now`.
pub fn data_flow(inventory: &Inventory, known: &Known, now: Timestamp) -> DataFlow {
    let made_from = match &inventory.origin {
        Origin::Cluster { context } => MadeFrom::Cluster { context: context.clone() },
        Origin::Files { paths } => MadeFrom::Files { paths: paths.clone() },
    };
    let held = holder::holders(inventory, known, now);
    let transfers = transfer::transfers(inventory, known, &held.sources, now);
    DataFlow {
        version: VERSION,
        made_at: now,
        made_from,
        classes: classes(known, Some((&held.rows, held.kept_by)), &transfers),
        holders: Some(held.rows),
        transfers,
        not_known: crate::why::not_known(inventory),
        unreadable: known.unreadable.clone(),
    }
}

/// Which policies keep a class, and where they allow it.
type KeptBy = BTreeMap<HeldClass, BTreeMap<String, Vec<String>>>;

fn classes(known: &Known, held: Option<(&Vec<Holder>, KeptBy)>, transfers: &[Transfer]) -> Vec<Class> {
    let (holders, mut kept_by) = match held {
        Some((holders, kept_by)) => (Some(holders), kept_by),
        None => (None, KeptBy::new()),
    };
    let held = holders.into_iter().flatten().flat_map(|holder| holder.classes.iter().cloned());
    let carried = transfers.iter().flat_map(|transfer| transfer.data_classes.iter().cloned());
    let names: BTreeSet<HeldClass> = held.chain(carried).collect();
    let of_name = |name: HeldClass| {
        let declared = known.snapshot.world().class(name.as_str()).map(|class| &class.spec);
        Class {
            category: declared.map(|spec| spec.category),
            sensitivity: declared.map(|spec| spec.sensitivity),
            kept_by: holders.map(|_| kept_by.remove(&name).unwrap_or_default()),
            name,
        }
    };
    names.into_iter().map(of_name).collect()
}
