//! Whether data is stored inside.

use alloc::{
    boxed::Box,
    collections::BTreeSet,
    format,
    string::{String, ToString},
};

use bund_crds::JurisdictionName;

use super::{
    AskedClass, Backing, Binding, ClaimFacts, ClassFacts, ContentFacts, Lasting, SaysWhere, VolumeFacts,
    VolumeSource,
    named::{named_outside, places_of_labels},
    parameters,
    topology::terms_place,
};
use crate::{
    FieldPath, Snapshot,
    cover::{FlowDestination, FlowPlace},
    decide::every_node_inside,
    locate::locate_in_any,
    snapshot::{CarrierId, CarrierKind, ClassKind, lies_on},
    storage::StoredFacts,
    subject::Labels,
};

/// Whether something is stored inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is, or it will be where its pod is.
    Inside,
    /// It names a place that is not inside.
    Outside(Fault),
    /// Nothing says that it is.
    Open(Fault),
}

/// What is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, in the object that is told of.
    pub field: FieldPath,
    /// The value.
    pub text: String,
    /// What it does: a clause that follows the object's name.
    pub what: String,
    /// Every place outside that the data would go to, this one and others.
    pub destination: FlowDestination,
}

impl Stored {
    pub(super) fn outside(
        field: FieldPath,
        text: impl Into<String>,
        what: String,
        destination: impl Into<FlowDestination>,
    ) -> Self {
        Self::Outside(Fault { field, text: text.into(), what, destination: destination.into() })
    }

    /// Nothing says where it is stored.
    fn unsaid(field: FieldPath, what: &str) -> Self {
        let (text, destination) = (String::new(), FlowDestination::Untold);
        Self::Open(Fault { field, text, what: what.to_string(), destination })
    }

    /// The first fault is told; where the data would go by the other too goes with it.
    pub(super) fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        let with = |fault: Fault, other: Self| match other {
            Self::Inside => fault,
            Self::Outside(Fault { destination, .. }) | Self::Open(Fault { destination, .. }) => {
                Fault { destination: fault.destination.and(destination), ..fault }
            }
        };
        match self {
            Self::Inside => other(),
            Self::Outside(fault) => Self::Outside(with(fault, other())),
            Self::Open(fault) => Self::Open(with(fault, other())),
        }
    }

    /// The same, told of another object that leads there: by `field`, which names `leads`.
    #[must_use]
    pub(crate) fn through(self, field: &FieldPath, text: &str, leads: &str) -> Self {
        let via = |fault: Fault| Fault {
            field: field.clone(),
            text: format!("{text}: {}", fault.text),
            what: format!("{leads}, which {}", fault.what),
            destination: fault.destination,
        };
        match self {
            Self::Inside => Self::Inside,
            Self::Outside(fault) => Self::Outside(via(fault)),
            Self::Open(fault) => Self::Open(via(fault)),
        }
    }
}

pub(super) type Jurisdictions<'j> = &'j BTreeSet<JurisdictionName>;

/// Where the storage class of this name puts the volumes that it makes; `None` where it is not known.
pub fn made_by(name: &str, inside: &BTreeSet<JurisdictionName>, snapshot: &Snapshot) -> Option<Stored> {
    let class = snapshot.storage_class(ClassKind::StorageClass, name)?;
    Some(class_place(class, class.binding, inside, snapshot))
}

/// Where a volume lies.
pub(crate) fn volume_place(
    volume: &VolumeFacts,
    labels: &Labels,
    inside: Jurisdictions<'_>,
    snapshot: &Snapshot,
) -> Stored {
    let places = places_of_labels(labels);
    let source = volume.source.as_ref();
    let named = source.map(|source| source.places.as_slice()).unwrap_or_default();
    let on_node = source.is_some_and(|source| source.lasting == Lasting::OnNode);
    named_outside(named, inside, snapshot)
        .or_else(|| named_outside(&volume.options, inside, snapshot))
        .or_else(|| named_outside(&places, inside, snapshot))
        .or_else(|| match &volume.affinity {
            Some(terms) => terms_place(terms, &FieldPath::of("spec.nodeAffinity"), inside, snapshot),
            None => Stored::Inside,
        })
        .or_else(|| {
            // Keys that its driver does not read are no more than claims. Affinity and labels are those of whoever made the
            // volume, and pods follow them.
            let told = source.is_some_and(|source| source.says_where == SaysWhere::Yes);
            let says = volume.affinity.is_some() || !places.is_empty() || told;
            // What lies on a node lies where its pod runs.
            if says || on_node || every_node_inside(inside, snapshot.world()) {
                return Stored::Inside;
            }
            let field = source.map_or_else(|| FieldPath::of("spec"), |source| source.at.clone());
            Stored::unsaid(field, "says nothing of where it lies")
        })
}

