//! What is known of single objects besides the facts: who they are, and what marks they bear. (pure)

use std::collections::BTreeSet;

use bund_crds::labels::{DATA_CLASS_PREFIX, DECLASSIFIED_PREFIX, GUARDED, GUARDED_VALUE};
use bund_engine::HeldClass;
use serde_json::{Map, Value};

use super::WatchedKind;
use super::view::text;

/// What is known of an object besides the facts that it states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// `metadata.uid`: tells this object from another one of the same name.
    pub uid: Box<str>,
    /// `metadata.resourceVersion`: tells one state of the object from another, nothing else.
    pub resource_version: Box<str>,
    /// The marks that it bears.
    pub(super) marks: Marks,
}

/// What users and Bund write on an object to say what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Classes by label, of the object or of its pod template.
    pub(super) classes: BTreeSet<HeldClass>,
    /// Classes that it no longer takes over, by annotation.
    pub(super) declassified: BTreeSet<HeldClass>,
    /// Whether the label is there that enrols a namespace.
    pub(super) guarded: bool,
}

/// Where labels of an object and of the pods that it makes are.
const LABELS: [&str; 3] =
    ["/metadata/labels", "/spec/template/metadata/labels", "/spec/jobTemplate/spec/template/metadata/labels"];

impl Record {
    /// The record of an object.
    pub(super) fn read(object: &Value) -> Self {
        Self {
            uid: text(object, "/metadata/uid").into(),
            resource_version: text(object, "/metadata/resourceVersion").into(),
            marks: Marks::read(object),
        }
    }

    /// Whether it is worth keeping for an object of this kind: nothing is ever asked of the others.
    pub(super) fn is_kept(&self, kind: &WatchedKind) -> bool {
        kind.holds_data() || self.marks != Marks::default()
    }
}

impl Marks {
    pub(super) fn read(object: &Value) -> Self {
        let members = |pointer: &str| object.pointer(pointer).and_then(Value::as_object);
        let named = |members: Option<&Map<String, Value>>, prefix: &str| {
            let keys = members.into_iter().flat_map(Map::keys);
            keys.filter_map(|key| key.strip_prefix(prefix)).map(HeldClass::from).collect::<BTreeSet<_>>()
        };
        let labels = members("/metadata/labels");
        Self {
            classes: LABELS.iter().flat_map(|at| named(members(at), DATA_CLASS_PREFIX)).collect(),
            declassified: named(members("/metadata/annotations"), DECLASSIFIED_PREFIX),
            guarded: labels
                .and_then(|labels| labels.get(GUARDED))
                .is_some_and(|value| value == GUARDED_VALUE),
        }
    }
}
