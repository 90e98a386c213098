//! From raw JSON to a [`Subject`].

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use bund_crds::{
    DestinationMappingSpec, QueryStep,
    destination_mapping::{MappedDestination, MappedTemplate, TemplateShape},
};
use serde_json::Value;

use super::{
    ClaimTemplate, Deletion, Granted, Labels, NetworkKind, PodShape, Reader, Role, Subject, WorkloadKind,
    network, network_policy,
    pod::{ClaimName, Place, claim_template, pod_shape},
    pod_network::in_config_map,
    volume::Mounts,
    workload::{TemplatePlace, template_place},
};
use crate::{
    FieldPath, ObjectId, destination,
    snapshot::{CarrierFacts, CarrierId, CarrierKind, MadeBy},
};

/// See [`Subject::extract`].
pub(super) fn extract<'m>(
    object: &Value,
    namespace: Option<&str>,
    name: Option<&str>,
    mappings: impl IntoIterator<Item = &'m DestinationMappingSpec>,
) -> Subject {
    let mut reader = Reader::default();
    let metadata_at = FieldPath::of("metadata");
    let metadata = reader.object_value(object, &FieldPath::root(), "metadata");
    let id = object_id(&mut reader, object, namespace, name);
    let labels = reader.labels(metadata, &metadata_at);
    let deleting = metadata.and_then(|m| m.get("deletionTimestamp")).is_some_and(|time| !time.is_null());
    let mut subject = Subject {
        id,
        labels,
        inner_labels: Vec::new(),
        made_by: MadeBy::Unknown,
        role: Role::Other,
        carrier: None,
        network_policy: None,
        cluster_policy: None,
        shapes: Vec::new(),
        destinations: Vec::new(),
        forwards: Arc::default(),
        mentions: Vec::new(),
        defects: Vec::new(),
        unknown_fields: Vec::new(),
        deletion: if deleting { Deletion::Asked } else { Deletion::NotAsked },
    };
    fill_role(&mut reader, object, &mut subject);
    if subject.carrier.is_none() {
        subject.made_by = MadeBy::read(object);
    }
    fill_mapped(&mut reader, object, &Mapped::of(mappings), &mut subject);
    subject.defects = reader.defects;
    subject
}

/// What a grant lets each namespace refer to, as far as it is a copy of a carrier that data is written to.
fn grants(object: &Value) -> Vec<Granted> {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let entries = |member: &str| spec.get(member).and_then(Value::as_array).into_iter().flatten();
    let text = |entry: &Value, member: &str| {
        entry.get(member).and_then(Value::as_str).filter(|text| !text.is_empty()).map(Box::<str>::from)
    };
    let copied = |to: &Value| {
        let kind = CarrierKind::of(&text(to, "group").unwrap_or_default(), &text(to, "kind")?)?;
        let held = matches!(kind, CarrierKind::PersistentVolumeClaim | CarrierKind::VolumeSnapshot);
        held.then(|| (kind, text(to, "name")))
    };
    let mut granted = Vec::new();
    for (index, from) in entries("from").enumerate() {
        let field = FieldPath::of("spec.from").index(index).key("namespace");
        let Some(namespace) = text(from, "namespace") else { continue };
        granted.extend(entries("to").filter_map(copied).map(|(kind, name)| Granted {
            field: field.clone(),
            to: namespace.clone(),
            kind,
            name,
        }));
    }
    granted
}

fn carrier_facts(kind: CarrierKind, object: &Value, subject: &ObjectId) -> CarrierFacts {
    CarrierFacts::read(&CarrierId::of(kind, subject), object)
}

/// The group of an `apiVersion`.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

fn object_id(reader: &mut Reader, object: &Value, namespace: Option<&str>, name: Option<&str>) -> ObjectId {
    let root = FieldPath::root();
    let metadata_at = FieldPath::of("metadata");
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    let group = group_of(reader.text(object, &root, "apiVersion").unwrap_or_default());
    let kind = reader.text(object, &root, "kind").unwrap_or_default();
    let own_namespace = reader.text(metadata, &metadata_at, "namespace");
    let namespace = namespace.filter(|namespace| !namespace.is_empty());
    let own_name = reader.text(metadata, &metadata_at, "name");
    let prefix = reader.text(metadata, &metadata_at, "generateName");
    ObjectId {
        group: group.into(),
        kind: kind.into(),
        namespace: namespace.or(own_namespace).map(Box::from),
        name: name.filter(|name| !name.is_empty()).or(own_name).or(prefix).unwrap_or_default().into(),
    }
}

