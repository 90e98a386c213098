//! How one transfer stands: what the law asks of it, what is missing, who decided, and what that amounts to. (pure)

use bund_crds::{
    Approver, ClassName, CreditCode, CrossBorderTransferSpec, Digest, Persons, TransferDecision, Uid,
    cross_border_transfer::{Destination, Place, Source},
};
use bund_engine::{
    Timestamp,
    snapshot::{ApprovalFacts, TransferFacts},
    transfer::{
        self, Assessment, Deadline, Missing, NO_CREDENTIAL, Prohibition, Route, State, Tally, assess, tally,
    },
};
use serde::Serialize;
use serde_json::Value;

use crate::inventory::{Inventory, Known, NotKnown, Origin, list, name_of, text};

mod render;

pub use render::{person, text as render_text};

/// The form of the JSON report.
pub const VERSION: &str = "bund.dev/transfer-status/v1";

/// How one transfer stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// [`VERSION`].
    pub version: &'static str,
    /// Where it is from.
    pub origin: Origin,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid; absent for one that no API server has seen. Nobody can decide on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// The SHA-256 of its exact text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Who asks for it.
    pub requested_by: String,
    /// Who created it, as it was stamped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Creator>,
    /// The transfer that it takes the place of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// Who exports.
    pub exporter: CreditCode,
    /// Who receives, and where.
    pub recipient: String,
    /// The classes that it carries.
    pub data_classes: Vec<ClassName>,
    /// Its own share of persons.
    pub persons: Persons,
    /// Whose data leaves.
    pub sources: Vec<Source>,
    /// Where to.
    pub destinations: Vec<Destination>,
    /// What the law asks.
    pub law: Law,
    /// How many approvals there are.
    pub approvals: Approvals,
    /// Every decision on it, in order of time.
    pub decisions: Vec<Decided>,
    /// Whether it is in effect.
    pub standing: Standing,
    /// Whether it may stand otherwise, because something that this rests on could not be read.
    pub incomplete: bool,
    /// What Bund wrote into its status.
    pub conditions: Vec<Told>,
    /// Kinds that could not be read, with why.
    pub not_known: Vec<NotKnown>,
    /// Objects of Bund that cannot be read, with why.
    pub unreadable: Vec<String>,
}

/// Who created a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Creator {
    /// The user name.
    pub username: String,
    /// The uid, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// What the law asks of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Law {
    /// The route that it asks for; absent where nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// Why nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_unknown: Option<String>,
    /// Whether the declared mechanism is that route or a heavier one, and valid.
    pub route_satisfied: bool,
    /// How, or what to do.
    pub mechanism: String,
    /// What is missing.
    pub missing: Vec<Missing>,
    /// What forbids it.
    pub prohibitions: Vec<Prohibition>,
    /// What must be done by when.
    pub deadlines: Vec<Deadline>,
    /// The first moment at which the data may leave.
    pub begins: Timestamp,
    /// The end.
    pub ends: Timestamp,
    /// Whether all of this lets the data leave.
    pub permits: bool,
}

/// How many approvals there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Approvals {
    /// How many count.
    pub counted: usize,
    /// How many are needed.
    pub needed: usize,
    /// What is still wanting; empty where nothing is.
    pub wanting: String,
    /// Whether the right people have approved, and nobody rejected or revoked.
    pub approved: bool,
}

/// One person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    /// The name of the `TransferApproval`.
    pub name: String,
    /// What was decided.
    pub decision: TransferDecision,
    /// Who decided, as the API server knew them; absent where nobody was stamped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Approver>,
    /// What is to be known of the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_note: Option<&'static str>,
    /// Why, in the person's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Whether it counts.
    pub counts: bool,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Whether a transfer is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The state.
    pub state: State,
    /// Until when it is in effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A condition of its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Its reason.
    pub reason: String,
    /// Its message.
    pub message: String,
}

/// Why nothing can be told of a transfer.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// It is not there.
    #[error("CrossBorderTransfer {namespace}/{name} is not there; look at its name and namespace")]
    NotFound {
        /// Where it was looked for.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// It cannot be read.
    #[error("CrossBorderTransfer {name} cannot be read: {why}")]
    Unreadable {
        /// Its name.
        name: String,
        /// The field, and what is wrong with it.
        why: String,
    },
}

/// The facts of the transfer of this name.
pub fn find<'k>(known: &'k Known, namespace: &str, name: &str) -> Result<&'k TransferFacts, StatusError> {
    let transfers = known.snapshot.transfers();
    if let Some(found) = transfers.transfer(namespace, name) {
        return Ok(found);
    }
    let is_it = |key: &(Box<str>, Box<str>)| (key.0.as_ref(), key.1.as_ref()) == (namespace, name);
    Err(match transfers.unreadable().find(|fact| is_it(&fact.key)) {
        Some(fact) => StatusError::Unreadable { name: name.to_owned(), why: fact.why.clone() },
        None => StatusError::NotFound { namespace: namespace.to_owned(), name: name.to_owned() },
    })
}

