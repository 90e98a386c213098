//! Reading raw JSON without skipping what is not as it should be.

use alloc::{boxed::Box, string::ToString, vec::Vec};

use serde_json::{Map, Value};

use super::{Defect, Labels};
use crate::FieldPath;

/// Reads members of raw JSON and keeps a list of those that have the wrong type. Absent and `null` are the
/// same, as for the API server.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) defects: Vec<Defect>,
}

impl Reader {
    /// Notes that the field at `field` is not `expected`.
    pub(crate) fn note(&mut self, field: FieldPath, expected: &'static str) {
        self.defects.push(Defect { field, expected });
    }

    /// The member `name` of `parent` as an object.
    pub(crate) fn object<'v>(
        &mut self,
        parent: &'v Value,
        at: &FieldPath,
        name: &str,
    ) -> Option<&'v Map<String_, Value>> {
        let value = present(parent, name)?;
        let object = value.as_object();
        if object.is_none() {
            self.note(at.key(name), "an object");
        }
        object
    }

    /// The member `name` of `parent`, if it is there, where an object is expected.
    pub(crate) fn object_value<'v>(
        &mut self,
        parent: &'v Value,
        at: &FieldPath,
        name: &str,
    ) -> Option<&'v Value> {
        self.object(parent, at, name)?;
        parent.get(name)
    }

    /// The member `name` of `parent` as a truth value; absent is false.
    pub(crate) fn flag(&mut self, parent: &Value, at: &FieldPath, name: &str) -> bool {
        let value = present(parent, name);
        if value.is_some_and(|value| !value.is_boolean()) {
            self.note(at.key(name), "true or false");
        }
        value == Some(&Value::Bool(true))
    }

    /// The member `name` of `parent` as a list; empty where it is absent.
    pub(crate) fn list<'v>(&mut self, parent: &'v Value, at: &FieldPath, name: &str) -> &'v [Value] {
        match present(parent, name).map(|value| value.as_array()) {
            None => &[],
            Some(Some(list)) => list,
            Some(None) => {
                self.note(at.key(name), "a list");
                &[]
            }
        }
    }

    /// The member `name` of `parent` as text; an empty text counts as absent, as for the API server.
    pub(crate) fn text<'v>(&mut self, parent: &'v Value, at: &FieldPath, name: &str) -> Option<&'v str> {
        let value = present(parent, name)?;
        let text = value.as_str();
        if text.is_none() {
            self.note(at.key(name), "a string");
        }
        text.filter(|text| !text.is_empty())
    }

    /// The member `name` of `parent` as a map from text to text.
    pub(crate) fn text_map<'v>(
        &mut self,
        parent: &'v Value,
        at: &FieldPath,
        name: &str,
    ) -> Vec<(&'v str, &'v str)> {
        let Some(map) = self.object(parent, at, name) else { return Vec::new() };
        let mut pairs = Vec::with_capacity(map.len());
        for (key, value) in map {
            match value {
                Value::String(text) => pairs.push((key.as_str(), text.as_str())),
                // kubectl and the API server read a null label as the empty string.
                Value::Null => pairs.push((key.as_str(), "")),
                _ => self.note(at.key(name).key(key), "a string"),
            }
        }
        pairs
    }

    /// The labels in the member `labels` of `metadata`.
    pub(crate) fn labels(&mut self, metadata: Option<&Value>, at: &FieldPath) -> Labels {
        let members = metadata.and_then(|metadata| self.object(metadata, at, "labels"));
        let read = |(key, value): (&String_, &Value)| {
            let text = match value {
                Value::String(text) => Box::from(text.as_str()),
                // kubectl and the API server read a null label as the empty string.
                Value::Null => Box::default(),
                // The presence of a label counts even where its value cannot be read.
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    self.note(at.key("labels").key(key), "a string");
                    value.to_string().into()
                }
            };
            (Box::from(key.as_str()), text)
        };
        members.into_iter().flatten().map(read).collect()
    }
}

type String_ = alloc::string::String;

fn present<'v>(parent: &'v Value, name: &str) -> Option<&'v Value> {
    parent.get(name).filter(|value| !value.is_null())
}
