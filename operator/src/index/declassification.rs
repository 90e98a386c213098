//! Objects that hold less than before: what a watch shows of it. (pure)
//!
//! Whether it was allowed is decided at admission. Here it is only seen, by comparing what was known with what is
//! shown, whoever did it and whether or not anybody asked us.

use std::collections::BTreeSet;
use std::time::Instant;

use bund_engine::HeldClass;
use bund_engine::snapshot::OwnKind;
use bund_engine::weakening::{Weakening, weakenings};
use serde_json::Value;

use super::record::Marks;
use super::view::text;
use super::{Change, ObjectKey, View, WatchedKind};

/// An object that holds less than before, or protects less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declassification {
    /// Its kind.
    pub kind: &'static WatchedKind,
    /// Its name.
    pub key: ObjectKey,
    /// Its uid.
    pub uid: Box<str>,
    /// Its resource version afterwards; the last one that was known, if it is gone.
    pub resource_version: Box<str>,
    /// Whether the object is gone.
    pub gone: bool,
    /// The classes that lose by it.
    pub classes: BTreeSet<HeldClass>,
    /// What happened: a clause that follows the object's name.
    pub what: String,
    /// Who wrote the object last, as far as it says.
    pub writer: Option<Writer>,
    /// When it was seen.
    pub seen: Instant,
}

/// Who wrote an object, by its managed fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The field manager: the name that the program gave itself.
    pub manager: String,
    /// When, in RFC 3339.
    pub time: String,
}

/// What is lost: of which classes, and how.
type Loss = (BTreeSet<HeldClass>, String);

impl Declassification {
    /// What `change` takes away of what `before` knows.
    pub(super) fn of(before: &View, change: &Change) -> Option<Self> {
        match change {
            Change::Observed(kind, object) => {
                let key = ObjectKey::of_value(object);
                let (classes, what) = match OwnKind::of(kind.group, kind.kind) {
                    Some(own) => weakened(before, own, &key, Some(object)),
                    None => washed_off(before, kind, &key, object),
                }?;
                let (uid, resource_version) =
                    (text(object, "/metadata/uid"), text(object, "/metadata/resourceVersion"));
                Some(Self {
                    uid: uid.into(),
                    resource_version: resource_version.into(),
                    writer: Writer::of(object),
                    ..Self::of_unknown(kind, key, classes, what)
                })
            }
            Change::Gone(kind, key) => {
                // The deletion of users' objects takes nothing off the data; that of ours ends what it asked for.
                let own = OwnKind::of(kind.group, kind.kind)?;
                let (classes, what) = weakened(before, own, key, None)?;
                let known = before.own(own, &key.name)?;
                Some(Self {
                    uid: text(&known.object, "/metadata/uid").into(),
                    resource_version: known.resource_version.clone(),
                    gone: true,
                    ..Self::of_unknown(kind, key.clone(), classes, what)
                })
            }
            Change::Listed(_) | Change::WatchKept(_) | Change::Ended(_) | Change::Geography(_) => None,
        }
    }

    fn of_unknown(
        kind: &'static WatchedKind,
        key: ObjectKey,
        classes: BTreeSet<HeldClass>,
        what: String,
    ) -> Self {
        let (uid, resource_version) = (Box::default(), Box::default());
        Self {
            kind,
            key,
            uid,
            resource_version,
            gone: false,
            classes,
            what,
            writer: None,
            seen: Instant::now(),
        }
    }
}

impl Writer {
    fn of(object: &Value) -> Option<Self> {
        let last = object.pointer("/metadata/managedFields/0")?;
        Some(Self { manager: text(last, "/manager").to_owned(), time: text(last, "/time").to_owned() })
    }
}

/// What an edit or deletion of one of our own objects takes away, judged by what was in force before.
fn weakened(before: &View, kind: OwnKind, key: &ObjectKey, new: Option<&Value>) -> Option<Loss> {
    let old = &before.own(kind, &key.name)?.object;
    let weakenings = weakenings(kind, old, new, before.snapshot.world());
    if weakenings.is_empty() {
        return None;
    }
    let what: Vec<_> = weakenings.iter().map(|weakening| weakening.what.as_str()).collect();
    let what = what.join(", ");
    let classes = weakenings.iter().flat_map(|Weakening { classes, .. }| classes).cloned().collect();
    Some((classes, what))
}

/// The marks that an object of a user lost.
fn washed_off(before: &View, kind: &'static WatchedKind, key: &ObjectKey, object: &Value) -> Option<Loss> {
    let old = &before.record(kind, key)?.marks;
    let new = Marks::read(object);
    let removed: BTreeSet<_> = old.classes.difference(&new.classes).cloned().collect();
    let declassified: BTreeSet<_> = new.declassified.difference(&old.declassified).cloned().collect();
    let open = kind.kind == "Namespace" && old.guarded && !new.guarded;
    let mut what = Vec::new();
    if !removed.is_empty() {
        what.push(format!("no longer has the label of {}", names(&removed)));
    }
    if !declassified.is_empty() {
        what.push(format!("is declassified by annotation: {}", names(&declassified)));
    }
    let mut classes: BTreeSet<_> = removed.into_iter().chain(declassified).collect();
    if open {
        what.push("is no longer guarded".to_owned());
        classes.extend(old.classes.iter().cloned());
        classes.extend(before.classes_marked_in(&key.name));
    }
    (!what.is_empty()).then(|| (classes, what.join(", ")))
}

/// Classes, for people.
pub(crate) fn names(classes: &BTreeSet<HeldClass>) -> String {
    classes.iter().map(HeldClass::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