/// Where an inline volume lies: a fault only where it names a place.
pub(crate) fn source_place(source: &VolumeSource, inside: Jurisdictions<'_>, snapshot: &Snapshot) -> Stored {
    named_outside(&source.places, inside, snapshot)
}

/// Where a class puts what is made by it when `binding` says.
fn class_place(
    class: &ClassFacts,
    binding: Binding,
    inside: Jurisdictions<'_>,
    snapshot: &Snapshot,
) -> Stored {
    let pairs = || class.parameters.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
    named_outside(&class.places, inside, snapshot)
        .or_else(|| match parameters::copies_elsewhere(&class.driver, pairs()) {
            Some(copy) => {
                let what = format!("copies to another region by {}: {}", copy.key, copy.text);
                let field = FieldPath::of("parameters").key(copy.key);
                Stored::outside(field, copy.text, what, FlowDestination::Untold)
            }
            None => Stored::Inside,
        })
        .or_else(|| {
            let field = FieldPath::of("allowedTopologies");
            match (&class.topologies, binding) {
                (Some(terms), binding) => match terms_place(terms, &field, inside, snapshot) {
                    Stored::Open(_) if binding == Binding::OnFirstConsumer => Stored::Inside,
                    stored => stored,
                },
                (None, Binding::OnFirstConsumer) => Stored::Inside,
                (None, Binding::Immediate)
                    if class.says_where == SaysWhere::Yes || every_node_inside(inside, snapshot.world()) =>
                {
                    Stored::Inside
                }
                (None, Binding::Immediate) => {
                    Stored::unsaid(field, "makes volumes at once, wherever its driver likes")
                }
            }
        })
}

/// Where what a claim claims lies. What is not known is taken to be inside; it is an assumption elsewhere.
pub fn claim_place(claim: &ClaimFacts, inside: &BTreeSet<JurisdictionName>, snapshot: &Snapshot) -> Stored {
    let volume = claim.volume.as_ref().map(|name| {
        let id = CarrierId { kind: CarrierKind::PersistentVolume, namespace: None, name: name.clone() };
        let leads = format!("claims PersistentVolume {name}");
        stored_in(&id, inside, snapshot).through(&claim.at.key("volumeName"), name, &leads)
    });
    let attributes = |claim: &ClaimFacts| match &claim.attributes {
        Some(name) => {
            snapshot.storage_class(ClassKind::VolumeAttributesClass, name).map_or(Stored::Inside, |class| {
                let leads = format!("asks for VolumeAttributesClass {name}");
                named_outside(&class.places, inside, snapshot).through(
                    &claim.at.key("volumeAttributesClassName"),
                    name,
                    &leads,
                )
            })
        }
        None => Stored::Inside,
    };
    volume
        .unwrap_or_else(|| asked_place(claim, inside, snapshot))
        .or_else(|| attributes(claim))
        .or_else(|| selected_place(claim, inside, snapshot))
}

/// Where the storage class of a claim puts its volume.
fn asked_place(claim: &ClaimFacts, inside: Jurisdictions<'_>, snapshot: &Snapshot) -> Stored {
    let Some((field, name, class)) = claim.storage_class(snapshot) else { return Stored::Inside };
    let leads = format!("asks for StorageClass {name}");
    class_place(class, class.binding, inside, snapshot).through(&field, name, &leads)
}

