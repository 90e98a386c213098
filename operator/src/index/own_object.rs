//! What is known of objects of our own kinds besides their specs. (pure)

use serde_json::{Value, json};

use super::view::text;

/// What is known of an object of our own kinds besides its spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnObject {
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.resourceVersion`: tells one state of the object from another, nothing else.
    pub resource_version: Box<str>,
    /// Its status as stored.
    pub status: Value,
    /// Its name and uid; of kinds that protect also the spec, to be compared with what follows.
    pub object: Value,
}

impl OwnObject {
    /// Reads all of an object.
    pub(super) fn read(object: &Value) -> Self {
        let mut own = Self::read_without_spec(object);
        if let Some(members) = own.object.as_object_mut() {
            members.insert("spec".to_owned(), object.get("spec").cloned().unwrap_or_default());
        }
        own
    }

    /// Reads an object whose spec nobody compares.
    pub(super) fn read_without_spec(object: &Value) -> Self {
        Self {
            generation: object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default(),
            resource_version: text(object, "/metadata/resourceVersion").into(),
            status: object.get("status").cloned().unwrap_or_default(),
            object: json!({
                "metadata": { "name": text(object, "/metadata/name"), "uid": text(object, "/metadata/uid") }
            }),
        }
    }
}