/// How `transfer` stands at `now`.
pub fn status(inventory: &Inventory, known: &Known, transfer: &TransferFacts, now: Timestamp) -> Status {
    let TransferFacts { namespace, name, uid, digest, creator, spec, .. } = transfer;
    let tally = tally(transfer, &known.snapshot);
    let CrossBorderTransferSpec { recipient, .. } = spec;
    let not_known = not_known(inventory);
    Status {
        version: VERSION,
        origin: inventory.origin.clone(),
        namespace: namespace.to_string(),
        name: name.to_string(),
        uid: uid.clone(),
        digest: digest.clone(),
        requested_by: spec.requested_by.clone(),
        created_by: creator.as_ref().map(|creator| Creator {
            username: creator.username.to_string(),
            uid: creator.uid.as_deref().map(str::to_owned),
        }),
        supersedes: spec.supersedes.clone(),
        exporter: spec.exporter.clone(),
        recipient: format!("{} ({}), {}", recipient.name, recipient.country, recipient.contact),
        data_classes: spec.data_classes.clone(),
        persons: spec.persons,
        sources: spec.sources.clone(),
        destinations: spec.destinations.clone(),
        law: law(assess(transfer, &known.snapshot, now)),
        approvals: Approvals {
            counted: tally.approvals.len(),
            needed: tally.needed,
            wanting: tally.wanting.clone(),
            approved: tally.is_approved(),
        },
        decisions: decisions(transfer, known, &tally),
        standing: standing(transfer::standing(transfer, &known.snapshot, now)),
        incomplete: !not_known.is_empty() || !known.unreadable.is_empty(),
        conditions: conditions(inventory, transfer),
        not_known,
        unreadable: known.unreadable.clone(),
    }
}

fn law(assessment: Assessment) -> Law {
    let permits = assessment.permits();
    let Assessment { route, route_satisfied, missing, prohibitions, deadlines, begins, ends } = assessment;
    let (route, route_unknown) = match route {
        Ok(route) => (Some(route), None),
        Err(why) => (None, Some(why)),
    };
    Law {
        route,
        route_unknown,
        route_satisfied: route_satisfied.is_ok(),
        mechanism: route_satisfied.unwrap_or_else(|to_do| to_do),
        missing,
        prohibitions,
        deadlines,
        begins,
        ends,
        permits,
    }
}

/// Every decision that names the transfer, whether it counts or not.
fn decisions(transfer: &TransferFacts, known: &Known, tally: &Tally<'_>) -> Vec<Decided> {
    let all = known.snapshot.transfers().approvals_in(&transfer.namespace);
    let mut on_it: Vec<_> =
        all.filter(|approval| approval.spec.transfer.name == transfer.name.as_ref()).collect();
    on_it.sort_by_key(|approval| approval.created);
    on_it.into_iter().map(|approval| decided(approval, tally)).collect()
}

fn decided(approval: &ApprovalFacts, tally: &Tally<'_>) -> Decided {
    let is_it = |other: &ApprovalFacts| other.name == approval.name;
    let ends = [tally.rejected, tally.revoked].into_iter().flatten();
    let counts = tally.approvals.iter().copied().chain(ends).any(is_it);
    let refused = tally.refused.iter().find(|(other, _)| is_it(other)).map(|(_, refusal)| &refusal.why);
    let by = approval.spec.approver.clone();
    let without = by.as_ref().is_some_and(|person| person.credential.is_none());
    Decided {
        name: approval.name.to_string(),
        decision: approval.spec.decision,
        by,
        credential_note: without.then_some(NO_CREDENTIAL),
        reason: approval.spec.reason.clone(),
        at: approval.created,
        counts,
        why: (!counts).then(|| refused.cloned().unwrap_or_else(|| "the end was decided before".to_owned())),
    }
}

fn standing(standing: transfer::Standing) -> Standing {
    let state = standing.state();
    let (until, why) = match standing {
        transfer::Standing::Closed(why)
        | transfer::Standing::Suspended(why)
        | transfer::Standing::Ended(_, why) => (None, Some(why)),
        transfer::Standing::Ready => (None, None),
        transfer::Standing::Active(until) => (Some(until), None),
    };
    Standing { state, until, why: why.filter(|why| !why.is_empty()) }
}

/// Kinds that could not be read. What ships stands for classes and jurisdictions that no file holds.
pub(super) fn not_known(inventory: &Inventory) -> Vec<NotKnown> {
    let mut not_known = inventory.not_known();
    if matches!(inventory.origin, Origin::Files { .. }) {
        not_known.retain(|one| !["DataClass", "Jurisdiction"].contains(&one.kind.kind.as_str()));
    }
    not_known
}

/// What Bund wrote into the status of the object.
fn conditions(inventory: &Inventory, transfer: &TransferFacts) -> Vec<Told> {
    let is_it = |object: &&Value| {
        name_of(object) == transfer.name.as_ref()
            && text(object, "/metadata/namespace") == transfer.namespace.as_ref()
    };
    let object = inventory.of_kind(bund_crds::GROUP, "CrossBorderTransfer").find(is_it);
    let told = |condition: &Value| Told {
        kind: text(condition, "/type").to_owned(),
        status: text(condition, "/status").to_owned(),
        reason: text(condition, "/reason").to_owned(),
        message: text(condition, "/message").to_owned(),
    };
    object.into_iter().flat_map(|object| list(object, "/status/conditions")).map(told).collect()
}

/// A place as people write it.
pub(crate) fn place(destination: &Destination) -> String {
    match destination.place() {
        Some(Place::Region(provider, region)) => format!("{provider} {region}"),
        Some(Place::Host(host)) => host.to_string(),
        Some(Place::Network(network, ports)) => {
            let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
            format!("{network} {}", ports.join(" "))
        }
        None => "no place".to_owned(),
    }
}
