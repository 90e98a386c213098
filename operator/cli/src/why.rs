//! `bund why`: what Bund says of one object, and what that rests on. (pure)
//!
//! The answer is the engine's, to the creation of the object as it stands now. Everything else is read off what the
//! engine was asked with; what could not be read is told and never guessed.

use bund_crds::GROUP;
use bund_engine::{
    Decision, Finding, ObjectId, Subject, Timestamp, Verdict,
    cover::Cover,
    decide::requirements_on,
    decide_standing,
    finding::Standing,
    snapshot::{OwnKind, TransferKind},
    subject::Role,
};
use serde::Serialize;
use serde_json::Value;

use crate::inventory::{Inventory, Known, NotKnown, Origin, PolicyOrigin, controller, text};

mod assumed;
mod enrolment;
mod facts;
mod held;
mod holding;
mod place;
mod render;
mod used;

pub use enrolment::{Enrolment, State};
pub use facts::facts;
pub use held::{Glass, Held, Keeper};
pub use holding::Holding;
pub(crate) use place::made_of;
pub use place::{Place, Side};
pub use render::text as render_text;
pub use used::User;
pub(crate) use used::is_stored;

/// The form of the JSON report.
pub const VERSION: &str = "bund.dev/why/v1";

/// What Bund says of one object.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// [`VERSION`].
    pub version: &'static str,
    /// Where it is from.
    pub origin: Origin,
    /// The object.
    pub subject: ObjectId,
    /// The controller that made it, where one did: what is wrong is put right there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// Whether Bund enforces where it lives.
    pub enrolment: Enrolment,
    /// The classes that it holds, in order.
    pub classes: Vec<Held>,
    /// Why it holds none, and what would give it one. Absent where it holds some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_class: Option<String>,
    /// Where the policies are from.
    pub policies_from: PolicyOrigin,
    /// The broken glass that is in effect where it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<Glass>,
    /// The transfer in effect that covers what it sends out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_by: Option<Cover>,
    /// Where it is, or where what keeps it lies.
    pub location: Vec<Place>,
    /// The truth, before modes and exemption.
    pub verdict: Verdict,
    /// Whether it may be another one, because something that it rests on could not be read.
    pub incomplete: bool,
    /// Whether it would be admitted if it were made now.
    pub allowed: bool,
    /// Why it would be refused, a line each: what the webhook answers.
    pub refusals: Vec<String>,
    /// What it would be admitted with as a warning.
    pub warnings: Vec<String>,
    /// What would only be recorded.
    pub recorded: Vec<String>,
    /// Every finding.
    pub findings: Vec<Finding>,
    /// Who takes over what it holds.
    pub users: Vec<User>,
    /// Of a Node and of a Namespace: what holds a class there.
    pub holding: Vec<Holding>,
    /// What was not known and taken for granted.
    pub assumptions: Vec<String>,
    /// Kinds that could not be read, with why.
    pub not_known: Vec<NotKnown>,
    /// Objects of Bund that cannot be read, with why.
    pub unreadable: Vec<String>,
}

/// What everything that is told about an object is read from.
struct Question<'q> {
    inventory: &'q Inventory,
    known: &'q Known,
    subject: &'q Subject,
    decision: &'q Decision,
    now: Timestamp,
}

/// Explains an object of an inventory.
pub fn why(inventory: &Inventory, known: &Known, object: &Value, now: Timestamp) -> Why {
    let subject = known.snapshot.extract(object, None, None);
    let decision = decide_standing(&subject, &known.snapshot, now);
    let response = decision.response();
    let requirements = requirements_on(&subject, &decision.classes, &known.snapshot);
    let question = Question { inventory, known, subject: &subject, decision: &decision, now };
    let enrolment = enrolment::enrolment(&question);
    Why {
        version: VERSION,
        origin: inventory.origin.clone(),
        subject: subject.id.clone(),
        made_by: controller(object).map(|owner| format!("{} {}", text(owner, "/kind"), text(owner, "/name"))),
        classes: held::held(&question, &requirements),
        without_class: decision.classes.is_empty().then(|| held::without_class(&question, &enrolment)),
        enrolment,
        policies_from: known.policies,
        break_glass: held::glass(&question),
        covered_by: covered_by(&decision),
        location: place::places(&question, &requirements),
        verdict: decision.verdict,
        incomplete: assumed::is_incomplete(&question),
        allowed: response.allowed,
        refusals: response.refusals,
        warnings: response.warnings,
        recorded: response.recorded,
        findings: decision.findings.clone(),
        users: used::users(&question),
        holding: holding::holding(&question),
        assumptions: assumed::assumed(&question),
        not_known: not_known(inventory),
        unreadable: known.unreadable.clone(),
    }
}

/// The transfer that covers the findings: one covers all of them, or none does.
fn covered_by(decision: &Decision) -> Option<Cover> {
    decision.findings.iter().find_map(|finding| match &finding.standing {
        Standing::Covered(cover) => Some(cover.clone()),
        Standing::Stands
        | Standing::Existed
        | Standing::Exempt
        | Standing::LetThrough(_)
        | Standing::Declassified
        | Standing::Connected => None,
    })
}

/// Kinds that could not be read. What ships stands for classes and jurisdictions that no file holds.
pub(crate) fn not_known(inventory: &Inventory) -> Vec<NotKnown> {
    let mut not_known = inventory.not_known();
    if matches!(inventory.origin, Origin::Files { .. }) {
        let ships = [OwnKind::DataClass.as_str(), OwnKind::Jurisdiction.as_str()];
        // And where no file holds a transfer, none covers anything.
        let transfers = TransferKind::ALL.map(TransferKind::as_str);
        let left_out = |kind: &str| ships.contains(&kind) || transfers.contains(&kind);
        not_known.retain(|one| one.kind.group != GROUP || !left_out(&one.kind.kind));
    }
    not_known
}

/// Whether a subject is a Node, which no decision has a role for.
fn is_node(subject: &Subject) -> bool {
    subject.role == Role::Other && subject.id.group.is_empty() && subject.id.kind.as_ref() == "Node"
}

/// Whether a subject is a StorageClass.
fn is_storage_class(subject: &Subject) -> bool {
    subject.id.group.as_ref() == "storage.k8s.io" && subject.id.kind.as_ref() == "StorageClass"
}
