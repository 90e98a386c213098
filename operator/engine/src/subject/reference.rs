//! What a pod mounts and references: the objects whose classes it takes over.
//!
//! The whole pod spec is walked for members by which Kubernetes names another object, wherever they sit, so
//! that a field added tomorrow with the usual names is seen today.

use alloc::{boxed::Box, vec::Vec};

use serde_json::Value;

use super::Reader;
use crate::{FieldPath, field::Trail, snapshot::CarrierKind};

/// An object that a pod mounts or references, in the pod's namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Its kind.
    pub carrier: CarrierKind,
    /// Its name.
    pub name: Box<str>,
    /// The field that names it.
    pub field: FieldPath,
}

/// Nested deeper than any object that the API server stores.
const MAX_DEPTH: usize = 128;

/// Members of a pod spec that name no object and whose own member names are the user's.
const NOT_WALKED: &[&str] =
    &["nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "overhead"];

/// Every reference in `pod_spec`, in the order of the fields.
pub(super) fn references(reader: &mut Reader, pod_spec: &Value, at: &FieldPath) -> Vec<Reference> {
    let mut walk = Walk { reader, at, trail: Trail::default(), found: Vec::new() };
    for (name, member) in pod_spec.as_object().into_iter().flatten() {
        if !NOT_WALKED.contains(&name.as_str()) {
            walk.member(name, member, 0);
        }
    }
    let mut found = walk.found;
    found.push(service_account(reader, pod_spec, at));
    found
}

/// The pod's ServiceAccount; one that is not named is `default`.
fn service_account(reader: &mut Reader, pod_spec: &Value, at: &FieldPath) -> Reference {
    let named = ["serviceAccountName", "serviceAccount"]
        .into_iter()
        .find_map(|field| reader.text(pod_spec, at, field).map(|name| (field, name)));
    let (field, name) = named.unwrap_or(("serviceAccountName", "default"));
    Reference { carrier: CarrierKind::ServiceAccount, name: name.into(), field: at.key(field) }
}

struct Walk<'r, 'v> {
    reader: &'r mut Reader,
    at: &'r FieldPath,
    trail: Trail<'v>,
    found: Vec<Reference>,
}

impl<'v> Walk<'_, 'v> {
    fn member(&mut self, name: &'v str, value: &'v Value, depth: usize) {
        self.trail.enter_key(name);
        self.note_reference(name, value);
        self.descend(value, depth + 1);
        self.trail.leave();
    }

    fn descend(&mut self, value: &'v Value, depth: usize) {
        if depth > MAX_DEPTH {
            let field = self.at.join(&self.trail.render());
            self.reader.note(field, "nested at most 128 deep");
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.member(name, member, depth);
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.trail.enter_index(index);
                    self.descend(element, depth + 1);
                    self.trail.leave();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn note_reference(&mut self, member: &str, value: &Value) {
        match member {
            "secretName" => self.found(CarrierKind::Secret, value, ""),
            "claimName" => self.found(CarrierKind::PersistentVolumeClaim, value, ""),
            "configMap" | "configMapRef" | "configMapKeyRef" => self.named(CarrierKind::ConfigMap, value),
            "secret" | "secretRef" | "secretKeyRef" | "nodePublishSecretRef" => {
                self.named(CarrierKind::Secret, value);
            }
            "imagePullSecrets" => self.each_named(CarrierKind::Secret, value),
            "dataSource" | "dataSourceRef" if is_claim(value) => {
                self.named(CarrierKind::PersistentVolumeClaim, value);
            }
            _ => {}
        }
    }

    fn named(&mut self, carrier: CarrierKind, value: &Value) {
        if let Some(name) = value.get("name") {
            self.found(carrier, name, ".name");
        }
    }

    fn each_named(&mut self, carrier: CarrierKind, value: &Value) {
        for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
            if let Some(name) = entry.get("name") {
                self.found(carrier, name, &alloc::format!("[{index}].name"));
            }
        }
    }

    fn found(&mut self, carrier: CarrierKind, name: &Value, below: &str) {
        let field = || FieldPath::of(&alloc::format!("{}{below}", self.at.join(&self.trail.render())));
        match name {
            Value::String(name) if name.is_empty() => {}
            Value::Null => {}
            Value::String(name) => {
                let field = field();
                self.found.push(Reference { carrier, name: name.as_str().into(), field });
            }
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                let field = field();
                self.reader.note(field, "a string");
            }
        }
    }
}

fn is_claim(value: &Value) -> bool {
    value.get("kind").and_then(Value::as_str) == Some("PersistentVolumeClaim")
}
