//! What objects say about where their data is stored.

use alloc::{boxed::Box, string::ToString, vec::Vec};

use serde_json::Value;

use super::{
    Backing, Named, VolumeSource,
    source::{Pairs, SaysWhere, in_handle, in_mount_options, named, pairs, says_where, source},
};
use crate::{
    FieldPath, Snapshot,
    snapshot::ClassKind,
    subject::{NodeTerm, Reader, selector_terms},
};

/// What a carrier says about where it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredFacts {
    /// In the cluster's own store.
    Elsewhere,
    /// In the volume of a claim.
    Claim(ClaimFacts),
    /// In a volume.
    Volume(Box<VolumeFacts>),
    /// In the contents of a snapshot.
    Snapshot(VolumeSnapshotFacts),
    /// In a snapshot.
    Content(Box<ContentFacts>),
}

/// The storage class that an object asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedClass {
    /// None is named: the default class of the cluster.
    Default,
    /// The empty name: no class at all.
    None,
    /// This one.
    Named {
        /// The field that names it.
        field: FieldPath,
        /// Its name.
        name: Box<str>,
    },
}

impl AskedClass {
    /// The class of `kind` that is asked for, its name, and the field that asks: `at`, where the default of `driver` is
    /// taken. `None` where there is none, or it is not known.
    pub(crate) fn found<'s>(
        &'s self,
        kind: ClassKind,
        at: FieldPath,
        driver: Option<&str>,
        snapshot: &'s Snapshot,
    ) -> Option<(FieldPath, &'s str, &'s ClassFacts)> {
        match self {
            Self::None => None,
            Self::Default => snapshot.default_class(kind, driver).map(|(name, class)| (at, name, class)),
            Self::Named { field, name } => Some((field.clone(), name, snapshot.storage_class(kind, name)?)),
        }
    }
}

/// What a claim says, or a template that claims are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFacts {
    /// Where its spec is.
    pub at: FieldPath,
    /// The storage class.
    pub class: AskedClass,
    /// The class of attributes.
    pub attributes: Option<Box<str>>,
    /// The volume that it names or is bound to.
    pub volume: Option<Box<str>>,
    /// The node for which its volume is to be made.
    pub selected_node: Option<Box<str>>,
}

/// The annotation that named the storage class before there was a field. It is read before the field still.
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// The annotations that name the node for which a volume is made.
const SELECTED_NODE: [&str; 2] =
    ["volume.kubernetes.io/selected-node", "volume.alpha.kubernetes.io/selected-node"];

impl ClaimFacts {
    /// Reads a claim.
    pub(crate) fn read(claim: &Value) -> Self {
        Self::read_at(claim, &FieldPath::root())
    }

    /// The storage class that makes its volume, the class's name, and the field that asks for it.
    pub(crate) fn storage_class<'s>(
        &'s self,
        snapshot: &'s Snapshot,
    ) -> Option<(FieldPath, &'s str, &'s ClassFacts)> {
        self.class.found(ClassKind::StorageClass, self.at.key("storageClassName"), None, snapshot)
    }

    /// Reads a claim, or a template of claims, that sits at `at`.
    pub(crate) fn read_at(claim: &Value, at: &FieldPath) -> Self {
        let spec = claim.get("spec").unwrap_or(&Value::Null);
        let old = annotation(claim, OLD_CLASS)
            .map(|name| (at.key("metadata").key("annotations").key(OLD_CLASS), name));
        let at = at.key("spec");
        let field = spec.get("storageClassName").and_then(Value::as_str);
        let asked = old.or_else(|| field.map(|name| (at.key("storageClassName"), name)));
        let class = match asked {
            None => AskedClass::Default,
            Some((_, "")) => AskedClass::None,
            Some((field, name)) => AskedClass::Named { field, name: name.into() },
        };
        Self {
            class,
            attributes: text(spec, "volumeAttributesClassName"),
            volume: text(spec, "volumeName"),
            selected_node: SELECTED_NODE.into_iter().find_map(|key| annotation(claim, key)).map(Box::from),
            at,
        }
    }
}

/// What a volume says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeFacts {
    /// What it lies on; `None` where that is not known here.
    pub source: Option<VolumeSource>,
    /// The places that its mount options name.
    pub options: Vec<Named>,
    /// The node affinity that it asks of its pods; `None` where it asks none.
    pub affinity: Option<Vec<NodeTerm>>,
    /// The namespace of the claim that it is kept for.
    pub claim_namespace: Option<Box<str>>,
}

impl VolumeFacts {
    pub(crate) fn read(volume: &Value) -> Self {
        let spec = volume.get("spec").unwrap_or(&Value::Null);
        let at = FieldPath::of("spec");
        let affinity = spec.get("nodeAffinity").filter(|affinity| !affinity.is_null());
        // As text: which nodes it is tied to.
        let nodes = affinity.map(ToString::to_string).unwrap_or_default();
        let required =
            affinity.and_then(|affinity| affinity.get("required")).filter(|terms| !terms.is_null());
        let terms = required.map(|required| {
            selector_terms(&mut Reader::default(), required, &at.key("nodeAffinity").key("required"))
        });
        let mut options = Vec::new();
        in_mount_options(spec.get("mountOptions"), &at, &mut options);
        let mut members = spec.as_object().into_iter().flatten();
        Self {
            source: members.find_map(|(member, value)| source(member, value, &at, &nodes)),
            options,
            affinity: terms,
            claim_namespace: spec.get("claimRef").and_then(|claim| text(claim, "namespace")),
        }
    }
}

