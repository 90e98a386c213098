//! From findings to what happens: what existed before, what is exempt, what a transfer covers, which mode.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use bund_crds::{Aspect, Mode};
use serde::Serialize;

use crate::{
    Classification, Decision, Finding, HeldClass, Reason, Rights, Snapshot, Subject, Timestamp,
    cover::{Cover, Flow, covers, is_flow, is_listed},
    decide::judged_in,
    finding::{Standing, sentences},
    glass::BrokenGlass,
    snapshot::Enrolment,
    subject::{Deletion, Role, WorkloadKind},
};

/// What an entrance answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Whether the request passes.
    pub allowed: bool,
    /// Why it does not pass, one line per finding.
    pub refusals: Vec<String>,
    /// What whoever sent the request should read, one line per finding.
    pub warnings: Vec<String>,
    /// What is only recorded, one line per finding.
    pub recorded: Vec<String>,
}

/// Takes the old object into account: it only softens. Where the same finding comes more often than before, what
/// is more is new.
pub(crate) fn soften(
    findings: &mut [Finding],
    subject: &Subject,
    old: Option<(&Subject, &[Finding])>,
    snapshot: &Snapshot,
) {
    let unmoved = old.is_some_and(|(old, _)| is_unmoved(old, subject));
    let mut existed: BTreeMap<_, usize> = BTreeMap::new();
    for finding in old.into_iter().flat_map(|(_, findings)| findings) {
        *existed.entry(finding.identity()).or_default() += 1;
    }
    // Whoever writes an object can write a deletion timestamp into it, but not into the one that is stored.
    let going =
        old.is_some_and(|(old, _)| old.deletion == Deletion::Asked) && stops_as_it_goes(&subject.role);
    let namespace = subject.id.namespace.as_deref().filter(|_| subject.role != Role::Namespace);
    let exempt = namespace.is_some_and(|namespace| snapshot.enrolment(namespace) == Enrolment::Exempt);
    let mut before = Vec::with_capacity(findings.len());
    for finding in findings.iter() {
        let left = existed.get_mut(&finding.identity()).filter(|left| **left > 0);
        before.push(left.map(|left| *left -= 1).is_some());
    }
    for (finding, before) in findings.iter_mut().zip(before) {
        if exempt {
            finding.standing = Standing::Exempt;
        // What is going still is; a class taken from it would not come back.
        } else if (going && !finding.is_washing()) || before || (unmoved && is_about_storage(finding)) {
            finding.standing = Standing::Existed;
        }
    }
}

/// Whether nobody acts on an object any more once its deletion is asked for. Services, routes, endpoints, network policies,
/// grants and what others copy data by count until they are gone, and whoever writes a finalizer says when that is.
fn stops_as_it_goes(role: &Role) -> bool {
    match role {
        Role::Pod
        | Role::Workload(WorkloadKind::DaemonSet | WorkloadKind::Scheduled)
        | Role::Binding { .. }
        | Role::Namespace
        | Role::Carrier(_) => true,
        Role::Workload(WorkloadKind::Mapped | WorkloadKind::MappedForNamespace)
        | Role::Grant(_)
        | Role::Network(_)
        | Role::Other => false,
    }
}

/// Whether a volume, claim or copy stays where it was. Then only what is known of it changes, and whoever marks it
/// with the class that it holds is not refused: that would leave it unmarked.
fn is_unmoved(old: &Subject, new: &Subject) -> bool {
    match (&old.carrier, &new.carrier) {
        (Some(old), Some(new)) => old.stored == new.stored,
        (None | Some(_), None | Some(_)) => false,
    }
}

fn is_about_storage(finding: &Finding) -> bool {
    matches!(finding.reason.entry().aspect, Some(Aspect::Storage | Aspect::Safeguards))
}

/// Says nothing of addresses that a transfer of the namespace lists: that something is sent there is known.
pub(crate) fn leave_out_listed(
    findings: &mut Vec<Finding>,
    subject: &Subject,
    snapshot: &Snapshot,
    now: Timestamp,
) {
    let namespace = judged_in(subject, snapshot);
    findings.retain(|finding| {
        finding.reason != Reason::AddressOutside || !is_listed(&finding.destination, namespace, snapshot, now)
    });
}

/// Lets a transfer that is in effect cover what the subject is found to send.
pub(crate) fn cover(
    findings: &mut [Finding],
    subject: &Subject,
    classes: &Classification,
    snapshot: &Snapshot,
    now: Timestamp,
) {
    let flow = Flow::of(subject, classes, findings, snapshot);
    let Some(cover) = flow.and_then(|flow| covers(&flow, snapshot, now)) else { return };
    for finding in findings.iter_mut().filter(|finding| is_flow(finding.reason)) {
        finding.standing = Standing::Covered(cover.clone());
    }
}

/// Lets pass what the requester may declassify.
pub(crate) fn declassify(findings: &mut [Finding], rights: &Rights) {
    for finding in findings.iter_mut().filter(|finding| finding.is_washing()) {
        let may = finding.class.as_ref().is_some_and(|class| rights.declassify.contains(class));
        if may && finding.standing == Standing::Stands {
            finding.standing = Standing::Declassified;
        }
    }
}

