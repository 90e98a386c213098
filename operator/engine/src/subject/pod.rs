//! The shape of a pod: what the rules read of a pod or of a pod template.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde_json::Value;

use super::{
    Access, ClaimInUse, Labels, NodeTerm, PodNetwork, PodVolume, Reader, Reference, VolumeKind, affinity,
    known,
    pod_network::pod_network,
    reference,
    volume::{Mounts, volumes},
};
use crate::{
    FieldPath,
    snapshot::{CarrierId, Origin, claim_links, origin},
    storage::ClaimFacts,
};

/// What the rules read of a pod, or of the template that pods are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodShape {
    /// Where the object with `metadata` and `spec` sits: empty for a pod, `spec.template` for a Deployment.
    pub at: FieldPath,
    /// Where the pod spec sits: `spec`, `spec.template.spec`.
    pub spec_at: FieldPath,
    /// The labels that the pod carries.
    pub labels: Labels,
    /// Where the labels are.
    pub labels_at: FieldPath,
    /// `spec.nodeName`.
    pub node_name: Option<Box<str>>,
    /// `spec.nodeSelector`, in order of its keys.
    pub node_selector: Arc<[(Box<str>, Box<str>)]>,
    /// The terms of the required node affinity; `None` where none is required.
    pub required_terms: Option<Arc<[NodeTerm]>>,
    /// What the pod mounts and references.
    pub references: Arc<[Reference]>,
    /// Claims that will be made for the pod and mounted by it.
    pub claims: Arc<[ClaimTemplate]>,
    /// The volumes that hold data beyond the pod's own.
    pub volumes: Arc<[PodVolume]>,
    /// What it says about the network.
    pub network: Arc<PodNetwork>,
}

/// Keeps `known` where it says the same, so that what is alike is held once.
fn share<T: PartialEq + Clone>(own: &mut T, known: &T) {
    if own == known {
        own.clone_from(known);
    }
}

impl PodShape {
    /// Shares with another pod what both say: pods of one workload say nearly all of it alike.
    pub(crate) fn share_with(&mut self, other: &Self) {
        let Self {
            at,
            spec_at,
            labels,
            labels_at,
            node_name: _,
            node_selector,
            required_terms,
            references,
            claims,
            volumes,
            network,
        } = self;
        share(at, &other.at);
        share(spec_at, &other.spec_at);
        share(labels_at, &other.labels_at);
        share(labels, &other.labels);
        share(node_selector, &other.node_selector);
        share(required_terms, &other.required_terms);
        share(references, &other.references);
        share(claims, &other.claims);
        share(volumes, &other.volumes);
        share(network, &other.network);
    }

    /// The claims of `namespace` whose names are known and that a pod of this shape uses.
    pub(crate) fn claims_in_use(&self, namespace: &str) -> Vec<ClaimInUse> {
        let claim = |name: &str, at: &FieldPath, access| ClaimInUse {
            claim: CarrierId::claim(namespace, name),
            at: at.clone(),
            access,
        };
        let named = self.volumes.iter().filter_map(|volume| match &volume.kind {
            VolumeKind::Claim(name) => Some(claim(name, &volume.at, volume.access)),
            VolumeKind::Inline(_) => None,
        });
        let made = self.claims.iter().filter_map(|template| match &template.name {
            ClaimName::Exact(name) => Some(claim(name, &template.at, template.access)),
            ClaimName::WithOrdinal(_) | ClaimName::Unknown => None,
        });
        named.chain(made).collect()
    }
}

/// A claim that will be made for a pod: by a `StatefulSet`, or by a generic ephemeral volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimTemplate {
    /// Where it is.
    pub at: FieldPath,
    /// The labels that the claim will carry.
    pub labels: Labels,
    /// The name of the claim.
    pub name: ClaimName,
    /// What the claim will hold the data of: a volume that it names, the source of a copy. Where no namespace is
    /// given, it is that of the pod.
    pub sources: Vec<CarrierId>,
    /// Whether it will be a copy of something that is not known here.
    pub origin: Origin,
    /// What it says about where it will be stored.
    pub stored: ClaimFacts,
    /// Whether the pod may write to it.
    pub access: Access,
}