/// What a snapshot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSnapshotFacts {
    /// The class of snapshots; the default one where none is named.
    pub class: AskedClass,
}

impl VolumeSnapshotFacts {
    pub(crate) fn read(snapshot: &Value) -> Self {
        let at = FieldPath::of("spec.volumeSnapshotClassName");
        let named = snapshot.get("spec").and_then(|spec| text(spec, "volumeSnapshotClassName"));
        let class = named.map_or(AskedClass::Default, |name| AskedClass::Named { field: at, name });
        Self { class }
    }
}

/// What the contents of a snapshot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentFacts {
    /// The volume that it is of.
    pub of: Option<Backing>,
    /// The snapshots that it is.
    pub is: Vec<Backing>,
    /// The places that its handle names.
    pub places: Vec<Named>,
    /// The class of snapshots.
    pub class: Option<Box<str>>,
    /// The namespace of the snapshot that it is kept for.
    pub snapshot_namespace: Option<Box<str>>,
}

impl ContentFacts {
    pub(crate) fn read(content: &Value) -> Self {
        let spec = content.get("spec").unwrap_or(&Value::Null);
        let source = spec.get("source").unwrap_or(&Value::Null);
        let driver = text(spec, "driver").unwrap_or_default();
        let at = FieldPath::of("spec.source");
        let mut places = Vec::new();
        for member in ["snapshotHandle", "volumeHandle"] {
            in_handle(&text(source, member).unwrap_or_default(), &at.key(member), &mut places);
        }
        let made = content.get("status").and_then(|status| text(status, "snapshotHandle"));
        let mut is: Vec<_> = text(source, "snapshotHandle")
            .into_iter()
            .chain(made)
            .map(|handle| Backing::snapshot(&driver, &handle))
            .collect();
        is.sort();
        is.dedup();
        Self {
            of: text(source, "volumeHandle").map(|handle| Backing::handle(&driver, &handle)),
            is,
            places,
            class: text(spec, "volumeSnapshotClassName"),
            snapshot_namespace: spec
                .get("volumeSnapshotRef")
                .and_then(|snapshot| text(snapshot, "namespace")),
        }
    }
}

/// What a StorageClass, a VolumeSnapshotClass or a VolumeAttributesClass says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassFacts {
    /// The driver.
    pub driver: Box<str>,
    /// What the driver is told.
    pub parameters: Pairs,
    /// Whether the driver is told where volumes lie.
    pub says_where: SaysWhere,
    /// The places that the parameters name.
    pub places: Vec<Named>,
    /// The topologies among which the driver chooses; `None` where it may choose any.
    pub topologies: Option<Vec<NodeTerm>>,
    /// When a volume is made.
    pub binding: Binding,
    /// When it was created, if it is the default.
    pub default_since: Option<Box<str>>,
}

/// When a volume is made for a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// As soon as the claim is there.
    Immediate,
    /// When a pod that uses it has a node, and where that node can reach it.
    OnFirstConsumer,
}

/// The annotations that make a class the default, by kind of class.
const IS_DEFAULT: [&str; 3] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
    "snapshot.storage.kubernetes.io/is-default-class",
];

impl ClassFacts {
    pub(crate) fn read(class: &Value) -> Self {
        let parameters = class.get("parameters").map(pairs).unwrap_or_default();
        let mut places = Vec::new();
        named(&parameters, &FieldPath::of("parameters"), &mut places);
        in_mount_options(class.get("mountOptions"), &FieldPath::root(), &mut places);
        let driver = text(class, "provisioner")
            .or_else(|| text(class, "driver"))
            .or_else(|| text(class, "driverName"))
            .unwrap_or_default();
        let waits = class.get("volumeBindingMode").and_then(Value::as_str) == Some("WaitForFirstConsumer");
        let is_default = IS_DEFAULT.iter().any(|key| annotation(class, key) == Some("true"));
        let created = class.get("metadata").and_then(|metadata| text(metadata, "creationTimestamp"));
        let topologies = class.get("allowedTopologies").and_then(Value::as_array);
        let topologies = topologies.filter(|list| !list.is_empty());
        Self {
            says_where: if says_where(&driver, &parameters) { SaysWhere::Yes } else { SaysWhere::No },
            driver,
            parameters,
            places,
            topologies: topologies.map(|list| list.iter().map(topology).collect()),
            binding: if waits { Binding::OnFirstConsumer } else { Binding::Immediate },
            default_since: is_default.then(|| created.unwrap_or_default()),
        }
    }
}

/// A topology, as a term of a node affinity: its expressions are ANDed, their values ORed.
fn topology(term: &Value) -> NodeTerm {
    let expressions = term.get("matchLabelExpressions").and_then(Value::as_array).into_iter().flatten();
    let expressions: Vec<Value> = expressions
        .map(|expression| {
            serde_json::json!({
                "key": expression.get("key"), "operator": "In", "values": expression.get("values"),
            })
        })
        .collect();
    // A topology without expressions allows any place.
    let expressions = if expressions.is_empty() {
        Vec::from([serde_json::json!({ "key": bund_crds::labels::REGION, "operator": "Exists" })])
    } else {
        expressions
    };
    let term = serde_json::json!({ "nodeSelectorTerms": [{ "matchExpressions": expressions }] });
    let mut terms = selector_terms(&mut Reader::default(), &term, &FieldPath::root());
    terms.pop().unwrap_or_else(NodeTerm::matching_nothing)
}

fn annotation<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

fn text(parent: &Value, member: &str) -> Option<Box<str>> {
    parent.get(member).and_then(Value::as_str).filter(|text| !text.is_empty()).map(Box::from)
}
