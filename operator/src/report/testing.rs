//! Owners and findings to test with.

use std::sync::Arc;

use bund_crds::Mode;
use bund_engine::cover::FlowDestination;
use bund_engine::finding::Standing;
use bund_engine::{FieldPath, Finding, HeldClass, Reason, Timestamp};

use super::wanted::Owners;
use crate::audit::{OwnerAudit, Told};
use crate::index::SubjectKey;

pub(super) const SINCE: Timestamp = Timestamp::constant(1_790_000_000, 123_456_789);

pub(super) fn owner(name: &str) -> SubjectKey {
    SubjectKey { namespace: "shop".into(), kind: "Deployment", name: name.into() }
}

/// Something that is denied. Of the same owner it is another one where `offending` differs.
pub(super) fn finding(offending: &str) -> Finding {
    Finding {
        reason: Reason::NodeOutside,
        class: Some(HeldClass::from("pi")),
        requirement: vec!["cn-mainland".parse().unwrap()],
        field: FieldPath::of("spec.nodeName"),
        offending: offending.to_owned(),
        what: "is put on a node that is not inside".to_owned(),
        remedy: "remove `nodeName`".to_owned(),
        destination: FlowDestination::Untold,
        provenance: Vec::new(),
        policies: vec!["stay".parse().unwrap()],
        mode: Mode::Deny,
        standing: Standing::Stands,
    }
}

/// Something that only looks wrong.
pub(super) fn hint() -> Finding {
    Finding { reason: Reason::UnknownField, mode: Mode::Warn, ..finding("spec.new") }
}

/// The same owner has the finding since [`SINCE`], in two pods.
pub(super) fn told(finding: Finding) -> Told {
    let subjects = ["a-1", "a-2"].map(|pod| Arc::new(SubjectKey::pod("shop", pod)));
    Told { finding, since: SINCE, subjects: subjects.into() }
}

/// What the audit tells of owners; the uid of each is `u-` and its name.
pub(super) fn owners(all: &[(SubjectKey, Vec<Finding>)]) -> Owners {
    let audit = |(owner, findings): &(SubjectKey, Vec<Finding>)| {
        let findings = findings.iter().cloned().map(told).collect();
        let audit = OwnerAudit { uid: format!("u-{}", owner.name).into(), findings };
        (Arc::new(owner.clone()), Arc::new(audit))
    };
    all.iter().map(audit).collect()
}