/// How the name of a templated claim is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimName {
    /// Exactly this.
    Exact(Box<str>),
    /// This, followed by the ordinal of a pod.
    WithOrdinal(Box<str>),
    /// Not known before the pod has its name.
    Unknown,
}

/// Where a pod shape sits in an object, and what surrounds it.
pub(crate) struct Place<'v> {
    pub(crate) at: FieldPath,
    pub(crate) spec_at: FieldPath,
    pub(crate) spec: &'v Value,
    /// What stands beside the spec as its metadata; `null` where nothing does.
    pub(crate) metadata: &'v Value,
    pub(crate) labels: Labels,
    pub(crate) labels_at: FieldPath,
    /// The pod's name, where it is known.
    pub(crate) pod_name: Option<&'v str>,
    /// Claims that what makes the pods makes for each of them.
    pub(crate) stateful: Vec<ClaimTemplate>,
}

/// Reads the pod spec at `place`; fields that nobody knows are added to `unknown`.
pub(crate) fn pod_shape(reader: &mut Reader, place: Place<'_>, unknown: &mut Vec<FieldPath>) -> PodShape {
    let Place { at, spec_at, spec, metadata, labels, labels_at, pod_name, stateful } = place;
    if !spec.is_object() {
        reader.note(spec_at.clone(), "an object");
    }
    known::note_unknown(spec, &spec_at, unknown);
    let node_name = reader.text(spec, &spec_at, "nodeName").map(Box::from);
    let node_selector = reader
        .text_map(spec, &spec_at, "nodeSelector")
        .into_iter()
        .map(|(key, value)| (Box::from(key), Box::from(value)))
        .collect();
    let required_terms = affinity::required_terms(reader, spec, &spec_at).map(Arc::from);
    let references = reference::references(reader, spec, &spec_at).into();
    let mounts = Mounts::read(spec);
    let ephemeral = ephemeral_claims(reader, spec, &spec_at, pod_name, &mounts);
    let claims = ephemeral.into_iter().chain(stateful).collect();
    let volumes = volumes(reader, spec, &spec_at, &mounts).into();
    let network = pod_network(reader, spec, &spec_at, (metadata, &at.key("metadata")));
    PodShape {
        at,
        spec_at,
        labels,
        labels_at,
        node_name,
        node_selector,
        required_terms,
        references,
        claims,
        volumes,
        network,
    }
}

/// The claims of generic ephemeral volumes: `<pod>-<volume>`.
fn ephemeral_claims(
    reader: &mut Reader,
    spec: &Value,
    at_spec: &FieldPath,
    pod: Option<&str>,
    mounts: &Mounts<'_>,
) -> Vec<ClaimTemplate> {
    let mut claims = Vec::new();
    let at = at_spec.key("volumes");
    for (index, volume) in reader.list(spec, at_spec, "volumes").iter().enumerate() {
        let Some(template) = volume.get("ephemeral").and_then(|e| e.get("volumeClaimTemplate")) else {
            continue;
        };
        let at = at.index(index).key("ephemeral").key("volumeClaimTemplate");
        let volume_name = volume.get("name").and_then(Value::as_str);
        let access = mounts.access(volume_name.unwrap_or_default());
        let name = match (pod, volume_name) {
            (Some(pod), Some(volume)) => ClaimName::Exact(alloc::format!("{pod}-{volume}").into()),
            (None, _) | (_, None) => ClaimName::Unknown,
        };
        claims.push(claim_template(reader, template, at, name, access));
    }
    claims
}

/// The claim template at `at`.
pub(super) fn claim_template(
    reader: &mut Reader,
    template: &Value,
    at: FieldPath,
    name: ClaimName,
    access: Access,
) -> ClaimTemplate {
    let labels = reader.labels(template.get("metadata"), &at.key("metadata"));
    let spec = template.get("spec").unwrap_or(&Value::Null);
    let sources = claim_links(None, spec);
    let origin = origin(None, spec, &at.key("spec"));
    let stored = ClaimFacts::read_at(template, &at);
    ClaimTemplate { at, labels, name, sources, origin, stored, access }
}
