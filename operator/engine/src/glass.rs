//! What broken glass lets through.

use alloc::string::{String, ToString};
use core::fmt;

use serde::Serialize;

use crate::{
    Finding, Snapshot, Subject, Timestamp, enforce, finding::Standing, snapshot::Glass, subject::Role,
};

/// The broken glass that lets a finding through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BrokenGlass {
    /// The name of the `BreakGlass`.
    pub name: String,
    /// Who broke it.
    pub requested_by: String,
    /// Until when it is in effect.
    pub until: Timestamp,
}

impl fmt::Display for BrokenGlass {
    /// As the end of a warning.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, requested_by, until } = self;
        write!(f, "let through by BreakGlass {name} of {requested_by} until {until}")
    }
}

impl Snapshot {
    /// The broken glass that is in effect in `namespace` at `now`: the one that lasts longest.
    pub fn broken_glass(&self, namespace: &str, now: Timestamp) -> Option<&Glass> {
        let active = self.world().glasses().filter(|glass| glass.is_active(now) && glass.concerns(namespace));
        active.max_by_key(|glass| glass.until)
    }
}

/// Lets through what would refuse the request, if glass is broken in the subject's namespace. A Namespace itself
/// counts as being in itself.
pub(crate) fn let_through(findings: &mut [Finding], subject: &Subject, snapshot: &Snapshot, now: Timestamp) {
    let namespace = match subject.role {
        Role::Namespace => &subject.id.name,
        _ => match &subject.id.namespace {
            Some(namespace) => namespace,
            None => return,
        },
    };
    let Some(standing) = standing_in(namespace, snapshot, now) else { return };
    // An emergency passes; what is taken from protection in one would be gone for good.
    let passing = |finding: &&mut Finding| enforce::refuses(finding) && !finding.is_washing();
    for finding in findings.iter_mut().filter(passing) {
        finding.standing = standing.clone();
    }
}

/// How what would refuse a request stands where glass is broken in `namespace`; `None` where none is.
pub(crate) fn standing_in(namespace: &str, snapshot: &Snapshot, now: Timestamp) -> Option<Standing> {
    let glass = snapshot.broken_glass(namespace, now)?;
    Some(Standing::LetThrough(BrokenGlass {
        name: glass.name.to_string(),
        requested_by: glass.requested_by.to_string(),
        until: glass.until?,
    }))
}