/// Lets whoever was given the right connect into what holds a class.
pub(crate) fn connect(findings: &mut [Finding], rights: &Rights) {
    for finding in findings.iter_mut().filter(|finding| finding.is_connection()) {
        let may = finding.class.as_ref().is_some_and(|class| rights.connect.contains(class));
        if may && finding.standing == Standing::Stands {
            finding.standing = Standing::Connected;
        }
    }
}

/// Whether a finding refuses the request.
pub(crate) fn refuses(finding: &Finding) -> bool {
    finding.standing == Standing::Stands && finding.mode == Mode::Deny
}

impl Finding {
    /// Whether it is about taking protection away, which those may do who may declassify.
    pub fn is_washing(&self) -> bool {
        self.reason.entry().aspect.is_none()
    }

    /// Whether it is about a connection, which those may open who hold the right `connect`.
    pub fn is_connection(&self) -> bool {
        self.reason == Reason::ConnectionUnapproved
    }

    /// Whether an active transfer covers the flow.
    pub fn is_covered(&self) -> bool {
        match self.standing {
            Standing::Covered(_) => true,
            Standing::Stands
            | Standing::Existed
            | Standing::Exempt
            | Standing::LetThrough(_)
            | Standing::Declassified
            | Standing::Connected => false,
        }
    }

    /// What happens because of the finding.
    pub fn consequence(&self) -> Mode {
        match (&self.standing, self.mode) {
            (Standing::Stands, mode) => mode,
            (Standing::Existed, Mode::Deny | Mode::Warn)
            | (Standing::Covered(_) | Standing::LetThrough(_) | Standing::Declassified, _)
            | (Standing::Connected, Mode::Deny) => Mode::Warn,
            (Standing::Existed, Mode::Audit)
            | (Standing::Exempt, _)
            | (Standing::Connected, Mode::Warn | Mode::Audit) => Mode::Audit,
        }
    }
}

impl Decision {
    /// The classes that the requester must be allowed to declassify for this to pass, or to pass without a warning.
    pub fn needs_declassify(&self) -> BTreeSet<HeldClass> {
        let washing = self.findings.iter().filter(|finding| {
            finding.is_washing() && finding.standing == Standing::Stands && finding.mode > Mode::Audit
        });
        washing.filter_map(|finding| finding.class.clone()).collect()
    }

    /// The classes of which it counts whether the requester may connect into what holds them. Asked for in every mode:
    /// what is only recorded is to be true as well.
    pub fn needs_connect(&self) -> BTreeSet<HeldClass> {
        let connections = self
            .findings
            .iter()
            .filter(|finding| finding.is_connection() && finding.standing == Standing::Stands);
        connections.filter_map(|finding| finding.class.clone()).collect()
    }

    /// The broken glass that let something through.
    pub fn broken_glass(&self) -> Option<&BrokenGlass> {
        self.findings.iter().find_map(|finding| match &finding.standing {
            Standing::LetThrough(glass) => Some(glass),
            Standing::Stands
            | Standing::Existed
            | Standing::Exempt
            | Standing::Covered(_)
            | Standing::Declassified
            | Standing::Connected => None,
        })
    }

    /// The transfer that covers what the subject sends.
    pub fn cover(&self) -> Option<&Cover> {
        self.findings.iter().find_map(|finding| match &finding.standing {
            Standing::Covered(cover) => Some(cover),
            Standing::Stands
            | Standing::Existed
            | Standing::Exempt
            | Standing::LetThrough(_)
            | Standing::Declassified
            | Standing::Connected => None,
        })
    }

    /// What an entrance answers.
    pub fn response(&self) -> Response {
        let of = |consequence| -> Vec<&Finding> {
            self.findings.iter().filter(|finding| finding.consequence() == consequence).collect()
        };
        let refusals = sentences(&self.subject, &of(Mode::Deny));
        let mut warnings = Vec::new();
        let (mut plain, mut old, mut covered) = (Vec::new(), Vec::new(), Vec::new());
        let (mut through, mut declassified, mut connected) = (Vec::new(), Vec::new(), Vec::new());
        for finding in of(Mode::Warn) {
            match (&finding.standing, finding.mode) {
                (Standing::Existed, Mode::Deny) => old.push(finding),
                (Standing::Covered(_), _) => covered.push(finding),
                (Standing::LetThrough(_), _) => through.push(finding),
                (Standing::Declassified, _) => declassified.push(finding),
                (Standing::Connected, _) => connected.push(finding),
                (Standing::Existed | Standing::Stands | Standing::Exempt, _) => {
                    plain.push(finding);
                }
            }
        }
        let mut warn = |findings: &[&Finding], end: &str| {
            warnings
                .extend(sentences(&self.subject, findings).into_iter().map(|line| format!("{line}{end}")));
        };
        warn(&plain, "");
        if let Some(cover) = self.cover() {
            warn(&covered, &format!("; {cover}"));
        }
        if let Some(glass) = self.broken_glass() {
            warn(&through, &format!("; {glass}"));
        }
        warn(&declassified, "; you may declassify, so it passes and is recorded");
        warn(&connected, "; you may connect, so it passes and is recorded");
        warn(&old, "; its next pods will be refused");
        Response {
            allowed: refusals.is_empty(),
            refusals,
            warnings,
            recorded: sentences(&self.subject, &of(Mode::Audit)),
        }
    }
}