fn fill_role(reader: &mut Reader, object: &Value, subject: &mut Subject) {
    let group = subject.id.group.clone();
    let kind = subject.id.kind.clone();
    match (group.as_ref(), kind.as_ref()) {
        ("", "Pod") => {
            subject.role = Role::Pod;
            let name = object.get("metadata").and_then(|m| m.get("name")).and_then(Value::as_str);
            let place = Place {
                at: FieldPath::root(),
                spec_at: FieldPath::of("spec"),
                spec: object.get("spec").unwrap_or(&Value::Null),
                metadata: object.get("metadata").unwrap_or(&Value::Null),
                labels: subject.labels.clone(),
                labels_at: FieldPath::of("metadata.labels"),
                pod_name: name,
                stateful: Vec::new(),
            };
            let shape = pod_shape(reader, place, &mut subject.unknown_fields);
            subject.shapes.push(shape);
        }
        ("", "Binding") => fill_binding(reader, object, subject),
        ("", "Namespace") => subject.role = Role::Namespace,
        ("gateway.networking.k8s.io", "ReferenceGrant") => subject.role = Role::Grant(grants(object)),
        (group, kind) => {
            if let Some(carrier) = CarrierKind::of(group, kind) {
                subject.role = Role::Carrier(carrier);
                if carrier == CarrierKind::ConfigMap {
                    subject.mentions = in_config_map(object);
                }
                subject.carrier = Some(carrier_facts(carrier, object, &subject.id).into());
            } else if let Some(place) = template_place(group, kind) {
                fill_workload(reader, object, &place, subject);
            } else if let Some(does) = network::kind_of(group, kind) {
                subject.role = Role::Network(does);
                subject.forwards = network::forwards(reader, object, kind).into();
            } else {
                network_policy::fill(object, subject);
            }
        }
    }
}

fn fill_binding(reader: &mut Reader, object: &Value, subject: &mut Subject) {
    let at = FieldPath::of("target");
    let target = reader.object_value(object, &FieldPath::root(), "target").unwrap_or(&Value::Null);
    // The API server reads a target without a kind as a node.
    let is_node = reader.text(target, &at, "kind").is_none_or(|kind| kind == "Node");
    let node = reader.text(target, &at, "name").filter(|_| is_node).map(Box::from);
    subject.role = Role::Binding { pod: subject.id.name.clone(), node };
}

fn fill_workload(reader: &mut Reader, object: &Value, place: &TemplatePlace, subject: &mut Subject) {
    subject.role = Role::Workload(place.workload);
    let (template, at) = descend(object, place.template);
    let stateful = stateful_claims(reader, object, &subject.id.name, template);
    let shape = template_shape(reader, template, at, stateful, &mut subject.unknown_fields);
    subject.shapes.push(shape);
    if let Some(inner) = place.inner_metadata {
        let (metadata, at) = descend(object, inner);
        let labels = reader.labels(metadata, &at);
        subject.inner_labels.push((at.key("labels"), labels));
    }
}

fn descend<'v>(object: &'v Value, members: &[&str]) -> (Option<&'v Value>, FieldPath) {
    members.iter().fold((Some(object), FieldPath::root()), |(value, at), member| {
        (value.and_then(|value| value.get(*member)), at.key(member))
    })
}

/// The shape at an object with `metadata` and `spec`.
fn template_shape(
    reader: &mut Reader,
    template: Option<&Value>,
    at: FieldPath,
    stateful: Vec<ClaimTemplate>,
    unknown: &mut Vec<FieldPath>,
) -> PodShape {
    let labels_at = at.key("metadata").key("labels");
    let labels = reader.labels(template.and_then(|t| t.get("metadata")), &at.key("metadata"));
    let spec_at = at.key("spec");
    let spec = template.and_then(|t| t.get("spec")).unwrap_or(&Value::Null);
    let metadata = template.and_then(|t| t.get("metadata")).unwrap_or(&Value::Null);
    let place = Place { at, spec_at, spec, metadata, labels, labels_at, pod_name: None, stateful };
    pod_shape(reader, place, unknown)
}

