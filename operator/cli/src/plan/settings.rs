//! The settings of pods: texts that tell programs whom to reach.

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::{FieldPath, Snapshot, Subject, snapshot::CarrierKind, subject::NamedHost};
use serde_json::Value;

use super::Workload;
use crate::inventory::{Inventory, list, name_of, text};

/// One text.
pub(super) struct Setting<'i> {
    /// Where it is.
    pub(super) field: String,
    pub(super) text: &'i str,
}

/// The ConfigMaps of a namespace, by name.
pub(super) struct ConfigMaps<'i>(BTreeMap<&'i str, ConfigMap<'i>>);

/// One of them.
pub(super) struct ConfigMap<'i> {
    object: &'i Value,
    subject: Subject,
}

impl<'i> ConfigMaps<'i> {
    pub(super) fn of(inventory: &'i Inventory, namespace: &str, snapshot: &Snapshot) -> Self {
        let maps = inventory.of_kind("", "ConfigMap");
        let here = maps.filter(|map| text(map, "/metadata/namespace") == namespace);
        let read = |object| ConfigMap { object, subject: snapshot.extract(object, Some(namespace), None) };
        Self(here.map(|object| (name_of(object), read(object))).collect())
    }

    /// Those that the pods of a workload mount or take variables from, each once.
    pub(super) fn used_by(&self, workload: &Workload<'_>) -> Vec<&ConfigMap<'i>> {
        let references = workload.subject.shapes.iter().flat_map(|shape| shape.references.iter());
        let maps = references.filter(|reference| reference.carrier == CarrierKind::ConfigMap);
        let names: BTreeSet<&str> = maps.map(|reference| reference.name.as_ref()).collect();
        names.into_iter().filter_map(|name| self.0.get(name)).collect()
    }
}

impl ConfigMap<'_> {
    /// The hosts that it mentions, as the engine finds them, each with its place.
    pub(super) fn hosts(&self) -> impl Iterator<Item = (&NamedHost, String)> {
        self.subject.mentions.iter().map(|named| (named, self.at(&named.field.to_string())))
    }

    /// Every text that it holds.
    pub(super) fn settings(&self) -> impl Iterator<Item = Setting<'_>> {
        let data = self.object.get("data").and_then(Value::as_object).into_iter().flatten();
        data.filter_map(|(key, value)| {
            let field = FieldPath::of("data").key(key).to_string();
            Some(Setting { field: self.at(&field), text: value.as_str()? })
        })
    }

    fn at(&self, field: &str) -> String {
        format!("ConfigMap {} {field}", name_of(self.object))
    }
}

/// The texts of the environment, the commands and the arguments of a workload's pods.
pub(super) fn of_pods<'i>(workload: &Workload<'_>, inventory: &'i Inventory) -> Vec<Setting<'i>> {
    object_of(workload, inventory).map(in_pod_spec).unwrap_or_default()
}

fn object_of<'i>(workload: &Workload<'_>, inventory: &'i Inventory) -> Option<&'i Value> {
    let id = &workload.subject.id;
    let mut of_kind = inventory.objects.iter().filter(|object| text(object, "/kind") == &*id.kind);
    of_kind.find(|object| {
        name_of(object) == &*id.name && text(object, "/metadata/namespace") == workload.namespace
    })
}

/// Where the pod spec of an object may sit.
const SPECS: [&str; 3] = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/spec"];
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

fn in_pod_spec(object: &Value) -> Vec<Setting<'_>> {
    let spec = SPECS.iter().find(|pointer| object.pointer(&format!("{pointer}/containers")).is_some());
    let Some(spec) = spec else { return Vec::new() };
    let at = spec.trim_start_matches('/').replace('/', ".");
    let mut found = Vec::new();
    for lists in CONTAINERS {
        for (number, container) in list(object, &format!("{spec}/{lists}")).enumerate() {
            let at = format!("{at}.{lists}[{number}]");
            for (number, variable) in list(container, "/env").enumerate() {
                let field = format!("{at}.env[{number}].value");
                found.push(Setting { field, text: text(variable, "/value") });
            }
            for member in ["command", "args"] {
                let pointer = format!("/{member}");
                for (number, word) in list(container, &pointer).enumerate() {
                    let field = format!("{at}.{member}[{number}]");
                    found.push(Setting { field, text: word.as_str().unwrap_or_default() });
                }
            }
        }
    }
    found
}
