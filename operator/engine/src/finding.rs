//! One broken rule.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::{JurisdictionName, Mode, PolicyName};
use serde::Serialize;

use crate::{
    FieldPath, HeldClass, ObjectId, Provenance, Reason,
    cover::{Cover, FlowDestination},
    glass::BrokenGlass,
    select::Requirement,
};

/// One broken rule. Identity: reason, class, requirement and offending value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Why.
    pub reason: Reason,
    /// The class that is at stake, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<HeldClass>,
    /// The jurisdictions in which it must stay, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requirement: Vec<JurisdictionName>,
    /// The field at fault.
    pub field: FieldPath,
    /// The value at fault, as far as it tells one finding from another.
    pub offending: String,
    /// What is wrong, with the values at hand: a clause that follows the object's name.
    pub what: String,
    /// What to write instead, with the values at hand.
    pub remedy: String,
    /// Where the data would go, if that is what is wrong. It tells whether a transfer covers it, and is not part of the
    /// answer.
    #[serde(skip)]
    pub destination: FlowDestination,
    /// How the subject came to hold the class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provenance: Vec<Provenance>,
    /// The policies that ask for it, in order of name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyName>,
    /// The strictest mode of the policies. What happens is in [`Finding::standing`].
    pub mode: Mode,
    /// Whether the finding stands against the request.
    pub standing: Standing,
}

/// Whether a finding stands against the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Standing {
    /// It stands, with its mode.
    Stands,
    /// The object had it before the update. It is shown as a warning; where the mode is `Deny`, its next pods will
    /// be refused.
    Existed,
    /// The namespace is exempt. It is recorded and no more.
    Exempt,
    /// An active transfer covers the flow.
    Covered(Cover),
    /// It would refuse the request, and glass is broken. It is shown as a warning that says so.
    LetThrough(BrokenGlass),
    /// The requester may declassify. It is shown as a warning and recorded.
    Declassified,
    /// The requester may connect into what holds the class. It is recorded, and shown as a warning where it would refuse.
    Connected,
}

/// What two findings have in common when they are the same one.
pub type Identity<'f> = (Reason, Option<&'f HeldClass>, &'f [JurisdictionName], &'f str);

impl Finding {
    /// A finding that a requirement gives rise to.
    pub(crate) fn of(reason: Reason, requirement: &Requirement<'_>, provenance: &[Provenance]) -> Self {
        Self {
            reason,
            class: Some(requirement.class.clone()),
            requirement: requirement.jurisdictions.iter().cloned().collect(),
            field: FieldPath::root(),
            offending: String::new(),
            what: String::new(),
            remedy: reason.entry().remedy.to_string(),
            destination: FlowDestination::Untold,
            provenance: provenance.to_vec(),
            policies: requirement.policies.iter().map(|policy| policy.name.clone()).collect(),
            mode: reason
                .entry()
                .aspect
                .map_or_else(|| requirement.strictest_mode(), |aspect| requirement.mode(aspect)),
            standing: Standing::Stands,
        }
    }

    /// A finding of no policy, with the mode given.
    pub(crate) fn without_policy(reason: Reason, mode: Mode) -> Self {
        Self {
            reason,
            class: None,
            requirement: Vec::new(),
            field: FieldPath::root(),
            offending: String::new(),
            what: String::new(),
            remedy: reason.entry().remedy.to_string(),
            destination: FlowDestination::Untold,
            provenance: Vec::new(),
            policies: Vec::new(),
            mode,
            standing: Standing::Stands,
        }
    }

    /// Says where and what.
    #[must_use]
    pub(crate) fn at(
        mut self,
        field: FieldPath,
        offending: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        self.field = field;
        self.offending = offending.into();
        self.what = what.into();
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub(crate) fn remedied(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Says where the data would go.
    #[must_use]
    pub(crate) fn towards(mut self, destination: impl Into<FlowDestination>) -> Self {
        self.destination = destination.into();
        self
    }

    /// What makes it the same finding as another.
    pub fn identity(&self) -> Identity<'_> {
        (self.reason, self.class.as_ref(), &self.requirement, &self.offending)
    }
}

/// Findings that differ only in their class, told in one line.
pub fn sentences(subject: &ObjectId, findings: &[&Finding]) -> Vec<String> {
    let mut alike: BTreeMap<(Reason, &FieldPath, &str), Vec<&Finding>> = BTreeMap::new();
    let mut order = Vec::new();
    for finding in findings {
        let key = (finding.reason, &finding.field, finding.offending.as_str());
        let group = alike.entry(key).or_insert_with(|| {
            order.push(key);
            Vec::new()
        });
        group.push(finding);
    }
    order.iter().filter_map(|key| sentence(subject, alike.get(key)?)).collect()
}

/// What is refused, which class and how the subject came to hold it, which field, which control and law, what
/// to write instead.
fn sentence(subject: &ObjectId, alike: &[&Finding]) -> Option<String> {
    let finding = alike.first()?;
    let entry = finding.reason.entry();
    let held: Vec<_> = alike
        .iter()
        .filter_map(|f| {
            let class = f.class.as_ref()?;
            Some(match f.provenance.first() {
                Some(how) => format!("{class} ({how})"),
                None => class.to_string(),
            })
        })
        .collect();
    let verb = if finding.reason == Reason::ProtectionWeakened { "protects" } else { "holds" };
    let holds = if held.is_empty() { String::new() } else { format!("; it {verb} {}", held.join(", ")) };
    let field =
        if finding.field.as_str().is_empty() { String::new() } else { format!("; field {}", finding.field) };
    let names: Vec<_> = finding.policies.iter().map(AsRef::as_ref).collect();
    let policy = match names.as_slice() {
        [] => String::new(),
        [name] => format!(", policy {name}"),
        names => format!(", policies {}", names.join(", ")),
    };
    Some(format!(
        "{}: {subject} {}{holds}{field}; {}, {}{policy}; {}",
        finding.reason, finding.what, entry.control, entry.citation, finding.remedy
    ))
}