/// The claims of a `StatefulSet`: `<template>-<set>-<ordinal>`.
fn stateful_claims(
    reader: &mut Reader,
    object: &Value,
    set: &str,
    template: Option<&Value>,
) -> Vec<ClaimTemplate> {
    let mounts = Mounts::read(template.and_then(|template| template.get("spec")).unwrap_or(&Value::Null));
    let at = FieldPath::of("spec.volumeClaimTemplates");
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let mut claims = Vec::new();
    let templates = reader.list(spec, &FieldPath::of("spec"), "volumeClaimTemplates");
    for (index, template) in templates.iter().enumerate() {
        let at = at.index(index);
        let metadata = template.get("metadata");
        let volume = metadata.and_then(|m| m.get("name")).and_then(Value::as_str);
        let access = mounts.access(volume.unwrap_or_default());
        let name = match volume {
            Some(name) => ClaimName::WithOrdinal(alloc::format!("{name}-{set}-").into()),
            None => ClaimName::Unknown,
        };
        claims.push(claim_template(reader, template, at, name, access));
    }
    claims
}

/// What all mappings of a kind say together, each once.
#[derive(Default)]
struct Mapped<'m> {
    templates: Vec<&'m MappedTemplate>,
    destinations: Vec<&'m MappedDestination>,
    acts_for_namespace: bool,
}

impl<'m> Mapped<'m> {
    fn of(mappings: impl IntoIterator<Item = &'m DestinationMappingSpec>) -> Self {
        let mut all = Self::default();
        for DestinationMappingSpec { target: _, destinations, templates, acts_for_namespace } in mappings {
            for one in templates {
                add(&mut all.templates, one);
            }
            for one in destinations {
                add(&mut all.destinations, one);
            }
            all.acts_for_namespace |= acts_for_namespace;
        }
        all
    }
}

/// Adds what is not there yet.
fn add<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

fn fill_mapped(reader: &mut Reader, object: &Value, mapped: &Mapped<'_>, subject: &mut Subject) {
    for template in &mapped.templates {
        for (at, value) in select(object, template.query.steps()) {
            let shape = match template.shape {
                TemplateShape::PodTemplate => {
                    template_shape(reader, Some(value), at, Vec::new(), &mut subject.unknown_fields)
                }
                TemplateShape::PodSpec => {
                    let place = Place {
                        spec_at: at.clone(),
                        at,
                        spec: value,
                        metadata: &Value::Null,
                        labels: subject.labels.clone(),
                        labels_at: FieldPath::of("metadata.labels"),
                        pod_name: None,
                        stateful: Vec::new(),
                    };
                    pod_shape(reader, place, &mut subject.unknown_fields)
                }
            };
            subject.shapes.push(shape);
        }
    }
    if subject.role == Role::Other {
        subject.role = match (mapped.templates.is_empty(), mapped.acts_for_namespace) {
            (false, false) => Role::Workload(WorkloadKind::Mapped),
            (false, true) => Role::Workload(WorkloadKind::MappedForNamespace),
            (true, true) => Role::Network(NetworkKind::Mapped),
            (true, false) => Role::Other,
        };
    }
    for destination in &mapped.destinations {
        for (at, value) in select(object, destination.query.steps()) {
            destination::read(reader, destination, &at, value, &mut subject.destinations);
        }
    }
}

/// Every value that a query selects, with its path.
fn select<'v>(object: &'v Value, steps: &[QueryStep]) -> Vec<(FieldPath, &'v Value)> {
    steps.iter().fold(Vec::from([(FieldPath::root(), object)]), |values, step| {
        values.iter().flat_map(|(at, value)| select_step(at, value, step)).collect()
    })
}

fn select_step<'v>(at: &FieldPath, value: &'v Value, step: &QueryStep) -> Vec<(FieldPath, &'v Value)> {
    match (step, value) {
        (QueryStep::Member(name), _) => {
            value.get(name.as_ref()).map(|member| (at.key(name), member)).into_iter().collect()
        }
        (QueryStep::Element(index), _) => {
            value.get(*index).map(|element| (at.index(*index), element)).into_iter().collect()
        }
        (QueryStep::Every, Value::Object(members)) => {
            members.iter().map(|(name, member)| (at.key(name), member)).collect()
        }
        (QueryStep::Every, Value::Array(elements)) => {
            elements.iter().enumerate().map(|(index, element)| (at.index(index), element)).collect()
        }
        (QueryStep::Every, _) => Vec::new(),
    }
}

/// The labels of an object, for facts that are not judged themselves.
pub(crate) fn labels_of(object: &Value) -> Labels {
    Reader::default().labels(object.get("metadata"), &FieldPath::of("metadata"))
}