/// The node for which a volume is made tells its driver where to make it.
fn selected_place(claim: &ClaimFacts, inside: Jurisdictions<'_>, snapshot: &Snapshot) -> Stored {
    let Some(name) = &claim.selected_node else { return Stored::Inside };
    if every_node_inside(inside, snapshot.world()) && snapshot.node(name).is_none() {
        return Stored::Inside;
    }
    let location = snapshot.node(name).map(|node| locate_in_any(node, inside, snapshot.world()));
    let told = match &location {
        Some(location) if location.is_inside() => return Stored::Inside,
        Some(location) => location.to_string(),
        None => "not known".to_string(),
    };
    let field = FieldPath::of("metadata.annotations").key("volume.kubernetes.io/selected-node");
    let what = format!("asks for a volume near Node {name}, which is {told}");
    Stored::outside(field, name.as_ref(), what, FlowPlace::Node(name.clone()))
}

/// Where a carrier is stored. What is not known is taken to be inside; it is an assumption elsewhere.
pub fn stored_in(id: &CarrierId, inside: &BTreeSet<JurisdictionName>, snapshot: &Snapshot) -> Stored {
    let Some(facts) = snapshot.carrier(id) else { return Stored::Inside };
    match &facts.stored {
        StoredFacts::Elsewhere => Stored::Inside,
        StoredFacts::Claim(claim) => claim_place(claim, inside, snapshot),
        StoredFacts::Volume(volume) => volume_place(volume, &facts.labels, inside, snapshot),
        StoredFacts::Snapshot(asked) => snapshot_place(&asked.class, &facts.links, inside, snapshot),
        StoredFacts::Content(content) => content_place(content, inside, snapshot),
    }
}

/// The driver of the volume that a snapshot is of, which has a default class of its own.
fn driver_of(of: &[CarrierId], snapshot: &Snapshot) -> Option<Box<str>> {
    let claims = of.iter().filter(|id| id.kind == CarrierKind::PersistentVolumeClaim);
    let facts = claims.filter_map(|id| snapshot.carrier(id));
    let volumes = facts.flat_map(|facts| &facts.links).filter(|id| id.kind == CarrierKind::PersistentVolume);
    let mut backings = volumes.filter_map(|id| snapshot.carrier(id)).flat_map(lies_on);
    backings.find_map(|backing| match backing {
        Backing::Handle { driver, handle: _ } => Some(driver),
        Backing::Snapshot { .. } | Backing::Share { .. } | Backing::Bucket(_) | Backing::NodePath { .. } => {
            None
        }
    })
}

/// Where the class of a snapshot puts it.
pub(crate) fn snapshot_place(
    asked: &AskedClass,
    of: &[CarrierId],
    inside: Jurisdictions<'_>,
    snapshot: &Snapshot,
) -> Stored {
    let at = FieldPath::of("spec.volumeSnapshotClassName");
    let driver = driver_of(of, snapshot);
    let found = asked.found(ClassKind::VolumeSnapshotClass, at, driver.as_deref(), snapshot);
    found.map_or(Stored::Inside, |(field, name, class)| copies(name, class, &field, inside, snapshot))
}

fn copies(
    name: &str,
    class: &ClassFacts,
    field: &FieldPath,
    inside: Jurisdictions<'_>,
    snapshot: &Snapshot,
) -> Stored {
    // A snapshot is made beside its volume unless a parameter says otherwise.
    let beside = Binding::OnFirstConsumer;
    let leads = format!("asks for VolumeSnapshotClass {name}");
    class_place(class, beside, inside, snapshot).through(field, name, &leads)
}

/// Where the contents of a snapshot lie.
pub(crate) fn content_place(
    content: &ContentFacts,
    inside: Jurisdictions<'_>,
    snapshot: &Snapshot,
) -> Stored {
    let class = content.class.as_deref();
    let class =
        class.and_then(|name| Some((name, snapshot.storage_class(ClassKind::VolumeSnapshotClass, name)?)));
    named_outside(&content.places, inside, snapshot).or_else(|| {
        class.map_or(Stored::Inside, |(name, class)| {
            copies(name, class, &FieldPath::of("spec.volumeSnapshotClassName"), inside, snapshot)
        })
    })
}
