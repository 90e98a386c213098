//! Broken glass: Deny acts as Warn for a while.

use alloc::{borrow::ToOwned, boxed::Box, string::ToString, vec::Vec};

use bund_crds::{BreakGlassSpec, NamespaceName, Problem};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A `BreakGlass` as the API server stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glass {
    /// Its name.
    pub name: Box<str>,
    /// Why.
    pub reason: Box<str>,
    /// Who broke it.
    pub requested_by: Box<str>,
    /// Where; everywhere if empty.
    pub namespaces: Vec<NamespaceName>,
    /// From when on: when the API server made the object. Absent for an object that it never saw, which lets
    /// nothing through.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl Glass {
    pub(super) fn of(name: &str, spec: BreakGlassSpec, object: &Value) -> Result<Self, Problem> {
        let BreakGlassSpec { reason, requested_by, namespaces, duration_minutes } = spec;
        let unreadable = |why: &dyn ToString| Problem {
            field: "metadata.creationTimestamp".to_owned(),
            message: why.to_string(),
        };
        let since = match object.pointer("/metadata/creationTimestamp") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.parse::<Timestamp>().map_err(|error| unreadable(&error))?),
            Some(_) => return Err(unreadable(&"is not a time")),
        };
        let lasts = SignedDuration::from_mins(duration_minutes.into());
        Ok(Self {
            name: name.into(),
            reason: reason.into(),
            requested_by: requested_by.into(),
            namespaces,
            since,
            until: since.and_then(|since| since.checked_add(lasts).ok()),
        })
    }

    /// Whether it is in effect at `now`. A clock behind that of the API server makes no difference at its
    /// beginning, and none that lasts at its end.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Whether it is about `namespace`.
    pub fn concerns(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.iter().any(|name| name.as_str() == namespace)
    }
}
